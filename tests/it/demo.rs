//! The demo shows everything that can happen: it takes every edge of the machine and every command, told by the code's own
//! lists, so that a new one fails here until somebody can see it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use touchstone::config::DatabaseUrl;
use touchstone::demo::{self, Options, Outcome};
use touchstone::domain::command::CommandKind;
use touchstone::domain::event::EventKind;
use touchstone::domain::ids::StreamKey;
use touchstone::domain::route::{EDGES, Edge, Stage, Standing, Target};
use touchstone::store::{Limits, Store, journal};

use crate::replay::recorded;

/// Nobody has a door to it: a carrier that gives a parcel another number on its way to the buyer tells nobody so.
const WITHOUT_A_DOOR: &[Edge] =
    &[Edge { from: Stage::Outbound, kind: EventKind::WaybillCorrected, to: Target::To(Stage::Outbound) }];

/// What leaves every stage as it is, by what stands in the journal for it.
fn annotation(kind: CommandKind) -> Option<EventKind> {
    match kind {
        CommandKind::AnswerSameArticle => Some(EventKind::SameArticleAnswered),
        CommandKind::Correct => Some(EventKind::Corrected),
        CommandKind::SetSegment => Some(EventKind::SegmentSet),
        CommandKind::AddNote => Some(EventKind::NoteAdded),
        CommandKind::AddPhoto => Some(EventKind::PhotoAdded),
        CommandKind::HearCarrier => Some(EventKind::CarrierExceptionFound),
        CommandKind::NoteAccepted => Some(EventKind::NoticeAccepted),
        _ => None, // The machine knows it by its own events.
    }
}

/// What happens to orders, cases, obligations and merchants beside the pieces.
const BESIDE: &[EventKind] = &[
    EventKind::RestAsked,
    EventKind::RestWanted,
    EventKind::RestDeclined,
    EventKind::LineFailed,
    EventKind::LineCancelled,
    EventKind::CertificateClashFound,
    EventKind::ObligationArose,
    EventKind::ObligationReversed,
    EventKind::ObligationAmountSet,
    EventKind::ObligationSettled,
    EventKind::IncidentConfirmed,
    EventKind::LessonRead,
    EventKind::StepAppealed,
    EventKind::StepAppealDecided,
    EventKind::StepLifted,
    EventKind::CaseOpened,
    EventKind::CaseReported,
    EventKind::CaseDecisionProposed,
    EventKind::CaseDecided,
    EventKind::DeadlinePassed,
];

/// What stands in all journals: the edges that were taken, and the kinds of events.
async fn seen(store: &Store) -> (BTreeSet<Edge>, BTreeSet<EventKind>) {
    let mut journals: BTreeMap<StreamKey, Vec<_>> = BTreeMap::new();
    for order in journal::orders(store.reader(), None, 10_000).await.unwrap() {
        for row in journal::of_order(store.reader(), touchstone::domain::ids::OrderId(order)).await.unwrap() {
            let key = journal::stream_key(row.order_id, row.stream_id);
            journals.entry(key).or_default().push(recorded(&row.body).1);
        }
    }
    let (mut edges, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    for events in journals.into_values() {
        kinds.extend(events.iter().map(|recorded| recorded.event.kind()));
        if events[0].event.kind() != EventKind::PieceOpened {
            continue; // An order's own journal, or a case's: no piece stands in it.
        }
        let mut standing = Standing::start();
        for recorded in events.into_iter().skip(1) {
            let (from, kind) = (standing.stage(), recorded.event.kind());
            standing = standing.advance(Arc::new(recorded)).unwrap();
            let to = standing.outcome().map_or(Target::To(standing.stage()), Target::End);
            edges.insert(Edge { from, kind, to });
        }
    }
    (edges, kinds)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_that_runs_ahead_takes_every_edge_and_every_command() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("demo");
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let options = Options { exit: true, json: true, fast: true, data: Some(folder.clone()), listen };
    let outcome = demo::run(options, std::future::pending()).await.unwrap();
    assert_eq!(outcome, Outcome::Good, "what is wanting stands in its errors");

    let url = DatabaseUrl::sqlite_file(&folder.join("touchstone.db"));
    let store = Store::open(url.expose(), Limits::default()).await.unwrap();
    let (edges, kinds) = seen(&store).await;
    let missing: Vec<_> = EDGES.iter().filter(|edge| !edges.contains(edge) && !WITHOUT_A_DOOR.contains(edge)).collect();
    assert!(missing.is_empty(), "the demo does not take:\n{missing:#?}");
    for edge in WITHOUT_A_DOOR {
        assert!(!edges.contains(edge), "there is a door to it now: {edge:?}");
    }
    for command in CommandKind::ALL {
        let own: Vec<_> = annotation(*command).into_iter().chain(command.events().iter().copied()).collect();
        assert!(own.iter().any(|kind| kinds.contains(kind)), "nobody asks {}", command.as_str());
    }
    let missing: Vec<_> = BESIDE.iter().filter(|kind| !kinds.contains(kind)).collect();
    assert!(missing.is_empty(), "beside the pieces the demo does not show {missing:?}");

    // Nothing waits any more that a clock could end, and every notice that the story was about is a letter in the folder.
    let waits = touchstone::store::waits::next(store.reader()).await.unwrap();
    assert_eq!((waits.deadline, waits.told), (None, None));
    let letters = std::fs::read_dir(folder.join("mail")).unwrap();
    assert!(
        letters.filter(|letter| letter.as_ref().unwrap().path().extension().is_some_and(|end| end == "eml")).count()
            > 0
    );
    store.close().await.unwrap();
}
