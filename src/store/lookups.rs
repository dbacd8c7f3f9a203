//! What the desk looks up inside its transaction, for all commands of a batch at once.

use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::{idempotency, lines, order_nos, orders, people, warehouses, waybills};
use super::{ALTERNATIVES, Backend, Error, Transaction, padded};

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
