//! What was said in a live session, as it was handed in.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "transcripts")]
pub struct Model {
    /// The reference that events carry.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The platform of the live session.
    pub tenant_id: String,
    /// The live session.
    pub live_id: String,
    /// The form it was handed in: srt, vtt, json.
    pub format: String,
    /// HMAC of the text under its key, as the event has it.
    pub digest: Vec<u8>,
    /// The transcript's own key under the master key; gone once erased.
    pub wrapped_key: Option<Vec<u8>>,
    /// The text under that key; gone once erased.
    pub sealed: Option<Vec<u8>>,
    /// When it was handed in.
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
