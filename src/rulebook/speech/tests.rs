use super::super::testing::*;
use super::*;
use crate::domain::appraisal::ComponentRole::*;
use crate::domain::appraisal::{Appraisal, DeclaredComponent};
use crate::domain::event::Pricing;
use crate::domain::ledger::Bound;

fn jade() -> (Vec<DeclaredComponent>, Appraisal) {
    let bench = appraisal(vec![found("c1", MainStone, "翡翠", Some("漂白、充填"))], grams("50"));
    (vec![part("c1", MainStone, "翡翠", None)], bench)
}

#[track_caller]
fn check(claims: &[Claim], (parts, bench): (Vec<DeclaredComponent>, Appraisal), expected: &[&str]) {
    let found = assess_for(&order(), parts, Pricing::Fixed, claims, &bench).remove(0);
    let flags: Vec<_> = found.entry.flags.iter().map(|flag| flag.as_str().to_owned()).collect();
    assert_eq!(flags, expected, "{:?}", claims[0].value);
}

#[test]
fn a_breach_of_the_rules_of_speech_is_flagged_with_its_clause() {
    let banned = |word: &str, rules: &[&str]| check(&[said(ClaimKind::BannedPhrase, word)], jade(), rules);
    banned("全网最低价", &["absolute_words"]);
    banned("开光", &["superstition"]);
    banned("招财", &["superstition"]);
    banned("治病", &["cures"]);
    banned("稳赚", &["value_promises"]);
    banned("招财保值", &["superstition", "value_promises"]);
    banned("颜色好看", &[]);
    let book = book();
    let clause = |rule: &str| book.rule(&name(rule)).unwrap().clause_zh.clone();
    assert_eq!(clause("absolute_words"), "《广告法》第9条第3项");
    assert_eq!(clause("superstition"), "《广告法》第9条第8项");
    assert_eq!(clause("cures"), "《广告法》第17条");
    assert_eq!(clause("value_promises"), "《广告法》第25条");
    assert!(clause("signed_level").starts_with("《广告法》第28条"));
    // The words that a normalised value does not keep.
    assert_eq!(
        book.breaches("这个是千足金的").iter().map(|rule| rule.rule.as_str()).collect::<Vec<_>>(),
        ["abolished"]
    );
}

#[test]
fn a_guarantee_above_the_signed_level_is_flagged() {
    // The order's merchant signed 9.
    let level = |word: &str, rules: &[&str]| check(&[said(ClaimKind::Guarantee, word)], jade(), rules);
    level("fake_pay_9", &[]);
    level("fake_pay_10", &["signed_level"]);
    level("假一赔十", &["signed_level"]);
    level("假一赔三", &[]);
    level("fake_pay_life", &["signed_level"]);
    level("return_7d", &[]);
}

#[test]
fn treated_sold_as_natural_is_flagged() {
    check(&[said(ClaimKind::Treatment, "untreated")], jade(), &["treated_as_natural"]);
    check(&[said(ClaimKind::Treatment, "dyed")], jade(), &[]);
    let plain = || appraisal(vec![found("c1", MainStone, "翡翠", None)], grams("50"));
    check(&[said(ClaimKind::Treatment, "untreated")], (jade().0, plain()), &[]);
}

#[test]
fn dyed_agate_as_dzi_is_flagged() {
    let dzi = |treatment| {
        let bench = appraisal(vec![found("c1", MainStone, "玛瑙", treatment)], grams("20"));
        (vec![part("c1", MainStone, "天珠", None)], bench)
    };
    check(&[said(ClaimKind::Material, "dzi")], dzi(Some("染色")), &["dyed_agate_as_dzi"]);
    check(&[said(ClaimKind::Material, "dzi")], dzi(None), &[]);
}

#[test]
fn a_definite_promise_on_unpolished_rough_is_flagged() {
    let (ice, rough) = (said(ClaimKind::Grade, "jadeite_icy"), said(ClaimKind::Grade, "unopened_rough"));
    check(&[ice.clone(), rough.clone()], jade(), &["rough_promises"]);
    check(std::slice::from_ref(&ice), jade(), &[]);
    let about = Claim { bound: Bound::About, ..ice };
    check(&[about, rough], jade(), &[]); // 冰种偏上 promises nothing definite.
}

#[test]
fn pure_gold_with_other_parts_states_its_net_weight_and_k_gold_does_not() {
    let with = |material: &str, net: Option<&str>, stone: bool| {
        let gold = DeclaredComponent { weight: net.map(grams), ..part("c1", Setting, material, None) };
        let mut parts = vec![gold];
        if stone {
            parts.push(part("c2", MainStone, "翡翠", None));
        }
        (parts, appraisal(vec![found("c1", Setting, material, None)], grams("9")))
    };
    let listed = |word: &str| Claim {
        source: ClaimSource::Listed,
        component: Some(id("c1")),
        ..said(ClaimKind::Material, word)
    };
    check(&[listed("足金")], with("足金", None, true), &["net_gold"]);
    check(&[listed("足金")], with("足金", Some("5"), true), &[]);
    check(&[listed("足金")], with("足金", None, false), &[]);
    check(&[listed("18K金")], with("18K金", None, true), &[]);
    check(&[listed("18K金")], with("18K金", Some("5"), true), &["net_gold"]);
}
