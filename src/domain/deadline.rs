//! Clocks: which waits are promised, and that a person's choice never runs out at night.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Whose time runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Waiter {
    Buyer,
    Merchant,
    /// Clerk, inspector, releaser or supervisor.
    House,
    Carrier,
}

impl Waiter {
    pub fn as_str(self) -> &'static str {
        match self {
            Waiter::Buyer => "buyer",
            Waiter::Merchant => "merchant",
            Waiter::House => "house",
            Waiter::Carrier => "carrier",
        }
    }
}

/// One promised time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The stage and its waiter, such as `inbound:carrier`; unique within a piece.
    pub kind: String,
    pub due_at: Timestamp,
}

/// Nobody's choice expires from 22:00 to 09:00 where they live: such a time moves to 09:00 (`journey.md`,
/// "Deadlines").
pub fn by_day(due: Timestamp, zone: &TimeZone) -> Timestamp {
    let local = due.to_zoned(zone.clone());
    let (evening, morning) = (Time::constant(22, 0, 0, 0), Time::constant(9, 0, 0, 0));
    let date = if local.time() < morning {
        local.date()
    } else if evening <= local.time() {
        // A date overflows only at the end of the calendar, where nothing waits.
        local.date().tomorrow().unwrap_or(local.date())
    } else {
        return due;
    };
    date.to_datetime(morning).to_zoned(zone.clone()).map(|zoned| zoned.timestamp()).unwrap_or(due)
}

/// A wait of whole hours, by day where a buyer or a merchant must choose.
pub fn due(from: Timestamp, hours: i64, waiter: Waiter, zone: &TimeZone) -> Timestamp {
    // A wait of some hours overflows only at the end of the calendar, where nothing waits.
    let due = from.checked_add(SignedDuration::from_hours(hours)).unwrap_or(from);
    match waiter {
        Waiter::Buyer | Waiter::Merchant => by_day(due, zone),
        Waiter::House | Waiter::Carrier => due,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(due: &str, zone: &str, expected: &str) {
        let zone = TimeZone::get(zone).unwrap();
        assert_eq!(by_day(due.parse().unwrap(), &zone).to_string(), expected);
    }

    #[test]
    fn no_choice_expires_at_night() {
        // Shanghai is UTC+8.
        check("2026-11-22T13:59:59Z", "Asia/Shanghai", "2026-11-22T13:59:59Z"); // 21:59:59
        check("2026-11-22T14:00:00Z", "Asia/Shanghai", "2026-11-23T01:00:00Z"); // 22:00 → 09:00
        check("2026-11-22T20:00:00Z", "Asia/Shanghai", "2026-11-23T01:00:00Z"); // 04:00 → 09:00
        check("2026-11-23T00:59:59Z", "Asia/Shanghai", "2026-11-23T01:00:00Z"); // 08:59:59 → 09:00
        check("2026-11-23T01:00:00Z", "Asia/Shanghai", "2026-11-23T01:00:00Z"); // 09:00
        // The night in which New York's clocks go back lasts ten hours, not nine... and still ends at 09:00.
        check("2026-11-01T02:30:00Z", "America/New_York", "2026-11-01T14:00:00Z"); // 22:30 EDT → 09:00 EST
    }

    #[test]
    fn the_house_works_at_night() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let from: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        assert_eq!(due(from, 8, Waiter::House, &zone).to_string(), "2026-11-22T20:00:00Z");
        assert_eq!(due(from, 8, Waiter::Buyer, &zone).to_string(), "2026-11-23T01:00:00Z");
    }
}
