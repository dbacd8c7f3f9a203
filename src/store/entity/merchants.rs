//! A merchant as its platform entered it; who stands behind it is a person.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "merchants")]
pub struct Model {
    /// The platform it sells on.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: String,
    /// The platform's own name for the merchant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The person who answers for it; names and addresses are sealed there.
    pub person_id: Uuid,
    /// The guarantee level the merchant signed.
    pub guarantee_level: i32,
    /// The guarantees it signed for, a JSON array of codes.
    pub guarantees: String,
    /// Language of its notices.
    pub locale: String,
    /// IANA name; its choices never expire at night in this zone.
    pub timezone: String,
    /// When the platform last entered it.
    pub updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
