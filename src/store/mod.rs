//! The database: opening it, one entity module a table, and what it answers when it refuses.
//!
//! Only this room knows SeaORM. On SQLite there is one writing connection, since SQLite lets one write at a time and a
//! queue in front of it is fairer than a lock behind it, and a few reading ones that cannot write. On PostgreSQL there
//! is a pool for each.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use migrations::{Migrator, MigratorTrait};
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, IsolationLevel,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

pub mod backup;
pub mod beside;
pub mod changes;
mod checkpoint;
pub mod deadlines;
pub mod entity;
mod error;
pub mod found;
pub mod journal;
pub mod looks;
pub mod lookups;
pub mod lost_capsules;
mod open;
pub mod outbox;
pub mod owed;
mod pragmas;
pub mod projections;
pub mod queries;
pub mod raw;
pub mod registers;
pub mod restores;
mod script;
pub mod tries;
pub mod waits;
mod watched;
pub mod webhooks;

use changes::Changes;
pub use checkpoint::Checkpoint;
use checkpoint::Checkpointer;
pub use error::Error;
pub use open::Limits;
pub use pragmas::{Pool, Pragmas};
pub use script::Script;
use script::Texts;
pub use watched::{Moment, Watch, Watched};

/// Where reading goes; it refuses to write on either database.
pub type Reader = DatabaseConnection;

/// Where a decision reads: in its transaction, or before it.
pub type Source<'a> = DatabaseExecutor<'a>;

/// An open database.
#[derive(Clone)]
pub struct Store {
    pub(crate) backend: Backend,
    pub(crate) write: DatabaseConnection,
    pub(crate) read: DatabaseConnection,
    limits: Limits,
    texts: Arc<Texts>,
    /// On SQLite.
    checkpointer: Option<Arc<Checkpointer>>,
    watch: Watch,
}

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// One file, one writer; the default.
    Sqlite,
    /// A server, for more than one instance.
    Postgres,
}

/// A read transaction: every statement in it sees the same state, however much is written meanwhile.
pub struct Snapshot(DatabaseTransaction);

/// A write transaction. Dropped without [`commit`](Self::commit), it leaves nothing behind.
pub struct Transaction {
    inner: Watched,
    texts: Arc<Texts>,
    checkpointer: Option<Arc<Checkpointer>>,
}

/// So many conditions are joined by `OR` in one statement at the most: SQLite's parser nests them, and refuses a tree of
/// more than 1,000.
const ALTERNATIVES: usize = 256;

/// The same values, the last one repeated until there are a power of two of them: a question about any number of things
/// then has one of a few texts, and the database's plan for it is there already.
fn padded<T>(values: &[T]) -> impl Iterator<Item = &T> {
    let size = values.len().next_power_of_two();
    values.iter().chain(values.last().into_iter().cycle()).take(size)
}

/// The id that follows from what a row is made of: half a SHA-256, as a UUID of our own making (version 8, RFC 9562).
pub fn following(made_of: impl AsRef<[u8]>) -> Uuid {
    let hash = Sha256::digest(made_of);
    let (half, _) = hash.split_at(16);
    Builder::from_custom_bytes(half.try_into().unwrap_or_default()).into_uuid()
}

/// One number for all instances: it only has to be the same in each, and no other program's. The schema is the lock's
/// other half, since two schemas of one database have nothing to wait for.
const MIGRATION_LOCK: i32 = 0x746f_7563;

impl Store {
    /// Opens the database at `sqlite:///absolute/path/file.db`, which is created when it is absent, or at
    /// `postgres://…`. Nothing is migrated.
    pub async fn open(url: &str, limits: Limits) -> Result<Store, Error> {
        open::open(url, limits).await
    }

    /// Brings the schema up to date. Instances that do so at once wait for each other, however long one of them takes.
    pub async fn migrate(&self) -> Result<(), Error> {
        let transaction = self.begin().await?;
        if self.backend == Backend::Postgres {
            let lock = format!(
                "SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock({MIGRATION_LOCK}, hashtext(current_schema()))"
            );
            transaction.execute_unprepared(&lock).await?;
        }
        Migrator::up(&transaction.inner.inner, None).await?;
        transaction.commit().await
    }

    /// The names of the migrations that this program knows and the database has not had. Writes nothing.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, Error> {
        let pending = Migrator::get_pending_migrations_read_only(&self.read).await?;
        Ok(pending.iter().map(|migration| migration.name().to_owned()).collect())
    }

    /// The statements that write what commands brought, for [`Transaction::run`].
    pub fn script(&self, changes: Changes) -> Script {
        changes.script(self.write.get_database_backend(), &self.texts)
    }

    /// Begins to write. On SQLite the write lock is taken here and not at the first write: a transaction that has read
    /// before it writes would be refused if another wrote in between, however long it were willing to wait.
    pub async fn begin(&self) -> Result<Transaction, Error> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let inner = Watched { inner: self.write.begin_with_options(options).await?, watch: self.watch.clone() };
        Ok(Transaction { inner, texts: self.texts.clone(), checkpointer: self.checkpointer.clone() })
    }

    /// The same database, with one writing connection for its holder alone. Its socket belongs to the runtime in which
    /// it is asked for first, and has to be closed by [`Store::close_own`] before that ends. SQLite has one writing
    /// connection, and it stays everybody's.
    pub async fn with_own_writer(&self) -> Result<Store, Error> {
        let write = match self.backend {
            Backend::Sqlite => self.write.clone(),
            Backend::Postgres => open::another_postgres(&self.write, self.limits).await?,
        };
        Ok(Store { write, ..self.clone() })
    }

    /// Closes the connection that [`Store::with_own_writer`] brought.
    pub async fn close_own(self) -> Result<(), Error> {
        match self.backend {
            Backend::Sqlite => Ok(()),
            Backend::Postgres => Ok(self.write.close().await?),
        }
    }

    /// The same database, with somebody who watches every write transaction: for tests.
    pub fn watched(self, watch: Watch) -> Self {
        Self { watch, ..self }
    }

    /// Begins to read one state of the whole database. On SQLite the write-ahead log grows for as long as it is held.
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        let options = match self.backend {
            Backend::Sqlite => TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
                ..TransactionOptions::default()
            },
            Backend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
        };
        Ok(Snapshot(self.read.begin_with_options(options).await?))
    }

    /// A reading connection is taken for each statement; two statements may see two states.
    pub fn reader(&self) -> &Reader {
        &self.read
    }

    /// The same, for a decision that is taken before its transaction begins.
    pub fn source(&self) -> Source<'_> {
        Source::Connection(&self.read)
    }

    /// For the few statements that the two databases don't share.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Whether the database answers. It asks a reading connection, so that a long write is not taken for an outage.
    pub async fn ping(&self) -> Result<(), Error> {
        Ok(self.read.ping().await?)
    }

    /// What every connection of both pools is set to; empty on PostgreSQL, which has no pragmas.
    pub async fn pragmas(&self) -> Result<Vec<Pragmas>, Error> {
        match self.backend {
            Backend::Sqlite => pragmas::of(self, self.limits.sqlite_readers()).await,
            Backend::Postgres => Ok(Vec::new()),
        }
    }

    /// Brings what the write-ahead log holds into the file, as happens by itself after commits; none on PostgreSQL.
    pub async fn checkpoint(&self) -> Result<Option<Checkpoint>, Error> {
        match &self.checkpointer {
            Some(checkpointer) => Ok(Some(checkpointer.checkpoint().await?)),
            None => Ok(None),
        }
    }

    /// Waits for what is under way and closes all pools. The writer goes last, for only it can fold the write-ahead
    /// log back into the file.
    pub async fn close(self) -> Result<(), Error> {
        if let Some(checkpointer) = &self.checkpointer {
            checkpointer.close().await?;
        }
        self.read.close().await?;
        Ok(self.write.close().await?)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("backend", &self.backend).finish_non_exhaustive()
    }
}

impl Transaction {
    /// Makes it durable. When this fails with [`Error::Busy`], whether it took effect is not known: look before
    /// repeating it.
    pub async fn commit(self) -> Result<(), Error> {
        let Watched { inner, watch } = self.inner;
        watch.at(Moment::Commit)?;
        inner.commit().await?;
        if let Some(checkpointer) = &self.checkpointer {
            checkpointer.written();
        }
        Ok(watch.at(Moment::Committed)?)
    }

    /// For a decision that is taken in this transaction.
    pub fn source(&self) -> Source<'_> {
        Source::Transaction(&self.inner.inner)
    }

    /// Writes what commands brought. A taken key answers [`Error::Conflict`] with the name of the register.
    pub async fn write(&self, changes: Changes) -> Result<(), Error> {
        self.run(changes.script(self.inner.get_database_backend(), &self.texts)).await
    }

    /// Runs what [`Store::script`] wrote.
    pub async fn run(&self, script: Script) -> Result<(), Error> {
        script.run(&self.inner).await
    }

    /// Undoes it now; a drop leaves that to the next use of the connection.
    pub async fn rollback(self) -> Result<(), Error> {
        Ok(self.inner.inner.rollback().await?)
    }
}

/// So that the functions of this room take a transaction and a [`Reader`] alike.
impl Deref for Transaction {
    type Target = Watched;

    fn deref(&self) -> &Watched {
        &self.inner
    }
}

impl Deref for Snapshot {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.0
    }
}
