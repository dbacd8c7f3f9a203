//! What must not be read by whoever gets hold of the database: personal data, free text, stored answers and keys.
//!
//! Everything is sealed in envelopes. Each person, text, event and stored answer has a random [`Key`] of its own; that
//! key lies beside the row, wrapped under the master secret, which never enters the database. Erasing is then an update
//! of one small column: without the wrapped key nobody can open the rest, not even who holds the master secret.
//!
//! Nothing here opens a file or asks the time. The only thing taken from outside is randomness.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{AeadInOut, KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use zeroize::Zeroizing;

/// The length of a nonce of XChaCha20-Poly1305; long enough to be drawn at random for every message.
const NONCE_BYTES: usize = 24;
/// The length of the tag at the end of every sealed text.
const TAG_BYTES: usize = 16;
/// How much of the HMAC a token carries: 160 bits, above the 128 that tokens must have.
const TOKEN_BYTES: usize = 20;
/// What every API key starts with, so that a leaked one is recognised by scanners of logs and repositories.
const SECRET_PREFIX: &str = "ts_";

// The labels part one use of the master secret from the other: what is known of one derived key says nothing of another.
const WRAPPING_LABEL: &[u8] = b"touchstone/vault/wrapping/1";
const TOKEN_LABEL: &[u8] = b"touchstone/vault/tokens/1";
const PHOTO_LABEL: &[u8] = b"touchstone/vault/photos/1";
const ASIDE_LABEL: &[u8] = b"touchstone/vault/aside/1";

/// The two secrets a service is run with. They come from configuration and are never stored.
#[derive(Clone)]
pub struct Secrets {
    master: Zeroizing<[u8; 32]>,
    signing_seed: Zeroizing<[u8; 32]>,
}

/// A secret as it was read: 32 bytes that are overwritten when dropped.
pub type SecretBytes = Zeroizing<[u8; 32]>;

/// Why a text is no secret. The text itself is never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretFault {
    #[error("it must be 64 hex digits, and has {found} characters")]
    Length { found: usize },
    #[error("it must be 64 hex digits, and character {place} is none")]
    NotHex { place: usize },
    #[error("it is nothing but zeros, which anybody guesses")]
    Zeros,
    #[error("the master key and the signing key are the same: each needs 32 random bytes of its own")]
    Identical,
}

/// Reads 64 hex digits. White space around them is forgiven, because secrets are often read from files.
pub fn parse_secret(text: &str) -> Result<SecretBytes, SecretFault> {
    let text = text.trim();
    let found = text.chars().count();
    if found != 64 {
        return Err(SecretFault::Length { found });
    }
    if let Some(index) = text.chars().position(|character| !character.is_ascii_hexdigit()) {
        return Err(SecretFault::NotHex { place: index + 1 });
    }
    let mut bytes = SecretBytes::default();
    hex::decode_to_slice(text, bytes.as_mut_slice()).map_err(|_| SecretFault::Length { found })?;
    if bytes.iter().all(|byte| *byte == 0) {
        return Err(SecretFault::Zeros);
    }
    Ok(bytes)
}

impl Secrets {
    /// The two must differ: who is given the one to rotate or to audit must not hold the other with it.
    pub fn new(master: SecretBytes, signing_seed: SecretBytes) -> Result<Self, SecretFault> {
        if *master == *signing_seed {
            return Err(SecretFault::Identical);
        }
        Ok(Self { master, signing_seed })
    }

    pub fn parse(master: &str, signing_seed: &str) -> Result<Self, SecretFault> {
        Self::new(parse_secret(master)?, parse_secret(signing_seed)?)
    }

    /// Fresh secrets for a service that lives no longer than its process, such as a demonstration.
    pub fn random() -> Self {
        Self { master: random_bytes(), signing_seed: random_bytes() }
    }

    /// The Ed25519 seed that capsules and roots are signed with.
    pub fn signing_seed(&self) -> &[u8; 32] {
        &self.signing_seed
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(redacted)")
    }
}

/// The key of one row. It exists in memory only while the row is read or written.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(redacted)")
    }
}

/// Why something sealed could not be opened. That one cannot tell a wrong key from a changed byte is the point of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error("{found} bytes are too few to hold a nonce and a tag")]
    TooShort { found: usize },
    #[error("the seal does not open: another key, another row, or changed bytes")]
    Forged,
    #[error("what was wrapped is no key: {found} bytes instead of 32")]
    NotAKey { found: usize },
}

/// Wraps keys and derives tokens under the master secret.
#[derive(Clone)]
pub struct Vault {
    wrapping: Key,
    tokens: Key,
    photos: Key,
    aside: Key,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(redacted)")
    }
}

impl Vault {
    pub fn new(secrets: &Secrets) -> Self {
        let derive = |label| Key(Zeroizing::new(hmac_sha256(&secrets.master, &[label])));
        Self {
            wrapping: derive(WRAPPING_LABEL),
            tokens: derive(TOKEN_LABEL),
            photos: derive(PHOTO_LABEL),
            aside: derive(ASIDE_LABEL),
        }
    }

    /// A key for a new row.
    pub fn fresh_key() -> Key {
        Key(random_bytes())
    }

    /// Seals a key under the master secret. The context names the table and the row, so that a wrapped key moved to
    /// another row does not open.
    pub fn wrap(&self, key: &Key, context: &[u8]) -> Vec<u8> {
        Self::seal(&self.wrapping, key.0.as_slice(), context)
    }

    pub fn unwrap_key(&self, wrapped: &[u8], context: &[u8]) -> Result<Key, VaultError> {
        let bytes = Zeroizing::new(Self::open(&self.wrapping, wrapped, context)?);
        let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| VaultError::NotAKey { found: bytes.len() })?;
        Ok(Key(Zeroizing::new(key)))
    }

    /// The key of a photo: it follows from the hash of its bytes, so that the same photo of two pieces is one on the
    /// shelf. What ends a photo is taking it off the shelf.
    fn photo_key(&self, hash: &[u8; 32]) -> Key {
        Key(Zeroizing::new(hmac_sha256(&self.photos.0, &[hash])))
    }

    /// Seals a photo under its SHA-256.
    pub fn seal_photo(&self, hash: &[u8; 32], bytes: &[u8]) -> Vec<u8> {
        Self::seal(&self.photo_key(hash), bytes, hash)
    }

    /// Opens what was taken off the shelf. The bytes are hashed again: who holds the master secret could seal others
    /// under this hash, and no seal would tell.
    pub fn open_photo(&self, hash: &[u8; 32], sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let bytes = Self::open(&self.photo_key(hash), sealed, hash)?;
        if Sha256::digest(&bytes)[..] == hash[..] { Ok(bytes) } else { Err(VaultError::Forged) }
    }

    /// Encrypts: nonce, ciphertext, tag, in this order. The context is authenticated and not stored.
    pub fn seal(key: &Key, plaintext: &[u8], context: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        fill_random(&mut nonce);
        let mut sealed = Vec::with_capacity(NONCE_BYTES + plaintext.len() + TAG_BYTES);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plaintext);
        let tag = cipher(key)
            .encrypt_inout_detached(&XNonce::from(nonce), context, (&mut sealed[NONCE_BYTES..]).into())
            // The cipher counts 64-byte blocks in 32 bits, so this takes 256 GiB; every body is limited far below.
            .expect("a text that fits into memory is not too long for the cipher");
        sealed.extend_from_slice(&tag);
        sealed
    }

    pub fn open(key: &Key, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>, VaultError> {
        let Some((nonce, rest)) = sealed.split_first_chunk::<NONCE_BYTES>() else {
            return Err(VaultError::TooShort { found: sealed.len() });
        };
        if rest.len() < TAG_BYTES {
            return Err(VaultError::TooShort { found: sealed.len() });
        }
        let mut plaintext = rest.to_vec();
        cipher(key).decrypt_in_place(&XNonce::from(*nonce), context, &mut plaintext).map_err(|_| VaultError::Forged)?;
        Ok(plaintext)
    }

    /// HMAC-SHA-256, for digests of bodies and texts that erasing the key makes meaningless.
    pub fn hmac(key: &Key, bytes: &[u8]) -> [u8; 32] {
        hmac_sha256(&key.0, &[bytes])
    }

    /// Compares in constant time. Bytes of another length are simply not equal.
    pub fn hmac_matches(key: &Key, bytes: &[u8], expected: &[u8]) -> bool {
        keyed(&key.0, &[bytes]).verify_slice(expected).is_ok()
    }

    /// By what something is known again after a loss: of the same parts the same, and without the master secret
    /// nothing can be told from it.
    pub fn aside_digest(&self, parts: &[&str]) -> String {
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        hex::encode(&hmac_sha256(&self.aside.0, &[&bytes])[..TOKEN_BYTES])
    }

    /// The token of a row: the same for the same purpose, row and generation, so that it need not be stored to be
    /// written into a second notice. Raising the generation makes the old token worthless.
    pub fn token(&self, purpose: &str, row: Uuid, generation: u32) -> String {
        // The length in front keeps two purposes, one of which begins with the other, from ever meeting.
        let length = (purpose.len() as u64).to_be_bytes();
        let parts = [&length[..], purpose.as_bytes(), row.as_bytes(), &generation.to_be_bytes()];
        URL_SAFE_NO_PAD.encode(&hmac_sha256(&self.tokens.0, &parts)[..TOKEN_BYTES])
    }
}

/// HMAC-SHA-256 (RFC 2104) under a secret that somebody else has too, in hexadecimal: the signature of what they send.
pub fn signature(secret: &str, bytes: &[u8]) -> String {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(bytes);
    hex::encode(mac.finalize().into_bytes())
}

/// What the register holds of a token.
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Whether two secrets are the same, told in constant time. Those of another length are simply not.
pub fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// A new API key of 256 random bits, shown once.
pub fn fresh_secret() -> String {
    format!("{SECRET_PREFIX}{}", URL_SAFE_NO_PAD.encode(random_bytes().as_slice()))
}

/// What the table holds of an API key. A plain hash is enough: there is nothing to guess in 256 random bits, and a slow
/// one would be paid for on every request.
pub fn hash_secret(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&*key.0).into())
}

fn keyed(key: &[u8; 32], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac
}

fn hmac_sha256(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    keyed(key, parts).finalize().into_bytes().into()
}

fn random_bytes() -> SecretBytes {
    let mut bytes = SecretBytes::default();
    fill_random(bytes.as_mut_slice());
    bytes
}

fn fill_random(bytes: &mut [u8]) {
    // A system without randomness cannot seal anything; going on with less would give everything away.
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
    const B: &str = "1f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

    fn vault() -> Vault {
        Vault::new(&Secrets::parse(A, B).unwrap())
    }

    fn key(bytes: impl IntoIterator<Item = u8>) -> Key {
        let bytes: Vec<u8> = bytes.into_iter().collect();
        Key(Zeroizing::new(bytes.try_into().unwrap()))
    }

    #[test]
    fn a_secret_is_64_hex_digits() {
        let check = |text: &str, expected: SecretFault| assert_eq!(parse_secret(text).unwrap_err(), expected);
        check("", SecretFault::Length { found: 0 });
        check(&A[1..], SecretFault::Length { found: 63 });
        check(&format!("{A}0"), SecretFault::Length { found: 65 });
        check(&A.replacen("1", "g", 1), SecretFault::NotHex { place: 3 });
        check(&"0".repeat(64), SecretFault::Zeros);
        check(&A.replacen("1", "１", 1), SecretFault::NotHex { place: 3 });
        assert_eq!(parse_secret(&format!(" {A}\n")).unwrap()[0], 0x0f);
        assert_eq!(*parse_secret(&A.to_uppercase()).unwrap(), *parse_secret(A).unwrap());
    }

    #[test]
    fn one_secret_does_not_serve_as_both() {
        assert_eq!(Secrets::parse(A, &A.to_uppercase()).unwrap_err(), SecretFault::Identical);
    }

    #[test]
    fn faults_and_debug_forms_repeat_no_secret() {
        let secrets = Secrets::parse(A, B).unwrap();
        let shown = format!("{secrets:?} {:?} {:?}", Vault::new(&secrets), Vault::fresh_key());
        assert_eq!(shown, "Secrets(redacted) Vault(redacted) Key(redacted)");
        let fault = parse_secret("swordfish").unwrap_err();
        assert!(!format!("{fault} {fault:?}").contains("swordfish"));
    }

    #[test]
    fn what_is_sealed_opens_again() {
        let key = Vault::fresh_key();
        for text in [&b""[..], b"x", "张三 13800138000".as_bytes(), &[7; 100_000]] {
            let sealed = Vault::seal(&key, text, b"people/1");
            assert_eq!(sealed.len(), text.len() + NONCE_BYTES + TAG_BYTES);
            assert_eq!(Vault::open(&key, &sealed, b"people/1").unwrap(), text);
        }
    }

    #[test]
    fn two_seals_of_one_text_have_nothing_in_common() {
        let key = Vault::fresh_key();
        assert_ne!(Vault::seal(&key, b"same", b""), Vault::seal(&key, b"same", b""));
    }

    #[test]
    fn every_changed_byte_another_key_and_another_row_are_noticed() {
        let key = Vault::fresh_key();
        let sealed = Vault::seal(&key, b"buyer", b"people/1");
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(Vault::open(&key, &changed, b"people/1"), Err(VaultError::Forged), "byte {index}");
        }
        assert_eq!(Vault::open(&Vault::fresh_key(), &sealed, b"people/1"), Err(VaultError::Forged));
        assert_eq!(Vault::open(&key, &sealed, b"people/2"), Err(VaultError::Forged));
    }

    #[test]
    fn a_truncated_seal_is_told_without_a_panic() {
        let key = Vault::fresh_key();
        let sealed = Vault::seal(&key, b"", b"");
        for length in 0..sealed.len() {
            assert_eq!(Vault::open(&key, &sealed[..length], b""), Err(VaultError::TooShort { found: length }));
        }
    }

    #[test]
    fn a_wrapped_key_opens_what_the_key_sealed_and_only_in_its_row() {
        let vault = vault();
        let key = Vault::fresh_key();
        let wrapped = vault.wrap(&key, b"texts/1");
        let sealed = Vault::seal(&key, b"note", b"texts/1");
        let again = vault.unwrap_key(&wrapped, b"texts/1").unwrap();
        assert_eq!(Vault::open(&again, &sealed, b"texts/1").unwrap(), b"note");
        assert_eq!(vault.unwrap_key(&wrapped, b"texts/2").unwrap_err(), VaultError::Forged);
        let other = Vault::new(&Secrets::parse(B, A).unwrap());
        assert_eq!(other.unwrap_key(&wrapped, b"texts/1").unwrap_err(), VaultError::Forged);
    }

    #[test]
    fn what_was_wrapped_must_have_been_a_key() {
        let vault = vault();
        let sealed = Vault::seal(&vault.wrapping, b"short", b"");
        assert_eq!(vault.unwrap_key(&sealed, b"").unwrap_err(), VaultError::NotAKey { found: 5 });
    }

    /// Appendix A.3.1 of draft-irtf-cfrg-xchacha-03.
    #[test]
    fn the_published_vector_of_the_cipher_opens() {
        let sealed = hex::decode(concat!(
            "404142434445464748494a4b4c4d4e4f5051525354555657",
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb",
            "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452",
            "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9",
            "21f9664c97637da9768812f615c68b13b52e",
            "c0875924c1c7987947deafd8780acf49",
        ))
        .unwrap();
        let context = hex::decode("50515253c0c1c2c3c4c5c6c7").unwrap();
        let text = Vault::open(&key(0x80..=0x9f), &sealed, &context).unwrap();
        assert!(text.starts_with(b"Ladies and Gentlemen of the class of '99"));
    }

    /// RFC 4231, test case 1; a key shorter than a block is filled with zeros, so the longer key is the same key.
    #[test]
    fn the_published_vector_of_the_hmac_is_met() {
        let key = key([0x0b; 20].into_iter().chain([0; 12]));
        let mac = Vault::hmac(&key, b"Hi There");
        assert_eq!(hex::encode(mac), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        assert!(Vault::hmac_matches(&key, b"Hi There", &mac));
        assert!(!Vault::hmac_matches(&key, b"Hi there", &mac));
        assert!(!Vault::hmac_matches(&key, b"Hi There", &mac[..31]));
        assert!(!Vault::hmac_matches(&key, b"Hi There", &[]));
    }

    #[test]
    fn a_token_depends_on_purpose_row_generation_and_master_secret() {
        let (vault, row) = (vault(), Uuid::from_u128(7));
        let token = vault.token("view", row, 0);
        assert_eq!(token, vault.token("view", row, 0));
        assert_eq!(URL_SAFE_NO_PAD.decode(&token).unwrap().len() * 8, 160);
        let others = [
            vault.token("act", row, 0),
            vault.token("view", Uuid::from_u128(8), 0),
            vault.token("view", row, 1),
            Vault::new(&Secrets::parse(B, A).unwrap()).token("view", row, 0),
        ];
        assert!(!others.contains(&token));
        assert_ne!(token_hash(&token), token_hash(&others[0]));
    }

    /// Lines that were set aside are older than the release that reads them: another derivation would know nobody again.
    #[test]
    fn digests_that_were_set_aside_stay_what_they_are() {
        assert_eq!(vault().aside_digest(&["order", "kuai", "A-1"]), "3d0c5800657e9035d20fb536417c40c3886013a7");
        assert_ne!(vault().aside_digest(&["a", "bc"]), vault().aside_digest(&["ab", "c"]));
    }

    /// Tokens are in mails that were sent long ago: another derivation would make all of them worthless.
    #[test]
    fn tokens_stay_what_they_are() {
        assert_eq!(vault().token("view", Uuid::from_u128(7), 3), "TROgjV86sjLcd68LM39nFcJZEEc");
    }

    /// Photos lie on shelves for years: another derivation would make all of them unreadable.
    #[test]
    fn keys_of_photos_stay_what_they_are() {
        let digest = |key: &Key| hex::encode(&Vault::hmac(key, b"")[..8]);
        assert_eq!(digest(&vault().photo_key(&[7; 32])), "6d09d1e3573ac65e");
        assert_ne!(digest(&vault().photo_key(&[7; 32])), digest(&vault().photo_key(&[8; 32])));
    }

    #[test]
    fn an_api_key_has_256_random_bits_and_says_what_it_is() {
        let (one, two) = (fresh_secret(), fresh_secret());
        assert_ne!(one, two);
        let bits = URL_SAFE_NO_PAD.decode(one.strip_prefix("ts_").unwrap()).unwrap().len() * 8;
        assert_eq!(bits, 256);
        assert_eq!(hash_secret(&one), hash_secret(&one));
        assert_ne!(hash_secret(&one), hash_secret(&two));
    }
}
