//! Filters are passed down the plan by the names of columns. The engine (DataFusion 55.2: `FilterRemapper`, and
//! `ProjectionExec::collect_reverse_alias`) takes the first column of a name where a node has several, as joins of two tables
//! with `start` have: rows were then left out by the wrong column. So while filters are passed down, none passes into a node
//! that has two columns of one name, nor into a semi join, nor below a limit, which counts rows before filters that come later.

use arrow_schema::Schema;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{JoinType, Result, internal_datafusion_err};
use datafusion::config::ConfigOptions;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
};
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

/// A rule of the engine that passes filters down.
pub(super) type Rule = Arc<dyn PhysicalOptimizerRule + Send + Sync>;

/// The rule, between whose begin and end no filter passes where names are not enough.
#[derive(Debug)]
pub(super) struct ByDistinctNames(Rule);

impl ByDistinctNames {
    /// `rule`, guarded if it passes filters down.
    pub(super) fn guarding(rule: Rule) -> Rule {
        match rule.name().starts_with("FilterPushdown") {
            true => Arc::new(Self(rule)),
            false => rule,
        }
    }
}

impl PhysicalOptimizerRule for ByDistinctNames {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let stopped = plan.transform_up(|node| {
            Ok(match has_same_names(&node.schema()) || node.fetch().is_some() || is_semi_join(&node) {
                true => Transformed::yes(Arc::new(StopExec { below: node }) as Arc<dyn ExecutionPlan>),
                false => Transformed::no(node),
            })
        })?;
        let passed = self.0.optimize(stopped.data, config)?;
        let plan = passed.transform_up(|node| {
            let below = node.downcast_ref::<StopExec>().map(|stop| Arc::clone(&stop.below));
            Ok(below.map_or(Transformed::no(node), Transformed::yes))
        })?;
        Ok(plan.data)
    }

    fn name(&self) -> &str {
        self.0.name()
    }

    fn schema_check(&self) -> bool {
        self.0.schema_check()
    }
}

/// The engine maps filters on keys of such joins to the other side by name, whatever the key there is called.
fn is_semi_join(node: &Arc<dyn ExecutionPlan>) -> bool {
    let kind = node.downcast_ref::<HashJoinExec>().map(HashJoinExec::join_type);
    matches!(kind, Some(JoinType::LeftSemi | JoinType::RightSemi))
}

fn has_same_names(schema: &Schema) -> bool {
    let mut names = HashSet::new();
    schema.fields().iter().any(|field| !names.insert(field.name()))
}

/// Lets no filter through, as nodes do that do not say otherwise. Stands in plans only while filters are passed down.
#[derive(Debug)]
struct StopExec {
    below: Arc<dyn ExecutionPlan>,
}

impl DisplayAs for StopExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StopExec")
    }
}

impl ExecutionPlan for StopExec {
    fn name(&self) -> &'static str {
        "StopExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.below.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.below]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let below = children.into_iter().next().ok_or_else(|| internal_datafusion_err!("a stop has one child"))?;
        Ok(Arc::new(Self { below }))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.below.execute(partition, context)
    }
}
