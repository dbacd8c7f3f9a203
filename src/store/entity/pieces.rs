//! One physical article; where its journal stands.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pieces")]
pub struct Model {
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The piece's stream.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream_id: i32,
    /// The piece code printed on its bag.
    pub code: String,
    /// The line it tries to fill.
    pub line_no: i32,
    /// The order's platform, repeated for queues.
    pub tenant_id: String,
    /// The order's merchant, repeated for queues.
    pub merchant_id: String,
    /// The order's warehouse, repeated for queues.
    pub warehouse_id: String,
    /// Where it stands.
    pub stage: String,
    /// How it ended, once closed.
    pub outcome: Option<String>,
    /// Whether a cancellation was asked for; then it leaves only to the merchant or closed.
    pub flagged: bool,
    /// Last event of its stream.
    pub head_seq: i32,
    /// That event's hash.
    pub head_hash: Vec<u8>,
    /// The next deadline that somebody has to meet.
    pub due_at: Option<i64>,
    /// When it entered the stage.
    pub stage_since_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
