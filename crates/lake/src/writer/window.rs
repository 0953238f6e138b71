//! The sort window: rows of one contig on their way to a file. Input that is in order passes without a copy.

use super::place::Place;
use crate::Result;
use arrow_array::{RecordBatch, UInt32Array};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use std::collections::VecDeque;

/// Bytes held at most, however few rows they are: a row may have thousands of INFO keys.
const MAX_BYTES: usize = 32 << 20;

/// Holds at most `rows` rows (and one batch) of one contig; when full, hands out the first half by (start, end).
pub(super) struct Window {
    place: Place,
    rows: usize,
    contig: Option<String>,
    batches: VecDeque<RecordBatch>,
    held: usize,
    /// About the bytes of the rows held.
    bytes: usize,
    /// The greatest (start, end) held, while everything held is in order.
    last: Option<(i64, i64)>,
    in_order: bool,
}

impl Window {
    pub(super) fn new(place: Place, rows: usize) -> Self {
        let batches = VecDeque::new();
        Self { place, rows: rows.max(2), contig: None, batches, held: 0, bytes: 0, last: None, in_order: true }
    }

    /// Whether rows of `contig` may join those held.
    pub(super) fn holds(&self, contig: Option<&str>) -> bool {
        self.held == 0 || self.contig.as_deref() == contig
    }

    /// Adds rows of the contig held, of about `row_bytes` bytes each. Returns rows that are ready, in order.
    pub(super) fn push(
        &mut self,
        contig: Option<&str>,
        batch: RecordBatch,
        row_bytes: usize,
    ) -> Result<Vec<RecordBatch>> {
        if self.held == 0 {
            self.contig = contig.map(str::to_owned);
        }
        self.watch_order(&batch)?;
        self.held += batch.num_rows();
        self.bytes += batch.num_rows().saturating_mul(row_bytes);
        self.batches.push_back(batch);
        let full = self.held > self.rows || self.bytes > MAX_BYTES;
        if full { self.release((self.held / 2).min(self.rows / 2)) } else { Ok(Vec::new()) }
    }

    /// Everything held, in order.
    pub(super) fn drain(&mut self) -> Result<Vec<RecordBatch>> {
        let ready = self.release(0)?;
        self.last = None;
        self.in_order = true;
        Ok(ready)
    }

    fn watch_order(&mut self, batch: &RecordBatch) -> Result<()> {
        if !self.in_order {
            return Ok(());
        }
        let places = self.place.values(batch)?;
        for (start, end) in places.starts.values().iter().zip(places.ends.values()) {
            if self.last.is_some_and(|last| last > (*start, *end)) {
                self.in_order = false;
                return Ok(());
            }
            self.last = Some((*start, *end));
        }
        Ok(())
    }

    /// Hands out rows from the front until `keep` are left.
    fn release(&mut self, keep: usize) -> Result<Vec<RecordBatch>> {
        if !self.in_order {
            self.sort()?;
        }
        let mut ready = Vec::new();
        self.bytes = self.bytes / self.held.max(1) * keep;
        while self.held > keep
            && let Some(batch) = self.batches.pop_front()
        {
            let rows = batch.num_rows().min(self.held - keep);
            if rows < batch.num_rows() {
                self.batches.push_front(batch.slice(rows, batch.num_rows() - rows));
            }
            self.held -= rows;
            ready.push(batch.slice(0, rows));
        }
        Ok(ready)
    }

    /// Sorts what is held into one batch; equal rows keep their order.
    fn sort(&mut self) -> Result<()> {
        let Some(first) = self.batches.front() else { return Ok(()) };
        let all = concat_batches(&first.schema(), &self.batches)?;
        self.batches.clear();
        let places = self.place.values(&all)?;
        let keys = places.starts.values().iter().zip(places.ends.values());
        let mut order: Vec<(i64, i64, u32)> = keys.zip(0_u32..).map(|((s, e), row)| (*s, *e, row)).collect();
        order.sort_unstable();
        self.last = order.last().map(|(start, end, _)| (*start, *end));
        self.in_order = true;
        let rows = UInt32Array::from_iter_values(order.into_iter().map(|(_, _, row)| row));
        self.batches.push_back(take_record_batch(&all, &rows)?);
        Ok(())
    }
}
