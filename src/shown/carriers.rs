//! Carriers by the names that a buyer knows, and where a parcel can be followed.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::domain::ids::{Carrier, Waybill};
use crate::words::Language;

/// What is known of a carrier.
struct Known {
    zh: &'static str,
    en: &'static str,
    link: &'static str,
}

static KNOWN: LazyLock<HashMap<&'static str, Known>> = LazyLock::new(|| {
    let rows = include_str!("carriers.csv").lines().skip(1);
    rows.filter_map(|row| {
        let mut cells = row.splitn(4, ',');
        Some((cells.next()?, Known { zh: cells.next()?, en: cells.next()?, link: cells.next()? }))
    })
    .collect()
});

/// A carrier's name; that of one which is not known, as it was given.
pub fn name(carrier: &Carrier, language: Language) -> String {
    match (KNOWN.get(carrier.as_str()), language) {
        (Some(known), Language::Chinese) => known.zh.to_owned(),
        (Some(known), Language::English) => known.en.to_owned(),
        (None, _) => carrier.to_string(),
    }
}

/// Where a parcel can be followed. A waybill's number goes into it as it is only where it has nothing but letters,
/// digits and hyphens.
pub fn link(carrier: &Carrier, waybill: &Waybill) -> Option<String> {
    let known = KNOWN.get(carrier.as_str())?;
    let plain = waybill.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    plain.then(|| format!("{}{}", known.link, waybill.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parcel_is_followed_where_its_carrier_is_known() {
        let carrier = |text| Carrier::parse(text).unwrap();
        let waybill = |text| Waybill::parse(text).unwrap();
        assert_eq!(name(&carrier("shunfeng"), Language::English), "SF Express");
        assert_eq!(name(&carrier("a-friend"), Language::Chinese), "a-friend");
        let link_of = |carrier_name, number| link(&carrier(carrier_name), &waybill(number));
        assert!(link_of("zhongtong", "ZT123").is_some_and(|link| link.ends_with("&nu=ZT123")));
        assert_eq!(link_of("a-friend", "ZT123"), None);
        assert!(KNOWN.values().all(|known| known.link.starts_with("https://")));
    }
}
