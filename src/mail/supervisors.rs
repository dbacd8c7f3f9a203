//! Where the supervisors of each warehouse read, and in which language.

use std::collections::BTreeMap;
use std::fmt;

use super::address;
use crate::words::Language;

/// The addresses of supervisors by warehouse, with one for the warehouses that have none of their own. Nothing shows an
/// address.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Supervisors {
    elsewhere: Option<(String, Language)>,
    own: BTreeMap<String, (String, Language)>,
}

/// What names no supervisors; the address is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSupervisors {
    #[error("is no address that mail can be sent to")]
    Address,
    #[error("names another language than zh-CN or en")]
    Language,
    #[error("names a warehouse twice")]
    Twice,
}

impl fmt::Debug for Supervisors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Supervisors(…)")
    }
}

impl Supervisors {
    /// Reads entries that commas part: `address`, `address en`, or `wh-1=address en` for one warehouse alone. Chinese
    /// where no language is named.
    ///
    /// # Errors
    ///
    /// What is no such list.
    pub fn parse(text: &str) -> Result<Self, NoSupervisors> {
        let mut found = Self::default();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            // The id of a warehouse holds no @.
            let (warehouse, rest) = match entry.split_once('=') {
                Some((warehouse, rest)) if !warehouse.contains('@') => (Some(warehouse.trim()), rest.trim()),
                Some(_) | None => (None, entry),
            };
            let (address, language) = match rest.rsplit_once(char::is_whitespace) {
                Some((address, tag)) => (address.trim(), Language::of_tag(tag).ok_or(NoSupervisors::Language)?),
                None => (rest, Language::Chinese),
            };
            address::wire(address).map_err(|_| NoSupervisors::Address)?;
            let reads = (address.to_owned(), language);
            let before = match warehouse {
                Some(warehouse) => found.own.insert(warehouse.to_owned(), reads),
                None => found.elsewhere.replace(reads),
            };
            if before.is_some() {
                return Err(NoSupervisors::Twice);
            }
        }
        if found == Self::default() { Err(NoSupervisors::Address) } else { Ok(found) }
    }

    /// Those of a warehouse.
    pub fn of(&self, warehouse: &str) -> Option<(&str, Language)> {
        let reads = self.own.get(warehouse).or(self.elsewhere.as_ref())?;
        Some((reads.0.as_str(), reads.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_warehouse_has_its_own_address_and_language_or_that_of_the_others() {
        let check = |text: &str, warehouse: &str, expected: Option<(&str, Language)>| {
            assert_eq!(Supervisors::parse(text).unwrap().of(warehouse), expected, "{text}");
        };
        check("duty@example.cn", "wh-1", Some(("duty@example.cn", Language::Chinese)));
        check("duty@example.cn en", "wh-1", Some(("duty@example.cn", Language::English)));
        let two = "wh-1=one@example.cn, wh-2 = two@example.cn en, duty@example.cn zh-CN";
        check(two, "wh-1", Some(("one@example.cn", Language::Chinese)));
        check(two, "wh-2", Some(("two@example.cn", Language::English)));
        check(two, "wh-3", Some(("duty@example.cn", Language::Chinese)));
        check("wh-1=one@example.cn", "wh-2", None);
        check("wh-1=one@example.cn,", "wh-1", Some(("one@example.cn", Language::Chinese)));
    }

    #[test]
    fn what_names_nobody_is_refused() {
        let check = |text: &str, expected| assert_eq!(Supervisors::parse(text).err(), Some(expected), "{text:?}");
        for none in ["", " , ", "duty", "wh-1=", "wh-1=duty", "duty@example.cn\r\nBcc: x@y.cn en"] {
            check(none, NoSupervisors::Address);
        }
        check("duty@example.cn fr", NoSupervisors::Language);
        check("duty@example.cn, other@example.cn", NoSupervisors::Twice);
        check("wh-1=a@example.cn,wh-1=b@example.cn", NoSupervisors::Twice);
    }
}
