//! `touchstone demo`.

use std::net::SocketAddr;
use std::path::PathBuf;

use touchstone::demo::{self, Options};

use super::{Done, Trouble, block_on, told_to_stop};

/// Take the fixture orders through their journeys over real HTTP, then serve on
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  touchstone demo
  touchstone demo --fast
  touchstone demo --exit --json

It makes a database of its own, with secrets of its own, in a fresh folder for temporary files or in the one
that --data names. With --exit a folder that was not named is removed at the end.")]
pub struct Demo {
    /// End when the account is told, instead of serving on
    #[arg(long)]
    exit: bool,
    /// Print one summary as JSON instead of the account
    #[arg(long, requires = "exit")]
    json: bool,
    /// Let the clock run ahead: weeks of waiting pass in seconds
    #[arg(long)]
    fast: bool,
    /// An empty folder for the database, photos and secrets
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:8420; with --exit any free port]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

impl Demo {
    pub fn run(self) -> Done {
        let port = if self.exit { 0 } else { 8420 };
        let listen = self.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], port)));
        let options = Options { exit: self.exit, json: self.json, fast: self.fast, data: self.data, listen };
        block_on(async { demo::run(options, told_to_stop()).await.map_err(Trouble::from) })
    }
}
