//! The capsule from its release to whoever checks it: what it covers, who may be deceived by it, and how it is revoked.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command as Process;

use axum::http::Method;
use serde_json::{Value, json};
use touchstone::audit::export::export;
use touchstone::audit::witness::bears_out;
use touchstone::capsule::credential::{self, Capsule, Unsigned};
use touchstone::capsule::keys::{KeySet, Signers};
use touchstone::capsule::status::{Status, StatusList};
use touchstone::capsule::{es256, jws};
use touchstone::desk::{Desk, Error, Options, Receipt, Seals, certificate, order_reference};
use touchstone::domain::command::Command;
use touchstone::domain::event::RevokedTo;
use touchstone::domain::ids::StreamKey;
use touchstone::domain::route::Stage;
use touchstone::store::entity::capsules;
use touchstone::store::queries;
use touchstone::vault::Secrets;

use crate::app::{Answer, TestApp, place};
use crate::desk::Fault;
use crate::support::TestDatabase;
use crate::tamper::{breach, findings, of, run, write_anew};
use crate::walk::{Stop, photograph, tag, walk};
use crate::world::{World, at_once};

const HOUSE: &str = "http://127.0.0.1:8420";

async fn row(world: &World, key: StreamKey) -> capsules::Model {
    queries::capsule(world.store.reader(), key.order_id.0, key.stream_id.0).await.unwrap().unwrap()
}

async fn released(world: &World, order_no: &str) -> (StreamKey, Capsule) {
    let key = world.piece(order_no).await;
    world.bring(key, Stage::Received).await;
    world.carry(key, world.photo(), &world.clerk).await.unwrap();
    world.bring(key, Stage::Released).await;
    (key, capsule(world, &row(world, key).await.credential))
}

fn capsule(world: &World, line: &str) -> Capsule {
    credential::verify(line, world.desk.keys(), Some(HOUSE)).unwrap()
}

/// What an insider with the signing key could make: the capsule with another subject, rightly signed.
fn signed_anew(world: &World, capsule: &Capsule, change: impl FnOnce(&mut Value)) -> String {
    let mut subject = capsule.subject.clone();
    change(&mut subject);
    let unsigned = Unsigned {
        issuer: &capsule.issuer,
        certificate_code: &capsule.certificate_code,
        valid_from: capsule.valid_from,
        status_index: capsule.status_index,
        subject: &subject,
    };
    credential::sign(world.desk.capsule_signer(), &unsigned).unwrap()
}

async fn revoke(world: &World, key: StreamKey) -> Result<Receipt, Error> {
    let mut seals = Seals::default();
    let reason = world.seal(&mut seals, key.order_id, &world.supervisor, "吊牌破损");
    let command = Command::RevokeCapsule { to: RevokedTo::Cleared, reason };
    world.carry_sealed(key, command, seals, &world.supervisor).await
}

async fn status(world: &World, capsule: &Capsule) -> Status {
    let now = world.now();
    let list = world.desk.status_list(now).await.unwrap();
    StatusList::verify(&list.line, world.desk.keys()).unwrap().status(capsule, now).unwrap()
}

async fn exported(world: &World) -> String {
    let mut lines = Vec::new();
    export(&world.store, None, &mut lines, &mut ()).await.unwrap();
    String::from_utf8(lines).unwrap()
}

both!(a_capsule_covers_what_was_found_and_names_nobody, |db| async move {
    let world = World::new(db).await;
    let (key, capsule) = released(&world, "N-1").await;
    let subject = &capsule.subject;
    let piece = world.folded(key).await;
    assert_eq!(subject["piece"], piece.opened().code.as_str());
    assert_eq!(subject["verdict"], "pass");
    assert_eq!(subject["speech"], "unavailable");
    assert_eq!(subject["tag"], piece.tag().unwrap().tag.as_str());
    assert_eq!(subject["laboratory"], json!({"name": "示例检测实验室", "cma": "CMA-0001", "cnas": null}));
    for name in ["receipt", "appraisal", "packing", "packing_with_tag"] {
        assert!(0 < subject["weights"][name]["mass_ug"].as_i64().unwrap(), "{name}");
    }
    let (seq, _) = piece.capsule().unwrap();
    let events = world.events(key).await;
    let head = hex::encode(&events[seq as usize - 1].hash);
    assert_eq!(subject["journal"], json!({"events": seq, "head": head}));
    assert!(subject["rules"]["rulebook"].is_string() && subject["rules"]["lexicon"].is_string(), "{subject}");
    assert!(!subject["components"].as_array().unwrap().is_empty());
    assert!(!subject["appraisals"][0]["components"][0]["tests"].is_null(), "{subject}");
    assert_eq!(subject["ledger"].as_array().unwrap().len(), piece.ledger_claims().len());
    let photos: Vec<_> = piece.photos().map(|(_, photo)| json!(photo.original_sha256)).collect();
    let named: Vec<_> =
        subject["photos"].as_array().unwrap().iter().map(|photo| photo["original_sha256"].clone()).collect();
    assert!(!photos.is_empty());
    assert_eq!(named, photos);
    // Two different people behind it.
    let people = |part: &str| -> BTreeSet<String> {
        let approvers = subject["approved_by"].as_array().unwrap().iter().filter(|by| by["as"] == part);
        approvers.map(|by| by["person"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((people("appraiser").len(), people("packer").len(), people("releaser").len()), (1, 1, 1));
    assert!(people("appraiser").is_disjoint(&people("releaser")), "{subject}");

    let whole = subject.to_string();
    let private = ["N-1", "质检师", "主管", "仓管", "17000001001", "example.cn", "测试", &key.order_id.to_string()];
    for word in private {
        assert!(!whole.contains(word), "{word:?} stands in {whole}");
    }
    for by in [&world.inspector, &world.supervisor, &world.clerk] {
        assert!(!whole.contains(&by.person.0.to_string()), "a person's id stands in {whole}");
    }
});

both!(an_order_is_known_by_its_salt_alone, |db| async move {
    let app = TestApp::new(db).await;
    let codes = place(&app, "KS1", 2).await;
    let mut references = BTreeSet::new();
    for code in &codes {
        walk(&app, code, Stop::Released).await;
        let answer = app.platform().get(&format!("/v1/pieces/{code}")).await.expect(200);
        let line = answer["capsule"]["credential"].as_str().unwrap();
        let said = credential::verify(line, app.desk().keys(), None).unwrap().subject["order"].clone();
        assert_eq!(said, order_reference(answer["capsule"]["order_salt"].as_str().unwrap(), "KS1"));
        references.insert(said.to_string());
    }
    assert_eq!(references.len(), 2, "two pieces of one order show nothing in common");
});

both!(whatever_becomes_of_a_stored_capsule_is_found, |db| async move {
    let world = World::new(db).await;
    let (one, first) = released(&world, "N-1").await;
    let (other, _) = released(&world, "N-2").await;
    assert_eq!(findings(&world, None).await, [""; 0]);
    let (line, theirs) = (row(&world, one).await.credential, row(&world, other).await.credential);
    breach(db, "capsules");
    let put = |line: &str| run(db, &format!("UPDATE capsules SET credential = '{line}' WHERE {};", of(db, one)));

    // Forged: other words under our signature, and a signature of a stranger.
    let (signed, signature) = line.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let mut payload = jws::verify(&line, world.desk.keys()).unwrap().payload;
    payload["credentialSubject"]["photos"][0]["original_sha256"] = json!("0".repeat(64));
    let edited = jws::sign(world.desk.capsule_signer(), &payload).unwrap();
    let edited_payload = edited.split('.').nth(1).unwrap();
    put(&format!("{header}.{edited_payload}.{signature}"));
    assert_eq!(findings(&world, None).await, ["capsule_forged"], "an edited photo hash under the old signature");
    put(&jws::sign(&es256::Signer::from_seed(&[9; 32]), &payload).unwrap());
    assert_eq!(findings(&world, None).await, ["capsule_forged"], "signed by a stranger");
    put(&format!("{line}="));
    assert_eq!(findings(&world, None).await, ["capsule_forged"], "another form of the same bytes");

    // Rightly signed, and not of this journal.
    put(&theirs);
    assert_eq!(findings(&world, None).await, ["capsule_differs"], "the capsule of another piece");
    put(&edited);
    assert_eq!(findings(&world, None).await, ["capsule_differs"], "an edited photo hash, signed by an insider");
    let changes: [fn(&mut Value); 6] = [
        |subject| subject["verdict"] = json!("disclosed_difference"),
        |subject| subject["weights"]["packing"]["mass_ug"] = json!(1),
        |subject| subject["tag"] = json!("T-other"),
        |subject| subject["piece"] = json!("0000000000X"),
        |subject| subject["approved_by"] = json!([]),
        |subject| subject["journal"]["events"] = json!(1),
    ];
    for change in changes {
        put(&signed_anew(&world, &first, change));
        assert_eq!(findings(&world, None).await, ["capsule_differs"]);
    }
    run(db, &format!("UPDATE capsules SET credential = '{line}', status_place = 1 WHERE {};", of(db, one)));
    assert_eq!(findings(&world, None).await, ["capsule_differs"], "its place in the status list");
    run(db, &format!("UPDATE capsules SET status_place = {} WHERE {};", first.status_index, of(db, one)));
    assert_eq!(findings(&world, None).await, [""; 0]);
});

both!(an_edited_journal_does_not_bear_the_capsule_out, |db| async move {
    let world = World::new(db).await;
    let (key, capsule) = released(&world, "N-1").await;
    let (_, other) = released(&world, "N-2").await;
    let whole = exported(&world).await;
    bears_out(&capsule, whole.as_bytes()).unwrap();
    bears_out(&other, whole.as_bytes()).unwrap();
    let check = |capsule: &Capsule, journal: &str, expected: &str| {
        let fault = bears_out(capsule, journal.as_bytes()).unwrap_err().to_string();
        assert!(fault.contains(expected), "{fault:?} does not say {expected:?}");
    };
    // One row edited: the chain breaks. Its photo's hash too.
    check(&capsule, &whole.replacen("56400000", "65400000", 1), "hash");
    let photo = capsule.subject["photos"][0]["original_sha256"].as_str().unwrap();
    check(&capsule, &whole.replacen(photo, &"0".repeat(64), 1), "hash");
    // The row edited and everything behind it hashed anew: the head is another.
    breach(db, "events");
    write_anew(db, &world, key, 3, |body| body.replace("56400000", "65400000")).await;
    check(&capsule, &exported(&world).await, "no journal of the file has the head that the capsule names");
    // The right head in a capsule that says something else of it.
    let edited = signed_anew(&world, &other, |subject| subject["photos"] = json!([]));
    let edited = credential::verify(&edited, world.desk.keys(), None).unwrap();
    check(&edited, &whole, "something else of photos");
    check(&edited, "", "no journal of the file");
});

both!(a_revoked_capsule_is_on_the_list_and_its_successor_is_not, |db| async move {
    let world = World::new(db).await;
    let (key, first) = released(&world, "N-1").await;
    let (_, other) = released(&world, "N-2").await;
    assert_eq!(status(&world, &first).await, Status::Valid);
    let line = row(&world, key).await.credential;
    revoke(&world, key).await.unwrap();
    assert_eq!(status(&world, &first).await, Status::Revoked, "in the very transaction");
    assert_eq!(status(&world, &other).await, Status::Valid);
    let shown = world.desk.certificate(&first.certificate_code).await.unwrap().unwrap();
    assert_eq!(shown.status(), certificate::Status::Revoked);

    world.photograph(key).await;
    world.carry(key, world.tag("T-second"), &world.clerk).await.unwrap();
    world.bring(key, Stage::Released).await;
    let second = capsule(&world, &row(&world, key).await.credential);
    assert_ne!((&second.certificate_code, second.status_index), (&first.certificate_code, first.status_index));
    assert_eq!(status(&world, &second).await, Status::Valid);
    assert_eq!(status(&world, &first).await, Status::Revoked);
    assert_eq!(findings(&world, None).await, [""; 0]);
    // Replayed: the first capsule in the place of the second.
    breach(db, "capsules");
    let place = format!("{} AND seq = {}", of(db, key), second.subject["journal"]["events"]);
    run(db, &format!("UPDATE capsules SET credential = '{line}' WHERE {place};"));
    assert_eq!(findings(&world, None).await, ["capsule_differs"]);
    let shown = world.desk.certificate(&second.certificate_code).await.unwrap().unwrap();
    assert_eq!(shown.status(), certificate::Status::NotVerified);
});

both!(a_revocation_that_fails_leaves_the_list_as_it_was, |db| async move {
    let world = World::new(db).await;
    let (key, capsule) = released(&world, "N-1").await;
    // The last statement of the transaction fails.
    let fault = Fault::on(db, "idempotency", "1 = 1").await;
    assert!(revoke(&world, key).await.is_err());
    assert_eq!(status(&world, &capsule).await, Status::Valid);
    fault.mend().await;
    revoke(&world, key).await.unwrap();
    assert_eq!(status(&world, &capsule).await, Status::Revoked);
});

both!(every_capsule_has_a_place_of_its_own_that_tells_nothing, |db| async move {
    let world = World::new(db).await;
    let pieces = world.place("N-1", 8).await.pieces;
    let mut keys = pieces;
    for order in 2..=4 {
        keys.extend(world.place(&format!("N-{order}"), 8).await.pieces);
    }
    for key in &keys {
        world.bring(*key, Stage::Tagged).await;
    }
    let desk = world.desk.clone();
    let calls = keys.iter().map(|key| {
        let (desk, key, command) = (desk.clone(), *key, world.release());
        let request = world.request(&world.supervisor, "{}");
        async move { desk.carry_out(key, command, Seals::default(), request).await.map(drop) }
    });
    for done in at_once(calls.collect()).await {
        done.unwrap();
    }
    let mut places = Vec::new();
    for key in &keys {
        let row = row(&world, *key).await;
        assert_eq!(i64::from(row.status_place), i64::from(capsule(&world, &row.credential).status_index));
        places.push(row.status_place);
    }
    let distinct: BTreeSet<_> = places.iter().collect();
    assert_eq!(distinct.len(), keys.len());
    assert!(places.iter().all(|place| (0..131_072).contains(place)));
    // In order they would tell who came before whom: of 32! orders one.
    assert!(!places.is_sorted());
});

both!(old_capsules_verify_after_the_key_was_changed, |db| async move {
    let world = World::new(db).await;
    let (key, capsule) = released(&world, "N-1").await;
    let line = row(&world, key).await.credential;
    // What the operator saved before changing the key.
    let earlier = KeySet::from_jwks(&world.desk.keys().jwks()).unwrap();
    let options = Options { earlier_keys: earlier.clone(), ..Options::default() };
    let renewed = Desk::open(db.open().await, &Secrets::random(), options).unwrap();
    assert_ne!(renewed.capsule_signer().key_id(), &capsule.key_id);
    let jwks = renewed.keys().jwks();
    assert_eq!(jwks["keys"][0]["kid"], renewed.capsule_signer().key_id().as_str(), "the present key comes first");
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 4);
    assert!(credential::verify(&line, renewed.keys(), Some(HOUSE)).is_ok());
    let report = touchstone::audit::check(&world.store, renewed.keys(), None, &mut ()).await.unwrap();
    assert!(report.ok() && report.capsules == 1, "{report:?}");
    let shown = renewed.certificate(&capsule.certificate_code).await.unwrap().unwrap();
    assert_eq!(shown.status(), certificate::Status::Valid);
    // Without the old key nobody knows it.
    let forgetful = Desk::open(db.open().await, &Secrets::random(), Options::default()).unwrap();
    let shown = forgetful.certificate(&capsule.certificate_code).await.unwrap().unwrap();
    assert!(shown.checked.unwrap_err().contains("which is not among the keys given"));
});

// ---- over HTTP ------------------------------------------------------------------------------------

async fn credential_of(app: &TestApp, code: &str) -> (String, String) {
    let answer = app.platform().get(&format!("/v1/pieces/{code}")).await.expect(200);
    let text = |name: &str| answer["capsule"][name].as_str().unwrap().to_owned();
    (text("certificate_code"), text("credential"))
}

async fn look(app: &TestApp, number: &str, accept: &str) -> Answer {
    let call = app.stranger().call(Method::GET, &format!("/v/{number}")).header("accept", accept);
    call.without("authorization").send().await
}

both!(anybody_may_look_a_certificate_up, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Released).await;
    let (number, line) = credential_of(&app, code).await;
    let seen = look(&app, &number, "application/json").await.expect(200);
    assert_eq!((&seen["status"], &seen["credential"]), (&json!("valid"), &json!(line)));
    assert_eq!(seen["capsule"]["piece"], json!(code));
    assert_eq!(look(&app, &number.to_lowercase().replace('-', ""), "*/*").await.expect(200), seen);
    let raw = look(&app, &number, "application/vc+jwt").await;
    assert_eq!((raw.header("content-type"), raw.text.as_str()), ("application/vc+jwt", line.as_str()));
    let page = look(&app, &number, "text/html,application/xhtml+xml").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains(code.as_str()) && page.text.contains("有效"), "{}", page.text);
    assert!(page.header("content-security-policy").contains("default-src 'none'"));

    let jwks = app.stranger().call(Method::GET, "/.well-known/jwks.json").without("authorization").send().await;
    let keys = KeySet::from_jwks(&jwks.expect(200)).unwrap();
    let capsule = credential::verify(&line, &keys, Some("https://touchstone.example")).unwrap();
    let list = app.stranger().call(Method::GET, "/v1/status-list").without("authorization").send().await;
    assert_eq!(list.header("content-type"), "application/vc+jwt");
    let list = StatusList::verify(&list.text, &keys).unwrap();
    assert_eq!(list.status(&capsule, list.valid_from), Ok(Status::Valid));

    let revoke = json!({"to": "cleared", "reason": "吊牌破损"});
    app.supervisor().post(&format!("/v1/pieces/{code}/revoke"), revoke).await.expect(200);
    let seen = look(&app, &number, "application/json").await.expect(200);
    assert_eq!(seen["status"], "revoked");
    assert!(seen["revoked_at"].is_string());
    assert!(look(&app, &number, "text/html").await.text.contains("已撤销"));
});

both!(a_number_that_was_never_given_out_looks_like_any_other_wrong_one, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Released).await;
    let (number, _) = credential_of(&app, code).await;
    let last = if number.ends_with('0') { "1" } else { "0" };
    let near = format!("{}{last}", &number[..number.len() - 1]);
    for accept in ["application/json", "text/html", "application/vc+jwt", ""] {
        let mut shapes = BTreeSet::new();
        for wrong in [near.as_str(), "00000-00000-00000-00000", "x", code, &"9".repeat(400), "%E7%BF%A1"] {
            let answer = look(&app, wrong, accept).await;
            assert_eq!(answer.status, 404, "{wrong}");
            let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
            names.sort();
            let id = answer.json["request_id"].as_str().unwrap_or("none");
            shapes.insert((answer.text.replace(id, "…"), names));
        }
        assert_eq!(shapes.len(), 1, "{accept:?}: {shapes:#?}");
    }
});

both!(a_forged_or_replayed_capsule_is_told_from_a_good_one, |db| async move {
    let app = TestApp::new(db).await;
    let codes = place(&app, "KS1", 2).await;
    for code in &codes {
        walk(&app, code, Stop::Released).await;
    }
    let check = async |line: String| {
        let call = app.stranger().call(Method::POST, "/v").without("authorization");
        call.bytes("application/vc+jwt", line.into_bytes()).send().await.expect(200)
    };
    let (_, line) = credential_of(&app, &codes[0]).await;
    let (_, other) = credential_of(&app, &codes[1]).await;
    let good = check(line.clone()).await;
    assert_eq!((&good["verified"], &good["certificate"]["capsule"]["piece"]), (&json!(true), &json!(codes[0])));
    assert_eq!(check(format!("{line}\n")).await["verified"], true);

    let wanting = async |line: String, expected: &str| {
        let answer = check(line).await;
        assert_eq!(answer["verified"], false);
        assert!(answer["sentence"].as_str().unwrap().contains(expected), "{answer} does not say {expected:?}");
    };
    let parts = |line: &str| line.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (ours, theirs) = (parts(&line), parts(&other));
    wanting(format!("{}.{}.{}", ours[0], theirs[1], ours[2]), "not of these words").await;
    wanting(format!("{}.{}.{}", ours[0], ours[1], theirs[2]), "not of these words").await;
    wanting(format!("{line}="), "one form").await;
    wanting("nonsense".to_owned(), "three parts of base64url").await;
    let long = app.stranger().call(Method::POST, "/v").without("authorization");
    assert_eq!(long.bytes("application/vc+jwt", vec![b'a'; (1 << 20) + 1]).send().await.status, 413);
    let stranger = Signers::from_seed(&[9; 32]);
    let payload = jws::verify(&line, app.desk().keys()).unwrap().payload;
    wanting(jws::sign(&stranger.capsules, &payload).unwrap(), "not among the keys given").await;
    // Signed by our own key, and never issued: by another number, or with another word.
    let mut unknown = payload.clone();
    unknown["id"] = json!("https://touchstone.example/v/00000-00000-00000-00000");
    wanting(jws::sign(app.desk().capsule_signer(), &unknown).unwrap(), "no certificate here has its number").await;
    let mut changed = payload;
    changed["credentialSubject"]["tag"] = json!("T-other");
    wanting(jws::sign(app.desk().capsule_signer(), &changed).unwrap(), "not the capsule of its number").await;
    // Replayed after its revocation, while the piece has a new one.
    let revoke = json!({"to": "cleared", "reason": "吊牌破损"});
    app.supervisor().post(&format!("/v1/pieces/{}/revoke", codes[0]), revoke).await.expect(200);
    photograph(app.clerk(), &codes[0], &["piece_with_tag", "packed"]).await;
    app.clerk().post(&format!("/v1/pieces/{}/tag", codes[0]), tag("T-second", "58.40")).await.expect(200);
    app.second_inspector().post(&format!("/v1/pieces/{}/release", codes[0]), json!({})).await.expect(200);
    wanting(line, "was revoked since").await;
    let (_, successor) = credential_of(&app, &codes[0]).await;
    assert_eq!(check(successor).await["verified"], true);
});

// ---- outside the service --------------------------------------------------------------------------

/// What somebody who is not us holds: the keys, a capsule, the list.
struct Held {
    folder: tempfile::TempDir,
    code: String,
    number: String,
    app: TestApp,
}

impl Held {
    async fn new(db: &TestDatabase) -> Held {
        let app = TestApp::new(db).await;
        let code = place(&app, "KS1", 1).await.remove(0);
        walk(&app, &code, Stop::Released).await;
        let (number, line) = credential_of(&app, &code).await;
        let held = Held { folder: tempfile::tempdir().unwrap(), code, number, app };
        held.write("capsule.jwt", &format!("{line}\n"));
        held.write("jwks.json", &held.app.desk().keys().jwks().to_string());
        held.fetch_list().await;
        let mut lines = Vec::new();
        export(held.app.store(), None, &mut lines, &mut ()).await.unwrap();
        held.write("journals.jsonl", std::str::from_utf8(&lines).unwrap());
        held
    }

    async fn fetch_list(&self) {
        let list = self.app.stranger().call(Method::GET, "/v1/status-list").without("authorization").send().await;
        self.write("list.jwt", &list.text);
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// Runs `touchstone verify` in the folder, without any setting: status and what was said.
    fn verify(&self, arguments: &[&str]) -> (i32, String) {
        let output = Process::new(env!("CARGO_BIN_EXE_touchstone"))
            .arg("verify")
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(said).unwrap())
    }

    fn expect(&self, arguments: &[&str], status: i32, sentence: &str) {
        let (code, said) = self.verify(arguments);
        assert_eq!(code, status, "{arguments:?}: {said}");
        assert!(said.contains(sentence), "{arguments:?}: {said:?} does not say {sentence:?}");
    }
}

#[tokio::test]
async fn the_command_line_verifies_without_a_server() {
    let db = TestDatabase::sqlite();
    let held = Held::new(&db).await;
    let with_keys = ["capsule.jwt", "--jwks", "jwks.json"];
    let and = |more: &[&'static str]| [&with_keys[..], more].concat();
    held.expect(
        &with_keys,
        0,
        "whether it was revoked since is not known: fetch https://touchstone.example/v1/status-list",
    );
    held.expect(&and(&["--status-list", "list.jwt"]), 0, "it stands, by the status list of");
    held.expect(&and(&["--issuer", "https://touchstone.example"]), 0, "is what https://touchstone.example signed at");
    held.expect(
        &and(&["--journal", "journals.jsonl"]),
        0,
        "it says what its journal says, and the journal's chain holds",
    );
    held.expect(&["journals.jsonl"], 0, "every chain holds");
    let (_, said) = held.verify(&and(&["--json"]));
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["verified"], &said["certificate_code"]), (&json!(true), &json!(held.number)));

    // Found wanting.
    held.expect(&and(&["--issuer", "https://other.example"]), 1, "it is of another house");
    held.expect(&and(&["--piece", "0000000000P"]), 1, "it is of another piece");
    held.expect(&and(&["--piece", "0000000000G"]), 2, "piece code");
    held.write("photo.jpg", "not one of them");
    held.expect(&and(&["--photo", "photo.jpg"]), 1, "photo.jpg is none of its photos: another one, or edited");
    held.expect(&and(&["--order", "KS1", "--order-salt", "x"]), 1, "it is not of the order KS1 with this salt");
    held.write("edited.jsonl", &held.read("journals.jsonl").replacen("58400000", "58500000", 1));
    held.expect(&and(&["--journal", "edited.jsonl"]), 1, "not verified: order");
    let capsule = held.read("capsule.jwt");
    held.write("flipped.jwt", &capsule.replacen('.', ".f", 1));
    held.expect(&["flipped.jwt", "--jwks", "jwks.json"], 1, "not verified: its");
    held.write("other.json", &Signers::from_seed(&[9; 32]).key_set().jwks().to_string());
    held.expect(&["capsule.jwt", "--jwks", "other.json"], 1, "which is not among the keys given");
    held.expect(&and(&["--status-list", "capsule.jwt"]), 1, "expected BitstringStatusListCredential");

    // Wrong use.
    held.expect(&["capsule.jwt"], 2, "give them with --jwks");
    held.expect(&["nothing.jwt", "--jwks", "jwks.json"], 2, "there is no file nothing.jwt");
    held.expect(&["capsule.jwt", "--jwks", "capsule.jwt"], 2, "the keys of capsule.jwt cannot be read");
    held.expect(&["capsule.jwt", "--jwks", "jwks.json", "--order", "KS1"], 2, "--order-salt");

    let revoke = json!({"to": "cleared", "reason": "吊牌破损"});
    held.app.supervisor().post(&format!("/v1/pieces/{}/revoke", held.code), revoke).await.expect(200);
    held.fetch_list().await;
    held.expect(&and(&["--status-list", "list.jwt"]), 1, "it was revoked, by the status list of");
    held.expect(&with_keys, 0, "what https://touchstone.example signed");
}

both!(a_certificate_is_verified_by_its_number, |db| async move {
    let (master, signing) = ("1f".repeat(32), "2e".repeat(32));
    let app = TestApp::builder(db).secrets(Secrets::parse(&master, &signing).unwrap()).open().await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Released).await;
    let (number, line) = credential_of(&app, code).await;
    let folder = tempfile::tempdir().unwrap();
    let expect = |number: &str, status: i32, sentence: &str| {
        let output = Process::new(env!("CARGO_BIN_EXE_touchstone"))
            .args(["verify", number])
            .env_clear()
            .env("TOUCHSTONE_DATA_DIR", folder.path())
            .env("TOUCHSTONE_DATABASE_URL", db.url())
            .env("TOUCHSTONE_MASTER_KEY", &master)
            .env("TOUCHSTONE_SIGNING_KEY", &signing)
            .output()
            .unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(said.contains(sentence), "{said:?} does not say {sentence:?}");
    };
    expect(&number, 0, "it stands");
    expect(&number.to_lowercase(), 0, "it says what its journal says, and the journal's chain holds");
    expect("00000-00000-00000-00000", 1, "no certificate has the number");
    breach(db, "capsules");
    let place = format!("certificate_code = '{number}'");
    run(db, &format!("UPDATE capsules SET credential = '{line}=' WHERE {place};"));
    expect(&number, 1, "base64url in its one form");
    run(db, &format!("UPDATE capsules SET credential = '{line}' WHERE {place};"));
    let revoke = json!({"to": "cleared", "reason": "吊牌破损"});
    app.supervisor().post(&format!("/v1/pieces/{code}/revoke"), revoke).await.expect(200);
    expect(&number, 1, "it was revoked at");
});

#[tokio::test]
async fn a_jwt_library_of_another_language_verifies_a_capsule_and_rejects_what_was_changed() {
    let python = std::env::var("TOUCHSTONE_TEST_PYTHON").unwrap_or_else(|_| {
        panic!("TOUCHSTONE_TEST_PYTHON is not set: run ./scripts/test, which sets a Python with PyJWT up for the tests")
    });
    let db = TestDatabase::sqlite();
    let held = Held::new(&db).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/verify.py");
    let ask = || {
        let output = Process::new(&python)
            .arg(&script)
            .args(["jwks.json", "capsule.jwt", "list.jwt"].map(|name| held.path(name)))
            .arg("https://touchstone.example")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let said = ask();
    let capsule = credential::verify(held.read("capsule.jwt").trim(), held.app.desk().keys(), None).unwrap();
    assert_eq!(said["credential"]["credentialSubject"], capsule.subject);
    assert_eq!(said["credential"]["type"], json!(["VerifiableCredential", "TouchstoneCapsule"]));
    assert_eq!(said["revoked"], false);
    assert!(1_000 < said["changed"].as_u64().unwrap(), "{said}");
    assert_eq!(said["rejected"], said["changed"], "every flip that changes a decoded byte is rejected");

    let revoke = json!({"to": "cleared", "reason": "吊牌破损"});
    held.app.supervisor().post(&format!("/v1/pieces/{}/revoke", held.code), revoke).await.expect(200);
    held.fetch_list().await;
    assert_eq!(ask()["revoked"], true);
}

/// Every bit of a real capsule, flipped.
#[tokio::test]
async fn every_flip_of_every_bit_of_a_capsule_is_refused() {
    let db = TestDatabase::sqlite();
    let world = World::new(&db).await;
    let (key, _) = released(&world, "N-1").await;
    let line = row(&world, key).await.credential;
    let mut tried = 0;
    for place in 0..line.len() {
        // The eighth bit of ASCII, flipped, is no text.
        for bit in 0..7 {
            let mut bytes = line.clone().into_bytes();
            bytes[place] ^= 1 << bit;
            let flipped = String::from_utf8(bytes).unwrap();
            assert!(credential::verify(&flipped, world.desk.keys(), None).is_err(), "bit {bit} of character {place}");
            tried += 1;
        }
    }
    assert_eq!(tried, 7 * line.len());
}

both!(the_status_list_is_signed_again_only_when_it_says_something_else, |db| async move {
    let world = World::new(db).await;
    let (first, capsule) = released(&world, "N-1").await;
    // Another instance on the same database; that it signs with a key of its own is of no matter here.
    let secrets = touchstone::vault::Secrets::random();
    let other = touchstone::desk::Desk::open(world.store.clone(), &secrets, Default::default()).unwrap();
    let etags = async || {
        let now = world.now();
        [world.desk.status_list(now).await.unwrap().etag.clone(), other.status_list(now).await.unwrap().etag.clone()]
    };
    let before = etags().await;
    assert_eq!(etags().await, before, "nothing changed");
    // A capsule that was issued since is newer than the list, and a list says nothing of those.
    released(&world, "N-2").await;
    let issued = etags().await;
    assert!(issued[0] != before[0] && issued[1] != before[1]);
    revoke(&world, first).await.unwrap();
    let revoked = etags().await;
    assert!(revoked[0] != issued[0] && revoked[1] != issued[1]);
    let list = other.status_list(world.now()).await.unwrap();
    let list = StatusList::verify(&list.line, other.keys()).unwrap();
    // The other instance names another house.
    let capsule = Capsule { issuer: other.public_url().to_owned(), ..capsule };
    assert_eq!(list.status(&capsule, world.now()).unwrap(), Status::Revoked);
    other.close().await;
});
