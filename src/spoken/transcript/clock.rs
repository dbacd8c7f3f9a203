//! Times as transcripts write them, in whole milliseconds: clocks with two or three parts, and numbers of a unit. No
//! floating point: `12.34` seconds are 12,340 milliseconds exactly.

/// No session is longer; a time beyond it is nonsense.
const MAX_MS: i64 = 1_000 * 3_600 * 1_000;

/// `MM:SS` or `HH:MM:SS`, with a comma or a point before the fraction, which may be left out.
pub fn clock(text: &str) -> Option<i64> {
    let text = text.trim();
    let (whole, fraction) = match text.find([',', '.']) {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?),
        None => (text, ""),
    };
    let parts: Vec<&str> = whole.split([':', '：']).collect();
    let (hours, minutes, seconds) = match parts.as_slice() {
        [minutes, seconds] => (0, digits(minutes, 3)?, digits(seconds, 2)?),
        [hours, minutes, seconds] => (digits(hours, 3)?, digits(minutes, 2)?, digits(seconds, 2)?),
        _ => return None, // One part alone is a number and no clock; four would be frames.
    };
    let is_hours = parts.len() == 3;
    if 59 < seconds || (is_hours && 59 < minutes) {
        return None;
    }
    let ms = if fraction.is_empty() { 0 } else { thousandths(fraction)? };
    Some(((hours * 60 + minutes) * 60 + seconds) * 1_000 + ms).filter(|ms| *ms <= MAX_MS)
}

fn digits(text: &str, most: usize) -> Option<i64> {
    let fits = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// The first three decimals; what is finer is cut off.
fn thousandths(fraction: &str) -> Option<i64> {
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    Some(digits.fold(0, |ms, digit| ms * 10 + i64::from(digit - b'0')))
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Seconds,
    Milliseconds,
}

/// A JSON number of seconds or milliseconds; also one between quotation marks, and a clock between quotation marks.
/// Below a millisecond it is cut off; a negative one is the beginning.
pub fn number(raw: &str, unit: Unit) -> Option<i64> {
    let raw = raw.trim().trim_matches('"').trim();
    if raw.contains(':') {
        return clock(raw);
    }
    let (negative, raw) = match raw.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, raw),
    };
    let (mantissa, exponent) = match raw.find(['e', 'E']) {
        Some(at) => (raw.get(..at)?, raw.get(at + 1..)?.parse::<i64>().ok()?),
        None => (raw, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number =
        !whole.is_empty() && whole.len() <= 15 && whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit());
    if !is_number || !(-400..=20).contains(&exponent) {
        return None;
    }
    // So many of the digits, counted from the left, stand before the point of the milliseconds.
    let shift = match unit {
        Unit::Seconds => exponent + 3,
        Unit::Milliseconds => exponent,
    };
    let keep = usize::try_from(i64::try_from(whole.len()).ok()? + shift).unwrap_or(0);
    let digits = whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat(b'0'));
    let mut ms: i64 = 0;
    for digit in digits.take(keep) {
        ms = ms.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
        if MAX_MS < ms {
            return None;
        }
    }
    Some(if negative { 0 } else { ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_read_in_every_common_form_and_no_other() {
        let check = |text: &str, expected: Option<i64>| assert_eq!(clock(text), expected, "{text}");
        check("00:00:01,000", Some(1_000));
        check("00:12:30.500", Some(750_500));
        check("12:30", Some(750_000));
        check("125:30", Some(7_530_000));
        check("1:02:03.4", Some(3_723_400));
        check("00:00:01.123456", Some(1_123));
        check(" 00:00:01 ", Some(1_000));
        check("00:00:61", None);
        check("00:60:01", None);
        check("1:2:3:4", None);
        check("12", None);
        check("-00:00:01", None);
        check("00:00:01,1x0", None);
        check("", None);
        check("9999:00:00", None);
    }

    #[test]
    fn numbers_become_whole_milliseconds_without_a_float() {
        let check = |raw: &str, unit, expected: Option<i64>| assert_eq!(number(raw, unit), expected, "{raw} {unit:?}");
        check("12.34", Unit::Seconds, Some(12_340));
        check("0.1", Unit::Seconds, Some(100));
        check("0.0009999", Unit::Seconds, Some(0));
        check("5e-05", Unit::Seconds, Some(0));
        check("1.5e2", Unit::Seconds, Some(150_000));
        check("1e400", Unit::Seconds, None);
        check("-0.02", Unit::Seconds, Some(0));
        check("1234", Unit::Milliseconds, Some(1_234));
        check("1234.9", Unit::Milliseconds, Some(1_234));
        check("\"12.5\"", Unit::Seconds, Some(12_500));
        check("\"00:00:12,500\"", Unit::Seconds, Some(12_500));
        check("9999999999", Unit::Seconds, None);
        check("null", Unit::Seconds, None);
        check("[]", Unit::Seconds, None);
        check(".5", Unit::Seconds, None);
    }
}
