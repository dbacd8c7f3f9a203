//! `touchstone journal`: whether what is stored is what happened.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::json;
use touchstone::audit::{self, Finding, Photos, Verdicts, Watch, export, upkeep};
use touchstone::config::{Args, Config};
use touchstone::demo::Outcome;
use touchstone::desk::Desk;
use touchstone::domain::command::Rules;
use touchstone::domain::ids::OrderId;
use touchstone::photos::shelf::Shelf;
use touchstone::rulebook::{Files, Library, Rulebook};
use touchstone::store::Store;
use uuid::Uuid;

use super::{Done, Trouble, block_on, open, say, say_json};

pub const EXAMPLES: &str = "Examples:
  touchstone journal check
  touchstone journal check --against /backup/roots/2026-11-22T020000Z.jsonl
  touchstone journal check --verdicts --rulebook ./rulebooks/2027-01-01
  touchstone journal export --out journals.jsonl
  touchstone journal rebuild";

/// Findings that are written out; the rest is counted.
const TOLD: u64 = 200;

#[derive(Debug, clap::Subcommand)]
pub enum Journal {
    Check(Check),
    Rebuild(Rebuild),
    Export(Export),
    Root(Root),
}

impl Journal {
    pub fn run(self) -> Done {
        match self {
            Journal::Check(command) => command.run(),
            Journal::Rebuild(command) => command.run(),
            Journal::Export(command) => command.run(),
            Journal::Root(command) => command.run(),
        }
    }
}

/// Check every journal, capsule and root; status 1 if anything is not as it was written
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  touchstone journal check --against /backup/roots/2026-11-22T020000Z.jsonl
  touchstone journal check --photos
  touchstone journal check --verdicts
  touchstone journal check --verdicts --rulebook ./rulebooks/2027-01-01

With --photos every photo is read again: one that was edited, put in another's place or lost is named. With --verdicts every verdict is recomputed by the edition of the rulebook that it was given by. With --rulebook the
edition in that folder is asked instead, before it is taken: the verdicts that would differ are listed.

Against an exported root, also a cut-off tail, a deleted journal and a chain that was hashed anew are found. Without
--against, the newest export in the data folder is taken, where there is one.")]
pub struct Check {
    /// An exported root of an earlier day
    #[arg(long, value_name = "ROOT")]
    against: Option<PathBuf>,
    /// Recompute every verdict of the history by its own edition of the rulebook
    #[arg(long)]
    verdicts: bool,
    /// Read every photo that the journals name from the shelf, and hold it against its hash
    #[arg(long)]
    photos: bool,
    /// Try an edition on the history first: a folder of its files, named by its version
    #[arg(long, value_name = "DIR", requires = "verdicts")]
    rulebook: Option<PathBuf>,
    /// Print one JSON object instead of sentences
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Args,
}

impl Check {
    fn run(self) -> Done {
        block_on(async move {
            let config = open::config(&self.settings)?;
            let tried = self.rulebook.as_deref().map(rulebook_of).transpose()?;
            let (store, desk) = open::house(&self.settings).await?;
            let against = self.against.or_else(|| newest_root(&roots_folder(&config.data_dir)));
            let mut eye = Eye::new("journals", self.json);
            let report = audit::check(&store, desk.keys(), against.as_deref(), &mut eye)
                .await
                .map_err(|error| Trouble::failed("the journals could not be checked", &error))?;
            let verdicts = match self.verdicts {
                true => Some(verdicts(&store, tried.as_ref(), &mut eye).await?),
                false => None,
            };
            let photos = match self.photos {
                true => Some(photos(&config, &desk, &mut eye).await?),
                false => None,
            };
            eye.bar.finish_and_clear();
            let ok =
                report.ok() && photos.as_ref().is_none_or(Photos::ok) && verdicts.as_ref().is_none_or(Verdicts::ok);
            if self.json {
                say_json(&json!({
                    "ok": ok, "events": report.events, "journals": report.journals,
                    "capsules": report.capsules, "roots": report.roots, "compared": report.compared,
                    "findings": report.findings, "told": eye.told,
                    "photos": photos.as_ref().map(|seen| json!({
                        "files": seen.files, "over": seen.over, "findings": seen.findings,
                    })),
                    "verdicts": verdicts.as_ref().map(|found| json!({
                        "recomputed": found.verdicts, "differing": found.differing, "unknown": found.unknown,
                    })),
                }))?;
            } else {
                let compared = match &against {
                    Some(path) => format!("; {} heads compared with {}", report.compared, path.display()),
                    None => String::new(),
                };
                say(&format!(
                    "{} events in {} journals, {} capsules, {} roots{compared}",
                    report.events, report.journals, report.capsules, report.roots
                ));
                say(&match report.findings {
                    0 => "everything is as it was written".to_owned(),
                    1 => "1 thing is not as it was written".to_owned(),
                    findings => format!("{findings} things are not as they were written"),
                });
                if let Some(Photos { files, over, findings }) = &photos {
                    say(&format!("{files} photos read again: {findings} not as taken, {over} past their time"));
                }
                if let Some(found) = &verdicts {
                    let by = tried.as_ref().map_or("their own rulebooks".to_owned(), |book| book.version().to_string());
                    say(&format!(
                        "{} verdicts recomputed by {by}: {} differ, {} cannot be told",
                        found.verdicts, found.differing, found.unknown
                    ));
                }
            }
            let outcome = if ok { Outcome::Good } else { Outcome::Wanting };
            open::close(store, desk).await?;
            Ok(outcome)
        })
    }
}

async fn verdicts(store: &Store, tried: Option<&Rulebook>, eye: &mut Eye) -> Result<Verdicts, Trouble> {
    let library = Library::embedded().map_err(|error| Trouble::failed("the rulebook cannot be read", &error))?;
    audit::verdicts(store, &library, tried, eye)
        .await
        .map_err(|error| Trouble::failed("the verdicts could not be recomputed", &error))
}

async fn photos(config: &Config, desk: &Desk, eye: &mut Eye) -> Result<Photos, Trouble> {
    let shelf = Shelf::of(&config.data_dir, config.photos_url.as_deref())
        .map_err(|error| Trouble::failed("the shelf of photos cannot be opened", &error))?;
    audit::photos(desk, &shelf, Timestamp::now(), eye)
        .await
        .map_err(|error| Trouble::failed("the photos could not be read again", &error))
}

/// The edition in a folder, under the folder's name.
fn rulebook_of(folder: &Path) -> Result<Rulebook, Trouble> {
    let failed = |error: &dyn std::error::Error| {
        Trouble::Usage(format!("the rulebook in {} cannot be read: {error}", folder.display()))
    };
    let version = folder.canonicalize().map_err(|error| failed(&error))?;
    let version = version.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut texts = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(|error| failed(&error))? {
        let path = entry.map_err(|error| failed(&error))?.path();
        let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
        // A folder may explain itself in a text beside its data.
        if path.extension().is_some_and(|extension| extension == "csv") {
            texts.insert(name, std::fs::read_to_string(&path).map_err(|error| failed(&error))?);
        }
    }
    let files = Files::given(&version, texts).map_err(|error| failed(&error))?;
    Library::given(&files).map_err(|error| failed(&error))
}

/// Make the projections anew from the journals
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  touchstone journal rebuild")]
pub struct Rebuild {
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Args,
}

impl Rebuild {
    fn run(self) -> Done {
        block_on(async move {
            let (store, desk) = open::house(&self.settings).await?;
            let mut eye = Eye::new("orders", self.json);
            let rebuilt = audit::rebuild(&store, &mut eye)
                .await
                .map_err(|error| Trouble::failed("the projections could not be rebuilt", &error))?;
            eye.bar.finish_and_clear();
            if self.json {
                say_json(&json!({
                    "orders": rebuilt.orders, "rows": rebuilt.rows, "differed": rebuilt.differed, "left": rebuilt.left,
                }))?;
            } else {
                say(&format!(
                    "{} orders, {} rows; {} differed and were made anew; {} orders were left as they are",
                    rebuilt.orders, rebuilt.rows, rebuilt.differed, rebuilt.left
                ));
            }
            let outcome = if rebuilt.left == 0 { Outcome::Good } else { Outcome::Wanting };
            open::close(store, desk).await?;
            Ok(outcome)
        })
    }
}

/// Write journals as a file that anybody can check
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  touchstone journal export --out journals.jsonl && touchstone verify journals.jsonl")]
pub struct Export {
    /// Only the journals of this order
    #[arg(long, value_name = "ORDER_ID")]
    order: Option<Uuid>,
    /// Where to; standard output unless told
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    settings: Args,
}

impl Export {
    fn run(self) -> Done {
        block_on(async move {
            let (store, desk) = open::house(&self.settings).await?;
            let mut out: Box<dyn Write + Send> = match &self.out {
                Some(path) => Box::new(io::BufWriter::new(
                    File::create(path)
                        .map_err(|error| Trouble::failed(&format!("{} cannot be written", path.display()), &error))?,
                )),
                None => Box::new(io::BufWriter::new(io::stdout())),
            };
            let mut eye = Eye::new("events", self.out.is_none());
            let lines = export::export(&store, self.order.map(OrderId), &mut *out, &mut eye)
                .await
                .map_err(|error| Trouble::failed("the journals could not be exported", &error))?;
            eye.bar.finish_and_clear();
            if let Some(path) = &self.out {
                say(&format!("{lines} events written to {}", path.display()));
            }
            open::close(store, desk).await?;
            Ok(Outcome::Good)
        })
    }
}

/// Sign a root over the heads of all journals now, and write its export
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  touchstone journal root

`serve` does so once a day. Keep the exports elsewhere: they are what a hand in the database cannot change.")]
pub struct Root {
    #[command(flatten)]
    settings: Args,
}

impl Root {
    fn run(self) -> Done {
        block_on(async move {
            let config = open::config(&self.settings)?;
            let (store, desk) = open::house(&self.settings).await?;
            let (root, path) = upkeep::write_root(&desk, Timestamp::now(), &roots_folder(&config.data_dir))
                .await
                .map_err(|error| Trouble::failed("the root could not be signed", &error))?;
            say(&format!("{} journals, root {}, written to {}", root.journals, root.root, path.display()));
            open::close(store, desk).await?;
            Ok(Outcome::Good)
        })
    }
}

/// Where the exports of the roots are kept.
pub fn roots_folder(data_dir: &Path) -> PathBuf {
    data_dir.join("roots")
}

/// The newest export: their names begin with their day.
fn newest_root(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    let exports = entries.filter_map(Result::ok).map(|entry| entry.path());
    exports.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl")).max()
}

/// A person at a terminal: a bar for what is done, a line for what is found.
struct Eye {
    bar: ProgressBar,
    told: Vec<serde_json::Value>,
    found: u64,
    quiet: bool,
}

impl Eye {
    fn new(unit: &'static str, quiet: bool) -> Self {
        let bar = if quiet || !io::stderr().is_terminal() { ProgressBar::hidden() } else { ProgressBar::new(0) };
        let template = format!("{{wide_bar}} {{pos}}/{{len}} {unit} · {{eta}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        Self { bar, told: Vec::new(), found: 0, quiet }
    }
}

impl Watch for Eye {
    fn progress(&mut self, count: u64, total: u64) {
        self.bar.set_length(total.max(count));
        self.bar.set_position(count);
    }

    fn found(&mut self, finding: &Finding) {
        self.found += 1;
        if TOLD < self.found {
            return;
        }
        if self.quiet {
            self.told.push(json!({"code": finding.wrong.code(), "detail": finding.to_string()}));
        } else {
            self.bar.suspend(|| say(&finding.to_string()));
        }
    }
}
