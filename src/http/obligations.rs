//! What is owed: for the platform to settle, for everybody else to see, for a supervisor where no table knew the amount.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::{AUDITOR, Caller, MERCHANT, PLATFORM, SUPERVISOR, visible};
use super::body::{Faults, Write, free_text};
use super::error::Problem;
use super::platform::{instant as parse_instant, limit, orders_of, turn_page};
use super::query::Query;
use super::queue::{TimeCursor, read_cursor, write_cursor};
use super::views::instant;
use super::{ApiError, App};
use crate::desk::Seals;
use crate::domain::ids::{MerchantId, ObligationId, OrderId, OrderNo, TenantId, WarehouseId};
use crate::domain::obligation::{OwedRule, OwedState, Party};
use crate::store::entity::{obligations, orders, pieces};
use crate::store::{beside, owed, queries};
use crate::words::Language;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_obligations))
        .routes(routes!(get_obligation))
        .routes(routes!(settle_obligation))
        .routes(routes!(set_amount))
}

/// Why, in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub struct InWords {
    #[serde(rename = "zh-CN")]
    zh: String,
    en: String,
}

impl InWords {
    pub fn of(say: impl Fn(Language) -> String) -> Self {
        Self { zh: say(Language::Chinese), en: say(Language::English) }
    }
}

/// What somebody owes somebody. Never a payment: the platform pays, and tells that it has.
#[derive(Debug, Serialize, ToSchema)]
pub struct ObligationAnswer {
    id: Uuid,
    order_no: String,
    line_no: i32,
    /// The piece's code; null for what is owed once for a line.
    piece: Option<String>,
    /// Such as refund_in_full.
    rule: String,
    words: InWords,
    /// buyer, merchant or warehouse.
    debtor: String,
    creditor: String,
    /// Whole minor units; null until a supervisor sets it.
    amount: Option<i64>,
    /// Where a person sets it: at the most.
    at_most: Option<i64>,
    currency: String,
    /// What it rests on.
    clause: String,
    /// owed, settled or reversed.
    state: String,
    #[schema(value_type = String)]
    arose_at: Value,
    #[schema(value_type = Option<String>)]
    settled_at: Value,
}

/// Rows as they are answered, with the numbers of their orders and the codes of their pieces.
pub async fn told(app: &App, rows: Vec<obligations::Model>) -> Result<Vec<ObligationAnswer>, ApiError> {
    let reader = app.desk().store().reader();
    let mut ids: Vec<_> = rows.iter().map(|row| row.order_id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let orders: HashMap<Uuid, orders::Model> =
        beside::orders_of(reader, &ids).await?.into_iter().map(|row| (row.order_id, row)).collect();
    let pieces: Vec<pieces::Model> = beside::pieces_of(reader, &ids).await?;
    let answer = |row: obligations::Model| ObligationAnswer {
        order_no: orders.get(&row.order_id).map(|order| order.order_no.clone()).unwrap_or_default(),
        piece: pieces
            .iter()
            .find(|piece| piece.order_id == row.order_id && Some(piece.stream_id) == row.stream_id)
            .map(|piece| piece.code.clone()),
        words: InWords::of(|language| said(&row, language)),
        id: row.id,
        line_no: row.line_no,
        rule: row.rule,
        debtor: row.debtor,
        creditor: row.creditor,
        amount: row.amount,
        at_most: row.at_most,
        currency: row.currency,
        clause: row.clause,
        state: row.state,
        arose_at: instant(row.arose_at),
        settled_at: row.settled_at.map_or(Value::Null, instant),
    };
    Ok(rows.into_iter().map(answer).collect())
}

fn said(row: &obligations::Model, language: Language) -> String {
    match (OwedRule::parse(&row.rule), OwedState::parse(&row.state)) {
        (Some(rule), Some(state)) => language.words().owed(rule, state, row.amount, &row.currency),
        _ => row.rule.clone(), // A later release knows more.
    }
}

/// Which obligations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ObligationsQuery {
    /// owed, settled or reversed.
    state: Option<String>,
    /// Only those of this order.
    order_no: Option<String>,
    /// buyer, merchant or warehouse.
    debtor: Option<String>,
    creditor: Option<String>,
    /// Only those whose amount a supervisor has to set.
    without_amount: Option<bool>,
    /// Where the page before ended.
    cursor: Option<String>,
    /// Rows, 50 unless told, 200 at the most.
    limit: Option<u64>,
}

/// A page of obligations, oldest first.
#[derive(Debug, Serialize, ToSchema)]
struct ObligationsAnswer {
    obligations: Vec<ObligationAnswer>,
    /// Leads to the next page; null on the last.
    next_cursor: Option<String>,
}

type Readers = Caller<{ PLATFORM | MERCHANT | SUPERVISOR | AUDITOR }>;

/// What is owed, oldest first, as far as the caller may see.
#[utoipa::path(get, path = "/v1/obligations", tag = "obligations", params(ObligationsQuery),
    responses((status = 200, description = "A page of obligations", body = ObligationsAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn list_obligations(
    State(app): State<App>,
    caller: Readers,
    query: Query<ObligationsQuery>,
) -> Result<Json<ObligationsAnswer>, ApiError> {
    let of = orders_of(&caller.scope, "obligation")?;
    let mut faults = Faults::default();
    if query.state.as_deref().is_some_and(|state| OwedState::parse(state).is_none()) {
        faults.add("?state", "it is owed, settled or reversed");
    }
    for (name, party) in [("?debtor", &query.debtor), ("?creditor", &query.creditor)] {
        if party.as_deref().is_some_and(|party| Party::parse(party).is_none()) {
            faults.add(name, "it is buyer, merchant or warehouse");
        }
    }
    let limit = limit(query.limit, &mut faults);
    faults.finish(Some(()))?;
    let after = read_cursor::<TimeCursor>(query.cursor.as_deref())?.map(|cursor| (cursor.at, cursor.id));
    let reader = app.desk().store().reader();
    let order_id = match &query.order_no {
        None => None,
        Some(order_no) => {
            // A number is a platform's own.
            let tenant = caller.tenant().map_err(|_| ApiError::absent("order"))?;
            let order_no = OrderNo::parse(order_no).map_err(|_| ApiError::absent("order"))?;
            let row = queries::order_by_no(reader, tenant.as_str(), order_no.as_str()).await?;
            Some(row.ok_or_else(|| ApiError::absent("order"))?.order_id)
        }
    };
    let wanted = owed::Wanted {
        state: query.state.clone(),
        order_id,
        creditor: query.creditor.clone(),
        debtor: query.debtor.clone(),
        without_amount: query.without_amount.unwrap_or_default(),
        after,
    };
    let mut rows = owed::obligations_page(reader, &of, &wanted, limit + 1).await?;
    let next_cursor = turn_page(&mut rows, limit, |row| write_cursor(&TimeCursor { at: row.arose_at, id: row.id }));
    Ok(Json(ObligationsAnswer { obligations: told(&app, rows).await?, next_cursor }))
}

/// An obligation that the caller may see.
async fn find<const ROLES: u16>(app: &App, caller: &Caller<ROLES>, id: Uuid) -> Result<obligations::Model, ApiError> {
    let absent = || ApiError::absent("obligation");
    let row = owed::obligation(app.desk().store().reader(), id).await?.ok_or_else(absent)?;
    let malformed = |_| ApiError::Fault("the row of an obligation is malformed".into());
    let tenant = TenantId::parse(&row.tenant_id).map_err(malformed)?;
    let merchant = MerchantId::parse(&row.merchant_id).map_err(malformed)?;
    let warehouse = WarehouseId::parse(&row.warehouse_id).map_err(malformed)?;
    visible(caller.scope.covers(&tenant, &merchant, &warehouse), "obligation")?;
    Ok(row)
}

async fn answer(app: &App, id: Uuid) -> Result<Json<ObligationAnswer>, ApiError> {
    let row = owed::obligation(app.desk().store().reader(), id).await?;
    let told = told(app, row.into_iter().collect()).await?.pop();
    Ok(Json(told.ok_or_else(|| ApiError::absent("obligation"))?))
}

/// One obligation as it stands.
#[utoipa::path(get, path = "/v1/obligations/{id}", tag = "obligations",
    params(("id" = Uuid, Path, description = "The obligation")),
    responses((status = 200, description = "The obligation", body = ObligationAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn get_obligation(
    State(app): State<App>,
    caller: Readers,
    Path(id): Path<Uuid>,
) -> Result<Json<ObligationAnswer>, ApiError> {
    let row = find(&app, &caller, id).await?;
    answer(&app, row.id).await
}

/// When it was paid.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SettledBody {
    /// RFC 3339; left out, now.
    #[serde(default)]
    settled_at: Option<String>,
}

/// Tells that the platform has settled it. Told once more with the same time, it changes nothing.
#[utoipa::path(post, path = "/v1/obligations/{id}/settled", tag = "obligations", request_body = SettledBody,
    params(("id" = Uuid, Path, description = "The obligation"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "Settled", body = ObligationAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn settle_obligation(
    State(app): State<App>,
    caller: Caller<PLATFORM>,
    Path(id): Path<Uuid>,
    write: Write<SettledBody>,
) -> Result<Json<ObligationAnswer>, ApiError> {
    let row = find(&app, &caller, id).await?;
    let mut faults = Faults::default();
    let at: Option<Timestamp> = faults.take_optional("/settled_at", write.body.settled_at.as_deref(), parse_instant);
    faults.finish(Some(()))?;
    let request = write.circumstances.request(&app, &caller);
    let at = at.unwrap_or(request.now);
    app.desk().settle_obligation(OrderId(row.order_id), ObligationId(id), at, &request).await?;
    answer(&app, id).await
}

/// An amount that no fee table knew.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AmountBody {
    /// Whole minor units, in the obligation's currency.
    amount: i64,
    reason: String,
}

/// Sets the amount of an obligation that has none. Until it is settled, it may be set again.
#[utoipa::path(post, path = "/v1/obligations/{id}/amount", tag = "obligations", request_body = AmountBody,
    params(("id" = Uuid, Path, description = "The obligation"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "Set", body = ObligationAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn set_amount(
    State(app): State<App>,
    caller: Caller<SUPERVISOR>,
    Path(id): Path<Uuid>,
    write: Write<AmountBody>,
) -> Result<Json<ObligationAnswer>, ApiError> {
    let row = find(&app, &caller, id).await?;
    let mut faults = Faults::default();
    let reason = faults.take("/reason", free_text(&write.body.reason));
    let reason = faults.finish(reason)?;
    let order_id = OrderId(row.order_id);
    let mut seals = Seals::default();
    let sealed = seals.seal(app.desk().vault(), order_id, caller.person, &reason);
    let request = write.circumstances.request(&app, &caller);
    let set = (write.body.amount, sealed);
    app.desk().set_obligation_amount(order_id, ObligationId(id), set, seals, &request).await?;
    answer(&app, id).await
}
