//! Clocks: which waits are promised, and that a person's choice never runs out at night.

use std::fmt;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::route::Stage;

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

    /// Whether it is a buyer's or a merchant's: somebody outside, whose silence counts as an answer.
    pub fn chooses(self) -> bool {
        matches!(self, Waiter::Buyer | Waiter::Merchant)
    }
}

macro_rules! clocks {
    ($($(#[$doc:meta])* $clock:ident $kind:literal $stage:ident $waiter:ident;)*) => {
        /// One wait of a piece (`deadlines.csv`). Its name is the stage and who is waited for; two for the same carrier
        /// also say what is feared.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Clock { $($(#[$doc])* $clock,)* }

        impl Clock {
            pub const ALL: &'static [Clock] = &[$(Clock::$clock,)*];

            /// The kind of its deadline's row; unique within a piece.
            pub fn as_str(self) -> &'static str {
                match self { $(Clock::$clock => $kind,)* }
            }

            /// The stage in which it runs.
            pub fn stage(self) -> Stage {
                match self { $(Clock::$clock => Stage::$stage,)* }
            }

            /// Whose time runs.
            pub fn waiter(self) -> Waiter {
                match self { $(Clock::$clock => Waiter::$waiter,)* }
            }
        }
    };
}

clocks! {
    Dispatch "awaiting_dispatch:merchant" AwaitingDispatch Merchant;
    InboundStalled "inbound:carrier_stalled" Inbound Carrier;
    InboundLost "inbound:carrier_lost" Inbound Carrier;
    Exception "intake_exception:supervisor" IntakeException House;
    Opening "received:inspector" Received House;
    Appraisal "appraising:inspector" Appraising House;
    Review "spoken_review:inspector" SpokenReview House;
    /// From the moment at which a channel has accepted the notice.
    BuyersChoice "awaiting_buyer:buyer" AwaitingBuyer Buyer;
    Undetermined "undetermined:supervisor" Undetermined House;
    /// From the moment at which a channel has accepted the notice.
    Appeal "failed:merchant" Failed Merchant;
    Quarantine "quarantined:supervisors" Quarantined House;
    Tagging "cleared:clerk" Cleared House;
    Release "tagged:releaser" Tagged House;
    Shipment "released:clerk" Released House;
    OutboundStalled "outbound:carrier_stalled" Outbound Carrier;
    OutboundLost "outbound:carrier_lost" Outbound Carrier;
    ReturnWindow "delivered:buyer" Delivered Buyer;
    ReturnPosting "return_inbound:buyer" ReturnInbound Buyer;
    ReturnLost "return_inbound:carrier_lost" ReturnInbound Carrier;
    ReturnIntake "return_intake:clerk" ReturnIntake House;
    Unclaimed "returning:merchant" Returning Merchant;
    ReshipmentLost "returning_to_buyer:carrier_lost" ReturningToBuyer Carrier;
}

/// Behind the name of a clock: the row by which whoever it waits for is reminded.
pub const REMINDER: &str = ":reminder";

impl Clock {
    pub fn parse(kind: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|clock| clock.as_str() == kind)
    }

    /// The kind of the row of its reminder.
    pub fn reminder_kind(self) -> String {
        format!("{}{REMINDER}", self.as_str())
    }

    /// The clock of a reminder's row.
    pub fn parse_reminder(kind: &str) -> Option<Self> {
        Self::parse(kind.strip_suffix(REMINDER)?)
    }
}

/// A wait of an order, told by its own journal and not by one piece's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OrderClock {
    /// The merchant may fill this line again.
    Resubmission { line_no: i32 },
    /// The buyer is asked whether the rest shall ship.
    Rest,
}

const RESUBMISSION: &str = "line:resubmission:";
const REST: &str = "order:rest";

impl OrderClock {
    /// Whose time runs.
    pub fn waiter(self) -> Waiter {
        match self {
            OrderClock::Resubmission { .. } => Waiter::Merchant,
            OrderClock::Rest => Waiter::Buyer,
        }
    }

    pub fn parse(kind: &str) -> Option<Self> {
        match kind.strip_prefix(RESUBMISSION) {
            Some(line_no) => Some(OrderClock::Resubmission { line_no: line_no.parse().ok()? }),
            None => (kind == REST).then_some(OrderClock::Rest),
        }
    }
}

/// The kind of its deadline's row; unique within an order.
impl fmt::Display for OrderClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OrderClock::Resubmission { line_no } => write!(f, "{RESUBMISSION}{line_no}"),
            OrderClock::Rest => f.write_str(REST),
        }
    }
}

/// One promised time of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    pub clock: Clock,
    pub due_at: Timestamp,
    /// When whoever is waited for is reminded; none where nobody is, or has been.
    pub remind_at: Option<Timestamp>,
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

/// When somebody is reminded of a wait that they have known of since then: a day before its end, at the same hour where
/// they live. None where they have known for less. The end of a choice is no time of night, so this is none either.
pub fn remind_at(known: Timestamp, due: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let before = due.to_zoned(zone.clone()).checked_sub(Span::new().days(1)).ok()?.timestamp();
    // Where a calendar leaves out a day, the day before may be no earlier.
    (known < before && before < due).then_some(before)
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
    fn a_wait_is_whole_hours_whatever_the_clock_on_the_wall_does() {
        let check = |from: &str, hours: i64, waiter: Waiter, zone: &str, expected: &str| {
            let zone = TimeZone::get(zone).unwrap();
            assert_eq!(due(from.parse().unwrap(), hours, waiter, &zone).to_string(), expected, "{from} + {hours} h");
        };
        let (new_york, shanghai) = ("America/New_York", "Asia/Shanghai");
        // New York's clocks go forward on 14 March 2027 at 07:00 UTC: 72 hours end at another hour of the day.
        check("2027-03-11T18:00:00Z", 72, Waiter::Buyer, new_york, "2027-03-14T18:00:00Z"); // 13:00 EST, 14:00 EDT
        check("2027-03-11T07:30:00Z", 72, Waiter::Buyer, new_york, "2027-03-14T13:00:00Z"); // 03:30 EDT, 09:00 EDT
        check("2027-03-11T06:30:00Z", 72, Waiter::Merchant, new_york, "2027-03-14T13:00:00Z"); // 01:30 EST
        // They go back on 1 November 2026 at 06:00 UTC: half past one is twice, and either is night.
        check("2026-10-29T05:30:00Z", 72, Waiter::Buyer, new_york, "2026-11-01T14:00:00Z"); // 01:30 EDT
        check("2026-10-29T06:30:00Z", 72, Waiter::Buyer, new_york, "2026-11-01T14:00:00Z"); // 01:30 EST
        check("2026-10-29T06:30:00Z", 72, Waiter::House, new_york, "2026-11-01T06:30:00Z");
        // 2028 has a leap day, 2027 has none.
        check("2028-02-26T12:00:00Z", 72, Waiter::Buyer, shanghai, "2028-02-29T12:00:00Z"); // 20:00
        check("2028-02-26T15:00:00Z", 72, Waiter::Buyer, shanghai, "2028-03-01T01:00:00Z"); // 23:00 on the 29th
        check("2028-02-25T15:00:00Z", 72, Waiter::Buyer, shanghai, "2028-02-29T01:00:00Z"); // 23:00 on the 28th
        check("2027-02-26T15:00:00Z", 72, Waiter::Buyer, shanghai, "2027-03-02T01:00:00Z"); // 23:00 on 1 March
        check("2028-02-29T00:00:00Z", 24, Waiter::House, shanghai, "2028-03-01T00:00:00Z");
    }

    proptest::proptest! {
        /// Also where a day is missing altogether, as the 30th of December 2011 in Apia.
        #[test]
        fn no_choice_expires_early_or_at_night(
            second in 1_300_000_000_i64..2_500_000_000,
            zone in proptest::sample::select(vec![
                "Asia/Shanghai", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Pacific/Apia",
                "Africa/Casablanca", "Asia/Kathmandu",
            ]),
        ) {
            let zone = TimeZone::get(zone).unwrap();
            let due = Timestamp::from_second(second).unwrap();
            let moved = by_day(due, &zone);
            let hour = moved.to_zoned(zone.clone()).hour();
            proptest::prop_assert!((9..22).contains(&hour), "{moved}");
            proptest::prop_assert!(due <= moved && moved <= due + SignedDuration::from_hours(36), "{due} {moved}");
            proptest::prop_assert_eq!(by_day(moved, &zone), moved);
        }
    }

    #[test]
    fn somebody_is_reminded_a_day_before_at_the_same_hour_or_not_at_all() {
        let check = |known: &str, due: &str, zone: &str, expected: Option<&str>| {
            let zone = TimeZone::get(zone).unwrap();
            let found = remind_at(known.parse().unwrap(), due.parse().unwrap(), &zone);
            assert_eq!(found.map(|at| at.to_string()).as_deref(), expected, "{due} in {zone:?}");
        };
        let known = "2026-11-20T00:00:00Z";
        check(known, "2026-11-23T01:00:00Z", "Asia/Shanghai", Some("2026-11-22T01:00:00Z"));
        // Known for a day or less: that is no time to be reminded in.
        check("2026-11-22T01:00:00Z", "2026-11-23T01:00:00Z", "Asia/Shanghai", None);
        check("2026-11-22T00:59:59Z", "2026-11-23T01:00:00Z", "Asia/Shanghai", Some("2026-11-22T01:00:00Z"));
        // Nine in the morning on both days, though the night between them is an hour longer, or shorter.
        check("2026-10-01T00:00:00Z", "2026-11-01T14:00:00Z", "America/New_York", Some("2026-10-31T13:00:00Z"));
        check("2026-03-01T00:00:00Z", "2026-03-08T13:00:00Z", "America/New_York", Some("2026-03-07T14:00:00Z"));
        // Samoa had no 30 December 2011: there is no such hour the day before.
        check("2011-12-20T00:00:00Z", "2011-12-30T20:00:00Z", "Pacific/Apia", None);
    }

    #[test]
    fn no_reminder_comes_at_night() {
        for zone in ["Asia/Shanghai", "Europe/London", "America/New_York", "America/St_Johns", "Pacific/Apia"] {
            let zone = TimeZone::get(zone).unwrap();
            for hour in 0..24 * 366 {
                let from = Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_hours(500_000 + hour)).unwrap();
                let due = due(from, 72, Waiter::Buyer, &zone);
                let at = remind_at(from, due, &zone).unwrap();
                assert_eq!(by_day(at, &zone), at, "{at} in {zone:?}");
            }
        }
    }

    #[test]
    fn a_reminders_row_leads_back_to_its_clock() {
        for clock in Clock::ALL.iter().copied() {
            assert_eq!(Clock::parse_reminder(&clock.reminder_kind()), Some(clock));
            assert_eq!((Clock::parse(&clock.reminder_kind()), Clock::parse_reminder(clock.as_str())), (None, None));
        }
    }

    #[test]
    fn the_house_works_at_night() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let from: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        assert_eq!(due(from, 8, Waiter::House, &zone).to_string(), "2026-11-22T20:00:00Z");
        assert_eq!(due(from, 8, Waiter::Buyer, &zone).to_string(), "2026-11-23T01:00:00Z");
    }
}
