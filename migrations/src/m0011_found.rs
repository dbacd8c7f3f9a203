//! What is to become of a piece that nobody knew: put up by one person, confirmed by another. And the row of a case,
//! of which there was none before, with the head of its journal.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, integer, text, text_null, uuid, uuid_null};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

use crate::m0001_foundation::{self, table::Table};

pub(crate) struct Found;

impl MigrationName for Found {
    fn name(&self) -> &str {
        "m0011_found"
    }
}

fn proposals() -> Table {
    Table::new(
        "found_proposals",
        &["id"],
        vec![
            uuid("id"),
            uuid("found_id"),
            text("warehouse_id"),
            text("resolution"),
            text_null("code"),
            uuid("person_id"),
            uuid("key_id"),
            big_integer("created_at"),
            big_integer("expires_at"),
            uuid_null("confirmed_by"),
            big_integer_null("confirmed_at"),
        ],
    )
    .index(&["warehouse_id", "confirmed_at"])
}

#[async_trait]
impl MigrationTrait for Found {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        proposals().create(manager).await?;
        let cases = m0001_foundation::table("cases")?;
        cases.drop(manager).await?;
        cases.with(vec![integer("head_seq"), blob("head_hash")]).create(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        proposals().drop(manager).await?;
        let cases = m0001_foundation::table("cases")?;
        cases.drop(manager).await?;
        cases.create(manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
