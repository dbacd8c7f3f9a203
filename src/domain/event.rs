//! What can happen, in the past tense. An event is stored for ever in the form given here: fields may be added with a
//! default, a changed meaning is a new version, and nothing is renamed or removed.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::actor::{Role, Witness};
use super::appraisal::{Appraisal, ComponentResult, Declared, Size};
use super::certificate::HeldBy;
use super::conduct::IncidentKind;
use super::fingerprint::Fingerprint;
use super::ids::*;
use super::ledger::{Claim, Finding, ProposedEntry, Verdict};
use super::looks::{Because, Looks};
use super::obligation::{OwedRule, Party};
use super::quantity::{Currency, Money, Weighing};
use super::text::{Name, Sealed};
use super::transit::TransitTrouble;

macro_rules! events {
    ($($(#[$doc:meta])* $kind:ident $text:literal $version:literal $((reads $older:literal))?)*) => {
        /// One thing that happened. The names are those of `journey.md`.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Event { $($(#[$doc])* $kind($kind),)* }

        /// The kind of an event, without its payload.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EventKind { $($(#[$doc])* $kind,)* }

        impl EventKind {
            pub const ALL: &'static [EventKind] = &[$(EventKind::$kind,)*];

            /// The name in journals, in the API and in words.
            pub fn as_str(self) -> &'static str {
                match self { $(EventKind::$kind => $text,)* }
            }

            /// The version of the payload that is written today.
            pub fn version(self) -> i32 {
                match self { $(EventKind::$kind => $version,)* }
            }
        }

        impl Event {
            pub fn kind(&self) -> EventKind {
                match self { $(Event::$kind(_) => EventKind::$kind,)* }
            }

            /// Reads a stored payload.
            pub fn parse(kind: &str, version: i32, payload: &str) -> Result<Self, Unreadable> {
                match kind {
                    $($text if version == $version $(|| version == $older)? => serde_json::from_str(payload)
                        .map(Event::$kind)
                        .map_err(|error| Unreadable { kind: kind.to_owned(), version, why: error.to_string() }),)*
                    _ => Err(Unreadable { kind: kind.to_owned(), version, why: "no such kind and version".into() }),
                }
            }
        }

        impl Serialize for Event {
            /// The payload alone; kind and version stand beside it.
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { $(Event::$kind(payload) => payload.serialize(serializer),)* }
            }
        }

        $(impl From<$kind> for Event {
            fn from(payload: $kind) -> Self {
                Event::$kind(payload)
            }
        })*
    };
}

/// A stored event that this program cannot read: a corrupt journal, or one written by a later release.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event {kind} of version {version} cannot be read: {why}")]
pub struct Unreadable {
    pub kind: String,
    pub version: i32,
    pub why: String,
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An event with the circumstances that stand beside its payload. Hash, digest and command id belong to the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// 1 for the first event of the journal.
    pub seq: i32,
    pub at: Timestamp,
    pub person: Option<PersonId>,
    pub key: Option<KeyId>,
    pub role: Role,
    pub event: Event,
}

events! {
    /// The order's first event.
    OrderPlaced "order_placed" 1
    /// The buyer is asked whether the rest shall ship without the line that failed.
    RestAsked "rest_asked" 1
    RestWanted "rest_wanted" 1
    RestDeclined "rest_declined" 1
    /// The merchant did not fill the line again in time.
    LineFailed "line_failed" 1
    /// The price is wanted back instead of another piece.
    LineCancelled "line_cancelled" 1
    /// A person's key was destroyed; what was sealed of them can no longer be read.
    PersonErased "person_erased" 1
    /// A piece's first event.
    PieceOpened "piece_opened" 1
    /// Which part of the live session speaks of this piece.
    SegmentSet "segment_set" 1
    Dispatched "dispatched" 1
    WaybillCorrected "waybill_corrected" 1
    Received "received" 1
    IntakeExceptionFound "intake_exception_found" 1
    ExceptionResolved "exception_resolved" 1
    Cancelled "cancelled" 1
    CancelRequested "cancel_requested" 1
    TurnedBack "turned_back" 1
    Lost "lost" 1
    AppraisalOpened "appraisal_opened" 1
    AppraisalSubmitted "appraisal_submitted" 1
    MeasurementRepeated "measurement_repeated" 1
    HandedOver "handed_over" 1
    AppraisalSettled "appraisal_settled" 1
    ClaimsRead "claims_read" 1
    LedgerProposed "ledger_proposed" 1
    EntrySettled "entry_settled" 1
    SpeechUnavailable "speech_unavailable" 1
    RepeatCalled "repeat_called" 1
    SecondLookCalled "second_look_called" 1
    VerdictGiven "verdict_given" 1
    AppraisalReopened "appraisal_reopened" 1
    DifferenceAccepted "difference_accepted" 1
    DifferenceRefused "difference_refused" 1
    OutsideReportRecorded "outside_report_recorded" 1
    DisclosedToBuyer "disclosed_to_buyer" 1
    GivenUp "given_up" 1
    Appealed "appealed" 1
    AppealLapsed "appeal_lapsed" 1
    Overridden "overridden" 1
    QuarantineLifted "quarantine_lifted" 1
    QuarantineUpheld "quarantine_upheld" 1
    Tagged "tagged" 1
    PackingMismatchFound "packing_mismatch_found" 1
    Untagged "untagged" 1
    Released "released" 1
    CapsuleRevoked "capsule_revoked" 1
    Shipped "shipped" 1
    Delivered "delivered" 1
    Refused "refused" 1
    Completed "completed" 1
    ReturnOpened "return_opened" 1
    ReturnPosted "return_posted" 1
    ReturnReceived "return_received" 1
    ReturnLapsed "return_lapsed" 1
    SamePieceConfirmed "same_piece_confirmed" 1
    NotSamePieceFound "not_same_piece_found" 1
    IdentityUnclear "identity_unclear" 1
    ReturnShipped "return_shipped" 1
    Returned "returned" 1
    Unclaimed "unclaimed" 1
    DeliveredBack "delivered_back" 1
    LostInCustody "lost_in_custody" 1
    DamagedInCustody "damaged_in_custody" 1
    Corrected "corrected" 1
    NoteAdded "note_added" 1
    /// Version 2 adds the small rendition, the camera's time and the fingerprint.
    PhotoAdded "photo_added" 2 (reads 1)
    /// The number of a presented certificate is bound to another piece.
    CertificateClashFound "certificate_clash_found" 1
    /// Somebody looked whether it is the same article.
    SameArticleAnswered "same_article_answered" 1
    /// In the order's journal: somebody owes somebody.
    ObligationArose "obligation_arose" 1
    /// What it rested on fell away.
    ObligationReversed "obligation_reversed" 1
    ObligationAmountSet "obligation_amount_set" 1
    /// The platform has paid it out.
    ObligationSettled "obligation_settled" 1
    /// In the order's journal: the merchant's fault is certain.
    IncidentConfirmed "incident_confirmed" 1
    IncidentWithdrawn "incident_withdrawn" 1
    /// The merchant confirms to have read the rule.
    LessonRead "lesson_read" 1
    StepAppealed "step_appealed" 1
    StepAppealDecided "step_appeal_decided" 1
    /// The platform is done with a recommendation.
    StepLifted "step_lifted" 1
    /// A carrier tells that the parcel moves.
    CarrierMoved "carrier_moved" 1
    /// A carrier tells what somebody has to look at.
    CarrierExceptionFound "carrier_exception_found" 1
    /// A case's first event.
    CaseOpened "case_opened" 1
    CaseReported "case_reported" 1
    /// One of two supervisors would decide so.
    CaseDecisionProposed "case_decision_proposed" 1
    CaseDecided "case_decided" 1
    /// A clock ran out that moves nothing by itself: it is somebody's task now.
    DeadlinePassed "deadline_passed" 1
    /// A person's clock runs longer than it was promised, because the house had lost time.
    DeadlineMoved "deadline_moved" 1
    /// A clock nears its end: whoever it waits for is reminded, once.
    DeadlineNeared "deadline_neared" 1
    /// A channel took the notice of an event whose answer somebody owes: their clock starts.
    NoticeAccepted "notice_accepted" 1
}

macro_rules! payloads {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    )*};
}

/// How passed pieces of an order leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ship {
    AsReady,
    Together,
}

/// How a line is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pricing {
    ByWeight,
    Fixed,
}

/// One line of an order: the slot that the buyer paid for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacedLine {
    pub line_no: i32,
    pub sku: Option<Sku>,
    pub title: Sealed,
    pub price: Money,
    pub pricing: Pricing,
    pub custom_made: bool,
}

/// A reference piece of the house: what an inspector ought to find.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    pub line_no: i32,
    pub truth: Appraisal,
}

/// A part of the live session, in milliseconds since its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    pub from_ms: i64,
    pub to_ms: i64,
}

impl Segment {
    /// Whether this one leaves out a part of the other.
    pub fn narrows(&self, other: &Segment) -> bool {
        other.from_ms < self.from_ms || self.to_ms < other.to_ms
    }
}

/// In which state a parcel or a piece arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    Intact,
    Empty,
    WrongPiece,
    Damaged,
    Opened,
    TooMany,
    TooFew,
}

impl Condition {
    pub const ALL: [Condition; 7] = [
        Condition::Intact,
        Condition::Empty,
        Condition::WrongPiece,
        Condition::Damaged,
        Condition::Opened,
        Condition::TooMany,
        Condition::TooFew,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Condition::Intact => "intact",
            Condition::Empty => "empty",
            Condition::WrongPiece => "wrong_piece",
            Condition::Damaged => "damaged",
            Condition::Opened => "opened",
            Condition::TooMany => "too_many",
            Condition::TooFew => "too_few",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|condition| condition.as_str() == text)
    }
}

/// How a piece came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Cancelled,
    Completed,
    Returned,
    Unclaimed,
    Lost,
    HandedToAuthority,
}

impl Outcome {
    pub const ALL: [Outcome; 6] = [
        Outcome::Cancelled,
        Outcome::Completed,
        Outcome::Returned,
        Outcome::Unclaimed,
        Outcome::Lost,
        Outcome::HandedToAuthority,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Cancelled => "cancelled",
            Outcome::Completed => "completed",
            Outcome::Returned => "returned",
            Outcome::Unclaimed => "unclaimed",
            Outcome::Lost => "lost",
            Outcome::HandedToAuthority => "handed_to_authority",
        }
    }
}

/// Where a supervisor sends a piece with an intake exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    Received,
    Returning,
    Lost,
}

/// Where a revoked piece goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokedTo {
    Cleared,
    Returning,
}

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseKind {
    /// 复检: the buyer asked for a second laboratory.
    Retest,
    Warranty,
    Counterfeit,
    /// A parcel came for a piece that is closed.
    Parcel,
}

impl CaseKind {
    pub const ALL: [CaseKind; 4] = [CaseKind::Retest, CaseKind::Warranty, CaseKind::Counterfeit, CaseKind::Parcel];

    pub fn as_str(self) -> &'static str {
        match self {
            CaseKind::Retest => "retest",
            CaseKind::Warranty => "warranty",
            CaseKind::Counterfeit => "counterfeit",
            CaseKind::Parcel => "parcel",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What becomes of a piece whose quarantine is upheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Upheld {
    Returning,
    HandedToAuthority,
}

payloads! {
    OrderPlaced {
        tenant_id: TenantId,
        order_no: OrderNo,
        merchant_id: MerchantId,
        merchant_person_id: PersonId,
        buyer_id: PersonId,
        streamer_id: Option<PersonId>,
        warehouse_id: WarehouseId,
        live_id: Option<LiveId>,
        /// Microseconds since the Unix epoch.
        paid_at: i64,
        ship: Ship,
        /// The guarantee level that the merchant signed: N of 假一赔N.
        guarantee_level: i32,
        guarantees: BTreeSet<Name>,
        buyer_timezone: Name,
        merchant_timezone: Name,
        lines: Vec<PlacedLine>,
        /// What is known for sure of the house's own reference pieces among them. The inspectors never read this journal.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        references: Vec<Reference>,
    }
    RestAsked { line_no: i32 }
    RestWanted {}
    /// By the buyer's silence, or by their word; none of before 2026-11-25 was by silence.
    RestDeclined {
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_deadline: bool,
    }
    LineFailed { line_no: i32 }
    LineCancelled { line_no: i32, reason: Option<Sealed> }
    PersonErased { person_id: PersonId }
    PieceOpened {
        code: PieceCode,
        line_no: i32,
        /// 1 for the first piece of a line, at most 3.
        attempt: i32,
        /// The piece that this one follows.
        follows: Option<StreamId>,
        price: Money,
        pricing: Pricing,
        custom_made: bool,
        declared: Declared,
        segment: Option<Segment>,
        /// A hidden reference piece of the warehouse's own.
        reference: bool,
    }
    SegmentSet { segment: Option<Segment>, proposed_by: Option<Witness> }
    Dispatched { parcel_id: ParcelId, carrier: Carrier, waybill: Waybill }
    WaybillCorrected { parcel_id: ParcelId, carrier: Carrier, waybill: Waybill }
    Received { parcel_id: Option<ParcelId>, weight: Weighing, note: Option<Sealed> }
    IntakeExceptionFound { condition: Condition, parcel_id: Option<ParcelId>, note: Option<Sealed> }
    ExceptionResolved { to: Resolution, reason: Sealed }
    Cancelled { reason: Option<Sealed> }
    CancelRequested { reason: Option<Sealed> }
    TurnedBack { note: Option<Sealed> }
    Lost { note: Option<Sealed> }
    AppraisalOpened {}
    AppraisalSubmitted { appraisal: Appraisal }
    MeasurementRepeated { component: Option<ComponentId>, quantity: Name, weighing: Option<Weighing>, value: Option<Name> }
    HandedOver { to: PersonId }
    /// The appraisals that stand, by the sequence numbers of their events, and what they settle.
    AppraisalSettled {
        appraisals: Vec<i32>,
        weight: Weighing,
        metal: bool,
        /// How many persons were asked for, why, and whether they agree; none in events of before 2026-11-24.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        looks: Option<Box<Looks>>,
    }
    ClaimsRead { transcript_id: Option<TextId>, lexicon_version: Name, claims: Vec<Claim> }
    LedgerProposed { claims_seq: i32, rulebook_version: Name, entries: Vec<ProposedEntry> }
    /// One claim's finding; none where it is struck as misread.
    EntrySettled {
        proposal_seq: i32,
        claim_id: ClaimId,
        finding: Option<Finding>,
        added: Option<Claim>,
        note: Option<Sealed>,
        proposed_by: Option<Witness>,
    }
    SpeechUnavailable { reason: Sealed, proposed_by: Witness }
    RepeatCalled { component: Option<ComponentId>, quantity: Name }
    /// Another person is to look, and why: no reason of theirs, for they look blind.
    SecondLookCalled {
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        because: BTreeSet<Because>,
    }
    /// Its rulebook is the one of the proposal that it names; events of before 2026-11-23 leave that to the proposal.
    VerdictGiven {
        proposal_seq: i32,
        verdict: Verdict,
        derived: Verdict,
        reason: Option<Sealed>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rulebook_version: Option<Name>,
    }
    AppraisalReopened { reason: Sealed }
    /// The digest is that of exactly the text that was shown to the buyer.
    DifferenceAccepted { shown_digest: String }
    DifferenceRefused { by_deadline: bool }
    OutsideReportRecorded { laboratory_id: LaboratoryId, number: CertificateNo, results: Vec<ComponentResult> }
    DisclosedToBuyer { open_points: Vec<ClaimId>, reason: Sealed }
    GivenUp { reason: Sealed }
    Appealed { reason: Sealed }
    AppealLapsed { waived: bool, reason: Option<Sealed> }
    Overridden { reason: Sealed, proposed_by: Witness }
    QuarantineLifted { reason: Sealed, proposed_by: Witness }
    QuarantineUpheld { to: Upheld, reference: Option<Name>, reason: Sealed, proposed_by: Witness }
    Tagged { tag: Tag, weight: Weighing, weight_with_tag: Weighing, photo_ids: BTreeSet<PhotoId> }
    PackingMismatchFound { weight: Weighing, settled: Weighing, reason: Option<Sealed> }
    Untagged { reason: Sealed }
    Released { certificate_code: CertificateCode }
    CapsuleRevoked { to: RevokedTo, reason: Sealed }
    Shipped { carrier: Carrier, waybill: Waybill }
    Delivered { delivered_at: i64 }
    Refused { note: Option<Sealed> }
    Completed {}
    ReturnOpened { reason: Option<Sealed> }
    ReturnPosted { carrier: Carrier, waybill: Waybill }
    /// What came back, before anybody says whether it is the same piece.
    ReturnReceived {
        weight: Weighing,
        note: Option<Sealed>,
        /// The tag that is read on it; none where it has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag: Option<Tag>,
        /// Whether that tag was never opened.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag_intact: Option<bool>,
        /// Measured once more.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sizes: Vec<Size>,
    }
    ReturnLapsed {}
    SamePieceConfirmed { proposed_by: Witness }
    NotSamePieceFound { reason: Sealed, proposed_by: Witness }
    IdentityUnclear { reason: Sealed, proposed_by: Witness }
    ReturnShipped { carrier: Carrier, waybill: Waybill }
    Returned { picked_up: bool }
    Unclaimed {}
    DeliveredBack {}
    LostInCustody { note: Sealed }
    DamagedInCustody { note: Sealed }
    /// A correction points at the event that it replaces; nothing is edited.
    Corrected { seq: i32, replacement: Replacement, reason: Sealed }
    NoteAdded { text: Sealed }
    PhotoAdded {
        photo_id: PhotoId,
        kind: Name,
        /// SHA-256 of the bytes as they came, in hexadecimal.
        original_sha256: String,
        /// Of the rendition whose longer side has at most 1600 pixels, and of the one with 320; without metadata.
        shown_sha256: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        small_sha256: Option<String>,
        /// Of the original, as its bytes say.
        media_type: Name,
        size_bytes: i64,
        /// When the camera says that it took it: `2026-11-21T10:03:04`, with its offset where it says one (Exif 2.32).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        captured_at: Option<Name>,
        /// What it looks like; none of what shows nothing to be known by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fingerprint: Option<Fingerprint>,
    }
}

payloads! {
    /// Body and number as they were presented. Neither the other piece nor whose it is is named.
    CertificateClashFound { body: Name, number: CertificateNo, held_by: HeldBy }
    /// The clash by the sequence number of its event.
    SameArticleAnswered { clash_seq: i32, same: bool, note: Option<Sealed> }
    CaseOpened { piece: StreamId, kind: CaseKind, parcel_id: Option<ParcelId>, note: Option<Sealed> }
    /// What somebody found who is qualified for it; whether it contradicts what we had found.
    CaseReported {
        laboratory_id: Option<LaboratoryId>,
        number: Option<CertificateNo>,
        contradicts: bool,
        report: Sealed,
    }
    /// An amount is in minor units of the price's currency, where the rulebook leaves it to the case.
    CaseDecisionProposed { upheld: bool, amount: Option<i64>, revokes: bool, reason: Sealed }
    /// With what it was about, so that what follows from it can be told from it alone.
    CaseDecided {
        piece: StreamId,
        kind: CaseKind,
        upheld: bool,
        amount: Option<i64>,
        revokes: bool,
        reason: Sealed,
        proposed_by: Witness,
    }
    /// Which clock, by its name, and when it was due, in microseconds since the Unix epoch.
    DeadlinePassed { clock: Name, due_at: i64 }
    /// Which clock, by its name, and before when it does not run out, in microseconds since the Unix epoch.
    DeadlineMoved { clock: Name, due_at: i64 }
    /// The same of a clock that still runs: when it will be over.
    DeadlineNeared { clock: Name, due_at: i64 }
    /// Which notice was taken, by which channel (`mail` or `webhook`), and the sequence number of the event that it tells
    /// of. Taken is what the mail server or the platform's endpoint has answered with a success.
    NoticeAccepted { notice: Name, channel: Name, seq: i32 }
}

payloads! {
    /// By the rule of the rulebook, with its clause. The amount is in minor units; none is set by a supervisor, and
    /// never above `at_most`.
    ObligationArose {
        id: ObligationId,
        rule: OwedRule,
        debtor: Party,
        creditor: Party,
        line_no: i32,
        /// The piece that it is about; none for what is owed once for a line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stream_id: Option<StreamId>,
        amount: Option<i64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_most: Option<i64>,
        currency: Currency,
        clause: Name,
        /// The event of the piece (or, without one, of the order) that it follows from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<i32>,
        rulebook_version: Name,
    }
    ObligationReversed {
        id: ObligationId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<i32>,
    }
    ObligationAmountSet { id: ObligationId, amount: i64, reason: Sealed }
    /// Microseconds since the Unix epoch, as the platform tells.
    ObligationSettled { id: ObligationId, settled_at: i64 }
    /// Incidents of one kind and one occasion (a live session, an order) count once on the ladder.
    IncidentConfirmed {
        id: IncidentId,
        kind: IncidentKind,
        line_no: i32,
        stream_id: StreamId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        occasion: Option<Name>,
        clause: Name,
        /// The event of the piece that it follows from.
        cause: i32,
        rulebook_version: Name,
    }
    IncidentWithdrawn { id: IncidentId, cause: i32 }
    LessonRead { id: IncidentId }
    StepAppealed { id: IncidentId, reason: Sealed }
    StepAppealDecided { id: IncidentId, granted: bool, reason: Sealed }
    StepLifted { id: IncidentId, reason: Sealed }
    /// The leg by the event that posted it; the carrier's time in microseconds. Not every scan is an event: one is
    /// written where the last that is known lies half a day back.
    CarrierMoved { leg: i32, at: i64 }
    CarrierExceptionFound { leg: i32, what: TransitTrouble, at: i64 }
}

/// What stands in place of a corrected event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::large_enum_variant, reason = "corrections are few, and most replace an appraisal")]
pub enum Replacement {
    /// In place of an `appraisal_submitted`.
    Appraisal { appraisal: Appraisal },
    /// In place of a `received`: the weight at receipt.
    ReceivedWeight { weight: Weighing },
    /// In place of a `note_added`.
    Note { text: Sealed },
    /// In place of an `entry_settled`.
    Entry { finding: Finding, note: Option<Sealed> },
}

impl Replacement {
    /// Every weight that it brings.
    pub fn weighings(&self) -> Vec<&Weighing> {
        match self {
            Replacement::Appraisal { appraisal } => appraisal.weighings(),
            Replacement::ReceivedWeight { weight } => vec![weight],
            Replacement::Note { .. } | Replacement::Entry { .. } => Vec::new(),
        }
    }
}

impl Event {
    /// Every weight that was taken in it. What only repeats an earlier event's, such as a settlement, took none.
    pub fn weighings(&self) -> Vec<&Weighing> {
        match self {
            Event::Received(received) => vec![&received.weight],
            Event::AppraisalSubmitted(submitted) => submitted.appraisal.weighings(),
            Event::MeasurementRepeated(repeated) => repeated.weighing.iter().collect(),
            Event::Tagged(tagged) => vec![&tagged.weight, &tagged.weight_with_tag],
            Event::PackingMismatchFound(found) => vec![&found.weight],
            Event::ReturnReceived(received) => vec![&received.weight],
            Event::Corrected(corrected) => corrected.replacement.weighings(),
            _ => Vec::new(), // Nothing is weighed in the others.
        }
    }
}
