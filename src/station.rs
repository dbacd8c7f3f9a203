//! A weighing station: reads a balance line by line and hands each reading on until it was taken. The balance may be
//! unplugged at any time and the service be away: a reading keeps its id and its place, so that sending it again is the
//! same reading.

use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::instruments::frame::{MAX_FRAME, NotAWeight};
use crate::instruments::watch::{Seen, Watch};

/// Where a balance is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A balance with a network, or a serial server: `tcp://host:port`.
    Tcp(String),
    /// A serial line that the system has set up: `serial:/dev/ttyUSB0`.
    Serial(PathBuf),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(address) = text.strip_prefix("tcp://") {
            let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
            return match port {
                Some(_) => Ok(Source::Tcp(address.to_owned())),
                None => Err(format!("{text} names no port: write tcp://HOST:PORT")),
            };
        }
        match text.strip_prefix("serial:") {
            Some(path) if !path.is_empty() => Ok(Source::Serial(PathBuf::from(path))),
            Some(_) | None => Err("a balance is tcp://HOST:PORT or serial:/dev/…".to_owned()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Tcp(address) => write!(f, "tcp://{address}"),
            Source::Serial(path) => write!(f, "serial:{}", path.display()),
        }
    }
}

/// A reading on its way. Its id and number are given once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub frame: String,
    pub reading_id: Uuid,
    pub device_seq: i64,
    pub read_at: Timestamp,
}

/// What became of handing one on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handed {
    Taken,
    /// Nobody answered: it is tried again, before any later one.
    Later,
    /// It was refused for good, and why.
    Refused(String),
}

/// What a station tells the person beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    Connected,
    Unplugged(String),
    Read(Taken),
    Refused(Taken, String),
    Trouble(NotAWeight),
}

/// Readings that wait for the service at the most; the oldest is told and let go.
const KEPT: usize = 1_000;

/// How a station works.
#[derive(Clone, Debug)]
pub struct Settings {
    pub source: Source,
    /// What is sent to ask for a weight, for a balance that does not talk by itself, and how often.
    pub ask: Option<(Vec<u8>, Duration)>,
    /// How long to wait before an unplugged balance is tried again.
    pub again_after: Duration,
    /// How often a silent balance lets the waiting readings be tried again.
    pub retry_after: Duration,
}

/// Watches a balance until `hand` or `tell` is dropped with the future. `now` is asked once for each reading.
pub async fn watch(
    settings: &Settings,
    mut now: impl FnMut() -> Timestamp,
    mut hand: impl AsyncFnMut(&Taken) -> Handed,
    mut tell: impl FnMut(News),
) {
    // Milliseconds since 1970 at the start, then one more each: it grows over restarts too.
    let mut seq = now().as_millisecond();
    let mut station = Watch::default();
    let mut waiting = VecDeque::new();
    loop {
        let why = match open(&settings.source).await {
            Ok(line) => {
                tell(News::Connected);
                let mut take = |frame: &str| {
                    seq += 1;
                    Taken { frame: frame.to_owned(), reading_id: Uuid::now_v7(), device_seq: seq, read_at: now() }
                };
                listen(line, settings, &mut station, &mut waiting, &mut take, &mut hand, &mut tell).await
            }
            Err(error) => error,
        };
        tell(News::Unplugged(why.to_string()));
        tokio::time::sleep(settings.again_after).await;
        hand_on(&mut waiting, &mut hand, &mut tell).await;
    }
}

trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}

async fn open(source: &Source) -> std::io::Result<Box<dyn Line>> {
    Ok(match source {
        Source::Tcp(address) => Box::new(TcpStream::connect(address).await?),
        Source::Serial(path) => Box::new(tokio::fs::OpenOptions::new().read(true).write(true).open(path).await?),
    })
}

/// Listens until the balance is gone; then, why.
async fn listen(
    line: Box<dyn Line>,
    settings: &Settings,
    station: &mut Watch,
    waiting: &mut VecDeque<Taken>,
    take: &mut impl FnMut(&str) -> Taken,
    hand: &mut impl AsyncFnMut(&Taken) -> Handed,
    tell: &mut impl FnMut(News),
) -> std::io::Error {
    let (reader, mut writer) = tokio::io::split(line);
    let mut reader = BufReader::new(reader);
    let mut text = Vec::new();
    let pause = settings.ask.as_ref().map_or(settings.retry_after, |(_, pause)| *pause);
    let mut due = tokio::time::interval(pause.max(Duration::from_millis(1)));
    loop {
        // A line that does not end is no balance's; what is read stays in `text` when the other branch is taken.
        let room = (2 * MAX_FRAME + 1).saturating_sub(text.len()) as u64;
        let mut limited = (&mut reader).take(room);
        let read = tokio::select! {
            read = limited.read_until(b'\n', &mut text) => Some(read),
            _ = due.tick() => None,
        };
        match read {
            Some(Err(error)) => return error,
            Some(Ok(_)) if text.last() == Some(&b'\n') => {
                let whole = String::from_utf8_lossy(&text).trim_end_matches(['\r', '\n']).to_owned();
                text.clear();
                match station.line(&whole) {
                    Seen::Reading(_) => {
                        let taken = take(&whole);
                        tell(News::Read(taken.clone()));
                        waiting.push_back(taken);
                        if KEPT < waiting.len()
                            && let Some(oldest) = waiting.pop_front()
                        {
                            tell(News::Refused(oldest, "too many readings wait for the service".to_owned()));
                        }
                        hand_on(waiting, hand, tell).await;
                    }
                    Seen::Trouble(not) => tell(News::Trouble(not)),
                    Seen::Same | Seen::Waiting => {}
                }
            }
            Some(Ok(_)) if 2 * MAX_FRAME < text.len() => text.clear(),
            Some(Ok(_)) => return std::io::ErrorKind::UnexpectedEof.into(),
            None => {
                if let Some((ask, _)) = &settings.ask
                    && let Err(error) = writer.write_all(ask).await
                {
                    return error;
                }
                hand_on(waiting, hand, tell).await;
            }
        }
    }
}

/// In order: a later reading never overtakes one that waits.
async fn hand_on(
    waiting: &mut VecDeque<Taken>,
    hand: &mut impl AsyncFnMut(&Taken) -> Handed,
    tell: &mut impl FnMut(News),
) {
    while let Some(next) = waiting.front() {
        let handed = hand(next).await;
        let Some(next) = (match handed {
            Handed::Later => return,
            Handed::Taken | Handed::Refused(_) => waiting.pop_front(),
        }) else {
            return;
        };
        if let Handed::Refused(why) = handed {
            tell(News::Refused(next, why));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tokio::net::TcpListener;

    use super::*;

    /// A simulated balance: each connection says its lines, then is unplugged.
    async fn balance(connections: Vec<Vec<&'static str>>) -> Source {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            for lines in connections {
                let (mut stream, _) = listener.accept().await.unwrap();
                for line in lines {
                    stream.write_all(line.as_bytes()).await.unwrap();
                }
            }
        });
        Source::Tcp(address.to_string())
    }

    /// Watches until so many readings were taken, or the balance was unplugged so often.
    async fn watched(
        source: Source,
        unplugged: usize,
        mut answer: impl FnMut(&Taken) -> Handed,
    ) -> (Vec<Taken>, Vec<News>) {
        let settings =
            Settings { source, ask: None, again_after: Duration::ZERO, retry_after: Duration::from_secs(60) };
        let (sent, news) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
        let (done, end) = tokio::sync::oneshot::channel();
        let done = RefCell::new(Some(done));
        let hand = async |taken: &Taken| {
            sent.borrow_mut().push(taken.clone());
            answer(taken)
        };
        let tell = |one: News| {
            news.borrow_mut().push(one);
            let gone = news.borrow().iter().filter(|one| matches!(one, News::Unplugged(_))).count();
            if gone == unplugged
                && let Some(done) = done.borrow_mut().take()
            {
                done.send(()).unwrap();
            }
        };
        tokio::select! {
            () = watch(&settings, || "2026-11-22T00:00:00Z".parse().unwrap(), hand, tell) => {}
            _ = end => {}
        }
        (sent.into_inner(), news.into_inner())
    }

    #[tokio::test]
    async fn a_balance_that_drifts_repeats_and_is_unplugged_gives_one_reading_for_each_piece() {
        let source = balance(vec![
            vec!["S D     12.00 g\r\n", "S S     56.02 g\r\n", "S S     56.02 g\r\n", "S S     56.03 g\r\n", "S S   5"],
            vec!["S S     56.02 g\r\n", "S S      0.00 g\r\n", "S S     58.40 g\r\n"],
        ])
        .await;
        let (sent, news) = watched(source, 2, |_| Handed::Taken).await;
        let frames: Vec<_> = sent.iter().map(|taken| taken.frame.as_str()).collect();
        assert_eq!(frames, ["S S     56.02 g", "S S     58.40 g"]);
        assert!(sent[0].device_seq < sent[1].device_seq && sent[0].reading_id != sent[1].reading_id);
        assert_eq!(news.iter().filter(|one| **one == News::Connected).count(), 2);
    }

    #[tokio::test]
    async fn what_was_not_taken_is_sent_again_under_its_own_id_and_in_order() {
        let source = balance(vec![
            vec!["S S     56.02 g\r\n", "S S      0.00 g\r\n", "S S     58.40 g\r\n"],
            vec!["S S      0.00 g\r\n"],
        ])
        .await;
        let mut calls = 0;
        let (sent, _) = watched(source, 2, |_| {
            calls += 1;
            if calls <= 2 { Handed::Later } else { Handed::Taken }
        })
        .await;
        // Twice nobody answered the first; then both are taken, the first before the second.
        assert_eq!(sent.len(), 4);
        assert!(sent[0] == sent[1] && sent[1] == sent[2]);
        assert_eq!(sent[3].frame, "S S     58.40 g");
    }

    #[tokio::test]
    async fn what_is_refused_is_told_and_does_not_hold_up_the_next() {
        let source =
            balance(vec![vec!["S +\r\n", "S S     56.02 g\r\n", "S D     1.00 g\r\n", "S S     58.40 g\r\n"]]).await;
        let (sent, news) = watched(source, 1, |taken| match taken.frame.contains("56.02") {
            true => Handed::Refused("device_not_adjusted".into()),
            false => Handed::Taken,
        })
        .await;
        assert_eq!(sent.len(), 2);
        assert!(news.iter().any(|one| matches!(one, News::Refused(_, why) if why == "device_not_adjusted")));
        assert!(news.contains(&News::Trouble(NotAWeight::Overload)));
    }

    #[test]
    fn where_a_balance_is_heard_is_said_in_one_of_two_ways() {
        assert_eq!("tcp://10.0.0.7:4305".parse(), Ok(Source::Tcp("10.0.0.7:4305".into())));
        assert_eq!("serial:/dev/ttyUSB0".parse(), Ok(Source::Serial("/dev/ttyUSB0".into())));
        for wrong in ["tcp://10.0.0.7", "serial:", "/dev/ttyUSB0", ""] {
            assert!(wrong.parse::<Source>().is_err(), "{wrong}");
        }
    }
}
