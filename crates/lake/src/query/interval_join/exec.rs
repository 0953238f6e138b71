//! The node of an interval join in the plan.
//!
//! It answers what a hash join of the same condition answers, with the same columns, order and distribution, so it asks that
//! one (which never runs) for all that the planner wants to know, and differs in how it runs alone.

use super::build::{BuildMetrics, BuildSide};
use super::narrowing;
use super::overlap::{Overlap, keys};
use super::spec::JoinSpec;
use super::stream::{Partition, ProbeMetrics, SharedBuild};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, JoinSide, Result, Statistics};
use datafusion::config::ConfigOptions;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{DynamicFilterPhysicalExpr, lit};
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterDescription, FilterPushdownPhase, FilterPushdownPropagation,
};
use datafusion::physical_plan::joins::utils::build_join_schema;
use datafusion::physical_plan::joins::{HashJoinExec, HashJoinExecBuilder};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties,
    InputDistributionRequirements, PlanProperties, ReplaceChildrenOptions,
};
use futures::{FutureExt, TryFutureExt};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A join on overlapping intervals. The left side is collected and indexed, the right side streams.
#[derive(Debug)]
pub(super) struct IntervalJoinExec {
    /// The same join by hashing, with the left side collected.
    join: HashJoinExec,
    overlap: Overlap,
    /// The build side, once a partition has asked for it.
    build: Mutex<Option<SharedBuild>>,
    metrics: ExecutionPlanMetricsSet,
}

impl IntervalJoinExec {
    pub(super) fn new(join: HashJoinExec, overlap: Overlap) -> Self {
        Self { join, overlap, build: Mutex::default(), metrics: ExecutionPlanMetricsSet::new() }
    }

    /// The filter that the scan of the probe side has taken, when it has.
    fn filter(&self) -> Option<Arc<DynamicFilterPhysicalExpr>> {
        let filter = self.join.dynamic_expressions_produced().pop()?;
        Arc::downcast(filter).ok()
    }

    fn spec(&self, context: &TaskContext) -> JoinSpec {
        let join = &self.join;
        let (_, columns) = build_join_schema(&join.left().schema(), &join.right().schema(), join.join_type());
        let columns = match &join.projection {
            Some(projection) => projection.iter().filter_map(|column| columns.get(*column).cloned()).collect(),
            None => columns,
        };
        JoinSpec {
            join_type: *join.join_type(),
            build_keys: keys(join.on(), JoinSide::Left),
            probe_keys: keys(join.on(), JoinSide::Right),
            nulls: join.null_equality(),
            overlap: self.overlap.clone(),
            schema: self.schema(),
            columns,
            batch_size: context.session_config().batch_size().max(1),
        }
    }

    /// The build side; the first call begins it.
    fn build(&self, spec: &Arc<JoinSpec>, partition: usize, context: &Arc<TaskContext>) -> Result<SharedBuild> {
        let mut build = self.build.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(build) = build.as_ref() {
            return Ok(build.clone());
        }
        let input = self.join.left().execute(0, Arc::clone(context))?;
        let partitions = self.join.right().output_partitioning().partition_count();
        let memory = MemoryConsumer::new("IntervalJoin").register(context.memory_pool());
        let metrics = BuildMetrics::new(&self.metrics, partition);
        let (spec, filter) = (Arc::clone(spec), self.filter());
        let collected = async move {
            let side = BuildSide::collect(&spec, input, partitions, memory, metrics).await?;
            filter.map_or(Ok(()), |filter| narrowing::set(&filter, &spec, &side))?;
            Ok(Arc::new(side))
        };
        let collected = collected.map_err(Arc::new);
        Ok(build.insert(collected.boxed().shared()).clone())
    }
}

/// `plan`, with the hash join that it is put back as an interval join, for what the planner made of the inner one.
fn wrapped(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let Some(join) = plan.downcast_ref::<HashJoinExec>() else { return Ok(plan) };
    match Overlap::of_join(join)? {
        Some(overlap) => Ok(Arc::new(IntervalJoinExec::new(HashJoinExecBuilder::from(join).build()?, overlap))),
        None => Ok(plan),
    }
}

impl DisplayAs for IntervalJoinExec {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = &self.join;
        let on: Vec<String> = join.on().iter().map(|(left, right)| format!("({left}, {right})")).collect();
        if let DisplayFormatType::TreeRender = format {
            writeln!(f, "join_type={:?}", join.join_type())?;
            writeln!(f, "on={}", on.join(", "))?;
            return writeln!(f, "overlap={}", self.overlap.on_condition());
        }
        write!(f, "IntervalJoinExec: join_type={:?}, on=[{}], ", join.join_type(), on.join(", "))?;
        write!(f, "overlap=[{}]", self.overlap.on_condition())?;
        if let Some(rest) = &self.overlap.rest {
            write!(f, ", filter={}", rest.expression())?;
        }
        if let Some(projection) = &join.projection {
            let fields = join.join_schema().fields();
            let name = |column: &usize| fields.get(*column).map_or("?", |field| field.name());
            let names: Vec<String> = projection.iter().map(|column| format!("{}@{column}", name(column))).collect();
            write!(f, ", projection=[{}]", names.join(", "))?;
        }
        join.fetch().map_or(Ok(()), |fetch| write!(f, ", fetch={fetch}"))
    }
}

impl ExecutionPlan for IntervalJoinExec {
    fn name(&self) -> &'static str {
        "IntervalJoinExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.join.properties()
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        self.join.input_distribution_requirements()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        self.join.maintains_input_order()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.join.children()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.join.apply_expressions(f)
    }

    fn dynamic_expressions_produced(&self) -> Vec<Arc<dyn PhysicalExpr>> {
        self.join.dynamic_expressions_produced()
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let join = HashJoinExecBuilder::from(&self.join);
        let join = match options.children_properties {
            ChildrenPropertiesMode::Keep => join,
            ChildrenPropertiesMode::Recompute => join.recompute_properties(),
        };
        Ok(Arc::new(Self::new(join.with_new_children(children)?.build()?, self.overlap.clone())))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        let mut join = HashJoinExecBuilder::from(&self.join).reset_state().build()?;
        // The scan still has the filter: nothing of the last build side may be left in it.
        if let Some(filter) = self.filter() {
            filter.update(lit(true))?;
            join = join.with_dynamic_filter_expr(filter)?;
        }
        Ok(Arc::new(Self::new(join, self.overlap.clone())))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if self.join.left().output_partitioning().partition_count() != 1 {
            return Err(DataFusionError::Internal("the build side of an interval join has partitions".to_owned()));
        }
        let spec = Arc::new(self.spec(&context));
        let partition = Partition {
            build: self.build(&spec, partition, &context)?,
            input: self.join.right().execute(partition, context)?,
            fetch: self.join.fetch(),
            metrics: ProbeMetrics::new(&self.metrics, partition),
            spec,
        };
        Ok(partition.into_stream())
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        self.join.child_stats_requests(partition)
    }

    fn statistics_from_inputs(&self, inputs: &[Arc<Statistics>], args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        self.join.statistics_from_inputs(inputs, args)
    }

    fn fetch(&self) -> Option<usize> {
        self.join.fetch()
    }

    fn gather_filters_for_pushdown(
        &self,
        phase: FilterPushdownPhase,
        parent_filters: Vec<Arc<dyn PhysicalExpr>>,
        config: &ConfigOptions,
    ) -> Result<FilterDescription> {
        narrowing::offering(&self.join, &self.overlap)?.gather_filters_for_pushdown(phase, parent_filters, config)
    }

    fn handle_child_pushdown_result(
        &self,
        phase: FilterPushdownPhase,
        result: ChildPushdownResult,
        config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        let mut result = self.join.handle_child_pushdown_result(phase, result, config)?;
        result.updated_node = result.updated_node.map(wrapped).transpose()?;
        Ok(result)
    }
}
