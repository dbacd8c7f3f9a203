//! What a station makes of the lines that a balance sends, pure: a balance tells the same weight many times a second, and
//! drifts while it lies there; one thing laid on it is one reading.

use super::frame::{self, NotAWeight, Shown};

/// What came of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Something was laid on the balance, and it has come to rest.
    Reading(Shown),
    /// The same thing still lies there.
    Same,
    /// Nothing lies there, or it has not come to rest.
    Waiting,
    /// The balance is out of its range, or tells an error: somebody should look.
    Trouble(NotAWeight),
}

/// What a balance told so far.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// Whether what lies there was read already.
    was_read: bool,
}

impl Watch {
    /// Takes a line as it came. The next reading takes a line between that shows no weight at rest.
    pub fn line(&mut self, line: &str) -> Seen {
        match frame::parse(line).and_then(|shown| shown.mass().map(|_| shown)) {
            Ok(_) if self.was_read => Seen::Same,
            Ok(shown) => {
                self.was_read = true;
                Seen::Reading(shown)
            }
            Err(NotAWeight::Unstable | NotAWeight::Nothing | NotAWeight::NotExecutable) => {
                self.was_read = false;
                Seen::Waiting
            }
            // A line that broke off says nothing of what lies there.
            Err(not @ (NotAWeight::Malformed | NotAWeight::UnitMissing | NotAWeight::Error(_))) => Seen::Trouble(not),
            Err(
                not @ (NotAWeight::Overload
                | NotAWeight::Underload
                | NotAWeight::UnitUnknown(_)
                | NotAWeight::UnitOpen(_)
                | NotAWeight::OutOfRange),
            ) => {
                self.was_read = false;
                Seen::Trouble(not)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[&str], expected: &[i64]) {
        let mut watch = Watch::default();
        let seen = lines.iter().filter_map(|line| match watch.line(line) {
            Seen::Reading(shown) => Some(shown.digits),
            Seen::Same | Seen::Waiting | Seen::Trouble(_) => None,
        });
        assert_eq!(seen.collect::<Vec<_>>(), expected, "{lines:?}");
    }

    #[test]
    fn one_thing_laid_on_the_balance_is_one_reading() {
        let (zero, moving, rest) = ("S S      0.00 g", "S D     41.70 g", "S S     56.02 g");
        check(&[zero, moving, rest, rest, rest], &[5602]); // It repeats.
        check(&[rest, "S S     56.03 g", "S S     56.01 g"], &[5602]); // It drifts.
        check(&[rest, zero, rest], &[5602, 5602]); // Laid on again.
        check(&[rest, moving, "S S     58.40 g"], &[5602, 5840]); // Another laid beside.
        check(&[moving, moving], &[]);
        check(&["S +", rest], &[5602]);
        check(&[rest, "S S    5", rest], &[5602]); // A line that broke off.
    }

    #[test]
    fn trouble_is_told() {
        let mut watch = Watch::default();
        assert_eq!(watch.line("S +"), Seen::Trouble(NotAWeight::Overload));
        assert_eq!(watch.line("ES"), Seen::Trouble(NotAWeight::Error("ES".into())));
        assert_eq!(watch.line("S S 1.00 tl"), Seen::Trouble(NotAWeight::UnitOpen(frame::Unit::Tael)));
    }
}
