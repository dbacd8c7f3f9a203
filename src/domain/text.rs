//! Words: short names that may stand in an event, and free text, which may not.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::{Malformed, TextId};

/// A free text as an event holds it: which one, and an HMAC of it under a key of its own. The words themselves live in
/// the table of sealed texts, so that destroying one key leaves every journal verifiable (`journey.md`, "Events, not
/// rows", 4).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sealed {
    pub text_id: TextId,
    /// HMAC-SHA-256 in hexadecimal.
    pub hmac: String,
}

/// A term of the trade, such as a material, a treatment or a method: at most 64 characters, one line, and nothing that
/// looks like a phone number or an e-mail address, because names stand in events in clear.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let text = text.trim();
        if text.is_empty() || 64 < text.chars().count() || text.chars().any(char::is_control) {
            return Err(Malformed("a term is 1 to 64 characters on one line".into()));
        }
        let mut run = 0;
        for c in text.chars() {
            run = if c.is_numeric() { run + 1 } else { 0 };
            if 6 < run || c == '@' || c == '＠' {
                return Err(Malformed("a term may not hold a phone number or an e-mail address".into()));
            }
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_term_and_no_personal_datum() {
        for good in ["翡翠", "和田玉（碧玉）", "18K金", "X-ray fluorescence", "足金999"] {
            assert!(Name::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "  ", "a\nb", "张三 13800001111", "a@b.cn", "１３８００００１１１１", &"玉".repeat(65)]
        {
            assert!(Name::parse(bad).is_err(), "{bad}");
        }
    }
}
