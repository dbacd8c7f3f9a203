//! Every cell of `docs/commands.csv` that a key can ask, through the real router: a piece in every stage, each command, by
//! each role. What is refused is refused with the code that the table means, and changes nothing; what is allowed is carried
//! out, or found wanting in evidence and never in place or person. And whoever the piece is none of does not learn of it.
//!
//! On SQLite alone: each round begins from a copy of the file in which every stage is there. The buyer, the carriers and
//! the desk hold no keys; their columns are carried out on the decision itself, in `property/explore.rs`.

use serde_json::{Value, json};
use touchstone::domain::actor::Role;
use touchstone::domain::command::CommandKind;
use touchstone::domain::route::Stage;

use crate::app::{Answer, Client, TestApp, merchant, tenant, warehouse};
use crate::stages::{Placed, found, placed_in};
use crate::support::TestDatabase;
use crate::walk::{tag, weighed, weight};

/// One piece in its stage.
struct Scene {
    stage: Stage,
    placed: Placed,
    /// The ledger's proposal and its first entry, where there is one.
    proposal: Value,
    entry: Option<Value>,
}

/// Who holds a key for each role.
struct Cast {
    clients: Vec<(Role, Client)>,
    /// An inspector to whom a piece can be handed over.
    other: Client,
}

impl Cast {
    fn by(&self, role: Role) -> &Client {
        &self.clients.iter().find(|(known, _)| *known == role).expect("every key's role").1
    }

    fn over(&self, app: &TestApp) -> Cast {
        let clients = self.clients.iter().map(|(role, client)| (*role, client.over(app))).collect();
        Cast { clients, other: self.other.over(app) }
    }
}

/// Commands that no key can ask: the buyer's, on the page, and what the carriers and the house do.
fn has_address(kind: CommandKind) -> bool {
    !matches!(
        kind,
        CommandKind::ReadTranscript
            | CommandKind::AcceptDifference
            | CommandKind::RefuseDifference
            | CommandKind::PassDeadline
            | CommandKind::HearCarrier
            | CommandKind::NoteAccepted
    )
}

/// Who can ask it by a request of their own. The second of two confirms what the first has put up.
fn asks_alone(kind: CommandKind, role: Role) -> bool {
    match kind {
        CommandKind::RecordSpeechUnavailable => role == Role::Inspector,
        CommandKind::TakeBack => role == Role::Clerk,
        kind => kind.roles().contains(&role),
    }
}

/// Asks one command of one piece, with a body that is right wherever the command is.
async fn ask(cast: &Cast, client: &Client, scene: &Scene, kind: CommandKind, role: Role) -> Answer {
    let code = scene.placed.code.as_str();
    let reason = json!({"reason": "按流程"});
    let waybill = |leg: &str| json!({"carrier": "sf", "waybill": format!("{leg}-{code}")});
    let body = match kind {
        CommandKind::Dispatch => waybill("NEW"),
        CommandKind::Receive => json!({"condition": "intact", "weight": weight("58.41"), "note": null}),
        CommandKind::HandOver => json!({"to": cast.other.person}),
        CommandKind::SubmitAppraisal => found("56.5"),
        CommandKind::RepeatMeasurement => json!({"quantity": "weight", "reading": weighed("58.40")}),
        CommandKind::SettleLedger => {
            let entries: Vec<_> = scene.entry.iter().cloned().collect();
            json!({"proposal": scene.proposal, "entries": entries, "added": [], "misread": []})
        }
        CommandKind::RecordSpeechUnavailable => {
            // It waits for a second person, and is carried out, or refused, by their word.
            let body = json!({"command": "speech-unavailable", "body": reason});
            let put_up = client.post(&format!("/v1/pieces/{code}/proposals"), body).await;
            let Some(id) = put_up.json["id"].as_str() else { return put_up };
            return cast.other.post(&format!("/v1/proposals/{id}/confirm"), json!({})).await;
        }
        CommandKind::GiveVerdict => json!({"proposal": scene.proposal, "stricter": null, "reason": null}),
        CommandKind::AnswerSameArticle => json!({"clash": 1, "same": true}),
        CommandKind::Tag => tag(&format!("T2-{code}"), "58.40"),
        CommandKind::RevokeCapsule => json!({"to": "cleared", "reason": "封签编号登记有误"}),
        CommandKind::Ship => waybill("OUT2"),
        CommandKind::Deliver => json!({"delivered_at": jiff::Timestamp::now().to_string()}),
        CommandKind::Except if role == Role::Clerk => json!({"condition": "damaged", "note": "边缘有缺口"}),
        CommandKind::Except => json!({"resolution": "received", "reason": "只是包装破损"}),
        CommandKind::FindWayOut => json!({"what": "give_up", "reason": "仪器不足以判定"}),
        CommandKind::EndHold => json!({"what": "lift", "reason": "复核后无嫌疑"}),
        CommandKind::SendBack if scene.stage == Stage::ReturnInbound => waybill("RET"),
        CommandKind::TakeBack if scene.stage == Stage::ReturnInbound => json!({"weight": weight("58.40")}),
        CommandKind::TakeBack => json!({"identity": "same"}),
        CommandKind::ShipReturn => waybill("BACK2"),
        CommandKind::CloseReturn => json!({"how": "picked_up"}),
        CommandKind::ReportCustody => json!({"what": "damaged", "note": "盘点时"}),
        CommandKind::Correct => json!({"seq": 1, "replacement": {"note": "更正"}, "reason": "笔误"}),
        CommandKind::SetSegment => {
            let body = json!({"from": "00:00:00.000", "to": "05:00:00.000"});
            return client.put(&format!("/v1/pieces/{code}/segment"), body).await;
        }
        CommandKind::AddNote => json!({"text": "已联系商家"}),
        CommandKind::AddPhoto => {
            let photo = include_bytes!("../../fixtures/photos/grey.png");
            return client.upload(&format!("/v1/pieces/{code}/photos"), "piece_front", photo).await;
        }
        CommandKind::Transit => json!({"what": "lost"}),
        CommandKind::OpenAppraisal | CommandKind::ProposeLedger | CommandKind::Release | CommandKind::Complete => {
            json!({})
        }
        CommandKind::ReopenAppraisal
        | CommandKind::Untag
        | CommandKind::Cancel
        | CommandKind::Appeal
        | CommandKind::Override
        | CommandKind::SendBack
        | CommandKind::LapseAppeal
        // No key can ask these; nothing is at their address.
        | CommandKind::ReadTranscript
        | CommandKind::AcceptDifference
        | CommandKind::RefuseDifference
        | CommandKind::PassDeadline
        | CommandKind::HearCarrier
        | CommandKind::NoteAccepted => reason,
    };
    // A platform does its merchant's part on their behalf.
    let merchants = matches!(kind, CommandKind::Dispatch | CommandKind::Appeal | CommandKind::LapseAppeal);
    let client = if role == Role::Platform && merchants { client.on_behalf_of("m-1") } else { client.clone() };
    client.post(&format!("/v1/pieces/{code}/{}", kind.as_str()), body).await
}

/// What is answered where the table says that the command is refused.
fn refusal(stage: Stage, kind: CommandKind, role: Role) -> Option<&'static str> {
    let (may, fits) = (kind.roles_in(stage).contains(&role), kind.fits(stage));
    match (may, fits) {
        (false, _) => Some("not_yours"),
        (true, _) if !asks_alone(kind, role) => Some("not_yours"),
        // Nothing that could be corrected is there any more, and that is told.
        (true, false) if kind == CommandKind::Correct && stage != Stage::Closed => Some("not_correctable"),
        (true, false) => Some("wrong_stage"),
        (true, true) => None,
    }
}

/// What is found wanting of a command that has its place and its person; else it is carried out.
fn wanting(stage: Stage, kind: CommandKind) -> Option<&'static str> {
    match kind {
        // Nothing is called for, nobody asks, nothing was settled, and the order's beginning is not corrected.
        CommandKind::RepeatMeasurement => Some("not_called_for"),
        CommandKind::AnswerSameArticle => Some("evidence_incomplete"),
        CommandKind::GiveVerdict => Some("evidence_missing"),
        CommandKind::Correct => Some("not_correctable"),
        CommandKind::EndHold | CommandKind::Override => Some("second_person_needed"),
        CommandKind::TakeBack if stage == Stage::ReturnIntake => Some("second_person_needed"),
        // No carrier has it yet.
        CommandKind::Transit if matches!(stage, Stage::ReturnInbound | Stage::Returning | Stage::ReturningToBuyer) => {
            Some("wrong_stage")
        }
        _ => None, // Carried out.
    }
}

async fn scenes(app: &TestApp) -> Vec<Scene> {
    let mut scenes = Vec::new();
    for stage in Stage::ALL {
        let name = if *stage == Stage::Closed { "closed_completed" } else { stage.as_str() };
        let placed = placed_in(app, name).await;
        let (mut proposal, mut entry) = (json!(1), None);
        if *stage == Stage::SpokenReview {
            let ledger = app.inspector().get(&format!("/v1/pieces/{}/ledger", placed.code)).await.expect(200);
            let first = &ledger["entries"][0];
            proposal = ledger["proposal"].clone();
            entry = Some(json!({"claim_id": first["claim_id"], "finding": first["proposed"], "note": null}));
        }
        scenes.push(Scene { stage: *stage, placed, proposal, entry });
    }
    scenes
}

/// A person of their own for each role: none of them has looked at a piece.
async fn cast(app: &TestApp, platform: &str, of: &str, house: &str) -> Cast {
    let mut clients = Vec::new();
    for role in Role::OF_KEYS {
        let scope = match role {
            Role::Platform => tenant(platform),
            Role::Merchant => merchant(platform, of),
            Role::Clerk | Role::Inspector | Role::Supervisor => warehouse(house),
            Role::Auditor | Role::Operator | Role::Buyer | Role::Carrier | Role::Desk => Default::default(),
        };
        clients.push((role, app.key(role, scope).await));
    }
    Cast { clients, other: app.second_inspector().clone() }
}

fn events(db: &TestDatabase) -> String {
    let said = db.client("SELECT count(*) FROM events");
    assert!(said.accepted, "{}", said.text);
    said.text
}

fn told(scene: &Scene, kind: CommandKind, role: Role, answer: &Answer, expected: &str) -> String {
    let code = answer.json["code"].as_str().unwrap_or_default();
    format!("{}, {}, {role}: {} {code}, not {expected}", scene.stage, kind.as_str(), answer.status)
}

#[tokio::test]
async fn every_cell_of_the_table_of_commands_is_what_the_service_answers() {
    let db = TestDatabase::sqlite();
    let app = TestApp::new(&db).await;
    let scenes = scenes(&app).await;
    let own = cast(&app, "kuai", "m-1", "w-1").await;
    let foreign = cast(&app, "other", "m-2", "w-2").await;
    let before = events(&db);
    let mut wrong = Vec::new();
    let mut allowed: Vec<Vec<(CommandKind, Role)>> = Vec::new();
    for scene in &scenes {
        let mut of_scene = Vec::new();
        for kind in CommandKind::ALL {
            for role in Role::OF_KEYS {
                let client = own.by(role);
                if !has_address(*kind) {
                    let path = format!("/v1/pieces/{}/{}", scene.placed.code, kind.as_str());
                    let answer = client.post(&path, json!({})).await;
                    // At `transcript` there is something to read, and nothing to post.
                    if !matches!(answer.status.as_u16(), 404 | 405) {
                        wrong.push(told(scene, *kind, role, &answer, "without an address"));
                    }
                    continue;
                }
                let Some(code) = refusal(scene.stage, *kind, role) else {
                    of_scene.push((*kind, role));
                    continue;
                };
                let answer = ask(&own, client, scene, *kind, role).await;
                if answer.json["code"] != code || answer.status.is_success() {
                    wrong.push(told(scene, *kind, role, &answer, code));
                }
            }
            // Whose it is not.
            let by_key = |role: &&Role| Role::OF_KEYS.contains(role) && has_address(*kind) && asks_alone(*kind, **role);
            let first = kind.roles().iter().find(by_key);
            if let Some(role) = first {
                let answer = ask(&foreign, foreign.by(*role), scene, *kind, *role).await;
                let elsewhere = answer.json["code"] == "not_found";
                // Whoever works in another house is told first that nobody of theirs takes it over.
                if !elsewhere && *kind != CommandKind::HandOver {
                    wrong.push(told(scene, *kind, *role, &answer, "not_found (another's)"));
                }
            }
        }
        allowed.push(of_scene);
    }
    assert_eq!(events(&db), before, "what was refused left an event");

    // Then what is allowed: in each round one cell of every stage, on a copy in which nothing has happened yet.
    let rounds = allowed.iter().map(Vec::len).max().unwrap_or_default();
    for round in 0..rounds {
        let copy = db.copy();
        let app = app.over(&copy).await;
        let own = own.over(&app);
        for (scene, cells) in scenes.iter().zip(&allowed) {
            let Some((kind, role)) = cells.get(round) else { continue };
            let answer = ask(&own, own.by(*role), scene, *kind, *role).await;
            let fine = match wanting(scene.stage, *kind) {
                Some(code) => answer.json["code"] == code,
                None => answer.status.is_success(),
            };
            if !fine {
                wrong.push(told(scene, *kind, *role, &answer, wanting(scene.stage, *kind).unwrap_or("done")));
            }
        }
    }
    let cells: usize = allowed.iter().map(Vec::len).sum();
    println!("{cells} cells were allowed, in {rounds} rounds");
    assert!(wrong.is_empty(), "{} cells are not what docs/commands.csv says:\n{}", wrong.len(), wrong.join("\n"));
}

/// What takes two persons is put up by the one and confirmed by the other, whose part it is to confirm. (A return's
/// identity: `sidelines.rs`.)
#[tokio::test]
async fn a_supervisor_confirms_that_there_is_no_speech_to_read() {
    let db = TestDatabase::sqlite();
    let app = TestApp::new(&db).await;
    let placed = placed_in(&app, "spoken_review").await;
    let body = json!({"command": "speech-unavailable", "body": {"reason": "没有文字记录"}});
    let path = format!("/v1/pieces/{}/proposals", placed.code);
    app.supervisor().post(&path, body.clone()).await.expect_problem(403, "not_yours");
    let put_up = app.inspector().post(&path, body).await.expect(201);
    let path = format!("/v1/proposals/{}/confirm", put_up["id"].as_str().unwrap());
    for client in [app.auditor(), app.operator(), app.platform()] {
        client.post(&path, json!({})).await.expect_problem(403, "not_yours");
    }
    app.supervisor().post(&path, json!({})).await.expect(200);
}
