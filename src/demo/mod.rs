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

use jiff::SignedDuration;
use serde::Serialize;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::audit::{self, Finding, Watch};
use crate::client::{self, Call, Client};
use crate::clock::{Clock, Hands};
use crate::config::DatabaseUrl;
use crate::courier;
use crate::desk::Options as DeskOptions;
use crate::store::Limits;
use crate::telemetry::Metrics;

mod account;
mod after;
mod ahead;
mod cast;
pub(crate) mod fixtures;
pub mod house;
mod journeys;
mod words;

pub use account::width;

use account::Told;
use after::After;
use ahead::Story;
use fixtures::Fixture;
use house::{House, People, Service};
use journeys::{Setting, Taken};

/// How many orders are on their way at once.
const AT_ONCE: usize = 4;

/// How the demo runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// End after the account instead of serving on.
    pub exit: bool,
    /// Print one summary instead of the account.
    pub json: bool,
    /// Let the clock run ahead when everybody has done what they can, until nothing waits any more.
    pub fast: bool,
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
    let address = listener.local_addr().map_err(|error| Failure::of("the address is not known", &error))?;
    let secrets = house::secrets(&folder, Some(address))?;
    let url = DatabaseUrl::sqlite_file(&folder.join("touchstone.db"));
    // Whoever looks at a demo does not wait ten minutes for a letter.
    let gather = Duration::from_secs(2);
    let desk = DeskOptions { public_url: format!("http://{address}"), gather, ..DeskOptions::default() };
    let hands = Hands::of(Clock::system());
    let house = House::open(url.expose(), &secrets, Limits::default(), desk, hands.clock()).await?;
    let outcome = live(&options, (&house, hands), &folder, listener, stop).await;
    house.close().await?;
    if options.exit && options.data.is_none() {
        // A folder that was made for this run only, and that nobody was told of.
        let _ = std::fs::remove_dir_all(&folder);
    }
    outcome
}

async fn live(
    options: &Options,
    (house, hands): (&House, Hands),
    folder: &Path,
    listener: tokio::net::TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<Outcome, Failure> {
    let fixtures = fixtures::orders(house.clock.now())?;
    // Of the fixtures each stands alone; what is beside them comes merchant by merchant.
    let mut orders: Vec<Vec<Fixture>> = fixtures.iter().cloned().map(|fixture| vec![fixture]).collect();
    orders.extend(cast::orders(&fixtures)?);
    let mut merchants: Vec<_> = fixtures.iter().map(|fixture| fixture.merchant_id().to_owned()).collect();
    merchants.sort();
    merchants.dedup();
    let people = Arc::new(house.furnish(&merchants).await?);
    // Whoever only wants the summary asks for no metrics page.
    let metrics = Metrics::install().ok().filter(|_| !options.exit);
    let service = house.serve(listener, folder, metrics)?;
    let mut settings = courier::Settings::default();
    if options.fast {
        // Nobody waits a second for each hour of the story.
        settings.every = Duration::from_millis(50);
    }
    let courier = house.deliver(&service, folder, settings)?;
    let count = orders.iter().flatten().count();
    let aloud = !options.json;
    let mut tell = move |told: Told| {
        if aloud {
            say(&told.text());
        }
    };
    if aloud {
        say(&format!("Touchstone demo: {count} orders, over http://{}", service.address));
    }
    let setting = Setting { address: service.address, people: people.clone(), clock: house.clock.clone() };
    let mut taken = take_all(&setting, orders, &mut tell).await?;
    let mut wanting = not_arrived(&taken);
    After::new(&setting, &mut tell).ladder().await?;
    After::new(&setting, &mut tell).owed().await?;
    if options.fast {
        run_ahead(&mut Story::new(house, hands, folder), &setting, &mut tell).await?;
        look_again(&setting, &mut taken).await?;
    }
    let (events, broken) = check_journals(house).await?;
    let summary = summarise(&taken, events, broken.is_empty());
    wanting.extend(broken);
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

/// What did not come to where it should, as sentences.
fn not_arrived(taken: &[Taken]) -> Vec<String> {
    let away = taken.iter().flat_map(|order| &order.pieces).filter(|piece| !piece.arrived());
    away.map(|piece| {
        let at = piece.outcome.as_ref().map_or(String::new(), |outcome| format!(" ({outcome})"));
        format!("piece {} should have come to {} and is {}{at}", piece.code, piece.way.goal, piece.stage)
    })
    .collect()
}

/// A month in which nobody does anything, and then two half years.
async fn run_ahead(
    story: &mut Story<'_>,
    setting: &Setting,
    tell: &mut (dyn FnMut(Told) + Send),
) -> Result<(), Failure> {
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    story.run(days(32), tell).await?;
    for (until, heading) in [(210, "Half a year later the merchants stand"), (400, "And after a year")] {
        story.run(days(until), tell).await?;
        tell(Told::Heading(heading.to_owned()));
        After::new(setting, tell).steps().await?;
    }
    Ok(())
}

/// Where the pieces are, after time has passed.
async fn look_again(setting: &Setting, taken: &mut [Taken]) -> Result<(), Failure> {
    let mut client = Client::new(setting.address);
    for piece in taken.iter_mut().flat_map(|order| &mut order.pieces) {
        let call = Call::get(format!("/v1/pieces/{}", piece.code)).by(&setting.people.platform.secret);
        let seen = client.call(&call).await?;
        piece.stage = seen.text("/stage")?;
        piece.outcome = seen.json()?["outcome"].as_str().map(str::to_owned);
    }
    Ok(())
}

/// Takes all orders, a few lists of them at once; told is one after the other, in their order.
async fn take_all(
    setting: &Setting,
    orders: Vec<Vec<Fixture>>,
    tell: &mut (dyn FnMut(Told) + Send),
) -> Result<Vec<Taken>, Failure> {
    let (account, mut told) = mpsc::unbounded_channel();
    journeys::tell_what_was_said(setting.address, &setting.people, &account).await?;
    drop(account);
    while let Some(told) = told.recv().await {
        tell(told);
    }
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    let mut accounts = Vec::new();
    let mut place = 0;
    for list in orders {
        let mut listed = Vec::new();
        for fixture in list {
            let (account, told) = mpsc::unbounded_channel();
            accounts.push(told);
            listed.push((place, fixture, account));
            place += 1;
        }
        let (turns, setting) = (turns.clone(), setting.clone());
        tasks.spawn(async move {
            let turn = turns.acquire_owned().await;
            let mut taken = Vec::new();
            for (place, fixture, account) in listed {
                taken.push((place, journeys::take(setting.clone(), place, fixture, account).await?));
            }
            drop(turn);
            Ok::<_, Failure>(taken)
        });
    }
    for mut told in accounts {
        while let Some(told) = told.recv().await {
            tell(told);
        }
    }
    let mut taken = BTreeMap::new();
    while let Some(done) = tasks.join_next().await {
        taken.extend(done.map_err(|error| Failure::of("an order's journey broke off", &error))??);
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
        delivered: taken.iter().flat_map(|order| &order.pieces).filter(|piece| piece.is_delivered()).count(),
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
