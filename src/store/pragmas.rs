//! What a connection of SQLite is set to, as the connection itself tells it.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, TransactionTrait, TryGetable};

use super::{Error, Store};

/// Which pool a connection belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// The one that writes.
    Write,
    /// Those that read.
    Read,
    /// The one that brings the write-ahead log over.
    Checkpoint,
}

/// The settings of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pragmas {
    /// Where the connection belongs.
    pub pool: Pool,
    /// `wal`: readers don't wait for the writer.
    pub journal_mode: String,
    /// 2 is `FULL`.
    pub synchronous: i64,
    /// Off in other clients.
    pub foreign_keys: bool,
    /// Off in other clients; with it a `REPLACE` fires delete triggers.
    pub recursive_triggers: bool,
    /// Whether the connection refuses to write.
    pub query_only: bool,
    /// How long it waits for another program's lock.
    pub busy_timeout_ms: i64,
    /// Negative: KiB; positive: pages.
    pub cache_size: i64,
    /// How much of the file is mapped into memory.
    pub mmap_size_bytes: i64,
    /// 2 is `MEMORY`.
    pub temp_store: i64,
    /// When the write-ahead log is folded back into the file.
    pub wal_autocheckpoint_pages: i64,
    /// To what the write-ahead log is cut back once it has been folded.
    pub journal_size_limit_bytes: i64,
}

/// Holds every connection of a pool at once, for otherwise the same one could answer twice.
pub(super) async fn of(store: &Store, readers: u32) -> Result<Vec<Pragmas>, Error> {
    let mut told = vec![read(&store.begin().await?.inner.inner, Pool::Write).await?];
    let mut held = Vec::new();
    for _ in 0..readers {
        held.push(store.read.begin().await?);
    }
    for connection in &held {
        told.push(read(connection, Pool::Read).await?);
    }
    if let Some(checkpointer) = &store.checkpointer {
        told.push(read(&checkpointer.connection().begin().await?, Pool::Checkpoint).await?);
    }
    Ok(told)
}

async fn read(connection: &DatabaseTransaction, pool: Pool) -> Result<Pragmas, DbErr> {
    Ok(Pragmas {
        pool,
        journal_mode: one(connection, "PRAGMA journal_mode").await?,
        synchronous: one(connection, "PRAGMA synchronous").await?,
        foreign_keys: one(connection, "PRAGMA foreign_keys").await?,
        recursive_triggers: one(connection, "PRAGMA recursive_triggers").await?,
        query_only: one(connection, "PRAGMA query_only").await?,
        busy_timeout_ms: one(connection, "PRAGMA busy_timeout").await?,
        cache_size: one(connection, "PRAGMA cache_size").await?,
        mmap_size_bytes: one(connection, "PRAGMA mmap_size").await?,
        temp_store: one(connection, "PRAGMA temp_store").await?,
        wal_autocheckpoint_pages: one(connection, "PRAGMA wal_autocheckpoint").await?,
        journal_size_limit_bytes: one(connection, "PRAGMA journal_size_limit").await?,
    })
}

async fn one<T: TryGetable>(connection: &DatabaseTransaction, pragma: &str) -> Result<T, DbErr> {
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Sqlite, pragma)).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(pragma.to_owned()))?.try_get_by_index(0)
}
