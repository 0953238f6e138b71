//! Every route on one page, and what surrounds all of them: request id, guard, panics, the log line.
//!
//! Routes go by path alone; hosts and host prefixes play no part.

use crate::api::refusal::{self, Missing};
use crate::api::{
    annotation_import_job, annotation_store, annotation_version, export, health, import_job, reference,
    reference_import_job, reference_store, sql, variant_import_job, variant_store,
};
use crate::app::App;
use crate::auth;
use crate::error::ApiError;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use http::header::{HeaderName, HeaderValue};
use std::any::Any;
use std::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;
use uuid::Uuid;

/// The server's answer to every request.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(variants())
        .merge(annotations())
        .merge(references())
        .merge(not_here())
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/varberg/jobs/{jobId}/progress", get(import_job::progress))
        .route("/varberg/stores/{name}/items", get(export::items))
        .route("/varberg/jobs/{jobId}/items/{position}/header", get(export::header))
        .route("/varberg/export", post(export::rows))
        .route("/sql", post(sql::statement))
        .fallback(refusal::unknown_path)
        .method_not_allowed_fallback(refusal::wrong_method)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(guarded))
        .layer(from_fn(identified))
        .with_state(app)
}

fn variants() -> Router<App> {
    Router::new()
        .route("/variantStore", post(variant_store::create))
        .route(
            "/variantStore/{name}",
            get(variant_store::get).delete(variant_store::delete).post(refusal::update_variant_store),
        )
        .route("/variantStores", post(variant_store::list))
        .route("/import/variant", post(variant_import_job::start))
        .route("/import/variant/{jobId}", get(variant_import_job::get).delete(variant_import_job::cancel))
        .route("/import/variants", post(variant_import_job::list))
}

fn annotations() -> Router<App> {
    let store = "/annotationStore/{name}";
    Router::new()
        .route("/annotationStore", post(annotation_store::create))
        .route(store, get(annotation_store::get).delete(annotation_store::delete).post(annotation_store::update))
        .route("/annotationStores", post(annotation_store::list))
        .route(&format!("{store}/version"), post(annotation_version::create))
        .route(&format!("{store}/version/{{version}}"), get(annotation_version::get).post(annotation_version::update))
        .route(&format!("{store}/versions"), post(annotation_version::list))
        .route(&format!("{store}/versions/delete"), post(annotation_version::delete))
        .route("/import/annotation", post(annotation_import_job::start))
        .route("/import/annotation/{jobId}", get(annotation_import_job::get).delete(annotation_import_job::cancel))
        .route("/import/annotations", post(annotation_import_job::list))
}

fn references() -> Router<App> {
    let store = "/referencestore/{store}";
    Router::new()
        .route("/referencestore", post(reference_store::create))
        .route(store, get(reference_store::get).delete(refusal::delete_reference_store))
        .route("/referencestores", post(reference_store::list))
        .route(&format!("{store}/importjob"), post(reference_import_job::start))
        .route(&format!("{store}/importjob/{{id}}"), get(reference_import_job::get))
        .route(&format!("{store}/importjobs"), post(reference_import_job::list))
        .route(&format!("{store}/reference/{{id}}"), get(refusal::get_reference).delete(refusal::delete_reference))
        .route(&format!("{store}/reference/{{id}}/metadata"), get(reference::metadata))
        .route(&format!("{store}/references"), post(reference::list))
}

/// Operations of the contract that this version lacks.
fn not_here() -> Router<App> {
    let shares = any(|| refusal::missing(Missing::Shares));
    let tags = any(|| refusal::missing(Missing::Tags));
    Router::new()
        .route("/share", shares.clone())
        .route("/share/{shareId}", shares.clone())
        .route("/shares", shares)
        .route("/tags/{*resourceArn}", tags)
}

/// Gives the request an id, which its log lines and its answer carry, and logs its end.
async fn identified(request: Request, next: Next) -> Response {
    let id = Uuid::new_v4().to_string();
    let span =
        tracing::info_span!("request", request.id = %id, method = %request.method(), path = request.uri().path());
    let read = request.method().is_safe() || is_reading_post(request.uri().path());
    let begin = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let duration_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    // Whoever waits for a job asks often; what changes something is worth a line each.
    span.in_scope(|| {
        if read {
            tracing::debug!(status, duration_ms, "answered");
        } else {
            tracing::info!(status, duration_ms, "answered");
        }
    });
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HeaderName::from_static("x-amzn-requestid"), value);
    }
    response
}

/// Listings and statements are POSTs that change nothing.
fn is_reading_post(path: &str) -> bool {
    const READING: [&str; 7] = [
        "/variantStores",
        "/import/variants",
        "/annotationStores",
        "/import/annotations",
        "/referencestores",
        "/sql",
        "/varberg/export",
    ];
    READING.contains(&path)
        || (path.starts_with("/annotationStore/") && path.ends_with("/versions"))
        || (path.starts_with("/referencestore/") && (path.ends_with("/importjobs") || path.ends_with("/references")))
}

async fn guarded(request: Request, next: Next) -> Response {
    match auth::guard(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature is the layer's")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    ApiError::Internal(format!("panicked: {}", text.unwrap_or("without a text"))).into_response()
}
