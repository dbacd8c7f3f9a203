//! Pieces as they are listed, and what is demanded of each.

use super::super::testing::{certificate, found, grams, name, names, newest, part, piece, size};
use super::*;
use crate::domain::appraisal::{Declared, Test};
use crate::domain::event::Pricing;

fn required() -> Required {
    Required::read(&newest(), &newest()).unwrap()
}

fn declared(parts: &[(ComponentRole, &str)], sizes: &[&str], presented: bool) -> Declared {
    Declared {
        components: parts.iter().map(|(role, material)| part("c1", *role, material, None)).collect(),
        weight: None,
        sizes: sizes.iter().map(|text| size(text, 15_000)).collect(),
        presented_certificate: presented.then(|| certificate("NGTC", "N-1")),
    }
}

#[test]
fn a_step_asks_for_the_photos_of_every_category_that_the_piece_is_of() {
    use ComponentRole::*;
    let (names, required) = (names(), required());
    let check = |declared: Declared, step, expected: &str| {
        let piece = piece(declared, Pricing::Fixed);
        let kinds: Vec<_> = required.photos(&names, &piece, step).iter().map(ToString::to_string).collect();
        assert_eq!(kinds.join(" "), expected, "{step:?}");
    };
    let jade = || declared(&[(MainStone, "翡翠")], &["inner_diameter_mm"], true);
    check(jade(), Step::Receipt, "parcel_closed parcel_open piece_overview");
    check(jade(), Step::Appraisal, "certificate_front certificate_number on_gauge piece_back piece_front");
    check(jade(), Step::Tagging, "packed piece_with_tag");
    let ring = || declared(&[(MainStone, "翡翠"), (Setting, "18K金")], &["ring_number"], false);
    check(ring(), Step::Appraisal, "hallmark inside_hallmark on_balance piece_back piece_front");
    check(ring(), Step::Tagging, "on_balance packed piece_with_tag");
    // A ring cut of one stone has no hallmark.
    check(declared(&[(MainStone, "翡翠")], &["ring_number"], false), Step::Appraisal, "piece_back piece_front");
    check(
        declared(&[(MainStone, "红宝石")], &["width_mm"], false),
        Step::Appraisal,
        "face_up piece_back piece_front side",
    );
    check(
        declared(&[(MainStone, "和田玉"), (Cord, "绳")], &["width_mm"], false),
        Step::Appraisal,
        "piece_back piece_front",
    );
}

#[test]
fn an_examined_part_takes_its_tests() {
    use ComponentRole::*;
    let (names, required) = (names(), required());
    // Declared as what it is found to be, where it is `claimed`.
    let lacking = |role, material: &str, weight: Option<&str>, methods: &[&str], claimed: bool| {
        let test =
            |method: &&str| Test { method: name(method), instrument: None, value: None, unit: None, conclusion: None };
        let mut found = found("c1", role, material, None);
        found.tests = methods.iter().map(test).collect();
        found.weight = weight.map(grams);
        let parts: &[_] = if claimed { &[(role, material)] } else { &[] };
        required.tests_lacking(&names, &piece(declared(parts, &[], false), Pricing::Fixed), &found)
    };
    let check = |role, material: &str, methods: &[&str], enough: bool| {
        let lacking = lacking(role, material, None, methods, true);
        assert_eq!(lacking.is_none(), enough, "{material} {methods:?}: {lacking:?}");
    };
    check(MainStone, "翡翠", &["infrared"], true);
    check(MainStone, "翡翠", &["refractive_index", "microscope"], true);
    check(MainStone, "翡翠", &["refractive_index"], false);
    check(MainStone, "翡翠", &["looked at it"], false);
    check(MainStone, "钻石", &["ultraviolet", "microscope"], true);
    check(MainStone, "钻石", &["microscope"], false); // It does not tell natural from synthetic.
    check(MainStone, "钻石", &["infrared"], false); // What nobody weighed may be large enough to have a clarity.
    check(MainStone, "培育钻石", &["balance"], false);
    check(MainStone, "淡水珍珠", &["microscope"], false);
    check(MainStone, "淡水珍珠", &["microscope", "x_ray"], true);
    check(MainStone, "蜜蜡", &["raman"], false);
    check(MainStone, "蜜蜡", &["infrared"], true);
    check(Metal, "足金", &["balance"], false);
    check(Metal, "足金", &["x_ray_fluorescence"], true);
    check(Metal, "足金(空心)", &["x_ray_fluorescence"], false);
    check(Metal, "足金（空心）", &[], false);
    check(Metal, "银925镀金", &["x_ray_fluorescence", "x_ray_fluorescence"], false);
    check(Metal, "银925镀金", &["x_ray_fluorescence", "specific_gravity"], true);
    check(Setting, "18K金", &["microscope"], false);
    check(Setting, "合金", &[], true);
    check(SideStone, "钻石", &[], false);
    check(SideStone, "钻石", &["looked at it"], true);
    check(Cord, "绳", &[], true);
    assert_eq!(lacking(SideStone, "钻石", None, &[], false), None); // Nobody said what it is.
    // 0.15 ct is 0.03 g: below it a diamond's clarity is not graded.
    assert_eq!(lacking(MainStone, "钻石", Some("0.029"), &["infrared"], true), None);
    assert_eq!(
        lacking(MainStone, "钻石", Some("0.030"), &["infrared"], true).as_deref(),
        Some(
            "钻石 as main_stone takes a test by microscope: do it, or enter the part as cannot_be_determined with the \
             reason"
        )
    );
}

#[test]
fn an_edition_of_before_the_demands_is_held_to_those_of_today() {
    let first = Files::embedded().unwrap().swap_remove(0);
    assert!(first.optional("photo_kinds.csv").is_none());
    let demands = Required::read(&first, &newest()).unwrap();
    let piece = piece(declared(&[], &[], false), Pricing::Fixed);
    assert!(!demands.photos(&names(), &piece, Step::Receipt).is_empty());
}

#[test]
fn an_original_photo_is_kept_for_three_years_at_the_least() {
    assert!(SignedDuration::from_hours(24 * 1095) < required().originals_kept());
}
