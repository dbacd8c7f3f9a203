//! Whether two names can be said of one thing: for finding the part that somebody speaks of, and for statements of one
//! seller that cannot both be true.

use super::Rulebook;
use super::names::{Match, Names};
use crate::domain::ledger::ClaimKind;
use crate::domain::quantity::Fineness;

impl Rulebook {
    /// The name by which listings and laboratories know what a reader of speech calls otherwise: `jadeite` is 翡翠. A
    /// word without one stands for itself.
    pub fn name_of(&self, kind: ClaimKind, word: &str) -> String {
        self.tables.names.resolve(kind.as_str(), word)
    }

    /// Whether both may be names of one material: 南红 and 玛瑙, 18K金 and K金, 和田玉 and 和田玉(碧玉).
    pub fn is_one_material(&self, one: &str, other: &str) -> bool {
        match (self.tables.names.metal(one), self.tables.names.metal(other)) {
            (Some(one), Some(other)) => one.metal == other.metal,
            (None, None) => may_be(&self.tables.names, one, other) || may_be(&self.tables.names, other, one),
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    /// Whether it names a precious metal.
    pub fn is_metal(&self, name: &str) -> bool {
        self.tables.names.metal(name).is_some()
    }

    /// The least fineness that a metal's name says: 18K金 is 750 per mille. None of a name that says none.
    pub fn fineness_of(&self, name: &str) -> Option<Fineness> {
        self.tables.names.metal(name)?.least_ppm.map(Fineness)
    }

    /// Whether two names of one kind, said of one part, cannot both be true.
    pub fn is_apart(&self, kind: ClaimKind, one: &str, other: &str) -> bool {
        match kind {
            ClaimKind::Material => match (self.tables.names.metal(one), self.tables.names.metal(other)) {
                (Some(one), Some(other)) => {
                    let differ = matches!((one.least_ppm, other.least_ppm), (Some(one), Some(other)) if one != other);
                    one.metal != other.metal || differ
                }
                (None, None) => !self.is_one_material(one, other),
                (Some(_), None) | (None, Some(_)) => true,
            },
            ClaimKind::Treatment => {
                let (one, other) = (self.tables.names.treatments(one), self.tables.names.treatments(other));
                let denies = |one: &super::names::Treatments, other: &super::names::Treatments| {
                    ((one.untreated || one.unenhanced) && !other.treatments.is_empty())
                        || (one.unenhanced && !other.enhancements.is_empty())
                        || (one.unheated && other.enhancements.contains("heated"))
                };
                denies(&one, &other) || denies(&other, &one)
            }
            // 新疆 and 新疆和田 are one place, told more or less closely.
            ClaimKind::Origin => !one.contains(other) && !other.contains(one),
            ClaimKind::Fineness
            | ClaimKind::Weight
            | ClaimKind::Size
            | ClaimKind::Grade
            | ClaimKind::Certificate
            | ClaimKind::Guarantee
            | ClaimKind::BannedPhrase => false,
        }
    }
}

fn may_be(names: &Names, claimed: &str, concluded: &str) -> bool {
    match names.matches(claimed, concluded) {
        Match::Same(_) | Match::Narrower => true,
        Match::Other => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_material_are_told_from_names_of_two() {
        let rulebook = Rulebook::embedded().unwrap();
        let check = |one: &str, other: &str, expected| {
            assert_eq!(rulebook.is_one_material(one, other), expected, "{one} {other}");
            assert_eq!(rulebook.is_one_material(other, one), expected, "{other} {one}");
        };
        check("翡翠", "冰种翡翠", true);
        check("和田玉", "和田玉(碧玉)", true);
        check("南红", "玛瑙", true);
        check("黄金", "足金", true);
        check("K金", "18K金", true);
        check("翡翠", "和田玉", false);
        check("黄金", "银S925", false);
        check("黄金", "翡翠", false);
    }

    #[test]
    fn statements_of_one_part_that_cannot_both_be_true() {
        use ClaimKind::*;
        let rulebook = Rulebook::embedded().unwrap();
        let check = |kind, one: &str, other: &str, expected| {
            assert_eq!(rulebook.is_apart(kind, one, other), expected, "{one} {other}");
            assert_eq!(rulebook.is_apart(kind, other, one), expected, "{other} {one}");
        };
        check(Material, "翡翠", "和田玉", true);
        check(Material, "碧玉", "和田玉", false);
        check(Material, "18K金", "14K金", true);
        check(Material, "18K金", "黄金", false);
        check(Treatment, "未经处理", "染色", true);
        check(Treatment, "未经处理", "A货", false);
        check(Treatment, "无烧", "加热", true);
        check(Treatment, "染色", "充填", false);
        check(Origin, "新疆", "新疆和田", false);
        check(Origin, "缅甸", "危地马拉", true);
        check(Grade, "冰种", "糯种", false);
    }
}
