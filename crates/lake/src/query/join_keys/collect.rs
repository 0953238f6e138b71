//! The side of a join that is collected: its keys are remembered while its rows pass.

use super::keys::{Keys, Values};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics, internal_datafusion_err, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::{StreamExt, stream};
use std::fmt;
use std::sync::Arc;

/// Passes on rows of its only partition; when they end, their keys are told.
#[derive(Debug)]
pub(super) struct CollectKeysExec {
    rows: Arc<dyn ExecutionPlan>,
    key: Arc<dyn PhysicalExpr>,
    keys: Arc<Keys>,
}

impl CollectKeysExec {
    pub(super) fn new(rows: Arc<dyn ExecutionPlan>, key: Arc<dyn PhysicalExpr>, keys: Arc<Keys>) -> Self {
        Self { rows, key, keys }
    }
}

impl DisplayAs for CollectKeysExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CollectKeysExec: {}", self.key)
    }
}

impl ExecutionPlan for CollectKeysExec {
    fn name(&self) -> &'static str {
        "CollectKeysExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.rows.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.rows]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        f(&self.key)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = children.into_iter().next().ok_or_else(|| internal_datafusion_err!("a collection has one child"))?;
        Ok(Arc::new(Self::new(rows, Arc::clone(&self.key), Arc::clone(&self.keys))))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    /// The rows will be others: what was told of the last ones is taken back.
    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        self.keys.forget();
        Ok(self)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if self.rows.output_partitioning().partition_count() != 1 {
            return internal_err!("a side of a join that is collected has partitions");
        }
        let rows = self.rows.execute(partition, context)?;
        let (key, keys) = (Arc::clone(&self.key), Arc::clone(&self.keys));
        let schema = rows.schema();
        let state = Some((rows, Values::default()));
        let passed = stream::try_unfold(state, move |state| {
            let (key, keys) = (Arc::clone(&key), Arc::clone(&keys));
            async move {
                let Some((mut rows, mut values)) = state else { return Ok(None) };
                let Some(batch) = rows.next().await.transpose()? else {
                    keys.tell(values);
                    return Ok(None);
                };
                let of_batch = key.evaluate(&batch)?.into_array(batch.num_rows())?;
                values.add(of_batch.as_primitive::<Int64Type>());
                Ok(Some((batch, Some((rows, values)))))
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, passed)))
    }

    fn statistics_from_inputs(&self, inputs: &[Arc<Statistics>], _: &StatisticsArgs) -> Result<Arc<Statistics>> {
        inputs.first().cloned().ok_or_else(|| internal_datafusion_err!("a collection has one child"))
    }
}
