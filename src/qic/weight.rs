//! 重量: a number, a unit, and in brackets what lay on the balance with the piece.

use std::collections::BTreeSet;

use crate::domain::ids::Malformed;
use crate::domain::quantity::{Included, Mass, Weighing};

/// What may stand in the brackets, the longer word first.
const ON_THE_BALANCE: [(&str, Included); 7] = [
    ("纸托", Included::Holder),
    ("绳", Included::Cord),
    ("链", Included::Chain),
    ("签", Included::Tag),
    ("托", Included::Holder),
    ("石", Included::Stones),
    ("袋", Included::Bag),
];

const UNITS: [(&str, &str); 7] =
    [("kg", "kg"), ("mg", "mg"), ("ct", "ct"), ("克拉", "ct"), ("千克", "kg"), ("g", "g"), ("克", "g")];

/// Reads `6.77g(含签)`.
pub fn weight(cell: &str) -> Result<Weighing, Malformed> {
    let form = || Malformed("a weight is a number with g, mg, kg or ct, such as 6.77g(含签)".into());
    let text = cell.replace('（', "(").replace('）', ")").to_lowercase();
    let (number, brackets) = match text.split_once('(') {
        Some((number, rest)) => (number.trim(), rest.strip_suffix(')').ok_or_else(form)?),
        None => (text.trim(), ""),
    };
    let (word, unit) = UNITS.into_iter().find(|(word, _)| number.ends_with(word)).ok_or_else(form)?;
    let value = number.strip_suffix(word).unwrap_or(number).trim_end();
    Ok(Weighing::typed(Mass::parse(value, unit)?, included(brackets)?, Mass::last_digit(value, unit)))
}

/// 含绳及签. A word that is not known is no detail: the weight would be compared with another.
fn included(brackets: &str) -> Result<BTreeSet<Included>, Malformed> {
    let mut rest = brackets.replace(['含', '及', '和', '、', ' '], "");
    let mut found = BTreeSet::new();
    for (word, included) in ON_THE_BALANCE {
        if rest.contains(word) {
            found.insert(included);
            rest = rest.replace(word, "");
        }
    }
    match rest.is_empty() {
        true => Ok(found),
        false => Err(Malformed("what lay on the balance is one or more of 绳, 链, 签, 纸托, 石, 袋".into())),
    }
}

/// The same as a cell.
pub fn written(weighing: &Weighing) -> String {
    let words: Vec<_> = weighing.includes.iter().map(|included| word(*included)).collect();
    let grams = weighing.mass.grams();
    match words.split_last() {
        None => format!("{grams}g"),
        Some((last, [])) => format!("{grams}g(含{last})"),
        Some((last, before)) => format!("{grams}g(含{}及{last})", before.join("、")),
    }
}

fn word(included: Included) -> &'static str {
    match included {
        Included::Cord => "绳",
        Included::Chain => "链",
        Included::Tag => "签",
        Included::Holder => "纸托",
        Included::Stones => "石",
        Included::Bag => "袋",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_says_what_lay_on_the_balance() {
        use Included::*;
        let check = |cell: &str, expected: Option<(i64, &[Included])>| {
            let read = weight(cell).ok();
            let read = read.as_ref().map(|read| (read.mass.0, read.includes.iter().copied().collect::<Vec<_>>()));
            assert_eq!(read, expected.map(|(mass, includes)| (mass, includes.to_vec())), "{cell}");
        };
        check("116.22g", Some((116_220_000, &[])));
        check("6.77g(含签)", Some((6_770_000, &[Tag])));
        check("107.39g（含绳及签）", Some((107_390_000, &[Cord, Tag])));
        check("11.12g(含链及签)", Some((11_120_000, &[Chain, Tag])));
        check("43.33g(含绳及纸托)", Some((43_330_000, &[Cord, Holder])));
        check("0.30克拉", Some((60_000, &[])));
        check("4 克", Some((4_000_000, &[])));
        check("6.77", None);
        check("6,77g", None);
        check("6.77g(含签", None);
        check("6.77g(含盒)", None);
        check("=1g", None);
        check("", None);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for cell in ["116.22g", "6.77g(含签)", "107.39g(含绳及签)", "3.70g(含绳、签及纸托)"] {
            assert_eq!(written(&weight(cell).unwrap()), cell);
        }
    }
}
