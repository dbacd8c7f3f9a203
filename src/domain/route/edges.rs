//! The edges as data: what may happen in each stage and where it leads. The machine decides; this table is held
//! against it by a test that offers every event in every stage, and is what callers are told, what the diagram in
//! `ARCHITECTURE.md` is drawn from, and what the walks count their hits by.

use std::fmt::Write;

use super::{EventKind, Outcome, Stage};

/// Where an edge leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    To(Stage),
    End(Outcome),
}

/// One edge of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Edge {
    pub from: Stage,
    pub kind: EventKind,
    pub to: Target,
}

const fn edge(from: Stage, kind: EventKind, to: Target) -> Edge {
    Edge { from, kind, to }
}

/// Every edge of `journey.md`, "The machine". Notes, photos, segments and corrections that leave a stage as it is are
/// not edges.
#[rustfmt::skip]
pub const EDGES: &[Edge] = &[
    edge(Stage::AwaitingDispatch, EventKind::Dispatched, Target::To(Stage::Inbound)),
    edge(Stage::AwaitingDispatch, EventKind::Received, Target::To(Stage::Received)),
    edge(Stage::AwaitingDispatch, EventKind::IntakeExceptionFound, Target::To(Stage::IntakeException)),
    edge(Stage::AwaitingDispatch, EventKind::Cancelled, Target::End(Outcome::Cancelled)),
    edge(Stage::Inbound, EventKind::WaybillCorrected, Target::To(Stage::Inbound)),
    edge(Stage::Inbound, EventKind::CancelRequested, Target::To(Stage::Inbound)),
    edge(Stage::Inbound, EventKind::Received, Target::To(Stage::Received)),
    edge(Stage::Inbound, EventKind::Received, Target::To(Stage::Returning)),
    edge(Stage::Inbound, EventKind::IntakeExceptionFound, Target::To(Stage::IntakeException)),
    edge(Stage::Inbound, EventKind::TurnedBack, Target::End(Outcome::Returned)),
    edge(Stage::Inbound, EventKind::Lost, Target::End(Outcome::Lost)),
    edge(Stage::IntakeException, EventKind::ExceptionResolved, Target::To(Stage::Received)),
    edge(Stage::IntakeException, EventKind::ExceptionResolved, Target::To(Stage::Returning)),
    edge(Stage::IntakeException, EventKind::ExceptionResolved, Target::End(Outcome::Lost)),
    edge(Stage::IntakeException, EventKind::CancelRequested, Target::To(Stage::IntakeException)),
    edge(Stage::IntakeException, EventKind::LostInCustody, Target::End(Outcome::Lost)),
    edge(Stage::IntakeException, EventKind::DamagedInCustody, Target::To(Stage::Returning)),
    edge(Stage::Received, EventKind::AppraisalOpened, Target::To(Stage::Appraising)),
    edge(Stage::Received, EventKind::CancelRequested, Target::To(Stage::Returning)),
    edge(Stage::Received, EventKind::LostInCustody, Target::End(Outcome::Lost)),
    edge(Stage::Received, EventKind::DamagedInCustody, Target::To(Stage::Returning)),
    edge(Stage::Appraising, EventKind::AppraisalSubmitted, Target::To(Stage::Appraising)),
    edge(Stage::Appraising, EventKind::MeasurementRepeated, Target::To(Stage::Appraising)),
    edge(Stage::Appraising, EventKind::HandedOver, Target::To(Stage::Appraising)),
    edge(Stage::Appraising, EventKind::AppraisalSettled, Target::To(Stage::SpokenReview)),
    edge(Stage::Appraising, EventKind::CancelRequested, Target::To(Stage::Returning)),
    edge(Stage::Appraising, EventKind::LostInCustody, Target::End(Outcome::Lost)),
    edge(Stage::Appraising, EventKind::DamagedInCustody, Target::To(Stage::Returning)),
    edge(Stage::SpokenReview, EventKind::ClaimsRead, Target::To(Stage::SpokenReview)),
    edge(Stage::SpokenReview, EventKind::LedgerProposed, Target::To(Stage::SpokenReview)),
    edge(Stage::SpokenReview, EventKind::EntrySettled, Target::To(Stage::SpokenReview)),
    edge(Stage::SpokenReview, EventKind::SpeechUnavailable, Target::To(Stage::SpokenReview)),
    edge(Stage::SpokenReview, EventKind::Corrected, Target::To(Stage::SpokenReview)),
    edge(Stage::SpokenReview, EventKind::RepeatCalled, Target::To(Stage::Appraising)),
    edge(Stage::SpokenReview, EventKind::SecondLookCalled, Target::To(Stage::Appraising)),
    edge(Stage::SpokenReview, EventKind::VerdictGiven, Target::To(Stage::Cleared)),
    edge(Stage::SpokenReview, EventKind::VerdictGiven, Target::To(Stage::AwaitingBuyer)),
    edge(Stage::SpokenReview, EventKind::VerdictGiven, Target::To(Stage::Undetermined)),
    edge(Stage::SpokenReview, EventKind::VerdictGiven, Target::To(Stage::Failed)),
    edge(Stage::SpokenReview, EventKind::VerdictGiven, Target::To(Stage::Quarantined)),
    edge(Stage::SpokenReview, EventKind::AppraisalReopened, Target::To(Stage::Appraising)),
    edge(Stage::SpokenReview, EventKind::CancelRequested, Target::To(Stage::Returning)),
    edge(Stage::SpokenReview, EventKind::LostInCustody, Target::End(Outcome::Lost)),
    edge(Stage::SpokenReview, EventKind::DamagedInCustody, Target::To(Stage::Returning)),
    edge(Stage::AwaitingBuyer, EventKind::DifferenceAccepted, Target::To(Stage::Cleared)),
    edge(Stage::AwaitingBuyer, EventKind::DifferenceRefused, Target::To(Stage::Returning)),
    edge(Stage::AwaitingBuyer, EventKind::CancelRequested, Target::To(Stage::Returning)),
    edge(Stage::AwaitingBuyer, EventKind::LostInCustody, Target::End(Outcome::Lost)),
    edge(Stage::AwaitingBuyer, EventKind::DamagedInCustody, Target::To(Stage::Returning)),
    edge(Stage::Undetermined, EventKind::OutsideReportRecorded, Target::To(Stage::Appraising)),
    edge(Stage::Undetermined, EventKind::DisclosedToBuyer, Target::To(Stage::AwaitingBuyer)),
    edge(Stage::Undetermined, EventKind::GivenUp, Target::To(Stage::Returning)),
    edge(Stage::Undetermined, EventKind::CancelRequested, Target::To(Stage::Returning)),
    edge(Stage::Undetermined, EventKind::LostInCustody, Target::End(Outcome::Lost)),
    edge(Stage::Undetermined, EventKind::DamagedInCustody, Target::To(Stage::Returning)),
    edge(Stage::Failed, EventKind::Appealed, Target::To(Stage::Appraising)),
    edge(Stage::Failed, EventKind::AppealLapsed, Target::To(Stage::Returning)),
    edge(Stage::Failed, EventKind::Overridden, Target::To(Stage::AwaitingBuyer)),
    edge(Stage::Failed, EventKind::CancelRequested, Target::To(Stage::Failed)),
    edge(Stage::Failed, EventKind::LostInCustody, Target::End(Outcome::Lost)),
    edge(Stage::Failed, EventKind::DamagedInCustody, Target::To(Stage::Returning)),
    edge(Stage::Quarantined, EventKind::QuarantineLifted, Target::To(Stage::Appraising)),
    edge(Stage::Quarantined, EventKind::QuarantineLifted, Target::To(Stage::ReturnIntake)),
    edge(Stage::Quarantined, EventKind::QuarantineUpheld, Target::To(Stage::Returning)),
    edge(Stage::Quarantined, EventKind::QuarantineUpheld, Target::End(Outcome::HandedToAuthority)),
    edge(Stage::Quarantined, EventKind::CancelRequested, Target::To(Stage::Quarantined)),
    edge(Stage::Quarantined, EventKind::LostInCustody, Target::End(Outcome::Lost)),
    edge(Stage::Quarantined, EventKind::DamagedInCustody, Target::To(Stage::Returning)),
    edge(Stage::Cleared, EventKind::Tagged, Target::To(Stage::Tagged)),
    edge(Stage::Cleared, EventKind::PackingMismatchFound, Target::To(Stage::Quarantined)),
    edge(Stage::Cleared, EventKind::AppraisalReopened, Target::To(Stage::Appraising)),
    edge(Stage::Cleared, EventKind::CancelRequested, Target::To(Stage::Returning)),
    edge(Stage::Cleared, EventKind::LostInCustody, Target::End(Outcome::Lost)),
    edge(Stage::Cleared, EventKind::DamagedInCustody, Target::To(Stage::Returning)),
    edge(Stage::Tagged, EventKind::Untagged, Target::To(Stage::Cleared)),
    edge(Stage::Tagged, EventKind::Released, Target::To(Stage::Released)),
    edge(Stage::Tagged, EventKind::CancelRequested, Target::To(Stage::Returning)),
    edge(Stage::Tagged, EventKind::LostInCustody, Target::End(Outcome::Lost)),
    edge(Stage::Tagged, EventKind::DamagedInCustody, Target::To(Stage::Returning)),
    edge(Stage::Released, EventKind::Shipped, Target::To(Stage::Outbound)),
    edge(Stage::Released, EventKind::CapsuleRevoked, Target::To(Stage::Cleared)),
    edge(Stage::Released, EventKind::CapsuleRevoked, Target::To(Stage::Returning)),
    edge(Stage::Released, EventKind::CancelRequested, Target::To(Stage::Returning)),
    edge(Stage::Released, EventKind::LostInCustody, Target::End(Outcome::Lost)),
    edge(Stage::Released, EventKind::DamagedInCustody, Target::To(Stage::Returning)),
    edge(Stage::Outbound, EventKind::WaybillCorrected, Target::To(Stage::Outbound)),
    edge(Stage::Outbound, EventKind::Delivered, Target::To(Stage::Delivered)),
    edge(Stage::Outbound, EventKind::Refused, Target::To(Stage::ReturnInbound)),
    edge(Stage::Outbound, EventKind::Lost, Target::End(Outcome::Lost)),
    edge(Stage::Delivered, EventKind::Completed, Target::End(Outcome::Completed)),
    edge(Stage::Delivered, EventKind::ReturnOpened, Target::To(Stage::ReturnInbound)),
    edge(Stage::ReturnInbound, EventKind::ReturnPosted, Target::To(Stage::ReturnInbound)),
    edge(Stage::ReturnInbound, EventKind::ReturnReceived, Target::To(Stage::ReturnIntake)),
    edge(Stage::ReturnInbound, EventKind::ReturnLapsed, Target::To(Stage::Delivered)),
    edge(Stage::ReturnInbound, EventKind::Lost, Target::End(Outcome::Lost)),
    edge(Stage::ReturnIntake, EventKind::SamePieceConfirmed, Target::To(Stage::Returning)),
    edge(Stage::ReturnIntake, EventKind::NotSamePieceFound, Target::To(Stage::ReturningToBuyer)),
    edge(Stage::ReturnIntake, EventKind::NotSamePieceFound, Target::To(Stage::Quarantined)),
    edge(Stage::ReturnIntake, EventKind::IdentityUnclear, Target::To(Stage::Quarantined)),
    edge(Stage::ReturnIntake, EventKind::LostInCustody, Target::End(Outcome::Lost)),
    edge(Stage::ReturnIntake, EventKind::DamagedInCustody, Target::To(Stage::Returning)),
    edge(Stage::Returning, EventKind::ReturnShipped, Target::To(Stage::Returning)),
    edge(Stage::Returning, EventKind::Returned, Target::End(Outcome::Returned)),
    edge(Stage::Returning, EventKind::Unclaimed, Target::End(Outcome::Unclaimed)),
    edge(Stage::Returning, EventKind::Lost, Target::End(Outcome::Lost)),
    edge(Stage::Returning, EventKind::LostInCustody, Target::End(Outcome::Lost)),
    edge(Stage::Returning, EventKind::DamagedInCustody, Target::To(Stage::Returning)),
    edge(Stage::ReturningToBuyer, EventKind::ReturnShipped, Target::To(Stage::ReturningToBuyer)),
    edge(Stage::ReturningToBuyer, EventKind::DeliveredBack, Target::End(Outcome::Completed)),
    edge(Stage::ReturningToBuyer, EventKind::Lost, Target::End(Outcome::Lost)),
    edge(Stage::ReturningToBuyer, EventKind::LostInCustody, Target::End(Outcome::Lost)),
    edge(Stage::ReturningToBuyer, EventKind::DamagedInCustody, Target::To(Stage::Returning)),
];

/// The route as a Mermaid state diagram, one arrow for each pair of stages, labelled with its events.
pub fn mermaid() -> String {
    let name = |target: Target| match target {
        Target::To(stage) => stage.as_str().to_owned(),
        Target::End(outcome) => format!("closed_{}", outcome.as_str()),
    };
    let mut arrows: Vec<(Stage, Target, Vec<&str>)> = Vec::new();
    for edge in EDGES {
        match arrows.iter_mut().find(|(from, to, _)| (*from, *to) == (edge.from, edge.to)) {
            Some((_, _, kinds)) => kinds.push(edge.kind.as_str()),
            None => arrows.push((edge.from, edge.to, vec![edge.kind.as_str()])),
        }
    }
    let mut text = String::from("stateDiagram-v2\n    [*] --> awaiting_dispatch\n");
    for (from, to, kinds) in &arrows {
        // Writing to a string does not fail.
        let _ = writeln!(text, "    {from} --> {}: {}", name(*to), kinds.join(" · "));
    }
    for outcome in Outcome::ALL {
        let _ = writeln!(text, "    closed_{} --> [*]", outcome.as_str());
    }
    text
}
