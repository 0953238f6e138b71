//! TLS: the certificate of the server, read again when its files change.
//!
//! In: two PEM files. Out: what accepts connections. TLS 1.2 and 1.3, no client certificates, HTTP/1.1. A changed file
//! that cannot be used leaves the former certificate in force, and the log says so.

use crate::config::Config;
use anyhow::{Context, Result};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio_rustls::TlsAcceptor;

/// How long a look at the files holds.
const FRESH: Duration = Duration::from_secs(1);

/// The certificate in force.
pub(crate) struct Certificate {
    cert: PathBuf,
    key: PathBuf,
    state: Mutex<State>,
}

struct State {
    config: Arc<ServerConfig>,
    version: Version,
    looked: Instant,
}

/// What tells one state of the files from another.
type Version = [Option<(SystemTime, u64)>; 2];

impl Certificate {
    /// The certificate that the configuration names, if it names one.
    pub(crate) fn of_config(config: &Config) -> Result<Option<Self>> {
        match (&config.tls_cert, &config.tls_key) {
            (Some(cert), Some(key)) => Self::read(cert, key).map(Some),
            _ => Ok(None),
        }
    }

    fn read(cert: &Path, key: &Path) -> Result<Self> {
        let state = State { version: version(cert, key), config: load(cert, key)?, looked: Instant::now() };
        Ok(Self { cert: cert.to_owned(), key: key.to_owned(), state: Mutex::new(state) })
    }

    /// Accepts connections with the certificate of now.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() >= FRESH {
            state.looked = Instant::now();
            let version = version(&self.cert, &self.key);
            if version != state.version {
                state.version = version;
                match load(&self.cert, &self.key) {
                    Ok(config) => {
                        state.config = config;
                        tracing::info!("the certificate was read again");
                    }
                    Err(error) => {
                        tracing::error!(error = %format!("{error:#}"), "the former certificate stays in force");
                    }
                }
            }
        }
        TlsAcceptor::from(state.config.clone())
    }
}

fn version(cert: &Path, key: &Path) -> Version {
    [cert, key].map(|path| {
        let file = std::fs::metadata(path).ok()?;
        Some((file.modified().ok()?, file.len()))
    })
}

fn load(cert: &Path, key: &Path) -> Result<Arc<ServerConfig>> {
    let unreadable = |path: &Path, what: &str| format!("cannot read {what} in {}", path.display());
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect)
        .with_context(|| unreadable(cert, "the certificates"))?;
    anyhow::ensure!(!chain.is_empty(), "{} holds no certificate in PEM", cert.display());
    let secret = PrivateKeyDer::from_pem_file(key).with_context(|| unreadable(key, "the key"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("this build of TLS has no protocol versions")?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .with_context(|| format!("{} is not the key of the certificate in {}", key.display(), cert.display()))?;
    Ok(Arc::new(config))
}
