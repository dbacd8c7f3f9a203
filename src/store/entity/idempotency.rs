//! A request that was answered; kept for seven days.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    /// Whose key sent it; one's keys never meet another's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner_id: Uuid,
    /// The `Idempotency-Key`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Which part of a request over many orders; empty when there is one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub part: String,
    /// The order it touched; its erasure reaches the row by this.
    pub order_id: Option<Uuid>,
    /// The row's own key under the master key.
    pub wrapped_key: Vec<u8>,
    /// HMAC of the body under that key.
    pub digest: Vec<u8>,
    /// The answer under that key.
    pub answer: Vec<u8>,
    /// When it was answered.
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
