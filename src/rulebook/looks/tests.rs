use super::super::testing::*;
use super::*;
use crate::domain::appraisal::ComponentRole::*;
use crate::domain::event::{PieceOpened, Pricing};
use crate::domain::looks::Lot;
use crate::domain::quantity::{Fineness, Money};

fn piece_at(amount: i64, currency: &str) -> Piece {
    let listing = declared(vec![part("c1", MainStone, "翡翠", None)]);
    let price = Money::parse(amount, currency).unwrap();
    let event = PieceOpened { price, ..opened(listing, Pricing::Fixed) };
    Piece::fold([recorded(1, "2026-11-01T00:00:00Z", event)]).unwrap()
}

fn lot(place_ppm: i64) -> Option<Lot> {
    Some(Lot { day: name("2026-11-01"), commitment: "00".repeat(32), place_ppm })
}

#[test]
fn two_look_by_price_record_or_lot_and_where_nobody_could_check_a_draw() {
    use Because::*;
    let check = |amount, currency, around: Around, expected: &[Because]| {
        let asked = book().asked(&piece_at(amount, currency), &around);
        assert_eq!(asked.because, expected.iter().copied().collect(), "{amount} {currency} {around:?}");
        assert_eq!((asked.lot, asked.conduct_step), (around.lot, around.conduct_step));
    };
    let around = |conduct_step, lot| Around { lot, conduct_step };
    check(199_999, "CNY", around(0, lot(100_000)), &[]); // 1,999.99 yuan; the share ends below 100,000 ppm.
    check(200_000, "CNY", around(0, lot(100_000)), &[Value]);
    check(1, "USD", around(0, lot(100_000)), &[Value]); // No limit is known in dollars.
    check(0, "USD", around(0, lot(100_000)), &[]); // A gift.
    check(199_999, "CNY", around(2, lot(999_999)), &[]);
    check(199_999, "CNY", around(3, lot(999_999)), &[Record]);
    check(199_999, "CNY", around(0, lot(99_999)), &[Draw]);
    check(199_999, "CNY", around(0, lot(0)), &[Draw]);
    check(200_000, "CNY", around(4, lot(0)), &[Value, Record, Draw]);
    check(199_999, "CNY", Around::default(), &[NoSeed]);
}

#[test]
fn two_look_where_the_first_outcome_is_not_a_pass_or_ended_in_its_guard_band() {
    for outcome in Verdict::ALL {
        let mut expected = BTreeSet::new();
        expected.extend((outcome != Verdict::Pass).then_some(Because::FirstOutcome));
        assert_eq!(book().asked_after(outcome, false), expected, "{outcome:?}");
        expected.insert(Because::GuardBand);
        assert_eq!(book().asked_after(outcome, true), expected, "{outcome:?}");
    }
}

#[test]
fn an_edition_of_before_asks_for_one_person() {
    let before = library().edition(&name("2026-11-23")).unwrap();
    let around = Around { lot: None, conduct_step: 4 };
    assert!(before.asked(&piece_at(9_999_999, "CNY"), &around).because.is_empty());
    assert!(before.asked_after(Verdict::SuspectedCounterfeit, true).is_empty());
}

#[test]
fn no_row_can_be_left_out_and_no_number_be_missing() {
    let text = newest().text("second_look.csv").unwrap().to_owned();
    let read = |text: String| {
        let agreement = newest().text("agreement.csv").unwrap().to_owned();
        let files = [("second_look.csv".to_owned(), text), ("agreement.csv".to_owned(), agreement)];
        Looks::read(&Files::given("2027-01-01", files.into()).unwrap())
    };
    assert!(read(text.clone()).unwrap().is_some());
    for because in Because::ALL {
        let without: Vec<_> = text.lines().filter(|line| !line.starts_with(because.as_str())).collect();
        assert!(read(without.join("\n")).unwrap_err().why.contains(because.as_str()), "{because:?}");
    }
    assert!(read(text.replace("draw,100000", "draw,")).is_err());
    assert!(read(format!("{text}surprise,,,a,b,c\n")).unwrap_err().why.contains("surprise"));
}

#[test]
fn every_reason_and_every_matter_has_its_words() {
    for language in [Language::Zh, Language::En] {
        assert!(Because::ALL.iter().all(|because| !book().because(*because, language).is_empty()));
        assert!(Matter::ALL.iter().all(|matter| !book().matter(*matter, language).is_empty()));
    }
}

#[track_caller]
fn check(one: &Appraisal, other: &Appraisal, expected: &[(&str, Matter)]) {
    let told = |found: Vec<(Option<ComponentId>, Matter)>| -> Vec<(String, Matter)> {
        found.into_iter().map(|(part, matter)| (part.map_or(String::new(), |id| id.to_string()), matter)).collect()
    };
    let expected: Vec<_> = expected.iter().map(|(part, matter)| ((*part).to_owned(), *matter)).collect();
    assert_eq!(told(book().disputes(one, other)), expected);
    assert_eq!(told(book().disputes(other, one)), expected, "the other way round");
}

fn stone(material: &str, treatment: Option<&str>, weight: &str) -> Appraisal {
    appraisal(vec![found("c1", MainStone, material, treatment)], grams(weight))
}

#[test]
fn two_agree_on_a_weight_within_0_02_g_of_metal_and_0_05_g_of_anything_else_like_with_like() {
    let jade = |weight| stone("翡翠", None, weight);
    check(&jade("58.40"), &jade("58.45"), &[]);
    check(&jade("58.40"), &jade("58.46"), &[("", Matter::Weight)]);
    let gold = |weight| appraisal(vec![found("c1", Metal, "足金", None)], grams(weight));
    check(&gold("25.36"), &gold("25.38"), &[]);
    check(&gold("25.36"), &gold("25.39"), &[("", Matter::Weight)]);
    let corded = appraisal(
        vec![found("c1", MainStone, "翡翠", None)],
        weight("58.40", "g", &[crate::domain::quantity::Included::Cord]),
    );
    check(&jade("58.40"), &corded, &[("", Matter::Weight)]);
}

#[test]
fn two_agree_on_names_that_may_be_written_for_each_other_and_on_what_must_be_declared() {
    let of = |material: &str, treatment| stone(material, treatment, "10");
    check(&of("翡翠", None), &of("翡翠", None), &[]);
    check(&of("和田玉", None), &of("和田玉", None), &[]);
    check(&of("翡翠", None), &of("石英岩玉", None), &[("c1", Matter::Material)]);
    check(&of("翡翠", None), &of("翡翠", Some("漂白、充填")), &[("c1", Matter::Treatment)]);
    check(&of("翡翠", Some("漂白、充填")), &of("翡翠", Some("漂白、充填")), &[]);
}

#[test]
fn two_agree_on_a_fineness_within_5_per_mille_and_on_a_size_within_its_allowance() {
    let gold = |ppm| {
        let part = ComponentResult { fineness_ppm: Some(Fineness(ppm)), ..found("c1", Metal, "足金", None) };
        appraisal(vec![part], grams("25.36"))
    };
    check(&gold(999_000), &gold(994_000), &[]);
    check(&gold(999_000), &gold(993_999), &[("c1", Matter::Fineness)]);
    let bangle = |um| {
        let part =
            ComponentResult { sizes: vec![size("inner_diameter_mm", um)], ..found("c1", MainStone, "翡翠", None) };
        appraisal(vec![part], grams("58.40"))
    };
    check(&bangle(56_500), &bangle(57_000), &[]); // 0.5 mm
    check(&bangle(56_500), &bangle(57_001), &[("c1", Matter::Size)]);
}

#[test]
fn one_conclusion_beside_none_and_a_stone_that_only_one_found_are_disputes() {
    let open = appraisal(
        vec![ComponentResult {
            state: crate::domain::appraisal::ComponentState::CannotBeDetermined,
            material: None,
            ..found("c1", MainStone, "翡翠", None)
        }],
        grams("10"),
    );
    check(&stone("翡翠", None, "10"), &open, &[("c1", Matter::State)]);
    check(&open, &open, &[]);
    let mut beside = stone("翡翠", None, "10");
    beside.components.push(found("c2", Cord, "棉绳", None));
    check(&stone("翡翠", None, "10"), &beside, &[]);
    beside.components.push(found("c3", SideStone, "钻石", None));
    check(&stone("翡翠", None, "10"), &beside, &[("c3", Matter::Part)]);
}
