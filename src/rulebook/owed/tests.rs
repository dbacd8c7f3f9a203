//! Amounts, to the last minor unit, and what a journal makes owed.

use std::sync::Arc;

use super::*;
use crate::domain::event::*;
use crate::domain::obligation::OwedState;
use crate::domain::order::Order;
use crate::domain::samples::*;

fn book() -> Rulebook {
    Rulebook::embedded().unwrap()
}

/// An order whose one line costs so much.
fn placed(amount: i64, currency: &str, level: i32) -> OrderPlaced {
    let Order { placed, .. } = order(Ship::AsReady, &[]);
    let line = PlacedLine {
        line_no: 1,
        sku: None,
        title: sealed(),
        price: Money::parse(amount, currency).unwrap(),
        pricing: Pricing::Fixed,
        custom_made: false,
    };
    OrderPlaced { lines: vec![line], guarantee_level: level, ..(*placed).clone() }
}

fn begin() -> Piece {
    Piece::fold([recorded(1, 1, PieceOpened { line_no: 1, ..opened() })]).unwrap()
}

/// The piece after one more event, a day after the last.
fn after(piece: &Piece, role: Role, event: impl Into<Event>) -> Piece {
    let mut next = piece.clone();
    let seq = piece.head() + 1;
    let at = piece.last().at + SignedDuration::from_hours(24);
    next.apply(Arc::new(Recorded { role, at, ..recorded(seq, 1, event) })).unwrap();
    next
}

fn follows(placed: &OrderPlaced, before: &Piece, now: &Piece, fees: &Fees) -> Consequences {
    let ground = |piece| Ground { piece, stream_id: StreamId(1), placed, free_since: None, fills: true };
    book().consequences(&ground(before), &ground(now), fees)
}

#[test]
fn a_share_lies_within_its_bounds_and_is_rounded_to_the_minor_unit() {
    let check = |amount, currency: &str, expected| {
        let placed = placed(amount, currency, 0);
        let piece = begin();
        let ground = Ground { piece: &piece, stream_id: StreamId(1), placed: &placed, free_since: None, fills: true };
        let owed = book().owed_by_case(OwedRule::LateDispatch, &ground, &Fees::new());
        assert_eq!(owed.map(|owed| owed.amount), expected, "{amount} {currency}");
    };
    check(0, "CNY", None);
    check(1, "CNY", Some(Some(300)));
    check(6_000, "CNY", Some(Some(300)));
    check(12_345, "CNY", Some(Some(617))); // 617.25
    check(12_350, "CNY", Some(Some(618))); // 617.5
    check(60_000, "CNY", Some(Some(3_000)));
    check(1_280_000, "CNY", Some(Some(3_000)));
    check(MAX_INTEGER, "CNY", Some(Some(3_000)));
    // The file knows no bounds in another currency: a person sets it.
    check(12_345, "USD", Some(None));
}

#[test]
fn a_counterfeit_costs_the_largest_of_level_statute_and_least() {
    let check = |amount, level, expected| {
        let placed = placed(amount, "CNY", level);
        let piece = begin();
        let ground = Ground { piece: &piece, stream_id: StreamId(1), placed: &placed, free_since: None, fills: true };
        let owed = book().owed_by_case(OwedRule::CounterfeitCompensation, &ground, &Fees::new()).unwrap();
        assert_eq!((owed.amount, owed.debtor, owed.creditor), (expected, Party::Merchant, Party::Buyer));
    };
    check(10_000, 0, Some(50_000)); // 500 yuan at least
    check(10_000, 9, Some(90_000));
    check(100_000, 0, Some(300_000));
    check(100_000, 2, Some(300_000));
    check(100_000, 4, Some(400_000));
    check(MAX_INTEGER, 9, None); // beyond what an event holds
}

#[test]
fn a_fee_that_the_table_does_not_hold_is_owed_without_an_amount() {
    let placed = placed(100, "CNY", 0);
    let piece = begin();
    let ground = Ground { piece: &piece, stream_id: StreamId(1), placed: &placed, free_since: None, fills: true };
    let amount = |fees: &Fees| book().owed_by_case(OwedRule::InspectionFee, &ground, fees).unwrap().amount;
    assert_eq!(amount(&Fees::new()), None);
    assert_eq!(amount(&Fees::from([((Fee::Inspection, "USD".to_owned()), 9)])), None);
    assert_eq!(amount(&Fees::from([((Fee::Inspection, "CNY".to_owned()), 1_500)])), Some(1_500));
}

#[test]
fn a_line_that_ends_owes_its_price_and_a_gift_owes_nothing() {
    let cancelled = |placed: &OrderPlaced| {
        let before = begin();
        let now = after(&before, Role::Platform, Cancelled { reason: None });
        follows(placed, &before, &now, &Fees::new())
    };
    let found = cancelled(&placed(1_280_000, "CNY", 0));
    let told: Vec<_> = found.arose.iter().map(|owed| (owed.rule, owed.amount, owed.stream_id)).collect();
    assert_eq!(told, [(OwedRule::RefundInFull, Some(1_280_000), None)]);
    assert!(found.faults.is_empty(), "the platform cancelled it");
    assert!(cancelled(&placed(0, "CNY", 0)).arose.is_empty());
}

#[test]
fn who_did_not_send_at_all_has_a_fault_and_who_was_cancelled_has_none() {
    let placed = placed(100, "CNY", 0);
    let before = begin();
    let faults = |role, hours| {
        let (seq, at) = (before.head() + 1, before.last().at + SignedDuration::from_hours(hours));
        let mut now = before.clone();
        now.apply(Arc::new(Recorded { role, at, ..recorded(seq, 1, Cancelled { reason: None }) })).unwrap();
        let found = follows(&placed, &before, &now, &Fees::new());
        found.faults.into_iter().map(|fault| fault.kind).collect::<Vec<_>>()
    };
    assert_eq!(faults(Role::Desk, 72), [IncidentKind::NoShow]);
    assert_eq!(faults(Role::Supervisor, 72), []);
    // Before the time was over: the buyer had not said that the rest of the order shall ship.
    assert_eq!(faults(Role::Desk, 24), []);
}

#[test]
fn who_sends_late_owes_the_buyer_and_has_a_fault() {
    let before = begin();
    let sent = Dispatched { parcel_id: parcel(), carrier: carrier(), waybill: waybill() };
    let now = after(&before, Role::Merchant, sent);
    let at = |paid: Timestamp| OrderPlaced { paid_at: paid.as_microsecond(), ..placed(12_345, "CNY", 0) };
    let early = at(now.last().at - SignedDuration::from_hours(47));
    let late = at(now.last().at - SignedDuration::from_hours(24 * 4));
    assert_eq!(follows(&early, &before, &now, &Fees::new()), Consequences::default());
    let found = follows(&late, &before, &now, &Fees::new());
    assert_eq!(
        found.arose.iter().map(|owed| (owed.rule, owed.amount)).collect::<Vec<_>>(),
        [(OwedRule::LateDispatch, Some(617))]
    );
    assert_eq!(found.faults.iter().map(|fault| fault.kind).collect::<Vec<_>>(), [IncidentKind::Late]);
}

#[test]
fn what_is_lost_in_the_house_is_owed_to_merchant_and_buyer() {
    let placed = placed(100, "CNY", 0);
    let arrived = after(&begin(), Role::Clerk, Received { parcel_id: None, weight: weighing(WEIGHT), note: None });
    let rules = |event: Event| {
        let now = after(&arrived, Role::Clerk, event);
        let found = follows(&placed, &arrived, &now, &Fees::new());
        found.arose.into_iter().map(|owed| (owed.rule, owed.amount, owed.at_most)).collect::<Vec<_>>()
    };
    let lost = rules(LostInCustody { note: sealed() }.into());
    assert!(lost.contains(&(OwedRule::CustodyLoss, Some(100), None)), "{lost:?}");
    let damaged = rules(DamagedInCustody { note: sealed() }.into());
    assert!(damaged.contains(&(OwedRule::CustodyDamage, None, Some(100))), "{damaged:?}");
}

#[test]
fn what_stands_does_not_arise_again() {
    let placed = placed(100, "CNY", 0);
    let before = begin();
    let now = after(&before, Role::Platform, Cancelled { reason: None });
    let found = follows(&placed, &before, &now, &Fees::new());
    let owed = found.arose[0].clone();
    let mut account = Account::default();
    let arose = ObligationArose {
        id: obligation(),
        rule: owed.rule,
        debtor: owed.debtor,
        creditor: owed.creditor,
        line_no: 1,
        stream_id: None,
        amount: owed.amount,
        at_most: None,
        currency: owed.currency,
        clause: owed.clause,
        cause: None,
        rulebook_version: name("1"),
    };
    account.follow(&recorded(2, 1, arose)).unwrap();
    assert!(found.clone().news(&account, &Record::default()).is_empty());
    account.follow(&recorded(3, 1, ObligationSettled { id: obligation(), settled_at: 0 })).unwrap();
    assert_eq!(account.obligations()[0].state, OwedState::Settled);
    assert!(found.news(&account, &Record::default()).is_empty(), "paid once is enough");
}

#[test]
fn a_reference_piece_owes_nobody() {
    let placed = placed(100, "CNY", 0);
    let before = Piece::fold([recorded(1, 1, PieceOpened { line_no: 1, reference: true, ..opened() })]).unwrap();
    let now = after(&before, Role::Platform, Cancelled { reason: None });
    assert!(follows(&placed, &before, &now, &Fees::new()).is_empty());
}
