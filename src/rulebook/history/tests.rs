use std::collections::BTreeMap;

use super::super::testing::*;
use super::*;
use crate::domain::event::Recorded;
use crate::rulebook::Files;

/// A golden journal, as the release of its day wrote it.
const GOLDEN: &str = include_str!("../../../fixtures/journals/golden/2026-11-22.jsonl");

/// The order and the journals of its pieces.
fn golden() -> (OrderPlaced, Vec<Vec<Recorded>>) {
    let mut journals: BTreeMap<i64, Vec<Recorded>> = BTreeMap::new();
    for line in GOLDEN.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(body) = line["body"].as_str() else { continue };
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let version = i32::try_from(body["version"].as_i64().unwrap()).unwrap();
        let event = Event::parse(body["kind"].as_str().unwrap(), version, &body["payload"].to_string()).unwrap();
        journals.entry(body["stream_id"].as_i64().unwrap()).or_default().push(Recorded {
            seq: i32::try_from(body["seq"].as_i64().unwrap()).unwrap(),
            at: body["at"].as_str().unwrap().parse().unwrap(),
            person: body["person_id"].as_str().map(|id| crate::domain::ids::PersonId(id.parse().unwrap())),
            key: None,
            role: serde_json::from_value(body["role"].clone()).unwrap(),
            event,
        });
    }
    let order = journals.remove(&0).unwrap().remove(0);
    match order.event {
        Event::OrderPlaced(placed) => (placed, journals.into_values().collect()),
        other => panic!("an order begins with {}", other.kind()),
    }
}

/// Each verdict of the golden journals, asked again.
fn asked(tried: Option<&Rulebook>) -> Vec<Retried> {
    let (order, journals) = golden();
    let mut all = Vec::new();
    for journal in journals {
        for (at, recorded) in journal.iter().enumerate() {
            if matches!(recorded.event, Event::VerdictGiven(_)) {
                let piece = Piece::fold(journal[..=at].iter().cloned()).unwrap();
                all.push(retried(library(), tried, &piece, &order).unwrap().unwrap());
            }
        }
    }
    assert!(!all.is_empty());
    all
}

#[test]
fn the_verdicts_of_a_golden_journal_follow_from_their_own_edition() {
    for verdict in asked(None) {
        assert!(verdict.agrees(), "{verdict:?}");
        assert_eq!(verdict.given_by, name("2026-11-22"));
    }
}

#[test]
fn an_edition_that_is_tried_lists_the_verdicts_that_would_differ() {
    // An edition by which A货 says nothing of treatment.
    let newest = newest();
    let texts = Files::NAMES.iter().filter_map(|file| Some(((*file).to_owned(), newest.optional(file)?.to_owned())));
    let mut texts: BTreeMap<_, _> = texts.collect();
    texts.insert("treatments.csv".into(), texts["treatments.csv"].replace("A货,untreated,", "A货,open,"));
    let tried = Library::given(&Files::given("2027-01-01", texts).unwrap()).unwrap();
    let all = asked(Some(&tried));
    let differing: Vec<_> = all.iter().filter(|verdict| verdict.derived != verdict.would_be).collect();
    assert!(!differing.is_empty(), "{all:?}");
    for verdict in differing {
        assert_eq!((&verdict.given_by, &verdict.asked), (&name("2026-11-22"), &name("2027-01-01")));
        assert!(verdict.derived < verdict.would_be && !verdict.entries.is_empty(), "{verdict:?}");
    }
}

#[test]
fn a_verdict_that_was_stored_otherwise_is_found() {
    let (order, journals) = golden();
    let mut journal = journals.into_iter().next().unwrap();
    let at = journal.iter().position(|recorded| matches!(recorded.event, Event::VerdictGiven(_))).unwrap();
    journal.truncate(at + 1);
    for recorded in &mut journal {
        if let Event::LedgerProposed(proposed) = &mut recorded.event {
            proposed.entries[0].main = !proposed.entries[0].main;
        }
    }
    let piece = Piece::fold(journal).unwrap();
    let verdict = retried(library(), None, &piece, &order).unwrap().unwrap();
    assert!(!verdict.agrees());
    assert_eq!(verdict.entries.len(), 1);
}
