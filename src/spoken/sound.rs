//! Words that a recogniser wrote by their sound: 和甜玉, 国建证书, 非翠. Found by toneless pinyin, only beside other
//! claims, and always with low certainty.

use std::collections::HashMap;

use pinyin::ToPinyin;

use super::Certainty;
use super::cue::Cue;
use super::lexicon::Lexicon;
use super::mention::Mention;
use super::scan::{Clause, Scan};
use super::terms::Heard;
use crate::domain::ledger::ClaimKind;

const FIRST: u32 = 0x4e00;
const LAST: u32 = 0x9fff;
/// Mandarin has some 400 syllables without their tones.
const SYLLABLES: usize = 512;

#[derive(Clone, Debug)]
struct Spelling {
    word: u32,
    chars: Vec<char>,
    syllables: Vec<u16>,
}

#[derive(Clone, Debug)]
pub(super) struct Sounds {
    /// By code point from [`FIRST`] on; nought has no sound.
    syllable: Vec<u16>,
    /// Which two syllables begin a word.
    openings: Vec<u64>,
    words: HashMap<(u16, u16), Vec<Spelling>>,
}

impl Sounds {
    pub(super) fn new(lexicon: &Lexicon) -> Self {
        let mut numbers: HashMap<&'static str, u16> = HashMap::new();
        let mut syllable = vec![0; (LAST - FIRST + 1) as usize];
        for (place, code) in syllable.iter_mut().zip(FIRST..=LAST) {
            if let Some(sound) = char::from_u32(code).and_then(|c| c.to_pinyin()) {
                let next = numbers.len() as u16 + 1;
                *place = *numbers.entry(sound.plain()).or_insert(next);
            }
        }
        let mut sounds = Self { syllable, openings: vec![0; SYLLABLES * SYLLABLES / 64], words: HashMap::new() };
        for (term, word) in lexicon.by_sound() {
            let chars: Vec<char> = term.chars().collect();
            let syllables: Vec<u16> = chars.iter().map(|c| sounds.of(*c)).collect();
            if let [first, second, ..] = syllables[..]
                && syllables.iter().all(|syllable| *syllable != 0)
            {
                if let Some((slot, bit)) = Self::slot(first, second)
                    && let Some(bits) = sounds.openings.get_mut(slot)
                {
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

    fn of(&self, c: char) -> u16 {
        u32::from(c).checked_sub(FIRST).and_then(|at| self.syllable.get(at as usize)).copied().unwrap_or_default()
    }

    fn slot(first: u16, second: u16) -> Option<(usize, u64)> {
        let at = usize::from(first) * SYLLABLES + usize::from(second);
        (usize::from(first) < SYLLABLES && usize::from(second) < SYLLABLES).then_some((at / 64, 1 << (at % 64)))
    }

    fn opens(&self, first: u16, second: u16) -> bool {
        first != 0
            && second != 0
            && Self::slot(first, second)
                .is_some_and(|(slot, bit)| self.openings.get(slot).is_some_and(|bits| bits & bit != 0))
    }

    /// Adds what the clause says by sound alone. Only a clause that claims something else is looked at.
    pub(super) fn read(&self, scan: &Scan<'_>, index: usize, clause: &Clause, heard: &mut Vec<Heard>) {
        let text = scan.clause_text(clause);
        if text.is_ascii() {
            return;
        }
        let mut before: Option<(usize, char, u16)> = None;
        let mut free = 0;
        for (at, c) in text.char_indices() {
            let syllable = self.of(c);
            if let Some((first_at, _, first)) = before
                && free <= first_at
                && self.opens(first, syllable)
                && let Some((spelling, length)) = self.spelled(text, first_at, first, syllable)
            {
                let (start, end) = (clause.start + first_at, clause.start + first_at + length);
                if let Some(found) = mention(scan, index, clause, spelling, start, end) {
                    heard.push(found);
                    free = first_at + length;
                }
            }
            before = Some((at, c, syllable));
        }
    }

    fn spelled(&self, text: &str, at: usize, first: u16, second: u16) -> Option<(&Spelling, usize)> {
        self.words.get(&(first, second))?.iter().find_map(|spelling| {
            let said: Vec<char> = text.get(at..)?.chars().take(spelling.chars.len()).collect();
            let sounds = said.len() == spelling.chars.len()
                && said.iter().zip(&spelling.syllables).all(|(c, syllable)| self.of(*c) == *syllable);
            // One character at least was written right.
            let shared = said.iter().zip(&spelling.chars).filter(|(said, meant)| said == meant).count();
            let length = said.iter().map(|c| c.len_utf8()).sum();
            (sounds && 0 < shared && shared < said.len()).then_some((spelling, length))
        })
    }
}

fn mention(
    scan: &Scan<'_>,
    index: usize,
    clause: &Clause,
    spelling: &Spelling,
    start: usize,
    end: usize,
) -> Option<Heard> {
    // A word of its own stands there, or one that reaches into it.
    let overlapping = scan.clause_tokens(clause).iter().any(|token| {
        (token.start as usize) < end
            && start < token.end as usize
            && (token.claims || token.is(Cue::Noise) || 3 < token.end - token.start || token.number.is_some())
    });
    if overlapping {
        return None;
    }
    let token = scan.lexicon.token(spelling.word, start, end);
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
