//! What somebody asks of the whole order: another piece for a line, its price, the rest, a case. Mostly what is possible.

use touchstone::domain::actor::{By, Role};
use touchstone::domain::cases::{CaseCommand, Decision};
use touchstone::domain::deadline::OrderClock;
use touchstone::domain::event::*;
use touchstone::domain::ids::{PieceCode, StreamId};
use touchstone::domain::order::LineStatus;
use touchstone::domain::orders::OrderCommand;
use touchstone::domain::route::Stage;

use super::world::*;

/// Everything that may be asked of the order as it stands, by those whose part it is, and each case by both supervisors.
pub fn possible(world: &World) -> Vec<(OrderCommand, By)> {
    let mut asks = Vec::new();
    for (line_no, status) in &world.order.lines {
        if *status == LineStatus::Resubmission {
            asks.push((resubmit(world, *line_no), MERCHANT.by()));
            asks.push((OrderCommand::CancelLine { line_no: *line_no, reason: Some(sealed()) }, PLATFORM.by()));
            let clock = OrderClock::Resubmission { line_no: *line_no };
            asks.push((OrderCommand::PassDeadline { clock }, DESK.by()));
        }
    }
    if let Some(asked) = world.facts.asked {
        asks.push((noted(asked.seq), DESK.by()));
        asks.push((OrderCommand::AnswerRest { wanted: true }, BUYER.by()));
        asks.push((OrderCommand::AnswerRest { wanted: false }, PLATFORM.by()));
        asks.push((OrderCommand::PassDeadline { clock: OrderClock::Rest }, DESK.by()));
    }
    for slot in &world.slots {
        let was_delivered = slot.journal.iter().any(|recorded| matches!(recorded.event, Event::Delivered(_)));
        for kind in CaseKind::ALL {
            let fits = if kind == CaseKind::Parcel { slot.piece.stage() == Stage::Closed } else { was_delivered };
            if fits {
                asks.push((open(StreamId(slot.stream), kind), PLATFORM.by()));
            }
        }
    }
    for one in world.cases.iter().filter(|one| one.case.decided.is_none()) {
        let case = one.stream;
        let of_case = |command, who: Actor| (OrderCommand::Case(command), who.by());
        asks.push(of_case(report(case, true), PLATFORM));
        asks.push(of_case(report(case, false), CHIEF));
        for who in [CHIEF, DEPUTY] {
            asks.push(of_case(decide(case, true, one.case.opened.kind), who));
            asks.push(of_case(decide(case, false, one.case.opened.kind), who));
        }
        asks.push(of_case(CaseCommand::PassDeadline { case }, DESK));
    }
    asks
}

/// What somebody asks next: what is possible, by somebody else, or with other values.
pub fn next(world: &World, dice: &mut Dice) -> (OrderCommand, By) {
    let asks = possible(world);
    if asks.is_empty() || dice.once_in(5) {
        return nonsense(world, dice);
    }
    // What one supervisor proposed waits an hour for the other.
    if let Some(confirmed) = world.cases.iter().find_map(confirmation).filter(|_| dice.once_in(2)) {
        return confirmed;
    }
    let (command, by) = asks[dice.below(asks.len())].clone();
    let by = if dice.once_in(8) { dice.pick(&CAST).by() } else { by };
    (command, by)
}

/// The second supervisor's word on a case of which the first has given theirs.
fn confirmation(one: &Disputed) -> Option<(OrderCommand, By)> {
    let (proposed, by, _) = one.case.proposed.as_ref().filter(|_| one.case.decided.is_none())?;
    let second = if by.is_some_and(|by| by.person_id == CHIEF.by().person) { DEPUTY } else { CHIEF };
    let decision = Decision { upheld: proposed.upheld, amount: proposed.amount, revokes: proposed.revokes };
    let command = CaseCommand::Decide { case: one.stream, decision, reason: sealed() };
    Some((OrderCommand::Case(command), second.by()))
}

fn nonsense(world: &World, dice: &mut Dice) -> (OrderCommand, By) {
    let line_no = dice.below(4) as i32;
    let stream = StreamId(dice.below(8) as i32);
    let wanted = dice.once_in(2);
    let command = match dice.below(9) {
        0 => resubmit(world, line_no),
        1 => OrderCommand::CancelLine { line_no, reason: None },
        2 => OrderCommand::AnswerRest { wanted },
        3 => noted(dice.below(9) as i32),
        4 => OrderCommand::PassDeadline {
            clock: if wanted { OrderClock::Rest } else { OrderClock::Resubmission { line_no } },
        },
        5 => open(stream, dice.pick(&CaseKind::ALL)),
        6 => OrderCommand::Case(report(stream, wanted)),
        7 => {
            let amount = dice.pick(&[None, Some(-1), Some(0), Some(PRICE), Some(i64::MAX)]);
            let decision = Decision { upheld: wanted, amount, revokes: dice.once_in(2) };
            OrderCommand::Case(CaseCommand::Decide { case: stream, decision, reason: sealed() })
        }
        _ => OrderCommand::Case(CaseCommand::PassDeadline { case: stream }),
    };
    let entitled: Vec<_> = CAST.into_iter().filter(|who| command.roles().contains(&who.role)).collect();
    let who = if dice.once_in(2) { dice.pick(&CAST) } else { dice.pick(&entitled) };
    (command, who.by())
}

/// Who may ask it (`journey.md`, `interfaces.md`), told apart from the decision's own table.
pub fn check_person(command: &OrderCommand, by: &By) -> Result<(), String> {
    use Role::*;
    let may: &[Role] = match command {
        OrderCommand::Resubmit { .. } => &[Merchant],
        OrderCommand::CancelLine { .. } => &[Platform],
        OrderCommand::AnswerRest { .. } => &[Buyer, Platform],
        OrderCommand::NoteAccepted { .. } | OrderCommand::PassDeadline { .. } | OrderCommand::MoveDeadline { .. } => {
            &[Desk]
        }
        OrderCommand::Case(CaseCommand::Open { .. }) => &[Platform, Supervisor, Buyer, Clerk],
        OrderCommand::Case(CaseCommand::Report { .. }) => &[Platform, Supervisor],
        OrderCommand::Case(CaseCommand::Decide { .. }) => &[Supervisor],
        OrderCommand::Case(CaseCommand::PassDeadline { .. }) => &[Desk],
    };
    if may.contains(&by.role) { Ok(()) } else { Err(format!("a {} carried out {}", by.role, command.as_str())) }
}

/// What must hold of an event of the order or of a case, told apart from the decision.
pub fn check_event(world: &World, stream: StreamId, event: &Event, by: &By) -> Result<(), String> {
    let status = |line_no: i32| world.order.lines.iter().find(|(no, _)| *no == line_no).map(|(_, status)| *status);
    let ensure = |holds: bool, why: &str| if holds { Ok(()) } else { Err(why.to_owned()) };
    match event {
        Event::RestAsked(_) => {
            ensure(
                world.order.placed.ship == Ship::Together,
                "a rest was asked of an order that ships as it is ready",
            )?;
            ensure(world.facts.asked.is_none(), "two questions are open")
        }
        Event::RestWanted(_) | Event::RestDeclined(_) => ensure(world.facts.asked.is_some(), "nobody had asked"),
        Event::LineFailed(LineFailed { line_no }) | Event::LineCancelled(LineCancelled { line_no, .. }) => ensure(
            status(*line_no) == Some(LineStatus::Resubmission),
            "a line ended that did not wait for another piece",
        ),
        Event::PieceOpened(opened) => {
            let before = &world.slots[world.filling(opened.line_no)];
            ensure(opened.attempt == before.attempt + 1 && opened.attempt <= 3, "a line was filled too often")?;
            ensure(opened.follows == Some(StreamId(before.stream)), "it follows another piece")?;
            let gone = matches!(before.piece.stage(), Stage::Returning | Stage::Closed);
            ensure(gone, "a piece was followed while it was being tried")
        }
        Event::CaseOpened(opened) => {
            let about = world.slots.iter().find(|slot| slot.stream == opened.piece.0).ok_or("a case of no piece")?;
            let was_delivered = about.journal.iter().any(|recorded| matches!(recorded.event, Event::Delivered(_)));
            let closed = about.piece.stage() == Stage::Closed;
            ensure(was_delivered || closed && opened.kind == CaseKind::Parcel, "nothing to dispute, and a case")?;
            ensure(world.cases.iter().all(|one| one.stream != stream), "a case began twice")
        }
        Event::CaseDecided(decided) => {
            ensure(decided.proposed_by.person_id != by.person, "one supervisor alone decided")?;
            ensure(
                decided.upheld || !decided.revokes && decided.amount.is_none(),
                "dismissed, and yet it has its price",
            )
        }
        _ => Ok(()), // The others say nothing that could be wrong here.
    }
}

fn resubmit(world: &World, line_no: i32) -> OrderCommand {
    let code = PieceCode::from_bits(100 + world.slots.len() as u64);
    OrderCommand::Resubmit { line_no, code, presented_certificate: None }
}

fn noted(seq: i32) -> OrderCommand {
    OrderCommand::NoteAccepted { notice: name("rest_asked"), channel: name("mail"), seq }
}

fn open(piece: StreamId, kind: CaseKind) -> OrderCommand {
    OrderCommand::Case(CaseCommand::Open { piece, kind, parcel_id: None, note: None })
}

fn report(case: StreamId, contradicts: bool) -> CaseCommand {
    CaseCommand::Report { case, laboratory_id: None, number: None, contradicts, report: sealed() }
}

fn decide(case: StreamId, upheld: bool, kind: CaseKind) -> CaseCommand {
    let by_hand = matches!(kind, CaseKind::Retest | CaseKind::Warranty);
    let amount = (upheld && by_hand).then_some(70_000);
    let decision = Decision { upheld, amount, revokes: upheld && kind == CaseKind::Counterfeit };
    CaseCommand::Decide { case, decision, reason: sealed() }
}
