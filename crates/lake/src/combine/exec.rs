//! The node of the plan that puts equal rows together.

use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema, SchemaRef};
use datafusion::arrow::compute::cast;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::config::ConfigOptions;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::projection::{ProjectionMapping, ProjectionTargets};
use datafusion::physical_plan::filter_pushdown::{
    ChildFilterDescription, ChildPushdownResult, FilterDescription, FilterPushdownPhase, FilterPushdownPropagation,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning,
    PlanProperties, ReplaceChildrenOptions,
};
use futures::{StreamExt, stream};
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use varberg_rows::EqualRows;

/// Puts equal rows of each partition together. Rows stay in the order of their first occurrence.
#[derive(Debug)]
pub(super) struct CombineExec {
    rows: Arc<dyn ExecutionPlan>,
    /// Where in the output the number of rows stands, if it is wanted.
    place: Option<usize>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl CombineExec {
    /// `place`: of the number of rows among the columns of `schema`, which are those of `rows` otherwise, whose texts may be
    /// views.
    pub(super) fn new(rows: Arc<dyn ExecutionPlan>, place: Option<usize>, schema: SchemaRef) -> Result<Self> {
        let properties = PlanProperties::new(
            rows.equivalence_properties().project(&kept(&rows.schema(), &schema), Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(rows.output_partitioning().partition_count()),
            rows.pipeline_behavior(),
            rows.boundedness(),
        );
        Ok(Self { rows, place, schema, properties: Arc::new(properties), metrics: ExecutionPlanMetricsSet::new() })
    }
}

/// Where the columns of the rows come to stand; those of another type not.
fn kept(rows: &Schema, output: &Schema) -> ProjectionMapping {
    let pair = |(at, field): (usize, &Arc<Field>)| {
        let (target, there) = output.column_with_name(field.name())?;
        let column = |at| Arc::new(Column::new(field.name(), at)) as Arc<dyn PhysicalExpr>;
        let targets = ProjectionTargets::from(vec![(column(target), target)]);
        (there.data_type() == field.data_type()).then(|| (column(at), targets))
    };
    rows.fields().iter().enumerate().filter_map(pair).collect()
}

impl DisplayAs for CombineExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CombineExec: equal rows counted")
    }
}

impl ExecutionPlan for CombineExec {
    fn name(&self) -> &'static str {
        "CombineExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    /// It does, and says so in its properties; but sorts must not be moved below, where there are more rows.
    fn maintains_input_order(&self) -> Vec<bool> {
        vec![false]
    }

    /// Rows are read in as many partitions as are wanted already.
    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.rows]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let one = || DataFusionError::Internal("a combination of rows has one child".to_owned());
        let rows = children.into_iter().next().ok_or_else(one)?;
        Ok(Arc::new(Self::new(rows, self.place, Arc::clone(&self.schema))?))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self.rows.execute(partition, Arc::clone(&context))?;
        let batch_size = context.session_config().batch_size().max(1);
        let equal = EqualRows::new(&self.rows.schema())?;
        let (schema, place) = (Arc::clone(&self.schema), self.place);
        let work = Work { rows, equal: Some(equal), schema, place, batch_size, ready: VecDeque::new() };
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let batches = stream::try_unfold((work, metrics), |(mut work, metrics)| async move {
            let next = work.next(&metrics).await?;
            Ok(next.map(|batch| {
                metrics.output_rows().add(batch.num_rows());
                (batch, (work, metrics))
            }))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    /// A row passes a filter if those that it stands for do.
    fn gather_filters_for_pushdown(
        &self,
        _phase: FilterPushdownPhase,
        parent_filters: Vec<Arc<dyn PhysicalExpr>>,
        _config: &ConfigOptions,
    ) -> Result<FilterDescription> {
        let below = self.rows.schema();
        let has_its_type = |at: &usize| {
            let field = self.schema.field(*at);
            below.field_with_name(field.name()).is_ok_and(|own| own.data_type() == field.data_type())
        };
        let columns = (0..self.schema.fields().len()).filter(has_its_type).collect();
        let child = ChildFilterDescription::from_child_with_allowed_indices(&parent_filters, columns, &self.rows)?;
        Ok(FilterDescription::new().with_child(child))
    }

    fn handle_child_pushdown_result(
        &self,
        _phase: FilterPushdownPhase,
        result: ChildPushdownResult,
        _config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        Ok(FilterPushdownPropagation::if_all(result))
    }
}

/// The rows of one partition on their way.
struct Work {
    rows: SendableRecordBatchStream,
    /// None at the end.
    equal: Option<EqualRows>,
    schema: SchemaRef,
    place: Option<usize>,
    batch_size: usize,
    ready: VecDeque<RecordBatch>,
}

impl Work {
    async fn next(&mut self, metrics: &BaselineMetrics) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(Some(batch));
            }
            let Some(equal) = &mut self.equal else { return Ok(None) };
            let batch = self.rows.next().await.transpose()?;
            let _timer = metrics.elapsed_compute().timer();
            let given = match &batch {
                Some(batch) => equal.add(batch)?,
                None => equal.finish()?,
            };
            if batch.is_none() {
                self.equal = None;
            }
            if let Some((rows, numbers)) = given {
                let whole = self.output(&rows, numbers)?;
                let begins = (0..whole.num_rows()).step_by(self.batch_size);
                let batches = begins.map(|at| whole.slice(at, self.batch_size.min(whole.num_rows() - at)));
                self.ready.extend(batches);
            }
        }
    }

    /// The rows with the types of the output, and their numbers.
    fn output(&self, rows: &RecordBatch, numbers: Int64Array) -> Result<RecordBatch> {
        let mut columns: Vec<ArrayRef> = rows.columns().to_vec();
        if let Some(place) = self.place {
            columns.insert(place, Arc::new(numbers));
        }
        for (column, field) in columns.iter_mut().zip(self.schema.fields()) {
            if column.data_type() != field.data_type() {
                *column = cast(column, field.data_type())?;
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }
}
