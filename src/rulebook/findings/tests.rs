//! What the first edition finds, for as long as a verdict by it stands. The newest edition is held to its numbers in
//! its own part.

use super::super::claims::listed;
use super::super::testing::*;
use super::*;
use crate::domain::appraisal::ComponentRole::*;
use crate::domain::appraisal::{Appraisal, ComponentRole, ComponentState, Declared, DeclaredComponent};
use crate::domain::command::Rules;
use crate::domain::event::Pricing;
use crate::domain::quantity::{Fineness, Included, Weighing};

/// The proposed entries of a listing: one line each, `kind finding`, with `main` and `essential` where they are.
fn proposed(declared: Declared, pricing: Pricing, appraisal: &Appraisal) -> Vec<String> {
    let piece = piece(declared, pricing);
    let claims = listed(&piece.opened().declared, &names());
    let entries = first_edition().propose(&piece, &order(), &claims, appraisal);
    assert_eq!(entries.len(), claims.len());
    std::iter::zip(&claims, &entries)
        .map(|(claim, entry)| {
            assert_eq!(claim.claim_id, entry.claim_id);
            let mut line = format!("{:?} {}", claim.kind, entry.finding.as_str()).to_lowercase();
            for (word, is) in [(" main", entry.main), (" essential", entry.essential)] {
                line += if is { word } else { "" };
            }
            line
        })
        .collect()
}

/// The first finding for one declared part against one concluded.
#[track_caller]
fn check_part(part: DeclaredComponent, result: ComponentResult, kind: &str, expected: &str) {
    let case = format!("{part:?} against {result:?}");
    let lines = proposed(declared(vec![part]), Pricing::Fixed, &appraisal(vec![result], grams("1")));
    let line = lines.iter().find(|line| line.starts_with(kind)).unwrap();
    assert_eq!(line.split(' ').nth(1), Some(expected), "{case}");
}

#[test]
fn a_material_is_what_a_laboratory_may_call_it() {
    let check = |claimed: &str, concluded: &str, treatment: Option<&str>, expected| {
        let (part, result) = (part("c1", MainStone, claimed, None), found("c1", MainStone, concluded, treatment));
        check_part(part, result, "material", expected);
    };
    check("翡翠", "翡翠", None, "confirmed");
    check("碧玉", "和田玉", None, "confirmed");
    check("冰种翡翠", "翡翠", Some("A货"), "confirmed");
    check("翡翠", "石英岩玉", None, "contradicted");
    check("和田玉", "绿松石", None, "contradicted");
    check("和田玉", "和田玉（碧玉）", None, "not_tested");
    // The plain name means untreated, wherever the treatment stands.
    check("翡翠", "翡翠(漂白、充填)", None, "contradicted");
    check("翡翠", "翡翠", Some("B货"), "contradicted");
    check("翡翠(漂白、充填)", "翡翠(漂白、充填)", None, "confirmed");
    check("翡翠(漂白、充填)", "翡翠", Some("漂白、充填"), "confirmed");
    check("玛瑙(覆膜)", "玛瑙", None, "not_tested");
    check("钻石", "合成钻石", None, "contradicted");
    check("培育钻石", "合成钻石", Some("合成"), "confirmed");
    check("莫桑石", "合成碳硅石", None, "confirmed");
    check("水晶", "水晶", Some("净度优化"), "confirmed");
    check("翡翠", "翡翠", Some("某种手法"), "not_tested");
}

#[test]
fn a_declared_treatment_stands_beside_the_name() {
    let (part, result) = (part("c1", MainStone, "绿松石", Some("充填")), found("c1", MainStone, "绿松石(充填)", None));
    check_part(part.clone(), result.clone(), "material", "confirmed");
    check_part(part, result, "treatment", "confirmed");
}

#[test]
fn a_metal_is_the_one_named_and_as_fine_as_its_name_says() {
    let check = |claimed: &str, concluded: &str, ppm: Option<i64>, expected| {
        let result = ComponentResult { fineness_ppm: ppm.map(Fineness), ..found("c1", Metal, concluded, None) };
        check_part(part("c1", Metal, claimed, None), result, "material", expected);
    };
    check("18K金", "18K", None, "confirmed");
    check("18k", "Au750", Some(750_000), "confirmed");
    check("18K金", "18K金", Some(749_999), "contradicted");
    check("银S925", "925银", None, "confirmed");
    check("银925", "足银", None, "confirmed");
    check("足银", "银S925", None, "contradicted");
    check("足金", "18K金", None, "contradicted");
    check("千足金", "足金", None, "not_tested");
    check("千足金", "足金", Some(999_000), "confirmed");
    check("千足金", "足金", Some(998_999), "contradicted");
    check("足金", "银S925", Some(925_000), "contradicted");
    check("足金", "铜", None, "contradicted");
    check("银S925", "银S925镀金", None, "confirmed");
    check("足金", "足金(包金)", Some(999_000), "contradicted");
}

#[test]
fn a_treatment_is_compared_by_what_its_word_means() {
    let check = |claimed: &str, concluded: Option<&str>, expected| {
        let (part, result) = (part("c1", MainStone, "翡翠", Some(claimed)), found("c1", MainStone, "翡翠", concluded));
        check_part(part, result, "treatment", expected);
    };
    for untreated in ["A货", "天然", "无优化"] {
        for concluded in [None, Some("天然"), Some("未处理"), Some("A货")] {
            check(untreated, concluded, "confirmed");
        }
        check(untreated, Some("漂白、充填"), "contradicted");
        check(untreated, Some("染色"), "contradicted");
        check(untreated, Some("颜色成因未定"), "not_tested");
        check(untreated, Some("某种手法"), "not_tested");
    }
    check("无优化", Some("净度优化"), "contradicted");
    check("天然", Some("净度优化"), "not_tested");
    check("B货", Some("漂白、充填"), "confirmed");
    check("染色", Some("染色"), "confirmed");
    check("染色", Some("漂白、充填"), "contradicted");
    check("染色", Some("天然"), "contradicted");
    check("染色", None, "not_tested");
    check("充填", Some("漂白、充填"), "contradicted"); // More was done than was said.
    check("无烧", None, "not_tested"); // A plain conclusion does not exclude heat.
    check("无烧", Some("热处理"), "contradicted");
    check("无烧", Some("未见热处理"), "confirmed");
    check("某种手法", None, "not_tested");
    check("某种手法", Some("某种手法"), "confirmed");
    // The same word in the field does not hide another in the concluded name.
    let dyed = found("c1", MainStone, "翡翠(染色)", Some("天然"));
    check_part(part("c1", MainStone, "翡翠", Some("天然")), dyed, "treatment", "contradicted");
}

#[test]
fn only_the_weight_that_is_paid_for_is_essential() {
    let stone = || DeclaredComponent { weight: Some(grams("1")), ..part("c1", MainStone, "翡翠", None) };
    let gold = || DeclaredComponent { weight: Some(grams("9")), ..part("c2", Setting, "足金", None) };
    let check = |parts: Vec<DeclaredComponent>, pricing, expected: &[&str]| {
        let lines = proposed(declared(parts), pricing, &appraisal(vec![], grams("10")));
        let weights: Vec<_> = lines.iter().filter(|line| line.starts_with("weight")).collect();
        assert_eq!(weights, expected, "{pricing:?}");
    };
    let open = "weight not_tested main";
    let paid = "weight not_tested main essential";
    check(vec![stone(), gold()], Pricing::Fixed, &[open, open]);
    check(vec![stone(), gold()], Pricing::ByWeight, &[open, paid]); // A set stone is weighed with the piece.
    check(vec![stone()], Pricing::ByWeight, &[paid]);
}

#[test]
fn fineness_is_a_minimum_without_a_negative_allowance() {
    let check = |measured: Option<i64>, expected| {
        let result = ComponentResult { fineness_ppm: measured.map(Fineness), ..found("c1", Metal, "18K金", None) };
        check_part(metal_part("c1", Metal, "18K金", 750_000), result, "fineness", expected);
    };
    check(Some(750_000), "confirmed");
    check(Some(751_000), "confirmed");
    check(Some(749_999), "contradicted");
    check(None, "not_tested");
}

/// The weight of a whole piece of one part.
#[track_caller]
fn check_weight(material: &str, role: ComponentRole, claimed: Weighing, measured: Weighing, expected: &str) {
    let listing = Declared { weight: Some(claimed), ..declared(vec![part("c1", role, material, None)]) };
    let lines = proposed(listing, Pricing::ByWeight, &appraisal(vec![found("c1", role, material, None)], measured));
    assert_eq!(lines[1], format!("weight {expected} main essential"));
}

#[test]
fn precious_metal_may_not_weigh_less_and_may_weigh_more() {
    let check = |material: &str, claimed: &str, measured: &str, expected| {
        check_weight(material, Metal, grams(claimed), grams(measured), expected);
    };
    // 25.36 − 0.01 = 25.35.
    check("足金", "25.36", "25.35", "confirmed");
    check("足金", "25.36", "25.349999", "contradicted");
    check("足金", "25.36", "99", "confirmed");
    check("铂Pt950", "3.45", "3.44", "confirmed");
    check("铂Pt950", "3.45", "3.43", "contradicted");
    // 30.00 − 0.1 = 29.90; 28.74 is 1.26 short.
    check("足银", "30.00", "29.90", "confirmed");
    check("足银", "30.00", "29.89", "contradicted");
    check("足银", "30.00", "28.74", "contradicted");
    // Above 500 g no allowance is published for gold.
    check("足金", "500.01", "500.01", "not_tested");
}

#[test]
fn gems_and_jade_agree_within_half_a_tenth_of_a_gram() {
    let check = |claimed: &str, measured: &str, expected| {
        check_weight("翡翠", MainStone, grams(claimed), grams(measured), expected);
    };
    check("58.40", "58.45", "confirmed"); // + 0.05
    check("58.40", "58.35", "confirmed"); // − 0.05
    check("58.40", "58.450001", "contradicted");
    check("58.40", "58.349999", "contradicted");
}

#[test]
fn a_loose_stone_agrees_within_a_hundredth_of_a_carat() {
    let check = |claimed: &str, measured: &str, expected| {
        check_weight("红宝石", MainStone, weight(claimed, "ct", &[]), weight(measured, "ct", &[]), expected);
    };
    check("2.05", "2.06", "confirmed");
    check("2.05", "2.04", "confirmed");
    check("2.05", "2.061", "contradicted");
    check("2.05", "2.039", "contradicted");
    // Above 20 ct = 4 g it is weighed in grams: 21 ct = 4.2 g, and 0.2 ct = 0.04 g is within 0.05 g.
    check("21", "21.2", "confirmed");
}

#[test]
fn only_like_is_compared_with_like() {
    let cord = |value| weight(value, "g", &[Included::Cord]);
    check_weight("翡翠", MainStone, grams("4.00"), cord("4.00"), "not_tested");
    check_weight("翡翠", MainStone, cord("4.00"), cord("4.00"), "confirmed");
    check_weight("足金", Metal, cord("4.00"), grams("3.00"), "not_tested");
}

#[test]
fn several_metals_take_the_narrowest_allowance_and_stones_the_wide_one() {
    let check = |parts: Vec<DeclaredComponent>, measured: &str, expected: &str| {
        let results = parts.iter().map(|part| found(part.component.as_str(), part.role, "x", None)).collect();
        let listing = Declared { weight: Some(grams("10.00")), ..declared(parts) };
        let lines = proposed(listing, Pricing::Fixed, &appraisal(results, grams(measured)));
        assert_eq!(lines.last().unwrap(), &format!("weight {expected}"));
    };
    let (gold, silver) = (|| part("c1", Metal, "足金", None), || part("c2", Metal, "足银", None));
    check(vec![gold(), silver()], "9.99", "confirmed");
    check(vec![gold(), silver()], "9.98", "contradicted"); // Silver alone would allow 0.1.
    check(vec![gold(), part("c2", MainStone, "翡翠", None)], "9.95", "confirmed");
    check(vec![gold(), part("c2", MainStone, "翡翠", None)], "10.06", "contradicted");
    check(vec![gold(), part("c2", Metal, "合金", None)], "10.06", "contradicted");
}

#[test]
fn what_else_was_said_of_a_weight_widens_it() {
    let check = |material: &str, bound, upper: Option<&str>, measured: &str, expected| {
        let piece = piece(
            Declared { weight: Some(grams("20.00")), ..declared(vec![part("c1", MainStone, material, None)]) },
            Pricing::Fixed,
        );
        let mut claim = listed(&piece.opened().declared, &names()).pop().unwrap();
        claim.bound = bound;
        claim.value = ClaimedValue::Weight { weight: grams("20.00"), upper: upper.map(grams) };
        let appraisal = appraisal(vec![found("c1", MainStone, material, None)], grams(measured));
        let entries = first_edition().propose(&piece, &order(), &[claim], &appraisal);
        assert_eq!(entries[0].finding, expected, "{material} {bound:?} {measured}");
    };
    use Finding::*;
    check("翡翠", Bound::About, None, "19.00", Confirmed); // 5 % of 20 g is 1 g.
    check("翡翠", Bound::About, None, "18.99", Contradicted);
    check("翡翠", Bound::AtLeast, None, "19.95", Confirmed);
    check("翡翠", Bound::AtLeast, None, "30", Confirmed);
    check("翡翠", Bound::AtMost, None, "20.06", Contradicted);
    check("翡翠", Bound::Range, Some("25"), "25.05", Confirmed);
    check("翡翠", Bound::Range, None, "20", NotTested);
    // The law's allowance stands whatever is said: 左右 makes no gram of gold lighter.
    check("足金", Bound::About, None, "19.98", Contradicted);
    check("足金", Bound::AtMost, None, "30", NotTested);
}

#[test]
fn sizes_have_their_own_allowances_and_ring_numbers_their_table() {
    let check = |claimed: Size, measured: Vec<Size>, expected: &str| {
        let case = format!("{claimed:?} {measured:?}");
        let listing = Declared { sizes: vec![claimed], ..declared(vec![part("c1", MainStone, "翡翠", None)]) };
        let result = ComponentResult { sizes: measured, ..found("c1", MainStone, "翡翠", None) };
        let lines = proposed(listing, Pricing::Fixed, &appraisal(vec![result], grams("1")));
        assert_eq!(lines[1], format!("size {expected} main"), "{case}");
    };
    let bangle = |um| size("inner_diameter_mm", um);
    check(bangle(56_500), vec![bangle(57_000)], "confirmed"); // 56.5 + 0.5
    check(bangle(56_500), vec![bangle(57_001)], "contradicted");
    check(bangle(56_500), vec![bangle(56_000)], "confirmed");
    check(bangle(56_500), vec![bangle(55_999)], "contradicted");
    let length = |um| size("length_mm", um);
    check(length(450_000), vec![length(459_000)], "confirmed"); // 2 % of 450 mm is 9 mm.
    check(length(450_000), vec![length(459_001)], "contradicted");
    check(length(450_000), vec![length(440_999)], "contradicted");
    check(ring("cn", "15"), vec![ring("cn", "15")], "confirmed");
    check(ring("cn", "15"), vec![ring("cn", "14")], "contradicted");
    check(ring("cn", "15"), vec![ring("us", "15")], "not_tested");
    check(ring("cn", "15"), vec![bangle(17_200)], "not_tested");
    check(bangle(56_500), vec![], "not_tested");
    check(bangle(56_500), vec![bangle(56_500), bangle(58_000)], "not_tested");
    check(size("spread", 1_000), vec![size("spread", 1_000)], "not_tested"); // The rulebook has no allowance for it.
}

#[test]
fn a_size_of_the_piece_is_not_read_off_a_side_stone() {
    let parts = vec![part("c1", MainStone, "沉香", None), part("c2", SideStone, "和田玉", None)];
    let listing = Declared { sizes: vec![size("bead_diameter_mm", 8_000)], ..declared(parts) };
    let wood = ComponentResult { state: ComponentState::NotExamined, ..found("c1", MainStone, "沉香", None) };
    let bead =
        ComponentResult { sizes: vec![size("bead_diameter_mm", 8_200)], ..found("c2", SideStone, "和田玉", None) };
    let lines = proposed(listing, Pricing::Fixed, &appraisal(vec![wood, bead], grams("1")));
    assert_eq!(lines, ["material not_tested main essential", "material confirmed essential", "size not_tested main"]);
}

#[test]
fn nothing_is_confirmed_by_silence() {
    let whole = DeclaredComponent {
        treatment: Some(name("天然")),
        weight: Some(grams("1")),
        ..metal_part("c1", Metal, "足金", 990_000)
    };
    let all = |result: Vec<ComponentResult>| {
        proposed(declared(vec![whole.clone()]), Pricing::Fixed, &appraisal(result, grams("1")))
    };
    let open = [
        "material not_tested main essential",
        "treatment not_tested main essential",
        "fineness not_tested main essential",
        "weight not_tested main",
    ];
    let examined = ComponentResult {
        fineness_ppm: Some(Fineness(990_000)),
        weight: Some(grams("1")),
        ..found("c1", Metal, "足金", None)
    };
    assert_eq!(all(vec![]), open);
    for state in [ComponentState::NotExamined, ComponentState::CannotBeDetermined] {
        assert_eq!(all(vec![ComponentResult { state, ..examined.clone() }]), open);
    }
    let bare = ComponentResult { material: None, fineness_ppm: None, weight: None, ..examined.clone() };
    assert_eq!(all(vec![bare]), open);
    assert!(all(vec![examined]).iter().all(|line| line.contains(" confirmed")));
}

#[test]
fn a_certificate_is_confirmed_by_body_and_number() {
    let check = |seen: Option<(&str, &str)>, expected: &str| {
        let listing = Declared {
            presented_certificate: Some(certificate("NGTC", "DEMO-26-0417")),
            ..declared(vec![part("c1", MainStone, "翡翠", None)])
        };
        let mut appraisal = appraisal(vec![found("c1", MainStone, "翡翠", None)], grams("1"));
        appraisal.presented_certificate = seen.map(|(body, number)| certificate(body, number));
        assert_eq!(proposed(listing, Pricing::Fixed, &appraisal)[1], format!("certificate {expected} main"));
    };
    check(Some(("NGTC", "DEMO-26-0417")), "confirmed");
    check(Some(("NGTC", "DEMO-26-0418")), "not_tested");
    check(Some(("GRS", "DEMO-26-0417")), "not_tested");
    check(None, "not_tested");
}

#[test]
fn what_no_test_settles_is_said_so() {
    let listing = declared(vec![part("c1", MainStone, "老坑冰种翡翠", None)]);
    let lines = proposed(listing, Pricing::Fixed, &appraisal(vec![found("c1", MainStone, "翡翠", None)], grams("1")));
    assert_eq!(lines, ["material confirmed main essential", "origin not_testable main", "grade not_testable main"]);
}

#[test]
fn other_kinds_of_claim_and_denials_are_never_confirmed() {
    let piece = piece(declared(vec![part("c1", MainStone, "翡翠", None)]), Pricing::Fixed);
    let appraisal = appraisal(vec![found("c1", MainStone, "翡翠", None)], grams("1"));
    let check = |kind, negated, expected| {
        let mut claim = listed(&piece.opened().declared, &names()).remove(0);
        (claim.kind, claim.negated) = (kind, negated);
        let entries = first_edition().propose(&piece, &order(), &[claim], &appraisal);
        assert_eq!(entries[0].finding, expected, "{kind:?}");
    };
    check(ClaimKind::Origin, false, Finding::NotTestable);
    check(ClaimKind::BannedPhrase, false, Finding::NotTestable);
    check(ClaimKind::Guarantee, false, Finding::Promise);
    check(ClaimKind::Grade, false, Finding::NotTested);
    check(ClaimKind::Weight, false, Finding::NotTested); // A name is no weight.
    check(ClaimKind::Material, true, Finding::NotTested);
}

/// The newest edition, where it says more than the first.
mod newest {
    use super::*;
    use crate::domain::appraisal::Test;
    use crate::domain::ledger::Verdict;
    use crate::rulebook::{Assessment, Language};

    use Finding::*;
    use Verdict::{DisclosedDifference, NotAsDescribed, Pass, SuspectedCounterfeit, Undetermined};

    #[track_caller]
    fn check(found: &Assessment, finding: Finding, asked: Verdict) {
        let entry = &found.entry;
        assert_eq!((entry.finding, entry.asked(entry.finding)), (finding, asked), "{:?}", found.reason);
    }

    fn stone(claim: &Claim, concluded: &str, treatment: Option<&str>, tests: Vec<Test>) -> Assessment {
        let bench = ComponentResult { tests, ..found("c1", MainStone, concluded, treatment) };
        let parts = vec![part("c1", MainStone, "翡翠", None)];
        assess(parts, Pricing::Fixed, claim, &appraisal(vec![bench], grams("5")))
    }

    #[test]
    fn the_terms_of_the_reader_are_names_of_the_trade() {
        let material = |term: &str, concluded: &str| stone(&said(ClaimKind::Material, term), concluded, None, vec![]);
        check(&material("jadeite", "翡翠"), Confirmed, Pass);
        check(&material("nephrite_jasper", "和田玉"), Confirmed, Pass);
        check(&material("nanhong_agate", "玛瑙"), Confirmed, Pass);
        check(&material("moissanite", "合成碳硅石"), Confirmed, Pass);
        check(&material("lab_grown_diamond", "合成钻石"), Confirmed, Pass);
        check(&material("amber", "蜜蜡"), Confirmed, Pass);
        check(&material("nephrite", "绿松石"), Contradicted, NotAsDescribed);
        let treatment = |term: &str, seen: Option<&str>| stone(&said(ClaimKind::Treatment, term), "翡翠", seen, vec![]);
        check(&treatment("untreated", None), Confirmed, Pass);
        check(&treatment("untreated", Some("漂白、充填")), Contradicted, NotAsDescribed);
        check(&treatment("polymer_impregnated", Some("充填")), Confirmed, Pass);
        check(&treatment("cultured", None), Confirmed, Pass);
    }

    #[test]
    fn how_grave_another_material_is_depends_on_whether_it_can_be_a_slip() {
        let jade = said(ClaimKind::Material, "jadeite");
        check(&stone(&jade, "石英岩玉", Some("染色"), vec![]), Contradicted, SuspectedCounterfeit);
        check(&stone(&jade, "石英岩玉", None, vec![]), Contradicted, NotAsDescribed);
        check(&stone(&jade, "玻璃", None, vec![]), Contradicted, SuspectedCounterfeit);
        check(&stone(&jade, "翡翠(漂白、充填)", None, vec![]), Contradicted, NotAsDescribed);
        let diamond = said(ClaimKind::Material, "diamond");
        check(&stone(&diamond, "合成立方氧化锆", None, vec![]), Contradicted, SuspectedCounterfeit);
        let grown = stone(&diamond, "合成钻石", None, vec![]);
        check(&grown, Contradicted, NotAsDescribed);
        assert_eq!(grown.entry.rule.unwrap().as_str(), "class");
        for class in ["合成翡翠", "人造翡翠", "拼合翡翠", "再造翡翠", "仿翡翠"] {
            assert_eq!(stone(&jade, class, None, vec![]).entry.finding, Contradicted, "{class}");
        }
    }

    #[test]
    fn a_reading_out_of_a_range_of_the_standard_contradicts_alone_and_in_range_proves_nothing() {
        let jade = |concluded: &str, tests: &[(&str, &str)]| {
            let tests = tests.iter().map(|(method, value)| test(method, value)).collect();
            stone(&said(ClaimKind::Material, "jadeite"), concluded, None, tests)
        };
        // Jadeite: 1.656 to 1.710. A spot reading (two decimals) is 0.01 uncertain, one of three decimals 0.002.
        check(&jade("翡翠", &[("refractive_index", "1.66")]), Confirmed, Pass);
        check(&jade("翡翠", &[("refractive_index", "1.65")]), Confirmed, Pass); // 1.66 at the most.
        check(&jade("翡翠", &[("refractive_index", "1.64")]), Contradicted, NotAsDescribed); // 1.65 at the most.
        check(&jade("翡翠", &[("refractive_index", "1.654")]), Confirmed, Pass); // 1.656 at the most.
        check(&jade("翡翠", &[("refractive_index", "1.653")]), Contradicted, NotAsDescribed);
        check(&jade("翡翠", &[("refractive_index", "1.712")]), Confirmed, Pass); // 1.710 at the least.
        check(&jade("翡翠", &[("refractive_index", "1.713")]), Contradicted, NotAsDescribed);
        check(&jade("翡翠", &[("refractive_index", "over_limit")]), Contradicted, NotAsDescribed); // Above 1.79.
        // Specific gravity 3.25 to 3.45; 0.02 without its masses.
        check(&jade("翡翠", &[("specific_gravity", "3.23")]), Confirmed, Pass);
        check(&jade("翡翠", &[("specific_gravity", "3.22")]), Contradicted, NotAsDescribed);
        // 58.40 ÷ 17.52 = 3.33; 58.40 ÷ (58.40 − 36.40) = 2.65.
        check(&jade("翡翠", &[("hydrostatic", "58.40/40.88")]), Confirmed, Pass);
        check(&jade("翡翠", &[("hydrostatic", "58.40/36.40")]), Contradicted, NotAsDescribed);
        // In range proves nothing: the conclusion still decides.
        check(&jade("和田玉", &[("refractive_index", "1.66")]), Contradicted, NotAsDescribed);
        check(&jade("翡翠", &[("refractive_index", "blurred")]), Confirmed, Pass); // No reading.
    }

    #[test]
    fn a_reading_out_of_any_other_range_asks_for_a_second_test() {
        let quartz = |method: &str, value: &str| {
            stone(&said(ClaimKind::Material, "amethyst"), "紫晶", None, vec![test(method, value)])
        };
        check(&quartz("refractive_index", "1.544"), Confirmed, Pass);
        check(&quartz("refractive_index", "1.600"), NotTested, Undetermined);
        let diamond = |value: &str| {
            stone(&said(ClaimKind::Material, "diamond"), "钻石", None, vec![test("refractive_index", value)])
        };
        check(&diamond("over_limit"), Confirmed, Pass); // 2.417 is above 1.79.
        check(&diamond("1.762"), NotTested, Undetermined);
        let sentence = book().sentence(&diamond("1.762").reason, Language::En);
        assert_eq!(
            sentence,
            "the refractive index reading 1.762 (±0.002) is outside the range 2.417 to 2.417 of 钻石, which does not \
             decide alone: test again (published gemmological tables (not GB/T 16553))."
        );
    }

    fn metal(claim: &Claim, role: ComponentRole, bench: ComponentResult) -> Assessment {
        let parts = vec![part("c1", role, "足金", None)];
        assess(parts, Pricing::Fixed, claim, &appraisal(vec![bench], grams("5")))
    }

    fn fine(ppm: i64) -> Claim {
        spoken(ClaimKind::Fineness, ClaimedValue::Fineness { fineness_ppm: Fineness(ppm) })
    }

    #[test]
    fn fineness_is_a_minimum_and_a_part_has_its_own() {
        let gold = |said, measured| {
            let bench =
                ComponentResult { fineness_ppm: Some(Fineness(measured)), ..found("c1", Metal, "足金", None) };
            metal(&fine(said), Metal, bench)
        };
        check(&gold(999_000, 999_000), Confirmed, Pass);
        check(&gold(999_000, 998_999), Contradicted, NotAsDescribed);
        check(&gold(999_000, 999_900), Confirmed, Pass);
        let clasp = |measured| {
            let bench =
                ComponentResult { fineness_ppm: Some(Fineness(measured)), ..found("c1", Accessory, "22K金", None) };
            metal(&Claim { component: Some(id("c1")), ..fine(990_000) }, Accessory, bench)
        };
        check(&clasp(900_000), Confirmed, Pass); // Au ≥ 916 → parts ≥ 900.
        check(&clasp(899_999), Contradicted, NotAsDescribed);
    }

    #[test]
    fn an_x_ray_of_a_plated_or_hollow_piece_is_only_its_surface() {
        let gold = |claims: &[Claim], treatment: Option<&str>, methods: &[&str]| {
            let tests = methods.iter().map(|method| test(method, "999")).collect();
            let bench = ComponentResult {
                fineness_ppm: Some(Fineness(999_000)),
                tests,
                ..found("c1", Metal, "足金", treatment)
            };
            let parts = vec![part("c1", Metal, "足金", None)];
            assess_for(&order(), parts, Pricing::Fixed, claims, &appraisal(vec![bench], grams("5"))).remove(0)
        };
        let hollow = [fine(999_000), said(ClaimKind::Grade, "hollow")];
        check(&gold(&hollow[..1], None, &["xrf"]), Confirmed, Pass);
        check(&gold(&hollow, None, &["xrf"]), NotTested, Undetermined); // 996 outside was 950 inside.
        check(&gold(&hollow, None, &["xrf", "hydrostatic"]), Confirmed, Pass);
        check(&gold(&hollow[..1], Some("镀金"), &["X射线荧光"]), NotTested, Undetermined);
    }

    #[test]
    fn plated_brass_sold_as_gold_is_held() {
        let gold = said(ClaimKind::Material, "gold");
        check(&metal(&gold, Metal, found("c1", Metal, "铜", Some("镀金"))), Contradicted, SuspectedCounterfeit);
        check(&metal(&gold, Metal, found("c1", Metal, "足金", None)), Confirmed, Pass);
        check(&metal(&gold, Metal, found("c1", Metal, "足金", Some("包金"))), Contradicted, SuspectedCounterfeit);
        check(
            &metal(&said(ClaimKind::Material, "足金"), Metal, found("c1", Metal, "18K金", None)),
            Contradicted,
            NotAsDescribed,
        );
    }

    #[test]
    fn what_is_doubtful_is_never_contradicted() {
        let low = |term: &str| Claim { certainty: Certainty::Low, ..said(ClaimKind::Material, term) };
        let found = stone(&low("nephrite"), "翡翠", None, vec![]);
        check(&found, NotTested, Undetermined);
        assert_eq!(found.entry.asked(Contradicted), NotAsDescribed); // If a person hears it so.
        assert_eq!(
            book().sentence(&found.reason, Language::Zh),
            "声明不确定，不单独判定：检测结论是「翡翠」，所称「和田玉」不能这样写（规则集：存疑的声明由质检师判断）。"
        );
        check(&stone(&low("jadeite"), "翡翠", None, vec![]), Confirmed, Pass);
    }

    #[test]
    fn a_denial_is_held_to_what_it_denies() {
        let not = |kind, word: &str| Claim { negated: true, ..said(kind, word) };
        check(&stone(&not(ClaimKind::Treatment, "dyed"), "翡翠", Some("染色"), vec![]), Contradicted, NotAsDescribed);
        check(&stone(&not(ClaimKind::Treatment, "dyed"), "翡翠", None, vec![]), Confirmed, Pass);
        check(&stone(&not(ClaimKind::Treatment, "heated"), "翡翠", None, vec![]), NotTested, Undetermined);
        check(&stone(&not(ClaimKind::Material, "glass"), "翡翠", None, vec![]), Confirmed, Pass);
        check(&stone(&not(ClaimKind::Material, "jadeite"), "翡翠", None, vec![]), Contradicted, NotAsDescribed);
        check(&stone(&not(ClaimKind::Fineness, "足银"), "翡翠", None, vec![]), Promise, Pass);
        check(&stone(&not(ClaimKind::Origin, "xinjiang"), "翡翠", None, vec![]), NotTestable, Pass);
    }

    #[test]
    fn a_claim_of_no_part_in_particular_is_looked_for_on_all_of_them() {
        let parts = || {
            vec![
                part("c1", MainStone, "翡翠", None),
                part("c2", Setting, "18K金", None),
                part("c3", SideStone, "钻石", None),
            ]
        };
        let bench = |side: ComponentResult| {
            let main = found("c1", MainStone, "翡翠", None);
            appraisal(vec![main, found("c2", Setting, "18K金", None), side], grams("5"))
        };
        let diamond = || found("c3", SideStone, "钻石", None);
        let all = |word: &str, side| assess(parts(), Pricing::Fixed, &said(ClaimKind::Material, word), &bench(side));
        check(&all("jadeite", diamond()), Confirmed, Pass);
        check(&all("k_gold", diamond()), Confirmed, Pass); // The setting.
        check(&all("diamond", diamond()), Confirmed, Pass); // The side stone.
        let unseen = || ComponentResult { state: ComponentState::NotExamined, ..diamond() };
        check(&all("diamond", unseen()), NotTested, Undetermined); // It may be the side stone.
        check(&all("nephrite", diamond()), Contradicted, NotAsDescribed); // It is none of them.
        check(&all("silver", diamond()), Contradicted, NotAsDescribed);
    }

    #[test]
    fn certificates_and_promises_are_told_apart() {
        let of = |kind, word: &str, seen: bool| {
            let mut bench = appraisal(vec![found("c1", MainStone, "翡翠", None)], grams("5"));
            bench.presented_certificate = seen.then(|| certificate("NGTC", "1"));
            assess(vec![part("c1", MainStone, "翡翠", None)], Pricing::Fixed, &said(kind, word), &bench)
        };
        check(&of(ClaimKind::Certificate, "ngtc", true), Confirmed, Pass);
        check(&of(ClaimKind::Certificate, "gia", true), NotTested, DisclosedDifference);
        check(&of(ClaimKind::Certificate, "any", true), Confirmed, Pass);
        check(&of(ClaimKind::Certificate, "any", false), Promise, Pass);
        check(&of(ClaimKind::Guarantee, "return_7d", false), Promise, Pass);
        check(&of(ClaimKind::Origin, "myanmar", false), NotTestable, Pass);
        check(&of(ClaimKind::BannedPhrase, "稳赚", false), NotTestable, Pass);
    }

    #[test]
    fn what_was_not_examined_is_open_on_a_main_part_and_disclosed_on_a_side_part() {
        let of = |role| {
            let bench =
                ComponentResult { state: ComponentState::CannotBeDetermined, ..found("c1", role, "翡翠", None) };
            let claim = Claim { component: Some(id("c1")), ..said(ClaimKind::Material, "jadeite") };
            assess(vec![part("c1", role, "翡翠", None)], Pricing::Fixed, &claim, &appraisal(vec![bench], grams("5")))
        };
        check(&of(MainStone), NotTested, Undetermined);
        check(&of(SideStone), NotTested, DisclosedDifference);
    }

    #[test]
    fn every_proposal_names_a_rule_with_a_clause() {
        let book = book();
        for kind in ClaimKind::ALL {
            let found = stone(&said(kind, "jadeite"), "翡翠", None, vec![]);
            let rule = book.rule(found.entry.rule.as_ref().unwrap()).unwrap();
            for language in [Language::Zh, Language::En] {
                let sentence = book.sentence(&found.reason, language);
                assert!(sentence.contains(rule.clause(language)) && !sentence.contains('{'), "{sentence}");
            }
        }
    }
}
