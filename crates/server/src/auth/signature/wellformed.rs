//! Whether path and query mean one thing only: every `%` begins an escape, and what is decoded is UTF-8.
//!
//! The signature covers the decoded query; two queries that decode to one text (a replacement character, say) must not
//! share a signature.

use super::Refusal;
use http::Uri;
use percent_encoding::percent_decode_str;

/// Refuses what decoders guess about.
pub(super) fn check(uri: &Uri) -> Result<(), Refusal> {
    if !is_plain(uri.path()) {
        return Err(Refusal::Malformed("the path is not valid UTF-8 once decoded"));
    }
    if !is_plain(uri.query().unwrap_or_default()) {
        return Err(Refusal::Malformed("the query string is not valid UTF-8 once decoded"));
    }
    Ok(())
}

fn is_plain(text: &str) -> bool {
    let escapes = text.split('%').skip(1);
    let whole = |rest: &str| rest.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    escapes.into_iter().all(whole) && percent_decode_str(text).decode_utf8().is_ok()
}
