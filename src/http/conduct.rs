//! A merchant's conduct: the step on the published ladder, with every reason, and what may be said to it.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::{AUDITOR, Caller, MERCHANT, PLATFORM, SUPERVISOR, visible};
use super::body::{Circumstances, Faults, Write, free_text};
use super::error::Problem;
use super::obligations::InWords;
use super::query::Query;
use super::views::instant;
use super::{ApiError, App};
use crate::desk::Seals;
use crate::desk::conduct::Said;
use crate::domain::actor::Scope;
use crate::domain::conduct::IncidentKind;
use crate::domain::ids::{IncidentId, MerchantId, OrderId, TenantId};
use crate::domain::refusal::{AccountFault, Refusal};
use crate::domain::text::Sealed;
use crate::store::entity::{incidents, orders, pieces};
use crate::store::{beside, owed};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_conduct))
        .routes(routes!(read_lesson))
        .routes(routes!(appeal_step))
        .routes(routes!(decide_appeal))
        .routes(routes!(lift_step))
}

/// The last step, from which only the platform lets down.
const LAST: i32 = 4;

/// A merchant's conduct.
#[derive(Debug, Serialize, ToSchema)]
struct ConductAnswer {
    merchant_id: String,
    /// 0 to 4: clean, lesson, warning, closer look, recommendation to the platform.
    step: i32,
    words: InWords,
    /// When the step falls by itself, if nothing happens; null where it does not.
    #[schema(value_type = Option<String>)]
    falls_at: Value,
    /// How the merchant came to stand there, oldest first.
    steps: Vec<StepAnswer>,
    /// Every confirmed fault, oldest first, withdrawn ones included.
    incidents: Vec<IncidentAnswer>,
    /// On the last step: what the platform is recommended to do. Its evidence are the incidents above.
    recommendation: Option<InWords>,
}

/// A step that was reached or left.
#[derive(Debug, Serialize, ToSchema)]
struct StepAnswer {
    before: i32,
    step: i32,
    #[schema(value_type = String)]
    at: Value,
    /// The incident that led to it; null where it fell by time or by the platform's word.
    incident: Option<Uuid>,
    lifted_by_platform: bool,
}

/// One confirmed fault.
#[derive(Debug, Serialize, ToSchema)]
struct IncidentAnswer {
    id: Uuid,
    /// late, no_show, counterfeit, mis_described or speech_breach.
    kind: String,
    words: InWords,
    /// The rule's text, to be read.
    lesson: InWords,
    clause: String,
    /// Null for another warehouse's order.
    order_no: Option<String>,
    line_no: i32,
    piece: Option<String>,
    #[schema(value_type = String)]
    confirmed_at: Value,
    /// Since then it counts no more.
    #[schema(value_type = Option<String>)]
    withdrawn_at: Value,
    /// When the merchant confirmed to have read the rule.
    #[schema(value_type = Option<String>)]
    read_at: Value,
    /// open, granted or refused.
    appeal: Option<String>,
    #[schema(value_type = Option<String>)]
    lifted_at: Value,
}

/// Whose merchant.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ConductQuery {
    /// The platform, for a supervisor or an auditor, who belong to none.
    platform: Option<String>,
}

type Readers = Caller<{ PLATFORM | MERCHANT | SUPERVISOR | AUDITOR }>;

/// A merchant that the caller may know of.
fn merchant_of<const ROLES: u16>(
    caller: &Caller<ROLES>,
    merchant: &str,
    platform: Option<&str>,
) -> Result<(TenantId, MerchantId), ApiError> {
    let absent = || ApiError::absent("merchant");
    let merchant = MerchantId::parse(merchant).map_err(|_| absent())?;
    match &caller.scope {
        Scope::Tenant(tenant) => Ok((tenant.clone(), merchant)),
        Scope::Merchant(tenant, own) => {
            visible(*own == merchant, "merchant")?;
            Ok((tenant.clone(), merchant))
        }
        Scope::Warehouse(_) | Scope::Everything => {
            let Some(platform) = platform else {
                let mut faults = Faults::default();
                faults.add("?platform", "say whose merchant it is: the platform's id");
                return faults.finish(None);
            };
            Ok((TenantId::parse(platform).map_err(|_| absent())?, merchant))
        }
        Scope::Nothing => Err(absent()),
    }
}

/// A merchant's step on the ladder of conduct, with the reason of each.
#[utoipa::path(get, path = "/v1/merchants/{id}/conduct", tag = "conduct",
    params(("id" = String, Path, description = "The platform's id of the merchant"), ConductQuery),
    responses((status = 200, description = "Where the merchant stands, and why", body = ConductAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn get_conduct(
    State(app): State<App>,
    caller: Readers,
    Path(id): Path<String>,
    query: Query<ConductQuery>,
) -> Result<Json<ConductAnswer>, ApiError> {
    let (tenant, merchant) = merchant_of(&caller, &id, query.platform.as_deref())?;
    conduct(&app, &caller, &tenant, &merchant).await
}

async fn conduct<const ROLES: u16>(
    app: &App,
    caller: &Caller<ROLES>,
    tenant: &TenantId,
    merchant: &MerchantId,
) -> Result<Json<ConductAnswer>, ApiError> {
    let found = app.desk().conduct(tenant.as_str(), merchant.as_str(), app.now()).await?;
    let reader = app.desk().store().reader();
    // Whoever belongs to a warehouse knows of merchants that had a fault there.
    if let Scope::Warehouse(own) = &caller.scope {
        visible(found.incidents.iter().any(|row| row.warehouse_id == own.as_str()), "merchant")?;
    }
    let mut ids: Vec<_> = found.incidents.iter().map(|row| row.order_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let orders: Vec<orders::Model> = if ids.is_empty() { Vec::new() } else { beside::orders_of(reader, &ids).await? };
    let pieces: Vec<pieces::Model> = if ids.is_empty() { Vec::new() } else { beside::pieces_of(reader, &ids).await? };
    let shows = |row: &incidents::Model| match &caller.scope {
        Scope::Warehouse(own) => row.warehouse_id == own.as_str(),
        Scope::Tenant(_) | Scope::Merchant(..) | Scope::Everything | Scope::Nothing => true,
    };
    let answer = |row: &incidents::Model| {
        let kind = IncidentKind::parse(&row.kind);
        let say = |say: fn(&crate::words::Words, IncidentKind) -> &str| {
            InWords::of(|language| kind.map(|kind| say(language.words(), kind).to_owned()).unwrap_or_default())
        };
        let order = orders.iter().find(|order| order.order_id == row.order_id).filter(|_| shows(row));
        let piece = pieces
            .iter()
            .find(|piece| (piece.order_id, piece.stream_id) == (row.order_id, row.stream_id))
            .filter(|_| shows(row));
        IncidentAnswer {
            id: row.id,
            kind: row.kind.clone(),
            words: say(crate::words::Words::incident),
            lesson: say(crate::words::Words::lesson),
            clause: row.clause.clone(),
            order_no: order.map(|order| order.order_no.clone()),
            line_no: row.line_no,
            piece: piece.map(|piece| piece.code.clone()),
            confirmed_at: instant(row.confirmed_at),
            withdrawn_at: row.withdrawn_at.map_or(Value::Null, instant),
            read_at: row.read_at.map_or(Value::Null, instant),
            appeal: row.appeal.clone(),
            lifted_at: row.lifted_at.map_or(Value::Null, instant),
        }
    };
    Ok(Json(ConductAnswer {
        merchant_id: merchant.to_string(),
        step: found.step,
        words: InWords::of(|language| language.words().conduct_step(found.step).to_owned()),
        falls_at: found.falls_at.map_or(Value::Null, |at| instant(at.as_microsecond())),
        steps: found
            .rungs
            .iter()
            .map(|rung| StepAnswer {
                before: rung.before,
                step: rung.step,
                at: instant(rung.at.as_microsecond()),
                incident: rung.incident.map(|(id, _)| id.0),
                lifted_by_platform: rung.lifted,
            })
            .collect(),
        incidents: found.incidents.iter().map(answer).collect(),
        recommendation: (found.step == LAST)
            .then(|| InWords::of(|language| language.words().conduct_recommendation().to_owned())),
    }))
}

/// An incident of a merchant, as far as the caller may know of it.
async fn incident_of<const ROLES: u16>(
    app: &App,
    caller: &Caller<ROLES>,
    (merchant, incident): (&str, &str),
) -> Result<incidents::Model, ApiError> {
    let absent = || ApiError::absent("incident");
    let id: Uuid = incident.parse().map_err(|_| absent())?;
    let row = owed::incident(app.desk().store().reader(), id).await?.ok_or_else(absent)?;
    visible(row.merchant_id == merchant, "incident")?;
    let sees = match &caller.scope {
        Scope::Tenant(tenant) => row.tenant_id == tenant.as_str(),
        Scope::Merchant(tenant, own) => row.tenant_id == tenant.as_str() && row.merchant_id == own.as_str(),
        Scope::Warehouse(own) => row.warehouse_id == own.as_str(),
        Scope::Everything => true,
        Scope::Nothing => false,
    };
    visible(sees, "incident")?;
    Ok(row)
}

async fn say<const ROLES: u16>(
    app: &App,
    caller: &Caller<ROLES>,
    row: &incidents::Model,
    circumstances: &Circumstances,
    reason: Option<&str>,
    said: impl FnOnce(Option<Sealed>) -> Option<Said>,
) -> Result<Json<ConductAnswer>, ApiError> {
    let mut faults = Faults::default();
    let reason = faults.take_optional("/reason", reason, free_text);
    faults.finish(Some(()))?;
    let order_id = OrderId(row.order_id);
    let mut seals = Seals::default();
    let sealed = reason.map(|reason| seals.seal(app.desk().vault(), order_id, caller.person, &reason));
    let said = said(sealed).ok_or_else(|| ApiError::Fault("what is said of an incident has its reason".into()))?;
    let request = circumstances.request(app, caller);
    app.desk().say_of_incident(order_id, IncidentId(row.id), said, seals, &request).await?;
    let malformed = |_| ApiError::Fault("the row of an incident is malformed".into());
    let tenant = TenantId::parse(&row.tenant_id).map_err(malformed)?;
    let merchant = MerchantId::parse(&row.merchant_id).map_err(malformed)?;
    conduct(app, caller, &tenant, &merchant).await
}

/// Nothing to say beside the address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReadBody {}

/// A reason, kept sealed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SayBody {
    reason: String,
}

/// The decision on an appeal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DecisionBody {
    /// Granted, the incident counts no more, and neither does what it led to.
    granted: bool,
    reason: String,
}

/// The merchant confirms to have read the rule.
#[utoipa::path(post, path = "/v1/merchants/{id}/conduct/{incident}/read", tag = "conduct", request_body = ReadBody,
    params(("id" = String, Path, description = "The merchant"), ("incident" = Uuid, Path, description = "The incident"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "Where the merchant stands", body = ConductAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn read_lesson(
    State(app): State<App>,
    caller: Caller<MERCHANT>,
    Path((id, incident)): Path<(String, String)>,
    write: Write<ReadBody>,
) -> Result<Json<ConductAnswer>, ApiError> {
    let row = incident_of(&app, &caller, (&id, &incident)).await?;
    say(&app, &caller, &row, &write.circumstances, None, |_| Some(Said::Read)).await
}

/// The merchant appeals the step that an incident led to: once.
#[utoipa::path(post, path = "/v1/merchants/{id}/conduct/{incident}/appeal", tag = "conduct", request_body = SayBody,
    params(("id" = String, Path, description = "The merchant"), ("incident" = Uuid, Path, description = "The incident"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "Where the merchant stands", body = ConductAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn appeal_step(
    State(app): State<App>,
    caller: Caller<MERCHANT>,
    Path((id, incident)): Path<(String, String)>,
    write: Write<SayBody>,
) -> Result<Json<ConductAnswer>, ApiError> {
    let row = incident_of(&app, &caller, (&id, &incident)).await?;
    let said = |reason: Option<Sealed>| Some(Said::Appeal { reason: reason? });
    say(&app, &caller, &row, &write.circumstances, Some(&write.body.reason), said).await
}

/// A supervisor of the order's warehouse decides on an appeal.
#[utoipa::path(post, path = "/v1/merchants/{id}/conduct/{incident}/decision", tag = "conduct",
    request_body = DecisionBody,
    params(("id" = String, Path, description = "The merchant"), ("incident" = Uuid, Path, description = "The incident"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "Where the merchant stands", body = ConductAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn decide_appeal(
    State(app): State<App>,
    caller: Caller<SUPERVISOR>,
    Path((id, incident)): Path<(String, String)>,
    write: Write<DecisionBody>,
) -> Result<Json<ConductAnswer>, ApiError> {
    let row = incident_of(&app, &caller, (&id, &incident)).await?;
    let granted = write.body.granted;
    let said = |reason: Option<Sealed>| Some(Said::Decide { granted, reason: reason? });
    say(&app, &caller, &row, &write.circumstances, Some(&write.body.reason), said).await
}

/// The platform has dealt with the recommendation that an incident led to: the merchant falls from the last step.
#[utoipa::path(post, path = "/v1/merchants/{id}/conduct/{incident}/lifted", tag = "conduct", request_body = SayBody,
    params(("id" = String, Path, description = "The merchant"), ("incident" = Uuid, Path, description = "The incident"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "Where the merchant stands", body = ConductAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn lift_step(
    State(app): State<App>,
    caller: Caller<PLATFORM>,
    Path((id, incident)): Path<(String, String)>,
    write: Write<SayBody>,
) -> Result<Json<ConductAnswer>, ApiError> {
    let row = incident_of(&app, &caller, (&id, &incident)).await?;
    let request = write.circumstances.request(&app, &caller);
    // A repeat of what was said stands, whatever the step is since.
    if app.desk().answer_to(&request).await?.is_none() {
        let found = app.desk().conduct(&row.tenant_id, &row.merchant_id, app.now()).await?;
        if found.step != LAST {
            return Err(Refusal::from(AccountFault::NotRecommended).into());
        }
    }
    let said = |reason: Option<Sealed>| Some(Said::Lift { reason: reason? });
    say(&app, &caller, &row, &write.circumstances, Some(&write.body.reason), said).await
}
