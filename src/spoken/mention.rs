//! One thing said, on its way to a claim.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::{Certainty, Part, Unit};
use crate::domain::ledger::{Bound, ClaimKind};

/// A claim in the making, in bytes of the normalised window.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    pub(super) kind: ClaimKind,
    pub(super) value: Arc<str>,
    pub(super) unit: Option<Unit>,
    pub(super) bound: Bound,
    pub(super) limits: Option<(Decimal, Decimal)>,
    pub(super) negated: bool,
    pub(super) certainty: Certainty,
    pub(super) part: Option<Part>,
    pub(super) start: usize,
    pub(super) end: usize,
    /// How plainly it was said; of two mentions the stronger one stands for both.
    pub(super) strength: u8,
    pub(super) clause: usize,
    /// It only follows from another word: gold from "nine carat".
    pub(super) implied: bool,
    /// The word of the lexicon, by which a denial is told from the denial of another word for the same value.
    pub(super) word: Option<u32>,
    /// Another word for the same value does not say the same: 原矿 beside 无优化.
    pub(super) apart: bool,
}

impl Mention {
    pub(super) fn new(kind: ClaimKind, value: impl Into<Arc<str>>, start: usize, end: usize, clause: usize) -> Self {
        Self {
            kind,
            value: value.into(),
            unit: None,
            bound: Bound::Exactly,
            limits: None,
            negated: false,
            certainty: Certainty::High,
            part: None,
            start,
            end,
            strength: 0,
            clause,
            implied: false,
            word: None,
            apart: false,
        }
    }
}
