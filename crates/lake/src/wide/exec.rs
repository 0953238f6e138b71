//! Records of a wide table to rows of the contract, in the engine: which columns of which samples of which records.
//!
//! Rows keep the order of their records, samples the order of the header. Batches are bounded in rows and bytes, on both
//! sides, whatever the number of samples is.

use super::genotypes::GenotypeFilter;
use super::selection::{ATTRIBUTES, Kind, Passed, evaluate, kind_of_columns, samples};
use super::spec::{ATTRIBUTES_COLUMN, ExplodeSpec};
use arrow_array::{ArrayRef, BooleanArray, Int32Array, RecordBatch, StringArray};
use arrow_schema::{Schema, SchemaRef};
use arrow_select::filter::filter_record_batch;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, Statistics};
use datafusion::config::ConfigOptions;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::projection::{ProjectionMapping, ProjectionTargets};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::filter::batch_filter;
use datafusion::physical_plan::filter_pushdown::{
    ChildFilterDescription, ChildPushdownResult, FilterDescription, FilterPushdownPhase, FilterPushdownPropagation,
    PushedDown,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties, ReplaceChildrenOptions,
};
use futures::{Stream, StreamExt};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use varberg_rows::{Explode, ExplodeError, Next, Origin, RecordShape, Selection, StoredRecords, record_columns};

/// The node of the plan.
#[derive(Debug)]
pub(super) struct ExplodeExec {
    records: Arc<dyn ExecutionPlan>,
    spec: ExplodeSpec,
    /// Of all partitions together.
    rows: Precision<usize>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl ExplodeExec {
    /// `rows`: how many rows come out, if that is known.
    pub(super) fn new(records: Arc<dyn ExecutionPlan>, spec: ExplodeSpec, rows: Precision<usize>) -> Result<Self> {
        let equivalence =
            records.equivalence_properties().project(&kept(&records.schema(), &spec.output), Arc::clone(&spec.output));
        let partitions = records.output_partitioning().partition_count();
        let properties = PlanProperties::new(
            equivalence,
            datafusion::physical_plan::Partitioning::UnknownPartitioning(partitions),
            records.pipeline_behavior(),
            records.boundedness(),
        );
        let metrics = ExecutionPlanMetricsSet::new();
        Ok(Self { records, spec, rows, properties: Arc::new(properties), metrics })
    }

    fn with(&self, records: Arc<dyn ExecutionPlan>, spec: ExplodeSpec) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = if spec.makes_all_rows() && spec.fetch.is_none() { self.rows } else { Precision::Absent };
        Ok(Arc::new(Self::new(records, spec, rows)?))
    }
}

/// The columns of records that are columns of the output too.
fn kept(records: &SchemaRef, output: &Schema) -> ProjectionMapping {
    let column = |schema: &Schema, name: &str| schema.index_of(name).ok().map(|at| Arc::new(Column::new(name, at)));
    let pairs = output.fields().iter().enumerate().filter_map(|(at, field)| {
        let name = field.name();
        let target: Arc<dyn PhysicalExpr> = column(output, name)?;
        Some((column(records, name)? as Arc<dyn PhysicalExpr>, ProjectionTargets::from(vec![(target, at)])))
    });
    pairs.collect()
}

impl DisplayAs for ExplodeExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.spec.output.fields().iter().map(|field| field.name().as_str()).collect();
        write!(f, "ExplodeExec: columns=[{}]", names.join(", "))?;
        let predicates = [
            ("records", &self.spec.records),
            ("attributes", &self.spec.attributes),
            ("samples", &self.spec.samples),
            ("genotypes", &self.spec.genotypes),
        ];
        for (what, predicate) in predicates {
            if let Some(predicate) = predicate {
                write!(f, ", {what}={predicate}")?;
            }
        }
        for predicate in &self.spec.dynamic {
            write!(f, ", samples={predicate}")?;
        }
        self.spec.fetch.map_or(Ok(()), |fetch| write!(f, ", fetch={fetch}"))
    }
}

impl ExecutionPlan for ExplodeExec {
    fn name(&self) -> &'static str {
        "ExplodeExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    /// It does maintain the order, and says so in its properties; but planners that read it here move sorts below by the
    /// positions of their columns, which records have in other places.
    fn maintains_input_order(&self) -> Vec<bool> {
        vec![false]
    }

    /// Records are read in as many partitions as are wanted already.
    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.records]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let mut recursion = TreeNodeRecursion::Continue;
        let ExplodeSpec { records, attributes, samples, genotypes, dynamic, .. } = &self.spec;
        for predicate in records.iter().chain(attributes).chain(samples).chain(genotypes).chain(dynamic) {
            recursion = recursion.visit_sibling(|| f(predicate))?;
        }
        Ok(recursion)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let one = || DataFusionError::Internal("an explode has one child".to_owned());
        let records = children.into_iter().next().ok_or_else(one)?;
        self.with(records, self.spec.clone())
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(
            children,
            ReplaceChildrenOptions::new(datafusion::physical_plan::ChildrenPropertiesMode::Recompute),
        )
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let filter = |predicate: Option<&Arc<dyn PhysicalExpr>>| {
            predicate.map(|own| GenotypeFilter::new(Arc::clone(own), Arc::clone(&self.spec.contract)))
        };
        Ok(Box::pin(Rows {
            records: self.records.execute(partition, Arc::clone(&context))?,
            spec: self.spec.clone(),
            batch_size: context.session_config().batch_size().max(1),
            makers: HashMap::new(),
            genotypes: filter(self.spec.genotypes.as_ref()),
            pending: VecDeque::new(),
            left: self.spec.fetch.unwrap_or(usize::MAX),
            metrics: BaselineMetrics::new(&self.metrics, partition),
        }))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(&self, _inputs: &[Arc<Statistics>], args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let all = Statistics::new_unknown(&self.spec.output);
        let rows = if args.partition().is_none() { self.rows } else { Precision::Absent };
        Ok(Arc::new(Statistics { num_rows: rows, ..all }))
    }

    fn fetch(&self) -> Option<usize> {
        self.spec.fetch
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        let spec = ExplodeSpec { fetch: limit, ..self.spec.clone() };
        self.with(Arc::clone(&self.records), spec).ok()
    }

    fn gather_filters_for_pushdown(
        &self,
        _phase: FilterPushdownPhase,
        parent_filters: Vec<Arc<dyn PhysicalExpr>>,
        _config: &ConfigOptions,
    ) -> Result<FilterDescription> {
        // A limit counts rows before filters that come later.
        if self.spec.fetch.is_some() {
            return Ok(FilterDescription::all_unsupported(&parent_filters, &self.children()));
        }
        let child = ChildFilterDescription::from_child(&parent_filters, &self.records)?;
        Ok(FilterDescription::new().with_child(child))
    }

    fn handle_child_pushdown_result(
        &self,
        phase: FilterPushdownPhase,
        result: ChildPushdownResult,
        _config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        let is_static = matches!(phase, FilterPushdownPhase::Pre);
        let mut dynamic = Vec::new();
        let mut filters = Vec::new();
        for filter in &result.parent_filters {
            let columns = collect_columns(&filter.filter);
            let kind = kind_of_columns(columns.iter().map(Column::name));
            let takes = kind == Some(Kind::Sample) && !is_static && self.spec.fetch.is_none();
            if takes {
                dynamic.push(Arc::clone(&filter.filter));
            }
            filters.push(if takes { PushedDown::Yes } else { filter.all() });
        }
        let mut answer = FilterPushdownPropagation::with_parent_pushdown_result(filters);
        if !dynamic.is_empty() {
            let mut spec = self.spec.clone();
            spec.dynamic.extend(dynamic);
            answer.updated_node = Some(self.with(Arc::clone(&self.records), spec)?);
        }
        Ok(answer)
    }
}

/// What makes the rows of one headerset.
struct Maker {
    shape: Arc<RecordShape>,
    stored: StoredRecords,
    /// For predicates over attributes.
    attributes: StoredRecords,
    explode: Explode,
    /// By the predicates that do not change.
    samples: Passed,
}

/// Records of one headerset whose rows are being made.
struct Run {
    maker: Arc<Maker>,
    records: RecordBatch,
    origin: Option<(StringArray, Int32Array)>,
    chosen: Chosen,
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
        self.maker.explode.next(&self.records, origin, selection, &mut self.next)
    }
}

/// The rows of one partition.
struct Rows {
    records: SendableRecordBatchStream,
    spec: ExplodeSpec,
    batch_size: usize,
    makers: HashMap<i64, Arc<Maker>>,
    genotypes: Option<GenotypeFilter>,
    pending: VecDeque<Run>,
    /// Rows that are still wanted.
    left: usize,
    metrics: BaselineMetrics,
}

impl Rows {
    fn maker(&mut self, headerset: i64) -> Result<Arc<Maker>> {
        if let Some(maker) = self.makers.get(&headerset) {
            return Ok(Arc::clone(maker));
        }
        let spec = &self.spec;
        let shape = Arc::clone(spec.shape(headerset)?);
        let passed = spec.samples.as_ref().map(|predicate| samples(predicate, &spec.contract, &shape));
        let maker = Arc::new(Maker {
            stored: StoredRecords::new(&spec.table, &shape, &spec.columns),
            attributes: StoredRecords::new(&spec.table, &shape, &[ATTRIBUTES_COLUMN]),
            explode: Explode::of_stored(&shape, &spec.columns, self.batch_size),
            samples: passed.transpose()?.unwrap_or(Passed::All),
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
            let Some((rows, chosen)) = self.choose(&maker, rows, &passed)? else { continue };
            let origin = StoredRecords::origin(&rows).map(|origin| (origin.job.clone(), origin.item.clone()));
            let records = maker.stored.records(&rows).map_err(internal)?;
            self.pending.push_back(Run { maker, records, origin, chosen, next: Next::default() });
        }
        Ok(())
    }

    /// The records whose attributes pass.
    fn with_attributes(&self, maker: &Maker, rows: RecordBatch) -> Result<RecordBatch> {
        let Some(predicate) = &self.spec.attributes else { return Ok(rows) };
        let records = maker.attributes.records(&rows).map_err(internal)?;
        let maps = Arc::clone(records.column(record_columns::ATTRIBUTES));
        let site = rows.schema();
        let stored = site.fields().iter().zip(rows.columns());
        let columns = stored.map(|(field, own)| (field.name().as_str(), Arc::clone(own)));
        let columns: Vec<(&str, ArrayRef)> = std::iter::once((ATTRIBUTES, maps)).chain(columns).collect();
        let keep = evaluate(predicate, &self.spec.contract, &columns)?;
        Ok(filter_record_batch(&rows, &BooleanArray::from(keep))?)
    }

    /// The records that give rows, and the samples that they give them for.
    fn choose(&mut self, maker: &Maker, rows: RecordBatch, passed: &Passed) -> Result<Option<(RecordBatch, Chosen)>> {
        if *passed == Passed::None {
            return Ok(None);
        }
        let Some(filter) = &mut self.genotypes else { return Ok(Some((rows, Chosen::of(passed)))) };
        let column = self.spec.genotype_column().and_then(|name| rows.column_by_name(&name).cloned());
        filter.choose(&maker.shape, rows, column.as_ref(), passed)
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        while let Some(run) = self.pending.front_mut() {
            match run.next().map_err(internal)? {
                Some(batch) => return self.finish(&batch).map(Some),
                None => drop(self.pending.pop_front()),
            }
        }
        Ok(None)
    }

    /// The columns in the order of the output, and no more rows than are wanted.
    fn finish(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows().min(self.left);
        self.left -= rows;
        let columns: Vec<ArrayRef> = self.spec.places.iter().map(|place| batch.column(*place).slice(0, rows)).collect();
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
                None => drop(timer),
            }
            match own.records.poll_next_unpin(context) {
                Poll::Ready(Some(Ok(batch))) => {
                    let _timer = elapsed.timer();
                    if let Err(error) = own.take(batch) {
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
