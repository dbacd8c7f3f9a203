//! The machine: which event may follow in which stage, and where it leads. This is the second wall.
//!
//! It judges one event at a time ([`Standing::advance`]) and holds nothing between: a standing is rebuilt from its
//! journal. `state_machine_future` proves at compile time that no edge outside the lists below exists, that no stage is
//! a dead end or out of reach, and that there is one start. Which event leads where is *not* proved by it; that is
//! pinned by [`EDGES`], which the tests hold against the machine by offering every event in every stage.
//!
//! The crate and its futures 0.1 stay inside this module. What is forbidden later than this is a guard in the
//! decision ([`super::command`]), never a removed edge: an old journal must always replay.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use futures::{Async, Future, Poll};
use state_machine_future::{RentToOwn, StateMachineFuture};

use super::actor::Witness;
use super::event::*;
use super::evidence::{Appraised, Bench, Clearance, Missing, Packed, Release, Review, Reviewed};
use super::ids::PersonId;
use super::ledger::Verdict;

mod edges;
mod pinned;

pub use edges::{EDGES, Edge, Target, mermaid};

/// The one event being offered.
struct Offer(Option<Arc<Recorded>>);

/// Why the piece comes back from its buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Refused at the door: the refund is owed whatever is found.
    Refused,
    /// The buyer opened a return.
    Opened,
}

/// Where a quarantined piece was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeldFrom {
    /// The bench, the review or the packing table.
    House,
    ReturnIntake(Cause),
}

/// The legal edges of a piece's route. Edges are added over time, never removed.
///
/// `flagged` means that a cancellation was requested: such a piece leaves only to `returning` or to its end.
#[derive(StateMachineFuture)]
#[state_machine_future(context = "Offer", derive(Clone, Debug, PartialEq))]
#[allow(dead_code)] // The derive stores the payload of `Broken` without reading it.
enum Route {
    /// Paid; the merchant owes a parcel.
    #[state_machine_future(start, transitions(Inbound, Received, IntakeException, Closed))]
    AwaitingDispatch,
    /// On its way to the warehouse.
    #[state_machine_future(transitions(Inbound, Received, Returning, IntakeException, Closed))]
    Inbound { flagged: bool, corrections: u8 },
    /// Empty, wrong, damaged, opened, too many or too few.
    #[state_machine_future(transitions(IntakeException, Received, Returning, Closed))]
    IntakeException { flagged: bool },
    /// Opened, weighed, photographed.
    #[state_machine_future(transitions(Appraising, Returning, Closed))]
    Received,
    /// On the bench.
    #[state_machine_future(transitions(Appraising, SpokenReview, Returning, Closed))]
    Appraising { bench: Bench, appealed: bool },
    /// The ledger waits for its reviewer.
    #[state_machine_future(transitions(
        SpokenReview,
        Appraising,
        Cleared,
        AwaitingBuyer,
        Undetermined,
        Failed,
        Quarantined,
        Returning,
        Closed
    ))]
    SpokenReview { appraised: Appraised, review: Review, appealed: bool },
    /// A difference is disclosed; the buyer chooses.
    #[state_machine_future(transitions(Cleared, Returning, Closed))]
    AwaitingBuyer { reviewed: Reviewed },
    /// Cannot be told here.
    #[state_machine_future(transitions(Appraising, AwaitingBuyer, Returning, Closed))]
    Undetermined { reviewed: Reviewed },
    /// Not as described.
    #[state_machine_future(transitions(Failed, Appraising, Returning, AwaitingBuyer, Closed))]
    Failed { reviewed: Reviewed, flagged: bool },
    /// Held, with a reason.
    #[state_machine_future(transitions(Quarantined, Appraising, ReturnIntake, Returning, Closed))]
    Quarantined { from: HeldFrom, bench: Bench, flagged: bool, appealed: bool },
    /// Both checks passed.
    #[state_machine_future(transitions(Tagged, Quarantined, Appraising, Returning, Closed))]
    Cleared { clearance: Clearance },
    /// Tag on, weighed, photographed, packed.
    #[state_machine_future(transitions(Cleared, Released, Returning, Closed))]
    Tagged { packed: Packed },
    /// The capsule exists; a label may be printed.
    #[state_machine_future(transitions(Outbound, Cleared, Returning, Closed))]
    Released { release: Release },
    /// On its way to the buyer.
    #[state_machine_future(transitions(Outbound, Delivered, ReturnInbound, Closed))]
    Outbound,
    /// The return window runs.
    #[state_machine_future(transitions(ReturnInbound, Closed))]
    Delivered,
    /// Coming back through the warehouse.
    #[state_machine_future(transitions(ReturnInbound, ReturnIntake, Delivered, Closed))]
    ReturnInbound { cause: Cause, posted: bool },
    /// Is it the same piece?
    #[state_machine_future(transitions(Returning, ReturningToBuyer, Quarantined, Closed))]
    ReturnIntake { cause: Cause },
    /// To the merchant.
    #[state_machine_future(transitions(Returning, Closed))]
    Returning { posted: bool },
    /// Another piece came back than was sent: it goes to the buyer again.
    #[state_machine_future(transitions(ReturningToBuyer, Returning, Closed))]
    ReturningToBuyer { posted: bool },
    /// Nothing follows; later matters are a case.
    #[state_machine_future(ready)]
    Closed(Outcome),
    #[state_machine_future(error)]
    Broken(Rejected),
}

/// Why the machine refused an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    pub stage: Stage,
    pub kind: EventKind,
    pub why: Why,
}

/// The reason of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The event has no place in this stage.
    NotHere,
    /// A cancellation was requested: the piece leaves only to the merchant.
    Flagged,
    /// As often as it may be done already.
    TooOften,
    /// It is on its way with a carrier.
    Posted,
    /// The evidence is incomplete.
    Missing(Missing),
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            Why::NotHere => write!(f, "a piece in {} cannot be {}", self.stage, self.kind),
            Why::Flagged => write!(f, "a cancellation was requested: the piece may only go back to the merchant"),
            Why::TooOften => write!(f, "{} was done as often as it may be", self.kind),
            Why::Posted => write!(f, "the piece is with a carrier already"),
            Why::Missing(missing) => f.write_str(missing.sentence()),
        }
    }
}

impl std::error::Error for Rejected {}

macro_rules! stages {
    ($($(#[$doc:meta])* $stage:ident $text:literal)*) => {
        /// Where a piece is on its route (`journey.md`, "The machine").
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Stage { $($(#[$doc])* $stage,)* }

        impl Stage {
            pub const ALL: &'static [Stage] = &[$(Stage::$stage,)*];

            pub fn as_str(self) -> &'static str {
                match self { $(Stage::$stage => $text,)* }
            }

            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|stage| stage.as_str() == text)
            }
        }

        impl RouteStates {
            fn stage(&self) -> Stage {
                match self {
                    $(RouteStates::$stage(_) => Stage::$stage,)*
                    // `advance` never keeps a broken state.
                    RouteStates::Broken(Broken(rejected)) => rejected.stage,
                }
            }
        }
    };
}

stages! {
    AwaitingDispatch "awaiting_dispatch"
    Inbound "inbound"
    IntakeException "intake_exception"
    Received "received"
    Appraising "appraising"
    SpokenReview "spoken_review"
    AwaitingBuyer "awaiting_buyer"
    Undetermined "undetermined"
    Failed "failed"
    Quarantined "quarantined"
    Cleared "cleared"
    Tagged "tagged"
    Released "released"
    Outbound "outbound"
    Delivered "delivered"
    ReturnInbound "return_inbound"
    ReturnIntake "return_intake"
    Returning "returning"
    ReturningToBuyer "returning_to_buyer"
    Closed "closed"
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Stage {
    /// Whether the piece is in the warehouse's hands by its stage alone. A return that is posted is not.
    pub fn in_house(self) -> bool {
        use Stage::*;
        match self {
            IntakeException | Received | Appraising | SpokenReview | AwaitingBuyer | Undetermined | Failed
            | Quarantined | Cleared | Tagged | Released | ReturnIntake | Returning | ReturningToBuyer => true,
            AwaitingDispatch | Inbound | Outbound | Delivered | ReturnInbound | Closed => false,
        }
    }

    /// The kinds of event that the machine knows in this stage.
    pub fn allowed(self) -> impl Iterator<Item = EventKind> {
        let mut kinds: Vec<_> = EDGES.iter().filter(move |edge| edge.from == self).map(|edge| edge.kind).collect();
        kinds.dedup();
        kinds.into_iter()
    }
}

/// What the machine makes of a journal: the stage, with what it carries.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing(RouteStates);

impl Standing {
    /// The one start: paid, awaiting dispatch.
    pub fn start() -> Self {
        Self(AwaitingDispatch.into())
    }

    /// Offers one event. Accepted, it gives the next standing; refused, the piece stands where it stood.
    pub fn advance(&self, event: Arc<Recorded>) -> Result<Standing, Rejected> {
        self.clone().fold(event)
    }

    /// [`Standing::advance`] for a journal that is read for the first time: gives up the standing it began with.
    pub fn fold(self, recorded: Arc<Recorded>) -> Result<Standing, Rejected> {
        // A closed machine answers Ready without looking at the offer.
        if let RouteStates::Closed(_) = self.0 {
            return Err(Rejected { stage: Stage::Closed, kind: recorded.event.kind(), why: Why::NotHere });
        }
        let mut route = Route::start_in(self.0, Offer(Some(recorded)));
        match route.poll()? {
            Async::Ready(outcome) => Ok(Standing(Closed(outcome).into())),
            Async::NotReady => {
                Ok(Standing(route.current_state.take().expect("no poll method takes its state and stays")))
            }
        }
    }

    pub fn stage(&self) -> Stage {
        self.0.stage()
    }

    /// How the piece ended, where it did.
    pub fn outcome(&self) -> Option<Outcome> {
        match &self.0 {
            RouteStates::Closed(Closed(outcome)) => Some(*outcome),
            _ => None, // Every other stage is before the end.
        }
    }

    /// Whether a cancellation was requested that could not be carried out at once.
    pub fn flagged(&self) -> bool {
        match &self.0 {
            RouteStates::Inbound(Inbound { flagged, .. })
            | RouteStates::IntakeException(IntakeException { flagged })
            | RouteStates::Failed(Failed { flagged, .. })
            | RouteStates::Quarantined(Quarantined { flagged, .. }) => *flagged,
            _ => false, // The other stages carry no flag: a cancellation moves them at once, or comes too late.
        }
    }

    /// What lies on the bench, while it does.
    pub fn bench(&self) -> Option<&Bench> {
        match &self.0 {
            RouteStates::Appraising(Appraising { bench, .. }) => Some(bench),
            _ => None, // Only this stage has a bench.
        }
    }

    /// The settled appraisal and the ledger, while it is reviewed.
    pub fn review(&self) -> Option<(&Appraised, &Review)> {
        match &self.0 {
            RouteStates::SpokenReview(SpokenReview { appraised, review, .. }) => Some((appraised, review)),
            _ => None, // Only this stage has an open ledger.
        }
    }

    /// What the clearance rests on, from `cleared` to `released`.
    pub fn clearance(&self) -> Option<&Clearance> {
        match &self.0 {
            RouteStates::Cleared(Cleared { clearance }) => Some(clearance),
            RouteStates::Tagged(Tagged { packed }) => Some(packed.clearance()),
            RouteStates::Released(Released { release }) => Some(release.packed().clearance()),
            _ => None, // Before, nothing is cleared; after, the journal tells.
        }
    }

    /// The packed piece, while it waits for its release.
    pub fn packed(&self) -> Option<&Packed> {
        match &self.0 {
            RouteStates::Tagged(Tagged { packed }) => Some(packed),
            _ => None, // Only this stage waits for a releaser.
        }
    }

    /// The release, while it stands and is not shipped.
    pub fn release(&self) -> Option<&Release> {
        match &self.0 {
            RouteStates::Released(Released { release }) => Some(release),
            _ => None, // Only this stage carries one.
        }
    }

    /// The review that failed, while it may be appealed.
    pub fn failed(&self) -> Option<&Reviewed> {
        match &self.0 {
            RouteStates::Failed(Failed { reviewed, .. }) => Some(reviewed),
            _ => None, // Only this stage can be appealed.
        }
    }

    /// Why the piece comes back from its buyer, while it does.
    pub fn cause(&self) -> Option<Cause> {
        match &self.0 {
            RouteStates::ReturnInbound(ReturnInbound { cause, .. })
            | RouteStates::ReturnIntake(ReturnIntake { cause })
            | RouteStates::Quarantined(Quarantined { from: HeldFrom::ReturnIntake(cause), .. }) => Some(*cause),
            _ => None, // The others do not come from a buyer, or what they came for is decided.
        }
    }

    /// Whether a return leg is with its carrier.
    pub fn posted(&self) -> bool {
        match &self.0 {
            RouteStates::ReturnInbound(ReturnInbound { posted, .. })
            | RouteStates::Returning(Returning { posted })
            | RouteStates::ReturningToBuyer(ReturningToBuyer { posted }) => *posted,
            _ => false, // The others are no return legs.
        }
    }
}

/// A waybill to the warehouse may be corrected this often (`journey.md`, stage `inbound`).
pub const MAX_WAYBILL_CORRECTIONS: u8 = 3;

/// What every stage but the last takes without moving. Photos only once the piece is on its way; what a verdict rests
/// on is corrected only before it.
fn is_annotation(stage: Stage, event: &Event) -> bool {
    match event {
        // A carrier's word may come late, and then it is only noted.
        Event::NoteAdded(_) | Event::CarrierMoved(_) | Event::CarrierExceptionFound(_) => true,
        Event::PhotoAdded(_) => stage != Stage::AwaitingDispatch,
        Event::Corrected(corrected) => match &corrected.replacement {
            Replacement::Appraisal { .. } => stage == Stage::Appraising,
            Replacement::Entry { .. } => false,
            // In review every correction is an edge: it may void the ledger.
            Replacement::ReceivedWeight { .. } | Replacement::Note { .. } => stage != Stage::SpokenReview,
        },
        Event::SegmentSet(_) => stage <= Stage::SpokenReview,
        // What it leads to stands in the ledger that is proposed behind it.
        Event::CertificateClashFound(_) | Event::SameArticleAnswered(_) => stage == Stage::SpokenReview,
        // Where somebody's silence has a consequence, it is known since when they could have spoken.
        Event::NoticeAccepted(_) => matches!(stage, Stage::AwaitingBuyer | Stage::Failed),
        // Those who are reminded of what they may still do.
        Event::DeadlineNeared(_) => matches!(stage, Stage::AwaitingDispatch | Stage::AwaitingBuyer),
        Event::DeadlinePassed(_) | Event::DeadlineMoved(_) => true,
        _ => false, // Everything else is a step.
    }
}

/// Takes the one event out of the offer, or waits. An annotation is taken and the stage stays as it is.
macro_rules! take {
    ($stage:ident, $offer:ident) => {
        match $offer.0.take() {
            None => return Ok(Async::NotReady),
            Some(recorded) if is_annotation(Stage::$stage, &recorded.event) => return Ok(Async::NotReady),
            Some(recorded) => recorded,
        }
    };
}

/// The next stage.
macro_rules! go {
    ($next:expr) => {
        Ok(Async::Ready($next.into()))
    };
}

fn reject<T>(stage: Stage, event: &Event, why: Why) -> Poll<T, Rejected> {
    Err(Rejected { stage, kind: event.kind(), why })
}

fn missing(stage: Stage, event: &Event) -> impl Fn(Missing) -> Rejected {
    let kind = event.kind();
    move |missing| Rejected { stage, kind, why: Why::Missing(missing) }
}

/// An event without its author cannot count as evidence of two persons.
fn author(stage: Stage, recorded: &Recorded) -> Result<PersonId, Rejected> {
    recorded.person.ok_or_else(|| missing(stage, &recorded.event)(Missing::SecondPerson))
}

/// What two persons must say is not said by one with two keys.
fn second(stage: Stage, recorded: &Recorded, proposer: &Witness) -> Result<(), Rejected> {
    if author(stage, recorded)? == proposer.person_id {
        return Err(missing(stage, &recorded.event)(Missing::SecondPerson));
    }
    Ok(())
}

// In every method below, the last arm refuses whatever is not listed: the machine allows by name and forbids the rest,
// so a new kind of event is refused everywhere until a stage names it.
impl PollRoute for Route {
    fn poll_awaiting_dispatch<'s, 'o>(
        _: &'s mut RentToOwn<'s, AwaitingDispatch>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterAwaitingDispatch, Rejected> {
        let recorded = take!(AwaitingDispatch, offer);
        match &recorded.event {
            Event::Dispatched(_) => go!(Inbound { flagged: false, corrections: 0 }),
            Event::Received(_) => go!(Received),
            Event::IntakeExceptionFound(_) => go!(IntakeException { flagged: false }),
            Event::Cancelled(_) => go!(Closed(Outcome::Cancelled)),
            other => reject(Stage::AwaitingDispatch, other, Why::NotHere),
        }
    }

    fn poll_inbound<'s, 'o>(
        state: &'s mut RentToOwn<'s, Inbound>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterInbound, Rejected> {
        let recorded = take!(Inbound, offer);
        let (flagged, corrections) = (state.flagged, state.corrections);
        match &recorded.event {
            Event::WaybillCorrected(_) if corrections < MAX_WAYBILL_CORRECTIONS => {
                go!(Inbound { flagged, corrections: corrections + 1 })
            }
            Event::WaybillCorrected(_) => reject(Stage::Inbound, &recorded.event, Why::TooOften),
            Event::CancelRequested(_) => go!(Inbound { flagged: true, corrections }),
            Event::Received(_) if flagged => go!(Returning { posted: false }),
            Event::Received(_) => go!(Received),
            Event::IntakeExceptionFound(_) => go!(IntakeException { flagged }),
            Event::TurnedBack(_) => go!(Closed(Outcome::Returned)),
            Event::Lost(_) => go!(Closed(Outcome::Lost)),
            other => reject(Stage::Inbound, other, Why::NotHere),
        }
    }

    fn poll_intake_exception<'s, 'o>(
        state: &'s mut RentToOwn<'s, IntakeException>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterIntakeException, Rejected> {
        let recorded = take!(IntakeException, offer);
        match &recorded.event {
            Event::ExceptionResolved(resolved) => match resolved.to {
                Resolution::Received if state.flagged => reject(Stage::IntakeException, &recorded.event, Why::Flagged),
                Resolution::Received => go!(Received),
                Resolution::Returning => go!(Returning { posted: false }),
                Resolution::Lost => go!(Closed(Outcome::Lost)),
            },
            Event::CancelRequested(_) => go!(IntakeException { flagged: true }),
            Event::LostInCustody(_) => go!(Closed(Outcome::Lost)),
            Event::DamagedInCustody(_) => go!(Returning { posted: false }),
            other => reject(Stage::IntakeException, other, Why::NotHere),
        }
    }

    fn poll_received<'s, 'o>(
        _: &'s mut RentToOwn<'s, Received>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterReceived, Rejected> {
        let recorded = take!(Received, offer);
        match &recorded.event {
            Event::AppraisalOpened(_) => go!(Appraising { bench: Bench::default(), appealed: false }),
            Event::CancelRequested(_) | Event::DamagedInCustody(_) => go!(Returning { posted: false }),
            Event::LostInCustody(_) => go!(Closed(Outcome::Lost)),
            other => reject(Stage::Received, other, Why::NotHere),
        }
    }

    fn poll_appraising<'s, 'o>(
        state: &'s mut RentToOwn<'s, Appraising>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterAppraising, Rejected> {
        let recorded = take!(Appraising, offer);
        let (bench, appealed) = (&state.bench, state.appealed);
        match &recorded.event {
            Event::AppraisalSubmitted(_) => {
                let mut bench = bench.clone();
                let author = author(Stage::Appraising, &recorded)?;
                bench.submit(recorded.seq, author).map_err(missing(Stage::Appraising, &recorded.event))?;
                go!(Appraising { bench, appealed })
            }
            Event::MeasurementRepeated(repeated) => {
                let mut bench = bench.clone();
                bench.repeated(author(Stage::Appraising, &recorded)?, repeated);
                go!(Appraising { bench, appealed })
            }
            Event::HandedOver(_) => go!(Appraising { bench: bench.clone(), appealed }),
            Event::AppraisalSettled(settled) => {
                let appraised = bench.clone().settle(settled).map_err(missing(Stage::Appraising, &recorded.event))?;
                go!(SpokenReview { appraised, review: Review::default(), appealed })
            }
            Event::CancelRequested(_) | Event::DamagedInCustody(_) => go!(Returning { posted: false }),
            Event::LostInCustody(_) => go!(Closed(Outcome::Lost)),
            other => reject(Stage::Appraising, other, Why::NotHere),
        }
    }

    fn poll_spoken_review<'s, 'o>(
        state: &'s mut RentToOwn<'s, SpokenReview>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterSpokenReview, Rejected> {
        let recorded = take!(SpokenReview, offer);
        let (appealed, fail) = (state.appealed, missing(Stage::SpokenReview, &recorded.event));
        // Its last use here: the state is left in any case, and a whole ledger is dear to copy for every entry.
        let mut review = std::mem::take(&mut state.review);
        let mut appraised = state.appraised.clone();
        match &recorded.event {
            Event::ClaimsRead(read) => {
                review.read(recorded.seq, &read.claims, read.transcript_id.is_some()).map_err(fail)?;
            }
            Event::LedgerProposed(proposed) => {
                review.propose(recorded.seq, proposed.claims_seq, &proposed.entries).map_err(fail)?;
            }
            Event::EntrySettled(entry) => {
                let two = entry.proposed_by.is_some_and(|by| second(Stage::SpokenReview, &recorded, &by).is_ok());
                review
                    .settle(entry.proposal_seq, &entry.claim_id, entry.finding, entry.added.as_ref(), two)
                    .map_err(fail)?;
                let both = recorded.person.into_iter().chain(entry.proposed_by.map(|by| by.person_id));
                both.for_each(|person| appraised.shown_to(person));
            }
            Event::SpeechUnavailable(unavailable) => {
                second(Stage::SpokenReview, &recorded, &unavailable.proposed_by)?;
                review.unavailable();
            }
            // A correction voids what was proposed and settled; the desk proposes anew in the same commit.
            Event::Corrected(corrected) => match &corrected.replacement {
                Replacement::Appraisal { appraisal } => {
                    let own = (corrected.seq, author(Stage::SpokenReview, &recorded)?);
                    appraised.corrected(own, appraisal.weight.clone(), weighs_as_metal(appraisal)).map_err(fail)?;
                    review.void();
                }
                Replacement::Entry { .. } => review.void(),
                Replacement::ReceivedWeight { .. } | Replacement::Note { .. } => {}
            },
            Event::RepeatCalled(called) => return go!(Appraising { bench: appraised.repeat(called), appealed }),
            Event::SecondLookCalled(_) => {
                // Whoever's word led to it knows why.
                recorded.person.into_iter().for_each(|person| appraised.shown_to(person));
                return go!(Appraising { bench: appraised.look_again(), appealed });
            }
            Event::VerdictGiven(given) => {
                let bench = appraised.anew();
                let reviewed =
                    Reviewed::new(appraised, &review, given.proposal_seq, (given.verdict, given.derived), appealed)
                        .map_err(&fail)?;
                return match given.verdict {
                    Verdict::Pass => go!(Cleared { clearance: reviewed.pass().map_err(fail)? }),
                    Verdict::DisclosedDifference => go!(AwaitingBuyer { reviewed }),
                    Verdict::Undetermined => go!(Undetermined { reviewed }),
                    Verdict::NotAsDescribed => go!(Failed { reviewed, flagged: false }),
                    Verdict::SuspectedCounterfeit => {
                        go!(Quarantined { from: HeldFrom::House, bench, flagged: false, appealed })
                    }
                };
            }
            Event::AppraisalReopened(_) => return go!(Appraising { bench: appraised.anew(), appealed }),
            Event::CancelRequested(_) | Event::DamagedInCustody(_) => return go!(Returning { posted: false }),
            Event::LostInCustody(_) => return go!(Closed(Outcome::Lost)),
            other => return reject(Stage::SpokenReview, other, Why::NotHere),
        }
        go!(SpokenReview { appraised, review, appealed })
    }

    fn poll_awaiting_buyer<'s, 'o>(
        state: &'s mut RentToOwn<'s, AwaitingBuyer>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterAwaitingBuyer, Rejected> {
        let recorded = take!(AwaitingBuyer, offer);
        match &recorded.event {
            Event::DifferenceAccepted(accepted) => {
                let clearance = state
                    .reviewed
                    .clone()
                    .accept(&accepted.shown_digest)
                    .map_err(missing(Stage::AwaitingBuyer, &recorded.event))?;
                go!(Cleared { clearance })
            }
            Event::DifferenceRefused(_) | Event::CancelRequested(_) | Event::DamagedInCustody(_) => {
                go!(Returning { posted: false })
            }
            Event::LostInCustody(_) => go!(Closed(Outcome::Lost)),
            other => reject(Stage::AwaitingBuyer, other, Why::NotHere),
        }
    }

    fn poll_undetermined<'s, 'o>(
        state: &'s mut RentToOwn<'s, Undetermined>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterUndetermined, Rejected> {
        let recorded = take!(Undetermined, offer);
        let reviewed = state.reviewed.clone();
        match &recorded.event {
            Event::OutsideReportRecorded(_) => {
                go!(Appraising { bench: reviewed.appraised().anew(), appealed: reviewed.appealed() })
            }
            Event::DisclosedToBuyer(_) => go!(AwaitingBuyer { reviewed }),
            Event::GivenUp(_) | Event::CancelRequested(_) | Event::DamagedInCustody(_) => {
                go!(Returning { posted: false })
            }
            Event::LostInCustody(_) => go!(Closed(Outcome::Lost)),
            other => reject(Stage::Undetermined, other, Why::NotHere),
        }
    }

    fn poll_failed<'s, 'o>(
        state: &'s mut RentToOwn<'s, Failed>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterFailed, Rejected> {
        let recorded = take!(Failed, offer);
        let (reviewed, flagged) = (state.reviewed.clone(), state.flagged);
        match &recorded.event {
            Event::Appealed(_) | Event::Overridden(_) if flagged => {
                reject(Stage::Failed, &recorded.event, Why::Flagged)
            }
            Event::Appealed(_) if reviewed.appealed() => reject(Stage::Failed, &recorded.event, Why::TooOften),
            Event::Appealed(_) => {
                let bench = Bench::without(reviewed.appraised().appraisers());
                go!(Appraising { bench, appealed: true })
            }
            Event::Overridden(overridden) => {
                second(Stage::Failed, &recorded, &overridden.proposed_by)?;
                go!(AwaitingBuyer { reviewed: reviewed.overridden() })
            }
            Event::CancelRequested(_) => go!(Failed { reviewed, flagged: true }),
            Event::AppealLapsed(_) | Event::DamagedInCustody(_) => go!(Returning { posted: false }),
            Event::LostInCustody(_) => go!(Closed(Outcome::Lost)),
            other => reject(Stage::Failed, other, Why::NotHere),
        }
    }

    fn poll_quarantined<'s, 'o>(
        state: &'s mut RentToOwn<'s, Quarantined>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterQuarantined, Rejected> {
        let recorded = take!(Quarantined, offer);
        let (from, bench, appealed) = (state.from, state.bench.clone(), state.appealed);
        match &recorded.event {
            Event::QuarantineLifted(_) if state.flagged => reject(Stage::Quarantined, &recorded.event, Why::Flagged),
            Event::QuarantineLifted(lifted) => {
                second(Stage::Quarantined, &recorded, &lifted.proposed_by)?;
                match from {
                    HeldFrom::ReturnIntake(cause) => go!(ReturnIntake { cause }),
                    HeldFrom::House => go!(Appraising { bench, appealed }),
                }
            }
            Event::QuarantineUpheld(upheld) => {
                second(Stage::Quarantined, &recorded, &upheld.proposed_by)?;
                match upheld.to {
                    Upheld::Returning => go!(Returning { posted: false }),
                    Upheld::HandedToAuthority => go!(Closed(Outcome::HandedToAuthority)),
                }
            }
            Event::CancelRequested(_) => go!(Quarantined { from, bench, flagged: true, appealed }),
            Event::DamagedInCustody(_) => go!(Returning { posted: false }),
            Event::LostInCustody(_) => go!(Closed(Outcome::Lost)),
            other => reject(Stage::Quarantined, other, Why::NotHere),
        }
    }

    fn poll_cleared<'s, 'o>(
        state: &'s mut RentToOwn<'s, Cleared>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterCleared, Rejected> {
        let recorded = take!(Cleared, offer);
        let (bench, appealed) = {
            let reviewed = state.clearance.reviewed();
            (reviewed.appraised().anew(), reviewed.appealed())
        };
        match &recorded.event {
            Event::Tagged(tagged) => {
                let packer = author(Stage::Cleared, &recorded)?;
                let packed = state
                    .clearance
                    .clone()
                    .tag(tagged.tag.clone(), &tagged.weight, packer)
                    .map_err(missing(Stage::Cleared, &recorded.event))?;
                go!(Tagged { packed })
            }
            Event::PackingMismatchFound(_) => {
                go!(Quarantined { from: HeldFrom::House, bench, flagged: false, appealed })
            }
            Event::AppraisalReopened(_) => go!(Appraising { bench, appealed }),
            Event::CancelRequested(_) | Event::DamagedInCustody(_) => go!(Returning { posted: false }),
            Event::LostInCustody(_) => go!(Closed(Outcome::Lost)),
            other => reject(Stage::Cleared, other, Why::NotHere),
        }
    }

    fn poll_tagged<'s, 'o>(
        state: &'s mut RentToOwn<'s, Tagged>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterTagged, Rejected> {
        let recorded = take!(Tagged, offer);
        match &recorded.event {
            Event::Untagged(_) => go!(Cleared { clearance: state.packed.clone().untag() }),
            Event::Released(_) => {
                let releaser = author(Stage::Tagged, &recorded)?;
                let release =
                    state.packed.clone().release(releaser).map_err(missing(Stage::Tagged, &recorded.event))?;
                go!(Released { release })
            }
            Event::CancelRequested(_) | Event::DamagedInCustody(_) => go!(Returning { posted: false }),
            Event::LostInCustody(_) => go!(Closed(Outcome::Lost)),
            other => reject(Stage::Tagged, other, Why::NotHere),
        }
    }

    fn poll_released<'s, 'o>(
        state: &'s mut RentToOwn<'s, Released>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterReleased, Rejected> {
        let recorded = take!(Released, offer);
        match &recorded.event {
            Event::Shipped(_) => go!(Outbound),
            Event::CapsuleRevoked(revoked) => match revoked.to {
                RevokedTo::Cleared => go!(Cleared { clearance: state.release.clone().revoke() }),
                RevokedTo::Returning => go!(Returning { posted: false }),
            },
            Event::CancelRequested(_) | Event::DamagedInCustody(_) => go!(Returning { posted: false }),
            Event::LostInCustody(_) => go!(Closed(Outcome::Lost)),
            other => reject(Stage::Released, other, Why::NotHere),
        }
    }

    fn poll_outbound<'s, 'o>(
        _: &'s mut RentToOwn<'s, Outbound>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterOutbound, Rejected> {
        let recorded = take!(Outbound, offer);
        match &recorded.event {
            Event::WaybillCorrected(_) => go!(Outbound),
            Event::Delivered(_) => go!(Delivered),
            Event::Refused(_) => go!(ReturnInbound { cause: Cause::Refused, posted: true }),
            Event::Lost(_) => go!(Closed(Outcome::Lost)),
            other => reject(Stage::Outbound, other, Why::NotHere),
        }
    }

    fn poll_delivered<'s, 'o>(
        _: &'s mut RentToOwn<'s, Delivered>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterDelivered, Rejected> {
        let recorded = take!(Delivered, offer);
        match &recorded.event {
            Event::Completed(_) => go!(Closed(Outcome::Completed)),
            Event::ReturnOpened(_) => go!(ReturnInbound { cause: Cause::Opened, posted: false }),
            other => reject(Stage::Delivered, other, Why::NotHere),
        }
    }

    fn poll_return_inbound<'s, 'o>(
        state: &'s mut RentToOwn<'s, ReturnInbound>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterReturnInbound, Rejected> {
        let recorded = take!(ReturnInbound, offer);
        let cause = state.cause;
        match &recorded.event {
            Event::ReturnPosted(_) => go!(ReturnInbound { cause, posted: true }),
            Event::ReturnReceived(_) => go!(ReturnIntake { cause }),
            Event::ReturnLapsed(_) if state.posted || cause == Cause::Refused => {
                reject(Stage::ReturnInbound, &recorded.event, Why::Posted)
            }
            Event::ReturnLapsed(_) => go!(Delivered),
            Event::Lost(_) => go!(Closed(Outcome::Lost)),
            other => reject(Stage::ReturnInbound, other, Why::NotHere),
        }
    }

    fn poll_return_intake<'s, 'o>(
        state: &'s mut RentToOwn<'s, ReturnIntake>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterReturnIntake, Rejected> {
        let recorded = take!(ReturnIntake, offer);
        let held = Quarantined {
            from: HeldFrom::ReturnIntake(state.cause),
            bench: Bench::default(),
            flagged: false,
            appealed: false,
        };
        match &recorded.event {
            Event::SamePieceConfirmed(confirmed) => {
                second(Stage::ReturnIntake, &recorded, &confirmed.proposed_by)?;
                go!(Returning { posted: false })
            }
            Event::DamagedInCustody(_) => go!(Returning { posted: false }),
            Event::NotSamePieceFound(found) => {
                second(Stage::ReturnIntake, &recorded, &found.proposed_by)?;
                match state.cause {
                    Cause::Opened => go!(ReturningToBuyer { posted: false }),
                    // Swapped on the way: the refund is owed whatever is found.
                    Cause::Refused => go!(held),
                }
            }
            Event::IdentityUnclear(unclear) => {
                second(Stage::ReturnIntake, &recorded, &unclear.proposed_by)?;
                go!(held)
            }
            Event::LostInCustody(_) => go!(Closed(Outcome::Lost)),
            other => reject(Stage::ReturnIntake, other, Why::NotHere),
        }
    }

    fn poll_returning<'s, 'o>(
        state: &'s mut RentToOwn<'s, Returning>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterReturning, Rejected> {
        let recorded = take!(Returning, offer);
        match &recorded.event {
            Event::ReturnShipped(_) => go!(Returning { posted: true }),
            Event::Returned(_) => go!(Closed(Outcome::Returned)),
            Event::Unclaimed(_) => go!(Closed(Outcome::Unclaimed)),
            Event::Lost(_) => go!(Closed(Outcome::Lost)),
            Event::LostInCustody(_) | Event::DamagedInCustody(_) if state.posted => {
                reject(Stage::Returning, &recorded.event, Why::Posted)
            }
            Event::LostInCustody(_) => go!(Closed(Outcome::Lost)),
            Event::DamagedInCustody(_) => go!(Returning { posted: false }),
            other => reject(Stage::Returning, other, Why::NotHere),
        }
    }

    fn poll_returning_to_buyer<'s, 'o>(
        state: &'s mut RentToOwn<'s, ReturningToBuyer>,
        offer: &'o mut RentToOwn<'o, Offer>,
    ) -> Poll<AfterReturningToBuyer, Rejected> {
        let recorded = take!(ReturningToBuyer, offer);
        match &recorded.event {
            Event::ReturnShipped(_) => go!(ReturningToBuyer { posted: true }),
            Event::DeliveredBack(_) => go!(Closed(Outcome::Completed)),
            Event::Lost(_) => go!(Closed(Outcome::Lost)),
            Event::LostInCustody(_) | Event::DamagedInCustody(_) if state.posted => {
                reject(Stage::ReturningToBuyer, &recorded.event, Why::Posted)
            }
            Event::LostInCustody(_) => go!(Closed(Outcome::Lost)),
            Event::DamagedInCustody(_) => go!(Returning { posted: false }),
            other => reject(Stage::ReturningToBuyer, other, Why::NotHere),
        }
    }
}

/// Whether the metal allowance applies to the weight of a whole piece: its parts are metal, cord and accessories only.
pub fn weighs_as_metal(appraisal: &super::appraisal::Appraisal) -> bool {
    use super::appraisal::ComponentRole;
    let roles: BTreeSet<ComponentRole> = appraisal.components.iter().map(|found| found.role).collect();
    roles.contains(&ComponentRole::Metal)
        && !roles.contains(&ComponentRole::MainStone)
        && !roles.contains(&ComponentRole::SideStone)
}

#[cfg(test)]
mod tests;
