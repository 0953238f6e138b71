//! One batch of the probe side on its way through an interval join, in steps of bounded size: a row with a million partners
//! makes many batches.

use super::build::BuildSide;
use super::index::Search;
use super::keys::NO_GROUP;
use super::spec::{JoinSpec, Pairs, evaluate, evaluate_bound};
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, UInt32Array};
use arrow_select::filter::filter_record_batch;
use datafusion::common::{JoinType, Result};
use std::sync::Arc;

/// A batch of the probe side.
#[derive(Debug)]
pub(super) struct ProbeBatch {
    batch: RecordBatch,
    /// For each row: the group that it may meet.
    groups: Vec<u32>,
    /// For each row: the greatest start of an interval that it may meet.
    greatest_starts: Vec<i64>,
    /// For each row: the least end of an interval that it may meet.
    least_ends: Vec<i64>,
    /// The row that is searched for next.
    row: usize,
    /// Its search, when it has begun.
    search: Option<Search>,
    /// Where the search before began.
    near: usize,
    /// Which rows have a partner; empty where nobody asks.
    matched: Vec<bool>,
    /// Rows before this one that have no partner have been put out.
    told: usize,
}

impl ProbeBatch {
    pub(super) fn new(spec: &JoinSpec, build: &BuildSide, batch: RecordBatch) -> Result<Self> {
        let mut groups = build.keys.find(&evaluate(&spec.probe_keys, &batch)?)?;
        let (start, end) = (&spec.overlap.start, &spec.overlap.end);
        let below = |value: i64| if start.strict { value.checked_sub(1) } else { Some(value) };
        let above = |value: i64| if end.strict { value.checked_add(1) } else { Some(value) };
        let greatest_starts = limits(&evaluate_bound(&start.probe, &batch)?, below, &mut groups);
        let least_ends = limits(&evaluate_bound(&end.probe, &batch)?, above, &mut groups);
        let matched = if spec.marks_probe() { vec![false; batch.num_rows()] } else { Vec::new() };
        Ok(Self { batch, groups, greatest_starts, least_ends, row: 0, search: None, near: 0, matched, told: 0 })
    }

    pub(super) fn is_done(&self) -> bool {
        self.row >= self.batch.num_rows()
    }

    /// Finds the next partners. Out: rows, if there are any yet.
    pub(super) fn step(&mut self, spec: &JoinSpec, build: &BuildSide) -> Result<Option<RecordBatch>> {
        let mut pairs = self.search(spec, build);
        if let Some(filter) = &spec.overlap.rest {
            pairs = pairs.filtered(filter, &build.batch, &self.batch)?;
        }
        if spec.marks_build() {
            build.mark(&pairs.build);
        }
        if spec.marks_probe() {
            pairs.probe.iter().for_each(|row| self.matched[*row as usize] = true);
        }
        let rows = match spec.join_type {
            JoinType::Inner | JoinType::Left => self.output(spec, build, &pairs.build.into(), pairs.probe)?,
            JoinType::Right | JoinType::Full => {
                let (build_rows, probe_rows) = self.with_lone_rows(&pairs);
                self.output(spec, build, &build_rows.into(), probe_rows)?
            }
            JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark if self.is_done() => self.answer(spec)?,
            JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => return Ok(None),
            JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => return Ok(None),
        };
        Ok((rows.num_rows() > 0).then_some(rows))
    }

    /// Candidates, as many as a batch has rows.
    fn search(&mut self, spec: &JoinSpec, build: &BuildSide) -> Pairs {
        let once = spec.asks_whether();
        let whether_at_all = once && spec.overlap.rest.is_none();
        let mut pairs = Pairs::with_capacity(spec.batch_size);
        while self.row < self.groups.len() && pairs.build.len() < spec.batch_size {
            let row = self.row;
            if self.groups[row] == NO_GROUP || (once && self.matched[row]) {
                self.search = None;
                self.row += 1;
                continue;
            }
            let mut search = self.search.take().unwrap_or_else(|| {
                let search = build.index.seek(self.groups[row], self.greatest_starts[row], self.near);
                self.near = search.position();
                search
            });
            let limit = if whether_at_all { pairs.build.len() + 1 } else { spec.batch_size };
            let over = build.index.collect(&mut search, self.least_ends[row], limit, &mut pairs.build);
            pairs.probe.resize(pairs.build.len(), u32::try_from(row).unwrap_or(u32::MAX)); // batches are smaller
            if over || whether_at_all {
                self.row += 1;
            } else {
                self.search = Some(search);
            }
        }
        pairs
    }

    fn output(&self, spec: &JoinSpec, build: &BuildSide, rows: &UInt32Array, probe: Vec<u32>) -> Result<RecordBatch> {
        let (count, probe) = (probe.len(), UInt32Array::from(probe));
        spec.output(count, (&build.batch, rows), Some((&self.batch, &probe)), None)
    }

    /// `pairs` with the rows that are through and have no partner, in the order of the rows.
    fn with_lone_rows(&mut self, pairs: &Pairs) -> (Vec<Option<u32>>, Vec<u32>) {
        let (mut build, mut probe) = (Vec::with_capacity(pairs.build.len()), Vec::with_capacity(pairs.probe.len()));
        let mut found = pairs.build.iter().zip(&pairs.probe).peekable();
        for (row, matched) in self.matched.iter().enumerate().take(self.row).skip(self.told) {
            let row = u32::try_from(row).unwrap_or(u32::MAX); // batches are smaller
            while let Some((partner, row)) = found.next_if(|(_, of)| **of == row) {
                build.push(Some(*partner));
                probe.push(*row);
            }
            if !matched {
                build.push(None);
                probe.push(row);
            }
        }
        for (partner, row) in found {
            build.push(Some(*partner)); // of a row that has more of them
            probe.push(*row);
        }
        self.told = self.row;
        (build, probe)
    }

    /// The answer for the whole batch.
    fn answer(&self, spec: &JoinSpec) -> Result<RecordBatch> {
        let anti = spec.join_type == JoinType::RightAnti;
        let mark = BooleanArray::from_iter(self.matched.iter().map(|matched| Some(*matched != anti)));
        let column: ArrayRef = Arc::new(mark.clone());
        let all = spec.output_of_probe(&self.batch, &column)?;
        if spec.join_type == JoinType::RightMark { Ok(all) } else { Ok(filter_record_batch(&all, &mark)?) }
    }
}

/// The limits that values set; rows without one meet nothing.
fn limits(values: &Int64Array, limit: impl Fn(i64) -> Option<i64>, groups: &mut [u32]) -> Vec<i64> {
    let mut limits = Vec::with_capacity(values.len());
    for (at, group) in groups.iter_mut().enumerate() {
        let limit = if values.is_valid(at) { limit(values.value(at)) } else { None };
        if limit.is_none() {
            *group = NO_GROUP;
        }
        limits.push(limit.unwrap_or_default());
    }
    limits
}
