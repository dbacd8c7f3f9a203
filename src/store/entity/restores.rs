//! A restore: this database was brought back from a backup.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "restores")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When the first process began on the restored database.
    pub began_at: i64,
    /// When the newest thing happened that the database knows; what came after it is lost.
    pub lost_from_at: i64,
    /// When the log aside was last read; none where it still has to be.
    pub replayed_at: Option<i64>,
    /// Lines of the log aside that could not be read.
    pub unreadable: i32,
    /// When a supervisor first let it go; clocks are moved by the time until then.
    pub asked_at: Option<i64>,
    /// Since when letters, webhooks and clocks go on; none while they are held.
    pub released_at: Option<i64>,
    /// The supervisor, and their key.
    pub released_by: Option<Uuid>,
    pub released_by_key: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
