//! To which piece the number of a presented certificate is bound.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "certificate_holders")]
pub struct Model {
    /// Who issued it, as it is compared.
    #[sea_orm(primary_key, auto_increment = false)]
    pub body: String,
    /// Its number, as it is compared.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: String,
    /// The order of the piece that has it.
    pub order_id: Uuid,
    /// The piece that has it.
    pub stream_id: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
