//! Reasons in one sentence, in Chinese and English, each naming its rule and clause. The sentences are data
//! (`words.csv`), the numbers in them are formatted exactly.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::editions::Files;
use super::{Unreadable, rows};
use crate::domain::quantity::Included;
use crate::domain::text::Name;

/// A language of the sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    Zh,
    En,
}

macro_rules! reasons {
    ($($why:ident $key:literal [$($arg:ident)*];)*) => {
        /// Why a finding is proposed: one sentence each, with places for what was said and measured.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Why { $($why,)* }

        impl Why {
            pub const ALL: &'static [Why] = &[$(Why::$why,)*];

            /// The key of its row in `words.csv`.
            pub fn as_str(self) -> &'static str {
                match self { $(Why::$why => $key,)* }
            }

            /// The places that its sentences have.
            pub fn places(self) -> &'static [&'static str] {
                match self { $(Why::$why => &[$(stringify!($arg)),*],)* }
            }
        }
    };
}

reasons! {
    MaterialSame "material_same" [found said];
    MaterialOther "material_other" [found said];
    MaterialNarrower "material_narrower" [found said];
    MaterialClass "material_class" [found said];
    MaterialElsewhere "material_elsewhere" [said];
    MetalSame "metal_same" [found said];
    MetalGradeOpen "metal_grade_open" [found said];
    MetalBelow "metal_below" [found said];
    TreatmentUndeclared "treatment_undeclared" [found said];
    TreatmentOpen "treatment_open" [found said];
    TreatmentSame "treatment_same" [found said];
    TreatmentOther "treatment_other" [found said];
    DeniedFound "denied_found" [found said];
    DeniedNotFound "denied_not_found" [found said];
    DeniedNumber "denied_number" [];
    FinenessMet "fineness_met" [measured said limit];
    FinenessBelow "fineness_below" [measured said limit];
    FinenessPartsMet "fineness_parts_met" [measured said limit];
    FinenessPartsBelow "fineness_parts_below" [measured said limit];
    FinenessSurface "fineness_surface" [measured said limit];
    FinenessBound "fineness_bound" [said];
    MetalWeightMet "metal_weight_met" [measured said allowance limit];
    MetalWeightShort "metal_weight_short" [measured said allowance limit];
    MetalWeightUpper "metal_weight_upper" [said];
    WeightNoAllowance "weight_no_allowance" [said limit];
    WeightWithin "weight_within" [measured said low high];
    WeightOutside "weight_outside" [measured said low high];
    WeightGuard "weight_guard" [measured said low high guard];
    WeightAboutWithin "weight_about_within" [measured said low high];
    WeightAboutOutside "weight_about_outside" [measured said low high];
    CaratCnWithin "carat_cn_within" [measured said low high];
    CaratCnOutside "carat_cn_outside" [measured said low high];
    CaratUsWithin "carat_us_within" [measured said low high];
    CaratUsOutside "carat_us_outside" [measured said low high];
    WeightUnlike "weight_unlike" [said measured];
    TradeUnitUnknown "trade_unit_unknown" [said low high];
    SizeWithin "size_within" [measured said low high];
    SizeOutside "size_outside" [measured said low high];
    SizeLabelSame "size_label_same" [measured said];
    SizeLabelOther "size_label_other" [measured said];
    SizeNotComparable "size_not_comparable" [];
    GradeWithin "grade_within" [found said limit];
    GradeOutside "grade_outside" [found said limit];
    GradeTooSmall "grade_too_small" [said measured limit];
    GradeNotGraded "grade_not_graded" [said];
    GradeByEye "grade_by_eye" [said];
    Origin "origin" [said];
    Banned "banned" [said];
    Promise "promise" [said];
    PromiseAboveLevel "promise_above_level" [said limit];
    CertificateSeen "certificate_seen" [];
    CertificatePromised "certificate_promised" [];
    CertificateNotSeen "certificate_not_seen" [];
    CertificateBound "certificate_bound" [];
    CertificateAsked "certificate_asked" [];
    ReadingOutside "reading_outside" [method measured uncertainty said low high];
    ReadingOutsideTable "reading_outside_table" [method measured uncertainty said low high];
    NotExamined "not_examined" [said];
    Doubtful "doubtful" [reason];
}

/// What stands in a place of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// A name or a number, the same in every language.
    Text(String),
    /// What lay on the balance.
    Includes(BTreeSet<Included>),
    /// A word of `words.csv`.
    Word(&'static str),
    /// A sentence of its own.
    Reason(Box<Reason>),
}

/// Why a finding is proposed, with the numbers and names that were compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub why: Why,
    pub args: Vec<(&'static str, Arg)>,
}

impl Reason {
    pub(super) fn new<const N: usize>(why: Why, args: [(&'static str, String); N]) -> Self {
        Self { why, args: args.into_iter().map(|(place, text)| (place, Arg::Text(text))).collect() }
    }

    pub(super) fn with(mut self, place: &'static str, arg: Arg) -> Self {
        self.args.push((place, arg));
        self
    }
}

/// A rule with the clause that it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Rule {
    pub rule: Name,
    pub clause_zh: String,
    pub clause_en: String,
    /// Where the rule was taken from.
    pub source: String,
    /// `yes` where the number was seen in one weak place only: pages that show it say so.
    pub verify: String,
}

impl Rule {
    /// The clause in a language.
    pub fn clause(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.clause_zh,
            Language::En => &self.clause_en,
        }
    }

    /// Whether its numbers are still to be verified.
    pub fn is_unverified(&self) -> bool {
        self.verify == "yes"
    }
}

#[derive(Clone, Debug, Deserialize)]
struct WordRow {
    reason: String,
    rule: String,
    zh: String,
    en: String,
}

impl WordRow {
    fn text(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }
}

/// The sentences and clauses of one edition.
#[derive(Clone, Debug)]
pub struct Words {
    words: BTreeMap<String, WordRow>,
    rules: BTreeMap<String, Rule>,
}

impl Words {
    /// Reads `words.csv` and `rules.csv`; an edition of before there were any speaks with those of `newest`.
    pub fn read(files: &Files, newest: &Files) -> Result<Self, Unreadable> {
        let source = if files.optional("words.csv").is_some() { files } else { newest };
        let mut rules = BTreeMap::new();
        for row in rows::<Rule>("rules.csv", source.text("rules.csv")?)? {
            if let Some(twice) = rules.insert(row.rule.as_str().to_owned(), row) {
                return Err(Unreadable { file: "rules.csv", why: format!("{} stands twice", twice.rule) });
            }
        }
        let mut words = BTreeMap::new();
        for row in rows::<WordRow>("words.csv", source.text("words.csv")?)? {
            if let Some(twice) = words.insert(row.reason.clone(), row) {
                return Err(Unreadable { file: "words.csv", why: format!("{} stands twice", twice.reason) });
            }
        }
        for why in Why::ALL {
            let missing = |what: &str| Unreadable { file: "words.csv", why: format!("{}: {what}", why.as_str()) };
            let row = words.get(why.as_str()).ok_or_else(|| missing("it is not there"))?;
            if !rules.contains_key(&row.rule) {
                return Err(missing("its rule is not in rules.csv"));
            }
            for language in [Language::Zh, Language::En] {
                let places = places(row.text(language));
                if places.iter().copied().collect::<BTreeSet<_>>() != why.places().iter().copied().collect() {
                    return Err(missing("its places are not those that the rule fills"));
                }
            }
        }
        Ok(Self { words, rules })
    }

    /// The rule that a reason rests on.
    pub fn rule_of(&self, why: Why) -> Option<&Rule> {
        self.rules.get(&self.words.get(why.as_str())?.rule)
    }

    /// A rule by its name.
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.get(name)
    }

    /// The reason as one sentence, with its clause.
    pub fn sentence(&self, reason: &Reason, language: Language) -> String {
        let clause = self.rule_of(reason.why).map_or("", |rule| rule.clause(language));
        let end = self.word("clause", language).replace("{clause}", clause);
        let body = self.body(reason, language);
        // The clause begins with a blank in English, which a file of rows does not keep for sure.
        match language {
            Language::Zh => body + &end,
            Language::En => format!("{body} {}", end.trim_start()),
        }
    }

    fn body(&self, reason: &Reason, language: Language) -> String {
        let mut text = self.word(reason.why.as_str(), language).to_owned();
        for (place, arg) in &reason.args {
            let filled = match arg {
                Arg::Text(text) => text.clone(),
                Arg::Word(key) => self.word(key, language).to_owned(),
                Arg::Includes(includes) => self.includes(includes, language),
                Arg::Reason(inner) => self.body(inner, language),
            };
            text = text.replace(&format!("{{{place}}}"), &filled);
        }
        text
    }

    fn includes(&self, includes: &BTreeSet<Included>, language: Language) -> String {
        if includes.is_empty() {
            return self.word("include:nothing", language).to_owned();
        }
        let words: Vec<_> =
            includes.iter().map(|included| self.word(&format!("include:{}", included.as_str()), language)).collect();
        words.join(match language {
            Language::Zh => "、",
            Language::En => ", ",
        })
    }

    fn word(&self, key: &str, language: Language) -> &str {
        self.words.get(key).map_or("", |row| row.text(language))
    }
}

/// The names in curly brackets.
fn places(text: &str) -> Vec<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        let newest = Files::embedded().unwrap().pop().unwrap();
        Words::read(&newest, &newest).unwrap()
    }

    #[test]
    fn a_sentence_names_the_numbers_and_the_clause_in_both_languages() {
        let reason = Reason::new(
            Why::MetalWeightShort,
            [
                ("measured", "25.34".into()),
                ("said", "25.36".into()),
                ("allowance", "0.01".into()),
                ("limit", "25.35".into()),
            ],
        );
        assert_eq!(
            words().sentence(&reason, Language::Zh),
            "称得25.34 g，所称25.36 g，允差0.01 g，下限25.35 g，短少（《零售商品称重计量监督管理办法》\
             （2004年第66号令，2020年修订）；QB/T 1690）。"
        );
        assert_eq!(
            words().sentence(&reason, Language::En),
            "25.34 g was weighed; 25.36 g was said, less 0.01 g is 25.35 g: short \
             (AQSIQ/SAIC order 66 of 2004, amended 2020; QB/T 1690)."
        );
    }

    #[test]
    fn what_lay_on_the_balance_is_named_in_the_language() {
        let reason = Reason { why: Why::WeightUnlike, args: Vec::new() }
            .with("said", Arg::Includes(BTreeSet::new()))
            .with("measured", Arg::Includes([Included::Cord, Included::Tag].into()));
        assert!(words().sentence(&reason, Language::Zh).contains("所称含：无；称重含：绳、签"));
        assert!(words().sentence(&reason, Language::En).contains("said with: nothing else; weighed with: cord, tag"));
    }

    #[test]
    fn every_rule_names_its_clause_and_source() {
        for rule in words().rules.values() {
            assert!(!rule.clause_zh.is_empty() && !rule.clause_en.is_empty() && !rule.source.is_empty(), "{rule:?}");
        }
    }

    #[test]
    fn a_sentence_with_other_places_than_its_rule_fills_is_refused() {
        let newest = Files::embedded().unwrap().pop().unwrap();
        let words = newest.text("words.csv").unwrap().replace("产地「{said}」", "产地「{sad}」");
        let files = Files::given(
            "2027-01-01",
            [("words.csv".to_owned(), words), ("rules.csv".to_owned(), newest.text("rules.csv").unwrap().to_owned())]
                .into(),
        )
        .unwrap();
        let error = Words::read(&files, &newest).unwrap_err();
        assert!(error.why.starts_with("origin:"), "{error}");
    }
}
