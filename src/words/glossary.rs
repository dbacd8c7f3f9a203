//! Words for terms of the trade: English for those that are Chinese in orders and appraisals, and both languages for
//! what the reader of speech normalises a claim to (`floating_flower` for 飘阳绿).

use std::collections::HashMap;
use std::sync::LazyLock;

/// A normalised value in words. Where `#` stands in the table, the number of the value stands here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    pub chinese: String,
    pub english: String,
}

static TERMS: LazyLock<HashMap<String, Term>> = LazyLock::new(|| {
    let mut rows = csv::Reader::from_reader(include_str!("terms.csv").as_bytes());
    let row = |row: csv::StringRecord| {
        let [key, chinese, english] = [row.get(0)?, row.get(1)?, row.get(2)?].map(str::to_owned);
        Some((key, Term { chinese, english }))
    };
    // A test reads every line; a program that carries an unreadable one was never tested.
    rows.records().filter_map(|read| row(read.ok()?)).collect()
});

/// The words for a normalised value; none where the table does not know it.
pub fn term(value: &str) -> Option<Term> {
    if let Some(term) = TERMS.get(value) {
        return Some(term.clone());
    }
    let start = value.find(|c: char| c.is_ascii_digit())?;
    let rest = value.get(start..)?;
    let end = start + rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (before, number, after) = (value.get(..start)?, value.get(start..end)?, value.get(end..)?);
    let term = TERMS.get(&format!("{before}#{after}"))?;
    Some(Term { chinese: term.chinese.replace('#', number), english: term.english.replace('#', number) })
}

/// What a Chinese term is called in English; none where no table knows it.
pub fn english(term: &str) -> Option<&'static str> {
    static ENGLISH: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
        let own = include_str!("glossary.csv").lines().skip(1).filter_map(|line| line.split_once(','));
        let values = TERMS.values().map(|term| (term.chinese.as_str(), term.english.as_str()));
        values.chain(own).collect()
    });
    ENGLISH.get(term).copied()
}

/// Whether this is a name that only programs use, and not one of the trade.
pub fn is_key(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    plain || (name.is_ascii() && name.contains('_'))
}
