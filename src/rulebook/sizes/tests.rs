use super::super::testing::*;
use super::*;
use crate::domain::appraisal::ComponentRole::*;
use crate::domain::event::Pricing;
use crate::domain::ledger::{ClaimKind, Verdict};
use crate::rulebook::Assessment;

use Finding::{Confirmed, Contradicted, NotTestable, NotTested};
use Verdict::{DisclosedDifference, NotAsDescribed, Pass};

#[track_caller]
fn check(found: &Assessment, finding: Finding, asked: Verdict) {
    let entry = &found.entry;
    assert_eq!((entry.finding, entry.asked(entry.finding)), (finding, asked), "{:?}", found.reason);
}

fn measured(claimed: (&str, i64), found_um: i64) -> Assessment {
    let value = ClaimedValue::Size {
        name: name(claimed.0),
        length_um: Some(Length(claimed.1)),
        upper_um: None,
        label: None,
        table: None,
    };
    let bench = ComponentResult { sizes: vec![size(claimed.0, found_um)], ..found("c1", MainStone, "翡翠", None) };
    let parts = vec![part("c1", MainStone, "翡翠", None)];
    assess(parts, Pricing::Fixed, &spoken(ClaimKind::Size, value), &appraisal(vec![bench], grams("50")))
}

#[test]
fn a_bangle_of_56_mm_may_be_half_a_millimetre_off_and_up_to_2_mm_is_disclosed() {
    let bangle = |um| measured(("inner_diameter_mm", 56_000), um);
    check(&bangle(56_500), Confirmed, Pass);
    check(&bangle(55_500), Confirmed, Pass);
    check(&bangle(56_501), Contradicted, DisclosedDifference);
    check(&bangle(54_000), Contradicted, DisclosedDifference); // 2 mm
    check(&bangle(53_999), Contradicted, NotAsDescribed);
}

#[test]
fn a_length_of_450_mm_may_be_9_off_and_up_to_45_is_disclosed() {
    let chain = |um| measured(("length_mm", 450_000), um);
    check(&chain(459_000), Confirmed, Pass); // 2 %
    check(&chain(440_000), Contradicted, DisclosedDifference);
    check(&chain(405_000), Contradicted, DisclosedDifference); // 10 % is 45 mm.
    check(&chain(404_999), Contradicted, NotAsDescribed);
}

/// A diamond of so many carats, graded by the bench.
fn graded(word: &str, carats: &str, tests: &[(&str, &str)]) -> Assessment {
    let bench = ComponentResult {
        weight: Some(weight(carats, "ct", &[])),
        tests: tests.iter().map(|(method, value)| test(method, value)).collect(),
        ..found("c1", MainStone, "钻石", None)
    };
    let parts = vec![part("c1", MainStone, "钻石", None)];
    assess(parts, Pricing::Fixed, &said(ClaimKind::Grade, word), &appraisal(vec![bench], grams("1")))
}

#[test]
fn clarity_may_be_one_grade_below_the_lowest_that_was_said() {
    let clarity = |said: &str, found: &str| graded(said, "0.50", &[("clarity", found)]);
    check(&clarity("VS1", "VVS2"), Confirmed, Pass); // Better than said.
    check(&clarity("VS1", "VS1"), Confirmed, Pass);
    check(&clarity("VS1", "VS2"), Confirmed, Pass); // One below.
    check(&clarity("VS1", "SI1"), Contradicted, DisclosedDifference); // Two below.
    check(&clarity("VS1", "SI2"), Contradicted, NotAsDescribed); // Three below.
    check(&clarity("clarity_VVS", "VS1"), Confirmed, Pass); // VVS is VVS2 at the lowest; one below is VS1.
    check(&clarity("clarity_I1", "P1"), Confirmed, Pass); // Two names of one grade.
    check(&clarity("净度VS1", "SI1"), Contradicted, DisclosedDifference);
}

#[test]
fn colour_may_be_two_grades_below_the_lowest_that_was_said() {
    let colour = |said: &str, found: &str| graded(said, "0.50", &[("colour", found)]);
    check(&colour("colour_D", "F"), Confirmed, Pass);
    check(&colour("colour_D", "G"), Contradicted, NotAsDescribed); // Three below: beyond the second limit of two.
    check(&colour("colour_J-K", "M"), Confirmed, Pass); // K is the lowest said, M two below.
    check(&colour("D色", "F"), Confirmed, Pass);
}

#[test]
fn small_diamonds_are_not_graded() {
    check(&graded("VS1", "0.149", &[("clarity", "P3")]), NotTestable, Pass); // Under 0.15 ct.
    check(&graded("VS1", "0.15", &[("clarity", "P3")]), Contradicted, NotAsDescribed);
    check(&graded("colour_D", "0.249", &[("colour", "N")]), NotTestable, Pass); // Under 0.25 ct.
    check(&graded("colour_D", "0.25", &[("colour", "N")]), Contradicted, NotAsDescribed);
    check(&graded("VS1", "0.50", &[]), NotTested, DisclosedDifference); // It could be, and was not.
}

#[test]
fn what_a_streamer_says_of_beauty_is_no_grade() {
    for word in ["jadeite_icy", "colour_full_green", "pigeon_blood", "lustre_strong", "hand_carved", "冰种", "鸽血红"]
    {
        check(&graded(word, "0.50", &[("clarity", "P3"), ("colour", "N")]), NotTestable, Pass);
    }
}
