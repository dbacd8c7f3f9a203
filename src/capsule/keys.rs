//! The keys of a house: the present ones to sign with, and all that are believed, as a JSON Web Key Set (RFC 7517).
//!
//! Capsules and status lists are signed with ES256, daily roots with Ed25519. Both keys are made of one seed, so that
//! an installation keeps one secret and changes both at once.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::es256;
use super::signature::{self, Keyring};

/// Signs for a house.
#[derive(Clone, Debug)]
pub struct Signers {
    /// Capsules, and the list of those that were revoked.
    pub capsules: es256::Signer,
    /// Daily roots.
    pub roots: signature::Signer,
}

impl Signers {
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self { capsules: es256::Signer::from_seed(seed), roots: signature::Signer::from_seed(seed) }
    }

    pub fn key_set(&self) -> KeySet {
        KeySet { capsules: vec![self.capsules.public_key().clone()], roots: self.roots.public_key().into() }
    }
}

/// The public keys that are believed: the present ones, and earlier ones whose signatures still stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet {
    capsules: Vec<es256::PublicKey>,
    roots: Keyring,
}

/// Why a text is no key set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetFault {
    #[error("it is not a JSON Web Key Set, an object with an array `keys`")]
    NotASet,
    #[error("key {place} of the set is no well-formed {kind} key")]
    Malformed { place: usize, kind: &'static str },
    #[error("key {place} of the set holds a private key: a key set is public, give one without a member `d`")]
    Private { place: usize },
}

impl KeySet {
    /// The key of this name for capsules.
    pub fn capsule_key(&self, id: &es256::KeyId) -> Option<&es256::PublicKey> {
        self.capsules.iter().find(|key| key.key_id() == id)
    }

    /// The keys of the daily roots.
    pub fn roots(&self) -> &Keyring {
        &self.roots
    }

    /// These keys and the others behind them, each once.
    #[must_use]
    pub fn and(mut self, others: &KeySet) -> Self {
        for key in &others.capsules {
            if !self.capsules.contains(key) {
                self.capsules.push(key.clone());
            }
        }
        self.roots = self.roots.and(&others.roots);
        self
    }

    /// What `/.well-known/jwks.json` answers.
    pub fn jwks(&self) -> Value {
        let capsules = self.capsules.iter().map(es256::PublicKey::jwk);
        json!({ "keys": capsules.chain(self.roots.jwks()).collect::<Vec<_>>() })
    }

    /// Reads a key set. Keys for other uses are passed over, as RFC 7517 asks (section 5); those of our kinds must be
    /// well formed. A key's `kid` is not read: the name follows from the key, so that no set can give a key another's.
    pub fn from_jwks(set: &Value) -> Result<Self, KeySetFault> {
        let keys = set.get("keys").and_then(Value::as_array).ok_or(KeySetFault::NotASet)?;
        let mut read = Self::default();
        let mut roots = Vec::new();
        for (place, key) in (1..).zip(keys) {
            if key.get("d").is_some() {
                return Err(KeySetFault::Private { place });
            }
            let text = |name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default();
            match (text("kty"), text("crv")) {
                ("EC", "P-256") if matches!(text("alg"), "" | "ES256") => {
                    let key = es256::PublicKey::from_coordinates(text("x"), text("y"));
                    read.capsules.push(key.ok_or(KeySetFault::Malformed { place, kind: "P-256" })?);
                }
                ("OKP", "Ed25519") => {
                    let bytes = URL_SAFE_NO_PAD.decode(text("x")).ok().and_then(|bytes| bytes.try_into().ok());
                    let key = bytes.and_then(|bytes| signature::PublicKey::from_bytes(&bytes).ok());
                    roots.push(key.ok_or(KeySetFault::Malformed { place, kind: "Ed25519" })?);
                }
                _ => {} // Other kinds are for other uses.
            }
        }
        read.roots = Keyring::from_iter(roots);
        Ok(Self::default().and(&read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signers(seed: u8) -> Signers {
        Signers::from_seed(&[seed; 32])
    }

    #[test]
    fn a_key_set_is_read_back_and_finds_old_keys() {
        let (now, then) = (signers(7), signers(8));
        let keys = now.key_set().and(&then.key_set()).and(&now.key_set());
        let mut set = keys.jwks();
        assert_eq!(set["keys"].as_array().unwrap().len(), 4);
        assert_eq!((&set["keys"][0]["kty"], &set["keys"][0]["alg"]), (&json!("EC"), &json!("ES256")));
        assert_eq!(set["keys"][2]["kty"], "OKP");
        assert!(!set.to_string().contains("\"d\""), "{set}");
        set["keys"].as_array_mut().unwrap().push(json!({ "kty": "RSA", "n": "…" }));
        set["keys"][0]["kid"] = json!("a name that somebody made up");
        let read = KeySet::from_jwks(&set).unwrap();
        assert_eq!(read, keys);
        assert!(read.capsule_key(then.capsules.key_id()).is_some());
        assert!(read.capsule_key(signers(9).capsules.key_id()).is_none());
        let signature = then.roots.sign(b"root");
        assert_eq!(read.roots().verify(then.roots.key_id(), b"root", &signature), Ok(()));
    }

    #[test]
    fn what_is_no_key_set_is_told_apart() {
        let check = |set: Value, expected: &str| {
            assert_eq!(KeySet::from_jwks(&set).unwrap_err().to_string(), expected, "{set}");
        };
        check(json!([]), "it is not a JSON Web Key Set, an object with an array `keys`");
        let mut set = signers(7).key_set().jwks();
        set["keys"][0]["y"] = json!("AAAA");
        check(set.clone(), "key 1 of the set is no well-formed P-256 key");
        set["keys"][0] = json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode([0; 32]) });
        check(set.clone(), "key 1 of the set is no well-formed Ed25519 key");
        set["keys"][0] = json!({ "kty": "EC", "crv": "P-256", "d": "AAAA" });
        check(set, "key 1 of the set holds a private key: a key set is public, give one without a member `d`");
    }
}
