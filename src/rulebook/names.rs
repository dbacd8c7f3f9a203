//! The words of the trade: which names a laboratory may write for what is claimed, which metal a name means, which
//! words are treatments, and which no laboratory test settles (`rulebook.md`, "Names and treatment", "Fineness").

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::editions::Files;
use super::{Unreadable, parts, rows};
use crate::domain::ledger::ClaimKind;

/// A precious metal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metal {
    Gold,
    Platinum,
    Palladium,
    Silver,
}

impl Metal {
    pub fn as_str(self) -> &'static str {
        match self {
            Metal::Gold => "gold",
            Metal::Platinum => "platinum",
            Metal::Palladium => "palladium",
            Metal::Silver => "silver",
        }
    }
}

/// What the name of a metal says. A name without a fineness names the metal only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetalName {
    pub metal: Metal,
    pub least_ppm: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Class {
    /// Natural, and not treated in a way that must be declared.
    Untreated,
    /// Not enhanced in any way.
    Unenhanced,
    Unheated,
    /// 优化: by GB/T 16552 the plain name may stand beside it.
    Enhancement,
    /// 处理: must be declared.
    Treatment,
    /// It is said that it cannot be said.
    Open,
    /// A word of the trade that no test of treatment answers, such as 养殖.
    Nothing,
}

impl Class {
    fn has_meaning(self) -> bool {
        match self {
            Class::Enhancement | Class::Treatment => true,
            Class::Untreated | Class::Unenhanced | Class::Unheated | Class::Open | Class::Nothing => false,
        }
    }
}

#[derive(Clone, Debug)]
struct Word {
    class: Class,
    means: BTreeSet<String>,
}

/// What the words about treatment come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Treatments {
    pub untreated: bool,
    pub unenhanced: bool,
    pub unheated: bool,
    pub open: bool,
    pub enhancements: BTreeSet<String>,
    pub treatments: BTreeSet<String>,
    /// Something was said that the rulebook has no word for.
    pub unknown: bool,
}

impl Treatments {
    pub fn add(&mut self, other: &Treatments) {
        self.untreated |= other.untreated;
        self.unenhanced |= other.unenhanced;
        self.unheated |= other.unheated;
        self.open |= other.open;
        self.enhancements.extend(other.enhancements.iter().cloned());
        self.treatments.extend(other.treatments.iter().cloned());
        self.unknown |= other.unknown;
    }
}

/// A name taken apart: what is left without the words for treatment and those that no test settles.
#[derive(Clone, Debug)]
struct Parsed {
    whole: String,
    base: String,
    treatments: Treatments,
}

/// How a concluded name relates to a claimed one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// A laboratory may write it for what is claimed. With it, the treatments that both names imply.
    Same(Treatments),
    /// The claimed name, with a variety that was not claimed.
    Narrower,
    Other,
}

/// All words of one rulebook.
#[derive(Clone, Debug)]
pub struct Names {
    may_be: BTreeMap<String, BTreeSet<String>>,
    metals: BTreeMap<String, MetalName>,
    /// Longest first, so that 无优化 is not read as 优化.
    treatments: Vec<(String, Word)>,
    not_testable: Vec<(String, ClaimKind)>,
    /// The reader's normalised terms, such as `jadeite`, by kind.
    terms: BTreeMap<(String, String), String>,
}

#[derive(Deserialize)]
struct TermRow {
    kind: String,
    term: String,
    name: String,
}

#[derive(Deserialize)]
struct NameRow {
    claimed: String,
    may_be: String,
}

#[derive(Deserialize)]
struct MetalRow {
    name: String,
    metal: Metal,
    fineness_ppm: Option<i64>,
}

#[derive(Deserialize)]
struct TreatmentRow {
    word: String,
    class: Class,
    means: String,
}

#[derive(Deserialize)]
struct NotTestableRow {
    word: String,
    kind: ClaimKind,
}

impl Names {
    pub fn read(files: &Files) -> Result<Self, Unreadable> {
        let mut may_be = BTreeMap::new();
        for row in rows::<NameRow>("names.csv", files.text("names.csv")?)? {
            let claimed = canonical(&row.claimed);
            let mut names: BTreeSet<_> = parts(&row.may_be).map(canonical).collect();
            if names.is_empty() {
                return Err(Unreadable { file: "names.csv", why: format!("{claimed} may be nothing") });
            }
            // 锆石 and 莫桑石 are what a seller says; the name itself is still no lie where a laboratory writes it.
            names.insert(claimed.clone());
            if may_be.insert(claimed.clone(), names).is_some() {
                return Err(Unreadable { file: "names.csv", why: format!("{claimed} stands twice") });
            }
        }
        let mut metals = BTreeMap::new();
        for row in rows::<MetalRow>("metals.csv", files.text("metals.csv")?)? {
            let meant = MetalName { metal: row.metal, least_ppm: row.fineness_ppm };
            if metals.insert(canonical(&row.name), meant).is_some() {
                return Err(Unreadable { file: "metals.csv", why: format!("{} stands twice", row.name) });
            }
        }
        let mut treatments = Vec::new();
        for row in rows::<TreatmentRow>("treatments.csv", files.text("treatments.csv")?)? {
            let means: BTreeSet<_> = parts(&row.means).map(str::to_owned).collect();
            if means.is_empty() == row.class.has_meaning() {
                return Err(Unreadable { file: "treatments.csv", why: format!("{}: what does it mean?", row.word) });
            }
            treatments.push((canonical(&row.word), Word { class: row.class, means }));
        }
        let mut not_testable = Vec::new();
        for row in rows::<NotTestableRow>("not_testable.csv", files.text("not_testable.csv")?)? {
            not_testable.push((canonical(&row.word), row.kind));
        }
        treatments.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        not_testable.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        let mut terms = BTreeMap::new();
        if let Some(text) = files.optional("terms.csv") {
            for row in rows::<TermRow>("terms.csv", text)? {
                if let Some(twice) = terms.insert((row.kind, row.term), row.name) {
                    return Err(Unreadable { file: "terms.csv", why: format!("the term of {twice} stands twice") });
                }
            }
        }
        Ok(Self { may_be, metals, treatments, not_testable, terms })
    }

    /// The trade's name for what a reader of speech normalised, `jadeite` for 翡翠; any other word stays as it is.
    pub fn resolve(&self, kind: &str, word: &str) -> String {
        self.term(kind, word).unwrap_or(word).to_owned()
    }

    /// The name behind a normalised term.
    pub fn term(&self, kind: &str, word: &str) -> Option<&str> {
        self.terms.get(&(kind.to_owned(), word.to_owned())).map(String::as_str)
    }

    /// The name without its words for treatment and for what no test settles.
    pub fn base(&self, name: &str) -> String {
        self.parse(name).base
    }

    /// Every name that a laboratory may write for what is claimed, its own base among them.
    pub fn set(&self, claimed: &str) -> BTreeSet<String> {
        let parsed = self.parse(claimed);
        let set = self.may_be.get(&parsed.whole).or_else(|| self.may_be.get(&parsed.base));
        set.cloned().unwrap_or_else(|| [parsed.base].into())
    }

    /// The precious metal that a name means, with what else the name says of it.
    pub fn metal(&self, name: &str) -> Option<MetalName> {
        let parsed = self.parse(name);
        self.metals.get(&parsed.whole).or_else(|| self.metals.get(&parsed.base)).copied()
    }

    /// The words in a name that no laboratory test settles, in the order in which they stand.
    pub fn not_testable(&self, name: &str) -> Vec<(String, ClaimKind)> {
        let mut rest = canonical(name);
        let mut found = Vec::new();
        for (word, kind) in &self.not_testable {
            if let Some(at) = rest.find(word.as_str()) {
                found.push((at, word.clone(), *kind));
                // A mask of the same length, so that places stay comparable.
                rest = rest.replace(word.as_str(), &"\0".repeat(word.len()));
            }
        }
        found.sort();
        found.into_iter().map(|(_, word, kind)| (word, kind)).collect()
    }

    /// What a field for treatments says.
    pub fn treatments(&self, text: &str) -> Treatments {
        let (rest, mut treatments) = self.take_treatments(canonical(text));
        // 充填处理 says no more than 充填, but 处理 alone says that something was done, and not what.
        let rest = if treatments.treatments.is_empty() { rest } else { rest.replace("处理", "") };
        treatments.unknown = rest.chars().any(|c| !is_mark(c));
        treatments
    }

    /// The treatments that a name itself says, such as 翡翠(漂白、充填).
    pub fn named_treatments(&self, name: &str) -> Treatments {
        self.parse(name).treatments
    }

    /// Whether a laboratory may write this for what is claimed.
    pub fn matches(&self, claimed: &str, concluded: &str) -> Match {
        let (claimed, concluded) = (self.parse(claimed), self.parse(concluded));
        let set = |name: &str| self.may_be.get(name);
        // The name as it stands, before it is taken apart: 天然锆石 is not a 锆石 with a word before it.
        let allows =
            |name: &str| set(&claimed.whole).or_else(|| set(&claimed.base)).is_some_and(|set| set.contains(name));
        if claimed.whole == concluded.whole || allows(&concluded.whole) {
            return Match::Same(concluded.treatments);
        }
        let is_known = set(&claimed.whole).is_some();
        if (!is_known && claimed.base == concluded.base) || allows(&concluded.base) {
            return Match::Same(Treatments::default());
        }
        let variety = concluded.base.strip_prefix(claimed.base.as_str());
        if variety.is_some_and(|rest| rest.starts_with('(')) { Match::Narrower } else { Match::Other }
    }

    fn parse(&self, name: &str) -> Parsed {
        let whole = canonical(name);
        let (mut base, treatments) = self.take_treatments(whole.clone());
        for (word, _) in &self.not_testable {
            // Most names have none of the words, and to look is far cheaper than to make a new name.
            if base.contains(word.as_str()) {
                base = base.replace(word.as_str(), "");
            }
        }
        Parsed { base: tidy(&base), whole, treatments }
    }

    fn take_treatments(&self, mut text: String) -> (String, Treatments) {
        let mut found = Treatments::default();
        for (word, Word { class, means }) in &self.treatments {
            if !text.contains(word.as_str()) {
                continue;
            }
            text = text.replace(word.as_str(), "");
            match class {
                Class::Untreated => found.untreated = true,
                Class::Unenhanced => found.unenhanced = true,
                Class::Unheated => found.unheated = true,
                Class::Enhancement => found.enhancements.extend(means.iter().cloned()),
                Class::Treatment => found.treatments.extend(means.iter().cloned()),
                Class::Open => found.open = true,
                Class::Nothing => {}
            }
        }
        (text, found)
    }
}

/// One form for what is written in several: half-width, upper case, no blanks.
pub fn canonical(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            // The full-width forms stand in the same order as ASCII, from ！ to ～.
            '！'..='～' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
            '〔' | '【' => '(',
            '〕' | '】' => ')',
            other => other,
        })
        .flat_map(char::to_uppercase)
        .collect()
}

fn is_mark(c: char) -> bool {
    matches!(c, '(' | ')' | '、' | ',' | '·' | '/' | '+' | ';' | '-' | '。')
}

/// Without the empty brackets and the marks that taking words out leaves behind.
fn tidy(text: &str) -> String {
    let mut text = text.to_owned();
    loop {
        let before = text.len();
        for (left, right) in [("、、", "、"), ("(、", "("), ("、)", ")"), ("(,", "("), (",)", ")"), ("()", "")] {
            text = text.replace(left, right);
        }
        if text.len() == before {
            break;
        }
    }
    text.trim_matches(|c| is_mark(c) && !matches!(c, '(' | ')')).to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::testing::names;
    use super::*;

    #[track_caller]
    fn check(claimed: &str, concluded: &str, expected: &str) {
        let word = match names().matches(claimed, concluded) {
            Match::Same(_) => "same",
            Match::Narrower => "narrower",
            Match::Other => "other",
        };
        assert_eq!(word, expected, "{claimed} → {concluded}");
    }

    #[test]
    fn a_laboratory_may_write_any_name_of_the_set() {
        check("翡翠", "翡翠", "same");
        check("和田玉籽料", "和田玉", "same");
        check("新疆和田玉", "和田玉", "same");
        check("冰种翡翠", "翡翠", "same");
        check("和田玉（碧玉）", "和田玉(碧玉)", "same");
        check("碧玉", "和田玉（碧玉）", "same");
        check("碧玉", "和田玉", "same");
        check("南红", "玛瑙", "same");
        check("莫桑石", "合成碳硅石", "same");
        check("锆石", "合成立方氧化锆", "same");
        check("天然锆石", "锆石", "same");
        check("培育钻石", "合成钻石", "same");
        check("淡水珍珠", "珍珠", "same");
        check("玛瑙", "玉髓", "same");
        check("虎睛石", "木变石", "same");
        check("翡翠(漂白、充填)", "翡翠(漂白、充填)", "same");
    }

    #[test]
    fn and_no_other() {
        check("翡翠", "石英岩玉", "other");
        check("和田玉", "绿松石", "other");
        check("钻石", "合成钻石", "same"); // Its treatments say synthetic: the finding looks at them.
        check("天然锆石", "合成立方氧化锆", "other");
        check("海水珍珠", "淡水珍珠", "other");
        check("蜜蜡", "柯巴树脂", "other");
        // The set is read from the claimed name to the concluded one, never back.
        check("石英岩玉", "黄龙玉", "other");
        // But a family is what any of its own is.
        check("珍珠", "淡水珍珠", "same");
        check("琥珀", "蜜蜡", "same");
        check("水晶", "紫晶", "same");
        check("和田玉", "和田玉(碧玉)", "narrower");
        check("石榴石", "石榴石(镁铝榴石)", "narrower");
    }

    #[test]
    fn metals_are_one_under_every_way_of_writing() {
        let names = names();
        let check = |name: &str, metal, least_ppm| {
            assert_eq!(names.metal(name), Some(MetalName { metal, least_ppm }), "{name}");
        };
        for name in ["18K金", "18k", "１８Ｋ金", "Au750", "18K 白金"] {
            check(name, Metal::Gold, Some(750_000));
        }
        for name in ["银S925", "925银", "银925", "S925", "银S925镀金"] {
            check(name, Metal::Silver, Some(925_000));
        }
        check("足银", Metal::Silver, Some(990_000));
        check("铂Pt950", Metal::Platinum, Some(950_000));
        check("铂950", Metal::Platinum, Some(950_000));
        check("千足金", Metal::Gold, Some(999_000));
        check("黄金", Metal::Gold, None);
        assert_eq!(names.metal("合金"), None);
        assert_eq!(names.metal("沙金"), None);
    }

    #[test]
    fn words_that_no_test_settles_are_found_longest_first() {
        let names = names();
        let check = |name: &str, expected: &[(&str, ClaimKind)]| {
            let found = names.not_testable(name);
            let found: Vec<_> = found.iter().map(|(word, kind)| (word.as_str(), *kind)).collect();
            assert_eq!(found, expected, "{name}");
        };
        check("翡翠", &[]);
        check("冰糯种翡翠", &[("冰糯种", ClaimKind::Grade)]);
        check("新疆和田玉籽料", &[("新疆", ClaimKind::Origin), ("籽料", ClaimKind::Origin)]);
        check("莫桑比克红宝石(鸽血红)", &[("莫桑比克", ClaimKind::Origin), ("鸽血红", ClaimKind::Grade)]);
    }

    #[test]
    fn treatments_are_read_longest_word_first() {
        let names = names();
        assert!(names.treatments("天然无优化").unenhanced);
        assert!(names.treatments("天然无优化").enhancements.is_empty());
        assert_eq!(names.treatments("B货"), names.treatments("漂白、充填"));
        assert_eq!(names.treatments("充填处理"), names.treatments("充填"));
        assert!(names.treatments("颜色成因未定").open);
        assert!(names.treatments("古法").unknown);
        assert!(!names.treatments("A货").unknown);
    }
}
