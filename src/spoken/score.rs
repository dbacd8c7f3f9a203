//! Predictions beside gold claims: matched one to one, then precision and recall (`interfaces.md`, `claims score`).

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::domain::ledger::ClaimKind;

/// A claim as far as scoring looks at it; of a prediction or of the gold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub kind: ClaimKind,
    /// First character, in Unicode scalar values of the passage.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
    pub value: String,
    pub min: Option<Decimal>,
    pub max: Option<Decimal>,
    pub negated: bool,
}

impl From<&super::Said> for Item {
    fn from(said: &super::Said) -> Self {
        Self {
            kind: said.kind,
            start: said.start,
            end: said.end,
            value: said.value.to_string(),
            min: said.min,
            max: said.max,
            negated: said.negated,
        }
    }
}

impl Item {
    /// Same kind and polarity, overlapping words, and for weight, size and fineness equal numbers.
    pub fn matches(&self, gold: &Item) -> bool {
        let numbers = match self.kind {
            ClaimKind::Weight | ClaimKind::Size | ClaimKind::Fineness => self.same_numbers(gold),
            ClaimKind::Material
            | ClaimKind::Treatment
            | ClaimKind::Grade
            | ClaimKind::Origin
            | ClaimKind::Certificate
            | ClaimKind::Guarantee
            | ClaimKind::BannedPhrase => true,
        };
        self.kind == gold.kind
            && self.negated == gold.negated
            && self.start < gold.end
            && gold.start < self.end
            && numbers
    }

    fn same_numbers(&self, gold: &Item) -> bool {
        if self.min.is_some() || gold.min.is_some() {
            return self.min == gold.min && self.max == gold.max;
        }
        match (self.value.parse::<Decimal>(), gold.value.parse::<Decimal>()) {
            (Ok(own), Ok(other)) => own == other,
            _ => self.value == gold.value,
        }
    }
}

/// What decides a verdict, rather than colours it.
pub fn is_decisive(kind: ClaimKind) -> bool {
    match kind {
        ClaimKind::Material
        | ClaimKind::Treatment
        | ClaimKind::Fineness
        | ClaimKind::Weight
        | ClaimKind::Size
        | ClaimKind::Origin
        | ClaimKind::Certificate => true,
        ClaimKind::Grade | ClaimKind::Guarantee | ClaimKind::BannedPhrase => false,
    }
}

/// Hits, misses and extras.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub hits: u64,
    pub misses: u64,
    pub extras: u64,
}

impl Count {
    pub fn add(&mut self, other: Count) {
        self.hits += other.hits;
        self.misses += other.misses;
        self.extras += other.extras;
    }

    /// The share of predictions that are in the gold, in ten thousandths; whole where nothing was predicted.
    pub fn precision(self) -> u64 {
        share(self.hits, self.hits + self.extras)
    }

    /// The share of the gold that was predicted, in ten thousandths; whole where there was nothing to find.
    pub fn recall(self) -> u64 {
        share(self.hits, self.hits + self.misses)
    }

    /// The harmonic mean of precision and recall, in ten thousandths.
    pub fn f1(self) -> u64 {
        share(2 * self.hits, 2 * self.hits + self.misses + self.extras)
    }
}

fn share(part: u64, whole: u64) -> u64 {
    (part * 10_000 + whole / 2).checked_div(whole).unwrap_or(10_000)
}

/// How one passage was read: indices into its gold claims and its predictions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matching {
    pub pairs: Vec<(usize, usize)>,
    pub misses: Vec<usize>,
    pub extras: Vec<usize>,
}

/// Matches as many as can be matched, one to one.
pub fn matching(gold: &[Item], predicted: &[Item]) -> Matching {
    // Augmenting paths: a passage has few claims, and a greedy choice could cost a pair.
    let mut owner: Vec<Option<usize>> = vec![None; predicted.len()];
    for at in 0..gold.len() {
        let mut tried = vec![false; predicted.len()];
        augment(gold, predicted, at, &mut owner, &mut tried);
    }
    let mut matching = Matching::default();
    for (prediction, owner) in owner.iter().enumerate() {
        match owner {
            Some(at) => matching.pairs.push((*at, prediction)),
            None => matching.extras.push(prediction),
        }
    }
    matching.pairs.sort_unstable();
    matching.misses = (0..gold.len()).filter(|at| !owner.contains(&Some(*at))).collect();
    matching
}

fn augment(gold: &[Item], predicted: &[Item], at: usize, owner: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    let Some(item) = gold.get(at) else { return false };
    for (index, prediction) in predicted.iter().enumerate() {
        if tried.get(index).copied().unwrap_or(true) || !prediction.matches(item) {
            continue;
        }
        if let Some(tried) = tried.get_mut(index) {
            *tried = true;
        }
        let free = match owner.get(index).copied().flatten() {
            None => true,
            Some(other) => augment(gold, predicted, other, owner, tried),
        };
        if free && let Some(owner) = owner.get_mut(index) {
            *owner = Some(at);
            return true;
        }
    }
    false
}

/// Counts by kind, over passages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    pub by_kind: BTreeMap<ClaimKind, Count>,
}

impl Score {
    /// Adds one passage and gives its matching, for the list of misses and extras.
    pub fn add(&mut self, gold: &[Item], predicted: &[Item]) -> Matching {
        let matching = matching(gold, predicted);
        let mut count = |item: Option<&Item>, count: Count| {
            if let Some(item) = item {
                self.by_kind.entry(item.kind).or_default().add(count);
            }
        };
        for (at, _) in &matching.pairs {
            count(gold.get(*at), Count { hits: 1, ..Count::default() });
        }
        for at in &matching.misses {
            count(gold.get(*at), Count { misses: 1, ..Count::default() });
        }
        for at in &matching.extras {
            count(predicted.get(*at), Count { extras: 1, ..Count::default() });
        }
        matching
    }

    pub fn of(&self, kind: ClaimKind) -> Count {
        self.by_kind.get(&kind).copied().unwrap_or_default()
    }

    /// The decisive kinds together.
    pub fn decisive(&self) -> Count {
        self.sum(is_decisive)
    }

    pub fn all(&self) -> Count {
        self.sum(|_| true)
    }

    fn sum(&self, wanted: impl Fn(ClaimKind) -> bool) -> Count {
        let mut sum = Count::default();
        for (_, count) in self.by_kind.iter().filter(|(kind, _)| wanted(**kind)) {
            sum.add(*count);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(kind: ClaimKind, start: usize, end: usize, value: &str) -> Item {
        Item { kind, start, end, value: value.to_owned(), min: None, max: None, negated: false }
    }

    #[test]
    fn kind_polarity_words_and_numbers_must_agree() {
        let gold = item(ClaimKind::Weight, 4, 8, "56");
        assert!(item(ClaimKind::Weight, 7, 9, "56.00").matches(&gold));
        assert!(!item(ClaimKind::Weight, 8, 9, "56").matches(&gold), "the words do not overlap");
        assert!(!item(ClaimKind::Weight, 4, 8, "58").matches(&gold), "another number");
        assert!(!item(ClaimKind::Size, 4, 8, "56").matches(&gold), "another kind");
        assert!(!Item { negated: true, ..gold.clone() }.matches(&gold), "another polarity");
        let range = Item { min: Some(Decimal::from(5)), max: Some(Decimal::from(6)), ..gold.clone() };
        assert!(!gold.matches(&range));
        assert!(range.matches(&range));
        assert!(item(ClaimKind::Material, 4, 8, "gold").matches(&item(ClaimKind::Material, 5, 6, "k_gold")));
    }

    #[test]
    fn each_claim_is_matched_once_and_as_many_as_can_be() {
        let gold = [item(ClaimKind::Grade, 0, 4, "a"), item(ClaimKind::Grade, 3, 6, "b")];
        // The first prediction fits both, the second only the first.
        let predicted = [item(ClaimKind::Grade, 2, 5, "x"), item(ClaimKind::Grade, 0, 2, "y")];
        assert_eq!(matching(&gold, &predicted).pairs.len(), 2);
        let thrice = [predicted[0].clone(), predicted[0].clone(), predicted[0].clone()];
        let matching = matching(&gold, &thrice);
        assert_eq!((matching.pairs.len(), matching.extras.len(), matching.misses.len()), (2, 1, 0));
    }

    #[test]
    fn the_figures_are_those_of_the_textbook() {
        let mut score = Score::default();
        score.add(
            &[item(ClaimKind::Material, 0, 2, "gold"), item(ClaimKind::Grade, 3, 4, "crack")],
            &[item(ClaimKind::Material, 0, 2, "gold"), item(ClaimKind::Material, 5, 6, "silver")],
        );
        let decisive = score.decisive();
        assert_eq!((decisive.precision(), decisive.recall(), decisive.f1()), (5_000, 10_000, 6_667));
        assert_eq!(score.all().f1(), 5_000);
        assert_eq!(score.of(ClaimKind::Origin).f1(), 10_000, "nothing to find and nothing found");
    }
}
