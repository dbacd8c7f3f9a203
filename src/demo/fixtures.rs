//! The fixture orders, embedded: the demo needs nothing but the program.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Failure;
use super::cast::SideLine;
use super::house::BALANCE;
use crate::client::Upload;

macro_rules! orders {
    ($($name:literal)*) => {
        const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../fixtures/orders/", $name, ".json")))),*];
    };
}

orders! {
    "01-jadeite-bangle"
    "02-jadeite-ring-and-gift"
    "03-pure-gold-bangle"
    "04-three-lines-one-fails"
    "05-platinum-pair-together"
    "06-freshwater-pearls-english-buyer"
    "07-jasper-green-nephrite-beads"
    "08-southern-red-agate-and-tourmaline"
    "09-agarwood-with-nephrite-bead"
    "10-laboratory-grown-diamond"
    "11-loose-ruby"
    "12-silver-set-chalcedony-and-quartz"
    "13-two-amber-necklaces"
    "14-nephrite-pendant-returning-buyer"
}

/// What was said in the live sessions, each in another form (`fixtures/lives/README.md`). Nobody wrote down r-15.
pub const TRANSCRIPTS: [(&str, &str, &str); 4] = [
    ("r-11", "srt", include_str!("../../fixtures/lives/r-11.srt")),
    ("r-12", "vtt", include_str!("../../fixtures/lives/r-12.vtt")),
    ("r-13", "json", include_str!("../../fixtures/lives/r-13.funasr.json")),
    ("r-14", "json", include_str!("../../fixtures/lives/r-14.whisper.json")),
];

/// Two photos of a bench: one as it was opened, one as it was packed.
pub const RECEIVED_PHOTO: Upload =
    Upload { name: "bangle.jpg", media_type: "image/jpeg", bytes: include_bytes!("../../fixtures/photos/bangle.jpg") };
pub const PACKED_PHOTO: Upload =
    Upload { name: "ring.png", media_type: "image/png", bytes: include_bytes!("../../fixtures/photos/ring.png") };

/// What is photographed of the side lines' pieces, of which there are many: next to nothing, looked at quickly.
pub const PLAIN_PHOTO: Upload =
    Upload { name: "grey.png", media_type: "image/png", bytes: include_bytes!("../../fixtures/photos/grey.png") };

/// One order as its platform sends it, with what people will do and find.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    pub order: Value,
    pub journey: Vec<Way>,
    /// What its account is headed by, where that is not the order itself. Only its side lines are told then.
    #[serde(skip)]
    pub heading: Option<String>,
}

/// The way of one line's piece (`fixtures/orders/README.md`).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    pub line_no: i32,
    pub goal: String,
    pub reason: Option<String>,
    pub inbound: Option<Posted>,
    pub receipt_weight: Option<Value>,
    pub appraisal: Option<Value>,
    pub tag: Option<String>,
    pub packing_weight: Option<Value>,
    pub weight_with_tag: Option<Value>,
    pub outbound: Option<Posted>,
    #[serde(rename = "return")]
    pub back: Option<Posted>,
    /// The verdict that a reason makes, where it is another than `not_as_described`.
    #[serde(skip)]
    pub verdict: Option<String>,
    /// What becomes of it beside the main line, from where that rests; and where it leads.
    #[serde(skip)]
    pub side: Option<SideLine>,
}

/// A parcel given to a carrier.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posted {
    pub carrier: String,
    pub waybill: String,
}

impl Way {
    /// The stage that the piece shall come to, and the end it shall have if that is the last one.
    pub fn goal(&self) -> (&str, Option<&str>) {
        match self.goal.as_str() {
            "failed_returned" => ("closed", Some("returned")),
            "cancelled" => ("closed", Some("cancelled")),
            "lost_in_custody" => ("closed", Some("lost")),
            goal => match goal.strip_prefix("closed_") {
                Some(outcome) => ("closed", Some(outcome)),
                None => (goal.strip_prefix("rest:").unwrap_or(goal), None),
            },
        }
    }
}

impl Fixture {
    fn text(&self, pointer: &str) -> &str {
        self.order.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn order_no(&self) -> &str {
        self.text("/order_no")
    }

    pub fn merchant_id(&self) -> &str {
        self.text("/merchant/id")
    }

    /// The line of the order with this number.
    pub fn line(&self, line_no: i32) -> Option<&Value> {
        let lines = self.order.get("lines")?.as_array()?;
        lines.iter().find(|line| line.get("line_no").and_then(Value::as_i64) == Some(i64::from(line_no)))
    }
}

/// All fixture orders, paid a few minutes ago, one after the other: their own day is long past, and so would be every
/// deadline that counts from it.
pub fn orders(now: Timestamp) -> Result<Vec<Fixture>, Failure> {
    let mut fixtures = Vec::new();
    for (place, (name, text)) in (0_i64..).zip(FILES) {
        let mut fixture: Fixture = serde_json::from_str(text)
            .map_err(|error| Failure(format!("the fixture order {name} cannot be read: {error}")))?;
        let minutes = 2 + FILES.len() as i64 - place;
        let paid_at = now.checked_sub(SignedDuration::from_mins(minutes)).unwrap_or(now);
        if let Some(order) = fixture.order.as_object_mut() {
            order.insert("paid_at".to_owned(), format!("{paid_at:.0}").into());
        }
        fixtures.push(fixture);
    }
    Ok(fixtures)
}

/// The bench's weights as its balance gives them: a weight that a person types would take a second one.
pub fn read_off(appraisal: &mut Value, now: Timestamp) {
    let parts = appraisal.get_mut("components").and_then(Value::as_array_mut);
    for weight in parts.into_iter().flatten().filter_map(|part| part.get_mut("weight")) {
        read_off_one(weight, now);
    }
    if let Some(weight) = appraisal.get_mut("weight") {
        read_off_one(weight, now);
    }
}

/// One weight, read off the balance.
pub fn read_off_one(weight: &mut Value, now: Timestamp) {
    let text = |name: &str| weight.get(name).and_then(Value::as_str).map(str::to_owned);
    let (Some(value), Some(unit)) = (text("value"), text("unit")) else { return };
    let includes = weight.get("includes").cloned().unwrap_or_else(|| json!([]));
    *weight = json!({
        "frame": format!("S S {value:>10} {unit}"), "device": BALANCE,
        "reading_id": Uuid::now_v7(), "device_seq": now.as_millisecond(), "read_at": now.to_string(),
        "includes": includes,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::route::Stage;

    #[test]
    fn every_fixture_is_embedded_and_its_goal_is_a_stage() {
        let now = Timestamp::now();
        let orders = orders(now).unwrap();
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/orders")).unwrap();
        let files = folder
            .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "json"));
        assert_eq!(orders.len(), files.count());
        for way in orders.iter().flat_map(|fixture| &fixture.journey) {
            let (stage, _) = way.goal();
            assert!(Stage::ALL.iter().any(|known| known.as_str() == stage), "{stage} is no stage");
        }
        for fixture in &orders {
            let paid_at: Timestamp = fixture.text("/paid_at").parse().unwrap();
            assert!(paid_at < now && now.duration_since(paid_at) < SignedDuration::from_hours(1));
            assert_eq!(fixture.journey.len(), fixture.order["lines"].as_array().unwrap().len());
        }
    }
}
