//! Links that were given out, by the hash of their token.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tokens")]
pub struct Model {
    /// HMAC of row and generation under the server's key; the token itself is not kept.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    /// What it opens.
    pub order_id: Uuid,
    /// For whom and what.
    pub purpose: String,
    /// A later generation shuts the earlier links.
    pub generation: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
