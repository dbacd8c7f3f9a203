use super::*;

fn cue(from_ms: i64, to_ms: i64, text: &str) -> Cue {
    Cue { from_ms: Some(from_ms), to_ms: Some(to_ms), text: text.to_owned(), words: Vec::new() }
}

fn of(cues: &[(i64, i64, &str)]) -> Transcript {
    let transcript = Transcript::of(cues.iter().map(|(from, to, text)| cue(*from, *to, text)).collect());
    transcript.check();
    transcript
}

#[track_caller]
fn check(cues: &[(i64, i64, &str)], expected: &str) {
    assert_eq!(of(cues).text(), expected, "{cues:?}");
}

#[test]
fn cues_are_joined_in_the_order_in_which_they_were_said() {
    check(&[(1_000, 2_000, "翡翠"), (2_000, 3_000, "五十六克")], "翡翠\n五十六克");
    check(&[(2_000, 3_000, "五十六克"), (1_000, 2_000, "翡翠")], "翡翠\n五十六克");
    // Two speakers at once, and a cue without a length.
    check(&[(1_000, 3_000, "翡翠"), (1_500, 2_000, "多重"), (2_500, 2_500, "好")], "翡翠\n多重\n好");
    // An end before its beginning.
    check(&[(3_000, 1_000, "翡翠")], "翡翠");
    check(&[], "");
    check(&[(0, 1, "…")], "");
}

#[test]
fn what_is_only_shown_again_is_said_once() {
    // Captions that grow while somebody speaks.
    check(&[(0, 2_000, "18K"), (500, 3_000, "18K金"), (900, 3_500, "18K金的扣头")], "18K金的扣头");
    // Captions that roll: each line is shown twice, with a blink between.
    let rolling = &[(0, 2_000, "这只是冰种"), (2_000, 2_010, "这只是冰种"), (2_010, 4_000, "这只是冰种五十六圈口")][..];
    check(rolling, "这只是冰种五十六圈口");
    // Said twice one after the other is twice.
    check(&[(0, 1_000, "五十六克"), (1_000, 2_000, "五十六克")], "五十六克\n五十六克");
    check(&[(0, 1_000, "18K"), (1_000, 2_000, "18K金的扣头")], "18K\n18K金的扣头");
    // One character in common is chance.
    check(&[(0, 2_000, "看这个玉"), (1_000, 3_000, "玉的扣头")], "看这个玉\n玉的扣头");
}

#[test]
fn every_character_has_its_time() {
    let transcript = of(&[(1_000, 3_000, "翡翠"), (10_000, 14_000, "五十六克")]);
    let times: Vec<_> = (0..7).map(|offset| transcript.at(offset)).collect();
    let [a, b, gap, c, d, e, f] = [1_000, 2_000, 3_000, 10_000, 11_000, 12_000, 13_000].map(Some);
    assert_eq!(times, [a, b, gap, c, d, e, f]);
    assert!(transcript.is_seam(3) && !transcript.is_seam(4));
    let words = vec![Word { start: 0, at_ms: 1_000 }, Word { start: 1, at_ms: 1_100 }];
    let timed = Transcript::of(vec![Cue { words, ..cue(1_000, 3_000, "翡翠手镯") }]);
    assert_eq!(timed.at(3), Some(1_100));
}

#[test]
fn a_part_takes_what_was_said_in_it_and_quotes_what_was_not() {
    let cues = &[
        (0, 4_000, "上一件是南红"),
        (4_000, 8_000, "这只翡翠"),
        (9_000, 12_000, "五十六克"),
        (12_000, 15_000, "下一件"),
    ];
    let transcript = of(cues);
    let check = |from, to, text: &str, said: &str, lies| {
        let part = transcript.part(from, to);
        assert_eq!(transcript.text_of(&part).1, text, "{from}–{to}");
        let start = transcript.text().chars().collect::<Vec<_>>();
        let said: Vec<_> = said.chars().collect();
        let start = start.windows(said.len()).position(|window| window == said).unwrap();
        assert_eq!(transcript.words(start, start + said.len()), said.iter().collect::<String>());
        assert_eq!(transcript.lies(&part, start, start + said.len()), lies, "{from}–{to} {said:?}");
    };
    check(4_000, 12_000, "这只翡翠\n五十六克", "翡翠", Lies::Inside);
    check(4_000, 12_000, "这只翡翠\n五十六克", "南红", Lies::Outside);
    check(4_000, 12_000, "这只翡翠\n五十六克", "翡翠\n五十六克", Lies::Inside);
    // The cue reaches over the edge: by its place the weight was said inside, and nobody is sure.
    check(4_000, 11_900, "这只翡翠\n五十六克", "五十六", Lies::AtEdge);
    check(4_000, 9_100, "这只翡翠\n五十六克", "六克", Lies::Outside);
    let nothing = transcript.part(8_000, 9_000);
    assert_eq!(transcript.text_of(&nothing), (0, ""));
    assert!(!transcript.is_said(&nothing));
    let quotes: Vec<_> = transcript.quotes(&transcript.part(0, 5_000)).map(|quote| quote.text).collect();
    assert_eq!(quotes, ["上一件是南红", "这只翡翠"]);
}

#[test]
fn a_cue_without_a_length_lies_where_it_begins() {
    let transcript = of(&[(4_000, 4_000, "翡翠"), (8_000, 8_000, "五十六克")]);
    assert!(transcript.is_said(&transcript.part(4_000, 5_000)));
    assert!(!transcript.is_said(&transcript.part(5_000, 8_000)));
}

#[test]
fn plain_text_has_no_times_unless_its_lines_say_them() {
    let untimed = Transcript::read(Format::Text, "这只是翡翠\n五十六克").unwrap();
    assert!(!untimed.is_timed());
    assert!(!untimed.is_said(&untimed.part(0, i64::MAX)));
    let timed = Transcript::read(Format::Text, "[00:00:04] 这只是翡翠\n五十六克\n[00:00:09] 好").unwrap();
    assert!(timed.is_timed());
    assert_eq!(timed.at(0), Some(4_000));
    assert!(timed.is_said(&timed.part(4_000, 5_000)));
}

#[test]
fn offsets_count_scalar_values_whatever_they_are() {
    let transcript = of(&[(0, 1_000, "😀e\u{301}翡翠"), (2_000, 3_000, "𠮷ａ1克")]);
    assert_eq!(transcript.words(3, 5), "翡翠");
    assert_eq!(transcript.words(6, 10), "𠮷ａ1克");
    assert_eq!(transcript.words(9, 99), "克");
    assert_eq!(transcript.words(5, 3), "");
}

proptest::proptest! {
    #[test]
    fn whatever_bytes_come_nothing_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), which in 0..4) {
        if let Ok((text, _)) = encoding::decode(&bytes) {
            let format = Format::ALL[which as usize];
            if let Ok(transcript) = Transcript::read(format, &text) {
                transcript.check();
            }
        }
    }

    #[test]
    fn whatever_cues_come_the_whole_holds(
        cues in proptest::collection::vec((0..3_000_i64, 0..3_000_i64, "[翡翠玉1K😀 ]{0,6}"), 0..12),
        from in 0..3_000_i64, length in 0..3_000_i64,
    ) {
        let transcript = Transcript::of(cues.iter().map(|(from, to, text)| cue(*from, *to, text)).collect());
        transcript.check();
        let part = transcript.part(from, from + length);
        let (start, text) = transcript.text_of(&part);
        // What lies inside a part is in its text.
        for offset in 0..transcript.chars() {
            if transcript.lies(&part, offset, offset + 1) == Lies::Inside && !transcript.words(offset, offset + 1).trim().is_empty() {
                proptest::prop_assert!((start..start + text.chars().count()).contains(&offset));
            }
        }
    }
}
