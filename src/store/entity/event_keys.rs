//! The key under which one event's digests were made; erasure destroys it.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_keys")]
pub struct Model {
    /// The event's order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The event's stream.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream_id: i32,
    /// The event's place.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i32,
    /// Whose erasure destroys this key.
    pub person_id: Uuid,
    /// The key under the master key; gone once erased.
    pub wrapped_key: Option<Vec<u8>>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
