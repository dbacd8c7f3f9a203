//! Taking an order in: its people, its lines, and a piece for each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use uuid::Uuid;

use super::cache::{Folded, Tip};
use super::people::Details;
use super::receipt::{LineReceipt, OrderReceipt, Receipt};
use super::work::Plan;
use super::{Desk, Error, Request, people, recorded};
use crate::capsule::Hash;
use crate::domain::appraisal::{Appraisal, Declared, PresentedCertificate};
use crate::domain::certificate::CertificateKey;
use crate::domain::event::{Event, OrderPlaced, PieceOpened, PlacedLine, Pricing, Reference, Segment, Ship};
use crate::domain::ids::*;
use crate::domain::notice::{Notice, Recipient};
use crate::domain::piece::Piece;
use crate::domain::quantity::Money;
use crate::domain::refusal::Refusal;
use crate::domain::route::Stage;
use crate::domain::text::{Name, Sealed};
use crate::store::entity::{
    certificate_holders, order_nos, people as people_rows, piece_codes, presented_certificates, reference_pieces,
    tokens,
};
use crate::vault::{self, Vault};

/// An order as a platform sends it, read and valid. Its free texts are sealed already.
#[derive(Debug)]
pub struct NewOrder {
    pub order_id: OrderId,
    pub tenant_id: TenantId,
    pub order_no: OrderNo,
    pub paid_at: jiff::Timestamp,
    pub ship: Ship,
    /// Where its pieces are inspected; none lets the house choose.
    pub warehouse_id: Option<WarehouseId>,
    pub live_id: Option<LiveId>,
    pub merchant: NewMerchant,
    pub streamer: Option<NewParty>,
    pub buyer: NewParty,
    pub lines: Vec<NewLine>,
    /// The codes that its pieces had before the order was lost, by their journals; empty for one that is new.
    pub codes: BTreeMap<i32, PieceCode>,
}

/// Somebody who takes part in an order.
#[derive(Debug)]
pub struct NewParty {
    /// The platform's own reference.
    pub reference: PartyRef,
    pub details: Details,
    pub timezone: Name,
}

/// The merchant as of this order.
#[derive(Debug)]
pub struct NewMerchant {
    pub id: MerchantId,
    pub details: Details,
    pub locale: Name,
    pub timezone: Name,
    pub guarantee_level: i32,
    pub guarantees: BTreeSet<Name>,
}

/// One line of a new order.
#[derive(Debug)]
pub struct NewLine {
    pub line_no: i32,
    pub sku: Option<Sku>,
    pub title: Sealed,
    pub price: Money,
    pub pricing: Pricing,
    pub custom_made: bool,
    pub segment: Option<Segment>,
    pub declared: Declared,
    /// What is known for sure of a reference piece of the house's own; none for whatever is sold.
    pub truth: Option<Appraisal>,
}

/// What the desk has looked up for an order before it is placed.
pub struct Known<'a> {
    /// The order that has the number already.
    pub placed: Option<(OrderId, Arc<OrderPlaced>, Vec<LineReceipt>, bool)>,
    pub warehouse_id: Option<WarehouseId>,
    /// People of this platform who are known, and those whom this batch brings.
    pub people: &'a mut Vec<people_rows::Model>,
}

/// The rows of a certificate that a listing names.
pub(super) fn present(plan: &mut Plan, key: StreamKey, certificate: &PresentedCertificate) {
    let number = CertificateKey::of(certificate);
    let (body, number) = (number.body().to_owned(), number.number().to_owned());
    let (order_id, stream_id) = (key.order_id.0, key.stream_id.0);
    plan.changes.certificates_named.push(certificate_holders::Model {
        body: body.clone(),
        number: number.clone(),
        order_id,
        stream_id,
    });
    plan.changes.presented_certificates.push(presented_certificates::Model { body, number, order_id, stream_id });
}

/// The purpose of the token that opens an order's page.
pub const VIEW: &str = "view";

impl Desk {
    /// The token of an order's page. It need not be stored: it follows from the order.
    pub fn view_token(&self, order_id: OrderId) -> String {
        self.vault().token(VIEW, order_id.0, 0)
    }

    pub(super) fn plan_order(&self, new: &NewOrder, request: &Request, known: Known) -> Result<Plan, Error> {
        if let Some((order_id, placed, lines, same)) = known.placed {
            if !same {
                return Err(Refusal::OrderDiffers.into());
            }
            return Ok(Plan::seen(Receipt::Order(OrderReceipt {
                order_id: order_id.0,
                order_no: new.order_no.to_string(),
                warehouse_id: placed.warehouse_id.to_string(),
                lines,
                placed: false,
            })));
        }
        let Some(warehouse_id) = known.warehouse_id else {
            return Err(Refusal::Absent("warehouse").into());
        };
        let mut plan = Plan { gather: self.gather(), ..Plan::default() };
        let vault = self.vault();
        let now = request.now;
        let tenant = new.tenant_id.as_str();
        let mut person = |kind: &str, reference: &str, details: &Details| -> Result<PersonId, Error> {
            let same = |row: &&mut people_rows::Model| {
                row.kind == kind
                    && row.reference.as_deref() == Some(reference)
                    && row.tenant_id.as_deref() == Some(tenant)
            };
            if let Some(row) = known.people.iter_mut().find(same) {
                if people::open(vault, row)?.as_ref() != Some(details) {
                    people::renew(vault, row, details)?;
                    plan.changes.people.retain(|other| other.id != row.id);
                    plan.changes.people.push(row.clone());
                }
                return Ok(PersonId(row.id));
            }
            let row = people::new(vault, kind, Some(tenant), Some(reference), details, now)?;
            plan.changes.people.push(row.clone());
            known.people.push(row);
            Ok(PersonId(known.people[known.people.len() - 1].id))
        };
        let merchant_person_id = person("merchant", new.merchant.id.as_str(), &new.merchant.details)?;
        let buyer_id = person("buyer", new.buyer.reference.as_str(), &new.buyer.details)?;
        let streamer_id = new
            .streamer
            .as_ref()
            .map(|streamer| person("streamer", streamer.reference.as_str(), &streamer.details))
            .transpose()?;
        plan.changes.merchants.push(crate::store::entity::merchants::Model {
            tenant_id: tenant.to_owned(),
            id: new.merchant.id.to_string(),
            person_id: merchant_person_id.0,
            guarantee_level: new.merchant.guarantee_level,
            guarantees: serde_json::to_string(&new.merchant.guarantees)
                .map_err(|error| Error::fault("guarantees cannot be written", error))?,
            locale: new.merchant.locale.to_string(),
            timezone: new.merchant.timezone.to_string(),
            updated_at: now.as_microsecond(),
        });
        // A title was sealed before its buyer was known; erasing the buyer destroys it.
        let placed = OrderPlaced {
            tenant_id: new.tenant_id.clone(),
            order_no: new.order_no.clone(),
            merchant_id: new.merchant.id.clone(),
            merchant_person_id,
            buyer_id,
            streamer_id,
            warehouse_id: warehouse_id.clone(),
            live_id: new.live_id.clone(),
            paid_at: new.paid_at.as_microsecond(),
            ship: new.ship,
            guarantee_level: new.merchant.guarantee_level,
            guarantees: new.merchant.guarantees.clone(),
            buyer_timezone: new.buyer.timezone.clone(),
            merchant_timezone: new.merchant.timezone.clone(),
            lines: new
                .lines
                .iter()
                .map(|line| PlacedLine {
                    line_no: line.line_no,
                    sku: line.sku.clone(),
                    title: line.title.clone(),
                    price: line.price.clone(),
                    pricing: line.pricing,
                    custom_made: line.custom_made,
                })
                .collect(),
            references: new
                .lines
                .iter()
                .filter_map(|line| Some(Reference { line_no: line.line_no, truth: line.truth.clone()? }))
                .collect(),
        };
        plan.order_no(order_nos::Model {
            tenant_id: tenant.to_owned(),
            order_no: new.order_no.to_string(),
            order_id: new.order_id.0,
        });
        plan.changes.tokens.push(tokens::Model {
            hash: vault::token_hash(&self.view_token(new.order_id)).to_vec(),
            order_id: new.order_id.0,
            purpose: VIEW.to_owned(),
            generation: 0,
        });
        self.write_order(&mut plan, new, request, placed)?;
        Ok(plan)
    }

    fn write_order(
        &self,
        plan: &mut Plan,
        new: &NewOrder,
        request: &Request,
        placed: OrderPlaced,
    ) -> Result<(), Error> {
        let circumstances = request.circumstances();
        let order_key = StreamKey { order_id: new.order_id, stream_id: StreamId::ORDER };
        let first = recorded::write(
            self.vault(),
            order_key,
            1,
            Hash::ZERO,
            Event::OrderPlaced(placed.clone()),
            &circumstances,
        )?;
        let (at, hash) = (first.row.at, first.hash);
        plan.event(first);
        if new.lines.iter().any(|line| line.truth.is_none()) {
            plan.notice(order_key, 1, Recipient::Buyer, Notice::OrderTakenIn, request.now);
        }
        let placed = Arc::new(placed);
        let mut statuses = Vec::new();
        let mut lines = Vec::new();
        for (index, line) in new.lines.iter().enumerate() {
            let stream_id = StreamId(i32::try_from(index + 1).map_err(|_| Error::fault("too many lines", index))?);
            let key = StreamKey { order_id: new.order_id, stream_id };
            let code = new.codes.get(&stream_id.0).cloned().unwrap_or_else(|| self.fresh_piece_code());
            let opened = PieceOpened {
                code: code.clone(),
                line_no: line.line_no,
                attempt: 1,
                follows: None,
                price: line.price.clone(),
                pricing: line.pricing,
                custom_made: line.custom_made,
                declared: line.declared.clone(),
                segment: line.segment,
                reference: line.truth.is_some(),
            };
            if let Some(certificate) = &line.declared.presented_certificate {
                present(plan, key, certificate);
            }
            let written =
                recorded::write(self.vault(), key, 1, Hash::ZERO, Event::PieceOpened(opened), &circumstances)?;
            let tip = Tip { hash: written.hash, body_digest: None, since: 1 };
            let piece = Piece::fold([plan.event(written)])
                .map_err(|corrupt| Error::fault("a new piece does not fold", corrupt))?;
            plan.changes.piece_codes.push(piece_codes::Model {
                code: code.to_string(),
                order_id: key.order_id.0,
                stream_id: key.stream_id.0,
            });
            if line.truth.is_none() {
                let opened = &piece.last().event;
                plan.notices(key, 1, opened, Stage::AwaitingDispatch, Stage::AwaitingDispatch, request.now);
            } else {
                let (order_id, stream_id) = (key.order_id.0, key.stream_id.0);
                plan.changes.reference_pieces.push(reference_pieces::Model { order_id, stream_id });
            }
            plan.project_new(key, &piece, &placed, tip.hash, self.rules());
            statuses.push(piece.line_status());
            lines.push(LineReceipt { line_no: line.line_no, code: code.to_string() });
            plan.keep.push((key, Folded { piece, tip }));
        }
        let status = crate::domain::order::order_status(statuses);
        plan.changes.orders.push(super::project::order(new.order_id, &placed, at, (1, hash), status));
        plan.receipt = Some(Receipt::Order(OrderReceipt {
            order_id: new.order_id.0,
            order_no: new.order_no.to_string(),
            warehouse_id: placed.warehouse_id.to_string(),
            lines,
            placed: true,
        }));
        plan.keep_order = Some((new.order_id, placed));
        Ok(())
    }

    pub(super) fn fresh_piece_code(&self) -> PieceCode {
        // Of a version 4 UUID's 128 bits 122 are random; the last 62 hold none of the fixed ones.
        PieceCode::from_bits(Uuid::new_v4().as_u128() as u64 & ((1 << 50) - 1))
    }

    /// A certificate code: 80 random bits, so that nobody can walk from one to another.
    pub fn fresh_certificate_code(&self) -> CertificateCode {
        let secret = hex::encode(Vault::hmac(&Vault::fresh_key(), b"certificate"));
        let code = format!("{}-{}-{}-{}", &secret[..5], &secret[5..10], &secret[10..15], &secret[15..20]);
        CertificateCode::parse(&code.to_uppercase()).unwrap_or_else(|_| unreachable!("hexadecimal and hyphens"))
    }
}
