//! What is disputed after delivery; a stream of its own.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cases")]
pub struct Model {
    /// The order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The case's stream.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream_id: i32,
    /// The piece it is about.
    pub piece_stream_id: i32,
    /// Re-test, warranty, counterfeit, or a parcel for a closed piece.
    pub kind: String,
    /// Where it stands.
    pub state: String,
    /// When it was opened.
    pub opened_at: i64,
    /// Last event of its stream.
    pub head_seq: i32,
    /// That event's hash.
    pub head_hash: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
