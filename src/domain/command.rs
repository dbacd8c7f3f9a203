//! What may be asked of a piece, in the imperative, and by whom.

use std::collections::BTreeSet;

use super::actor::Role;
use super::appraisal::{Appraisal, ComponentResult};
use super::certificate::{CertificateKey, HeldBy};
use super::deadline::{Clock, Deadline};
use super::event::{Condition, EventKind, OrderPlaced, PhotoAdded, Replacement, RevokedTo, Segment};
use super::ids::*;
use super::ledger::{Claim, Finding, ProposedEntry, Verdict};
use super::looks::{Because, Limits, Lot, Matter};
use super::piece::Piece;
use super::quantity::Weighing;
use super::route::{EDGES, Stage};
use super::sidelines::{Exception, HoldEnd, Return, ReturnIntake, WayOut};
use super::text::{Name, Sealed};
use super::transit::{Told, TransitWord};

pub use super::decide::decide;

macro_rules! commands {
    ($($(#[$doc:meta])* $kind:ident $path:literal [$($role:ident)*] $events:expr;)*) => {
        /// The kind of a command.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum CommandKind { $($(#[$doc])* $kind,)* }

        impl CommandKind {
            pub const ALL: &'static [CommandKind] = &[$(CommandKind::$kind,)*];

            /// The last part of its path below `/v1/pieces/{code}/`, which is its name in answers too.
            pub fn as_str(self) -> &'static str {
                match self { $(CommandKind::$kind => $path,)* }
            }

            /// Who may ask it (`journey.md`, "The machine", and `interfaces.md`). A platform acts for its merchant.
            pub fn roles(self) -> &'static [Role] {
                match self { $(CommandKind::$kind => &[$(Role::$role),*],)* }
            }

            /// The events by which the machine knows it; none for what leaves every stage as it is.
            pub fn events(self) -> &'static [EventKind] {
                use EventKind::*;
                match self { $(CommandKind::$kind => { const EVENTS: &[EventKind] = $events; EVENTS })* }
            }
        }
    };
}

commands! {
    Dispatch "dispatch" [Merchant Platform] &[Dispatched, WaybillCorrected];
    Receive "receipt" [Clerk] &[Received];
    OpenAppraisal "appraisal-opened" [Inspector] &[AppraisalOpened];
    HandOver "handover" [Inspector] &[HandedOver];
    SubmitAppraisal "appraisals" [Inspector] &[AppraisalSubmitted];
    RepeatMeasurement "measurements" [Inspector] &[MeasurementRepeated];
    ProposeLedger "ledger/proposal" [Inspector] &[LedgerProposed];
    /// A new transcript came: the claims are read again.
    ReadTranscript "transcript" [Desk] &[ClaimsRead];
    SettleLedger "ledger" [Inspector] &[EntrySettled];
    RecordSpeechUnavailable "speech-unavailable" [Inspector Supervisor] &[SpeechUnavailable];
    GiveVerdict "verdict" [Inspector] &[VerdictGiven];
    AnswerSameArticle "same-article" [Clerk Inspector] &[];
    AcceptDifference "difference-accepted" [Buyer] &[DifferenceAccepted];
    RefuseDifference "difference-refused" [Buyer] &[DifferenceRefused];
    ReopenAppraisal "reopen" [Supervisor] &[AppraisalReopened];
    Tag "tag" [Clerk] &[Tagged];
    Untag "untag" [Clerk] &[Untagged];
    Release "release" [Inspector Supervisor] &[Released];
    RevokeCapsule "revoke" [Supervisor] &[CapsuleRevoked];
    Ship "shipment" [Clerk] &[Shipped];
    Deliver "delivery" [Platform] &[Delivered];
    Complete "completed" [Platform] &[Completed];
    Cancel "cancel" [Platform Supervisor] &[Cancelled, CancelRequested];
    Except "exception" [Clerk Supervisor] &[IntakeExceptionFound, ExceptionResolved];
    FindWayOut "undetermined" [Supervisor] &[OutsideReportRecorded, DisclosedToBuyer, GivenUp];
    EndHold "quarantine" [Supervisor] &[QuarantineLifted, QuarantineUpheld];
    Appeal "appeal" [Merchant Platform] &[Appealed];
    Override "override" [Supervisor] &[Overridden];
    SendBack "return" [Buyer Platform] &[ReturnOpened, ReturnPosted];
    TakeBack "return-intake" [Clerk Inspector Supervisor] &[ReturnReceived, SamePieceConfirmed, NotSamePieceFound, IdentityUnclear];
    /// A clock ran out, or nears its end.
    PassDeadline "deadline" [Desk] &[DeadlinePassed, DeadlineMoved];
    LapseAppeal "appeal-waiver" [Merchant Supervisor Platform] &[AppealLapsed];
    ShipReturn "return-shipment" [Clerk] &[ReturnShipped];
    CloseReturn "returned" [Clerk] &[Returned, Unclaimed];
    ReportCustody "custody" [Clerk Inspector Supervisor] &[LostInCustody, DamagedInCustody];
    Correct "corrections" [Clerk Inspector Supervisor] &[];
    SetSegment "segment" [Platform Inspector Supervisor] &[];
    AddNote "notes" [Platform Merchant Clerk Inspector Supervisor] &[];
    AddPhoto "photos" [Clerk Inspector] &[];
    /// What became of a parcel, on a supervisor's word.
    Transit "transit" [Supervisor] &[Lost, TurnedBack, Refused, DeliveredBack];
    /// A carrier's push.
    HearCarrier "carrier" [Carrier] &[];
    /// A channel took the notice that starts somebody's clock.
    NoteAccepted "notice-accepted" [Desk] &[];
}

impl CommandKind {
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// Who may ask it in this stage. Before anything was sent a supervisor cancels too; after that, the wish to cancel
    /// is the platform's, for itself or for its buyer.
    pub fn roles_in(self, stage: Stage) -> &'static [Role] {
        match self {
            CommandKind::Cancel if stage != Stage::AwaitingDispatch => &[Role::Platform],
            CommandKind::Except if stage == Stage::IntakeException => &[Role::Supervisor],
            CommandKind::Except => &[Role::Clerk],
            // A clerk books it in; whether it is the same piece, any colleague may say with a clerk.
            CommandKind::TakeBack if stage == Stage::ReturnInbound => &[Role::Clerk],
            kind => kind.roles(),
        }
    }

    /// Whether a stage knows this command at all.
    pub fn fits(self, stage: Stage) -> bool {
        match self {
            CommandKind::AddNote | CommandKind::PassDeadline => stage != Stage::Closed,
            CommandKind::AddPhoto => !matches!(stage, Stage::AwaitingDispatch | Stage::Closed),
            CommandKind::Correct => matches!(stage, Stage::Received | Stage::Appraising | Stage::SpokenReview),
            CommandKind::SetSegment => stage <= Stage::SpokenReview,
            CommandKind::AnswerSameArticle => stage == Stage::SpokenReview,
            CommandKind::HearCarrier => stage != Stage::Closed,
            CommandKind::NoteAccepted => matches!(stage, Stage::AwaitingBuyer | Stage::Failed),
            // A parcel's waybill out of the house is corrected by the carrier's push.
            CommandKind::Dispatch => matches!(stage, Stage::AwaitingDispatch | Stage::Inbound),
            kind => EDGES.iter().any(|edge| edge.from == stage && kind.events().contains(&edge.kind)),
        }
    }

    /// What is possible now, for somebody in this role.
    pub fn allowed(stage: Stage, role: Role) -> impl Iterator<Item = CommandKind> {
        Self::ALL.iter().copied().filter(move |kind| kind.fits(stage) && kind.roles_in(stage).contains(&role))
    }

    /// Commands that only take effect with a second person's confirmation, always or in some cases.
    pub fn may_need_second(self) -> bool {
        matches!(
            self,
            CommandKind::SettleLedger
                | CommandKind::RecordSpeechUnavailable
                | CommandKind::SetSegment
                | CommandKind::Override
                | CommandKind::EndHold
                | CommandKind::TakeBack
        )
    }
}

/// One entry of the ledger as its reviewer settles it.
#[derive(Clone, Debug, PartialEq)]
pub struct SettledEntry {
    pub claim_id: ClaimId,
    pub finding: Finding,
    pub note: Option<Sealed>,
}

/// A claim that the reader missed, with its finding.
#[derive(Clone, Debug, PartialEq)]
pub struct AddedClaim {
    pub claim: Claim,
    pub finding: Finding,
}

/// How a return to the merchant ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnEnd {
    Delivered,
    PickedUp,
    Unclaimed,
}

/// What happened to a piece in the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Custody {
    Lost,
    Damaged,
}

/// One thing asked of one piece. Free text comes sealed.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// The first is a dispatch; again, while it is on its way, a correction of the waybill.
    Dispatch {
        parcel_id: ParcelId,
        carrier: Carrier,
        waybill: Waybill,
    },
    Receive {
        parcel_id: Option<ParcelId>,
        condition: Condition,
        weight: Weighing,
        note: Option<Sealed>,
    },
    OpenAppraisal,
    HandOver {
        to: PersonId,
    },
    SubmitAppraisal {
        appraisal: Appraisal,
    },
    /// A measurement that was called for once more.
    RepeatMeasurement {
        component: Option<ComponentId>,
        quantity: Name,
        weighing: Weighing,
    },
    ProposeLedger,
    /// The desk's own, when a new transcript came.
    ReadTranscript,
    SettleLedger {
        proposal: i32,
        entries: Vec<SettledEntry>,
        added: Vec<AddedClaim>,
        misread: BTreeSet<ClaimId>,
    },
    RecordSpeechUnavailable {
        reason: Sealed,
    },
    GiveVerdict {
        proposal: i32,
        stricter: Option<Verdict>,
        reason: Option<Sealed>,
    },
    /// Whether this is the article that a presented certificate's number was bound to before.
    AnswerSameArticle {
        /// The event that asks.
        clash_seq: i32,
        same: bool,
        note: Option<Sealed>,
    },
    /// The buyer takes the piece as it is.
    AcceptDifference {
        /// SHA-256, in hexadecimal, of exactly the text that was shown.
        shown_digest: String,
    },
    /// The buyer does not want it so.
    RefuseDifference,
    ReopenAppraisal {
        reason: Sealed,
    },
    Tag {
        tag: Tag,
        weight: Weighing,
        weight_with_tag: Weighing,
        photo_ids: BTreeSet<PhotoId>,
        /// The clerk weighed again, and the weight does differ: hold the piece.
        confirm_mismatch: bool,
    },
    Untag {
        reason: Sealed,
    },
    Release {
        certificate_code: CertificateCode,
    },
    RevokeCapsule {
        to: RevokedTo,
        reason: Sealed,
    },
    Ship {
        carrier: Carrier,
        waybill: Waybill,
    },
    /// Microseconds since the Unix epoch.
    Deliver {
        delivered_at: i64,
    },
    Complete,
    Cancel {
        reason: Option<Sealed>,
    },
    Except(Exception),
    FindWayOut(WayOut),
    EndHold(HoldEnd),
    Appeal {
        reason: Sealed,
    },
    /// What failed is disclosed and left to the buyer.
    Override {
        reason: Sealed,
    },
    SendBack(Return),
    TakeBack(ReturnIntake),
    PassDeadline {
        clock: Clock,
    },
    /// The house had lost time: a person's clock does not run out before then.
    MoveDeadline {
        clock: Clock,
        to: jiff::Timestamp,
    },
    LapseAppeal {
        reason: Option<Sealed>,
    },
    ShipReturn {
        carrier: Carrier,
        waybill: Waybill,
    },
    CloseReturn {
        how: ReturnEnd,
    },
    ReportCustody {
        what: Custody,
        note: Sealed,
    },
    Correct {
        seq: i32,
        replacement: Replacement,
        reason: Sealed,
    },
    SetSegment {
        segment: Option<Segment>,
    },
    AddNote {
        text: Sealed,
    },
    AddPhoto {
        photo: PhotoAdded,
    },
    Transit {
        what: TransitWord,
        note: Option<Sealed>,
    },
    /// The newest word on the leg that this event posted.
    HearCarrier {
        leg: i32,
        told: Told,
        at: jiff::Timestamp,
    },
    /// The desk's own, when a mail server or an endpoint has answered.
    NoteAccepted {
        notice: Name,
        channel: Name,
        /// The event that the notice tells of.
        seq: i32,
    },
}

impl Command {
    pub fn kind(&self) -> CommandKind {
        match self {
            Command::Dispatch { .. } => CommandKind::Dispatch,
            Command::Receive { .. } => CommandKind::Receive,
            Command::OpenAppraisal => CommandKind::OpenAppraisal,
            Command::HandOver { .. } => CommandKind::HandOver,
            Command::SubmitAppraisal { .. } => CommandKind::SubmitAppraisal,
            Command::RepeatMeasurement { .. } => CommandKind::RepeatMeasurement,
            Command::ProposeLedger => CommandKind::ProposeLedger,
            Command::ReadTranscript => CommandKind::ReadTranscript,
            Command::SettleLedger { .. } => CommandKind::SettleLedger,
            Command::RecordSpeechUnavailable { .. } => CommandKind::RecordSpeechUnavailable,
            Command::GiveVerdict { .. } => CommandKind::GiveVerdict,
            Command::AnswerSameArticle { .. } => CommandKind::AnswerSameArticle,
            Command::AcceptDifference { .. } => CommandKind::AcceptDifference,
            Command::RefuseDifference => CommandKind::RefuseDifference,
            Command::ReopenAppraisal { .. } => CommandKind::ReopenAppraisal,
            Command::Tag { .. } => CommandKind::Tag,
            Command::Untag { .. } => CommandKind::Untag,
            Command::Release { .. } => CommandKind::Release,
            Command::RevokeCapsule { .. } => CommandKind::RevokeCapsule,
            Command::Ship { .. } => CommandKind::Ship,
            Command::Deliver { .. } => CommandKind::Deliver,
            Command::Complete => CommandKind::Complete,
            Command::Cancel { .. } => CommandKind::Cancel,
            Command::Except(_) => CommandKind::Except,
            Command::FindWayOut(_) => CommandKind::FindWayOut,
            Command::EndHold(_) => CommandKind::EndHold,
            Command::Appeal { .. } => CommandKind::Appeal,
            Command::Override { .. } => CommandKind::Override,
            Command::SendBack(_) => CommandKind::SendBack,
            Command::TakeBack(_) => CommandKind::TakeBack,
            Command::PassDeadline { .. } | Command::MoveDeadline { .. } => CommandKind::PassDeadline,
            Command::LapseAppeal { .. } => CommandKind::LapseAppeal,
            Command::ShipReturn { .. } => CommandKind::ShipReturn,
            Command::CloseReturn { .. } => CommandKind::CloseReturn,
            Command::ReportCustody { .. } => CommandKind::ReportCustody,
            Command::Correct { .. } => CommandKind::Correct,
            Command::SetSegment { .. } => CommandKind::SetSegment,
            Command::AddNote { .. } => CommandKind::AddNote,
            Command::AddPhoto { .. } => CommandKind::AddPhoto,
            Command::Transit { .. } => CommandKind::Transit,
            Command::HearCarrier { .. } => CommandKind::HearCarrier,
            Command::NoteAccepted { .. } => CommandKind::NoteAccepted,
        }
    }
}

impl Command {
    /// Every weight that it brings.
    pub fn weighings(&self) -> Vec<&Weighing> {
        match self {
            Command::Receive { weight, .. } | Command::TakeBack(ReturnIntake::Received { weight, .. }) => vec![weight],
            Command::RepeatMeasurement { weighing, .. } => vec![weighing],
            Command::SubmitAppraisal { appraisal } => appraisal.weighings(),
            Command::Tag { weight, weight_with_tag, .. } => vec![weight, weight_with_tag],
            Command::Correct { replacement, .. } => replacement.weighings(),
            _ => Vec::new(), // No other command weighs.
        }
    }

    /// The same, for what the record of a balance adds to its reading.
    pub fn weighings_mut(&mut self) -> Vec<&mut Weighing> {
        match self {
            Command::Receive { weight, .. } | Command::TakeBack(ReturnIntake::Received { weight, .. }) => vec![weight],
            Command::RepeatMeasurement { weighing, .. } => vec![weighing],
            Command::SubmitAppraisal { appraisal } => appraisal.weighings_mut(),
            Command::Tag { weight, weight_with_tag, .. } => vec![weight, weight_with_tag],
            Command::Correct { replacement, .. } => match replacement {
                Replacement::Appraisal { appraisal } => appraisal.weighings_mut(),
                Replacement::ReceivedWeight { weight } => vec![weight],
                Replacement::Note { .. } | Replacement::Entry { .. } => Vec::new(),
            },
            _ => Vec::new(), // No other command weighs.
        }
    }
}

/// A step of the journey that takes photos (`photo_kinds.csv`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Receipt,
    Appraisal,
    Tagging,
    ReturnIntake,
}

impl Step {
    pub const ALL: [Step; 4] = [Step::Receipt, Step::Appraisal, Step::Tagging, Step::ReturnIntake];

    pub fn as_str(self) -> &'static str {
        match self {
            Step::Receipt => "receipt",
            Step::Appraisal => "appraisal",
            Step::Tagging => "tagging",
            Step::ReturnIntake => "return intake",
        }
    }
}

/// The claims of one piece as they were read.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// None where there is nothing to read: no transcript, one without words, or no segment that is this piece's.
    pub transcript_id: Option<TextId>,
    pub lexicon_version: Name,
    pub claims: Vec<Claim>,
}

/// What the reading room and the rulebook say of a piece. A decision asks them; it does not know how they come to it.
pub trait Rules {
    /// The claims made of this piece.
    fn read_claims(&self, piece: &Piece) -> Reading;

    /// A finding for each claim, from what the bench found. The claims that an inspector added are among them. The order
    /// says where the seller sits and what they signed.
    fn propose(
        &self,
        piece: &Piece,
        order: &OrderPlaced,
        claims: &[Claim],
        appraisal: &Appraisal,
    ) -> Vec<ProposedEntry>;

    /// The version of the rulebook that proposes.
    fn version(&self) -> Name;

    /// What else the number of a presented certificate is bound to, by the register of today; none where it is this
    /// piece's, or nobody's yet.
    fn held_by(&self, _: &CertificateKey) -> Option<HeldBy> {
        None
    }

    /// The clocks that run for a piece as it stands, those that ran out and were not noted yet among them.
    fn running(&self, _: &Piece, _: &OrderPlaced) -> Vec<Deadline> {
        Vec::new()
    }

    /// The kinds of photo that a step takes, of this piece.
    fn photos_needed(&self, piece: &Piece, step: Step) -> BTreeSet<Name>;

    /// What an examined part lacks in tests, as a sentence that says what would make it right; none where it has what
    /// is demanded.
    fn tests_lacking(&self, piece: &Piece, found: &ComponentResult) -> Option<String>;

    /// Why this piece takes two persons, whatever the first finds; empty where one is enough. With the draw.
    fn asked(&self, piece: &Piece, order: &OrderPlaced) -> Asked;

    /// Why it takes two, now that the outcome after one is known; and where a measurement of theirs ended within its
    /// guard band.
    fn asked_after(&self, outcome: Verdict, guard: bool) -> BTreeSet<Because>;

    /// In what two appraisals differ beyond the rulebook's limits.
    fn disputes(&self, piece: &Piece, one: &Appraisal, other: &Appraisal) -> Vec<(Option<ComponentId>, Matter)>;

    /// What lies at its limit, of what was proposed.
    fn limits(&self, piece: &Piece, order: &OrderPlaced, claims: &[Claim], appraisal: &Appraisal) -> Limits;
}

/// What is asked of a piece before anything is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    pub because: BTreeSet<Because>,
    pub lot: Option<Lot>,
    pub conduct_step: i32,
}
