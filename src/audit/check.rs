//! `journal check`: whether what is stored is what happened.
//!
//! Three things are held against each other: the journals in themselves (bodies, hashes, chains, the machine), the rows
//! that stand beside them (heads, registers, capsules, roots), and, where one is given, an exported root of an earlier
//! day. The first two find a changed byte; only the third finds a tail that was cut off with its projections, a journal
//! that was deleted with every row that names it, and a chain that was written anew from the beginning.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use jiff::Timestamp;
use uuid::Uuid;

use super::journal::{Fold, Released, Walk};
use super::witness::contradicted;
use super::{Error, Finding, PAGE, Watch, Wrong};
use crate::capsule::Hash;
use crate::capsule::chain::{Head, instant};
use crate::capsule::credential::{self, Capsule};
use crate::capsule::keys::KeySet;
use crate::capsule::root::{ExportReader, Loss, Root, verify_export};
use crate::capsule::signature::Signature;
use crate::domain::ids::{StreamId, StreamKey};
use crate::store::beside::{self, Table};
use crate::store::entity::{capsules, events, roots};
use crate::store::{self, Snapshot, Store, journal, lookups};

/// What a check has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub events: u64,
    pub journals: u64,
    pub capsules: u64,
    pub roots: u64,
    /// Journals of the exported root that were found again, or missed.
    pub compared: u64,
    pub findings: u64,
}

impl Report {
    /// Whether everything is as it should be.
    pub fn ok(&self) -> bool {
        self.findings == 0
    }
}

/// Checks everything that is stored, against an exported root of an earlier day if one is given.
pub async fn check(
    store: &Store,
    keys: &KeySet,
    against: Option<&Path>,
    watch: &mut dyn Watch,
) -> Result<Report, Error> {
    let then = against.map(|path| Then::open(path, keys)).transpose()?;
    let snapshot = store.snapshot().await?;
    let mut check = Check { conn: &snapshot, keys, watch, then, report: Report::default() };
    check.journals().await?;
    check.rows_without_journals().await?;
    check.roots().await?;
    Ok(check.report)
}

/// The heads of an exported root, one after the other. Files are read where one stands: a line of it is some hundred
/// bytes, and nobody else waits for this thread.
struct Then {
    heads: std::iter::Peekable<ExportReader<BufReader<File>>>,
    root: Root,
}

impl Then {
    /// Nothing may be said of a head before the whole export is proved, so it is read twice.
    fn open(path: &Path, keys: &KeySet) -> Result<Self, Error> {
        let root = verify_export(BufReader::new(File::open(path)?), keys.roots())?;
        let heads = ExportReader::new(BufReader::new(File::open(path)?), keys.roots())?.peekable();
        Ok(Self { heads, root })
    }

    /// The next head, where it belongs to this journal or to one before it.
    fn next_up_to(&mut self, key: Option<(Uuid, u32)>) -> Result<Option<Head>, Error> {
        let due = |head: &Head| key.is_none_or(|key| (head.order_id, head.stream_id) <= key);
        let next = self.heads.next_if(|head| head.as_ref().map_or(true, due));
        Ok(next.transpose()?)
    }
}

/// A row of a page, or the place of one that cannot be read.
enum Found {
    Event(Box<events::Model>),
    Unreadable(StreamKey, i32, String),
}

impl Found {
    fn place(&self) -> (StreamKey, i32) {
        match self {
            Found::Event(row) => (journal::key_of(row), row.seq),
            Found::Unreadable(key, seq, _) => (*key, *seq),
        }
    }
}

struct Check<'a> {
    conn: &'a Snapshot,
    keys: &'a KeySet,
    watch: &'a mut dyn Watch,
    then: Option<Then>,
    report: Report,
}

impl Check<'_> {
    fn found(&mut self, finding: Finding) {
        self.report.findings += 1;
        self.watch.found(&finding);
    }

    async fn journals(&mut self) -> Result<(), Error> {
        let total = journal::count(&**self.conn).await?;
        let mut walk: Option<Walk> = None;
        let mut walked = Vec::new();
        let mut after = None;
        let mut order = None;
        loop {
            let page = self.page(after).await?;
            let Some(last) = page.back() else { break };
            after = Some(last.place());
            for row in page {
                let (key, _) = row.place();
                if walk.as_ref().is_none_or(|walk| walk.key != key) {
                    walked.extend(walk.take());
                    // An order's own journal is the first of its streams.
                    if order != Some(key.order_id) && key.stream_id != StreamId::ORDER {
                        self.found(Finding::of(key, None, Wrong::OrderGone));
                    }
                    order = Some(key.order_id);
                    walk = Some(self.begin(key)?);
                }
                self.report.events += 1;
                let Some(walk) = &mut walk else { continue };
                match row {
                    Found::Event(row) => walk.push(&row, &mut |finding| self.found(finding)),
                    Found::Unreadable(_, seq, why) => {
                        walk.push_unreadable(seq, why, &mut |finding| self.found(finding));
                    }
                }
            }
            self.compare(std::mem::take(&mut walked)).await?;
            self.watch.progress(self.report.events, total);
        }
        self.compare(walk.into_iter().collect()).await?;
        self.missing_up_to(None)?;
        Ok(())
    }

    /// A page of events. Where one cannot be read as a row, each is read by itself, so that it is known which.
    async fn page(&mut self, after: Option<(StreamKey, i32)>) -> Result<VecDeque<Found>, Error> {
        match journal::page(&**self.conn, after, PAGE).await {
            Ok(rows) => return Ok(rows.into_iter().map(|row| Found::Event(Box::new(row))).collect()),
            Err(store::Error::Broken(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let mut page = VecDeque::new();
        for (key, seq) in journal::places(&**self.conn, after, PAGE).await? {
            match journal::event(&**self.conn, key, seq).await {
                Ok(row) => page.extend(row.map(|row| Found::Event(Box::new(row)))),
                Err(error @ store::Error::Broken(_)) => {
                    page.push_back(Found::Unreadable(key, seq, error.to_string()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(page)
    }

    fn begin(&mut self, key: StreamKey) -> Result<Walk, Error> {
        self.report.journals += 1;
        let then = self.missing_up_to(Some(key))?;
        Ok(Walk::new(key, then))
    }

    /// Says which journals of the exported root are gone, up to this one; answers its own head.
    fn missing_up_to(&mut self, key: Option<StreamKey>) -> Result<Option<Head>, Error> {
        // No export holds a stream below zero.
        let place = key.map(|key| (key.order_id.0, u32::try_from(key.stream_id.0).unwrap_or(0)));
        loop {
            let Some(then) = &mut self.then else { return Ok(None) };
            let Some(head) = then.next_up_to(place)? else { return Ok(None) };
            self.report.compared += 1;
            if Some((head.order_id, head.stream_id)) == place {
                return Ok(Some(head));
            }
            let stream_id = i32::try_from(head.stream_id).unwrap_or(i32::MAX);
            let gone = journal::stream_key(head.order_id, stream_id);
            self.found(Finding::of(gone, i32::try_from(head.seq).ok(), Wrong::Lost(Loss::JournalGone)));
        }
    }

    /// Holds journals against the rows beside them.
    async fn compare(&mut self, walked: Vec<Walk>) -> Result<(), Error> {
        if walked.is_empty() {
            return Ok(());
        }
        let conn = &**self.conn;
        let mut ids: Vec<_> = walked.iter().map(|walk| walk.key.order_id.0).collect();
        ids.dedup();
        let (mut codes, mut numbers) = (Vec::new(), Vec::new());
        for walk in &walked {
            match &walk.fold {
                Fold::Piece(piece) => codes.push(piece.opened().code.to_string()),
                Fold::Order(placed) => numbers.push((placed.tenant_id.as_str(), placed.order_no.as_str())),
                Fold::Nothing | Fold::Case(_) | Fold::Broken => {}
            }
        }
        let cases = beside::cases_of(conn, &ids).await?;
        let cases: HashMap<_, _> =
            cases.into_iter().map(|row| (journal::stream_key(row.order_id, row.stream_id), row)).collect();
        let decisions = beside::case_decisions(conn, &ids).await?;
        let orders = beside::orders_of(conn, &ids).await?;
        let orders: HashMap<_, _> = orders.into_iter().map(|row| (row.order_id, row)).collect();
        let pieces = beside::pieces_of(conn, &ids).await?;
        let pieces: HashMap<_, _> =
            pieces.into_iter().map(|row| (journal::stream_key(row.order_id, row.stream_id), row)).collect();
        let codes = beside::piece_codes(conn, &codes).await?;
        let codes: HashMap<_, _> =
            codes.into_iter().map(|row| (row.code, journal::stream_key(row.order_id, row.stream_id))).collect();
        let mut known = HashMap::new();
        for numbers in numbers.chunks(100) {
            let rows = lookups::order_nos(conn, numbers).await?;
            known.extend(rows.into_iter().map(|row| ((row.tenant_id, row.order_no), row.order_id)));
        }
        let mut capsules: HashMap<StreamKey, Vec<capsules::Model>> = HashMap::new();
        for row in beside::capsules_of(conn, &ids).await? {
            capsules.entry(journal::stream_key(row.order_id, row.stream_id)).or_default().push(row);
        }
        for walk in &walked {
            let (head, table) = match &walk.fold {
                _ if walk.key.stream_id == StreamId::ORDER => {
                    (orders.get(&walk.key.order_id.0).map(|row| (row.head_seq, &row.head_hash)), "orders")
                }
                Fold::Case(_) => (cases.get(&walk.key).map(|row| (row.head_seq, &row.head_hash)), "cases"),
                Fold::Nothing | Fold::Order(_) | Fold::Piece(_) | Fold::Broken => {
                    (pieces.get(&walk.key).map(|row| (row.head_seq, &row.head_hash)), "pieces")
                }
            };
            match head {
                None => self.found(Finding::of(walk.key, None, Wrong::RowGone(table))),
                Some((seq, hash)) if seq != walk.seq || *hash != walk.hash => {
                    self.found(Finding::of(walk.key, Some(walk.seq), Wrong::Head(table)));
                }
                Some(_) => {}
            }
            match &walk.fold {
                Fold::Piece(piece) => {
                    let code = piece.opened().code.as_str();
                    if codes.get(code) != Some(&walk.key) {
                        self.found(Finding::of(walk.key, Some(1), Wrong::RowGone("piece_codes")));
                    }
                    if pieces.get(&walk.key).is_some_and(|row| row.code != code) {
                        self.found(Finding::of(walk.key, Some(1), Wrong::RowGone("pieces")));
                    }
                }
                Fold::Order(placed) => {
                    let number = (placed.tenant_id.to_string(), placed.order_no.to_string());
                    if known.get(&number) != Some(&walk.key.order_id.0) {
                        self.found(Finding::of(walk.key, Some(1), Wrong::RowGone("order_nos")));
                    }
                }
                Fold::Nothing | Fold::Case(_) | Fold::Broken => {}
            }
            let rows = capsules.remove(&walk.key).unwrap_or_default();
            // A case withdraws what the piece's own journal has long left behind.
            let by_case = |at: i64| decisions.contains(&(walk.key.order_id.0, at));
            self.capsules(walk, rows, by_case);
            if let Some(finding) = walk.loss() {
                self.found(finding);
            }
        }
        Ok(())
    }

    /// Holds the capsules of a piece against the events that issued them.
    fn capsules(&mut self, walk: &Walk, rows: Vec<capsules::Model>, by_case: impl Fn(i64) -> bool) {
        // Of a journal that broke off, not every release is known.
        let whole = !matches!(walk.fold, Fold::Broken);
        for released in &walk.released {
            if !rows.iter().any(|row| row.seq == released.seq) {
                self.found(Finding::of(walk.key, Some(released.seq), Wrong::CapsuleGone));
            }
        }
        for row in rows {
            self.report.capsules += 1;
            let released = walk.released.iter().find(|released| released.seq == row.seq);
            let wrong = match (credential::verify(&row.credential, self.keys, None), released) {
                (Err(fault), _) => Some(Wrong::CapsuleForged(fault.to_string())),
                (Ok(_), None) => whole.then_some(Wrong::CapsuleUnfounded),
                (Ok(capsule), Some(released)) => {
                    let lenient = !whole || row.revoked_at.is_some_and(&by_case);
                    differs(&row, &capsule, released, !lenient).map(Wrong::CapsuleDiffers)
                }
            };
            if let Some(wrong) = wrong {
                self.found(Finding::of(walk.key, Some(row.seq), wrong));
            }
        }
    }

    async fn rows_without_journals(&mut self) -> Result<(), Error> {
        for table in Table::ALL {
            let mut after = None;
            loop {
                let gone = table.without_journal(&**self.conn, after, PAGE).await?;
                let Some(last) = gone.last() else { break };
                after = Some(*last);
                for key in gone {
                    self.found(Finding::of(key, None, Wrong::JournalGone(table.as_str())));
                }
            }
        }
        Ok(())
    }

    async fn roots(&mut self) -> Result<(), Error> {
        let wanted = self.then.as_ref().map(|then| then.root.clone());
        let mut known = false;
        let mut after = None;
        loop {
            let page = beside::roots(&**self.conn, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.at);
            for row in &page {
                self.report.roots += 1;
                match read_root(self.keys, row) {
                    Ok(root) => known |= wanted.as_ref() == Some(&root),
                    Err(why) => {
                        let at = Timestamp::from_microsecond(row.at).map_or_else(|_| row.at.to_string(), instant);
                        self.found(Finding::of_root(Wrong::RootForged { at, why }));
                    }
                }
            }
        }
        if let Some(wanted) = wanted.filter(|_| !known) {
            self.found(Finding::of_root(Wrong::RootGone(instant(wanted.at))));
        }
        Ok(())
    }
}

/// Where a capsule that we have signed does not belong to the event beside which it lies.
fn differs(row: &capsules::Model, capsule: &Capsule, released: &Released, whole: bool) -> Option<String> {
    let subject = &capsule.subject;
    let journal = &subject["journal"];
    if journal["events"] != released.seq || journal["head"] != released.hash.to_string() {
        return Some("it closes another journal".to_owned());
    }
    if capsule.certificate_code != released.code || row.certificate_code != released.code {
        return Some("its number is another's".to_owned());
    }
    if row.issued_at != released.at || capsule.valid_from.as_microsecond() != released.at {
        return Some("it was issued at another time".to_owned());
    }
    if i64::from(row.status_place) != i64::from(capsule.status_index) {
        return Some("its place in the status list is another's".to_owned());
    }
    if let Some(name) = released.facts.as_ref().and_then(|facts| contradicted(subject, facts)) {
        return Some(format!("it says something else of {name}"));
    }
    let revoked = match (row.revoked_at, released.revoked_at) {
        (row, Some(at)) => row == Some(at),
        // What came after the fault in a broken journal is not known.
        (Some(_), None) => !whole,
        (None, None) => true,
    };
    (!revoked).then(|| "it stands where it was revoked, or is revoked where it stands".to_owned())
}

fn read_root(keys: &KeySet, row: &roots::Model) -> Result<Root, String> {
    let root = Root {
        at: Timestamp::from_microsecond(row.at).map_err(|error| error.to_string())?,
        journals: u64::try_from(row.journals).map_err(|error| error.to_string())?,
        root: Hash::try_from(row.root.as_slice()).map_err(|fault| fault.to_string())?,
        key_id: row.key_id.parse().map_err(|fault: crate::capsule::signature::SignatureFault| fault.to_string())?,
        signature: Signature::try_from(row.signature.as_slice()).map_err(|fault| fault.to_string())?,
    };
    root.verify(keys.roots()).map_err(|fault| fault.to_string())?;
    Ok(root)
}
