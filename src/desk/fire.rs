//! Clocks that ran out: each is fired through the one door, and decided on its journal. A row is only the reminder: what
//! was met meanwhile, or fired by another worker, does not happen again, whatever the row says.

use jiff::Timestamp;

use super::orders::order_clocks;
use super::restore::Held;
use super::{Desk, Error, Seals, cases, project};
use crate::domain::cases::{CaseCommand, DECISION, REPORT};
use crate::domain::command::Command;
use crate::domain::deadline::{Clock, OrderClock};
use crate::domain::ids::{OrderId, StreamId, StreamKey};
use crate::domain::orders::OrderCommand;
use crate::domain::refusal::Refusal;
use crate::store::changes::Changes;
use crate::store::entity::deadlines;
use crate::store::{deadlines as rows, lookups};

/// What became of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fired {
    /// Its consequence happened, now or before.
    Done,
    /// Nothing is due by the journal: the row was wrong, and is set anew.
    Renewed,
    /// A reminder, and it is night where its reader lives: it is looked at again when the lease is over.
    Waits,
}

impl Desk {
    /// Takes rows that are due for this worker alone, for as long as the lease lasts.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn lease_due(&self, now: Timestamp, limit: u64) -> Result<Vec<deadlines::Model>, Error> {
        let due = rows::due(self.store().reader(), now.as_microsecond(), limit).await?;
        // Nothing runs out for anybody while a restored house is held.
        if due.is_empty() || self.held(now).await? == Held::Yes {
            return Ok(Vec::new());
        }
        let txn = self.store().begin().await?;
        let leased = rows::lease(&*txn, due, now.as_microsecond()).await?;
        txn.commit().await?;
        Ok(leased)
    }

    /// Fires one clock.
    ///
    /// # Errors
    ///
    /// Those of the store. A refusal by the rules is none: then the row is set anew.
    pub async fn fire(&self, row: &deadlines::Model, now: Timestamp) -> Result<Fired, Error> {
        let order_id = OrderId(row.order_id);
        let key = StreamKey { order_id, stream_id: StreamId(row.stream_id) };
        let mut request = self.by_itself(format!("{}-{}", row.kind, row.due_at), now);
        request.part = format!("{order_id}/{}/{}", row.stream_id, row.set_by_seq);
        if let Some(clock) = Clock::parse_reminder(&row.kind)
            && let Some(placed) = self.read_placed(order_id).await?
            && self.rules().is_night(clock, &placed, now)
        {
            return Ok(Fired::Waits);
        }
        let clock = Clock::parse(&row.kind).or_else(|| Clock::parse_reminder(&row.kind));
        let fired = match (clock, OrderClock::parse(&row.kind)) {
            (Some(clock), _) => {
                self.carry_out(key, Command::PassDeadline { clock }, Seals::default(), request).await.map(drop)
            }
            (None, Some(clock)) => {
                let command = OrderCommand::PassDeadline { clock };
                self.on_order(order_id, command, Seals::default(), request).await.map(drop)
            }
            (None, None) if row.kind == REPORT || row.kind == DECISION => {
                let command = OrderCommand::Case(CaseCommand::PassDeadline { case: key.stream_id });
                self.on_order(order_id, command, Seals::default(), request).await.map(drop)
            }
            (None, None) => Err(Refusal::NotDue.into()),
        };
        match fired {
            Ok(()) => Ok(Fired::Done),
            Err(Error::Refused(refusal)) => {
                tracing::debug!(order.id = %order_id, clock = row.kind, refusal = refusal.code(), "not due any more");
                self.renew_clocks(order_id).await?;
                Ok(Fired::Renewed)
            }
            Err(error) => Err(error),
        }
    }

    /// Sets every clock of an order as its journals tell it.
    async fn renew_clocks(&self, order_id: OrderId) -> Result<(), Error> {
        let txn = self.store().begin().await?;
        lookups::lock_orders(&txn, &[order_id.0]).await?;
        let loaded = Self::load_order(&txn.source(), order_id).await?;
        let mut changes = Changes::default();
        changes.clocks.push((order_id.0, StreamId::ORDER.0));
        changes.deadlines.extend(order_clocks(order_id, &loaded.whole, self.rules()));
        for (stream_id, piece) in &loaded.whole.pieces {
            let key = StreamKey { order_id, stream_id: *stream_id };
            changes.clocks.push((order_id.0, stream_id.0));
            changes.deadlines.extend(project::clocks(key, piece, &loaded.whole.placed, self.rules()));
        }
        for (stream_id, case) in &loaded.whole.cases {
            changes.clocks.push((order_id.0, stream_id.0));
            changes.deadlines.extend(cases::clock(StreamKey { order_id, stream_id: *stream_id }, case, self.rules()));
        }
        txn.write(changes).await?;
        Ok(txn.commit().await?)
    }
}
