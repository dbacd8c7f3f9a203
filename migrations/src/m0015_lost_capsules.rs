//! Capsules whose record was lost: their places in the status list, which no other capsule may get, and their revocation by
//! two supervisors.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, big_integer_null, integer, text, uuid, uuid_null};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

use crate::m0001_foundation::table::Table;

pub(crate) struct LostCapsules;

impl MigrationName for LostCapsules {
    fn name(&self) -> &str {
        "m0015_lost_capsules"
    }
}

fn capsules() -> Table {
    Table::new(
        "lost_capsules",
        &["certificate_code"],
        vec![
            text("certificate_code"),
            uuid("order_id"),
            integer("stream_id"),
            integer("status_place"),
            big_integer("issued_at"),
            uuid_null("proposed_by"),
            uuid_null("proposed_by_key"),
            big_integer_null("proposed_at"),
            uuid_null("revoked_by"),
            uuid_null("revoked_by_key"),
            big_integer_null("revoked_at"),
        ],
    )
    .index(&["status_place"])
}

#[async_trait]
impl MigrationTrait for LostCapsules {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        capsules().create(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        capsules().drop(manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
