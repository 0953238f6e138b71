//! HTTP clients: how this program calls others, whatever it wants of them.

use reqwest::{ClientBuilder, Url};
use std::time::Duration;

/// A client for one address.
pub(crate) fn client(url: &Url) -> ClientBuilder {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("varberg/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10));
    // A proxy of the environment cannot reach this machine's loopback.
    if is_loopback(url) { builder.no_proxy() } else { builder }
}

/// Whether an address is this machine's own.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some(host) => {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
        None => false,
    }
}
