//! Ed25519 (RFC 8032) over canonical JSON, for daily roots; the public keys as JSON Web Keys (RFC 8037).

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::hash::{read_hex, write_hex};

/// The first 16 hex digits of the SHA-256 of a public key: enough to find the key, nothing to trust.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

/// A detached Ed25519 signature, written as 128 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    #[error("a signature is 64 bytes, written as 128 lower-case hex digits")]
    NotASignature,
    #[error("a key id is 16 lower-case hex digits")]
    NotAKeyId,
    #[error("the bytes are no Ed25519 public key")]
    NotAPublicKey,
    #[error("it was signed with the key {0}, which is not among the keys given")]
    UnknownKey(KeyId),
    #[error("the signature is not of these bytes by the key {0}")]
    Forged(KeyId),
}

/// Holds the secret half. It is overwritten when dropped.
#[derive(Clone)]
pub struct Signer {
    key: SigningKey,
    id: KeyId,
}

impl Signer {
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let id = KeyId::of(&key.verifying_key());
        Self { key, id }
    }

    pub fn key_id(&self) -> KeyId {
        self.id
    }

    pub fn sign(&self, bytes: &[u8]) -> Signature {
        Signature(self.key.sign(bytes).to_bytes())
    }

    pub fn public_key(&self) -> PublicKey {
        PublicKey { key: self.key.verifying_key(), id: self.id }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.id)
    }
}

/// All that is needed to verify.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    id: KeyId,
}

impl PublicKey {
    /// A key of low order is refused: under it almost anything counts as signed.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, SignatureFault> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| SignatureFault::NotAPublicKey)?;
        if key.is_weak() {
            return Err(SignatureFault::NotAPublicKey);
        }
        Ok(Self { id: KeyId::of(&key), key })
    }

    pub fn to_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    pub fn key_id(&self) -> KeyId {
        self.id
    }

    pub fn verify(&self, bytes: &[u8], signature: &Signature) -> Result<(), SignatureFault> {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        // The strict form leaves no second signature that a third party could make out of a given one.
        self.key.verify_strict(bytes, &signature).map_err(|_| SignatureFault::Forged(self.id))
    }

    fn jwk(&self) -> Value {
        json!({
            "alg": "EdDSA", "crv": "Ed25519", "kid": self.id, "kty": "OKP", "use": "sig",
            "x": URL_SAFE_NO_PAD.encode(self.to_bytes()),
        })
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id)
    }
}

/// The public keys that are believed: the present one, and earlier ones whose signatures still stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keyring(Vec<PublicKey>);

impl Keyring {
    pub fn find(&self, id: KeyId) -> Result<&PublicKey, SignatureFault> {
        self.0.iter().find(|key| key.id == id).ok_or(SignatureFault::UnknownKey(id))
    }

    pub fn verify(&self, id: KeyId, bytes: &[u8], signature: &Signature) -> Result<(), SignatureFault> {
        self.find(id)?.verify(bytes, signature)
    }

    /// As keys of a JSON Web Key Set.
    pub(super) fn jwks(&self) -> impl Iterator<Item = Value> {
        self.0.iter().map(PublicKey::jwk)
    }

    /// These keys and the others behind them, each once.
    #[must_use]
    pub(super) fn and(mut self, others: &Keyring) -> Self {
        for key in &others.0 {
            if !self.0.contains(key) {
                self.0.push(*key);
            }
        }
        self
    }
}

impl From<PublicKey> for Keyring {
    fn from(key: PublicKey) -> Self {
        Self(vec![key])
    }
}

impl FromIterator<PublicKey> for Keyring {
    fn from_iter<Keys: IntoIterator<Item = PublicKey>>(keys: Keys) -> Self {
        Self(keys.into_iter().collect())
    }
}

impl KeyId {
    fn of(key: &VerifyingKey) -> Self {
        let digest: [u8; 32] = Sha256::digest(key.as_bytes()).into();
        let [a, b, c, d, e, f, g, h, ..] = digest;
        Self([a, b, c, d, e, f, g, h])
    }
}

impl TryFrom<&[u8]> for Signature {
    type Error = SignatureFault;

    fn try_from(bytes: &[u8]) -> Result<Self, SignatureFault> {
        bytes.try_into().map(Self).map_err(|_| SignatureFault::NotASignature)
    }
}

/// Both are hex in every form they take.
macro_rules! hex_text {
    ($name:ident, $fault:expr) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(f, &self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = SignatureFault;

            fn from_str(text: &str) -> Result<Self, SignatureFault> {
                read_hex(text).map(Self).ok_or($fault)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

hex_text!(KeyId, SignatureFault::NotAKeyId);
hex_text!(Signature, SignatureFault::NotASignature);

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> Signer {
        Signer::from_seed(&[7; 32])
    }

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn the_published_vector_is_met() {
        let seed = read_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").unwrap();
        let signer = Signer::from_seed(&seed);
        assert_eq!(
            hex::encode(signer.public_key().to_bytes()),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
        );
        let expected = concat!(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        );
        assert_eq!(signer.sign(&[0x72]).to_string(), expected);
        assert_eq!(expected.parse::<Signature>().unwrap(), signer.sign(&[0x72]));
    }

    #[test]
    fn other_bytes_another_key_and_a_changed_signature_are_refused() {
        let signer = signer();
        let signature = signer.sign(b"body");
        let key = signer.public_key();
        assert_eq!(key.verify(b"body", &signature), Ok(()));
        assert_eq!(key.verify(b"Body", &signature), Err(SignatureFault::Forged(key.key_id())));
        let other = Signer::from_seed(&[8; 32]).public_key();
        assert_eq!(other.verify(b"body", &signature), Err(SignatureFault::Forged(other.key_id())));
        for index in 0..64 {
            let mut changed = signature;
            changed.0[index] ^= 1;
            assert!(key.verify(b"body", &changed).is_err(), "byte {index}");
        }
    }

    #[test]
    fn a_key_id_is_the_beginning_of_the_hash_of_the_public_key() {
        let key = signer().public_key();
        let hash = super::super::Hash::of(key.to_bytes()).to_string();
        assert_eq!(key.key_id().to_string(), hash[..16]);
        assert_eq!(hash[..16].parse(), Ok(key.key_id()));
        assert_eq!("xyz".parse::<KeyId>(), Err(SignatureFault::NotAKeyId));
    }

    #[test]
    fn a_ring_finds_its_keys_and_no_other() {
        let old = Signer::from_seed(&[8; 32]);
        let keys = Keyring::from_iter([signer().public_key(), old.public_key()]);
        assert_eq!(keys.verify(old.key_id(), b"body", &old.sign(b"body")), Ok(()));
        let unknown = Signer::from_seed(&[9; 32]);
        let answer = keys.verify(unknown.key_id(), b"body", &unknown.sign(b"body"));
        assert_eq!(answer, Err(SignatureFault::UnknownKey(unknown.key_id())));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let low_order = [0; 32];
        assert_eq!(PublicKey::from_bytes(&low_order), Err(SignatureFault::NotAPublicKey));
    }

    #[test]
    fn the_secret_half_is_never_shown() {
        assert_eq!(format!("{:?}", signer()), format!("Signer({})", signer().key_id()));
    }
}
