use super::*;
use crate::domain::appraisal::ComponentRole::{self, *};
use crate::domain::appraisal::{DeclaredComponent, Size};
use crate::domain::ids::ComponentId;
use crate::domain::ledger::{Bound, ClaimedValue};
use crate::domain::quantity::{Included, Length, Mass, Weighing};
use crate::domain::text::Name;
use crate::spoken::Unit;
use crate::spoken::transcript::Cue;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn declared(parts: &[(ComponentRole, &str)]) -> Declared {
    let components = (1..)
        .zip(parts)
        .map(|(number, (role, material))| DeclaredComponent {
            component: ComponentId::parse(&format!("c{number}")).unwrap(),
            role: *role,
            material: Some(name(material)),
            treatment: None,
            fineness_ppm: None,
            weight: None,
        })
        .collect();
    Declared { components, weight: None, sizes: Vec::new(), presented_certificate: None }
}

/// What a reader would say of these words, which stand once in the text.
fn said(text: &str, words: &str, kind: ClaimKind, value: &str, unit: Option<Unit>) -> Said {
    let byte = text.find(words).unwrap_or_else(|| panic!("{words} is not said"));
    let start = text[..byte].chars().count();
    Said {
        kind,
        start,
        end: start + words.chars().count(),
        value: value.into(),
        unit,
        bound: Bound::Exactly,
        min: None,
        max: None,
        negated: false,
        certainty: spoken::Certainty::High,
        part: None,
        again: Vec::new(),
    }
}

fn cue(from_ms: i64, to_ms: i64, text: &str) -> Cue {
    Cue { from_ms: Some(from_ms), to_ms: Some(to_ms), text: text.to_owned(), words: Vec::new() }
}

fn read(
    cues: &[(i64, i64, &str)],
    segment: (i64, i64),
    declared: &Declared,
    wanted: &[(&str, ClaimKind, &str, Option<Unit>)],
) -> Vec<Heard> {
    let transcript = Transcript::of(cues.iter().map(|(from, to, text)| cue(*from, *to, text)).collect());
    let part = transcript.part(segment.0, segment.1);
    let (_, text) = transcript.text_of(&part);
    let said: Vec<_> = wanted.iter().map(|(words, kind, value, unit)| said(text, words, *kind, value, *unit)).collect();
    let (rulebook, labels) = (Rulebook::embedded().unwrap(), Labels::embedded().unwrap());
    let heard = heard(&said, (&transcript, &part), declared, &rulebook, &labels);
    for one in &heard {
        let span = one.claim.span.as_ref().unwrap();
        assert_eq!(transcript.words(span.start as usize, span.end as usize), one.words);
    }
    heard
}

/// One sentence: which part each claim is of, `?` where that cannot be told.
#[track_caller]
fn check(text: &str, parts: &[(ComponentRole, &str)], wanted: &[(&str, ClaimKind, &str, Option<Unit>, &str)]) {
    let claims: Vec<_> = wanted.iter().map(|(words, kind, value, unit, _)| (*words, *kind, *value, *unit)).collect();
    let heard = read(&[(0, 60_000, text)], (0, 60_000), &declared(parts), &claims);
    let places: Vec<_> = heard
        .iter()
        .map(|heard| match (&heard.claim.component, heard.claim.ambiguous) {
            (Some(component), false) => component.as_str(),
            (None, false) => "-",
            (None, true) => "?",
            (Some(_), true) => "a part that is not told",
        })
        .collect();
    let expected: Vec<_> = wanted.iter().map(|(.., place)| *place).collect();
    assert_eq!(places, expected, "{text}");
}

use ClaimKind::*;

#[test]
fn each_claim_finds_its_part() {
    let ring = &[(MainStone, "翡翠"), (Setting, "18K金")][..];
    check(
        "18K金镶嵌的冰种翡翠戒指，天然A货，五点六克",
        ring,
        &[
            ("18K金", Material, "k_gold", None, "c2"),
            ("18K", Fineness, "750", None, "c2"),
            ("冰种", Grade, "jadeite_icy", None, "c1"),
            ("翡翠", Material, "jadeite", None, "c1"),
            ("A货", Treatment, "untreated", None, "c1"),
            ("五点六克", Weight, "5.6", Some(Unit::Gram), "-"),
        ],
    );
    check(
        "只有这一只手镯，缅甸的，假一赔十",
        &[(MainStone, "翡翠")],
        &[("缅甸", Origin, "myanmar", None, "c1"), ("假一赔十", Guarantee, "fake_pay_10", None, "-")],
    );
    check(
        "净金重三克二，主石一克拉",
        &[(MainStone, "红宝石"), (SideStone, "钻石"), (Setting, "18K金")],
        &[("三克二", Weight, "3.2", Some(Unit::Gram), "c3"), ("一克拉", Weight, "1", Some(Unit::Carat), "c1")],
    );
}

#[test]
fn the_named_part_is_not_that_of_another_material() {
    // The reader takes 镶嵌 for the name of the setting; the jadeite is not of it.
    let text = "18K金镶嵌的翡翠";
    let jadeite = Said { part: Some(spoken::Part::Setting), ..said(text, "翡翠", Material, "jadeite", None) };
    let transcript = Transcript::of(vec![cue(0, 5_000, text)]);
    let part = transcript.part(0, 5_000);
    let (rulebook, labels) = (Rulebook::embedded().unwrap(), Labels::embedded().unwrap());
    let of = declared(&[(MainStone, "翡翠"), (Setting, "18K金")]);
    let heard = heard(&[jadeite], (&transcript, &part), &of, &rulebook, &labels);
    assert_eq!(heard[0].claim.component.as_ref().map(ComponentId::as_str), Some("c1"));
}

#[test]
fn what_cannot_be_told_stays_with_the_piece_and_says_so() {
    let two = &[(MainStone, "钻石"), (SideStone, "钻石"), (Setting, "18K金")][..];
    check(
        "这个钻石三十分",
        two,
        &[("钻石", Material, "diamond", None, "c1"), ("三十分", Weight, "0.30", Some(Unit::Carat), "?")],
    );
    check("配钻三十分", two, &[("三十分", Weight, "0.30", Some(Unit::Carat), "c2")]);
    // 18K of a piece in which no metal was declared.
    check("翡翠，18K的扣头", &[(MainStone, "翡翠"), (Cord, "棉绳")], &[("18K", Fineness, "750", None, "?")]);
    // The named jadeite is the main stone; the diamonds were not declared.
    check(
        "翡翠旁边配的是钻石",
        &[(MainStone, "翡翠"), (Setting, "18K金")],
        &[("翡翠", Material, "jadeite", None, "c1"), ("钻石", Material, "diamond", None, "?")],
    );
    // Another name for the only stone is a claim about it.
    check("这个和田玉的", &[(MainStone, "翡翠"), (Setting, "18K金")], &[("和田玉", Material, "nephrite", None, "c1")]);
}

#[test]
fn what_was_said_of_the_piece_before_is_not_its_claim() {
    let cues = &[(0, 5_000, "南红的，三十克"), (5_000, 9_000, "下一件翡翠"), (9_000, 14_000, "五十六克")][..];
    let wanted = &[("翡翠", Material, "jadeite", None), ("五十六克", Weight, "56", Some(Unit::Gram))][..];
    let heard = read(cues, (5_000, 14_000), &declared(&[(MainStone, "翡翠")]), wanted);
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0].claim.span.as_ref().unwrap().at_ms, Some(7_400));
    assert!(heard.iter().all(|heard| heard.claim.certainty == Certainty::High));
    // The segment ends within the last cue, and nothing tells where in it the weight was said.
    let edge = read(cues, (5_000, 13_000), &declared(&[(MainStone, "翡翠")]), wanted);
    let certainties: Vec<_> = edge.iter().map(|heard| heard.claim.certainty).collect();
    assert_eq!(certainties, [Certainty::High, Certainty::Low]);
    let none = read(
        &[(0, 5_000, "南红的，三十克"), (4_500, 9_000, "翡翠")],
        (4_900, 9_000),
        &declared(&[(MainStone, "翡翠")]),
        &[("三十克", Weight, "30", Some(Unit::Gram))],
    );
    assert_eq!(none, [], "it was said before the segment began");
}

#[test]
fn a_number_that_a_cue_may_have_cut_is_doubtful() {
    let cues = &[(0, 1_000, "这只五十"), (1_000, 2_000, "六克"), (2_000, 3_000, "圈口五十六")][..];
    let heard = read(
        cues,
        (0, 3_000),
        &declared(&[(MainStone, "翡翠")]),
        &[("六克", Weight, "6", Some(Unit::Gram)), ("五十六", Size, "56", Some(Unit::Millimetre))],
    );
    let certainties: Vec<_> = heard.iter().map(|heard| heard.claim.certainty).collect();
    assert_eq!(certainties, [Certainty::Low, Certainty::High]);
}

#[test]
fn values_are_exact_and_in_the_words_of_the_trade() {
    let mut of = declared(&[(MainStone, "翡翠")]);
    let cord = Weighing::typed(Mass::parse("18.68", "g").unwrap(), [Included::Cord].into(), None);
    of.weight = Some(cord);
    of.sizes = vec![Size { name: name("圈口"), length_um: Some(Length(56_000)), label: None, table: None }];
    let check = |text: &str, kind, value: &str, unit, expected: &str| {
        let heard = read(&[(0, 9_000, text)], (0, 9_000), &of, &[(text.split('|').next().unwrap(), kind, value, unit)]);
        let json = serde_json::to_string(&heard[0].claim.value).unwrap();
        assert!(json.contains(expected), "{text}: {json}");
    };
    check("翡翠", Material, "jadeite", None, r#""name":"翡翠""#);
    check("正圈圈口五六", Size, "56", Some(Unit::Millimetre), r#""name":"圈口","length_um":56000"#);
    check("珠子十二毫米", Size, "12", Some(Unit::Millimetre), r#""name":"bead_diameter_mm","length_um":12000"#);
    check("五六", Size, "56", Some(Unit::Millimetre), r#""name":"圈口""#);
    check("十五号圈的戒指", Size, "15", None, r#""name":"ring_number","length_um":null,"upper_um":null,"label":"15""#);
    check("十八点六八克", Weight, "18.68", Some(Unit::Gram), r#""includes":["cord"]"#);
    check("十九克", Weight, "19", Some(Unit::Gram), r#""includes":[]"#);
    check("十九克带绳", Weight, "19", Some(Unit::Gram), r#""includes":["cord"]"#);
    check("三十分", Weight, "0.30", Some(Unit::Carat), r#""mass_ug":60000"#);
    check("三钱", Weight, "3钱", None, r#""of":"trade_weight","unit":"qian","amount_millionths":3000000"#);
    check("千足金", Fineness, "999", None, r#""fineness_ppm":999000"#);
    check("给桃子姐的国家级", BannedPhrase, "给桃子姐的国家级", None, r#""name":"给＊＊姐的国家级""#);
    check("冰感", Grade, "jadeite_icy", None, r#""name":"冰种""#);
    check("奇怪", Grade, "some_new_grade", None, r#""name":"some_new_grade""#);
}

#[test]
fn in_english_the_word_that_names_a_size_stands_further_off() {
    let heard = read(
        &[(0, 9_000, "The pearls are nearly eight millimetres")],
        (0, 9_000),
        &declared(&[(MainStone, "珍珠")]),
        &[("eight millimetres", Size, "8", Some(Unit::Millimetre))],
    );
    let ClaimedValue::Size { name, .. } = &heard[0].claim.value else { panic!("a size") };
    assert_eq!(name.as_str(), "bead_diameter_mm");
}

#[test]
fn a_range_keeps_both_ends() {
    let text = "圈口五六到五八";
    let transcript = Transcript::of(vec![cue(0, 5_000, text)]);
    let part = transcript.part(0, 5_000);
    let range = Said {
        bound: Bound::Range,
        min: Some(56.into()),
        max: Some(58.into()),
        ..said(text, text, Size, "56-58", Some(Unit::Millimetre))
    };
    let (rulebook, labels) = (Rulebook::embedded().unwrap(), Labels::embedded().unwrap());
    let heard = heard(&[range], (&transcript, &part), &declared(&[(MainStone, "翡翠")]), &rulebook, &labels);
    let ClaimedValue::Size { length_um, upper_um, .. } = &heard[0].claim.value else { panic!("a size") };
    assert_eq!((length_um, upper_um), (&Some(Length(56_000)), &Some(Length(58_000))));
}
