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
mod single;
mod sink;
mod values;

use crate::builders;
use crate::genotypes::{GenotypeCell, GenotypeCursor, GenotypeVector};
use crate::vector::{Cell, VectorCursor, VectorView};
use crate::{FormatColumn, RecordShape, schema};
use arrow_array::{Array, BinaryArray, RecordBatch, StringArray};
use arrow_schema::{ArrowError, SchemaRef};
use constants::Constants;
use input::{Input, Undeclared};
use sink::Sink;
pub(crate) use values::keys as information_keys;
use varberg_model::TableSchema;

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
    schema: SchemaRef,
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

impl Explode {
    /// `item`: position of the file in its job; `first_record`: number of the file's records before this part;
    /// `max_rows`: most rows of a batch (1 to 1,048,576; a batch of large rows ends earlier).
    pub fn new(shape: &RecordShape, import_job_id: &str, item: i32, first_record: i64, max_rows: usize) -> Self {
        let schema = schema::arrow_schema(&TableSchema::variants_long());
        let field = |format: &FormatColumn| Field {
            role: Role::of(&format.id),
            raw_key: raw_key(&format.id),
            format: format.clone(),
        };
        let fields: Vec<Field> = shape.formats.iter().map(field).collect();
        let information = fields.iter().filter(|f| f.role == Role::Information).map(|f| f.format.id.as_str());
        Self {
            genotypes: fields.iter().any(|f| f.role == Role::Calls),
            information_keys: StringArray::from(values::keys(information)),
            fields,
            first_record,
            constants: Constants::new(shape, import_job_id, item, max_rows, &schema),
            shape: shape.clone(),
            schema,
        }
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
        let mut input = Some(Input::new(records, &self.shape));
        let (mut record, mut sample) = (0, 0);
        std::iter::from_fn(move || match input.take()? {
            Err(error) => Some(Err(error)),
            Ok(own) => {
                let batch = self.next_batch(&own, &mut record, &mut sample).transpose()?;
                // After an error the iterator ends.
                if batch.is_ok() {
                    input = Some(Ok(own));
                }
                Some(batch)
            }
        })
    }

    fn next_batch(
        &self,
        input: &Input<'_>,
        record: &mut usize,
        sample: &mut usize,
    ) -> Result<Option<RecordBatch>, ExplodeError> {
        let rows_of_a_record = self.shape.samples.len().max(1);
        if rows_of_a_record == 1 {
            return self.next_batch_of_single(input, record);
        }
        let key_bytes = self.key_bytes();
        let (first_sample, mut sink, mut bytes) = (*sample, Sink::new(), 0_usize);
        while *record < input.rows && sink.rows < self.constants.max_rows {
            let row_bytes = FIXED_ROW_BYTES + key_bytes + input.row_bytes(*record, rows_of_a_record);
            let room = BATCH_BYTES.saturating_sub(bytes) / row_bytes;
            let room = if sink.rows == 0 { room.max(1) } else { room };
            let count = (rows_of_a_record - *sample).min(self.constants.max_rows - sink.rows).min(room);
            if count == 0 {
                break;
            }
            sink.repeat_site(input, *record, self.first_record, count).ok_or_else(not_text)?;
            self.put_samples(input, *record, *sample, count, &mut sink)?;
            bytes = bytes.saturating_add(row_bytes.saturating_mul(count));
            *sample += count;
            if *sample == rows_of_a_record {
                (*record, *sample) = (*record + 1, 0);
            }
        }
        if sink.rows == 0 {
            Ok(None)
        } else {
            sink.finish(input, &self.schema, &self.constants, first_sample, Vec::new()).map(Some)
        }
    }

    /// Bytes that the keys of `information` take in a row.
    fn key_bytes(&self) -> usize {
        self.information_keys.value_data().len() + 8 * self.information_keys.len()
    }

    /// Adds the sample columns, and `_raw`, of `count` rows of a record.
    fn put_samples(
        &self,
        input: &Input<'_>,
        record: usize,
        first: usize,
        count: usize,
        sink: &mut Sink,
    ) -> Result<(), ExplodeError> {
        let samples = self.shape.samples.len();
        let undeclared = input.undeclared(record, samples, first)?;
        if samples == 0 {
            sink.information.push_nulls(count);
        } else if undeclared.is_empty() {
            put_information_keys(&self.information_keys, count, sink);
        } else {
            put_information_keys(&self.keys_with(&undeclared), count, sink);
        }
        let genotypes = self.genotype_vector(input, record)?;
        let others = self.fields.iter().zip(&input.formats).any(|(f, v)| f.role != Role::Calls && v.is_valid(record));
        let plain = !others && input.undeclared.is_null(record);
        match genotypes.map(|g| (g, g.uniform())) {
            Some((genotypes, Some((ploidy, phased)))) if plain && samples > 0 => {
                genotypes.put_uniform(first, count, &mut sink.calls.elements);
                sink.calls.close_many(ploidy, count);
                sink.phased.append_n(count, phased && ploidy > 1);
            }
            None if plain || samples == 0 => {
                sink.calls.push_nulls(count);
                if samples > 0 && self.genotypes {
                    sink.phased.append_n(count, false);
                }
            }
            _ => return self.put_rows(input, record, first, count, undeclared, sink),
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
        let own = self.fields.iter().zip(&input.formats).find(|(f, v)| f.role == Role::Calls && v.is_valid(record));
        let parse =
            |(_, v): (&Field, &&'a BinaryArray)| GenotypeVector::parse(v.value(record), self.shape.samples.len());
        own.map(parse).transpose().map_err(|_| ExplodeError::Vector("GT".to_owned()))
    }

    /// Row by row: any values, `_raw` entries where needed.
    fn put_rows(
        &self,
        input: &Input<'_>,
        record: usize,
        first: usize,
        count: usize,
        undeclared: Undeclared<'_>,
        sink: &mut Sink,
    ) -> Result<(), ExplodeError> {
        let mut sources = self.sources(input, record, first)?;
        let mut undeclared: Vec<(String, VectorCursor<'_>)> =
            undeclared.into_iter().map(|(key, cursor)| (raw_key(key), cursor)).collect();
        let declared = sources.iter().filter(|s| !matches!(s, Source::None)).count();
        let keys = declared + undeclared.len();
        let mut scratch = Vec::new();
        for _ in 0..count {
            row_raw(input, record, sink)?;
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

    fn sources<'a>(&self, input: &Input<'a>, record: usize, first: usize) -> Result<Vec<Source<'a>>, ExplodeError> {
        let source = |(field, vectors): (&Field, &&'a BinaryArray)| self.source(field, vectors, record, first);
        self.fields.iter().zip(&input.formats).map(source).collect()
    }

    /// The values of a field in a record, from sample `first` on.
    fn source<'a>(
        &self,
        field: &Field,
        vectors: &'a BinaryArray,
        record: usize,
        first: usize,
    ) -> Result<Source<'a>, ExplodeError> {
        let samples = self.shape.samples.len();
        let damaged = |_| ExplodeError::Vector(field.format.id.clone());
        Ok(if vectors.is_null(record) {
            Source::None
        } else if field.role == Role::Calls {
            let vector = GenotypeVector::parse(vectors.value(record), samples).map_err(damaged)?;
            Source::Genotypes(vector.cursor(first))
        } else {
            Source::Values(VectorView::parse(vectors.value(record), samples).map_err(damaged)?.cursor(first))
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

/// Starts the `information` of `count` rows: the same keys in each.
fn put_information_keys(keys: &StringArray, count: usize, sink: &mut Sink) {
    if keys.is_empty() {
        sink.information.push_nulls(count);
    } else {
        sink.information.close_rows(keys.len(), count);
        sink.information.keys.repeat(keys, 0..keys.len(), count);
    }
}

/// Adds the text of an undeclared field to `information`, null where it is missing, and to `_raw`.
fn put_undeclared(raw_key: &str, cell: Cell<'_>, sink: &mut Sink) {
    match cell {
        Cell::Absent | Cell::Text(b".") => sink.information.values.push_nulls(1),
        cell => {
            cell.put_text(&mut sink.information.values.bytes);
            sink.information.values.close();
            put_raw(raw_key, cell, sink);
        }
    }
}

/// Starts a row of `_raw` with what the record has.
fn row_raw(input: &Input<'_>, record: usize, sink: &mut Sink) -> Result<(), ExplodeError> {
    if input.raw.is_null(record) {
        return Ok(());
    }
    let keys = input.raw.keys().as_any().downcast_ref::<StringArray>().ok_or_else(not_text)?;
    let values = input.raw.values().as_any().downcast_ref::<StringArray>().ok_or_else(not_text)?;
    let range = builders::row_range(input.raw.value_offsets(), record).ok_or_else(not_text)?;
    sink.raw.keys.repeat(keys, range.clone(), 1);
    sink.raw.values.repeat(values, range, 1);
    Ok(())
}

/// Adds nulls for a FORMAT field that a record lacks.
fn put_nulls(role: Role, count: usize, sink: &mut Sink) {
    match role {
        Role::Calls => sink.calls.push_nulls(count),
        Role::Int { column, .. } => sink.ints[column].push_nulls(count),
        Role::List(column) => sink.lists[column].push_nulls(count),
        Role::Doubles => sink.doubles.push_nulls(count),
        Role::Information => sink.information.values.push_nulls(count),
    }
}

/// Adds the next sample's value, and its text to `_raw` where the value does not tell it; whether the sample has one.
fn put_value(field: &Field, source: &mut Source<'_>, sink: &mut Sink, scratch: &mut Vec<u8>) -> bool {
    let cell = match source {
        Source::None => {
            put_nulls(field.role, 1, sink);
            return false;
        }
        Source::Genotypes(cursor) => return put_genotype(field, cursor.next_cell(), sink),
        Source::Values(cursor) => cursor.next_cell(),
    };
    let exact = match field.role {
        Role::Calls => true, // not reached: GT has a genotype source
        Role::Int { column, rounds } => {
            let (value, exact) = values::integer(cell, rounds, scratch);
            sink.ints[column].push(value);
            exact
        }
        Role::List(column) => {
            let list = &mut sink.lists[column];
            let start = list.elements.len();
            let (valid, exact) = values::integers(cell, &mut list.elements, scratch);
            list.close_if(valid, start);
            exact
        }
        Role::Doubles => {
            let list = &mut sink.doubles;
            let start = list.elements.len();
            let (valid, exact) = values::doubles(cell, &mut list.elements, scratch);
            list.close_if(valid, start);
            exact
        }
        Role::Information => {
            let column = &mut sink.information.values;
            let start = column.bytes.len();
            let (valid, exact) = values::information(cell, &field.format, &mut column.bytes, scratch);
            column.close_if(valid, start);
            exact
        }
    };
    if !exact {
        put_raw(&field.raw_key, cell, sink);
    }
    !matches!(cell, Cell::Absent)
}

fn put_genotype(field: &Field, cell: GenotypeCell<'_>, sink: &mut Sink) -> bool {
    let start = sink.calls.elements.len();
    let seen = cell.put_alleles(&mut sink.calls.elements);
    sink.calls.close_if(seen.is_some(), start);
    sink.phased.append(seen.is_some_and(|s| s.phased));
    if seen.is_some_and(|s| !s.exact) {
        sink.raw.keys.push(field.raw_key.as_bytes());
        cell.put_text(&mut sink.raw.values.bytes);
        sink.raw.values.close();
    }
    seen.is_some()
}

fn put_raw(key: &str, cell: Cell<'_>, sink: &mut Sink) {
    sink.raw.keys.push(key.as_bytes());
    cell.put_text(&mut sink.raw.values.bytes);
    sink.raw.values.close();
}

#[cfg(test)]
mod tests;
