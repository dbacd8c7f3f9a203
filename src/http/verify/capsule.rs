//! What a capsule says of a piece, member by member: for the description of the interface, and for the plain page.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::appraisal::{ComponentRole, ComponentState};
use crate::domain::ledger::{Finding, Verdict};
use crate::domain::quantity::Mass;
use crate::words::Words;

/// The `credentialSubject` of a capsule. Masses are micrograms, fineness parts per million, lengths micrometres.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct CapsuleSubject {
    /// SHA-256 of the text with the differences that the buyer accepted; none for a plain pass.
    accepted: Option<String>,
    /// The settled appraisals: the number of its event in the journal, who made it, and what was found of each component.
    appraisals: Vec<Value>,
    approved_by: Vec<Approver>,
    /// The components as the listing declares them.
    components: Vec<Value>,
    journal: JournalHead,
    laboratory: Option<Laboratory>,
    /// Every claim with its finding. The words themselves are left out: what is signed can never be erased.
    ledger: Vec<Value>,
    /// The claims that were not confirmed and could have been.
    open_points: Vec<String>,
    /// SHA-256 of a salt, a colon and the order number. The platform and the merchant have the salt.
    order: String,
    photos: Vec<PhotoHashes>,
    /// The code of the piece (一物一码).
    piece: String,
    rules: Rules,
    /// `read`, or `unavailable`: two persons recorded that there was no speech to check.
    speech: String,
    /// The number of the one-time tag on the piece.
    tag: String,
    verdict: String,
    weights: Weights,
}

/// Somebody whose word the release stands on.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Approver {
    /// `appraiser`, `reviewer`, `packer` or `releaser`.
    r#as: String,
    /// A pseudonym: the same in every capsule, no name.
    person: String,
}

/// The journal that the capsule closes.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct JournalHead {
    /// How many events it had, the release included.
    events: i32,
    /// The hash of the last of them.
    head: String,
}

/// In whose name was inspected.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Laboratory {
    name: String,
    /// Number of its China metrology accreditation.
    cma: Option<String>,
    /// Number of its CNAS accreditation.
    cnas: Option<String>,
}

/// One photo.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct PhotoHashes {
    kind: String,
    /// SHA-256 of the bytes as they came.
    original_sha256: String,
    /// SHA-256 of what is shown.
    shown_sha256: Option<String>,
}

/// By which rules was judged.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Rules {
    rulebook: Option<String>,
    lexicon: Option<String>,
}

/// The piece on the balance, from its arrival to its parcel.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Weights {
    receipt: Option<WeightRead>,
    appraisal: WeightRead,
    packing: WeightRead,
    packing_with_tag: WeightRead,
}

/// One weighing.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct WeightRead {
    mass_ug: i64,
    /// What lay on the balance beside the piece.
    includes: Vec<String>,
    /// Whether it was typed rather than read from a balance.
    typed: bool,
}

impl CapsuleSubject {
    /// None where a later release wrote it in another form.
    pub fn read(subject: &Value) -> Option<Self> {
        serde_json::from_value(subject.clone()).ok()
    }

    /// The rows of the page: what is said, and what it is.
    pub fn rows<'w>(&self, words: &'w Words) -> Vec<(&'w str, String)> {
        let mut rows = vec![
            (words.piece_code(), self.piece.clone()),
            (words.certificate_tag(), self.tag.clone()),
            (words.certificate_parts(), self.parts(words)),
        ];
        if let Some(verdict) = Verdict::parse(&self.verdict) {
            rows.push((words.certificate_verdict(), words.verdict(verdict).to_owned()));
        }
        rows.push((words.certificate_claims(), self.findings(words)));
        rows.push((words.certificate_weight(), format!("{} g", Mass(self.weights.packing.mass_ug).grams())));
        if let Some(laboratory) = &self.laboratory {
            rows.push((words.certificate_laboratory(), laboratory.named()));
        }
        if let Some(rulebook) = &self.rules.rulebook {
            rows.push((words.certificate_rulebook(), rulebook.clone()));
        }
        let head = self.journal.head.get(..16).unwrap_or(&self.journal.head);
        rows.push((words.certificate_journal(), format!("{} · {head}…", self.journal.events)));
        rows
    }

    /// What each part was found to be.
    fn parts(&self, words: &Words) -> String {
        let text = |part: &Value, name: &str| part.get(name).and_then(Value::as_str).map(str::to_owned);
        let last = self.appraisals.last().and_then(|appraisal| appraisal.get("components")?.as_array());
        let parts = last.into_iter().flatten().filter_map(|part| {
            let role =
                ComponentRole::ALL.into_iter().find(|role| Some(role.as_str()) == text(part, "role").as_deref())?;
            let found = text(part, "material").map(|name| words.term(&name));
            let found = found.unwrap_or_else(|| words.state(ComponentState::NotExamined).to_owned());
            Some(format!("{} {found}", words.component(role)))
        });
        parts.collect::<Vec<_>>().join(" · ")
    }

    /// How many statements have each finding, and whether the speech was among them.
    fn findings(&self, words: &Words) -> String {
        let count = |finding: Finding| {
            let is = |entry: &&Value| entry.get("finding").and_then(Value::as_str) == Some(finding.as_str());
            self.ledger.iter().filter(is).count()
        };
        let counted = Finding::ALL.into_iter().map(|finding| (finding, count(finding))).filter(|(_, count)| 0 < *count);
        let mut told: Vec<_> =
            counted.map(|(finding, count)| words.counted_findings(words.finding(finding), count)).collect();
        let speech = if self.speech == "read" { words.speech_checked() } else { words.speech_not_checked() };
        told.push(speech.to_owned());
        told.join(" · ")
    }
}

impl Laboratory {
    /// The name, with the numbers of its accreditations.
    fn named(&self) -> String {
        let numbers = [("CMA", &self.cma), ("CNAS", &self.cnas)];
        let numbers = numbers.iter().filter_map(|(name, number)| {
            let number = number.as_deref()?;
            Some(if number.starts_with(name) { format!(" · {number}") } else { format!(" · {name} {number}") })
        });
        format!("{}{}", self.name, String::from_iter(numbers))
    }
}
