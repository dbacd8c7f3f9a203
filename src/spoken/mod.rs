//! The reader of speech (口播): words to claims. Pure: no file, no clock, no network.
//!
//! [`Reader::embedded`] loads the lexicon once; [`Reader::read`] takes a text in Chinese or English and gives what the
//! seller claims in it, each claim with its place in the text, its normalised value, its bound and its polarity, by the
//! schema of the shared corpus (`corpus/README.md`). [`Stream`] does the same for a text that arrives in pieces.
//!
//! # The way of a text
//!
//! 1. [`window`] cuts the text at sentence ends, so that memory is bounded and time linear.
//! 2. `normal` writes the window as the lexicon is written (half width, simplified, lower case) and keeps the way back.
//! 3. `lexicon` finds words and numbers with one trie over the files in `data`. A new word is a line there.
//! 4. `scan` parts them into clauses.
//! 5. `quantity` gathers numbers, `measure` and `fineness` say what they tell, `anew` which figure stands in place of another, `promise` the promises that carry one, `terms` the words that claim by
//!    themselves, `sound` what a recogniser wrote by its sound.
//! 6. `polarity` says whether a claim is denied, `discourse` whether it is the seller's claim about the piece at all:
//!    questions, hearsay, conditions, teaching and other sellers' goods are not.
//! 7. `passage` applies corrections and denials at a distance, `fold` counts what was said twice once.
//!
//! # Around the reader
//!
//! [`transcript`] brings recognisers' files into one text with a time for each character, [`ledger`] makes claims of one
//! piece of what was said in its segment, [`mask`] covers what is personal in quoted words, [`score`] compares readings.
//!
//! # Doubt
//!
//! What is doubtful is read with [`Certainty::Low`], for an inspector to look at; it never decides by itself. A word
//! that would claim something only in some contexts is left unread where the context does not support it: an unread
//! claim can be added by a person, a wrong accusation cannot be taken back.

use std::sync::Arc;

use rust_decimal::Decimal;

use crate::domain::ledger::{Bound, ClaimKind};

mod anew;
mod cue;
mod discourse;
mod facts;
mod fineness;
mod fold;
pub mod ledger;
pub mod lexicon;
pub mod mask;
mod measure;
mod mention;
mod normal;
mod number;
mod passage;
mod polarity;
mod promise;
mod quantity;
mod scan;
pub mod score;
mod sound;
mod terms;
#[cfg(test)]
mod tests;
pub mod transcript;
mod trie;
pub mod window;

pub use window::Stream;

/// The date of the lexicon and of the rules that read it, which is their version. Every reading names it.
pub const VERSION: &str = "2026-11-24";

/// Speech that claims much makes a claim in so many bytes; what is measured by it is only how much room is kept ready.
const BYTES_OF_A_CLAIM: usize = 48;

/// What is wrong in a file of the lexicon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("lexicon {VERSION}, {file}: {why}")]
pub struct Unreadable {
    pub file: &'static str,
    pub why: String,
}

/// The language of a text, where it is known beforehand. The reader does without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lang {
    Chinese,
    English,
}

/// The unit of a claimed number (`corpus/README.md`, "Record").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    Gram,
    Carat,
    Millimetre,
    Centimetre,
}

impl Unit {
    pub fn as_str(self) -> &'static str {
        match self {
            Unit::Gram => "g",
            Unit::Carat => "ct",
            Unit::Millimetre => "mm",
            Unit::Centimetre => "cm",
        }
    }
}

/// Whether a claim may decide something by itself, or must be looked at by a person first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Certainty {
    Low,
    High,
}

impl Certainty {
    pub fn as_str(self) -> &'static str {
        match self {
            Certainty::Low => "low",
            Certainty::High => "high",
        }
    }
}

/// The part of a piece that a claim names: 主石, 扣头.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    MainStone,
    SideStone,
    Setting,
    Cord,
    Chain,
    Clasp,
}

impl Part {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "main_stone" => Part::MainStone,
            "side_stone" => Part::SideStone,
            "setting" => Part::Setting,
            "cord" => Part::Cord,
            "chain" => Part::Chain,
            "clasp" => Part::Clasp,
            _ => return None,
        })
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Part::MainStone => "main_stone",
            Part::SideStone => "side_stone",
            Part::Setting => "setting",
            Part::Cord => "cord",
            Part::Chain => "chain",
            Part::Clasp => "clasp",
        }
    }
}

/// One claim as it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub kind: ClaimKind,
    /// First character of its words, in Unicode scalar values of the text.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
    /// Normalised (`corpus/README.md`, "Values by kind").
    pub value: Arc<str>,
    /// Of weights and sizes; a ring size, 钱 and 两 have none.
    pub unit: Option<Unit>,
    pub bound: Bound,
    /// The lower end, of a range only, in `unit`.
    pub min: Option<Decimal>,
    /// The upper end, of a range only, in `unit`.
    pub max: Option<Decimal>,
    /// The seller says that it is not so.
    pub negated: bool,
    pub certainty: Certainty,
    /// The part it is said of, where the clause names one before it.
    pub part: Option<Part>,
    /// Where the same thing was said again, or less of it: spans like `start` and `end`, in no order.
    pub again: Vec<(usize, usize)>,
}

/// The reader: the lexicon, loaded once and shared.
#[derive(Clone, Debug)]
pub struct Reader {
    normaliser: normal::Normaliser,
    lexicon: lexicon::Lexicon,
    sounds: sound::Sounds,
}

impl Reader {
    /// The reader with the lexicon that this program carries.
    pub fn embedded() -> Result<Self, Unreadable> {
        let lexicon = lexicon::Lexicon::embedded()?;
        let sounds = sound::Sounds::new(&lexicon);
        Ok(Self { normaliser: normal::Normaliser::embedded(&lexicon.trie)?, lexicon, sounds })
    }

    /// The version of lexicon and rules: a date.
    pub fn version(&self) -> &'static str {
        VERSION
    }

    /// The claims of a text, in its order. Any text is fine; time is linear in its length.
    pub fn read(&self, text: &str) -> Vec<Said> {
        self.read_as(text, None)
    }

    /// The same where the language is known; a hint, not a filter.
    pub fn read_as(&self, text: &str, language: Option<Lang>) -> Vec<Said> {
        let mut out = Vec::with_capacity(text.len() / BYTES_OF_A_CLAIM);
        let mut stream = Stream::of(self, language);
        stream.take(text, &mut out);
        stream.end(&mut out);
        out
    }
}

/// Every value that a word of the trade can give a claim: whoever shows claims must have a word for each.
#[cfg(test)]
pub(crate) fn values() -> std::collections::BTreeSet<(ClaimKind, Arc<str>)> {
    lexicon::Lexicon::embedded().map(|lexicon| lexicon.values()).unwrap_or_default()
}
