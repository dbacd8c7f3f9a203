//! How often somebody who holds an order's link has tried to show by a few digits that it is theirs.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, integer, uuid};
use sea_orm_migration::sea_query::{Index, Table};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

pub(crate) struct Tries;

impl MigrationName for Tries {
    fn name(&self) -> &str {
        "m0008_tries"
    }
}

#[async_trait]
impl MigrationTrait for Tries {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut tries = Table::create();
        tries.table("tries").primary_key(Index::create().col("order_id"));
        for column in [uuid("order_id"), integer("count"), big_integer("last_at")] {
            tries.col(column);
        }
        manager.create_table(tries.take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("tries").take()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
