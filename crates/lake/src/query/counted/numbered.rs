//! Plans whose rows stand for several. In: a plan over a table. Out: the same rows, but equal ones as one, with their
//! number in one more column.

use crate::combine::CombinedScan;
use crate::wide::{ContractScan, GENOTYPE, ROWS_COLUMN, SAMPLE};
use datafusion::catalog::TableProvider;
use datafusion::catalog::default_table_source::{provider_as_source, source_as_provider};
use datafusion::common::{Column, JoinType, Result};
use datafusion::logical_expr::logical_plan::{Filter, Join, SubqueryAlias, TableScan, TableScanBuilder, Unnest};
use datafusion::logical_expr::{Expr, LogicalPlan, Projection};
use std::sync::Arc;
use varberg_model::RECORD_COLUMNS;
use varberg_rows::EqualRows;

/// Columns that are the same in all rows of a record, beside [`RECORD_COLUMNS`].
const MADE_OF_RECORDS: [&str; 2] = ["attributes", "splitfrommultiallelic"];

/// The plan with numbers of rows, and the column that holds them; none where rows cannot be put together.
pub(super) fn numbered(plan: &LogicalPlan) -> Result<Option<(LogicalPlan, Column)>> {
    // One number is enough: of a join of two wide tables one side is counted, the other made. And the name may be a user's.
    if plan.schema().fields().iter().any(|field| field.name() == ROWS_COLUMN) {
        return Ok(None);
    }
    Ok(match plan {
        LogicalPlan::TableScan(scan) => numbered_scan(scan)?,
        LogicalPlan::Projection(own) => {
            if own.expr.iter().any(Expr::is_volatile) {
                return Ok(None);
            }
            let Some((input, number)) = numbered(&own.input)? else { return Ok(None) };
            let columns = own.expr.iter().cloned().chain([Expr::Column(number.clone())]).collect();
            Some((LogicalPlan::Projection(Projection::try_new(columns, Arc::new(input))?), number))
        }
        LogicalPlan::Filter(own) => {
            if own.predicate.is_volatile() {
                return Ok(None);
            }
            let Some((input, number)) = numbered(&own.input)? else { return Ok(None) };
            Some((LogicalPlan::Filter(Filter::try_new(own.predicate.clone(), Arc::new(input))?), number))
        }
        LogicalPlan::SubqueryAlias(own) => {
            let Some((input, number)) = numbered(&own.input)? else { return Ok(None) };
            let renamed = SubqueryAlias::try_new(Arc::new(input), own.alias.clone())?;
            Some((LogicalPlan::SubqueryAlias(renamed), Column::new(Some(own.alias.clone()), number.name)))
        }
        LogicalPlan::Unnest(own) => {
            let Some((input, number)) = numbered(&own.input)? else { return Ok(None) };
            let unnest = Unnest::try_new(Arc::new(input), own.exec_columns.clone(), own.options.clone())?;
            Some((LogicalPlan::Unnest(unnest), number))
        }
        LogicalPlan::Join(own) if own.join_type == JoinType::Inner => numbered_join(own)?,
        _ => None,
    })
}

/// One side is enough: its rows meet every row of the other as often as they stand for.
fn numbered_join(join: &Join) -> Result<Option<(LogicalPlan, Column)>> {
    if join.filter.as_ref().is_some_and(Expr::is_volatile) {
        return Ok(None);
    }
    let with = |left: Arc<LogicalPlan>, right: Arc<LogicalPlan>| {
        let (on, filter) = (join.on.clone(), join.filter.clone());
        Join::try_new(
            left,
            right,
            on,
            filter,
            join.join_type,
            join.join_constraint,
            join.null_equality,
            join.null_aware,
        )
    };
    if let Some((left, number)) = numbered(&join.left)? {
        return Ok(Some((LogicalPlan::Join(with(Arc::new(left), Arc::clone(&join.right))?), number)));
    }
    let Some((right, number)) = numbered(&join.right)? else { return Ok(None) };
    Ok(Some((LogicalPlan::Join(with(Arc::clone(&join.left), Arc::new(right))?), number)))
}

fn numbered_scan(scan: &TableScan) -> Result<Option<(LogicalPlan, Column)>> {
    let Ok(provider) = source_as_provider(&scan.source) else { return Ok(None) };
    let schema = scan.source.schema();
    let projection = scan.projection.clone().unwrap_or_else(|| (0..schema.fields().len()).collect());
    let columns = || projection.iter().map(|at| schema.field(*at));
    if scan.fetch.is_some() {
        return Ok(None);
    }
    let counting: Arc<dyn TableProvider> = if let Some(wide) = provider.downcast_ref::<ContractScan>() {
        if wide.counts_rows() || !can_stand_for_several(&columns().map(|c| c.name().as_str()).collect::<Vec<_>>()) {
            return Ok(None);
        }
        Arc::new(wide.counting_rows())
    } else if let Some(long) = provider.downcast_ref::<crate::scan::TableScan>() {
        if !EqualRows::compares(columns().map(|column| column.data_type())) {
            return Ok(None);
        }
        Arc::new(CombinedScan::new(long))
    } else {
        return Ok(None);
    };
    let projection = projection.iter().copied().chain([schema.fields().len()]).collect();
    let numbered = TableScanBuilder::new(scan.table_name.clone(), provider_as_source(counting))
        .with_projection(Some(projection))
        .with_filters(scan.filters.clone())
        .build()?;
    let number = Column::new(Some(scan.table_name.clone()), ROWS_COLUMN);
    Ok(Some((LogicalPlan::TableScan(numbered), number)))
}

/// Whether rows with these columns are equal for many samples of a record, or for many records of a sample.
fn can_stand_for_several(columns: &[&str]) -> bool {
    let of_genotype = |name: &&str| GENOTYPE.contains(name);
    let of_record = |name: &&str| RECORD_COLUMNS.contains(name) || MADE_OF_RECORDS.contains(name);
    let of_sample = |name: &&str| *name == SAMPLE;
    columns.iter().all(|name| of_genotype(name) || of_record(name))
        || columns.iter().all(|name| of_genotype(name) || of_sample(name))
}
