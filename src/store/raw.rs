//! The database without the house around it: what the measurements compare the house with, and how they fill a database
//! quickly. No request comes through here.
//!
//! A [`Recording`] holds the very statements that the house would run for single commands; [`run`] runs them as prepared
//! statements on connections of its own, one transaction a command.

use std::path::Path;
use std::time::{Duration, Instant};

use sea_orm::sqlx::postgres::{PgArguments, PgPool};
use sea_orm::sqlx::sqlite::{SqliteArguments, SqlitePool};
use sea_orm::sqlx::{self, Arguments as _, AssertSqlSafe};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, Statement, Value};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::changes::Changes;
use super::entity::*;
use super::{Backend, Error, Store};

/// The statements of many commands, each command's in a transaction of its own.
#[derive(Debug, Default)]
pub struct Recording(Vec<Vec<Statement>>);

impl Recording {
    pub fn transactions(&self) -> usize {
        self.0.len()
    }

    pub fn statements(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }
}

/// Writes these commands one after the other, keeps the statements, and undoes everything: what is kept has been seen
/// to work on this database.
pub async fn rehearse(store: &Store, commands: Vec<Changes>) -> Result<Recording, Error> {
    let transaction = store.begin().await?;
    let mut recording = Recording::default();
    for changes in commands {
        let own = store.script(changes);
        transaction.run(own.clone()).await?;
        recording.0.push(own.0.into_iter().map(|step| step.statement).collect());
    }
    transaction.rollback().await?;
    Ok(recording)
}

/// Runs recordings, each on a connection of its own, all at once; answers how long that took. What a statement is bound to
/// is made ready before the clock starts.
pub async fn run(store: &Store, recordings: Vec<Recording>) -> Result<Duration, Error> {
    match store.backend() {
        Backend::Sqlite => {
            let pool = store.write.get_sqlite_connection_pool().clone();
            let recording = Recording(recordings.into_iter().flat_map(|recording| recording.0).collect());
            run_sqlite(&pool, recording).await
        }
        Backend::Postgres => run_postgres(store.write.get_postgres_connection_pool(), recordings).await,
    }
}

async fn run_sqlite(pool: &SqlitePool, recording: Recording) -> Result<Duration, Error> {
    let ready: Vec<Vec<(String, SqliteArguments)>> =
        recording.0.into_iter().map(|own| own.into_iter().map(bind_sqlite).collect()).collect();
    let mut connection = pool.acquire().await.map_err(broken)?;
    let started = Instant::now();
    for own in ready {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await.map_err(broken)?;
        for (sql, arguments) in own {
            sqlx::query_with(AssertSqlSafe(sql), arguments).execute(&mut *connection).await.map_err(broken)?;
        }
        sqlx::query("COMMIT").execute(&mut *connection).await.map_err(broken)?;
    }
    Ok(started.elapsed())
}

async fn run_postgres(pool: &PgPool, recordings: Vec<Recording>) -> Result<Duration, Error> {
    let mut connections = Vec::new();
    for recording in recordings {
        let ready: Vec<Vec<(String, PgArguments)>> =
            recording.0.into_iter().map(|own| own.into_iter().map(bind_postgres).collect()).collect();
        connections.push((pool.acquire().await.map_err(broken)?, ready));
    }
    let started = Instant::now();
    let mut running = JoinSet::new();
    for (mut connection, ready) in connections {
        running.spawn(async move {
            for own in ready {
                sqlx::query("BEGIN").execute(&mut *connection).await?;
                for (sql, arguments) in own {
                    sqlx::query_with(AssertSqlSafe(sql), arguments).execute(&mut *connection).await?;
                }
                sqlx::query("COMMIT").execute(&mut *connection).await?;
            }
            Ok(())
        });
    }
    while let Some(done) = running.join_next().await {
        done.map_err(|error| Error::Broken(DbErr::Custom(error.to_string())))?.map_err(broken)?;
    }
    Ok(started.elapsed())
}

fn broken(error: sqlx::Error) -> Error {
    Error::Broken(DbErr::Custom(error.to_string()))
}

macro_rules! bind {
    ($name:ident, $arguments:ty) => {
        /// A statement with what it is bound to. A value of a kind that no entity has is left out, and the statement
        /// fails where it is run.
        fn $name(statement: Statement) -> (String, $arguments) {
            let mut arguments = <$arguments>::default();
            for value in statement.values.map(|values| values.0).unwrap_or_default() {
                let _ = match value {
                    Value::Bool(value) => arguments.add(value),
                    Value::Int(value) => arguments.add(value),
                    Value::BigInt(value) => arguments.add(value),
                    Value::String(value) => arguments.add(value),
                    Value::Bytes(value) => arguments.add(value),
                    Value::Uuid(value) => arguments.add(value),
                    _ => Ok(()), // The list of SeaORM is long and open; the entities use the six above.
                };
            }
            (statement.sql, arguments)
        }
    };
}

bind!(bind_sqlite, SqliteArguments);
bind!(bind_postgres, PgArguments);

/// Writes a fresh copy of a SQLite database beside it.
pub async fn copy_sqlite(store: &Store, to: &Path) -> Result<(), Error> {
    let path = to.display().to_string().replace('\'', "''");
    store.write.execute_unprepared(&format!("VACUUM INTO '{path}'")).await?;
    Ok(())
}

/// Lets a SQLite database take rows in bulk: nothing is durable until [`settle`], and much is kept in memory.
pub async fn hasten(store: &Store) -> Result<(), Error> {
    for pragma in ["synchronous = OFF", "cache_size = -524288", "wal_autocheckpoint = 65536"] {
        store.write.execute_unprepared(&format!("PRAGMA {pragma}")).await?;
    }
    Ok(())
}

/// Folds the log of a bulk load into the file and lets the planner know what is in it.
pub async fn settle(store: &Store) -> Result<(), Error> {
    store.write.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
    Ok(())
}

/// Makes an empty schema on a PostgreSQL; answers the address that leads into it.
pub async fn create_schema(url: &str, schema: &str) -> Result<String, Error> {
    administer(url, &format!("CREATE SCHEMA {schema}")).await?;
    let joint = if url.contains('?') { '&' } else { '?' };
    Ok(format!("{url}{joint}options=-c%20search_path%3D{schema}"))
}

pub async fn drop_schema(url: &str, schema: &str) -> Result<(), Error> {
    administer(url, &format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).await
}

/// Fills the tables of one schema with the rows of another that has the same ones; the record of migrations stays.
pub async fn copy_schema(url: &str, from: &str, to: &str) -> Result<(), Error> {
    let copy = format!(
        "DO $$ DECLARE t text; BEGIN
           FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = '{from}' AND tablename <> 'seaql_migrations' LOOP
             EXECUTE format('INSERT INTO {to}.%I SELECT * FROM {from}.%I', t, t);
           END LOOP; END $$"
    );
    administer(url, &copy).await
}

/// What a PostgreSQL's own autovacuum does within a minute of so many new rows: without it plans are made for tables that
/// are taken for empty.
pub async fn gather_statistics(url: &str) -> Result<(), Error> {
    administer(url, "ANALYZE").await
}

async fn administer(url: &str, sql: &str) -> Result<(), Error> {
    let pool = PgPool::connect(url).await.map_err(broken)?;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&pool).await.map_err(broken)?;
    pool.close().await;
    Ok(())
}

/// Every row that one order brought, as the latest command left it; the view token's is not among them.
pub async fn rows_of(store: &Store, order_id: Uuid) -> Result<Changes, Error> {
    let conn = store.reader();
    macro_rules! of_order {
        ($table:ident) => {
            $table::Entity::find().filter($table::Column::OrderId.eq(order_id)).all(conn).await?
        };
    }
    let mut rows = Changes {
        events: events::Entity::find()
            .filter(events::Column::OrderId.eq(order_id))
            .order_by_asc(events::Column::StreamId)
            .order_by_asc(events::Column::Seq)
            .all(conn)
            .await?,
        event_keys: of_order!(event_keys),
        sealed_texts: of_order!(sealed_texts),
        orders: of_order!(orders),
        lines: of_order!(lines),
        pieces: of_order!(pieces),
        components: of_order!(components),
        photos: of_order!(photos),
        photo_bands: of_order!(photo_bands),
        capsules: of_order!(capsules),
        shipments: of_order!(shipments),
        return_shipments: of_order!(return_shipments),
        deadlines: of_order!(deadlines),
        outbox: outbox::Entity::find().filter(outbox::Column::OrderId.eq(order_id)).all(conn).await?,
        idempotency: of_order!(idempotency),
        ..Changes::default()
    };
    for piece in &rows.pieces {
        rows.piece_codes.extend(piece_codes::Entity::find_by_id(piece.code.clone()).one(conn).await?);
        let inside = parcel_pieces::Entity::find()
            .filter(parcel_pieces::Column::OrderId.eq(order_id))
            .filter(parcel_pieces::Column::StreamId.eq(piece.stream_id));
        rows.parcel_pieces.extend(inside.all(conn).await?);
    }
    for order in &rows.orders {
        let number = (order.tenant_id.clone(), order.order_no.clone());
        rows.order_nos.extend(order_nos::Entity::find_by_id(number).one(conn).await?);
    }
    for inside in &rows.parcel_pieces {
        rows.parcels.extend(parcels::Entity::find_by_id(inside.parcel_id).one(conn).await?);
    }
    let legs = rows.parcels.iter().map(|row| (&row.carrier, &row.waybill));
    let legs = legs.chain(rows.shipments.iter().map(|row| (&row.carrier, &row.waybill)));
    let legs = legs.chain(rows.return_shipments.iter().map(|row| (&row.carrier, &row.waybill)));
    for (carrier, waybill) in legs.map(|(carrier, waybill)| (carrier.clone(), waybill.clone())).collect::<Vec<_>>() {
        rows.waybills.extend(waybills::Entity::find_by_id((carrier, waybill)).one(conn).await?);
    }
    for capsule in &rows.capsules {
        let code = capsule.certificate_code.clone();
        rows.certificate_codes.extend(certificate_codes::Entity::find_by_id(code).one(conn).await?);
        rows.status_places.extend(status_places::Entity::find_by_id(capsule.status_place).one(conn).await?);
    }
    Ok(rows)
}

/// A tag's row.
pub async fn tag(store: &Store, tag: &str) -> Result<Option<tags::Model>, Error> {
    Ok(tags::Entity::find_by_id(tag.to_owned()).one(store.reader()).await?)
}

/// What was put up for a second person in one warehouse, from this moment on.
pub async fn proposals_since(store: &Store, since: i64) -> Result<Vec<proposals::Model>, Error> {
    Ok(proposals::Entity::find().filter(proposals::Column::CreatedAt.gte(since)).all(store.reader()).await?)
}
