//! A long table whose equal rows are put together: each comes with the number of rows it stands for. For aggregates, which
//! then see fewer rows (`query/counted`).
//!
//! Rows are put together where they are read, as far as a bounded memory of rows goes: equal rows may come several times. Where
//! hardly any are equal, rows are passed on as they are, with the number 1.

mod exec;

use crate::scan::TableScan;
use crate::wide::ROWS_COLUMN;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{BinaryExpr, Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use exec::CombineExec;
use std::sync::Arc;

/// One snapshot of a long table with the number of rows behind its columns.
#[derive(Debug)]
pub(crate) struct CombinedScan {
    scan: TableScan,
    schema: SchemaRef,
}

impl CombinedScan {
    pub(crate) fn new(scan: &TableScan) -> Self {
        // Nullable, because predicates on other columns are evaluated with nulls here.
        let number = Arc::new(Field::new(ROWS_COLUMN, DataType::Int64, true));
        let columns = scan.columns();
        let fields: Vec<_> = columns.fields().iter().cloned().chain([number]).collect();
        Self { scan: scan.clone(), schema: Arc::new(Schema::new(fields)) }
    }
}

impl CombinedScan {
    /// Whether a filter is worth to be applied to every row. Those on texts alone: rows have views where the plan has texts,
    /// so the engine does not pass them down by itself. Functions are cheaper where there are fewer rows.
    fn is_applied_below(&self, filter: &Expr) -> bool {
        let is_plain = |expr: &Expr| matches!(expr, Expr::Column(_) | Expr::Literal(..));
        let is_simple = match filter {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if op.is_logic_operator() => {
                self.is_applied_below(left) && self.is_applied_below(right)
            }
            Expr::BinaryExpr(BinaryExpr { left, right, .. }) => is_plain(left) && is_plain(right),
            Expr::InList(InList { expr, list, .. }) => is_plain(expr) && list.iter().all(is_plain),
            _ => false,
        };
        let is_text = |name: &str| self.schema.field_with_name(name).is_ok_and(|f| *f.data_type() == DataType::Utf8);
        is_simple && filter.column_refs().iter().any(|column| is_text(column.name()))
    }
}

#[async_trait]
impl TableProvider for CombinedScan {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.scan.supports_filters_pushdown(filters)
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let number = self.schema.fields().len() - 1;
        let projection: Vec<usize> = projection.cloned().unwrap_or_else(|| (0..=number).collect());
        let stored: Vec<usize> = projection.iter().copied().filter(|column| *column != number).collect();
        let place = projection.iter().position(|column| *column == number);
        let rows = self.scan.with_text_views();
        let rows = rows.scan_rows(state, &stored, filters, |filter| self.is_applied_below(filter), limit).await?;
        let output = self.schema.project(&projection)?;
        Ok(Arc::new(CombineExec::new(rows, place, Arc::new(output))?))
    }
}
