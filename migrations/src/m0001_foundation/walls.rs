//! The third wall: what the schema itself refuses, whatever program asks for it.
//!
//! The walls are triggers, so that they stand in the stock clients too. Everything they say begins with
//! `touchstone:`. The words are shared; the means differ, and each database's file says why. What they can't stop is
//! a change of the schema itself, or of the file; the daily signed root is there to find that out.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};
use sea_orm_migration::{DbErr, SchemaManager};

use super::table::Table;

mod postgres;
mod sqlite;

/// A table whose rows stay as they were written.
struct Wall {
    table: &'static str,
    key: &'static [&'static str],
    /// A text that names one thing, where two rows that differ only in the type of the text would be two to SQLite.
    text: Option<&'static str>,
    /// What the rows are called in a refusal.
    called: &'static str,
    changes: Changes,
}

/// What an update may do to a walled row.
enum Changes {
    /// Nothing.
    Never,
    /// These columns may be corrected.
    Only(&'static [&'static str]),
    /// This column may be set, once, where it is null.
    Once(&'static str),
}

const STREAM: &[&str] = &["order_id", "stream_id"];
const EVENT: &[&str] = &["order_id", "stream_id", "seq"];
const WAYBILL: &[&str] = &["carrier", "waybill"];

const WALLS: &[Wall] = &[
    Wall { table: "events", key: EVENT, text: None, called: "an event", changes: Changes::Never },
    Wall { table: "roots", key: &["at"], text: None, called: "a root", changes: Changes::Never },
    Wall { table: "tags", key: &["tag"], text: Some("tag"), called: "a tag", changes: Changes::Never },
    Wall { table: "piece_codes", key: &["code"], text: Some("code"), called: "a piece code", changes: Changes::Never },
    Wall {
        table: "certificate_codes",
        key: &["code"],
        text: Some("code"),
        called: "a certificate number",
        changes: Changes::Never,
    },
    Wall {
        table: "status_places",
        key: &["place"],
        text: None,
        called: "a place in the status list",
        changes: Changes::Never,
    },
    Wall {
        table: "order_nos",
        key: &["tenant_id", "order_no"],
        text: Some("order_no"),
        called: "an order number",
        changes: Changes::Never,
    },
    Wall { table: "capsules", key: EVENT, text: None, called: "a capsule", changes: Changes::Once("revoked_at") },
    Wall { table: "shipments", key: STREAM, text: None, called: "a shipment", changes: Changes::Only(WAYBILL) },
    Wall {
        table: "return_shipments",
        key: EVENT,
        text: None,
        called: "a return shipment",
        changes: Changes::Only(WAYBILL),
    },
];

const NEEDS_CAPSULE: &str = "touchstone: a shipment needs a capsule of its piece that is not revoked";
const NEEDS_RECIPIENT: &str = "touchstone: a return shipment goes to the merchant or to the buyer";
const NEEDS_NOT_SAME_PIECE: &str =
    "touchstone: a return shipment goes to the buyer only after not_same_piece_found in its stream";

impl Wall {
    fn keeps(&self) -> String {
        format!("touchstone: {} is never deleted", self.called)
    }

    fn stays(&self) -> String {
        format!("touchstone: {} is never replaced", self.called)
    }

    fn changes_refused(&self) -> String {
        match self.changes {
            Changes::Never => format!("touchstone: {} is never changed", self.called),
            Changes::Only(columns) => {
                format!("touchstone: nothing of {} is changed but its {}", self.called, columns.join(" and "))
            }
            Changes::Once(column) => {
                format!("touchstone: nothing of {} is changed but its {column}, and that once", self.called)
            }
        }
    }
}

pub(super) async fn raise(manager: &SchemaManager<'_>, tables: &[Table]) -> Result<(), DbErr> {
    let statements = match manager.get_database_backend() {
        DbBackend::Sqlite => sqlite::raise(tables),
        DbBackend::Postgres => postgres::raise(),
        other => return Err(unknown(other)),
    };
    run(manager, statements).await
}

/// Triggers go with their tables; what stands beside the tables goes here.
pub(super) async fn clear(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let statements = match manager.get_database_backend() {
        DbBackend::Sqlite => sqlite::clear(),
        DbBackend::Postgres => postgres::clear(),
        other => return Err(unknown(other)),
    };
    run(manager, statements).await
}

async fn run(manager: &SchemaManager<'_>, statements: Vec<String>) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(&statement).await?;
    }
    Ok(())
}

// The backends of SeaORM may grow; a schema without walls is worse than none.
fn unknown(backend: DbBackend) -> DbErr {
    DbErr::BackendNotSupported { db: backend.as_str(), ctx: "the walls are written for SQLite and PostgreSQL" }
}
