//! Free text is sealed before a rule sees it: the rules get a reference, the words go encrypted into a table of their
//! own, in the transaction of the event that names them.

use uuid::Uuid;

use crate::domain::ids::{OrderId, PersonId, TextId};
use crate::domain::text::Sealed;
use crate::store::entity::sealed_texts;
use crate::vault::{Vault, VaultError};

/// The texts of one command, to be written with it.
#[derive(Debug, Default)]
pub struct Seals {
    pub(super) rows: Vec<sealed_texts::Model>,
}

impl Seals {
    /// Seals one text of an order. `person` is whose text it is: erasing them destroys its key.
    pub fn seal(&mut self, vault: &Vault, order_id: OrderId, person: PersonId, text: &str) -> Sealed {
        let id = Uuid::now_v7();
        let key = Vault::fresh_key();
        self.rows.push(sealed_texts::Model {
            order_id: order_id.0,
            id,
            person_id: Some(person.0),
            wrapped_key: Some(vault.wrap(&key, id.as_bytes())),
            sealed: Some(Vault::seal(&key, text.as_bytes(), id.as_bytes())),
        });
        Sealed { text_id: TextId(id), hmac: hex::encode(Vault::hmac(&key, text.as_bytes())) }
    }
}

/// Reads one sealed text. None where its key was destroyed.
pub fn open(vault: &Vault, row: &sealed_texts::Model) -> Result<Option<String>, VaultError> {
    let (Some(wrapped), Some(sealed)) = (&row.wrapped_key, &row.sealed) else { return Ok(None) };
    let key = vault.unwrap_key(wrapped, row.id.as_bytes())?;
    let bytes = Vault::open(&key, sealed, row.id.as_bytes())?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}
