//! A record batch, its columns by type. In: a batch of a reader. Out: typed references, and the size of a row.

use super::annotations::Annotations;
use super::{ExplodeError, Origin};
use crate::builders::row_range;
use crate::ints;
use crate::record::{RecordShape, record_columns as at};
use crate::vector::{VectorCursor, VectorView};
use arrow_array::{Array, BinaryArray, Float64Array, Int64Array, ListArray, MapArray, RecordBatch, StringArray};

#[derive(Debug)]
pub(super) struct Input<'a> {
    pub(super) batch: &'a RecordBatch,
    pub(super) rows: usize,
    pub(super) contig: &'a StringArray,
    pub(super) start: &'a Int64Array,
    pub(super) end: &'a Int64Array,
    pub(super) names: &'a ListArray,
    pub(super) reference: &'a StringArray,
    pub(super) alternates: &'a ListArray,
    pub(super) qual: &'a Float64Array,
    pub(super) filters: &'a ListArray,
    pub(super) attributes: &'a MapArray,
    pub(super) record: &'a Int64Array,
    pub(super) format: &'a StringArray,
    pub(super) raw: &'a MapArray,
    pub(super) annotations: Annotations<'a>,
    /// Of all FORMAT fields of the shape.
    formats: Vec<&'a BinaryArray>,
    pub(super) undeclared: &'a BinaryArray,
    pub(super) origin: Option<Origin<'a>>,
}

/// The undeclared FORMAT keys of a record, and the values of its samples.
pub(super) type Undeclared<'a> = Vec<(&'a str, VectorCursor<'a>)>;

fn column<T: 'static>(records: &RecordBatch, position: usize) -> Result<&T, ExplodeError> {
    let column = records.columns().get(position).and_then(|c| c.as_any().downcast_ref());
    column.ok_or(ExplodeError::Column(position))
}

impl<'a> Input<'a> {
    pub(super) fn new(
        records: &'a RecordBatch,
        shape: &RecordShape,
        origin: Option<Origin<'a>>,
    ) -> Result<Self, ExplodeError> {
        let formats = (at::FIRST_FORMAT..shape.undeclared_column()).map(|i| column(records, i));
        Ok(Self {
            batch: records,
            rows: records.num_rows(),
            contig: column(records, at::CONTIG)?,
            start: column(records, at::START)?,
            end: column(records, at::END)?,
            names: column(records, at::NAMES)?,
            reference: column(records, at::REFERENCE)?,
            alternates: column(records, at::ALTERNATES)?,
            qual: column(records, at::QUAL)?,
            filters: column(records, at::FILTERS)?,
            attributes: column(records, at::ATTRIBUTES)?,
            record: column(records, at::RECORD)?,
            format: column(records, at::FORMAT)?,
            raw: column(records, at::RAW)?,
            annotations: Annotations::new(column(records, at::ANNOTATIONS)?),
            formats: formats.collect::<Result<_, _>>()?,
            undeclared: column(records, shape.undeclared_column())?,
            origin,
        })
    }

    /// The vectors of the FORMAT field at a position of the shape.
    pub(super) fn format(&self, at: usize) -> &'a BinaryArray {
        // Positions come from the shape that the columns were looked up by.
        self.formats[at]
    }

    /// About how many bytes one row of a record takes, `samples` rows sharing its vectors.
    pub(super) fn row_bytes(&self, record: usize, samples: usize) -> usize {
        let text = |array: &StringArray| text_bytes(array, record..record + 1);
        let nested = |offsets: &[i32], values: &dyn Array| {
            let values = values.as_any().downcast_ref::<StringArray>();
            row_range(offsets, record).zip(values).map_or(0, |(range, v)| 4 * range.len() + text_bytes(v, range))
        };
        let list = |array: &ListArray| nested(array.value_offsets(), array.values());
        let map = |array: &MapArray| {
            nested(array.value_offsets(), array.keys()) + nested(array.value_offsets(), array.values())
        };
        let site = text(self.contig) + text(self.reference) + text(self.format);
        let lists = list(self.names) + list(self.alternates) + list(self.filters);
        let vectors = self.formats.iter().chain([&self.undeclared]).map(|v| vector_bytes(v, record)).sum::<usize>();
        // Undeclared keys are named in every row: in `information` and in `_raw`.
        let names = if self.undeclared.is_valid(record) { 8 * text(self.format) } else { 0 };
        let annotations = self.annotations.row_bytes(record);
        site + names + lists + map(self.attributes) + map(self.raw) + annotations + 2 * vectors / samples.max(1)
    }

    /// The undeclared FORMAT keys of a record, with their values.
    pub(super) fn undeclared(&self, record: usize, samples: usize) -> Result<Undeclared<'a>, ExplodeError> {
        if self.undeclared.is_null(record) {
            return Ok(Vec::new());
        }
        let parse = || {
            let (count, mut rest) = ints::leb128(self.undeclared.value(record))?;
            let mut keys = Vec::new();
            for _ in 0..count {
                let (key, after) = ints::sized(rest)?;
                let (vector, after) = ints::sized(after)?;
                let view = VectorView::parse(vector, samples).ok()?;
                keys.push((std::str::from_utf8(key).ok()?, view.cursor(0)));
                rest = after;
            }
            Some(keys)
        };
        parse().ok_or_else(|| ExplodeError::Vector("undeclared FORMAT keys".to_owned()))
    }
}

fn text_bytes(array: &StringArray, range: std::ops::Range<usize>) -> usize {
    let offset = |i: usize| array.value_offsets().get(i).and_then(|o| usize::try_from(*o).ok()).unwrap_or(0);
    offset(range.end).saturating_sub(offset(range.start))
}

fn vector_bytes(array: &BinaryArray, record: usize) -> usize {
    row_range(array.value_offsets(), record).map_or(0, |range| range.len())
}
