//! The machine dies before, in the middle of and after every write between the courier and a server, its own and the
//! server's: connecting, each word of SMTP, the letter, the dot and every answer; the request of a webhook and its answer.
//! Nothing is lost, and only what the server had whole may come again, under the same id.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use touchstone::courier::signature::message_id;
use touchstone::courier::{ByMail, Courier, Post, Settings};
use touchstone::domain::ids::OrderId;
use touchstone::mail::settings::SmtpSettings;
use touchstone::mail::transport::Smtp;
use touchstone::mail::transport::smtp::Limits;
use touchstone::mail::{House, Sender, Supervisors, Transport};
use touchstone::store::entity::outbox;

use super::webhooks::{Receiver, endpoint};
use super::{HOUR, Hands, Mailbox, caller, later, rows};
use crate::mail::server::{Act, Server};
use crate::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

/// How much of a write still gets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Nothing,
    Half,
    All,
}

/// The write in which the machine dies, counted from nought on its way.
#[derive(Clone, Copy, Debug)]
struct Cut {
    way: Way,
    nth: usize,
    part: Part,
}

/// Stands between the courier and a server, hands on what each writes, and says when the machine dies.
struct Line {
    address: SocketAddr,
    cut: Mutex<Option<Cut>>,
    /// The machine dies now.
    dies: Notify,
    /// It is dead: nobody is there any more to see the connection break.
    is_dead: Notify,
}

impl Line {
    async fn to(server: SocketAddr) -> Arc<Line> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (dies, is_dead) = (Notify::new(), Notify::new());
        let line = Arc::new(Line { address, cut: Mutex::default(), dies, is_dead });
        let own = line.clone();
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(server).await.unwrap();
                client.set_nodelay(true).unwrap();
                server.set_nodelay(true).unwrap();
                let line = own.clone();
                tokio::spawn(async move {
                    let ((from_client, to_client), (from_server, to_server)) =
                        (client.into_split(), server.into_split());
                    // Where one way ends, both do.
                    tokio::select! {
                        _ = line.hand_on(Way::There, from_client, to_server) => {}
                        _ = line.hand_on(Way::Back, from_server, to_client) => {}
                    }
                });
            }
        });
        line
    }

    fn die_at(&self, cut: Cut) {
        *self.cut.lock().unwrap() = Some(cut);
    }

    /// How much of this write gets through, if the machine dies in it.
    fn fate(&self, way: Way) -> Option<Part> {
        let mut cut = self.cut.lock().unwrap();
        match &mut *cut {
            Some(own) if own.way == way && own.nth == 0 => {
                let part = own.part;
                *cut = None;
                Some(part)
            }
            Some(own) if own.way == way => {
                own.nth -= 1;
                None
            }
            Some(_) | None => None,
        }
    }

    async fn hand_on(&self, way: Way, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> std::io::Result<()> {
        let mut bytes = vec![0; 1 << 18];
        loop {
            let read = from.read(&mut bytes).await?;
            if read == 0 {
                return Ok(());
            }
            let Some(part) = self.fate(way) else {
                to.write_all(&bytes[..read]).await?;
                continue;
            };
            let most = match part {
                Part::Nothing => 0,
                Part::Half => read / 2,
                Part::All => read,
            };
            to.write_all(&bytes[..most]).await?;
            self.dies.notify_one();
            self.is_dead.notified().await;
            return Ok(());
        }
    }
}

/// A courier with a post of its own, that sends one thing after the other.
fn courier(world: &World, line: &Line, hands: &Hands, by_smtp: bool) -> Courier {
    let post: Arc<dyn Post> = if by_smtp {
        let long = std::time::Duration::from_secs(60);
        let limits = Limits { connect: long, command: long, letter: long };
        let to = SmtpSettings::parse(&format!("smtp+plain://{}", line.address)).unwrap();
        let smtp = Smtp::new(SmtpSettings { limits, connections: 1, ..to }, "check.example.com", None).unwrap();
        let house = House {
            from: Sender::parse("Touchstone <no-reply@check.example.com>").unwrap(),
            list_id: "notices.check.example.com".to_owned(),
            supervisors: Supervisors::default(),
        };
        Arc::new(ByMail::new(world.desk.clone(), house, Transport::Smtp(Arc::new(smtp))))
    } else {
        Arc::new(Mailbox::default())
    };
    let settings = Settings { letters: 1, webhooks: 1, each_endpoint: 1, ..Settings::default() };
    Courier::new(world.desk.clone(), post, caller(), hands.clock(), settings)
}

/// Lets a courier die at one write, and another finish. Answers whether it died.
async fn die_and_go_on(world: &World, line: &Line, hands: &Hands, by_smtp: bool, cut: Cut) -> bool {
    line.die_at(cut);
    let dying = courier(world, line, hands, by_smtp);
    let died = tokio::select! {
        biased;
        () = line.dies.notified() => true,
        ended = dying.until_idle() => {
            ended.unwrap();
            false
        }
    };
    drop(dying);
    // It never came there.
    *line.cut.lock().unwrap() = None;
    if died {
        line.is_dead.notify_one();
        hands.advance(HOUR);
        courier(world, line, hands, by_smtp).until_idle().await.unwrap();
    }
    died
}

const ALL: [(Way, Part); 6] = [
    (Way::There, Part::Nothing),
    (Way::There, Part::Half),
    (Way::There, Part::All),
    (Way::Back, Part::Nothing),
    (Way::Back, Part::Half),
    (Way::Back, Part::All),
];

/// What a server had of an order's rows: each came, and came again only where it was whole when the machine died.
fn once_or_again(
    rows: &[outbox::Model],
    came: &BTreeMap<String, usize>,
    id: impl Fn(&outbox::Model) -> String,
    cut: Cut,
) {
    let whole = matches!((cut.way, cut.part), (Way::There, Part::All) | (Way::Back, _));
    let mut again = 0;
    let ids: std::collections::BTreeSet<_> = rows.iter().map(id).collect();
    for id in ids {
        let count = came.get(&id).copied().unwrap_or_default();
        assert!(0 < count, "{cut:?}: {id} is lost");
        again += count - 1;
    }
    assert!(again <= usize::from(whole), "{cut:?}: {again} came again");
    let open = rows.iter().filter(|row| matches!(row.state.as_str(), "waiting" | "accepted" | "buried")).count();
    assert_eq!(open, 0, "{cut:?}: {rows:?}");
}

async fn rows_of(world: &World, order: OrderId, channel: &str) -> Vec<outbox::Model> {
    let own = |row: &outbox::Model| row.order_id == order.0 && row.channel.starts_with(channel);
    rows(world).await.into_iter().filter(own).collect()
}

/// Dies at every write of every kind on its way until there are no more. `id` is what a row comes under, and `came` what
/// came since the beginning.
async fn at_every_write(
    world: &World,
    line: &Line,
    by_smtp: bool,
    id: fn(&outbox::Model) -> String,
    came: impl Fn() -> BTreeMap<String, usize>,
) -> usize {
    let hands = later();
    let mut deaths = 0;
    for (way, part) in ALL {
        for nth in 0.. {
            let cut = Cut { way, nth, part };
            let order = world.place(&format!("N-{by_smtp}-{way:?}-{part:?}-{nth}"), 1).await.order_id();
            let died = die_and_go_on(world, line, &hands, by_smtp, cut).await;
            let channel = if by_smtp { "mail" } else { "webhook:" };
            let rows = rows_of(world, order, channel).await;
            assert!(!rows.is_empty(), "{cut:?}");
            once_or_again(&rows, &came(), id, cut);
            if !died {
                break;
            }
            deaths += 1;
        }
    }
    deaths
}

both!(a_letter_arrives_wherever_in_its_conversation_the_machine_dies, |db| async move {
    let world = World::new(db).await;
    let server = Server::start(|_| Act::Well).await;
    let line = Line::to(server.address).await;
    let came = || {
        let mut came: BTreeMap<String, usize> = BTreeMap::new();
        for letter in server.heard().letters {
            let id = letter.lines().find_map(|line| line.strip_prefix("Message-ID: <")).unwrap();
            *came.entry(id.split('@').next().unwrap().to_owned()).or_default() += 1;
        }
        came
    };
    let deaths = at_every_write(&world, &line, true, |row| row.letter.unwrap().simple().to_string(), came).await;
    // Two letters over one connection: five words and answers for the first, four for the second, and the greeting.
    assert!(6 * 9 <= deaths, "{deaths}");
});

both!(a_message_arrives_wherever_in_its_request_the_machine_dies, |db| async move {
    let world = World::new(db).await;
    let receiver = Receiver::open([]).await;
    let line = Line::to(receiver.address()).await;
    endpoint(&world, &format!("http://{}/hook", line.address), None).await;
    let came = || {
        let mut came: BTreeMap<String, usize> = BTreeMap::new();
        for message in receiver.taken() {
            *came.entry(message.id().to_owned()).or_default() += 1;
        }
        came
    };
    let deaths = at_every_write(&world, &line, false, |row| message_id(row.id), came).await;
    assert!(6 <= deaths, "{deaths}");
});
