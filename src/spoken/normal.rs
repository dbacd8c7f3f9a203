//! Text as the lexicon spells it: half width, simplified, lower case; and the way back to the original.
//!
//! Every scalar value becomes one scalar value or none, so the way back is a count and a list of what was left out.

use super::Unreadable;
use super::chars::Chars;

const TRADITIONAL: &str = include_str!("data/traditional.csv");
const FIRST: u32 = 0x4e00;
const LAST: u32 = 0x9fff;

/// One spelling for each character.
#[derive(Clone, Debug)]
pub(super) struct Normaliser {
    /// By code point from [`FIRST`] on; nought leaves the character as it is.
    simplified: Vec<u16>,
    /// Characters that stay as they are, whatever stands around them.
    stays: Chars,
}

/// A normalised text.
#[derive(Debug, Default)]
pub(super) struct Normal {
    pub(super) text: String,
    /// How many characters it has.
    pub(super) chars: usize,
    /// Where in `text` characters were left out, and how many in all up to there.
    dropped: Vec<(usize, usize)>,
}

impl Normaliser {
    pub(super) fn embedded() -> Result<Self, Unreadable> {
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
        let mut normaliser = Self { simplified, stays: Chars::of(std::iter::empty()) };
        let stays = |c: &char| normaliser.one(*c) == *c && !matches!(c, ' ' | '-' | '\r') && !is_mark(*c);
        normaliser.stays = Chars::of(('\0'..='\u{ffff}').filter(stays));
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

    /// Writes the text anew into `normal`.
    pub(super) fn normalise(&self, original: &str, normal: &mut Normal) {
        normal.text.clear();
        normal.text.reserve(original.len());
        normal.dropped.clear();
        // What needs no change is copied in runs.
        let mut run = 0;
        let spaced_out = is_spaced_out(original);
        let mut dropped = 0;
        for (at, c) in original.char_indices() {
            if self.stays.has(c) || c == ' ' && parts_words(original, run, at, &normal.text) {
                continue;
            }
            let one = self.one(c);
            normal.text.push_str(original.get(run..at).unwrap_or_default());
            run = at + c.len_utf8();
            // The last character kept and the next one, to see what stands on both sides of a space or a hyphen.
            let before = || normal.text.chars().next_back().unwrap_or(' ');
            let next = || original.get(run..).and_then(|rest| rest.chars().next()).map_or(' ', |next| self.one(next));
            let kept = match one {
                '\r' => None,
                ' ' => {
                    let after = next();
                    match (is_han(before()), is_han(after)) {
                        _ if after == ' ' || after == '\n' => None,
                        (true, true) if spaced_out => None,
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
                Some(c) => normal.text.push(c),
                None => {
                    dropped += 1;
                    match normal.dropped.last_mut() {
                        Some((at, all)) if *at == normal.text.len() => *all = dropped,
                        _ => normal.dropped.push((normal.text.len(), dropped)),
                    }
                }
            }
        }
        normal.text.push_str(original.get(run..).unwrap_or_default());
        normal.chars = normal.text.chars().count();
    }
}

impl Normal {
    /// How many scalar values the original has.
    pub(super) fn original_chars(&self) -> usize {
        self.chars + self.dropped.last().map_or(0, |(_, all)| *all)
    }
}

/// A walk along a normalised text that tells places in the original. Starts should come in rising order.
pub(super) struct WayBack<'n> {
    normal: &'n Normal,
    /// Where the last span began, in bytes.
    at: usize,
    /// How many characters come before.
    chars: usize,
}

impl<'n> WayBack<'n> {
    pub(super) fn new(normal: &'n Normal) -> Self {
        Self { normal, at: 0, chars: 0 }
    }

    /// The scalar values of the original before and up to the end of `start..end`, given in bytes of the normalised
    /// text.
    pub(super) fn span(&mut self, start: usize, end: usize) -> (usize, usize) {
        if start < self.at {
            (self.at, self.chars) = (0, 0);
        }
        self.chars += self.count(self.at, start);
        self.at = start;
        let last = self.chars + self.count(start, end);
        // What was left out right before the first character comes before it, right after the last one after it.
        let before = self.dropped_until(|at| at <= start);
        let until = self.dropped_until(|at| at < end);
        (self.chars + before, last + until.max(before))
    }

    /// The characters that begin in a stretch of the text.
    fn count(&self, start: usize, end: usize) -> usize {
        let bytes = self.normal.text.as_bytes().get(start..end).unwrap_or_default();
        bytes.iter().filter(|byte| !is_within(**byte)).count()
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

/// Whether the byte goes on with a character that began before it.
fn is_within(byte: u8) -> bool {
    byte & 0xc0 == 0x80
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
    // Too few spaces for the characters that are surely Chinese by their first byte, or none that may be.
    let spaces = text.bytes().filter(|byte| *byte == b' ').count();
    let sure = text.bytes().filter(|byte| matches!(byte, 0xe5..=0xe8)).count();
    if spaces == 0 || spaces * 2 < sure || !text.bytes().any(|byte| matches!(byte, 0xe3..=0xe9 | 0xf0)) {
        return false;
    }
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
        let mut normal = Normal::default();
        // What another text left behind is no matter.
        for text in ["Ａ b", original] {
            Normaliser::embedded().unwrap().normalise(text, &mut normal);
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
