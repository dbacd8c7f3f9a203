//! One slot the buyer paid for.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lines")]
pub struct Model {
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// Place in the order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub line_no: i32,
    /// Derived from its pieces.
    pub status: String,
    /// The piece that fills it at present.
    pub stream_id: i32,
    /// How many pieces were tried so far.
    pub attempts: i32,
    /// Price in minor units.
    pub price_amount: i64,
    /// ISO 4217.
    pub currency: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
