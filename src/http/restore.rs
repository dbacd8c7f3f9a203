//! A house that was brought back from a backup: what is held, what is known to be lost, and letting go.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::{AUDITOR, Caller, OPERATOR, SUPERVISOR};
use super::body::{Faults, Write};
use super::error::Problem;
use super::platform::{limit, turn_page};
use super::query::Query;
use super::queue::{read_cursor, write_cursor};
use super::views::instant;
use super::warehouse::Nothing;
use super::{ApiError, App};
use crate::desk::OPEN_FOR;
use crate::desk::certificate::printed;
use crate::domain::actor::Scope;
use crate::store::entity::{lost, orders, restores as rows};
use crate::store::outbox::Channel;
use crate::store::restores::{self, Kind};
use crate::store::{beside, lost_capsules};

/// Who may look: it concerns the whole house.
const READERS: u16 = SUPERVISOR | AUDITOR | OPERATOR;

/// Clocks that are shown.
const MOST_CLOCKS: usize = 500;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_restore))
        .routes(routes!(list_lost))
        .routes(routes!(release_restore))
        .routes(routes!(revoke_lost))
}

/// How many things of one kind were lost.
#[derive(Debug, Serialize, ToSchema)]
struct Counted {
    /// capsule, revocation, answer, letter, webhook or erasure.
    kind: &'static str,
    /// As the log aside tells.
    known: u64,
    /// Of these, those that nothing has made good since.
    open: u64,
}

/// An endpoint whose messages are newer than the backup.
#[derive(Debug, Serialize, ToSchema)]
struct Endpoint {
    webhook: Uuid,
    /// Messages that left and that this house does not know any more.
    messages: i64,
    /// When the first of them left. Its receiver holds what this house has lost.
    #[schema(value_type = String)]
    since: Value,
}

/// A clock of a buyer or a merchant that is about to run out, or did while it was held.
#[derive(Debug, Serialize, ToSchema)]
struct Choice {
    order_no: String,
    /// The piece code; null where it is about the whole order.
    piece: Option<String>,
    /// Such as awaiting_buyer:buyer.
    clock: String,
    /// Whose it is: buyer or merchant.
    waiter: &'static str,
    #[schema(value_type = String)]
    due_at: Value,
}

/// How it stands with a restore.
#[derive(Debug, Serialize, ToSchema)]
struct RestoreAnswer {
    /// none: this database was never restored; held: letters, webhooks and clocks wait for a supervisor; released.
    state: &'static str,
    /// What came after it is lost.
    #[schema(value_type = Option<String>)]
    lost_from: Value,
    #[schema(value_type = Option<String>)]
    began_at: Value,
    /// When the log aside was last read.
    #[schema(value_type = Option<String>)]
    replayed_at: Value,
    #[schema(value_type = Option<String>)]
    released_at: Value,
    /// Lines of the log aside that could not be read: a crash may have cut one off.
    unreadable_lines: i32,
    lost: Vec<Counted>,
    webhooks: Vec<Endpoint>,
    /// While it is held: choices whose time ran out or soon will. Letting go moves each of them later.
    choices: Vec<Choice>,
}

/// The warehouse that a caller is bound to; none where they see everything.
fn warehouse(scope: &Scope) -> Option<&str> {
    match scope {
        Scope::Warehouse(own) => Some(own.as_str()),
        Scope::Tenant(_) | Scope::Merchant(..) | Scope::Everything | Scope::Nothing => None,
    }
}

fn at(micros: Option<i64>) -> Value {
    micros.map_or(Value::Null, instant)
}

async fn answer(app: &App, row: Option<rows::Model>, own: Option<&str>) -> Result<RestoreAnswer, ApiError> {
    let reader = app.desk().store().reader();
    let mut counted = Vec::new();
    for kind in Kind::ALL {
        let (known, open) = restores::count(reader, *kind, own).await?;
        counted.push(Counted { kind: kind.as_str(), known, open });
    }
    let endpoints = restores::webhooks(reader).await?.into_iter().filter_map(|(channel, messages, since)| {
        match Channel::parse(&channel)? {
            Channel::Endpoint(webhook) => Some(Endpoint { webhook, messages, since: instant(since) }),
            Channel::Mail | Channel::Webhooks => None,
        }
    });
    let held = row.as_ref().is_some_and(|row| row.released_at.is_none());
    let choices = if held { choices(app, own).await? } else { Vec::new() };
    Ok(RestoreAnswer {
        state: match &row {
            None => "none",
            Some(_) if held => "held",
            Some(_) => "released",
        },
        lost_from: at(row.as_ref().map(|row| row.lost_from_at)),
        began_at: at(row.as_ref().map(|row| row.began_at)),
        replayed_at: at(row.as_ref().and_then(|row| row.replayed_at)),
        released_at: at(row.as_ref().and_then(|row| row.released_at)),
        unreadable_lines: row.as_ref().map_or(0, |row| row.unreadable),
        lost: counted,
        webhooks: endpoints.collect(),
        choices,
    })
}

async fn choices(app: &App, own: Option<&str>) -> Result<Vec<Choice>, ApiError> {
    let reader = app.desk().store().reader();
    let waiting = app.desk().waiting_choices(app.now(), MOST_CLOCKS).await?;
    let mut orders: Vec<Uuid> = waiting.iter().map(|waiting| waiting.row.order_id).collect();
    orders.dedup();
    let placed = beside::orders_of(reader, &orders).await?;
    let seen = |order: &&orders::Model| own.is_none_or(|own| order.warehouse_id == own);
    let numbers: BTreeMap<Uuid, String> =
        placed.iter().filter(seen).map(|order| (order.order_id, order.order_no.clone())).collect();
    let codes = restores::codes_of(reader, &orders).await?;
    let choice = |waiting: crate::desk::restore::Waiting| {
        let row = waiting.row;
        let order_no = numbers.get(&row.order_id)?.clone();
        Some(Choice {
            order_no,
            piece: codes.get(&(row.order_id, row.stream_id)).cloned(),
            clock: row.kind,
            waiter: waiting.waiter,
            due_at: instant(row.due_at),
        })
    };
    Ok(waiting.into_iter().filter_map(choice).collect())
}

/// How it stands with the last restore: what is held, and what is known to be lost. A supervisor sees what concerns
/// their warehouse, and what nobody knows the warehouse of.
#[utoipa::path(get, path = "/v1/restore", tag = "restore",
    responses((status = 200, description = "How it stands", body = RestoreAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn show_restore(State(app): State<App>, caller: Caller<READERS>) -> Result<Json<RestoreAnswer>, ApiError> {
    let row = restores::latest(app.desk().store().reader()).await?;
    Ok(Json(answer(&app, row, warehouse(&caller.scope)).await?))
}

/// Which lost things.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct LostQuery {
    /// capsule, revocation, answer, letter, webhook or erasure.
    kind: String,
    /// Only those that nothing has made good since; false unless told.
    open: Option<bool>,
    /// Where the page before ended.
    cursor: Option<String>,
    /// Rows, 50 unless told, 200 at the most.
    limit: Option<u64>,
}

/// The place behind a page.
#[derive(Serialize, Deserialize)]
struct Cursor {
    at: i64,
    id: String,
}

/// Something that happened and that this house does not know any more.
#[derive(Debug, Serialize, ToSchema)]
struct LostAnswer {
    /// Of a capsule the number on its certificate, of an erasure the person, of a letter or a message its id.
    id: String,
    #[schema(value_type = String)]
    at: Value,
    /// The order's id; null of an erasure.
    order: Option<Uuid>,
    /// The piece code, where it is known.
    piece: Option<String>,
    /// Of an answer, what it was; of a capsule, the hash of its event.
    what: Option<String>,
    /// buyer, merchant, platform, supervisor, or owner of an endpoint.
    recipient: Option<String>,
    notice: Option<String>,
    /// Since when it is made good; null while it is lost.
    #[schema(value_type = Option<String>)]
    found_at: Value,
    /// Of a certificate, whether it was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation: Option<LostRevocation>,
}

/// How it stands with the revocation of a certificate whose record was lost.
#[derive(Debug, Serialize, ToSchema)]
struct LostRevocation {
    certificate_code: String,
    /// standing; proposed: one supervisor would revoke it, and another may confirm; revoked.
    state: &'static str,
    /// The first of the two.
    proposed_by: Option<Uuid>,
    /// Until then another supervisor may confirm.
    #[schema(value_type = Option<String>)]
    confirm_until: Value,
    /// The second; null where it had been revoked before the loss.
    revoked_by: Option<Uuid>,
    #[schema(value_type = Option<String>)]
    revoked_at: Value,
}

impl LostRevocation {
    fn new(row: lost_capsules::Model, now: Timestamp) -> Self {
        let until =
            row.proposed_at.map(|at| at.saturating_add(i64::try_from(OPEN_FOR.as_micros()).unwrap_or(i64::MAX)));
        let open = until.filter(|until| row.revoked_at.is_none() && now.as_microsecond() < *until);
        Self {
            certificate_code: row.certificate_code,
            state: match (row.revoked_at, open) {
                (Some(_), _) => "revoked",
                (None, Some(_)) => "proposed",
                (None, None) => "standing",
            },
            proposed_by: row.proposed_by.filter(|_| open.is_some() || row.revoked_at.is_some()),
            confirm_until: at(open),
            revoked_by: row.revoked_by,
            revoked_at: at(row.revoked_at),
        }
    }
}

impl LostAnswer {
    fn new(row: lost::Model, capsules: &BTreeMap<String, lost_capsules::Model>, now: Timestamp) -> Self {
        let capsule = capsules.get(&row.id).filter(|_| row.kind == Kind::Capsule.as_str());
        Self {
            revocation: capsule.map(|capsule| LostRevocation::new(capsule.clone(), now)),
            id: row.id,
            at: instant(row.at),
            order: row.order_id,
            piece: row.piece,
            what: row.head,
            recipient: row.recipient,
            notice: row.notice,
            found_at: row.found_at.map_or(Value::Null, instant),
        }
    }
}

/// A page of what was lost.
#[derive(Debug, Serialize, ToSchema)]
struct LostPage {
    lost: Vec<LostAnswer>,
    /// Leads to the next page; null on the last.
    next_cursor: Option<String>,
}

/// What is known to be lost, oldest first: certificates that are in the world and that nobody can vouch for, withdrawals
/// and answers that have to be given again, letters and messages that left, and persons who were erased again.
#[utoipa::path(get, path = "/v1/restore/lost", tag = "restore", params(LostQuery),
    responses((status = 200, description = "A page of what was lost", body = LostPage),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn list_lost(
    State(app): State<App>,
    caller: Caller<READERS>,
    query: Query<LostQuery>,
) -> Result<Json<LostPage>, ApiError> {
    let mut faults = Faults::default();
    let kind = Kind::parse(&query.kind);
    if kind.is_none() {
        let known: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        faults.add("?kind", format!("what was lost is one of {}", known.join(", ")));
    }
    let limit = limit(query.limit, &mut faults);
    let kind = faults.finish(kind)?;
    let after = read_cursor::<Cursor>(query.cursor.as_deref())?;
    let after = after.as_ref().map(|cursor| (cursor.at, cursor.id.as_str()));
    let own = warehouse(&caller.scope);
    let reader = app.desk().store().reader();
    let mut rows = restores::page(reader, (kind, own), query.open.unwrap_or(false), after, limit + 1).await?;
    let next_cursor = turn_page(&mut rows, limit, |row| write_cursor(&Cursor { at: row.at, id: row.id.clone() }));
    let codes: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    let capsules = if kind == Kind::Capsule { lost_capsules::of(reader, &codes).await? } else { Vec::new() };
    let capsules = capsules.into_iter().map(|row| (row.certificate_code.clone(), row)).collect();
    let shown = |row| LostAnswer::new(row, &capsules, app.now());
    Ok(Json(LostPage { lost: rows.into_iter().map(shown).collect(), next_cursor }))
}

/// Revokes a certificate whose record was lost. The first of two supervisors puts it up; the other confirms it by the same
/// request within the hour. Whoever checks the certificate is told then, also without this service, by the status list.
#[utoipa::path(post, path = "/v1/restore/lost/{certificate_code}/revocation", tag = "restore", request_body = Nothing,
    params(("certificate_code" = String, Path, description = "The number printed on the certificate"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "Put up, or revoked", body = LostRevocation),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn revoke_lost(
    State(app): State<App>,
    caller: Caller<SUPERVISOR>,
    Path(code): Path<String>,
    write: Write<Nothing>,
) -> Result<Json<LostRevocation>, ApiError> {
    let absent = || ApiError::absent("lost certificate");
    let code = printed(&code).ok_or_else(absent)?;
    let row = restores::lost(app.desk().store().reader(), Kind::Capsule, &code).await?.ok_or_else(absent)?;
    let own = warehouse(&caller.scope);
    if row.warehouse_id.is_some_and(|known| own.is_some_and(|own| own != known)) {
        return Err(absent());
    }
    let request = write.circumstances.request(&app, &caller);
    let row = app.desk().revoke_lost(&code, &request).await?;
    if row.revoked_at.is_some() {
        tracing::warn!(order.id = %row.order_id, "a certificate whose record was lost was revoked");
    }
    Ok(Json(LostRevocation::new(row, app.now())))
}

/// Lets letters, webhooks and clocks go, for the whole house. Before that every choice that ran out, or will within
/// three days, is moved later by the time that was lost, and by a day at the least. Where it takes longer than a request
/// may, ask again with the same key.
#[utoipa::path(post, path = "/v1/restore/release", tag = "restore", request_body = Nothing,
    params(("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "Let go", body = RestoreAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn release_restore(
    State(app): State<App>,
    caller: Caller<SUPERVISOR>,
    write: Write<Nothing>,
) -> Result<Json<RestoreAnswer>, ApiError> {
    let row = app.desk().release_restore(&write.circumstances.request(&app, &caller)).await?;
    if let Some(row) = &row {
        let released = row.released_at.and_then(|at| Timestamp::from_microsecond(at).ok());
        tracing::warn!(restore.id = %row.id, released = released.is_some(), "the restored house was let go");
    }
    Ok(Json(answer(&app, row, warehouse(&caller.scope)).await?))
}
