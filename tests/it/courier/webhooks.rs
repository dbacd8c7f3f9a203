//! Webhooks: signed, in their order, each under one id; and receivers that misbehave, each in its own way.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use touchstone::courier::address::Allowed;
use touchstone::courier::endpoint::{Caller, Times};
use touchstone::courier::{Courier, Posted, Settings};
use touchstone::desk::webhooks::NewWebhook;
use touchstone::domain::ids::{MerchantId, TenantId};
use touchstone::domain::notice::Recipient;
use touchstone::domain::route::Stage;
use touchstone::store::entity::webhooks as endpoints;
use touchstone::store::webhooks;

use super::{HOUR, Hands, Mailbox, clocks, courier, failed, later, of_piece};
use crate::app::{TestApp, place};
use crate::walk::{Stop, walk};
use crate::world::World;

/// How a receiver answers a request.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    Status(u16),
    /// Not at all.
    Hang,
    /// The connection is gone.
    Reset,
    /// Something that is no HTTP.
    Garbage,
    /// A byte at a time, without end.
    Drip,
    /// Headers without end.
    Flood,
    /// A success, and then a body without end.
    Chatter,
    /// Elsewhere.
    Redirect(SocketAddr),
}

/// What a receiver talks over.
trait Stream: AsyncRead + AsyncWrite + Unpin {
    /// So that the other side finds the connection gone.
    fn reset(&self) -> std::io::Result<()>;
}

impl Stream for TcpStream {
    fn reset(&self) -> std::io::Result<()> {
        self.set_zero_linger()
    }
}

impl Stream for TlsStream<TcpStream> {
    fn reset(&self) -> std::io::Result<()> {
        self.get_ref().0.set_zero_linger()
    }
}

/// One message as it came.
#[derive(Clone, Debug)]
pub struct Received {
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Received {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }
}

/// A receiver on this machine.
#[derive(Clone)]
pub struct Receiver {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<Received>>>,
    asked: Arc<Mutex<usize>>,
    /// How the next are answered; then as the last says.
    manners: Arc<Mutex<VecDeque<Manner>>>,
}

impl Receiver {
    pub async fn open(manners: impl IntoIterator<Item = Manner>) -> Receiver {
        Self::listen(manners, None).await
    }

    /// One that takes everything, over TLS and as `localhost`.
    pub async fn tls() -> Receiver {
        Self::listen([], Some(crate::mail::server::acceptor())).await
    }

    async fn listen(manners: impl IntoIterator<Item = Manner>, tls: Option<TlsAcceptor>) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Receiver {
            address: listener.local_addr().unwrap(),
            taken: Arc::default(),
            asked: Arc::default(),
            manners: Arc::new(Mutex::new(manners.into_iter().collect())),
        };
        let own = receiver.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (own, tls) = (own.clone(), tls.clone());
                // A caller that gave up is no fault of the receiver's.
                tokio::spawn(async move {
                    match tls {
                        None => drop(own.serve(stream).await),
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                drop(own.serve(stream).await);
                            }
                        }
                    }
                });
            }
        });
        receiver
    }

    async fn serve(&self, mut stream: impl Stream) -> std::io::Result<()> {
        let mut bytes = Vec::new();
        loop {
            let Some(received) = request(&mut stream, &mut bytes).await? else { return Ok(()) };
            *self.asked.lock().unwrap() += 1;
            let manner = {
                let mut manners = self.manners.lock().unwrap();
                let next = manners.front().copied().unwrap_or(Manner::Status(200));
                if 1 < manners.len() {
                    manners.pop_front();
                }
                next
            };
            match manner {
                Manner::Status(status) => {
                    if (200..300).contains(&status) {
                        self.taken.lock().unwrap().push(received);
                    }
                    let answer = format!("HTTP/1.1 {status} So\r\ncontent-length: 2\r\n\r\nok");
                    stream.write_all(answer.as_bytes()).await?;
                }
                Manner::Hang => std::future::pending().await,
                Manner::Reset => {
                    stream.reset()?;
                    return Ok(());
                }
                Manner::Garbage => stream.write_all(b"\x16\x03\x01 this is not what you think\r\n\r\n").await?,
                Manner::Drip => {
                    let mut tick = tokio::time::interval(Duration::from_millis(100));
                    for byte in b"HTTP/1.1 200 OK\r\nx-slow: ".iter().chain(std::iter::repeat(&b'x')) {
                        tick.tick().await;
                        stream.write_all(&[*byte]).await?;
                    }
                }
                Manner::Flood => {
                    stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
                    loop {
                        stream.write_all(b"x-more: and more\r\n").await?;
                    }
                }
                Manner::Chatter => {
                    self.taken.lock().unwrap().push(received);
                    stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
                    loop {
                        stream.write_all(b"400\r\n").await?;
                        stream.write_all(&[b'x'; 0x400]).await?;
                        stream.write_all(b"\r\n").await?;
                    }
                }
                Manner::Redirect(to) => {
                    let answer = format!("HTTP/1.1 307 There\r\nlocation: http://{to}/\r\ncontent-length: 0\r\n\r\n");
                    stream.write_all(answer.as_bytes()).await?;
                }
            }
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn taken(&self) -> Vec<Received> {
        self.taken.lock().unwrap().clone()
    }

    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }

    /// From now on.
    fn behave(&self, manners: impl IntoIterator<Item = Manner>) {
        *self.manners.lock().unwrap() = manners.into_iter().collect();
    }
}

/// One request of a connection; none at its end.
async fn request(stream: &mut impl Stream, bytes: &mut Vec<u8>) -> std::io::Result<Option<Received>> {
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let headers: BTreeMap<_, _> = head
                .lines()
                .skip(1)
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()))
                .collect();
            let length: usize = headers["content-length"].parse().unwrap();
            if end + 4 + length <= bytes.len() {
                let body = String::from_utf8_lossy(&bytes[end + 4..end + 4 + length]).into_owned();
                bytes.drain(..end + 4 + length);
                return Ok(Some(Received { headers, body }));
            }
        }
        let mut more = [0; 4_096];
        match stream.read(&mut more).await? {
            0 => return Ok(None),
            read => bytes.extend_from_slice(&more[..read]),
        }
    }
}

pub async fn endpoint(world: &World, url: &str, merchant: Option<&str>) -> (endpoints::Model, String) {
    let new = NewWebhook {
        tenant: TenantId::parse("demo").unwrap(),
        merchant: merchant.map(|id| MerchantId::parse(id).unwrap()),
        url: url.to_owned(),
        email: Some("hooks@example.cn".to_owned()),
    };
    let (row, secret) = world.desk.add_webhook(new, &world.request(&world.platform, url)).await.unwrap();
    (row, secret.unwrap())
}

fn types(taken: &[Received]) -> Vec<String> {
    let name = |message: &Received| {
        let json = message.json();
        match json["type"].as_str().unwrap() {
            "piece.stage_changed" => json["data"]["stage"].as_str().unwrap().to_owned(),
            "piece.verdict_given" => format!("verdict {}", json["data"]["verdict"].as_str().unwrap()),
            "buyer.notice" => format!("buyer {}", json["data"]["notice"].as_str().unwrap()),
            other => other.to_owned(),
        }
    };
    taken.iter().map(name).collect()
}

both!(every_change_and_verdict_is_told_in_its_order_to_platform_and_merchant, |db| async move {
    let world = World::new(db).await;
    let (platform, merchant, other) = (Receiver::open([]).await, Receiver::open([]).await, Receiver::open([]).await);
    endpoint(&world, &platform.url(), None).await;
    endpoint(&world, &merchant.url(), Some("m-1")).await;
    endpoint(&world, &other.url(), Some("m-2")).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Cleared).await;
    let post = Arc::new(Mailbox::default());
    courier(&world.desk, &post, &later()).until_idle().await.unwrap();

    let of_piece = |message: &Received| message.json()["data"]["piece"].is_string();
    let to_platform: Vec<_> = platform.taken().into_iter().filter(of_piece).collect();
    let changes = ["inbound", "received", "appraising", "spoken_review", "verdict pass", "cleared"];
    let told: Vec<_> = types(&to_platform).into_iter().filter(|what| !what.starts_with("buyer")).collect();
    for stage in changes {
        assert!(told.iter().any(|what| what == stage), "{stage} is not in {told:?}");
    }
    // What one event leads to has no order of its own.
    let sorted = |mut told: Vec<String>| {
        told.sort();
        told
    };
    assert_eq!(sorted(types(&merchant.taken())), sorted(told), "the merchant is told of the same, and of no buyer");
    assert!(other.taken().is_empty(), "of another merchant's nothing");
    let seqs: Vec<_> = to_platform.iter().map(|message| message.json()["data"]["seq"].as_i64().unwrap()).collect();
    assert!(seqs.is_sorted(), "{seqs:?}");
    assert!(types(&platform.taken()).contains(&"buyer order_taken_in".to_owned()));
    // The digest of the verdict is the hash of its event.
    let verdict = to_platform.iter().find(|message| message.json()["type"] == "piece.verdict_given").unwrap().json();
    let event = world.events(key).await.into_iter().find(|event| event.kind == "verdict_given").unwrap();
    assert_eq!(verdict["data"]["digest"], hex::encode(event.hash));
    // Nobody's name, address or words.
    for message in platform.taken() {
        for secret in ["example.cn", "17000001001", "玉坊", "买家", "冰种"] {
            assert!(!message.body.contains(secret), "{}", message.body);
        }
    }
});

both!(the_platforms_app_gets_the_link_for_the_choice_and_its_acceptance_starts_the_clock, |db| async move {
    let world = World::new(db).await;
    let app = Receiver::open([]).await;
    endpoint(&world, &app.url(), None).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::AwaitingBuyer).await;
    let post = Arc::new(Mailbox::default());
    post.answer(vec![Posted::Nobody("no_address"); 8]);
    courier(&world.desk, &post, &later()).until_idle().await.unwrap();
    assert_eq!(clocks(&world, key).await, ["awaiting_buyer:buyer"]);
    let choice = app.taken().into_iter().map(|message| message.json());
    let choice = choice.into_iter().find(|message| message["data"]["notice"] == "choice_needed").unwrap();
    let link = choice["data"]["action_url"].as_str().unwrap();
    assert!(link.ends_with(&format!("/act/{}", world.desk.action_token(key.order_id))), "{link}");
    let rows = of_piece(&world, key).await;
    assert!(!rows.iter().any(|row| row.notice == "choice_unreached"), "the app was reached");
    let last = world.folded(key).await;
    let touchstone::domain::event::Event::NoticeAccepted(accepted) = &last.last().event else { panic!() };
    assert_eq!(accepted.channel.as_str(), "webhook");
});

both!(what_comes_to_be_owed_is_told_with_its_amount, |db| async move {
    let world = World::new(db).await;
    let receiver = Receiver::open([]).await;
    endpoint(&world, &receiver.url(), None).await;
    let key = world.piece("N-1").await;
    world.cancel(key).await.unwrap();
    let post = Arc::new(Mailbox::default());
    courier(&world.desk, &post, &later()).until_idle().await.unwrap();
    let told: Vec<Value> = receiver.taken().iter().map(Received::json).collect();
    let is_the_price =
        |message: &&Value| message["type"] == "obligation.arose" && message["data"]["creditor"] == "buyer";
    let owed = told.iter().find(is_the_price).expect("the price is owed");
    assert_eq!((&owed["data"]["amount"], &owed["data"]["currency"]), (&json!(128_000), &json!("CNY")));
    assert_eq!(owed["data"]["order_no"], "N-1");
});

both!(receivers_that_misbehave_hold_up_nobody, |db| async move {
    let world = World::new(db).await;
    let good = Receiver::open([]).await;
    let elsewhere = Receiver::open([]).await;
    let bad = [
        ("timeout", Receiver::open([Manner::Hang]).await),
        ("", Receiver::open([Manner::Reset]).await),
        ("", Receiver::open([Manner::Garbage]).await),
        ("timeout", Receiver::open([Manner::Drip]).await),
        ("", Receiver::open([Manner::Flood]).await),
        ("http_500", Receiver::open([Manner::Status(500)]).await),
        ("http_307", Receiver::open([Manner::Redirect(elsewhere.address)]).await),
    ];
    let mut ids = Vec::new();
    for (_, receiver) in &bad {
        ids.push(endpoint(&world, &receiver.url(), None).await.0.id);
    }
    let talker = Receiver::open([Manner::Chatter]).await;
    endpoint(&world, &talker.url(), None).await;
    endpoint(&world, &good.url(), None).await;
    // Nobody listens there.
    let (closed, _) = endpoint(&world, "http://127.0.0.1:1/", None).await;
    for at in 0..4 {
        let key = world.piece(&format!("N-{at}")).await;
        world.bring(key, Stage::Received).await;
    }
    let post = Arc::new(Mailbox::default());
    courier(&world.desk, &post, &later()).until_idle().await.unwrap();
    let expected = 4 * (2 + 2); // Two stages, and order and arrival for the buyer, of each.
    assert_eq!(good.taken().len(), expected, "{:?}", types(&good.taken()));
    assert_eq!(talker.taken().len(), expected, "a success is one, whatever is said after it");
    assert_eq!(post.kinds(Recipient::Buyer).len(), 4, "nor are letters held up");
    assert_eq!(elsewhere.asked(), 0, "no redirect is followed");
    let own = webhooks::of_owner(world.store.reader(), "demo", None).await.unwrap();
    for (id, (code, receiver)) in ids.iter().zip(&bad) {
        let row = own.iter().find(|row| row.id == *id).unwrap();
        assert!(receiver.taken().is_empty() && 0 < receiver.asked());
        assert!(row.failing_since_at.is_some() && 0 < row.failures, "{row:?}");
        let told = row.last_outcome.as_deref().unwrap();
        assert!(code.is_empty() || told == *code, "{told} instead of {code}");
        // Left alone after a few failures in a row, however much waits.
        assert!(receiver.asked() <= 8, "{}", receiver.asked());
    }
    let row = own.iter().find(|row| row.id == closed.id).unwrap();
    assert_eq!(row.last_outcome.as_deref(), Some("connection"));
});

both!(what_was_refused_comes_again_under_its_id_before_what_followed, |db| async move {
    let world = World::new(db).await;
    let receiver = Receiver::open([Manner::Status(400), Manner::Status(503), Manner::Status(200)]).await;
    let (_, secret) = endpoint(&world, &receiver.url(), Some("m-1")).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Appraising).await;
    let post = Arc::new(Mailbox::default());
    let hands = later();
    for _ in 0..6 {
        courier(&world.desk, &post, &hands).until_idle().await.unwrap();
        hands.advance(SignedDuration::from_mins(30));
    }
    assert_eq!(types(&receiver.taken()), ["inbound", "received", "appraising"]);
    assert_eq!(receiver.asked(), 3 + 2);
    for message in receiver.taken() {
        let timestamp: i64 = message.headers["webhook-timestamp"].parse().unwrap();
        let secret = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, &secret["whsec_".len()..]).unwrap();
        let signed =
            touchstone::courier::signature::signature(&[secret], message.id(), timestamp, message.body.as_bytes());
        assert_eq!(message.headers["webhook-signature"], signed);
    }
});

both!(a_replay_says_the_same_again_under_the_same_ids_also_to_who_came_later, |db| async move {
    let world = World::new(db).await;
    let receiver = Receiver::open([]).await;
    let (row, _) = endpoint(&world, &receiver.url(), None).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Received).await;
    let post = Arc::new(Mailbox::default());
    let hands = later();
    courier(&world.desk, &post, &hands).until_idle().await.unwrap();
    let first = receiver.taken();
    let all = (0, hands.now().as_microsecond());
    let replay = async |id| {
        let request = world.request(&world.platform, "all");
        let replayed = world.desk.replay_webhook(id, all, &request).await.unwrap();
        // The same request again sends nothing more.
        assert_eq!(world.desk.replay_webhook(id, all, &request).await.unwrap(), replayed);
        hands.advance(HOUR);
        courier(&world.desk, &post, &hands).until_idle().await.unwrap();
        replayed
    };
    let replayed = replay(row.id).await;
    assert_eq!((replayed.count, replayed.rest_from), (first.len(), None));
    let again = receiver.taken().split_off(first.len());
    let by_id = |messages: &[Received]| -> BTreeMap<String, String> {
        messages.iter().map(|message| (message.id().to_owned(), message.body.clone())).collect()
    };
    assert_eq!(by_id(&again), by_id(&first));

    let newcomer = Receiver::open([]).await;
    let (late, _) = endpoint(&world, &newcomer.url(), None).await;
    replay(late.id).await;
    let bodies = |messages: &[Received]| {
        let mut bodies: Vec<_> = messages.iter().map(|message| message.body.clone()).collect();
        bodies.sort();
        bodies
    };
    assert_eq!(bodies(&newcomer.taken()), bodies(&first), "what it would have been told");
    assert_eq!(receiver.taken().len(), 2 * first.len(), "nobody else hears it again");
});

both!(an_endpoint_that_takes_nothing_for_days_is_paused_its_owner_told_and_goes_on_where_it_stopped, |db| async move {
    let world = World::new(db).await;
    let receiver = Receiver::open([Manner::Status(500)]).await;
    let (row, _) = endpoint(&world, &receiver.url(), Some("m-1")).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Received).await;
    let post = Arc::new(Mailbox::default());
    let hands = later();
    let look = async || webhooks::endpoint(world.store.reader(), row.id).await.unwrap().unwrap();
    for _ in 0..20 {
        courier(&world.desk, &post, &hands).until_idle().await.unwrap();
        hands.advance(SignedDuration::from_hours(4));
    }
    let paused = look().await;
    assert!(paused.paused_at.is_some());
    assert_eq!(post.warned(), [webhooks::letter_of_pause(&paused)], "once");
    let asked = receiver.asked();
    receiver.behave([Manner::Status(200)]);
    courier(&world.desk, &post, &hands).until_idle().await.unwrap();
    assert_eq!(receiver.asked(), asked, "nothing is posted to one that is paused");
    world.desk.resume_webhook(row.id, &world.request(&world.merchant, "go on")).await.unwrap();
    for _ in 0..8 {
        hands.advance(SignedDuration::from_hours(8));
        courier(&world.desk, &post, &hands).until_idle().await.unwrap();
    }
    assert_eq!(types(&receiver.taken()), ["inbound", "received"]);
    assert_eq!(look().await.failing_since_at, None);
});

both!(an_address_inside_is_not_reached_by_naming_it, |db| async move {
    let world = World::new(db).await;
    let receiver = Receiver::open([]).await;
    let port = receiver.address.port();
    let named = [format!("https://localhost:{port}/"), format!("https://127.0.0.1:{port}/"), receiver.url()];
    for url in &named {
        endpoint(&world, url, Some("m-1")).await;
    }
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Inbound).await;
    let post = Arc::new(Mailbox::default());
    let caller = Caller::new(Allowed::default(), Times::default(), &[]).unwrap();
    let strict = Courier::new(world.desk.clone(), post, caller, later().clock(), Settings::default());
    strict.until_idle().await.unwrap();
    assert_eq!(receiver.asked(), 0);
    let own = webhooks::of_owner(world.store.reader(), "demo", Some("m-1")).await.unwrap();
    let told: Vec<_> = own.iter().map(|row| row.last_outcome.as_deref().unwrap()).collect();
    assert_eq!(told, ["forbidden_address", "forbidden_address", "bad_url"]);
});

/// What the library of the specification says of each message.
fn verify(messages: &[(String, Received)]) -> Vec<String> {
    let python = std::env::var("TOUCHSTONE_TEST_PYTHON").unwrap_or_else(|_| {
        panic!("TOUCHSTONE_TEST_PYTHON is not set: run ./scripts/test, which sets a Python up for the tests")
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/webhook.py");
    let mut child = Process::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    for (secret, message) in messages {
        let line = json!({"secret": secret, "headers": message.headers, "body": message.body});
        writeln!(input, "{line}").unwrap();
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_library_of_the_specification_accepts_what_is_signed_before_and_after_a_rotation() {
    let db = crate::support::TestDatabase::sqlite();
    let world = World::new(&db).await;
    let receiver = Receiver::open([]).await;
    let (row, old) = endpoint(&world, &receiver.url(), Some("m-1")).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Inbound).await;
    let post = Arc::new(Mailbox::default());
    // The library looks at the time of a message, and takes none that is not of these minutes.
    let now = Hands::at(&jiff::Timestamp::now().to_string());
    let work = async || courier(&world.desk, &post, &now).until_idle().await.unwrap();
    work().await;
    let request = touchstone::desk::Request { now: now.now(), ..world.request(&world.merchant, "rotate") };
    let new = world.desk.rotate_webhook(row.id, &request).await.unwrap().unwrap();
    world.bring(key, Stage::Received).await;
    work().await;
    let [first, second] = receiver.taken().try_into().unwrap();
    let mut changed = second.clone();
    changed.body = changed.body.replace("received", "cleared");
    let mut moved = second.clone();
    moved.headers.insert("webhook-id".to_owned(), first.id().to_owned());
    let asked = [
        (old.clone(), first.clone()),
        (new.clone(), first),
        (old.clone(), second.clone()),
        (new.clone(), second),
        (new.clone(), changed),
        (new, moved),
    ];
    assert_eq!(verify(&asked), ["good", "bad", "good", "good", "bad", "bad"]);
}

both!(endpoints_are_kept_over_http_by_whose_they_are, |db| async move {
    let app = TestApp::new(db).await;
    let receiver = Receiver::open([]).await;
    let body = json!({"url": receiver.url(), "email": "hooks@example.cn"});
    let call = app.platform().call(axum::http::Method::POST, "/v1/webhooks").json(body).key("one");
    let made = call.clone().send().await.expect(201);
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"), "{secret}");
    let again = call.send().await.expect(200);
    assert_eq!((&again["id"], &again["secret"]), (&made["id"], &Value::Null));
    for bad in ["ftp://example.com/", "https://10.0.0.1/", "https://user:pw@example.com/", "nowhere"] {
        app.platform().post("/v1/webhooks", json!({"url": bad})).await.expect_faults(&["/url"]);
    }
    let id = made["id"].as_str().unwrap();
    let path = format!("/v1/webhooks/{id}");
    // A merchant's is the merchant's, a platform's the platform's.
    assert_eq!(app.merchant().get("/v1/webhooks").await.expect(200)["webhooks"], json!([]));
    app.merchant().post(&format!("{path}/rotate"), json!({})).await.expect_problem(404, "not_found");
    let rotated = app.platform().post(&format!("{path}/rotate"), json!({})).await.expect(200);
    assert!(rotated["secret"].as_str().is_some_and(|new| new != secret && new.starts_with("whsec_")));
    app.platform().post(&format!("{path}/resume"), json!({})).await.expect(200);
    let span = json!({"from": "2026-01-01T00:00:00Z", "to": "2025-01-01T00:00:00Z"});
    app.platform().post(&format!("{path}/replay"), span).await.expect_faults(&["/to"]);
    let span = json!({"from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"});
    let replayed = app.platform().post(&format!("{path}/replay"), span).await.expect(202);
    assert_eq!(replayed, json!({"messages": 0, "rest_from": null}));
    let listed = app.platform().get("/v1/webhooks").await.expect(200);
    assert_eq!(listed["webhooks"][0]["id"], made["id"]);
    assert!(!listed.to_string().contains("whsec_") && !listed.to_string().contains("hooks@"));
    let gone = app.platform().call(axum::http::Method::DELETE, &path).json(json!({})).key("gone");
    assert_eq!(gone.clone().send().await.status, 204);
    assert_eq!(gone.send().await.status, 204, "the same request again");
    app.platform().post(&format!("{path}/rotate"), json!({})).await.expect_problem(404, "not_found");
});

both!(what_was_told_is_shown_to_those_it_concerns_and_given_up_notices_to_the_supervisor, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Received).await;
    let post = Arc::new(Mailbox::default());
    let hands = Hands::at(&jiff::Timestamp::now().checked_add(HOUR).unwrap().to_string());
    post.answer(vec![failed("smtp_550_5.1.1", true); 2]);
    courier(app.desk(), &post, &hands).until_idle().await.unwrap();
    let path = format!("/v1/pieces/{code}/notices");
    let all = app.platform().get(&path).await.expect(200);
    let rows = all["notices"].as_array().unwrap();
    let of = |recipient: &str| rows.iter().filter(|row| row["recipient"] == recipient).collect::<Vec<_>>();
    assert!(of("buyer").iter().any(|row| row["notice"] == "arrived" && row["channel"] == "mail"), "{all:#}");
    let own = app.merchant().get(&path).await.expect(200);
    assert_eq!(own["notices"].as_array().unwrap().len(), of("merchant").len());
    assert!(!all.to_string().contains('@'));
    app.clerk().get(&path).await.expect_problem(403, "not_yours");

    let buried = app.supervisor().get("/v1/notices?state=buried&limit=1").await.expect(200);
    let first = &buried["notices"][0];
    assert_eq!((&first["order_no"], &first["outcome"]), (&json!("KS1"), &json!("smtp_550_5.1.1")));
    let next = buried["next_cursor"].as_str().unwrap();
    let rest = app.supervisor().get(&format!("/v1/notices?state=buried&cursor={next}")).await.expect(200);
    assert!(!rest["notices"].as_array().unwrap().is_empty());
    assert_ne!(rest["notices"][0]["id"], first["id"]);
    app.supervisor().get("/v1/notices?state=lost").await.expect_faults(&["?state"]);
    let other = app.key(touchstone::domain::actor::Role::Supervisor, crate::app::warehouse("w-2")).await;
    assert_eq!(other.get("/v1/notices").await.expect(200)["notices"], json!([]));
    let resend = format!("/v1/notices/{}/resend", first["id"].as_str().unwrap());
    other.post(&resend, json!({})).await.expect_problem(404, "not_found");
    let waits = app.supervisor().post(&resend, json!({})).await.expect(200);
    assert_eq!((&waits["state"], &waits["attempts"]), (&json!("waiting"), &json!(0)));
    app.supervisor().post(&resend, json!({})).await.expect_problem(404, "not_found");
    hands.advance(HOUR);
    courier(app.desk(), &post, &hands).until_idle().await.unwrap();
    let left = app.supervisor().get("/v1/notices?state=buried").await.expect(200);
    assert!(!left["notices"].as_array().unwrap().iter().any(|row| row["id"] == first["id"]));
});
