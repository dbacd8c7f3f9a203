//! `journal rebuild`: the projections made anew from the journals, by the functions that the writer makes them by.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::journal::{Fold, Walk};
use super::{Error, Finding, PAGE, Watch, Wrong};
use crate::capsule::Hash;
use crate::desk::{self, orders, project, recorded};
use crate::domain::event::OrderPlaced;
use crate::domain::ids::{OrderId, StreamId, StreamKey};
use crate::domain::order::{LineStatus, order_status};
use crate::domain::orders::{Facts, Whole};
use crate::domain::piece::Piece;
use crate::rulebook::Rulebook;
use crate::store::entity::events;
use crate::store::projections::{self, Projections};
use crate::store::{Store, journal, lookups};

/// What a rebuild has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    pub orders: u64,
    /// Rows that there are now.
    pub rows: u64,
    /// Rows that were changed, missing, or there without reason.
    pub differed: u64,
    /// Orders that were left as they are, because a journal of theirs does not replay: corruption is shown, not painted
    /// over.
    pub left: u64,
}

/// Makes every order's projections anew, each order in a transaction of its own. Events, registers, capsules, shipments
/// and people are not touched, and an order whose rows are right is not written at all. Rows of an order that has no
/// event stay: they are the trace of a journal that is gone.
pub async fn rebuild(store: &Store, watch: &mut dyn Watch) -> Result<Rebuilt, Error> {
    let rules = Rulebook::embedded().map_err(|error| desk::Error::fault("the rulebook cannot be read", error))?;
    let total = journal::count_orders(store.reader()).await?;
    let mut rebuilt = Rebuilt::default();
    let mut after = None;
    loop {
        let ids = journal::orders(store.reader(), after, PAGE).await?;
        let Some(last) = ids.last() else { return Ok(rebuilt) };
        after = Some(*last);
        for id in ids {
            rebuild_order(store, &rules, id, watch, &mut rebuilt).await?;
            rebuilt.orders += 1;
            watch.progress(rebuilt.orders, total);
        }
    }
}

async fn rebuild_order(
    store: &Store,
    rules: &Rulebook,
    id: Uuid,
    watch: &mut dyn Watch,
    rebuilt: &mut Rebuilt,
) -> Result<(), Error> {
    let txn = store.begin().await?;
    lookups::lock_orders(&txn, &[id]).await?;
    let events = journal::of_order(&*txn, OrderId(id)).await?;
    let stored = projections::read(&*txn, id).await?;
    let mut right = match project_order(rules, OrderId(id), &events) {
        Ok(right) => right,
        Err(findings) => {
            findings.iter().for_each(|finding| watch.found(finding));
            rebuilt.left += 1;
            txn.rollback().await?;
            return Ok(());
        }
    };
    // Who holds a lease is not in the journal, and it is theirs.
    for clock in &mut right.deadlines {
        let same = stored
            .deadlines
            .iter()
            .find(|row| (row.stream_id, &row.kind, row.due_at) == (clock.stream_id, &clock.kind, clock.due_at));
        clock.leased_until_at = same.and_then(|row| row.leased_until_at);
    }
    rebuilt.rows += right.len() as u64;
    let differed = right.differing(&stored);
    if differed == 0 {
        txn.rollback().await?;
        return Ok(());
    }
    rebuilt.differed += differed as u64;
    projections::replace(&*txn, id, right).await?;
    Ok(txn.commit().await?)
}

/// What the journals of one order fold to.
fn project_order(rules: &Rulebook, id: OrderId, events: &[events::Model]) -> Result<Projections, Vec<Finding>> {
    let mut findings = Vec::new();
    let mut walks: BTreeMap<StreamId, Walk> = BTreeMap::new();
    for row in events {
        let key = journal::key_of(row);
        walks.entry(key.stream_id).or_insert_with(|| Walk::new(key, None)).push(row, &mut |finding| {
            findings.push(finding);
        });
    }
    let order = StreamKey { order_id: id, stream_id: StreamId::ORDER };
    let Some(own) = walks.remove(&StreamId::ORDER) else {
        findings.push(Finding::of(order, None, Wrong::OrderGone));
        return Err(findings);
    };
    // Where it is no order, its walk has said so.
    let Walk { fold: Fold::Order(placed), seq, hash, account, record, .. } = own else { return Err(findings) };
    let mut pieces = Vec::new();
    let mut cases = Vec::new();
    for (stream_id, walk) in walks {
        let key = StreamKey { order_id: id, stream_id };
        match (walk.fold, Hash::try_from(walk.hash.as_slice())) {
            (Fold::Piece(piece), Ok(head)) => pieces.push((key, *piece, head)),
            (Fold::Case(case), Ok(head)) => cases.push((key, *case, head)),
            (Fold::Nothing | Fold::Order(_) | Fold::Broken, _) | (Fold::Piece(_) | Fold::Case(_), Err(_)) => {}
        }
    }
    let first = events.first().and_then(|row| recorded::read(row).ok());
    let (Some(first), Ok(hash), true) = (first, Hash::try_from(hash.as_slice()), findings.is_empty()) else {
        return Err(findings);
    };
    let at = first.recorded.at.as_microsecond();
    let own: Vec<_> = events.iter().take_while(|row| row.stream_id == StreamId::ORDER.0).cloned().collect();
    // It was walked, so it reads.
    let facts = orders::tail_of(&own).ok().flatten().map(|(_, tail)| tail.facts).unwrap_or_default();
    let mut right = rows(rules, id, &placed, facts, at, (seq, hash), &pieces);
    for (key, case, head) in &cases {
        right.cases.push(desk::cases::row(*key, case, *head));
        right.deadlines.extend(desk::cases::clock(*key, case, rules));
    }
    right.obligations =
        account.obligations().iter().map(|one| desk::order_journal::obligation_row(id, &placed, one)).collect();
    right.incidents =
        record.incidents().iter().map(|one| desk::order_journal::incident_row(id, &placed, one)).collect();
    right.sort();
    Ok(right)
}

fn rows(
    rules: &Rulebook,
    id: OrderId,
    placed: &Arc<OrderPlaced>,
    facts: Facts,
    at: i64,
    head: (i32, Hash),
    pieces: &[(StreamKey, Piece, Hash)],
) -> Projections {
    let mut rows = Projections::default();
    // The last piece of a line says what the line is.
    let mut last: BTreeMap<i32, (StreamKey, &Piece)> = BTreeMap::new();
    for (key, piece, hash) in pieces {
        let clocks = project::clocks(*key, piece, placed, rules);
        rows.pieces.push(project::piece(*key, piece, placed, *hash, &clocks));
        rows.components.append(&mut project::components(*key, piece));
        rows.legs.append(&mut project::legs(*key, piece, placed));
        rows.photos.append(&mut project::photos(*key, piece, 1));
        rows.photo_bands.append(&mut project::photo_bands(*key, piece, 1));
        rows.deadlines.extend(clocks);
        last.insert(piece.opened().line_no, (*key, piece));
    }
    let whole = Whole {
        placed: placed.clone(),
        facts,
        pieces: pieces.iter().map(|(key, piece, _)| (key.stream_id, piece.clone())).collect(),
        cases: Vec::new(),
        next: StreamId::ORDER, // Nothing is opened here.
    };
    let shown: BTreeMap<i32, LineStatus> = whole.lines().into_iter().collect();
    let status = order_status(shown.values().copied());
    rows.lines = last.values().map(|(key, piece)| project::line(*key, piece)).collect();
    for line in &mut rows.lines {
        if let Some(status) = shown.get(&line.line_no) {
            line.status = status.as_str().to_owned();
        }
    }
    rows.deadlines.extend(orders::order_clocks(id, &whole, rules));
    rows.orders.push(project::order(id, placed, at, head, status));
    rows.sort();
    rows
}
