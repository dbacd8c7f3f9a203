//! Numbers of our certificates; walled.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "certificate_codes")]
pub struct Model {
    /// The printed number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// The order.
    pub order_id: Uuid,
    /// The piece.
    pub stream_id: i32,
    /// The capsule.
    pub seq: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
