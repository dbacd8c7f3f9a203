//! What a platform does: orders, and the live sessions that they were bought in.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::{AUDITOR, Caller, MERCHANT, PLATFORM, STAFF, visible};
use super::body::{Faults, Write};
use super::error::Problem;
use super::query::Query;
use super::queue::{MAX_PAGE, read_cursor, write_cursor};
use super::warehouse::{OptionalReasonBody, PieceAnswer, on_piece, seal, text_at};
use super::{ApiError, App};
use crate::desk::receipt::OrderReceipt;
use crate::desk::{self, NewOrder, Receipt, Seals};
use crate::domain::actor::{Role, Scope};
use crate::domain::command::Command;
use crate::domain::ids::{MerchantId, OrderId, OrderNo, TenantId, WarehouseId};
use crate::domain::order::LineStatus;
use crate::domain::refusal::Refusal;
use crate::domain::route::Stage;
use crate::store::entity::orders;
use crate::store::lookups;
use crate::store::queries::{self, OrdersOf};

mod lives;
mod order;
mod parties;
mod read;
mod resubmission;

pub use order::{OrderBody, instant};
pub use parties::{email, line, timezone};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(place_order, list_orders))
        .routes(routes!(get_order))
        .routes(routes!(cancel_line))
        .routes(routes!(resubmission::resubmit_line))
        .merge(lives::routes())
}

/// An order that was taken in, as it began.
#[derive(Debug, Serialize, ToSchema)]
struct PlacedAnswer {
    order_no: String,
    status: &'static str,
    warehouse: WarehouseAnswer,
    /// The buyer's page; it may be shown to a friend.
    tracking_url: String,
    lines: Vec<PlacedLineAnswer>,
}

/// Where the merchant sends the pieces.
#[derive(Debug, Serialize, ToSchema)]
pub struct WarehouseAnswer {
    pub id: String,
    pub address: String,
}

/// One line of an order that was taken in.
#[derive(Debug, Serialize, ToSchema)]
struct PlacedLineAnswer {
    line_no: i32,
    status: &'static str,
    piece: PlacedPieceAnswer,
}

/// The piece that fills a line.
#[derive(Debug, Serialize, ToSchema)]
struct PlacedPieceAnswer {
    /// 一物一码: printed on the piece's bag.
    code: String,
    stage: &'static str,
}

/// Takes an order in, and opens a piece for each line. The same order again, by the same number and with the same
/// body, gets the first answer.
#[utoipa::path(post, path = "/v1/orders", tag = "orders", request_body = OrderBody,
    params(("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 201, description = "Taken in", body = PlacedAnswer),
        (status = 200, description = "Taken in before: the first answer", body = PlacedAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn place_order(
    State(app): State<App>,
    caller: Caller<PLATFORM>,
    write: Write<OrderBody>,
) -> Result<Response, ApiError> {
    // An order that was lost with the rest, and is sent again, keeps its links and its labels.
    let number = write.body.number().map(|number| number.to_string()).unwrap_or_default();
    let (order_id, codes) = app.desk().order_id_for(caller.tenant()?.as_str(), &number).await?;
    let mut seals = Seals::default();
    let vault = app.desk().vault();
    // The buyer may be unknown yet. Erasing the buyer destroys the texts of their orders, whoever sealed them.
    let mut seal = |text: &str| seals.seal(vault, order_id, caller.person, text);
    let new = write.body.parse(caller.tenant()?, order_id, app.now(), &mut seal)?;
    let new = NewOrder { codes, ..new };
    let request = write.circumstances.request(&app, &caller);
    let receipt = app.desk().place(new, seals, request).await;
    let receipt = receipt.map_err(|error| no_warehouse(error, write.body.names_warehouse()))?;
    let Receipt::Order(receipt) = receipt else {
        return Err(ApiError::Fault("an order answers with an order".into()));
    };
    let status = if receipt.placed { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(placed_answer(&app, receipt).await?)).into_response())
}

fn no_warehouse(error: desk::Error, named: bool) -> ApiError {
    match error {
        desk::Error::Refused(Refusal::Absent("warehouse")) if named => {
            let mut faults = Faults::default();
            faults.add("/warehouse", "there is no such warehouse: leave it out to let the house choose");
            faults.finish::<()>(None).err().unwrap_or(ApiError::Busy)
        }
        desk::Error::Refused(Refusal::Absent("warehouse")) => ApiError::request(
            StatusCode::CONFLICT,
            "no_warehouse",
            "this house has no warehouse yet: its operator adds one",
        ),
        other => other.into(),
    }
}

async fn placed_answer(app: &App, receipt: OrderReceipt) -> Result<PlacedAnswer, ApiError> {
    let warehouse = warehouse_answer(app, receipt.warehouse_id).await?;
    // The first answer tells the beginning, however far the pieces have come since.
    let lines = receipt.lines.into_iter().map(|line| PlacedLineAnswer {
        line_no: line.line_no,
        status: LineStatus::Waiting.as_str(),
        piece: PlacedPieceAnswer { code: line.code, stage: Stage::AwaitingDispatch.as_str() },
    });
    Ok(PlacedAnswer {
        order_no: receipt.order_no,
        status: LineStatus::Waiting.as_str(),
        warehouse,
        tracking_url: tracking_url(app, OrderId(receipt.order_id)),
        lines: lines.collect(),
    })
}

/// The address of the buyer's page.
pub fn tracking_url(app: &App, order_id: OrderId) -> String {
    format!("{}/t/{}", app.settings().public_url, app.desk().view_token(order_id))
}

async fn warehouse_answer(app: &App, id: String) -> Result<WarehouseAnswer, ApiError> {
    let row = queries::warehouse(app.desk().store().reader(), &id).await?;
    Ok(WarehouseAnswer { address: row.map(|row| row.address).unwrap_or_default(), id })
}

/// The caller's order of this number, if they may know of it.
async fn order_of<const ROLES: u16>(
    app: &App,
    caller: &Caller<ROLES>,
    order_no: &str,
) -> Result<orders::Model, ApiError> {
    let absent = || ApiError::absent("order");
    let order_no = OrderNo::parse(order_no).map_err(|_| absent())?;
    let tenant = caller.tenant().map_err(|_| absent())?;
    let row = queries::order_by_no(app.desk().store().reader(), tenant.as_str(), order_no.as_str()).await?;
    let row = row.ok_or_else(absent)?;
    let malformed = |_| ApiError::Fault("an order's row is malformed".into());
    let tenant = TenantId::parse(&row.tenant_id).map_err(malformed)?;
    let merchant = MerchantId::parse(&row.merchant_id).map_err(malformed)?;
    let warehouse = WarehouseId::parse(&row.warehouse_id).map_err(malformed)?;
    visible(caller.scope.covers(&tenant, &merchant, &warehouse), "order")?;
    Ok(row)
}

/// One order as it stands now.
#[utoipa::path(get, path = "/v1/orders/{order_no}", tag = "orders",
    params(("order_no" = String, Path, description = "The platform's number")),
    responses((status = 200, description = "The order", body = read::OrderAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn get_order(
    State(app): State<App>,
    caller: Caller<{ PLATFORM | MERCHANT }>,
    Path(order_no): Path<String>,
) -> Result<Json<read::OrderAnswer>, ApiError> {
    let row = order_of(&app, &caller, &order_no).await?;
    Ok(Json(read::order(&app, row, caller.role == Role::Platform).await?))
}

/// Which orders.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct OrdersQuery {
    /// Only orders of this status.
    status: Option<String>,
    /// Where the page before ended.
    cursor: Option<String>,
    /// Rows, 50 unless told, 200 at the most.
    limit: Option<u64>,
}

/// The place behind a page of orders.
#[derive(Serialize, Deserialize)]
struct Cursor {
    order_id: Uuid,
}

/// A page of orders, oldest first.
#[derive(Debug, Serialize, ToSchema)]
struct OrdersAnswer {
    orders: Vec<read::OrderRow>,
    /// Leads to the next page; null on the last.
    next_cursor: Option<String>,
}

/// The orders that the caller may see, oldest first.
#[utoipa::path(get, path = "/v1/orders", tag = "orders", params(OrdersQuery),
    responses((status = 200, description = "A page of orders", body = OrdersAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn list_orders(
    State(app): State<App>,
    caller: Caller<{ PLATFORM | MERCHANT | STAFF | AUDITOR }>,
    query: Query<OrdersQuery>,
) -> Result<Json<OrdersAnswer>, ApiError> {
    let of = orders_of(&caller.scope, "order")?;
    let mut faults = Faults::default();
    if query.status.as_deref().is_some_and(|status| LineStatus::parse(status).is_none()) {
        faults.add("?status", "there is no such status");
    }
    let limit = limit(query.limit, &mut faults);
    faults.finish(Some(()))?;
    let after = read_cursor::<Cursor>(query.cursor.as_deref())?.map(|cursor| cursor.order_id);
    let reader = app.desk().store().reader();
    let mut rows = queries::orders_page(reader, &of, query.status.as_deref(), after, limit + 1).await?;
    let next_cursor = turn_page(&mut rows, limit, |row| write_cursor(&Cursor { order_id: row.order_id }));
    Ok(Json(OrdersAnswer { orders: rows.into_iter().map(read::OrderRow::from).collect(), next_cursor }))
}

/// Whose orders somebody may see.
pub fn orders_of(scope: &Scope, what: &'static str) -> Result<OrdersOf, ApiError> {
    Ok(match scope {
        Scope::Tenant(tenant) => OrdersOf::Tenant(tenant.to_string()),
        Scope::Merchant(tenant, merchant) => OrdersOf::Merchant(tenant.to_string(), merchant.to_string()),
        Scope::Warehouse(warehouse) => OrdersOf::Warehouse(warehouse.to_string()),
        Scope::Everything => OrdersOf::All,
        Scope::Nothing => return Err(ApiError::absent(what)),
    })
}

/// The length of a page.
pub fn limit(asked: Option<u64>, faults: &mut Faults) -> u64 {
    let limit = asked.unwrap_or(50);
    if !(1..=MAX_PAGE).contains(&limit) {
        faults.add("?limit", format!("a page has 1 to {MAX_PAGE} rows"));
    }
    limit
}

/// Cuts the row that was read too much: it says that there is a next page.
pub fn turn_page<T>(rows: &mut Vec<T>, limit: u64, cursor: impl FnOnce(&T) -> Option<String>) -> Option<String> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = limit < rows.len();
    rows.truncate(limit);
    rows.last().filter(|_| more).and_then(cursor)
}

/// Asks for the cancellation of one line. A piece that was not sent yet ends; one that is on its way or in the house
/// goes back to its merchant.
#[utoipa::path(post, path = "/v1/orders/{order_no}/lines/{line_no}/cancel", tag = "orders",
    request_body = OptionalReasonBody,
    params(("order_no" = String, Path, description = "The platform's number"),
        ("line_no" = i32, Path, description = "The line"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "What became of the line's piece", body = PieceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn cancel_line(
    State(app): State<App>,
    caller: Caller<PLATFORM>,
    Path((order_no, line_no)): Path<(String, String)>,
    write: Write<OptionalReasonBody>,
) -> Result<Response, ApiError> {
    let row = order_of(&app, &caller, &order_no).await?;
    let reader = app.desk().store().reader();
    let lines = lookups::lines_of(reader, &[row.order_id]).await?;
    let line = lines.iter().find(|line| line.line_no.to_string() == line_no);
    let line = line.ok_or_else(|| ApiError::absent("line"))?;
    let piece = queries::piece(reader, line.order_id, line.stream_id).await?;
    let piece = piece.ok_or_else(|| ApiError::absent("line"))?;
    let reason = write.body.reason.as_deref().map(|text| text_at("/reason", text)).transpose()?;
    // The same request again finds the line ended, and by whom it was ended.
    let before = app.desk().answer_to(&write.circumstances.request(&app, &caller)).await?;
    if line.status == LineStatus::Resubmission.as_str() || matches!(before, Some(Receipt::Made { .. })) {
        return resubmission::cancel_waiting(&app, &caller, line, &piece, reason, &write.circumstances).await;
    }
    on_piece(&app, &caller, &piece.code, &write.circumstances, |located, seals| {
        Ok(Command::Cancel { reason: reason.map(|text| seal(&app, &caller, located, seals, &text)) })
    })
    .await
}
