//! A receiver whose certificate is another host's.

use std::sync::Arc;
use std::time::Duration;

use touchstone::courier::address::Allowed;
use touchstone::courier::endpoint::{Caller, Times};
use touchstone::courier::{Courier, Settings};
use touchstone::domain::route::Stage;
use touchstone::store::webhooks;

use super::webhooks::{Receiver, endpoint};
use super::{Mailbox, later};
use crate::world::World;

both!(a_receiver_with_the_certificate_of_another_host_gets_nothing_and_holds_up_nobody, |db| async move {
    let world = World::new(db).await;
    // Both speak for localhost; one is asked for by another name.
    let (right, wrong, plain) = (Receiver::tls().await, Receiver::tls().await, Receiver::open([]).await);
    let named = |receiver: &Receiver, host: &str| format!("https://{host}:{}/hook", receiver.port());
    let (good, _) = endpoint(&world, &named(&right, "localhost"), None).await;
    let (bad, _) = endpoint(&world, &named(&wrong, "127.0.0.1"), None).await;
    endpoint(&world, &plain.url(), None).await;
    let key = world.piece("N-1").await;
    world.bring(key, Stage::Received).await;
    let long = Duration::from_secs(20);
    let times = Times { total: long, connect: long, idle: long };
    let roots = [include_bytes!("../mail/ca.pem").to_vec()];
    let caller = Caller::new(Allowed::new(vec!["127.0.0.1/32".parse().unwrap()]), times, &roots).unwrap();
    let post = Arc::new(Mailbox::default());
    let courier = Courier::new(world.desk.clone(), post.clone(), caller, later().clock(), Settings::default());
    courier.until_idle().await.unwrap();
    let look = async |id| webhooks::endpoint(world.store.reader(), id).await.unwrap().unwrap();
    let failing = look(bad.id).await;
    assert_eq!(failing.last_outcome.as_deref(), Some("tls"));
    assert!(0 < failing.failures && failing.failing_since_at.is_some(), "{failing:?}");
    assert!(wrong.taken().is_empty(), "not a word of it was sent");
    // Two stages, and order and arrival for the buyer.
    assert_eq!((right.taken().len(), plain.taken().len()), (4, 4));
    assert_eq!(look(good.id).await.failing_since_at, None);
    assert!(!post.letters().is_empty(), "nor are letters held up");
});
