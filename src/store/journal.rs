//! Reading journals: the rows of events, by their key.

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

use super::entity::{event_keys, events};
use super::{ALTERNATIVES, Error, padded};
use crate::domain::ids::{OrderId, StreamId, StreamKey};

/// Which part of a journal to read: all events after this sequence number.
#[derive(Clone, Copy, Debug)]
pub struct Tail {
    pub key: StreamKey,
    pub after: i32,
}

/// The events of several journals, each from its own place on; those of one journal in their order.
pub async fn load(conn: &impl ConnectionTrait, tails: &[Tail]) -> Result<Vec<events::Model>, Error> {
    let mut loaded = Vec::new();
    for tails in tails.chunks(ALTERNATIVES) {
        let any = padded(tails).fold(Condition::any(), |any, tail| {
            any.add(
                Condition::all()
                    .add(events::Column::OrderId.eq(tail.key.order_id.0))
                    .add(events::Column::StreamId.eq(tail.key.stream_id.0))
                    .add(events::Column::Seq.gt(tail.after)),
            )
        });
        let rows = events::Entity::find()
            .filter(any)
            .order_by_asc(events::Column::OrderId)
            .order_by_asc(events::Column::StreamId)
            .order_by_asc(events::Column::Seq)
            .all(conn)
            .await?;
        loaded.extend(rows);
    }
    Ok(loaded)
}

/// One whole journal.
pub async fn read(conn: &impl ConnectionTrait, key: StreamKey) -> Result<Vec<events::Model>, Error> {
    load(conn, &[Tail { key, after: 0 }]).await
}

/// Every event of one order, stream by stream.
pub async fn of_order(conn: &impl ConnectionTrait, order_id: OrderId) -> Result<Vec<events::Model>, Error> {
    Ok(events::Entity::find()
        .filter(events::Column::OrderId.eq(order_id.0))
        .order_by_asc(events::Column::StreamId)
        .order_by_asc(events::Column::Seq)
        .all(conn)
        .await?)
}

/// Up to `limit` events after a place, in the order of their keys: for walking all journals in pieces.
pub async fn page(
    conn: &impl ConnectionTrait,
    after: Option<(StreamKey, i32)>,
    limit: u64,
) -> Result<Vec<events::Model>, Error> {
    Ok(after_place(events::Entity::find(), after).limit(limit).all(conn).await?)
}

/// The places of the same events, without what they hold: for a page in which one cannot be read.
pub async fn places(
    conn: &impl ConnectionTrait,
    after: Option<(StreamKey, i32)>,
    limit: u64,
) -> Result<Vec<(StreamKey, i32)>, Error> {
    use events::Column::{OrderId, Seq, StreamId};
    let keys: Vec<(Uuid, i32, i32)> = after_place(events::Entity::find(), after)
        .select_only()
        .columns([OrderId, StreamId, Seq])
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(keys.into_iter().map(|(order, stream, seq)| (stream_key(order, stream), seq)).collect())
}

/// One event.
pub async fn event(conn: &impl ConnectionTrait, key: StreamKey, seq: i32) -> Result<Option<events::Model>, Error> {
    Ok(events::Entity::find_by_id((key.order_id.0, key.stream_id.0, seq)).one(conn).await?)
}

/// Compared as a row, a place is found by the key's own index; a chain of `OR` would sort the rest of the table for
/// every page.
fn after_place(query: Select<events::Entity>, after: Option<(StreamKey, i32)>) -> Select<events::Entity> {
    use events::Column::{OrderId, Seq, StreamId};
    let query = query.order_by_asc(OrderId).order_by_asc(StreamId).order_by_asc(Seq);
    let Some((key, seq)) = after else { return query };
    let place = [OrderId, StreamId, Seq].map(|column| Expr::col((events::Entity, column)));
    let after = [Expr::val(key.order_id.0), Expr::val(key.stream_id.0), Expr::val(seq)];
    query.filter(Expr::tuple(place).gt(Expr::tuple(after)))
}

/// The last event of one journal, as its columns tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastEvent {
    pub key: StreamKey,
    pub seq: i32,
    pub hash: Vec<u8>,
}

/// Up to `limit` journals after one, each with its last event. Bodies are not read.
pub async fn heads(conn: &impl ConnectionTrait, after: Option<StreamKey>, limit: u64) -> Result<Vec<LastEvent>, Error> {
    use events::Column::{Hash, OrderId, Seq, StreamId};
    let later = Alias::new("later");
    let followed = Query::select()
        .expr(Expr::val(1))
        .from_as(events::Entity, later.clone())
        .and_where(Expr::col((later.clone(), OrderId)).equals((events::Entity, OrderId)))
        .and_where(Expr::col((later.clone(), StreamId)).equals((events::Entity, StreamId)))
        .and_where(Expr::col((later, Seq)).gt(Expr::col((events::Entity, Seq))))
        .take();
    // No event comes after the last possible one, so this is the place behind the whole journal.
    let after = after.map(|key| (key, i32::MAX));
    let heads: Vec<(Uuid, i32, i32, Vec<u8>)> = after_place(events::Entity::find(), after)
        .select_only()
        .columns([OrderId, StreamId, Seq, Hash])
        .filter(Expr::not_exists(followed))
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(heads
        .into_iter()
        .map(|(order, stream, seq, hash)| LastEvent { key: stream_key(order, stream), seq, hash })
        .collect())
}

/// How many events there are.
pub async fn count(conn: &impl ConnectionTrait) -> Result<u64, Error> {
    Ok(events::Entity::find().count(conn).await?)
}

/// How many orders have an event.
pub async fn count_orders(conn: &impl ConnectionTrait) -> Result<u64, Error> {
    let orders = events::Entity::find().select_only().column(events::Column::OrderId).distinct();
    Ok(orders.count(conn).await?)
}

/// Up to `limit` orders that have an event, after one.
pub async fn orders(conn: &impl ConnectionTrait, after: Option<Uuid>, limit: u64) -> Result<Vec<Uuid>, Error> {
    use events::Column::OrderId;
    let mut query = events::Entity::find().select_only().column(OrderId).distinct().order_by_asc(OrderId);
    if let Some(after) = after {
        query = query.filter(OrderId.gt(after));
    }
    Ok(query.limit(limit).into_tuple().all(conn).await?)
}

/// The wrapped key under which an event's body digest was made; none once it was destroyed.
pub async fn digest_key(conn: &impl ConnectionTrait, key: StreamKey, seq: i32) -> Result<Option<Vec<u8>>, Error> {
    let row = event_keys::Entity::find_by_id((key.order_id.0, key.stream_id.0, seq)).one(conn).await?;
    Ok(row.and_then(|row| row.wrapped_key))
}

/// The key of the journal that a row belongs to.
pub fn key_of(row: &events::Model) -> StreamKey {
    stream_key(row.order_id, row.stream_id)
}

/// A journal's key from its columns.
pub fn stream_key(order_id: Uuid, stream_id: i32) -> StreamKey {
    StreamKey { order_id: OrderId(order_id), stream_id: StreamId(stream_id) }
}
