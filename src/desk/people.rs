//! What is known of a person: encrypted under a key of their own.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Desk, Error};
use crate::store::entity::people;
use crate::store::queries;
use crate::vault::{Key, Vault};

/// A person's details. Personal data: never in an event, a log or an error.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub phone: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
    #[serde(default)]
    pub locale: Option<String>,
    #[serde(default)]
    pub timezone: Option<String>,
}

impl std::fmt::Debug for Details {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Details(…)")
    }
}

/// A new person with their details.
pub fn new(
    vault: &Vault,
    kind: &str,
    tenant_id: Option<&str>,
    reference: Option<&str>,
    details: &Details,
    now: Timestamp,
) -> Result<people::Model, Error> {
    let id = Uuid::now_v7();
    let key = Vault::fresh_key();
    Ok(people::Model {
        id,
        tenant_id: tenant_id.map(str::to_owned),
        kind: kind.to_owned(),
        reference: reference.map(str::to_owned),
        wrapped_key: Some(vault.wrap(&key, id.as_bytes())),
        sealed: Some(seal(&key, id, details)?),
        created_at: now.as_microsecond(),
        erased_at: None,
        erased_by_key: None,
    })
}

/// Puts newer details in place of older ones, under the same key.
pub fn renew(vault: &Vault, row: &mut people::Model, details: &Details) -> Result<(), Error> {
    let Some(wrapped) = &row.wrapped_key else { return Ok(()) };
    let key = unwrap(vault, row.id, wrapped)?;
    row.sealed = Some(seal(&key, row.id, details)?);
    Ok(())
}

/// What is known of a person; none once they were erased.
pub fn open(vault: &Vault, row: &people::Model) -> Result<Option<Details>, Error> {
    let (Some(wrapped), Some(sealed)) = (&row.wrapped_key, &row.sealed) else { return Ok(None) };
    let key = unwrap(vault, row.id, wrapped)?;
    let bytes = Vault::open(&key, sealed, row.id.as_bytes())
        .map_err(|error| Error::fault("a person's details cannot be opened", error))?;
    let details = serde_json::from_slice(&bytes).map_err(|_| Error::corrupt("a person's details", "not readable"))?;
    Ok(Some(details))
}

fn seal(key: &Key, id: Uuid, details: &Details) -> Result<Vec<u8>, Error> {
    let bytes = serde_json::to_vec(details).map_err(|error| Error::fault("details cannot be written", error))?;
    Ok(Vault::seal(key, &bytes, id.as_bytes()))
}

fn unwrap(vault: &Vault, id: Uuid, wrapped: &[u8]) -> Result<Key, Error> {
    vault.unwrap_key(wrapped, id.as_bytes()).map_err(|error| {
        Error::fault("a person's key cannot be unwrapped: is this the master key it was made by?", error)
    })
}

/// How many of the oldest persons are asked; more than one, so that a single row that was damaged locks nobody out.
const ASKED: u64 = 3;

impl Desk {
    /// Whether the master key is the one that this database was made with. The wrapped keys of the persons who were
    /// named first are the check value: each house names somebody before anything else is sealed, a house of an earlier
    /// version has them too, and a backup brings them along. True where nobody is named yet, or all were erased: then
    /// there is nothing that the key could fail to open.
    ///
    /// # Errors
    ///
    /// A store that does not answer.
    pub async fn has_its_master_key(&self) -> Result<bool, Error> {
        let oldest = queries::oldest_people(self.store().reader(), ASKED).await?;
        let opens = |row: &people::Model| {
            row.wrapped_key.as_ref().is_some_and(|wrapped| unwrap(self.vault(), row.id, wrapped).is_ok())
        };
        Ok(oldest.is_empty() || oldest.iter().any(opens))
    }

    /// The key that signed the last daily root, where it is neither the present one nor among the earlier ones; none
    /// where all is well, or nothing was signed yet.
    ///
    /// # Errors
    ///
    /// A store that does not answer.
    pub async fn unknown_signer(&self) -> Result<Option<String>, Error> {
        let Some(root) = queries::last_root(self.store().reader()).await? else { return Ok(None) };
        let is_known = root.key_id.parse().is_ok_and(|id| self.keys().roots().find(id).is_ok());
        Ok(Some(root.key_id).filter(|_| !is_known))
    }
}
