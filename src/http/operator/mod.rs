//! What an operator keeps: keys, warehouses, laboratories, devices; erasure. And the events of all journals, for an
//! auditor.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::{AUDITOR, Caller, OPERATOR};
use super::body::{Faults, Write};
use super::error::Problem;
use super::pieces::StoredEvent;
use super::platform::{instant as parse_instant, limit, line, turn_page};
use super::query::Query;
use super::queue::{read_cursor, write_cursor};
use super::views::instant;
use super::warehouse::Nothing;
use super::{ApiError, App};
use crate::desk::{KeyGrant, KeyScope};
use crate::domain::actor::Role;
use crate::domain::event::EventKind;
use crate::domain::ids::{KeyId, Malformed, MerchantId, PersonId, TenantId, WarehouseId};
use crate::store::entity::keys;
use crate::store::queries::{self, EventPlace};

mod places;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create_key, list_keys))
        .routes(routes!(revoke_key))
        .routes(routes!(erase_person))
        .routes(routes!(list_events))
        .merge(places::routes())
}

/// Which keys.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct KeysQuery {
    /// Where the page before ended.
    cursor: Option<String>,
    /// Rows, 50 unless told, 200 at the most.
    limit: Option<u64>,
}

/// The place behind a page of keys.
#[derive(Serialize, Deserialize)]
struct KeyCursor {
    id: Uuid,
}

/// A new key: for whom, in which role, how far it sees.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KeyBody {
    /// A person who has a key already; or else `name`.
    #[serde(default)]
    person_id: Option<Uuid>,
    /// Of a new person; kept sealed.
    #[serde(default)]
    name: Option<String>,
    /// platform, merchant, clerk, inspector, supervisor, auditor or operator.
    role: String,
    /// Of a platform's or a merchant's key.
    #[serde(default)]
    tenant: Option<String>,
    /// Of a merchant's key.
    #[serde(default)]
    merchant: Option<String>,
    /// Of a clerk's, an inspector's or a supervisor's key.
    #[serde(default)]
    warehouse: Option<String>,
    /// RFC 3339; without it the key is good until it is revoked.
    #[serde(default)]
    expires_at: Option<String>,
}

impl KeyBody {
    async fn parse(&self, app: &App) -> Result<KeyGrant, ApiError> {
        let mut faults = Faults::default();
        let name = faults.take_optional("/name", self.name.as_deref(), |text| line(text, 200));
        if self.name.is_some() == self.person_id.is_some() {
            faults.add("/person_id", "give the person_id of somebody who has a key, or the name of a new person");
        }
        let role = Role::of_key(&self.role);
        if role.is_none() {
            let known: Vec<_> = Role::OF_KEYS.into_iter().map(Role::as_str).collect();
            faults.add("/role", format!("a key's role is one of {}", known.join(", ")));
        }
        let scope = KeyScope {
            tenant_id: faults.take_optional("/tenant", self.tenant.as_deref(), TenantId::parse),
            merchant_id: faults.take_optional("/merchant", self.merchant.as_deref(), MerchantId::parse),
            warehouse_id: faults.take_optional("/warehouse", self.warehouse.as_deref(), WarehouseId::parse),
        };
        if let Some(role) = role {
            let given = [("/tenant", self.tenant.is_some()), ("/merchant", self.merchant.is_some())];
            let given = given.into_iter().chain([("/warehouse", self.warehouse.is_some())]);
            for ((pointer, given), needed) in given.zip(needs(role)) {
                match (given, needed) {
                    (false, true) => faults.add(pointer, format!("a {role}'s key needs it")),
                    (true, false) => faults.add(pointer, format!("a {role}'s key is not bound by it: leave it out")),
                    (true, true) | (false, false) => {}
                }
            }
        }
        let expires_at = faults.take_optional("/expires_at", self.expires_at.as_deref(), |text| to_come(text, app));
        let reader = app.desk().store().reader();
        if let Some(person) = self.person_id {
            let row = queries::person(reader, person).await?.filter(|row| row.erased_at.is_none());
            if row.is_none() {
                faults.add("/person_id", "there is no such person");
            }
        }
        if let Some(warehouse) = &scope.warehouse_id
            && queries::warehouse(reader, warehouse.as_str()).await?.is_none()
        {
            faults.add("/warehouse", "there is no such warehouse");
        }
        let person = self.person_id.map(PersonId);
        faults.finish(role.map(|role| KeyGrant { person, name, role, scope, expires_at }))
    }
}

/// What a key of this role is bound to: tenant, merchant, warehouse.
fn needs(role: Role) -> [bool; 3] {
    match role {
        Role::Platform => [true, false, false],
        Role::Merchant => [true, true, false],
        Role::Clerk | Role::Inspector | Role::Supervisor => [false, false, true],
        Role::Auditor | Role::Operator | Role::Buyer | Role::Carrier | Role::Desk => [false, false, false],
    }
}

fn to_come(text: &str, app: &App) -> Result<Timestamp, Malformed> {
    let at = parse_instant(text)?;
    if at <= app.now() {
        return Err(Malformed("a key that expires in the past is of no use".into()));
    }
    Ok(at)
}

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
struct KeyAnswer {
    id: Uuid,
    person_id: Uuid,
    role: String,
    tenant: Option<String>,
    merchant: Option<String>,
    warehouse: Option<String>,
    #[schema(value_type = String)]
    created_at: Value,
    /// Null for a key that was made at the command line.
    created_by_key: Option<Uuid>,
    #[schema(value_type = Option<String>)]
    expires_at: Value,
    #[schema(value_type = Option<String>)]
    revoked_at: Value,
    revoked_by_key: Option<Uuid>,
}

impl From<keys::Model> for KeyAnswer {
    fn from(row: keys::Model) -> Self {
        Self {
            id: row.id,
            person_id: row.person_id,
            role: row.role,
            tenant: row.tenant_id,
            merchant: row.merchant_id,
            warehouse: row.warehouse_id,
            created_at: instant(row.created_at),
            created_by_key: row.created_by_key,
            expires_at: row.expires_at.map_or(Value::Null, instant),
            revoked_at: row.revoked_at.map_or(Value::Null, instant),
            revoked_by_key: row.revoked_by_key,
        }
    }
}

/// A key that was made.
#[derive(Debug, Serialize, ToSchema)]
struct NewKeyAnswer {
    #[serde(flatten)]
    key: KeyAnswer,
    /// Shown this once. The same request again answers without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// Makes a key. Its secret is shown once; what is lost is revoked and made anew.
#[utoipa::path(post, path = "/v1/keys", tag = "operator", request_body = KeyBody,
    params(("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 201, description = "Made", body = NewKeyAnswer),
        (status = 200, description = "Made by the same request before: without the secret", body = NewKeyAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn create_key(
    State(app): State<App>,
    caller: Caller<OPERATOR>,
    write: Write<KeyBody>,
) -> Result<(StatusCode, Json<NewKeyAnswer>), ApiError> {
    let request = write.circumstances.request(&app, &caller);
    // The same request again is answered whatever has become of its person or warehouse since.
    let grant = match app.desk().answer_to(&request).await? {
        Some(_) => {
            KeyGrant { person: None, name: None, role: Role::Clerk, scope: KeyScope::default(), expires_at: None }
        }
        None => write.body.parse(&app).await?,
    };
    let (row, secret) = app.desk().grant_key(&grant, &request).await?;
    // As it was made: what happened to it since is no part of the first answer.
    let row = keys::Model { revoked_at: None, revoked_by_key: None, ..row };
    let status = if secret.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(NewKeyAnswer { key: row.into(), secret })))
}

/// A page of keys.
#[derive(Debug, Serialize, ToSchema)]
struct KeysAnswer {
    keys: Vec<KeyAnswer>,
    /// Leads to the next page; null on the last.
    next_cursor: Option<String>,
}

/// All keys, oldest first, without their secrets.
#[utoipa::path(get, path = "/v1/keys", tag = "operator", params(KeysQuery),
    responses((status = 200, description = "A page of keys", body = KeysAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn list_keys(
    State(app): State<App>,
    _caller: Caller<OPERATOR>,
    query: Query<KeysQuery>,
) -> Result<Json<KeysAnswer>, ApiError> {
    let mut faults = Faults::default();
    let limit = limit(query.limit, &mut faults);
    faults.finish(Some(()))?;
    let after = read_cursor::<KeyCursor>(query.cursor.as_deref())?.map(|cursor| cursor.id);
    let mut rows = queries::keys(app.desk().store().reader(), after, limit + 1).await?;
    let next_cursor = turn_page(&mut rows, limit, |row| write_cursor(&KeyCursor { id: row.id }));
    Ok(Json(KeysAnswer { keys: rows.into_iter().map(KeyAnswer::from).collect(), next_cursor }))
}

/// Revokes a key: it is good for nothing from now on. One that was revoked before stays as it was.
#[utoipa::path(post, path = "/v1/keys/{id}/revoke", tag = "operator", request_body = Nothing,
    params(("id" = Uuid, Path, description = "The key"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "The key as it ended", body = KeyAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn revoke_key(
    State(app): State<App>,
    caller: Caller<OPERATOR>,
    Path(id): Path<String>,
    write: Write<Nothing>,
) -> Result<Json<KeyAnswer>, ApiError> {
    let id = id.parse().map_err(|_| ApiError::absent("key"))?;
    let row = app.desk().end_key(KeyId(id), &write.circumstances.request(&app, &caller)).await;
    // Also where the answer was lost on the way: the key may have ended.
    app.keys().clear();
    Ok(Json(row?.into()))
}

/// A person whose data were destroyed.
#[derive(Debug, Serialize, ToSchema)]
struct ErasedAnswer {
    person_id: Uuid,
    #[schema(value_type = String)]
    erased_at: Value,
    erased_by_key: Option<Uuid>,
}

/// Destroys what is known of a person, for good: name, phone, address, e-mail; of a buyer also the free texts of their
/// orders. Every journal still verifies, and each of their orders notes the erasure.
#[utoipa::path(post, path = "/v1/persons/{id}/erase", tag = "operator", request_body = Nothing,
    params(("id" = Uuid, Path, description = "The person"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "Erased", body = ErasedAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn erase_person(
    State(app): State<App>,
    caller: Caller<OPERATOR>,
    Path(id): Path<String>,
    write: Write<Nothing>,
) -> Result<Json<ErasedAnswer>, ApiError> {
    let id: Uuid = id.parse().map_err(|_| ApiError::absent("person"))?;
    app.desk().erase_person(PersonId(id), &write.circumstances.request(&app, &caller)).await?;
    let row = queries::person(app.desk().store().reader(), id).await?.ok_or_else(|| ApiError::absent("person"))?;
    let erased_at = row.erased_at.map_or(Value::Null, instant);
    Ok(Json(ErasedAnswer { person_id: id, erased_at, erased_by_key: row.erased_by_key }))
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct EventsQuery {
    /// Only events of this kind, such as released.
    kind: Option<String>,
    /// Only events at or after this time (RFC 3339).
    from: Option<String>,
    /// Where the page before ended.
    cursor: Option<String>,
    /// Rows, 50 unless told, 200 at the most.
    limit: Option<u64>,
}

/// The place behind a page of events.
#[derive(Serialize, Deserialize)]
struct EventCursor {
    at: i64,
    order_id: Uuid,
    stream_id: i32,
    seq: i32,
}

/// A page of events, in the order of their times.
#[derive(Serialize, ToSchema)]
struct EventsAnswer {
    events: Vec<StoredEvent>,
    /// Leads to the next page; null on the last.
    next_cursor: Option<String>,
}

/// The stored events of all journals by time, each with its hash. They hold no personal data. An event is written a
/// moment after its time, so who follows the end of the list reads its last seconds again.
#[utoipa::path(get, path = "/v1/events", tag = "audit", params(EventsQuery),
    responses((status = 200, description = "A page of events", body = EventsAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn list_events(
    State(app): State<App>,
    _caller: Caller<AUDITOR>,
    query: Query<EventsQuery>,
) -> Result<Response, ApiError> {
    let mut faults = Faults::default();
    if let Some(kind) = &query.kind
        && !EventKind::ALL.iter().any(|known| known.as_str() == kind)
    {
        faults.add("?kind", "there is no such kind of event");
    }
    let from = faults.take_optional("?from", query.from.as_deref(), parse_instant);
    let limit = limit(query.limit, &mut faults);
    faults.finish(Some(()))?;
    let after = read_cursor::<EventCursor>(query.cursor.as_deref())?.map(|place| EventPlace {
        at: place.at,
        order_id: place.order_id,
        stream_id: place.stream_id,
        seq: place.seq,
    });
    let from = from.map(Timestamp::as_microsecond);
    let reader = app.desk().store().reader();
    let mut rows = queries::events_page(reader, query.kind.as_deref(), from, after, limit + 1).await?;
    let next_cursor = turn_page(&mut rows, limit, |row| {
        write_cursor(&EventCursor { at: row.at, order_id: row.order_id, stream_id: row.stream_id, seq: row.seq })
    });
    let events = rows.iter().map(StoredEvent::of).collect::<Result<_, _>>()?;
    Ok(Json(EventsAnswer { events, next_cursor }).into_response())
}
