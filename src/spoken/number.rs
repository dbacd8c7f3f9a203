//! Numbers as they are said and written, read exactly: 五十六点五, 一百五六十, 九二五, 1,200, 3/4, two and a half.

use rust_decimal::Decimal;
use winnow::ascii::digit1;
use winnow::combinator::{alt, opt, preceded};
use winnow::prelude::*;
use winnow::token::{one_of, take_while};

/// A number with what was heard of its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) value: Decimal,
    /// 五六, 十五六: one or the other, unless the figures are a code such as an inner diameter.
    pub(super) spread: Option<(Decimal, Decimal)>,
    /// Read digit by digit, without 十 or 百.
    pub(super) figures: bool,
    /// Said as figure and tens, without the hundred: seven fifty, two oh five.
    pub(super) paired: bool,
}

/// Longer ones are no measure of anything: link codes, telephone numbers.
const MOST_FIGURES: usize = 9;

/// The number that the text begins with, and its length in bytes.
pub(super) fn number(text: &str) -> Option<(Number, usize)> {
    let mut rest = text;
    let number = match rest.bytes().next()? {
        b'0'..=b'9' | b'.' => arabic(&mut rest),
        b'a'..=b'z' => english(&mut rest),
        _ => alt((chinese, vulgar)).parse_next(&mut rest),
    }
    .ok()?;
    Some((number, text.len() - rest.len()))
}

fn plain(value: Decimal) -> Number {
    Number { value, spread: None, figures: false, paired: false }
}

/// Figures read one by one, as a whole number, and how many they were.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    value: i64,
    count: u32,
}

impl Figures {
    /// Takes one more, unless there are too many to be a measure.
    fn push(&mut self, figure: i64) -> bool {
        let room = (self.count as usize) < MOST_FIGURES;
        if room {
            self.value = self.value * 10 + figure;
            self.count += 1;
        }
        room
    }

    fn of(digits: &str) -> Option<Self> {
        let mut figures = Self::default();
        digits.bytes().all(|digit| figures.push(i64::from(digit.wrapping_sub(b'0')))).then_some(figures)
    }
}

/// `whole` with `fraction` behind the point, as they stand.
fn decimal(whole: i64, fraction: Figures) -> Option<Decimal> {
    let scaled = whole.checked_mul(10_i64.checked_pow(fraction.count)?)?.checked_add(fraction.value)?;
    Some(Decimal::new(scaled, fraction.count))
}

fn vulgar(text: &mut &str) -> ModalResult<Number> {
    one_of(['½', '¼', '¾'])
        .map(|c| {
            plain(match c {
                '½' => Decimal::new(5, 1),
                '¼' => Decimal::new(25, 2),
                _ => Decimal::new(75, 2),
            })
        })
        .parse_next(text)
}

/// `58`, `58.4`, `.5`, `1,200`, `3/4`, `2 1/2`, `1万2`.
fn arabic(text: &mut &str) -> ModalResult<Number> {
    let point = |text: &mut &str| if begins_fraction(text) { Ok("") } else { Err(backtrack()) };
    let digits = alt((digit1, point)).parse_next(text)?;
    let mut whole = Figures::of(digits).ok_or_else(backtrack)?;
    // 1,200 is one number, 58,56 are two.
    while (1..=3).contains(&digits.len())
        && let Some(group) = opt(preceded(',', thousand)).parse_next(text)?
    {
        if !group.bytes().all(|digit| whole.push(i64::from(digit.wrapping_sub(b'0')))) {
            return Err(backtrack());
        }
    }
    let fraction = opt(preceded('.', digit1)).parse_next(text)?.map_or(Some(Figures::default()), Figures::of);
    let fraction = fraction.ok_or_else(backtrack)?;
    let value = decimal(whole.value, fraction).ok_or_else(backtrack)?;
    let is_whole = fraction.count == 0;
    if is_whole && let Some(over) = opt(over).parse_next(text)? {
        return value.checked_div(over).map(|value| plain(value.round_dp(4).normalize())).ok_or_else(backtrack);
    }
    let half = opt(preceded(' ', (digit1, over))).parse_next(text)?;
    if let Some((top, bottom)) = half {
        let part =
            Figures::of(top).and_then(|top| Decimal::from(top.value).checked_div(bottom)).ok_or_else(backtrack)?;
        return Ok(plain((value + part).round_dp(4).normalize()));
    }
    let vulgar_part = opt(vulgar).parse_next(text)?;
    let value = vulgar_part.map_or(value, |part| value + part.value);
    let times = opt(one_of(['万', '千', '百'])).parse_next(text)?;
    let value = match times {
        Some('万') => value * Decimal::from(10_000),
        Some('千') => value * Decimal::from(1_000),
        Some(_) => value * Decimal::from(100),
        None => value,
    };
    Ok(Number { value, spread: None, figures: is_whole && times.is_none(), paired: false })
}

fn begins_fraction(text: &str) -> bool {
    text.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn over(text: &mut &str) -> ModalResult<Decimal> {
    preceded('/', digit1)
        .verify_map(|digits: &str| Figures::of(digits).filter(|under| (1..=100).contains(&under.value)))
        .map(|under| Decimal::from(under.value))
        .parse_next(text)
}

fn thousand<'t>(text: &mut &'t str) -> ModalResult<&'t str> {
    let group: &str = take_while(3..=3, |c: char| c.is_ascii_digit()).parse_next(text)?;
    if text.starts_with(|c: char| c.is_ascii_digit()) { Err(backtrack()) } else { Ok(group) }
}

fn backtrack() -> winnow::error::ErrMode<winnow::error::ContextError> {
    winnow::error::ErrMode::Backtrack(winnow::error::ContextError::new())
}

fn han_digit(c: char) -> Option<i64> {
    Some(match c {
        '零' | '〇' => 0,
        '一' | '壹' | '幺' => 1,
        '二' | '两' | '贰' => 2,
        '三' | '叁' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

fn han_place(c: char) -> Option<i64> {
    Some(match c {
        '十' | '拾' => 10,
        '百' | '佰' => 100,
        '千' | '仟' => 1_000,
        '万' => 10_000,
        _ => return None,
    })
}

/// Two and three tens in one character.
fn tens(c: char) -> Option<i64> {
    match c {
        '廿' => Some(20),
        '卅' => Some(30),
        _ => None,
    }
}

/// Whether 两 behind a figure is another figure (三两克) and not the unit (三两).
fn two_goes_on(rest: &str) -> bool {
    rest.starts_with(['克', '斤', '个', '颗', '公', '毫', '百', '千', '万', '条', '钱'])
}

fn chinese(text: &mut &str) -> ModalResult<Number> {
    let (number, length) = read_chinese(text).ok_or_else(backtrack)?;
    *text = text.get(length..).unwrap_or_default();
    Ok(number)
}

fn read_chinese(text: &str) -> Option<(Number, usize)> {
    // What is complete so far, the place of the last mark, and the figures since.
    let (mut total, mut section, mut place) = (0_i64, 0_i64, 0_i64);
    let mut figures = Row::default();
    let mut after_nought = false;
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    if text.starts_with('半') {
        return Some((plain(Decimal::new(5, 1)), '半'.len_utf8()));
    }
    while let Some(&(at, c)) = chars.peek() {
        let rest = text.get(at + c.len_utf8()..).unwrap_or_default();
        if let Some(figure) = han_digit(c) {
            if c == '两' && figures.count != 0 && !two_goes_on(rest) {
                break;
            }
            // 五四一个五七: the third counts the next piece.
            if c == '一' && figures.count == 2 && place == 0 && rest.starts_with(['个', '条', '只', '支']) {
                break;
            }
            // Behind a place only 五六 may follow, or one figure: 六百八一克 is 六百八 a gram.
            if place != 0 && figures.as_slice().first().is_some_and(|first| first + 1 != figure) {
                break;
            }
            if MOST_FIGURES <= figures.count || (place != 0 && 2 <= figures.count) {
                break;
            }
            if place != 0 && figure == 0 {
                after_nought = true;
            } else {
                figures.push(figure);
            }
        } else if let Some(tens) = tens(c).filter(|_| end == 0) {
            (section, place) = (tens, 10);
        } else if let Some(mark) = han_place(c) {
            let count = match figures.as_slice() {
                [] if mark == 10 && place == 0 && total == 0 => 1,
                [] if mark == 10_000 && section != 0 => 0,
                [] if mark == 100 && place == 0 && total == 0 => 1,
                [one] => *one,
                // 二三十, 五六百: one or the other.
                [one, other] if two_are_a_spread(*one, *other) => {
                    let base = total + section;
                    let (low, high) = (base + one * mark, base + other * mark);
                    let length = at + c.len_utf8();
                    return Some((spread(low.min(high), low.max(high)), length));
                }
                _ => break,
            };
            if mark == 10_000 {
                total = (section + count).checked_mul(mark)?;
                section = 0;
            } else if place != 0 && place <= mark && place != 10_000 {
                break;
            } else {
                section = section.checked_add(count.checked_mul(mark)?)?;
            }
            place = mark;
            figures.clear();
            after_nought = false;
        } else {
            break;
        }
        end = at + c.len_utf8();
        chars.next();
    }
    if end == 0 {
        return None;
    }
    let base = total + section;
    if place == 0 {
        let whole = figures.as_slice().iter().fold(0, |whole, figure| whole * 10 + figure);
        let (fraction, length) = han_fraction(text, end);
        let value = decimal(whole, fraction)?;
        let spread = match figures.as_slice() {
            [one, other] if fraction.count == 0 && two_are_a_spread(*one, *other) => {
                Some((Decimal::from(*one.min(other)), Decimal::from(*one.max(other))))
            }
            _ => None,
        };
        return Some((Number { value, spread, figures: fraction.count == 0, paired: false }, length));
    }
    // 一百五 is 150, 一百零五 is 105, 五十六 is 56.
    let unit = if after_nought { 1 } else { (place / 10).max(1) };
    match figures.as_slice() {
        [] => {}
        [one, other] => {
            return Some((spread(base + one * unit, base + other * unit), end));
        }
        [one, ..] => {
            let value = base + one * unit;
            let (fraction, length) = han_fraction(text, end);
            return Some((plain(decimal(value, fraction)?), length));
        }
    }
    let (fraction, length) = han_fraction(text, end);
    Some((plain(decimal(base, fraction)?), length))
}

/// Writes the number as it stands, with the noughts behind its point.
pub(super) fn spell(value: Decimal, out: &mut String) {
    let Ok(mut rest) = u64::try_from(value.mantissa()) else {
        out.push_str(&value.to_string());
        return;
    };
    // A decimal has no more than twenty-eight figures behind its point, and these no more than twenty.
    let mut figures = [b'0'; 29];
    let behind = value.scale() as usize;
    let mut count = 0;
    for place in figures.iter_mut().rev() {
        if rest == 0 && behind < count {
            break;
        }
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
        count += 1;
    }
    for (left, figure) in (0..count).rev().zip(figures.iter().skip(figures.len() - count)) {
        if left + 1 == behind {
            out.push('.');
        }
        out.push(char::from(*figure));
    }
}

/// A few figures, each by itself.
#[derive(Default)]
struct Row {
    figures: [i64; MOST_FIGURES],
    count: usize,
}

impl Row {
    fn push(&mut self, figure: i64) {
        if let Some(place) = self.figures.get_mut(self.count) {
            *place = figure;
            self.count += 1;
        }
    }

    fn clear(&mut self) {
        self.count = 0;
    }

    fn as_slice(&self) -> &[i64] {
        self.figures.get(..self.count).unwrap_or_default()
    }
}

fn two_are_a_spread(one: i64, other: i64) -> bool {
    one != 0 && other != 0 && (one + 1 == other || (one, other) == (3, 2))
}

fn spread(low: i64, high: i64) -> Number {
    let (low, high) = (Decimal::from(low), Decimal::from(high));
    Number { value: low, spread: Some((low, high)), figures: false, paired: false }
}

/// The figures behind 点 or a point, and where they end. 两点三十分 is a time, so 点 before 三十 is none.
fn han_fraction(text: &str, end: usize) -> (Figures, usize) {
    let none = (Figures::default(), end);
    let rest = text.get(end..).unwrap_or_default();
    let Some(point) = rest.chars().next().filter(|c| matches!(c, '点' | '.')) else { return none };
    let mut figures = Figures::default();
    let mut length = end + point.len_utf8();
    for c in rest.chars().skip(1) {
        match han_digit(c).or_else(|| c.to_digit(10).map(i64::from)) {
            Some(figure) if c != '两' && figures.push(figure) => length += c.len_utf8(),
            None if han_place(c).is_some() => return none,
            _ => break,
        }
    }
    if figures.count == 0 { none } else { (figures, length) }
}

/// `seven fifty`, `five eighty five`, `nine sixteen`, `nine two five`, `two oh five`: hundreds without the word, and where
/// they end.
fn paired(text: &str) -> Option<(i64, usize)> {
    let mut words = Words { text, at: 0 };
    let mut next = || words.next().and_then(|(word, end)| Some((english_word(word)?, end)));
    let (hundreds @ 1..=9, _) = next()? else { return None };
    match next()? {
        (tens @ 20..=90, end) => match next() {
            Some((ones @ 1..=9, end)) => Some((hundreds * 100 + tens + ones, end)),
            Some(_) => None,
            None => Some((hundreds * 100 + tens, end)),
        },
        (teens @ 10..=19, end) => Some((hundreds * 100 + teens, end)),
        (tens @ 0..=9, _) => match next()? {
            (ones @ 0..=9, end) => Some((hundreds * 100 + tens * 10 + ones, end)),
            _ => None,
        },
        _ => None,
    }
}

/// `nine`, `twenty one`, `a hundred and five`, `three point four`, `two and a half`, `half`, `three quarters`.
fn english(text: &mut &str) -> ModalResult<Number> {
    if let Some((value, read)) = paired(text) {
        // "Nine two five", figure by figure, is a stamp; "nine twenty five" may be a price.
        let figures =
            text.get(..read).is_some_and(|said| said.split(' ').all(|word| matches!(english_word(word), Some(0..=9))));
        *text = text.get(read..).unwrap_or_default();
        return Ok(Number { paired: true, figures, ..plain(Decimal::from(value)) });
    }
    let mut total = 0_i64;
    let mut read = 0;
    let mut words = Words { text, at: 0 };
    let mut last = 0_i64;
    let mut fraction = Figures::default();
    let mut part = Decimal::ZERO;
    let mut joined = false;
    while let Some((word, end)) = words.next() {
        let seen = 0 < read;
        match word {
            "and" if seen => {
                // Only 'and a half', 'and five' after a hundred, and the like belong to the number.
                let mut ahead = Words { text, at: end };
                let next = ahead.next().map(|(word, _)| word);
                let then = ahead.next().map(|(word, _)| word);
                let whole = last == 100 && next.is_some_and(|next| english_word(next).is_some());
                let broken = matches!((next, then), (Some("a"), Some("half" | "quarter" | "third")))
                    || matches!((next, then), (Some("three"), Some("quarters" | "quarter")))
                    || matches!(next, Some("half"));
                if !whole && !broken {
                    break;
                }
                words.at = end;
                joined = true;
                last = if whole { last } else { 0 };
                continue;
            }
            "a" if seen => {}
            "a" if text.starts_with(ONE_CARAT) || text.starts_with(A_GRAM_AND) => {
                total = 1;
                read = end;
                break;
            }
            // 'a full carat' is one.
            "full" if !seen => {
                total = 1;
                read = end;
                break;
            }
            "half" => {
                part += Decimal::new(5, 1);
                read = end;
                break;
            }
            "quarter" | "quarters" => {
                // 'three quarters' is a fraction; 'one and three quarters' keeps the one.
                let times = if seen && (1..4).contains(&last) { last } else { 0 };
                total -= times;
                part += Decimal::new(25 * times.max(1), 2);
                read = end;
                break;
            }
            "third" if seen && last == 1 && !joined => {
                total -= last;
                part += Decimal::new(333, 3);
                read = end;
                break;
            }
            "point" => {
                let mut ahead = Words { text, at: end };
                while let Some((word, end)) = ahead.next() {
                    match english_word(word) {
                        Some(figure @ 0..=9) if fraction.push(figure) => {}
                        Some(tens @ 10..=99) if fraction.count == 0 => {
                            fraction.push(tens / 10);
                            fraction.push(tens % 10);
                        }
                        _ => break,
                    }
                    read = end;
                }
                if fraction.count == 0 && !seen {
                    return Err(backtrack());
                }
                break;
            }
            word => match english_word(word) {
                Some(hundred @ (100 | 1_000)) => {
                    total =
                        total.max(1).checked_mul(hundred).filter(|total| *total < 1_000_000).ok_or_else(backtrack)?;
                    last = hundred;
                    read = end;
                }
                Some(value) => {
                    let fits = !seen || (20..100).contains(&last) && last % 10 == 0 && value < 10 || 100 <= last;
                    let rest = words.text.get(end..).unwrap_or_default();
                    let quarters = seen && last < 20 && rest.starts_with(" quarter");
                    if !(fits || quarters) {
                        break;
                    }
                    total += value;
                    last = value;
                    read = end;
                }
                None => break,
            },
        }
        words.at = end;
    }
    if read == 0 {
        return Err(backtrack());
    }
    let value = decimal(total, fraction).ok_or_else(backtrack)? + part;
    *text = text.get(read..).unwrap_or_default();
    Ok(plain(value))
}

struct Words<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Words<'t> {
    /// The next word and where it ends; only one space may stand before it.
    fn next(&mut self) -> Option<(&'t str, usize)> {
        let rest = self.text.get(self.at..)?;
        let skipped = rest.strip_prefix(' ').unwrap_or(rest);
        let start = self.at + (rest.len() - skipped.len());
        let length = skipped.bytes().position(|byte| !byte.is_ascii_lowercase()).unwrap_or(skipped.len());
        if length == 0 || (0 < self.at && start == self.at) {
            return None;
        }
        self.at = start + length;
        Some((skipped.get(..length)?, start + length))
    }
}

/// The words that may begin a number are also numerals of the lexicon.
pub(super) const NUMERALS: &str = "0123456789零〇一二两三四五六七八九壹贰叁肆伍陆柒捌玖十廿卅百千万拾佰仟半½¼¾";
macro_rules! english {
    ($($word:literal = $value:literal,)*) => {
        pub(super) const ENGLISH: &[(&str, i64)] = &[$(($word, $value),)*];

        fn english_word(word: &str) -> Option<i64> {
            match word { $($word => Some($value),)* _ => None }
        }
    };
}

english! {
    "one" = 1,
    "two" = 2,
    "three" = 3,
    "four" = 4,
    "five" = 5,
    "six" = 6,
    "seven" = 7,
    "eight" = 8,
    "nine" = 9,
    "ten" = 10,
    "eleven" = 11,
    "twelve" = 12,
    "thirteen" = 13,
    "fourteen" = 14,
    "fifteen" = 15,
    "sixteen" = 16,
    "seventeen" = 17,
    "eighteen" = 18,
    "nineteen" = 19,
    "twenty" = 20,
    "thirty" = 30,
    "forty" = 40,
    "fifty" = 50,
    "sixty" = 60,
    "seventy" = 70,
    "eighty" = 80,
    "ninety" = 90,
    "hundred" = 100,
    "thousand" = 1_000,
    "zero" = 0,
    "nought" = 0,
    "naught" = 0,
    "oh" = 0,
}

/// Words that begin a number and are none by themselves.
pub(super) const OPENERS: [&str; 6] = ["half", "quarter", "point", "full", ONE_CARAT, A_GRAM_AND];
/// Where the article is a number.
pub(super) const ONE_CARAT: &str = "a carat";
/// "A gram" alone is more often what a price is for.
const A_GRAM_AND: &str = "a gram and a";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, value: &str, read: &str) {
        let (number, length) = number(text).unwrap_or_else(|| panic!("{text} is no number"));
        assert_eq!((number.value.to_string().as_str(), &text[..length]), (value, read), "{text}");
    }

    fn check_spread(text: &str, low: i64, high: i64) {
        let (number, length) = number(text).unwrap_or_else(|| panic!("{text} is no number"));
        assert_eq!(number.spread, Some((Decimal::from(low), Decimal::from(high))), "{text}");
        assert_eq!(length, text.len(), "{text}");
    }

    #[test]
    fn chinese_numerals_are_read_in_every_form() {
        check("五十六克", "56", "五十六");
        check("两百三十五点五克", "235.5", "两百三十五点五");
        check("一百五", "150", "一百五");
        check("一百零五克", "105", "一百零五");
        check("一千二", "1200", "一千二");
        check("一万二", "12000", "一万二");
        check("十八k", "18", "十八");
        check("十克", "10", "十");
        check("二十克", "20", "二十");
        check("九二五银", "925", "九二五");
        check("九九九点九", "999.9", "九九九点九");
        check("五点二克", "5.2", "五点二");
        check("零点三克拉", "0.3", "零点三");
        check("三两", "3", "三");
        check("半克拉", "0.5", "半");
        check("一百九十八克", "198", "一百九十八");
        check("六百八一克", "680", "六百八");
        check("两点三十分", "2", "两");
        check("三万六千八", "36800", "三万六千八");
        check("一百二十斤", "120", "一百二十");
        check("两千零八十", "2080", "两千零八十");
        check("壹佰克", "100", "壹佰");
    }

    #[test]
    fn a_number_is_written_as_it_stands() {
        for text in ["0", "5", "10", "58.4", "0.30", "0.005", "1200", "99999999999999999999.5", "0.00", "-3.1"] {
            let mut written = String::new();
            spell(text.parse().unwrap(), &mut written);
            assert_eq!(written, text);
        }
    }

    #[test]
    fn two_neighbours_are_one_or_the_other() {
        check_spread("五六", 5, 6);
        check_spread("十五六", 15, 16);
        check_spread("五十六七", 56, 57);
        check_spread("二三十", 20, 30);
        check_spread("一百五六", 150, 160);
        check_spread("五六百", 500, 600);
        assert_eq!(number("三两克").unwrap().0.spread, Some((Decimal::from(2), Decimal::from(3))));
        assert_eq!(number("五八").unwrap().0.spread, None);
    }

    #[test]
    fn figures_are_read_with_points_groups_and_fractions() {
        check("58.4g", "58.4", "58.4");
        check("1,200克", "1200", "1,200");
        check("56,58", "56", "56");
        check("1/2 carat", "0.5", "1/2");
        check("2 1/2 inch", "2.5", "2 1/2");
        check(".5 carat", "0.5", ".5");
        check("½", "0.5", "½");
        check("0.30ct", "0.30", "0.30");
        assert_eq!(number("138000000000000000001"), None);
    }

    #[test]
    fn english_numbers_are_read_in_words() {
        check("nine carat", "9", "nine");
        check("twenty one grams", "21", "twenty one");
        check("three point four grams", "3.4", "three point four");
        check("two and a half carats", "2.5", "two and a half");
        check("half a carat", "0.5", "half");
    }

    #[test]
    fn english_hundreds_and_quarters() {
        check("one hundred and five grams", "105", "one hundred and five");
        check("three quarters of a carat", "0.75", "three quarters");
        check("one and three quarter carats", "1.75", "one and three quarter");
        check("point five carats", "0.5", "point five");
        check("eighteen inch", "18", "eighteen");
        check("seven fifty and", "750", "seven fifty");
        check("five eighty five", "585", "five eighty five");
        check("nine two five", "925", "nine two five");
        check("two oh five carats", "205", "two oh five");
        check("eleven to twelve", "11", "eleven");
        check("two and it", "2", "two");
        assert_eq!(number("and"), None);
    }
}
