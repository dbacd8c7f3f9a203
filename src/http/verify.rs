//! Anybody may check a certificate: by its number, or by the capsule itself. Numbers have 80 random bits, and one that was
//! never given out looks like any other that is wrong.

use axum::Json;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::Problem;
use super::tracking::{escape, page, words::Language};
use super::{ApiError, App};
use crate::capsule::{chain, credential, jws};
use crate::desk::certificate::{Certificate, Status};

mod capsule;

use capsule::CapsuleSubject;

/// No capsule is longer; a longer body is refused before it is read.
const LONGEST_CAPSULE: usize = 1 << 20;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(check_capsule))
        .layer(DefaultBodyLimit::max(LONGEST_CAPSULE))
        .routes(routes!(show_certificate))
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

/// In which language the page is.
#[derive(Debug, Deserialize, IntoParams)]
struct PageQuery {
    /// zh-CN or en; else by Accept-Language.
    lang: Option<String>,
}

/// The certificate of this number: as JSON, as a page (`Accept: text/html`), or the capsule itself
/// (`Accept: application/vc+jwt`).
#[utoipa::path(get, path = "/v/{certificate_code}", tag = "public", security(()),
    params(("certificate_code" = String, Path, description = "The number printed on the certificate"), PageQuery),
    responses((status = 200, body = CertificateAnswer, description = "The certificate, and whether it stands"),
        (status = 404, description = "No certificate has this number", body = Problem,
            content_type = "application/problem+json")))]
async fn show_certificate(
    State(app): State<App>,
    Path(code): Path<String>,
    query: Query<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let found = app.desk().certificate(&code).await?;
    let mut response = if accepted.contains("text/html") {
        let wish = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let language = Language::choose(query.lang.as_deref(), wish);
        match &found {
            Some(certificate) => page(StatusCode::OK, language, language.certificate(), &body(language, certificate)),
            None => {
                let body = format!("<h1>{}</h1><p>{}</p>", language.no_certificate(), language.no_certificate_why());
                page(StatusCode::NOT_FOUND, language, language.no_certificate(), &body)
            }
        }
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

fn body(language: Language, certificate: &Certificate) -> String {
    use std::fmt::Write;
    let status = match certificate.status() {
        Status::Valid => language.certificate_stands(),
        Status::Revoked => language.certificate_revoked(),
        Status::NotVerified => language.certificate_not_verified(),
    };
    let mut html = format!(
        "<h1>{}</h1><section><h2>{}</h2><p class=stage>{status}</p><p class=quiet><time>{}</time></p>",
        language.certificate(),
        escape(&certificate.row.certificate_code),
        instant(certificate.row.issued_at),
    );
    let subject = certificate.checked.as_ref().ok();
    if let Some(capsule) = subject.and_then(|capsule| CapsuleSubject::read(&capsule.subject)) {
        // Writing to a string does not fail.
        let _ = write!(html, "<table>");
        for (name, value) in capsule.rows(language) {
            let _ = write!(html, "<tr><th>{name}</th><td>{}</td></tr>", escape(&value));
        }
        let _ = write!(html, "</table>");
    }
    let _ = write!(html, "</section><p class=quiet>{}</p>", language.certificate_offline());
    html
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

/// Checks a capsule that somebody holds. Nothing is stored.
#[utoipa::path(post, path = "/v", tag = "public", security(()),
    request_body(content = String, content_type = "application/vc+jwt", description = "The capsule, one line"),
    responses((status = 200, body = CheckAnswer, description = "Whether it is a capsule of this house that stands"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn check_capsule(State(app): State<App>, line: String) -> Result<Json<CheckAnswer>, ApiError> {
    let wanting = |sentence: String| Json(CheckAnswer { verified: false, sentence, certificate: None });
    let line = line.trim_end_matches(['\r', '\n']);
    let capsule = match credential::verify(line, app.desk().keys(), None) {
        Ok(capsule) => capsule,
        Err(fault) => return Ok(wanting(format!("not verified: {fault}"))),
    };
    let Some(certificate) = app.desk().certificate(&capsule.certificate_code).await? else {
        return Ok(wanting("not verified: it is signed, and no certificate here has its number".to_owned()));
    };
    if certificate.row.credential != line {
        return Ok(wanting("not verified: it is signed, and not the capsule of its number".to_owned()));
    }
    let certificate = CertificateAnswer::of(&certificate);
    Ok(Json(CheckAnswer {
        verified: certificate.status == Status::Valid.as_str(),
        sentence: certificate.sentence.clone(),
        certificate: Some(certificate),
    }))
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
