//! The node of the plan that puts equal rows together.

use super::rows::Combiner;
use crate::wide::ROWS_COLUMN;
use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
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

/// Puts equal rows of each partition together. Rows stay in the order of their first occurrence.
#[derive(Debug)]
pub(super) struct CombineExec {
    rows: Arc<dyn ExecutionPlan>,
    /// Where in the output the number of rows stands.
    place: usize,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl CombineExec {
    /// `place`: of the number of rows among the columns of the output.
    pub(super) fn new(rows: Arc<dyn ExecutionPlan>, place: usize) -> Result<Self> {
        let mut fields: Vec<_> = rows.schema().fields().iter().cloned().collect();
        fields.insert(place, Arc::new(Field::new(ROWS_COLUMN, DataType::Int64, true)));
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let properties = PlanProperties::new(
            rows.equivalence_properties().project(&kept(&rows.schema(), place), Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(rows.output_partitioning().partition_count()),
            rows.pipeline_behavior(),
            rows.boundedness(),
        );
        Ok(Self { rows, place, schema, properties: Arc::new(properties), metrics: ExecutionPlanMetricsSet::new() })
    }
}

/// Where the columns of the rows come to stand.
fn kept(rows: &Schema, place: usize) -> ProjectionMapping {
    let pair = |(at, field): (usize, &Arc<Field>)| {
        let target = if at < place { at } else { at + 1 };
        let column = |at| Arc::new(Column::new(field.name(), at)) as Arc<dyn PhysicalExpr>;
        (column(at), ProjectionTargets::from(vec![(column(target), target)]))
    };
    rows.fields().iter().enumerate().map(pair).collect()
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
        Ok(Arc::new(Self::new(children.into_iter().next().ok_or_else(one)?, self.place)?))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self.rows.execute(partition, Arc::clone(&context))?;
        let batch_size = context.session_config().batch_size().max(1);
        let combiner = Combiner::new(&self.rows.schema(), &self.schema, self.place, batch_size)?;
        let work = Work { rows, combiner: Some(combiner), ready: VecDeque::new() };
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
        let child = ChildFilterDescription::from_child(&parent_filters, &self.rows)?;
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
    combiner: Option<Combiner>,
    ready: VecDeque<RecordBatch>,
}

impl Work {
    async fn next(&mut self, metrics: &BaselineMetrics) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(Some(batch));
            }
            let Some(combiner) = &mut self.combiner else { return Ok(None) };
            let batch = self.rows.next().await.transpose()?;
            let _timer = metrics.elapsed_compute().timer();
            match batch {
                Some(batch) => self.ready.extend(combiner.add(&batch)?),
                None => {
                    self.ready.extend(combiner.finish()?);
                    self.combiner = None;
                }
            }
        }
    }
}
