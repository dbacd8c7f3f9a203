//! A carrier's words on a leg: repeated, late, out of order and contradicting.

use std::sync::Arc;

use jiff::SignedDuration;

use super::*;
use crate::domain::event::{
    AppraisalOpened, CancelRequested, Dispatched, NoteAdded, PieceOpened, Received, Recorded, ReturnShipped,
};
use crate::domain::samples::{WEIGHT, carrier, opened, parcel, recorded, sealed, waybill, weighing};

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

fn begin() -> Piece {
    Piece::fold([recorded(1, 1, PieceOpened { line_no: 1, ..opened() })]).unwrap()
}

fn after(piece: &Piece, role: Role, event: impl Into<Event>) -> Piece {
    let mut next = piece.clone();
    let at = piece.last().at + hours(1);
    next.apply(Arc::new(Recorded { role, at, ..recorded(piece.head() + 1, 1, event) })).unwrap();
    next
}

fn inbound() -> Piece {
    after(&begin(), Role::Merchant, Dispatched { parcel_id: parcel(), carrier: carrier(), waybill: waybill() })
}

/// On its way back to the merchant.
fn returning() -> Piece {
    let received = after(&inbound(), Role::Clerk, Received { parcel_id: None, weight: weighing(WEIGHT), note: None });
    let opened = after(&received, Role::Inspector, AppraisalOpened {});
    let going = after(&opened, Role::Platform, CancelRequested { reason: None });
    after(&going, Role::Clerk, ReturnShipped { carrier: carrier(), waybill: waybill() })
}

fn kinds(piece: &Piece, told: Told, since: i64) -> Vec<super::super::event::EventKind> {
    let leg = current_leg(piece).unwrap();
    let at = leg.posted_at + hours(since);
    follows(piece, &leg, told, at, at + hours(1)).iter().map(Event::kind).collect()
}

#[test]
fn a_leg_is_known_by_the_event_that_posted_it() {
    let legs = legs(&returning());
    let told: Vec<_> = legs.iter().map(|leg| (leg.seq, leg.kind)).collect();
    assert_eq!(told, [(2, LegKind::Inbound), (6, LegKind::Returning)]);
    assert_eq!(current_leg(&returning()).unwrap().seq, 6);
    assert_eq!(current_leg(&begin()), None);
}

#[test]
fn a_movement_is_an_event_twice_a_day_at_the_most() {
    use super::super::event::EventKind::CarrierMoved as Moved;
    let piece = inbound();
    assert_eq!(kinds(&piece, Told::Moving, 3), []);
    assert_eq!(kinds(&piece, Told::Moving, 12), [Moved]);
    let leg = current_leg(&piece).unwrap();
    let at = (leg.posted_at + hours(12)).as_microsecond();
    let piece = after(&piece, Role::Carrier, CarrierMoved { leg: leg.seq, at });
    assert_eq!(last_movement(&piece, &leg), leg.posted_at + hours(12));
    // Repeated, and a scan that comes late.
    assert_eq!(kinds(&piece, Told::Moving, 12), []);
    assert_eq!(kinds(&piece, Told::Moving, 5), []);
    assert_eq!(kinds(&piece, Told::Moving, 24), [Moved]);
}

#[test]
fn what_a_carrier_says_of_each_leg_leads_where_it_must() {
    use super::super::event::EventKind as K;
    let check = |piece: &Piece, told, expected: &[K]| assert_eq!(kinds(piece, told, 1), expected, "{told}");
    let inbound = inbound();
    check(&inbound, Told::Delivered, &[]);
    check(&inbound, Told::ProxySigned, &[K::CarrierExceptionFound]);
    check(&inbound, Told::Refused, &[K::CarrierExceptionFound]);
    check(&inbound, Told::BackWithSender, &[K::CarrierExceptionFound, K::TurnedBack]);
    check(&inbound, Told::TurnedAround, &[K::CarrierExceptionFound]);
    check(&inbound, Told::Problem, &[K::CarrierExceptionFound]);
    check(&inbound, Told::Customs, &[K::CarrierExceptionFound]);
    let returning = returning();
    check(&returning, Told::Delivered, &[K::Returned]);
    check(&returning, Told::ProxySigned, &[K::CarrierExceptionFound, K::Returned]);
    check(&returning, Told::Refused, &[K::CarrierExceptionFound]);
    check(&returning, Told::BackWithSender, &[K::CarrierExceptionFound]);
}

#[test]
fn a_word_on_a_leg_that_is_over_changes_nothing() {
    let piece = returning();
    let leg = legs(&piece).remove(0);
    for told in Told::ALL {
        assert_eq!(follows(&piece, &leg, *told, leg.posted_at, leg.posted_at), [], "{told}");
    }
}

#[test]
fn trouble_waits_until_a_supervisor_has_answered_it() {
    let found = CarrierExceptionFound { leg: 2, what: TransitTrouble::Problem, at: 1 };
    let piece = after(&inbound(), Role::Carrier, found);
    assert_eq!(open_trouble(&piece).map(|found| found.what), Some(TransitTrouble::Problem));
    let noted = after(&piece, Role::Clerk, NoteAdded { text: sealed() });
    assert!(open_trouble(&noted).is_some());
    let answered = after(&noted, Role::Supervisor, NoteAdded { text: sealed() });
    assert_eq!(open_trouble(&answered), None);
    // The same trouble is not told twice.
    assert_eq!(kinds(&answered, Told::Problem, 1), []);
}

#[test]
fn a_carriers_clock_does_not_reach_beyond_now() {
    let piece = inbound();
    let leg = current_leg(&piece).unwrap();
    let now = leg.posted_at + hours(13);
    let events = follows(&piece, &leg, Told::Moving, now + hours(99), now);
    assert_eq!(events, [CarrierMoved { leg: 2, at: now.as_microsecond() }.into()]);
    assert_eq!(follows(&piece, &leg, Told::Moving, leg.posted_at - hours(99), now), []);
}
