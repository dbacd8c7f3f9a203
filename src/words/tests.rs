use std::collections::BTreeSet;

use super::*;
use crate::domain::notice::LETTERS;

/// What is of the house alone, and no line of a buyer's time line.
const UNTOLD: &[EventKind] = &[
    EventKind::OrderPlaced,
    EventKind::RestAsked,
    EventKind::RestWanted,
    EventKind::RestDeclined,
    EventKind::PersonErased,
    EventKind::SegmentSet,
    EventKind::AppraisalSubmitted,
    EventKind::MeasurementRepeated,
    EventKind::HandedOver,
    EventKind::ClaimsRead,
    EventKind::LedgerProposed,
    EventKind::EntrySettled,
    EventKind::SpeechUnavailable,
    EventKind::RepeatCalled,
    EventKind::SecondLookCalled,
    EventKind::Corrected,
    EventKind::NoteAdded,
    EventKind::PhotoAdded,
    EventKind::ObligationArose,
    EventKind::ObligationReversed,
    EventKind::ObligationAmountSet,
    EventKind::ObligationSettled,
    EventKind::IncidentConfirmed,
    EventKind::IncidentWithdrawn,
    EventKind::LessonRead,
    EventKind::StepAppealed,
    EventKind::StepAppealDecided,
    EventKind::StepLifted,
    EventKind::CarrierExceptionFound,
    EventKind::CaseOpened,
    EventKind::CaseReported,
    EventKind::CaseDecisionProposed,
    EventKind::CaseDecided,
    EventKind::LineFailed,
    EventKind::LineCancelled,
    EventKind::DeadlinePassed,
    EventKind::DeadlineMoved,
    EventKind::DeadlineNeared,
    EventKind::NoticeAccepted,
];

/// Every id that the program may ask for.
fn asked() -> BTreeSet<String> {
    let mut ids: BTreeSet<String> =
        PHRASES.iter().copied().chain(SENTENCES.iter().map(|(id, _)| *id)).map(|id| id.replace('_', "-")).collect();
    let mut group = |group: &str, names: Vec<&str>| {
        ids.extend(names.into_iter().map(|name| format!("{group}-{}", name.replace('_', "-"))));
    };
    let stages: Vec<_> = Stage::ALL.iter().map(|stage| stage.as_str()).collect();
    group("stage", stages.clone());
    group("next", stages);
    let ends: Vec<_> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
    group("closed", ends.clone());
    group("after", ends.clone());
    let open = Stage::ALL.iter().filter(|stage| **stage != Stage::Closed).map(|stage| stage.as_str());
    let stages_and_ends: Vec<_> = open.chain(ends).collect();
    group("merchant", stages_and_ends.clone());
    group("warehouse", stages_and_ends);
    group("condition", Condition::ALL.iter().map(|condition| condition.as_str()).collect());
    let told = EventKind::ALL.iter().filter(|kind| !UNTOLD.contains(kind));
    group("event", told.map(|kind| kind.as_str()).collect());
    group("role", Role::ALL.iter().map(|role| role.as_str()).collect());
    group("verdict", Verdict::ALL.iter().map(|verdict| verdict.as_str()).collect());
    group("finding", Finding::ALL.iter().map(|finding| finding.as_str()).collect());
    for (to, notice) in LETTERS {
        group(&format!("subject-{}", to.as_str()), vec![notice.as_str()]);
        group(&format!("tell-{}", to.as_str()), vec![notice.as_str()]);
    }
    group("claim", ClaimKind::ALL.iter().map(|kind| kind.as_str()).collect());
    group("source", vec!["spoken", "listed", "certificate", "added"]);
    group("part", ComponentRole::ALL.iter().map(|role| role.as_str()).collect());
    group("state", vec!["examined", "not_examined", "cannot_be_determined"]);
    group("case-kind", CaseKind::ALL.iter().map(|kind| kind.as_str()).collect());
    group("owe", OwedRule::ALL.iter().map(|rule| rule.as_str()).collect());
    group("party", Party::ALL.iter().map(|party| party.as_str()).collect());
    group("incident", IncidentKind::ALL.iter().map(|kind| kind.as_str()).collect());
    group("lesson", IncidentKind::ALL.iter().map(|kind| kind.as_str()).collect());
    group("trouble", TransitTrouble::ALL.iter().map(|trouble| trouble.as_str()).collect());
    group("include", Included::ALL.iter().map(|included| included.as_str()).collect());
    ids
}

/// Tables of the house that are looked up by name: another name shows as it was written.
fn is_of_a_table(id: &str) -> bool {
    ["photo-", "method-", "size-"].iter().any(|table| id.starts_with(table))
}

#[test]
fn every_stage_verdict_finding_reason_and_notice_has_words_in_both_languages() {
    for language in Language::ALL {
        let there: BTreeSet<String> = ids(language.source()).map(str::to_owned).collect();
        let asked = asked();
        let missing: Vec<_> = asked.difference(&there).collect();
        assert!(missing.is_empty(), "{language:?} has no words for {missing:?}");
        let idle: Vec<_> = there.difference(&asked).filter(|id| !is_of_a_table(id)).collect();
        assert!(idle.is_empty(), "{language:?} has words that nobody asks for: {idle:?}");
    }
}

#[test]
fn buyer_merchant_and_warehouse_are_told_each_stage_and_end_in_words_of_their_own() {
    let ends = Outcome::ALL.iter().map(|outcome| (Stage::Closed, Some(*outcome)));
    let open = Stage::ALL.iter().filter(|stage| **stage != Stage::Closed).map(|stage| (*stage, None));
    let all: Vec<_> = open.chain(ends).collect();
    for language in Language::ALL {
        let words = language.words();
        for read in [Words::stage, Words::next, Words::to_merchant, Words::to_warehouse] {
            for (stage, outcome) in &all {
                assert!(!read(words, *stage, *outcome).is_empty(), "{language:?}: {stage} {outcome:?}");
            }
        }
        // A stage is told from every other, by whoever reads of it.
        for read in [Words::stage, Words::to_merchant, Words::to_warehouse] {
            let told: BTreeSet<_> = all.iter().map(|(stage, outcome)| read(words, *stage, *outcome)).collect();
            assert_eq!(told.len(), all.len(), "{language:?}: two stages in the same words");
        }
    }
}

#[test]
fn both_languages_know_the_same_names_of_photos_methods_and_sizes() {
    let table =
        |language: Language| -> BTreeSet<&str> { ids(language.source()).filter(|id| is_of_a_table(id)).collect() };
    assert_eq!(table(Language::Chinese), table(Language::English));
    assert_eq!(Language::English.words().photo("on_gauge"), "On the gauge");
    assert_eq!(Language::English.words().photo("under_moonlight"), "under moonlight");
}

#[test]
fn a_sentence_has_exactly_the_places_that_the_program_fills() {
    for language in Language::ALL {
        let words = language.words();
        for (name, places) in SENTENCES {
            let id = name.replace('_', "-");
            assert!(words.plain(&id).is_empty(), "{language:?}: {id} has no places");
            let mut errors = Vec::new();
            let pattern = words.bundle.get_message(&id).and_then(|message| message.value()).unwrap();
            let args: FluentArgs = places.iter().map(|place| (*place, FluentValue::from("⟨x⟩"))).collect();
            let text = words.bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
            assert!(errors.is_empty(), "{language:?}: {id}: {errors:?}");
            // A count chooses between forms, and the form for one may leave it out.
            let shown = text.matches("⟨x⟩").count();
            assert!(shown == places.len(), "{language:?}: {id} shows {shown} of {places:?}: {text}");
        }
    }
}

#[test]
fn a_message_without_places_is_text_and_nothing_else() {
    for language in Language::ALL {
        let words = language.words();
        for id in asked() {
            if !SENTENCES.iter().any(|(name, _)| name.replace('_', "-") == id) {
                assert!(!words.plain(&id).is_empty(), "{language:?}: {id} cannot be said without a place");
            }
        }
    }
}

#[test]
fn nothing_is_called_wholly_authentic() {
    for language in Language::ALL {
        let text: String = language.source().lines().filter(|line| !line.starts_with('#')).collect();
        for word in ["100", "保真", "假一赔", "guaranteed authentic", "正品保证"] {
            assert!(!text.contains(word), "{language:?}: {word}");
        }
    }
}

#[test]
fn a_count_is_said_in_the_form_of_its_language() {
    assert_eq!(Language::English.words().choice_tries(1), "That did not fit. 1 try is left.");
    assert_eq!(Language::English.words().choice_tries(4), "That did not fit. 4 tries are left.");
    assert_eq!(Language::Chinese.words().choice_tries(1), "不对。还剩 1 次机会。");
}

#[test]
fn findings_are_counted_in_words_that_fit_every_number() {
    let check = |finding, count: usize, expected: &str| {
        let words = Language::English.words();
        assert_eq!(words.counted_findings(words.finding(finding), count), expected);
    };
    check(Finding::Promise, 2, "promise: 2");
    check(Finding::Contradicted, 1, "differs: 1");
}

#[test]
fn what_is_under_way_is_not_called_done() {
    for language in Language::ALL {
        let words = language.words();
        for (done, going) in [
            (words.step_dispatch(), words.step_dispatch_now()),
            (words.step_receipt(), words.step_receipt_now()),
            (words.step_check(), words.step_check_now()),
            (words.step_release(), words.step_release_now()),
            (words.step_delivery(), words.step_delivery_now()),
        ] {
            assert_ne!(done, going, "{language:?}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told_with_its_fault() {
    let error = Words::read(Language::English, "stage-inbound = { $").unwrap_err();
    assert!(error.to_string().starts_with("the words in English"), "{error}");
    let twice = Words::read(Language::English, "a = 1\na = 2\n").unwrap_err();
    assert!(twice.to_string().contains("twice"), "{twice}");
}

#[test]
fn the_language_is_the_wish_then_the_browsers_then_the_buyers() {
    use Language::{Chinese, English};
    let check = |wishes: [Option<&str>; 3], expected| assert_eq!(Language::choose(wishes), expected, "{wishes:?}");
    check([Some("en"), Some("zh-CN"), Some("zh-CN")], English);
    check([Some("fr"), Some("en-GB,en;q=0.8"), None], English);
    check([None, Some("fr-FR, zh-TW;q=0.7, en;q=0.3"), None], Chinese);
    check([None, Some("zh;q=0.5, en;q=0.51"), None], English);
    check([None, Some("zh;q=0, en;q=0.1"), None], English);
    check([None, Some("fr"), Some("en-US")], English);
    check([None, Some("zh;q=1.00000000, en;q=翡"), None], Chinese);
    check([None, None, None], Chinese);
}

#[test]
fn english_explains_a_term_and_keeps_its_name() {
    assert_eq!(Language::English.words().term("翡翠"), "jadeite (翡翠)");
    assert_eq!(Language::English.words().term("玉中之玉"), "玉中之玉");
    assert_eq!(Language::Chinese.words().term("翡翠"), "翡翠");
}

#[test]
fn a_normalised_value_is_said_in_words_and_an_unknown_one_in_the_claims_own() {
    let check = |name: &str, chinese: &str, english: &str| {
        let own = || Some("飘阳绿".to_owned());
        assert_eq!(Language::Chinese.words().claimed(name, own), chinese, "{name}");
        assert_eq!(Language::English.words().claimed(name, own), english, "{name}");
    };
    check("floating_flower", "飘花", "floating veins of colour (飘花)");
    check("baoshan", "云南保山", "Baoshan, Yunnan (云南保山)");
    check("保山", "保山", "Baoshan (保山)");
    check("return_15d", "15天内可退货", "return within 15 days (15天内可退货)");
    check("fake_pay_10", "假一赔10", "10 times the price back if it is a fake (假一赔10)");
    check("cnas", "CNAS", "CNAS");
    check("of_a_later_lexicon", "飘阳绿", "飘阳绿");
    check("玉中之玉", "玉中之玉", "玉中之玉");
    check("VVS1", "VVS1", "VVS1");
    let erased = Language::English.words().claimed("of_a_later_lexicon", || None);
    assert_eq!(erased, "of a later lexicon");
}

#[test]
fn every_line_of_terms_has_both_languages() {
    for line in csv::Reader::from_reader(include_str!("terms.csv").as_bytes()).records() {
        let line = line.unwrap();
        assert!(line.len() == 3 && line.iter().all(|field| !field.trim().is_empty()), "{line:?}");
    }
}

#[test]
fn what_is_owed_is_not_called_paid_before_it_is_settled() {
    let say = |language: Language, state, amount| language.words().owed(OwedRule::RefundInFull, state, amount, "CNY");
    let english = |state, amount| say(Language::English, state, amount);
    assert_eq!(english(OwedState::Owed, Some(1_280_000)), "Refund of the price owed: CNY 12800.00");
    assert_eq!(english(OwedState::Settled, Some(5)), "Refund of the price: settled, CNY 0.05");
    assert_eq!(say(Language::Chinese, OwedState::Owed, Some(1_280_050)), "退还货款：应付 CNY 12800.50");
    for state in [OwedState::Owed, OwedState::Reversed] {
        for language in Language::ALL {
            let text = say(language, state, Some(1));
            assert!(!text.contains("refunded") && !text.contains("已退款") && !text.contains("已结清"), "{text}");
        }
    }
    assert!(english(OwedState::Owed, None).contains("still to be set"));
    assert_eq!(money(5, "JPY"), "JPY 5");
    assert_eq!(money(12_345, "KWD"), "KWD 12.345");
}
