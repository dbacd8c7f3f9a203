//! What the database may answer instead of doing as it was asked.

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr, SqlxError, SqlxPostgresError, SqlxSqliteError};

/// What a statement came to when it did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Locked, at its limit, out of reach, or without room on its disk. The same thing may succeed a moment later.
    #[error("the database is busy or out of reach")]
    Busy,
    /// Another row stands where this one would. Names what is taken, as the place that wrote it calls it.
    #[error("another row stands in the way: {0}")]
    Conflict(&'static str),
    /// The row that was to be there is not.
    #[error("the row is absent")]
    Absent,
    /// A fault of the program, of the schema or of the machine.
    #[error("the database could not do as it was asked")]
    Broken(#[source] DbErr),
}

impl Error {
    /// Whether to try the very same thing again. A conflict has to be decided anew first.
    pub fn retryable(&self) -> bool {
        match self {
            Error::Busy => true,
            Error::Conflict(_) | Error::Absent | Error::Broken(_) => false,
        }
    }

    /// Gives a conflict the name of what is taken; the others stay as they are.
    pub fn over(self, what: &'static str) -> Error {
        match self {
            Error::Conflict(_) => Error::Conflict(what),
            Error::Busy | Error::Absent | Error::Broken(_) => self,
        }
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Error {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => return Error::Conflict("a key that is taken"),
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => return Error::Conflict("a reference between rows"),
            // SeaORM may learn to tell more of them; until they have a name here they are faults.
            Some(_) | None => {}
        }
        match &error {
            DbErr::RecordNotFound(_) | DbErr::RecordNotUpdated => Error::Absent,
            DbErr::RecordNotInserted => Error::Conflict("a key that is taken"),
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => Error::Busy,
            DbErr::Conn(RuntimeErr::SqlxError(cause))
            | DbErr::Exec(RuntimeErr::SqlxError(cause))
            | DbErr::Query(RuntimeErr::SqlxError(cause))
                if passes(cause) =>
            {
                Error::Busy
            }
            // The list of SeaORM is open, and whatever else there is cannot be helped by anybody who calls.
            _ => Error::Broken(error),
        }
    }
}

/// Whether the cause goes away by itself.
fn passes(cause: &SqlxError) -> bool {
    match cause {
        SqlxError::PoolTimedOut => true,
        SqlxError::Io(reason) => {
            // `Busy` carries no cause, and an operator has to learn why a database cannot be reached.
            tracing::warn!(error.kind = %reason.kind(), "the connection to the database was lost");
            true
        }
        SqlxError::Database(refusal) if is_full(refusal.as_ref()) => {
            tracing::error!("the disk of the database is full: nothing is written until there is room again");
            true
        }
        SqlxError::Database(refusal) => is_locked(refusal.as_ref()),
        // The list of sqlx is open; what is not known to pass is taken to stay.
        _ => false,
    }
}

/// Neither SeaORM nor sqlx has a kind for this, so here, and only here, the result code of the driver's own error is
/// read.
fn is_locked(refusal: &(dyn DatabaseError + 'static)) -> bool {
    is_one_of(refusal, &[sqlite::BUSY, sqlite::LOCKED], postgres::PASSING)
}

fn is_full(refusal: &(dyn DatabaseError + 'static)) -> bool {
    is_one_of(refusal, &[sqlite::FULL], &[postgres::DISK_FULL])
}

fn is_one_of(refusal: &(dyn DatabaseError + 'static), of_sqlite: &[i32], of_postgres: &[&str]) -> bool {
    if let Some(refusal) = refusal.try_downcast_ref::<SqlxSqliteError>() {
        // The low byte of an extended result code is the primary one.
        let primary = refusal.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff);
        return primary.is_some_and(|primary| of_sqlite.contains(&primary));
    }
    if let Some(refusal) = refusal.try_downcast_ref::<SqlxPostgresError>() {
        return of_postgres.contains(&refusal.code());
    }
    false
}

mod sqlite {
    pub(super) const FULL: i32 = 13;
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
}

mod postgres {
    pub(super) const DISK_FULL: &str = "53100";
    pub(super) const PASSING: &[&str] = &[
        "40001", // serialization_failure
        "40P01", // deadlock_detected
        "53300", // too_many_connections
        "55P03", // lock_not_available
        "57P01", // admin_shutdown
        "57P02", // crash_shutdown
        "57P03", // cannot_connect_now
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_busy_database_is_asked_the_same_again() {
        assert!(Error::Busy.retryable());
        assert!(!Error::Conflict("tags").retryable());
        assert!(!Error::Absent.retryable());
        assert!(!Error::Broken(DbErr::UnpackInsertId).retryable());
    }

    #[test]
    fn only_a_conflict_takes_a_name() {
        assert!(matches!(Error::from(DbErr::RecordNotInserted).over("tags"), Error::Conflict("tags")));
        assert!(matches!(Error::Busy.over("tags"), Error::Busy));
        assert!(matches!(Error::Absent.over("tags"), Error::Absent));
        assert!(matches!(Error::Broken(DbErr::UnpackInsertId).over("tags"), Error::Broken(_)));
    }

    #[test]
    fn a_row_that_is_not_there_is_absent() {
        assert!(matches!(Error::from(DbErr::RecordNotFound("orders".to_owned())), Error::Absent));
        assert!(matches!(Error::from(DbErr::RecordNotUpdated), Error::Absent));
    }

    #[test]
    fn an_exhausted_pool_is_busy_and_a_closed_one_is_broken() {
        assert!(matches!(Error::from(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)), Error::Busy));
        assert!(matches!(Error::from(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)), Error::Broken(_)));
    }
}
