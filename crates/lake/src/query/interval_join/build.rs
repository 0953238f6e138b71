//! The build side of an interval join: all its rows in memory, with an index of their intervals.

use super::index::{Entry, IntervalIndex};
use super::keys::{Keys, NO_GROUP};
use super::spec::{JoinSpec, evaluate, evaluate_bound};
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, UInt32Array};
use arrow_select::concat::concat_batches;
use datafusion::common::utils::memory::RecordBatchMemoryCounter;
use datafusion::common::{DataFusionError, JoinType, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, Gauge, MetricBuilder, Time};
use futures::TryStreamExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Rows whose keys and bounds are calculated at a time.
const ROWS_AT_ONCE: usize = 8_192;

/// The rows of the build side; shared by all partitions of the probe side.
#[derive(Debug)]
pub(super) struct BuildSide {
    pub(super) batch: RecordBatch,
    pub(super) keys: Keys,
    pub(super) index: IntervalIndex,
    /// Which rows have a partner; empty where nobody asks.
    matched: Box<[AtomicBool]>,
    /// Partitions of the probe side that are not through.
    running: AtomicUsize,
    /// Held for as long as the rows are.
    _memory: MemoryReservation,
}

/// What the build side is told to have cost.
#[derive(Debug, Clone)]
pub(super) struct BuildMetrics {
    time: Time,
    rows: Count,
    memory: Gauge,
}

impl BuildMetrics {
    pub(super) fn new(metrics: &ExecutionPlanMetricsSet, partition: usize) -> Self {
        Self {
            time: MetricBuilder::new(metrics).subset_time("build_time", partition),
            rows: MetricBuilder::new(metrics).counter("build_input_rows", partition),
            memory: MetricBuilder::new(metrics).gauge("build_mem_used", partition),
        }
    }
}

impl BuildSide {
    /// Reads all of `input`; `partitions` of the probe side will use it.
    ///
    /// Errors: [`DataFusionError::ResourcesExhausted`] when rows and index are more than `memory` may hold.
    pub(super) async fn collect(
        spec: &JoinSpec,
        mut input: SendableRecordBatchStream,
        partitions: usize,
        memory: MemoryReservation,
        metrics: BuildMetrics,
    ) -> Result<Self> {
        let (mut batches, mut seen) = (Vec::new(), RecordBatchMemoryCounter::new());
        while let Some(batch) = input.try_next().await? {
            memory.try_grow(seen.count_batch(&batch))?;
            batches.push(batch);
        }
        let _timer = metrics.time.timer();
        memory.try_grow(seen.memory_usage())?; // the same rows once more, in one batch
        let batch = concat_batches(&input.schema(), &batches)?;
        drop(batches);
        memory.shrink(seen.memory_usage());
        let marks = if spec.marks_build() { batch.num_rows() } else { 0 };
        memory.try_grow(batch.num_rows().saturating_mul(IntervalIndex::BYTES_PER_ENTRY).saturating_add(marks))?;
        let (keys, index) = index(spec, &batch, &memory)?;
        metrics.rows.add(batch.num_rows());
        metrics.memory.set(memory.size());
        Ok(Self {
            batch,
            keys,
            index,
            matched: (0..marks).map(|_| AtomicBool::new(false)).collect(),
            running: AtomicUsize::new(partitions),
            _memory: memory,
        })
    }

    /// Notes that these rows have a partner.
    pub(super) fn mark(&self, rows: &[u32]) {
        for mark in rows.iter().filter_map(|row| self.matched.get(*row as usize)) {
            if !mark.load(Ordering::Relaxed) {
                mark.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Notes that a partition of the probe side is through. Out: whether it was the last.
    pub(super) fn is_last(&self) -> bool {
        self.running.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// The output that depends on whether rows of the build side have a partner, from row `from` on; after all partitions.
    ///
    /// Out: a batch, and the row behind it; `None` when there is no more.
    pub(super) fn rest(&self, spec: &JoinSpec, from: usize) -> Result<Option<(RecordBatch, usize)>> {
        let (mut rows, mut marks, mut at) = (Vec::new(), Vec::new(), from);
        while at < self.matched.len() && rows.len() < spec.batch_size {
            let matched = self.matched[at].load(Ordering::Relaxed);
            let wanted = match spec.join_type {
                JoinType::LeftMark => true,
                JoinType::LeftSemi => matched,
                _ => !matched,
            };
            if wanted {
                rows.push(u32::try_from(at).map_err(|_| too_many())?);
                marks.push(matched);
            }
            at += 1;
        }
        if rows.is_empty() {
            return Ok(None);
        }
        let (count, rows) = (rows.len(), UInt32Array::from(rows));
        let mark: ArrayRef = Arc::new(BooleanArray::from(marks));
        Ok(Some((spec.output(count, (&self.batch, &rows), None, Some(&mark))?, at)))
    }
}

fn index(spec: &JoinSpec, batch: &RecordBatch, memory: &MemoryReservation) -> Result<(Keys, IntervalIndex)> {
    if u32::try_from(batch.num_rows()).is_err() {
        return Err(too_many());
    }
    let mut keys = Keys::new(&evaluate(&spec.build_keys, &batch.slice(0, 0))?, spec.nulls)?;
    let mut entries = Vec::with_capacity(batch.num_rows());
    let mut from = 0;
    while from < batch.num_rows() {
        let part = batch.slice(from, ROWS_AT_ONCE.min(batch.num_rows() - from));
        let groups = keys.add(&evaluate(&spec.build_keys, &part)?, memory)?;
        let starts = evaluate_bound(&spec.overlap.start.build, &part)?;
        let ends = evaluate_bound(&spec.overlap.end.build, &part)?;
        for (at, group) in groups.into_iter().enumerate() {
            if group != NO_GROUP && starts.is_valid(at) && ends.is_valid(at) {
                let row = u32::try_from(from + at).map_err(|_| too_many())?;
                entries.push(Entry { group, start: starts.value(at), end: ends.value(at), row });
            }
        }
        from += part.num_rows();
    }
    let groups = keys.len();
    Ok((keys, IntervalIndex::new(entries, groups)))
}

fn too_many() -> DataFusionError {
    DataFusionError::ResourcesExhausted("the smaller side of an interval join has more than 4294967294 rows".to_owned())
}
