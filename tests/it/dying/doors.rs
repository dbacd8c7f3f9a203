//! What is asked of the desk beside the walks: clocks that fire, endpoints that change, what is sent again, and the answers
//! that no walk gives.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sea_orm::{EntityTrait, PaginatorTrait, QueryOrder};
use touchstone::clockwork::{Pass, fire_due};
use touchstone::courier::Posted;
use touchstone::desk::webhooks::NewWebhook;
use touchstone::desk::{Desk, Error, KeyGrant, Options, Request, Seals};
use touchstone::domain::actor::{By, Role};
use touchstone::domain::certificate::{Binding, HeldBy};
use touchstone::domain::command::Command;
use touchstone::domain::ids::{KeyId, TenantId};
use touchstone::domain::orders::OrderCommand;
use touchstone::domain::route::Stage;
use touchstone::store::entity::{deadlines, event_keys, events, keys, outbox, webhooks as endpoints};
use touchstone::store::{Backend, webhooks};

use super::{ANEW, Doom, RARELY};
use crate::certificates::{binding, piece_with};
use crate::clockwork::together;
use crate::courier::webhooks::{Receiver, endpoint};
use crate::courier::{Mailbox, courier, later};
use crate::derived;
use crate::world::World;

/// Does one thing on machines each of which dies a moment later than the one before it, until it was done. Answers what
/// came of it, and how often the machine died.
async fn done<T>(world: &World, name: &str, work: impl AsyncFn(Desk) -> Result<T, Error>) -> (T, usize) {
    let every = if world.store.backend() == Backend::Postgres { RARELY } else { 1 };
    done_rarely(world, name, every, work).await
}

/// The same, where of so many statements one is a moment.
async fn done_rarely<T>(
    world: &World,
    name: &str,
    every: usize,
    work: impl AsyncFn(Desk) -> Result<T, Error>,
) -> (T, usize) {
    let (mut moment, mut anew, mut deaths) = (0, 0, 0);
    loop {
        let rows = rows(world).await;
        let doom = Doom::rarely(moment, true, every);
        let desk = world.desk.another(doom.store(&world.store), &world.secrets, Options::default()).unwrap();
        let answer = work(desk.clone()).await;
        desk.close().await;
        if !doom.struck() {
            return (answer.unwrap_or_else(|error| panic!("{name}: {error}")), deaths);
        }
        deaths += 1;
        let at = doom.what();
        if doom.has_written() {
            is_whole(world, &format!("{name}: died at {at}, {moment}")).await;
        } else {
            assert_eq!(self::rows(world).await, rows, "{name}: died at {at}, {moment}, and left something");
        }
        let further = doom.is_new_ground() && anew < ANEW;
        (moment, anew) = if further { (0, anew + 1) } else { (moment + 1, anew) };
    }
}

/// Events, their keys, rows that tell, and endpoints: as many as there are, and what may change of them.
async fn rows(world: &World) -> (u64, u64, Vec<outbox::Model>, Vec<endpoints::Model>) {
    let reader = world.store.reader();
    (
        events::Entity::find().count(reader).await.unwrap(),
        event_keys::Entity::find().count(reader).await.unwrap(),
        outbox::Entity::find().order_by_asc(outbox::Column::Id).all(reader).await.unwrap(),
        endpoints::Entity::find().order_by_asc(endpoints::Column::Id).all(reader).await.unwrap(),
    )
}

async fn is_whole(world: &World, told: &str) {
    assert_eq!(derived::differences(&world.store).await, Vec::<String>::new(), "{told}");
    let checked = touchstone::audit::check(&world.store, world.desk.keys(), None, &mut ()).await.unwrap();
    assert!(checked.ok(), "{told}: {checked:?}");
    assert_eq!(touchstone::audit::rebuild(&world.store, &mut ()).await.unwrap().differed, 0, "{told}");
}

async fn due(world: &World, until: Timestamp) -> Vec<deadlines::Model> {
    let mut rows = deadlines::Entity::find().all(world.store.reader()).await.unwrap();
    rows.retain(|row| row.due_at <= until.as_microsecond());
    rows.sort_by_key(|row| row.due_at);
    rows
}

both!(whatever_runs_out_or_is_reminded_of_happens_once_wherever_the_machine_dies, |db| async move {
    let world = World::new(db).await;
    let stages = [
        Stage::AwaitingDispatch,
        Stage::Inbound,
        Stage::Received,
        Stage::Appraising,
        Stage::SpokenReview,
        Stage::AwaitingBuyer,
        Stage::Failed,
        Stage::Cleared,
        Stage::Tagged,
        Stage::Released,
        Stage::Outbound,
        Stage::Delivered,
        Stage::Returning,
    ];
    let pieces = world.place("N-1", stages.len() as i32).await.pieces;
    for (key, stage) in pieces.iter().zip(stages) {
        if stage == Stage::Returning {
            world.bring(*key, Stage::Failed).await;
        }
        world.bring(*key, stage).await;
    }
    let post = Arc::new(Mailbox::default());
    let hands = later();
    courier(&world.desk, &post, &hands).until_idle().await.unwrap();
    let end = world.now().checked_add(SignedDuration::from_hours(24 * 400)).unwrap();
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut deaths = 0;
    // From each thing that is due to the next, through a year in which nobody does anything.
    while let Some(next) = due(&world, end).await.first().map(|row| row.due_at) {
        let next = Timestamp::from_microsecond(next).unwrap();
        if hands.now() < next {
            hands.advance(next.duration_since(hands.now()));
        }
        let kinds: BTreeSet<String> = due(&world, hands.now()).await.into_iter().map(|row| row.kind).collect();
        if kinds.is_subset(&known) {
            fire_due(&world.desk, hands.now()).await.unwrap();
        } else {
            let name = format!("{kinds:?}");
            known.extend(kinds);
            let fire = async |desk: Desk| {
                // What a dead worker had in hand is free after its lease.
                hands.advance(SignedDuration::from_secs(61));
                let pass = fire_due(&desk, hands.now()).await?;
                if pass.failed == 0 { Ok(pass) } else { Err(Error::Busy) }
            };
            // Many clocks of one order, each of which writes much.
            deaths += done_rarely(&world, &name, RARELY, fire).await.1;
        }
        courier(&world.desk, &post, &hands).until_idle().await.unwrap();
        // What waits for the morning is looked at again then.
        hands.advance(SignedDuration::from_mins(30));
    }
    println!("the machine died {deaths} times while {} kinds of clocks ran out: {known:?}", known.len());
    assert!(15 < known.len() && 4 * known.len() < deaths, "{deaths}: {known:?}");
    assert!(known.iter().any(|kind| kind.ends_with(":reminder")), "{known:?}");
    assert_eq!(fire_due(&world.desk, end).await.unwrap(), Pass::default());
    is_whole(&world, "at the end").await;
});

fn endpoint_at(url: &str) -> NewWebhook {
    let email = Some("hooks@example.cn".to_owned());
    NewWebhook { tenant: TenantId::parse("demo").unwrap(), merchant: None, url: url.to_owned(), email }
}

both!(an_endpoint_is_changed_once_wherever_the_machine_dies, |db| async move {
    let world = World::new(db).await;
    let (receiver, post, hands) = (Receiver::open([]).await, Arc::new(Mailbox::default()), later());
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Received).await;
    let request = world.request(&world.platform, "an endpoint");
    let (_, deaths) =
        done(&world, "add", async |desk| desk.add_webhook(endpoint_at("https://e.cn/"), &request).await).await;
    assert!(0 < deaths);
    let all = endpoints::Entity::find().all(world.store.reader()).await.unwrap();
    assert_eq!(all.len(), 1, "made once, however often it was asked for");

    let (own, _) = endpoint(&world, &receiver.url(), None).await;
    let secrets = async || {
        let row = webhooks::endpoint(world.store.reader(), own.id).await.unwrap().unwrap();
        world.desk.open_webhook(&row).unwrap().secrets(hands.now())
    };
    let first = secrets().await;
    let request = world.request(&world.platform, "another secret");
    assert!(0 < done(&world, "rotate", async |desk| desk.rotate_webhook(own.id, &request).await).await.1);
    let second = secrets().await;
    assert_eq!((second.len(), &second[1]), (2, &first[0]), "turned once, and the one before signs beside it");

    courier(&world.desk, &post, &hands).until_idle().await.unwrap();
    let told = receiver.taken().len();
    assert!(0 < told);
    let request = world.request(&world.platform, "all of it once more");
    let span = (0, hands.now().as_microsecond());
    let (replayed, deaths) =
        done(&world, "replay", async |desk| desk.replay_webhook(own.id, span, &request).await).await;
    assert!(0 < deaths && replayed.count == told, "{deaths}, {replayed:?}");
    courier(&world.desk, &post, &hands).until_idle().await.unwrap();
    assert_eq!(receiver.taken().len(), 2 * told, "once more, and not twice");

    let request = world.request(&world.platform, "go on");
    assert!(0 < done(&world, "resume", async |desk| desk.resume_webhook(own.id, &request).await).await.1);
    let request = world.request(&world.platform, "no more");
    assert!(0 < done(&world, "delete", async |desk| desk.delete_webhook(own.id, &request).await).await.1);
    assert_eq!(webhooks::endpoint(world.store.reader(), own.id).await.unwrap(), None);
    is_whole(&world, "at the end").await;
});

both!(what_was_given_up_is_sent_again_once_wherever_the_machine_dies, |db| async move {
    let world = World::new(db).await;
    world.piece("N-1").await;
    let (post, hands) = (Arc::new(Mailbox::default()), later());
    post.answer(vec![Posted::Nobody("no_address"); 2]);
    courier(&world.desk, &post, &hands).until_idle().await.unwrap();
    let given_up = outbox::Entity::find().all(world.store.reader()).await.unwrap();
    let row = given_up.into_iter().find(|row| row.channel == "mail" && row.state == "nobody").unwrap();
    let request = world.request(&world.supervisor, "{}");
    assert!(0 < done(&world, "resend", async |desk| desk.send_again(row.id, &request).await).await.1);
    hands.advance(SignedDuration::from_hours(1));
    courier(&world.desk, &post, &hands).until_idle().await.unwrap();
    assert_eq!(post.letters().len(), 1);
});

both!(a_key_is_made_and_ended_once_wherever_the_machine_dies, |db| async move {
    let world = World::new(db).await;
    let count = async || keys::Entity::find().count(world.store.reader()).await.unwrap();
    let (before, scope) = (count().await, Default::default());
    let grant =
        KeyGrant { person: None, name: Some("审计".to_owned()), role: Role::Auditor, scope, expires_at: None };
    let request = world.request(&world.operator, "a key");
    let ((row, _), deaths) = done(&world, "grant", async |desk| desk.grant_key(&grant, &request).await).await;
    assert!(0 < deaths);
    assert_eq!(count().await, before + 1);
    let request = world.request(&world.operator, "no key");
    let (ended, deaths) = done(&world, "end", async |desk| desk.end_key(KeyId(row.id), &request).await).await;
    assert!(0 < deaths && ended.revoked_at.is_some());
    // A day without a seed gets one.
    let far = world.now().checked_add(SignedDuration::from_hours(24 * 60)).unwrap();
    assert!(0 < done(&world, "seeds", async |desk| desk.commit_seeds(far).await).await.1);
});

both!(the_answers_that_no_walk_gives_are_taken_once_wherever_the_machine_dies, |db| async move {
    let world = World::new(db).await;
    let on_order = async |name: &str, order_id, command: OrderCommand, by: &By| {
        let request = world.request(by, name);
        let work = async |desk: Desk| {
            desk.on_order(order_id, command.clone(), Seals::default(), Request { ..request.clone() }).await
        };
        assert!(0 < done(&world, name, work).await.1);
    };
    let [passed, failed] = together(&world, "N-1").await;
    let cancel = OrderCommand::CancelLine { line_no: 2, reason: None };
    on_order("the money, please", failed.order_id, cancel, &world.platform).await;
    let buyer = By { role: Role::Buyer, ..world.platform.clone() };
    on_order("the rest", passed.order_id, OrderCommand::AnswerRest { wanted: false }, &buyer).await;
    assert_eq!(world.folded(passed).await.stage(), Stage::Returning);

    let first = piece_with(&world, "N-2", "NGTC", "NG-1").await;
    world.fail_and_return(first).await;
    let second = piece_with(&world, "N-3", "NGTC", "NG-1").await;
    world.bring(second, Stage::SpokenReview).await;
    let Binding::Asked { seq, held_by: HeldBy::ClosedPiece } = binding(&world, second).await else { panic!("asked") };
    let answer = Command::AnswerSameArticle { clash_seq: seq, same: true, note: None };
    let request = world.request(&world.clerk, "the same article");
    let work = async |desk: Desk| desk.carry_out(second, answer.clone(), Seals::default(), request.clone()).await;
    assert!(0 < done(&world, "same article", work).await.1);
    assert_eq!(binding(&world, second).await, Binding::Same);
    is_whole(&world, "at the end").await;
});
