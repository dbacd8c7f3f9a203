//! Words that a recogniser wrote by their sound: 和甜玉, 国建证书, 非翠. Found by toneless pinyin, only beside other
//! claims, and always with low certainty.

use std::collections::HashMap;
use std::ops::Range;

use pinyin::ToPinyin;

use super::Certainty;
use super::cue::Cue;
use super::lexicon::{Lexicon, Token};
use super::mention::Mention;
use super::normal;
use super::scan::{Clause, Scan};
use super::terms::Heard;
use crate::domain::ledger::ClaimKind;

const FIRST: u32 = 0x4e00;
const LAST: u32 = 0x9fff;
/// Mandarin has some 400 syllables without their tones; a power of two is quicker to count with.
const SYLLABLES: usize = 512;

/// No word that is found by its sound has fewer bytes.
const SHORTEST: usize = 2 * '翠'.len_utf8();

#[derive(Clone, Debug)]
struct Spelling {
    word: u32,
    chars: Vec<char>,
    syllables: Vec<u16>,
}

#[derive(Clone, Debug)]
pub(super) struct Sounds {
    /// By code point from [`FIRST`] on; nought is no sound of a word that is looked for.
    syllable: Vec<u16>,
    /// Which two syllables begin a word.
    openings: Vec<u64>,
    words: HashMap<(u16, u16), Vec<Spelling>>,
}

impl Sounds {
    pub(super) fn new(lexicon: &Lexicon) -> Self {
        let mut sounds =
            Self { syllable: vec![0; (LAST - FIRST + 1) as usize], openings: Vec::new(), words: HashMap::new() };
        // Only the syllables of words that are found by their sound have a number.
        let mut numbers: HashMap<&'static str, u16> = HashMap::new();
        let words: Vec<(Vec<char>, u32)> =
            lexicon.by_sound().map(|(term, word)| (term.chars().collect(), word)).collect();
        for sound in words.iter().flat_map(|(chars, _)| chars).filter_map(|c| c.to_pinyin()) {
            let next = numbers.len() as u16 + 1;
            numbers.entry(sound.plain()).or_insert(next);
        }
        for (place, code) in sounds.syllable.iter_mut().zip(FIRST..=LAST) {
            let sound = char::from_u32(code).and_then(|c| c.to_pinyin());
            *place = sound.and_then(|sound| numbers.get(sound.plain()).copied()).unwrap_or_default();
        }
        sounds.openings.resize(SYLLABLES * SYLLABLES / 64, 0);
        for (chars, word) in words {
            let syllables: Vec<u16> = chars.iter().map(|c| sounds.of(u32::from(*c))).collect();
            if let [first, second, ..] = syllables[..]
                && syllables.iter().all(|syllable| (1..SYLLABLES as u16).contains(syllable))
            {
                let (slot, bit) = Self::slot(first, second);
                if let Some(bits) = sounds.openings.get_mut(slot) {
                    *bits |= bit;
                }
                sounds.words.entry((first, second)).or_default().push(Spelling { word, chars, syllables });
            }
        }
        for spellings in sounds.words.values_mut() {
            spellings.sort_by_key(|spelling| (usize::MAX - spelling.chars.len(), spelling.word));
        }
        sounds
    }

    /// Of a character by its code point.
    fn of(&self, code: u32) -> u16 {
        code.checked_sub(FIRST).and_then(|at| self.syllable.get(at as usize)).copied().unwrap_or_default()
    }

    fn slot(first: u16, second: u16) -> (usize, u64) {
        let at = usize::from(first) * SYLLABLES + usize::from(second);
        (at / 64, 1 << (at % 64))
    }

    fn opens(&self, first: u16, second: u16) -> bool {
        let (slot, bit) = Self::slot(first, second);
        self.openings.get(slot).is_some_and(|bits| bits & bit != 0)
    }

    /// Adds what the clause says by sound alone, in the stretches where no word of its own stands.
    pub(super) fn read(&self, scan: &Scan<'_>, index: usize, clause: &Clause, heard: &mut Vec<Heard>) {
        if scan.clause_text(clause).is_ascii() {
            return;
        }
        let mut from = clause.start;
        let words = scan.clause_tokens(clause).iter().filter(|token| is_word(token)).map(Token::range);
        for word in words.chain(std::iter::once(clause.end..clause.end)) {
            if SHORTEST <= word.start.saturating_sub(from) {
                self.stretch(scan, index, clause, from..word.start, heard);
            }
            from = from.max(word.end);
        }
    }

    fn stretch(&self, scan: &Scan<'_>, index: usize, clause: &Clause, stretch: Range<usize>, heard: &mut Vec<Heard>) {
        let text = scan.text.get(stretch.clone()).unwrap_or_default();
        let (mut first_at, mut first) = (0, 0);
        let mut free = 0;
        let mut rest = text.as_bytes();
        while let Some((code, behind)) = normal::first(rest) {
            let at = text.len() - rest.len();
            rest = behind;
            let syllable = self.of(code);
            if first != 0
                && syllable != 0
                && self.opens(first, syllable)
                && free <= first_at
                && let Some((spelling, length)) =
                    self.spelled(text.get(first_at..).unwrap_or_default(), first, syllable)
            {
                let start = stretch.start + first_at;
                if let Some(found) = mention(scan, index, clause, spelling, start, start + length) {
                    heard.push(found);
                    free = first_at + length;
                }
            }
            (first_at, first) = (at, syllable);
        }
    }

    fn spelled(&self, text: &str, first: u16, second: u16) -> Option<(&Spelling, usize)> {
        self.words.get(&(first, second))?.iter().find_map(|spelling| {
            let (mut length, mut shared, mut said) = (0, 0, text.chars());
            for (meant, syllable) in spelling.chars.iter().zip(&spelling.syllables) {
                let c = said.next().filter(|c| self.of(u32::from(*c)) == *syllable)?;
                length += c.len_utf8();
                shared += usize::from(c == *meant);
            }
            // One character at least was written right.
            (0 < shared && shared < spelling.chars.len()).then_some((spelling, length))
        })
    }
}

/// A word that a recogniser wrote as it is; what only sounds like another is none of these.
fn is_word(token: &Token) -> bool {
    token.claims || token.is(Cue::Noise) || '翠'.len_utf8() < token.range().len() || token.number.is_some()
}

fn mention(
    scan: &Scan<'_>,
    index: usize,
    clause: &Clause,
    spelling: &Spelling,
    start: usize,
    end: usize,
) -> Option<Heard> {
    let token = scan.lexicon.token(spelling.word, start, end)?;
    let meaning = scan.meanings(&token).iter().find(|meaning| meaning.flags.by_sound)?;
    let rest = scan.text.get(end..)?;
    let fits = match meaning.kind {
        // 国建 is a bank, 国建证书 is not.
        ClaimKind::Certificate => rest.starts_with('证') || rest.starts_with("的证"),
        ClaimKind::Material | ClaimKind::Treatment | ClaimKind::Grade | ClaimKind::Origin | ClaimKind::Fineness => true,
        ClaimKind::Weight | ClaimKind::Size | ClaimKind::Guarantee | ClaimKind::BannedPhrase => false,
    };
    if !fits {
        return None;
    }
    let at = scan.tokens.partition_point(|token| (token.start as usize) < start);
    let mut mention = Mention::new(meaning.kind, meaning.value.clone()?, start, end, index);
    mention.certainty = Certainty::Low;
    mention.negated = meaning.flags.denies;
    if let Some(before) = scan.before(at).filter(|before| clause.first < at && before.is(Cue::Neg))
        && scan.text.get(before.end as usize..start).is_some_and(|between| between.chars().count() <= 2)
    {
        mention.negated = !mention.negated;
        mention.start = before.start as usize;
    }
    Some(Heard { mention, at: at.clamp(clause.first, clause.last.max(clause.first + 1) - 1), refused: false })
}
