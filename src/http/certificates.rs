//! Presented certificates of a piece: how each number stands, and the answer to "the same article?".

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::{AUDITOR, CLERK, Caller, INSPECTOR, MERCHANT, PLATFORM, STAFF};
use super::body::{Circumstances, Write};
use super::error::Problem;
use super::warehouse::{PieceAnswer, locate, on_piece, seal, text_at};
use super::{ApiError, App};
use crate::domain::certificate::{Binding, CertificateKey};
use crate::domain::command::Command;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_certificates)).routes(routes!(answer_same_article))
}

/// One certificate that was presented with a piece.
#[derive(Debug, Serialize, ToSchema)]
struct PresentedAnswer {
    body: String,
    number: String,
    /// `free`, `asked` (the same article?), `same_article`, `held` (it is another article's), or `lifted`.
    standing: &'static str,
    /// What the number is bound to: `open_piece`, `closed_piece`, or `same_set` (another piece of this order).
    #[serde(skip_serializing_if = "Option::is_none")]
    held_by: Option<&'static str>,
    /// Where it is asked: the event to answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    clash: Option<i32>,
    /// The question in Chinese and English.
    #[serde(skip_serializing_if = "Option::is_none")]
    question_zh: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    question_en: Option<&'static str>,
    /// The piece that has the number, where the caller may know of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<String>,
}

/// The certificates that were presented with a piece.
#[derive(Debug, Serialize, ToSchema)]
struct CertificatesAnswer {
    certificates: Vec<PresentedAnswer>,
}

/// The certificates that were presented with a piece, and what each number is bound to. Another platform's, merchant's or
/// warehouse's piece is never named.
#[utoipa::path(get, path = "/v1/pieces/{code}/certificates", tag = "pieces",
    params(("code" = String, Path, description = "The piece code")),
    responses((status = 200, description = "The certificates", body = CertificatesAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn get_certificates(
    State(app): State<App>,
    caller: Caller<{ PLATFORM | MERCHANT | STAFF | AUDITOR }>,
    Path(code): Path<String>,
) -> Result<Json<CertificatesAnswer>, ApiError> {
    let (_, located) = locate(&app, &caller, &code).await?;
    let view = app.desk().read_piece(located.key).await?.ok_or_else(|| ApiError::absent("piece"))?;
    let mut certificates = Vec::new();
    for presented in view.piece.presented() {
        let number = CertificateKey::of(presented);
        let binding = view.piece.binding(&number);
        let (held_by, clash) = match binding {
            Binding::Asked { seq, held_by } => (Some(held_by), Some(seq)),
            Binding::Other { held_by } => (Some(held_by), None),
            Binding::Free | Binding::Same | Binding::Lifted => (None, None),
        };
        let other = match held_by {
            Some(_) => app.desk().holder_of(&number, located.key).await?,
            None => None,
        };
        certificates.push(PresentedAnswer {
            body: presented.body.to_string(),
            number: presented.number.to_string(),
            standing: binding.as_str(),
            held_by: held_by.map(|held_by| held_by.as_str()),
            clash,
            question_zh: clash.map(|_| "这个证书编号以前属于另一件货品：是同一件吗？"),
            question_en: clash.map(|_| "This certificate's number was another piece's before: is it the same article?"),
            other: other.filter(|(_, other)| caller.sees(other)).map(|(code, _)| code.to_string()),
        });
    }
    Ok(Json(CertificatesAnswer { certificates }))
}

/// The answer of somebody who looked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SameArticleBody {
    /// The event that asks, as the piece's certificates name it.
    clash: i32,
    same: bool,
    /// What tells the two apart, where it is not the same; kept sealed.
    #[serde(default)]
    note: Option<String>,
}

/// Answers whether this is the article that a presented certificate's number was bound to before. The ledger is proposed
/// anew with the answer.
#[utoipa::path(post, path = "/v1/pieces/{code}/same-article", tag = "pieces", request_body = SameArticleBody,
    params(("code" = String, Path, description = "The piece code"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the piece as it was read")),
    responses((status = 200, description = "What became of the piece", body = PieceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn answer_same_article(
    State(app): State<App>,
    caller: Caller<{ CLERK | INSPECTOR }>,
    Path(code): Path<String>,
    write: Write<SameArticleBody>,
) -> Result<Response, ApiError> {
    let circumstances: &Circumstances = &write.circumstances;
    let body = write.body;
    on_piece(&app, &caller, &code, circumstances, |located, seals| {
        let note = body.note.as_deref().map(|text| text_at("/note", text)).transpose()?;
        let note = note.map(|text| seal(&app, &caller, located, seals, &text));
        Ok(Command::AnswerSameArticle { clash_seq: body.clash, same: body.same, note })
    })
    .await
}
