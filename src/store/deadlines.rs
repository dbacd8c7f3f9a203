//! Clocks that ran out, and who is firing them.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::Error;
use super::entity::deadlines;

/// So long a worker has a row to itself. One that fell silent loses it.
pub const LEASE_US: i64 = 60_000_000;

/// Rows that nobody is firing. A lease that ends later than any could have been given was written by a clock that has
/// been set back since.
fn free(now: i64) -> Condition {
    use deadlines::Column::LeasedUntilAt;
    Condition::any()
        .add(LeasedUntilAt.is_null())
        .add(LeasedUntilAt.lte(now))
        .add(LeasedUntilAt.gt(now.saturating_add(LEASE_US)))
}

/// Rows that are due and free, oldest first.
pub async fn due(conn: &impl ConnectionTrait, now: i64, limit: u64) -> Result<Vec<deadlines::Model>, Error> {
    use deadlines::Column::{DueAt, Kind, OrderId, StreamId};
    let due = deadlines::Entity::find().filter(DueAt.lte(now)).filter(free(now));
    Ok(due
        .order_by_asc(DueAt)
        .order_by_asc(OrderId)
        .order_by_asc(StreamId)
        .order_by_asc(Kind)
        .limit(limit)
        .all(conn)
        .await?)
}

/// Takes those of these rows that are still free.
pub async fn lease(
    conn: &impl ConnectionTrait,
    rows: Vec<deadlines::Model>,
    now: i64,
) -> Result<Vec<deadlines::Model>, Error> {
    use deadlines::Column::{DueAt, Kind, LeasedUntilAt, OrderId, StreamId};
    let until = now.saturating_add(LEASE_US);
    let mut leased = Vec::with_capacity(rows.len());
    for row in rows {
        let taken = deadlines::Entity::update_many()
            .col_expr(LeasedUntilAt, Expr::value(until))
            .filter(OrderId.eq(row.order_id))
            .filter(StreamId.eq(row.stream_id))
            .filter(Kind.eq(row.kind.as_str()))
            .filter(DueAt.eq(row.due_at))
            .filter(free(now))
            .exec(conn)
            .await?;
        if taken.rows_affected == 1 {
            leased.push(row);
        }
    }
    Ok(leased)
}

/// The clocks of an order's own journal.
pub async fn of_order(conn: &impl ConnectionTrait, order_id: uuid::Uuid) -> Result<Vec<deadlines::Model>, Error> {
    use deadlines::Column::{Kind, OrderId, StreamId};
    let rows = deadlines::Entity::find().filter(OrderId.eq(order_id)).filter(StreamId.eq(0));
    Ok(rows.order_by_asc(Kind).all(conn).await?)
}
