//! Numbers that several rules share (`limits.csv`).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::editions::Files;
use super::{Unreadable, rows};

#[derive(Deserialize)]
struct LimitRow {
    limit: String,
    value: i64,
}

macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident $before:literal;)*) => {
        /// The shared numbers of one edition.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Limits { $($(#[$doc])* pub $name: i64,)* }

        impl Limits {
            /// An edition of before there was a file has what its rules did then.
            pub fn read(files: &Files) -> Result<Self, Unreadable> {
                let Some(text) = files.optional("limits.csv") else { return Ok(Self { $($name: $before,)* }) };
                let mut known = BTreeMap::new();
                for row in rows::<LimitRow>("limits.csv", text)? {
                    if row.value < 0 {
                        return Err(Unreadable { file: "limits.csv", why: format!("{} is below zero", row.limit) });
                    }
                    if known.insert(row.limit.clone(), row.value).is_some() {
                        return Err(Unreadable { file: "limits.csv", why: format!("{} stands twice", row.limit) });
                    }
                }
                let mut take = |name: &str| {
                    known.remove(name)
                        .ok_or_else(|| Unreadable { file: "limits.csv", why: format!("{name} is not there") })
                };
                let limits = Self { $($name: take(stringify!($name))?,)* };
                match known.into_keys().next() {
                    Some(name) => Err(Unreadable { file: "limits.csv", why: format!("nothing reads {name}") }),
                    None => Ok(limits),
                }
            }
        }
    };
}

limits! {
    /// How often a measurement at a limit is repeated.
    repeats 0;
    /// The guard band of a limit, in parts per million of the expanded uncertainty.
    guard_ppm 0;
    /// Of a refractometer's reading, in ten-thousandths.
    ri_uncertainty 20;
    /// Of a spot reading, in ten-thousandths.
    ri_spot_uncertainty 100;
    /// To where a refractometer reads, in ten-thousandths.
    ri_over_limit 17_900;
    /// Of a specific gravity without its masses, in ten-thousandths.
    sg_uncertainty 200;
    /// Of a hardness, in ten-thousandths of a step of Mohs's scale.
    hardness_uncertainty 5_000;
    /// Of a balance that has none on record, for hydrostatic weighing, in micrograms.
    balance_uncertainty_ug 10_000;
    /// From which mass a diamond's clarity is graded, in micrograms.
    clarity_from_ug 30_000;
    /// From which mass a diamond's colour is graded, in micrograms.
    colour_from_ug 50_000;
}

#[cfg(test)]
mod tests {
    use super::super::testing::newest;
    use super::*;

    #[test]
    fn the_numbers_are_the_rulebooks() {
        let limits = Limits::read(&newest()).unwrap();
        assert_eq!(limits.repeats, 2);
        assert_eq!(limits.clarity_from_ug, 30_000); // 0.15 ct × 200,000 µg
        assert_eq!(limits.colour_from_ug, 50_000); // 0.25 ct × 200,000 µg
    }

    #[test]
    fn a_number_that_nothing_reads_is_refused() {
        let text = format!("{}surprise,1,,\n", newest().text("limits.csv").unwrap());
        let files = Files::given("2027-01-01", [("limits.csv".to_owned(), text)].into()).unwrap();
        assert!(Limits::read(&files).unwrap_err().why.contains("surprise"));
    }
}
