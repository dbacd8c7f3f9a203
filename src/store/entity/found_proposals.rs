//! What one person would do with a piece that nobody knew; another confirms it.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "found_proposals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The row of lost-and-found.
    pub found_id: Uuid,
    /// Where it lies.
    pub warehouse_id: String,
    /// `belongs_to`, `sent_back` or `disposed_of`.
    pub resolution: String,
    /// The piece that it is, where it belongs to one.
    pub code: Option<String>,
    /// Who put it up.
    pub person_id: Uuid,
    /// With which key.
    pub key_id: Uuid,
    pub created_at: i64,
    /// Until then it may be confirmed.
    pub expires_at: i64,
    /// Who confirmed it.
    pub confirmed_by: Option<Uuid>,
    pub confirmed_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
