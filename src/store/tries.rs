//! Tries to show by a few digits whose an order is: counted before they are looked at, so that many at once are not more
//! than were allowed.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::Error;
use super::entity::tries;
use super::script::keep;

/// How many were made since the last that was right.
pub async fn made(conn: &impl ConnectionTrait, order_id: Uuid) -> Result<i32, Error> {
    Ok(tries::Entity::find_by_id(order_id).one(conn).await?.map_or(0, |row| row.count))
}

/// Takes one of so many tries. None where all are used up; else how many are left after it.
pub async fn take(conn: &impl ConnectionTrait, order_id: Uuid, most: i32, now: i64) -> Result<Option<i32>, Error> {
    keep(conn, vec![tries::Model { order_id, count: 0, last_at: now }], [tries::Column::OrderId]).await?;
    let taken = tries::Entity::update_many()
        .col_expr(tries::Column::Count, Expr::col(tries::Column::Count).add(1))
        .col_expr(tries::Column::LastAt, Expr::value(now))
        .filter(tries::Column::OrderId.eq(order_id))
        .filter(tries::Column::Count.lt(most))
        .exec(conn)
        .await?;
    if taken.rows_affected == 0 {
        return Ok(None);
    }
    Ok(Some(most - made(conn, order_id).await?))
}

/// One was right: the others are forgotten. The row stays, for another try may be about to be counted in it.
pub async fn forget(conn: &impl ConnectionTrait, order_id: Uuid) -> Result<(), Error> {
    tries::Entity::update_many()
        .col_expr(tries::Column::Count, Expr::value(0))
        .filter(tries::Column::OrderId.eq(order_id))
        .exec(conn)
        .await?;
    Ok(())
}
