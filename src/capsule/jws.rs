//! A signed credential as one line: `application/vc+jwt` (W3C Securing Verifiable Credentials using JOSE and COSE), the
//! compact form of a JSON Web Signature (RFC 7515) with ES256.
//!
//! The verifier is strict, so that one credential has one form: base64url without padding and without bits left over,
//! header and payload in the canonical form of RFC 8785 (no member twice, no white space), the lower s. Whoever changes
//! any bit of the line has no credential.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::canonical::{self, CanonicalError};
use super::es256::{KeyId, Signer, Wrong};
use super::keys::KeySet;

/// The media type of a signed credential.
pub const MEDIA_TYPE: &str = "application/vc+jwt";
const ALG: &str = "ES256";
const TYP: &str = "vc+jwt";
const CTY: &str = "vc";

/// The three parts of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Header,
    Payload,
    Signature,
}

impl Part {
    fn as_str(self) -> &'static str {
        match self {
            Part::Header => "header",
            Part::Payload => "payload",
            Part::Signature => "signature",
        }
    }
}

/// Why a line is not a credential that a key of the set has signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsFault {
    #[error("it is not a signed credential: three parts of base64url between two dots, on one line")]
    NotCompact,
    #[error("its {} is not base64url in its one form: letters, digits, - and _, no padding, no bits left over", .0.as_str())]
    Encoding(Part),
    #[error("its {} is not JSON in its one form (RFC 8785): no member twice, members in order, no white space", .0.as_str())]
    NotCanonical(Part),
    #[error("its header says alg {0}; only ES256 counts here")]
    Algorithm(String),
    #[error("its header asks with crit for what this program does not know: {0}")]
    Critical(String),
    #[error("its header says {member} {found}, expected {expected}")]
    Kind { member: &'static str, found: String, expected: &'static str },
    #[error("its header has a member {0} that no capsule has")]
    UnknownMember(String),
    #[error("it was signed with the key {0}, which is not among the keys given")]
    UnknownKey(KeyId),
    #[error("its signature is not 64 bytes of r and s")]
    NotASignature,
    #[error("its signature is in the other of two forms, with the higher s, that no capsule has: somebody changed it")]
    HighS,
    #[error("its signature is not of these words by the key {0}: something was changed, or it was never signed")]
    Forged(KeyId),
}

/// What a line says that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    pub key_id: KeyId,
    pub payload: Value,
}

/// Signs a payload. The same payload gives the same line.
pub fn sign(signer: &Signer, payload: &Value) -> Result<String, CanonicalError> {
    let header = json!({ "alg": ALG, "cty": CTY, "kid": signer.key_id().as_str(), "typ": TYP });
    let header = URL_SAFE_NO_PAD.encode(canonical::canonical_value(&header)?);
    let payload = URL_SAFE_NO_PAD.encode(canonical::canonical_value(payload)?);
    let signed = format!("{header}.{payload}");
    let signature = URL_SAFE_NO_PAD.encode(signer.sign(signed.as_bytes()));
    Ok(format!("{signed}.{signature}"))
}

/// Checks form, header and signature, in this order; answers what was signed. The payload is parsed last, so that nothing
/// is parsed that nobody we believe has written.
pub fn verify(line: &str, keys: &KeySet) -> Result<Signed, JwsFault> {
    let mut parts = line.split('.');
    let (Some(header), Some(payload), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(JwsFault::NotCompact);
    };
    let signed = line.get(..header.len() + 1 + payload.len()).ok_or(JwsFault::NotCompact)?;
    let header = read_json(&decode(header, Part::Header)?, Part::Header)?;
    let payload = decode(payload, Part::Payload)?;
    let signature = decode(signature, Part::Signature)?;
    let key_id = read_header(&header)?;
    let key = keys.capsule_key(&key_id).ok_or_else(|| JwsFault::UnknownKey(key_id.clone()))?;
    key.verify(signed.as_bytes(), &signature).map_err(|wrong| match wrong {
        Wrong::Malformed => JwsFault::NotASignature,
        Wrong::HighS => JwsFault::HighS,
        Wrong::Forged => JwsFault::Forged(key_id.clone()),
    })?;
    Ok(Signed { payload: read_json(&payload, Part::Payload)?, key_id })
}

fn decode(part: &str, which: Part) -> Result<Vec<u8>, JwsFault> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| JwsFault::Encoding(which))
}

fn read_json(bytes: &[u8], which: Part) -> Result<Value, JwsFault> {
    let not_canonical = || JwsFault::NotCanonical(which);
    let text = std::str::from_utf8(bytes).map_err(|_| not_canonical())?;
    let value = serde_json::from_str(text).map_err(|_| not_canonical())?;
    // Of a member that stands twice the value keeps one, so its canonical form is another text.
    if canonical::is_canonical(text, &value) { Ok(value) } else { Err(not_canonical()) }
}

/// The header has four members and no other; each is told apart when it is wrong.
fn read_header(header: &Value) -> Result<KeyId, JwsFault> {
    let found = |member: &str| match header.get(member) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "nothing".to_owned(),
    };
    let members = header.as_object().ok_or(JwsFault::NotCanonical(Part::Header))?;
    if found("alg") != ALG {
        return Err(JwsFault::Algorithm(found("alg")));
    }
    if members.contains_key("crit") {
        return Err(JwsFault::Critical(found("crit")));
    }
    for (member, expected) in [("typ", TYP), ("cty", CTY)] {
        if found(member) != expected {
            return Err(JwsFault::Kind { member, found: found(member), expected });
        }
    }
    if let Some(other) = members.keys().find(|name| !matches!(name.as_str(), "alg" | "cty" | "kid" | "typ")) {
        return Err(JwsFault::UnknownMember(other.clone()));
    }
    match members.get("kid") {
        Some(Value::String(kid)) => Ok(KeyId::named(kid)),
        Some(_) | None => Err(JwsFault::UnknownKey(KeyId::named(&found("kid")))),
    }
}

#[cfg(test)]
mod tests;
