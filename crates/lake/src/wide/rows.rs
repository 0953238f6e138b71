//! The rows of one partition: batches of records in, batches of rows out. Which records, which of their samples, and what a
//! row stands for is said by the spec.

use super::by_record::{ByRecord, Samples};
use super::by_sample::{BySample, MAX_COUNTS};
use super::genotypes::GenotypeFilter;
use super::selection::{ATTRIBUTES, Passed, evaluate, samples};
use super::spec::{ATTRIBUTES_COLUMN, ExplodeSpec, Grain};
use arrow_array::{ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow_schema::SchemaRef;
use arrow_select::filter::filter_record_batch;
use arrow_select::take::take;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::filter::batch_filter;
use datafusion::physical_plan::metrics::BaselineMetrics;
use futures::{Stream, StreamExt};
use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use varberg_rows::{
    Explode, ExplodeError, Next, Origin, RecordShape, SampleSubset, Selection, StoredRecords, record_columns,
};

/// So many headersets may have large counts at a time.
const MAX_HEADERSETS: usize = 8;

/// What makes the rows of one headerset.
struct Maker {
    shape: Arc<RecordShape>,
    stored: StoredRecords,
    /// For predicates over attributes.
    attributes: StoredRecords,
    explode: Explode,
    /// By the predicates that do not change.
    samples: Passed,
    /// Those that pass, where some do not.
    subset: Option<SampleSubset>,
}

/// Records of one headerset whose rows are being made.
struct Run {
    maker: Arc<Maker>,
    records: RecordBatch,
    origin: Option<(StringArray, Int32Array)>,
    chosen: Chosen,
    /// For each row how many it stands for, where rows are counted by record.
    counts: Option<Int64Array>,
    /// Of each record: the values of the keys looked up.
    lookups: Vec<ArrayRef>,
    /// Rows made so far.
    made: usize,
    next: Next,
}

/// The samples of a run.
pub(super) enum Chosen {
    All,
    Same(Arc<[u32]>),
    Each { positions: Vec<u32>, ends: Vec<usize> },
}

impl Chosen {
    /// The same samples of all records.
    pub(super) fn of(passed: &Passed) -> Self {
        match passed {
            Passed::All => Self::All,
            Passed::None => Self::Same(Arc::from([])),
            Passed::These(positions) => Self::Same(Arc::clone(positions)),
        }
    }
}

impl Run {
    fn next(&mut self) -> Result<Option<RecordBatch>, ExplodeError> {
        let origin = self.origin.as_ref().map(|(job, item)| Origin { job, item });
        let selection = match &self.chosen {
            Chosen::All => Selection::All,
            Chosen::Same(positions) => Selection::Same(positions),
            Chosen::Each { positions, ends } => Selection::Each { positions, ends },
        };
        let batch = self.maker.explode.next(&self.records, origin, selection, &mut self.next)?;
        self.made += batch.as_ref().map_or(0, RecordBatch::num_rows);
        Ok(batch)
    }

    /// The values of the keys looked up, for the rows of the latest batch, which has `rows`.
    fn lookups(&self, rows: usize) -> Result<Vec<ArrayRef>> {
        if self.lookups.is_empty() {
            return Ok(Vec::new());
        }
        let made = self.made.saturating_sub(rows)..self.made;
        let record = |row: usize| match &self.chosen {
            Chosen::All => row / self.maker.shape.samples.len().max(1),
            Chosen::Same(positions) => row / positions.len().max(1),
            Chosen::Each { ends, .. } => ends.partition_point(|end| *end <= row),
        };
        let records: UInt64Array = made.map(|row| record(row) as u64).collect();
        self.lookups.iter().map(|values| Ok(take(values, &records, None)?)).collect()
    }

    /// How many rows each row of the latest batch, which has `rows`, stands for.
    fn counts(&self, rows: usize) -> Option<ArrayRef> {
        Some(Arc::new(self.counts.as_ref()?.slice(self.made.saturating_sub(rows), rows)))
    }
}

/// The rows of one partition.
pub(super) struct Rows {
    records: SendableRecordBatchStream,
    spec: ExplodeSpec,
    batch_size: usize,
    makers: HashMap<i64, Arc<Maker>>,
    /// By headerset, where rows are counted by sample.
    by_sample: HashMap<i64, BySample>,
    /// Rows of samples that are complete.
    ready: VecDeque<RecordBatch>,
    genotypes: Option<GenotypeFilter>,
    pending: VecDeque<Run>,
    /// Rows that are still wanted.
    left: usize,
    /// Whether all records were read.
    ended: bool,
    metrics: BaselineMetrics,
}

impl Rows {
    /// `records`: one partition; `batch_size`: most rows of a batch.
    pub(super) fn new(
        spec: ExplodeSpec,
        records: SendableRecordBatchStream,
        batch_size: usize,
        metrics: BaselineMetrics,
    ) -> Self {
        let filter = |own: &Arc<dyn PhysicalExpr>| GenotypeFilter::new(Arc::clone(own), Arc::clone(&spec.contract));
        Self {
            records,
            batch_size,
            makers: HashMap::new(),
            by_sample: HashMap::new(),
            ready: VecDeque::new(),
            genotypes: spec.genotypes.as_ref().map(filter),
            pending: VecDeque::new(),
            left: spec.fetch.unwrap_or(usize::MAX),
            ended: false,
            spec,
            metrics,
        }
    }

    fn maker(&mut self, headerset: i64) -> Result<Arc<Maker>> {
        if let Some(maker) = self.makers.get(&headerset) {
            return Ok(Arc::clone(maker));
        }
        let spec = &self.spec;
        let shape = Arc::clone(spec.shape(headerset)?);
        let passed = spec.samples.as_ref().map(|predicate| samples(predicate, &spec.contract, &shape));
        let passed = passed.transpose()?.unwrap_or(Passed::All);
        let subset = |these: &Arc<[u32]>| {
            SampleSubset::new(shape.samples.len(), these.iter().filter_map(|at| usize::try_from(*at).ok()))
        };
        let maker = Arc::new(Maker {
            stored: StoredRecords::new(&spec.table, &shape, &spec.columns),
            attributes: StoredRecords::new(&spec.table, &shape, &[ATTRIBUTES_COLUMN]),
            explode: Explode::of_stored(&shape, &spec.columns, self.batch_size),
            subset: if let Passed::These(these) = &passed { Some(subset(these)) } else { None },
            samples: passed,
            shape,
        });
        self.makers.insert(headerset, Arc::clone(&maker));
        Ok(maker)
    }

    /// Takes records in: from now on their rows are pending.
    fn take(&mut self, batch: RecordBatch) -> Result<()> {
        let batch = match &self.spec.records {
            Some(predicate) => batch_filter(&batch, predicate)?,
            None => batch,
        };
        for (first, count, headerset) in StoredRecords::runs(&batch).map_err(internal)? {
            let maker = self.maker(headerset)?;
            let rows = self.with_attributes(&maker, batch.slice(first, count))?;
            let mut passed = maker.samples.clone();
            for predicate in &self.spec.dynamic {
                passed = both(passed, samples(predicate, &self.spec.output, &maker.shape)?);
            }
            if passed == Passed::None {
                continue;
            }
            let vectors = self.spec.genotype_column().and_then(|name| rows.column_by_name(&name).cloned());
            match self.spec.grain {
                Grain::Row => {
                    let Some((rows, chosen)) = self.choose(&maker, rows, vectors.as_ref(), &passed)? else { continue };
                    self.run(maker, &rows, chosen, None)?;
                }
                Grain::Record { with_genotype } => {
                    let samples = Samples { shape: &maker.shape, passed: &passed, subset: maker.subset.as_ref() };
                    let filter = self.genotypes.as_mut();
                    let counted = ByRecord::new(&samples, &rows, vectors.as_ref(), filter, with_genotype)?;
                    if !counted.counts.is_empty() {
                        self.run(maker, &rows, counted.chosen, Some(counted.counts.into()))?;
                    }
                }
                Grain::Sample { with_genotype } => {
                    let new = || BySample::new(Arc::clone(&maker.shape), passed.clone(), with_genotype);
                    self.count_by_sample(headerset, new, &rows, vectors.as_ref())?;
                }
            }
        }
        Ok(())
    }

    /// Makes rows of records pending.
    fn run(&mut self, maker: Arc<Maker>, rows: &RecordBatch, chosen: Chosen, counts: Option<Int64Array>) -> Result<()> {
        let origin = StoredRecords::origin(rows).map(|origin| (origin.job.clone(), origin.item.clone()));
        let records = maker.stored.records(rows).map_err(internal)?;
        let lookups = self.spec.lookups.columns(rows)?.into_iter().map(|(_, values)| values).collect();
        self.pending.push_back(Run { maker, records, origin, chosen, counts, lookups, made: 0, next: Next::default() });
        Ok(())
    }

    /// Counts records for the samples of a headerset; `new` makes their counts.
    fn count_by_sample(
        &mut self,
        headerset: i64,
        new: impl Fn() -> BySample,
        rows: &RecordBatch,
        vectors: Option<&ArrayRef>,
    ) -> Result<()> {
        let mut next = 0;
        while next < rows.num_rows() {
            let own = self.by_sample.entry(headerset).or_insert_with(&new);
            next = own.add(rows, next, vectors, self.genotypes.as_mut())?;
            let size: usize = self.by_sample.values().map(BySample::size).sum();
            if next < rows.num_rows() || size > MAX_COUNTS * self.by_sample.len().min(MAX_HEADERSETS) {
                self.finish_samples()?;
            }
        }
        Ok(())
    }

    /// The rows of samples, when all records have been seen or their counts are large.
    fn finish_samples(&mut self) -> Result<()> {
        for (_, own) in self.by_sample.drain() {
            self.ready.extend(own.batches(&self.spec.output, self.batch_size)?);
        }
        Ok(())
    }

    /// The records whose attributes pass.
    fn with_attributes(&self, maker: &Maker, rows: RecordBatch) -> Result<RecordBatch> {
        let Some(filter) = &self.spec.attributes else { return Ok(rows) };
        let attributes = match &filter.lookups {
            Some(lookups) => lookups.columns(&rows)?,
            None => {
                let records = maker.attributes.records(&rows).map_err(internal)?;
                vec![(ATTRIBUTES.to_owned(), Arc::clone(records.column(record_columns::ATTRIBUTES)))]
            }
        };
        let site = rows.schema();
        let stored = site.fields().iter().zip(rows.columns());
        let stored = stored.map(|(field, own)| (field.name().as_str(), Arc::clone(own)));
        let attributes = attributes.iter().map(|(name, column)| (name.as_str(), Arc::clone(column)));
        let columns: Vec<(&str, ArrayRef)> = attributes.chain(stored).collect();
        let keep = evaluate(&filter.predicate, &filter.schema, &columns)?;
        Ok(filter_record_batch(&rows, &BooleanArray::from(keep))?)
    }

    /// The records that give rows, and the samples that they give them for.
    fn choose(
        &mut self,
        maker: &Maker,
        rows: RecordBatch,
        vectors: Option<&ArrayRef>,
        passed: &Passed,
    ) -> Result<Option<(RecordBatch, Chosen)>> {
        match &mut self.genotypes {
            Some(filter) => filter.choose(&maker.shape, rows, vectors, passed),
            None => Ok(Some((rows, Chosen::of(passed)))),
        }
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(batch) = self.ready.pop_front() {
            self.left = self.left.saturating_sub(batch.num_rows());
            return Ok(Some(batch));
        }
        while let Some(run) = self.pending.front_mut() {
            match run.next().map_err(internal)? {
                Some(batch) => {
                    let counts = run.counts(batch.num_rows());
                    let lookups = run.lookups(batch.num_rows())?;
                    return self.finish(&batch, counts, &lookups).map(Some);
                }
                None => drop(self.pending.pop_front()),
            }
        }
        Ok(None)
    }

    /// The columns in the order of the output, and no more rows than are wanted.
    fn finish(&mut self, batch: &RecordBatch, counts: Option<ArrayRef>, lookups: &[ArrayRef]) -> Result<RecordBatch> {
        let rows = batch.num_rows().min(self.left);
        self.left -= rows;
        let counted = [counts];
        let made = batch.columns().iter().map(Some).chain(counted.iter().map(Option::as_ref));
        let made: Vec<Option<&ArrayRef>> = made.chain(lookups.iter().map(Some)).collect();
        let missing = || DataFusionError::Internal("a column of the rows is missing".to_owned());
        let column = |place: &usize| made.get(*place).copied().flatten().map(|own| own.slice(0, rows));
        let columns = self.spec.places.iter().map(|place| column(place).ok_or_else(missing));
        let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.spec.output), columns, &options)?)
    }
}

fn both(a: Passed, b: Passed) -> Passed {
    match (a, b) {
        (Passed::None, _) | (_, Passed::None) => Passed::None,
        (Passed::All, other) | (other, Passed::All) => other,
        (Passed::These(a), Passed::These(b)) => {
            let common: Vec<u32> = a.iter().copied().filter(|at| b.binary_search(at).is_ok()).collect();
            if common.is_empty() { Passed::None } else { Passed::These(common.into()) }
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
fn internal(error: ExplodeError) -> DataFusionError {
    DataFusionError::Internal(error.to_string())
}

impl Stream for Rows {
    type Item = Result<RecordBatch>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let own = self.get_mut();
        let elapsed = own.metrics.elapsed_compute().clone();
        let polled = loop {
            if own.left == 0 {
                break Poll::Ready(None);
            }
            let timer = elapsed.timer();
            match own.next_batch().transpose() {
                Some(batch) => break Poll::Ready(Some(batch)),
                None if own.ended => break Poll::Ready(None),
                None => drop(timer),
            }
            match own.records.poll_next_unpin(context) {
                Poll::Ready(Some(Ok(batch))) => {
                    let _timer = elapsed.timer();
                    if let Err(error) = own.take(batch) {
                        break Poll::Ready(Some(Err(error)));
                    }
                }
                Poll::Ready(None) => {
                    own.ended = true;
                    if let Err(error) = own.finish_samples() {
                        break Poll::Ready(Some(Err(error)));
                    }
                }
                other => break other,
            }
        };
        own.metrics.record_poll(polled)
    }
}

impl RecordBatchStream for Rows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.spec.output)
    }
}
