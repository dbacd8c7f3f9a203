//! Choices that reached nobody are found among all notices: an index of those rows alone, which are few.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

pub(crate) struct Unreached;

impl MigrationName for Unreached {
    fn name(&self) -> &str {
        "m0014_unreached"
    }
}

/// The two databases share this statement; the builder knows no condition of an index on both.
const INDEX: &str =
    "CREATE INDEX idx_outbox_unreached ON outbox (order_id, stream_id, seq) WHERE notice = 'choice_unreached'";

#[async_trait]
impl MigrationTrait for Unreached {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(INDEX).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP INDEX idx_outbox_unreached").await.map(drop)
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
