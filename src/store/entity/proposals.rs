//! A command that waits for a second person.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "proposals")]
pub struct Model {
    /// What the second person confirms.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The order.
    pub order_id: Uuid,
    /// The stream.
    pub stream_id: i32,
    /// In whose queue it shows.
    pub warehouse_id: String,
    /// The command's name.
    pub command: String,
    /// Who proposed it.
    pub person_id: Uuid,
    /// With which key.
    pub key_id: Uuid,
    /// The proposal's own key under the master key; gone once erased.
    pub wrapped_key: Option<Vec<u8>>,
    /// The command's body under that key; gone once erased.
    pub sealed: Option<Vec<u8>>,
    /// When it was proposed.
    pub created_at: i64,
    /// From when it can no longer be confirmed.
    pub expires_at: i64,
    /// The second person.
    pub confirmed_by: Option<Uuid>,
    /// When they confirmed.
    pub confirmed_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
