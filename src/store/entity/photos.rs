//! A photograph of a piece; the bytes lie on the shelf under their hash.; index original_sha256

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "photos")]
pub struct Model {
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The piece.
    pub stream_id: i32,
    /// The photograph.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What it shows.
    pub kind: String,
    /// The original on the shelf, by its SHA-256 in hex.
    pub original_sha256: String,
    /// The rendition for pages, by its SHA-256 in hex; none of photos that an earlier release took.
    pub shown_sha256: Option<String>,
    /// Of the original.
    pub media_type: String,
    /// Of the original.
    pub size_bytes: i64,
    /// When it was added.
    pub added_at: i64,
    /// The small rendition, by its SHA-256 in hex.
    pub small_sha256: Option<String>,
    /// When the camera says that it took it.
    pub captured_at: Option<String>,
    /// What it looks like, in hex.
    pub fingerprint: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
