//! Who looks, how often, and what comes of it.

use super::*;
use crate::domain::ids::PersonId;
use crate::domain::looks::Looks;
use crate::domain::route::Stage;

const CLARA: u128 = 5;

fn inspector(number: u128) -> By {
    by(number, Role::Inspector)
}

fn on_the_bench(rules: &dyn Rules) -> Piece {
    let mut piece = new_piece();
    let receive =
        Command::Receive { parcel_id: None, condition: Condition::Intact, weight: weighing(WEIGHT), note: None };
    carry_out(&mut piece, receive, &by(CLERK, Role::Clerk), rules);
    carry_out(&mut piece, Command::OpenAppraisal, &anna(), rules);
    piece
}

fn submit(micrograms: i64) -> Command {
    Command::SubmitAppraisal { appraisal: Appraisal { weight: weighing(micrograms), ..appraisal() } }
}

fn two() -> Told {
    Told { because: BTreeSet::from([Because::Value]), ..rules(1, Finding::Confirmed) }
}

fn settled_by(piece: &Piece) -> Vec<PersonId> {
    piece.settled_all().iter().filter_map(|(seq, _)| piece.author(*seq)).collect()
}

fn kept(piece: &Piece) -> Looks {
    (**piece.settlement().unwrap().1.looks.as_ref().unwrap()).clone()
}

#[test]
fn where_two_are_asked_for_nothing_is_settled_before_the_second_and_one_person_is_not_two() {
    let rules = two();
    let mut piece = on_the_bench(&rules);
    carry_out(&mut piece, submit(WEIGHT), &anna(), &rules);
    assert_eq!((piece.stage(), piece.is_blind()), (Stage::Appraising, true));
    assert!(piece.settled().is_none() && piece.claims().is_none());
    // The same person, with another key too.
    let other_key = By { key: witness(CHIEF).key_id, ..anna() };
    for by in [anna(), other_key] {
        let refused = refusal(&piece, submit(WEIGHT), &by, &rules);
        assert_eq!(refused, Refusal::EvidenceMissing { stage: Stage::Appraising, missing: Missing::SecondPerson });
    }
    carry_out(&mut piece, submit(WEIGHT + 50_000), &inspector(BORIS), &rules);
    assert_eq!(piece.stage(), Stage::SpokenReview);
    assert_eq!(settled_by(&piece), [person(ANNA), person(BORIS)]);
    let looks = kept(&piece);
    assert_eq!((looks.because, looks.agreed), (BTreeSet::from([Because::Value]), true));
}

#[test]
fn a_third_decides_between_two_who_differ() {
    let rules = two();
    let mut piece = on_the_bench(&rules);
    carry_out(&mut piece, submit(WEIGHT), &anna(), &rules);
    carry_out(&mut piece, submit(WEIGHT + 1_000_000), &inspector(BORIS), &rules);
    assert_eq!(piece.stage(), Stage::Appraising, "they differ");
    carry_out(&mut piece, submit(WEIGHT + 1_000_001), &inspector(CLARA), &rules);
    assert_eq!(settled_by(&piece), [person(BORIS), person(CLARA)]);
    let looks = kept(&piece);
    assert!(looks.agreed && looks.because.contains(&Because::Dispute));
    assert_eq!(looks.disputes.len(), 2); // Anna with each of the others.
}

#[test]
fn without_any_agreement_nothing_milder_than_undetermined_follows() {
    let rules = two();
    let mut piece = on_the_bench(&rules);
    for (who, weight) in [(ANNA, WEIGHT), (BORIS, WEIGHT + 1_000_000), (CLARA, WEIGHT + 2_000_000)] {
        carry_out(&mut piece, submit(weight), &inspector(who), &rules);
    }
    assert_eq!((piece.stage(), kept(&piece).agreed), (Stage::SpokenReview, false));
    let proposal = piece.head();
    carry_out(&mut piece, settle(proposal, 1, Finding::Confirmed), &anna(), &rules);
    let unavailable = Command::RecordSpeechUnavailable { reason: sealed() };
    carry_out(&mut piece, unavailable, &after(anna(), BORIS), &rules);
    let give = |stricter| Command::GiveVerdict { proposal, stricter, reason: Some(sealed()) };
    for milder in [Verdict::Pass, Verdict::DisclosedDifference] {
        assert_eq!(refusal(&piece, give(Some(milder)), &anna(), &rules).code(), "evidence_missing");
    }
    carry_out(&mut piece, give(None), &anna(), &rules);
    assert_eq!(piece.stage(), Stage::Undetermined);
    assert_eq!(piece.verdict().unwrap().1.derived, Verdict::Undetermined);
}

#[test]
fn an_outcome_that_is_no_pass_is_looked_at_by_another_who_had_no_part_in_it() {
    let rules = Told { after: BTreeSet::from([Because::FirstOutcome]), ..rules(1, Finding::Contradicted) };
    let (mut piece, proposal) = in_review(&rules);
    // Boris and the chief settle together what Anna found.
    let by_boris = By { proposer: Some(witness(CHIEF)), ..inspector(BORIS) };
    carry_out(&mut piece, settle(proposal, 1, Finding::Contradicted), &by_boris, &rules);
    assert_eq!((piece.stage(), piece.last().event.kind()), (Stage::Appraising, EventKind::SecondLookCalled));
    assert!(piece.settled().is_none(), "what one found is not settled any more");
    let since = piece.since().event.kind();
    assert_eq!(since, EventKind::AppraisalOpened, "whoever looks next is not told that it was settled before");
    for who in [ANNA, BORIS, CHIEF] {
        let refused = refusal(&piece, submit(WEIGHT), &inspector(who), &rules);
        assert_eq!(refused, Refusal::EvidenceMissing { stage: Stage::Appraising, missing: Missing::SecondPerson });
    }
    carry_out(&mut piece, submit(WEIGHT), &inspector(CLARA), &rules);
    assert_eq!(settled_by(&piece), [person(ANNA), person(CLARA)]);
    assert_eq!(kept(&piece).because, BTreeSet::from([Because::FirstOutcome]));
    // Now two have looked, and the same outcome stands.
    let proposal = piece.head();
    carry_out(&mut piece, settle(proposal, 1, Finding::Contradicted), &anna(), &rules);
    assert_eq!(piece.stage(), Stage::SpokenReview);
}

#[test]
fn a_stricter_verdict_by_one_person_calls_for_another_instead() {
    let rules =
        Told { after: BTreeSet::from([Because::FirstOutcome]), transcript: true, ..rules(1, Finding::Confirmed) };
    let (mut piece, proposal) = in_review(&rules);
    carry_out(&mut piece, settle(proposal, 1, Finding::Confirmed), &anna(), &rules);
    assert_eq!(piece.stage(), Stage::SpokenReview, "a pass needs nobody else");
    let stricter = Some(Verdict::NotAsDescribed);
    let give = |proposal| Command::GiveVerdict { proposal, stricter, reason: Some(sealed()) };
    carry_out(&mut piece, give(proposal), &anna(), &rules);
    assert_eq!(piece.stage(), Stage::Appraising);
    assert!(piece.verdict().is_none());
    carry_out(&mut piece, submit(WEIGHT), &inspector(CLARA), &rules);
    let proposal = piece.head();
    carry_out(&mut piece, settle(proposal, 1, Finding::Confirmed), &anna(), &rules);
    carry_out(&mut piece, give(proposal), &anna(), &rules);
    assert_eq!(piece.stage(), Stage::Failed);
}

fn again(micrograms: i64) -> Command {
    Command::RepeatMeasurement { component: None, quantity: name("weight"), weighing: weighing(micrograms) }
}

#[test]
fn a_reading_at_its_limit_is_repeated_by_who_took_it_before_anything_else() {
    let rules = Told { repeats: 2, ..rules(1, Finding::Confirmed) };
    let mut piece = on_the_bench(&rules);
    assert_eq!(refusal(&piece, again(WEIGHT), &anna(), &rules), Refusal::NotCalledFor);
    carry_out(&mut piece, submit(WEIGHT), &anna(), &rules);
    assert_eq!((piece.stage(), piece.last().event.kind()), (Stage::Appraising, EventKind::RepeatCalled));
    // Not by somebody who may still have to look blind, not another quantity, not another part.
    assert_eq!(refusal(&piece, again(WEIGHT), &inspector(BORIS), &rules), Refusal::NotCalledFor);
    let of = |component, quantity| Command::RepeatMeasurement { component, quantity, weighing: weighing(WEIGHT) };
    assert_eq!(refusal(&piece, of(None, name("size")), &anna(), &rules), Refusal::NotCalledFor);
    assert_eq!(refusal(&piece, of(Some(component(1)), name("weight")), &anna(), &rules), Refusal::NotCalledFor);
    carry_out(&mut piece, again(WEIGHT + 1), &anna(), &rules);
    assert_eq!(piece.last().event.kind(), EventKind::RepeatCalled, "a second time");
    // Whom it was handed to measures, and has seen too much to look.
    carry_out(&mut piece, Command::HandOver { to: person(BORIS) }, &anna(), &rules);
    carry_out(&mut piece, again(WEIGHT + 2), &inspector(BORIS), &rules);
    assert_eq!(piece.stage(), Stage::SpokenReview, "at most twice");
    assert_eq!(piece.repeats(None).map(|weighing| weighing.mass.0).collect::<Vec<_>>(), [WEIGHT + 1, WEIGHT + 2]);
    assert_eq!(piece.history().iter().filter(|recorded| recorded.event.kind() == EventKind::RepeatCalled).count(), 2);
}

#[test]
fn what_was_seen_is_not_corrected_any_more() {
    let rules = two();
    let mut piece = on_the_bench(&rules);
    carry_out(&mut piece, submit(WEIGHT), &anna(), &rules);
    let first = piece.head();
    let correct = |seq| Command::Correct {
        seq,
        replacement: Replacement::Appraisal { appraisal: appraisal() },
        reason: sealed(),
    };
    carry_out(&mut piece, correct(first), &anna(), &rules);
    carry_out(&mut piece, submit(WEIGHT + 1_000_000), &inspector(BORIS), &rules);
    let second = piece.head();
    assert_eq!(piece.stage(), Stage::Appraising);
    // Neither has seen the other: Boris finds his slip, and they agree.
    carry_out(&mut piece, correct(second), &inspector(BORIS), &rules);
    assert_eq!(piece.stage(), Stage::SpokenReview);
    for (seq, who) in [(first, ANNA), (second, BORIS)] {
        assert_eq!(refusal(&piece, correct(seq), &inspector(who), &rules).code(), "not_correctable");
    }
}

#[test]
fn a_reference_piece_never_gets_a_tag_and_goes_back() {
    let rules = Told { transcript: true, ..rules(1, Finding::Confirmed) };
    let opened = PieceOpened { reference: true, ..opened() };
    let mut piece = Piece::fold([recorded(1, 20, opened)]).unwrap();
    let receive =
        Command::Receive { parcel_id: None, condition: Condition::Intact, weight: weighing(WEIGHT), note: None };
    carry_out(&mut piece, receive, &by(CLERK, Role::Clerk), &rules);
    carry_out(&mut piece, Command::OpenAppraisal, &anna(), &rules);
    carry_out(&mut piece, submit(WEIGHT), &anna(), &rules);
    let proposal = piece.head();
    carry_out(&mut piece, settle(proposal, 1, Finding::Confirmed), &anna(), &rules);
    carry_out(&mut piece, Command::GiveVerdict { proposal, stricter: None, reason: None }, &anna(), &rules);
    assert_eq!(piece.stage(), Stage::Cleared);
    carry_out(&mut piece, tag(weighing(WEIGHT)), &by(CLERK, Role::Clerk), &rules);
    assert_eq!(piece.stage(), Stage::Returning);
    let how = ReturnEnd::PickedUp;
    carry_out(&mut piece, Command::CloseReturn { how }, &by(CLERK, Role::Clerk), &rules);
    assert_eq!(piece.standing().outcome(), Some(Outcome::Returned));
}
