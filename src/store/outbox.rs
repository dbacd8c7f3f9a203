//! Notices on their way: leased by a courier, sent, marked.
//!
//! A lease is taken in a transaction that no other lease runs beside (SQLite has one writer, PostgreSQL a lock), so what
//! is read in it is how things stand. Whoever dies with a lease in hand loses it when its time is over; until then nobody
//! else has the rows. What became of a row is written by the holder of its lease alone.
//!
//! Rows of one lane keep their order. A lane of letters is one recipient of one order: what waits in it goes in one
//! letter. A lane of an endpoint is one journal: what waits in it goes one by one. What has to wait for an earlier row of
//! its lane is put off with it, so that the due ones of other lanes are found without reading past it.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::{orders, outbox, webhooks};
use super::script::keep;
use super::{ALTERNATIVES, Backend, Error, Store, Transaction, following, padded};
use crate::domain::ids::StreamKey;
use crate::domain::notice::{Notice, Recipient};

mod told;

pub use told::*;

/// By which way a row is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    Mail,
    /// To every endpoint that it concerns; given to each of them before it is sent.
    Webhooks,
    /// To one endpoint.
    Endpoint(Uuid),
}

const ENDPOINT: &str = "webhook:";

impl Channel {
    /// As it stands in a row.
    pub fn text(self) -> String {
        match self {
            Channel::Mail => "mail".to_owned(),
            Channel::Webhooks => "webhooks".to_owned(),
            Channel::Endpoint(id) => format!("{ENDPOINT}{id}"),
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "mail" => Some(Channel::Mail),
            "webhooks" => Some(Channel::Webhooks),
            other => other.strip_prefix(ENDPOINT)?.parse().ok().map(Channel::Endpoint),
        }
    }
}

macro_rules! states {
    ($($(#[$doc:meta])* $state:ident $text:literal)*) => {
        /// What became of a row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum State { $($(#[$doc])* $state,)* }

        impl State {
            pub const ALL: &'static [State] = &[$(State::$state,)*];

            pub fn as_str(self) -> &'static str {
                match self { $(State::$state => $text,)* }
            }
        }
    };
}

states! {
    Waiting "waiting"
    /// Taken by the other side; the event that says so is still to be written.
    Accepted "accepted"
    Sent "sent"
    /// Given to each endpoint that it concerns.
    Spread "spread"
    /// There is nobody to tell this way: no address, no endpoint.
    Nobody "nobody"
    /// Refused for good, or tried as often as it may be.
    Buried "buried"
}

impl State {
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.as_str() == text)
    }
}

/// A row that waits for its courier: of an event, for a recipient, by a channel, from a time on. Times are in microseconds
/// since the Unix epoch.
pub fn waiting(
    id: Uuid,
    (key, seq): (StreamKey, i32),
    (recipient, notice): (Recipient, Notice),
    channel: Channel,
    (not_before_at, now): (i64, i64),
) -> outbox::Model {
    outbox::Model {
        id,
        order_id: key.order_id.0,
        stream_id: key.stream_id.0,
        seq,
        recipient: recipient.as_str().to_owned(),
        notice: notice.as_str().to_owned(),
        channel: channel.text(),
        state: State::Waiting.as_str().to_owned(),
        attempts: 0,
        not_before_at,
        leased_until_at: None,
        lease: None,
        letter: None,
        outcome: None,
        created_at: now,
    }
}

/// A courier's hand, from now until its lease is over.
#[derive(Clone, Debug)]
pub struct Hand {
    /// Another for each courier and each start of one.
    pub name: String,
    pub now: i64,
    pub until: i64,
}

/// One new lease takes this before it looks; the schema is the lock's other half.
const LEASE_LOCK: i32 = 0x636f_7572;

/// Due rows that are looked at for each bundle that is wanted.
const AHEAD: u64 = 4;

/// Behind a row that another courier has in hand, in microseconds: it will not be long.
const A_MOMENT: i64 = 1_000_000;

async fn begin_alone(store: &Store) -> Result<Transaction, Error> {
    let txn = store.begin().await?;
    if store.backend() == Backend::Postgres {
        let lock = format!("SELECT pg_advisory_xact_lock({LEASE_LOCK}, hashtext(current_schema()))");
        txn.execute_unprepared(&lock).await?;
    }
    Ok(txn)
}

/// Whether anything waits on this channel that is due.
pub async fn is_due(conn: &impl ConnectionTrait, channel: Channel, now: i64) -> Result<bool, Error> {
    Ok(!due(conn, channel, now, 1).await?.is_empty())
}

async fn due(conn: &impl ConnectionTrait, channel: Channel, now: i64, limit: u64) -> Result<Vec<(Uuid, Uuid)>, Error> {
    use outbox::Column;
    Ok(outbox::Entity::find()
        .select_only()
        .columns([Column::Id, Column::OrderId])
        .filter(Column::Channel.eq(channel.text()))
        .filter(Column::State.eq(State::Waiting.as_str()))
        .filter(Column::NotBeforeAt.lte(now))
        .order_by_asc(Column::NotBeforeAt)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?)
}

/// The rows of these orders that wait on a channel, in the order of their lanes.
///
/// They are found by their orders: told as equalities, channel and state would let SQLite read the whole backlog by the
/// other index, for every lease.
async fn waiting_of(
    conn: &impl ConnectionTrait,
    channel: Channel,
    orders: &BTreeSet<Uuid>,
) -> Result<Vec<outbox::Model>, Error> {
    use outbox::Column;
    let orders: Vec<Uuid> = orders.iter().copied().collect();
    let mut found = Vec::new();
    for orders in orders.chunks(ALTERNATIVES) {
        let rows = outbox::Entity::find()
            .filter(Column::OrderId.is_in(padded(orders).copied()))
            .filter(Column::Channel.ne(channel.text()).not())
            .filter(Column::State.ne(State::Waiting.as_str()).not())
            .order_by_asc(Column::OrderId)
            .order_by_asc(Column::StreamId)
            .order_by_asc(Column::Seq)
            .order_by_asc(Column::Id);
        found.extend(rows.all(conn).await?);
    }
    Ok(found)
}

/// What may go of a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pick {
    /// These, together.
    Go(Vec<Uuid>),
    /// None before this time.
    Later(i64),
}

/// What may go of a lane, whose rows come in their order.
fn pick(channel: Channel, rows: &[outbox::Model], now: i64) -> Option<Pick> {
    if rows.iter().any(|row| row.leased_until_at.is_some_and(|until| now < until)) {
        return Some(Pick::Later(now + A_MOMENT));
    }
    let together: Vec<&outbox::Model> = match channel {
        // A letter that was tried is tried again as it was; what came since follows it.
        Channel::Mail => match rows.iter().find_map(|row| row.letter) {
            Some(letter) => rows.iter().filter(|row| row.letter == Some(letter)).collect(),
            None => rows.iter().collect(),
        },
        Channel::Webhooks | Channel::Endpoint(_) => rows.iter().take(1).collect(),
    };
    let first = together.iter().map(|row| row.not_before_at).min()?;
    Some(if first <= now { Pick::Go(together.iter().map(|row| row.id).collect()) } else { Pick::Later(first) })
}

/// Takes what is due on a channel, at most so many bundles: the rows of one letter, or one row for an endpoint.
///
/// # Errors
///
/// Those of the store; nothing was leased then.
pub async fn lease(store: &Store, channel: Channel, hand: &Hand, most: u64) -> Result<Vec<Vec<outbox::Model>>, Error> {
    let txn = begin_alone(store).await?;
    let due: BTreeMap<Uuid, Uuid> = due(&*txn, channel, hand.now, most * AHEAD).await?.into_iter().collect();
    let orders: BTreeSet<Uuid> = due.values().copied().collect();
    let mut lanes: BTreeMap<(Uuid, i32, String), Vec<outbox::Model>> = BTreeMap::new();
    for row in waiting_of(&*txn, channel, &orders).await? {
        let lane = match channel {
            Channel::Mail => (row.order_id, 0, row.recipient.clone()),
            Channel::Webhooks | Channel::Endpoint(_) => (row.order_id, row.stream_id, String::new()),
        };
        lanes.entry(lane).or_default().push(row);
    }
    let mut bundles = Vec::new();
    for rows in lanes.into_values().filter(|rows| rows.iter().any(|row| due.contains_key(&row.id))) {
        match pick(channel, &rows, hand.now) {
            Some(Pick::Go(ids)) if (bundles.len() as u64) < most => {
                bundles.push(rows.into_iter().filter(|row| ids.contains(&row.id)).collect::<Vec<_>>());
            }
            Some(Pick::Later(at)) => {
                let early: Vec<Uuid> =
                    rows.iter().filter(|row| row.not_before_at <= hand.now).map(|row| row.id).collect();
                put_off(&*txn, &early, at).await?;
            }
            Some(Pick::Go(_)) | None => {}
        }
    }
    let (single, several): (Vec<_>, Vec<_>) = bundles.iter().partition(|rows: &&Vec<_>| rows.len() == 1);
    let single: Vec<Uuid> = single.iter().flat_map(|rows| rows.iter().map(|row| row.id)).collect();
    take(&*txn, &single, None, hand).await?;
    for rows in several {
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        take(&*txn, &ids, ids.first().copied(), hand).await?;
    }
    txn.commit().await?;
    for rows in &mut bundles {
        let first = rows.first().map(|row| row.id);
        for row in rows {
            row.letter = row.letter.or(first);
        }
    }
    Ok(bundles)
}

async fn put_off(conn: &impl ConnectionTrait, ids: &[Uuid], at: i64) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    outbox::Entity::update_many()
        .col_expr(outbox::Column::NotBeforeAt, Expr::value(at))
        .filter(outbox::Column::Id.is_in(padded(ids).copied()))
        .filter(outbox::Column::LeasedUntilAt.is_null())
        .exec(conn)
        .await?;
    Ok(())
}

async fn take(conn: &impl ConnectionTrait, ids: &[Uuid], letter: Option<Uuid>, hand: &Hand) -> Result<(), Error> {
    use outbox::Column;
    for ids in ids.chunks(ALTERNATIVES) {
        let first = match letter {
            Some(letter) => Expr::value(letter),
            None => Expr::col(Column::Id),
        };
        outbox::Entity::update_many()
            .col_expr(Column::Lease, Expr::value(hand.name.as_str()))
            .col_expr(Column::LeasedUntilAt, Expr::value(hand.until))
            .col_expr(Column::NotBeforeAt, Expr::value(hand.until))
            .col_expr(Column::Letter, Expr::col(Column::Letter).if_null(first))
            .filter(Column::Id.is_in(padded(ids).copied()))
            .exec(conn)
            .await?;
    }
    Ok(())
}

/// What became of rows that somebody has in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub rows: Vec<Uuid>,
    pub state: State,
    /// As a code of ours; never what the other side wrote.
    pub outcome: String,
    /// Whether the other side was tried at all.
    pub tried: bool,
    /// When it is tried again.
    pub again_at: Option<i64>,
}

/// An endpoint after a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    pub id: Uuid,
    pub outcome: String,
    /// None where it took what it was sent.
    pub failure: Option<Failing>,
}

/// An endpoint that did not take what it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    pub since: i64,
    pub again_at: i64,
    pub paused_at: Option<i64>,
}

/// A row that was told: its letter or message has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    pub row: outbox::Model,
    /// What makes the Message-ID, or the `webhook-id`.
    pub message: Uuid,
    /// A keyed digest of what a message said; none of a letter.
    pub subject: Option<String>,
}

/// What one commit says of several tries.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    pub marks: Vec<Mark>,
    pub endpoints: Vec<Health>,
    /// Rows that tell a supervisor.
    pub tell: Vec<outbox::Model>,
    /// The same, each only where every channel of the row before it is closed: nobody was reached.
    pub tell_if_unreached: Vec<(outbox::Model, outbox::Model)>,
    /// What has left and is to be set aside, before any of this is written.
    pub told: Vec<Telling>,
}

impl Marks {
    pub fn append(&mut self, mut other: Marks) {
        self.marks.append(&mut other.marks);
        self.endpoints.append(&mut other.endpoints);
        self.tell.append(&mut other.tell);
        self.tell_if_unreached.append(&mut other.tell_if_unreached);
        self.told.append(&mut other.told);
    }

    pub fn is_empty(&self) -> bool {
        self.marks.is_empty() && self.endpoints.is_empty() && self.tell.is_empty() && self.tell_if_unreached.is_empty()
    }
}

/// Writes what became of what a hand held. Rows that it holds no longer stay as they are.
///
/// # Errors
///
/// Those of the store; nothing was written then.
pub async fn mark(store: &Store, hand: &str, marks: Marks) -> Result<(), Error> {
    use outbox::Column;
    let txn = store.begin().await?;
    let mut alike: BTreeMap<(State, String, bool, Option<i64>), Vec<Uuid>> = BTreeMap::new();
    for mark in marks.marks {
        alike.entry((mark.state, mark.outcome, mark.tried, mark.again_at)).or_default().extend(mark.rows);
    }
    for ((state, outcome, tried, again_at), rows) in alike {
        for rows in rows.chunks(ALTERNATIVES) {
            let mut update = outbox::Entity::update_many()
                .col_expr(Column::State, Expr::value(state.as_str()))
                .col_expr(Column::Outcome, Expr::value(outcome.as_str()))
                .col_expr(Column::Lease, Expr::value(Option::<String>::None))
                .col_expr(Column::LeasedUntilAt, Expr::value(Option::<i64>::None));
            if tried {
                update = update.col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1));
            }
            if let Some(at) = again_at {
                update = update.col_expr(Column::NotBeforeAt, Expr::value(at));
            }
            update.filter(Column::Id.is_in(padded(rows).copied())).filter(Column::Lease.eq(hand)).exec(&*txn).await?;
        }
    }
    for health in marks.endpoints {
        note_health(&*txn, health).await?;
    }
    let mut tell = marks.tell;
    for (told, row) in marks.tell_if_unreached {
        if is_unreached(&*txn, &told).await? {
            tell.push(row);
        }
    }
    insert_new(&*txn, tell).await?;
    txn.commit().await
}

async fn note_health(conn: &impl ConnectionTrait, health: Health) -> Result<(), Error> {
    use webhooks::Column;
    let update = webhooks::Entity::update_many()
        .col_expr(Column::LastOutcome, Expr::value(health.outcome))
        .filter(Column::Id.eq(health.id));
    let update = match health.failure {
        None => update
            .col_expr(Column::Failures, Expr::value(0))
            .col_expr(Column::FailingSinceAt, Expr::value(Option::<i64>::None))
            .col_expr(Column::NotBeforeAt, Expr::value(0_i64))
            // One that is well is not written for every delivery.
            .filter(Column::Failures.ne(0)),
        Some(failing) => {
            let update = update
                .col_expr(Column::Failures, Expr::col(Column::Failures).add(1))
                .col_expr(Column::FailingSinceAt, Expr::col(Column::FailingSinceAt).if_null(failing.since))
                .col_expr(Column::NotBeforeAt, Expr::value(failing.again_at));
            match failing.paused_at {
                Some(at) => update.col_expr(Column::PausedAt, Expr::col(Column::PausedAt).if_null(at)),
                None => update,
            }
        }
    };
    update.exec(conn).await?;
    Ok(())
}

/// Rows of one notice to one recipient of one event.
fn same_notice(row: &outbox::Model) -> Condition {
    use outbox::Column;
    Condition::all()
        .add(Column::OrderId.eq(row.order_id))
        .add(Column::StreamId.eq(row.stream_id))
        .add(Column::Seq.eq(row.seq))
        .add(Column::Recipient.eq(&row.recipient))
        .add(Column::Notice.eq(&row.notice))
}

/// Whether every channel by which a notice might reach somebody is closed.
async fn is_unreached(conn: &impl ConnectionTrait, row: &outbox::Model) -> Result<bool, Error> {
    let open = [State::Waiting, State::Accepted, State::Sent].map(State::as_str);
    let some = outbox::Entity::find().filter(same_notice(row)).filter(outbox::Column::State.is_in(open));
    Ok(some.one(conn).await?.is_none())
}

/// Inserts rows of which each event has one; one that is there stays as it is.
async fn insert_new(conn: &impl ConnectionTrait, rows: Vec<outbox::Model>) -> Result<(), Error> {
    use outbox::Column;
    keep(
        conn,
        rows,
        [Column::OrderId, Column::StreamId, Column::Seq, Column::Recipient, Column::Notice, Column::Channel],
    )
    .await
}

/// The row by which an endpoint gets what concerns it: its id, which is the webhook's, follows from both.
pub fn for_endpoint(base: &outbox::Model, endpoint: Uuid, now: i64) -> outbox::Model {
    outbox::Model {
        id: following([base.id.into_bytes(), endpoint.into_bytes()].concat()),
        channel: Channel::Endpoint(endpoint).text(),
        state: State::Waiting.as_str().to_owned(),
        attempts: 0,
        not_before_at: now,
        leased_until_at: None,
        lease: None,
        letter: None,
        outcome: None,
        ..base.clone()
    }
}

/// Whether an endpoint is told of a row: a platform's of everything of the platform, a merchant's of what is for
/// programs and of its own orders.
pub fn concerns(endpoint: &webhooks::Model, row: &outbox::Model, tenant: &str, merchant: &str) -> bool {
    let own = match &endpoint.merchant_id {
        None => true,
        Some(id) => id == merchant && row.recipient != "buyer",
    };
    endpoint.deleted_at.is_none() && endpoint.tenant_id == tenant && own
}

/// Gives what waits for webhooks to each endpoint that it concerns, at most so many rows and what comes before them in
/// their journals. Answers how many. `nobody` is the outcome of a row without an endpoint; of those that somebody waits
/// for, `unreached` makes the row that tells a supervisor.
///
/// # Errors
///
/// Those of the store; nothing was written then.
pub async fn spread(
    store: &Store,
    now: i64,
    most: u64,
    unreached: impl Fn(&outbox::Model) -> Option<outbox::Model>,
) -> Result<usize, Error> {
    let txn = begin_alone(store).await?;
    let due = due(&*txn, Channel::Webhooks, now, most).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let orders: BTreeSet<Uuid> = due.iter().map(|(_, order)| *order).collect();
    let rows = waiting_of(&*txn, Channel::Webhooks, &orders).await?;
    let owners = owners(&*txn, &orders).await?;
    let tenants: BTreeSet<&str> = owners.values().map(|(tenant, _)| tenant.as_str()).collect();
    let endpoints = webhooks::Entity::find()
        .filter(webhooks::Column::TenantId.is_in(tenants))
        .filter(webhooks::Column::DeletedAt.is_null())
        .all(&*txn)
        .await?;
    let (mut given, mut to_nobody, mut fresh, mut alone) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let before = fresh.len();
        if let Some((tenant, merchant)) = owners.get(&row.order_id) {
            let concerned = endpoints.iter().filter(|endpoint| concerns(endpoint, &row, tenant, merchant));
            fresh.extend(concerned.map(|endpoint| for_endpoint(&row, endpoint.id, now)));
        }
        if before < fresh.len() {
            given.push(row.id);
        } else {
            to_nobody.push(row.id);
            alone.push(row);
        }
    }
    let count = given.len() + to_nobody.len();
    for fresh in fresh.chunks(ALTERNATIVES) {
        insert_new(&*txn, fresh.to_vec()).await?;
    }
    for (ids, state, outcome) in [(given, State::Spread, None), (to_nobody, State::Nobody, Some("no_endpoint"))] {
        for ids in ids.chunks(ALTERNATIVES) {
            outbox::Entity::update_many()
                .col_expr(outbox::Column::State, Expr::value(state.as_str()))
                .col_expr(outbox::Column::Outcome, Expr::value(outcome))
                .filter(outbox::Column::Id.is_in(padded(ids).copied()))
                .exec(&*txn)
                .await?;
        }
    }
    for row in alone {
        if let Some(tell) = unreached(&row)
            && is_unreached(&*txn, &row).await?
        {
            insert_new(&*txn, vec![tell]).await?;
        }
    }
    txn.commit().await?;
    Ok(count)
}

/// Platform and merchant of each order.
async fn owners(conn: &impl ConnectionTrait, ids: &BTreeSet<Uuid>) -> Result<BTreeMap<Uuid, (String, String)>, Error> {
    use orders::Column::{MerchantId, OrderId, TenantId};
    let ids: Vec<Uuid> = ids.iter().copied().collect();
    let mut found = BTreeMap::new();
    for ids in ids.chunks(ALTERNATIVES) {
        let rows: Vec<(Uuid, String, String)> = orders::Entity::find()
            .select_only()
            .columns([OrderId, TenantId, MerchantId])
            .filter(OrderId.is_in(padded(ids).copied()))
            .into_tuple()
            .all(conn)
            .await?;
        found.extend(rows.into_iter().map(|(id, tenant, merchant)| (id, (tenant, merchant))));
    }
    Ok(found)
}

/// Rows that were taken and whose event is still to be written, oldest first.
pub async fn accepted(conn: &impl ConnectionTrait, now: i64, limit: u64) -> Result<Vec<outbox::Model>, Error> {
    use outbox::Column;
    Ok(outbox::Entity::find()
        .filter(Column::State.eq(State::Accepted.as_str()))
        .filter(Column::NotBeforeAt.lte(now))
        .order_by_asc(Column::NotBeforeAt)
        .limit(limit)
        .all(conn)
        .await?)
}

/// What became of an accepted row: its event is written, or is tried again later.
pub async fn noted(store: &Store, id: Uuid, again_at: Option<i64>) -> Result<(), Error> {
    use outbox::Column;
    let txn = store.begin().await?;
    let update = outbox::Entity::update_many();
    let update = match again_at {
        None => update.col_expr(Column::State, Expr::value(State::Sent.as_str())),
        Some(at) => update.col_expr(Column::NotBeforeAt, Expr::value(at)),
    };
    update.filter(Column::Id.eq(id)).filter(Column::State.eq(State::Accepted.as_str())).exec(&*txn).await?;
    txn.commit().await
}

/// Closes what waits for an endpoint that is gone.
pub async fn close_endpoint(conn: &impl ConnectionTrait, endpoint: Uuid) -> Result<(), Error> {
    use outbox::Column;
    outbox::Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Nobody.as_str()))
        .col_expr(Column::Outcome, Expr::value("endpoint_deleted"))
        .filter(Column::Channel.eq(Channel::Endpoint(endpoint).text()))
        .filter(Column::State.eq(State::Waiting.as_str()))
        .exec(conn)
        .await?;
    Ok(())
}

/// Lets an endpoint have everything again that was told to webhooks from one time until before another, whether it had it
/// or not; under the same ids. Answers how many rows, and from which time on the rest is to be asked for where there are
/// more than so many.
pub async fn replay(
    conn: &impl ConnectionTrait,
    endpoint: &webhooks::Model,
    (from, to): (i64, i64),
    most: u64,
    now: i64,
) -> Result<(usize, Option<i64>), Error> {
    use outbox::Column;
    let (mut count, mut rest) = (0, None);
    // Rows for webhooks never change their time: they are given away where they are due.
    let mut rows = Vec::new();
    for state in [State::Spread, State::Nobody, State::Waiting] {
        let found = outbox::Entity::find()
            .filter(Column::Channel.eq(Channel::Webhooks.text()))
            .filter(Column::State.eq(state.as_str()))
            .filter(Column::NotBeforeAt.gte(from))
            .filter(Column::NotBeforeAt.lt(to))
            .order_by_asc(Column::NotBeforeAt)
            .limit(most + 1);
        rows.extend(found.all(conn).await?);
    }
    rows.sort_by_key(|row| (row.not_before_at, row.id));
    if most < rows.len() as u64 {
        let cut = usize::try_from(most).unwrap_or(usize::MAX);
        // Rows of one moment stay together; the first page holds at least one moment.
        let at = rows.get(cut).map(|row| row.not_before_at);
        rest = at.filter(|at| rows.first().is_some_and(|first| first.not_before_at < *at));
        rows.retain(|row| rest.is_none_or(|rest| row.not_before_at < rest));
    }
    let orders: BTreeSet<Uuid> = rows.iter().map(|row| row.order_id).collect();
    let owners = owners(conn, &orders).await?;
    let again = OnConflict::columns([
        Column::OrderId,
        Column::StreamId,
        Column::Seq,
        Column::Recipient,
        Column::Notice,
        Column::Channel,
    ])
    .update_columns([
        Column::State,
        Column::Attempts,
        Column::NotBeforeAt,
        Column::LeasedUntilAt,
        Column::Lease,
        Column::Outcome,
    ])
    .to_owned();
    let mut fresh = Vec::new();
    for row in rows {
        if let Some((tenant, merchant)) = owners.get(&row.order_id)
            && concerns(endpoint, &row, tenant, merchant)
        {
            fresh.push(for_endpoint(&row, endpoint.id, now));
        }
    }
    count += fresh.len();
    super::script::write(conn, fresh, again).await?;
    Ok((count, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{OrderId, StreamId};

    fn row(id: u128, not_before_at: i64) -> outbox::Model {
        let key = StreamKey { order_id: OrderId(Uuid::from_u128(1)), stream_id: StreamId(1) };
        let told = (Recipient::Buyer, Notice::Arrived);
        waiting(Uuid::from_u128(id), (key, 1), told, Channel::Mail, (not_before_at, 0))
    }

    fn go(ids: &[u128]) -> Option<Pick> {
        Some(Pick::Go(ids.iter().copied().map(Uuid::from_u128).collect()))
    }

    #[test]
    fn a_channel_and_a_state_read_back_as_they_were_written() {
        for channel in [Channel::Mail, Channel::Webhooks, Channel::Endpoint(Uuid::from_u128(7))] {
            assert_eq!(Channel::parse(&channel.text()), Some(channel));
        }
        assert_eq!(Channel::parse("webhook:none"), None);
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(*state));
        }
    }

    #[test]
    fn what_waits_for_a_recipient_goes_in_one_letter_as_soon_as_one_row_is_due() {
        let check = |rows: &[outbox::Model], expected| assert_eq!(pick(Channel::Mail, rows, 100), expected);
        check(&[row(1, 700), row(2, 700)], Some(Pick::Later(700)));
        check(&[row(1, 700), row(2, 90)], go(&[1, 2]));
        check(&[row(1, 100)], go(&[1]));
        check(&[], None);
    }

    #[test]
    fn a_letter_that_failed_is_tried_again_as_it_was_and_others_wait_for_it() {
        let of = |row: outbox::Model| outbox::Model { letter: Some(Uuid::from_u128(1)), ..row };
        let rows = |again_at| [of(row(1, again_at)), of(row(2, again_at)), row(3, 50)];
        assert_eq!(pick(Channel::Mail, &rows(100), 100), go(&[1, 2]));
        assert_eq!(pick(Channel::Mail, &rows(400), 100), Some(Pick::Later(400)));
    }

    #[test]
    fn nothing_goes_beside_what_another_has_in_hand_until_its_lease_is_over() {
        let held = |until| outbox::Model { leased_until_at: Some(until), not_before_at: until, ..row(1, 0) };
        for channel in [Channel::Mail, Channel::Endpoint(Uuid::nil())] {
            assert_eq!(pick(channel, &[held(101), row(2, 0)], 100), Some(Pick::Later(100 + A_MOMENT)));
        }
        assert_eq!(pick(Channel::Endpoint(Uuid::nil()), &[held(100), row(2, 0)], 100), go(&[1]));
    }

    #[test]
    fn an_endpoint_gets_the_events_of_a_journal_one_by_one() {
        let endpoint = Channel::Endpoint(Uuid::nil());
        assert_eq!(pick(endpoint, &[row(1, 0), row(2, 0)], 100), go(&[1]));
        // The first was not taken, and is tried again later: the second waits for it.
        assert_eq!(pick(endpoint, &[row(1, 300), row(2, 0)], 100), Some(Pick::Later(300)));
    }

    #[test]
    fn the_id_for_an_endpoint_follows_from_row_and_endpoint() {
        let (one, other) = (Uuid::from_u128(5), Uuid::from_u128(6));
        let base = row(1, 0);
        assert_eq!(for_endpoint(&base, one, 1).id, for_endpoint(&base, one, 2).id);
        assert_ne!(for_endpoint(&base, one, 1).id, for_endpoint(&base, other, 1).id);
        assert_ne!(for_endpoint(&base, one, 1).id, for_endpoint(&row(2, 0), one, 1).id);
    }
}
