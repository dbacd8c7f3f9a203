//! What is done once a day: the signed root over all heads, and the forgetting of old answers.

use std::fs::{self, File};
use std::future::Future;
use std::io::{BufWriter, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::time::MissedTickBehavior;

use super::{Error, PAGE};
use crate::capsule::Hash;
use crate::capsule::chain::Head;
use crate::capsule::root::{ExportWriter, Root};
use crate::clock::Clock;
use crate::desk::{self, Desk};
use crate::store::entity::roots;
use crate::store::journal::LastEvent;
use crate::store::{Store, journal, queries, registers};

/// How long a stored answer is kept (`journey.md`, "Events, not rows", 9).
pub const ANSWERS_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How old a half-written export is that nobody will end.
const ABANDONED: Duration = Duration::from_secs(24 * 3_600);

/// How often it is looked whether something is due.
const LOOK_EVERY: Duration = Duration::from_secs(600);

/// Signs a root over the heads of all journals: the header goes into the database, the whole export into a file of
/// this folder, which somebody should carry elsewhere. The file is there complete or not at all.
///
/// Each head is that of the moment in which it was read. One snapshot for all of them would hold the write-ahead log for
/// as long as that takes, minutes where much is stored, and would tell no more: whoever compares a journal with its head
/// asks whether it is still as long and as it was.
pub async fn write_root(desk: &Desk, now: Timestamp, folder: &Path) -> Result<(Root, PathBuf), Error> {
    fs::create_dir_all(folder)?;
    sweep(folder)?;
    let name = now.strftime("%Y-%m-%dT%H-%M-%S%.6fZ").to_string();
    let [path, partial, aside] = ["jsonl", "partial", "heads"].map(|ending| folder.join(format!("{name}.{ending}")));
    // A root that is written to the disk of a server in its quiet hour may hold this thread for a moment.
    let lines = File::options().read(true).write(true).create(true).truncate(true).open(&aside)?;
    let mut export = ExportWriter::new(BufWriter::new(lines));
    let mut heads = Heads::new(desk.store());
    while let Some(head) = heads.next().await? {
        export.push(&head)?;
    }
    let (root, lines) = export.sign(now, desk.signer())?;
    let mut lines = lines.into_inner().map_err(|error| error.into_error())?;
    lines.rewind()?;
    let mut file = BufWriter::new(File::create(&partial)?);
    root.write_before(&mut lines, &mut file)?;
    file.get_ref().sync_all()?;
    fs::remove_file(&aside)?;

    // Named before it is noted: an export that the database does not know is found by the first check against it, a
    // noted root without its export by nobody.
    fs::rename(&partial, &path)?;
    File::open(folder)?.sync_all()?;
    let txn = desk.store().begin().await?;
    registers::add_root(&*txn, row(&root)?).await?;
    txn.commit().await?;
    Ok((root, path))
}

/// Takes away what runs that were killed a day ago or earlier have left half-written; a younger one may still be at it.
fn sweep(folder: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let is_half = path.extension().is_some_and(|ending| ending == "partial" || ending == "heads");
        let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
        if is_half && ABANDONED < age {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn row(root: &Root) -> Result<roots::Model, Error> {
    Ok(roots::Model {
        at: root.at.as_microsecond(),
        journals: i64::try_from(root.journals).map_err(|error| desk::Error::fault("too many journals", error))?,
        root: root.root.as_bytes().to_vec(),
        signature: root.signature.0.to_vec(),
        key_id: root.key_id.to_string(),
    })
}

/// All heads in the order of their journals, a page at a time.
struct Heads<'a> {
    store: &'a Store,
    page: std::vec::IntoIter<LastEvent>,
    after: Option<crate::domain::ids::StreamKey>,
    ended: bool,
}

impl<'a> Heads<'a> {
    fn new(store: &'a Store) -> Self {
        Self { store, page: Vec::new().into_iter(), after: None, ended: false }
    }

    async fn next(&mut self) -> Result<Option<Head>, Error> {
        if self.page.as_slice().is_empty() && !self.ended {
            let page = journal::heads(self.store.reader(), self.after, PAGE).await?;
            self.after = page.last().map(|head| head.key);
            self.ended = page.is_empty();
            self.page = page.into_iter();
            // Where the disk answers at once, nobody else would have a turn, and not who stops it.
            tokio::task::yield_now().await;
        }
        let Some(last) = self.page.next() else { return Ok(None) };
        let (order, stream) = (last.key.order_id.0, last.key.stream_id.0);
        let corrupt = |why: String| desk::Error::corrupt(format!("the head of {order}/{stream}"), why);
        Ok(Some(Head {
            hash: Hash::try_from(last.hash.as_slice()).map_err(|fault| corrupt(fault.to_string()))?,
            order_id: order,
            seq: u32::try_from(last.seq).map_err(|error| corrupt(error.to_string()))?,
            stream_id: u32::try_from(stream).map_err(|error| corrupt(error.to_string()))?,
        }))
    }
}

/// Drops stored answers older than seven days. Answers how many.
pub async fn forget_answers(store: &Store, now: Timestamp) -> Result<u64, Error> {
    let before = now.checked_sub(ANSWERS_KEPT).unwrap_or(Timestamp::MIN);
    let txn = store.begin().await?;
    let forgotten = registers::forget_answers(&*txn, before.as_microsecond()).await?;
    txn.commit().await?;
    Ok(forgotten)
}

/// What one look at what is due has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// The export of the root that was due.
    pub root: Option<PathBuf>,
    pub forgotten: u64,
}

/// Does what is due: a root, if none was signed on this day (UTC), and with it the forgetting of answers.
pub async fn daily(desk: &Desk, now: Timestamp, folder: &Path) -> Result<Done, Error> {
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let last = queries::last_root(desk.store().reader()).await?;
    let last = last.and_then(|row| Timestamp::from_microsecond(row.at).ok());
    if last.is_some_and(|last| day(now) <= day(last)) {
        return Ok(Done::default());
    }
    let forgotten = forget_answers(desk.store(), now).await?;
    let (_, path) = write_root(desk, now, folder).await?;
    Ok(Done { root: Some(path), forgotten })
}

/// Looks after what is due until it is told to stop, and then leaves a root half-written: the next start begins it anew.
/// A day on which it fails is tried again at the next look.
pub async fn roots_loop(desk: Desk, folder: PathBuf, clock: Clock, stop: impl Future<Output = ()> + Send) {
    let looking = async {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            look(&desk, &folder, clock.now()).await;
        }
    };
    tokio::select! {
        biased; // Whoever stops it comes first.
        () = stop => {}
        () = looking => {}
    }
}

async fn look(desk: &Desk, folder: &Path, now: Timestamp) {
    if let Err(error) = desk.commit_seeds(now).await {
        tracing::error!(%error, "the seeds of the days to come could not be committed");
    }
    match daily(desk, now, folder).await {
        Ok(Done { root: Some(path), forgotten }) => {
            tracing::info!(root.file = %path.display(), answers.forgotten = forgotten, "the day's root is signed");
        }
        Ok(Done { root: None, .. }) => {}
        Err(error) => tracing::error!(%error, "the day's root could not be signed"),
    }
}
