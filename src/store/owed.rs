//! What is owed, whose fault it was, fee tables, carriers and what they told: reading for lists, and the few rows that are
//! written beside the journals.

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use uuid::Uuid;

use super::Error;
use super::entity::{carriers, cases, fees, incidents, legs, obligations, orders, parked, pieces};
use super::queries::OrdersOf;
use super::script::{insert, keep};

/// The fee table of a warehouse.
pub async fn fees_of(conn: &impl ConnectionTrait, warehouse: &str) -> Result<Vec<fees::Model>, Error> {
    let rows = fees::Entity::find().filter(fees::Column::WarehouseId.eq(warehouse));
    Ok(rows.order_by_asc(fees::Column::Fee).order_by_asc(fees::Column::Currency).all(conn).await?)
}

/// All fee tables.
pub async fn all_fees(conn: &impl ConnectionTrait) -> Result<Vec<fees::Model>, Error> {
    use fees::Column::{Currency, Fee, WarehouseId};
    let rows = fees::Entity::find().order_by_asc(WarehouseId).order_by_asc(Fee).order_by_asc(Currency);
    Ok(rows.all(conn).await?)
}

/// Puts a fee table in place of the one that is there.
pub async fn put_fees(conn: &impl ConnectionTrait, warehouse: &str, rows: Vec<fees::Model>) -> Result<(), Error> {
    fees::Entity::delete_many().filter(fees::Column::WarehouseId.eq(warehouse)).exec(conn).await?;
    insert(conn, rows).await
}

/// Puts one fee.
pub async fn put_fee(conn: &impl ConnectionTrait, row: fees::Model) -> Result<(), Error> {
    let set = OnConflict::columns([fees::Column::WarehouseId, fees::Column::Fee, fees::Column::Currency])
        .update_columns([fees::Column::Amount])
        .to_owned();
    fees::Entity::insert(row.into_active_model()).on_conflict(set).exec_without_returning(conn).await?;
    Ok(())
}

/// Which obligations.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub state: Option<String>,
    pub order_id: Option<Uuid>,
    pub creditor: Option<String>,
    pub debtor: Option<String>,
    /// Only those whose amount a supervisor has to set.
    pub without_amount: bool,
    /// Behind this one: when it arose, and its id.
    pub after: Option<(i64, Uuid)>,
}

/// A page of obligations, oldest first.
pub async fn obligations_page(
    conn: &impl ConnectionTrait,
    of: &OrdersOf,
    wanted: &Wanted,
    limit: u64,
) -> Result<Vec<obligations::Model>, Error> {
    use obligations::Column::{
        Amount, AroseAt, Creditor, Debtor, Id, MerchantId, OrderId, State, TenantId, WarehouseId,
    };
    let mut query = match of {
        OrdersOf::Tenant(tenant) => obligations::Entity::find().filter(TenantId.eq(tenant)),
        OrdersOf::Merchant(tenant, merchant) => {
            obligations::Entity::find().filter(TenantId.eq(tenant)).filter(MerchantId.eq(merchant))
        }
        OrdersOf::Warehouse(warehouse) => obligations::Entity::find().filter(WarehouseId.eq(warehouse)),
        OrdersOf::All => obligations::Entity::find(),
    };
    let columns = [(State, &wanted.state), (Creditor, &wanted.creditor), (Debtor, &wanted.debtor)];
    for (column, value) in columns {
        if let Some(value) = value {
            query = query.filter(column.eq(value.as_str()));
        }
    }
    if let Some(order_id) = wanted.order_id {
        query = query.filter(OrderId.eq(order_id));
    }
    if wanted.without_amount {
        query = query.filter(Amount.is_null());
    }
    if let Some((at, id)) = wanted.after {
        let column = |column| Expr::col((obligations::Entity, column));
        let place = Expr::tuple([column(AroseAt), column(Id)]);
        query = query.filter(place.gt(Expr::tuple([Expr::val(at), Expr::val(id)])));
    }
    Ok(query.order_by_asc(AroseAt).order_by_asc(Id).limit(limit).all(conn).await?)
}

/// What is owed on one order, in the order in which it arose.
pub async fn obligations_of(conn: &impl ConnectionTrait, order_id: Uuid) -> Result<Vec<obligations::Model>, Error> {
    let rows = obligations::Entity::find().filter(obligations::Column::OrderId.eq(order_id));
    Ok(rows.order_by_asc(obligations::Column::Seq).all(conn).await?)
}

pub async fn obligation(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<obligations::Model>, Error> {
    Ok(obligations::Entity::find().filter(obligations::Column::Id.eq(id)).one(conn).await?)
}

/// A page of cases in one of these states, or in any, oldest first, behind the one that is named by its time, order and
/// stream.
pub async fn cases_page(
    conn: &impl ConnectionTrait,
    of: &OrdersOf,
    states: &[&str],
    after: Option<(i64, Uuid, i32)>,
    limit: u64,
) -> Result<Vec<cases::Model>, Error> {
    use cases::Column::{OpenedAt, OrderId, State, StreamId};
    let mut query = cases::Entity::find();
    if !matches!(of, OrdersOf::All) {
        let orders = orders::Entity::find().select_only().column(orders::Column::OrderId).filter(of.condition());
        query = query.filter(OrderId.in_subquery(orders.into_query()));
    }
    if !states.is_empty() {
        query = query.filter(State.is_in(states.iter().copied()));
    }
    if let Some((at, order_id, stream_id)) = after {
        let place = Expr::tuple([OpenedAt, OrderId, StreamId].map(|column| Expr::col((cases::Entity, column))));
        query = query.filter(place.gt(Expr::tuple([Expr::val(at), Expr::val(order_id), Expr::val(stream_id)])));
    }
    let rows = query.order_by_asc(OpenedAt).order_by_asc(OrderId).order_by_asc(StreamId);
    Ok(rows.limit(limit).all(conn).await?)
}

/// A merchant's incidents, oldest first, withdrawn ones included.
pub async fn incidents_of(
    conn: &impl ConnectionTrait,
    tenant: &str,
    merchant: &str,
) -> Result<Vec<incidents::Model>, Error> {
    use incidents::Column::{ConfirmedAt, Id, MerchantId, TenantId};
    let rows = incidents::Entity::find().filter(TenantId.eq(tenant)).filter(MerchantId.eq(merchant));
    Ok(rows.order_by_asc(ConfirmedAt).order_by_asc(Id).all(conn).await?)
}

/// Incidents of a warehouse against which their merchants have appealed, and nobody has decided yet, oldest first.
pub async fn appealed(
    conn: &impl ConnectionTrait,
    warehouse: &str,
    limit: u64,
) -> Result<Vec<incidents::Model>, Error> {
    use incidents::Column::{Appeal, ConfirmedAt, Id, WarehouseId};
    let rows = incidents::Entity::find().filter(WarehouseId.eq(warehouse)).filter(Appeal.eq("open"));
    Ok(rows.order_by_asc(ConfirmedAt).order_by_asc(Id).limit(limit).all(conn).await?)
}

pub async fn incident(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<incidents::Model>, Error> {
    Ok(incidents::Entity::find().filter(incidents::Column::Id.eq(id)).one(conn).await?)
}

/// Writes incidents: for those who set up a house whose past is known, such as tests.
pub async fn add_incidents(conn: &impl ConnectionTrait, rows: Vec<incidents::Model>) -> Result<(), Error> {
    insert(conn, rows).await
}

/// Every leg of a warehouse under this waybill, whoever carries it.
pub async fn legs_under(
    conn: &impl ConnectionTrait,
    warehouse: &str,
    waybill: &str,
) -> Result<Vec<legs::Model>, Error> {
    use legs::Column::{OrderId, Seq, StreamId, WarehouseId, Waybill};
    let rows = legs::Entity::find().filter(Waybill.eq(waybill)).filter(WarehouseId.eq(warehouse));
    Ok(rows.order_by_asc(OrderId).order_by_asc(StreamId).order_by_asc(Seq).all(conn).await?)
}

/// Legs with trouble that waits for a supervisor, oldest first, with the codes of their pieces.
pub async fn troubles(
    conn: &impl ConnectionTrait,
    warehouse: &str,
    limit: u64,
) -> Result<Vec<(legs::Model, String)>, Error> {
    use legs::Column::{OrderId, TroubleAt, WarehouseId};
    let rows = legs::Entity::find().filter(WarehouseId.eq(warehouse)).filter(TroubleAt.is_not_null());
    let legs = rows.order_by_asc(TroubleAt).order_by_asc(OrderId).limit(limit).all(conn).await?;
    let mut found = Vec::with_capacity(legs.len());
    for leg in legs {
        if let Some(piece) = pieces::Entity::find_by_id((leg.order_id, leg.stream_id)).one(conn).await? {
            found.push((leg, piece.code));
        }
    }
    Ok(found)
}

pub async fn carriers(conn: &impl ConnectionTrait) -> Result<Vec<carriers::Model>, Error> {
    Ok(carriers::Entity::find().order_by_asc(carriers::Column::Id).all(conn).await?)
}

/// Whose token this is, unless it was taken back.
pub async fn carrier_by_token(conn: &impl ConnectionTrait, hash: &[u8]) -> Result<Option<carriers::Model>, Error> {
    let rows = carriers::Entity::find().filter(carriers::Column::TokenHash.eq(hash));
    Ok(rows.filter(carriers::Column::RevokedAt.is_null()).one(conn).await?)
}

pub async fn carrier(conn: &impl ConnectionTrait, id: &str) -> Result<Option<carriers::Model>, Error> {
    Ok(carriers::Entity::find_by_id(id.to_owned()).one(conn).await?)
}

pub async fn add_carrier(conn: &impl ConnectionTrait, row: carriers::Model) -> Result<(), Error> {
    insert(conn, vec![row]).await
}

/// Takes a carrier's token back. False where there is none, or it was taken back before.
pub async fn revoke_carrier(conn: &impl ConnectionTrait, id: &str, at: i64) -> Result<bool, Error> {
    let update = carriers::Entity::update_many()
        .col_expr(carriers::Column::RevokedAt, Expr::value(at))
        .filter(carriers::Column::Id.eq(id))
        .filter(carriers::Column::RevokedAt.is_null());
    Ok(0 < update.exec(conn).await?.rows_affected)
}

/// Keeps a word for a waybill that nobody has named yet; the same word once. What a carrier told longest ago goes where
/// it has told more than `most` such words.
pub async fn park(conn: &impl ConnectionTrait, row: parked::Model, most: u64) -> Result<(), Error> {
    use parked::Column::{CarrierId, Digest, ReceivedAt};
    let carrier = row.carrier_id.clone();
    keep(conn, vec![row], [CarrierId, Digest]).await?;
    let beyond = parked::Entity::find()
        .filter(CarrierId.eq(carrier.as_str()))
        .order_by_desc(ReceivedAt)
        .offset(most)
        .limit(1)
        .one(conn)
        .await?;
    if let Some(oldest) = beyond {
        parked::Entity::delete_many()
            .filter(CarrierId.eq(carrier))
            .filter(ReceivedAt.lte(oldest.received_at))
            .exec(conn)
            .await?;
    }
    Ok(())
}

/// The words that wait for these waybills, in the order in which things happened.
pub async fn parked_under(conn: &impl ConnectionTrait, waybills: &[String]) -> Result<Vec<parked::Model>, Error> {
    let rows = parked::Entity::find().filter(parked::Column::Waybill.is_in(waybills));
    Ok(rows.order_by_asc(parked::Column::At).all(conn).await?)
}

/// Parked words whose waybill is known by now: what a stop between a commit and their application has left.
pub async fn parked_and_known(conn: &impl ConnectionTrait, limit: u64) -> Result<Vec<String>, Error> {
    let known = sea_orm::sea_query::Query::select()
        .expr(Expr::val(1))
        .from(legs::Entity)
        .and_where(Expr::col((legs::Entity, legs::Column::Waybill)).equals((parked::Entity, parked::Column::Waybill)))
        .take();
    let rows = parked::Entity::find().filter(Expr::exists(known)).order_by_asc(parked::Column::ReceivedAt);
    Ok(rows.limit(limit).all(conn).await?.into_iter().map(|row| row.waybill).collect())
}

/// Parked words older than this are of parcels that are not ours.
pub async fn forget_parked(conn: &impl ConnectionTrait, before: i64) -> Result<(), Error> {
    parked::Entity::delete_many().filter(parked::Column::ReceivedAt.lt(before)).exec(conn).await?;
    Ok(())
}

pub async fn unpark(conn: &impl ConnectionTrait, carrier: &str, digest: &str) -> Result<(), Error> {
    parked::Entity::delete_by_id((carrier.to_owned(), digest.to_owned())).exec(conn).await?;
    Ok(())
}
