//! How long to wait before the next try, and when it is enough.

use jiff::SignedDuration;
use uuid::Uuid;

/// How a channel is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Seconds before the second try.
    first: u64,
    /// Each wait is so many times the one before.
    factor: u64,
    /// Seconds at the most.
    most: u64,
    /// Tries until it is given up.
    tries: i32,
}

/// A letter: after half a minute, then three times as long each time, four hours at the most; some forty hours in all.
pub const LETTER: Patience = Patience { first: 30, factor: 3, most: 4 * 3_600, tries: 16 };

/// A webhook: after five seconds, then four times as long each time, six hours at the most; some four days in all, which
/// is longer than an endpoint may fail before it is paused.
pub const WEBHOOK: Patience = Patience { first: 5, factor: 4, most: 6 * 3_600, tries: 22 };

/// An endpoint that failed several times in a row: after half a minute, half an hour at the most.
pub const ENDPOINT: Patience = Patience { first: 30, factor: 2, most: 1_800, tries: i32::MAX };

impl Patience {
    /// How long to wait after so many tries have failed; none where it is enough. A fifth more or less, by the row, so
    /// that what failed together is not tried together.
    pub fn after(self, failed: i32, row: Uuid) -> Option<SignedDuration> {
        if self.tries <= failed {
            return None;
        }
        let doublings = u32::try_from(failed.saturating_sub(1)).unwrap_or_default();
        let wait = self.first.saturating_mul(self.factor.saturating_pow(doublings)).min(self.most);
        let spread = wait * 1_000 * 2 / 5;
        let milliseconds = wait * 1_000 - spread / 2 + scatter(row, failed) % (spread + 1);
        Some(SignedDuration::from_millis(i64::try_from(milliseconds).unwrap_or(i64::MAX)))
    }
}

/// A number that follows from row and try, and looks like none of the others (the finaliser of SplitMix64).
fn scatter(row: Uuid, failed: i32) -> u64 {
    let (high, low) = row.as_u64_pair();
    let mut mixed = high ^ low.rotate_left(32) ^ u64::from(failed.unsigned_abs()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_longer_than_the_one_before_until_the_longest() {
        let row = Uuid::from_u128(0x1234_5678_9abc_def0);
        let check = |patience: Patience, failed, between: (i64, i64)| {
            let wait = patience.after(failed, row).unwrap().as_secs();
            assert!(between.0 <= wait && wait <= between.1, "{failed}: {wait}");
        };
        check(LETTER, 1, (24, 36));
        check(LETTER, 2, (72, 108));
        check(LETTER, 3, (216, 324));
        check(LETTER, 15, (4 * 2_880, 4 * 4_320));
        check(WEBHOOK, 1, (4, 6));
        check(WEBHOOK, 21, (6 * 2_880, 6 * 4_320));
        check(ENDPOINT, 1_000_000, (1_440, 2_160));
        assert_eq!(LETTER.after(16, row), None);
    }

    #[test]
    fn rows_that_failed_together_are_not_tried_together() {
        let waits: std::collections::BTreeSet<_> =
            (0..100).map(|row| LETTER.after(3, Uuid::from_u128(row)).unwrap().as_millis()).collect();
        assert!(90 < waits.len(), "{}", waits.len());
    }

    #[test]
    fn a_webhook_is_tried_for_longer_than_an_endpoint_may_fail() {
        let whole: i64 = (1..22).map(|failed| WEBHOOK.after(failed, Uuid::nil()).unwrap().as_secs()).sum();
        assert!(super::super::FAILING_FOR.as_secs() < whole, "{whole}");
    }
}
