//! Who is told what at which change. A notice is a kind and a recipient; its words are made when it is sent.
//!
//! What a letter says is read from the journal when it is written, so that nobody is told what is no longer so. Nothing
//! here promises money before it is settled: a notice says what is owed, and by whom.

use super::cases;
use super::deadline::{Clock, Waiter};
use super::event::{Event, Resolution, RevokedTo, Upheld};
use super::obligation::Party;
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

    pub fn as_str(self) -> &'static str {
        match self {
            Recipient::Buyer => "buyer",
            Recipient::Merchant => "merchant",
            Recipient::Platform => "platform",
            Recipient::Supervisor => "supervisor",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|recipient| recipient.as_str() == text)
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
    /// The merchant's clock is running out.
    SendReminder "send_reminder"
    /// The merchant sends another piece in place of one that failed.
    AnotherToCome "another_to_come"
    Arrived "arrived"
    /// Something was wrong with the parcel.
    IntakeException "intake_exception"
    Passed "passed"
    ChoiceNeeded "choice_needed"
    /// The buyer's clock is running out; told once.
    ChoiceReminder "choice_reminder"
    /// What the buyer chose, confirmed.
    ChoiceRecorded "choice_recorded"
    /// One line of an order that ships together failed: shall the rest go without it?
    RestAsked "rest_asked"
    Failed "failed"
    /// It cannot be told here.
    Undetermined "undetermined"
    /// It lies on the bench once more.
    ExaminedAgain "examined_again"
    Held "held"
    /// It will not come to the buyer: it goes back to the merchant.
    GoingBack "going_back"
    Shipped "shipped"
    Delivered "delivered"
    /// What was promised by now has not been done.
    Delayed "delayed"
    ReturnOpened "return_opened"
    ReturnArrived "return_arrived"
    /// What came back is what was sent.
    ReturnAccepted "return_accepted"
    /// What came back is not what was sent.
    ReturnRefused "return_refused"
    ReturnLapsed "return_lapsed"
    /// Posted to the buyer once more.
    SentBack "sent_back"
    ReturningToMerchant "returning_to_merchant"
    Returned "returned"
    /// The merchant does not collect it.
    Unclaimed "unclaimed"
    Cancelled "cancelled"
    LostOrDamaged "lost_or_damaged"
    /// A capsule was revoked.
    CertificateWithdrawn "certificate_withdrawn"
    HandedToAuthority "handed_to_authority"
    /// Money is owed to the buyer.
    RefundOwed "refund_owed"
    /// The platform says that it was paid.
    RefundSettled "refund_settled"
    /// A merchant's first incident of a kind, such as a breach of the rules of speech: the rule's text (教育先行).
    Lesson "lesson"
    DeadlineMissed "deadline_missed"
    /// A letter that could not be delivered and is not tried again.
    MailBuried "mail_buried"
    /// Nobody could be reached who has to choose: their clock does not run.
    ChoiceUnreached "choice_unreached"
    /// A change of stage, for the platform's programs.
    StageChanged "stage_changed"
    /// A verdict, for the same.
    VerdictGiven "verdict_given"
    /// Something came to be owed, or no longer is, or was settled; for the same.
    ObligationChanged "obligation_changed"
}

impl Notice {
    /// The only stage in which it may still be sent, of a reminder: nobody is reminded of what they have done. None of
    /// whatever is told at any time.
    pub fn only_in(self) -> Option<Stage> {
        let reminds = |stage: Stage, waiter| reminder(stage, waiter).is_some_and(|(_, notice)| notice == self);
        let waiters = [Waiter::Buyer, Waiter::Merchant];
        Stage::ALL.iter().copied().find(|stage| waiters.iter().any(|waiter| reminds(*stage, *waiter)))
    }

    /// Whether it starts or shortens somebody's clock, and so waits for no other to go along with it.
    pub fn is_urgent(self) -> bool {
        match self {
            Notice::ChoiceNeeded
            | Notice::ChoiceReminder
            | Notice::RestAsked
            | Notice::Failed
            | Notice::SendReminder => true,
            Notice::OrderTakenIn
            | Notice::PieceToSend
            | Notice::AnotherToCome
            | Notice::Arrived
            | Notice::IntakeException
            | Notice::Passed
            | Notice::ChoiceRecorded
            | Notice::Undetermined
            | Notice::ExaminedAgain
            | Notice::Held
            | Notice::GoingBack
            | Notice::Shipped
            | Notice::Delivered
            | Notice::Delayed
            | Notice::ReturnOpened
            | Notice::ReturnArrived
            | Notice::ReturnAccepted
            | Notice::ReturnRefused
            | Notice::ReturnLapsed
            | Notice::SentBack
            | Notice::ReturningToMerchant
            | Notice::Returned
            | Notice::Unclaimed
            | Notice::Cancelled
            | Notice::LostOrDamaged
            | Notice::CertificateWithdrawn
            | Notice::HandedToAuthority
            | Notice::RefundOwed
            | Notice::RefundSettled
            | Notice::Lesson
            | Notice::DeadlineMissed
            | Notice::MailBuried
            | Notice::ChoiceUnreached
            | Notice::StageChanged
            | Notice::VerdictGiven
            | Notice::ObligationChanged => false,
        }
    }
}

/// Every notice that goes out as a letter, with whom it is for: the list of what must have words.
pub const LETTERS: &[(Recipient, Notice)] = &[
    (Recipient::Buyer, Notice::OrderTakenIn),
    (Recipient::Buyer, Notice::AnotherToCome),
    (Recipient::Buyer, Notice::Arrived),
    (Recipient::Buyer, Notice::IntakeException),
    (Recipient::Buyer, Notice::Passed),
    (Recipient::Buyer, Notice::ChoiceNeeded),
    (Recipient::Buyer, Notice::ChoiceReminder),
    (Recipient::Buyer, Notice::ChoiceRecorded),
    (Recipient::Buyer, Notice::RestAsked),
    (Recipient::Buyer, Notice::Failed),
    (Recipient::Buyer, Notice::Undetermined),
    (Recipient::Buyer, Notice::ExaminedAgain),
    (Recipient::Buyer, Notice::Held),
    (Recipient::Buyer, Notice::GoingBack),
    (Recipient::Buyer, Notice::Shipped),
    (Recipient::Buyer, Notice::Delivered),
    (Recipient::Buyer, Notice::Delayed),
    (Recipient::Buyer, Notice::ReturnOpened),
    (Recipient::Buyer, Notice::ReturnArrived),
    (Recipient::Buyer, Notice::ReturnAccepted),
    (Recipient::Buyer, Notice::ReturnRefused),
    (Recipient::Buyer, Notice::ReturnLapsed),
    (Recipient::Buyer, Notice::SentBack),
    (Recipient::Buyer, Notice::Cancelled),
    (Recipient::Buyer, Notice::LostOrDamaged),
    (Recipient::Buyer, Notice::CertificateWithdrawn),
    (Recipient::Buyer, Notice::HandedToAuthority),
    (Recipient::Buyer, Notice::RefundOwed),
    (Recipient::Buyer, Notice::RefundSettled),
    (Recipient::Merchant, Notice::PieceToSend),
    (Recipient::Merchant, Notice::SendReminder),
    (Recipient::Merchant, Notice::Arrived),
    (Recipient::Merchant, Notice::IntakeException),
    (Recipient::Merchant, Notice::ChoiceNeeded),
    (Recipient::Merchant, Notice::Failed),
    (Recipient::Merchant, Notice::Undetermined),
    (Recipient::Merchant, Notice::ExaminedAgain),
    (Recipient::Merchant, Notice::Held),
    (Recipient::Merchant, Notice::GoingBack),
    (Recipient::Merchant, Notice::ReturnOpened),
    (Recipient::Merchant, Notice::ReturningToMerchant),
    (Recipient::Merchant, Notice::Returned),
    (Recipient::Merchant, Notice::Unclaimed),
    (Recipient::Merchant, Notice::Cancelled),
    (Recipient::Merchant, Notice::LostOrDamaged),
    (Recipient::Merchant, Notice::HandedToAuthority),
    (Recipient::Merchant, Notice::Lesson),
    (Recipient::Supervisor, Notice::IntakeException),
    (Recipient::Supervisor, Notice::Undetermined),
    (Recipient::Supervisor, Notice::Held),
    (Recipient::Supervisor, Notice::Unclaimed),
    (Recipient::Supervisor, Notice::LostOrDamaged),
    (Recipient::Supervisor, Notice::DeadlineMissed),
    (Recipient::Supervisor, Notice::MailBuried),
    (Recipient::Supervisor, Notice::ChoiceUnreached),
];

/// The notices that follow from one event that led from one stage to another; of the order's own stream, or of a piece.
pub fn notices(event: &Event, before: Stage, after: Stage) -> Vec<(Recipient, Notice)> {
    use Recipient::*;
    let moved = before != after;
    let mut notices = match event {
        Event::OrderPlaced(_) => vec![(Buyer, Notice::OrderTakenIn)],
        Event::RestAsked(_) => vec![(Buyer, Notice::RestAsked)],
        Event::RestWanted(_) | Event::RestDeclined(_) => vec![(Buyer, Notice::ChoiceRecorded)],
        Event::PieceOpened(opened) if 1 < opened.attempt => {
            vec![(Buyer, Notice::AnotherToCome), (Merchant, Notice::PieceToSend)]
        }
        Event::PieceOpened(_) => vec![(Merchant, Notice::PieceToSend)],
        // A cancelled piece that arrives turns round at the door.
        Event::Received(_) if after == Stage::Received => vec![(Buyer, Notice::Arrived), (Merchant, Notice::Arrived)],
        Event::Received(_) => vec![(Merchant, Notice::GoingBack)],
        Event::IntakeExceptionFound(_) => {
            let kind = Notice::IntakeException;
            vec![(Buyer, kind), (Merchant, kind), (Supervisor, kind)]
        }
        Event::ExceptionResolved(resolved) => match resolved.to {
            Resolution::Received => vec![(Buyer, Notice::Arrived), (Merchant, Notice::Arrived)],
            Resolution::Returning => back(),
            Resolution::Lost => lost(),
        },
        Event::Cancelled(_) => vec![(Buyer, Notice::Cancelled), (Merchant, Notice::Cancelled)],
        // The wish is confirmed when it is noted, not again when it takes effect.
        Event::CancelRequested(_) => vec![(Buyer, Notice::Cancelled), (Merchant, Notice::Cancelled)],
        Event::TurnedBack(_) => vec![(Buyer, Notice::GoingBack), (Merchant, Notice::Returned)],
        Event::Lost(_) | Event::LostInCustody(_) | Event::DamagedInCustody(_) => lost(),
        // What it says is told by the stage that it leads to, below.
        Event::VerdictGiven(_) | Event::DisclosedToBuyer(_) | Event::Overridden(_) => Vec::new(),
        // Only who was told that it had passed hears that it is looked at again: the rest of the bench is blind.
        Event::AppraisalReopened(_) if before == Stage::Cleared => vec![(Buyer, Notice::ExaminedAgain)],
        Event::AppraisalReopened(_) => Vec::new(),
        Event::DifferenceAccepted(_) => vec![(Buyer, Notice::ChoiceRecorded)],
        Event::DifferenceRefused(_) => vec![(Buyer, Notice::ChoiceRecorded), (Merchant, Notice::GoingBack)],
        Event::OutsideReportRecorded(_) | Event::Appealed(_) => {
            vec![(Buyer, Notice::ExaminedAgain), (Merchant, Notice::ExaminedAgain)]
        }
        Event::GivenUp(_) | Event::AppealLapsed(_) => back(),
        Event::QuarantineLifted(_) if after == Stage::Appraising => {
            vec![(Buyer, Notice::ExaminedAgain), (Merchant, Notice::ExaminedAgain)]
        }
        // It lies where the return lay before it was held.
        Event::QuarantineLifted(_) => Vec::new(),
        Event::QuarantineUpheld(upheld) => match upheld.to {
            Upheld::Returning => back(),
            Upheld::HandedToAuthority => {
                vec![(Buyer, Notice::HandedToAuthority), (Merchant, Notice::HandedToAuthority)]
            }
        },
        Event::CapsuleRevoked(revoked) => match revoked.to {
            RevokedTo::Cleared => vec![(Buyer, Notice::CertificateWithdrawn)],
            RevokedTo::Returning => {
                let mut told = back();
                told.push((Buyer, Notice::CertificateWithdrawn));
                told
            }
        },
        Event::Shipped(_) => vec![(Buyer, Notice::Shipped)],
        Event::Delivered(_) | Event::DeliveredBack(_) => vec![(Buyer, Notice::Delivered)],
        Event::Refused(_) | Event::ReturnOpened(_) => {
            vec![(Buyer, Notice::ReturnOpened), (Merchant, Notice::ReturnOpened)]
        }
        Event::ReturnReceived(_) => vec![(Buyer, Notice::ReturnArrived)],
        Event::ReturnLapsed(_) => vec![(Buyer, Notice::ReturnLapsed)],
        Event::SamePieceConfirmed(_) => vec![(Buyer, Notice::ReturnAccepted), (Merchant, Notice::GoingBack)],
        Event::NotSamePieceFound(_) if after == Stage::ReturningToBuyer => vec![(Buyer, Notice::ReturnRefused)],
        // Held, which is told by the stage: it was swapped on the way.
        Event::NotSamePieceFound(_) | Event::IdentityUnclear(_) | Event::PackingMismatchFound(_) => Vec::new(),
        Event::ReturnShipped(_) if after == Stage::ReturningToBuyer => vec![(Buyer, Notice::SentBack)],
        Event::ReturnShipped(_) => vec![(Merchant, Notice::ReturningToMerchant)],
        Event::Returned(_) => vec![(Merchant, Notice::Returned)],
        Event::Unclaimed(_) => vec![(Merchant, Notice::Unclaimed), (Supervisor, Notice::Unclaimed)],
        Event::DeadlinePassed(passed) => match Clock::parse(passed.clock.as_str()) {
            Some(clock) => overdue(clock.stage(), clock.waiter()),
            // What two supervisors leave undecided is the platform's to ask for; a report that is owed shows in the queue.
            None if passed.clock.as_str() == cases::DECISION => vec![(Platform, Notice::DeadlineMissed)],
            None => Vec::new(),
        },
        Event::DeadlineNeared(neared) => Clock::parse(neared.clock.as_str())
            .and_then(|clock| reminder(clock.stage(), clock.waiter()))
            .into_iter()
            .collect(),
        Event::ObligationArose(arose) if arose.creditor == Party::Buyer => vec![(Buyer, Notice::RefundOwed)],
        // What these mean to somebody rests on what was before: the desk tells it beside them.
        Event::ObligationArose(_)
        | Event::ObligationReversed(_)
        | Event::ObligationAmountSet(_)
        | Event::ObligationSettled(_)
        | Event::IncidentConfirmed(_)
        | Event::IncidentWithdrawn(_) => Vec::new(),
        Event::LineFailed(_)
        | Event::LineCancelled(_)
        | Event::LessonRead(_)
        | Event::StepAppealed(_)
        | Event::StepAppealDecided(_)
        | Event::StepLifted(_)
        | Event::CarrierMoved(_)
        | Event::CarrierExceptionFound(_)
        | Event::CaseOpened(_)
        | Event::CaseReported(_)
        | Event::CaseDecisionProposed(_)
        | Event::CaseDecided(_) => Vec::new(),
        // Nobody waits for word of these: they are steps inside the house, on the way, or of its books.
        Event::PersonErased(_)
        | Event::SegmentSet(_)
        | Event::Dispatched(_)
        | Event::WaybillCorrected(_)
        | Event::AppraisalOpened(_)
        | Event::AppraisalSubmitted(_)
        | Event::MeasurementRepeated(_)
        | Event::HandedOver(_)
        | Event::AppraisalSettled(_)
        | Event::ClaimsRead(_)
        | Event::LedgerProposed(_)
        | Event::EntrySettled(_)
        | Event::SpeechUnavailable(_)
        | Event::RepeatCalled(_)
        | Event::SecondLookCalled(_)
        | Event::Tagged(_)
        | Event::Untagged(_)
        | Event::Released(_)
        | Event::Completed(_)
        | Event::ReturnPosted(_)
        | Event::Corrected(_)
        | Event::NoteAdded(_)
        | Event::PhotoAdded(_)
        | Event::CertificateClashFound(_)
        | Event::SameArticleAnswered(_)
        | Event::NoticeAccepted(_)
        | Event::DeadlineMoved(_) => Vec::new(),
    };
    if matches!(event, Event::VerdictGiven(_) | Event::Overridden(_)) {
        notices.push((Platform, Notice::VerdictGiven));
    }
    if matches!(
        event,
        Event::ObligationArose(_)
            | Event::ObligationReversed(_)
            | Event::ObligationAmountSet(_)
            | Event::ObligationSettled(_)
    ) {
        notices.push((Platform, Notice::ObligationChanged));
    }
    if moved {
        notices.extend(arrivals(before, after));
        notices.push((Platform, Notice::StageChanged));
    }
    notices
}

/// The piece goes back to its merchant, and both who are concerned are told.
fn back() -> Vec<(Recipient, Notice)> {
    vec![(Recipient::Buyer, Notice::GoingBack), (Recipient::Merchant, Notice::GoingBack)]
}

fn lost() -> Vec<(Recipient, Notice)> {
    let kind = Notice::LostOrDamaged;
    vec![(Recipient::Buyer, kind), (Recipient::Merchant, kind), (Recipient::Supervisor, kind)]
}

/// What is told because a stage was come to, whichever event led there.
fn arrivals(before: Stage, after: Stage) -> Vec<(Recipient, Notice)> {
    use Recipient::*;
    match after {
        Stage::Cleared if before == Stage::SpokenReview || before == Stage::AwaitingBuyer => {
            vec![(Buyer, Notice::Passed)]
        }
        Stage::AwaitingBuyer => vec![(Buyer, Notice::ChoiceNeeded), (Merchant, Notice::ChoiceNeeded)],
        Stage::Undetermined => {
            let kind = Notice::Undetermined;
            vec![(Buyer, kind), (Merchant, kind), (Supervisor, kind)]
        }
        Stage::Failed => vec![(Buyer, Notice::Failed), (Merchant, Notice::Failed)],
        Stage::Quarantined => {
            vec![(Buyer, Notice::Held), (Merchant, Notice::Held), (Supervisor, Notice::Held)]
        }
        Stage::AwaitingDispatch
        | Stage::Inbound
        | Stage::IntakeException
        | Stage::Received
        | Stage::Appraising
        | Stage::SpokenReview
        | Stage::Cleared
        | Stage::Tagged
        | Stage::Released
        | Stage::Outbound
        | Stage::Delivered
        | Stage::ReturnInbound
        | Stage::ReturnIntake
        | Stage::Returning
        | Stage::ReturningToBuyer
        | Stage::Closed => Vec::new(),
    }
}

/// What is told when a wait of this stage has run out and nothing else follows from it by itself. A wait whose end is
/// an event of its own (a cancellation, a refusal for the buyer, a lapse) is told by that event.
pub fn overdue(stage: Stage, waiter: Waiter) -> Vec<(Recipient, Notice)> {
    use Recipient::*;
    match (stage, waiter) {
        // Booked in and not yet looked at, cleared or tagged and not yet on: a matter of hours, for the queue.
        (Stage::Received | Stage::Cleared | Stage::Tagged | Stage::ReturnIntake, Waiter::House) => {
            vec![(Supervisor, Notice::DeadlineMissed)]
        }
        // A suspicion that two supervisors leave undecided goes beyond the house (`deadlines.csv`).
        (Stage::Quarantined, Waiter::House) => {
            vec![(Buyer, Notice::Delayed), (Supervisor, Notice::DeadlineMissed), (Platform, Notice::DeadlineMissed)]
        }
        (_, Waiter::House) | (Stage::Inbound | Stage::Outbound, Waiter::Carrier) => {
            vec![(Buyer, Notice::Delayed), (Supervisor, Notice::DeadlineMissed)]
        }
        (_, Waiter::Carrier) => vec![(Supervisor, Notice::DeadlineMissed)],
        (Stage::Returning, Waiter::Merchant) => {
            vec![(Merchant, Notice::Unclaimed), (Supervisor, Notice::DeadlineMissed)]
        }
        (_, Waiter::Merchant | Waiter::Buyer) => Vec::new(),
    }
}

/// Who is reminded, once, before a wait of this stage runs out.
pub fn reminder(stage: Stage, waiter: Waiter) -> Option<(Recipient, Notice)> {
    match (stage, waiter) {
        (Stage::AwaitingDispatch, Waiter::Merchant) => Some((Recipient::Merchant, Notice::SendReminder)),
        (Stage::AwaitingBuyer, Waiter::Buyer) => Some((Recipient::Buyer, Notice::ChoiceReminder)),
        (_, Waiter::Merchant | Waiter::Buyer | Waiter::House | Waiter::Carrier) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::event::{EventKind, PieceOpened};
    use crate::domain::samples;

    const WAITERS: [Waiter; 4] = [Waiter::Buyer, Waiter::Merchant, Waiter::House, Waiter::Carrier];

    /// What any event can lead to, between any two stages.
    fn every() -> BTreeSet<(Recipient, Notice)> {
        let mut told = BTreeSet::new();
        for kind in EventKind::ALL {
            for recorded in samples::samples(*kind) {
                for before in Stage::ALL.iter().copied() {
                    for after in Stage::ALL.iter().copied() {
                        told.extend(notices(&recorded.event, before, after));
                    }
                }
            }
        }
        // The samples are of first pieces.
        let again = Event::from(PieceOpened { attempt: 2, ..samples::opened() });
        told.extend(notices(&again, Stage::AwaitingDispatch, Stage::AwaitingDispatch));
        for stage in Stage::ALL.iter().copied() {
            for waiter in WAITERS {
                told.extend(overdue(stage, waiter));
                told.extend(reminder(stage, waiter));
            }
        }
        told
    }

    #[test]
    fn whatever_is_told_by_letter_is_in_the_list_of_letters() {
        let letters: BTreeSet<_> = LETTERS.iter().copied().collect();
        assert_eq!(letters.len(), LETTERS.len(), "a letter stands twice");
        let told = every();
        let missing: Vec<_> =
            told.iter().filter(|(to, _)| *to != Recipient::Platform).filter(|pair| !letters.contains(pair)).collect();
        assert!(missing.is_empty(), "no letter for {missing:?}");
    }

    #[test]
    fn every_letter_is_told_by_an_event_or_asked_for_by_name() {
        // A lesson rests on a merchant's past, a debt on a line's end, a burial on the courier: none is one event's.
        let by_name =
            [Notice::Lesson, Notice::RefundOwed, Notice::RefundSettled, Notice::MailBuried, Notice::ChoiceUnreached];
        let told = every();
        let idle: Vec<_> = LETTERS.iter().filter(|pair| !told.contains(pair) && !by_name.contains(&pair.1)).collect();
        assert!(idle.is_empty(), "nothing leads to {idle:?}");
    }

    #[test]
    fn names_lead_back_to_what_they_name() {
        assert!(Notice::ALL.iter().all(|notice| Notice::parse(notice.as_str()) == Some(*notice)));
        assert!(Recipient::ALL.iter().all(|recipient| Recipient::parse(recipient.as_str()) == Some(*recipient)));
    }

    #[test]
    fn nobody_is_told_the_same_twice_by_one_event() {
        for kind in EventKind::ALL {
            for recorded in samples::samples(*kind) {
                for before in Stage::ALL.iter().copied() {
                    for after in Stage::ALL.iter().copied() {
                        let told = notices(&recorded.event, before, after);
                        let distinct: BTreeSet<_> = told.iter().collect();
                        assert_eq!(told.len(), distinct.len(), "{kind}: {told:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn only_a_reminder_is_untrue_once_the_stage_is_left() {
        for notice in Notice::ALL.iter().copied() {
            let expected = match notice {
                Notice::SendReminder => Some(Stage::AwaitingDispatch),
                Notice::ChoiceReminder => Some(Stage::AwaitingBuyer),
                _ => None, // What was so is told, however late.
            };
            assert_eq!(notice.only_in(), expected, "{notice:?}");
        }
    }

    #[test]
    fn what_ran_out_is_told_to_those_whom_the_file_names() {
        use Recipient::{Buyer, Merchant, Platform, Supervisor};
        let check = |clock: &str, expected: &[Recipient]| {
            let clock = crate::domain::text::Name::parse(clock).unwrap();
            let passed = crate::domain::event::DeadlinePassed { clock, due_at: 0 };
            let told = notices(&passed.clone().into(), Stage::Quarantined, Stage::Quarantined);
            let to: Vec<_> = told.iter().map(|(to, _)| *to).collect();
            assert_eq!(to, expected, "{passed:?}: {told:?}");
        };
        check("inbound:carrier_stalled", &[Buyer, Supervisor]);
        check("intake_exception:supervisor", &[Buyer, Supervisor]);
        check("received:inspector", &[Supervisor]);
        check("undetermined:supervisor", &[Buyer, Supervisor]);
        check("quarantined:supervisors", &[Buyer, Supervisor, Platform]);
        check("released:clerk", &[Buyer, Supervisor]);
        check("return_inbound:carrier_lost", &[Supervisor]);
        check("returning:merchant", &[Merchant, Supervisor]);
        check("case:report", &[]);
        check("case:decision", &[Platform]);
    }

    #[test]
    fn who_is_told_what() {
        let check = |kind: EventKind, before: Stage, after: Stage, to: Recipient, expected: &[Notice]| {
            let recorded = samples::samples(kind);
            let event = &recorded.first().unwrap().event;
            let told: Vec<_> =
                notices(event, before, after).into_iter().filter(|(whom, _)| *whom == to).map(|(_, n)| n).collect();
            assert_eq!(told, expected, "{kind} to {to:?}");
        };
        use EventKind as Kind;
        use Recipient::{Buyer, Merchant, Platform, Supervisor};
        check(Kind::VerdictGiven, Stage::SpokenReview, Stage::Cleared, Buyer, &[Notice::Passed]);
        check(Kind::VerdictGiven, Stage::SpokenReview, Stage::Failed, Merchant, &[Notice::Failed]);
        check(Kind::VerdictGiven, Stage::SpokenReview, Stage::AwaitingBuyer, Buyer, &[Notice::ChoiceNeeded]);
        check(Kind::VerdictGiven, Stage::SpokenReview, Stage::Quarantined, Supervisor, &[Notice::Held]);
        check(Kind::VerdictGiven, Stage::SpokenReview, Stage::Quarantined, Buyer, &[Notice::Held]);
        check(Kind::Received, Stage::Inbound, Stage::Received, Merchant, &[Notice::Arrived]);
        check(Kind::Received, Stage::Inbound, Stage::Returning, Buyer, &[]);
        check(Kind::Untagged, Stage::Tagged, Stage::Cleared, Buyer, &[]);
        check(Kind::Untagged, Stage::Tagged, Stage::Cleared, Platform, &[Notice::StageChanged]);
        check(Kind::AppraisalReopened, Stage::SpokenReview, Stage::Appraising, Buyer, &[]);
        check(Kind::AppraisalReopened, Stage::Cleared, Stage::Appraising, Buyer, &[Notice::ExaminedAgain]);
        check(Kind::NoteAdded, Stage::Received, Stage::Received, Supervisor, &[]);
    }
}
