//! The columns of the long table under construction. In: repeated site values and per-sample values. Out: a batch.

use super::ExplodeError;
use super::constants::{Constants, column};
use super::input::Input;
use crate::builders::{Ints, Lists, Maps, Numbers, StringLists, Strings};
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow_buffer::BooleanBufferBuilder;
use arrow_schema::SchemaRef;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Sink {
    pub(super) rows: usize,
    contig: Strings,
    start: Numbers<Int64Type>,
    end: Numbers<Int64Type>,
    names: StringLists,
    reference: Strings,
    alternates: StringLists,
    qual: Numbers<Float64Type>,
    filters: StringLists,
    attributes: Maps,
    /// Empty where GT is not declared.
    pub(super) phased: BooleanBufferBuilder,
    pub(super) calls: Lists<Int32Type>,
    /// genotypelikelihoods.
    pub(super) doubles: Lists<Float64Type>,
    /// conditionalquality, depth, ps.
    pub(super) ints: [Ints; 3],
    /// phredlikelihoods, alleledepths, spl.
    pub(super) lists: [Lists<Int32Type>; 3],
    pub(super) information: Maps,
    /// How many rows each record has.
    runs: Vec<(usize, usize)>,
    record: Numbers<Int64Type>,
    format: Strings,
    pub(super) raw: Maps,
}

/// Positions in [`Sink::ints`] and [`Sink::lists`].
pub(super) const QUALITY: usize = 0;
pub(super) const DEPTH: usize = 1;
pub(super) const PHASE_SET: usize = 2;
pub(super) const LIKELIHOODS: usize = 0;
pub(super) const DEPTHS: usize = 1;
pub(super) const SPL: usize = 2;

impl Sink {
    pub(super) fn new() -> Self {
        Self {
            rows: 0,
            contig: Strings::default(),
            start: Numbers::default(),
            end: Numbers::default(),
            names: StringLists::default(),
            reference: Strings::default(),
            alternates: StringLists::default(),
            qual: Numbers::default(),
            filters: StringLists::default(),
            attributes: Maps::default(),
            phased: BooleanBufferBuilder::new(0),
            calls: Lists::new(),
            doubles: Lists::new(),
            ints: [Ints::new(), Ints::new(), Ints::new()],
            lists: [Lists::new(), Lists::new(), Lists::new()],
            information: Maps::default(),
            runs: Vec::new(),
            record: Numbers::default(),
            format: Strings::default(),
            raw: Maps::default(),
        }
    }

    /// Adds the site columns of `count` rows of a record.
    pub(super) fn repeat_site(
        &mut self,
        input: &Input<'_>,
        record: usize,
        first_record: i64,
        count: usize,
    ) -> Option<()> {
        let own = record..record + 1;
        self.contig.repeat(input.contig, own.clone(), count);
        self.start.push_many(input.start.is_valid(record).then(|| input.start.value(record)), count);
        self.end.push_many(input.end.is_valid(record).then(|| input.end.value(record)), count);
        self.names.repeat(input.names, record, count)?;
        self.reference.repeat(input.reference, own.clone(), count);
        self.alternates.repeat(input.alternates, record, count)?;
        self.qual.push_many(input.qual.is_valid(record).then(|| input.qual.value(record)), count);
        self.filters.repeat(input.filters, record, count)?;
        self.attributes.repeat(input.attributes, record, count)?;
        self.record.push_many(Some(first_record.saturating_add(input.record.value(record))), count);
        self.format.repeat(input.format, own, count);
        self.runs.push((record, count));
        self.rows += count;
        Some(())
    }

    /// Ends a row of `_raw`; `values`: how many values the sample has, `keys`: how many keys FORMAT has.
    pub(super) fn close_raw(&mut self, values: usize, keys: usize) {
        if values < keys {
            self.raw.keys.push(b"SAMPLE");
            self.raw.values.push(values.to_string().as_bytes());
        }
        self.raw.close_row();
    }

    /// The batch. Its first row is of sample `first_sample`; all rows are of `input`. `sites`: finished columns that take the place of those here.
    pub(super) fn finish(
        mut self,
        input: &Input<'_>,
        schema: &SchemaRef,
        constants: &Constants,
        first_sample: usize,
        sites: Vec<(usize, ArrayRef)>,
    ) -> Result<RecordBatch, ExplodeError> {
        let rows = self.rows;
        let null = |position: usize| constants.null(position, rows);
        let kind = |position: usize| schema.field(position).data_type();
        let or_null = |array: Option<ArrayRef>, position: usize| array.unwrap_or_else(|| null(position));
        let phased: Option<ArrayRef> = (self.phased.len() == rows && rows > 0)
            .then(|| Arc::new(BooleanArray::new(self.phased.finish(), None)) as ArrayRef);
        let [quality, depth, phase_set] = self.ints.map(Ints::finish);
        let [likelihoods, depths, spl] = self.lists;
        let mut columns: Vec<ArrayRef> = vec![
            constants.job(rows),
            Arc::new(self.contig.finish()?),
            self.start.finish(),
            self.end.finish(),
            self.names.finish(kind(column::NAMES))?,
            Arc::new(self.reference.finish()?),
            self.alternates.finish(kind(column::ALTERNATES))?,
            self.qual.finish(),
            self.filters.finish(kind(column::FILTERS))?,
            constants.not_split(rows),
            or_null(self.attributes.finish(kind(column::ATTRIBUTES))?, column::ATTRIBUTES),
            or_null(phased, column::PHASED),
            or_null(self.calls.finish(kind(column::CALLS))?, column::CALLS),
            or_null(self.doubles.finish(kind(column::GENOTYPE_LIKELIHOODS))?, column::GENOTYPE_LIKELIHOODS),
            or_null(likelihoods.finish(kind(column::LIKELIHOODS))?, column::LIKELIHOODS),
            or_null(depths.finish(kind(column::DEPTHS))?, column::DEPTHS),
            or_null(quality, column::QUALITY),
            or_null(spl.finish(kind(column::SPL))?, column::SPL),
            or_null(depth, column::DEPTH),
            or_null(phase_set, column::PHASE_SET),
            constants.samples(first_sample, rows).unwrap_or_else(|| null(column::SAMPLE)),
            or_null(self.information.finish(kind(column::INFORMATION))?, column::INFORMATION),
            input.annotations.repeat(&self.runs, rows, constants)?,
            constants.item(rows),
            self.record.finish(),
            Arc::new(self.format.finish()?),
            or_null(self.raw.finish(kind(column::RAW))?, column::RAW),
        ];
        for (position, array) in sites {
            if let Some(column) = columns.get_mut(position) {
                *column = array;
            }
        }
        RecordBatch::try_new(Arc::clone(schema), columns).map_err(|e| ExplodeError::Arrow(e.to_string()))
    }
}
