//! A clock that runs; fires once.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deadlines")]
pub struct Model {
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The stream.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream_id: i32,
    /// Which deadline of the rulebook.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// When it fires.
    pub due_at: i64,
    /// The event that set it.
    pub set_by_seq: i32,
    /// Until when it is being fired.
    pub leased_until_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
