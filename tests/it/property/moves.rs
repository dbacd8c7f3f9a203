//! What somebody tries next: mostly what leads on, sometimes a side line, sometimes nonsense.

use std::collections::BTreeSet;

use touchstone::domain::actor::By;
use touchstone::domain::certificate::HeldBy;
use touchstone::domain::command::*;
use touchstone::domain::deadline::Clock;
use touchstone::domain::event::*;
use touchstone::domain::ids::*;
use touchstone::domain::ledger::*;
use touchstone::domain::orders::OrderCommand;
use touchstone::domain::piece::Piece;
use touchstone::domain::quantity::{Included, Weighing};
use touchstone::domain::route::{EDGES, Edge, Stage, Target};
use touchstone::domain::sidelines::*;
use touchstone::domain::transit::{Told, TransitTrouble, TransitWord};
use uuid::Uuid;

use super::world::*;

/// One try.
#[derive(Clone, Debug)]
pub enum Try {
    Command(Command, By),
    /// Of the whole order, or of a case.
    Order(OrderCommand, By),
    /// An event that the desk brings about by itself, or that has no place, as the machine is offered it.
    Event(Event, By),
}

/// Picks what is tried on one piece; the roll says how sensible it is.
pub fn next(world: &mut World, at: usize, roll: u8, dice: &mut Dice) -> Try {
    match roll {
        0..150 => onward(world, at, dice),
        150..190 => {
            let stage = world.slots[at].piece.stage();
            let edges: Vec<_> = EDGES.iter().copied().filter(|edge| edge.from == stage).collect();
            if edges.is_empty() { nonsense(world, at, dice) } else { along(world, at, dice.pick(&edges), dice) }
        }
        190..210 => {
            let (command, by) = super::asks::next(world, dice);
            Try::Order(command, by)
        }
        210..235 => nonsense(world, at, dice),
        235..=255 => impossible(world, at, dice),
    }
}

/// An event that has no place in the piece's stage.
pub fn impossible(world: &mut World, at: usize, dice: &mut Dice) -> Try {
    let stage = world.slots[at].piece.stage();
    let known: BTreeSet<_> = stage.allowed().collect();
    let margin = [
        EventKind::NoteAdded,
        EventKind::PhotoAdded,
        EventKind::Corrected,
        EventKind::SegmentSet,
        EventKind::CertificateClashFound,
        EventKind::SameArticleAnswered,
        EventKind::CarrierMoved,
        EventKind::CarrierExceptionFound,
        EventKind::DeadlinePassed,
        EventKind::DeadlineMoved,
        EventKind::DeadlineNeared,
        EventKind::NoticeAccepted,
    ];
    let kinds: Vec<_> = EventKind::ALL
        .iter()
        .copied()
        .filter(|kind| !known.contains(kind) && (stage == Stage::Closed || !margin.contains(kind)))
        .collect();
    let kind = dice.pick(&kinds);
    let (first, second) = (dice.pick(&CAST), dice.pick(&CAST));
    Try::Event(event(world, at, kind, None, second, dice), first.by())
}

/// The next step of the main line, or out of a side line.
fn onward(world: &mut World, at: usize, dice: &mut Dice) -> Try {
    use EventKind as K;
    let stage = world.slots[at].piece.stage();
    let to = |kind, stage| Edge { from: world.slots[at].piece.stage(), kind, to: Target::To(stage) };
    let end = |kind, outcome| Edge { from: world.slots[at].piece.stage(), kind, to: Target::End(outcome) };
    let standing = world.slots[at].piece.standing();
    let flagged = standing.flagged();
    let edge = match stage {
        Stage::AwaitingDispatch => to(K::Dispatched, Stage::Inbound),
        Stage::Inbound => to(K::Received, Stage::Received),
        Stage::IntakeException if flagged => to(K::ExceptionResolved, Stage::Returning),
        Stage::IntakeException => to(K::ExceptionResolved, Stage::Received),
        Stage::Received => to(K::AppraisalOpened, Stage::Appraising),
        Stage::Appraising => {
            let free = INSPECTORS.iter().any(|who| standing.bench().is_some_and(|bench| bench.takes(who.by().person)));
            let due = standing.bench().is_some_and(|bench| bench.due().is_some());
            let kind = match (due, free) {
                (true, _) => K::MeasurementRepeated,
                (false, true) => K::AppraisalSubmitted,
                // Nobody is left who could look: what lies there is all that can be settled.
                (false, false) => K::AppraisalSettled,
            };
            to(kind, Stage::Appraising)
        }
        Stage::SpokenReview => {
            let (_, review) = standing.review().unwrap();
            let kind = if review.proposal().is_none() {
                K::LedgerProposed
            } else if review.open().next().is_some() {
                K::EntrySettled
            } else if review.speech().is_none() {
                K::SpeechUnavailable
            } else {
                K::VerdictGiven
            };
            // An appeal is lost as often as it is won.
            let appealed = world.slots[at].journal.iter().any(|known| known.event.kind() == K::Appealed);
            match review.derived() {
                _ if appealed && kind == K::VerdictGiven && dice.once_in(2) => to(kind, Stage::Failed),
                Verdict::DisclosedDifference => to(kind, Stage::AwaitingBuyer),
                Verdict::Undetermined => to(kind, Stage::Undetermined),
                Verdict::NotAsDescribed => to(kind, Stage::Failed),
                Verdict::Pass | Verdict::SuspectedCounterfeit => to(kind, Stage::Cleared),
            }
        }
        Stage::AwaitingBuyer => to(K::DifferenceAccepted, Stage::Cleared),
        Stage::Undetermined => to(K::DisclosedToBuyer, Stage::AwaitingBuyer),
        Stage::Failed if flagged => to(K::AppealLapsed, Stage::Returning),
        Stage::Failed => to(dice.pick(&[K::Appealed, K::Overridden, K::AppealLapsed]), Stage::Returning),
        Stage::Quarantined if flagged => to(K::QuarantineUpheld, Stage::Returning),
        Stage::Quarantined => to(K::QuarantineLifted, Stage::Appraising),
        Stage::Cleared => to(K::Tagged, Stage::Tagged),
        Stage::Tagged => to(K::Released, Stage::Released),
        Stage::Released => to(K::Shipped, Stage::Outbound),
        Stage::Outbound => to(dice.pick(&[K::Delivered, K::Delivered, K::Refused]), Stage::Delivered),
        Stage::Delivered => {
            if dice.once_in(2) {
                to(K::ReturnOpened, Stage::ReturnInbound)
            } else {
                end(K::Completed, Outcome::Completed)
            }
        }
        Stage::ReturnInbound => to(K::ReturnReceived, Stage::ReturnIntake),
        Stage::ReturnIntake => {
            to(dice.pick(&[K::SamePieceConfirmed, K::NotSamePieceFound, K::IdentityUnclear]), Stage::Returning)
        }
        Stage::Returning if standing.posted() => end(K::Returned, Outcome::Returned),
        Stage::Returning => to(K::ReturnShipped, Stage::Returning),
        Stage::ReturningToBuyer if standing.posted() => end(K::DeliveredBack, Outcome::Completed),
        Stage::ReturningToBuyer => to(K::ReturnShipped, Stage::ReturningToBuyer),
        Stage::Closed => return nonsense(world, at, dice),
    };
    along(world, at, edge, dice)
}

/// A try to take one edge, by the right people: the command where there is one, else the event.
pub fn along(world: &mut World, at: usize, edge: Edge, dice: &mut Dice) -> Try {
    let command = |command, who: Actor| Try::Command(command, who.by());
    let custody = |what| Command::ReportCustody { what, note: sealed() };
    let transit = |what| command(Command::Transit { what, note: Some(sealed()) }, CHIEF);
    let piece = &world.slots[at].piece;
    let staff = dice.pick(&[CLERK, CHIEF, ANNA]);
    // What a clock does that runs out, somebody may have done before.
    if let Some(clock) = by_clock(edge.kind).filter(|_| dice.once_in(4)) {
        return command(Command::PassDeadline { clock }, DESK);
    }
    match edge.kind {
        EventKind::Dispatched => command(dispatch(dice), dice.pick(&[MERCHANT, PLATFORM])),
        EventKind::WaybillCorrected if edge.from == Stage::Inbound => command(dispatch(dice), MERCHANT),
        EventKind::Received => command(receive(dice), CLERK),
        EventKind::Cancelled => command(Command::Cancel { reason: None }, dice.pick(&[PLATFORM, CHIEF])),
        EventKind::CancelRequested => command(Command::Cancel { reason: Some(sealed()) }, PLATFORM),
        EventKind::IntakeExceptionFound => {
            let condition = dice.pick(&Condition::ALL);
            command(Command::Except(Exception::Found { condition, parcel_id: None, note: None }), CLERK)
        }
        EventKind::ExceptionResolved => {
            let to = match edge.to {
                Target::To(Stage::Received) => Resolution::Received,
                Target::End(_) => Resolution::Lost,
                Target::To(_) => Resolution::Returning,
            };
            command(Command::Except(Exception::Resolved { to, reason: sealed() }), CHIEF)
        }
        EventKind::OutsideReportRecorded | EventKind::DisclosedToBuyer | EventKind::GivenUp => {
            command(Command::FindWayOut(way_out(piece, edge.kind, dice)), CHIEF)
        }
        EventKind::Appealed => command(Command::Appeal { reason: sealed() }, MERCHANT),
        EventKind::Overridden => Try::Command(Command::Override { reason: sealed() }, two_chiefs(dice)),
        EventKind::QuarantineLifted => {
            Try::Command(Command::EndHold(HoldEnd::Lifted { reason: sealed() }), two_chiefs(dice))
        }
        EventKind::QuarantineUpheld => {
            let (to, reference) = match edge.to {
                Target::End(_) => (Upheld::HandedToAuthority, Some(name("2026-17"))),
                Target::To(_) => (Upheld::Returning, None),
            };
            Try::Command(Command::EndHold(HoldEnd::Upheld { to, reference, reason: sealed() }), two_chiefs(dice))
        }
        EventKind::ReturnOpened => {
            command(Command::SendBack(Return::Opened { reason: None }), dice.pick(&[BUYER, PLATFORM]))
        }
        EventKind::ReturnPosted => {
            let posted = Return::Posted { carrier: carrier(), waybill: waybill(dice) };
            command(Command::SendBack(posted), dice.pick(&[BUYER, PLATFORM]))
        }
        EventKind::ReturnReceived => command(Command::TakeBack(take_back(dice)), CLERK),
        EventKind::SamePieceConfirmed | EventKind::NotSamePieceFound | EventKind::IdentityUnclear => {
            let identity = match edge.kind {
                EventKind::SamePieceConfirmed => Identity::Same,
                EventKind::NotSamePieceFound => Identity::NotSame,
                _ => Identity::Unclear,
            };
            let second = if dice.once_in(5) { CLERK } else { CHIEF };
            let judged = ReturnIntake::Judged { identity, reason: Some(sealed()) };
            Try::Command(Command::TakeBack(judged), CLERK.after(second))
        }
        EventKind::ReturnLapsed => command(Command::PassDeadline { clock: Clock::ReturnPosting }, DESK),
        EventKind::AppraisalOpened => command(Command::OpenAppraisal, ANNA),
        EventKind::HandedOver => command(Command::HandOver { to: BORIS.by().person }, ANNA),
        EventKind::AppraisalSubmitted => {
            let free: Vec<_> = INSPECTORS
                .into_iter()
                .filter(|who| piece.standing().bench().is_some_and(|bench| bench.takes(who.by().person)))
                .collect();
            // The third seldom looks, so that somebody is left to release.
            let who = free.first().copied().unwrap_or(ANNA);
            command(Command::SubmitAppraisal { appraisal: appraisal(piece, dice) }, who)
        }
        EventKind::MeasurementRepeated => {
            let bench = piece.standing().bench();
            let due = bench.and_then(|bench| bench.due().cloned());
            let author = bench.and_then(|bench| bench.appraisals().first()).map(|(_, author)| *author);
            let who = INSPECTORS.into_iter().find(|who| Some(who.by().person) == author).unwrap_or(ANNA);
            let (component, quantity) = due.unwrap_or((None, name("weight")));
            let weighing = weighing(WEIGHT + 1_000 * dice.below(10) as i64);
            command(Command::RepeatMeasurement { component, quantity, weighing }, who)
        }
        EventKind::ClaimsRead | EventKind::LedgerProposed => {
            let segment = Command::SetSegment { segment: piece.segment() };
            command(if dice.once_in(3) { segment } else { Command::ProposeLedger }, ANNA)
        }
        EventKind::EntrySettled => {
            let (settle, second) = settle(piece, dice);
            Try::Command(settle, if second { BORIS.after(CLARA) } else { BORIS.by() })
        }
        EventKind::SpeechUnavailable => {
            Try::Command(Command::RecordSpeechUnavailable { reason: sealed() }, CHIEF.after(BORIS))
        }
        EventKind::VerdictGiven => {
            let proposal = proposal(piece);
            let stricter = match edge.to {
                Target::To(Stage::AwaitingBuyer) => Some(Verdict::DisclosedDifference),
                Target::To(Stage::Undetermined) => Some(Verdict::Undetermined),
                Target::To(Stage::Failed) => Some(Verdict::NotAsDescribed),
                Target::To(Stage::Quarantined) => Some(Verdict::SuspectedCounterfeit),
                Target::To(_) | Target::End(_) => None,
            };
            command(Command::GiveVerdict { proposal, stricter, reason: stricter.map(|_| sealed()) }, BORIS)
        }
        EventKind::DifferenceAccepted => command(accept(dice), BUYER),
        EventKind::DifferenceRefused => command(Command::RefuseDifference, BUYER),
        EventKind::AppraisalReopened => command(Command::ReopenAppraisal { reason: sealed() }, CHIEF),
        EventKind::Tagged => command(tag(world, at, dice), CLERK),
        EventKind::PackingMismatchFound => {
            let tag = match tag(world, at, dice) {
                Command::Tag { tag, mut weight, weight_with_tag, photo_ids, .. } => {
                    weight.mass.0 += 1_000_000;
                    Command::Tag { tag, weight, weight_with_tag, photo_ids, confirm_mismatch: true }
                }
                other => other,
            };
            command(tag, CLERK)
        }
        EventKind::Untagged => command(Command::Untag { reason: sealed() }, CLERK),
        EventKind::Released => command(release(world), dice.pick(&[CHIEF, CLARA, ANNA])),
        EventKind::CapsuleRevoked => command(revoke(edge.to), CHIEF),
        EventKind::Shipped => command(Command::Ship { carrier: carrier(), waybill: waybill(dice) }, CLERK),
        EventKind::Delivered => command(Command::Deliver { delivered_at: world.instant() }, PLATFORM),
        EventKind::Completed => command(Command::Complete, PLATFORM),
        EventKind::AppealLapsed => {
            command(Command::LapseAppeal { reason: Some(sealed()) }, dice.pick(&[MERCHANT, CHIEF]))
        }
        EventKind::ReturnShipped => command(Command::ShipReturn { carrier: carrier(), waybill: waybill(dice) }, CLERK),
        EventKind::Returned => {
            command(Command::CloseReturn { how: dice.pick(&[ReturnEnd::Delivered, ReturnEnd::PickedUp]) }, CLERK)
        }
        EventKind::Unclaimed => command(Command::CloseReturn { how: ReturnEnd::Unclaimed }, CLERK),
        EventKind::LostInCustody => command(custody(Custody::Lost), staff),
        EventKind::DamagedInCustody => command(custody(Custody::Damaged), staff),
        EventKind::Corrected => {
            let (correct, by) = correction(piece, dice);
            Try::Command(correct, by)
        }
        EventKind::TurnedBack => transit(TransitWord::TurnedBack),
        EventKind::Refused => transit(TransitWord::Refused),
        EventKind::Lost => transit(TransitWord::Lost),
        EventKind::DeliveredBack => transit(TransitWord::DeliveredBack),
        EventKind::OrderPlaced
        | EventKind::RestAsked
        | EventKind::RestWanted
        | EventKind::RestDeclined
        | EventKind::PersonErased
        | EventKind::PieceOpened
        | EventKind::SegmentSet
        | EventKind::NoteAdded
        | EventKind::PhotoAdded
        | EventKind::CertificateClashFound
        | EventKind::SameArticleAnswered
        | EventKind::ObligationArose
        | EventKind::ObligationReversed
        | EventKind::ObligationAmountSet
        | EventKind::ObligationSettled
        | EventKind::IncidentConfirmed
        | EventKind::IncidentWithdrawn
        | EventKind::LessonRead
        | EventKind::StepAppealed
        | EventKind::StepAppealDecided
        | EventKind::StepLifted
        | EventKind::CarrierMoved
        | EventKind::CarrierExceptionFound
        | EventKind::CaseOpened
        | EventKind::CaseReported
        | EventKind::CaseDecisionProposed
        | EventKind::CaseDecided
        | EventKind::LineFailed
        | EventKind::LineCancelled
        | EventKind::DeadlinePassed
        | EventKind::DeadlineMoved
        | EventKind::DeadlineNeared
        | EventKind::NoticeAccepted
        | EventKind::WaybillCorrected
        | EventKind::AppraisalSettled
        | EventKind::RepeatCalled
        | EventKind::SecondLookCalled => {
            // Sometimes one person with two keys tries to be two.
            let second = if dice.once_in(5) { CHIEF } else { BORIS };
            Try::Event(event(world, at, edge.kind, Some(edge.to), second, dice), CHIEF.by())
        }
    }
}

/// The clock that brings an event about when it runs out.
fn by_clock(kind: EventKind) -> Option<Clock> {
    match kind {
        EventKind::Cancelled => Some(Clock::Dispatch),
        EventKind::DifferenceRefused => Some(Clock::BuyersChoice),
        EventKind::AppealLapsed => Some(Clock::Appeal),
        EventKind::Completed => Some(Clock::ReturnWindow),
        _ => None, // Others wait for somebody, or are a clock's alone.
    }
}

/// A supervisor after another; sometimes one who would be both.
fn two_chiefs(dice: &mut Dice) -> By {
    CHIEF.after(if dice.once_in(5) { CHIEF } else { DEPUTY })
}

fn way_out(piece: &Piece, kind: EventKind, dice: &mut Dice) -> WayOut {
    match kind {
        EventKind::OutsideReportRecorded => WayOut::OutsideReport {
            laboratory_id: LaboratoryId::parse("ngtc").unwrap(),
            number: CertificateNo::parse("C-1").unwrap(),
            results: if dice.once_in(8) { Vec::new() } else { appraisal(piece, dice).components },
        },
        EventKind::DisclosedToBuyer => {
            let open_points = if dice.once_in(8) { vec![claim_id(1)] } else { Vec::new() };
            WayOut::Disclosed { open_points, reason: sealed() }
        }
        _ => WayOut::GivenUp { reason: sealed() },
    }
}

fn take_back(dice: &mut Dice) -> ReturnIntake {
    let tag = if dice.once_in(4) { None } else { Some(Tag::parse("T1").unwrap()) };
    let tag_intact = if dice.once_in(8) { Some(true) } else { tag.as_ref().map(|_| dice.once_in(2)) };
    ReturnIntake::Received { weight: weighing(WEIGHT), tag, tag_intact, sizes: Vec::new(), note: None }
}

/// That what came back is what was sent.
pub fn judged() -> Command {
    Command::TakeBack(ReturnIntake::Judged { identity: Identity::Same, reason: None })
}

fn returned(weight: Weighing) -> ReturnReceived {
    ReturnReceived { weight, note: None, tag: None, tag_intact: None, sizes: Vec::new() }
}

fn dispatch(dice: &mut Dice) -> Command {
    Command::Dispatch { parcel_id: parcel(dice), carrier: carrier(), waybill: waybill(dice) }
}

fn parcel(dice: &mut Dice) -> ParcelId {
    ParcelId(Uuid::from_u128(dice.below(1_000) as u128))
}

fn receive(dice: &mut Dice) -> Command {
    let condition = if dice.once_in(8) { Condition::Damaged } else { Condition::Intact };
    Command::Receive { parcel_id: None, condition, weight: weighing(WEIGHT), note: None }
}

fn proposal(piece: &Piece) -> i32 {
    piece.standing().review().and_then(|(_, review)| review.proposal()).unwrap_or_default()
}

/// Settles what is open, mostly as proposed; says whether it takes a second person.
fn settle(piece: &Piece, dice: &mut Dice) -> (Command, bool) {
    let proposal = proposal(piece);
    let mut entries = Vec::new();
    let mut misread = BTreeSet::new();
    let mut added = Vec::new();
    let mut second = dice.once_in(4);
    if let Some((_, review)) = piece.standing().review() {
        for (claim_id, entry) in review.entries() {
            let proposed = entry.proposed.unwrap_or(Finding::NotTestable);
            match dice.below(16) {
                14 => entries.push(SettledEntry {
                    claim_id: claim_id.clone(),
                    finding: dice.pick(&Finding::ALL),
                    note: if dice.once_in(4) { None } else { Some(sealed()) },
                }),
                15 => {
                    misread.insert(claim_id.clone());
                    second = true;
                }
                _ => entries.push(SettledEntry { claim_id: claim_id.clone(), finding: proposed, note: None }),
            }
        }
        if entries.is_empty() || dice.once_in(10) {
            let claim = Claim {
                claim_id: claim_id(review.entries().len() + dice.below(2)),
                source: ClaimSource::Spoken,
                component: None,
                kind: dice.pick(&[ClaimKind::Treatment, ClaimKind::Grade]),
                words: Some(sealed()),
                span: Some(Span { start: 0, end: 4, at_ms: None }),
                bound: Bound::Exactly,
                value: ClaimedValue::Name { name: name("A货") },
                negated: false,
                certainty: Certainty::High,
                also: Vec::new(),
                ambiguous: false,
            };
            added.push(AddedClaim { claim, finding: dice.pick(&Finding::ALL) });
        }
    }
    (Command::SettleLedger { proposal, entries, added, misread }, second)
}

fn tag(world: &mut World, at: usize, dice: &mut Dice) -> Command {
    let number = world.fresh();
    let piece = &world.slots[at].piece;
    let settled =
        piece.standing().clearance().map_or(weighing(WEIGHT), |it| it.reviewed().appraised().weight().clone());
    let mut weight = settled;
    // At, just within and just beyond both allowances; and with something else on the balance.
    weight.mass.0 += dice.pick(&[0, 0, 0, 0, 1, -19_999, 20_000, 20_001, -50_000, 50_001, 1_000_000]);
    if dice.once_in(12) {
        weight.includes.insert(Included::Bag);
    }
    let mut weight_with_tag = Weighing { mass: weight.mass, ..weight.clone() };
    weight_with_tag.mass.0 += if dice.once_in(12) { 0 } else { 900_000 };
    if !dice.once_in(12) {
        weight_with_tag.includes.insert(Included::Tag);
    }
    Command::Tag {
        tag: Tag::parse(&format!("T{number}")).unwrap(),
        weight,
        weight_with_tag,
        photo_ids: if dice.once_in(12) { BTreeSet::from([photo(dice)]) } else { piece.photo_ids() },
        confirm_mismatch: dice.once_in(12),
    }
}

fn photo(dice: &mut Dice) -> PhotoId {
    PhotoId(Uuid::from_u128(dice.below(1_000) as u128))
}

fn release(world: &mut World) -> Command {
    let number = world.fresh();
    Command::Release { certificate_code: CertificateCode::parse(&format!("TS-{number}")).unwrap() }
}

fn revoke(to: Target) -> Command {
    let to = if to == Target::To(Stage::Cleared) { RevokedTo::Cleared } else { RevokedTo::Returning };
    Command::RevokeCapsule { to, reason: sealed() }
}

/// A correction of something in the journal, mostly by its author and mostly of the right kind.
fn correction(piece: &Piece, dice: &mut Dice) -> (Command, By) {
    let seq = 1 + dice.below(piece.history().len()) as i32;
    let recorded = piece
        .history()
        .iter()
        .rev()
        .find(|recorded| {
            matches!(recorded.event, Event::AppraisalSubmitted(_) | Event::EntrySettled(_) | Event::Received(_))
                && !dice.once_in(3)
        })
        .map_or(piece.last(), |found| found.as_ref());
    let replacement = match &recorded.event {
        Event::EntrySettled(_) => Replacement::Entry { finding: dice.pick(&Finding::ALL), note: None },
        Event::Received(_) => Replacement::ReceivedWeight { weight: weighing(WEIGHT + 1) },
        Event::NoteAdded(_) => Replacement::Note { text: sealed() },
        _ => Replacement::Appraisal { appraisal: appraisal(piece, dice) },
    };
    let author = CAST.into_iter().find(|who| Some(who.by().person) == recorded.person);
    let who = author.filter(|_| !dice.once_in(6)).unwrap_or_else(|| dice.pick(&CAST));
    let seq = if dice.once_in(8) { seq } else { recorded.seq };
    (Command::Correct { seq, replacement, reason: sealed() }, who.by())
}

/// Any command, by anybody, with or without a second person.
fn nonsense(world: &mut World, at: usize, dice: &mut Dice) -> Try {
    let kind = dice.pick(CommandKind::ALL);
    // Half of it comes from somebody who may ask it at all.
    let entitled: Vec<_> = CAST.into_iter().filter(|who| kind.roles().contains(&who.role)).collect();
    let who = if dice.once_in(2) { dice.pick(&CAST) } else { dice.pick(&entitled) };
    let by = match dice.below(3) {
        0 => who.by(),
        1 => who.after(dice.pick(&CAST)),
        _ => who.after(who),
    };
    if kind == CommandKind::Correct {
        let (command, author) = correction(&world.slots[at].piece, dice);
        return Try::Command(command, if dice.once_in(3) { by } else { author });
    }
    Try::Command(any(world, at, kind, dice), by)
}

/// A command of this kind, whatever it is for.
pub fn any(world: &mut World, at: usize, kind: CommandKind, dice: &mut Dice) -> Command {
    let piece = &world.slots[at].piece;
    match kind {
        CommandKind::Dispatch => dispatch(dice),
        CommandKind::Receive => receive(dice),
        CommandKind::OpenAppraisal => Command::OpenAppraisal,
        CommandKind::HandOver => Command::HandOver { to: dice.pick(&CAST).by().person },
        CommandKind::SubmitAppraisal => Command::SubmitAppraisal { appraisal: appraisal(piece, dice) },
        CommandKind::RepeatMeasurement => {
            let due = piece.standing().bench().and_then(|bench| bench.due().cloned());
            let (component, quantity) = due.filter(|_| !dice.once_in(3)).unwrap_or((None, name("weight")));
            Command::RepeatMeasurement { component, quantity, weighing: weighing(WEIGHT) }
        }
        CommandKind::ProposeLedger => Command::ProposeLedger,
        CommandKind::ReadTranscript => Command::ReadTranscript,
        CommandKind::SettleLedger => {
            let (command, _) = settle(piece, dice);
            match command {
                Command::SettleLedger { proposal, entries, added, misread } => {
                    let proposal = if dice.once_in(4) { dice.below(40) as i32 } else { proposal };
                    Command::SettleLedger { proposal, entries, added, misread }
                }
                other => other,
            }
        }
        CommandKind::RecordSpeechUnavailable => Command::RecordSpeechUnavailable { reason: sealed() },
        CommandKind::GiveVerdict => Command::GiveVerdict {
            proposal: if dice.once_in(4) { dice.below(40) as i32 } else { proposal(piece) },
            stricter: if dice.once_in(2) { Some(dice.pick(&Verdict::ALL)) } else { None },
            reason: if dice.once_in(2) { Some(sealed()) } else { None },
        },
        CommandKind::AnswerSameArticle => {
            Command::AnswerSameArticle { clash_seq: dice.below(40) as i32, same: dice.once_in(2), note: None }
        }
        CommandKind::AcceptDifference => accept(dice),
        CommandKind::RefuseDifference => Command::RefuseDifference,
        CommandKind::ReopenAppraisal => Command::ReopenAppraisal { reason: sealed() },
        CommandKind::Tag => tag(world, at, dice),
        CommandKind::Untag => Command::Untag { reason: sealed() },
        CommandKind::Release => release(world),
        CommandKind::RevokeCapsule => revoke(Target::To(dice.pick(&[Stage::Cleared, Stage::Returning]))),
        CommandKind::Ship => Command::Ship { carrier: carrier(), waybill: waybill(dice) },
        CommandKind::Deliver => {
            Command::Deliver { delivered_at: dice.pick(&[world.instant(), i64::MIN, -1, i64::MAX]) }
        }
        CommandKind::Complete => Command::Complete,
        CommandKind::Cancel => Command::Cancel { reason: None },
        CommandKind::LapseAppeal => Command::LapseAppeal { reason: None },
        CommandKind::Except => Command::Except(if dice.once_in(2) {
            Exception::Found { condition: dice.pick(&Condition::ALL), parcel_id: None, note: None }
        } else {
            let to = dice.pick(&[Resolution::Received, Resolution::Returning, Resolution::Lost]);
            Exception::Resolved { to, reason: sealed() }
        }),
        CommandKind::FindWayOut => {
            let kinds = [EventKind::OutsideReportRecorded, EventKind::DisclosedToBuyer, EventKind::GivenUp];
            let kind = dice.pick(&kinds);
            Command::FindWayOut(way_out(piece, kind, dice))
        }
        CommandKind::EndHold => Command::EndHold(if dice.once_in(2) {
            HoldEnd::Lifted { reason: sealed() }
        } else {
            let to = dice.pick(&[Upheld::Returning, Upheld::HandedToAuthority]);
            HoldEnd::Upheld { to, reference: dice.once_in(2).then(|| name("2026-17")), reason: sealed() }
        }),
        CommandKind::Appeal => Command::Appeal { reason: sealed() },
        CommandKind::Override => Command::Override { reason: sealed() },
        CommandKind::SendBack => Command::SendBack(if dice.once_in(2) {
            Return::Opened { reason: None }
        } else {
            Return::Posted { carrier: carrier(), waybill: waybill(dice) }
        }),
        CommandKind::TakeBack => Command::TakeBack(if dice.once_in(2) {
            take_back(dice)
        } else {
            let reason = dice.once_in(2).then(sealed);
            ReturnIntake::Judged { identity: dice.pick(&Identity::ALL), reason }
        }),
        CommandKind::PassDeadline => Command::PassDeadline { clock: dice.pick(Clock::ALL) },
        CommandKind::ShipReturn => Command::ShipReturn { carrier: carrier(), waybill: waybill(dice) },
        CommandKind::CloseReturn => {
            Command::CloseReturn { how: dice.pick(&[ReturnEnd::Delivered, ReturnEnd::PickedUp, ReturnEnd::Unclaimed]) }
        }
        CommandKind::ReportCustody => {
            Command::ReportCustody { what: dice.pick(&[Custody::Lost, Custody::Damaged]), note: sealed() }
        }
        CommandKind::Correct => correction(piece, dice).0,
        CommandKind::SetSegment => {
            let from_ms = dice.below(2_000) as i64;
            let segment = Segment { from_ms, to_ms: from_ms + dice.below(100_000) as i64 };
            Command::SetSegment { segment: if dice.once_in(4) { None } else { Some(segment) } }
        }
        CommandKind::AddNote => Command::AddNote { text: sealed() },
        CommandKind::AddPhoto => Command::AddPhoto { photo: photo_added(dice) },
        CommandKind::Transit => Command::Transit { what: dice.pick(TransitWord::ALL), note: None },
        CommandKind::HearCarrier => {
            let leg = touchstone::domain::transit::legs(piece).last().map_or(2, |leg| leg.seq);
            let at = world.time();
            let (told, hours) = (dice.pick(Told::ALL), dice.below(40) as i64);
            Command::HearCarrier { leg, told, at: at - jiff::SignedDuration::from_hours(20 - hours) }
        }
        CommandKind::NoteAccepted => {
            let seq = if dice.once_in(4) { 1 } else { piece.since().seq };
            let notice = dice.pick(&["choice_needed", "failed"]);
            Command::NoteAccepted { notice: name(notice), channel: name("mail"), seq }
        }
    }
}

/// Mostly of a text that was shown.
fn accept(dice: &mut Dice) -> Command {
    Command::AcceptDifference { shown_digest: if dice.once_in(10) { String::new() } else { "5d".repeat(32) } }
}

fn photo_added(dice: &mut Dice) -> PhotoAdded {
    PhotoAdded {
        photo_id: photo(dice),
        kind: name("appraisal"),
        original_sha256: "0a".repeat(32),
        shown_sha256: None,
        media_type: name("image/jpeg"),
        size_bytes: 1,
        small_sha256: None,
        captured_at: None,
        fingerprint: None,
    }
}

/// An event of this kind with a payload that fits the piece, leading where it is wished if a payload decides that.
fn event(world: &World, at: usize, kind: EventKind, to: Option<Target>, second: Actor, dice: &mut Dice) -> Event {
    use EventKind as K;
    let piece = &world.slots[at].piece;
    let proposed_by = second.witness();
    let (carrier, waybill, reason) = (carrier(), waybill(dice), sealed());
    match kind {
        K::OrderPlaced => (*world.order.placed).clone().into(),
        K::RestAsked => RestAsked { line_no: 1 }.into(),
        K::RestWanted => RestWanted {}.into(),
        K::RestDeclined => RestDeclined { by_deadline: true }.into(),
        K::CaseOpened => {
            CaseOpened { piece: StreamId(1), kind: dice.pick(&CaseKind::ALL), parcel_id: None, note: None }.into()
        }
        K::CaseReported => CaseReported { laboratory_id: None, number: None, contradicts: true, report: reason }.into(),
        K::CaseDecisionProposed => CaseDecisionProposed { upheld: true, amount: Some(1), revokes: true, reason }.into(),
        K::CaseDecided => CaseDecided {
            piece: StreamId(1),
            kind: dice.pick(&CaseKind::ALL),
            upheld: true,
            amount: None,
            revokes: true,
            reason,
            proposed_by,
        }
        .into(),
        K::LineFailed => LineFailed { line_no: 1 }.into(),
        K::LineCancelled => LineCancelled { line_no: 1, reason: None }.into(),
        K::DeadlinePassed => DeadlinePassed { clock: name("cleared:clerk"), due_at: world.instant() }.into(),
        K::DeadlineMoved => DeadlineMoved { clock: name("failed:merchant"), due_at: world.instant() }.into(),
        K::DeadlineNeared => DeadlineNeared { clock: name("awaiting_buyer:buyer"), due_at: world.instant() }.into(),
        K::NoticeAccepted => {
            NoticeAccepted { notice: name("choice_needed"), channel: name("mail"), seq: piece.since().seq }.into()
        }
        K::PersonErased => PersonErased { person_id: proposed_by.person_id }.into(),
        K::PieceOpened => piece.opened().clone().into(),
        K::SegmentSet => SegmentSet { segment: None, proposed_by: Some(proposed_by) }.into(),
        K::Dispatched => Dispatched { parcel_id: parcel(dice), carrier, waybill }.into(),
        K::WaybillCorrected => WaybillCorrected { parcel_id: parcel(dice), carrier, waybill }.into(),
        K::Received => Received { parcel_id: None, weight: weighing(WEIGHT), note: None }.into(),
        K::IntakeExceptionFound => {
            IntakeExceptionFound { condition: dice.pick(&Condition::ALL), parcel_id: None, note: None }.into()
        }
        K::ExceptionResolved => {
            let to = match to {
                Some(Target::To(Stage::Received)) => Resolution::Received,
                Some(Target::End(_)) => Resolution::Lost,
                Some(Target::To(_)) | None => Resolution::Returning,
            };
            ExceptionResolved { to, reason }.into()
        }
        K::Cancelled => Cancelled { reason: None }.into(),
        K::CancelRequested => CancelRequested { reason: None }.into(),
        K::TurnedBack => TurnedBack { note: None }.into(),
        K::Lost => Lost { note: None }.into(),
        K::AppraisalOpened => AppraisalOpened {}.into(),
        K::AppraisalSubmitted => AppraisalSubmitted { appraisal: appraisal(piece, dice) }.into(),
        K::MeasurementRepeated => {
            MeasurementRepeated { component: None, quantity: name("weight"), weighing: None, value: Some(name("56")) }
                .into()
        }
        K::HandedOver => HandedOver { to: proposed_by.person_id }.into(),
        K::AppraisalSettled => {
            // As the desk will settle what was repeated: everything on the bench, and the weight of the last.
            let bench = piece.standing().bench().map(|bench| bench.appraisals().to_vec()).unwrap_or_default();
            let enough = world.book.needed <= bench.len();
            let appraisals: Vec<_> = bench.iter().map(|(seq, _)| *seq).filter(|_| enough).collect();
            let last = appraisals.last().and_then(|seq| piece.appraisal(*seq));
            let weight = last.map_or(weighing(WEIGHT), |appraisal| appraisal.weight.clone());
            let metal = last.is_some_and(touchstone::domain::route::weighs_as_metal);
            AppraisalSettled { appraisals, weight, metal, looks: None }.into()
        }
        K::ClaimsRead => ClaimsRead { transcript_id: None, lexicon_version: name("1"), claims: Vec::new() }.into(),
        K::LedgerProposed => {
            LedgerProposed { claims_seq: piece.head(), rulebook_version: name("1"), entries: Vec::new() }.into()
        }
        K::EntrySettled => EntrySettled {
            proposal_seq: proposal(piece),
            claim_id: claim_id(1),
            finding: Some(Finding::Confirmed),
            added: None,
            note: None,
            proposed_by: None,
        }
        .into(),
        K::SpeechUnavailable => SpeechUnavailable { reason, proposed_by }.into(),
        K::RepeatCalled => RepeatCalled { component: Some(component(1)), quantity: name("weight") }.into(),
        K::SecondLookCalled => SecondLookCalled { because: BTreeSet::new() }.into(),
        K::VerdictGiven => {
            let verdict = match to {
                Some(Target::To(Stage::AwaitingBuyer)) => Verdict::DisclosedDifference,
                Some(Target::To(Stage::Undetermined)) => Verdict::Undetermined,
                Some(Target::To(Stage::Failed)) => Verdict::NotAsDescribed,
                Some(Target::To(Stage::Quarantined)) => Verdict::SuspectedCounterfeit,
                Some(_) | None => Verdict::Pass,
            };
            let derived = piece.standing().review().map_or(Verdict::Pass, |(_, review)| review.derived());
            VerdictGiven {
                proposal_seq: proposal(piece),
                verdict,
                derived,
                reason: Some(reason),
                rulebook_version: None,
            }
            .into()
        }
        K::AppraisalReopened => AppraisalReopened { reason }.into(),
        K::DifferenceAccepted => {
            let shown_digest = if dice.once_in(10) { String::new() } else { "5d".repeat(32) };
            DifferenceAccepted { shown_digest }.into()
        }
        K::DifferenceRefused => DifferenceRefused { by_deadline: true }.into(),
        K::OutsideReportRecorded => OutsideReportRecorded {
            laboratory_id: LaboratoryId::parse("ngtc").unwrap(),
            number: CertificateNo::parse("C-1").unwrap(),
            results: appraisal(piece, dice).components,
        }
        .into(),
        K::DisclosedToBuyer => DisclosedToBuyer { open_points: vec![claim_id(1)], reason }.into(),
        K::GivenUp => GivenUp { reason }.into(),
        K::Appealed => Appealed { reason }.into(),
        K::AppealLapsed => AppealLapsed { waived: true, reason: None }.into(),
        K::Overridden => Overridden { reason, proposed_by }.into(),
        K::QuarantineLifted => QuarantineLifted { reason, proposed_by }.into(),
        K::QuarantineUpheld => {
            let to = match to {
                Some(Target::End(_)) => Upheld::HandedToAuthority,
                Some(Target::To(_)) | None => Upheld::Returning,
            };
            QuarantineUpheld { to, reference: Some(name("2026-17")), reason, proposed_by }.into()
        }
        K::Tagged => Tagged {
            tag: Tag::parse("T0").unwrap(),
            weight: weighing(WEIGHT),
            weight_with_tag: weighing(WEIGHT),
            photo_ids: BTreeSet::new(),
        }
        .into(),
        K::PackingMismatchFound => {
            PackingMismatchFound { weight: weighing(1), settled: weighing(WEIGHT), reason: Some(reason) }.into()
        }
        K::Untagged => Untagged { reason }.into(),
        K::Released => Released { certificate_code: CertificateCode::parse("TS-0").unwrap() }.into(),
        K::CapsuleRevoked => CapsuleRevoked { to: RevokedTo::Cleared, reason }.into(),
        K::Shipped => Shipped { carrier, waybill }.into(),
        K::Delivered => Delivered { delivered_at: 0 }.into(),
        K::Refused => Refused { note: None }.into(),
        K::Completed => Completed {}.into(),
        K::ReturnOpened => ReturnOpened { reason: Some(reason) }.into(),
        K::ReturnPosted => ReturnPosted { carrier, waybill }.into(),
        K::ReturnReceived => returned(weighing(WEIGHT)).into(),
        K::ReturnLapsed => ReturnLapsed {}.into(),
        K::SamePieceConfirmed => SamePieceConfirmed { proposed_by }.into(),
        K::NotSamePieceFound => NotSamePieceFound { reason, proposed_by }.into(),
        K::IdentityUnclear => IdentityUnclear { reason, proposed_by }.into(),
        K::ReturnShipped => ReturnShipped { carrier, waybill }.into(),
        K::Returned => Returned { picked_up: true }.into(),
        K::Unclaimed => Unclaimed {}.into(),
        K::DeliveredBack => DeliveredBack {}.into(),
        K::LostInCustody => LostInCustody { note: sealed() }.into(),
        K::DamagedInCustody => DamagedInCustody { note: sealed() }.into(),
        K::Corrected => Corrected { seq: 1, replacement: Replacement::Note { text: sealed() }, reason }.into(),
        K::NoteAdded => NoteAdded { text: sealed() }.into(),
        K::PhotoAdded => photo_added(dice).into(),
        K::CertificateClashFound => CertificateClashFound {
            body: name("NGTC"),
            number: CertificateNo::parse("N-1").unwrap(),
            held_by: HeldBy::OpenPiece,
        }
        .into(),
        K::SameArticleAnswered => SameArticleAnswered { clash_seq: 1, same: true, note: None }.into(),
        // They stand in the order's journal; a piece takes none of them.
        K::ObligationArose
        | K::ObligationReversed
        | K::ObligationAmountSet
        | K::ObligationSettled
        | K::IncidentConfirmed
        | K::IncidentWithdrawn
        | K::LessonRead
        | K::StepAppealed
        | K::StepAppealDecided
        | K::StepLifted => LessonRead { id: IncidentId(Uuid::from_u128(9)) }.into(),
        K::CarrierMoved => CarrierMoved { leg: 2, at: world.instant() }.into(),
        K::CarrierExceptionFound => {
            CarrierExceptionFound { leg: 2, what: dice.pick(TransitTrouble::ALL), at: world.instant() }.into()
        }
    }
}
