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
