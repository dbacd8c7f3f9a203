//! What was told: for lists, and to be sent again.

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{Error, State, padded};
use crate::domain::deadline::Clock;
use crate::store::entity::{deadlines, orders, outbox, pieces};

/// One row.
pub async fn row(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<outbox::Model>, Error> {
    Ok(outbox::Entity::find_by_id(id).one(conn).await?)
}

/// Everything that was told of one journal, in the order of its events.
pub async fn of_stream(
    conn: &impl ConnectionTrait,
    order_id: Uuid,
    stream_id: i32,
) -> Result<Vec<outbox::Model>, Error> {
    use outbox::Column;
    Ok(outbox::Entity::find()
        .filter(Column::OrderId.eq(order_id))
        .filter(Column::StreamId.eq(stream_id))
        .order_by_asc(Column::Seq)
        .order_by_asc(Column::Recipient)
        .order_by_asc(Column::Notice)
        .order_by_asc(Column::Channel)
        .all(conn)
        .await?)
}

/// A place in a list of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub not_before_at: i64,
    pub id: Uuid,
}

/// The rows of one warehouse in one state, oldest first, each with its order's platform and number.
pub async fn page(
    conn: &impl ConnectionTrait,
    warehouse: &str,
    state: State,
    recipient: Option<&str>,
    after: Option<Place>,
    limit: u64,
) -> Result<Vec<(outbox::Model, orders::Model)>, Error> {
    use outbox::Column;
    let of_warehouse = orders::Entity::find()
        .select_only()
        .column(orders::Column::OrderId)
        .filter(orders::Column::WarehouseId.eq(warehouse));
    let mut query = outbox::Entity::find()
        .filter(Column::State.eq(state.as_str()))
        .filter(Column::OrderId.in_subquery(sea_orm::QueryTrait::into_query(of_warehouse)));
    if let Some(recipient) = recipient {
        query = query.filter(Column::Recipient.eq(recipient));
    }
    if let Some(place) = after {
        query = query
            .filter(Column::NotBeforeAt.gte(place.not_before_at))
            .filter(Condition::any().add(Column::NotBeforeAt.gt(place.not_before_at)).add(Column::Id.gt(place.id)));
    }
    let rows = query.order_by_asc(Column::NotBeforeAt).order_by_asc(Column::Id).limit(limit).all(conn).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.order_id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = orders::Entity::find().filter(orders::Column::OrderId.is_in(padded(&ids).copied())).all(conn).await?;
    let with_order = |row: outbox::Model| {
        let order = found.iter().find(|order| order.order_id == row.order_id)?.clone();
        Some((row, order))
    };
    Ok(rows.into_iter().filter_map(with_order).collect())
}

/// Lets a row that was buried, or had nobody to go to, be tried anew. False where it is none.
pub async fn send_again(conn: &impl ConnectionTrait, id: Uuid, now: i64) -> Result<bool, Error> {
    use outbox::Column;
    let done = outbox::Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Waiting.as_str()))
        .col_expr(Column::Attempts, Expr::value(0))
        .col_expr(Column::NotBeforeAt, Expr::value(now))
        .col_expr(Column::Letter, Expr::value(Option::<Uuid>::None))
        .filter(Column::Id.eq(id))
        .filter(Column::State.is_in([State::Buried, State::Nobody].map(State::as_str)))
        .exec(conn)
        .await?;
    Ok(done.rows_affected == 1)
}

/// The rows by which a supervisor was told that nobody could be reached who has to choose, of one warehouse, in the order
/// of their orders; as far as the choice is still open. Of an order's own question that is left to whoever asks: it stands
/// in no row.
pub async fn unreached(conn: &impl ConnectionTrait, warehouse: &str) -> Result<Vec<outbox::Model>, Error> {
    let own = |column: outbox::Column| (outbox::Entity, column);
    let clock = Query::select()
        .expr(Expr::val(1))
        .from(deadlines::Entity)
        .and_where(Expr::col((deadlines::Entity, deadlines::Column::OrderId)).equals(own(outbox::Column::OrderId)))
        .and_where(Expr::col((deadlines::Entity, deadlines::Column::StreamId)).equals(own(outbox::Column::StreamId)))
        .and_where(
            Expr::col((deadlines::Entity, deadlines::Column::Kind))
                .is_in([Clock::BuyersChoice, Clock::Appeal].map(Clock::as_str)),
        )
        .take();
    let stages = [Clock::BuyersChoice, Clock::Appeal].map(|clock| clock.stage().as_str());
    let piece = Query::select()
        .expr(Expr::val(1))
        .from(pieces::Entity)
        .and_where(Expr::col((pieces::Entity, pieces::Column::OrderId)).equals(own(outbox::Column::OrderId)))
        .and_where(Expr::col((pieces::Entity, pieces::Column::StreamId)).equals(own(outbox::Column::StreamId)))
        .and_where(Expr::col((pieces::Entity, pieces::Column::WarehouseId)).eq(warehouse))
        .and_where(Expr::col((pieces::Entity, pieces::Column::Stage)).is_in(stages))
        .and_where(Expr::not_exists(clock))
        .take();
    let order = Query::select()
        .expr(Expr::val(1))
        .from(orders::Entity)
        .and_where(Expr::col((orders::Entity, orders::Column::OrderId)).equals(own(outbox::Column::OrderId)))
        .and_where(Expr::col((orders::Entity, orders::Column::WarehouseId)).eq(warehouse))
        .and_where(Expr::col(own(outbox::Column::StreamId)).eq(0))
        .take();
    let rows = outbox::Entity::find()
        // Written as in the index of these few rows alone, so that it is found.
        .filter(Expr::cust("notice = 'choice_unreached'"))
        .filter(Condition::any().add(Expr::exists(piece)).add(Expr::exists(order)))
        .order_by_asc(outbox::Column::OrderId)
        .order_by_asc(outbox::Column::StreamId)
        .order_by_asc(outbox::Column::Seq);
    Ok(rows.all(conn).await?)
}
