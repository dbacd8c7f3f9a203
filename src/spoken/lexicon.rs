//! The words of the trade, from the files in `data`: one trie over all of them, and what each word says.
//!
//! A row is `term,kind,value,flags`. `term` holds one or several spellings parted by `|`, normalised as
//! `normal` does; `kind` is a kind of claim or a cue; rows of the same term add up. The flags:
//!
//! | flag | meaning |
//! | --- | --- |
//! | `neg` | the word itself denies its value: 无烧 |
//! | `avowed` | counts only where time brings it: 戴久了会掉色; it denies its value |
//! | `negpos` | counts only where it is denied, and is then the promise: 不会 + 掉色 |
//! | `~` `>=` | the bound that the word carries |
//! | `weak` | counts only where the words around it support it |
//! | `low` | counts, with low certainty |
//! | `h` | is also found by its sound |
//! | `said` | counts only directly behind 是 or a denial: "it is blue" |
//! | `tint` | a colour, which counts only behind 颜色 or a word of nearness: 偏紫 |
//! | `denied` `asserted` | counts only where it is denied, or only where it is not: 不是白金 speaks of white gold |
//! | `apart` | is counted beside another word for the same value: 原矿 beside 无优化 |
//! | `jade` | counts only where jade is spoken of: "grade A" |
//! | `refuse` `rhet` `plain` | kinds of denial, for cues |

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;

use super::Unreadable;
use super::cue::{Cue, Cues};
use super::facts::Facts;
use super::normal::Normal;
use super::number::{self, Number};
use super::trie::Trie;
use crate::domain::ledger::{Bound, ClaimKind};

const FILES: [(&str, &str); 9] = [
    ("metals.csv", include_str!("data/metals.csv")),
    ("jade.csv", include_str!("data/jade.csv")),
    ("stones.csv", include_str!("data/stones.csv")),
    ("organics.csv", include_str!("data/organics.csv")),
    ("origins.csv", include_str!("data/origins.csv")),
    ("labs.csv", include_str!("data/labs.csv")),
    ("promises.csv", include_str!("data/promises.csv")),
    ("banned.csv", include_str!("data/banned.csv")),
    ("cues.csv", include_str!("data/cues.csv")),
];

/// What may stand between noun and adjective, for a spelling such as `光*强`.
const ADVERBS: [&str; 24] = [
    "",
    "很",
    "也",
    "也很",
    "都",
    "都很",
    "又",
    "非常",
    "特别",
    "超级",
    "超",
    "真",
    "够",
    "挺",
    "极",
    "极其",
    "相当",
    "还",
    "是真的",
    "真的",
    "真的很",
    "比较",
    "这么",
    "太",
];

/// What a word claims.
#[derive(Clone, Debug)]
pub(super) struct Meaning {
    pub(super) kind: ClaimKind,
    /// Absent where the value is the phrase itself.
    pub(super) value: Option<Arc<str>>,
    pub(super) flags: Flags,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) denies: bool,
    pub(super) if_denied: bool,
    /// Counts only where time brings it.
    pub(super) avowed: bool,
    pub(super) bound: Option<Bound>,
    pub(super) weak: bool,
    pub(super) low: bool,
    pub(super) by_sound: bool,
    /// Counts only directly behind 是 or a denial.
    pub(super) said: bool,
    /// Counts only behind 颜色 or a word of nearness.
    pub(super) tint: bool,
    /// Counts only where it is denied.
    pub(super) only_denied: bool,
    /// Counts only where it is not denied.
    pub(super) only_asserted: bool,
    /// Is counted beside another word for the same value.
    pub(super) apart: bool,
    /// Gives way to a word that names it outright.
    pub(super) hint: bool,
    /// Counts only where jade is spoken of.
    pub(super) of_jade: bool,
}

/// How strong a denial is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Denial {
    #[default]
    Firm,
    /// 不: denies a service, seldom a substance.
    Plain,
    /// 不敢说: declines, and thereby denies.
    Refusing,
    /// 要什么羊脂.
    Rhetorical,
}

/// What one word is.
#[derive(Clone, Debug, Default)]
pub(super) struct Word {
    pub(super) cues: Cues,
    meanings: Range<u32>,
    facts: Facts,
    /// Of a unit or a part, where its name stands in the row of names; nought is no name.
    name: u16,
    pub(super) denial: Denial,
}

/// Whether a word begins or ends with a letter or a digit, and so must not begin or end inside another.
#[derive(Clone, Copy, Debug, Default)]
struct Edges {
    first: Option<Edge>,
    last: Option<Edge>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    Letter,
    Digit,
}

fn edge(byte: u8) -> Option<Edge> {
    match byte {
        b'a'..=b'z' => Some(Edge::Letter),
        b'0'..=b'9' => Some(Edge::Digit),
        _ => None,
    }
}

impl Edges {
    /// How many bits of a number tell the edges.
    const BITS: u32 = 4;

    fn of(term: &str) -> Self {
        Self { first: term.bytes().next().and_then(edge), last: term.bytes().next_back().and_then(edge) }
    }

    fn bits(self) -> u32 {
        let bits = |edge| match edge {
            None => 0,
            Some(Edge::Letter) => 1,
            Some(Edge::Digit) => 2,
        };
        bits(self.first) << 2 | bits(self.last)
    }

    fn from_bits(bits: u32) -> Self {
        let edge = |bits| match bits & 3 {
            0 => None,
            1 => Some(Edge::Letter),
            _ => Some(Edge::Digit),
        };
        Self { first: edge(bits >> 2), last: edge(bits) }
    }

    /// Where a word of these edges ends if it stands whole: `gold` not in `marigold`, `diamond` also in `diamonds`.
    #[inline]
    fn whole(self, bytes: &[u8], start: usize, end: usize) -> Option<usize> {
        let before = || start.checked_sub(1).and_then(|at| bytes.get(at)).and_then(|byte| edge(*byte));
        if self.first.is_some() && self.first == before() {
            return None;
        }
        let after = |at: usize| bytes.get(at).and_then(|byte| edge(*byte));
        if self.last.is_none() || self.last != after(end) {
            return Some(end);
        }
        let plural = self.last == Some(Edge::Letter) && bytes.get(end) == Some(&b's');
        (plural && after(end + 1) != Some(Edge::Letter)).then_some(end + 1)
    }
}

/// A word or a number of a text, in bytes of the normalised text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) word: u32,
    /// Index of the number that begins here.
    pub(super) number: Option<u32>,
    pub(super) cues: Cues,
    pub(super) claims: bool,
    pub(super) facts: Facts,
}

impl Token {
    pub(super) fn is(&self, cue: Cue) -> bool {
        self.cues.has(cue)
    }

    pub(super) fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The words and numbers of one text.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    pub(super) tokens: Vec<Token>,
    pub(super) numbers: Vec<Number>,
    /// Characters looked at and numerals read, for the proof of linear time.
    pub(super) steps: usize,
}

#[derive(Clone)]
pub(super) struct Lexicon {
    words: Vec<Word>,
    meanings: Vec<Meaning>,
    names: Vec<Arc<str>>,
    by_sound: Vec<(String, u32)>,
    pub(super) trie: Trie,
}

impl std::fmt::Debug for Lexicon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lexicon").field("words", &self.words.len()).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Row {
    term: String,
    kind: String,
    value: String,
    flags: String,
}

impl Lexicon {
    pub(super) fn embedded() -> Result<Self, Unreadable> {
        let mut draft = Draft::default();
        for (file, text) in FILES {
            for row in csv::Reader::from_reader(text.as_bytes()).deserialize::<Row>() {
                let row = row.map_err(|error| Unreadable { file, why: error.to_string() })?;
                draft.add(&row).map_err(|why| Unreadable { file, why: format!("{}: {why}", row.term) })?;
            }
        }
        for c in number::NUMERALS.chars() {
            draft.cue(&c.to_string(), Cue::Numeral);
            // A number is read on from its first figure, so figures have no edges.
            draft.entry(&c.to_string()).edges = Edges::default();
        }
        for word in number::ENGLISH.iter().map(|(word, _)| *word).chain(number::OPENERS) {
            draft.cue(word, Cue::Numeral);
        }
        for c in "，,、;；:：…（）()|丨[]【】".chars() {
            draft.cue(&c.to_string(), Cue::Comma);
        }
        for c in "。.!！?？\n".chars() {
            draft.cue(&c.to_string(), Cue::Stop);
        }
        draft.finish()
    }

    pub(super) fn word(&self, token: &Token) -> Option<&Word> {
        self.words.get(token.word as usize)
    }

    pub(super) fn meanings(&self, word: &Word) -> &[Meaning] {
        self.meanings.get(word.meanings.start as usize..word.meanings.end as usize).unwrap_or_default()
    }

    /// The name of the unit or the part that the word is.
    pub(super) fn name(&self, word: &Word) -> Option<&str> {
        usize::from(word.name).checked_sub(1).and_then(|at| self.names.get(at)).map(|name| &**name)
    }

    /// The spellings that are also found by their sound, each with its word.
    pub(super) fn by_sound(&self) -> impl Iterator<Item = (&str, u32)> {
        self.by_sound.iter().map(|(term, word)| (term.as_str(), *word))
    }

    /// Every value that a word can give a claim, with the claim's kind, each once.
    #[cfg(test)]
    pub(super) fn values(&self) -> std::collections::BTreeSet<(ClaimKind, Arc<str>)> {
        self.meanings.iter().filter_map(|meaning| Some((meaning.kind, meaning.value.clone()?))).collect()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    pub(super) fn token(&self, word: u32, start: usize, end: usize) -> Option<Token> {
        self.words.get(word as usize).map(|entry| entry.token(word, start, end))
    }

    /// All words and numbers of a text, from left to right, the longest first, none inside another.
    pub(super) fn tokens(&self, normal: &Normal, out: &mut Tokens) {
        let Tokens { tokens, numbers, steps } = out;
        tokens.clear();
        numbers.clear();
        let text = normal.text.as_str();
        *steps += normal.units.len();
        let bytes = text.as_bytes();
        let mut at = 0;
        // The last character was a letter, so that no word begins with this one.
        let mut inside = false;
        while let Some(unit) = normal.units.get(at) {
            let letter = unit.mark.is_letter();
            let goes_on = std::mem::replace(&mut inside, letter) && letter;
            if goes_on || !unit.mark.opens() {
                at += 1;
                continue;
            }
            let start = unit.place as usize;
            let Some((word, entry, length, end)) = self.longest(normal, start, at) else {
                at += 1;
                continue;
            };
            // 二两: the figure before makes 两 a unit.
            let unit = entry.cues.has(Cue::Unit)
                && tokens.last().is_some_and(|last| last.number.is_some() && last.end as usize == start);
            if !entry.cues.has(Cue::Numeral) || unit {
                tokens.push(entry.token(word, start, end));
                // A plural has one letter more.
                at += length;
                at += usize::from(normal.units.get(at).is_some_and(|unit| (unit.place as usize) < end));
                inside = bytes.get(end - 1).is_some_and(u8::is_ascii_lowercase);
                continue;
            }
            // The article of 'half a carat' belongs to the half.
            if text.get(start..end) == Some(number::ONE_CARAT) && carries_on(text, tokens.last(), start) {
                (at, inside) = (at + 2, false);
                continue;
            }
            let (free, number) = match text.get(start..).and_then(number::number) {
                Some((number, read)) => (start + read, Some(number)),
                None => {
                    // A run of figures that is no number is looked at once.
                    let run = bytes.iter().skip(start).take_while(|byte| byte.is_ascii_digit()).count();
                    (end.max(start + run), None)
                }
            };
            *steps += free - start;
            if let Some(number) = number {
                let index = numbers.len() as u32;
                numbers.push(number);
                let token = Token { number: Some(index), ..entry.token(word, start, free) };
                // 零 also denies, but not inside a number.
                tokens.push(Token { cues: Cues::of(&[Cue::Numeral]), claims: false, facts: Facts::default(), ..token });
            }
            while normal.units.get(at).is_some_and(|unit| (unit.place as usize) < free) {
                at += 1;
            }
            inside = bytes.get(free - 1).is_some_and(u8::is_ascii_lowercase);
        }
    }

    /// The longest word at this place that stands whole: its number, what it is, its characters, and the byte where it
    /// ends.
    #[inline]
    fn longest(&self, normal: &Normal, start: usize, at: usize) -> Option<(u32, &Word, usize, usize)> {
        let units = normal.units.get(at..)?;
        let place = |length: usize| units.get(length).map_or(0, |unit| unit.place as usize);
        let (mut word, mut characters, mut plural) = (NO_WORD, 0, 0);
        self.trie.words(units.iter().map(|unit| unit.mark), |found, length| {
            let end = place(length);
            let whole = Edges::from_bits(found).whole(normal.text.as_bytes(), start, end);
            if let Some(whole) = whole {
                (word, characters, plural) = (found >> Edges::BITS, length, whole - end);
            }
        });
        let entry = self.words.get(word as usize)?;
        Some((word, entry, characters, place(characters) + plural))
    }
}

impl Word {
    fn token(&self, word: u32, start: usize, end: usize) -> Token {
        let (start, end, claims) = (start as u32, end as u32, !self.meanings.is_empty());
        Token { start, end, word, number: None, cues: self.cues, claims, facts: self.facts }
    }
}

/// The number of no word.
const NO_WORD: u32 = u32::MAX;

/// Whether a number right before goes on here: half a carat, a quarter of a carat.
fn carries_on(text: &str, last: Option<&Token>, start: usize) -> bool {
    last.is_some_and(|last| last.number.is_some() && matches!(text.get(last.end as usize..start), Some(" " | " of ")))
}

#[derive(Default)]
struct Draft {
    words: Vec<Entry>,
    by_term: HashMap<String, u32>,
    values: HashMap<String, Arc<str>>,
}

/// A word in the making.
#[derive(Default)]
struct Entry {
    cues: Cues,
    meanings: Vec<Meaning>,
    name: Option<Arc<str>>,
    denial: Denial,
    edges: Edges,
}

impl Draft {
    fn entry(&mut self, term: &str) -> &mut Entry {
        let index = *self.by_term.entry(term.to_owned()).or_insert_with(|| {
            self.words.push(Entry { edges: Edges::of(term), ..Entry::default() });
            (self.words.len() - 1) as u32
        });
        &mut self.words[index as usize]
    }

    fn cue(&mut self, term: &str, cue: Cue) {
        self.entry(term).cues.insert(cue);
    }

    fn value(&mut self, value: &str) -> Arc<str> {
        self.values.entry(value.to_owned()).or_insert_with(|| value.into()).clone()
    }

    fn add(&mut self, row: &Row) -> Result<(), String> {
        let kind = ClaimKind::ALL.into_iter().find(|kind| kind.as_str() == row.kind);
        let mut flags = Flags::default();
        let mut denial = Denial::Firm;
        for flag in row.flags.split_whitespace() {
            match flag {
                "neg" => flags.denies = true,
                "avowed" => (flags.avowed, flags.denies, flags.low) = (true, true, true),
                "negpos" => flags.if_denied = true,
                "~" => flags.bound = Some(Bound::About),
                ">=" => flags.bound = Some(Bound::AtLeast),
                "weak" => flags.weak = true,
                "low" => flags.low = true,
                "h" => flags.by_sound = true,
                "said" => flags.said = true,
                "tint" => flags.tint = true,
                "denied" => flags.only_denied = true,
                "asserted" => flags.only_asserted = true,
                "apart" => flags.apart = true,
                "hint" => flags.hint = true,
                "jade" => flags.of_jade = true,
                "refuse" => denial = Denial::Refusing,
                "rhet" => denial = Denial::Rhetorical,
                "plain" => denial = Denial::Plain,
                other => return Err(format!("{other} is no flag")),
            }
        }
        let name = (!row.value.is_empty() && row.value != "*").then(|| self.value(&row.value));
        let spellings =
            row.term.split('|').flat_map(|term| match term.split_once('*').filter(|(noun, _)| !noun.is_empty()) {
                Some((noun, adjective)) => ADVERBS.iter().map(|adverb| format!("{noun}{adverb}{adjective}")).collect(),
                None => vec![term.to_owned()],
            });
        for term in spellings {
            let term = term.as_str();
            if term.is_empty() || term != term.trim() {
                return Err("an empty spelling, or one with blanks around it".to_owned());
            }
            match kind {
                Some(kind) => {
                    let meanings = &mut self.entry(term).meanings;
                    let same = meanings.iter_mut().find(|meaning| meaning.kind == kind && meaning.value == name);
                    match same {
                        Some(same) => {
                            same.flags.weak |= flags.weak;
                            same.flags.low |= flags.low;
                            same.flags.by_sound |= flags.by_sound;
                            same.flags.bound = same.flags.bound.or(flags.bound);
                        }
                        None => meanings.push(Meaning { kind, value: name.clone(), flags }),
                    }
                }
                None => {
                    let cue = Cue::parse(&row.kind).ok_or_else(|| format!("{} is no kind", row.kind))?;
                    let word = self.entry(term);
                    word.cues.insert(cue);
                    if name.is_some() {
                        word.name.clone_from(&name);
                    }
                    if denial != Denial::Firm {
                        word.denial = denial;
                    }
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Lexicon, Unreadable> {
        let too_many = |_| Unreadable { file: "lexicon", why: "it has more names than a word can hold".to_owned() };
        let mut words = Vec::with_capacity(self.words.len());
        let (mut meanings, mut names) = (Vec::new(), Vec::<Arc<str>>::new());
        // The lowest bits of a word's number say how it must stand, so that few words are looked at that do not.
        let numbers: Vec<_> =
            (0..).zip(&self.words).map(|(word, entry)| word << Edges::BITS | entry.edges.bits()).collect();
        for entry in self.words {
            let first = meanings.len() as u32;
            let facts = entry.meanings.iter().map(Facts::of).fold(Facts::default(), Facts::and);
            meanings.extend(entry.meanings);
            let name = entry.name.map_or(0, |name| {
                let known = names.iter().position(|known| *known == name);
                known.unwrap_or_else(|| {
                    names.push(name);
                    names.len() - 1
                }) + 1
            });
            let name = u16::try_from(name).map_err(too_many)?;
            let meanings = first..meanings.len() as u32;
            words.push(Word { cues: entry.cues, meanings, facts, name, denial: entry.denial });
        }
        let number = |word: u32| numbers.get(word as usize).copied().unwrap_or_default();
        let trie = Trie::new(self.by_term.iter().map(|(term, word)| (term.as_str(), number(*word))));
        let why = "a spelling has a character beyond the basic plane, or there are too many words".to_owned();
        let trie = trie.ok_or(Unreadable { file: "lexicon", why })?;
        let mut lexicon = Lexicon { words, meanings, names, by_sound: Vec::new(), trie };
        let is_heard = |word: &Word| lexicon.meanings(word).iter().any(|meaning| meaning.flags.by_sound);
        let is_heard = |(_, word): &(String, u32)| lexicon.words.get(*word as usize).is_some_and(is_heard);
        lexicon.by_sound = self.by_term.into_iter().filter(is_heard).collect();
        Ok(lexicon)
    }
}
