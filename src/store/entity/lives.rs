//! A live session as its platform told of it.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lives")]
pub struct Model {
    /// The platform.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: String,
    /// The platform's own name for the session.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The room it ran in.
    pub room_id: Option<String>,
    /// When it began.
    pub started_at: Option<i64>,
    /// Where it can be watched again.
    pub replay_url: Option<String>,
    /// The latest transcript.
    pub transcript_id: Option<Uuid>,
    /// When the platform last told of it.
    pub updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
