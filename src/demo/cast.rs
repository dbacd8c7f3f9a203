//! The side lines of the journey, as a table (`fixtures/side_lines.csv`): each row is one piece, how far its main line
//! goes, what becomes of it then, step by step, and where it ends. All are the same pendant, of the last fixture order.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Failure;
use super::fixtures::{Fixture, Way};

const TABLE: &str = include_str!("../../fixtures/side_lines.csv");

/// For less than what takes two persons from the start, in minor units.
const PRICE: i64 = 150_000;

macro_rules! steps {
    ($($(#[$doc:meta])* $step:ident $name:literal)*) => {
        /// What somebody does with a piece beside the main line.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Step { $($(#[$doc])* $step,)* }

        impl Step {
            #[cfg(test)]
            const ALL: &'static [Step] = &[$(Step::$step,)*];

            fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Step::$step),)* _ => None }
            }
        }
    };
}

steps! {
    /// Lost in the house.
    Lost "lost"
    /// Damaged in the house.
    Damaged "damaged"
    /// The price is wanted back.
    Cancelled "cancelled"
    /// The merchant names another waybill.
    CorrectedWaybill "corrected-waybill"
    /// Another part of the live session is this piece's.
    Narrowed "narrowed"
    BookedIn "booked-in"
    /// In a parcel with a piece that nobody knows and one that was closed.
    FoundWithStrangers "found-with-strangers"
    /// It arrives damaged.
    Exception "exception"
    LetIn "let-in"
    SentBack "sent-back"
    WrittenOff "written-off"
    /// 退签: the carrier brought it back to its merchant.
    TurnedBack "turned-back"
    /// A supervisor gives a parcel up.
    LostOnTheWay "lost-on-the-way"
    HandedOver "handed-over"
    /// A note, and its correction.
    Noted "noted"
    Reopened "reopened"
    SameArticle "same-article"
    OutsideReport "outside-report"
    Disclosed "disclosed"
    GivenUp "given-up"
    /// The buyer takes it as it is.
    Accepted "accepted"
    /// The buyer does not want it so.
    Declined "declined"
    Appealed "appealed"
    /// Other inspectors look, and it passes.
    JudgedAnew "judged-anew"
    Overridden "overridden"
    /// The merchant waives the appeal.
    Waived "waived"
    /// Another piece in its place.
    SentAgain "sent-again"
    Upheld "upheld"
    HandedToAuthority "handed-to-authority"
    Lifted "lifted"
    /// It weighs otherwise than on the bench.
    Mismatched "mismatched"
    Tagged "tagged"
    Untagged "untagged"
    /// The capsule is revoked; the piece stays.
    Revoked "revoked"
    /// The capsule is revoked; the piece goes back.
    Recalled "recalled"
    /// 拒签.
    RefusedAtTheDoor "refused-at-the-door"
    /// 代签.
    SignedByAnother "signed-by-another"
    /// The buyer keeps it, before the window closes by itself.
    Kept "kept"
    /// A second laboratory contradicts us.
    Disputed "disputed"
    /// A qualified body proves a counterfeit after the piece was closed.
    ProvedCounterfeit "proved-counterfeit"
    ReturnOpened "return-opened"
    ReturnPosted "return-posted"
    BackSame "back-same"
    BackAnother "back-another"
    JudgedSame "judged-same"
    JudgedAnother "judged-another"
    JudgedUnclear "judged-unclear"
    PostedBack "posted-back"
    /// The carrier tells that what was posted back is there.
    ArrivedBack "arrived-back"
    PickedUp "picked-up"
    Unclaimed "unclaimed"
    /// Instead of another piece the price is wanted back.
    LineCancelled "line-cancelled"
    /// The buyer wants the rest of the order.
    RestWanted "rest-wanted"
}

/// What becomes of a piece beside the main line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideLine {
    pub steps: Vec<Step>,
    /// The stage where it leads, or `closed_` and the outcome.
    pub ends: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Row {
    /// Pieces of one order have the same.
    order: String,
    merchant: String,
    /// Of the order; at its first row.
    heading: String,
    /// The stage to which the main line leads.
    reach: String,
    /// The verdict on it, where that is no pass.
    verdict: String,
    /// What is special about it: `certificate`, `reference` or `together`.
    with: String,
    /// In their order, with blanks between.
    steps: String,
    ends: String,
}

/// The orders of the side lines, by their merchants: one merchant's come one after the other.
///
/// # Errors
///
/// Where the table is not well formed, or names somebody who is not among the fixtures.
pub fn orders(fixtures: &[Fixture]) -> Result<Vec<Vec<Fixture>>, Failure> {
    let fail = |why: String| Failure(format!("the table of side lines cannot be read: {why}"));
    let mut by_merchant: BTreeMap<String, Vec<Fixture>> = BTreeMap::new();
    let mut orders: Vec<(String, Fixture)> = Vec::new();
    let base = fixtures.last().ok_or_else(|| fail("there are no fixtures".to_owned()))?;
    for row in csv::Reader::from_reader(TABLE.as_bytes()).deserialize::<Row>() {
        let row = row.map_err(|error| fail(error.to_string()))?;
        if orders.last().is_none_or(|(order, _)| *order != row.order) {
            orders.push((row.order.clone(), begun(&row, base, fixtures).ok_or_else(|| fail(row.merchant.clone()))?));
        }
        let Some((_, fixture)) = orders.last_mut() else { continue };
        add(&row, base, fixture).ok_or_else(|| fail(format!("{}: {}", row.order, row.steps)))?;
    }
    for (_, fixture) in orders {
        by_merchant.entry(fixture.merchant_id().to_owned()).or_default().push(fixture);
    }
    Ok(by_merchant.into_values().collect())
}

/// An order without lines.
fn begun(row: &Row, base: &Fixture, fixtures: &[Fixture]) -> Option<Fixture> {
    let merchant = fixtures.iter().find(|fixture| fixture.merchant_id() == row.merchant)?.order.get("merchant")?;
    let mut order = base.order.clone();
    let members = order.as_object_mut()?;
    members.insert("order_no".to_owned(), format!("{}-{}", base.order_no(), row.order).into());
    members.insert("merchant".to_owned(), merchant.clone());
    members.insert("lines".to_owned(), json!([]));
    if row.with == "together" {
        members.insert("ship".to_owned(), "together".into());
    }
    Some(Fixture { order, journey: Vec::new(), heading: Some(row.heading.clone()) })
}

/// One more line; none where the row is not well formed.
fn add(row: &Row, base: &Fixture, fixture: &mut Fixture) -> Option<()> {
    let number = fixture.journey.len() + 1;
    let name = format!("{}-{number}", row.order);
    let mut way: Way = base.journey.first()?.clone();
    let lines = fixture.order.get_mut("lines")?.as_array_mut()?;
    let mut line = base.line(way.line_no)?.clone();
    line["line_no"] = json!(number);
    line["price"]["amount"] = json!(PRICE);
    match row.with.as_str() {
        "" | "together" => {}
        "certificate" => {
            let certificate = json!({ "body": "NGTC", "number": "DEMO-2026-118" });
            way.appraisal.as_mut()?["presented_certificate"] = certificate.clone();
            line["declared"]["presented_certificate"] = certificate;
        }
        "reference" => {
            let truth = ["weight", "sizes", "components"].map(|name| (name.to_owned(), line["declared"][name].clone()));
            line["truth"] = Value::Object(truth.into_iter().collect());
            line["reference"] = json!(true);
        }
        _ => return None, // Nothing else is special.
    }
    lines.push(line);
    way.line_no = i32::try_from(number).ok()?;
    way.goal = format!("rest:{}", row.reach);
    way.verdict = (!row.verdict.is_empty()).then(|| row.verdict.clone());
    way.reason = way.verdict.as_ref().map(|_| "直径与描述不符".to_owned());
    way.tag = way.tag.map(|tag| format!("{tag}-{name}"));
    for posted in [&mut way.inbound, &mut way.outbound].into_iter().flatten() {
        posted.waybill = format!("{}-{name}", posted.waybill);
    }
    match row.reach.as_str() {
        "awaiting_dispatch" => way.inbound = None,
        // By itself: the clerk books in whole parcels.
        "inbound" => way.receipt_weight = None,
        _ => {
            // The others of an order come in one parcel.
            if let Some(posted) = &mut way.inbound {
                posted.waybill = format!("{}-all", posted.waybill.trim_end_matches(&format!("-{number}")));
            }
        }
    }
    let steps = row.steps.split_whitespace().map(Step::parse).collect::<Option<_>>()?;
    way.side = Some(SideLine { steps, ends: row.ends.clone() });
    fixture.journey.push(way);
    Some(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jiff::Timestamp;

    use super::*;
    use crate::demo::fixtures;
    use crate::domain::event::Outcome;
    use crate::domain::route::Stage;

    #[test]
    fn every_row_leads_from_a_stage_to_a_stage_and_every_step_is_taken() {
        let fixtures = fixtures::orders(Timestamp::UNIX_EPOCH).unwrap();
        let orders = orders(&fixtures).unwrap();
        let ways: Vec<_> = orders.iter().flatten().flat_map(|fixture| &fixture.journey).collect();
        assert_eq!(ways.len(), TABLE.lines().count() - 1);
        let mut taken = HashSet::new();
        for way in ways {
            let side = way.side.as_ref().unwrap();
            let reach = way.goal.strip_prefix("rest:").unwrap();
            assert!(Stage::parse(reach).is_some(), "{reach} is no stage");
            let ends = match side.ends.strip_prefix("closed_") {
                Some(outcome) => Outcome::ALL.iter().any(|known| known.as_str() == outcome),
                None => Stage::parse(&side.ends).is_some(),
            };
            assert!(ends, "{} is no stage and no end", side.ends);
            taken.extend(side.steps.iter().copied());
        }
        let idle: Vec<_> = Step::ALL.iter().filter(|step| !taken.contains(step)).collect();
        assert!(idle.is_empty(), "no row takes {idle:?}");
    }
}
