//! When the last capsule was issued, at the price of one look into an index: with the number of those that were revoked
//! it tells whether the status list is still what was signed.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

pub(crate) struct StatusVersions;

impl MigrationName for StatusVersions {
    fn name(&self) -> &str {
        "m0007_status_versions"
    }
}

const ISSUED: &str = "CREATE INDEX idx_capsules_issued_at ON capsules (issued_at)";

#[async_trait]
impl MigrationTrait for StatusVersions {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(ISSUED).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP INDEX idx_capsules_issued_at").await?;
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
