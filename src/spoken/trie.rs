//! The words of the lexicon as one trie over characters, in a double array: whether a word begins at a place, and how
//! long it is, is told in a step a character, and most characters of common speech end the question at once.
//!
//! An automaton of Aho and Corasick finds words wherever they begin, also inside others; here a place is asked only
//! where the word before it ends, and inside English words never.

/// How many places are tried for what follows a state before the part of the array that they lie in counts as full.
const TRIES: usize = 64;
/// The state before the first character, to which nothing leads.
const ROOT: u32 = 0;

/// A state in four bytes, so that those of all words stay near the processor: the class of the character that leads
/// here, whether a word ends here, and the base. What follows by the class `c` is at `base + c`, if that is a state to
/// which `c` leads; no two states have the same base, and no state that others follow has the base nought.
#[derive(Clone, Copy, Debug)]
struct State(u32);

impl State {
    const CLASS: u32 = (1 << 12) - 1;
    const ENDS: u32 = 1 << 12;
    const BASE: u32 = 13;
    const BASES: usize = 1 << (32 - Self::BASE);
    /// No class leads here: not even that of characters which no word has.
    const FREE: Self = Self(Self::CLASS);

    fn is_free(self) -> bool {
        self.class() == Self::CLASS
    }

    fn class(self) -> u32 {
        self.0 & Self::CLASS
    }

    fn ends(self) -> bool {
        self.0 & Self::ENDS != 0
    }

    fn base(self) -> u32 {
        self.0 >> Self::BASE
    }
}

/// What the trie knows a character by: a small number, its class, which is nought for all that no word has; whether a
/// word begins with it; and whether it is a letter of English.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(u16);

impl Mark {
    /// Of all characters that no word has.
    pub(super) const UNKNOWN: Self = Self(0);
    /// Of no character.
    pub(super) const NONE: Self = Self(u16::MAX);
    const LETTER: u16 = 1 << 15;
    const OPENS: u16 = 1 << 14;
    const CLASS: u16 = State::CLASS as u16;

    fn class(self) -> u16 {
        self.0 & Self::CLASS
    }

    pub(super) fn opens(self) -> bool {
        self.0 & Self::OPENS != 0
    }

    pub(super) fn is_letter(self) -> bool {
        self.0 & Self::LETTER != 0
    }
}

#[derive(Clone, Debug)]
pub(super) struct Trie {
    /// By code point of the basic plane.
    marks: Vec<Mark>,
    states: Vec<State>,
    /// By state, the number of the word that ends there.
    words: Vec<u32>,
}

/// Where free places are looked for.
struct Room {
    /// Before here, a place is seldom free that suits what follows a state alone …
    single: usize,
    /// … or several that stand as they must.
    several: usize,
    /// Whether a state has this base.
    bases: Vec<bool>,
}

impl Trie {
    /// Builds the trie of all words with their numbers. None where a word has a character beyond the basic plane, or where
    /// there are too many characters or words.
    pub(super) fn new<'w>(words: impl Iterator<Item = (&'w str, u32)>) -> Option<Self> {
        let words: Vec<_> = words.collect();
        // The characters that stand in most words have the smallest numbers: what follows a state then lies close together.
        let mut often = vec![0_u32; 0x1_0000];
        for c in words.iter().flat_map(|(word, _)| word.chars()) {
            *often.get_mut(u32::from(c) as usize)? += 1;
        }
        let mut known: Vec<_> = (0_u32..).zip(often).filter(|(_, often)| *often != 0).collect();
        known.sort_unstable_by_key(|(code, often)| (u32::MAX - often, *code));
        let mut marks = vec![Mark::UNKNOWN; 0x1_0000];
        for letter in b'a'..=b'z' {
            marks.get_mut(usize::from(letter))?.0 |= Mark::LETTER;
        }
        for ((code, _), class) in known.into_iter().zip(1..) {
            if Mark::CLASS <= class {
                return None;
            }
            marks.get_mut(code as usize)?.0 |= class;
        }
        for c in words.iter().filter_map(|(word, _)| word.chars().next()) {
            marks.get_mut(u32::from(c) as usize)?.0 |= Mark::OPENS;
        }
        let class = |c: char| marks.get(u32::from(c) as usize).map_or(0, |mark| mark.class());
        let mut spelled: Vec<(Vec<u16>, u32)> =
            words.iter().map(|(word, number)| (word.chars().map(class).collect(), *number)).collect();
        spelled.sort_unstable();
        let mut trie = Self { marks, states: vec![State::FREE], words: vec![0] };
        trie.grow(ROOT, 0, &spelled, &mut Room { single: 1, several: 1, bases: vec![true] })?;
        Some(trie)
    }

    /// Adds what follows the state, which all the words share up to `depth`.
    fn grow(&mut self, state: u32, depth: usize, words: &[(Vec<u16>, u32)], room: &mut Room) -> Option<()> {
        let ended = words.iter().take_while(|(spelling, _)| spelling.len() == depth).count();
        if let Some((_, word)) = words.first().filter(|_| 0 < ended) {
            self.states.get_mut(state as usize)?.0 |= State::ENDS;
            *self.words.get_mut(state as usize)? = *word;
        }
        let words = words.get(ended..).unwrap_or_default();
        let class = |(spelling, _): &(Vec<u16>, u32)| spelling.get(depth).copied().unwrap_or_default();
        let groups: Vec<_> = words.chunk_by(|one, other| class(one) == class(other)).collect();
        let followers: Vec<_> = groups.iter().filter_map(|group| group.first().map(class)).collect();
        let (Some(lowest), Some(highest)) = (followers.first(), followers.last()) else { return Some(()) };
        let is_taken = |place: usize| self.states.get(place).is_some_and(|place| !place.is_free());
        let free = if followers.len() == 1 { &mut room.single } else { &mut room.several };
        while is_taken(*free) {
            *free += 1;
        }
        // The first base of its own with which all of them fit, at the latest behind the end of the array.
        let first = free.saturating_sub(usize::from(*lowest));
        let is_own = |base: usize| !room.bases.get(base).copied().unwrap_or_default();
        let fits = |base: &usize| is_own(*base) && followers.iter().all(|class| !is_taken(base + usize::from(*class)));
        let base = (first..State::BASES).find(fits)?;
        if first + TRIES < base {
            *free = base + usize::from(*lowest);
        }
        if room.bases.len() <= base {
            room.bases.resize(base + 1, false);
        }
        *room.bases.get_mut(base)? = true;
        let length = base + usize::from(*highest) + 1;
        if self.states.len() < length {
            self.states.resize(length, State::FREE);
            self.words.resize(length, 0);
        }
        self.states.get_mut(state as usize)?.0 |= (base as u32) << State::BASE;
        for class in &followers {
            *self.states.get_mut(base + usize::from(*class))? = State(u32::from(*class));
        }
        for (class, group) in followers.iter().zip(groups) {
            self.grow((base + usize::from(*class)) as u32, depth + 1, group, room)?;
        }
        Some(())
    }

    pub(super) fn mark(&self, c: char) -> Mark {
        self.marks.get(u32::from(c) as usize).copied().unwrap_or(Mark::UNKNOWN)
    }

    /// Tells all words that begin with the first of these characters, the shorter before the longer, each with how many
    /// characters it has.
    #[inline]
    pub(super) fn words(&self, marks: impl Iterator<Item = Mark>, mut found: impl FnMut(u32, usize)) {
        let mut base = self.states.first().map_or(0, |root| root.base());
        let mut length = 0;
        for mark in marks {
            length += 1;
            let class = u32::from(mark.class());
            let place = (base + class) as usize;
            let Some(state) = self.states.get(place).filter(|state| state.class() == class) else { return };
            base = state.base();
            if state.ends() {
                found(self.words.get(place).copied().unwrap_or_default(), length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 7] = ["金", "金子", "足金", "足金项链", "gold", "gold filled", "go"];

    fn check(text: &str, expected: &[&str]) {
        let trie = Trie::new(WORDS.into_iter().zip(0..)).unwrap();
        let mut found = Vec::new();
        trie.words(text.chars().map(|c| trie.mark(c)), |word, length| {
            assert_eq!(text.chars().take(length).collect::<String>(), WORDS[word as usize]);
            found.push(WORDS[word as usize]);
        });
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_place_knows_all_words_that_begin_there() {
        check("金子做的", &["金", "金子"]);
        check("足金项链", &["足金", "足金项链"]);
        check("足金项", &["足金"]);
        check("足", &[]);
        check("gold filling", &["go", "gold"]);
        check("gold filled", &["go", "gold", "gold filled"]);
        check("𠮷金", &[]);
        check("", &[]);
    }

    #[test]
    fn a_word_beyond_the_basic_plane_is_refused() {
        assert!(Trie::new([("𠮷", 0)].into_iter()).is_none());
    }
}
