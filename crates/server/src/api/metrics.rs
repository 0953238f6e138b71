//! `GET /metrics`: numbers about the running server, for Prometheus. Of all accounts; no names of theirs.

use crate::api::Call;
use crate::app::App;
use crate::error::ApiError;
use crate::events::webhook::RECEIVER;
use crate::metrics::{CONTENT_TYPE, Moment};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::HeaderValue;

pub(crate) async fn get(State(app): State<App>, call: Call) -> Result<Response, ApiError> {
    let own = &app.scope.account;
    if call.account() != own {
        let text = format!("the numbers are of all accounts and are shown to users of the server's own, {own}, only");
        return Err(ApiError::AccessDenied(text));
    }
    let moment = Moment {
        jobs: app.catalog.job_counts().await?,
        waiting_events: app.catalog.undelivered_count(RECEIVER).await?,
    };
    let text = app.metrics.text(&moment).map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok(([(http::header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE))], text).into_response())
}
