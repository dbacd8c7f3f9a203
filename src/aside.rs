//! What a restored database cannot know of itself: who was erased, what was signed and who was told, in files that lie
//! outside of it, meant for another disk.
//!
//! Each process appends to a file of its own, one JSON object a line, and a line is on the disk before its caller goes
//! on. What leads nowhere without its commit (an erasure, a capsule) is written before the commit: the files may know of
//! something that never happened, and never the other way round. What has left already (a letter, a message) is written
//! as soon as the other side has taken it. A line that a crash cut off is told apart and counted.
//!
//! A line holds ids, codes and keyed digests: no name, no address, no text, and nothing that opens anything.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::folder;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Entry {
    /// A person is about to be erased, on an operator's word.
    Erased { person: Uuid, by_person: Uuid, by_key: Uuid },
    /// A capsule was signed, and is about to be committed.
    Capsule {
        /// The number printed on the certificate.
        certificate_code: String,
        piece: Option<String>,
        warehouse: Option<String>,
        order: Uuid,
        stream: i32,
        /// The hash of the event that it closes the journal with, in hexadecimal.
        head: Option<String>,
        /// Its place in the status list; none of one that an earlier release set aside.
        #[serde(default)]
        place: Option<i32>,
    },
    /// The capsule of a piece is about to be revoked.
    Revoked { order: Uuid, stream: i32 },
    /// A capsule whose record was lost is about to be revoked, on the word of two supervisors.
    LostRevoked { certificate_code: String },
    /// A restored house was let go.
    Released { restore: Uuid },
    /// A buyer or a merchant has answered what they were asked; the name of the event.
    Answered { order: Uuid, stream: i32, event: String },
    /// A letter or a message has left.
    Told(Told),
}

/// A notice that a mail server or an endpoint has taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The row of the outbox; of a message also its `webhook-id`.
    pub row: Uuid,
    /// What makes the Message-ID of the letter, or the row again.
    pub message: Uuid,
    pub order: Uuid,
    pub stream: i32,
    /// A keyed digest of platform and order number: the same order, sent again after a loss, is known by it.
    pub number: Option<String>,
    /// The piece code.
    pub piece: Option<String>,
    pub recipient: String,
    pub notice: String,
    pub channel: String,
    /// A keyed digest of what a message says, without times and places in journals; none of a letter.
    pub subject: Option<String>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// In microseconds since the Unix epoch.
    pub at: i64,
    #[serde(flatten)]
    pub entry: Entry,
}

/// Why something could not be set aside.
#[derive(Debug, thiserror::Error)]
#[error("the log aside in {folder} cannot be {what}: {source}")]
pub struct Fault {
    folder: PathBuf,
    what: &'static str,
    #[source]
    source: io::Error,
}

/// The log of one process.
pub struct Log {
    folder: PathBuf,
    /// Tells its files from those of every other process.
    instance: String,
    /// Files of days before this many are removed.
    keep_days: u16,
    open: Mutex<Option<Open>>,
}

struct Open {
    day: Date,
    file: File,
    /// A write broke off: the next line begins anew.
    torn: bool,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("folder", &self.folder).finish_non_exhaustive()
    }
}

const ENDING: &str = ".jsonl";

fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

impl Log {
    /// A log of this process. Nothing is made before there is something to write.
    pub fn new(folder: &Path, keep_days: u16) -> Self {
        Self {
            folder: folder.to_owned(),
            instance: Uuid::now_v7().simple().to_string(),
            keep_days,
            open: Mutex::default(),
        }
    }

    /// Makes the folder where it is not there, and sees whether a file can be made in it.
    ///
    /// # Errors
    ///
    /// Where it cannot.
    pub fn prepare(&self) -> Result<(), Fault> {
        self.make_folder()?;
        folder::try_out(&self.folder).map_err(|source| self.fault("written", source))
    }

    fn make_folder(&self) -> Result<(), Fault> {
        folder::make(&self.folder).map_err(|source| self.fault("made", source))
    }

    /// Where its files lie, and those of the other processes.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn fault(&self, what: &'static str, source: io::Error) -> Fault {
        Fault { folder: self.folder.clone(), what, source }
    }

    /// Appends what happened; when it returns, it is on the disk. Blocks for as long as the disk takes.
    ///
    /// # Errors
    ///
    /// Where it could not be written: nothing of it may be relied on then, and some of it may be there.
    pub fn append(&self, entries: Vec<Entry>, at: Timestamp) -> Result<(), Fault> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut text = Vec::new();
        for entry in entries {
            let line = Line { at: at.as_microsecond(), entry };
            serde_json::to_writer(&mut text, &line).map_err(|error| self.fault("written", error.into()))?;
            text.push(b'\n');
        }
        let mut open = self.open.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let day = day_of(at);
        let open = match &mut *open {
            Some(open) if open.day == day => open,
            other => other.insert(self.begin(day)?),
        };
        if open.torn {
            text.insert(0, b'\n');
        }
        let written = open.file.write_all(&text).and_then(|()| open.file.sync_data());
        open.torn = written.is_err();
        written.map_err(|source| self.fault("written", source))
    }

    /// Begins the file of a day, and removes those that nobody needs any more.
    fn begin(&self, day: Date) -> Result<Open, Fault> {
        self.make_folder()?;
        let path = self.folder.join(format!("{day}-{}{ENDING}", self.instance));
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|source| self.fault("written", source))?;
        // The name of a new file is on the disk when its folder is.
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| self.fault("written", source))?;
        if let Ok(before) = day.checked_sub(Span::new().days(i64::from(self.keep_days))) {
            for (old, path) in files(&self.folder).unwrap_or_default() {
                if old < before {
                    // One that cannot be removed now is tried tomorrow.
                    let _ = fs::remove_file(path);
                }
            }
        }
        Ok(Open { day, file, torn: false })
    }
}

/// The files of a folder with their days, oldest first. One that is not there holds none.
fn files(folder: &Path) -> io::Result<Vec<(Date, PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let day = name.strip_suffix(ENDING).and_then(|name| name.get(..10)?.parse().ok());
        files.extend(day.map(|day| (day, path.clone())));
    }
    files.sort();
    Ok(files)
}

/// Reads every line of a folder, day by day. Answers how many could not be read: a crash may cut the last one of a file.
///
/// # Errors
///
/// Where a file cannot be read, and those of `each`, which ends the reading.
pub fn read<E: From<Fault>>(folder: &Path, mut each: impl FnMut(Line) -> Result<(), E>) -> Result<u64, E> {
    let fault = |source| Fault { folder: folder.to_owned(), what: "read", source };
    let mut unreadable = 0;
    for (_, path) in files(folder).map_err(fault)? {
        let file = File::open(&path).map_err(fault)?;
        for line in BufReader::new(file).split(b'\n') {
            let line = line.map_err(fault)?;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            match serde_json::from_slice(&line) {
                Ok(line) => each(line)?,
                Err(_) => unreadable += 1,
            }
        }
    }
    Ok(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn revoked(stream: i32) -> Entry {
        Entry::Revoked { order: Uuid::from_u128(1), stream }
    }

    fn told() -> Entry {
        Entry::Told(Told {
            row: Uuid::from_u128(2),
            message: Uuid::from_u128(3),
            order: Uuid::from_u128(1),
            stream: 1,
            number: Some("0a".to_owned()),
            piece: None,
            recipient: "buyer".to_owned(),
            notice: "arrived".to_owned(),
            channel: "mail".to_owned(),
            subject: None,
        })
    }

    fn all(folder: &Path) -> (Vec<Line>, u64) {
        let mut lines = Vec::new();
        let unreadable = read::<Fault>(folder, |line| {
            lines.push(line);
            Ok(())
        });
        (lines, unreadable.unwrap())
    }

    #[test]
    fn what_was_set_aside_is_read_again_whoever_wrote_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("aside");
        assert_eq!(all(&place), (Vec::new(), 0), "no folder, no lines");
        let (one, other) = (Log::new(&place, 90), Log::new(&place, 90));
        let now = at("2026-11-22T02:00:00Z");
        one.append(vec![told(), revoked(1)], now).unwrap();
        other.append(vec![revoked(2)], now).unwrap();
        one.append(Vec::new(), now).unwrap();
        let (lines, unreadable) = all(&place);
        let entries: Vec<_> = lines.iter().map(|line| line.entry.clone()).collect();
        assert_eq!((entries, unreadable), (vec![told(), revoked(1), revoked(2)], 0));
        assert!(lines.iter().all(|line| line.at == now.as_microsecond()));
        assert_eq!(files(&place).unwrap().len(), 2, "a file for each process");
    }

    #[test]
    fn a_line_that_a_crash_cut_off_is_counted_and_hides_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::new(folder.path(), 90);
        log.append(vec![revoked(1)], at("2026-11-22T02:00:00Z")).unwrap();
        let (_, path) = files(folder.path()).unwrap().remove(0);
        OpenOptions::new().append(true).open(path).unwrap().write_all(b"{\"at\":17,\"kin").unwrap();
        let again = Log::new(folder.path(), 90);
        again.append(vec![revoked(2)], at("2026-11-22T03:00:00Z")).unwrap();
        let (lines, unreadable) = all(folder.path());
        assert_eq!((lines.len(), unreadable), (2, 1));
    }

    #[test]
    fn each_day_has_its_file_and_what_nobody_needs_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::new(folder.path(), 30);
        let days = || files(folder.path()).unwrap().into_iter().map(|(day, _)| day.to_string()).collect::<Vec<_>>();
        for day in ["2026-11-01", "2026-11-02", "2026-11-30"] {
            log.append(vec![revoked(1)], at(&format!("{day}T23:59:59Z"))).unwrap();
        }
        assert_eq!(days(), ["2026-11-01", "2026-11-02", "2026-11-30"]);
        log.append(vec![revoked(1)], at("2026-12-02T00:00:00Z")).unwrap();
        assert_eq!(days(), ["2026-11-02", "2026-11-30", "2026-12-02"]);
    }
}
