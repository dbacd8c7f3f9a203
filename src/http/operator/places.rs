//! Warehouses, laboratories and devices: added, or changed by posting them again.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::auth::{Caller, OPERATOR};
use super::super::body::{Circumstances, Faults, Write, free_text};
use super::super::error::Problem;
use super::super::platform::{instant as parse_instant, line, timezone};
use super::super::views::instant;
use super::super::{ApiError, App};
use crate::desk::{Keep, Place, Receipt};
use crate::domain::ids::{DeviceId, LaboratoryId, Malformed, WarehouseId};
use crate::domain::obligation::Fee;
use crate::domain::quantity::{Mass, Money};
use crate::store::entity::{devices, fees, laboratories};
use crate::store::{lookups, owed, queries};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(put_warehouse, list_warehouses))
        .routes(routes!(put_laboratory, list_laboratories))
        .routes(routes!(put_device, list_devices))
}

/// Keeps it, and says whether it is new.
async fn keep(
    app: &App,
    caller: &Caller<OPERATOR>,
    circumstances: &Circumstances,
    kept: Keep,
) -> Result<StatusCode, ApiError> {
    match app.desk().keep(kept, &circumstances.request(app, caller)).await? {
        Receipt::Made { new: true, .. } => Ok(StatusCode::CREATED),
        Receipt::Made { new: false, .. } => Ok(StatusCode::OK),
        Receipt::Piece(_) | Receipt::Order(_) | Receipt::Parcel(_) | Receipt::Proposal(_) => {
            Err(ApiError::Fault("what is kept answers with its id".into()))
        }
    }
}

/// A warehouse where pieces are inspected.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WarehouseBody {
    id: String,
    name: String,
    /// Where merchants send their pieces.
    address: String,
    /// Such as Asia/Shanghai (IANA).
    timezone: String,
    /// The id of the laboratory in whose name its inspectors work. Capsules name it with its numbers.
    laboratory: Option<String>,
    /// What the house takes and gives, in place of the table that is there; left out, that stays. A fee that is not in it
    /// is owed without an amount, until a supervisor sets one.
    #[serde(default)]
    fees: Option<Vec<FeeBody>>,
}

/// One fee.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FeeBody {
    /// inspection, return_freight, appeal or buyers_freight.
    fee: String,
    /// Whole minor units.
    amount: i64,
    /// ISO 4217.
    currency: String,
}

impl FeeBody {
    fn parse(&self, at: usize, warehouse: &str, faults: &mut Faults) -> Option<fees::Model> {
        let known = Fee::parse(&self.fee);
        if known.is_none() {
            let all: Vec<_> = Fee::ALL.iter().map(|fee| fee.as_str()).collect();
            faults.add(format!("/fees/{at}/fee"), format!("a fee is one of {}", all.join(", ")));
        }
        let money = faults.take(format!("/fees/{at}/amount"), Money::parse(self.amount, &self.currency))?;
        Some(fees::Model {
            warehouse_id: warehouse.to_owned(),
            fee: known?.as_str().to_owned(),
            currency: money.currency.as_str().to_owned(),
            amount: money.amount,
        })
    }
}

impl From<fees::Model> for FeeBody {
    fn from(row: fees::Model) -> Self {
        Self { fee: row.fee, amount: row.amount, currency: row.currency }
    }
}

/// Adds a warehouse, or changes one.
#[utoipa::path(post, path = "/v1/warehouses", tag = "operator", request_body = WarehouseBody,
    params(("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 201, description = "Added", body = WarehouseBody),
        (status = 200, description = "Changed", body = WarehouseBody),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn put_warehouse(
    State(app): State<App>,
    caller: Caller<OPERATOR>,
    write: Write<WarehouseBody>,
) -> Result<(StatusCode, Json<WarehouseBody>), ApiError> {
    let body = &write.body;
    let mut faults = Faults::default();
    let id = faults.take("/id", WarehouseId::parse(&body.id));
    let name = faults.take("/name", line(&body.name, 200));
    let address = faults.take("/address", free_text(&body.address));
    let zone = faults.take("/timezone", timezone(&body.timezone));
    let laboratory = match &body.laboratory {
        Some(text) => faults.take("/laboratory", known_laboratory(&app, text).await?).map(Some),
        None => Some(None),
    };
    let mut fees = Vec::new();
    for (at, fee) in body.fees.iter().flatten().enumerate() {
        let Some(row) = fee.parse(at, &body.id, &mut faults) else { continue };
        if fees.iter().any(|known: &fees::Model| (&known.fee, &known.currency) == (&row.fee, &row.currency)) {
            faults.add(format!("/fees/{at}"), "this fee stands twice in this currency");
        }
        fees.push(row);
    }
    let fees = body.fees.is_some().then_some(fees);
    let whole = || {
        let timezone = zone?.to_string();
        Some(Place { id: id?, name: name?, address: address?, timezone, laboratory: laboratory? })
    };
    let place = faults.finish(whole())?;
    let answer = WarehouseBody {
        id: place.id.to_string(),
        name: place.name.clone(),
        address: place.address.clone(),
        timezone: place.timezone.clone(),
        laboratory: place.laboratory.as_ref().map(ToString::to_string),
        fees: None,
    };
    let status = keep(&app, &caller, &write.circumstances, Keep::Warehouse(place, fees)).await?;
    let table = owed::fees_of(app.desk().store().reader(), &answer.id).await?;
    Ok((status, Json(WarehouseBody { fees: Some(table.into_iter().map(FeeBody::from).collect()), ..answer })))
}

/// A laboratory that stands in the register.
async fn known_laboratory(app: &App, text: &str) -> Result<Result<LaboratoryId, Malformed>, ApiError> {
    let Ok(id) = LaboratoryId::parse(text) else {
        return Ok(LaboratoryId::parse(text));
    };
    let known = queries::laboratory(app.desk().store().reader(), id.as_str()).await?.is_some();
    let unknown = || Malformed("no laboratory has this id: add it first with POST /v1/laboratories".into());
    Ok(if known { Ok(id) } else { Err(unknown()) })
}

/// All warehouses.
#[derive(Debug, Serialize, ToSchema)]
struct WarehousesAnswer {
    warehouses: Vec<WarehouseBody>,
}

/// The warehouses, oldest first. An order that names none goes to the first.
#[utoipa::path(get, path = "/v1/warehouses", tag = "operator",
    responses((status = 200, description = "All warehouses", body = WarehousesAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn list_warehouses(
    State(app): State<App>,
    _caller: Caller<OPERATOR>,
) -> Result<Json<WarehousesAnswer>, ApiError> {
    let reader = app.desk().store().reader();
    let rows = lookups::warehouses(reader).await?;
    let table = owed::all_fees(reader).await?;
    let fees = |id: &str| table.iter().filter(|row| row.warehouse_id == id).cloned().map(FeeBody::from).collect();
    let warehouses = rows
        .into_iter()
        .map(|row| WarehouseBody {
            fees: Some(fees(&row.id)),
            id: row.id,
            name: row.name,
            address: row.address,
            timezone: row.timezone,
            laboratory: row.laboratory_id,
        })
        .collect();
    Ok(Json(WarehousesAnswer { warehouses }))
}

/// A laboratory whose reports and certificates are known by name.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LaboratoryBody {
    /// Its short name, such as NGTC.
    id: String,
    name: String,
    /// The number of its China metrology accreditation.
    #[serde(default)]
    cma: Option<String>,
    /// The number of its CNAS accreditation.
    #[serde(default)]
    cnas: Option<String>,
}

/// Adds a laboratory, or changes one.
#[utoipa::path(post, path = "/v1/laboratories", tag = "operator", request_body = LaboratoryBody,
    params(("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 201, description = "Added", body = LaboratoryBody),
        (status = 200, description = "Changed", body = LaboratoryBody),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn put_laboratory(
    State(app): State<App>,
    caller: Caller<OPERATOR>,
    write: Write<LaboratoryBody>,
) -> Result<(StatusCode, Json<LaboratoryBody>), ApiError> {
    let body = &write.body;
    let mut faults = Faults::default();
    let id = faults.take("/id", LaboratoryId::parse(&body.id));
    let name = faults.take("/name", line(&body.name, 200));
    let cma = faults.take_optional("/cma", body.cma.as_deref(), |text| line(text, 64));
    let cnas = faults.take_optional("/cnas", body.cnas.as_deref(), |text| line(text, 64));
    let whole = || Some(LaboratoryBody { id: id?.to_string(), name: name?, cma, cnas });
    let answer = faults.finish(whole())?;
    let row = laboratories::Model {
        id: answer.id.clone(),
        name: answer.name.clone(),
        cma: answer.cma.clone(),
        cnas: answer.cnas.clone(),
        created_at: app.now().as_microsecond(),
    };
    let status = keep(&app, &caller, &write.circumstances, Keep::Laboratory(row)).await?;
    Ok((status, Json(answer)))
}

/// All laboratories.
#[derive(Debug, Serialize, ToSchema)]
struct LaboratoriesAnswer {
    laboratories: Vec<LaboratoryBody>,
}

/// The laboratories, oldest first.
#[utoipa::path(get, path = "/v1/laboratories", tag = "operator",
    responses((status = 200, description = "All laboratories", body = LaboratoriesAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn list_laboratories(
    State(app): State<App>,
    _caller: Caller<OPERATOR>,
) -> Result<Json<LaboratoriesAnswer>, ApiError> {
    let rows = queries::laboratories(app.desk().store().reader()).await?;
    let laboratories = rows
        .into_iter()
        .map(|row| LaboratoryBody { id: row.id, name: row.name, cma: row.cma, cnas: row.cnas })
        .collect();
    Ok(Json(LaboratoriesAnswer { laboratories }))
}

/// A mass, such as the error that a balance may have.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MassBody {
    /// A decimal string, such as "0.01".
    value: String,
    /// g, mg, kg or ct.
    unit: String,
}

/// An instrument that readings come from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DeviceBody {
    /// The name on its label, such as b-1.
    id: String,
    /// Where it stands.
    warehouse: String,
    /// What it is, such as balance, spectrometer, microscope.
    kind: String,
    /// The maker's number.
    #[serde(default)]
    serial: Option<String>,
    /// Of a balance.
    #[serde(default)]
    permissible_error: Option<MassBody>,
    /// RFC 3339.
    #[serde(default)]
    adjusted_at: Option<String>,
    /// From when its readings no longer count (RFC 3339).
    #[serde(default)]
    adjustment_expires_at: Option<String>,
}

/// A device as it is kept.
#[derive(Debug, Serialize, ToSchema)]
struct DeviceAnswer {
    id: String,
    warehouse: String,
    kind: String,
    serial: Option<String>,
    permissible_error: Option<MassBody>,
    #[schema(value_type = Option<String>)]
    adjusted_at: Value,
    #[schema(value_type = Option<String>)]
    adjustment_expires_at: Value,
}

impl From<devices::Model> for DeviceAnswer {
    fn from(row: devices::Model) -> Self {
        let error = row.permissible_error_ug.map(|error| MassBody { value: Mass(error).grams(), unit: "g".to_owned() });
        Self {
            id: row.id,
            warehouse: row.warehouse_id,
            kind: row.kind,
            serial: row.serial,
            permissible_error: error,
            adjusted_at: row.adjusted_at.map_or(Value::Null, instant),
            adjustment_expires_at: row.adjustment_expires_at.map_or(Value::Null, instant),
        }
    }
}

/// Adds a device, or changes one.
#[utoipa::path(post, path = "/v1/devices", tag = "operator", request_body = DeviceBody,
    params(("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 201, description = "Added", body = DeviceAnswer),
        (status = 200, description = "Changed", body = DeviceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn put_device(
    State(app): State<App>,
    caller: Caller<OPERATOR>,
    write: Write<DeviceBody>,
) -> Result<(StatusCode, Json<DeviceAnswer>), ApiError> {
    let body = &write.body;
    let mut faults = Faults::default();
    let id = faults.take("/id", DeviceId::parse(&body.id));
    let warehouse = faults.take("/warehouse", WarehouseId::parse(&body.warehouse));
    if let Some(warehouse) = &warehouse
        && queries::warehouse(app.desk().store().reader(), warehouse.as_str()).await?.is_none()
    {
        faults.add("/warehouse", "there is no such warehouse");
    }
    let kind = faults.take("/kind", line(&body.kind, 64));
    let serial = faults.take_optional("/serial", body.serial.as_deref(), |text| line(text, 64));
    let error = body.permissible_error.as_ref().and_then(|error| {
        faults.take("/permissible_error/value", Mass::parse(&error.value, &error.unit)).map(|mass| mass.0)
    });
    let adjusted_at = faults.take_optional("/adjusted_at", body.adjusted_at.as_deref(), parse_instant);
    let expires_at =
        faults.take_optional("/adjustment_expires_at", body.adjustment_expires_at.as_deref(), parse_instant);
    let whole = || {
        Some(devices::Model {
            id: id?.to_string(),
            warehouse_id: warehouse?.to_string(),
            kind: kind?,
            serial,
            permissible_error_ug: error,
            adjusted_at: adjusted_at.map(Timestamp::as_microsecond),
            adjustment_expires_at: expires_at.map(Timestamp::as_microsecond),
            created_at: app.now().as_microsecond(),
        })
    };
    let row = faults.finish(whole())?;
    let status = keep(&app, &caller, &write.circumstances, Keep::Device(row.clone())).await?;
    Ok((status, Json(row.into())))
}

/// All devices.
#[derive(Debug, Serialize, ToSchema)]
struct DevicesAnswer {
    devices: Vec<DeviceAnswer>,
}

/// The devices, oldest first.
#[utoipa::path(get, path = "/v1/devices", tag = "operator",
    responses((status = 200, description = "All devices", body = DevicesAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn list_devices(State(app): State<App>, _caller: Caller<OPERATOR>) -> Result<Json<DevicesAnswer>, ApiError> {
    let rows = queries::devices(app.desk().store().reader()).await?;
    Ok(Json(DevicesAnswer { devices: rows.into_iter().map(DeviceAnswer::from).collect() }))
}
