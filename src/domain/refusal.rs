//! What can be refused, as values. Each has a stable code, and a sentence that says what would make it right.

use super::actor::Role;
use super::event::EventKind;
use super::evidence::Missing;
use super::ids::{DeviceId, Malformed};
use super::quantity::Weighing;
use super::route::{Rejected, Stage, Why};

/// One field that is wrong, by its JSON pointer (RFC 6901) in the request's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub pointer: String,
    pub message: String,
}

impl Fault {
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }

    pub fn malformed(pointer: impl Into<String>, malformed: Malformed) -> Self {
        Self::new(pointer, malformed.0)
    }
}

/// Why a command was not carried out. Nothing was written.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// The stage does not allow it.
    WrongStage(Rejected),
    /// The stage allows it, but the machine found the evidence wanting.
    EvidenceMissing { stage: Stage, missing: Missing },
    /// The body lacks evidence that this piece needs.
    Incomplete(Vec<Fault>),
    /// Somebody else's part.
    NotYours { role: Role, needs: &'static [Role] },
    /// One person's word is not enough.
    SecondPersonNeeded,
    /// No repeat of this measurement is called for, or not from this person.
    NotCalledFor,
    /// Whoever looks next has not seen what another found; this person has.
    NotBlind,
    /// The packing weight is another.
    WeightDiffers { settled: Box<Weighing>, measured: Box<Weighing>, limit_g: String },
    /// The tag is on another piece, or was before.
    TagTaken,
    /// No balance of this warehouse has that id.
    DeviceUnknown(DeviceId),
    /// The balance was not adjusted, or its adjustment had expired when it was read.
    DeviceNotAdjusted(DeviceId),
    /// The reading stands for another weight already: one id is one reading.
    ReadingUsed,
    /// The waybill belongs to another parcel.
    WaybillTaken,
    /// Passed pieces of this order leave together, and another line is not ready.
    WaitsForLines(Vec<i32>),
    /// The buyer is asked whether the rest of the order shall ship.
    WaitsForRest,
    /// The clock does not run any more, or runs longer.
    NotDue,
    /// The time to do this is over.
    TooLate(&'static str),
    /// What was made to order is not sent back for the asking.
    MadeToOrder,
    /// The line is not one that its merchant may fill again.
    NotResubmittable,
    /// The order, line or case is not in the state for it.
    NotNow(&'static str),
    /// The event cannot be corrected: it is not there, of another kind, or settled.
    NotCorrectable { seq: i32, kind: Option<EventKind> },
    /// A presented certificate's number is another article's, or may be: somebody looks first.
    CertificateAsked,
    /// A presented certificate's number is bound to another piece: no verdict lets this one pass.
    CertificateHeld,
    /// Only the author may correct it.
    NotAuthor,
    /// The proposal is gone: confirmed, or past its hour.
    ProposalGone,
    /// The idempotency key came before with another body.
    KeyReused,
    /// `If-Match` names another length of the journal.
    Stale { head: i32 },
    /// Three times another command was faster.
    Overtaken { stage: Stage },
    /// The order number is known with another content.
    OrderDiffers,
    /// What is owed, or whose fault it was, does not stand as the caller thinks.
    Account(AccountFault),
    /// There is no such thing, or the caller may not know of it.
    Absent(&'static str),
    /// Fields of the body are wrong.
    Malformed(Vec<Fault>),
}

/// Why an obligation or an incident does not take what was told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountFault {
    /// Nobody knows how much is owed.
    AmountMissing,
    /// The rulebook has said how much.
    AmountFixed,
    /// It is settled, or was reversed.
    NotOwed { state: &'static str },
    /// The incident was withdrawn.
    IncidentWithdrawn,
    /// It was said before.
    SaidBefore,
    /// No appeal waits for a decision.
    NotAppealed,
    /// The merchant does not stand on the last step.
    NotRecommended,
}

impl AccountFault {
    fn code(self) -> &'static str {
        match self {
            AccountFault::AmountMissing => "amount_missing",
            AccountFault::AmountFixed => "amount_fixed",
            AccountFault::NotOwed { .. } => "not_owed",
            AccountFault::IncidentWithdrawn => "incident_withdrawn",
            AccountFault::SaidBefore => "said_before",
            AccountFault::NotAppealed => "not_appealed",
            AccountFault::NotRecommended => "not_recommended",
        }
    }

    fn sentence(self) -> String {
        match self {
            AccountFault::AmountMissing => {
                "its amount is in no fee table: a supervisor sets it first, at …/amount".to_owned()
            }
            AccountFault::AmountFixed => "the rulebook says how much it is: only what it leaves open is set".to_owned(),
            AccountFault::NotOwed { state } => format!("it is no longer owed: it was {state}"),
            AccountFault::IncidentWithdrawn => "that incident was withdrawn and counts no more".to_owned(),
            AccountFault::SaidBefore => "that was said of this incident before".to_owned(),
            AccountFault::NotAppealed => "nobody has appealed this step, or the appeal is decided".to_owned(),
            AccountFault::NotRecommended => {
                "this merchant does not stand on the last step, from which alone the platform lets down".to_owned()
            }
        }
    }
}

impl From<AccountFault> for Refusal {
    fn from(fault: AccountFault) -> Self {
        Refusal::Account(fault)
    }
}

impl Refusal {
    /// Every code, for the test that holds them unique and in use.
    pub const CODES: [&'static str; 41] = [
        "wrong_stage",
        "cancellation_requested",
        "too_often",
        "already_posted",
        "evidence_missing",
        "evidence_incomplete",
        "not_yours",
        "second_person_needed",
        "not_called_for",
        "not_blind",
        "packing_weight_differs",
        "tag_taken",
        "device_unknown",
        "device_not_adjusted",
        "reading_used",
        "waybill_taken",
        "waits_for_lines",
        "waits_for_rest",
        "not_due",
        "too_late",
        "made_to_order",
        "not_resubmittable",
        "not_now",
        "not_correctable",
        "certificate_asked",
        "certificate_held",
        "not_author",
        "proposal_gone",
        "key_reused",
        "stale",
        "overtaken",
        "order_differs",
        "amount_missing",
        "amount_fixed",
        "not_owed",
        "incident_withdrawn",
        "said_before",
        "not_appealed",
        "not_recommended",
        "not_found",
        "malformed",
    ];

    /// The stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::WrongStage(rejected) => match rejected.why {
                Why::NotHere => "wrong_stage",
                Why::Flagged => "cancellation_requested",
                Why::TooOften => "too_often",
                Why::Posted => "already_posted",
                Why::Missing(_) => "evidence_missing",
            },
            Refusal::EvidenceMissing { .. } => "evidence_missing",
            Refusal::Incomplete(_) => "evidence_incomplete",
            Refusal::NotYours { .. } => "not_yours",
            Refusal::SecondPersonNeeded => "second_person_needed",
            Refusal::NotCalledFor => "not_called_for",
            Refusal::NotBlind => "not_blind",
            Refusal::WeightDiffers { .. } => "packing_weight_differs",
            Refusal::TagTaken => "tag_taken",
            Refusal::DeviceUnknown(_) => "device_unknown",
            Refusal::DeviceNotAdjusted(_) => "device_not_adjusted",
            Refusal::ReadingUsed => "reading_used",
            Refusal::WaybillTaken => "waybill_taken",
            Refusal::WaitsForLines(_) => "waits_for_lines",
            Refusal::WaitsForRest => "waits_for_rest",
            Refusal::NotDue => "not_due",
            Refusal::TooLate(_) => "too_late",
            Refusal::MadeToOrder => "made_to_order",
            Refusal::NotResubmittable => "not_resubmittable",
            Refusal::NotNow(_) => "not_now",
            Refusal::NotCorrectable { .. } => "not_correctable",
            Refusal::CertificateAsked => "certificate_asked",
            Refusal::CertificateHeld => "certificate_held",
            Refusal::NotAuthor => "not_author",
            Refusal::ProposalGone => "proposal_gone",
            Refusal::KeyReused => "key_reused",
            Refusal::Stale { .. } => "stale",
            Refusal::Overtaken { .. } => "overtaken",
            Refusal::OrderDiffers => "order_differs",
            Refusal::Account(fault) => fault.code(),
            Refusal::Absent(_) => "not_found",
            Refusal::Malformed(_) => "malformed",
        }
    }

    /// What is wrong and what would make it right, for people.
    pub fn sentence(&self) -> String {
        match self {
            Refusal::WrongStage(rejected) => rejected.to_string(),
            Refusal::EvidenceMissing { missing, .. } => missing.sentence().to_owned(),
            Refusal::Incomplete(_) => "the body lacks evidence that this piece needs: see errors".to_owned(),
            Refusal::NotYours { role, needs } => {
                let needs: Vec<_> = needs.iter().map(|role| role.as_str()).collect();
                format!("a {role} may not do this; it takes a key of: {}", needs.join(", "))
            }
            Refusal::SecondPersonNeeded => {
                "this takes two persons: post the same body to the piece's proposals, and have another person confirm \
                 it within the hour"
                    .to_owned()
            }
            Refusal::NotCalledFor => {
                "no repeat of this measurement is called for, or it is called for from another: whoever measured it \
                 repeats it, or whom they handed the piece to"
                    .to_owned()
            }
            Refusal::NotBlind => {
                "you have seen what another person found of this piece, and the next to look must not have: let another \
                 inspector look"
                    .to_owned()
            }
            Refusal::WeightDiffers { settled, measured, limit_g } => format!(
                "the piece was appraised at {settled} and weighs {measured} now, more than {limit_g} g apart: weigh \
                 again as it was appraised; if it holds, send confirm_mismatch, and the piece is held"
            ),
            Refusal::TagTaken => "that tag is or was on another piece: take a fresh one".to_owned(),
            Refusal::DeviceUnknown(device) => {
                format!(
                    "there is no balance {device} in this warehouse: have an operator add it, or name the right one"
                )
            }
            Refusal::DeviceNotAdjusted(device) => format!(
                "the balance {device} was not adjusted when it was read, or its adjustment had expired: adjust it, have \
                 it recorded (touchstone device adjust), and read again"
            ),
            Refusal::ReadingUsed => {
                "this reading stands for another weight already: one reading is one weight, so weigh again".to_owned()
            }
            Refusal::WaybillTaken => "that waybill belongs to another parcel: check carrier and number".to_owned(),
            Refusal::WaitsForLines(lines) => {
                let lines: Vec<_> = lines.iter().map(i32::to_string).collect();
                format!("this order ships together and waits for line {}", lines.join(", "))
            }
            Refusal::WaitsForRest => {
                "a line of this order failed, and the buyer is asked whether the rest shall ship: wait for the answer"
                    .to_owned()
            }
            Refusal::NotDue => "this clock was met meanwhile, or was promised for later: nothing happens".to_owned(),
            Refusal::TooLate(what) => format!("the time to {what} is over"),
            Refusal::MadeToOrder => {
                "this piece was made to order and is not sent back for the asking; what is wrong with it is a matter \
                 for the platform"
                    .to_owned()
            }
            Refusal::NotResubmittable => {
                "this line waits for no other piece: it is still being tried, it ended, or two pieces were sent again \
                 already"
                    .to_owned()
            }
            Refusal::NotNow(why) => (*why).to_owned(),
            Refusal::NotCorrectable { seq, kind: None } => format!("the journal has no event {seq}"),
            Refusal::NotCorrectable { seq, kind: Some(kind) } => format!(
                "event {seq} is {kind} and cannot be corrected here and now; from the verdict on a supervisor reopens \
                 the appraisal"
            ),
            Refusal::CertificateAsked => {
                "the presented certificate's number was bound to another piece before: look whether this is the same \
                 article, and post the answer to the piece's same-article"
                    .to_owned()
            }
            Refusal::CertificateHeld => {
                "the presented certificate's number is bound to another piece: the verdict is suspected_counterfeit, \
                 and two supervisors decide what becomes of the piece"
                    .to_owned()
            }
            Refusal::NotAuthor => "only the person who wrote it may correct it".to_owned(),
            Refusal::ProposalGone => {
                "the proposal was confirmed already, or its hour has passed: make a new one".to_owned()
            }
            Refusal::KeyReused => {
                "this Idempotency-Key came before with another body: use a fresh key for a new request".to_owned()
            }
            Refusal::Stale { head } => {
                format!("the piece has changed since you read it (its ETag is \"{head}\"): read it again")
            }
            Refusal::Overtaken { .. } => {
                "others changed this piece at the same moment: read it again and decide anew".to_owned()
            }
            Refusal::OrderDiffers => {
                "this order number is known with another content: an order is placed once".to_owned()
            }
            Refusal::Account(fault) => fault.sentence(),
            Refusal::Absent(what) => format!("there is no such {what}, or you may not see it"),
            Refusal::Malformed(_) => "fields of the body are wrong: see errors".to_owned(),
        }
    }

    /// The fields that are wrong.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Refusal::Incomplete(faults) | Refusal::Malformed(faults) => faults,
            Refusal::WrongStage(_)
            | Refusal::EvidenceMissing { .. }
            | Refusal::NotYours { .. }
            | Refusal::SecondPersonNeeded
            | Refusal::NotCalledFor
            | Refusal::NotBlind
            | Refusal::WeightDiffers { .. }
            | Refusal::TagTaken
            | Refusal::DeviceUnknown(_)
            | Refusal::DeviceNotAdjusted(_)
            | Refusal::ReadingUsed
            | Refusal::WaybillTaken
            | Refusal::WaitsForLines(_)
            | Refusal::WaitsForRest
            | Refusal::NotDue
            | Refusal::TooLate(_)
            | Refusal::MadeToOrder
            | Refusal::NotResubmittable
            | Refusal::NotNow(_)
            | Refusal::NotCorrectable { .. }
            | Refusal::CertificateAsked
            | Refusal::CertificateHeld
            | Refusal::NotAuthor
            | Refusal::ProposalGone
            | Refusal::KeyReused
            | Refusal::Stale { .. }
            | Refusal::Overtaken { .. }
            | Refusal::OrderDiffers
            | Refusal::Account(_)
            | Refusal::Absent(_) => &[],
        }
    }

    /// The stage that the piece is in, where that is the reason.
    pub fn stage(&self) -> Option<Stage> {
        match self {
            Refusal::WrongStage(rejected) => Some(rejected.stage),
            Refusal::EvidenceMissing { stage, .. } | Refusal::Overtaken { stage } => Some(*stage),
            Refusal::Incomplete(_)
            | Refusal::NotYours { .. }
            | Refusal::SecondPersonNeeded
            | Refusal::NotCalledFor
            | Refusal::NotBlind
            | Refusal::WeightDiffers { .. }
            | Refusal::TagTaken
            | Refusal::DeviceUnknown(_)
            | Refusal::DeviceNotAdjusted(_)
            | Refusal::ReadingUsed
            | Refusal::WaybillTaken
            | Refusal::WaitsForLines(_)
            | Refusal::WaitsForRest
            | Refusal::NotDue
            | Refusal::TooLate(_)
            | Refusal::MadeToOrder
            | Refusal::NotResubmittable
            | Refusal::NotNow(_)
            | Refusal::NotCorrectable { .. }
            | Refusal::CertificateAsked
            | Refusal::CertificateHeld
            | Refusal::NotAuthor
            | Refusal::ProposalGone
            | Refusal::KeyReused
            | Refusal::Stale { .. }
            | Refusal::OrderDiffers
            | Refusal::Account(_)
            | Refusal::Absent(_)
            | Refusal::Malformed(_) => None,
        }
    }
}

impl From<Rejected> for Refusal {
    fn from(rejected: Rejected) -> Self {
        match rejected.why {
            Why::Missing(missing) => Refusal::EvidenceMissing { stage: rejected.stage, missing },
            Why::NotHere | Why::Flagged | Why::TooOften | Why::Posted => Refusal::WrongStage(rejected),
        }
    }
}
