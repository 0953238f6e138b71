//! Cross joins whose left side has nested columns. The engine's node (datafusion 55.2, `CrossJoinExec`) repeats values of the
//! left side without what their members' fields are marked with (the ids of columns), and then refuses its own rows. A nested
//! loop without a condition gives the same rows.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{JoinType, Result};
use datafusion::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::{CrossJoinExec, NestedLoopJoinExec};
use std::sync::Arc;

/// The rule, for when it is decided which side is left.
#[derive(Debug)]
pub(super) struct NestedLoops;

impl PhysicalOptimizerRule for NestedLoops {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let changed = plan.transform_up(|node| {
            let Some(join) = node.downcast_ref::<CrossJoinExec>() else { return Ok(Transformed::no(node)) };
            if !join.left().schema().fields().iter().any(|field| field.data_type().is_nested()) {
                return Ok(Transformed::no(node));
            }
            let (left, right) = (Arc::clone(join.left()), Arc::clone(join.right()));
            let loops = NestedLoopJoinExec::try_new(left, right, None, &JoinType::Inner, None)?;
            Ok(Transformed::yes(Arc::new(loops) as Arc<dyn ExecutionPlan>))
        })?;
        Ok(changed.data)
    }

    fn name(&self) -> &'static str {
        "cross_joins_of_nested_columns"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
