//! Returns that are closed as they ended, and presented certificates.

use super::*;
use crate::domain::appraisal::PresentedCertificate;
use crate::domain::certificate::{Binding, CertificateKey, HeldBy};
use crate::domain::ids::CertificateNo;

#[test]
fn only_what_was_shipped_is_delivered_and_only_what_lies_here_is_picked_up() {
    let rules = rules(0, Finding::Confirmed);
    let clerk = by(CLERK, Role::Clerk);
    let close = |how| Command::CloseReturn { how };
    let mut back = cleared(&rules);
    carry_out(&mut back, Command::Cancel { reason: None }, &by(20, Role::Platform), &rules);
    let refused = refusal(&back, close(ReturnEnd::Delivered), &clerk, &rules);
    assert_eq!((refused.code(), refused.faults()[0].pointer.as_str()), ("evidence_incomplete", "/how"));
    let mut fetched = back.clone();
    carry_out(&mut fetched, close(ReturnEnd::PickedUp), &clerk, &rules);
    assert_eq!(fetched.stage(), Stage::Closed);
    let (carrier, waybill) = (Carrier::parse("sf").unwrap(), Waybill::parse("SF9").unwrap());
    carry_out(&mut back, Command::ShipReturn { carrier, waybill }, &clerk, &rules);
    assert_eq!(refusal(&back, close(ReturnEnd::PickedUp), &clerk, &rules).code(), "already_posted");
    for how in [ReturnEnd::Delivered, ReturnEnd::Unclaimed] {
        let mut posted = back.clone();
        carry_out(&mut posted, close(how), &clerk, &rules);
        assert_eq!(posted.stage(), Stage::Closed);
    }
}

/// A register that says the same of every number.
fn registered(held_by: Option<HeldBy>) -> Told {
    Told { transcript: true, held_by, ..rules(1, Finding::Confirmed) }
}

/// A piece in review whose appraisal saw a certificate, and the proposal.
fn presenting(held_by: Option<HeldBy>) -> (Piece, i32) {
    let rules = registered(held_by);
    let mut piece = new_piece();
    let receive =
        Command::Receive { parcel_id: None, condition: Condition::Intact, weight: weighing(WEIGHT), note: None };
    carry_out(&mut piece, receive, &by(CLERK, Role::Clerk), &rules);
    carry_out(&mut piece, Command::OpenAppraisal, &anna(), &rules);
    let number = CertificateNo::parse("N-1").unwrap();
    let presented = PresentedCertificate { body: name("NGTC"), number, weight: None, sizes: Vec::new() };
    let appraisal = Appraisal { presented_certificate: Some(presented), ..appraisal() };
    carry_out(&mut piece, Command::SubmitAppraisal { appraisal }, &anna(), &rules);
    (piece.clone(), piece.head())
}

fn binding(piece: &Piece) -> Binding {
    piece.binding(&CertificateKey::new("ngtc", "n1"))
}

#[test]
fn a_number_of_an_open_piece_lets_no_verdict_pass() {
    let (piece, proposal) = presenting(Some(HeldBy::OpenPiece));
    assert_eq!(binding(&piece), Binding::Other { held_by: HeldBy::OpenPiece });
    // Whatever is settled: the finding alone does not open it.
    let verdict = |stricter| Command::GiveVerdict { proposal, stricter, reason: Some(sealed()) };
    let told = Told { transcript: true, ..rules(1, Finding::Confirmed) };
    let mut settled = piece.clone();
    let entries = vec![SettledEntry { claim_id: claim_id(1), finding: Finding::Confirmed, note: None }];
    let settle = Command::SettleLedger { proposal, entries, added: Vec::new(), misread: BTreeSet::new() };
    carry_out(&mut settled, settle, &anna(), &told);
    for milder in [None, Some(Verdict::DisclosedDifference), Some(Verdict::NotAsDescribed)] {
        assert_eq!(refusal(&settled, verdict(milder), &anna(), &told).code(), "certificate_held", "{milder:?}");
    }
    carry_out(&mut settled, verdict(Some(Verdict::SuspectedCounterfeit)), &anna(), &told);
    assert_eq!(settled.stage(), Stage::Quarantined);
}

#[test]
fn a_number_of_a_closed_piece_asks_before_any_verdict_and_the_answer_is_kept() {
    for held_by in [HeldBy::ClosedPiece, HeldBy::SameSet] {
        let (piece, proposal) = presenting(Some(held_by));
        let Binding::Asked { seq, .. } = binding(&piece) else { panic!("{:?}", binding(&piece)) };
        let registered = registered(Some(held_by));
        let verdict = Command::GiveVerdict { proposal, stricter: None, reason: None };
        let answer = |same, note: bool| Command::AnswerSameArticle { clash_seq: seq, same, note: note.then(sealed) };
        let entries = vec![SettledEntry { claim_id: claim_id(1), finding: Finding::Confirmed, note: None }];
        let mut settled = piece.clone();
        let settle = Command::SettleLedger { proposal, entries, added: Vec::new(), misread: BTreeSet::new() };
        carry_out(&mut settled, settle, &anna(), &registered);
        assert_eq!(refusal(&settled, verdict, &anna(), &registered).code(), "certificate_asked");
        // Who says that it is another says what tells them apart; only staff beside the piece answers.
        let refused = refusal(&piece, answer(false, false), &anna(), &registered);
        assert_eq!(refused.faults()[0].pointer, "/note");
        assert_eq!(refusal(&piece, answer(true, false), &by(4, Role::Supervisor), &registered).code(), "not_yours");
        let other = Command::AnswerSameArticle { clash_seq: 1, same: true, note: None };
        assert_eq!(refusal(&piece, other, &anna(), &registered).faults()[0].pointer, "/clash");

        let mut same = piece.clone();
        carry_out(&mut same, answer(true, false), &by(CLERK, Role::Clerk), &registered);
        assert_eq!(binding(&same), Binding::Same);
        // It is not asked twice.
        carry_out(&mut same, Command::ProposeLedger, &anna(), &registered);
        assert_eq!(binding(&same), Binding::Same);
        let mut other = piece.clone();
        carry_out(&mut other, answer(false, true), &anna(), &registered);
        assert_eq!(binding(&other), Binding::Other { held_by });
    }
}

#[test]
fn an_answer_that_came_too_late_finds_the_open_piece_instead() {
    let (mut piece, _) = presenting(Some(HeldBy::ClosedPiece));
    let Binding::Asked { seq, .. } = binding(&piece) else { panic!("{:?}", binding(&piece)) };
    let now_open = registered(Some(HeldBy::OpenPiece));
    let answer = Command::AnswerSameArticle { clash_seq: seq, same: true, note: None };
    carry_out(&mut piece, answer, &anna(), &now_open);
    assert_eq!(binding(&piece), Binding::Other { held_by: HeldBy::OpenPiece });
}

#[test]
fn a_number_that_is_nobody_else_s_leaves_no_trace() {
    let (piece, _) = presenting(None);
    assert_eq!(binding(&piece), Binding::Free);
    assert!(!piece.history().iter().any(|recorded| matches!(recorded.event, Event::CertificateClashFound(_))));
}
