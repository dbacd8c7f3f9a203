//! The words of the lexicon as one trie over characters, in a double array: whether a word begins at a place, and how
//! long it is, is told in a step a character, and most characters of common speech end the question at once.
//!
//! An automaton of Aho and Corasick finds words wherever they begin, also inside others; here a place is asked only
//! where the word before it ends, and inside English words never.

/// How many places are tried for what follows a state before the part of the array that they lie in counts as full.
const TRIES: usize = 64;
/// No word ends in this state.
const NONE: u32 = u32::MAX;
/// The state before the first character.
const ROOT: u32 = 0;
/// What stands before that: nothing does.
const NOBODY: u32 = NONE - 1;

#[derive(Clone, Copy, Debug)]
struct State {
    /// The state behind this one by the class `c` is at `base + c`, if that state names this one as its parent.
    base: u32,
    parent: u32,
    word: u32,
}

const FREE: State = State { base: 0, parent: NONE, word: NONE };

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
    const CLASS: u16 = Self::OPENS - 1;

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
}

/// Where free places are looked for.
struct Room {
    /// The first that is free, for what follows a state alone.
    single: usize,
    /// Before here, several that stand as they must are seldom free.
    several: usize,
}

impl Trie {
    /// Builds the trie of all words with their numbers. None where a word has a character beyond the basic plane, or where
    /// there are too many characters for their marks.
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
        let mut trie = Self { marks, states: vec![State { parent: NOBODY, ..FREE }] };
        trie.grow(ROOT, 0, &spelled, &mut Room { single: 1, several: 1 });
        Some(trie)
    }

    /// Adds what follows the state, which all the words share up to `depth`.
    fn grow(&mut self, state: u32, depth: usize, words: &[(Vec<u16>, u32)], room: &mut Room) {
        let ended = words.iter().take_while(|(spelling, _)| spelling.len() == depth).count();
        if let (Some((_, word)), Some(place)) =
            (words.first().filter(|_| 0 < ended), self.states.get_mut(state as usize))
        {
            place.word = *word;
        }
        let words = words.get(ended..).unwrap_or_default();
        let class = |(spelling, _): &(Vec<u16>, u32)| spelling.get(depth).copied().unwrap_or_default();
        let groups: Vec<_> = words.chunk_by(|one, other| class(one) == class(other)).collect();
        let followers: Vec<_> = groups.iter().filter_map(|group| group.first().map(class)).collect();
        let (Some(lowest), Some(highest)) = (followers.first(), followers.last()) else { return };
        let is_taken = |place: usize| self.states.get(place).is_some_and(|place| place.parent != NONE);
        let free = if followers.len() == 1 { &mut room.single } else { &mut room.several };
        while is_taken(*free) {
            *free += 1;
        }
        // The first place where all of them fit, at the latest behind the end of the array.
        let first = free.saturating_sub(usize::from(*lowest));
        let fits = |base: &usize| followers.iter().all(|class| !is_taken(base + usize::from(*class)));
        let base = (first..).find(fits).unwrap_or(self.states.len());
        if first + TRIES < base && 1 < followers.len() {
            room.several = base;
        }
        let length = base + usize::from(*highest) + 1;
        if self.states.len() < length {
            self.states.resize(length, FREE);
        }
        if let Some(place) = self.states.get_mut(state as usize) {
            place.base = base as u32;
        }
        for class in &followers {
            if let Some(place) = self.states.get_mut(base + usize::from(*class)) {
                place.parent = state;
            }
        }
        for (class, group) in followers.iter().zip(groups) {
            self.grow((base + usize::from(*class)) as u32, depth + 1, group, room);
        }
    }

    pub(super) fn mark(&self, c: char) -> Mark {
        self.marks.get(u32::from(c) as usize).copied().unwrap_or(Mark::UNKNOWN)
    }

    /// Tells all words that begin with the first of these characters, the shorter before the longer, each with how many
    /// characters it has.
    #[inline]
    pub(super) fn words(&self, marks: impl Iterator<Item = Mark>, mut found: impl FnMut(u32, usize)) {
        let mut state = ROOT;
        let mut base = self.states.first().map_or(0, |root| root.base);
        let mut length = 0;
        for mark in marks {
            length += 1;
            let next = base + u32::from(mark.class());
            let Some(place) = self.states.get(next as usize).filter(|place| place.parent == state) else { return };
            (state, base) = (next, place.base);
            if place.word != NONE {
                found(place.word, length);
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
