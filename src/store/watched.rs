//! A write transaction that says what it is about to do, to whoever watches: the seam at which a test lets the machine die
//! before any statement, before a commit and after it. Nobody watches in service.

use std::fmt;
use std::sync::Arc;

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};

/// What a transaction is about to do, or has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before a statement, which is after the one before it.
    Statement,
    Commit,
    /// The commit is done, and nobody was told yet.
    Committed,
}

/// Asked at every moment of every write transaction of a store; false where the machine dies there.
#[derive(Clone, Default)]
pub struct Watch(Option<Arc<dyn Fn(Moment) -> bool + Send + Sync>>);

impl Watch {
    /// Who watches.
    pub fn new(lives: impl Fn(Moment) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(lives)))
    }

    /// # Errors
    ///
    /// Where the machine dies here.
    pub fn at(&self, moment: Moment) -> Result<(), DbErr> {
        match &self.0 {
            Some(lives) if !lives(moment) => Err(DbErr::Custom(format!("died at {moment:?}"))),
            Some(_) | None => Ok(()),
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Watch(…)" } else { "Watch" })
    }
}

/// A connection in a transaction, and who watches it.
pub struct Watched {
    pub(super) inner: DatabaseTransaction,
    pub(super) watch: Watch,
}

#[async_trait]
impl ConnectionTrait for Watched {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.watch.at(Moment::Statement)?;
        self.inner.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.watch.at(Moment::Statement)?;
        self.inner.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.watch.at(Moment::Statement)?;
        self.inner.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.watch.at(Moment::Statement)?;
        self.inner.query_all_raw(statement).await
    }
}
