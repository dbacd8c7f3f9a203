//! Letters of real journals: what they say is what the page says, and no more of anybody than they must.

use std::sync::Arc;

use serde_json::json;
use touchstone::domain::ids::{PieceCode, StreamId};
use touchstone::domain::notice::{LETTERS, Notice, Recipient};
use touchstone::mail::transport::Files;
use touchstone::mail::{Composed, Group, House, Letter, Nobody, Sender, Supervisors, Told, Transport, compose};
use touchstone::store::journal;
use uuid::Uuid;

use crate::app::{TestApp, sample_order};
use crate::stages::{Placed, STAGES, conclude, on_the_bench, placed_in};
use crate::walk::{Stop, walk};

fn house() -> House {
    House {
        from: Sender::parse("Touchstone <no-reply@check.example.com>").unwrap(),
        list_id: "notices.check.example.com".to_owned(),
        supervisors: Supervisors::parse("duty@check.example.com en, wh-9=other@check.example.com").unwrap(),
    }
}

fn group(placed: &Placed, recipient: Recipient, notices: &[Notice]) -> Group {
    let stream = |notice: &Notice| match notice {
        Notice::OrderTakenIn | Notice::RestAsked => StreamId::ORDER,
        _ => placed.key.stream_id, // All others are of the piece.
    };
    let told = |(notice, seq): (&Notice, i32)| Told { stream_id: stream(notice), seq, notice: *notice };
    let told = notices.iter().zip(1..).map(told).collect();
    Group { id: Uuid::now_v7(), order_id: placed.key.order_id, recipient, told }
}

/// A time at which anybody may be reminded, whenever the test runs.
fn by_day(app: &TestApp) -> jiff::Timestamp {
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
    touchstone::domain::deadline::by_day(app.app.now(), &zone)
}

async fn written(app: &TestApp, group: &Group) -> Letter {
    match compose(app.desk(), &house(), group, by_day(app)).await.unwrap() {
        Composed::Letter(letter) => *letter,
        Composed::Nobody(why) => panic!("nobody is written to: {why:?}"),
        Composed::Later(at) => panic!("nobody is written to before {at}"),
    }
}

fn of(recipient: Recipient) -> Vec<Notice> {
    LETTERS.iter().filter(|(to, _)| *to == recipient).map(|(_, notice)| *notice).collect()
}

both!(whatever_is_told_at_whatever_stage_is_a_letter_that_says_no_more_than_the_page, |db| async move {
    let app = TestApp::new(db).await;
    for stage in STAGES {
        let placed = placed_in(&app, stage).await;
        let page = app.stranger().get(&format!("{}?lang=zh-CN", placed.page)).await.text;
        for recipient in [Recipient::Buyer, Recipient::Merchant, Recipient::Supervisor] {
            let letter = written(&app, &group(&placed, recipient, &of(recipient))).await;
            let english = letter.language == touchstone::words::Language::English;
            assert_eq!(english, recipient == Recipient::Supervisor, "each reads in a language of their own");
            assert_eq!(letter.to == "duty@check.example.com", recipient == Recipient::Supervisor);
            for text in [&letter.subject, &letter.text, &letter.html] {
                for hidden in
                    ["林晚舟", "17000001001", "桂花路", "buyer@example.cn", "shop@example.cn", "测试inspector"]
                {
                    assert!(!text.contains(hidden), "{stage}: {hidden} stands in a letter to the {recipient:?}");
                }
            }
            for verdict in &letter.verdicts {
                let rows = journal::read(app.store().reader(), placed.key).await.unwrap();
                let given = rows.iter().rev().find(|row| row.kind == "verdict_given").unwrap();
                assert_eq!(*verdict, hex::encode(&given.hash), "{stage}");
                assert!(page.contains(verdict) && letter.text.contains(verdict), "{stage}");
            }
            // What lies on an open bench, or under a suspicion, is told to nobody.
            let silent = ["quarantined", "appraising", "received", "awaiting_dispatch"].contains(stage);
            assert!(!silent || letter.verdicts.is_empty(), "{stage}");
        }
    }
});

both!(each_notice_alone_is_a_letter_where_it_is_told_and_where_it_comes_late, |db| async move {
    let app = TestApp::new(db).await;
    for stage in ["awaiting_buyer", "failed", "outbound", "closed_returned"] {
        let placed = placed_in(&app, stage).await;
        for (recipient, notice) in LETTERS {
            let letter = written(&app, &group(&placed, *recipient, &[*notice])).await;
            let decides = letter.text.contains("/act/");
            let asked = match notice {
                Notice::ChoiceNeeded | Notice::ChoiceReminder => stage == "awaiting_buyer",
                Notice::RestAsked => true,
                _ => false, // Nothing else is decided by a letter.
            };
            assert_eq!(decides, asked && *recipient == Recipient::Buyer, "{stage}: {recipient:?} {notice:?}");
        }
    }
});

both!(the_links_of_a_buyers_letter_lead_to_the_page_and_to_the_choice, |db| async move {
    let app = TestApp::new(db).await;
    let placed = placed_in(&app, "awaiting_buyer").await;
    let letter = written(&app, &group(&placed, Recipient::Buyer, &[Notice::ChoiceNeeded])).await;
    let act = letter.text.lines().find(|line| line.contains("/act/")).unwrap();
    let (path, piece) = act.trim_start_matches("https://touchstone.example").split_once('#').unwrap();
    assert_eq!(piece, placed.code);
    let answer = app.stranger().get(path).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, placed.page.as_str()));
    for said in ["圈口", "编绳", "未检测"] {
        assert_eq!(letter.text.contains(said), letter.html.contains(said), "{said}");
    }
});

both!(nobody_is_written_to_without_an_address, |db| async move {
    let app = TestApp::new(db).await;
    let mut order = sample_order("KS-no-address");
    order["buyer"]["email"] = json!(null);
    let placed = app.platform().post("/v1/orders", order).await.expect(201);
    let code = placed["lines"][0]["piece"]["code"].as_str().unwrap();
    walk(&app, code, Stop::Received).await;
    let key = app.desk().locate(&PieceCode::parse(code).unwrap()).await.unwrap().unwrap().key;
    let placed = Placed { name: "no address", page: String::new(), code: code.to_owned(), key };
    let nobody = |recipient| compose_one(&app, &placed, recipient);
    assert_eq!(nobody(Recipient::Buyer).await, Composed::Nobody(Nobody::NoAddress));
    assert_eq!(nobody(Recipient::Platform).await, Composed::Nobody(Nobody::NotByLetter));
    assert!(matches!(nobody(Recipient::Merchant).await, Composed::Letter(_)));
});

async fn compose_one(app: &TestApp, placed: &Placed, recipient: Recipient) -> Composed {
    compose(app.desk(), &house(), &group(placed, recipient, &[Notice::Arrived]), by_day(app)).await.unwrap()
}

both!(the_demos_letters_can_be_read_in_a_browser_and_nobody_elses, |db| async move {
    let app = TestApp::new(db).await;
    assert_eq!(app.stranger().get("/demo/mail").await.status, 404);
    let placed = placed_in(&app, "received").await;
    let letter = written(&app, &group(&placed, Recipient::Buyer, &[Notice::Arrived])).await;
    let folder = tempfile::tempdir().unwrap();
    let files = Arc::new(Files::new(folder.path()));
    Transport::Files(files.clone()).send(&letter).await.unwrap();
    app.app.show_mail(files);
    let list = app.stranger().get("/demo/mail").await;
    assert_eq!(list.status, 200);
    assert!(list.text.contains("商品已到质检仓"), "{}", list.text);
    let path = format!("/demo/mail/{}", letter.id.simple());
    let shown = app.stranger().get(&path).await;
    assert!(shown.text.contains("<h1") && shown.header("content-security-policy").contains("sandbox"));
    let source = app.stranger().get(&format!("{path}.eml")).await;
    assert_eq!(source.header("content-type"), "message/rfc822");
    assert_eq!(app.stranger().get("/demo/mail/none").await.status, 404);
});

both!(a_choice_that_no_claim_explains_says_why_in_words, |db| async move {
    let app = TestApp::new(db).await;
    let why = "尺寸与描述不符，边缘有一处裂";
    let verdicts = [("undetermined", "整件商品是否与所说的一致"), ("disclosed_difference", "认为有一处需要告诉您")];
    for (verdict, said) in verdicts {
        let order = app.platform().post("/v1/orders", sample_order(&format!("KS-{verdict}"))).await.expect(201);
        let code = order["lines"][0]["piece"]["code"].as_str().unwrap().to_owned();
        let page = format!("/t/{}", order["tracking_url"].as_str().unwrap().split_once("/t/").unwrap().1);
        let key = app.desk().locate(&PieceCode::parse(&code).unwrap()).await.unwrap().unwrap().key;
        on_the_bench(&app, &code, "56.5").await;
        conclude(&app, &code, "56.5", Some(verdict)).await;
        if verdict == "undetermined" {
            let body = json!({"what": "disclose", "reason": "外部实验室也无法判定"});
            app.supervisor().post(&format!("/v1/pieces/{code}/undetermined"), body).await.expect(200);
        }
        let placed = Placed { name: "awaiting_buyer", page, code: code.clone(), key };
        // Below the heading of what differs stands a sentence, and not the next heading.
        let below = |text: &str| {
            let (_, below) = text.split_once("哪里不同，哪里未检测").expect("the heading");
            let (own, _) = below.split_once("收下").expect("the two ways");
            own.to_owned()
        };
        for notice in [Notice::ChoiceNeeded, Notice::ChoiceReminder] {
            let letter = written(&app, &group(&placed, Recipient::Buyer, &[notice])).await;
            for text in [&letter.text, &letter.html] {
                assert!(below(text).contains(said) && below(text).contains(why), "{verdict}: {text}");
            }
        }
        let asked = app.stranger().get(&format!("{}/pieces/{code}/decision", placed.page)).await.text;
        assert!(below(&asked).contains(said) && below(&asked).contains(why), "{asked}");
        let page = app.stranger().get(&placed.page).await.text;
        assert!(
            page.contains(said) && page.contains(why) && !page.contains("<ul class=\"differences\"></ul>"),
            "{page}"
        );
        let merchant = written(&app, &group(&placed, Recipient::Merchant, &[Notice::ChoiceNeeded])).await;
        assert!(merchant.text.contains(said) && merchant.html.contains(why), "{}", merchant.text);
    }
});
