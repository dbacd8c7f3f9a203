//! What a finding is worth: the verdict that it asks for (`severity.csv`; `rulebook.md`, "Severity").

use std::collections::BTreeMap;

use serde::Deserialize;

use super::editions::Files;
use super::names::{Metal, Names};
use super::{Unreadable, parts, rows};
use crate::domain::ledger::Verdict;

/// In what a measurement differs from what was said, and by how much. Shares are told as the two numbers that they are
/// of, so that nothing is rounded before it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Another material, which cannot be an honest slip.
    Substitute,
    Material,
    /// A synthetic, artificial, assembled, reconstructed or imitation one.
    Class,
    Treatment,
    Fineness,
    MetalWeight,
    /// Off by `off` of `of`, in the same unit.
    Weight {
        off: i128,
        of: i128,
    },
    /// Off by so many micrometres.
    Size {
        off_um: i64,
    },
    Length {
        off: i128,
        of: i128,
    },
    /// So many grades below the lowest that was said.
    Grade {
        steps: i64,
    },
    /// What a presented certificate prints does not fit the piece.
    CertificateMisfit,
    Other,
}

impl Difference {
    fn as_str(self) -> &'static str {
        match self {
            Difference::Substitute => "substitute",
            Difference::Material => "material",
            Difference::Class => "class",
            Difference::Treatment => "treatment",
            Difference::Fineness => "fineness",
            Difference::MetalWeight => "metal_weight",
            Difference::Weight { .. } => "weight",
            Difference::Size { .. } => "size",
            Difference::Length { .. } => "length",
            Difference::Grade { .. } => "grade",
            Difference::CertificateMisfit => "certificate_misfit",
            Difference::Other => "other",
        }
    }

    /// Whether it lies beyond the second limit.
    fn is_beyond(self, limit: i64) -> bool {
        match self {
            Difference::Weight { off, of } | Difference::Length { off, of } => {
                i128::from(limit).saturating_mul(of) < off.saturating_mul(1_000_000)
            }
            Difference::Size { off_um } => limit < off_um,
            Difference::Grade { steps } => limit < steps,
            Difference::Substitute
            | Difference::Material
            | Difference::Class
            | Difference::Treatment
            | Difference::Fineness
            | Difference::MetalWeight
            | Difference::CertificateMisfit
            | Difference::Other => false,
        }
    }

    const NAMES: [&'static str; 12] = [
        "substitute",
        "material",
        "class",
        "treatment",
        "fineness",
        "metal_weight",
        "weight",
        "size",
        "length",
        "grade",
        "certificate_misfit",
        "other",
    ];
}

#[derive(Clone, Debug, Deserialize)]
struct SeverityRow {
    difference: String,
    verdict: Verdict,
    second_limit: Option<i64>,
    beyond: Option<Verdict>,
}

#[derive(Clone, Debug, Deserialize)]
struct SubstituteRow {
    claimed: String,
    found: String,
    treatments: String,
}

/// A row of `substitutes.csv`, taken apart.
#[derive(Clone, Debug)]
struct Substitute {
    claimed: Vec<String>,
    found: Vec<String>,
    treatments: Vec<String>,
}

/// The severities of one edition.
#[derive(Clone, Debug)]
pub struct Severity {
    rows: BTreeMap<String, SeverityRow>,
    substitutes: Vec<Substitute>,
}

impl Severity {
    /// None in an edition of before there were any.
    pub fn read(files: &Files) -> Result<Option<Self>, Unreadable> {
        let Some(text) = files.optional("severity.csv") else { return Ok(None) };
        let mut known = BTreeMap::new();
        for row in rows::<SeverityRow>("severity.csv", text)? {
            let fail = |why: &str| Unreadable { file: "severity.csv", why: format!("{}: {why}", row.difference) };
            if !Difference::NAMES.contains(&row.difference.as_str()) {
                return Err(fail("there is no such difference"));
            }
            if row.verdict == Verdict::Pass || row.second_limit.is_some() != row.beyond.is_some() {
                return Err(fail("a difference never passes, and a second limit says what lies beyond it"));
            }
            if row.beyond.is_some_and(|beyond| beyond < row.verdict) {
                return Err(fail("beyond the second limit it cannot be milder"));
            }
            if let Some(twice) = known.insert(row.difference.clone(), row) {
                return Err(Unreadable { file: "severity.csv", why: format!("{} stands twice", twice.difference) });
            }
        }
        if let Some(missing) = Difference::NAMES.iter().find(|name| !known.contains_key(**name)) {
            return Err(Unreadable { file: "severity.csv", why: format!("{missing} is not there") });
        }
        let list = |cell: &str| parts(cell).map(super::names::canonical).collect();
        let substitutes = rows::<SubstituteRow>("substitutes.csv", files.text("substitutes.csv")?)?
            .into_iter()
            .map(|row| Substitute {
                claimed: list(&row.claimed),
                found: list(&row.found),
                treatments: parts(&row.treatments).map(str::to_owned).collect(),
            })
            .collect();
        Ok(Some(Self { rows: known, substitutes }))
    }

    /// The verdict that a difference asks for.
    pub fn verdict(&self, difference: Difference) -> Verdict {
        let Some(row) = self.rows.get(difference.as_str()) else { return Verdict::NotAsDescribed };
        match (row.second_limit, row.beyond) {
            (Some(limit), Some(beyond)) if difference.is_beyond(limit) => beyond,
            _ => row.verdict, // Without a second limit, or within it.
        }
    }

    /// Whether what was found is an imitation of what was said, rather than a slip: dyed quartzite for jadeite, plated
    /// brass for gold.
    pub fn is_substitute(&self, names: &Names, claimed: &str, found: &str, treatments: &[String]) -> bool {
        let metal = names.metal(claimed).map(|name| name.metal);
        let (claimed, base) = (names.base(claimed), names.base(found));
        let found = super::names::canonical(found);
        self.substitutes.iter().any(|row| {
            let is_claimed = row.claimed.iter().any(|name| {
                name == "*"
                    || *name == claimed
                    || metal.map(Metal::as_str).is_some_and(|metal| *name == metal.to_uppercase())
            });
            let is_found = row.found.is_empty() || row.found.iter().any(|name| *name == base || *name == found);
            let is_treated = row.treatments.is_empty() || row.treatments.iter().any(|one| treatments.contains(one));
            is_claimed && is_found && is_treated
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn severity() -> Severity {
        Severity::read(&newest()).unwrap().unwrap()
    }

    #[test]
    fn a_small_difference_is_disclosed_and_a_great_one_is_not_as_described() {
        let check = |difference, expected| assert_eq!(severity().verdict(difference), expected, "{difference:?}");
        use Verdict::*;
        check(Difference::Weight { off: 10, of: 100 }, DisclosedDifference); // 10 ÷ 100 is 10 %, the second limit.
        check(Difference::Weight { off: 1_000_001, of: 10_000_000 }, NotAsDescribed); // 10.00001 %
        check(Difference::Size { off_um: 2_000 }, DisclosedDifference);
        check(Difference::Size { off_um: 2_001 }, NotAsDescribed);
        check(Difference::Grade { steps: 2 }, DisclosedDifference);
        check(Difference::Grade { steps: 3 }, NotAsDescribed);
        check(Difference::MetalWeight, NotAsDescribed);
        check(Difference::Fineness, NotAsDescribed);
        check(Difference::Treatment, NotAsDescribed);
        check(Difference::Material, NotAsDescribed);
        check(Difference::Substitute, SuspectedCounterfeit);
        check(Difference::CertificateMisfit, SuspectedCounterfeit);
    }

    #[test]
    fn an_imitation_is_told_from_a_slip() {
        let check = |claimed: &str, found: &str, treatments: &[&str], expected| {
            let treatments: Vec<_> = treatments.iter().map(|one| (*one).to_owned()).collect();
            let is = severity().is_substitute(&names(), claimed, found, &treatments);
            assert_eq!(is, expected, "{claimed} → {found} {treatments:?}");
        };
        check("翡翠", "石英岩玉", &["dyed"], true);
        check("翡翠", "石英岩玉", &[], false); // Plain quartzite may have been taken for it.
        check("冰种翡翠", "玻璃", &[], true);
        check("足金", "铜", &[], true);
        check("18K金", "铜镀金", &["gold_plated"], true);
        check("足金", "18K金", &[], false); // A lower fineness is one of its own.
        check("足金", "足金", &["gold_clad"], true);
        check("钻石", "合成立方氧化锆", &["synthetic"], true);
        check("钻石", "合成钻石", &["synthetic"], false);
        check("和田玉", "绿松石", &[], false);
    }
}
