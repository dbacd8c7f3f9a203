//! One journal on its way past the auditor, event by event.

use std::sync::Arc;

use serde_json::Value;

use super::{Finding, Wrong};
use crate::capsule::chain::{self, Head, Verifier};
use crate::capsule::{Hash, root};
use crate::desk::{capsule_of, recorded};
use crate::domain::cases::Case;
use crate::domain::conduct::Record;
use crate::domain::event::{Event, OrderPlaced, Recorded};
use crate::domain::ids::{StreamId, StreamKey};
use crate::domain::obligation::Account;
use crate::domain::piece::Piece;
use crate::domain::route::Stage;
use crate::store::entity::events;

/// What a journal folds to, as far as it was read.
pub enum Fold {
    Nothing,
    Order(Arc<OrderPlaced>),
    Piece(Box<Piece>),
    Case(Box<Case>),
    /// What comes after a fault cannot be judged; it was said where the fault is.
    Broken,
}

/// An event that released a piece, and what became of its capsule.
pub struct Released {
    pub seq: i32,
    pub hash: Hash,
    pub code: String,
    pub at: i64,
    pub revoked_at: Option<i64>,
    /// What its capsule must say of the piece; none where the journal does not bear a release.
    pub facts: Option<Value>,
}

/// A journal as far as it was read.
pub struct Walk {
    pub key: StreamKey,
    pub fold: Fold,
    pub released: Vec<Released>,
    /// The last event by its columns.
    pub seq: i32,
    pub hash: Vec<u8>,
    /// What stands in the order's own journal of what is owed, and of faults.
    pub account: Account,
    pub record: Record,
    verifier: Option<Verifier>,
    events: u32,
    then: Option<Head>,
    hash_then: Option<Hash>,
}

impl Walk {
    /// `then` is the head that the journal had when a root was signed.
    pub fn new(key: StreamKey, then: Option<Head>) -> Self {
        // A stream below zero is nobody's: no event's body can say it.
        let stream = u32::try_from(key.stream_id.0).unwrap_or(u32::MAX);
        Self {
            key,
            fold: Fold::Nothing,
            released: Vec::new(),
            seq: 0,
            hash: Vec::new(),
            account: Account::default(),
            record: Record::default(),
            verifier: Some(Verifier::of(key.order_id.0, stream)),
            events: 0,
            then,
            hash_then: None,
        }
    }

    /// Takes the next row.
    pub fn push(&mut self, row: &events::Model, found: &mut dyn FnMut(Finding)) {
        let mut wrong = |wrong| found(Finding::of(self.key, Some(row.seq), wrong));
        self.events = self.events.saturating_add(1);
        self.seq = row.seq;
        self.hash.clone_from(&row.hash);
        if self.then.is_some_and(|then| i64::from(then.seq) == i64::from(row.seq)) {
            self.hash_then = Some(chain::hash(&row.body));
        }
        let chained = match (&mut self.verifier, Hash::try_from(row.hash.as_slice())) {
            (None, _) => false, // Said before: the first fault in a chain stands for those that follow from it.
            (Some(_), Err(fault)) => {
                wrong(Wrong::Row(fault.to_string()));
                false
            }
            (Some(verifier), Ok(hash)) => match verifier.push(&row.body, hash) {
                Ok(_) => true,
                Err(broken) => {
                    wrong(Wrong::Chain(broken.fault));
                    false
                }
            },
        };
        if !chained {
            self.verifier = None;
            self.fold = Fold::Broken;
        }
        match recorded::read(row) {
            Ok(read) => {
                columns(row, &read.recorded).for_each(|column| wrong(Wrong::Column(column)));
                if let Err(wrong) = self.fold(read) {
                    found(Finding::of(self.key, Some(row.seq), wrong));
                    self.fold = Fold::Broken;
                }
            }
            Err(error) => {
                if chained {
                    wrong(Wrong::Unreadable(error.to_string()));
                }
                self.fold = Fold::Broken;
            }
        }
    }

    /// A row of this journal that cannot be read at all.
    pub fn push_unreadable(&mut self, seq: i32, why: String, found: &mut dyn FnMut(Finding)) {
        found(Finding::of(self.key, Some(seq), Wrong::Row(why)));
        self.events = self.events.saturating_add(1);
        self.verifier = None;
        self.fold = Fold::Broken;
    }

    fn fold(&mut self, read: recorded::Read) -> Result<(), Wrong> {
        let recorded = read.recorded;
        let (seq, at) = (recorded.seq, recorded.at.as_microsecond());
        let code = match &recorded.event {
            Event::Released(released) => Some(released.certificate_code.to_string()),
            _ => None, // No other event issues a capsule.
        };
        let had = self.capsule_stands();
        self.fold = match (std::mem::replace(&mut self.fold, Fold::Broken), self.key.stream_id) {
            (Fold::Broken, _) => return Ok(()),
            (Fold::Nothing, StreamId::ORDER) => match recorded.event {
                Event::OrderPlaced(placed) => Fold::Order(Arc::new(placed)),
                _ => return Err(Wrong::NotAnOrder), // An order has one beginning.
            },
            (Fold::Order(placed), _) if is_of_order(&recorded.event) => {
                let followed = self.account.follow(&recorded).and_then(|()| self.record.follow(&recorded));
                followed.map_err(|unfounded| Wrong::Replay(unfounded.to_string()))?;
                Fold::Order(placed)
            }
            (Fold::Order(_), _) => return Err(Wrong::NotAnOrder),
            (Fold::Nothing, _) if matches!(recorded.event, Event::CaseOpened(_)) => {
                let case = Case::fold([recorded]).ok_or_else(|| Wrong::Replay("a case begins otherwise".to_owned()))?;
                Fold::Case(Box::new(case))
            }
            (Fold::Case(mut case), _) => {
                let kind = recorded.event.kind();
                case.apply(&recorded).ok_or_else(|| Wrong::Replay(format!("{kind} does not follow in a case")))?;
                Fold::Case(case)
            }
            (Fold::Nothing, _) => {
                Fold::Piece(Box::new(Piece::fold([recorded]).map_err(|corrupt| Wrong::Replay(corrupt.to_string()))?))
            }
            (Fold::Piece(mut piece), _) => {
                piece.apply(Arc::new(recorded)).map_err(|corrupt| Wrong::Replay(corrupt.to_string()))?;
                Fold::Piece(piece)
            }
        };
        if had
            && !self.capsule_stands()
            && self.stage() != Some(Stage::Outbound)
            && let Some(last) = self.released.last_mut()
        {
            last.revoked_at = Some(at);
        }
        if let Some(code) = code {
            let facts = match &self.fold {
                Fold::Piece(piece) => capsule_of::facts(piece, read.hash),
                Fold::Nothing | Fold::Order(_) | Fold::Case(_) | Fold::Broken => None,
            };
            self.released.push(Released { seq, hash: read.hash, code, at, revoked_at: None, facts });
        }
        Ok(())
    }

    fn stage(&self) -> Option<Stage> {
        match &self.fold {
            Fold::Piece(piece) => Some(piece.stage()),
            Fold::Nothing | Fold::Order(_) | Fold::Case(_) | Fold::Broken => None,
        }
    }

    fn capsule_stands(&self) -> bool {
        match &self.fold {
            Fold::Piece(piece) => piece.standing().release().is_some(),
            Fold::Nothing | Fold::Order(_) | Fold::Case(_) | Fold::Broken => false,
        }
    }

    /// What was lost since the root was signed, once all events were taken.
    pub fn loss(&self) -> Option<Finding> {
        let then = self.then?;
        let loss = root::compare(&then, self.events, self.hash_then).err()?;
        Some(Finding::of(self.key, i32::try_from(then.seq).ok(), Wrong::Lost(loss)))
    }
}

/// The events of an order's own journal behind its first.
fn is_of_order(event: &Event) -> bool {
    matches!(
        event,
        Event::RestAsked(_)
            | Event::RestWanted(_)
            | Event::RestDeclined(_)
            | Event::PersonErased(_)
            | Event::ObligationArose(_)
            | Event::ObligationReversed(_)
            | Event::ObligationAmountSet(_)
            | Event::ObligationSettled(_)
            | Event::IncidentConfirmed(_)
            | Event::IncidentWithdrawn(_)
            | Event::LessonRead(_)
            | Event::StepAppealed(_)
            | Event::StepAppealDecided(_)
            | Event::StepLifted(_)
            | Event::LineFailed(_)
            | Event::LineCancelled(_)
            | Event::NoticeAccepted(_)
            | Event::DeadlineMoved(_)
    )
}

/// The columns that do not repeat the body. Order and stream are held against it by the chain.
fn columns<'a>(row: &'a events::Model, recorded: &'a Recorded) -> impl Iterator<Item = &'static str> + use<'a> {
    [
        ("seq", row.seq == recorded.seq),
        ("kind", row.kind == recorded.event.kind().as_str()),
        ("person_id", row.person_id == recorded.person.map(|person| person.0)),
        ("at", row.at == recorded.at.as_microsecond()),
    ]
    .into_iter()
    .filter(|(_, repeats)| !repeats)
    .map(|(column, _)| column)
}
