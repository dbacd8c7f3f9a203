//! A choice that reaches nobody is a supervisor's to bring to whoever has to make it.

use std::sync::Arc;

use serde_json::{Value, json};
use touchstone::courier::Posted;
use touchstone::domain::actor::Role;
use touchstone::domain::notice::{Notice, Recipient};

use super::{HOUR, Hands, Mailbox, courier};
use crate::app::{Client, TestApp, warehouse};
use crate::stages::placed_in;

async fn unreached(client: &Client) -> Value {
    client.get("/v1/queue").await.expect(200)["unreached"].clone()
}

both!(a_choice_that_reaches_nobody_stands_in_the_supervisors_queue_until_it_does, |db| async move {
    let app = TestApp::new(db).await;
    let placed = placed_in(&app, "awaiting_buyer").await;
    assert_eq!(unreached(app.supervisor()).await, json!([]), "nobody has tried yet");
    let post = Arc::new(Mailbox::default());
    let hands = Hands::at(&jiff::Timestamp::now().checked_add(HOUR).unwrap().to_string());
    // Neither buyer nor merchant has an address, and the platform has no endpoint.
    post.answer(vec![Posted::Nobody("no_address"); 2]);
    courier(app.desk(), &post, &hands).until_idle().await.unwrap();
    let told = post.kinds(Recipient::Supervisor).concat();
    assert!(told.contains(&Notice::ChoiceUnreached), "{told:?}");
    let open = unreached(app.supervisor()).await;
    assert_eq!(open.as_array().unwrap().len(), 1, "{open:#}");
    assert_eq!(open[0]["piece"], *placed.code);
    let lost = open[0]["notices"].as_array().unwrap();
    let channels: Vec<_> = lost.iter().map(|row| (&row["channel"], &row["state"], &row["notice"])).collect();
    let of = |channel: &'static str| (json!(channel), json!("nobody"), json!("choice_needed"));
    let expected = [of("mail"), of("webhook")];
    assert_eq!(channels, expected.iter().map(|(a, b, c)| (a, b, c)).collect::<Vec<_>>());
    // It is this warehouse's supervisors' and nobody else's.
    assert_eq!(unreached(app.clerk()).await, json!([]));
    assert_eq!(unreached(&app.key(Role::Supervisor, warehouse("w-2")).await).await, json!([]));
    // An address was found, and the letter is sent again: the clock runs, and nothing is left to do.
    let resend = format!("/v1/notices/{}/resend", lost[0]["id"].as_str().unwrap());
    app.supervisor().post(&resend, json!({})).await.expect(200);
    hands.advance(HOUR);
    courier(app.desk(), &post, &hands).until_idle().await.unwrap();
    assert_eq!(unreached(app.supervisor()).await, json!([]));
});

both!(a_choice_that_was_made_all_the_same_leaves_the_supervisors_queue, |db| async move {
    let app = TestApp::new(db).await;
    let placed = placed_in(&app, "awaiting_buyer").await;
    let post = Arc::new(Mailbox::default());
    let hands = Hands::at(&jiff::Timestamp::now().checked_add(HOUR).unwrap().to_string());
    post.answer(vec![Posted::Nobody("no_address"); 2]);
    courier(app.desk(), &post, &hands).until_idle().await.unwrap();
    assert_eq!(unreached(app.supervisor()).await[0]["piece"], *placed.code);
    app.platform().post(&format!("/v1/pieces/{}/cancel", placed.code), json!({})).await.expect(200);
    assert_eq!(unreached(app.supervisor()).await, json!([]));
});
