//! What people do and find, in plain words.

use std::collections::BTreeMap;

use serde_json::Value;

use super::account;
use super::fixtures::Fixture;

/// The heading of an order.
pub fn order(fixture: &Fixture) -> String {
    let text = |pointer: &str| fixture.order.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let together = if text("/ship") == "together" { ", to be shipped together" } else { "" };
    format!("{} from {}, {}{together}", fixture.order_no(), text("/merchant/name"), pieces(fixture.journey.len()))
}

pub fn pieces(count: usize) -> String {
    if count == 1 { "1 piece".to_owned() } else { format!("{count} pieces") }
}

/// A line's title with its price, as long as there is room.
pub fn title(line: &Value) -> String {
    let title = line.get("title").and_then(Value::as_str).unwrap_or_default();
    format!("{}, {}", account::cut(title, 40), price(line))
}

fn price(line: &Value) -> String {
    let amount = line.pointer("/price/amount").and_then(Value::as_i64).unwrap_or_default();
    let currency = line.pointer("/price/currency").and_then(Value::as_str).unwrap_or_default();
    match amount {
        0 => "a gift".to_owned(),
        amount => format!("{currency} {}.{:02}", amount / 100, amount % 100),
    }
}

/// A weight with what lay on the balance.
pub fn weight(weight: &Value) -> String {
    let text = |name: &str| weight.get(name).and_then(Value::as_str).unwrap_or_default();
    let included: Vec<_> =
        weight.get("includes").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let with = if included.is_empty() { String::new() } else { format!(" with {}", included.join(" and ")) };
    format!("{} {}{with}", text("value"), text("unit"))
}

/// What an inspector found: the materials, and how many tests speak for them.
pub fn appraisal(appraisal: &Value) -> String {
    let components: Vec<_> = appraisal.get("components").and_then(Value::as_array).into_iter().flatten().collect();
    let found: Vec<_> = components
        .iter()
        .map(|component| match component.get("material").and_then(Value::as_str) {
            Some(material) => material.to_owned(),
            None => "one part not examined".to_owned(),
        })
        .collect();
    let tests: usize =
        components.iter().map(|component| component.get("tests").and_then(Value::as_array).map_or(0, Vec::len)).sum();
    let weight = appraisal.get("weight").map(weight).unwrap_or_default();
    let s = if tests == 1 { "" } else { "s" };
    format!("finds {} by {tests} test{s}, {weight}", found.join(" and "))
}

/// How the claims of a listing stand.
pub fn findings(entries: &[Value]) -> String {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in entries.iter().filter_map(|entry| entry.get("finding").and_then(Value::as_str)) {
        *counted.entry(finding).or_default() += 1;
    }
    let counted: Vec<_> =
        counted.into_iter().map(|(finding, count)| format!("{count} {}", finding.replace('_', " "))).collect();
    let s = if entries.len() == 1 { "" } else { "s" };
    format!("settles {} claim{s}: {}", entries.len(), counted.join(", "))
}

/// What was read of the speech about a piece.
pub fn heard(entries: &Value) -> String {
    let places = entries.as_array().into_iter().flatten().flat_map(|entry| {
        let times = entry.get("times").and_then(Value::as_array);
        times.into_iter().flatten().filter(|place| place["source"] == "spoken")
    });
    let words: Vec<_> = places.filter_map(|place| place["words"].as_str()).collect();
    let s = if words.len() == 1 { "" } else { "s" };
    format!("reads {} claim{s} in what was said: {}", words.len(), words.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn weights_prices_and_findings_read_like_sentences() {
        let heavy = json!({ "value": "61.05", "unit": "g", "includes": ["cord", "holder"] });
        assert_eq!(weight(&heavy), "61.05 g with cord and holder");
        let line = json!({ "title": "足金手镯", "price": { "amount": 1_860_005, "currency": "CNY" } });
        assert_eq!(title(&line), "足金手镯, CNY 18600.05");
        let entries = ["confirmed", "confirmed", "not_testable"].map(|finding| json!({ "finding": finding }));
        assert_eq!(findings(&entries), "settles 3 claims: 2 confirmed, 1 not testable");
        let found = json!({
            "components": [{ "material": "翡翠", "tests": [1, 2] }, { "material": null, "tests": [] }],
            "weight": { "value": "5.60", "unit": "g", "includes": [] },
        });
        assert_eq!(appraisal(&found), "finds 翡翠 and one part not examined by 2 tests, 5.60 g");
    }
}
