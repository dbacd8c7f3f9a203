//! What is to become of a piece that nobody knew: put up by one person, confirmed by another. And the row of a case,
//! of which there was none before, with the head of its journal.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, integer, text, text_null, uuid, uuid_null};
use sea_orm_migration::sea_query::{Index, Table, TableCreateStatement};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

pub(crate) struct Found;

impl MigrationName for Found {
    fn name(&self) -> &str {
        "m0011_found"
    }
}

#[async_trait]
impl MigrationTrait for Found {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create();
        table.table("found_proposals").primary_key(Index::create().col("id"));
        for column in [
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
        ] {
            table.col(column);
        }
        manager.create_table(table.take()).await?;
        let mut index = Index::create();
        index.name("idx_found_proposals_warehouse_id_confirmed_at").table("found_proposals");
        index.col("warehouse_id").col("confirmed_at");
        manager.create_index(index.take()).await?;
        manager.drop_table(Table::drop().table("cases").take()).await?;
        let mut cases = cases();
        cases.col(integer("head_seq")).col(blob("head_hash"));
        manager.create_table(cases.take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("found_proposals").take()).await?;
        manager.drop_table(Table::drop().table("cases").take()).await?;
        manager.create_table(cases()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn cases() -> TableCreateStatement {
    let mut cases = Table::create();
    cases.table("cases").primary_key(Index::create().col("order_id").col("stream_id"));
    for column in [
        uuid("order_id"),
        integer("stream_id"),
        integer("piece_stream_id"),
        text("kind"),
        text("state"),
        big_integer("opened_at"),
    ] {
        cases.col(column);
    }
    cases.take()
}
