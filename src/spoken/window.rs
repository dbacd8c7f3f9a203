//! Reading a long transcript in pieces: windows cut at sentence ends, claims with places in the whole text.

use super::cue::{Cue, Cues};
use super::fold::Fold;
use super::lexicon::Tokens;
use super::normal::{Normal, WayBack};
use super::passage::{self, Passage};
use super::scan::{Parts, Scan};
use super::{Lang, Reader, Said};

/// A window ends with the first sentence that ends after this many bytes …
const ENOUGH: usize = 2_048;
/// … or, where no sentence ends, at the last pause, or anywhere, before this many.
const MOST: usize = 6_144;

/// Words without which nothing is claimed.
const OPENING: Cues = Cues::of(&[Cue::Numeral, Cue::Go, Cue::Free, Cue::Unmatched, Cue::RingContext, Cue::Sensitive]);

/// A reading in progress. It holds at most one window of text and the claims that a later word may still change.
/// How the text is cut into pieces makes no difference to what is read.
#[derive(Debug)]
pub struct Stream<'r> {
    reader: &'r Reader,
    language: Option<Lang>,
    /// Text that is not enough for a window yet.
    rest: String,
    /// Scalar values before `rest`.
    passed: usize,
    fold: Fold,
    normal: Normal,
    tokens: Tokens,
    parts: Parts,
    passage: Passage,
    /// Words that the rules looked at.
    looked: usize,
}

impl<'r> Stream<'r> {
    pub fn new(reader: &'r Reader) -> Self {
        Self::of(reader, None)
    }

    pub(super) fn of(reader: &'r Reader, language: Option<Lang>) -> Self {
        Self {
            reader,
            language,
            rest: String::new(),
            passed: 0,
            fold: Fold::default(),
            normal: Normal::default(),
            tokens: Tokens::default(),
            parts: Parts::default(),
            passage: Passage::default(),
            looked: 0,
        }
    }

    /// Takes the next piece of text and gives the claims that are settled by now, in the order of the text.
    pub fn push(&mut self, piece: &str) -> Vec<Said> {
        let mut out = Vec::new();
        self.take(piece, &mut out);
        out
    }

    pub(super) fn take(&mut self, piece: &str, out: &mut Vec<Said>) {
        if self.rest.is_empty() {
            let read = self.windows(piece, out);
            self.rest.push_str(piece.get(read..).unwrap_or_default());
            return;
        }
        let mut piece = piece;
        while !piece.is_empty() {
            // The rest stays below one window, so what is moved for each window is bounded.
            let (head, tail) = piece.split_at(floor(piece, MOST));
            self.rest.push_str(head);
            piece = tail;
            let rest = std::mem::take(&mut self.rest);
            let read = self.windows(&rest, out);
            self.rest.push_str(rest.get(read..).unwrap_or_default());
        }
    }

    /// Reads what is left. The last claims.
    pub fn finish(self) -> Vec<Said> {
        let mut out = Vec::new();
        self.end(&mut out);
        out
    }

    pub(super) fn end(mut self, out: &mut Vec<Said>) {
        let rest = std::mem::take(&mut self.rest);
        if !rest.is_empty() {
            self.window(&rest);
        }
        self.fold.finish(out);
    }

    /// Words found, figures read and words looked at by the rules so far: the measure of work, for the proof of linear
    /// time.
    pub fn steps(&self) -> usize {
        self.tokens.steps + self.looked + self.fold.steps
    }

    /// Reads all windows that are certain, and says how many bytes they took.
    fn windows(&mut self, text: &str, out: &mut Vec<Said>) -> usize {
        let mut at = 0;
        while let Some(length) = text.get(at..).and_then(cut) {
            self.window(text.get(at..at + length).unwrap_or_default());
            at += length;
            self.fold.settled(self.passed, out);
        }
        at
    }

    fn window(&mut self, text: &str) {
        let Self { reader, normal, tokens, parts, passage, .. } = self;
        reader.normaliser.normalise(&reader.lexicon.trie, text, normal);
        reader.lexicon.tokens(normal, tokens);
        if tokens.tokens.iter().any(|token| token.claims || token.cues.meets(OPENING)) {
            let scan = Scan::new(&reader.lexicon, normal, tokens, parts);
            passage::hear(&scan, &reader.sounds, passage);
            self.looked += scan.steps();
            let mut way = WayBack::new(normal);
            let english = match self.language {
                Some(language) => language == Lang::English,
                None => normal.text.is_ascii() || !normal.text.chars().any(super::normal::is_han),
            };
            let mut turns = passage.turns.iter().copied().peekable();
            for mention in passage.mentions.drain(..) {
                while let Some(turn) = turns.next_if(|turn| *turn <= mention.start) {
                    let (at, _) = way.span(turn, turn);
                    self.fold.turn(self.passed + at);
                }
                let (start, end) = way.span(mention.start, mention.end);
                self.fold.add(mention, self.passed + start, self.passed + end, english);
            }
        }
        self.passed += self.normal.original_chars();
    }
}

/// The longest prefix of at most `most` bytes that ends between characters.
fn floor(text: &str, most: usize) -> usize {
    let mut at = most.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Where the first window of the text ends, if that is certain whatever follows.
fn cut(text: &str) -> Option<usize> {
    if text.len() < ENOUGH {
        return None;
    }
    let from = floor(text, ENOUGH);
    let most = floor(text, MOST);
    let part = text.get(from..most)?;
    let mut before = ' ';
    for (at, c) in part.char_indices() {
        let end = from + at + c.len_utf8();
        if matches!(c, '。' | '！' | '？' | '!' | '?' | '\n') {
            return Some(end);
        }
        if c == ' ' && before == '.' {
            return Some(end);
        }
        before = c;
    }
    if text.len() <= MOST {
        return None;
    }
    let pause = part
        .rfind([',', '，', '、', ' ', ';', '；'])
        .map(|at| from + at + part.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8));
    Some(pause.unwrap_or(most))
}
