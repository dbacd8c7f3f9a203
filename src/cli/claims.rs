//! `touchstone claims`: what a seller claims, from transcripts and passages, without a database.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use touchstone::demo::Outcome;
use touchstone::domain::ledger::{Bound, ClaimKind};
use touchstone::spoken::score::{Count, Item, Score};
use touchstone::spoken::transcript::{Cue, Format, Lines, Transcript};
use touchstone::spoken::{Lang, Reader, Said, Stream};

use super::text_lines::TextLines;
use super::{Done, Trouble, say};

pub const EXAMPLES: &str = "Examples:
  touchstone claims extract live.srt
  touchstone claims extract --format jsonl < passages.jsonl
  touchstone claims score -v gold.jsonl";

#[derive(Debug, clap::Subcommand)]
pub enum Claims {
    Extract(Extract),
    Score(ScoreGold),
}

impl Claims {
    pub fn run(self) -> Done {
        match self {
            Claims::Extract(command) => command.run(),
            Claims::Score(command) => command.run(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Input {
    /// One JSON object a line with `id`, `lang` and `text`
    Jsonl,
    Srt,
    Vtt,
    /// `{"segments": […]}`, `[{"start_ms", …}]`, Whisper's or FunASR's own output
    Json,
    Text,
}

impl Input {
    /// By the ending of the file's name; passages where it tells nothing.
    fn of(path: Option<&Path>) -> Self {
        let ending = path.and_then(Path::extension).and_then(|ending| ending.to_str()).unwrap_or_default();
        match ending.to_ascii_lowercase().as_str() {
            "srt" => Input::Srt,
            "vtt" => Input::Vtt,
            "json" => Input::Json,
            "txt" | "text" => Input::Text,
            _ => Input::Jsonl, // Standard input has no name, and most files of lines are named .jsonl.
        }
    }

    fn format(self) -> Option<Format> {
        match self {
            Input::Jsonl => None,
            Input::Srt => Some(Format::Srt),
            Input::Vtt => Some(Format::Vtt),
            Input::Json => Some(Format::Json),
            Input::Text => Some(Format::Text),
        }
    }
}

/// Read transcripts or passages and print the claims in them
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  touchstone claims extract live.srt
  touchstone claims extract --format jsonl < passages.jsonl
  touchstone claims extract --format json whisper.json > claims.jsonl

Of passages (jsonl), one line comes out for each line that goes in, in their order: {\"id\", \"claims\": […]}. A line
that is no passage is told on standard error with its number and left out; the exit status is 1 then, and 2 where no
line is one. Of a transcript, one line comes out for each claim, with the time at which it was said. `start` and `end`
count Unicode scalar values. Files in UTF-8, UTF-16 and GB18030 are told apart. A file of any length is read as a
stream, but for JSON, which is read whole; a stream takes the cues in the order of the file.")]
pub struct Extract {
    /// What the input is [default: by the file's name, else jsonl]
    #[arg(long, value_enum)]
    format: Option<Input>,
    /// The file; standard input where there is none
    file: Option<PathBuf>,
}

/// A passage to read.
#[derive(Deserialize)]
struct Passage {
    #[serde(default)]
    id: serde_json::Value,
    #[serde(default)]
    lang: Option<String>,
    text: String,
}

fn language(lang: Option<&str>) -> Option<Lang> {
    match lang?.split(['-', '_']).next()? {
        "zh" => Some(Lang::Chinese),
        "en" => Some(Lang::English),
        _ => None, // The reader does without.
    }
}

/// A claim as it is printed (`corpus/README.md`, "Record").
#[derive(Serialize)]
struct Printed<'a> {
    kind: &'static str,
    text: &'a str,
    start: usize,
    end: usize,
    value: &'a str,
    unit: Option<&'static str>,
    op: &'static str,
    min: Option<Box<RawValue>>,
    max: Option<Box<RawValue>>,
    negated: bool,
    certainty: &'static str,
    /// HH:MM:SS.mmm since the start of the session; not of passages.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
}

impl<'a> Printed<'a> {
    fn of(said: &'a Said, text: &'a str, at: Option<String>) -> Self {
        // A decimal is a JSON number as it stands; through a float it might not be the same.
        let number = |limit: &Option<_>| limit.as_ref().and_then(|limit: &_| raw(&format!("{limit}")));
        Self {
            kind: said.kind.as_str(),
            text,
            start: said.start,
            end: said.end,
            value: &said.value,
            unit: said.unit.map(|unit| unit.as_str()),
            op: operator(said.bound),
            min: number(&said.min),
            max: number(&said.max),
            negated: said.negated,
            certainty: said.certainty.as_str(),
            at,
        }
    }
}

fn raw(number: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(number.to_owned()).ok()
}

fn operator(bound: Bound) -> &'static str {
    match bound {
        Bound::Exactly => "=",
        Bound::About => "~",
        Bound::AtLeast => ">=",
        Bound::AtMost => "<=",
        Bound::Range => "range",
    }
}

/// The words between two places of a text.
fn words(text: &str, start: usize, end: usize) -> &str {
    let mut places = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let Some(first) = places.by_ref().nth(start) else { return "" };
    let last = if start == end { Some(first) } else { places.nth(end.saturating_sub(start + 1)) };
    text.get(first..last.unwrap_or(text.len())).unwrap_or_default()
}

fn reader() -> Result<Reader, Trouble> {
    Reader::embedded().map_err(|error| Trouble::failed("the lexicon cannot be read", &error))
}

/// Standard output that remembers that nobody reads it any more, which is no fault.
struct Out {
    inner: BufWriter<io::StdoutLock<'static>>,
    closed: bool,
}

impl Out {
    fn new() -> Self {
        Self { inner: BufWriter::new(io::stdout().lock()), closed: false }
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), Trouble> {
        let text = serde_json::to_string(line).map_err(|error| Trouble::failed("a claim cannot be written", &error))?;
        self.closed |= writeln!(self.inner, "{text}").is_err();
        Ok(())
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        let _ = self.inner.flush();
    }
}

impl Extract {
    fn run(self) -> Done {
        let input = self.format.unwrap_or_else(|| Input::of(self.file.as_deref()));
        let reader = reader()?;
        let lines = TextLines::open(self.file.as_deref())?;
        match input.format() {
            None => return extract_passages(&reader, lines),
            Some(Format::Json) => extract_whole(&reader, lines)?,
            Some(format @ (Format::Srt | Format::Vtt | Format::Text)) => extract_stream(&reader, format, lines)?,
        }
        Ok(Outcome::Good)
    }
}

/// Reads every line that is a passage. One that is none is told with its number, and the rest is read all the same.
fn extract_passages(reader: &Reader, mut lines: TextLines) -> Done {
    #[derive(Serialize)]
    struct Answer<'a> {
        id: &'a serde_json::Value,
        claims: Vec<Printed<'a>>,
    }
    let mut out = Out::new();
    let (mut read, mut wrong) = (0_u64, 0_u64);
    while let Some(passage) = next_json::<Passage>(&mut lines)? {
        let passage = match passage {
            Ok(passage) => passage,
            Err(why) => {
                wrong += 1;
                if wrong <= MOST_TOLD {
                    lines.tell(&why);
                }
                continue;
            }
        };
        read += 1;
        let said = reader.read_as(&passage.text, language(passage.lang.as_deref()));
        let claims =
            said.iter().map(|said| Printed::of(said, words(&passage.text, said.start, said.end), None)).collect();
        out.line(&Answer { id: &passage.id, claims })?;
        if out.closed {
            break;
        }
    }
    if wrong == 0 {
        return Ok(Outcome::Good);
    }
    let sentence = left_out(lines.name(), read, wrong);
    // Where nothing was a passage, the whole input is of another kind.
    Err(if read == 0 { Trouble::Usage(sentence) } else { Trouble::Failed(sentence) })
}

/// So many wrong lines are told one by one; a file of another kind would have nothing else.
const MOST_TOLD: u64 = 20;

/// What is said at the end of an input that had lines which are no passages.
fn left_out(name: &str, read: u64, wrong: u64) -> String {
    let told = if MOST_TOLD < wrong { format!(", of which {MOST_TOLD} are told") } else { String::new() };
    let hint = if read == 0 { "; for a transcript, say --format srt, vtt, json or text" } else { "" };
    format!("{name}: {read} passages read; {wrong} lines are no passage and were left out{told}{hint}")
}

/// The next line that is not blank, as JSON, or what is wrong with it.
fn next_json<T: serde::de::DeserializeOwned>(lines: &mut TextLines) -> Result<Option<Result<T, String>>, Trouble> {
    let name = lines.name().to_owned();
    loop {
        let number = lines.number() + 1;
        let Some(line) = lines.next_line()? else { return Ok(None) };
        if line.trim().is_empty() {
            continue;
        }
        return Ok(Some(serde_json::from_str(line).map_err(|error| {
            let why = error.to_string();
            let why = why.split(" at line ").next().unwrap_or(&why);
            format!("{name}, line {number}: this is no passage, which is a JSON object with id, lang and text: {why}")
        })));
    }
}

fn extract_whole(reader: &Reader, lines: TextLines) -> Result<(), Trouble> {
    let name = lines.name().to_owned();
    let transcript =
        Transcript::read(Format::Json, &lines.all()?).map_err(|fault| Trouble::Usage(format!("{name}: {fault}")))?;
    let mut out = Out::new();
    for said in reader.read(transcript.text()) {
        let at = transcript.at(said.start).map(clock);
        out.line(&Printed::of(&said, transcript.words(said.start, said.end), at))?;
    }
    Ok(())
}

/// Reads a transcript as it comes. What the reader may still need of the text is kept, and no more.
fn extract_stream(reader: &Reader, format: Format, mut lines: TextLines) -> Result<(), Trouble> {
    let Some(form) = format.form() else { return Ok(()) };
    let name = lines.name().to_owned();
    let wrong = |fault| Trouble::Usage(format!("{name}: {fault}"));
    let mut cues = Lines::new(form);
    let mut tail = Tail::default();
    let mut stream = Stream::new(reader);
    let mut out = Out::new();
    while let Some(line) = lines.next_line()? {
        if let Some(cue) = cues.push(line).map_err(wrong)? {
            tail.take(&cue, &mut stream, &mut out)?;
        }
        if out.closed {
            return Ok(());
        }
    }
    if let Some(cue) = cues.end().map_err(wrong)? {
        tail.take(&cue, &mut stream, &mut out)?;
    }
    tail.print(&stream.finish(), &mut out)
}

/// So much of the text is kept, in characters: what the reader holds back, and a claim's words said again.
const KEPT: usize = 20_000;

/// The end of the text so far, with the times of its cues.
#[derive(Default)]
struct Tail {
    text: String,
    /// Scalar values before the text.
    passed: usize,
    /// Where each cue of the text begins, its time, and its length.
    cues: std::collections::VecDeque<(usize, Transcript)>,
    chars: usize,
}

impl Tail {
    fn take(&mut self, cue: &Cue, stream: &mut Stream, out: &mut Out) -> Result<(), Trouble> {
        let start = self.passed + self.chars;
        self.cues.push_back((start, Transcript::of(vec![cue.clone()])));
        let piece = format!("{}\n", cue.text);
        self.chars += piece.chars().count();
        self.text.push_str(&piece);
        let said = stream.push(&piece);
        self.print(&said, out)?;
        if 2 * KEPT < self.chars {
            let cut = self.text.char_indices().nth(self.chars - KEPT).map_or(0, |(at, _)| at);
            self.text.drain(..cut);
            self.passed += self.chars - KEPT;
            self.chars = KEPT;
            while self.cues.get(1).is_some_and(|(start, _)| *start <= self.passed) {
                self.cues.pop_front();
            }
        }
        Ok(())
    }

    fn print(&self, said: &[Said], out: &mut Out) -> Result<(), Trouble> {
        for said in said {
            let (start, end) = (said.start.saturating_sub(self.passed), said.end.saturating_sub(self.passed));
            let cue = self.cues.partition_point(|(start, _)| *start <= said.start).checked_sub(1);
            let at = cue.and_then(|cue| self.cues.get(cue)).and_then(|(start, cue)| cue.at(said.start - start));
            out.line(&Printed::of(said, words(&self.text, start, end), at.map(clock)))?;
        }
        Ok(())
    }
}

fn clock(ms: i64) -> String {
    let (seconds, ms) = (ms / 1_000, ms % 1_000);
    format!("{:02}:{:02}:{:02}.{ms:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// Compare what is read with claims that were annotated by hand
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  touchstone claims score gold.jsonl
  touchstone claims score -v gold.jsonl

A reading matches a claim of the same kind and polarity whose words overlap, one to one; of weight, size and fineness
the numbers must be equal.")]
pub struct ScoreGold {
    /// One JSON object a line: `id`, `lang`, `text` and `claims`
    gold: PathBuf,
    /// Name every miss and every extra
    #[arg(short, long)]
    verbose: bool,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct GoldPassage {
    #[serde(default)]
    id: serde_json::Value,
    #[serde(default)]
    lang: Option<String>,
    text: String,
    claims: Vec<GoldClaim>,
}

#[derive(Deserialize)]
struct GoldClaim {
    kind: String,
    text: String,
    /// Of a passage whose words stand in it more than once.
    #[serde(default)]
    start: Option<usize>,
    value: String,
    #[serde(default)]
    min: Option<serde_json::Number>,
    #[serde(default)]
    max: Option<serde_json::Number>,
    #[serde(default)]
    negated: bool,
}

impl GoldClaim {
    fn item(&self, text: &str) -> Result<Item, String> {
        let kind = ClaimKind::ALL.into_iter().find(|kind| kind.as_str() == self.kind);
        let kind = kind.ok_or_else(|| format!("{} is no kind of claim", self.kind))?;
        let start = match self.start {
            Some(start) => start,
            None => {
                let byte = text.find(&self.text).ok_or_else(|| format!("{} is not in the text", self.text))?;
                text.get(..byte).unwrap_or_default().chars().count()
            }
        };
        let number = |limit: &Option<serde_json::Number>| match limit {
            None => Ok(None),
            Some(limit) => limit.to_string().parse().map(Some).map_err(|_| format!("{limit} is no decimal")),
        };
        Ok(Item {
            kind,
            start,
            end: start + self.text.chars().count(),
            value: self.value.clone(),
            min: number(&self.min)?,
            max: number(&self.max)?,
            negated: self.negated,
        })
    }
}

impl ScoreGold {
    fn run(self) -> Done {
        let reader = reader()?;
        let mut lines = TextLines::open(Some(&self.gold))?;
        let mut score = Score::default();
        let mut passages = 0;
        while let Some(passage) = next_json::<GoldPassage>(&mut lines)? {
            let passage = passage.map_err(Trouble::Usage)?;
            let gold: Result<Vec<_>, _> = passage.claims.iter().map(|claim| claim.item(&passage.text)).collect();
            let gold =
                gold.map_err(|why| Trouble::Usage(format!("{}, line {}: {why}", self.gold.display(), lines.number())))?;
            let said = reader.read_as(&passage.text, language(passage.lang.as_deref()));
            let predicted: Vec<Item> = said.iter().map(Item::from).collect();
            let matching = score.add(&gold, &predicted);
            passages += 1;
            if self.verbose && !self.json {
                let id = passage.id.as_str().map_or_else(|| passage.id.to_string(), str::to_owned);
                let tell = |what: &str, item: Option<&Item>| {
                    if let Some(item) = item {
                        let denied = if item.negated { " (denied)" } else { "" };
                        let words = words(&passage.text, item.start, item.end);
                        say(&format!("{id}  {what}  {}  {words}  = {}{denied}", item.kind.as_str(), item.value));
                    }
                };
                matching.misses.iter().for_each(|at| tell("miss ", gold.get(*at)));
                matching.extras.iter().for_each(|at| tell("extra", predicted.get(*at)));
            }
        }
        if self.json {
            tell_json(&score, passages)
        } else {
            tell_table(&score, passages)
        }
        Ok(Outcome::Good)
    }
}

/// Ten thousandths as a decimal: 9712 is 0.971.
fn share(part: u64) -> String {
    format!("{}.{:03}", part / 10_000, part % 10_000 / 10)
}

fn rows(score: &Score) -> Vec<(&'static str, Count)> {
    let kinds = ClaimKind::ALL.into_iter().map(|kind| (kind.as_str(), score.of(kind)));
    kinds.chain([("decisive", score.decisive()), ("all", score.all())]).collect()
}

fn tell_table(score: &Score, passages: usize) {
    say(&format!("{passages} passages"));
    let heading = ["kind", "gold", "read", "hits", "precision", "recall", "F1"].map(str::to_owned);
    let mut text = String::new();
    let mut row = |cells: [String; 7]| {
        let [kind, rest @ ..] = cells;
        let _ = write!(text, "{kind:<14}");
        for cell in rest {
            let _ = write!(text, "{cell:>10}");
        }
        text.push('\n');
    };
    row(heading);
    for (kind, count) in rows(score) {
        let numbers = [count.hits + count.misses, count.hits + count.extras, count.hits].map(|n| n.to_string());
        let [gold, read, hits] = numbers;
        row([kind.to_owned(), gold, read, hits, share(count.precision()), share(count.recall()), share(count.f1())]);
    }
    say(text.trim_end());
}

fn tell_json(score: &Score, passages: usize) {
    let rows: serde_json::Map<_, _> = rows(score)
        .into_iter()
        .map(|(kind, count)| {
            let of = serde_json::json!({
                "hits": count.hits, "misses": count.misses, "extras": count.extras,
                "precision": share(count.precision()), "recall": share(count.recall()), "f1": share(count.f1()),
            });
            (kind.to_owned(), of)
        })
        .collect();
    say(&serde_json::json!({"passages": passages, "kinds": rows}).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_out_by_scalar_values() {
        let check = |text: &str, start, end, expected: &str| assert_eq!(words(text, start, end), expected);
        check("😀翡翠手镯", 1, 3, "翡翠");
        check("翡翠", 0, 2, "翡翠");
        check("翡翠", 1, 9, "翠");
        check("翡翠", 2, 2, "");
        check("翡翠", 5, 7, "");
    }

    #[test]
    fn a_range_is_printed_with_exact_numbers() {
        let reader = Reader::embedded().unwrap();
        let text = "圈口五六到五八";
        let said = reader.read(text);
        let line = serde_json::to_string(&Printed::of(&said[0], text, None)).unwrap();
        assert!(line.contains(r#""op":"range","min":56,"max":58,"negated":false,"certainty":"high"}"#), "{line}");
    }

    #[test]
    fn shares_are_told_with_three_decimals() {
        assert_eq!([0, 9_712, 10_000].map(share), ["0.000", "0.971", "1.000"]);
    }

    #[test]
    fn the_ending_tells_the_form() {
        assert_eq!(Input::of(Some(Path::new("a/live.SRT"))), Input::Srt);
        assert_eq!(Input::of(Some(Path::new("gold.jsonl"))), Input::Jsonl);
        assert_eq!(Input::of(None), Input::Jsonl);
    }
}
