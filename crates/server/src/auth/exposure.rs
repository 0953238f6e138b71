//! Where the server may listen: on loopback as it likes; beyond it only with users, and encrypted or behind a proxy.

use crate::config::Config;
use anyhow::{Context, Result, bail};
use std::net::SocketAddr;

/// The address to listen on.
pub(crate) fn address(listen: &str) -> Result<SocketAddr> {
    let text = match listen.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => listen.to_owned(),
    };
    text.parse().with_context(|| format!("listen is \"{listen}\"; write an address and a port: 127.0.0.1:8400"))
}

/// Whether other machines may reach the server: on its address, or through a proxy in front of it.
pub(crate) fn is_exposed(config: &Config) -> Result<bool> {
    Ok(config.behind_proxy || !address(&config.listen)?.ip().is_loopback())
}

/// Refuses an address that the rest of the configuration does not allow. Looks only whether there is a catalog: whether
/// it holds users shows once it is open ([`no_users`]).
pub(crate) fn check(config: &Config) -> Result<()> {
    if !is_exposed(config)? {
        return Ok(());
    }
    let address = address(&config.listen)?;
    if !config.catalog_path().exists() {
        return Err(no_users(config));
    }
    if config.tls_cert.is_none() && !config.behind_proxy {
        bail!(
            "refusing to listen on {address} in clear text: what is asked and answered could be read on the way. Give \
             a certificate and its key (--tls-cert and --tls-key); or, when a proxy in front encrypts and nobody else \
             reaches this address, --behind-proxy; or listen on 127.0.0.1:{} (--listen)",
            address.port()
        );
    }
    Ok(())
}

/// Why a server without users does not listen beyond loopback.
pub(crate) fn no_users(config: &Config) -> anyhow::Error {
    let listen = &config.listen;
    let port = listen.rsplit_once(':').map_or("8400", |(_, port)| port);
    let proxy = if config.behind_proxy { " without --behind-proxy" } else { "" };
    anyhow::anyhow!(
        "refusing to listen on {listen}: no credentials are configured, so everybody who reaches this address could \
         read every genome. Make a user first (varberg user create NAME --role admin --data-dir {}), or listen on \
         127.0.0.1:{port}{proxy} (listen = \"127.0.0.1:{port}\", --listen 127.0.0.1:{port} or VARBERG_LISTEN)",
        config.data_dir.display()
    )
}
