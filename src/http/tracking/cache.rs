//! Pages that were made a moment ago, each with what it rested on.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::capsule::Hash;
use crate::domain::ids::OrderId;
use crate::words::Language;

/// A page as it was sent.
pub struct Kept {
    /// What it rested on.
    pub version: Hash,
    pub html: Bytes,
    /// The photos that it shows.
    pub photos: HashSet<String>,
}

/// Which page: of an order, in a language, with or without the language in its links.
type Place = (OrderId, Language, bool);

/// Pages kept at the most; then the memory starts anew.
const MOST: usize = 1_024;

/// How long one is kept: what an erasure took out of the database does not stay in memory.
const KEPT_FOR: Duration = Duration::from_secs(600);

#[derive(Default)]
pub struct Pages(Mutex<HashMap<Place, (Instant, Arc<Kept>)>>);

impl Pages {
    /// A page that rested on exactly this.
    pub fn get(&self, place: &Place, version: &Hash) -> Option<Arc<Kept>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(place).filter(|(_, page)| page.version == *version).map(|(_, page)| page.clone())
    }

    pub fn keep(&self, place: Place, page: Arc<Kept>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (since, _)| since.elapsed() < KEPT_FOR);
        if MOST <= kept.len() {
            kept.clear();
        }
        kept.insert(place, (Instant::now(), page));
    }
}
