//! The published test vectors, recomputed. They were made without this program; if one of these tests fails, the
//! program has changed what journals already written mean, and not the vectors are to be mended.

use serde::Deserialize;
use serde_json::Value;

use super::{
    Hash, canonical,
    chain::{self, Head},
    root::{ExportWriter, Tree, verify_export},
    signature::{KeyId, Keyring, PublicKey, Signature, Signer},
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

    let mut writer = ExportWriter::new(Vec::new(), root.clone()).unwrap();
    vectors.root.heads.iter().for_each(|head| writer.push(head).unwrap());
    assert_eq!(String::from_utf8(writer.finish().unwrap()).unwrap(), EXPORT);
    assert_eq!(verify_export(EXPORT.as_bytes(), &keys(&vectors)).unwrap(), root);
}
