//! Second looks: the seeds of the daily draws (`lots`, walled), each merchant's step on the ladder of conduct, who has
//! seen what the next to look must not have seen, and which pieces are the house's own.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, blob, integer, text, uuid};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};
use sea_orm_migration::sea_query::{Index, Table};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

pub(crate) struct Looks;

impl MigrationName for Looks {
    fn name(&self) -> &str {
        "m0006_looks"
    }
}

/// A commitment that can be changed afterwards commits nobody. Why SQLite takes more triggers stands with the walls of
/// the foundation.
const SQLITE: &[&str] = &[
    "CREATE TRIGGER lots_are_kept BEFORE DELETE ON lots BEGIN \
     SELECT RAISE(ABORT, 'touchstone: a lot is never deleted'); END",
    "CREATE TRIGGER lots_are_not_changed BEFORE UPDATE ON lots BEGIN \
     SELECT RAISE(ABORT, 'touchstone: a lot is never changed'); END",
    "CREATE TRIGGER lots_mark_a_taken_key BEFORE INSERT ON lots \
     WHEN EXISTS (SELECT 1 FROM lots WHERE day = NEW.day) \
     BEGIN INSERT INTO wall_marks (wall, key) SELECT 'lots', quote(NEW.day) \
     WHERE NOT EXISTS (SELECT 1 FROM wall_marks WHERE wall = 'lots' AND key = quote(NEW.day)); END",
    "CREATE TRIGGER lots_are_not_replaced AFTER INSERT ON lots \
     WHEN EXISTS (SELECT 1 FROM wall_marks WHERE wall = 'lots' AND key = quote(NEW.day)) BEGIN \
     SELECT RAISE(ABORT, 'touchstone: a lot is never replaced'); END",
];

const POSTGRES: &[&str] = &[
    "CREATE TRIGGER lots_are_kept BEFORE DELETE ON lots FOR EACH ROW \
     EXECUTE FUNCTION touchstone_refuse('touchstone: a lot is never deleted')",
    "CREATE TRIGGER lots_are_not_truncated BEFORE TRUNCATE ON lots FOR EACH STATEMENT \
     EXECUTE FUNCTION touchstone_refuse('touchstone: a lot is never deleted')",
    "CREATE TRIGGER lots_are_not_changed BEFORE UPDATE ON lots FOR EACH ROW \
     EXECUTE FUNCTION touchstone_refuse('touchstone: a lot is never changed')",
];

#[async_trait]
impl MigrationTrait for Looks {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut lots = Table::create();
        lots.table("lots").primary_key(Index::create().col("day"));
        for column in
            [text("day"), text("commitment"), blob("wrapped_key"), blob("sealed"), big_integer("committed_at")]
        {
            lots.col(column);
        }
        manager.create_table(lots.take()).await?;
        let mut conduct = Table::create();
        conduct.table("conduct").primary_key(Index::create().col("tenant_id").col("merchant_id"));
        for column in [text("tenant_id"), text("merchant_id"), integer("step"), big_integer("since_at")] {
            conduct.col(column);
        }
        manager.create_table(conduct.take()).await?;
        let mut seen = Table::create();
        seen.table("seen").primary_key(Index::create().col("order_id").col("stream_id").col("person_id"));
        for column in [uuid("order_id"), integer("stream_id"), uuid("person_id"), big_integer("seen_at")] {
            seen.col(column);
        }
        manager.create_table(seen.take()).await?;
        let mut references = Table::create();
        references.table("reference_pieces").primary_key(Index::create().col("order_id").col("stream_id"));
        for column in [uuid("order_id"), integer("stream_id")] {
            references.col(column);
        }
        manager.create_table(references.take()).await?;
        let walls = match manager.get_database_backend() {
            DbBackend::Sqlite => SQLITE,
            // The foundation has refused every other database.
            _ => POSTGRES,
        };
        for statement in walls {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["reference_pieces", "seen", "conduct", "lots"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
