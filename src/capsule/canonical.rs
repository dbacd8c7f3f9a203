//! The one form of a JSON value (RFC 8785), for everything that is hashed or signed.
//!
//! RFC 8785 writes numbers as doubles. That loses nothing up to 2^53 − 1 and silently rounds beyond, so numbers are
//! checked first: what cannot be written exactly is refused.

use std::fmt;

use serde::Serialize;
use serde_json::{Number, Value};

/// The largest integer that every reader of JSON takes exactly: 2^53 − 1.
pub const LARGEST_INTEGER: u64 = (1 << 53) - 1;

/// Where in a value something cannot be written exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotPlain {
    /// A JSON pointer (RFC 6901); empty for the value itself.
    pub pointer: String,
    pub number: String,
    pub why: NotPlainWhy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPlainWhy {
    Fraction,
    TooLarge,
}

impl fmt::Display for NotPlain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the value itself" } else { &self.pointer };
        match self.why {
            NotPlainWhy::Fraction => {
                write!(f, "{place}: {} is no integer; quantities are integers of the smallest unit", self.number)
            }
            NotPlainWhy::TooLarge => {
                write!(f, "{place}: {} lies beyond 2^53 − 1 and would be rounded by some readers", self.number)
            }
        }
    }
}

impl std::error::Error for NotPlain {}

#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    #[error("the value has no JSON form")]
    NoJson(#[from] serde_json::Error),
    #[error(transparent)]
    NotPlain(#[from] NotPlain),
}

/// The canonical text of a value, refused where a number could not be read back as it was.
pub fn canonical_json(value: &impl Serialize) -> Result<String, CanonicalError> {
    canonical_value(&serde_json::to_value(value)?)
}

/// As [`canonical_json`], for what is a JSON value already.
///
/// Of a value without fractions and large integers, whose members come in order already, serde_json writes the very same
/// bytes in a fifteenth of the time; every event passes here twice. A property test holds the two together.
pub fn canonical_value(value: &Value) -> Result<String, CanonicalError> {
    check_plain(value)?;
    if is_in_order(value) { Ok(serde_json::to_string(value)?) } else { Ok(serde_json_canonicalizer::to_string(value)?) }
}

/// Whether the members of all objects come by UTF-16 code units. serde_json keeps them by UTF-8, or as they were given if
/// another crate asks for that; so one looks.
fn is_in_order(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(items) => items.iter().all(is_in_order),
        Value::Object(members) => {
            members.keys().is_sorted_by(|one, next| one.encode_utf16().lt(next.encode_utf16()))
                && members.values().all(is_in_order)
        }
    }
}

/// Whether a text is exactly the canonical form of what it says.
pub fn is_canonical(text: &str, value: &Value) -> bool {
    canonical_value(value).is_ok_and(|canonical| canonical == text)
}

/// Refuses fractions and integers beyond 2^53 − 1, wherever they are.
pub fn check_plain(value: &Value) -> Result<(), NotPlain> {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
        Value::Number(number) => check_number(number),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| check_plain(item).map_err(|fault| fault.inside(&index.to_string()))),
        Value::Object(members) => members
            .iter()
            .try_for_each(|(name, member)| check_plain(member).map_err(|fault| fault.inside(&escaped(name)))),
    }
}

fn check_number(number: &Number) -> Result<(), NotPlain> {
    let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
    let why = match magnitude {
        Some(magnitude) if magnitude <= LARGEST_INTEGER => return Ok(()),
        Some(_) => NotPlainWhy::TooLarge,
        None => NotPlainWhy::Fraction,
    };
    Err(NotPlain { pointer: String::new(), number: number.to_string(), why })
}

impl NotPlain {
    fn inside(mut self, token: &str) -> Self {
        self.pointer.insert_str(0, token);
        self.pointer.insert(0, '/');
        self
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_sorted_by_utf16_and_nothing_is_escaped_without_need() {
        // The member names of RFC 8785, section 3.2.3.
        let value = json!({
            "€": "Euro Sign", "\r": "Carriage Return", "1": "One", "\u{80}": "Control",
            "😀": "Emoji: Grinning Face", "ö": "Latin Small Letter O With Diaeresis", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
        });
        let text = canonical_json(&value).unwrap();
        let values: Vec<&str> = text.split('"').skip(3).step_by(4).collect();
        assert_eq!(
            values,
            [
                "Carriage Return",
                "One",
                "Control",
                "Latin Small Letter O With Diaeresis",
                "Euro Sign",
                "Emoji: Grinning Face",
                "Hebrew Letter Dalet With Dagesh",
            ]
        );
        assert_eq!(canonical_json(&json!("\u{7}\n/\"\\翡")).unwrap(), r#""\u0007\n/\"\\翡""#);
        assert_eq!(canonical_json(&json!({ "b": [1, null], "a": {} })).unwrap(), r#"{"a":{},"b":[1,null]}"#);
    }

    #[test]
    fn integers_are_taken_up_to_the_largest_exact_one() {
        let check = |value: Value, expected: &str| assert_eq!(canonical_json(&value).unwrap(), expected);
        check(json!(0), "0");
        check(json!(-1), "-1");
        check(json!(LARGEST_INTEGER), "9007199254740991");
        check(json!(-9_007_199_254_740_991_i64), "-9007199254740991");
    }

    #[test]
    fn what_cannot_be_exact_is_refused_with_its_place() {
        let check = |value: Value, pointer: &str, why| {
            let fault = check_plain(&value).unwrap_err();
            assert_eq!((fault.pointer.as_str(), fault.why), (pointer, why));
            assert!(matches!(canonical_json(&value), Err(CanonicalError::NotPlain(other)) if other == fault));
        };
        check(json!(0.5), "", NotPlainWhy::Fraction);
        check(json!(1.0), "", NotPlainWhy::Fraction);
        check(json!(-0.0), "", NotPlainWhy::Fraction);
        check(json!(LARGEST_INTEGER + 1), "", NotPlainWhy::TooLarge);
        check(json!(u64::MAX), "", NotPlainWhy::TooLarge);
        check(json!(i64::MIN), "", NotPlainWhy::TooLarge);
        check(json!({ "a/b": { "~": [1, [2.5]] } }), "/a~1b/~0/1/0", NotPlainWhy::Fraction);
    }

    #[test]
    fn another_form_of_the_same_value_is_not_canonical() {
        let check =
            |text: &str, expected| assert_eq!(is_canonical(text, &serde_json::from_str(text).unwrap()), expected);
        check(r#"{"a":1,"b":2}"#, true);
        check(r#"{"b":2,"a":1}"#, false);
        check(r#"{"a":1, "b":2}"#, false);
        check(r#"{"a":1,"a":1}"#, false);
        check(r#"{"a":"\u0041"}"#, false);
        check(r#"{"a":1.0}"#, false);
    }

    /// Texts with what is escaped, and with characters on both sides of the surrogates.
    fn text() -> impl Strategy<Value = String> {
        let sign = prop_oneof![
            any::<char>(),
            (0_u8..0x80).prop_map(char::from),
            prop::sample::select(vec![
                '翡',
                '\u{e000}',
                '\u{fb33}',
                '\u{ffff}',
                '\u{10000}',
                '😀',
                '\u{2028}',
                '\u{7f}'
            ]),
        ];
        prop::collection::vec(sign, 0..6).prop_map(String::from_iter)
    }

    fn plain_value() -> impl Strategy<Value = Value> {
        let largest = LARGEST_INTEGER as i64;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-largest..=largest).prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((text(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_quick_way_writes_what_the_slow_way_writes(value in plain_value()) {
            let quick = canonical_value(&value).unwrap();
            prop_assert_eq!(&quick, &serde_json_canonicalizer::to_string(&value).unwrap());
            prop_assert_eq!(serde_json::from_str::<Value>(&quick).unwrap(), value);
        }
    }
}
