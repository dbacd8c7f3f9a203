//! `touchstone import qic` and `touchstone export qic`: a warehouse's own export, read against the rulebook, and the
//! same columns of our own pieces.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use encoding_rs::GB18030;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;
use serde_json::json;
use touchstone::config::Args;
use touchstone::demo::Outcome;
use touchstone::desk::Desk;
use touchstone::domain::ids::OrderId;
use touchstone::domain::ledger::{Finding, Verdict};
use touchstone::qic::columns::{self, Column, Heading};
use touchstone::qic::records::Records;
use touchstone::qic::review::{Note, Reviewer};
use touchstone::qic::sheet::{self, OwnPiece};
use touchstone::qic::summary::{HEADINGS, Summary, lines};
use touchstone::rulebook::Language;
use touchstone::store::{Store, journal, lookups};

use super::input::{CHUNK, Input};
use super::{Done, Trouble, block_on, open, say};

pub const IMPORT_EXAMPLES: &str = "Example:
  touchstone import qic export.csv --out findings.csv";
pub const EXPORT_EXAMPLES: &str = "Example:
  touchstone export qic --out pieces.csv";

/// Rows of others, read.
#[derive(Debug, clap::Subcommand)]
pub enum Import {
    Qic(ImportQic),
}

/// Our own rows, written.
#[derive(Debug, clap::Subcommand)]
pub enum Export {
    Qic(ExportQic),
}

impl Import {
    pub fn run(self) -> Done {
        match self {
            Import::Qic(command) => command.run(),
        }
    }
}

impl Export {
    pub fn run(self) -> Done {
        match self {
            Export::Qic(command) => command.run(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Written {
    #[value(name = "utf-8")]
    Utf8,
    Gb18030,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Speaks {
    Zh,
    En,
}

impl Speaks {
    fn language(self) -> Language {
        match self {
            Speaks::Zh => Language::Zh,
            Speaks::En => Language::En,
        }
    }
}

/// Read a warehouse's own export and say, row by row, what the rulebook finds of listing against conclusion
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  touchstone import qic export.csv --out findings.csv
  touchstone import qic export.csv --lang zh > findings.csv

Nothing is stored: the rows are history. Titles are read by the reader of speech, and every claim has a line in the
findings with its finding, the verdict that it asks for, the rule and its clause; titles themselves, notes and reasons
in words stay in the export. A file in UTF-8 or GB18030 of any length is read as a stream. A row that cannot be read
has its line in the findings, with its number as a spreadsheet counts, and stops nobody else.

Exit status: 0 all rows were read, 1 some could not be, 2 the file is no such export.")]
pub struct ImportQic {
    /// The export
    file: PathBuf,
    /// Where the findings go; standard output unless told, and then the summary to standard error
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How the findings are encoded
    #[arg(long, value_enum, default_value = "utf-8")]
    encoding: Written,
    /// In which language the reasons are
    #[arg(long, value_enum, default_value = "en")]
    lang: Speaks,
    /// Print the summary as one JSON object
    #[arg(long)]
    json: bool,
}

impl ImportQic {
    fn run(self) -> Done {
        let language = self.lang.language();
        let reviewer = Reviewer::embedded(language)
            .map_err(|error| Trouble::failed("rulebook and lexicon cannot be read", &error))?;
        let rulebook = reviewer.version().to_string();
        let mut file = ExportFile::open(&self.file)?;
        let Some(heading) = file.heading()? else {
            return Err(Trouble::Usage(format!("{} is empty: it has no heading", self.file.display())));
        };
        if self.out.as_deref().is_some_and(|out| is_same_file(out, &self.file)) {
            return Err(Trouble::Usage("the findings would be written over the export: name another file".to_owned()));
        }
        let mut out = Sheet::create(self.out.as_deref(), self.encoding)?;
        out.row(HEADINGS)?;
        let mut summary = Summary::default();
        while let Some((number, record)) = file.next()? {
            let read = record.and_then(|record| heading.row(&record)).and_then(|row| reviewer.review(&row));
            for line in lines(number, &read, &rulebook, language) {
                out.row(&line)?;
            }
            summary.add(&read);
        }
        file.input.finish();
        out.finish()?;
        // Findings on standard output are for a program or a file; the summary is for whoever sits before it.
        let told = |text: &str| match &self.out {
            Some(_) => say(text),
            None => drop(writeln!(io::stderr(), "{text}")),
        };
        match self.json {
            true => told(&summary_json(&summary, &rulebook, heading.unknown).to_string()),
            false => summary_lines(&summary, &rulebook, heading.unknown, language).iter().for_each(|line| told(line)),
        }
        Ok(if summary.bad == 0 { Outcome::Good } else { Outcome::Wanting })
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

const NOTHING: &str = "nothing_concluded";

fn summary_json(summary: &Summary, rulebook: &str, unknown: usize) -> serde_json::Value {
    let rows: Vec<_> = summary
        .rows_by
        .iter()
        .map(|((outcome, derived), count)| {
            json!({"outcome": outcome.as_str(), "derived": derived.map(Verdict::as_str), "rows": count})
        })
        .collect();
    let notes: serde_json::Map<_, _> =
        summary.notes.iter().map(|(note, count)| (note.as_str().to_owned(), (*count).into())).collect();
    json!({
        "rulebook": rulebook, "rows": summary.rows, "unreadable": summary.bad, "unknown_columns": unknown,
        "by_outcome": rows, "claims": summary.claims, "findings": summary.findings, "notes": notes,
        "flags": summary.flags,
    })
}

fn summary_lines(summary: &Summary, rulebook: &str, unknown: usize, language: Language) -> Vec<String> {
    let decided = columns::Outcome::ALL.map(|outcome| format!("{} {}", summary.decided(outcome), outcome.as_str()));
    let mut told = vec![format!(
        "{} rows by rulebook {rulebook}: {}, {} unreadable",
        summary.rows,
        decided.join(", "),
        summary.bad
    )];
    if 0 < unknown {
        told.push(format!("{unknown} columns of other names were left out"));
    }
    for ((outcome, derived), count) in &summary.rows_by {
        let derived = derived.map_or(NOTHING, Verdict::as_str);
        told.push(format!("  {count:>6}  {:<9}  the rulebook: {derived}", outcome.as_str()));
    }
    let found = Finding::ALL.map(|finding| format!("{} {}", summary.found(finding), finding.as_str()));
    told.push(format!("{} claims: {}", summary.claims, found.join(", ")));
    for note in Note::ALL {
        if let Some(count) = summary.notes.get(note) {
            told.push(format!("  {count:>6}  {}", note.sentence(language)));
        }
    }
    for (flag, count) in &summary.flags {
        told.push(format!("  {count:>6}  speech: {flag}"));
    }
    told
}

/// An export as it is read: bytes to text to rows.
struct ExportFile {
    input: Input,
    decoder: encoding_rs::Decoder,
    records: Records,
}

impl ExportFile {
    fn open(path: &Path) -> Result<Self, Trouble> {
        let input = Input::open(Some(path))?;
        // Bytes that are of no character become U+FFFD, and cost their row.
        let decoder = input.charset.encoding().new_decoder_without_bom_handling();
        Ok(Self { input, decoder, records: Records::default() })
    }

    fn heading(&mut self) -> Result<Option<Heading>, Trouble> {
        let Some((_, first)) = self.next()? else { return Ok(None) };
        let heading = first.and_then(|first| Heading::read(&first));
        heading.map(Some).map_err(|bad| Trouble::Usage(format!("{}: {bad}", self.input.name)))
    }

    fn next(&mut self) -> Result<Option<touchstone::qic::records::Numbered>, Trouble> {
        loop {
            if let Some(row) = self.records.take() {
                return Ok(Some(row));
            }
            if self.input.ended {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> Result<(), Trouble> {
        let bytes = self.input.next()?;
        let room = self.decoder.max_utf8_buffer_length(bytes.len());
        let mut text = String::with_capacity(room.unwrap_or(bytes.len() * 3 + 16));
        // There is room for all of it.
        let _ = self.decoder.decode_to_string(&bytes, &mut text, self.input.ended);
        self.records.push(&text);
        if self.input.ended {
            self.records.end();
        }
        Ok(())
    }
}

/// A CSV file as it is written, row by row.
struct Sheet {
    writer: csv::Writer<Vec<u8>>,
    out: Box<dyn Write + Send>,
    encoding: Written,
    name: String,
    /// Whoever read standard output closed it, which is no fault.
    closed: bool,
    is_file: bool,
}

impl Sheet {
    fn create(path: Option<&Path>, encoding: Written) -> Result<Self, Trouble> {
        let (out, name): (Box<dyn Write + Send>, _) = match path {
            None => (Box::new(io::BufWriter::new(io::stdout())), "standard output".to_owned()),
            Some(path) => {
                let name = path.display().to_string();
                let file = File::create(path)
                    .map_err(|error| Trouble::failed(&format!("{name} cannot be written"), &error))?;
                (Box::new(io::BufWriter::new(file)), name)
            }
        };
        // RFC 4180 ends a row with CRLF.
        let writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::with_capacity(CHUNK));
        Ok(Self { writer, out, encoding, name, closed: false, is_file: path.is_some() })
    }

    fn row<I: IntoIterator<Item = T>, T: AsRef<[u8]>>(&mut self, cells: I) -> Result<(), Trouble> {
        self.writer.write_record(cells).map_err(|error| Trouble::failed("a row cannot be written", &error))?;
        if CHUNK < self.writer.get_ref().len() { self.pass_on() } else { Ok(()) }
    }

    fn pass_on(&mut self) -> Result<(), Trouble> {
        let fresh = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::with_capacity(CHUNK));
        let written = std::mem::replace(&mut self.writer, fresh);
        let bytes =
            written.into_inner().map_err(|error| Trouble::Failed(format!("a row cannot be written: {error}")))?;
        if self.closed {
            return Ok(());
        }
        let done = match self.encoding {
            Written::Utf8 => self.out.write_all(&bytes),
            Written::Gb18030 => self.out.write_all(&GB18030.encode(&String::from_utf8_lossy(&bytes)).0),
        };
        self.taken(done)
    }

    fn finish(mut self) -> Result<(), Trouble> {
        self.pass_on()?;
        let done = self.out.flush();
        self.taken(done)
    }

    fn taken(&mut self, done: io::Result<()>) -> Result<(), Trouble> {
        match done {
            Ok(()) => Ok(()),
            Err(_) if !self.is_file => {
                self.closed = true;
                Ok(())
            }
            Err(error) => Err(Trouble::failed(&format!("{} cannot be written", self.name), &error)),
        }
    }
}

/// Write our own pieces in the columns of a warehouse's export
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  touchstone export qic --encoding gb18030 --out pieces.csv

One row a piece, in the order of their orders. Titles are written with what may be personal in them covered; no buyer,
no address and no note is among the columns. Columns for what the house does not know are empty. Hidden reference
pieces are left out.")]
pub struct ExportQic {
    /// Where to; standard output unless told
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How it is encoded
    #[arg(long, value_enum, default_value = "utf-8")]
    encoding: Written,
    #[command(flatten)]
    settings: Args,
}

impl ExportQic {
    fn run(self) -> Done {
        block_on(async move {
            let (store, desk) = open::house(&self.settings).await?;
            let mut sheet = Sheet::create(self.out.as_deref(), self.encoding)?;
            sheet.row(Column::ALL.iter().map(|column| column.as_str()))?;
            let rows = write_pieces(&store, &desk, &mut sheet, self.out.is_some()).await?;
            sheet.finish()?;
            if let Some(path) = &self.out {
                say(&format!("{rows} pieces written to {}", path.display()));
            }
            open::close(store, desk).await?;
            Ok(Outcome::Good)
        })
    }
}

/// Orders read at a time.
const PAGE: u64 = 200;

async fn write_pieces(store: &Store, desk: &Desk, sheet: &mut Sheet, with_bar: bool) -> Result<u64, Trouble> {
    let total = journal::count_orders(store.reader()).await?;
    let bar = match with_bar && io::stderr().is_terminal() {
        true => ProgressBar::new(total),
        false => ProgressBar::hidden(),
    };
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} orders · {eta}") {
        bar.set_style(style);
    }
    let zones: Vec<(String, TimeZone)> = lookups::warehouses(store.reader())
        .await?
        .into_iter()
        .map(|row| (row.id, TimeZone::get(&row.timezone).unwrap_or(TimeZone::UTC)))
        .collect();
    let utc = TimeZone::UTC;
    let (mut rows, mut after) = (0, None);
    loop {
        let orders = journal::orders(store.reader(), after, PAGE).await?;
        let Some(last) = orders.last() else { break };
        after = Some(*last);
        for order in orders {
            bar.inc(1);
            let order_id = OrderId(order);
            let Some(view) = desk.read_order(order_id).await? else { continue };
            let texts = desk.read_texts(order_id).await?;
            let zone = zones.iter().find(|(id, _)| id == view.placed.warehouse_id.as_str());
            for piece in view.pieces.iter().filter(|piece| !piece.opened().reference) {
                let line = view.placed.lines.iter().find(|line| line.line_no == piece.opened().line_no);
                let title = line.and_then(|line| texts.get(&line.title.text_id)).map(String::as_str);
                let timezone = zone.map_or(&utc, |(_, zone)| zone);
                sheet.row(sheet::row(&OwnPiece { piece, title, timezone }))?;
                rows += 1;
            }
        }
    }
    bar.finish_and_clear();
    Ok(rows)
}
