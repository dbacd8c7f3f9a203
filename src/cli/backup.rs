//! `touchstone backup` and `touchstone restore`: a copy of the database with the keys apart, and the way back.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::json;
use touchstone::config::Args;
use touchstone::demo::Outcome;
use touchstone::store::backup::{self, Fault, Manifest, Places, Watch};

use super::{Done, Trouble, block_on, open, say, say_json};

/// Copy the database while the service runs, with the keys that open people's data in a file apart
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  touchstone backup --out /backup/2026-11-22 --keys /keys/2026-11-22
  TOUCHSTONE_DATABASE_URL=postgres://touchstone@db/touchstone touchstone backup --out /backup/2026-11-22

The data alone opens nobody. Keep the file of keys elsewhere, and only the newest one: it serves older data too, and
whoever was erased is no longer in it. Photos and the log aside are files: copy their folders. The manifest is written
last: without one there is no backup. PostgreSQL is copied by pg_dump and psql, which must be there.")]
pub struct Backup {
    /// A folder without a backup in it; it is made
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Another folder for the file of keys [default: the same]
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// Where the programs of PostgreSQL are [default: as the system finds them]
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
    /// Print one JSON object instead of sentences
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Args,
}

/// Bring a backup back into an empty database, which is then held until a supervisor lets it go
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  touchstone restore --from /backup/2026-11-22 --keys /keys/2026-11-22/keys.db
  touchstone serve --after-restore

An existing database is never written over. Afterwards start the service with --after-restore, with the log aside in
its place: letters, webhooks and clocks are held until a supervisor lets them go.")]
pub struct Restore {
    /// The folder of the backup
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The newest file of keys [default: the one that was written with the backup, in its folder]
    #[arg(long, value_name = "FILE", conflicts_with = "without_keys")]
    keys: Option<PathBuf>,
    /// Bring the data back though its keys are lost: nobody's data can be opened any more
    #[arg(long)]
    without_keys: bool,
    /// Where the programs of PostgreSQL are [default: as the system finds them]
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
    /// Print one JSON object instead of sentences
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Args,
}

/// Shows on a terminal what is being done.
struct Steps(ProgressBar);

impl Steps {
    fn new(quiet: bool) -> Self {
        let hidden = quiet || !io::stderr().is_terminal();
        let bar = if hidden { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} · {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }
}

impl Watch for Steps {
    fn step(&mut self, what: &'static str) {
        self.0.set_message(what);
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(sentence) => Trouble::Failed(sentence),
            Fault::File { .. } => Trouble::Failed(fault.to_string()),
            Fault::Store(error) => error.into(),
        }
    }
}

fn told(manifest: &Manifest) -> serde_json::Value {
    json!({
        "database": manifest.database, "made_at": open::instant(manifest.made_at), "schema": manifest.schema,
        "heads": manifest.heads, "files": manifest.files,
    })
}

fn absolute(path: PathBuf) -> Result<PathBuf, Trouble> {
    let shown = path.display().to_string();
    std::path::absolute(path).map_err(|error| Trouble::Usage(format!("{shown} is no place: {error}")))
}

impl Backup {
    pub fn run(self) -> Done {
        let config = open::config(&self.settings)?;
        let out = absolute(self.out)?;
        let keys = self.keys.map(absolute).transpose()?.unwrap_or_else(|| out.clone());
        let places = Places { out, keys, scratch: config.data_dir.clone(), programs: self.programs };
        block_on(async move {
            let mut steps = Steps::new(self.json);
            let now = Timestamp::now().as_microsecond();
            let made = backup::take(config.database.expose(), &places, now, &mut steps).await;
            steps.0.finish_and_clear();
            let manifest = made?;
            if self.json {
                say_json(&told(&manifest))?;
            } else {
                let bytes: u64 = manifest.files.iter().map(|part| part.bytes).sum();
                let (heads, out) = (manifest.heads, places.out.display());
                say(&format!("{heads} journals, {bytes} bytes, saved in {out}"));
                if let Some(keys) = backup::keys_of(&manifest, &places.keys) {
                    say(&format!("the keys are in {}: keep them apart, and only the newest", keys.display()));
                }
            }
            Ok(Outcome::Good)
        })
    }
}

impl Restore {
    pub fn run(self) -> Done {
        let config = open::config(&self.settings)?;
        let from = absolute(self.from)?;
        let named = self.keys.map(absolute).transpose()?;
        let named_keys = named.is_some();
        let places =
            Places { out: from.clone(), keys: from.clone(), scratch: config.data_dir.clone(), programs: self.programs };
        block_on(async move {
            let manifest = backup::read_manifest(&from)?;
            let keys = match (self.without_keys, named) {
                (true, _) => None,
                (false, Some(named)) => Some(named),
                (false, None) => backup::keys_of(&manifest, &from),
            };
            if let Some(keys) = &keys {
                let shown = keys.display();
                if !keys.exists() {
                    return Err(Trouble::Usage(format!(
                        "the keys are not at {shown}: name the newest file of keys with --keys; with --without-keys \
                         nobody's data can be opened any more"
                    )));
                }
                let own = backup::are_own_keys(&manifest, keys)?;
                if !own && !named_keys {
                    return Err(Trouble::Failed(format!(
                        "{shown} is not what the manifest says: name the newest file of keys with --keys"
                    )));
                }
                if !own && !self.json {
                    say(&format!("{shown} was not written with this backup: rows that it does not know stay closed"));
                }
            }
            let mut steps = Steps::new(self.json);
            let now = Timestamp::now().as_microsecond();
            let done = backup::give_back(config.database.expose(), &places, keys.as_deref(), now, &mut steps).await;
            steps.0.finish_and_clear();
            let manifest = done?;
            if self.json {
                say_json(&told(&manifest))?;
            } else {
                let (heads, at) = (manifest.heads, open::instant(manifest.made_at));
                say(&format!("{heads} journals are as they were at {at}, in {}", config.database));
                say("it is held: start touchstone serve --after-restore, see GET /v1/restore, and let it go");
            }
            Ok(Outcome::Good)
        })
    }
}
