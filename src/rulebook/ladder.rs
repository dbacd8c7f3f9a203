//! The ladder of conduct (`conduct.csv`, `incidents.csv`), by three principles: the same for all and public (公平公开), a
//! lesson first (教育先行), stricter with whoever does it again (累犯从严).
//!
//! A step is never stored: it follows from a merchant's incidents and the time, so two orders that fail at the same
//! moment cannot miss each other, and an appeal that is granted takes back whatever its incident led to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::editions::Files;
use super::{Rulebook, Unreadable, rows};
use crate::domain::conduct::IncidentKind;
use crate::domain::ids::IncidentId;
use crate::domain::text::Name;

#[derive(Clone, Debug, Deserialize)]
struct Row {
    step: i32,
    falls_after_days: Option<i64>,
}

/// The days without an incident after which each step falls to the one below.
#[derive(Clone, Debug)]
pub(super) struct Ladder(BTreeMap<i32, Option<i64>>);

impl Ladder {
    /// None in editions of before conduct was kept.
    pub fn read(files: &Files) -> Result<Option<Self>, Unreadable> {
        let Some(text) = files.optional("conduct.csv") else { return Ok(None) };
        let steps: BTreeMap<_, _> =
            rows::<Row>("conduct.csv", text)?.into_iter().map(|row| (row.step, row.falls_after_days)).collect();
        if !steps.keys().copied().eq(0..=TOP) {
            return Err(Unreadable { file: "conduct.csv", why: format!("its steps are not 0 to {TOP}") });
        }
        Ok(Some(Self(steps)))
    }
}

const LESSON: i32 = 1;
const WARNING: i32 = 2;
const CLOSER_LOOK: i32 = 3;
const TOP: i32 = 4;

/// An incident as it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    pub id: IncidentId,
    pub kind: IncidentKind,
    pub occasion: Option<Name>,
    pub at: Timestamp,
    /// When the platform was done with the recommendation that it led to.
    pub lifted_at: Option<Timestamp>,
}

/// A step that was reached or left, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    pub step: i32,
    pub before: i32,
    pub at: Timestamp,
    /// What led to it; none where it fell by time.
    pub incident: Option<(IncidentId, IncidentKind)>,
    /// The platform was done with it.
    pub lifted: bool,
}

impl Rulebook {
    /// How a merchant came to stand where they stand: every step up with the incident that led to it, and every step
    /// down, oldest first. Of one kind and one occasion the first incident counts. Withdrawn ones are not given.
    pub fn climb(&self, incidents: &[Counted], now: Timestamp) -> Vec<Rung> {
        let Some(ladder) = &self.tables.ladder else { return Vec::new() };
        let mut sorted: Vec<_> = incidents.iter().filter(|one| one.at <= now).collect();
        sorted.sort_by_key(|one| (one.at, one.id));
        let mut occasions = BTreeSet::new();
        sorted.retain(|one| one.occasion.as_ref().is_none_or(|occasion| occasions.insert((one.kind, occasion))));

        let mut rungs: Vec<Rung> = Vec::new();
        let mut since: Option<Timestamp> = None;
        let mut counterfeits = 0;
        for (index, one) in sorted.iter().enumerate() {
            fall(ladder, &mut rungs, &mut since, &sorted[..index], one.at);
            let step = rungs.last().map_or(0, |rung| rung.step);
            let (again_days, alone) = self.weight_of(one.kind).unwrap_or((90, None));
            let window = SignedDuration::from_hours(24 * again_days);
            let again = sorted[..index].iter().any(|other| other.kind == one.kind && one.at <= other.at + window);
            counterfeits += i32::from(one.kind == IncidentKind::Counterfeit);
            let next = match step {
                CLOSER_LOOK.. => TOP,
                WARNING => CLOSER_LOOK,
                _ if again => WARNING,
                _ => LESSON,
            };
            let next = if 1 < counterfeits { TOP } else { next.max(alone.unwrap_or(next)) };
            since = Some(one.at);
            // Also where the step stays the highest: its reasons are all shown.
            rungs.push(Rung {
                step: next,
                before: step,
                at: one.at,
                incident: Some((one.id, one.kind)),
                lifted: false,
            });
        }
        fall(ladder, &mut rungs, &mut since, &sorted, now);
        rungs
    }

    /// The step on which a merchant stands now.
    pub fn step(&self, incidents: &[Counted], now: Timestamp) -> i32 {
        self.climb(incidents, now).last().map_or(0, |rung| rung.step)
    }

    /// When the present step falls by itself, if nothing happens; none where it does not.
    pub fn falls_at(&self, incidents: &[Counted], now: Timestamp) -> Option<Timestamp> {
        let ladder = self.tables.ladder.as_ref()?;
        let last = self.climb(incidents, now).pop()?;
        let days = ladder.0.get(&last.step).copied().flatten()?;
        last.at.checked_add(SignedDuration::from_hours(24 * days)).ok()
    }
}

/// What falls until a moment: one step at a time, each counted from the last incident or the last fall. From the highest
/// only the platform lets down, to the step below.
fn fall(ladder: &Ladder, rungs: &mut Vec<Rung>, since: &mut Option<Timestamp>, known: &[&Counted], until: Timestamp) {
    while let (Some(last), Some(from)) = (rungs.last(), *since) {
        let step = last.step;
        let (at, lifted) = match ladder.0.get(&step).copied().flatten() {
            Some(days) => (from.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MAX), false),
            None if step == TOP => {
                // Whichever incident the platform named: one that counts here, and not before the step was reached.
                let lifted = known.iter().filter_map(|one| one.lifted_at).filter(|at| from <= *at).min();
                match lifted {
                    Some(at) => (at, true),
                    None => return,
                }
            }
            None => return,
        };
        if until < at {
            return;
        }
        rungs.push(Rung { step: step - 1, before: step, at, incident: None, lifted });
        *since = Some(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const DAY: i64 = 86_400;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + day * DAY).unwrap()
    }

    fn one(number: u128, kind: IncidentKind, day: i64) -> Counted {
        let id = IncidentId(Uuid::from_u128(number));
        Counted { id, kind, occasion: None, at: at(day), lifted_at: None }
    }

    fn all(incidents: &[(IncidentKind, i64)]) -> Vec<Counted> {
        (1..).zip(incidents).map(|(number, (kind, day))| one(number, *kind, *day)).collect()
    }

    #[test]
    fn a_lesson_comes_first_and_whoever_does_it_again_climbs() {
        use IncidentKind::*;
        let book = Rulebook::embedded().unwrap();
        let check = |incidents: &[(IncidentKind, i64)], day, expected| {
            assert_eq!(book.step(&all(incidents), at(day)), expected, "{incidents:?} on day {day}");
        };
        check(&[], 0, 0);
        check(&[(Late, 0)], 0, 1);
        // Another kind is another lesson.
        check(&[(Late, 0), (SpeechBreach, 1)], 1, 1);
        check(&[(Late, 0), (Late, 89)], 89, 2);
        check(&[(Late, 0), (Late, 91)], 91, 1);
        check(&[(Late, 0), (Late, 10), (SpeechBreach, 20)], 20, 3);
        check(&[(Late, 0), (Late, 10), (Late, 20), (Late, 30)], 30, 4);
        // One that was upheld is enough for a closer look, a second for a recommendation, however long after.
        check(&[(Counterfeit, 0)], 0, 3);
        check(&[(Counterfeit, 0), (Counterfeit, 900)], 900, 4);
        check(&[(Counterfeit, 0), (Late, 5)], 5, 4);
    }

    #[test]
    fn a_step_falls_with_time_one_at_a_time() {
        use IncidentKind::*;
        let book = Rulebook::embedded().unwrap();
        let check = |incidents: &[(IncidentKind, i64)], day, expected| {
            assert_eq!(book.step(&all(incidents), at(day)), expected, "{incidents:?} on day {day}");
        };
        check(&[(Late, 0)], 89, 1);
        check(&[(Late, 0)], 90, 0);
        check(&[(Counterfeit, 0)], 179, 3);
        check(&[(Counterfeit, 0)], 180, 2);
        check(&[(Counterfeit, 0)], 180 + 119, 2);
        check(&[(Counterfeit, 0)], 180 + 120, 1);
        check(&[(Counterfeit, 0)], 180 + 120 + 90, 0);
        // An incident on the way down counts from where the merchant stands.
        check(&[(Counterfeit, 0), (Late, 200)], 200, 3);
        assert_eq!(book.falls_at(&all(&[(Late, 0)]), at(3)), Some(at(90)));
        // The last step does not fall by itself.
        check(&[(Counterfeit, 0), (Counterfeit, 1)], 4_000, 4);
    }

    #[test]
    fn the_platform_lets_down_from_the_last_step_only_what_it_decided_on() {
        let book = Rulebook::embedded().unwrap();
        let mut incidents = all(&[(IncidentKind::Counterfeit, 0), (IncidentKind::Counterfeit, 1)]);
        incidents[1].lifted_at = Some(at(10));
        assert_eq!(book.step(&incidents, at(9)), 4);
        assert_eq!(book.step(&incidents, at(10)), 3);
        assert_eq!(book.step(&incidents, at(10 + 180)), 2);
        incidents.push(one(9, IncidentKind::Late, 11));
        assert_eq!(book.step(&incidents, at(12)), 4, "a further incident leads up again");
    }

    #[test]
    fn what_happened_on_one_occasion_counts_once() {
        let book = Rulebook::embedded().unwrap();
        let mut incidents = all(&[(IncidentKind::SpeechBreach, 0), (IncidentKind::SpeechBreach, 0)]);
        assert_eq!(book.step(&incidents, at(0)), 2);
        for one in &mut incidents {
            one.occasion = Some(Name::parse("r-9").unwrap());
        }
        assert_eq!(book.step(&incidents, at(0)), 1);
    }

    #[test]
    fn every_step_has_its_reason() {
        let book = Rulebook::embedded().unwrap();
        let rungs = book.climb(&all(&[(IncidentKind::Late, 0), (IncidentKind::Late, 1)]), at(200));
        let told: Vec<_> = rungs.iter().map(|rung| (rung.before, rung.step, rung.incident.is_some())).collect();
        assert_eq!(told, [(0, 1, true), (1, 2, true), (2, 1, false)]);
    }
}
