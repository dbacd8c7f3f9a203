//! The words of the lexicon as one trie over characters, in a double array: whether a word begins at a place, and how
//! long it is, is told in a step a character, and most characters of common speech end the question at once.
//!
//! An automaton of Aho and Corasick finds words wherever they begin, also inside others; here a place is asked only
//! where the word before it ends, and inside English words never.

/// How many places are tried for what follows a state before it goes to the end of the array.
const TRIES: usize = 4_096;
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

#[derive(Clone, Debug)]
pub(super) struct Trie {
    /// By code point of the basic plane: a small number for each character of the lexicon, nought for all others.
    classes: Vec<u16>,
    states: Vec<State>,
}

impl Trie {
    /// Builds the trie of all words with their numbers. None where a word has a character beyond the basic plane.
    pub(super) fn new<'w>(words: impl Iterator<Item = (&'w str, u32)>) -> Option<Self> {
        let words: Vec<_> = words.collect();
        // The characters that stand in most words have the smallest numbers: what follows a state then lies close together.
        let mut often = vec![0_u32; 0x1_0000];
        for c in words.iter().flat_map(|(word, _)| word.chars()) {
            *often.get_mut(u32::from(c) as usize)? += 1;
        }
        let mut known: Vec<_> = (0_u32..).zip(often).filter(|(_, often)| *often != 0).collect();
        known.sort_unstable_by_key(|(code, often)| (u32::MAX - often, *code));
        let mut classes = vec![0; 0x1_0000];
        for ((code, _), number) in known.into_iter().zip(1..) {
            *classes.get_mut(code as usize)? = number;
        }
        let class = |c: char| classes.get(u32::from(c) as usize).copied().unwrap_or_default();
        let mut spelled: Vec<(Vec<u16>, u32)> =
            words.iter().map(|(word, number)| (word.chars().map(class).collect(), *number)).collect();
        spelled.sort_unstable();
        let mut trie = Self { classes, states: vec![State { parent: NOBODY, ..FREE }] };
        let mut free = 1;
        trie.grow(ROOT, 0, &spelled, &mut free);
        Some(trie)
    }

    /// Adds what follows the state, which all the words share up to `depth`.
    fn grow(&mut self, state: u32, depth: usize, words: &[(Vec<u16>, u32)], free: &mut usize) {
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
        // The first place where all of them fit, or the end of the array, where they do.
        while self.states.get(*free).is_some_and(|place| place.parent != NONE) {
            *free += 1;
        }
        let first = free.saturating_sub(usize::from(*lowest));
        let is_taken = |place: usize| self.states.get(place).is_some_and(|place| place.parent != NONE);
        let fits = |base: &usize| followers.iter().all(|class| !is_taken(base + usize::from(*class)));
        let base = (first..).take(TRIES).find(fits).unwrap_or(self.states.len());
        let room = base + usize::from(*highest) + 1;
        if self.states.len() < room {
            self.states.resize(room, FREE);
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
            self.grow((base + usize::from(*class)) as u32, depth + 1, group, free);
        }
    }

    /// The number of a character, nought where no word has it.
    pub(super) fn class(&self, c: char) -> u16 {
        self.classes.get(u32::from(c) as usize).copied().unwrap_or_default()
    }

    /// Tells all words that begin with the first of these characters, the shorter before the longer, each with how many
    /// characters it has.
    #[inline]
    pub(super) fn words(&self, classes: &[u16], mut found: impl FnMut(u32, usize)) {
        let mut state = ROOT;
        let mut base = self.states.first().map_or(0, |root| root.base);
        for (length, class) in (1..).zip(classes) {
            let next = base + u32::from(*class);
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
        let classes: Vec<_> = text.chars().map(|c| trie.class(c)).collect();
        let mut found = Vec::new();
        trie.words(&classes, |word, length| {
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
