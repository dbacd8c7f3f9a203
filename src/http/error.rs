//! The only place where a failure becomes a status. A cause never leaves: it is logged here, once.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::desk;
use crate::domain::actor::Role;
use crate::domain::command::CommandKind;
use crate::domain::ids::Malformed;
use crate::domain::refusal::{Fault, Refusal};
use crate::domain::route::Stage;
use crate::store;

/// Why a request gets no success.
#[derive(Debug)]
pub enum ApiError {
    /// A rule says no. The role tells what would be possible instead.
    Refused(Refusal, Option<Role>),
    /// The request itself is wrong, before any rule is asked.
    Request {
        status: StatusCode,
        code: &'static str,
        detail: String,
        errors: Vec<Fault>,
    },
    Busy,
    /// A fault of ours.
    Fault(Box<dyn std::error::Error + Send + Sync>),
}

impl ApiError {
    pub fn request(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self::Request { status, code, detail: detail.into(), errors: Vec::new() }
    }

    /// Tells the role of the caller, so that the answer can say what is possible now.
    pub fn for_role(self, role: Role) -> Self {
        match self {
            ApiError::Refused(refusal, _) => ApiError::Refused(refusal, Some(role)),
            other @ (ApiError::Request { .. } | ApiError::Busy | ApiError::Fault(_)) => other,
        }
    }

    /// A thing that is not there, or that the caller may not know of.
    pub fn absent(what: &'static str) -> Self {
        Refusal::Absent(what).into()
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        ApiError::Refused(refusal, None)
    }
}

impl From<desk::Error> for ApiError {
    fn from(error: desk::Error) -> Self {
        match error {
            desk::Error::Refused(refusal) => refusal.into(),
            desk::Error::Busy => ApiError::Busy,
            desk::Error::Fault { .. } => ApiError::Fault(Box::new(error)),
        }
    }
}

impl From<store::Error> for ApiError {
    fn from(error: store::Error) -> Self {
        desk::Error::from(error).into()
    }
}

impl From<Malformed> for ApiError {
    fn from(malformed: Malformed) -> Self {
        Refusal::Malformed(vec![Fault::malformed("", malformed)]).into()
    }
}

/// The answer to whatever went wrong (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// What is wrong, and what would make it right.
    pub detail: String,
    /// Stable, for programs.
    pub code: String,
    /// Names this request in our logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The stage that the piece is in, where that is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// What is possible now, for this caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Vec<String>>,
    /// One for each field that is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// One field that is wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldError {
    /// A JSON pointer (RFC 6901) into the request's body.
    pub pointer: String,
    pub detail: String,
}

impl Problem {
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:touchstone:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Problem").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            code: code.to_owned(),
            request_id: None,
            stage: None,
            allowed: None,
            errors: Vec::new(),
        }
    }

    fn with_faults(mut self, faults: &[Fault]) -> Self {
        self.errors = faults
            .iter()
            .map(|fault| FieldError { pointer: fault.pointer.clone(), detail: fault.message.clone() })
            .collect();
        self
    }

    fn at(mut self, stage: Option<Stage>, role: Option<Role>) -> Self {
        self.stage = stage.map(|stage| stage.as_str().to_owned());
        self.allowed = stage.zip(role).map(|(stage, role)| {
            CommandKind::allowed(stage, role).map(|command| command.as_str().to_owned()).collect()
        });
        self
    }
}

/// The status of a refusal: 409 for the stage and the race, 412 for a stale page, 422 for the body, 403 for the role,
/// 404 for what one may not know to exist.
fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::WrongStage(_)
        | Refusal::EvidenceMissing { .. }
        | Refusal::SecondPersonNeeded
        | Refusal::TagTaken
        | Refusal::NotCalledFor
        | Refusal::NotBlind
        | Refusal::ReadingUsed
        | Refusal::WaybillTaken
        | Refusal::WaitsForLines(_)
        | Refusal::WaitsForRest
        | Refusal::NotDue
        | Refusal::TooLate(_)
        | Refusal::MadeToOrder
        | Refusal::NotResubmittable
        | Refusal::NotNow(_)
        | Refusal::NotCorrectable { .. }
        | Refusal::CertificateAsked
        | Refusal::CertificateHeld
        | Refusal::ProposalGone
        | Refusal::Overtaken { .. }
        | Refusal::OrderDiffers
        | Refusal::Account(_) => StatusCode::CONFLICT,
        Refusal::NotYours { .. } | Refusal::NotAuthor => StatusCode::FORBIDDEN,
        Refusal::Stale { .. } => StatusCode::PRECONDITION_FAILED,
        Refusal::Absent(_) => StatusCode::NOT_FOUND,
        Refusal::Incomplete(_)
        | Refusal::DeviceUnknown(_)
        | Refusal::DeviceNotAdjusted(_)
        | Refusal::WeightDiffers { .. }
        | Refusal::KeyReused
        | Refusal::Malformed(_) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl IntoResponse for ApiError {
    /// The problem itself travels as an extension: the frame around all routes adds the request's id and writes it.
    fn into_response(self) -> Response {
        let (status, problem) = match &self {
            ApiError::Refused(refusal, role) => {
                let status = status_of(refusal);
                let problem = Problem::new(status, refusal.code(), refusal.sentence());
                (status, problem.with_faults(refusal.faults()).at(refusal.stage(), *role))
            }
            ApiError::Request { status, code, detail, errors } => {
                (*status, Problem::new(*status, code, detail).with_faults(errors))
            }
            ApiError::Busy => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                (status, Problem::new(status, "busy", "the house is busy: send the same request again in a moment"))
            }
            ApiError::Fault(cause) => {
                tracing::error!(error = %causes(cause.as_ref()), "a request failed by our fault");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                (status, Problem::new(status, "fault", "something is wrong on our side; it has been noted"))
            }
        };
        let mut response = status.into_response();
        let headers = response.headers_mut();
        match status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {} // Other statuses carry no header of their own.
        }
        response.extensions_mut().insert(problem);
        response
    }
}

fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
