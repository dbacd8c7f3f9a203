//! Random walks through the journey: valid and absurd commands, wrong people, wrong order, repeated. What must hold
//! holds after each step, and between them the walks take every edge of the machine.
//!
//! `TOUCHSTONE_WALKS` makes more walks, `TOUCHSTONE_SEED` others. A walk that fails is shrunk, and told step by step.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Instant;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use touchstone::domain::actor::{By, Role};
use touchstone::domain::command::{Command, decide};
use touchstone::domain::event::{Event, EventKind, Recorded, Ship};
use touchstone::domain::order::{LineStatus, order_status};
use touchstone::domain::piece::Piece;
use touchstone::domain::route::{EDGES, Edge, Stage, Standing, Target};
use touchstone::domain::sidelines::{Exception, ReturnIntake};

use moves::Try;
use world::{CAST, Dice, Setting, World};

mod gate;
mod moves;
mod owes;
pub mod world;

const WALKS: u32 = 450;
const SEED: u64 = 20_261_122;

/// One step of a walk: which piece, how sensible, and the choices within.
#[derive(Clone, Copy, Debug)]
struct Step {
    piece: u8,
    roll: u8,
    dice: u64,
}

#[derive(Default)]
struct Tally {
    commands: u64,
    accepted: u64,
    events_offered: u64,
    refusals: BTreeMap<&'static str, u64>,
    edges: BTreeMap<Edge, u64>,
    released: u64,
    owed: u64,
}

fn walks() -> impl Strategy<Value = (Setting, Vec<Step>)> {
    let setting = (1..=3, any::<bool>(), any::<bool>(), 1..=2_usize)
        .prop_map(|(lines, together, transcript, needed)| Setting { lines, together, transcript, needed });
    let step = (any::<u8>(), any::<u8>(), any::<u64>()).prop_map(|(piece, roll, dice)| Step { piece, roll, dice });
    (setting, vec(step, 0..=600))
}

fn number<T: std::str::FromStr>(variable: &str, default: T) -> T {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} must be a number, not {text}")),
        Err(_) => default,
    }
}

#[test]
fn whatever_is_tried_no_piece_leaves_without_its_evidence() {
    let (cases, seed) = (number("TOUCHSTONE_WALKS", WALKS), number("TOUCHSTONE_SEED", SEED));
    println!("{cases} walks, TOUCHSTONE_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 4_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));

    let began = Instant::now();
    let tally = RefCell::new(Tally::default());
    let outcome = runner.run(&walks(), |(setting, steps)| {
        walk(&setting, &steps, &mut tally.borrow_mut(), &mut None).map_err(TestCaseError::fail)
    });
    if let Err(TestError::Fail(reason, (setting, steps))) = &outcome {
        let mut told = Some(String::new());
        let again = walk(setting, steps, &mut Tally::default(), &mut told);
        panic!(
            "{reason}\nTOUCHSTONE_SEED={seed}, shrunk to {} steps in {setting:?}:\n{}{again:?}",
            steps.len(),
            told.unwrap_or_default(),
        );
    }
    outcome.expect("the walks were made");

    let tally = tally.into_inner();
    println!(
        "{} commands ({} carried out), {} events of side lines and out of place, {} releases, {} obligations, {:.1?}",
        tally.commands,
        tally.accepted,
        tally.events_offered,
        tally.released,
        tally.owed,
        began.elapsed()
    );
    println!("refusals:");
    tally.refusals.iter().for_each(|(code, count)| println!("{count:>9} {code}"));
    println!("edges:");
    let mut missed = Vec::new();
    for edge in EDGES {
        let hits = tally.edges.get(edge).copied().unwrap_or_default();
        let to = match edge.to {
            Target::To(stage) => stage.to_string(),
            Target::End(outcome) => format!("closed({})", outcome.as_str()),
        };
        let line = format!("{} · {} → {to}", edge.from, edge.kind);
        println!("{hits:>9} {line}");
        if hits == 0 {
            missed.push(line);
        }
    }
    assert!(missed.is_empty(), "never taken:\n{}", missed.join("\n"));
    assert!(cases < WALKS || 500 <= tally.owed, "{} obligations are too few", tally.owed);
    assert!(cases < WALKS || 100_000 <= tally.commands, "{} commands are too few", tally.commands);
}

/// One walk. `told` takes the account of it, where one is wished.
fn walk(setting: &Setting, steps: &[Step], tally: &mut Tally, told: &mut Option<String>) -> Result<(), String> {
    let mut world = World::new(setting);
    let mut books = owes::Books::new();
    for (count, step) in steps.iter().enumerate() {
        let at = usize::from(step.piece) % world.slots.len();
        let mut dice = Dice::new(step.dice);
        // A piece that ended is left alone one time in three; else another follows it.
        if world.slots[at].piece.stage() == Stage::Closed && !dice.once_in(3) {
            world.follow(at);
        }
        // Now and then a day and more goes by.
        if count % 37 == 36 {
            world.rest(30);
        }
        let attempt = moves::next(&mut world, at, step.roll, &mut dice);
        let before = world.slots[at].piece.clone();
        take_step(&mut world, at, attempt, tally, told)?;
        books.keep(&world, &before, &world.slots[at])?;
        if count % 64 == 63 {
            check_fold(&world)?;
            books.check(&world)?;
        }
    }
    check_fold(&world)?;
    books.check(&world)?;
    tally.owed += books.account.obligations().len() as u64;
    for slot in &world.ended {
        // Whatever was tried on it since, a closed piece is what it was when it closed.
        let folded = Piece::fold(slot.journal.iter().cloned()).map_err(|corrupt| corrupt.to_string())?;
        let last = slot.journal.len() - 1;
        let open = Piece::fold(slot.journal[..last].iter().cloned()).map_err(|corrupt| corrupt.to_string())?;
        if folded.stage() != Stage::Closed || folded.standing() != slot.piece.standing() {
            return Err(format!("a closed piece changed: {:?}", folded.standing()));
        }
        if open.stage() == Stage::Closed {
            return Err("something happened to a closed piece".into());
        }
    }
    Ok(())
}

fn tell(told: &mut Option<String>, line: impl FnOnce() -> String) {
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

fn take_step(
    world: &mut World,
    at: usize,
    attempt: Try,
    tally: &mut Tally,
    told: &mut Option<String>,
) -> Result<(), String> {
    let now = world.now();
    let before = world.slots[at].piece.standing().clone();
    let head = world.slots[at].piece.head();
    let line = world.slots[at].line_no;
    let (events, by) = match attempt {
        Try::Command(command, by) => {
            tally.commands += 1;
            let decision = decide(&world.slots[at].piece, &world.order, &command, &by, now, &world.book);
            match decision {
                Ok(events) => {
                    tally.accepted += 1;
                    if events.is_empty() {
                        return Err(format!("{:?} was carried out and nothing happened", command.kind()));
                    }
                    tell(told, || format!("line {line}, {}: {:?}", who(&by), command));
                    check_person(&world.slots[at].piece, &command, &by)?;
                    let (kind, stage) = (command.kind(), world.slots[at].piece.stage());
                    if !kind.fits(stage) || !kind.roles_in(stage).contains(&by.role) {
                        return Err(format!("{kind:?} was carried out in {stage} against the table of commands"));
                    }
                    (events, by)
                }
                Err(refusal) => {
                    *tally.refusals.entry(refusal.code()).or_default() += 1;
                    tell(told, || format!("line {line}, {}: {:?}: {}", who(&by), command.kind(), refusal.code()));
                    let piece = &world.slots[at].piece;
                    if *piece.standing() != before || piece.head() != head {
                        return Err("a refusal left a trace".into());
                    }
                    return Ok(());
                }
            }
        }
        Try::Event(event, by) => {
            tally.events_offered += 1;
            let kind = event.kind();
            let known = before.stage().allowed().any(|allowed| allowed == kind);
            match world.slots[at].piece.standing().advance(std::sync::Arc::new(offered(head, &event, &by, now))) {
                Ok(_) if known => {
                    tell(told, || format!("line {line}, {}: event {event:?}", who(&by)));
                    (vec![event], by)
                }
                Ok(_) => return Err(format!("{kind} has no edge in {} and was taken", before.stage())),
                Err(rejected) => {
                    tell(told, || format!("line {line}: event {kind}: {rejected}"));
                    let refused = world.record(at, event, &by, now);
                    let piece = &world.slots[at].piece;
                    if refused.is_ok() || *piece.standing() != before || piece.head() != head {
                        return Err(format!("{kind} was refused and left a trace"));
                    }
                    return Ok(());
                }
            }
        }
    };
    for event in events {
        happen(world, at, event, &by, now, tally, told)?;
    }
    Ok(())
}

fn offered(head: i32, event: &Event, by: &By, at: jiff::Timestamp) -> Recorded {
    Recorded { seq: head + 1, at, person: Some(by.person), key: Some(by.key), role: by.role, event: event.clone() }
}

/// One event happens, and everything that must hold of it is looked at.
fn happen(
    world: &mut World,
    at: usize,
    event: Event,
    by: &By,
    now: jiff::Timestamp,
    tally: &mut Tally,
    told: &mut Option<String>,
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
        let waits = world.order.lines.iter().enumerate().find(|(other, (_, status))| {
            use LineStatus::*;
            *other != at && matches!(status, Waiting | InVerification | NeedsBuyer | Resubmission)
        });
        if let Some((_, (line_no, _))) = waits {
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

/// What is held in hand is what the journals say: standings, sequence numbers, lines and order.
fn check_fold(world: &World) -> Result<(), String> {
    let mut statuses = Vec::new();
    for slot in &world.slots {
        let folded = Piece::fold(slot.journal.iter().cloned()).map_err(|corrupt| corrupt.to_string())?;
        if folded.standing() != slot.piece.standing() || folded.head() != slot.piece.head() {
            return Err(format!("the journal folds to {:?}, not to {:?}", folded.standing(), slot.piece.standing()));
        }
        if !slot.journal.iter().map(|recorded| recorded.seq).eq(1..=slot.piece.head()) {
            return Err("the sequence numbers have a gap".into());
        }
        statuses.push((slot.line_no, folded.line_status()));
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
