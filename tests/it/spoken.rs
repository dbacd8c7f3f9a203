//! What was said of a piece, from the transcript of its live session to the verdict.

use axum::http::Method;
use migrations::{Migrator, MigratorTrait};
use sea_orm::Database;
use serde_json::{Value, json};
use touchstone::store::queries;

use crate::app::{TestApp, place, sample_order};
use crate::walk::{self, Stop, appraisal, piece, settle, speech_unavailable, walk};

/// A session: the piece of the sample order is spoken of from 00:12:30 to 00:16:05.
const SESSION: &str = "1
00:11:50,000 --> 00:11:55,000
上一件和田玉的，三十克，没有了

2
00:12:40,000 --> 00:12:44,000
这只冰糯种的翡翠手镯

3
00:13:00,000 --> 00:13:04,000
天然A货，假一赔十

4
00:13:20,000 --> 00:13:24,000
圈口五十六点五毫米

5
00:14:00,000 --> 00:14:03,000
五十八点四克

6
00:15:00,000 --> 00:15:04,000
再说一遍，翡翠手镯

7
00:16:20,000 --> 00:16:24,000
好，下一件，南红的
";

async fn say(app: &TestApp, content: &str) -> Value {
    app.platform().put("/v1/lives/r-9", json!({})).await.expect(200);
    let body = json!({"format": "srt", "content": content});
    app.platform().put("/v1/lives/r-9/transcript", body).await.expect(200)
}

async fn ledger(app: &TestApp, code: &str) -> Value {
    app.inspector().get(&format!("/v1/pieces/{code}/ledger")).await.expect(200)
}

/// The entry of a kind; of several the first.
fn entry<'a>(ledger: &'a Value, kind: &str) -> &'a Value {
    let entries = ledger["entries"].as_array().expect("entries");
    entries.iter().find(|entry| entry["kind"] == kind).unwrap_or_else(|| panic!("no {kind} in {ledger}"))
}

fn kinds(ledger: &Value) -> Vec<&str> {
    ledger["entries"].as_array().unwrap().iter().filter_map(|entry| entry["kind"].as_str()).collect()
}

/// Two persons settle what one alone may not.
async fn settle_by_two(app: &TestApp, code: &str, body: Value) {
    let proposal = json!({"command": "ledger", "body": body});
    let proposed = app.inspector().post(&format!("/v1/pieces/{code}/proposals"), proposal).await.expect(201);
    let id = proposed["id"].as_str().expect("an id");
    app.second_inspector().post(&format!("/v1/proposals/{id}/confirm"), json!({})).await.expect(200);
}

both!(what_is_said_in_a_pieces_segment_becomes_its_claims, |db| async move {
    let app = TestApp::new(db).await;
    let said = say(&app, SESSION).await;
    assert_eq!(said["timed"], true);
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::SpokenReview).await;
    let ledger = ledger(&app, code).await;
    assert_eq!((ledger["speech"].as_str(), &ledger["transcript_id"]), (Some("read"), &said["transcript_id"]));
    assert_eq!(ledger["unread"], json!(ledger["entries"].as_array().unwrap().len()));
    // Listed and said twice: one entry, with all its places.
    let material = entry(&ledger, "material");
    let places: Vec<_> = material["times"].as_array().unwrap().iter().map(|place| place["source"].clone()).collect();
    assert_eq!(places, ["listed", "spoken", "spoken"]);
    assert_eq!(material["times"][1]["words"], "翡翠");
    assert!(material["times"][1]["at"].as_str().unwrap().starts_with("00:12:4"), "{material}");
    assert_eq!((material["proposed"].as_str(), material["read"].as_bool()), (Some("confirmed"), Some(false)));
    assert!(material["reason"]["zh"].as_str().unwrap().contains("GB/T 16552"), "{material}");
    assert!(material["reason"]["en"].as_str().unwrap().contains("GB/T 16552"), "{material}");
    assert!(material["reason"]["rule"]["source"].is_string(), "{material}");
    // What was said of the pieces before and after is not this one's.
    assert!(!ledger.to_string().contains("和田玉") && !ledger.to_string().contains("南红"));
    // The merchant signed level 9.
    let guarantee = entry(&ledger, "guarantee");
    assert_eq!(guarantee["proposed"], "promise");
    assert!(guarantee["flags"].to_string().contains("28"), "{guarantee}");
    // Outside it can be quoted all the same.
    let quoted =
        app.inspector().get(&format!("/v1/pieces/{code}/transcript?from=00:11:00&to=00:12:00")).await.expect(200);
    assert_eq!(
        (quoted["cues"][0]["text"].as_str(), quoted["cues"][0]["own"].as_bool()),
        (Some("上一件和田玉的，三十克，没有了"), Some(false))
    );
    let own = app.inspector().get(&format!("/v1/pieces/{code}/transcript")).await.expect(200);
    assert_eq!(own["cues"].as_array().unwrap().len(), 5);
    // Settled as proposed, it passes, and nobody had to say that there is no speech.
    settle(&app, code).await;
    let proposal = walk::proposal(&app, code).await;
    app.inspector().post(&format!("/v1/pieces/{code}/verdict"), json!({"proposal": proposal})).await.expect(200);
    let seen = piece(app.platform(), code).await;
    assert_eq!((seen["stage"].as_str(), seen["verdict"]["verdict"].as_str()), (Some("cleared"), Some("pass")));
});

both!(a_transcript_after_the_order_opens_the_ledgers_that_wait, |db| async move {
    let app = TestApp::new(db).await;
    let codes = place(&app, "KS1", 2).await;
    walk(&app, &codes[0], Stop::Settled).await;
    let before = ledger(&app, &codes[0]).await;
    assert_eq!((before["speech"].as_str(), before["unread"].as_u64()), (Some("unavailable"), Some(0)));

    say(&app, SESSION).await;
    let after = ledger(&app, &codes[0]).await;
    assert_eq!(after["speech"], "read");
    assert!(before["proposal"].as_i64() < after["proposal"].as_i64());
    assert_eq!(after["unread"], json!(after["entries"].as_array().unwrap().len()), "what waited is open anew");
    let journal = app.auditor().get(&format!("/v1/pieces/{}/journal", codes[0])).await.expect(200);
    let last: Vec<_> = journal["events"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .take(2)
        .map(|event| event["event"]["kind"].clone())
        .collect();
    assert_eq!(last, ["ledger_proposed", "claims_read"]);
    // The other piece comes to its review later, with the same transcript.
    walk(&app, &codes[1], Stop::SpokenReview).await;
    assert_eq!(ledger(&app, &codes[1]).await["speech"], "read");
    // A better transcript is read again; the same request again is not.
    let better = json!({"format": "srt", "content": SESSION.replace("冰糯种", "糯种")});
    let put = app.platform().call(Method::PUT, "/v1/lives/r-9/transcript").json(better).key("better");
    put.clone().send().await.expect(200);
    let again = ledger(&app, &codes[0]).await;
    assert!(after["proposal"].as_i64() < again["proposal"].as_i64());
    put.send().await.expect(200);
    assert_eq!(ledger(&app, &codes[0]).await["proposal"], again["proposal"]);
    assert_eq!(unread(&app).await, 0, "nothing is left for the next start");
});

async fn unread(app: &TestApp) -> usize {
    queries::unread_transcripts(app.app.desk().store().reader()).await.unwrap().len()
}

both!(a_stop_before_the_ledgers_are_read_is_made_good_at_the_next_start, |db| async move {
    use jiff::Timestamp;
    use touchstone::desk::{Keep, Request};
    use touchstone::domain::actor::{By, Role};
    use touchstone::domain::ids::{CommandId, LiveId, TenantId};
    use uuid::Uuid;
    let app = TestApp::new(db).await;
    app.platform().put("/v1/lives/r-9", json!({})).await.expect(200);
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::SpokenReview).await;
    assert_eq!(ledger(&app, code).await["speech"], Value::Null);
    // The transcript is committed, and nothing else happens.
    let kept = Keep::Transcript {
        tenant: TenantId::parse(crate::app::TENANT).unwrap(),
        live: LiveId::parse("r-9").unwrap(),
        format: "srt".to_owned(),
        content: SESSION.to_owned(),
    };
    let platform = app.platform();
    let request = Request {
        by: By { person: platform.person, key: platform.key, role: Role::Platform, proposer: None },
        idempotency_key: "transcript".to_owned(),
        part: String::new(),
        target: "PUT /test".to_owned(),
        body: Vec::new(),
        digested: Vec::new(),
        if_match: None,
        command_id: CommandId(Uuid::now_v7()),
        now: Timestamp::now(),
        confirms: None,
    };
    app.app.desk().keep(kept, &request).await.unwrap();
    assert_eq!(ledger(&app, code).await["speech"], Value::Null);
    assert_eq!(unread(&app).await, 1);
    // A database of an earlier version does not know what is unread, and the migration takes nothing for read.
    let bare = Database::connect(db.url()).await.unwrap();
    Migrator::down(&bare, Some(1)).await.unwrap();
    Migrator::up(&bare, None).await.unwrap();
    bare.close().await.unwrap();
    assert_eq!(unread(&app).await, 1);

    assert_eq!(app.app.desk().catch_up_on_speech(Timestamp::now).await.unwrap(), 1);
    let read = ledger(&app, code).await;
    assert_eq!(read["speech"], "read");
    assert_eq!(unread(&app).await, 0);
    assert_eq!(app.app.desk().catch_up_on_speech(Timestamp::now).await.unwrap(), 0, "it is read already");
    assert_eq!(ledger(&app, code).await["proposal"], read["proposal"]);
});

both!(a_transcript_leaves_what_has_a_verdict, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::Cleared).await;
    let before = piece(app.platform(), code).await;
    say(&app, SESSION).await;
    let after = piece(app.platform(), code).await;
    assert_eq!((&before["seq"], &before["verdict"]), (&after["seq"], &after["verdict"]));
});

both!(what_was_said_and_is_not_so_leads_to_the_verdict, |db| async move {
    let app = TestApp::new(db).await;
    say(&app, &SESSION.replace("五十六点五毫米", "五十九毫米")).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::SpokenReview).await;
    let open = ledger(&app, code).await;
    let sizes: Vec<_> = open["entries"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "size").collect();
    let said = sizes.iter().find(|entry| entry["source"] == "spoken").expect("it was said");
    assert_eq!(
        (said["proposed"].as_str(), said["words"].as_str()),
        (Some("contradicted"), Some("圈口五十九毫米")),
        "{said}"
    );
    // The seller's own words: 56.5 mm listed, 59 mm said.
    let listed = sizes.iter().find(|entry| entry["source"] == "listed").expect("it was listed");
    assert_eq!(said["at_odds_with"], json!([listed["claim_id"]]));
    // Nobody alone makes it milder, and nobody at all in silence.
    let path = format!("/v1/pieces/{code}/ledger");
    let body = |note: Value| {
        let entries = json!([{"claim_id": said["claim_id"], "finding": "confirmed", "note": note}]);
        json!({"proposal": open["proposal"], "entries": entries})
    };
    app.inspector().post(&path, body(json!("口误"))).await.expect_problem(409, "second_person_needed");
    let misread = json!({"proposal": open["proposal"], "misread": [said["claim_id"]]});
    app.inspector().post(&path, misread.clone()).await.expect_problem(409, "second_person_needed");
    // As it is proposed, it bars the pass: another looks, blind, and finds the same.
    settle(&app, code).await;
    let again = crate::walk::appraisal();
    app.second_inspector().post(&format!("/v1/pieces/{code}/appraisals"), again).await.expect(200);
    settle(&app, code).await;
    let proposal = walk::proposal(&app, code).await;
    let settled = ledger(&app, code).await;
    assert_eq!(settled["unread"], 0);
    let derived = settled["derived"].as_str().unwrap().to_owned();
    assert!(derived != "pass", "{derived}");
    let verdict = format!("/v1/pieces/{code}/verdict");
    let body = json!({"proposal": proposal, "reason": "圈口与口播不符"});
    app.inspector().post(&verdict, body).await.expect(200);
    assert_eq!(piece(app.platform(), code).await["verdict"]["verdict"], json!(derived));
});

both!(two_persons_strike_what_was_not_said_of_the_piece, |db| async move {
    let app = TestApp::new(db).await;
    say(&app, &SESSION.replace("五十六点五毫米", "五十九毫米")).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::SpokenReview).await;
    let open = ledger(&app, code).await;
    let entries = open["entries"].as_array().unwrap();
    let said = entries.iter().find(|entry| entry["proposed"] == "contradicted").expect("it is contradicted");
    settle_by_two(&app, code, json!({"proposal": open["proposal"], "misread": [said["claim_id"]]})).await;
    let rest: Vec<_> = entries
        .iter()
        .filter(|entry| entry["claim_id"] != said["claim_id"])
        .map(|entry| json!({"claim_id": entry["claim_id"], "finding": entry["proposed"]}))
        .collect();
    let verdict = format!("/v1/pieces/{code}/verdict");
    let give = json!({"proposal": open["proposal"]});
    // Not while one is unread.
    app.inspector().post(&verdict, give.clone()).await.expect_problem(409, "evidence_missing");
    let body = json!({"proposal": open["proposal"], "entries": rest});
    app.inspector().post(&format!("/v1/pieces/{code}/ledger"), body).await.expect(200);
    app.inspector().post(&verdict, give).await.expect(200);
    assert_eq!(piece(app.platform(), code).await["verdict"]["verdict"], "pass");
});

both!(a_changed_finding_says_why, |db| async move {
    let app = TestApp::new(db).await;
    say(&app, SESSION).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::SpokenReview).await;
    let open = ledger(&app, code).await;
    let grade = entry(&open, "grade");
    let body = |note: Value| {
        let entries = json!([{"claim_id": grade["claim_id"], "finding": "contradicted", "note": note}]);
        json!({"proposal": open["proposal"], "entries": entries})
    };
    let path = format!("/v1/pieces/{code}/ledger");
    app.inspector().post(&path, body(Value::Null)).await.expect_problem(422, "evidence_incomplete");
    app.inspector().post(&path, body(json!("明显是豆种"))).await.expect(200);
    let noted = ledger(&app, code).await;
    assert_eq!(
        (entry(&noted, "grade")["finding"].as_str(), entry(&noted, "grade")["note"].as_str()),
        (Some("contradicted"), Some("明显是豆种"))
    );
});

both!(a_segment_selects_and_another_one_is_read_anew, |db| async move {
    let app = TestApp::new(db).await;
    say(&app, SESSION).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::SpokenReview).await;
    let path = format!("/v1/pieces/{code}/segment");
    // Wider: the piece before is now within it.
    app.inspector().put(&path, json!({"from": "00:11:40.000", "to": "00:16:05.000"})).await.expect(200);
    let wide = ledger(&app, code).await;
    assert!(wide.to_string().contains("和田玉"), "{wide}");
    // Narrower takes two.
    let narrow = json!({"from": "00:14:00.000", "to": "00:14:30.000"});
    app.inspector().put(&path, narrow.clone()).await.expect_problem(409, "second_person_needed");
    let proposal = json!({"command": "segment", "body": narrow});
    let proposed = app.inspector().post(&format!("/v1/pieces/{code}/proposals"), proposal).await.expect(201);
    let confirm = format!("/v1/proposals/{}/confirm", proposed["id"].as_str().unwrap());
    app.supervisor().post(&confirm, json!({})).await.expect(200);
    let spoken = |ledger: &Value| ledger.to_string().matches(r#""source":"spoken""#).count();
    let short = ledger(&app, code).await;
    assert!(spoken(&short) < spoken(&wide));
    assert!(entry(&short, "weight")["times"].to_string().contains("五十八点四克"));
});

both!(nothing_said_is_not_a_pass, |db| async move {
    let app = TestApp::new(db).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::SpokenReview).await;
    settle(&app, code).await;
    let waits = |ledger: Value| ledger["waits_for"].as_str().unwrap_or_default().to_owned();
    assert!(waits(ledger(&app, code).await).contains("the platform has sent none"));
    let verdict = format!("/v1/pieces/{code}/verdict");
    let give = async || {
        let proposal = walk::proposal(&app, code).await;
        app.inspector().post(&verdict, json!({"proposal": proposal})).await
    };
    give().await.expect_problem(409, "evidence_missing");
    // A transcript without a word in the segment, one without times, and an empty one: none of them is speech.
    say(&app, "1\n00:00:01,000 --> 00:00:02,000\n大家好\n").await;
    settle(&app, code).await;
    assert!(waits(ledger(&app, code).await).contains("nothing is said in its segment"));
    give().await.expect_problem(409, "evidence_missing");
    let untimed = json!({"format": "text", "content": "这只翡翠手镯五十八点四克"});
    let kept = app.platform().put("/v1/lives/r-9/transcript", untimed).await.expect(200);
    assert_eq!(kept["timed"], false);
    settle(&app, code).await;
    assert!(waits(ledger(&app, code).await).contains("with times"));
    give().await.expect_problem(409, "evidence_missing");
    let empty = json!({"format": "vtt", "content": "WEBVTT\n"});
    app.platform().put("/v1/lives/r-9/transcript", empty).await.expect(200);
    settle(&app, code).await;
    give().await.expect_problem(409, "evidence_missing");
    speech_unavailable(&app, code).await;
    give().await.expect(200);
});

both!(what_cannot_be_read_is_refused_and_changes_nothing, |db| async move {
    let app = TestApp::new(db).await;
    say(&app, SESSION).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::SpokenReview).await;
    let before = piece(app.platform(), code).await["seq"].clone();
    for (format, content) in [
        ("srt", "没有时间的一段话"),
        ("srt", "1\n00:00:01,000 --> soon\n好\n"),
        ("vtt", "1\n00:00:01,000 --> 00:00:02,000\n好\n"),
        ("json", "{\"segments\": 3}"),
        ("json", "[{\"start_ms\": 1}]"),
    ] {
        let body = json!({"format": format, "content": content});
        app.platform().put("/v1/lives/r-9/transcript", body).await.expect_faults(&["/content"]);
    }
    assert_eq!(piece(app.platform(), code).await["seq"], before);
    assert_eq!(ledger(&app, code).await["speech"], "read");
});

both!(what_is_personal_in_the_words_is_covered_for_everybody_outside, |db| async move {
    let app = TestApp::new(db).await;
    let personal = SESSION.replace("天然A货，假一赔十", "林晚舟17000001001的，全场最高级，假一赔十");
    say(&app, &personal).await;
    let code = &place(&app, "KS1", 1).await[0];
    walk(&app, code, Stop::SpokenReview).await;
    let path = format!("/v1/pieces/{code}/ledger");
    let added = json!([{
        "words": "林晚舟17000001001留的这只，缅甸的", "start": 3, "end": 9, "kind": "origin", "value": "缅甸",
        "finding": "not_testable",
    }]);
    let body = json!({"proposal": ledger(&app, code).await["proposal"], "added": added});
    app.inspector().post(&path, body).await.expect(200);
    assert!(ledger(&app, code).await.to_string().contains("林晚舟17000001001"), "who settles it reads it all");
    for outside in [app.platform(), app.merchant(), app.clerk(), app.auditor()] {
        let seen = outside.get(&path).await.expect(200).to_string();
        let whole = outside.get(&format!("/v1/pieces/{code}")).await.expect(200).to_string();
        for text in [seen, whole] {
            assert!(!text.contains("17000001001") && !text.contains("林晚舟"), "{text}");
        }
    }
    app.platform().get(&format!("/v1/pieces/{code}/transcript")).await.expect_problem(403, "not_yours");
    // Nor does an event hold a word of it.
    let journal = app.auditor().get(&format!("/v1/pieces/{code}/journal")).await.expect(200).to_string();
    assert!(!journal.contains("17000001001") && !journal.contains("林晚舟"));
    assert!(!db.client("SELECT * FROM sealed_texts").text.contains("翡翠"));
});

both!(a_part_that_cannot_be_told_stays_with_the_piece, |db| async move {
    let app = TestApp::new(db).await;
    let said = SESSION.replace("圈口五十六点五毫米", "钻石三十分");
    say(&app, &said).await;
    let mut order = sample_order("KS1");
    order["lines"][0]["declared"]["components"] = json!([
        {"role": "main_stone", "material": "钻石", "treatment": "天然", "weight": null},
        {"role": "side_stone", "material": "钻石", "treatment": "天然", "weight": null},
        {"role": "setting", "material": "18K金", "fineness": "750", "weight": null},
    ]);
    let placed = app.platform().post("/v1/orders", order).await.expect(201);
    let code = placed["lines"][0]["piece"]["code"].as_str().unwrap();
    walk(&app, code, Stop::Appraising).await;
    let mut found = appraisal();
    let part = found["components"][0].clone();
    let of = |component: &str, role: &str, material: &str| {
        let mut part = part.clone();
        part["component"] = json!(component);
        part["role"] = json!(role);
        part["material"] = json!(material);
        part["treatment"] = Value::Null;
        part["sizes"] = json!([]);
        part
    };
    found["components"] =
        json!([of("c1", "main_stone", "钻石"), of("c2", "side_stone", "钻石"), of("c3", "setting", "18K金")]);
    let by = |method: &str| json!({"method": method, "instrument": null, "conclusion": "相符"});
    found["components"][0]["tests"] = json!([by("infrared"), by("microscope")]);
    found["components"][2]["tests"] = json!([by("x_ray_fluorescence")]);
    walk::photograph(app.inspector(), code, &["hallmark", "on_balance"]).await;
    app.inspector().post(&format!("/v1/pieces/{code}/appraisals"), found).await.expect(200);
    let ledger = ledger(&app, code).await;
    let weights = ledger["entries"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "weight");
    let points = weights.into_iter().find(|entry| entry["words"] == "三十分").unwrap_or_else(|| panic!("{ledger}"));
    assert_eq!((&points["component"], &points["ambiguous"]), (&Value::Null, &json!(true)));
    assert_eq!(points["certainty"], "low");
    assert_ne!(points["proposed"], "contradicted");
    assert!(kinds(&ledger).contains(&"fineness"));
});
