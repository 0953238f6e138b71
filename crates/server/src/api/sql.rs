//! `POST /sql`: a statement in, its answer out, in the form that `Accept` asks for.
//!
//! The statement sees every ACTIVE store of the account as `"default"."NAME"` and `"variant_ACCOUNT_STOREID"."NAME"` or
//! `"annotation_ACCOUNT_STOREID"."NAME"`, later versions of annotation stores as `NAME_VERSION`. It runs
//! in a process of its own (`query_pool.rs`). The answer is streamed; a fault after its first bytes breaks the connection,
//! so that half an answer never looks like a whole one.

mod form;
mod nested;
mod stream;

use crate::api::call::Call;
use crate::app::App;
use crate::error::ApiError;
use crate::query_pool::{Place, QueryFailure};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use form::Form;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use std::collections::HashMap;
use varberg_catalog::PublishedTable;
use varberg_lake::{GrantedTable, QueryLimits, QueryRequest};
use varberg_model::{AccountId, StoreName};

/// Most bytes that the sorts and joins of one statement write to disk.
const SPILL_BYTES: u64 = 64 << 30;

/// The schema in which every store is found by its name alone.
const DEFAULT_SCHEMA: &str = "default";

/// Answers a statement; errors have the shape of every other operation.
pub(crate) async fn statement(State(app): State<App>, call: Call) -> Result<Response, ApiError> {
    let form = Form::of_accept(call.headers().get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()))?;
    let sql =
        std::str::from_utf8(call.body()).map_err(|_| ApiError::Invalid("the statement is not UTF-8".to_owned()))?;
    if sql.trim().is_empty() {
        return Err(ApiError::Invalid("the body is empty; send the statement as text".to_owned()));
    }
    let place = app.queries.place().await.map_err(api_error)?;
    answer(&app, place, &request(&app, &call, sql).await?, form).await
}

/// The answer to a statement of ours over one store, hidden columns included, as an Arrow stream.
pub(super) async fn rows(app: &App, call: &Call, sql: &str, store: &StoreName) -> Result<Response, ApiError> {
    let place = app.queries.place().await.map_err(api_error)?;
    let mut request = request(app, call, sql).await?;
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

/// The statement with the tables it may see and the limits it must keep.
async fn request(app: &App, call: &Call, sql: &str) -> Result<QueryRequest, ApiError> {
    let tables = granted(app.catalog.tables_of(call.account()).await?, call.account());
    let asks_for_contig = sql.to_ascii_lowercase().replace("contigname", "").contains("contig");
    let contig_aliases = if asks_for_contig { app.catalog.contig_aliases(call.account()).await? } else { Vec::new() };
    let warehouse = app.config.warehouse().map_err(|e| ApiError::Internal(e.to_string()))?;
    let limits = QueryLimits {
        memory_bytes: usize::try_from(app.config.query.memory_bytes).unwrap_or(usize::MAX),
        time_s: u64::from(app.config.query.time_s),
        spill_dir: app.config.spill_dir(),
        spill_bytes: SPILL_BYTES,
        target_partitions: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    };
    Ok(QueryRequest { sql: sql.to_owned(), tables, limits, warehouse, contig_aliases })
}

/// Tables under their schemas. Those of other accounts are in the default schema only where no other table has their name.
fn granted(published: Vec<PublishedTable>, account: &AccountId) -> Vec<GrantedTable> {
    let mut names: HashMap<String, usize> = HashMap::new();
    for table in &published {
        *names.entry(table.name.clone()).or_default() += 1;
    }
    let granted = |table: PublishedTable| {
        let by_name = table.owner == *account || names.get(&table.name) == Some(&1);
        let default = by_name.then(|| DEFAULT_SCHEMA.to_owned());
        GrantedTable {
            schemas: default.into_iter().chain([table.namespace]).collect(),
            name: table.name,
            metadata_location: table.metadata_location,
            samples_location: table.samples_location,
            hidden_columns: false,
        }
    };
    published.into_iter().map(granted).collect()
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
