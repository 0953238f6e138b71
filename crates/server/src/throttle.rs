//! How often an account may call an operation: one bucket of tokens for each, refilled by the configured rate.

use crate::api::Operation;
use crate::config::{QuotaConfig, RateGroup};
use crate::error::ApiError;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use varberg_model::AccountId;

/// Buckets that are full are forgotten when there are more than this.
const MANY: usize = 10_000;

/// Counts calls by account and operation.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    buckets: Mutex<HashMap<(AccountId, &'static str), Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    /// Calls that are free, a fraction included.
    tokens: f64,
    /// Calls a second, and most tokens.
    rate: f64,
    filled: Instant,
}

impl Throttle {
    /// Takes a token. A bucket holds the calls of one second.
    ///
    /// Errors: [`ApiError::Throttled`].
    pub(crate) fn take(
        &self,
        quotas: &QuotaConfig,
        account: &AccountId,
        operation: &Operation,
        now: Instant,
    ) -> Result<(), ApiError> {
        let Some(rate) = operation.rate_group().and_then(|group| quotas.rate(group)) else { return Ok(()) };
        let rate = f64::from(rate);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() > MANY {
            buckets.retain(|_, bucket| bucket.after(now) < bucket.rate);
        }
        let bucket =
            buckets.entry((account.clone(), operation.name)).or_insert(Bucket { tokens: rate, rate, filled: now });
        bucket.tokens = bucket.after(now);
        bucket.filled = now;
        if bucket.tokens < 1.0 {
            return Err(ApiError::Throttled(format!("{} may be called {rate} times a second", operation.name)));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

impl Bucket {
    fn after(&self, now: Instant) -> f64 {
        (self.tokens + now.duration_since(self.filled).as_secs_f64() * self.rate).min(self.rate)
    }
}

impl Operation {
    /// Which rate the operation falls under; none for our own.
    fn rate_group(&self) -> Option<RateGroup> {
        match self.name {
            "GetReference" => Some(RateGroup::Downloads),
            "CreateReferenceStore" | "DeleteReferenceStore" | "DeleteReference" => Some(RateGroup::ReferenceChanges),
            _ => match self.path.split('/').nth(1)? {
                "variantStore" | "variantStores" | "annotationStore" | "annotationStores" | "import" => {
                    Some(RateGroup::Analytics)
                }
                "share" | "shares" => Some(RateGroup::Shares),
                "tags" => Some(RateGroup::Tags),
                "referencestore" | "referencestores" => Some(RateGroup::References),
                _ => None,
            },
        }
    }
}
