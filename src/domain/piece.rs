//! A piece *is* its journal: folded, it gives the standing and every fact that a decision or a reader needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::appraisal::Appraisal;
use super::deadline::Clock;
use super::event::*;
use super::ids::{CertificateCode, ComponentId, PersonId, PhotoId};
use super::ledger::Claim;
use super::order::{Course, LineStatus, MAX_RESUBMISSIONS};
use super::quantity::Weighing;
use super::route::{Rejected, Stage, Standing};

/// A journal that does not replay. It is never repaired: it is evidence of a fault, or of a hand in the database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Corrupt {
    #[error("a piece's journal is empty, or does not begin with piece_opened")]
    NoBeginning,
    #[error("event {seq} follows event {after}")]
    Gap { after: i32, seq: i32 },
    #[error("event {seq} does not follow: {rejected}")]
    Illegal { seq: i32, rejected: Rejected },
}

/// One piece, folded from its journal.
#[derive(Clone, Debug)]
pub struct Piece {
    opened: Arc<Recorded>,
    history: Vec<Arc<Recorded>>,
    standing: Standing,
    /// The event that began the present stage.
    since: Arc<Recorded>,
    /// The event by which its way to its buyer ended.
    left: Option<Arc<Recorded>>,
}

impl Piece {
    /// Folds a whole journal.
    pub fn fold(journal: impl IntoIterator<Item = Recorded>) -> Result<Self, Corrupt> {
        let mut journal = journal.into_iter().map(Arc::new);
        let opened = journal.next().ok_or(Corrupt::NoBeginning)?;
        let mut piece = Self::begin(opened)?;
        for recorded in journal {
            // Nobody sees a piece whose journal does not fold, so its standing need not outlive the event.
            let standing = std::mem::replace(&mut piece.standing, Standing::start());
            piece.follow(standing, recorded)?;
        }
        Ok(piece)
    }

    fn begin(opened: Arc<Recorded>) -> Result<Self, Corrupt> {
        if !matches!(opened.event, Event::PieceOpened(_)) || opened.seq != 1 {
            return Err(Corrupt::NoBeginning);
        }
        Ok(Self {
            history: vec![opened.clone()],
            since: opened.clone(),
            opened,
            standing: Standing::start(),
            left: None,
        })
    }

    /// The event that brought the piece to its present bench.
    fn bench_begun(&self) -> Option<Arc<Recorded>> {
        let begins = |recorded: &&Arc<Recorded>| {
            matches!(
                recorded.event,
                Event::AppraisalOpened(_)
                    | Event::AppraisalReopened(_)
                    | Event::Appealed(_)
                    | Event::OutsideReportRecorded(_)
                    | Event::QuarantineLifted(_)
            )
        };
        self.history.iter().rev().find(begins).cloned()
    }

    /// Applies the next event of the journal. One that does not follow leaves the piece as it was.
    pub fn apply(&mut self, recorded: Arc<Recorded>) -> Result<(), Corrupt> {
        self.follow(self.standing.clone(), recorded)
    }

    fn follow(&mut self, standing: Standing, recorded: Arc<Recorded>) -> Result<(), Corrupt> {
        let after = self.head();
        if recorded.seq != after + 1 {
            return Err(Corrupt::Gap { after, seq: recorded.seq });
        }
        let stage = standing.stage();
        self.standing =
            standing.fold(recorded.clone()).map_err(|rejected| Corrupt::Illegal { seq: recorded.seq, rejected })?;
        if self.standing.stage() != stage {
            self.since = match &recorded.event {
                // Back to the same bench: whoever looks next is not told that somebody else's result was known already.
                Event::RepeatCalled(_) | Event::SecondLookCalled(_) => self.bench_begun().unwrap_or(recorded.clone()),
                _ => recorded.clone(), // Everything else begins something new.
            };
            if self.left.is_none() && matches!(self.standing.stage(), Stage::Returning | Stage::Closed) {
                self.left = Some(recorded.clone());
            }
        }
        self.history.push(recorded);
        Ok(())
    }

    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    pub fn stage(&self) -> Stage {
        self.standing.stage()
    }

    /// The length of the journal, which is the piece's ETag.
    pub fn head(&self) -> i32 {
        self.history.len() as i32
    }

    /// The events in order; the first has sequence number 1.
    pub fn history(&self) -> &[Arc<Recorded>] {
        &self.history
    }

    /// Whether it ever came into its buyer's hands.
    pub fn was_delivered(&self) -> bool {
        self.history.iter().any(|recorded| matches!(recorded.event, Event::Delivered(_)))
    }

    /// What the piece began with.
    pub fn opened(&self) -> &PieceOpened {
        match &self.opened.event {
            Event::PieceOpened(opened) => opened,
            // `begin` took nothing else.
            other => unreachable!("a piece begins with {}", other.kind()),
        }
    }

    pub fn event(&self, seq: i32) -> Option<&Recorded> {
        self.history.get(usize::try_from(seq).ok()?.checked_sub(1)?).map(Arc::as_ref)
    }

    pub fn last(&self) -> &Recorded {
        self.history.last().unwrap_or(&self.opened)
    }

    fn latest<'a, T>(&'a self, pick: impl Fn(&'a Recorded) -> Option<T>) -> Option<T> {
        self.history.iter().rev().find_map(|recorded| pick(recorded))
    }

    /// The event that led the piece into the stage in which it is.
    pub fn since(&self) -> &Recorded {
        &self.since
    }

    /// When clocks ran out since the present stage began, and were noted: whoever looks for what is late finds it.
    pub fn passed(&self) -> impl Iterator<Item = &DeadlinePassed> {
        let since = self.since.seq;
        self.history.iter().rev().take_while(move |recorded| since < recorded.seq).filter_map(|recorded| {
            match &recorded.event {
                Event::DeadlinePassed(passed) => Some(passed),
                _ => None, // No other event notes it.
            }
        })
    }

    /// Before when a clock that began with this event does not run out, where it was moved since then.
    pub fn moved(&self, clock: Clock, since: i32) -> Option<jiff::Timestamp> {
        let moved = self.history.iter().rev().take_while(|recorded| since < recorded.seq);
        let to = moved.filter_map(|recorded| match &recorded.event {
            Event::DeadlineMoved(moved) if moved.clock.as_str() == clock.as_str() => Some(moved.due_at),
            _ => None, // No other event moves a clock.
        });
        jiff::Timestamp::from_microsecond(to.max()?).ok()
    }

    /// When a channel first took the notice of the event that began the present stage; none before, and none where
    /// nobody owes an answer. A buyer's and a merchant's clock counts from it.
    pub fn notice_accepted(&self) -> Option<jiff::Timestamp> {
        let told = self.since.seq;
        self.history.iter().find_map(|recorded| match &recorded.event {
            Event::NoticeAccepted(accepted) if accepted.seq == told => Some(recorded.at),
            _ => None, // No other event says that a notice was taken.
        })
    }

    /// When the piece came into the stage in which it is.
    pub fn stage_since(&self) -> jiff::Timestamp {
        self.since.at
    }

    /// The event by which its way to its buyer ended: it goes back to its merchant, or came to its end.
    pub fn left(&self) -> Option<&Recorded> {
        self.left.as_deref()
    }

    /// The event by which it began to come back from its buyer, by its sequence number.
    pub fn return_begun(&self) -> Option<i32> {
        self.latest(|recorded| match &recorded.event {
            Event::ReturnOpened(_) | Event::Refused(_) => Some(recorded.seq),
            _ => None, // No other event sends it back.
        })
    }

    /// The part of the live session that speaks of this piece.
    pub fn segment(&self) -> Option<Segment> {
        self.latest(|recorded| match &recorded.event {
            Event::SegmentSet(set) => Some(set.segment),
            Event::PieceOpened(opened) => Some(opened.segment),
            _ => None, // No other event sets it.
        })
        .flatten()
    }

    /// Where the piece is bound for, or came in: the parcel of its last dispatch.
    pub fn parcel(&self) -> Option<super::ids::ParcelId> {
        self.latest(|recorded| match &recorded.event {
            Event::Dispatched(sent) => Some(sent.parcel_id),
            Event::WaybillCorrected(sent) => Some(sent.parcel_id),
            _ => None, // No other event names the parcel that the merchant sent.
        })
    }

    /// Whether the warehouse has had it in its hands.
    pub fn was_received(&self) -> bool {
        self.history
            .iter()
            .any(|recorded| matches!(recorded.event, Event::Received(_) | Event::IntakeExceptionFound(_)))
    }

    /// Whether somebody asked for the cancellation of this piece.
    pub fn cancellation(&self) -> bool {
        self.history.iter().any(|recorded| matches!(recorded.event, Event::CancelRequested(_) | Event::Cancelled(_)))
    }

    /// An appraisal by the sequence number of its event, as it stands after corrections.
    pub fn appraisal(&self, seq: i32) -> Option<&Appraisal> {
        self.latest(|recorded| match &recorded.event {
            Event::AppraisalSubmitted(submitted) if recorded.seq == seq => Some(&submitted.appraisal),
            Event::Corrected(Corrected { seq: of, replacement: Replacement::Appraisal { appraisal }, .. })
                if *of == seq =>
            {
                Some(appraisal)
            }
            _ => None, // No other event holds an appraisal.
        })
    }

    /// The settled appraisal: the last that the last settlement names, unless it was voided since, or lies on the bench
    /// again.
    pub fn settled(&self) -> Option<(i32, &Appraisal)> {
        self.settled_all().pop()
    }

    /// Every appraisal that the last settlement names, oldest first.
    pub fn settled_all(&self) -> Vec<(i32, &Appraisal)> {
        let settlement = self.settlement();
        let seqs = settlement.map(|(_, settled)| settled.appraisals.as_slice()).unwrap_or_default();
        seqs.iter().filter_map(|seq| Some((*seq, self.appraisal(*seq)?))).collect()
    }

    /// The settlement that stands, by the sequence number of its event.
    pub fn settlement(&self) -> Option<(i32, &AppraisalSettled)> {
        self.latest(|recorded| match &recorded.event {
            Event::AppraisalSettled(settled) => Some(Some((recorded.seq, settled))),
            Event::AppraisalReopened(_)
            | Event::Appealed(_)
            | Event::OutsideReportRecorded(_)
            | Event::QuarantineLifted(_)
            | Event::RepeatCalled(_)
            | Event::SecondLookCalled(_) => Some(None),
            _ => None, // No other event settles or voids an appraisal.
        })
        .flatten()
    }

    /// How a weight was repeated since the settled appraisals: of a part, or of the piece.
    pub fn repeats<'a>(&'a self, component: Option<&'a ComponentId>) -> impl Iterator<Item = &'a Weighing> {
        let since = self.settlement().and_then(|(_, settled)| settled.appraisals.iter().min()).copied();
        let since = since.unwrap_or(i32::MAX);
        self.history.iter().filter(move |recorded| since < recorded.seq).filter_map(move |recorded| {
            match &recorded.event {
                Event::MeasurementRepeated(repeat)
                    if repeat.component.as_ref() == component && repeat.quantity.as_str() == "weight" =>
                {
                    repeat.weighing.as_ref()
                }
                _ => None, // No other event repeats a measurement.
            }
        })
    }

    /// Whether something lies on the open bench that the next to look must not see.
    pub fn is_blind(&self) -> bool {
        self.standing.bench().is_some_and(super::evidence::Bench::is_blind)
    }

    /// The claims as they were read last.
    pub fn claims(&self) -> Option<(i32, &ClaimsRead)> {
        self.latest(|recorded| match &recorded.event {
            Event::ClaimsRead(read) => Some((recorded.seq, read)),
            _ => None, // No other event reads claims.
        })
    }

    /// Every claim that the ledger shows: those read, and those that an inspector added since.
    pub fn ledger_claims(&self) -> Vec<&Claim> {
        let Some((seq, read)) = self.claims() else { return Vec::new() };
        let since = usize::try_from(seq).unwrap_or_default();
        let added = self.history.iter().skip(since).filter_map(|recorded| match &recorded.event {
            Event::EntrySettled(entry) => entry.added.as_ref(),
            _ => None, // No other event adds a claim.
        });
        read.claims.iter().chain(added).collect()
    }

    /// The verdict that stands.
    pub fn verdict(&self) -> Option<(i32, &VerdictGiven)> {
        self.latest(|recorded| match &recorded.event {
            Event::VerdictGiven(given) => Some(Some((recorded.seq, given))),
            Event::AppraisalReopened(_)
            | Event::Appealed(_)
            | Event::OutsideReportRecorded(_)
            | Event::QuarantineLifted(_) => Some(None),
            _ => None, // No other event gives or voids a verdict.
        })
        .flatten()
    }

    /// The tag that is on the piece. It is void once the piece goes back or is lost, and with what it rested on.
    pub fn tag(&self) -> Option<&Tagged> {
        let void = match self.stage() {
            Stage::Returning => true,
            Stage::Closed => self.standing.outcome().is_some_and(|outcome| match outcome {
                Outcome::Returned | Outcome::Unclaimed | Outcome::Lost => true,
                Outcome::Cancelled | Outcome::Completed | Outcome::HandedToAuthority => false,
            }),
            _ => false, // Everywhere else the journal tells.
        };
        self.latest(|recorded| match &recorded.event {
            Event::Tagged(tagged) => Some(Some(tagged)),
            Event::Untagged(_)
            | Event::CapsuleRevoked(_)
            | Event::AppraisalReopened(_)
            | Event::Appealed(_)
            | Event::OutsideReportRecorded(_)
            | Event::QuarantineLifted(_) => Some(None),
            _ => None, // No other event puts a tag on or takes it off by itself.
        })
        .flatten()
        .filter(|_| !void)
    }

    /// The capsule that was issued last, by the sequence number of its event.
    pub fn capsule(&self) -> Option<(i32, &CertificateCode)> {
        self.latest(|recorded| match &recorded.event {
            Event::Released(released) => Some((recorded.seq, &released.certificate_code)),
            _ => None, // No other event issues one.
        })
    }

    /// The shipment to the buyer.
    pub fn shipped(&self) -> Option<&Shipped> {
        self.latest(|recorded| match &recorded.event {
            Event::Shipped(shipped) => Some(shipped),
            _ => None, // No other event ships to the buyer.
        })
    }

    /// Every photo of the piece.
    pub fn photos(&self) -> impl Iterator<Item = (&Recorded, &PhotoAdded)> {
        self.history.iter().filter_map(|recorded| match &recorded.event {
            Event::PhotoAdded(photo) => Some((recorded.as_ref(), photo)),
            _ => None, // No other event names one.
        })
    }

    /// When a tag was last taken off, or void with its capsule: the sequence number of that event.
    pub fn untagged_at(&self) -> Option<i32> {
        self.latest(|recorded| match &recorded.event {
            Event::Untagged(_)
            | Event::CapsuleRevoked(_)
            | Event::AppraisalReopened(_)
            | Event::Appealed(_)
            | Event::OutsideReportRecorded(_)
            | Event::QuarantineLifted(_) => Some(recorded.seq),
            _ => None, // No other event takes a tag off or voids it.
        })
    }

    pub fn photo_ids(&self) -> BTreeSet<PhotoId> {
        self.photos().map(|(_, photo)| photo.photo_id).collect()
    }

    /// Whether this part decides the verdict: a main component, or the only part of what is sold by weight.
    pub fn is_main(&self, component: &ComponentId) -> bool {
        let parts = &self.opened().declared.components;
        let only = self.sold_by_weight() && parts.len() == 1;
        parts.iter().any(|part| part.component == *component && (part.role.is_main() || only))
    }

    /// Whether the price follows the weight, which then decides the verdict like a main component.
    pub fn sold_by_weight(&self) -> bool {
        match self.opened().pricing {
            Pricing::ByWeight => true,
            Pricing::Fixed => false,
        }
    }

    /// What the line shows for this piece.
    pub fn line_status(&self) -> LineStatus {
        let happened = |what: fn(&Event) -> bool| self.history.iter().any(|recorded| what(&recorded.event));
        let course = Course {
            cancelled: self.cancellation(),
            refused: happened(|event| matches!(event, Event::Refused(_))),
            delivered: happened(|event| matches!(event, Event::Delivered(_))),
            kept: happened(|event| matches!(event, Event::NotSamePieceFound(_))),
        };
        match LineStatus::of(self.stage(), self.standing.outcome(), course) {
            LineStatus::Failed if self.may_be_followed() => LineStatus::Resubmission,
            status => status,
        }
    }

    /// Whether its merchant may send another piece for its line once this one failed: at most twice, and not where the
    /// buyer did not want it so, for that is a wish for the money. What an authority holds is followed by nothing.
    fn may_be_followed(&self) -> bool {
        let refused = self.history.iter().any(|recorded| matches!(recorded.event, Event::DifferenceRefused(_)));
        let held = self.standing.outcome() == Some(Outcome::HandedToAuthority);
        let opened = self.opened();
        opened.attempt <= MAX_RESUBMISSIONS && !opened.reference && !refused && !held
    }

    /// Who wrote an event.
    pub fn author(&self, seq: i32) -> Option<PersonId> {
        self.event(seq)?.person
    }
}

#[cfg(test)]
mod tests {
    use super::super::appraisal::{ComponentRole, Declared, DeclaredComponent};
    use super::super::ids::PieceCode;
    use super::super::quantity::Money;
    use super::*;
    use crate::domain::actor::Role;

    fn piece(pricing: Pricing, roles: &[ComponentRole]) -> Piece {
        let components = (1..)
            .zip(roles)
            .map(|(no, role)| DeclaredComponent {
                component: ComponentId::parse(&format!("c{no}")).unwrap(),
                role: *role,
                material: None,
                treatment: None,
                fineness_ppm: None,
                weight: None,
            })
            .collect();
        let opened = PieceOpened {
            code: PieceCode::from_bits(1),
            line_no: 1,
            attempt: 1,
            follows: None,
            price: Money::parse(1, "CNY").unwrap(),
            pricing,
            custom_made: false,
            declared: Declared { components, weight: None, sizes: Vec::new(), presented_certificate: None },
            segment: None,
            reference: false,
        };
        let at = jiff::Timestamp::UNIX_EPOCH;
        Piece::fold([Recorded { seq: 1, at, person: None, key: None, role: Role::Platform, event: opened.into() }])
            .unwrap()
    }

    #[test]
    fn what_is_sold_by_weight_is_main_whatever_its_role() {
        use ComponentRole::*;
        let check = |pricing, roles: &[ComponentRole], id: &str, expected| {
            let id = ComponentId::parse(id).unwrap();
            assert_eq!(piece(pricing, roles).is_main(&id), expected, "{pricing:?} {roles:?} {id}");
        };
        check(Pricing::Fixed, &[MainStone, Cord], "c1", true);
        check(Pricing::Fixed, &[MainStone, Cord], "c2", false);
        check(Pricing::Fixed, &[Accessory], "c1", false);
        check(Pricing::ByWeight, &[Accessory], "c1", true);
        check(Pricing::ByWeight, &[Metal, Cord], "c2", false);
        check(Pricing::ByWeight, &[Metal], "c9", false);
    }
}
