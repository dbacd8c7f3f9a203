//! Letters by SMTP, beside postfix's own `smtp-source`: both send letters of one size over as many connections, which they
//! keep, to postfix's `smtp-sink` on loopback, by turns. Ours also puts each letter into its form, as the courier does:
//! while others are on their way.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::figures::{Figures, Ratio, per_second};
use super::{Options, Progress};
use crate::demo::Failure;
use crate::mail::preview;
use crate::mail::settings::SmtpSettings;
use crate::mail::transport::{Smtp, Transport};
use crate::mail::{Letter, mime};

/// Connections at once: a single one, and as many as a service may have.
const CONNECTIONS: [usize; 2] = [1, 16];
/// Letters of one turn at the most.
const LETTERS: usize = 20_000;
/// Letters in hand for each connection: a courier of a service has 32 and 8 connections.
const IN_HAND: usize = 4;
/// Turns of each.
const TURNS: usize = 3;
/// How long the sink may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

pub async fn measure(options: &Options, progress: &Progress) -> Result<Figures, Failure> {
    let (sink, source) = (program("smtp-sink")?, program("smtp-source")?);
    let letters = options.pieces.min(LETTERS);
    let letter = sample()?;
    let size = mime::post(&letter).map_err(|failure| Failure::of("the sample letter", &failure))?.bytes.len();
    let mut figures = Figures::new("mail");
    figures.number("letter_bytes", size as u64);
    for connections in CONNECTIONS {
        let letters = if connections == 1 { letters / 4 } else { letters };
        let mut took = [Duration::ZERO; 2];
        for turn in 1..=TURNS {
            progress.say(&format!("{letters} letters, {connections} connections, turn {turn} of {TURNS}"));
            let server = Sink::start(&sink).await?;
            took[0] += ours(server.address, &letter, letters, connections).await?;
            drop(server);
            let server = Sink::start(&sink).await?;
            took[1] += theirs(&source, server.address, size, letters, connections).await?;
        }
        let [ours, theirs] = took.map(|took| per_second(letters * TURNS, took));
        figures.number(&format!("letters_per_second_{connections}_connections"), ours);
        figures.number(&format!("smtp_source_per_second_{connections}_connections"), theirs);
        figures.ratio(&format!("ratio_{connections}_connections"), Ratio::of(ours, theirs));
    }
    figures.note(format!(
        "ours with the form of each letter made anew, {IN_HAND} in hand for each connection; smtp-source sends one text"
    ));
    Ok(figures)
}

/// The letter on a difference: one of the longer ones.
fn sample() -> Result<Letter, Failure> {
    let shown = preview::gallery(Timestamp::now()).map_err(|error| Failure::of("the sample letters", &error))?;
    let choice = shown.into_iter().find(|shown| shown.name == "buyer-choice_needed-zh-CN");
    choice.map(|shown| shown.letter).ok_or_else(|| Failure("there is no such sample letter".to_owned()))
}

async fn ours(address: SocketAddr, letter: &Letter, letters: usize, connections: usize) -> Result<Duration, Failure> {
    let url = format!("smtp+plain://{address}");
    let settings = SmtpSettings::parse(&url).map_err(|error| Failure::of("the sink's address", &error))?;
    let settings = SmtpSettings { connections, ..settings };
    let transport = Transport::Smtp(Arc::new(Smtp::new(settings, "bench.example.com", None).map_err(Failure)?));
    let left = Arc::new(AtomicUsize::new(letters));
    let mut tasks = JoinSet::new();
    let started = Instant::now();
    for _ in 0..connections * IN_HAND {
        let (transport, left, mut letter) = (transport.clone(), left.clone(), letter.clone());
        tasks.spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                letter.id = Uuid::now_v7();
                transport.send(&letter).await?;
            }
            Ok::<(), crate::mail::Failure>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        let done = done.map_err(|error| Failure::of("a sender broke off", &error))?;
        done.map_err(|failure| Failure::of("a letter was not taken", &failure))?;
    }
    let took = started.elapsed();
    transport.close().await;
    Ok(took)
}

async fn theirs(
    source: &Path,
    address: SocketAddr,
    size: usize,
    letters: usize,
    connections: usize,
) -> Result<Duration, Failure> {
    let mut command = Command::new(source);
    command.args(["-d", "-s", &connections.to_string(), "-m", &letters.to_string(), "-l", &size.to_string()]);
    command.args(["-f", "no-reply@check.example.com", "-t", "reader@example.com", &format!("inet:{address}")]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let status = tokio::task::spawn_blocking(move || command.status()).await;
    let took = started.elapsed();
    match status {
        Ok(Ok(status)) if status.success() => Ok(took),
        Ok(Ok(status)) => Err(Failure(format!("smtp-source ended with {status}"))),
        Ok(Err(error)) => Err(Failure::of("smtp-source cannot be started", &error)),
        Err(error) => Err(Failure::of("smtp-source was not waited for", &error)),
    }
}

/// A mail server that takes everything and keeps nothing; it ends when it is dropped.
struct Sink {
    child: Child,
    address: SocketAddr,
}

impl Sink {
    async fn start(program: &Path) -> Result<Self, Failure> {
        let free = TcpListener::bind("127.0.0.1:0").await.and_then(|listener| listener.local_addr());
        let address = free.map_err(|error| Failure::of("no port is free", &error))?;
        let child = Command::new(program)
            .args(as_root())
            .args([&format!("inet:{address}"), "1000"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| Failure::of("smtp-sink cannot be started", &error))?;
        let sink = Self { child, address };
        let started = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            if PATIENCE < started.elapsed() {
                return Err(Failure("smtp-sink does not listen".to_owned()));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(sink)
    }
}

/// Root has to say as whom the sink shall go on.
fn as_root() -> &'static [&'static str] {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
            return &["-u", "root"];
        }
    }
    &[]
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program of postfix. Debian keeps them where only root looks.
fn program(name: &str) -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|file| file.is_file()).ok_or_else(|| {
        Failure(format!("{name} was not found: install postfix, of which it is a part (apt-get install postfix)"))
    })
}
