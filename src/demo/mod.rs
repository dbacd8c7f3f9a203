//! The demonstration: an embedded database made from nothing, the fixture orders taken through their journeys over real
//! HTTP, and a readable account of it.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::audit::{self, Finding, Watch};
use crate::client;
use crate::config::DatabaseUrl;
use crate::desk::Options as DeskOptions;
use crate::store::Limits;
use crate::telemetry::Metrics;

mod account;
pub(crate) mod fixtures;
pub mod house;
mod journeys;
mod words;

pub use account::width;

use fixtures::Fixture;
use house::{House, People, Service};
use journeys::Taken;

/// How many orders are on their way at once.
const AT_ONCE: usize = 4;

/// How the demo runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// End after the account instead of serving on.
    pub exit: bool,
    /// Print one summary instead of the account.
    pub json: bool,
    pub data: Option<PathBuf>,
    pub listen: SocketAddr,
}

/// Why something could not be done, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(pub String);

impl Failure {
    /// What failed, with all its causes.
    pub fn of(what: &str, error: &dyn std::error::Error) -> Self {
        let mut sentence = format!("{what}: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !sentence.contains(&text) {
                sentence.push_str(&format!(": {text}"));
            }
            cause = error.source();
        }
        Self(sentence)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Self {
        Failure(error.to_string())
    }
}

/// What the demo came to.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    pub pieces: usize,
    pub by_stage: BTreeMap<String, usize>,
    /// Of all journals, orders' own included.
    pub events: u64,
    pub delivered: usize,
    pub journal_ok: bool,
    pub tracking_urls: Vec<String>,
}

/// Whether everything came to where it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Good,
    Wanting,
}

/// Runs the demo; with `exit` until its account is told, else until it is told to stop.
pub async fn run(options: Options, stop: impl Future<Output = ()>) -> Result<Outcome, Failure> {
    let listener = house::listen(options.listen).await?;
    let folder = house::folder(options.data.as_deref(), "touchstone-demo")?;
    let secrets = house::secrets(&folder)?;
    let url = DatabaseUrl::sqlite_file(&folder.join("touchstone.db"));
    let address = listener.local_addr().map_err(|error| Failure::of("the address is not known", &error))?;
    // Whoever looks at a demo does not wait ten minutes for a letter.
    let gather = Duration::from_secs(2);
    let desk = DeskOptions { public_url: format!("http://{address}"), gather, ..DeskOptions::default() };
    let house = House::open(url.expose(), &secrets, Limits::default(), desk).await?;
    let outcome = live(&options, &house, &folder, listener, stop).await;
    house.close().await?;
    if options.exit && options.data.is_none() {
        // A folder that was made for this run only, and that nobody was told of.
        let _ = std::fs::remove_dir_all(&folder);
    }
    outcome
}

async fn live(
    options: &Options,
    house: &House,
    folder: &Path,
    listener: tokio::net::TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<Outcome, Failure> {
    let mut fixtures = fixtures::orders(Timestamp::now())?;
    let beside = fixtures.last().map(fixtures::beside).unwrap_or_default();
    fixtures.extend(beside);
    let mut merchants: Vec<_> = fixtures.iter().map(|fixture| fixture.merchant_id().to_owned()).collect();
    merchants.sort();
    merchants.dedup();
    let people = Arc::new(house.furnish(&merchants).await?);
    // Whoever only wants the summary asks for no metrics page.
    let metrics = Metrics::install().ok().filter(|_| !options.exit);
    let service = house.serve(listener, folder, metrics)?;
    let courier = house.deliver(&service, folder)?;
    if !options.json {
        say(&format!("Touchstone demo: {} orders, over http://{}", fixtures.len(), service.address));
    }
    let taken = take_all(&service, &people, fixtures, !options.json).await?;
    let (events, broken) = check_journals(house).await?;
    let summary = summarise(&taken, events, broken.is_empty());
    let mut wanting = broken;
    for piece in taken.iter().flat_map(|order| &order.pieces).filter(|piece| !piece.arrived()) {
        let at = piece.outcome.as_ref().map_or(String::new(), |outcome| format!(" ({outcome})"));
        wanting.push(format!("piece {} should have come to {} and is {}{at}", piece.code, piece.way.goal, piece.stage));
    }
    if options.json {
        let text = serde_json::to_string(&summary).map_err(|error| Failure::of("the summary", &error))?;
        say(&text);
    } else {
        tell_summary(&summary);
    }
    for sentence in &wanting {
        let _ = writeln!(io::stderr(), "{sentence}");
    }
    if !options.exit {
        tell_links(&service, &people, &taken, folder);
        stop.await;
        say("\nStopping: what is in flight is finished first.");
    }
    courier.stop().await;
    service.stop().await?;
    Ok(if wanting.is_empty() { Outcome::Good } else { Outcome::Wanting })
}

/// Takes all orders, a few at once; told is one after the other, in their order.
async fn take_all(
    service: &Service,
    people: &Arc<People>,
    fixtures: Vec<Fixture>,
    aloud: bool,
) -> Result<Vec<Taken>, Failure> {
    let (account, mut told) = mpsc::unbounded_channel();
    journeys::tell_what_was_said(service.address, people, &account).await?;
    drop(account);
    while let Some(told) = told.recv().await {
        if aloud {
            say(&told.text());
        }
    }
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    let mut accounts = Vec::new();
    for (place, fixture) in fixtures.into_iter().enumerate() {
        let (account, told) = mpsc::unbounded_channel();
        accounts.push(told);
        let (turns, people, address) = (turns.clone(), people.clone(), service.address);
        tasks.spawn(async move {
            let turn = turns.acquire_owned().await;
            let taken = journeys::take(address, people, place, fixture, account).await;
            drop(turn);
            (place, taken)
        });
    }
    for mut told in accounts {
        while let Some(told) = told.recv().await {
            if aloud {
                say(&told.text());
            }
        }
    }
    let mut taken = BTreeMap::new();
    while let Some(done) = tasks.join_next().await {
        let (place, order) = done.map_err(|error| Failure::of("an order's journey broke off", &error))?;
        taken.insert(place, order?);
    }
    Ok(taken.into_values().collect())
}

fn summarise(taken: &[Taken], events: u64, journal_ok: bool) -> Summary {
    let mut by_stage: BTreeMap<String, usize> = BTreeMap::new();
    for piece in taken.iter().flat_map(|order| &order.pieces) {
        *by_stage.entry(piece.stage.clone()).or_default() += 1;
    }
    Summary {
        pieces: by_stage.values().sum(),
        delivered: by_stage.get("delivered").copied().unwrap_or_default(),
        by_stage,
        events,
        journal_ok,
        tracking_urls: taken.iter().map(|order| order.tracking_url.clone()).collect(),
    }
}

/// Keeps what an audit finds, as sentences.
#[derive(Default)]
struct Findings(Vec<String>);

impl Watch for Findings {
    fn progress(&mut self, _: u64, _: u64) {}

    fn found(&mut self, finding: &Finding) {
        self.0.push(finding.to_string());
    }
}

/// Checks all that was written. Answers how many events there are, and what is wrong.
async fn check_journals(house: &House) -> Result<(u64, Vec<String>), Failure> {
    let mut findings = Findings::default();
    let report = audit::check(&house.store, house.desk.keys(), None, &mut findings)
        .await
        .map_err(|error| Failure::of("the journals cannot be checked", &error))?;
    Ok((report.events, findings.0))
}

fn tell_summary(summary: &Summary) {
    say(&format!("\n{} and {} events; by stage:", words::pieces(summary.pieces), summary.events));
    for (stage, count) in &summary.by_stage {
        say(&format!("  {count:>3}  {stage}"));
    }
    let verdict = if summary.journal_ok { "every journal verifies" } else { "NOT every journal verifies" };
    say(&format!("{} delivered; {verdict}.", summary.delivered));
}

fn tell_links(service: &Service, people: &People, taken: &[Taken], folder: &Path) {
    let base = format!("http://{}", service.address);
    say(&format!("\nIt goes on serving until you press Ctrl-C. Everything lies in {}.\n", folder.display()));
    say(&format!("API documentation   {base}/docs"));
    say(&format!("OpenAPI             {base}/openapi.json"));
    say(&format!("Metrics             {base}/metrics"));
    say(&format!("Letters             {base}/demo/mail"));
    say("\nTracking pages:");
    for order in taken {
        say(&format!("  {}  {}", order.order_no, order.tracking_url));
    }
    say("\nThe work of the inspectors, most urgent first:");
    say(&format!("  curl -s -H 'Authorization: Bearer {}' {base}/v1/queue", people.inspectors[0].secret));
    if let Some(piece) = taken.first().and_then(|order| order.pieces.first()) {
        say("\nA piece's journal, with its hashes:");
        let path = format!("{base}/v1/pieces/{}/journal", piece.code);
        say(&format!("  curl -s -H 'Authorization: Bearer {}' {path}", people.auditor.secret));
    }
    say("\nOne key for each role:");
    let merchant = people.merchants.iter().next();
    let everybody = [
        ("platform", Some(&people.platform)),
        ("merchant", merchant.map(|(_, person)| person)),
        ("clerk", Some(&people.clerk)),
        ("inspector A", Some(&people.inspectors[0])),
        ("inspector B", Some(&people.inspectors[1])),
        ("supervisor A", Some(&people.supervisor)),
        ("supervisor B", Some(&people.second_supervisor)),
        ("auditor", Some(&people.auditor)),
        ("operator", Some(&people.operator)),
    ];
    for (title, person) in everybody {
        let of = merchant.filter(|_| title == "merchant").map_or(String::new(), |(id, _)| format!("  ({id})"));
        if let Some(person) = person {
            say(&format!("  {title:<12}  {}{of}", person.secret));
        }
    }
}

/// A line on standard output. Whoever closed it does not want to read on, which is no fault.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
