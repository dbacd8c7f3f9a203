//! What a batch of commands writes: rows by table, each table written once for all of them.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
};
use uuid::Uuid;

use super::entity::*;
use super::{ALTERNATIVES, Error};

/// Rows to write in one transaction. The order of the fields is the order of writing: what a trigger asks for comes
/// before what it guards.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub people: Vec<people::Model>,
    pub merchants: Vec<merchants::Model>,
    pub order_nos: Vec<order_nos::Model>,
    pub tokens: Vec<tokens::Model>,
    pub piece_codes: Vec<piece_codes::Model>,
    pub parcels: Vec<parcels::Model>,
    /// Parcels that came in, and when; the first time stands.
    pub arrived: Vec<(Uuid, i64)>,
    pub waybills: Vec<waybills::Model>,
    pub parcel_pieces: Vec<parcel_pieces::Model>,
    pub presented_certificates: Vec<presented_certificates::Model>,
    pub certificate_codes: Vec<certificate_codes::Model>,
    pub tags: Vec<tags::Model>,
    pub events: Vec<events::Model>,
    pub event_keys: Vec<event_keys::Model>,
    pub sealed_texts: Vec<sealed_texts::Model>,
    pub orders: Vec<orders::Model>,
    /// Orders whose status follows their lines to another.
    pub order_status: Vec<(Uuid, String)>,
    pub lines: Vec<lines::Model>,
    pub pieces: Vec<pieces::Model>,
    /// Pieces whose parts were told anew: the old rows go, the new ones follow. A part that a voided appraisal found
    /// beside those declared must not stay behind.
    pub parts: Vec<(Uuid, i32)>,
    pub components: Vec<components::Model>,
    pub photos: Vec<photos::Model>,
    pub photo_bands: Vec<photo_bands::Model>,
    pub capsules: Vec<capsules::Model>,
    /// Capsules that no longer stand, and since when.
    pub revoked: Vec<(Uuid, i32, i64)>,
    pub shipments: Vec<shipments::Model>,
    pub return_shipments: Vec<return_shipments::Model>,
    /// Pieces whose clocks were set anew: the old rows go, the new ones follow.
    pub clocks: Vec<(Uuid, i32)>,
    pub deadlines: Vec<deadlines::Model>,
    pub outbox: Vec<outbox::Model>,
    pub lost_and_found: Vec<lost_and_found::Model>,
    pub proposals: Vec<proposals::Model>,
    pub idempotency: Vec<idempotency::Model>,
}

/// Rows in one statement at the most: SQLite binds 32,766 values, and the widest table has 16 columns.
const CHUNK: usize = 1_000;

impl Changes {
    /// Takes the rows of another command into the same transaction.
    pub fn append(&mut self, mut other: Changes) {
        macro_rules! move_all {
            ($($table:ident),*) => { $(self.$table.append(&mut other.$table);)* };
        }
        move_all!(
            people,
            merchants,
            order_nos,
            tokens,
            piece_codes,
            parcels,
            arrived,
            waybills,
            parcel_pieces,
            presented_certificates,
            certificate_codes,
            tags,
            events,
            event_keys,
            sealed_texts,
            orders,
            order_status,
            lines,
            pieces,
            parts,
            components,
            photos,
            photo_bands,
            capsules,
            revoked,
            shipments,
            return_shipments,
            clocks,
            deadlines,
            outbox,
            lost_and_found,
            proposals,
            idempotency
        );
    }

    /// Writes everything. A taken key answers [`Error::Conflict`] with the name of the register.
    pub async fn write(mut self, conn: &impl ConnectionTrait) -> Result<(), Error> {
        // Two orders of one parcel come in one batch, each with the parcel's own rows.
        self.parcels.sort_by_key(|row| row.id);
        self.parcels.dedup_by_key(|row| row.id);
        self.waybills.sort_by(|a, b| (&a.carrier, &a.waybill, a.parcel_id).cmp(&(&b.carrier, &b.waybill, b.parcel_id)));
        self.waybills.dedup();
        self.merchants.reverse(); // The last word of a batch on a merchant stands.
        self.merchants.sort_by(|a, b| (&a.tenant_id, &a.id).cmp(&(&b.tenant_id, &b.id)));
        self.merchants.dedup_by(|a, b| (&a.tenant_id, &a.id) == (&b.tenant_id, &b.id));

        // Two writers that bring the same new people wait for each other in one order, never in a ring.
        self.people.sort_by(|a, b| (&a.tenant_id, &a.kind, &a.reference).cmp(&(&b.tenant_id, &b.kind, &b.reference)));
        self.tags.sort_by(|a, b| a.tag.cmp(&b.tag));

        // Who was erased since they were read stays erased.
        let renewed = OnConflict::column(people::Column::Id)
            .update_columns([people::Column::WrappedKey, people::Column::Sealed])
            .action_and_where(Expr::col((people::Entity, people::Column::ErasedAt)).is_null())
            .to_owned();
        write(conn, self.people, Some(renewed)).await.map_err(|error| error.over("people"))?;
        upsert(
            conn,
            self.merchants,
            [merchants::Column::TenantId, merchants::Column::Id],
            [
                merchants::Column::PersonId,
                merchants::Column::GuaranteeLevel,
                merchants::Column::Guarantees,
                merchants::Column::Locale,
                merchants::Column::Timezone,
                merchants::Column::UpdatedAt,
            ],
        )
        .await?;
        insert(conn, self.order_nos).await.map_err(|error| error.over("order_nos"))?;
        insert(conn, self.tokens).await.map_err(|error| error.over("tokens"))?;
        insert(conn, self.piece_codes).await.map_err(|error| error.over("piece_codes"))?;
        keep(conn, self.parcels, [parcels::Column::Id]).await?;
        for (parcel, at) in self.arrived {
            parcels::Entity::update_many()
                .col_expr(parcels::Column::ReceivedAt, at.into())
                .filter(parcels::Column::Id.eq(parcel))
                .filter(parcels::Column::ReceivedAt.is_null())
                .exec(conn)
                .await?;
        }
        insert(conn, self.waybills).await.map_err(|error| error.over("waybills"))?;
        keep(
            conn,
            self.parcel_pieces,
            [parcel_pieces::Column::ParcelId, parcel_pieces::Column::OrderId, parcel_pieces::Column::StreamId],
        )
        .await?;
        keep(
            conn,
            self.presented_certificates,
            [
                presented_certificates::Column::Body,
                presented_certificates::Column::Number,
                presented_certificates::Column::OrderId,
                presented_certificates::Column::StreamId,
            ],
        )
        .await?;
        insert(conn, self.certificate_codes).await.map_err(|error| error.over("certificate_codes"))?;
        insert(conn, self.tags).await.map_err(|error| error.over("tags"))?;
        insert(conn, self.events).await.map_err(|error| error.over("events"))?;
        insert(conn, self.event_keys).await?;
        insert(conn, self.sealed_texts).await?;
        upsert(
            conn,
            self.orders,
            orders::Column::OrderId,
            [orders::Column::Status, orders::Column::HeadSeq, orders::Column::HeadHash],
        )
        .await?;
        let mut statuses: BTreeMap<String, Vec<Uuid>> = BTreeMap::new();
        // Several pieces of one order in one parcel: the last status counts them all.
        let last: BTreeMap<Uuid, String> = self.order_status.into_iter().collect();
        for (order_id, status) in last {
            statuses.entry(status).or_default().push(order_id);
        }
        for (status, orders) in statuses {
            orders::Entity::update_many()
                .col_expr(orders::Column::Status, status.into())
                .filter(orders::Column::OrderId.is_in(orders))
                .exec(conn)
                .await?;
        }
        upsert(
            conn,
            self.lines,
            [lines::Column::OrderId, lines::Column::LineNo],
            [lines::Column::Status, lines::Column::StreamId, lines::Column::Attempts],
        )
        .await?;
        upsert(
            conn,
            self.pieces,
            [pieces::Column::OrderId, pieces::Column::StreamId],
            [
                pieces::Column::Stage,
                pieces::Column::Outcome,
                pieces::Column::Flagged,
                pieces::Column::HeadSeq,
                pieces::Column::HeadHash,
                pieces::Column::DueAt,
                pieces::Column::StageSinceAt,
            ],
        )
        .await?;
        clear::<components::Entity>(conn, &self.parts, components::Column::OrderId, components::Column::StreamId)
            .await?;
        insert(conn, self.components).await?;
        insert(conn, self.photos).await?;
        insert(conn, self.photo_bands).await?;
        insert(conn, self.capsules).await?;
        for (order_id, stream_id, at) in self.revoked {
            capsules::Entity::update_many()
                .col_expr(capsules::Column::RevokedAt, at.into())
                .filter(capsules::Column::OrderId.eq(order_id))
                .filter(capsules::Column::StreamId.eq(stream_id))
                .filter(capsules::Column::RevokedAt.is_null())
                .exec(conn)
                .await?;
        }
        insert(conn, self.shipments).await.map_err(|error| error.over("shipments"))?;
        insert(conn, self.return_shipments).await?;
        clear::<deadlines::Entity>(conn, &self.clocks, deadlines::Column::OrderId, deadlines::Column::StreamId).await?;
        insert(conn, self.deadlines).await?;
        insert(conn, self.outbox).await?;
        insert(conn, self.lost_and_found).await?;
        insert(conn, self.proposals).await?;
        insert(conn, self.idempotency).await.map_err(|error| error.over("idempotency"))
    }
}

/// Takes away the rows of these pieces.
async fn clear<E: EntityTrait>(
    conn: &impl ConnectionTrait,
    pieces: &[(Uuid, i32)],
    order: E::Column,
    stream: E::Column,
) -> Result<(), Error> {
    for pieces in pieces.chunks(ALTERNATIVES) {
        let any = pieces.iter().fold(Condition::any(), |any, (order_id, stream_id)| {
            any.add(Condition::all().add(order.eq(*order_id)).add(stream.eq(*stream_id)))
        });
        E::delete_many().filter(any).exec(conn).await?;
    }
    Ok(())
}

/// Inserts rows; a key that is taken is a conflict.
pub(crate) async fn insert<M, A>(conn: &impl ConnectionTrait, rows: Vec<M>) -> Result<(), Error>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    write(conn, rows, None).await
}

/// Inserts rows; one that is there already stays as it is.
pub(crate) async fn keep<M, A, C>(conn: &impl ConnectionTrait, rows: Vec<M>, key: C) -> Result<(), Error>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
    C: IntoIterator<Item = <A::Entity as EntityTrait>::Column>,
{
    write(conn, rows, Some(OnConflict::columns(key).do_nothing().to_owned())).await
}

/// Inserts rows; of one that is there already these columns are set.
async fn upsert<M, A, K, C, S>(conn: &impl ConnectionTrait, rows: Vec<M>, key: K, set: S) -> Result<(), Error>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
    K: Key<C>,
    C: sea_orm::Iden + Copy + 'static,
    S: IntoIterator<Item = C>,
    A::Entity: EntityTrait<Column = C>,
{
    write(conn, rows, Some(OnConflict::columns(key.columns()).update_columns(set).to_owned())).await
}

/// One column or several that make up a key.
trait Key<C> {
    fn columns(self) -> Vec<C>;
}

impl<C> Key<C> for C
where
    C: ColumnTrait,
{
    fn columns(self) -> Vec<C> {
        vec![self]
    }
}

impl<C: ColumnTrait, const N: usize> Key<C> for [C; N] {
    fn columns(self) -> Vec<C> {
        self.into()
    }
}

async fn write<M, A>(conn: &impl ConnectionTrait, rows: Vec<M>, conflict: Option<OnConflict>) -> Result<(), Error>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    let mut rows = rows.into_iter().map(whole::<M, A>).peekable();
    while rows.peek().is_some() {
        let chunk: Vec<A> = rows.by_ref().take(CHUNK).collect();
        let mut insert = <A::Entity as EntityTrait>::insert_many(chunk);
        if let Some(conflict) = &conflict {
            insert = insert.on_conflict(conflict.clone());
        }
        insert.exec_without_returning(conn).await?;
    }
    Ok(())
}

/// A row with every column given, also the key: nothing is left to a default.
fn whole<M, A>(row: M) -> A
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    use sea_orm::Iterable;
    let mut row = row.into_active_model();
    for column in <A::Entity as EntityTrait>::Column::iter() {
        if let ActiveValue::Unchanged(value) = row.get(column) {
            row.set(column, value);
        }
    }
    row
}
