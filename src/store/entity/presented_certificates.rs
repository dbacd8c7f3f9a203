//! Laboratory certificates that merchants presented; the same one with two pieces is seen here.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "presented_certificates")]
pub struct Model {
    /// Who issued it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub body: String,
    /// Its number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: String,
    /// The order it came with.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The piece it came with.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream_id: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
