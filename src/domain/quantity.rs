//! Exact quantities in the smallest unit. No floating point, here or anywhere a number decides something.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::{DeviceId, Malformed, ReadingId};

/// Integers above 2^53 − 1 do not survive every JSON reader (RFC 8259, section 6), so no event holds one.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// A mass in micrograms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mass(pub i64);

impl Mass {
    /// Reads a decimal with a unit: `g`, `mg`, `kg` or `ct` (1 ct = 0.2 g). What could be meant in two ways is refused
    /// with a hint, never guessed.
    pub fn parse(value: &str, unit: &str) -> Result<Self, Malformed> {
        let micrograms = match unit {
            "g" => 1_000_000,
            "mg" => 1_000,
            "kg" => 1_000_000_000,
            "ct" => 200_000,
            "" => return Err(Malformed("a weight needs its unit: g, mg, kg or ct".into())),
            _ => return Err(Malformed("the unit of a weight must be g, mg, kg or ct".into())),
        };
        let mass = scaled(value, micrograms)?;
        if mass == 0 {
            return Err(Malformed("a weight must be more than zero".into()));
        }
        Ok(Self(mass))
    }

    /// What the last digit of a written value stands for: 10,000 µg in "56.40" with "g". Of a value that
    /// [`Mass::parse`] takes.
    pub fn last_digit(value: &str, unit: &str) -> Option<i64> {
        let decimals = value.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let one = Mass::parse("1", unit).ok()?;
        Some(one.0 / 10_i64.checked_pow(u32::try_from(decimals).ok()?)?).filter(|digit| 0 < *digit)
    }

    /// Carats with as many decimals as needed, at least two. One microgram is 0.000005 ct.
    pub fn carats(self) -> String {
        decimal(self.0.saturating_mul(5), 6, 2)
    }

    /// Grams with as many decimals as needed, at least two.
    pub fn grams(self) -> String {
        decimal(self.0, 6, 2)
    }
}

/// A length in micrometres.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Length(pub i64);

impl Length {
    /// Reads a decimal with a unit: `mm` or `cm`.
    pub fn parse(value: &str, unit: &str) -> Result<Self, Malformed> {
        let micrometres = match unit {
            "mm" => 1_000,
            "cm" => 10_000,
            _ => return Err(Malformed("the unit of a length must be mm or cm".into())),
        };
        scaled(value, micrometres).map(Self)
    }

    /// Millimetres with as many decimals as needed.
    pub fn millimetres(self) -> String {
        decimal(self.0, 3, 1)
    }
}

/// The share of precious metal in parts per million: 750 per mille is 750,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fineness(pub i64);

impl Fineness {
    /// Reads parts per thousand, as stamped: `750`, `925`, `999.9`.
    pub fn parse(per_mille: &str) -> Result<Self, Malformed> {
        match scaled(per_mille, 1_000)? {
            ppm @ 1..=1_000_000 => Ok(Self(ppm)),
            _ => Err(Malformed("a fineness is parts per thousand, above 0 and at most 1000".into())),
        }
    }

    /// Parts per thousand, as stamped.
    pub fn per_mille(self) -> String {
        decimal(self.0, 3, 0)
    }
}

/// An amount in minor units (fen for CNY) and its ISO 4217 currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    pub amount: i64,
    pub currency: Currency,
}

/// A header, and a code a line.
const CURRENCIES: &str = include_str!("currencies.csv");

/// An ISO 4217 code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Currency(String);

impl Currency {
    /// A currency in which something may be paid (`currencies.csv`, the list of ISO 4217 without its metals and testing
    /// codes). One that is kept in a journal is never asked again.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.len() != 3 || !text.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(Malformed("a currency is three capital letters, such as CNY".into()));
        }
        if !CURRENCIES.lines().skip(1).any(|code| code == text) {
            return Err(Malformed("no currency has this code: it is one of ISO 4217, such as CNY, HKD or USD".into()));
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Money {
    /// Whole minor units, zero for a gift.
    pub fn parse(amount: i64, currency: &str) -> Result<Self, Malformed> {
        if !(0..=MAX_INTEGER).contains(&amount) {
            return Err(Malformed("an amount is whole minor units, zero or more".into()));
        }
        Ok(Self { amount, currency: Currency::parse(currency)? })
    }
}

/// What lay on the balance besides the piece itself; two weights are compared only where these agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Included {
    Cord,
    Chain,
    Tag,
    Holder,
    Stones,
    Bag,
}

impl Included {
    pub const ALL: [Included; 6] =
        [Included::Cord, Included::Chain, Included::Tag, Included::Holder, Included::Stones, Included::Bag];

    pub fn as_str(self) -> &'static str {
        match self {
            Included::Cord => "cord",
            Included::Chain => "chain",
            Included::Tag => "tag",
            Included::Holder => "holder",
            Included::Stones => "stones",
            Included::Bag => "bag",
        }
    }

    pub fn parse(text: &str) -> Result<Self, Malformed> {
        Self::ALL
            .into_iter()
            .find(|included| included.as_str() == text)
            .ok_or_else(|| Malformed("what lay on the balance is one of cord, chain, tag, holder, stones, bag".into()))
    }
}

/// One weight with what it includes and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weighing {
    #[serde(rename = "mass_ug")]
    pub mass: Mass,
    pub includes: BTreeSet<Included>,
    /// Typed by a person rather than read from an instrument.
    pub typed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// What the last digit that was written, said or shown stands for: 10,000 µg of "56.40 g". None where it is not
    /// known any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digit_ug: Option<i64>,
    /// What the instrument said; none where the weight was typed, listed or said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Box<Reading>>,
}

/// One stable reading of a balance, as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Given by whoever read the balance. One id is one reading, however often it is sent.
    pub reading_id: ReadingId,
    /// The raw frame, without its line end.
    pub frame: String,
    /// Counted by whoever read the balance.
    pub device_seq: i64,
    /// Microseconds since the Unix epoch.
    pub read_at: i64,
    /// The balance's expanded uncertainty (k = 2) by its last adjustment; none where none is on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty_ug: Option<i64>,
}

impl Weighing {
    /// A weight that was written or said, or typed off a balance: what its last digit stands for is known where
    /// `digit_ug` is given.
    pub fn typed(mass: Mass, includes: BTreeSet<Included>, digit_ug: Option<i64>) -> Self {
        Self { mass, includes, typed: true, device: None, digit_ug, reading: None }
    }

    /// Whether two weights may be compared: the same things lay on the balance.
    pub fn like(&self, other: &Weighing) -> bool {
        self.includes == other.includes
    }
}

impl fmt::Display for Weighing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} g", self.mass.grams())?;
        if !self.includes.is_empty() {
            let words: Vec<_> = self.includes.iter().map(|included| included.as_str()).collect();
            write!(f, " (with {})", words.join(", "))?;
        }
        Ok(())
    }
}

/// A plain decimal times a scale, exactly: `56.02` × 1,000,000. Signs, exponents, thousands separators, blanks and
/// full-width digits are refused, and so is a digit beyond the scale.
fn scaled(text: &str, scale: i64) -> Result<i64, Malformed> {
    if text.contains([',', '，']) {
        return Err(Malformed("write the decimal with a point, not a comma, and no thousands separator".into()));
    }
    if text.chars().any(|c| ('０'..='９').contains(&c) || c == '．') {
        return Err(Malformed("write the number with half-width digits, such as 56.02".into()));
    }
    let malformed = || Malformed("a number is digits with at most one decimal point, such as 56.02".into());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || whole.len() > 12 {
        return Err(malformed());
    }
    let too_fine = || Malformed("the number has more decimals than can be kept".into());
    let fraction = fraction.trim_end_matches('0');
    let power = 10_i64.checked_pow(fraction.len() as u32).ok_or_else(too_fine)?;
    let units: i64 = if fraction.is_empty() { 0 } else { fraction.parse().map_err(|_| too_fine())? };
    let fine = units.checked_mul(scale).ok_or_else(too_fine)?;
    if fine % power != 0 {
        return Err(too_fine());
    }
    let whole: i64 = whole.parse().map_err(|_| malformed())?;
    whole
        .checked_mul(scale)
        .and_then(|coarse| coarse.checked_add(fine / power))
        .filter(|value| *value <= MAX_INTEGER)
        .ok_or_else(|| Malformed("the number is too large".into()))
}

/// An integer as a decimal with `places` decimals behind the point, trailing zeros cut down to `keep`.
pub fn decimal(value: i64, places: u32, keep: usize) -> String {
    let power = 10_i64.pow(places);
    let (sign, value) = if value < 0 { ("-", -value) } else { ("", value) };
    let fraction = format!("{:0width$}", value % power, width = places as usize);
    let cut = fraction.trim_end_matches('0').len().max(keep.min(fraction.len()));
    match &fraction[..cut] {
        "" => format!("{sign}{}", value / power),
        fraction => format!("{sign}{}.{fraction}", value / power),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, unit: &str, expected: Result<i64, &str>) {
        match (Mass::parse(value, unit), expected) {
            (Ok(mass), Ok(expected)) => assert_eq!(mass.0, expected, "{value} {unit}"),
            (Err(error), Err(hint)) => assert!(error.0.contains(hint), "{value} {unit}: {error}"),
            (got, expected) => panic!("{value} {unit}: {got:?}, not {expected:?}"),
        }
    }

    #[test]
    fn weights_are_read_exactly_or_refused_with_a_hint() {
        check("56.02", "g", Ok(56_020_000));
        check("0.000001", "g", Ok(1));
        check("1.5", "ct", Ok(300_000));
        check("3.467", "ct", Ok(693_400));
        check("2", "kg", Ok(2_000_000_000));
        check("56.020", "g", Ok(56_020_000));
        check("56,02", "g", Err("point, not a comma"));
        check("５６.02", "g", Err("half-width"));
        check("56.02", "", Err("needs its unit"));
        check("56.02", "两", Err("must be g"));
        check("-1", "g", Err("digits"));
        check("1e3", "g", Err("digits"));
        check(" 1", "g", Err("digits"));
        check(".5", "g", Err("digits"));
        check("5.", "g", Err("digits"));
        check("0.0000001", "g", Err("more decimals"));
        check("0", "g", Err("more than zero"));
        check("999999999999", "kg", Err("too large"));
        check("0.00000000000000000000000001", "g", Err("more decimals"));
    }

    #[test]
    fn the_last_digit_of_what_was_written_is_kept() {
        assert_eq!(Mass::last_digit("56.40", "g"), Some(10_000));
        assert_eq!(Mass::last_digit("56", "g"), Some(1_000_000));
        assert_eq!(Mass::last_digit("0.30", "ct"), Some(2_000));
        assert_eq!(Mass::last_digit("1", "两"), None);
        assert_eq!(Mass::last_digit("0.00000000", "g"), None);
    }

    #[test]
    fn quantities_are_written_as_they_are_said() {
        assert_eq!(Mass(56_020_000).grams(), "56.02");
        assert_eq!(Mass(56_000_000).grams(), "56.00");
        assert_eq!(Mass(1).grams(), "0.000001");
        assert_eq!(Mass(410_000).carats(), "2.05"); // 0.41 g ÷ 0.2 g
        assert_eq!(Mass(1).carats(), "0.000005");
        assert_eq!(Fineness(999_900).per_mille(), "999.9");
        assert_eq!(Fineness(750_000).per_mille(), "750");
        assert_eq!(Length(56_500).millimetres(), "56.5");
    }

    #[test]
    fn fineness_and_money_have_bounds() {
        assert!(Fineness::parse("0").is_err());
        assert!(Fineness::parse("1000.1").is_err());
        assert_eq!(Fineness::parse("925"), Ok(Fineness(925_000)));
        assert!(Money::parse(-1, "CNY").is_err());
        for code in ["CNY", "HKD", "USD", "JPY"] {
            assert!(Money::parse(0, code).is_ok(), "{code}");
        }
        for code in ["cny", "RMB", "XXX", "XAU", "code", "", "CN", "ＣＮＹ"] {
            assert!(Money::parse(0, code).is_err(), "{code}");
        }
    }
}
