//! The bands of a photo's fingerprint, by which photos that look like it are found.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "photo_bands")]
pub struct Model {
    /// Which band, above its 16 bits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub band: i32,
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The photograph.
    #[sea_orm(primary_key, auto_increment = false)]
    pub photo_id: Uuid,
    /// The piece.
    pub stream_id: i32,
    /// The whole fingerprint, as a signed number of the same bits.
    pub fingerprint: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
