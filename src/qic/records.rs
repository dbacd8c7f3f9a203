//! A file into rows: RFC 4180 with its quotes, however long the file. Text goes in as it comes; a quote that is never
//! closed costs its own line and no other, and never more memory than [`LONGEST`].

use csv::{ReaderBuilder, StringRecord};

use super::BadRow;

/// Bytes of one row at the most.
pub const LONGEST: usize = 256 * 1024;

/// Cuts text into rows.
#[derive(Debug, Default)]
pub struct Records {
    text: String,
    /// Where in `text` the row begins that is being read.
    start: usize,
    /// Up to where it was looked at, and whether that is within quotes.
    at: usize,
    quoted: bool,
    ended: bool,
    row: u64,
}

/// What a row is, with its number as a spreadsheet counts: the heading is 1.
pub type Numbered = (u64, Result<StringRecord, BadRow>);

impl Records {
    /// More text of the file.
    pub fn push(&mut self, more: &str) {
        self.text.drain(..self.start);
        self.at -= self.start;
        self.start = 0;
        self.text.push_str(more);
    }

    /// There is no more.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// The next whole row, if it came already. Empty lines are no rows.
    pub fn take(&mut self) -> Option<Numbered> {
        loop {
            let cut = self.cut()?;
            let (start, end, whole) = cut;
            let text = self.text.get(start..end).unwrap_or_default().trim_matches(['\r', '\n']);
            if text.trim().is_empty() {
                continue;
            }
            self.row += 1;
            let record = match whole {
                true => parse(text),
                false => Err(BadRow("a quote is opened and not closed: close it, or write it twice within".to_owned())),
            };
            return Some((self.row, record));
        }
    }

    /// The place of the next row, and whether its quotes are closed.
    fn cut(&mut self) -> Option<(usize, usize, bool)> {
        let start = self.start;
        for (at, byte) in self.text.bytes().enumerate().skip(self.at) {
            match byte {
                b'"' => self.quoted = !self.quoted,
                b'\n' if !self.quoted => return Some(self.found(start, at + 1, true)),
                _ => {} // Within a cell.
            }
        }
        self.at = self.text.len();
        let open = self.text.len() - start;
        if self.quoted && (self.ended || LONGEST < open) {
            // The line that opened the quote is lost; what follows may be sound.
            let rest = self.text.get(start..).unwrap_or_default();
            let line = rest.find('\n').map_or(open, |end| end + 1);
            return Some(self.found(start, start + line, false));
        }
        if LONGEST < open {
            return Some(self.found(start, self.text.len(), false));
        }
        (self.ended && 0 < open).then(|| self.found(start, self.text.len(), true))
    }

    fn found(&mut self, start: usize, end: usize, whole: bool) -> (usize, usize, bool) {
        (self.start, self.at, self.quoted) = (end, end, false);
        (start, end, whole)
    }
}

fn parse(text: &str) -> Result<StringRecord, BadRow> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(text.len().max(64))
        .from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => Ok(record),
        Ok(false) => Err(BadRow("the row has no cells".to_owned())),
        Err(_) => Err(BadRow("this is no row of a CSV file".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The rows of a file that comes in pieces of this size; none where a row is bad.
    fn rows(text: &str, piece: usize) -> Vec<(u64, Option<Vec<String>>)> {
        let mut records = Records::default();
        let mut out = Vec::new();
        let chars: Vec<char> = text.chars().collect();
        for piece in chars.chunks(piece) {
            records.push(&piece.iter().collect::<String>());
            out.extend(std::iter::from_fn(|| records.take()));
        }
        records.end();
        out.extend(std::iter::from_fn(|| records.take()));
        out.into_iter()
            .map(|(row, record)| (row, record.ok().map(|record| record.iter().map(str::to_owned).collect())))
            .collect()
    }

    fn row(number: u64, cells: &[&str]) -> (u64, Option<Vec<String>>) {
        (number, Some(cells.iter().map(|cell| (*cell).to_owned()).collect()))
    }

    #[test]
    fn rows_are_cut_where_they_end_and_not_within_quotes() {
        let text = "a,b\r\n\"1,2\",\"line\nbreak \"\"x\"\"\"\r\n\r\n3,4";
        for piece in [1, 2, 5, 100] {
            let expected = [row(1, &["a", "b"]), row(2, &["1,2", "line\nbreak \"x\""]), row(3, &["3", "4"])];
            assert_eq!(rows(text, piece), expected, "{piece}");
        }
    }

    #[test]
    fn an_open_quote_costs_its_own_line_alone() {
        let good = "1,2\n".repeat(3);
        let text = format!("a,b\nx,\"y\n{good}");
        let expected = [row(1, &["a", "b"]), (2, None), row(3, &["1", "2"]), row(4, &["1", "2"]), row(5, &["1", "2"])];
        assert_eq!(rows(&text, 7), expected);
    }

    #[test]
    fn a_row_without_end_is_given_up_and_not_kept() {
        let mut records = Records::default();
        records.push("a,b\n\"");
        assert!(records.take().is_some());
        let mut bad = 0;
        for _ in 0..40 {
            records.push(&"x".repeat(LONGEST / 4));
            while let Some((_, record)) = records.take() {
                bad += usize::from(record.is_err());
            }
            assert!(records.text.len() < 2 * LONGEST, "{} bytes are kept", records.text.len());
        }
        assert!(0 < bad);
    }

    proptest! {
        #[test]
        fn any_cells_come_back_as_they_were_written(
            cells in prop::collection::vec(prop::collection::vec("[a,\"\n\r翡 ]{0,6}", 2..4), 1..6),
            piece in 1_usize..40,
        ) {
            let cells: Vec<Vec<String>> = cells
                .into_iter()
                .map(|row| std::iter::once("id".to_owned()).chain(row).collect())
                .collect();
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            for row in &cells {
                writer.write_record(row).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let read: Vec<_> = rows(&text, piece).into_iter().filter_map(|(_, row)| row).collect();
            prop_assert_eq!(read, cells);
        }
    }
}
