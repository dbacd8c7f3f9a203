//! Short words for pieces, listings and findings in this room's tests.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::editions::Files;
use super::names::Names;
use super::{Assessment, Library, Rulebook};
use crate::domain::actor::Role;
use crate::domain::appraisal::*;
use crate::domain::event::*;
use crate::domain::ids::*;
use crate::domain::ledger::*;
use crate::domain::piece::Piece;
use crate::domain::quantity::*;
use crate::domain::text::{Name, Sealed};

/// The files of the newest edition.
pub fn newest() -> Files {
    Files::embedded().unwrap().pop().unwrap()
}

pub fn names() -> Names {
    book().tables.names.clone()
}

pub fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub fn id(text: &str) -> ComponentId {
    ComponentId::parse(text).unwrap()
}

pub fn weight(value: &str, unit: &str, includes: &[Included]) -> Weighing {
    let includes = includes.iter().copied().collect();
    Weighing::typed(Mass::parse(value, unit).unwrap(), includes, Mass::last_digit(value, unit))
}

pub fn grams(value: &str) -> Weighing {
    weight(value, "g", &[])
}

pub fn size(text: &str, micrometres: i64) -> Size {
    Size { name: name(text), length_um: Some(Length(micrometres)), label: None, table: None }
}

pub fn ring(table: &str, label: &str) -> Size {
    Size { name: name("ring_number"), length_um: None, label: Some(name(label)), table: Some(name(table)) }
}

pub fn certificate(body: &str, number: &str) -> PresentedCertificate {
    PresentedCertificate {
        body: name(body),
        number: CertificateNo::parse(number).unwrap(),
        weight: None,
        sizes: Vec::new(),
    }
}

pub fn part(component: &str, role: ComponentRole, material: &str, treatment: Option<&str>) -> DeclaredComponent {
    DeclaredComponent {
        component: id(component),
        role,
        material: Some(name(material)),
        treatment: treatment.map(name),
        fineness_ppm: None,
        weight: None,
    }
}

pub fn metal_part(component: &str, role: ComponentRole, material: &str, ppm: i64) -> DeclaredComponent {
    DeclaredComponent { fineness_ppm: Some(Fineness(ppm)), ..part(component, role, material, None) }
}

pub fn declared(components: Vec<DeclaredComponent>) -> Declared {
    Declared { components, weight: None, sizes: Vec::new(), presented_certificate: None }
}

pub fn found(component: &str, role: ComponentRole, material: &str, treatment: Option<&str>) -> ComponentResult {
    ComponentResult {
        component: id(component),
        role,
        state: ComponentState::Examined,
        material: Some(name(material)),
        treatment: treatment.map(name),
        fineness_ppm: None,
        weight: None,
        sizes: Vec::new(),
        tests: Vec::new(),
        reason: None,
    }
}

pub fn appraisal(components: Vec<ComponentResult>, weight: Weighing) -> Appraisal {
    Appraisal { components, weight, presented_certificate: None, remarks: None, photo_ids: BTreeSet::new() }
}

pub fn opened(declared: Declared, pricing: Pricing) -> PieceOpened {
    PieceOpened {
        code: PieceCode::from_bits(7),
        line_no: 1,
        attempt: 1,
        follows: None,
        price: Money::parse(100, "CNY").unwrap(),
        pricing,
        custom_made: false,
        declared,
        segment: None,
        reference: false,
    }
}

pub fn recorded(seq: i32, at: &str, event: impl Into<Event>) -> Recorded {
    let person = Some(PersonId(uuid::Uuid::from_u128(seq as u128)));
    Recorded { seq, at: at.parse().unwrap(), person, key: None, role: Role::Desk, event: event.into() }
}

/// An order of a merchant in Shanghai who signed no guarantee level, for a buyer in London.
pub fn placed(ship: Ship, lines: usize) -> OrderPlaced {
    let person = PersonId(uuid::Uuid::nil());
    let line = |line_no| PlacedLine {
        line_no,
        sku: None,
        title: sealed(),
        price: Money::parse(1, "CNY").unwrap(),
        pricing: Pricing::Fixed,
        custom_made: false,
    };
    OrderPlaced {
        tenant_id: TenantId::parse("t").unwrap(),
        order_no: OrderNo::parse("o").unwrap(),
        merchant_id: MerchantId::parse("m").unwrap(),
        merchant_person_id: person,
        buyer_id: person,
        streamer_id: None,
        warehouse_id: WarehouseId::parse("w").unwrap(),
        live_id: None,
        paid_at: at("2026-11-01T02:00:00Z").as_microsecond(), // 10:00 in Shanghai.
        ship,
        guarantee_level: 0,
        guarantees: Default::default(),
        buyer_timezone: name("Europe/London"),
        merchant_timezone: name("Asia/Shanghai"),
        lines: (1..=lines as i32).map(line).collect(),
        references: Vec::new(),
    }
}

/// An order of one line whose merchant signed 假一赔九.
pub fn order() -> OrderPlaced {
    OrderPlaced { guarantee_level: 9, ..placed(Ship::AsReady, 1) }
}

/// All editions, read once for all tests.
pub fn library() -> &'static Library {
    static LIBRARY: std::sync::LazyLock<Library> = std::sync::LazyLock::new(|| Library::embedded().unwrap());
    &LIBRARY
}

/// The edition that proposes today.
pub fn book() -> &'static Rulebook {
    library().newest()
}

/// The edition of before there were severities.
pub fn first_edition() -> &'static Rulebook {
    library().edition(&name("2026-11-22")).unwrap()
}

/// A piece that was only opened, on the first of November.
pub fn piece(declared: Declared, pricing: Pricing) -> Piece {
    Piece::fold([recorded(1, "2026-11-01T00:00:00Z", opened(declared, pricing))]).unwrap()
}

pub fn sealed() -> Sealed {
    Sealed { text_id: TextId(uuid::Uuid::nil()), hmac: "00".repeat(32) }
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A claim of the stream.
pub fn spoken(kind: ClaimKind, value: ClaimedValue) -> Claim {
    Claim {
        claim_id: ClaimId::parse("k1").unwrap(),
        source: ClaimSource::Spoken,
        component: None,
        kind,
        words: None,
        span: None,
        bound: Bound::Exactly,
        value,
        negated: false,
        certainty: Certainty::High,
        also: Vec::new(),
        ambiguous: false,
    }
}

/// A name that was said.
pub fn said(kind: ClaimKind, word: &str) -> Claim {
    spoken(kind, ClaimedValue::Name { name: name(word) })
}

/// What the newest edition says of one claim on a piece of these parts.
pub fn assess(parts: Vec<DeclaredComponent>, pricing: Pricing, claim: &Claim, appraisal: &Appraisal) -> Assessment {
    assess_for(&order(), parts, pricing, std::slice::from_ref(claim), appraisal).remove(0)
}

/// The same of several claims, for another order.
pub fn assess_for(
    order: &OrderPlaced,
    parts: Vec<DeclaredComponent>,
    pricing: Pricing,
    claims: &[Claim],
    appraisal: &Appraisal,
) -> Vec<Assessment> {
    book().assess(&piece(declared(parts), pricing), order, claims, appraisal)
}

/// A test on the bench.
pub fn test(method: &str, value: &str) -> Test {
    Test { method: name(method), instrument: None, value: Some(name(value)), unit: None, conclusion: None }
}
