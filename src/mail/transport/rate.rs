//! How much goes to one host: a steady rate with a small burst, so that a provider does not take a live session's end for
//! an attack.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Hosts remembered at the most; those that are owed no wait are forgotten first.
const HOSTS: usize = 10_000;

/// A generic cell rate: each letter moves the time at which its host would be even, and no letter goes while that lies
/// further ahead than the burst.
pub struct Rate {
    interval: Duration,
    burst: Duration,
    even: Mutex<HashMap<String, Instant>>,
}

impl Rate {
    /// So many letters a minute to one host; a sixth of them may go at once.
    pub fn per_minute(letters: u32) -> Option<Self> {
        let interval = Duration::from_secs(60).checked_div(letters)?;
        Some(Self { interval, burst: interval * (letters / 6), even: Mutex::default() })
    }

    /// Counts a letter to this host.
    ///
    /// # Errors
    ///
    /// How long to wait, where it is not yet its turn; then it does not count.
    pub fn take(&self, host: &str, now: Instant) -> Result<(), Duration> {
        let mut even = self.even.lock().unwrap_or_else(PoisonError::into_inner);
        if HOSTS <= even.len() {
            even.retain(|_, at| now < *at);
        }
        let host = host.to_ascii_lowercase();
        let at = even.get(&host).copied().filter(|at| now < *at).unwrap_or(now);
        let ahead = at.duration_since(now);
        match ahead.checked_sub(self.burst) {
            Some(wait) if !wait.is_zero() => Err(wait),
            Some(_) | None => {
                even.insert(host, at + self.interval);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_one_by_one() {
        let rate = Rate::per_minute(60).unwrap();
        let start = Instant::now();
        let burst = (0..100).take_while(|_| rate.take("example.cn", start).is_ok()).count();
        assert_eq!(burst, 11); // Ten ahead, and the one whose turn it is.
        assert_eq!(rate.take("EXAMPLE.cn", start), Err(Duration::from_secs(1)));
        assert_eq!(rate.take("other.cn", start), Ok(()));
        let later = start + Duration::from_secs(1);
        assert_eq!(rate.take("example.cn", later), Ok(()));
        assert_eq!(rate.take("example.cn", later), Err(Duration::from_secs(1)));
    }

    #[test]
    fn without_a_rate_there_is_no_limit() {
        assert!(Rate::per_minute(0).is_none());
    }

    #[test]
    fn hosts_that_wait_for_nothing_are_forgotten() {
        let rate = Rate::per_minute(6).unwrap();
        let start = Instant::now();
        for host in 0..HOSTS {
            assert_eq!(rate.take(&host.to_string(), start), Ok(()));
        }
        assert_eq!(rate.take("one-more", start + Duration::from_secs(60)), Ok(()));
        assert_eq!(rate.even.lock().unwrap().len(), 1);
    }
}
