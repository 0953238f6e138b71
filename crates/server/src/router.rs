//! Every route on one page, and what surrounds all of them: request id, guard, panics, the log line.
//!
//! Routes go by path alone; hosts and host prefixes play no part.

use crate::api::call::discard;
use crate::api::operation::{Route, ask, delete, get, manage, retract, write};
use crate::api::{
    Operation, annotation_import_job, annotation_store, annotation_version, export, health, import_job, reference,
    reference_file, reference_import_job, reference_store, refusal, share, sql, tag, variant_import_job, variant_store,
};
use crate::app::App;
use crate::auth;
use crate::error::ApiError;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing;
use http::header::{HeaderName, HeaderValue};
use std::any::Any;
use std::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;
use uuid::Uuid;
use varberg_model::Access;

/// The server's answer to every request.
pub fn router(app: App) -> Router {
    let mut router = Router::new()
        .route("/health/live", routing::get(health::live))
        .route("/health/ready", routing::get(health::ready));
    for Route { operation, answer } in operations() {
        router = router.route(operation.path, answer);
    }
    router
        .fallback(refusal::unknown_path)
        .method_not_allowed_fallback(refusal::wrong_method)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(guarded))
        .layer(from_fn(identified))
        .with_state(app)
}

/// Every operation with what answers it.
fn operations() -> impl Iterator<Item = Route> {
    variants().into_iter().chain(annotations()).chain(references()).chain(of_any_store()).chain(ours())
}

fn variants() -> Vec<Route> {
    vec![
        write("CreateVariantStore", "/variantStore").by(variant_store::create),
        get("GetVariantStore", "/variantStore/{name}").by(variant_store::get),
        write("UpdateVariantStore", "/variantStore/{name}").by(variant_store::update),
        delete("DeleteVariantStore", "/variantStore/{name}").by(variant_store::delete),
        ask("ListVariantStores", "/variantStores").by(variant_store::list),
        write("StartVariantImportJob", "/import/variant").by(variant_import_job::start),
        get("GetVariantImportJob", "/import/variant/{jobId}").by(variant_import_job::get),
        retract("CancelVariantImportJob", "/import/variant/{jobId}").by(variant_import_job::cancel),
        ask("ListVariantImportJobs", "/import/variants").by(variant_import_job::list),
    ]
}

fn annotations() -> Vec<Route> {
    vec![
        write("CreateAnnotationStore", "/annotationStore").by(annotation_store::create),
        get("GetAnnotationStore", "/annotationStore/{name}").by(annotation_store::get),
        write("UpdateAnnotationStore", "/annotationStore/{name}").by(annotation_store::update),
        delete("DeleteAnnotationStore", "/annotationStore/{name}").by(annotation_store::delete),
        ask("ListAnnotationStores", "/annotationStores").by(annotation_store::list),
        write("CreateAnnotationStoreVersion", "/annotationStore/{name}/version").by(annotation_version::create),
        get("GetAnnotationStoreVersion", "/annotationStore/{name}/version/{version}").by(annotation_version::get),
        write("UpdateAnnotationStoreVersion", "/annotationStore/{name}/version/{version}")
            .by(annotation_version::update),
        manage("DeleteAnnotationStoreVersions", "/annotationStore/{name}/versions/delete")
            .by(annotation_version::delete),
        ask("ListAnnotationStoreVersions", "/annotationStore/{name}/versions").by(annotation_version::list),
        write("StartAnnotationImportJob", "/import/annotation").by(annotation_import_job::start),
        get("GetAnnotationImportJob", "/import/annotation/{jobId}").by(annotation_import_job::get),
        retract("CancelAnnotationImportJob", "/import/annotation/{jobId}").by(annotation_import_job::cancel),
        ask("ListAnnotationImportJobs", "/import/annotations").by(annotation_import_job::list),
    ]
}

fn references() -> Vec<Route> {
    vec![
        write("CreateReferenceStore", "/referencestore").by(reference_store::create),
        get("GetReferenceStore", "/referencestore/{store}").by(reference_store::get),
        delete("DeleteReferenceStore", "/referencestore/{store}").by(reference_store::delete),
        ask("ListReferenceStores", "/referencestores").by(reference_store::list),
        write("StartReferenceImportJob", "/referencestore/{store}/importjob").by(reference_import_job::start),
        get("GetReferenceImportJob", "/referencestore/{store}/importjob/{id}").by(reference_import_job::get),
        ask("ListReferenceImportJobs", "/referencestore/{store}/importjobs").by(reference_import_job::list),
        get("GetReferenceMetadata", "/referencestore/{store}/reference/{id}/metadata").by(reference::metadata),
        get("GetReference", "/referencestore/{store}/reference/{id}").by(reference_file::get),
        ask("ListReferences", "/referencestore/{store}/references").by(reference::list),
        delete("DeleteReference", "/referencestore/{store}/reference/{id}").by(reference::delete),
    ]
}

fn of_any_store() -> Vec<Route> {
    vec![
        manage("CreateShare", "/share").by(share::create),
        get("GetShare", "/share/{shareId}").by(share::get),
        manage("AcceptShare", "/share/{shareId}").by(share::accept),
        delete("DeleteShare", "/share/{shareId}").by(share::delete),
        ask("ListShares", "/shares").by(share::list),
        write("TagResource", "/tags/{*resourceArn}").by(tag::tag),
        retract("UntagResource", "/tags/{*resourceArn}").by(tag::untag),
        get("ListTagsForResource", "/tags/{*resourceArn}").by(tag::list),
    ]
}

/// What HealthOmics does not have.
fn ours() -> Vec<Route> {
    vec![
        ask("Query", "/sql").by(sql::statement),
        get("GetImportJobProgress", "/varberg/jobs/{jobId}/progress").by(import_job::progress),
        get("ListStoreItems", "/varberg/stores/{name}/items").by(export::items),
        get("GetItemHeader", "/varberg/jobs/{jobId}/items/{position}/header").by(export::header),
        ask("ExportRows", "/varberg/export").by(export::rows),
    ]
}

/// Gives the request an id, which its log lines and its answer carry, and logs its end.
async fn identified(request: Request, next: Next) -> Response {
    let id = Uuid::new_v4().to_string();
    let span = tracing::info_span!(
        "request",
        request.id = %id,
        method = %request.method(),
        path = request.uri().path(),
        caller = tracing::field::Empty
    );
    let is_safe = request.method().is_safe();
    let begin = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let duration_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    let operation = response.extensions().get::<Operation>();
    let name = operation.map(|operation| operation.name);
    let read = operation.map_or(is_safe, |operation| operation.access == Access::Read);
    // Whoever waits for a job asks often; what changes something is worth a line each.
    span.in_scope(|| {
        if read {
            tracing::debug!(operation = name, status, duration_ms, "answered");
        } else {
            tracing::info!(operation = name, status, duration_ms, "answered");
        }
    });
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HeaderName::from_static("x-amzn-requestid"), value);
    }
    response
}

async fn guarded(request: Request, next: Next) -> Response {
    match auth::guard(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            discard(request.into_body()).await;
            refusal.into_response()
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature is the layer's")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    ApiError::Internal(format!("panicked: {}", text.unwrap_or("without a text"))).into_response()
}
