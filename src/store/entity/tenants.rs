//! A platform: orders, merchants and keys belong to one.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tenants")]
pub struct Model {
    /// The platform's short name in addresses and keys.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// What people call it.
    pub name: String,
    /// When it was entered.
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
