//! A database that was brought back from a backup: held until a supervisor lets it go, with what is known to be lost.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::{capsules, deadlines, events, lost, outbox, people, restores};
use super::outbox::State;
use super::script::{insert, keep};
use super::{ALTERNATIVES, Error, Store, beside, padded};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $text:literal)*) => {
        /// What was lost.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind { $($(#[$doc])* $kind,)* }

        impl Kind {
            pub const ALL: &'static [Kind] = &[$(Kind::$kind,)*];

            pub fn as_str(self) -> &'static str {
                match self { $(Kind::$kind => $text,)* }
            }
        }
    };
}

kinds! {
    /// A certificate is in the world that nobody here can vouch for.
    Capsule "capsule"
    /// A certificate that was withdrawn counts again.
    Revocation "revocation"
    /// What a buyer or a merchant had answered.
    Answer "answer"
    /// A letter that left.
    Letter "letter"
    /// A message to an endpoint that left.
    Webhook "webhook"
    /// A person who had been erased, and was erased again.
    Erasure "erasure"
}

impl Kind {
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }
}

/// The last restore of this database; none where it never was.
pub async fn latest(conn: &impl ConnectionTrait) -> Result<Option<restores::Model>, Error> {
    use restores::Column::{BeganAt, Id};
    Ok(restores::Entity::find().order_by_desc(BeganAt).order_by_desc(Id).limit(1).one(conn).await?)
}

/// Notes that this database was brought back from a backup: from now on it is held. What came after a time is lost;
/// without one, what came after the newest event.
///
/// # Errors
///
/// Those of the store; then it is not held.
pub async fn hold(store: &Store, lost_from: Option<i64>, now: i64) -> Result<restores::Model, Error> {
    let txn = store.begin().await?;
    let newest = newest_event(&*txn).await?;
    let row = restores::Model {
        id: Uuid::now_v7(),
        began_at: now,
        lost_from_at: std::cmp::min(lost_from.or(newest).unwrap_or(now), now),
        replayed_at: None,
        unreadable: 0,
        asked_at: None,
        released_at: None,
        released_by: None,
        released_by_key: None,
    };
    insert(&*txn, vec![row.clone()]).await?;
    txn.commit().await?;
    Ok(row)
}

/// Notes that the log aside was read.
pub async fn replayed(conn: &impl ConnectionTrait, id: Uuid, unreadable: i32, now: i64) -> Result<(), Error> {
    restores::Entity::update_many()
        .col_expr(restores::Column::ReplayedAt, Expr::value(now))
        .col_expr(restores::Column::Unreadable, Expr::value(unreadable))
        .filter(restores::Column::Id.eq(id))
        .exec(conn)
        .await?;
    Ok(())
}

/// Notes when it was first asked to let go; asked again, the first time stands.
pub async fn asked(conn: &impl ConnectionTrait, id: Uuid, now: i64) -> Result<(), Error> {
    restores::Entity::update_many()
        .col_expr(restores::Column::AskedAt, Expr::value(now))
        .filter(restores::Column::Id.eq(id))
        .filter(restores::Column::AskedAt.is_null())
        .exec(conn)
        .await?;
    Ok(())
}

/// Lets go, on somebody's word.
pub async fn release(
    conn: &impl ConnectionTrait,
    id: Uuid,
    (person, key): (Uuid, Uuid),
    now: i64,
) -> Result<(), Error> {
    use restores::Column;
    restores::Entity::update_many()
        .col_expr(Column::ReleasedAt, Expr::value(now))
        .col_expr(Column::ReleasedBy, Expr::value(person))
        .col_expr(Column::ReleasedByKey, Expr::value(key))
        .filter(Column::Id.eq(id))
        .filter(Column::ReleasedAt.is_null())
        .exec(conn)
        .await?;
    Ok(())
}

/// When the newest event happened; none in an empty house.
pub async fn newest_event(conn: &impl ConnectionTrait) -> Result<Option<i64>, Error> {
    use events::Column::At;
    Ok(events::Entity::find().select_only().column(At).order_by_desc(At).limit(1).into_tuple().one(conn).await?)
}

/// Keeps what was lost. What is known as lost already stays as it is.
pub async fn keep_lost(conn: &impl ConnectionTrait, rows: Vec<lost::Model>) -> Result<(), Error> {
    for rows in rows.chunks(ALTERNATIVES) {
        keep(conn, rows.to_vec(), [lost::Column::Kind, lost::Column::Id]).await?;
    }
    Ok(())
}

/// Marks rows that wait though they were told: as sent, or, where somebody's clock counts from it, as accepted.
pub async fn mark_told(
    conn: &impl ConnectionTrait,
    ids: &[Uuid],
    (state, outcome): (State, &str),
    now: i64,
) -> Result<(), Error> {
    use outbox::Column;
    for ids in ids.chunks(ALTERNATIVES) {
        outbox::Entity::update_many()
            .col_expr(Column::State, Expr::value(state.as_str()))
            .col_expr(Column::Outcome, Expr::value(outcome))
            .col_expr(Column::NotBeforeAt, Expr::value(now))
            .col_expr(Column::Lease, Expr::value(Option::<String>::None))
            .col_expr(Column::LeasedUntilAt, Expr::value(Option::<i64>::None))
            .filter(Column::Id.is_in(padded(ids).copied()))
            .filter(Column::State.eq(State::Waiting.as_str()))
            .exec(conn)
            .await?;
    }
    Ok(())
}

/// Rows of the outbox by their ids.
pub async fn rows(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<outbox::Model>, Error> {
    let mut found = Vec::new();
    for ids in ids.chunks(ALTERNATIVES) {
        found.extend(outbox::Entity::find().filter(outbox::Column::Id.is_in(padded(ids).copied())).all(conn).await?);
    }
    Ok(found)
}

/// Whether every capsule of a piece is revoked, as far as there is one.
pub async fn is_revoked(conn: &impl ConnectionTrait, order: Uuid, stream: i32) -> Result<bool, Error> {
    let standing = capsules::Entity::find()
        .filter(capsules::Column::OrderId.eq(order))
        .filter(capsules::Column::StreamId.eq(stream))
        .filter(capsules::Column::RevokedAt.is_null());
    Ok(standing.one(conn).await?.is_none())
}

/// Whether a journal has an event of this kind that is no older than this.
pub async fn has_event(
    conn: &impl ConnectionTrait,
    (order, stream): (Uuid, i32),
    kind: &str,
    at: i64,
) -> Result<bool, Error> {
    use events::Column;
    let found = events::Entity::find()
        .filter(Column::OrderId.eq(order))
        .filter(Column::StreamId.eq(stream))
        .filter(Column::Kind.eq(kind))
        .filter(Column::At.gte(at));
    Ok(found.one(conn).await?.is_some())
}

/// Of these people, those who are there and were not erased.
pub async fn not_erased(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<BTreeSet<Uuid>, Error> {
    use people::Column::{ErasedAt, Id};
    let mut found = BTreeSet::new();
    for ids in ids.chunks(ALTERNATIVES) {
        let rows = people::Entity::find()
            .select_only()
            .column(Id)
            .filter(Id.is_in(padded(ids).copied()))
            .filter(ErasedAt.is_null());
        found.extend(rows.into_tuple::<Uuid>().all(conn).await?);
    }
    Ok(found)
}

/// What is known to be lost of one kind, oldest first, after a place in that order; of one warehouse and of orders that
/// nobody here knows, or of all.
pub async fn page(
    conn: &impl ConnectionTrait,
    (kind, warehouse): (Kind, Option<&str>),
    open: bool,
    after: Option<(i64, &str)>,
    limit: u64,
) -> Result<Vec<lost::Model>, Error> {
    use lost::Column::{At, FoundAt, Id};
    let mut query = lost::Entity::find().filter(of(kind, warehouse));
    if open {
        query = query.filter(FoundAt.is_null());
    }
    if let Some((at, id)) = after {
        let later = Condition::all().add(At.eq(at)).add(Id.gt(id));
        query = query.filter(Condition::any().add(At.gt(at)).add(later));
    }
    Ok(query.order_by_asc(At).order_by_asc(Id).limit(limit).all(conn).await?)
}

fn of(kind: Kind, warehouse: Option<&str>) -> Condition {
    use lost::Column::{Kind as Column, WarehouseId};
    let all = Condition::all().add(Column.eq(kind.as_str()));
    match warehouse {
        Some(own) => all.add(Condition::any().add(WarehouseId.is_null()).add(WarehouseId.eq(own))),
        None => all,
    }
}

/// How many things of a kind were lost, and how many of them still are.
pub async fn count(conn: &impl ConnectionTrait, kind: Kind, warehouse: Option<&str>) -> Result<(u64, u64), Error> {
    use sea_orm::PaginatorTrait;
    let all = lost::Entity::find().filter(of(kind, warehouse));
    let open = all.clone().filter(lost::Column::FoundAt.is_null());
    Ok((all.count(conn).await?, open.count(conn).await?))
}

/// The messages to each endpoint that were lost: its channel, how many, and when the first of them left.
pub async fn webhooks(conn: &impl ConnectionTrait) -> Result<Vec<(String, i64, i64)>, Error> {
    use lost::Column::{At, Channel, Id};
    let rows = lost::Entity::find()
        .select_only()
        .column(Channel)
        .column_as(Id.count(), "messages")
        .column_as(At.min(), "since")
        .filter(lost::Column::Kind.eq(Kind::Webhook.as_str()))
        .filter(Channel.is_not_null())
        .group_by(Channel)
        .order_by_asc(Channel);
    Ok(rows.into_tuple().all(conn).await?)
}

/// What is known to be lost under a name.
pub async fn lost(conn: &impl ConnectionTrait, kind: Kind, id: &str) -> Result<Option<lost::Model>, Error> {
    Ok(lost::Entity::find_by_id((kind.as_str().to_owned(), id.to_owned())).one(conn).await?)
}

/// Of these lost things, those that are known to be lost already.
pub async fn known_lost(
    conn: &impl ConnectionTrait,
    rows: &[lost::Model],
) -> Result<BTreeSet<(String, String)>, Error> {
    use lost::Column::{Id, Kind};
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    let mut known = BTreeSet::new();
    for ids in ids.chunks(ALTERNATIVES) {
        let found = lost::Entity::find().select_only().column(Kind).column(Id).filter(Id.is_in(padded(ids).cloned()));
        known.extend(found.into_tuple::<(String, String)>().all(conn).await?);
    }
    Ok(known)
}

/// Whether a certificate of this number was signed here and lost, and is lost still.
pub async fn lost_certificate(conn: &impl ConnectionTrait, code: &str) -> Result<bool, Error> {
    Ok(lost(conn, Kind::Capsule, code).await?.is_some_and(|row| row.found_at.is_none()))
}

/// The codes of the pieces of these orders.
pub async fn codes_of(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<BTreeMap<(Uuid, i32), String>, Error> {
    let rows = beside::pieces_of(conn, ids).await?;
    Ok(rows.into_iter().map(|row| ((row.order_id, row.stream_id), row.code)).collect())
}

/// An order that was lost, by the keyed digest of its number: its id, and the codes of its pieces by their journals.
pub async fn lost_order(
    conn: &impl ConnectionTrait,
    number: &str,
) -> Result<Option<(Uuid, BTreeMap<i32, String>)>, Error> {
    let rows = lost::Entity::find()
        .filter(lost::Column::Number.eq(number))
        .order_by_desc(lost::Column::At)
        .limit(1_000)
        .all(conn)
        .await?;
    let Some(order) = rows.iter().find_map(|row| row.order_id) else { return Ok(None) };
    let of_order = rows.into_iter().filter(|row| row.order_id == Some(order));
    let codes = of_order.filter_map(|row| Some((row.stream_id?, row.piece?)));
    Ok(Some((order, codes.collect())))
}

/// What a letter or a message tells: the same to the same about the same is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    pub order: Uuid,
    pub stream: i32,
    pub recipient: String,
    pub notice: String,
    pub channel: String,
    /// A keyed digest of what a message says; none of a letter.
    pub subject: Option<String>,
}

impl About {
    pub fn of(row: &outbox::Model, subject: Option<String>) -> Self {
        Self {
            order: row.order_id,
            stream: row.stream_id,
            recipient: row.recipient.clone(),
            notice: row.notice.clone(),
            channel: row.channel.clone(),
            subject,
        }
    }
}

/// Takes a letter or a message that left before the loss for one that is about to leave now: the same to the same about
/// the same. One stands for one. False where nothing of the sort was told. Asked again for the same row, it gives the
/// same answer.
///
/// # Errors
///
/// Those of the store; nothing was taken then.
pub async fn claim(store: &Store, row: Uuid, about: &About, now: i64) -> Result<bool, Error> {
    use lost::Column;
    let mut alike = lost::Entity::find()
        .filter(Column::OrderId.eq(about.order))
        .filter(Column::StreamId.eq(about.stream))
        .filter(Column::Recipient.eq(about.recipient.as_str()))
        .filter(Column::Notice.eq(about.notice.as_str()))
        .filter(Column::Channel.eq(about.channel.as_str()))
        .filter(Condition::any().add(Column::RowId.is_null()).add(Column::RowId.eq(row)));
    alike = match &about.subject {
        Some(subject) => alike.filter(Column::Subject.eq(subject.as_str())),
        None => alike.filter(Column::Subject.is_null()),
    };
    let found = alike.order_by_asc(Column::At).order_by_asc(Column::Id).all(store.reader()).await?;
    if found.iter().any(|lost| lost.row_id == Some(row)) {
        return Ok(true);
    }
    for candidate in found {
        let txn = store.begin().await?;
        let taken = lost::Entity::update_many()
            .col_expr(Column::RowId, Expr::value(row))
            .col_expr(Column::FoundAt, Expr::value(now))
            .filter(Column::Kind.eq(candidate.kind))
            .filter(Column::Id.eq(candidate.id))
            .filter(Column::RowId.is_null())
            .exec(&*txn)
            .await?;
        txn.commit().await?;
        if taken.rows_affected == 1 {
            return Ok(true);
        }
        // Another courier took it for another row meanwhile.
    }
    Ok(false)
}

/// Clocks that run out before a time, in the order of their keys, after one of them.
pub async fn clocks_until(
    conn: &impl ConnectionTrait,
    until: i64,
    after: Option<(Uuid, i32, String)>,
    limit: u64,
) -> Result<Vec<deadlines::Model>, Error> {
    use deadlines::Column::{DueAt, Kind, OrderId, StreamId};
    let mut query = deadlines::Entity::find().filter(DueAt.lt(until));
    if let Some((order, stream, kind)) = after {
        let same = Condition::all().add(OrderId.eq(order));
        let same_stream = same.clone().add(StreamId.eq(stream));
        query = query.filter(
            Condition::any()
                .add(OrderId.gt(order))
                .add(same.add(StreamId.gt(stream)))
                .add(same_stream.add(Expr::col(Kind).gt(kind))),
        );
    }
    Ok(query.order_by_asc(OrderId).order_by_asc(StreamId).order_by_asc(Kind).limit(limit).all(conn).await?)
}
