//! Weights (`rulebook.md`, "Weight"): the one-sided rule of precious metal, the guard band of gems and jade, carats and
//! their rounding, and units whose size depends on place. All arithmetic is in whole micrograms; a mean of several
//! readings is never divided out: sums are compared with the limit as many times.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::case::{Case, Compared, Found, Quantity, is_examined};
use super::editions::Files;
use super::names::{Metal, canonical};
use super::reasons::{Arg, Why};
use super::severity::Difference;
use super::{Unreadable, parts, rows};
use crate::domain::appraisal::{Appraisal, ComponentRole};
use crate::domain::ids::ComponentId;
use crate::domain::ledger::{Bound, Claim, ClaimedValue, Finding, TradeUnit};
use crate::domain::quantity::{Mass, Weighing};

/// By which rule a weight is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Class {
    Gold,
    Platinum,
    Palladium,
    Silver,
    /// A loose stone, sold by the carat.
    Carat,
    /// Any other gem, jade, and what is mixed.
    Other,
}

impl Class {
    const ALL: [Class; 6] = [Class::Gold, Class::Platinum, Class::Palladium, Class::Silver, Class::Carat, Class::Other];

    fn of(metal: Metal) -> Self {
        match metal {
            Metal::Gold => Class::Gold,
            Metal::Platinum => Class::Platinum,
            Metal::Palladium => Class::Palladium,
            Metal::Silver => Class::Silver,
        }
    }

    /// Of precious metal a surplus never fails.
    fn is_metal(self) -> bool {
        match self {
            Class::Gold | Class::Platinum | Class::Palladium | Class::Silver => true,
            Class::Carat | Class::Other => false,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
struct WeightRow {
    class: Class,
    /// The law's, or a flat one; none where the balance's uncertainty and the digit that was said decide.
    allowance_ug: Option<i64>,
    /// What 左右 or "about" widens a claim by; none for precious metal, whose allowance is the law's whatever is said.
    about_ppm: Option<i64>,
    /// Above it, the source has no allowance.
    up_to_ug: Option<i64>,
    materials: String,
    /// What the last digit stands for, and the expanded uncertainty, where a weight does not say.
    #[serde(default)]
    digit_ug: Option<i64>,
    #[serde(default)]
    uncertainty_ug: Option<i64>,
}

#[derive(Clone, Debug, Deserialize)]
struct CaratRow {
    region: String,
    decimals: u32,
    below_ug: i64,
    above_ug: i64,
    rule: String,
}

#[derive(Clone, Debug, Deserialize)]
struct UnitRow {
    unit: TradeUnit,
    region: String,
    micrograms: i64,
}

#[derive(Deserialize)]
struct RegionRow {
    timezone: String,
    region: String,
}

/// The rules of weight of one edition.
#[derive(Clone, Debug)]
pub struct Weights {
    rows: BTreeMap<Class, WeightRow>,
    carat: Vec<String>,
    carats: Vec<CaratRow>,
    units: Vec<UnitRow>,
    regions: BTreeMap<String, String>,
}

impl Weights {
    pub fn read(files: &Files) -> Result<Self, Unreadable> {
        let fail = |why: String| Unreadable { file: "weights.csv", why };
        let mut known = BTreeMap::new();
        for row in rows::<WeightRow>("weights.csv", files.text("weights.csv")?)? {
            if row.class.is_metal() && row.allowance_ug.is_none() {
                return Err(fail(format!("{:?}: precious metal has an allowance", row.class)));
            }
            if row.allowance_ug.is_none() && row.uncertainty_ug.is_none() {
                return Err(fail(format!("{:?}: an allowance, or the uncertainty to begin with", row.class)));
            }
            if let Some(twice) = known.insert(row.class, row) {
                return Err(fail(format!("{:?} stands twice", twice.class)));
            }
        }
        if let Some(class) = Class::ALL.iter().find(|class| !known.contains_key(class)) {
            return Err(fail(format!("{class:?} is not there")));
        }
        let carat = known.get(&Class::Carat).map(|row| parts(&row.materials).map(canonical).collect());
        let mut regions = BTreeMap::new();
        if let Some(text) = files.optional("regions.csv") {
            regions.extend(rows::<RegionRow>("regions.csv", text)?.into_iter().map(|row| (row.timezone, row.region)));
        }
        let carats = files.optional("carats.csv").map(|text| rows("carats.csv", text)).transpose()?.unwrap_or_default();
        let units = files.optional("units.csv").map(|text| rows("units.csv", text)).transpose()?.unwrap_or_default();
        Ok(Self { rows: known, carat: carat.unwrap_or_default(), carats, units, regions })
    }

    /// Where a seller sits, by the time zone of the order.
    fn region(&self, timezone: &str) -> Option<&str> {
        self.regions.get(timezone).map(String::as_str)
    }

    fn unit(&self, unit: TradeUnit, region: &str) -> Option<i64> {
        self.units.iter().find(|row| row.unit == unit && row.region == region).map(|row| row.micrograms)
    }
}

/// What was said of a weight, in grams.
struct Said {
    weight: Weighing,
    upper: Option<Weighing>,
    /// As it is shown: 钱 and 两 with what they came to.
    text: String,
}

/// Every reading of one weight.
struct Readings {
    masses: Vec<i64>,
    /// How many of them are repeats.
    repeats: usize,
    digit_ug: Option<i64>,
    uncertainty_ug: Option<i64>,
}

impl Readings {
    fn sum(&self) -> i128 {
        self.masses.iter().copied().map(i128::from).sum()
    }

    /// As many readings as there are: a limit is compared with their sum this many times.
    fn times(&self) -> i128 {
        self.masses.len() as i128
    }

    fn reaches(&self, limit: i64) -> bool {
        i128::from(limit) * self.times() <= self.sum()
    }

    fn exceeds(&self, limit: i64) -> bool {
        i128::from(limit) * self.times() < self.sum()
    }

    /// The mean, cut down to whole micrograms: to be shown, not to be compared.
    fn mean(&self) -> Mass {
        Mass(i64::try_from(self.sum() / self.times().max(1)).unwrap_or(i64::MAX))
    }
}

impl<'a> Case<'a> {
    /// A weight that was claimed beside the weight that was taken. None where there is none to compare it with.
    pub fn weight(&self, claim: &'a Claim) -> Option<Found> {
        let said = match self.said_weight(claim)? {
            Ok(said) => said,
            Err(found) => return Some(*found),
        };
        let (measured, class) = match &claim.component {
            Some(component) => {
                let found = self.appraisal.component(component).filter(|found| is_examined(found))?;
                (found.weight.as_ref()?, self.class_of_part(component, &said.weight))
            }
            None => (&self.appraisal.weight, self.class_of_piece(&said.weight)),
        };
        let is_like = measured.like(&said.weight) && said.upper.as_ref().is_none_or(|upper| upper.like(&said.weight));
        if !is_like {
            let mut found = Found::new(Finding::NotTested, Why::WeightUnlike, []);
            found.reason = found
                .reason
                .with("said", Arg::Includes(said.weight.includes.clone()))
                .with("measured", Arg::Includes(measured.includes.clone()));
            return Some(found);
        }
        let row = self.tables.weights.rows.get(&class)?;
        if let Some(most) = row.up_to_ug.filter(|most| *most < said.weight.mass.0) {
            let args = [("said", said.text), ("limit", Mass(most).grams())];
            return Some(Found::new(Finding::NotTested, Why::WeightNoAllowance, args));
        }
        let readings = self.readings(claim.component.as_ref(), measured);
        match (class.is_metal(), row.allowance_ug) {
            // A surplus shorts no buyer, and still is not what the paper weighed.
            (true, Some(_)) if super::findings::is_printed(claim) => {
                self.gem_weight(claim, &said, row, class, &readings)
            }
            (true, Some(allowance)) => Some(self.metal_weight(claim, &said, row, allowance, &readings)),
            (false, _) | (true, None) => self.gem_weight(claim, &said, row, class, &readings),
        }
    }

    /// The reading of each who looked, and the repeats, as many as the rulebook takes: like with like, oldest first.
    fn readings(&self, component: Option<&ComponentId>, first: &'a Weighing) -> Readings {
        let settled = self.piece.settled_all();
        let of = |appraisal: &'a Appraisal| match component {
            Some(component) => appraisal.component(component)?.weight.as_ref(),
            None => Some(&appraisal.weight),
        };
        // Of a piece that is not settled there is the one that was asked about.
        let mut all: Vec<&Weighing> = settled.iter().filter_map(|(_, appraisal)| of(appraisal)).collect();
        if settled.len() < 2 {
            all = vec![first];
        }
        all.retain(|weighing| weighing.like(first));
        let looked = all.len();
        let most = usize::try_from(self.tables.limits.repeats).unwrap_or_default();
        all.extend(self.piece.repeats(component).filter(|again| again.like(first)).take(most));
        Readings {
            masses: all.iter().map(|weighing| weighing.mass.0).collect(),
            repeats: all.len().saturating_sub(looked),
            // The coarsest and the least certain of them.
            digit_ug: all.iter().filter_map(|weighing| weighing.digit_ug).max(),
            uncertainty_ug: all
                .iter()
                .filter_map(|weighing| weighing.reading.as_ref().and_then(|reading| reading.uncertainty_ug))
                .max(),
        }
    }

    fn may_repeat(&self, readings: &Readings) -> bool {
        i64::try_from(readings.repeats).is_ok_and(|repeats| repeats < self.tables.limits.repeats)
    }

    /// Nothing is asked of precious metal but that there is enough. The allowance is the law's, and the reading decides
    /// at the limit itself: the balance's error must not exceed the allowance, so it is not subtracted a second time. A
    /// reading within one digit of the limit is repeated, at most twice; the mean decides. One digit above is not yet
    /// within: where digit and allowance are the same, that is what was said.
    fn metal_weight(&self, claim: &Claim, said: &Said, row: &WeightRow, allowance: i64, readings: &Readings) -> Found {
        let text = |mass: i64| Mass(mass).grams();
        match claim.bound {
            Bound::Exactly | Bound::About | Bound::AtLeast | Bound::Range => {}
            Bound::AtMost => {
                return Found::new(Finding::NotTested, Why::MetalWeightUpper, [("said", said.text.clone())]);
            }
        }
        let limit = said.weight.mass.0.saturating_sub(allowance);
        let is_enough = readings.reaches(limit);
        let digit = readings.digit_ug.or(row.digit_ug).unwrap_or(0);
        let is_near = readings.reaches(limit.saturating_sub(digit)) && !readings.reaches(limit.saturating_add(digit));
        let args = [
            ("measured", readings.mean().grams()),
            ("said", said.text.clone()),
            ("allowance", text(allowance)),
            ("limit", text(limit)),
        ];
        let found = if is_enough {
            Found::new(Finding::Confirmed, Why::MetalWeightMet, args)
        } else {
            Found::new(Finding::Contradicted, Why::MetalWeightShort, args).by(Difference::MetalWeight)
        };
        let found = found.comparing(Compared {
            quantity: Quantity::Mass,
            said: said.weight.mass.0,
            measured: readings.masses.clone(),
            low: Some(limit),
            high: None,
        });
        Found { repeat: is_near && self.may_repeat(readings), ..found }
    }

    fn gem_weight(
        &self,
        claim: &Claim,
        said: &Said,
        row: &WeightRow,
        class: Class,
        readings: &Readings,
    ) -> Option<Found> {
        let value = said.weight.mass.0;
        let digit = said.weight.digit_ug.or(row.digit_ug).unwrap_or(0);
        let uncertainty = readings.uncertainty_ug.or(row.uncertainty_ug).unwrap_or(0);
        let carat = (class == Class::Carat).then(|| self.carat_row(digit)).flatten();
        // Half of the last digit that was said, cut down to a whole microgram.
        let tolerance = row.allowance_ug.unwrap_or_else(|| uncertainty.saturating_add(digit / 2));
        // A bound or a range is as wide as it was said; only the balance's uncertainty stands beside it.
        let bare = row.allowance_ug.unwrap_or(uncertainty);
        let (low, high) = match (claim.bound, carat) {
            (Bound::Exactly, Some(row)) => (
                Some(value.saturating_sub(row.below_ug).saturating_sub(uncertainty)),
                Some(value.saturating_add(row.above_ug).saturating_add(uncertainty)),
            ),
            (Bound::Exactly, None) => (Some(value.saturating_sub(tolerance)), Some(value.saturating_add(tolerance))),
            (Bound::About, _) => {
                let about = row.about_ppm.and_then(|ppm| super::share(value, ppm)).unwrap_or(0).max(tolerance);
                (Some(value.saturating_sub(about)), Some(value.saturating_add(about)))
            }
            (Bound::AtLeast, _) => (Some(value.saturating_sub(bare)), None),
            (Bound::AtMost, _) => (None, Some(value.saturating_add(bare))),
            (Bound::Range, _) => {
                let upper = said.upper.as_ref()?.mass.0;
                (Some(value.saturating_sub(bare)), Some(upper.saturating_add(bare)))
            }
        };
        // An allowance that is flat, or only about, is no limit of the balance's: no band guards it.
        let guard = match (row.allowance_ug, claim.bound) {
            (None, Bound::Exactly | Bound::AtLeast | Bound::AtMost | Bound::Range) => {
                super::share(uncertainty, self.tables.limits.guard_ppm).unwrap_or(0)
            }
            (Some(_), _) | (None, Bound::About) => 0,
        };
        let agrees = low.is_none_or(|low| readings.reaches(low)) && high.is_none_or(|high| !readings.exceeds(high));
        let is_near = low.is_none_or(|low| readings.reaches(low.saturating_sub(guard)))
            && high.is_none_or(|high| !readings.exceeds(high.saturating_add(guard)));
        let in_carats = carat.is_some() && claim.bound == Bound::Exactly;
        let rule = carat.map_or("", |row| row.rule.as_str());
        let why = match (agrees, is_near, claim.bound) {
            (true, _, Bound::About) => Why::WeightAboutWithin,
            (false, _, Bound::About) => Why::WeightAboutOutside,
            (true, _, _) if in_carats && rule == "carat_rounding_us" => Why::CaratUsWithin,
            (true, _, _) if in_carats => Why::CaratCnWithin,
            (true, _, _) => Why::WeightWithin,
            (false, true, _) => Why::WeightGuard,
            (false, false, _) if in_carats && rule == "carat_rounding_us" => Why::CaratUsOutside,
            (false, false, _) if in_carats => Why::CaratCnOutside,
            (false, false, _) => Why::WeightOutside,
        };
        let is_carats = in_carats && why != Why::WeightGuard;
        let text = |mass: i64| if is_carats { Mass(mass).carats() } else { Mass(mass).grams() };
        let end = |limit: Option<i64>| limit.map_or("–".to_owned(), text);
        let said_text = if is_carats { text(value) } else { said.text.clone() };
        let args = [("measured", text(readings.mean().0)), ("said", said_text), ("low", end(low)), ("high", end(high))];
        let finding = match (agrees, is_near) {
            (true, _) => Finding::Confirmed,
            (false, true) => Finding::NotTested,
            (false, false) => Finding::Contradicted,
        };
        let mut found = Found::new(finding, why, args).comparing(Compared {
            quantity: Quantity::Mass,
            said: value,
            measured: readings.masses.clone(),
            low,
            high,
        });
        if !agrees {
            let nearest = match (&said.upper, claim.bound) {
                (Some(upper), Bound::Range) if readings.exceeds(upper.mass.0) => upper.mass.0,
                _ => value, // The one value that was said, or the lower end of two.
            };
            let of = i128::from(nearest) * readings.times();
            let off = (readings.sum() - of).abs();
            found = found.by(Difference::Weight { off, of });
            found.undetermined = is_near;
            found.repeat = is_near && self.may_repeat(readings);
        }
        if why == Why::WeightGuard {
            found.reason = found.reason.with("guard", Arg::Text(Mass(guard).grams()));
        }
        Some(found)
    }

    /// How carats are rounded where the seller sits, for a weight that was said in carats. A digit of a carat, 0.2 g
    /// over a power of ten, begins with a 2; one of a gram with a 1.
    fn carat_row(&self, digit_ug: i64) -> Option<&'a CaratRow> {
        let decimals = (0..=5).find(|decimals| 200_000 / 10_i64.pow(*decimals) == digit_ug)?;
        let region = self.tables.weights.region(self.order.merchant_timezone.as_str())?;
        self.tables.weights.carats.iter().find(|row| row.region == region && row.decimals == decimals)
    }

    /// The weight that a claim says, 钱 and 两 resolved by the seller's region. A unit whose size is not known decides
    /// nothing.
    fn said_weight(&self, claim: &Claim) -> Option<Result<Said, Box<Found>>> {
        match &claim.value {
            ClaimedValue::Weight { weight, upper } => {
                Some(Ok(Said { weight: weight.clone(), upper: upper.clone(), text: weight.mass.grams() }))
            }
            ClaimedValue::TradeWeight { unit, amount_millionths, upper_millionths, digit_millionths, includes } => {
                let weights = &self.tables.weights;
                let region = weights.region(self.order.merchant_timezone.as_str());
                let grams = |amount: i64, unit_ug: i64| {
                    i64::try_from(i128::from(amount) * i128::from(unit_ug) / 1_000_000).ok().map(Mass)
                };
                let Some(unit_ug) = region.and_then(|region| weights.unit(*unit, region)) else {
                    let all = weights.units.iter().filter(|row| row.unit == *unit).map(|row| row.micrograms);
                    let end = |unit_ug: Option<i64>| {
                        unit_ug.and_then(|unit_ug| grams(*amount_millionths, unit_ug)).map_or("–".into(), Mass::grams)
                    };
                    let args = [("said", self.said(claim)), ("low", end(all.clone().min())), ("high", end(all.max()))];
                    return Some(Err(Box::new(Found::new(Finding::NotTested, Why::TradeUnitUnknown, args))));
                };
                let digit = digit_millionths.and_then(|digit| grams(digit, unit_ug)).map(|digit| digit.0);
                let weighing = |amount| Some(Weighing::typed(grams(amount, unit_ug)?, includes.clone(), digit));
                let weight = weighing(*amount_millionths)?;
                let upper = match upper_millionths {
                    Some(upper) => Some(weighing(*upper)?),
                    None => None,
                };
                let text = format!("{}={}", self.said(claim), weight.mass.grams());
                Some(Ok(Said { weight, upper, text }))
            }
            ClaimedValue::Name { .. }
            | ClaimedValue::Size { .. }
            | ClaimedValue::Fineness { .. }
            | ClaimedValue::Certificate { .. } => None,
        }
    }

    fn class_of_part(&self, component: &ComponentId, claimed: &Weighing) -> Class {
        let Some(material) = self.declared_material(component) else { return Class::Other };
        if let Some(metal) = self.tables.names.metal(material) {
            return Class::of(metal.metal);
        }
        let weights = &self.tables.weights;
        let within = weights.rows.get(&Class::Carat).and_then(|row| row.up_to_ug);
        let is_carat = weights.carat.contains(&canonical(material))
            && claimed.includes.is_empty()
            && within.is_none_or(|most| claimed.mass.0 <= most);
        if is_carat { Class::Carat } else { Class::Other }
    }

    /// A piece is weighed as metal if nothing but precious metal gives it its weight; of several, the narrowest
    /// allowance decides.
    fn class_of_piece(&self, claimed: &Weighing) -> Class {
        let parts = &self.piece.opened().declared.components;
        if let [only] = parts.as_slice() {
            return self.class_of_part(&only.component, claimed);
        }
        let is_stone = |role| matches!(role, ComponentRole::MainStone | ComponentRole::SideStone);
        if parts.iter().any(|part| is_stone(part.role)) {
            return Class::Other;
        }
        let classes = parts.iter().filter(|part| part.role.is_metal()).map(|part| {
            let metal = part.material.as_ref().and_then(|material| self.tables.names.metal(material.as_str()));
            metal.map_or(Class::Other, |metal| Class::of(metal.metal))
        });
        let classes: Vec<_> = classes.collect();
        if classes.contains(&Class::Other) {
            return Class::Other;
        }
        let allowance = |class: &Class| self.tables.weights.rows.get(class).and_then(|row| row.allowance_ug);
        classes.into_iter().min_by_key(allowance).unwrap_or(Class::Other)
    }
}

/// A mass in hundredths of a carat as it is stated in China (逢九进一): two decimals, and only a 9 in the third carries
/// (GB/T 16554). 3.467 ct is 3.46, 1.599 ct is 1.60.
pub fn carats_stated_in_china(mass: Mass) -> i64 {
    // A thousandth of a carat is 200 µg.
    let thousandths = mass.0.max(0) / 200;
    thousandths / 10 + i64::from(thousandths % 10 == 9)
}

#[cfg(test)]
mod tests;
