//! The books of a world, as the desk keeps them: what arose, what was reversed, and whose fault it was, each an event that
//! the account and the record take.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use touchstone::domain::actor::Role;
use touchstone::domain::conduct::Record;
use touchstone::domain::event::*;
use touchstone::domain::ids::{IncidentId, ObligationId, StreamId};
use touchstone::domain::obligation::{Account, Fee};
use touchstone::domain::orders::free_since;
use touchstone::domain::piece::Piece;
use touchstone::rulebook::{Consequences, Fees, Ground, Rulebook};
use uuid::Uuid;

use super::world::{World, name};

/// The rules by which something is owed are the house's own, whatever the world's rulebook says of claims.
pub static RULES: LazyLock<Rulebook> = LazyLock::new(|| Rulebook::embedded().unwrap());

/// A fee table in which one fee is missing.
static FEES: LazyLock<Fees> = LazyLock::new(|| {
    let fee = |fee, amount| ((fee, "CNY".to_owned()), amount);
    Fees::from([fee(Fee::Inspection, 1_500), fee(Fee::ReturnFreight, 1_200), fee(Fee::BuyersFreight, 2_500)])
});

#[derive(Clone, Default)]
pub struct Books {
    pub account: Account,
    pub record: Record,
    seq: i32,
}

impl Books {
    /// Writes down what follows from a command on one piece.
    pub fn keep(&mut self, world: &World, before: &Piece, at: usize) -> Result<(), String> {
        let slot = &world.slots[at];
        let (placed, stream_id) = (&*world.order.placed, StreamId(slot.stream));
        let since = before.history().len();
        let late = |recorded: &Arc<Recorded>| matches!(recorded.event, Event::Released(_) | Event::DeadlinePassed(_));
        let asks =
            placed.ship == Ship::Together && 1 < placed.lines.len() && slot.piece.history()[since..].iter().any(late);
        let own = || -> Vec<Recorded> { world.own.iter().map(|recorded| Recorded::clone(recorded)).collect() };
        let free_since = asks.then(|| free_since(placed, &own(), &world.whole().pieces, slot.line_no)).flatten();
        let fills = world.filling(slot.line_no) == at;
        let ground = |piece| Ground { piece, stream_id, placed, free_since, fills };
        let found = RULES.consequences(&ground(before), &ground(&slot.piece), &FEES);
        self.write(found, slot.piece.last().at)
    }

    /// The price of a line that ended without an event of its piece.
    pub fn owe_line(&mut self, world: &World, line_no: i32) -> Result<(), String> {
        let arose = RULES.refund(&world.order.placed, line_no).into_iter().collect();
        self.write(Consequences { arose, ..Consequences::default() }, world.time())
    }

    /// What follows from a case that was decided.
    pub fn owe_case(&mut self, world: &World, stream: StreamId) -> Result<(), String> {
        let case = &world.cases.iter().find(|one| one.stream == stream).ok_or("a case that is there")?.case;
        let about = |slot: &&super::world::Slot| slot.stream == case.opened.piece.0;
        let slot = world.slots.iter().find(about).ok_or("a case is about a piece")?;
        let (piece, stream_id, placed) = (&slot.piece, case.opened.piece, &*world.order.placed);
        let ground = Ground { piece, stream_id, placed, free_since: None, fills: true };
        self.write(RULES.consequences_of_case(case, &ground, &FEES), world.time())
    }

    fn write(&mut self, found: Consequences, at: Timestamp) -> Result<(), String> {
        if found.is_empty() {
            return Ok(());
        }
        let news = found.news(&self.account, &self.record);
        let mut events: Vec<Event> = Vec::new();
        for key in news.reversed {
            let id = self.account.stands(key).ok_or("what is reversed stands")?.arose.id;
            events.push(ObligationReversed { id, cause: None }.into());
        }
        for key in news.withdrawn {
            let id = self.record.stands(key).ok_or("what is withdrawn stands")?.confirmed.id;
            events.push(IncidentWithdrawn { id, cause: 1 }.into());
        }
        for owed in news.arose {
            self.seq += 1;
            events.push(
                ObligationArose {
                    id: ObligationId(Uuid::from_u128(self.seq as u128)),
                    rule: owed.rule,
                    debtor: owed.debtor,
                    creditor: owed.creditor,
                    line_no: owed.line_no,
                    stream_id: owed.stream_id,
                    amount: owed.amount,
                    at_most: owed.at_most,
                    currency: owed.currency,
                    clause: owed.clause,
                    cause: None,
                    rulebook_version: name("1"),
                }
                .into(),
            );
        }
        for fault in news.faults {
            self.seq += 1;
            events.push(
                IncidentConfirmed {
                    id: IncidentId(Uuid::from_u128(self.seq as u128)),
                    kind: fault.kind,
                    line_no: fault.line_no,
                    stream_id: fault.stream_id,
                    occasion: fault.occasion,
                    clause: fault.clause,
                    cause: 1,
                    rulebook_version: name("1"),
                }
                .into(),
            );
        }
        for event in events {
            self.seq += 1;
            let recorded = Recorded { seq: self.seq, at, person: None, key: None, role: Role::Desk, event };
            let followed = self.account.follow(&recorded).and_then(|()| self.record.follow(&recorded));
            followed.map_err(|unfounded| format!("the books do not fold: {unfounded}"))?;
        }
        Ok(())
    }
}
