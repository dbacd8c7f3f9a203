//! Opening a database.
//!
//! An address may hold a password, so it is read here and never handed on as text: SeaORM writes its options into
//! trace spans and quotes an address that it can't read. It is given an empty one, and the real options go to the
//! driver through a closure. Errors of this module name no part of an address.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{ConnectOptions as _, Connection as _};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};

use super::checkpoint::Checkpointer;
use super::{Backend, Error, Store, Watch};

/// How much of a database one instance takes for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Reading connections. On SQLite no more than four are made: each has a page cache of its own.
    pub readers: u32,
    /// Writing connections on PostgreSQL. SQLite has one.
    pub writers: u32,
    /// How long a caller waits for a connection, and a statement for a lock.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { readers: 4, writers: 8, patience: Duration::from_secs(5) }
    }
}

impl Limits {
    pub(super) fn sqlite_readers(&self) -> u32 {
        self.readers.clamp(1, 4)
    }
}

pub(super) async fn open(url: &str, limits: Limits) -> Result<Store, Error> {
    if let Some(path) = url.strip_prefix("sqlite://") {
        return open_sqlite(path, limits).await;
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return open_postgres(url, limits).await;
    }
    Err(unreadable("the database address must begin with sqlite:// or postgres://"))
}

async fn open_sqlite(path: &str, limits: Limits) -> Result<Store, Error> {
    if !path.starts_with('/') {
        return Err(unreadable("the path of an SQLite database must be absolute: sqlite:///…"));
    }
    if path.contains(['?', '%', '#']) {
        return Err(unreadable("the path of an SQLite database may hold no ?, % or #, and takes no parameters"));
    }
    let write = sqlite_options(Path::new(path), limits).create_if_missing(true).pragma("cache_size", "-8192");
    // Both locks on the door: the file is opened for reading only, and the connection knows it.
    let read =
        sqlite_options(Path::new(path), limits).read_only(true).pragma("query_only", "ON").pragma("cache_size", "-256");

    // The writer comes first: it makes the file and the write-ahead log that a reader cannot make.
    let write = sqlite_pool(write, 1, limits).await?;
    let read = sqlite_pool(read, limits.sqlite_readers(), limits).await?;
    let beside = sqlite_options(Path::new(path), limits).pragma("cache_size", "-256");
    let checkpointer = Some(Arc::new(Checkpointer::start(sqlite_pool(beside, 1, limits).await?)));
    Ok(Store {
        backend: Backend::Sqlite,
        write,
        read,
        limits,
        texts: Arc::default(),
        checkpointer,
        watch: Watch::default(),
    })
}

fn sqlite_options(path: &Path, limits: Limits) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // A receipt that was given must survive a power cut; in WAL mode NORMAL does not promise that.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(limits.patience)
        // With it a REPLACE fires the delete triggers of what it replaces.
        .pragma("recursive_triggers", "ON")
        // An I/O error under a memory map is a signal and not a value, and its pages would count as ours.
        .pragma("mmap_size", "0")
        // A container may have no directory for temporary files; what is sorted here is small.
        .pragma("temp_store", "MEMORY")
        // The writer folds the log only where the checkpointer has not kept up, after 64 MiB; the log is cut back to that
        // when it has grown.
        .pragma("wal_autocheckpoint", "16384")
        .pragma("journal_size_limit", "67108864")
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging()
}

pub(super) async fn sqlite_pool(
    options: SqliteConnectOptions,
    connections: u32,
    limits: Limits,
) -> Result<DatabaseConnection, Error> {
    let mut pool = ConnectOptions::new("sqlite://");
    quiet(&mut pool)
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(limits.patience)
        // A file does not go away: connections are neither tested nor renewed.
        .test_before_acquire(false)
        .max_lifetime(None)
        .idle_timeout((connections > 1).then_some(IDLE))
        // Where a disk is full, SQLite undoes a transaction by itself, and the driver goes on counting it: what were begun
        // on that connection later would be a part of a transaction that nobody commits.
        .map_sqlx_sqlite_pool_opts(|pool| {
            pool.before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
        })
        .map_sqlx_sqlite_opts(move |_| options.clone());
    Ok(Database::connect(pool).await?)
}

async fn open_postgres(url: &str, limits: Limits) -> Result<Store, Error> {
    if !parameters(url).all(|name| PARAMETERS.contains(&name) || name.starts_with("options[")) {
        // The driver would log the parameter together with its value.
        return Err(unreadable("the PostgreSQL address has a parameter that is not known"));
    }
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| unreadable("the PostgreSQL address cannot be read"))?
        .options([("lock_timeout", limits.patience.as_millis())])
        // Compiling a plan takes longer than any question here.
        .options([("jit", "off")])
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    let reading = options.clone().options([("default_transaction_read_only", "on")]);
    // Whatever a writer asks is asked by a key. A plan that is made while a table is small reads all of it, and a
    // prepared statement keeps its plan while the table grows.
    let options = options.options([("enable_seqscan", "off")]);

    let write = postgres_pool(options, limits.writers.max(1), limits, false).await?;
    let read = postgres_pool(reading, limits.readers.max(1), limits, false).await?;
    Ok(Store {
        backend: Backend::Postgres,
        write,
        read,
        limits,
        texts: Arc::default(),
        checkpointer: None,
        watch: Watch::default(),
    })
}

/// One more connection like those of a pool; made when it is needed.
pub(super) async fn another_postgres(pool: &DatabaseConnection, limits: Limits) -> Result<DatabaseConnection, Error> {
    let options = pool.get_postgres_connection_pool().connect_options();
    postgres_pool(PgConnectOptions::clone(&options), 1, limits, true).await
}

async fn postgres_pool(
    options: PgConnectOptions,
    connections: u32,
    limits: Limits,
    lazy: bool,
) -> Result<DatabaseConnection, Error> {
    let mut pool = ConnectOptions::new("postgres://");
    quiet(&mut pool)
        .connect_lazy(lazy)
        .max_connections(connections)
        .acquire_timeout(limits.patience)
        .test_before_acquire_if_idle_for(Duration::from_secs(15))
        .idle_timeout(IDLE)
        .map_sqlx_postgres_opts(move |_| options.clone());
    Ok(Database::connect(pool).await?)
}

/// Statements that a connection keeps ready: inserts by table and number of rows, and the questions.
const STATEMENTS: usize = 800;

const IDLE: Duration = Duration::from_secs(300);

/// The parameters that the driver knows.
const PARAMETERS: &[&str] = &[
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

fn parameters(url: &str) -> impl Iterator<Item = &str> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name))
}

/// Statements hold what people wrote, so they go neither into the log nor into spans.
fn quiet(options: &mut ConnectOptions) -> &mut ConnectOptions {
    options.sqlx_logging(false).record_stmt_in_spans(false)
}

fn unreadable(sentence: &'static str) -> Error {
    Error::Broken(DbErr::Custom(sentence.to_owned()))
}
