//! A way back: to the merchant, or to the buyer after a `not_same_piece_found`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "return_shipments")]
pub struct Model {
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The piece.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream_id: i32,
    /// The event that posted it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i32,
    /// `merchant` or `buyer`, and nothing else.
    pub recipient: String,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number; may be corrected.
    pub waybill: String,
    /// When it left.
    pub shipped_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
