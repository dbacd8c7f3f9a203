//! What a photo costs: developing one of twelve megapixels, beside vipsthumbnail making the two renditions of the same
//! file; and finding a near fingerprint among as many as a house gathers in years.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use uuid::Uuid;

use super::figures::{Figures, Ratio, cpu_time, milliseconds, percentile};
use super::{Options, Progress, stand};
use crate::config::DatabaseUrl;
use crate::demo::Failure;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::ids::{OrderId, StreamId, StreamKey};
use crate::photos::develop::develop;
use crate::store::changes::Changes;
use crate::store::entity::photo_bands;
use crate::store::{Limits, Store, queries, raw};

const WIDTH: u32 = 4000;
const HEIGHT: u32 = 3000;
const ROUNDS: u32 = 10;
const SEARCHES: usize = 400;
/// Photos in one transaction while the database is filled.
const IN_A_BATCH: usize = 20_000;

pub async fn measure(options: &Options, progress: &Progress) -> Result<Figures, Failure> {
    let folder = stand::folder(options)?;
    let mut figures = Figures::new("photos");
    progress.say("a photo of twelve megapixels");
    let photo = picture()?;
    figures.number("photo_bytes", photo.len() as u64);
    developing(&photo, folder.path(), &mut figures)?;
    searching(options.pieces, folder.path(), progress, &mut figures).await?;
    Ok(figures)
}

/// Pseudorandom numbers, the same in every run (xorshift64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// A green ring on a grey ground, with the grain of a sensor, as a JPEG of the quality that cameras write.
fn picture() -> Result<Vec<u8>, Failure> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (middle_x, middle_y) = (WIDTH / 2, HEIGHT / 2);
    let image = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let grain = (dice.roll() >> 60) as u8;
        let (dx, dy) = (x.abs_diff(middle_x), y.abs_diff(middle_y));
        let ring = (900 * 900..1300 * 1300).contains(&(dx * dx + dy * dy));
        let vein = ((x / 7 * 31 + y / 5 * 17) % 23) as u8;
        let [r, g, b] = if ring { [60 + vein, 140 + 2 * vein, 90 + vein] } else { [180, 178, 170] };
        Rgb([r + grain, g + grain, b + grain])
    });
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 90)
        .encode_image(&image)
        .map_err(|error| Failure::of("the picture cannot be written", &error))?;
    Ok(bytes)
}

fn developing(photo: &[u8], folder: &Path, figures: &mut Figures) -> Result<(), Failure> {
    let failed = |error: &dyn std::error::Error| Failure::of("the photo cannot be developed", error);
    let peak = peak_of(|| develop(photo).map(drop)).map(|(peak, developed)| developed.map(|()| peak));
    let before = cpu_time();
    let started = Instant::now();
    for _ in 0..ROUNDS {
        develop(photo).map_err(|error| failed(&error))?;
    }
    let wall = started.elapsed() / ROUNDS;
    let own = cpu_time().zip(before).map_or(wall, |(after, before)| (after - before) / ROUNDS);
    figures.text("developed", milliseconds(own));
    match peak {
        Some(peak) => {
            figures.text("memory_at_its_peak", format!("{} MB", peak.map_err(|error| failed(&error))? / 1_000_000))
        }
        None => figures.note("this system does not tell how much memory a process took at its peak"),
    }
    match thumbnails(photo, folder)? {
        Some(other) => {
            figures.text("vipsthumbnail", milliseconds(other));
            figures.ratio("developed_by_vipsthumbnail", Ratio::of(micros(own), micros(other)));
        }
        None => figures.note("vipsthumbnail is not there to compare with: apt-get install libvips-tools"),
    }
    figures
        .note("processor time for one photo: two renditions, fingerprint and quality; vipsthumbnail: the renditions");
    Ok(())
}

fn micros(took: Duration) -> u64 {
    took.as_micros().try_into().unwrap_or(u64::MAX)
}

/// The processor time of the two thumbnails of one photo; none where the program is not installed.
fn thumbnails(photo: &[u8], folder: &Path) -> Result<Option<Duration>, Failure> {
    let path = folder.join("photo.jpg");
    std::fs::write(&path, photo).map_err(|error| Failure::of("the photo cannot be written", &error))?;
    let before = children_time();
    for _ in 0..ROUNDS {
        for side in ["1600", "320"] {
            let mut command = Command::new("vipsthumbnail");
            command.arg("--size").arg(side).arg("--output").arg(folder.join(format!("{side}.jpg[Q=85,strip]")));
            match command.arg(&path).stdout(Stdio::null()).stderr(Stdio::null()).status() {
                Ok(status) if status.success() => {}
                Ok(status) => return Err(Failure(format!("vipsthumbnail ended with {status}"))),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(Failure::of("vipsthumbnail cannot be started", &error)),
            }
        }
    }
    Ok(children_time().zip(before).map(|(after, before)| (after - before) / ROUNDS))
}

/// The processor time of the processes that this one started and saw end.
fn children_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(13);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    // A hundred ticks a second, on every Linux that this runs on.
    Some(Duration::from_millis(ticks * 10))
}

/// What something does, and how many bytes more than before it took at its peak; none where Linux is not there to tell.
fn peak_of<T>(work: impl FnOnce() -> T) -> Option<(u64, T)> {
    let status = |name: &str| {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| 1024 * kilobytes)
    };
    // This resets the peak (proc(5)).
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    let before = status("VmRSS")?;
    let done = work();
    Some((status("VmHWM")?.saturating_sub(before), done))
}

async fn searching(count: usize, folder: &Path, progress: &Progress, figures: &mut Figures) -> Result<(), Failure> {
    let failed = |error: crate::store::Error| Failure::of("the fingerprints cannot be searched", &error);
    let url = DatabaseUrl::sqlite_file(&folder.join("touchstone.db"));
    let store = Store::open(url.expose(), Limits::default()).await.map_err(failed)?;
    store.migrate().await.map_err(failed)?;
    raw::hasten(&store).await.map_err(failed)?;
    let bar = progress.bar("fingerprints", count as u64);
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut known = Vec::new();
    let mut written = 0;
    while written < count {
        let batch = IN_A_BATCH.min(count - written);
        let mut changes = Changes::default();
        for _ in 0..batch {
            let print = Fingerprint(dice.roll());
            let (order_id, photo_id) = (Uuid::now_v7(), Uuid::now_v7());
            changes.photo_bands.extend(print.bands().map(|band| photo_bands::Model {
                band,
                order_id,
                photo_id,
                stream_id: 1,
                fingerprint: print.0.cast_signed(),
            }));
            known.push((print, photo_id));
        }
        let txn = store.begin().await.map_err(failed)?;
        txn.write(changes).await.map_err(failed)?;
        txn.commit().await.map_err(failed)?;
        written += batch;
        bar.inc(batch as u64);
    }
    raw::settle(&store).await.map_err(failed)?;
    bar.finish_and_clear();

    let nobody = StreamKey { order_id: OrderId(Uuid::nil()), stream_id: StreamId(1) };
    let mut took = Vec::new();
    for round in 0..SEARCHES {
        // Seven bits turned: the farthest that must still be found.
        let (print, photo_id) = known[round * (known.len() / SEARCHES)];
        let turned = (0..7).fold(print.0, |bits, flip| bits ^ 1 << ((round * 7 + flip * 9) % 64));
        let started = Instant::now();
        let found = queries::alike(store.reader(), Fingerprint(turned), nobody, 20).await.map_err(failed)?;
        took.push(started.elapsed());
        if !found.iter().any(|one| one.photo_id == photo_id) {
            return Err(Failure("a near fingerprint was not found".to_owned()));
        }
    }
    store.close().await.map_err(failed)?;
    figures.number("fingerprints", count as u64);
    figures.text("search_median", milliseconds(percentile(&mut took, 50)));
    figures.text("search_p99", milliseconds(percentile(&mut took, 99)));
    figures.note("searches for what differs in seven of 64 bits, on SQLite; each was found");
    Ok(())
}
