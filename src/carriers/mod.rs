//! What carriers tell, read: pushes of Kuaidi100 (快递100) and a plain one of our own, to the newest word on a waybill.
//! Where a parcel was, and who signed for it, is read past: it may name people.

use std::sync::LazyLock;

use crate::domain::ids::Waybill;
use crate::domain::transit::Told;
use jiff::Timestamp;

pub mod kuaidi100;

/// The newest word of a carrier on one waybill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Who carries it, as it was told; empty where that was not said.
    pub company: String,
    pub waybill: Waybill,
    pub told: Told,
    pub at: Timestamp,
}

/// A carrier's code by any of its names; a name that is not known stands for itself.
fn code(name: &str) -> String {
    static NAMES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
        let rows = include_str!("companies.csv").lines().skip(1).filter_map(|line| line.split_once(','));
        rows.flat_map(|(code, also)| {
            also.split(';').chain([code]).map(|name| (name.to_owned(), code.to_owned())).collect::<Vec<_>>()
        })
        .collect()
    });
    let name = name.trim().to_lowercase();
    NAMES.iter().find(|(known, _)| *known == name).map_or(name, |(_, code)| code.clone())
}

/// Whether two names are one carrier's. Where none was told, the waybill alone has to do.
pub fn same_company(told: &str, ours: &str) -> bool {
    told.trim().is_empty() || code(told) == code(ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carrier_is_known_by_each_of_its_names() {
        for (one, other) in [("shunfeng", "sf"), ("SF", "顺丰"), ("", "sf"), ("somebody", "Somebody")] {
            assert!(same_company(one, other), "{one} {other}");
        }
        assert!(!same_company("shunfeng", "zto"));
        assert!(!same_company("nobody", "somebody"));
    }
}
