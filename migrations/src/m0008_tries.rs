//! How often somebody who holds an order's link has tried to show by a few digits that it is theirs.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, integer, uuid};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

use crate::m0001_foundation::table::Table;

pub(crate) struct Tries;

impl MigrationName for Tries {
    fn name(&self) -> &str {
        "m0008_tries"
    }
}

fn tries() -> Table {
    Table::new("tries", &["order_id"], vec![uuid("order_id"), integer("count"), big_integer("last_at")])
}

#[async_trait]
impl MigrationTrait for Tries {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tries().create(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tries().drop(manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
