//! The signed root over the heads of all journals.
//!
//! A chain proves that nothing inside a journal was changed; it cannot prove that its tail, or the whole journal, is
//! still there. So once a day the heads of all journals go into a Merkle tree, and its root is signed and kept elsewhere.
//! Against it a tail cut off, a journal deleted and a chain written anew are all found.
//!
//! The tree is that of RFC 6962: a leaf is SHA-256 of 0x00 and the head's canonical JSON, a node is SHA-256 of 0x01 and
//! its two children, and of *n* leaves the left side takes the largest power of two below *n*. Heads are sorted by
//! order, then stream. The export is JSON lines: the signed header, then one head a line, each line being the very bytes
//! that its leaf hashes.

use std::io::{self, BufRead, Read, Write};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    Hash,
    chain::{Head, instant, parse_instant},
    signature::{KeyId, Keyring, Signature, SignatureFault, Signer},
};

/// The `type` of a root's header.
pub const ROOT: &str = "touchstone-root/1";

/// No line of an export is longer; whoever sends a longer one wants to fill our memory.
const LONGEST_LINE: usize = 1024;

/// The root over all journals at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    pub at: Timestamp,
    pub journals: u64,
    pub root: Hash,
    pub key_id: KeyId,
    pub signature: Signature,
}

#[derive(Debug, thiserror::Error)]
pub enum RootFault {
    #[error("the export could not be read or written")]
    Io(#[from] io::Error),
    #[error("line {line} is not in the form of an export: {why}")]
    Malformed { line: u64, why: String },
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    #[error("line {line} is out of order: heads are sorted by order and stream, each once")]
    Unsorted { line: u64 },
    #[error("the header tells of {expected} journals, the export holds {found}")]
    CountDiffers { expected: u64, found: u64 },
    #[error("the heads add up to {found}, but {expected} was signed: a head was changed, added or left out")]
    RootDiffers { expected: Hash, found: Hash },
}

/// Two heads given out of order, or the same journal twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the journal {order_id} stream {stream_id} comes out of order: heads are sorted by order and stream, each once"
)]
pub struct Unsorted {
    pub order_id: Uuid,
    pub stream_id: u32,
}

/// The tree, built from a stream of heads in memory that grows with the logarithm of their number.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Roots of complete subtrees with the number of their leaves, largest first: the binary form of the count.
    complete: Vec<(u64, Hash)>,
    count: u64,
    last: Option<(Uuid, u32)>,
}

impl Tree {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn push(&mut self, head: &Head) -> Result<(), Unsorted> {
        let place = (head.order_id, head.stream_id);
        if self.last.is_some_and(|last| place <= last) {
            return Err(Unsorted { order_id: head.order_id, stream_id: head.stream_id });
        }
        self.last = Some(place);
        self.count += 1;
        let mut subtree = (1, leaf(line(head).as_bytes()));
        while let Some(left) = self.complete.pop_if(|(leaves, _)| *leaves == subtree.0) {
            subtree = (left.0 + subtree.0, node(left.1, subtree.1));
        }
        self.complete.push(subtree);
        Ok(())
    }

    pub fn journals(&self) -> u64 {
        self.count
    }

    /// The root of what was pushed; of nothing it is the hash of nothing, as in RFC 6962.
    pub fn root(&self) -> Hash {
        let subtrees = self.complete.iter().map(|(_, hash)| *hash);
        subtrees.rev().reduce(|right, left| node(left, right)).unwrap_or_else(|| Hash::of(""))
    }

    /// Signs the root. The instant is cut to the microsecond, as everything that is stored.
    pub fn sign(&self, at: Timestamp, signer: &Signer) -> Root {
        let at = Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at);
        let mut root = Root {
            at,
            journals: self.count,
            root: self.root(),
            key_id: signer.key_id(),
            signature: Signature([0; 64]),
        };
        root.signature = signer.sign(root.signed_bytes().as_bytes());
        root
    }
}

fn leaf(line: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(line).finalize().into())
}

fn node(left: Hash, right: Hash) -> Hash {
    Hash(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// A head as a line of the export. Nothing in it needs escaping, so this is its canonical form.
fn line(head: &Head) -> String {
    let Head { hash, order_id, seq, stream_id } = head;
    format!(r#"{{"hash":"{hash}","order_id":"{order_id}","seq":{seq},"stream_id":{stream_id}}}"#)
}

impl Root {
    /// The canonical header without its signature: the bytes that are signed.
    pub fn signed_bytes(&self) -> String {
        self.header("")
    }

    fn header(&self, signature: &str) -> String {
        let (at, journals, key_id, root) = (instant(self.at), self.journals, self.key_id, self.root);
        format!(
            r#"{{"at":"{at}","journals":{journals},"key_id":"{key_id}","root":"{root}"{signature},"type":"{ROOT}"}}"#
        )
    }

    /// The first line of an export.
    fn line(&self) -> String {
        self.header(&format!(r#","signature":"{}""#, self.signature))
    }

    /// Writes the export: the header, and behind it the heads, from their beginning.
    pub fn write_before(&self, heads: &mut impl Read, out: &mut impl Write) -> Result<(), RootFault> {
        writeln!(out, "{}", self.line())?;
        io::copy(heads, out)?;
        Ok(out.flush()?)
    }

    /// Checks that the root was signed by a key we believe; not yet that any heads add up to it.
    pub fn verify(&self, keys: &Keyring) -> Result<(), SignatureFault> {
        keys.verify(self.key_id, self.signed_bytes().as_bytes(), &self.signature)
    }
}

/// The header as it is read; what it says is compared with the line that it should have been.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Header {
    at: String,
    journals: u64,
    key_id: KeyId,
    root: Hash,
    signature: Signature,
    r#type: String,
}

/// Writes an export head by head. The header comes first and can be signed only when the last head was seen, so the
/// heads are written aside, and behind the header in the end.
#[derive(Debug)]
pub struct ExportWriter<W> {
    heads: W,
    tree: Tree,
}

impl<W: Write> ExportWriter<W> {
    /// Takes the place where the heads are written aside.
    pub fn new(heads: W) -> Self {
        Self { heads, tree: Tree::new() }
    }

    pub fn push(&mut self, head: &Head) -> Result<(), RootFault> {
        self.tree.push(head).map_err(|_| RootFault::Unsorted { line: self.tree.journals() + 2 })?;
        writeln!(self.heads, "{}", line(head))?;
        Ok(())
    }

    /// Signs what was pushed. The heads are given back as they were written: [`Root::write_before`] ends the export.
    pub fn sign(mut self, at: Timestamp, signer: &Signer) -> Result<(Root, W), RootFault> {
        self.heads.flush()?;
        Ok((self.tree.sign(at, signer), self.heads))
    }
}

fn adds_up(root: &Root, tree: &Tree) -> Result<(), RootFault> {
    if tree.journals() != root.journals {
        return Err(RootFault::CountDiffers { expected: root.journals, found: tree.journals() });
    }
    let found = tree.root();
    if found != root.root {
        return Err(RootFault::RootDiffers { expected: root.root, found });
    }
    Ok(())
}

/// Reads an export head by head. The header's signature is checked at once; the heads are proved only when the last was
/// read, so nothing may be said of a head to anybody before the iterator has ended without a fault.
#[derive(Debug)]
pub struct ExportReader<R: BufRead> {
    input: R,
    root: Root,
    tree: Tree,
    line: u64,
    ended: bool,
}

impl<R: BufRead> ExportReader<R> {
    pub fn new(mut input: R, keys: &Keyring) -> Result<Self, RootFault> {
        let malformed = |why: String| RootFault::Malformed { line: 1, why };
        let text = read_line(&mut input, 1)?.ok_or_else(|| malformed("the file is empty".to_owned()))?;
        let header: Header = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        let at = parse_instant(&header.at)
            .ok_or_else(|| malformed("`at` is not an instant in UTC with six decimals".to_owned()))?;
        let Header { journals, key_id, root, signature, .. } = header;
        let root = Root { at, journals, root, key_id, signature };
        if header.r#type != ROOT || root.line() != text {
            return Err(malformed(format!("it is not the canonical header of a {ROOT}")));
        }
        root.verify(keys)?;
        Ok(Self { input, root, tree: Tree::new(), line: 1, ended: false })
    }

    /// What was signed.
    pub fn root(&self) -> &Root {
        &self.root
    }

    fn next_head(&mut self) -> Result<Option<Head>, RootFault> {
        self.line += 1;
        let line_no = self.line;
        let Some(text) = read_line(&mut self.input, line_no)? else {
            adds_up(&self.root, &self.tree)?;
            return Ok(None);
        };
        let malformed = |why: String| RootFault::Malformed { line: line_no, why };
        let head: Head = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        if line(&head) != text {
            return Err(malformed("it is not canonical".to_owned()));
        }
        self.tree.push(&head).map_err(|_| RootFault::Unsorted { line: line_no })?;
        if self.tree.journals() > self.root.journals {
            return Err(RootFault::CountDiffers { expected: self.root.journals, found: self.tree.journals() });
        }
        Ok(Some(head))
    }
}

impl<R: BufRead> Iterator for ExportReader<R> {
    type Item = Result<Head, RootFault>;

    /// Ends after the last head or after the first fault.
    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = self.next_head().transpose();
        self.ended = !matches!(item, Some(Ok(_)));
        item
    }
}

fn read_line(input: &mut impl BufRead, line: u64) -> Result<Option<String>, RootFault> {
    let malformed = |why: &str| RootFault::Malformed { line, why: why.to_owned() };
    let mut bytes = Vec::new();
    input.take(LONGEST_LINE as u64 + 1).read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.pop_if(|last| *last == b'\n').is_none() {
        return Err(malformed(if bytes.len() > LONGEST_LINE { "it is too long" } else { "it breaks off" }));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| malformed("it is not UTF-8"))
}

/// Reads a whole export and answers its root, once everything in it is proved.
pub fn verify_export(input: impl BufRead, keys: &Keyring) -> Result<Root, RootFault> {
    let mut reader = ExportReader::new(input, keys)?;
    for head in &mut reader {
        head?;
    }
    Ok(reader.root)
}

/// What became of a journal since a root was signed over its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    #[error("the journal is gone")]
    JournalGone,
    #[error("it had {then} events when the root was signed, and has {now} now: its tail was cut off")]
    TailCut { then: u32, now: u32 },
    #[error("event {seq} hashed to {then} when the root was signed, and to {now} now: the journal was written anew")]
    WrittenAnew { seq: u32, then: Hash, now: Hash },
}

/// Compares a head of an export with the journal of today: the number of its events, and the hash of the event that has
/// the head's `seq`. The journal may have grown; that its chain holds is checked apart.
pub fn compare(then: &Head, events_now: u32, hash_now: Option<Hash>) -> Result<(), Loss> {
    match hash_now {
        _ if events_now == 0 => Err(Loss::JournalGone),
        Some(now) if events_now >= then.seq => {
            if now == then.hash {
                Ok(())
            } else {
                Err(Loss::WrittenAnew { seq: then.seq, then: then.hash, now })
            }
        }
        Some(_) | None => Err(Loss::TailCut { then: then.seq, now: events_now }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> Signer {
        Signer::from_seed(&[7; 32])
    }

    fn keys() -> Keyring {
        signer().public_key().into()
    }

    fn heads(count: u128) -> Vec<Head> {
        (0..count)
            .map(|n| Head {
                hash: Hash::of(n.to_be_bytes()),
                order_id: Uuid::from_u128(n / 3),
                seq: 1 + n as u32,
                stream_id: (n % 3) as u32,
            })
            .collect()
    }

    fn tree(heads: &[Head]) -> Tree {
        let mut tree = Tree::new();
        heads.iter().for_each(|head| tree.push(head).unwrap());
        tree
    }

    fn at() -> Timestamp {
        "2026-11-22T16:00:00.000001Z".parse().unwrap()
    }

    fn export(heads: &[Head]) -> String {
        let mut writer = ExportWriter::new(Vec::new());
        heads.iter().for_each(|head| writer.push(head).unwrap());
        let (root, lines) = writer.sign(at(), &signer()).unwrap();
        assert_eq!(root, tree(heads).sign(at(), &signer()));
        let mut export = Vec::new();
        root.write_before(&mut &lines[..], &mut export).unwrap();
        String::from_utf8(export).unwrap()
    }

    /// The definition of RFC 6962, section 2.1, word by word.
    fn by_definition(heads: &[Head]) -> Hash {
        match heads {
            [] => Hash::of(""),
            [head] => leaf(serde_json_canonicalizer::to_string(head).unwrap().as_bytes()),
            more => {
                let split = (more.len() - 1).ilog2();
                let (left, right) = more.split_at(1 << split);
                node(by_definition(left), by_definition(right))
            }
        }
    }

    #[test]
    fn the_streamed_tree_is_the_tree_by_definition() {
        let heads = heads(70);
        for count in 0..=heads.len() {
            let tree = tree(&heads[..count]);
            assert_eq!(tree.root(), by_definition(&heads[..count]), "{count} heads");
            assert_eq!(tree.journals(), count as u64);
        }
    }

    #[test]
    fn heads_come_sorted_and_once() {
        let heads = heads(3);
        let mut tree = tree(&heads);
        assert_eq!(tree.push(&heads[2]), Err(Unsorted { order_id: heads[2].order_id, stream_id: 2 }));
        assert!(tree.push(&heads[0]).is_err());
        assert_eq!(tree.root(), by_definition(&heads), "what was refused leaves no trace");
    }

    #[test]
    fn an_export_is_read_back_and_proved_with_the_public_key_alone() {
        for count in [0, 1, 2, 7] {
            let heads = heads(count);
            let text = export(&heads);
            let root = verify_export(text.as_bytes(), &keys()).unwrap();
            assert_eq!((root.at, u128::from(root.journals), root.root), (at(), count, by_definition(&heads)));
            let read: Result<Vec<Head>, _> = ExportReader::new(text.as_bytes(), &keys()).unwrap().collect();
            assert_eq!(read.unwrap(), heads);
        }
    }

    #[test]
    fn the_lines_are_canonical_json() {
        for line in export(&heads(2)).lines() {
            let value = serde_json::from_str(line).unwrap();
            assert!(super::super::canonical::is_canonical(line, &value), "{line}");
        }
    }

    #[test]
    fn nanoseconds_are_cut_before_they_are_signed() {
        let root = tree(&[]).sign("2026-11-22T16:00:00.123456789Z".parse().unwrap(), &signer());
        assert!(root.signed_bytes().starts_with(r#"{"at":"2026-11-22T16:00:00.123456Z""#));
        assert_eq!(Timestamp::from_microsecond(root.at.as_microsecond()).unwrap(), root.at);
        root.verify(&keys()).unwrap();
    }

    #[test]
    fn every_way_to_spoil_an_export_is_found() {
        let text = export(&heads(5));
        let lines: Vec<&str> = text.lines().collect();
        let joined = |lines: &[&str]| lines.iter().flat_map(|line| [line, "\n"]).collect::<String>();
        let check = |text: String, expected: &str| {
            let fault = verify_export(text.as_bytes(), &keys()).unwrap_err().to_string();
            assert!(fault.contains(expected), "{fault:?} does not say {expected:?}");
        };
        check(String::new(), "line 1 is not in the form of an export: the file is empty");
        check(joined(&lines[..5]), "tells of 5 journals, the export holds 4");
        check(joined(&[lines[0], lines[2], lines[3], lines[4], lines[5]]), "the export holds 4");
        check(joined(&[&lines[..], &[&lines[5].replace(":1}", ":2}")]].concat()), "the export holds 6");
        check(joined(&[lines[0], lines[2], lines[1], lines[3], lines[4], lines[5]]), "line 3 is out of order");
        check(joined(&[&lines[..], &lines[5..]].concat()), "line 7 is out of order");
        check(text.replace(r#""seq":3"#, r#""seq":2"#), "a head was changed, added or left out");
        check(text.replace(r#""seq":3"#, r#""seq": 3"#), "line 4 is not in the form of an export: it is not canonical");
        check(text.replace(r#""journals":5"#, r#""journals":4"#), "signature is not of these bytes");
        check(text.replace(".000001Z", ".000002Z"), "signature is not of these bytes");
        check(text.replace(".000001Z", ".00001Z"), "six decimals");
        check(text.replace(ROOT, "touchstone-capsule/1"), "not the canonical header");
        check(text[..text.len() - 1].to_owned(), "line 6 is not in the form of an export: it breaks off");
        check(format!("{}\n{}", lines[0], "x".repeat(5000)), "line 2 is not in the form of an export: it is too long");
        check(format!("{}\n\n", lines[0]), "line 2 is not in the form of an export");
        let stranger = Signer::from_seed(&[8; 32]).public_key().into();
        let fault = verify_export(text.as_bytes(), &stranger).unwrap_err();
        assert!(matches!(fault, RootFault::Signature(SignatureFault::UnknownKey(_))));
    }

    #[test]
    fn the_reader_ends_after_a_fault() {
        let text = export(&heads(3)).replace(r#""seq":2"#, r#""seq":0x"#);
        let mut reader = ExportReader::new(text.as_bytes(), &keys()).unwrap();
        assert!(reader.next().unwrap().is_ok());
        assert!(reader.next().unwrap().is_err());
        assert!(reader.next().is_none());
    }

    #[test]
    fn heads_out_of_order_are_not_exported() {
        let heads = heads(3);
        let mut writer = ExportWriter::new(Vec::new());
        writer.push(&heads[1]).unwrap();
        assert!(matches!(writer.push(&heads[0]), Err(RootFault::Unsorted { line: 3 })));
    }

    #[test]
    fn a_journal_is_compared_with_what_it_was() {
        let then = heads(5)[4];
        let other = Hash::of("other");
        assert_eq!(compare(&then, 5, Some(then.hash)), Ok(()));
        assert_eq!(compare(&then, 9, Some(then.hash)), Ok(()));
        assert_eq!(compare(&then, 0, None), Err(Loss::JournalGone));
        assert_eq!(compare(&then, 4, None), Err(Loss::TailCut { then: 5, now: 4 }));
        assert_eq!(compare(&then, 5, Some(other)), Err(Loss::WrittenAnew { seq: 5, then: then.hash, now: other }));
    }
}
