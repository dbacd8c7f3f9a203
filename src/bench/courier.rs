//! A backlog of notices drained by one courier over a post that takes everything at once: what leasing and marking cost,
//! and whether the last tenth goes as fast as the first and in as little memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

use super::figures::{Figures, Ratio, per_second};
use super::{Options, Progress, stand};
use crate::clock::Clock;
use crate::config::DatabaseUrl;
use crate::courier::address::Allowed;
use crate::courier::endpoint::{Caller, Times};
use crate::courier::{Courier, Letter, Post, Posted, Posting, Settings, Warning};
use crate::demo::Failure;
use crate::demo::house::House;
use crate::desk::Options as DeskOptions;
use crate::domain::notice::{Notice, Recipient};
use crate::store::Limits;
use crate::store::changes::Changes;
use crate::store::entity::outbox;
use crate::store::journal::stream_key;
use crate::store::outbox::{Channel, waiting};
use crate::vault::Secrets;

/// Notices at the most.
const NOTICES: usize = 100_000;
/// Rows that are put there in one commit.
const LOT: usize = 2_000;

/// Takes every letter at once and keeps none.
struct Sink {
    taken: watch::Sender<usize>,
}

impl Post for Sink {
    fn post(&self, letter: Letter, _: Timestamp) -> Posting<'_, Posted> {
        self.taken.send_modify(|taken| *taken += letter.told.len());
        Box::pin(std::future::ready(Posted::Taken("250".to_owned())))
    }

    fn warn(&self, _: Warning, _: Timestamp) -> Posting<'_, Posted> {
        Box::pin(std::future::ready(Posted::Nobody("no_address")))
    }

    fn close(&self) -> Posting<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

pub async fn measure(options: &Options, progress: &Progress) -> Result<Figures, Failure> {
    let notices = options.pieces.clamp(10, NOTICES);
    let folder = stand::folder(options)?;
    let url = DatabaseUrl::sqlite_file(&folder.path().join("touchstone.db"));
    let house =
        House::open(url.expose(), &Secrets::random(), Limits::default(), DeskOptions::default(), Clock::system())
            .await?;
    progress.say("the backlog");
    fill(&house, notices).await?;
    let (taken, mut drained) = watch::channel(0);
    let caller = Caller::new(Allowed::default(), Times::default(), &[])
        .map_err(|error| Failure::of("nobody can post", &error))?;
    let courier =
        Courier::new(house.desk.clone(), Arc::new(Sink { taken }), caller, Clock::system(), Settings::default());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let started = Instant::now();
    let working = tokio::spawn(async move {
        courier
            .run(async {
                let _ = stopped.await;
            })
            .await;
    });
    let bar = progress.bar("notices", notices as u64);
    let mut tenths = Vec::new();
    let mut memory = Vec::new();
    for tenth in 1..=10 {
        let until = notices * tenth / 10;
        let reached = drained.wait_for(|taken| {
            bar.set_position(*taken as u64);
            until <= *taken
        });
        reached.await.map_err(|error| Failure::of("the courier ended before its backlog", &error))?;
        tenths.push(started.elapsed());
        memory.push(resident_kilobytes().unwrap_or_default());
    }
    bar.finish_and_clear();
    let whole = started.elapsed();
    let _ = stop.send(());
    working.await.map_err(|error| Failure::of("the courier broke off", &error))?;
    house.close().await?;

    let took = |tenth: usize| -> Duration {
        let before = tenth.checked_sub(1).and_then(|before| tenths.get(before)).copied().unwrap_or_default();
        tenths.get(tenth).copied().unwrap_or_default().saturating_sub(before)
    };
    let (first, last) = (per_second(notices / 10, took(0)), per_second(notices / 10, took(9)));
    let mut figures = Figures::new("courier");
    figures.number("notices", notices as u64);
    figures.number("notices_per_second", per_second(notices, whole));
    figures.number("first_tenth_per_second", first);
    figures.number("last_tenth_per_second", last);
    figures.ratio("last_tenth_beside_first", Ratio::of(last, first));
    figures.number("resident_kilobytes_after_first_tenth", memory.first().copied().unwrap_or_default());
    figures.number("resident_kilobytes_at_the_end", memory.last().copied().unwrap_or_default());
    figures.note("SQLite, durable; each notice a letter of its own, to a post that takes it at once");
    Ok(figures)
}

async fn fill(house: &House, notices: usize) -> Result<(), Failure> {
    let failed = |error: crate::store::Error| Failure::of("the backlog cannot be written", &error);
    let mut left = notices;
    while 0 < left {
        let lot = left.min(LOT);
        let changes = Changes { outbox: (0..lot).map(|_| row()).collect(), ..Changes::default() };
        let txn = house.store.begin().await.map_err(failed)?;
        txn.write(changes).await.map_err(failed)?;
        txn.commit().await.map_err(failed)?;
        left -= lot;
    }
    Ok(())
}

fn row() -> outbox::Model {
    let event = (stream_key(Uuid::now_v7(), 1), 1);
    waiting(Uuid::now_v7(), event, (Recipient::Buyer, Notice::Arrived), Channel::Mail, (0, 0))
}

/// What this process holds in memory; none where the system does not tell.
fn resident_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    // The kernel calls 1024 bytes a kB.
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1_024 / 1_000)
}
