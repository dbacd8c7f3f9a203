//! Lines of a file or of standard input, of any length of file: decoded as they come, in whatever of the common encodings
//! they are written, with a bar on a terminal.

use std::path::Path;

use touchstone::spoken::transcript::encoding::Decoder;

use super::Trouble;
use super::input::Input;

/// A line is at most so long; more is no text but another kind of file.
const MAX_LINE: usize = 64 * 1024 * 1024;

pub struct TextLines {
    input: Input,
    decoder: Decoder,
    text: String,
    /// Where in `text` the next line begins.
    at: usize,
    line: usize,
}

impl TextLines {
    /// Opens a file, or standard input where there is none.
    pub fn open(path: Option<&Path>) -> Result<Self, Trouble> {
        let input = Input::open(path)?;
        let decoder = Decoder::new(input.charset);
        Ok(Self { input, decoder, text: String::new(), at: 0, line: 0 })
    }

    /// How this source is called in messages.
    pub fn name(&self) -> &str {
        &self.input.name
    }

    /// The number of the line that was given last.
    pub fn number(&self) -> usize {
        self.line
    }

    /// Says something of what was read, on standard error, above the bar.
    pub fn tell(&self, line: &str) {
        self.input.tell(line);
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
            if self.input.ended {
                let start = std::mem::replace(&mut self.at, self.text.len());
                self.input.finish();
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
        while !self.input.ended {
            self.fill()?;
        }
        self.input.finish();
        Ok(self.text)
    }

    fn fill(&mut self) -> Result<(), Trouble> {
        self.text.drain(..self.at);
        self.at = 0;
        let bytes = self.input.next()?;
        self.decoder
            .push(&bytes, self.input.ended, &mut self.text)
            .map_err(|fault| Trouble::Usage(format!("{}: {fault}", self.input.name)))?;
        if MAX_LINE < self.text.len() {
            return Err(Trouble::Usage(format!(
                "{}: a line has no end within 64 MiB: this is no transcript",
                self.input.name
            )));
        }
        Ok(())
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
