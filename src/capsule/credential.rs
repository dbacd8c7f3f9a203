//! The capsule (放行凭证) as a W3C Verifiable Credential (Data Model 2.0), signed as `application/vc+jwt`. What it says of
//! the piece is its `credentialSubject`; here is the envelope around it: who says it, since when, under which number,
//! and where it is told whether it still stands.
//!
//! Everything in the envelope that could be said twice is checked to be said alike: `iss` is `issuer`, and number and
//! status list are addresses of that issuer.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::canonical::CanonicalError;
use super::chain::{instant, parse_instant};
use super::es256::{KeyId, Signer};
use super::jws::{self, JwsFault};
use super::keys::KeySet;

/// The type of a capsule, beside `VerifiableCredential`.
pub const CAPSULE: &str = "TouchstoneCapsule";

/// The contexts of a credential whose terms no public vocabulary defines (VC Data Model 2.0, section 5.2); ours are
/// described in `docs/capsule.md`. Nobody needs to fetch either.
pub const CONTEXTS: [&str; 2] =
    ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/undefined-terms/v2"];

/// What every credential has.
pub const CREDENTIAL: &str = "VerifiableCredential";

const STATUS_ENTRY: &str = "BitstringStatusListEntry";
const REVOCATION: &str = "revocation";

/// Where a capsule's number leads.
pub fn address(issuer: &str, certificate_code: &str) -> String {
    format!("{issuer}/v/{certificate_code}")
}

/// Where the list of revoked capsules is.
pub fn status_list_address(issuer: &str) -> String {
    format!("{issuer}/v1/status-list")
}

/// What is about to be signed.
#[derive(Clone, Debug)]
pub struct Unsigned<'a> {
    /// The house: the beginning of its public addresses, without a slash at the end.
    pub issuer: &'a str,
    pub certificate_code: &'a str,
    pub valid_from: Timestamp,
    /// The capsule's place in the list of those that were revoked.
    pub status_index: u32,
    /// What is said of the piece.
    pub subject: &'a Value,
}

/// Signs a capsule. The same content gives the same line.
pub fn sign(signer: &Signer, unsigned: &Unsigned) -> Result<String, CanonicalError> {
    let Unsigned { issuer, certificate_code, valid_from, status_index, subject } = *unsigned;
    let list = status_list_address(issuer);
    let document = json!({
        "@context": CONTEXTS,
        "credentialStatus": {
            "id": format!("{list}#{status_index}"),
            "statusListCredential": list,
            // A text, as the standard has it (Bitstring Status List, section 2.1).
            "statusListIndex": status_index.to_string(),
            "statusPurpose": REVOCATION,
            "type": STATUS_ENTRY,
        },
        "credentialSubject": subject,
        "id": address(issuer, certificate_code),
        "iss": issuer,
        "issuer": issuer,
        "type": [CREDENTIAL, CAPSULE],
        "validFrom": instant(valid_from),
    });
    jws::sign(signer, &document)
}

/// A capsule that a key we believe has signed.
#[derive(Clone, Debug, PartialEq)]
pub struct Capsule {
    pub issuer: String,
    pub certificate_code: String,
    pub valid_from: Timestamp,
    pub status_index: u32,
    pub key_id: KeyId,
    /// What it says of the piece.
    pub subject: Value,
}

/// Why a line is no capsule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CapsuleFault {
    #[error(transparent)]
    Jws(#[from] JwsFault),
    #[error("it is signed, and no capsule: its type is {found}, expected {expected}")]
    OtherKind { found: String, expected: &'static str },
    #[error("it is signed, and not in the form of a capsule: {0}")]
    Malformed(String),
    #[error("it is of another house: its issuer is {found}, expected {expected}")]
    OtherIssuer { found: String, expected: String },
    #[error("its {member} is {found}, which does not belong to its issuer")]
    Mixed { member: &'static str, found: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "@context")]
    contexts: Vec<String>,
    #[serde(rename = "credentialStatus")]
    status: StatusEntry,
    #[serde(rename = "credentialSubject")]
    subject: Value,
    id: String,
    iss: String,
    issuer: String,
    #[serde(rename = "type")]
    types: Vec<String>,
    #[serde(rename = "validFrom")]
    valid_from: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct StatusEntry {
    id: String,
    status_list_credential: String,
    status_list_index: String,
    status_purpose: String,
    r#type: String,
}

/// Checks that the line is a capsule which one of the keys has signed, and, where a house is named, that it is of that
/// house. Whether it was revoked since is not known from it alone: ask [`super::status`].
pub fn verify(line: &str, keys: &KeySet, issuer: Option<&str>) -> Result<Capsule, CapsuleFault> {
    let signed = jws::verify(line, keys)?;
    expect_type(&signed.payload, CAPSULE)?;
    let document: Document =
        serde_json::from_value(signed.payload).map_err(|error| CapsuleFault::Malformed(error.to_string()))?;
    check_frame(&document.contexts, &document.types, CAPSULE)?;
    check_issuer(&document.issuer, &document.iss, issuer)?;
    let malformed = |why: &str| CapsuleFault::Malformed(why.to_owned());
    let valid_from = parse_instant(&document.valid_from).ok_or_else(|| malformed("validFrom is no instant in UTC"))?;
    let mixed = |member, found: &str| CapsuleFault::Mixed { member, found: found.to_owned() };
    let code = document.id.strip_prefix(address(&document.issuer, "").as_str());
    let code = code.filter(|code| !code.is_empty() && !code.contains('/')).ok_or_else(|| mixed("id", &document.id))?;
    let status = &document.status;
    if status.r#type != STATUS_ENTRY || status.status_purpose != REVOCATION {
        return Err(malformed("credentialStatus is not an entry for revocation in a bitstring status list"));
    }
    let list = status_list_address(&document.issuer);
    if status.status_list_credential != list {
        return Err(mixed("statusListCredential", &status.status_list_credential));
    }
    let status_index = plain_number(&status.status_list_index);
    let status_index = status_index.ok_or_else(|| malformed("statusListIndex is no plain number"))?;
    if status.id != format!("{list}#{status_index}") {
        return Err(mixed("credentialStatus id", &status.id));
    }
    Ok(Capsule {
        certificate_code: code.to_owned(),
        issuer: document.issuer,
        valid_from,
        status_index,
        key_id: signed.key_id,
        subject: document.subject,
    })
}

/// A number as we write it: no sign, no zero in front.
fn plain_number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number: &u32| number.to_string() == text)
}

/// Told first, so that one kind of credential never passes for another, and is called by its name.
pub(super) fn expect_type(payload: &Value, expected: &'static str) -> Result<(), CapsuleFault> {
    match payload.get("type") {
        Some(Value::Array(types)) if types.iter().any(|one| one == expected) => Ok(()),
        Some(found) => Err(CapsuleFault::OtherKind { found: found.to_string(), expected }),
        None => Err(CapsuleFault::OtherKind { found: "not given".to_owned(), expected }),
    }
}

pub(super) fn check_frame(contexts: &[String], types: &[String], kind: &str) -> Result<(), CapsuleFault> {
    if contexts.first().map(String::as_str) != Some(CONTEXTS[0]) {
        return Err(CapsuleFault::Malformed(format!("its first @context is not {}", CONTEXTS[0])));
    }
    if types != [CREDENTIAL, kind] {
        return Err(CapsuleFault::Malformed(format!("its type is not {CREDENTIAL} and {kind} alone")));
    }
    Ok(())
}

pub(super) fn check_issuer(issuer: &str, iss: &str, expected: Option<&str>) -> Result<(), CapsuleFault> {
    if iss != issuer {
        return Err(CapsuleFault::Mixed { member: "iss", found: iss.to_owned() });
    }
    match expected {
        Some(expected) if expected != issuer => {
            Err(CapsuleFault::OtherIssuer { found: issuer.to_owned(), expected: expected.to_owned() })
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::Signers;
    use super::*;

    const HOUSE: &str = "https://check.example";
    const CODE: &str = "0A1B2-C3D4E-5F607-18293";

    fn signers() -> Signers {
        Signers::from_seed(&[7; 32])
    }

    fn at() -> Timestamp {
        "2026-11-22T02:03:04.000001Z".parse().unwrap()
    }

    fn line() -> String {
        let subject = json!({ "piece": "0000000000X", "verdict": "pass" });
        let unsigned = Unsigned {
            issuer: HOUSE,
            certificate_code: CODE,
            valid_from: at(),
            status_index: 94_567,
            subject: &subject,
        };
        sign(&signers().capsules, &unsigned).unwrap()
    }

    fn payload() -> Value {
        jws::verify(&line(), &signers().key_set()).unwrap().payload
    }

    #[test]
    fn a_capsule_is_read_back_with_the_public_key_alone() {
        let capsule = verify(&line(), &signers().key_set(), Some(HOUSE)).unwrap();
        assert_eq!(capsule.certificate_code, CODE);
        assert_eq!((capsule.issuer.as_str(), capsule.valid_from, capsule.status_index), (HOUSE, at(), 94_567));
        assert_eq!(capsule.subject["verdict"], "pass");
        assert_eq!(&capsule.key_id, signers().capsules.key_id());
        assert_eq!(verify(&line(), &signers().key_set(), None).unwrap(), capsule);
    }

    #[test]
    fn the_envelope_is_that_of_the_standard() {
        let payload = payload();
        assert_eq!(payload["@context"][0], "https://www.w3.org/ns/credentials/v2");
        assert_eq!(payload["type"], json!(["VerifiableCredential", "TouchstoneCapsule"]));
        assert_eq!(payload["id"], "https://check.example/v/0A1B2-C3D4E-5F607-18293");
        assert_eq!(payload["validFrom"], "2026-11-22T02:03:04.000001Z");
        assert_eq!(
            payload["credentialStatus"],
            json!({
                "id": "https://check.example/v1/status-list#94567",
                "type": "BitstringStatusListEntry",
                "statusPurpose": "revocation",
                "statusListIndex": "94567",
                "statusListCredential": "https://check.example/v1/status-list",
            })
        );
        assert!(payload.get("vc").is_none(), "the payload is the credential itself");
    }

    #[test]
    fn a_capsule_of_another_house_is_refused() {
        let fault = verify(&line(), &signers().key_set(), Some("https://other.example")).unwrap_err();
        let expected = "it is of another house: its issuer is https://check.example, expected https://other.example";
        assert_eq!(fault.to_string(), expected);
        let fault = verify(&line(), &Signers::from_seed(&[8; 32]).key_set(), Some(HOUSE)).unwrap_err();
        assert!(matches!(fault, CapsuleFault::Jws(JwsFault::UnknownKey(_))), "{fault}");
    }

    #[test]
    fn an_envelope_that_contradicts_itself_is_refused_though_it_is_signed() {
        let check = |pointer: &str, value: Value, expected: &str| {
            let mut payload = payload();
            *payload.pointer_mut(pointer).unwrap() = value;
            let line = jws::sign(&signers().capsules, &payload).unwrap();
            let fault = verify(&line, &signers().key_set(), None).unwrap_err().to_string();
            assert!(fault.contains(expected), "{fault:?} does not say {expected:?}");
        };
        check("/iss", json!("https://other.example"), "its iss is https://other.example");
        check("/issuer", json!("https://other.example"), "its iss is https://check.example");
        check("/id", json!("https://other.example/v/1"), "its id is https://other.example/v/1");
        check("/id", json!("https://check.example/v/"), "its id is");
        check("/type", json!(["VerifiableCredential"]), r#"its type is ["VerifiableCredential"], expected"#);
        check("/type", json!("TouchstoneCapsule"), "and no capsule");
        check("/type", json!(["TouchstoneCapsule", "VerifiableCredential"]), "its type is not");
        check("/@context", json!([]), "its first @context");
        check("/validFrom", json!("2026-11-22T02:03:04Z"), "validFrom");
        check("/credentialStatus/statusPurpose", json!("suspension"), "not an entry for revocation");
        check("/credentialStatus/statusListIndex", json!("094567"), "no plain number");
        check("/credentialStatus/statusListIndex", json!("94568"), "its credentialStatus id");
        check("/credentialStatus/statusListIndex", json!("-1"), "no plain number");
        check("/credentialStatus/statusListIndex", json!(94567), "not in the form of a capsule");
        check(
            "/credentialStatus/statusListCredential",
            json!("https://other.example/list"),
            "its statusListCredential",
        );
    }

    #[test]
    fn a_member_more_or_less_is_refused() {
        for (name, value) in [("validUntil", Some(json!("2030-01-01T00:00:00Z"))), ("validFrom", None)] {
            let mut payload = payload();
            let members = payload.as_object_mut().unwrap();
            match value {
                Some(value) => members.insert(name.to_owned(), value),
                None => members.remove(name),
            };
            let line = jws::sign(&signers().capsules, &payload).unwrap();
            let fault = verify(&line, &signers().key_set(), None).unwrap_err();
            assert!(matches!(fault, CapsuleFault::Malformed(_)), "{fault}");
        }
    }
}
