//! What the desk looks up inside its transaction, for all commands of a batch at once.

use std::collections::BTreeSet;

use sea_orm::sea_query::{Asterisk, Condition, Expr, ExprTrait, Query, UnionType, ValueTuple};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, SelectModel, SelectorRaw, Value,
};
use uuid::Uuid;

use super::entity::{
    capsules, certificate_holders, idempotency, laboratories, lines, lives, lost_capsules, order_nos, orders, people,
    pieces, presented_certificates, status_places, warehouses, waybills,
};
use super::{ALTERNATIVES, Backend, Error, Source, Transaction, padded};

/// Takes the orders' rows for this transaction, in the order of their ids, so that two processes on one PostgreSQL
/// decide on an order one after the other and never wait for each other in a ring. An SQLite transaction has the whole file.
pub async fn lock_orders(txn: &Transaction, ids: &[Uuid]) -> Result<(), Error> {
    if ids.is_empty() || txn.get_database_backend() == DbBackend::Sqlite {
        return Ok(());
    }
    orders::Entity::find()
        .select_only()
        .column(orders::Column::OrderId)
        .filter(orders::Column::OrderId.is_in(padded(ids).copied()))
        .order_by_asc(orders::Column::OrderId)
        .lock_exclusive()
        .into_tuple::<Uuid>()
        .all(&**txn)
        .await?;
    Ok(())
}

/// A person, taken for this transaction: two erasures at once are one after the other.
pub async fn lock_person(backend: Backend, txn: &Transaction, id: Uuid) -> Result<Option<people::Model>, Error> {
    let person = people::Entity::find_by_id(id);
    let person = match backend {
        Backend::Sqlite => person,
        Backend::Postgres => person.lock_exclusive(),
    };
    Ok(person.one(&**txn).await?)
}

/// Requests that were answered before.
pub async fn answered(
    conn: &impl ConnectionTrait,
    keys: &[(Uuid, &str, &str)],
) -> Result<Vec<idempotency::Model>, Error> {
    use idempotency::Column::{Key, OwnerId, Part};
    let backend = conn.get_database_backend();
    let mut answered = Vec::new();
    for keys in keys.chunks(ALTERNATIVES) {
        let values = |(owner, key, part): &(Uuid, &str, &str)| [(*owner).into(), (*key).into(), (*part).into()];
        let rows = by_keys::<idempotency::Entity, _, _>(backend, [OwnerId, Key, Part], keys, values);
        answered.extend(rows.all(conn).await?);
    }
    Ok(answered)
}

/// The rows of a table that have these whole keys, each key of several parts and each looked up by itself.
///
/// Told as lists or as alternatives, keys are for PostgreSQL a question about whatever shares a part with them: where its
/// statistics say that this is little, it reads all of it (seen: everything that an owner was ever answered, 2.6 ms for
/// eight keys), and a prepared statement keeps that plan while the table grows. So each key is a question of its own
/// there, in one statement, and the `OFFSET` keeps them apart. SQLite takes a list of rows through the key's index.
fn by_keys<E: EntityTrait, K: Ord, const N: usize>(
    backend: DbBackend,
    columns: [E::Column; N],
    keys: &[K],
    values: impl Fn(&K) -> [Value; N],
) -> SelectorRaw<SelectModel<E::Model>> {
    let (key, found) = ("key", "found");
    let mut keys: Vec<_> = keys.iter().collect::<BTreeSet<_>>().into_iter().map(|key| values(key).to_vec()).collect();
    // A power of two of them has one of a few texts; what is added is nobody's key.
    let nobody: Option<Vec<_>> = keys.first().map(|key| key.iter().map(Value::as_null).collect());
    keys.resize(keys.len().next_power_of_two(), nobody.unwrap_or_default());
    let keys = keys.into_iter().map(ValueTuple::Many);
    let mut rows = E::find();
    let query = if backend == DbBackend::Sqlite {
        let keys = Query::select().column(Asterisk).from_values(keys, key).take();
        let columns = columns.map(|column| Expr::col((E::default(), column)));
        rows = rows.filter(Expr::tuple(columns).in_subquery(keys));
        rows.into_query()
    } else {
        for (at, column) in columns.into_iter().enumerate() {
            // So PostgreSQL names what a list of rows has.
            rows = rows.filter(Expr::col((E::default(), column)).equals((key, format!("column{}", at + 1))));
        }
        let own = rows.offset(0).into_query();
        let mut query = Query::select();
        query.column((found, Asterisk)).from_values(keys, key);
        query.join_lateral(JoinType::InnerJoin, own, found, Condition::all().add(Expr::value(true)));
        query
    };
    E::find().from_raw_sql(backend.build(&query))
}

fn pair((one, other): &(&str, &str)) -> [Value; 2] {
    [(*one).into(), (*other).into()]
}

/// The lines of these orders.
pub async fn lines_of(conn: &impl ConnectionTrait, orders: &[Uuid]) -> Result<Vec<lines::Model>, Error> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    Ok(lines::Entity::find().filter(lines::Column::OrderId.is_in(padded(orders).copied())).all(conn).await?)
}

/// Who has these waybills.
pub async fn waybills(conn: &impl ConnectionTrait, named: &[(&str, &str)]) -> Result<Vec<waybills::Model>, Error> {
    use waybills::Column::{Carrier, Waybill};
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let backend = conn.get_database_backend();
    let rows = by_keys::<waybills::Entity, _, _>(backend, [Carrier, Waybill], named, pair);
    Ok(rows.all(conn).await?)
}

/// Who has these order numbers.
pub async fn order_nos(conn: &impl ConnectionTrait, named: &[(&str, &str)]) -> Result<Vec<order_nos::Model>, Error> {
    use order_nos::Column::{OrderNo, TenantId};
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let backend = conn.get_database_backend();
    let rows = by_keys::<order_nos::Entity, _, _>(backend, [TenantId, OrderNo], named, pair);
    Ok(rows.all(conn).await?)
}

/// People by platform, kind and the platform's reference.
pub async fn people(conn: &impl ConnectionTrait, named: &[(&str, &str, &str)]) -> Result<Vec<people::Model>, Error> {
    use people::Column::{Kind, Reference, TenantId};
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let values = |(tenant, kind, reference): &(&str, &str, &str)| [tenant, kind, reference].map(|part| (*part).into());
    let columns = [TenantId, Kind, Reference];
    let rows = by_keys::<people::Entity, _, _>(conn.get_database_backend(), columns, named, values);
    Ok(rows.all(conn).await?)
}

/// The warehouses, oldest first.
pub async fn warehouses(conn: &impl ConnectionTrait) -> Result<Vec<warehouses::Model>, Error> {
    Ok(warehouses::Entity::find()
        .order_by_asc(warehouses::Column::CreatedAt)
        .order_by_asc(warehouses::Column::Id)
        .all(conn)
        .await?)
}

/// The laboratories in whose names warehouses work, each with the warehouse's id.
pub async fn laboratories_by_warehouse(
    conn: &impl ConnectionTrait,
) -> Result<Vec<(String, laboratories::Model)>, Error> {
    let known = laboratories::Entity::find().all(conn).await?;
    let named = |row: warehouses::Model| {
        let laboratory = known.iter().find(|known| Some(&known.id) == row.laboratory_id.as_ref())?;
        Some((row.id, laboratory.clone()))
    };
    Ok(warehouses(conn).await?.into_iter().filter_map(named).collect())
}

/// Who has these certificates' numbers.
pub async fn certificate_holders(
    conn: &impl ConnectionTrait,
    named: &[(&str, &str)],
) -> Result<Vec<certificate_holders::Model>, Error> {
    use certificate_holders::Column::{Body, Number};
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let backend = conn.get_database_backend();
    let rows = by_keys::<certificate_holders::Entity, _, _>(backend, [Body, Number], named, pair);
    Ok(rows.all(conn).await?)
}

/// The pieces of an order that present this number, with the stage of each; whoever has the number among them.
pub async fn pieces_presenting(
    conn: &impl ConnectionTrait,
    holder: &certificate_holders::Model,
) -> Result<Vec<pieces::Model>, Error> {
    use presented_certificates::Column::{Body, Number, OrderId, StreamId};
    let presenting = presented_certificates::Entity::find()
        .select_only()
        .column(StreamId)
        .filter(Body.eq(&holder.body))
        .filter(Number.eq(&holder.number))
        .filter(OrderId.eq(holder.order_id));
    let mut streams: Vec<i32> = presenting.into_tuple().all(conn).await?;
    streams.push(holder.stream_id);
    Ok(pieces::Entity::find()
        .filter(pieces::Column::OrderId.eq(holder.order_id))
        .filter(pieces::Column::StreamId.is_in(padded(&streams).copied()))
        .all(conn)
        .await?)
}

/// How many capsules were revoked: a walk over the index of those alone. None is ever un-revoked.
pub async fn count_revoked(conn: &impl ConnectionTrait) -> Result<u64, Error> {
    Ok(capsules::Entity::find().filter(capsules::Column::RevokedAt.gt(i64::MIN)).count(conn).await?)
}

/// When the last capsule was issued: the end of an index.
pub async fn last_issued_at(conn: &impl ConnectionTrait) -> Result<Option<i64>, Error> {
    use capsules::Column::IssuedAt;
    let last = capsules::Entity::find().select_only().column(IssuedAt).order_by_desc(IssuedAt);
    Ok(last.limit(1).into_tuple().one(conn).await?)
}

/// The highest place in the status list that is a capsule's.
pub async fn highest_status_place(conn: &impl ConnectionTrait) -> Result<Option<i32>, Error> {
    use status_places::Column::Place;
    let highest = status_places::Entity::find().select_only().column(Place).order_by_desc(Place);
    Ok(highest.limit(1).into_tuple().one(conn).await?)
}

/// Those of these places that are taken, also by capsules whose record was lost.
pub async fn taken_status_places(conn: &impl ConnectionTrait, places: &[i32]) -> Result<Vec<i32>, Error> {
    use lost_capsules::Column::StatusPlace;
    use status_places::Column::Place;
    let lost = lost_capsules::Entity::find().select_only().column(StatusPlace);
    let lost = lost.filter(StatusPlace.is_in(places.iter().copied()));
    let mut taken = status_places::Entity::find().select_only().column(Place);
    taken = taken.filter(Place.is_in(places.iter().copied()));
    QueryTrait::query(&mut taken).union(UnionType::All, lost.into_query());
    Ok(taken.into_tuple().all(conn).await?)
}

/// The latest transcript of a live session. In a transaction of PostgreSQL the session's row is shared until its end, so
/// that a new transcript waits for those who read the old one.
pub async fn transcript_id(source: &Source<'_>, tenant: &str, live: &str) -> Result<Option<Uuid>, Error> {
    let row = lives::Entity::find_by_id((tenant.to_owned(), live.to_owned()));
    let row = match source.get_database_backend() {
        DbBackend::Postgres => row.lock_shared(),
        _ => row, // An SQLite transaction has the whole file.
    };
    Ok(row.one(source).await?.and_then(|row| row.transcript_id))
}
