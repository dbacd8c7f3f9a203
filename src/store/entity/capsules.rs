//! A signed release document; walled but for its revocation.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "capsules")]
pub struct Model {
    /// The piece's order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The piece.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream_id: i32,
    /// The event that it was made by.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i32,
    /// The number printed on the certificate.
    pub certificate_code: String,
    /// The signed credential, one line (`application/vc+jwt`).
    pub credential: String,
    /// Its place in the list of revoked capsules.
    pub status_place: i32,
    /// When it was signed.
    pub issued_at: i64,
    /// When it was taken back; set once and never unset.
    pub revoked_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
