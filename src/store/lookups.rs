//! What the desk looks up inside its transaction, for all commands of a batch at once.

use std::collections::BTreeSet;

use sea_orm::sea_query::UnionType;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
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
    use idempotency::Column::{Key, OwnerId};
    let mut answered = Vec::new();
    for keys in keys.chunks(ALTERNATIVES) {
        let query = idempotency::Entity::find()
            .filter(OwnerId.is_in(each(keys, |(owner, _, _)| *owner)))
            .filter(Key.is_in(each(keys, |(_, key, _)| *key)));
        let named = |row: &idempotency::Model| keys.contains(&(row.owner_id, row.key.as_str(), row.part.as_str()));
        answered.extend(query.all(conn).await?.into_iter().filter(named));
    }
    Ok(answered)
}

/// Every value that one part of these keys has, once, padded. A key of several parts is asked for by one list for each
/// part, and the answer is sifted: of alternatives joined by `OR` PostgreSQL takes out what they share, and where it has
/// no statistics yet it takes the owner that they share for rare, and reads everything of theirs.
fn each<'a, K, V: Clone + Ord + 'a>(keys: &'a [K], part: impl Fn(&'a K) -> V) -> Vec<V> {
    let values: Vec<V> = keys.iter().map(part).collect::<BTreeSet<V>>().into_iter().collect();
    padded(&values).cloned().collect()
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
    let query = waybills::Entity::find()
        .filter(Carrier.is_in(each(named, |(carrier, _)| *carrier)))
        .filter(Waybill.is_in(each(named, |(_, waybill)| *waybill)));
    let mut found = query.all(conn).await?;
    found.retain(|row| named.contains(&(row.carrier.as_str(), row.waybill.as_str())));
    Ok(found)
}

/// Who has these order numbers.
pub async fn order_nos(conn: &impl ConnectionTrait, named: &[(&str, &str)]) -> Result<Vec<order_nos::Model>, Error> {
    use order_nos::Column::{OrderNo, TenantId};
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let query = order_nos::Entity::find()
        .filter(TenantId.is_in(each(named, |(tenant, _)| *tenant)))
        .filter(OrderNo.is_in(each(named, |(_, order_no)| *order_no)));
    let mut found = query.all(conn).await?;
    found.retain(|row| named.contains(&(row.tenant_id.as_str(), row.order_no.as_str())));
    Ok(found)
}

/// People by platform, kind and the platform's reference.
pub async fn people(conn: &impl ConnectionTrait, named: &[(&str, &str, &str)]) -> Result<Vec<people::Model>, Error> {
    use people::Column::{Kind, Reference, TenantId};
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let query = people::Entity::find()
        .filter(TenantId.is_in(each(named, |(tenant, _, _)| *tenant)))
        .filter(Kind.is_in(each(named, |(_, kind, _)| *kind)))
        .filter(Reference.is_in(each(named, |(_, _, reference)| *reference)));
    let mut found = query.all(conn).await?;
    found.retain(|row| {
        let named_by = |(tenant, kind, reference): &(&str, &str, &str)| {
            row.tenant_id.as_deref() == Some(*tenant)
                && row.kind == *kind
                && row.reference.as_deref() == Some(*reference)
        };
        named.iter().any(named_by)
    });
    Ok(found)
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
    let query = certificate_holders::Entity::find()
        .filter(Body.is_in(each(named, |(body, _)| *body)))
        .filter(Number.is_in(each(named, |(_, number)| *number)));
    let mut found = query.all(conn).await?;
    found.retain(|row| named.contains(&(row.body.as_str(), row.number.as_str())));
    Ok(found)
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
