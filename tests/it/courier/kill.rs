//! `kill -9` under load, again and again: what the journals want told arrives, and what arrives twice arrives under one
//! id. Twenty kills, or as many as `TOUCHSTONE_KILLS` says.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use sea_orm::EntityTrait;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use touchstone::client::{Call, Client};
use touchstone::courier::signature::message_id;
use touchstone::store::entity::outbox;
use touchstone::store::outbox::Channel;
use uuid::Uuid;

use super::webhooks::Receiver;
use crate::app::sample_order_of;
use crate::kill::House;
use crate::walk::weight;

/// A mail server that takes everything, and keeps the Message-IDs in the order in which they came.
struct Sink {
    address: SocketAddr,
    arrived: watch::Receiver<Vec<String>>,
}

impl Sink {
    async fn open() -> Sink {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (arrives, arrived) = watch::channel(Vec::new());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let arrives = arrives.clone();
                // A client that was killed breaks off, which is what it is here for.
                tokio::spawn(async move { drop(converse(stream, arrives).await) });
            }
        });
        Sink { address, arrived }
    }
}

/// One conversation of RFC 5321.
async fn converse(stream: TcpStream, arrives: watch::Sender<Vec<String>>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 sink ESMTP\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let verb = line.split_whitespace().next().unwrap_or_default().to_uppercase();
        let answer: &[u8] = match verb.as_str() {
            "EHLO" => b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SMTPUTF8\r\n",
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await?;
                let (mut id, mut whole) = (String::new(), false);
                while let Some(line) = lines.next_line().await? {
                    if line == "." {
                        whole = true;
                        break;
                    }
                    if let Some(value) = line.to_lowercase().strip_prefix("message-id:") {
                        id = value.trim().to_owned();
                    }
                }
                // Whose sender died in the middle has not arrived.
                if !whole {
                    return Ok(());
                }
                arrives.send_modify(|arrived| arrived.push(id));
                b"250 2.0.0 taken\r\n"
            }
            "QUIT" => {
                writer.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => b"250 2.0.0 fine\r\n", // Whatever else is asked.
        };
        writer.write_all(answer).await?;
    }
    Ok(())
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
    let mut sink = Sink::open().await;
    let receiver = Receiver::open([]).await;
    let house = House::new(db)
        .with("TOUCHSTONE_MAIL_SMTP_URL", &format!("smtp+plain://{}", sink.address))
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
        let until = sink.arrived.borrow().len() + usize::from(Uuid::new_v4().as_bytes()[0] % 16) + 1;
        let more = sink.arrived.wait_for(|arrived| until <= arrived.len());
        tokio::time::timeout(Duration::from_secs(120), more).await.expect("no letter goes out any more").unwrap();
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
    let looked = async {
        loop {
            let letters: BTreeSet<String> = sink.arrived.borrow_and_update().iter().map(|id| own(id)).collect();
            let messages = receiver.taken().iter().map(|message| message.id().to_owned()).collect();
            let rows = all().await;
            if lost(&rows, &letters, &messages) == 0 {
                return;
            }
            // Either comes again, or something new does.
            let more = tokio::time::timeout(Duration::from_secs(1), sink.arrived.changed()).await;
            drop(more);
        }
    };
    tokio::time::timeout(Duration::from_secs(120), looked).await.expect("something that was to be told is lost");
    service.stop();
    let rows = all().await;
    assert!(100 < rows.len(), "too little happened: {}", rows.len());
    let open: Vec<_> =
        rows.iter().filter(|row| matches!(row.state.as_str(), "waiting" | "accepted" | "buried")).collect();
    assert!(open.is_empty(), "{open:?}");

    // Whatever came, somebody was to be told; and what came twice is the same.
    let letters: BTreeSet<String> =
        rows.iter().filter_map(|row| row.letter).map(|id| id.simple().to_string()).collect();
    for id in sink.arrived.borrow().iter() {
        assert!(letters.contains(&own(id)), "{id} is no letter of ours");
    }
    let mut bodies: BTreeMap<String, String> = BTreeMap::new();
    for message in receiver.taken() {
        let first = bodies.entry(message.id().to_owned()).or_insert_with(|| message.body.clone());
        assert_eq!(*first, message.body);
    }
    store.close().await.unwrap();
    house.run(&["journal", "check"]);
});

/// The part of a Message-ID that is ours: `<id@host>`.
fn own(id: &str) -> String {
    id.trim_matches(['<', '>']).split('@').next().unwrap_or_default().to_owned()
}
