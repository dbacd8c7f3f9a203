//! The legs of pieces with carriers: where a carrier's word leads by its waybill.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "legs")]
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
    /// The order's warehouse: whose carriers may speak of it.
    pub warehouse_id: String,
    /// Where it leads.
    pub kind: String,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number.
    pub waybill: String,
    /// What waits for a supervisor.
    pub trouble: Option<String>,
    /// Since when.
    pub trouble_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
