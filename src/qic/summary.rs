//! Counting rows, and the findings as a table that a spreadsheet opens.

use std::collections::BTreeMap;

use super::columns::Outcome;
use super::review::{Note, Reviewed};
use super::{BadRow, guarded};
use crate::domain::ledger::{Finding, Verdict};
use crate::rulebook::Language;

/// The headings of the findings.
pub const HEADINGS: [&str; 15] = [
    "row",
    "piece_code",
    "certificate_no",
    "outcome",
    "derived",
    "about",
    "part",
    "said",
    "finding",
    "asks",
    "rule",
    "clause",
    "reason",
    "flags",
    "rulebook",
];

/// What was counted of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub rows: u64,
    /// Rows that cannot be read.
    pub bad: u64,
    /// By what the warehouse decided and what the rulebook derives; none where nothing was concluded.
    pub rows_by: BTreeMap<(Outcome, Option<Verdict>), u64>,
    pub claims: u64,
    pub findings: BTreeMap<&'static str, u64>,
    pub notes: BTreeMap<Note, u64>,
    /// Breaches of the rules of speech, by rule.
    pub flags: BTreeMap<String, u64>,
}

impl Summary {
    pub fn add(&mut self, read: &Result<Reviewed, BadRow>) {
        self.rows += 1;
        let reviewed = match read {
            Ok(reviewed) => reviewed,
            Err(_) => {
                self.bad += 1;
                return;
            }
        };
        *self.rows_by.entry((reviewed.outcome, reviewed.derived)).or_default() += 1;
        for claim in &reviewed.claims {
            self.claims += 1;
            *self.findings.entry(claim.finding.as_str()).or_default() += 1;
            for flag in &claim.flags {
                *self.flags.entry(flag.to_string()).or_default() += 1;
            }
        }
        for note in &reviewed.notes {
            *self.notes.entry(*note).or_default() += 1;
        }
    }

    /// How many claims have a finding.
    pub fn found(&self, finding: Finding) -> u64 {
        self.findings.get(finding.as_str()).copied().unwrap_or_default()
    }

    /// How many rows the warehouse decided so.
    pub fn decided(&self, outcome: Outcome) -> u64 {
        self.rows_by.iter().filter(|((own, _), _)| *own == outcome).map(|(_, count)| count).sum()
    }
}

/// The lines of the findings for one row: one for each claim and note, one at the least. Every cell is guarded.
pub fn lines(row: u64, read: &Result<Reviewed, BadRow>, rulebook: &str, language: Language) -> Vec<Vec<String>> {
    let number = row.to_string();
    let guard = |cells: [&str; 15]| cells.iter().map(|cell| guarded(cell).into_owned()).collect::<Vec<_>>();
    let reviewed = match read {
        Ok(reviewed) => reviewed,
        Err(bad) => {
            let why = bad.to_string();
            return vec![guard([&number, "", "", "", "", "unreadable", "", "", "", "", "", "", &why, "", rulebook])];
        }
    };
    let derived = reviewed.derived.map_or("", Verdict::as_str);
    let (code, certificate) = (reviewed.piece_code.as_str(), reviewed.certificate_no.as_str());
    let outcome = reviewed.outcome.as_str();
    let mut lines = Vec::new();
    for claim in &reviewed.claims {
        let flags: Vec<_> = claim.flags.iter().map(|flag| flag.as_str()).collect();
        lines.push(guard([
            &number,
            code,
            certificate,
            outcome,
            derived,
            claim.kind.as_str(),
            claim.part.unwrap_or_default(),
            &claim.said,
            claim.finding.as_str(),
            claim.asks.as_str(),
            claim.rule.as_ref().map_or("", |rule| rule.as_str()),
            &claim.clause,
            &claim.reason,
            &flags.join(" "),
            rulebook,
        ]));
    }
    for note in &reviewed.notes {
        let (key, sentence) = (note.as_str(), note.sentence(language));
        lines.push(guard([
            &number,
            code,
            certificate,
            outcome,
            derived,
            "note",
            "",
            "",
            "",
            "",
            key,
            "",
            sentence,
            "",
            rulebook,
        ]));
    }
    if lines.is_empty() {
        let why = match language {
            Language::Zh => "尚无结论",
            Language::En => "nothing is concluded yet",
        };
        lines.push(guard([
            &number,
            code,
            certificate,
            outcome,
            derived,
            "row",
            "",
            "",
            "",
            "",
            "",
            "",
            why,
            "",
            rulebook,
        ]));
    }
    lines
}
