//! A free text that an event speaks of by its HMAC.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sealed_texts")]
pub struct Model {
    /// The order it belongs to.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The reference that the event carries.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose erasure destroys it; none when it is nobody's.
    pub person_id: Option<Uuid>,
    /// The text's own key under the master key; gone once erased.
    pub wrapped_key: Option<Vec<u8>>,
    /// The text under that key; gone once erased.
    pub sealed: Option<Vec<u8>>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
