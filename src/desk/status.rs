//! The status list, signed once for as long as it says what is so.
//!
//! What is kept is held against the database at every request, by two looks into indexes: how many capsules are revoked,
//! which only grows, and when the last one was issued. So a revocation is in the next list that anybody is given, from
//! whichever instance, and a list is never older than a capsule that exists.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};

use super::{Desk, Error};
use crate::capsule::{Hash, status};
use crate::store::{lookups, lost_capsules, queries};

/// A list counts for a day ([`status::COUNTS_FOR`]); whoever is given one can use it for most of that.
const SIGNED_ANEW_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// What a list says, as cheaply as it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    revoked: u64,
    places: u32,
    issued_at: Option<i64>,
}

/// A signed list.
#[derive(Debug)]
pub struct SignedList {
    /// One line (`application/vc+jwt`).
    pub line: String,
    /// Another list has another.
    pub etag: String,
    version: Version,
    packed: Arc<str>,
    at: Timestamp,
}

/// The list that was signed last.
#[derive(Debug, Default)]
pub struct StatusCache(Mutex<Option<Arc<SignedList>>>);

impl StatusCache {
    fn get(&self) -> Option<Arc<SignedList>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    fn keep(&self, list: Arc<SignedList>) {
        *self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(list);
    }
}

impl Desk {
    /// The signed list of the capsules that were revoked, as of now.
    pub async fn status_list(&self, now: Timestamp) -> Result<Arc<SignedList>, Error> {
        // One snapshot: a capsule that is revoked meanwhile is in the next list.
        let snapshot = self.store().snapshot().await?;
        // Of capsules whose record was lost the places are known all the same.
        let highest = lookups::highest_status_place(&*snapshot).await?;
        let highest = highest.max(lost_capsules::highest_place(&*snapshot).await?);
        let version = Version {
            revoked: lookups::count_revoked(&*snapshot).await? + lost_capsules::count_revoked(&*snapshot).await?,
            places: status::places(highest.and_then(|place| u32::try_from(place).ok())),
            issued_at: lookups::last_issued_at(&*snapshot).await?,
        };
        let kept = self.inner.status.get();
        let is_fresh = |list: &Arc<SignedList>| list.at <= now && now.duration_since(list.at) < SIGNED_ANEW_AFTER;
        if let Some(list) = kept.as_ref().filter(|list| list.version == version && is_fresh(list)) {
            return Ok(list.clone());
        }
        let is_same =
            |list: &Arc<SignedList>| (list.version.revoked, list.version.places) == (version.revoked, version.places);
        let packed = match kept.filter(is_same) {
            Some(list) => list.packed.clone(),
            None => {
                let lost = lost_capsules::revoked_places(&*snapshot).await?;
                let revoked = queries::revoked_places(&*snapshot).await?;
                let revoked = revoked.into_iter().chain(lost).filter_map(|place| u32::try_from(place).ok());
                status::packed(version.places, revoked).into()
            }
        };
        // Another instance's clock may be ahead of ours, and its capsule shall not be newer than the list.
        let issued = version.issued_at.and_then(|at| Timestamp::from_microsecond(at).ok());
        let at = issued.map_or(now, |issued| issued.max(now));
        let line = status::sign_packed(self.capsule_signer(), self.public_url(), &packed, at)
            .map_err(|error| Error::fault("the status list could not be signed", error))?;
        let etag = format!("\"{}\"", Hash::of(&line));
        let list = Arc::new(SignedList { line, etag, version, packed, at });
        self.inner.status.keep(list.clone());
        Ok(list)
    }
}
