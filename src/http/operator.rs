use utoipa_axum::router::OpenApiRouter;

use super::App;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}
