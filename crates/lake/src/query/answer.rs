//! An answer that is being made.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::common::Result;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream};
use datafusion::physical_plan::ExecutionPlan;
use futures::Stream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// What readers of data files count.
const METRIC: &str = "bytes_scanned";

/// Batches in Arrow 59. An error is to be read by [`QueryError::from_engine`](super::QueryError::from_engine).
pub struct QueryAnswer {
    pub(super) stream: SendableRecordBatchStream,
    pub(super) plan: Arc<dyn ExecutionPlan>,
}

impl QueryAnswer {
    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        self.stream.schema()
    }

    /// Bytes read from data files so far, as they are stored.
    pub fn scanned_bytes(&self) -> u64 {
        let (mut bytes, mut plans) = (0, vec![&self.plan]);
        while let Some(plan) = plans.pop() {
            let own = plan.metrics().and_then(|metrics| metrics.sum_by_name(METRIC));
            bytes += own.map_or(0, |value| u64::try_from(value.as_usize()).unwrap_or(u64::MAX));
            plans.extend(plan.children());
        }
        bytes
    }
}

impl Stream for QueryAnswer {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.as_mut().poll_next(context)
    }
}

impl RecordBatchStream for QueryAnswer {
    fn schema(&self) -> SchemaRef {
        self.stream.schema()
    }
}
