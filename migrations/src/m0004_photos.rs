//! What a photo looks like, and the bands by which others like it are found; both hashes of what is shown.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, integer, text_null, uuid};
use sea_orm_migration::sea_query::{Index, Table as Alter};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

use crate::m0001_foundation::table::Table;

pub(crate) struct Photos;

impl MigrationName for Photos {
    fn name(&self) -> &str {
        "m0004_photos"
    }
}

/// By these the shelf is swept: what no row names is nobody's.
const HASHES: [(&str, &str); 3] = [
    ("idx_photos_original_sha256", "original_sha256"),
    ("idx_photos_shown_sha256", "shown_sha256"),
    ("idx_photos_small_sha256", "small_sha256"),
];

/// A fingerprint's four bands of 16 bits, each with its number above it and the whole fingerprint beside it, so that a
/// search reads nothing else.
fn bands() -> Table {
    Table::new(
        "photo_bands",
        &["band", "order_id", "photo_id"],
        vec![integer("band"), uuid("order_id"), uuid("photo_id"), integer("stream_id"), big_integer("fingerprint")],
    )
    .clustered()
    .index(&["order_id"])
}

#[async_trait]
impl MigrationTrait for Photos {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["small_sha256", "captured_at", "fingerprint"] {
            manager.alter_table(Alter::alter().table("photos").add_column(text_null(column)).take()).await?;
        }
        for (name, column) in HASHES {
            manager.create_index(Index::create().name(name).table("photos").col(column).take()).await?;
        }
        bands().create(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        bands().drop(manager).await?;
        for (name, _) in HASHES {
            manager.drop_index(Index::drop().name(name).table("photos").to_owned()).await?;
        }
        for column in ["small_sha256", "captured_at", "fingerprint"] {
            manager.alter_table(Alter::alter().table("photos").drop_column(column).take()).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
