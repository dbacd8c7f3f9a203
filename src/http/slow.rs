//! Whose fault it is that a request took too long: the caller's, whose body did not come, or ours.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};

use super::ApiError;

/// Whether somebody waits for more of a body at this moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting(Arc<AtomicBool>);

impl Waiting {
    /// The answer to a request that was given up after this time.
    pub(super) fn given_up(&self, after: Duration) -> Response {
        if !self.0.load(Ordering::Relaxed) {
            return ApiError::Busy.into_response();
        }
        let detail = format!(
            "the body did not arrive within {} seconds: send the same request again, and all of its body",
            after.as_secs().max(1)
        );
        let mut response = ApiError::request(StatusCode::REQUEST_TIMEOUT, "body_too_slow", detail).into_response();
        // What comes of the body later must not be taken for another request.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

/// The request, and what tells whether its body is waited for.
pub(super) fn watched(request: Request) -> (Request, Waiting) {
    let waiting = Waiting::default();
    let watch = waiting.clone();
    (request.map(|inner| Body::new(Watched { inner, waiting: watch })), waiting)
}

struct Watched {
    inner: Body,
    waiting: Waiting,
}

impl hyper::body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        self.waiting.0.store(polled.is_pending(), Ordering::Relaxed);
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
