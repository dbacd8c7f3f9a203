//! Something that the log aside knows and the restored database does not.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lost")]
pub struct Model {
    /// Of what kind (`store::restores::Kind`).
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// A certificate's number, a person, a row of the outbox, or order, journal and time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The restore that found it lost.
    pub restore_id: Uuid,
    /// When it happened.
    pub at: i64,
    /// The order, known here or not.
    pub order_id: Option<Uuid>,
    pub stream_id: Option<i32>,
    pub warehouse_id: Option<String>,
    /// A keyed digest of platform and order number.
    pub number: Option<String>,
    /// The piece code.
    pub piece: Option<String>,
    /// The hash of the capsule's event; of an answer, its event's name.
    pub head: Option<String>,
    pub recipient: Option<String>,
    pub notice: Option<String>,
    pub channel: Option<String>,
    /// A keyed digest of what a message said.
    pub subject: Option<String>,
    /// The row that would have told the same again, and did not.
    pub row_id: Option<Uuid>,
    /// Since when it is no longer lost: told, erased or answered for again.
    pub found_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
