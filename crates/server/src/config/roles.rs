//! Roles of import jobs: what a `roleArn` lets a job read, and with whose credentials.

use crate::auth::secret::Secret;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use varberg_lake::{S3Credentials, S3Options};

/// What import jobs with a role may read. `[roles."arn:aws:iam::123456789012:role/import"]` names a role, `[roles."*"]` any other one of the caller's account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleConfig {
    /// Folders that may be read, with all below them: `s3://bucket/prefix/`, `s3://bucket/`, `file:///directory/`.
    pub sources: Vec<String>,
    /// Access key for the buckets. Without key and profile they are read without credentials, never with the server's own.
    pub access_key_id: Option<String>,
    /// Its secret.
    pub secret_access_key: Option<Secret>,
    /// A file that holds the secret instead.
    pub secret_access_key_file: Option<PathBuf>,
    /// Name of the AWS profile that credentials are taken from.
    pub profile: Option<String>,
    /// URL of the S3-compatible service. Default: Amazon S3.
    pub endpoint: Option<String>,
    /// Region of the buckets.
    pub region: Option<String>,
    /// Whether buckets are addressed as `endpoint/bucket`.
    pub path_style: bool,
}

impl RoleConfig {
    /// Checks what the types alone do not.
    pub(super) fn check(&self, name: &str) -> Result<()> {
        if self.sources.is_empty() {
            bail!("roles.\"{name}\".sources is empty; name what it may read, such as [\"s3://bucket/\"]");
        }
        for prefix in &self.sources {
            let place = prefix.strip_prefix("s3://").or_else(|| prefix.strip_prefix("file://"));
            if !place.is_some_and(|place| place.ends_with('/')) {
                bail!(
                    "roles.\"{name}\".sources has \"{prefix}\"; write s3://bucket/ or s3://bucket/prefix/, with the last slash"
                );
            }
        }
        let secrets = u8::from(self.secret_access_key.is_some()) + u8::from(self.secret_access_key_file.is_some());
        if u8::from(self.access_key_id.is_some()) != secrets || (secrets > 0 && self.profile.is_some()) {
            bail!(
                "roles.\"{name}\" needs access_key_id with one of secret_access_key and secret_access_key_file, or \
                 profile, or none of them"
            );
        }
        Ok(())
    }

    /// How buckets are reached. Reads the secret's file.
    pub(crate) fn s3(&self) -> Result<S3Options> {
        let secret = match (&self.secret_access_key, &self.secret_access_key_file) {
            (Some(secret), _) => Some(secret.expose().to_owned()),
            (None, Some(file)) => {
                let text = std::fs::read_to_string(file);
                Some(text.with_context(|| format!("cannot read {}", file.display()))?.trim().to_owned())
            }
            (None, None) => None,
        };
        let credentials = match (&self.access_key_id, secret) {
            (Some(id), Some(secret)) => S3Credentials::Keys { access_key_id: id.clone(), secret_access_key: secret },
            _ if self.profile.is_some() => S3Credentials::Profile,
            _ => S3Credentials::None,
        };
        Ok(S3Options {
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            path_style: self.path_style,
            profile: self.profile.clone(),
            credentials,
        })
    }
}
