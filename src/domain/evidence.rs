//! The first wall: what a released piece stands on, as a chain of types. Each link is made only by consuming the one
//! before it, and no field can be set from outside, so a [`Release`] without an appraisal, a settled ledger, a verdict,
//! a tag, a matching weight and a second person cannot be written down (`journey.md`, "What must hold before a piece
//! leaves").

use std::collections::{BTreeMap, BTreeSet};

use super::event::{AppraisalSettled, MeasurementRepeated, RepeatCalled};
use super::ids::{ClaimId, ComponentId, PersonId, Tag};
use super::ledger::{Asks, Claim, Finding, ProposedEntry, Verdict, asked_verdict};
use super::quantity::{Mass, Weighing};
use super::text::Name;

/// Why a link cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Missing {
    /// The settlement names an appraisal that is not on the bench, or none.
    Appraisal,
    /// The ledger was not proposed, or the settlement names another proposal.
    Proposal,
    /// A claim has no settled finding.
    OpenClaim,
    /// The claim is not in the proposal.
    UnknownClaim,
    /// The claim that is to be added is in the ledger already.
    KnownClaim,
    /// Nobody read the speech, and nobody said why it cannot be read.
    Speech,
    /// The verdict is milder than the findings allow.
    MilderVerdict,
    /// The person is already part of the evidence, and it takes another.
    SecondPerson,
    /// Fewer persons looked than the rulebook asks for.
    SecondLook,
    /// A measurement at a limit is to be repeated first.
    Repeat,
    /// The packing weight says nothing about the appraised one: other things lay on the balance.
    LikeWeight,
    /// The packing weight does not agree with the appraised one.
    Weight,
    /// The acceptance names no text that was shown.
    Acceptance,
}

impl Missing {
    /// A sentence that says what would make it right.
    pub fn sentence(self) -> &'static str {
        match self {
            Missing::Appraisal => "there is no appraisal of this piece to settle: submit one first",
            Missing::Proposal => "the ledger was proposed anew, or not yet: read it again and name its proposal",
            Missing::OpenClaim => "a claim has no finding yet: settle every entry of the ledger first",
            Missing::UnknownClaim => "that claim is not in the ledger's proposal: read the ledger again",
            Missing::KnownClaim => "that claim is in the ledger already: settle it as an entry",
            Missing::Speech => {
                "nobody has read what was said of this piece: read its transcript, or have two persons record that \
                 the speech is unavailable"
            }
            Missing::MilderVerdict => {
                "the verdict is milder than the findings allow: give the one they ask for, or a stricter one"
            }
            Missing::SecondPerson => "this needs another person than those who did the work before",
            Missing::SecondLook => {
                "this piece takes the appraisals of more persons, each by themselves: another inspector looks first"
            }
            Missing::Repeat => {
                "a measurement at its limit is to be repeated first: post it to the piece's measurements"
            }
            Missing::LikeWeight => {
                "the weight does not include what the appraised weight includes: weigh the piece as it was appraised"
            }
            Missing::Weight => "the packing weight does not agree with the appraised weight: weigh again",
            Missing::Acceptance => "the buyer's acceptance must name the text that was shown",
        }
    }
}

/// What lies on the bench: the appraisals so far, and who may not add another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bench {
    appraisals: Vec<(i32, PersonId)>,
    /// After an appeal: those whose result is appealed.
    excluded: BTreeSet<PersonId>,
    /// Those who read of the result so far, and so cannot look blind: whoever worked on its ledger or repeated a
    /// measurement.
    saw: BTreeSet<PersonId>,
    /// How often a repeat and a second look were called; each at most as often as the rulebook says.
    repeats: u8,
    looks: u8,
    /// The measurement that is to be repeated.
    due: Option<Due>,
}

/// A measurement: of a part, or of the piece where none is named, and of what.
pub type Due = (Option<ComponentId>, Name);

impl Bench {
    /// After an appeal: other inspectors.
    pub(super) fn without(excluded: BTreeSet<PersonId>) -> Self {
        Self { excluded, ..Self::default() }
    }

    /// The appraisals on the bench: sequence number of the event, and author.
    pub fn appraisals(&self) -> &[(i32, PersonId)] {
        &self.appraisals
    }

    /// How often a repeated measurement was called for.
    pub fn repeats(&self) -> u8 {
        self.repeats
    }

    /// How often a second look was called for.
    pub fn looks(&self) -> u8 {
        self.looks
    }

    /// Whether this person may add an appraisal: each looks once, not at all after an appeal against them, and not after
    /// they have seen what another found.
    pub fn takes(&self, person: PersonId) -> bool {
        !self.excluded.contains(&person)
            && !self.saw.contains(&person)
            && !self.appraisals.iter().any(|(_, author)| *author == person)
    }

    /// The measurement that must be repeated before anything is settled.
    pub fn due(&self) -> Option<&Due> {
        self.due.as_ref()
    }

    /// Whether something lies on the bench that the next to look must not see.
    pub fn is_blind(&self) -> bool {
        !self.appraisals.is_empty()
    }

    /// A measurement was repeated, by somebody who then knows of it.
    pub(super) fn repeated(&mut self, by: PersonId, repeated: &MeasurementRepeated) {
        if self.takes(by) {
            self.saw.insert(by);
        }
        if self
            .due
            .as_ref()
            .is_some_and(|(component, quantity)| (component, quantity) == (&repeated.component, &repeated.quantity))
        {
            self.due = None;
        }
    }

    pub(super) fn submit(&mut self, seq: i32, author: PersonId) -> Result<(), Missing> {
        if !self.takes(author) {
            return Err(Missing::SecondPerson);
        }
        self.appraisals.push((seq, author));
        Ok(())
    }

    /// Settles what lies here: by as many persons as were asked for, of whom one may have looked a third time.
    pub(super) fn settle(self, settled: &AppraisalSettled) -> Result<Appraised, Missing> {
        let named: BTreeSet<_> = settled.appraisals.iter().collect();
        let known = |seq: &i32| self.appraisals.iter().any(|(own, _)| own == seq);
        if named.is_empty() || named.len() != settled.appraisals.len() || !settled.appraisals.iter().all(known) {
            return Err(Missing::Appraisal);
        }
        if self.due.is_some() {
            return Err(Missing::Repeat);
        }
        let asked = settled.looks.as_ref().map_or(1, |looks| looks.persons());
        if named.len() < asked.max(if self.looks == 0 { 1 } else { 2 }) {
            return Err(Missing::SecondLook);
        }
        let agreed = settled.looks.as_ref().is_none_or(|looks| looks.agreed);
        Ok(Appraised { bench: self, weight: settled.weight.clone(), metal: settled.metal, agreed })
    }
}

/// A settled appraisal of every component.
#[derive(Clone, Debug, PartialEq)]
pub struct Appraised {
    bench: Bench,
    weight: Weighing,
    /// Whether the piece is weighed by the allowance for metal.
    metal: bool,
    /// Whether those who looked agree. Where they do not, nothing milder than `undetermined` follows.
    agreed: bool,
}

impl Appraised {
    /// The bench that it was settled on.
    pub fn bench(&self) -> &Bench {
        &self.bench
    }

    /// The settled weight of the whole piece.
    pub fn weight(&self) -> &Weighing {
        &self.weight
    }

    /// Whether those who looked agree.
    pub fn agreed(&self) -> bool {
        self.agreed
    }

    /// The least verdict whatever the ledger says.
    pub fn least(&self) -> Verdict {
        if self.agreed { Verdict::Pass } else { Verdict::Undetermined }
    }

    /// Somebody worked on the ledger, and so knows what was found. Once two have looked, nobody else will be called.
    pub(super) fn shown_to(&mut self, person: PersonId) {
        if self.bench.appraisals.len() < 2 && self.bench.takes(person) {
            self.bench.saw.insert(person);
        }
    }

    /// The inspectors whose appraisals stand.
    pub fn appraisers(&self) -> BTreeSet<PersonId> {
        self.bench.appraisals.iter().map(|(_, person)| *person).collect()
    }

    /// A correction by the author replaces the settled weight.
    pub(super) fn corrected(&mut self, own: (i32, PersonId), weight: Weighing, metal: bool) -> Result<(), Missing> {
        if !self.bench.appraisals.contains(&own) {
            return Err(Missing::Appraisal);
        }
        self.weight = weight;
        self.metal = metal;
        Ok(())
    }

    /// A bench on which everything begins anew. Those whose result was appealed stay away from it.
    pub(super) fn anew(&self) -> Bench {
        Bench::without(self.bench.excluded.clone())
    }

    /// Back to the bench for a repeated measurement.
    pub(super) fn repeat(mut self, called: &RepeatCalled) -> Bench {
        self.bench.repeats = self.bench.repeats.saturating_add(1);
        self.bench.due = Some((called.component.clone(), called.quantity.clone()));
        self.bench
    }

    /// Back to the bench for a second appraiser.
    pub(super) fn look_again(mut self) -> Bench {
        self.bench.looks = self.bench.looks.saturating_add(1);
        self.bench
    }
}

/// How the check of what was said came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// A transcript was read.
    Read,
    /// Two persons recorded that there is none to read; page and capsule say so.
    Unavailable,
}

/// The ledger on its way: proposed, being settled.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Review {
    /// The event that read the claims, and what it read.
    read: Option<(i32, BTreeSet<ClaimId>)>,
    proposal: Option<i32>,
    entries: BTreeMap<ClaimId, Entry>,
    speech: Option<Speech>,
}

/// One claim's line in the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// None where an inspector added the claim.
    pub proposed: Option<Finding>,
    pub settled: Settled,
    pub main: bool,
    pub essential: bool,
    /// What the rulebook's severities ask for.
    pub asks: Option<Asks>,
}

impl Entry {
    /// The verdict that it asks for as it is settled.
    fn asked(&self) -> Verdict {
        match self.settled {
            Settled::Open | Settled::Misread => Verdict::Pass,
            Settled::Found(finding) => asked_verdict(finding, self.proposed, (self.main, self.essential), self.asks),
        }
    }
}

/// What became of one claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    Open,
    Found(Finding),
    /// Not said, or not of this piece.
    Misread,
}

impl Review {
    /// The sequence number of the proposal that may be settled.
    pub fn proposal(&self) -> Option<i32> {
        self.proposal
    }

    pub fn entries(&self) -> &BTreeMap<ClaimId, Entry> {
        &self.entries
    }

    pub fn speech(&self) -> Option<Speech> {
        self.speech
    }

    /// The claims that have no finding yet.
    pub fn open(&self) -> impl Iterator<Item = &ClaimId> {
        self.entries.iter().filter(|(_, entry)| entry.settled == Settled::Open).map(|(id, _)| id)
    }

    /// The least verdict that the settled findings allow: the most severe that any of them asks for.
    pub fn derived(&self) -> Verdict {
        self.entries.values().map(Entry::asked).max().unwrap_or(Verdict::Pass)
    }

    /// Whether settling a claim in this way takes a second person: it is struck, or its finding becomes milder than
    /// the one that was proposed or settled before.
    pub fn needs_second(&self, claim: &ClaimId, finding: Option<Finding>) -> bool {
        let Some(finding) = finding else { return true };
        self.entries.get(claim).is_some_and(|entry| {
            let before = match entry.settled {
                Settled::Found(found) => Some(found),
                Settled::Open | Settled::Misread => None,
            };
            entry.proposed.into_iter().chain(before).any(|before| finding.milder_than(before))
        })
    }

    /// Claims were read anew: what was proposed and settled is void, and without a transcript nothing was read.
    pub(super) fn read(&mut self, seq: i32, claims: &[Claim], transcript: bool) -> Result<(), Missing> {
        let ids: BTreeSet<_> = claims.iter().map(|claim| claim.claim_id.clone()).collect();
        if ids.len() != claims.len() {
            return Err(Missing::KnownClaim);
        }
        self.void();
        self.read = Some((seq, ids));
        self.speech = match self.speech {
            _ if transcript => Some(Speech::Read),
            Some(Speech::Unavailable) => Some(Speech::Unavailable),
            Some(Speech::Read) | None => None,
        };
        Ok(())
    }

    pub(super) fn void(&mut self) {
        self.proposal = None;
        self.entries.clear();
    }

    /// A proposal rests on the claims that were read last, and has a finding for each of them and for nothing else.
    pub(super) fn propose(&mut self, seq: i32, claims_seq: i32, entries: &[ProposedEntry]) -> Result<(), Missing> {
        let claims = match &self.read {
            Some((read, claims)) if *read == claims_seq => claims,
            Some(_) | None => return Err(Missing::Proposal),
        };
        let proposed: BTreeMap<_, _> = entries
            .iter()
            .map(|entry| {
                let line = Entry {
                    proposed: Some(entry.finding),
                    settled: Settled::Open,
                    main: entry.main,
                    essential: entry.essential,
                    asks: entry.asks,
                };
                (entry.claim_id.clone(), line)
            })
            .collect();
        if proposed.len() != entries.len() || !proposed.keys().all(|id| claims.contains(id)) {
            return Err(Missing::UnknownClaim);
        }
        if proposed.len() != claims.len() {
            return Err(Missing::OpenClaim);
        }
        self.proposal = Some(seq);
        self.entries = proposed;
        Ok(())
    }

    /// `second` says whether two different persons stand behind it.
    pub(super) fn settle(
        &mut self,
        proposal: i32,
        claim: &ClaimId,
        finding: Option<Finding>,
        added: Option<&Claim>,
        second: bool,
    ) -> Result<(), Missing> {
        if self.proposal != Some(proposal) {
            return Err(Missing::Proposal);
        }
        if !second && self.needs_second(claim, finding) {
            return Err(Missing::SecondPerson);
        }
        let settled = finding.map_or(Settled::Misread, Settled::Found);
        if let Some(added) = added {
            if added.claim_id != *claim {
                return Err(Missing::UnknownClaim);
            }
            if self.entries.contains_key(claim) {
                return Err(Missing::KnownClaim);
            }
            // A claim that the reader missed counts as a main one: it was worth the inspector's word.
            let line = Entry { proposed: None, settled, main: true, essential: added.kind.is_essential(), asks: None };
            self.entries.insert(claim.clone(), line);
            return Ok(());
        }
        self.entries.get_mut(claim).ok_or(Missing::UnknownClaim)?.settled = settled;
        Ok(())
    }

    pub(super) fn unavailable(&mut self) {
        self.speech = Some(Speech::Unavailable);
    }

    /// Whether a verdict may be given on this proposal.
    pub fn ready(&self, proposal: i32) -> Result<Speech, Missing> {
        if self.proposal != Some(proposal) {
            return Err(Missing::Proposal);
        }
        if self.open().next().is_some() {
            return Err(Missing::OpenClaim);
        }
        self.speech.ok_or(Missing::Speech)
    }
}

/// Appraised, and the ledger settled with a verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Reviewed {
    appraised: Appraised,
    verdict: Verdict,
    speech: Speech,
    /// After an appeal, no second one.
    appealed: bool,
}

impl Reviewed {
    pub(super) fn new(
        mut appraised: Appraised,
        review: &Review,
        proposal: i32,
        (verdict, derived): (Verdict, Verdict),
        appealed: bool,
    ) -> Result<Self, Missing> {
        let speech = review.ready(proposal)?;
        // Which difference is small enough to be disclosed is the rulebook's of its day, and the decision's to hold. That
        // a finding against the piece bars a pass is of every day.
        if verdict < derived.max(appraised.least()) || (verdict == Verdict::Pass && review.derived() != Verdict::Pass) {
            return Err(Missing::MilderVerdict);
        }
        // From here on there is only a bench anew.
        appraised.bench.saw.clear();
        Ok(Self { appraised, verdict, speech, appealed })
    }

    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    pub fn appraised(&self) -> &Appraised {
        &self.appraised
    }

    pub fn appealed(&self) -> bool {
        self.appealed
    }

    /// An override by a supervisor and a second person is a new verdict, which the buyer must still accept.
    pub(super) fn overridden(mut self) -> Self {
        self.verdict = Verdict::DisclosedDifference;
        self
    }

    /// A pass needs nobody's word.
    pub(super) fn pass(self) -> Result<Clearance, Missing> {
        match self.verdict {
            Verdict::Pass => Ok(Clearance { reviewed: self, accepted: None }),
            Verdict::DisclosedDifference
            | Verdict::Undetermined
            | Verdict::NotAsDescribed
            | Verdict::SuspectedCounterfeit => Err(Missing::MilderVerdict),
        }
    }

    /// What was disclosed needs the buyer's acceptance of exactly the text that was shown.
    pub(super) fn accept(self, shown_digest: &str) -> Result<Clearance, Missing> {
        let accepted = match self.verdict {
            Verdict::DisclosedDifference | Verdict::Undetermined => shown_digest.to_owned(),
            Verdict::Pass | Verdict::NotAsDescribed | Verdict::SuspectedCounterfeit => {
                return Err(Missing::MilderVerdict);
            }
        };
        if accepted.is_empty() {
            return Err(Missing::Acceptance);
        }
        Ok(Clearance { reviewed: self, accepted: Some(accepted) })
    }
}

/// Both checks passed, or the difference was accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Clearance {
    reviewed: Reviewed,
    accepted: Option<String>,
}

impl Clearance {
    pub fn reviewed(&self) -> &Reviewed {
        &self.reviewed
    }

    /// The digest of the text that the buyer accepted.
    pub fn accepted(&self) -> Option<&str> {
        self.accepted.as_deref()
    }

    /// How the speech was checked.
    pub fn speech(&self) -> Speech {
        self.reviewed.speech
    }

    /// Whether a packing weight agrees with the settled one.
    pub fn agrees(&self, weight: &Weighing) -> Result<(), Missing> {
        let settled = &self.reviewed.appraised.weight;
        if !settled.like(weight) {
            return Err(Missing::LikeWeight);
        }
        // The difference of two stored numbers may be larger than either type of them holds.
        let limit = packing_limit(self.reviewed.appraised.metal).0.unsigned_abs();
        if limit < settled.mass.0.abs_diff(weight.mass.0) {
            return Err(Missing::Weight);
        }
        Ok(())
    }

    pub(super) fn tag(self, tag: Tag, weight: &Weighing, by: PersonId) -> Result<Packed, Missing> {
        self.agrees(weight)?;
        Ok(Packed { clearance: self, tag, packer: by })
    }
}

/// How far the packing weight may lie from the settled one: 0.02 g for metal, else 0.05 g. Both balances' uncertainty
/// widens it once instruments are read. (`journey.md`, "What must hold before a piece leaves")
pub fn packing_limit(metal: bool) -> Mass {
    Mass(if metal { 20_000 } else { 50_000 })
}

/// Tagged, weighed and packed.
#[derive(Clone, Debug, PartialEq)]
pub struct Packed {
    clearance: Clearance,
    tag: Tag,
    packer: PersonId,
}

impl Packed {
    pub fn tag(&self) -> &Tag {
        &self.tag
    }

    pub fn packer(&self) -> PersonId {
        self.packer
    }

    pub fn clearance(&self) -> &Clearance {
        &self.clearance
    }

    /// Whether this person may release: another than every appraiser.
    pub fn may_release(&self, person: PersonId) -> bool {
        !self.clearance.reviewed.appraised.bench.appraisals.iter().any(|(_, author)| *author == person)
    }

    /// The tag is off again.
    pub(super) fn untag(self) -> Clearance {
        self.clearance
    }

    pub(super) fn release(self, by: PersonId) -> Result<Release, Missing> {
        if !self.may_release(by) {
            return Err(Missing::SecondPerson);
        }
        Ok(Release { packed: self, releaser: by })
    }
}

/// Everything a piece needs to leave for its buyer.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    packed: Packed,
    releaser: PersonId,
}

impl Release {
    pub fn packed(&self) -> &Packed {
        &self.packed
    }

    pub fn releaser(&self) -> PersonId {
        self.releaser
    }

    /// The capsule is revoked and the tag void; both checks still stand.
    pub(super) fn revoke(self) -> Clearance {
        self.packed.untag()
    }
}
