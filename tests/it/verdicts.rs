//! Every verdict of the history, asked again.

use std::collections::BTreeMap;

use touchstone::audit::{self, Finding, Watch, Wrong};
use touchstone::domain::ledger::Verdict;
use touchstone::domain::route::Stage;
use touchstone::rulebook::{Files, Library, Rulebook};

use crate::world::World;

/// What was found.
#[derive(Default)]
struct Seen(Vec<Finding>);

impl Watch for Seen {
    fn progress(&mut self, _: u64, _: u64) {}

    fn found(&mut self, finding: &Finding) {
        self.0.push(finding.clone());
    }
}

/// The newest edition, but for one line of one file.
fn edition(file: &str, line: &str, instead: &str) -> Rulebook {
    let newest = Files::embedded().unwrap().pop().unwrap();
    let texts = Files::NAMES.iter().filter_map(|name| Some(((*name).to_owned(), newest.optional(name)?.to_owned())));
    let mut texts: BTreeMap<_, _> = texts.collect();
    assert!(texts[file].contains(line), "{file} has no {line}");
    texts.insert(file.to_owned(), texts[file].replace(line, instead));
    Library::given(&Files::given("2027-01-01", texts).unwrap()).unwrap()
}

both!(every_verdict_follows_from_its_own_edition_and_another_is_tried_first, |db| async move {
    let world = World::new(db).await;
    let placed = world.place("N-1", 2).await;
    for piece in &placed.pieces {
        world.bring(*piece, Stage::Cleared).await;
    }
    let library = Library::embedded().unwrap();
    let mut seen = Seen::default();
    let report = audit::verdicts(&world.store, &library, None, &mut seen).await.unwrap();
    assert_eq!((report.verdicts, report.ok()), (2, true), "{:?}", seen.0);

    let same = edition("names.csv", "莫桑钻,", "莫桑钻石,");
    let report = audit::verdicts(&world.store, &library, Some(&same), &mut seen).await.unwrap();
    assert_eq!((report.verdicts, report.ok()), (2, true), "{:?}", seen.0);

    // By this one A货 leaves the treatment open.
    let stricter = edition("treatments.csv", "A货,untreated,", "A货,open,");
    let report = audit::verdicts(&world.store, &library, Some(&stricter), &mut seen).await.unwrap();
    assert_eq!((report.verdicts, report.differing), (2, 2));
    for finding in &seen.0 {
        let Wrong::Verdict(retried) = &finding.wrong else { panic!("{finding}") };
        assert_eq!((retried.derived, retried.would_be), (Verdict::Pass, Verdict::Undetermined));
        assert!(finding.to_string().contains("by 2027-01-01 they ask for undetermined"), "{finding}");
    }
});

both!(who_had_to_look_is_asked_again_and_a_draw_that_was_not_committed_is_found, |db| async move {
    let world = World::new(db).await;
    let placed = world.place("N-1", 2).await;
    world.bring(placed.pieces[0], Stage::Cleared).await;
    world.bring(placed.pieces[1], Stage::Failed).await;
    let library = Library::embedded().unwrap();
    let mut seen = Seen::default();
    let report = audit::verdicts(&world.store, &library, None, &mut seen).await.unwrap();
    assert_eq!((report.verdicts, report.ok()), (2, true), "{:?}", seen.0);

    // A rulebook that asked otherwise is found out by its own name: the program knows what it asks.
    let piece = world.folded(placed.pieces[0]).await;
    let (seq, settled) = piece.settlement().unwrap();
    let journal = || piece.history().iter().take(usize::try_from(seq).unwrap()).map(|one| one.as_ref().clone());
    let asked = |change: &dyn Fn(&mut touchstone::domain::looks::Looks)| {
        let mut journal: Vec<_> = journal().collect();
        let mut forged = settled.clone();
        change(forged.looks.as_mut().unwrap());
        journal.last_mut().unwrap().event = forged.into();
        let piece = touchstone::domain::piece::Piece::fold(journal).unwrap();
        touchstone::rulebook::asked_again(&library, &piece).unwrap()
    };
    assert_eq!(asked(&|_| ()), Ok(()));
    let drawn = asked(&|looks| looks.lot.as_mut().unwrap().place_ppm = 1);
    assert_eq!(drawn, Err(touchstone::rulebook::LooksDiffer::Because));
    assert_eq!(asked(&|looks| looks.lot = None), Err(touchstone::rulebook::LooksDiffer::Because));
    assert_eq!(asked(&|looks| looks.conduct_step = 3), Err(touchstone::rulebook::LooksDiffer::Because));
    assert_eq!(asked(&|looks| looks.agreed = false), Err(touchstone::rulebook::LooksDiffer::Disputes));
});
