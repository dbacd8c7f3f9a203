//! How many persons look, and how often: when an appraisal is settled, when a measurement is repeated, when another
//! person looks (`journey.md`, stages `appraising` and `spoken_review`).

use std::collections::BTreeSet;

use super::*;
use crate::domain::ids::{ComponentId, PersonId};
use crate::domain::looks::{Because, Dispute, Limits, Looks};
use crate::domain::text::Name;

impl Draft<'_> {
    /// Settles the bench once as many persons have looked as are asked for, and they agree; a third decides between two
    /// who do not. Then the claims are read and the ledger is proposed in the same commit.
    pub(super) fn settle_bench(&mut self, rules: &dyn Rules) -> Result<(), Refusal> {
        let Some(bench) = self.standing().bench() else { return Err(self.wrong_stage(EventKind::AppraisalSettled)) };
        if bench.due().is_some() {
            return Ok(());
        }
        let looked: Vec<(i32, Appraisal)> = bench
            .appraisals()
            .iter()
            .filter_map(|(seq, _)| Some((*seq, self.piece.appraisal(*seq)?.clone())))
            .collect();
        let asked = rules.asked(&self.piece, &self.order.placed);
        let mut because = asked.because;
        if 0 < bench.looks() {
            because.extend(self.called_because());
        }
        let needed = if because.is_empty() { 1 } else { 2 };
        if looked.len() < needed {
            return Ok(());
        }
        let disputes = self.disputes(&looked, rules);
        let (standing, agreed) = match agreeing(&looked, &disputes) {
            Some(standing) => (standing, true),
            None if looked.len() < MOST_LOOKS => return Ok(()), // Goes to a third.
            None => (looked.iter().map(|(seq, _)| *seq).collect(), false),
        };
        if !disputes.is_empty() {
            because.insert(Because::Dispute);
        }
        let last = standing.last().and_then(|last| looked.iter().find(|(seq, _)| seq == last));
        let Some((_, appraisal)) = last else { return Err(self.wrong_stage(EventKind::AppraisalSettled)) };
        let (weight, metal) = (appraisal.weight.clone(), weighs_as_metal(appraisal));
        let looks = Looks {
            rulebook_version: rules.version(),
            because,
            lot: asked.lot,
            conduct_step: asked.conduct_step,
            disputes,
            agreed,
        };
        self.offer(AppraisalSettled { appraisals: standing, weight, metal, looks: Some(Box::new(looks)) })?;
        self.propose(rules)
    }

    /// Why the last second look was called.
    fn called_because(&self) -> BTreeSet<Because> {
        let called = self.piece.history().iter().rev().find_map(|recorded| match &recorded.event {
            Event::SecondLookCalled(called) => Some(called.because.clone()),
            _ => None, // No other event calls one.
        });
        // Called is called, also where the event does not say why.
        called.filter(|because| !because.is_empty()).unwrap_or_else(|| BTreeSet::from([Because::FirstOutcome]))
    }

    /// In what each two of them differ.
    fn disputes(&self, looked: &[(i32, Appraisal)], rules: &dyn Rules) -> Vec<Dispute> {
        let mut disputes = Vec::new();
        for (at, (second, other)) in looked.iter().enumerate() {
            for (first, one) in looked.iter().take(at) {
                let differ = rules.disputes(&self.piece, one, other);
                disputes.extend(differ.into_iter().map(|(component, matter)| Dispute {
                    first: *first,
                    second: *second,
                    component,
                    matter,
                }));
            }
        }
        disputes
    }

    /// Calls for a repeat where what was proposed rests on a measurement at its limit. No verdict can come before it.
    pub(super) fn call_repeat(&mut self, limits: Limits) -> Result<(), Refusal> {
        match limits.repeat {
            Some((component, quantity)) => self.offer(RepeatCalled { component, quantity }),
            None => Ok(()),
        }
    }

    /// Calls for a second person where the outcome, as the ledger is settled or as it is about to be judged, is not a
    /// pass and one person alone has looked. Says whether it did.
    pub(super) fn look_again(&mut self, verdict: Option<Verdict>, rules: &dyn Rules) -> Result<bool, Refusal> {
        let Some((appraised, review)) = self.standing().review() else { return Ok(false) };
        if 1 < appraised.appraisers().len() || review.open().next().is_some() {
            return Ok(false);
        }
        let outcome = verdict.unwrap_or(Verdict::Pass).max(review.derived());
        let Some((_, appraisal)) = self.piece.settled() else { return Ok(false) };
        let claims: Vec<Claim> = self.piece.ledger_claims().into_iter().cloned().collect();
        let guard = rules.limits(&self.piece, &self.order.placed, &claims, appraisal).guard;
        let because = rules.asked_after(outcome, guard);
        if because.is_empty() {
            return Ok(false);
        }
        self.offer(SecondLookCalled { because })?;
        Ok(true)
    }

    /// A measurement once more: the one that was called for, and no other.
    pub(super) fn repeat_measurement(
        &mut self,
        component: Option<&ComponentId>,
        quantity: &Name,
        weighing: &Weighing,
        rules: &dyn Rules,
    ) -> Result<(), Refusal> {
        self.fits(&EventKind::MeasurementRepeated)?;
        let Some(bench) = self.standing().bench() else {
            return Err(self.wrong_stage(EventKind::MeasurementRepeated));
        };
        let is_due = bench.due().is_some_and(|(part, what)| part.as_ref() == component && what == quantity);
        // Who did not look yet is kept from seeing, so that they can.
        if !is_due || !(has_looked(bench, self.by.person) || self.was_handed_over()) {
            return Err(Refusal::NotCalledFor);
        }
        self.offer(MeasurementRepeated {
            component: component.cloned(),
            quantity: quantity.clone(),
            weighing: Some(weighing.clone()),
            value: None,
        })?;
        self.settle_bench(rules)
    }

    /// Whether the piece was handed over to this person since the repeat was called for.
    fn was_handed_over(&self) -> bool {
        let handed = self.piece.history().iter().rev().find_map(|recorded| match &recorded.event {
            Event::HandedOver(handed) => Some(handed.to == self.by.person),
            Event::RepeatCalled(_) => Some(false),
            _ => None, // No other event hands over.
        });
        handed.unwrap_or(false)
    }

    /// Whether an appraisal may still be corrected: it was not settled yet, or alone and by the present settlement, so
    /// that no other result has been seen beside it.
    pub(super) fn is_unseen(&self, seq: i32) -> bool {
        let was_settled = self.piece.history().iter().any(|recorded| match &recorded.event {
            Event::AppraisalSettled(settled) => settled.appraisals.contains(&seq),
            _ => false, // No other event settles.
        });
        match (self.standing().bench(), self.piece.settled_all().as_slice()) {
            (Some(bench), _) => !was_settled && bench.appraisals().iter().any(|(own, _)| *own == seq),
            (None, [(settled, _)]) => {
                let alone = self.standing().review().is_some_and(|(appraised, _)| appraised.appraisers().len() == 1);
                alone && *settled == seq
            }
            (None, _) => false,
        }
    }
}

/// With a third, it is decided; a fourth would only be asked until the answer pleases.
const MOST_LOOKS: usize = 3;

fn has_looked(bench: &crate::domain::evidence::Bench, person: PersonId) -> bool {
    bench.appraisals().iter().any(|(_, author)| *author == person)
}

/// The appraisals that stand: all, where nobody differs; else the last with those that it agrees with.
fn agreeing(looked: &[(i32, Appraisal)], disputes: &[Dispute]) -> Option<Vec<i32>> {
    if disputes.is_empty() {
        return Some(looked.iter().map(|(seq, _)| *seq).collect());
    }
    let (last, _) = looked.last()?;
    let agrees = |seq: &i32| !disputes.iter().any(|dispute| (dispute.first, dispute.second) == (*seq, *last));
    let standing: Vec<i32> = looked.iter().map(|(seq, _)| *seq).filter(agrees).collect();
    // The last agrees with itself; that is no second person.
    (1 < standing.len()).then_some(standing)
}
