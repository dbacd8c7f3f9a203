//! Letters and acceptances: together where they should be, in their order, once, and never lost.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use sea_orm::EntityTrait;
use touchstone::clock::Clock;
use touchstone::courier::address::Allowed;
use touchstone::courier::endpoint::{Caller, Times};
use touchstone::courier::{ByMail, Courier, Fate, Fault, Letter, Point};
use touchstone::courier::{Post, Posted, Posting, Settings, Warning};
use touchstone::desk::Desk;
use touchstone::domain::event::Event;
use touchstone::domain::ids::{OrderId, StreamKey};
use touchstone::domain::notice::{Notice, Recipient};
use touchstone::domain::route::Stage;
use touchstone::mail::transport::Memory;
use touchstone::mail::{House, Sender, Supervisors, Transport};
use touchstone::store::entity::outbox;
use touchstone::store::{outbox as outboxes, queries};
use uuid::Uuid;

use crate::support::TestDatabase;
use crate::world::World;

mod kill;
mod quiet;
mod reminders;
mod steps;
mod tls;
mod unreached;
pub mod webhooks;
mod wire;

/// A clock that a test sets.
#[derive(Clone)]
pub struct Hands(Arc<AtomicI64>);

impl Hands {
    pub fn at(time: &str) -> Self {
        Self(Arc::new(AtomicI64::new(time.parse::<Timestamp>().unwrap().as_microsecond())))
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap()
    }

    pub fn advance(&self, by: SignedDuration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub fn clock(&self) -> Clock {
        let hands = self.clone();
        Clock::new(move || hands.now())
    }
}

/// A post that keeps what it takes, and fails as it is told.
#[derive(Default)]
pub struct Mailbox {
    taken: Mutex<Vec<Letter>>,
    warned: Mutex<Vec<Uuid>>,
    answers: Mutex<VecDeque<Posted>>,
    /// Orders whose letters are refused for good.
    refused: Mutex<HashSet<OrderId>>,
    /// Whose letters are refused for good.
    unknown: Mutex<Vec<Recipient>>,
}

impl Mailbox {
    pub fn letters(&self) -> Vec<Letter> {
        self.taken.lock().unwrap().clone()
    }

    pub fn warned(&self) -> Vec<Uuid> {
        self.warned.lock().unwrap().clone()
    }

    /// How the next letters are answered, instead of taking them.
    pub fn answer(&self, answers: impl IntoIterator<Item = Posted>) {
        self.answers.lock().unwrap().extend(answers);
    }

    fn kinds(&self, recipient: Recipient) -> Vec<Vec<Notice>> {
        let to = |letter: &Letter| letter.recipient == recipient;
        let letters = self.letters().into_iter().filter(to);
        letters.map(|letter| letter.told.iter().map(|(_, _, notice)| *notice).collect()).collect()
    }
}

impl Post for Mailbox {
    fn post(&self, letter: Letter, _: Timestamp) -> Posting<'_, Posted> {
        Box::pin(async move {
            if let Some(answer) = self.answers.lock().unwrap().pop_front() {
                return answer;
            }
            let refused = self.refused.lock().unwrap().contains(&letter.order_id);
            if refused || self.unknown.lock().unwrap().contains(&letter.recipient) {
                return failed("smtp_550_5.1.1", true);
            }
            self.taken.lock().unwrap().push(letter);
            Posted::Taken("250".to_owned())
        })
    }

    fn warn(&self, warning: Warning, _: Timestamp) -> Posting<'_, Posted> {
        Box::pin(async move {
            assert_eq!(warning.email, "hooks@example.cn");
            self.warned.lock().unwrap().push(warning.id);
            Posted::Taken("250".to_owned())
        })
    }

    fn close(&self) -> Posting<'_, ()> {
        Box::pin(async {})
    }
}

fn failed(code: &str, permanent: bool) -> Posted {
    Posted::Failed { permanent, code: code.to_owned(), retry_after: None, tried: true }
}

/// An endpoint is on this machine. What hangs is given up after a time that no good receiver needs, however busy the
/// machine is.
pub fn caller() -> Caller {
    let times = Times {
        total: std::time::Duration::from_secs(20),
        connect: std::time::Duration::from_secs(20),
        idle: std::time::Duration::from_secs(20),
    };
    Caller::new(Allowed::new(vec!["127.0.0.1/32".parse().unwrap()]), times, &[]).unwrap()
}

pub fn courier(desk: &Desk, post: &Arc<Mailbox>, hands: &Hands) -> Courier {
    Courier::new(desk.clone(), post.clone(), caller(), hands.clock(), Settings::default())
}

/// The post of a real house, into memory.
fn by_mail(desk: &Desk, memory: &Memory) -> Arc<ByMail> {
    let house = House {
        from: Sender::parse("Touchstone <no-reply@check.example.com>").unwrap(),
        list_id: "notices.check.example.com".to_owned(),
        supervisors: Supervisors::default(),
    };
    Arc::new(ByMail::new(desk.clone(), house, Transport::Memory(memory.clone())))
}

async fn rows(world: &World) -> Vec<outbox::Model> {
    outbox::Entity::find().all(world.store.reader()).await.unwrap()
}

async fn of_piece(world: &World, key: StreamKey) -> Vec<outbox::Model> {
    outboxes::of_stream(world.store.reader(), key.order_id.0, key.stream_id.0).await.unwrap()
}

/// Behind everything that a world does, and behind every wait for company.
pub fn later() -> Hands {
    Hands::at("2026-11-22T12:00:00Z")
}

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

both!(what_one_recipient_is_told_of_one_order_within_minutes_is_one_letter, |db| async move {
    let world = World::new(db).await;
    world.place("N-1", 30).await;
    let post = Arc::new(Mailbox::default());
    let early = Hands::at("2026-11-22T02:05:00Z");
    courier(&world.desk, &post, &early).until_idle().await.unwrap();
    assert!(post.kinds(Recipient::Buyer).is_empty(), "ten minutes are not over");
    courier(&world.desk, &post, &later()).until_idle().await.unwrap();
    assert_eq!(post.kinds(Recipient::Buyer), [vec![Notice::OrderTakenIn]]);
    assert_eq!(post.kinds(Recipient::Merchant), [vec![Notice::PieceToSend; 30]]);
    // Each is about another piece, in their order.
    let merchant = post.letters().into_iter().find(|letter| letter.recipient == Recipient::Merchant).unwrap();
    let streams: Vec<_> = merchant.told.iter().map(|(stream, _, _)| stream.0).collect();
    assert_eq!(streams, (1..=30).collect::<Vec<_>>());
    courier(&world.desk, &post, &later()).until_idle().await.unwrap();
    assert_eq!(post.letters().len(), 2, "once");
});

both!(a_choice_goes_at_once_and_takes_along_what_waits, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::AwaitingBuyer).await;
    let post = Arc::new(Mailbox::default());
    // A moment after the choice was written, and within ten minutes of all that came before it.
    let now = Hands::at("2026-11-22T02:01:00Z");
    courier(&world.desk, &post, &now).until_idle().await.unwrap();
    let told = post.kinds(Recipient::Buyer);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].last(), Some(&Notice::ChoiceNeeded));
    assert!(told[0].contains(&Notice::Arrived), "{told:?}");
});

both!(an_order_of_events_is_an_order_of_letters_and_a_retry_is_the_same_letter, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Received).await;
    let post = Arc::new(Mailbox::default());
    let hands = later();
    let first = courier(&world.desk, &post, &hands);
    // Buyer and merchant: neither is taken at first.
    post.answer([failed("smtp_451", false), failed("connection", false)]);
    first.until_idle().await.unwrap();
    assert!(post.letters().is_empty());
    let tried: BTreeMap<_, _> = of_piece(&world, key)
        .await
        .into_iter()
        .filter(|row| row.channel == "mail")
        .map(|row| (row.id, (row.letter, row.attempts, row.state)))
        .collect();
    assert!(tried.values().all(|(letter, attempts, state)| letter.is_some() && *attempts == 1 && state == "waiting"));
    // More happens before it is tried again.
    world.bring(key, Stage::Cleared).await;
    hands.advance(HOUR);
    first.until_idle().await.unwrap();
    hands.advance(HOUR);
    first.until_idle().await.unwrap();
    let buyer = post.kinds(Recipient::Buyer);
    assert_eq!(buyer, [vec![Notice::OrderTakenIn, Notice::Arrived], vec![Notice::Passed]]);
    let again = post.letters().into_iter().find(|letter| letter.recipient == Recipient::Buyer).unwrap();
    assert!(tried.values().any(|(letter, _, _)| *letter == Some(again.id)), "the id of the first try");
});

both!(one_bad_address_holds_up_nobody_and_is_told_to_a_supervisor, |db| async move {
    let world = World::new(db).await;
    let (bad, good) = (world.piece("N-1").await, world.piece("N-2").await);
    let post = Arc::new(Mailbox::default());
    post.refused.lock().unwrap().insert(bad.order_id);
    let hands = later();
    courier(&world.desk, &post, &hands).until_idle().await.unwrap();
    let of = |key: StreamKey| post.letters().into_iter().filter(move |letter| letter.order_id == key.order_id).count();
    assert_eq!((of(good), of(bad)), (2, 0));
    let buried: Vec<_> = rows(&world).await.into_iter().filter(|row| row.state == "buried").collect();
    // The letters to buyer and merchant, and those that would have told the supervisor of them.
    assert!(buried.iter().all(|row| row.outcome.as_deref() == Some("smtp_550_5.1.1")), "{buried:?}");
    let told: BTreeSet<_> = buried.iter().map(|row| (row.recipient.as_str(), row.notice.as_str())).collect();
    assert!(told.contains(&("buyer", "order_taken_in")) && told.contains(&("merchant", "piece_to_send")), "{told:?}");
    assert!(told.contains(&("supervisor", "mail_buried")), "{told:?}");

    // What was buried does not block what comes after it.
    post.refused.lock().unwrap().clear();
    world.bring(bad, Stage::Received).await;
    hands.advance(HOUR);
    courier(&world.desk, &post, &hands).until_idle().await.unwrap();
    let after: Vec<_> = post.letters().into_iter().filter(|letter| letter.order_id == bad.order_id).collect();
    assert!(
        after.iter().any(|letter| letter.told.iter().any(|(_, _, notice)| *notice == Notice::Arrived)),
        "{after:?}"
    );

    // A supervisor has it sent again.
    let row = buried.iter().find(|row| row.notice == "piece_to_send").unwrap();
    let request = world.request(&world.supervisor, "{}");
    world.desk.send_again(row.id, &request).await.unwrap();
    hands.advance(HOUR);
    courier(&world.desk, &post, &hands).until_idle().await.unwrap();
    assert_eq!(outboxes::row(world.store.reader(), row.id).await.unwrap().unwrap().state, "sent");
});

async fn clocks(world: &World, key: StreamKey) -> Vec<String> {
    let rows = queries::deadlines_of(world.store.reader(), key.order_id.0, key.stream_id.0).await.unwrap();
    rows.into_iter().map(|row| row.kind).collect()
}

both!(a_buyers_clock_starts_when_a_channel_has_accepted_and_not_before, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::AwaitingBuyer).await;
    assert!(clocks(&world, key).await.is_empty(), "written is not accepted");
    let post = Arc::new(Mailbox::default());
    let hands = later();
    // Neither to the merchant nor to the buyer at first.
    post.answer([failed("smtp_451", false), failed("smtp_451", false)]);
    courier(&world.desk, &post, &hands).until_idle().await.unwrap();
    assert!(clocks(&world, key).await.is_empty(), "tried is not accepted");
    hands.advance(HOUR);
    courier(&world.desk, &post, &hands).until_idle().await.unwrap();
    assert_eq!(clocks(&world, key).await, ["awaiting_buyer:buyer"]);
    let piece = world.folded(key).await;
    let Event::NoticeAccepted(accepted) = &piece.last().event else { panic!("{:?}", piece.last()) };
    assert_eq!((accepted.notice.as_str(), accepted.channel.as_str()), ("choice_needed", "mail"));
    assert_eq!((accepted.seq, piece.since().seq), (piece.head() - 1, piece.head() - 1));
    assert_eq!(piece.stage(), Stage::AwaitingBuyer);
    assert_eq!((piece.last().person, piece.last().key), (None, None), "nobody's word");
    assert_eq!(piece.notice_accepted(), Some(hands.now()));
    // Once: another letter of the same, or another channel, starts nothing anew.
    let length = piece.head();
    let row = of_piece(&world, key).await.into_iter().find(|row| row.notice == "choice_needed").unwrap();
    let again = touchstone::desk::accepted::Accepted {
        row: Uuid::now_v7(),
        seq: row.seq,
        notice: Notice::ChoiceNeeded,
        channel: "webhook",
    };
    assert!(!world.desk.note_accepted(key, &again, hands.now()).await.unwrap());
    assert_eq!(world.folded(key).await.head(), length);
    touchstone::audit::check(&world.store, world.desk.keys(), None, &mut Quiet).await.unwrap();
});

/// Nobody looks.
struct Quiet;

impl touchstone::audit::Watch for Quiet {
    fn progress(&mut self, _: u64, _: u64) {}

    fn found(&mut self, finding: &touchstone::audit::Finding) {
        panic!("{finding}");
    }
}

both!(a_merchants_time_to_appeal_counts_from_the_letter_that_was_taken, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Failed).await;
    assert!(clocks(&world, key).await.is_empty());
    let post = Arc::new(Mailbox::default());
    courier(&world.desk, &post, &later()).until_idle().await.unwrap();
    assert_eq!(clocks(&world, key).await, ["failed:merchant"]);
    let row = of_piece(&world, key).await;
    let row = row.iter().find(|row| row.notice == "failed" && row.recipient == "merchant").unwrap();
    assert_eq!((row.state.as_str(), row.outcome.as_deref()), ("sent", Some("250")));
});

both!(a_choice_that_reaches_nobody_is_a_supervisors_task, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::AwaitingBuyer).await;
    let post = Arc::new(Mailbox::default());
    let hands = later();
    post.answer(vec![Posted::Nobody("no_address"); 2]);
    courier(&world.desk, &post, &hands).until_idle().await.unwrap();
    assert!(clocks(&world, key).await.is_empty());
    let rows = of_piece(&world, key).await;
    let is_the_buyers = |row: &&outbox::Model| row.notice == "choice_needed" && row.recipient == "buyer";
    let choice: Vec<_> = rows.iter().filter(is_the_buyers).map(|row| row.state.as_str()).collect();
    assert_eq!(choice, ["nobody", "nobody"], "no address, and no endpoint");
    let told: Vec<_> = rows.iter().filter(|row| row.notice == "choice_unreached").collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (told[0].recipient.as_str(), told[0].seq),
        ("supervisor", rows.iter().find(|row| row.notice == "choice_needed").unwrap().seq)
    );
});

/// Everything that a world's journals want told by letter: order, recipient, journal, event, notice.
type Told = BTreeSet<(Uuid, String, i32, i32, String)>;

async fn wanted(world: &World) -> Told {
    let rows = rows(world).await.into_iter().filter(|row| row.channel == "mail" && row.recipient != "supervisor");
    rows.map(|row| (row.order_id, row.recipient, row.stream_id, row.seq, row.notice)).collect()
}

fn arrived(letters: &[Letter]) -> Vec<(Uuid, String, i32, i32, String)> {
    let of = |letter: &Letter| {
        let (order, recipient) = (letter.order_id.0, letter.recipient.as_str().to_owned());
        let told = letter
            .told
            .iter()
            .map(move |(stream, seq, notice)| (order, recipient.clone(), stream.0, *seq, notice.as_str().to_owned()));
        told.collect::<Vec<_>>()
    };
    letters.iter().filter(|letter| letter.recipient != Recipient::Supervisor).flat_map(of).collect()
}

/// Stops a courier at one step, the `nth` time it comes there, as if its machine had died; another takes over once the
/// lease is over.
async fn die_at(db: &TestDatabase, point: Point, nth: usize) {
    let world = World::new(db).await;
    let placed = world.place("N-1", 2).await.pieces;
    world.bring(placed[0], Stage::AwaitingBuyer).await;
    world.bring(placed[1], Stage::Failed).await;
    world.piece("N-2").await;
    let post = Arc::new(Mailbox::default());
    let hands = later();
    let seen = AtomicUsize::new(0);
    let dying = courier(&world.desk, &post, &hands).with_probe(Arc::new(move |at| {
        if at == point && seen.fetch_add(1, Ordering::SeqCst) == nth { Fate::Die } else { Fate::GoOn }
    }));
    match dying.until_idle().await {
        Ok(_) => {} // It never came there so often.
        Err(Fault::Stopped(at)) => assert_eq!(at, point),
        Err(fault) => panic!("{fault}"),
    }
    drop(dying);
    hands.advance(HOUR);
    courier(&world.desk, &post, &hands).until_idle().await.unwrap();

    let arrived = arrived(&post.letters());
    let once: Told = arrived.iter().cloned().collect();
    assert_eq!(once, wanted(&world).await, "lost at {point:?} {nth}");
    let twice = arrived.len() - once.len();
    let between = matches!(point, Point::AfterSend | Point::BeforeSend | Point::BeforeMark);
    assert!(twice == 0 || between, "{point:?} {nth} sent {twice} again");
    // What came twice came under the same id, with the same content.
    let mut by_id: BTreeMap<Uuid, Letter> = BTreeMap::new();
    for letter in post.letters() {
        let first = by_id.entry(letter.id).or_insert_with(|| letter.clone());
        assert_eq!(*first, letter, "{point:?} {nth}");
    }
    let distinct: BTreeSet<_> = by_id.values().flat_map(|letter| super_told(letter)).collect();
    assert_eq!(distinct.len(), once.len(), "one thing told stands in one letter");
    // Both clocks run, each from one event.
    let kinds = [world.kinds(placed[0]).await, world.kinds(placed[1]).await].concat();
    assert_eq!(kinds.iter().filter(|kind| *kind == "notice_accepted").count(), 2, "{point:?} {nth}");
    let open = rows(&world).await.into_iter().filter(|row| row.state == "waiting" || row.state == "accepted").count();
    assert_eq!(open, 0, "{point:?} {nth}");
}

fn super_told(letter: &Letter) -> Vec<(Uuid, &'static str, i32, i32, &'static str)> {
    let of = |(stream, seq, notice): &(touchstone::domain::ids::StreamId, i32, Notice)| {
        (letter.order_id.0, letter.recipient.as_str(), stream.0, *seq, notice.as_str())
    };
    letter.told.iter().map(of).collect()
}

both!(no_notice_is_lost_wherever_a_courier_dies_and_none_is_repeated_but_between_send_and_mark, |db| async move {
    for point in Point::ALL {
        for nth in [0, 1] {
            let fresh = match db.backend() {
                touchstone::store::Backend::Sqlite => TestDatabase::sqlite(),
                touchstone::store::Backend::Postgres => TestDatabase::postgres(),
            };
            die_at(&fresh, point, nth).await;
        }
    }
});

#[tokio::test]
async fn several_couriers_on_one_postgresql_send_nothing_twice() {
    let db = TestDatabase::postgres();
    let world = World::new(&db).await;
    for at in 0..40 {
        world.place_for(&format!("N-{at}"), &format!("u-{at}"), 2).await;
    }
    let post = Arc::new(Mailbox::default());
    let hands = later();
    let mut working = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let desk = world.another_desk(&db).await;
        let (post, hands) = (post.clone(), hands.clone());
        working.spawn(async move {
            let settings = Settings { letters: 3, ..Settings::default() };
            let courier = Courier::new(desk.clone(), post, caller(), hands.clock(), settings);
            courier.until_idle().await.unwrap();
            desk.close().await;
        });
    }
    while let Some(done) = working.join_next().await {
        done.unwrap();
    }
    // Whoever ended early left nothing behind that another did not take.
    courier(&world.desk, &post, &hands).until_idle().await.unwrap();
    let arrived = arrived(&post.letters());
    assert_eq!(arrived.len(), 40 * 3);
    assert_eq!(arrived.into_iter().collect::<Told>(), wanted(&world).await);
    assert_eq!(post.letters().len(), 80, "one to each buyer, one to each merchant, for each order");
}

both!(a_courier_that_is_told_to_stop_finishes_what_it_has_in_hand, |db| async move {
    let world = World::new(db).await;
    for at in 0..6 {
        world.piece(&format!("N-{at}")).await;
    }
    let post = Arc::new(Mailbox::default());
    let hands = later();
    let settings = Settings { letters: 2, ..Settings::default() };
    let courier = Courier::new(world.desk.clone(), post.clone(), caller(), hands.clock(), settings);
    // It is stopped as soon as the first letter is out.
    let probe = post.clone();
    let stopped = async move {
        while probe.letters().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    courier.run(stopped).await;
    let held = rows(&world).await.into_iter().filter(|row| row.lease.is_some()).count();
    assert_eq!(held, 0, "nothing is left leased");
    let sent: usize = rows(&world).await.into_iter().filter(|row| row.state == "sent" && row.channel == "mail").count();
    assert_eq!(sent, arrived(&post.letters()).len(), "what was sent is marked");
    let _ = MINUTE;
});
