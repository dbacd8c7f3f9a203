//! What an intruder leaves behind who has the database in hand, and has taken the walls down first: found by the check,
//! where it must be with the help of a root that was carried elsewhere.

use std::path::{Path, PathBuf};

use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};
use tempfile::TempDir;
use touchstone::audit::{Error, Finding, Report, Watch, check, upkeep};
use touchstone::capsule::Hash;
use touchstone::capsule::chain;
use touchstone::capsule::keys::{KeySet, Signers};
use touchstone::capsule::root::verify_export;
use touchstone::clock::Clock;
use touchstone::domain::ids::StreamKey;
use touchstone::domain::route::Stage;
use touchstone::store::Backend;
use touchstone::store::entity::events;

use crate::support::TestDatabase;
use crate::world::World;

/// Takes the walls of a table down, as whoever owns the database can.
pub fn breach(db: &TestDatabase, table: &str) {
    match db.backend() {
        Backend::Sqlite => {
            let triggers =
                db.client(&format!("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = '{table}';"));
            assert!(triggers.accepted, "{}", triggers.text);
            triggers.text.lines().for_each(|name| run(db, &format!("DROP TRIGGER {name};")));
        }
        Backend::Postgres => run(db, &format!("ALTER TABLE {table} DISABLE TRIGGER USER;")),
    }
}

pub fn run(db: &TestDatabase, sql: &str) {
    let said = db.client(sql);
    assert!(said.accepted, "{sql}: {}", said.text);
}

/// Where a journal's rows are.
pub fn of(db: &TestDatabase, key: StreamKey) -> String {
    format!("order_id = {} AND stream_id = {}", db.uuid(key.order_id.0.as_u128()), key.stream_id)
}

#[derive(Default)]
struct Seen {
    findings: Vec<Finding>,
    last: (u64, u64),
}

impl Watch for Seen {
    fn progress(&mut self, count: u64, total: u64) {
        self.last = (count, total);
    }

    fn found(&mut self, finding: &Finding) {
        self.findings.push(finding.clone());
    }
}

fn keys(world: &World) -> &KeySet {
    world.desk.keys()
}

/// A check, and what it found: stable codes, in order.
pub async fn findings(world: &World, against: Option<&Path>) -> Vec<&'static str> {
    let (report, seen) = checked(world, against).await;
    assert_eq!(report.findings, seen.findings.len() as u64);
    seen.findings.iter().map(|finding| finding.wrong.code()).collect()
}

async fn checked(world: &World, against: Option<&Path>) -> (Report, Seen) {
    let mut seen = Seen::default();
    let report = check(&world.store, keys(world), against, &mut seen).await.unwrap();
    (report, seen)
}

async fn root(world: &World) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (_, path) = upkeep::write_root(&world.desk, world.now(), folder.path()).await.unwrap();
    (folder, path)
}

/// Writes an event's row past all walls and rules.
async fn overwrite(world: &World, row: events::Model, change: impl FnOnce(&mut events::ActiveModel)) {
    let mut row = row.into_active_model();
    change(&mut row);
    let txn = world.store.begin().await.unwrap();
    row.update(&*txn).await.unwrap();
    txn.commit().await.unwrap();
}

both!(what_the_desk_wrote_is_sound, |db| async move {
    let world = World::new(db).await;
    let keys_of_pieces = world.furnish().await;
    let (_folder, path) = root(&world).await;
    let (report, seen) = checked(&world, Some(&path)).await;
    assert_eq!(seen.findings, []);
    assert!(report.ok());
    assert_eq!(report.journals, keys_of_pieces.len() as u64 + 3);
    assert_eq!(report.compared, report.journals);
    assert_eq!((report.capsules, report.roots), (5, 1));
    assert_eq!(seen.last, (report.events, report.events));
});

both!(any_changed_byte_of_an_event_is_found, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Received).await;
    breach(db, "events");
    let row = world.events(key).await.remove(1);
    let characters: Vec<char> = row.body.chars().collect();
    for place in (0..characters.len()).step_by(23).chain([characters.len() - 1]) {
        let mut changed = characters.clone();
        changed[place] = if changed[place] == 'x' { 'y' } else { 'x' };
        let body: String = changed.into_iter().collect();
        overwrite(&world, row.clone(), |row| row.body = Set(body)).await;
        assert_eq!(findings(&world, None).await, ["chain_broken"], "character {place}");
        overwrite(&world, row.clone(), |changed| changed.body = Set(row.body.clone())).await;
    }
    let mut hash = row.hash.clone();
    hash[31] ^= 1;
    overwrite(&world, row.clone(), |row| row.hash = Set(hash)).await;
    let (_, seen) = checked(&world, None).await;
    let [finding] = seen.findings.as_slice() else { panic!("{:?}", seen.findings) };
    assert_eq!((finding.order_id, finding.stream_id, finding.seq), (Some(key.order_id.0), Some(1), Some(2)));
    assert!(finding.to_string().contains("stream 1 event 2: the stored hash is"), "{finding}");
    overwrite(&world, row.clone(), |changed| changed.hash = Set(row.hash.clone())).await;
    assert_eq!(findings(&world, None).await, [""; 0]);
});

both!(a_column_that_says_something_else_than_the_body_is_found, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.book_in(key).await;
    breach(db, "events");
    let place = of(db, key);
    for (change, back) in [
        ("kind = 'lost'", "kind = 'dispatched'"),
        ("at = at + 1", "at = at - 1"),
        (
            "person_id = NULL",
            "person_id = (SELECT person_id FROM event_keys k WHERE k.order_id = events.order_id AND k.stream_id = events.stream_id AND k.seq = 2)",
        ),
    ] {
        run(db, &format!("UPDATE events SET {change} WHERE {place} AND seq = 2;"));
        assert_eq!(findings(&world, None).await, ["column_differs"], "{change}");
        run(db, &format!("UPDATE events SET {back} WHERE {place} AND seq = 2;"));
    }
    assert_eq!(findings(&world, None).await, [""; 0]);
    run(db, &format!("UPDATE events SET seq = 7 WHERE {place} AND seq = 3;"));
    assert_eq!(findings(&world, None).await, ["column_differs", "head_differs"]);
});

#[tokio::test]
async fn an_event_that_is_no_text_any_more_is_found_on_sqlite() {
    let db = TestDatabase::sqlite();
    let world = World::new(&db).await;
    let key = world.piece("N-1").await;
    world.book_in(key).await;
    breach(&db, "events");
    run(
        &db,
        &format!("UPDATE events SET body = CAST(x'ff' || substr(body, 2) AS TEXT) WHERE {} AND seq = 2;", of(&db, key)),
    );
    let (report, seen) = checked(&world, None).await;
    assert_eq!(seen.findings[0].wrong.code(), "row_unreadable");
    assert_eq!(seen.findings[0].seq, Some(2));
    assert_eq!(report.events, 4, "the others were read");
}

both!(a_tail_that_was_cut_off_is_found, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.book_in(key).await;
    let (_folder, path) = root(&world).await;
    breach(db, "events");
    let before = world.events(key).await.remove(1);
    run(db, &format!("DELETE FROM events WHERE {} AND seq = 3;", of(db, key)));
    assert_eq!(findings(&world, None).await, ["head_differs"]);
    // A careful intruder mends the projection too.
    let hash = db.bytes(&before.hash);
    run(db, &format!("UPDATE pieces SET head_seq = 2, head_hash = {hash}, stage = 'inbound' WHERE {};", of(db, key)));
    assert_eq!(findings(&world, None).await, [""; 0]);
    let (_, seen) = checked(&world, Some(&path)).await;
    let [finding] = seen.findings.as_slice() else { panic!("{:?}", seen.findings) };
    assert_eq!(finding.wrong.code(), "lost_tail");
    assert!(finding.to_string().contains("it had 3 events when the root was signed, and has 2 now"), "{finding}");
});

both!(a_journal_that_was_removed_is_found, |db| async move {
    let world = World::new(db).await;
    let pieces = world.place("N-1", 2).await.pieces;
    let other = world.place("N-2", 1).await;
    let (_folder, path) = root(&world).await;
    for table in ["events", "piece_codes", "order_nos"] {
        breach(db, table);
    }
    run(db, &format!("DELETE FROM events WHERE {};", of(db, pieces[1])));
    assert_eq!(
        findings(&world, None).await,
        ["journal_gone"; 4],
        "lines, pieces, piece_codes and certificate_holders name it"
    );
    run(
        db,
        &format!(
            "DELETE FROM pieces WHERE {0}; DELETE FROM piece_codes WHERE {0}; DELETE FROM lines WHERE {0};
             DELETE FROM certificate_holders WHERE {0};",
            of(db, pieces[1])
        ),
    );
    assert_eq!(findings(&world, None).await, [""; 0]);
    assert_eq!(findings(&world, Some(&path)).await, ["lost_journal"]);

    let order = format!("order_id = {}", db.uuid(other.receipt.order_id.as_u128()));
    for table in ["events", "orders", "order_nos", "pieces", "piece_codes", "lines", "certificate_holders"] {
        run(db, &format!("DELETE FROM {table} WHERE {order};"));
    }
    assert_eq!(findings(&world, None).await, [""; 0]);
    assert_eq!(findings(&world, Some(&path)).await, ["lost_journal"; 3]);
});

both!(an_order_without_its_own_journal_is_found, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    breach(db, "events");
    run(db, &format!("DELETE FROM events WHERE order_id = {} AND stream_id = 0;", db.uuid(key.order_id.0.as_u128())));
    assert_eq!(findings(&world, None).await, ["order_gone", "journal_gone", "journal_gone"]);
});

both!(rows_that_were_removed_from_beside_a_journal_are_found, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    for table in ["piece_codes", "order_nos"] {
        breach(db, table);
    }
    run(db, "DELETE FROM piece_codes; DELETE FROM order_nos;");
    assert_eq!(findings(&world, None).await, ["row_gone", "row_gone"]);
    run(db, "DELETE FROM pieces; DELETE FROM orders;");
    assert_eq!(findings(&world, None).await, ["row_gone"; 4]);
    assert_eq!(world.events(key).await.len(), 1);
});

/// Writes a journal anew from this event on, with every hash as it should be, and the projection with it.
pub async fn write_anew(db: &TestDatabase, world: &World, key: StreamKey, from: i32, change: impl Fn(&str) -> String) {
    let mut previous = Hash::ZERO;
    for row in world.events(key).await {
        let mut body = row.body.clone();
        if from == row.seq {
            body = change(&body);
            assert_ne!(body, row.body, "nothing was changed");
        }
        let old: serde_json::Value = serde_json::from_str(&body).unwrap();
        body = body.replace(old["previous"].as_str().unwrap(), &previous.to_string());
        previous = chain::hash(&body);
        let hash = previous.as_bytes().to_vec();
        overwrite(world, row, |row| {
            row.body = Set(body);
            row.hash = Set(hash);
        })
        .await;
    }
    run(db, &format!("UPDATE pieces SET head_hash = {} WHERE {};", db.bytes(previous.as_bytes()), of(db, key)));
}

both!(a_chain_that_was_written_anew_is_found, |db| async move {
    let world = World::new(db).await;
    let pieces = world.place("N-1", 2).await.pieces;
    world.book_in(pieces[0]).await;
    world.bring(pieces[1], Stage::Released).await;
    let (_folder, path) = root(&world).await;
    breach(db, "events");
    // 56.40 g at receipt become 65.40 g.
    write_anew(db, &world, pieces[0], 3, |body| body.replace("56400000", "65400000")).await;
    assert_eq!(findings(&world, None).await, [""; 0], "without a root nobody can know");
    let (_, seen) = checked(&world, Some(&path)).await;
    let [finding] = seen.findings.as_slice() else { panic!("{:?}", seen.findings) };
    assert_eq!((finding.wrong.code(), finding.seq), ("written_anew", Some(3)));
    // A released piece has its capsule for a witness.
    write_anew(db, &world, pieces[1], 3, |body| body.replace("56400000", "65400000")).await;
    assert_eq!(findings(&world, None).await, ["capsule_differs"]);
});

both!(a_journal_that_does_not_replay_is_found, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Received).await;
    breach(db, "events");
    write_anew(db, &world, key, 2, |body| body.replace("\"dispatched\"", "\"waybill_corrected\"")).await;
    run(db, &format!("UPDATE events SET kind = 'waybill_corrected' WHERE {} AND seq = 2;", of(db, key)));
    assert_eq!(findings(&world, None).await, ["does_not_replay"]);
});

both!(a_changed_head_of_a_projection_is_found, |db| async move {
    let world = World::new(db).await;
    world.piece("N-1").await;
    run(db, "UPDATE pieces SET head_seq = 2;");
    assert_eq!(findings(&world, None).await, ["head_differs"]);
    run(db, "UPDATE pieces SET head_seq = 1;");
    run(db, &format!("UPDATE orders SET head_hash = {};", db.bytes(&[1; 32])));
    assert_eq!(findings(&world, None).await, ["head_differs"]);
});

both!(a_capsule_that_was_touched_is_found, |db| async move {
    let world = World::new(db).await;
    let pieces = world.place("N-1", 2).await.pieces;
    world.bring(pieces[0], Stage::Delivered).await;
    world.bring(pieces[1], Stage::Released).await;
    world.cancel(pieces[1]).await.unwrap();
    assert_eq!(findings(&world, None).await, [""; 0]);
    breach(db, "capsules");
    let place = of(db, pieces[0]);
    for (change, back, code) in [
        (
            "credential = credential || 'A'",
            "credential = substr(credential, 1, length(credential) - 1)",
            "capsule_forged",
        ),
        (
            "certificate_code = 'X'",
            "certificate_code = (SELECT code FROM certificate_codes c WHERE c.order_id = capsules.order_id AND c.stream_id = capsules.stream_id)",
            "capsule_differs",
        ),
        ("issued_at = issued_at + 1", "issued_at = issued_at - 1", "capsule_differs"),
        ("revoked_at = 5", "revoked_at = NULL", "capsule_differs"),
    ] {
        run(db, &format!("UPDATE capsules SET {change} WHERE {place};"));
        assert_eq!(findings(&world, None).await, [code], "{change}");
        run(db, &format!("UPDATE capsules SET {back} WHERE {place};"));
    }
    assert_eq!(findings(&world, None).await, [""; 0]);
    run(db, &format!("UPDATE capsules SET revoked_at = NULL WHERE {};", of(db, pieces[1])));
    assert_eq!(findings(&world, None).await, ["capsule_differs"], "it was revoked, and stands again");
    run(db, "DELETE FROM capsules;");
    assert_eq!(findings(&world, None).await, ["capsule_gone", "capsule_gone"]);
});

both!(a_capsule_of_another_house_is_found, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Released).await;
    let stranger = Signers::from_seed(&[9; 32]).key_set();
    let mut seen = Seen::default();
    check(&world.store, &stranger, None, &mut seen).await.unwrap();
    let [finding] = seen.findings.as_slice() else { panic!("{:?}", seen.findings) };
    assert_eq!(finding.wrong.code(), "capsule_forged");
});

both!(a_root_that_was_touched_is_found, |db| async move {
    let world = World::new(db).await;
    world.piece("N-1").await;
    let (_folder, path) = root(&world).await;
    breach(db, "roots");
    run(db, "UPDATE roots SET journals = 1;");
    assert_eq!(findings(&world, None).await, ["root_forged"]);
    run(db, "UPDATE roots SET journals = 2;");
    assert_eq!(findings(&world, Some(&path)).await, [""; 0]);
    run(db, "DELETE FROM roots;");
    assert_eq!(findings(&world, None).await, [""; 0]);
    assert_eq!(findings(&world, Some(&path)).await, ["root_gone"]);

    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"seq\":1", "\"seq\":2")).unwrap();
    let refused = check(&world.store, keys(&world), Some(&path), &mut ()).await;
    assert!(matches!(refused, Err(Error::Root(_))), "nothing is said by a root that is not proved: {refused:?}");
});

both!(what_grew_since_a_root_is_sound, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Received).await;
    let (_folder, path) = root(&world).await;
    world.bring(key, Stage::Cleared).await;
    world.place("N-2", 2).await;
    let (report, seen) = checked(&world, Some(&path)).await;
    assert_eq!(seen.findings, []);
    assert_eq!((report.compared, report.journals), (2, 5));
});

both!(a_root_is_signed_once_a_day_and_old_answers_are_forgotten, |db| async move {
    let world = World::new(db).await;
    let pieces = world.place("N-1", 3).await.pieces;
    let folder = tempfile::tempdir().unwrap();
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let done = upkeep::daily(&world.desk, at("2026-11-22T23:59:59Z"), folder.path()).await.unwrap();
    let path = done.root.expect("the first day has its root");
    assert_eq!(done.forgotten, 0);
    assert_eq!(path.file_name().unwrap(), "2026-11-22T23-59-59.000000Z.jsonl");
    let root = verify_export(std::fs::read(&path).unwrap().as_slice(), keys(&world).roots()).unwrap();
    assert_eq!(root.journals, 4);
    let again = upkeep::daily(&world.desk, at("2026-11-22T23:59:59.5Z"), folder.path()).await.unwrap();
    assert_eq!(again, upkeep::Done::default());
    let earlier = upkeep::daily(&world.desk, at("2026-11-21T12:00:00Z"), folder.path()).await.unwrap();
    assert_eq!(earlier, upkeep::Done::default(), "a clock that was set back signs nothing");
    let next = upkeep::daily(&world.desk, at("2026-11-23T00:00:00Z"), folder.path()).await.unwrap();
    assert!(next.root.is_some());
    let late = upkeep::daily(&world.desk, at("2026-12-01T00:00:00Z"), folder.path()).await.unwrap();
    assert_eq!(late.forgotten, 1, "the order's answer is older than seven days");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "nothing half-written is left");
    assert_eq!(findings(&world, Some(&path)).await, [""; 0]);
    assert_eq!(world.events(pieces[0]).await.len(), 1);
});

both!(what_a_killed_run_left_of_a_root_is_taken_away_a_day_later, |db| async move {
    let world = World::new(db).await;
    world.place("N-1", 1).await;
    let folder = tempfile::tempdir().unwrap();
    let left = |name: &str, hours: u64| {
        let path = folder.path().join(name);
        let file = std::fs::File::create(&path).unwrap();
        file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(hours * 3_600)).unwrap();
        path
    };
    let gone = [left("old.partial", 25), left("old.heads", 25)];
    let kept = [left("young.partial", 23), left("young.heads", 23), left("old.jsonl", 25)];
    let (_, path) = upkeep::write_root(&world.desk, world.now(), folder.path()).await.unwrap();
    assert!(gone.iter().all(|path| !path.exists()));
    assert!(kept.iter().chain([&path]).all(|path| path.exists()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4);
});

both!(who_stops_the_service_does_not_wait_for_its_root, |db| async move {
    let world = World::new(db).await;
    world.place("N-1", 1).await;
    let folder = tempfile::tempdir().unwrap();
    let endings = || -> Vec<_> {
        let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        names.filter_map(|path| Some(path.extension()?.to_str()?.to_owned())).collect()
    };
    // Told as soon as the first head may be written.
    let stop = std::future::poll_fn(|context| {
        if endings().is_empty() {
            context.waker().wake_by_ref();
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(())
    });
    let clock = Clock::new(|| "2026-11-22T23:59:59Z".parse().unwrap());
    upkeep::roots_loop(world.desk.clone(), folder.path().to_owned(), clock.clone(), stop).await;
    assert_eq!(endings(), ["heads"], "it is left half-written");
    let done = upkeep::daily(&world.desk, clock.now(), folder.path()).await.unwrap();
    assert!(done.root.is_some(), "the next start begins it anew");
});

both!(an_export_verifies_without_the_database, |db| async move {
    use touchstone::audit::export::export;
    use touchstone::capsule::lines;
    let world = World::new(db).await;
    world.furnish().await;
    let key = world.piece("N-9").await;
    let mut all = Vec::new();
    let count = export(&world.store, None, &mut all, &mut ()).await.unwrap();
    let mut heads = Vec::new();
    assert_eq!(lines::verify(all.as_slice(), |head| heads.push(head)).unwrap(), count);
    assert_eq!(heads.len(), 17 + 3 + 2);
    let mut one = Vec::new();
    assert_eq!(export(&world.store, Some(key.order_id), &mut one, &mut ()).await.unwrap(), 2);
    assert_eq!(lines::verify(one.as_slice(), |_| ()).unwrap(), 2);
    let spoiled = String::from_utf8(one).unwrap().replace("CNY", "EUR");
    assert!(lines::verify(spoiled.as_bytes(), |_| ()).is_err());
});
