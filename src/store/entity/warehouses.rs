//! A house where pieces are received, inspected and sent on.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "warehouses")]
pub struct Model {
    /// The warehouse's short name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where merchants send their parcels; a public address, not a person's.
    pub address: String,
    /// IANA name; its working hours and labels are in this zone.
    pub timezone: String,
    /// The laboratory in whose name its inspectors work; named in capsules.
    pub laboratory_id: Option<String>,
    /// When it was entered.
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
