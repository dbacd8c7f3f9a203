//! Bodies: read once, bounded, refused with a pointer at the field.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::auth::Caller;
use super::platform::instant as parse_instant;
use super::{ApiError, App};
use crate::capsule::canonical::{NotPlain, NotPlainWhy, canonical_value, check_plain};
use crate::desk;
use crate::domain::ids::{CommandId, DeviceId, Malformed, ProposalId, ReadingId};
use crate::domain::quantity::{Included, MAX_INTEGER, Mass, Reading, Weighing};
use crate::domain::refusal::{Fault, Refusal};
use crate::instruments::frame;

mod members;

/// Bodies of JSON are at most this large; what one means is far smaller.
pub const MAX_JSON: usize = 1024 * 1024;

/// A write: its body, and what makes it safe to repeat.
#[derive(Debug)]
pub struct Write<T> {
    pub body: T,
    pub circumstances: Circumstances,
}

/// What a write says of itself in its headers and address.
#[derive(Clone, Debug)]
pub struct Circumstances {
    pub idempotency_key: String,
    pub if_match: Option<i32>,
    pub target: String,
    /// The body in canonical form.
    pub canonical: Vec<u8>,
}

impl Circumstances {
    /// Reads the headers of a write.
    pub fn read(headers: &HeaderMap, method: &Method, uri: &Uri) -> Result<Self, ApiError> {
        let bad = |detail: &str| ApiError::request(StatusCode::BAD_REQUEST, "bad_header", detail);
        let key = headers.get("idempotency-key").ok_or_else(|| {
            ApiError::request(
                StatusCode::BAD_REQUEST,
                "idempotency_key_missing",
                "every write takes an Idempotency-Key: a fresh one for each new request, the same one to repeat it",
            )
        })?;
        let key = key
            .to_str()
            .ok()
            .filter(|key| (1..=200).contains(&key.len()))
            .ok_or_else(|| bad("an Idempotency-Key is 1 to 200 visible ASCII characters, such as a UUID"))?;
        let if_match = match headers.get(header::IF_MATCH).map(|value| value.to_str()) {
            None => None,
            Some(Ok("*")) => None,
            Some(Ok(tag)) => Some(
                tag.strip_prefix('"')
                    .and_then(|tag| tag.strip_suffix('"'))
                    .and_then(|tag| tag.parse().ok())
                    .ok_or_else(|| bad("If-Match takes the ETag of a piece as it was answered, such as \"7\""))?,
            ),
            Some(Err(_)) => return Err(bad("If-Match takes the ETag of a piece as it was answered, such as \"7\"")),
        };
        Ok(Self {
            idempotency_key: key.to_owned(),
            if_match,
            target: format!("{method} {}", uri.path()),
            canonical: Vec::new(),
        })
    }

    /// The request as the desk takes it.
    pub fn request<const ROLES: u16>(&self, app: &App, caller: &Caller<ROLES>) -> desk::Request {
        desk::Request {
            by: caller.by(),
            idempotency_key: self.idempotency_key.clone(),
            part: String::new(),
            target: self.target.clone(),
            body: self.canonical.clone(),
            digested: Vec::new(),
            if_match: self.if_match,
            command_id: CommandId(Uuid::now_v7()),
            now: app.now(),
            confirms: None,
        }
    }

    /// The same, by a second person who confirms what a first one proposed.
    pub fn confirming<const ROLES: u16>(
        &self,
        app: &App,
        caller: &Caller<ROLES>,
        proposal: &desk::OpenProposal,
    ) -> desk::Request {
        let mut request = self.request(app, caller);
        request.by.proposer = Some(proposal.proposer);
        request.confirms = Some(ProposalId(proposal.id.0));
        request
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Write<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &App) -> Result<Self, ApiError> {
        Self::read(request, MAX_JSON).await
    }
}

impl<T: DeserializeOwned> Write<T> {
    /// Reads a write whose body may be this large.
    pub async fn read(request: Request, limit: usize) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let mut circumstances = Circumstances::read(&parts.headers, &parts.method, &parts.uri)?;
        let bytes = read_json(&parts.headers, body, limit).await?;
        let (body, canonical) = parse(&bytes)?;
        circumstances.canonical = canonical;
        Ok(Self { body, circumstances })
    }
}

async fn read_json(headers: &HeaderMap, body: Body, limit: usize) -> Result<Vec<u8>, ApiError> {
    let bytes = read_bounded(body, limit).await?;
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    // A command without fields may come without a body, and then it has no type either.
    if !bytes.is_empty() && !media.eq_ignore_ascii_case("application/json") {
        return Err(ApiError::request(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not_json",
            "send the body as JSON, with Content-Type: application/json",
        ));
    }
    Ok(bytes)
}

/// Reads a body up to a limit.
pub async fn read_bounded(body: Body, limit: usize) -> Result<Vec<u8>, ApiError> {
    match axum::body::to_bytes(body, limit).await {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(error) => {
            // axum tells a body beyond the limit from a broken connection only by the cause's type.
            let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
            while let Some(inner) = cause {
                if inner.is::<http_body_util::LengthLimitError>() {
                    let detail = format!("the body is larger than {limit} bytes: send less at a time");
                    return Err(ApiError::request(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail));
                }
                cause = inner.source();
            }
            Err(ApiError::request(StatusCode::BAD_REQUEST, "cut_off", "the body ended early: send it again"))
        }
    }
}

/// A body and its canonical form.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, Vec<u8>), ApiError> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    let value = members::read(bytes).map_err(|error| {
        let detail = format!("the body cannot be read as JSON: {error}");
        ApiError::request(StatusCode::BAD_REQUEST, "malformed_json", detail)
    })?;
    if let Err(fault) = check_plain(&value) {
        return Err(Refusal::Malformed(vec![Fault::new(fault.pointer.clone(), not_plain(&fault))]).into());
    }
    let canonical = canonical_value(&value).map_err(|error| ApiError::Fault(Box::new(error)))?.into_bytes();
    Ok((typed(value)?, canonical))
}

/// Numbers of a request are what every reader of JSON takes exactly.
fn not_plain(fault: &NotPlain) -> &'static str {
    match fault.why {
        NotPlainWhy::Fraction => "this number is no integer: quantities are decimal strings, or whole smallest units",
        NotPlainWhy::TooLarge => "this number lies beyond 2^53 - 1",
    }
}

/// A value as the type it should be, or the field that is wrong.
pub fn typed<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, ApiError> {
    // Derived reading takes an array for an object, field by field; nobody means that.
    if !value.is_object() {
        return Err(Refusal::Malformed(vec![Fault::new("", "the body is a JSON object")]).into());
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let pointer: String = error
            .path()
            .iter()
            .filter_map(|segment| match segment {
                serde_path_to_error::Segment::Seq { index } => Some(format!("/{index}")),
                serde_path_to_error::Segment::Map { key } => {
                    Some(format!("/{}", key.replace('~', "~0").replace('/', "~1")))
                }
                serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => None,
            })
            .collect();
        Refusal::Malformed(vec![Fault::new(pointer, without_place(&error.inner().to_string()))]).into()
    })
}

/// The pointer says where; a line and column of the re-read value would say it wrongly.
fn without_place(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}

/// Collects what is wrong with a body, so that all of it is told at once.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub fn add(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        self.0.push(Fault::new(pointer, message));
    }

    /// A value, or its fault noted at the pointer.
    pub fn take<T>(&mut self, pointer: impl Into<String>, parsed: Result<T, Malformed>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(malformed) => {
                self.0.push(Fault::malformed(pointer, malformed));
                None
            }
        }
    }

    /// The same for what may be absent.
    pub fn take_optional<T, U>(
        &mut self,
        pointer: impl Into<String>,
        value: Option<U>,
        parse: impl FnOnce(U) -> Result<T, Malformed>,
    ) -> Option<T> {
        value.and_then(|value| self.take(pointer, parse(value)))
    }

    /// A whole, if nothing was wrong with its parts.
    pub fn finish<T>(self, whole: Option<T>) -> Result<T, ApiError> {
        match whole {
            Some(whole) if self.0.is_empty() => Ok(whole),
            _ => Err(Refusal::Malformed(self.0).into()), // A part that is absent has left its fault.
        }
    }
}

/// Free text may be this long, in characters.
pub const MAX_TEXT: usize = 4_000;

/// Free text: not empty, bounded, and without control characters but line breaks and tabs.
pub fn free_text(text: &str) -> Result<String, Malformed> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Malformed("say something: this text is empty".into()));
    }
    if MAX_TEXT < text.chars().count() {
        return Err(Malformed(format!("this text is longer than {MAX_TEXT} characters")));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Malformed("this text holds a control character: remove it".into()));
    }
    Ok(text.to_owned())
}

/// A weight in a request (`interfaces.md`, "Conventions").
#[derive(Clone, Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeightBody {
    /// A decimal string, such as "56.02".
    #[serde(default)]
    value: Option<String>,
    /// g, mg, kg or ct.
    #[serde(default)]
    unit: Option<String>,
    /// What lay on the balance with the piece: cord, chain, tag, holder, stones, bag.
    #[serde(default)]
    includes: Vec<String>,
    /// A frame from a balance.
    #[serde(default)]
    frame: Option<String>,
    #[serde(default)]
    device: Option<String>,
    #[serde(default)]
    reading_id: Option<String>,
    #[serde(default)]
    device_seq: Option<i64>,
    #[serde(default)]
    read_at: Option<String>,
}

impl WeightBody {
    /// A frame of a device, with nothing beside the piece.
    pub fn of_frame(device: &DeviceId, frame: &str, reading_id: &str, device_seq: i64, read_at: &str) -> Self {
        Self {
            value: None,
            unit: None,
            includes: Vec::new(),
            frame: Some(frame.to_owned()),
            device: Some(device.to_string()),
            reading_id: Some(reading_id.to_owned()),
            device_seq: Some(device_seq),
            read_at: Some(read_at.to_owned()),
        }
    }

    /// The weight: typed by a person, or read from a balance's own frame. Whether that balance stands in the warehouse
    /// and is adjusted, the desk asks.
    pub fn parse(&self, pointer: &str, faults: &mut Faults) -> Option<Weighing> {
        let of_frame = [&self.frame, &self.device, &self.reading_id, &self.read_at].into_iter().any(Option::is_some);
        if of_frame || self.device_seq.is_some() {
            return self.parse_frame(pointer, faults);
        }
        let Some(value) = &self.value else {
            faults.add(format!("{pointer}/value"), "a weight needs its value, a decimal string such as \"56.02\"");
            return None;
        };
        let unit = self.unit.as_deref().unwrap_or_default();
        let mass = faults.take(format!("{pointer}/value"), Mass::parse(value, unit));
        let includes = self.includes(pointer, faults);
        Some(Weighing::typed(mass?, includes, Mass::last_digit(value, unit)))
    }

    fn includes(&self, pointer: &str, faults: &mut Faults) -> std::collections::BTreeSet<Included> {
        self.includes
            .iter()
            .enumerate()
            .filter_map(|(at, text)| faults.take(format!("{pointer}/includes/{at}"), Included::parse(text)))
            .collect()
    }

    /// A frame with the balance it came from. What is said beside it would be a second weight.
    fn parse_frame(&self, pointer: &str, faults: &mut Faults) -> Option<Weighing> {
        if self.value.is_some() || self.unit.is_some() {
            faults.add(format!("{pointer}/value"), "give a frame, or a value and its unit: not both");
        }
        let mut field = |name: &str, value: &Option<String>| {
            if value.is_none() {
                let needed = "a frame comes with frame, device, reading_id, device_seq and read_at";
                faults.add(format!("{pointer}/{name}"), needed);
            }
            value.clone()
        };
        let frame = field("frame", &self.frame);
        let device = field("device", &self.device);
        let reading_id = field("reading_id", &self.reading_id);
        let read_at = field("read_at", &self.read_at);
        let seq = self.device_seq.filter(|seq| (0..=MAX_INTEGER).contains(seq));
        if seq.is_none() {
            faults.add(format!("{pointer}/device_seq"), "a reading is counted: a whole number, zero or more");
        }
        let device = device.and_then(|text| faults.take(format!("{pointer}/device"), DeviceId::parse(&text)));
        let reading_id =
            reading_id.and_then(|text| faults.take(format!("{pointer}/reading_id"), ReadingId::parse(&text)));
        let read_at = read_at.and_then(|text| faults.take(format!("{pointer}/read_at"), parse_instant(&text)));
        let frame = frame?;
        let refused = |not: frame::NotAWeight| Malformed(format!("{}: {}", not.code(), not.sentence()));
        let shown = faults.take(format!("{pointer}/frame"), frame::parse(&frame).map_err(refused))?;
        let mass = faults.take(format!("{pointer}/frame"), shown.mass().map_err(refused));
        let includes = self.includes(pointer, faults);
        let reading = Reading {
            reading_id: reading_id?,
            frame: frame.trim_end_matches(['\r', '\n']).to_owned(),
            device_seq: seq?,
            read_at: read_at?.as_microsecond(),
            uncertainty_ug: None,
        };
        Some(Weighing {
            mass: mass?,
            includes,
            typed: false,
            device: Some(device?),
            digit_ug: shown.digit_ug(),
            reading: Some(Box::new(reading)),
        })
    }

    /// A weight that a listing says: nobody's balance.
    pub fn parse_said(&self, pointer: &str, faults: &mut Faults) -> Option<Weighing> {
        let weighing = self.parse(pointer, faults)?;
        if weighing.reading.is_some() {
            faults.add(format!("{pointer}/frame"), "a listing says its weight: give value and unit");
            return None;
        }
        Some(weighing)
    }
}
