//! The words of the lexicon as one trie over characters, in a double array: whether a word begins at a place, and how
//! long it is, is told in a step a character, and most characters of common speech end the question at once.
//!
//! An automaton of Aho and Corasick finds words wherever they begin, also inside others; here a place is asked only
//! where the word before it ends, and inside English words never.

/// No word ends in this state.
const NONE: u32 = u32::MAX;
/// The state before the first character.
const ROOT: u32 = 0;

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

/// A text as numbers of its characters, with their places in bytes.
#[derive(Debug, Default)]
pub(super) struct Classed {
    pub(super) classes: Vec<u16>,
    /// One more than there are characters: the last is the length of the text.
    pub(super) places: Vec<u32>,
}

impl Trie {
    /// Builds the trie of all words with their numbers. None where a word has a character beyond the basic plane.
    pub(super) fn new<'w>(words: impl Iterator<Item = (&'w str, u32)>) -> Option<Self> {
        let mut classes = vec![0; 0x1_0000];
        let mut last = 0;
        let mut spelled: Vec<(Vec<u16>, u32)> = Vec::new();
        for (word, number) in words {
            let mut spelling = Vec::new();
            for c in word.chars() {
                let class: &mut u16 = classes.get_mut(u32::from(c) as usize)?;
                if *class == 0 {
                    last += 1;
                    *class = last;
                }
                spelling.push(*class);
            }
            spelled.push((spelling, number));
        }
        spelled.sort_unstable();
        let mut trie = Self { classes, states: vec![State { parent: ROOT, ..FREE }] };
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
        // The first place where all of them fit.
        while self.states.get(*free).is_some_and(|place| place.parent != NONE) {
            *free += 1;
        }
        let mut base = free.saturating_sub(usize::from(*lowest));
        while followers.iter().any(|class| {
            let place = base + usize::from(*class);
            place == ROOT as usize || self.states.get(place).is_some_and(|place| place.parent != NONE)
        }) {
            base += 1;
        }
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

    /// Writes the text as numbers.
    pub(super) fn classify(&self, text: &str, out: &mut Classed) {
        out.classes.clear();
        out.places.clear();
        for (place, c) in text.char_indices() {
            out.classes.push(self.classes.get(u32::from(c) as usize).copied().unwrap_or_default());
            out.places.push(place as u32);
        }
        out.places.push(text.len() as u32);
    }

    /// All words that begin with the first of these characters, the shorter before the longer, each with how many
    /// characters it has.
    pub(super) fn words<'t>(&'t self, classes: &'t [u16]) -> impl Iterator<Item = (u32, usize)> + use<'t> {
        let mut state = ROOT;
        let mut base = self.states.first().map_or(0, |root| root.base);
        let mut ahead = classes.iter().enumerate();
        std::iter::from_fn(move || {
            loop {
                let (at, class) = ahead.next().filter(|(_, class)| **class != 0)?;
                let next = base + u32::from(*class);
                let place = self.states.get(next as usize).filter(|place| place.parent == state)?;
                (state, base) = (next, place.base);
                if place.word != NONE {
                    return Some((place.word, at + 1));
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 7] = ["金", "金子", "足金", "足金项链", "gold", "gold filled", "go"];

    fn check(text: &str, expected: &[&str]) {
        let trie = Trie::new(WORDS.into_iter().zip(0..)).unwrap();
        let mut classed = Classed::default();
        trie.classify(text, &mut classed);
        let found: Vec<_> = trie.words(&classed.classes).collect();
        let words: Vec<_> = found.iter().map(|(word, _)| WORDS[*word as usize]).collect();
        assert_eq!(words, expected, "{text}");
        for (word, length) in found {
            assert_eq!(&text[..classed.places[length] as usize], WORDS[word as usize]);
        }
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
