//! What somebody owes somebody: the account of an order, folded from its own journal.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "obligations")]
pub struct Model {
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The event by which it arose, in the order's own journal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i32,
    /// Its name in the interface.
    pub id: Uuid,
    /// The order's platform, repeated for lists.
    pub tenant_id: String,
    /// The order's merchant.
    pub merchant_id: String,
    /// The order's warehouse.
    pub warehouse_id: String,
    /// The line.
    pub line_no: i32,
    /// The piece; none for what is owed once for a line.
    pub stream_id: Option<i32>,
    /// Why, by the rulebook.
    pub rule: String,
    /// Who owes.
    pub debtor: String,
    /// To whom.
    pub creditor: String,
    /// How much, in minor units; none until a supervisor sets it.
    pub amount: Option<i64>,
    /// What it may come to at the most.
    pub at_most: Option<i64>,
    /// ISO 4217.
    pub currency: String,
    /// The rulebook's clause.
    pub clause: String,
    /// Owed, settled or reversed.
    pub state: String,
    /// When it arose.
    pub arose_at: i64,
    /// When it was settled, as the platform told.
    pub settled_at: Option<i64>,
    /// The last event on it.
    pub last_seq: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
