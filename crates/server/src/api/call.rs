//! One request as handlers see it: path, query, headers and the whole body, received under limits (`body.rs`).
//!
//! In: the HTTP request, with its caller. Out: [`Call`].

use crate::api::Operation;
use crate::app::App;
use crate::body;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::wire;
use axum::body::Body;
use axum::extract::{FromRequest, Query, RawPathParams};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::time::Instant;
use tracing::Span;
use varberg_catalog::CallKey;
use varberg_model::{AccountId, Scope, ValidationError};

/// A received request.
pub(crate) struct Call {
    path: String,
    params: Vec<(String, String)>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
    caller: Caller,
}

/// How every handler ends.
pub(crate) type Answer = Result<Reply, ApiError>;

/// A successful answer.
pub(crate) enum Reply {
    Json(Value),
    Empty,
    /// 204.
    NoContent,
    /// JSON that clients may keep, by its tag.
    Tagged {
        body: Value,
        etag: String,
    },
    /// What the client keeps under that tag is as it was.
    NotModified {
        etag: String,
    },
    /// Bytes of a file.
    Bytes {
        body: Body,
        length: u64,
        /// `Content-Range` of an answer that is a part of what was named; none if it is all of it.
        range: Option<String>,
    },
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self {
            Self::Json(value) => {
                let json = HeaderValue::from_static("application/json");
                ([(CONTENT_TYPE, json)], value.to_string()).into_response()
            }
            Self::Tagged { body, etag } => {
                let json = (CONTENT_TYPE, "application/json".to_owned());
                ([json, (ETAG, etag)], body.to_string()).into_response()
            }
            Self::NotModified { etag } => (StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response(),
            Self::Empty => Response::new(Body::empty()),
            Self::NoContent => StatusCode::NO_CONTENT.into_response(),
            Self::Bytes { body, length, range } => {
                let binary = (CONTENT_TYPE, "application/octet-stream".to_owned());
                let headers = [binary, (CONTENT_LENGTH, length.to_string()), (ACCEPT_RANGES, "bytes".to_owned())];
                match range {
                    None => (headers, body).into_response(),
                    Some(range) => {
                        (StatusCode::PARTIAL_CONTENT, headers, [(CONTENT_RANGE, range)], body).into_response()
                    }
                }
            }
        }
    }
}

impl Call {
    /// A parameter of the path, decoded. Asking for one that the route lacks gives the empty text.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// A parameter of the query; the first when repeated.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter of the query that may be repeated.
    pub(crate) fn queries(&self, name: &str) -> impl Iterator<Item = &str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A yes or no of the query; absent is no.
    pub(crate) fn query_flag(&self, name: &str) -> Result<bool, ValidationError> {
        match self.query(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(ValidationError::one_of(name, &["true", "false"])),
        }
    }

    /// The account whose resources the caller sees.
    pub(crate) fn account(&self) -> &AccountId {
        self.caller.account()
    }

    /// Account and region of the ARNs of what he sees.
    pub(crate) fn scope(&self) -> &Scope {
        &self.caller.scope
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as JSON; an empty one is `{}`. It must say what it is: pages of the web can send other types without being
    /// asked (and the protocol wants it so).
    pub(crate) fn json(&self) -> Result<Value, ApiError> {
        if !self.body.is_empty() && !self.headers.get(CONTENT_TYPE).is_some_and(is_json) {
            return Err(ApiError::Invalid(
                "the body must come with the header Content-Type: application/json".to_owned(),
            ));
        }
        wire::parse_body(&self.body)
    }

    /// What makes a repetition of this call recognizable: the SDK's invocation id, or the client's own token.
    pub(crate) fn key(&self, operation: &'static str, client_token: Option<&str>) -> Option<CallKey> {
        let invocation = || {
            let id = self.headers.get("amz-sdk-invocation-id")?.to_str().ok()?.trim();
            (!id.is_empty()).then(|| format!("sdk:{id}"))
        };
        let invocation_id = client_token.map(|token| format!("client:{token}")).or_else(invocation)?;
        let mut digest = Sha256::new();
        digest.update(self.path.as_bytes());
        digest.update([0]);
        digest.update(&self.body);
        let body_sha256 = hex::encode(digest.finalize());
        Some(CallKey { principal: self.caller.principal.clone(), operation, invocation_id, body_sha256 })
    }
}

/// `application/json`, with or without parameters.
fn is_json(content_type: &HeaderValue) -> bool {
    let media_type = content_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

impl Call {
    /// Does what an operation is to do, once: an SDK that repeats the call because its answer got lost gets that answer, not the
    /// refusal that the thing is gone, or is done already.
    pub(crate) async fn once(
        &self,
        app: &App,
        operation: &'static str,
        effect: impl Future<Output = Result<(), ApiError>>,
    ) -> Result<(), ApiError> {
        let key = self.key(operation, None);
        if !app.catalog.knows_call(key.as_ref()).await? {
            effect.await?;
            app.catalog.note_call(key.as_ref()).await?;
        }
        Ok(())
    }
}

impl FromRequest<App> for Call {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, state: &App) -> Result<Self, ApiError> {
        use axum::extract::FromRequestParts;
        let (mut parts, body) = request.into_parts();
        // Before anything is refused: a body that is left in the connection costs the client its next request.
        let body = body::receive(body).await?;
        let params = RawPathParams::from_request_parts(&mut parts, state)
            .await
            .map_err(|_| ApiError::Invalid("the path is not valid UTF-8 once decoded".to_owned()))?;
        let params = params.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let Query::<Vec<(String, String)>>(query) = Query::try_from_uri(&parts.uri)
            .map_err(|_| ApiError::Invalid("the query string cannot be decoded".to_owned()))?;
        check_single(&query)?;
        let caller = parts.extensions.remove::<Caller>();
        let caller = caller.ok_or_else(|| ApiError::Internal("a request came in past the gate".to_owned()))?;
        Span::current().record("caller", &caller.principal);
        let operation = parts.extensions.get::<Operation>();
        let operation = operation.ok_or_else(|| ApiError::Internal("a route is not of the table".to_owned()))?;
        caller.check(operation)?;
        state.throttle.take(&state.config.quotas, caller.account(), operation, Instant::now())?;
        Ok(Self { path: parts.uri.path().to_owned(), params, query, headers: parts.headers, body, caller })
    }
}

/// What could be read in two ways is refused: of all parameters only the keys of tags may be repeated.
fn check_single(query: &[(String, String)]) -> Result<(), ValidationError> {
    let mut seen = HashSet::new();
    let repeated = query.iter().map(|(key, _)| key.as_str()).find(|key| *key != "tagKeys" && !seen.insert(*key));
    match repeated {
        Some(key) => Err(ValidationError::new(key, "Member must be given once")),
        None => Ok(()),
    }
}
