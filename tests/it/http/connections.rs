//! Callers who do not finish what they begin: the head of a request, or its body.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use touchstone::http::connections::Limits;
use touchstone::http::{router, serve_within};
use tower::ServiceExt;

use crate::app::TestApp;
use crate::support::TestDatabase;

#[tokio::test]
async fn half_a_head_gives_its_place_to_the_next_and_the_house_still_closes() {
    let app = TestApp::new(&TestDatabase::sqlite()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    // The next request comes whole, and whoever waits for its answer is not timed.
    let limits = Limits { head: Duration::from_secs(1), connections: 1 };
    let service = tokio::spawn(serve_within(listener, app.app.clone(), limits, async {
        let _ = stopped.await;
    }));

    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(b"GET /livez HTTP/1.1\r\nX: ").await.unwrap();
    // The only place is taken until that one is sent away.
    let mut whole = TcpStream::connect(address).await.unwrap();
    whole.write_all(b"GET /livez HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    whole.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut rest = Vec::new();
    let ended = half.read_to_end(&mut rest).await;
    assert!(ended.is_err() || rest.is_empty() || rest.starts_with(b"HTTP/1.1 4"), "{rest:?}");

    stop.send(()).unwrap();
    service.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_body_that_does_not_come_is_its_callers_fault() {
    let db = TestDatabase::sqlite();
    let builder = TestApp::builder(&db).settings(|settings| {
        settings.request_timeout = Duration::from_millis(1);
    });
    let app = builder.open().await;
    let never = futures_util::stream::pending::<Result<Bytes, Infallible>>();
    let request = Request::post("/v").body(Body::from_stream(never)).unwrap();
    let answer = router(app.app.clone()).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 408);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.headers()["connection"], "close");
    let body = axum::body::to_bytes(answer.into_body(), 4_096).await.unwrap();
    assert!(std::str::from_utf8(&body).unwrap().contains("body_too_slow"), "{body:?}");
}
