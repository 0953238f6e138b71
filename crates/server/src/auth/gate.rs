//! The door that every request passes: decides who calls, and lets nobody in whom it does not know.
//!
//! In: the request as it came. Out: the request with its [`Caller`], or a refusal. What the caller may do is decided
//! later, by [`Caller::check`].
//!
//! - No user exists, loopback: programs of this machine call, as admins of the configured account.
//! - Users exist: a signature, or Basic credentials that nobody can read on the way.
//! - No user exists (any more) and others reach the server: nobody calls.
//! - `/health/` tells nothing and asks nobody.

use super::service::Service;
use super::signature::{self, Expected, Received, Refusal};
use super::users::Roster;
use super::{basic, bearer, origin};
use crate::app::App;
use crate::body;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::iceberg_rest::TOKENS;
use crate::listen::Connection;
use crate::wire;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, request::Parts};
use varberg_model::Role;

/// Most bytes of all headers: several times what any client sends.
const MAX_HEADER_BYTES: usize = 32 << 10;

/// Lets in whoever may call, and says for which service the request is.
pub(crate) async fn authenticated(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, mut body) = request.into_parts();
    let service = Service::of(&parts);
    match admit(&app, service, &parts, &mut body).await {
        Ok(caller) => {
            parts.extensions.insert(service);
            if let Some(caller) = caller {
                parts.extensions.insert(caller);
            }
            next.run(Request::from_parts(parts, body)).await
        }
        Err(refusal) => {
            body::discard(body).await;
            refusal.in_the_words_of(service)
        }
    }
}

/// The caller; none for what asks nobody, and for the S3 door, which verifies signatures itself. A body that is signed is read
/// as a whole and put back.
async fn admit(app: &App, service: Service, parts: &Parts, body: &mut Body) -> Result<Option<Caller>, ApiError> {
    let bytes: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > MAX_HEADER_BYTES {
        return Err(ApiError::Invalid(format!("the headers have more than {MAX_HEADER_BYTES} bytes")));
    }
    let roster = app.users.roster().await.map_err(|error| ApiError::Internal(format!("{error:#}")))?;
    let is_local = roster.is_empty() && !app.is_exposed;
    if is_local {
        origin::check_host(&parts.uri, &parts.headers)?;
        origin::check_origin(&parts.uri, &parts.headers)?;
        return Ok(Some(anybody(app, &parts.headers)));
    }
    if parts.uri.path().starts_with("/health/") {
        return Ok(None);
    }
    origin::check_origin(&parts.uri, &parts.headers)?;
    if roster.is_empty() {
        return Err(ApiError::AccessDenied(
            "no user exists any more, so nobody may call; make one with `varberg user create`".to_owned(),
        ));
    }
    if service == Service::S3 || parts.uri.path() == TOKENS {
        return Ok(None);
    }
    if service == Service::Iceberg
        && let Some(token) = bearer_token(&parts.headers)
    {
        let access_key = bearer::verify(token, wire::now(), |key| roster.secret(key)).ok_or(Refusal::Unrecognized)?;
        return Ok(Some(roster.caller(&access_key).ok_or(Refusal::Unrecognized)?));
    }
    let access_key = if basic::is_basic(&parts.headers) {
        check_basic(parts, &roster)?
    } else {
        check_signature(app, service, parts, body, &roster).await?
    };
    let caller = roster.caller(&access_key).ok_or(Refusal::Unrecognized)?;
    let (users, now) = (app.users.clone(), wire::now());
    app.tasks.spawn(async move { users.note_use(&access_key, now).await });
    Ok(Some(caller))
}

fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

/// Who calls while nobody has credentials: anybody of this machine, with all rights in the configured account. The
/// access key of the signature, which is not verified, tells callers apart.
fn anybody(app: &App, headers: &HeaderMap) -> Caller {
    let key = || {
        let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (_, rest) = header.split_once("Credential=")?;
        rest.split('/').next().filter(|key| !key.is_empty() && key.len() <= 128)
    };
    Caller {
        scope: app.scope.clone(),
        principal: key().unwrap_or("anonymous").to_owned(),
        role: Role::Admin,
        access_key: None,
        verified: false,
    }
}

/// The access key that signed the request. Only the bodies of those who name a known key are kept in memory.
async fn check_signature(
    app: &App,
    service: Service,
    parts: &Parts,
    body: &mut Body,
    roster: &Roster,
) -> Result<String, ApiError> {
    // A signature covers the path without these; what is routed is the path with them.
    if has_empty_or_dot_segment(parts.uri.path()) {
        return Err(Refusal::Malformed("the path has an empty segment, or one of dots").into());
    }
    let expected = Expected { region: &app.scope.region, service: service.name(), now: wire::now() };
    let key = signature::claimed_key(&parts.uri, &parts.headers, expected)?;
    let came = std::mem::take(body);
    let bytes = if roster.secret(key).is_some() {
        body::receive(came).await?
    } else {
        body::discard(came).await;
        Bytes::new()
    };
    *body = Body::from(bytes.clone());
    let received = Received { method: &parts.method, uri: &parts.uri, headers: &parts.headers, body: &bytes };
    Ok(signature::verify(received, expected, |key| roster.secret(key))?)
}

fn has_empty_or_dot_segment(path: &str) -> bool {
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        if matches!(segment, "." | "..") || (segment.is_empty() && !is_last) {
            return true;
        }
    }
    false
}

/// Basic credentials travel in clear text: only where nobody listens.
fn check_basic(parts: &Parts, roster: &Roster) -> Result<String, ApiError> {
    if !parts.extensions.get::<Connection>().is_some_and(|connection| connection.is_private()) {
        return Err(ApiError::AccessDenied(
            "Basic credentials are accepted over TLS or from this machine only; sign the request instead".to_owned(),
        ));
    }
    Ok(basic::verify(&parts.headers, |key| roster.secret(key))?)
}
