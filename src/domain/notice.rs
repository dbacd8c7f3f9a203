//! Who is told what at which change. A notice is a kind and a recipient; its words are made when it is sent.

use super::event::Event;
use super::route::Stage;

/// Whom a notice is for. Each is one row of the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Recipient {
    Buyer,
    Merchant,
    Platform,
    Supervisor,
}

impl Recipient {
    pub fn as_str(self) -> &'static str {
        match self {
            Recipient::Buyer => "buyer",
            Recipient::Merchant => "merchant",
            Recipient::Platform => "platform",
            Recipient::Supervisor => "supervisor",
        }
    }
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Notice {
    OrderTakenIn,
    PieceToSend,
    Arrived,
    Passed,
    ChoiceNeeded,
    Failed,
    Held,
    Shipped,
    Delivered,
    ReturningToMerchant,
    Returned,
    Cancelled,
    LostOrDamaged,
    /// A change of stage, for the platform's programs.
    StageChanged,
}

impl Notice {
    pub fn as_str(self) -> &'static str {
        match self {
            Notice::OrderTakenIn => "order_taken_in",
            Notice::PieceToSend => "piece_to_send",
            Notice::Arrived => "arrived",
            Notice::Passed => "passed",
            Notice::ChoiceNeeded => "choice_needed",
            Notice::Failed => "failed",
            Notice::Held => "held",
            Notice::Shipped => "shipped",
            Notice::Delivered => "delivered",
            Notice::ReturningToMerchant => "returning_to_merchant",
            Notice::Returned => "returned",
            Notice::Cancelled => "cancelled",
            Notice::LostOrDamaged => "lost_or_damaged",
            Notice::StageChanged => "stage_changed",
        }
    }
}

/// The notices that follow from one event that led from one stage to another; of the order's own stream, or of a piece.
pub fn notices(event: &Event, before: Stage, after: Stage) -> Vec<(Recipient, Notice)> {
    use Recipient::*;
    let mut notices = match event {
        Event::OrderPlaced(_) => vec![(Buyer, Notice::OrderTakenIn)],
        Event::PieceOpened(_) => vec![(Merchant, Notice::PieceToSend)],
        Event::Received(_) if after == Stage::Received => vec![(Buyer, Notice::Arrived), (Merchant, Notice::Arrived)],
        Event::Cancelled(_) => vec![(Buyer, Notice::Cancelled), (Merchant, Notice::Cancelled)],
        Event::Shipped(_) => vec![(Buyer, Notice::Shipped)],
        Event::Delivered(_) => vec![(Buyer, Notice::Delivered)],
        Event::ReturnShipped(_) if after == Stage::Returning => vec![(Merchant, Notice::ReturningToMerchant)],
        Event::Returned(_) => vec![(Merchant, Notice::Returned)],
        Event::Lost(_) | Event::LostInCustody(_) | Event::DamagedInCustody(_) => {
            vec![(Buyer, Notice::LostOrDamaged), (Merchant, Notice::LostOrDamaged), (Supervisor, Notice::LostOrDamaged)]
        }
        _ => Vec::new(), // Nobody waits for word of the others; what they lead to is told by the stage below.
    };
    if before != after {
        match after {
            Stage::Cleared if before == Stage::SpokenReview || before == Stage::AwaitingBuyer => {
                notices.push((Buyer, Notice::Passed));
            }
            Stage::AwaitingBuyer => notices.push((Buyer, Notice::ChoiceNeeded)),
            Stage::Failed => notices.extend([(Buyer, Notice::Failed), (Merchant, Notice::Failed)]),
            Stage::Quarantined => notices.push((Supervisor, Notice::Held)),
            Stage::AwaitingDispatch
            | Stage::Inbound
            | Stage::IntakeException
            | Stage::Received
            | Stage::Appraising
            | Stage::SpokenReview
            | Stage::Undetermined
            | Stage::Cleared
            | Stage::Tagged
            | Stage::Released
            | Stage::Outbound
            | Stage::Delivered
            | Stage::ReturnInbound
            | Stage::ReturnIntake
            | Stage::Returning
            | Stage::ReturningToBuyer
            | Stage::Closed => {}
        }
        notices.push((Platform, Notice::StageChanged));
    }
    notices
}
