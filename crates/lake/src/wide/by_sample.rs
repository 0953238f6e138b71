//! Records to one row for each sample, or for each sample and genotype, with the number of records that it stands for. In:
//! records in any number. Out: rows when all have been seen, or when the counts take much memory; then a sample may have
//! several rows, whose numbers add up.

use super::genotypes::{GenotypeFilter, damaged};
use super::selection::{GENOTYPE, Passed, SAMPLE};
use super::spec::ROWS_COLUMN;
use arrow_array::builder::{BooleanBuilder, Int32Builder, Int64Builder, ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, SchemaRef};
use datafusion::common::{DataFusionError, Result};
use std::collections::HashMap;
use std::sync::Arc;
use varberg_rows::{Call, CallsPerSample, DistinctCalls, GenotypeVector, RecordShape};

/// Counts of a partition beyond which its rows are made: 8 MiB of counts, and some 40 MiB of rows.
pub(super) const MAX_COUNTS: usize = 1 << 20;
/// So many genotypes are counted for any number of samples.
const MIN_CLASSES: usize = 16;

/// Counts for the samples of one headerset.
pub(super) struct BySample {
    shape: Arc<RecordShape>,
    passed: Passed,
    with_genotype: bool,
    counts: CallsPerSample,
    /// The genotypes met, each with its class in `counts`; without genotypes all that pass are of class 0.
    classes: HashMap<Option<Call>, usize>,
    /// By form of vector: the classes of the calls that it can hold.
    known: HashMap<u8, Arc<[Option<usize>]>>,
    /// Records of a headerset without samples.
    records: i64,
}

impl BySample {
    pub(super) fn new(shape: Arc<RecordShape>, passed: Passed, with_genotype: bool) -> Self {
        let counts = CallsPerSample::new(shape.samples.len());
        Self { shape, passed, with_genotype, counts, classes: HashMap::new(), known: HashMap::new(), records: 0 }
    }

    /// Adds records from the one at `first` on, until there are none or the counts are large; gives the next one.
    ///
    /// `column`: the vectors, if the table has some and they were read.
    pub(super) fn add(
        &mut self,
        rows: &RecordBatch,
        first: usize,
        column: Option<&ArrayRef>,
        mut filter: Option<&mut GenotypeFilter>,
    ) -> Result<usize> {
        let without = match &filter {
            Some(filter) => filter.passes_without(&self.shape)?,
            None => true,
        };
        let number = self.shape.samples.len();
        if number == 0 {
            let records = rows.num_rows().saturating_sub(first);
            self.records += if without { i64::try_from(records).unwrap_or(i64::MAX) } else { 0 };
            return Ok(rows.num_rows());
        }
        let is_needed = self.with_genotype || filter.is_some();
        let vectors = column.and_then(|column| column.as_binary_opt::<i32>()).filter(|_| is_needed);
        for row in first..rows.num_rows() {
            if self.is_large() {
                return Ok(row);
            }
            match vectors.filter(|vectors| vectors.is_valid(row)) {
                Some(vectors) => {
                    let vector = GenotypeVector::parse(vectors.value(row), number).map_err(|_| damaged())?;
                    let distinct = vector.distinct();
                    let classes = self.classes_of(&distinct, filter.as_deref_mut())?;
                    self.counts.add(&distinct, &classes);
                }
                None if without => {
                    let class = self.class(None);
                    self.counts.add_all(class);
                }
                None => {}
            }
        }
        Ok(rows.num_rows())
    }

    /// How many counts there are.
    pub(super) fn size(&self) -> usize {
        self.classes.len().saturating_mul(self.shape.samples.len())
    }

    /// Whether the counts take so much memory that their rows should be made now.
    fn is_large(&self) -> bool {
        self.classes.len() > MIN_CLASSES && self.size() > MAX_COUNTS
    }

    fn classes_of(
        &mut self,
        distinct: &DistinctCalls<'_>,
        filter: Option<&mut GenotypeFilter>,
    ) -> Result<Arc<[Option<usize>]>> {
        if let Some(classes) = distinct.form().and_then(|form| self.known.get(&form)) {
            return Ok(Arc::clone(classes));
        }
        let wanted = filter.map(|filter| filter.wanted(distinct)).transpose()?;
        let mut classes = Vec::with_capacity(distinct.len());
        for (index, call) in distinct.calls().enumerate() {
            let is_wanted = wanted.as_ref().is_none_or(|wanted| wanted.get(index) == Some(&true));
            classes.push(is_wanted.then(|| self.class(call)));
        }
        let classes: Arc<[Option<usize>]> = classes.into();
        if let Some(form) = distinct.form() {
            self.known.insert(form, Arc::clone(&classes));
        }
        Ok(classes)
    }

    fn class(&mut self, call: Option<Call>) -> usize {
        let next = self.classes.len();
        *self.classes.entry(call.filter(|_| self.with_genotype)).or_insert(next)
    }

    /// The rows, with the columns of `output`, at most `batch_size` in a batch.
    pub(super) fn batches(&self, output: &SchemaRef, batch_size: usize) -> Result<Vec<RecordBatch>> {
        let mut batches = Vec::new();
        let mut rows = Rows::new(output)?;
        if self.records > 0 {
            rows.push(None, None, None, self.records);
        }
        let declares = self.shape.formats.iter().any(|format| format.id == "GT");
        let mut own: Vec<(&Option<Call>, usize)> = self.classes.iter().map(|(call, class)| (call, *class)).collect();
        own.sort_unstable_by_key(|(_, class)| *class);
        for (call, class) in own {
            let phased = call.as_ref().map_or(declares.then_some(false), |call| Some(call.phased));
            for (at, (name, count)) in (0_u32..).zip(self.shape.samples.iter().zip(self.counts.counts(class))) {
                let passes = match &self.passed {
                    Passed::All => true,
                    Passed::None => false,
                    Passed::These(these) => these.binary_search(&at).is_ok(),
                };
                if passes && count > 0 {
                    rows.push(Some(name), call.as_ref(), phased, count);
                }
                if rows.count >= batch_size {
                    batches.push(std::mem::replace(&mut rows, Rows::new(output)?).finish(output)?);
                }
            }
        }
        if rows.count > 0 {
            batches.push(rows.finish(output)?);
        }
        Ok(batches)
    }
}

/// Rows under construction.
struct Rows {
    count: usize,
    samples: StringBuilder,
    calls: ListBuilder<Int32Builder>,
    phased: BooleanBuilder,
    records: Int64Builder,
}

impl Rows {
    fn new(output: &SchemaRef) -> Result<Self> {
        let [name_of_calls, _] = GENOTYPE;
        let calls = ListBuilder::new(Int32Builder::new());
        let calls = match output.field_with_name(name_of_calls).map(|field| field.data_type()) {
            Ok(DataType::List(element)) => calls.with_field(Arc::clone(element)),
            Ok(_) => return Err(damaged()),
            Err(_) => calls,
        };
        Ok(Self {
            count: 0,
            samples: StringBuilder::new(),
            calls,
            phased: BooleanBuilder::new(),
            records: Int64Builder::new(),
        })
    }

    fn push(&mut self, sample: Option<&str>, call: Option<&Call>, phased: Option<bool>, records: i64) {
        self.count += 1;
        self.samples.append_option(sample);
        match call {
            Some(call) => self.calls.append_value(call.alleles.iter().map(|allele| Some(*allele))),
            None => self.calls.append_null(),
        }
        self.phased.append_option(phased);
        self.records.append_value(records);
    }

    fn finish(mut self, output: &SchemaRef) -> Result<RecordBatch> {
        let [name_of_calls, name_of_phased] = GENOTYPE;
        let columns: [(&str, ArrayRef); 4] = [
            (SAMPLE, Arc::new(self.samples.finish())),
            (name_of_calls, Arc::new(self.calls.finish())),
            (name_of_phased, Arc::new(self.phased.finish())),
            (ROWS_COLUMN, Arc::new(self.records.finish())),
        ];
        let column = |name: &str| columns.iter().find(|(own, _)| *own == name).map(|(_, column)| Arc::clone(column));
        let missing = |name: &str| DataFusionError::Internal(format!("there is no {name} of a sample's records"));
        let wanted = output.fields().iter().map(|field| column(field.name()).ok_or_else(|| missing(field.name())));
        Ok(RecordBatch::try_new(Arc::clone(output), wanted.collect::<Result<_>>()?)?)
    }
}
