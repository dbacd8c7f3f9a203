//! What carriers push, and what a supervisor says of a parcel. A push is known by the token in its address and by its
//! signature; it takes no `Idempotency-Key`, since the same word is the same request by its content.

use axum::body::Body;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::{Form, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::{Caller, SUPERVISOR};
use super::body::{Faults, Write, free_text, parse, read_bounded};
use super::error::Problem;
use super::platform::instant as parse_instant;
use super::warehouse::{PieceAnswer, on_piece, seal};
use super::{ApiError, App};
use crate::carriers::{Word, kuaidi100};
use crate::desk::carriers::Speech;
use crate::domain::command::Command;
use crate::domain::ids::Waybill;
use crate::domain::refusal::{Fault, Refusal};
use crate::domain::transit::{Told, TransitWord};
use crate::vault;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(hear_kuaidi100)).routes(routes!(hear_push)).routes(routes!(tell_transit))
}

/// A whole history of a parcel fits into this many bytes many times over.
const MAX_PUSH: usize = 512 * 1024;

fn wrong_signature() -> ApiError {
    let detail = "the signature does not belong to this body: is it made with this account's salt?";
    ApiError::request(StatusCode::FORBIDDEN, "wrong_signature", detail)
}

/// What Kuaidi100 expects.
#[derive(Debug, Serialize, ToSchema)]
struct Taken {
    result: bool,
    #[serde(rename = "returnCode")]
    return_code: &'static str,
    message: &'static str,
}

const TAKEN: Taken = Taken { result: true, return_code: "200", message: "成功" };

/// The form of a push.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct PushForm {
    /// The push's JSON.
    #[serde(default)]
    param: String,
    /// MD5 of `param` and the salt, in hexadecimal.
    #[serde(default)]
    sign: String,
}

/// Takes a push of Kuaidi100 (快递100). Whatever it tells of a waybill that nobody has named yet waits for it.
#[utoipa::path(post, path = "/v1/carriers/kuaidi100/{token}", tag = "carriers", security(()),
    params(("token" = String, Path, description = "Of this account: touchstone carrier add")),
    request_body(content = PushForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "Taken", body = Taken),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn hear_kuaidi100(
    State(app): State<App>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Json<Taken>, ApiError> {
    let of = app.desk().carrier_of(&token, Speech::Kuaidi100).await?;
    let (of, salt) = of.ok_or_else(|| ApiError::absent("carrier"))?;
    must_be_form(request.headers())?;
    let bytes = read_bounded(request.into_body(), MAX_PUSH).await?;
    let form = read_form(bytes).await?;
    if !vault::same(&form.sign.trim().to_uppercase(), &kuaidi100::sign(&form.param, &salt)) {
        return Err(wrong_signature());
    }
    let now = app.now();
    let word = kuaidi100::read(&form.param, now);
    let malformed = |error| ApiError::from(Refusal::Malformed(vec![Fault::malformed("/param", error)]));
    if let Some(word) = word.map_err(malformed)? {
        app.desk().hear_carrier(&of, &word, now).await?;
    }
    Ok(Json(TAKEN))
}

/// What says that it is something else is not read as a form; what says nothing is.
fn must_be_form(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(media) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let media = media.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if media.eq_ignore_ascii_case(FORM) {
        return Ok(());
    }
    let detail = format!("a push of Kuaidi100 is a form: send param and sign as {FORM}");
    Err(ApiError::request(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_a_form", detail))
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Reads the form.
async fn read_form(bytes: Vec<u8>) -> Result<PushForm, ApiError> {
    let mut request = Request::new(Body::from(bytes));
    *request.method_mut() = Method::POST;
    let form = HeaderValue::from_static(FORM);
    request.headers_mut().insert(header::CONTENT_TYPE, form);
    match Form::<PushForm>::from_request(request, &()).await {
        Ok(Form(form)) => Ok(form),
        Err(_) => {
            let detail = "the body is no form: send param and sign as application/x-www-form-urlencoded";
            Err(ApiError::request(StatusCode::BAD_REQUEST, "bad_form", detail))
        }
    }
}

/// What another carrier tells of one parcel.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PushBody {
    /// Who carries it, as it was named when the waybill was given; left out, the waybill alone counts.
    #[serde(default)]
    carrier: Option<String>,
    waybill: String,
    /// moving, delivered, proxy_signed (signed for by another), refused, back_with_sender, turned_around, problem or
    /// customs.
    state: String,
    /// When it happened (RFC 3339).
    at: String,
}

/// What became of a push.
#[derive(Debug, Serialize, ToSchema)]
struct HeardAnswer {
    /// Pieces to which something happened; none where it was known, or is of no account.
    pieces: usize,
    /// Nobody has named the waybill yet: the word waits.
    parked: bool,
}

/// Takes a push of any other carrier. `X-Signature` is HMAC-SHA-256 of the body's bytes under the account's salt, in
/// lower-case hexadecimal. The same word again is answered alike and does nothing; so does one that comes too late.
#[utoipa::path(post, path = "/v1/carriers/push/{token}", tag = "carriers", security(()), request_body = PushBody,
    params(("token" = String, Path, description = "Of this account: touchstone carrier add"),
        ("X-Signature" = String, Header, description = "HMAC-SHA-256 of the body under the salt, in hexadecimal")),
    responses((status = 200, description = "Taken", body = HeardAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn hear_push(
    State(app): State<App>,
    Path(token): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Result<Json<HeardAnswer>, ApiError> {
    let of = app.desk().carrier_of(&token, Speech::Push).await?;
    let (of, salt) = of.ok_or_else(|| ApiError::absent("carrier"))?;
    let bytes = read_bounded(request.into_body(), MAX_PUSH).await?;
    let given = headers.get("x-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !vault::same(&given.trim().to_lowercase(), &vault::signature(&salt, &bytes)) {
        return Err(wrong_signature());
    }
    let (body, _) = parse::<PushBody>(&bytes)?;
    let mut faults = Faults::default();
    let waybill = faults.take("/waybill", Waybill::parse(&body.waybill));
    let told = Told::parse(&body.state);
    if told.is_none() {
        let known: Vec<_> = Told::ALL.iter().map(|told| told.as_str()).collect();
        faults.add("/state", format!("a state is one of {}", known.join(", ")));
    }
    let at = faults.take("/at", parse_instant(&body.at));
    let company = body.carrier.unwrap_or_default();
    if 64 < company.chars().count() || company.chars().any(char::is_control) {
        faults.add("/carrier", "a carrier's name is at most 64 characters on one line");
    }
    let whole = || Some(Word { company: company.clone(), waybill: waybill?, told: told?, at: at? });
    let word = faults.finish(whole())?;
    let heard = app.desk().hear_carrier(&of, &word, app.now()).await?;
    Ok(Json(HeardAnswer { pieces: heard.pieces, parked: heard.parked }))
}

/// What became of a parcel.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TransitBody {
    /// lost, turned_back (to the merchant, before it arrived), refused (at the buyer's door) or delivered_back.
    what: String,
    #[serde(default)]
    note: Option<String>,
}

/// A supervisor says what became of a parcel with its carrier.
#[utoipa::path(post, path = "/v1/pieces/{code}/transit", tag = "pieces", request_body = TransitBody,
    params(("code" = String, Path, description = "The piece code"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request")),
    responses((status = 200, description = "What became of the piece", body = PieceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn tell_transit(
    State(app): State<App>,
    caller: Caller<SUPERVISOR>,
    Path(code): Path<String>,
    write: Write<TransitBody>,
) -> Result<Response, ApiError> {
    let mut faults = Faults::default();
    let what = TransitWord::parse(&write.body.what);
    if what.is_none() {
        faults.add("/what", "a parcel is lost, turned_back, refused or delivered_back");
    }
    let note = faults.take_optional("/note", write.body.note.as_deref(), free_text);
    let what = faults.finish(what)?;
    on_piece(&app, &caller, &code, &write.circumstances, |located, seals| {
        Ok(Command::Transit { what, note: note.map(|note| seal(&app, &caller, located, seals, &note)) })
    })
    .await
}
