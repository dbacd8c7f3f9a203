//! No address, no name and no secret in the log, whatever the servers do with what the courier brings them.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use touchstone::courier::{ByMail, Courier, Settings};
use touchstone::desk::people::Details;
use touchstone::domain::ids::{StreamId, StreamKey};
use touchstone::domain::route::Stage;
use touchstone::mail::settings::SmtpSettings;
use touchstone::mail::transport::Smtp;
use touchstone::mail::transport::smtp::Limits;
use touchstone::mail::{House, Sender, Supervisors, Transport};

use super::webhooks::{Manner, Receiver, endpoint};
use super::{caller, later, rows};
use crate::mail::server::{Act, Server};
use crate::privacy::catch_logs;
use crate::world::World;

/// Whoever is named in what the courier has in hand.
const NAMES: [&str; 8] = [
    "shangguan@quiet.example",
    "上官听雪",
    "17055554444",
    "zhuge@quiet.example",
    "诸葛掌柜",
    "duty@quiet.example",
    "hooks@example.cn",
    "token-of-the-endpoint",
];

fn details(name: &str, email: &str) -> Details {
    let own = |text: &str| Some(text.to_owned());
    Details { name: own(name), email: own(email), phone: own("17055554444"), ..Details::default() }
}

/// A courier over a server, which has so long for each word.
fn courier_to(world: &World, server: &Server, patience: Duration, hands: &super::Hands) -> Courier {
    let limits = Limits { connect: patience, command: patience, letter: patience };
    let settings = SmtpSettings { limits, ..SmtpSettings::parse(&format!("smtp+plain://{}", server.address)).unwrap() };
    let transport = Transport::Smtp(Arc::new(Smtp::new(settings, "check.example.com", None).unwrap()));
    let house = House {
        from: Sender::parse("Touchstone <no-reply@check.example.com>").unwrap(),
        list_id: "notices.check.example.com".to_owned(),
        supervisors: Supervisors::parse("duty@quiet.example").unwrap(),
    };
    let post = Arc::new(ByMail::new(world.desk.clone(), house, transport));
    Courier::new(world.desk.clone(), post, caller(), hands.clock(), Settings::default())
}

both!(whatever_the_servers_do_nobody_is_named_in_the_log, |db| async move {
    let caught = catch_logs();
    let world = World::new(db).await;
    let (mut order, seals) = world.order("N-1", "u-9", 1);
    order.buyer.details = details("上官听雪", "shangguan@quiet.example");
    order.merchant.details = details("诸葛掌柜", "zhuge@quiet.example");
    let key = StreamKey { order_id: order.order_id, stream_id: StreamId(1) };
    world.desk.place(order, seals, world.request(&world.platform, "an order")).await.unwrap();
    // Gone for good: its owner is written to.
    let manners = [Manner::Garbage, Manner::Reset, Manner::Status(410)];
    let gone = Receiver::open(manners).await;
    let (_, secret) = endpoint(&world, &format!("{}?key=token-of-the-endpoint", gone.url()), None).await;
    let hands = later();
    let soon = Duration::from_millis(300);
    let long = Duration::from_secs(20);
    let hanging = Server::start(|word| if word.verb == "RCPT" { Act::Hang } else { Act::Well }).await;
    let garbled = Server::start(|word| if word.verb == "letter" { Act::Garbage } else { Act::Well }).await;
    let later_on = "451 4.3.0 <shangguan@quiet.example> 上官听雪: later";
    let busy = Server::start(move |word| if word.verb == "RCPT" { Act::Say(later_on) } else { Act::Well }).await;
    let no = "550 5.1.1 <zhuge@quiet.example> 诸葛掌柜: there is no such person";
    let refusing = Server::start(move |word| if word.verb == "RCPT" { Act::Say(no) } else { Act::Well }).await;
    let good = Server::start(|_| Act::Well).await;
    let turns = [
        (&refusing, long, Stage::Inbound),
        (&hanging, soon, Stage::Received),
        (&garbled, soon, Stage::Appraising),
        (&busy, long, Stage::AwaitingBuyer),
    ];
    for (server, patience, stage) in turns {
        world.bring(key, stage).await;
        courier_to(&world, server, patience, &hands).until_idle().await.unwrap();
        hands.advance(SignedDuration::from_hours(6));
    }
    world.cancel(key).await.unwrap();
    hands.advance(SignedDuration::from_hours(6));
    courier_to(&world, &good, long, &hands).until_idle().await.unwrap();
    // Each did what it was asked to.
    let outcomes: Vec<_> = rows(&world).await.into_iter().filter_map(|row| row.outcome).collect();
    assert!(outcomes.iter().any(|outcome| outcome == "smtp_550_5.1.1"), "{outcomes:?}");
    let heard = good.heard().letters;
    assert!(heard.iter().any(|letter| letter.contains("shangguan@quiet.example")), "the buyer was written to");
    assert!(heard.iter().any(|letter| letter.contains("hooks@example.cn")), "the endpoint's owner was written to");

    tracing::info!("the log of these letters ends here");
    assert!(caught.holds("the log of these letters ends here"), "nothing was caught");
    caught.holds_none_of(&NAMES);
    let (view, action) = (world.desk.view_token(key.order_id), world.desk.action_token(key.order_id));
    caught.holds_none_of(&[&view, &action, &secret]);
});
