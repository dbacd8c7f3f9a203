//! A merchant's conduct (`conduct.csv`): confirmed faults, each an event of the order in which it happened, and what was
//! said of them since. Which step they lead to is the rulebook's to say, from all of a merchant's orders.

use jiff::Timestamp;

use super::event::{Event, IncidentConfirmed, Recorded};
use super::ids::{IncidentId, StreamId};
use super::obligation::{Unfounded, named};
use serde::{Deserialize, Serialize};

named! {
    /// What a merchant did wrong.
    IncidentKind {
        /// Sent later than promised.
        Late "late"
        /// Not sent at all.
        NoShow "no_show"
        /// A suspicion of counterfeit that two supervisors, or a case, upheld.
        Counterfeit "counterfeit"
        /// Not as described, and the appeal lapsed or was refused.
        MisDescribed "mis_described"
        /// Said or listed what a rule of speech forbids.
        SpeechBreach "speech_breach"
    }
}

named! {
    /// What became of an appeal against the step that an incident led to.
    AppealState { Open "open" Granted "granted" Refused "refused" }
}

/// What makes two incidents the same one.
pub type IncidentKey = (IncidentKind, StreamId);

impl IncidentConfirmed {
    pub fn key(&self) -> IncidentKey {
        (self.kind, self.stream_id)
    }
}

/// One incident, folded.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// The place of `incident_confirmed` in the order's journal.
    pub seq: i32,
    pub at: Timestamp,
    pub confirmed: IncidentConfirmed,
    /// It no longer counts: what it rested on fell away, or an appeal was granted.
    pub withdrawn_at: Option<Timestamp>,
    /// The merchant confirmed that they read the lesson.
    pub read_at: Option<Timestamp>,
    pub appeal: Option<AppealState>,
    /// The platform decided that the recommendation is done with.
    pub lifted_at: Option<Timestamp>,
    /// The place of the last event on it.
    pub last_seq: i32,
}

/// The confirmed faults of one order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    incidents: Vec<Incident>,
}

impl Record {
    /// Takes the next event of the order's journal; those of other matters change nothing.
    ///
    /// # Errors
    ///
    /// Where it is about an incident that is not there, or that does not stand as the event needs it.
    pub fn follow(&mut self, recorded: &Recorded) -> Result<(), Unfounded> {
        let (seq, at) = (recorded.seq, recorded.at);
        let unfounded = Unfounded { seq };
        match &recorded.event {
            Event::IncidentConfirmed(confirmed) => {
                if self.stands(confirmed.key()).is_some() || self.find(confirmed.id).is_some() {
                    return Err(unfounded);
                }
                self.incidents.push(Incident {
                    seq,
                    at,
                    confirmed: confirmed.clone(),
                    withdrawn_at: None,
                    read_at: None,
                    appeal: None,
                    lifted_at: None,
                    last_seq: seq,
                });
            }
            Event::IncidentWithdrawn(withdrawn) => {
                let one = self.standing(withdrawn.id, seq).ok_or(unfounded)?;
                one.withdrawn_at = Some(at);
            }
            Event::LessonRead(read) => {
                let one = self.standing(read.id, seq).filter(|one| one.read_at.is_none()).ok_or(unfounded)?;
                one.read_at = Some(at);
            }
            Event::StepAppealed(appealed) => {
                let one = self.standing(appealed.id, seq).filter(|one| one.appeal.is_none()).ok_or(unfounded)?;
                one.appeal = Some(AppealState::Open);
            }
            Event::StepAppealDecided(decided) => {
                let is_open = |one: &&mut Incident| one.appeal == Some(AppealState::Open);
                let one = self.standing(decided.id, seq).filter(is_open).ok_or(unfounded)?;
                if decided.granted {
                    one.appeal = Some(AppealState::Granted);
                    one.withdrawn_at = Some(at);
                } else {
                    one.appeal = Some(AppealState::Refused);
                }
            }
            Event::StepLifted(lifted) => {
                let one = self.standing(lifted.id, seq).filter(|one| one.lifted_at.is_none()).ok_or(unfounded)?;
                one.lifted_at = Some(at);
            }
            _ => {} // The order's other events say nothing of conduct.
        }
        Ok(())
    }

    /// The one that still counts, touched by an event. A journal with an event that is refused is not read any further.
    fn standing(&mut self, id: IncidentId, seq: i32) -> Option<&mut Incident> {
        let one = self.incidents.iter_mut().find(|one| one.confirmed.id == id && one.withdrawn_at.is_none())?;
        one.last_seq = seq;
        Some(one)
    }

    /// All of them, in the order in which they were confirmed.
    pub fn incidents(&self) -> &[Incident] {
        &self.incidents
    }

    pub fn find(&self, id: IncidentId) -> Option<&Incident> {
        self.incidents.iter().find(|one| one.confirmed.id == id)
    }

    /// The one of this key that was not withdrawn.
    pub fn stands(&self, key: IncidentKey) -> Option<&Incident> {
        self.incidents.iter().find(|one| one.confirmed.key() == key && one.withdrawn_at.is_none())
    }

    /// How often one of this key was confirmed.
    pub fn times(&self, key: IncidentKey) -> usize {
        self.incidents.iter().filter(|one| one.confirmed.key() == key).count()
    }
}
