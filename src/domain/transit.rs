//! A piece with a carrier: its legs, what a carrier may tell of one, and what that asks for (`integrations.md`, section
//! 2).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::actor::Role;
use super::event::{
    CarrierExceptionFound, CarrierMoved, Delivered, DeliveredBack, Event, Refused, Returned, TurnedBack,
};
use super::ids::{Carrier, Waybill};
use super::obligation::named;
use super::piece::Piece;
use super::route::Stage;

named! {
    /// Where a leg leads.
    LegKind {
        /// From the merchant to the warehouse.
        Inbound "inbound"
        /// To the buyer.
        Outbound "outbound"
        /// From the buyer back to the warehouse.
        BuyersReturn "return_inbound"
        /// Back to the merchant.
        Returning "returning"
        /// To the buyer again, since another piece had come back.
        ReturningToBuyer "returning_to_buyer"
    }
}

named! {
    /// What a carrier tells that a person has to look at.
    TransitTrouble {
        /// 代签: somebody signed in the recipient's place.
        ProxySigned "proxy_signed"
        /// 拒签, 退签: refused by whoever it was for.
        Refused "refused"
        /// 退回: on its way back to whoever sent it.
        TurnedAround "turned_around"
        /// 疑难.
        Problem "problem"
        /// 清关异常.
        Customs "customs"
        /// Delivered, and then something that cannot be after a delivery.
        Contradiction "contradiction"
    }
}

named! {
    /// What a supervisor, or a carrier's push, says of a leg.
    TransitWord {
        Lost "lost"
        TurnedBack "turned_back"
        Refused "refused"
        DeliveredBack "delivered_back"
    }
}

/// One leg of a piece's way under one waybill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The event that posted it.
    pub seq: i32,
    pub kind: LegKind,
    pub carrier: Carrier,
    pub waybill: Waybill,
    pub posted_at: Timestamp,
}

/// Every leg of a piece, oldest first. A corrected waybill is a leg of its own.
pub fn legs(piece: &Piece) -> Vec<Leg> {
    let mut to_buyer = false;
    let mut outbound = false;
    let mut legs = Vec::new();
    for recorded in piece.history() {
        let (kind, carrier, waybill) = match &recorded.event {
            Event::Dispatched(sent) => (LegKind::Inbound, &sent.carrier, &sent.waybill),
            Event::WaybillCorrected(sent) if outbound => (LegKind::Outbound, &sent.carrier, &sent.waybill),
            Event::WaybillCorrected(sent) => (LegKind::Inbound, &sent.carrier, &sent.waybill),
            Event::Shipped(sent) => {
                outbound = true;
                (LegKind::Outbound, &sent.carrier, &sent.waybill)
            }
            Event::ReturnPosted(sent) => (LegKind::BuyersReturn, &sent.carrier, &sent.waybill),
            Event::ReturnShipped(sent) if to_buyer => (LegKind::ReturningToBuyer, &sent.carrier, &sent.waybill),
            Event::ReturnShipped(sent) => (LegKind::Returning, &sent.carrier, &sent.waybill),
            Event::NotSamePieceFound(_) => {
                // Of a piece that was refused at the door the machine makes a quarantine, and of that a way to the
                // merchant.
                to_buyer = !piece.history().iter().any(|recorded| matches!(recorded.event, Event::Refused(_)));
                continue;
            }
            Event::DamagedInCustody(_) => {
                to_buyer = false;
                continue;
            }
            _ => continue, // The others post nothing.
        };
        let (carrier, waybill) = (carrier.clone(), waybill.clone());
        legs.push(Leg { seq: recorded.seq, kind, carrier, waybill, posted_at: recorded.at });
    }
    legs
}

/// The leg on which the piece is now; none while nobody carries it.
pub fn current_leg(piece: &Piece) -> Option<Leg> {
    let kind = match piece.stage() {
        Stage::Inbound => LegKind::Inbound,
        Stage::Outbound => LegKind::Outbound,
        Stage::ReturnInbound if piece.standing().posted() => {
            // What was refused at the door comes back under the waybill by which it went, unless another is told.
            return legs(piece).pop().filter(|leg| matches!(leg.kind, LegKind::Outbound | LegKind::BuyersReturn));
        }
        Stage::Returning if piece.standing().posted() => LegKind::Returning,
        Stage::ReturningToBuyer if piece.standing().posted() => LegKind::ReturningToBuyer,
        _ => return None, // In the house, with the merchant, with the buyer, or at its end.
    };
    legs(piece).pop().filter(|leg| leg.kind == kind)
}

/// A movement is an event where the last one that is known lies this far back: a journal does not fill up with scans, and
/// the clock of a stalled parcel, which counts three days, is half a day wrong at the most.
pub const MOVEMENT_EVERY: SignedDuration = SignedDuration::from_hours(12);

/// When the carrier last moved this leg, as the journal tells it.
pub fn last_movement(piece: &Piece, leg: &Leg) -> Timestamp {
    let told = piece.history().iter().filter_map(|recorded| match &recorded.event {
        Event::CarrierMoved(moved) if moved.leg == leg.seq => Timestamp::from_microsecond(moved.at).ok(),
        _ => None, // No other event tells of a movement.
    });
    told.chain([leg.posted_at]).max().unwrap_or(leg.posted_at)
}

named! {
    /// The newest word of a carrier on one waybill.
    Told {
        /// Collected, under way, out for delivery, in a locker.
        Moving "moving"
        /// Signed for by the recipient, or taken from a locker.
        Delivered "delivered"
        /// 代签: signed for by somebody else.
        ProxySigned "proxy_signed"
        /// 拒签.
        Refused "refused"
        /// 退签: back with whoever sent it.
        BackWithSender "back_with_sender"
        /// 退回: on its way back.
        TurnedAround "turned_around"
        /// 疑难.
        Problem "problem"
        /// 清关异常.
        Customs "customs"
    }
}

/// What follows from a carrier's word on one leg: nothing where it is not new, or comes too late to matter. Repeated,
/// late and contradicting words are a carrier's everyday; whatever they say, a closed piece stays as it is, and what only
/// a person may decide becomes an exception for the supervisor.
pub fn follows(piece: &Piece, leg: &Leg, told: Told, at: Timestamp, now: Timestamp) -> Vec<Event> {
    if piece.stage() == Stage::Closed {
        return Vec::new();
    }
    // No word is newer than now, nor older than its leg: clocks of carriers are theirs.
    let at = at.clamp(leg.posted_at.min(now), now);
    let micros = at.as_microsecond();
    let trouble = |what: TransitTrouble| {
        let known = |recorded: &std::sync::Arc<super::event::Recorded>| matches!(&recorded.event, Event::CarrierExceptionFound(found) if found.leg == leg.seq && found.what == what);
        let new = !piece.history().iter().any(known);
        new.then(|| Event::from(CarrierExceptionFound { leg: leg.seq, what, at: micros }))
    };
    let moved = || {
        let is_news = last_movement(piece, leg) + MOVEMENT_EVERY <= at;
        is_news.then(|| Event::from(CarrierMoved { leg: leg.seq, at: micros }))
    };
    let is_current = current_leg(piece).is_some_and(|current| current.seq == leg.seq);
    if !is_current {
        // What was delivered to the buyer cannot be refused any more.
        let turned = matches!(told, Told::Refused | Told::BackWithSender | Told::TurnedAround);
        let was_theirs = matches!(leg.kind, LegKind::Outbound) && piece.stage() == Stage::Delivered;
        return if turned && was_theirs {
            trouble(TransitTrouble::Contradiction).into_iter().collect()
        } else {
            Vec::new()
        };
    }
    let proxy = || (told == Told::ProxySigned).then(|| trouble(TransitTrouble::ProxySigned)).flatten();
    let with = |first: Option<Event>, then: Event| -> Vec<Event> { first.into_iter().chain([then]).collect() };
    match told {
        Told::Moving => moved().into_iter().collect(),
        Told::Delivered | Told::ProxySigned => match (leg.kind, piece.stage()) {
            // Refused at the door, and then signed for after all.
            (LegKind::Outbound, Stage::ReturnInbound) => trouble(TransitTrouble::Contradiction).into_iter().collect(),
            (LegKind::Outbound, _) => with(proxy(), Delivered { delivered_at: micros }.into()),
            (LegKind::Returning, _) => with(proxy(), Returned { picked_up: false }.into()),
            (LegKind::ReturningToBuyer, _) => with(proxy(), DeliveredBack {}.into()),
            // At the warehouse's door: its clerk's word counts.
            (LegKind::Inbound | LegKind::BuyersReturn, _) => proxy().into_iter().chain(moved()).collect(),
        },
        Told::Refused | Told::BackWithSender => match (leg.kind, piece.stage()) {
            (LegKind::Outbound, Stage::ReturnInbound) => moved().into_iter().collect(),
            (LegKind::Outbound, _) => with(trouble(TransitTrouble::Refused), Refused { note: None }.into()),
            (LegKind::Inbound, _) if told == Told::BackWithSender => {
                with(trouble(TransitTrouble::Refused), TurnedBack { note: None }.into())
            }
            (LegKind::Inbound | LegKind::BuyersReturn | LegKind::Returning | LegKind::ReturningToBuyer, _) => {
                trouble(TransitTrouble::Refused).into_iter().collect()
            }
        },
        // It may be turned around once more: what it means for the sale is a supervisor's to say.
        Told::TurnedAround if piece.stage() == Stage::ReturnInbound && leg.kind == LegKind::Outbound => {
            moved().into_iter().collect()
        }
        Told::TurnedAround => trouble(TransitTrouble::TurnedAround).into_iter().chain(moved()).collect(),
        Told::Problem => trouble(TransitTrouble::Problem).into_iter().chain(moved()).collect(),
        Told::Customs => trouble(TransitTrouble::Customs).into_iter().chain(moved()).collect(),
    }
}

/// What of its legs waits for a supervisor: the last trouble that nobody of them has answered since, by any event on the
/// piece; nothing of a closed one.
pub fn open_trouble(piece: &Piece) -> Option<&CarrierExceptionFound> {
    if piece.stage() == Stage::Closed {
        return None;
    }
    for recorded in piece.history().iter().rev() {
        match &recorded.event {
            Event::CarrierExceptionFound(found) => return Some(found),
            _ if recorded.role == Role::Supervisor => return None,
            _ => {} // Nobody has answered by it.
        }
    }
    None
}

#[cfg(test)]
mod tests;
