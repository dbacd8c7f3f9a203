//! Forgetting a person: what was sealed cannot be read any more, and every journal stands as it stood.

use touchstone::audit::{check, rebuild};
use touchstone::domain::ids::PersonId;
use touchstone::domain::route::Stage;
use touchstone::store::projections;
use touchstone::store::{journal, queries};

use crate::support::TestDatabase;
use crate::world::{Placed, World};

async fn buyer_of(world: &World, placed: &Placed) -> PersonId {
    let order = queries::order(world.store.reader(), placed.receipt.order_id).await.unwrap().unwrap();
    PersonId(order.buyer_id)
}

/// How many rows of a table meet a condition.
fn count(db: &TestDatabase, table: &str, condition: &str) -> usize {
    let said = db.client(&format!("SELECT count(*) FROM {table} WHERE {condition};"));
    assert!(said.accepted, "{}", said.text);
    said.text.trim().parse().unwrap()
}

async fn sound(world: &World) {
    let report = check(&world.store, world.desk.keys(), None, &mut ()).await.unwrap();
    assert!(report.ok(), "{report:?}");
    assert_eq!(rebuild(&world.store, &mut ()).await.unwrap().differed, 0);
}

both!(an_erased_buyer_can_be_read_nowhere, |db| async move {
    let world = World::new(db).await;
    let placed = world.place_for("N-1", "u-1", 2).await;
    let others = world.place_for("N-2", "u-2", 1).await;
    let key = placed.pieces[0];
    world.bring(key, Stage::Closed).await;
    world.cancel(placed.pieces[1]).await.unwrap();
    let buyer = buyer_of(&world, &placed).await;
    let of_order = format!("order_id = {}", db.uuid(placed.receipt.order_id.as_u128()));
    assert!(world.desk.read_person(buyer).await.unwrap().is_some());
    assert_eq!(world.desk.read_texts(placed.order_id()).await.unwrap().len(), 4);
    assert!(0 < count(db, "idempotency", &of_order));
    let before = world.events(key).await;

    let request = world.request(&world.operator, "erase");
    world.desk.erase_person(buyer, &request).await.unwrap();

    assert!(world.desk.read_person(buyer).await.unwrap().is_none());
    let row = queries::person(world.store.reader(), buyer.0).await.unwrap().unwrap();
    assert_eq!((row.reference, row.wrapped_key, row.sealed), (None, None, None));
    assert_eq!(row.erased_by_key, Some(world.operator.key.0));
    assert_eq!(world.desk.read_texts(placed.order_id()).await.unwrap().len(), 0);
    assert_eq!(
        count(db, "sealed_texts", &format!("{of_order} AND (sealed IS NOT NULL OR wrapped_key IS NOT NULL)")),
        0
    );
    assert_eq!(count(db, "event_keys", &format!("{of_order} AND wrapped_key IS NOT NULL")), 0);
    assert_eq!(count(db, "idempotency", &of_order), 0);

    // The journal says that it happened, and who did it.
    assert_eq!(world.events(key).await, before);
    let order = touchstone::domain::ids::StreamKey { stream_id: touchstone::domain::ids::StreamId::ORDER, ..key };
    let events = journal::read(world.store.reader(), order).await.unwrap();
    assert_eq!(events.last().unwrap().kind, "person_erased");
    assert_eq!(events.last().unwrap().person_id, Some(world.operator.person.0));
    sound(&world).await;

    // Nobody else is touched.
    let other = buyer_of(&world, &others).await;
    assert!(world.desk.read_person(other).await.unwrap().is_some());
    assert_eq!(world.desk.read_texts(others.order_id()).await.unwrap().len(), 1);

    // A second time nothing happens, and a buyer with the same reference is somebody new.
    world.desk.erase_person(buyer, &world.request(&world.operator, "erase")).await.unwrap();
    assert_eq!(journal::read(world.store.reader(), order).await.unwrap().len(), events.len());
    let again = world.place_for("N-3", "u-1", 1).await;
    assert_ne!(buyer_of(&world, &again).await, buyer);
});

both!(work_goes_on_after_an_erasure, |db| async move {
    let world = World::new(db).await;
    let placed = world.place("N-1", 1).await;
    let key = placed.pieces[0];
    world.bring(key, Stage::Tagged).await;
    let buyer = buyer_of(&world, &placed).await;
    world.desk.erase_person(buyer, &world.request(&world.operator, "erase")).await.unwrap();
    world.bring(key, Stage::Closed).await;
    sound(&world).await;
});

both!(a_repeated_order_of_an_erased_buyer_is_told_apart_from_nothing, |db| async move {
    let world = World::new(db).await;
    let (order, seals) = world.order("N-1", "u-1", 1);
    let request = world.request(&world.platform, "the body");
    world.desk.place(order, seals, request.clone()).await.unwrap();
    let rows = queries::order_by_no(world.store.reader(), "demo", "N-1").await.unwrap().unwrap();
    world.desk.erase_person(PersonId(rows.buyer_id), &world.request(&world.operator, "erase")).await.unwrap();
    let (order, seals) = world.order("N-1", "u-1", 1);
    let refused = crate::world::refusal(world.desk.place(order, seals, request).await);
    assert_eq!(refused.code(), "order_differs", "its digest is gone with its key");
    assert_eq!(count(db, "orders", "1 = 1"), 1);
});

both!(who_was_erased_is_not_brought_back_by_a_write_that_read_them_before, |db| async move {
    use touchstone::store::changes::Changes;
    let world = World::new(db).await;
    let placed = world.place("N-1", 1).await;
    let buyer = buyer_of(&world, &placed).await;
    let stale = queries::person(world.store.reader(), buyer.0).await.unwrap().unwrap();
    world.desk.erase_person(buyer, &world.request(&world.operator, "erase")).await.unwrap();
    let txn = world.store.begin().await.unwrap();
    txn.write(Changes { people: vec![stale], ..Changes::default() }).await.unwrap();
    txn.commit().await.unwrap();
    assert!(world.desk.read_person(buyer).await.unwrap().is_none());
    assert_eq!(count(db, "people", "erased_at IS NOT NULL AND (wrapped_key IS NOT NULL OR sealed IS NOT NULL)"), 0);
});

both!(an_erased_inspector_leaves_the_work_and_no_words, |db| async move {
    let world = World::new(db).await;
    let placed = world.place("N-1", 1).await;
    let key = placed.pieces[0];
    world.bring(key, Stage::Released).await;
    let before = projections::read(world.store.reader(), key.order_id.0).await.unwrap();
    let person = world.inspector.person;
    let theirs = format!("person_id = {}", db.uuid(person.0.as_u128()));
    assert!(0 < count(db, "event_keys", &format!("{theirs} AND wrapped_key IS NOT NULL")));
    assert_eq!(world.desk.read_texts(key.order_id).await.unwrap().len(), 2);

    world.desk.erase_person(person, &world.request(&world.operator, "erase")).await.unwrap();

    assert!(world.desk.read_person(person).await.unwrap().is_none());
    assert_eq!(count(db, "event_keys", &format!("{theirs} AND wrapped_key IS NOT NULL")), 0);
    assert_eq!(count(db, "sealed_texts", &format!("{theirs} AND sealed IS NOT NULL")), 0);
    assert_eq!(count(db, "idempotency", &theirs.replace("person_id", "owner_id")), 0);
    assert_eq!(world.desk.read_texts(key.order_id).await.unwrap().len(), 1, "the title is the buyer's");
    assert_eq!(projections::read(world.store.reader(), key.order_id.0).await.unwrap(), before);
    sound(&world).await;
});

both!(what_an_erased_streamer_said_can_be_read_nowhere, |db| async move {
    use touchstone::desk::Keep;
    use touchstone::domain::ids::{LiveId, TenantId};
    let world = World::new(db).await;
    let (tenant, live) = (TenantId::parse("demo").unwrap(), LiveId::parse("r-1").unwrap());
    let row = touchstone::store::entity::lives::Model {
        tenant_id: tenant.to_string(),
        id: live.to_string(),
        room_id: None,
        started_at: None,
        replay_url: None,
        transcript_id: None,
        updated_at: 0,
    };
    world.desk.keep(Keep::Live(row), &world.request(&world.platform, "live")).await.unwrap();
    for content in ["1\n00:00:01,000 --> 00:00:02,000\n翡翠的\n", "1\n00:00:01,000 --> 00:00:02,000\n翡翠手镯\n"]
    {
        let kept = Keep::Transcript {
            tenant: tenant.clone(),
            live: live.clone(),
            format: "srt".to_owned(),
            content: content.to_owned(),
        };
        world.desk.keep(kept, &world.request(&world.platform, content)).await.unwrap();
    }
    let placed = world.place("N-1", 1).await;
    let order = queries::order(world.store.reader(), placed.pieces[0].order_id.0).await.unwrap().unwrap();
    let streamer = PersonId(order.streamer_id.expect("the order names one"));
    assert_eq!(count(db, "transcripts", "sealed IS NOT NULL"), 2);
    world.desk.erase_person(streamer, &world.request(&world.operator, "erase")).await.unwrap();
    assert_eq!(count(db, "transcripts", "sealed IS NOT NULL OR wrapped_key IS NOT NULL"), 0);
    sound(&world).await;
});
