//! Opening the database, its schema, and how its refusals are told apart.

use std::time::Duration;

use migrations::{Migrator, MigratorTrait};
use sea_orm::{ActiveModelTrait, ConnectionTrait, Database, EntityTrait, IntoActiveModel, Iterable, Statement};
use touchstone::store::changes::Changes;
use touchstone::store::entity::{self, events, idempotency, tags};
use touchstone::store::lookups;
use touchstone::store::{Backend, Error, Limits, Pool, Store};
use uuid::Uuid;

use crate::support::TestDatabase;

fn tag(name: &str) -> tags::Model {
    tags::Model { tag: name.to_owned(), order_id: Uuid::from_u128(7), stream_id: 1, tagged_at: 5 }
}

#[tokio::test]
async fn every_connection_of_sqlite_is_set_as_it_must_be() {
    let db = TestDatabase::sqlite();
    let store = Store::open(db.url(), Limits::default()).await.unwrap();
    let told = store.pragmas().await.unwrap();

    assert_eq!(told.iter().filter(|pragmas| pragmas.pool == Pool::Write).count(), 1);
    assert_eq!(told.iter().filter(|pragmas| pragmas.pool == Pool::Read).count(), 4);
    assert_eq!(told.iter().filter(|pragmas| pragmas.pool == Pool::Checkpoint).count(), 1);
    for pragmas in told {
        assert_eq!(pragmas.journal_mode, "wal");
        assert_eq!(pragmas.synchronous, 2, "FULL");
        assert!(pragmas.foreign_keys);
        assert!(pragmas.recursive_triggers);
        assert_eq!(pragmas.busy_timeout_ms, 5_000);
        assert_eq!(pragmas.query_only, pragmas.pool == Pool::Read);
        let cache_size = match pragmas.pool {
            Pool::Write => -8_192,
            Pool::Read => -256,
            Pool::Checkpoint => -256,
        };
        assert_eq!(pragmas.cache_size, cache_size);
        assert_eq!(pragmas.mmap_size_bytes, 0);
        assert_eq!(pragmas.temp_store, 2, "MEMORY");
        assert_eq!(pragmas.wal_autocheckpoint_pages, 16_384);
        assert_eq!(pragmas.journal_size_limit_bytes, 64 << 20);
    }
}

#[tokio::test]
async fn what_was_committed_is_brought_into_the_file_beside_the_writer() {
    let db = TestDatabase::sqlite();
    let store = db.migrated().await;
    let transaction = store.begin().await.unwrap();
    tag("T-1").into_active_model().insert(&*transaction).await.unwrap();
    // Not while it is being written.
    let before = store.checkpoint().await.unwrap().unwrap();
    assert_eq!(before.logged, before.moved);
    transaction.commit().await.unwrap();
    let after = store.checkpoint().await.unwrap().unwrap();
    assert_eq!(after.logged, after.moved, "{after:?}");
    assert!(0 < after.moved, "{after:?}");
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_writer_whose_disk_was_full_writes_for_good_again() {
    let db = TestDatabase::sqlite();
    let store = db.migrated().await;
    for round in 1..=2 {
        let transaction = store.begin().await.unwrap();
        // No page more than there are: to SQLite the same as a full disk.
        transaction.execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
        let mut full = None;
        for number in 0..10_000 {
            let written = tag(&format!("FULL-{number}")).into_active_model().insert(&*transaction).await;
            full = written.err();
            if full.is_some() {
                break;
            }
        }
        let full = Error::from(full.expect("no page more"));
        assert!(matches!(full, Error::Busy), "{full:?}");
        drop(transaction);

        let name = format!("T-{round}");
        let transaction = store.begin().await.unwrap();
        tag(&name).into_active_model().insert(&*transaction).await.unwrap();
        transaction.commit().await.unwrap();
        let kept: Vec<_> = tags::Entity::find().all(store.reader()).await.unwrap();
        assert_eq!(kept.len(), round, "{kept:?}");
        assert!(kept.contains(&tag(&name)));
    }
}

both!(what_is_written_can_be_read, |db| async move {
    let store = db.migrated().await;
    assert_eq!(store.backend(), db.backend());
    store.ping().await.unwrap();

    let transaction = store.begin().await.unwrap();
    tag("T-1").into_active_model().insert(&*transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(tags::Entity::find().all(store.reader()).await.unwrap(), [tag("T-1")]);
    store.close().await.unwrap();
});

both!(a_transaction_that_is_dropped_or_rolled_back_leaves_nothing, |db| async move {
    let store = db.migrated().await;
    let transaction = store.begin().await.unwrap();
    tag("T-1").into_active_model().insert(&*transaction).await.unwrap();
    drop(transaction);
    let transaction = store.begin().await.unwrap();
    tag("T-1").into_active_model().insert(&*transaction).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(tags::Entity::find().all(store.reader()).await.unwrap(), []);
});

both!(a_reader_cannot_write, |db| async move {
    let store = db.migrated().await;
    let refused = tag("T-1").into_active_model().insert(store.reader()).await;
    assert!(matches!(refused.map_err(Error::from), Err(Error::Broken(_))));
});

both!(the_schema_goes_up_and_down_and_up_again, |db| async move {
    let store = db.open().await;
    assert_eq!(
        store.pending_migrations().await.unwrap(),
        [
            "m0001_foundation",
            "m0003_readings",
            "m0004_photos",
            "m0005_certificates",
            "m0006_looks",
            "m0007_status_versions",
            "m0008_tries",
            "m0010_courier",
            "m0011_found",
            "m0012_owed",
            "m0013_restores",
            "m0014_unreached",
            "m0015_lost_capsules",
            "m0016_unread"
        ]
    );
    store.migrate().await.unwrap();
    assert!(store.pending_migrations().await.unwrap().is_empty());
    store.migrate().await.expect("a second time changes nothing");
    store.close().await.unwrap();

    let bare = Database::connect(db.url()).await.unwrap();
    Migrator::down(&bare, None).await.unwrap();
    let left = match db.backend() {
        Backend::Sqlite => "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
        Backend::Postgres => {
            "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema() \
             UNION ALL SELECT routine_name FROM information_schema.routines WHERE routine_schema = current_schema()"
        }
    };
    let left = bare.query_all_raw(Statement::from_string(bare.get_database_backend(), left)).await.unwrap();
    let left: Vec<String> = left.iter().map(|row| row.try_get("", "name").unwrap()).collect();
    assert_eq!(left, ["seaql_migrations"], "what remains is the record of migrations alone");
    bare.close().await.unwrap();

    let store = db.migrated().await;
    assert!(store.pending_migrations().await.unwrap().is_empty());
});

both!(two_instances_may_migrate_at_once, |db| async move {
    let (one, other) = (db.open().await, db.open().await);
    let (first, second) = tokio::join!(one.migrate(), other.migrate());
    first.unwrap();
    second.unwrap();
    assert!(one.pending_migrations().await.unwrap().is_empty());
});

/// Runs a check for every entity.
macro_rules! every_entity {
    ($check:ident: $($module:ident)*) => { [$($check::<entity::$module::Entity>(stringify!($module))),*] };
    ($check:ident) => {
        every_entity!($check: capsules carriers cases certificate_codes certificate_holders components deadlines
            devices event_keys events fees found_proposals frames idempotency incidents keys laboratories legs lines
            lives lost lost_and_found lost_capsules lots merchants obligations order_nos orders outbox parcel_pieces parcels parked
            people photo_bands photos piece_codes pieces presented_certificates proposals readings reference_pieces
            restores return_shipments roots sealed_texts seen shipments status_places tags tenants tokens transcripts tries
            unread_transcripts warehouses waybills webhooks)
    };
}

/// A column: table, name, whether it may be null, and its place in the key, 0 when it is not part of it.
type Column = (String, String, bool, i64);

fn columns<E: EntityTrait>(table: &str) -> Vec<Column> {
    use sea_orm::{ColumnTrait, IdenStatic, PrimaryKeyToColumn};

    let entity = E::default();
    assert_eq!(sea_orm::EntityName::table_name(&entity), table);
    let key: Vec<String> = E::PrimaryKey::iter().map(|column| column.into_column().as_str().to_owned()).collect();
    E::Column::iter()
        .map(|column| {
            let name = column.as_str().to_owned();
            let place = key.iter().position(|part| *part == name).map_or(0, |place| place as i64 + 1);
            (table.to_owned(), name, column.def().is_null(), place)
        })
        .collect()
}

both!(the_schema_is_what_the_entities_say, |db| async move {
    let store = db.migrated().await;
    let question = match db.backend() {
        Backend::Sqlite => {
            "SELECT t.name AS \"table\", c.name AS \"column\", c.\"notnull\" = 0 AS nullable, c.pk AS place \
             FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
             WHERE t.type = 'table' AND t.name NOT IN ('seaql_migrations', 'wall_marks') AND t.name NOT LIKE 'sqlite_%'"
        }
        Backend::Postgres => {
            "SELECT c.table_name::text AS \"table\", c.column_name::text AS \"column\", \
             c.is_nullable = 'YES' AS nullable, coalesce(k.ordinal_position, 0)::bigint AS place \
             FROM information_schema.columns c \
             LEFT JOIN information_schema.key_column_usage k \
             ON k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name \
             WHERE c.table_schema = current_schema() AND c.table_name <> 'seaql_migrations'"
        }
    };
    let reader = store.reader();
    let rows = reader.query_all_raw(Statement::from_string(reader.get_database_backend(), question)).await.unwrap();
    let mut stands: Vec<Column> = rows
        .iter()
        .map(|row| {
            (
                row.try_get("", "table").unwrap(),
                row.try_get("", "column").unwrap(),
                row.try_get("", "nullable").unwrap(),
                row.try_get("", "place").unwrap(),
            )
        })
        .collect();
    let mut said: Vec<Column> = every_entity!(columns).concat();
    stands.sort();
    said.sort();
    assert_eq!(stands, said);
});

both!(a_taken_key_is_a_conflict, |db| async move {
    let store = db.migrated().await;
    let event = events::Model {
        order_id: Uuid::from_u128(7),
        stream_id: 0,
        seq: 1,
        kind: "placed".to_owned(),
        person_id: Some(Uuid::from_u128(9)),
        at: 5,
        body: "{}".to_owned(),
        hash: vec![1; 32],
    };
    let transaction = store.begin().await.unwrap();
    tag("T-1").into_active_model().insert(&*transaction).await.unwrap();
    event.clone().into_active_model().insert(&*transaction).await.unwrap();
    transaction.commit().await.unwrap();

    let transaction = store.begin().await.unwrap();
    let refused = tag("T-1").into_active_model().insert(&*transaction).await;
    let refused = refused.map_err(|error| Error::from(error).over("tags")).unwrap_err();
    assert!(matches!(refused, Error::Conflict("tags")), "{refused:?}");
    assert!(!refused.retryable());
    drop(transaction);

    let transaction = store.begin().await.unwrap();
    let refused = events::Entity::insert_many([event.into_active_model()]).exec_without_returning(&*transaction).await;
    let refused = refused.map_err(Error::from).unwrap_err();
    assert!(matches!(refused, Error::Conflict(_)), "{refused:?}");
});

fn answered(owner: u128, number: u32) -> idempotency::Model {
    idempotency::Model {
        owner_id: Uuid::from_u128(owner),
        key: format!("key-{number}"),
        part: String::new(),
        order_id: None,
        wrapped_key: Vec::new(),
        digest: Vec::new(),
        answer: Vec::new(),
        created_at: 5,
    }
}

both!(keys_of_several_parts_are_found_without_reading_what_shares_a_part, |db| async move {
    let store = db.migrated().await;
    let postgres = store.backend() == Backend::Postgres;
    if postgres {
        // What it believes of a table is what was so when somebody last counted.
        let database = Database::connect(db.url()).await.unwrap();
        database.execute_unprepared("ANALYZE idempotency").await.unwrap();
        database.close().await.unwrap();
    }
    let transaction = store.begin().await.unwrap();
    let idempotency = (0..2_000).map(|number| answered(1, number)).chain([answered(2, 7)]).collect();
    transaction.write(Changes { idempotency, ..Changes::default() }).await.unwrap();
    transaction.commit().await.unwrap();

    let (one, other, nobody) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
    let asked =
        [(one, "key-7", ""), (one, "key-1999", ""), (other, "key-7", ""), (other, "key-8", ""), (one, "key-7", "")];
    let asked = [asked.as_slice(), &[(nobody, "key-7", ""), (one, "key-7", "part")]].concat();
    let transaction = store.begin().await.unwrap();
    const ROUNDS: i64 = 8; // A plan is thought over anew for the first five.
    for _ in 0..ROUNDS {
        let rows = lookups::answered(&transaction.source(), &asked).await.unwrap();
        let mut found: Vec<_> = rows.iter().map(|row| (row.owner_id, row.key.as_str())).collect();
        found.sort();
        assert_eq!(found, [(one, "key-1999"), (one, "key-7"), (other, "key-7")]);
    }
    if postgres {
        let read = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'idempotency'";
        let read = Statement::from_string(transaction.get_database_backend(), read);
        let read: i64 = transaction.query_one_raw(read).await.unwrap().unwrap().try_get_by_index(0).unwrap();
        assert_eq!(read, ROUNDS * 3);
    }
});

both!(a_row_that_cannot_be_updated_is_absent, |db| async move {
    let store = db.migrated().await;
    let transaction = store.begin().await.unwrap();
    let line = entity::lines::Model {
        order_id: Uuid::from_u128(7),
        line_no: 1,
        status: "waiting".to_owned(),
        stream_id: 1,
        attempts: 1,
        price_amount: 100,
        currency: "CNY".to_owned(),
    };
    let missed = line.into_active_model().reset_all().update(&*transaction).await;
    assert!(matches!(missed.map_err(Error::from), Err(Error::Absent)));
});

both!(a_wall_that_the_program_runs_into_is_a_fault, |db| async move {
    let store = db.migrated().await;
    let transaction = store.begin().await.unwrap();
    tag("T-1").into_active_model().insert(&*transaction).await.unwrap();
    let refused = tag("T-1").into_active_model().reset_all().update(&*transaction).await;
    assert!(matches!(refused.map_err(Error::from), Err(Error::Broken(_))));
});

both!(an_exhausted_writer_is_busy, |db| async move {
    let limits = Limits { writers: 1, patience: Duration::from_secs(600), ..Limits::default() };
    let store = Store::open(db.url(), limits).await.unwrap();
    let _held = store.begin().await.unwrap();
    // From here on only a timer can happen, so the patience of ten minutes is over at once, on any machine.
    tokio::time::pause();
    let refused = store.begin().await.map(|_| ()).unwrap_err();
    assert!(matches!(refused, Error::Busy), "{refused:?}");
    assert!(refused.retryable());
});

#[tokio::test]
async fn a_file_locked_by_another_program_is_busy() {
    let db = TestDatabase::sqlite();
    let (store, other) = (db.open().await, db.open().await);
    // The one writing connection, with no patience left: opening itself may have needed some.
    let first = store.begin().await.unwrap();
    first.execute_unprepared("PRAGMA busy_timeout = 1").await.unwrap();
    first.commit().await.unwrap();
    let _held = other.begin().await.unwrap();
    let refused = store.begin().await.map(|_| ()).unwrap_err();
    assert!(matches!(refused, Error::Busy), "{refused:?}");
}

#[tokio::test]
async fn a_row_locked_by_another_program_is_busy_on_postgres() {
    let db = TestDatabase::postgres();
    let store = db.migrated().await;
    let held = store.begin().await.unwrap();
    held.execute_unprepared("LOCK TABLE orders").await.unwrap();
    let waiting = store.begin().await.unwrap();
    waiting.execute_unprepared("SET LOCAL lock_timeout = 1").await.unwrap();
    let refused = waiting.execute_unprepared("LOCK TABLE orders").await.map_err(Error::from).unwrap_err();
    assert!(matches!(refused, Error::Busy), "{refused:?}");
}

#[tokio::test]
async fn patience_is_the_limit_of_a_lock_on_postgres() {
    let db = TestDatabase::postgres();
    let store = Store::open(db.url(), Limits { patience: Duration::from_secs(77), ..Limits::default() }).await.unwrap();
    let (writing, reading) = (store.begin().await.unwrap(), store.snapshot().await.unwrap());
    let question = Statement::from_string(writing.get_database_backend(), "SHOW lock_timeout");
    for answer in [writing.query_one_raw(question.clone()).await, reading.query_one_raw(question).await] {
        let row = answer.unwrap().unwrap();
        assert_eq!(row.try_get::<String>("", "lock_timeout").unwrap(), "77s");
    }
}

#[tokio::test]
async fn no_part_of_an_address_is_in_an_error() {
    for address in [
        "mysql://keeper:s3cret@db.example/touchstone",
        "sqlite://s3cret.db",
        "sqlite:///tmp/touchstone.db?key=s3cret",
        "postgres://keeper:s3cret@db.example:port/touchstone",
        "postgres://keeper@db.example/touchstone?pasword=s3cret",
        "postgres://keeper:s3cret@127.0.0.1:1/touchstone?sslmode=disable",
        "s3cret",
    ] {
        let limits = Limits { patience: Duration::from_millis(100), ..Limits::default() };
        let error = Store::open(address, limits).await.unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(!told.contains("s3cret") && !told.contains("keeper"), "{told}");
    }
}
