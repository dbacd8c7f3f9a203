//! One order as it is tried: its world and its books, and what must hold of every single step.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use jiff::Timestamp;
use touchstone::domain::actor::{By, Role};
use touchstone::domain::cases::Case;
use touchstone::domain::command::{Command, decide};
use touchstone::domain::event::{Event, EventKind, Ship};
use touchstone::domain::ids::StreamId;
use touchstone::domain::order::{LineStatus, order_status};
use touchstone::domain::orders::{Facts, OrderCommand, asks_rest};
use touchstone::domain::piece::Piece;
use touchstone::domain::route::{EDGES, Edge, Stage, Standing, Target};
use touchstone::domain::sidelines::{Exception, ReturnIntake};

use super::books::Books;
use super::moves::Try;
use super::world::{CAST, Setting, World, written};
use super::{asks, gate, owes};

/// What was seen on the way.
#[derive(Default)]
pub struct Tally {
    pub commands: u64,
    pub accepted: u64,
    pub events_offered: u64,
    pub refusals: BTreeMap<&'static str, u64>,
    pub edges: BTreeMap<Edge, u64>,
    /// What was asked of whole orders and of cases, and carried out.
    pub asked: BTreeMap<&'static str, u64>,
    /// The rules by which something was owed.
    pub owed: BTreeMap<&'static str, u64>,
    pub faults: BTreeMap<&'static str, u64>,
    /// The steps of the ladder of conduct to which they led.
    pub steps: BTreeMap<i32, u64>,
    pub released: u64,
    pub orders: u64,
}

impl Tally {
    /// What others saw.
    pub fn add(&mut self, other: Self) {
        fn sum<K: Ord>(mine: &mut BTreeMap<K, u64>, others: BTreeMap<K, u64>) {
            others.into_iter().for_each(|(key, count)| *mine.entry(key).or_default() += count);
        }
        self.commands += other.commands;
        self.accepted += other.accepted;
        self.events_offered += other.events_offered;
        self.released += other.released;
        self.orders += other.orders;
        sum(&mut self.refusals, other.refusals);
        sum(&mut self.edges, other.edges);
        sum(&mut self.asked, other.asked);
        sum(&mut self.owed, other.owed);
        sum(&mut self.faults, other.faults);
        sum(&mut self.steps, other.steps);
    }
}

/// An order with its books.
#[derive(Clone)]
pub struct Run {
    pub world: World,
    pub books: Books,
}

/// Takes the account of a run, where one is wished.
pub type Told = Option<String>;

fn tell(told: &mut Told, line: impl FnOnce() -> String) {
    if let Some(told) = told {
        // Writing to a string does not fail.
        let _ = writeln!(told, "  {}", line());
    }
}

fn who(by: &By) -> String {
    let person = |id, role: Option<Role>| {
        let known = CAST.iter().find(|who| who.by().person == id && role.is_none_or(|role| who.role == role));
        known.map_or("somebody", |who| who.name)
    };
    match by.proposer {
        None => person(by.person, Some(by.role)).to_owned(),
        Some(proposer) => {
            format!("{} after {}", person(by.person, Some(by.role)), person(proposer.person_id, None))
        }
    }
}

impl Run {
    pub fn new(setting: &Setting) -> Self {
        Self { world: World::new(setting), books: Books::default() }
    }

    /// Tries one thing, on the piece at this place or on the whole order. True where it was carried out.
    pub fn attempt(&mut self, at: usize, attempt: Try, tally: &mut Tally, told: &mut Told) -> Result<bool, String> {
        let now = self.world.now();
        match attempt {
            Try::Command(command, by) => self.command(at, &command, &by, now, tally, told),
            Try::Order(command, by) => self.ask(&command, &by, now, tally, told),
            Try::Event(event, by) => self.offer(at, event, &by, now, tally, told),
        }
    }

    fn command(
        &mut self,
        at: usize,
        command: &Command,
        by: &By,
        now: Timestamp,
        tally: &mut Tally,
        told: &mut Told,
    ) -> Result<bool, String> {
        tally.commands += 1;
        let world = &self.world;
        let (piece, line) = (&world.slots[at].piece, world.slots[at].line_no);
        let before = (piece.standing().clone(), piece.head());
        let events = match decide(piece, &world.order, command, by, now, &*world.book) {
            Ok(events) => events,
            Err(refusal) => {
                *tally.refusals.entry(refusal.code()).or_default() += 1;
                tell(told, || format!("line {line}, {}: {:?}: {}", who(by), command.kind(), refusal.code()));
                let traced = (piece.standing(), piece.head()) != (&before.0, before.1);
                return if traced { Err("a refusal left a trace".into()) } else { Ok(false) };
            }
        };
        tally.accepted += 1;
        if events.is_empty() {
            return Err(format!("{:?} was carried out and nothing happened", command.kind()));
        }
        tell(told, || format!("line {line}, {}: {:?}", who(by), command));
        check_person(piece, command, by)?;
        let (kind, stage) = (command.kind(), piece.stage());
        if !kind.fits(stage) || !kind.roles_in(stage).contains(&by.role) {
            return Err(format!("{kind:?} was carried out in {stage} against the table of commands"));
        }
        self.follow(at, events, by, now, tally, told)
    }

    fn offer(
        &mut self,
        at: usize,
        event: Event,
        by: &By,
        now: Timestamp,
        tally: &mut Tally,
        told: &mut Told,
    ) -> Result<bool, String> {
        tally.events_offered += 1;
        let kind = event.kind();
        let piece = &self.world.slots[at].piece;
        let (before, head, line) = (piece.standing().clone(), piece.head(), self.world.slots[at].line_no);
        let known = before.stage().allowed().any(|allowed| allowed == kind);
        match before.advance(Arc::new(written(head + 1, event.clone(), by, now))) {
            Ok(_) if known => {
                tell(told, || format!("line {line}, {}: event {event:?}", who(by)));
                self.follow(at, vec![event], by, now, tally, told)
            }
            Ok(_) => Err(format!("{kind} has no edge in {} and was taken", before.stage())),
            Err(rejected) => {
                tell(told, || format!("line {line}: event {kind}: {rejected}"));
                let refused = self.world.record(at, event, by, now);
                let piece = &self.world.slots[at].piece;
                if refused.is_ok() || *piece.standing() != before || piece.head() != head {
                    return Err(format!("{kind} was refused and left a trace"));
                }
                Ok(false)
            }
        }
    }

    /// Lets a command's events happen to a piece, and what follows from them to the order, as the desk does it in one
    /// transaction.
    fn follow(
        &mut self,
        at: usize,
        events: Vec<Event>,
        by: &By,
        now: Timestamp,
        tally: &mut Tally,
        told: &mut Told,
    ) -> Result<bool, String> {
        let before = self.world.slots[at].piece.clone();
        for event in events {
            happen(&mut self.world, at, event, by, now, tally, told)?;
        }
        self.books.keep(&self.world, &before, at)?;
        let slot = &self.world.slots[at];
        let line_no = slot.line_no;
        if before.line_status() != slot.piece.line_status() && self.world.filling(line_no) == at {
            let (placed, facts, lines) = (&self.world.order.placed, &self.world.facts, &self.world.order.lines);
            if asks_rest(placed, facts, lines, line_no) {
                self.own(touchstone::domain::event::RestAsked { line_no }.into(), by, now, told)?;
            }
        }
        self.world.look();
        Ok(true)
    }

    fn ask(
        &mut self,
        command: &OrderCommand,
        by: &By,
        now: Timestamp,
        tally: &mut Tally,
        told: &mut Told,
    ) -> Result<bool, String> {
        tally.commands += 1;
        let events = match self.world.decide_order(command, by, now) {
            Ok(events) => events,
            Err(refusal) => {
                *tally.refusals.entry(refusal.code()).or_default() += 1;
                tell(told, || format!("{}: {command:?}: {}", who(by), refusal.code()));
                return Ok(false);
            }
        };
        tally.accepted += 1;
        *tally.asked.entry(command.as_str()).or_default() += 1;
        tell(told, || format!("{}: {command:?}", who(by)));
        if events.is_empty() {
            return Err(format!("{} was carried out and nothing happened", command.as_str()));
        }
        asks::check_person(command, by)?;
        let mut touched: BTreeMap<usize, Piece> = BTreeMap::new();
        for (stream, event) in events {
            let is_case =
                matches!(event, Event::CaseOpened(_)) || self.world.cases.iter().any(|one| one.stream == stream);
            if stream == StreamId::ORDER {
                self.own(event, by, now, told)?;
            } else if is_case {
                asks::check_event(&self.world, stream, &event, by)?;
                round_trip(&event)?;
                tell(told, || format!("    case {stream}: {}", event.kind()));
                let decided = matches!(event, Event::CaseDecided(_));
                self.world.record_case(stream, event, by, now).ok_or("decided of a case, and it does not fold")?;
                if decided {
                    self.books.owe_case(&self.world, stream)?;
                }
            } else if matches!(event, Event::PieceOpened(_)) {
                asks::check_event(&self.world, stream, &event, by)?;
                round_trip(&event)?;
                self.world.open(stream, event, by, now);
            } else {
                let of = self.world.slots.iter().position(|slot| slot.stream == stream.0);
                let at = of.ok_or("a decision names a piece of the order")?;
                touched.entry(at).or_insert_with(|| self.world.slots[at].piece.clone());
                happen(&mut self.world, at, event, by, now, tally, told)?;
            }
        }
        for (at, before) in touched {
            self.books.keep(&self.world, &before, at)?;
        }
        self.world.look();
        Ok(true)
    }

    /// An event of the order's own journal.
    fn own(&mut self, event: Event, by: &By, now: Timestamp, told: &mut Told) -> Result<(), String> {
        asks::check_event(&self.world, StreamId::ORDER, &event, by)?;
        round_trip(&event)?;
        tell(told, || format!("    order: {}", event.kind()));
        let ended = match &event {
            Event::LineFailed(failed) => Some(failed.line_no),
            Event::LineCancelled(cancelled) => Some(cancelled.line_no),
            _ => None, // The order's other events end no line.
        };
        self.world.record_own(event, by, now);
        match ended {
            Some(line_no) => self.books.owe_line(&self.world, line_no),
            None => Ok(()),
        }
    }

    /// What is held in hand is what the journals say, and the books are what they make owed.
    pub fn check(&self) -> Result<(), String> {
        check_fold(&self.world)?;
        owes::check(&self.world, &self.books)
    }

    /// The same at the end, with what was seen of what is owed; and whatever was tried on it since, a closed piece is
    /// what it was when it closed.
    pub fn end(&self, tally: &mut Tally) -> Result<(), String> {
        self.check()?;
        tally.orders += 1;
        for one in self.books.account.obligations() {
            *tally.owed.entry(one.arose.rule.as_str()).or_default() += 1;
        }
        for one in self.books.record.incidents() {
            *tally.faults.entry(one.confirmed.kind.as_str()).or_default() += 1;
        }
        for slot in self.world.slots.iter().filter(|slot| slot.piece.stage() == Stage::Closed) {
            let last = slot.journal.len() - 1;
            let before = slot.journal[..last].iter().map(|recorded| (**recorded).clone());
            if Piece::fold(before).map_err(|corrupt| corrupt.to_string())?.stage() == Stage::Closed {
                return Err("something happened to a closed piece".into());
            }
        }
        Ok(())
    }
}

/// One event happens, and everything that must hold of it is looked at.
fn happen(
    world: &mut World,
    at: usize,
    event: Event,
    by: &By,
    now: Timestamp,
    tally: &mut Tally,
    told: &mut Told,
) -> Result<(), String> {
    let before = world.slots[at].piece.standing().clone();
    let kind = event.kind();
    round_trip(&event)?;
    gate::check_pair(&world.slots[at].piece, by.person, &event)?;
    world.record(at, event, by, now).map_err(|corrupt| format!("decided and then refused: {corrupt}"))?;
    let slot = &world.slots[at];
    let after = slot.piece.standing();
    tell(told, || format!("    {:>3} {kind} → {}", slot.piece.head(), after.stage()));

    if before.stage() == Stage::Closed {
        return Err(format!("a closed piece took {kind}"));
    }
    if let Some(edge) = edge(&before, kind, after) {
        *tally.edges.entry(edge).or_default() += 1;
    } else if before != *after {
        return Err(format!("{} took {kind} to {}, which is no edge", before.stage(), after.stage()));
    }
    if before.flagged() && !after.flagged() && !matches!(after.stage(), Stage::Returning | Stage::Closed) {
        return Err(format!("a flagged piece went from {} to {}", before.stage(), after.stage()));
    }
    if kind == EventKind::Released {
        tally.released += 1;
        gate::check(&slot.journal, world.book.needed).map_err(|why| format!("released in spite of it: {why}"))?;
    }
    if kind == EventKind::Tagged && world.order.placed.ship == Ship::Together {
        if world.facts.asked.is_some() {
            return Err("tagged while the buyer is asked about the rest".into());
        }
        let waits = world.order.lines.iter().find(|(line_no, status)| {
            use LineStatus::*;
            *line_no != slot.line_no && matches!(status, Waiting | InVerification | NeedsBuyer | Resubmission)
        });
        if let Some((line_no, _)) = waits {
            return Err(format!("tagged while line {line_no} of an order that ships together is not ready"));
        }
    }
    Ok(())
}

fn edge(before: &Standing, kind: EventKind, after: &Standing) -> Option<Edge> {
    let to = after.outcome().map_or(Target::To(after.stage()), Target::End);
    let edge = Edge { from: before.stage(), kind, to };
    EDGES.contains(&edge).then_some(edge)
}

/// An event as it is stored reads back as it was, to the letter.
fn round_trip(event: &Event) -> Result<(), String> {
    let kind = event.kind();
    let payload = serde_json::to_string(event).map_err(|error| error.to_string())?;
    let read = Event::parse(kind.as_str(), kind.version(), &payload).map_err(|error| error.to_string())?;
    let again = serde_json::to_string(&read).map_err(|error| error.to_string())?;
    if read != *event || again != payload {
        return Err(format!("{kind} reads back otherwise: {payload} as {again}"));
    }
    Ok(())
}

/// Who stands behind a command that was carried out (`journey.md`, "The machine"), told apart from the decision's own
/// table.
fn check_person(piece: &Piece, command: &Command, by: &By) -> Result<(), String> {
    use Role::*;
    let may: &[Role] = match command {
        Command::Dispatch { .. } => &[Merchant, Platform],
        Command::Receive { .. }
        | Command::Tag { .. }
        | Command::Untag { .. }
        | Command::Ship { .. }
        | Command::ShipReturn { .. }
        | Command::CloseReturn { .. } => &[Clerk],
        Command::OpenAppraisal
        | Command::HandOver { .. }
        | Command::SubmitAppraisal { .. }
        | Command::RepeatMeasurement { .. }
        | Command::ProposeLedger
        | Command::SettleLedger { .. }
        | Command::GiveVerdict { .. } => &[Inspector],
        Command::ReadTranscript => &[Desk],
        Command::RecordSpeechUnavailable { .. } | Command::Release { .. } => &[Inspector, Supervisor],
        Command::AnswerSameArticle { .. } => &[Clerk, Inspector],
        Command::AcceptDifference { .. } | Command::RefuseDifference => &[Role::Buyer],
        Command::ReopenAppraisal { .. } | Command::RevokeCapsule { .. } => &[Supervisor],
        Command::Deliver { .. } | Command::Complete => &[Platform],
        Command::Cancel { .. } if piece.stage() == Stage::AwaitingDispatch => &[Platform, Supervisor],
        Command::Cancel { .. } => &[Platform],
        Command::LapseAppeal { .. } => &[Merchant, Platform, Supervisor],
        Command::Except(Exception::Found { .. }) => &[Clerk],
        Command::Except(Exception::Resolved { .. }) => &[Supervisor],
        Command::FindWayOut(_) | Command::EndHold(_) | Command::Override { .. } => &[Supervisor],
        Command::Appeal { .. } => &[Merchant, Platform],
        Command::SendBack(_) => &[Role::Buyer, Platform],
        Command::TakeBack(ReturnIntake::Received { .. }) => &[Clerk],
        Command::TakeBack(ReturnIntake::Judged { .. }) => &[Clerk, Inspector, Supervisor],
        Command::PassDeadline { .. } | Command::MoveDeadline { .. } => &[Role::Desk],
        Command::ReportCustody { .. } | Command::Correct { .. } => &[Clerk, Inspector, Supervisor],
        Command::SetSegment { .. } => &[Platform, Inspector, Supervisor],
        Command::AddNote { .. } => &[Platform, Merchant, Clerk, Inspector, Supervisor],
        Command::AddPhoto { .. } => &[Clerk, Inspector],
        Command::Transit { .. } => &[Supervisor],
        Command::HearCarrier { .. } => &[Role::Carrier],
        Command::NoteAccepted { .. } => &[Role::Desk],
    };
    if may.contains(&by.role) { Ok(()) } else { Err(format!("a {} carried out {:?}", by.role, command.kind())) }
}

/// Each event led where the machine says.
fn check_way(slot: &super::world::Slot) -> Result<(), String> {
    let mut piece = Piece::fold([(*slot.journal[0]).clone()]).map_err(|corrupt| corrupt.to_string())?;
    for (recorded, led) in slot.journal.iter().zip(&slot.way).skip(1) {
        piece.apply(recorded.clone()).map_err(|corrupt| corrupt.to_string())?;
        if (piece.stage(), piece.standing().outcome()) != *led {
            return Err(format!("event {} led to {led:?}, and folds to {}", recorded.seq, piece.stage()));
        }
    }
    Ok(())
}

/// What is held in hand is what the journals say: standings, sequence numbers, lines, order and cases.
fn check_fold(world: &World) -> Result<(), String> {
    let folded = |slot: &super::world::Slot| Piece::fold(slot.journal.iter().map(|recorded| (**recorded).clone()));
    let facts = Facts::fold(world.own.iter().map(|recorded| &**recorded));
    if facts != world.facts {
        return Err(format!("the order's journal folds to {facts:?}, not to {:?}", world.facts));
    }
    let mut pieces = Vec::new();
    for slot in &world.slots {
        let folded = folded(slot).map_err(|corrupt| corrupt.to_string())?;
        if folded.standing() != slot.piece.standing() || folded.head() != slot.piece.head() {
            return Err(format!("the journal folds to {:?}, not to {:?}", folded.standing(), slot.piece.standing()));
        }
        check_way(slot)?;
        if !slot.journal.iter().map(|recorded| recorded.seq).eq(1..=slot.piece.head()) {
            return Err("the sequence numbers have a gap".into());
        }
        pieces.push((slot.line_no, folded));
    }
    for one in &world.cases {
        let case = Case::fold(one.journal.iter().map(|recorded| (**recorded).clone())).ok_or("a case does not fold")?;
        if (case.state(), case.head()) != (one.case.state(), one.case.head()) {
            return Err(format!("a case folds to {}, not to {}", case.state(), one.case.state()));
        }
    }
    // A line shows what its latest piece shows, unless it waits for another and that was called off.
    let mut statuses = Vec::new();
    for (line_no, _) in &world.order.lines {
        let latest = pieces.iter().rev().find(|(no, _)| no == line_no).ok_or("a line has a piece")?;
        let called_off = (facts.cancelled.contains(line_no), facts.failed.contains(line_no));
        statuses.push((
            *line_no,
            match (latest.1.line_status(), called_off) {
                (LineStatus::Resubmission, (true, _)) => LineStatus::Cancelled,
                (LineStatus::Resubmission, (_, true)) => LineStatus::Failed,
                (status, _) => status,
            },
        ));
    }
    if statuses != world.order.lines {
        return Err(format!("the lines show {:?}, and fold to {statuses:?}", world.order.lines));
    }
    let shown = order_status(world.order.lines.iter().map(|(_, status)| *status));
    // The least advanced open line; with none open, the best end: done, then failed, then cancelled.
    use LineStatus::*;
    let ranks =
        [Waiting, InVerification, NeedsBuyer, Resubmission, Passed, OnTheWay, Delivered, Done, Failed, Cancelled];
    let least = ranks.into_iter().find(|rank| statuses.iter().any(|(_, status)| status == rank));
    if Some(shown) != least {
        return Err(format!("the order shows {shown:?}, not {least:?}"));
    }
    Ok(())
}
