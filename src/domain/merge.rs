//! One ledger out of what was listed, said and printed: the same statement stands once, with every place where it was
//! made; statements of one property stand together, the strongest on top; statements that cannot both be true point at
//! each other (`journey.md`, "Words": ledger).

use std::cmp::Reverse;

use super::ids::ClaimId;
use super::ledger::{Bound, Certainty, Claim, ClaimKind, ClaimedValue, Statement};

/// Merges claims of all sources. The order of the sources is the caller's: of equal statements the first one stands and
/// the others are its repetitions. The claims are named anew, `k1`, `k2`, … in the order of the ledger, so that merging
/// the same claims again gives the same names.
pub fn merge(claims: Vec<Claim>) -> Vec<Claim> {
    let mut merged: Vec<Claim> = Vec::with_capacity(claims.len());
    for claim in claims {
        match merged.iter_mut().find(|known| is_same(known, &claim)) {
            Some(known) => fold(known, claim),
            None => merged.push(claim),
        }
    }
    merged.sort_by(|one, other| key(one).cmp(&key(other)));
    for (claim, number) in merged.iter_mut().zip(1_u32..) {
        // A letter and a number are an id.
        if let Ok(id) = ClaimId::parse(&format!("k{number}")) {
            claim.claim_id = id;
        }
    }
    merged
}

/// Whether two claims say the same of the same: however a weight was written down, and whoever said it.
fn is_same(one: &Claim, other: &Claim) -> bool {
    let is_same_value = match (&one.value, &other.value) {
        (ClaimedValue::Weight { weight, upper }, ClaimedValue::Weight { weight: again, upper: upper_again }) => {
            weight.mass == again.mass
                && weight.like(again)
                && upper.as_ref().map(|upper| upper.mass) == upper_again.as_ref().map(|upper| upper.mass)
        }
        (one, other) => one == other,
    };
    is_same_value
        && (&one.component, one.ambiguous, one.kind, one.bound, one.negated)
            == (&other.component, other.ambiguous, other.kind, other.bound, other.negated)
}

/// A repetition: its places are kept. Said with more digits it is the stronger statement of the two.
fn fold(known: &mut Claim, claim: Claim) {
    if claim.certainty == Certainty::High {
        known.certainty = Certainty::High;
    }
    if let (ClaimedValue::Weight { weight, .. }, ClaimedValue::Weight { weight: again, .. }) =
        (&mut known.value, &claim.value)
    {
        weight.digit_ug = match (weight.digit_ug, again.digit_ug) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
    known.also.push(Statement { source: claim.source, words: claim.words, span: claim.span });
    known.also.extend(claim.also);
}

/// Where a claim stands in the ledger: by part, then by property, what is certain before what is doubtful, and the
/// strongest on top. Of several weights that is the one that binds most: exact before a bound, a bound before about, and
/// of those the greatest.
fn key(claim: &Claim) -> impl Ord {
    let part = claim.component.as_ref().map_or((1, 0, String::new()), |id| {
        let id = id.as_str();
        // c10 stands behind c9.
        (0, id.len(), id.to_owned())
    });
    let firmness = match claim.bound {
        Bound::Exactly => 0,
        Bound::AtLeast | Bound::AtMost => 1,
        Bound::Range => 2,
        Bound::About => 3,
    };
    let doubt = match claim.certainty {
        Certainty::High => false,
        Certainty::Low => true,
    };
    (part, claim.kind, property(claim), doubt, firmness, Reverse(size(claim)), Reverse(claim.also.len()))
}

/// What of a part a claim of its kind is about: 圈口 and 条宽 are two sizes.
fn property(claim: &Claim) -> Option<&str> {
    match &claim.value {
        ClaimedValue::Size { name, .. } => Some(name.as_str()),
        ClaimedValue::Name { .. }
        | ClaimedValue::Weight { .. }
        | ClaimedValue::TradeWeight { .. }
        | ClaimedValue::Fineness { .. }
        | ClaimedValue::Certificate { .. } => None,
    }
}

fn size(claim: &Claim) -> i64 {
    match &claim.value {
        ClaimedValue::Weight { weight, .. } => weight.mass.0,
        ClaimedValue::Fineness { fineness_ppm } => fineness_ppm.0,
        ClaimedValue::Size { length_um, .. } => length_um.map_or(0, |length| length.0),
        ClaimedValue::TradeWeight { amount_millionths, .. } => *amount_millionths,
        ClaimedValue::Name { .. } | ClaimedValue::Certificate { .. } => 0,
    }
}

/// Whether the seller's own statements cannot both be true. Of numbers that is told here: two exact ones that differ,
/// or one outside what the other allows, or the same said and denied. Whether two names may be one thing's is the
/// rulebook's to say: `apart` is asked, with the names of one kind.
pub fn at_odds(one: &Claim, other: &Claim, apart: impl Fn(ClaimKind, &str, &str) -> bool) -> bool {
    let is_one_property = one.kind == other.kind
        && one.component == other.component
        && !one.ambiguous
        && !other.ambiguous
        && property(one) == property(other);
    if !is_one_property {
        return false;
    }
    if one.negated != other.negated {
        return one.value == other.value && one.bound == other.bound;
    }
    if one.negated {
        return false;
    }
    if let (ClaimedValue::Name { name }, ClaimedValue::Name { name: again }) = (&one.value, &other.value) {
        return apart(one.kind, name.as_str(), again.as_str());
    }
    match (range(one), range(other)) {
        (Some((low, high)), Some((low_again, high_again))) => high < low_again || high_again < low,
        (None, _) | (_, None) => false,
    }
}

/// A part in twenty: what 左右 leaves open among the seller's own words. What it leaves open beside a measurement is the
/// rulebook's.
const ABOUT: i64 = 20;

/// The least and the most that a claim allows. None where it has no number to compare.
fn range(claim: &Claim) -> Option<(i64, i64)> {
    let (value, upper) = match &claim.value {
        ClaimedValue::Weight { weight, upper } => (weight.mass.0, upper.as_ref().map(|upper| upper.mass.0)),
        ClaimedValue::Fineness { fineness_ppm } => (fineness_ppm.0, None),
        ClaimedValue::Size { length_um: Some(length), upper_um, .. } => (length.0, upper_um.map(|upper| upper.0)),
        ClaimedValue::Size { length_um: None, .. }
        | ClaimedValue::TradeWeight { .. }
        | ClaimedValue::Name { .. }
        | ClaimedValue::Certificate { .. } => return None,
    };
    // What includes other things is another weight.
    if let ClaimedValue::Weight { weight, .. } = &claim.value
        && !weight.includes.is_empty()
    {
        return None;
    }
    Some(match claim.bound {
        Bound::Exactly => (value, value),
        Bound::AtLeast => (value, i64::MAX),
        Bound::AtMost => (i64::MIN, value),
        Bound::Range => (value, upper?),
        Bound::About => (value - value / ABOUT, value + value / ABOUT),
    })
}

#[cfg(test)]
mod tests {
    use super::super::ledger::{ClaimSource, Span};
    use super::super::quantity::{Fineness, Mass, Weighing};
    use super::super::samples::{claim, component, name};
    use super::*;

    fn weight(source: ClaimSource, grams: &str, bound: Bound) -> Claim {
        let mass = Mass::parse(grams, "g").unwrap();
        let weight = Weighing::typed(mass, Default::default(), Mass::last_digit(grams, "g"));
        Claim {
            source,
            component: None,
            bound,
            value: ClaimedValue::Weight { weight, upper: None },
            ..claim(1, ClaimKind::Weight)
        }
    }

    fn material(source: ClaimSource, text: &str) -> Claim {
        Claim { source, value: ClaimedValue::Name { name: name(text) }, ..claim(1, ClaimKind::Material) }
    }

    fn at(claim: Claim, at_ms: i64) -> Claim {
        Claim { span: Some(Span { start: at_ms / 100, end: at_ms / 100 + 2, at_ms: Some(at_ms) }), ..claim }
    }

    use ClaimSource::{Listed, Spoken};

    #[test]
    fn a_repetition_is_folded_and_its_places_are_kept() {
        let claims = vec![
            material(Listed, "翡翠"),
            at(material(Spoken, "翡翠"), 1_000),
            at(material(Spoken, "翡翠"), 9_000),
            at(material(Spoken, "和田玉"), 12_000),
        ];
        let merged = merge(claims);
        assert_eq!(merged.len(), 2);
        let times: Vec<_> =
            merged[0].also.iter().map(|again| again.span.as_ref().and_then(|span| span.at_ms)).collect();
        assert_eq!(times, [Some(1_000), Some(9_000)]);
        assert_eq!((merged[0].source, merged[0].claim_id.as_str()), (Listed, "k1"));
    }

    #[test]
    fn the_strongest_statement_stands_on_top() {
        let claims = vec![
            weight(Spoken, "60", Bound::About),
            weight(Listed, "58.40", Bound::Exactly),
            weight(Spoken, "59", Bound::Exactly),
            Claim { certainty: Certainty::Low, ..weight(Spoken, "66", Bound::Exactly) },
            weight(Spoken, "57", Bound::AtLeast),
        ];
        let order: Vec<_> = merge(claims).iter().map(size).map(|ug| ug / 1_000_000).collect();
        assert_eq!(order, [59, 58, 57, 60, 66]);
    }

    #[test]
    fn what_is_said_with_more_digits_is_the_stronger_of_two_equal_weights() {
        let merged = merge(vec![weight(Listed, "58.4", Bound::Exactly), weight(Spoken, "58.40", Bound::Exactly)]);
        let ClaimedValue::Weight { weight, .. } = &merged[0].value else { panic!("a weight") };
        assert_eq!((merged.len(), weight.digit_ug), (1, Some(10_000)));
    }

    #[test]
    fn what_is_certain_once_is_certain() {
        let low = |claim| Claim { certainty: Certainty::Low, ..claim };
        let merged = merge(vec![low(material(Spoken, "翡翠")), material(Spoken, "翡翠")]);
        assert_eq!(merged[0].certainty, Certainty::High);
        let merged = merge(vec![low(material(Spoken, "翡翠")), low(material(Spoken, "翡翠"))]);
        assert_eq!(merged[0].certainty, Certainty::Low);
    }

    #[test]
    fn merging_twice_is_merging_once() {
        let claims = vec![material(Listed, "翡翠"), weight(Spoken, "60", Bound::About), material(Spoken, "翡翠")];
        let once = merge(claims);
        assert_eq!(merge(once.clone()), once);
    }

    #[test]
    fn statements_that_cannot_both_be_true_are_told() {
        let apart = |_: ClaimKind, one: &str, other: &str| one != other;
        let check = |one: Claim, other: Claim, expected| {
            assert_eq!(at_odds(&one, &other, apart), expected, "{one:?} {other:?}");
            assert_eq!(at_odds(&other, &one, apart), expected);
        };
        check(weight(Listed, "58", Bound::Exactly), weight(Spoken, "56", Bound::Exactly), true);
        check(weight(Listed, "58", Bound::Exactly), weight(Spoken, "56", Bound::About), false);
        check(weight(Listed, "58", Bound::Exactly), weight(Spoken, "60", Bound::AtLeast), true);
        check(weight(Listed, "58", Bound::Exactly), weight(Spoken, "57", Bound::AtLeast), false);
        check(material(Listed, "翡翠"), material(Spoken, "和田玉"), true);
        check(material(Listed, "翡翠"), material(Spoken, "翡翠"), false);
        let denied = Claim { negated: true, ..material(Spoken, "翡翠") };
        check(material(Listed, "翡翠"), denied.clone(), true);
        check(material(Listed, "和田玉"), denied.clone(), false);
        let elsewhere = Claim { component: Some(component(2)), ..material(Spoken, "和田玉") };
        check(material(Listed, "翡翠"), elsewhere, false);
        let unclear = Claim { ambiguous: true, ..material(Spoken, "和田玉") };
        check(material(Listed, "翡翠"), unclear, false);
        let fine = |ppm| Claim {
            value: ClaimedValue::Fineness { fineness_ppm: Fineness(ppm) },
            ..claim(1, ClaimKind::Fineness)
        };
        check(fine(990_000), fine(999_000), true);
    }
}
