//! Merchants' conduct: where a merchant stands on the ladder, from the incidents of all their orders, and what merchant,
//! supervisor and platform say of an incident since. Each word is an event of the order in which the incident happened.

use jiff::Timestamp;

use super::{Desk, Error, Receipt, Request, Seals};
use crate::domain::conduct::{AppealState, Incident, IncidentKind};
use crate::domain::event::{Event, LessonRead, StepAppealDecided, StepAppealed, StepLifted};
use crate::domain::ids::{IncidentId, OrderId};
use crate::domain::refusal::{AccountFault, Refusal};
use crate::domain::text::{Name, Sealed};
use crate::rulebook::{Counted, Rung};
use crate::store::entity::incidents;
use crate::store::{Source, owed};

/// A merchant's conduct as it stands.
#[derive(Clone, Debug)]
pub struct Conduct {
    pub step: i32,
    /// When the step falls by itself, if nothing happens; none where it does not.
    pub falls_at: Option<Timestamp>,
    /// How the merchant came to stand there, oldest first.
    pub rungs: Vec<Rung>,
    /// All incidents, withdrawn ones included.
    pub incidents: Vec<incidents::Model>,
}

/// What is said of an incident.
#[derive(Clone, Debug)]
pub enum Said {
    /// By the merchant: the rule was read.
    Read,
    /// By the merchant: it is not so.
    Appeal { reason: Sealed },
    /// By a supervisor of the house.
    Decide { granted: bool, reason: Sealed },
    /// By the platform: it has dealt with the recommendation.
    Lift { reason: Sealed },
}

/// An incident as the ladder counts it; none of one that was withdrawn.
fn counted(row: &incidents::Model) -> Option<Counted> {
    let at = |micros| Timestamp::from_microsecond(micros).ok();
    row.withdrawn_at.is_none().then_some(())?;
    Some(Counted {
        id: IncidentId(row.id),
        kind: IncidentKind::parse(&row.kind)?,
        occasion: row.occasion.as_deref().and_then(|occasion| Name::parse(occasion).ok()),
        at: at(row.confirmed_at)?,
        lifted_at: row.lifted_at.and_then(at),
    })
}

impl Desk {
    /// A merchant's step on the ladder of conduct, as a second look asks for it.
    pub(super) async fn conduct_step(
        &self,
        source: &Source<'_>,
        tenant: &str,
        merchant: &str,
        now: Timestamp,
    ) -> Result<i32, Error> {
        let rows = owed::incidents_of(source, tenant, merchant).await?;
        let counted: Vec<_> = rows.iter().filter_map(counted).collect();
        Ok(self.rules().step(&counted, now))
    }

    /// A merchant's conduct with every reason.
    pub async fn conduct(&self, tenant: &str, merchant: &str, now: Timestamp) -> Result<Conduct, Error> {
        let incidents = owed::incidents_of(self.store().reader(), tenant, merchant).await?;
        let counted: Vec<_> = incidents.iter().filter_map(counted).collect();
        let rungs = self.rules().climb(&counted, now);
        let step = rungs.last().map_or(0, |rung| rung.step);
        Ok(Conduct { step, falls_at: self.rules().falls_at(&counted, now), rungs, incidents })
    }

    /// Says something of an incident.
    pub async fn say_of_incident(
        &self,
        order_id: OrderId,
        id: IncidentId,
        said: Said,
        seals: Seals,
        request: &Request,
    ) -> Result<Receipt, Error> {
        self.in_order(order_id, id.0, seals, request, |own| {
            let one = own.record.find(id).ok_or(Refusal::Absent("incident"))?;
            Ok(vec![event_of(one, said)?])
        })
        .await
    }
}

fn event_of(one: &Incident, said: Said) -> Result<Event, Refusal> {
    let id = one.confirmed.id;
    if one.withdrawn_at.is_some() {
        return Err(AccountFault::IncidentWithdrawn.into());
    }
    let fresh = |is: bool| if is { Ok(()) } else { Err(Refusal::from(AccountFault::SaidBefore)) };
    Ok(match said {
        Said::Read => {
            fresh(one.read_at.is_none())?;
            LessonRead { id }.into()
        }
        Said::Appeal { reason } => {
            fresh(one.appeal.is_none())?;
            StepAppealed { id, reason }.into()
        }
        Said::Decide { granted, reason } => {
            if one.appeal != Some(AppealState::Open) {
                return Err(AccountFault::NotAppealed.into());
            }
            StepAppealDecided { id, granted, reason }.into()
        }
        Said::Lift { reason } => {
            fresh(one.lifted_at.is_none())?;
            StepLifted { id, reason }.into()
        }
    })
}
