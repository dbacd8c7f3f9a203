//! The rows that a load wrote, command by command: read back from the database and told apart by the moment and the
//! journal that each belongs to. What a row looked like in between follows from the journal, by the same functions that
//! made it.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::capsule::Hash;
use crate::demo::Failure;
use crate::desk::{project, recorded};
use crate::domain::event::{Event, OrderPlaced};
use crate::domain::piece::Piece;
use crate::rulebook::Rulebook;
use crate::store::changes::Changes;
use crate::store::entity::{events, proposals};
use crate::store::{Store, journal, raw};

/// The commands on these orders since a moment, in the order in which they were committed; each with its order.
pub async fn commands(store: &Store, orders: &[Uuid], since: i64) -> Result<Vec<(Uuid, Changes)>, Failure> {
    let failed = |error: crate::store::Error| Failure::of("the rows of the load cannot be read back", &error);
    let rules = Rulebook::embedded().map_err(|error| Failure::of("the rulebook cannot be read", &error))?;
    let mut proposed: BTreeMap<Uuid, Vec<proposals::Model>> = BTreeMap::new();
    for row in raw::proposals_since(store, since).await.map_err(failed)? {
        proposed.entry(row.order_id).or_default().push(row);
    }
    let mut commands = BTreeMap::new();
    for order_id in orders {
        let rows = raw::rows_of(store, *order_id).await.map_err(failed)?;
        let mut split = Split { rules: &rules, by_time: BTreeMap::new(), since };
        split.journals(store, &rows).await?;
        split.beside(rows, proposed.remove(order_id).unwrap_or_default());
        commands.extend(split.by_time.into_iter().map(|(at, changes)| ((at, *order_id), (*order_id, changes))));
    }
    Ok(commands.into_values().collect())
}

struct Split<'a> {
    rules: &'a Rulebook,
    by_time: BTreeMap<i64, Changes>,
    since: i64,
}

impl Split<'_> {
    /// The command of this moment; what was before the load is nobody's.
    fn at(&mut self, at: i64) -> Option<&mut Changes> {
        (self.since <= at).then(|| self.by_time.entry(at).or_default())
    }

    /// Events with what stands or falls with them, and the projections after each command.
    async fn journals(&mut self, store: &Store, rows: &Changes) -> Result<(), Failure> {
        let failed = |error: crate::desk::Error| Failure::of("a journal cannot be read", &error);
        let mut placed = None;
        let mut pieces: BTreeMap<i32, Vec<&events::Model>> = BTreeMap::new();
        for row in &rows.events {
            if row.stream_id == 0 {
                if let Event::OrderPlaced(order) = recorded::read(row).map_err(failed)?.recorded.event {
                    placed = Some(order);
                }
            } else {
                pieces.entry(row.stream_id).or_default().push(row);
            }
            let key = rows.event_keys.iter().find(|key| (key.stream_id, key.seq) == (row.stream_id, row.seq));
            let texts = rows.sealed_texts.iter().filter(|text| row.body.contains(&text.id.to_string()));
            if let Some(own) = self.at(row.at) {
                own.events.push(row.clone());
                own.event_keys.extend(key.cloned());
                own.sealed_texts.extend(texts.cloned());
            }
        }
        let placed = placed.ok_or_else(|| Failure("an order has no beginning".to_owned()))?;
        for journal in pieces.into_values() {
            self.projections(&placed, &journal)?;
            self.registers(store, rows, &journal).await?;
        }
        Ok(())
    }

    fn projections(&mut self, placed: &OrderPlaced, rows: &[&events::Model]) -> Result<(), Failure> {
        let failed = |error: crate::desk::Error| Failure::of("a journal cannot be read", &error);
        let mut before: Option<Piece> = None;
        for own in rows.chunk_by(|one, other| one.at == other.at) {
            let (Some(first), Some(last)) = (own.first(), own.last()) else { continue };
            let key = journal::key_of(first);
            let mut after = before.clone();
            for row in own {
                let recorded = recorded::read(row).map_err(failed)?.recorded;
                match &mut after {
                    None => {
                        let opened = Piece::fold([recorded]);
                        after = Some(opened.map_err(|error| Failure::of("a journal does not replay", &error))?);
                    }
                    Some(piece) => piece
                        .apply(Arc::new(recorded))
                        .map_err(|error| Failure::of("a journal does not replay", &error))?,
                }
            }
            let (rules, Some(piece)) = (self.rules, &after) else { continue };
            if let (Some(changes), Some(before)) = (self.at(first.at), &before) {
                let clocks = project::clocks(key, piece, placed, rules);
                let head = Hash(last.hash.as_slice().try_into().unwrap_or_default());
                changes.pieces.push(project::piece(key, piece, placed, head, &clocks));
                if clocks != project::clocks(key, before, placed, rules) {
                    changes.clocks.push((key.order_id.0, key.stream_id.0));
                    changes.deadlines.extend(clocks);
                }
                if before.settled() != piece.settled() {
                    changes.parts.push((key.order_id.0, key.stream_id.0));
                    changes.components.extend(project::components(key, piece));
                }
                if before.line_status() != piece.line_status() {
                    // Orders of a load have one line.
                    changes.order_status.push((key.order_id.0, piece.line_status().as_str().to_owned()));
                    changes.lines.push(project::line(key, piece));
                }
            }
            before = after;
        }
        Ok(())
    }

    /// The rows that single events brought.
    async fn registers(&mut self, store: &Store, rows: &Changes, own: &[&events::Model]) -> Result<(), Failure> {
        let failed = |error: crate::desk::Error| Failure::of("a journal cannot be read", &error);
        for row in own {
            let event = recorded::read(row).map_err(failed)?.recorded.event;
            let tag = match &event {
                Event::Tagged(tagged) => raw::tag(store, tagged.tag.as_str())
                    .await
                    .map_err(|error| Failure::of("a tag cannot be read back", &error))?,
                _ => None, // No other event takes a tag.
            };
            let Some(changes) = self.at(row.at) else { continue };
            changes.tags.extend(tag);
            let waybill = match &event {
                Event::Dispatched(sent) => {
                    let inside = rows.parcel_pieces.iter().filter(|inside| inside.stream_id == row.stream_id);
                    changes.parcel_pieces.extend(inside.cloned());
                    changes.parcels.extend(rows.parcels.iter().filter(|parcel| parcel.id == sent.parcel_id.0).cloned());
                    Some(&sent.waybill)
                }
                Event::Received(received) => {
                    changes.arrived.extend(received.parcel_id.map(|parcel| (parcel.0, row.at)));
                    None
                }
                Event::Shipped(sent) => {
                    let own = rows.shipments.iter().filter(|shipment| shipment.stream_id == row.stream_id);
                    changes.shipments.extend(own.cloned());
                    Some(&sent.waybill)
                }
                Event::Released(_) => {
                    let place = (row.stream_id, row.seq);
                    changes
                        .capsules
                        .extend(rows.capsules.iter().filter(|own| (own.stream_id, own.seq) == place).cloned());
                    let codes = rows.certificate_codes.iter().filter(|own| (own.stream_id, own.seq) == place);
                    changes.certificate_codes.extend(codes.cloned());
                    let places = rows.status_places.iter().filter(|own| (own.stream_id, own.seq) == place);
                    changes.status_places.extend(places.cloned());
                    None
                }
                _ => None, // The load takes pieces along the main line only.
            };
            if let Some(waybill) = waybill {
                changes.waybills.extend(rows.waybills.iter().filter(|own| own.waybill == waybill.as_str()).cloned());
            }
        }
        Ok(())
    }

    /// The rows that carry their own moment.
    fn beside(&mut self, rows: Changes, proposed: Vec<proposals::Model>) {
        for row in rows.outbox {
            if let Some(own) = self.at(row.created_at) {
                own.outbox.push(row);
            }
        }
        for row in rows.idempotency {
            if let Some(own) = self.at(row.created_at) {
                own.idempotency.push(row);
            }
        }
        for row in proposed {
            if let Some(own) = self.at(row.created_at) {
                own.proposals.push(row);
            }
        }
    }
}
