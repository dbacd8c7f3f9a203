//! What is tried without chance. Breadth first, every standing of an order to which a reduced alphabet leads, until there
//! is no new one; from each a way to the end; and from them every sequence of four commands.
//!
//! Two orders stand the same where nothing that a decision, an obligation or a clock asks of them differs: the standings
//! of their pieces, what happened that is asked for later, what is owed, the question about the rest, the cases, and which
//! waits are over. Numbers of events are told by what the events were.
//!
//! The suite takes the sequences from every so many-th standing; `TOUCHSTONE_EVERY=1` takes them from all.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt::Write;
use std::time::Instant;

use touchstone::domain::actor::{By, Role};
use touchstone::domain::cases::CaseCommand;
use touchstone::domain::command::{Command, CommandKind, SettledEntry, decide};
use touchstone::domain::deadline::Clock;
use touchstone::domain::event::*;
use touchstone::domain::ledger::{Finding, Verdict};
use touchstone::domain::obligation::OwedState;
use touchstone::domain::orders::OrderCommand;
use touchstone::domain::piece::Piece;
use touchstone::domain::route::{EDGES, Stage};
use touchstone::domain::sidelines::Exception;
use touchstone::domain::transit::{self, Told};

use super::moves::{self, Try};
use super::run::{Run, Tally};
use super::world::*;
use super::{asks, edges, number};

/// Sequences are taken from every so many-th standing.
const EVERY: usize = 211;

/// One letter of the alphabet: how long nothing happens first, and what is tried then, on which piece.
#[derive(Clone, Debug)]
struct Letter {
    wait: Wait,
    at: usize,
    what: Try,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    No,
    /// Until the waits that run are over.
    Over,
    /// Days: a dispatch comes late, a release too.
    Days,
}

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alphabet {
    /// Every edge by the right people, what clocks and carriers do, other findings, and what is asked of orders and cases.
    Whole,
    /// One command for each edge, and what is asked of orders and cases.
    Edges,
    /// The main line of a piece, its failure, its loss and its cancellation; and what is asked of orders.
    Main,
}

fn letters(world: &World, alphabet: Alphabet) -> Vec<Letter> {
    let mut scratch = world.clone();
    let mut letters = Vec::new();
    for at in 0..world.slots.len() {
        of_piece(&mut scratch, at, alphabet, &mut letters);
    }
    for (command, by) in asks::possible(world) {
        let is_case = matches!(command, OrderCommand::Case(_));
        let opens = matches!(command, OrderCommand::Case(CaseCommand::Open { .. }));
        // One case at a time, and of the main line none.
        if opens && !world.cases.is_empty() || is_case && alphabet == Alphabet::Main {
            continue;
        }
        let by_clock = by.role == Role::Desk && !matches!(command, OrderCommand::NoteAccepted { .. });
        let wait = if by_clock { Wait::Over } else { Wait::No };
        letters.push(Letter { wait, at: 0, what: Try::Order(command, by) });
    }
    letters
}

fn of_piece(world: &mut World, at: usize, alphabet: Alphabet, letters: &mut Vec<Letter>) {
    let stage = world.slots[at].piece.stage();
    let mut add = |wait, what| letters.push(Letter { wait, at, what });
    for edge in EDGES.iter().filter(|edge| edge.from == stage) {
        let side = matches!(
            edge.kind,
            EventKind::IntakeExceptionFound
                | EventKind::WaybillCorrected
                | EventKind::DamagedInCustody
                | EventKind::AppraisalReopened
                | EventKind::Appealed
                | EventKind::Overridden
                | EventKind::PackingMismatchFound
                | EventKind::Untagged
                | EventKind::CapsuleRevoked
                | EventKind::ReturnOpened
                | EventKind::Unclaimed
        );
        if alphabet == Alphabet::Main && side {
            continue;
        }
        let along = moves::along(world, at, *edge, &mut Dice::new(0));
        // What the desk brings about by itself comes of commands here too; nobody has one for a waybill to the buyer.
        if matches!(along, Try::Command(..)) || edge.kind == EventKind::WaybillCorrected {
            let wait = if edge.kind == EventKind::ReturnLapsed { Wait::Over } else { Wait::No };
            add(wait, along);
        }
    }
    let piece = &world.slots[at].piece;
    if alphabet == Alphabet::Main || stage == Stage::Closed {
        return;
    }
    for clock in Clock::ALL.iter().filter(|clock| clock.stage() == stage) {
        let wait = if *clock == Clock::Dispatch { Wait::Days } else { Wait::Over };
        add(wait, Try::Command(Command::PassDeadline { clock: *clock }, DESK.by()));
    }
    if matches!(stage, Stage::AwaitingBuyer | Stage::Failed) {
        let noted = Command::NoteAccepted { notice: name("failed"), channel: name("mail"), seq: piece.since().seq };
        add(Wait::No, Try::Command(noted, DESK.by()));
    }
    if alphabet == Alphabet::Edges {
        return;
    }
    if matches!(stage, Stage::AwaitingDispatch | Stage::Cleared | Stage::Tagged) {
        let note = Command::AddNote { text: sealed() };
        add(Wait::Days, Try::Command(note, CLERK.by()));
    }
    if let Some(leg) = transit::current_leg(piece) {
        let carrier = By { role: Role::Carrier, ..PLATFORM.by() };
        for told in [Told::Delivered, Told::ProxySigned, Told::Refused, Told::BackWithSender, Told::Problem] {
            let heard = Command::HearCarrier { leg: leg.seq, told, at: world.time() };
            add(Wait::No, Try::Command(heard, carrier.clone()));
        }
    }
    other_findings(piece, &mut |command, by| add(Wait::No, Try::Command(command, by)));
    // One who would be two.
    let alone = match stage {
        Stage::Failed => Some(Command::Override { reason: sealed() }),
        Stage::ReturnIntake => Some(moves::judged()),
        Stage::SpokenReview => Some(Command::RecordSpeechUnavailable { reason: sealed() }),
        _ => None, // Elsewhere nothing takes two, or the walks try it.
    };
    alone.into_iter().for_each(|command| add(Wait::No, Try::Command(command, CHIEF.after(CHIEF))));
}

/// What inspectors find otherwise than it was declared, or settle otherwise than it was proposed.
fn other_findings(piece: &Piece, add: &mut impl FnMut(Command, By)) {
    if let Some(bench) = piece.standing().bench() {
        let free = INSPECTORS.into_iter().find(|who| bench.takes(who.by().person));
        let found = appraisal(piece, &mut Dice::new(0));
        let mut glass = found.clone();
        glass.components[0].material = Some(name("玻璃"));
        let mut near = found;
        near.weight.mass.0 += 8_000;
        for (who, appraisal) in free.into_iter().flat_map(|who| [(who, glass.clone()), (who, near.clone())]) {
            add(Command::SubmitAppraisal { appraisal }, who.by());
        }
    }
    if let Some((_, review)) = piece.standing().review() {
        let proposal = review.proposal().unwrap_or_default();
        let settled = |finding: Finding| SettledEntry { claim_id: claim_id(1), finding, note: Some(sealed()) };
        let entries = vec![settled(Finding::NotTested)];
        let (added, misread) = (Vec::new(), BTreeSet::new());
        add(Command::SettleLedger { proposal, entries, added, misread }, BORIS.after(CLARA));
        let (entries, added, misread) = (Vec::new(), Vec::new(), BTreeSet::from([claim_id(1)]));
        add(Command::SettleLedger { proposal, entries, added, misread }, BORIS.after(CLARA));
        add(Command::SetSegment { segment: None }, ANNA.after(BORIS));
    }
}

/// Events that are asked for later, long after their stage.
const REMEMBERED: [EventKind; 14] = [
    EventKind::Dispatched,
    EventKind::CancelRequested,
    EventKind::Refused,
    EventKind::Delivered,
    EventKind::NotSamePieceFound,
    EventKind::DifferenceRefused,
    EventKind::Appealed,
    EventKind::AppealLapsed,
    EventKind::QuarantineUpheld,
    EventKind::ReturnOpened,
    EventKind::SamePieceConfirmed,
    EventKind::DamagedInCustody,
    EventKind::Released,
    EventKind::Lost,
];

/// Everything of an order that a decision, an obligation or a clock asks for.
fn key(run: &Run) -> String {
    let world = &run.world;
    let mut key = String::new();
    for slot in &world.slots {
        let piece = &slot.piece;
        let kinds: BTreeSet<_> = piece.history().iter().map(|recorded| recorded.event.kind()).collect();
        let remembered: Vec<_> = REMEMBERED.iter().filter(|kind| kinds.contains(kind)).collect();
        let verdicts = piece.history().iter().rev().find_map(|recorded| match &recorded.event {
            Event::VerdictGiven(given) => Some(given.verdict),
            Event::Overridden(_) => Some(Verdict::DisclosedDifference),
            _ => None, // No other event gives one.
        });
        let order = &world.order.placed;
        let over: Vec<_> = touchstone::domain::command::Rules::running(&*world.book, piece, order)
            .into_iter()
            .map(|deadline| (deadline.clock, deadline.due_at <= world.time()))
            .collect();
        let late = match piece.stage() {
            Stage::AwaitingDispatch => promised(slot.attempt, slot.journal[0].at, order) < world.time(),
            Stage::Cleared | Stage::Tagged => {
                let cleared =
                    piece.history().iter().rev().find(|recorded| {
                        matches!(recorded.event, Event::VerdictGiven(_) | Event::DifferenceAccepted(_))
                    });
                cleared.is_some_and(|recorded| recorded.at + jiff::SignedDuration::from_hours(24) < world.time())
            }
            _ => false, // Nothing else is late by itself.
        };
        let posted = piece.history().iter().rev().find_map(|recorded| match recorded.event {
            Event::ReturnPosted(_) => Some(true),
            Event::ReturnOpened(_) => Some(false),
            _ => None, // The others say nothing of it.
        });
        let trouble: BTreeSet<_> = transit::current_leg(piece)
            .into_iter()
            .flat_map(|leg| {
                piece.history().iter().filter_map(move |recorded| match &recorded.event {
                    Event::CarrierExceptionFound(found) if found.leg == leg.seq => Some(found.what),
                    _ => None, // The others tell of no trouble.
                })
            })
            .collect();
        let _ = write!(
            key,
            "{} {} {:?} {:?} {remembered:?} {verdicts:?} {over:?} {late} {posted:?} {trouble:?} {:?} {:?} {}|",
            slot.line_no,
            2 < slot.attempt,
            piece.line_status(),
            told(piece),
            piece.notice_accepted().is_some(),
            piece.segment(),
            piece.repeats(None).count(),
        );
    }
    let asked = world.facts.asked.map(|asked| (asked.line_no, asked.accepted_at.is_some()));
    let _ = write!(key, "{asked:?} {:?} {:?}|", world.facts.failed, world.facts.cancelled);
    for one in &world.cases {
        let proposed = one.case.proposed.as_ref().map(|(proposed, by, _)| (proposed.upheld, by.map(|by| by.person_id)));
        let report = one.case.reported.as_ref().map(|(reported, _)| reported.contradicts);
        let wait = one.case.running().map(|(clock, _, _)| clock);
        let _ = write!(key, "{:?} {} {report:?} {proposed:?} {wait:?}|", one.case.opened.kind, one.case.state());
    }
    let owed: BTreeMap<_, _> = run
        .books
        .account
        .obligations()
        .iter()
        .filter(|one| one.state != OwedState::Reversed)
        .map(|one| (one.arose.key(), one.amount))
        .collect();
    let faults: BTreeSet<_> = run.books.record.incidents().iter().map(|one| one.confirmed.key()).collect();
    let _ = write!(key, "{owed:?} {faults:?}");
    key
}

/// A standing as it prints, with the events that it names by their numbers told by their kinds.
fn told(piece: &Piece) -> String {
    let text = format!("{:?}", piece.standing());
    let mut told = String::with_capacity(text.len());
    for (nth, part) in text.split('(').enumerate() {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (number, rest) = part.split_at(digits);
        // A number that stands first between brackets is an event's; quantities are larger than journals are long.
        match number.parse().ok().and_then(|seq| piece.event(seq)).filter(|_| 0 < nth) {
            Some(recorded) => {
                let _ = write!(told, "({}{rest}", recorded.event.kind());
            }
            None if nth == 0 => told.push_str(part),
            None => {
                let _ = write!(told, "({part}");
            }
        }
    }
    told
}

struct Explored {
    runs: Vec<Run>,
    successors: Vec<Vec<usize>>,
    tally: Tally,
}

/// A line that is filled again begins what is explored already.
fn is_left(run: &Run) -> bool {
    run.world.order.lines.len() < run.world.slots.len()
}

/// Tries one letter on a copy; none where it is refused.
fn step(run: &Run, letter: &Letter, tally: &mut Tally) -> Result<Option<Run>, String> {
    let mut next = run.clone();
    match letter.wait {
        Wait::No => {}
        Wait::Over => next.world.outwait(),
        Wait::Days => next.world.rest(60),
    }
    if !next.attempt(letter.at, letter.what.clone(), tally, &mut None)? {
        return Ok(None);
    }
    super::owes::check(&next.world, &next.books)?;
    Ok(Some(next))
}

fn explore(start: Run, alphabet: Alphabet) -> Explored {
    let mut known = HashMap::from([(key(&start), 0)]);
    let mut found = Explored { runs: vec![start], successors: Vec::new(), tally: Tally::default() };
    let mut waiting = VecDeque::from([0]);
    while let Some(at) = waiting.pop_front() {
        let mut successors = BTreeSet::new();
        let run = found.runs[at].clone();
        let letters = if is_left(&run) { Vec::new() } else { letters(&run.world, alphabet) };
        for letter in &letters {
            let next = step(&run, letter, &mut found.tally)
                .unwrap_or_else(|why| panic!("{why}\n{letter:?}, after\n{}", way(&run)));
            let Some(next) = next else { continue };
            let index = *known.entry(key(&next)).or_insert_with(|| {
                found.runs.push(next);
                waiting.push_back(found.runs.len() - 1);
                found.runs.len() - 1
            });
            successors.insert(index);
        }
        found.successors.push(successors.into_iter().collect());
    }
    found
}

/// How an order came to stand where it does.
fn way(run: &Run) -> String {
    let mut way = String::new();
    for slot in &run.world.slots {
        let kinds: Vec<_> = slot.journal.iter().map(|recorded| recorded.event.kind().as_str()).collect();
        let _ = writeln!(way, "line {}: {}", slot.line_no, kinds.join(" "));
    }
    let own: Vec<_> = run.world.own.iter().map(|recorded| recorded.event.kind().as_str()).collect();
    let _ = writeln!(way, "order: {}", own.join(" "));
    way
}

impl Explored {
    /// The standings from which no way leads to an end of every piece.
    fn dead_ends(&self) -> Vec<usize> {
        let mut predecessors = vec![Vec::new(); self.runs.len()];
        for (from, successors) in self.successors.iter().enumerate() {
            successors.iter().for_each(|to| predecessors[*to].push(from));
        }
        let is_end = |run: &Run| run.world.slots.iter().all(|slot| slot.piece.stage() == Stage::Closed);
        let mut waiting: Vec<usize> = (0..self.runs.len()).filter(|at| is_end(&self.runs[*at])).collect();
        let mut met: BTreeSet<usize> = waiting.iter().copied().collect();
        while let Some(at) = waiting.pop() {
            waiting.extend(predecessors[at].iter().copied().filter(|before| met.insert(*before)));
        }
        (0..self.runs.len()).filter(|at| !met.contains(at) && !is_left(&self.runs[*at])).collect()
    }

    fn check_ends(&self) {
        let dead = self.dead_ends();
        let first = dead.first().map(|at| way(&self.runs[*at])).unwrap_or_default();
        assert!(dead.is_empty(), "{} dead ends, the first after\n{first}", dead.len());
    }

    fn report(&self, name: &str, began: Instant) {
        println!(
            "{name}: {} distinct standings, {} commands tried, {} carried out, {:.1?}",
            self.runs.len(),
            self.tally.commands,
            self.tally.accepted,
            began.elapsed()
        );
    }
}

/// Every sequence of so many commands; how many there are.
fn sequences(run: &Run, length: usize, tally: &mut Tally) -> u64 {
    if length == 0 {
        return 1;
    }
    let mut count = 0;
    for letter in letters(&run.world, Alphabet::Edges) {
        let next = step(run, &letter, tally).unwrap_or_else(|why| panic!("{why}\n{letter:?}, after\n{}", way(run)));
        // What is refused leaves no trace: its sequences are those that are shorter by it.
        count += next.map_or(0, |next| sequences(&next, length - 1, tally));
    }
    count
}

fn start(lines: i32, together: bool, transcript: bool, attempt: i32) -> Run {
    let setting = Setting { lines, together, transcript, needed: 1 };
    Run { world: World::begun(&setting, attempt), books: super::books::Books::default() }
}

#[test]
fn every_standing_of_a_piece_keeps_the_rules_and_has_a_way_to_its_end() {
    let began = Instant::now();
    let found = explore(start(1, false, true, 1), Alphabet::Whole);
    found.report("a piece", began);
    let mut by_stage: BTreeMap<Stage, usize> = BTreeMap::new();
    for run in &found.runs {
        *by_stage.entry(run.world.slots[0].piece.stage()).or_default() += 1;
    }
    by_stage.iter().for_each(|(stage, count)| println!("{count:>7} {stage}"));
    assert_eq!(by_stage.len(), Stage::ALL.len(), "a stage is out of reach by commands");
    found.check_ends();
    check_table(&found.runs);

    // Every sequence of four commands, on journals of their own.
    let (began, every) = (Instant::now(), number("TOUCHSTONE_EVERY", EVERY));
    let mut tally = Tally::default();
    let from: Vec<_> = found.runs.iter().filter(|run| !is_left(run)).step_by(every).collect();
    let count: u64 = from.iter().map(|run| sequences(run, 4, &mut tally)).sum();
    println!(
        "{count} sequences of 4 from {} standings, {} commands tried, {:.1?}",
        from.len(),
        tally.commands,
        began.elapsed()
    );
    assert!(1_000 < count, "{count} sequences are too few");
    let mut taken = found.tally.edges;
    tally.edges.into_iter().for_each(|(edge, hits)| *taken.entry(edge).or_default() += hits);
    let missed = edges(&taken);
    assert!(missed.is_empty(), "never taken:\n{}", missed.join("\n"));
}

#[test]
fn the_last_piece_of_a_line_has_a_way_to_its_end() {
    let began = Instant::now();
    let found = explore(start(1, false, false, 3), Alphabet::Edges);
    found.report("a third try", began);
    found.check_ends();
    assert!(found.runs.iter().all(|run| !is_left(run)), "a line was filled a fourth time");
}

#[test]
fn two_pieces_that_leave_together_have_a_way_to_their_end() {
    let began = Instant::now();
    let found = explore(start(2, true, false, 3), Alphabet::Main);
    found.report("two that ship together", began);
    found.check_ends();
    let asked = found.runs.iter().filter(|run| run.world.facts.asked.is_some()).count();
    assert!(0 < asked, "nobody was asked about the rest");
}

/// Every stage, every command, every role, as the decision answers them: the table of `docs/commands.csv`, carried out.
/// (Over HTTP, for the roles that keys carry: `cells.rs`.)
fn check_table(runs: &[Run]) {
    let mut wrong = Vec::new();
    for stage in Stage::ALL {
        let run = runs.iter().find(|run| run.world.slots[0].piece.stage() == *stage).expect("every stage was reached");
        for kind in CommandKind::ALL {
            for who in CAST.iter().filter(|who| who.name != DEPUTY.name) {
                let mut world = run.world.clone();
                let command = fitting(&mut world, *stage, *kind);
                let piece = &world.slots[0].piece;
                let second = if who.person == CHIEF.person { BORIS } else { CHIEF };
                let answer = decide(piece, &world.order, &command, &who.after(second), world.time(), &*world.book);
                let code = answer.as_ref().map_or_else(|refusal| refusal.code(), |_| "done");
                let fine = match (kind.roles_in(*stage).contains(&who.role), kind.fits(*stage)) {
                    (false, _) => code == "not_yours",
                    // A correction of something that is not there is told so first, and who was not asked for a second
                    // person's word is asked for it first.
                    (true, false) => !matches!(code, "done" | "not_yours"),
                    // A carrier that tells nothing new is told so, and what no carrier has is lost by none.
                    (true, true) if matches!(kind, CommandKind::HearCarrier | CommandKind::Transit) => {
                        code != "not_yours"
                    }
                    (true, true) => !matches!(code, "not_yours" | "wrong_stage"),
                };
                if !fine {
                    wrong.push(format!("{stage}, {}, {}: {code}", kind.as_str(), who.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "answered otherwise than docs/commands.csv says:\n{}", wrong.join("\n"));
}

/// A command of a kind: one that leads on from the stage, where the kind has one.
fn fitting(world: &mut World, stage: Stage, kind: CommandKind) -> Command {
    let leads = EDGES.iter().find(|edge| edge.from == stage && kind.events().contains(&edge.kind));
    let along = leads.map(|edge| moves::along(world, 0, *edge, &mut Dice::new(0)));
    match along {
        Some(Try::Command(command, _)) if command.kind() == kind => command,
        // Of the two who have a part in it, the clerk finds.
        _ if kind == CommandKind::Except => {
            let condition = Condition::Damaged;
            Command::Except(Exception::Found { condition, parcel_id: None, note: None })
        }
        _ => moves::any(world, 0, kind, &mut Dice::new(0)), // It leads nowhere from here, or only a clock does.
    }
}
