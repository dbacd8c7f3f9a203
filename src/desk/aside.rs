//! What is set aside, outside of the database: written before the commit that it belongs to, or, of what has left
//! already, before it is marked.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::{Desk, Error, Request};
use crate::aside::{Entry, Told};
use crate::domain::ids::{OrderId, PersonId, PieceCode};
use crate::store::changes::Changes;
use crate::store::entity::orders;
use crate::store::outbox::Telling;
use crate::store::{beside, restores};

/// What a buyer or a merchant says whose loss would be taken for silence.
const ANSWERS: &[&str] = &["difference_accepted", "difference_refused", "rest_wanted", "rest_declined", "appealed"];

/// What a batch of commands is about to commit and a restored database could not know.
fn entries(changes: &Changes) -> Vec<Entry> {
    let mut entries = Vec::new();
    for row in &changes.capsules {
        let of_piece = (row.order_id, row.stream_id);
        let piece = changes.pieces.iter().find(|piece| (piece.order_id, piece.stream_id) == of_piece);
        let event =
            changes.events.iter().find(|event| (event.order_id, event.stream_id) == of_piece && event.seq == row.seq);
        entries.push(Entry::Capsule {
            certificate_code: row.certificate_code.clone(),
            piece: piece.map(|piece| piece.code.clone()),
            warehouse: piece.map(|piece| piece.warehouse_id.clone()),
            order: row.order_id,
            stream: row.stream_id,
            head: event.map(|event| hex::encode(&event.hash)),
            place: Some(row.status_place),
        });
    }
    entries.extend(changes.revoked.iter().map(|(order, stream, _)| Entry::Revoked { order: *order, stream: *stream }));
    let answers = changes.events.iter().filter(|event| ANSWERS.contains(&event.kind.as_str()));
    entries.extend(answers.map(|event| Entry::Answered {
        order: event.order_id,
        stream: event.stream_id,
        event: event.kind.clone(),
    }));
    entries
}

impl Desk {
    /// Sets aside what is about to be committed. Blocks for as long as the disk takes: writers have threads of their own.
    ///
    /// # Errors
    ///
    /// Where it cannot be written: what cannot be known after a loss is not done.
    pub(super) fn set_aside(&self, changes: &Changes) -> Result<(), Error> {
        let Some(aside) = self.aside() else { return Ok(()) };
        // The earliest of the batch: what is looked for by it later is no older.
        let at = changes.events.iter().map(|event| event.at).min().unwrap_or_default();
        let at = Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
        aside.append(entries(changes), at).map_err(|fault| Error::fault("what must survive a loss", fault))
    }

    /// Sets aside that a person is about to be erased.
    pub(super) async fn set_erasure_aside(&self, person: PersonId, request: &Request) -> Result<(), Error> {
        let erased = Entry::Erased { person: person.0, by_person: request.by.person.0, by_key: request.by.key.0 };
        self.append_aside(vec![erased], request.now).await
    }

    /// Sets aside that the capsule of this number, whose record was lost, is about to be revoked.
    pub(super) async fn set_lost_revocation_aside(&self, code: &str, now: Timestamp) -> Result<(), Error> {
        self.append_aside(vec![Entry::LostRevoked { certificate_code: code.to_owned() }], now).await
    }

    /// Sets aside that a restored house was let go.
    pub(super) async fn set_release_aside(&self, restore: Uuid, now: Timestamp) -> Result<(), Error> {
        self.append_aside(vec![Entry::Released { restore }], now).await
    }

    async fn append_aside(&self, entries: Vec<Entry>, at: Timestamp) -> Result<(), Error> {
        let Some(aside) = self.aside().cloned() else { return Ok(()) };
        let written = tokio::task::spawn_blocking(move || aside.append(entries, at)).await;
        let fault = |error: &dyn ToString| Error::fault("what must survive a loss", error.to_string());
        written.map_err(|error| fault(&error))?.map_err(|error| fault(&error))
    }

    /// Sets aside that letters and messages have left.
    ///
    /// # Errors
    ///
    /// Where it cannot be written, or what they were about cannot be looked up.
    pub async fn set_told_aside(&self, told: Vec<Telling>, at: Timestamp) -> Result<(), Error> {
        if self.aside().is_none() || told.is_empty() {
            return Ok(());
        }
        let reader = self.store().reader();
        let mut orders: Vec<Uuid> = told.iter().map(|told| told.row.order_id).collect();
        orders.sort_unstable();
        orders.dedup();
        let placed = beside::orders_of(reader, &orders).await?;
        let digest = |row: &orders::Model| (row.order_id, self.order_digest(&row.tenant_id, &row.order_no));
        let numbers: BTreeMap<Uuid, String> = placed.iter().map(digest).collect();
        let codes = restores::codes_of(reader, &orders).await?;
        let entry = |told: Telling| {
            let row = told.row;
            Entry::Told(Told {
                row: row.id,
                message: told.message,
                order: row.order_id,
                stream: row.stream_id,
                number: numbers.get(&row.order_id).cloned(),
                piece: codes.get(&(row.order_id, row.stream_id)).cloned(),
                recipient: row.recipient,
                notice: row.notice,
                channel: row.channel,
                subject: told.subject,
            })
        };
        self.append_aside(told.into_iter().map(entry).collect(), at).await
    }

    /// Sets aside that the owner of an endpoint was written to.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub async fn set_warning_aside(&self, endpoint: Uuid, at: Timestamp) -> Result<(), Error> {
        let about = Self::warning(endpoint);
        let told = Told {
            row: endpoint,
            message: endpoint,
            order: about.order,
            stream: about.stream,
            number: None,
            piece: None,
            recipient: about.recipient,
            notice: about.notice,
            channel: about.channel,
            subject: about.subject,
        };
        self.append_aside(vec![Entry::Told(told)], at).await
    }

    /// What a letter to the owner of an endpoint is about.
    pub fn warning(endpoint: Uuid) -> restores::About {
        restores::About {
            order: endpoint,
            stream: 0,
            recipient: "owner".to_owned(),
            notice: "endpoint_paused".to_owned(),
            channel: "mail".to_owned(),
            subject: None,
        }
    }

    /// By what an order is known again that was lost and is sent once more.
    pub(super) fn order_digest(&self, tenant: &str, number: &str) -> String {
        self.vault().aside_digest(&["order", tenant, number])
    }

    /// By what a message is known again: what it says, without when and at which place of a journal.
    pub fn message_digest(&self, text: &str) -> String {
        self.vault().aside_digest(&["message", text])
    }

    /// The id of an order that is about to be taken in, and the codes of its pieces by their journals: those that it had
    /// if it was lost, so that the links in its letters and the labels on its parcels stay good; else a fresh id.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn order_id_for(&self, tenant: &str, number: &str) -> Result<(OrderId, BTreeMap<i32, PieceCode>), Error> {
        let lost = restores::lost_order(self.store().reader(), &self.order_digest(tenant, number)).await?;
        Ok(match lost {
            Some((order, codes)) => {
                let known = |(stream, code): (i32, String)| Some((stream, PieceCode::parse(&code).ok()?));
                (OrderId(order), codes.into_iter().filter_map(known).collect())
            }
            None => (OrderId(Uuid::now_v7()), BTreeMap::new()),
        })
    }
}
