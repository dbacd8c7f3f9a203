//! Who looks, and how often: measurements that are repeated, the seeds of the draws, and how far the inspectors agree;
//! and what is kept from whoever may still be called to look.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::{Caller, INSPECTOR, SUPERVISOR};
use super::body::{Faults, WeightBody, Write};
use super::error::Problem;
use super::platform::instant;
use super::query::Query;
use super::views;
use super::warehouse::{PieceAnswer, on_piece};
use super::{ApiError, App};
use crate::desk::PieceView;
use crate::desk::agreement::Record;
use crate::desk::lots::day_of;
use crate::domain::actor::Role;
use crate::domain::command::Command;
use crate::domain::event::{Event, Recorded};
use crate::domain::ids::{ComponentId, PersonId};
use crate::domain::looks::{Because, Matter};
use crate::domain::piece::Piece;
use crate::domain::quantity::{Mass, decimal};
use crate::domain::text::Name;
use crate::rulebook::Language;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(repeat_measurement)).routes(routes!(get_seeds)).routes(routes!(get_agreement))
}

/// A measurement once more, where a repeat was called for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MeasurementBody {
    /// The part that was measured; left out for the whole piece.
    #[serde(default)]
    component: Option<String>,
    /// What was measured: weight.
    quantity: String,
    reading: WeightBody,
}

/// Repeats a measurement that lies at its limit, by whoever took it or whom they handed the piece to. Then the appraisal
/// is settled and the ledger is proposed anew, by the mean of all readings.
#[utoipa::path(post, path = "/v1/pieces/{code}/measurements", tag = "pieces", request_body = MeasurementBody,
    params(("code" = String, Path, description = "The piece code"),
        ("Idempotency-Key" = String, Header, description = "Fresh for each new request"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the piece as it was read")),
    responses((status = 200, description = "What became of the piece", body = PieceAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn repeat_measurement(
    State(app): State<App>,
    caller: Caller<INSPECTOR>,
    Path(code): Path<String>,
    write: Write<MeasurementBody>,
) -> Result<Response, ApiError> {
    let body = &write.body;
    let mut faults = Faults::default();
    let component = faults.take_optional("/component", body.component.as_deref(), ComponentId::parse);
    let quantity = faults.take("/quantity", Name::parse(&body.quantity));
    if quantity.as_ref().is_some_and(|quantity| quantity.as_str() != "weight") {
        faults.add("/quantity", "what is repeated is a weight");
    }
    let weighing = body.reading.parse("/reading", &mut faults);
    let (quantity, weighing) = faults.finish(quantity.zip(weighing))?;
    on_piece(&app, &caller, &code, &write.circumstances, |_, _| {
        Ok(Command::RepeatMeasurement { component, quantity, weighing })
    })
    .await
}

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct SeedsQuery {
    /// The first day, as 2026-11-24; else a week ago.
    from: Option<String>,
}

/// The draw of one day.
#[derive(Debug, Serialize, ToSchema)]
struct SeedAnswer {
    /// In UTC.
    day: String,
    /// SHA-256 of the seed, in hexadecimal.
    commitment: String,
    #[schema(value_type = String)]
    committed_at: Value,
    /// 64 hexadecimal digits, once the day is over.
    seed: Option<String>,
}

/// The draws of some days, and the share of pieces that they name.
#[derive(Debug, Serialize, ToSchema)]
struct SeedsAnswer {
    /// Drawn are the pieces whose place lies below it, in parts per million.
    share_ppm: Option<i64>,
    /// How a place is found.
    rule: &'static str,
    days: Vec<SeedAnswer>,
}

/// Days of one answer.
const DAYS: u64 = 100;

const RULE: &str = "SHA-256 of the seed, the platform, the order's number, the line and the attempt, separated by line \
    feeds; its first 64 bits as a share of all, in parts per million. The day is that of the first appraisal, in UTC.";

/// The seeds by which pieces are drawn for a second look: committed by their hash before the day, published after it. So
/// anybody who knows an order's number can check its draw.
#[utoipa::path(get, path = "/v1/seeds", tag = "public", security(()), params(SeedsQuery),
    responses((status = 200, description = "Days with their commitments", body = SeedsAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn get_seeds(State(app): State<App>, query: Query<SeedsQuery>) -> Result<Json<SeedsAnswer>, ApiError> {
    let now = app.now();
    let from = match &query.from {
        None => day_of(now.checked_sub(SignedDuration::from_hours(7 * 24)).unwrap_or(now)),
        Some(text) => text.parse::<Date>().map_err(|_| {
            let mut faults = Faults::default();
            faults.add("?from", "a day is written as 2026-11-24");
            faults.finish::<()>(None).err().unwrap_or(ApiError::Busy)
        })?,
    };
    let days = app.desk().published_seeds(from, DAYS, now).await?;
    let answer = |day: crate::desk::lots::Published| SeedAnswer {
        committed_at: views::instant(day.committed_at),
        day: day.day,
        commitment: day.commitment,
        seed: day.seed,
    };
    let days = days.into_iter().map(answer).collect();
    Ok(Json(SeedsAnswer { share_ppm: app.desk().rules().drawn_share(), rule: RULE, days }))
}

/// Which span of time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct AgreementQuery {
    /// From here on (RFC 3339); else 30 days before the end.
    from: Option<String>,
    /// Up to here, excluded; else now.
    to: Option<String>,
}

/// How far the inspectors of a warehouse agree.
#[derive(Debug, Serialize, ToSchema)]
struct AgreementAnswer {
    from: String,
    to: String,
    /// False where more was settled in the span than is looked through at once: ask for a shorter one.
    complete: bool,
    inspectors: Vec<InspectorAnswer>,
}

/// One inspector's appraisals beside those of others, and beside what is known of reference pieces.
#[derive(Debug, Serialize, ToSchema)]
struct InspectorAnswer {
    person_id: Uuid,
    /// Of the appraisals of pieces that another person appraised too.
    agreement: Share,
    /// Of the appraisals of reference pieces.
    error: ErrorAnswer,
}

/// A share as the two numbers that it is of, and as a decimal that is cut down to three places.
#[derive(Debug, Serialize, ToSchema)]
struct Share {
    count: u64,
    of: u64,
    /// Null where it is of none.
    share: Option<String>,
    /// In what the others differ, and how often.
    differing: BTreeMap<&'static str, u64>,
}

/// How often a reference piece was not found as it is.
#[derive(Debug, Serialize, ToSchema)]
struct ErrorAnswer {
    #[serde(flatten)]
    wrong: Share,
    /// The mean distance of the weights, in grams, cut down to a microgram; null where none could be compared.
    mean_weight_error_g: Option<String>,
}

impl Share {
    fn new(count: u64, of: u64, matters: &BTreeMap<Matter, u64>) -> Self {
        let thousandths = (count * 1_000).checked_div(of);
        let share = thousandths.and_then(|share| i64::try_from(share).ok()).map(|share| decimal(share, 3, 3));
        Self { count, of, share, differing: matters.iter().map(|(matter, count)| (matter.as_str(), *count)).collect() }
    }
}

impl InspectorAnswer {
    fn new((person, record): (PersonId, Record)) -> Self {
        let mean = record.weight_error_ug.checked_div(i128::from(record.weighed));
        let mean = mean.and_then(|mean| i64::try_from(mean).ok());
        Self {
            person_id: person.0,
            agreement: Share::new(record.agreed, record.compared, &record.disputes),
            error: ErrorAnswer {
                wrong: Share::new(record.references - record.right, record.references, &record.errors),
                mean_weight_error_g: mean.map(|mean| Mass(mean).grams()),
            },
        }
    }
}

/// How far each inspector of the caller's warehouse agrees with those who appraised the same pieces, and how often they
/// err on reference pieces.
#[utoipa::path(get, path = "/v1/inspectors/agreement", tag = "audit", params(AgreementQuery),
    responses((status = 200, description = "Inspector by inspector", body = AgreementAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json")))]
async fn get_agreement(
    State(app): State<App>,
    caller: Caller<SUPERVISOR>,
    query: Query<AgreementQuery>,
) -> Result<Json<AgreementAnswer>, ApiError> {
    let mut faults = Faults::default();
    let from = faults.take_optional("?from", query.from.as_deref(), instant);
    let to = faults.take_optional("?to", query.to.as_deref(), instant);
    let to = to.unwrap_or_else(|| app.now());
    if from.is_some_and(|from| to <= from) {
        faults.add("?to", "the time ends behind its beginning: give a to that lies after from");
    }
    faults.finish(Some(()))?;
    let from = from.or_else(|| to.checked_sub(SignedDuration::from_hours(30 * 24)).ok()).unwrap_or(Timestamp::MIN);
    let found = app.desk().agreement(caller.warehouse()?, (from, to)).await?;
    Ok(Json(AgreementAnswer {
        from: from.to_string(),
        to: to.to_string(),
        complete: found.complete,
        inspectors: found.inspectors.into_iter().map(InspectorAnswer::new).collect(),
    }))
}

/// Notes a reader of what one person alone has found: the ledger is open, and a second look may be called.
pub async fn note_reader<const ROLES: u16>(
    app: &App,
    caller: &Caller<ROLES>,
    view: &PieceView,
) -> Result<(), ApiError> {
    // Who reads every journal looks at no piece, whatever else they hold a key for.
    match caller.role {
        Role::Auditor => Ok(()),
        _ => Ok(app.desk().note_seen(view, caller.person, app.now()).await?), // Anybody else may hold an inspector's key.
    }
}

/// What waits for an open bench, as far as it may be told to this person: that a measurement is to be repeated is told to
/// those who have measured.
pub fn bench<const ROLES: u16>(piece: &Piece, caller: &Caller<ROLES>) -> Value {
    let Some(bench) = piece.standing().bench() else { return Value::Null };
    let is_theirs =
        bench.appraisals().iter().any(|(_, author)| *author == caller.person) || was_handed(piece, caller.person);
    let due = bench.due().filter(|_| is_theirs || caller.role == Role::Auditor);
    json!({
        "takes_you": caller.role == Role::Inspector && bench.takes(caller.person),
        "repeat": due.map(|(component, quantity)| json!({"component": component, "quantity": quantity})),
    })
}

fn was_handed(piece: &Piece, person: PersonId) -> bool {
    let last = piece.history().iter().rev().find_map(|recorded| match &recorded.event {
        Event::HandedOver(handed) => Some(handed.to == person),
        _ => None, // No other event hands over.
    });
    last.unwrap_or(false)
}

/// The settlement: how many looked, why, and whether they agree. Only where it is not on the bench any more.
pub fn looks(app: &App, piece: &Piece) -> Value {
    let Some((_, settled)) = piece.settlement() else { return Value::Null };
    let Some(looks) = &settled.looks else { return Value::Null };
    let edition = app.desk().edition(&looks.rulebook_version).unwrap_or(app.desk().rules());
    let because = |because: &Because| {
        json!({
            "code": because,
            "zh": edition.because(*because, Language::Zh),
            "en": edition.because(*because, Language::En),
        })
    };
    json!({
        "persons": settled.appraisals.len(),
        "because": looks.because.iter().map(because).collect::<Vec<_>>(),
        "agreed": looks.agreed,
        "disputes": looks.disputes.iter().map(|dispute| json!({
            "component": dispute.component,
            "matter": dispute.matter,
            "zh": edition.matter(dispute.matter, Language::Zh),
            "en": edition.matter(dispute.matter, Language::En),
        })).collect::<Vec<_>>(),
        "lot": looks.lot,
    })
}

/// Whether a photo may be shown while the bench is blind: not what another inspector took there.
pub fn shows_photo<const ROLES: u16>(piece: &Piece, caller: &Caller<ROLES>, recorded: &Recorded) -> bool {
    let theirs = recorded.role == Role::Inspector && recorded.person != Some(caller.person);
    !piece.is_blind() || !theirs || caller.role == Role::Auditor
}

/// What is said of an open bench instead of what lies on it.
pub fn bench_closed() -> ApiError {
    let detail = "an appraisal is under way: this can be read once it is settled";
    ApiError::request(StatusCode::CONFLICT, "bench_closed", detail)
}
