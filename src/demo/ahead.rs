//! The demo's clock runs ahead (`--fast`): from one thing that is due to the next. Deadlines fire through the clockwork
//! and letters leave through the courier, as they would if everybody had waited.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Failure;
use super::account::{Step, Told};
use super::house::House;
use crate::clock::Hands;
use crate::clockwork;
use crate::store::entity::events;
use crate::store::{queries, waits};

/// What is due within this of each other happens at one time of the story.
const AT_ONE_TIME: SignedDuration = SignedDuration::from_mins(2);

/// Until the letters of what happened have left: those of one order wait a moment for each other.
const LETTERS_LEAVE: SignedDuration = SignedDuration::from_mins(1);

/// How often it is looked whether clockwork and courier are done.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// So long they may take for what is due at one time. What they do not get done then, they do at the next.
const PATIENCE: Duration = Duration::from_secs(20);

/// Up to so many of a kind are told one by one.
const ONE_BY_ONE: usize = 2;

/// The demo's time, from here on.
pub struct Story<'a> {
    house: &'a House,
    hands: Hands,
    /// Where letters are kept.
    letters: PathBuf,
    began: Timestamp,
}

impl<'a> Story<'a> {
    pub fn new(house: &'a House, hands: Hands, folder: &std::path::Path) -> Self {
        let began = hands.now();
        Self { house, hands, letters: folder.join("mail"), began }
    }

    /// Lets the clock run until so long after the story began, and tells of what happened by itself.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn run(&mut self, until: SignedDuration, tell: &mut dyn FnMut(Told)) -> Result<(), Failure> {
        let until = self.began.checked_add(until).unwrap_or(self.began);
        let failed = |error: crate::store::Error| Failure::of("it cannot be looked what is due", &error);
        loop {
            self.settle().await?;
            let next = waits::next(self.house.store.reader()).await.map_err(failed)?;
            let now = self.hands.now();
            let at = next.at().and_then(|at| Timestamp::from_microsecond(at).ok()).filter(|at| *at <= until);
            let Some(at) = at else { break };
            // Letters wait a moment for others; only clocks make a chapter.
            let is_clock = next.deadline.is_some_and(|due| due <= at.as_microsecond());
            let to = if is_clock { at.checked_add(AT_ONE_TIME).unwrap_or(at) } else { at };
            self.hands.advance_to(to.max(now));
            let letters = self.letters_kept();
            self.settle().await?;
            if is_clock {
                self.hands.advance_to(to.checked_add(LETTERS_LEAVE).unwrap_or(to));
                self.settle().await?;
                self.tell_since(to, letters, tell).await?;
            }
        }
        self.hands.advance_to(until);
        Ok(())
    }

    /// Until clockwork and courier have done what is due.
    async fn settle(&self) -> Result<(), Failure> {
        let began = Instant::now();
        let failed = |error: crate::desk::Error| Failure::of("the clocks cannot be fired", &error);
        let looked = |error: crate::store::Error| Failure::of("it cannot be looked what is due", &error);
        while began.elapsed() < PATIENCE {
            // Beside the service's own, which looks once a second.
            clockwork::fire_due(&self.house.desk, self.hands.now()).await.map_err(failed)?;
            let next = waits::next(self.house.store.reader()).await.map_err(looked)?;
            if next.at().is_none_or(|at| self.hands.now().as_microsecond() < at) {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    fn letters_kept(&self) -> usize {
        // A folder that is not there yet holds none.
        std::fs::read_dir(&self.letters).map_or(0, Iterator::count)
    }

    /// A chapter: how long it is since the story began, what time it is, and what happened.
    async fn tell_since(&self, from: Timestamp, letters: usize, tell: &mut dyn FnMut(Told)) -> Result<(), Failure> {
        let failed = |error: crate::store::Error| Failure::of("it cannot be read what happened", &error);
        let reader = self.house.store.reader();
        let rows = waits::by_clocks(reader, from.as_microsecond(), i64::MAX).await.map_err(failed)?;
        let mut kinds: BTreeMap<String, Vec<events::Model>> = BTreeMap::new();
        for row in rows {
            if let Some(what) = what(&row) {
                kinds.entry(what).or_default().push(row);
            }
        }
        if kinds.is_empty() {
            return Ok(());
        }
        tell(Told::Heading(format!("{} later: {}", spoken(self.began, from), local(from))));
        for (what, rows) in kinds {
            let many = ONE_BY_ONE < rows.len();
            let shown = if many { rows.get(..1).unwrap_or_default() } else { rows.as_slice() };
            for row in shown {
                let piece = queries::piece(reader, row.order_id, row.stream_id).await.map_err(failed)?;
                let (code, stage) = match (piece, many) {
                    (_, true) => (format!("{} pieces", rows.len()), String::new()),
                    (Some(piece), false) => {
                        let outcome = piece.outcome.map_or(String::new(), |outcome| format!(" ({outcome})"));
                        (piece.code, format!("{}{outcome}", piece.stage))
                    }
                    (None, false) => ("an order".to_owned(), String::new()),
                };
                tell(Told::Step(Step { code, who: "clock".to_owned(), what: what.clone(), stage }));
            }
        }
        let left = self.letters_kept().saturating_sub(letters);
        if 0 < left {
            let s = if left == 1 { "" } else { "s" };
            let what = format!("sends {left} letter{s}");
            tell(Told::Step(Step { who: "courier".to_owned(), what, ..Step::default() }));
        }
        Ok(())
    }
}

/// What a clock did, in plain words; none for what only follows from it.
fn what(row: &events::Model) -> Option<String> {
    Some(match row.kind.as_str() {
        "cancelled" => "nothing was sent in time: the order of the piece is cancelled".to_owned(),
        "difference_refused" => "the buyer was silent, and silence is no consent: it goes back".to_owned(),
        "appeal_lapsed" => "nobody appealed in time: it goes back".to_owned(),
        "completed" => "the buyer kept it until the window closed".to_owned(),
        "return_lapsed" => "the return was opened, and nothing was posted: it is the buyer's".to_owned(),
        "line_failed" => "no other piece came in time: the line failed".to_owned(),
        "rest_declined" => "nobody said that the rest is wanted: it is not sent".to_owned(),
        "deadline_passed" => format!("it is somebody's task now: {}", clock_of(row)),
        _ => return None, // What is owed, and whose notice arrived, follows from something that is told.
    })
}

/// Which clock it was, as its row names it.
fn clock_of(row: &events::Model) -> String {
    let body: Value = serde_json::from_str(&row.body).unwrap_or(Value::Null);
    body.pointer("/payload/clock").and_then(Value::as_str).unwrap_or("a wait").replace('_', " ").replace(':', ", ")
}

/// How long it is between two times, in words: the two largest units that are not nought.
fn spoken(from: Timestamp, to: Timestamp) -> String {
    let minutes = to.duration_since(from).as_mins().max(0);
    let parts = [(minutes / 1_440, "day"), (minutes / 60 % 24, "hour"), (minutes % 60, "minute")];
    let mut text = String::new();
    for (count, unit) in parts.into_iter().filter(|(count, _)| 0 < *count).take(2) {
        let and = if text.is_empty() { "" } else { " and " };
        let s = if count == 1 { "" } else { "s" };
        // Writing to a string does not fail.
        let _ = write!(text, "{and}{count} {unit}{s}");
    }
    if text.is_empty() { "a moment".to_owned() } else { text }
}

/// A time as the house's clock shows it.
fn local(at: Timestamp) -> String {
    let zone = TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).strftime("%a %-d %B %Y, %H:%M in the house").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_since_the_story_began_is_told_in_two_units() {
        let began: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        for (minutes, expected) in [
            (0, "a moment"),
            (-9, "a moment"),
            (1, "1 minute"),
            (125, "2 hours and 5 minutes"),
            (1_440, "1 day"),
            (4_321, "3 days and 1 minute"),
            (44_700, "31 days and 1 hour"),
        ] {
            let at = began.checked_add(SignedDuration::from_mins(minutes)).unwrap();
            assert_eq!(spoken(began, at), expected, "{minutes}");
        }
        assert_eq!(local(began), "Sun 22 November 2026, 18:00 in the house");
    }
}
