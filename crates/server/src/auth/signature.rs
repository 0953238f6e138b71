//! Signature Version 4: whether a request was signed with the secret of the access key that it names.
//!
//! In: the request as received (nothing decoded, the whole body), where and when it should have been signed for, and a
//! lookup of secrets. Out: the access key, or a [`Refusal`]. The request is signed again with AWS's own library over the
//! headers that it says are signed, and the two signatures are compared in constant time. The order of the checks is
//! AWS's (facts: SigV4 on the server, 4.3). No I/O, no clock.
//!
//! Only what SDKs send to this service is accepted: the Authorization header with `AWS4-HMAC-SHA256` and the hash of the
//! body. Presigned addresses, unsigned and streamed payloads, session tokens, Signature Version 2 and 4a are refused.

mod authorization;
mod refusal;
mod wellformed;

pub use authorization::Authorization;
pub use refusal::Refusal;

use super::secret::Secret;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use http::header::HOST;
use http::{HeaderMap, Method, Uri};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How far the clock of a client may be away.
const WINDOW: TimeDelta = TimeDelta::minutes(15);

const TIME_FORMAT: &str = "%Y%m%dT%H%M%SZ";
const DATE: &str = "x-amz-date";
const BODY_HASH: &str = "x-amz-content-sha256";
const TOKEN: &str = "x-amz-security-token";

/// What signs in place of an unknown key, so that its refusal takes as long as that of a wrong secret.
const NO_SECRET: &str = "0000000000000000000000000000000000000000";

/// A request as it came.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    pub method: &'a Method,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// What a signature must have been made for.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    pub region: &'a str,
    pub service: &'a str,
    pub now: DateTime<Utc>,
}

/// The access key that a request says it was signed with: all that can be told before its body has come.
pub fn claimed_key<'a>(uri: &'a Uri, headers: &'a HeaderMap, expected: Expected<'_>) -> Result<&'a str, Refusal> {
    claim(uri, headers, expected).map(|(authorization, _)| authorization.access_key)
}

fn claim<'a>(
    uri: &'a Uri,
    headers: &'a HeaderMap,
    expected: Expected<'_>,
) -> Result<(Authorization<'a>, DateTime<Utc>), Refusal> {
    wellformed::check(uri)?;
    let authorization = Authorization::of(uri, headers)?;
    check_headers(&authorization, headers)?;
    let time = signing_time(headers)?;
    check_scope(&authorization, expected, time)?;
    check_window(time, expected.now)?;
    Ok((authorization, time))
}

/// The access key that signed `request`.
pub fn verify(
    request: Received<'_>,
    expected: Expected<'_>,
    secret_of: impl FnOnce(&str) -> Option<Secret>,
) -> Result<String, Refusal> {
    let (authorization, time) = claim(request.uri, request.headers, expected)?;
    let body_hash = hex::encode(Sha256::digest(request.body));
    let secret = secret_of(authorization.access_key);
    let secret_or_none = secret.clone().unwrap_or_else(|| Secret::new(NO_SECRET.to_owned()));
    let signature = signature(request, &authorization, expected, time, &body_hash, &secret_or_none)?;
    let same: bool = signature.as_bytes().ct_eq(authorization.signature.as_bytes()).into();
    if secret.is_none() || request.headers.contains_key(TOKEN) {
        return Err(Refusal::Unrecognized);
    }
    if request.headers.get(BODY_HASH).is_some_and(|hash| hash.as_bytes() != body_hash.as_bytes()) {
        return Err(Refusal::Invalid(format!("{BODY_HASH} is not the SHA-256 of the body, in lower-case hexadecimal")));
    }
    if !same {
        return Err(Refusal::Invalid(
            "The request signature we calculated does not match the signature you provided. Check your secret access \
             key and signing method."
                .to_owned(),
        ));
    }
    Ok(authorization.access_key.to_owned())
}

/// What must be signed, and is there once: the host, the time, and whatever else AWS's headers say.
fn check_headers(authorization: &Authorization<'_>, headers: &HeaderMap) -> Result<(), Refusal> {
    for (name, text) in [(HOST.as_str(), "Host"), (DATE, "X-Amz-Date")] {
        match headers.get_all(name).iter().count() {
            1 => {}
            0 => return Err(Refusal::Incomplete(format!("Authorization header requires existence of {text}."))),
            _ => return Err(Refusal::Incomplete(format!("The request has several {text} headers."))),
        }
    }
    if !authorization.signs(HOST.as_str()) {
        return Err(Refusal::Incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization.".to_owned()));
    }
    for name in headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("x-amz-")) {
        if !authorization.signs(name) {
            return Err(Refusal::Incomplete(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.")));
        }
    }
    if let Some(name) = authorization.signed_headers().find(|name| !headers.contains_key(*name)) {
        return Err(Refusal::Incomplete(format!("'{name}' is a 'SignedHeader' and not in the request.")));
    }
    if headers.get_all(BODY_HASH).iter().count() > 1 {
        return Err(Refusal::Incomplete(format!("The request has several {BODY_HASH} headers.")));
    }
    if let Some(hash) = headers.get(BODY_HASH) {
        let plain = hash.as_bytes().len() == 64 && hash.as_bytes().iter().all(u8::is_ascii_hexdigit);
        if !plain {
            return Err(Refusal::Invalid(format!(
                "{BODY_HASH} must be the SHA-256 of the body: unsigned and streamed payloads are not accepted"
            )));
        }
    }
    Ok(())
}

/// The time of `x-amz-date`.
fn signing_time(headers: &HeaderMap) -> Result<DateTime<Utc>, Refusal> {
    let text = headers.get(DATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // chrono alone would take signs and spaces too.
    let shape = text.len() == 16 && text.bytes().enumerate().all(|(at, b)| b.is_ascii_digit() || at == 8 || at == 15);
    let time = NaiveDateTime::parse_from_str(text, TIME_FORMAT).ok().filter(|_| shape);
    time.map(|time| time.and_utc())
        .ok_or_else(|| Refusal::Incomplete("Date must be in ISO-8601 'basic format': 20260131T120000Z.".to_owned()))
}

fn check_scope(authorization: &Authorization<'_>, expected: Expected<'_>, time: DateTime<Utc>) -> Result<(), Refusal> {
    let Authorization { date, region, service, terminator, .. } = *authorization;
    let wrong = |what: String| Err(Refusal::Invalid(format!("Credential should be scoped {what}.")));
    if region != expected.region {
        return wrong(format!("to the region of this server, '{}'", expected.region));
    }
    if service != expected.service {
        return wrong(format!("to correct service: '{}'", expected.service));
    }
    if terminator != "aws4_request" {
        return wrong("with a valid terminator: 'aws4_request'".to_owned());
    }
    if date != time.format("%Y%m%d").to_string() {
        return wrong("to the date of X-Amz-Date".to_owned());
    }
    Ok(())
}

fn check_window(time: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Refusal> {
    let text = |time: DateTime<Utc>| time.format(TIME_FORMAT).to_string();
    let minutes = WINDOW.num_minutes();
    if time < now - WINDOW {
        let (time, now, first) = (text(time), text(now), text(now - WINDOW));
        return Err(Refusal::Invalid(format!(
            "Signature expired: {time} is now earlier than {first} ({now} - {minutes} min.)"
        )));
    }
    if time > now + WINDOW {
        let (time, now, last) = (text(time), text(now), text(now + WINDOW));
        return Err(Refusal::Invalid(format!(
            "Signature not yet current: {time} is still later than {last} ({now} + {minutes} min.)"
        )));
    }
    Ok(())
}

/// The signature that the request would have with that secret.
fn signature(
    request: Received<'_>,
    authorization: &Authorization<'_>,
    expected: Expected<'_>,
    time: DateTime<Utc>,
    body_hash: &str,
    secret: &Secret,
) -> Result<String, Refusal> {
    let unreadable = || Refusal::Malformed("the request cannot be signed again: its path or a signed header");
    let mut headers = Vec::new();
    for name in authorization.signed_headers() {
        for value in request.headers.get_all(name) {
            headers.push((name, std::str::from_utf8(value.as_bytes()).map_err(|_| unreadable())?));
        }
    }
    let path = request.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let body = SignableBody::Precomputed(body_hash.to_owned());
    let signable = SignableRequest::new(request.method.as_str(), path, headers.into_iter(), body);
    let signable = signable.map_err(|_| unreadable())?;
    let identity = Credentials::new(authorization.access_key, secret.expose(), None, None, "varberg").into();
    // Only the headers named above are given to it; it must leave none of them out.
    let mut settings = SigningSettings::default();
    settings.excluded_headers = None;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(expected.region)
        .name(expected.service)
        .time(time.into())
        .settings(settings)
        .build()
        .map_err(|_| unreadable())?
        .into();
    let (_, signature) = sign(signable, &params).map_err(|_| unreadable())?.into_parts();
    Ok(signature)
}
