//! A claim beside what was measured: the finding that is proposed. A person settles it.
//!
//! Whatever was not examined, cannot be determined, is not there, or cannot be compared like with like is `not_tested`:
//! nothing is confirmed by silence. All arithmetic is in whole micrograms, micrometres and parts per million.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::Deserialize;

use super::names::{Match, Metal, Names, Treatments, canonical};
use super::{Unreadable, parts, rows};
use crate::domain::appraisal::{Appraisal, ComponentResult, ComponentRole, ComponentState, Size};
use crate::domain::ids::ComponentId;
use crate::domain::ledger::{Bound, Claim, ClaimKind, ClaimedValue, Finding, ProposedEntry};
use crate::domain::piece::Piece;
use crate::domain::quantity::{Length, Weighing};
use crate::domain::text::Name;

const WEIGHTS: &str = include_str!("data/2026-11-22/weights.csv");
const SIZES: &str = include_str!("data/2026-11-22/sizes.csv");

/// From this fineness on a metal's name, 足金 or 足银, has no upper end: below it, the name says the grade itself
/// (GB 11887).
const PURE_PPM: i64 = 990_000;

/// By which allowance a weight is compared (`rulebook.md`, "Weight").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Class {
    Gold,
    Platinum,
    Palladium,
    Silver,
    /// A loose stone, sold by the carat. The decimals that were said are gone once a weight is parsed, so instead of
    /// half of the last one the allowance is 0.01 ct.
    Carat,
    /// Any other gem, jade, and what is mixed. 0.05 g, for the same reason.
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
    fn one_sided(self) -> bool {
        match self {
            Class::Gold | Class::Platinum | Class::Palladium | Class::Silver => true,
            Class::Carat | Class::Other => false,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
struct WeightRow {
    class: Class,
    allowance_ug: i64,
    /// What 左右 or "about" widens a claim by; none for precious metal, whose allowance is the law's whatever is said.
    about_ppm: Option<i64>,
    /// Above it, the source has no allowance.
    up_to_ug: Option<i64>,
    materials: String,
}

#[derive(Clone, Debug, Deserialize)]
struct SizeRow {
    name: String,
    allowance_um: Option<i64>,
    allowance_ppm: Option<i64>,
    about_ppm: i64,
}

/// How far a measurement may lie from what was said.
#[derive(Clone, Debug)]
pub struct Limits {
    weights: BTreeMap<Class, WeightRow>,
    carat: Vec<String>,
    sizes: BTreeMap<String, SizeRow>,
}

impl Limits {
    pub fn embedded() -> Result<Self, Unreadable> {
        let mut weights = BTreeMap::new();
        for row in rows::<WeightRow>("weights.csv", WEIGHTS)? {
            if let Some(twice) = weights.insert(row.class, row) {
                return Err(Unreadable { file: "weights.csv", why: format!("{:?} stands twice", twice.class) });
            }
        }
        if let Some(class) = Class::ALL.iter().find(|class| !weights.contains_key(class)) {
            return Err(Unreadable { file: "weights.csv", why: format!("{class:?} is not there") });
        }
        let carat = weights.get(&Class::Carat).map(|row| parts(&row.materials).map(canonical).collect());
        let mut sizes = BTreeMap::new();
        for row in rows::<SizeRow>("sizes.csv", SIZES)? {
            if row.allowance_um.is_some() == row.allowance_ppm.is_some() {
                return Err(Unreadable { file: "sizes.csv", why: format!("{}: one allowance", row.name) });
            }
            if let Some(twice) = sizes.insert(canonical(&row.name), row) {
                return Err(Unreadable { file: "sizes.csv", why: format!("{} stands twice", twice.name) });
            }
        }
        Ok(Self { weights, carat: carat.unwrap_or_default(), sizes })
    }
}

/// A finding for each claim, in their order.
pub fn propose(
    names: &Names,
    limits: &Limits,
    piece: &Piece,
    claims: &[Claim],
    appraisal: &Appraisal,
) -> Vec<ProposedEntry> {
    let case = Case { names, limits, piece, claims, appraisal };
    claims
        .iter()
        .map(|claim| ProposedEntry {
            claim_id: claim.claim_id.clone(),
            finding: case.finding(claim),
            main: case.is_main(claim),
            essential: case.is_essential(claim),
            asks: None,
            rule: None,
            flags: Vec::new(),
        })
        .collect()
}

struct Case<'a> {
    names: &'a Names,
    limits: &'a Limits,
    piece: &'a Piece,
    claims: &'a [Claim],
    appraisal: &'a Appraisal,
}

impl<'a> Case<'a> {
    /// What is said of the whole piece decides, but for its weight, which does where the price follows it.
    fn is_main(&self, claim: &Claim) -> bool {
        match (&claim.component, claim.kind) {
            (Some(component), _) => self.piece.is_main(component),
            (None, ClaimKind::Weight) => self.piece.sold_by_weight(),
            (None, _) => true,
        }
    }

    /// The weight of a piece at a fixed price, or of a stone set in metal, is disclosed where it could not be had
    /// (`journey.md`, "What must hold before a piece leaves").
    fn is_essential(&self, claim: &Claim) -> bool {
        let parts = &self.piece.opened().declared.components;
        let is_set = claim.component.as_ref().is_some_and(|component| {
            parts.iter().any(|part| part.component == *component && !part.role.is_metal())
                && parts.iter().any(|part| part.role.is_metal())
        });
        claim.kind.is_essential() && (claim.kind != ClaimKind::Weight || (self.piece.sold_by_weight() && !is_set))
    }

    fn finding(&self, claim: &Claim) -> Finding {
        match claim.kind {
            ClaimKind::Origin | ClaimKind::BannedPhrase => return Finding::NotTestable,
            ClaimKind::Guarantee => return Finding::Promise,
            ClaimKind::Grade => return self.grade(&claim.value),
            ClaimKind::Material
            | ClaimKind::Treatment
            | ClaimKind::Fineness
            | ClaimKind::Weight
            | ClaimKind::Size
            | ClaimKind::Certificate => {}
        }
        // A listing denies nothing. What a denial is worth comes with the reader of speech; until then nobody is
        // cleared by one.
        if claim.negated {
            return Finding::NotTested;
        }
        let finding = match (claim.kind, &claim.value) {
            (ClaimKind::Material, ClaimedValue::Name { name }) => self.material(claim, name),
            (ClaimKind::Treatment, ClaimedValue::Name { name }) => self.treatment(claim, name),
            (ClaimKind::Fineness, ClaimedValue::Fineness { fineness_ppm }) => {
                self.examined(claim).and_then(|found| found.fineness_ppm).map(|found| agree(*fineness_ppm <= found))
            }
            (ClaimKind::Weight, ClaimedValue::Weight { weight, upper }) => self.weight(claim, weight, upper.as_ref()),
            (ClaimKind::Size, ClaimedValue::Size { name, length_um, upper_um, label, table }) => {
                let asked =
                    Size { name: name.clone(), length_um: *length_um, label: label.clone(), table: table.clone() };
                self.size(claim, &asked, *upper_um)
            }
            (ClaimKind::Certificate, ClaimedValue::Certificate { body, number }) => {
                let seen = self.appraisal.presented_certificate.as_ref();
                seen.filter(|seen| seen.body == *body && seen.number == *number).map(|_| Finding::Confirmed)
            }
            _ => None, // A value that does not belong to its kind can be compared with nothing.
        };
        finding.unwrap_or(Finding::NotTested)
    }

    /// 冰种 and its like are not testable; other grades could be tested and are not yet.
    fn grade(&self, value: &ClaimedValue) -> Finding {
        match value {
            ClaimedValue::Name { name } if !self.names.not_testable(name.as_str()).is_empty() => Finding::NotTestable,
            ClaimedValue::Name { .. }
            | ClaimedValue::Weight { .. }
            | ClaimedValue::TradeWeight { .. }
            | ClaimedValue::Size { .. }
            | ClaimedValue::Fineness { .. }
            | ClaimedValue::Certificate { .. } => Finding::NotTested,
        }
    }

    /// The component that a claim is about: the one it names, or the only main one.
    fn subject(&self, claim: &'a Claim) -> Option<&'a ComponentId> {
        if let Some(component) = &claim.component {
            return Some(component);
        }
        let mut main = self.piece.opened().declared.components.iter().filter(|part| part.role.is_main());
        match (main.next(), main.next()) {
            (Some(only), None) => self.appraisal.component(&only.component).map(|found| &found.component),
            (Some(_), Some(_)) | (None, _) => None,
        }
    }

    fn examined(&self, claim: &'a Claim) -> Option<&'a ComponentResult> {
        self.appraisal.component(self.subject(claim)?).filter(|found| match found.state {
            ComponentState::Examined => true,
            ComponentState::NotExamined | ComponentState::CannotBeDetermined => false,
        })
    }

    fn material(&self, claim: &'a Claim, claimed: &Name) -> Option<Finding> {
        let found = self.examined(claim)?;
        let concluded = found.material.as_ref()?;
        let (named, implied) = match self.names.metal(claimed.as_str()) {
            Some(_) => (self.metal(claimed, concluded, found), Treatments::default()),
            None => match self.names.matches(claimed.as_str(), concluded.as_str()) {
                Match::Same(implied) => (Finding::Confirmed, implied),
                Match::Narrower => (Finding::NotTested, Treatments::default()),
                Match::Other => (Finding::Contradicted, Treatments::default()),
            },
        };
        Some(worse(named, self.undeclared(claim, claimed, found, implied)))
    }

    /// A metal is the one that was named, and at least as fine as its name says.
    fn metal(&self, claimed: &Name, concluded: &Name, found: &ComponentResult) -> Finding {
        let (Some(claimed), Some(concluded)) =
            (self.names.metal(claimed.as_str()), self.names.metal(concluded.as_str()))
        else {
            return Finding::Contradicted;
        };
        if claimed.metal != concluded.metal {
            return Finding::Contradicted;
        }
        let Some(least) = claimed.least_ppm else { return Finding::Confirmed };
        match (found.fineness_ppm, concluded.least_ppm) {
            (Some(measured), _) => agree(least <= measured.0),
            (None, Some(named)) if least <= named => Finding::Confirmed,
            // 18K金 for 足金 is another grade; 足金 for 千足金 may be 999 and was not measured.
            (None, Some(named)) if named < PURE_PPM => Finding::Contradicted,
            (None, _) => Finding::NotTested,
        }
    }

    /// The plain name means natural and untreated, so a treatment that was found and not declared contradicts it. (GB/T
    /// 16552; an enhancement, 优化, may stay unsaid.)
    fn undeclared(&self, claim: &Claim, claimed: &Name, found: &ComponentResult, implied: Treatments) -> Finding {
        let named = self.names.named_treatments(claimed.as_str());
        let mut declared = implied;
        declared.add(&named);
        for other in self.claims.iter().filter(|other| other.component == claim.component && !other.negated) {
            if let (ClaimKind::Treatment, ClaimedValue::Name { name }) = (other.kind, &other.value) {
                declared.add(&self.names.treatments(name.as_str()));
            }
        }
        let seen = self.treatments_of(found);
        if !seen.treatments.is_subset(&declared.treatments) {
            return Finding::Contradicted;
        }
        let is_open = (seen.unknown && !declared.unknown) || !named.treatments.is_subset(&seen.treatments);
        if is_open { Finding::NotTested } else { Finding::Confirmed }
    }

    fn treatments_of(&self, found: &ComponentResult) -> Treatments {
        let mut seen = Treatments::default();
        if let Some(treatment) = &found.treatment {
            seen.add(&self.names.treatments(treatment.as_str()));
        }
        if let Some(material) = &found.material {
            seen.add(&self.names.named_treatments(material.as_str()));
        }
        seen
    }

    /// A component that was examined and concluded without a treatment is untreated, because a treatment must stand in
    /// the conclusion; whether it was heated need not, so 无烧 takes a word of its own.
    fn treatment(&self, claim: &'a Claim, claimed: &Name) -> Option<Finding> {
        let found = self.examined(claim)?;
        found.material.as_ref()?;
        let concluded = found.treatment.as_ref().map(|treatment| canonical(treatment.as_str()));
        let (mut said, mut seen) = (self.names.treatments(claimed.as_str()), self.treatments_of(found));
        if concluded == Some(canonical(claimed.as_str())) {
            // The same word needs no meaning; what the concluded name itself says still speaks.
            (said.unknown, seen.unknown) = (false, false);
        }
        if said.unknown || said.open || seen.open {
            return None;
        }
        let mut finding = if seen.unknown { Finding::NotTested } else { Finding::Confirmed };
        let mut also = |other| finding = worse(finding, other);
        if !seen.treatments.is_subset(&said.treatments) {
            also(Finding::Contradicted);
        }
        let is_missing = |said: &std::collections::BTreeSet<String>, seen| !said.is_subset(seen);
        if is_missing(&said.treatments, &seen.treatments) || is_missing(&said.enhancements, &seen.enhancements) {
            // A conclusion without a word is silent; one with another word speaks.
            also(if concluded.is_some() { Finding::Contradicted } else { Finding::NotTested });
        }
        let is_enhanced = !seen.enhancements.is_subset(&said.enhancements);
        if said.unenhanced && is_enhanced {
            also(Finding::Contradicted);
        }
        if said.untreated && is_enhanced {
            // 天然 and A货 leave room for an enhancement; whether for this one, a person says.
            also(Finding::NotTested);
        }
        if said.unheated {
            also(match (seen.enhancements.contains("heated"), seen.unheated) {
                (true, _) => Finding::Contradicted,
                (false, true) => Finding::Confirmed,
                (false, false) => Finding::NotTested,
            });
        }
        Some(finding)
    }

    fn weight(&self, claim: &'a Claim, claimed: &Weighing, upper: Option<&Weighing>) -> Option<Finding> {
        let (measured, class) = match &claim.component {
            Some(component) => (self.examined(claim)?.weight.as_ref()?, self.class_of_part(component, claimed)),
            None => (&self.appraisal.weight, self.class_of_piece(claimed)),
        };
        if !measured.like(claimed) || upper.is_some_and(|upper| !upper.like(claimed)) {
            return None;
        }
        let row = self.limits.weights.get(&class)?;
        if row.up_to_ug.is_some_and(|most| most < claimed.mass.0) {
            return None;
        }
        let span = span(claim.bound, claimed.mass.0, upper.map(|upper| upper.mass.0), row.allowance_ug, row.about_ppm)?;
        if class.one_sided() {
            // Nothing is asked of precious metal but that there is enough.
            return match claim.bound {
                Bound::Exactly | Bound::About | Bound::AtLeast | Bound::Range => {
                    Some(agree(*span.start() <= measured.mass.0))
                }
                Bound::AtMost => None,
            };
        }
        Some(agree(span.contains(&measured.mass.0)))
    }

    fn class_of_part(&self, component: &ComponentId, claimed: &Weighing) -> Class {
        let declared = &self.piece.opened().declared.components;
        let material =
            declared.iter().find(|part| part.component == *component).and_then(|part| part.material.as_ref());
        let Some(material) = material else { return Class::Other };
        if let Some(metal) = self.names.metal(material.as_str()) {
            return Class::of(metal.metal);
        }
        let within = self.limits.weights.get(&Class::Carat).and_then(|row| row.up_to_ug);
        let is_carat = self.limits.carat.contains(&canonical(material.as_str()))
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
            let metal = part.material.as_ref().and_then(|material| self.names.metal(material.as_str()));
            metal.map_or(Class::Other, |metal| Class::of(metal.metal))
        });
        let classes: Vec<_> = classes.collect();
        if classes.contains(&Class::Other) {
            return Class::Other;
        }
        let allowance = |class: &Class| self.limits.weights.get(class).map(|row| row.allowance_ug);
        classes.into_iter().min_by_key(allowance).unwrap_or(Class::Other)
    }

    /// A size of the piece is looked for on its main components, or on any where it has none; measured several times,
    /// all must say the same.
    fn size(&self, claim: &'a Claim, claimed: &Size, upper: Option<Length>) -> Option<Finding> {
        let has_main = self.appraisal.components.iter().any(|found| found.role.is_main());
        let findings = self
            .appraisal
            .components
            .iter()
            .filter(|found| match (&claim.component, found.state) {
                (_, ComponentState::NotExamined | ComponentState::CannotBeDetermined) => false,
                (Some(component), ComponentState::Examined) => found.component == *component,
                (None, ComponentState::Examined) => found.role.is_main() || !has_main,
            })
            .flat_map(|found| &found.sizes)
            .filter(|measured| measured.name == claimed.name)
            .map(|measured| self.compare_size(claim.bound, claimed, upper, measured));
        let findings: Vec<_> = findings.collect();
        let first = *findings.first()?;
        first.filter(|_| findings.iter().all(|finding| *finding == first))
    }

    fn compare_size(&self, bound: Bound, claimed: &Size, upper: Option<Length>, measured: &Size) -> Option<Finding> {
        if let (Some(said), Some(measured)) = (claimed.length_um, measured.length_um) {
            let row = self.limits.sizes.get(&canonical(claimed.name.as_str()))?;
            let allowance = row.allowance_um.or_else(|| share(said.0, row.allowance_ppm?))?;
            let span = span(bound, said.0, upper.map(|upper| upper.0), allowance, Some(row.about_ppm))?;
            return Some(agree(span.contains(&measured.0)));
        }
        // Numbers of different tables say nothing of each other (`rulebook.md`, "Sizes").
        let (said, found) = (claimed.table.as_ref()?, measured.table.as_ref()?);
        if said != found || bound != Bound::Exactly {
            return None;
        }
        Some(agree(claimed.label.as_ref()? == measured.label.as_ref()?))
    }
}

fn agree(agrees: bool) -> Finding {
    if agrees { Finding::Confirmed } else { Finding::Contradicted }
}

fn worse(one: Finding, other: Finding) -> Finding {
    if one.milder_than(other) { other } else { one }
}

/// So many parts per million of a quantity, cut down to whole units. Nothing that fits an event overflows it.
fn share(of: i64, ppm: i64) -> Option<i64> {
    i64::try_from(i128::from(of) * i128::from(ppm) / 1_000_000).ok()
}

/// What a measurement may be for a claim to hold, both ends included. None where a range has no upper end.
fn span(
    bound: Bound,
    value: i64,
    upper: Option<i64>,
    allowance: i64,
    about_ppm: Option<i64>,
) -> Option<RangeInclusive<i64>> {
    let (low, high) = (value.saturating_sub(allowance), value.saturating_add(allowance));
    Some(match bound {
        Bound::Exactly => low..=high,
        Bound::About => {
            let about = about_ppm.and_then(|ppm| share(value, ppm)).unwrap_or(0).max(allowance);
            value.saturating_sub(about)..=value.saturating_add(about)
        }
        Bound::AtLeast => low..=i64::MAX,
        Bound::AtMost => 0..=high,
        Bound::Range => low..=upper?.saturating_add(allowance),
    })
}

#[cfg(test)]
mod tests;
