//! Restores: that this database was brought back from a backup, until when it is held, and what was lost with the rest.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, integer, integer_null, text, text_null, uuid, uuid_null,
};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

use crate::m0001_foundation::table::Table;

pub(crate) struct Restores;

impl MigrationName for Restores {
    fn name(&self) -> &str {
        "m0013_restores"
    }
}

fn tables() -> [Table; 2] {
    [
        Table::new(
            "restores",
            &["id"],
            vec![
                uuid("id"),
                big_integer("began_at"),
                big_integer("lost_from_at"),
                big_integer_null("replayed_at"),
                integer("unreadable"),
                big_integer_null("asked_at"),
                big_integer_null("released_at"),
                uuid_null("released_by"),
                uuid_null("released_by_key"),
            ],
        )
        .index(&["began_at"]),
        Table::new(
            "lost",
            &["kind", "id"],
            vec![
                text("kind"),
                text("id"),
                uuid("restore_id"),
                big_integer("at"),
                uuid_null("order_id"),
                integer_null("stream_id"),
                text_null("warehouse_id"),
                text_null("number"),
                text_null("piece"),
                text_null("head"),
                text_null("recipient"),
                text_null("notice"),
                text_null("channel"),
                text_null("subject"),
                uuid_null("row_id"),
                big_integer_null("found_at"),
            ],
        )
        .index(&["order_id", "stream_id"])
        .index(&["number"])
        .index(&["row_id"]),
    ]
}

#[async_trait]
impl MigrationTrait for Restores {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            table.create(manager).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables().iter().rev() {
            table.drop(manager).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
