//! What somebody owes after an event.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "obligations")]
pub struct Model {
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The stream.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream_id: i32,
    /// The event it arose from.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i32,
    /// Place among the obligations of that event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub ordinal: i32,
    /// Who owes.
    pub debtor: String,
    /// To whom.
    pub creditor: String,
    /// How much, in minor units; none for a deed.
    pub amount: Option<i64>,
    /// ISO 4217.
    pub currency: String,
    /// The rulebook's clause.
    pub clause: String,
    /// Whether it is still owed.
    pub state: String,
    /// When it was settled.
    pub settled_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
