//! The order's own journal (stream 0) as a command needs it: where it ends, and what stands in it of what is owed and of
//! faults. What follows from a piece's command is appended here in the same transaction.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::receipt::Receipt;
use super::registry::Begun;
use super::work::Plan;
use super::{Desk, Error, Request, Seals, recorded};
use crate::capsule::Hash;
use crate::domain::conduct::{Incident, Record};
use crate::domain::event::*;
use crate::domain::ids::{IncidentId, ObligationId, OrderId, StreamId, StreamKey};
use crate::domain::obligation::{Account, Obligation, OwedRule};
use crate::domain::order::LineStatus;
use crate::domain::piece::Piece;
use crate::domain::refusal::Refusal;
use crate::domain::text::Name;
use crate::rulebook::{Consequences, Fault, Fees, Ground, Owed};
use crate::store::changes::Changes;
use crate::store::entity::{incidents, lines, obligations};
use crate::store::{Source, journal, lookups, owed};

/// An order's own journal, folded.
#[derive(Clone, Debug)]
pub struct OrderJournal {
    key: StreamKey,
    pub placed: Arc<OrderPlaced>,
    /// What is owed.
    pub account: Account,
    /// The merchant's confirmed faults.
    pub record: Record,
    head: i32,
    hash: Hash,
}

/// A piece before and after a command, where something may follow from it.
#[derive(Debug)]
pub struct Turn {
    pub before: Piece,
    pub after: Piece,
}

impl Desk {
    /// Reads an order's own journal.
    pub(super) async fn order_journal(&self, source: &Source<'_>, order_id: OrderId) -> Result<OrderJournal, Error> {
        let key = StreamKey { order_id, stream_id: StreamId::ORDER };
        let rows = journal::read(source, key).await?;
        let mut reads = rows.iter().map(recorded::read);
        let first = reads.next().ok_or(Refusal::Absent("order"))??;
        let Event::OrderPlaced(placed) = first.recorded.event else {
            return Err(Error::corrupt("an order's journal", "does not begin with order_placed"));
        };
        let mut own = OrderJournal {
            key,
            placed: Arc::new(placed),
            account: Account::default(),
            record: Record::default(),
            head: first.recorded.seq,
            hash: first.hash,
        };
        for read in reads {
            let read = read?;
            own.follow(&read.recorded)?;
            own.hash = read.hash;
        }
        Ok(own)
    }

    /// Adds what follows from a piece's turn to its plan: what is owed, what no longer is, and whose fault it was.
    pub(super) async fn plan_consequences(
        &self,
        source: &Source<'_>,
        (key, turn): (StreamKey, Turn),
        lines: &[lines::Model],
        plan: &mut Plan,
        own: &mut Option<OrderJournal>,
        (placed, request): (&OrderPlaced, &Request),
    ) -> Result<(), Error> {
        let rules = self.rules();
        let line_no = turn.after.opened().line_no;
        let fills = !lines.iter().any(|row| row.line_no == line_no && key.stream_id.0 < row.stream_id);
        let mut free_since = None;
        let ask = |free_since, fees: &Fees| {
            let ground = |piece| Ground { piece, stream_id: key.stream_id, placed, free_since, fills };
            rules.consequences(&ground(&turn.before), &ground(&turn.after), fees)
        };
        let first = ask(None, &Fees::new());
        if first.is_empty() {
            return Ok(());
        }
        if first.arose.iter().any(|owed| owed.rule == OwedRule::LateRelease) && placed.ship == Ship::Together {
            free_since = self.free_since(source, key.order_id, line_no).await?;
        }
        let fees = self.fees(source, placed).await?;
        if own.is_none() {
            *own = Some(self.order_journal(source, key.order_id).await?);
        }
        let Some(own) = own else { return Ok(()) };
        let news = ask(free_since, &fees).news(&own.account, &own.record);
        own.append_news(self, &mut plan.changes, news, turn.after.head(), &request.circumstances())
    }

    /// The fee table of an order's warehouse.
    pub(super) async fn fees(&self, source: &Source<'_>, placed: &OrderPlaced) -> Result<Fees, Error> {
        let rows = owed::fees_of(source, placed.warehouse_id.as_str()).await?;
        let fee = |text: &str| crate::domain::obligation::Fee::parse(text);
        Ok(rows.into_iter().filter_map(|row| Some(((fee(&row.fee)?, row.currency), row.amount))).collect())
    }

    /// Since when no other line has held back this one: the last moment at which one of the others came to be passed.
    async fn free_since(
        &self,
        source: &Source<'_>,
        order_id: OrderId,
        line_no: i32,
    ) -> Result<Option<Timestamp>, Error> {
        let rows = journal::of_order(source, order_id).await?;
        let mut free = None;
        for rows in rows.chunk_by(|one, next| one.stream_id == next.stream_id) {
            let reads = rows.iter().map(recorded::read).collect::<Result<Vec<_>, _>>()?;
            let mut events = reads.into_iter().map(|read| read.recorded);
            let Some(first) = events.next().filter(|first| matches!(first.event, Event::PieceOpened(_))) else {
                continue; // The order's own, or a case.
            };
            let corrupt = |corrupt| Error::fault("a journal does not replay", corrupt);
            let mut piece = Piece::fold([first]).map_err(corrupt)?;
            if piece.opened().line_no == line_no {
                continue;
            }
            let mut held = true;
            for event in events {
                let at = event.at;
                piece.apply(Arc::new(event)).map_err(corrupt)?;
                let holds = piece.line_status() < LineStatus::Passed;
                if held && !holds {
                    free = free.max(Some(at));
                }
                held = holds;
            }
        }
        Ok(free)
    }

    /// Writes events into an order's own journal in a transaction of their own, once for each idempotency key.
    pub(super) async fn on_order(
        &self,
        order_id: OrderId,
        id: Uuid,
        seals: Seals,
        request: &Request,
        act: impl FnOnce(&OrderJournal) -> Result<Vec<Event>, Error>,
    ) -> Result<Receipt, Error> {
        let mut request = request.clone();
        request.digest_as("order");
        let request = &request;
        let txn = match self.begin_once(request).await? {
            Begun::Answered(answer) => return Ok(answer),
            Begun::Fresh(txn) => txn,
        };
        lookups::lock_orders(&txn, &[order_id.0]).await?;
        let mut own = self.order_journal(&txn.source(), order_id).await?;
        let mut changes = Changes { sealed_texts: seals.rows, ..Changes::default() };
        for event in act(&own)? {
            own.append(self, &mut changes, event, &request.circumstances())?;
        }
        // Nothing that the act has not read can have been written since: the order is locked, or the file is.
        txn.write(changes).await?;
        self.end_once(txn, request, Receipt::Made { id: id.to_string(), new: false }).await
    }
}

impl OrderJournal {
    fn follow(&mut self, recorded: &Recorded) -> Result<(), Error> {
        let followed = self.account.follow(recorded).and_then(|()| self.record.follow(recorded));
        followed.map_err(|unfounded| Error::fault("an order's journal does not replay", unfounded))?;
        self.head = recorded.seq;
        Ok(())
    }

    /// Appends one event, with the rows that it changes. Gives back its place.
    pub fn append(
        &mut self,
        desk: &Desk,
        changes: &mut Changes,
        event: Event,
        circumstances: &recorded::Circumstances<'_>,
    ) -> Result<i32, Error> {
        let seq = self.head + 1;
        let written = recorded::write(desk.vault(), self.key, seq, self.hash, event, circumstances)?;
        self.follow(&written.recorded)?;
        self.hash = written.hash;
        changes.events.push(written.row);
        changes.event_keys.push(written.key);
        let order_id = self.key.order_id.0;
        changes.order_heads.retain(|(other, _, _)| *other != order_id);
        changes.order_heads.push((order_id, seq, self.hash.as_bytes().to_vec()));
        for one in self.account.obligations().iter().filter(|one| one.last_seq == seq) {
            changes.obligations.retain(|row| (row.order_id, row.seq) != (order_id, one.seq));
            changes.obligations.push(obligation_row(self.key.order_id, &self.placed, one));
        }
        for one in self.record.incidents().iter().filter(|one| one.last_seq == seq) {
            changes.incidents.retain(|row| (row.order_id, row.seq) != (order_id, one.seq));
            changes.incidents.push(incident_row(self.key.order_id, &self.placed, one));
        }
        Ok(seq)
    }

    /// Appends what follows from an event at `cause`. Reversals come first, so that what is owed anew may arise.
    pub fn append_news(
        &mut self,
        desk: &Desk,
        changes: &mut Changes,
        news: Consequences,
        cause: i32,
        circumstances: &recorded::Circumstances<'_>,
    ) -> Result<(), Error> {
        let version = crate::domain::command::Rules::version(desk.rules());
        let mut events: Vec<Event> = Vec::new();
        for key in news.reversed {
            let id = self.account.stands(key).map(|one| one.arose.id);
            events.extend(id.map(|id| ObligationReversed { id, cause: Some(cause) }.into()));
        }
        for key in news.withdrawn {
            let id = self.record.stands(key).map(|one| one.confirmed.id);
            events.extend(id.map(|id| IncidentWithdrawn { id, cause }.into()));
        }
        events.extend(news.arose.into_iter().map(|owed| self.arose(owed, Some(cause), version.clone()).into()));
        events.extend(news.faults.into_iter().map(|fault| self.confirmed(fault, cause, version.clone()).into()));
        events.into_iter().try_for_each(|event| self.append(desk, changes, event, circumstances).map(drop))
    }

    /// An obligation under its id: the same key of the same order gives the same, so that nothing arises twice.
    pub fn arose(&self, owed: Owed, cause: Option<i32>, rulebook_version: Name) -> ObligationArose {
        let times = self.account.times(owed.key()).to_string();
        let stream = owed.stream_id.map_or(0, |stream| stream.0).to_string();
        let id = self.name(&["obligation", owed.rule.as_str(), &owed.line_no.to_string(), &stream, &times]);
        ObligationArose {
            id: ObligationId(id),
            rule: owed.rule,
            debtor: owed.debtor,
            creditor: owed.creditor,
            line_no: owed.line_no,
            stream_id: owed.stream_id,
            amount: owed.amount,
            at_most: owed.at_most,
            currency: owed.currency,
            clause: owed.clause,
            cause,
            rulebook_version,
        }
    }

    fn confirmed(&self, fault: Fault, cause: i32, rulebook_version: Name) -> IncidentConfirmed {
        let times = self.record.times((fault.kind, fault.stream_id)).to_string();
        let id = self.name(&["incident", fault.kind.as_str(), &fault.stream_id.to_string(), &times]);
        IncidentConfirmed {
            id: IncidentId(id),
            kind: fault.kind,
            line_no: fault.line_no,
            stream_id: fault.stream_id,
            occasion: fault.occasion,
            clause: fault.clause,
            cause,
            rulebook_version,
        }
    }

    fn name(&self, parts: &[&str]) -> Uuid {
        let hash = Hash::of(format!("{}\n{}", self.key.order_id, parts.join("\n")));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_bytes()[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

/// The row of an obligation.
pub fn obligation_row(order_id: OrderId, placed: &OrderPlaced, one: &Obligation) -> obligations::Model {
    let arose = &one.arose;
    obligations::Model {
        order_id: order_id.0,
        seq: one.seq,
        id: arose.id.0,
        tenant_id: placed.tenant_id.to_string(),
        merchant_id: placed.merchant_id.to_string(),
        warehouse_id: placed.warehouse_id.to_string(),
        line_no: arose.line_no,
        stream_id: arose.stream_id.map(|stream| stream.0),
        rule: arose.rule.as_str().to_owned(),
        debtor: arose.debtor.as_str().to_owned(),
        creditor: arose.creditor.as_str().to_owned(),
        amount: one.amount,
        at_most: arose.at_most,
        currency: arose.currency.as_str().to_owned(),
        clause: arose.clause.to_string(),
        state: one.state.as_str().to_owned(),
        arose_at: one.at.as_microsecond(),
        settled_at: one.settled_at,
        last_seq: one.last_seq,
    }
}

/// The row of an incident.
pub fn incident_row(order_id: OrderId, placed: &OrderPlaced, one: &Incident) -> incidents::Model {
    let confirmed = &one.confirmed;
    incidents::Model {
        order_id: order_id.0,
        seq: one.seq,
        id: confirmed.id.0,
        tenant_id: placed.tenant_id.to_string(),
        merchant_id: placed.merchant_id.to_string(),
        warehouse_id: placed.warehouse_id.to_string(),
        line_no: confirmed.line_no,
        stream_id: confirmed.stream_id.0,
        kind: confirmed.kind.as_str().to_owned(),
        occasion: confirmed.occasion.as_ref().map(ToString::to_string),
        clause: confirmed.clause.to_string(),
        confirmed_at: one.at.as_microsecond(),
        withdrawn_at: one.withdrawn_at.map(Timestamp::as_microsecond),
        read_at: one.read_at.map(Timestamp::as_microsecond),
        appeal: one.appeal.map(|appeal| appeal.as_str().to_owned()),
        lifted_at: one.lifted_at.map(Timestamp::as_microsecond),
        last_seq: one.last_seq,
    }
}
