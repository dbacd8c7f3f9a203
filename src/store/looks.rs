//! What second looks rest on beside the journals: the seeds of the draws, and who has seen what.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::Error;
use super::entity::{keys, lots, reference_pieces, seen};
use super::script::keep;

/// The seed of one day.
pub async fn lot(conn: &impl ConnectionTrait, day: &str) -> Result<Option<lots::Model>, Error> {
    Ok(lots::Entity::find_by_id(day.to_owned()).one(conn).await?)
}

/// The days of which a seed is committed, from one on, oldest first.
pub async fn lots_from(conn: &impl ConnectionTrait, day: &str, limit: u64) -> Result<Vec<lots::Model>, Error> {
    let rows = lots::Entity::find().filter(lots::Column::Day.gte(day)).order_by_asc(lots::Column::Day);
    Ok(rows.limit(limit).all(conn).await?)
}

/// Commits seeds for days that have none.
pub async fn keep_lots(conn: &impl ConnectionTrait, rows: Vec<lots::Model>) -> Result<(), Error> {
    keep(conn, rows, [lots::Column::Day]).await
}

/// Notes that somebody has read what was found of a piece.
pub async fn note_seen(conn: &impl ConnectionTrait, row: seen::Model) -> Result<(), Error> {
    let set = OnConflict::columns([seen::Column::OrderId, seen::Column::StreamId, seen::Column::PersonId])
        .update_columns([seen::Column::SeenAt])
        .to_owned();
    seen::Entity::insert(row.into_active_model()).on_conflict(set).exec_without_returning(conn).await?;
    Ok(())
}

/// Whether a person has read what was found of a piece at or after a time, or held a key then that reads every journal.
pub async fn has_seen(
    conn: &impl ConnectionTrait,
    (order_id, stream_id): (Uuid, i32),
    person: Uuid,
    since: i64,
) -> Result<bool, Error> {
    let row = seen::Entity::find_by_id((order_id, stream_id, person)).one(conn).await?;
    if row.is_some_and(|row| since <= row.seen_at) {
        return Ok(true);
    }
    let reads_all = keys::Entity::find()
        .filter(keys::Column::PersonId.eq(person))
        .filter(keys::Column::Role.eq("auditor"))
        .filter(Condition::any().add(keys::Column::RevokedAt.is_null()).add(keys::Column::RevokedAt.gt(since)))
        .one(conn)
        .await?;
    Ok(reads_all.is_some())
}

/// Which of these pieces are the house's own.
pub async fn references_of(
    conn: &impl ConnectionTrait,
    pieces: &[(Uuid, i32)],
) -> Result<Vec<reference_pieces::Model>, Error> {
    use reference_pieces::Column::{OrderId, StreamId};
    let mut found = Vec::new();
    for pieces in pieces.chunks(super::ALTERNATIVES) {
        let any = super::padded(pieces).fold(Condition::any(), |any, (order_id, stream_id)| {
            any.add(Condition::all().add(OrderId.eq(*order_id)).add(StreamId.eq(*stream_id)))
        });
        found.extend(reference_pieces::Entity::find().filter(any).all(conn).await?);
    }
    Ok(found)
}
