//! English words for terms of the trade, which are Chinese in orders and appraisals.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What a term is called in English; none where the table does not know it.
pub fn english(term: &str) -> Option<&'static str> {
    static TERMS: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
        include_str!("glossary.csv").lines().skip(1).filter_map(|line| line.split_once(',')).collect()
    });
    TERMS.get(term).copied()
}
