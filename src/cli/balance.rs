//! `touchstone balance watch`: a balance beside a bench, read and posted.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use touchstone::client::{Call, Client};
use touchstone::demo::Outcome;
use touchstone::domain::ids::DeviceId;
use touchstone::station::{self, Handed, News, Settings, Source};

use super::{Done, Trouble, block_on, say};

pub const EXAMPLES: &str = "Examples:
  TOUCHSTONE_KEY=… touchstone balance watch tcp://10.0.0.7:4305 --device b-2 --to 127.0.0.1:8420
  stty -F /dev/ttyUSB0 9600 cs8 -cstopb -parenb raw -echo
  TOUCHSTONE_KEY=… touchstone balance watch serial:/dev/ttyUSB0 --device b-2 --to 127.0.0.1:8420 --ask sics";

#[derive(Debug, clap::Subcommand)]
pub enum Balance {
    Watch(Watch),
}

impl Balance {
    pub fn run(self) -> Done {
        match self {
            Balance::Watch(command) => command.run(),
        }
    }
}

/// How a balance that does not talk by itself is asked.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Ask {
    /// It talks by itself
    Never,
    /// MT-SICS: SI
    Sics,
    /// Sartorius SBI: ESC P
    Sbi,
}

impl Ask {
    fn bytes(self) -> Option<Vec<u8>> {
        match self {
            Ask::Never => None,
            Ask::Sics => Some(b"SI\r\n".to_vec()),
            Ask::Sbi => Some(b"\x1bP\r\n".to_vec()),
        }
    }
}

/// Read a balance and post each reading: one for each thing that is laid on it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Watch {
    /// tcp://HOST:PORT, or serial:/dev/… of a line that the system has set up
    source: Source,
    /// The balance's id, as it was added
    #[arg(long)]
    device: DeviceId,
    /// Address and port of the service
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8420")]
    to: SocketAddr,
    /// The key of a clerk or an inspector
    #[arg(long, env = "TOUCHSTONE_KEY", hide_env_values = true)]
    key: String,
    #[arg(long, value_enum, default_value = "never")]
    ask: Ask,
}

impl Watch {
    fn run(self) -> Done {
        block_on(async move {
            let settings = Settings {
                source: self.source.clone(),
                ask: self.ask.bytes().map(|bytes| (bytes, Duration::from_millis(250))),
                again_after: Duration::from_secs(2),
                retry_after: Duration::from_secs(2),
            };
            let mut client = Client::new(self.to);
            let path = format!("/v1/devices/{}/readings", self.device);
            let hand = async |taken: &station::Taken| {
                let body = json!({
                    "frame": taken.frame, "reading_id": taken.reading_id, "device_seq": taken.device_seq,
                    "read_at": taken.read_at.to_string(),
                });
                let call = Call::post(&path, &body).by(&self.key).idempotent(&taken.reading_id.to_string());
                match client.send(&call).await {
                    Ok(answer) if answer.is_success() => Handed::Taken,
                    // Busy, or broken on its own side: the reading is none the worse for it.
                    Ok(answer) if 500 <= answer.status || answer.status == 429 => Handed::Later,
                    Ok(answer) => Handed::Refused(answer.refused().to_string()),
                    Err(_) => Handed::Later,
                }
            };
            say(&format!("watching {}: lay a piece on the balance", self.source));
            tokio::select! {
                () = station::watch(&settings, Timestamp::now, hand, |news| tell(&news)) => {}
                stopped = tokio::signal::ctrl_c() => {
                    stopped.map_err(|error| Trouble::failed("the station cannot be stopped", &error))?;
                }
            }
            Ok(Outcome::Good)
        })
    }
}

fn tell(news: &News) {
    say(&match news {
        News::Connected => "the balance is there".to_owned(),
        News::Unplugged(why) => format!("the balance is gone ({why}); it is tried again"),
        News::Read(taken) => format!("{} {} (reading {})", taken.read_at, taken.frame.trim(), taken.reading_id),
        News::Refused(taken, why) => format!("reading {} was not taken: {why}", taken.reading_id),
        News::Trouble(not) => not.sentence(),
    });
}
