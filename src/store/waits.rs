//! What waits for its time, and what came of it: for somebody who lets a clock run ahead.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::Error;
use super::entity::{deadlines, events, outbox};
use super::outbox::State;

/// When something is next to be done, in microseconds; what is over already and not done counts too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Next {
    /// The clock that runs out first.
    pub deadline: Option<i64>,
    /// What of the outbox may be tried first, or was taken and is still to be noted.
    pub told: Option<i64>,
}

impl Next {
    /// The earlier of both.
    pub fn at(self) -> Option<i64> {
        self.deadline.into_iter().chain(self.told).min()
    }
}

/// What waits first.
///
/// # Errors
///
/// Those of the store.
pub async fn next(conn: &impl ConnectionTrait) -> Result<Next, Error> {
    use {deadlines::Column::DueAt, outbox::Column::NotBeforeAt};
    let deadline = deadlines::Entity::find().select_only().column(DueAt).order_by_asc(DueAt).limit(1);
    let open = [State::Waiting, State::Accepted].map(State::as_str);
    let told = outbox::Entity::find().filter(outbox::Column::State.is_in(open));
    let told = told.select_only().column(NotBeforeAt).order_by_asc(NotBeforeAt).limit(1);
    Ok(Next {
        deadline: deadline.into_tuple::<i64>().one(conn).await?,
        told: told.into_tuple::<i64>().one(conn).await?,
    })
}

/// What nobody did, but a clock that ran out: from one time until before another, in the order in which it happened.
///
/// # Errors
///
/// Those of the store.
pub async fn by_clocks(conn: &impl ConnectionTrait, from: i64, until: i64) -> Result<Vec<events::Model>, Error> {
    use events::Column::{At, OrderId, PersonId, Seq, StreamId};
    let rows = events::Entity::find().filter(PersonId.is_null()).filter(At.gte(from)).filter(At.lt(until));
    Ok(rows.order_by_asc(At).order_by_asc(OrderId).order_by_asc(StreamId).order_by_asc(Seq).all(conn).await?)
}
