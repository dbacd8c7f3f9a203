//! The daily draw: which of the pieces that nothing else asks for are looked at twice (`second_look.csv`).
//!
//! A seed is drawn for every day ahead of it and sealed; its hash is public from then on, and the seed itself once the
//! day is over. The place of a piece follows from the seed of the day on which its first appraisal came, and from the
//! order's number, line and attempt: whoever knows these can check it with a hash, and nobody can choose it, neither who
//! sends an order without knowing the seed, nor who knows the seed without choosing the number.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::{Desk, Error, PieceView};
use crate::capsule::Hash;
use crate::domain::command::Command;
use crate::domain::event::OrderPlaced;
use crate::domain::ids::{PersonId, StreamKey};
use crate::domain::looks::{Around, Lot};
use crate::domain::piece::Piece;
use crate::domain::refusal::Refusal;
use crate::domain::text::Name;
use crate::store::entity::{lots, seen};
use crate::store::{Source, looks};
use crate::vault::Vault;

/// So many days ahead a seed is committed.
const AHEAD: i32 = 7;

/// With fewer days ahead than this, more are committed.
const LEAST_AHEAD: i32 = 3;

/// The seed of one day, opened.
#[derive(Clone, Debug)]
struct Seed {
    seed: String,
    commitment: String,
    committed_at: i64,
}

/// Seeds that were opened before, and until when they are known to be committed.
#[derive(Default)]
pub struct Seeds(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    seeds: HashMap<String, Seed>,
    until: Option<Date>,
    /// Readers that were noted before, each of one settlement.
    readers: HashSet<(StreamKey, PersonId, i32)>,
}

/// Readers kept at the most; then the memory starts anew.
const READERS: usize = 10_000;

/// The day of an instant, in UTC.
pub fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// What is published of a seed before its day: SHA-256 of its hexadecimal digits.
pub fn commitment(seed: &str) -> String {
    Hash::of(seed).to_string()
}

/// Where a piece lies in a draw, 0 to 999,999: the first 64 bits of SHA-256 over the seed, the platform, the order's
/// number, the line and the attempt, each on a line of its own, as a share of all.
pub fn place_ppm(seed: &str, placed: &OrderPlaced, (line_no, attempt): (i32, i32)) -> i64 {
    let text = format!("{seed}\n{}\n{}\n{line_no}\n{attempt}", placed.tenant_id, placed.order_no);
    let hash = Hash::of(text);
    let first = hash.as_bytes().iter().take(8).fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
    i64::try_from((first * 1_000_000) >> 64).unwrap_or_default()
}

/// A seed with its row. Public for those who set up a house whose draws are known, such as tests.
pub fn row(vault: &Vault, day: &str, seed: &str, now: Timestamp) -> lots::Model {
    let key = Vault::fresh_key();
    lots::Model {
        day: day.to_owned(),
        commitment: commitment(seed),
        wrapped_key: vault.wrap(&key, &context(day)),
        sealed: Vault::seal(&key, seed.as_bytes(), &context(day)),
        committed_at: now.as_microsecond(),
    }
}

fn context(day: &str) -> Vec<u8> {
    format!("lots/{day}").into_bytes()
}

/// Whether a command may settle a bench, and so asks for the draw.
fn draws(command: &Command) -> bool {
    matches!(command, Command::SubmitAppraisal { .. } | Command::RepeatMeasurement { .. } | Command::Correct { .. })
}

/// A day with its commitment, and with its seed once it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    pub day: String,
    pub commitment: String,
    pub committed_at: i64,
    pub seed: Option<String>,
}

impl Desk {
    /// Commits the seeds of today and of the days to come that have none yet. A house does it when it opens, so that the
    /// first day has one before its first order.
    pub async fn commit_seeds(&self, now: Timestamp) -> Result<(), Error> {
        let rows = self.missing_seeds(&self.store().source(), now).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let txn = self.store().begin().await?;
        looks::keep_lots(&*txn, rows).await?;
        Ok(txn.commit().await?)
    }

    /// Rows for the days ahead that have no seed; none while enough are committed.
    async fn missing_seeds(&self, source: &Source<'_>, now: Timestamp) -> Result<Vec<lots::Model>, Error> {
        let today = day_of(now);
        let ahead = |days: i32| today.checked_add(Span::new().days(days)).unwrap_or(today);
        let kept = self.seeds().0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).until;
        if kept.is_some_and(|until| ahead(LEAST_AHEAD) <= until) {
            return Ok(Vec::new());
        }
        let limit = u64::try_from(AHEAD + 1).unwrap_or(1);
        let known = looks::lots_from(source, &today.to_string(), limit).await?;
        let days = (0..=AHEAD).map(|days| ahead(days).to_string());
        let missing: Vec<_> = days.filter(|day| known.iter().all(|row| row.day != *day)).collect();
        if missing.is_empty() {
            self.seeds().0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).until = Some(ahead(AHEAD));
        }
        let fresh = |day: String| row(self.vault(), &day, &hex::encode(Vault::hmac(&Vault::fresh_key(), b"lot")), now);
        Ok(missing.into_iter().map(fresh).collect())
    }

    fn open_seed(&self, row: &lots::Model) -> Result<Seed, Error> {
        let fault = |error| Error::fault("the seed of a day cannot be opened", error);
        let key = self.vault().unwrap_key(&row.wrapped_key, &context(&row.day)).map_err(fault)?;
        let bytes = Vault::open(&key, &row.sealed, &context(&row.day)).map_err(fault)?;
        let seed = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Seed { seed, commitment: row.commitment.clone(), committed_at: row.committed_at })
    }

    async fn seed(&self, source: &Source<'_>, day: &str) -> Result<Option<Seed>, Error> {
        let kept = self.seeds().0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).seeds.get(day).cloned();
        if kept.is_some() {
            return Ok(kept);
        }
        let Some(row) = looks::lot(source, day).await? else { return Ok(None) };
        let seed = self.open_seed(&row)?;
        self.seeds().0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).seeds.insert(row.day, seed.clone());
        Ok(Some(seed))
    }

    /// What the rulebook asks around a piece before anything is settled, and seeds to be committed with it.
    pub(super) async fn around(
        &self,
        source: &Source<'_>,
        piece: &Piece,
        placed: &OrderPlaced,
        command: &Command,
        now: Timestamp,
    ) -> Result<(Around, Vec<lots::Model>), Error> {
        if !draws(command) {
            return Ok((Around::default(), Vec::new()));
        }
        let first = piece.standing().bench().and_then(|bench| bench.appraisals().first());
        let at = first.and_then(|(seq, _)| piece.event(*seq)).map_or(now, |recorded| recorded.at);
        let day = day_of(at);
        let seed = self.seed(source, &day.to_string()).await?;
        let begins = day.to_zoned(TimeZone::UTC).map(|begin| begin.timestamp().as_microsecond());
        let opened = piece.history().first().map(|opened| opened.at.as_microsecond());
        // Committed before the day; or, on the first day of a house, before the order was known.
        let in_time = |seed: &Seed| {
            begins.as_ref().is_ok_and(|begins| seed.committed_at < *begins)
                || opened.is_some_and(|opened| seed.committed_at < opened)
        };
        let lot = match seed.filter(in_time) {
            Some(seed) => Some(Lot {
                day: Name::parse(&day.to_string()).map_err(|error| Error::fault("a day is a name", error))?,
                place_ppm: place_ppm(&seed.seed, placed, (piece.opened().line_no, piece.opened().attempt)),
                commitment: seed.commitment,
            }),
            None => None,
        };
        let (tenant, merchant) = (placed.tenant_id.as_str(), placed.merchant_id.as_str());
        let conduct_step = self.conduct_step(source, tenant, merchant, now).await?;
        Ok((Around { lot, conduct_step }, self.missing_seeds(source, now).await?))
    }

    /// Refuses an appraisal by somebody who has read of another's, with whatever key.
    pub(super) async fn check_blind(
        &self,
        source: &Source<'_>,
        key: StreamKey,
        piece: &Piece,
        command: &Command,
        person: PersonId,
    ) -> Result<(), Error> {
        let (Command::SubmitAppraisal { .. }, true) = (command, piece.is_blind()) else { return Ok(()) };
        let first = piece.standing().bench().and_then(|bench| bench.appraisals().first());
        let since = first.and_then(|(seq, _)| piece.event(*seq)).map_or(0, |recorded| recorded.at.as_microsecond());
        match looks::has_seen(source, (key.order_id.0, key.stream_id.0), person.0, since).await? {
            true => Err(Refusal::NotBlind.into()),
            false => Ok(()),
        }
    }

    /// Notes that somebody reads what one person alone found, before it is answered: should another be called to look,
    /// it is not them. Who could not be called anyway is not noted.
    pub async fn note_seen(&self, view: &PieceView, person: PersonId, now: Timestamp) -> Result<(), Error> {
        let Some((appraised, _)) = view.piece.standing().review() else { return Ok(()) };
        if 1 < appraised.appraisers().len() || !appraised.bench().takes(person) {
            return Ok(());
        }
        let reader = (view.key, person, view.piece.settlement().map_or(0, |(seq, _)| seq));
        if self.seeds().0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).readers.contains(&reader) {
            return Ok(());
        }
        let (order_id, stream_id) = (view.key.order_id.0, view.key.stream_id.0);
        let row = seen::Model { order_id, stream_id, person_id: person.0, seen_at: now.as_microsecond() };
        let txn = self.store().begin().await?;
        looks::note_seen(&*txn, row).await?;
        txn.commit().await?;
        let mut kept = self.seeds().0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if READERS <= kept.readers.len() {
            kept.readers.clear();
        }
        kept.readers.insert(reader);
        Ok(())
    }

    /// The commitments from a day on, with the seeds of those that are over.
    pub async fn published_seeds(&self, from: Date, limit: u64, now: Timestamp) -> Result<Vec<Published>, Error> {
        let rows = looks::lots_from(self.store().reader(), &from.to_string(), limit).await?;
        let today = day_of(now).to_string();
        let publish = |row: lots::Model| {
            let seed = if row.day < today { Some(self.open_seed(&row)?.seed) } else { None };
            Ok(Published { day: row.day, commitment: row.commitment, committed_at: row.committed_at, seed })
        };
        rows.into_iter().map(publish).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Ship;
    use crate::domain::samples::order;

    #[test]
    fn a_place_is_the_share_of_a_hash_that_anybody_can_make() {
        let seed = "00".repeat(32);
        let placed = order(Ship::AsReady, &[]).placed;
        // printf '00…00\nt\nKS1\n1\n1' | sha256sum, the first 16 digits × 1,000,000 / 2^64
        assert_eq!(place_ppm(&seed, &placed, (1, 1)), 773_970);
        // printf '00…00' | sha256sum
        assert_eq!(commitment(&seed), "60e05bd1b195af2f94112fa7197a5c88289058840ce7c6df9693756bc6250f55");
    }
}
