//! The endpoints of platforms and merchants: made, rotated, resumed, replayed, taken away. Their secrets are sealed under
//! a key of their own, and are shown once.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::receipt::Receipt;
use super::registry::Begun;
use super::{Desk, Error, Request};
use crate::domain::ids::{MerchantId, TenantId};
use crate::domain::refusal::Refusal;
use crate::store::entity::{outbox as rows, webhooks as endpoints};
use crate::store::{Transaction, outbox, webhooks};
use crate::vault::{Key, Vault};

/// How long the secret before the present one still signs beside it.
pub const OVERLAP: SignedDuration = SignedDuration::from_hours(24);

/// Secrets that sign at once at the most: each is a part of every message's header.
const MOST_SECRETS: usize = 4;

/// Rows of one replay at the most; who wants more asks again from where it ended.
const REPLAYED: u64 = 10_000;

/// What a secret begins with (Standard Webhooks, "Signature scheme").
const PREFIX: &str = "whsec_";

/// An endpoint, as its owner describes it.
pub struct NewWebhook {
    pub tenant: TenantId,
    /// Whose it is, where it is no platform's.
    pub merchant: Option<MerchantId>,
    pub url: String,
    /// Who is written to when it is paused.
    pub email: Option<String>,
}

/// What is sealed of an endpoint.
#[derive(Clone, Serialize, Deserialize)]
pub struct Private {
    /// The present secret first.
    secrets: Vec<Secret>,
    pub email: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Secret {
    /// In the form in which its owner has it.
    text: String,
    /// Until when it signs; none for the present one.
    until: Option<i64>,
}

impl std::fmt::Debug for Private {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Private(…)")
    }
}

impl Private {
    /// The bytes of every secret that signs now, the present one first.
    pub fn secrets(&self, now: Timestamp) -> Vec<Vec<u8>> {
        let good = self.secrets.iter().filter(|secret| secret.until.is_none_or(|until| now.as_microsecond() < until));
        good.filter_map(|secret| BASE64_STANDARD.decode(secret.text.strip_prefix(PREFIX)?).ok()).collect()
    }

    /// Puts a fresh secret in front. Each one before signs on until its day is over: whose answer was lost rotates once
    /// more, and what their receivers hold still counts.
    fn rotate(&mut self, now: Timestamp) -> String {
        let until = now.checked_add(OVERLAP).unwrap_or(now).as_microsecond();
        self.secrets.retain(|secret| secret.until.is_none_or(|until| now.as_microsecond() < until));
        self.secrets.truncate(MOST_SECRETS - 1);
        self.secrets.iter_mut().for_each(|secret| secret.until = secret.until.or(Some(until)));
        let text = fresh_secret();
        self.secrets.insert(0, Secret { text: text.clone(), until: None });
        text
    }
}

/// 256 random bits.
fn fresh_secret() -> String {
    let bytes = Vault::hmac(&Vault::fresh_key(), b"webhook");
    format!("{PREFIX}{}", BASE64_STANDARD.encode(bytes))
}

/// What a replay came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed {
    pub count: usize,
    /// From when on the rest is to be asked for, where there is one.
    pub rest_from: Option<i64>,
}

impl Replayed {
    /// As a receipt holds it.
    fn text(self) -> String {
        format!("{} {}", self.count, self.rest_from.map_or(String::new(), |from| from.to_string()))
    }

    fn parse(text: &str) -> Option<Self> {
        let (count, rest) = text.split_once(' ')?;
        let rest_from = if rest.is_empty() { None } else { Some(rest.parse().ok()?) };
        Some(Self { count: count.parse().ok()?, rest_from })
    }
}

impl Desk {
    /// Adds an endpoint. Its secret is given this once: the same request again gets none.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn add_webhook(
        &self,
        new: NewWebhook,
        request: &Request,
    ) -> Result<(endpoints::Model, Option<String>), Error> {
        let answer = match self.begin_once(request).await? {
            Begun::Answered(answer) => answer,
            Begun::Fresh(txn) => {
                let id = Uuid::now_v7();
                let key = Vault::fresh_key();
                let text = fresh_secret();
                let private = Private { secrets: vec![Secret { text: text.clone(), until: None }], email: new.email };
                let row = endpoints::Model {
                    id,
                    tenant_id: new.tenant.to_string(),
                    merchant_id: new.merchant.as_ref().map(ToString::to_string),
                    channel: outbox::Channel::Endpoint(id).text(),
                    url: new.url,
                    wrapped_key: self.vault().wrap(&key, id.as_bytes()),
                    sealed: seal(&key, id, &private)?,
                    created_at: request.now.as_microsecond(),
                    not_before_at: 0,
                    failures: 0,
                    failing_since_at: None,
                    last_outcome: None,
                    paused_at: None,
                    told_at: None,
                    deleted_at: None,
                };
                webhooks::add(&*txn, row.clone()).await?;
                let receipt = Receipt::Made { id: id.to_string(), new: true };
                let answer = self.end_once(txn, request, receipt.clone()).await?;
                if answer == receipt {
                    return Ok((row, Some(text)));
                }
                answer
            }
        };
        let Receipt::Made { id, .. } = answer else {
            return Err(Error::corrupt("a stored answer", "is of no endpoint"));
        };
        let id = id.parse().map_err(|error| Error::corrupt("a stored answer", error))?;
        let row = webhooks::endpoint(self.store().reader(), id).await?;
        Ok((row.ok_or(Refusal::Absent("webhook"))?, None))
    }

    /// Gives an endpoint a fresh secret; the one before signs beside it for [`OVERLAP`]. The same request again gets
    /// none.
    ///
    /// # Errors
    ///
    /// Those of the store, and where there is no such endpoint.
    pub async fn rotate_webhook(&self, id: Uuid, request: &Request) -> Result<Option<String>, Error> {
        let Begun::Fresh(txn) = self.begin_once(request).await? else { return Ok(None) };
        let row = webhooks::endpoint(&*txn, id).await?.ok_or(Refusal::Absent("webhook"))?;
        let (key, mut private) = self.open_endpoint(&row)?;
        let text = private.rotate(request.now);
        webhooks::put_sealed(&*txn, id, seal(&key, id, &private)?).await?;
        self.done(txn, id, request).await?;
        Ok(Some(text))
    }

    /// Takes an endpoint away; what waits for it is not sent.
    ///
    /// # Errors
    ///
    /// Those of the store, and where there is no such endpoint.
    pub async fn delete_webhook(&self, id: Uuid, request: &Request) -> Result<(), Error> {
        let Begun::Fresh(txn) = self.begin_once(request).await? else { return Ok(()) };
        webhooks::endpoint(&*txn, id).await?.ok_or(Refusal::Absent("webhook"))?;
        webhooks::delete(&*txn, id, request.now.as_microsecond()).await?;
        outbox::close_endpoint(&*txn, id).await?;
        self.done(txn, id, request).await
    }

    /// Lets an endpoint that was paused be tried again: what waited for it goes out in its order.
    ///
    /// # Errors
    ///
    /// Those of the store, and where there is no such endpoint.
    pub async fn resume_webhook(&self, id: Uuid, request: &Request) -> Result<(), Error> {
        let Begun::Fresh(txn) = self.begin_once(request).await? else { return Ok(()) };
        webhooks::endpoint(&*txn, id).await?.ok_or(Refusal::Absent("webhook"))?;
        webhooks::resume(&*txn, id).await?;
        self.done(txn, id, request).await
    }

    /// Sends an endpoint everything again that it was told, or would have been, from one time until before another;
    /// each under the id that it has.
    ///
    /// # Errors
    ///
    /// Those of the store, and where there is no such endpoint.
    pub async fn replay_webhook(&self, id: Uuid, span: (i64, i64), request: &Request) -> Result<Replayed, Error> {
        let answer = match self.begin_once(request).await? {
            Begun::Answered(answer) => answer,
            Begun::Fresh(txn) => {
                let row = webhooks::endpoint(&*txn, id).await?.ok_or(Refusal::Absent("webhook"))?;
                let now = request.now.as_microsecond();
                let (count, rest_from) = outbox::replay(&*txn, &row, span, REPLAYED, now).await?;
                let id = Replayed { count, rest_from }.text();
                self.end_once(txn, request, Receipt::Made { id, new: false }).await?
            }
        };
        let Receipt::Made { id, .. } = answer else {
            return Err(Error::corrupt("a stored answer", "is of no replay"));
        };
        Replayed::parse(&id).ok_or_else(|| Error::corrupt("a stored answer", "is of no replay"))
    }

    /// Lets a notice that was buried, or that nobody could be told, be tried anew.
    ///
    /// # Errors
    ///
    /// Those of the store, and where there is no such notice, or it is none that was given up.
    pub async fn send_again(&self, id: Uuid, request: &Request) -> Result<rows::Model, Error> {
        if let Begun::Fresh(txn) = self.begin_once(request).await? {
            if !outbox::send_again(&*txn, id, request.now.as_microsecond()).await? {
                return Err(Refusal::Absent("notice that was given up").into());
            }
            self.done(txn, id, request).await?;
        }
        Ok(outbox::row(self.store().reader(), id).await?.ok_or(Refusal::Absent("notice"))?)
    }

    async fn done(&self, txn: Transaction, id: Uuid, request: &Request) -> Result<(), Error> {
        self.end_once(txn, request, Receipt::Made { id: id.to_string(), new: false }).await.map(drop)
    }

    /// What is sealed of an endpoint.
    ///
    /// # Errors
    ///
    /// A fault where it does not open: another master key, or changed bytes.
    pub fn open_webhook(&self, row: &endpoints::Model) -> Result<Private, Error> {
        Ok(self.open_endpoint(row)?.1)
    }

    fn open_endpoint(&self, row: &endpoints::Model) -> Result<(Key, Private), Error> {
        let fault = |error| Error::fault("an endpoint's secrets cannot be opened", error);
        let key = self.vault().unwrap_key(&row.wrapped_key, row.id.as_bytes()).map_err(fault)?;
        let bytes = Vault::open(&key, &row.sealed, row.id.as_bytes()).map_err(fault)?;
        let private =
            serde_json::from_slice(&bytes).map_err(|_| Error::corrupt("an endpoint's secrets", "are not readable"))?;
        Ok((key, private))
    }
}

fn seal(key: &Key, id: Uuid, private: &Private) -> Result<Vec<u8>, Error> {
    let bytes = serde_json::to_vec(private).map_err(|error| Error::fault("secrets cannot be written", error))?;
    Ok(Vault::seal(key, &bytes, id.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_secret_signs_beside_the_new_one_for_a_day() {
        let now: Timestamp = "2026-11-23T01:00:00Z".parse().unwrap();
        let after = |hours| now.checked_add(SignedDuration::from_hours(hours)).unwrap();
        let first = fresh_secret();
        let mut private = Private { secrets: vec![Secret { text: first.clone(), until: None }], email: None };
        let bytes = |text: &str| BASE64_STANDARD.decode(text.strip_prefix(PREFIX).unwrap()).unwrap();
        let second = private.rotate(now);
        assert_eq!(private.secrets(after(23)), [bytes(&second), bytes(&first)]);
        assert_eq!(private.secrets(after(24)), [bytes(&second)]);
        // A third an hour later: each before it has a day of its own.
        let third = private.rotate(after(1));
        assert_eq!(private.secrets(after(2)), [bytes(&third), bytes(&second), bytes(&first)]);
        assert_eq!(private.secrets(after(24)), [bytes(&third), bytes(&second)]);
        assert_eq!(private.secrets(after(25)), [bytes(&third)]);
        assert_eq!(bytes(&third).len(), 32);
        // Whoever rotates without end does not fill the header.
        let many: Vec<_> = (0..9).map(|_| private.rotate(after(2))).collect();
        let last: Vec<_> = many.iter().rev().take(MOST_SECRETS).map(|text| bytes(text)).collect();
        assert_eq!(private.secrets(after(3)), last);
        assert_eq!(format!("{private:?}"), "Private(…)");
    }

    #[test]
    fn a_replay_reads_back_as_it_was_written() {
        for replayed in [Replayed { count: 0, rest_from: None }, Replayed { count: 7, rest_from: Some(-5) }] {
            assert_eq!(Replayed::parse(&replayed.text()), Some(replayed));
        }
    }
}
