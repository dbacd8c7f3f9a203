use proptest::prelude::*;

use super::*;

/// A weight in micrograms with what its last digit stands for, or the code of its refusal.
#[track_caller]
fn check(frame: &str, expected: Result<(i64, Option<i64>), &str>) {
    let shown = parse(frame).and_then(|shown| Ok((shown.mass()?.0, shown.digit_ug())));
    assert_eq!(shown.as_ref().map_err(NotAWeight::code), expected.as_ref().map_err(|code| *code), "{frame:?}");
}

#[test]
fn a_stable_frame_of_mt_sics_is_a_weight_in_whole_micrograms() {
    check("S S     56.02 g", Ok((56_020_000, Some(10_000))));
    check("S S     56.02 g\r\n", Ok((56_020_000, Some(10_000))));
    check("S S    100.00 g", Ok((100_000_000, Some(10_000))));
    check("S S   0.30125 ct", Ok((60_250, Some(2)))); // 0.30125 × 200,000
    check("S S   1250.5 mg", Ok((1_250_500, Some(100))));
    check("S S     1.234 kg", Ok((1_234_000_000, Some(1_000_000))));
    check("S S      2.00 mom", Ok((7_500_000, Some(37_500)))); // 2 × 3.75 g
    check("S S      1.00 tlh", Ok((37_429_000, Some(374_290))));
    check("S S      1.00 tlt", Ok((37_500_000, Some(375_000))));
}

#[test]
fn what_is_not_stable_or_out_of_range_is_no_weight() {
    check("S D     56.02 g", Err("frame_unstable"));
    check("S I", Err("frame_not_executable"));
    check("S +", Err("frame_overload"));
    check("S -", Err("frame_underload"));
    check("ES", Err("frame_error"));
    check("ET", Err("frame_error"));
    check("EL\r\n", Err("frame_error"));
    check("S S      0.00 g", Err("frame_nothing"));
    check("S S     -0.02 g", Err("frame_nothing"));
    check("S S 0.0000001 g", Err("frame_out_of_range"));
    check("S S 99999999999 kg", Err("frame_out_of_range"));
}

#[test]
fn a_tael_of_no_table_stays_as_it_was_shown() {
    let shown = parse("S S      1.20 tl").unwrap();
    assert_eq!((shown.digits, shown.decimals, shown.unit), (120, 2, Unit::Tael));
    assert_eq!(shown.mass(), Err(NotAWeight::UnitOpen(Unit::Tael)));
}

#[test]
fn what_is_of_neither_protocol_is_said_so() {
    let long = "S S ".to_owned() + &"1".repeat(80);
    for frame in [
        "",
        "S",
        "S S",
        "S S g",
        "S S 56,02 g",
        "S S 56.02.1 g",
        "S X 1 g",
        "hello",
        "56.02",
        "S S 1 g g",
        "S S 1. g",
        &long,
        "S S ５６ g",
    ] {
        assert!(parse(frame).is_err(), "{frame:?}");
    }
    check("S S     56.02", Err("frame_unit_missing"));
    check("S S     56.02 oz", Err("frame_unit_unknown"));
    check("T S     56.02 g", Err("frame_malformed")); // A tare is no weight.
}

#[test]
fn sartorius_frames_have_their_places() {
    //     12345678901234
    check("+   56.02 g  \r\n", Ok((56_020_000, Some(10_000))));
    check("+   56.020 g", Ok((56_020_000, Some(1_000))));
    check("  1234.567 g  ", Ok((1_234_567_000, Some(1_000))));
    check("N     +    56.02 g  \r\n", Ok((56_020_000, Some(10_000))));
    check("G     +  0.30125 ct ", Ok((60_250, Some(2))));
    check("N     +  56.0[2] g", Ok((56_020_000, Some(10_000))));
    assert!(parse("N     +  56.0[2] g").unwrap().unverified);
    check("-    0.02 g  ", Err("frame_nothing"));
    check("+    56.02    ", Err("frame_unstable")); // No unit: not at rest.
    check("Stat      ERR 54", Err("frame_error"));
    check("Stat        High", Err("frame_overload"));
    check("Stat        Low", Err("frame_underload"));
    check("Stat        Cal.", Err("frame_not_executable"));
    check("      H       ", Err("frame_overload"));
    check("      L       ", Err("frame_underload"));
    check("      ERR 101", Err("frame_error"));
    check("T1    +    56.02 g", Err("frame_malformed"));
}

#[test]
fn every_refusal_has_a_code_of_its_own_and_says_what_to_do() {
    let all = [
        NotAWeight::Unstable,
        NotAWeight::Overload,
        NotAWeight::Underload,
        NotAWeight::NotExecutable,
        NotAWeight::Error("54".into()),
        NotAWeight::Malformed,
        NotAWeight::UnitMissing,
        NotAWeight::UnitUnknown("oz".into()),
        NotAWeight::UnitOpen(Unit::Tael),
        NotAWeight::Nothing,
        NotAWeight::OutOfRange,
    ];
    let codes: std::collections::BTreeSet<_> = all.iter().map(NotAWeight::code).collect();
    assert_eq!(codes.len(), all.len());
    for one in &all {
        assert!(one.sentence().contains(": "), "{one:?}");
    }
}

proptest! {
    #[test]
    fn no_input_panics(frame in any::<String>()) {
        let _ = parse(&frame).and_then(|shown| shown.mass());
    }

    #[test]
    fn no_line_of_characters_that_frames_have_panics(frame in "[SDINGtaE +\\-\\[\\]0-9.gctml]{0,30}") {
        let _ = parse(&frame).and_then(|shown| shown.mass());
    }

    #[test]
    fn what_a_balance_shows_is_read_back_exactly(micrograms in 10_000_i64..1_000_000_000_000) {
        let hundredths = micrograms / 10_000;
        let value = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        let expected = Ok(Mass(hundredths * 10_000));
        prop_assert_eq!(parse(&format!("S S {value:>10} g")).and_then(|shown| shown.mass()), expected.clone());
        if value.len() <= 8 {
            prop_assert_eq!(parse(&format!("N     + {value:>8} g  ")).and_then(|shown| shown.mass()), expected);
        }
    }
}
