//! Whose pushes are taken, and for which warehouse.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "carriers")]
pub struct Model {
    /// Its short name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// `kuaidi100` or `push`: how it speaks.
    pub kind: String,
    /// Whose parcels it may speak of.
    pub warehouse_id: String,
    /// In whose name its words stand in journals.
    pub person_id: Uuid,
    /// Keyed hash of the token in its address.
    pub token_hash: Vec<u8>,
    /// The key of the salt, under the master key.
    pub wrapped_key: Vec<u8>,
    /// What its signatures are made with, sealed.
    pub salt: Vec<u8>,
    /// When it was entered.
    pub created_at: i64,
    /// When it was taken back.
    pub revoked_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
