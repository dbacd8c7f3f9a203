//! What the rules cost without the store: a journal up to its shipment folded, and one command decided on it.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;

use super::figures::{Figures, percentile};
use super::load::Step;
use super::{Options, Progress, stand};
use crate::client::{Call, Client};
use crate::config::DatabaseUrl;
use crate::demo::Failure;
use crate::desk::recorded;
use crate::domain::actor::{By, Role};
use crate::domain::command::{Command, decide};
use crate::domain::event::{OrderPlaced, Recorded};
use crate::domain::ids::PieceCode;
use crate::domain::order::{LineStatus, Order};
use crate::domain::piece::Piece;
use crate::rulebook::Rulebook;
use crate::store::Limits;
use crate::store::entity::events;

/// At least so many.
const EVENTS: usize = 20;
const ROUNDS: usize = 1_000;
/// Few enough that what is folded lies in the processor's cache, as it does when it has just been read.
const IN_A_ROUND: u32 = 16;

/// A journal as it is stored, with what a decision on it needs besides.
struct Subject {
    rows: Vec<events::Model>,
    placed: OrderPlaced,
}

pub async fn measure(options: &Options, progress: &Progress) -> Result<Figures, Failure> {
    progress.say("a journal up to its shipment");
    let Subject { rows, placed } = subject(options).await?;
    let failed = |error: &dyn std::error::Error| Failure::of("the journal cannot be read", error);
    let recorded = rows
        .iter()
        .map(|row| recorded::read(row).map(|read| read.recorded))
        .collect::<Result<Vec<Recorded>, _>>()
        .map_err(|error| failed(&error))?;
    let last = recorded.last().ok_or_else(|| Failure("the journal is empty".to_owned()))?;
    let (Some(person), Some(key)) = (last.person, last.key) else {
        return Err(Failure("the last event was nobody's".to_owned()));
    };
    let by = By { person, key, role: Role::Platform, proposer: None };
    let order = Order { placed: Arc::new(placed), lines: vec![(1, LineStatus::OnTheWay)], rest: Default::default() };
    let now = Timestamp::now();
    let command = Command::Deliver { delivered_at: now.as_microsecond() };
    let rules = Rulebook::embedded().map_err(|error| failed(&error))?;
    let piece = Piece::fold(recorded.clone()).map_err(|error| failed(&error))?;
    decide(&piece, &order, &command, &by, now, &rules)
        .map_err(|refusal| Failure(format!("the decision was refused: {}", refusal.sentence())))?;

    let folded_and_decided = median(
        || recorded.clone(),
        |journal| {
            if let Ok(piece) = Piece::fold(journal) {
                let _ = black_box(decide(&piece, &order, &command, &by, now, &rules));
            }
        },
    );
    let with_reading = median(
        || (),
        |()| {
            let read: Result<Vec<_>, _> = rows.iter().map(recorded::read).collect();
            if let Ok(piece) = read.map(|read| Piece::fold(read.into_iter().map(|read| read.recorded))) {
                let _ = black_box(piece.map(|piece| decide(&piece, &order, &command, &by, now, &rules)));
            }
        },
    );
    let mut figures = Figures::new("fold");
    figures.number("events", recorded.len() as u64);
    figures.text("fold_and_decision", microseconds(folded_and_decided));
    figures.text("reading_fold_and_decision", microseconds(with_reading));
    figures.note("one thread; the middle of many rounds");
    Ok(figures)
}

/// What one time takes, in the middle of all rounds; what it works on is made ready before.
fn median<T>(mut ready: impl FnMut() -> T, mut once: impl FnMut(T)) -> Duration {
    let mut rounds: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let inputs: Vec<T> = (0..IN_A_ROUND).map(|_| ready()).collect();
            let started = Instant::now();
            inputs.into_iter().for_each(|input| once(black_box(input)));
            started.elapsed() / IN_A_ROUND
        })
        .collect();
    percentile(&mut rounds, 50)
}

fn microseconds(took: Duration) -> String {
    let hundredths = took.as_nanos() / 10;
    format!("{}.{:02} µs", hundredths / 100, hundredths % 100)
}

/// Takes one piece as far as its shipment, with as many notes as make its journal long enough.
async fn subject(options: &Options) -> Result<Subject, Failure> {
    let folder = stand::folder(options)?;
    let url = DatabaseUrl::sqlite_file(&folder.path().join("touchstone.db"));
    let stand = stand::Stand::open(url.expose(), folder.path(), Limits::default(), None).await?;
    let load = stand.load("FOLD").await?;
    let mut client = Client::new(stand.service.address);
    let mut piece = load.place(&mut client, 1).await?;
    while piece.next < Some(Step::Deliver) {
        load.advance(&mut client, &mut piece).await?;
    }
    let failed = |error: &dyn std::error::Error| Failure::of("the journal cannot be read", error);
    let code = PieceCode::parse(&piece.code).map_err(|error| failed(&error))?;
    let desk = &stand.house.desk;
    loop {
        let located = desk.locate(&code).await.map_err(|error| failed(&error))?;
        let key = located.ok_or_else(|| Failure("the piece is gone".to_owned()))?.key;
        let view = desk.read_piece(key).await.map_err(|error| failed(&error))?;
        let view = view.ok_or_else(|| Failure("the piece is gone".to_owned()))?;
        if EVENTS <= view.rows.len() {
            let placed = (*view.placed).clone();
            stand.close().await?;
            return Ok(Subject { rows: view.rows, placed });
        }
        let note = json!({ "text": format!("note {}", view.rows.len()) });
        let call = Call::post(format!("/v1/pieces/{code}/notes"), &note).by(&stand.people.platform.secret);
        client.call(&call).await?;
    }
}
