//! What is tried without chance. Breadth first, every standing of an order to which a reduced alphabet leads, to a
//! fixpoint; from each a way to the end of every piece; and from them every sequence of four commands.
//!
//! When two orders stand the same is told in `standing.rs`. A decided command is carried out on a copy of the folded order,
//! never on a journal that is folded anew.
//!
//! The fixpoints are reached in the suite too, by one command for each edge, each clock, the carrier's words, and whatever may
//! be asked of orders and cases; the sequences begin there with one standing of each stage. `TOUCHSTONE_EVERY=1` begins them
//! with every standing, and adds to the fixpoints what inspectors find and settle otherwise, every word of a carrier, and
//! one who would be two.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt::Write;
use std::time::Instant;

use touchstone::domain::actor::{By, Role};
use touchstone::domain::cases::CaseCommand;
use touchstone::domain::command::{Command, CommandKind, SettledEntry, decide};
use touchstone::domain::deadline::Clock;
use touchstone::domain::event::*;
use touchstone::domain::evidence::Bench;
use touchstone::domain::ledger::Finding;
use touchstone::domain::orders::OrderCommand;
use touchstone::domain::piece::Piece;
use touchstone::domain::route::{EDGES, Edge, Stage, Target};
use touchstone::domain::sidelines::Exception;
use touchstone::domain::transit::{self, Told};

use super::moves::{self, Try};
use super::run::{Run, Tally};
use super::world::*;
use super::{asks, edges, number};

mod standing;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Alphabet {
    /// From the parcel to the buyer's hands, or back after a failure or a cancellation; and what is asked of orders.
    Line,
    /// The other ways of a piece too, but for what is done again on the way.
    Main,
    /// One command for each edge, what clocks and carriers do, what is found otherwise at the first look, and what is
    /// asked of orders and cases.
    Edges,
    /// And whatever else inspectors find and settle, carriers tell, and one who would be two.
    Whole,
}

/// Whether everything is tried, however long it takes.
fn is_whole() -> bool {
    number("TOUCHSTONE_EVERY", 0) == 1
}

fn letters(world: &World, alphabet: Alphabet) -> Vec<Letter> {
    let mut scratch = world.clone();
    let mut letters = Vec::new();
    // A case never moves its piece: while there is one, it is the case that is explored.
    let pieces = if world.cases.is_empty() { 0..world.slots.len() } else { 0..0 };
    for at in pieces {
        of_piece(&mut scratch, at, alphabet, &mut letters);
    }
    for (command, by) in asks::possible(world) {
        let is_case = matches!(command, OrderCommand::Case(_));
        let opens = matches!(command, OrderCommand::Case(CaseCommand::Open { .. }));
        // One case at a time, of what was delivered and not sent back, and of the main line none.
        let kept = |slot: &Slot| {
            let completed = slot.piece.standing().outcome() == Some(Outcome::Completed);
            slot.piece.stage() == Stage::Delivered || completed
        };
        let elsewhere = opens && !(world.cases.is_empty() && world.slots.iter().all(kept));
        if elsewhere || is_case && alphabet <= Alphabet::Main {
            continue;
        }
        let by_clock = by.role == Role::Desk && !matches!(command, OrderCommand::NoteAccepted { .. });
        let wait = if by_clock { Wait::Over } else { Wait::No };
        letters.push(Letter { wait, at: 0, what: Try::Order(command, by) });
    }
    letters
}

/// Whether an edge is one of those that an alphabet has.
fn has(alphabet: Alphabet, edge: &Edge) -> bool {
    use EventKind as K;
    let again = matches!(
        edge.kind,
        K::IntakeExceptionFound
            | K::WaybillCorrected
            | K::DamagedInCustody
            | K::AppraisalReopened
            | K::HandedOver
            | K::MeasurementRepeated
            | K::Corrected
            | K::Appealed
            | K::Overridden
            | K::PackingMismatchFound
            | K::Untagged
            | K::CapsuleRevoked
            | K::ReturnOpened
            | K::Unclaimed
    );
    let line = match edge.kind {
        K::VerdictGiven => matches!(edge.to, Target::To(Stage::Cleared | Stage::Failed)),
        K::Received => edge.from == Stage::Inbound,
        kind => matches!(
            kind,
            K::Dispatched
                | K::Cancelled
                | K::CancelRequested
                | K::AppraisalOpened
                | K::AppraisalSubmitted
                | K::EntrySettled
                | K::SpeechUnavailable
                | K::Tagged
                | K::Released
                | K::Shipped
                | K::Delivered
                | K::Completed
                | K::AppealLapsed
                | K::ReturnShipped
                | K::Returned
        ),
    };
    match alphabet {
        Alphabet::Line => line,
        Alphabet::Main => !again,
        Alphabet::Edges | Alphabet::Whole => true,
    }
}

fn of_piece(world: &mut World, at: usize, alphabet: Alphabet, letters: &mut Vec<Letter>) {
    let stage = world.slots[at].piece.stage();
    let mut add = |wait, what| letters.push(Letter { wait, at, what });
    for edge in EDGES.iter().filter(|edge| edge.from == stage) {
        if !has(alphabet, edge) {
            continue;
        }
        let along = match edge.kind {
            EventKind::IntakeExceptionFound => {
                let found = Exception::Found { condition: Condition::Damaged, parcel_id: None, note: None };
                Try::Command(Command::Except(found), CLERK.by())
            }
            _ => moves::along(world, at, *edge, &mut Dice::new(0)), // The smallest choice leads along it.
        };
        // What the desk brings about by itself comes of commands here too; nobody has one for a waybill to the buyer.
        if matches!(along, Try::Command(..)) || edge.kind == EventKind::WaybillCorrected {
            add(if edge.kind == EventKind::ReturnLapsed { Wait::Over } else { Wait::No }, along);
        }
    }
    let piece = &world.slots[at].piece;
    if alphabet <= Alphabet::Main || stage == Stage::Closed {
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
    if matches!(stage, Stage::AwaitingDispatch | Stage::Cleared | Stage::Tagged) {
        add(Wait::Days, Try::Command(Command::AddNote { text: sealed() }, CLERK.by()));
    }
    if let Some(leg) = transit::current_leg(piece) {
        let carrier = By { role: Role::Carrier, ..PLATFORM.by() };
        let few = [Told::Delivered, Told::ProxySigned, Told::BackWithSender];
        for told in if alphabet == Alphabet::Whole { Told::ALL } else { &few } {
            let told = *told;
            let heard = Command::HearCarrier { leg: leg.seq, told, at: world.time() };
            add(Wait::No, Try::Command(heard, carrier.clone()));
        }
    }
    let mut add = |command, by| letters.push(Letter { wait: Wait::No, at, what: Try::Command(command, by) });
    other_findings(piece, alphabet, &mut add);
    if alphabet == Alphabet::Whole {
        let alone = match stage {
            Stage::Failed => Some(Command::Override { reason: sealed() }),
            Stage::ReturnIntake => Some(moves::judged()),
            Stage::SpokenReview => Some(Command::RecordSpeechUnavailable { reason: sealed() }),
            _ => None, // Elsewhere nothing takes two, or the walks try it.
        };
        alone.into_iter().for_each(|command| add(command, CHIEF.after(CHIEF)));
    }
}

/// What inspectors find otherwise than it was declared, or settle otherwise than it was proposed.
fn other_findings(piece: &Piece, alphabet: Alphabet, add: &mut impl FnMut(Command, By)) {
    let is_first = |bench: &&Bench| alphabet == Alphabet::Whole || bench.appraisals().is_empty();
    if let Some(bench) = piece.standing().bench().filter(is_first) {
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
    let Some((_, review)) = piece.standing().review().filter(|_| alphabet == Alphabet::Whole) else { return };
    let proposal = review.proposal().unwrap_or_default();
    let untested = SettledEntry { claim_id: claim_id(1), finding: Finding::NotTested, note: Some(sealed()) };
    let (entries, added, misread) = (vec![untested], Vec::new(), BTreeSet::new());
    add(Command::SettleLedger { proposal, entries, added, misread }, BORIS.after(CLARA));
    let (entries, added, misread) = (Vec::new(), Vec::new(), BTreeSet::from([claim_id(1)]));
    add(Command::SettleLedger { proposal, entries, added, misread }, BORIS.after(CLARA));
    add(Command::SetSegment { segment: None }, ANNA.after(BORIS));
}

/// Every standing that was reached, with where each letter led.
struct Explored {
    runs: Vec<Run>,
    successors: Vec<Vec<usize>>,
    tally: Tally,
}

/// A line that is filled again begins what is explored already.
fn is_left(run: &Run) -> bool {
    run.world.order.lines.len() < run.world.slots.len()
}

/// Tries one letter on a copy; none where it is refused. Whatever is carried out is held against the oracle.
fn step(run: &Run, letter: &Letter, tally: &mut Tally) -> Option<Run> {
    let mut next = run.clone();
    match letter.wait {
        Wait::No => {}
        Wait::Over => next.world.outwait(),
        Wait::Days => next.world.rest(60),
    }
    let tried = next.attempt(letter.at, letter.what.clone(), tally, &mut None);
    let done = tried
        .and_then(|done| if done { super::owes::check(&next.world, &next.books).map(|()| true) } else { Ok(false) });
    match done {
        Ok(done) => done.then_some(next),
        Err(why) => panic!("{why}\n{letter:?}, after\n{}", way(run)),
    }
}

fn explore(start: Run, alphabet: Alphabet) -> Explored {
    let mut known = HashMap::from([(standing::of(&start.world), 0)]);
    let mut found = Explored { runs: vec![start], successors: Vec::new(), tally: Tally::default() };
    let mut waiting = VecDeque::from([0]);
    while let Some(at) = waiting.pop_front() {
        let run = found.runs[at].clone();
        let letters = if is_left(&run) { Vec::new() } else { letters(&run.world, alphabet) };
        let mut successors = BTreeSet::new();
        for letter in &letters {
            let Some(next) = step(&run, letter, &mut found.tally) else { continue };
            let index = *known.entry(standing::of(&next.world)).or_insert_with(|| {
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
    /// The standings from which no way leads to the end of every piece, and of its case.
    fn dead_ends(&self) -> Vec<usize> {
        let mut predecessors = vec![Vec::new(); self.runs.len()];
        for (from, successors) in self.successors.iter().enumerate() {
            successors.iter().for_each(|to| predecessors[*to].push(from));
        }
        // While a case is explored its piece stands still: it goes on as it would without the case.
        let is_end = |run: &Run| {
            let disputed = !run.world.cases.is_empty() && run.world.cases.iter().all(|one| one.case.decided.is_some());
            disputed
                || run.world.slots.iter().all(|slot| slot.piece.stage() == Stage::Closed) && run.world.cases.is_empty()
        };
        let mut waiting: Vec<_> = (0..self.runs.len()).filter(|at| is_end(&self.runs[*at])).collect();
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

    /// The first standing of each stage, and of each end.
    fn of_each_stage(&self) -> BTreeMap<(Stage, Option<&'static str>), &Run> {
        let mut first = BTreeMap::new();
        for run in self.runs.iter().filter(|run| !is_left(run) && run.world.cases.is_empty()) {
            let piece = &run.world.slots[0].piece;
            let ended = piece.standing().outcome().map(|outcome| outcome.as_str());
            first.entry((piece.stage(), ended)).or_insert(run);
        }
        first
    }
}

/// Every sequence of so many commands; how many there are.
fn sequences(run: &Run, alphabet: Alphabet, length: usize, tally: &mut Tally) -> u64 {
    if length == 0 {
        return 1;
    }
    let mut count = 0;
    for letter in letters(&run.world, alphabet) {
        // What is refused leaves no trace: its sequences are those that are shorter by it.
        let next = step(run, &letter, tally);
        count += next.map_or(0, |next| sequences(&next, alphabet, length - 1, tally));
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
    let found = explore(start(1, false, true, 1), if is_whole() { Alphabet::Whole } else { Alphabet::Edges });
    found.report("a piece", began);
    let mut by_stage: BTreeMap<Stage, usize> = BTreeMap::new();
    for run in &found.runs {
        *by_stage.entry(run.world.slots[0].piece.stage()).or_default() += 1;
    }
    by_stage.iter().for_each(|(stage, count)| println!("{count:>7} {stage}"));
    assert_eq!(by_stage.len(), Stage::ALL.len(), "a stage is out of reach by commands");
    let missed = edges(&found.tally.edges);
    assert!(missed.is_empty(), "never taken:\n{}", missed.join("\n"));
    found.check_ends();
    check_table(&found);
    check_sequences(&found);
}

/// Every sequence of four commands: in the suite from one standing of each stage, else from all.
fn check_sequences(found: &Explored) {
    let began = Instant::now();
    let mut tally = Tally::default();
    let from: Vec<&Run> = if is_whole() {
        found.runs.iter().filter(|run| !is_left(run)).collect()
    } else {
        found.of_each_stage().into_values().collect()
    };
    let count: u64 = from.iter().map(|run| sequences(run, Alphabet::Edges, 4, &mut tally)).sum();
    println!(
        "{count} sequences of 4 from {} standings, {} commands tried, {:.1?}",
        from.len(),
        tally.commands,
        began.elapsed()
    );
    assert!(10_000 < count, "{count} sequences are too few");
}

#[test]
fn the_last_piece_of_a_line_has_a_way_to_its_end() {
    let began = Instant::now();
    let found = explore(start(1, false, false, 3), if is_whole() { Alphabet::Edges } else { Alphabet::Main });
    found.report("a third try", began);
    found.check_ends();
    assert!(found.runs.iter().all(|run| !is_left(run)), "a line was filled a fourth time");
}

#[test]
fn two_pieces_that_leave_together_have_a_way_to_their_end() {
    let began = Instant::now();
    let found = explore(start(2, true, false, 3), if is_whole() { Alphabet::Main } else { Alphabet::Line });
    found.report("two that ship together", began);
    found.check_ends();
    let asked = found.runs.iter().filter(|run| run.world.facts.asked.is_some()).count();
    assert!(0 < asked, "nobody was asked about the rest");
}

/// Every stage, every command, every role, as the decision answers them: the table of `docs/commands.csv`, carried out,
/// also on every end: what is closed takes nothing. (Over HTTP, for the roles that keys carry: `cells.rs`.)
fn check_table(found: &Explored) {
    let mut wrong = Vec::new();
    for ((stage, ended), run) in found.of_each_stage() {
        let mut world = run.world.clone();
        for kind in CommandKind::ALL {
            let command = fitting(&mut world, stage, *kind);
            let piece = &world.slots[0].piece;
            for who in CAST.iter().filter(|who| who.name != DEPUTY.name) {
                let second = if who.person == CHIEF.person { BORIS } else { CHIEF };
                let answer = decide(piece, &world.order, &command, &who.after(second), world.time(), &*world.book);
                let code = answer.as_ref().map_or_else(|refusal| refusal.code(), |_| "done");
                let fine = match (kind.roles_in(stage).contains(&who.role), kind.fits(stage)) {
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
                    let ended = ended.unwrap_or_default();
                    wrong.push(format!("{stage} {ended}, {}, {}: {code}", kind.as_str(), who.name));
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
