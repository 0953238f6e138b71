//! The tables of one statement: what a granted table is for the engine, and the views beside it.
//!
//! Views are named as Trino names metadata tables: `"<store>$sites"` has one row for each record, `"<store>$samples"` one for
//! each sample of each headerset.

use super::GrantedTable;
use crate::scan::TableScan;
use crate::wide::ContractScan;
use crate::{Lake, Result};
use arrow_schema::DataType;
use datafusion::catalog::TableProvider;
use datafusion::common::{Result as EngineResult, ScalarValue};
use datafusion::functions::expr_fn::{coalesce, named_struct};
use datafusion::functions_aggregate::expr_fn::min;
use datafusion::functions_nested::expr_fn::array_length;
use datafusion::logical_expr::{Expr, JoinType, cast, ident, lit};
use datafusion::prelude::SessionContext;
use std::sync::Arc;
use varberg_model::{FormatColumns, TableSchema};
use varberg_rows::HeaderSets;

/// What tells files apart.
const FILE: [&str; 2] = ["importjobid", "_item"];
/// Columns of `$sites` that both layouts have.
const SITE: [&str; 10] = [
    "importjobid",
    "contigname",
    "start",
    "end",
    "names",
    "referenceallele",
    "alternatealleles",
    "qual",
    "filters",
    "annotations",
];
/// Counts over all samples of a record.
const COUNTS: [&str; 4] = ["alleles_called", "allele_counts", "heterozygous_calls", "missing_calls"];

/// A granted table as the engine has it.
pub(super) struct Loaded {
    /// The table, as statements see it.
    pub(super) table: Arc<dyn TableProvider>,
    /// Views, with what follows `$` in their names.
    pub(super) views: Vec<(&'static str, Arc<dyn TableProvider>)>,
}

/// Reads the metadata of a table, as of its current snapshot unless another is named, and, if it is wide, its headersets, which are added to `headersets`.
pub(super) async fn load(
    lake: &Lake,
    context: &SessionContext,
    granted: &GrantedTable,
    snapshot: Option<i64>,
    headersets: &mut HeaderSets,
) -> Result<Loaded> {
    let stored = TableScan::load(lake, &granted.metadata_location, snapshot, granted.hidden_columns).await?;
    if !stored.table().is_wide() {
        let is_variants = has_variants(stored.table());
        let table: Arc<dyn TableProvider> = Arc::new(stored);
        let views = if is_variants { long_views(lake, context, granted).await? } else { Vec::new() };
        return Ok(Loaded { table, views });
    }
    let stored = Arc::new(stored);
    let own = match &granted.samples_location {
        Some(location) => lake.headersets(location).await?,
        None => HeaderSets::default(),
    };
    for (id, shape) in own.iter() {
        headersets.add(id, shape).map_err(|_| crate::Error::Internal("two lists of samples have one id"))?;
    }
    let sites = wide_sites(context, &stored).map_err(|_| crate::Error::Internal("the view of sites has no plan"))?;
    let mut views = vec![("sites", sites)];
    if let Some(location) = &granted.samples_location {
        let samples: Arc<dyn TableProvider> = Arc::new(TableScan::load(lake, location, None, false).await?);
        let shown = ["headerset", "position", "sampleid"].map(ident);
        let view = select(context, &samples, shown.into());
        views.push(("samples", view.map_err(|_| crate::Error::Internal("the view of samples has no plan"))?));
    }
    let table = Arc::new(ContractScan::new(stored, Arc::new(own), granted.hidden_columns));
    Ok(Loaded { table, views })
}

fn select(
    context: &SessionContext,
    table: &Arc<dyn TableProvider>,
    columns: Vec<Expr>,
) -> EngineResult<Arc<dyn TableProvider>> {
    Ok(context.read_table(Arc::clone(table))?.select(columns)?.into_view())
}

/// One row for each record of a wide table; `calls` is what the functions over genotypes take.
fn wide_sites(context: &SessionContext, stored: &Arc<TableScan>) -> EngineResult<Arc<dyn TableProvider>> {
    let vector = match FormatColumns::of(stored.table()).name("GT") {
        Some(name) => ident(name),
        None => lit(ScalarValue::Binary(None)),
    };
    let alternates = coalesce(vec![cast(array_length(ident("alternatealleles")), DataType::Int32), lit(0_i32)]);
    let members = [("headerset", ident("_headerset")), ("vector", vector), ("alternates", alternates)];
    let calls = named_struct(members.into_iter().flat_map(|(name, value)| [lit(name), value]).collect()).alias("calls");
    let columns = SITE.iter().chain(&["info"]).chain(&COUNTS).map(|name| ident(*name)).chain([calls]);
    let table: Arc<dyn TableProvider> = Arc::clone(stored) as Arc<dyn TableProvider>;
    select(context, &table, columns.collect())
}

/// The views of a long table, which has a row for each record and sample.
async fn long_views(
    lake: &Lake,
    context: &SessionContext,
    granted: &GrantedTable,
) -> Result<Vec<(&'static str, Arc<dyn TableProvider>)>> {
    let all: Arc<dyn TableProvider> = Arc::new(TableScan::load(lake, &granted.metadata_location, None, true).await?);
    let plan = || -> EngineResult<_> {
        let sites = long_sites(context, &all)?;
        let null = |kind: DataType, name: &str| cast(lit(ScalarValue::Null), kind).alias(name);
        let samples = context
            .read_table(Arc::clone(&all))?
            .filter(ident("sampleid").is_not_null())?
            .select(vec![ident("sampleid")])?
            .distinct()?
            .select(vec![null(DataType::Int64, "headerset"), null(DataType::Int32, "position"), ident("sampleid")])?
            .into_view();
        Ok(vec![("sites", sites), ("samples", samples)])
    };
    plan().map_err(|_| crate::Error::Internal("the views of a table have no plan"))
}

/// One row for each record: that of one sample of its file, which all records of the file have.
fn long_sites(context: &SessionContext, all: &Arc<dyn TableProvider>) -> EngineResult<Arc<dyn TableProvider>> {
    let sample = || coalesce(vec![ident("sampleid"), lit("")]);
    let [job, item] = FILE;
    let chosen = context
        .read_table(Arc::clone(all))?
        .aggregate(vec![ident(job), ident(item)], vec![min(sample()).alias("chosen_sample")])?
        .select(vec![ident(job).alias("chosen_job"), ident(item).alias("chosen_item"), ident("chosen_sample")])?;
    let columns = || SITE.iter().chain(&["attributes"]).map(|name| ident(*name));
    let rows = context
        .read_table(Arc::clone(all))?
        .select(columns().chain([ident(item), sample().alias("own_sample")]).collect::<Vec<_>>())?;
    let keys = (&[job, item, "own_sample"], &["chosen_job", "chosen_item", "chosen_sample"]);
    let sites = rows.join(chosen, JoinType::Inner, keys.0, keys.1, None)?;
    Ok(sites.select(columns().collect::<Vec<_>>())?.into_view())
}

/// Whether the rows of a long table are of variants.
fn has_variants(table: &TableSchema) -> bool {
    table.column("calls").is_some() && table.column("sampleid").is_some()
}
