//! A wide table with the columns and rows of the contract. In: what a statement wants of it. Out: a plan that reads the
//! columns of the table that are needed, leaves out records that filters exclude, and makes rows of the rest.

use super::exec::ExplodeExec;
use super::lookups::{Lookups, with_fields};
use super::selection::{Kind, kind_of};
use super::spec::{AttributesFilter, ExplodeSpec, ROWS_COLUMN};
use super::typed_casts::TypedCasts;
use crate::scan::TableScan;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, Result as EngineResult, Statistics};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use std::sync::Arc;
use varberg_model::TableSchema;
use varberg_rows::HeaderSets;

/// One snapshot of a wide table.
#[derive(Debug)]
pub(crate) struct ContractScan {
    /// All columns of the table.
    stored: Arc<TableScan>,
    headersets: Arc<HeaderSets>,
    /// Columns that statements see; behind them the number of rows, if one row may stand for several.
    schema: SchemaRef,
    counts_rows: bool,
}

impl ContractScan {
    /// `stored` shows the hidden columns; `hidden`: whether statements see those of the contract.
    pub(crate) fn new(stored: Arc<TableScan>, headersets: Arc<HeaderSets>, hidden: bool) -> Self {
        let mut shown = TableSchema::variants_long();
        shown.columns.retain(|column| hidden || !column.hidden);
        Self { stored, headersets, schema: varberg_rows::arrow_schema(&shown), counts_rows: false }
    }

    /// The same rows, but those of a record that are equal in the columns asked for as one, with their number in the column
    /// [`ROWS_COLUMN`]. Of the columns of samples only `sampleid`, `calls` and `phased` may be asked for; with `sampleid` no
    /// column of a record may.
    pub(crate) fn counting_rows(&self) -> Self {
        // Nullable, because predicates on other columns are evaluated with nulls here.
        let count = Arc::new(Field::new(ROWS_COLUMN, DataType::Int64, true));
        let fields = self.schema.fields().iter().cloned().chain([count]);
        Self {
            stored: Arc::clone(&self.stored),
            headersets: Arc::clone(&self.headersets),
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            counts_rows: true,
        }
    }

    pub(crate) fn counts_rows(&self) -> bool {
        self.counts_rows
    }

    /// A filter over the attributes and the site of a record.
    fn over_attributes(&self, state: &dyn Session, filter: &Expr) -> EngineResult<AttributesFilter> {
        let (filter, lookups) = match Lookups::in_filter(filter)? {
            Some((filter, lookups)) => (filter, Some(lookups)),
            None => (filter.clone(), None),
        };
        let schema = with_fields(&self.schema, lookups.iter().flat_map(Lookups::fields));
        Ok(AttributesFilter { predicate: over(state, filter, &schema)?, schema, lookups })
    }

    /// Rows of the contract, if they are known without reading.
    fn rows(&self) -> Precision<usize> {
        if self.counts_rows {
            return Precision::Absent;
        }
        let Some(rows) = self.stored.rows_by_headerset() else { return Precision::Absent };
        let of = |(id, records): (i64, usize)| {
            let samples = self.headersets.get(id)?.samples.len().max(1);
            records.checked_mul(samples)
        };
        let total = rows.into_iter().map(of).try_fold(0_usize, |total, rows| total.checked_add(rows?));
        total.map_or(Precision::Absent, Precision::Exact)
    }
}

#[async_trait]
impl TableProvider for ContractScan {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(Statistics { num_rows: self.rows(), ..Statistics::new_unknown(&self.schema) })
    }

    /// Filters on the site, on INFO, on the name of the sample and on its genotype are applied before rows are made.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> EngineResult<Vec<TableProviderFilterPushDown>> {
        let answer = |filter: &&Expr| match kind_of(filter) {
            Some(_) => TableProviderFilterPushDown::Exact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(answer).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let typed = TypedCasts::of(&self.stored);
        let filters: Vec<Expr> =
            filters.iter().map(|filter| typed.over_columns(filter)).collect::<EngineResult<_>>()?;
        let of_kind = |kind: Kind| filters.iter().filter(move |f| kind_of(f) == Some(kind)).cloned();
        let projection: Vec<usize> = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let site: Vec<Expr> = of_kind(Kind::Site).collect();
        let contract = DFSchema::try_from(self.schema.as_ref().clone())?;
        let physical = |kind: Kind| {
            let filter = conjunction(of_kind(kind));
            filter.map(|filter| state.create_physical_expr(filter, &contract)).transpose()
        };
        let (samples, genotypes) = (physical(Kind::Sample)?, physical(Kind::Genotype)?);
        let attributes = conjunction(of_kind(Kind::Attributes)).map(|f| self.over_attributes(state, &f)).transpose()?;
        let spec = ExplodeSpec::new(
            self.stored.table(),
            Arc::clone(&self.headersets),
            &self.schema,
            &projection,
            samples,
            genotypes,
            limit,
        )?
        .with_attributes(attributes);
        let mut names = spec.stored_columns();
        let of_records: Vec<Expr> = of_kind(Kind::Attributes).chain(site.iter().cloned()).collect();
        let filtered = of_records.iter().flat_map(Expr::column_refs).map(|column| column.name.clone());
        names.extend(filtered);
        let stored_schema = self.stored.schema();
        let positions = |name: &String| stored_schema.index_of(name).ok();
        let columns: Vec<usize> = names.iter().filter_map(positions).collect();
        let record_limit = limit.filter(|_| site.is_empty() && spec.makes_all_rows());
        let batch_size = spec.records_of_a_batch();
        let records = self.stored.scan_records(state, &columns, &site, record_limit, batch_size).await?;
        let spec = spec.with_records(conjunction(site).map(|f| over(state, f, &records.schema())).transpose()?);
        let rows = if filters.is_empty() && limit.is_none() { self.rows() } else { Precision::Absent };
        Ok(Arc::new(ExplodeExec::new(records, spec, rows)?))
    }
}

/// A filter over the columns of `schema`.
fn over(state: &dyn Session, filter: Expr, schema: &Schema) -> EngineResult<Arc<dyn PhysicalExpr>> {
    state.create_physical_expr(filter, &DFSchema::try_from(schema.clone())?)
}
