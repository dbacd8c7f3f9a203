//! A signed root over the heads of all journals; append only, walled.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "roots")]
pub struct Model {
    /// When the heads were read.
    #[sea_orm(primary_key, auto_increment = false)]
    pub at: i64,
    /// How many journals it covers.
    pub journals: i64,
    /// The root hash.
    pub root: Vec<u8>,
    /// Ed25519 over the root document.
    pub signature: Vec<u8>,
    /// Which signing key.
    pub key_id: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
