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
    pub const ALL: [Recipient; 4] = [Recipient::Buyer, Recipient::Merchant, Recipient::Platform, Recipient::Supervisor];

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|recipient| recipient.as_str() == text)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Recipient::Buyer => "buyer",
            Recipient::Merchant => "merchant",
            Recipient::Platform => "platform",
            Recipient::Supervisor => "supervisor",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $notice:ident $text:literal)*) => {
        /// What is told.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Notice { $($(#[$doc])* $notice,)* }

        impl Notice {
            pub const ALL: &'static [Notice] = &[$(Notice::$notice,)*];

            pub fn as_str(self) -> &'static str {
                match self { $(Notice::$notice => $text,)* }
            }

            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|notice| notice.as_str() == text)
            }
        }
    };
}

kinds! {
    OrderTakenIn "order_taken_in"
    PieceToSend "piece_to_send"
    Arrived "arrived"
    Passed "passed"
    ChoiceNeeded "choice_needed"
    /// What the buyer chose, confirmed.
    ChoiceRecorded "choice_recorded"
    Failed "failed"
    Held "held"
    Shipped "shipped"
    Delivered "delivered"
    ReturningToMerchant "returning_to_merchant"
    Returned "returned"
    Cancelled "cancelled"
    LostOrDamaged "lost_or_damaged"
    /// A change of stage, for the platform's programs.
    StageChanged "stage_changed"
    /// A verdict, for the same.
    VerdictGiven "verdict_given"
    /// A letter or a webhook was given up, and somebody waits for it.
    MailBuried "mail_buried"
}

/// The notices that follow from one event that led from one stage to another; of the order's own stream, or of a piece.
pub fn notices(event: &Event, before: Stage, after: Stage) -> Vec<(Recipient, Notice)> {
    use Recipient::*;
    let mut notices = match event {
        Event::OrderPlaced(_) => vec![(Buyer, Notice::OrderTakenIn)],
        Event::PieceOpened(_) => vec![(Merchant, Notice::PieceToSend)],
        Event::Received(_) if after == Stage::Received => vec![(Buyer, Notice::Arrived), (Merchant, Notice::Arrived)],
        Event::Cancelled(_) => vec![(Buyer, Notice::Cancelled), (Merchant, Notice::Cancelled)],
        Event::DifferenceAccepted(_) | Event::DifferenceRefused(_) => vec![(Buyer, Notice::ChoiceRecorded)],
        Event::Shipped(_) => vec![(Buyer, Notice::Shipped)],
        Event::Delivered(_) => vec![(Buyer, Notice::Delivered)],
        Event::ReturnShipped(_) if after == Stage::Returning => vec![(Merchant, Notice::ReturningToMerchant)],
        Event::Returned(_) => vec![(Merchant, Notice::Returned)],
        Event::Lost(_) | Event::LostInCustody(_) | Event::DamagedInCustody(_) => {
            vec![(Buyer, Notice::LostOrDamaged), (Merchant, Notice::LostOrDamaged), (Supervisor, Notice::LostOrDamaged)]
        }
        _ => Vec::new(), // Nobody waits for word of the others; what they lead to is told by the stage below.
    };
    if matches!(event, Event::VerdictGiven(_) | Event::Overridden(_)) {
        notices.push((Platform, Notice::VerdictGiven));
    }
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
