//! A set of characters of the basic plane, one bit each: small enough to stay at hand while a text is read.

#[derive(Clone, Debug)]
pub(super) struct Chars(Vec<u64>);

impl Chars {
    /// Those of the given characters that the basic plane has.
    pub(super) fn of(chars: impl Iterator<Item = char>) -> Self {
        let mut bits = vec![0; 0x1_0000 / 64];
        for code in chars.map(u32::from) {
            if let Some(bits) = bits.get_mut(code as usize / 64) {
                *bits |= 1 << (code % 64);
            }
        }
        Self(bits)
    }

    #[inline]
    pub(super) fn has(&self, c: char) -> bool {
        let code = u32::from(c);
        self.0.get(code as usize / 64).is_some_and(|bits| bits >> (code % 64) & 1 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_into_it_and_nothing_else() {
        let set = Chars::of("a金𠮷\u{ffff}".chars());
        for (c, expected) in [('a', true), ('金', true), ('\u{ffff}', true), ('b', false), ('𠮷', false), ('\0', false)]
        {
            assert_eq!(set.has(c), expected, "{c}");
        }
    }
}
