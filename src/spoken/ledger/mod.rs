//! From what was said to claims of one piece: which of it lies in the piece's segment, which part it is about, and its
//! value in exact quantities.

use crate::domain::appraisal::Declared;
use crate::domain::ids::ClaimId;
use crate::domain::ledger::{Certainty, Claim, ClaimKind, ClaimSource, Span};
use crate::rulebook::Rulebook;
use crate::spoken::transcript::{Lies, Part, Transcript};
use crate::spoken::{self, Said};

mod labels;
mod value;
mod whose;

pub use labels::{Labels, Unreadable};

/// A claim of one piece with its exact words, which are sealed before anybody keeps them. The claim itself has none yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub claim: Claim,
    pub words: String,
    /// Where the same was said again, with the words of each time.
    pub again: Vec<(String, Span)>,
}

/// What was said of a piece, with where it was said.
struct Inside<'a> {
    said: &'a Said,
    start: usize,
    end: usize,
    certainty: Certainty,
    again: Vec<(usize, usize)>,
}

/// The claims of a piece among what was said in its part of the session. `said` was read from the part's text.
///
/// What was said outside the part is not the piece's. What may have been, and what may be cut off by the end of a cue, is
/// doubtful.
pub fn heard(
    said: &[Said],
    (transcript, part): (&Transcript, &Part),
    declared: &Declared,
    rulebook: &Rulebook,
    labels: &Labels,
) -> Vec<Heard> {
    let (base, _) = transcript.text_of(part);
    let inside: Vec<_> = said.iter().filter_map(|said| inside(said, base, transcript, part)).collect();
    let mut places = whose::Places::new(declared, rulebook);
    for of in &inside {
        if let (ClaimKind::Material, false) = (of.said.kind, of.said.negated)
            && let Some(name) = value::name(of.said, rulebook, labels)
        {
            places.met(of.start, name.as_str());
        }
    }
    let claim = |(of, number): (&Inside, u32)| {
        let Inside { said, start, end, certainty, again } = of;
        let around = around(transcript, *start, *end);
        let value = value::value(said, &around, declared, rulebook, labels)?;
        let place = places.of(said, *start, &value, &clause(transcript, *start, *end));
        let cut = is_number(said.kind) && is_cut(transcript, *start, *end);
        let claim = Claim {
            claim_id: ClaimId::parse(&format!("s{number}")).ok()?,
            source: ClaimSource::Spoken,
            component: place.component,
            kind: said.kind,
            words: None,
            span: Some(span(transcript, *start, *end)?),
            bound: said.bound,
            value,
            negated: said.negated,
            // Nothing that may be of another part, or another number, accuses anybody by itself.
            certainty: if cut || place.ambiguous { Certainty::Low } else { *certainty },
            also: Vec::new(),
            ambiguous: place.ambiguous,
        };
        let words = |start, end| transcript.words(start, end).to_owned();
        let again =
            again.iter().filter_map(|(start, end)| Some((words(*start, *end), span(transcript, *start, *end)?)));
        Some(Heard { claim, words: words(*start, *end), again: again.collect() })
    };
    inside.iter().zip(1..).filter_map(claim).collect()
}

/// Where in the part a claim was made, if it was.
fn inside<'a>(said: &'a Said, base: usize, transcript: &Transcript, part: &Part) -> Option<Inside<'a>> {
    let certainty = match said.certainty {
        spoken::Certainty::High => Certainty::High,
        spoken::Certainty::Low => Certainty::Low,
    };
    let (start, end) = (base + said.start, base + said.end);
    let lies = |start, end| transcript.lies(part, start, end);
    let again = said.again.iter().map(|(start, end)| (base + start, base + end));
    let mut again: Vec<_> = again.filter(|(start, end)| lies(*start, *end) != Lies::Outside).collect();
    again.sort_unstable();
    match lies(start, end) {
        Lies::Inside => Some(Inside { said, start, end, certainty, again }),
        Lies::AtEdge => Some(Inside { said, start, end, certainty: Certainty::Low, again }),
        // Said in full before the segment began, and in it once more, perhaps with fewer words.
        Lies::Outside if !again.is_empty() => {
            let (start, end) = again.remove(0);
            Some(Inside { said, start, end, certainty: Certainty::Low, again })
        }
        Lies::Outside => None,
    }
}

fn span(transcript: &Transcript, start: usize, end: usize) -> Option<Span> {
    let (first, last) = (i64::try_from(start).ok()?, i64::try_from(end).ok()?);
    Some(Span { start: first, end: last, at_ms: transcript.at(start) })
}

/// The words of a claim with those next to them: a few characters of Chinese, a few words of English, or some of both.
fn around(transcript: &Transcript, start: usize, end: usize) -> String {
    /// In letters of English; a character of Chinese says as much as several.
    const REACH: usize = 28;
    const CHARACTER: usize = 3;
    let near = |text: &mut dyn Iterator<Item = char>| {
        text.scan(0, |said, c| {
            *said += if c.is_ascii() { 1 } else { CHARACTER };
            (*said <= REACH).then_some(())
        })
        .count()
    };
    let before = near(&mut transcript.words(start.saturating_sub(REACH), start).chars().rev());
    let behind = near(&mut transcript.words(end, end + REACH).chars());
    transcript.words(start - before, end + behind).to_owned()
}

/// The words of a claim with those next to them, up to a mark.
fn clause(transcript: &Transcript, start: usize, end: usize) -> String {
    const REACH: usize = 10;
    let is_word = |c: &char| !matches!(c, '，' | '。' | '！' | '？' | '；' | ',' | '.' | '!' | '?' | ';' | '\n');
    let before: Vec<char> = transcript.words(start.saturating_sub(REACH), start).chars().collect();
    let before = before.iter().rev().take_while(|c| is_word(c)).count();
    let behind = transcript.words(end, end + REACH).chars().take_while(is_word).count();
    transcript.words(start - before, end + behind).to_owned()
}

fn is_number(kind: ClaimKind) -> bool {
    matches!(kind, ClaimKind::Fineness | ClaimKind::Weight | ClaimKind::Size)
}

/// A number at the beginning of a cue may go on from the cue before, and one at the end into the next: 五十 | 六克.
fn is_cut(transcript: &Transcript, start: usize, end: usize) -> bool {
    let is_figure = |text: &str| {
        let c = text.chars().find(|c| *c != '\n');
        c.is_some_and(|c| c.is_numeric() || "零〇一二两三四五六七八九十百千点半".contains(c))
    };
    // A cue stands one line break behind the one before.
    let begins = transcript.is_seam(start)
        && 2 <= start
        && is_figure(transcript.words(start - 2, start))
        && is_figure(transcript.words(start, start + 1));
    let ends = transcript.is_seam(end + 1)
        && is_figure(transcript.words(end.saturating_sub(1), end))
        && is_figure(transcript.words(end, end + 2));
    begins || ends
}

#[cfg(test)]
mod tests;
