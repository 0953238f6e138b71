//! Who may talk to the server while no credentials are configured: programs of this machine, and no web page.
//!
//! In: the listen address; the headers of a request. Out: an address or a refusal. Signatures are accepted unread.
//! Routing never depends on what is looked at here.

use crate::app::App;
use crate::caller::Caller;
use crate::error::ApiError;
use anyhow::{Context, Result, bail};
use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::{HeaderMap, Uri};
use std::net::SocketAddr;
use varberg_model::Role;

/// What clients put in front of the host (spec 2.1).
const PREFIXES: [&str; 4] = ["analytics-", "control-storage-", "storage-", "tags-"];

const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Parses a listen address and refuses all but loopback.
pub(crate) fn loopback(listen: &str) -> Result<SocketAddr> {
    let text = match listen.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => listen.to_owned(),
    };
    let address: SocketAddr =
        text.parse().with_context(|| format!("listen is \"{listen}\"; write an address and a port: 127.0.0.1:8400"))?;
    if !address.ip().is_loopback() {
        bail!(
            "refusing to listen on {address}: no credentials are configured, so everybody who reaches this address \
             could read every genome. Listen on 127.0.0.1:{port} (listen = \"127.0.0.1:{port}\", --listen \
             127.0.0.1:{port} or VARBERG_LISTEN) and let a proxy or a tunnel that checks its users stand in front",
            port = address.port()
        );
    }
    Ok(address)
}

/// Who calls while no credentials are configured: anybody of this machine, with all rights in the configured account. The
/// access key of the signature, which is not verified, tells callers apart.
pub(crate) fn caller(app: &App, headers: &HeaderMap) -> Caller {
    let key = || {
        let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (_, rest) = header.split_once("Credential=")?;
        rest.split('/').next().filter(|key| !key.is_empty() && key.len() <= 128)
    };
    Caller {
        scope: app.scope.clone(),
        principal: key().unwrap_or("anonymous").to_owned(),
        role: Role::Admin,
        verified: false,
    }
}

/// Refuses requests that a web page could have made a browser send: other hosts (rebound names), other origins.
pub(crate) fn guard(uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    let mut host = None;
    for value in headers.get_all(HOST) {
        host = Some(value.to_str().unwrap_or_default());
        check_host(host.unwrap_or_default())?;
    }
    // A proxy's request line names the host itself and wins over the header (RFC 9112, 3.2.2).
    let host = match uri.authority() {
        Some(authority) => authority.as_str(),
        None => host.unwrap_or_default(),
    };
    check_host(host)?;
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

fn check_host(host: &str) -> Result<(), ApiError> {
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
