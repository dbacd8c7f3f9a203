//! Capsules whose record was lost with what came after a backup. Their places in the status list stay theirs, and two
//! supervisors may revoke them.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::entity::{lost, lost_capsules};
use super::restores::Kind;
use super::script::keep;
use super::{ALTERNATIVES, Error, padded};

pub use lost_capsules::Model;

/// Keeps where lost capsules stand in the status list. What is known of one already stays as it is.
pub async fn keep_all(conn: &impl ConnectionTrait, rows: Vec<Model>) -> Result<(), Error> {
    for rows in rows.chunks(ALTERNATIVES) {
        keep(conn, rows.to_vec(), [lost_capsules::Column::CertificateCode]).await?;
    }
    Ok(())
}

/// The lost capsule of this number; none where none is known to be lost, or nobody knows its place.
pub async fn by_code(conn: &impl ConnectionTrait, code: &str) -> Result<Option<Model>, Error> {
    Ok(lost_capsules::Entity::find_by_id(code.to_owned()).one(conn).await?)
}

/// Those of these numbers.
pub async fn of(conn: &impl ConnectionTrait, codes: &[String]) -> Result<Vec<Model>, Error> {
    let mut found = Vec::new();
    for codes in codes.chunks(ALTERNATIVES) {
        let own = lost_capsules::Column::CertificateCode.is_in(padded(codes).cloned());
        found.extend(lost_capsules::Entity::find().filter(own).all(conn).await?);
    }
    Ok(found)
}

/// Notes that one of two supervisors would revoke it.
pub async fn propose(
    conn: &impl ConnectionTrait,
    code: &str,
    (person, key): (Uuid, Uuid),
    now: i64,
) -> Result<(), Error> {
    use lost_capsules::Column;
    lost_capsules::Entity::update_many()
        .col_expr(Column::ProposedBy, Expr::value(person))
        .col_expr(Column::ProposedByKey, Expr::value(key))
        .col_expr(Column::ProposedAt, Expr::value(now))
        .filter(Column::CertificateCode.eq(code))
        .filter(Column::RevokedAt.is_null())
        .exec(conn)
        .await?;
    Ok(())
}

/// Revokes one, once: what was lost counts as made good since then.
pub async fn revoke(conn: &impl ConnectionTrait, code: &str, by: Option<(Uuid, Uuid)>, at: i64) -> Result<(), Error> {
    use lost_capsules::Column;
    lost_capsules::Entity::update_many()
        .col_expr(Column::RevokedBy, Expr::value(by.map(|(person, _)| person)))
        .col_expr(Column::RevokedByKey, Expr::value(by.map(|(_, key)| key)))
        .col_expr(Column::RevokedAt, Expr::value(at))
        .filter(Column::CertificateCode.eq(code))
        .filter(Column::RevokedAt.is_null())
        .exec(conn)
        .await?;
    lost::Entity::update_many()
        .col_expr(lost::Column::FoundAt, Expr::value(at))
        .filter(lost::Column::Kind.eq(Kind::Capsule.as_str()))
        .filter(lost::Column::Id.eq(code))
        .filter(lost::Column::FoundAt.is_null())
        .exec(conn)
        .await?;
    Ok(())
}

/// The lost capsules of a piece that were signed no later than this and are not revoked, by their numbers.
pub async fn standing(
    conn: &impl ConnectionTrait,
    (order, stream): (Uuid, i32),
    at: i64,
) -> Result<Vec<String>, Error> {
    use lost_capsules::Column::{CertificateCode, IssuedAt, OrderId, RevokedAt, StreamId};
    let of_piece = lost_capsules::Entity::find()
        .select_only()
        .column(CertificateCode)
        .filter(OrderId.eq(order))
        .filter(StreamId.eq(stream))
        .filter(IssuedAt.lte(at))
        .filter(RevokedAt.is_null());
    Ok(of_piece.into_tuple().all(conn).await?)
}

/// How many of them were revoked. None is ever un-revoked.
pub async fn count_revoked(conn: &impl ConnectionTrait) -> Result<u64, Error> {
    let revoked = lost_capsules::Entity::find().filter(lost_capsules::Column::RevokedAt.is_not_null());
    Ok(revoked.count(conn).await?)
}

/// The places in the status list of those that were revoked.
pub async fn revoked_places(conn: &impl ConnectionTrait) -> Result<Vec<i32>, Error> {
    let revoked = lost_capsules::Entity::find().select_only().column(lost_capsules::Column::StatusPlace);
    Ok(revoked.filter(lost_capsules::Column::RevokedAt.is_not_null()).into_tuple().all(conn).await?)
}

/// The highest place of one of them.
pub async fn highest_place(conn: &impl ConnectionTrait) -> Result<Option<i32>, Error> {
    use lost_capsules::Column::StatusPlace;
    use sea_orm::QueryOrder;
    let highest = lost_capsules::Entity::find().select_only().column(StatusPlace).order_by_desc(StatusPlace);
    Ok(highest.limit(1).into_tuple().one(conn).await?)
}
