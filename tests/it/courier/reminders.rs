//! Reminders: once, by day, and of nothing that was done meanwhile.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use touchstone::clockwork::{Pass, fire_due};
use touchstone::courier::{Courier, Settings};
use touchstone::domain::ids::StreamKey;
use touchstone::domain::notice::{Notice, Recipient};
use touchstone::domain::route::Stage;
use touchstone::mail::transport::Memory;
use touchstone::store::queries;

use super::{Hands, Mailbox, by_mail, caller, clocks, courier, later, of_piece};
use crate::world::World;

/// In Shanghai, where everybody lives: UTC and eight hours.
fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

/// A choice whose notice was taken on the 22nd at 20:00, and which ends on the 25th at that hour.
async fn choice(world: &World, order_no: &str) -> StreamKey {
    let key = world.piece(order_no).await;
    world.bring(key, Stage::AwaitingBuyer).await;
    courier(&world.desk, &Arc::new(Mailbox::default()), &later()).until_idle().await.unwrap();
    assert_eq!(clocks(world, key).await, ["awaiting_buyer:buyer"]);
    key
}

/// The day before its end, at the same hour.
const NEAR: &str = "2026-11-24T12:00:00Z";

async fn states(world: &World, key: StreamKey, notice: &str) -> Vec<(String, String, Option<String>)> {
    let rows = of_piece(world, key).await.into_iter().filter(|row| row.notice == notice);
    rows.map(|row| (row.channel, row.state, row.outcome)).collect()
}

async fn is_as_rebuilt(world: &World) {
    assert_eq!(touchstone::audit::rebuild(&world.store, &mut ()).await.unwrap().differed, 0);
}

both!(whoever_has_to_choose_is_reminded_once_a_day_before_the_end, |db| async move {
    let world = World::new(db).await;
    let key = choice(&world, "N-1").await;
    let other = world.another_desk(db).await;
    let early = at(NEAR).checked_sub(SignedDuration::from_micros(1)).unwrap();
    assert_eq!(fire_due(&world.desk, early).await.unwrap(), Pass::default());
    // Two look at once.
    let (one, two) = tokio::join!(fire_due(&world.desk, at(NEAR)), fire_due(&other, at(NEAR)));
    assert_eq!(one.unwrap().fired + two.unwrap().fired, 1);
    assert_eq!(world.kinds(key).await.last().unwrap(), "deadline_neared");
    assert_eq!(fire_due(&world.desk, at(NEAR)).await.unwrap(), Pass::default());
    assert_eq!(world.folded(key).await.stage(), Stage::AwaitingBuyer);
    assert_eq!(clocks(&world, key).await, ["awaiting_buyer:buyer"], "the clock runs on");
    is_as_rebuilt(&world).await;
    let row = queries::piece(world.store.reader(), key.order_id.0, key.stream_id.0).await.unwrap().unwrap();
    assert_eq!(row.due_at, Some(at("2026-11-25T12:00:00Z").as_microsecond()));
    let memory = Memory::default();
    let hands = Hands::at(NEAR);
    let settings = Settings::default();
    let post = by_mail(&world.desk, &memory);
    Courier::new(world.desk.clone(), post, caller(), hands.clock(), settings).until_idle().await.unwrap();
    let [letter] = memory.letters().try_into().unwrap();
    assert_eq!(letter.recipient, Recipient::Buyer);
    assert!(letter.text.contains(&format!("/act/{}", world.desk.action_token(key.order_id))), "{}", letter.text);
    assert!(letter.text.contains("11月25日"), "until when: {}", letter.text);
    // At its end it is over, reminder or not.
    assert_eq!(fire_due(&world.desk, at("2026-11-25T12:00:00Z")).await.unwrap().fired, 1);
    assert_eq!(world.folded(key).await.stage(), Stage::Returning);
    is_as_rebuilt(&world).await;
});

both!(nobody_is_reminded_of_what_they_have_done, |db| async move {
    let world = World::new(db).await;
    // One choice is made before its reminder, one between the reminder and its letter.
    let (before, between) = (choice(&world, "N-1").await, choice(&world, "N-2").await);
    world.cancel(before).await.unwrap();
    assert_eq!(fire_due(&world.desk, at(NEAR)).await.unwrap().fired, 1);
    assert!(states(&world, before, "choice_reminder").await.is_empty());
    assert_eq!(states(&world, between, "choice_reminder").await.len(), 2, "by mail, and for the platform's app");
    world.cancel(between).await.unwrap();
    let (memory, hands) = (Memory::default(), Hands::at(NEAR));
    let post = by_mail(&world.desk, &memory);
    Courier::new(world.desk.clone(), post, caller(), hands.clock(), Settings::default()).until_idle().await.unwrap();
    let reminds = |text: &str| text.contains("还在等您决定");
    assert!(memory.letters().iter().all(|letter| !reminds(&letter.subject) && !reminds(&letter.text)));
    let closed = states(&world, between, "choice_reminder").await;
    let of = |channel: &str, outcome: &str| (channel.to_owned(), "nobody".to_owned(), Some(outcome.to_owned()));
    assert_eq!(closed, [of("mail", "no_longer_so"), of("webhooks", "no_endpoint")]);
    // A parcel that was sent is not to be sent.
    let sent = world.piece("N-3").await;
    world.bring(sent, Stage::Inbound).await;
    fire_due(&world.desk, at("2026-11-23T01:00:00Z")).await.unwrap();
    assert!(states(&world, sent, "send_reminder").await.is_empty());
    is_as_rebuilt(&world).await;
});

both!(nobody_is_reminded_at_night, |db| async move {
    let world = World::new(db).await;
    let key = world.piece("N-1").await;
    let due = at("2026-11-24T01:00:00Z");
    assert_eq!(
        touchstone::store::queries::deadlines_of(world.store.reader(), key.order_id.0, key.stream_id.0)
            .await
            .unwrap()
            .first()
            .map(|row| row.due_at),
        Some(due.as_microsecond())
    );
    // The house stood still from before nine in the morning, when it was due, until eleven at night.
    assert_eq!(fire_due(&world.desk, at("2026-11-23T15:00:00Z")).await.unwrap(), Pass::default());
    assert_eq!(world.kinds(key).await, ["piece_opened"]);
    // The other stood still until nine in the evening, and its mail server until after ten.
    let choice = choice(&world, "N-2").await;
    assert_eq!(fire_due(&world.desk, at("2026-11-24T13:00:00Z")).await.unwrap().fired, 1 + 1, "and a parcel's end");
    let (memory, hands) = (Memory::default(), Hands::at("2026-11-24T14:30:00Z"));
    let post = by_mail(&world.desk, &memory);
    let courier = Courier::new(world.desk.clone(), post, caller(), hands.clock(), Settings::default());
    courier.until_idle().await.unwrap();
    let rows = of_piece(&world, choice).await;
    let row = rows.iter().find(|row| row.notice == "choice_reminder" && row.channel == "mail").unwrap();
    assert_eq!((row.state.as_str(), row.outcome.as_deref(), row.attempts), ("waiting", Some("night"), 0));
    assert_eq!(row.not_before_at, at("2026-11-25T01:00:00Z").as_microsecond(), "nine in the morning");
    assert!(!memory.letters().iter().any(|letter| letter.subject.contains("还在等您决定")));
    hands.advance(SignedDuration::from_hours(11));
    courier.until_idle().await.unwrap();
    let told = memory.letters().into_iter().filter(|letter| letter.subject.contains("还在等您决定")).count();
    assert_eq!(told, 1);
});

both!(a_merchant_is_reminded_of_a_parcel_that_is_still_to_be_sent, |db| async move {
    let world = World::new(db).await;
    let keys = world.place("N-1", 2).await.pieces;
    let post = Arc::new(Mailbox::default());
    courier(&world.desk, &post, &later()).until_idle().await.unwrap();
    world.bring(keys[1], Stage::Inbound).await;
    assert_eq!(fire_due(&world.desk, at("2026-11-23T01:00:00Z")).await.unwrap().fired, 1);
    assert_eq!(world.kinds(keys[0]).await, ["piece_opened", "deadline_neared"]);
    courier(&world.desk, &post, &Hands::at("2026-11-23T01:00:01Z")).until_idle().await.unwrap();
    assert_eq!(post.kinds(Recipient::Merchant).last(), Some(&vec![Notice::SendReminder]));
    is_as_rebuilt(&world).await;
});
