//! Reading journals: the rows of events, by their key.

use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::Error;
use super::entity::{event_keys, events};
use crate::domain::ids::{OrderId, StreamId, StreamKey};

/// Which part of a journal to read: all events after this sequence number.
#[derive(Clone, Copy, Debug)]
pub struct Tail {
    pub key: StreamKey,
    pub after: i32,
}

/// The events of several journals, each from its own place on; ordered by journal and sequence number.
pub async fn load(conn: &impl ConnectionTrait, tails: &[Tail]) -> Result<Vec<events::Model>, Error> {
    if tails.is_empty() {
        return Ok(Vec::new());
    }
    let any = tails.iter().fold(Condition::any(), |any, tail| {
        any.add(
            Condition::all()
                .add(events::Column::OrderId.eq(tail.key.order_id.0))
                .add(events::Column::StreamId.eq(tail.key.stream_id.0))
                .add(events::Column::Seq.gt(tail.after)),
        )
    });
    Ok(events::Entity::find()
        .filter(any)
        .order_by_asc(events::Column::OrderId)
        .order_by_asc(events::Column::StreamId)
        .order_by_asc(events::Column::Seq)
        .all(conn)
        .await?)
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
    use events::Column::{OrderId, Seq, StreamId};
    let mut query = events::Entity::find();
    if let Some((key, seq)) = after {
        let (order, stream) = (key.order_id.0, key.stream_id.0);
        query = query.filter(
            Condition::any()
                .add(OrderId.gt(order))
                .add(Condition::all().add(OrderId.eq(order)).add(StreamId.gt(stream)))
                .add(Condition::all().add(OrderId.eq(order)).add(StreamId.eq(stream)).add(Seq.gt(seq))),
        );
    }
    Ok(query.order_by_asc(OrderId).order_by_asc(StreamId).order_by_asc(Seq).limit(limit).all(conn).await?)
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
