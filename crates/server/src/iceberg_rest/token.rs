//! `POST /v1/oauth/tokens`: an access key and its secret for a token (client credentials of OAuth 2).

use crate::app::App;
use crate::auth::bearer;
use crate::auth::service::Service;
use crate::body;
use crate::error::ApiError;
use crate::wire;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde_json::json;
use std::collections::HashMap;
use subtle::ConstantTimeEq as _;
use url::form_urlencoded;

/// What clients get while nobody has credentials: anybody of this machine may ask.
const ANYBODY: &str = "anybody";

pub(super) async fn give(State(app): State<App>, request: Request) -> Response {
    match token(&app, request).await {
        Ok(token) => {
            let answer = json!({
                "access_token": token,
                "token_type": "bearer",
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "expires_in": bearer::LIFE.num_seconds(),
            });
            crate::api::Reply::Json(answer).into_response()
        }
        Err(error) => error.in_the_words_of(Service::Iceberg),
    }
}

async fn token(app: &App, request: Request) -> Result<String, ApiError> {
    let (parts, body) = request.into_parts();
    let body = body::receive(body).await?;
    let form: HashMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    if app.is_open().await.map_err(|error| ApiError::Internal(format!("{error:#}")))? {
        return Ok(ANYBODY.to_owned());
    }
    let (id, secret) = basic(&parts.headers)
        .or_else(|| Some((form.get("client_id")?.clone(), form.get("client_secret")?.clone())))
        .ok_or_else(|| {
            ApiError::Invalid("client_id and client_secret are wanted: an access key and its secret".to_owned())
        })?;
    if form.get("grant_type").is_some_and(|kind| kind != "client_credentials") {
        return Err(ApiError::Invalid("grant_type must be client_credentials".to_owned()));
    }
    let roster = app.users.roster().await.map_err(|error| ApiError::Internal(format!("{error:#}")))?;
    let known = roster.secret(&id);
    let same = known.as_ref().is_some_and(|known| known.expose().as_bytes().ct_eq(secret.as_bytes()).into());
    match known.filter(|_| same) {
        Some(known) => Ok(bearer::issue(&id, &known, wire::now() + bearer::LIFE)),
        None => Err(crate::auth::signature::Refusal::Unrecognized.into()),
    }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()?;
    text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}
