//! Columns of the long table that are the same in every batch, built once and sliced. In: the shape of the file. Out:
//! array slices.

use crate::RecordShape;
use arrow_array::{Array, ArrayRef, BooleanArray, Int32Array, StringArray, StructArray, UInt32Array, new_null_array};
use arrow_buffer::BooleanBuffer;
use arrow_schema::{ArrowError, SchemaRef};
use arrow_select::take::take;
use std::sync::Arc;

/// Positions in the long table.
pub(super) mod column {
    pub(in super::super) const JOB: usize = 0;
    pub(in super::super) const CONTIG: usize = 1;
    pub(in super::super) const START: usize = 2;
    pub(in super::super) const END: usize = 3;
    pub(in super::super) const NAMES: usize = 4;
    pub(in super::super) const REFERENCE: usize = 5;
    pub(in super::super) const ALTERNATES: usize = 6;
    pub(in super::super) const QUAL: usize = 7;
    pub(in super::super) const FILTERS: usize = 8;
    pub(in super::super) const SPLIT: usize = 9;
    pub(in super::super) const ATTRIBUTES: usize = 10;
    pub(in super::super) const PHASED: usize = 11;
    pub(in super::super) const CALLS: usize = 12;
    pub(in super::super) const GENOTYPE_LIKELIHOODS: usize = 13;
    pub(in super::super) const LIKELIHOODS: usize = 14;
    pub(in super::super) const DEPTHS: usize = 15;
    pub(in super::super) const QUALITY: usize = 16;
    pub(in super::super) const SPL: usize = 17;
    pub(in super::super) const DEPTH: usize = 18;
    pub(in super::super) const PHASE_SET: usize = 19;
    pub(in super::super) const SAMPLE: usize = 20;
    pub(in super::super) const INFORMATION: usize = 21;
    pub(in super::super) const ANNOTATIONS: usize = 22;
    pub(in super::super) const ITEM: usize = 23;
    pub(in super::super) const RECORD: usize = 24;
    pub(in super::super) const FORMAT: usize = 25;
    pub(in super::super) const RAW: usize = 26;
}

/// Bytes of a repeated text column, far below what 32-bit offsets hold.
const MAX_TEXT: usize = 1 << 30;
const MAX_ROWS: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Constants {
    /// Most rows of a batch.
    pub(super) max_rows: usize,
    job: ArrayRef,
    item: ArrayRef,
    not_split: ArrayRef,
    /// The sample names over and over: the rows from any sample on are a slice. None for a sites-only file.
    samples: Option<ArrayRef>,
    /// Null columns from `attributes` on.
    nulls: Vec<ArrayRef>,
    /// `{vep: null}`.
    absent_annotations: ArrayRef,
}

impl Constants {
    pub(super) fn new(shape: &RecordShape, origin: (&str, i32), max_rows: usize, schema: &SchemaRef) -> Self {
        let (job, item) = origin;
        let longest = shape.samples.iter().map(String::len).chain([job.len(), 1]).max().unwrap_or(1);
        let max_rows = max_rows.min(MAX_ROWS).min(MAX_TEXT / longest).max(1);
        let names = shape.samples.iter().cycle().take(max_rows + shape.samples.len());
        let nullable = schema.fields().iter().skip(column::ATTRIBUTES);
        let nulls: Vec<ArrayRef> = nullable.map(|f| new_null_array(f.data_type(), max_rows)).collect();
        Self {
            max_rows,
            job: Arc::new(StringArray::from_iter_values(std::iter::repeat_n(job, max_rows))),
            item: Arc::new(Int32Array::from(vec![item; max_rows])),
            not_split: Arc::new(BooleanArray::new(BooleanBuffer::new_unset(max_rows), None)),
            samples: (!shape.samples.is_empty()).then(|| Arc::new(StringArray::from_iter_values(names)) as ArrayRef),
            absent_annotations: present(&nulls[column::ANNOTATIONS - column::ATTRIBUTES]),
            nulls,
        }
    }

    pub(super) fn job(&self, rows: usize) -> ArrayRef {
        self.job.slice(0, rows)
    }

    pub(super) fn item(&self, rows: usize) -> ArrayRef {
        self.item.slice(0, rows)
    }

    pub(super) fn not_split(&self, rows: usize) -> ArrayRef {
        self.not_split.slice(0, rows)
    }

    /// The names of `rows` rows, the first of which is of sample `first`.
    pub(super) fn samples(&self, first: usize, rows: usize) -> Option<ArrayRef> {
        self.samples.as_ref().map(|names| names.slice(first, rows))
    }

    /// The names of the samples at `positions`.
    pub(super) fn samples_at(&self, positions: &[u32]) -> Result<Option<ArrayRef>, ArrowError> {
        let positions = UInt32Array::from_iter_values(positions.iter().copied());
        self.samples.as_ref().map(|names| take(names, &positions, None)).transpose()
    }

    /// Annotations that were asked for in a file that has none.
    pub(super) fn absent_annotations(&self, rows: usize) -> ArrayRef {
        self.absent_annotations.slice(0, rows)
    }

    /// Column `position` (`attributes` or a later one), all null.
    pub(super) fn null(&self, position: usize, rows: usize) -> ArrayRef {
        self.nulls[position - column::ATTRIBUTES].slice(0, rows)
    }
}

/// A null struct column as one of structs whose members are null.
fn present(nulls: &ArrayRef) -> ArrayRef {
    match nulls.as_any().downcast_ref::<StructArray>() {
        Some(structs) => {
            let (fields, members, _) = structs.clone().into_parts();
            Arc::new(StructArray::new(fields, members, None))
        }
        None => Arc::clone(nulls),
    }
}
