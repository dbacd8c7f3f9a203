//! Text as the lexicon spells it: half width, simplified, lower case; and the way back to the original.
//!
//! Every scalar value becomes one scalar value or none, so the way back is a count and a list of what was left out.

use super::Unreadable;
use super::trie::{Mark, Trie};

const TRADITIONAL: &str = include_str!("data/traditional.csv");
const FIRST: u32 = 0x4e00;
const LAST: u32 = 0x9fff;

/// One spelling for each character.
#[derive(Clone, Debug)]
pub(super) struct Normaliser {
    /// By code point from [`FIRST`] on; nought leaves the character as it is.
    simplified: Vec<u16>,
    /// By code point of the basic plane: what the lexicon knows the character by, where it stays as it is whatever stands
    /// around it; [`CHANGES`] where it may not.
    plain: Vec<Mark>,
    /// The mark of a blank.
    blank: Mark,
}

const CHANGES: Mark = Mark::NONE;

/// A character of a normalised text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    /// Where it begins, in bytes.
    pub(super) place: u32,
    pub(super) mark: Mark,
}

/// A normalised text.
#[derive(Debug, Default)]
pub(super) struct Normal {
    pub(super) text: String,
    /// Its characters, and one more that stands for its end.
    pub(super) units: Vec<Unit>,
    /// Where in `text` characters were left out, and how many in all up to there.
    dropped: Vec<(usize, usize)>,
}

impl Normaliser {
    pub(super) fn embedded(trie: &Trie) -> Result<Self, Unreadable> {
        let mut simplified = vec![0; (LAST - FIRST + 1) as usize];
        for (number, line) in TRADITIONAL.lines().enumerate().skip(1) {
            let wrong = || Unreadable { file: "traditional.csv", why: format!("line {}: two characters", number + 1) };
            let mut chars = line.chars();
            let (Some(from), Some(','), Some(to), None) = (chars.next(), chars.next(), chars.next(), chars.next())
            else {
                return Err(wrong());
            };
            let (from, to) = (u32::from(from), u32::from(to));
            let at = from.checked_sub(FIRST).and_then(|at| simplified.get_mut(at as usize)).ok_or_else(wrong)?;
            *at = u16::try_from(to).map_err(|_| wrong())?;
        }
        let mut normaliser = Self { simplified, plain: Vec::new(), blank: trie.mark(' ') };
        let stays = |c: &char| normaliser.one(*c) == *c && !matches!(c, ' ' | '-' | '\r') && !is_mark(*c);
        let plain = |code| char::from_u32(code).filter(stays).map_or(CHANGES, |c| trie.mark(c));
        normaliser.plain = (0..0x1_0000).map(plain).collect();
        Ok(normaliser)
    }

    fn one(&self, c: char) -> char {
        match u32::from(c) {
            code @ FIRST..=LAST => match self.simplified.get((code - FIRST) as usize) {
                Some(&simple) if simple != 0 => char::from_u32(u32::from(simple)).unwrap_or(c),
                _ => c,
            },
            // The full-width comma stays: between digits it parts two numbers, where the ASCII one groups one.
            0xff0c => c,
            code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0).map_or(c, |narrow| narrow.to_ascii_lowercase()),
            0x3000 | 0xa0 => ' ',
            0x2018 | 0x2019 | 0x2bc | 0x60 => '\'',
            0x2010..=0x2012 => '-',
            0x09 | 0x0b | 0x0c => ' ',
            0..=0x7f => c.to_ascii_lowercase(),
            // Chinese punctuation and everything beyond the cased scripts.
            0x3001..=0x4dff | 0xa000..=0xfeff => c,
            _ => {
                let mut lower = c.to_lowercase();
                match (lower.next(), lower.next()) {
                    (Some(one), None) => one,
                    _ => c,
                }
            }
        }
    }

    /// Writes the text anew into `normal`, with the marks that the trie gives its characters.
    pub(super) fn normalise(&self, trie: &Trie, original: &str, normal: &mut Normal) {
        let Normal { text, units, dropped } = normal;
        text.clear();
        text.reserve(original.len());
        units.clear();
        units.reserve(original.len());
        dropped.clear();
        // What needs no change is copied in runs.
        let mut run = 0;
        // What is added to a place in the original to have it in the text.
        let mut shift = 0_usize;
        let mut spaced_out = None;
        let mut rest = original.as_bytes();
        while let Some((code, tail)) = first(rest) {
            let at = original.len() - rest.len();
            rest = tail;
            let plain = self.plain.get(code as usize).copied().unwrap_or(CHANGES);
            if plain != CHANGES {
                units.push(Unit { place: at.wrapping_add(shift) as u32, mark: plain });
                continue;
            }
            if code == u32::from(' ') && parts_words(original, run, at, text) {
                units.push(Unit { place: at.wrapping_add(shift) as u32, mark: self.blank });
                continue;
            }
            let one = char::from_u32(code).map_or(' ', |c| self.one(c));
            text.push_str(original.get(run..at).unwrap_or_default());
            run = original.len() - rest.len();
            // The last character kept and the next one, to see what stands on both sides of a space or a hyphen.
            let before = || text.chars().next_back().unwrap_or(' ');
            let next = || original.get(run..).and_then(|rest| rest.chars().next()).map_or(' ', |next| self.one(next));
            let kept = match one {
                '\r' => None,
                ' ' => {
                    let after = next();
                    match (is_han(before()), is_han(after)) {
                        _ if after == ' ' || after == '\n' => None,
                        (true, true) if *spaced_out.get_or_insert_with(|| is_spaced_out(original)) => None,
                        // A recogniser's space is often all the punctuation there is.
                        (true, true) => Some('，'),
                        (true, false) | (false, true) => None,
                        (false, false) => Some(' '),
                    }
                }
                '-' if before().is_ascii_lowercase() || next().is_ascii_lowercase() => Some(' '),
                one if is_mark(one) => None,
                one => Some(one),
            };
            match kept {
                Some(c) => {
                    units.push(Unit { place: text.len() as u32, mark: trie.mark(c) });
                    text.push(c);
                }
                None => {
                    let all = dropped.last().map_or(0, |(_, all)| *all) + 1;
                    match dropped.last_mut() {
                        Some((at, last)) if *at == text.len() => *last = all,
                        _ => dropped.push((text.len(), all)),
                    }
                }
            }
            shift = text.len().wrapping_sub(run);
        }
        text.push_str(original.get(run..).unwrap_or_default());
        units.push(Unit { place: text.len() as u32, mark: Mark::UNKNOWN });
    }
}

impl Normal {
    /// How many scalar values the original has.
    pub(super) fn original_chars(&self) -> usize {
        self.units.len().saturating_sub(1) + self.dropped.last().map_or(0, |(_, all)| *all)
    }
}

/// A walk along a normalised text that tells places in the original. Starts should come in rising order.
pub(super) struct WayBack<'n> {
    normal: &'n Normal,
    /// The character at which the last span began.
    at: usize,
}

impl<'n> WayBack<'n> {
    pub(super) fn new(normal: &'n Normal) -> Self {
        Self { normal, at: 0 }
    }

    /// The scalar values of the original before and up to the end of `start..end`, given in bytes of the normalised
    /// text.
    pub(super) fn span(&mut self, start: usize, end: usize) -> (usize, usize) {
        if self.normal.units.get(self.at).is_none_or(|unit| start < unit.place as usize) {
            self.at = 0;
        }
        // Where every character is one byte, there is nothing to count.
        let narrow = self.normal.units.len() == self.normal.text.len() + 1;
        let behind = |at: usize, byte: usize| {
            if narrow {
                return byte.max(at);
            }
            let rest = self.normal.units.get(at..).unwrap_or_default();
            at + rest.iter().take_while(|unit| (unit.place as usize) < byte).count()
        };
        self.at = behind(self.at, start);
        let last = behind(self.at, end);
        // What was left out right before the first character comes before it, right after the last one after it.
        let before = self.dropped_until(|at| at <= start);
        let until = self.dropped_until(|at| at < end);
        (self.at + before, last + until.max(before))
    }

    fn dropped_until(&self, within: impl Fn(usize) -> bool) -> usize {
        let passed = self.normal.dropped.partition_point(|(at, _)| within(*at));
        passed.checked_sub(1).and_then(|last| self.normal.dropped.get(last)).map_or(0, |(_, all)| *all)
    }
}

pub(super) fn is_han(c: char) -> bool {
    matches!(u32::from(c), FIRST..=LAST | 0x3400..=0x4dbf | 0x20000..=0x323af | 0x3007)
}

/// Marks that change or join the character before them and carry no word of their own.
fn is_mark(c: char) -> bool {
    matches!(u32::from(c),
        0x300..=0x36f | 0xad | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x2064 | 0x20d0..=0x20ff
        | 0xfe00..=0xfe0f | 0xfeff)
}

fn is_plain(byte: &u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// The code point that bytes of a text begin with, and the bytes behind it. Nearly all characters of speech have one
/// byte or three.
#[inline]
pub(super) fn first(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let low = |byte: &u8| u32::from(byte & 0x3f);
    Some(match bytes {
        [] => return None,
        [lead @ 0..=0x7f, rest @ ..] => (u32::from(*lead), rest),
        [lead @ 0xe0..=0xef, second, third, rest @ ..] => {
            (u32::from(lead & 0xf) << 12 | low(second) << 6 | low(third), rest)
        }
        [lead @ 0xc0..=0xdf, second, rest @ ..] => (u32::from(lead & 0x1f) << 6 | low(second), rest),
        [lead @ 0xf0..=0xff, second, third, fourth, rest @ ..] => {
            (u32::from(lead & 0x7) << 18 | low(second) << 12 | low(third) << 6 | low(fourth), rest)
        }
        [lead, rest @ ..] => (u32::from(*lead), rest),
    })
}

/// Whether the space at `at` stands between words of letters or figures, as most do. `written` is what was kept before
/// `run`.
fn parts_words(original: &str, run: usize, at: usize, written: &str) -> bool {
    let bytes = original.as_bytes();
    let before = if run < at { bytes.get(at - 1) } else { written.as_bytes().last() };
    before.is_some_and(is_plain) && bytes.get(at + 1).is_some_and(is_plain)
}

/// Whether there is a space after most Chinese characters, as some recognisers write.
fn is_spaced_out(text: &str) -> bool {
    let (mut han, mut spaced) = (0usize, 0usize);
    let mut before = '\n';
    for c in text.chars() {
        if is_han(before) {
            han += 1;
            spaced += usize::from(c == ' ');
        }
        before = c;
    }
    han < spaced * 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalised(original: &str) -> Normal {
        let trie = Trie::new(std::iter::empty()).unwrap();
        let mut normal = Normal::default();
        // What another text left behind is no matter.
        for text in ["Ａ b", original] {
            Normaliser::embedded(&trie).unwrap().normalise(&trie, text, &mut normal);
        }
        assert_eq!(normal.original_chars(), original.chars().count());
        normal
    }

    fn check(original: &str, expected: &str) {
        assert_eq!(normalised(original).text, expected, "{original}");
    }

    #[test]
    fn width_script_and_case_become_one() {
        check("１８Ｋ金", "18k金");
        check("翡翠Ａ貨，５６圈口", "翡翠a货，56圈口");
        check("證書、鑽石、銀飾", "证书、钻石、银饰");
        check("GIA’s report", "gia's report");
        check("lab-grown 8-9mm", "lab grown 8-9mm");
        check("GÜBELIN", "gübelin");
    }

    #[test]
    fn a_space_is_a_pause_or_nothing() {
        check("A货 圈口五六 国检", "a货，圈口五六，国检");
        check("这 条 镯 子 五 十 六 克", "这条镯子五十六克");
        check("GIA 证书 扣 1", "gia证书扣1");
        check("nine  carat   gold", "nine carat gold");
    }

    #[test]
    fn the_way_back_counts_what_was_left_out() {
        let check = |original: &str, word: &str, expected: &str| {
            let normal = normalised(original);
            let start = normal.text.find(word).unwrap();
            let (from, to) = WayBack::new(&normal).span(start, start + word.len());
            let found: String = original.chars().skip(from).take(to - from).collect();
            assert_eq!(found, expected, "{original}");
        };
        check("👍🏽好，翡翠", "翡翠", "翡翠");
        check("a\u{301}b\u{200b}c翡\u{fe0f}翠\u{301}x", "翡翠", "翡\u{fe0f}翠");
        check("这 条 翡 翠 镯 子 好", "翡翠", "翡 翠");
        check("\r\n  １８Ｋ 金", "18k金", "１８Ｋ 金");
        check("\u{feff}18K", "18k", "18K");
    }
}
