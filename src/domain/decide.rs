//! The decision: may this person, is the evidence there, and does the machine take it. Out come events, or a refusal.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::actor::{By, Role};
use super::appraisal::{Appraisal, ComponentState};
use super::command::{AddedClaim, Command, Custody, Rules, SettledEntry, Step};
use super::event::*;
use super::evidence::{Missing, Review, packing_limit};
use super::ids::{ClaimId, KeyId, PersonId};
use super::ledger::{Claim, ClaimKind, ClaimSource, Finding, Verdict};
use super::order::{Order, Rest};
use super::piece::Piece;
use super::quantity::Weighing;
use super::refusal::{Fault, Refusal};
use super::route::{Rejected, Stage, Standing, Why, weighs_as_metal};
use super::sidelines::Exception;

mod accepted;
mod certificates;
mod returns;
mod sidelines;
mod transit;

/// What a command makes of a piece: the events that happened, in order. Nothing is written here, and a refusal leaves
/// no trace.
pub fn decide(
    piece: &Piece,
    order: &Order,
    command: &Command,
    by: &By,
    now: Timestamp,
    rules: &dyn Rules,
) -> Result<Vec<Event>, Refusal> {
    let needs = command.kind().roles_in(piece.stage());
    if !needs.contains(&by.role) {
        return Err(Refusal::NotYours { role: by.role, needs });
    }
    check_readings(piece, command)?;
    let mut draft = Draft { piece: piece.clone(), order, by, now, events: Vec::new() };
    match command {
        Command::Dispatch { parcel_id, carrier, waybill } => {
            let (parcel_id, carrier, waybill) = (*parcel_id, carrier.clone(), waybill.clone());
            draft.offer(match piece.stage() {
                Stage::Inbound => Event::from(WaybillCorrected { parcel_id, carrier, waybill }),
                _ => Dispatched { parcel_id, carrier, waybill }.into(), // Wrong everywhere but at the start: refused.
            })?;
        }
        Command::Receive { parcel_id, condition, weight, note } => match condition {
            Condition::Intact => {
                draft.offer(Received { parcel_id: *parcel_id, weight: weight.clone(), note: note.clone() })?;
            }
            Condition::Empty
            | Condition::WrongPiece
            | Condition::Damaged
            | Condition::Opened
            | Condition::TooMany
            | Condition::TooFew => {
                let (condition, parcel_id, note) = (*condition, *parcel_id, note.clone());
                draft.except(&Exception::Found { condition, parcel_id, note })?;
            }
        },
        Command::OpenAppraisal => {
            draft.fits(&EventKind::AppraisalOpened)?;
            draft.has_photos(Step::Receipt, rules)?;
            draft.offer(AppraisalOpened {})?;
        }
        Command::HandOver { to } => draft.offer(HandedOver { to: *to })?,
        Command::SubmitAppraisal { appraisal } => draft.submit_appraisal(appraisal, rules)?,
        Command::RepeatMeasurement { component, quantity, weighing } => {
            draft.repeat_measurement(component.as_ref(), quantity, weighing, rules)?;
        }
        Command::ProposeLedger | Command::ReadTranscript => draft.propose(rules)?,
        Command::SettleLedger { proposal, entries, added, misread } => {
            draft.settle_ledger(*proposal, entries, added, misread)?;
            draft.look_again(None, rules)?;
        }
        Command::RecordSpeechUnavailable { reason } => {
            draft.fits(&EventKind::SpeechUnavailable)?;
            let proposed_by = by.second().ok_or(Refusal::SecondPersonNeeded)?;
            draft.offer(SpeechUnavailable { reason: reason.clone(), proposed_by })?;
        }
        Command::GiveVerdict { proposal, stricter, reason } => {
            draft.give_verdict(*proposal, *stricter, reason.clone(), rules)?;
        }
        Command::AnswerSameArticle { clash_seq, same, note } => {
            draft.answer_same_article(*clash_seq, *same, note.clone(), rules)?;
        }
        Command::AcceptDifference { shown_digest } => {
            draft.offer(DifferenceAccepted { shown_digest: shown_digest.clone() })?;
        }
        Command::RefuseDifference => draft.offer(DifferenceRefused { by_deadline: false })?,
        Command::ReopenAppraisal { reason } => draft.offer(AppraisalReopened { reason: reason.clone() })?,
        Command::Tag { tag, weight, weight_with_tag, photo_ids, confirm_mismatch } => {
            draft.know_photos(photo_ids, "/photo_ids")?;
            let tagged = Tagged {
                tag: tag.clone(),
                weight: weight.clone(),
                weight_with_tag: weight_with_tag.clone(),
                photo_ids: photo_ids.clone(),
            };
            draft.tag(order, tagged, *confirm_mismatch, rules)?;
        }
        Command::Untag { reason } => draft.offer(Untagged { reason: reason.clone() })?,
        Command::Release { certificate_code } => {
            draft.offer(Released { certificate_code: certificate_code.clone() })?;
        }
        Command::RevokeCapsule { to, reason } => {
            draft.offer(CapsuleRevoked { to: *to, reason: reason.clone() })?;
        }
        Command::Ship { carrier, waybill } => {
            draft.offer(Shipped { carrier: carrier.clone(), waybill: waybill.clone() })?;
        }
        Command::Deliver { delivered_at } => {
            if now.as_microsecond() < *delivered_at {
                return Err(Refusal::Malformed(vec![Fault::new("/delivered_at", "a delivery cannot lie ahead")]));
            }
            // The buyer's return window runs from this time.
            if piece.history().first().is_some_and(|opened| *delivered_at < opened.at.as_microsecond()) {
                let fault = Fault::new("/delivered_at", "a delivery cannot lie before its order was taken in");
                return Err(Refusal::Malformed(vec![fault]));
            }
            draft.offer(Delivered { delivered_at: *delivered_at })?;
        }
        Command::Complete => draft.offer(Completed {})?,
        Command::Cancel { reason } => {
            let reason = reason.clone();
            draft.offer(match piece.stage() {
                Stage::AwaitingDispatch => Event::from(Cancelled { reason }),
                _ => CancelRequested { reason }.into(), // The machine says where a wish may still be heard.
            })?;
        }
        Command::Except(exception) => draft.except(exception)?,
        Command::FindWayOut(way_out) => draft.find_way_out(way_out)?,
        Command::EndHold(end) => draft.end_hold(end)?,
        Command::Appeal { reason } => draft.appeal(reason, rules)?,
        Command::Override { reason } => draft.override_failure(reason)?,
        Command::SendBack(step) => draft.send_back(step, rules)?,
        Command::TakeBack(step) => draft.take_back(step, rules)?,
        Command::PassDeadline { clock } => draft.pass_deadline(*clock, rules)?,
        Command::MoveDeadline { clock, to } => draft.move_deadline(*clock, *to, rules)?,
        Command::LapseAppeal { reason } => {
            // Before the deadline lapses by itself, the merchant waives, or a supervisor writes down their word.
            let waived = by.role != Role::Supervisor;
            if !waived && reason.is_none() {
                return Err(Refusal::Incomplete(vec![Fault::new("/reason", "say how the merchant gave their word")]));
            }
            draft.offer(AppealLapsed { waived, reason: reason.clone() })?;
        }
        Command::ShipReturn { carrier, waybill } => {
            draft.fits(&EventKind::ReturnShipped)?;
            if piece.standing().posted() {
                let kind = EventKind::ReturnShipped;
                return Err(Rejected { stage: piece.stage(), kind, why: Why::Posted }.into());
            }
            draft.offer(ReturnShipped { carrier: carrier.clone(), waybill: waybill.clone() })?;
        }
        Command::CloseReturn { how } => draft.close_return(*how)?,
        Command::ReportCustody { what, note } => draft.offer(match what {
            Custody::Lost => Event::from(LostInCustody { note: note.clone() }),
            Custody::Damaged => DamagedInCustody { note: note.clone() }.into(),
        })?,
        Command::Correct { seq, replacement, reason } => {
            draft.correct(Corrected { seq: *seq, replacement: replacement.clone(), reason: reason.clone() }, rules)?;
        }
        Command::SetSegment { segment } => draft.set_segment(*segment, rules)?,
        Command::AddNote { text } => draft.offer(NoteAdded { text: text.clone() })?,
        Command::AddPhoto { photo } => draft.offer(photo.clone())?,
        Command::Transit { what, note } => draft.transit(*what, note.clone())?,
        Command::HearCarrier { leg, told, at } => draft.hear_carrier(*leg, *told, *at)?,
        Command::NoteAccepted { notice, channel, seq } => draft.note_accepted(notice, channel, *seq)?,
    }
    Ok(draft.events)
}

/// One reading is one weight: another weight of this piece takes another reading. The same reading for the piece and
/// for its only stone is one, and a correction may keep what it corrects.
fn check_readings(piece: &Piece, command: &Command) -> Result<(), Refusal> {
    let new = command.weighings();
    let of = |weighing: &&Weighing| weighing.reading.as_ref().map(|reading| reading.reading_id.clone());
    for (at, weighing) in new.iter().enumerate() {
        let Some(id) = of(weighing) else { continue };
        let differs = |other: &&Weighing| of(other).as_ref() == Some(&id) && *other != *weighing;
        if new.iter().take(at).any(differs) {
            return Err(Refusal::ReadingUsed);
        }
        if matches!(command, Command::Correct { .. }) {
            continue;
        }
        let mut before = piece.history().iter().flat_map(|recorded| recorded.event.weighings());
        if before.any(|other| of(&other).as_ref() == Some(&id)) {
            return Err(Refusal::ReadingUsed);
        }
    }
    Ok(())
}

/// A piece as it would stand after the events so far.
struct Draft<'a> {
    piece: Piece,
    order: &'a Order,
    by: &'a By,
    now: Timestamp,
    events: Vec<Event>,
}

impl Draft<'_> {
    /// Offers one event to the machine; accepted, it counts as happened for those after it.
    fn offer(&mut self, event: impl Into<Event>) -> Result<(), Refusal> {
        let event = match event.into() {
            // What is the house's own goes back to it, whatever was found, and looks like any other until then.
            Event::Tagged(_) if self.piece.opened().reference => CancelRequested { reason: None }.into(),
            event => event,
        };
        let recorded = Recorded {
            seq: self.piece.head() + 1,
            at: self.now,
            person: Some(self.by.person).filter(|person| *person != PersonId::NONE),
            key: Some(self.by.key).filter(|key| *key != KeyId::NONE),
            role: self.by.role,
            event: event.clone(),
        };
        self.piece.apply(Arc::new(recorded)).map_err(|corrupt| match corrupt {
            super::piece::Corrupt::Illegal { rejected, .. } => Refusal::from(rejected),
            // The draft counts by itself, from a piece that has its beginning.
            super::piece::Corrupt::NoBeginning | super::piece::Corrupt::Gap { .. } => Refusal::Absent("piece"),
        })?;
        self.events.push(event);
        Ok(())
    }

    fn stage(&self) -> Stage {
        self.piece.stage()
    }

    fn standing(&self) -> &Standing {
        self.piece.standing()
    }

    fn wrong_stage(&self, kind: EventKind) -> Refusal {
        Rejected { stage: self.stage(), kind, why: Why::NotHere }.into()
    }

    /// Whether the stage knows an event, told before anything else is asked of the caller.
    fn fits(&self, kind: &EventKind) -> Result<(), Refusal> {
        if self.stage().allowed().any(|allowed| allowed == *kind) { Ok(()) } else { Err(self.wrong_stage(*kind)) }
    }

    fn know_photos<'p>(
        &self,
        ids: impl IntoIterator<Item = &'p super::ids::PhotoId>,
        pointer: &str,
    ) -> Result<(), Refusal> {
        let known = self.piece.photo_ids();
        let faults: Vec<_> = ids
            .into_iter()
            .enumerate()
            .filter(|(_, id)| !known.contains(id))
            .map(|(at, _)| Fault::new(format!("{pointer}/{at}"), "this piece has no such photo: upload it first"))
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(Refusal::Incomplete(faults)) }
    }

    /// Whether the piece has the photos that a step takes. Those of a tag that was taken off are not those of the next.
    fn has_photos(&self, step: Step, rules: &dyn Rules) -> Result<(), Refusal> {
        let since = match step {
            Step::Receipt | Step::Appraisal => 0,
            Step::ReturnIntake => self.piece.return_begun().unwrap_or_default(),
            Step::Tagging => self.piece.untagged_at().unwrap_or_default(),
        };
        let there: BTreeSet<_> =
            self.piece.photos().filter(|(recorded, _)| since < recorded.seq).map(|(_, photo)| &photo.kind).collect();
        let faults: Vec<_> = rules
            .photos_needed(&self.piece, step)
            .into_iter()
            .filter(|kind| !there.contains(kind))
            .map(|kind| {
                let step = step.as_str();
                Fault::new("/photo_ids", format!("a photo of the kind {kind} is needed at {step}: upload it first"))
            })
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(Refusal::Incomplete(faults)) }
    }

    fn submit_appraisal(&mut self, appraisal: &Appraisal, rules: &dyn Rules) -> Result<(), Refusal> {
        self.fits(&EventKind::AppraisalSubmitted)?;
        self.check_appraisal(appraisal, "", rules)?;
        self.has_photos(Step::Appraisal, rules)?;
        self.offer(AppraisalSubmitted { appraisal: appraisal.clone() })?;
        self.settle_bench(rules)
    }

    /// Every declared component has its entry, and what was not examined says why.
    fn check_appraisal(&self, appraisal: &Appraisal, at: &str, rules: &dyn Rules) -> Result<(), Refusal> {
        let mut faults = Vec::new();
        for part in &self.piece.opened().declared.components {
            if appraisal.component(&part.component).is_none() {
                faults.push(Fault::new(
                    format!("{at}/components"),
                    format!(
                        "component {} ({}) was declared and has no entry: examine it, or enter it as not_examined \
                         with the reason",
                        part.component,
                        part.role.as_str()
                    ),
                ));
            }
        }
        for (index, found) in appraisal.components.iter().enumerate() {
            // A part that was declared as a main one is not made a lesser one by its entry.
            let is_main = found.role.is_main()
                || self
                    .piece
                    .opened()
                    .declared
                    .components
                    .iter()
                    .any(|part| part.component == found.component && part.role.is_main());
            let pointer = |field: &str| format!("{at}/components/{index}/{field}");
            if appraisal.components[..index].iter().any(|before| before.component == found.component) {
                faults.push(Fault::new(pointer("component"), "this component has an entry already"));
            }
            match found.state {
                ComponentState::Examined => {
                    if found.tests.is_empty() && is_main {
                        faults.push(Fault::new(
                            pointer("tests"),
                            "an examined main component names at least one test with its method",
                        ));
                    } else if let Some(lacking) = rules.tests_lacking(&self.piece, found) {
                        faults.push(Fault::new(pointer("tests"), lacking));
                    }
                    if found.material.is_none() {
                        faults.push(Fault::new(
                            pointer("material"),
                            "an examined component has a concluded material: if it has none, it is \
                             cannot_be_determined",
                        ));
                    }
                }
                ComponentState::NotExamined | ComponentState::CannotBeDetermined if found.reason.is_none() => {
                    faults.push(Fault::new(pointer("reason"), "say why"));
                }
                ComponentState::NotExamined | ComponentState::CannotBeDetermined => {}
            }
        }
        if !faults.is_empty() {
            return Err(Refusal::Incomplete(faults));
        }
        self.know_photos(&appraisal.photo_ids, &format!("{at}/photo_ids"))
    }

    /// Reads the claims and proposes a finding for each.
    fn propose(&mut self, rules: &dyn Rules) -> Result<(), Refusal> {
        self.fits(&EventKind::ClaimsRead)?;
        self.check_certificates(rules)?;
        let reading = rules.read_claims(&self.piece);
        let mut claims = reading.claims;
        self.keep_added(&mut claims)?;
        self.offer(ClaimsRead {
            transcript_id: reading.transcript_id,
            lexicon_version: reading.lexicon_version,
            claims: claims.clone(),
        })?;
        let Some((_, appraisal)) = self.piece.settled() else {
            return Err(Refusal::EvidenceMissing { stage: self.stage(), missing: Missing::Appraisal });
        };
        let entries = rules.propose(&self.piece, &self.order.placed, &claims, appraisal);
        let limits = rules.limits(&self.piece, &self.order.placed, &claims, appraisal);
        let claims_seq = self.piece.head();
        self.offer(LedgerProposed { claims_seq, rulebook_version: rules.version(), entries })?;
        self.call_repeat(limits)
    }

    /// What the reader missed once it will miss again: claims that an inspector added stay in the ledger, under a fresh
    /// id where theirs is taken.
    fn keep_added(&self, claims: &mut Vec<Claim>) -> Result<(), Refusal> {
        for added in self.piece.ledger_claims() {
            if added.source != ClaimSource::Added {
                continue;
            }
            let mut claim = added.clone();
            let mut number = claims.len();
            while claims.iter().any(|known| known.claim_id == claim.claim_id) {
                number += 1;
                claim.claim_id = ClaimId::parse(&format!("k{number}"))
                    .map_err(|malformed| Refusal::Malformed(vec![Fault::malformed("/added", malformed)]))?;
            }
            claims.push(claim);
        }
        Ok(())
    }

    /// Whether a weight that a person typed decides this claim: then another person looks at the balance too
    /// (`journey.md`, "Two people"). A guard of today: journals of before replay.
    fn rests_on_typed(&self, entry: &SettledEntry) -> bool {
        let decides = match entry.finding {
            Finding::Confirmed | Finding::Contradicted => true,
            Finding::NotTestable | Finding::NotTested | Finding::Promise => false,
        };
        let claims = self.piece.ledger_claims();
        let of = claims.iter().find(|claim| claim.claim_id == entry.claim_id && claim.kind == ClaimKind::Weight);
        let Some(claim) = of.filter(|_| decides) else { return false };
        let settled = self.piece.settled_all();
        let mut weighings = settled.iter().filter_map(|(_, appraisal)| match &claim.component {
            Some(component) => appraisal.component(component)?.weight.as_ref(),
            None => Some(&appraisal.weight),
        });
        let mut repeated = self.piece.repeats(claim.component.as_ref());
        weighings.any(|weighing| weighing.typed) || repeated.any(|weighing| weighing.typed)
    }

    fn settle_ledger(
        &mut self,
        proposal: i32,
        entries: &[SettledEntry],
        added: &[AddedClaim],
        misread: &BTreeSet<ClaimId>,
    ) -> Result<(), Refusal> {
        let Some((_, review)) = self.standing().review() else {
            return Err(self.wrong_stage(EventKind::EntrySettled));
        };
        if review.proposal() != Some(proposal) {
            return Err(Refusal::EvidenceMissing { stage: self.stage(), missing: Missing::Proposal });
        }
        let faults = named_twice(review, entries, added, misread);
        if !faults.is_empty() {
            return Err(Refusal::Incomplete(faults));
        }
        let two = entries.iter().any(|entry| review.needs_second(&entry.claim_id, Some(entry.finding)))
            || misread.iter().any(|claim_id| review.needs_second(claim_id, None))
            || entries.iter().any(|entry| self.rests_on_typed(entry));
        let proposed_by = self.by.second();
        if two && proposed_by.is_none() {
            return Err(Refusal::SecondPersonNeeded);
        }
        let faults = changed_in_silence(review, entries);
        if !faults.is_empty() {
            return Err(Refusal::Incomplete(faults));
        }
        if entries.is_empty() && added.is_empty() && misread.is_empty() {
            return Err(Refusal::Incomplete(vec![Fault::new("/entries", "name at least one entry to settle")]));
        }
        let settled = |claim_id: &ClaimId, finding, added: Option<_>, note| EntrySettled {
            proposal_seq: proposal,
            claim_id: claim_id.clone(),
            finding,
            added,
            note,
            proposed_by,
        };
        let settled: Vec<_> = entries
            .iter()
            .map(|entry| settled(&entry.claim_id, Some(entry.finding), None, entry.note.clone()))
            .chain(misread.iter().map(|claim_id| settled(claim_id, None, None, None)))
            .chain(added.iter().map(|added| {
                let claim = Claim { source: ClaimSource::Added, ..added.claim.clone() };
                settled(&added.claim.claim_id, Some(added.finding), Some(claim), None)
            }))
            .collect();
        settled.into_iter().try_for_each(|entry| self.offer(entry))
    }

    fn give_verdict(
        &mut self,
        proposal: i32,
        stricter: Option<Verdict>,
        reason: Option<super::text::Sealed>,
        rules: &dyn Rules,
    ) -> Result<(), Refusal> {
        let Some((appraised, review)) = self.standing().review() else {
            return Err(self.wrong_stage(EventKind::VerdictGiven));
        };
        let derived = review.derived().max(appraised.least());
        review.ready(proposal).map_err(|missing| Refusal::EvidenceMissing { stage: self.stage(), missing })?;
        let verdict = stricter.unwrap_or(derived);
        self.certificates_allow(verdict)?;
        if verdict < derived {
            return Err(Refusal::EvidenceMissing { stage: self.stage(), missing: Missing::MilderVerdict });
        }
        if verdict != derived && reason.is_none() {
            return Err(Refusal::Incomplete(vec![Fault::new(
                "/reason",
                "say why it is stricter than the findings ask",
            )]));
        }
        if Verdict::NotAsDescribed <= verdict && reason.is_none() {
            return Err(Refusal::Incomplete(vec![Fault::new("/reason", "say what is not as described")]));
        }
        if self.look_again(Some(verdict), rules)? {
            return Ok(());
        }
        let rulebook_version = self.piece.event(proposal).and_then(|recorded| match &recorded.event {
            Event::LedgerProposed(proposed) => Some(proposed.rulebook_version.clone()),
            _ => None, // The review stands on a proposal; no other event proposes.
        });
        self.offer(VerdictGiven { proposal_seq: proposal, verdict, derived, reason, rulebook_version })
    }

    fn tag(&mut self, order: &Order, tagged: Tagged, confirm_mismatch: bool, rules: &dyn Rules) -> Result<(), Refusal> {
        self.fits(&EventKind::Tagged)?;
        let waits = order.holds_back(self.piece.opened().line_no);
        if !waits.is_empty() {
            return Err(Refusal::WaitsForLines(waits));
        }
        if order.rest == Rest::Asked {
            return Err(Refusal::WaitsForRest);
        }
        let Some(clearance) = self.standing().clearance() else { return Err(self.wrong_stage(EventKind::Tagged)) };
        let appraised = clearance.reviewed().appraised();
        if clearance.agrees(&tagged.weight) == Err(Missing::Weight) {
            let settled = appraised.weight().clone();
            if confirm_mismatch {
                return self.offer(PackingMismatchFound { weight: tagged.weight, settled, reason: None });
            }
            let limit_g = packing_limit(self.settles_as_metal()).grams();
            let (settled, measured) = (Box::new(settled), Box::new(tagged.weight));
            return Err(Refusal::WeightDiffers { settled, measured, limit_g });
        }
        self.check_tag_weight(&tagged.weight, &tagged.weight_with_tag)?;
        self.has_photos(Step::Tagging, rules)?;
        self.offer(tagged)
    }

    fn settles_as_metal(&self) -> bool {
        self.piece.settled().is_some_and(|(_, appraisal)| weighs_as_metal(appraisal))
    }

    /// With its tag a piece weighs more than without.
    fn check_tag_weight(&self, without: &Weighing, with: &Weighing) -> Result<(), Refusal> {
        use super::quantity::Included;
        if !with.includes.contains(&Included::Tag) {
            return Err(Refusal::Incomplete(vec![Fault::new(
                "/weight_with_tag/includes",
                "this weight includes the tag: weigh the piece once more with it",
            )]));
        }
        if with.mass <= without.mass && !without.includes.contains(&Included::Tag) {
            return Err(Refusal::Incomplete(vec![Fault::new(
                "/weight_with_tag/value",
                "with its tag the piece must weigh more than without: weigh again",
            )]));
        }
        Ok(())
    }

    /// A correction is its author's, while nothing rests on what it replaces; from the verdict on there is only a
    /// reopening (`journey.md`, "Events, not rows", 6).
    fn correct(&mut self, corrected: Corrected, rules: &dyn Rules) -> Result<(), Refusal> {
        let seq = corrected.seq;
        if self.stage() == Stage::Closed {
            // Whatever it is about: a closed piece takes nothing more.
            return Err(self.wrong_stage(EventKind::Corrected));
        }
        let Some(of) = self.piece.event(seq) else { return Err(Refusal::NotCorrectable { seq, kind: None }) };
        let kind = of.event.kind();
        let stage = self.stage();
        let (fits, evidence) = match (&corrected.replacement, &of.event) {
            (Replacement::Appraisal { .. }, Event::AppraisalSubmitted(_)) => (self.is_unseen(seq), true),
            (Replacement::Entry { .. }, Event::EntrySettled(entry)) => {
                let live = self.standing().review().is_some_and(|(_, review)| {
                    review.proposal() == Some(entry.proposal_seq) && entry.finding.is_some()
                });
                (live, true)
            }
            (Replacement::ReceivedWeight { .. }, Event::Received(_)) => {
                (matches!(stage, Stage::Received | Stage::Appraising | Stage::SpokenReview), false)
            }
            (Replacement::Note { .. }, Event::NoteAdded(_)) => {
                (matches!(stage, Stage::Received | Stage::Appraising | Stage::SpokenReview), false)
            }
            (
                Replacement::Appraisal { .. }
                | Replacement::Entry { .. }
                | Replacement::ReceivedWeight { .. }
                | Replacement::Note { .. },
                _, // A replacement of one kind for an event of another.
            ) => (false, false),
        };
        if !fits {
            return Err(Refusal::NotCorrectable { seq, kind: Some(kind) });
        }
        let is_author = of.person == Some(self.by.person);
        if !is_author && (evidence || self.by.role != Role::Supervisor) {
            return Err(Refusal::NotAuthor);
        }
        if let Replacement::Appraisal { appraisal } = &corrected.replacement {
            self.check_appraisal(appraisal, "/replacement", rules)?;
        }
        self.offer(corrected)?;
        match stage {
            Stage::SpokenReview if evidence => self.propose(rules),
            // Two who differed may agree now.
            Stage::Appraising if evidence => self.settle_bench(rules),
            _ => Ok(()), // Nothing rests on it.
        }
    }

    fn set_segment(&mut self, segment: Option<Segment>, rules: &dyn Rules) -> Result<(), Refusal> {
        let narrows = match (self.piece.segment(), segment) {
            (Some(before), Some(after)) => after.narrows(&before),
            (Some(_), None) => true,
            (None, _) => false,
        };
        let proposed_by = self.by.second();
        if narrows && self.piece.was_received() && proposed_by.is_none() {
            return Err(Refusal::SecondPersonNeeded);
        }
        self.offer(SegmentSet { segment, proposed_by })?;
        // In review the claims are read again from the new part; what was settled is void.
        if self.stage() == Stage::SpokenReview { self.propose(rules) } else { Ok(()) }
    }
}

mod looks;

/// A claim is settled once in a body: not found and struck at a time, and nothing is added that is there already.
fn named_twice(
    review: &Review,
    entries: &[SettledEntry],
    added: &[AddedClaim],
    misread: &BTreeSet<ClaimId>,
) -> Vec<Fault> {
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        if misread.contains(&entry.claim_id) || !seen.insert(&entry.claim_id) {
            faults.push(Fault::new(format!("/entries/{at}/claim_id"), "this claim is named twice"));
        }
    }
    for (at, added) in added.iter().enumerate() {
        let claim_id = &added.claim.claim_id;
        if review.entries().contains_key(claim_id) || misread.contains(claim_id) || !seen.insert(claim_id) {
            faults.push(Fault::new(format!("/added/{at}/claim_id"), Missing::KnownClaim.sentence()));
        }
    }
    faults
}

/// Who changes what was proposed says why.
fn changed_in_silence(review: &Review, entries: &[SettledEntry]) -> Vec<Fault> {
    let is_changed = |entry: &SettledEntry| {
        let proposed = review.entries().get(&entry.claim_id).and_then(|known| known.proposed);
        proposed.is_some_and(|proposed| proposed != entry.finding)
    };
    let silent = |(_, entry): &(usize, &SettledEntry)| entry.note.is_none() && is_changed(entry);
    let fault = |(at, _)| {
        Fault::new(format!("/entries/{at}/note"), "this finding is another than the one proposed: say why in a note")
    };
    entries.iter().enumerate().filter(silent).map(fault).collect()
}

#[cfg(test)]
mod tests;
