//! Readings of balances: raw as stations send them (`frames`), and each that stands for a weight of one piece
//! (`readings`).

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, integer, text, uuid};
use sea_orm_migration::sea_query::{Index, Table};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

pub(crate) struct Readings;

impl MigrationName for Readings {
    fn name(&self) -> &str {
        "m0003_readings"
    }
}

#[async_trait]
impl MigrationTrait for Readings {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create();
        table.table("readings").primary_key(Index::create().col("reading_id"));
        for column in [
            text("reading_id"),
            uuid("order_id"),
            integer("stream_id"),
            integer("seq"),
            text("device_id"),
            big_integer("device_seq"),
            big_integer("read_at"),
        ] {
            table.col(column);
        }
        manager.create_table(table.take()).await?;
        let mut frames = Table::create();
        frames.table("frames").primary_key(Index::create().col("reading_id"));
        for column in [
            text("reading_id"),
            text("device_id"),
            big_integer("device_seq"),
            big_integer("read_at"),
            text("frame"),
            big_integer("received_at"),
        ] {
            frames.col(column);
        }
        manager.create_table(frames.take()).await?;
        let mut index = Index::create();
        index.name("idx_frames_device_id_received_at").table("frames").col("device_id").col("received_at");
        manager.create_index(index.take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("frames").take()).await?;
        manager.drop_table(Table::drop().table("readings").take()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
