//! Aggregates over rows that are equal: the plan counts such rows once, with their number, instead of making or treating each.
//! In: an optimized plan. Out: the same answer from a scan that gives numbers of rows: of a wide table for the samples of a
//! record or the records of a sample, of a long one for the rows that happen to be equal.
//!
//! It is done where it can be proved: between the aggregation and the scan every row is treated by itself (projections,
//! filters, unnesting, inner joins), the columns that are needed are the same for the rows counted together (those of the
//! record and the genotype, or `sampleid` and the genotype), and every aggregate of `n` equal rows follows exactly from one of
//! them and `n`.

mod aggregates;
mod numbered;

use aggregates::Rewritten;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, Result};
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, Projection, SubqueryAlias};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use std::sync::Arc;

/// The rule of the logical optimizer.
#[derive(Debug)]
pub(super) struct CountRows;

impl OptimizerRule for CountRows {
    fn name(&self) -> &'static str {
        "count_equal_rows"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Aggregate(aggregate) = &plan else { return Ok(Transformed::no(plan)) };
        Ok(match counted(aggregate)? {
            Some(counted) => Transformed::yes(counted),
            None => Transformed::no(plan),
        })
    }
}

/// The same answer from numbers of rows, if that is possible and of use.
fn counted(aggregate: &Aggregate) -> Result<Option<LogicalPlan>> {
    let is_plain = |expr: &Expr| !matches!(expr, Expr::GroupingSet(_)) && !expr.is_volatile();
    let is_ours = |name: &String| name.starts_with(aggregates::NAME);
    if !aggregate.group_expr.iter().all(is_plain)
        || aggregate.schema.fields().iter().any(|field| is_ours(field.name()))
        || is_known_from_metadata(aggregate)
    {
        return Ok(None);
    }
    let Some((input, number)) = numbered::numbered(&aggregate.input)? else { return Ok(None) };
    let types = input.schema();
    let mut parts = Vec::new();
    let mut answers = Vec::new();
    for expr in &aggregate.aggr_expr {
        let Some(Rewritten { answer, needs }) = aggregates::rewritten(expr, &number, types, parts.len())? else {
            return Ok(None);
        };
        parts.extend(needs);
        answers.push(answer);
    }
    let of_rows = Aggregate::try_new(Arc::new(input), aggregate.group_expr.clone(), parts)?;
    let groups = aggregate.schema.fields().len() - aggregate.aggr_expr.len();
    let names = aggregate.schema.iter().map(|(table, field)| (table.cloned(), field.name().clone()));
    let columns = of_rows.schema.iter().take(groups).map(|column| Expr::Column(Column::from(column)));
    // Groups keep their names by themselves.
    let columns = columns.chain(
        answers.into_iter().zip(names.skip(groups)).map(|(answer, (table, name))| answer.alias_qualified(table, name)),
    );
    let columns: Vec<Expr> = columns.collect();
    Ok(Some(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(LogicalPlan::Aggregate(of_rows)))?)))
}

/// Whether it is the number of all rows, which needs no scan.
fn is_known_from_metadata(aggregate: &Aggregate) -> bool {
    let mut input = aggregate.input.as_ref();
    while let LogicalPlan::Projection(Projection { input: below, .. })
    | LogicalPlan::SubqueryAlias(SubqueryAlias { input: below, .. }) = input
    {
        input = below;
    }
    let is_whole = matches!(input, LogicalPlan::TableScan(scan) if scan.filters.is_empty());
    is_whole && aggregate.group_expr.is_empty() && aggregate.aggr_expr.iter().all(aggregates::counts_all_rows)
}
