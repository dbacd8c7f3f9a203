//! `touchstone bench`.

use std::path::PathBuf;

use touchstone::bench::{self, Name, Options, Progress};
use touchstone::demo::Outcome;

use super::{Done, Trouble, block_on, say, say_json};

/// Measure what the README claims, each figure beside a raw limit of the same run
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  touchstone bench
  touchstone bench throughput --seconds 20 --data /var/tmp
  touchstone bench steady --pieces 20000
  touchstone bench postgres --database-url postgres://touchstone@localhost/touchstone

  throughput  commands over HTTP on SQLite, 64 clients, beside a bare loop that commits the same rows one by one
  postgres    the same on PostgreSQL, 16 and 64 clients, beside as many bare connections
  steady      300 transitions a second on many stored pieces; reading beside a house with 1000
  rest        resident memory of the service at rest, and how soon it is ready
  fold        one journal of a piece folded and one command decided, without the store
  photos      a 12-megapixel photo developed, beside vipsthumbnail; a fingerprint found among as many as --pieces says
  page        the buyer's page at 64 connections, beside a bare handler with the same reads; a long journal beside a short
  courier     a backlog of as many notices as --pieces says, 100000 at the most, drained by one courier
  mail        letters by SMTP to postfix's smtp-sink, beside its smtp-source with as many connections

Each measurement makes a folder of its own and removes it; PostgreSQL gets two schemas, which are dropped.")]
pub struct Bench {
    /// throughput, postgres, steady, rest, fold, photos, page, courier or mail; without one, all that need no server
    name: Option<String>,
    /// How many pieces lie in the database of the steady load, how many fingerprints are searched, how many letters sent
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = pieces)]
    pieces: usize,
    /// How long each load lasts
    #[arg(long, value_name = "S", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// The PostgreSQL to measure on
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Writers on PostgreSQL; by default as many as a service has
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    writers: Option<u16>,
    /// A folder on the disk to measure on; by default where temporary files are kept
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// One JSON object a line, one for each measurement
    #[arg(long)]
    json: bool,
}

fn pieces(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (1_000..=100_000_000).contains(&count) => Ok(count),
        _ => Err("give a whole number from 1000 to 100000000".to_owned()), // No number, or one that is out of bounds.
    }
}

impl Bench {
    pub fn run(self) -> Done {
        let names = match self.name.as_deref() {
            None => {
                Name::ALL.into_iter().filter(|name| *name != Name::Postgres || self.database_url.is_some()).collect()
            }
            Some(text) => vec![Name::parse(text).ok_or_else(|| {
                let known = Name::ALL.map(Name::as_str).join(", ");
                Trouble::Usage(format!("{text:?} is no measurement: give one of {known}, or none for all"))
            })?],
        };
        if names == [Name::Postgres] && self.database_url.is_none() {
            return Err(Trouble::Usage(
                "postgres is measured on a server: give --database-url postgres://…".to_owned(),
            ));
        }
        let options = Options {
            pieces: self.pieces,
            seconds: self.seconds,
            database_url: self.database_url,
            writers: self.writers,
            data: self.data,
        };
        block_on(async move {
            for name in names {
                let progress = Progress::new();
                let figures = bench::measure(name, &options, &progress).await;
                progress.finish();
                let figures = figures?;
                if self.json {
                    say_json(&figures.json())?;
                } else {
                    figures.lines().iter().for_each(|line| say(line));
                }
            }
            Ok(Outcome::Good)
        })
    }
}
