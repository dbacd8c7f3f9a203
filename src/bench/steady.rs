//! A steady load on a house that has seen many pieces: how long a transition takes at three hundred a second, and
//! whether reading is slower than in a house that has seen a thousand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::figures::{Figures, Ratio, milliseconds, per_second, percentile};
use super::load::{Load, Piece, Step};
use super::stand::Stand;
use super::stock::{self, Stock};
use super::{Options, Progress, stand};
use crate::client::{Call, Client};
use crate::config::DatabaseUrl;
use crate::demo::Failure;
use crate::store::Limits;

const RATE: u32 = 300;
const CLIENTS: u32 = 64;
const FEW: usize = 1_000;
const READS: usize = 600;

pub async fn measure(options: &Options, progress: &Progress) -> Result<Figures, Failure> {
    let mut figures = Figures::new("steady");
    let many_folder = stand::folder(options)?;
    let few_folder = stand::folder(options)?;
    let started = Instant::now();
    let (many, load, stock) = filled(many_folder.path(), options.pieces, progress).await?;
    figures.number("pieces", options.pieces as u64);
    figures.text("filled_in", format!("{} s", started.elapsed().as_secs()));
    let (few, _, few_stock) = filled(few_folder.path(), FEW.min(options.pieces), progress).await?;

    progress.say("reading by turns");
    reading(&many, &stock, &few, &few_stock, &mut figures).await?;
    few.close().await?;

    progress.say(&format!("{RATE} transitions a second for {} s", options.seconds));
    steady(load, stock, options.seconds, &mut figures).await?;
    many.close().await?;
    Ok(figures)
}

/// A house with so many pieces, opened anew after it was filled.
async fn filled(folder: &std::path::Path, pieces: usize, progress: &Progress) -> Result<(Stand, Load, Stock), Failure> {
    let file = folder.join("touchstone.db");
    let url = DatabaseUrl::sqlite_file(&file);
    let stand = Stand::open(url.expose(), folder, Limits::default(), None).await?;
    let load = stand.load("STEADY").await?;
    let stock = stock::fill(&stand, &load, pieces, progress).await?;
    // It was filled without waiting for the disk; what still waits there would be in the way of the first durable commits.
    progress.say("waiting for the disk");
    let written = async { tokio::fs::File::open(&file).await?.sync_all().await };
    written.await.map_err(|error| Failure::of("the database cannot be brought to the disk", &error))?;
    let stand = stand.reopen(url.expose(), folder).await?;
    let load = load.at(stand.service.address);
    Ok((stand, load, stock))
}

/// Medians of the same reads, by turns, so that whatever else the machine does meets both.
async fn reading(
    many: &Stand,
    stock: &Stock,
    few: &Stand,
    few_stock: &Stock,
    figures: &mut Figures,
) -> Result<(), Failure> {
    let mut many_client = Client::new(many.service.address);
    let mut few_client = Client::new(few.service.address);
    let mut took: [[Vec<Duration>; 2]; 2] = Default::default();
    for turn in 0..READS {
        for (which, (stand, client, stock)) in
            [(many, &mut many_client, stock), (few, &mut few_client, few_stock)].into_iter().enumerate()
        {
            let inspector = &stand.people.inspectors[0].secret;
            let sent = Instant::now();
            client.call(&Call::get("/v1/queue").by(inspector)).await?;
            took[0][which].push(sent.elapsed());
            // Far from each other, so that neighbours do not warm each other's pages.
            let place = turn * 7_919 % stock.sample.len().max(1);
            let code = stock.sample.get(place).ok_or_else(|| Failure("nothing was put in".to_owned()))?;
            let sent = Instant::now();
            client.call(&Call::get(format!("/v1/pieces/{code}")).by(inspector)).await?;
            took[1][which].push(sent.elapsed());
        }
    }
    for (name, [many, few]) in ["queue", "piece"].into_iter().zip(&mut took) {
        let (many, few) = (percentile(many, 50), percentile(few, 50));
        figures.text(&format!("{name}_median"), milliseconds(many));
        figures.text(&format!("{name}_median_with_{FEW}"), milliseconds(few));
        figures.ratio(&format!("{name}_ratio"), Ratio::of(many.as_micros() as u64, few.as_micros() as u64));
    }
    Ok(())
}

/// Commands at fixed moments, whether the ones before were answered or not; the time of each counts from its moment.
async fn steady(load: Load, stock: Stock, seconds: u64, figures: &mut Figures) -> Result<(), Failure> {
    let load = Arc::new(load);
    // Evenly from the whole stock, so that what is moved is not what was written last.
    let each_lane = usize::try_from(seconds).unwrap_or(usize::MAX) * RATE as usize / CLIENTS as usize / 8 + 2;
    let every = (stock.received.len() / (each_lane * CLIENTS as usize)).max(1);
    let mut pieces = stock
        .received
        .into_iter()
        .step_by(every)
        .enumerate()
        .map(|(number, code)| Piece::at(code, number + 1_000, Step::Open));
    let started = Instant::now() + Duration::from_millis(50);
    let commands = u32::try_from(seconds).unwrap_or(u32::MAX).saturating_mul(RATE);
    let mut lanes = JoinSet::new();
    for lane in 0..CLIENTS {
        let own: Vec<Piece> = pieces.by_ref().take(each_lane).collect();
        let load = load.clone();
        lanes.spawn(async move {
            let mut client = Client::new(load.address);
            let mut own = own.into_iter();
            let mut piece = own.next();
            let mut took = Vec::new();
            for turn in (lane..commands).step_by(CLIENTS as usize) {
                let due = started + Duration::from_secs(1) * turn / RATE;
                tokio::time::sleep_until(due.into()).await;
                while piece.as_ref().is_some_and(|piece| piece.next.is_none()) {
                    piece = own.next();
                }
                let Some(piece) = &mut piece else { break };
                load.advance(&mut client, piece).await?;
                took.push(due.elapsed());
            }
            Ok::<_, Failure>(took)
        });
    }
    let mut took = Vec::new();
    while let Some(done) = lanes.join_next().await {
        took.extend(done.map_err(|error| Failure::of("a client broke off", &error))??);
    }
    let whole = started.elapsed();
    figures.number("transitions", took.len() as u64);
    figures.number("transitions_per_second", per_second(took.len(), whole));
    for (name, hundredth) in [("p50", 50), ("p99", 99), ("slowest", 100)] {
        figures.text(name, milliseconds(percentile(&mut took, hundredth)));
    }
    if took.len() < commands as usize {
        figures.note(format!("the pieces ran out after {} of {commands}: give more --pieces", took.len()));
    }
    Ok(())
}
