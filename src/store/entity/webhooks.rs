//! An endpoint of a platform or of a merchant that is told of changes.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhooks")]
pub struct Model {
    /// The endpoint.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is: a platform's.
    pub tenant_id: String,
    /// Or one of its merchants'.
    pub merchant_id: Option<String>,
    /// The channel of its rows in the outbox.
    pub channel: String,
    /// Where it is posted to.
    pub url: String,
    /// The key of what is sealed, under the master key.
    pub wrapped_key: Vec<u8>,
    /// The secrets that sign, and the owner's address, under that key.
    pub sealed: Vec<u8>,
    /// When it was told to us.
    pub created_at: i64,
    /// When it may next be tried, where it failed several times in a row.
    pub not_before_at: i64,
    /// How often it failed since it last took something.
    pub failures: i32,
    /// Since when it has taken nothing.
    pub failing_since_at: Option<i64>,
    /// How the last try ended, as a code.
    pub last_outcome: Option<String>,
    /// Since when nothing is tried, until its owner resumes it.
    pub paused_at: Option<i64>,
    /// When its owner was written to that it is paused.
    pub told_at: Option<i64>,
    /// When its owner took it away.
    pub deleted_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
