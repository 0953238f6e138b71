//! Tags of a resource: TagResource, UntagResource, ListTagsForResource (spec 3.7, 14).

use crate::api::{Answer, Call, Reply};
use crate::app::App;
use crate::error::ApiError;
use crate::wire::Fields;
use axum::extract::State;
use serde_json::json;
use varberg_model::{Resource, ValidationError};

/// Most keys of one request, as the service model has it.
const MAX_KEYS: usize = 50;

/// How keys begin that say something to this server.
const OWN: &str = "varberg:";

/// Longest ARN: that of a version whose store and whose own name have 255 characters fits. The service model stops at 150
/// (spec 3.11), which would leave stores with long names without tags.
const MAX_ARN: usize = 2048;

pub(crate) async fn tag(State(app): State<App>, call: Call) -> Answer {
    let resource = resource(&call)?;
    let body = call.json()?;
    let fields = Fields::of_body(&body)?;
    if !fields.has("tags") {
        return Err(ValidationError::required("tags").into());
    }
    let tags = fields.tags()?;
    if let Some(key) = tags.as_map().keys().find(|key| key.starts_with(OWN)) {
        let reason =
            format!("tags that begin with '{OWN}' are read when a store is created, and do nothing afterwards");
        return Err(ValidationError::new(format!("tags.{key}"), reason).into());
    }
    app.catalog.tag(call.account(), &resource, &tags).await.map_err(|error| refused(&call, error))?;
    Ok(Reply::NoContent)
}

pub(crate) async fn untag(State(app): State<App>, call: Call) -> Answer {
    let resource = resource(&call)?;
    let keys: Vec<&str> = call.queries("tagKeys").collect();
    if keys.len() > MAX_KEYS {
        return Err(ValidationError::length("tagKeys", 0, MAX_KEYS).into());
    }
    for (key, position) in keys.iter().zip(1..) {
        if !(1..=128).contains(&key.chars().count()) {
            return Err(ValidationError::length(&format!("tagKeys.{position}"), 1, 128).into());
        }
    }
    app.catalog.untag(call.account(), &resource, &keys).await.map_err(|error| refused(&call, error))?;
    Ok(Reply::NoContent)
}

pub(crate) async fn list(State(app): State<App>, call: Call) -> Answer {
    let tags = app.catalog.tags(call.account(), &resource(&call)?).await?.ok_or_else(|| missing(&call))?;
    Ok(Reply::Json(json!({ "tags": tags.as_map() })))
}

/// The resource that the path names. An ARN of something else, or of another account, names nothing that exists.
fn resource(call: &Call) -> Result<Resource, ApiError> {
    let arn = call.param("resourceArn");
    let length = arn.chars().count();
    if !(1..=MAX_ARN).contains(&length) {
        return Err(ValidationError::length("resourceArn", 1, MAX_ARN).into());
    }
    if !arn.starts_with("arn:") || length < 5 || arn.contains(['\n', '\r']) {
        return Err(ValidationError::pattern("resourceArn", "arn:.+").into());
    }
    call.scope().parse_arn(arn).ok_or_else(|| missing(call))
}

fn refused(call: &Call, error: varberg_catalog::Error) -> ApiError {
    match error {
        varberg_catalog::Error::NotFound(_) => missing(call),
        other => other.into(),
    }
}

fn missing(call: &Call) -> ApiError {
    ApiError::NotFound(format!("resource {} does not exist", call.param("resourceArn")))
}
