//! The waits that run for a piece (`deadlines.csv`): which clock, since when, until when. Told from the journal alone.
//!
//! `awaiting_buyer` and `failed` count from the moment at which a channel has *accepted* the notice, and have no row
//! before: a clock that starts when a notice is only written would make silence consent.
//!
//! Not here, until what they need exists:
//! - the clocks of lines, of orders and of cases (`line:`, `order:`, `case:` in the file) belong to their own streams.
//! - `cleared` in an order of several lines that ships together: there the piece rests with its clock stopped, and its
//!   own journal cannot say when the last of the others passed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::editions::Files;
use super::{Unreadable, rows};
use crate::domain::deadline::{Deadline, Waiter, due};
use crate::domain::event::{Event, OrderPlaced, Recorded, Resolution, Ship};
use crate::domain::piece::Piece;
use crate::domain::route::Stage;
use crate::domain::text::Name;

macro_rules! clocks {
    ($($(#[$doc:meta])* $clock:ident $kind:literal $stage:ident $waits_for:literal $from:literal $waiter:ident;)*) => {
        /// One wait of a piece. Its name is the stage and who is waited for; two for the same carrier also say what is
        /// feared.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Clock { $($(#[$doc])* $clock,)* }

        impl Clock {
            pub const ALL: &'static [Clock] = &[$(Clock::$clock,)*];

            /// The kind of its deadline's row; unique within a piece.
            pub fn as_str(self) -> &'static str {
                match self { $(Clock::$clock => $kind,)* }
            }

            /// The stage in which it runs.
            pub fn stage(self) -> Stage {
                match self { $(Clock::$clock => Stage::$stage,)* }
            }

            /// Whose time runs.
            pub fn waiter(self) -> Waiter {
                match self { $(Clock::$clock => Waiter::$waiter,)* }
            }

            /// The columns of the file that tell its row from the others of the stage.
            fn row(self) -> (&'static str, &'static str) {
                match self { $(Clock::$clock => ($waits_for, $from),)* }
            }
        }
    };
}

clocks! {
    Dispatch "awaiting_dispatch:merchant" AwaitingDispatch "merchant" "paid_at; for a resubmission when it was opened" Merchant;
    InboundStalled "inbound:carrier_stalled" Inbound "carrier" "last movement" Carrier;
    InboundLost "inbound:carrier_lost" Inbound "carrier" "dispatched" Carrier;
    Exception "intake_exception:supervisor" IntakeException "supervisor" "found" House;
    Opening "received:inspector" Received "inspector" "received" House;
    Appraisal "appraising:inspector" Appraising "inspector" "received" House;
    Review "spoken_review:inspector" SpokenReview "inspector" "received" House;
    /// No row until a channel has accepted the notice.
    BuyersChoice "awaiting_buyer:buyer" AwaitingBuyer "buyer" "notice accepted" Buyer;
    Undetermined "undetermined:supervisor" Undetermined "supervisor" "verdict" House;
    /// The same.
    Appeal "failed:merchant" Failed "merchant" "verdict notice accepted" Merchant;
    Quarantine "quarantined:supervisors" Quarantined "two supervisors" "held" House;
    Tagging "cleared:clerk" Cleared "clerk" "cleared" House;
    Release "tagged:releaser" Tagged "releaser" "tagged" House;
    Shipment "released:clerk" Released "clerk" "released" House;
    OutboundStalled "outbound:carrier_stalled" Outbound "carrier" "last movement" Carrier;
    OutboundLost "outbound:carrier_lost" Outbound "carrier" "shipped" Carrier;
    ReturnWindow "delivered:buyer" Delivered "buyer" "delivered" Buyer;
    ReturnPosting "return_inbound:buyer" ReturnInbound "buyer" "return_opened while nothing is posted" Buyer;
    ReturnLost "return_inbound:carrier_lost" ReturnInbound "carrier" "return_posted or refused" Carrier;
    ReturnIntake "return_intake:clerk" ReturnIntake "clerk" "return_received" House;
    Unclaimed "returning:merchant" Returning "merchant" "return ready" Merchant;
    ReshipmentLost "returning_to_buyer:carrier_lost" ReturningToBuyer "carrier" "return_shipped" Carrier;
}

impl Clock {
    pub fn parse(kind: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|clock| clock.as_str() == kind)
    }

    /// Since when it runs for this piece, which is in its stage; none if it does not.
    fn since(self, piece: &Piece, order: &OrderPlaced) -> Option<Timestamp> {
        match self {
            Clock::Dispatch => {
                let opened = piece.history().first()?.at;
                match piece.opened().follows {
                    Some(_) => Some(opened),
                    // A time that no calendar holds was never taken in; the piece's own beginning is the next best.
                    None => Some(Timestamp::from_microsecond(order.paid_at).unwrap_or(opened)),
                }
            }
            // Until carriers push, the word of a parcel's last movement is its waybill: given, or corrected.
            Clock::InboundStalled => {
                last(piece, |event| matches!(event, Event::Dispatched(_) | Event::WaybillCorrected(_)))
            }
            Clock::InboundLost => last(piece, |event| matches!(event, Event::Dispatched(_))),
            Clock::Exception => last(piece, |event| matches!(event, Event::IntakeExceptionFound(_))),
            Clock::Opening => last(piece, is_receipt),
            // Counted from receipt, and anew from what puts a piece back on the bench with nothing settled: otherwise
            // the clock would have run out before the work begins.
            Clock::Appraisal | Clock::Review => last(piece, |event| {
                is_receipt(event)
                    || matches!(
                        event,
                        Event::AppraisalReopened(_)
                            | Event::Appealed(_)
                            | Event::OutsideReportRecorded(_)
                            | Event::QuarantineLifted(_)
                    )
            }),
            Clock::BuyersChoice | Clock::Appeal => piece.notice_accepted(),
            Clock::Tagging => match order.ship {
                Ship::Together if 1 < order.lines.len() => None,
                Ship::Together | Ship::AsReady => Some(piece.stage_since()),
            },
            Clock::Undetermined | Clock::Quarantine | Clock::Release | Clock::Shipment | Clock::Unclaimed => {
                Some(piece.stage_since())
            }
            Clock::OutboundLost => last(piece, |event| matches!(event, Event::Shipped(_))),
            Clock::OutboundStalled => {
                last(piece, |event| matches!(event, Event::Shipped(_) | Event::WaybillCorrected(_)))
            }
            // What is made to order cannot be returned for the asking, so nothing runs; the platform completes it.
            Clock::ReturnWindow if piece.opened().custom_made => None,
            // From the day on which it was handed over, not from the day on which that was reported.
            Clock::ReturnWindow => piece.history().iter().rev().find_map(|recorded| match &recorded.event {
                Event::Delivered(delivered) => {
                    Some(Timestamp::from_microsecond(delivered.delivered_at).unwrap_or(recorded.at))
                }
                _ => None, // No other event says when it was delivered.
            }),
            Clock::ReturnPosting if piece.standing().posted() => None,
            Clock::ReturnPosting => last(piece, |event| matches!(event, Event::ReturnOpened(_))),
            Clock::ReturnLost if !piece.standing().posted() => None,
            Clock::ReturnLost => last(piece, |event| matches!(event, Event::ReturnPosted(_) | Event::Refused(_))),
            Clock::ReturnIntake => Some(piece.stage_since()),
            Clock::ReshipmentLost if !piece.standing().posted() => None,
            Clock::ReshipmentLost => last(piece, |event| matches!(event, Event::ReturnShipped(_))),
        }
    }
}

/// When something of this sort happened last.
fn last(piece: &Piece, is: impl Fn(&Event) -> bool) -> Option<Timestamp> {
    piece.history().iter().rev().find(|recorded: &&std::sync::Arc<Recorded>| is(&recorded.event)).map(|found| found.at)
}

fn is_receipt(event: &Event) -> bool {
    match event {
        Event::Received(_) => true,
        Event::ExceptionResolved(resolved) => resolved.to == Resolution::Received,
        _ => false, // Nothing else books a piece in.
    }
}

#[derive(Deserialize)]
struct Row {
    stage: String,
    waits_for: String,
    hours: i64,
    counts_from: String,
}

/// The hours of every clock.
#[derive(Clone, Debug)]
pub struct Clocks(BTreeMap<Clock, i64>);

impl Clocks {
    pub fn read(files: &Files) -> Result<Self, Unreadable> {
        Self::parse(files.text("deadlines.csv")?)
    }

    fn parse(text: &str) -> Result<Self, Unreadable> {
        let fail = |why| Unreadable { file: "deadlines.csv", why };
        let mut hours = BTreeMap::new();
        for row in rows::<Row>("deadlines.csv", text)? {
            let Some(stage) = Stage::parse(&row.stage) else {
                // Lines, orders and cases have their own streams.
                if row.stage.starts_with("line:") || row.stage.starts_with("order:") || row.stage.starts_with("case:") {
                    continue;
                }
                return Err(fail(format!("{} is no stage", row.stage)));
            };
            let columns = (row.waits_for.as_str(), row.counts_from.as_str());
            let clock = Clock::ALL.iter().copied().find(|clock| clock.stage() == stage && clock.row() == columns);
            let Some(clock) = clock else {
                return Err(fail(format!("nothing counts {stage}, {}, {}", row.waits_for, row.counts_from)));
            };
            if row.hours < 1 || hours.insert(clock, row.hours).is_some() {
                return Err(fail(format!("{} stands twice, or has no hours", clock.as_str())));
            }
        }
        match Clock::ALL.iter().find(|clock| !hours.contains_key(clock)) {
            Some(clock) => Err(fail(format!("{} is not there", clock.as_str()))),
            None => Ok(Self(hours)),
        }
    }

    pub fn deadlines(&self, piece: &Piece, order: &OrderPlaced) -> Vec<Deadline> {
        let stage = piece.stage();
        let running = Clock::ALL.iter().filter(|clock| clock.stage() == stage);
        running
            .filter_map(|clock| {
                let (since, hours) = (clock.since(piece, order)?, *self.0.get(clock)?);
                let zone = match clock.waiter() {
                    Waiter::Buyer => zone(&order.buyer_timezone),
                    Waiter::Merchant => zone(&order.merchant_timezone),
                    Waiter::House | Waiter::Carrier => TimeZone::UTC,
                };
                let due_at = due(since, hours, clock.waiter(), &zone);
                Some(Deadline { kind: clock.as_str().to_owned(), due_at })
            })
            .collect()
    }
}

/// An order with a zone that does not exist is not taken in. One that ceased to exist since must not stop a rebuild.
fn zone(name: &Name) -> TimeZone {
    TimeZone::get(name.as_str()).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests;
