//! What was said, in exact quantities and in the names of the trade.

use std::collections::BTreeSet;

use super::labels::Labels;
use crate::domain::appraisal::Declared;
use crate::domain::ledger::{ClaimKind, ClaimedValue, TradeUnit};
use crate::domain::quantity::{Fineness, Included, Length, Mass, Weighing};
use crate::domain::text::Name;
use crate::rulebook::Rulebook;
use crate::spoken::mask::mask;
use crate::spoken::{Said, Unit};

/// The value of a claim; `around` are its words with those next to them. None where it has none that could be kept.
pub fn value(
    said: &Said,
    around: &str,
    declared: &Declared,
    rulebook: &Rulebook,
    labels: &Labels,
) -> Option<ClaimedValue> {
    let exact = match said.kind {
        ClaimKind::Weight => weight(said, around, declared),
        ClaimKind::Size => size(said, around, declared),
        ClaimKind::Fineness => {
            Fineness::parse(&said.value).ok().map(|fineness_ppm| ClaimedValue::Fineness { fineness_ppm })
        }
        ClaimKind::Material
        | ClaimKind::Treatment
        | ClaimKind::Grade
        | ClaimKind::Origin
        | ClaimKind::Certificate
        | ClaimKind::Guarantee
        | ClaimKind::BannedPhrase => None,
    };
    exact.or_else(|| name(said, rulebook, labels).map(|name| ClaimedValue::Name { name }))
}

/// The name of what was said. A phrase is the seller's own words: what is personal in them is covered, because a name
/// stands in events in clear.
pub fn name(said: &Said, rulebook: &Rulebook, labels: &Labels) -> Option<Name> {
    if said.kind != ClaimKind::BannedPhrase {
        return labels.of(said.kind, &said.value, rulebook);
    }
    let short: String = mask(&said.value, &[]).chars().take(40).collect();
    Name::parse(&short).ok()
}

fn weight(said: &Said, around: &str, declared: &Declared) -> Option<ClaimedValue> {
    let Some(unit) = said.unit.map(Unit::as_str) else { return trade_weight(said, around) };
    let of = |text: &str| {
        let mass = Mass::parse(text, unit).ok()?;
        Some(Weighing::typed(mass, included(around), Mass::last_digit(text, unit)))
    };
    let (low, high) = ends(said);
    let mut weight = of(&low)?;
    let upper = match high {
        Some(high) => Some(of(&high)?),
        None => None,
    };
    // The number that is listed, said without what it includes, is the listed weight.
    if let Some(listed) = &declared.weight
        && weight.includes.is_empty()
        && weight.mass == listed.mass
        && upper.is_none()
    {
        weight.includes = listed.includes.clone();
    }
    Some(ClaimedValue::Weight { weight, upper })
}

/// 3钱 and its like stay as they were said.
fn trade_weight(said: &Said, around: &str) -> Option<ClaimedValue> {
    let amount = |text: &str, unit: TradeUnit| {
        // As millionths: a decimal of grams in micrograms is the same number.
        Mass::parse(text.strip_suffix(unit.as_str()).unwrap_or(text), "g").ok().map(|millionths| millionths.0)
    };
    let unit = [TradeUnit::Liang, TradeUnit::Qian].into_iter().find(|unit| said.value.ends_with(unit.as_str()))?;
    let (low, high) = ends(said);
    Some(ClaimedValue::TradeWeight {
        unit,
        amount_millionths: amount(&low, unit)?,
        upper_millionths: high.and_then(|high| amount(&high, unit)),
        digit_millionths: Mass::last_digit(low.strip_suffix(unit.as_str()).unwrap_or(&low), "g"),
        includes: included(around),
    })
}

/// The number, or the two ends of a range.
fn ends(said: &Said) -> (String, Option<String>) {
    match (&said.min, &said.max) {
        (Some(min), Some(max)) => (min.to_string(), Some(max.to_string())),
        (None, _) | (_, None) => (said.value.to_string(), None),
    }
}

/// What a weight says that it includes.
fn included(around: &str) -> BTreeSet<Included> {
    const SAID: [(&str, Included); 13] = [
        ("含绳", Included::Cord),
        ("带绳", Included::Cord),
        ("连绳", Included::Cord),
        ("含链", Included::Chain),
        ("带链", Included::Chain),
        ("连链", Included::Chain),
        ("含签", Included::Tag),
        ("带签", Included::Tag),
        ("含石", Included::Stones),
        ("连石", Included::Stones),
        ("with the cord", Included::Cord),
        ("with the chain", Included::Chain),
        ("with the stone", Included::Stones),
    ];
    let around = around.to_lowercase();
    SAID.into_iter().filter(|(word, _)| around.contains(word)).map(|(_, included)| included).collect()
}

/// Sizes that one word names, as listings write them; the first is our own name.
const SIZES: [(&[&str], &[&str]); 5] = [
    (&["圈口", "内径", "正圈", "贵妃", "bangle"], &["inner_diameter_mm", "inner_diameter", "圈口", "内径"]),
    (
        &["珠", "颗", "粒", "直径", "bead", "pearl"],
        &["bead_diameter_mm", "bead_diameter", "珠径", "diameter_mm", "直径"],
    ),
    (&["长", "length", "long", "chain"], &["length_mm", "length", "长"]),
    (&["宽", "wide", "width"], &["width_mm", "width", "宽"]),
    (&["厚", "thick"], &["thickness_mm", "thickness", "厚"]),
];

const RINGS: [&str; 6] = ["戒圈", "指圈", "手寸", "戒指", "ring", "号圈"];

fn size(said: &Said, around: &str, declared: &Declared) -> Option<ClaimedValue> {
    let is_declared = |name: &&&str| declared.sizes.iter().any(|size| size.name.as_str() == **name);
    let lower = around.to_lowercase();
    let Some(unit) = said.unit.map(Unit::as_str) else {
        // A number of a table, or two lengths said as one.
        let is_ring = RINGS.iter().any(|word| lower.contains(word));
        let listed = declared.sizes.iter().find(|size| size.label.is_some());
        let name = if is_ring { "ring_number" } else { "size" };
        let name = listed.map_or_else(|| Name::parse(name).ok(), |size| Some(size.name.clone()))?;
        // Said without its table, a number is that of the listed one.
        let table = listed.and_then(|size| size.table.clone());
        let label = Some(Name::parse(&said.value).ok()?);
        return Some(ClaimedValue::Size { name, length_um: None, upper_um: None, label, table });
    };
    let named = SIZES.iter().find(|(words, _)| words.iter().any(|word| lower.contains(word)));
    let name = match (named, declared.sizes.as_slice()) {
        (Some((_, names)), _) => names.iter().find(is_declared).or(names.first()).copied().map(str::to_owned),
        (None, [only]) => Some(only.name.to_string()),
        (None, _) => Some("size".to_owned()),
    };
    let name = Name::parse(&name?).ok()?;
    let (low, high) = ends(said);
    let length_um = Some(Length::parse(&low, unit).ok()?);
    let upper_um = match high {
        Some(high) => Some(Length::parse(&high, unit).ok()?),
        None => None,
    };
    Some(ClaimedValue::Size { name, length_um, upper_um, label: None, table: None })
}
