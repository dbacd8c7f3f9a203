//! A table as data, so that `up` and `down` speak of the same ones.

use sea_orm_migration::sea_orm::DbBackend;
use sea_orm_migration::sea_query::{ColumnDef, Index};
use sea_orm_migration::{DbErr, SchemaManager, sea_query};

#[derive(Clone)]
pub(crate) struct Table {
    name: &'static str,
    key: &'static [&'static str],
    columns: Vec<ColumnDef>,
    indexes: Vec<Columns>,
    clustered: bool,
}

#[derive(Clone)]
struct Columns {
    names: &'static [&'static str],
    unique: bool,
}

impl Table {
    pub(crate) fn new(name: &'static str, key: &'static [&'static str], columns: Vec<ColumnDef>) -> Self {
        Table { name, key, columns, indexes: Vec::new(), clustered: false }
    }

    /// Keeps the rows in the order of their key on SQLite.
    ///
    /// For small rows that are read by their key: one tree instead of two. A row that holds a document stays out of
    /// it, for there the tree of keys would have to carry the documents.
    pub(crate) fn clustered(mut self) -> Self {
        self.clustered = true;
        self
    }

    /// The same table with more columns, for a migration that makes it anew.
    pub(crate) fn with(mut self, columns: Vec<ColumnDef>) -> Self {
        self.columns.extend(columns);
        self
    }

    pub(crate) fn index(mut self, names: &'static [&'static str]) -> Self {
        self.indexes.push(Columns { names, unique: false });
        self
    }

    pub(crate) fn unique(mut self, names: &'static [&'static str]) -> Self {
        self.indexes.push(Columns { names, unique: true });
        self
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn is_clustered(&self) -> bool {
        self.clustered
    }

    pub(crate) fn column_names(&self) -> impl Iterator<Item = String> {
        self.columns.iter().map(ColumnDef::get_column_name)
    }

    pub(crate) async fn create(&self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        let mut key = Index::create();
        for column in self.key {
            key.col(*column);
        }
        let mut table = sea_query::Table::create();
        table.table(self.name).primary_key(&mut key);
        for column in &self.columns {
            table.col(column.clone());
        }
        if self.clustered && manager.get_database_backend() == DbBackend::Sqlite {
            table.extra("WITHOUT ROWID");
        }
        manager.create_table(table).await?;

        for columns in &self.indexes {
            let prefix = if columns.unique { "unq" } else { "idx" };
            let mut index = Index::create();
            index.name(format!("{prefix}_{}_{}", self.name, columns.names.join("_"))).table(self.name);
            for column in columns.names {
                index.col(*column);
            }
            if columns.unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    pub(crate) async fn drop(&self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        manager.drop_table(sea_query::Table::drop().table(self.name).take()).await
    }
}
