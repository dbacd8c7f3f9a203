//! The machine dies before any statement of desk and courier, before any commit and after it, and before and after each
//! word to another machine: nothing is lost, and what comes twice had been sent and not yet marked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use touchstone::courier::{Courier, Fate, Point, Settings};
use touchstone::desk::{Desk, Options};
use touchstone::domain::ids::OrderId;
use touchstone::domain::notice::{Notice, Recipient};
use touchstone::domain::route::Stage;
use touchstone::store::entity::outbox;
use touchstone::store::outbox::State;
use touchstone::store::webhooks as endpoints;
use uuid::Uuid;

use super::webhooks::{Manner, Receiver, endpoint};
use super::{HOUR, Hands, Mailbox, caller, clocks, courier, later, rows};
use crate::dying::Doom;
use crate::world::{World, code, order_of};

/// A desk on a machine that dies.
fn desk_of(doom: &Arc<Doom>, world: &World) -> Desk {
    world.desk.another(doom.store(&world.store), &world.secrets, Options::default()).unwrap()
}

/// A courier on it; `from` is where it begins to count, if it does not count yet.
fn courier_of(doom: &Arc<Doom>, world: &World, (post, hands): (&Arc<Mailbox>, &Hands), from: Option<Point>) -> Courier {
    let courier = Courier::new(desk_of(doom, world), post.clone(), caller(), hands.clock(), Settings::default());
    let doom = doom.clone();
    courier.with_probe(Arc::new(move |point| {
        if from == Some(point) {
            doom.count();
        }
        if doom.lives(|| format!("{point:?}")) { Fate::GoOn } else { Fate::Die }
    }))
}

/// Who is told what of which event by which channel.
type Told = (i32, i32, String, String, String);

async fn of_order(world: &World, order: OrderId) -> Vec<outbox::Model> {
    rows(world).await.into_iter().filter(|row| row.order_id == order.0).collect()
}

fn told(rows: &[outbox::Model]) -> Vec<Told> {
    let of =
        |row: &outbox::Model| (row.stream_id, row.seq, row.recipient.clone(), row.notice.clone(), row.channel.clone());
    let mut told: Vec<_> = rows.iter().map(of).collect();
    told.sort();
    told
}

both!(a_desk_that_dies_at_any_statement_tells_everything_once_or_nothing, |db| async move {
    let world = World::new(db).await;
    let mut expected: Option<Vec<Told>> = None;
    let mut moment = 0;
    loop {
        let doom = Doom::at(moment, true);
        let dying = desk_of(&doom, &world);
        let number = format!("N-{moment}");
        let (order, seals) = world.order(&number, "u-1", 1);
        let order_id = order.order_id;
        let request = world.request(&world.platform, number.as_str());
        let answer = dying.place(order, seals, request.clone()).await;
        dying.close().await;
        let at = doom.what();
        let placed = if doom.struck() {
            // What is committed may still be found and answered; nothing else is.
            assert!(code(&answer) != "done" || at == "Committed", "{at}");
            // Whole, or not at all; whoever asked asks again.
            let before = told(&of_order(&world, order_id).await);
            assert!(before.is_empty() || expected.as_ref().is_none_or(|expected| before == *expected), "{at}");
            let (order, seals) = world.order(&number, "u-1", 1);
            world.desk.place(order, seals, request).await
        } else {
            answer
        };
        let placed = OrderId(order_of(placed).order_id);
        let after = told(&of_order(&world, placed).await);
        assert_eq!(*expected.get_or_insert_with(|| after.clone()), after, "{at}");
        if !doom.struck() {
            break;
        }
        moment += 1;
    }
    assert!(10 < moment, "an order is more than {moment} statements");
});

/// Runs a courier that dies at this moment, another that finishes, and looks what came of one order. Answers whether it
/// died.
async fn die_and_go_on(world: &World, (order, hands): (OrderId, &Hands), receiver: &Receiver, moment: i64) -> bool {
    let doom = Doom::at(moment, true);
    let post = Arc::new(Mailbox::default());
    let heard = receiver.taken().len();
    let dying = courier_of(&doom, world, (&post, hands), None);
    let ended = dying.until_idle().await;
    assert_eq!(ended.is_err(), doom.struck(), "{}", doom.what());
    drop(dying);
    let at = doom.what();
    // In whose hand something was: it may have been sent, and nobody has marked it.
    let is_held = |row: &&outbox::Model| row.lease.is_some() && row.state == State::Waiting.as_str();
    let held: BTreeSet<Uuid> = of_order(world, order).await.iter().filter(is_held).map(|row| row.id).collect();
    hands.advance(HOUR);
    courier(&world.desk, &post, hands).until_idle().await.unwrap();

    let rows = of_order(world, order).await;
    let open = rows.iter().filter(|row| ["waiting", "accepted", "buried"].contains(&row.state.as_str())).count();
    assert_eq!(open, 0, "{at}: {rows:?}");
    let mut letters: BTreeMap<Uuid, Vec<_>> = BTreeMap::new();
    for letter in post.letters() {
        assert_eq!(letter.order_id, order);
        letters.entry(letter.id).or_default().push(letter);
    }
    for row in rows.iter().filter(|row| row.channel == "mail") {
        let came = letters.get(&row.letter.unwrap()).unwrap_or_else(|| panic!("{at}: lost {row:?}"));
        assert!(came.len() == 1 || held.contains(&row.id), "{at}: {} times {row:?}", came.len());
        assert!(came.iter().all(|letter| *letter == came[0]), "{at}: the same id says the same");
        assert!(came[0].told.iter().any(|(stream, seq, _)| (stream.0, *seq) == (row.stream_id, row.seq)));
    }
    let mut messages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for message in receiver.taken().split_off(heard) {
        messages.entry(message.id().to_owned()).or_default().push(message.body.clone());
    }
    for row in rows.iter().filter(|row| row.channel.starts_with("webhook:")) {
        let id = touchstone::courier::signature::message_id(row.id);
        let came = messages.get(&id).unwrap_or_else(|| panic!("{at}: lost {row:?}"));
        assert!(came.len() == 1 || held.contains(&row.id), "{at}: {} times {row:?}", came.len());
        assert!(came.iter().all(|body| *body == came[0]), "{at}: the same id says the same");
    }
    doom.struck()
}

both!(a_courier_that_dies_at_any_statement_loses_nothing_and_repeats_only_what_it_had_in_hand, |db| async move {
    let world = World::new(db).await;
    let receiver = Receiver::open([]).await;
    endpoint(&world, &receiver.url(), None).await;
    let hands = later();
    let mut moment = 0;
    loop {
        let order = world.place(&format!("N-{moment}"), 1).await.order_id();
        if !die_and_go_on(&world, (order, &hands), &receiver, moment).await {
            break;
        }
        moment += 1;
    }
    // Giving away, leasing letters and messages, marking them: each some statements and a commit.
    assert!(20 < moment, "{moment}");
});

both!(a_clock_starts_once_wherever_couriers_die_while_they_note_what_was_taken, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::AwaitingBuyer).await;
    let (post, hands) = (Arc::new(Mailbox::default()), later());
    // Each dies a moment later than the one before it, until one comes to the end.
    let mut moment = 0;
    loop {
        let doom = Doom::at(moment, false);
        let ended = courier_of(&doom, &world, (&post, &hands), Some(Point::BeforeNote)).until_idle().await;
        assert_eq!(ended.is_err(), doom.struck(), "{}", doom.what());
        if !doom.struck() {
            break;
        }
        moment += 1;
        hands.advance(HOUR);
    }
    assert!(5 < moment, "{moment}");
    let kinds = world.kinds(key).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "notice_accepted").count(), 1, "{kinds:?}");
    assert_eq!(clocks(&world, key).await, ["awaiting_buyer:buyer"]);
    let letters: BTreeSet<Uuid> = post.letters().iter().map(|letter| letter.id).collect();
    assert_eq!(letters.len(), post.letters().len(), "what was marked is not sent again");
    let open = rows(&world).await.into_iter().filter(|row| row.state == "waiting" || row.state == "accepted").count();
    assert_eq!(open, 0);
});

both!(a_courier_that_dies_while_it_buries_a_letter_tells_the_supervisor_once, |db| async move {
    let world = World::new(db).await;
    let hands = later();
    let mut moment = 0;
    loop {
        let order = world.place(&format!("N-{moment}"), 1).await.order_id();
        let post = Arc::new(Mailbox::default());
        post.unknown.lock().unwrap().extend([Recipient::Buyer, Recipient::Merchant]);
        let doom = Doom::at(moment, true);
        let ended = courier_of(&doom, &world, (&post, &hands), None).until_idle().await;
        assert_eq!(ended.is_err(), doom.struck(), "{}", doom.what());
        for _ in 0..2 {
            hands.advance(HOUR);
            courier(&world.desk, &post, &hands).until_idle().await.unwrap();
        }
        let at = doom.what();
        let rows = of_order(&world, order).await;
        let (supervisors, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.recipient == "supervisor");
        let by_mail = others.iter().filter(|row| row.channel == "mail");
        assert!(by_mail.clone().all(|row| row.state == State::Buried.as_str()), "{at}: {others:?}");
        // Of each event that somebody was not told of.
        let events: BTreeSet<_> = by_mail.map(|row| (row.stream_id, row.seq)).collect();
        let heard: Vec<_> = supervisors.iter().map(|row| (row.stream_id, row.seq)).collect();
        assert_eq!((heard.len(), heard.iter().copied().collect::<BTreeSet<_>>()), (events.len(), events), "{at}");
        let mut letters: BTreeMap<Uuid, Vec<_>> = BTreeMap::new();
        for letter in post.letters() {
            letters.entry(letter.id).or_default().push(letter);
        }
        let mut told: Vec<_> = letters.values().flat_map(|came| &came[0].told).collect();
        told.sort();
        told.dedup();
        assert_eq!(told.len(), heard.len(), "{at}: {told:?}");
        assert!(told.iter().all(|(_, _, notice)| *notice == Notice::MailBuried), "{at}: {told:?}");
        // Twice only where it had been taken and the machine died before the mark, and then the same.
        assert!(letters.values().all(|came| came.len() == 1 || doom.struck()), "{at}");
        assert!(letters.values().flatten().all(|letter| *letter == letters[&letter.id][0]), "{at}");
        if !doom.struck() {
            break;
        }
        moment += 1;
    }
    assert!(20 < moment, "{moment}");
});

both!(a_courier_that_dies_while_it_pauses_an_endpoint_tells_its_owner_of_each_pause_once, |db| async move {
    let world = World::new(db).await;
    let receiver = Receiver::open([Manner::Status(410)]).await;
    let (row, _) = endpoint(&world, &receiver.url(), None).await;
    let (hands, post) = (later(), Arc::new(Mailbox::default()));
    let look = async || endpoints::endpoint(world.store.reader(), row.id).await.unwrap().unwrap();
    let (mut moment, mut pauses) = (0, BTreeSet::new());
    loop {
        world.place(&format!("N-{moment}"), 1).await;
        let warned_before = post.warned().len();
        let doom = Doom::at(moment, true);
        let ended = courier_of(&doom, &world, (&post, &hands), None).until_idle().await;
        assert_eq!(ended.is_err(), doom.struck(), "{}", doom.what());
        hands.advance(HOUR);
        courier(&world.desk, &post, &hands).until_idle().await.unwrap();
        let at = doom.what();
        let paused = look().await;
        assert!(paused.paused_at.is_some() && paused.told_at.is_some(), "{at}");
        // A letter of this pause, under an id of its own; again only where the machine died before its mark.
        let warned = post.warned().split_off(warned_before);
        let [first, again @ ..] = warned.as_slice() else { panic!("{at}: nobody was told") };
        assert!(pauses.insert(*first), "{at}: the id of another pause");
        assert!(again.is_empty() || doom.struck() && again == [*first], "{at}: {warned:?}");
        if !doom.struck() {
            break;
        }
        let go_on = world.request(&world.platform, format!("go on {moment}").as_str());
        world.desk.resume_webhook(row.id, &go_on).await.unwrap();
        hands.advance(HOUR);
        moment += 1;
    }
    assert!(20 < moment, "{moment}");
});
