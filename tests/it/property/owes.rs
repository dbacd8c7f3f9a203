//! What is owed after a walk, told by somebody who has read `obligations.csv` and nothing of the program: an oracle that
//! goes through every journal, event by event, and writes down who owes whom. The books that were kept along the walk must
//! say the same: nothing twice, nothing missing, every amount to the last minor unit.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use touchstone::domain::event::*;
use touchstone::domain::ids::{ObligationId, StreamId};
use touchstone::domain::ledger::Verdict;
use touchstone::domain::obligation::*;
use touchstone::domain::order::LineStatus;
use touchstone::domain::piece::Piece;
use touchstone::domain::route::Stage;
use touchstone::rulebook::{Fees, Ground, Rulebook};
use uuid::Uuid;

use super::world::{PRICE, Slot, World};

/// A fee table in which one fee is missing.
pub fn fees() -> Fees {
    let fee = |fee, amount| ((fee, "CNY".to_owned()), amount);
    Fees::from([fee(Fee::Inspection, 1_500), fee(Fee::ReturnFreight, 1_200), fee(Fee::BuyersFreight, 2_500)])
}

/// The books, as the desk keeps them.
pub struct Books {
    rules: Rulebook,
    fees: Fees,
    pub account: Account,
    seq: i32,
}

impl Books {
    pub fn new() -> Self {
        Self { rules: Rulebook::embedded().unwrap(), fees: fees(), account: Account::default(), seq: 1 }
    }

    /// Writes down what follows from a command on one piece.
    pub fn keep(&mut self, world: &World, before: &Piece, slot: &Slot) -> Result<(), String> {
        let (placed, stream_id) = (&*world.order.placed, StreamId(slot.stream));
        let ground = |piece| Ground { piece, stream_id, placed, free_since: None, fills: true };
        let found = self.rules.consequences(&ground(before), &ground(&slot.piece), &self.fees);
        let news = found.news(&self.account, &touchstone::domain::conduct::Record::default());
        let mut events: Vec<Event> = Vec::new();
        for key in news.reversed {
            let id = self.account.stands(key).unwrap().arose.id;
            events.push(ObligationReversed { id, cause: None }.into());
        }
        for owed in news.arose {
            self.seq += 1;
            let id = ObligationId(Uuid::from_u128(self.seq as u128));
            events.push(
                ObligationArose {
                    id,
                    rule: owed.rule,
                    debtor: owed.debtor,
                    creditor: owed.creditor,
                    line_no: owed.line_no,
                    stream_id: owed.stream_id,
                    amount: owed.amount,
                    at_most: owed.at_most,
                    currency: owed.currency,
                    clause: owed.clause,
                    cause: None,
                    rulebook_version: super::world::name("1"),
                }
                .into(),
            );
        }
        for event in events {
            self.seq += 1;
            let at = slot.piece.last().at;
            let role = touchstone::domain::actor::Role::Desk;
            let recorded = Recorded { seq: self.seq, at, person: None, key: None, role, event };
            self.account.follow(&recorded).map_err(|unfounded| format!("the books do not fold: {unfounded}"))?;
        }
        Ok(())
    }

    /// Holds the books against the oracle.
    pub fn check(&self, world: &World) -> Result<(), String> {
        let mut kept = BTreeMap::new();
        for one in self.account.obligations().iter().filter(|one| one.state != OwedState::Reversed) {
            let arose = &one.arose;
            let what = (arose.debtor.as_str(), arose.creditor.as_str(), one.amount, arose.at_most);
            if kept.insert(arose.key(), what).is_some() {
                return Err(format!("{:?} is owed twice", arose.key()));
            }
        }
        let slots = world.ended.iter().chain(&world.slots);
        let mut told = BTreeMap::new();
        for slot in slots {
            tell(world, slot, &mut told);
        }
        if kept == told {
            return Ok(());
        }
        let missing: Vec<_> = told.iter().filter(|(key, what)| kept.get(*key) != Some(*what)).collect();
        let extra: Vec<_> = kept.iter().filter(|(key, what)| told.get(*key) != Some(*what)).collect();
        Err(format!("owed and not in the books: {missing:?}; in the books and not owed: {extra:?}"))
    }
}

type Told = BTreeMap<OwedKey, (&'static str, &'static str, Option<i64>, Option<i64>)>;

/// What one piece's way makes owed.
fn tell(world: &World, slot: &Slot, told: &mut Told) {
    use OwedRule::*;
    const HOUSE: &str = "warehouse";
    const BUYER: &str = "buyer";
    const MERCHANT: &str = "merchant";
    let (line, stream) = (slot.line_no, Some(StreamId(slot.stream)));
    let day = SignedDuration::from_hours(24);
    let mut piece = Piece::fold([slot.journal[0].clone()]).unwrap();
    let mut appealed = false;
    let mut opened = false;
    let mut posted = false;
    let mut cleared: Option<Timestamp> = None;
    let mut dispatched = false;
    for recorded in &slot.journal[1..] {
        let from = piece.stage();
        piece.apply(std::sync::Arc::new(recorded.clone())).unwrap();
        let owe = |told: &mut Told, rule, debtor, creditor, amount| {
            told.insert((rule, line, stream), (debtor, creditor, amount, None));
        };
        match &recorded.event {
            // Two days from the payment, or from the opening of a later try; by day where the merchant lives.
            Event::Dispatched(_) if !dispatched => {
                dispatched = true;
                let promised = promised(world, slot);
                if promised < recorded.at {
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
            Event::Released(_) if cleared.is_some_and(|cleared| cleared + day < recorded.at) => {
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
                _ => owe(told, CustodyLoss, HOUSE, MERCHANT, Some(PRICE)),
            },
            Event::Lost(_) => match from {
                Stage::Outbound => owe(told, CustodyLoss, HOUSE, MERCHANT, Some(PRICE)),
                Stage::Returning => owe(told, LostReturning, HOUSE, MERCHANT, Some(PRICE)),
                Stage::ReturningToBuyer => {
                    told.insert((LostToBuyer, line, stream), (HOUSE, BUYER, None, Some(PRICE)));
                }
                Stage::ReturnInbound if opened && posted && world.signed() => {
                    owe(told, BuyersFreight, MERCHANT, BUYER, Some(2_500));
                }
                _ => {} // On its way to the house, it was the merchant's.
            },
            Event::DamagedInCustody(_) => {
                told.insert((CustodyDamage, line, stream), (HOUSE, MERCHANT, None, Some(PRICE)));
            }
            Event::ReturnOpened(_) => (opened, posted) = (true, false),
            Event::ReturnPosted(_) => posted = true,
            Event::SamePieceConfirmed(_) if opened && world.signed() => {
                owe(told, BuyersFreight, MERCHANT, BUYER, Some(2_500));
            }
            _ => {} // Nobody owes anything for the others.
        }
        if matches!(piece.line_status(), LineStatus::Failed | LineStatus::Cancelled) {
            told.insert((RefundInFull, line, None), (MERCHANT, BUYER, Some(PRICE), None));
        }
    }
}

fn promised(world: &World, slot: &Slot) -> Timestamp {
    let begun = match slot.attempt {
        1 => Timestamp::from_microsecond(world.order.placed.paid_at).unwrap(),
        _ => slot.journal[0].at,
    };
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
    let due = (begun + SignedDuration::from_hours(48)).to_zoned(zone);
    let nine = |day: jiff::Zoned| day.with().hour(9).minute(0).second(0).subsec_nanosecond(0).build().unwrap();
    match due.hour() {
        ..9 => nine(due).timestamp(),
        22.. => nine(due.tomorrow().unwrap()).timestamp(),
        _ => due.timestamp(),
    }
}
