//! One row per record to one row per record and sample, with exactly the columns of the long table (spec 8.3).
//! In: record batches of one file. Out: batches in table shape. Pure; judges nothing.

use crate::RecordShape;
use arrow_array::RecordBatch;

/// Record batches that are not of the announced shape, or vectors that are damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExplodeError {
    #[error("column {0} of the record batch is missing or has another type than the record shape says")]
    Column(usize),
    #[error("a vector of {0} is damaged")]
    Vector(String),
    #[error("rows do not fit the table: {0}")]
    Arrow(String),
}

/// Turns the record batches of one part into table rows.
#[derive(Debug)]
pub struct Explode {}

impl Explode {
    /// `item`: position of the file in its job; `first_record`: number of the file's records before this part;
    /// `max_rows`: most rows of a batch (at least 1).
    pub fn new(_shape: &RecordShape, _import_job_id: &str, _item: i32, _first_record: i64, _max_rows: usize) -> Self {
        Self {}
    }

    /// The rows of `records`: record by record, samples in header order.
    pub fn batches<'a>(
        &'a self,
        _records: &'a RecordBatch,
    ) -> impl Iterator<Item = Result<RecordBatch, ExplodeError>> + 'a {
        std::iter::empty()
    }
}
