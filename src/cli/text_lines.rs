//! Lines of a file or of standard input, of any length of file: decoded as they come, in whatever of the common encodings
//! they are written, with a bar on a terminal.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use touchstone::spoken::transcript::encoding::{Charset, Decoder};

use super::Trouble;

/// Bytes read at a time; also how much tells the encoding.
const CHUNK: usize = 64 * 1024;

/// A line is at most so long; more is no text but another kind of file.
const MAX_LINE: usize = 64 * 1024 * 1024;

pub struct TextLines {
    source: Box<dyn Read>,
    name: String,
    /// Bytes that were read to tell the encoding, to be decoded first.
    first: Vec<u8>,
    decoder: Decoder,
    text: String,
    /// Where in `text` the next line begins.
    at: usize,
    ended: bool,
    line: usize,
    bar: ProgressBar,
}

impl TextLines {
    /// Opens a file, or standard input where there is none.
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
        let decoder = Decoder::new(charset);
        Ok(Self { source, name, first, decoder, text: String::new(), at: 0, ended: false, line: 0, bar })
    }

    /// How this source is called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of the line that was given last.
    pub fn number(&self) -> usize {
        self.line
    }

    /// The next line, without its end.
    pub fn next_line(&mut self) -> Result<Option<&str>, Trouble> {
        loop {
            if let Some(end) = self.text.get(self.at..).and_then(|rest| rest.find('\n')) {
                let (start, end) = (self.at, self.at + end);
                self.at = end + 1;
                self.line += 1;
                return Ok(self.text.get(start..end).map(|line| line.strip_suffix('\r').unwrap_or(line)));
            }
            if self.ended {
                let start = std::mem::replace(&mut self.at, self.text.len());
                self.bar.finish_and_clear();
                if start == self.text.len() {
                    return Ok(None);
                }
                self.line += 1;
                return Ok(self.text.get(start..));
            }
            self.fill()?;
        }
    }

    /// The whole, for what cannot be read in pieces.
    pub fn all(mut self) -> Result<String, Trouble> {
        while !self.ended {
            self.fill()?;
        }
        self.bar.finish_and_clear();
        Ok(self.text)
    }

    fn fill(&mut self) -> Result<(), Trouble> {
        self.text.drain(..self.at);
        self.at = 0;
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
        self.decoder
            .push(&bytes, self.ended, &mut self.text)
            .map_err(|fault| Trouble::Usage(format!("{}: {fault}", self.name)))?;
        if MAX_LINE < self.text.len() {
            return Err(Trouble::Usage(format!(
                "{}: a line has no end within 64 MiB: this is no transcript",
                self.name
            )));
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        std::fs::write(&path, bytes).unwrap();
        let mut text = TextLines::open(Some(&path)).unwrap();
        let mut lines = Vec::new();
        while let Some(line) = text.next_line().unwrap() {
            lines.push(line.to_owned());
        }
        lines
    }

    #[test]
    fn lines_come_whole_whatever_their_length_and_end() {
        let long = "翡翠".repeat(30_000);
        let text = format!("一\r\n\n{long}\n末");
        assert_eq!(lines(text.as_bytes()), ["一", "", &long, "末"]);
        assert_eq!(lines(b""), [""; 0]);
        assert_eq!(lines(b"\n"), [""]);
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(lines(&utf16), ["一", "", &long, "末"]);
    }
}
