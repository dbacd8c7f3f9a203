//! ES256 (RFC 7518, section 3.4): ECDSA over P-256 with SHA-256, which every browser's WebCrypto verifies.
//!
//! Of each signature there is a second one, (r, n − s), that anybody can make and every library takes. Ours has one
//! form: we sign with the lower s, and our verifier refuses the higher, so that a capsule that was touched at all is no
//! capsule. Libraries of others take ours as they take any.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use p256::Sec1Point;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::sec1::ToSec1Point;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Parts the scalar from the Ed25519 key of the daily roots, which is made of the same seed.
const SCALAR_LABEL: &[u8] = b"touchstone/capsule/es256/1";

/// How many bytes a signature has: r and s, 32 each (RFC 7518, section 3.4).
pub const SIGNATURE_BYTES: usize = 64;

/// The name of a key: its thumbprint (RFC 7638) by SHA-256, in base64url.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// A name as a header gives it. That a key has it is seen when the key is found.
    pub fn named(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({})", self.0)
    }
}

/// Holds the secret half. It is overwritten when dropped.
#[derive(Clone)]
pub struct Signer {
    key: SigningKey,
    public: PublicKey,
}

impl Signer {
    /// The same seed always gives the same key. It serves the daily roots as well, by a key of their own kind.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        // A scalar must be below the group's order; of 2^32 hashes about one is not, and the next counter is taken.
        let key = (0..=u8::MAX).find_map(|counter| {
            let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(seed).ok()?;
            let scalar = mac.chain_update(SCALAR_LABEL).chain_update([counter]).finalize().into_bytes();
            SigningKey::from_slice(&scalar).ok()
        });
        let key = key.unwrap_or_else(|| unreachable!("256 hashes in a row above the order of P-256"));
        let public = PublicKey::new(*key.verifying_key());
        Self { key, public }
    }

    pub fn key_id(&self) -> &KeyId {
        &self.public.id
    }

    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// r and s. The nonce follows from key and bytes (RFC 6979): the same capsule is signed the same way again.
    pub fn sign(&self, bytes: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let signature: Signature = self.key.sign(bytes);
        signature.normalize_s().to_bytes().into()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.public.id)
    }
}

/// What is wrong with a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Not 64 bytes, or r or s not within 1 and the group's order.
    Malformed,
    /// The other form of a signature, with the higher s.
    HighS,
    /// Of other bytes, or by another key.
    Forged,
}

/// All that is needed to verify.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    id: KeyId,
}

impl PublicKey {
    fn new(key: VerifyingKey) -> Self {
        let [x, y] = coordinates(&key);
        // RFC 7638, section 3.2: the required members in order, without white space.
        let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        Self { id: KeyId(URL_SAFE_NO_PAD.encode(Sha256::digest(members))), key }
    }

    pub fn key_id(&self) -> &KeyId {
        &self.id
    }

    pub fn verify(&self, bytes: &[u8], signature: &[u8]) -> Result<(), Wrong> {
        let signature = Signature::from_slice(signature).map_err(|_| Wrong::Malformed)?;
        if signature.normalize_s() != signature {
            return Err(Wrong::HighS);
        }
        self.key.verify(bytes, &signature).map_err(|_| Wrong::Forged)
    }

    /// As a key of a JSON Web Key Set (RFC 7517).
    pub fn jwk(&self) -> Value {
        let [x, y] = coordinates(&self.key);
        json!({
            "alg": "ES256", "crv": "P-256", "kid": self.id.as_str(), "kty": "EC", "use": "sig", "x": x, "y": y,
        })
    }

    /// Reads the coordinates; that they are a point of the curve is checked.
    pub fn from_coordinates(x: &str, y: &str) -> Option<Self> {
        let read = |text: &str| <[u8; 32]>::try_from(URL_SAFE_NO_PAD.decode(text).ok()?).ok();
        let point = Sec1Point::from_affine_coordinates(&read(x)?.into(), &read(y)?.into(), false);
        VerifyingKey::from_sec1_point(&point).ok().map(Self::new)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id)
    }
}

fn coordinates(key: &VerifyingKey) -> [String; 2] {
    let point = key.as_affine().to_sec1_point(false);
    // An uncompressed point is a byte 4, then both coordinates of 32 bytes.
    let bytes = point.as_bytes();
    [bytes.get(1..33), bytes.get(33..65)].map(|part| URL_SAFE_NO_PAD.encode(part.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> Signer {
        Signer::from_seed(&[7; 32])
    }

    /// RFC 6979, appendix A.2.5: P-256 with SHA-256, message "sample". The published s is the higher one.
    #[test]
    fn the_published_vector_is_met_with_the_lower_s() {
        let secret = hex::decode("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721").unwrap();
        let key = SigningKey::from_slice(&secret).unwrap();
        let signer = Signer { public: PublicKey::new(*key.verifying_key()), key };
        let signature = signer.sign(b"sample");
        assert_eq!(
            hex::encode_upper(&signature[..32]),
            "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
        );
        let high = "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8";
        assert_ne!(hex::encode_upper(&signature[32..]), high);
        let published = [&signature[..32], &hex::decode(high).unwrap()].concat();
        assert_eq!(signer.public_key().verify(b"sample", &signature), Ok(()));
        assert_eq!(signer.public_key().verify(b"sample", &published), Err(Wrong::HighS));
    }

    /// RFC 7638 has its vector for RSA; this is the key of RFC 7515, appendix A.3, its thumbprint made with sha256sum.
    #[test]
    fn a_key_is_named_by_its_thumbprint() {
        let key = PublicKey::from_coordinates(
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        )
        .unwrap();
        assert_eq!(key.key_id().as_str(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
        assert_eq!(key.jwk()["kid"], key.key_id().as_str());
        assert_eq!(key.jwk()["x"], "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
    }

    #[test]
    fn a_seed_gives_one_key_and_every_signature_its_one_form() {
        assert_eq!(signer().key_id(), Signer::from_seed(&[7; 32]).key_id());
        assert_ne!(signer().key_id(), Signer::from_seed(&[8; 32]).key_id());
        for number in 0..64_u8 {
            let signature = signer().sign(&[number]);
            assert_eq!(signature, signer().sign(&[number]));
            assert_eq!(signer().public_key().verify(&[number], &signature), Ok(()), "{number}");
            assert_eq!(signer().public_key().verify(&[number, 0], &signature), Err(Wrong::Forged));
        }
    }

    #[test]
    fn what_is_no_signature_and_no_key_is_refused() {
        let key = signer().public_key().clone();
        for bytes in [&[][..], &[1; 63], &[1; 65], &[0; 64], &[255; 64]] {
            assert_eq!(key.verify(b"body", bytes), Err(Wrong::Malformed), "{bytes:?}");
        }
        let one = URL_SAFE_NO_PAD.encode([1; 32]);
        assert_eq!(PublicKey::from_coordinates(&one, &one), None, "not on the curve");
        assert_eq!(PublicKey::from_coordinates("AAAA", &one), None);
    }

    #[test]
    fn the_secret_half_is_never_shown() {
        assert_eq!(format!("{:?}", signer()), format!("Signer({})", signer().key_id()));
    }
}
