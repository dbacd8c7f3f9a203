//! Reading what was said.

pub mod ledger;
pub mod mask;
pub mod transcript;

pub use crate::domain::ledger::{Bound, Certainty, ClaimKind};

/// STUB until the reader is merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// STUB until the reader is merged.
#[derive(Clone, Debug)]
pub struct Reader;

#[derive(Debug, thiserror::Error)]
#[error("stub")]
pub struct Unreadable;

impl Reader {
    pub fn embedded() -> Result<Self, Unreadable> {
        Ok(Self)
    }

    pub fn version(&self) -> &str {
        "none"
    }

    pub fn read(&self, _: &str) -> Vec<Said> {
        Vec::new()
    }
}

/// STUB until the reader is merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub kind: ClaimKind,
    pub start: usize,
    pub end: usize,
    pub value: String,
    pub unit: Option<Unit>,
    pub bound: Bound,
    pub min: Option<String>,
    pub max: Option<String>,
    pub negated: bool,
    pub certainty: Certainty,
}
