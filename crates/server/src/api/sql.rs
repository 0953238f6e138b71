//! `POST /sql`: a statement in, its answer out, in the form that `Accept` asks for.
//!
//! What the statement sees is decided in `grants.rs`. It runs in a process of its own (`query_pool.rs`). The answer is streamed; a fault after its first bytes breaks the connection,
//! so that half an answer never looks like a whole one.

mod form;
mod nested;
mod stream;

use crate::api::call::Call;
use crate::app::App;
use crate::error::ApiError;
use crate::grants;
use crate::query_pool::{Place, QueryFailure};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
pub(crate) use form::{Form, Writer};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use varberg_lake::QueryRequest;
use varberg_model::StoreName;

/// Answers a statement; errors have the shape of every other operation.
pub(crate) async fn statement(State(app): State<App>, call: Call) -> Result<Response, ApiError> {
    let form = Form::of_accept(call.headers().get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()))?;
    let sql =
        std::str::from_utf8(call.body()).map_err(|_| ApiError::Invalid("the statement is not UTF-8".to_owned()))?;
    if sql.trim().is_empty() {
        return Err(ApiError::Invalid("the body is empty; send the statement as text".to_owned()));
    }
    let place = app.queries.place().await.map_err(api_error)?;
    answer(&app, place, &grants::request(&app.catalog, &app.config, call.account(), sql).await?, form).await
}

/// The answer to a statement of ours over one store, hidden columns included, as an Arrow stream.
pub(super) async fn rows(app: &App, call: &Call, sql: &str, store: &StoreName) -> Result<Response, ApiError> {
    let place = app.queries.place().await.map_err(api_error)?;
    let mut request = grants::request(&app.catalog, &app.config, call.account(), sql).await?;
    request.tables.retain(|table| table.name == store.as_str());
    request.tables.iter_mut().for_each(|table| table.hidden_columns = true);
    answer(app, place, &request, Form::Arrow).await
}

async fn answer(app: &App, place: Place, request: &QueryRequest, form: Form) -> Result<Response, ApiError> {
    let answer = app.queries.ask(place, request).await.map_err(api_error)?;
    let (first, rest) = stream::begin(answer, form).await.map_err(api_error)?;
    let media_type = HeaderValue::from_static(form.media_type());
    Ok(([(CONTENT_TYPE, media_type)], Body::from_stream(stream::chained(first, rest))).into_response())
}

fn api_error(failure: QueryFailure) -> ApiError {
    match failure {
        QueryFailure::Invalid(text) | QueryFailure::Value(text) | QueryFailure::Exhausted(text) => {
            ApiError::Invalid(text)
        }
        QueryFailure::Crashed(text) => ApiError::Internal(text),
        limit @ QueryFailure::TimeLimit(_) => ApiError::Invalid(limit.to_string()),
        busy @ QueryFailure::Busy(_) => ApiError::Throttled(busy.to_string()),
    }
}
