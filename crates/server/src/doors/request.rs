//! One call of a service that speaks JSON: Athena and Glue name the operation in `X-Amz-Target`, RAM and Lake Formation in the
//! path.

use crate::api::Operation;
use crate::app::App;
use crate::auth::service::Service;
use crate::body;
use crate::caller::Caller;
use crate::doors::{athena, glue, lake_formation, ram};
use crate::error::ApiError;
use crate::wire::{self, Fields};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::Instant;
use tracing::Span;
use varberg_catalog::CallKey;

/// A received call.
pub(super) struct DoorRequest {
    pub(super) operation: Operation,
    pub(super) caller: Caller,
    body: Value,
    body_sha256: String,
}

impl DoorRequest {
    /// Receives the body of a call of an operation that the service has here and the caller may call.
    pub(super) async fn receive(app: &App, service: Service, request: Request) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let body = body::receive(body).await?;
        let caller = parts.extensions.remove::<Caller>();
        let caller = caller.ok_or_else(|| ApiError::Internal("a request came in past the gate".to_owned()))?;
        Span::current().record("caller", &caller.principal);
        let operation = operation(service, &parts)?;
        caller.check(&operation)?;
        app.throttle.take(&app.config.quotas, caller.account(), &operation, Instant::now())?;
        let body_sha256 = hex::encode(Sha256::digest(&body));
        Ok(Self { operation, caller, body: wire::parse_body(&body)?, body_sha256 })
    }

    pub(super) fn body(&self) -> &Value {
        &self.body
    }

    /// What makes a repetition of this call recognizable: the token that its client gave.
    ///
    /// Errors: a token that is no text.
    pub(super) fn key(&self) -> Result<Option<CallKey>, ApiError> {
        let token = self.fields()?.text("ClientRequestToken")?.map(str::to_owned);
        let key = |token: String| CallKey {
            principal: self.caller.principal.clone(),
            operation: self.operation.name,
            invocation_id: format!("client:{token}"),
            body_sha256: self.body_sha256.clone(),
        };
        Ok(token.map(key))
    }

    pub(super) fn fields(&self) -> Result<Fields<'_>, ApiError> {
        Fields::of_body(&self.body)
    }
}

fn operation(service: Service, parts: &Parts) -> Result<Operation, ApiError> {
    let target = || {
        let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
        target.rsplit('.').next().unwrap_or_default()
    };
    let found = match service {
        Service::Athena => by_name(&athena::OPERATIONS, target()),
        Service::Glue => by_name(&glue::OPERATIONS, target()),
        Service::Ram => by_path(&ram::OPERATIONS, parts),
        _ => by_path(&lake_formation::OPERATIONS, parts),
    };
    found.ok_or_else(|| {
        ApiError::Invalid(format!(
            "this server does not offer this operation of {}; docs/athena.md lists those it does",
            service.name()
        ))
    })
}

fn by_name(operations: &[Operation], name: &str) -> Option<Operation> {
    operations.iter().find(|operation| operation.name == name).copied()
}

fn by_path(operations: &[Operation], parts: &Parts) -> Option<Operation> {
    operations.iter().find(|operation| operation.path == parts.uri.path()).copied()
}

/// The answer to an operation, as its service's clients read it.
pub(super) fn answered(service: Service, operation: Operation, answer: Result<Value, ApiError>) -> Response {
    let mut response = match answer {
        Ok(value) => ([(CONTENT_TYPE, "application/x-amz-json-1.1")], value.to_string()).into_response(),
        Err(error) => error.in_the_words_of(service),
    };
    response.extensions_mut().insert(operation);
    response
}
