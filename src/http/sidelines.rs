//! The commands beside the main line: what arrived otherwise than it should, what cannot be told, what is held, what is
//! appealed, and what comes back.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::{CLERK, Caller, MERCHANT, PLATFORM, STAFF, SUPERVISOR};
use super::bench::{ComponentBody, Seal, SizeBody};
use super::body::{Faults, WeightBody, Write, free_text};
use super::error::Problem;
use super::pieces::view;
use super::warehouse::{PieceAnswer, ReasonBody, on_piece, seal, text_at};
use super::{ApiError, App, views};
use crate::domain::command::Command;
use crate::domain::event::{Condition, Resolution, Upheld};
use crate::domain::ids::{Carrier, CertificateNo, ClaimId, LaboratoryId, Tag, Waybill};
use crate::domain::returned::{Comparison, compare};
use crate::domain::sidelines::{Exception, HoldEnd, Identity, Return, ReturnIntake, WayOut};
use crate::domain::text::Name;
use crate::store::queries;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(except))
        .routes(routes!(find_way_out))
        .routes(routes!(end_hold))
        .routes(routes!(appeal))
        .routes(routes!(override_failure))
        .routes(routes!(send_back))
        .routes(routes!(take_back, get_comparison))
}

/// Parts of one report at the most.
const MAX_RESULTS: usize = 60;

/// A piece that did not arrive as it should, or a supervisor's decision on it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExceptionBody {
    /// A clerk's: empty, wrong_piece, damaged, opened, too_many or too_few.
    #[serde(default)]
    condition: Option<String>,
    #[serde(default)]
    note: Option<String>,
    /// A supervisor's: received, returning or lost.
    #[serde(default)]
    resolution: Option<String>,
    /// Why it is resolved so.
    #[serde(default)]
    reason: Option<String>,
}

/// Reads how something arrived.
pub fn condition_at(pointer: impl Into<String>, text: &str, faults: &mut Faults) -> Option<Condition> {
    let condition = Condition::parse(text);
    if condition.is_none() {
        let known: Vec<_> = Condition::ALL.into_iter().map(Condition::as_str).collect();
        faults.add(pointer, format!("a condition is one of {}", known.join(", ")));
    }
    condition
}

/// Records that a piece did not arrive as it should (a clerk), or where such a piece goes (a supervisor).
#[utoipa::path(post, path = "/v1/pieces/{code}/exception", tag = "pieces", request_body = ExceptionBody,
    params(("code" = String, Path, description = "The piece code"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the piece as it was read")),
    responses((status = 200, description = "What became of the piece", body = PieceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn except(
    State(app): State<App>,
    caller: Caller<{ CLERK | SUPERVISOR }>,
    Path(code): Path<String>,
    write: Write<ExceptionBody>,
) -> Result<Response, ApiError> {
    let body = write.body;
    let mut faults = Faults::default();
    let note = faults.take_optional("/note", body.note.as_deref(), free_text);
    let reason = faults.take_optional("/reason", body.reason.as_deref(), free_text);
    let resolution = match body.resolution.as_deref() {
        None => None,
        Some("received") => Some(Resolution::Received),
        Some("returning") => Some(Resolution::Returning),
        Some("lost") => Some(Resolution::Lost),
        Some(_) => {
            faults.add("/resolution", "an exception is resolved to received, returning or lost");
            None
        }
    };
    let condition = body.condition.as_deref().and_then(|text| condition_at("/condition", text, &mut faults));
    match (&body.condition, &body.resolution) {
        (Some(_), None) if body.reason.is_some() => faults.add("/reason", "what is found is told in a note"),
        (None, Some(_)) if reason.is_none() => faults.add("/reason", "say why it goes there"),
        (Some(_), None) | (None, Some(_)) => {}
        (Some(_), Some(_)) | (None, None) => {
            faults.add("", "give a condition with its note, or a resolution with its reason");
        }
    }
    faults.finish(Some(()))?;
    let view = view(&app, &caller, &code).await?;
    let parcel_id = view.piece.parcel();
    on_piece(&app, &caller, &code, &write.circumstances, |located, seals| {
        let mut sealed = |text: String| seal(&app, &caller, located, seals, &text);
        Ok(Command::Except(match (condition, resolution.zip(reason)) {
            (Some(condition), _) => Exception::Found { condition, parcel_id, note: note.map(sealed) },
            (None, Some((to, reason))) => Exception::Resolved { to, reason: sealed(reason) },
            (None, None) => return Err(ApiError::Fault("a body that was read says one of both".into())),
        }))
    })
    .await
}

/// A way out for what cannot be told here.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WayOutBody {
    /// outside_report, disclose or give_up.
    what: String,
    /// Of an outside report: the laboratory's id, as the operator has entered it.
    #[serde(default)]
    laboratory: Option<String>,
    /// The report's number.
    #[serde(default)]
    number: Option<String>,
    /// What it says of each part.
    #[serde(default)]
    results: Vec<ComponentBody>,
    /// Of a disclosure: the claims that could not be told. None: all of them.
    #[serde(default)]
    open_points: Vec<String>,
    #[serde(default)]
    reason: Option<String>,
}

/// Finds a way out for a piece that cannot be told here: a laboratory outside has looked, the buyer is asked, or it
/// goes back.
#[utoipa::path(post, path = "/v1/pieces/{code}/undetermined", tag = "pieces", request_body = WayOutBody,
    params(("code" = String, Path, description = "The piece code"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the piece as it was read")),
    responses((status = 200, description = "What became of the piece", body = PieceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn find_way_out(
    State(app): State<App>,
    caller: Caller<SUPERVISOR>,
    Path(code): Path<String>,
    write: Write<WayOutBody>,
) -> Result<Response, ApiError> {
    let body = write.body;
    let known = match body.laboratory.as_deref() {
        Some(id) => queries::laboratory(app.desk().store().reader(), id).await?.is_some(),
        None => true,
    };
    on_piece(&app, &caller, &code, &write.circumstances, |located, seals| {
        let mut seal = |text: &str| seal(&app, &caller, located, seals, text);
        Ok(Command::FindWayOut(body.parse(known, &mut seal)?))
    })
    .await
}

impl WayOutBody {
    fn parse(&self, laboratory_known: bool, seal: &mut Seal) -> Result<WayOut, ApiError> {
        let mut faults = Faults::default();
        let reason = faults.take_optional("/reason", self.reason.as_deref(), free_text);
        let way_out = match self.what.as_str() {
            "outside_report" => {
                let laboratory = self.laboratory.as_deref().unwrap_or_default();
                let laboratory_id = faults.take("/laboratory", LaboratoryId::parse(laboratory));
                if !laboratory_known {
                    faults.add("/laboratory", "no laboratory has this id: have an operator enter it");
                }
                let number = self.number.as_deref().unwrap_or_default();
                let number = faults.take("/number", CertificateNo::parse(number));
                if MAX_RESULTS < self.results.len() {
                    faults.add("/results", format!("a report names at most {MAX_RESULTS} parts"));
                }
                let results = self.results.iter().take(MAX_RESULTS).enumerate();
                let results = results
                    .filter_map(|(at, part)| part.parse_reported(&format!("/results/{at}"), &mut faults, seal))
                    .collect();
                laboratory_id.zip(number).map(|(laboratory_id, number)| WayOut::OutsideReport {
                    laboratory_id,
                    number,
                    results,
                })
            }
            "disclose" | "give_up" => {
                let open_points = self.open_points.iter().enumerate();
                let open_points = open_points
                    .filter_map(|(at, id)| faults.take(format!("/open_points/{at}"), ClaimId::parse(id)))
                    .collect();
                if reason.is_none() {
                    faults.add("/reason", "say why");
                }
                let discloses = self.what == "disclose";
                reason.map(|reason| {
                    let reason = seal(&reason);
                    if discloses { WayOut::Disclosed { open_points, reason } } else { WayOut::GivenUp { reason } }
                })
            }
            _ => {
                faults.add("/what", "the way out is outside_report, disclose or give_up");
                None
            }
        };
        faults.finish(way_out)
    }
}

/// How a quarantine ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldEndBody {
    /// lift or uphold.
    what: String,
    /// Where what is upheld goes: returning or handed_to_authority.
    #[serde(default)]
    to: Option<String>,
    /// The authority's own number of the hand-over (移送).
    #[serde(default)]
    reference: Option<String>,
    reason: String,
}

impl HoldEndBody {
    pub fn parse(&self, seal: &mut Seal) -> Result<Command, ApiError> {
        let mut faults = Faults::default();
        let reason = faults.take("/reason", free_text(&self.reason));
        let reference = faults.take_optional("/reference", self.reference.as_deref(), reference);
        let end = match (self.what.as_str(), self.to.as_deref()) {
            ("lift", None) if self.reference.is_none() => reason.map(|text| HoldEnd::Lifted { reason: seal(&text) }),
            ("lift", _) => {
                faults.add("/to", "what is lifted goes on where it was held: leave to and reference out");
                None
            }
            ("uphold", to) => {
                let to = match to {
                    Some("returning") => Some(Upheld::Returning),
                    Some("handed_to_authority") => Some(Upheld::HandedToAuthority),
                    Some(_) | None => {
                        faults.add("/to", "what is upheld goes to returning or handed_to_authority");
                        None
                    }
                };
                to.zip(reason).map(|(to, text)| HoldEnd::Upheld { to, reference, reason: seal(&text) })
            }
            _ => {
                faults.add("/what", "a quarantine is ended by lift or uphold");
                None
            }
        };
        faults.finish(end).map(Command::EndHold)
    }
}

/// An authority's number: no term of the trade, but short and without personal data all the same.
fn reference(text: &str) -> Result<Name, crate::domain::ids::Malformed> {
    Name::parse(text)
}

/// Ends a quarantine. It takes two supervisors: one alone is told to post the same body to the piece's proposals.
#[utoipa::path(post, path = "/v1/pieces/{code}/quarantine", tag = "pieces", request_body = HoldEndBody,
    params(("code" = String, Path, description = "The piece code"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "What became of the piece", body = PieceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn end_hold(
    State(app): State<App>,
    caller: Caller<SUPERVISOR>,
    Path(code): Path<String>,
    write: Write<HoldEndBody>,
) -> Result<Response, ApiError> {
    let body = write.body;
    on_piece(&app, &caller, &code, &write.circumstances, |located, seals| {
        body.parse(&mut |text| seal(&app, &caller, located, seals, text))
    })
    .await
}

/// Appeals a failure: other inspectors look, once. The first result is kept.
#[utoipa::path(post, path = "/v1/pieces/{code}/appeal", tag = "pieces", request_body = ReasonBody,
    params(("code" = String, Path, description = "The piece code"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the piece as it was read")),
    responses((status = 200, description = "What became of the piece", body = PieceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn appeal(
    State(app): State<App>,
    caller: Caller<MERCHANT>,
    Path(code): Path<String>,
    write: Write<ReasonBody>,
) -> Result<Response, ApiError> {
    let reason = text_at("/reason", &write.body.reason)?;
    on_piece(&app, &caller, &code, &write.circumstances, |located, seals| {
        Ok(Command::Appeal { reason: seal(&app, &caller, located, seals, &reason) })
    })
    .await
}

/// Discloses a failure to the buyer instead. It takes two persons: one alone is told to post the same body to the
/// piece's proposals. It never lifts a suspicion.
#[utoipa::path(post, path = "/v1/pieces/{code}/override", tag = "pieces", request_body = ReasonBody,
    params(("code" = String, Path, description = "The piece code"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "What became of the piece", body = PieceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn override_failure(
    State(app): State<App>,
    caller: Caller<SUPERVISOR>,
    Path(code): Path<String>,
    write: Write<ReasonBody>,
) -> Result<Response, ApiError> {
    let reason = text_at("/reason", &write.body.reason)?;
    on_piece(&app, &caller, &code, &write.circumstances, |located, seals| {
        Ok(Command::Override { reason: seal(&app, &caller, located, seals, &reason) })
    })
    .await
}

/// A return, opened or posted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReturnBody {
    /// Why the buyer sends it back.
    #[serde(default)]
    reason: Option<String>,
    /// Once it is posted: the carrier's code.
    #[serde(default)]
    carrier: Option<String>,
    #[serde(default)]
    waybill: Option<String>,
}

/// Opens a return for the buyer within the window; and again with carrier and waybill, once it is posted.
#[utoipa::path(post, path = "/v1/pieces/{code}/return", tag = "pieces", request_body = ReturnBody,
    params(("code" = String, Path, description = "The piece code"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the piece as it was read")),
    responses((status = 200, description = "What became of the piece", body = PieceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn send_back(
    State(app): State<App>,
    caller: Caller<PLATFORM>,
    Path(code): Path<String>,
    write: Write<ReturnBody>,
) -> Result<Response, ApiError> {
    let body = write.body;
    let mut faults = Faults::default();
    let reason = faults.take_optional("/reason", body.reason.as_deref(), free_text);
    let posted = match (&body.carrier, &body.waybill) {
        (None, None) => None,
        (carrier, waybill) => {
            let carrier = faults.take("/carrier", Carrier::parse(carrier.as_deref().unwrap_or_default()));
            let waybill = faults.take("/waybill", Waybill::parse(waybill.as_deref().unwrap_or_default()));
            if body.reason.is_some() {
                faults.add("/reason", "a reason is given when the return is opened, not when it is posted");
            }
            carrier.zip(waybill)
        }
    };
    faults.finish(Some(()))?;
    on_piece(&app, &caller, &code, &write.circumstances, |located, seals| {
        Ok(Command::SendBack(match posted {
            Some((carrier, waybill)) => Return::Posted { carrier, waybill },
            None => Return::Opened { reason: reason.map(|text| seal(&app, &caller, located, seals, &text)) },
        }))
    })
    .await
}

/// What came back, or whether it is what was sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnIntakeBody {
    /// As it lies on the balance when it is unpacked.
    #[serde(default)]
    weight: Option<WeightBody>,
    /// The tag that is read on it; left out where it has none.
    #[serde(default)]
    tag: Option<String>,
    /// Whether that tag was never opened.
    #[serde(default)]
    tag_intact: Option<bool>,
    /// Measured once more.
    #[serde(default)]
    sizes: Vec<SizeBody>,
    #[serde(default)]
    note: Option<String>,
    /// same, not_same or unclear; takes two persons.
    #[serde(default)]
    identity: Option<String>,
    /// What tells the two apart, or why it cannot be told.
    #[serde(default)]
    reason: Option<String>,
}

impl ReturnIntakeBody {
    pub fn parse(&self, seal: &mut Seal) -> Result<Command, ApiError> {
        let mut faults = Faults::default();
        let step = match (&self.weight, self.identity.as_deref()) {
            (Some(weight), None) => {
                let weight = weight.parse("/weight", &mut faults);
                let tag = faults.take_optional("/tag", self.tag.as_deref(), Tag::parse);
                let sizes = self.sizes.iter().take(MAX_RESULTS).enumerate();
                let sizes = sizes.filter_map(|(at, size)| size.parse(&format!("/sizes/{at}"), &mut faults)).collect();
                let note = faults.take_optional("/note", self.note.as_deref(), free_text);
                if self.reason.is_some() {
                    faults.add("/reason", "what is seen when it is unpacked is told in a note");
                }
                weight.map(|weight| ReturnIntake::Received {
                    weight,
                    tag,
                    tag_intact: self.tag_intact,
                    sizes,
                    note: note.map(|text| seal(&text)),
                })
            }
            (None, Some(identity)) => {
                let identity = Identity::parse(identity);
                if identity.is_none() {
                    faults.add("/identity", "what came back is same, not_same or unclear");
                }
                let reason = faults.take_optional("/reason", self.reason.as_deref(), free_text);
                identity.map(|identity| ReturnIntake::Judged { identity, reason: reason.map(|text| seal(&text)) })
            }
            (Some(_), Some(_)) | (None, None) => {
                faults.add("", "give the weight of what came back, or, once it is unpacked, its identity");
                None
            }
        };
        faults.finish(step).map(Command::TakeBack)
    }
}

/// Books in what a buyer sent back; then says whether it is the same piece, which takes two persons: one alone is told
/// to post the same body to the piece's proposals.
#[utoipa::path(post, path = "/v1/pieces/{code}/return-intake", tag = "pieces", request_body = ReturnIntakeBody,
    params(("code" = String, Path, description = "The piece code"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the piece as it was read")),
    responses((status = 200, description = "What became of the piece", body = PieceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn take_back(
    State(app): State<App>,
    caller: Caller<CLERK>,
    Path(code): Path<String>,
    write: Write<ReturnIntakeBody>,
) -> Result<Response, ApiError> {
    let body = write.body;
    on_piece(&app, &caller, &code, &write.circumstances, |located, seals| {
        body.parse(&mut |text| seal(&app, &caller, located, seals, text))
    })
    .await
}

/// What came back beside what was sent: tag, weight, sizes and photos of then and now, with a proposed answer and what
/// speaks for it. Two persons decide.
#[utoipa::path(get, path = "/v1/pieces/{code}/return-intake", tag = "pieces",
    params(("code" = String, Path, description = "The piece code")),
    responses((status = 200, description = "Then and now"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn get_comparison(
    State(app): State<App>,
    caller: Caller<STAFF>,
    Path(code): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let view = view(&app, &caller, &code).await?;
    let found = compare(&view.piece).ok_or_else(|| ApiError::absent("return that was booked in"))?;
    Ok(Json(comparison(&found)))
}

fn comparison(found: &Comparison<'_>) -> Value {
    json!({
        "proposed": found.proposed.as_str(),
        "signs": found.signs.iter().map(|sign| sign.as_str()).collect::<Vec<_>>(),
        "tag": {
            "then": found.tagged.map(|tagged| &tagged.tag),
            "now": found.received.tag,
            "intact": found.received.tag_intact,
        },
        "weight": {
            "then": found.weight_then.map(views::weight),
            "now": views::weight(&found.received.weight),
            "limit_g": crate::domain::quantity::Mass(found.limit_ug).grams(),
        },
        "sizes": found.sizes.iter().map(|pair| json!({
            "then": views::size(&pair.then),
            "now": views::size(&pair.now),
            "agrees": pair.agrees,
        })).collect::<Vec<_>>(),
        "photos": found.photos.iter().map(|pair| json!({
            "then": {"id": pair.then.photo_id, "kind": pair.then.kind, "shown_sha256": pair.then.shown_sha256},
            "now": {"id": pair.now.photo_id, "kind": pair.now.kind, "shown_sha256": pair.now.shown_sha256},
            "differing_bits": pair.distance,
        })).collect::<Vec<_>>(),
    })
}
