//! The decisions beside the main line: what arrived otherwise than it should, what cannot be told, what is held, what
//! is appealed, what comes back, and what a clock does that ran out.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::super::actor::{Role, Witness};
use super::super::command::{Rules, Step};
use super::super::deadline::{Clock, Deadline};
use super::super::event::*;
use super::super::ids::ClaimId;
use super::super::ledger::Finding;
use super::super::refusal::{Fault, Refusal};
use super::super::route::{Rejected, Why};
use super::super::sidelines::{Exception, HoldEnd, Identity, Return, ReturnIntake, WayOut};
use super::super::text::{Name, Sealed};
use super::Draft;

impl Draft<'_> {
    /// Refuses somebody whose part of a command with several steps it is not.
    fn only(&self, needs: &'static [Role]) -> Result<(), Refusal> {
        if needs.contains(&self.by.role) { Ok(()) } else { Err(Refusal::NotYours { role: self.by.role, needs }) }
    }

    fn second(&self) -> Result<Witness, Refusal> {
        self.by.second().ok_or(Refusal::SecondPersonNeeded)
    }

    /// Refuses what comes after its clock ran out.
    fn in_time(&self, clock: Clock, what: &'static str, rules: &dyn Rules) -> Result<(), Refusal> {
        let running = rules.running(&self.piece, &self.order.placed);
        let over = running.iter().any(|deadline| deadline.clock == clock && deadline.due_at <= self.now);
        if over { Err(Refusal::TooLate(what)) } else { Ok(()) }
    }

    pub(super) fn except(&mut self, exception: &Exception) -> Result<(), Refusal> {
        match exception {
            Exception::Found { condition, parcel_id, note } => {
                self.only(&[Role::Clerk])?;
                self.fits(&EventKind::IntakeExceptionFound)?;
                if *condition == Condition::Intact {
                    let fault = "what arrived intact is no exception: book it in by its receipt";
                    return Err(Refusal::Incomplete(vec![Fault::new("/condition", fault)]));
                }
                self.offer(IntakeExceptionFound { condition: *condition, parcel_id: *parcel_id, note: note.clone() })
            }
            Exception::Resolved { to, reason } => {
                self.only(&[Role::Supervisor])?;
                self.fits(&EventKind::ExceptionResolved)?;
                self.offer(ExceptionResolved { to: *to, reason: reason.clone() })
            }
        }
    }

    pub(super) fn find_way_out(&mut self, way_out: &WayOut) -> Result<(), Refusal> {
        match way_out {
            WayOut::OutsideReport { laboratory_id, number, results } => {
                self.fits(&EventKind::OutsideReportRecorded)?;
                if results.is_empty() {
                    let fault = "a report says something: name at least one part with its result";
                    return Err(Refusal::Incomplete(vec![Fault::new("/results", fault)]));
                }
                self.offer(OutsideReportRecorded {
                    laboratory_id: laboratory_id.clone(),
                    number: number.clone(),
                    results: results.clone(),
                })
            }
            WayOut::Disclosed { open_points, reason } => {
                self.fits(&EventKind::DisclosedToBuyer)?;
                let untold = self.untold();
                let named: BTreeSet<_> = open_points.iter().cloned().collect();
                let left_out: Vec<_> = untold.difference(&named).map(|id| id.as_str()).collect();
                if !named.is_empty() && !left_out.is_empty() {
                    let fault = format!("the buyer is told everything that could not be told: {}", left_out.join(", "));
                    return Err(Refusal::Incomplete(vec![Fault::new("/open_points", fault)]));
                }
                let known: BTreeSet<_> =
                    self.piece.ledger_claims().iter().map(|claim| claim.claim_id.clone()).collect();
                let unknown = |(_, id): &(usize, &ClaimId)| !known.contains(*id);
                if let Some((at, _)) = open_points.iter().enumerate().find(unknown) {
                    let fault = "no claim of this piece's ledger has this id";
                    return Err(Refusal::Incomplete(vec![Fault::new(format!("/open_points/{at}"), fault)]));
                }
                let open_points = if named.is_empty() { untold } else { named };
                self.offer(DisclosedToBuyer { open_points: open_points.into_iter().collect(), reason: reason.clone() })
            }
            WayOut::GivenUp { reason } => {
                self.fits(&EventKind::GivenUp)?;
                self.offer(GivenUp { reason: reason.clone() })
            }
        }
    }

    /// The claims that were settled as not tested for the verdict that stands.
    fn untold(&self) -> BTreeSet<ClaimId> {
        let Some((_, given)) = self.piece.verdict() else { return BTreeSet::new() };
        let mut untold = BTreeSet::new();
        for recorded in self.piece.history() {
            let Event::EntrySettled(entry) = &recorded.event else { continue };
            if entry.proposal_seq != given.proposal_seq {
                continue;
            }
            // The last word on a claim counts.
            if entry.finding == Some(Finding::NotTested) {
                untold.insert(entry.claim_id.clone());
            } else {
                untold.remove(&entry.claim_id);
            }
        }
        untold
    }

    pub(super) fn appeal(&mut self, reason: &Sealed, rules: &dyn Rules) -> Result<(), Refusal> {
        self.fits(&EventKind::Appealed)?;
        self.in_time(Clock::Appeal, "appeal", rules)?;
        self.offer(Appealed { reason: reason.clone() })
    }

    pub(super) fn override_failure(&mut self, reason: &Sealed) -> Result<(), Refusal> {
        self.fits(&EventKind::Overridden)?;
        let proposed_by = self.second()?;
        self.offer(Overridden { reason: reason.clone(), proposed_by })
    }

    pub(super) fn end_hold(&mut self, end: &HoldEnd) -> Result<(), Refusal> {
        self.fits(&EventKind::QuarantineLifted)?;
        let proposed_by = self.second()?;
        match end {
            HoldEnd::Lifted { reason } => self.offer(QuarantineLifted { reason: reason.clone(), proposed_by }),
            HoldEnd::Upheld { to, reference, reason } => {
                let fault = match (to, reference) {
                    (Upheld::HandedToAuthority, None) => "give the reference under which the authority took it over",
                    (Upheld::Returning, Some(_)) => {
                        "only what is handed to an authority has its reference: leave it out"
                    }
                    (Upheld::HandedToAuthority, Some(_)) | (Upheld::Returning, None) => "",
                };
                if !fault.is_empty() {
                    return Err(Refusal::Incomplete(vec![Fault::new("/reference", fault)]));
                }
                self.offer(QuarantineUpheld {
                    to: *to,
                    reference: reference.clone(),
                    reason: reason.clone(),
                    proposed_by,
                })
            }
        }
    }

    pub(super) fn send_back(&mut self, step: &Return, rules: &dyn Rules) -> Result<(), Refusal> {
        match step {
            Return::Opened { reason } => {
                self.fits(&EventKind::ReturnOpened)?;
                // What was made to order is not returned for the asking (Consumer Law, art. 25); a platform may still
                // take back what is faulty.
                if self.piece.opened().custom_made && self.by.role == Role::Buyer {
                    return Err(Refusal::MadeToOrder);
                }
                self.in_time(Clock::ReturnWindow, "send it back", rules)?;
                self.offer(ReturnOpened { reason: reason.clone() })
            }
            Return::Posted { carrier, waybill } => {
                self.fits(&EventKind::ReturnPosted)?;
                if self.standing().posted() && self.by.role == Role::Buyer {
                    let kind = EventKind::ReturnPosted;
                    return Err(Rejected { stage: self.stage(), kind, why: Why::Posted }.into());
                }
                self.offer(ReturnPosted { carrier: carrier.clone(), waybill: waybill.clone() })
            }
        }
    }

    pub(super) fn take_back(&mut self, step: &ReturnIntake, rules: &dyn Rules) -> Result<(), Refusal> {
        match step {
            ReturnIntake::Received { weight, tag, tag_intact, sizes, note } => {
                self.only(&[Role::Clerk])?;
                self.fits(&EventKind::ReturnReceived)?;
                if tag.is_none() && tag_intact.is_some() {
                    let fault = "only of a tag that is there it can be said: give the tag too, or leave it out";
                    return Err(Refusal::Incomplete(vec![Fault::new("/tag_intact", fault)]));
                }
                self.offer(ReturnReceived {
                    weight: weight.clone(),
                    note: note.clone(),
                    tag: tag.clone(),
                    tag_intact: *tag_intact,
                    sizes: sizes.clone(),
                })
            }
            ReturnIntake::Judged { identity, reason } => {
                self.fits(&EventKind::SamePieceConfirmed)?;
                let proposed_by = self.second()?;
                self.has_photos(Step::ReturnIntake, rules)?;
                let said = || {
                    let fault = "say what tells the two pieces apart, or why it cannot be told";
                    reason.clone().ok_or_else(|| Refusal::Incomplete(vec![Fault::new("/reason", fault)]))
                };
                match identity {
                    Identity::Same => self.offer(SamePieceConfirmed { proposed_by }),
                    Identity::NotSame => self.offer(NotSamePieceFound { reason: said()?, proposed_by }),
                    Identity::Unclear => self.offer(IdentityUnclear { reason: said()?, proposed_by }),
                }
            }
        }
    }

    /// A person's clock runs on until then. One that runs longer already stays as it is: nobody's time gets shorter.
    pub(super) fn move_deadline(&mut self, clock: Clock, to: Timestamp, rules: &dyn Rules) -> Result<(), Refusal> {
        let running = rules.running(&self.piece, &self.order.placed);
        let is_shorter = |deadline: &&Deadline| deadline.clock == clock && deadline.due_at < to;
        if !running.iter().any(|deadline| is_shorter(&deadline)) || !clock.waiter().chooses() {
            return Err(Refusal::NotDue);
        }
        let clock = Name::parse(clock.as_str())
            .map_err(|malformed| Refusal::Malformed(vec![Fault::malformed("", malformed)]))?;
        self.offer(DeadlineMoved { clock, due_at: to.as_microsecond() })
    }

    /// A clock ran out: what the rulebook says happens, and where it moves nothing, that it is known; or it nears its end,
    /// and whoever it waits for is reminded. A clock that was met meanwhile, or promised for later, did neither.
    pub(super) fn pass_deadline(&mut self, clock: Clock, rules: &dyn Rules) -> Result<(), Refusal> {
        let running = rules.running(&self.piece, &self.order.placed);
        let own = running.iter().find(|deadline| deadline.clock == clock).ok_or(Refusal::NotDue)?;
        let name = || {
            let name = Name::parse(clock.as_str());
            name.map_err(|malformed| Refusal::Malformed(vec![Fault::malformed("", malformed)]))
        };
        let due_at = own.due_at.as_microsecond();
        if self.now < own.due_at {
            // It is not over, but near: once.
            own.remind_at.filter(|at| *at <= self.now).ok_or(Refusal::NotDue)?;
            return self.offer(DeadlineNeared { clock: name()?, due_at });
        }
        match clock {
            Clock::Dispatch => self.offer(Cancelled { reason: None }),
            Clock::BuyersChoice => self.offer(DifferenceRefused { by_deadline: true }),
            Clock::Appeal => self.offer(AppealLapsed { waived: false, reason: None }),
            Clock::ReturnWindow => self.offer(Completed {}),
            Clock::ReturnPosting => self.offer(ReturnLapsed {}),
            Clock::InboundStalled
            | Clock::InboundLost
            | Clock::Exception
            | Clock::Opening
            | Clock::Appraisal
            | Clock::Review
            | Clock::Undetermined
            | Clock::Quarantine
            | Clock::Tagging
            | Clock::Release
            | Clock::Shipment
            | Clock::OutboundStalled
            | Clock::OutboundLost
            | Clock::ReturnLost
            | Clock::ReturnIntake
            | Clock::Unclaimed
            | Clock::ReshipmentLost => self.offer(DeadlinePassed { clock: name()?, due_at }),
        }
    }
}
