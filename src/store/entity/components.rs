//! A part of a piece, appraised by itself.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "components")]
pub struct Model {
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The piece.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream_id: i32,
    /// The part's name within the piece.
    #[sea_orm(primary_key, auto_increment = false)]
    pub component: String,
    /// Main stone, side stone, metal, setting, cord or accessory.
    pub role: String,
    /// What the merchant declared.
    pub declared_material: Option<String>,
    /// What the appraisal concluded.
    pub concluded_material: Option<String>,
    /// How far it is appraised.
    pub state: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
