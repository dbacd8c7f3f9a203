//! The service as callers meet it.

use crate::app::TestApp;

both!(the_service_answers, |db| async move {
    let app = TestApp::new(db).await;
    assert_eq!(app.stranger().get("/livez").await.status, 200);
    assert_eq!(app.stranger().get("/readyz").await.status, 200);
    app.stranger().get("/v1/nothing").await.expect_problem(404, "not_found");
});
