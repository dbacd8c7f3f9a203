//! The steps to which one merchant's faults lead, over all orders of a walk, told a second time in plain words: a lesson
//! first, a warning for the same again, and stricter from there (`conduct.csv`). A walk is over within days, so nothing
//! falls here; that is tried beside the ladder itself.

use touchstone::domain::conduct::IncidentKind;
use touchstone::domain::ids::IncidentId;
use touchstone::rulebook::Counted;
use uuid::Uuid;

use super::books::RULES;
use super::run::{Run, Tally};
use super::world::name;

/// What one merchant did so far.
#[derive(Default)]
pub struct Conduct {
    faults: Vec<Counted>,
    orders: u64,
}

impl Conduct {
    /// Adds the faults of an order that came to its end.
    pub fn add(&mut self, run: &Run, tally: &mut Tally) -> Result<(), String> {
        self.orders += 1;
        for one in run.books.record.incidents().iter().filter(|one| one.withdrawn_at.is_none()) {
            self.faults.push(Counted {
                id: IncidentId(Uuid::from_u128(self.faults.len() as u128 + 1)),
                kind: one.confirmed.kind,
                // Each order is another occasion; whatever happened within one is one.
                occasion: one.confirmed.occasion.as_ref().map(|_| name(&format!("order {}", self.orders))),
                at: one.at,
                lifted_at: None,
            });
        }
        let now = self.faults.iter().map(|one| one.at).max().unwrap_or(run.world.time());
        let (told, step) = (self.told(), RULES.step(&self.faults, now));
        *tally.steps.entry(step).or_default() += 1;
        if told == step { Ok(()) } else { Err(format!("they stand on step {step}, not on {told}: {:?}", self.faults)) }
    }

    fn told(&self) -> i32 {
        let mut faults: Vec<_> = self.faults.iter().collect();
        faults.sort_by_key(|one| (one.at, one.id));
        let mut counted: Vec<&Counted> = Vec::new();
        let mut step = 0;
        for one in faults {
            if one.occasion.is_some()
                && counted.iter().any(|seen| (seen.kind, &seen.occasion) == (one.kind, &one.occasion))
            {
                continue;
            }
            let same = counted.iter().filter(|seen| seen.kind == one.kind).count();
            step = match step {
                3 | 4 => 4,
                2 => 3,
                _ if 0 < same => 2,
                _ => 1,
            };
            // One counterfeit is enough for a closer look, and two for a recommendation.
            if one.kind == IncidentKind::Counterfeit {
                step = if same == 0 { step.max(3) } else { 4 };
            }
            counted.push(one);
        }
        step
    }
}
