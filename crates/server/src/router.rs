//! Every route on one page, and what surrounds all of them: request id, authentication, panics, the log line.
//!
//! Routes go by path alone; hosts and host prefixes play no part.

use crate::api::operation::{Route, ask, delete, get, manage, retract, write};
use crate::api::{
    Answer, Call, Operation, Reply, annotation_import_job, annotation_store, annotation_version, event, export, health,
    import_job, metrics, reference, reference_file, reference_import_job, reference_store, refusal, share, sql, tag,
    task, variant_import_job, variant_store,
};
use crate::app::App;
use crate::auth::gate;
use crate::doors;
use crate::error::ApiError;
use crate::iceberg_rest;
use crate::openapi;
use crate::request_log::identified;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing;
use std::any::Any;
use tower_http::catch_panic::CatchPanicLayer;
use varberg_model::Role;

/// The server's answer to every request.
pub fn router(app: App) -> Router {
    let mut router = Router::new()
        .route("/health/live", routing::get(health::live))
        .route("/health/ready", routing::get(health::ready));
    for Route { operation, answer } in operations() {
        router = router.route(operation.path, answer);
    }
    router
        .merge(iceberg_rest::routes())
        .fallback(refusal::unknown_path)
        .method_not_allowed_fallback(refusal::wrong_method)
        .layer(from_fn_with_state(app.clone(), doors::dispatch))
        .layer(from_fn_with_state(app.clone(), gate::authenticated))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.metrics.clone(), identified))
        .with_state(app)
}

/// Every operation with what answers it.
fn operations() -> impl Iterator<Item = Route> {
    variants().into_iter().chain(annotations()).chain(references()).chain(of_any_store()).chain(ours())
}

fn variants() -> Vec<Route> {
    vec![
        write("CreateVariantStore", "/variantStore")
            .note("`name` is required; the first Get after it says ACTIVE")
            .by(variant_store::create),
        get("GetVariantStore", "/variantStore/{name}").by(variant_store::get),
        write("UpdateVariantStore", "/variantStore/{name}").note("the description").by(variant_store::update),
        delete("DeleteVariantStore", "/variantStore/{name}")
            .note("without `force` refused while imports wait or run; with it they are cancelled")
            .by(variant_store::delete),
        ask("ListVariantStores", "/variantStores").note("`ids` match ids and names").by(variant_store::list),
        write("StartVariantImportJob", "/import/variant")
            .note("1 to 1000 items; no file is opened before the answer")
            .by(variant_import_job::start),
        get("GetVariantImportJob", "/import/variant/{jobId}").by(variant_import_job::get),
        retract("CancelVariantImportJob", "/import/variant/{jobId}")
            .note("refused once the job has ended")
            .by(variant_import_job::cancel),
        ask("ListVariantImportJobs", "/import/variants").by(variant_import_job::list),
    ]
}

fn annotations() -> Vec<Route> {
    vec![
        write("CreateAnnotationStore", "/annotationStore").note("`name` is required; TSV needs `storeOptions`, VCF and GFF take none; see [annotations.md](annotations.md)").by(annotation_store::create),
        get("GetAnnotationStore", "/annotationStore/{name}").note("`reference` is absent where the store has none").by(annotation_store::get),
        write("UpdateAnnotationStore", "/annotationStore/{name}").note("the description").by(annotation_store::update),
        delete("DeleteAnnotationStore", "/annotationStore/{name}").note("refused while it has several versions; `force` as for variant stores").by(annotation_store::delete),
        ask("ListAnnotationStores", "/annotationStores").note("`ids` match ids and names").by(annotation_store::list),
        write("CreateAnnotationStoreVersion", "/annotationStore/{name}/version").note("members of `versionOptions` that are left out are as in the store").by(annotation_version::create),
        get("GetAnnotationStoreVersion", "/annotationStore/{name}/version/{version}").by(annotation_version::get),
        write("UpdateAnnotationStoreVersion", "/annotationStore/{name}/version/{version}").note("the description").by(annotation_version::update),
        manage("DeleteAnnotationStoreVersions", "/annotationStore/{name}/versions/delete").note("up to ten; what could not be deleted is in `errors`").by(annotation_version::delete),
        ask("ListAnnotationStoreVersions", "/annotationStore/{name}/versions").by(annotation_version::list),
        write("StartAnnotationImportJob", "/import/annotation").note("one item; `versionName` is the first version's unless given").by(annotation_import_job::start),
        get("GetAnnotationImportJob", "/import/annotation/{jobId}").note("`formatOptions` as given; `statusMessage` is that of the file; `completionTime` is the update time while the job runs").by(annotation_import_job::get),
        retract("CancelAnnotationImportJob", "/import/annotation/{jobId}").note("refused once the job has ended").by(annotation_import_job::cancel),
        ask("ListAnnotationImportJobs", "/import/annotations").by(annotation_import_job::list),
    ]
}

fn references() -> Vec<Route> {
    vec![
        write("CreateReferenceStore", "/referencestore").note("several stores per account are allowed; `clientToken` makes it repeatable").by(reference_store::create),
        get("GetReferenceStore", "/referencestore/{store}").by(reference_store::get),
        delete("DeleteReferenceStore", "/referencestore/{store}").note("refused while it has references or imports that have not ended").by(reference_store::delete),
        ask("ListReferenceStores", "/referencestores").by(reference_store::list),
        write("StartReferenceImportJob", "/referencestore/{store}/importjob").note("FASTA: plain, gzip, BGZF, zstd or bzip2; what cannot be read at random is also kept as BGZF; `clientToken` makes it repeatable").by(reference_import_job::start),
        get("GetReferenceImportJob", "/referencestore/{store}/importjob/{id}").by(reference_import_job::get),
        ask("ListReferenceImportJobs", "/referencestore/{store}/importjobs").by(reference_import_job::list),
        get("GetReferenceMetadata", "/referencestore/{store}/reference/{id}/metadata").by(reference::metadata),
        get("GetReference", "/referencestore/{store}/reference/{id}").note("parts of 100 MiB; with `Range` 206 and `Content-Range`").by(reference_file::get),
        ask("ListReferences", "/referencestore/{store}/references").note("`name` and `md5` match exactly").by(reference::list),
        delete("DeleteReference", "/referencestore/{store}/reference/{id}").note("refused while a variant store or an annotation store is bound to it").by(reference::delete),
    ]
}

fn of_any_store() -> Vec<Route> {
    vec![
        manage("CreateShare", "/share").note("a variant or annotation store of the own account, with another account, once; `shareName` is made up where none is given").by(share::create),
        get("GetShare", "/share/{shareId}").by(share::get),
        manage("AcceptShare", "/share/{shareId}").note("by the other account, which then sees the tables in SQL; it can neither import nor delete").by(share::accept),
        delete("DeleteShare", "/share/{shareId}").note("by either account; shares go with their store too").by(share::delete),
        ask("ListShares", "/shares").note("`SELF`: shares given, `OTHER`: shares offered; `maxResults` from 1 to 100").by(share::list),
        write("TagResource", "/tags/{*resourceArn}").note("stores, versions, reference stores and references; ARNs of any length; a resource has 50 tags at most").by(tag::tag),
        retract("UntagResource", "/tags/{*resourceArn}").note("keys that are not there are passed over").by(tag::untag),
        get("ListTagsForResource", "/tags/{*resourceArn}").by(tag::list),
    ]
}

/// What HealthOmics does not have.
fn ours() -> Vec<Route> {
    vec![
        get("GetOpenApi", "/openapi.json").note("this API as OpenAPI 3.1").by(get_openapi),
        ask("Query", "/sql").note("a statement in SQL as text; the answer in the form that `Accept` asks for; see [sql.md](sql.md)").by(sql::statement),
        get("GetImportJobProgress", "/varberg/jobs/{jobId}/progress").note("of each item `position`, `source`, `status`, `message`, `bytesRead`, `bytesTotal`, `records`, `rejected`, `warnings`; `undone` with `taskId`, `time` and `rows` where its rows were taken back; see [operations.md](operations.md#warnings)").by(import_job::progress),
        write("UndoImportJob", "/varberg/jobs/{jobId}/undo").note("takes the rows of a job that has ended out of its table; the job keeps its state; the answer is the task").by(task::undo),
        get("GetStoreLayout", "/varberg/stores/{name}").note("`name`, `layout`: how the table of a variant store lies on disk, `auto` until its first import has decided; see [layouts.md](layouts.md)").by(variant_store::layout),
        get("ListStoreItems", "/varberg/stores/{name}/items").note("every file that the store's jobs named, but for jobs that were undone: `jobId`, `position`, `source`, `status`, `statusMessage`, `records`, and of imported ones `completionTime`, `samples`, `headerDigest`, `partRecords`; `?jobId=` restricts; see [export.md](export.md)").by(export::items),
        get("GetItemHeader", "/varberg/jobs/{jobId}/items/{position}/header").note("the header of an imported file, as text").by(export::header),
        ask("ExportRows", "/varberg/export").note("rows with hidden columns as an Arrow stream; its body is no stable interface").by(export::rows),
        get("ListEvents", "/varberg/events").note("`?after=`, `?since=` or `?newest=`, `?maxResults=`, `?wait=` (seconds, up to 20): what was told to the account; see [events.md](events.md)").by(event::list),
        write("CompactTable", "/varberg/tables/{name}/compact").note("merges the small data files of a table; the answer is the task; see [operations.md](operations.md#tables)").by(task::compact),
        manage("ExpireSnapshots", "/varberg/tables/{name}/expire").note("drops the snapshots that were committed before the time `before`, but for the newest `keep` (1 unless given)").by(task::expire),
        get("GetTask", "/varberg/tasks/{taskId}").note("`taskId`, `table`, `work`, `automatic`, `status`, `statusMessage`, `creationTime`, `updateTime`, once it has ended `completionTime`, `report`; `before` and `keep`, or `jobId`").by(task::get),
        get("ListTasks", "/varberg/tasks").note("the newest 100; `?table=` restricts").by(task::list),
        get("GetMetrics", "/metrics").note("for Prometheus; see [operations.md](operations.md#metrics)").by(metrics::get),
    ]
}

async fn get_openapi(_: Call) -> Answer {
    Ok(Reply::Json(openapi_document()))
}

/// The table of operations of `docs/api.md`.
pub fn operations_manual() -> String {
    let mut manual = String::new();
    for (title, of_healthomics) in [("HealthOmics", true), ("Our own", false)] {
        manual.push_str(&format!("### {title}\n\n| Operation | Request | Role | Notes |\n|---|---|---|---|\n"));
        for Operation { name, method, path, access, note, .. } in
            operations().map(|route| route.operation).filter(|o| o.is_of_healthomics() == of_healthomics)
        {
            let method = format!("{method:?}").to_uppercase();
            let path = path.replace("{*", "{");
            let role = Role::ALL.into_iter().find(|role| role.may(access)).map_or("", Role::as_str);
            manual.push_str(&format!("| {name} | `{method} {path}` | {role} | {note} |\n"));
        }
        manual.push('\n');
    }
    manual
}

/// The document that `GET /openapi.json` answers.
pub fn openapi_document() -> serde_json::Value {
    openapi::document(operations().map(|route| route.operation))
}

#[expect(clippy::needless_pass_by_value, reason = "the signature is the layer's")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    ApiError::Internal(format!("panicked: {}", text.unwrap_or("without a text"))).into_response()
}
