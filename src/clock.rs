//! The time, as everything in this program that needs it asks for it: one clock, chosen where the program is put together
//! and handed on. The service has the machine's; the demo and tests may put theirs ahead.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// A clock that tells the time. Its clones tell the same.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's own.
    pub fn system() -> Self {
        Self::new(Timestamp::now)
    }

    /// One that asks for the time elsewhere.
    pub fn new(ask: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    /// The time, in UTC.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// The hands of a clock that runs as another does, and can be put ahead of it. Its clones are the same hands.
#[derive(Clone, Debug)]
pub struct Hands {
    runs_as: Clock,
    /// Microseconds.
    ahead: Arc<AtomicI64>,
}

impl Hands {
    /// Hands that show what that clock shows.
    pub fn of(clock: Clock) -> Self {
        Self { runs_as: clock, ahead: Arc::new(AtomicI64::new(0)) }
    }

    /// The clock that they move.
    pub fn clock(&self) -> Clock {
        let hands = self.clone();
        Clock::new(move || hands.now())
    }

    /// What they show now.
    pub fn now(&self) -> Timestamp {
        let now = self.runs_as.now();
        let ahead = SignedDuration::from_micros(self.ahead.load(Ordering::SeqCst));
        // Only at the end of the calendar does it overflow.
        now.checked_add(ahead).unwrap_or(now)
    }

    /// Puts them ahead to this time, from where they run on. They are never put back: a time that is over changes nothing.
    pub fn advance_to(&self, time: Timestamp) {
        let ahead = time.as_microsecond().saturating_sub(self.runs_as.now().as_microsecond());
        self.ahead.fetch_max(ahead, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn hands_go_ahead_and_never_back() {
        let hands = Hands::of(Clock::new(|| at("2026-11-22T10:00:00Z")));
        let clock = hands.clock();
        for (to, shown) in [
            ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"),
            ("2026-11-25T09:00:00Z", "2026-11-25T09:00:00Z"),
            ("2026-11-23T09:00:00Z", "2026-11-25T09:00:00Z"),
            ("1970-01-01T00:00:00Z", "2026-11-25T09:00:00Z"),
            ("2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z"),
        ] {
            hands.advance_to(at(to));
            assert_eq!((clock.now(), hands.clone().now()), (at(shown), at(shown)), "{to}");
        }
    }

    #[test]
    fn a_clock_put_ahead_runs_on_with_the_one_that_it_follows() {
        let machine = Arc::new(AtomicI64::new(at("2026-11-22T10:00:00Z").as_microsecond()));
        let own = machine.clone();
        let hands = Hands::of(Clock::new(move || Timestamp::from_microsecond(own.load(Ordering::SeqCst)).unwrap()));
        hands.advance_to(at("2026-11-25T10:00:00Z"));
        machine.fetch_add(1_500_000, Ordering::SeqCst);
        assert_eq!(hands.now(), at("2026-11-25T10:00:01.5Z"));
    }
}
