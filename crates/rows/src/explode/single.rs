//! Files with one sample, or none: a record is one row, so its site columns are handed on as they are, not copied. In: a
//! record batch. Out: table rows, the same as those that the path for many samples builds.

use super::constants::column;
use super::input::Input;
use super::sink::Sink;
use super::{
    BATCH_BYTES, Explode, ExplodeError, FIXED_ROW_BYTES, Role, Samples, Source, put_information_keys, put_value,
    row_raw,
};
use crate::genotypes::GenotypeVector;
use crate::ints::{Ints, MISSING};
use crate::record::record_columns as at;
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch};
use std::ops::Range;
use std::sync::Arc;

/// Columns of the table that a record batch has too: place in the table, place in the batch.
const SHARED: [(usize, usize); 11] = [
    (column::CONTIG, at::CONTIG),
    (column::START, at::START),
    (column::END, at::END),
    (column::NAMES, at::NAMES),
    (column::REFERENCE, at::REFERENCE),
    (column::ALTERNATES, at::ALTERNATES),
    (column::QUAL, at::QUAL),
    (column::FILTERS, at::FILTERS),
    (column::ATTRIBUTES, at::ATTRIBUTES),
    (column::FORMAT, at::FORMAT),
    (column::ANNOTATIONS, at::ANNOTATIONS),
];

impl Explode {
    /// The rows of the records from `record` on, as many as a batch may have.
    pub(super) fn next_batch_of_single(
        &self,
        input: &Input<'_>,
        record: &mut usize,
    ) -> Result<Option<RecordBatch>, ExplodeError> {
        let records = *record..*record + self.rows_that_fit(input, *record);
        if records.is_empty() {
            return Ok(None);
        }
        let mut sink = Sink::new(Some(0));
        sink.begin(&self.wanted, records.clone());
        let mut scratch = Vec::new();
        for own in records.clone() {
            if self.shape.samples.is_empty() || input.undeclared.is_valid(own) {
                self.put_samples(input, own, &Samples::Range(0..self.shape.samples.len()), &mut sink)?;
            } else if self.wanted.values() {
                self.put_sample(input, own, &mut sink, &mut scratch)?;
            }
            sink.rows += 1;
        }
        *record = records.end;
        let sites = self.sites(input, records);
        sink.finish(input, &self.schema, &self.wanted, &self.constants, sites).map(Some)
    }

    fn rows_that_fit(&self, input: &Input<'_>, first: usize) -> usize {
        let most = (input.rows - first).min(self.constants.max_rows);
        let fixed = FIXED_ROW_BYTES + self.key_bytes();
        // Undeclared keys are named once in a batch and again in every row.
        let is_plain = input.undeclared.null_count() == input.rows;
        let all = input.batch.get_array_memory_size().saturating_add(most.saturating_mul(fixed));
        if is_plain && all <= BATCH_BYTES {
            return most;
        }
        let sizes = (first..first + most).map(|record| fixed + input.row_bytes(record, 1));
        let ends = sizes.scan(0_usize, |end, size| {
            *end = end.saturating_add(size);
            Some(*end)
        });
        ends.take_while(|end| *end <= BATCH_BYTES).count().max(usize::from(most > 0))
    }

    /// The sample columns, and `_raw`, of a record without undeclared FORMAT keys.
    fn put_sample(
        &self,
        input: &Input<'_>,
        record: usize,
        sink: &mut Sink,
        scratch: &mut Vec<u8>,
    ) -> Result<(), ExplodeError> {
        put_information_keys(&self.information_keys, 1, sink);
        row_raw(input, record, sink)?;
        let (mut keys, mut values, mut has_genotype) = (0, 0, !self.genotypes);
        for field in &self.fields {
            let vectors = input.format(field.at);
            if vectors.is_valid(record) && put_plain(field.role, vectors.value(record), sink) {
                (keys, values) = (keys + 1, values + 1);
                has_genotype |= field.role == Role::Calls;
                continue;
            }
            let mut source = self.source(field, vectors, record)?;
            let has_key = !matches!(source, Source::None);
            keys += usize::from(has_key);
            has_genotype |= has_key && field.role == Role::Calls;
            values += usize::from(put_value(field, &mut source, sink, scratch));
        }
        if !has_genotype {
            sink.phased.append(false);
        }
        sink.close_raw(values, keys);
        Ok(())
    }

    /// The site columns of some records, by their place in the table.
    fn sites(&self, input: &Input<'_>, records: Range<usize>) -> Vec<(usize, ArrayRef)> {
        let slice = |array: &ArrayRef| array.slice(records.start, records.len());
        let shared =
            SHARED.iter().filter_map(|(table, batch)| Some((*table, slice(input.batch.columns().get(*batch)?))));
        let ordinals = input.record.values().iter().skip(records.start).take(records.len());
        let ordinals: Int64Array = ordinals.map(|ordinal| self.first_record.saturating_add(*ordinal)).collect();
        shared.chain([(column::RECORD, Arc::new(ordinals) as ArrayRef)]).collect()
    }
}

/// Adds the value of a vector over one sample that is a packed genotype, or integers of which none is missing and the
/// text is their decimals; false, and nothing added, for every other one.
fn put_plain(role: Role, vector: &[u8], sink: &mut Sink) -> bool {
    match role {
        Role::Calls => {
            let Ok(genotype) = GenotypeVector::parse(vector, 1) else { return false };
            let Some((ploidy, phased)) = genotype.uniform() else { return false };
            genotype.put_uniform(0, 1, &mut sink.calls.elements);
            sink.calls.close_many(ploidy, 1);
            sink.phased.append(phased && ploidy > 1);
            true
        }
        Role::Int { column, .. } => match Ints::of_one_sample(vector).and_then(single) {
            Some(value) => {
                sink.ints[column].push(Some(value));
                true
            }
            None => false,
        },
        Role::List(column) => {
            let Some(ints) = Ints::of_one_sample(vector) else { return false };
            let list = &mut sink.lists[column];
            let start = list.elements.len();
            list.elements.extend(ints.iter());
            let added = list.elements.get(start..).unwrap_or_default();
            let plain = !added.is_empty() && !added.contains(&MISSING);
            if plain {
                list.close_if(true, start);
            } else {
                list.elements.truncate(start);
            }
            plain
        }
        Role::Doubles | Role::Information => false,
    }
}

/// The value of a lone integer.
fn single(ints: Ints<'_>) -> Option<i32> {
    let mut values = ints.iter();
    match (values.next(), values.next()) {
        (Some(value), None) if value != MISSING => Some(value),
        _ => None,
    }
}
