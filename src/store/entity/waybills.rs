//! Inbound waybills.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "waybills")]
pub struct Model {
    /// Who carries it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub carrier: String,
    /// The carrier's number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub waybill: String,
    /// The parcel under it.
    pub parcel_id: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
