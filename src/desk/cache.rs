//! Pieces that were in hand a moment ago. A folded piece never goes stale by itself: a journal only grows, so what is
//! kept is completed with the events after it, read in the transaction that decides.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::capsule::Hash;
use crate::domain::event::OrderPlaced;
use crate::domain::ids::{OrderId, StreamKey};
use crate::domain::piece::Piece;

/// A folded piece with the tip of its journal.
#[derive(Clone, Debug)]
pub struct Folded {
    pub piece: Piece,
    pub tip: Tip,
}

/// The last event of a journal, as far as the next one hangs on it.
#[derive(Clone, Debug)]
pub struct Tip {
    pub hash: Hash,
    pub body_digest: Option<Vec<u8>>,
    /// The first event of the command that it came from.
    pub since: i32,
}

/// What one writer keeps. Others may ask whether something is there.
pub struct Cache {
    pieces: Mutex<Generations<StreamKey, Folded>>,
    orders: Mutex<Generations<OrderId, Arc<OrderPlaced>>>,
}

impl Cache {
    pub fn new(pieces: usize) -> Self {
        Self { pieces: Mutex::new(Generations::new(pieces)), orders: Mutex::new(Generations::new(pieces)) }
    }

    pub fn piece(&self, key: &StreamKey) -> Option<Folded> {
        lock(&self.pieces).get(key)
    }

    pub fn has_piece(&self, key: &StreamKey) -> bool {
        lock(&self.pieces).has(key)
    }

    pub fn keep_piece(&self, key: StreamKey, folded: Folded) {
        lock(&self.pieces).put(key, folded);
    }

    pub fn order(&self, id: &OrderId) -> Option<Arc<OrderPlaced>> {
        lock(&self.orders).get(id)
    }

    pub fn keep_order(&self, id: OrderId, placed: Arc<OrderPlaced>) {
        lock(&self.orders).put(id, placed);
    }
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A bounded store of two generations: what is not asked for while one fills is dropped with the next.
struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    size: usize,
}

impl<K: std::hash::Hash + Eq + Copy, V: Clone> Generations<K, V> {
    fn new(size: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), size }
    }

    fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let value = self.old.remove(key)?;
        self.put(*key, value.clone());
        Some(value)
    }

    fn has(&self, key: &K) -> bool {
        self.young.contains_key(key) || self.old.contains_key(key)
    }

    fn put(&mut self, key: K, value: V) {
        if self.size == 0 {
            return;
        }
        if self.size <= self.young.len() {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_is_bounded() {
        let mut kept = Generations::new(10);
        kept.put(0, "first");
        for key in 1..100 {
            assert_eq!(kept.get(&0), Some("first"));
            kept.put(key, "other");
            assert!(kept.young.len() + kept.old.len() <= 21);
        }
        assert_eq!(kept.get(&50), None);
        assert!(kept.has(&0) && !kept.has(&50));
        let mut nothing = Generations::new(0);
        nothing.put(0, "first");
        assert_eq!(nothing.get(&0), None);
    }
}
