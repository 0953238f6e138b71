//! Export: the files of a store, the header of each, and the rows that their records are made of again. Not part of
//! HealthOmics; `varberg export` is the client.

use crate::api::listing::Listing;
use crate::api::{Answer, Call, Reply, sql, variant_store};
use crate::app::App;
use crate::error::ApiError;
use crate::export::Selection;
use crate::header_text;
use crate::wire::{self, micros};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};
use varberg_catalog::StoreItem;
use varberg_model::{JobId, StoreStatus, ValidationError};

/// `GET /varberg/stores/{name}/items`: every file that an import job of the store named; `jobId` restricts to one job.
pub(crate) async fn items(State(app): State<App>, call: Call) -> Answer {
    let store = variant_store::find(&app, &call, call.param("name")).await?;
    let job = call.query("jobId").map(|id| JobId::parse("jobId", id)).transpose()?;
    let listing = Listing::parse(&call, "ListStoreItems", &(&store.id, job))?;
    let page = app.catalog.store_items(&store.id, job, listing.size, listing.after.as_ref()).await?;
    let entries = page.entries.iter().map(describe).collect();
    Ok(Reply::Json(listing.answer("items", &page, entries)))
}

fn describe(entry: &StoreItem) -> Value {
    let item = &entry.item;
    let mut answer = json!({
        "jobId": entry.job.to_string(),
        "position": item.position,
        "source": item.source.to_string(),
        "status": item.status.as_str(),
        "statusMessage": item.message,
        "records": item.progress.records,
    });
    wire::show(&mut answer, "completionTime", entry.completed.map(|time| micros(time).into()));
    let header = entry.header.as_ref();
    wire::show(&mut answer, "samples", header.map(|header| header.samples.into()));
    wire::show(&mut answer, "headerDigest", header.map(|header| header.digest.as_str().into()));
    wire::show(&mut answer, "partRecords", header.map(|header| json!(header.part_records)));
    answer
}

/// `GET /varberg/jobs/{jobId}/items/{position}/header`: the header of an imported file, as it was.
pub(crate) async fn header(State(app): State<App>, call: Call) -> Result<Response, ApiError> {
    let job = JobId::parse("jobId", call.param("jobId"))?;
    let position: u32 = call
        .param("position")
        .parse()
        .map_err(|_| ValidationError::new("position", "Member must be a number of an item, from 0"))?;
    let header = app.catalog.header(call.account(), job, position).await?;
    let missing = || ApiError::NotFound(format!("item {position} of job {job} has no header here"));
    let header = header.ok_or_else(missing)?;
    let text = tokio::task::spawn_blocking(move || header_text::unpack(&header)).await;
    let text = text.map_err(|error| ApiError::Internal(error.to_string()))?;
    let text = text.map_err(|error| ApiError::Internal(format!("a stored header cannot be unpacked: {error}")))?;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))], text).into_response())
}

/// `POST /varberg/export`: the rows of a [`Selection`] with hidden columns, by record, as an Arrow stream.
pub(crate) async fn rows(State(app): State<App>, call: Call) -> Result<Response, ApiError> {
    let selection: Selection = serde_json::from_slice(call.body())
        .map_err(|_| ApiError::Invalid("the body is not the JSON of a selection of rows".to_owned()))?;
    let store = variant_store::find(&app, &call, &selection.store_name).await?;
    if !matches!(store.status, StoreStatus::Active | StoreStatus::Updating) {
        return Err(ApiError::NotFound(format!("variant store {} is {}", store.name, store.status.as_str())));
    }
    let job = JobId::parse("jobId", &selection.job_id)?;
    sql::rows(&app, &call, &selection.statement(&store.name, job), &store.name).await
}
