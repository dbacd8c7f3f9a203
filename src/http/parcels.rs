//! Parcels: one waybill, one or many pieces, also of several orders. And the same for a single piece.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::{CLERK, Caller, MERCHANT};
use super::body::{Faults, WeightBody, Write, free_text};
use super::error::Problem;
use super::sidelines::condition_at;
use super::warehouse::{PieceAnswer, WaybillBody, locate, on_piece, seal};
use super::{ApiError, App};
use crate::desk::receipt::{ParcelOutcome, ParcelPiece, ParcelReceipt};
use crate::desk::{Arrival, ArrivedPiece, Located, Parcel, Receipt, inbound_parcel};
use crate::domain::command::Command;
use crate::domain::event::Condition;
use crate::domain::ids::{Carrier, ParcelId, PieceCode, Waybill};
use crate::domain::quantity::Weighing;
use crate::domain::route::Stage;
use crate::domain::sidelines::Exception;
use crate::store::entity::{parcel_pieces, parcels};
use crate::store::{journal, queries};

/// Pieces of one parcel at the most.
const MAX_PIECES: usize = 500;
/// What a piece that was announced and is not in the parcel is called.
const MISSING: &str = "missing";

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(dispatch_parcel))
        .routes(routes!(receive_parcel))
        .routes(routes!(dispatch_piece))
        .routes(routes!(receive_piece))
}

/// A parcel that its merchant sends off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ParcelBody {
    /// The carrier's code, such as `sf`.
    carrier: String,
    waybill: String,
    /// 1 to 500 piece codes, of one order or several, all for one warehouse.
    codes: Vec<String>,
}

/// What became of each piece of a parcel.
#[derive(Debug, Serialize, ToSchema)]
struct ParcelAnswer {
    carrier: Option<String>,
    waybill: String,
    /// In the order of the request.
    pieces: Vec<ParcelPieceAnswer>,
}

/// What became of one piece of a parcel.
#[derive(Debug, Default, Serialize, ToSchema)]
struct ParcelPieceAnswer {
    code: String,
    /// done, missing, lost_and_found, case; or refused, where another request was faster.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    /// The length of the piece's journal after it: its ETag.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i32>,
    /// Under which a piece that nobody knows is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    lost_and_found_id: Option<Uuid>,
    /// The case that was opened, where the piece is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    case_id: Option<String>,
    /// Why it was refused: the code of the problem, and its sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl From<ParcelPiece> for ParcelPieceAnswer {
    fn from(piece: ParcelPiece) -> Self {
        let answer = Self { code: piece.code, ..Self::default() };
        match piece.outcome {
            ParcelOutcome::Done { stage, seq } => {
                Self { outcome: "done", stage: Some(stage), seq: Some(seq), ..answer }
            }
            ParcelOutcome::Refused { code, detail } => {
                Self { outcome: "refused", problem: Some(code), detail: Some(detail), ..answer }
            }
            ParcelOutcome::LostAndFound { id } => {
                Self { outcome: "lost_and_found", lost_and_found_id: Some(id), ..answer }
            }
            ParcelOutcome::Missing => Self { outcome: MISSING, ..answer },
            ParcelOutcome::Case { id } => Self { outcome: "case", case_id: Some(id), ..answer },
        }
    }
}

fn parcel_answer(receipt: Receipt) -> Result<Json<ParcelAnswer>, ApiError> {
    let Receipt::Parcel(ParcelReceipt { carrier, waybill, pieces }) = receipt else {
        return Err(ApiError::Fault("a parcel answers with a parcel".into()));
    };
    Ok(Json(ParcelAnswer { carrier, waybill, pieces: pieces.into_iter().map(ParcelPieceAnswer::from).collect() }))
}

/// Reads the codes of a request: each well-formed, and none twice.
fn read_codes<'a>(
    codes: impl ExactSizeIterator<Item = &'a str>,
    list: &str,
    pointer: impl Fn(usize) -> String,
    faults: &mut Faults,
) -> Vec<Option<PieceCode>> {
    if !(1..=MAX_PIECES).contains(&codes.len()) {
        faults.add(list, format!("a parcel has 1 to {MAX_PIECES} pieces"));
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    codes
        .enumerate()
        .map(|(index, text)| {
            let code = faults.take(pointer(index), PieceCode::parse(text))?;
            if seen.insert(code.clone()) {
                return Some(code);
            }
            faults.add(pointer(index), "this piece is named twice");
            None
        })
        .collect()
}

/// Sends a parcel off, with one or many pieces. Sent again while it is on its way, it corrects the waybill, at most
/// three times. All pieces are checked first; one that may not be sent refuses the parcel.
#[utoipa::path(post, path = "/v1/parcels", tag = "parcels", request_body = ParcelBody,
    params(("Idempotency-Key" = String, Header, description = "Fresh for each new request"),
        ("On-Behalf-Of" = Option<String>, Header, description = "The merchant that a platform acts for")),
    responses((status = 200, description = "What became of each piece", body = ParcelAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn dispatch_parcel(
    State(app): State<App>,
    caller: Caller<MERCHANT>,
    write: Write<ParcelBody>,
) -> Result<Json<ParcelAnswer>, ApiError> {
    let body = &write.body;
    let mut faults = Faults::default();
    let carrier = faults.take("/carrier", Carrier::parse(&body.carrier));
    let waybill = faults.take("/waybill", Waybill::parse(&body.waybill));
    let codes = body.codes.iter().map(String::as_str);
    let codes = read_codes(codes, "/codes", |index| format!("/codes/{index}"), &mut faults);
    let mut pieces: Vec<(PieceCode, Located)> = Vec::with_capacity(codes.len());
    for (index, code) in codes.into_iter().enumerate() {
        let Some(code) = code else { continue };
        match app.desk().locate(&code).await?.filter(|located| caller.sees(located)) {
            None => faults.add(format!("/codes/{index}"), "there is no such piece, or you may not see it"),
            Some(located) => match pieces.first() {
                Some((_, first)) if first.warehouse_id != located.warehouse_id => {
                    let detail = format!("this piece is bound for warehouse {}: send it there", located.warehouse_id);
                    faults.add(format!("/codes/{index}"), detail);
                }
                Some(_) | None => pieces.push((code, located)),
            },
        }
    }
    let (carrier, waybill) = faults.finish(carrier.zip(waybill))?;
    let request = write.circumstances.request(&app, &caller);
    parcel_answer(app.desk().dispatch_parcel(Parcel { carrier, waybill, pieces }, request).await?)
}

/// A parcel that came in, with an answer for each piece.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ArrivalBody {
    /// Needed only where two carriers have a parcel of this number on its way.
    #[serde(default)]
    carrier: Option<String>,
    /// The parcel's own: intact, empty, damaged, opened, too_many or too_few. One that is not intact is an exception for
    /// every piece in it that is; with too_few, what is missing is one too.
    condition: String,
    pieces: Vec<ArrivedBody>,
}

/// One piece of a parcel that came in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ArrivedBody {
    code: String,
    /// intact, empty, wrong_piece, damaged, opened, too_many or too_few; or missing, for a piece that was announced and
    /// is not in the parcel.
    condition: String,
    /// As it lies on the balance when the bag is opened. Only of an intact piece.
    #[serde(default)]
    weight: Option<WeightBody>,
    #[serde(default)]
    note: Option<String>,
}

/// Books a parcel in: an answer for each piece that was announced in it. A code that nobody here knows goes to
/// lost-and-found.
#[utoipa::path(post, path = "/v1/parcels/{waybill}/receipt", tag = "parcels", request_body = ArrivalBody,
    params(("waybill" = String, Path, description = "The number on the parcel"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "What became of each piece", body = ParcelAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn receive_parcel(
    State(app): State<App>,
    caller: Caller<CLERK>,
    Path(waybill): Path<String>,
    write: Write<ArrivalBody>,
) -> Result<Json<ParcelAnswer>, ApiError> {
    let waybill = Waybill::parse(&waybill).map_err(|_| ApiError::absent("waybill"))?;
    let request = write.circumstances.request(&app, &caller);
    // What was announced may have changed since the same request was answered.
    if let Some(receipt) = app.desk().answer_to(&request).await? {
        return parcel_answer(receipt);
    }
    let body = &write.body;
    let warehouse_id = caller.warehouse()?.clone();
    let mut faults = Faults::default();
    let carrier = faults.take_optional("/carrier", body.carrier.as_deref(), Carrier::parse);
    let announced = queries::announced(app.desk().store().reader(), warehouse_id.as_str(), waybill.as_str()).await?;
    let announced = choose(announced, carrier.as_ref(), &mut faults);
    let whole = condition_at("/condition", &body.condition, &mut faults).unwrap_or(Condition::Intact);
    let codes = body.pieces.iter().map(|piece| piece.code.as_str());
    let codes = read_codes(codes, "/pieces", |index| format!("/pieces/{index}/code"), &mut faults);
    let mut pieces = Vec::with_capacity(codes.len());
    let mut told = Vec::with_capacity(codes.len());
    for (index, (code, piece)) in codes.into_iter().zip(&body.pieces).enumerate() {
        let located = match &code {
            Some(code) => app.desk().locate(code).await?.filter(|located| caller.sees(located)),
            None => None,
        };
        let known = announced.as_ref().is_some_and(|(_, pieces)| {
            let of = |row: &parcel_pieces::Model| journal::stream_key(row.order_id, row.stream_id);
            located.as_ref().is_some_and(|located| pieces.iter().any(|row| of(row) == located.key))
        });
        told.extend(located.as_ref().map(|located| located.key));
        let arrived = piece.parse(&format!("/pieces/{index}"), whole, known, &mut faults);
        if let (Some(code), Some(arrived)) = (code, arrived) {
            pieces.push(ArrivedPiece { code, located, arrived });
        }
    }
    if let Some((parcel, rows)) = &announced {
        for row in rows.iter().filter(|row| !told.contains(&journal::stream_key(row.order_id, row.stream_id))) {
            expect_no_more(&app, parcel, row, &mut faults).await?;
        }
    }
    faults.finish(Some(()))?;
    let parcel = announced.map(|(parcel, _)| parcel);
    let carrier = match (carrier, &parcel) {
        (Some(carrier), _) => Some(carrier),
        (None, Some(parcel)) => Carrier::parse(&parcel.carrier).ok(),
        (None, None) => None,
    };
    let arrival =
        Arrival { warehouse_id, carrier, waybill, announced: parcel.map(|parcel| ParcelId(parcel.id)), pieces };
    parcel_answer(app.desk().receive_parcel(arrival, request).await?)
}

type Announced = (parcels::Model, Vec<parcel_pieces::Model>);

/// The announced parcel that is meant. Two carriers may have given out the same number.
fn choose(announced: Vec<Announced>, carrier: Option<&Carrier>, faults: &mut Faults) -> Option<Announced> {
    let mut meant: Vec<_> = announced
        .into_iter()
        .filter(|(parcel, _)| carrier.is_none_or(|carrier| parcel.carrier == carrier.as_str()))
        .collect();
    if 1 < meant.len() {
        let carriers: Vec<_> = meant.iter().map(|(parcel, _)| parcel.carrier.as_str()).collect();
        let carriers = carriers.join(" and ");
        faults.add("/carrier", format!("{carriers} have a parcel of this number on its way here: say whose this is"));
        return None;
    }
    meant.pop()
}

/// A piece that is still on its way in this parcel, and that the clerk said nothing of, is a fault. One that came in by
/// itself, or goes by another waybill since, is none.
async fn expect_no_more(
    app: &App,
    parcel: &parcels::Model,
    row: &parcel_pieces::Model,
    faults: &mut Faults,
) -> Result<(), ApiError> {
    let view = app.desk().read_piece(journal::stream_key(row.order_id, row.stream_id)).await?;
    let Some(view) = view else { return Ok(()) };
    let in_it = view.piece.stage() == Stage::Inbound && view.piece.parcel() == Some(ParcelId(parcel.id));
    if in_it {
        let code = &view.piece.opened().code;
        faults.add("/pieces", format!("piece {code} was announced in this parcel: say how it arrived, or {MISSING}"));
    }
    Ok(())
}

type Arrived = Option<(Condition, Option<Weighing>, Option<String>)>;

impl ArrivedBody {
    /// None where a fault was found; within, none where the piece is missing.
    fn parse(&self, at: &str, whole: Condition, announced: bool, faults: &mut Faults) -> Option<Arrived> {
        let note = faults.take_optional(format!("{at}/note"), self.note.as_deref(), free_text);
        if self.condition == MISSING {
            if !announced {
                faults.add(format!("{at}/code"), "only a piece that was announced in this parcel can be missing");
            }
            // Where the parcel is said to hold too few, what is missing is for a supervisor; else it may come by itself.
            return Some((whole == Condition::TooFew).then_some((whole, None, note)));
        }
        let own = condition_at(format!("{at}/condition"), &self.condition, faults);
        let weight = match (&self.weight, own) {
            (Some(weight), _) => weight.parse(&format!("{at}/weight"), faults),
            (None, Some(Condition::Intact)) => {
                faults.add(format!("{at}/weight"), "a piece that arrived is weighed");
                return None;
            }
            (None, _) => None,
        };
        let condition = match own? {
            Condition::Intact => match whole {
                // The others of a parcel that holds too few are what they should be.
                Condition::TooFew => Condition::Intact,
                whole => whole,
            },
            own => own,
        };
        Some(Some((condition, weight, note)))
    }
}

/// The single-piece form of a parcel. Sent again while it is on its way, it corrects the waybill.
#[utoipa::path(post, path = "/v1/pieces/{code}/dispatch", tag = "parcels", request_body = WaybillBody,
    params(("code" = String, Path, description = "The piece code"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the piece as it was read")),
    responses((status = 200, description = "What became of the piece", body = PieceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn dispatch_piece(
    State(app): State<App>,
    caller: Caller<MERCHANT>,
    Path(code): Path<String>,
    write: Write<WaybillBody>,
) -> Result<Response, ApiError> {
    let (carrier, waybill) = write.body.parse()?;
    on_piece(&app, &caller, &code, &write.circumstances, |located, _| {
        Ok(Command::Dispatch { parcel_id: inbound_parcel(located, &carrier, &waybill), carrier, waybill })
    })
    .await
}

/// A piece that came in by itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReceiptBody {
    /// intact, empty, wrong_piece, damaged, opened, too_many or too_few.
    condition: String,
    /// As it lies on the balance. Only of an intact piece.
    #[serde(default)]
    weight: Option<WeightBody>,
    #[serde(default)]
    note: Option<String>,
}

/// Books a single piece in.
#[utoipa::path(post, path = "/v1/pieces/{code}/receipt", tag = "parcels", request_body = ReceiptBody,
    params(("code" = String, Path, description = "The piece code"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the piece as it was read")),
    responses((status = 200, description = "What became of the piece", body = PieceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn receive_piece(
    State(app): State<App>,
    caller: Caller<CLERK>,
    Path(code): Path<String>,
    write: Write<ReceiptBody>,
) -> Result<Response, ApiError> {
    let body = &write.body;
    let mut faults = Faults::default();
    let condition = condition_at("/condition", &body.condition, &mut faults);
    let weight = body.weight.as_ref().and_then(|weight| weight.parse("/weight", &mut faults));
    if condition == Some(Condition::Intact) && body.weight.is_none() {
        faults.add("/weight", "a piece that arrived is weighed");
    }
    let note = faults.take_optional("/note", body.note.as_deref(), free_text);
    let condition = faults.finish(condition)?;
    // The parcel that it was announced in, where it was.
    let (_, located) = locate(&app, &caller, &code).await?;
    let view = app.desk().read_piece(located.key).await?;
    let parcel_id = view.and_then(|view| view.piece.parcel());
    on_piece(&app, &caller, &code, &write.circumstances, |located, seals| {
        let note = note.map(|text| seal(&app, &caller, located, seals, &text));
        Ok(match weight.filter(|_| condition == Condition::Intact) {
            Some(weight) => Command::Receive { parcel_id, condition, weight, note },
            None => Command::Except(Exception::Found { condition, parcel_id, note }),
        })
    })
    .await
}
