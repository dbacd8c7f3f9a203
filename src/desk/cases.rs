//! Cases: written beside their pieces, in the transaction of their order.

use std::collections::HashMap;

use super::cache::Tip;
use super::orders::LoadedOrder;
use super::work::Plan;
use super::{Desk, Error, Request, recorded};
use crate::capsule::Hash;
use crate::domain::cases::Case;
use crate::domain::event::Event;
use crate::domain::ids::{OrderId, StreamId, StreamKey};
use crate::domain::orders::Whole;
use crate::domain::route::Stage;
use crate::rulebook::Rulebook;
use crate::store::entity::{cases, deadlines};

/// A case by its name: the order and the stream.
pub fn case_id(key: StreamKey) -> String {
    format!("{}-{}", key.order_id.0.simple(), key.stream_id)
}

/// The journal that a case's name means.
pub fn parse_case_id(text: &str) -> Option<StreamKey> {
    let (order, stream) = text.rsplit_once('-')?;
    Some(StreamKey { order_id: OrderId(order.parse().ok()?), stream_id: StreamId(stream.parse().ok()?) })
}

/// The row of a case.
pub fn row(key: StreamKey, case: &Case, head_hash: Hash) -> cases::Model {
    cases::Model {
        order_id: key.order_id.0,
        stream_id: key.stream_id.0,
        piece_stream_id: case.opened.piece.0,
        kind: case.opened.kind.as_str().to_owned(),
        state: case.state().to_owned(),
        opened_at: case.opened_at.as_microsecond(),
        head_seq: case.head(),
        head_hash: head_hash.as_bytes().to_vec(),
    }
}

/// The clock of a case, while it runs.
pub fn clock(key: StreamKey, case: &Case, rules: &Rulebook) -> Option<deadlines::Model> {
    let (kind, report, since) = case.running()?;
    let due_at = rules.due_of_case(report, since)?;
    Some(deadlines::Model {
        order_id: key.order_id.0,
        stream_id: key.stream_id.0,
        kind: kind.to_owned(),
        due_at: due_at.as_microsecond(),
        set_by_seq: 0,
        leased_until_at: None,
    })
}

impl Desk {
    /// Appends an event to a case, or begins one with it.
    pub(super) fn append_to_case(
        &self,
        plan: &mut Plan,
        key: StreamKey,
        event: Event,
        whole: &mut Whole,
        tips: &mut HashMap<StreamId, Tip>,
        request: &Request,
    ) -> Result<(), Error> {
        let known = whole.cases.iter().position(|(own, _)| *own == key.stream_id);
        let seq = known.and_then(|at| whole.cases.get(at)).map_or(0, |(_, case)| case.head()) + 1;
        let previous = tips.get(&key.stream_id).map_or(Hash::ZERO, |tip| tip.hash);
        let written = recorded::write(self.vault(), key, seq, previous, event, &request.circumstances())?;
        let hash = written.hash;
        let digest = Some(written.body_digest.to_vec());
        tips.insert(key.stream_id, Tip { hash, body_digest: digest, since: seq });
        let recorded = plan.event(written);
        let stage = Stage::Delivered;
        plan.notices(key, seq, &recorded.event, stage, stage, request.now);
        let unfolded = || Error::fault("a decided event does not fold", recorded.event.kind());
        let case = match known.and_then(|at| whole.cases.get_mut(at)) {
            Some((_, case)) => {
                case.apply(&recorded).ok_or_else(unfolded)?;
                case
            }
            None => {
                let case = Case::fold([recorded.clone()]).ok_or_else(unfolded)?;
                whole.cases.push((key.stream_id, case));
                let (_, case) = whole.cases.last_mut().ok_or_else(unfolded)?;
                case
            }
        };
        plan.changes.cases.push(row(key, case, hash));
        plan.changes.clocks.push((key.order_id.0, key.stream_id.0));
        plan.changes.deadlines.extend(clock(key, case, self.rules()));
        if let Event::CaseDecided(decided) = &recorded.event
            && decided.revokes
        {
            plan.changes.revoked.push((key.order_id.0, case.opened.piece.0, recorded.at.as_microsecond()));
        }
        Ok(())
    }

    /// An order with its cases, as their journals tell them.
    ///
    /// # Errors
    ///
    /// Those of the store, and of a journal that does not replay.
    pub async fn read_cases(&self, order_id: OrderId) -> Result<Whole, Error> {
        let LoadedOrder { whole, .. } = Self::load_order(&self.store().source(), order_id).await?;
        Ok(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_found_again_by_its_name() {
        let key = StreamKey { order_id: OrderId(uuid::Uuid::from_u128(7)), stream_id: StreamId(4) };
        assert_eq!(parse_case_id(&case_id(key)), Some(key));
        for text in ["", "7-", "-4", "7", "00000000000000000000000000000007-x"] {
            assert_eq!(parse_case_id(text), None, "{text}");
        }
    }
}
