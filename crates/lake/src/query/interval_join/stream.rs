//! One partition of an interval join: waits for the build side, then passes the probe side through.

use super::build::BuildSide;
use super::probe::ProbeBatch;
use super::spec::JoinSpec;
use arrow_array::RecordBatch;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::metrics::{BaselineMetrics, Count, ExecutionPlanMetricsSet, MetricBuilder};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::future::{BoxFuture, Shared};
use futures::{TryStreamExt, stream};
use std::sync::Arc;

/// The build side, made once for all partitions by whichever needs it first.
pub(super) type SharedBuild = Shared<BoxFuture<'static, Result<Arc<BuildSide>, Arc<DataFusionError>>>>;

/// A partition at work.
pub(super) struct Partition {
    pub(super) spec: Arc<JoinSpec>,
    pub(super) build: SharedBuild,
    pub(super) input: SendableRecordBatchStream,
    /// Rows that are still wanted; all when absent.
    pub(super) fetch: Option<usize>,
    pub(super) metrics: ProbeMetrics,
}

/// What a partition is told to have cost.
pub(super) struct ProbeMetrics {
    baseline: BaselineMetrics,
    input_batches: Count,
    input_rows: Count,
}

impl ProbeMetrics {
    pub(super) fn new(metrics: &ExecutionPlanMetricsSet, partition: usize) -> Self {
        Self {
            baseline: BaselineMetrics::new(metrics, partition),
            input_batches: MetricBuilder::new(metrics).counter("input_batches", partition),
            input_rows: MetricBuilder::new(metrics).counter("input_rows", partition),
        }
    }
}

/// How far a partition is.
enum State {
    Waiting,
    Probing(Arc<BuildSide>, Option<ProbeBatch>),
    /// Tells what is left of the build side, from a row on.
    Finishing(Arc<BuildSide>, usize),
    Done,
}

impl Partition {
    pub(super) fn into_stream(self) -> SendableRecordBatchStream {
        let schema = self.spec.schema.clone();
        let rows = stream::try_unfold((self, State::Waiting), |(mut partition, mut state)| async move {
            let batch = partition.next(&mut state).await?;
            Ok(batch.map(|batch| (batch, (partition, state))))
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, rows))
    }

    async fn next(&mut self, state: &mut State) -> Result<Option<RecordBatch>> {
        while self.fetch != Some(0) {
            // Steps without rows give way too.
            tokio::task::consume_budget().await;
            let batch = match state {
                State::Done => break,
                State::Waiting => {
                    let build = self.build.clone().await.map_err(DataFusionError::Shared)?;
                    *state = if build.index.is_empty() && !self.spec.needs_probe_rows() {
                        self.through(build)
                    } else {
                        State::Probing(build, None)
                    };
                    None
                }
                State::Probing(build, Some(current)) if !current.is_done() => {
                    let _timer = self.metrics.baseline.elapsed_compute().timer();
                    current.step(&self.spec, build)?
                }
                State::Probing(build, current) => {
                    match self.input.try_next().await? {
                        Some(batch) => {
                            let _timer = self.metrics.baseline.elapsed_compute().timer();
                            self.metrics.input_batches.add(1);
                            self.metrics.input_rows.add(batch.num_rows());
                            *current = Some(ProbeBatch::new(&self.spec, build, batch)?);
                        }
                        None => *state = self.through(Arc::clone(build)),
                    }
                    None
                }
                State::Finishing(build, from) => match build.rest(&self.spec, *from)? {
                    Some((batch, behind)) => {
                        *from = behind;
                        Some(batch)
                    }
                    None => {
                        *state = State::Done;
                        None
                    }
                },
            };
            if let Some(batch) = batch {
                return Ok(Some(self.wanted(batch)));
            }
        }
        Ok(None)
    }

    /// The probe side of this partition has ended.
    fn through(&self, build: Arc<BuildSide>) -> State {
        if build.is_last() && self.spec.marks_build() { State::Finishing(build, 0) } else { State::Done }
    }

    fn wanted(&mut self, batch: RecordBatch) -> RecordBatch {
        let rows = self.fetch.map_or(batch.num_rows(), |fetch| fetch.min(batch.num_rows()));
        self.fetch = self.fetch.map(|fetch| fetch - rows);
        self.metrics.baseline.record_output(rows);
        if rows < batch.num_rows() { batch.slice(0, rows) } else { batch }
    }
}
