//! What is asked of an order as a whole: filling a line again, ending one that waits for that, the buyer's answer about
//! the rest, and the clocks of these. Such a command reads every journal of the order, and writes to as many as it
//! concerns, in one transaction.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::cache::{Folded, Tip};
use super::receipt::Receipt;
use super::work::Plan;
use super::{Desk, Error, Request, Seals, Work, cases, order_journal, project, recorded};
use crate::capsule::Hash;
use crate::domain::actor::By;
use crate::domain::cases::Case;
use crate::domain::conduct::Record;
use crate::domain::deadline::OrderClock;
use crate::domain::event::{Event, OrderPlaced, PieceOpened, Recorded, RestAsked};
use crate::domain::ids::{CommandId, OrderId, PieceCode, StreamId, StreamKey};
use crate::domain::obligation::Account;
use crate::domain::order::{LineStatus, order_status};
use crate::domain::orders::{Asked, Facts, OrderCommand, Waits, Whole, asks_rest, decide_order};
use crate::domain::piece::Piece;
use crate::domain::refusal::Refusal;
use crate::domain::route::Stage;
use crate::domain::text::Name;
use crate::rulebook::{Fees, Ground, Rulebook};
use crate::store::entity::{deadlines, events, lines, piece_codes};
use crate::store::{Source, journal};

/// The end of an order's own journal, with what it tells.
#[derive(Clone, Debug)]
pub struct OrderTail {
    pub placed: Arc<OrderPlaced>,
    pub facts: Facts,
    /// What is owed.
    pub account: Account,
    /// The merchant's confirmed faults.
    pub record: Record,
    pub seq: i32,
    pub hash: Hash,
}

/// An order with the ends of all its journals.
pub struct LoadedOrder {
    pub whole: Whole,
    tips: HashMap<StreamId, Tip>,
    pub tail: OrderTail,
}

/// Folds the rows of an order's own journal.
pub fn tail_of(rows: &[events::Model]) -> Result<Option<(Arc<OrderPlaced>, OrderTail)>, Error> {
    let reads = rows.iter().map(recorded::read).collect::<Result<Vec<_>, _>>()?;
    let (Some(first), Some(last)) = (reads.first(), reads.last()) else { return Ok(None) };
    let Event::OrderPlaced(placed) = &first.recorded.event else {
        return Err(Error::corrupt("an order's journal", format!("begins with {}", first.recorded.event.kind())));
    };
    let placed = Arc::new(placed.clone());
    let (account, record) = (Account::default(), Record::default());
    let facts = Facts::default();
    let mut tail =
        OrderTail { placed: placed.clone(), facts, account, record, seq: last.recorded.seq, hash: last.hash };
    reads.iter().try_for_each(|read| tail.follow(&read.recorded))?;
    Ok(Some((placed, tail)))
}

impl OrderTail {
    /// Takes the next event of the journal.
    fn follow(&mut self, recorded: &Recorded) -> Result<(), Error> {
        self.facts.apply(recorded);
        let followed = self.account.follow(recorded).and_then(|()| self.record.follow(recorded));
        followed.map_err(|unfounded| Error::fault("an order's journal does not replay", unfounded))
    }
}

/// The waits of an order that run, as rows.
pub fn order_clocks(order_id: OrderId, whole: &Whole, rules: &Rulebook) -> Vec<deadlines::Model> {
    let running = whole.running().into_iter();
    running
        .filter_map(|(clock, since)| {
            let due_at = rules.due_for(clock, since, whole.facts.moved(clock, since), &whole.placed)?;
            Some(deadlines::Model {
                order_id: order_id.0,
                stream_id: StreamId::ORDER.0,
                kind: clock.to_string(),
                due_at: due_at.as_microsecond(),
                // No event of the order's own sets them all: a piece's does, or a notice that was accepted.
                set_by_seq: 0,
                leased_until_at: None,
            })
        })
        .collect()
}

/// The waits of one order, as the rulebook says.
struct ByRulebook<'a> {
    rules: &'a Rulebook,
    placed: &'a OrderPlaced,
}

impl Waits for ByRulebook<'_> {
    fn of_order(&self, clock: OrderClock, since: Timestamp, moved: Option<Timestamp>) -> Option<Timestamp> {
        self.rules.due_for(clock, since, moved, self.placed)
    }

    fn of_case(&self, report: bool, since: Timestamp) -> Option<Timestamp> {
        self.rules.due_of_case(report, since)
    }
}

fn is_of_case(event: &Event, whole: &Whole, stream_id: StreamId) -> bool {
    matches!(event, Event::CaseOpened(_)) || whole.cases.iter().any(|(own, _)| *own == stream_id)
}

impl Desk {
    /// Carries out one command on a whole order.
    ///
    /// # Errors
    ///
    /// A refusal of the rules, and those of the store.
    pub async fn on_order(
        &self,
        order_id: OrderId,
        command: OrderCommand,
        seals: Seals,
        mut request: Request,
    ) -> Result<Receipt, Error> {
        request.digest_as(command.as_str());
        self.submit(order_id, Work::Order(Box::new(command)), seals, request).await
    }

    /// Records that a channel has accepted a notice of the order's own journal; its clock counts from it. False where
    /// nothing waits for the notice any more.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn order_notice_accepted(
        &self,
        order_id: OrderId,
        (notice, channel, seq): (Name, Name, i32),
        now: Timestamp,
    ) -> Result<bool, Error> {
        let request = self.by_itself(format!("notice-{order_id}-{seq}"), now);
        let command = OrderCommand::NoteAccepted { notice, channel, seq };
        match self.on_order(order_id, command, Seals::default(), request).await {
            Ok(_) => Ok(true),
            Err(Error::Refused(Refusal::NotNow(_))) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The request of what the house does by itself. The key keeps it from being done twice.
    pub(super) fn by_itself(&self, idempotency_key: String, now: Timestamp) -> Request {
        Request {
            by: By::desk(),
            target: "the desk".to_owned(),
            body: idempotency_key.clone().into_bytes(),
            idempotency_key,
            part: String::new(),
            digested: Vec::new(),
            if_match: None,
            command_id: CommandId(Uuid::now_v7()),
            now,
            confirms: None,
        }
    }

    /// The question about the rest of an order that waits for its buyer.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn open_question(&self, order_id: OrderId) -> Result<Option<Asked>, Error> {
        Ok(Self::order_tail(&self.store().source(), order_id).await?.facts.asked)
    }

    /// A code for a piece that is about to be opened.
    pub fn next_piece_code(&self) -> PieceCode {
        self.fresh_piece_code()
    }

    /// The end of an order's own journal.
    pub(super) async fn order_tail(source: &Source<'_>, order_id: OrderId) -> Result<OrderTail, Error> {
        let rows = journal::read(source, StreamKey { order_id, stream_id: StreamId::ORDER }).await?;
        Ok(tail_of(&rows)?.ok_or(Refusal::Absent("order"))?.1)
    }

    /// An order with all its journals.
    pub(super) async fn load_order(source: &Source<'_>, order_id: OrderId) -> Result<LoadedOrder, Error> {
        let rows = journal::of_order(source, order_id).await?;
        let next = rows.iter().map(|row| row.stream_id).max().unwrap_or_default() + 1;
        let (own, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.stream_id == StreamId::ORDER.0);
        let (placed, tail) = tail_of(&own)?.ok_or(Refusal::Absent("order"))?;
        let mut pieces = Vec::new();
        let mut cases = Vec::new();
        let mut tips = HashMap::new();
        for rows in others.chunk_by(|one, next| one.stream_id == next.stream_id) {
            let reads = rows.iter().map(recorded::read).collect::<Result<Vec<_>, _>>()?;
            let (Some(first), Some(last)) = (reads.first(), reads.last()) else { continue };
            let stream_id = StreamId(rows.first().map_or(0, |row| row.stream_id));
            let tip = Tip { hash: last.hash, body_digest: last.body_digest.clone(), since: last.recorded.seq };
            tips.insert(stream_id, tip);
            if matches!(first.recorded.event, Event::CaseOpened(_)) {
                let case = Case::fold(reads.into_iter().map(|read| read.recorded));
                cases.push((stream_id, case.ok_or_else(|| Error::fault("a journal does not replay", stream_id))?));
                continue;
            }
            let piece = Piece::fold(reads.into_iter().map(|read| read.recorded))
                .map_err(|corrupt| Error::fault("a journal does not replay", corrupt))?;
            pieces.push((stream_id, piece));
        }
        let whole = Whole { placed, facts: tail.facts.clone(), pieces, cases, next: StreamId(next) };
        Ok(LoadedOrder { whole, tips, tail })
    }

    /// What a command on a whole order will write.
    pub(super) fn plan_order_command(
        &self,
        order_id: OrderId,
        loaded: LoadedOrder,
        command: &OrderCommand,
        request: &Request,
        (lines, fees): (&[lines::Model], &Fees),
    ) -> Result<Plan, Error> {
        let LoadedOrder { mut whole, mut tips, mut tail } = loaded;
        let rules = self.rules();
        let placed = whole.placed.clone();
        let waits = ByRulebook { rules, placed: &placed };
        let events = decide_order(&whole, command, &request.by, request.now, &waits)?;
        let mut plan = Plan { gather: self.gather(), ..Plan::default() };
        let mut touched: BTreeMap<StreamId, Piece> = BTreeMap::new();
        let mut opened = None;
        for (stream_id, event) in events {
            let key = StreamKey { order_id, stream_id };
            if stream_id == StreamId::ORDER {
                let ended = order_journal::ended_line(&event);
                self.append_to_tail(&mut plan, order_id, &mut tail, event, request)?;
                whole.facts.clone_from(&tail.facts);
                if let Some(line_no) = ended {
                    self.owe_line(&mut plan, order_id, &mut tail, line_no, request)?;
                }
                continue;
            }
            if is_of_case(&event, &whole, stream_id) {
                opened = Some(cases::case_id(key));
                let decides = order_journal::decides(&event);
                self.append_to_case(&mut plan, key, event, &mut whole, &mut tips, request)?;
                if decides {
                    self.owe_case(&mut plan, order_id, &mut tail, (&whole, stream_id), (fees, request))?;
                }
                continue;
            }
            if let Event::PieceOpened(new) = &event {
                opened = Some(new.code.to_string());
                let (piece, tip) = self.open_piece(&mut plan, key, new.clone(), &whole, request)?;
                plan.keep.push((key, Folded { piece: piece.clone(), tip }));
                whole.pieces.push((stream_id, piece));
                continue;
            }
            let Some((_, piece)) = whole.pieces.iter_mut().find(|(own, _)| *own == stream_id) else {
                return Err(Error::fault("a decision names a piece of the order", stream_id));
            };
            touched.entry(stream_id).or_insert_with(|| piece.clone());
            let Some(tip) = tips.get_mut(&stream_id) else {
                return Err(Error::fault("a journal has its end", stream_id));
            };
            let (stage, seq) = (piece.stage(), piece.head() + 1);
            let written = recorded::write(self.vault(), key, seq, tip.hash, event, &request.circumstances())?;
            *tip = Tip { hash: written.hash, body_digest: Some(written.body_digest.to_vec()), since: seq };
            let recorded = Arc::new(plan.event(written));
            piece.apply(recorded.clone()).map_err(|corrupt| Error::fault("a decided event does not fold", corrupt))?;
            if !piece.opened().reference {
                plan.notices(key, seq, &recorded.event, stage, piece.stage(), request.now);
            }
        }
        for (stream_id, before) in touched {
            let Some((_, piece)) = whole.pieces.iter().find(|(own, _)| *own == stream_id) else { continue };
            let Some(tip) = tips.get(&stream_id) else { continue };
            let key = StreamKey { order_id, stream_id };
            self.project_piece(&mut plan, key, &before, piece, &placed, tip.hash);
            let ground = |piece| Ground {
                piece,
                stream_id,
                placed: &placed,
                free_since: None,
                fills: whole.filling(piece.opened().line_no).is_some_and(|(own, _)| *own == stream_id),
            };
            let found = rules.consequences(&ground(&before), &ground(piece), fees);
            let news = found.news(&tail.account, &tail.record);
            self.append_news(&mut plan, order_id, &mut tail, (news, piece.head()), request)?;
            plan.keep.push((key, Folded { piece: piece.clone(), tip: tip.clone() }));
        }
        self.project_order(&mut plan, order_id, &whole, lines);
        plan.receipt = Some(Receipt::Made { id: opened.unwrap_or_default(), new: true });
        plan.keep_order = Some((order_id, placed));
        Ok(plan)
    }

    /// The rows of lines, of the order and of its clocks, as they are now.
    fn project_order(&self, plan: &mut Plan, order_id: OrderId, whole: &Whole, lines: &[lines::Model]) {
        let now: BTreeMap<i32, LineStatus> = whole.lines().into_iter().collect();
        for row in lines {
            let Some((status, (stream_id, piece))) = now.get(&row.line_no).zip(whole.filling(row.line_no)) else {
                continue;
            };
            let attempts = piece.opened().attempt;
            let line =
                lines::Model { status: status.as_str().to_owned(), stream_id: stream_id.0, attempts, ..row.clone() };
            if line != *row {
                plan.changes.lines.retain(|other| other.line_no != line.line_no);
                plan.changes.lines.push(line);
            }
        }
        plan.changes.order_status.push((order_id.0, order_status(now.into_values()).as_str().to_owned()));
        plan.changes.clocks.push((order_id.0, StreamId::ORDER.0));
        plan.changes.deadlines.extend(order_clocks(order_id, whole, self.rules()));
    }

    /// Appends an event to the order's own journal.
    pub(super) fn append_to_tail(
        &self,
        plan: &mut Plan,
        order_id: OrderId,
        tail: &mut OrderTail,
        event: Event,
        request: &Request,
    ) -> Result<(), Error> {
        let key = StreamKey { order_id, stream_id: StreamId::ORDER };
        let seq = tail.seq + 1;
        let written = recorded::write(self.vault(), key, seq, tail.hash, event, &request.circumstances())?;
        tail.hash = written.hash;
        tail.seq = seq;
        let recorded: Recorded = plan.event(written);
        tail.follow(&recorded)?;
        order_journal::project(&mut plan.changes, order_id, tail, seq);
        plan.notices(key, seq, &recorded.event, Stage::AwaitingDispatch, Stage::AwaitingDispatch, request.now);
        plan.changes.order_heads.retain(|(order, _, _)| *order != order_id.0);
        plan.changes.order_heads.push((order_id.0, seq, tail.hash.as_bytes().to_vec()));
        Ok(())
    }

    /// Begins the journal of a piece.
    fn open_piece(
        &self,
        plan: &mut Plan,
        key: StreamKey,
        opened: PieceOpened,
        whole: &Whole,
        request: &Request,
    ) -> Result<(Piece, Tip), Error> {
        let (code, presented) = (opened.code.to_string(), opened.declared.presented_certificate.clone());
        if let Some(certificate) = &presented {
            super::place::present(plan, key, certificate);
        }
        let written =
            recorded::write(self.vault(), key, 1, Hash::ZERO, Event::PieceOpened(opened), &request.circumstances())?;
        let tip = Tip { hash: written.hash, body_digest: None, since: 1 };
        let piece =
            Piece::fold([plan.event(written)]).map_err(|corrupt| Error::fault("a new piece does not fold", corrupt))?;
        let (order_id, stream_id) = (key.order_id.0, key.stream_id.0);
        plan.changes.piece_codes.push(piece_codes::Model { code, order_id, stream_id });
        let stage = Stage::AwaitingDispatch;
        plan.notices(key, 1, &piece.last().event, stage, stage, request.now);
        plan.project_new(key, &piece, &whole.placed, tip.hash, self.rules());
        Ok((piece, tip))
    }

    /// Asks the buyer about the rest where a piece's command ended its line, in the same transaction.
    pub(super) fn ask_rest(
        &self,
        plan: &mut Plan,
        order_id: OrderId,
        placed: &OrderPlaced,
        tail: &mut OrderTail,
        lines: &[(i32, LineStatus)],
        (line_no, request): (i32, &Request),
    ) -> Result<(), Error> {
        if !asks_rest(placed, &tail.facts, lines, line_no) {
            return Ok(());
        }
        self.append_to_tail(plan, order_id, tail, RestAsked { line_no }.into(), request)
    }

    /// The rows beside a piece whose journal grew.
    fn project_piece(
        &self,
        plan: &mut Plan,
        key: StreamKey,
        before: &Piece,
        piece: &Piece,
        placed: &OrderPlaced,
        head: Hash,
    ) {
        let clocks = project::clocks(key, piece, placed, self.rules());
        plan.changes.legs.append(&mut project::legs_since(key, before, piece, placed));
        plan.changes.pieces.push(project::piece(key, piece, placed, head, &clocks));
        plan.changes.clocks.push((key.order_id.0, key.stream_id.0));
        plan.changes.deadlines.extend(clocks);
        if before.standing().release().is_some() && piece.standing().release().is_none() {
            plan.changes.revoked.push((key.order_id.0, key.stream_id.0, piece.last().at.as_microsecond()));
        }
    }
}
