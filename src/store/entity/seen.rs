//! Who has read what one person found, while another might still be called to look.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seen")]
pub struct Model {
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The piece.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream_id: i32,
    /// The reader.
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: Uuid,
    /// When they read it last.
    pub seen_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
