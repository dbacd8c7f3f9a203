//! A thing that belongs to no known piece.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lost_and_found")]
pub struct Model {
    /// The row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where it lies.
    pub warehouse_id: String,
    /// The code given to it.
    pub code: String,
    /// The parcel it came in, when known.
    pub parcel_id: Option<Uuid>,
    /// When it was found.
    pub found_at: i64,
    /// By whom.
    pub found_by: Uuid,
    /// When it was resolved.
    pub resolved_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
