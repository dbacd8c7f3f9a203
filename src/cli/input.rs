//! A file or standard input as it is read: its first bytes tell the encoding, and a terminal sees a bar.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write as _};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use touchstone::spoken::transcript::encoding::Charset;

use super::Trouble;

/// Bytes read at a time; also how much tells the encoding.
pub const CHUNK: usize = 64 * 1024;

pub struct Input {
    source: Box<dyn Read>,
    /// How it is called in messages.
    pub name: String,
    pub charset: Charset,
    /// Bytes that were read to tell the encoding, to be given first.
    first: Vec<u8>,
    /// Whether everything was given.
    pub ended: bool,
    bar: ProgressBar,
}

impl Input {
    /// Opens a file, or standard input where there is none. A mark at its head is left out.
    pub fn open(path: Option<&Path>) -> Result<Self, Trouble> {
        let (mut source, name, length): (Box<dyn Read>, _, _) = match path {
            None => (Box::new(io::stdin()), "standard input".to_owned(), None),
            Some(path) => {
                let name = path.display().to_string();
                let unreadable = |error: io::Error| Trouble::Usage(format!("{name} cannot be read: {error}"));
                let file = File::open(path).map_err(unreadable)?;
                let about = file.metadata().map_err(unreadable)?;
                if about.is_dir() {
                    return Err(Trouble::Usage(format!("{name} is a folder: name a file in it")));
                }
                (Box::new(file), name, Some(about.len()))
            }
        };
        let mut first = Vec::new();
        (&mut source)
            .take(CHUNK as u64)
            .read_to_end(&mut first)
            .map_err(|error| Trouble::Usage(format!("{name} cannot be read: {error}")))?;
        let (charset, mark) = Charset::detect(&first);
        first.drain(..mark);
        let bar = bar(length);
        bar.inc(mark as u64);
        Ok(Self { source, name, charset, first, ended: false, bar })
    }

    /// The next bytes; none are left once it has ended.
    pub fn next(&mut self) -> Result<Vec<u8>, Trouble> {
        let mut bytes = std::mem::take(&mut self.first);
        if bytes.is_empty() {
            bytes.resize(CHUNK, 0);
            let read = self
                .source
                .read(&mut bytes)
                .map_err(|error| Trouble::Failed(format!("{} cannot be read on: {error}", self.name)))?;
            bytes.truncate(read);
            self.ended = read == 0;
        }
        self.bar.inc(bytes.len() as u64);
        Ok(bytes)
    }

    /// Says something on standard error without breaking the bar.
    pub fn tell(&self, line: &str) {
        self.bar.suspend(|| drop(writeln!(io::stderr(), "touchstone: {line}")));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn bar(length: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match length {
        Some(length) => (ProgressBar::new(length), "{wide_bar} {bytes}/{total_bytes} · {eta}"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} read"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
