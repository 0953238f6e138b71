//! Records of a wide table to rows of the contract, in the engine: which columns of which samples of which records.
//!
//! Rows keep the order of their records, samples the order of the header. Batches are bounded in rows and bytes, on both
//! sides, whatever the number of samples is.

use super::rows::Rows;
use super::selection::{Kind, kind_of_columns};
use super::spec::{ExplodeSpec, Grain};
use arrow_schema::{Schema, SchemaRef};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, Statistics};
use datafusion::config::ConfigOptions;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::projection::{ProjectionMapping, ProjectionTargets};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::filter_pushdown::{
    ChildFilterDescription, ChildPushdownResult, FilterDescription, FilterPushdownPhase, FilterPushdownPropagation,
    PushedDown,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties, ReplaceChildrenOptions,
};
use std::fmt;
use std::sync::Arc;

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
        match self.spec.grain {
            Grain::Row => {}
            Grain::Record { .. } => write!(f, ", counted by record")?,
            Grain::Sample { .. } => write!(f, ", counted by sample")?,
        }
        let predicates = [
            ("records", &self.spec.records),
            ("attributes", &self.spec.attributes.as_ref().map(|own| Arc::clone(&own.predicate))),
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
        let attributes = attributes.iter().map(|own| &own.predicate);
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
        let records = self.records.execute(partition, Arc::clone(&context))?;
        let batch_size = context.session_config().batch_size().max(1);
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        Ok(Box::pin(Rows::new(self.spec.clone(), records, batch_size, metrics)))
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

    /// A projection that asks single keys of `attributes` gets those instead of maps.
    fn try_swapping_with_projection(&self, projection: &ProjectionExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some((spec, expressions)) = self.spec.looking_up(projection.expr())? else { return Ok(None) };
        let explode = self.with(Arc::clone(&self.records), spec)?;
        Ok(Some(Arc::new(ProjectionExec::try_new(expressions, explode)?)))
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
