//! The columns of the long table under construction. In: repeated site values and per-sample values. Out: a batch.

use super::ExplodeError;
use super::constants::{Constants, column};
use super::input::Input;
use super::wanted::{Samples, Wanted};
use crate::builders::{Ints, Lists, Maps, Numbers, StringLists, Strings};
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, Int32Array, RecordBatch, RecordBatchOptions, StringArray};
use arrow_buffer::BooleanBufferBuilder;
use arrow_schema::{DataType, SchemaRef};
use std::ops::Range;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Sink {
    pub(super) rows: usize,
    /// Whether `_raw` is made.
    pub(super) has_raw: bool,
    /// The sample of the first row, where all samples follow one another.
    first_sample: Option<usize>,
    /// The sample of each row, where they do not.
    positions: Vec<u32>,
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

/// Columns of the table that [`Sink::ints`] and [`Sink::lists`] become.
pub(super) const INTS: [usize; 3] = [column::QUALITY, column::DEPTH, column::PHASE_SET];
pub(super) const LISTS: [usize; 3] = [column::LIKELIHOODS, column::DEPTHS, column::SPL];

/// Positions in [`Sink::ints`] and [`Sink::lists`].
pub(super) const QUALITY: usize = 0;
pub(super) const DEPTH: usize = 1;
pub(super) const PHASE_SET: usize = 2;
pub(super) const LIKELIHOODS: usize = 0;
pub(super) const DEPTHS: usize = 1;
pub(super) const SPL: usize = 2;

impl Sink {
    /// `first_sample`: the sample of the first row, if all samples of all records follow.
    pub(super) fn new(first_sample: Option<usize>) -> Self {
        Self {
            rows: 0,
            has_raw: true,
            first_sample,
            positions: Vec::new(),
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

    /// Notes that rows of records follow that are not repeated: one for each record.
    pub(super) fn begin(&mut self, wanted: &Wanted, records: Range<usize>) {
        self.has_raw = wanted.has(column::RAW);
        self.runs.extend(records.map(|record| (record, 1)));
    }

    /// Adds the site columns of some rows of a record.
    pub(super) fn repeat_site(
        &mut self,
        input: &Input<'_>,
        wanted: &Wanted,
        record: usize,
        first_record: i64,
        samples: &Samples<'_>,
    ) -> Option<()> {
        let (own, count) = (record..record + 1, samples.len());
        self.has_raw = wanted.has(column::RAW);
        if wanted.has(column::CONTIG) {
            self.contig.repeat(input.contig, own.clone(), count);
        }
        if wanted.has(column::START) {
            self.start.push_many(input.start.is_valid(record).then(|| input.start.value(record)), count);
        }
        if wanted.has(column::END) {
            self.end.push_many(input.end.is_valid(record).then(|| input.end.value(record)), count);
        }
        if wanted.has(column::NAMES) {
            self.names.repeat(input.names, record, count)?;
        }
        if wanted.has(column::REFERENCE) {
            self.reference.repeat(input.reference, own.clone(), count);
        }
        if wanted.has(column::ALTERNATES) {
            self.alternates.repeat(input.alternates, record, count)?;
        }
        if wanted.has(column::QUAL) {
            self.qual.push_many(input.qual.is_valid(record).then(|| input.qual.value(record)), count);
        }
        if wanted.has(column::FILTERS) {
            self.filters.repeat(input.filters, record, count)?;
        }
        if wanted.has(column::ATTRIBUTES) {
            self.attributes.repeat(input.attributes, record, count)?;
        }
        if wanted.has(column::RECORD) {
            self.record.push_many(Some(first_record.saturating_add(input.record.value(record))), count);
        }
        if wanted.has(column::FORMAT) {
            self.format.repeat(input.format, own, count);
        }
        if let Samples::List(positions) = samples
            && wanted.has(column::SAMPLE)
        {
            self.positions.extend_from_slice(positions);
        }
        self.runs.push((record, count));
        self.rows += count;
        Some(())
    }

    /// Ends a row of `_raw`; `values`: how many values the sample has, `keys`: how many keys FORMAT has.
    pub(super) fn close_raw(&mut self, values: usize, keys: usize) {
        if values < keys && self.has_raw {
            self.raw.keys.push(b"SAMPLE");
            self.raw.values.push(values.to_string().as_bytes());
        }
        self.raw.close_row();
    }

    /// The batch: the wanted columns, all rows being of `input`. `sites`: finished columns that take the place of those
    /// here.
    pub(super) fn finish(
        mut self,
        input: &Input<'_>,
        schema: &SchemaRef,
        wanted: &Wanted,
        constants: &Constants,
        mut sites: Vec<(usize, ArrayRef)>,
    ) -> Result<RecordBatch, ExplodeError> {
        let rows = self.rows;
        let mut columns = Vec::with_capacity(wanted.positions.len());
        for (position, field) in wanted.positions.iter().zip(schema.fields()) {
            let own = match sites.iter().position(|(site, _)| site == position) {
                Some(at) => Some(sites.swap_remove(at).1),
                None => self.finish_column(*position, field.data_type(), input, constants)?,
            };
            columns.push(own.unwrap_or_else(|| constants.null(*position, rows)));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
            .map_err(|e| ExplodeError::Arrow(e.to_string()))
    }

    /// A column of the table; none where it is null in all rows.
    fn finish_column(
        &mut self,
        position: usize,
        kind: &DataType,
        input: &Input<'_>,
        constants: &Constants,
    ) -> Result<Option<ArrayRef>, ExplodeError> {
        let rows = self.rows;
        Ok(Some(match position {
            column::JOB => match input.origin {
                Some(origin) => self.jobs(origin.job)?,
                None => constants.job(rows),
            },
            column::CONTIG => Arc::new(self.contig.take().finish()?),
            column::START => self.start.take().finish(),
            column::END => self.end.take().finish(),
            column::NAMES => self.names.take().finish(kind)?,
            column::REFERENCE => Arc::new(self.reference.take().finish()?),
            column::ALTERNATES => self.alternates.take().finish(kind)?,
            column::QUAL => self.qual.take().finish(),
            column::FILTERS => self.filters.take().finish(kind)?,
            column::SPLIT => constants.not_split(rows),
            column::PHASED if self.phased.len() == rows && rows > 0 => {
                Arc::new(BooleanArray::new(self.phased.finish(), None))
            }
            column::SAMPLE => return self.samples(constants),
            column::ANNOTATIONS => input.annotations.repeat(&self.runs, rows, constants)?,
            column::ITEM => match input.origin {
                Some(origin) => self.items(origin.item),
                None => constants.item(rows),
            },
            column::RECORD => self.record.take().finish(),
            column::FORMAT => Arc::new(self.format.take().finish()?),
            _ => return self.finish_values(position, kind),
        }))
    }

    /// A column that is often null in all rows; then none.
    fn finish_values(&mut self, position: usize, kind: &DataType) -> Result<Option<ArrayRef>, ExplodeError> {
        let own = |columns: &[usize]| columns.iter().position(|column| *column == position);
        if let Some(ints) = own(&INTS).and_then(|at| self.ints.get_mut(at)) {
            return Ok(std::mem::replace(ints, Ints::new()).finish());
        }
        if let Some(lists) = own(&LISTS).and_then(|at| self.lists.get_mut(at)) {
            return Ok(std::mem::replace(lists, Lists::new()).finish(kind)?);
        }
        Ok(match position {
            column::ATTRIBUTES => self.attributes.take().finish(kind)?,
            column::CALLS => std::mem::replace(&mut self.calls, Lists::new()).finish(kind)?,
            column::GENOTYPE_LIKELIHOODS => std::mem::replace(&mut self.doubles, Lists::new()).finish(kind)?,
            column::INFORMATION => self.information.take().finish(kind)?,
            column::RAW => self.raw.take().finish(kind)?,
            _ => None,
        })
    }

    fn samples(&self, constants: &Constants) -> Result<Option<ArrayRef>, ExplodeError> {
        Ok(match self.first_sample {
            Some(first) => constants.samples(first, self.rows),
            None => constants.samples_at(&self.positions)?,
        })
    }

    fn jobs(&self, jobs: &StringArray) -> Result<ArrayRef, ExplodeError> {
        let mut column = Strings::default();
        self.runs.iter().for_each(|(record, count)| column.repeat(jobs, *record..record + 1, *count));
        Ok(Arc::new(column.finish()?))
    }

    fn items(&self, items: &Int32Array) -> ArrayRef {
        let mut column = Numbers::<Int32Type>::default();
        self.runs.iter().for_each(|(record, count)| column.push_many(Some(items.value(*record)), *count));
        column.finish()
    }
}
