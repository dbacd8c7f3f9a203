//! One-time tags; a tag belongs to one piece for ever; walled.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tags")]
pub struct Model {
    /// The number on the tag.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tag: String,
    /// The order.
    pub order_id: Uuid,
    /// The piece it was put on.
    pub stream_id: i32,
    /// When.
    pub tagged_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
