//! Who looks twice, and how far two may differ (`second_look.csv`, `agreement.csv`). An edition of before these files
//! asks for one person and finds no dispute: its verdicts were given so.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::case::is_examined;
use super::editions::Files;
use super::names::{Match, Names, Treatments, canonical};
use super::reasons::{Arg, Language, Why};
use super::{Assessment, Rulebook, Tables, Unreadable, rows, share};
use crate::domain::appraisal::{Appraisal, ComponentResult, ComponentRole, Size};
use crate::domain::command::Asked;
use crate::domain::event::OrderPlaced;
use crate::domain::ids::ComponentId;
use crate::domain::ledger::{Claim, Verdict};
use crate::domain::looks::{Around, Because, Limits, Matter};
use crate::domain::piece::Piece;
use crate::domain::quantity::Weighing;
use crate::domain::route::weighs_as_metal;
use crate::domain::text::Name;

#[derive(Clone, Debug, Deserialize)]
struct WhenRow {
    when: String,
    value: Option<i64>,
    currency: Option<String>,
    zh: String,
    en: String,
    source: String,
}

#[derive(Clone, Debug, Deserialize)]
struct MatterRow {
    matter: String,
    value: Option<i64>,
    unit: String,
    zh: String,
    en: String,
    source: String,
}

/// Why a piece takes two persons, and how far these may differ, by one edition.
#[derive(Clone, Debug)]
pub struct Looks {
    when: BTreeMap<String, WhenRow>,
    matters: BTreeMap<String, MatterRow>,
    /// The price of a line from which two look, in minor units of the currency.
    price_from: (i64, String),
    step_from: i64,
    share_ppm: i64,
    fineness_ppm: i64,
    weight_metal_ug: i64,
    weight_other_ug: i64,
}

impl Looks {
    /// None in an edition of before two were asked for.
    pub fn read(files: &Files) -> Result<Option<Self>, Unreadable> {
        let Some(text) = files.optional("second_look.csv") else { return Ok(None) };
        let fail = |file, why: String| Unreadable { file, why };
        let mut when = BTreeMap::new();
        for row in rows::<WhenRow>("second_look.csv", text)? {
            if let Some(twice) = when.insert(row.when.clone(), row) {
                return Err(fail("second_look.csv", format!("{} stands twice", twice.when)));
            }
        }
        if let Some(row) = when.values().find(|row| row.source.is_empty() || row.zh.is_empty() || row.en.is_empty()) {
            return Err(fail("second_look.csv", format!("{}: its words, and where the rule was taken from", row.when)));
        }
        // A row that is left out would be a piece that nobody looks at twice.
        if let Some(missing) = Because::ALL.iter().find(|because| !when.contains_key(because.as_str())) {
            return Err(fail("second_look.csv", format!("{} is not there", missing.as_str())));
        }
        if let Some(other) = when.keys().find(|key| !Because::ALL.iter().any(|known| known.as_str() == *key)) {
            return Err(fail("second_look.csv", format!("nothing reads {other}")));
        }
        let number = |because: Because| {
            let row = when.get(because.as_str());
            let value = row.and_then(|row| row.value).filter(|value| 0 <= *value);
            value.ok_or_else(|| fail("second_look.csv", format!("{}: it takes a number", because.as_str())))
        };
        let currency = when.get(Because::Value.as_str()).and_then(|row| row.currency.clone()).unwrap_or_default();
        let price_from = (number(Because::Value)?, currency);
        let (step_from, share_ppm) = (number(Because::Record)?, number(Because::Draw)?);
        let mut matters = BTreeMap::new();
        for row in rows::<MatterRow>("agreement.csv", files.text("agreement.csv")?)? {
            if let Some(twice) = matters.insert(row.matter.clone(), row) {
                return Err(fail("agreement.csv", format!("{} stands twice", twice.matter)));
            }
        }
        if let Some(row) = matters.values().find(|row| row.source.is_empty() || row.zh.is_empty() || row.en.is_empty())
        {
            return Err(fail("agreement.csv", format!("{}: its words, and where the rule was taken from", row.matter)));
        }
        let limit = |matter: &str, unit: &str| {
            let row = matters.get(matter).filter(|row| row.unit == unit);
            let value = row.and_then(|row| row.value).filter(|value| 0 <= *value);
            value.ok_or_else(|| fail("agreement.csv", format!("{matter}: it takes a number of {unit}")))
        };
        let fineness_ppm = limit("fineness", "ppm")?;
        let (weight_metal_ug, weight_other_ug) = (limit("weight_metal", "ug")?, limit("weight_other", "ug")?);
        for known in ["part", "state", "material", "treatment", "size"] {
            if !matters.contains_key(known) {
                return Err(fail("agreement.csv", format!("{known} is not there")));
            }
        }
        Ok(Some(Self {
            when,
            matters,
            price_from,
            step_from,
            share_ppm,
            fineness_ppm,
            weight_metal_ug,
            weight_other_ug,
        }))
    }

    fn asked(&self, piece: &Piece, around: &Around) -> BTreeSet<Because> {
        let mut because = BTreeSet::new();
        let (price, (limit, currency)) = (&piece.opened().price, &self.price_from);
        // A gift costs nothing in any currency.
        if price.amount != 0 && (price.currency.as_str() != currency || *limit <= price.amount) {
            because.insert(Because::Value);
        }
        if self.step_from <= i64::from(around.conduct_step) {
            because.insert(Because::Record);
        }
        match &around.lot {
            None => {
                because.insert(Because::NoSeed);
            }
            Some(lot) if lot.place_ppm < self.share_ppm => {
                because.insert(Because::Draw);
            }
            Some(_) => {}
        }
        because
    }
}

impl Rulebook {
    /// Why this piece takes two persons, whatever the first finds, by what is known around it.
    pub fn asked(&self, piece: &Piece, around: &Around) -> Asked {
        let Some(looks) = &self.tables.looks else { return Asked::default() };
        Asked { because: looks.asked(piece, around), lot: around.lot.clone(), conduct_step: around.conduct_step }
    }

    /// Why it takes two after the first outcome.
    pub fn asked_after(&self, outcome: Verdict, guard: bool) -> BTreeSet<Because> {
        let mut because = BTreeSet::new();
        if self.tables.looks.is_some() {
            because.extend((outcome != Verdict::Pass).then_some(Because::FirstOutcome));
            because.extend(guard.then_some(Because::GuardBand));
        }
        because
    }

    /// The share of pieces that are drawn, in parts per million; none in an edition without a draw.
    pub fn drawn_share(&self) -> Option<i64> {
        self.tables.looks.as_ref().map(|looks| looks.share_ppm)
    }

    /// A reason for a second look, in words.
    pub fn because(&self, because: Because, language: Language) -> &str {
        let row = self.tables.looks.as_ref().and_then(|looks| looks.when.get(because.as_str()));
        row.map_or("", |row| match language {
            Language::Zh => &row.zh,
            Language::En => &row.en,
        })
    }

    /// In what two appraisals differ, in words.
    pub fn matter(&self, matter: Matter, language: Language) -> &str {
        let key = match matter {
            Matter::Weight => "weight_other",
            Matter::Part | Matter::State | Matter::Material | Matter::Treatment | Matter::Fineness | Matter::Size => {
                matter.as_str()
            }
        };
        let row = self.tables.looks.as_ref().and_then(|looks| looks.matters.get(key));
        row.map_or("", |row| match language {
            Language::Zh => &row.zh,
            Language::En => &row.en,
        })
    }

    /// In what two appraisals differ beyond the limits.
    pub fn disputes(&self, one: &Appraisal, other: &Appraisal) -> Vec<(Option<ComponentId>, Matter)> {
        self.tables.looks.as_ref().map(|looks| disputes(&self.tables, looks, one, other)).unwrap_or_default()
    }

    /// What lies at its limit.
    pub fn limits(&self, piece: &Piece, order: &OrderPlaced, claims: &[Claim], appraisal: &Appraisal) -> Limits {
        if self.tables.looks.is_none() {
            return Limits::default(); // Told and not called, before.
        }
        let assessed = self.assess(piece, order, claims, appraisal);
        let of = |assessment: &Assessment| {
            let claim = claims.iter().find(|claim| claim.claim_id == assessment.entry.claim_id)?;
            Some((claim.component.clone(), Name::parse("weight").ok()?))
        };
        let repeat = assessed.iter().filter(|assessment| assessment.repeat).find_map(of);
        let guard = assessed.iter().any(|assessment| !assessment.repeat && is_guard(assessment));
        Limits { repeat, guard }
    }
}

fn is_guard(assessment: &Assessment) -> bool {
    let inner = assessment.reason.args.iter().any(|(_, arg)| match arg {
        Arg::Reason(inner) => inner.why == Why::WeightGuard,
        Arg::Text(_) | Arg::Includes(_) | Arg::Word(_) => false,
    });
    assessment.reason.why == Why::WeightGuard || inner
}

/// What a conclusion names of treatments, in its field or in the name itself.
pub fn treatments_of(names: &Names, found: &ComponentResult) -> Treatments {
    let mut seen = Treatments::default();
    if let Some(treatment) = &found.treatment {
        seen.add(&names.treatments(treatment.as_str()));
    }
    if let Some(material) = &found.material {
        seen.add(&names.named_treatments(material.as_str()));
    }
    seen
}

fn disputes(tables: &Tables, looks: &Looks, one: &Appraisal, other: &Appraisal) -> Vec<(Option<ComponentId>, Matter)> {
    let mut found = Vec::new();
    let metal = weighs_as_metal(one) && weighs_as_metal(other);
    if !weights_agree(looks, metal, &one.weight, &other.weight) {
        found.push((None, Matter::Weight));
    }
    for part in &one.components {
        match other.component(&part.component) {
            Some(same) => found.extend(
                parts_differ(tables, looks, part, same)
                    .into_iter()
                    .map(|matter| (Some(part.component.clone()), matter)),
            ),
            None => found.extend(is_of_weight(part).then(|| (Some(part.component.clone()), Matter::Part))),
        }
    }
    for part in other.components.iter().filter(|part| one.component(&part.component).is_none()) {
        found.extend(is_of_weight(part).then(|| (Some(part.component.clone()), Matter::Part)));
    }
    found
}

/// Whether it matters that only one of two found a part: a cord does not.
fn is_of_weight(part: &ComponentResult) -> bool {
    match part.role {
        ComponentRole::MainStone | ComponentRole::SideStone | ComponentRole::Metal | ComponentRole::Setting => true,
        ComponentRole::Cord | ComponentRole::Accessory => false,
    }
}

/// Like with like, within both balances' uncertainty or the least that two balances may differ by.
fn weights_agree(looks: &Looks, metal: bool, one: &Weighing, other: &Weighing) -> bool {
    let least = if metal { looks.weight_metal_ug } else { looks.weight_other_ug };
    let of = |weighing: &Weighing| weighing.reading.as_ref().and_then(|reading| reading.uncertainty_ug).unwrap_or(0);
    let limit = least.max(of(one).saturating_add(of(other))).unsigned_abs();
    one.like(other) && one.mass.0.abs_diff(other.mass.0) <= limit
}

fn parts_differ(tables: &Tables, looks: &Looks, one: &ComponentResult, other: &ComponentResult) -> Vec<Matter> {
    if is_examined(one) != is_examined(other) {
        return vec![Matter::State];
    }
    let mut matters = Vec::new();
    if !materials_agree(&tables.names, one, other) {
        matters.push(Matter::Material);
    }
    if !treatments_agree(&tables.names, one, other) {
        matters.push(Matter::Treatment);
    }
    if let (Some(one), Some(other)) = (one.fineness_ppm, other.fineness_ppm)
        && looks.fineness_ppm.unsigned_abs() < one.0.abs_diff(other.0)
    {
        matters.push(Matter::Fineness);
    }
    if let (Some(weight), Some(again)) = (&one.weight, &other.weight)
        && !weights_agree(looks, one.role.is_metal() && other.role.is_metal(), weight, again)
    {
        matters.push(Matter::Weight);
    }
    let apart = |size: &Size| {
        let same = |again: &&Size| canonical(again.name.as_str()) == canonical(size.name.as_str());
        other.sizes.iter().filter(same).any(|again| !sizes_agree(tables, size, again))
    };
    if one.sizes.iter().any(apart) {
        matters.push(Matter::Size);
    }
    matters
}

/// The same name, or one that may be written for the other.
fn materials_agree(names: &Names, one: &ComponentResult, other: &ComponentResult) -> bool {
    match (&one.material, &other.material) {
        (None, None) => true,
        (Some(one), Some(other)) => {
            let may = |said: &Name, concluded: &Name| match names.metal(said.as_str()) {
                Some(said) => names.metal(concluded.as_str()).is_some_and(|seen| seen.metal == said.metal),
                None => matches!(names.matches(said.as_str(), concluded.as_str()), Match::Same(_)),
            };
            canonical(one.as_str()) == canonical(other.as_str()) || may(one, other) || may(other, one)
        }
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// What must be declared is the same; an enhancement may be left unsaid.
fn treatments_agree(names: &Names, one: &ComponentResult, other: &ComponentResult) -> bool {
    let (seen, again) = (treatments_of(names, one), treatments_of(names, other));
    let word = |found: &ComponentResult| found.treatment.as_ref().map(|word| canonical(word.as_str()));
    let is_known = !seen.unknown && !again.unknown;
    word(one) == word(other) || (is_known && seen.treatments == again.treatments)
}

fn sizes_agree(tables: &Tables, one: &Size, other: &Size) -> bool {
    match (one.length_um, other.length_um) {
        (Some(length), Some(again)) => {
            let limit = tables.sizes.allowance(&one.name, length.0).unwrap_or(0);
            length.0.abs_diff(again.0) <= limit.unsigned_abs()
        }
        (None, None) => one.table != other.table || one.label == other.label,
        // A length and a number of a table say nothing of each other.
        (Some(_), None) | (None, Some(_)) => true,
    }
}

impl super::sizes::Sizes {
    /// How far a length may be measured otherwise; none for a size that the rulebook does not know.
    fn allowance(&self, name: &Name, length_um: i64) -> Option<i64> {
        let (um, ppm) = self.row(name)?;
        um.or_else(|| share(length_um, ppm?))
    }
}

#[cfg(test)]
mod tests;
