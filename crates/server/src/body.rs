//! Takes the body of a request as a whole, under limits.
//!
//! In: the body. Out: its bytes. A body above [`MAX_BODY_BYTES`] or slower than [`BODY_TIME`] is refused.

use crate::error::ApiError;
use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use std::time::Duration;

/// Largest body of an operation. The longest legal one, a schema of 5000 columns, fits.
const MAX_BODY_BYTES: usize = 2 << 20;

/// How much of a body that is too large is still taken.
const MAX_DRAINED_BYTES: usize = 8 << 20;

/// Time in which a body must have arrived.
const BODY_TIME: Duration = Duration::from_secs(30);

/// The whole body.
pub(crate) async fn receive(body: Body) -> Result<Bytes, ApiError> {
    let slow = |_| ApiError::RequestTimeout(format!("the body did not arrive within {} s", BODY_TIME.as_secs()));
    tokio::time::timeout(BODY_TIME, whole(body)).await.map_err(slow)?
}

async fn whole(body: Body) -> Result<Bytes, ApiError> {
    let mut chunks = body.into_data_stream();
    let mut whole = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| ApiError::Invalid(format!("the body broke off: {error}")))?;
        if whole.len() + chunk.len() > MAX_BODY_BYTES {
            drain(chunks, chunk.len()).await;
            return Err(ApiError::TooLarge(format!("the body is larger than {MAX_BODY_BYTES} bytes")));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// Takes a body that nobody reads, for as long as one may take to arrive.
pub(crate) async fn discard(body: Body) {
    // What does not arrive is the client's loss.
    let _ = tokio::time::timeout(BODY_TIME, drain(body.into_data_stream(), 0)).await;
}

/// Takes the rest of a body that is too large, within bounds: a client that still sends when the connection closes sees
/// a broken pipe, not the answer.
async fn drain(mut chunks: BodyDataStream, mut taken: usize) {
    while taken <= MAX_DRAINED_BYTES
        && let Some(Ok(chunk)) = chunks.next().await
    {
        taken += chunk.len();
    }
}
