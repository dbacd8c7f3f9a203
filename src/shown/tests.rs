use std::collections::BTreeSet;

use super::rows::{Row, Said};
use crate::domain::ledger::{ClaimKind, Finding};
use crate::rulebook::Library;
use crate::spoken;
use crate::spoken::ledger::Labels;
use crate::words::Language;

/// Whether this reads as a word of its language and not as a name of a program.
fn reads(language: Language, shown: &str, value: &str) -> bool {
    let own = match language {
        // Laboratories are known by their letters, in Chinese too.
        Language::Chinese => !shown.is_ascii() || shown == shown.to_uppercase(),
        Language::English => shown.chars().any(|c| c.is_ascii_alphabetic()),
    };
    own && !shown.contains('_') && (shown != value || shown == shown.to_uppercase() || !value.is_ascii())
}

#[test]
fn every_value_that_the_lexicon_can_give_has_a_word_in_both_languages() {
    let library = Library::embedded().unwrap();
    let labels = Labels::embedded().unwrap();
    let values = spoken::values();
    assert!(300 < values.len(), "the lexicon was not read: {}", values.len());
    let mut wanting = BTreeSet::new();
    for (kind, value) in values {
        // A fineness is a number, and a phrase is the seller's own.
        if matches!(kind, ClaimKind::Fineness | ClaimKind::BannedPhrase) {
            continue;
        }
        let name = labels.of(kind, &value, library.newest()).unwrap();
        for language in Language::ALL {
            let shown = language.words().claimed(name.as_str(), || None);
            if !reads(language, &shown, &value) {
                wanting.insert(format!("{language:?} {kind:?} {value}: {shown}"));
            }
        }
    }
    assert!(wanting.is_empty(), "{wanting:#?}");
}

#[test]
fn what_reads_alike_is_one_line() {
    let row = Row {
        kind: "weight".to_owned(),
        part: None,
        value: "25.36 g".to_owned(),
        said: vec![Said { source: "listed".to_owned(), quote: None, replay: None }],
        measured: Some("25.36 g".to_owned()),
        finding: Finding::Confirmed,
        finding_word: "confirmed".to_owned(),
        why: Some("of the whole".to_owned()),
        flags: Vec::new(),
    };
    let check = |other: Row, expected| assert_eq!(row.reads_like(&other), expected, "{other:?}");
    check(Row { why: Some("of the metal".to_owned()), ..row.clone() }, true);
    check(Row { part: Some("chain".to_owned()), ..row.clone() }, false);
    check(Row { finding: Finding::Contradicted, ..row.clone() }, false);
    check(Row { said: Vec::new(), ..row.clone() }, false);
    check(Row { measured: None, ..row.clone() }, false);
}
