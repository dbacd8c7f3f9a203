//! What an operator keeps: keys, warehouses, laboratories, devices; erasure. And the events for an auditor.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::{AUDITOR, Caller, OPERATOR};
use super::body::{Faults, Write, free_text};
use super::error::Problem;
use super::pieces::StoredEvent;
use super::queue::{MAX_PAGE, read_cursor, write_cursor};
use super::views::instant;
use super::warehouse::Nothing;
use super::{ApiError, App};
use crate::desk::{KeyGrant, KeyScope, Place, Receipt};
use crate::domain::actor::Role;
use crate::domain::event::EventKind;
use crate::domain::ids::*;
use crate::domain::quantity::Mass;
use crate::domain::text::Name;
use crate::store::entity::{devices, keys, laboratories};
use crate::store::queries::{self, EventPlace};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_keys, create_key))
        .routes(routes!(revoke_key))
        .routes(routes!(list_warehouses, put_warehouse))
        .routes(routes!(list_laboratories, put_laboratory))
        .routes(routes!(list_devices, put_device))
        .routes(routes!(erase_person))
        .routes(routes!(list_events))
}

/// For whom a key is, in which role, and how far it sees.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KeyBody {
    /// A person who has a key already; else `name` makes a new one.
    #[serde(default)]
    person_id: Option<Uuid>,
    #[serde(default)]
    name: Option<String>,
    /// platform, merchant, clerk, inspector, supervisor, auditor or operator.
    role: String,
    /// For platform and merchant.
    #[serde(default)]
    tenant: Option<String>,
    /// For merchant.
    #[serde(default)]
    merchant: Option<String>,
    /// For clerk, inspector and supervisor.
    #[serde(default)]
    warehouse: Option<String>,
    /// RFC 3339; without it the key is good until it is revoked.
    #[serde(default)]
    expires_at: Option<String>,
}

/// What a role's key is bound to, in words.
pub fn scope_hint(role: Role) -> &'static str {
    match role {
        Role::Platform => "a platform's key takes tenant, and neither merchant nor warehouse",
        Role::Merchant => "a merchant's key takes tenant and merchant, and no warehouse",
        Role::Clerk | Role::Inspector | Role::Supervisor => "a key of the staff takes warehouse and nothing else",
        Role::Auditor | Role::Operator => "this role's key takes neither tenant, merchant nor warehouse",
        Role::Buyer | Role::Carrier | Role::Desk => "this role has no keys",
    }
}

impl KeyBody {
    fn parse(&self, now: Timestamp) -> Result<KeyGrant, ApiError> {
        let mut faults = Faults::default();
        let role = Role::of_key(&self.role);
        if role.is_none() {
            faults.add("/role", "a role is one of platform, merchant, clerk, inspector, supervisor, auditor, operator");
        }
        let scope = KeyScope {
            tenant_id: faults.take_optional("/tenant", self.tenant.as_deref(), TenantId::parse),
            merchant_id: faults.take_optional("/merchant", self.merchant.as_deref(), MerchantId::parse),
            warehouse_id: faults.take_optional("/warehouse", self.warehouse.as_deref(), WarehouseId::parse),
        };
        let name = faults.take_optional("/name", self.name.as_deref(), free_text);
        if self.person_id.is_some() == self.name.is_some() {
            faults.add("/name", "give a name for a new person, or the person_id of one who has a key: not both");
        }
        let expires_at = faults.take_optional("/expires_at", self.expires_at.as_deref(), |text| {
            let at: Option<Timestamp> = text.parse().ok();
            at.filter(|at| now < *at).ok_or_else(|| Malformed("a key expires at a time ahead, RFC 3339".into()))
        });
        if let Some(role) = role
            && scope.of(role).is_none()
        {
            faults.add("/role", scope_hint(role));
        }
        let person = self.person_id.map(PersonId);
        faults.finish(role.map(|role| KeyGrant { person, name, role, scope, expires_at }))
    }
}

/// A key. The secret stands in the first answer to its creation, and nowhere else.
#[derive(Debug, Serialize, ToSchema)]
struct KeyAnswer {
    id: Uuid,
    person_id: Uuid,
    role: String,
    tenant: Option<String>,
    merchant: Option<String>,
    warehouse: Option<String>,
    created_at: Value,
    expires_at: Option<Value>,
    revoked_at: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl KeyAnswer {
    fn of(row: keys::Model, secret: Option<String>) -> Self {
        Self {
            id: row.id,
            person_id: row.person_id,
            role: row.role,
            tenant: row.tenant_id,
            merchant: row.merchant_id,
            warehouse: row.warehouse_id,
            created_at: instant(row.created_at),
            expires_at: row.expires_at.map(instant),
            revoked_at: row.revoked_at.map(instant),
            secret,
        }
    }
}

/// Makes a key. The same request again answers without the secret: it is shown once.
#[utoipa::path(post, path = "/v1/keys", tag = "operator", request_body = KeyBody,
    responses((status = 201, description = "The key, with its secret", body = KeyAnswer),
        (status = 200, description = "The same request came before", body = KeyAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn create_key(
    State(app): State<App>,
    caller: Caller<OPERATOR>,
    write: Write<KeyBody>,
) -> Result<(StatusCode, Json<KeyAnswer>), ApiError> {
    let grant = write.body.parse(app.now())?;
    let request = write.circumstances.request(&app, &caller);
    let (row, secret) = app.desk().create_key_once(&grant, &request).await?;
    let status = if secret.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(KeyAnswer::of(row, secret))))
}

/// All keys, oldest first, without their secrets.
#[utoipa::path(get, path = "/v1/keys", tag = "operator",
    responses((status = 200, description = "The keys", body = Vec<KeyAnswer>)))]
async fn list_keys(State(app): State<App>, _: Caller<OPERATOR>) -> Result<Json<Vec<KeyAnswer>>, ApiError> {
    let rows = queries::keys(app.desk().store().reader(), 10_000).await?;
    Ok(Json(rows.into_iter().map(|row| KeyAnswer::of(row, None)).collect()))
}

/// Ends a key. Other instances of the service feel it within a second.
#[utoipa::path(post, path = "/v1/keys/{id}/revoke", tag = "operator", request_body = Nothing,
    params(("id" = Uuid, Path, description = "The key")),
    responses((status = 200, description = "Revoked, now or before"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn revoke_key(
    State(app): State<App>,
    caller: Caller<OPERATOR>,
    Path(id): Path<Uuid>,
    _write: Write<Nothing>,
) -> Result<Json<Value>, ApiError> {
    let row = queries::key(app.desk().store().reader(), id).await?.ok_or_else(|| ApiError::absent("key"))?;
    app.desk().revoke_key(KeyId(row.id), Some(caller.key), app.now()).await?;
    app.keys().clear();
    Ok(Json(json!({"id": id, "revoked": true})))
}

/// A warehouse.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WarehouseBody {
    id: String,
    name: String,
    /// Where merchants send their parcels.
    address: String,
    /// IANA name, such as Asia/Shanghai.
    timezone: String,
}

/// Adds a warehouse, or changes one.
#[utoipa::path(post, path = "/v1/warehouses", tag = "operator", request_body = WarehouseBody,
    responses((status = 200, description = "The warehouse", body = WarehouseBody),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn put_warehouse(
    State(app): State<App>,
    _: Caller<OPERATOR>,
    write: Write<WarehouseBody>,
) -> Result<Json<WarehouseBody>, ApiError> {
    let mut faults = Faults::default();
    let id = faults.take("/id", WarehouseId::parse(&write.body.id));
    let name = faults.take("/name", free_text(&write.body.name));
    let address = faults.take("/address", free_text(&write.body.address));
    if TimeZone::get(&write.body.timezone).is_err() {
        faults.add("/timezone", "a time zone is an IANA name, such as Asia/Shanghai");
    }
    let place = id.zip(name).zip(address).map(|((id, name), address)| Place {
        id,
        name,
        address,
        timezone: write.body.timezone.clone(),
    });
    let place = faults.finish(place)?;
    app.desk().put_warehouse(&place, app.now()).await?;
    Ok(Json(write.body))
}

/// The warehouses, oldest first.
#[utoipa::path(get, path = "/v1/warehouses", tag = "operator",
    responses((status = 200, description = "The warehouses", body = Vec<WarehouseBody>)))]
async fn list_warehouses(State(app): State<App>, _: Caller<OPERATOR>) -> Result<Json<Vec<WarehouseBody>>, ApiError> {
    let rows = crate::store::lookups::warehouses(app.desk().store().reader()).await?;
    Ok(Json(
        rows.into_iter()
            .map(|row| WarehouseBody { id: row.id, name: row.name, address: row.address, timezone: row.timezone })
            .collect(),
    ))
}

/// A laboratory whose reports are known here.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LaboratoryBody {
    id: String,
    name: String,
    /// Number of its CMA approval (检验检测机构资质认定).
    #[serde(default)]
    cma: Option<String>,
    /// Number of its CNAS accreditation.
    #[serde(default)]
    cnas: Option<String>,
}

/// Adds a laboratory, or changes one.
#[utoipa::path(post, path = "/v1/laboratories", tag = "operator", request_body = LaboratoryBody,
    responses((status = 200, description = "The laboratory", body = LaboratoryBody),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn put_laboratory(
    State(app): State<App>,
    _: Caller<OPERATOR>,
    write: Write<LaboratoryBody>,
) -> Result<Json<LaboratoryBody>, ApiError> {
    let mut faults = Faults::default();
    let id = faults.take("/id", LaboratoryId::parse(&write.body.id));
    let name = faults.take("/name", free_text(&write.body.name));
    let cma = faults.take_optional("/cma", write.body.cma.as_deref(), CertificateNo::parse);
    let cnas = faults.take_optional("/cnas", write.body.cnas.as_deref(), CertificateNo::parse);
    let row = id.zip(name).map(|(id, name)| laboratories::Model {
        id: id.to_string(),
        name,
        cma: cma.map(|number| number.to_string()),
        cnas: cnas.map(|number| number.to_string()),
        created_at: app.now().as_microsecond(),
    });
    app.desk().put_laboratory(faults.finish(row)?).await?;
    Ok(Json(write.body))
}

/// The laboratories.
#[utoipa::path(get, path = "/v1/laboratories", tag = "operator",
    responses((status = 200, description = "The laboratories", body = Vec<LaboratoryBody>)))]
async fn list_laboratories(State(app): State<App>, _: Caller<OPERATOR>) -> Result<Json<Vec<LaboratoryBody>>, ApiError> {
    let rows = queries::laboratories(app.desk().store().reader()).await?;
    Ok(Json(
        rows.into_iter()
            .map(|row| LaboratoryBody { id: row.id, name: row.name, cma: row.cma, cnas: row.cnas })
            .collect(),
    ))
}

/// An instrument of a warehouse.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DeviceBody {
    id: String,
    warehouse: String,
    /// Such as balance, refractometer, x_ray_fluorescence.
    kind: String,
    #[serde(default)]
    serial: Option<String>,
    /// Of a balance: the largest error it may have, in grams.
    #[serde(default)]
    permissible_error_g: Option<String>,
}

/// Adds a device, or changes one.
#[utoipa::path(post, path = "/v1/devices", tag = "operator", request_body = DeviceBody,
    responses((status = 200, description = "The device", body = DeviceBody),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn put_device(
    State(app): State<App>,
    _: Caller<OPERATOR>,
    write: Write<DeviceBody>,
) -> Result<Json<DeviceBody>, ApiError> {
    let mut faults = Faults::default();
    let id = faults.take("/id", DeviceId::parse(&write.body.id));
    let warehouse = faults.take("/warehouse", WarehouseId::parse(&write.body.warehouse));
    let kind = faults.take("/kind", Name::parse(&write.body.kind));
    let serial = faults.take_optional("/serial", write.body.serial.as_deref(), DeviceId::parse);
    let error = faults.take_optional("/permissible_error_g", write.body.permissible_error_g.as_deref(), |text| {
        Mass::parse(text, "g")
    });
    let row = id.zip(warehouse).zip(kind).map(|((id, warehouse), kind)| devices::Model {
        id: id.to_string(),
        warehouse_id: warehouse.to_string(),
        kind: kind.to_string(),
        serial: serial.map(|serial| serial.to_string()),
        permissible_error_ug: error.map(|error| error.0),
        adjusted_at: None,
        adjustment_expires_at: None,
        created_at: app.now().as_microsecond(),
    });
    let row = faults.finish(row)?;
    if queries::warehouse(app.desk().store().reader(), &row.warehouse_id).await?.is_none() {
        let mut faults = Faults::default();
        faults.add("/warehouse", "there is no such warehouse: add it first");
        return faults.finish(None);
    }
    app.desk().put_device(row).await?;
    Ok(Json(write.body))
}

/// The devices.
#[utoipa::path(get, path = "/v1/devices", tag = "operator",
    responses((status = 200, description = "The devices", body = Vec<DeviceBody>)))]
async fn list_devices(State(app): State<App>, _: Caller<OPERATOR>) -> Result<Json<Vec<DeviceBody>>, ApiError> {
    let rows = queries::devices(app.desk().store().reader()).await?;
    Ok(Json(
        rows.into_iter()
            .map(|row| DeviceBody {
                id: row.id,
                warehouse: row.warehouse_id,
                kind: row.kind,
                serial: row.serial,
                permissible_error_g: row.permissible_error_ug.map(|error| Mass(error).grams()),
            })
            .collect(),
    ))
}

/// Destroys a person's key: their details, and of a buyer the texts of their orders, can never be read again. Every
/// journal still verifies.
#[utoipa::path(post, path = "/v1/persons/{id}/erase", tag = "operator", request_body = Nothing,
    params(("id" = Uuid, Path, description = "The person")),
    responses((status = 200, description = "Erased, now or before"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn erase_person(
    State(app): State<App>,
    caller: Caller<OPERATOR>,
    Path(id): Path<Uuid>,
    write: Write<Nothing>,
) -> Result<Json<Value>, ApiError> {
    let request = write.circumstances.request(&app, &caller);
    let Receipt::Made { id } = app.desk().erase_person(PersonId(id), &request).await? else {
        return Err(ApiError::Fault("an erasure answers with its person".into()));
    };
    Ok(Json(json!({"id": id, "erased": true})))
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct EventsQuery {
    /// One kind of event.
    kind: Option<String>,
    /// From this time on (RFC 3339).
    from: Option<String>,
    /// Where the page before ended.
    cursor: Option<String>,
    /// Rows, 50 unless told, 200 at the most.
    limit: Option<u64>,
}

/// The place behind a page.
#[derive(Serialize, Deserialize)]
struct EventCursor {
    at: i64,
    order_id: Uuid,
    stream_id: i32,
    seq: i32,
}

/// The events of all journals by time, exactly as they are stored, with their hashes.
#[utoipa::path(get, path = "/v1/events", tag = "audit", params(EventsQuery),
    responses((status = 200, description = "Events and the cursor of the next page"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn list_events(
    State(app): State<App>,
    _: Caller<AUDITOR>,
    query: Query<EventsQuery>,
) -> Result<Json<Value>, ApiError> {
    let mut faults = Faults::default();
    if let Some(kind) = &query.kind
        && !EventKind::ALL.iter().any(|known| known.as_str() == kind)
    {
        faults.add("?kind", "there is no such kind of event");
    }
    let from = faults.take_optional("?from", query.from.as_deref(), |text| {
        let at: Option<Timestamp> = text.parse().ok();
        at.ok_or_else(|| Malformed("a time is RFC 3339, such as 2026-11-22T02:03:04Z".into()))
    });
    let limit = query.limit.unwrap_or(50);
    if !(1..=MAX_PAGE).contains(&limit) {
        faults.add("?limit", format!("a page has 1 to {MAX_PAGE} rows"));
    }
    faults.finish(Some(()))?;
    let after = read_cursor::<EventCursor>(query.cursor.as_deref())?.map(|cursor| EventPlace {
        at: cursor.at,
        order_id: cursor.order_id,
        stream_id: cursor.stream_id,
        seq: cursor.seq,
    });
    let from = from.map(Timestamp::as_microsecond);
    let rows = queries::events_page(app.desk().store().reader(), query.kind.as_deref(), from, after, limit).await?;
    let full = rows.len() as u64 == limit;
    let next_cursor = rows.last().filter(|_| full).and_then(|row| {
        write_cursor(&EventCursor { at: row.at, order_id: row.order_id, stream_id: row.stream_id, seq: row.seq })
    });
    let events = rows.iter().map(StoredEvent::of).collect::<Result<Vec<_>, _>>()?;
    Ok(Json(json!({"events": events, "next_cursor": next_cursor})))
}
