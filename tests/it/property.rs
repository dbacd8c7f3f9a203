//! Random walks through the journey: valid and absurd commands, wrong people, wrong order, repeated, on pieces, orders
//! and cases. What must hold holds after each step, and between them the walks take every edge of the machine and carry
//! out everything that may be asked of an order.
//!
//! `TOUCHSTONE_WALKS` makes more walks (of some 300 commands each), `TOUCHSTONE_SEED` others. A walk that fails is shrunk,
//! and told step by step.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Instant;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use touchstone::domain::route::{EDGES, Edge, Stage, Target};

use run::{Run, Tally};
use world::{Dice, Setting};

mod asks;
mod books;
mod gate;
mod moves;
mod owes;
mod run;
pub mod world;

const WALKS: u32 = 450;
const SEED: u64 = 20_261_122;

/// One step of a walk: which piece, how sensible, and the choices within.
#[derive(Clone, Copy, Debug)]
struct Step {
    piece: u8,
    roll: u8,
    dice: u64,
}

fn walks() -> impl Strategy<Value = (Setting, Vec<Step>)> {
    let setting = (1..=3, any::<bool>(), any::<bool>(), 1..=2_usize)
        .prop_map(|(lines, together, transcript, needed)| Setting { lines, together, transcript, needed });
    let step = (any::<u8>(), any::<u8>(), any::<u64>()).prop_map(|(piece, roll, dice)| Step { piece, roll, dice });
    (setting, vec(step, 0..=600))
}

fn number<T: std::str::FromStr>(variable: &str, default: T) -> T {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} must be a number, not {text}")),
        Err(_) => default,
    }
}

/// How often each edge was taken, and those that were not.
fn edges(taken: &BTreeMap<Edge, u64>) -> Vec<String> {
    let mut missed = Vec::new();
    for edge in EDGES {
        let hits = taken.get(edge).copied().unwrap_or_default();
        let to = match edge.to {
            Target::To(stage) => stage.to_string(),
            Target::End(outcome) => format!("closed({})", outcome.as_str()),
        };
        let line = format!("{} · {} → {to}", edge.from, edge.kind);
        println!("{hits:>9} {line}");
        if hits == 0 {
            missed.push(line);
        }
    }
    missed
}

fn counted(what: &str, counts: &BTreeMap<&'static str, u64>) {
    println!("{what}:");
    counts.iter().for_each(|(name, count)| println!("{count:>9} {name}"));
}

#[test]
fn whatever_is_tried_no_piece_leaves_without_its_evidence() {
    let (cases, seed) = (number("TOUCHSTONE_WALKS", WALKS), number("TOUCHSTONE_SEED", SEED));
    println!("{cases} walks, TOUCHSTONE_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 4_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));

    let began = Instant::now();
    let tally = RefCell::new(Tally::default());
    let outcome = runner.run(&walks(), |(setting, steps)| {
        walk(&setting, &steps, &mut tally.borrow_mut(), &mut None).map_err(TestCaseError::fail)
    });
    if let Err(TestError::Fail(reason, (setting, steps))) = &outcome {
        let mut told = Some(String::new());
        let again = walk(setting, steps, &mut Tally::default(), &mut told);
        panic!(
            "{reason}\nTOUCHSTONE_SEED={seed}, shrunk to {} steps in {setting:?}:\n{}{again:?}",
            steps.len(),
            told.unwrap_or_default(),
        );
    }
    outcome.expect("the walks were made");

    let tally = tally.into_inner();
    let owed: u64 = tally.owed.values().sum();
    println!(
        "{} commands ({} carried out) on {} orders, {} events offered by themselves, {} releases, {owed} obligations, {:.1?}",
        tally.commands,
        tally.accepted,
        tally.orders,
        tally.events_offered,
        tally.released,
        began.elapsed()
    );
    counted("refusals", &tally.refusals);
    counted("asked of orders and cases", &tally.asked);
    counted("owed", &tally.owed);
    counted("faults", &tally.faults);
    println!("edges:");
    let missed = edges(&tally.edges);
    assert!(missed.is_empty(), "never taken:\n{}", missed.join("\n"));
    if WALKS <= cases {
        let asked = ["resubmission", "line-cancel", "rest", "notice-accepted", "order-deadline"];
        let cases = ["case", "case-report", "case-decision", "case-deadline"];
        let idle = asked.iter().chain(&cases).find(|what| !tally.asked.contains_key(*what));
        assert_eq!(idle, None, "nobody ever asked it with success");
        assert!(500 <= owed, "{owed} obligations are too few");
        assert!(100_000 <= tally.commands, "{} commands are too few", tally.commands);
    }
}

/// One walk. `told` takes the account of it, where one is wished.
fn walk(setting: &Setting, steps: &[Step], tally: &mut Tally, told: &mut run::Told) -> Result<(), String> {
    let mut run = Run::new(setting);
    for (count, step) in steps.iter().enumerate() {
        let mut dice = Dice::new(step.dice);
        // When every line came to its end another order follows; first what is closed is tried for a while.
        if run.world.is_over() && dice.once_in(12) {
            run.end(tally)?;
            run = Run::new(setting);
        }
        let mut at = usize::from(step.piece) % run.world.slots.len();
        // A piece that ended is left alone two times in three.
        if run.world.slots[at].piece.stage() == Stage::Closed && !dice.once_in(3) {
            at = (0..run.world.slots.len())
                .rfind(|at| run.world.slots[*at].piece.stage() != Stage::Closed)
                .unwrap_or(at);
        }
        // Now and then a day and more goes by.
        if count % 37 == 36 {
            run.world.rest(30);
        }
        let attempt = moves::next(&mut run.world, at, step.roll, &mut dice);
        run.attempt(at, attempt, tally, told)?;
        if count % 64 == 63 {
            run.check()?;
        }
    }
    run.end(tally)
}
