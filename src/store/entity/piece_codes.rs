//! Piece codes, never reused; walled.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "piece_codes")]
pub struct Model {
    /// The code with its check character.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// Whose it is: the order.
    pub order_id: Uuid,
    /// Whose it is: the piece.
    pub stream_id: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
