//! One event of a journal; append only, walled on both databases.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    /// The order whose streams these are.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// 0 is the order itself; others are pieces and cases.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream_id: i32,
    /// Place in the stream, without a gap.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i32,
    /// The event's name, repeated from the body so that it can be searched.
    pub kind: String,
    /// Who did it, repeated from the body; nobody where a deadline did.
    pub person_id: Option<Uuid>,
    /// When it was done, in microseconds, repeated from the body.
    pub at: i64,
    /// The exact canonical JSON of the whole event; never parsed and written again.
    pub body: String,
    /// SHA-256 of the body's bytes.
    pub hash: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
