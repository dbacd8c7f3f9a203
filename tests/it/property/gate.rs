//! What must hold before a piece leaves, read from its journal alone: a second opinion that shares no code with the
//! machine (`journey.md`, "What must hold before a piece leaves").

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use touchstone::domain::actor::{Role, Witness};
use touchstone::domain::appraisal::{Appraisal, ComponentRole, ComponentState};
use touchstone::domain::event::*;
use touchstone::domain::ids::PersonId;
use touchstone::domain::ledger::{Finding, Verdict};
use touchstone::domain::piece::Piece;
use touchstone::domain::quantity::Weighing;

macro_rules! must {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err(format!($($why)+));
        }
    };
}

fn two(author: Option<PersonId>, witness: &Witness) -> bool {
    author.is_some_and(|author| author != witness.person_id)
}

/// Two persons are never one with two keys, and the part of a session that speaks of a piece is not narrowed by one
/// alone once the piece was received (`journey.md`, "Two people").
pub fn check_pair(piece: &Piece, author: PersonId, event: &Event) -> Result<(), String> {
    let proposed_by = match event {
        Event::SegmentSet(set) => {
            let received = piece
                .history()
                .iter()
                .any(|recorded| matches!(recorded.event, Event::Received(_) | Event::IntakeExceptionFound(_)));
            let before = piece.segment();
            let narrower = before.is_some_and(|before| {
                set.segment.is_none_or(|after| before.from_ms < after.from_ms || after.to_ms < before.to_ms)
            });
            must!(!(received && narrower && set.proposed_by.is_none()), "one person narrowed the segment");
            set.proposed_by
        }
        Event::EntrySettled(entry) => entry.proposed_by,
        Event::SpeechUnavailable(event) => Some(event.proposed_by),
        Event::Overridden(event) => Some(event.proposed_by),
        Event::QuarantineLifted(event) => Some(event.proposed_by),
        Event::QuarantineUpheld(event) => Some(event.proposed_by),
        Event::SamePieceConfirmed(event) => Some(event.proposed_by),
        Event::NotSamePieceFound(event) => Some(event.proposed_by),
        Event::IdentityUnclear(event) => Some(event.proposed_by),
        _ => None, // No other event is the word of two.
    };
    must!(proposed_by.is_none_or(|by| two(Some(author), &by)), "one person with two keys passed for two");
    Ok(())
}

/// Whether a journal that ends in `released` may do so.
pub fn check(journal: &[Arc<Recorded>], needed: usize) -> Result<(), String> {
    let Some((Event::PieceOpened(opened), Event::Released(_))) =
        journal.first().zip(journal.last()).map(|(first, last)| (&first.event, &last.event))
    else {
        return Err("the journal of a released piece begins with piece_opened and ends with released".into());
    };
    let voided = journal.iter().rposition(|recorded| {
        matches!(
            recorded.event,
            Event::AppraisalReopened(_)
                | Event::Appealed(_)
                | Event::OutsideReportRecorded(_)
                | Event::QuarantineLifted(_)
        )
    });
    let span = &journal[voided.map_or(0, |at| at + 1)..];
    let position = |wanted: EventKind| span.iter().rposition(|recorded| recorded.event.kind() == wanted);

    // A settled appraisal of every component, by as many persons as are asked for.
    let mut submitted: BTreeMap<i32, (PersonId, &Appraisal)> = BTreeMap::new();
    let mut weight: Option<(usize, &Weighing)> = None;
    let mut last_named = 0;
    for (at, recorded) in span.iter().enumerate() {
        match &recorded.event {
            Event::AppraisalSubmitted(event) => {
                let person = recorded.person.ok_or("an appraisal has an author")?;
                must!(submitted.values().all(|(before, _)| *before != person), "one person appraised twice");
                submitted.insert(recorded.seq, (person, &event.appraisal));
            }
            Event::AppraisalSettled(settled) => {
                last_named = *settled.appraisals.last().ok_or("a settlement names an appraisal")?;
                must!(settled.appraisals.iter().all(|seq| submitted.contains_key(seq)), "settled without appraisal");
                must!(
                    settled.appraisals.len() == settled.appraisals.iter().collect::<BTreeSet<_>>().len(),
                    "an appraisal is counted twice"
                );
                must!(needed <= settled.appraisals.len(), "fewer inspectors than the rulebook asks for");
                for (_, appraisal) in settled.appraisals.iter().map(|seq| submitted[seq]) {
                    complete(opened, appraisal)?;
                }
                weight = Some((at, &settled.weight));
            }
            Event::Corrected(Corrected { seq, replacement: Replacement::Appraisal { appraisal }, .. }) => {
                let (author, before) = submitted.get_mut(seq).ok_or("a correction of no appraisal of this time")?;
                must!(recorded.person == Some(*author), "an appraisal was corrected by another");
                complete(opened, appraisal)?;
                *before = appraisal;
                if let Some((at, _)) = weight.filter(|_| *seq == last_named) {
                    weight = Some((at, &appraisal.weight));
                }
            }
            _ => {} // The other events are looked at below.
        }
    }
    let (settled_at, settled_weight) = weight.ok_or("no settled appraisal")?;
    looks(span, &submitted)?;

    // A settled ledger with no claim unread, and two persons behind everything milder.
    let read_at = position(EventKind::ClaimsRead).filter(|at| settled_at < *at).ok_or("the claims were not read")?;
    let proposed_at = position(EventKind::LedgerProposed).filter(|at| read_at < *at).ok_or("no proposal")?;
    let verdict_at = position(EventKind::VerdictGiven).filter(|at| proposed_at < *at).ok_or("no verdict")?;
    let (Event::ClaimsRead(read), Event::LedgerProposed(proposed), Event::VerdictGiven(given)) =
        (&span[read_at].event, &span[proposed_at].event, &span[verdict_at].event)
    else {
        return Err("positions name their own kinds".into());
    };
    must!(proposed.claims_seq == span[read_at].seq, "the proposal rests on other claims");
    must!(given.proposal_seq == span[proposed_at].seq, "the verdict rests on another proposal");
    let mut findings: BTreeMap<_, (Option<Finding>, bool, bool)> = BTreeMap::new();
    for recorded in &span[proposed_at..verdict_at] {
        match &recorded.event {
            Event::EntrySettled(entry) => {
                must!(entry.proposal_seq == span[proposed_at].seq, "an entry of another proposal was settled");
                let line = proposed.entries.iter().find(|line| line.claim_id == entry.claim_id);
                must!(
                    line.is_some() != entry.added.is_some() || findings.contains_key(&entry.claim_id),
                    "no such claim"
                );
                let before = findings.get(&entry.claim_id).and_then(|(finding, _, _)| *finding);
                let alone = !entry.proposed_by.is_some_and(|witness| two(recorded.person, &witness));
                let milder = entry.finding.is_none_or(|finding| {
                    line.is_some_and(|line| rank(finding) < rank(line.finding))
                        || before.is_some_and(|before| rank(finding) < rank(before))
                });
                must!(!(alone && milder), "one person alone struck a claim or made its finding milder");
                let (main, essential) = match (line, findings.get(&entry.claim_id), &entry.added) {
                    (Some(line), _, _) => (line.main, line.essential),
                    (None, Some((_, main, essential)), _) => (*main, *essential),
                    (None, None, Some(added)) => (true, added.kind.is_essential()),
                    (None, None, None) => return Err("an entry of no claim".into()),
                };
                findings.insert(&entry.claim_id, (entry.finding, main, essential));
            }
            Event::Corrected(corrected) => must!(
                matches!(corrected.replacement, Replacement::Note { .. } | Replacement::ReceivedWeight { .. }),
                "something was corrected after the proposal that the verdict rests on"
            ),
            _ => {} // Nothing else touches a ledger.
        }
    }
    for claim in &read.claims {
        must!(findings.contains_key(&claim.claim_id), "claim {} has no finding", claim.claim_id);
    }

    // A verdict that the findings allow, with the buyer's word where it takes one.
    let least = findings.values().map(|finding| match finding {
        (Some(Finding::Contradicted), _, _) => 3,
        (Some(Finding::NotTested), true, true) => 2,
        (Some(Finding::NotTested), _, _) => 1,
        (Some(Finding::Confirmed | Finding::NotTestable | Finding::Promise) | None, _, _) => 0,
    });
    let least = least.max().unwrap_or(0);
    let severity = Verdict::ALL.iter().position(|verdict| *verdict == given.verdict).unwrap_or(0);
    must!(least <= severity, "the verdict {} is milder than the findings", given.verdict.as_str());
    let after = &span[verdict_at..];
    let accepted = after.iter().any(
        |recorded| matches!(&recorded.event, Event::DifferenceAccepted(accepted) if !accepted.shown_digest.is_empty()),
    );
    let happened = |wanted: EventKind| after.iter().any(|recorded| recorded.event.kind() == wanted);
    match given.verdict {
        Verdict::Pass => {}
        Verdict::DisclosedDifference => must!(accepted, "a difference that the buyer did not accept"),
        Verdict::Undetermined => {
            must!(accepted && happened(EventKind::DisclosedToBuyer), "undetermined, and not disclosed and accepted");
        }
        Verdict::NotAsDescribed => {
            let overridden = after.iter().any(|recorded| {
                matches!(&recorded.event, Event::Overridden(event) if two(recorded.person, &event.proposed_by))
            });
            must!(accepted && overridden, "not as described, and not overridden by two and accepted");
        }
        Verdict::SuspectedCounterfeit => return Err("a suspected counterfeit was released".into()),
    }

    // The speech was read, or two persons said that it cannot be.
    let unavailable = span[settled_at..verdict_at].iter().any(|recorded| {
        matches!(&recorded.event, Event::SpeechUnavailable(event) if two(recorded.person, &event.proposed_by))
    });
    must!(read.transcript_id.is_some() || unavailable, "nobody read the speech");

    // The tag, and a packing weight that agrees, like with like.
    let tagged_at = position(EventKind::Tagged).filter(|at| verdict_at < *at).ok_or("no tag")?;
    let Event::Tagged(tagged) = &span[tagged_at].event else { return Err("a tag is a tag".into()) };
    must!(
        !span[tagged_at..]
            .iter()
            .any(|recorded| matches!(recorded.event, Event::Untagged(_) | Event::CapsuleRevoked(_))),
        "the tag was taken off"
    );
    let roles: BTreeSet<_> = submitted[&last_named].1.components.iter().map(|found| found.role).collect();
    let stone = roles.contains(&ComponentRole::MainStone) || roles.contains(&ComponentRole::SideStone);
    let limit = if roles.contains(&ComponentRole::Metal) && !stone { 20_000 } else { 50_000 };
    must!(tagged.weight.includes == settled_weight.includes, "weights of different things were compared");
    must!(tagged.weight.mass.0.abs_diff(settled_weight.mass.0) <= limit, "the packing weight differs");

    // Two different people behind it.
    let released = &span[span.len() - 1];
    let releaser = released.person.ok_or("a release has its person")?;
    must!(submitted.values().all(|(person, _)| *person != releaser), "an appraiser released their own piece");
    must!(matches!(released.role, Role::Inspector | Role::Supervisor), "released by a {}", released.role);
    Ok(())
}

/// As many persons have looked as were called for, each measurement was repeated that was, and no outcome but a pass
/// stands on one person alone.
fn looks(span: &[Arc<Recorded>], submitted: &BTreeMap<i32, (PersonId, &Appraisal)>) -> Result<(), String> {
    let (mut called, mut due, mut persons, mut agreed) = (false, None, BTreeSet::new(), true);
    for recorded in span {
        match &recorded.event {
            Event::SecondLookCalled(_) => called = true,
            Event::RepeatCalled(repeat) => due = Some((&repeat.component, &repeat.quantity)),
            Event::MeasurementRepeated(again) if due == Some((&again.component, &again.quantity)) => due = None,
            Event::AppraisalSettled(settled) => {
                must!(due.is_none(), "settled before the measurement was repeated");
                persons = settled.appraisals.iter().filter_map(|seq| submitted.get(seq)).map(|(who, _)| *who).collect();
                must!(!called || 2 <= persons.len(), "a second look was called, and one person settled it");
                let asked = settled.looks.as_ref().is_some_and(|looks| !looks.because.is_empty());
                must!(!asked || 2 <= persons.len(), "two were asked for, and one looked");
                agreed = settled.looks.as_ref().is_none_or(|looks| looks.agreed);
            }
            Event::VerdictGiven(given) => {
                must!(given.verdict == Verdict::Pass || 2 <= persons.len(), "not a pass, by one person alone");
                must!(agreed || Verdict::Undetermined <= given.verdict, "no agreement, and yet a milder verdict");
            }
            _ => {} // The other events have nothing to do with who looks.
        }
    }
    Ok(())
}

fn rank(finding: Finding) -> u8 {
    match finding {
        Finding::Confirmed => 0,
        Finding::NotTestable | Finding::Promise => 1,
        Finding::NotTested => 2,
        Finding::Contradicted => 3,
    }
}

/// Every declared part has its entry, once, with a test or a reason.
fn complete(opened: &PieceOpened, appraisal: &Appraisal) -> Result<(), String> {
    for part in &opened.declared.components {
        let found: Vec<_> = appraisal.components.iter().filter(|found| found.component == part.component).collect();
        must!(found.len() == 1, "component {} has {} entries", part.component, found.len());
        match found[0].state {
            ComponentState::Examined => {
                let main =
                    matches!(part.role, ComponentRole::MainStone | ComponentRole::Metal | ComponentRole::Setting);
                must!(!main || !found[0].tests.is_empty(), "main component {} was not tested", part.component);
                must!(found[0].material.is_some(), "component {} has no material", part.component);
            }
            ComponentState::NotExamined | ComponentState::CannotBeDetermined => {
                must!(found[0].reason.is_some(), "component {} has no reason", part.component);
            }
        }
    }
    Ok(())
}
