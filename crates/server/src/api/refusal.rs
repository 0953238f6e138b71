//! Answers of paths that lead nowhere: operations of HealthOmics that are not about analytics, wrong methods, unknown paths.

use crate::body::discard;
use crate::error::ApiError;
use axum::body::Body;
use http::{Method, Uri};

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

pub(crate) async fn wrong_method(method: Method, uri: Uri, body: Body) -> ApiError {
    discard(body).await;
    ApiError::NotSupported(format!("no operation has method {method} on {}", uri.path()))
}

pub(crate) async fn unknown_path(method: Method, uri: Uri, body: Body) -> ApiError {
    discard(body).await;
    let first = uri.path().trim_start_matches('/').split('/').next().unwrap_or_default();
    if OTHER_SERVICES.contains(&first) {
        return ApiError::NotSupported(
            "this server is Varberg: variant stores, annotation stores, their import jobs, shares and tags, and reference \
             stores; it has no workflows, runs, sequence stores and read sets"
                .to_owned(),
        );
    }
    ApiError::UnknownOperation(format!("no operation has the path {method} {}", uri.path()))
}
