//! Every clock of `deadlines.csv`, in a piece that waits in its stage: it fires once, and does what the file says of it.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use touchstone::clockwork::fire_due;
use touchstone::domain::deadline::Clock;
use touchstone::domain::event::{Event, NoticeAccepted, ReturnPosted, ReturnShipped};
use touchstone::domain::ids::{Carrier, StreamId, StreamKey, Waybill};
use touchstone::domain::piece::Piece;
use touchstone::store::{journal, outbox};

use crate::app::TestApp;
use crate::stages::{Placed, force, placed_as, placed_in};
use crate::support::TestDatabase;

async fn piece(app: &TestApp, key: StreamKey) -> Piece {
    app.desk().read_piece(key).await.unwrap().unwrap().piece
}

/// The waiter of the stage has been told of it: their clock runs from then on.
async fn tell(app: &TestApp, placed: &Placed, notice: &str) {
    let name = |text: &str| touchstone::domain::text::Name::parse(text).unwrap();
    let seq = piece(app, placed.key).await.since().seq;
    force(app, placed, vec![NoticeAccepted { notice: name(notice), channel: name("mail"), seq }.into()]).await;
}

/// What clocks have done to a piece since it came to its stage, in order; reminders aside.
fn done(piece: &Piece, since: i32) -> Vec<String> {
    let later = piece.history().iter().filter(|recorded| since < recorded.seq);
    later
        .filter_map(|recorded| match &recorded.event {
            Event::DeadlineNeared(_) => None,
            Event::DeadlinePassed(passed) => Some(passed.clock.to_string()),
            event => Some(event.kind().as_str().to_owned()),
        })
        .collect()
}

/// Who was told by an event of a piece's journal that something ran out.
async fn told(app: &TestApp, key: StreamKey) -> BTreeSet<String> {
    let rows = outbox::of_stream(app.store().reader(), key.order_id.0, key.stream_id.0).await.unwrap();
    let missed = rows.into_iter().filter(|row| matches!(row.notice.as_str(), "deadline_missed" | "delayed"));
    missed.map(|row| row.recipient).collect()
}

#[tokio::test]
async fn every_clock_fires_once_and_does_what_the_file_says_of_it() {
    let db = TestDatabase::sqlite();
    let app = TestApp::new(&db).await;
    let carrier = Carrier::parse("shunfeng").unwrap();
    let waybill = |text: &str| Waybill::parse(text).unwrap();
    let mut waiting: Vec<(Placed, i32, &[&str])> = Vec::new();
    let expected: [(&str, &[&str]); 19] = [
        ("awaiting_dispatch", &["cancelled"]),
        ("inbound", &["inbound:carrier_stalled", "inbound:carrier_lost"]),
        ("intake_exception", &["intake_exception:supervisor"]),
        ("received", &["received:inspector"]),
        ("appraising", &["appraising:inspector"]),
        ("spoken_review", &["spoken_review:inspector"]),
        ("awaiting_buyer", &["difference_refused", "returning:merchant"]),
        ("undetermined", &["undetermined:supervisor"]),
        ("failed", &["appeal_lapsed", "returning:merchant"]),
        ("quarantined", &["quarantined:supervisors"]),
        ("cleared", &["cleared:clerk"]),
        ("tagged", &["tagged:releaser"]),
        ("released", &["released:clerk"]),
        ("outbound", &["outbound:carrier_stalled", "outbound:carrier_lost"]),
        ("delivered", &["completed"]),
        ("return_inbound", &["return_lapsed", "completed"]),
        ("return_intake", &["return_intake:clerk"]),
        ("returning", &["returning:merchant"]),
        ("returning_to_buyer", &["returning_to_buyer:carrier_lost"]),
    ];
    for (name, clocks) in expected {
        let placed = placed_in(&app, name).await;
        match name {
            "awaiting_buyer" => tell(&app, &placed, "choice_needed").await,
            "failed" => tell(&app, &placed, "failed").await,
            "returning_to_buyer" => {
                let (carrier, waybill) = (carrier.clone(), waybill("SF-ONCE-1"));
                force(&app, &placed, vec![ReturnShipped { carrier, waybill }.into()]).await;
            }
            _ => {} // Its clock runs.
        }
        let since = piece(&app, placed.key).await.head();
        waiting.push((placed, since, clocks));
    }
    let posted = placed_as(&app, "KS-posted", "return_inbound").await;
    force(&app, &posted, vec![ReturnPosted { carrier, waybill: waybill("SF-ONCE-2") }.into()]).await;
    let since = piece(&app, posted.key).await.head();
    waiting.push((posted, since, &["return_inbound:carrier_lost"]));

    // Week after week, until a month and more is over; and then once more, by two who look at once.
    let mut now = Timestamp::now();
    for _ in 0..12 {
        now += SignedDuration::from_hours(7 * 24);
        assert_eq!(fire_due(app.desk(), now).await.unwrap().failed, 0);
    }
    let both = tokio::join!(fire_due(app.desk(), now), fire_due(app.desk(), now));
    assert_eq!((both.0.unwrap().fired, both.1.unwrap().fired), (0, 0));

    let mut fired = BTreeSet::new();
    for (placed, since, clocks) in &waiting {
        let did = done(&piece(&app, placed.key).await, *since);
        assert_eq!(did, *clocks, "{}", placed.name);
        fired.extend(did);
    }
    // What a clock brings about by itself is an event of its own.
    let own = |clock: &Clock| match clock {
        Clock::Dispatch => "cancelled",
        Clock::BuyersChoice => "difference_refused",
        Clock::Appeal => "appeal_lapsed",
        Clock::ReturnWindow => "completed",
        Clock::ReturnPosting => "return_lapsed",
        clock => clock.as_str(), // The others move nothing, and are noted.
    };
    let silent: Vec<_> = Clock::ALL.iter().filter(|clock| !fired.contains(own(clock))).collect();
    assert!(silent.is_empty(), "never fired: {silent:?}");

    let of =
        |name: &str| waiting.iter().find(|(placed, ..)| placed.name == name).map(|(placed, ..)| placed.key).unwrap();
    let told_of = async |name: &str| told(&app, of(name)).await.into_iter().collect::<Vec<_>>();
    assert_eq!(told_of("quarantined").await, ["buyer", "platform", "supervisor"]);
    assert_eq!(told_of("released").await, ["buyer", "supervisor"]);
    assert_eq!(told_of("received").await, ["supervisor"]);
    let order = StreamKey { stream_id: StreamId::ORDER, ..of("released") };
    let rows = journal::read(app.store().reader(), order).await.unwrap();
    assert!(rows.iter().any(|row| row.body.contains("\"late_release\"")), "the house owes its buyer for the delay");
    let order = StreamKey { stream_id: StreamId::ORDER, ..of("awaiting_dispatch") };
    let rows = journal::read(app.store().reader(), order).await.unwrap();
    assert!(rows.iter().any(|row| row.body.contains("\"no_show\"")), "nothing came, and it is the merchant's fault");
    assert!(rows.iter().any(|row| row.body.contains("\"refund_in_full\"")), "the price goes back");
}
