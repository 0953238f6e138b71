//! Credentials of the commands, and the signatures they make with them (Signature Version 4, service `omics`).
//!
//! Credentials come from `VARBERG_ACCESS_KEY_ID` and `VARBERG_SECRET_ACCESS_KEY`, else from the AWS variables, else from
//! the AWS profile in force. Without any, requests go unsigned, which a server without users takes.

use super::aws_config::Settings;
use super::exit::UsageError;
use crate::auth::secret::Secret;
use anyhow::{Context as _, Result};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use reqwest::{Request, Url};
use std::time::SystemTime;

/// The region that is signed for when none is set; the server's default.
pub(super) const REGION: &str = "us-east-1";

/// Looks up a variable of the environment; an empty one is none.
type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// An access key, its secret, and the region it signs for.
#[derive(Debug, Clone)]
pub(super) struct Signer {
    access_key: String,
    secret: Secret,
    region: String,
}

impl Signer {
    /// The credentials in force, if there are any.
    ///
    /// Errors: half of a pair of VARBERG variables is set.
    pub(super) fn find(variable: Variable<'_>) -> Result<Option<Self>> {
        let settings = Settings::read(variable);
        let region = ["VARBERG_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| variable(name));
        let region = region.or_else(|| settings.region.clone()).unwrap_or_else(|| REGION.to_owned());
        let pair = match own_pair(variable)? {
            Some(pair) => Some(pair),
            None => match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
                (Some(key), Some(secret)) => Some((key, Secret::new(secret))),
                _ => Settings::access_key(variable),
            },
        };
        Ok(pair.map(|(access_key, secret)| Self { access_key, secret, region }))
    }

    /// Adds a signature of now to a request whose body is known.
    pub(super) fn sign(&self, request: &mut Request) -> Result<()> {
        let url = request.url().clone();
        let host = host(&url).context("the server's address has no host")?;
        let mut headers = vec![(HOST.as_str(), host.as_str())];
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        headers.extend(content_type.as_deref().map(|value| (CONTENT_TYPE.as_str(), value)));
        let body = request.body().map_or(Some(&[][..]), reqwest::Body::as_bytes);
        let body = SignableBody::Bytes(body.context("a stream cannot be signed")?);
        let method = request.method().clone();
        let signable = SignableRequest::new(method.as_str(), url.as_str(), headers.into_iter(), body)?;
        let identity = Credentials::new(&self.access_key, self.secret.expose(), None, None, "varberg").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("omics")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let (instructions, _) = sign(signable, &params)?.into_parts();
        for (name, value) in instructions.headers() {
            let mut value = HeaderValue::from_str(value)?;
            value.set_sensitive(true);
            request.headers_mut().insert(HeaderName::from_bytes(name.as_bytes())?, value);
        }
        Ok(())
    }
}

/// The pair that is meant for this server and no other.
pub(super) fn own_pair(variable: Variable<'_>) -> Result<Option<(String, Secret)>> {
    match (variable("VARBERG_ACCESS_KEY_ID"), variable("VARBERG_SECRET_ACCESS_KEY")) {
        (Some(key), Some(secret)) => Ok(Some((key, Secret::new(secret)))),
        (None, None) => Ok(None),
        _ => Err(UsageError(
            "VARBERG_ACCESS_KEY_ID and VARBERG_SECRET_ACCESS_KEY belong together, and one is not set".to_owned(),
        )
        .into()),
    }
}

/// The host as the HTTP client sends it: with its port unless that is the scheme's own.
fn host(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}
