//! What is known of a person: encrypted under a key of their own.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Error;
use crate::store::entity::people;
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
