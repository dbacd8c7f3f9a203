//! The last hour is lost: nobody is told twice, no choice expires unseen, and whoever was erased stays erased.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;
use touchstone::aside::Log;
use touchstone::audit::{check, rebuild};
use touchstone::clockwork::{Pass, fire_due};
use touchstone::courier::payload::subject;
use touchstone::desk::restore::{AT_LEAST, Held, TOLD_BEFORE};
use touchstone::desk::{Desk, Options};
use touchstone::domain::ids::{PersonId, StreamKey};
use touchstone::domain::notice::{Notice, Recipient};
use touchstone::domain::route::Stage;
use touchstone::store::backup::{self, Fault, Manifest, Places};
use touchstone::store::restores::{self, Kind};
use touchstone::store::{outbox, queries};

use crate::app::TestApp;
use crate::courier::webhooks::{Manner, Receiver, endpoint};
use crate::courier::{Hands, Mailbox, courier};
use crate::support::TestDatabase;
use crate::world::{Placed, World};

pub mod lost;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What lies on other disks than the database.
struct Elsewhere(TempDir);

impl Elsewhere {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn aside(&self) -> PathBuf {
        self.0.path().join("aside")
    }

    fn places(&self, name: &str) -> Places {
        let folder = |what: &str| self.0.path().join(format!("{name}-{what}"));
        Places { out: folder("data"), keys: folder("keys"), scratch: folder("scratch"), programs: None }
    }

    fn desk(&self, world: &World) -> Desk {
        let options = Options { aside: Some(Arc::new(Log::new(&self.aside(), 90))), ..Options::default() };
        Desk::open(world.store.clone(), &world.secrets, options).unwrap()
    }

    async fn save(&self, db: &TestDatabase, name: &str, now: Timestamp) -> (Places, Manifest) {
        let places = self.places(name);
        let manifest = backup::take(db.url(), &places, now.as_microsecond(), &mut ()).await.unwrap();
        (places, manifest)
    }
}

/// The database is lost, and comes back from a backup.
async fn lose(db: &TestDatabase, world: &mut World, from: &Places, keys: Option<&Path>) {
    world.desk.close().await;
    world.store.clone().close().await.unwrap();
    db.lose();
    backup::give_back(db.url(), from, keys, world.now().as_microsecond(), &mut ()).await.unwrap();
    world.store = db.open().await;
}

fn keys(manifest: &Manifest, places: &Places) -> PathBuf {
    backup::keys_of(manifest, &places.keys).unwrap()
}

/// Sends what is due, by the world's clock.
async fn send(world: &World, post: &Arc<Mailbox>) {
    let hands = Hands::at(&world.now().to_string());
    courier(&world.desk, post, &hands).until_idle().await.unwrap();
}

async fn clocks(world: &World, key: StreamKey) -> Vec<(String, Timestamp)> {
    let rows = queries::deadlines_of(world.store.reader(), key.order_id.0, key.stream_id.0).await.unwrap();
    rows.into_iter().map(|row| (row.kind, Timestamp::from_microsecond(row.due_at).unwrap())).collect()
}

async fn buyer_of(world: &World, placed: &Placed) -> PersonId {
    let order = queries::order(world.store.reader(), placed.receipt.order_id).await.unwrap().unwrap();
    PersonId(order.buyer_id)
}

async fn sound(world: &World) {
    let report = check(&world.store, world.desk.keys(), None, &mut ()).await.unwrap();
    assert!(report.ok(), "{report:?}");
    assert_eq!(rebuild(&world.store, &mut ()).await.unwrap().differed, 0);
}

/// How often each thing was told to each by letter.
fn told(post: &Mailbox) -> BTreeMap<(StreamKey, Recipient, Notice), usize> {
    let mut told = BTreeMap::new();
    for letter in post.letters() {
        for (stream_id, _, notice) in letter.told {
            let key = StreamKey { order_id: letter.order_id, stream_id };
            *told.entry((key, letter.recipient, notice)).or_default() += 1;
        }
    }
    told
}

/// How often each message was taken, by what it says.
fn messages(receiver: &Receiver) -> BTreeMap<String, usize> {
    let mut taken = BTreeMap::new();
    for received in receiver.taken() {
        *taken.entry(subject(&received.body).unwrap()).or_default() += 1;
    }
    taken
}

async fn counted(world: &World, kind: Kind) -> (u64, u64) {
    restores::count(world.store.reader(), kind, None).await.unwrap()
}

both!(after_the_last_hour_was_lost_nobody_is_told_twice_and_nobodys_choice_expires, |db| async move {
    let elsewhere = Elsewhere::new();
    let mut world = World::new(db).await;
    world.desk = elsewhere.desk(&world);
    let post = Arc::new(Mailbox::default());
    let receiver = Receiver::open([Manner::Status(200)]).await;
    endpoint(&world, &receiver.url(), None).await;
    let bench = world.piece("N-1").await;
    world.bring(bench, Stage::Received).await;
    let choice = world.piece("N-2").await;
    world.bring(choice, Stage::AwaitingBuyer).await;
    let tagged = world.piece("N-3").await;
    world.bring(tagged, Stage::Tagged).await;
    let other = world.piece("N-7").await;
    world.bring(other, Stage::Received).await;
    let forgotten = world.place_for("N-5", "u-5", 1).await;
    let buyer = buyer_of(&world, &forgotten).await;
    world.pass(MINUTE * 20);
    send(&world, &post).await;
    let promised = clocks(&world, choice).await;
    assert_eq!(promised[0].0, "awaiting_buyer:buyer");
    // Its letters wait for others when the backup is taken.
    let waiting = world.piece("N-4").await;
    let (places, manifest) = elsewhere.save(db, "first", world.now()).await;

    // An hour that will be lost.
    world.pass(MINUTE * 20);
    world.bring(bench, Stage::AwaitingBuyer).await;
    world.bring(tagged, Stage::Released).await;
    world.bring(other, Stage::Cleared).await;
    let lost = world.place("N-6", 1).await;
    let lost_code = world.folded(lost.pieces[0]).await.opened().code.clone();
    world.desk.erase_person(buyer, &world.request(&world.operator, "erase")).await.unwrap();
    world.pass(MINUTE * 20);
    send(&world, &post).await;
    assert_eq!(clocks(&world, bench).await[0].0, "awaiting_buyer:buyer");
    let said = db.client("SELECT certificate_code FROM capsules;");
    let certificate = said.text.trim().to_owned();
    let (before, heard) = (told(&post), messages(&receiver));
    assert!(before.contains_key(&(bench, Recipient::Buyer, Notice::ChoiceNeeded)), "{before:?}");
    assert!(before.contains_key(&(waiting, Recipient::Merchant, Notice::PieceToSend)), "{before:?}");

    lose(db, &mut world, &places, Some(&keys(&manifest, &places))).await;
    world.pass(HOUR * 2);
    world.desk = elsewhere.desk(&world);
    assert_eq!(world.desk.held(world.now()).await.unwrap(), Held::Yes, "it came back held");
    for _ in 0..2 {
        // A restart in between changes nothing.
        let restore = world.desk.begin_restore(elsewhere.aside(), world.now()).await.unwrap();
        assert_eq!((restore.lost_from_at, restore.unreadable), (manifest.made_at, 0));
    }

    // Held: nothing leaves, nothing runs out, and what is lost is listed.
    world.pass(MINUTE * 20);
    send(&world, &post).await;
    assert_eq!((&told(&post), &messages(&receiver)), (&before, &heard));
    let years = world.now().checked_add(HOUR * 24 * 400).unwrap();
    assert_eq!(fire_due(&world.desk, years).await.unwrap(), Pass::default());
    assert!(restores::lost_certificate(world.store.reader(), &certificate).await.unwrap());
    assert_eq!(counted(&world, Kind::Capsule).await, (1, 1));
    assert_eq!(counted(&world, Kind::Erasure).await, (1, 0));
    assert_ne!(counted(&world, Kind::Letter).await.1, 0);
    assert_ne!(counted(&world, Kind::Webhook).await.1, 0);
    assert!(world.desk.read_person(buyer).await.unwrap().is_none(), "erased again");
    let row = queries::person(world.store.reader(), buyer.0).await.unwrap().unwrap();
    assert_eq!((row.wrapped_key, row.reference, row.erased_by_key), (None, None, Some(world.operator.key.0)));
    let rows = outbox::of_stream(world.store.reader(), waiting.order_id.0, waiting.stream_id.0).await.unwrap();
    let mail = rows.iter().find(|row| row.channel == "mail").unwrap();
    assert_eq!((mail.state.as_str(), mail.outcome.as_deref()), ("sent", Some(TOLD_BEFORE)));
    sound(&world).await;

    // Let go: a choice has what was left of its time, and a day at the least.
    let request = world.request(&world.supervisor, "{}");
    let restore = world.desk.release_restore(&request).await.unwrap().unwrap();
    let (asked, lost_us) = (restore.asked_at.unwrap(), restore.asked_at.unwrap() - restore.lost_from_at);
    let due = clocks(&world, choice).await[0].1;
    assert!(promised[0].1.as_microsecond() + lost_us <= due.as_microsecond(), "{due}");
    assert!(asked + i64::try_from(AT_LEAST.as_micros()).unwrap() <= due.as_microsecond(), "{due}");
    assert_eq!(world.kinds(choice).await.last().unwrap(), "deadline_moved");
    let again = world.desk.release_restore(&request).await.unwrap().unwrap();
    assert_eq!(again.released_at, restore.released_at);
    assert_eq!(clocks(&world, choice).await[0].1, due, "once");

    // The lost work is done again: the order under its id, its piece under its code.
    let (id, codes) = world.desk.order_id_for("demo", "N-6").await.unwrap();
    assert_eq!((id, codes.get(&1)), (lost.order_id(), Some(&lost_code)));
    let (order, seals) = world.order_as(id, "N-6", "u-1", 1);
    let order = touchstone::desk::NewOrder { codes, ..order };
    world.desk.place(order, seals, world.request(&world.platform, "N-6 again")).await.unwrap();
    assert_eq!(world.folded(lost.pieces[0]).await.opened().code, lost_code);
    world.bring(bench, Stage::AwaitingBuyer).await;
    world.bring(tagged, Stage::Released).await;
    // This time it does not pass.
    world.bring(other, Stage::Failed).await;
    world.pass(MINUTE * 20);
    send(&world, &post).await;
    let twice: Vec<_> = told(&post).into_iter().filter(|(_, count)| 1 < *count).collect();
    assert!(twice.is_empty(), "{twice:?}");
    // Where two persons look at a piece it comes to one stage twice, and that is told twice. The one that fails this time
    // is looked at by one more than before.
    let failing = world.folded(other).await.opened().code.to_string();
    let again =
        |(body, count): &(String, usize)| !body.contains(&failing) && heard.get(body).copied().unwrap_or(1) < *count;
    let twice: Vec<_> = messages(&receiver).into_iter().filter(again).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(told(&post).contains_key(&(other, Recipient::Buyer, Notice::Failed)), "what is new is told");
    assert!(messages(&receiver).keys().any(|body| body.contains("\"stage\":\"failed\"")), "to programs too");

    // The choice that was made anew runs its whole time from now; nothing is refused for anybody.
    let anew = clocks(&world, bench).await;
    assert_eq!(anew[0].0, "awaiting_buyer:buyer");
    assert!(world.now().checked_add(HOUR * 71).unwrap() < anew[0].1, "{anew:?}");
    fire_due(&world.desk, promised[0].1).await.unwrap();
    for key in [bench, choice] {
        assert_eq!(world.folded(key).await.stage(), Stage::AwaitingBuyer);
    }
    assert!(world.desk.read_person(buyer).await.unwrap().is_none());
    sound(&world).await;
});

both!(the_data_alone_opens_nobody_and_a_newer_file_of_keys_serves_older_data, |db| async move {
    let elsewhere = Elsewhere::new();
    let mut world = World::new(db).await;
    let one = world.place_for("N-1", "u-1", 1).await;
    let other = world.place_for("N-2", "u-2", 1).await;
    let (one, other) = (buyer_of(&world, &one).await, buyer_of(&world, &other).await);
    let (first, manifest) = elsewhere.save(db, "first", world.now()).await;
    let taken = backup::take(db.url(), &first, 0, &mut ()).await;
    assert!(matches!(taken, Err(Fault::Refused(_))), "a folder holds one backup: {taken:?}");
    let key = queries::person(world.store.reader(), one.0).await.unwrap().unwrap().wrapped_key.unwrap();
    let digits = hex::encode(&key).into_bytes();
    for part in &manifest.files {
        let folder = if part.keys { &first.keys } else { &first.out };
        let bytes = std::fs::read(folder.join(&part.name)).unwrap();
        let has = |wanted: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
        assert_eq!(has(&key) || has(&digits), part.keys, "{}", part.name);
        let permissions = std::fs::metadata(folder.join(&part.name)).unwrap().permissions();
        assert_eq!(PermissionsExt::mode(&permissions) & 0o777, 0o600, "{}", part.name);
    }
    world.desk.erase_person(other, &world.request(&world.operator, "erase")).await.unwrap();
    let (second, newer) = elsewhere.save(db, "second", world.now()).await;

    // The data of before the erasure, and the keys of after it.
    lose(db, &mut world, &first, Some(&keys(&newer, &second))).await;
    world.desk = elsewhere.desk(&world);
    assert!(world.desk.read_person(one).await.unwrap().is_some());
    assert!(world.desk.read_person(other).await.unwrap().is_none());
    sound(&world).await;
    let over = backup::give_back(db.url(), &first, None, 0, &mut ()).await;
    assert!(matches!(over, Err(Fault::Refused(_))), "never over a database: {over:?}");

    lose(db, &mut world, &first, None).await;
    world.desk = elsewhere.desk(&world);
    assert!(world.desk.read_person(one).await.unwrap().is_none());
    sound(&world).await;

    // A file that was changed, and a backup that broke off.
    let data = first.out.join(&manifest.files[0].name);
    std::fs::write(&data, b"something else").unwrap();
    let changed = backup::give_back(db.url(), &first, None, 0, &mut ()).await;
    assert!(matches!(changed, Err(Fault::Refused(_))), "{changed:?}");
    std::fs::remove_file(first.out.join("manifest.json")).unwrap();
    let broken = backup::give_back(db.url(), &first, None, 0, &mut ()).await;
    assert!(matches!(broken, Err(Fault::Refused(_))), "{broken:?}");
});

both!(a_supervisor_sees_what_is_held_and_lets_it_go_once, |db| async move {
    let elsewhere = Elsewhere::new();
    let app = TestApp::new(db).await;
    let shown = async || app.supervisor().get("/v1/restore").await.expect(200);
    assert_eq!(shown().await["state"], "none");
    app.supervisor().post("/v1/restore/release", json!({})).await.expect_problem(409, "not_now");
    let code = &crate::app::place(&app, "KS1", 1).await[0];
    let store = app.desk().store();
    restores::hold(store, None, Timestamp::now().as_microsecond()).await.unwrap();
    assert_eq!(shown().await["state"], "held");
    app.supervisor().post("/v1/restore/release", json!({})).await.expect_problem(409, "not_now");
    app.desk().begin_restore(elsewhere.aside(), Timestamp::now()).await.unwrap();
    let held = shown().await;
    let choice = held["choices"].as_array().unwrap().iter().find(|choice| choice["piece"] == json!(code));
    assert_eq!(choice.map(|choice| &choice["waiter"]), Some(&json!("merchant")), "{held}");
    let call = app.supervisor().call(axum::http::Method::POST, "/v1/restore/release").json(json!({})).key("one");
    let released = call.clone().send().await.expect(200);
    assert_eq!((&released["state"], &released["choices"]), (&json!("released"), &json!([])));
    assert_eq!(call.send().await.expect(200)["released_at"], released["released_at"]);
    let page = app.supervisor().get("/v1/restore/lost?kind=capsule").await.expect(200);
    assert_eq!((&page["lost"], &page["next_cursor"]), (&json!([]), &Value::Null));
    app.supervisor().get("/v1/restore/lost?kind=sock").await.expect_faults(&["?kind"]);
});
