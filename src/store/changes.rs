//! What a batch of commands writes: rows by table, each table written once for all of them.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, Condition, DbBackend, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::entity::*;
use super::script::{Pen, Script, Texts};
use super::{ALTERNATIVES, padded};

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
    /// Numbers that a listing names: whoever has one keeps it.
    pub certificates_named: Vec<certificate_holders::Model>,
    /// Numbers that were nobody's when they were looked up: taken meanwhile, they are a conflict.
    pub certificate_holders: Vec<certificate_holders::Model>,
    /// Numbers that go from a closed piece to the one that is the same article, and from whom.
    pub certificates_passed_on: Vec<(certificate_holders::Model, (Uuid, i32))>,
    pub certificate_codes: Vec<certificate_codes::Model>,
    pub status_places: Vec<status_places::Model>,
    pub tags: Vec<tags::Model>,
    /// Live sessions that were listened to without a lock, by platform and id, and the transcript that was read: another
    /// one since is a conflict.
    pub heard: Vec<(String, String, Option<Uuid>)>,
    pub readings: Vec<readings::Model>,
    /// Pieces of the house's own.
    pub reference_pieces: Vec<reference_pieces::Model>,
    /// Seeds for days to come.
    pub lots: Vec<lots::Model>,
    pub events: Vec<events::Model>,
    pub event_keys: Vec<event_keys::Model>,
    pub sealed_texts: Vec<sealed_texts::Model>,
    pub orders: Vec<orders::Model>,
    /// Orders whose status follows their lines to another.
    pub order_status: Vec<(Uuid, String)>,
    /// Orders whose own journal got longer: its last place, and the hash there.
    pub order_heads: Vec<(Uuid, i32, Vec<u8>)>,
    pub obligations: Vec<obligations::Model>,
    pub incidents: Vec<incidents::Model>,
    pub lines: Vec<lines::Model>,
    pub pieces: Vec<pieces::Model>,
    /// Pieces whose parts were told anew: the old rows go, the new ones follow. A part that a voided appraisal found
    /// beside those declared must not stay behind.
    pub parts: Vec<(Uuid, i32)>,
    pub components: Vec<components::Model>,
    pub cases: Vec<cases::Model>,
    pub photos: Vec<photos::Model>,
    pub photo_bands: Vec<photo_bands::Model>,
    pub capsules: Vec<capsules::Model>,
    /// Capsules that no longer stand, and since when.
    pub revoked: Vec<(Uuid, i32, i64)>,
    pub shipments: Vec<shipments::Model>,
    pub return_shipments: Vec<return_shipments::Model>,
    pub legs: Vec<legs::Model>,
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
            certificates_named,
            certificate_holders,
            certificates_passed_on,
            certificate_codes,
            status_places,
            tags,
            heard,
            readings,
            reference_pieces,
            lots,
            events,
            event_keys,
            sealed_texts,
            orders,
            order_status,
            order_heads,
            obligations,
            incidents,
            lines,
            pieces,
            parts,
            components,
            cases,
            photos,
            photo_bands,
            capsules,
            revoked,
            shipments,
            return_shipments,
            legs,
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

    /// The statements that write everything.
    pub(super) fn script(mut self, backend: DbBackend, texts: &Texts) -> Script {
        let mut pen = Pen::new(backend, texts);
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
        let by_number = |a: &certificate_holders::Model, b: &certificate_holders::Model| {
            (&a.body, &a.number).cmp(&(&b.body, &b.number))
        };
        self.certificates_named.sort_by(by_number);
        self.certificate_holders.sort_by(by_number);
        self.certificates_passed_on.sort_by(|(a, _), (b, _)| by_number(a, b));
        self.tags.sort_by(|a, b| a.tag.cmp(&b.tag));
        self.readings.sort_by(|a, b| a.reading_id.cmp(&b.reading_id));

        // Who was erased since they were read stays erased.
        let renewed = OnConflict::column(people::Column::Id)
            .update_columns([people::Column::WrappedKey, people::Column::Sealed])
            .action_and_where(Expr::col((people::Entity, people::Column::ErasedAt)).is_null())
            .to_owned();
        pen.write(self.people, Some(renewed));
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
        );
        pen.insert(self.order_nos);
        pen.insert(self.tokens);
        pen.insert(self.piece_codes);
        pen.keep(self.parcels, [parcels::Column::Id]);
        for (parcel, at) in self.arrived {
            let update = parcels::Entity::update_many()
                .col_expr(parcels::Column::ReceivedAt, at.into())
                .filter(parcels::Column::Id.eq(parcel))
                .filter(parcels::Column::ReceivedAt.is_null());
            pen.step::<parcels::Entity>(&update);
        }
        pen.insert(self.waybills);
        pen.keep(
            self.parcel_pieces,
            [parcel_pieces::Column::ParcelId, parcel_pieces::Column::OrderId, parcel_pieces::Column::StreamId],
        );
        pen.keep(
            self.presented_certificates,
            [
                presented_certificates::Column::Body,
                presented_certificates::Column::Number,
                presented_certificates::Column::OrderId,
                presented_certificates::Column::StreamId,
            ],
        );
        let holder = [certificate_holders::Column::Body, certificate_holders::Column::Number];
        pen.keep(self.certificates_named, holder);
        pen.insert(self.certificate_holders);
        for (to, (order_id, stream_id)) in self.certificates_passed_on {
            let update = certificate_holders::Entity::update_many()
                .col_expr(certificate_holders::Column::OrderId, to.order_id.into())
                .col_expr(certificate_holders::Column::StreamId, to.stream_id.into())
                .filter(certificate_holders::Column::Body.eq(to.body))
                .filter(certificate_holders::Column::Number.eq(to.number))
                .filter(certificate_holders::Column::OrderId.eq(order_id))
                .filter(certificate_holders::Column::StreamId.eq(stream_id));
            // Another piece was faster.
            pen.hit_one::<certificate_holders::Entity>(&update);
        }
        pen.insert(self.certificate_codes);
        pen.insert(self.status_places);
        pen.insert(self.tags);
        pen.insert(self.readings);
        pen.insert(self.reference_pieces);
        self.lots.sort_by(|a, b| a.day.cmp(&b.day));
        self.lots.dedup_by(|a, b| a.day == b.day);
        pen.keep(self.lots, [lots::Column::Day]);
        for (tenant, live, transcript) in self.heard {
            let other = match transcript {
                None => Condition::all().add(lives::Column::TranscriptId.is_not_null()),
                Some(read) => Condition::any()
                    .add(lives::Column::TranscriptId.ne(read))
                    .add(lives::Column::TranscriptId.is_null()),
            };
            let changed = lives::Entity::update_many()
                .col_expr(lives::Column::Id, live.as_str().into())
                .filter(lives::Column::TenantId.eq(tenant))
                .filter(lives::Column::Id.eq(live.as_str()))
                .filter(other);
            pen.hit_none::<lives::Entity>(&changed);
        }
        pen.insert(self.events);
        pen.insert(self.event_keys);
        pen.insert(self.sealed_texts);
        pen.upsert(
            self.orders,
            orders::Column::OrderId,
            [orders::Column::Status, orders::Column::HeadSeq, orders::Column::HeadHash],
        );
        let mut statuses: BTreeMap<String, Vec<Uuid>> = BTreeMap::new();
        // Several pieces of one order in one parcel: the last status counts them all.
        let last: BTreeMap<Uuid, String> = self.order_status.into_iter().collect();
        for (order_id, status) in last {
            statuses.entry(status).or_default().push(order_id);
        }
        for (status, orders) in statuses {
            let update = orders::Entity::update_many()
                .col_expr(orders::Column::Status, status.into())
                .filter(orders::Column::OrderId.is_in(padded(&orders).copied()));
            pen.step::<orders::Entity>(&update);
        }
        for (order_id, seq, hash) in self.order_heads {
            let update = orders::Entity::update_many()
                .col_expr(orders::Column::HeadSeq, seq.into())
                .col_expr(orders::Column::HeadHash, hash.into())
                .filter(orders::Column::OrderId.eq(order_id));
            pen.step::<orders::Entity>(&update);
        }
        pen.upsert(
            self.obligations,
            [obligations::Column::OrderId, obligations::Column::Seq],
            [
                obligations::Column::Amount,
                obligations::Column::State,
                obligations::Column::SettledAt,
                obligations::Column::LastSeq,
            ],
        );
        pen.upsert(
            self.incidents,
            [incidents::Column::OrderId, incidents::Column::Seq],
            [
                incidents::Column::WithdrawnAt,
                incidents::Column::ReadAt,
                incidents::Column::Appeal,
                incidents::Column::LiftedAt,
                incidents::Column::LastSeq,
            ],
        );
        pen.upsert(
            self.lines,
            [lines::Column::OrderId, lines::Column::LineNo],
            [lines::Column::Status, lines::Column::StreamId, lines::Column::Attempts],
        );
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
        );
        clear::<components::Entity>(&mut pen, &self.parts, components::Column::OrderId, components::Column::StreamId);
        pen.insert(self.components);
        pen.upsert(
            self.cases,
            [cases::Column::OrderId, cases::Column::StreamId],
            [cases::Column::State, cases::Column::HeadSeq, cases::Column::HeadHash],
        );
        pen.insert(self.photos);
        pen.insert(self.photo_bands);
        pen.insert(self.capsules);
        for (order_id, stream_id, at) in self.revoked {
            let update = capsules::Entity::update_many()
                .col_expr(capsules::Column::RevokedAt, at.into())
                .filter(capsules::Column::OrderId.eq(order_id))
                .filter(capsules::Column::StreamId.eq(stream_id))
                .filter(capsules::Column::RevokedAt.is_null());
            pen.step::<capsules::Entity>(&update);
        }
        pen.insert(self.shipments);
        pen.insert(self.return_shipments);
        pen.upsert(
            self.legs,
            [legs::Column::OrderId, legs::Column::StreamId, legs::Column::Seq],
            [legs::Column::Trouble, legs::Column::TroubleAt],
        );
        clear::<deadlines::Entity>(&mut pen, &self.clocks, deadlines::Column::OrderId, deadlines::Column::StreamId);
        pen.insert(self.deadlines);
        pen.insert(self.outbox);
        pen.insert(self.lost_and_found);
        pen.insert(self.proposals);
        for (proposal, by, at) in self.confirmed {
            let update = proposals::Entity::update_many()
                .col_expr(proposals::Column::ConfirmedBy, by.into())
                .col_expr(proposals::Column::ConfirmedAt, at.into())
                .filter(proposals::Column::Id.eq(proposal))
                .filter(proposals::Column::ConfirmedAt.is_null())
                .filter(proposals::Column::ExpiresAt.gt(at));
            // Confirmed already, or its hour is over: then it is taken.
            pen.hit_one::<proposals::Entity>(&update);
        }
        pen.insert(self.idempotency);
        pen.script
    }
}

/// Takes away the rows of these pieces.
fn clear<E: EntityTrait>(pen: &mut Pen<'_>, pieces: &[(Uuid, i32)], order: E::Column, stream: E::Column) {
    for pieces in pieces.chunks(ALTERNATIVES) {
        let any = padded(pieces).fold(Condition::any(), |any, (order_id, stream_id)| {
            any.add(Condition::all().add(order.eq(*order_id)).add(stream.eq(*stream_id)))
        });
        pen.step::<E>(&E::delete_many().filter(any));
    }
}
