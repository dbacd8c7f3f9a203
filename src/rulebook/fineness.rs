//! The grades of fineness and what their parts must reach (`fineness.csv`; GB 11887 with Amendment 1).

use serde::Deserialize;

use super::editions::Files;
use super::names::Metal;
use super::{Unreadable, rows};
use crate::domain::quantity::Fineness;

/// One grade: the least fineness of the piece, and of its parts where the standard lets them be less fine.
#[derive(Clone, Debug, Deserialize)]
pub struct Grade {
    metal: Metal,
    minimum_ppm: i64,
    parts_ppm: Option<i64>,
}

/// The grades of one edition; none in one of before the rule.
pub fn read(files: &Files) -> Result<Vec<Grade>, Unreadable> {
    let Some(text) = files.optional("fineness.csv") else { return Ok(Vec::new()) };
    let grades: Vec<Grade> = rows("fineness.csv", text)?;
    match grades.iter().find(|grade| grade.parts_ppm.is_some_and(|parts| grade.minimum_ppm < parts)) {
        Some(grade) => {
            let why =
                format!("{} {}: a part need not be finer than its piece", grade.metal.as_str(), grade.minimum_ppm);
            Err(Unreadable { file: "fineness.csv", why })
        }
        None => Ok(grades),
    }
}

/// What a part must reach on a piece of this fineness: as its grade says, the highest that the fineness reaches.
pub fn of_parts(grades: &[Grade], metal: Metal, piece: Fineness) -> Option<Fineness> {
    let reached = grades.iter().filter(|grade| grade.metal == metal && grade.minimum_ppm <= piece.0);
    reached.max_by_key(|grade| grade.minimum_ppm)?.parts_ppm.map(Fineness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_may_be_less_fine_where_the_standard_says_so() {
        let grades = read(&super::super::testing::newest()).unwrap();
        let check = |metal, piece, expected: Option<i64>| {
            assert_eq!(of_parts(&grades, metal, Fineness(piece)), expected.map(Fineness), "{metal:?} {piece}");
        };
        check(Metal::Gold, 916_000, Some(900_000)); // Au ≥ 916 → parts ≥ 900
        check(Metal::Gold, 990_000, Some(900_000));
        check(Metal::Gold, 999_900, Some(900_000));
        check(Metal::Gold, 750_000, None); // Below 916 a part is as fine as its piece.
        check(Metal::Platinum, 950_000, Some(900_000)); // Pt, Pd ≥ 950 → ≥ 900
        check(Metal::Palladium, 950_000, Some(900_000));
        check(Metal::Platinum, 900_000, None);
        check(Metal::Silver, 990_000, Some(925_000)); // 足银 → parts ≥ 925
        check(Metal::Silver, 925_000, None);
    }
}
