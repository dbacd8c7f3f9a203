//! A notice that waits for its courier.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    /// The row; the Message-ID of its mail comes from it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The order.
    pub order_id: Uuid,
    /// The stream.
    pub stream_id: i32,
    /// The event that it tells of.
    pub seq: i32,
    /// To whom.
    pub recipient: String,
    /// Which notice; its text is rendered when it is sent.
    pub notice: String,
    /// By which channel (`store::outbox::Channel`).
    pub channel: String,
    /// What became of it (`store::outbox::State`).
    pub state: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it may next be tried; while a courier has it in hand, when its lease ends.
    pub not_before_at: i64,
    /// Until when a courier has it in hand.
    pub leased_until_at: Option<i64>,
    /// Whose hand that is: only who holds the lease says what became of it.
    pub lease: Option<String>,
    /// The letter that it goes in, with others: the row that is its first. Fixed when it is first leased, so that every
    /// try is the same letter under the same Message-ID.
    pub letter: Option<Uuid>,
    /// How the last attempt ended, as a code.
    pub outcome: Option<String>,
    /// When it was put here.
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
