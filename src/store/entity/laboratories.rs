//! A laboratory whose reports and certificates are known by name.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "laboratories")]
pub struct Model {
    /// The laboratory's short name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Number of its China metrology accreditation, when it has one.
    pub cma: Option<String>,
    /// Number of its CNAS accreditation, when it has one.
    pub cnas: Option<String>,
    /// When it was entered.
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
