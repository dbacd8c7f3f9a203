//! A fingerprint of what a photo looks like: two pictures of one scene, scaled, recoded or slightly brightened, differ in
//! few of its 64 bits. It is made of the signs of the lowest waves of the picture (a discrete cosine transform over 32 by
//! 32 grey fields), in whole numbers, so that every machine gives the same.

use std::fmt;
use std::str::FromStr;

use super::quality::Grey;

/// 64 signs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u64);

/// Photos whose fingerprints differ in at most so many bits look the same. The search finds every one of them: of four
/// bands of 16 bits at least one differs in no more than one bit, since 7 < 4 · 2.
pub const NEAR: u32 = 7;

/// Bands of a fingerprint.
pub const BANDS: u8 = 4;

const FIELDS: usize = 32;
const WAVES: usize = 8;

/// A picture whose fields differ less than this, in sixteenths of a grey, shows nothing to be known by.
const LEAST_CONTRAST: i64 = 12 * 16;

/// cos(k · π / 64) · 1024, for k from 0 to 32: a quarter of a wave.
const QUARTER: [i64; 33] = [
    1024, 1023, 1019, 1013, 1004, 993, 980, 964, 946, 926, 903, 878, 851, 822, 792, 759, 724, 688, 650, 610, 569, 526,
    483, 438, 392, 345, 297, 249, 200, 150, 100, 50, 0,
];

fn cosine(k: usize) -> i64 {
    match k % 128 {
        k @ 0..=32 => QUARTER[k],
        k @ 33..=64 => -QUARTER[64 - k],
        k @ 65..=96 => -QUARTER[k - 64],
        k => QUARTER[128 - k], // 97 to 127: the rest of the wave.
    }
}

impl Fingerprint {
    /// Of a grey picture; none where there is nothing to be known by, such as a wall.
    pub fn of(grey: &Grey) -> Option<Self> {
        let fields = fields(grey);
        let (least, most) = fields.iter().flatten().fold((i64::MAX, 0), |(a, b), v| (a.min(*v), b.max(*v)));
        if most - least < LEAST_CONTRAST {
            return None;
        }
        // First along the rows, then down the columns. The constant wave and those along one edge alone say how light
        // falls rather than what lies there, and are left out.
        let rows: Vec<[i64; WAVES]> = fields
            .iter()
            .map(|row| std::array::from_fn(|u| (0..FIELDS).map(|x| row[x] * cosine((2 * x + 1) * (u + 1))).sum()))
            .collect();
        let waves: [i64; WAVES * WAVES] = std::array::from_fn(|at| {
            let (u, v) = (at % WAVES, at / WAVES);
            (0..FIELDS).map(|y| rows[y][u] * cosine((2 * y + 1) * (v + 1))).sum()
        });
        let mut sorted = waves;
        sorted.sort_unstable();
        let median = sorted[WAVES * WAVES / 2 - 1];
        Some(Self(waves.iter().fold(0, |bits, wave| bits << 1 | u64::from(median < *wave))))
    }

    /// In how many bits two differ.
    pub fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }

    /// The four bands as they are searched by: the number of the band above its 16 bits.
    pub fn bands(self) -> [i32; BANDS as usize] {
        std::array::from_fn(|band| (band as i32) << 16 | i32::from((self.0 >> (16 * band)) as u16))
    }

    /// Every band in which a fingerprint at most [`NEAR`] away has at least one: each as it is, and with one bit turned.
    pub fn probes(self) -> Vec<i32> {
        self.bands()
            .into_iter()
            .flat_map(|band| std::iter::once(band).chain((0..16).map(move |bit| band ^ 1 << bit)))
            .collect()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint has 16 lower-case hex digits")]
pub struct FingerprintFault;

impl FromStr for Fingerprint {
    type Err = FingerprintFault;

    fn from_str(text: &str) -> Result<Self, FingerprintFault> {
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if text.len() != 16 || !digits {
            return Err(FingerprintFault);
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|_| FingerprintFault)
    }
}

/// The mean grey of each of 32 by 32 fields, in sixteenths so that flat grounds keep their fall of light.
fn fields(grey: &Grey) -> [[i64; FIELDS]; FIELDS] {
    let part = |length: usize, at: usize| {
        let from = at * length / FIELDS;
        from..((at + 1) * length / FIELDS).max(from + 1)
    };
    std::array::from_fn(|v| {
        std::array::from_fn(|u| {
            let columns = part(grey.width(), u);
            let mut count = 0;
            let mut sum = 0;
            for y in part(grey.height(), v) {
                let row = grey.row(y).get(columns.clone()).unwrap_or_default();
                sum += row.iter().map(|value| i64::from(*value)).sum::<i64>();
                count += row.len() as i64;
            }
            if count == 0 { 0 } else { sum * 16 / count }
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_wave_is_the_cosine() {
        let check = |k, expected| assert_eq!(cosine(k), expected, "{k}");
        check(0, 1024);
        check(16, 724); // cos 45° = 0.7071
        check(32, 0);
        check(48, -724);
        check(64, -1024);
        check(80, -724);
        check(96, 0);
        check(112, 724);
        check(128, 1024);
    }

    #[test]
    fn a_wall_has_no_fingerprint() {
        for size in [(1, 1), (31, 7), (320, 240)] {
            assert_eq!(Fingerprint::of(&Grey::from_fn(size.0, size.1, |_, _| 200)), None);
        }
    }

    #[test]
    fn it_is_written_in_hexadecimal_and_read_back() {
        let print = Fingerprint(0x0123_4567_89ab_cdef);
        assert_eq!(print.to_string(), "0123456789abcdef");
        assert_eq!("0123456789abcdef".parse(), Ok(print));
        for text in ["", "0123456789ABCDEF", "0123456789abcde", "+123456789abcdef"] {
            assert_eq!(text.parse::<Fingerprint>(), Err(FingerprintFault), "{text}");
        }
    }

    proptest! {
        #[test]
        fn half_of_the_bits_are_set_at_the_most(seed: u64, width in 1usize..90, height in 1usize..90) {
            let grey = Grey::from_fn(width, height, |x, y| (seed.rotate_left((x * 7 + y * 13) as u32) & 0xff) as u8);
            if let Some(print) = Fingerprint::of(&grey) {
                prop_assert!(print.0.count_ones() <= 32);
            }
        }

        #[test]
        fn whatever_is_near_shares_a_probe(print: u64, flips in proptest::collection::vec(0u32..64, 0..=NEAR as usize)) {
            let other = Fingerprint(flips.iter().fold(print, |bits, flip| bits ^ 1 << flip));
            let probes = Fingerprint(print).probes();
            prop_assert!(Fingerprint(print).distance(other) <= NEAR);
            prop_assert!(other.bands().iter().any(|band| probes.contains(band)));
        }
    }
}
