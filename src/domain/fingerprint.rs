//! What a photo looks like, in 64 bits: the value, and how like ones are found. How it is made of a picture is the
//! photos' own matter.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// 64 signs. Stored as 16 hexadecimal digits: as a number it would be larger than JSON keeps exactly.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u64);

/// Photos whose fingerprints differ in at most so many bits look the same. The search finds every one of them: of four
/// bands of 16 bits at least one differs in no more than one bit, since 7 < 4 · 2.
pub const NEAR: u32 = 7;

/// Bands of a fingerprint.
pub const BANDS: u8 = 4;

impl Fingerprint {
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

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        fn whatever_is_near_shares_a_probe(print: u64, flips in proptest::collection::vec(0u32..64, 0..=NEAR as usize)) {
            let other = Fingerprint(flips.iter().fold(print, |bits, flip| bits ^ 1 << flip));
            let probes = Fingerprint(print).probes();
            prop_assert!(Fingerprint(print).distance(other) <= NEAR);
            prop_assert!(other.bands().iter().any(|band| probes.contains(band)));
        }
    }
}
