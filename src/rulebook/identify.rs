//! Readings that identify a material (`rulebook.md`, "Identification"; `materials.csv`): refractive index, specific
//! gravity, hardness. All of them in ten-thousandths. In range proves nothing; out of range contradicts by itself only
//! where the range is one of GB/T 16553.

use serde::Deserialize;

use super::case::{Case, Found};
use super::editions::Files;
use super::names::canonical;
use super::reasons::{Arg, Why};
use super::severity::Difference;
use super::{Unreadable, parts, rows};
use crate::domain::appraisal::{ComponentResult, Test};
use crate::domain::ledger::Finding;
use crate::domain::quantity::{Mass, decimal};

/// How far a published range can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Grade {
    /// A value of GB/T 16553.
    G,
    /// Published gemmological tables.
    A,
    B,
    #[serde(rename = "AB")]
    Ab,
    C,
    /// To be verified.
    K,
}

impl Grade {
    /// Only a range of the standard may contradict alone.
    fn decides(self) -> bool {
        match self {
            Grade::G => true,
            Grade::A | Grade::B | Grade::Ab | Grade::C | Grade::K => false,
        }
    }
}

#[derive(Deserialize)]
struct MaterialRow {
    names: String,
    ri_low: String,
    ri_high: String,
    sg_low: String,
    sg_high: String,
    mohs_low: String,
    mohs_high: String,
    source_grade: Grade,
}

/// One material's ranges, in ten-thousandths, both ends included.
#[derive(Clone, Debug)]
struct Material {
    names: Vec<String>,
    ri: (i64, i64),
    sg: (i64, i64),
    mohs: (i64, i64),
    grade: Grade,
}

/// The materials of one edition.
#[derive(Clone, Debug, Default)]
pub struct Materials(Vec<Material>);

impl Materials {
    pub fn read(files: &Files) -> Result<Self, Unreadable> {
        let Some(text) = files.optional("materials.csv") else { return Ok(Self::default()) };
        let mut materials = Vec::new();
        for row in rows::<MaterialRow>("materials.csv", text)? {
            let range = |low: &str, high: &str| match (ten_thousandths(low), ten_thousandths(high)) {
                (Some((low, _)), Some((high, _))) if low <= high => Ok((low, high)),
                _ => Err(Unreadable {
                    file: "materials.csv",
                    why: format!("{}: {low} to {high} is no range", row.names),
                }),
            };
            materials.push(Material {
                names: parts(&row.names).map(canonical).collect(),
                ri: range(&row.ri_low, &row.ri_high)?,
                sg: range(&row.sg_low, &row.sg_high)?,
                mohs: range(&row.mohs_low, &row.mohs_high)?,
                grade: row.source_grade,
            });
        }
        Ok(Self(materials))
    }
}

/// What an instrument showed: between which two values the property lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shown {
    low: i64,
    high: i64,
    /// None beyond the reach of the instrument.
    value: Option<i64>,
    uncertainty: i64,
}

/// A property that identifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Property {
    RefractiveIndex,
    SpecificGravity,
    Hardness,
}

impl Property {
    fn of_method(method: &str) -> Option<Self> {
        match canonical(method).as_str() {
            "REFRACTIVE_INDEX" | "REFRACTOMETER" | "RI" | "折射率" => Some(Property::RefractiveIndex),
            "SPECIFIC_GRAVITY" | "HYDROSTATIC" | "SG" | "相对密度" | "密度" | "静水称重" => {
                Some(Property::SpecificGravity)
            }
            "HARDNESS" | "MOHS" | "硬度" | "摩氏硬度" => Some(Property::Hardness),
            _ => None, // Another test, such as infrared.
        }
    }

    fn word(self) -> &'static str {
        match self {
            Property::RefractiveIndex => "method:refractive_index",
            Property::SpecificGravity => "method:specific_gravity",
            Property::Hardness => "method:hardness",
        }
    }

    fn range(self, material: &Material) -> (i64, i64) {
        match self {
            Property::RefractiveIndex => material.ri,
            Property::SpecificGravity => material.sg,
            Property::Hardness => material.mohs,
        }
    }
}

impl<'a> Case<'a> {
    /// What the readings of a part say against a claimed material; nothing where they are in range, because in range
    /// proves nothing. A reading must lie outside the range of every name that the claim may be written as.
    pub fn against_readings(&self, said: &str, found: &ComponentResult) -> Option<Found> {
        let mut names: Vec<_> = self.tables.names.set(said).into_iter().collect();
        names.push(self.tables.names.base(said));
        names.push(canonical(said));
        let materials: Vec<_> =
            self.tables.materials.0.iter().filter(|row| row.names.iter().any(|name| names.contains(name))).collect();
        let outside = found.tests.iter().filter_map(|test| {
            let property = Property::of_method(test.method.as_str())?;
            let shown = self.shown(property, test)?;
            let is_outside = |material: &&&Material| {
                let (low, high) = property.range(material);
                shown.high < low || high < shown.low
            };
            let outside: Vec<_> = materials.iter().filter(is_outside).collect();
            if outside.is_empty() || outside.len() < materials.len() {
                return None;
            }
            let decides = outside.iter().all(|material| material.grade.decides());
            let low = outside.iter().map(|material| property.range(material).0).min()?;
            let high = outside.iter().map(|material| property.range(material).1).max()?;
            let (finding, why) = if decides {
                (Finding::Contradicted, Why::ReadingOutside)
            } else {
                (Finding::NotTested, Why::ReadingOutsideTable)
            };
            let text = |value: i64| decimal(value, 4, 2);
            let over = || format!(">{}", text(self.tables.limits.ri_over_limit));
            let mut found = Found::new(
                finding,
                why,
                [
                    ("measured", shown.value.map_or_else(over, text)),
                    ("uncertainty", text(shown.uncertainty)),
                    ("said", said.to_owned()),
                    ("low", text(low)),
                    ("high", text(high)),
                ],
            );
            found.reason = found.reason.with("method", Arg::Word(property.word()));
            Some(if decides { found.by(Difference::Material) } else { found })
        });
        outside.reduce(Found::worse)
    }

    fn shown(&self, property: Property, test: &Test) -> Option<Shown> {
        let text = test.value.as_ref()?.as_str();
        let limits = &self.tables.limits;
        let about = |value: i64, uncertainty: i64| Shown {
            low: value.saturating_sub(uncertainty),
            high: value.saturating_add(uncertainty),
            value: Some(value),
            uncertainty,
        };
        match property {
            Property::RefractiveIndex if is_over_limit(text) => {
                Some(Shown { low: limits.ri_over_limit, high: i64::MAX, value: None, uncertainty: 0 })
            }
            Property::RefractiveIndex => {
                let (value, decimals) = ten_thousandths(text)?;
                // A spot reading is written with two decimals, one on a facet with three.
                let uncertainty = if decimals <= 2 { limits.ri_spot_uncertainty } else { limits.ri_uncertainty };
                Some(about(value, uncertainty))
            }
            Property::SpecificGravity => match text.split_once('/') {
                // Two masses: in air, and in water.
                Some((air, water)) => {
                    let mass = |text: &str| Mass::parse(text.trim(), "g").ok();
                    let sg = hydrostatic(mass(air)?, mass(water)?, WATER, Mass(limits.balance_uncertainty_ug))?;
                    let uncertainty = (sg.high - sg.value).max(sg.value - sg.low);
                    Some(Shown { low: sg.low, high: sg.high, value: Some(sg.value), uncertainty })
                }
                None => Some(about(ten_thousandths(text)?.0, limits.sg_uncertainty)),
            },
            Property::Hardness => Some(about(ten_thousandths(text)?.0, limits.hardness_uncertainty)),
        }
    }
}

/// Water near 4 °C, in ten-thousandths of a gram per millilitre.
const WATER: i64 = 10_000;

fn is_over_limit(text: &str) -> bool {
    matches!(canonical(text).as_str(), "OVER_LIMIT" | "OL" | "OTL" | "超限" | ">1.78" | ">1.79" | ">1.81")
}

/// A specific gravity in ten-thousandths, with the least and the greatest value that the masses allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gravity {
    pub value: i64,
    pub low: i64,
    pub high: i64,
}

/// Hydrostatic weighing: m_air ÷ (m_air − m_liquid) × ρ_liquid, the density in ten-thousandths of a gram per millilitre.
/// Both masses are uncertain by as much; the range is the widest that they allow, rounded outwards. None where the piece
/// does not sink, or the masses are too uncertain to tell.
pub fn hydrostatic(air: Mass, liquid: Mass, density: i64, uncertainty: Mass) -> Option<Gravity> {
    let of = |air: i64, liquid: i64, up: bool| {
        let lost = i128::from(air) - i128::from(liquid);
        if lost <= 0 || liquid < 0 {
            return None;
        }
        let product = i128::from(air) * i128::from(density);
        i64::try_from(if up { (product + lost - 1) / lost } else { product / lost }).ok()
    };
    let (air, liquid, by) = (air.0, liquid.0, uncertainty.0);
    Some(Gravity {
        value: of(air, liquid, false)?,
        low: of(air.saturating_add(by), liquid.saturating_sub(by).max(0), false)?,
        high: of(air.saturating_sub(by), liquid.saturating_add(by), true)?,
    })
}

/// A plain decimal of at most four places, in ten-thousandths, and how many places it was written with.
fn ten_thousandths(text: &str) -> Option<(i64, usize)> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || 6 < whole.len() || !digits(whole) || 4 < fraction.len() || !digits(fraction) {
        return None;
    }
    let value: i64 = format!("{whole}{fraction:0<4}").parse().ok()?;
    Some((value, fraction.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hydrostatic_weighing_by_hand() {
        let check = |air: &str, liquid: &str, by: &str, expected: Option<(i64, i64, i64)>| {
            let mass = |text| Mass::parse(text, "g").unwrap();
            let found = hydrostatic(mass(air), mass(liquid), 10_000, mass(by));
            assert_eq!(found.map(|sg| (sg.value, sg.low, sg.high)), expected, "{air} {liquid}");
        };
        // 58.40 ÷ (58.40 − 40.88) = 58.40 ÷ 17.52 = 3.3333…
        // least: 58.41 ÷ (58.41 − 40.87) = 58.41 ÷ 17.54 = 3.33010…; most: 58.39 ÷ (58.39 − 40.89) = 3.33657…
        check("58.40", "40.88", "0.01", Some((33_333, 33_301, 33_366)));
        // 10 ÷ (10 − 6) = 2.5 exactly.
        check("10", "6", "0.000001", Some((25_000, 24_999, 25_001)));
        // It floats, or the loss is smaller than what is not known of it.
        check("5", "5", "0.01", None);
        check("5", "4.99", "0.01", None);
    }

    #[test]
    fn readings_are_read_exactly() {
        assert_eq!(ten_thousandths("1.66"), Some((16_600, 2)));
        assert_eq!(ten_thousandths("1.666"), Some((16_660, 3)));
        assert_eq!(ten_thousandths("7"), Some((70_000, 0)));
        for text in ["", ".5", "1.66666", "1,66", "-1", "1.6x", "1234567"] {
            assert_eq!(ten_thousandths(text), None, "{text}");
        }
    }

    #[test]
    fn all_57_materials_have_their_ranges() {
        let materials = Materials::read(&super::super::testing::newest()).unwrap();
        assert_eq!(materials.0.len(), 57);
        let of = |name: &str| materials.0.iter().find(|row| row.names.iter().any(|own| own == name)).unwrap();
        // 1.666–1.690 (+0.020, −0.010): from 1.656 to 1.710. SG 3.34 (+0.11, −0.09): from 3.25 to 3.45.
        assert_eq!((of("翡翠").ri, of("翡翠").sg), ((16_560, 17_100), (32_500, 34_500)));
        // 1.606–1.632 (+0.009, −0.006): from 1.600 to 1.641. SG 2.95 (+0.15, −0.05): from 2.90 to 3.10.
        assert_eq!((of("和田玉").ri, of("和田玉").sg), ((16_000, 16_410), (29_000, 31_000)));
        assert_eq!(materials.0.iter().filter(|row| row.grade.decides()).count(), 2);
    }
}
