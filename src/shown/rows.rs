//! The ledger (口播对照表) as a buyer reads it: what was said, what was measured, what was found, and why.

use std::collections::{BTreeMap, HashMap};

use super::when;
use crate::desk::{Desk, settled_findings};
use crate::domain::appraisal::{Appraisal, ComponentResult, ComponentState, Size};
use crate::domain::event::{Event, LedgerProposed, OrderPlaced};
use crate::domain::evidence::Settled;
use crate::domain::ids::{ComponentId, TextId};
use crate::domain::ledger::{Claim, ClaimKind, ClaimSource, ClaimedValue, Finding, Span};
use crate::domain::piece::Piece;
use crate::domain::quantity::{Weighing, decimal};
use crate::domain::text::Sealed;
use crate::rulebook;
use crate::spoken::mask::mask;
use crate::words::{Language, Words};

/// One place where a claim was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub source: String,
    /// The words themselves, with what is personal covered.
    pub quote: Option<String>,
    /// A link to its second in the replay, and how it is called.
    pub replay: Option<(String, String)>,
}

/// One claim with its finding.
#[derive(Clone, Debug)]
pub struct Row {
    pub kind: String,
    /// Which part it is about, where there are several.
    pub part: Option<String>,
    pub value: String,
    pub said: Vec<Said>,
    pub measured: Option<String>,
    pub finding: Finding,
    pub finding_word: String,
    pub why: Option<String>,
    /// Breaches of the rules of speech.
    pub flags: Vec<String>,
}

impl Row {
    /// The shape of a finding, which says the same as its colour.
    pub fn mark(&self) -> &'static str {
        match self.finding {
            Finding::Confirmed => "✓",
            Finding::Contradicted => "≠",
            Finding::NotTestable => "?",
            Finding::NotTested => "–",
            Finding::Promise => "♡",
        }
    }

    pub fn class(&self) -> &'static str {
        match self.finding {
            Finding::Confirmed => "good",
            Finding::Contradicted => "differs",
            Finding::NotTestable => "open",
            Finding::NotTested => "untested",
            Finding::Promise => "promise",
        }
    }

    /// Whether a reader would see the same line twice.
    pub(super) fn reads_like(&self, other: &Row) -> bool {
        (&self.kind, &self.part, &self.value, &self.measured, self.finding)
            == (&other.kind, &other.part, &other.value, &other.measured, other.finding)
            && (&self.said, &self.flags) == (&other.said, &other.flags)
    }

    /// Whether it is a part of what a buyer is asked to accept.
    pub fn differs(&self) -> bool {
        match self.finding {
            Finding::Contradicted | Finding::NotTested => true,
            Finding::Confirmed | Finding::NotTestable | Finding::Promise => false,
        }
    }
}

/// What the rows of a piece are made of.
pub struct Sources<'a> {
    pub desk: &'a Desk,
    pub words: &'static Words,
    pub placed: &'a OrderPlaced,
    pub texts: &'a HashMap<TextId, String>,
    /// Names that are covered wherever they stand.
    pub names: Vec<&'a str>,
    /// Where the live session can be heard again.
    pub replay: Option<&'a str>,
}

impl Sources<'_> {
    /// A sealed text, with what is personal covered; none once it was erased.
    pub fn text(&self, sealed: Option<&Sealed>) -> Option<String> {
        let text = self.texts.get(&sealed?.text_id)?;
        Some(mask(text, &self.names)).filter(|text| !text.trim().is_empty())
    }

    /// Every settled claim of the ledger.
    pub fn rows(&self, piece: &Piece) -> Vec<Row> {
        let settled: HashMap<_, _> = settled_findings(piece).into_iter().collect();
        let claims = piece.ledger_claims();
        let appraisal = piece.settled().map(|(_, appraisal)| appraisal);
        let whys = self.whys(piece, &claims, appraisal);
        let several = 1 < piece.opened().declared.components.len();
        let row = |(claim, why): (&&Claim, Option<(String, Vec<String>)>)| {
            let Some(Settled::Found(finding)) = settled.get(&claim.claim_id).copied() else { return None };
            let (why, flags) = why.map_or((None, Vec::new()), |(why, flags)| (Some(why), flags));
            let value = self.words.bounded(claim.bound, self.value(claim));
            Some(Row {
                kind: self.words.claim(claim.kind).to_owned(),
                part: claim.component.as_ref().filter(|_| several).and_then(|id| self.part(piece, id)),
                value: if claim.negated { format!("{} {value}", self.words.denied()) } else { value },
                said: self.said(claim),
                measured: appraisal.and_then(|appraisal| self.measured(claim, appraisal)).or_else(|| {
                    // What could have been measured is told from what cannot be.
                    let was_not = self.words.state(ComponentState::NotExamined).to_owned();
                    (finding == Finding::NotTested).then_some(was_not)
                }),
                finding,
                finding_word: self.words.finding(finding).to_owned(),
                why,
                flags,
            })
        };
        let mut rows: Vec<Row> = Vec::new();
        for row in claims.iter().zip(whys).filter_map(row) {
            // Of the whole and of its only part the same was said: that is one line to its reader.
            if !rows.iter().any(|known| known.reads_like(&row)) {
                rows.push(row);
            }
        }
        rows
    }

    /// Why each finding was proposed, by the edition of the rulebook that proposed it, and which rules of speech the
    /// words breach.
    fn whys(
        &self,
        piece: &Piece,
        claims: &[&Claim],
        appraisal: Option<&Appraisal>,
    ) -> Vec<Option<(String, Vec<String>)>> {
        let proposed = proposed(piece);
        let rulebook = proposed.and_then(|proposed| self.desk.edition(&proposed.rulebook_version));
        let (Some(rulebook), Some(appraisal)) = (rulebook, appraisal) else { return vec![None; claims.len()] };
        let language = match self.words.language() {
            Language::Chinese => rulebook::Language::Zh,
            Language::English => rulebook::Language::En,
        };
        let owned: Vec<Claim> = claims.iter().map(|claim| (*claim).clone()).collect();
        let assessed = rulebook.assess(piece, self.placed, &owned, appraisal);
        let why = |assessment: rulebook::Assessment| {
            let flags = assessment.entry.flags.iter().filter_map(|flag| rulebook.rule(flag));
            let flags = flags.map(|rule| rule.clause(language).to_owned()).collect();
            Some((rulebook.sentence(&assessment.reason, language), flags))
        };
        assessed.into_iter().map(why).collect()
    }

    fn said(&self, claim: &Claim) -> Vec<Said> {
        let own = self.place(claim.source, claim.words.as_ref(), claim.span.as_ref());
        let also = claim.also.iter().map(|again| self.place(again.source, again.words.as_ref(), again.span.as_ref()));
        let mut places: Vec<Said> = Vec::new();
        for place in std::iter::once(own).chain(also) {
            // The same source without words of its own says nothing new.
            if place.quote.is_some() || !places.iter().any(|known| known.source == place.source) {
                places.push(place);
            }
        }
        places
    }

    fn place(&self, source: ClaimSource, sealed: Option<&Sealed>, span: Option<&Span>) -> Said {
        let spoken = source == ClaimSource::Spoken || source == ClaimSource::Added;
        let at = span.and_then(|span| span.at_ms).filter(|_| spoken);
        let replay = self.replay.zip(at).map(|(url, at)| {
            // A second within a recording (W3C Media Fragments, section 4.2.1).
            (format!("{}#t={}", url, at.max(0) / 1_000), self.words.replay_at(when::place(at)))
        });
        let source = match (at, &replay) {
            (Some(at), None) => self.words.said_at(when::place(at)),
            (Some(_) | None, _) => self.words.source(source).to_owned(),
        };
        Said { source, quote: self.text(sealed), replay }
    }

    /// The part of a piece, by what it is.
    fn part(&self, piece: &Piece, id: &ComponentId) -> Option<String> {
        let part = piece.opened().declared.components.iter().find(|part| part.component == *id)?;
        Some(self.words.component(part.role).to_owned())
    }

    /// What was claimed, as it is read.
    fn value(&self, claim: &Claim) -> String {
        let words = self.words;
        let range = |low: String, high: Option<String>| match high {
            Some(high) => words.between(low, high),
            None => low,
        };
        match &claim.value {
            ClaimedValue::Name { name } => words.claimed(name.as_str(), || self.text(claim.words.as_ref())),
            ClaimedValue::Weight { weight, upper } => {
                range(self.weight(weight), upper.as_ref().map(|upper| self.weight(upper)))
            }
            ClaimedValue::TradeWeight { unit, amount_millionths, upper_millionths, .. } => {
                let said = |amount: i64| format!("{} {}", decimal(amount, 6, 0), unit.as_str());
                range(said(*amount_millionths), upper_millionths.map(said))
            }
            ClaimedValue::Fineness { fineness_ppm } => format!("{} ‰", fineness_ppm.per_mille()),
            ClaimedValue::Size { name, length_um, upper_um, label, .. } => {
                let millimetres = |length: &crate::domain::quantity::Length| format!("{} mm", length.millimetres());
                let value = match (length_um, label) {
                    (Some(low), _) => range(millimetres(low), upper_um.as_ref().map(millimetres)),
                    (None, Some(label)) => label.to_string(),
                    (None, None) => String::new(),
                };
                words.size_said(words.size(name.as_str()), value)
            }
            ClaimedValue::Certificate { body, number } => format!("{body} {number}"),
        }
    }

    /// A weight with what lay on the balance.
    pub fn weight(&self, weight: &Weighing) -> String {
        let grams = format!("{} g", weight.mass.grams());
        if weight.includes.is_empty() {
            return grams;
        }
        let things: Vec<_> = weight.includes.iter().map(|included| self.words.included(*included)).collect();
        let things = match self.words.language() {
            Language::Chinese => things.join("、"),
            Language::English => things.join(", "),
        };
        format!("{grams} ({})", self.words.includes(things))
    }

    /// What was measured of what a claim is about; none where nothing can be.
    fn measured(&self, claim: &Claim, appraisal: &Appraisal) -> Option<String> {
        let parts: Vec<&ComponentResult> = match &claim.component {
            Some(id) => appraisal.component(id).into_iter().collect(),
            None => appraisal.components.iter().collect(),
        };
        let each = |of: &dyn Fn(&ComponentResult) -> Option<String>| -> Option<String> {
            let mut found: Vec<String> = parts.iter().filter_map(|part| of(part)).collect();
            found.dedup();
            Some(found.join(match self.words.language() {
                Language::Chinese => "、",
                Language::English => ", ",
            }))
            .filter(|text| !text.is_empty())
        };
        let material = |part: &ComponentResult| part.material.as_ref().map(|name| self.words.term(name.as_str()));
        match claim.kind {
            ClaimKind::Material => each(&material),
            ClaimKind::Treatment => each(&|part| {
                material(part)?;
                Some(
                    part.treatment
                        .as_ref()
                        .map_or_else(|| self.words.treatment_none().to_owned(), |name| self.words.term(name.as_str())),
                )
            }),
            ClaimKind::Fineness => {
                each(&|part| part.fineness_ppm.as_ref().map(|fineness| format!("{} ‰", fineness.per_mille())))
            }
            ClaimKind::Weight => match &claim.component {
                Some(_) => each(&|part| part.weight.as_ref().map(|weight| self.weight(weight))),
                None => Some(self.weight(&appraisal.weight)),
            },
            ClaimKind::Size => {
                let ClaimedValue::Size { name, .. } = &claim.value else { return None };
                each(&|part| part.sizes.iter().find(|size| size.name == *name).map(|size| self.size(size)))
            }
            ClaimKind::Certificate => {
                appraisal.presented_certificate.as_ref().map(|seen| format!("{} {}", seen.body, seen.number))
            }
            ClaimKind::Grade | ClaimKind::Origin | ClaimKind::Guarantee | ClaimKind::BannedPhrase => None,
        }
    }

    /// A size that was measured.
    pub fn size(&self, size: &Size) -> String {
        match (&size.length_um, &size.label) {
            (Some(length), _) => format!("{} mm", length.millimetres()),
            (None, Some(label)) => label.to_string(),
            (None, None) => String::new(),
        }
    }

    /// How many claims have each finding, in the order of the findings.
    pub fn counted(&self, rows: &[Row]) -> Vec<String> {
        let count = |finding: &Finding| rows.iter().filter(|row| row.finding == *finding).count();
        let told: BTreeMap<usize, (Finding, usize)> =
            Finding::ALL.iter().enumerate().map(|(place, finding)| (place, (*finding, count(finding)))).collect();
        told.into_values()
            .filter(|(_, count)| 0 < *count)
            .map(|(finding, count)| self.words.counted_findings(self.words.finding(finding), count))
            .collect()
    }
}

/// The last proposal of a piece's ledger.
fn proposed(piece: &Piece) -> Option<&LedgerProposed> {
    piece.history().iter().rev().find_map(|recorded| match &recorded.event {
        Event::LedgerProposed(proposed) => Some(proposed),
        _ => None, // No other event proposes.
    })
}
