//! What the desk looks up inside its transaction, for all commands of a batch at once.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::entity::{
    capsules, certificate_holders, idempotency, laboratories, lines, lives, order_nos, orders, people, pieces,
    presented_certificates, status_places, warehouses, waybills,
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
    let mut answered = Vec::new();
    for keys in keys.chunks(ALTERNATIVES) {
        let any = padded(keys).fold(Condition::any(), |any, (owner, key, part)| {
            any.add(Condition::all().add(OwnerId.eq(*owner)).add(Key.eq(*key)).add(Part.eq(*part)))
        });
        answered.extend(idempotency::Entity::find().filter(any).all(conn).await?);
    }
    Ok(answered)
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
    let any = padded(named).fold(Condition::any(), |any, (carrier, waybill)| {
        any.add(Condition::all().add(Carrier.eq(*carrier)).add(Waybill.eq(*waybill)))
    });
    Ok(waybills::Entity::find().filter(any).all(conn).await?)
}

/// Who has these order numbers.
pub async fn order_nos(conn: &impl ConnectionTrait, named: &[(&str, &str)]) -> Result<Vec<order_nos::Model>, Error> {
    use order_nos::Column::{OrderNo, TenantId};
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let any = padded(named).fold(Condition::any(), |any, (tenant, order_no)| {
        any.add(Condition::all().add(TenantId.eq(*tenant)).add(OrderNo.eq(*order_no)))
    });
    Ok(order_nos::Entity::find().filter(any).all(conn).await?)
}

/// People by platform, kind and the platform's reference.
pub async fn people(conn: &impl ConnectionTrait, named: &[(&str, &str, &str)]) -> Result<Vec<people::Model>, Error> {
    use people::Column::{Kind, Reference, TenantId};
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let any = padded(named).fold(Condition::any(), |any, (tenant, kind, reference)| {
        any.add(Condition::all().add(TenantId.eq(*tenant)).add(Kind.eq(*kind)).add(Reference.eq(*reference)))
    });
    Ok(people::Entity::find().filter(any).all(conn).await?)
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
    let any = padded(named).fold(Condition::any(), |any, (body, number)| {
        any.add(Condition::all().add(Body.eq(*body)).add(Number.eq(*number)))
    });
    Ok(certificate_holders::Entity::find().filter(any).all(conn).await?)
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

/// Those of these places that are taken.
pub async fn taken_status_places(conn: &impl ConnectionTrait, places: &[i32]) -> Result<Vec<i32>, Error> {
    use status_places::Column::Place;
    let taken = status_places::Entity::find().select_only().column(Place);
    Ok(taken.filter(Place.is_in(places.iter().copied())).into_tuple().all(conn).await?)
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
