//! Secrets as they rest in the catalog: AES-256-GCM under a key that is kept apart from it.
//!
//! The key is 32 bytes in base64: given as `secrets_key` (`VARBERG_SECRETS_KEY`), else in the file `secrets.key` of the
//! data directory, made with mode 0600 when the first secret is sealed. A sealed secret is 12 bytes of nonce and the
//! ciphertext; it opens only with the id of its access key, so that rows of the catalog cannot be swapped.

use super::secret::Secret;
use crate::config::Config;
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use varberg_model::AccessKeyId;
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

/// Seals and opens secrets.
pub(crate) struct Sealing(Aes256Gcm);

impl Sealing {
    /// The key in use.
    ///
    /// Errors: there is none, others than its owner can read its file, or it is no key.
    pub(crate) fn open(config: &Config) -> Result<Self> {
        if let Some(given) = &config.secrets_key {
            return Self::of_text(given).context("secrets_key (VARBERG_SECRETS_KEY) is no key");
        }
        let path = path(config);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Secret::new(text),
            Err(error) if error.kind() == ErrorKind::NotFound => bail!(
                "{} does not exist, and without the key that the secrets of this catalog were sealed with they cannot \
                 be read; put it back, give it as VARBERG_SECRETS_KEY, or make new keys with `varberg user rotate`",
                path.display()
            ),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let mode = std::fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?.permissions();
        if mode.mode() & 0o077 != 0 {
            bail!("{0} can be read by others than its owner; run chmod 600 {0}", path.display());
        }
        Self::of_text(&text).with_context(|| format!("{} holds no key", path.display()))
    }

    /// The key in use; makes it if there is none yet.
    pub(crate) fn open_or_make(config: &Config) -> Result<Self> {
        if config.secrets_key.is_none() {
            make(&path(config))?;
        }
        Self::open(config)
    }

    fn of_text(text: &Secret) -> Result<Self> {
        let key = STANDARD.decode(text.expose().trim()).map(Zeroizing::new);
        let key = key.ok().filter(|key| key.len() == KEY_BYTES);
        let key = key.context("write 32 bytes in base64, as `openssl rand -base64 32` does")?;
        Ok(Self(Aes256Gcm::new_from_slice(&key).context("the key has the wrong length")?))
    }

    /// The sealed form of the secret of that access key; another one each time.
    pub(crate) fn seal(&self, id: &AccessKeyId, secret: &Secret) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE_BYTES];
        OsRng.try_fill_bytes(&mut nonce).context("the operating system gives no random numbers")?;
        let payload = Payload { msg: secret.expose().as_bytes(), aad: id.as_str().as_bytes() };
        let sealed = self.0.encrypt(Nonce::from_slice(&nonce), payload).ok().context("cannot seal a secret")?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// The secret of that access key; none when it was sealed with another key, for another id, or changed since.
    pub(crate) fn unseal(&self, id: &AccessKeyId, sealed: &[u8]) -> Option<Secret> {
        let (nonce, text) = sealed.split_at_checked(NONCE_BYTES)?;
        let payload = Payload { msg: text, aad: id.as_str().as_bytes() };
        let open = Zeroizing::new(self.0.decrypt(Nonce::from_slice(nonce), payload).ok()?);
        std::str::from_utf8(&open).ok().map(|text| Secret::new(text.to_owned()))
    }
}

fn path(config: &Config) -> PathBuf {
    config.data_dir.join("secrets.key")
}

/// Makes the file with a new key, whole or not at all, unless it exists.
fn make(path: &Path) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    OsRng.try_fill_bytes(&mut key[..]).context("the operating system gives no random numbers")?;
    let text = Zeroizing::new(format!("{}\n", STANDARD.encode(&key[..])));
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let write = || {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        // Fails when another process was faster: its key is the one.
        match std::fs::hard_link(&draft, path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    };
    let made = write();
    let _ = std::fs::remove_file(&draft);
    made.with_context(|| format!("cannot make {}", path.display()))
}
