//! A house opens with the two secrets that it was made with, and says so where they are others.

use std::process::{Command, Output};

use jiff::Timestamp;
use touchstone::audit::upkeep;
use touchstone::desk::{Desk, KeyGrant, KeyScope, Options};
use touchstone::domain::actor::Role;
use touchstone::vault::Secrets;

use crate::support::TestDatabase;

const MASTER: &str = "6d61737465722d6b65792d6f662d612d746573742d61626f75742d6b6579732e";
const OTHER: &str = "616e6f746865722d6d61737465722d6b65792c2062792061206d697374616b65";
const SIGNING: &str = "7369676e696e672d6b65792d6f662d612d746573742d61626f75742d6b657973";

fn touchstone(folder: &std::path::Path, master: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_touchstone"));
    command.args(arguments).env("TOUCHSTONE_DATA_DIR", folder).env("TOUCHSTONE_LISTEN", "127.0.0.1:0");
    command.env("TOUCHSTONE_MASTER_KEY", master).env("TOUCHSTONE_SIGNING_KEY", SIGNING).output().unwrap()
}

#[test]
fn another_master_key_opens_nothing_and_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let made = touchstone(folder.path(), MASTER, &["key", "create", "--role", "operator", "--name", "Operations"]);
    assert!(made.status.success(), "{made:?}");
    assert!(touchstone(folder.path(), MASTER, &["key", "list"]).status.success());
    let commands: &[&[&str]] = &[
        &["serve"],
        &["key", "list"],
        &["key", "create", "--role", "operator", "--name", "Lost"],
        &["journal", "check"],
    ];
    for command in commands {
        let refused = touchstone(folder.path(), OTHER, command);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success(), "{command:?}");
        assert!(said.contains("master_key is not the one that the database"), "{command:?}: {said}");
        assert!(said.contains("TOUCHSTONE_MASTER_KEY"), "{command:?}: {said}");
    }
}

#[tokio::test]
async fn a_signing_key_that_nobody_knows_is_noticed() {
    let database = TestDatabase::sqlite();
    let store = database.migrated().await;
    let open = |signing: &str, options: Options| {
        Desk::open(store.clone(), &Secrets::parse(MASTER, signing).unwrap(), options).unwrap()
    };
    let first = open(SIGNING, Options::default());
    assert_eq!(first.unknown_signer().await.unwrap(), None);
    let grant = KeyGrant {
        person: None,
        name: Some("Operations".to_owned()),
        role: Role::Operator,
        scope: KeyScope::default(),
        expires_at: None,
    };
    first.create_key(&grant, Timestamp::now()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    upkeep::write_root(&first, Timestamp::now(), folder.path()).await.unwrap();
    assert_eq!(first.unknown_signer().await.unwrap(), None);
    let second = open(OTHER, Options::default());
    assert_eq!(second.unknown_signer().await.unwrap(), Some(first.signer().key_id().to_string()));
    assert!(second.has_its_master_key().await.unwrap());
    let knowing = open(OTHER, Options { earlier_keys: first.keys().clone(), ..Options::default() });
    assert_eq!(knowing.unknown_signer().await.unwrap(), None);
    for desk in [first, second, knowing] {
        desk.close().await;
    }
}
