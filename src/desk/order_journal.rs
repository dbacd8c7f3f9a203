//! What follows from a command for the order's own journal: what is owed, what no longer is, and whose fault it was,
//! appended behind the rest in the same transaction.

use jiff::Timestamp;
use uuid::Uuid;

use super::orders::{OrderTail, tail_of};
use super::receipt::Receipt;
use super::registry::Begun;
use super::work::Plan;
use super::{Desk, Error, Request, Seals, recorded};
use crate::domain::cases::Case;
use crate::domain::command::Rules;
use crate::domain::conduct::Incident;
use crate::domain::event::*;
use crate::domain::ids::{IncidentId, ObligationId, OrderId, StreamId, StreamKey};
use crate::domain::notice::{Notice, Recipient};
use crate::domain::obligation::{Fee, Obligation, Party};
use crate::domain::orders::{Whole, free_since};
use crate::domain::piece::Piece;
use crate::domain::refusal::Refusal;
use crate::rulebook::{Consequences, Fault, Fees, Ground, Owed};
use crate::store::changes::Changes;
use crate::store::entity::{incidents, obligations};
use crate::store::{Source, following, journal, lookups, owed};

/// A piece before and after a command, where something may follow from it.
#[derive(Debug)]
pub struct Turn {
    pub before: Piece,
    pub after: Piece,
}

/// The line that an event of the order ends, where no event of a piece does.
pub fn ended_line(event: &Event) -> Option<i32> {
    match event {
        Event::LineFailed(failed) => Some(failed.line_no),
        Event::LineCancelled(cancelled) => Some(cancelled.line_no),
        _ => None, // The order's other events end no line.
    }
}

/// Whether the event decides a case.
pub fn decides(event: &Event) -> bool {
    matches!(event, Event::CaseDecided(_))
}

/// The rows that an event at this place has made or changed.
pub fn project(changes: &mut Changes, order_id: OrderId, tail: &OrderTail, seq: i32) {
    for one in tail.account.obligations().iter().filter(|one| one.last_seq == seq) {
        changes.obligations.retain(|row| (row.order_id, row.seq) != (order_id.0, one.seq));
        changes.obligations.push(obligation_row(order_id, &tail.placed, one));
    }
    for one in tail.record.incidents().iter().filter(|one| one.last_seq == seq) {
        changes.incidents.retain(|row| (row.order_id, row.seq) != (order_id.0, one.seq));
        changes.incidents.push(incident_row(order_id, &tail.placed, one));
    }
}

impl Desk {
    /// Adds what follows from a piece's turn to its plan. Gives back the end of the order's journal, as far as it was
    /// read: most commands read nothing.
    pub(super) async fn plan_consequences(
        &self,
        source: &Source<'_>,
        (key, turn, fills): (StreamKey, Turn, bool),
        plan: &mut Plan,
        tail: Option<OrderTail>,
        (placed, request): (&OrderPlaced, &Request),
    ) -> Result<Option<OrderTail>, Error> {
        let rules = self.rules();
        let ask = |free_since: Option<Timestamp>, fees: &Fees| {
            let ground = |piece| Ground { piece, stream_id: key.stream_id, placed, free_since, fills };
            rules.consequences(&ground(&turn.before), &ground(&turn.after), fees)
        };
        // Since when nothing held it back is asked where it may have become late, and only then: a release that was
        // excused stays so.
        let free_since = match placed.ship {
            Ship::Together if 1 < placed.lines.len() && may_be_late(&turn) => {
                self.free_since(source, placed, key.order_id, turn.after.opened().line_no).await?
            }
            Ship::Together | Ship::AsReady => None,
        };
        if ask(free_since, &Fees::new()).is_empty() {
            return Ok(tail);
        }
        let fees = self.fees(source, placed).await?;
        let mut tail = match tail {
            Some(tail) => tail,
            None => Self::order_tail(source, key.order_id).await?,
        };
        let news = ask(free_since, &fees).news(&tail.account, &tail.record);
        self.append_news(plan, key.order_id, &mut tail, (news, turn.after.head()), request)?;
        Ok(Some(tail))
    }

    /// Tells a merchant of the first incident of a kind, whatever order it came from: the rule's text (教育先行).
    pub(super) async fn plan_lessons(&self, source: &Source<'_>, plan: &mut Plan, now: Timestamp) -> Result<(), Error> {
        let new: Vec<_> = plan.changes.incidents.iter().filter(|row| row.seq == row.last_seq).cloned().collect();
        for row in new {
            let known = owed::incidents_of(source, &row.tenant_id, &row.merchant_id).await?;
            let before =
                |other: &incidents::Model| other.kind == row.kind && other.withdrawn_at.is_none() && other.id != row.id;
            if !known.iter().any(before) {
                let key = StreamKey { order_id: OrderId(row.order_id), stream_id: StreamId::ORDER };
                plan.notice(key, row.seq, Recipient::Merchant, Notice::Lesson, now);
            }
        }
        Ok(())
    }

    /// The fee table of an order's warehouse.
    pub(super) async fn fees(&self, source: &Source<'_>, placed: &OrderPlaced) -> Result<Fees, Error> {
        let rows = owed::fees_of(source, placed.warehouse_id.as_str()).await?;
        Ok(rows.into_iter().filter_map(|row| Some(((Fee::parse(&row.fee)?, row.currency), row.amount))).collect())
    }

    /// The price of a line that ended without an event of its piece.
    pub(super) fn owe_line(
        &self,
        plan: &mut Plan,
        order_id: OrderId,
        tail: &mut OrderTail,
        line_no: i32,
        request: &Request,
    ) -> Result<(), Error> {
        let arose = self.rules().refund(&tail.placed, line_no).into_iter().collect();
        let news = Consequences { arose, ..Consequences::default() }.news(&tail.account, &tail.record);
        let cause = tail.seq;
        self.append_news(plan, order_id, tail, (news, cause), request)
    }

    /// What a case that was decided makes owed, and whose fault it proves.
    pub(super) fn owe_case(
        &self,
        plan: &mut Plan,
        order_id: OrderId,
        tail: &mut OrderTail,
        (whole, stream_id): (&Whole, StreamId),
        (fees, request): (&Fees, &Request),
    ) -> Result<(), Error> {
        let case = whole.cases.iter().find(|(own, _)| *own == stream_id).map(|(_, case)| case);
        let about = |case: &Case| whole.pieces.iter().find(|(own, _)| *own == case.opened.piece);
        let Some((case, (piece_stream, piece))) = case.and_then(|case| Some((case, about(case)?))) else {
            return Ok(());
        };
        let placed = tail.placed.clone();
        let ground = Ground { piece, stream_id: *piece_stream, placed: &placed, free_since: None, fills: true };
        let news = self.rules().consequences_of_case(case, &ground, fees);
        let news = news.news(&tail.account, &tail.record);
        self.append_news(plan, order_id, tail, (news, piece.head()), request)
    }

    /// Appends what follows from an event at `cause`. Reversals come first, so that what is owed anew may arise.
    pub(super) fn append_news(
        &self,
        plan: &mut Plan,
        order_id: OrderId,
        tail: &mut OrderTail,
        (news, cause): (Consequences, i32),
        request: &Request,
    ) -> Result<(), Error> {
        let mut events: Vec<Event> = Vec::new();
        for key in news.reversed {
            let id = tail.account.stands(key).map(|one| one.arose.id);
            events.extend(id.map(|id| ObligationReversed { id, cause: Some(cause) }.into()));
        }
        for key in news.withdrawn {
            let id = tail.record.stands(key).map(|one| one.confirmed.id);
            events.extend(id.map(|id| IncidentWithdrawn { id, cause }.into()));
        }
        events.extend(news.arose.into_iter().map(|owed| self.arose(order_id, tail, owed, cause).into()));
        events.extend(news.faults.into_iter().map(|fault| self.confirmed(order_id, tail, fault, cause).into()));
        events.into_iter().try_for_each(|event| self.append_to_tail(plan, order_id, tail, event, request))
    }

    /// An obligation under its id: the same key of the same order gives the same, so that nothing arises twice.
    fn arose(&self, order_id: OrderId, tail: &OrderTail, owed: Owed, cause: i32) -> ObligationArose {
        let times = tail.account.times(owed.key()).to_string();
        let stream = owed.stream_id.map_or(0, |stream| stream.0).to_string();
        let parts = ["obligation", owed.rule.as_str(), &owed.line_no.to_string(), &stream, &times];
        ObligationArose {
            id: ObligationId(name(order_id, &parts)),
            rule: owed.rule,
            debtor: owed.debtor,
            creditor: owed.creditor,
            line_no: owed.line_no,
            stream_id: owed.stream_id,
            amount: owed.amount,
            at_most: owed.at_most,
            currency: owed.currency,
            clause: owed.clause,
            cause: Some(cause),
            rulebook_version: self.rules().version(),
        }
    }

    fn confirmed(&self, order_id: OrderId, tail: &OrderTail, fault: Fault, cause: i32) -> IncidentConfirmed {
        let times = tail.record.times((fault.kind, fault.stream_id)).to_string();
        let parts = ["incident", fault.kind.as_str(), &fault.stream_id.to_string(), &times];
        IncidentConfirmed {
            id: IncidentId(name(order_id, &parts)),
            kind: fault.kind,
            line_no: fault.line_no,
            stream_id: fault.stream_id,
            occasion: fault.occasion,
            clause: fault.clause,
            cause,
            rulebook_version: self.rules().version(),
        }
    }

    /// Since when nothing of its order held a line back.
    async fn free_since(
        &self,
        source: &Source<'_>,
        placed: &OrderPlaced,
        order_id: OrderId,
        line_no: i32,
    ) -> Result<Option<Timestamp>, Error> {
        let rows = journal::of_order(source, order_id).await?;
        let (mut own, mut pieces) = (Vec::new(), Vec::new());
        for rows in rows.chunk_by(|one, next| one.stream_id == next.stream_id) {
            let reads = rows.iter().map(recorded::read).collect::<Result<Vec<_>, _>>()?;
            let events: Vec<_> = reads.into_iter().map(|read| read.recorded).collect();
            match events.first().map(|first| &first.event) {
                Some(Event::OrderPlaced(_)) => own = events,
                Some(Event::PieceOpened(_)) => {
                    let stream_id = StreamId(rows.first().map_or(0, |row| row.stream_id));
                    let piece =
                        Piece::fold(events).map_err(|corrupt| Error::fault("a journal does not replay", corrupt))?;
                    pieces.push((stream_id, piece));
                }
                _ => {} // A case holds nothing back.
            }
        }
        Ok(free_since(placed, &own, &pieces, line_no))
    }

    /// Writes events into an order's own journal in a transaction of their own, once for each idempotency key.
    pub(super) async fn in_order(
        &self,
        order_id: OrderId,
        id: Uuid,
        seals: Seals,
        request: &Request,
        act: impl FnOnce(&OrderTail) -> Result<Vec<Event>, Error>,
    ) -> Result<Receipt, Error> {
        let mut request = request.clone();
        request.digest_as("order");
        let txn = match self.begin_once(&request).await? {
            Begun::Answered(answer) => return Ok(answer),
            Begun::Fresh(txn) => txn,
        };
        lookups::lock_orders(&txn, &[order_id.0]).await?;
        let rows = journal::read(&txn.source(), StreamKey { order_id, stream_id: StreamId::ORDER }).await?;
        let (_, mut tail) = tail_of(&rows)?.ok_or(Refusal::Absent("order"))?;
        let mut plan = Plan { gather: self.gather(), ..Plan::default() };
        plan.changes.sealed_texts = seals.rows;
        for event in act(&tail)? {
            let settled = match &event {
                Event::ObligationSettled(settled) => tail.account.find(settled.id).map(|one| one.arose.creditor),
                _ => None, // The others settle nothing.
            };
            self.append_to_tail(&mut plan, order_id, &mut tail, event, &request)?;
            if settled == Some(Party::Buyer) {
                let key = StreamKey { order_id, stream_id: StreamId::ORDER };
                plan.notice(key, tail.seq, Recipient::Buyer, Notice::RefundSettled, request.now);
            }
        }
        // Nothing that was not read can have been written since: the order is locked, or the file is.
        txn.write(plan.changes).await?;
        self.end_once(txn, &request, Receipt::Made { id: id.to_string(), new: false }).await
    }
}

/// Whether a turn holds what may be later than the house promises.
fn may_be_late(turn: &Turn) -> bool {
    let since = usize::try_from(turn.before.head()).unwrap_or_default();
    let new = turn.after.history().iter().skip(since);
    new.into_iter().any(|recorded| matches!(recorded.event, Event::Released(_) | Event::DeadlinePassed(_)))
}

fn name(order_id: OrderId, parts: &[&str]) -> Uuid {
    following(format!("{order_id}\n{}", parts.join("\n")))
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
