//! Which capsules were revoked: a W3C Bitstring Status List, itself a signed credential. Each capsule has a place of its
//! own in it, drawn at random, so that a place tells nothing of order, house or time.

use std::io::{Read, Write};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::canonical::CanonicalError;
use super::chain::{instant, parse_instant};
use super::credential::{
    CONTEXTS, CREDENTIAL, Capsule, CapsuleFault, check_frame, check_issuer, expect_type, status_list_address,
};
use super::es256::Signer;
use super::jws;
use super::keys::KeySet;

/// The type of a list, beside `VerifiableCredential`.
pub const STATUS_LIST: &str = "BitstringStatusListCredential";

/// No list is shorter, so that a place hides among enough others (Bitstring Status List, section 6.1: 16 KiB).
pub const LEAST_PLACES: u32 = 131_072;

/// A list of 64 MiB has places for 500 million capsules. One that unpacks to more wants to fill our memory.
const MOST_BYTES: u64 = 64 << 20;

/// How long a list counts. After that somebody who hides a revocation can no longer show an old one.
pub const COUNTS_FOR: SignedDuration = SignedDuration::from_hours(24);

const LIST: &str = "BitstringStatusList";
const REVOCATION: &str = "revocation";

/// How many places a list has whose highest place in use is this: the next power of two.
pub fn places(highest: Option<u32>) -> u32 {
    let needed = highest.map_or(0, |highest| highest.saturating_add(1));
    needed.checked_next_power_of_two().unwrap_or(u32::MAX).max(LEAST_PLACES)
}

/// Signs the list of these revoked places, of so many in all. A place beyond the end is left out: nobody has it.
pub fn sign(
    signer: &Signer,
    issuer: &str,
    places: u32,
    revoked: impl IntoIterator<Item = u32>,
    at: Timestamp,
) -> Result<String, CanonicalError> {
    sign_packed(signer, issuer, &packed(places, revoked), at)
}

/// The list itself, as [`sign_packed`] takes it: it stays the same for as long as nothing is revoked.
pub fn packed(places: u32, revoked: impl IntoIterator<Item = u32>) -> String {
    let mut bits = vec![0_u8; (places / 8) as usize];
    for place in revoked {
        if let Some(byte) = bits.get_mut((place / 8) as usize) {
            *byte |= bit_of(place);
        }
    }
    pack(&bits)
}

/// Signs a list that was packed before.
pub fn sign_packed(signer: &Signer, issuer: &str, packed: &str, at: Timestamp) -> Result<String, CanonicalError> {
    let until = at.checked_add(COUNTS_FOR).unwrap_or(Timestamp::MAX);
    let id = status_list_address(issuer);
    let document = json!({
        "@context": [CONTEXTS[0]],
        "credentialSubject": {
            "encodedList": packed,
            "id": format!("{id}#list"),
            "statusPurpose": REVOCATION,
            "type": LIST,
        },
        "id": id,
        "iss": issuer,
        "issuer": issuer,
        "type": [CREDENTIAL, STATUS_LIST],
        "validFrom": instant(at),
        "validUntil": instant(until),
    });
    jws::sign(signer, &document)
}

/// The first place is the leftmost bit (section 3.4).
fn bit_of(place: u32) -> u8 {
    0x80 >> (place % 8)
}

/// Multibase base64url without padding, of GZIP (section 3.3).
fn pack(bits: &[u8]) -> String {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    let packed = packer.write_all(bits).and_then(|()| packer.finish());
    // Memory takes whatever is written to it.
    format!("u{}", URL_SAFE_NO_PAD.encode(packed.unwrap_or_default()))
}

fn unpack(text: &str) -> Result<Vec<u8>, &'static str> {
    let packed = text.strip_prefix('u').ok_or("its list is not in base64url of multibase")?;
    let packed = URL_SAFE_NO_PAD.decode(packed).map_err(|_| "its list is not in base64url of multibase")?;
    let mut bits = Vec::new();
    let mut unpacker = GzDecoder::new(packed.as_slice());
    unpacker.by_ref().take(MOST_BYTES + 1).read_to_end(&mut bits).map_err(|_| "its list cannot be unpacked")?;
    if MOST_BYTES < bits.len() as u64 {
        return Err("its list is longer than any house's");
    }
    if !unpacker.into_inner().is_empty() {
        return Err("something stands behind its list");
    }
    Ok(bits)
}

/// A list that a key we believe has signed.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusList {
    issuer: String,
    pub valid_from: Timestamp,
    pub valid_until: Timestamp,
    bits: Vec<u8>,
}

/// Whether a capsule counts, by a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Valid,
    Revoked,
}

/// Why a list says nothing of a capsule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusFault {
    #[error("the status list: {0}")]
    List(#[from] CapsuleFault),
    #[error("the status list ended at {until}: fetch a newer one from {address}")]
    Ended { until: String, address: String },
    #[error("the status list is of {list}, the capsule of {capsule}")]
    OtherIssuer { list: String, capsule: String },
    #[error("the status list is older than the capsule: fetch a newer one from {address}")]
    Older { address: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "@context")]
    contexts: Vec<String>,
    #[serde(rename = "credentialSubject")]
    subject: Subject,
    id: String,
    iss: String,
    issuer: String,
    #[serde(rename = "type")]
    types: Vec<String>,
    #[serde(rename = "validFrom")]
    valid_from: String,
    #[serde(rename = "validUntil")]
    valid_until: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Subject {
    encoded_list: String,
    id: String,
    status_purpose: String,
    r#type: String,
}

impl StatusList {
    /// Checks that the line is a list which one of the keys has signed. That it still counts is asked with a capsule.
    pub fn verify(line: &str, keys: &KeySet) -> Result<Self, StatusFault> {
        let signed = jws::verify(line, keys).map_err(CapsuleFault::from)?;
        expect_type(&signed.payload, STATUS_LIST)?;
        let malformed = |why: &str| CapsuleFault::Malformed(why.to_owned());
        let document: Document =
            serde_json::from_value(signed.payload).map_err(|error| malformed(&error.to_string()))?;
        check_frame(&document.contexts, &document.types, STATUS_LIST)?;
        check_issuer(&document.issuer, &document.iss, None)?;
        let id = status_list_address(&document.issuer);
        if document.id != id || document.subject.id != format!("{id}#list") {
            return Err(CapsuleFault::Mixed { member: "id", found: document.id }.into());
        }
        if document.subject.r#type != LIST || document.subject.status_purpose != REVOCATION {
            return Err(malformed("its subject is not a bitstring status list for revocation").into());
        }
        let at = |text: &str| parse_instant(text).ok_or_else(|| malformed("its time is no instant in UTC"));
        Ok(Self {
            valid_from: at(&document.valid_from)?,
            valid_until: at(&document.valid_until)?,
            bits: unpack(&document.subject.encoded_list).map_err(malformed)?,
            issuer: document.issuer,
        })
    }

    /// Whether the capsule counts by this list, which must be of the same house, not older than the capsule, and not
    /// out of date.
    pub fn status(&self, capsule: &Capsule, now: Timestamp) -> Result<Status, StatusFault> {
        let address = status_list_address(&self.issuer);
        if self.issuer != capsule.issuer {
            return Err(StatusFault::OtherIssuer { list: self.issuer.clone(), capsule: capsule.issuer.clone() });
        }
        if self.valid_until < now {
            return Err(StatusFault::Ended { until: instant(self.valid_until), address });
        }
        if self.valid_from < capsule.valid_from {
            return Err(StatusFault::Older { address });
        }
        let place = capsule.status_index;
        match self.bits.get((place / 8) as usize) {
            None => Err(StatusFault::Older { address }),
            Some(byte) if byte & bit_of(place) != 0 => Ok(Status::Revoked),
            Some(_) => Ok(Status::Valid),
        }
    }
}

impl std::fmt::Debug for StatusList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StatusList({} places of {})", self.bits.len() * 8, self.issuer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::keys::Signers;
    use super::*;

    const HOUSE: &str = "https://check.example";

    fn signers() -> Signers {
        Signers::from_seed(&[7; 32])
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn noon() -> Timestamp {
        at("2026-11-22T12:00:00Z")
    }

    fn line(revoked: &[u32]) -> String {
        sign(&signers().capsules, HOUSE, LEAST_PLACES, revoked.iter().copied(), noon()).unwrap()
    }

    fn list(revoked: &[u32]) -> StatusList {
        StatusList::verify(&line(revoked), &signers().key_set()).unwrap()
    }

    fn capsule(status_index: u32) -> Capsule {
        Capsule {
            issuer: HOUSE.to_owned(),
            certificate_code: "C".to_owned(),
            valid_from: at("2026-11-22T11:00:00Z"),
            status_index,
            key_id: signers().capsules.key_id().clone(),
            subject: Value::Null,
        }
    }

    #[test]
    fn the_revoked_are_told_from_those_beside_them() {
        let revoked = [0, 7, 8, 94_567, LEAST_PLACES - 1];
        let list = list(&revoked);
        for place in (0..40).chain(94_560..94_570).chain(LEAST_PLACES - 9..LEAST_PLACES) {
            let expected = if revoked.contains(&place) { Status::Revoked } else { Status::Valid };
            assert_eq!(list.status(&capsule(place), noon()), Ok(expected), "{place}");
        }
    }

    #[test]
    fn the_first_place_is_the_leftmost_bit_of_what_gunzip_gives() {
        let packed = jws::verify(&line(&[0, 15]), &signers().key_set()).unwrap().payload;
        let encoded = packed["credentialSubject"]["encodedList"].as_str().unwrap().to_owned();
        let bytes = URL_SAFE_NO_PAD.decode(encoded.strip_prefix('u').unwrap()).unwrap();
        assert_eq!(bytes[..2], [0x1f, 0x8b], "GZIP begins so (RFC 1952)");
        let bits = unpack(&encoded).unwrap();
        assert_eq!((bits.len(), &bits[..3]), (16 * 1024, &[0x80, 0x01, 0][..]));
    }

    #[test]
    fn the_list_of_the_standard_is_read() {
        // Bitstring Status List, section 1.2, example 2: 131,072 places, none set.
        let encoded = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA";
        assert_eq!(unpack(encoded).unwrap(), vec![0; 16 * 1024]);
    }

    #[test]
    fn a_list_says_nothing_of_what_it_cannot_know() {
        let check = |capsule: &Capsule, now: Timestamp, expected: &str| {
            let fault = list(&[]).status(capsule, now).unwrap_err().to_string();
            assert!(fault.contains(expected), "{fault:?} does not say {expected:?}");
        };
        check(
            &capsule(1),
            at("2026-11-23T12:00:00.000001Z"),
            "ended at 2026-11-23T12:00:00.000000Z: fetch a newer one",
        );
        check(&capsule(LEAST_PLACES), noon(), "older than the capsule");
        let newer = Capsule { valid_from: at("2026-11-22T12:00:01Z"), ..capsule(1) };
        check(&newer, noon(), "older than the capsule");
        let other = Capsule { issuer: "https://other.example".to_owned(), ..capsule(1) };
        check(&other, noon(), "the status list is of https://check.example, the capsule of https://other.example");
    }

    #[test]
    fn a_capsule_and_a_list_do_not_pass_for_each_other() {
        let keys = signers().key_set();
        let subject = json!({});
        let unsigned = super::super::credential::Unsigned {
            issuer: HOUSE,
            certificate_code: "C",
            valid_from: noon(),
            status_index: 1,
            subject: &subject,
        };
        let capsule = super::super::credential::sign(&signers().capsules, &unsigned).unwrap();
        let fault = StatusList::verify(&capsule, &keys).unwrap_err().to_string();
        assert!(fault.contains("expected BitstringStatusListCredential"), "{fault}");
        let fault = super::super::credential::verify(&line(&[]), &keys, None).unwrap_err().to_string();
        assert!(fault.contains("expected TouchstoneCapsule"), "{fault}");
    }

    #[test]
    fn a_forged_list_and_one_that_would_fill_the_memory_are_refused() {
        let fault = StatusList::verify(&line(&[]), &Signers::from_seed(&[8; 32]).key_set()).unwrap_err().to_string();
        assert!(fault.contains("which is not among the keys given"), "{fault}");
        let bomb = pack(&vec![0; MOST_BYTES as usize + 1]);
        assert!(bomb.len() < 200_000, "it is small while it is packed");
        assert_eq!(unpack(&bomb), Err("its list is longer than any house's"));
        assert_eq!(unpack("u"), Err("its list cannot be unpacked"));
        assert_eq!(unpack("H4sI"), Err("its list is not in base64url of multibase"));
        let mut twice = URL_SAFE_NO_PAD.decode(&pack(&[1])[1..]).unwrap();
        twice.push(0);
        assert_eq!(unpack(&format!("u{}", URL_SAFE_NO_PAD.encode(twice))), Err("something stands behind its list"));
    }

    #[test]
    fn a_list_grows_by_powers_of_two_and_is_never_small() {
        let check = |highest, expected| assert_eq!(places(highest), expected, "{highest:?}");
        check(None, LEAST_PLACES);
        check(Some(LEAST_PLACES - 1), LEAST_PLACES);
        check(Some(LEAST_PLACES), 2 * LEAST_PLACES);
        check(Some(1_000_000), 1 << 20);
        check(Some(u32::MAX), u32::MAX);
    }
}
