//! Random walks through the journey: valid and absurd commands, wrong people, wrong order, repeated, on pieces, orders
//! and cases. What must hold holds after each step, and between them the walks take every edge of the machine and carry
//! out everything that may be asked of an order, and make owed whatever can be.
//!
//! `TOUCHSTONE_WALKS` makes more walks (of some 300 commands each), `TOUCHSTONE_SEED` others, `TOUCHSTONE_THREADS` as many
//! at a time. A walk that fails is shrunk, and told step by step. What is tried without chance, from every standing, is in
//! `property/explore.rs`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Instant;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use touchstone::domain::conduct::IncidentKind;
use touchstone::domain::obligation::OwedRule;
use touchstone::domain::route::{EDGES, Edge, Stage, Target};

use conduct::Conduct;
use run::{Run, Tally};
use world::{Dice, Setting};

mod asks;
mod books;
mod conduct;
mod explore;
mod gate;
mod moves;
mod owes;
mod run;
pub mod world;

const WALKS: u32 = 450;
const SEED: u64 = 7;

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

/// Makes walks of one seed. A walk that fails is told.
fn make(cases: u32, seed: u64) -> Result<Tally, String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 4_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let tally = RefCell::new(Tally::default());
    let outcome = runner.run(&walks(), |(setting, steps)| {
        walk(&setting, &steps, &mut tally.borrow_mut(), &mut None).map_err(TestCaseError::fail)
    });
    match outcome {
        Ok(()) => Ok(tally.into_inner()),
        Err(TestError::Fail(reason, (setting, steps))) => {
            let mut told = Some(String::new());
            let again = walk(&setting, &steps, &mut Tally::default(), &mut told);
            Err(format!(
                "{reason}\nTOUCHSTONE_SEED={seed}, shrunk to {} steps in {setting:?}:\n{}{again:?}",
                steps.len(),
                told.unwrap_or_default(),
            ))
        }
        Err(TestError::Abort(why)) => Err(format!("the walks were not made: {why}")),
    }
}

#[test]
fn whatever_is_tried_no_piece_leaves_without_its_evidence() {
    let (cases, seed) = (number("TOUCHSTONE_WALKS", WALKS), number("TOUCHSTONE_SEED", SEED));
    let threads = number("TOUCHSTONE_THREADS", 1_u32).max(1);
    println!("{cases} walks in {threads} threads, TOUCHSTONE_SEED={seed}");
    let began = Instant::now();
    let tally = std::thread::scope(|scope| {
        let share = |nth: u32| cases / threads + u32::from(nth < cases % threads);
        let running: Vec<_> =
            (0..threads).map(|nth| scope.spawn(move || make(share(nth), seed + u64::from(nth)))).collect();
        running.into_iter().fold(Tally::default(), |mut all, made| {
            all.add(made.join().expect("a walk does not panic").unwrap_or_else(|why| panic!("{why}")));
            all
        })
    });
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
    println!("steps of conduct: {:?}", tally.steps);
    println!("edges:");
    let missed = edges(&tally.edges);
    assert!(missed.is_empty(), "never taken:\n{}", missed.join("\n"));
    if WALKS <= cases {
        let asked = ["resubmission", "line-cancel", "rest", "notice-accepted", "order-deadline"];
        let cases = ["case", "case-report", "case-decision", "case-deadline"];
        let idle = asked.iter().chain(&cases).find(|what| !tally.asked.contains_key(*what));
        assert_eq!(idle, None, "nobody ever asked it with success");
        let never: Vec<_> = OwedRule::ALL.iter().filter(|rule| !tally.owed.contains_key(rule.as_str())).collect();
        assert!(never.is_empty(), "nothing was ever owed by {never:?}");
        let never: Vec<_> = IncidentKind::ALL.iter().filter(|kind| !tally.faults.contains_key(kind.as_str())).collect();
        assert!(never.is_empty(), "nobody was ever found to have done {never:?}");
        let never: Vec<_> = (0..=4).filter(|step| !tally.steps.contains_key(step)).collect();
        assert!(never.is_empty(), "nobody ever stood on step {never:?} of conduct.csv");
        assert!(500 <= owed, "{owed} obligations are too few");
        assert!(100_000 <= tally.commands, "{} commands are too few", tally.commands);
    }
}

/// One walk: one merchant's orders, one after the other. `told` takes the account of it, where one is wished.
fn walk(setting: &Setting, steps: &[Step], tally: &mut Tally, told: &mut run::Told) -> Result<(), String> {
    let mut run = Run::new(setting);
    let mut conduct = Conduct::default();
    for (count, step) in steps.iter().enumerate() {
        let mut dice = Dice::new(step.dice);
        // When every line came to its end another order follows; first what is closed is tried for a while, and what is
        // disputed to its end.
        if run.world.is_over() && dice.once_in(12) {
            run.end(tally)?;
            conduct.add(&run, tally)?;
            run = Run::new(setting);
            // A merchant who lets days go by.
            if dice.once_in(4) {
                run.world.rest(60);
            }
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
        let disputed = run.world.cases.iter().any(|one| one.case.decided.is_none());
        let attempt = if (disputed || run.world.is_over()) && dice.once_in(3) {
            let (command, by) = asks::next(&run.world, &mut dice);
            moves::Try::Order(command, by)
        } else {
            moves::next(&mut run.world, at, step.roll, &mut dice)
        };
        run.attempt(at, attempt, tally, told)?;
        if count % 64 == 63 {
            run.check()?;
        }
    }
    run.end(tally)?;
    conduct.add(&run, tally)
}
