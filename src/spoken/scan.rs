//! A window of text with its words, parted into clauses; what the rules look at.

use std::cell::Cell;

use super::cue::{Cue, Cues};
use super::facts::Facts;
use super::lexicon::{Lexicon, Meaning, Token, Tokens, Word};
use super::normal::{Normal, is_han};
use super::number::Number;

/// A clause has no more words than this, so that looking around in it takes bounded time.
const LONGEST: usize = 48;

/// A stretch between two pauses.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clause {
    /// Its words, as indices.
    pub(super) first: usize,
    pub(super) last: usize,
    /// Its text, in bytes.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) cues: Cues,
    pub(super) claims: bool,
    /// It ends with a question mark.
    pub(super) asks: bool,
    /// A sentence ends with it.
    pub(super) stops: bool,
}

impl Clause {
    pub(super) fn is(&self, cue: Cue) -> bool {
        self.cues.has(cue)
    }
}

#[derive(Debug)]
pub(super) struct Scan<'t> {
    pub(super) lexicon: &'t Lexicon,
    pub(super) text: &'t str,
    pub(super) tokens: &'t [Token],
    pub(super) numbers: &'t [Number],
    pub(super) clauses: &'t [Clause],
    topics: [&'t [usize]; 6],
    /// Words looked at, for the proof of linear time.
    work: Cell<usize>,
}

/// What the words of a window were parted into. It is filled anew for each window and keeps its room.
#[derive(Debug, Default)]
pub(super) struct Parts {
    clauses: Vec<Clause>,
    /// Where each topic was named.
    topics: [Vec<usize>; 6],
}

/// What the talk turns around, where a number alone does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    Diamonds,
    Gold,
    Beads,
    Metals,
    /// Cut stones other than diamonds.
    Stones,
    Jade,
}

/// A topic holds for this many bytes before and after its word: some four sentences.
const TOPIC: usize = 600;

impl<'t> Scan<'t> {
    pub(super) fn new(lexicon: &'t Lexicon, normal: &'t Normal, tokens: &'t Tokens, parts: &'t mut Parts) -> Self {
        let mut scan = Self {
            lexicon,
            text: &normal.text,
            tokens: &tokens.tokens,
            numbers: &tokens.numbers,
            clauses: &[],
            topics: Default::default(),
            work: Cell::new(0),
        };
        scan.part(&mut parts.clauses);
        scan.find_topics(&mut parts.topics);
        scan.clauses = &parts.clauses;
        scan.topics = parts.topics.each_ref().map(Vec::as_slice);
        scan
    }

    pub(super) fn steps(&self) -> usize {
        self.work.get()
    }

    /// Counts a look at so many words.
    pub(super) fn looked(&self, words: usize) {
        self.work.set(self.work.get() + words);
    }

    fn part(&self, clauses: &mut Vec<Clause>) {
        clauses.clear();
        let mut clause = Clause::default();
        for (at, token) in self.tokens.iter().enumerate() {
            let ends = self.ends_clause(at, token);
            if !ends {
                clause.cues = clause.cues.and(token.cues);
                clause.claims |= token.claims;
            }
            if ends || LONGEST <= at - clause.first {
                let token_ends = if ends { token.start } else { token.end };
                clause.last = if ends { at } else { at + 1 };
                clause.end = token_ends as usize;
                clause.stops = ends && token.is(Cue::Stop);
                clause.asks = clause.stops && matches!(self.text.get(token.range()), Some("?" | "？"));
                clauses.push(clause);
                clause = Clause { first: at + 1, start: token.end as usize, ..Clause::default() };
            }
        }
        clause.last = self.tokens.len();
        clause.end = self.text.len();
        clause.stops = true;
        clauses.push(clause);
    }

    fn find_topics(&self, topics: &mut [Vec<usize>; 6]) {
        topics.iter_mut().for_each(Vec::clear);
        let [_, _, beads, ..] = Facts::TOPICS;
        for token in self.tokens.iter().filter(|token| token.facts.has(Facts::ANY_TOPIC) || token.is(Cue::Bead)) {
            let facts = if token.is(Cue::Bead) { token.facts.and(beads) } else { token.facts };
            for (places, topic) in topics.iter_mut().zip(Facts::TOPICS) {
                if facts.has(topic) {
                    places.push(token.start as usize);
                }
            }
        }
    }

    /// Whether the topic was named near this place.
    pub(super) fn speaks_of(&self, topic: Topic, at: usize) -> bool {
        let [diamonds, gold, beads, metals, stones, jade] = self.topics;
        let places = match topic {
            Topic::Diamonds => diamonds,
            Topic::Gold => gold,
            Topic::Beads => beads,
            Topic::Metals => metals,
            Topic::Stones => stones,
            Topic::Jade => jade,
        };
        let first = places.partition_point(|place| place + TOPIC < at);
        places.get(first).is_some_and(|place| *place <= at + TOPIC)
    }

    fn ends_clause(&self, at: usize, token: &Token) -> bool {
        if token.is(Cue::Comma) {
            return !self.joins(at, token);
        }
        // A point inside a name or a number ends nothing.
        token.is(Cue::Stop)
            && (self.text.get(token.range()) != Some(".")
                || self
                    .text
                    .get(token.end as usize..)
                    .is_none_or(|rest| rest.chars().next().is_none_or(|c| c == ' ' || c == '\n' || is_han(c))))
    }

    /// Whether a comma stands in a list of like things: 染色、注胶, fillers, dyes or coatings.
    fn joins(&self, at: usize, comma: &Token) -> bool {
        let (Some(before), Some(after)) = (self.before(at), self.tokens.get(at + 1)) else { return false };
        let alike = before.claims && after.claims || before.number.is_some() && after.number.is_some();
        let Some("、" | ",") = self.text.get(comma.range()).filter(|_| alike) else { return false };
        let near = before.end == comma.start && after.start <= comma.end + 1;
        // 圈口五十三、五十五
        if near && before.number.is_some() && after.number.is_some() && self.text.get(comma.range()) == Some("、") {
            return true;
        }
        let alike = || {
            let kind = |token| self.meanings(token).first().map(|meaning| meaning.kind);
            kind(before).is_some() && kind(before) == kind(after)
        };
        // "Not gold, cubic zirconia not diamond": the second has a denial of its own behind it.
        let own = self.tokens.get(at + 2).is_some_and(|next| next.is(Cue::Neg) && next.start == after.end + 1);
        near && before.claims && after.claims && !own && alike()
    }

    pub(super) fn word(&self, token: &Token) -> Option<&'t Word> {
        self.lexicon.word(token)
    }

    pub(super) fn meanings(&self, token: &Token) -> &'t [Meaning] {
        self.word(token).map_or(&[], |word| self.lexicon.meanings(word))
    }

    pub(super) fn number(&self, token: &Token) -> Option<&'t Number> {
        self.numbers.get(token.number? as usize)
    }

    pub(super) fn name(&self, token: &Token) -> Option<&'t str> {
        self.lexicon.name(self.word(token)?)
    }

    pub(super) fn token(&self, at: usize) -> Option<&'t Token> {
        self.tokens.get(at)
    }

    pub(super) fn before(&self, at: usize) -> Option<&'t Token> {
        self.tokens.get(at.checked_sub(1)?)
    }

    /// The text between two words.
    pub(super) fn between(&self, left: &Token, right: &Token) -> &'t str {
        self.text.get(left.end as usize..right.start as usize).unwrap_or_default()
    }

    /// Whether nothing stands between two words but a blank or 的, 是, 个 and their like.
    pub(super) fn touches(&self, left: &Token, right: &Token) -> bool {
        matches!(self.between(left, right), "" | " " | "的" | " a " | " of " | " the " | " of a " | " of the " | " in ")
    }

    pub(super) fn clause_tokens(&self, clause: &Clause) -> &'t [Token] {
        self.tokens.get(clause.first..clause.last).unwrap_or_default()
    }

    pub(super) fn clause_text(&self, clause: &Clause) -> &'t str {
        self.text.get(clause.start..clause.end).unwrap_or_default()
    }

    pub(super) fn has_before(&self, clause: &Clause, at: usize, cue: Cue) -> bool {
        self.looked(if clause.is(cue) { at - clause.first.min(at) } else { 1 });
        clause.is(cue) && self.tokens.get(clause.first..at).unwrap_or_default().iter().any(|token| token.is(cue))
    }

    pub(super) fn has_after(&self, clause: &Clause, at: usize, cue: Cue) -> bool {
        clause.is(cue) && self.tokens.get(at + 1..clause.last).unwrap_or_default().iter().any(|token| token.is(cue))
    }
}
