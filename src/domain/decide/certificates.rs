//! What a presented certificate's number holds back.

use super::super::appraisal::PresentedCertificate;
use super::super::certificate::{Binding, CertificateKey, HeldBy};
use super::super::command::Rules;
use super::super::event::{CertificateClashFound, Event, EventKind, SameArticleAnswered};
use super::super::ledger::Verdict;
use super::super::refusal::{Fault, Refusal};
use super::super::route::Stage;
use super::super::text::Sealed;
use super::Draft;

impl Draft<'_> {
    /// Records what the register says against a number that this piece presents, before the ledger is proposed on it.
    pub(super) fn check_certificates(&mut self, rules: &dyn Rules) -> Result<(), Refusal> {
        let clash = |presented: &&PresentedCertificate| {
            let key = CertificateKey::of(presented);
            let held_by = rules.held_by(&key)?;
            self.piece.binding(&key).is_news(held_by).then(|| CertificateClashFound {
                body: presented.body.clone(),
                number: presented.number.clone(),
                held_by,
            })
        };
        let clashes: Vec<_> = self.piece.presented().iter().filter_map(clash).collect();
        clashes.into_iter().try_for_each(|found| self.offer(found))
    }

    /// No verdict while somebody must look first, and none that lets a piece pass under another's number. A guard of
    /// today, beside the finding: an entry that two persons settled milder does not open it.
    pub(super) fn certificates_allow(&self, verdict: Verdict) -> Result<(), Refusal> {
        for presented in self.piece.presented() {
            match self.piece.binding(&CertificateKey::of(presented)) {
                Binding::Asked { .. } => return Err(Refusal::CertificateAsked),
                Binding::Other { .. } if verdict < Verdict::SuspectedCounterfeit => {
                    return Err(Refusal::CertificateHeld);
                }
                Binding::Free | Binding::Same | Binding::Other { .. } | Binding::Lifted => {}
            }
        }
        Ok(())
    }

    /// Somebody looked. The ledger is proposed anew with the answer; where the number was bound to an open piece
    /// meanwhile, that is found instead, for no answer helps there.
    pub(super) fn answer_same_article(
        &mut self,
        clash_seq: i32,
        same: bool,
        note: Option<Sealed>,
        rules: &dyn Rules,
    ) -> Result<(), Refusal> {
        if self.stage() != Stage::SpokenReview {
            return Err(self.wrong_stage(EventKind::SameArticleAnswered));
        }
        let key = self.piece.event(clash_seq).and_then(|recorded| match &recorded.event {
            Event::CertificateClashFound(found) => {
                Some(CertificateKey::new(found.body.as_str(), found.number.as_str()))
            }
            _ => None, // No other event asks.
        });
        let is_asked =
            |key: &CertificateKey| matches!(self.piece.binding(key), Binding::Asked { seq, .. } if seq == clash_seq);
        let Some(key) = key.filter(is_asked) else {
            let fault = "no open question has this number: read the piece's certificates again";
            return Err(Refusal::Incomplete(vec![Fault::new("/clash", fault)]));
        };
        if !same && note.is_none() {
            return Err(Refusal::Incomplete(vec![Fault::new("/note", "say what tells the two articles apart")]));
        }
        if rules.held_by(&key) != Some(HeldBy::OpenPiece) {
            self.offer(SameArticleAnswered { clash_seq, same, note })?;
        }
        self.propose(rules)
    }
}
