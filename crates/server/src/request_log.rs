//! What surrounds every request: its id, one line in the log when it has ended, and its place in the metrics.

use crate::api::Operation;
use crate::metrics::Metrics;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{HeaderName, HeaderValue};
use std::time::{Duration, Instant};
use tracing::{Instrument, Span};
use uuid::Uuid;
use varberg_model::Access;

/// Gives the request an id, which its log lines and its answer carry, and tells its end.
pub(crate) async fn identified(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let id = Uuid::new_v4().to_string();
    let span = tracing::info_span!(
        "request",
        request.id = %id,
        method = %request.method(),
        path = request.uri().path(),
        caller = tracing::field::Empty
    );
    let is_safe = request.method().is_safe();
    let mut open = Open { is_safe, begin: Instant::now(), span: span.clone(), metrics, is_answered: false };
    let mut response = next.run(request).instrument(span).await;
    open.answered(&response);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HeaderName::from_static("x-amzn-requestid"), value);
    }
    response
}

/// A request that has not ended. Dropped before it is answered, it tells that the client has gone.
struct Open {
    is_safe: bool,
    begin: Instant,
    span: Span,
    metrics: Metrics,
    is_answered: bool,
}

impl Open {
    fn answered(&mut self, response: &Response) {
        let operation = response.extensions().get::<Operation>();
        let name = operation.map(|operation| operation.name);
        let status = response.status().as_u16();
        let duration = self.begin.elapsed();
        let duration_ms = millis(duration);
        // Whoever waits for a job asks often; what changes something is worth a line each.
        let reads = operation.map_or(self.is_safe, |operation| operation.access == Access::Read);
        self.span.in_scope(|| {
            if reads {
                tracing::debug!(operation = name, status, duration_ms, "answered");
            } else {
                tracing::info!(operation = name, status, duration_ms, "answered");
            }
        });
        self.metrics.request(name, Some(status), duration);
        self.is_answered = true;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.is_answered {
            return;
        }
        let duration = self.begin.elapsed();
        let duration_ms = millis(duration);
        self.span.in_scope(|| {
            if self.is_safe {
                tracing::debug!(duration_ms, "the client left before the answer");
            } else {
                tracing::info!(duration_ms, "the client left before the answer");
            }
        });
        self.metrics.request(None, None, duration);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
