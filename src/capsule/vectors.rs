//! The published test vectors, recomputed. Those of journals were made without this program, those of capsules were
//! checked without it (`tests/interop`); if one of these tests fails, the program has changed what is already written, and
//! not the vectors are to be mended.

use serde::Deserialize;
use serde_json::Value;

use super::{
    Hash, canonical,
    chain::{self, Head},
    credential, jws,
    keys::{KeySet, Signers},
    root::{ExportWriter, Tree, verify_export},
    signature::{KeyId, Keyring, PublicKey, Signature, Signer},
    status::{Status, StatusList},
};

const EXPORT: &str = include_str!("../../fixtures/journals/root.jsonl");

#[derive(Deserialize)]
struct Vectors {
    signing_seed_for_tests_only: Hash,
    public_key: Hash,
    key_id: KeyId,
    events: Vec<Event>,
    root: RootVector,
}

#[derive(Deserialize)]
struct Event {
    body: String,
    hash: Hash,
}

#[derive(Deserialize)]
struct RootVector {
    heads: Vec<Head>,
    leaf_hashes: Vec<Hash>,
    root: Hash,
    signed: String,
    signature: Signature,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../fixtures/journals/vectors.json")).unwrap()
}

fn signer(vectors: &Vectors) -> Signer {
    Signer::from_seed(vectors.signing_seed_for_tests_only.as_bytes())
}

fn keys(vectors: &Vectors) -> Keyring {
    PublicKey::from_bytes(vectors.public_key.as_bytes()).unwrap().into()
}

#[test]
fn the_bodies_are_canonical_and_hash_as_published() {
    for event in vectors().events {
        let value: Value = serde_json::from_str(&event.body).unwrap();
        assert_eq!(canonical::canonical_value(&value).unwrap(), event.body);
        assert_eq!(chain::hash(&event.body), event.hash);
    }
}

#[test]
fn the_events_are_a_journal_and_its_head_is_in_the_root() {
    let vectors = vectors();
    let head = chain::verify_chain(vectors.events.iter().map(|event| (&event.body, event.hash))).unwrap();
    assert_eq!(head, vectors.root.heads[1]);
}

#[test]
fn the_root_and_its_signature_are_met() {
    let vectors = vectors();
    let signer = signer(&vectors);
    assert_eq!(signer.public_key(), *keys(&vectors).find(vectors.key_id).unwrap());
    let mut tree = Tree::new();
    for (head, leaf) in vectors.root.heads.iter().zip(&vectors.root.leaf_hashes) {
        let mut alone = Tree::new();
        alone.push(head).unwrap();
        assert_eq!(alone.root(), *leaf);
        tree.push(head).unwrap();
    }
    let root = tree.sign("2026-11-22T16:00:00Z".parse().unwrap(), &signer);
    assert_eq!(root.root, vectors.root.root);
    assert_eq!(root.signed_bytes(), vectors.root.signed);
    assert_eq!(root.signature, vectors.root.signature);

    let mut writer = ExportWriter::new(Vec::new());
    vectors.root.heads.iter().for_each(|head| writer.push(head).unwrap());
    let (signed, heads) = writer.sign(root.at, &signer).unwrap();
    assert_eq!(signed, root);
    let mut export = Vec::new();
    root.write_before(&mut &heads[..], &mut export).unwrap();
    assert_eq!(String::from_utf8(export).unwrap(), EXPORT);
    assert_eq!(verify_export(EXPORT.as_bytes(), &keys(&vectors)).unwrap(), root);
}

// ---- capsules -------------------------------------------------------------------------------------

const CAPSULE: &str = include_str!("../../fixtures/capsules/capsule.jwt");
const KEYS: &str = include_str!("../../fixtures/capsules/jwks.json");
const LIST: &str = include_str!("../../fixtures/capsules/status-list.jwt");
const REVOKING: &str = include_str!("../../fixtures/capsules/status-list-revoking.jwt");

#[derive(Deserialize)]
struct CapsuleVectors {
    signing_seed_for_tests_only: Hash,
    kid: String,
    issuer: String,
    payload: Value,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Refused {
    what: String,
    says: String,
    line: String,
}

fn capsule_vectors() -> CapsuleVectors {
    serde_json::from_str(include_str!("../../fixtures/capsules/vectors.json")).unwrap()
}

fn capsule_keys() -> KeySet {
    KeySet::from_jwks(&serde_json::from_str(KEYS).unwrap()).unwrap()
}

#[test]
fn the_capsule_and_its_signature_are_met() {
    let vectors = capsule_vectors();
    let signers = Signers::from_seed(vectors.signing_seed_for_tests_only.as_bytes());
    assert_eq!(signers.capsules.key_id().as_str(), vectors.kid);
    assert_eq!(signers.key_set(), capsule_keys());
    assert_eq!(jws::sign(&signers.capsules, &vectors.payload).unwrap(), CAPSULE.trim_end());
    let capsule = credential::verify(CAPSULE.trim_end(), &capsule_keys(), Some(&vectors.issuer)).unwrap();
    assert_eq!(capsule.subject, vectors.payload["credentialSubject"]);
}

#[test]
fn the_lists_say_what_they_said() {
    let capsule = credential::verify(CAPSULE.trim_end(), &capsule_keys(), None).unwrap();
    for (line, expected) in [(LIST, Status::Valid), (REVOKING, Status::Revoked)] {
        let list = StatusList::verify(line.trim_end(), &capsule_keys()).unwrap();
        assert_eq!(list.status(&capsule, list.valid_from), Ok(expected));
    }
}

#[test]
fn what_must_be_refused_is_refused() {
    for Refused { what, says, line } in capsule_vectors().refused {
        let fault = credential::verify(&line, &capsule_keys(), None).map(|_| &what).unwrap_err().to_string();
        assert!(fault.contains(&says), "{what}: {fault:?} does not say {says:?}");
    }
}
