//! `kill -9` under load, again and again: what the journals want told arrives at a real mail server (postfix's
//! `smtp-sink`) and at a receiver of webhooks, and what arrives twice arrives under one id. Twenty kills, or as many as
//! `TOUCHSTONE_KILLS` says; with `--nocapture` it says how much came and how much of it twice.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sea_orm::EntityTrait;
use serde_json::json;
use touchstone::client::{Call, Client};
use touchstone::courier::signature::message_id;
use touchstone::store::entity::{events, outbox};
use touchstone::store::outbox::Channel;
use uuid::Uuid;

use super::webhooks::Receiver;
use crate::app::sample_order_of;
use crate::derived;
use crate::kill::House;
use crate::mail::sink::Sink;
use crate::walk::weight;

/// What has arrived at postfix's sink, in the order in which it was looked.
struct Mail {
    sink: Sink,
    arrived: Vec<String>,
}

impl Mail {
    /// Looks until so many letters have arrived: the sink is another program, and calls nobody.
    async fn wait_for(&mut self, until: usize) {
        let mut beat = tokio::time::interval(Duration::from_millis(20));
        while self.look() < until {
            beat.tick().await;
        }
    }

    fn look(&mut self) -> usize {
        self.arrived.extend(self.sink.take());
        self.arrived.len()
    }

    fn ids(&self) -> BTreeSet<String> {
        self.arrived.iter().cloned().collect()
    }
}

/// Orders without end, each dispatched and booked in, until the service is gone.
async fn load(address: SocketAddr, platform: String, merchant: String, clerk: String) {
    let mut client = Client::new(address);
    loop {
        let order_no = format!("KS{}", Uuid::new_v4().simple());
        let call = Call::post("/v1/orders", &sample_order_of(&order_no, 2)).by(&platform);
        let Ok(placed) = client.send(&call).await else { return };
        let Ok(placed) = placed.json() else { return };
        for line in placed["lines"].as_array().into_iter().flatten() {
            let code = line["piece"]["code"].as_str().unwrap();
            let waybill = json!({"carrier": "sf", "waybill": format!("IN-{code}")});
            let arrived = json!({"condition": "intact", "weight": weight("58.40"), "note": null});
            for (command, by, body) in [("dispatch", &merchant, &waybill), ("receipt", &clerk, &arrived)] {
                let call = Call::post(format!("/v1/pieces/{code}/{command}"), body).by(by);
                if client.send(&call).await.is_err() {
                    return;
                }
            }
        }
    }
}

both!(no_notice_is_lost_however_often_the_machine_dies, |db| async move {
    let kills: usize = std::env::var("TOUCHSTONE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let mut mail = Mail { sink: Sink::start(&[]).await, arrived: Vec::new() };
    let receiver = Receiver::open([]).await;
    let began = Instant::now();
    let house = House::new(db)
        .with("TOUCHSTONE_MAIL_SMTP_URL", &format!("smtp+plain://{}", mail.sink.address))
        .with("TOUCHSTONE_MAIL_FROM", "touchstone@example.com")
        .with("TOUCHSTONE_WEBHOOK_NETWORKS", "127.0.0.1")
        .with("TOUCHSTONE_GATHER_SECONDS", "0")
        .with("TOUCHSTONE_LEASE_SECONDS", "12");
    let mut service = house.serve();
    house.run(&["warehouse", "create", "--id", "w-1", "--name", "测试仓", "--address", "示例路1号"]);
    let platform = house.key(&["--role", "platform", "--platform", "kuai", "--name", "p"]);
    let merchant = house.key(&["--role", "merchant", "--platform", "kuai", "--merchant", "m-1", "--name", "m"]);
    let clerk = house.key(&["--role", "clerk", "--warehouse", "w-1", "--name", "c"]);
    let call = Call::post("/v1/webhooks", &json!({"url": receiver.url()})).by(&platform);
    Client::new(house.address()).call(&call).await.unwrap();
    for _ in 0..kills {
        let working = tokio::spawn(load(house.address(), platform.clone(), merchant.clone(), clerk.clone()));
        // After some more letters: how many is left to chance.
        let until = mail.look() + usize::from(Uuid::new_v4().as_bytes()[0] % 16) + 1;
        let more = mail.wait_for(until);
        tokio::time::timeout(Duration::from_secs(120), more).await.expect("no letter goes out any more");
        drop(service);
        working.await.unwrap();
        service = house.serve();
    }
    let store = db.open().await;
    let all = async || outbox::Entity::find().all(store.reader()).await.unwrap();
    let lost = |rows: &[outbox::Model], letters: &BTreeSet<String>, messages: &BTreeSet<String>| {
        let is_lost = |row: &&outbox::Model| match Channel::parse(&row.channel) {
            Some(Channel::Mail) if row.recipient == "supervisor" => false,
            Some(Channel::Mail) => row.letter.is_none_or(|id| !letters.contains(&id.simple().to_string())),
            Some(Channel::Webhooks) => row.state == "waiting",
            Some(Channel::Endpoint(_)) => !messages.contains(&message_id(row.id)),
            None => true,
        };
        rows.iter().filter(is_lost).count()
    };
    // What is left goes out, as long as it gets less.
    let mut beat = tokio::time::interval(Duration::from_millis(250));
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut least, mut since) = (usize::MAX, Instant::now());
    loop {
        beat.tick().await;
        mail.look();
        let messages = receiver.taken().iter().map(|message| message.id().to_owned()).collect();
        let left = lost(&all().await, &mail.ids(), &messages);
        if left == 0 {
            break;
        }
        if left < least {
            (least, since) = (left, Instant::now());
        }
        assert!(since.elapsed() < Duration::from_secs(120), "{left} that were to be told are lost");
    }
    service.stop();
    let rows = all().await;
    assert!(100 < rows.len(), "too little happened: {}", rows.len());
    let open: Vec<_> =
        rows.iter().filter(|row| matches!(row.state.as_str(), "waiting" | "accepted" | "buried")).collect();
    assert!(open.is_empty(), "{open:?}");

    // What the journals want told has its row, once, and what is told has its event.
    assert_eq!(derived::differences(&store).await, Vec::<String>::new());
    // Whatever came, somebody was to be told; and what came twice is the same.
    mail.look();
    let letters: BTreeSet<String> =
        rows.iter().filter_map(|row| row.letter).map(|id| id.simple().to_string()).collect();
    assert!(mail.ids().is_subset(&letters), "a letter came that is none of ours");
    let mut bodies: BTreeMap<String, String> = BTreeMap::new();
    for message in receiver.taken() {
        let first = bodies.entry(message.id().to_owned()).or_insert_with(|| message.body.clone());
        assert_eq!(*first, message.body);
    }
    println!(
        "{:?}: {kills} kills in {} s; {} letters, {} of them again; {} messages, {} of them again; {} events",
        db.backend(),
        began.elapsed().as_secs(),
        mail.arrived.len(),
        mail.arrived.len() - mail.ids().len(),
        receiver.taken().len(),
        receiver.taken().len() - bodies.len(),
        events::Entity::find().all(store.reader()).await.unwrap().len(),
    );
    store.close().await.unwrap();
    house.run(&["journal", "check"]);
});
