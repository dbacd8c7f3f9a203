//! Certificates that are in the world and whose record was lost: what is known of them, how two supervisors take one back,
//! and that a restore is held once.

use axum::http::Method;
use serde_json::json;
use touchstone::aside::{Entry, Log};
use touchstone::capsule::credential::{self, Capsule};
use touchstone::capsule::status::{Status, StatusList};
use touchstone::desk::Seals;
use touchstone::desk::certificate::Lost;
use touchstone::domain::actor::{By, Role};
use touchstone::domain::command::Command;
use touchstone::domain::event::RevokedTo;
use touchstone::domain::refusal::Refusal;
use touchstone::store::{lookups, lost_capsules};

use super::*;

async fn capsule_of(world: &World, key: StreamKey) -> (String, Capsule) {
    let row = queries::capsule(world.store.reader(), key.order_id.0, key.stream_id.0).await.unwrap().unwrap();
    let capsule = credential::verify(&row.credential, world.desk.keys(), None).unwrap();
    (row.certificate_code, capsule)
}

/// What whoever checks it without the service is told, by the list of this moment.
async fn listed(world: &World, capsule: &Capsule) -> Status {
    let now = world.now();
    let list = world.desk.status_list(now).await.unwrap();
    StatusList::verify(&list.line, world.desk.keys()).unwrap().status(capsule, now).unwrap()
}

async fn begin(world: &mut World, elsewhere: &Elsewhere) {
    world.desk = elsewhere.desk(world);
    world.pass(MINUTE);
    world.desk.begin_restore(elsewhere.aside(), world.now()).await.unwrap();
}

both!(a_certificate_whose_record_was_lost_is_taken_back_by_two_supervisors, |db| async move {
    let elsewhere = Elsewhere::new();
    let mut world = World::new(db).await;
    world.desk = elsewhere.desk(&world);
    let (kept, withdrawn) = (world.piece("N-1").await, world.piece("N-2").await);
    for key in [kept, withdrawn] {
        world.bring(key, Stage::Tagged).await;
    }
    let (places, manifest) = elsewhere.save(db, "first", world.now()).await;
    for key in [kept, withdrawn] {
        world.bring(key, Stage::Released).await;
    }
    let (code, capsule) = capsule_of(&world, kept).await;
    let (other_code, other) = capsule_of(&world, withdrawn).await;
    let mut seals = Seals::default();
    let reason = world.seal(&mut seals, withdrawn.order_id, &world.supervisor, "吊牌破损");
    let revoke = Command::RevokeCapsule { to: RevokedTo::Cleared, reason };
    world.carry_sealed(withdrawn, revoke, seals, &world.supervisor).await.unwrap();

    let manifest_keys = keys(&manifest, &places);
    lose(db, &mut world, &places, Some(&manifest_keys)).await;
    begin(&mut world, &elsewhere).await;
    // What had been withdrawn before the loss is withdrawn again; of the other nobody knows more than that it was signed.
    assert_eq!(counted(&world, Kind::Capsule).await, (2, 1));
    assert_eq!((listed(&world, &capsule).await, listed(&world, &other).await), (Status::Valid, Status::Revoked));
    let known = async |code: &str| world.desk.lost_certificate(code).await.unwrap();
    assert_eq!((known(&code).await, known(&other_code).await), (Some(Lost::Standing), Some(Lost::Revoked)));
    let place = i32::try_from(capsule.status_index).unwrap();
    let taken = lookups::taken_status_places(world.store.reader(), &[place]).await.unwrap();
    assert_eq!(taken, [place], "no other capsule gets its place in the list");

    let ask = async |world: &World, by: &By| world.desk.revoke_lost(&code, &world.request(by, "{}")).await;
    let second = By { role: Role::Supervisor, ..world.second_inspector.clone() };
    assert_eq!(ask(&world, &world.supervisor).await.unwrap().revoked_at, None);
    let alone = ask(&world, &world.supervisor).await;
    assert!(matches!(alone, Err(touchstone::desk::Error::Refused(Refusal::SecondPersonNeeded))), "{alone:?}");
    // The first word counts for an hour.
    world.pass(HOUR);
    assert_eq!(ask(&world, &second).await.unwrap().revoked_at, None);
    assert_eq!(listed(&world, &capsule).await, Status::Valid);
    let confirm = world.request(&world.supervisor, "{}");
    let row = world.desk.revoke_lost(&code, &confirm).await.unwrap();
    assert_eq!((row.proposed_by, row.revoked_by), (Some(second.person.0), Some(world.supervisor.person.0)));
    assert_eq!(world.desk.revoke_lost(&code, &confirm).await.unwrap(), row, "asked again, the same answer");
    let again = ask(&world, &second).await;
    assert!(matches!(again, Err(touchstone::desk::Error::Refused(Refusal::NotNow(_)))), "{again:?}");
    assert_eq!(listed(&world, &capsule).await, Status::Revoked);
    assert_eq!(counted(&world, Kind::Capsule).await, (2, 0));
    sound(&world).await;

    // Lost once more with the same backup, it stays revoked.
    lose(db, &mut world, &places, Some(&manifest_keys)).await;
    begin(&mut world, &elsewhere).await;
    assert_eq!(counted(&world, Kind::Capsule).await, (2, 0));
    assert_eq!(listed(&world, &capsule).await, Status::Revoked);
});

both!(a_restore_that_was_let_go_is_not_held_again_unless_it_was_restored_again, |db| async move {
    let elsewhere = Elsewhere::new();
    let mut world = World::new(db).await;
    world.desk = elsewhere.desk(&world);
    let piece = world.piece("N-1").await;
    world.bring(piece, Stage::Tagged).await;
    let (places, manifest) = elsewhere.save(db, "first", world.now()).await;
    lose(db, &mut world, &places, Some(&keys(&manifest, &places))).await;
    begin(&mut world, &elsewhere).await;
    let released = world.desk.release_restore(&world.request(&world.supervisor, "{}")).await.unwrap().unwrap();
    let again = async |world: &World| world.desk.is_restored_again(&released, elsewhere.aside()).await.unwrap();
    assert!(!again(&world).await, "a restart with the option still given");
    world.bring(piece, Stage::Released).await;
    assert!(!again(&world).await, "what is told aside is known here");
    let (later, manifest) = elsewhere.save(db, "later", world.now()).await;
    let lost = world.piece("N-2").await;
    world.bring(lost, Stage::Released).await;
    assert!(!again(&world).await);
    lose(db, &mut world, &later, Some(&keys(&manifest, &later))).await;
    world.desk = elsewhere.desk(&world);
    assert!(again(&world).await, "the log aside tells of a capsule that this database does not know");
    // Known to be lost already, it is no reason to hold everything once more.
    begin(&mut world, &elsewhere).await;
    let released = world.desk.release_restore(&world.request(&world.supervisor, "{}")).await.unwrap().unwrap();
    assert!(!world.desk.is_restored_again(&released, elsewhere.aside()).await.unwrap());
    // Where the log aside was lost too nobody can tell, and it is held.
    let empty = Elsewhere::new();
    assert!(world.desk.is_restored_again(&released, empty.aside()).await.unwrap());
});

both!(whoever_asks_about_a_lost_certificate_is_told_that_it_was_taken_back, |db| async move {
    let elsewhere = Elsewhere::new();
    let app = TestApp::new(db).await;
    let code = "0A1B2-C3D4E-5F607-18293";
    let entry = |code: &str, place: Option<i32>| Entry::Capsule {
        certificate_code: code.to_owned(),
        piece: None,
        warehouse: Some("w-1".to_owned()),
        order: uuid::Uuid::from_u128(7),
        stream: 1,
        head: None,
        place,
    };
    let log = Log::new(&elsewhere.aside(), 90);
    let before = "FFFFF-C3D4E-5F607-18293";
    log.append(vec![entry(code, Some(4_711)), entry(before, None)], Timestamp::now()).unwrap();
    app.desk().begin_restore(elsewhere.aside(), Timestamp::now()).await.unwrap();
    let ask = |code: &str| format!("/v1/restore/lost/{code}/revocation");
    let stranger = app.stranger();
    stranger.get(&format!("/v/{code}")).await.expect_problem(410, "certificate_lost");

    let elsewhere_supervisor = app.key(Role::Supervisor, crate::app::warehouse("w-2")).await;
    elsewhere_supervisor.post(&ask(code), json!({})).await.expect_problem(404, "not_found");
    app.supervisor().post(&ask("11111-C3D4E-5F607-18293"), json!({})).await.expect_problem(404, "not_found");
    app.supervisor().post(&ask(before), json!({})).await.expect_problem(409, "not_now");
    let proposed = app.supervisor().post(&ask(code), json!({})).await.expect(200);
    assert_eq!(proposed["state"], "proposed", "{proposed}");
    app.supervisor().post(&ask(code), json!({})).await.expect_problem(409, "second_person_needed");
    let page = app.supervisor().get("/v1/restore/lost?kind=capsule&open=true").await.expect(200);
    let of = page["lost"].as_array().unwrap().iter().find(|row| row["id"] == code).unwrap();
    assert_eq!(
        (&of["revocation"]["state"], &of["revocation"]["proposed_by"]),
        (&json!("proposed"), &json!(app.supervisor().person.0))
    );
    let second = app.key(Role::Supervisor, crate::app::warehouse("w-1")).await;
    let revoked = second.post(&ask(code), json!({})).await.expect(200);
    assert_eq!((&revoked["state"], &revoked["revoked_by"]), (&json!("revoked"), &json!(second.person.0)));

    stranger.get(&format!("/v/{code}")).await.expect_problem(410, "certificate_revoked");
    let page = stranger.call(Method::GET, &format!("/v/{code}?lang=en")).header("accept", "text/html").send().await;
    assert_eq!(page.status.as_u16(), 410);
    assert!(page.text.contains("Withdrawn"), "{}", page.text);
    let shown = app.supervisor().get("/v1/restore").await.expect(200);
    let capsules = shown["lost"].as_array().unwrap().iter().find(|counted| counted["kind"] == "capsule").unwrap();
    assert_eq!((&capsules["known"], &capsules["open"]), (&json!(2), &json!(1)));
    assert_eq!(lost_capsules::count_revoked(app.store().reader()).await.unwrap(), 1);
});
