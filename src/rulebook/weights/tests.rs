use super::super::Language;
use super::super::testing::*;
use super::*;
use crate::domain::appraisal::ComponentRole::*;
use crate::domain::event::Event;
use crate::domain::event::{
    AppraisalOpened, AppraisalSettled, AppraisalSubmitted, MeasurementRepeated, OrderPlaced, Pricing, Received,
    RepeatCalled,
};
use crate::domain::ids::{DeviceId, ReadingId};
use crate::domain::ledger::{ClaimKind, ClaimSource, Verdict};
use crate::domain::piece::Piece;
use crate::domain::quantity::{Included, Reading};
use crate::rulebook::Assessment;

/// A reading of a balance with this expanded uncertainty.
fn reading(value: &str, uncertainty_ug: i64) -> Weighing {
    Weighing {
        typed: false,
        device: Some(DeviceId::parse("b-1").unwrap()),
        reading: Some(Box::new(Reading {
            reading_id: ReadingId::parse("r-1").unwrap(),
            frame: format!("S S {value:>10} g"),
            device_seq: 1,
            read_at: 0,
            uncertainty_ug: Some(uncertainty_ug),
        })),
        ..grams(value)
    }
}

fn claim(weight: Weighing) -> Claim {
    spoken(ClaimKind::Weight, ClaimedValue::Weight { weight, upper: None })
}

fn weigh_for(
    order: &OrderPlaced,
    material: &str,
    role: ComponentRole,
    claim: &Claim,
    measured: Weighing,
) -> Assessment {
    let appraisal = appraisal(vec![found("c1", role, material, None)], measured);
    let parts = vec![part("c1", role, material, None)];
    assess_for(order, parts, Pricing::ByWeight, std::slice::from_ref(claim), &appraisal).remove(0)
}

fn weigh(material: &str, role: ComponentRole, claim: &Claim, measured: Weighing) -> Assessment {
    weigh_for(&order(), material, role, claim, measured)
}

#[track_caller]
fn check(found: &Assessment, finding: Finding, asked: Verdict, repeat: bool) {
    let entry = &found.entry;
    let got = (entry.finding, entry.asked(entry.finding), found.repeat);
    assert_eq!(got, (finding, asked, repeat), "{:?}", found.reason);
}

use Finding::{Confirmed, Contradicted, NotTested};
use Verdict::{DisclosedDifference, NotAsDescribed, Pass, SuspectedCounterfeit, Undetermined};

#[test]
fn gold_of_25_36_g_may_weigh_25_36_less_0_01_which_is_25_35_and_is_repeated_within_a_digit_of_it() {
    let gold = |measured: &str| weigh("足金", Metal, &claim(grams("25.36")), grams(measured));
    check(&gold("25.36"), Confirmed, Pass, false);
    check(&gold("25.35"), Confirmed, Pass, true); // At the limit itself: it decides, after a repeat.
    check(&gold("25.34"), Contradicted, NotAsDescribed, true); // One digit below.
    check(&gold("25.33"), Contradicted, NotAsDescribed, false); // Two digits below.
    check(&gold("99.99"), Confirmed, Pass, false); // A surplus never fails.
    // A finer balance: 25.349 is 0.001 g below, and a digit is 0.001 g.
    check(&gold("25.349"), Contradicted, NotAsDescribed, true);
    check(&gold("25.348"), Contradicted, NotAsDescribed, false);
    check(&gold("25.352"), Confirmed, Pass, false);
}

#[test]
fn the_balances_uncertainty_is_not_subtracted_from_a_statutory_allowance_a_second_time() {
    // 25.36 − 0.01 = 25.35, whatever the balance's 0.05 g are.
    let found = weigh("足金", Metal, &claim(grams("25.36")), reading("25.33", 50_000));
    check(&found, Contradicted, NotAsDescribed, false);
}

#[test]
fn silver_of_30_00_g_may_weigh_30_00_less_0_1_which_is_29_90() {
    let silver = |measured: &str| weigh("足银", Metal, &claim(grams("30.00")), grams(measured));
    check(&silver("29.91"), Confirmed, Pass, false);
    check(&silver("29.90"), Confirmed, Pass, true);
    check(&silver("29.88"), Contradicted, NotAsDescribed, false);
}

#[test]
fn every_claim_is_held_to_the_weight_and_a_certificate_that_does_not_fit_is_anothers() {
    let of = |source| weigh("足金", Metal, &Claim { source, ..claim(grams("25.36")) }, grams("20.00"));
    for source in [ClaimSource::Spoken, ClaimSource::Listed, ClaimSource::Added] {
        check(&of(source), Contradicted, NotAsDescribed, false);
    }
    check(&of(ClaimSource::Certificate), Contradicted, SuspectedCounterfeit, false);
}

/// A piece of gold with repeats behind its appraisal, as a journal tells it.
fn repeated(first: &str, repeats: &[&str]) -> (Piece, crate::domain::appraisal::Appraisal) {
    let of = appraisal(vec![found("c1", Metal, "足金", None)], grams(first));
    let mut events: Vec<Event> = vec![
        opened(declared(vec![part("c1", Metal, "足金", None)]), Pricing::ByWeight).into(),
        Received { parcel_id: None, weight: grams(first), note: None }.into(),
        AppraisalOpened {}.into(),
        AppraisalSubmitted { appraisal: of.clone() }.into(),
    ];
    let settled = || AppraisalSettled { appraisals: vec![4], weight: grams(first), metal: true, looks: None };
    events.push(settled().into());
    for again in repeats {
        let quantity = name("weight");
        events.push(RepeatCalled { component: None, quantity: quantity.clone() }.into());
        let weighing = Some(grams(again));
        events.push(MeasurementRepeated { component: None, quantity, weighing, value: None }.into());
        events.push(settled().into());
    }
    let events = events.into_iter().zip(1..).map(|(event, seq)| recorded(seq, "2026-11-01T00:00:00Z", event));
    (Piece::fold(events).unwrap(), of)
}

#[test]
fn after_at_most_two_repeats_the_mean_decides() {
    let decide = |first: &str, repeats: &[&str]| {
        let (piece, of) = repeated(first, repeats);
        book().assess(&piece, &order(), &[claim(grams("25.36"))], &of).remove(0)
    };
    check(&decide("25.34", &[]), Contradicted, NotAsDescribed, true);
    check(&decide("25.34", &["25.34"]), Contradicted, NotAsDescribed, true);
    // 25.34 + 25.35 + 25.35 = 76.04; three times 25.35 is 76.05.
    check(&decide("25.34", &["25.35", "25.35"]), Contradicted, NotAsDescribed, false);
    // 25.34 + 25.35 + 25.36 = 76.05: the mean is the limit.
    check(&decide("25.34", &["25.35", "25.36"]), Confirmed, Pass, false);
    // A fourth reading is not taken: the mean of the first three decides.
    check(&decide("25.34", &["25.34", "25.34"]), Contradicted, NotAsDescribed, false);
    let three = decide("25.34", &["25.35", "25.36"]);
    assert_eq!(three.compared.unwrap().measured, [25_340_000, 25_350_000, 25_360_000]);
}

#[test]
fn jade_of_58_40_g_agrees_within_0_02_uncertainty_and_0_005_half_a_digit_and_is_open_0_02_beyond() {
    let jade = |measured: &str| weigh("翡翠", MainStone, &claim(grams("58.40")), reading(measured, 20_000));
    check(&jade("58.425"), Confirmed, Pass, false); // 58.40 + 0.02 + 0.005
    check(&jade("58.375"), Confirmed, Pass, false);
    check(&jade("58.426"), NotTested, Undetermined, true); // Within the guard band, up to 58.445.
    check(&jade("58.445"), NotTested, Undetermined, true);
    check(&jade("58.446"), Contradicted, DisclosedDifference, false);
    check(&jade("58.354"), Contradicted, DisclosedDifference, false);
    // 10 % of 58.40 is 5.84: down to 52.56 is disclosed, below is not as described.
    check(&jade("52.56"), Contradicted, DisclosedDifference, false);
    check(&jade("52.55"), Contradicted, NotAsDescribed, false);
}

#[test]
fn fifty_six_said_in_whole_grams_leaves_half_a_gram() {
    let jade = |measured: &str| weigh("翡翠", MainStone, &claim(grams("56")), reading(measured, 20_000));
    check(&jade("56.52"), Confirmed, Pass, false); // 56 + 0.5 + 0.02
    check(&jade("55.48"), Confirmed, Pass, false); // 56 − 0.5 − 0.02
    check(&jade("56.55"), Contradicted, DisclosedDifference, false); // Beyond 56.52 + 0.02.
}

#[test]
fn the_guard_band_is_still_open_after_two_repeats_and_then_undetermined() {
    let of = appraisal(vec![found("c1", MainStone, "翡翠", None)], grams("58.43"));
    let mut listing = declared(vec![part("c1", MainStone, "翡翠", None)]);
    listing.weight = Some(grams("58.40"));
    let settled = || AppraisalSettled { appraisals: vec![4], weight: grams("58.43"), metal: false, looks: None };
    let again = || MeasurementRepeated {
        component: None,
        quantity: name("weight"),
        weighing: Some(grams("58.43")),
        value: None,
    };
    let called = || RepeatCalled { component: None, quantity: name("weight") };
    let events: Vec<Event> = vec![
        opened(listing, Pricing::Fixed).into(),
        Received { parcel_id: None, weight: grams("58.43"), note: None }.into(),
        AppraisalOpened {}.into(),
        AppraisalSubmitted { appraisal: of.clone() }.into(),
        settled().into(),
        called().into(),
        again().into(),
        settled().into(),
        called().into(),
        again().into(),
        settled().into(),
    ];
    let events = events.into_iter().zip(1..).map(|(event, seq)| recorded(seq, "2026-11-01T00:00:00Z", event));
    let piece = Piece::fold(events).unwrap();
    // 58.43 is 0.03 off: beyond 0.02 + 0.005, within another 0.02. Fixed price or not, it cannot be told.
    let found = book().assess(&piece, &order(), &[claim(grams("58.40"))], &of).remove(0);
    check(&found, NotTested, Undetermined, false);
}

#[test]
fn about_20_g_is_within_5_percent_from_19_to_21() {
    let about = |measured: &str| {
        let claim = Claim { bound: Bound::About, ..claim(grams("20")) };
        weigh("翡翠", MainStone, &claim, grams(measured))
    };
    check(&about("19.00"), Confirmed, Pass, false);
    check(&about("18.99"), Contradicted, DisclosedDifference, false);
    check(&about("21.00"), Confirmed, Pass, false);
    check(&about("21.01"), Contradicted, DisclosedDifference, false);
    // 左右 makes no gram of gold lighter: 20 − 0.01 = 19.99.
    let gold = Claim { bound: Bound::About, ..claim(grams("20")) };
    check(&weigh("足金", Metal, &gold, grams("19.50")), Contradicted, NotAsDescribed, false);
}

#[test]
fn bounds_and_ranges_are_as_wide_as_they_were_said() {
    let of = |bound, upper: Option<&str>, measured: &str| {
        let value = ClaimedValue::Weight { weight: grams("5"), upper: upper.map(grams) };
        let claim = Claim { bound, value, ..claim(grams("5")) };
        weigh("翡翠", MainStone, &claim, reading(measured, 20_000))
    };
    check(&of(Bound::AtLeast, None, "4.98"), Confirmed, Pass, false); // 5 − 0.02
    check(&of(Bound::AtLeast, None, "4.97"), NotTested, Undetermined, true);
    check(&of(Bound::AtLeast, None, "4.95"), Contradicted, DisclosedDifference, false);
    check(&of(Bound::AtLeast, None, "50"), Confirmed, Pass, false);
    check(&of(Bound::AtMost, None, "5.02"), Confirmed, Pass, false);
    check(&of(Bound::AtMost, None, "5.05"), Contradicted, DisclosedDifference, false);
    check(&of(Bound::Range, Some("6"), "6.02"), Confirmed, Pass, false); // 五六克
    check(&of(Bound::Range, Some("6"), "6.05"), Contradicted, DisclosedDifference, false);
    // 0.65 above 6 is more than a tenth of 6.
    check(&of(Bound::Range, Some("6"), "6.65"), Contradicted, NotAsDescribed, false);
    check(&of(Bound::Range, None, "5.5"), NotTested, Undetermined, false); // A range without an end is none.
}

fn from(timezone: &str) -> OrderPlaced {
    OrderPlaced { merchant_timezone: name(timezone), ..order() }
}

#[test]
fn chinese_carats_carry_only_a_nine_so_3_46_is_from_3_459_to_just_below_3_469() {
    let diamond = |measured: &str, timezone: &str| {
        let claim = claim(weight("3.46", "ct", &[]));
        weigh_for(&from(timezone), "钻石", MainStone, &claim, Weighing { ..weight(measured, "ct", &[]) })
    };
    // The balance's 0.002 ct (400 µg) stand beside: from 3.457 to 3.470995.
    check(&diamond("3.467", "Asia/Shanghai"), Confirmed, Pass, false);
    check(&diamond("3.457", "Asia/Shanghai"), Confirmed, Pass, false);
    check(&diamond("3.456", "Asia/Shanghai"), NotTested, Undetermined, true);
    check(&diamond("3.454", "Asia/Shanghai"), Contradicted, DisclosedDifference, false);
    check(&diamond("3.474", "Asia/Shanghai"), Contradicted, DisclosedDifference, false);
    // In the United States 3.46 is 3.455 to 3.464995, and 0.002 beside it.
    check(&diamond("3.467", "America/New_York"), NotTested, Undetermined, true);
    check(&diamond("3.453", "America/New_York"), Confirmed, Pass, false);
    check(&diamond("3.470", "America/New_York"), Contradicted, DisclosedDifference, false);
}

#[test]
fn point_five_carat_in_the_united_states_is_0_495_to_0_504() {
    let diamond = |measured: &str| {
        let claim = claim(weight("0.5", "ct", &[]));
        weigh_for(&from("America/Los_Angeles"), "钻石", MainStone, &claim, weight(measured, "ct", &[]))
    };
    check(&diamond("0.495"), Confirmed, Pass, false);
    check(&diamond("0.504"), Confirmed, Pass, false);
    check(&diamond("0.493"), Confirmed, Pass, false); // 0.495 less the balance's 0.002.
    check(&diamond("0.490"), Contradicted, DisclosedDifference, false);
    check(&diamond("0.510"), Contradicted, DisclosedDifference, false);
}

#[test]
fn carats_are_stated_in_china_by_nine_carries_one() {
    let check = |carats: &str, hundredths| {
        assert_eq!(carats_stated_in_china(Mass::parse(carats, "ct").unwrap()), hundredths, "{carats}");
    };
    check("3.467", 346); // The 7 is dropped.
    check("1.599", 160); // The 9 carries.
    check("0.30", 30);
    check("0.298", 29);
    check("0.299", 30);
    check("0.2989", 29); // 298.9 thousandths: the third decimal is an 8.
}

#[test]
fn only_like_is_compared_with_like() {
    let cord = |value| weight(value, "g", &[Included::Cord, Included::Tag]);
    let found = weigh("翡翠", MainStone, &claim(grams("4.00")), cord("6.77"));
    check(&found, NotTested, Undetermined, false);
    let sentence = book().sentence(&found.reason, Language::En);
    assert_eq!(
        sentence,
        "the weight said and the weight taken do not include the same (said with: nothing else; weighed with: cord, \
         tag) (rulebook: like with like)."
    );
    check(&weigh("翡翠", MainStone, &claim(cord("6.77")), cord("6.77")), Confirmed, Pass, false);
}

fn trade(unit: TradeUnit, amount_millionths: i64, digit: Option<i64>) -> Claim {
    let value = ClaimedValue::TradeWeight {
        unit,
        amount_millionths,
        upper_millionths: None,
        digit_millionths: digit,
        includes: Default::default(),
    };
    spoken(ClaimKind::Weight, value)
}

#[test]
fn three_qian_are_15_g_on_the_mainland_11_229_in_hong_kong_and_11_25_in_taiwan() {
    let gold = |timezone: &str, measured: &str| {
        weigh_for(&from(timezone), "足金", Metal, &trade(TradeUnit::Qian, 3_000_000, None), grams(measured))
    };
    // 3 × 5 = 15, less 0.01.
    check(&gold("Asia/Shanghai", "14.99"), Confirmed, Pass, true);
    check(&gold("Asia/Shanghai", "14.90"), Contradicted, NotAsDescribed, false);
    // 3 × 3.743 = 11.229, less 0.01 is 11.219.
    check(&gold("Asia/Hong_Kong", "11.24"), Confirmed, Pass, false);
    check(&gold("Asia/Hong_Kong", "11.20"), Contradicted, NotAsDescribed, false);
    // 3 × 3.75 = 11.25, less 0.01 is 11.24.
    check(&gold("Asia/Taipei", "11.26"), Confirmed, Pass, false);
    check(&gold("Asia/Taipei", "11.22"), Contradicted, NotAsDescribed, false);
    // Where nobody knows which is meant, nothing is decided: 3 × 3.125 = 9.375 up to 15.
    let unknown = gold("Europe/London", "15.00");
    check(&unknown, NotTested, Undetermined, false);
    let sentence = book().sentence(&unknown.reason, Language::Zh);
    assert_eq!(sentence, "不知卖家地区，「3钱」可以是9.375至15.00 g（规则集：两、钱单位表）。");
    // And what was taken for it is said.
    let sentence = book().sentence(&gold("Asia/Shanghai", "14.90").reason, Language::Zh);
    assert!(sentence.contains("所称3钱=15.00 g"), "{sentence}");
}

#[test]
fn one_liang_and_two_qian_of_jade_are_60_g_and_half_of_the_digit_is_2_5() {
    // 1.2 两 × 50 = 60 g; a tenth of a 两 is 5 g, and half of it 2.5 g; 0.02 g for the balance.
    let jade = |measured: &str| {
        weigh("翡翠", MainStone, &trade(TradeUnit::Liang, 1_200_000, Some(100_000)), reading(measured, 20_000))
    };
    check(&jade("62.52"), Confirmed, Pass, false);
    check(&jade("57.48"), Confirmed, Pass, false);
    check(&jade("62.55"), Contradicted, DisclosedDifference, false);
}

#[test]
fn a_reason_tells_the_numbers_the_limit_and_the_clause() {
    let found = weigh("翡翠", MainStone, &claim(grams("58.40")), reading("60.00", 20_000));
    let compared = found.compared.as_ref().unwrap();
    assert_eq!((compared.said, compared.low, compared.high), (58_400_000, Some(58_375_000), Some(58_425_000)));
    assert_eq!(
        book().sentence(&found.reason, Language::En),
        "60.00 g was weighed; 58.40 g was said; from 58.375 to 58.425 g agrees, and this is outside (rulebook: the \
         balance's expanded uncertainty and half of the last digit said)."
    );
    assert_eq!(found.entry.rule.unwrap().as_str(), "gem_weight");
}

mod property {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::quantity::MAX_INTEGER;

    fn of(micrograms: i64, digit_ug: Option<i64>) -> Weighing {
        Weighing::typed(Mass(micrograms), Default::default(), digit_ug)
    }

    proptest! {
        #[test]
        fn a_surplus_of_precious_metal_never_fails(said in 1_i64..400_000_000, surplus in 0_i64..MAX_INTEGER / 2) {
            let found = weigh("足金", Metal, &claim(of(said, None)), of(said + surplus, Some(10_000)));
            prop_assert_eq!(found.entry.finding, Confirmed);
        }

        #[test]
        fn what_weighs_as_was_said_is_never_contradicted_and_nothing_overflows(
            said in 1_i64..MAX_INTEGER,
            digit in prop::option::of(1_i64..MAX_INTEGER),
            bound in prop::sample::select(vec![Bound::Exactly, Bound::About, Bound::AtLeast, Bound::AtMost, Bound::Range]),
            timezone in prop::sample::select(vec!["Asia/Shanghai", "America/New_York", "Europe/London"]),
        ) {
            let value = ClaimedValue::Weight { weight: of(said, digit), upper: Some(of(said, digit)) };
            let claim = Claim { bound, value, ..claim(of(said, digit)) };
            for material in ["翡翠", "钻石", "足银"] {
                let found = weigh_for(&from(timezone), material, MainStone, &claim, of(said, digit));
                prop_assert_ne!(found.entry.finding, Contradicted, "{} {}", material, said);
            }
        }

        #[test]
        fn a_stone_that_weighs_less_is_never_judged_milder(said in 1_000_i64..1_000_000_000, less in 0_i64..1_000_000_000) {
            let weigh = |measured: i64| {
                let found = weigh("翡翠", MainStone, &claim(of(said, Some(10_000))), of(measured.max(1), Some(10_000)));
                found.entry.asked(found.entry.finding)
            };
            let (nearer, further) = (weigh(said - less / 2), weigh(said - less));
            // Within the guard band of a limit nobody can tell on which side it lies, however small the difference.
            prop_assert!(nearer <= further || nearer == Verdict::Undetermined, "{nearer:?}, then {further:?}");
        }
    }
}
