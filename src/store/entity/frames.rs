//! Readings as stations send them, raw.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "frames")]
pub struct Model {
    /// Given by whoever read the balance.
    #[sea_orm(primary_key, auto_increment = false)]
    pub reading_id: String,
    /// The balance.
    pub device_id: String,
    /// Counted by whoever read the balance.
    pub device_seq: i64,
    /// When it was read.
    pub read_at: i64,
    /// The line as it came.
    pub frame: String,
    /// When it arrived here.
    pub received_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
