//! The answers that are kept, so that a request sent again gets the same one: sealed under a key of their own.

use crate::desk::receipt::Receipt;
use crate::desk::{Desk, Error, Request};
use crate::domain::ids::OrderId;
use crate::domain::refusal::Refusal;
use crate::store::entity::idempotency;
use crate::vault::Vault;

/// What a wrapped request key is bound to.
const REQUEST_KEY: &[u8] = b"request";

/// Opens a stored answer for a request that may be the same.
pub fn open_answer(desk: &Desk, row: &idempotency::Model, request: &Request) -> Result<Receipt, Error> {
    let key = desk
        .vault()
        .unwrap_key(&row.wrapped_key, REQUEST_KEY)
        .map_err(|error| Error::fault("a stored answer's key cannot be unwrapped", error))?;
    if !Vault::hmac_matches(&key, &request.fingerprint(), &row.digest) {
        return Err(Refusal::KeyReused.into());
    }
    let bytes = Vault::open(&key, &row.answer, REQUEST_KEY)
        .map_err(|error| Error::fault("a stored answer cannot be opened", error))?;
    serde_json::from_slice(&bytes).map_err(|error| Error::fault("a stored answer cannot be read", error))
}

/// The row that answers the same request again.
pub fn answer_row(
    desk: &Desk,
    order_id: Option<OrderId>,
    request: &Request,
    receipt: &Receipt,
) -> Result<idempotency::Model, Error> {
    let key = Vault::fresh_key();
    let answer = serde_json::to_vec(receipt).map_err(|error| Error::fault("a receipt cannot be written", error))?;
    Ok(idempotency::Model {
        owner_id: request.owner().0,
        key: request.idempotency_key.clone(),
        part: request.part.clone(),
        order_id: order_id.map(|id| id.0),
        wrapped_key: desk.vault().wrap(&key, REQUEST_KEY),
        digest: Vault::hmac(&key, &request.fingerprint()).to_vec(),
        answer: Vault::seal(&key, &answer, REQUEST_KEY),
        created_at: request.now.as_microsecond(),
    })
}
