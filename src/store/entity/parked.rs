//! Words of carriers on waybills that nobody has named yet. Nothing but state and time is kept of them.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "parked")]
pub struct Model {
    /// Who told it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub carrier_id: String,
    /// SHA-256 of what was told, in hexadecimal: the same word is kept once.
    #[sea_orm(primary_key, auto_increment = false)]
    pub digest: String,
    /// The carrier that has the parcel, as it was told.
    pub company: String,
    /// The carrier's number.
    pub waybill: String,
    /// What was told.
    pub told: String,
    /// When it happened, by the carrier's clock.
    pub at: i64,
    /// When it came.
    pub received_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
