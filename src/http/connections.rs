//! Connections: how many there are at once, and how long a caller may take to say what it wants.
//!
//! A connection that says nothing, or half of something, costs a file descriptor all the same; enough of them would
//! leave none for the database.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

/// File descriptors that are kept for everything else: the database, photos, letters, webhooks.
const KEPT_FREE: u32 = 224;
/// What most systems give a process.
const USUAL_FILES: u32 = 1_024;
/// No more than this, whatever the system gives.
const MOST: u32 = 16_384;

/// What callers get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Within this the whole head of a request must be there; so a connection that is kept open without a request ends
    /// after as long.
    pub head: Duration,
    /// Connections at once. Who comes later waits to be taken.
    pub connections: u32,
}

impl Default for Limits {
    /// Half a minute, and as many connections as the files that this process may open leave room for.
    fn default() -> Self {
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
        Self { head: Duration::from_secs(30), connections: connections(files(&limits).unwrap_or(USUAL_FILES)) }
    }
}

/// How many files the process may open, by what Linux tells of it; none where it is not told.
fn files(limits: &str) -> Option<u32> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u32::MAX),
        number => Some(number.parse().unwrap_or(u32::MAX)),
    }
}

/// Of so many files, the connections: all but what is kept free, and half where that is more.
fn connections(files: u32) -> u32 {
    files.saturating_sub(KEPT_FREE).max(files / 2).clamp(1, MOST)
}

/// Takes connections until it is told to stop, then waits until each has got the answer to what it had asked.
pub(super) async fn serve(
    mut listener: TcpListener,
    router: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()> + Send,
) {
    let room = Arc::new(Semaphore::new(limits.connections as usize));
    let (open, closing) = watch::channel(());
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = async {
            let place = room.clone().acquire_owned().await;
            (place, Listener::accept(&mut listener).await)
        };
        let (place, (stream, address)) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut shutdown => break,
        };
        let (router, closing) = (router.clone(), closing.clone());
        tokio::spawn(async move {
            converse(stream, address, router, limits.head, closing).await;
            drop(place);
        });
    }
    drop(listener);
    drop(open);
    // All places are free again once the last connection is gone.
    let _ = room.acquire_many(limits.connections).await;
}

/// One connection, to its end.
async fn converse(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
    head: Duration,
    mut closing: watch::Receiver<()>,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(address));
        let router = router.clone();
        async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    });
    let mut builder = http1::Builder::new();
    let connection = builder.timer(TokioTimer::new()).header_read_timeout(head);
    let mut connection = pin!(connection.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        ended = connection.as_mut() => return said(ended),
        // The other end is never used; it is gone when the house closes.
        _ = closing.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    said(connection.await);
}

/// A caller who breaks off, or takes too long, is no fault of ours.
fn said(ended: Result<(), hyper::Error>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_may_open_is_read_as_linux_tells_it() {
        let told = "Limit                     Soft Limit           Hard Limit           Units     \n\
                    Max cpu time              unlimited            unlimited            seconds   \n\
                    Max open files            1024                 1048576              files     \n";
        assert_eq!(files(told), Some(1_024));
        assert_eq!(files("Max open files            unlimited            unlimited            files"), Some(u32::MAX));
        assert_eq!(files("Max cpu time              unlimited"), None);
        assert_eq!(files(""), None);
    }

    #[test]
    fn connections_leave_room_for_everything_else() {
        let check = |files, expected| assert_eq!(connections(files), expected, "{files}");
        check(1_024, 800);
        check(256, 128);
        check(0, 1);
        check(65_536, 16_384);
        check(u32::MAX, 16_384);
    }
}
