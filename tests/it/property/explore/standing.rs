//! When two orders stand the same: where nothing differs that a decision or a clock asks for, now or later. Counts are
//! capped where the rules cap them, times are told by which waits are over, and numbers of events by what they were.
//!
//! What is owed already is no part of it: nobody asks it before deciding. The oracle holds the books against every single
//! step all the same.

use std::collections::BTreeSet;
use std::fmt::Write;

use jiff::SignedDuration;
use touchstone::domain::command::Rules;
use touchstone::domain::event::{Event, EventKind};
use touchstone::domain::evidence::{Appraised, Settled};
use touchstone::domain::ledger::Verdict;
use touchstone::domain::piece::Piece;
use touchstone::domain::route::Stage;
use touchstone::domain::transit;

use crate::property::world::*;

/// What happened before and is asked for later: it says how the line ends, and whether somebody may appeal.
const REMEMBERED: [EventKind; 6] = [
    EventKind::CancelRequested,
    EventKind::Refused,
    EventKind::Delivered,
    EventKind::NotSamePieceFound,
    EventKind::DifferenceRefused,
    EventKind::Appealed,
];

/// How an order stands.
pub fn of(world: &World) -> String {
    let mut told = String::new();
    for (at, slot) in world.slots.iter().enumerate() {
        // Whatever was followed by another piece of its line has its own way to go, and decides nothing any more.
        let follows = world.filling(slot.line_no) == at;
        let _ = write!(told, "{}{}{} ", slot.line_no, if follows { "" } else { "b" }, (2 < slot.attempt) as u8);
        if world.cases.is_empty() {
            piece(world, slot, &mut told);
        } else {
            // Nothing but the case is tried then, and it never moves its piece.
            let _ = write!(told, "{} {:?}", slot.piece.stage(), slot.piece.standing().outcome());
        }
        told.push('|');
    }
    let asked = world.facts.asked.map(|asked| asked.accepted_at.map(|at| over(world, at)));
    let _ = write!(told, "{asked:?} {:?} {:?}|", world.facts.failed, world.facts.cancelled);
    for one in &world.cases {
        let case = &one.case;
        let proposed = case.proposed.as_ref().map(|(proposed, by, _)| (proposed.upheld, by.map(|by| by.person_id)));
        let report = case.reported.as_ref().map(|(reported, _)| reported.contradicts);
        let wait = case.running().map(|(clock, _, since)| (clock, over(world, since)));
        let _ = write!(told, "{:?} {} {report:?} {proposed:?} {wait:?}|", case.opened.kind, case.state());
    }
    told
}

fn over(world: &World, since: jiff::Timestamp) -> bool {
    since + SignedDuration::from_secs(WAIT) <= world.time()
}

fn piece(world: &World, slot: &Slot, told: &mut String) {
    let piece = &slot.piece;
    let standing = piece.standing();
    let kinds: BTreeSet<_> = slot.journal.iter().map(|recorded| recorded.event.kind()).collect();
    let remembered: Vec<_> = REMEMBERED.iter().filter(|kind| kinds.contains(kind)).map(|kind| kind.as_str()).collect();
    let _ = write!(
        told,
        "{} {:?} {} {} {:?} {:?} {remembered:?}",
        piece.stage(),
        standing.outcome(),
        u8::from(standing.flagged()),
        u8::from(standing.posted()),
        standing.cause(),
        piece.line_status(),
    );
    match piece.stage() {
        Stage::Closed => return,
        Stage::Inbound => {
            let corrected = |recorded: &&std::sync::Arc<_>| kind(recorded) == EventKind::WaybillCorrected;
            let _ = write!(told, " c{}", slot.journal.iter().filter(corrected).count());
        }
        Stage::Appraising => bench(piece, told),
        Stage::SpokenReview => review(piece, told),
        Stage::AwaitingBuyer | Stage::Undetermined | Stage::Failed | Stage::Quarantined => judged(piece, told),
        Stage::Cleared | Stage::Tagged | Stage::Released => {
            judged(piece, told);
            // A day after its clearance a release is late.
            let cleared = slot
                .journal
                .iter()
                .rev()
                .find(|recorded| matches!(recorded.event, Event::VerdictGiven(_) | Event::DifferenceAccepted(_)));
            let late = cleared.is_some_and(|recorded| recorded.at + SignedDuration::from_hours(24) < world.time());
            let _ = write!(told, " {}", u8::from(late));
        }
        Stage::AwaitingDispatch
        | Stage::IntakeException
        | Stage::Received
        | Stage::Outbound
        | Stage::Delivered
        | Stage::ReturnInbound
        | Stage::ReturnIntake
        | Stage::Returning
        | Stage::ReturningToBuyer => {}
    }
    let clocks = Rules::running(&*world.book, piece, &world.order.placed);
    for deadline in clocks {
        let _ = write!(told, " {}{}", deadline.clock.as_str(), if deadline.due_at <= world.time() { "!" } else { "" });
    }
    let leg = transit::current_leg(piece);
    let trouble: BTreeSet<_> = leg
        .into_iter()
        .flat_map(|leg| {
            piece.history().iter().filter_map(move |recorded| match &recorded.event {
                Event::CarrierExceptionFound(found) if found.leg == leg.seq => Some(found.what.as_str()),
                _ => None, // The others tell of no trouble.
            })
        })
        .collect();
    let _ = write!(told, " {trouble:?} {}", u8::from(piece.notice_accepted().is_some()));
}

fn kind(recorded: &std::sync::Arc<touchstone::domain::event::Recorded>) -> EventKind {
    recorded.event.kind()
}

/// What lies on the bench: what was found, who is left to look, and what is to be repeated.
fn bench(piece: &Piece, told: &mut String) {
    let Some(bench) = piece.standing().bench() else { return };
    let free = INSPECTORS.iter().filter(|who| bench.takes(who.by().person)).count();
    let found: Vec<_> = bench.appraisals().iter().filter_map(|(seq, _)| piece.appraisal(*seq)).map(found).collect();
    let _ = write!(told, " {found:?} {free} {} {} {:?}", bench.looks(), bench.repeats(), bench.due().is_some());
}

/// An appraisal as far as anything is decided by it: whether it is what was declared, and whether it lies at a limit.
fn found(appraisal: &touchstone::domain::appraisal::Appraisal) -> (bool, bool) {
    let declared = appraisal.components.iter().all(|part| part.material != Some(name("玻璃")));
    (declared, 8 <= appraisal.weight.mass.0 / 1_000 % 10)
}

fn review(piece: &Piece, told: &mut String) {
    let Some((appraised, review)) = piece.standing().review() else { return };
    settled(appraised, told);
    let count = |wanted: fn(&Settled) -> bool| review.entries().values().filter(|entry| wanted(&entry.settled)).count();
    let proposed: BTreeSet<_> =
        review.entries().values().filter_map(|entry| entry.proposed).map(|finding| finding.as_str()).collect();
    let _ = write!(
        told,
        " {proposed:?} {} {:?} {:?} {} {} {}",
        u8::from(review.proposal().is_some()),
        review.speech(),
        review.derived(),
        u8::from(0 < count(|settled| matches!(settled, Settled::Open))),
        u8::from(0 < count(|settled| matches!(settled, Settled::Misread))),
        u8::from(piece.segment().is_some()),
    );
}

fn settled(appraised: &Appraised, told: &mut String) {
    let bench = appraised.bench();
    let free = INSPECTORS.iter().filter(|who| bench.takes(who.by().person)).count();
    let (looked, agreed) = (bench.appraisals().len(), appraised.agreed());
    let near = 8 <= appraised.weight().mass.0 / 1_000 % 10;
    let _ = write!(told, " {looked} {agreed} {free} {} {} {near}", bench.looks(), bench.repeats());
}

/// The verdict that stands, and how many looked.
fn judged(piece: &Piece, told: &mut String) {
    let given = piece.history().iter().rev().find_map(|recorded| match &recorded.event {
        Event::VerdictGiven(given) => Some((given.verdict, false)),
        Event::Overridden(_) => Some((Verdict::DisclosedDifference, true)),
        _ => None, // No other event gives one.
    });
    let looked = piece.settled_all().len();
    let told_of = piece.standing().clearance().is_some_and(|clearance| clearance.accepted().is_some());
    let _ = write!(told, " {given:?} {looked} {}", u8::from(told_of));
}
