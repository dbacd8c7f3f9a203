//! A capsule that is in the world and whose record was lost: its place in the status list, and its revocation.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lost_capsules")]
pub struct Model {
    /// The number printed on the certificate.
    #[sea_orm(primary_key, auto_increment = false)]
    pub certificate_code: String,
    /// The piece, as its order and journal were named.
    pub order_id: Uuid,
    pub stream_id: i32,
    /// Its place in the list of revoked capsules, which no other gets.
    pub status_place: i32,
    /// When it was signed.
    pub issued_at: i64,
    /// The first of the two supervisors who revoke it, and their key.
    pub proposed_by: Option<Uuid>,
    pub proposed_by_key: Option<Uuid>,
    pub proposed_at: Option<i64>,
    /// The second; none where it had been revoked before its record was lost.
    pub revoked_by: Option<Uuid>,
    pub revoked_by_key: Option<Uuid>,
    /// When it was taken back; set once and never unset.
    pub revoked_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
