//! The files of a reference in parts: GetReference (spec 3.8, 5.6).

use crate::api::{Answer, Call, Reply, reference};
use crate::app::App;
use crate::error::ApiError;
use axum::body::Body;
use axum::extract::State;
use futures::stream;
use http::header::RANGE;
use std::ops::Range;
use varberg_lake::Lake;
use varberg_model::ValidationError;

/// Size of the parts in which a file is downloaded: 100 MiB (spec 5.6).
pub(super) const PART_BYTES: u64 = 100 << 20;

/// Bytes read from the warehouse at a time.
const CHUNK_BYTES: u64 = 4 << 20;

/// Parts of a file of that size; an empty one has one.
pub(super) fn parts(bytes: u64) -> u64 {
    bytes.div_ceil(PART_BYTES).max(1)
}

pub(crate) async fn get(State(app): State<App>, call: Call) -> Answer {
    let number = parse_number(&call)?;
    let file = call.query("file").unwrap_or("SOURCE");
    let reference = reference::find(&app, &call).await?;
    let (path, bytes) = match file {
        "SOURCE" => (reference.source_path, reference.source_bytes),
        "INDEX" => (reference.index_path, reference.index_bytes),
        _ => return Err(ValidationError::one_of("file", &["SOURCE", "INDEX"]).into()),
    };
    if number > parts(bytes) {
        let reason = format!("Member must be less than or equal to {}, the number of parts", parts(bytes));
        return Err(ValidationError::new("partNumber", reason).into());
    }
    let start = (number - 1) * PART_BYTES;
    let part = start..bytes.min(start + PART_BYTES);
    let length = part.end - part.start;
    let wanted = parse_range(&call, length)?;
    let range = wanted.as_ref().map(|wanted| format!("bytes {}-{}/{length}", wanted.start, wanted.end - 1));
    let wanted = wanted.unwrap_or(0..length);
    let bytes = start + wanted.start..start + wanted.end;
    Ok(Reply::Bytes { length: bytes.end - bytes.start, body: body(&app.lake, path, bytes), range })
}

/// Which part, from 1.
fn parse_number(call: &Call) -> Result<u64, ValidationError> {
    let text = call.query("partNumber").ok_or_else(|| ValidationError::required("partNumber"))?;
    match digits(text) {
        Some(number @ 1..=10_000) => Ok(number),
        _ => Err(ValidationError::new("partNumber", "Member must have value between 1 and 10000, inclusive")),
    }
}

/// A number of digits alone; parsing takes a sign too.
fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The bytes of the part that the header `Range` asks for (RFC 9110, 14.1.2); none without one.
fn parse_range(call: &Call, length: u64) -> Result<Option<Range<u64>>, ApiError> {
    let Some(header) = call.headers().get(RANGE) else { return Ok(None) };
    let text = header.to_str().unwrap_or_default();
    let malformed = || ValidationError::new("range", "Member must be one range of bytes such as bytes=0-1023");
    let (first, last) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')).ok_or_else(malformed)?;
    let number = |text: &str| digits(text).ok_or_else(malformed);
    let range = match (first, last) {
        ("", last) => length.saturating_sub(number(last)?)..length,
        (first, "") => number(first)?..length,
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if first > last {
                return Err(malformed().into());
            }
            first..length.min(last.saturating_add(1))
        }
    };
    if range.is_empty() {
        return Err(ApiError::RangeNotSatisfiable(format!("the part has {length} bytes, none of them in {text}")));
    }
    Ok(Some(range))
}

/// The bytes of a file of the warehouse.
fn body(lake: &Lake, path: String, range: Range<u64>) -> Body {
    let lake = lake.clone();
    Body::from_stream(stream::try_unfold((range, lake, path), |(left, lake, path)| async move {
        if left.is_empty() {
            return Ok::<_, varberg_lake::Error>(None);
        }
        let end = left.end.min(left.start + CHUNK_BYTES);
        let chunk = lake.get_range(&path, left.start..end).await?;
        Ok(Some((chunk, (end..left.end, lake, path))))
    }))
}
