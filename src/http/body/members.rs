//! A JSON value in which no object names a member twice. serde_json keeps the last of them in silence, and a sender who wrote
//! two prices would not learn which one counts.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads a whole text.
///
/// # Errors
///
/// Where it is no JSON, or an object in it names a member twice; the error names it, and where.
pub fn read(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Once.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Each member once.
struct Once;

impl<'de> DeserializeSeed<'de> for Once {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(Once)? {
            read.push(item);
        }
        Ok(read.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if read.contains_key(&name) {
                // A name may be long, or whatever somebody made of one.
                let name: String = name.chars().take(60).collect();
                return Err(A::Error::custom(format!("the member {name:?} stands twice in one object: say it once")));
            }
            let member = members.next_value_seed(Once)?;
            read.insert(name, member);
        }
        Ok(read.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_stands_twice_is_named_wherever_it_is() {
        let check = |text: &str, name: &str| {
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(&format!("{name:?} stands twice")), "{text}: {error}");
        };
        check(r#"{"a":1,"a":1}"#, "a");
        check(r#"{"a":1,"\u0061":2}"#, "a");
        check(r#"{"lines":[{"price":1},{"price":1,"x":null,"price":2}]}"#, "price");
        check(r#"[{"a":{"b":1,"b":2}}]"#, "b");
    }

    #[test]
    fn everything_else_is_read_as_it_always_is() {
        let texts = [
            "null",
            "true",
            "[]",
            "{}",
            "1",
            "-1",
            "1.5",
            "1e3",
            "18446744073709551615",
            "123456789012345678901234567890",
            r#""a""#,
            r#"{"a":{"a":1},"b":[{"a":2},{"a":3}]}"#,
            r#" [1, "\u4e2d", {"x": null}] "#,
        ];
        for text in texts {
            assert_eq!(read(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
        let deep = "[".repeat(200) + &"]".repeat(200);
        for text in ["", "{", "{} {}", "nul", "[1,]", r#"{"a":1,}"#, &deep] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
