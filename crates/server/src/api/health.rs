//! `GET /health/live` and `GET /health/ready`, for whoever starts and watches the server.

use crate::api::{Answer, Reply};
use crate::app::App;
use crate::error::ApiError;
use axum::extract::State;

/// Answers as long as the process does.
pub(crate) async fn live() -> Answer {
    Ok(Reply::Json(serde_json::json!({ "status": "live" })))
}

/// Answers 200 when requests can be served: not stopping, and the catalog answers.
pub(crate) async fn ready(State(app): State<App>) -> Answer {
    if app.stop.is_cancelled() {
        return Err(ApiError::Unavailable("the server is stopping".to_owned()));
    }
    app.catalog.pointer("health", "ready").await.map_err(|error| {
        tracing::error!(error = %error, "the catalog does not answer");
        ApiError::Unavailable("the catalog does not answer".to_owned())
    })?;
    Ok(Reply::Json(serde_json::json!({ "status": "ready" })))
}
