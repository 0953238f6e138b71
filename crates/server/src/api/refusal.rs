//! Answers of paths that lead nowhere: operations this version lacks, wrong methods, unknown paths.

use crate::error::ApiError;
use http::{Method, Uri};

/// Groups of operations that are not there yet.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Missing {
    Shares,
    Tags,
}

/// What the server has, for everybody who asked for something else.
const HERE: &str = "this server has variant stores (create, get, list, delete), annotation stores and their versions \
                    (create, get, list, update, delete), variant and annotation import jobs (start, get, list, \
                    cancel), reference stores (create, get, list), reference import jobs and references (list, \
                    get metadata)";

/// First path segments of HealthOmics operations outside analytics: workflows and sequence stores.
const OTHER_SERVICES: [&str; 9] = [
    "run",
    "runGroup",
    "runCache",
    "runBatch",
    "workflow",
    "sequencestore",
    "sequencestores",
    "s3accesspolicy",
    "configuration",
];

fn not_supported(what: &str) -> ApiError {
    ApiError::NotSupported(format!("not available in this version: {what}; {HERE}"))
}

pub(crate) async fn missing(what: Missing) -> ApiError {
    match what {
        Missing::Shares => not_supported("sharing of stores"),
        Missing::Tags => not_supported("changing or listing tags"),
    }
}

pub(crate) async fn update_variant_store() -> ApiError {
    not_supported("UpdateVariantStore")
}

pub(crate) async fn delete_reference_store() -> ApiError {
    not_supported("DeleteReferenceStore")
}

pub(crate) async fn get_reference() -> ApiError {
    not_supported("GetReference")
}

pub(crate) async fn delete_reference() -> ApiError {
    not_supported("DeleteReference")
}

pub(crate) async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    ApiError::NotSupported(format!("no operation has method {method} on {}", uri.path()))
}

pub(crate) async fn unknown_path(method: Method, uri: Uri) -> ApiError {
    let first = uri.path().trim_start_matches('/').split('/').next().unwrap_or_default();
    if OTHER_SERVICES.contains(&first) {
        return not_supported("workflows and sequence stores");
    }
    ApiError::UnknownOperation(format!("no operation has the path {method} {}", uri.path()))
}
