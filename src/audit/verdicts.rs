//! `journal check --verdicts`: every verdict of the history recomputed by its own edition of the rulebook, or by one
//! that is tried before it is taken.
//!
//! The journals are only read and folded here. Whether they are what was written is [`check()`](super::check())'s to
//! say; one that cannot be folded is passed over, because it was said there.

use std::sync::Arc;

use super::pages::Pages;
use super::{Error, Finding, Watch, Wrong};
use crate::desk::recorded;
use crate::domain::event::{Event, OrderPlaced};
use crate::domain::ids::{StreamId, StreamKey};
use crate::domain::piece::Piece;
use crate::rulebook::{Library, Rulebook, Unknown, asked_again, retried};
use crate::store::entity::events;
use crate::store::{Snapshot, Store, journal, looks};

/// What was recomputed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    pub verdicts: u64,
    /// Of them, those that are not the same.
    pub differing: u64,
    /// Those whose edition or ground is not there.
    pub unknown: u64,
}

impl Verdicts {
    /// Whether every verdict is what its findings ask for.
    pub fn ok(&self) -> bool {
        self.differing == 0 && self.unknown == 0
    }
}

/// Asks again for every verdict that was ever given: its own edition, or `tried`.
pub async fn verdicts(
    store: &Store,
    library: &Library,
    tried: Option<&Rulebook>,
    watch: &mut dyn Watch,
) -> Result<Verdicts, Error> {
    let snapshot = store.snapshot().await?;
    let mut report = Verdicts::default();
    let mut walk = Walk { key: None, order: None, piece: None };
    let mut pages = Pages::of(&snapshot).await?;
    while let Some(page) = pages.next().await? {
        for row in &page {
            let key = journal::key_of(row);
            walk.push(key, row);
            let (Some(piece), Some(order)) = (&walk.piece, &walk.order) else { continue };
            if tried.is_none() {
                for wrong in wrong_looks(&snapshot, library, piece).await? {
                    report.differing += 1;
                    watch.found(&Finding::of(key, Some(row.seq), wrong));
                }
            }
            let Some(retried) = retried(library, tried, piece, order) else { continue };
            report.verdicts += 1;
            let wrong = match retried {
                Ok(retried) if tried.is_none() && retried.agrees() => continue,
                Ok(retried) if tried.is_some() && retried.derived == retried.would_be => continue,
                Ok(retried) => {
                    report.differing += 1;
                    Wrong::Verdict(Box::new(retried))
                }
                Err(unknown @ (Unknown::Edition(_) | Unknown::Ground)) => {
                    report.unknown += 1;
                    Wrong::VerdictUnknown(unknown)
                }
            };
            watch.found(&Finding::of(key, Some(row.seq), wrong));
        }
        pages.tell(watch);
    }
    Ok(report)
}

/// Whether those had to look who did, and the draw is the one that was committed.
async fn wrong_looks(snapshot: &Snapshot, library: &Library, piece: &Piece) -> Result<Vec<Wrong>, Error> {
    let mut wrong = Vec::new();
    if let Some(Err(differ)) = asked_again(library, piece) {
        wrong.push(Wrong::Looks(differ));
    }
    if let Event::AppraisalSettled(settled) = &piece.last().event
        && let Some(lot) = settled.looks.as_ref().and_then(|looks| looks.lot.as_ref())
    {
        let row = looks::lot(&**snapshot, lot.day.as_str()).await?;
        if row.is_none_or(|row| row.commitment != lot.commitment) {
            wrong.push(Wrong::Lot);
        }
    }
    Ok(wrong)
}

/// The journal that is read, folded as far as it was.
struct Walk {
    key: Option<StreamKey>,
    order: Option<OrderPlaced>,
    /// None where the journal is no piece's, or does not replay.
    piece: Option<Piece>,
}

impl Walk {
    /// Takes the next row.
    fn push(&mut self, key: StreamKey, row: &events::Model) {
        let begins = self.key != Some(key);
        if self.key.is_none_or(|before| before.order_id != key.order_id) {
            self.order = None;
        }
        self.key = Some(key);
        let recorded = recorded::read(row).ok().map(|read| read.recorded);
        if key.stream_id == StreamId::ORDER {
            // The order's own journal is the first of its streams.
            if let (true, Some(Event::OrderPlaced(placed))) = (begins, recorded.map(|recorded| recorded.event)) {
                self.order = Some(placed);
            }
            self.piece = None;
            return;
        }
        self.piece = match (begins, self.piece.take(), recorded) {
            (true, _, Some(recorded)) => Piece::fold([recorded]).ok(),
            (false, Some(mut piece), Some(recorded)) => piece.apply(Arc::new(recorded)).is_ok().then_some(piece),
            (true | false, _, None) | (false, None, Some(_)) => None,
        };
    }
}
