//! The way to the buyer; cannot exist without its capsule, walled but for the waybill.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shipments")]
pub struct Model {
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The piece.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream_id: i32,
    /// The capsule it leaves under.
    pub capsule_seq: i32,
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
