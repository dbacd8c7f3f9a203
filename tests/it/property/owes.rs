//! What is owed on an order, and whose fault it was, told by somebody who has read `obligations.csv` and
//! `incidents.csv` and nothing of the program's rules: an oracle that goes through every journal (the order's own, each
//! piece's, each case's), event by event, and writes down who owes whom. The books that were kept along the way must say
//! the same: nothing twice, nothing missing, every amount to the last minor unit.
//!
//! Of the program it asks the machine in which stage a piece was, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use touchstone::domain::actor::Role;
use touchstone::domain::conduct::IncidentKind;
use touchstone::domain::event::*;
use touchstone::domain::ids::StreamId;
use touchstone::domain::ledger::Verdict;
use touchstone::domain::obligation::*;
use touchstone::domain::route::Stage;

use super::books::Books;
use super::world::{Disputed, PRICE, Slot, World};

/// Debtor, creditor, the amount where it is known, and the most that it may be.
type What = (&'static str, &'static str, Option<i64>, Option<i64>);
type Told = BTreeMap<OwedKey, What>;

const HOUSE: &str = "warehouse";
const BUYER: &str = "buyer";
const MERCHANT: &str = "merchant";

/// Holds the books against the oracle.
pub fn check(world: &World, books: &Books) -> Result<(), String> {
    let mut kept = Told::new();
    for one in books.account.obligations().iter().filter(|one| one.state != OwedState::Reversed) {
        let arose = &one.arose;
        let what = (arose.debtor.as_str(), arose.creditor.as_str(), one.amount, arose.at_most);
        if kept.insert(arose.key(), what).is_some() {
            return Err(format!("{:?} is owed twice", arose.key()));
        }
    }
    let told = tell(world);
    if kept != told {
        let missing: Vec<_> = told.iter().filter(|(key, what)| kept.get(*key) != Some(*what)).collect();
        let extra: Vec<_> = kept.iter().filter(|(key, what)| told.get(*key) != Some(*what)).collect();
        return Err(format!("owed and not in the books: {missing:?}; in the books and not owed: {extra:?}"));
    }
    let mut kept = BTreeSet::new();
    for one in books.record.incidents().iter().filter(|one| one.withdrawn_at.is_none()) {
        if !kept.insert((one.confirmed.kind, one.confirmed.stream_id)) {
            return Err(format!("{:?} is counted twice", one.confirmed));
        }
    }
    let told = faults(world);
    if kept != told {
        return Err(format!("faults in the books: {kept:?}; by the journals: {told:?}"));
    }
    Ok(())
}

/// Everything that is owed on an order.
fn tell(world: &World) -> Told {
    let mut told = Told::new();
    world.slots.iter().for_each(|slot| of_piece(world, slot, &mut told));
    // The merchant did not send another piece in time, or the price is wanted back instead.
    for recorded in &world.own {
        let ended = match &recorded.event {
            Event::LineFailed(failed) => Some(failed.line_no),
            Event::LineCancelled(cancelled) => Some(cancelled.line_no),
            _ => None, // Nothing else of an order's own makes owed.
        };
        ended.into_iter().for_each(|line| refund(&mut told, line));
    }
    world.cases.iter().for_each(|case| of_case(world, case, &mut told));
    told
}

/// The price, once a line, whatever the reason.
fn refund(told: &mut Told, line: i32) {
    told.insert((OwedRule::RefundInFull, line, None), (MERCHANT, BUYER, Some(PRICE), None));
}

/// What one piece's way makes owed.
fn of_piece(world: &World, slot: &Slot, told: &mut Told) {
    use OwedRule::*;
    let (line, stream) = (slot.line_no, Some(StreamId(slot.stream)));
    let day = SignedDuration::from_hours(24);
    let (mut appealed, mut opened, mut posted, mut dispatched) = (false, false, false, false);
    let (mut unwanted, mut refused_as_it_is, mut swapped, mut delivered) = (false, false, false, false);
    let mut cleared: Option<Timestamp> = None;
    for (nth, recorded) in slot.journal.iter().enumerate().skip(1) {
        let ((from, _), (stage, outcome)) = (slot.way[nth - 1], slot.way[nth]);
        let owe = |told: &mut Told, rule, debtor, creditor, amount| {
            told.insert((rule, line, stream), (debtor, creditor, amount, None));
        };
        match &recorded.event {
            // Two days from the payment, or from the opening of a later try; by day where the merchant lives.
            Event::Dispatched(_) if !dispatched => {
                dispatched = true;
                if promised(world, slot) < recorded.at {
                    // 5 % of 12,800 yuan is 640 yuan; at most 30 are owed.
                    owe(told, LateDispatch, MERCHANT, BUYER, Some(3_000));
                }
            }
            Event::VerdictGiven(given) => {
                cleared = Some(recorded.at);
                let bad = matches!(given.verdict, Verdict::NotAsDescribed | Verdict::SuspectedCounterfeit);
                if bad {
                    owe(told, InspectionFee, MERCHANT, HOUSE, Some(1_500));
                    owe(told, ReturnFreight, MERCHANT, HOUSE, Some(1_200));
                } else {
                    told.remove(&(InspectionFee, line, stream));
                    told.remove(&(ReturnFreight, line, stream));
                }
                if appealed {
                    // The fee of an appeal is not in the table.
                    let (owed, not) = if bad { (AppealFee, AppealFeeBack) } else { (AppealFeeBack, AppealFee) };
                    let (debtor, creditor) = if bad { (MERCHANT, HOUSE) } else { (HOUSE, MERCHANT) };
                    owe(told, owed, debtor, creditor, None);
                    told.remove(&(not, line, stream));
                }
            }
            Event::Overridden(_) => {
                told.remove(&(InspectionFee, line, stream));
                told.remove(&(ReturnFreight, line, stream));
            }
            Event::Appealed(_) => appealed = true,
            Event::DifferenceAccepted(_) => cleared = Some(recorded.at),
            Event::DifferenceRefused(_) => refused_as_it_is = true,
            Event::Released(_)
                if cleared.is_some_and(|at| counted_from(world, line, at, recorded.at) + day < recorded.at) =>
            {
                owe(told, LateRelease, HOUSE, BUYER, Some(3_000));
            }
            Event::DeadlinePassed(passed) if passed.clock.as_str() == "released:clerk" => {
                owe(told, LateRelease, HOUSE, BUYER, Some(3_000));
            }
            Event::LostInCustody(_) => match from {
                Stage::Returning => owe(told, LostReturning, HOUSE, MERCHANT, Some(PRICE)),
                Stage::ReturningToBuyer => {
                    told.insert((LostToBuyer, line, stream), (HOUSE, BUYER, None, Some(PRICE)));
                }
                _ => owe(told, CustodyLoss, HOUSE, MERCHANT, Some(PRICE)), // Anywhere else in the house.
            },
            Event::Lost(_) => match from {
                Stage::Outbound => owe(told, CustodyLoss, HOUSE, MERCHANT, Some(PRICE)),
                Stage::Returning => owe(told, LostReturning, HOUSE, MERCHANT, Some(PRICE)),
                Stage::ReturningToBuyer => {
                    told.insert((LostToBuyer, line, stream), (HOUSE, BUYER, None, Some(PRICE)));
                }
                Stage::ReturnInbound if opened && posted && world.signed("return_freight") => {
                    owe(told, BuyersFreight, MERCHANT, BUYER, Some(2_500));
                }
                _ => {} // On its way to the house, it was the merchant's.
            },
            Event::DamagedInCustody(_) => {
                told.insert((CustodyDamage, line, stream), (HOUSE, MERCHANT, None, Some(PRICE)));
            }
            Event::ReturnOpened(_) => (opened, posted) = (true, false),
            Event::ReturnPosted(_) => posted = true,
            Event::SamePieceConfirmed(_) => {
                refund(told, line);
                if opened && world.signed("return_freight") {
                    owe(told, BuyersFreight, MERCHANT, BUYER, Some(2_500));
                }
            }
            // At the door.
            Event::Refused(_) => refund(told, line),
            Event::Cancelled(_) | Event::CancelRequested(_) => unwanted = true,
            Event::Delivered(_) => delivered = true,
            Event::NotSamePieceFound(_) => swapped = true,
            _ => {} // Nobody owes anything for the others.
        }
        // It will not come to its buyer any more, and nothing can take its place: the buyer does not want it, or had it
        // and no longer has it, or the merchant may not send another.
        let gone = match outcome {
            None => stage == Stage::Returning,
            Some(Outcome::Completed) => false,
            // The buyer's own, lost on its way to them for the second time: the sale stands.
            Some(Outcome::Lost) => !swapped || from != Stage::ReturningToBuyer,
            Some(Outcome::Cancelled | Outcome::Returned | Outcome::Unclaimed | Outcome::HandedToAuthority) => true,
        };
        let held = outcome == Some(Outcome::HandedToAuthority);
        if gone && (unwanted || delivered || refused_as_it_is || held || 2 < slot.attempt) {
            refund(told, line);
        }
    }
}

/// What a case makes owed that was decided against somebody.
fn of_case(world: &World, case: &Disputed, told: &mut Told) {
    use OwedRule::*;
    let Event::CaseOpened(opened) = &case.journal[0].event else { panic!("a case begins with its opening") };
    let about = world.slots.iter().find(|slot| slot.stream == opened.piece.0).expect("a case is about a piece");
    let (line, stream) = (about.line_no, Some(opened.piece));
    let mut contradicted = false;
    for recorded in &case.journal {
        match &recorded.event {
            Event::CaseReported(reported) => contradicted = reported.contradicts,
            Event::CaseDecided(decided) if decided.upheld => match opened.kind {
                // The price, and nine times the price, as the merchant has signed: more than three times, and more than
                // 500 yuan.
                CaseKind::Counterfeit => {
                    refund(told, line);
                    told.insert((CounterfeitCompensation, line, stream), (MERCHANT, BUYER, Some(9 * PRICE), None));
                }
                CaseKind::Retest if contradicted => {
                    told.entry((RetestCost, line, stream)).or_insert((HOUSE, BUYER, decided.amount, None));
                }
                CaseKind::Warranty if world.signed("warranty_180d") && is_within(about, recorded, case) => {
                    let amount = decided.amount.map(|amount| amount.min(PRICE));
                    told.entry((Warranty, line, stream)).or_insert((MERCHANT, BUYER, amount, Some(PRICE)));
                }
                CaseKind::Retest | CaseKind::Warranty | CaseKind::Parcel => {}
            },
            _ => {} // The others decide nothing.
        }
    }
}

/// Whether a case was opened within 180 days of the last delivery that was known when it was decided.
fn is_within(about: &Slot, decided: &Recorded, case: &Disputed) -> bool {
    let delivered = about.journal.iter().rev().filter(|recorded| recorded.at < decided.at).find_map(|recorded| {
        let Event::Delivered(delivered) = &recorded.event else { return None };
        Timestamp::from_microsecond(delivered.delivered_at).ok()
    });
    delivered.is_some_and(|at| case.journal[0].at <= at + SignedDuration::from_hours(180 * 24))
}

/// Since when the house's day for a release counts: not while the piece waited for other lines, or for the buyer's word
/// on the rest.
fn counted_from(world: &World, line: i32, cleared: Timestamp, released: Timestamp) -> Timestamp {
    let together = world.order.placed.ship == Ship::Together && 1 < world.order.placed.lines.len();
    let free = world.freed.iter().rev().find(|(no, at)| *no == line && *at <= released).map(|(_, at)| *at);
    free.filter(|_| together).map_or(cleared, |free| free.max(cleared))
}

/// What the merchant did wrong.
fn faults(world: &World) -> BTreeSet<(IncidentKind, StreamId)> {
    use IncidentKind::*;
    let mut told = BTreeSet::new();
    for slot in &world.slots {
        let stream = StreamId(slot.stream);
        let (mut verdict, mut ledger) = (None, None);
        let mut dispatched = false;
        for recorded in &slot.journal {
            match &recorded.event {
                Event::Dispatched(_) if !dispatched => {
                    dispatched = true;
                    if promised(world, slot) < recorded.at {
                        told.insert((Late, stream));
                    }
                }
                // Nobody's word but the clock's, and that of the dispatch: not the buyer's silence about the rest.
                Event::Cancelled(_) if recorded.role == Role::Desk && !silent(world, recorded.at) => {
                    told.insert((NoShow, stream));
                }
                Event::VerdictGiven(given) => {
                    verdict = Some(given.verdict);
                    ledger = Some(given.proposal_seq);
                }
                Event::Overridden(_) => verdict = Some(Verdict::DisclosedDifference),
                Event::AppealLapsed(_) if verdict == Some(Verdict::NotAsDescribed) => {
                    told.insert((MisDescribed, stream));
                }
                Event::QuarantineUpheld(_) if verdict == Some(Verdict::SuspectedCounterfeit) => {
                    told.insert((Counterfeit, stream));
                }
                _ => {} // The others are nobody's fault.
            }
        }
        if ledger.is_some_and(|ledger| has_breach(slot, ledger)) {
            told.insert((SpeechBreach, stream));
        }
    }
    for case in &world.cases {
        for recorded in &case.journal {
            match &recorded.event {
                Event::CaseDecided(decided) if decided.upheld && decided.kind == CaseKind::Counterfeit => {
                    told.insert((Counterfeit, decided.piece));
                }
                _ => {} // The others prove no fault of the merchant's.
            }
        }
    }
    told
}

/// Whether a ledger holds a claim that breaches a rule of speech, unless the last word on it is that it was not said.
fn has_breach(slot: &Slot, ledger: i32) -> bool {
    let (mut flagged, mut struck) = (BTreeSet::new(), BTreeSet::new());
    for recorded in &slot.journal {
        match &recorded.event {
            Event::LedgerProposed(proposed) if recorded.seq == ledger => {
                let breaches = proposed.entries.iter().filter(|entry| !entry.flags.is_empty());
                flagged.extend(breaches.map(|entry| &entry.claim_id));
            }
            Event::EntrySettled(entry) if entry.proposal_seq == ledger => {
                if entry.finding.is_none() {
                    struck.insert(&entry.claim_id);
                } else {
                    struck.remove(&entry.claim_id);
                }
            }
            _ => {} // The others neither flag nor strike a claim.
        }
    }
    flagged.difference(&struck).next().is_some()
}

/// Whether the buyer's silence about the rest ended lines at that moment.
fn silent(world: &World, at: Timestamp) -> bool {
    world.own.iter().any(|recorded| recorded.at == at && matches!(recorded.event, Event::RestDeclined(_)))
}

fn promised(world: &World, slot: &Slot) -> Timestamp {
    super::world::promised(slot.attempt, slot.journal[0].at, &world.order.placed)
}
