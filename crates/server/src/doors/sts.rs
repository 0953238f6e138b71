//! STS: who the caller is, and nothing else. Notebooks ask for the account before they look for their tables.

use crate::api::operation::get;
use crate::app::App;
use crate::auth::service::Service;
use crate::body;
use crate::caller::Caller;
use crate::error::ApiError;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use url::form_urlencoded;

/// Answers a form with an `Action`.
pub(super) async fn answer(_: &App, request: Request) -> Response {
    match identity(request).await {
        Ok(xml) => {
            let mut response = ([(CONTENT_TYPE, "text/xml")], xml).into_response();
            response.extensions_mut().insert(get("GetCallerIdentity", "/"));
            response
        }
        Err(error) => error.in_the_words_of(Service::Sts),
    }
}

async fn identity(request: Request) -> Result<String, ApiError> {
    let (mut parts, body) = request.into_parts();
    let body = body::receive(body).await?;
    let query = parts.uri.query().unwrap_or_default().as_bytes().to_vec();
    let mut pairs = form_urlencoded::parse(&body).chain(form_urlencoded::parse(&query));
    let action = pairs.find(|(name, _)| name == "Action").map(|(_, value)| value.into_owned());
    if action.as_deref() != Some("GetCallerIdentity") {
        return Err(ApiError::Invalid("of STS this server offers GetCallerIdentity alone".to_owned()));
    }
    let caller = parts.extensions.remove::<Caller>();
    let caller = caller.ok_or_else(|| ApiError::Internal("a request came in past the gate".to_owned()))?;
    let account = caller.account();
    let arn = match caller.principal.starts_with("arn:") {
        true => caller.principal.clone(),
        false => format!("arn:aws:iam::{account}:root"),
    };
    Ok(format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>{arn}</Arn><UserId>{account}</UserId><Account>{account}</Account></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
        uuid::Uuid::new_v4()
    ))
}
