//! The merchants' steps on the ladder of conduct; who has no row is on none.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "conduct")]
pub struct Model {
    /// The platform.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: String,
    /// The merchant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: String,
    /// 0 to 4.
    pub step: i32,
    /// Since when.
    pub since_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
