//! The auditor: whether what is stored is what happened ([`check()`]), projections made anew from the journals
//! ([`rebuild()`]), verdicts recomputed ([`verdicts()`]), photos read again ([`photos()`]), journals
//! as a file ([`export`]), and the signed root over all heads ([`upkeep`]).
//!
//! It never writes an event, a register, a capsule or a shipment. What it reads, it reads in one snapshot, page by page,
//! so that it may run beside a house at work and over more events than fit into memory.

use std::fmt;

use uuid::Uuid;

use crate::capsule::chain::Fault;
use crate::capsule::root::{Loss, RootFault};
use crate::domain::ids::StreamKey;
use crate::photos::shelf::ShelfFault;
use crate::rulebook::{LooksDiffer, Retried, Unknown};
use crate::{desk, store};

mod check;
pub mod export;
mod journal;
mod pages;
mod photos;
mod rebuild;
pub mod upkeep;
mod verdicts;
pub mod witness;

pub use check::{Report, check};
pub use photos::{Photos, photos};
pub use rebuild::{Rebuilt, rebuild};
pub use verdicts::{Verdicts, verdicts};

/// Events, or journals, that are read at a time.
const PAGE: u64 = 512;

/// Why an audit could not be finished. What an audit finds is no error: see [`Finding`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Desk(#[from] desk::Error),
    #[error(transparent)]
    Root(#[from] RootFault),
    #[error(transparent)]
    Shelf(#[from] ShelfFault),
    #[error("a file could not be read or written: {0}")]
    File(#[from] std::io::Error),
}

/// Who watches an audit: a person behind a progress bar, or a test.
pub trait Watch: Send {
    /// So many of so many are done. The total may be surpassed by what was written meanwhile.
    fn progress(&mut self, count: u64, total: u64);

    /// Something is wrong. Findings come as they are found and are not kept.
    fn found(&mut self, finding: &Finding);
}

/// Nobody watches; the counts are in the report.
impl Watch for () {
    fn progress(&mut self, _: u64, _: u64) {}

    fn found(&mut self, _: &Finding) {}
}

/// Something that is not as it should be, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub order_id: Option<Uuid>,
    pub stream_id: Option<i32>,
    pub seq: Option<i32>,
    pub wrong: Wrong,
}

impl Finding {
    fn of(key: StreamKey, seq: Option<i32>, wrong: Wrong) -> Self {
        Self { order_id: Some(key.order_id.0), stream_id: Some(key.stream_id.0), seq, wrong }
    }

    fn of_root(wrong: Wrong) -> Self {
        Self { order_id: None, stream_id: None, seq: None, wrong }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(order_id) = self.order_id {
            write!(f, "order {order_id}")?;
        }
        if let Some(stream_id) = self.stream_id {
            write!(f, " stream {stream_id}")?;
        }
        if let Some(seq) = self.seq {
            write!(f, " event {seq}")?;
        }
        if self.order_id.is_some() {
            f.write_str(": ")?;
        }
        self.wrong.fmt(f)
    }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    #[error("{0}")]
    Chain(Fault),
    #[error("its row cannot be read: {0}")]
    Row(String),
    #[error("it is no event that this release knows: {0}")]
    Unreadable(String),
    #[error("the column `{0}` says something else than the body")]
    Column(&'static str),
    #[error("the journal does not replay: {0}")]
    Replay(String),
    #[error("the order's own journal does not begin with order_placed, or holds what belongs to a piece")]
    NotAnOrder,
    #[error("the journal of its order is gone")]
    OrderGone,
    #[error("a row of `{0}` names this journal, and it is gone")]
    JournalGone(&'static str),
    #[error("the journal has no row in `{0}`, or one that says something else")]
    RowGone(&'static str),
    #[error("`{0}` names another head than the journal has")]
    Head(&'static str),
    #[error("its capsule is gone")]
    CapsuleGone,
    #[error("no event released it under this capsule")]
    CapsuleUnfounded,
    #[error("its capsule is not what was signed: {0}")]
    CapsuleForged(String),
    #[error("its capsule says something else than the journal: {0}")]
    CapsuleDiffers(String),
    #[error("the root of {at} is not what was signed: {why}")]
    RootForged { at: String, why: String },
    #[error("the root of {0}, against which is checked, is not among the stored roots")]
    RootGone(String),
    #[error("{0}")]
    Lost(Loss),
    #[error("{}", told(.0))]
    Verdict(Box<Retried>),
    #[error("its verdict cannot be recomputed: {0}")]
    VerdictUnknown(Unknown),
    #[error("the photo {hash} on the shelf of {board} is not the one that was taken: edited, or put in its place")]
    PhotoEdited { board: &'static str, hash: String },
    #[error("the photo {hash} is not on the shelf of {board}")]
    PhotoGone { board: &'static str, hash: String },
    #[error("{0}")]
    Looks(LooksDiffer),
    #[error("the draw that it names is not the one that was committed for its day")]
    Lot,
}

/// A verdict that another edition, or the same one today, does not give.
fn told(retried: &Retried) -> String {
    let claims: Vec<_> = retried.entries.iter().map(|claim| claim.as_str()).collect();
    let of = if claims.is_empty() { String::new() } else { format!(" (other findings: {})", claims.join(", ")) };
    format!(
        "by rulebook {} the findings asked for {}, by {} they ask for {}{of}",
        retried.given_by,
        retried.derived.as_str(),
        retried.asked,
        retried.would_be.as_str()
    )
}

impl Wrong {
    /// The stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Wrong::Chain(_) => "chain_broken",
            Wrong::Row(_) => "row_unreadable",
            Wrong::Unreadable(_) => "event_unknown",
            Wrong::Column(_) => "column_differs",
            Wrong::Replay(_) => "does_not_replay",
            Wrong::NotAnOrder => "not_an_order",
            Wrong::OrderGone => "order_gone",
            Wrong::JournalGone(_) => "journal_gone",
            Wrong::RowGone(_) => "row_gone",
            Wrong::Head(_) => "head_differs",
            Wrong::CapsuleGone => "capsule_gone",
            Wrong::CapsuleUnfounded => "capsule_unfounded",
            Wrong::CapsuleForged(_) => "capsule_forged",
            Wrong::CapsuleDiffers(_) => "capsule_differs",
            Wrong::RootForged { .. } => "root_forged",
            Wrong::RootGone(_) => "root_gone",
            Wrong::Lost(Loss::JournalGone) => "lost_journal",
            Wrong::Lost(Loss::TailCut { .. }) => "lost_tail",
            Wrong::Lost(Loss::WrittenAnew { .. }) => "written_anew",
            Wrong::Verdict(_) => "verdict_differs",
            Wrong::VerdictUnknown(_) => "verdict_unknown",
            Wrong::PhotoEdited { .. } => "photo_edited",
            Wrong::PhotoGone { .. } => "photo_gone",
            Wrong::Looks(_) => "looks_differ",
            Wrong::Lot => "lot_differs",
        }
    }
}
