//! A line that waits for another piece: the merchant sends one, or the price is wanted back.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::auth::{Caller, MERCHANT};
use super::super::bench::CertificateBody;
use super::super::body::{Circumstances, Faults, Write};
use super::super::error::Problem;
use super::super::{ApiError, App};
use super::order_of;
use crate::desk::{Receipt, Seals};
use crate::domain::ids::OrderId;
use crate::domain::orders::OrderCommand;
use crate::store::entity::{lines, pieces};
use crate::store::queries;

/// What comes with the next piece. Price and listing stay as they were: they are what the buyer was promised.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResubmissionBody {
    /// A laboratory's certificate that comes with this article.
    #[serde(default)]
    presented_certificate: Option<CertificateBody>,
}

/// The piece that fills the line now.
#[derive(Debug, Serialize, ToSchema)]
struct ResubmissionAnswer {
    line_no: i32,
    /// The code of the new piece, to be printed on its bag.
    code: String,
    stage: String,
    /// 2 for the first piece that is sent again, 3 for the second.
    attempt: i32,
}

/// Opens the next piece for a line whose piece did not come to its buyer: at most twice, each time within the hours
/// that the rulebook gives.
#[utoipa::path(post, path = "/v1/orders/{order_no}/lines/{line_no}/resubmission", tag = "orders",
    request_body = ResubmissionBody,
    params(("order_no" = String, Path, description = "The platform's number"),
        ("line_no" = i32, Path, description = "The line"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 201, description = "The next piece", body = ResubmissionAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
pub async fn resubmit_line(
    State(app): State<App>,
    caller: Caller<MERCHANT>,
    Path((order_no, line_no)): Path<(String, String)>,
    write: Write<ResubmissionBody>,
) -> Result<Response, ApiError> {
    let row = order_of(&app, &caller, &order_no).await?;
    let line_no: i32 = line_no.parse().map_err(|_| ApiError::absent("line"))?;
    let mut faults = Faults::default();
    let body = write.body.presented_certificate.as_ref();
    let presented_certificate = body.and_then(|body| body.parse("/presented_certificate", &mut faults));
    faults.finish(Some(()))?;
    let command = OrderCommand::Resubmit { line_no, code: app.desk().next_piece_code(), presented_certificate };
    let request = write.circumstances.request(&app, &caller);
    let receipt = app.desk().on_order(OrderId(row.order_id), command, Seals::default(), request).await?;
    let Receipt::Made { id: code, .. } = receipt else {
        return Err(ApiError::Fault("a line that is filled again answers with its piece".into()));
    };
    let piece = queries::piece_by_code(app.desk().store().reader(), &code).await?;
    let piece = piece.ok_or_else(|| ApiError::Fault("a piece that was opened is there".into()))?;
    let view = app.desk().read_piece(crate::store::journal::stream_key(piece.order_id, piece.stream_id)).await?;
    let attempt = view.map_or(0, |view| view.piece.opened().attempt);
    let answer = ResubmissionAnswer { line_no, code, stage: piece.stage, attempt };
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// What became of a line whose price is wanted back.
#[derive(Debug, Serialize)]
struct CancelledLine<'a> {
    line_no: i32,
    status: &'static str,
    /// The piece that failed; it is on its way back.
    code: &'a str,
    stage: &'a str,
}

/// Ends a line that waits for another piece.
pub async fn cancel_waiting<const ROLES: u16>(
    app: &App,
    caller: &Caller<ROLES>,
    line: &lines::Model,
    piece: &pieces::Model,
    reason: Option<String>,
    circumstances: &Circumstances,
) -> Result<Response, ApiError> {
    let order_id = OrderId(line.order_id);
    let mut seals = Seals::default();
    let reason = reason.map(|text| seals.seal(app.desk().vault(), order_id, caller.person, &text));
    let command = OrderCommand::CancelLine { line_no: line.line_no, reason };
    app.desk().on_order(order_id, command, seals, circumstances.request(app, caller)).await?;
    let status = crate::domain::order::LineStatus::Cancelled.as_str();
    Ok(Json(CancelledLine { line_no: line.line_no, status, code: &piece.code, stage: &piece.stage }).into_response())
}
