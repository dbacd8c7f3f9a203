//! A transport for tests: letters are kept, and failures told beforehand.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Accepted, Failure};
use crate::mail::{Letter, mime};

#[derive(Default)]
struct Kept {
    letters: Vec<Letter>,
    /// What happens to the next letters, in order.
    next: VecDeque<Failure>,
    /// What happens to every letter to an address with this in it.
    to: Vec<(String, Failure)>,
}

/// Letters in memory. A clone is the same memory.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Kept>>);

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory(…)")
    }
}

impl Memory {
    fn kept<T>(&self, with: impl FnOnce(&mut Kept) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Everything that was taken so far.
    pub fn letters(&self) -> Vec<Letter> {
        self.kept(|kept| kept.letters.clone())
    }

    /// The next letter is refused.
    pub fn fail_next(&self, failure: Failure) {
        self.kept(|kept| kept.next.push_back(failure));
    }

    /// Every letter to an address with this in it is refused.
    pub fn fail_for(&self, part: impl Into<String>, failure: Failure) {
        self.kept(|kept| kept.to.push((part.into(), failure)));
    }

    /// Takes a letter, or what was told before.
    ///
    /// # Errors
    ///
    /// A failure that was asked for; a letter that could not be written.
    pub fn send(&self, letter: &Letter) -> Result<Accepted, Failure> {
        mime::post(letter)?;
        self.kept(|kept| {
            if let Some(failure) = kept.next.pop_front() {
                return Err(failure);
            }
            if let Some((_, failure)) = kept.to.iter().find(|(part, _)| letter.to.contains(part.as_str())) {
                return Err(failure.clone());
            }
            kept.letters.push(letter.clone());
            Ok(Accepted { code: "memory".to_owned() })
        })
    }
}
