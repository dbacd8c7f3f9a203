//! SQLite's write-ahead log is brought into the file beside the writer, so that no commit waits for it. What a burst
//! leaves behind, the writer itself folds once the log is long (`wal_autocheckpoint`): only then can the log begin anew.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::Error;

/// Commits that follow each other this closely are brought over together: they write the same pages again and again.
const GATHER: Duration = Duration::from_millis(250);

/// What lay in the log, and how much of it is in the file now; in pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub logged: i32,
    pub moved: i32,
}

/// Who brings the log over, for as long as the store is open.
pub(super) struct Checkpointer {
    connection: DatabaseConnection,
    written: Arc<Notify>,
    task: AbortHandle,
}

impl Checkpointer {
    /// Begins to wait for commits. Nothing is done and no timer runs while nobody writes.
    pub(super) fn start(connection: DatabaseConnection) -> Self {
        let written = Arc::new(Notify::new());
        let task = tokio::spawn(run(connection.clone(), written.clone())).abort_handle();
        Self { connection, written, task }
    }

    /// Something was committed.
    pub(super) fn written(&self) {
        self.written.notify_one();
    }

    pub(super) fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }

    /// Brings over what no reader still looks past, and waits for nobody.
    pub(super) async fn checkpoint(&self) -> Result<Checkpoint, Error> {
        checkpoint(&self.connection).await
    }

    pub(super) async fn close(&self) -> Result<(), Error> {
        self.task.abort();
        Ok(self.connection.clone().close().await?)
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(connection: DatabaseConnection, written: Arc<Notify>) {
    loop {
        written.notified().await;
        tokio::time::sleep(GATHER).await;
        // What cannot be brought over now is brought over after the next commit, or by the writer.
        if let Err(error) = checkpoint(&connection).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "the write-ahead log stays as it is");
        }
    }
}

async fn checkpoint(connection: &DatabaseConnection) -> Result<Checkpoint, Error> {
    let statement = Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(PASSIVE)");
    let Some(row) = connection.query_one_raw(statement).await? else {
        return Ok(Checkpoint { logged: 0, moved: 0 });
    };
    Ok(Checkpoint { logged: row.try_get_by_index(1)?, moved: row.try_get_by_index(2)? })
}
