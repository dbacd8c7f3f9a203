//! A balance, microscope or other device that readings come from.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "devices")]
pub struct Model {
    /// The device's name on its label.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Where it stands.
    pub warehouse_id: String,
    /// What it measures.
    pub kind: String,
    /// The maker's number.
    pub serial: Option<String>,
    /// Maximum permissible error of a balance, in micrograms.
    pub permissible_error_ug: Option<i64>,
    /// When it was last adjusted.
    pub adjusted_at: Option<i64>,
    /// From when its readings no longer count.
    pub adjustment_expires_at: Option<i64>,
    /// When it was entered.
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
