//! The seeds of the daily draws, each sealed until its day is over; walled.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lots")]
pub struct Model {
    /// The day in UTC, as `2026-11-24`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: String,
    /// SHA-256 of the seed as it is published, in hexadecimal.
    pub commitment: String,
    /// The key of the seed, wrapped.
    pub wrapped_key: Vec<u8>,
    /// The seed.
    pub sealed: Vec<u8>,
    /// When the commitment was made.
    pub committed_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
