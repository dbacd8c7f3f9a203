//! Presented certificates (送检证书): one number belongs to one article. A number that is bound to another open piece
//! holds this one (套证); one of a closed piece, or of another piece of the same order, asks "the same article?" first
//! (`rulebook.md`, "Severity").
//!
//! Which piece a number is bound to stands in a register across orders. What was found there is an event of the piece
//! that presents it, and names neither the other piece nor whose it is: a journal is read by its own platform.

use serde::{Deserialize, Serialize};

use super::appraisal::PresentedCertificate;
use super::event::Event;
use super::piece::Piece;

/// Issuers under every name that certificates and sellers write. A row that is added later leaves older numbers under
/// the name that they were bound by, so a change here takes a migration of the register.
const ISSUERS: [(&str, &[&str]); 9] = [
    (
        "NGTC",
        &[
            "国检",
            "国检NGTC",
            "NGTC国检",
            "国检中心",
            "国家珠宝玉石质量检验检测中心",
            "国家珠宝玉石质量监督检验中心",
            "国家珠宝玉石首饰检验集团有限公司",
        ],
    ),
    ("NGDTC", &["国土", "国土资源部珠宝玉石首饰管理中心"]),
    ("GIA", &["美国宝石学院", "GEMOLOGICALINSTITUTEOFAMERICA"]),
    ("IGI", &["国际宝石学院", "INTERNATIONALGEMOLOGICALINSTITUTE"]),
    ("GIC", &["中国地质大学", "中国地质大学武汉珠宝检测中心"]),
    ("GTC", &["广东省珠宝玉石及贵金属检测中心"]),
    ("GRS", &["瑞士GRS"]),
    ("GÜBELIN", &["GUBELIN", "古柏林"]),
    ("SSEF", &["瑞士SSEF"]),
];

/// Body and number of a certificate as they are compared: full width, case, blanks, hyphens and other marks say nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateKey {
    body: String,
    number: String,
}

impl CertificateKey {
    pub fn new(body: &str, number: &str) -> Self {
        let body = plain(body);
        let known = ISSUERS.iter().find(|(issuer, names)| *issuer == body || names.contains(&body.as_str()));
        Self { body: known.map_or(body, |(issuer, _)| (*issuer).to_owned()), number: plain(number) }
    }

    pub fn of(presented: &PresentedCertificate) -> Self {
        Self::new(presented.body.as_str(), presented.number.as_str())
    }

    pub fn body(&self) -> &str {
        &self.body
    }

    pub fn number(&self) -> &str {
        &self.number
    }
}

/// Letters and digits alone, half width and in upper case.
fn plain(text: &str) -> String {
    text.chars().map(half_width).filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// The full-width forms stand in the same order as ASCII, from ！ to ～.
fn half_width(c: char) -> char {
    match c {
        '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{3000}' => ' ',
        '‐' | '‑' | '‒' | '–' | '—' | '−' => '-',
        other => other,
    }
}

/// A number as it is kept: half width and without blanks. Case and hyphens stay as they are printed.
pub fn written_number(text: &str) -> String {
    text.chars().map(half_width).filter(|c| !c.is_whitespace()).collect()
}

/// What else a number is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldBy {
    /// A piece of another order whose journey is not over: this one is held.
    OpenPiece,
    /// A piece that was returned, completed or otherwise closed.
    ClosedPiece,
    /// Another piece of the same order: of a pair, or the one that this piece follows.
    SameSet,
}

impl HeldBy {
    pub fn as_str(self) -> &'static str {
        match self {
            HeldBy::OpenPiece => "open_piece",
            HeldBy::ClosedPiece => "closed_piece",
            HeldBy::SameSet => "same_set",
        }
    }

    /// Whether somebody who looks at the piece can settle it, or two supervisors must.
    pub fn asks(self) -> bool {
        match self {
            HeldBy::OpenPiece => false,
            HeldBy::ClosedPiece | HeldBy::SameSet => true,
        }
    }
}

/// How a number that a piece presents stands, by the piece's own journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binding {
    /// Nothing is known against it.
    Free,
    /// The same article? Nobody has answered yet. `seq` is the event that asks.
    Asked { seq: i32, held_by: HeldBy },
    /// Somebody looked: it is the same article.
    Same,
    /// Bound to an open piece, or to an article that this is not.
    Other { held_by: HeldBy },
    /// Two supervisors lifted the quarantine.
    Lifted,
}

impl Binding {
    pub fn as_str(self) -> &'static str {
        match self {
            Binding::Free => "free",
            Binding::Asked { .. } => "asked",
            Binding::Same => "same_article",
            Binding::Other { .. } => "held",
            Binding::Lifted => "lifted",
        }
    }

    /// Whether what the register says is news to the journal. Who answered or lifted is not asked again.
    pub(super) fn is_news(self, found: HeldBy) -> bool {
        match self {
            Binding::Free => true,
            Binding::Asked { held_by, .. } => held_by != found,
            // Held for an open piece that has closed since: now somebody may look.
            Binding::Other { held_by } => held_by == HeldBy::OpenPiece && found != HeldBy::OpenPiece,
            Binding::Same | Binding::Lifted => false,
        }
    }
}

impl Piece {
    /// The certificates that were presented with it: the one that was declared, and those that the settled appraisals
    /// saw where they are others.
    pub fn presented(&self) -> Vec<&PresentedCertificate> {
        let declared = self.opened().declared.presented_certificate.as_ref();
        let mut presented: Vec<&PresentedCertificate> = declared.into_iter().collect();
        for seen in self.settled_all().into_iter().filter_map(|(_, appraisal)| appraisal.presented_certificate.as_ref())
        {
            if presented.iter().all(|known| CertificateKey::of(known) != CertificateKey::of(seen)) {
                presented.push(seen);
            }
        }
        presented
    }

    /// How a number stands.
    pub fn binding(&self, key: &CertificateKey) -> Binding {
        let mut binding = Binding::Free;
        for recorded in self.history() {
            match &recorded.event {
                Event::CertificateClashFound(found)
                    if CertificateKey::new(found.body.as_str(), found.number.as_str()) == *key =>
                {
                    binding = match found.held_by.asks() {
                        true => Binding::Asked { seq: recorded.seq, held_by: found.held_by },
                        false => Binding::Other { held_by: found.held_by },
                    };
                }
                Event::SameArticleAnswered(answer) => {
                    if let Binding::Asked { seq, held_by } = binding
                        && seq == answer.clash_seq
                    {
                        binding = if answer.same { Binding::Same } else { Binding::Other { held_by } };
                    }
                }
                Event::QuarantineLifted(_) if matches!(binding, Binding::Other { .. }) => binding = Binding::Lifted,
                _ => {} // No other event speaks of a certificate's number.
            }
        }
        binding
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one_however_it_is_written() {
        let check = |body: &str, number: &str, same: bool| {
            let is = CertificateKey::new(body, number) == CertificateKey::new("NGTC", "NG-26 0417a");
            assert_eq!(is, same, "{body} {number}");
        };
        check("NGTC", "NG260417A", true);
        check("ngtc", "ng-26-0417-a", true);
        check("ＮＧＴＣ", "ＮＧ－２６　０４１７Ａ", true);
        check("国检", "NG.26_0417A", true);
        check("国家珠宝玉石质量检验检测中心", "NG–260417A", true);
        check("国检（NGTC）", "NG260417A", true);
        check("GIA", "NG260417A", false);
        check("NGTC", "NG260417", false);
        // A letter is no digit, however alike.
        check("NGTC", "NG26O417A", false);
    }

    #[test]
    fn every_name_of_an_issuer_is_written_as_it_is_compared() {
        for (issuer, names) in ISSUERS {
            for name in names.iter().chain([&issuer]) {
                assert_eq!(plain(name), **name);
            }
        }
    }

    #[test]
    fn a_number_is_kept_in_half_width_and_as_it_is_printed() {
        assert_eq!(written_number(" ＮＧ 26－0417 "), "NG26-0417");
        assert_eq!(written_number("ng_26"), "ng_26");
    }
}
