//! The body of an order, read into the rules' own values. All that is wrong with it is told at once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::ApiError;
use super::super::bench::{CertificateBody, Seal, SizeBody, role_at};
use super::super::body::{Faults, WeightBody, free_text};
use super::super::pieces::milliseconds;
use super::parties::{BuyerBody, MerchantBody, StreamerBody};
use crate::desk::NewOrder;
use crate::desk::place::NewLine;
use crate::domain::appraisal::{Appraisal, ComponentResult, ComponentState, Declared, DeclaredComponent};
use crate::domain::event::{Pricing, Segment, Ship};
use crate::domain::ids::*;
use crate::domain::quantity::{Fineness, Money};
use crate::domain::text::Name;

/// Lines of one order at the most.
const MAX_LINES: usize = 200;
/// Components of one piece at the most.
const MAX_COMPONENTS: usize = 40;
/// Sizes of one piece at the most.
const MAX_SIZES: usize = 40;
/// Characters of a title at the most.
const MAX_TITLE: usize = 500;
/// How far a platform's clock may go ahead of ours.
const SLACK: SignedDuration = SignedDuration::from_mins(5);
/// 2020-01-01: before it nobody paid for anything that is inspected here.
const EARLIEST: i64 = 1_577_836_800;

/// An order as its platform sends it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderBody {
    /// The platform's own number, unique within it.
    order_no: String,
    /// When the buyer paid (RFC 3339).
    paid_at: String,
    /// as_ready: passed pieces leave at once; together: they wait for the rest.
    #[serde(default)]
    ship: Option<String>,
    /// Where the pieces are inspected, if the platform chooses; else the house does.
    #[serde(default)]
    warehouse: Option<String>,
    merchant: MerchantBody,
    #[serde(default)]
    streamer: Option<StreamerBody>,
    buyer: BuyerBody,
    /// The live session that it was bought in, by the platform's own id.
    #[serde(default)]
    live_id: Option<String>,
    /// 1 to 200 lines; each is filled by one piece.
    lines: Vec<LineBody>,
}

/// One slot that the buyer paid for. A gift is a line of price 0.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LineBody {
    /// From 1, unique within the order.
    line_no: i32,
    #[serde(default)]
    sku: Option<String>,
    /// The listing's title; kept sealed.
    title: String,
    price: PriceBody,
    /// by_weight or fixed.
    pricing: String,
    #[serde(default)]
    custom_made: bool,
    /// Which part of the live session speaks of the piece.
    #[serde(default)]
    segment: Option<SpanBody>,
    declared: DeclaredBody,
    /// A piece of the warehouse's own, sent through to see what the inspectors find: nobody is told of it, the inspectors
    /// least of all, and it goes back whatever is found.
    #[serde(default)]
    reference: bool,
    /// Of a reference piece, what ought to be found: its parts in the order of those declared, and its weight.
    #[serde(default)]
    truth: Option<DeclaredBody>,
}

/// Whole minor units (fen for CNY) and an ISO 4217 code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PriceBody {
    amount: i64,
    currency: String,
}

/// A part of the live session, from its start: `HH:MM:SS.mmm`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SpanBody {
    from: String,
    to: String,
}

/// What the listing says of the piece.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DeclaredBody {
    /// Of the whole piece.
    #[serde(default)]
    weight: Option<WeightBody>,
    #[serde(default)]
    sizes: Vec<SizeBody>,
    /// 1 to 40 parts. They are named c1, c2, … in this order.
    components: Vec<PartBody>,
    /// A laboratory's certificate that comes with the piece.
    #[serde(default)]
    presented_certificate: Option<CertificateBody>,
}

/// A part as it is declared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PartBody {
    /// main_stone, side_stone, metal, setting, cord or accessory.
    role: String,
    #[serde(default)]
    material: Option<String>,
    #[serde(default)]
    treatment: Option<String>,
    /// Parts per thousand, such as "750".
    #[serde(default)]
    fineness: Option<String>,
    #[serde(default)]
    weight: Option<WeightBody>,
}

impl OrderBody {
    /// The order's number, where it is one.
    pub fn number(&self) -> Option<OrderNo> {
        OrderNo::parse(&self.order_no).ok()
    }

    /// Whether the platform chose the warehouse.
    pub fn names_warehouse(&self) -> bool {
        self.warehouse.is_some()
    }

    pub fn parse(
        &self,
        tenant: &TenantId,
        order_id: OrderId,
        now: Timestamp,
        seal: &mut Seal,
    ) -> Result<NewOrder, ApiError> {
        let mut faults = Faults::default();
        let order_no = faults.take("/order_no", OrderNo::parse(&self.order_no));
        let paid_at = faults.take("/paid_at", paid_at(&self.paid_at, now));
        let ship = match self.ship.as_deref() {
            None | Some("as_ready") => Some(Ship::AsReady),
            Some("together") => Some(Ship::Together),
            Some(_) => {
                faults.add("/ship", "an order ships as_ready or together");
                None
            }
        };
        let warehouse_id = faults.take_optional("/warehouse", self.warehouse.as_deref(), WarehouseId::parse);
        let live_id = faults.take_optional("/live_id", self.live_id.as_deref(), LiveId::parse);
        let merchant = self.merchant.parse("/merchant", &mut faults);
        let zone = merchant.as_ref().map(|merchant| &merchant.timezone);
        let streamer = self.streamer.as_ref().map(|body| body.parse("/streamer", zone, &mut faults));
        let buyer = self.buyer.parse("/buyer", &mut faults);
        if !(1..=MAX_LINES).contains(&self.lines.len()) {
            let many = self.lines.len();
            faults.add("/lines", format!("an order has 1 to {MAX_LINES} lines, and this one has {many}"));
            return faults.finish(None);
        }
        let mut numbers = BTreeSet::new();
        let mut lines = Vec::new();
        for (index, body) in self.lines.iter().enumerate() {
            let at = format!("/lines/{index}");
            if body.line_no < 1 {
                faults.add(format!("{at}/line_no"), "lines are numbered from 1");
            } else if !numbers.insert(body.line_no) {
                faults.add(format!("{at}/line_no"), "another line has this number already");
            }
            lines.push(body.parse(&at, self.live_id.is_some(), &mut faults, seal));
        }
        let whole = || {
            Some(NewOrder {
                order_id,
                tenant_id: tenant.clone(),
                order_no: order_no?,
                paid_at: paid_at?,
                ship: ship?,
                warehouse_id,
                live_id,
                merchant: merchant?,
                // What was given and is wrong has left its fault.
                streamer: streamer.flatten(),
                buyer: buyer?,
                lines: lines.into_iter().collect::<Option<_>>()?,
                codes: BTreeMap::new(),
            })
        };
        faults.finish(whole())
    }
}

fn paid_at(text: &str, now: Timestamp) -> Result<Timestamp, Malformed> {
    let at = instant(text)?;
    if now.checked_add(SLACK).is_ok_and(|latest| latest < at) {
        return Err(Malformed("the order was paid in the future: is the platform's clock right?".into()));
    }
    if at.as_second() < EARLIEST {
        return Err(Malformed("the order was paid before 2020: is the time right?".into()));
    }
    Ok(at)
}

/// A time in a request.
pub fn instant(text: &str) -> Result<Timestamp, Malformed> {
    text.parse().map_err(|_| Malformed("a time is RFC 3339 in UTC, such as 2026-11-22T02:03:04Z".into()))
}

impl LineBody {
    fn parse(&self, at: &str, live: bool, faults: &mut Faults, seal: &mut Seal) -> Option<NewLine> {
        let sku = faults.take_optional(format!("{at}/sku"), self.sku.as_deref(), Sku::parse);
        let title = faults.take(format!("{at}/title"), title(&self.title));
        let price = faults.take(format!("{at}/price"), Money::parse(self.price.amount, &self.price.currency));
        let pricing = match self.pricing.as_str() {
            "by_weight" => Some(Pricing::ByWeight),
            "fixed" => Some(Pricing::Fixed),
            _ => {
                faults.add(format!("{at}/pricing"), "a line is priced by_weight or fixed");
                None
            }
        };
        let segment = self.segment.as_ref().map(|body| {
            if !live {
                faults.add(format!("{at}/segment"), "a segment is part of a live session: give the order's live_id");
            }
            body.parse(&format!("{at}/segment"), faults)
        });
        let declared = self.declared.parse(&format!("{at}/declared"), faults);
        let truth = self.truth(at, faults);
        Some(NewLine {
            line_no: self.line_no,
            sku,
            title: seal(&title?),
            price: price?,
            pricing: pricing?,
            custom_made: self.custom_made,
            segment: segment.flatten(),
            declared: declared?,
            truth,
        })
    }

    /// What ought to be found of a reference piece.
    fn truth(&self, at: &str, faults: &mut Faults) -> Option<Appraisal> {
        let at = format!("{at}/truth");
        let body = match (self.reference, &self.truth) {
            (false, None) => return None,
            (false, Some(_)) => {
                faults.add(at, "only of a reference piece it is known: say reference, or leave it out");
                return None;
            }
            (true, None) => {
                faults.add(at, "a reference piece comes with what ought to be found");
                return None;
            }
            (true, Some(body)) => body,
        };
        if body.components.len() != self.declared.components.len() {
            faults.add(format!("{at}/components"), "as many parts as are declared, in their order");
        }
        let known = body.parse(&at, faults)?;
        if known.weight.is_none() {
            faults.add(format!("{at}/weight"), "a reference piece comes with its weight");
        }
        let part = |part: DeclaredComponent| ComponentResult {
            component: part.component,
            role: part.role,
            state: ComponentState::Examined,
            material: part.material,
            treatment: part.treatment,
            fineness_ppm: part.fineness_ppm,
            weight: part.weight,
            sizes: Vec::new(),
            tests: Vec::new(),
            reason: None,
        };
        let mut components: Vec<_> = known.components.into_iter().map(part).collect();
        if let Some(first) = components.first_mut() {
            first.sizes = known.sizes;
        }
        Some(Appraisal {
            components,
            weight: known.weight?,
            presented_certificate: known.presented_certificate,
            remarks: None,
            photo_ids: BTreeSet::new(),
        })
    }
}

fn title(text: &str) -> Result<String, Malformed> {
    let text = free_text(text)?;
    if MAX_TITLE < text.chars().count() {
        return Err(Malformed(format!("a title is at most {MAX_TITLE} characters")));
    }
    Ok(text)
}

impl SpanBody {
    fn parse(&self, at: &str, faults: &mut Faults) -> Option<Segment> {
        let mut place = |name: &str, text: &str| {
            let place = milliseconds(text);
            if place.is_none() {
                faults.add(format!("{at}/{name}"), "a place in the session is HH:MM:SS or HH:MM:SS.mmm");
            }
            place
        };
        let (from_ms, to_ms) = (place("from", &self.from), place("to", &self.to));
        let (from_ms, to_ms) = (from_ms?, to_ms?);
        if to_ms <= from_ms {
            faults.add(format!("{at}/to"), "a segment ends behind its beginning");
        }
        Some(Segment { from_ms, to_ms })
    }
}

impl DeclaredBody {
    fn parse(&self, at: &str, faults: &mut Faults) -> Option<Declared> {
        let weight = self.weight.as_ref().and_then(|body| body.parse_said(&format!("{at}/weight"), faults));
        if !(1..=MAX_COMPONENTS).contains(&self.components.len()) {
            faults.add(format!("{at}/components"), format!("a piece has 1 to {MAX_COMPONENTS} components"));
            return None;
        }
        if MAX_SIZES < self.sizes.len() {
            faults.add(format!("{at}/sizes"), format!("a piece has at most {MAX_SIZES} sizes"));
            return None;
        }
        let sizes = self
            .sizes
            .iter()
            .enumerate()
            .filter_map(|(index, body)| body.parse(&format!("{at}/sizes/{index}"), faults))
            .collect();
        let components = (1..)
            .zip(&self.components)
            .filter_map(|(no, body)| body.parse(&format!("{at}/components/{}", no - 1), no, faults))
            .collect();
        let presented_certificate = self
            .presented_certificate
            .as_ref()
            .and_then(|body| body.parse(&format!("{at}/presented_certificate"), faults));
        Some(Declared { components, weight, sizes, presented_certificate })
    }
}

impl PartBody {
    fn parse(&self, at: &str, no: usize, faults: &mut Faults) -> Option<DeclaredComponent> {
        let component = faults.take(at.to_owned(), ComponentId::parse(&format!("c{no}")));
        let role = role_at(&format!("{at}/role"), &self.role, faults);
        let material = faults.take_optional(format!("{at}/material"), self.material.as_deref(), Name::parse);
        let treatment = faults.take_optional(format!("{at}/treatment"), self.treatment.as_deref(), Name::parse);
        let fineness_ppm = faults.take_optional(format!("{at}/fineness"), self.fineness.as_deref(), Fineness::parse);
        let weight = self.weight.as_ref().and_then(|body| body.parse_said(&format!("{at}/weight"), faults));
        Some(DeclaredComponent { component: component?, role: role?, material, treatment, fineness_ppm, weight })
    }
}
