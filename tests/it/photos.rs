//! Photos over HTTP: what is taken and what is not, what is kept of it, who is shown it, and how a picture that comes
//! again is found.

use std::convert::Infallible;
use std::io::Cursor;
use std::task::Poll;

use axum::body::{Body, Bytes};
use axum::http::Method;
use futures_util::{TryStreamExt, stream};
use image::ImageFormat;
use image::imageops::FilterType;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use touchstone::audit::{self, Finding, Watch};
use touchstone::domain::actor::Role;
use touchstone::http::photos::{self, Swept};
use touchstone::photos::shelf::{Board, PhotoHash, Shelf};
use touchstone::vault::{Secrets, Vault};

use crate::app::{Answer, Client, TestApp, place, warehouse};
use crate::walk::{Stop, walk, weight};

mod bucket;

const BANGLE: &[u8] = include_bytes!("../../fixtures/photos/bangle.jpg");
const CAPTURED: &[u8] = include_bytes!("../../fixtures/photos/captured.jpg");
const ROTATED: &[u8] = include_bytes!("../../fixtures/photos/rotated.jpg");
const RING: &[u8] = include_bytes!("../../fixtures/photos/ring.png");
const TRUNCATED: &[u8] = include_bytes!("../../fixtures/photos/truncated.jpg");
const OVERSIZED: &[u8] = include_bytes!("../../fixtures/photos/oversized.png");
const LARGE_HEADER: &[u8] = include_bytes!("../../fixtures/photos/large-header.jpg");
const HEIC: &[u8] = include_bytes!("../../fixtures/photos/phone.heic");
const NO_IMAGE: &[u8] = include_bytes!("../../fixtures/photos/not-an-image.jpg");

/// The bangle, twice as large: its renditions are two pictures.
fn large() -> Vec<u8> {
    let bangle = image::load_from_memory_with_format(BANGLE, ImageFormat::Jpeg).unwrap();
    let mut bytes = Cursor::new(Vec::new());
    bangle.resize_exact(640, 480, FilterType::Triangle).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// A piece that was received and not photographed yet.
async fn received(app: &TestApp, order_no: &str) -> String {
    let code = place(app, order_no, 1).await.remove(0);
    walk(app, &code, Stop::Inbound).await;
    let receipt = json!({"condition": "intact", "weight": weight("58.41"), "note": null});
    app.clerk().post(&format!("/v1/pieces/{code}/receipt"), receipt).await.expect(200);
    code
}

fn path(code: &str) -> String {
    format!("/v1/pieces/{code}/photos")
}

async fn upload(client: &Client, code: &str, photo: &[u8]) -> Value {
    client.upload(&path(code), "piece_front", photo).await.expect(200)
}

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap_or_else(|| panic!("{name} in {answer:#}"))
}

both!(a_photo_is_named_by_its_hashes_and_judged_at_once, |db| async move {
    let app = TestApp::new(db).await;
    let code = received(&app, "KS1").await;
    let answer = upload(app.inspector(), &code, CAPTURED).await;
    assert_eq!(text(&answer, "original_sha256"), PhotoHash::of(CAPTURED).to_string());
    let quality = &answer["quality"];
    assert_eq!((quality["width"].as_i64(), quality["height"].as_i64()), (Some(320), Some(240)));
    let found = &quality["findings"][0];
    assert_eq!(found["code"], "small");
    assert!(found["en"].as_str().unwrap().contains("too small") && found["zh"].as_str().unwrap().contains("图片过小"));

    let seen = app.inspector().get(&format!("/v1/pieces/{code}")).await.expect(200);
    let photo = &seen["photos"][0];
    assert_eq!((&photo["id"], &photo["shown_sha256"]), (&answer["id"], &answer["shown_sha256"]));
    assert_eq!(photo["captured_at"], "2026-11-21T10:03:04+08:00");
    let journal = app.auditor().get(&format!("/v1/pieces/{code}/journal")).await.expect(200);
    let event = &journal["events"].as_array().unwrap().last().unwrap()["event"];
    assert_eq!((event["kind"].as_str(), event["version"].as_i64()), (Some("photo_added"), Some(2)));
    for name in ["original_sha256", "shown_sha256", "small_sha256"] {
        assert_eq!(event["payload"][name], answer[name], "{name}");
    }
    assert_eq!(event["payload"]["captured_at"], "2026-11-21T10:03:04+08:00");
    assert_eq!(event["payload"]["fingerprint"].as_str().unwrap().len(), 16);
});

both!(renditions_are_given_to_those_who_see_the_piece_and_originals_to_its_supervisor, |db| async move {
    let app = TestApp::new(db).await;
    let code = received(&app, "KS1").await;
    let answer = upload(app.inspector(), &code, ROTATED).await;
    for name in ["shown_sha256", "small_sha256"] {
        let hash = text(&answer, name);
        let got = app.merchant().get(&format!("{}/{hash}", path(&code))).await;
        assert_eq!((got.status.as_u16(), got.header("content-type")), (200, "image/jpeg"), "{name}");
        assert_eq!(PhotoHash::of(&got.body).to_string(), hash);
        assert!(got.header("cache-control").contains("immutable"));
        assert!(!got.body.windows(4).any(|window| window == b"Exif"));
        let tag = format!("\"{hash}\"");
        let again = app.merchant().call(Method::GET, &format!("{}/{hash}", path(&code)));
        assert_eq!(again.header("if-none-match", &tag).send().await.status.as_u16(), 304);
    }
    let original = format!("{}/{}", path(&code), text(&answer, "original_sha256"));
    app.inspector().get(&original).await.expect_problem(404, "not_found");
    app.auditor().get(&original).await.expect_problem(404, "not_found");
    let got = app.supervisor().get(&original).await;
    assert_eq!((got.status.as_u16(), got.body.as_slice()), (200, ROTATED));
});

both!(nobody_walks_from_one_photo_to_anothers, |db| async move {
    let app = TestApp::new(db).await;
    let (code, other) = (received(&app, "KS1").await, received(&app, "KS2").await);
    let answer = upload(app.inspector(), &code, BANGLE).await;
    let shown = text(&answer, "shown_sha256");
    // The hash of a photo is good for its own piece only.
    app.inspector().get(&format!("{}/{shown}", path(&other))).await.expect_problem(404, "not_found");
    app.inspector().get(&format!("{}/{}", path(&code), "0".repeat(64))).await.expect_problem(404, "not_found");
    app.inspector().get(&format!("{}/..%2f..%2fetc", path(&code))).await.expect_problem(404, "not_found");
    let elsewhere = app.key(Role::Inspector, warehouse("w-2")).await;
    elsewhere.get(&format!("{}/{shown}", path(&code))).await.expect_problem(404, "not_found");
    app.stranger().get(&format!("{}/{shown}", path(&code))).await.expect_problem(401, "no_key");
});

both!(what_is_no_photo_is_refused_with_what_would_make_it_right, |db| async move {
    let app = TestApp::new(db).await;
    let code = received(&app, "KS1").await;
    let check = async |photo: &[u8], status: u16, problem: &str, words: &str| {
        let told = app.clerk().upload(&path(&code), "piece_front", photo).await.expect_problem(status, problem);
        let detail = told["errors"][0]["detail"].as_str().unwrap();
        assert!(told["errors"][0]["pointer"] == "/file" && detail.contains(words), "{detail}");
    };
    check(HEIC, 415, "not_a_photo", "Most Compatible").await;
    check(NO_IMAGE, 415, "not_a_photo", "send a JPEG, PNG or WebP").await;
    check(TRUNCATED, 422, "bad_photo", "breaks off").await;
    check(OVERSIZED, 422, "bad_photo", "megapixels").await;
    check(LARGE_HEADER, 422, "bad_photo", "20000 × 10000").await;
    let seen = app.inspector().get(&format!("/v1/pieces/{code}")).await.expect(200);
    assert_eq!(seen["photos"], json!([]));
});

both!(the_same_photo_sent_twice_under_one_key_is_one_photo, |db| async move {
    let app = TestApp::new(db).await;
    let code = received(&app, "KS1").await;
    let send = async |photo: &[u8]| {
        app.clerk().call(Method::POST, &path(&code)).key("one").form("piece_front", photo).send().await
    };
    let first = send(BANGLE).await.expect(200);
    assert_eq!(send(BANGLE).await.expect(200)["id"], first["id"]);
    send(RING).await.expect_problem(422, "key_reused");
    let seen = app.inspector().get(&format!("/v1/pieces/{code}")).await.expect(200);
    assert_eq!(seen["photos"].as_array().unwrap().len(), 1);
});

both!(a_picture_that_comes_again_is_named_and_of_a_foreign_piece_only_told, |db| async move {
    let app = TestApp::new(db).await;
    let (one, other) = (received(&app, "KS1").await, received(&app, "KS2").await);
    let first = upload(app.inspector(), &one, BANGLE).await;
    assert_eq!(first["similar"], json!([]));
    // Once more for the same piece is no finding; for another it is, also when it was written anew.
    assert_eq!(upload(app.inspector(), &one, CAPTURED).await["similar"], json!([]));
    assert_eq!(upload(app.inspector(), &one, RING).await["similar"], json!([]));
    let again = upload(app.inspector(), &other, CAPTURED).await;
    assert_eq!(again["similar"].as_array().unwrap().len(), 2);
    // What looks otherwise, the ring, is not among them.
    assert!(again["similar"].as_array().unwrap().iter().all(|alike| alike["code"] == one && alike["distance"] == 0));

    let mut order = crate::app::sample_order("KS3");
    order["warehouse"] = json!("w-2");
    let placed = app.platform().post("/v1/orders", order).await.expect(201);
    let code = text(&placed["lines"][0]["piece"], "code").to_owned();
    let clerk = app.key(Role::Clerk, warehouse("w-2")).await;
    let receipt = json!({"condition": "intact", "weight": weight("58.41"), "note": null});
    clerk.post(&format!("/v1/pieces/{code}/receipt"), receipt).await.expect(200);
    let told = clerk.upload(&path(&code), "piece_front", BANGLE).await.expect(200);
    assert_eq!(told["similar"][0], json!({"code": null, "photo_id": null, "distance": 0}));
});

both!(each_step_waits_for_its_photos, |db| async move {
    let app = TestApp::new(db).await;
    let code = received(&app, "KS1").await;
    let seen = app.inspector().get(&format!("/v1/pieces/{code}")).await.expect(200);
    assert_eq!(seen["photos_needed"]["receipt"], json!(["parcel_closed", "parcel_open", "piece_overview"]));
    let open = format!("/v1/pieces/{code}/appraisal-opened");
    let told = app.inspector().post(&open, json!({})).await.expect_problem(422, "evidence_incomplete");
    assert_eq!(told["errors"].as_array().unwrap().len(), 3, "{told:#}");
    for kind in ["parcel_closed", "parcel_open", "piece_overview"] {
        app.clerk().upload(&path(&code), kind, BANGLE).await.expect(200);
    }
    app.inspector().post(&open, json!({})).await.expect(200);
    let appraisals = format!("/v1/pieces/{code}/appraisals");
    let body = crate::walk::appraisal();
    let told = app.inspector().post(&appraisals, body.clone()).await.expect_problem(422, "evidence_incomplete");
    let kinds: Vec<_> = told["errors"].as_array().unwrap().iter().map(|error| text(error, "detail")).collect();
    assert!(["piece_front", "piece_back", "on_gauge"].iter().all(|kind| kinds.iter().any(|told| told.contains(kind))));
    for kind in ["piece_front", "piece_back", "on_gauge"] {
        app.inspector().upload(&path(&code), kind, BANGLE).await.expect(200);
    }
    app.inspector().post(&appraisals, body).await.expect(200);
});

/// What lies on a board.
async fn on(shelf: &Shelf, board: Board) -> usize {
    shelf.list(board).try_collect::<Vec<_>>().await.unwrap().len()
}

both!(the_shelf_keeps_what_is_named_and_an_original_for_its_time, |db| async move {
    let app = TestApp::new(db).await;
    let code = received(&app, "KS1").await;
    let photo = large();
    let answer = upload(app.inspector(), &code, &photo).await;
    let shelf = Shelf::open(&app.app.settings().data_dir).unwrap();
    // Nothing on the shelf can be read without the house's key.
    let sealed = shelf.get(Board::Originals, PhotoHash::of(&photo)).await.unwrap().unwrap();
    assert!(!sealed.windows(16).any(|window| window == &photo[..16]) && sealed.len() == photo.len() + 40);
    for board in [Board::Originals, Board::Renditions] {
        shelf.put(board, PhotoHash::of(b"left by a crash"), &b"?"[..]).await.unwrap();
    }

    let now = Timestamp::now();
    let sweep = async |now| photos::sweep(app.desk(), &shelf, now).await.unwrap();
    assert_eq!(sweep(now).await, Swept::default(), "what is new is left alone");
    let tomorrow = now + SignedDuration::from_hours(25);
    assert_eq!(sweep(tomorrow).await, Swept { originals: 1, renditions: 1 });
    assert_eq!((on(&shelf, Board::Originals).await, on(&shelf, Board::Renditions).await), (1, 2));

    // The piece is still in the house: its original is kept for ever so long.
    let years = |count: i64| now + SignedDuration::from_hours(24 * 366 * count);
    assert_eq!(sweep(years(9)).await, Swept::default());
    let lost = json!({"what": "lost", "note": "盘点未见"});
    app.clerk().post(&format!("/v1/pieces/{code}/custody"), lost).await.expect(200);
    assert_eq!(sweep(years(2)).await, Swept::default());
    assert_eq!(sweep(years(4)).await, Swept { originals: 1, renditions: 0 });
    let original = format!("{}/{}", path(&code), text(&answer, "original_sha256"));
    app.supervisor().get(&original).await.expect_problem(410, "retention_over");
    let shown = app.supervisor().get(&format!("{}/{}", path(&code), text(&answer, "shown_sha256"))).await;
    assert_eq!(shown.status.as_u16(), 200);
});

both!(a_photo_that_was_changed_on_the_shelf_is_not_given_out, |db| async move {
    let app = TestApp::new(db).await;
    let code = received(&app, "KS1").await;
    let answer = upload(app.inspector(), &code, BANGLE).await;
    let shelf = Shelf::open(&app.app.settings().data_dir).unwrap();
    let hash: PhotoHash = text(&answer, "shown_sha256").parse().unwrap();
    let mut sealed = shelf.get(Board::Renditions, hash).await.unwrap().unwrap().to_vec();
    sealed[100] ^= 1;
    shelf.put(Board::Renditions, hash, sealed).await.unwrap();
    let got: Answer = app.inspector().get(&format!("{}/{hash}", path(&code))).await;
    got.expect_problem(500, "fault");
});

/// What was found, and what it names.
#[derive(Default)]
struct Told(Vec<String>);

impl Watch for Told {
    fn progress(&mut self, _: u64, _: u64) {}

    fn found(&mut self, finding: &Finding) {
        self.0.push(format!("{} {finding}", finding.wrong.code()));
    }
}

both!(an_edited_a_swapped_and_a_lost_photo_are_found_by_the_check, |db| async move {
    let secrets = Secrets::random();
    let app = TestApp::builder(db).secrets(secrets.clone()).open().await;
    let code = received(&app, "KS1").await;
    let answer = upload(app.inspector(), &code, &large()).await;
    let shelf = Shelf::open(&app.app.settings().data_dir).unwrap();
    let hash = |name: &str| -> PhotoHash { text(&answer, name).parse().unwrap() };
    let (original, shown, small) = (hash("original_sha256"), hash("shown_sha256"), hash("small_sha256"));
    let check = async |now| {
        let mut told = Told::default();
        let report = audit::photos(app.desk(), &shelf, now, &mut told).await.unwrap();
        assert_eq!((report.files, report.findings), (3, told.0.len() as u64));
        (told.0, report.over)
    };
    let now = Timestamp::now();
    assert_eq!(check(now).await, (Vec::new(), 0));

    // One bit of the original; a rendition that an insider with the house's own key put in another's place; one is gone.
    let mut edited = shelf.get(Board::Originals, original).await.unwrap().unwrap().to_vec();
    edited[1_000] ^= 1;
    shelf.put(Board::Originals, original, edited).await.unwrap();
    let swapped = Vault::new(&secrets).seal_photo(shown.as_bytes(), b"another picture");
    shelf.put(Board::Renditions, shown, swapped).await.unwrap();
    shelf.remove(Board::Renditions, small).await.unwrap();
    let (told, _) = check(now).await;
    for (said, (problem, hash)) in
        told.iter().zip([("photo_edited", original), ("photo_edited", shown), ("photo_gone", small)])
    {
        assert!(said.starts_with(problem) && said.contains(&hash.to_string()), "{said}");
    }
    assert_eq!(told.len(), 3);
    app.supervisor().get(&format!("{}/{original}", path(&code))).await.expect_problem(500, "fault");
    app.inspector().get(&format!("{}/{shown}", path(&code))).await.expect_problem(500, "fault");

    // An original that is gone is missed for as long as the rulebook keeps it, and no longer.
    shelf.remove(Board::Originals, original).await.unwrap();
    let (told, over) = check(now).await;
    assert!(told[0].starts_with("photo_gone") && over == 0, "{told:?}");
    let lost = json!({"what": "lost", "note": "盘点未见"});
    app.clerk().post(&format!("/v1/pieces/{code}/custody"), lost).await.expect(200);
    let (told, over) = check(now + SignedDuration::from_hours(24 * 366 * 4)).await;
    assert_eq!((told.len(), over), (2, 1), "{told:?}");
});

/// A body of which nothing comes; tells when somebody waits for it.
fn stalled(waited_for: UnboundedSender<()>) -> Body {
    Body::from_stream(stream::poll_fn(move |_| {
        // The test may have seen enough.
        let _ = waited_for.send(());
        Poll::<Option<Result<Bytes, Infallible>>>::Pending
    }))
}

both!(uploads_that_never_end_leave_the_house_open_and_who_comes_later_is_asked_to_come_again, |db| async move {
    let app = TestApp::new(db).await;
    let code = received(&app, "KS1").await;
    let (sender, mut waited_for) = unbounded_channel();
    let mut uploads = JoinSet::new();
    for _ in 0..16 {
        let call = app.clerk().call(Method::POST, &path(&code)).bytes("multipart/form-data; boundary=edge", Vec::new());
        uploads.spawn(call.send_body(stalled(sender.clone())));
    }
    for _ in 0..16 {
        waited_for.recv().await.unwrap();
    }
    let told = app.clerk().upload(&path(&code), "piece_front", BANGLE).await;
    assert!(!told.header("retry-after").is_empty());
    told.expect_problem(503, "busy");
    app.inspector().get(&format!("/v1/pieces/{code}")).await.expect(200);
    app.clerk().post(&format!("/v1/pieces/{code}/notes"), json!({"text": "还在"})).await.expect(200);
    uploads.shutdown().await;
    upload(app.clerk(), &code, BANGLE).await;
});
