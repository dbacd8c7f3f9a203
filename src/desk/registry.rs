//! What is kept beside the journals: keys, platforms, warehouses, laboratories, devices, live sessions; and erasure.

use jiff::Timestamp;
use uuid::Uuid;

use super::people::{self, Details};
use super::receipt::Receipt;
use super::{Desk, Error, Request, writer};
use crate::capsule::Hash;
use crate::domain::actor::{Role, Scope};
use crate::domain::event::{Event, PersonErased};
use crate::domain::ids::*;
use crate::domain::refusal::Refusal;
use crate::store::changes::Changes;
use crate::store::entity::{devices, fees, keys, laboratories, lives, tenants, transcripts, warehouses};
use crate::store::{self, Transaction, journal, lookups, owed, queries, registers};
use crate::vault::{self, Vault};

use super::recorded;

/// A new key: for whom, in which role, how far it sees.
#[derive(Debug)]
pub struct KeyGrant {
    /// A person who has a key already; none makes a new person.
    pub person: Option<PersonId>,
    pub name: Option<String>,
    pub role: Role,
    pub scope: KeyScope,
    pub expires_at: Option<Timestamp>,
}

/// What a key is bound to, by its role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyScope {
    pub tenant_id: Option<TenantId>,
    pub merchant_id: Option<MerchantId>,
    pub warehouse_id: Option<WarehouseId>,
}

impl KeyScope {
    /// How far a key of this role sees. None where the role needs something that is not given, or bars what is.
    pub fn of(&self, role: Role) -> Option<Scope> {
        match (role, &self.tenant_id, &self.merchant_id, &self.warehouse_id) {
            (Role::Platform, Some(tenant), None, None) => Some(Scope::Tenant(tenant.clone())),
            (Role::Merchant, Some(tenant), Some(merchant), None) => {
                Some(Scope::Merchant(tenant.clone(), merchant.clone()))
            }
            (Role::Clerk | Role::Inspector | Role::Supervisor, None, None, Some(warehouse)) => {
                Some(Scope::Warehouse(warehouse.clone()))
            }
            (Role::Auditor, None, None, None) => Some(Scope::Everything),
            (Role::Operator, None, None, None) => Some(Scope::Nothing),
            _ => None, // Any other mixture would see too much or nothing.
        }
    }
}

/// A warehouse, as its operator describes it.
#[derive(Debug)]
pub struct Place {
    pub id: WarehouseId,
    pub name: String,
    pub address: String,
    pub timezone: String,
    /// The laboratory in whose name its inspectors work.
    pub laboratory: Option<LaboratoryId>,
}

/// What is kept beside the journals, new or changed.
#[derive(Debug)]
pub enum Keep {
    /// With its fee table, where that is told anew.
    Warehouse(Place, Option<Vec<fees::Model>>),
    Laboratory(laboratories::Model),
    Device(devices::Model),
    Live(lives::Model),
    /// Of a live session, which it makes known where it is not. It is kept sealed, and serves all orders of the session.
    Transcript {
        tenant: TenantId,
        live: LiveId,
        format: String,
        content: String,
    },
}

/// How a write that is no event begins.
pub(super) enum Begun {
    /// The same request came before: its answer.
    Answered(Receipt),
    Fresh(Transaction),
}

impl Desk {
    /// Begins what is done once for each idempotency key.
    pub(super) async fn begin_once(&self, request: &Request) -> Result<Begun, Error> {
        let key = (request.owner().0, request.idempotency_key.as_str(), request.part.as_str());
        let txn = self.store().begin().await?;
        match lookups::answered(&*txn, &[key]).await?.first() {
            Some(row) => Ok(Begun::Answered(writer::open_answer(self, row, request)?)),
            None => Ok(Begun::Fresh(txn)),
        }
    }

    /// Ends it: the answer commits with what was done. Where the same request came at the same moment and was faster,
    /// nothing is written twice and its answer is given.
    pub(super) async fn end_once(
        &self,
        txn: Transaction,
        request: &Request,
        receipt: Receipt,
    ) -> Result<Receipt, Error> {
        let row = writer::answer_row(self, None, request, &receipt)?;
        let changes = Changes { idempotency: vec![row], ..Changes::default() };
        match txn.write(changes).await {
            Ok(()) => {
                txn.commit().await?;
                Ok(receipt)
            }
            Err(store::Error::Conflict("idempotency")) => {
                txn.rollback().await?;
                self.answer_to(request).await?.ok_or(Error::Busy)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a key. The secret is shown this once; only its hash is kept.
    pub async fn create_key(&self, grant: &KeyGrant, now: Timestamp) -> Result<(keys::Model, String), Error> {
        let txn = self.store().begin().await?;
        let made = self.add_key(&txn, grant, None, now).await?;
        txn.commit().await?;
        Ok(made)
    }

    /// Makes a key on an operator's word. The same request again gets the same key, without its secret.
    pub async fn grant_key(&self, grant: &KeyGrant, request: &Request) -> Result<(keys::Model, Option<String>), Error> {
        let answer = match self.begin_once(request).await? {
            Begun::Answered(answer) => answer,
            Begun::Fresh(txn) => {
                let (row, secret) = self.add_key(&txn, grant, Some(request.by.key), request.now).await?;
                let receipt = Receipt::Made { id: row.id.to_string(), new: true };
                let answer = self.end_once(txn, request, receipt.clone()).await?;
                if answer == receipt {
                    return Ok((row, Some(secret)));
                }
                answer
            }
        };
        let Receipt::Made { id, .. } = answer else { return Err(Error::corrupt("a stored answer", "is of no key")) };
        let id = id.parse().map_err(|error| Error::corrupt("a stored answer", error))?;
        let row = queries::key(self.store().reader(), id).await?;
        Ok((row.ok_or_else(|| Error::corrupt("a stored answer", "its key is gone"))?, None))
    }

    async fn add_key(
        &self,
        txn: &Transaction,
        grant: &KeyGrant,
        by: Option<KeyId>,
        now: Timestamp,
    ) -> Result<(keys::Model, String), Error> {
        let person = match grant.person {
            Some(person) => {
                let row = queries::person(&**txn, person.0).await?.filter(|row| row.erased_at.is_none());
                row.ok_or(Refusal::Absent("person"))?.id
            }
            None => {
                let details = Details { name: grant.name.clone(), ..Details::default() };
                let row = people::new(self.vault(), "staff", None, None, &details, now)?;
                let id = row.id;
                registers::add_person(&**txn, row).await?;
                id
            }
        };
        if let Some(tenant) = &grant.scope.tenant_id {
            registers::keep_tenant(
                &**txn,
                tenants::Model { id: tenant.to_string(), name: tenant.to_string(), created_at: now.as_microsecond() },
            )
            .await?;
        }
        if let Some(warehouse) = &grant.scope.warehouse_id
            && queries::warehouse(&**txn, warehouse.as_str()).await?.is_none()
        {
            return Err(Refusal::Absent("warehouse").into());
        }
        let secret = vault::fresh_secret();
        let row = keys::Model {
            id: Uuid::now_v7(),
            person_id: person,
            role: grant.role.as_str().to_owned(),
            tenant_id: grant.scope.tenant_id.as_ref().map(ToString::to_string),
            merchant_id: grant.scope.merchant_id.as_ref().map(ToString::to_string),
            warehouse_id: grant.scope.warehouse_id.as_ref().map(ToString::to_string),
            hash: vault::hash_secret(&secret).to_vec(),
            created_at: now.as_microsecond(),
            created_by_key: by.map(|key| key.0),
            expires_at: grant.expires_at.map(Timestamp::as_microsecond),
            revoked_at: None,
            revoked_by_key: None,
        };
        registers::add_key(&**txn, row.clone()).await?;
        Ok((row, secret))
    }

    /// Ends a key. False where there is none, or it had ended.
    pub async fn revoke_key(&self, id: KeyId, by: Option<KeyId>, now: Timestamp) -> Result<bool, Error> {
        let txn = self.store().begin().await?;
        let done = registers::revoke_key(&*txn, id.0, by.map(|key| key.0), now.as_microsecond()).await?;
        txn.commit().await?;
        Ok(done)
    }

    /// Ends a key on an operator's word. One that had ended stays as it ended.
    pub async fn end_key(&self, id: KeyId, request: &Request) -> Result<keys::Model, Error> {
        if let Begun::Fresh(txn) = self.begin_once(request).await? {
            if queries::key(&*txn, id.0).await?.is_none() {
                return Err(Refusal::Absent("key").into());
            }
            registers::revoke_key(&*txn, id.0, Some(request.by.key.0), request.now.as_microsecond()).await?;
            self.end_once(txn, request, Receipt::Made { id: id.to_string(), new: false }).await?;
        }
        Ok(queries::key(self.store().reader(), id.0).await?.ok_or(Refusal::Absent("key"))?)
    }

    /// Adds or changes a warehouse.
    pub async fn put_warehouse(&self, place: &Place, now: Timestamp) -> Result<warehouses::Model, Error> {
        let row = place_row(place, now);
        let txn = self.store().begin().await?;
        registers::put_warehouse(&*txn, row.clone()).await?;
        txn.commit().await?;
        Ok(row)
    }

    /// Sets one fee of a warehouse.
    pub async fn put_fee(&self, row: fees::Model) -> Result<(), Error> {
        let txn = self.store().begin().await?;
        owed::put_fee(&*txn, row).await?;
        Ok(txn.commit().await?)
    }

    /// Adds or changes a laboratory.
    pub async fn put_laboratory(&self, row: laboratories::Model) -> Result<(), Error> {
        let txn = self.store().begin().await?;
        registers::put_laboratory(&*txn, row).await?;
        Ok(txn.commit().await?)
    }

    /// Adds or changes a device.
    pub async fn put_device(&self, row: devices::Model) -> Result<(), Error> {
        let txn = self.store().begin().await?;
        registers::put_device(&*txn, row).await?;
        Ok(txn.commit().await?)
    }

    /// Keeps what somebody tells of beside the journals, once for each idempotency key.
    pub async fn keep(&self, kept: Keep, request: &Request) -> Result<Receipt, Error> {
        let txn = match self.begin_once(request).await? {
            Begun::Answered(answer) => return Ok(answer),
            Begun::Fresh(txn) => txn,
        };
        let (id, new) = match kept {
            Keep::Warehouse(place, fees) => {
                let new = queries::warehouse(&*txn, place.id.as_str()).await?.is_none();
                registers::put_warehouse(&*txn, place_row(&place, request.now)).await?;
                if let Some(fees) = fees {
                    owed::put_fees(&*txn, place.id.as_str(), fees).await?;
                }
                (place.id.to_string(), new)
            }
            Keep::Laboratory(row) => {
                let id = row.id.clone();
                let new = queries::laboratory(&*txn, &id).await?.is_none();
                registers::put_laboratory(&*txn, row).await?;
                (id, new)
            }
            Keep::Device(row) => {
                let id = row.id.clone();
                let new = queries::device(&*txn, &id).await?.is_none();
                registers::put_device(&*txn, row).await?;
                (id, new)
            }
            Keep::Live(row) => {
                let id = row.id.clone();
                let new = queries::live(&*txn, &row.tenant_id, &id).await?.is_none();
                registers::put_live(&*txn, row).await?;
                (id, new)
            }
            Keep::Transcript { tenant, live, format, content } => {
                let row = self.transcript(&tenant, &live, format, &content, request.now);
                let id = row.id.to_string();
                let session = lives::Model {
                    tenant_id: row.tenant_id.clone(),
                    id: row.live_id.clone(),
                    room_id: None,
                    started_at: None,
                    replay_url: None,
                    transcript_id: None,
                    updated_at: request.now.as_microsecond(),
                };
                registers::keep_live(&*txn, session).await?;
                if !registers::put_transcript(&*txn, row, request.now.as_microsecond()).await? {
                    return Err(Refusal::Absent("live session").into());
                }
                (id, true)
            }
        };
        self.end_once(txn, request, Receipt::Made { id, new }).await
    }

    fn transcript(
        &self,
        tenant: &TenantId,
        live: &LiveId,
        format: String,
        content: &str,
        now: Timestamp,
    ) -> transcripts::Model {
        let id = Uuid::now_v7();
        let key = Vault::fresh_key();
        transcripts::Model {
            id,
            tenant_id: tenant.to_string(),
            live_id: live.to_string(),
            format,
            digest: Vault::hmac(&key, content.as_bytes()).to_vec(),
            wrapped_key: Some(self.vault().wrap(&key, id.as_bytes())),
            sealed: Some(Vault::seal(&key, content.as_bytes(), id.as_bytes())),
            created_at: now.as_microsecond(),
        }
    }

    /// Destroys a person's key, and with it everything sealed under it; of a buyer also the free texts and digests of
    /// their orders, of a streamer also the transcripts of the sessions in which they sold. Every journal still verifies. Each order of theirs notes the erasure. Idempotent.
    pub async fn erase_person(&self, person: PersonId, request: &Request) -> Result<Receipt, Error> {
        let mut request = request.clone();
        request.digest_as("erase");
        let txn = match self.begin_once(&request).await? {
            Begun::Answered(answer) => return Ok(answer),
            Begun::Fresh(txn) => txn,
        };
        let Some(row) = lookups::lock_person(self.store().backend(), &txn, person.0).await? else {
            return Err(Refusal::Absent("person").into());
        };
        if row.erased_at.is_none() {
            // Before the commit: whoever was erased must not come back with a backup, whatever happens in between.
            self.set_erasure_aside(person, &request).await?;
            let now = request.now;
            let orders = registers::orders_of_person(&*txn, person.0).await?;
            lookups::lock_orders(&txn, &orders).await?;
            for order_id in &orders {
                let key = journal::stream_key(*order_id, StreamId::ORDER.0);
                let events = journal::read(&*txn, key).await?;
                let Some(last) = events.last() else { continue };
                let previous = recorded::read(last)?.hash;
                let event = Event::from(PersonErased { person_id: person });
                let written =
                    recorded::write(self.vault(), key, last.seq + 1, previous, event, &request.circumstances())?;
                registers::append_to_order(&*txn, written.row, written.key).await?;
            }
            registers::erase(&*txn, person.0, &orders, request.by.key.0, now.as_microsecond()).await?;
            registers::erase_speech(&*txn, person.0).await?;
        }
        let receipt = self.end_once(txn, &request, Receipt::Made { id: person.to_string(), new: false }).await?;
        self.ear().forget();
        Ok(receipt)
    }

    /// The hash of a public text, such as what was shown to a buyer.
    pub fn digest_of(text: &str) -> String {
        Hash::of(text).to_string()
    }
}

fn place_row(place: &Place, now: Timestamp) -> warehouses::Model {
    warehouses::Model {
        id: place.id.to_string(),
        name: place.name.clone(),
        address: place.address.clone(),
        timezone: place.timezone.clone(),
        laboratory_id: place.laboratory.as_ref().map(ToString::to_string),
        created_at: now.as_microsecond(),
    }
}
