//! Events: how long they are kept, and who is told.

use crate::auth::secret::Secret;
use anyhow::{Context, Result, bail};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What is told when stores, jobs, shares and references change their state; see [events.md](events.md).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventsConfig {
    /// URL to which every event is posted. Without it events are only kept, for `varberg events tail`.
    pub webhook: Option<String>,
    /// What the requests to the webhook are signed with. Without it they are not signed.
    pub secret: Option<Secret>,
    /// Put before each `detail-type`, for rules that expect other names than those that AWS documents: `HealthOmics ` (with the blank).
    pub detail_type_prefix: String,
    /// Days for which events are kept.
    pub keep_days: u32,
    /// Seconds after which an event that the webhook does not take is given up. Until then it is tried again, and later events wait behind it.
    pub retry_s: u32,
    /// Seconds in which the webhook must answer.
    pub timeout_s: u32,
}

impl Default for EventsConfig {
    fn default() -> Self {
        Self {
            webhook: None,
            secret: None,
            detail_type_prefix: String::new(),
            keep_days: 30,
            retry_s: 24 * 3600,
            timeout_s: 10,
        }
    }
}

impl EventsConfig {
    /// Checks what the types alone do not.
    pub(super) fn check(&self) -> Result<()> {
        self.webhook()?;
        if self.keep_days == 0 || self.timeout_s == 0 {
            bail!("events.keep_days and events.timeout_s must be at least 1");
        }
        if self.secret.as_ref().is_some_and(|secret| secret.expose().is_empty()) {
            bail!("events.secret is empty; leave it out if requests are not to be signed");
        }
        Ok(())
    }

    /// Where events are posted. Errors do not show the URL: it may hold a secret.
    pub(crate) fn webhook(&self) -> Result<Option<Url>> {
        let Some(text) = &self.webhook else { return Ok(None) };
        let url = Url::parse(text).context("events.webhook is not a URL; write https://host/path")?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            bail!("events.webhook must begin with https:// or http:// and a host");
        }
        Ok(Some(url))
    }

    pub(crate) fn kept(&self) -> Duration {
        Duration::from_secs(u64::from(self.keep_days) * 24 * 3600)
    }
}
