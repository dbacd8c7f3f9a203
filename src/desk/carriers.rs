//! Carriers: whose pushes are taken, and what a word does. A word on a waybill that nobody has named yet is parked, and
//! heard once somebody does.

use std::pin::Pin;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::people::{self, Details};
use super::{Desk, Error, Request, Seals};
use crate::capsule::Hash;
use crate::carriers::{Word, same_company};
use crate::domain::actor::{By, Role};
use crate::domain::command::Command;
use crate::domain::ids::{CommandId, KeyId, PersonId, WarehouseId, Waybill};
use crate::domain::refusal::Refusal;
use crate::domain::transit::{self, Told};
use crate::store::entity::{carriers, parked};
use crate::store::{journal, owed, queries, registers};
use crate::vault::{self, Vault};

/// How a carrier speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    Kuaidi100,
    Push,
}

impl Speech {
    pub const ALL: [Speech; 2] = [Speech::Kuaidi100, Speech::Push];

    pub fn as_str(self) -> &'static str {
        match self {
            Speech::Kuaidi100 => "kuaidi100",
            Speech::Push => "push",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|speech| speech.as_str() == text)
    }
}

/// A carrier's account, and what is shown of it this once.
pub struct NewCarrier {
    pub row: carriers::Model,
    pub token: String,
    pub salt: String,
}

/// What became of a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Pieces to which something happened.
    pub pieces: usize,
    /// Nobody has named the waybill yet.
    pub parked: bool,
}

/// Words that wait for a waybill are kept so long,
const PARKED_FOR: SignedDuration = SignedDuration::from_hours(24 * 60);

/// and at most so many of one carrier.
const MOST_PARKED: u64 = 10_000;

impl Desk {
    /// Enters a carrier's account. Token and salt are shown this once.
    pub async fn add_carrier(
        &self,
        id: &str,
        speech: Speech,
        warehouse: &WarehouseId,
        now: Timestamp,
    ) -> Result<NewCarrier, Error> {
        let txn = self.store().begin().await?;
        if queries::warehouse(&*txn, warehouse.as_str()).await?.is_none() {
            return Err(Refusal::Absent("warehouse").into());
        }
        let person = people::new(self.vault(), "carrier", None, Some(id), &Details::default(), now)?;
        let (token, salt) = (vault::fresh_secret(), vault::fresh_secret());
        let key = Vault::fresh_key();
        let row = carriers::Model {
            id: id.to_owned(),
            kind: speech.as_str().to_owned(),
            warehouse_id: warehouse.to_string(),
            person_id: person.id,
            token_hash: vault::hash_secret(&token).to_vec(),
            wrapped_key: self.vault().wrap(&key, &context(id)),
            salt: Vault::seal(&key, salt.as_bytes(), &context(id)),
            created_at: now.as_microsecond(),
            revoked_at: None,
        };
        registers::add_person(&*txn, person).await?;
        owed::add_carrier(&*txn, row.clone()).await?;
        txn.commit().await?;
        Ok(NewCarrier { row, token, salt })
    }

    /// Takes a carrier's token back. False where there is none, or it was taken back before.
    pub async fn revoke_carrier(&self, id: &str, now: Timestamp) -> Result<bool, Error> {
        let txn = self.store().begin().await?;
        let done = owed::revoke_carrier(&*txn, id, now.as_microsecond()).await?;
        txn.commit().await?;
        Ok(done)
    }

    /// Whose token this is, if they speak so, with the salt of their signatures.
    pub async fn carrier_of(&self, token: &str, speech: Speech) -> Result<Option<(carriers::Model, String)>, Error> {
        let row = owed::carrier_by_token(self.store().reader(), &vault::hash_secret(token)).await?;
        let Some(row) = row.filter(|row| row.kind == speech.as_str()) else { return Ok(None) };
        let fault = |error| Error::fault("the salt of a carrier cannot be opened", error);
        let key = self.vault().unwrap_key(&row.wrapped_key, &context(&row.id)).map_err(fault)?;
        let salt = Vault::open(&key, &row.salt, &context(&row.id)).map_err(fault)?;
        let salt = String::from_utf8_lossy(&salt).into_owned();
        Ok(Some((row, salt)))
    }

    /// Hears a carrier's word.
    pub async fn hear_carrier(&self, of: &carriers::Model, word: &Word, now: Timestamp) -> Result<Heard, Error> {
        let reader = self.store().reader();
        let mut legs = owed::legs_under(reader, &of.warehouse_id, word.waybill.as_str()).await?;
        legs.retain(|leg| same_company(&word.company, &leg.carrier));
        if legs.is_empty() {
            self.park(of, word, now).await?;
            return Ok(Heard { pieces: 0, parked: true });
        }
        // A waybill that a piece had twice, as it was refused and comes back, is about its last leg.
        legs.reverse();
        legs.sort_by_key(|leg| (leg.order_id, leg.stream_id));
        legs.dedup_by_key(|leg| (leg.order_id, leg.stream_id));
        let mut heard = Heard::default();
        for leg in legs {
            let key = journal::stream_key(leg.order_id, leg.stream_id);
            let Some(view) = self.read_piece(key).await? else { continue };
            let Some(known) = transit::legs(&view.piece).into_iter().find(|known| known.seq == leg.seq) else {
                continue;
            };
            if transit::follows(&view.piece, &known, word.told, word.at, now).is_empty() {
                continue; // Said before, or of no account: nothing is written.
            }
            let command = Command::HearCarrier { leg: leg.seq, told: word.told, at: word.at };
            let request = request(of, word, &format!("{}/{}", key.order_id, key.stream_id), now);
            match self.carry_out(key, command, Seals::default(), request).await {
                Ok(_) => heard.pieces += 1,
                // Somebody else was faster, and it says nothing new any more.
                Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(heard)
    }

    async fn park(&self, of: &carriers::Model, word: &Word, now: Timestamp) -> Result<(), Error> {
        let row = parked::Model {
            carrier_id: of.id.clone(),
            digest: digest(word).to_string(),
            company: word.company.clone(),
            waybill: word.waybill.to_string(),
            told: word.told.as_str().to_owned(),
            at: word.at.as_microsecond(),
            received_at: now.as_microsecond(),
        };
        let txn = self.store().begin().await?;
        owed::park(&*txn, row, MOST_PARKED).await?;
        let before = now.checked_sub(PARKED_FOR).unwrap_or(now);
        owed::forget_parked(&*txn, before.as_microsecond()).await?;
        Ok(txn.commit().await?)
    }

    /// The same, for those of whom hearing asks in turn: a future of a known size.
    pub(super) fn hear_parked_boxed<'a>(
        &'a self,
        waybills: &'a [String],
        now: Timestamp,
    ) -> Pin<Box<dyn Future<Output = Result<usize, Error>> + Send + 'a>> {
        Box::pin(self.hear_parked(waybills, now))
    }

    /// Hears what was parked under these waybills. What cannot be heard now stays parked.
    pub async fn hear_parked(&self, waybills: &[String], now: Timestamp) -> Result<usize, Error> {
        let reader = self.store().reader();
        let mut heard = 0;
        for row in owed::parked_under(reader, waybills).await? {
            let Some(of) = owed::carrier(reader, &row.carrier_id).await? else { continue };
            let known = owed::legs_under(reader, &of.warehouse_id, &row.waybill).await?;
            let told = Told::parse(&row.told);
            let at = Timestamp::from_microsecond(row.at).ok();
            let (Some(told), Some(at), Ok(waybill)) = (told, at, Waybill::parse(&row.waybill)) else { continue };
            if !known.iter().any(|leg| same_company(&row.company, &leg.carrier)) {
                continue; // Another carrier's parcel of the same number.
            }
            let word = Word { company: row.company.clone(), waybill, told, at };
            heard += self.hear_carrier(&of, &word, now).await?.pieces;
            let txn = self.store().begin().await?;
            owed::unpark(&*txn, &row.carrier_id, &row.digest).await?;
            txn.commit().await?;
        }
        Ok(heard)
    }

    /// Hears what a stop between a commit and its parked words has left.
    pub async fn catch_up_on_carriers(&self, now: Timestamp) -> Result<usize, Error> {
        let waybills = owed::parked_and_known(self.store().reader(), 1_000).await?;
        if waybills.is_empty() { Ok(0) } else { self.hear_parked(&waybills, now).await }
    }
}

fn context(id: &str) -> Vec<u8> {
    format!("carriers/{id}").into_bytes()
}

/// The digest of a word's content: the same word is the same request, however often it comes.
fn digest(word: &Word) -> Hash {
    let at = word.at.as_microsecond().to_string();
    Hash::of([word.company.as_str(), word.waybill.as_str(), word.told.as_str(), &at].join("\n"))
}

fn request(of: &carriers::Model, word: &Word, part: &str, now: Timestamp) -> Request {
    let digest = digest(word).to_string();
    Request {
        by: By { person: PersonId(of.person_id), key: KeyId::NONE, role: Role::Carrier, proposer: None },
        idempotency_key: format!("carrier-{digest}"),
        part: part.to_owned(),
        target: format!("POST /v1/carriers/{}", of.kind),
        body: digest.into_bytes(),
        digested: Vec::new(),
        if_match: None,
        command_id: CommandId(Uuid::now_v7()),
        now,
        confirms: None,
    }
}
