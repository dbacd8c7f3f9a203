//! The buyer's page under load: beside a bare handler that does the same four reads by key and returns fixed bytes of the
//! same size, and of a piece with two hundred events beside one with a dozen; all in one process, by turns.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use bytes::Bytes;
use serde_json::json;
use tokio::task::JoinSet;

use super::figures::{Figures, Ratio, per_second};
use super::load::Step;
use super::stand::Stand;
use super::{Options, Progress, stand};
use crate::client::{Call, Client};
use crate::config::DatabaseUrl;
use crate::demo::Failure;
use crate::demo::house;
use crate::domain::ids::PieceCode;
use crate::store::{Limits, Store, queries};
use crate::vault;

/// Connections at once.
const CONNECTIONS: usize = 64;
/// Events of the long journal at the least.
const LONG: usize = 200;
/// Turns of each, so that whatever else the machine does meets all of them.
const TURNS: u64 = 3;

pub async fn measure(options: &Options, progress: &Progress) -> Result<Figures, Failure> {
    let folder = stand::folder(options)?;
    let url = DatabaseUrl::sqlite_file(&folder.path().join("touchstone.db"));
    let stand = Stand::open(url.expose(), folder.path(), Limits::default(), None).await?;
    progress.say("a piece with a dozen events, and one with two hundred");
    let load = stand.load("PAGE").await?;
    let mut client = Client::new(stand.service.address);
    let short = load.place(&mut client, 1).await?;
    let mut long = load.place(&mut client, 2).await?;
    while long.next.is_some_and(|step| step <= Step::Ship) {
        load.advance(&mut client, &mut long).await?;
    }
    for number in 0..LONG {
        let body = json!({ "text": format!("note {number}") });
        let call = Call::post(format!("/v1/pieces/{}/notes", long.code), &body).by(&stand.people.clerk.secret);
        client.call(&call).await?;
    }
    let short = page_of(&stand, &short.code).await?;
    let long = page_of(&stand, &long.code).await?;
    let sample = client.send(&Call::get(&long)).await?;
    if !sample.is_success() {
        return Err(Failure(format!("{long} was answered {}", sample.status)));
    }
    let bare = bare(&stand, sample.body.clone()).await?;

    let mut done = [0_usize; 3];
    let mut took = [Duration::ZERO; 3];
    let each = (options.seconds / TURNS).max(1);
    for turn in 0..TURNS {
        let ways = [(stand.service.address, &long), (stand.service.address, &short), (bare, &long)];
        for (which, (address, path)) in ways.into_iter().enumerate() {
            progress.say(&format!("turn {} of {TURNS}", turn + 1));
            let (answered, lasted) = ask(address, path, each).await?;
            if let (Some(done), Some(took)) = (done.get_mut(which), took.get_mut(which)) {
                *done += answered;
                *took += lasted;
            }
        }
    }
    let [long, short, bare] = [0, 1, 2].map(|which: usize| {
        let (done, took) = (done.get(which).copied().unwrap_or_default(), took.get(which).copied().unwrap_or_default());
        per_second(done, took)
    });
    let mut figures = Figures::new("page");
    figures.number("page_bytes", sample.body.len() as u64);
    figures.number("pages_per_second", long);
    figures.number("bare_per_second", bare);
    figures.ratio("to_bare_ratio", Ratio::of(long, bare));
    figures.number("pages_per_second_short_journal", short);
    figures.ratio("short_to_long_ratio", Ratio::of(short, long));
    figures.note(format!("{CONNECTIONS} connections; {LONG} events more in the long journal than in the short one"));
    stand.close().await?;
    Ok(figures)
}

/// The address of the page of a piece's order.
async fn page_of(stand: &Stand, code: &str) -> Result<String, Failure> {
    let code = PieceCode::parse(code).map_err(|error| Failure::of("a piece's code", &error))?;
    let located = stand.house.desk.locate(&code).await.map_err(|error| Failure::of("a piece", &error))?;
    let located = located.ok_or_else(|| Failure("a piece that was placed is not there".to_owned()))?;
    Ok(format!("/t/{}", stand.house.desk.view_token(located.key.order_id)))
}

/// Serves fixed bytes after the reads that the page makes.
async fn bare(stand: &Stand, page: Bytes) -> Result<SocketAddr, Failure> {
    let listener = house::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let address = listener.local_addr().map_err(|error| Failure::of("the address is not known", &error))?;
    let router = axum::Router::new()
        .route("/t/{token}", axum::routing::get(read_and_answer))
        .with_state((stand.house.store.clone(), page));
    // It ends with the measurement's runtime.
    tokio::spawn(async move { drop(axum::serve(listener, router).await) });
    Ok(address)
}

async fn read_and_answer(State((store, page)): State<(Store, Bytes)>, Path(token): Path<String>) -> Response {
    let reads = async {
        let reader = store.reader();
        let Some(token) = queries::token(reader, &vault::token_hash(&token)).await? else { return Ok(false) };
        let order = queries::order(reader, token.order_id).await?;
        let pieces = queries::pieces_of(reader, token.order_id).await?;
        let buyer = match &order {
            Some(order) => queries::person(reader, order.buyer_id).await?,
            None => None,
        };
        Ok::<_, crate::store::Error>(buyer.is_some() && !pieces.is_empty())
    };
    match reads.await {
        Ok(true) => Html(page).into_response(),
        Ok(false) | Err(_) => axum::http::StatusCode::NOT_FOUND.into_response(),
    }
}

/// Asks for one page over and over. Answers how often it came, and how long that took.
async fn ask(address: SocketAddr, path: &str, seconds: u64) -> Result<(usize, Duration), Failure> {
    let started = Instant::now();
    let until = started + Duration::from_secs(seconds);
    let mut running = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let call = Call::get(path);
        running.spawn(async move {
            let mut client = Client::new(address);
            let mut done = 0;
            while Instant::now() < until {
                let answer = client.send(&call).await?;
                if !answer.is_success() {
                    return Err(Failure(format!("the page was answered {}", answer.status)));
                }
                done += 1;
            }
            Ok::<_, Failure>(done)
        });
    }
    let mut whole = 0;
    while let Some(done) = running.join_next().await {
        whole += done.map_err(|error| Failure::of("a client broke off", &error))??;
    }
    Ok((whole, started.elapsed()))
}
