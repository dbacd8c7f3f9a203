//! An access key of a person, known by its hash only.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "keys")]
pub struct Model {
    /// The key's name in events and logs.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose key it is; one person may hold several.
    pub person_id: Uuid,
    /// What the key may do.
    pub role: String,
    /// The platform it is confined to.
    pub tenant_id: Option<String>,
    /// The merchant it is confined to.
    pub merchant_id: Option<String>,
    /// The warehouse it is confined to.
    pub warehouse_id: Option<String>,
    /// Keyed hash of the secret.
    pub hash: Vec<u8>,
    /// When it was made.
    pub created_at: i64,
    /// The key that made it; none where it was made at the command line.
    pub created_by_key: Option<Uuid>,
    /// When it stops working by itself.
    pub expires_at: Option<i64>,
    /// When it was taken back.
    pub revoked_at: Option<i64>,
    /// The key that took it back.
    pub revoked_by_key: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
