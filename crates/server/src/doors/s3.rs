//! The S3 door: the files of a warehouse and of answers that lie on a disk of this machine, for clients that read S3.
//!
//! Two buckets. `varberg-results` holds the answers to statements, each account's below its number; what lies there may be
//! deleted. `varberg-warehouse` holds the files of tables; those that hold locations name them in this bucket. Nothing can be uploaded. Signatures are verified by s3s; while
//! nobody has credentials they are taken off, as the secrets that clients sign with are unknown here. Where the warehouse is a
//! real S3 bucket the door is shut.

mod access;
mod listing;
mod objects;

use crate::app::App;
use crate::auth::service::Service;
use crate::caller::Caller;
use crate::error::ApiError;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::AUTHORIZATION;
use http::uri::{PathAndQuery, Uri};
use s3s::service::{S3Service, S3ServiceBuilder};

/// The bucket of answers.
pub(crate) const RESULTS: &str = "varberg-results";
/// The bucket of tables.
pub(crate) const WAREHOUSE: &str = "varberg-warehouse";

/// Where clients of the door find the warehouse.
pub(crate) const WAREHOUSE_ADDRESS: &str = "s3://varberg-warehouse";

/// What presigned addresses carry beside the address.
const PRESIGNING: &str = "X-Amz-";

/// Answers an S3 request.
pub(super) async fn answer(app: &App, request: Request) -> Response {
    if !app.lake.is_directory() {
        let text = "the warehouse of this server is an S3 bucket; ask that bucket";
        return ApiError::AccessDenied(text.to_owned()).in_the_words_of(Service::S3);
    }
    let request = if request.extensions().get::<Caller>().is_some() { unsigned(request) } else { request };
    let request = request.map(s3s::Body::http_body_unsync);
    match service(app).call(request).await {
        Ok(answer) => answer.map(Body::new),
        Err(error) => ApiError::Internal(format!("the S3 door failed: {error:?}")).in_the_words_of(Service::S3),
    }
}

fn service(app: &App) -> S3Service {
    let mut builder = S3ServiceBuilder::new(objects::Objects(app.clone()));
    builder.set_access(access::Rules(app.clone()));
    builder.set_auth(access::Keys(app.clone()));
    builder.build()
}

/// The request without its signature.
fn unsigned(mut request: Request) -> Request {
    let headers = request.headers_mut();
    for name in [AUTHORIZATION.as_str(), "x-amz-content-sha256", "x-amz-security-token"] {
        headers.remove(name);
    }
    let uri = request.uri();
    if let Some(query) = uri.query().filter(|query| query.contains(PRESIGNING)) {
        let kept: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with(PRESIGNING)).collect();
        let separator = if kept.is_empty() { "" } else { "?" };
        let target = format!("{}{separator}{}", uri.path(), kept.join("&"));
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = PathAndQuery::try_from(target).ok();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}
