//! The pages for buyers and for whoever checks a certificate, as they are sent: who gets in, what stands on them and
//! what must not, and the buyer's choice.

use std::collections::BTreeSet;
use std::io::Write as _;

use axum::http::Method;
use jiff::Timestamp;
use serde_json::json;
use touchstone::capsule::Hash;
use touchstone::domain::event::Event;
use touchstone::domain::event::EventKind;
use touchstone::domain::route::Stage;
use touchstone::store::Store;

use crate::app::{Answer, TestApp, place, sample_order};
use crate::stages::{Placed, STAGES, field, placed_in};
use crate::walk::{Stop, photograph, piece, walk};

const CHOICE: &str = "awaiting_buyer";

async fn get(app: &TestApp, path: &str) -> Answer {
    app.stranger().get(path).await
}

async fn post(app: &TestApp, path: &str, body: &str) -> Answer {
    let call = app.stranger().call(Method::POST, path);
    call.bytes("application/x-www-form-urlencoded", body.as_bytes().to_vec()).send().await
}

fn decision(placed: &Placed) -> String {
    format!("{}/pieces/{}/decision", placed.page, placed.code)
}

/// The form as the page sends it.
fn filled(page: &str, choice: &str, phone: &str) -> String {
    format!("choice={choice}&shown={}&nonce={}&phone={phone}&lang=zh-CN", field(page, "shown"), field(page, "nonce"))
}

/// What a reader sees of a page.
fn text_of(page: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in page.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text
}

both!(a_wrong_an_old_and_a_foreign_link_get_the_same_page, |db| async move {
    let app = TestApp::new(db).await;
    let placed = placed_in(&app, "awaiting_dispatch").await;
    let token = placed.page.trim_start_matches("/t/");
    let (head, last) = token.split_at(token.len() - 1);
    let near = format!("{head}{}", if last == "A" { "B" } else { "A" });
    let other = app.desk().action_token(placed.key.order_id);
    let mut shapes = BTreeSet::new();
    for wrong in [near.as_str(), other.as_str(), "x", &"9".repeat(300), "%E7%BF%A1", "AAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        for path in ["", "/photos/00", "/events", "/pieces/1/decision", "/act/1"] {
            let answer = get(&app, &format!("/t/{wrong}{path}")).await;
            assert_eq!(answer.status, 404, "{wrong} {path}");
            let names: Vec<_> =
                answer.headers.keys().map(ToString::to_string).filter(|name| name != "x-request-id").collect();
            shapes.insert((answer.text, names));
        }
    }
    assert_eq!(shapes.len(), 1, "{shapes:#?}");
    assert_eq!(get(&app, &placed.page).await.status, 200);
});

both!(who_tries_many_links_is_told_to_wait, |db| async move {
    let app = TestApp::new(db).await;
    let try_one = async |source: &str| {
        app.stranger().call(Method::GET, "/t/wrong").header("x-forwarded-for", source).send().await
    };
    let mut last = try_one("203.0.113.7").await;
    for _ in 0..400 {
        last = try_one("203.0.113.7").await;
        if last.status == 429 {
            break;
        }
    }
    assert_eq!((last.status.as_u16(), last.header("retry-after")), (429, "60"));
    assert_eq!(try_one("203.0.113.8").await.status, 404, "nobody else waits");
});

both!(a_page_keeps_to_itself, |db| async move {
    let app = TestApp::new(db).await;
    let placed = placed_in(&app, CHOICE).await;
    for path in [placed.page.clone(), decision(&placed), "/t/none".to_owned(), "/v".to_owned()] {
        let answer = get(&app, &path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.header("x-robots-tag").contains("noindex"));
        // Nothing is loaded from elsewhere; a link may lead there when it is followed.
        for mark in ["src=\"http", "srcset", "url(", "<iframe", "@import", " style=\"", " onclick"] {
            assert!(!answer.text.contains(mark), "{path} holds {mark}");
        }
        for stylesheet in answer.text.split("<link ").skip(1) {
            assert!(stylesheet.split('>').next().unwrap().contains("href=\"/assets/"), "{stylesheet}");
        }
    }
});

both!(nothing_personal_stands_on_a_page_but_a_masked_name_and_a_city, |db| async move {
    let app = TestApp::new(db).await;
    let mut order = sample_order("KS-private");
    order["lines"][0]["title"] = json!("翡翠手镯 <img src=x onerror=alert(1)>");
    let placed = app.platform().post("/v1/orders", order).await.expect(201);
    let code = placed["lines"][0]["piece"]["code"].as_str().unwrap();
    walk(&app, code, Stop::Outbound).await;
    let url = placed["tracking_url"].as_str().unwrap().replace("https://touchstone.example", "");
    for lang in ["zh-CN", "en"] {
        let page = get(&app, &format!("{url}?lang={lang}")).await.text;
        assert!(page.contains("林**") && page.contains("样品市"), "{page}");
        for hidden in
            ["林晚舟", "17000001001", "buyer@example.cn", "桂花路", "KS-private", "测试inspector", "<img src=x", "u-77"]
        {
            assert!(!page.contains(hidden), "{hidden} stands on the page");
        }
        let preview: Vec<_> =
            page.split("<meta property=\"og:").skip(1).map(|rest| rest.split('>').next().unwrap()).collect();
        assert!(5 <= preview.len());
        for meta in preview {
            assert!(!meta.contains("林") && !meta.contains("样品市") && !meta.contains(code), "{meta}");
        }
    }
});

both!(a_page_shows_the_renditions_that_it_names_and_no_other_file, |db| async move {
    let app = TestApp::new(db).await;
    let placed = placed_in(&app, "appraising").await;
    let seen = piece(app.supervisor(), &placed.code).await;
    let hash = |kind: &str, which: &str| {
        let mut photos = seen["photos"].as_array().unwrap().iter().rev();
        let photo = photos.find(|photo| photo["kind"] == kind).unwrap();
        photo[which].as_str().unwrap().to_owned()
    };
    let shown = format!("{}/photos/{}", placed.page, hash("piece_overview", "shown_sha256"));
    let photo = get(&app, &shown).await;
    assert_eq!((photo.status.as_u16(), photo.header("content-type")), (200, "image/jpeg"));
    assert_eq!(photo.header("referrer-policy"), "no-referrer");
    let original = format!("{}/photos/{}", placed.page, hash("piece_overview", "original_sha256"));
    assert_eq!(get(&app, &original).await.status, 404);
    // Another order's photo, though it is on the shelf.
    let other = placed_in(&app, "awaiting_dispatch").await;
    let foreign = format!("{}/photos/{}", other.page, hash("piece_overview", "shown_sha256"));
    assert_eq!(get(&app, &foreign).await.status, 404);
});

both!(what_lies_open_on_a_bench_is_not_told_to_the_buyer_either, |db| async move {
    let app = TestApp::new(db).await;
    let placed = placed_in(&app, "appraising").await;
    photograph(app.inspector(), &placed.code, &["hallmark"]).await;
    let page = get(&app, &placed.page).await.text;
    assert!(!page.contains("印记") && !page.contains("怎么说的"), "{page}");
    let held = placed_in(&app, "quarantined").await;
    let page = get(&app, &held.page).await.text;
    assert!(page.contains("您不会有损失") && !page.contains("怎么说的") && !page.contains("假"), "{page}");
});

both!(no_page_shows_a_word_of_the_machine, |db| async move {
    let app = TestApp::new(db).await;
    let names: BTreeSet<&str> = Stage::ALL
        .iter()
        .map(|stage| stage.as_str())
        .chain(EventKind::ALL.iter().map(|kind| kind.as_str()))
        .filter(|name| name.contains('_'))
        .collect();
    for stage in STAGES {
        let placed = placed_in(&app, stage).await;
        for lang in ["zh-CN", "en"] {
            let mut pages = vec![get(&app, &format!("{}?lang={lang}", placed.page)).await];
            assert_eq!(pages[0].status, 200, "{stage}");
            assert!(pages[0].text.contains(&format!("lang=\"{lang}\"")));
            if *stage == CHOICE {
                pages.push(get(&app, &format!("{}?lang={lang}", decision(&placed))).await);
            }
            for page in pages {
                let text = text_of(&page.text);
                let words: BTreeSet<&str> =
                    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).collect();
                let raw: Vec<_> = words.iter().filter(|word| names.contains(*word)).collect();
                assert!(raw.is_empty(), "{stage} in {lang} shows {raw:?}");
                let keys = words.iter().filter(|word| {
                    ["stage-", "next-", "event-", "finding-", "claim-", "choice-", "photo-", "method-", "part-"]
                        .iter()
                        .any(|group| word.starts_with(group))
                });
                assert_eq!(keys.count(), 0, "{stage} in {lang}: {text}");
                assert!(!text.contains('{') && !text.contains("$"), "{stage} in {lang}: {text}");
                let foreign = text.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count();
                assert!(lang == "zh-CN" || foreign < text.chars().count() / 5, "{stage} is not English: {text}");
            }
        }
    }
});

both!(a_page_is_small, |db| async move {
    let app = TestApp::new(db).await;
    let placed = placed_in(&app, "delivered").await;
    let page = get(&app, &placed.page).await.text;
    let style = page.split_once("rel=\"stylesheet\" href=\"").unwrap().1.split_once('"').unwrap().0;
    let style = get(&app, style).await;
    assert_eq!((style.status.as_u16(), style.header("content-type")), (200, "text/css; charset=utf-8"));
    assert!(style.header("cache-control").contains("immutable"));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(page.as_bytes()).unwrap();
    packed.write_all(style.text.as_bytes()).unwrap();
    let bytes = packed.finish().unwrap().len();
    assert!(bytes < 40 * 1024, "{bytes} bytes");
});

both!(a_kept_page_is_never_older_than_the_journal, |db| async move {
    let app = TestApp::new(db).await;
    let placed = placed_in(&app, "received").await;
    let before = get(&app, &placed.page).await.text;
    assert_eq!(before, get(&app, &placed.page).await.text);
    app.inspector().post(&format!("/v1/pieces/{}/appraisal-opened", placed.code), json!({})).await.expect(200);
    let after = get(&app, &placed.page).await.text;
    assert!(after.contains("正在检测") && before != after);
    // What was erased is on no page, whatever was kept.
    let erase = app.desk().read_placed(placed.key.order_id).await.unwrap().unwrap().buyer_id;
    app.operator().post(&format!("/v1/persons/{erase}/erase"), json!({})).await.expect(200);
    let erased = get(&app, &placed.page).await.text;
    assert!(!erased.contains("林**") && !erased.contains("冰糯种"), "{erased}");
});

both!(what_was_said_leads_to_its_second_in_the_replay_and_shows_no_markup, |db| async move {
    let app = TestApp::new(db).await;
    let about = json!({"room_id": "room-9", "replay_url": "https://replay.example/r-9"});
    app.platform().put("/v1/lives/r-9", about).await.expect(200);
    let words = "这只是翡翠的<b onclick=alert(1)>，天然A货，产地缅甸";
    let srt = format!("1\n00:12:45,000 --> 00:12:49,000\n{words}\n");
    app.platform().put("/v1/lives/r-9/transcript", json!({"format": "srt", "content": srt})).await.expect(200);
    let code = place(&app, "KS-said", 1).await.remove(0);
    walk(&app, &code, Stop::SpokenReview).await;
    crate::walk::settle(&app, &code).await;
    let body = json!({"proposal": crate::walk::proposal(&app, &code).await});
    app.inspector().post(&format!("/v1/pieces/{code}/verdict"), body).await.expect(200);
    let order = app.platform().get("/v1/orders/KS-said").await.expect(200);
    let url = order["tracking_url"].as_str().unwrap().replace("https://touchstone.example", "");
    let page = get(&app, &url).await.text;
    assert!(page.contains("href=\"https://replay.example/r-9#t=765\"") && page.contains("回听 12:45"), "{page}");
    assert!(page.contains("实验室测不出") && page.contains("缅甸"), "{page}");
    assert!(!page.contains("<b onclick"), "{page}");
});

// ---- the buyer's choice ----------------------------------------------------------------------------

both!(looking_at_the_choice_changes_nothing, |db| async move {
    let app = TestApp::new(db).await;
    let placed = placed_in(&app, CHOICE).await;
    let before = piece(app.supervisor(), &placed.code).await["seq"].clone();
    for _ in 0..3 {
        assert_eq!(get(&app, &decision(&placed)).await.status, 200);
    }
    assert_eq!(piece(app.supervisor(), &placed.code).await["seq"], before);
});

both!(the_buyer_accepts_once_however_often_they_press, |db| async move {
    let app = TestApp::new(db).await;
    let placed = placed_in(&app, CHOICE).await;
    let page = get(&app, &decision(&placed)).await.text;
    assert!(page.contains("56.5 mm") && page.contains("55.6 mm"), "{page}");
    let form = filled(&page, "accept", "1001");
    let path = decision(&placed);
    let (one, two) = tokio::join!(post(&app, &path, &form), post(&app, &path, &form));
    for answer in [&one, &two] {
        assert!(matches!(answer.status.as_u16(), 200 | 303), "{answer:?}");
    }
    let seen = piece(app.supervisor(), &placed.code).await;
    assert_eq!(seen["stage"], "cleared");
    let done = get(&app, &decision(&placed)).await;
    assert!(done.text.contains("您的决定已记录"), "{}", done.text);
    assert!(get(&app, &placed.page).await.text.contains("您已接受"));
    let again = post(&app, &decision(&placed), &filled(&page, "refuse", "1001")).await;
    assert_eq!(again.status, 200, "what was decided is shown, and stays");
    assert_eq!(piece(app.supervisor(), &placed.code).await["stage"], "cleared");

    // The event names exactly the text that was shown, which is kept beside it.
    let view = app.desk().read_piece(placed.key).await.unwrap().unwrap();
    let accepted: Vec<_> = view
        .piece
        .history()
        .iter()
        .filter_map(|recorded| match &recorded.event {
            Event::DifferenceAccepted(accepted) => Some((accepted.shown_digest.clone(), recorded.person, recorded.key)),
            _ => None,
        })
        .collect();
    assert_eq!(accepted.len(), 1);
    assert_eq!((accepted[0].1, accepted[0].2), (Some(view.placed.buyer_id), None));
    let texts = app.desk().read_texts(placed.key.order_id).await.unwrap();
    let shown = texts.values().find(|text| Hash::of(text.as_bytes()).to_string() == accepted[0].0).expect("the text");
    assert!(shown.contains("55.6 mm") && shown.contains("按现状收下"), "{shown}");
    assert_eq!(notices(app.store(), "choice_recorded").await, 1);
});

/// How many letters of a kind wait for their courier.
async fn notices(store: &Store, notice: &str) -> usize {
    use sea_orm::EntityTrait;
    let rows = touchstone::store::entity::outbox::Entity::find().all(store.reader()).await.unwrap();
    let is_theirs = |row: &touchstone::store::entity::outbox::Model| row.recipient == "buyer" && row.channel == "mail";
    rows.into_iter().filter(|row| row.notice == notice && is_theirs(row)).count()
}

both!(the_buyer_refuses_and_the_piece_goes_back, |db| async move {
    let app = TestApp::new(db).await;
    let placed = placed_in(&app, CHOICE).await;
    let page = get(&app, &decision(&placed)).await.text;
    let answer = post(&app, &decision(&placed), &filled(&page, "refuse", "1001")).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let seen = piece(app.supervisor(), &placed.code).await;
    assert_eq!(seen["stage"], "returning");
    assert!(get(&app, &placed.page).await.text.contains("您没有接受"));
    assert_eq!(notices(app.store(), "choice_recorded").await, 1);
});

both!(five_wrong_tries_shut_the_digits_and_the_personal_notice_still_opens, |db| async move {
    let app = TestApp::new(db).await;
    let placed = placed_in(&app, CHOICE).await;
    let path = decision(&placed);
    let page = get(&app, &path).await.text;
    for wrong in ["", "100", "10011", "１００１", "abcd"] {
        assert_eq!(post(&app, &path, &filled(&page, "accept", wrong)).await.status, 422, "{wrong} costs no try");
    }
    for left in (1..5).rev() {
        let answer = post(&app, &path, &filled(&page, "accept", "9999")).await;
        assert_eq!(answer.status, 403);
        assert!(answer.text.contains(&format!("还剩 {left} 次")), "{}", answer.text);
    }
    assert!(post(&app, &path, &filled(&page, "accept", "9999")).await.text.contains("输错次数过多"));
    let right = post(&app, &path, &filled(&page, "accept", "1001")).await;
    assert_eq!(right.status, 403, "too late for the right ones");
    assert_eq!(piece(app.supervisor(), &placed.code).await["stage"], CHOICE);

    let action = app.desk().action_token(placed.key.order_id);
    let wrong = get(&app, &format!("{}/act/{}x", placed.page, action)).await;
    assert_eq!(wrong.status, 404);
    let notice = get(&app, &format!("{}/act/{action}", placed.page)).await;
    assert_eq!((notice.status.as_u16(), notice.header("location")), (303, placed.page.as_str()));
    let cookie = notice.header("set-cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let known = app.stranger().call(Method::GET, &path).header("cookie", cookie).send().await;
    assert!(!known.text.contains("name=\"phone\""), "{}", known.text);
    let form = filled(&known.text, "accept", "").into_bytes();
    let call = app.stranger().call(Method::POST, &path).header("cookie", cookie);
    let taken = call.bytes("application/x-www-form-urlencoded", form).send().await;
    assert_eq!(taken.status, 303, "{taken:?}");
});

both!(the_tries_are_counted_for_good_and_one_that_is_right_forgives_them, |db| async move {
    let app = TestApp::new(db).await;
    let placed = placed_in(&app, CHOICE).await;
    let path = decision(&placed);
    let page = get(&app, &path).await.text;
    for _ in 0..3 {
        post(&app, &path, &filled(&page, "accept", "0000")).await;
    }
    let buyer = app.desk().read_placed(placed.key.order_id).await.unwrap().unwrap().buyer_id;
    assert_eq!(app.desk().tries_left(placed.key.order_id, buyer).await.unwrap(), Some(2));
    assert_eq!(post(&app, &path, &filled(&page, "accept", "1001")).await.status, 303);
    assert_eq!(app.desk().tries_left(placed.key.order_id, buyer).await.unwrap(), Some(5));
    // Many at once are not more than five.
    let other = placed_in(&app, "received").await;
    let tries = (0..12).map(|_| app.desk().try_digits(other.key.order_id, buyer, "0000", Timestamp::now()));
    let told = futures_util::future::join_all(tries).await;
    use touchstone::desk::choice::Digits;
    let wrong = told.iter().filter(|digits| matches!(digits, Ok(Digits::Wrong(_)))).count();
    assert!(wrong <= 4, "{told:?}");
});

both!(what_is_stale_foreign_empty_or_over_is_a_clear_page, |db| async move {
    let app = TestApp::new(db).await;
    let placed = placed_in(&app, CHOICE).await;
    let path = decision(&placed);
    let page = get(&app, &path).await.text;
    let stale = post(&app, &path, &format!("choice=accept&shown={}&nonce=n&phone=1001", "0".repeat(64))).await;
    assert_eq!(stale.status, 409);
    assert!(stale.text.contains("内容已有变化"));
    assert_eq!(post(&app, &path, &filled(&page, "maybe", "1001")).await.status, 422);
    assert_eq!(post(&app, &path, "\u{0}").await.status, 422);
    assert_eq!(get(&app, &format!("{}/pieces/NOPE/decision", placed.page)).await.status, 404);
    let cross = app.stranger().call(Method::POST, &path).header("sec-fetch-site", "cross-site");
    let cross =
        cross.bytes("application/x-www-form-urlencoded", filled(&page, "accept", "1001").into_bytes()).send().await;
    assert_eq!(cross.status, 403);
    assert_eq!(piece(app.supervisor(), &placed.code).await["stage"], CHOICE);

    let other = placed_in(&app, "cleared").await;
    assert!(get(&app, &decision(&other)).await.text.contains("您的决定已记录"));
    let never = placed_in(&app, "inbound").await;
    assert!(get(&app, &decision(&never)).await.text.contains("没有需要决定的事"));

    // A clock that ran out: nothing is taken any more.
    let row = touchstone::store::entity::deadlines::Model {
        order_id: placed.key.order_id.0,
        stream_id: placed.key.stream_id.0,
        kind: "awaiting_buyer:buyer".to_owned(),
        due_at: 1_000_000,
        set_by_seq: 1,
        leased_until_at: None,
    };
    let changes = touchstone::store::changes::Changes { deadlines: vec![row], ..Default::default() };
    let txn = app.store().begin().await.unwrap();
    txn.write(changes).await.unwrap();
    txn.commit().await.unwrap();
    assert!(get(&app, &path).await.text.contains("决定的时间已过"));
    let late = post(&app, &path, &filled(&page, "accept", "1001")).await;
    assert_eq!(late.status, 409);
    assert_eq!(piece(app.supervisor(), &placed.code).await["stage"], CHOICE);
});

// ---- the certificate -------------------------------------------------------------------------------

both!(a_certificate_is_downloaded_checked_and_looked_up_by_a_form, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Released).await;
    let seen = piece(app.clerk(), code).await;
    let number = seen["capsule"]["certificate_code"].as_str().unwrap().to_owned();
    let file = get(&app, &format!("/v/{number}/capsule.jwt")).await;
    assert_eq!((file.status.as_u16(), file.header("content-type")), (200, "application/vc+jwt"));
    assert!(file.header("content-disposition").starts_with("attachment"));
    let form = |line: &str| format!("lang=en&capsule={line}");
    let good = post(&app, "/v", &form(&file.text)).await;
    assert!(good.text.contains("exactly as it was signed") && good.text.contains(&number), "{}", good.text);
    let (head, last) = file.text.split_at(file.text.len() - 6);
    let forged = format!("{head}{}", last.chars().rev().collect::<String>());
    let bad = post(&app, "/v", &form(&forged)).await;
    assert!(bad.text.contains("Do not rely on it"), "{}", bad.text);
    let looked = get(&app, &format!("/v?code={}", number.to_lowercase().replace('-', ""))).await;
    assert_eq!((looked.status.as_u16(), looked.header("location")), (303, format!("/v/{number}").as_str()));
    assert_eq!(get(&app, "/v?code=nonsense").await.status, 200);
    let call = app.stranger().call(Method::GET, &format!("/v/{number}")).header("accept", "text/html");
    let page = call.send().await.text;
    assert!(page.contains("<svg class=\"qr\"") && !page.contains("KS1"), "{page}");
    assert_eq!(get(&app, "/v/00000-00000-00000-00000/capsule.jwt").await.status, 404);
});
