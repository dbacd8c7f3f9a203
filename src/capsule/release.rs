//! Signed documents; the capsule is one. The body is canonical JSON, the signature is of its bytes and lies beside it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    canonical::{self, CanonicalError},
    signature::{KeyId, Keyring, Signature, SignatureFault, Signer},
};

/// The `type` of a capsule's body.
pub const CAPSULE: &str = "touchstone-capsule/1";

/// A body with its signature. The body is text, never a parsed value: what was signed are these bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedDocument {
    pub body: String,
    pub key_id: KeyId,
    pub signature: Signature,
}

#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error(transparent)]
    NotCanonical(#[from] CanonicalError),
    #[error("a document that is signed says what it is, in a member `type`")]
    NoType,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentFault {
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    #[error("the body is not canonical JSON")]
    NotCanonical,
    #[error("the document is a {found}, expected a {expected}")]
    OtherType { expected: String, found: String },
}

impl SignedDocument {
    /// Signs an object with a member `type`: one key signs several kinds of document, and none must pass for another.
    pub fn sign(signer: &Signer, document: &impl Serialize) -> Result<Self, SignError> {
        let value = serde_json::to_value(document).map_err(CanonicalError::from)?;
        if !value.get("type").is_some_and(Value::is_string) {
            return Err(SignError::NoType);
        }
        let body = canonical::canonical_value(&value)?;
        let signature = signer.sign(body.as_bytes());
        Ok(Self { body, key_id: signer.key_id(), signature })
    }

    /// Checks signature, form and type; answers what the body says. The signature comes first, so that nothing is
    /// parsed that nobody we believe has written.
    pub fn verify(&self, keys: &Keyring, expected: &str) -> Result<Value, DocumentFault> {
        keys.verify(self.key_id, self.body.as_bytes(), &self.signature)?;
        let value: Value = serde_json::from_str(&self.body).map_err(|_| DocumentFault::NotCanonical)?;
        if !canonical::is_canonical(&self.body, &value) {
            return Err(DocumentFault::NotCanonical);
        }
        let found = value.get("type").and_then(Value::as_str).unwrap_or("document without a type");
        if found != expected {
            return Err(DocumentFault::OtherType { expected: expected.to_owned(), found: found.to_owned() });
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn signer() -> Signer {
        Signer::from_seed(&[7; 32])
    }

    fn capsule() -> SignedDocument {
        SignedDocument::sign(&signer(), &json!({ "type": CAPSULE, "verdict": "pass", "open_points": [] })).unwrap()
    }

    #[test]
    fn a_capsule_verifies_also_after_a_journey_as_json() {
        let text = serde_json::to_string(&capsule()).unwrap();
        let read: SignedDocument = serde_json::from_str(&text).unwrap();
        assert_eq!(read.body, r#"{"open_points":[],"type":"touchstone-capsule/1","verdict":"pass"}"#);
        assert_eq!(read.verify(&signer().public_key().into(), CAPSULE).unwrap()["verdict"], "pass");
    }

    #[test]
    fn a_changed_word_is_noticed() {
        let mut document = capsule();
        document.body = document.body.replace("pass", "fail");
        let fault = document.verify(&signer().public_key().into(), CAPSULE).unwrap_err();
        assert_eq!(fault, SignatureFault::Forged(signer().key_id()).into());
    }

    #[test]
    fn another_signer_is_not_believed() {
        let keys = Signer::from_seed(&[8; 32]).public_key().into();
        let fault = capsule().verify(&keys, CAPSULE).unwrap_err();
        assert_eq!(fault, SignatureFault::UnknownKey(signer().key_id()).into());
        let mut renamed = capsule();
        renamed.key_id = Signer::from_seed(&[8; 32]).key_id();
        assert_eq!(renamed.verify(&keys, CAPSULE).unwrap_err(), SignatureFault::Forged(renamed.key_id).into());
    }

    #[test]
    fn one_kind_of_document_does_not_pass_for_another() {
        let document = SignedDocument::sign(&signer(), &json!({ "type": "touchstone-other/1" })).unwrap();
        let fault = document.verify(&signer().public_key().into(), CAPSULE).unwrap_err();
        assert_eq!(fault.to_string(), "the document is a touchstone-other/1, expected a touchstone-capsule/1");
    }

    #[test]
    fn a_signed_body_in_another_form_is_refused() {
        for body in [r#"{"type": "touchstone-capsule/1"}"#, r#"{"type":"touchstone-capsule/1","n":0.5}"#, "type"] {
            let signature = signer().sign(body.as_bytes());
            let document = SignedDocument { body: body.to_owned(), key_id: signer().key_id(), signature };
            let fault = document.verify(&signer().public_key().into(), CAPSULE).unwrap_err();
            assert_eq!(fault, DocumentFault::NotCanonical);
        }
    }

    #[test]
    fn nothing_is_signed_that_has_no_type_or_no_exact_form() {
        let sign = |value: Value| SignedDocument::sign(&signer(), &value).unwrap_err();
        assert!(matches!(sign(json!({ "verdict": "pass" })), SignError::NoType));
        assert!(matches!(sign(json!([])), SignError::NoType));
        assert!(matches!(sign(json!({ "type": CAPSULE, "weight": 5.6 })), SignError::NotCanonical(_)));
    }
}
