//! Reading the projections and registers for answers. No query here is without its bound or its key.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use uuid::Uuid;

use super::entity::*;
use super::journal::stream_key;
use super::{ALTERNATIVES, Error};
use crate::domain::deadline::REMINDER;
use crate::domain::fingerprint::{Fingerprint, NEAR};
use crate::domain::ids::StreamKey;

/// Which journal a piece code leads to.
pub async fn key_of_code(conn: &impl ConnectionTrait, code: &str) -> Result<Option<StreamKey>, Error> {
    let row = piece_codes::Entity::find_by_id(code.to_owned()).one(conn).await?;
    Ok(row.map(|row| stream_key(row.order_id, row.stream_id)))
}

/// A piece by its code.
pub async fn piece_by_code(conn: &impl ConnectionTrait, code: &str) -> Result<Option<pieces::Model>, Error> {
    let key = piece_codes::Entity::find_by_id(code.to_owned())
        .select_only()
        .columns([piece_codes::Column::OrderId, piece_codes::Column::StreamId]);
    let own = Expr::tuple(
        [pieces::Column::OrderId, pieces::Column::StreamId].map(|column| Expr::col((pieces::Entity, column))),
    );
    Ok(pieces::Entity::find().filter(own.in_subquery(key.into_query())).one(conn).await?)
}

/// A piece by its journal's key.
pub async fn piece(
    conn: &impl ConnectionTrait,
    order_id: Uuid,
    stream_id: i32,
) -> Result<Option<pieces::Model>, Error> {
    Ok(pieces::Entity::find_by_id((order_id, stream_id)).one(conn).await?)
}

/// The pieces of one order, by stream.
pub async fn pieces_of(conn: &impl ConnectionTrait, order_id: Uuid) -> Result<Vec<pieces::Model>, Error> {
    Ok(pieces::Entity::find()
        .filter(pieces::Column::OrderId.eq(order_id))
        .order_by_asc(pieces::Column::StreamId)
        .all(conn)
        .await?)
}

/// The sealed texts of one order.
pub async fn texts_of(conn: &impl ConnectionTrait, order_id: Uuid) -> Result<Vec<sealed_texts::Model>, Error> {
    Ok(sealed_texts::Entity::find().filter(sealed_texts::Column::OrderId.eq(order_id)).all(conn).await?)
}

pub async fn person(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<people::Model>, Error> {
    Ok(people::Entity::find_by_id(id).one(conn).await?)
}

/// The persons who were named first and are not erased: ids are in the order of time.
pub async fn oldest_people(conn: &impl ConnectionTrait, limit: u64) -> Result<Vec<people::Model>, Error> {
    let named = people::Entity::find().filter(people::Column::WrappedKey.is_not_null());
    Ok(named.order_by_asc(people::Column::Id).limit(limit).all(conn).await?)
}

pub async fn order(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<orders::Model>, Error> {
    Ok(orders::Entity::find_by_id(id).one(conn).await?)
}

/// An order by its platform's number.
pub async fn order_by_no(
    conn: &impl ConnectionTrait,
    tenant: &str,
    order_no: &str,
) -> Result<Option<orders::Model>, Error> {
    match order_nos::Entity::find_by_id((tenant.to_owned(), order_no.to_owned())).one(conn).await? {
        Some(row) => order(conn, row.order_id).await,
        None => Ok(None),
    }
}

/// The order that a token opens.
pub async fn token(conn: &impl ConnectionTrait, hash: &[u8]) -> Result<Option<tokens::Model>, Error> {
    Ok(tokens::Entity::find_by_id(hash.to_vec()).one(conn).await?)
}

/// Whose orders are asked for.
#[derive(Clone, Debug)]
pub enum OrdersOf {
    Tenant(String),
    Merchant(String, String),
    Warehouse(String),
    All,
}

impl OrdersOf {
    /// What holds for the rows of these orders.
    pub(super) fn condition(&self) -> Condition {
        use orders::Column::{MerchantId, TenantId, WarehouseId};
        match self {
            OrdersOf::Tenant(tenant) => Condition::all().add(TenantId.eq(tenant)),
            OrdersOf::Merchant(tenant, merchant) => {
                Condition::all().add(TenantId.eq(tenant)).add(MerchantId.eq(merchant))
            }
            OrdersOf::Warehouse(warehouse) => Condition::all().add(WarehouseId.eq(warehouse)),
            OrdersOf::All => Condition::all(),
        }
    }
}

/// A page of orders, newest last, after an order's id.
pub async fn orders_page(
    conn: &impl ConnectionTrait,
    of: &OrdersOf,
    status: Option<&str>,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<orders::Model>, Error> {
    use orders::Column::{OrderId, Status};
    let mut query = orders::Entity::find().filter(of.condition());
    if let Some(status) = status {
        query = query.filter(Status.eq(status));
    }
    if let Some(after) = after {
        query = query.filter(OrderId.gt(after));
    }
    Ok(query.order_by_asc(OrderId).limit(limit).all(conn).await?)
}

/// A place in a queue: what is due before comes before, and what no clock drives comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuePlace {
    pub due_at: Option<i64>,
    pub order_id: Uuid,
    pub stream_id: i32,
}

/// The pieces of one warehouse in one stage, most urgent first. With `due_before` only those whose clock runs.
pub async fn queue_page(
    conn: &impl ConnectionTrait,
    warehouse: &str,
    stage: &str,
    due_before: Option<i64>,
    after: Option<QueuePlace>,
    limit: u64,
) -> Result<Vec<pieces::Model>, Error> {
    use pieces::Column::{DueAt, OrderId, Stage, StreamId, WarehouseId};
    let here = || pieces::Entity::find().filter(WarehouseId.eq(warehouse)).filter(Stage.eq(stage));
    let behind = |place: QueuePlace| {
        Condition::any()
            .add(OrderId.gt(place.order_id))
            .add(Condition::all().add(OrderId.eq(place.order_id)).add(StreamId.gt(place.stream_id)))
    };
    let mut rows = Vec::new();
    // Two ranges of one index: what is due, by its time; then what is not.
    if after.is_none_or(|place| place.due_at.is_some()) {
        let mut query = here().filter(DueAt.is_not_null());
        if let Some(before) = due_before {
            query = query.filter(DueAt.lt(before));
        }
        if let Some(place) = after
            && let Some(due_at) = place.due_at
        {
            query = query.filter(DueAt.gte(due_at)).filter(Condition::any().add(DueAt.gt(due_at)).add(behind(place)));
        }
        query = query.order_by_asc(DueAt).order_by_asc(OrderId).order_by_asc(StreamId).limit(limit);
        rows = query.all(conn).await?;
    }
    let left = limit.saturating_sub(rows.len() as u64);
    if due_before.is_none() && 0 < left {
        let mut query = here().filter(DueAt.is_null());
        if let Some(place) = after.filter(|place| place.due_at.is_none()) {
            query = query.filter(behind(place));
        }
        rows.extend(query.order_by_asc(OrderId).order_by_asc(StreamId).limit(left).all(conn).await?);
    }
    Ok(rows)
}

/// The clocks of one piece, without their reminders.
pub async fn deadlines_of(
    conn: &impl ConnectionTrait,
    order_id: Uuid,
    stream_id: i32,
) -> Result<Vec<deadlines::Model>, Error> {
    use deadlines::Column::{DueAt, Kind, OrderId, StreamId};
    Ok(deadlines::Entity::find()
        .filter(OrderId.eq(order_id))
        .filter(StreamId.eq(stream_id))
        .filter(Kind.not_like(format!("%{REMINDER}")))
        .order_by_asc(DueAt)
        .all(conn)
        .await?)
}

/// A capsule by the number printed on its certificate.
pub async fn capsule_by_code(conn: &impl ConnectionTrait, code: &str) -> Result<Option<capsules::Model>, Error> {
    match certificate_codes::Entity::find_by_id(code.to_owned()).one(conn).await? {
        Some(row) => Ok(capsules::Entity::find_by_id((row.order_id, row.stream_id, row.seq)).one(conn).await?),
        None => Ok(None),
    }
}

/// The places in the status list of the capsules that were revoked.
pub async fn revoked_places(conn: &impl ConnectionTrait) -> Result<Vec<i32>, Error> {
    let revoked = capsules::Entity::find().select_only().column(capsules::Column::StatusPlace);
    Ok(revoked.filter(capsules::Column::RevokedAt.gt(i64::MIN)).into_tuple().all(conn).await?)
}

/// The capsule that stands, or stood last.
pub async fn capsule(
    conn: &impl ConnectionTrait,
    order_id: Uuid,
    stream_id: i32,
) -> Result<Option<capsules::Model>, Error> {
    use capsules::Column::{OrderId, Seq, StreamId};
    Ok(capsules::Entity::find()
        .filter(OrderId.eq(order_id))
        .filter(StreamId.eq(stream_id))
        .order_by_desc(Seq)
        .one(conn)
        .await?)
}

/// Return legs of one piece, in order.
pub async fn returns_of(
    conn: &impl ConnectionTrait,
    order_id: Uuid,
    stream_id: i32,
) -> Result<Vec<return_shipments::Model>, Error> {
    use return_shipments::Column::{OrderId, Seq, StreamId};
    Ok(return_shipments::Entity::find()
        .filter(OrderId.eq(order_id))
        .filter(StreamId.eq(stream_id))
        .order_by_asc(Seq)
        .all(conn)
        .await?)
}

/// Pieces announced under a waybill for one warehouse.
pub async fn announced(
    conn: &impl ConnectionTrait,
    warehouse: &str,
    waybill: &str,
) -> Result<Vec<(parcels::Model, Vec<parcel_pieces::Model>)>, Error> {
    let parcels = parcels::Entity::find()
        .filter(parcels::Column::WarehouseId.eq(warehouse))
        .filter(parcels::Column::Waybill.eq(waybill))
        .all(conn)
        .await?;
    let mut announced = Vec::new();
    for parcel in parcels {
        let pieces =
            parcel_pieces::Entity::find().filter(parcel_pieces::Column::ParcelId.eq(parcel.id)).all(conn).await?;
        announced.push((parcel, pieces));
    }
    Ok(announced)
}

pub async fn proposal(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<proposals::Model>, Error> {
    Ok(proposals::Entity::find_by_id(id).one(conn).await?)
}

/// Proposals that wait for a second person; at most as many as somebody can look through.
pub async fn open_proposals(
    conn: &impl ConnectionTrait,
    warehouse: &str,
    now: i64,
) -> Result<Vec<proposals::Model>, Error> {
    use proposals::Column::{ConfirmedAt, CreatedAt, ExpiresAt, WarehouseId};
    Ok(proposals::Entity::find()
        .filter(WarehouseId.eq(warehouse))
        .filter(ConfirmedAt.is_null())
        .filter(ExpiresAt.gt(now))
        .order_by_asc(CreatedAt)
        .limit(200)
        .all(conn)
        .await?)
}

/// Found pieces that nobody has resolved yet.
pub async fn lost_and_found(
    conn: &impl ConnectionTrait,
    warehouse: &str,
    limit: u64,
) -> Result<Vec<lost_and_found::Model>, Error> {
    use lost_and_found::Column::{FoundAt, ResolvedAt, WarehouseId};
    Ok(lost_and_found::Entity::find()
        .filter(WarehouseId.eq(warehouse))
        .filter(ResolvedAt.is_null())
        .order_by_asc(FoundAt)
        .limit(limit)
        .all(conn)
        .await?)
}

/// A place in the sequence of all events by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventPlace {
    pub at: i64,
    pub order_id: Uuid,
    pub stream_id: i32,
    pub seq: i32,
}

/// Events of all journals by time, of one kind if asked.
pub async fn events_page(
    conn: &impl ConnectionTrait,
    kind: Option<&str>,
    from: Option<i64>,
    after: Option<EventPlace>,
    limit: u64,
) -> Result<Vec<events::Model>, Error> {
    use events::Column::{At, Kind, OrderId, Seq, StreamId};
    let mut query = events::Entity::find();
    if let Some(kind) = kind {
        query = query.filter(Kind.eq(kind));
    }
    if let Some(from) = from {
        query = query.filter(At.gte(from));
    }
    if let Some(after) = after {
        let same_order = Condition::all().add(OrderId.eq(after.order_id));
        query = query.filter(At.gte(after.at)).filter(
            Condition::any()
                .add(At.gt(after.at))
                .add(OrderId.gt(after.order_id))
                .add(same_order.clone().add(StreamId.gt(after.stream_id)))
                .add(same_order.add(StreamId.eq(after.stream_id)).add(Seq.gt(after.seq))),
        );
    }
    Ok(query
        .order_by_asc(At)
        .order_by_asc(OrderId)
        .order_by_asc(StreamId)
        .order_by_asc(Seq)
        .limit(limit)
        .all(conn)
        .await?)
}

/// A key by the hash of its secret.
pub async fn key_by_hash(conn: &impl ConnectionTrait, hash: &[u8]) -> Result<Option<keys::Model>, Error> {
    Ok(keys::Entity::find().filter(keys::Column::Hash.eq(hash.to_vec())).one(conn).await?)
}

/// A key by its id.
pub async fn key(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<keys::Model>, Error> {
    Ok(keys::Entity::find_by_id(id).one(conn).await?)
}

/// A page of keys, oldest first, after a key's id: ids grow with time.
pub async fn keys(conn: &impl ConnectionTrait, after: Option<Uuid>, limit: u64) -> Result<Vec<keys::Model>, Error> {
    let mut query = keys::Entity::find();
    if let Some(after) = after {
        query = query.filter(keys::Column::Id.gt(after));
    }
    Ok(query.order_by_asc(keys::Column::Id).limit(limit).all(conn).await?)
}

/// Whether a person has a key of this role in this warehouse that is good now.
pub async fn works_as(
    conn: &impl ConnectionTrait,
    person: Uuid,
    role: &str,
    warehouse: &str,
    now: i64,
) -> Result<bool, Error> {
    use keys::Column::{ExpiresAt, PersonId, RevokedAt, Role, WarehouseId};
    Ok(keys::Entity::find()
        .filter(PersonId.eq(person))
        .filter(Role.eq(role))
        .filter(WarehouseId.eq(warehouse))
        .filter(RevokedAt.is_null())
        .filter(Condition::any().add(ExpiresAt.is_null()).add(ExpiresAt.gt(now)))
        .one(conn)
        .await?
        .is_some())
}

pub async fn warehouse(conn: &impl ConnectionTrait, id: &str) -> Result<Option<warehouses::Model>, Error> {
    Ok(warehouses::Entity::find_by_id(id.to_owned()).one(conn).await?)
}

pub async fn laboratory(conn: &impl ConnectionTrait, id: &str) -> Result<Option<laboratories::Model>, Error> {
    Ok(laboratories::Entity::find_by_id(id.to_owned()).one(conn).await?)
}

pub async fn device(conn: &impl ConnectionTrait, id: &str) -> Result<Option<devices::Model>, Error> {
    Ok(devices::Entity::find_by_id(id.to_owned()).one(conn).await?)
}

pub async fn live(conn: &impl ConnectionTrait, tenant: &str, id: &str) -> Result<Option<lives::Model>, Error> {
    Ok(lives::Entity::find_by_id((tenant.to_owned(), id.to_owned())).one(conn).await?)
}

/// A transcript as it was handed in.
pub async fn transcript(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<transcripts::Model>, Error> {
    Ok(transcripts::Entity::find_by_id(id).one(conn).await?)
}

/// The pieces of a live session's orders that are in one stage.
pub async fn pieces_of_live(
    conn: &impl ConnectionTrait,
    tenant: &str,
    live: &str,
    stage: &str,
) -> Result<Vec<pieces::Model>, Error> {
    let sold: Vec<Uuid> = orders::Entity::find()
        .select_only()
        .column(orders::Column::OrderId)
        .filter(orders::Column::TenantId.eq(tenant))
        .filter(orders::Column::LiveId.eq(live))
        .into_tuple()
        .all(conn)
        .await?;
    let mut found = Vec::new();
    for orders in sold.chunks(ALTERNATIVES) {
        let of_orders = pieces::Entity::find()
            .filter(pieces::Column::OrderId.is_in(orders.iter().copied()))
            .filter(pieces::Column::Stage.eq(stage))
            .order_by_asc(pieces::Column::OrderId)
            .order_by_asc(pieces::Column::StreamId);
        found.extend(of_orders.all(conn).await?);
    }
    Ok(found)
}

/// Transcripts whose ledgers may still have to be read, oldest first.
pub async fn unread_transcripts(conn: &impl ConnectionTrait) -> Result<Vec<unread_transcripts::Model>, Error> {
    Ok(unread_transcripts::Entity::find()
        .order_by_asc(unread_transcripts::Column::CreatedAt)
        .order_by_asc(unread_transcripts::Column::TranscriptId)
        .all(conn)
        .await?)
}

/// The laboratories, oldest first.
pub async fn laboratories(conn: &impl ConnectionTrait) -> Result<Vec<laboratories::Model>, Error> {
    Ok(laboratories::Entity::find().order_by_asc(laboratories::Column::CreatedAt).all(conn).await?)
}

/// The devices, oldest first.
pub async fn devices(conn: &impl ConnectionTrait) -> Result<Vec<devices::Model>, Error> {
    Ok(devices::Entity::find().order_by_asc(devices::Column::CreatedAt).all(conn).await?)
}

/// A reading as a station sent it.
pub async fn frame(conn: &impl ConnectionTrait, reading_id: &str) -> Result<Option<frames::Model>, Error> {
    Ok(frames::Entity::find_by_id(reading_id.to_owned()).one(conn).await?)
}

/// The last readings of a balance, newest first.
pub async fn frames_of(conn: &impl ConnectionTrait, device: &str, limit: u64) -> Result<Vec<frames::Model>, Error> {
    Ok(frames::Entity::find()
        .filter(frames::Column::DeviceId.eq(device))
        .order_by_desc(frames::Column::ReceivedAt)
        .order_by_desc(frames::Column::DeviceSeq)
        .limit(limit)
        .all(conn)
        .await?)
}

/// The root that was signed last.
pub async fn last_root(conn: &impl ConnectionTrait) -> Result<Option<roots::Model>, Error> {
    Ok(roots::Entity::find().order_by_desc(roots::Column::At).one(conn).await?)
}

/// One photo of a piece by the hash of one of its renditions, or of its original.
pub async fn photo_by_hash(
    conn: &impl ConnectionTrait,
    order_id: Uuid,
    stream_id: i32,
    hash: &str,
) -> Result<Option<photos::Model>, Error> {
    use photos::Column::{OrderId, OriginalSha256, ShownSha256, SmallSha256, StreamId};
    Ok(photos::Entity::find()
        .filter(OrderId.eq(order_id))
        .filter(StreamId.eq(stream_id))
        .filter(Condition::any().add(ShownSha256.eq(hash)).add(SmallSha256.eq(hash)).add(OriginalSha256.eq(hash)))
        .one(conn)
        .await?)
}

/// A photo that looks like another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alike {
    pub order_id: Uuid,
    pub stream_id: i32,
    pub photo_id: Uuid,
    /// In how many of 64 bits their fingerprints differ.
    pub distance: u32,
}

/// The photos of other pieces whose fingerprints are near this one, the nearest first. Four bands of a fingerprint are
/// looked up with at most one bit turned in each, some 68 keys of one index, however many photos there are.
pub async fn alike(
    conn: &impl ConnectionTrait,
    fingerprint: Fingerprint,
    of: StreamKey,
    limit: usize,
) -> Result<Vec<Alike>, Error> {
    use photo_bands::Column::{Band, Fingerprint as Print, OrderId, PhotoId, StreamId};
    let rows: Vec<(Uuid, i32, Uuid, i64)> = photo_bands::Entity::find()
        .select_only()
        .columns([OrderId, StreamId, PhotoId, Print])
        .filter(Band.is_in(fingerprint.probes()))
        .into_tuple()
        .all(conn)
        .await?;
    let mut alike: Vec<_> = rows
        .into_iter()
        .map(|(order_id, stream_id, photo_id, print)| {
            let distance = fingerprint.distance(Fingerprint(print.cast_unsigned()));
            Alike { order_id, stream_id, photo_id, distance }
        })
        .filter(|one| one.distance <= NEAR && (one.order_id, one.stream_id) != (of.order_id.0, of.stream_id.0))
        .collect();
    // A photo that is near in several bands is found in each of them.
    alike.sort_unstable_by_key(|one| (one.distance, one.order_id, one.photo_id));
    alike.dedup();
    alike.truncate(limit);
    Ok(alike)
}

/// Which of these hashes of originals must be kept: a photo names them whose piece is open, or was closed after this.
pub async fn originals_needed(
    conn: &impl ConnectionTrait,
    hashes: &[String],
    closed_before: i64,
) -> Result<Vec<String>, Error> {
    use photos::Column::OriginalSha256;
    let named = photos::Entity::find().filter(OriginalSha256.is_in(hashes)).all(conn).await?;
    let mut needed = Vec::new();
    for photo in named {
        let piece = piece(conn, photo.order_id, photo.stream_id).await?;
        // A photo without its piece is a fault that somebody else tells; nothing is thrown away for it.
        if piece.is_none_or(|piece| piece.stage != "closed" || closed_before <= piece.stage_since_at) {
            needed.push(photo.original_sha256);
        }
    }
    Ok(needed)
}

/// Which of these hashes are of renditions that a photo names.
pub async fn renditions_named(conn: &impl ConnectionTrait, hashes: &[String]) -> Result<Vec<String>, Error> {
    use photos::Column::{ShownSha256, SmallSha256};
    let any = Condition::any().add(ShownSha256.is_in(hashes)).add(SmallSha256.is_in(hashes));
    let named = photos::Entity::find().filter(any).all(conn).await?;
    Ok(named.into_iter().flat_map(|photo| [photo.shown_sha256, photo.small_sha256]).flatten().collect())
}
