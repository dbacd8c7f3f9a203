//! An order as a whole: what its own journal tells beside its beginning, and what may be asked of it: filling a line
//! again, ending one that waits for that, the buyer's answer about the rest, and the clocks of these.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::actor::{By, Role};
use super::appraisal::PresentedCertificate;
use super::cases::{Case, CaseCommand};
use super::deadline::OrderClock;
use super::event::*;
use super::ids::{PieceCode, StreamId};
use super::order::LineStatus;
use super::piece::Piece;
use super::refusal::Refusal;
use super::route::Stage;
use super::text::{Name, Sealed};

mod free;

pub use free::free_since;

/// The buyer's question of an order that ships together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The line that failed.
    pub line_no: i32,
    /// The event that asks.
    pub seq: i32,
    /// When a channel had accepted the question; the answer's clock counts from it.
    pub accepted_at: Option<Timestamp>,
}

/// What the order's own journal tells behind its first event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Lines whose time to be filled again ran out.
    pub failed: BTreeSet<i32>,
    /// Lines whose price is wanted back instead of another piece.
    pub cancelled: BTreeSet<i32>,
    /// The question that waits for its answer.
    pub asked: Option<Asked>,
    /// Clocks that were moved: when that was, and before when they do not run out.
    pub moved: BTreeMap<OrderClock, (Timestamp, i64)>,
}

impl Facts {
    pub fn fold<'a>(journal: impl IntoIterator<Item = &'a Recorded>) -> Self {
        let mut facts = Self::default();
        journal.into_iter().for_each(|recorded| facts.apply(recorded));
        facts
    }

    pub fn apply(&mut self, recorded: &Recorded) {
        match &recorded.event {
            Event::RestAsked(asked) => {
                self.asked = Some(Asked { line_no: asked.line_no, seq: recorded.seq, accepted_at: None });
            }
            Event::RestWanted(_) | Event::RestDeclined(_) => self.asked = None,
            Event::LineFailed(failed) => {
                self.failed.insert(failed.line_no);
            }
            Event::LineCancelled(cancelled) => {
                self.cancelled.insert(cancelled.line_no);
            }
            Event::NoticeAccepted(accepted) => {
                if let Some(asked) = self.asked.as_mut().filter(|asked| asked.seq == accepted.seq) {
                    asked.accepted_at.get_or_insert(recorded.at);
                }
            }
            Event::DeadlineMoved(moved) => {
                if let Some(clock) = OrderClock::parse(moved.clock.as_str()) {
                    self.moved.insert(clock, (recorded.at, moved.due_at));
                }
            }
            _ => {} // The other events of an order say nothing of its lines.
        }
    }

    /// Before when a clock that began then does not run out, where it was moved since.
    pub fn moved(&self, clock: OrderClock, since: Timestamp) -> Option<Timestamp> {
        let (at, to) = self.moved.get(&clock)?;
        Timestamp::from_microsecond(*to).ok().filter(|_| since <= *at)
    }

    /// What a line shows, by the piece that fills it and by what the order says of the line.
    pub fn line(&self, line_no: i32, by_piece: LineStatus) -> LineStatus {
        match by_piece {
            LineStatus::Resubmission if self.cancelled.contains(&line_no) => LineStatus::Cancelled,
            LineStatus::Resubmission if self.failed.contains(&line_no) => LineStatus::Failed,
            status => status,
        }
    }
}

/// An order with all its pieces.
#[derive(Clone, Debug)]
pub struct Whole {
    pub placed: Arc<OrderPlaced>,
    pub facts: Facts,
    /// By their streams; a later one of a line follows the earlier.
    pub pieces: Vec<(StreamId, Piece)>,
    pub cases: Vec<(StreamId, Case)>,
    /// The next stream of the order that nothing uses.
    pub next: StreamId,
}

impl Whole {
    /// The piece that fills a line at present.
    pub fn filling(&self, line_no: i32) -> Option<&(StreamId, Piece)> {
        self.pieces.iter().rev().find(|(_, piece)| piece.opened().line_no == line_no)
    }

    /// What a line shows.
    pub fn line(&self, line_no: i32) -> Option<LineStatus> {
        self.filling(line_no).map(|(_, piece)| self.facts.line(line_no, piece.line_status()))
    }

    /// Every line with what it shows.
    pub fn lines(&self) -> Vec<(i32, LineStatus)> {
        let numbers = self.placed.lines.iter().map(|line| line.line_no);
        numbers.filter_map(|line_no| Some((line_no, self.line(line_no)?))).collect()
    }

    /// The waits of the order that run, each with since when.
    pub fn running(&self) -> Vec<(OrderClock, Timestamp)> {
        let mut running = Vec::new();
        for (line_no, status) in self.lines() {
            let left = self.filling(line_no).and_then(|(_, piece)| piece.left());
            if let Some(left) = left.filter(|_| status == LineStatus::Resubmission) {
                running.push((OrderClock::Resubmission { line_no }, left.at));
            }
        }
        running.extend(self.facts.asked.and_then(|asked| Some((OrderClock::Rest, asked.accepted_at?))));
        running
    }
}

/// Whether the buyer is to be asked about the rest, now that this line failed or was cancelled: passed pieces of the
/// order leave together, another line is still on its way to that, and no question is open.
pub fn asks_rest(placed: &OrderPlaced, facts: &Facts, lines: &[(i32, LineStatus)], line_no: i32) -> bool {
    let ended =
        lines.iter().any(|(no, status)| *no == line_no && matches!(status, LineStatus::Failed | LineStatus::Cancelled));
    let waits = lines.iter().any(|(no, status)| *no != line_no && *status < LineStatus::OnTheWay);
    placed.ship == Ship::Together && facts.asked.is_none() && ended && waits
}

/// One thing asked of a whole order. Free text comes sealed.
#[derive(Clone, Debug, PartialEq)]
pub enum OrderCommand {
    /// The merchant sends another piece for a line.
    Resubmit { line_no: i32, code: PieceCode, presented_certificate: Option<PresentedCertificate> },
    /// The price of a line that waits for another piece is wanted back instead.
    CancelLine { line_no: i32, reason: Option<Sealed> },
    /// Whether the rest shall ship.
    AnswerRest { wanted: bool },
    /// A channel has accepted a notice of the order's own.
    NoteAccepted { notice: Name, channel: Name, seq: i32 },
    /// A clock of the order ran out.
    PassDeadline { clock: OrderClock },
    /// The house had lost time: a clock of the order does not run out before then.
    MoveDeadline { clock: OrderClock, to: Timestamp },
    /// Of one of its cases.
    Case(CaseCommand),
}

impl OrderCommand {
    /// Its name in the log and in digests.
    pub fn as_str(&self) -> &'static str {
        match self {
            OrderCommand::Resubmit { .. } => "resubmission",
            OrderCommand::CancelLine { .. } => "line-cancel",
            OrderCommand::AnswerRest { .. } => "rest",
            OrderCommand::NoteAccepted { .. } => "notice-accepted",
            OrderCommand::PassDeadline { .. } => "order-deadline",
            OrderCommand::MoveDeadline { .. } => "order-deadline-moved",
            OrderCommand::Case(command) => command.as_str(),
        }
    }

    /// Who may ask it.
    pub fn roles(&self) -> &'static [Role] {
        match self {
            OrderCommand::Resubmit { .. } => &[Role::Merchant],
            OrderCommand::CancelLine { .. } => &[Role::Platform],
            OrderCommand::AnswerRest { .. } => &[Role::Buyer, Role::Platform],
            OrderCommand::NoteAccepted { .. }
            | OrderCommand::PassDeadline { .. }
            | OrderCommand::MoveDeadline { .. } => &[Role::Desk],
            OrderCommand::Case(command) => command.roles(),
        }
    }
}

/// When a wait that began then is over, by the rulebook.
pub trait Waits {
    /// Not before it was moved to.
    fn of_order(&self, clock: OrderClock, since: Timestamp, moved: Option<Timestamp>) -> Option<Timestamp>;

    /// A case's report, or else its decision.
    fn of_case(&self, report: bool, since: Timestamp) -> Option<Timestamp>;
}

/// What a command makes of an order: events, each of its stream, in order.
pub fn decide_order(
    whole: &Whole,
    command: &OrderCommand,
    by: &By,
    now: Timestamp,
    waits: &dyn Waits,
) -> Result<Vec<(StreamId, Event)>, Refusal> {
    if !command.roles().contains(&by.role) {
        return Err(Refusal::NotYours { role: by.role, needs: command.roles() });
    }
    let running = whole.running();
    let due = |clock: OrderClock| {
        let since = running.iter().find(|(running, _)| *running == clock).map(|(_, since)| *since)?;
        waits.of_order(clock, since, whole.facts.moved(clock, since))
    };
    let over = |clock: OrderClock| due(clock).is_some_and(|due| due <= now);
    let of_order = |event: Event| (StreamId::ORDER, event);
    match command {
        OrderCommand::Resubmit { line_no, code, presented_certificate } => {
            let (stream, before) = waiting(whole, *line_no)?;
            if over(OrderClock::Resubmission { line_no: *line_no }) {
                return Err(Refusal::TooLate("send another piece for this line"));
            }
            let earlier = before.opened();
            let mut declared = earlier.declared.clone();
            declared.presented_certificate = presented_certificate.clone();
            // What the buyer was promised stands: another article changes neither price nor listing.
            let opened = PieceOpened {
                code: code.clone(),
                line_no: *line_no,
                attempt: earlier.attempt + 1,
                follows: Some(stream),
                price: earlier.price.clone(),
                pricing: earlier.pricing,
                custom_made: earlier.custom_made,
                declared,
                segment: before.segment(),
                reference: false,
            };
            Ok(vec![(whole.next, opened.into())])
        }
        OrderCommand::CancelLine { line_no, reason } => {
            waiting(whole, *line_no)?;
            let cancelled = of_order(LineCancelled { line_no: *line_no, reason: reason.clone() }.into());
            Ok(then_ask(whole, vec![cancelled], *line_no))
        }
        OrderCommand::AnswerRest { wanted } => {
            whole.facts.asked.ok_or(Refusal::NotNow("no question about this order is open"))?;
            if *wanted { Ok(vec![of_order(RestWanted {}.into())]) } else { Ok(declined(whole, false)) }
        }
        OrderCommand::NoteAccepted { notice, channel, seq } => {
            let open = whole.facts.asked.filter(|asked| asked.seq == *seq && asked.accepted_at.is_none());
            open.ok_or(Refusal::NotNow("no question waits for this notice, or its clock runs already"))?;
            let accepted = NoticeAccepted { notice: notice.clone(), channel: channel.clone(), seq: *seq };
            Ok(vec![of_order(accepted.into())])
        }
        OrderCommand::PassDeadline { clock } if !over(*clock) => Err(Refusal::NotDue),
        OrderCommand::PassDeadline { clock: OrderClock::Resubmission { line_no } } => {
            let failed = of_order(LineFailed { line_no: *line_no }.into());
            Ok(then_ask(whole, vec![failed], *line_no))
        }
        OrderCommand::PassDeadline { clock: OrderClock::Rest } => Ok(declined(whole, true)),
        OrderCommand::MoveDeadline { clock, to } => {
            due(*clock).filter(|due| *due < *to).ok_or(Refusal::NotDue)?;
            let name = Name::parse(&clock.to_string()).map_err(|_| Refusal::NotDue)?;
            Ok(vec![of_order(DeadlineMoved { clock: name, due_at: to.as_microsecond() }.into())])
        }
        OrderCommand::Case(command) => {
            let of_case = |report, since| waits.of_case(report, since);
            super::cases::decide_case(whole, command, by, now, of_case).map(|event| vec![event])
        }
    }
}

/// The piece of a line that waits for another.
fn waiting(whole: &Whole, line_no: i32) -> Result<(StreamId, &Piece), Refusal> {
    let (stream, piece) = whole.filling(line_no).ok_or(Refusal::Absent("line"))?;
    if whole.line(line_no) == Some(LineStatus::Resubmission) {
        Ok((*stream, piece))
    } else {
        Err(Refusal::NotResubmittable)
    }
}

/// Asks the buyer about the rest behind what ended a line, where that is due.
fn then_ask(whole: &Whole, mut events: Vec<(StreamId, Event)>, line_no: i32) -> Vec<(StreamId, Event)> {
    let ended = |(no, status): (i32, LineStatus)| if no == line_no { (no, LineStatus::Failed) } else { (no, status) };
    let lines: Vec<_> = whole.lines().into_iter().map(ended).collect();
    if asks_rest(&whole.placed, &whole.facts, &lines, line_no) {
        events.push((StreamId::ORDER, RestAsked { line_no }.into()));
    }
    events
}

/// The rest is not wanted: every piece that is not on its way to the buyer goes back, and what waits for another piece
/// waits no more.
fn declined(whole: &Whole, by_deadline: bool) -> Vec<(StreamId, Event)> {
    let mut events = vec![(StreamId::ORDER, RestDeclined { by_deadline }.into())];
    for (line_no, status) in whole.lines() {
        if LineStatus::OnTheWay <= status {
            continue;
        }
        if status == LineStatus::Resubmission {
            events.push((StreamId::ORDER, LineCancelled { line_no, reason: None }.into()));
            continue;
        }
        let Some((stream, piece)) = whole.filling(line_no) else { continue };
        let flagged = piece.standing().flagged();
        match piece.stage() {
            Stage::AwaitingDispatch => events.push((*stream, Cancelled { reason: None }.into())),
            stage if !flagged && stage.allowed().any(|kind| kind == EventKind::CancelRequested) => {
                events.push((*stream, CancelRequested { reason: None }.into()));
            }
            _ => {} // It is on its way back already.
        }
    }
    events
}
