//! Every golden journal folds to its recorded stage, for ever. A release that cannot read one of them cannot read the
//! journals of a house that has worked with it.
//!
//! `TOUCHSTONE_BLESS=1 cargo test replay` takes one from today's desk where the file is not there yet. A release that
//! changes what is written names a new file below; a golden journal that is there is never written again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use touchstone::capsule::lines::{self, Line};
use touchstone::domain::appraisal::Appraisal;
use touchstone::domain::command::Command;
use touchstone::domain::event::{Event, Recorded};
use touchstone::domain::ids::{KeyId, PersonId};
use touchstone::domain::piece::Piece;
use touchstone::domain::quantity::Weighing;
use touchstone::domain::route::Stage;

use crate::support::TestDatabase;
use crate::world::{World, appraisal, grams, name};

mod everything;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/journals/golden")
}

/// A stored body, read with nothing but the domain.
pub fn recorded(body: &str) -> (i64, Recorded) {
    let body: Value = serde_json::from_str(body).unwrap();
    let text = |name: &str| body[name].as_str().unwrap();
    let id = |name: &str| body[name].as_str().map(|id| id.parse().unwrap());
    let version = i32::try_from(body["version"].as_i64().unwrap()).unwrap();
    let recorded = Recorded {
        seq: i32::try_from(body["seq"].as_i64().unwrap()).unwrap(),
        at: text("at").parse().unwrap(),
        person: id("person_id").map(PersonId),
        key: id("key_id").map(KeyId),
        role: serde_json::from_value(body["role"].clone()).unwrap(),
        event: Event::parse(text("kind"), version, &body["payload"].to_string()).unwrap(),
    };
    (body["stream_id"].as_i64().unwrap(), recorded)
}

/// What the journals of a file fold to.
fn standings(file: &[Line]) -> Value {
    let mut journals: BTreeMap<i64, Vec<Recorded>> = BTreeMap::new();
    for line in file {
        let (stream, recorded) = recorded(&line.body);
        journals.entry(stream).or_default().push(recorded);
    }
    let order = journals.remove(&0).expect("an order has its own journal");
    assert!(matches!(order[0].event, Event::OrderPlaced(_)));
    let pieces = journals.into_iter().map(|(stream, journal)| {
        let piece = Piece::fold(journal).unwrap_or_else(|corrupt| panic!("stream {stream}: {corrupt}"));
        let outcome = piece.standing().outcome().map(|outcome| outcome.as_str());
        json!({
            "stream_id": stream,
            "events": piece.head(),
            "stage": piece.stage().as_str(),
            "outcome": outcome,
            "line": piece.line_status().as_str(),
            "verdict": piece.verdict().map(|(_, given)| given.verdict.as_str()),
        })
    });
    Value::Array(pieces.collect())
}

fn read(path: &Path) -> Vec<Line> {
    let text = fs::read(path).unwrap();
    lines::verify(text.as_slice(), |_| ()).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
    lines::read(text.as_slice()).collect::<Result<_, _>>().unwrap()
}

#[test]
fn every_golden_journal_folds_to_its_recorded_stage() {
    let mut seen = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        // Those in which everything happens hold several orders: `replay/everything.rs`.
        let several = path.file_name().is_some_and(|name| name.to_string_lossy().contains("everything"));
        if several || path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let expected: Value = serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
        assert_eq!(standings(&read(&path)), expected, "{}", path.display());
        seen += 1;
    }
    assert!(1 <= seen, "there is no golden journal");
}

#[test]
fn the_first_golden_journals_show_a_delivered_a_failed_and_a_cancelled_piece() {
    let first = standings(&read(&folder().join("2026-11-22.jsonl")));
    let outcomes: Vec<_> = first.as_array().unwrap().iter().map(|piece| piece["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["completed", "returned", "cancelled"]);
}

/// The journals of one delivered piece, one that failed after a second look and went back, one that was cancelled, and
/// one whose weight was repeated at its limit.
#[tokio::test]
async fn todays_desk_writes_what_folds_to_the_same_stages() {
    let db = TestDatabase::sqlite();
    let world = World::new(&db).await;
    let placed = world.place("N-1", 4).await;
    let [delivered, failed, cancelled, repeated] = placed.pieces[..] else { panic!("four lines") };
    world.bring(delivered, Stage::Inbound).await;
    world.carry(delivered, world.photo(), &world.clerk).await.unwrap();
    world.bring(delivered, Stage::Closed).await;
    world.fail_and_return(failed).await;
    world.cancel(cancelled).await.unwrap();
    // 56.05 g for 56.02 g: beyond 0.02 + 0.005, within another 0.02.
    world.bring(repeated, Stage::Appraising).await;
    let read = |value| Weighing { typed: false, ..grams(value, &[]) };
    let appraisal = Appraisal { weight: read("56.05"), ..appraisal() };
    world.carry(repeated, Command::SubmitAppraisal { appraisal }, &world.inspector).await.unwrap();
    let again = Command::RepeatMeasurement { component: None, quantity: name("weight"), weighing: read("56.02") };
    world.carry(repeated, again, &world.inspector).await.unwrap();
    world.bring(repeated, Stage::Closed).await;

    hold(&world, placed.order_id(), "2026-11-24.jsonl").await;
}

/// The journals of a pair with one certificate: the second was asked whether it is the same article, is not, and is held.
#[tokio::test]
async fn todays_desk_writes_a_held_certificate_that_folds_to_the_same_stages() {
    let db = TestDatabase::sqlite();
    let world = World::new(&db).await;
    let pair = crate::certificates::pair_with_one_paper(&world, "N-1").await;
    hold(&world, pair[0].order_id, "2026-11-23-certificate.jsonl").await;
}

/// Holds what an order's journals fold to against a golden file, which is made where it is not there yet.
async fn hold(world: &World, order: touchstone::domain::ids::OrderId, name: &str) {
    let mut file = Vec::new();
    touchstone::audit::export::export(&world.store, Some(order), &mut file, &mut ()).await.unwrap();
    let events: Vec<_> = lines::read(file.as_slice()).collect::<Result<_, _>>().unwrap();
    let standings = standings(&events);
    let path = folder().join(name);
    if std::env::var_os("TOUCHSTONE_BLESS").is_some() && !path.exists() {
        fs::create_dir_all(folder()).unwrap();
        fs::write(&path, file).unwrap();
        fs::write(path.with_extension("json"), serde_json::to_string_pretty(&standings).unwrap() + "\n").unwrap();
    }
    let expected: Value = serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
    assert_eq!(standings, expected);
}
