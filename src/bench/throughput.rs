//! How many commands a second the house carries out over HTTP, beside a bare loop that commits the same rows one command
//! at a time on the same disk.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::figures::{Figures, Ratio, cpu_time, milliseconds, per_second, percentile};
use super::load::{self, Driven, Load};
use super::{Options, Progress, replay, stand};
use crate::config::DatabaseUrl;
use crate::demo::Failure;
use crate::store::{Limits, Store, queries, raw};

/// More commands than these are not replayed in one turn: their rows are held in memory until they are.
const REPLAYED: usize = 20_000;
/// Pieces that are placed for each second; a run that needs more ends early.
const PLACED_EACH_SECOND: usize = 250;

/// House and bare loop change places so often.
const TURNS: usize = 5;

/// What a turn came to, or all of them.
#[derive(Default)]
struct Turn {
    driven: Driven,
    /// Of processor, while the house was driven.
    computed: Duration,
    recorded: Recorded,
    /// How long the bare loop took.
    bare: Duration,
}

impl Turn {
    fn add(&mut self, mut other: Turn) {
        self.driven.done += other.driven.done;
        self.driven.took += other.driven.took;
        self.driven.latencies.append(&mut other.driven.latencies);
        self.computed += other.computed;
        self.recorded.read_back += other.recorded.read_back;
        self.recorded.transactions += other.recorded.transactions;
        self.recorded.statements += other.recorded.statements;
        self.bare += other.bare;
    }
}

/// What the bare loop was given.
#[derive(Default)]
struct Recorded {
    /// Commands that were found in the database.
    read_back: usize,
    transactions: usize,
    statements: usize,
}

/// SQLite, 64 clients.
pub async fn sqlite(options: &Options, progress: &Progress) -> Result<Figures, Failure> {
    let folder = stand::folder(options)?;
    let url = DatabaseUrl::sqlite_file(&folder.path().join("touchstone.db"));
    let stand = stand::Stand::open(url.expose(), folder.path(), Limits::default(), None).await?;
    let mut figures = Figures::new("throughput");
    let bare_path = folder.path().join("bare.db");
    let run = Run { stand: &stand, clients: 64, seconds: options.seconds, progress };
    let load = run.prepare().await?;
    raw::copy_sqlite(&stand.house.store, &bare_path)
        .await
        .map_err(|error| Failure::of("the database cannot be copied", &error))?;
    let bare = open_bare(&bare_path).await?;
    run.compare(load, &bare, 1, &mut figures).await?;
    bare.close().await.map_err(|error| Failure::of("the copy cannot be closed", &error))?;
    stand.close().await?;
    figures.note("durable (WAL, synchronous FULL); both on the same disk, by turns");
    Ok(figures)
}

async fn open_bare(path: &Path) -> Result<Store, Failure> {
    Store::open(DatabaseUrl::sqlite_file(path).expose(), Limits::default())
        .await
        .map_err(|error| Failure::of("the copy cannot be opened", &error))
}

/// PostgreSQL, 16 and 64 clients, beside as many bare connections.
pub async fn postgres(options: &Options, progress: &Progress) -> Result<Figures, Failure> {
    let url = options.database_url.as_deref().filter(|url| url.starts_with("postgres"));
    let url = url.ok_or_else(|| Failure("this one needs --database-url postgres://…".to_owned()))?;
    let mut figures = Figures::new("postgres");
    for clients in [16, 64] {
        let name = format!("touchstone_bench_{}", Uuid::new_v4().simple());
        let schemas = [format!("{name}_a"), format!("{name}_b")];
        let measured = beside_schema(options, progress, url, &schemas, clients, &mut figures).await;
        for schema in &schemas {
            raw::drop_schema(url, schema).await.map_err(|error| Failure::of("a schema cannot be dropped", &error))?;
        }
        measured?;
    }
    Ok(figures)
}

async fn beside_schema(
    options: &Options,
    progress: &Progress,
    url: &str,
    [one, other]: &[String; 2],
    clients: usize,
    figures: &mut Figures,
) -> Result<(), Failure> {
    let failed = |error: crate::store::Error| Failure::of("the PostgreSQL did not do as it was asked", &error);
    let folder = stand::folder(options)?;
    let connections = u32::try_from(clients).unwrap_or(u32::MAX);
    let own = raw::create_schema(url, one).await.map_err(failed)?;
    let stand = stand::Stand::open(&own, folder.path(), Limits::default(), options.writers).await?;
    let run = Run { stand: &stand, clients, seconds: options.seconds, progress };
    let load = run.prepare().await?;
    let beside = raw::create_schema(url, other).await.map_err(failed)?;
    let limits = Limits { writers: connections, ..Limits::default() };
    let bare = Store::open(&beside, limits).await.map_err(failed)?;
    bare.migrate().await.map_err(failed)?;
    raw::copy_schema(url, one, other).await.map_err(failed)?;
    raw::gather_statistics(url).await.map_err(failed)?;
    run.compare(load, &bare, clients, figures).await?;
    bare.close().await.map_err(failed)?;
    stand.close().await
}

struct Run<'a> {
    stand: &'a stand::Stand,
    clients: usize,
    seconds: u64,
    progress: &'a Progress,
}

struct Prepared {
    load: Arc<Load>,
    pieces: Vec<load::Piece>,
}

impl Run<'_> {
    async fn prepare(&self) -> Result<Prepared, Failure> {
        let load = Arc::new(self.stand.load("BENCH").await?);
        let count = PLACED_EACH_SECOND * usize::try_from(self.seconds).unwrap_or(usize::MAX);
        self.progress.say(&format!("placing {count} orders"));
        let pieces = load.place_many(1, count).await?;
        Ok(Prepared { load, pieces })
    }

    /// Drives the house, then the bare database with the rows that came of it, by turns: a disk that is slow for a while
    /// is slow for both.
    async fn compare(
        &self,
        prepared: Prepared,
        bare: &Store,
        connections: usize,
        figures: &mut Figures,
    ) -> Result<(), Failure> {
        let Prepared { load, mut pieces } = prepared;
        let mut whole = Turn::default();
        let each = (pieces.len() / TURNS).max(1);
        for number in 1..=TURNS {
            self.progress.say(&format!("{} clients, turn {number} of {TURNS}", self.clients));
            let own = pieces.drain(..each.min(pieces.len())).collect();
            whole.add(self.turn(&load, own, bare, connections).await?);
        }
        let Turn { driven: Driven { done, took, mut latencies, .. }, computed, recorded, bare } = whole;
        if recorded.read_back != done {
            figures.note(format!("{done} commands were acknowledged, {} read back", recorded.read_back));
        }
        let of = |name: &str| format!("{name}_{}_clients", self.clients);
        let (house, alone) = (per_second(done, took), per_second(recorded.transactions, bare));
        figures.number(&of("commands_per_second"), house);
        figures.number(&of("bare_commits_per_second"), alone);
        figures.ratio(&of("ratio"), Ratio::of(house, alone));
        figures.text(&of("p50"), milliseconds(percentile(&mut latencies, 50)));
        figures.text(&of("p99"), milliseconds(percentile(&mut latencies, 99)));
        if !computed.is_zero() {
            let each = computed.as_micros() / done.max(1) as u128;
            let busy = Ratio::of(computed.as_micros() as u64, took.as_micros() as u64);
            figures.note(format!("{each} µs of CPU for each command, clients included; {busy} cores busy"));
        }
        let tenths = recorded.statements * 10 / recorded.transactions.max(1);
        figures.note(format!("{}.{} statements in each bare commit", tenths / 10, tenths % 10));
        Ok(())
    }

    /// One turn of both.
    async fn turn(
        &self,
        load: &Arc<Load>,
        pieces: Vec<load::Piece>,
        bare: &Store,
        connections: usize,
    ) -> Result<Turn, Failure> {
        let failed = |error: crate::store::Error| Failure::of("the bare loop cannot run", &error);
        let since = Timestamp::now().as_microsecond();
        let before = cpu_time();
        let length = Duration::from_secs(self.seconds) / TURNS as u32;
        let driven = load::drive(load, self.clients, pieces, length).await?;
        let computed = cpu_time().zip(before).map(|(after, before)| after.saturating_sub(before)).unwrap_or_default();
        let store = &self.stand.house.store;
        let mut orders = Vec::new();
        for code in &driven.codes {
            let row = queries::piece_by_code(store.reader(), code).await.map_err(failed)?;
            orders.extend(row.map(|row| row.order_id));
        }
        let mut commands = replay::commands(store, &orders, since).await?;
        let read_back = commands.len();
        commands.truncate(REPLAYED);
        let recordings = self.rehearse(bare, commands, connections).await?;
        let recorded = Recorded {
            read_back,
            transactions: recordings.iter().map(raw::Recording::transactions).sum(),
            statements: recordings.iter().map(raw::Recording::statements).sum(),
        };
        let bare = raw::run(bare, recordings).await.map_err(failed)?;
        Ok(Turn { driven, computed, recorded, bare })
    }

    /// Each order's commands go over one connection, so that none waits for another.
    async fn rehearse(
        &self,
        bare: &Store,
        commands: Vec<(Uuid, crate::store::changes::Changes)>,
        connections: usize,
    ) -> Result<Vec<raw::Recording>, Failure> {
        let mut shares: Vec<Vec<_>> = (0..connections).map(|_| Vec::new()).collect();
        for (order_id, changes) in commands {
            let place = (order_id.as_u128() % connections as u128) as usize;
            shares[place].push(changes);
        }
        let mut recordings = Vec::new();
        for share in shares {
            let recording = raw::rehearse(bare, share).await;
            recordings.push(recording.map_err(|error| Failure::of("the rows cannot be committed again", &error))?);
        }
        Ok(recordings)
    }
}
