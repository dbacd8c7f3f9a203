//! The first schema: every table, and the walls around those that must not change.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

use self::table::Table;

mod journal;
mod parties;
mod projections;
mod registers;
pub(crate) mod table;
mod walls;
mod work;

pub(crate) struct Foundation;

impl MigrationName for Foundation {
    fn name(&self) -> &str {
        "m0001_foundation"
    }
}

#[async_trait]
impl MigrationTrait for Foundation {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = tables();
        for table in &tables {
            table.create(manager).await?;
        }
        walls::raise(manager, &tables).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables().iter().rev() {
            table.drop(manager).await?;
        }
        walls::clear(manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        // A schema without its walls must never be left behind, and SeaORM's default has no transaction on SQLite.
        Some(true)
    }
}

/// A table as the foundation made it, for a migration that makes it anew or puts it back.
///
/// # Errors
///
/// Where the foundation has no such table.
pub(crate) fn table(name: &str) -> Result<Table, DbErr> {
    let table = tables().into_iter().find(|table| table.name() == name);
    table.ok_or_else(|| DbErr::Migration(format!("the foundation has no table {name}")))
}

fn tables() -> Vec<Table> {
    [parties::tables(), journal::tables(), projections::tables(), registers::tables(), work::tables()].concat()
}
