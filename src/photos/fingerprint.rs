//! A fingerprint of what a photo looks like: two pictures of one scene, scaled, recoded or slightly brightened, differ in
//! few of its 64 bits. It is made of the signs of the lowest waves of the picture (a discrete cosine transform over 32 by
//! 32 grey fields), in whole numbers, so that every machine gives the same.

use super::quality::Grey;
use crate::domain::fingerprint::Fingerprint;

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

/// Of a grey picture; none where there is nothing to be known by, such as a wall.
pub fn of(grey: &Grey) -> Option<Fingerprint> {
    let fields: Vec<Vec<i64>> = (0..FIELDS).map(|v| (0..FIELDS).map(|u| field(grey, u, v)).collect()).collect();
    let (least, most) = fields.iter().flatten().fold((i64::MAX, 0), |(a, b), v| (a.min(*v), b.max(*v)));
    if most - least < LEAST_CONTRAST {
        return None;
    }
    // First along the rows, then down the columns. The constant wave and those along one edge alone say how light falls
    // rather than what lies there, and are left out.
    let rows: Vec<Vec<i64>> =
        fields.iter().map(|row| (1..=WAVES).map(|wave| weighed(row.iter(), wave)).collect()).collect();
    let waves: Vec<i64> = (1..=WAVES)
        .flat_map(|v| (0..WAVES).map(move |u| (u, v)))
        .map(|(u, v)| weighed(rows.iter().filter_map(|row| row.get(u)), v))
        .collect();
    let mut sorted = waves.clone();
    sorted.sort_unstable();
    let median = sorted.get(waves.len() / 2 - 1)?;
    Some(Fingerprint(waves.iter().fold(0, |bits, wave| bits << 1 | u64::from(median < wave))))
}

/// How much of a wave is in these values.
fn weighed<'v>(values: impl Iterator<Item = &'v i64>, wave: usize) -> i64 {
    values.enumerate().map(|(at, value)| value * cosine((2 * at + 1) * wave)).sum()
}

/// The mean grey of one of 32 by 32 fields, in sixteenths so that flat grounds keep their fall of light.
fn field(grey: &Grey, u: usize, v: usize) -> i64 {
    let part = |length: usize, at: usize| {
        let from = at * length / FIELDS;
        from..((at + 1) * length / FIELDS).max(from + 1)
    };
    let columns = part(grey.width(), u);
    let mut count = 0;
    let mut sum = 0;
    for y in part(grey.height(), v) {
        let row = grey.row(y).get(columns.clone()).unwrap_or_default();
        sum += row.iter().map(|value| i64::from(*value)).sum::<i64>();
        count += row.len() as i64;
    }
    if count == 0 { 0 } else { sum * 16 / count }
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
            assert_eq!(of(&Grey::from_fn(size.0, size.1, |_, _| 200)), None);
        }
    }

    proptest! {
        #[test]
        fn half_of_the_bits_are_set_at_the_most(seed: u64, width in 1usize..90, height in 1usize..90) {
            let grey = Grey::from_fn(width, height, |x, y| (seed.rotate_left((x * 7 + y * 13) as u32) & 0xff) as u8);
            if let Some(print) = of(&grey) {
                prop_assert!(print.0.count_ones() <= 32);
            }
        }

    }
}
