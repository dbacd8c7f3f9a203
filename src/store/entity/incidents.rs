//! Merchants' confirmed faults, from which their steps on the ladder follow.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "incidents")]
pub struct Model {
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The event that confirmed it, in the order's own journal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i32,
    /// Its name in the interface.
    pub id: Uuid,
    /// The order's platform, repeated for lists.
    pub tenant_id: String,
    /// Whose fault it is.
    pub merchant_id: String,
    /// The order's warehouse.
    pub warehouse_id: String,
    /// The line.
    pub line_no: i32,
    /// The piece.
    pub stream_id: i32,
    /// What was done wrong.
    pub kind: String,
    /// Those of one kind and one occasion count once.
    pub occasion: Option<String>,
    /// The rulebook's clause.
    pub clause: String,
    /// Since when it is certain.
    pub confirmed_at: i64,
    /// Since when it no longer counts.
    pub withdrawn_at: Option<i64>,
    /// When the merchant confirmed to have read the rule.
    pub read_at: Option<i64>,
    /// Open, granted or refused.
    pub appeal: Option<String>,
    /// When the platform was done with it.
    pub lifted_at: Option<i64>,
    /// The last event on it.
    pub last_seq: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
