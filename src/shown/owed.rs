//! What is owed on an order, and what would come to be: the same words for the page and for the letters. Never called
//! paid before it is settled.

use jiff::Timestamp;

use super::view::Around;
use crate::desk::OrderView;
use crate::domain::deadline::OrderClock;
use crate::domain::obligation::{OwedRule, OwedState, Party};
use crate::domain::order::LineStatus;
use crate::domain::piece::Piece;
use crate::domain::route::Stage;
use crate::store::entity::obligations;
use crate::words::Words;

/// What somebody owes somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// The event of the order's journal by which it arose, and the last one on it.
    pub seq: i32,
    pub last_seq: i32,
    pub debtor: Party,
    pub creditor: Party,
    /// For what, in which state, and how much.
    pub said: String,
    /// The title of its line, where the order has several.
    pub title: Option<String>,
}

impl Owed {
    /// As one of the two reads it, or as somebody beside them.
    pub fn between(&self, words: &Words, reader: Option<Party>) -> String {
        let name = |party: Party| if reader == Some(party) { words.party_you() } else { words.party(party) };
        words.owed_between(name(self.debtor), name(self.creditor), self.said.as_str())
    }

    /// With the title of its line.
    pub fn titled(&self) -> String {
        match &self.title {
            Some(title) => format!("{title} · {}", self.said),
            None => self.said.clone(),
        }
    }
}

/// What the buyer is owed if nothing comes in a piece's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otherwise {
    /// What was paid.
    pub amount: String,
    /// Until when another may be sent, once that time runs.
    pub until: Option<String>,
}

impl Otherwise {
    /// As its buyer reads it.
    pub fn for_buyer(&self, words: &Words) -> String {
        match &self.until {
            Some(until) => words.owed_else_until(until.as_str(), self.amount.as_str()),
            None => words.owed_else(self.amount.as_str()),
        }
    }
}

impl Around<'_> {
    /// Everything that is owed on an order, in the order in which it arose.
    pub fn owed(&self, order: &OrderView) -> Vec<Owed> {
        let several = 1 < order.placed.lines.len();
        let one = |row: &obligations::Model| {
            let line = order.placed.lines.iter().find(|line| line.line_no == row.line_no && several);
            self.told(row, line.and_then(|line| self.sources.text(Some(&line.title))))
        };
        let mut owed: Vec<Owed> = self.obligations.iter().filter_map(one).collect();
        owed.sort_by_key(|one| one.seq);
        owed
    }

    /// What is owed for a piece, or for its line.
    pub(super) fn owed_for(&self, piece: &Piece) -> Vec<Owed> {
        let opened = piece.opened();
        let stream = self.streams.iter().find(|row| row.code == opened.code.as_str()).map(|row| row.stream_id);
        let is_its = |row: &&obligations::Model| {
            row.line_no == opened.line_no && (row.stream_id.is_none() || row.stream_id == stream)
        };
        self.obligations.iter().filter(is_its).filter_map(|row| self.told(row, None)).collect()
    }

    fn told(&self, row: &obligations::Model, title: Option<String>) -> Option<Owed> {
        let (rule, state) = (OwedRule::parse(&row.rule)?, OwedState::parse(&row.state)?);
        Some(Owed {
            seq: row.seq,
            last_seq: row.last_seq,
            debtor: Party::parse(&row.debtor)?,
            creditor: Party::parse(&row.creditor)?,
            said: self.sources.words.owed(rule, state, row.amount, &row.currency),
            title,
        })
    }

    /// What its buyer is owed if nothing comes in the place of a piece that does not: while the merchant may still do
    /// something about it, and as long as the price is not owed already.
    pub(super) fn otherwise(&self, order: &OrderView, piece: &Piece) -> Option<Otherwise> {
        let opened = piece.opened();
        let line_no = opened.line_no;
        let open = piece.stage() == Stage::Failed && !piece.standing().flagged()
            || piece.line_status() == LineStatus::Resubmission;
        let follows = |other: &Piece| other.opened().line_no == line_no && opened.attempt < other.opened().attempt;
        let is_refund = |row: &obligations::Model| {
            row.line_no == line_no
                && row.rule == OwedRule::RefundInFull.as_str()
                && row.state != OwedState::Reversed.as_str()
        };
        if !open
            || opened.price.amount == 0
            || order.pieces.iter().any(follows)
            || self.obligations.iter().any(is_refund)
        {
            return None;
        }
        let clock = OrderClock::Resubmission { line_no }.to_string();
        let until = self.deadlines.iter().find(|row| row.stream_id == 0 && row.kind == clock);
        let until = until.and_then(|row| Timestamp::from_microsecond(row.due_at).ok());
        Some(Otherwise {
            amount: self.sources.words.money(opened.price.amount, opened.price.currency.as_str()),
            until: until.map(|at| self.clock.minute(at)),
        })
    }
}
