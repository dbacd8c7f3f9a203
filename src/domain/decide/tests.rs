//! Decisions that a wrong hand, or a clever one, would like to be otherwise.

use std::collections::BTreeSet;

use super::super::appraisal::ComponentRole;
use super::super::command::ReturnEnd;
use super::super::ids::{Carrier, CertificateCode, Waybill};
use super::super::ledger::{Asks, ClaimKind, Finding};
use super::super::looks::Because;
use super::super::order::LineStatus;
use super::super::samples::*;
use super::*;

fn rules(claims: usize, finding: Finding) -> Told {
    let claims = (1..=claims).map(|number| claim(number as u8, ClaimKind::Material)).collect();
    Told { transcript: false, claims, finding, ..told() }
}

fn in_order() -> Order {
    order(Ship::AsReady, &[(1, LineStatus::Waiting)])
}

fn now() -> Timestamp {
    Timestamp::from_second(1_000).unwrap()
}

/// Decides and lets it happen.
#[track_caller]
fn carry_out(piece: &mut Piece, command: Command, by: &By, rules: &dyn Rules) {
    let events = decide(piece, &in_order(), &command, by, now(), rules).unwrap();
    for event in events {
        let recorded = Recorded {
            seq: piece.head() + 1,
            at: now(),
            person: Some(by.person),
            key: Some(by.key),
            role: by.role,
            event,
        };
        piece.apply(Arc::new(recorded)).unwrap();
    }
}

fn refusal(piece: &Piece, command: Command, by: &By, rules: &dyn Rules) -> Refusal {
    decide(piece, &in_order(), &command, by, now(), rules).unwrap_err()
}

fn new_piece() -> Piece {
    Piece::fold([recorded(1, CLERK, opened())]).unwrap()
}

fn anna() -> By {
    by(ANNA, Role::Inspector)
}

/// A piece whose ledger waits for its reviewer, and the proposal.
fn in_review(rules: &dyn Rules) -> (Piece, i32) {
    let mut piece = new_piece();
    let receive =
        Command::Receive { parcel_id: None, condition: Condition::Intact, weight: weighing(WEIGHT), note: None };
    carry_out(&mut piece, receive, &by(CLERK, Role::Clerk), rules);
    carry_out(&mut piece, Command::OpenAppraisal, &anna(), rules);
    carry_out(&mut piece, Command::SubmitAppraisal { appraisal: appraisal() }, &anna(), rules);
    let proposal = piece.head();
    (piece, proposal)
}

fn settle(proposal: i32, claim: u8, finding: Finding) -> Command {
    let note = Some(super::super::samples::sealed());
    let entries = vec![SettledEntry { claim_id: claim_id(claim), finding, note }];
    Command::SettleLedger { proposal, entries, added: Vec::new(), misread: BTreeSet::new() }
}

fn add(proposal: i32, claim: u8, kind: ClaimKind, finding: Finding) -> Command {
    let added = vec![AddedClaim { claim: super::super::samples::claim(claim, kind), finding }];
    Command::SettleLedger { proposal, entries: Vec::new(), added, misread: BTreeSet::new() }
}

fn open(piece: &Piece) -> Vec<ClaimId> {
    piece.standing().review().unwrap().1.open().cloned().collect()
}

#[test]
fn a_known_claim_cannot_be_made_milder_by_adding_it_again() {
    let rules = rules(1, Finding::Contradicted);
    let (mut piece, proposal) = in_review(&rules);
    let again = add(proposal, 1, ClaimKind::Guarantee, Finding::Confirmed);
    assert_eq!(refusal(&piece, again.clone(), &anna(), &rules).code(), "evidence_incomplete");
    // Nor with a second person: it is an entry, and settled as one.
    assert_eq!(refusal(&piece, again, &after(anna(), BORIS), &rules).code(), "evidence_incomplete");
    carry_out(&mut piece, settle(proposal, 1, Finding::Confirmed), &after(anna(), BORIS), &rules);
}

#[test]
fn a_settled_finding_becomes_milder_only_by_two() {
    let rules = rules(1, Finding::Confirmed);
    let (mut piece, proposal) = in_review(&rules);
    carry_out(&mut piece, settle(proposal, 1, Finding::Contradicted), &anna(), &rules);
    let back = settle(proposal, 1, Finding::Confirmed);
    assert_eq!(refusal(&piece, back.clone(), &by(BORIS, Role::Inspector), &rules), Refusal::SecondPersonNeeded);
    let two_keys = after(anna(), ANNA);
    assert_eq!(refusal(&piece, back.clone(), &two_keys, &rules), Refusal::SecondPersonNeeded);
    carry_out(&mut piece, back, &after(anna(), BORIS), &rules);

    carry_out(&mut piece, add(proposal, 2, ClaimKind::Treatment, Finding::Contradicted), &anna(), &rules);
    assert_eq!(refusal(&piece, settle(proposal, 2, Finding::Confirmed), &anna(), &rules), Refusal::SecondPersonNeeded);
}

#[test]
fn who_changes_a_finding_says_why() {
    let rules = rules(1, Finding::Confirmed);
    let (mut piece, proposal) = in_review(&rules);
    let entry = |finding| SettledEntry { claim_id: claim_id(1), finding, note: None };
    let settle = |finding| Command::SettleLedger {
        proposal,
        entries: vec![entry(finding)],
        added: Vec::new(),
        misread: BTreeSet::new(),
    };
    let Refusal::Incomplete(faults) = refusal(&piece, settle(Finding::NotTested), &anna(), &rules) else {
        panic!("changed in silence")
    };
    assert_eq!(faults[0].pointer, "/entries/0/note");
    carry_out(&mut piece, settle(Finding::Confirmed), &anna(), &rules);
}

#[test]
fn a_claim_is_named_once_in_a_body() {
    let rules = rules(2, Finding::Confirmed);
    let (piece, proposal) = in_review(&rules);
    let entry = |number| SettledEntry { claim_id: claim_id(number), finding: Finding::Confirmed, note: None };
    let check = |entries, misread| {
        let command = Command::SettleLedger { proposal, entries, added: Vec::new(), misread };
        assert_eq!(refusal(&piece, command, &after(anna(), BORIS), &rules).code(), "evidence_incomplete");
    };
    check(vec![entry(1), entry(1)], BTreeSet::new());
    check(vec![entry(1), entry(2)], BTreeSet::from([claim_id(2)]));
}

#[test]
fn an_added_claim_survives_a_new_reading_under_an_id_of_its_own() {
    let first = rules(1, Finding::Confirmed);
    let (mut piece, proposal) = in_review(&first);
    carry_out(&mut piece, add(proposal, 2, ClaimKind::Treatment, Finding::Contradicted), &anna(), &first);
    // The new reading has a k2 of its own.
    let second = rules(2, Finding::Confirmed);
    for _ in 0..2 {
        carry_out(&mut piece, Command::ProposeLedger, &anna(), &second);
        assert_eq!(open(&piece), [claim_id(1), claim_id(2), claim_id(3)]);
        let claims = piece.ledger_claims();
        assert_eq!(claims.len(), 3);
        assert_eq!((claims[2].source, claims[2].kind), (ClaimSource::Added, ClaimKind::Treatment));
    }
}

#[test]
fn an_added_claim_that_was_not_tested_weighs_by_its_kind() {
    let check = |kind, expected| {
        let rules = rules(0, Finding::Confirmed);
        let (mut piece, proposal) = in_review(&rules);
        carry_out(&mut piece, add(proposal, 1, kind, Finding::NotTested), &anna(), &rules);
        assert_eq!(piece.standing().review().unwrap().1.derived(), expected, "{kind:?}");
    };
    check(ClaimKind::Treatment, Verdict::Undetermined);
    check(ClaimKind::Size, Verdict::DisclosedDifference);
}

#[test]
fn speech_that_is_no_longer_there_was_not_read() {
    let mut rules = rules(0, Finding::Confirmed);
    rules.transcript = true;
    let (mut piece, _) = in_review(&rules);
    rules.transcript = false;
    carry_out(&mut piece, Command::SetSegment { segment: None }, &anna(), &rules);
    let verdict = Command::GiveVerdict { proposal: piece.head(), stricter: None, reason: None };
    let stage = Stage::SpokenReview;
    assert_eq!(
        refusal(&piece, verdict.clone(), &anna(), &rules),
        Refusal::EvidenceMissing { stage, missing: Missing::Speech }
    );
    let unavailable = Command::RecordSpeechUnavailable { reason: sealed() };
    assert_eq!(refusal(&piece, unavailable.clone(), &after(anna(), ANNA), &rules), Refusal::SecondPersonNeeded);
    carry_out(&mut piece, unavailable, &after(anna(), BORIS), &rules);
    carry_out(&mut piece, verdict, &anna(), &rules);
    assert_eq!(piece.stage(), Stage::Cleared);
}

#[test]
fn a_rulebook_that_forgets_a_claim_is_refused() {
    let (piece, _) = in_review(&rules(1, Finding::Confirmed));
    let forgetful = Told { forgets: true, ..rules(1, Finding::Confirmed) };
    let refused = decide(&piece, &in_order(), &Command::ProposeLedger, &anna(), now(), &forgetful);
    assert_eq!(refused, Err(Refusal::EvidenceMissing { stage: Stage::SpokenReview, missing: Missing::OpenClaim }));
}

#[test]
fn a_main_part_is_tested_whatever_its_entry_calls_it() {
    let rules = rules(0, Finding::Confirmed);
    let mut piece = new_piece();
    let receive =
        Command::Receive { parcel_id: None, condition: Condition::Intact, weight: weighing(WEIGHT), note: None };
    carry_out(&mut piece, receive, &by(CLERK, Role::Clerk), &rules);
    carry_out(&mut piece, Command::OpenAppraisal, &anna(), &rules);
    let mut untested = appraisal();
    untested.components[0].role = ComponentRole::Accessory;
    untested.components[0].tests.clear();
    let refused = refusal(&piece, Command::SubmitAppraisal { appraisal: untested }, &anna(), &rules);
    assert_eq!(refused.faults()[0].pointer, "/components/0/tests");
}

#[test]
fn a_supervisor_cancels_only_what_was_not_sent() {
    let rules = rules(0, Finding::Confirmed);
    let cancel = || Command::Cancel { reason: None };
    let (chief, platform) = (by(CHIEF, Role::Supervisor), by(20, Role::Platform));
    let (mut piece, _) = in_review(&rules);
    assert_eq!(refusal(&piece, cancel(), &chief, &rules).code(), "not_yours");
    carry_out(&mut piece, cancel(), &platform, &rules);
    assert_eq!(piece.stage(), Stage::Returning);

    let mut unsent = new_piece();
    carry_out(&mut unsent, cancel(), &chief, &rules);
    assert_eq!(unsent.standing().outcome(), Some(Outcome::Cancelled));
}

/// A piece that waits for its tag.
fn cleared(rules: &Told) -> Piece {
    let (mut piece, proposal) = in_review(rules);
    let unavailable = Command::RecordSpeechUnavailable { reason: sealed() };
    carry_out(&mut piece, unavailable, &after(anna(), BORIS), rules);
    carry_out(&mut piece, Command::GiveVerdict { proposal, stricter: None, reason: None }, &anna(), rules);
    piece
}

fn tag(weight: Weighing) -> Command {
    Command::Tag {
        tag: super::super::ids::Tag::parse("T1").unwrap(),
        weight,
        weight_with_tag: with_tag(WEIGHT + 1_000_000),
        photo_ids: BTreeSet::new(),
        confirm_mismatch: false,
    }
}

#[test]
fn no_stored_weight_is_too_large_to_be_compared() {
    let rules = rules(0, Finding::Confirmed);
    let mut piece = cleared(&rules);
    let clerk = by(CLERK, Role::Clerk);
    for extreme in [i64::MIN, i64::MAX] {
        assert_eq!(refusal(&piece, tag(weighing(extreme)), &clerk, &rules).code(), "packing_weight_differs");
    }
    // Exactly at the limit for a stone it still agrees, and one microgram beyond it does not.
    assert_eq!(refusal(&piece, tag(weighing(WEIGHT + 50_001)), &clerk, &rules).code(), "packing_weight_differs");
    carry_out(&mut piece, tag(weighing(WEIGHT + 50_000)), &clerk, &rules);
    assert_eq!(piece.stage(), Stage::Tagged);
}

#[test]
fn a_tag_is_void_once_the_piece_goes_back_or_is_lost() {
    let rules = rules(0, Finding::Confirmed);
    let mut tagged = cleared(&rules);
    carry_out(&mut tagged, tag(weighing(WEIGHT)), &by(CLERK, Role::Clerk), &rules);
    assert!(tagged.tag().is_some());

    let mut back = tagged.clone();
    carry_out(&mut back, Command::Cancel { reason: None }, &by(20, Role::Platform), &rules);
    assert_eq!(back.tag(), None);
    let how = ReturnEnd::PickedUp;
    carry_out(&mut back, Command::CloseReturn { how }, &by(CLERK, Role::Clerk), &rules);
    assert_eq!(back.tag(), None, "closed, it is still void");

    let lost = Command::ReportCustody { what: Custody::Lost, note: sealed() };
    carry_out(&mut tagged, lost, &by(CLERK, Role::Clerk), &rules);
    assert_eq!(tagged.tag(), None);
}

#[test]
fn a_delivery_lies_between_the_order_and_now() {
    let rules = rules(0, Finding::Confirmed);
    let mut piece = cleared(&rules);
    let carrier = || Carrier::parse("sf").unwrap();
    let waybill = || Waybill::parse("SF1").unwrap();
    let clerk = by(CLERK, Role::Clerk);
    carry_out(&mut piece, tag(weighing(WEIGHT)), &clerk, &rules);
    let code = CertificateCode::parse("TS-1").unwrap();
    carry_out(&mut piece, Command::Release { certificate_code: code }, &by(CHIEF, Role::Supervisor), &rules);
    carry_out(&mut piece, Command::Ship { carrier: carrier(), waybill: waybill() }, &clerk, &rules);
    let platform = by(20, Role::Platform);
    for delivered_at in [i64::MIN, -1, now().as_microsecond() + 1, i64::MAX] {
        assert_eq!(refusal(&piece, Command::Deliver { delivered_at }, &platform, &rules).code(), "malformed");
    }
    // A clerk's return shipment has no place here, posted or not.
    let back = Command::ShipReturn { carrier: carrier(), waybill: waybill() };
    assert_eq!(refusal(&piece, back, &clerk, &rules).code(), "wrong_stage");
    carry_out(&mut piece, Command::Deliver { delivered_at: now().as_microsecond() }, &platform, &rules);
}

#[test]
fn all_five_verdicts_follow_from_the_severities_and_name_their_rulebook() {
    for (finding, asked, stage) in [
        (Finding::Confirmed, Verdict::Pass, Stage::Cleared),
        (Finding::Contradicted, Verdict::DisclosedDifference, Stage::AwaitingBuyer),
        (Finding::NotTested, Verdict::Undetermined, Stage::Undetermined),
        (Finding::Contradicted, Verdict::NotAsDescribed, Stage::Failed),
        (Finding::Contradicted, Verdict::SuspectedCounterfeit, Stage::Quarantined),
    ] {
        let asks = Some(Asks { proposed: asked, contradicted: asked });
        let severe = Told { transcript: true, asks, ..rules(1, finding) };
        let (mut piece, proposal) = in_review(&severe);
        carry_out(&mut piece, settle(proposal, 1, finding), &anna(), &severe);
        let give = |stricter| Command::GiveVerdict { proposal, stricter, reason: Some(sealed()) };
        for milder in Verdict::ALL.into_iter().filter(|verdict| *verdict < asked) {
            let refused = refusal(&piece, give(Some(milder)), &anna(), &severe);
            assert_eq!(refused.code(), "evidence_missing", "{milder:?} for {asked:?}");
        }
        for stricter in Verdict::ALL.into_iter().filter(|verdict| asked < *verdict) {
            let bare = Command::GiveVerdict { proposal, stricter: Some(stricter), reason: None };
            assert_eq!(refusal(&piece, bare, &anna(), &severe).code(), "evidence_incomplete");
            carry_out(&mut piece.clone(), give(Some(stricter)), &anna(), &severe);
        }
        carry_out(&mut piece, give(None), &anna(), &severe);
        assert_eq!(piece.stage(), stage, "{asked:?}");
        let (_, given) = piece.verdict().unwrap();
        assert_eq!((given.verdict, given.derived), (asked, asked));
        assert_eq!(given.rulebook_version, Some(severe.version()));
    }
}

#[test]
fn a_typed_weight_that_decides_takes_a_second_person_and_one_from_a_balance_does_not() {
    let of = |typed| {
        let claims = vec![Claim { component: None, ..claim(1, ClaimKind::Weight) }];
        let told = Told { transcript: true, claims, ..told() };
        let (mut piece, _) = in_review(&told);
        // Corrected by its author: what stands is typed, or read.
        let mut replacement = appraisal();
        replacement.weight.typed = typed;
        let seq = piece.settled().unwrap().0;
        let replacement = Replacement::Appraisal { appraisal: replacement };
        carry_out(&mut piece, Command::Correct { seq, replacement, reason: sealed() }, &anna(), &told);
        let proposal = piece.head();
        (piece, proposal, told)
    };
    let (piece, proposal, told) = of(true);
    assert_eq!(refusal(&piece, settle(proposal, 1, Finding::Confirmed), &anna(), &told), Refusal::SecondPersonNeeded);
    carry_out(&mut piece.clone(), settle(proposal, 1, Finding::Confirmed), &after(anna(), BORIS), &told);
    let (mut piece, proposal, told) = of(false);
    carry_out(&mut piece, settle(proposal, 1, Finding::Confirmed), &anna(), &told);
}

#[test]
fn one_reading_is_one_weight_of_a_piece() {
    use super::super::ids::ReadingId;
    use super::super::quantity::Reading;
    let read = |micrograms: i64, id: &str| Weighing {
        reading: Some(Box::new(Reading {
            reading_id: ReadingId::parse(id).unwrap(),
            frame: "S S      1.00 g".into(),
            device_seq: 1,
            read_at: 0,
            uncertainty_ug: None,
        })),
        ..weighing(micrograms)
    };
    let rules = rules(1, Finding::Confirmed);
    let mut piece = new_piece();
    let receive =
        Command::Receive { parcel_id: None, condition: Condition::Intact, weight: read(WEIGHT, "r-1"), note: None };
    carry_out(&mut piece, receive, &by(CLERK, Role::Clerk), &rules);
    carry_out(&mut piece, Command::OpenAppraisal, &anna(), &rules);
    let submit = |weight| Command::SubmitAppraisal { appraisal: Appraisal { weight, ..appraisal() } };
    assert_eq!(refusal(&piece, submit(read(WEIGHT, "r-1")), &anna(), &rules), Refusal::ReadingUsed);
    carry_out(&mut piece, submit(read(WEIGHT, "r-2")), &anna(), &rules);
}

/// The pointer and the words of each thing that a body lacks.
fn lacking(refusal: &Refusal) -> Vec<String> {
    assert_eq!(refusal.code(), "evidence_incomplete");
    refusal.faults().iter().map(|fault| format!("{} {}", fault.pointer, fault.message)).collect()
}

fn photographed(piece: &mut Piece, kind: &str, rules: &Told) {
    let photo = PhotoAdded {
        photo_id: photo_id(),
        kind: name(kind),
        original_sha256: "00".repeat(32),
        shown_sha256: None,
        small_sha256: None,
        media_type: name("image/jpeg"),
        size_bytes: 1,
        captured_at: None,
        fingerprint: None,
    };
    carry_out(piece, Command::AddPhoto { photo }, &anna(), rules);
}

#[test]
fn a_step_waits_for_the_photos_that_it_takes() {
    let mut rules = rules(0, Finding::Confirmed);
    rules.photos = vec![
        (Step::Receipt, "parcel_open"),
        (Step::Appraisal, "piece_front"),
        (Step::Appraisal, "piece_back"),
        (Step::Tagging, "piece_with_tag"),
    ];
    let mut piece = new_piece();
    let receive =
        Command::Receive { parcel_id: None, condition: Condition::Intact, weight: weighing(WEIGHT), note: None };
    carry_out(&mut piece, receive, &by(CLERK, Role::Clerk), &rules);

    let told = lacking(&refusal(&piece, Command::OpenAppraisal, &anna(), &rules));
    assert_eq!(told, ["/photo_ids a photo of the kind parcel_open is needed at receipt: upload it first"]);
    photographed(&mut piece, "parcel_open", &rules);
    carry_out(&mut piece, Command::OpenAppraisal, &anna(), &rules);

    photographed(&mut piece, "piece_front", &rules);
    let submit = || Command::SubmitAppraisal { appraisal: appraisal() };
    let told = lacking(&refusal(&piece, submit(), &anna(), &rules));
    assert_eq!(told, ["/photo_ids a photo of the kind piece_back is needed at appraisal: upload it first"]);
    photographed(&mut piece, "piece_back", &rules);
    carry_out(&mut piece, submit(), &anna(), &rules);
}

#[test]
fn a_part_is_examined_by_the_tests_that_it_takes() {
    let rules = rules(0, Finding::Confirmed);
    let mut piece = new_piece();
    let receive =
        Command::Receive { parcel_id: None, condition: Condition::Intact, weight: weighing(WEIGHT), note: None };
    carry_out(&mut piece, receive, &by(CLERK, Role::Clerk), &rules);
    carry_out(&mut piece, Command::OpenAppraisal, &anna(), &rules);
    let mut by_eye = appraisal();
    for part in &mut by_eye.components {
        part.tests.iter_mut().for_each(|test| test.method = name("by eye"));
    }
    let told = lacking(&refusal(&piece, Command::SubmitAppraisal { appraisal: by_eye.clone() }, &anna(), &rules));
    assert!(told.contains(&"/components/0/tests look with more than the eye".to_owned()), "{told:?}");
    // What was not examined takes its reason, and no test.
    for part in &mut by_eye.components {
        (part.state, part.reason) = (ComponentState::CannotBeDetermined, Some(sealed()));
    }
    carry_out(&mut piece, Command::SubmitAppraisal { appraisal: by_eye }, &anna(), &rules);
}

#[path = "certificates/tests.rs"]
mod certificates;
#[path = "looks/tests.rs"]
mod looks;
