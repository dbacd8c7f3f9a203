//! Bodies from the bench: appraisals, settled ledgers and corrections, read into the rules' own values.

use std::collections::BTreeSet;

use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ApiError;
use super::body::{Faults, WeightBody, free_text};
use crate::domain::appraisal::*;
use crate::domain::certificate::written_number;
use crate::domain::command::{AddedClaim, Command, SettledEntry};
use crate::domain::event::Replacement;
use crate::domain::ids::*;
use crate::domain::ledger::{Bound, Certainty, Claim, ClaimKind, ClaimSource, ClaimedValue, Finding, Span};
use crate::domain::quantity::{Fineness, Length, Mass, Weighing};
use crate::domain::text::{Name, Sealed};

/// Seals one text.
pub type Seal<'a> = dyn FnMut(&str) -> Sealed + 'a;

/// Parts and tests of one appraisal at the most.
const MAX_PARTS: usize = 60;

/// One inspector's findings on one piece.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppraisalBody {
    components: Vec<ComponentBody>,
    /// The whole piece as it lies on the bench.
    weight: WeightBody,
    #[serde(default)]
    presented_certificate: Option<CertificateBody>,
    #[serde(default)]
    remarks: Option<String>,
    #[serde(default)]
    photo_ids: BTreeSet<Uuid>,
}

/// One part as it was found.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponentBody {
    /// The part by its declaration: c1, c2, …; a part that was not declared takes the next. May be left out where no
    /// other part has the role.
    #[serde(default)]
    component: Option<String>,
    /// main_stone, side_stone, metal, setting, cord or accessory.
    role: String,
    #[serde(default)]
    material: Option<String>,
    #[serde(default)]
    treatment: Option<String>,
    /// Parts per thousand, such as "750".
    #[serde(default)]
    fineness: Option<String>,
    #[serde(default)]
    weight: Option<WeightBody>,
    #[serde(default)]
    sizes: Vec<SizeBody>,
    #[serde(default)]
    tests: Vec<TestBody>,
    /// examined, not_examined or cannot_be_determined.
    state: String,
    #[serde(default)]
    reason: Option<String>,
}

/// A size: a length with its unit, or the number of a named table.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SizeBody {
    pub name: String,
    pub value: String,
    /// mm or cm; where the name ends in `_mm`, it says so already.
    #[serde(default)]
    pub unit: Option<String>,
    /// The table that the number belongs to, such as `cn`.
    #[serde(default)]
    pub table: Option<String>,
}

impl SizeBody {
    pub fn parse(&self, pointer: &str, faults: &mut Faults) -> Option<Size> {
        let name = faults.take(format!("{pointer}/name"), Name::parse(&self.name));
        if let Some(table) = &self.table {
            let table = faults.take(format!("{pointer}/table"), Name::parse(table));
            let label = faults.take(format!("{pointer}/value"), Name::parse(&self.value));
            return Some(Size { name: name?, length_um: None, label, table });
        }
        let unit = self.unit.as_deref().or_else(|| self.name.ends_with("_mm").then_some("mm"));
        let Some(unit) = unit else {
            faults.add(format!("{pointer}/unit"), "a size needs its unit, mm or cm, or the table of its number");
            return None;
        };
        let length = faults.take(format!("{pointer}/value"), Length::parse(&self.value, unit));
        Some(Size { name: name?, length_um: Some(length?), label: None, table: None })
    }
}

/// One test.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestBody {
    method: String,
    #[serde(default)]
    instrument: Option<String>,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    unit: Option<String>,
    #[serde(default)]
    conclusion: Option<String>,
}

/// A laboratory certificate that came with the piece.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateBody {
    /// Who issued it, such as NGTC.
    pub body: String,
    /// As it is printed; full width and blanks are taken for what they mean.
    pub number: String,
    /// What it prints of the weight: held against this piece both ways.
    #[serde(default)]
    pub weight: Option<WeightBody>,
    /// What it prints of the sizes.
    #[serde(default)]
    pub sizes: Vec<SizeBody>,
}

impl CertificateBody {
    pub fn parse(&self, pointer: &str, faults: &mut Faults) -> Option<PresentedCertificate> {
        let body = faults.take(format!("{pointer}/body"), Name::parse(&self.body));
        let number = CertificateNo::parse(&written_number(&self.number));
        let number = faults.take(format!("{pointer}/number"), number);
        let weight = self.weight.as_ref().and_then(|body| body.parse_said(&format!("{pointer}/weight"), faults));
        if MAX_PARTS < self.sizes.len() {
            faults.add(format!("{pointer}/sizes"), format!("a certificate prints at most {MAX_PARTS} sizes"));
            return None;
        }
        let sizes = self
            .sizes
            .iter()
            .enumerate()
            .filter_map(|(index, body)| body.parse(&format!("{pointer}/sizes/{index}"), faults))
            .collect();
        Some(PresentedCertificate { body: body?, number: number?, weight, sizes })
    }
}

/// The role of a part by its name.
pub fn role_at(pointer: &str, text: &str, faults: &mut Faults) -> Option<ComponentRole> {
    let role = ComponentRole::ALL.into_iter().find(|role| role.as_str() == text);
    if role.is_none() {
        faults.add(pointer, "a role is one of main_stone, side_stone, metal, setting, cord, accessory");
    }
    role
}

fn name_at(pointer: String, text: Option<&String>, faults: &mut Faults) -> Option<Name> {
    faults.take_optional(pointer, text, |text| Name::parse(text))
}

impl AppraisalBody {
    pub fn parse(&self, at: &str, seal: &mut Seal) -> Result<Appraisal, ApiError> {
        let mut faults = Faults::default();
        if MAX_PARTS < self.components.len() {
            faults.add(format!("{at}/components"), format!("a piece has at most {MAX_PARTS} parts"));
            return faults.finish(None);
        }
        let mut components = Vec::new();
        for (index, body) in self.components.iter().enumerate() {
            let pointer = format!("{at}/components/{index}");
            let only = |role: &str| self.components.iter().filter(|other| other.role == role).count() == 1;
            let ordinal = body.component.clone().or_else(|| only(&body.role).then(|| format!("c{}", index + 1)));
            let Some(ordinal) = ordinal else {
                faults.add(format!("{pointer}/component"), "several parts have this role: name the part, c1, c2, …");
                continue;
            };
            components.extend(body.parse(&pointer, &ordinal, &mut faults, seal));
        }
        let weight = self.weight.parse(&format!("{at}/weight"), &mut faults);
        let presented_certificate = self
            .presented_certificate
            .as_ref()
            .and_then(|body| body.parse(&format!("{at}/presented_certificate"), &mut faults));
        let remarks = faults.take_optional(format!("{at}/remarks"), self.remarks.as_deref(), free_text);
        let whole = weight.map(|weight| Appraisal {
            components,
            weight,
            presented_certificate,
            remarks: remarks.map(|text| seal(&text)),
            photo_ids: self.photo_ids.iter().copied().map(PhotoId).collect(),
        });
        faults.finish(whole)
    }
}

impl ComponentBody {
    /// One part of a report that a laboratory outside gives: it names its part.
    pub fn parse_reported(&self, at: &str, faults: &mut Faults, seal: &mut Seal) -> Option<ComponentResult> {
        match self.component.clone() {
            Some(ordinal) => self.parse(at, &ordinal, faults, seal),
            None => {
                faults.add(format!("{at}/component"), "name the part, c1, c2, …");
                None
            }
        }
    }

    fn parse(&self, at: &str, ordinal: &str, faults: &mut Faults, seal: &mut Seal) -> Option<ComponentResult> {
        let component = faults.take(format!("{at}/component"), ComponentId::parse(ordinal));
        let role = role_at(&format!("{at}/role"), &self.role, faults);
        let state = match self.state.as_str() {
            "examined" => Some(ComponentState::Examined),
            "not_examined" => Some(ComponentState::NotExamined),
            "cannot_be_determined" => Some(ComponentState::CannotBeDetermined),
            _ => {
                faults.add(format!("{at}/state"), "a part is examined, not_examined, or cannot_be_determined");
                None
            }
        };
        let material = name_at(format!("{at}/material"), self.material.as_ref(), faults);
        let treatment = name_at(format!("{at}/treatment"), self.treatment.as_ref(), faults);
        let fineness_ppm = faults.take_optional(format!("{at}/fineness"), self.fineness.as_deref(), Fineness::parse);
        let weight = self.weight.as_ref().and_then(|body| body.parse(&format!("{at}/weight"), faults));
        if MAX_PARTS < self.sizes.len() || MAX_PARTS < self.tests.len() {
            faults.add(at.to_owned(), format!("a part has at most {MAX_PARTS} sizes and tests"));
            return None;
        }
        let sizes = self
            .sizes
            .iter()
            .enumerate()
            .filter_map(|(index, body)| body.parse(&format!("{at}/sizes/{index}"), faults))
            .collect();
        let tests = self
            .tests
            .iter()
            .enumerate()
            .filter_map(|(index, body)| body.parse(&format!("{at}/tests/{index}"), faults))
            .collect();
        let reason = faults.take_optional(format!("{at}/reason"), self.reason.as_deref(), free_text);
        Some(ComponentResult {
            component: component?,
            role: role?,
            state: state?,
            material,
            treatment,
            fineness_ppm,
            weight,
            sizes,
            tests,
            reason: reason.map(|text| seal(&text)),
        })
    }
}

impl TestBody {
    fn parse(&self, at: &str, faults: &mut Faults) -> Option<Test> {
        let method = faults.take(format!("{at}/method"), Name::parse(&self.method));
        let instrument = faults.take_optional(format!("{at}/instrument"), self.instrument.as_deref(), DeviceId::parse);
        let value = name_at(format!("{at}/value"), self.value.as_ref(), faults);
        let unit = name_at(format!("{at}/unit"), self.unit.as_ref(), faults);
        let conclusion = name_at(format!("{at}/conclusion"), self.conclusion.as_ref(), faults);
        Some(Test { method: method?, instrument, value, unit, conclusion })
    }
}

/// The ledger as its reviewer settles it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettleBody {
    /// The proposal that is settled: its sequence number.
    proposal: i32,
    #[serde(default)]
    entries: Vec<EntryBody>,
    /// Claims that the reader missed.
    #[serde(default)]
    added: Vec<AddedBody>,
    /// Claims that were not said, or not of this piece. Takes a second person.
    #[serde(default)]
    misread: BTreeSet<String>,
}

/// One settled claim. A finding milder than the proposed one takes a second person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EntryBody {
    claim_id: String,
    /// confirmed, contradicted, not_testable, not_tested or promise.
    finding: String,
    #[serde(default)]
    note: Option<String>,
}

/// A claim that the reader missed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AddedBody {
    /// The exact words.
    words: String,
    /// First character in the transcript, and one past the last.
    start: i64,
    end: i64,
    /// material, treatment, fineness, weight, size, grade, origin, certificate, guarantee or banned_phrase.
    kind: String,
    /// What was claimed: a term, such as 翡翠; of a weight or a size with a unit, and of a fineness, the number.
    value: String,
    /// g or ct of a weight, mm or cm of a size.
    #[serde(default)]
    unit: Option<String>,
    /// =, >=, <= or ~ (about); = where it is left out.
    #[serde(default)]
    op: Option<String>,
    /// The seller said that it is not so.
    #[serde(default)]
    negated: bool,
    #[serde(default)]
    component: Option<String>,
    finding: String,
}

fn finding_at(pointer: String, text: &str, faults: &mut Faults) -> Option<Finding> {
    let finding = Finding::ALL.into_iter().find(|finding| finding.as_str() == text);
    if finding.is_none() {
        faults.add(pointer, "a finding is one of confirmed, contradicted, not_testable, not_tested, promise");
    }
    finding
}

impl SettleBody {
    pub fn parse(&self, seal: &mut Seal) -> Result<Command, ApiError> {
        let mut faults = Faults::default();
        let mut entries = Vec::new();
        for (index, body) in self.entries.iter().enumerate() {
            let claim_id = faults.take(format!("/entries/{index}/claim_id"), ClaimId::parse(&body.claim_id));
            let finding = finding_at(format!("/entries/{index}/finding"), &body.finding, &mut faults);
            let note = faults.take_optional(format!("/entries/{index}/note"), body.note.as_deref(), free_text);
            if let Some((claim_id, finding)) = claim_id.zip(finding) {
                entries.push(SettledEntry { claim_id, finding, note: note.map(|text| seal(&text)) });
            }
        }
        let added: Vec<_> = self
            .added
            .iter()
            .enumerate()
            .filter_map(|(index, body)| body.parse(index, self.proposal, &mut faults, seal))
            .collect();
        let misread = self.misread.iter().filter_map(|id| faults.take("/misread", ClaimId::parse(id))).collect();
        faults.finish(Some(Command::SettleLedger { proposal: self.proposal, entries, added, misread }))
    }
}

impl AddedBody {
    fn parse(&self, index: usize, proposal: i32, faults: &mut Faults, seal: &mut Seal) -> Option<AddedClaim> {
        let at = |field: &str| format!("/added/{index}/{field}");
        let words = faults.take(at("words"), free_text(&self.words));
        if self.start < 0 || self.end <= self.start {
            faults.add(at("end"), "a span begins at 0 or later and ends behind its beginning");
        }
        let kind = ClaimKind::ALL.into_iter().find(|kind| kind.as_str() == self.kind);
        if kind.is_none() {
            faults.add(at("kind"), "this is no kind of claim: see the description of the interface");
        }
        let value = kind.and_then(|kind| faults.take(at("value"), self.claimed(kind)));
        let bound = match self.op.as_deref().unwrap_or("=") {
            "=" => Some(Bound::Exactly),
            "~" => Some(Bound::About),
            ">=" => Some(Bound::AtLeast),
            "<=" => Some(Bound::AtMost),
            _ => {
                faults.add(at("op"), "a bound is =, >=, <= or ~");
                None
            }
        };
        let component = faults.take_optional(at("component"), self.component.as_deref(), ComponentId::parse);
        let finding = finding_at(at("finding"), &self.finding, faults);
        // Named by proposal and place, so that a second settlement adds beside the first.
        let claim_id =
            faults.take(at("words"), ClaimId::parse(&format!("a{proposal}-{}-{}-{index}", self.start, self.end)));
        let claim = Claim {
            claim_id: claim_id?,
            source: ClaimSource::Added,
            component,
            kind: kind?,
            words: Some(seal(&words?)),
            span: Some(Span { start: self.start, end: self.end, at_ms: None }),
            bound: bound?,
            value: value?,
            negated: self.negated,
            certainty: Certainty::High,
            also: Vec::new(),
            ambiguous: false,
        };
        Some(AddedClaim { claim, finding: finding? })
    }

    fn claimed(&self, kind: ClaimKind) -> Result<ClaimedValue, Malformed> {
        match (kind, self.unit.as_deref()) {
            (ClaimKind::Weight, Some(unit)) => {
                let mass = Mass::parse(&self.value, unit)?;
                let digit = Mass::last_digit(&self.value, unit);
                let weight = Weighing::typed(mass, BTreeSet::new(), digit);
                Ok(ClaimedValue::Weight { weight, upper: None })
            }
            (ClaimKind::Size, Some(unit)) => {
                let length_um = Some(Length::parse(&self.value, unit)?);
                let name = Name::parse("size")?;
                Ok(ClaimedValue::Size { name, length_um, upper_um: None, label: None, table: None })
            }
            (ClaimKind::Fineness, None) => Ok(ClaimedValue::Fineness { fineness_ppm: Fineness::parse(&self.value)? }),
            (_, None) => Ok(ClaimedValue::Name { name: Name::parse(&self.value)? }),
            (_, Some(_)) => Err(Malformed("only a weight and a size have a unit".into())),
        }
    }
}

/// A correction: which event, what stands in its place, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionBody {
    /// The event that is corrected.
    seq: i32,
    replacement: ReplacementBody,
    reason: String,
}

/// One of these, by the kind of the event that is corrected.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum ReplacementBody {
    Appraisal(Box<AppraisalBody>),
    /// Of the receipt.
    Weight(Box<WeightBody>),
    Note(String),
    /// Of a settled entry.
    Finding(String),
}

impl CorrectionBody {
    pub fn parse(&self, seal: &mut Seal) -> Result<Command, ApiError> {
        let mut faults = Faults::default();
        let replacement = match &self.replacement {
            ReplacementBody::Appraisal(body) => {
                Some(Replacement::Appraisal { appraisal: body.parse("/replacement/appraisal", seal)? })
            }
            ReplacementBody::Weight(body) => {
                body.parse("/replacement/weight", &mut faults).map(|weight| Replacement::ReceivedWeight { weight })
            }
            ReplacementBody::Note(text) => {
                faults.take("/replacement/note", free_text(text)).map(|text| Replacement::Note { text: seal(&text) })
            }
            ReplacementBody::Finding(text) => finding_at("/replacement/finding".into(), text, &mut faults)
                .map(|finding| Replacement::Entry { finding, note: None }),
        };
        let reason = faults.take("/reason", free_text(&self.reason));
        let (replacement, reason) = faults.finish(replacement.zip(reason))?;
        Ok(Command::Correct { seq: self.seq, replacement, reason: seal(&reason) })
    }
}
