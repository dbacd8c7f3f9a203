//! Anybody may check a certificate: by its number, or by the capsule itself. Numbers have 80 random bits, and one that was
//! never given out looks like any other that is wrong.

use askama::Template;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::Problem;
use super::pages::{self, Frame, LanguageQuery, Visitor, qr};
use super::tracking::Source;
use super::{ApiError, App};
use crate::capsule::{chain, credential, jws};
use crate::desk::certificate::{Certificate, Lost, Status, printed};
use crate::shown::Clock;

mod capsule;

use capsule::CapsuleSubject;

/// No capsule is longer; a longer body is refused before it is read.
const LONGEST_CAPSULE: usize = 1 << 20;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(check_capsule, show_check))
        .layer(DefaultBodyLimit::max(LONGEST_CAPSULE))
        .routes(routes!(show_certificate))
        .routes(routes!(download_capsule))
        .routes(routes!(status_list))
}

/// What a check of a certificate says.
#[derive(Debug, Serialize, ToSchema)]
struct CertificateAnswer {
    certificate_code: String,
    /// `valid`, `revoked`, or `not_verified`: what is stored here is not what was signed.
    status: &'static str,
    /// The same in a sentence.
    sentence: String,
    /// When the piece was released and its capsule signed.
    valid_from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
    /// What the capsule says of the piece; absent where it is not what was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<CapsuleSubject>)]
    capsule: Option<Value>,
    /// The capsule itself, for a check without this service (`application/vc+jwt`).
    credential: String,
}

impl CertificateAnswer {
    fn of(certificate: &Certificate) -> Self {
        let row = &certificate.row;
        Self {
            certificate_code: row.certificate_code.clone(),
            status: certificate.status().as_str(),
            sentence: sentence(certificate),
            valid_from: instant(row.issued_at),
            revoked_at: certificate.revoked_at.map(chain::instant),
            capsule: certificate.checked.as_ref().ok().map(|capsule| capsule.subject.clone()),
            credential: row.credential.clone(),
        }
    }
}

/// Microseconds as an instant in UTC.
fn instant(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map(chain::instant).unwrap_or_default()
}

fn sentence(certificate: &Certificate) -> String {
    match (certificate.status(), &certificate.checked) {
        (Status::Valid, _) => "the capsule is what was signed, and it stands".to_owned(),
        (Status::Revoked, _) => "the capsule was signed here, and was revoked since: it no longer counts".to_owned(),
        (Status::NotVerified, Err(why)) => format!("the capsule is not what was signed: {why}"),
        (Status::NotVerified, Ok(_)) => "the capsule is not what was signed".to_owned(),
    }
}

/// The page of a certificate, made to be printed on one sheet of A5.
#[derive(Template)]
#[template(path = "certificate.html", config = "src/http/pages/askama.toml")]
struct CertificatePage<'a> {
    frame: Frame,
    code: &'a str,
    /// `good`, or `stop`.
    tone: &'static str,
    status: &'a str,
    sentence: &'a str,
    rows: Vec<(&'a str, String)>,
    qr: Option<qr::Drawn>,
    /// Where the capsule itself can be had.
    capsule: Option<String>,
}

/// The certificate of this number: as JSON, as a page (`Accept: text/html`), or the capsule itself
/// (`Accept: application/vc+jwt`).
#[utoipa::path(get, path = "/v/{certificate_code}", tag = "public", security(()),
    params(("certificate_code" = String, Path, description = "The number printed on the certificate"), LanguageQuery),
    responses((status = 200, body = CertificateAnswer, description = "The certificate, and whether it stands"),
        (status = 404, description = "No certificate has this number", body = Problem,
            content_type = "application/problem+json"),
        (status = 410, description = "Given out here, and its record was lost: nobody can vouch for it, or it was revoked",
            body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many numbers were tried", body = Problem,
            content_type = "application/problem+json")))]
async fn show_certificate(
    State(app): State<App>,
    source: Source,
    Path(code): Path<String>,
    query: Query<LanguageQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_page = accepted.contains("text/html");
    let visitor = Visitor::new(&query, &headers);
    if !app.guesses().may_try(&source) {
        return if is_page { pages::too_many(&visitor) } else { Err(too_many()) };
    }
    let found = app.desk().certificate(&code).await?;
    if found.is_none()
        && let Some(lost) = app.desk().lost_certificate(&code).await?
    {
        return show_lost(&visitor, is_page, lost);
    }
    if found.is_none() {
        app.guesses().missed(&source);
    }
    let mut response = if is_page {
        show_page(&app, &visitor, found.as_ref())?
    } else {
        let certificate = found.ok_or_else(|| ApiError::absent("certificate"))?;
        if accepted.contains(jws::MEDIA_TYPE) {
            ([(header::CONTENT_TYPE, jws::MEDIA_TYPE)], certificate.row.credential).into_response()
        } else {
            Json(CertificateAnswer::of(&certificate)).into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept, accept-language"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// A number that was given out, and of which nothing else is known since a loss.
fn show_lost(visitor: &Visitor<'_>, is_page: bool, lost: Lost) -> Result<Response, ApiError> {
    if !is_page {
        let code = match lost {
            Lost::Standing => "certificate_lost",
            Lost::Revoked => "certificate_revoked",
        };
        return Err(ApiError::request(StatusCode::GONE, code, lost.sentence()));
    }
    let language = visitor.language(None);
    let words = language.words();
    let says = match lost {
        Lost::Standing => (words.certificate_lost(), words.certificate_lost_why()),
        Lost::Revoked => (words.certificate_revoked(), words.certificate_revoked_why()),
    };
    let frame = Frame::new(language, visitor.chose(), says.0);
    let back = Some((format!("/v{}", frame.query), words.check_heading()));
    pages::plain(StatusCode::GONE, frame, says, back)
}

fn too_many() -> ApiError {
    ApiError::request(
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_tries",
        "too many numbers were tried that no certificate has: wait a minute",
    )
}

fn show_page(app: &App, visitor: &Visitor<'_>, found: Option<&Certificate>) -> Result<Response, ApiError> {
    let language = visitor.language(None);
    let words = language.words();
    let Some(certificate) = found else {
        let frame = Frame::new(language, visitor.chose(), words.certificate_unknown());
        let back = Some((format!("/v{}", frame.query), words.check_heading()));
        let says = (words.certificate_unknown(), words.certificate_unknown_why());
        return pages::plain(StatusCode::NOT_FOUND, frame, says, back);
    };
    let (tone, status, sentence) = match certificate.status() {
        Status::Valid => ("good", words.certificate_stands(), words.certificate_stands_why()),
        Status::Revoked => ("stop", words.certificate_revoked(), words.certificate_revoked_why()),
        Status::NotVerified => ("stop", words.certificate_not_verified(), words.certificate_not_verified_why()),
    };
    let code = certificate.row.certificate_code.as_str();
    let mut rows = Vec::new();
    let subject = certificate.checked.as_ref().ok();
    if let Some(capsule) = subject.and_then(|capsule| CapsuleSubject::read(&capsule.subject)) {
        // Nobody knows where the visitor lives; the instant is named with its zone.
        if let Ok(at) = Timestamp::from_microsecond(certificate.row.issued_at) {
            rows.push((words.certificate_valid_from(), format!("{} UTC", Clock::new("UTC", language).dated(at))));
        }
        rows.extend(capsule.rows(words));
    }
    let frame = Frame::new(language, visitor.chose(), words.certificate_heading()).script(&pages::VERIFY);
    let page = CertificatePage {
        frame,
        code,
        tone,
        status,
        sentence,
        rows,
        qr: qr::draw(&format!("{}/v/{code}", app.settings().public_url)),
        capsule: Some(format!("/v/{code}/capsule.jwt")),
    };
    pages::page(StatusCode::OK, &page)
}

/// The capsule of a certificate, as a file.
#[utoipa::path(get, path = "/v/{certificate_code}/capsule.jwt", tag = "public", security(()),
    params(("certificate_code" = String, Path, description = "The number printed on the certificate")),
    responses((status = 200, description = "The capsule, one line", content_type = "application/vc+jwt", body = String),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn download_capsule(
    State(app): State<App>,
    source: Source,
    Path(code): Path<String>,
) -> Result<Response, ApiError> {
    if !app.guesses().may_try(&source) {
        return Err(too_many());
    }
    let Some(certificate) = app.desk().certificate(&code).await? else {
        app.guesses().missed(&source);
        return Err(ApiError::absent("certificate"));
    };
    let name = format!("attachment; filename=\"{}.jwt\"", certificate.row.certificate_code);
    let headers = [
        (header::CONTENT_TYPE, jws::MEDIA_TYPE.to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, certificate.row.credential).into_response())
}

/// What a check of a capsule says that somebody holds.
#[derive(Debug, Serialize, ToSchema)]
struct CheckAnswer {
    /// Whether it is a capsule of this house, as it was signed, that stands.
    verified: bool,
    /// Why, or why not.
    sentence: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<CertificateAnswer>,
}

/// The page on which anybody checks a certificate.
#[derive(Template)]
#[template(path = "check.html", config = "src/http/pages/askama.toml")]
struct CheckPage<'a> {
    frame: Frame,
    answer: Option<(&'static str, &'a str)>,
    link: Option<String>,
}

/// A number that somebody looks up.
#[derive(Debug, Default, Deserialize, IntoParams)]
struct LookUp {
    /// As it is printed, or without hyphens.
    code: Option<String>,
    /// zh-CN or en; else by Accept-Language.
    lang: Option<String>,
}

/// A form to check a certificate by its number, or the capsule itself.
#[utoipa::path(get, path = "/v", tag = "public", security(()), params(LookUp),
    responses((status = 200, description = "The page", content_type = "text/html"),
        (status = 303, description = "On to the certificate of the number")))]
async fn show_check(query: Query<LookUp>, headers: HeaderMap) -> Result<Response, ApiError> {
    let Query(LookUp { code, lang }) = query;
    let language = LanguageQuery { lang };
    let visitor = Visitor::new(&language, &headers);
    let words = visitor.language(None).words();
    let frame = Frame::new(words.language(), visitor.chose(), words.check_heading());
    let answer = match code.as_deref().map(printed) {
        Some(Some(code)) => return Ok(Redirect::to(&format!("/v/{code}{}", frame.query)).into_response()),
        Some(None) => Some(("stop", words.certificate_unknown_why())),
        None => None,
    };
    pages::page(StatusCode::OK, &CheckPage { frame, answer, link: None })
}

/// What the form sends.
#[derive(Debug, Deserialize)]
struct CheckForm {
    capsule: String,
    lang: Option<String>,
}

/// Checks a capsule that somebody holds: one line, or a form of the page. Nothing is stored.
#[utoipa::path(post, path = "/v", tag = "public", security(()),
    request_body(content = String, content_type = "application/vc+jwt", description = "The capsule, one line"),
    responses((status = 200, body = CheckAnswer, description = "Whether it is a capsule of this house that stands"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn check_capsule(State(app): State<App>, headers: HeaderMap, request: Request) -> Result<Response, ApiError> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media.starts_with("application/x-www-form-urlencoded") {
        let form: Form<CheckForm> = Form::from_request(request, &app)
            .await
            .map_err(|_| ApiError::request(StatusCode::BAD_REQUEST, "malformed_form", "the form cannot be read"))?;
        let Form(form) = form;
        let answer = check(&app, &form.capsule.split_whitespace().collect::<String>()).await?;
        let language = LanguageQuery { lang: form.lang };
        let visitor = Visitor::new(&language, &headers);
        let words = visitor.language(None).words();
        let frame = Frame::new(words.language(), visitor.chose(), words.check_heading());
        let told = if answer.verified { ("good", words.check_good()) } else { ("stop", words.check_bad()) };
        let link = answer.certificate.map(|known| format!("/v/{}{}", known.certificate_code, frame.query));
        return pages::page(StatusCode::OK, &CheckPage { frame, answer: Some(told), link });
    }
    let line = match String::from_request(request, &app).await {
        Ok(line) => line,
        // Too large, or no text: the framework's own words.
        Err(refused) => return Ok(refused.into_response()),
    };
    Ok(Json(check(&app, line.trim_end_matches(['\r', '\n'])).await?).into_response())
}

async fn check(app: &App, line: &str) -> Result<CheckAnswer, ApiError> {
    let wanting = |sentence: String| CheckAnswer { verified: false, sentence, certificate: None };
    let capsule = match credential::verify(line, app.desk().keys(), None) {
        Ok(capsule) => capsule,
        Err(fault) => return Ok(wanting(format!("not verified: {fault}"))),
    };
    let Some(certificate) = app.desk().certificate(&capsule.certificate_code).await? else {
        return Ok(wanting(match app.desk().lost_certificate(&capsule.certificate_code).await? {
            Some(lost) => format!("not verified: it is signed, and {}", lost.sentence()),
            None => "not verified: it is signed, and no certificate here has its number".to_owned(),
        }));
    };
    if certificate.row.credential != line {
        return Ok(wanting("not verified: it is signed, and not the capsule of its number".to_owned()));
    }
    let certificate = CertificateAnswer::of(&certificate);
    Ok(CheckAnswer {
        verified: certificate.status == Status::Valid.as_str(),
        sentence: certificate.sentence.clone(),
        certificate: Some(certificate),
    })
}

/// Which capsules were revoked: a Bitstring Status List of the W3C, signed like a capsule, as of this moment. It counts
/// for a day; with `If-None-Match` only another one is sent.
#[utoipa::path(get, path = "/v1/status-list", tag = "public", security(()),
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of the list that the caller has")),
    responses((status = 200, description = "The signed list", content_type = "application/vc+jwt", body = String),
        (status = 304, description = "The caller's list is the present one")))]
async fn status_list(State(app): State<App>, headers: HeaderMap) -> Result<Response, ApiError> {
    let list = app.desk().status_list(app.now()).await?;
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let is_known = known.flat_map(|value| value.split(',')).any(|tag| tag.trim() == list.etag);
    // Whoever keeps it asks before using it again.
    let cached = [(header::ETAG, list.etag.clone()), (header::CACHE_CONTROL, "no-cache".to_owned())];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, cached).into_response());
    }
    Ok((cached, [(header::CONTENT_TYPE, jws::MEDIA_TYPE)], list.line.clone()).into_response())
}
