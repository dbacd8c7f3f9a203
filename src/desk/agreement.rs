//! How far the inspectors agree with each other, and how far what they find of the house's own pieces is right. Read from
//! the journals, in whole numbers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Desk, Error, PieceView, recorded};
use crate::domain::event::{AppraisalSettled, Event};
use crate::domain::ids::{PersonId, WarehouseId};
use crate::domain::looks::Matter;
use crate::domain::piece::Piece;
use crate::store::queries::{self, EventPlace};
use crate::store::{journal, looks};

/// Settlements that are looked through at the most.
const MOST: usize = 20_000;
const PAGE: u64 = 500;

/// What one inspector's appraisals came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// How often another person appraised the same piece, and in how many of these the two agreed.
    pub compared: u64,
    pub agreed: u64,
    /// In what they did not, and how often.
    pub disputes: BTreeMap<Matter, u64>,
    /// Reference pieces, and how many of them were found as they are.
    pub references: u64,
    pub right: u64,
    /// In what they were not.
    pub errors: BTreeMap<Matter, u64>,
    /// How far the weights of reference pieces lay from what they weigh: the sum of the distances, and of how many.
    pub weight_error_ug: i128,
    pub weighed: u64,
}

/// The inspectors of one warehouse in a span of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    pub inspectors: BTreeMap<PersonId, Record>,
    /// False where there was more in the span than is looked through at once.
    pub complete: bool,
}

impl Desk {
    /// What was settled in a span of time, its end excluded, inspector by inspector.
    pub async fn agreement(
        &self,
        warehouse: &WarehouseId,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Agreement, Error> {
        let mut answer = Agreement { complete: true, ..Agreement::default() };
        let (mut after, mut looked_through) = (None, 0);
        loop {
            let reader = self.store().reader();
            let from = Some(from.as_microsecond());
            let mut rows = queries::events_page(reader, Some("appraisal_settled"), from, after, PAGE).await?;
            let is_last = (rows.len() as u64) < PAGE;
            after = rows.last().map(|row| EventPlace {
                at: row.at,
                order_id: row.order_id,
                stream_id: row.stream_id,
                seq: row.seq,
            });
            let beyond = rows.last().is_some_and(|row| to.as_microsecond() <= row.at);
            rows.retain(|row| row.at < to.as_microsecond());
            let keys: Vec<_> = rows.iter().map(|row| (row.order_id, row.stream_id)).collect();
            let own = looks::references_of(reader, &keys).await?;
            let own: BTreeSet<_> = own.into_iter().map(|row| (row.order_id, row.stream_id)).collect();
            for row in &rows {
                let Event::AppraisalSettled(settled) = recorded::read(row)?.recorded.event else { continue };
                let is_own = own.contains(&(row.order_id, row.stream_id));
                if !is_own && on_the_bench(&settled).len() < 2 {
                    continue; // One person's word, and nothing to hold it against.
                }
                let view = self.read_piece(journal::stream_key(row.order_id, row.stream_id)).await?;
                let Some(view) = view.filter(|view| view.placed.warehouse_id == *warehouse) else { continue };
                if stood(&view.piece, row.seq) {
                    self.count(&mut answer.inspectors, &view, &settled);
                }
            }
            looked_through += rows.len();
            if is_last || beyond {
                return Ok(answer);
            }
            if MOST <= looked_through {
                answer.complete = false;
                return Ok(answer);
            }
        }
    }

    fn count(&self, inspectors: &mut BTreeMap<PersonId, Record>, view: &PieceView, settled: &AppraisalSettled) {
        let looks = settled.looks.as_deref();
        let disputes = looks.map(|looks| looks.disputes.as_slice()).unwrap_or_default();
        let bench: Vec<i32> = on_the_bench(settled).into_iter().collect();
        for (at, second) in bench.iter().enumerate() {
            for first in bench.iter().take(at) {
                let between: BTreeSet<Matter> = disputes
                    .iter()
                    .filter(|dispute| (dispute.first, dispute.second) == (*first, *second))
                    .map(|dispute| dispute.matter)
                    .collect();
                for person in [first, second].into_iter().filter_map(|seq| view.piece.author(*seq)) {
                    let record = inspectors.entry(person).or_default();
                    record.compared += 1;
                    record.agreed += u64::from(between.is_empty());
                    between.iter().for_each(|matter| *record.disputes.entry(*matter).or_default() += 1);
                }
            }
        }
        let line_no = view.piece.opened().line_no;
        let Some(reference) = view.placed.references.iter().find(|reference| reference.line_no == line_no) else {
            return;
        };
        let edition = looks.and_then(|looks| self.edition(&looks.rulebook_version)).unwrap_or(self.rules());
        for seq in &bench {
            let (Some(person), Some(found)) = (view.piece.author(*seq), view.piece.appraisal(*seq)) else { continue };
            let wrong: BTreeSet<Matter> =
                edition.disputes(found, &reference.truth).into_iter().map(|(_, matter)| matter).collect();
            let record = inspectors.entry(person).or_default();
            record.references += 1;
            record.right += u64::from(wrong.is_empty());
            wrong.iter().for_each(|matter| *record.errors.entry(*matter).or_default() += 1);
            if found.weight.like(&reference.truth.weight) {
                record.weighed += 1;
                record.weight_error_ug += i128::from(found.weight.mass.0.abs_diff(reference.truth.weight.mass.0));
            }
        }
    }
}

/// The appraisals that were held against each other, those left aside included.
fn on_the_bench(settled: &AppraisalSettled) -> BTreeSet<i32> {
    let disputes = settled.looks.iter().flat_map(|looks| &looks.disputes);
    let disputed = disputes.flat_map(|dispute| [dispute.first, dispute.second]);
    settled.appraisals.iter().copied().chain(disputed).collect()
}

/// Whether a settlement was the last of its bench: a repeat or a second look leads to another of the same.
fn stood(piece: &Piece, seq: i32) -> bool {
    let after = piece.history().iter().filter(|recorded| seq < recorded.seq);
    let mut next = after.filter_map(|recorded| match recorded.event {
        Event::RepeatCalled(_) | Event::SecondLookCalled(_) => Some(false),
        Event::VerdictGiven(_) | Event::AppraisalReopened(_) => Some(true),
        _ => None, // The others say nothing of it.
    });
    next.next().unwrap_or(true)
}
