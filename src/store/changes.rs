//! What a batch of commands writes: rows by table, each table written once for all of them.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::entity::*;
use super::insert::{Pen, Texts};
use super::{ALTERNATIVES, Error, padded};

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
    pub readings: Vec<readings::Model>,
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
    /// Proposals that a second person confirms, who, and when.
    pub confirmed: Vec<(Uuid, Uuid, i64)>,
    pub idempotency: Vec<idempotency::Model>,
}

/// Hands the names of all fields to another macro, so that none is forgotten in one place.
macro_rules! every_table {
    ($with:ident) => {
        $with!(
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
            readings,
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
            capsules,
            revoked,
            shipments,
            return_shipments,
            clocks,
            deadlines,
            outbox,
            lost_and_found,
            proposals,
            confirmed,
            idempotency
        )
    };
}

impl Changes {
    /// Takes the rows of another command into the same transaction.
    pub fn append(&mut self, mut other: Changes) {
        macro_rules! move_all {
            ($($table:ident),*) => { $(self.$table.append(&mut other.$table);)* };
        }
        every_table!(move_all);
    }

    pub fn is_empty(&self) -> bool {
        macro_rules! all_empty {
            ($($table:ident),*) => { [$(self.$table.is_empty()),*] };
        }
        every_table!(all_empty).into_iter().all(|empty| empty)
    }

    /// Writes everything. A taken key answers [`Error::Conflict`] with the name of the register.
    pub(super) async fn write(mut self, conn: &impl ConnectionTrait, texts: &Texts) -> Result<(), Error> {
        let pen = Pen { conn, texts };
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
        self.readings.sort_by(|a, b| a.reading_id.cmp(&b.reading_id));

        // Who was erased since they were read stays erased.
        let renewed = OnConflict::column(people::Column::Id)
            .update_columns([people::Column::WrappedKey, people::Column::Sealed])
            .action_and_where(Expr::col((people::Entity, people::Column::ErasedAt)).is_null())
            .to_owned();
        pen.write(self.people, Some(renewed)).await.map_err(|error| error.over("people"))?;
        pen.upsert(
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
        pen.insert(self.order_nos).await.map_err(|error| error.over("order_nos"))?;
        pen.insert(self.tokens).await.map_err(|error| error.over("tokens"))?;
        pen.insert(self.piece_codes).await.map_err(|error| error.over("piece_codes"))?;
        pen.keep(self.parcels, [parcels::Column::Id]).await?;
        for (parcel, at) in self.arrived {
            parcels::Entity::update_many()
                .col_expr(parcels::Column::ReceivedAt, at.into())
                .filter(parcels::Column::Id.eq(parcel))
                .filter(parcels::Column::ReceivedAt.is_null())
                .exec(conn)
                .await?;
        }
        pen.insert(self.waybills).await.map_err(|error| error.over("waybills"))?;
        pen.keep(
            self.parcel_pieces,
            [parcel_pieces::Column::ParcelId, parcel_pieces::Column::OrderId, parcel_pieces::Column::StreamId],
        )
        .await?;
        pen.keep(
            self.presented_certificates,
            [
                presented_certificates::Column::Body,
                presented_certificates::Column::Number,
                presented_certificates::Column::OrderId,
                presented_certificates::Column::StreamId,
            ],
        )
        .await?;
        pen.insert(self.certificate_codes).await.map_err(|error| error.over("certificate_codes"))?;
        pen.insert(self.tags).await.map_err(|error| error.over("tags"))?;
        pen.insert(self.readings).await.map_err(|error| error.over("readings"))?;
        pen.insert(self.events).await.map_err(|error| error.over("events"))?;
        pen.insert(self.event_keys).await?;
        pen.insert(self.sealed_texts).await?;
        pen.upsert(
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
                .filter(orders::Column::OrderId.is_in(padded(&orders).copied()))
                .exec(conn)
                .await?;
        }
        pen.upsert(
            self.lines,
            [lines::Column::OrderId, lines::Column::LineNo],
            [lines::Column::Status, lines::Column::StreamId, lines::Column::Attempts],
        )
        .await?;
        pen.upsert(
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
        pen.insert(self.components).await?;
        pen.insert(self.photos).await?;
        pen.insert(self.capsules).await?;
        for (order_id, stream_id, at) in self.revoked {
            capsules::Entity::update_many()
                .col_expr(capsules::Column::RevokedAt, at.into())
                .filter(capsules::Column::OrderId.eq(order_id))
                .filter(capsules::Column::StreamId.eq(stream_id))
                .filter(capsules::Column::RevokedAt.is_null())
                .exec(conn)
                .await?;
        }
        pen.insert(self.shipments).await.map_err(|error| error.over("shipments"))?;
        pen.insert(self.return_shipments).await?;
        clear::<deadlines::Entity>(conn, &self.clocks, deadlines::Column::OrderId, deadlines::Column::StreamId).await?;
        pen.insert(self.deadlines).await?;
        pen.insert(self.outbox).await?;
        pen.insert(self.lost_and_found).await?;
        pen.insert(self.proposals).await?;
        for (proposal, by, at) in self.confirmed {
            confirm(conn, proposal, by, at).await?;
        }
        pen.insert(self.idempotency).await.map_err(|error| error.over("idempotency"))
    }
}

/// Marks a proposal as confirmed: a conflict where it was confirmed already, or its hour is over.
async fn confirm(conn: &impl ConnectionTrait, id: Uuid, by: Uuid, at: i64) -> Result<(), Error> {
    let done = proposals::Entity::update_many()
        .col_expr(proposals::Column::ConfirmedBy, by.into())
        .col_expr(proposals::Column::ConfirmedAt, at.into())
        .filter(proposals::Column::Id.eq(id))
        .filter(proposals::Column::ConfirmedAt.is_null())
        .filter(proposals::Column::ExpiresAt.gt(at))
        .exec(conn)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Error::Conflict("proposals")) }
}

/// Takes away the rows of these pieces.
async fn clear<E: EntityTrait>(
    conn: &impl ConnectionTrait,
    pieces: &[(Uuid, i32)],
    order: E::Column,
    stream: E::Column,
) -> Result<(), Error> {
    for pieces in pieces.chunks(ALTERNATIVES) {
        let any = padded(pieces).fold(Condition::any(), |any, (order_id, stream_id)| {
            any.add(Condition::all().add(order.eq(*order_id)).add(stream.eq(*stream_id)))
        });
        E::delete_many().filter(any).exec(conn).await?;
    }
    Ok(())
}
