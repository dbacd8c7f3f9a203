//! An edition asked again of what was decided before: whether an old verdict follows from its own edition, and what
//! another edition would have said.

use std::collections::BTreeSet;

use super::{Library, Rulebook};
use crate::domain::event::{AppraisalSettled, Event, LedgerProposed, OrderPlaced};
use crate::domain::ids::ClaimId;
use crate::domain::ledger::{Finding, ProposedEntry, Verdict};
use crate::domain::looks::{Around, Because, Dispute, Looks};
use crate::domain::piece::Piece;
use crate::domain::text::Name;

/// One verdict, recomputed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retried {
    /// The edition that it was given by.
    pub given_by: Name,
    /// The edition that was asked again.
    pub asked: Name,
    /// What the findings asked for when it was given, as it is stored.
    pub derived: Verdict,
    /// What they ask for by the edition that was asked again.
    pub would_be: Verdict,
    /// Claims whose proposed finding is another, or whose entry is.
    pub entries: Vec<ClaimId>,
}

impl Retried {
    /// Whether the edition says the same as is stored.
    pub fn agrees(&self) -> bool {
        self.derived == self.would_be && self.entries.is_empty()
    }
}

/// Why a verdict could not be recomputed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// The edition that it was given by is not among those that this program carries.
    #[error("rulebook {0} is not among those that this program carries")]
    Edition(Name),
    /// The journal does not hold the proposal, the claims or the appraisal that the verdict rests on.
    #[error("the verdict does not rest on a proposal, claims and an appraisal of this journal")]
    Ground,
}

/// Recomputes the verdict that a piece's last event gave: by the edition it was given by, or by another that is tried.
/// `piece` is the journal up to and with the verdict. Where the reviewer settled what had been proposed, the finding of
/// the edition asked stands in its place; where they decided otherwise, their word stays. None where the last event
/// gave no verdict.
pub fn retried(
    library: &Library,
    tried: Option<&Rulebook>,
    piece: &Piece,
    order: &OrderPlaced,
) -> Option<Result<Retried, Unknown>> {
    let Event::VerdictGiven(given) = &piece.last().event else { return None };
    Some(retry(library, tried, piece, order, given.proposal_seq, given.derived))
}

/// Asks again who had to look, where a piece's last event is a settlement or a verdict: by the edition that was asked
/// then. `piece` is the journal up to and with it. None where nothing was kept, as before two were asked for.
pub fn asked_again(library: &Library, piece: &Piece) -> Option<Result<(), LooksDiffer>> {
    match &piece.last().event {
        Event::AppraisalSettled(settled) => {
            let looks = settled.looks.as_deref()?;
            let Some(edition) = library.edition(&looks.rulebook_version) else {
                return Some(Err(LooksDiffer::Edition(looks.rulebook_version.clone())));
            };
            Some(settled_again(edition, piece, settled, looks))
        }
        Event::VerdictGiven(given) => {
            let (_, settled) = piece.settlement()?;
            let edition = library.edition(&settled.looks.as_ref()?.rulebook_version)?;
            let alone = settled.appraisals.len() < 2;
            let calls = !edition.asked_after(given.verdict, false).is_empty();
            Some(if alone && calls { Err(LooksDiffer::Alone) } else { Ok(()) })
        }
        _ => None, // The others ask for nobody.
    }
}

fn settled_again(
    edition: &Rulebook,
    piece: &Piece,
    settled: &AppraisalSettled,
    looks: &Looks,
) -> Result<(), LooksDiffer> {
    let around = Around { lot: looks.lot.clone(), conduct_step: looks.conduct_step };
    let before: BTreeSet<_> = edition.asked(piece, &around).because;
    let after = [Because::FirstOutcome, Because::GuardBand, Because::Dispute];
    let kept: BTreeSet<_> = looks.because.iter().copied().filter(|because| !after.contains(because)).collect();
    if before != kept {
        return Err(LooksDiffer::Because);
    }
    let Some((appraised, _)) = piece.standing().review() else { return Err(LooksDiffer::Because) };
    let bench: Vec<_> = appraised.bench().appraisals().iter().map(|(seq, _)| *seq).collect();
    let mut again = Vec::new();
    for (at, second) in bench.iter().enumerate() {
        for first in bench.iter().take(at) {
            let (Some(one), Some(other)) = (piece.appraisal(*first), piece.appraisal(*second)) else {
                return Err(LooksDiffer::Disputes);
            };
            let dispute = |(component, matter)| Dispute { first: *first, second: *second, component, matter };
            again.extend(edition.disputes(one, other).into_iter().map(dispute));
        }
    }
    let between = |dispute: &&Dispute| {
        settled.appraisals.contains(&dispute.first) && settled.appraisals.contains(&dispute.second)
    };
    // With a third, two who differ may each agree with them.
    let agreed = again.iter().filter(between).count() == 0 || (looks.agreed && settled.appraisals.len() == 3);
    if again != looks.disputes || looks.agreed != agreed {
        return Err(LooksDiffer::Disputes);
    }
    Ok(())
}

/// Why a settlement or a verdict does not follow from who looked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LooksDiffer {
    #[error("rulebook {0}, by which it was told who had to look, is not among those that this program carries")]
    Edition(Name),
    #[error("its rulebook asks for other looks than are kept with the settlement")]
    Because,
    #[error("its rulebook finds other disputes between the appraisals than are kept with the settlement")]
    Disputes,
    #[error("the verdict is no pass, and one person alone has looked")]
    Alone,
}

fn retry(
    library: &Library,
    tried: Option<&Rulebook>,
    piece: &Piece,
    order: &OrderPlaced,
    proposal_seq: i32,
    derived: Verdict,
) -> Result<Retried, Unknown> {
    let proposed = match piece.event(proposal_seq).map(|recorded| &recorded.event) {
        Some(Event::LedgerProposed(proposed)) => proposed,
        Some(_) | None => return Err(Unknown::Ground),
    };
    let edition = match tried {
        Some(rulebook) => rulebook,
        None => library
            .edition(&proposed.rulebook_version)
            .ok_or_else(|| Unknown::Edition(proposed.rulebook_version.clone()))?,
    };
    // As the piece stood when it was proposed: what was read and measured later did not count.
    let before = piece.history().iter().filter(|recorded| recorded.seq < proposal_seq);
    let before = Piece::fold(before.map(|recorded| recorded.as_ref().clone())).map_err(|_| Unknown::Ground)?;
    let claims = match before.event(proposed.claims_seq).map(|recorded| &recorded.event) {
        Some(Event::ClaimsRead(read)) => &read.claims,
        Some(_) | None => return Err(Unknown::Ground),
    };
    let (_, appraisal) = before.settled().ok_or(Unknown::Ground)?;
    let again: Vec<_> =
        edition.assess(&before, order, claims, appraisal).into_iter().map(|assessment| assessment.entry).collect();
    let entries = differing(proposed, &again, tried.is_some());
    // Who looked and did not agree leave it open, whatever the ledger asks for.
    let agreed = before.settlement().and_then(|(_, settled)| settled.looks.as_ref()).is_none_or(|looks| looks.agreed);
    let least = if agreed { Verdict::Pass } else { Verdict::Undetermined };
    let would_be = would_be(piece, proposal_seq, proposed, &again).max(least);
    Ok(Retried {
        given_by: proposed.rulebook_version.clone(),
        asked: edition.version.clone(),
        derived,
        would_be,
        entries,
    })
}

/// The claims of which an edition says something else. Another edition is held to findings only: what else it stores of
/// an entry is its own.
fn differing(proposed: &LedgerProposed, again: &[ProposedEntry], is_tried: bool) -> Vec<ClaimId> {
    let same = |then: &ProposedEntry, now: &ProposedEntry| {
        if is_tried { then.claim_id == now.claim_id && then.finding == now.finding } else { then == now }
    };
    let ids = |entries: &[ProposedEntry]| entries.iter().map(|entry| entry.claim_id.clone()).collect::<Vec<_>>();
    let has = |entry: &ProposedEntry| again.iter().any(|now| same(entry, now));
    let gone = proposed.entries.iter().filter(|entry| !has(entry)).map(|entry| entry.claim_id.clone());
    let known = ids(&proposed.entries);
    let new = again.iter().map(|entry| entry.claim_id.clone()).filter(|id| !known.contains(id));
    gone.chain(new).collect()
}

/// The most severe that the settled entries ask for by the edition asked.
fn would_be(piece: &Piece, proposal_seq: i32, proposed: &LedgerProposed, again: &[ProposedEntry]) -> Verdict {
    let settled = settled(piece, proposal_seq);
    let of_proposal = again.iter().map(|now| {
        let then = proposed.entries.iter().find(|entry| entry.claim_id == now.claim_id);
        let word = settled.iter().rev().find(|(id, _)| *id == now.claim_id).map(|(_, finding)| *finding);
        match (word, then) {
            (Some(None), _) => Verdict::Pass, // Struck as misread.
            (Some(Some(finding)), Some(then)) if then.finding != finding => now.asked(finding),
            (Some(Some(_)) | None, _) => now.asked(now.finding),
        }
    });
    // What an inspector added was never proposed.
    let added =
        settled.iter().filter(|(id, _)| again.iter().all(|entry| entry.claim_id != *id)).map(|(id, finding)| {
            let kind = piece.ledger_claims().into_iter().find(|claim| claim.claim_id == *id).map(|claim| claim.kind);
            let essential = kind.is_some_and(|kind| kind.is_essential());
            finding.map_or(Verdict::Pass, |finding| crate::domain::ledger::least_verdict_of(finding, true, essential))
        });
    of_proposal.chain(added).max().unwrap_or(Verdict::Pass)
}

/// The findings as they were settled, in order, corrections in the place of what they correct.
fn settled(piece: &Piece, proposal_seq: i32) -> Vec<(ClaimId, Option<Finding>)> {
    use crate::domain::event::{Corrected, Replacement};
    piece
        .history()
        .iter()
        .filter_map(|recorded| match &recorded.event {
            Event::EntrySettled(entry) if entry.proposal_seq == proposal_seq => {
                Some((entry.claim_id.clone(), entry.finding))
            }
            Event::Corrected(Corrected { seq, replacement: Replacement::Entry { finding, .. }, .. }) => {
                match piece.event(*seq).map(|of| &of.event) {
                    Some(Event::EntrySettled(of)) if of.proposal_seq == proposal_seq => {
                        Some((of.claim_id.clone(), Some(*finding)))
                    }
                    Some(_) | None => None,
                }
            }
            _ => None, // No other event settles an entry.
        })
        .collect()
}

#[cfg(test)]
mod tests;
