//! Orders as they stand, for those who placed or fill them.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::obligations::{self, ObligationAnswer};
use super::super::views::instant;
use super::super::{ApiError, App};
use super::{WarehouseAnswer, tracking_url, warehouse_answer};
use crate::domain::event::Pricing;
use crate::domain::ids::OrderId;
use crate::store::entity::{lines, orders, pieces};
use crate::store::{deadlines, lookups, owed, queries};

/// One order in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderRow {
    order_no: String,
    status: String,
    merchant_id: String,
    warehouse_id: String,
    live_id: Option<String>,
    #[schema(value_type = String)]
    paid_at: Value,
    #[schema(value_type = String)]
    created_at: Value,
}

impl From<orders::Model> for OrderRow {
    fn from(row: orders::Model) -> Self {
        Self {
            order_no: row.order_no,
            status: row.status,
            merchant_id: row.merchant_id,
            warehouse_id: row.warehouse_id,
            live_id: row.live_id,
            paid_at: instant(row.paid_at),
            created_at: instant(row.created_at),
        }
    }
}

/// One order as it stands now.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderAnswer {
    order_no: String,
    /// The least advanced open line.
    status: String,
    ship: String,
    merchant_id: String,
    live_id: Option<String>,
    warehouse: WarehouseAnswer,
    /// For the platform alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_url: Option<String>,
    #[schema(value_type = String)]
    paid_at: Value,
    #[schema(value_type = String)]
    created_at: Value,
    lines: Vec<LineAnswer>,
    /// What is owed on it, oldest first.
    obligations: Vec<ObligationAnswer>,
    /// The order's own clocks: `line:resubmission:N`, `order:rest`.
    deadlines: Vec<DeadlineAnswer>,
}

/// A clock that runs.
#[derive(Debug, Serialize, ToSchema)]
struct DeadlineAnswer {
    kind: String,
    #[schema(value_type = String)]
    due_at: Value,
}

/// One line as it stands now.
#[derive(Debug, Serialize, ToSchema)]
struct LineAnswer {
    line_no: i32,
    status: String,
    sku: Option<String>,
    /// Null once it was erased.
    title: Option<String>,
    price: PriceAnswer,
    pricing: &'static str,
    custom_made: bool,
    /// Pieces that were sent for it so far, this one with them.
    attempts: i32,
    piece: Option<PieceRow>,
}

/// Whole minor units and an ISO 4217 code.
#[derive(Debug, Serialize, ToSchema)]
struct PriceAnswer {
    amount: i64,
    currency: String,
}

/// The piece that fills a line now.
#[derive(Debug, Serialize, ToSchema)]
struct PieceRow {
    code: String,
    stage: String,
    /// How it ended, once it is closed.
    outcome: Option<String>,
    cancellation_requested: bool,
    #[schema(value_type = String)]
    since: Value,
    /// When somebody's clock runs out.
    #[schema(value_type = Option<String>)]
    due_at: Value,
}

impl From<&pieces::Model> for PieceRow {
    fn from(row: &pieces::Model) -> Self {
        Self {
            code: row.code.clone(),
            stage: row.stage.clone(),
            outcome: row.outcome.clone(),
            cancellation_requested: row.flagged,
            since: instant(row.stage_since_at),
            due_at: row.due_at.map_or(Value::Null, instant),
        }
    }
}

/// Reads an order's lines and pieces.
pub async fn order(app: &App, row: orders::Model, for_platform: bool) -> Result<OrderAnswer, ApiError> {
    let reader = app.desk().store().reader();
    let order_id = OrderId(row.order_id);
    let placed = app.desk().read_placed(order_id).await?.ok_or_else(|| ApiError::absent("order"))?;
    let words = app.desk().read_texts(order_id).await?;
    let states = lookups::lines_of(reader, &[row.order_id]).await?;
    let pieces = queries::pieces_of(reader, row.order_id).await?;
    let line = |of: &crate::domain::event::PlacedLine| {
        let state: Option<&lines::Model> = states.iter().find(|state| state.line_no == of.line_no);
        let piece = state.and_then(|state| pieces.iter().find(|piece| piece.stream_id == state.stream_id));
        LineAnswer {
            line_no: of.line_no,
            status: state.map(|state| state.status.clone()).unwrap_or_default(),
            sku: of.sku.as_ref().map(ToString::to_string),
            title: words.get(&of.title.text_id).cloned(),
            price: PriceAnswer { amount: of.price.amount, currency: of.price.currency.as_str().to_owned() },
            pricing: match of.pricing {
                Pricing::ByWeight => "by_weight",
                Pricing::Fixed => "fixed",
            },
            custom_made: of.custom_made,
            attempts: state.map_or(0, |state| state.attempts),
            piece: piece.map(PieceRow::from),
        }
    };
    Ok(OrderAnswer {
        lines: placed.lines.iter().map(line).collect(),
        obligations: obligations::told(app, owed::obligations_of(reader, row.order_id).await?).await?,
        deadlines: deadlines::of_order(reader, row.order_id)
            .await?
            .into_iter()
            .map(|row| DeadlineAnswer { kind: row.kind, due_at: instant(row.due_at) })
            .collect(),
        order_no: row.order_no,
        status: row.status,
        ship: row.ship,
        merchant_id: row.merchant_id,
        live_id: row.live_id,
        warehouse: warehouse_answer(app, row.warehouse_id).await?,
        tracking_url: for_platform.then(|| tracking_url(app, order_id)),
        paid_at: instant(row.paid_at),
        created_at: instant(row.created_at),
    })
}
