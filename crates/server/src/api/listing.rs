//! Pages of a listing: `maxResults` and `nextToken` of the query, `nextToken` of the answer.
//!
//! A token carries the place and a digest of the operation and its filter, so that it fits no other listing.

use crate::api::call::Call;
use crate::wire;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Debug;
use varberg_model::{Page, PageSize, PageToken, ValidationError};

/// Where a listing starts, how long its page is, and what its tokens are bound to.
pub(crate) struct Listing {
    pub(crate) size: PageSize,
    pub(crate) after: Option<PageToken>,
    digest: String,
}

impl Listing {
    /// Reads the query of `call`. `filter` is everything else that decides what is listed.
    pub(crate) fn parse(call: &Call, operation: &str, filter: &impl Debug) -> Result<Self, ValidationError> {
        let max_results = call.query("maxResults").map(|text| text.parse().unwrap_or(0));
        let size = PageSize::parse(max_results)?;
        let digest: String = hex::encode(Sha256::digest(format!("{operation} {filter:?}"))).chars().take(16).collect();
        let after = call.query("nextToken").map(|token| decode(token, &digest)).transpose()?;
        Ok(Self { size, after, digest })
    }

    /// The answer: `member` with the entries, and `nextToken` unless this is the last page.
    pub(crate) fn answer<T>(&self, member: &str, page: &Page<T>, entries: Vec<Value>) -> Value {
        let mut answer = serde_json::json!({});
        wire::show(&mut answer, member, Some(Value::Array(entries)));
        let next = page
            .next
            .as_ref()
            .map(|token| Value::String(URL_SAFE_NO_PAD.encode(format!("{}:{}", self.digest, token.to_text()))));
        wire::show(&mut answer, "nextToken", next);
        answer
    }
}

fn decode(token: &str, digest: &str) -> Result<PageToken, ValidationError> {
    let refused = || ValidationError::new("nextToken", "Member must be a token of this listing with the same filter");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
    let text = String::from_utf8(bytes).map_err(|_| refused())?;
    let place = text.strip_prefix(digest).and_then(|rest| rest.strip_prefix(':')).ok_or_else(refused)?;
    PageToken::parse(place).ok_or_else(refused)
}
