//! What all pages for people have in common: their frame, their style sheet and scripts, and the headers that keep them
//! to themselves. A page is complete without a script, and asks nothing of anybody but this house.

use std::sync::LazyLock;

use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{ApiError, App};
use crate::capsule::Hash;
use crate::words::{Language, Words};

pub mod qr;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(asset))
}

/// A file that pages name. Its address holds a part of its hash: it never changes under it.
pub struct Asset {
    pub path: String,
    name: String,
    media: &'static str,
    text: &'static str,
}

impl Asset {
    fn new(stem: &str, ending: &str, media: &'static str, text: &'static str) -> Self {
        let hash = Hash::of(text).to_string();
        let name = format!("{stem}-{}.{ending}", hash.get(..16).unwrap_or_default());
        Self { path: format!("/assets/{name}"), name, media, text }
    }
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

pub static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("style", "css", "text/css; charset=utf-8", include_str!("style.css")));
/// Follows an order while its page is open.
pub static LIVE: LazyLock<Asset> = LazyLock::new(|| Asset::new("live", "js", SCRIPT, include_str!("live.js")));
/// Checks a certificate in the visitor's own browser.
pub static VERIFY: LazyLock<Asset> = LazyLock::new(|| Asset::new("verify", "js", SCRIPT, include_str!("verify.js")));

/// The house's seal, for the tab of the browser.
pub static SEAL: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("seal", "svg", "image/svg+xml", include_str!("seal.svg")));

/// A style sheet or a script of the pages, by the name that they give it.
#[utoipa::path(get, path = "/assets/{name}", tag = "public", security(()),
    params(("name" = String, Path, description = "As a page names it")),
    responses((status = 200, description = "The file"), (status = 404, description = "There is none")))]
async fn asset(Path(name): Path<String>) -> Result<Response, ApiError> {
    let known = [&STYLE, &LIVE, &VERIFY, &SEAL].into_iter().find(|asset| asset.name == name);
    let asset = known.ok_or_else(|| ApiError::absent("file"))?;
    let headers = [
        (header::CONTENT_TYPE, asset.media),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, asset.text).into_response())
}

/// In which language a page is.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
pub struct LanguageQuery {
    /// zh-CN or en; else by Accept-Language, else by the buyer's locale.
    pub lang: Option<String>,
}

/// Who looks at a page: what they wish to read it in.
#[derive(Clone, Copy, Debug)]
pub struct Visitor<'a> {
    wish: Option<&'a str>,
    accepted: Option<&'a str>,
}

impl<'a> Visitor<'a> {
    pub fn new(query: &'a LanguageQuery, headers: &'a HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self { wish: query.lang.as_deref(), accepted }
    }

    /// The language; where the visitor names none that is spoken here, that of the person the page is for.
    pub fn language(&self, of_person: Option<&str>) -> Language {
        Language::choose([self.wish, self.accepted, of_person])
    }

    /// Whether the language was chosen on the page, and goes along with its links.
    pub fn chose(&self) -> bool {
        self.wish.is_some()
    }
}

/// The frame of a page.
pub struct Frame {
    pub words: &'static Words,
    pub title: String,
    /// What the links of the page carry: the language where it was chosen.
    pub query: &'static str,
    /// The scripts that make it more comfortable.
    pub scripts: Vec<&'static str>,
}

impl Frame {
    pub fn new(language: Language, chose: bool, title: impl Into<String>) -> Self {
        let query = match (chose, language) {
            (false, _) => "",
            (true, Language::Chinese) => "?lang=zh-CN",
            (true, Language::English) => "?lang=en",
        };
        Self { words: language.words(), title: title.into(), query, scripts: Vec::new() }
    }

    pub fn script(mut self, asset: &'static Asset) -> Self {
        self.scripts.push(asset.path.as_str());
        self
    }

    pub fn style(&self) -> &'static str {
        STYLE.path.as_str()
    }

    pub fn seal(&self) -> &'static str {
        SEAL.path.as_str()
    }

    pub fn language(&self) -> Language {
        self.words.language()
    }
}

/// A page that says one thing.
#[derive(Template)]
#[template(path = "plain.html", config = "src/http/pages/askama.toml")]
struct Plain<'a> {
    frame: Frame,
    heading: &'a str,
    text: &'a str,
    back: Option<(String, &'a str)>,
}

/// A page that says one thing, and where to go on.
pub fn plain(
    status: StatusCode,
    frame: Frame,
    (heading, text): (&str, &str),
    back: Option<(String, &str)>,
) -> Result<Response, ApiError> {
    page(status, &Plain { frame, heading, text, back })
}

/// The page for whatever leads nowhere: the same for a wrong link, an old one and somebody else's.
pub fn nowhere(visitor: &Visitor<'_>) -> Result<Response, ApiError> {
    let language = visitor.language(None);
    let words = language.words();
    let frame = Frame::new(language, visitor.chose(), words.no_page());
    plain(StatusCode::NOT_FOUND, frame, (words.no_page(), words.no_page_why()), None)
}

/// The page for whoever tried too many links.
pub fn too_many(visitor: &Visitor<'_>) -> Result<Response, ApiError> {
    let language = visitor.language(None);
    let words = language.words();
    let frame = Frame::new(language, visitor.chose(), words.too_many());
    let mut response = plain(StatusCode::TOO_MANY_REQUESTS, frame, (words.too_many(), words.too_many_why()), None)?;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    Ok(response)
}

/// A fault as a page: the cause is logged as for any other.
pub fn fault(visitor: &Visitor<'_>, error: ApiError) -> Response {
    let status = error.into_response().status();
    let language = visitor.language(None);
    let words = language.words();
    let frame = Frame::new(language, visitor.chose(), words.broken());
    plain(status, frame, (words.broken(), words.broken_why()), None).unwrap_or_else(IntoResponse::into_response)
}

/// Writes a page.
pub fn page(status: StatusCode, template: &impl Template) -> Result<Response, ApiError> {
    let html = template.render().map_err(|error| ApiError::Fault(Box::new(error)))?;
    Ok(html_response(status, html))
}

/// A page's headers: read by nobody on the way, kept by nobody, found by no search, framed by no other site. Nothing is
/// loaded but from this house and nothing runs but its files; what is written in a page never does.
pub fn html_response(status: StatusCode, html: impl Into<axum::body::Body>) -> Response {
    let mut response = (status, html.into()).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "accept-language"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow, noarchive"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn markup_is_shown_and_not_run() {
        let frame = Frame::new(Language::English, false, "<script>alert(1)</script>");
        let html = Plain { frame, heading: "<b a='1'>&\"</b>", text: "x", back: None }.render().unwrap();
        assert!(!html.contains("<script>alert") && !html.contains("<b a"), "{html}");
        assert!(html.contains("&#60;b a=") || html.contains("&lt;b a="), "{html}");
    }

    #[test]
    fn the_style_sheet_leaves_room_for_the_pages() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(STYLE.text.as_bytes()).unwrap();
        let bytes = packed.finish().unwrap().len();
        assert!(bytes < 8 * 1024, "{bytes} bytes");
    }

    #[test]
    fn no_page_holds_a_style_or_a_script_of_its_own() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/pages");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "html") {
                let text = std::fs::read_to_string(&path).unwrap();
                for word in ["style=", "<style", "onclick", "onsubmit", "javascript:", "|safe", "http://", "https://"] {
                    assert!(!text.contains(word), "{} holds {word}", path.display());
                }
            }
        }
    }
}
