//! Joins on overlapping intervals: equal contig and `a.start < b.end AND b.start < a.end`, a position within an interval,
//! an interval within another, with whatever further conditions.
//!
//! The engine plans them as hash joins that make every pair of a contig, or as nested loops, and filters the pairs. Here the
//! smaller side is collected once, its intervals go into an index in memory, and the other side streams past it in all
//! partitions. The answer is that of the join as it was planned; every join type and every further condition is as there.
//!
//! Two rules of the physical optimizer do it. The first, when it is decided which side is smaller, has that side collected
//! instead of both distributed by contig; it leaves a hash join, so that all rules between treat it as one. The second puts
//! the node in its place before filters that arise while running are passed to the scans.

mod build;
mod exec;
mod index;
mod keys;
mod narrowing;
mod overlap;
mod probe;
mod spec;
mod stream;

use super::cross_join::NestedLoops;
use super::join_keys::JoinKeys;
use super::same_names::ByDistinctNames;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, ScalarValue};
use datafusion::config::ConfigOptions;
use datafusion::physical_expr::PhysicalExprRef;
use datafusion::physical_expr::expressions::lit;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::{HashJoinExec, HashJoinExecBuilder, NestedLoopJoinExec, PartitionMode};
use exec::IntervalJoinExec;
use overlap::Overlap;
use std::sync::Arc;

/// The engine's rules, and those of ours about joins where they belong.
pub(super) fn optimizer_rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let rules = PhysicalOptimizer::new().rules.into_iter();
    let mut rules: Vec<_> = rules.map(ByDistinctNames::guarding).collect();
    let sides_chosen = rules.iter().position(|rule| rule.name() == "join_selection").map_or(0, |at| at + 1);
    rules.insert(sides_chosen, Arc::new(IntervalJoins::CollectOneSide));
    rules.insert(sides_chosen, Arc::new(NestedLoops));
    let last_filters = rules.iter().rposition(|rule| rule.name().starts_with("FilterPushdown"));
    let before_filters = last_filters.unwrap_or(rules.len());
    rules.insert(before_filters, Arc::new(JoinKeys));
    rules.insert(before_filters, Arc::new(IntervalJoins::UseIndex));
    rules
}

/// A rule of the physical optimizer.
#[derive(Debug)]
enum IntervalJoins {
    CollectOneSide,
    UseIndex,
}

impl PhysicalOptimizerRule for IntervalJoins {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let changed = plan.transform_up(|node| {
            let changed = match self {
                Self::CollectOneSide => collecting(&node)?,
                Self::UseIndex => indexed(&node)?,
            };
            Ok(changed.map_or(Transformed::no(node), Transformed::yes))
        })?;
        Ok(changed.data)
    }

    fn name(&self) -> &'static str {
        match self {
            Self::CollectOneSide => "interval_join_sides",
            Self::UseIndex => "interval_join",
        }
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// An interval join as a hash join that collects its left side.
fn collecting(node: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if let Some(join) = node.downcast_ref::<HashJoinExec>()
        && *join.partition_mode() != PartitionMode::CollectLeft
        && Overlap::of_join(join)?.is_some()
    {
        let join = HashJoinExecBuilder::from(join).with_partition_mode(PartitionMode::CollectLeft);
        return join.recompute_properties().build_exec().map(Some);
    }
    match node.downcast_ref::<NestedLoopJoinExec>() {
        Some(join) => without_key(join),
        None => Ok(None),
    }
}

/// An interval join with nothing to be equal: within one contig, or a table without contigs. All rows are of one group.
fn without_key(join: &NestedLoopJoinExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let (left, right) = (join.left(), join.right());
    let Some(filter) = join.filter() else { return Ok(None) };
    if Overlap::of_filter(filter, &left.schema(), &right.schema())?.is_none() {
        return Ok(None);
    }
    let same = || -> PhysicalExprRef { lit(ScalarValue::Boolean(Some(true))) };
    HashJoinExecBuilder::new(Arc::clone(left), Arc::clone(right), vec![(same(), same())], *join.join_type())
        .with_partition_mode(PartitionMode::CollectLeft)
        .with_filter(Some(filter.clone()))
        .with_projection_ref(join.projection().clone())
        .build_exec()
        .map(Some)
}

fn indexed(node: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(join) = node.downcast_ref::<HashJoinExec>() else { return Ok(None) };
    if *join.partition_mode() != PartitionMode::CollectLeft {
        return Ok(None);
    }
    let Some(overlap) = Overlap::of_join(join)? else { return Ok(None) };
    let join = HashJoinExecBuilder::from(join).build()?;
    Ok(Some(Arc::new(IntervalJoinExec::new(join, overlap))))
}
