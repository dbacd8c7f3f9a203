//! What travels under one waybill.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "parcels")]
pub struct Model {
    /// The parcel.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The platform.
    pub tenant_id: String,
    /// Who sent it.
    pub merchant_id: String,
    /// Where it goes.
    pub warehouse_id: String,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number.
    pub waybill: String,
    /// When it was announced, or found at the door.
    pub created_at: i64,
    /// When it arrived.
    pub received_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
