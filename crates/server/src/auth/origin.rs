//! What a browser must not be made to send: requests to other names of this machine, and those of foreign web pages.
//!
//! In: the address and the headers of a request. Out: nothing, or a refusal. Routing never depends on what is looked at
//! here.

use crate::error::ApiError;
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Uri};

/// What clients put in front of the host (spec 2.1).
const PREFIXES: [&str; 4] = ["analytics-", "control-storage-", "storage-", "tags-"];

const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// What proxies add to requests of others.
const FORWARDING: [&str; 6] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// Refuses all hosts but this machine, and what a proxy on it passes on: without credentials, a name that an attacker points here (DNS rebinding) would let
/// his web page in.
pub(crate) fn check_host(uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    if let Some(name) = FORWARDING.iter().find(|name| headers.contains_key(**name)) {
        return Err(refused(&format!(
            "without credentials the server answers no requests that a proxy passes on ({name}); make a user first \
             (varberg user create), and start the server with --behind-proxy"
        )));
    }
    for value in headers.get_all(HOST) {
        check_name(value.to_str().unwrap_or_default())?;
    }
    check_name(host(uri, headers))
}

/// Refuses what a web page of another origin could have made a browser send, with the browser's own credentials.
pub(crate) fn check_origin(uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    let host = host(uri, headers);
    for origin in headers.get_all(ORIGIN) {
        let same = origin
            .to_str()
            .ok()
            .and_then(|text| text.split_once("://"))
            .is_some_and(|(scheme, rest)| matches!(scheme, "http" | "https") && rest.eq_ignore_ascii_case(host));
        if !same {
            return Err(refused("the request comes from a web page of another origin"));
        }
    }
    if headers.get_all("sec-fetch-site").iter().any(|value| value.as_bytes().eq_ignore_ascii_case(b"cross-site")) {
        return Err(refused("the request comes from a web page of another site"));
    }
    Ok(())
}

/// The host that the request is for. A proxy's request line names it and wins over the header (RFC 9112, 3.2.2).
pub(crate) fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> &'a str {
    match uri.authority() {
        Some(authority) => authority.as_str(),
        None => headers.get_all(HOST).iter().next_back().and_then(|value| value.to_str().ok()).unwrap_or_default(),
    }
}

fn check_name(host: &str) -> Result<(), ApiError> {
    let host = host.to_ascii_lowercase();
    let bare = PREFIXES.iter().find_map(|prefix| host.strip_prefix(prefix)).unwrap_or(&host);
    let allowed = HOSTS.iter().filter_map(|name| bare.strip_prefix(name)).any(is_port);
    if allowed {
        return Ok(());
    }
    Err(refused(
        "without credentials the server answers only to the hosts localhost, 127.0.0.1 and [::1], with or without \
         the prefixes analytics-, storage-, control-storage- and tags-",
    ))
}

/// Nothing, or a colon and a port.
fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

fn refused(text: &str) -> ApiError {
    ApiError::AccessDenied(text.to_owned())
}
