//! Readings of balances that stand for a weight; each for one piece.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "readings")]
pub struct Model {
    /// Given by whoever read the balance.
    #[sea_orm(primary_key, auto_increment = false)]
    pub reading_id: String,
    /// The order.
    pub order_id: Uuid,
    /// The piece.
    pub stream_id: i32,
    /// The event that holds it.
    pub seq: i32,
    /// The balance.
    pub device_id: String,
    /// Counted by whoever read the balance.
    pub device_seq: i64,
    /// When it was read.
    pub read_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
