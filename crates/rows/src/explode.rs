//! One row per record to one row per record and sample, with exactly the columns of the long table (spec 8.3).
//! In: record batches of one file. Out: batches in table shape. Pure; judges nothing.
//!
//! The text of every sample can be told from its row: `_format` names the keys; the text of a key is the one in `_raw`
//! (`GT` for GT, `FORMAT/<ID>` for others) if there is one, else follows from the key's column as `values.rs` says, and
//! is `.` where that is null (`implode.rs` does it). GT is `calls` (-1 = `.`) joined by `|` if `phased`, else by `/`. `SAMPLE` in `_raw` is the
//! number of values the sample has where it has fewer than FORMAT has keys (dropped trailing fields).

mod annotations;
mod constants;
mod input;
mod put;
mod single;
mod sink;
mod values;
mod wanted;

use crate::genotypes::{GenotypeCursor, GenotypeVector};
use crate::vector::{Cell, VectorCursor, VectorView};
use crate::{FormatColumn, RecordShape, schema};
use arrow_array::Int32Array;
use arrow_array::{Array, BinaryArray, RecordBatch, StringArray};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use constants::{Constants, column};
use input::{Input, Undeclared};
use put::{put_information_keys, put_nulls, put_undeclared, put_value, row_raw};
use sink::Sink;
use std::sync::Arc;
pub(crate) use values::keys as information_keys;
use varberg_model::TableSchema;
pub use wanted::Selection;
use wanted::{Samples, Wanted};

/// About how large a batch gets.
const BATCH_BYTES: usize = 128 << 20;
/// Bytes of a row that do not depend on its record.
const FIXED_ROW_BYTES: usize = 128;

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

impl From<ArrowError> for ExplodeError {
    fn from(error: ArrowError) -> Self {
        Self::Arrow(error.to_string())
    }
}

/// Turns the record batches of one part into table rows.
#[derive(Debug)]
pub struct Explode {
    shape: RecordShape,
    wanted: Wanted,
    /// Of the wanted columns.
    schema: SchemaRef,
    /// Those whose values wanted columns hold.
    fields: Vec<Field>,
    /// Whether GT is among the fields.
    genotypes: bool,
    information_keys: StringArray,
    first_record: i64,
    constants: Constants,
}

/// A FORMAT field of the shape.
#[derive(Debug)]
struct Field {
    /// Position among the FORMAT fields of the shape.
    at: usize,
    format: FormatColumn,
    role: Role,
    raw_key: String,
}

/// Where the values of a FORMAT field go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Calls,
    Int {
        column: usize,
        rounds: bool,
    },
    List(usize),
    /// GL; HealthOmics leaves its column null (spec 8.3) and so loses it.
    Doubles,
    Information,
}

impl Role {
    /// Whether one of the wanted columns holds its values.
    fn is_wanted(self, wanted: &Wanted) -> bool {
        let own = match self {
            Self::Calls => wanted.has(column::CALLS) || wanted.has(column::PHASED),
            Self::Int { column, .. } => wanted.has(sink::INTS[column]),
            Self::List(column) => wanted.has(sink::LISTS[column]),
            Self::Doubles => wanted.has(column::GENOTYPE_LIKELIHOODS),
            Self::Information => wanted.has(column::INFORMATION),
        };
        own || wanted.has(column::RAW)
    }

    fn of(id: &str) -> Self {
        match id {
            "GT" => Self::Calls,
            "GQ" => Self::Int { column: sink::QUALITY, rounds: true },
            "DP" => Self::Int { column: sink::DEPTH, rounds: true },
            "PS" => Self::Int { column: sink::PHASE_SET, rounds: false },
            "PL" => Self::List(sink::LIKELIHOODS),
            "AD" => Self::List(sink::DEPTHS),
            "SPL" => Self::List(sink::SPL),
            "GL" => Self::Doubles,
            _ => Self::Information,
        }
    }
}

/// The values of one FORMAT field over the samples of a record.
enum Source<'a> {
    /// FORMAT lacks the key.
    None,
    Genotypes(GenotypeCursor<'a>),
    Values(VectorCursor<'a>),
}

impl Source<'_> {
    /// Passes over the values of `samples` samples.
    fn skip(&mut self, samples: usize) {
        match self {
            Self::None => {}
            Self::Genotypes(cursor) => cursor.skip(samples),
            Self::Values(cursor) => cursor.skip(samples),
        }
    }
}

/// Where stored records came from: one value for each record.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    pub job: &'a StringArray,
    pub item: &'a Int32Array,
}

/// The row that comes next.
#[derive(Debug, Clone, Copy, Default)]
pub struct Next {
    record: usize,
    /// Position among the record's own samples.
    sample: usize,
}

impl Explode {
    /// All columns of the rows of a file that is being imported.
    ///
    /// `item`: position of the file in its job; `first_record`: number of the file's records before this part;
    /// `max_rows`: most rows of a batch (1 to 1,048,576; a batch of large rows ends earlier).
    pub fn new(shape: &RecordShape, import_job_id: &str, item: i32, first_record: i64, max_rows: usize) -> Self {
        Self::with(shape, Wanted::all(), (import_job_id, item), first_record, max_rows)
    }

    /// Some columns, by their positions in the long table, of records that are stored; they come in ascending order.
    pub fn of_stored(shape: &RecordShape, columns: &[usize], max_rows: usize) -> Self {
        Self::with(shape, Wanted::these(columns), ("", 0), 0, max_rows)
    }

    fn with(shape: &RecordShape, wanted: Wanted, origin: (&str, i32), first_record: i64, max_rows: usize) -> Self {
        let table = schema::arrow_schema(&TableSchema::variants_long());
        let field = |(at, format): (usize, &FormatColumn)| Field {
            at,
            role: Role::of(&format.id),
            raw_key: raw_key(&format.id),
            format: format.clone(),
        };
        let fields = shape.formats.iter().enumerate().map(field).filter(|field| field.role.is_wanted(&wanted));
        let fields: Vec<Field> = fields.collect();
        let information = fields.iter().filter(|f| f.role == Role::Information).map(|f| f.format.id.as_str());
        let columns: Vec<_> = wanted.positions.iter().map(|at| table.field(*at).clone()).collect();
        Self {
            genotypes: fields.iter().any(|f| f.role == Role::Calls),
            information_keys: StringArray::from(values::keys(information)),
            fields,
            first_record,
            constants: Constants::new(shape, origin, max_rows, &table),
            shape: shape.clone(),
            schema: Arc::new(Schema::new(columns)),
            wanted,
        }
    }

    /// The wanted columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Keys of `information` in the rows of a record whose FORMAT has undeclared keys, which follow the declared ones.
    fn keys_with(&self, undeclared: &Undeclared<'_>) -> StringArray {
        let declared = self.fields.iter().filter(|f| f.role == Role::Information).map(|f| f.format.id.as_str());
        StringArray::from(values::keys(declared.chain(undeclared.iter().map(|(key, _)| *key))))
    }

    /// The rows of `records`: record by record, samples in header order; one row per record in a sites-only file.
    pub fn batches<'a>(
        &'a self,
        records: &'a RecordBatch,
    ) -> impl Iterator<Item = Result<RecordBatch, ExplodeError>> + 'a {
        self.selected(records, None, Selection::All)
    }

    /// The rows of some samples of `records`; those of a file without samples have one row whatever is selected.
    /// `origin`: `importjobid` and `_item` of each record, in place of those that the explode was made with.
    pub fn selected<'a>(
        &'a self,
        records: &'a RecordBatch,
        origin: Option<Origin<'a>>,
        selection: Selection<'a>,
    ) -> impl Iterator<Item = Result<RecordBatch, ExplodeError>> + 'a {
        let mut next = Some(Next::default());
        std::iter::from_fn(move || {
            let mut own = next?;
            let batch = self.next(records, origin, selection, &mut own).transpose();
            // After an error the iterator ends.
            next = batch.as_ref().is_some_and(Result::is_ok).then_some(own);
            batch
        })
    }

    /// The rows that follow on those before `next`, as [`selected`](Self::selected) gives them; none after the last.
    pub fn next(
        &self,
        records: &RecordBatch,
        origin: Option<Origin<'_>>,
        selection: Selection<'_>,
        next: &mut Next,
    ) -> Result<Option<RecordBatch>, ExplodeError> {
        self.next_batch(&Input::new(records, &self.shape, origin)?, selection, next)
    }

    fn next_batch(
        &self,
        input: &Input<'_>,
        selection: Selection<'_>,
        next: &mut Next,
    ) -> Result<Option<RecordBatch>, ExplodeError> {
        let samples = self.shape.samples.len();
        if samples == 0 || (samples == 1 && matches!(selection, Selection::All)) {
            return self.next_batch_of_single(input, &mut next.record);
        }
        let key_bytes = self.key_bytes();
        let mut sink = Sink::new(matches!(selection, Selection::All).then_some(next.sample));
        let mut bytes = 0_usize;
        while next.record < input.rows && sink.rows < self.constants.max_rows {
            let own = selection.of(next.record, samples);
            let row_bytes = FIXED_ROW_BYTES + key_bytes + input.row_bytes(next.record, samples);
            let room = BATCH_BYTES.saturating_sub(bytes) / row_bytes;
            let room = if sink.rows == 0 { room.max(1) } else { room };
            let left = own.len().saturating_sub(next.sample);
            let count = left.min(self.constants.max_rows - sink.rows).min(room);
            if count == 0 && left > 0 {
                break;
            }
            if count > 0 {
                let part = own.part(next.sample, count);
                sink.repeat_site(input, &self.wanted, next.record, self.first_record, &part).ok_or_else(not_text)?;
                self.put_samples(input, next.record, &part, &mut sink)?;
                bytes = bytes.saturating_add(row_bytes.saturating_mul(count));
            }
            next.sample += count;
            if next.sample == own.len() {
                *next = Next { record: next.record + 1, sample: 0 };
            }
        }
        if sink.rows == 0 {
            Ok(None)
        } else {
            sink.finish(input, &self.schema, &self.wanted, &self.constants, Vec::new()).map(Some)
        }
    }

    /// Bytes that the keys of `information` take in a row.
    fn key_bytes(&self) -> usize {
        self.information_keys.value_data().len() + 8 * self.information_keys.len()
    }

    /// Adds the sample columns, and `_raw`, of some rows of a record; of a file without samples, one row.
    fn put_samples(
        &self,
        input: &Input<'_>,
        record: usize,
        own: &Samples<'_>,
        sink: &mut Sink,
    ) -> Result<(), ExplodeError> {
        if !self.wanted.values() {
            return Ok(());
        }
        let samples = self.shape.samples.len();
        let count = if samples == 0 { 1 } else { own.len() };
        let undeclared = input.undeclared(record, samples)?;
        if samples == 0 {
            sink.information.push_nulls(count);
        } else if undeclared.is_empty() {
            put_information_keys(&self.information_keys, count, sink);
        } else {
            put_information_keys(&self.keys_with(&undeclared), count, sink);
        }
        let genotypes = self.genotype_vector(input, record)?;
        let is_other = |f: &Field| f.role != Role::Calls && input.format(f.at).is_valid(record);
        let plain = !self.fields.iter().any(is_other) && input.undeclared.is_null(record);
        match genotypes.map(|g| (g, g.uniform())) {
            Some((genotypes, Some((ploidy, phased)))) if plain && samples > 0 => {
                match own {
                    Samples::Range(range) => {
                        genotypes.put_uniform(range.start, count, &mut sink.calls.elements);
                    }
                    Samples::List(_) => own.iter().for_each(|sample| {
                        genotypes.put_uniform(sample, 1, &mut sink.calls.elements);
                    }),
                }
                sink.calls.close_many(ploidy, count);
                sink.phased.append_n(count, phased && ploidy > 1);
            }
            None if plain || samples == 0 => {
                sink.calls.push_nulls(count);
                if samples > 0 && self.genotypes {
                    sink.phased.append_n(count, false);
                }
            }
            _ => return self.put_rows(input, record, own, undeclared, sink),
        }
        for field in self.fields.iter().filter(|f| f.role != Role::Calls && samples > 0) {
            put_nulls(field.role, count, sink);
        }
        sink.raw.repeat(input.raw, record, count).ok_or_else(not_text)
    }

    fn genotype_vector<'a>(
        &self,
        input: &Input<'a>,
        record: usize,
    ) -> Result<Option<GenotypeVector<'a>>, ExplodeError> {
        let own = self.fields.iter().find(|f| f.role == Role::Calls).map(|f| input.format(f.at));
        let parse = |vectors: &'a BinaryArray| GenotypeVector::parse(vectors.value(record), self.shape.samples.len());
        let own = own.filter(|vectors| vectors.is_valid(record));
        own.map(parse).transpose().map_err(|_| ExplodeError::Vector("GT".to_owned()))
    }

    /// Row by row: any values, `_raw` entries where needed.
    fn put_rows(
        &self,
        input: &Input<'_>,
        record: usize,
        own: &Samples<'_>,
        undeclared: Undeclared<'_>,
        sink: &mut Sink,
    ) -> Result<(), ExplodeError> {
        let mut sources = self.sources(input, record)?;
        let mut undeclared: Vec<(String, VectorCursor<'_>)> =
            undeclared.into_iter().map(|(key, cursor)| (raw_key(key), cursor)).collect();
        let declared = sources.iter().filter(|s| !matches!(s, Source::None)).count();
        let keys = declared + undeclared.len();
        let mut scratch = Vec::new();
        let mut next = 0;
        for sample in own.iter() {
            let skipped = sample.saturating_sub(next);
            if skipped > 0 {
                sources.iter_mut().for_each(|source| source.skip(skipped));
                undeclared.iter_mut().for_each(|(_, cursor)| cursor.skip(skipped));
            }
            next = sample.saturating_add(1);
            if sink.has_raw {
                row_raw(input, record, sink)?;
            }
            let mut values = 0;
            for (field, source) in self.fields.iter().zip(&mut sources) {
                values += usize::from(put_value(field, source, sink, &mut scratch));
            }
            if self.genotypes && matches!(self.genotype_source(&sources), Some(Source::None)) {
                sink.phased.append(false);
            }
            for (key, cursor) in &mut undeclared {
                let cell = cursor.next_cell();
                values += usize::from(!matches!(cell, Cell::Absent));
                put_undeclared(key, cell, sink);
            }
            sink.close_raw(values, keys);
        }
        Ok(())
    }

    fn genotype_source<'s, 'a>(&self, sources: &'s [Source<'a>]) -> Option<&'s Source<'a>> {
        self.fields.iter().zip(sources).find(|(f, _)| f.role == Role::Calls).map(|(_, s)| s)
    }

    fn sources<'a>(&self, input: &Input<'a>, record: usize) -> Result<Vec<Source<'a>>, ExplodeError> {
        self.fields.iter().map(|field| self.source(field, input.format(field.at), record)).collect()
    }

    /// The values of a field in a record.
    fn source<'a>(&self, field: &Field, vectors: &'a BinaryArray, record: usize) -> Result<Source<'a>, ExplodeError> {
        let samples = self.shape.samples.len();
        let damaged = |_| ExplodeError::Vector(field.format.id.clone());
        Ok(if vectors.is_null(record) {
            Source::None
        } else if field.role == Role::Calls {
            let vector = GenotypeVector::parse(vectors.value(record), samples).map_err(damaged)?;
            Source::Genotypes(vector.cursor(0))
        } else {
            Source::Values(VectorView::parse(vectors.value(record), samples).map_err(damaged)?.cursor(0))
        })
    }
}

/// Key of a FORMAT field's text in `_raw`.
fn raw_key(id: &str) -> String {
    if id == "GT" { id.to_owned() } else { format!("FORMAT/{id}") }
}

fn not_text() -> ExplodeError {
    ExplodeError::Arrow("nested text columns hold something else".to_owned())
}

#[cfg(test)]
mod tests;
