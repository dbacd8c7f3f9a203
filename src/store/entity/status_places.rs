//! Places in the list of revoked capsules, each one capsule's; walled.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "status_places")]
pub struct Model {
    /// The place, drawn at random.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: i32,
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
