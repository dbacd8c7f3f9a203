//! Who tries links that lead nowhere is slowed down. What is counted is misses, not visits: a link has 160 random bits,
//! and many buyers share the address of one mobile network.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

/// Where a request comes from: an address, or for IPv6 the network of a household.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source(IpAddr);

impl Source {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(IpAddr::V4(address)),
            // A household has 2^64 addresses of its own (RFC 6177).
            IpAddr::V6(address) => Self(IpAddr::V6((u128::from(address) >> 64 << 64).into())),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Source {
    type Rejection = Infallible;

    /// The peer; behind a proxy, which runs on this machine or in its private network, whom the proxy names last.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let peer = peer.unwrap_or(IpAddr::from([127, 0, 0, 1]));
        let near = match peer.to_canonical() {
            IpAddr::V4(peer) => peer.is_loopback() || peer.is_private(),
            IpAddr::V6(peer) => peer.is_loopback() || peer.is_unique_local(),
        };
        let named = parts.headers.get_all("x-forwarded-for").iter().next_back();
        let named = named.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        Ok(Self::of(named.filter(|_| near).unwrap_or(peer)))
    }
}

/// Misses that one source may have at once, and how fast they are forgiven.
const MOST: u32 = 120;
const FORGIVEN_EVERY: Duration = Duration::from_secs(1);

/// Sources kept in mind at the most; then the memory starts anew.
const KEPT: usize = 20_000;

/// The misses of each source.
#[derive(Default)]
pub struct Guesses(Mutex<HashMap<Source, (Instant, u32)>>);

impl Guesses {
    /// Whether this source may try a link.
    pub fn may_try(&self, source: &Source) -> bool {
        self.may_try_at(source, Instant::now())
    }

    /// It tried one that leads nowhere.
    pub fn missed(&self, source: &Source) {
        self.missed_at(source, Instant::now());
    }

    fn may_try_at(&self, source: &Source, now: Instant) -> bool {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(source).is_none_or(|entry| left(*entry, now) < MOST)
    }

    fn missed_at(&self, source: &Source, now: Instant) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if KEPT <= kept.len() && !kept.contains_key(source) {
            kept.retain(|_, entry| 0 < left(*entry, now));
            if KEPT <= kept.len() {
                kept.clear();
            }
        }
        let entry = kept.entry(*source).or_insert((now, 0));
        *entry = (now, left(*entry, now) + 1);
    }
}

/// The misses that are not forgiven yet.
fn left((since, misses): (Instant, u32), now: Instant) -> u32 {
    let forgiven = now.saturating_duration_since(since).as_millis() / FORGIVEN_EVERY.as_millis();
    misses.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn who_tries_too_many_waits_and_nobody_else() {
        let guesses = Guesses::default();
        let (one, other) = (Source::of([10, 0, 0, 1].into()), Source::of([10, 0, 0, 2].into()));
        let start = Instant::now();
        for _ in 0..MOST {
            assert!(guesses.may_try_at(&one, start));
            guesses.missed_at(&one, start);
        }
        assert!(!guesses.may_try_at(&one, start));
        assert!(guesses.may_try_at(&other, start));
        assert!(guesses.may_try_at(&one, start + FORGIVEN_EVERY));
    }

    #[tokio::test]
    async fn a_proxy_is_believed_only_where_it_is_near() {
        let check = async |peer: [u8; 4], named: Option<&str>, expected: &str| {
            let mut request = Request::builder();
            if let Some(named) = named {
                request = request.header("x-forwarded-for", named);
            }
            let (mut parts, ()) = request.body(()).unwrap().into_parts();
            parts.extensions.insert(ConnectInfo(SocketAddr::from((peer, 1))));
            let Ok(source) = Source::from_request_parts(&mut parts, &()).await;
            assert_eq!(source, Source::of(expected.parse().unwrap()), "{peer:?} {named:?}");
        };
        check([127, 0, 0, 1], Some("1.1.1.1, 203.0.113.7"), "203.0.113.7").await;
        check([127, 0, 0, 1], Some("nobody"), "127.0.0.1").await;
        check([198, 51, 100, 1], Some("203.0.113.7"), "198.51.100.1").await;
        check([10, 0, 0, 1], Some("2001:db8:1:2:3::4"), "2001:db8:1:2::9").await;
        check([10, 0, 0, 1], None, "10.0.0.1").await;
    }
}
