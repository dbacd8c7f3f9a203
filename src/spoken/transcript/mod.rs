//! Transcripts: what was said in a session, as recognisers and people write it down, with its times.
//!
//! However it comes, it becomes one text with a time for every character. Offsets are Unicode scalar values of that
//! text; the words of a claim are `text[start..end]`, and a transcript that is read again gives the same offsets.
//!
//! Reading order: `lines` and `json` give cues, this file orders them and joins them, `clock` and `encoding` read
//! times and bytes.

use std::ops::Range;

mod clock;
pub mod encoding;
mod json;
mod lines;

pub use lines::{Form, Lines};

/// What is wrong with a transcript, and what would make it right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// 1 for the first line; none where the whole is meant.
    pub line: Option<usize>,
    pub why: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

impl Fault {
    fn whole(why: impl Into<String>) -> Self {
        Self { line: None, why: why.into() }
    }
}

/// The forms that transcripts come in (`interfaces.md`, "Orders").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Srt,
    Vtt,
    Json,
    Text,
}

impl Format {
    pub const ALL: [Format; 4] = [Format::Srt, Format::Vtt, Format::Json, Format::Text];

    pub fn as_str(self) -> &'static str {
        match self {
            Format::Srt => "srt",
            Format::Vtt => "vtt",
            Format::Json => "json",
            Format::Text => "text",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }

    /// How it comes line by line; JSON does not.
    pub fn form(self) -> Option<Form> {
        match self {
            Format::Srt => Some(Form::SubRip),
            Format::Vtt => Some(Form::WebVtt),
            Format::Text => Some(Form::Plain),
            Format::Json => None,
        }
    }
}

/// Words that belong together, with the time of the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cue {
    /// Milliseconds since the beginning of the session.
    pub from_ms: Option<i64>,
    pub to_ms: Option<i64>,
    pub text: String,
    /// Times within it, where they are given, in order.
    pub words: Vec<Word>,
}

impl Cue {
    /// Whether anything is said in it.
    fn is_said(&self) -> bool {
        self.text.chars().any(char::is_alphanumeric)
    }
}

/// From this character on it is said at this time, until the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    pub start: usize,
    pub at_ms: i64,
}

/// A cue with its place in the whole text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Placed {
    chars: Range<usize>,
    /// Where it begins in bytes.
    byte: usize,
    from_ms: Option<i64>,
    to_ms: Option<i64>,
    words: Vec<Word>,
}

/// What was said in a session, in the order in which it was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    text: String,
    chars: usize,
    cues: Vec<Placed>,
}

/// How a span of the text lies to a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lies {
    Inside,
    /// Its cue reaches over the edge of the segment, and no time within the cue tells on which side it was said.
    AtEdge,
    Outside,
}

/// A part of the session, as far as its text goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    from_ms: i64,
    to_ms: i64,
    cues: Range<usize>,
}

/// One cue as it can be quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote<'a> {
    /// Scalar values of the transcript.
    pub start: usize,
    pub end: usize,
    pub from_ms: Option<i64>,
    pub to_ms: Option<i64>,
    pub text: &'a str,
}

/// Nobody speaks slower for long: so many milliseconds a character last a cue whose end is not known.
const MS_PER_CHAR: i64 = 250;

/// Cues of one recogniser that touch may be this far apart.
const TOUCH_MS: i64 = 50;

impl Transcript {
    /// Reads a whole transcript. One without words is a transcript still; something else than a transcript is none.
    pub fn read(format: Format, content: &str) -> Result<Self, Fault> {
        let Some(form) = format.form() else { return json::cues(content).map(Self::of) };
        let mut lines = Lines::new(form);
        let mut cues = Vec::new();
        for line in content.lines() {
            cues.extend(lines.push(line)?);
        }
        cues.extend(lines.end()?);
        Ok(Self::of(cues))
    }

    /// Orders cues by their times and joins them. A cue without a time is said when the one before it is.
    pub fn of(mut cues: Vec<Cue>) -> Self {
        let mut last = None;
        for cue in &mut cues {
            cue.from_ms = cue.from_ms.or(last);
            last = cue.from_ms;
        }
        cues.retain(Cue::is_said);
        cues.sort_by_key(|cue| cue.from_ms);
        end_cues(&mut cues);
        let mut whole = Self::default();
        let mut before = None;
        for cue in cues {
            before = Some(whole.add(cue, before));
        }
        whole
    }

    /// Adds the next cue; answers what the one after it is compared with.
    fn add(&mut self, mut cue: Cue, before: Option<Shown>) -> Shown {
        let mut glued = false;
        let whole = cue.clone();
        if let Some(mut before) = before {
            let shared = shared(&before, &cue);
            let length = cue.text.chars().count();
            if shared == length {
                // Shown once more, and nothing new.
                before.cue.to_ms = before.cue.to_ms.max(cue.to_ms);
                before.blinked = blinks(&cue);
                if let Some(last) = self.cues.last_mut() {
                    last.to_ms = last.to_ms.max(cue.to_ms);
                }
                return before;
            }
            if 0 < shared {
                glued = true;
                cue = rest_of(cue, shared, before.cue.to_ms);
            }
        }
        if !self.text.is_empty() && !glued {
            self.text.push('\n');
            self.chars += 1;
        }
        let (byte, start) = (self.text.len(), self.chars);
        self.text.push_str(&cue.text);
        self.chars += cue.text.chars().count();
        let words = cue.words.iter().map(|word| Word { start: start + word.start, at_ms: word.at_ms }).collect();
        let chars = start..self.chars;
        self.cues.push(Placed { chars, byte, from_ms: cue.from_ms, to_ms: cue.to_ms, words });
        Shown { blinked: false, cue: whole }
    }

    /// All that was said.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its length in scalar values.
    pub fn chars(&self) -> usize {
        self.chars
    }

    /// Whether every word has its time. Without times no part of it can be told to be of one piece.
    pub fn is_timed(&self) -> bool {
        self.cues.iter().all(|cue| cue.from_ms.is_some())
    }

    /// When the character at this offset was said, in milliseconds since the beginning of the session.
    pub fn at(&self, offset: usize) -> Option<i64> {
        self.cues.get(self.cue_of(offset)?)?.at(offset)
    }

    /// The words between two offsets.
    pub fn words(&self, start: usize, end: usize) -> &str {
        let byte = |offset: usize| -> usize {
            let Some(cue) = self.cue_of(offset).and_then(|at| self.cues.get(at)) else { return 0 };
            let rest = self.text.get(cue.byte..).unwrap_or_default();
            let skip = offset - cue.chars.start;
            rest.char_indices().nth(skip).map_or(self.text.len(), |(at, _)| cue.byte + at)
        };
        self.text.get(byte(start)..byte(end)).unwrap_or_default()
    }

    /// The cue that holds an offset, or the one before it.
    fn cue_of(&self, offset: usize) -> Option<usize> {
        self.cues.partition_point(|cue| cue.chars.start <= offset).checked_sub(1)
    }

    /// The part of a session between two times, the second one excluded.
    pub fn part(&self, from_ms: i64, to_ms: i64) -> Part {
        let touches = |cue: &Placed| {
            let (Some(from), Some(to)) = (cue.from_ms, cue.to_ms) else { return false };
            from < to_ms && (from_ms < to || (from == to && from_ms <= from))
        };
        let first = self.cues.iter().position(touches);
        let last = self.cues.iter().rposition(touches);
        let cues = match (first, last) {
            (Some(first), Some(last)) => first..last + 1,
            (None, _) | (_, None) => 0..0,
        };
        Part { from_ms, to_ms, cues }
    }

    /// The text of a part, with the offset at which it begins. It holds whole cues: what reads it sees each number with
    /// its unit, and [`Transcript::lies`] then says what of it is the part's.
    pub fn text_of(&self, part: &Part) -> (usize, &str) {
        let (Some(first), Some(last)) = (self.cues.get(part.cues.start), part.cues.clone().last()) else {
            return (0, "");
        };
        let end = self.cues.get(last + 1).map_or(self.text.len(), |next| next.byte);
        (first.chars.start, self.text.get(first.byte..end).unwrap_or_default().trim_end_matches('\n'))
    }

    /// On which side of a part's edges a span was said.
    pub fn lies(&self, part: &Part, start: usize, end: usize) -> Lies {
        let (Some(first), Some(last)) = (self.cue_of(start), self.cue_of(end.saturating_sub(1))) else {
            return Lies::Outside;
        };
        let cues = self.cues.get(first..=last).unwrap_or_default();
        let inside = |at: Option<i64>| at.is_some_and(|at| part.from_ms <= at && at < part.to_ms);
        let is_within = inside(self.at(start)) && inside(self.at(end.saturating_sub(1)));
        let is_sure = cues.iter().all(|cue| {
            let whole = inside(cue.from_ms) && cue.to_ms.is_some_and(|to| to <= part.to_ms);
            whole || !cue.words.is_empty()
        });
        match (is_within, is_sure) {
            (true, true) => Lies::Inside,
            (true, false) => Lies::AtEdge,
            (false, _) => Lies::Outside,
        }
    }

    /// Whether anything was said in a part.
    pub fn is_said(&self, part: &Part) -> bool {
        self.quotes(part).next().is_some()
    }

    /// The cues of a part, as they can be quoted.
    pub fn quotes<'a>(&'a self, part: &Part) -> impl Iterator<Item = Quote<'a>> + use<'a> {
        self.cues.get(part.cues.clone()).unwrap_or_default().iter().map(|cue| Quote {
            start: cue.chars.start,
            end: cue.chars.end,
            from_ms: cue.from_ms,
            to_ms: cue.to_ms,
            text: self.words(cue.chars.start, cue.chars.end).trim_end_matches('\n'),
        })
    }

    /// All cues, as they can be quoted.
    pub fn all(&self) -> impl Iterator<Item = Quote<'_>> {
        self.quotes(&Part { from_ms: 0, to_ms: i64::MAX, cues: 0..self.cues.len() })
    }

    /// Whether a new cue begins at this offset: what is said before it was written down apart.
    pub fn is_seam(&self, offset: usize) -> bool {
        self.cues.binary_search_by_key(&offset, |cue| cue.chars.start).is_ok()
    }

    /// What holds of every transcript, whatever it was read from.
    #[cfg(test)]
    pub fn check(&self) {
        assert_eq!(self.chars, self.text.chars().count());
        let mut end = 0;
        for cue in &self.cues {
            assert!(end <= cue.chars.start && cue.chars.start < cue.chars.end && cue.chars.end <= self.chars);
            assert!(self.text.is_char_boundary(cue.byte));
            assert!(cue.words.iter().all(|word| cue.chars.contains(&word.start)));
            assert!(cue.from_ms <= cue.to_ms || cue.to_ms.is_none());
            end = cue.chars.end;
        }
        for offset in 0..=self.chars {
            self.at(offset);
        }
        let all: String = self.text.chars().skip(1).collect();
        if 1 < self.chars {
            assert_eq!(self.words(1, self.chars), all);
        }
        let part = self.part(500, 1_500);
        let (start, text) = self.text_of(&part);
        assert!(start + text.chars().count() <= self.chars);
        assert_eq!(self.words(start, start + text.chars().count()), text);
    }
}

impl Placed {
    fn at(&self, offset: usize) -> Option<i64> {
        let known = self.words.partition_point(|word| word.start <= offset);
        if let Some(word) = known.checked_sub(1).and_then(|at| self.words.get(at)) {
            return Some(word.at_ms);
        }
        // As if each character took the same time.
        let (from, to) = (self.from_ms?, self.to_ms?);
        let length = i64::try_from(self.chars.len()).ok().filter(|length| 0 < *length)?;
        let passed = i64::try_from(offset.saturating_sub(self.chars.start)).ok()?.min(length);
        Some(from + to.saturating_sub(from) * passed / length)
    }
}

/// Gives each cue an end that is not before its beginning: its own, or the beginning of the next, or by its length.
fn end_cues(cues: &mut [Cue]) {
    let mut next = None;
    for cue in cues.iter_mut().rev() {
        let Some(from) = cue.from_ms else { continue };
        let spoken = i64::try_from(cue.text.chars().count()).unwrap_or(0) * MS_PER_CHAR;
        let end = cue.to_ms.unwrap_or_else(|| next.unwrap_or(i64::MAX).min(from + spoken));
        cue.to_ms = Some(end.max(from));
        next = Some(from);
    }
}

/// What was shown last, as it was shown.
struct Shown {
    cue: Cue,
    /// It ended by being shown for a moment more, as captions do that roll.
    blinked: bool,
}

fn blinks(cue: &Cue) -> bool {
    matches!((cue.from_ms, cue.to_ms), (Some(from), Some(to)) if to - from <= TOUCH_MS)
}

/// How many characters at the beginning of a cue stood at the end of the one before already: captions that roll, and
/// captions that grow while somebody speaks, show the same words again. Only where they are shown at the same time;
/// said twice one after the other is twice.
fn shared(before: &Shown, cue: &Cue) -> usize {
    let (Some(end), Some(from)) = (before.cue.to_ms, cue.from_ms) else { return 0 };
    let touches = from <= end + TOUCH_MS;
    if !(from < end || (touches && (blinks(cue) || before.blinked))) {
        return 0;
    }
    let before = &before.cue.text;
    if before.ends_with(&cue.text) {
        return cue.text.chars().count();
    }
    let fits = |at: &usize| before.get(*at..).is_some_and(|tail| cue.text.starts_with(tail));
    let at = before.char_indices().map(|(at, _)| at).find(fits);
    let tail = at.and_then(|at| before.get(at..)).unwrap_or_default();
    // One character in common is chance, unless it is all there was.
    if tail.chars().count() < 2 && at != Some(0) { 0 } else { tail.chars().count() }
}

/// A cue without its first characters, which were said before.
fn rest_of(cue: Cue, shared: usize, before: Option<i64>) -> Cue {
    let text: String = cue.text.chars().skip(shared).collect();
    let words: Vec<_> = cue
        .words
        .iter()
        .filter(|word| shared <= word.start)
        .map(|word| Word { start: word.start - shared, at_ms: word.at_ms })
        .collect();
    let from_ms = words.first().map(|word| word.at_ms).or(before).max(cue.from_ms).min(cue.to_ms);
    Cue { from_ms, to_ms: cue.to_ms, text, words }
}

/// What stands between two rows of one cue: a blank between words that need one, nothing within Chinese.
fn seam(left: &str, right: &str) -> Option<char> {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii() && !c.is_whitespace());
    (is_word(left.chars().next_back()) && is_word(right.chars().next())).then_some(' ')
}

#[cfg(test)]
mod tests;
