//! Record batches of a file to rows of a wide table: one row for each record, vectors as they are. In: batches of a reader
//! that keeps INFO as text. Out: batches in the shape of the table. `wide/records.rs` goes the other way.

mod attributes;
mod records;
mod typed_info;

pub use attributes::info_values;
pub use records::{StoredRecords, wide_columns};
pub use typed_info::with_typed_info;

use crate::genotypes::{GenotypeCounts, GenotypeVector};
use crate::record::record_columns as at;
use crate::{ExplodeError, RecordShape, ints, schema};
use arrow_array::builder::{BinaryBuilder, Int32Builder};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, Int32Array, Int64Array, ListArray, RecordBatch, StringArray, new_null_array,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, SchemaRef};
use std::sync::Arc;
use typed_info::TypedInfo;
use varberg_model::{Column, FormatColumns, INFO_UNFIT, TableSchema, info_key};

/// Turns the record batches of one part into rows of a wide table.
#[derive(Debug)]
pub struct WideRows {
    schema: SchemaRef,
    job: String,
    item: i32,
    first_record: i64,
    headerset: i64,
    samples: usize,
    columns: Vec<Source>,
    /// Position in the record batch of GT.
    genotypes: Option<usize>,
    /// FORMAT fields without a column: ID, position in the record batch.
    without_column: Vec<(String, usize)>,
    undeclared: usize,
    typed_info: TypedInfo,
}

/// Where a column of the table comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Job,
    Item,
    Record,
    Headerset,
    Undeclared,
    Count(Count),
    /// Made of INFO.
    Info,
    /// A column of the record batch.
    Batch(usize),
    /// Of a FORMAT key that the file does not declare, or a column that only later programs know.
    Nothing,
}

/// What is counted of the genotypes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    Called,
    Alleles,
    Heterozygous,
    Missing,
}

impl Source {
    fn of(name: &str) -> Self {
        match name {
            "importjobid" => Self::Job,
            "_item" => Self::Item,
            "_record" => Self::Record,
            "_headerset" => Self::Headerset,
            "_undeclared" => Self::Undeclared,
            "alleles_called" => Self::Count(Count::Called),
            "allele_counts" => Self::Count(Count::Alleles),
            "heterozygous_calls" => Self::Count(Count::Heterozygous),
            "missing_calls" => Self::Count(Count::Missing),
            "contigname" => Self::Batch(at::CONTIG),
            "start" => Self::Batch(at::START),
            "end" => Self::Batch(at::END),
            "names" => Self::Batch(at::NAMES),
            "referenceallele" => Self::Batch(at::REFERENCE),
            "alternatealleles" => Self::Batch(at::ALTERNATES),
            "qual" => Self::Batch(at::QUAL),
            "filters" => Self::Batch(at::FILTERS),
            "_attributes" => Self::Batch(at::ATTRIBUTES),
            "_format" => Self::Batch(at::FORMAT),
            "_raw" => Self::Batch(at::RAW),
            "annotations" => Self::Batch(at::ANNOTATIONS),
            "info" => Self::Batch(at::INFO),
            _ => Self::Nothing,
        }
    }
}

impl WideRows {
    /// `table`: the table's columns, with one for each FORMAT key of the shape as far as tables have room; `headerset`: the
    /// id of `shape`; `item`: position of the file in its job; `first_record`: number of the file's records before this part.
    pub fn new(
        table: &TableSchema,
        shape: &RecordShape,
        headerset: i64,
        import_job_id: &str,
        item: i32,
        first_record: i64,
    ) -> Self {
        let names = FormatColumns::of(table);
        let format = |(at, format): (usize, &crate::FormatColumn)| (names.name(&format.id), at::FIRST_FORMAT + at);
        let formats: Vec<_> = shape.formats.iter().enumerate().map(format).collect();
        let source = |column: &Column| match formats.iter().find(|(own, _)| *own == Some(&column.name)) {
            Some((_, position)) => Source::Batch(*position),
            None if info_key(column).is_some() || column.name == INFO_UNFIT => Source::Info,
            None => Source::of(&column.name),
        };
        let left = shape.formats.iter().zip(&formats).filter(|(_, (name, _))| name.is_none());
        Self {
            schema: schema::arrow_schema(table),
            job: import_job_id.to_owned(),
            item,
            first_record,
            headerset,
            samples: shape.samples.len(),
            columns: table.columns.iter().map(source).collect(),
            genotypes: shape.formats.iter().position(|format| format.id == "GT").map(|at| at::FIRST_FORMAT + at),
            without_column: left.map(|(format, (_, position))| (format.id.clone(), *position)).collect(),
            undeclared: shape.undeclared_column(),
            typed_info: TypedInfo::of(table),
        }
    }

    /// The rows of a batch.
    pub fn rows(&self, records: &RecordBatch) -> Result<RecordBatch, ExplodeError> {
        let rows = records.num_rows();
        let counts = self.counts(records)?;
        let info = records.columns().get(at::INFO).and_then(|column| column.as_string_opt::<i32>());
        let maps = records.columns().get(at::ATTRIBUTES).and_then(|column| column.as_map_opt());
        let (info, maps) = info.zip(maps).ok_or(ExplodeError::Column(at::INFO))?;
        let info = self.typed_info.columns(info, maps, &self.schema)?;
        let columns = self.columns.iter().zip(self.schema.fields()).map(|(source, field)| {
            Ok::<ArrayRef, ExplodeError>(match source {
                Source::Job => {
                    Arc::new(StringArray::from_iter_values(std::iter::repeat_n(&self.job, rows))) as ArrayRef
                }
                Source::Item => Arc::new(Int32Array::from_value(self.item, rows)),
                Source::Headerset => Arc::new(Int64Array::from_value(self.headerset, rows)),
                Source::Record => self.ordinals(records)?,
                Source::Undeclared => self.undeclared(records)?,
                Source::Count(count) => counts.column(*count, field.data_type())?,
                Source::Batch(at) => Arc::clone(records.columns().get(*at).ok_or(ExplodeError::Column(*at))?),
                Source::Info => info.get(field.name()).unwrap_or_else(|| new_null_array(field.data_type(), rows)),
                Source::Nothing => new_null_array(field.data_type(), rows),
            })
        });
        let columns: Vec<ArrayRef> = columns.collect::<Result<_, ExplodeError>>()?;
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }

    fn ordinals(&self, records: &RecordBatch) -> Result<ArrayRef, ExplodeError> {
        let column = records.columns().get(at::RECORD).and_then(|c| c.as_primitive_opt::<Int64Type>());
        let column = column.ok_or(ExplodeError::Column(at::RECORD))?;
        let ordinals: Int64Array = column.unary(|ordinal| ordinal.saturating_add(self.first_record));
        Ok(Arc::new(ordinals))
    }

    /// Values of FORMAT keys without a column: those the header does not declare, and those there was no room for.
    fn undeclared(&self, records: &RecordBatch) -> Result<ArrayRef, ExplodeError> {
        let own = binary(records, self.undeclared)?;
        let left = self.without_column.iter().map(|(key, at)| Ok((key.as_str(), binary(records, *at)?)));
        let left: Vec<(&str, &BinaryArray)> = left.collect::<Result<_, ExplodeError>>()?;
        if left.is_empty() {
            return Ok(Arc::new(own.clone()));
        }
        let mut column = BinaryBuilder::new();
        let mut value = Vec::new();
        for row in 0..records.num_rows() {
            let (count, rest) = match own.is_valid(row) {
                true => ints::leb128(own.value(row)).ok_or_else(|| ExplodeError::Vector("FORMAT".to_owned()))?,
                false => (0, &[][..]),
            };
            let more = left.iter().filter(|(_, vectors)| vectors.is_valid(row));
            value.clear();
            ints::put_leb128(count + more.clone().count(), &mut value);
            value.extend_from_slice(rest);
            for (key, vectors) in more.clone() {
                for part in [key.as_bytes(), vectors.value(row)] {
                    ints::put_leb128(part.len(), &mut value);
                    value.extend_from_slice(part);
                }
            }
            column.append_option((count > 0 || more.count() > 0).then_some(&value));
        }
        Ok(Arc::new(column.finish()))
    }

    fn counts(&self, records: &RecordBatch) -> Result<Counts, ExplodeError> {
        let mut counts = Counts::default();
        let Some(position) = self.genotypes else {
            (0..records.num_rows()).for_each(|_| counts.push_null());
            return Ok(counts);
        };
        let vectors = binary(records, position)?;
        let alternates = records.columns().get(at::ALTERNATES).and_then(|c| c.as_list_opt::<i32>());
        let alternates = alternates.ok_or(ExplodeError::Column(at::ALTERNATES))?;
        for row in 0..records.num_rows() {
            if vectors.is_null(row) {
                counts.push_null();
                continue;
            }
            let vector = GenotypeVector::parse(vectors.value(row), self.samples);
            let vector = vector.map_err(|_| ExplodeError::Vector("GT".to_owned()))?;
            let alternates = if alternates.is_null(row) { 0 } else { alternates.value_length(row) };
            counts.push(&vector, usize::try_from(alternates).unwrap_or(0))?;
        }
        Ok(counts)
    }
}

fn binary(records: &RecordBatch, position: usize) -> Result<&BinaryArray, ExplodeError> {
    let column = records.columns().get(position).and_then(|c| c.as_binary_opt::<i32>());
    column.ok_or(ExplodeError::Column(position))
}

/// Counts of the genotypes of records; null without GT.
#[derive(Debug, Default)]
struct Counts {
    /// Of the latest record.
    record: GenotypeCounts,
    called: Int32Builder,
    heterozygous: Int32Builder,
    missing: Int32Builder,
    alleles: Vec<i32>,
    ends: Vec<usize>,
    valid: Vec<bool>,
}

impl Counts {
    fn push(&mut self, vector: &GenotypeVector<'_>, alternates: usize) -> Result<(), ExplodeError> {
        let counted = vector.count(alternates, None, &mut self.record);
        counted.map_err(|_| ExplodeError::Vector("GT".to_owned()))?;
        let own = |count: u64| i32::try_from(count).unwrap_or(i32::MAX);
        self.called.append_value(own(self.record.called));
        self.heterozygous.append_value(own(self.record.heterozygous));
        self.missing.append_value(own(self.record.missing));
        self.alleles.extend(self.record.per_allele.iter().map(|count| own(*count)));
        self.ends.push(self.alleles.len());
        self.valid.push(true);
        Ok(())
    }

    fn push_null(&mut self) {
        self.called.append_null();
        self.heterozygous.append_null();
        self.missing.append_null();
        self.ends.push(self.alleles.len());
        self.valid.push(false);
    }

    fn column(&self, count: Count, kind: &DataType) -> Result<ArrayRef, ExplodeError> {
        Ok(match count {
            Count::Called => Arc::new(self.called.finish_cloned()),
            Count::Heterozygous => Arc::new(self.heterozygous.finish_cloned()),
            Count::Missing => Arc::new(self.missing.finish_cloned()),
            Count::Alleles => {
                let DataType::List(element) = kind else { return Err(ExplodeError::Arrow("not a list".to_owned())) };
                let lengths = std::iter::once(0).chain(self.ends.iter().copied()).zip(&self.ends).map(|(a, b)| b - a);
                let elements = Arc::new(Int32Array::from(self.alleles.clone()));
                let offsets = OffsetBuffer::from_lengths(lengths);
                Arc::new(ListArray::try_new(Arc::clone(element), offsets, elements, Some(self.valid.clone().into()))?)
            }
        })
    }
}
