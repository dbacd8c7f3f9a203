//! The platforms' own order numbers; walled.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_nos")]
pub struct Model {
    /// The platform.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: String,
    /// Its number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_no: String,
    /// Our order.
    pub order_id: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
