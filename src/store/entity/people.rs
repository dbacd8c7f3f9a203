//! A person by reference; what identifies them is sealed under a key of their own.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "people")]
pub struct Model {
    /// The reference that events carry.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The platform the person came from; none for the house's own people.
    pub tenant_id: Option<String>,
    /// What they are to us: buyer, merchant, streamer, staff.
    pub kind: String,
    /// The platform's own name for the person.
    #[sea_orm(column_name = "ref")]
    pub reference: Option<String>,
    /// Their key under the master key; gone once the person is erased.
    pub wrapped_key: Option<Vec<u8>>,
    /// Name, phone, address and mail under that key; gone once erased.
    pub sealed: Option<Vec<u8>>,
    /// When they were first named.
    pub created_at: i64,
    /// When their key was destroyed.
    pub erased_at: Option<i64>,
    /// The key that asked for the erasure.
    pub erased_by_key: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
