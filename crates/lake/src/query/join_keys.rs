//! Joins on equal numbers, such as the start of a variant: what the smaller side has is told to the scan of the other side,
//! which then reads no more of a row than that number where no row can meet it.
//!
//! The engine tells scans the bounds of keys, and membership only of all keys of a join together, among which are lists, that a
//! scan cannot look at. Here it is one key of whole numbers: the side that is collected passes through [`CollectKeysExec`], the
//! other one through [`OfferKeysExec`], which offers the filter to what is below.

mod collect;
mod filter;
mod keys;
mod offer;

use arrow_schema::DataType;
use collect::CollectKeysExec;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{JoinType, NullEquality, Result};
use datafusion::config::ConfigOptions;
use datafusion::physical_expr::PhysicalExprRef;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::{HashJoinExec, HashJoinExecBuilder, PartitionMode};
use keys::Keys;
use offer::OfferKeysExec;
use std::sync::Arc;

/// The rule of the physical optimizer. To be applied before filters that arise while running are passed to the scans.
#[derive(Debug)]
pub(super) struct JoinKeys;

impl PhysicalOptimizerRule for JoinKeys {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let changed = plan.transform_up(|node| {
            let changed = node.downcast_ref::<HashJoinExec>().map(telling).transpose()?.flatten();
            Ok(changed.map_or(Transformed::no(node), Transformed::yes))
        })?;
        Ok(changed.data)
    }

    fn name(&self) -> &'static str {
        "join_keys"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The join whose sides are told of each other, if that can be.
fn telling(join: &HashJoinExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    use JoinType::{Inner, Left, LeftMark, LeftSemi, RightSemi};
    // Rows of the right side that meet nothing must not be wanted.
    let drops_others = matches!(join.join_type(), Inner | Left | LeftSemi | LeftMark | RightSemi);
    let is_collected = *join.partition_mode() == PartitionMode::CollectLeft;
    if !drops_others || !is_collected || join.null_equality() != NullEquality::NullEqualsNothing {
        return Ok(None);
    }
    let (left, right) = (join.left(), join.right());
    let is_number = |expr: &PhysicalExprRef, side: &Arc<dyn ExecutionPlan>| {
        expr.data_type(&side.schema()).is_ok_and(|kind| kind == DataType::Int64)
    };
    let mut pairs = join.on().iter().filter(|(key, other)| {
        is_number(key, left) && is_number(other, right) && other.downcast_ref::<Column>().is_some()
    });
    let Some((key, other)) = pairs.next() else { return Ok(None) };
    let keys = Arc::new(Keys::default());
    let children: Vec<Arc<dyn ExecutionPlan>> = vec![
        Arc::new(CollectKeysExec::new(Arc::clone(left), Arc::clone(key), Arc::clone(&keys))),
        Arc::new(OfferKeysExec::new(Arc::clone(right), Arc::clone(other), keys)),
    ];
    HashJoinExecBuilder::from(join).with_new_children(children)?.build_exec().map(Some)
}
