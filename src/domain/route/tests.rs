//! The machine against its table, its picture and `journey.md`.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fs;

use super::super::ledger::Finding;
use super::super::samples::*;
use super::*;

/// What leaves a stage as it is.
const ANNOTATIONS: [EventKind; 12] = [
    EventKind::NoteAdded,
    EventKind::PhotoAdded,
    EventKind::Corrected,
    EventKind::SegmentSet,
    EventKind::CertificateClashFound,
    EventKind::SameArticleAnswered,
    EventKind::CarrierMoved,
    EventKind::CarrierExceptionFound,
    EventKind::NoticeAccepted,
    EventKind::DeadlinePassed,
    EventKind::DeadlineMoved,
    EventKind::DeadlineNeared,
];

/// The `index`th sample of a kind.
fn sample(kind: EventKind, index: usize) -> Arc<Recorded> {
    samples(kind).swap_remove(index)
}

#[track_caller]
fn walk(start: &Standing, steps: &[(EventKind, usize)]) -> Standing {
    steps.iter().fold(start.clone(), |standing, (kind, index)| {
        let next = standing.advance(sample(*kind, *index));
        next.unwrap_or_else(|rejected| panic!("{kind} in {}: {rejected}", standing.stage()))
    })
}

/// Standings that between them take every edge: each stage, with the flags and causes that it can carry.
fn representatives() -> Vec<(&'static str, Standing)> {
    use EventKind::*;
    let first = |kind| (kind, 0);
    let start = Standing::start();
    let inbound = walk(&start, &[first(Dispatched)]);
    let inbound_flagged = walk(&inbound, &[first(CancelRequested)]);
    let exception = walk(&inbound, &[first(IntakeExceptionFound)]);
    let received = walk(&inbound, &[first(Received)]);
    let opened = walk(&received, &[first(AppraisalOpened)]);
    let bench = walk(&opened, &[first(AppraisalSubmitted)]);
    let unread = walk(&bench, &[first(AppraisalSettled)]);
    let proposed = walk(&unread, &[first(ClaimsRead), first(LedgerProposed)]);
    let ready = walk(&proposed, &[first(EntrySettled)]);
    let verdict = |index| walk(&ready, &[(VerdictGiven, index)]);
    let (cleared, awaiting, undetermined, failed, held) = (verdict(0), verdict(2), verdict(4), verdict(6), verdict(8));
    let appealed = walk(&failed, &[first(Appealed)]);
    let failed_again = walk(
        &appealed,
        &[
            (AppraisalSubmitted, 1),
            (AppraisalSettled, 1),
            first(ClaimsRead),
            first(LedgerProposed),
            first(EntrySettled),
            (VerdictGiven, 6),
        ],
    );
    let tagged = walk(&cleared, &[first(Tagged)]);
    let released = walk(&tagged, &[first(Released)]);
    let outbound = walk(&released, &[first(Shipped)]);
    let refused = walk(&outbound, &[first(Refused)]);
    let delivered = walk(&outbound, &[first(Delivered)]);
    let opened_return = walk(&delivered, &[first(ReturnOpened)]);
    let intake_opened = walk(&opened_return, &[first(ReturnReceived)]);
    let intake_refused = walk(&refused, &[first(ReturnReceived)]);
    let held_return = walk(&intake_opened, &[first(IdentityUnclear)]);
    let returning = walk(&received, &[first(CancelRequested)]);
    let to_buyer = walk(&intake_opened, &[first(NotSamePieceFound)]);
    vec![
        ("failed and flagged", walk(&failed, &[first(CancelRequested)])),
        ("held and flagged", walk(&held, &[first(CancelRequested)])),
        ("held return and flagged", walk(&held_return, &[first(CancelRequested)])),
        ("exception and flagged", walk(&inbound_flagged, &[first(IntakeExceptionFound)])),
        ("return posted", walk(&opened_return, &[first(ReturnPosted)])),
        ("returning, posted", walk(&returning, &[first(ReturnShipped)])),
        ("to buyer, posted", walk(&to_buyer, &[first(ReturnShipped)])),
        ("closed", walk(&delivered, &[first(Completed)])),
        ("start", start),
        ("inbound", inbound),
        ("inbound and flagged", inbound_flagged),
        ("exception", exception),
        ("received", received),
        ("bench, empty", opened),
        ("bench", bench),
        ("review, unread", unread),
        ("review, proposed", proposed),
        ("review, ready", ready),
        ("cleared", cleared),
        ("awaiting buyer", awaiting),
        ("undetermined", undetermined),
        ("failed", failed),
        ("failed after an appeal", failed_again),
        ("bench after an appeal", appealed),
        ("held", held),
        ("held return", held_return),
        ("tagged", tagged),
        ("released", released),
        ("outbound", outbound),
        ("delivered", delivered),
        ("return refused", refused),
        ("return opened", opened_return),
        ("intake, refused", intake_refused),
        ("intake, opened", intake_opened),
        ("returning", returning),
        ("to buyer", to_buyer),
    ]
}

fn target(standing: &Standing) -> Target {
    match standing.outcome() {
        Some(outcome) => Target::End(outcome),
        None => Target::To(standing.stage()),
    }
}

/// Whether an accepted event is a note in the margin: one of those kinds, and nothing moved.
fn in_the_margin(before: &Standing, kind: EventKind, after: &Standing) -> bool {
    let edge = EDGES.iter().any(|edge| edge.from == before.stage() && edge.kind == kind);
    ANNOTATIONS.contains(&kind) && !edge && before == after
}

#[track_caller]
fn assert_same(found: &BTreeSet<Edge>) {
    let listed: BTreeSet<Edge> = EDGES.iter().copied().collect();
    let show = |edge: &Edge| format!("  {} · {} → {:?}", edge.from, edge.kind, edge.to);
    let lines = |edges: Vec<String>| if edges.is_empty() { "  none".to_owned() } else { edges.join("\n") };
    assert!(
        *found == listed,
        "the machine and EDGES differ.\nthe machine takes, and EDGES does not list:\n{}\nEDGES lists, and the \
         machine does not take:\n{}",
        lines(found.difference(&listed).map(show).collect()),
        lines(listed.difference(found).map(show).collect()),
    );
    assert_eq!(listed.len(), EDGES.len(), "an edge is listed twice");
}

#[test]
fn the_machine_takes_exactly_the_edges_of_the_table() {
    let standings = representatives();
    let stages: BTreeSet<Stage> = standings.iter().map(|(_, standing)| standing.stage()).collect();
    assert_eq!(stages.len(), Stage::ALL.len(), "every stage is represented: {stages:?}");

    let mut found = BTreeSet::new();
    let mut margin: BTreeMap<EventKind, BTreeSet<Stage>> = BTreeMap::new();
    for (name, standing) in &standings {
        for kind in EventKind::ALL {
            for event in samples(*kind) {
                let before = standing.clone();
                let next = standing.advance(event);
                assert_eq!(*standing, before, "{name} changed by being offered {kind}");
                match next {
                    Ok(next) if in_the_margin(standing, *kind, &next) => {
                        margin.entry(*kind).or_default().insert(standing.stage());
                    }
                    Ok(next) => {
                        found.insert(Edge { from: standing.stage(), kind: *kind, to: target(&next) });
                    }
                    Err(rejected) => {
                        assert_eq!((rejected.stage, rejected.kind), (standing.stage(), *kind), "{name}");
                    }
                }
            }
        }
    }
    assert_same(&found);

    let stages = |but: &[Stage]| -> BTreeSet<Stage> {
        Stage::ALL.iter().copied().filter(|stage| !but.contains(stage)).collect()
    };
    assert_eq!(margin[&EventKind::NoteAdded], stages(&[Stage::Closed]));
    assert_eq!(margin[&EventKind::CarrierMoved], stages(&[Stage::Closed]));
    assert_eq!(margin[&EventKind::CarrierExceptionFound], stages(&[Stage::Closed]));
    assert_eq!(margin[&EventKind::DeadlinePassed], stages(&[Stage::Closed]));
    assert_eq!(margin[&EventKind::DeadlineMoved], stages(&[Stage::Closed]));
    let reminded = BTreeSet::from([Stage::AwaitingDispatch, Stage::AwaitingBuyer]);
    assert_eq!(margin[&EventKind::DeadlineNeared], reminded);
    assert_eq!(margin[&EventKind::PhotoAdded], stages(&[Stage::AwaitingDispatch, Stage::Closed]));
    assert_eq!(margin[&EventKind::Corrected], stages(&[Stage::SpokenReview, Stage::Closed]));
    let until_settled: BTreeSet<_> = Stage::ALL.iter().copied().filter(|stage| *stage <= Stage::SpokenReview).collect();
    assert_eq!(margin[&EventKind::SegmentSet], until_settled);
    let review = BTreeSet::from([Stage::SpokenReview]);
    assert_eq!(margin[&EventKind::CertificateClashFound], review);
    assert_eq!(margin[&EventKind::SameArticleAnswered], review);
    assert_eq!(margin[&EventKind::NoticeAccepted], BTreeSet::from([Stage::AwaitingBuyer, Stage::Failed]));
}

#[test]
fn a_closed_piece_takes_nothing() {
    let (_, closed) = representatives().into_iter().find(|(_, standing)| standing.outcome().is_some()).unwrap();
    for kind in EventKind::ALL {
        for event in samples(*kind) {
            let rejected = closed.advance(event).unwrap_err();
            assert_eq!(rejected, Rejected { stage: Stage::Closed, kind: *kind, why: Why::NotHere });
        }
    }
}

#[track_caller]
fn reject_of(standing: &Standing, event: Recorded) -> Why {
    standing.advance(Arc::new(event)).expect_err("it must be refused").why
}

fn named(name: &str) -> Standing {
    representatives().into_iter().find(|(known, _)| *known == name).unwrap().1
}

#[test]
fn those_whose_result_was_appealed_stay_away_for_good() {
    use EventKind::*;
    // Anna's result was appealed and Boris looked; a reopening, an outside report or a lifted quarantine begin anew.
    let bench = named("bench after an appeal");
    let ready = walk(
        &bench,
        &[(AppraisalSubmitted, 1), (AppraisalSettled, 1), (ClaimsRead, 0), (LedgerProposed, 0), (EntrySettled, 0)],
    );
    for steps in [
        &[(AppraisalReopened, 0)][..],
        &[(VerdictGiven, 0), (AppraisalReopened, 0)],
        &[(VerdictGiven, 0), (PackingMismatchFound, 0), (QuarantineLifted, 0)],
        &[(VerdictGiven, 4), (OutsideReportRecorded, 0)],
        &[(VerdictGiven, 8), (QuarantineLifted, 0)],
    ] {
        let anew = walk(&ready, steps);
        let anna = anew.advance(sample(AppraisalSubmitted, 0)).unwrap_err();
        assert_eq!(anna.why, Why::Missing(Missing::SecondPerson), "{steps:?}");
        assert!(anew.advance(sample(AppraisalSubmitted, 1)).is_ok(), "{steps:?}");
    }
}

#[test]
fn what_a_verdict_rests_on_is_not_corrected_after_it_nor_by_another() {
    for stage in ["cleared", "tagged", "released", "outbound", "delivered", "failed", "held", "awaiting buyer"] {
        assert!(named(stage).advance(sample(EventKind::Corrected, 0)).is_err(), "{stage}");
        assert!(named(stage).advance(sample(EventKind::Corrected, 3)).is_err(), "{stage}");
    }
    // The third sample is the clerk's correction of Anna's appraisal, the second of one that is not on the bench.
    for index in [1, 2] {
        let why = named("review, ready").advance(sample(EventKind::Corrected, index)).unwrap_err().why;
        assert_eq!(why, Why::Missing(Missing::Appraisal));
    }
}

#[test]
fn a_ledger_without_its_claims_is_no_ledger() {
    let unread = named("review, unread");
    // No claims were read at all; then a proposal that forgets one, one of another reading, one of a claim too many.
    let why = reject_of(&unread, Recorded::clone(&sample(EventKind::LedgerProposed, 0)));
    assert_eq!(why, Why::Missing(Missing::Proposal));
    let read = walk(&unread, &[(EventKind::ClaimsRead, 0)]);
    let propose = |claims_seq, ids: &[u8]| {
        let entries = ids.iter().map(|id| proposed(claim_id(*id), Finding::Confirmed)).collect();
        recorded(PROPOSED, ANNA, LedgerProposed { claims_seq, rulebook_version: name("1"), entries })
    };
    assert_eq!(reject_of(&read, propose(READ, &[])), Why::Missing(Missing::OpenClaim));
    assert_eq!(reject_of(&read, propose(NOT_READ, &[1])), Why::Missing(Missing::Proposal));
    assert_eq!(reject_of(&read, propose(READ, &[1, 2])), Why::Missing(Missing::UnknownClaim));
    assert_eq!(reject_of(&read, propose(READ, &[1, 1])), Why::Missing(Missing::UnknownClaim));
}

#[test]
fn one_person_with_two_keys_is_not_two() {
    let ready = named("review, proposed");
    // Struck as misread: alone, with oneself, with another.
    let struck = |proposed_by| {
        let (proposal_seq, claim_id) = (PROPOSED, claim_id(1));
        recorded(99, ANNA, EntrySettled { proposal_seq, claim_id, finding: None, added: None, note: None, proposed_by })
    };
    assert_eq!(reject_of(&ready, struck(None)), Why::Missing(Missing::SecondPerson));
    assert_eq!(reject_of(&ready, struck(Some(witness(ANNA)))), Why::Missing(Missing::SecondPerson));
    assert!(ready.advance(Arc::new(struck(Some(witness(BORIS))))).is_ok());

    for (standing, kind) in [
        ("review, ready", EventKind::SpeechUnavailable),
        ("failed", EventKind::Overridden),
        ("held", EventKind::QuarantineLifted),
        ("held", EventKind::QuarantineUpheld),
        ("intake, opened", EventKind::SamePieceConfirmed),
        ("intake, opened", EventKind::NotSamePieceFound),
        ("intake, opened", EventKind::IdentityUnclear),
    ] {
        let (two, one) = (sample(kind, 0), sample(kind, 1));
        assert!(named(standing).advance(two).is_ok(), "{kind}");
        assert_eq!(reject_of(&named(standing), Recorded::clone(&one)), Why::Missing(Missing::SecondPerson), "{kind}");
        let nobody = Recorded { person: None, ..Recorded::clone(&one) };
        assert_eq!(reject_of(&named(standing), nobody), Why::Missing(Missing::SecondPerson), "{kind}");
    }
}

#[test]
fn a_flagged_piece_is_not_lifted_back_into_the_house() {
    for standing in ["held and flagged", "held return and flagged"] {
        assert_eq!(reject_of(&named(standing), Recorded::clone(&sample(EventKind::QuarantineLifted, 0))), Why::Flagged);
    }
}

#[test]
fn a_piece_begins_once() {
    for (name, standing) in representatives() {
        assert!(standing.advance(sample(EventKind::PieceOpened, 0)).is_err(), "{name}");
    }
}

/// [`Standing::fold`] reads the private field `current_state` of the derived future, after a poll that is not ready
/// and in both cases: the stage was left, and the stage was kept. (`state_machine_future` is pinned for this.)
#[test]
fn the_derived_future_keeps_its_state_in_current_state() {
    let offer = |kind| Offer(Some(sample(kind, 0)));
    let mut left = Route::start_in(AwaitingDispatch, offer(EventKind::Dispatched));
    assert!(matches!(left.poll(), Ok(Async::NotReady)));
    assert!(matches!(left.current_state.take(), Some(RouteStates::Inbound(Inbound { flagged: false, .. }))));

    let mut kept = Route::start_in(AwaitingDispatch, offer(EventKind::NoteAdded));
    assert!(matches!(kept.poll(), Ok(Async::NotReady)));
    assert!(matches!(kept.current_state.take(), Some(RouteStates::AwaitingDispatch(_))));

    let mut ended = Route::start_in(AwaitingDispatch, offer(EventKind::Cancelled));
    assert!(matches!(ended.poll(), Ok(Async::Ready(Outcome::Cancelled))));

    let mut refused = Route::start_in(AwaitingDispatch, offer(EventKind::Shipped));
    assert_eq!(refused.poll().unwrap_err().why, Why::NotHere);
}

/// Every standing that the samples can lead to.
struct Explored {
    standings: Vec<Standing>,
    successors: Vec<BTreeSet<usize>>,
    taken: BTreeMap<Edge, usize>,
}

/// How often a repeat and a second look may be called is the rulebook's word, so the machine counts without an end;
/// one of each is enough to explore.
fn beyond_the_rulebook(standing: &Standing, kind: EventKind) -> bool {
    let Some((appraised, _)) = standing.review() else { return false };
    match kind {
        EventKind::RepeatCalled => 0 < appraised.bench().repeats(),
        EventKind::SecondLookCalled => 0 < appraised.bench().looks(),
        _ => false, // Nothing else is counted on the bench.
    }
}

fn explore() -> Explored {
    let alphabet: Vec<_> = EventKind::ALL.iter().flat_map(|kind| samples(*kind)).collect();
    let start = Standing::start();
    // A standing has no hash; what it prints is all it is.
    let mut known = HashMap::from([(format!("{start:?}"), 0)]);
    let mut explored = Explored { standings: vec![start], successors: Vec::new(), taken: BTreeMap::new() };
    let mut waiting = VecDeque::from([0]);
    while let Some(at) = waiting.pop_front() {
        let mut successors = BTreeSet::new();
        let standing = explored.standings[at].clone();
        for event in &alphabet {
            let kind = event.event.kind();
            if beyond_the_rulebook(&standing, kind) {
                continue;
            }
            let Ok(next) = standing.advance(event.clone()) else { continue };
            if !in_the_margin(&standing, kind, &next) {
                let edge = Edge { from: standing.stage(), kind, to: target(&next) };
                *explored.taken.entry(edge).or_default() += 1;
            }
            check_step(&standing, event, &next);
            if next == standing {
                continue;
            }
            let index = *known.entry(format!("{next:?}")).or_insert_with(|| {
                explored.standings.push(next);
                waiting.push_back(explored.standings.len() - 1);
                explored.standings.len() - 1
            });
            successors.insert(index);
        }
        assert_eq!(explored.successors.len(), at, "breadth first: standings are visited in the order they were found");
        explored.successors.push(successors);
    }
    explored
}

/// What holds of every single step.
fn check_step(before: &Standing, event: &Recorded, after: &Standing) {
    assert_ne!(before.stage(), Stage::Closed, "closed has no successors, but takes {}", event.event.kind());
    if before.flagged() {
        let leaves = match after.stage() {
            Stage::Returning | Stage::Closed => true,
            stage => stage == before.stage() || (before.stage(), stage) == (Stage::Inbound, Stage::IntakeException),
        };
        assert!(leaves, "flagged in {}, {} leads to {}", before.stage(), event.event.kind(), after.stage());
        let gone = matches!(after.stage(), Stage::Returning | Stage::Closed);
        assert!(gone || after.flagged(), "{} in {} loses the flag", event.event.kind(), before.stage());
    }
    if after.stage() == Stage::Released && before.stage() != Stage::Released {
        assert_eq!(before.stage(), Stage::Tagged);
        assert!(before.packed().is_some(), "released without its chain");
    }
}

/// What holds of every standing, whatever led to it.
fn check_standing(standing: &Standing) {
    assert_eq!(standing.release().is_some(), standing.stage() == Stage::Released);
    assert_eq!(standing.outcome().is_some(), standing.stage() == Stage::Closed);
    if let Some(clearance) = standing.clearance() {
        let reviewed = clearance.reviewed();
        match reviewed.verdict() {
            Verdict::Pass => assert_eq!(clearance.accepted(), None),
            Verdict::DisclosedDifference | Verdict::Undetermined => assert!(clearance.accepted().is_some()),
            Verdict::NotAsDescribed | Verdict::SuspectedCounterfeit => panic!("cleared in spite of {reviewed:?}"),
        }
        assert!(!reviewed.appraised().appraisers().is_empty());
    }
    if let Some(release) = standing.release() {
        assert!(!release.packed().clearance().reviewed().appraised().appraisers().contains(&release.releaser()));
    }
    if let Some(bench) = standing.bench() {
        assert!(bench.appraisals().iter().all(|(_, author)| !bench.takes(*author)));
    }
}

#[test]
fn every_standing_within_reach_keeps_the_rules_and_reaches_an_end() {
    let explored = explore();
    explored.standings.iter().for_each(check_standing);

    let mut by_stage: BTreeMap<Stage, usize> = BTreeMap::new();
    for standing in &explored.standings {
        *by_stage.entry(standing.stage()).or_default() += 1;
    }
    println!("{} distinct standings", explored.standings.len());
    by_stage.iter().for_each(|(stage, count)| println!("{count:>7} {stage}"));
    assert!(1_000 < explored.standings.len(), "{} standings are too few", explored.standings.len());
    assert_same(&explored.taken.keys().copied().collect());

    // Backwards from the ends: whoever is not met has no way to one.
    let mut predecessors = vec![Vec::new(); explored.standings.len()];
    for (from, successors) in explored.successors.iter().enumerate() {
        successors.iter().for_each(|to| predecessors[*to].push(from));
    }
    let ends = explored.standings.iter().enumerate().filter(|(_, standing)| standing.outcome().is_some());
    let mut waiting: Vec<usize> = ends.map(|(at, _)| at).collect();
    let mut met: BTreeSet<usize> = waiting.iter().copied().collect();
    while let Some(at) = waiting.pop() {
        assert!(explored.standings[at].outcome().is_none() || explored.successors[at].is_empty());
        waiting.extend(predecessors[at].iter().copied().filter(|before| met.insert(*before)));
    }
    let dead_end = (0..explored.standings.len()).find(|at| !met.contains(at));
    assert_eq!(dead_end.map(|at| &explored.standings[at]), None, "a standing is a dead end");
}

#[test]
fn the_picture_in_architecture_md_is_the_machines() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md");
    let (begin, end) = ("<!-- stages:begin -->\n", "<!-- stages:end -->");
    let text = fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once(begin).expect("ARCHITECTURE.md has the mark stages:begin");
    let (shown, after) = rest.split_once(end).expect("ARCHITECTURE.md has the mark stages:end");
    let expected = format!("```mermaid\n{}```\n", mermaid());
    if std::env::var_os("TOUCHSTONE_BLESS").is_some() {
        fs::write(path, format!("{before}{begin}{expected}{end}{after}")).unwrap();
        return;
    }
    assert!(
        shown == expected,
        "the picture in ARCHITECTURE.md is not that of the machine. Refresh it with:\n  \
         TOUCHSTONE_BLESS=1 cargo test --lib the_picture_in_architecture_md_is_the_machines"
    );
}
