//! The rulebook (规则集): rule data in dated, embedded files, and the comparison of a claim with what was measured. It
//! knows `domain` and nothing else.
//!
//! [`Rulebook::embedded`] reads all of it once, when the program starts; what is wrong in a file is said there, by file
//! and line, and nothing can go wrong later. A change of any number is a new folder with a new date.
//!
//! Reading order: `names` reads the words of the trade, `findings` compares, `clocks` counts the waits, `required` says what
//! photos and tests a step takes.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

use crate::domain::appraisal::{Appraisal, ComponentResult};
use crate::domain::command::{Reading, Rules, Step};
use crate::domain::deadline::Deadline;
use crate::domain::event::OrderPlaced;
use crate::domain::ledger::{Claim, ProposedEntry};
use crate::domain::piece::Piece;
use crate::domain::text::Name;

mod claims;
mod clocks;
mod findings;
mod names;
mod required;
#[cfg(test)]
mod testing;

pub use clocks::Clock;

use clocks::Clocks;
use findings::Limits;
use names::Names;
use required::Required;

/// The date of the rulebook, which is its version. Every proposal names it.
pub const VERSION: &str = "2026-11-22";

/// There is no reader of speech yet: claims come from the listing, by no lexicon.
const NO_LEXICON: &str = "none";

/// What is wrong in a file of the rulebook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rulebook {VERSION}, {file}: {why}")]
pub struct Unreadable {
    pub file: &'static str,
    pub why: String,
}

/// One version of the rules. It is read once and shared.
#[derive(Clone, Debug)]
pub struct Rulebook {
    version: Name,
    lexicon: Name,
    names: Names,
    limits: Limits,
    clocks: Clocks,
    required: Required,
}

impl Rulebook {
    /// The rulebook that this program carries.
    pub fn embedded() -> Result<Self, Unreadable> {
        let term = |text| Name::parse(text).map_err(|error| Unreadable { file: "mod.rs", why: error.to_string() });
        Ok(Self {
            version: term(VERSION)?,
            lexicon: term(NO_LEXICON)?,
            names: Names::embedded()?,
            limits: Limits::embedded()?,
            clocks: Clocks::embedded()?,
            required: Required::embedded()?,
        })
    }

    /// How long an original photo is kept after its piece was closed.
    pub fn originals_kept(&self) -> jiff::SignedDuration {
        self.required.originals_kept()
    }

    /// The waits that run for a piece as it stands, from its journal alone: told anew they are the same, so the rows of
    /// deadlines can be rebuilt. One that is over already is given too; it fires at once.
    pub fn deadlines(&self, piece: &Piece, order: &OrderPlaced) -> Vec<Deadline> {
        self.clocks.deadlines(piece, order)
    }
}

impl Rules for Rulebook {
    fn read_claims(&self, piece: &Piece) -> Reading {
        Reading {
            transcript_id: None,
            lexicon_version: self.lexicon.clone(),
            claims: claims::listed(&piece.opened().declared, &self.names),
        }
    }

    fn propose(&self, piece: &Piece, claims: &[Claim], appraisal: &Appraisal) -> Vec<ProposedEntry> {
        findings::propose(&self.names, &self.limits, piece, claims, appraisal)
    }

    fn version(&self) -> Name {
        self.version.clone()
    }

    /// One. When a second look is due (value, first outcome, the merchant's record, a random share) comes with its own
    /// issue.
    fn appraisals_needed(&self, _: &Piece) -> usize {
        1
    }

    fn photos_needed(&self, piece: &Piece, step: Step) -> BTreeSet<Name> {
        self.required.photos(&self.names, piece, step)
    }

    fn tests_lacking(&self, found: &ComponentResult) -> Option<String> {
        self.required.tests_lacking(&self.names, found)
    }
}

/// Reads the rows of an embedded file. A row that does not fit is an error of its file, never skipped.
fn rows<T: DeserializeOwned>(file: &'static str, text: &str) -> Result<Vec<T>, Unreadable> {
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|error| Unreadable { file, why: error.to_string() })
}

/// The parts of a cell that holds several values.
fn parts(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(';').map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_rulebook_loads_and_says_its_version() {
        let rulebook = Rulebook::embedded().unwrap();
        assert_eq!(rulebook.version().as_str(), "2026-11-22");
    }

    #[test]
    fn a_row_that_does_not_fit_is_told_with_its_file() {
        #[derive(Debug, serde::Deserialize)]
        struct Row {
            #[allow(dead_code)] // Only its parsing is asked for.
            hours: i64,
        }
        let error = rows::<Row>("deadlines.csv", "hours\nsoon\n").unwrap_err();
        assert_eq!(error.file, "deadlines.csv");
        assert!(error.to_string().contains("line: 2"), "{error}");
    }
}
