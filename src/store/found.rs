//! Lost-and-found: what nobody knew, and what two persons do with it.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::Error;
use super::entity::{found_proposals, lost_and_found};
use super::script::insert;

/// A found piece.
pub async fn found(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<lost_and_found::Model>, Error> {
    Ok(lost_and_found::Entity::find_by_id(id).one(conn).await?)
}

/// What one person put up.
pub async fn proposal(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<found_proposals::Model>, Error> {
    Ok(found_proposals::Entity::find_by_id(id).one(conn).await?)
}

/// What waits for a second person in one warehouse.
pub async fn open(
    conn: &impl ConnectionTrait,
    warehouse: &str,
    now: i64,
) -> Result<Vec<found_proposals::Model>, Error> {
    use found_proposals::Column::{ConfirmedAt, CreatedAt, ExpiresAt, WarehouseId};
    let rows = found_proposals::Entity::find().filter(WarehouseId.eq(warehouse)).filter(ConfirmedAt.is_null());
    Ok(rows.filter(ExpiresAt.gt(now)).order_by_asc(CreatedAt).limit(200).all(conn).await?)
}

/// Puts one up.
pub async fn propose(conn: &impl ConnectionTrait, row: found_proposals::Model) -> Result<(), Error> {
    insert(conn, vec![row]).await
}

/// Confirms one and resolves what was found; false where either was done before, or the hour is over.
pub async fn confirm(
    conn: &impl ConnectionTrait,
    proposal: &found_proposals::Model,
    by: Uuid,
    now: i64,
) -> Result<bool, Error> {
    use found_proposals::Column::{ConfirmedAt, ConfirmedBy, ExpiresAt, Id};
    let confirmed = found_proposals::Entity::update_many()
        .col_expr(ConfirmedBy, Expr::value(by))
        .col_expr(ConfirmedAt, Expr::value(now))
        .filter(Id.eq(proposal.id))
        .filter(ConfirmedAt.is_null())
        .filter(ExpiresAt.gt(now))
        .exec(conn)
        .await?;
    let resolved = lost_and_found::Entity::update_many()
        .col_expr(lost_and_found::Column::ResolvedAt, Expr::value(now))
        .filter(lost_and_found::Column::Id.eq(proposal.found_id))
        .filter(lost_and_found::Column::ResolvedAt.is_null())
        .exec(conn)
        .await?;
    Ok(confirmed.rows_affected == 1 && resolved.rows_affected == 1)
}
