//! Frames of two protocols (`integrations.md`, "Balances"):
//!
//! - MT-SICS by Mettler Toledo: `S S     56.02 g`. A command's letter, a status, a value of ten characters aligned to
//!   the right, a unit. `S D` is not stable, `S I` could not be executed, `S +` and `S -` are over and under the range;
//!   `ES`, `ET` and `EL` are errors of syntax, transmission and logic.
//! - SBI by Sartorius: sixteen characters, a sign, a value in places 3 to 10, a unit in 12 to 14; or twenty-two with an
//!   identifier of six before them (`N`, `G`, `Stat`). A digit that is not verified stands in brackets. While the
//!   weight is not stable the unit is blank.
//!
//! A line says by itself which of the two it is. Nothing is guessed: what is not surely a weight is none.

use crate::domain::quantity::{MAX_INTEGER, Mass};

/// A frame is short; whatever is longer comes from something else.
pub const MAX_FRAME: usize = 64;

macro_rules! units {
    ($($(#[$doc:meta])* $unit:ident $shown:literal $micrograms:expr;)*) => {
        /// A unit as a balance shows it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Unit { $($(#[$doc])* $unit,)* }

        impl Unit {
            pub const ALL: &'static [Unit] = &[$(Unit::$unit,)*];

            /// As it stands in a frame.
            pub fn as_str(self) -> &'static str {
                match self { $(Unit::$unit => $shown,)* }
            }

            /// Its size; none where the frame does not say which of several is meant.
            pub fn micrograms(self) -> Option<i64> {
                match self { $(Unit::$unit => $micrograms,)* }
            }
        }
    };
}

units! {
    Gram "g" Some(1_000_000);
    Milligram "mg" Some(1_000);
    Kilogram "kg" Some(1_000_000_000);
    Carat "ct" Some(200_000);
    /// 3.75 g.
    Momme "mom" Some(3_750_000);
    /// A tael of no named table: Hong Kong's, Singapore's, Taiwan's and China's differ.
    Tael "tl" None;
    /// 37.429 g.
    TaelHongKong "tlh" Some(37_429_000);
    /// 37.5 g.
    TaelTaiwan "tlt" Some(37_500_000);
    /// 31.25 g.
    TaelChina "tlc" Some(31_250_000);
}

impl Unit {
    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|unit| unit.as_str().eq_ignore_ascii_case(text))
    }
}

/// A stable weight as a balance showed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The digits without their point: 5602 of `56.02`.
    pub digits: i64,
    /// How many of them stand behind the point.
    pub decimals: u32,
    pub unit: Unit,
    /// The last digit stands in brackets: the balance shows it, and it is not verified.
    pub unverified: bool,
}

/// Why a frame is no weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAWeight {
    Unstable,
    Overload,
    Underload,
    /// The balance could not carry out the command, mostly because no stable value came in time.
    NotExecutable,
    /// The balance reports an error of its own.
    Error(String),
    /// The frame is of neither protocol.
    Malformed,
    UnitMissing,
    UnitUnknown(String),
    /// A unit of several sizes.
    UnitOpen(Unit),
    /// Zero or less lies on the balance.
    Nothing,
    /// Finer than a microgram, or greater than can be kept.
    OutOfRange,
}

impl NotAWeight {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            NotAWeight::Unstable => "frame_unstable",
            NotAWeight::Overload => "frame_overload",
            NotAWeight::Underload => "frame_underload",
            NotAWeight::NotExecutable => "frame_not_executable",
            NotAWeight::Error(_) => "frame_error",
            NotAWeight::Malformed => "frame_malformed",
            NotAWeight::UnitMissing => "frame_unit_missing",
            NotAWeight::UnitUnknown(_) => "frame_unit_unknown",
            NotAWeight::UnitOpen(_) => "frame_unit_open",
            NotAWeight::Nothing => "frame_nothing",
            NotAWeight::OutOfRange => "frame_out_of_range",
        }
    }

    /// One sentence that says what would make it right.
    pub fn sentence(&self) -> String {
        match self {
            NotAWeight::Unstable => "the balance had not come to rest: wait until it is stable, and read again".into(),
            NotAWeight::Overload => "more lies on the balance than it can weigh: use a larger one".into(),
            NotAWeight::Underload => "the balance reads below its range: put its pan on, and tare it".into(),
            NotAWeight::NotExecutable => {
                "the balance could not weigh in time: keep draughts and hands away, and read again".into()
            }
            NotAWeight::Error(code) => format!("the balance reports its error {code}: see its manual"),
            NotAWeight::Malformed => {
                "this is no frame of MT-SICS (\"S S     56.02 g\") nor of Sartorius SBI: send the line as it came"
                    .into()
            }
            NotAWeight::UnitMissing => "the frame has no unit: wait until the balance is stable, and read again".into(),
            NotAWeight::UnitUnknown(unit) => format!("the unit {unit} is not known here: set the balance to g or ct"),
            NotAWeight::UnitOpen(unit) => {
                format!("{} does not say of which table: set the balance to g or ct", unit.as_str())
            }
            NotAWeight::Nothing => "nothing lies on the balance: put the piece on it, and read again".into(),
            NotAWeight::OutOfRange => "the reading is finer or greater than can be kept: set the balance to g".into(),
        }
    }
}

impl Shown {
    /// The mass, exactly.
    pub fn mass(&self) -> Result<Mass, NotAWeight> {
        let unit = self.unit.micrograms().ok_or(NotAWeight::UnitOpen(self.unit))?;
        let power = 10_i64.checked_pow(self.decimals).ok_or(NotAWeight::OutOfRange)?;
        let product = i128::from(self.digits) * i128::from(unit);
        if self.digits <= 0 {
            return Err(NotAWeight::Nothing);
        }
        if product % i128::from(power) != 0 {
            return Err(NotAWeight::OutOfRange);
        }
        let mass = i64::try_from(product / i128::from(power)).map_err(|_| NotAWeight::OutOfRange)?;
        if MAX_INTEGER < mass { Err(NotAWeight::OutOfRange) } else { Ok(Mass(mass)) }
    }

    /// What the last digit stands for, in micrograms; none where that is finer than one.
    pub fn digit_ug(&self) -> Option<i64> {
        let power = 10_i64.checked_pow(self.decimals)?;
        let unit = self.unit.micrograms()?;
        (unit % power == 0).then_some(unit / power)
    }
}

/// Reads a frame as it came, with or without its line end.
pub fn parse(frame: &str) -> Result<Shown, NotAWeight> {
    let line = frame.trim_end_matches(['\r', '\n']);
    if MAX_FRAME < line.len() || !line.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Err(NotAWeight::Malformed);
    }
    match line.trim() {
        "ES" | "ET" | "EL" => return Err(NotAWeight::Error(line.trim().to_owned())),
        _ => {} // Neither error of MT-SICS.
    }
    match line.strip_prefix("S ") {
        Some(rest) => mt_sics(rest),
        None => sbi(line),
    }
}

/// What follows the letter of a weighing command.
fn mt_sics(rest: &str) -> Result<Shown, NotAWeight> {
    let (status, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    match status {
        "S" => {
            let mut parts = rest.split_ascii_whitespace();
            let value = parts.next().ok_or(NotAWeight::Malformed)?;
            let unit = parts.next().ok_or(NotAWeight::UnitMissing)?;
            match parts.next() {
                Some(_) => Err(NotAWeight::Malformed),
                None => shown("", value, unit),
            }
        }
        "D" => Err(NotAWeight::Unstable),
        "I" => Err(NotAWeight::NotExecutable),
        "+" => Err(NotAWeight::Overload),
        "-" => Err(NotAWeight::Underload),
        _ => Err(NotAWeight::Malformed), // No status that the protocol knows.
    }
}

/// A line of sixteen characters, or of twenty-two with an identifier. Blanks at its end may have been cut off.
fn sbi(line: &str) -> Result<Shown, NotAWeight> {
    // Where twenty-two are sent, a letter stands first; the sign of sixteen is none.
    let (id, body) = match line.as_bytes().first() {
        Some(first) if first.is_ascii_alphabetic() && 6 < line.len() => line.split_at(6),
        _ => ("", line), // Sixteen, or a word alone.
    };
    if 16 < body.len() {
        return Err(NotAWeight::Malformed);
    }
    let words = body.trim().to_ascii_uppercase();
    let number = words.strip_prefix("ERR").map(|code| code.trim_start_matches('.').trim().to_owned());
    match (id.trim(), words.as_str()) {
        (_, "H" | "HIGH" | "HH") => return Err(NotAWeight::Overload),
        (_, "L" | "LOW" | "LL") => return Err(NotAWeight::Underload),
        ("" | "Stat", _) if number.is_some() => return Err(NotAWeight::Error(number.unwrap_or_default())),
        ("Stat", _) | (_, "CAL" | "CAL." | "OFF" | "C") => return Err(NotAWeight::NotExecutable),
        ("" | "N" | "G" | "Qnt", _) => {}
        _ => return Err(NotAWeight::Malformed), // An identifier of something that is no weight, such as a tare.
    }
    let body = format!("{body:<16}");
    // Sign, blank, value, blank, unit, blank: ASCII alone came this far, so that places are bytes.
    let (sign, value, unit) = (body[..2].trim(), body[2..10].trim(), body[10..].trim());
    match unit {
        "" => {
            // Without a number there is nothing that could become stable.
            shown(sign, value, "g")?;
            Err(NotAWeight::Unstable)
        }
        unit => shown(sign, value, unit),
    }
}

fn shown(sign: &str, value: &str, unit: &str) -> Result<Shown, NotAWeight> {
    let (value, unverified) = match value.split_once('[') {
        Some((before, rest)) => {
            let inside = rest.strip_suffix(']').filter(|inside| inside.len() == 1).ok_or(NotAWeight::Malformed)?;
            (format!("{before}{inside}"), true)
        }
        None => (value.to_owned(), false),
    };
    let (minus, value) = match (sign, value.strip_prefix('-')) {
        ("" | "+", None) => (false, value.strip_prefix('+').unwrap_or(&value)),
        ("" | "+", Some(rest)) => (true, rest),
        ("-", None) => (true, value.as_str()),
        _ => return Err(NotAWeight::Malformed), // Two signs, or none that is one.
    };
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) || (value.contains('.') && fraction.is_empty()) {
        return Err(NotAWeight::Malformed);
    }
    let digits: i64 = format!("{whole}{fraction}").parse().map_err(|_| NotAWeight::OutOfRange)?;
    let decimals = u32::try_from(fraction.len()).map_err(|_| NotAWeight::OutOfRange)?;
    let unit = Unit::parse(unit).ok_or_else(|| NotAWeight::UnitUnknown(unit.to_owned()))?;
    Ok(Shown { digits: if minus { -digits } else { digits }, decimals, unit, unverified })
}

#[cfg(test)]
mod tests;
