//! Writing what is no journal: keys, people, places, live sessions; and the destruction of keys.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::Error;
use super::entity::*;
use super::script::{insert, keep};

pub async fn add_person(conn: &impl ConnectionTrait, row: people::Model) -> Result<(), Error> {
    insert(conn, vec![row]).await
}

/// A platform, unless it is known.
pub async fn keep_tenant(conn: &impl ConnectionTrait, row: tenants::Model) -> Result<(), Error> {
    keep(conn, vec![row], [tenants::Column::Id]).await
}

pub async fn add_key(conn: &impl ConnectionTrait, row: keys::Model) -> Result<(), Error> {
    insert(conn, vec![row]).await
}

/// Ends a key that had not ended.
pub async fn revoke_key(conn: &impl ConnectionTrait, id: Uuid, by: Option<Uuid>, now: i64) -> Result<bool, Error> {
    let done = keys::Entity::update_many()
        .col_expr(keys::Column::RevokedAt, Expr::value(now))
        .col_expr(keys::Column::RevokedByKey, Expr::value(by))
        .filter(keys::Column::Id.eq(id))
        .filter(keys::Column::RevokedAt.is_null())
        .exec(conn)
        .await?;
    Ok(done.rows_affected == 1)
}

macro_rules! put {
    ($(#[$doc:meta])* $name:ident, $table:ident, [$($key:ident),*], [$($set:ident),*]) => {
        $(#[$doc])*
        pub async fn $name(conn: &impl ConnectionTrait, row: $table::Model) -> Result<(), Error> {
            use sea_orm::IntoActiveModel;
            let mut row = row.into_active_model();
            $(if let ActiveValue::Unchanged(value) = put!(@field row, $table, $key) {
                sea_orm::ActiveModelTrait::set(&mut row, $table::Column::$key, value);
            })*
            $table::Entity::insert(row)
                .on_conflict(
                    OnConflict::columns([$($table::Column::$key),*])
                        .update_columns([$($table::Column::$set),*])
                        .to_owned(),
                )
                .exec_without_returning(conn)
                .await?;
            Ok(())
        }
    };
    (@field $row:ident, $table:ident, $key:ident) => {
        sea_orm::ActiveModelTrait::get(&$row, $table::Column::$key)
    };
}

put!(
    /// A warehouse, new or changed.
    put_warehouse, warehouses, [Id], [Name, Address, Timezone, LaboratoryId]
);
put!(
    /// A laboratory, new or changed.
    put_laboratory, laboratories, [Id], [Name, Cma, Cnas]
);
put!(
    /// A device, new or changed.
    put_device, devices, [Id], [WarehouseId, Kind, Serial, PermissibleErrorUg, AdjustedAt, AdjustmentExpiresAt]
);
put!(
    /// A live session, new or changed. Its transcript is put by itself.
    put_live, lives, [TenantId, Id], [RoomId, StartedAt, ReplayUrl, UpdatedAt]
);

put!(
    /// A transcript whose ledgers have to be read, in place of an earlier one of its session.
    put_unread, unread_transcripts, [TenantId, LiveId], [TranscriptId, CreatedAt]
);

/// A live session of which nothing is told yet but that it is one; what is known of it stays as it is.
pub async fn keep_live(conn: &impl ConnectionTrait, row: lives::Model) -> Result<(), Error> {
    keep(conn, vec![row], [lives::Column::TenantId, lives::Column::Id]).await
}

/// A reading as a station sent it; it stays as it came.
pub async fn keep_frame(conn: &impl ConnectionTrait, row: frames::Model) -> Result<(), Error> {
    keep(conn, vec![row], [frames::Column::ReadingId]).await
}

/// A transcript of a live session that is known, which has its ledgers to be read; false where it is not.
pub async fn put_transcript(conn: &impl ConnectionTrait, row: transcripts::Model, now: i64) -> Result<bool, Error> {
    let done = lives::Entity::update_many()
        .col_expr(lives::Column::TranscriptId, Expr::value(row.id))
        .col_expr(lives::Column::UpdatedAt, Expr::value(now))
        .filter(lives::Column::TenantId.eq(&row.tenant_id))
        .filter(lives::Column::Id.eq(&row.live_id))
        .exec(conn)
        .await?;
    let unread = unread_transcripts::Model {
        tenant_id: row.tenant_id.clone(),
        live_id: row.live_id.clone(),
        transcript_id: row.id,
        created_at: row.created_at,
    };
    insert(conn, vec![row]).await?;
    put_unread(conn, unread).await?;
    Ok(done.rows_affected == 1)
}

/// Notes that the ledgers of a transcript are read. A newer one of the same session goes on waiting.
pub async fn transcript_was_read(conn: &impl ConnectionTrait, transcript: Uuid) -> Result<(), Error> {
    unread_transcripts::Entity::delete_many()
        .filter(unread_transcripts::Column::TranscriptId.eq(transcript))
        .exec(conn)
        .await?;
    Ok(())
}

/// The orders in which somebody is the buyer.
pub async fn orders_of_person(conn: &impl ConnectionTrait, person: Uuid) -> Result<Vec<Uuid>, Error> {
    Ok(orders::Entity::find()
        .select_only()
        .column(orders::Column::OrderId)
        .filter(orders::Column::BuyerId.eq(person))
        .into_tuple()
        .all(conn)
        .await?)
}

/// Appends an event to an order's own journal, with the head in its projection.
pub async fn append_to_order(
    conn: &impl ConnectionTrait,
    event: events::Model,
    key: event_keys::Model,
) -> Result<(), Error> {
    orders::Entity::update_many()
        .col_expr(orders::Column::HeadSeq, Expr::value(event.seq))
        .col_expr(orders::Column::HeadHash, Expr::value(event.hash.clone()))
        .filter(orders::Column::OrderId.eq(event.order_id))
        .exec(conn)
        .await?;
    insert(conn, vec![event]).await.map_err(|error| error.over("events"))?;
    insert(conn, vec![key]).await
}

/// Destroys the keys of a person, of the texts and digests that are theirs, and, for these orders, of all texts and
/// digests; and the stored answers to requests about them.
pub async fn erase(
    conn: &impl ConnectionTrait,
    person: Uuid,
    orders: &[Uuid],
    by_key: Uuid,
    now: i64,
) -> Result<(), Error> {
    let nothing = Expr::value(Option::<Vec<u8>>::None);
    people::Entity::update_many()
        .col_expr(people::Column::WrappedKey, nothing.clone())
        .col_expr(people::Column::Sealed, nothing.clone())
        .col_expr(people::Column::Reference, Expr::value(Option::<String>::None))
        .col_expr(people::Column::ErasedAt, Expr::value(now))
        .col_expr(people::Column::ErasedByKey, Expr::value(by_key))
        .filter(people::Column::Id.eq(person))
        .exec(conn)
        .await?;
    let theirs = |own: Condition, order: sea_orm::sea_query::SimpleExpr| {
        if orders.is_empty() { own } else { own.add(order) }
    };
    sealed_texts::Entity::update_many()
        .col_expr(sealed_texts::Column::WrappedKey, nothing.clone())
        .col_expr(sealed_texts::Column::Sealed, nothing.clone())
        .filter(theirs(
            Condition::any().add(sealed_texts::Column::PersonId.eq(person)),
            sealed_texts::Column::OrderId.is_in(orders.iter().copied()),
        ))
        .exec(conn)
        .await?;
    event_keys::Entity::update_many()
        .col_expr(event_keys::Column::WrappedKey, nothing.clone())
        .filter(theirs(
            Condition::any().add(event_keys::Column::PersonId.eq(person)),
            event_keys::Column::OrderId.is_in(orders.iter().copied()),
        ))
        .exec(conn)
        .await?;
    proposals::Entity::update_many()
        .col_expr(proposals::Column::WrappedKey, nothing.clone())
        .col_expr(proposals::Column::Sealed, nothing)
        .filter(theirs(
            Condition::any().add(proposals::Column::PersonId.eq(person)),
            proposals::Column::OrderId.is_in(orders.iter().copied()),
        ))
        .exec(conn)
        .await?;
    idempotency::Entity::delete_many()
        .filter(theirs(
            Condition::any().add(idempotency::Column::OwnerId.eq(person)),
            idempotency::Column::OrderId.is_in(orders.iter().copied()),
        ))
        .exec(conn)
        .await?;
    Ok(())
}

/// Destroys the keys of what was said in the live sessions in which this person sold, of earlier transcripts too.
pub async fn erase_speech(conn: &impl ConnectionTrait, streamer: Uuid) -> Result<(), Error> {
    let sold: Vec<(String, Option<String>)> = orders::Entity::find()
        .select_only()
        .columns([orders::Column::TenantId, orders::Column::LiveId])
        .filter(orders::Column::StreamerId.eq(streamer))
        .filter(orders::Column::LiveId.is_not_null())
        .distinct()
        .into_tuple()
        .all(conn)
        .await?;
    let nothing = Expr::value(Option::<Vec<u8>>::None);
    for (tenant, live) in sold {
        transcripts::Entity::update_many()
            .col_expr(transcripts::Column::WrappedKey, nothing.clone())
            .col_expr(transcripts::Column::Sealed, nothing.clone())
            .filter(transcripts::Column::TenantId.eq(tenant))
            .filter(transcripts::Column::LiveId.eq(live.unwrap_or_default()))
            .exec(conn)
            .await?;
    }
    Ok(())
}

/// A signed root over all heads.
pub async fn add_root(conn: &impl ConnectionTrait, row: roots::Model) -> Result<(), Error> {
    insert(conn, vec![row]).await.map_err(|error| error.over("roots"))
}

/// Drops stored answers older than this.
pub async fn forget_answers(conn: &impl ConnectionTrait, before: i64) -> Result<u64, Error> {
    let old = idempotency::Column::CreatedAt.lt(before);
    Ok(idempotency::Entity::delete_many().filter(old).exec(conn).await?.rows_affected)
}
