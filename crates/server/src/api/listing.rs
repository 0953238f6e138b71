//! Pages of a listing: `maxResults` and `nextToken` of the query, `nextToken` of the answer.
//!
//! A token carries the place and a digest of it, the operation and the filter, so that it fits no other listing.

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
    /// Operation and filter.
    what: String,
}

impl Listing {
    /// Reads the query of `call`. `filter` is everything else that decides what is listed.
    pub(crate) fn parse(call: &Call, operation: &str, filter: &impl Debug) -> Result<Self, ValidationError> {
        let max_results = call.query("maxResults").map(|text| text.parse().unwrap_or(0));
        let size = PageSize::parse(max_results)?;
        let what = format!("{operation} {filter:?}");
        let after = call.query("nextToken").map(|token| decode(token, &what)).transpose()?;
        Ok(Self { size, after, what })
    }

    /// The answer: `member` with the entries, and `nextToken` unless this is the last page.
    pub(crate) fn answer<T>(&self, member: &str, page: &Page<T>, entries: Vec<Value>) -> Value {
        let mut answer = serde_json::json!({});
        wire::show(&mut answer, member, Some(Value::Array(entries)));
        let next = page.next.as_ref().map(|place| encode(&place.to_text(), &self.what).into());
        wire::show(&mut answer, "nextToken", next);
        answer
    }
}

fn encode(place: &str, what: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}:{place}", digest(place, what)))
}

/// What tells that a place is one of this listing, as it was given out.
fn digest(place: &str, what: &str) -> String {
    hex::encode(Sha256::digest(format!("{place} {what}"))).chars().take(16).collect()
}

fn decode(token: &str, what: &str) -> Result<PageToken, ValidationError> {
    let refused = || ValidationError::new("nextToken", "Member must be a token of this listing with the same filter");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
    let text = String::from_utf8(bytes).map_err(|_| refused())?;
    let (given, place) = text.split_once(':').ok_or_else(refused)?;
    if given != digest(place, what) {
        return Err(refused());
    }
    PageToken::parse(place).ok_or_else(refused)
}
