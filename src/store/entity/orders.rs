//! What one buyer bought from one merchant in one live session.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    /// Leads the key of every table of one order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The platform.
    pub tenant_id: String,
    /// The platform's own number, unique within it.
    pub order_no: String,
    /// Who ships.
    pub merchant_id: String,
    /// Who waits.
    pub buyer_id: Uuid,
    /// Who spoke.
    pub streamer_id: Option<Uuid>,
    /// Where its pieces are inspected.
    pub warehouse_id: String,
    /// The live session it was bought in.
    pub live_id: Option<String>,
    /// Whether passed pieces go at once or wait for the rest.
    pub ship: String,
    /// The least advanced open line.
    pub status: String,
    /// Last event of the order's own stream.
    pub head_seq: i32,
    /// That event's hash.
    pub head_hash: Vec<u8>,
    /// When the buyer paid.
    pub paid_at: i64,
    /// When it was entered here.
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
