//! The tables of one statement: what a granted table is for the engine, and the views beside it.
//!
//! Views are named as Trino names metadata tables: `"<store>$sites"` has one row for each record, `"<store>$samples"` one for
//! each sample of each headerset.

use super::{GrantedTable, QueryError};
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
use varberg_model::{FormatColumns, RECORD_COLUMNS, TableSchema, info_key};
use varberg_rows::HeaderSets;

/// What tells files apart.
const FILE: [&str; 2] = ["importjobid", "_item"];
/// Counts over all samples of a record.
const COUNTS: [&str; 4] = ["alleles_called", "allele_counts", "heterozygous_calls", "missing_calls"];

const SITES: &str = "$sites";
const SAMPLES: &str = "$samples";

/// A view, unless the engine cannot plan it.
type View = EngineResult<Arc<dyn TableProvider>>;

/// A granted table as the engine has it.
pub(super) struct Loaded {
    /// As statements see it.
    pub(super) provider: Arc<dyn TableProvider>,
    stored: Arc<TableScan>,
}

/// Which tables a statement may need: those whose names stand in its text, all if it asks what there is.
pub(super) fn asked_for(sql: &str) -> impl Fn(&GrantedTable) -> bool {
    let text = sql.to_lowercase();
    let asks_for_all = ["information_schema", "show"].iter().any(|word| text.contains(word));
    move |table| asks_for_all || text.contains(&table.name.to_lowercase())
}

/// Reads the metadata of a table, as of its current snapshot unless another is named, and, if it is wide, its headersets,
/// which are added to `headersets`.
pub(super) async fn load(
    lake: &Lake,
    granted: &GrantedTable,
    snapshot: Option<i64>,
    headersets: &mut HeaderSets,
) -> Result<Loaded> {
    let stored = TableScan::load(lake, &granted.metadata_location, snapshot, granted.hidden_columns).await?;
    let stored = Arc::new(stored);
    if !stored.table().is_wide() {
        return Ok(Loaded { provider: Arc::clone(&stored) as Arc<dyn TableProvider>, stored });
    }
    let own = match &granted.samples_location {
        Some(location) => lake.headersets(location).await?,
        None => HeaderSets::default(),
    };
    for (id, shape) in own.iter() {
        headersets.add(id, shape).map_err(|_| crate::Error::Internal("two lists of samples have one id"))?;
    }
    let provider = Arc::new(ContractScan::new(Arc::clone(&stored), Arc::new(own), granted.hidden_columns));
    Ok(Loaded { provider, stored })
}

/// The views of a table that are among `names`, with their names; no other is prepared.
pub(super) async fn views(
    lake: &Lake,
    context: &SessionContext,
    granted: &GrantedTable,
    loaded: &Loaded,
    names: &[String],
) -> Result<Vec<(String, Arc<dyn TableProvider>)>, QueryError> {
    let mut views = Vec::new();
    for name in names {
        let suffix = name.strip_prefix(granted.name.as_str()).filter(|_| has_variants(loaded.stored.table()));
        let view = match suffix {
            Some(SITES) => sites(lake, context, granted, loaded).await?,
            Some(SAMPLES) => samples(lake, context, granted, loaded).await?,
            _ => continue,
        };
        let view = view.map_err(|error| QueryError::Internal(error.strip_backtrace()))?;
        views.push((name.clone(), view));
    }
    Ok(views)
}

async fn sites(
    lake: &Lake,
    context: &SessionContext,
    granted: &GrantedTable,
    loaded: &Loaded,
) -> Result<View, QueryError> {
    Ok(match loaded.stored.table().is_wide() {
        true => wide_sites(context, &loaded.stored),
        false => long_sites(context, &scan(lake, &granted.metadata_location, true).await?),
    })
}

async fn samples(
    lake: &Lake,
    context: &SessionContext,
    granted: &GrantedTable,
    loaded: &Loaded,
) -> Result<View, QueryError> {
    Ok(match (&granted.samples_location, loaded.stored.table().is_wide()) {
        (Some(location), true) => {
            let shown = ["headerset", "position", "sampleid"].map(ident);
            select(context, &scan(lake, location, false).await?, shown.into())
        }
        _ => long_samples(context, &loaded.provider),
    })
}

async fn scan(lake: &Lake, location: &str, hidden: bool) -> Result<Arc<dyn TableProvider>, QueryError> {
    let scan = TableScan::load(lake, location, None, hidden).await;
    Ok(Arc::new(scan.map_err(|error| super::internal(&error))?))
}

fn select(context: &SessionContext, table: &Arc<dyn TableProvider>, columns: Vec<Expr>) -> View {
    Ok(context.read_table(Arc::clone(table))?.select(columns)?.into_view())
}

/// Columns of `$sites` that both layouts have: those of a record that are not hidden.
fn site_columns() -> impl Iterator<Item = &'static str> {
    RECORD_COLUMNS.into_iter().filter(|name| !name.starts_with('_'))
}

/// One row for each record of a wide table; `calls` is what the functions over genotypes take.
fn wide_sites(context: &SessionContext, stored: &Arc<TableScan>) -> View {
    let vector = match FormatColumns::of(stored.table()).name("GT") {
        Some(name) => ident(name),
        None => lit(ScalarValue::Binary(None)),
    };
    let alternates = coalesce(vec![cast(array_length(ident("alternatealleles")), DataType::Int32), lit(0_i32)]);
    let members = [("headerset", ident("_headerset")), ("vector", vector), ("alternates", alternates)];
    let calls = named_struct(members.into_iter().flat_map(|(name, value)| [lit(name), value]).collect()).alias("calls");
    let typed = stored.table().columns.iter().filter(|column| info_key(column).is_some());
    let typed = typed.map(|column| ident(column.name.as_str()));
    let columns = site_columns().chain(["info"]).map(ident).chain(typed).chain(COUNTS.map(ident)).chain([calls]);
    let table: Arc<dyn TableProvider> = Arc::clone(stored) as Arc<dyn TableProvider>;
    select(context, &table, columns.collect())
}

/// One row for each sample of a long table.
fn long_samples(context: &SessionContext, table: &Arc<dyn TableProvider>) -> View {
    let null = |kind: DataType, name: &str| cast(lit(ScalarValue::Null), kind).alias(name);
    let samples = context
        .read_table(Arc::clone(table))?
        .filter(ident("sampleid").is_not_null())?
        .select(vec![ident("sampleid")])?
        .distinct()?
        .select(vec![null(DataType::Int64, "headerset"), null(DataType::Int32, "position"), ident("sampleid")])?;
    Ok(samples.into_view())
}

/// One row for each record: that of one sample of its file, which all records of the file have.
fn long_sites(context: &SessionContext, all: &Arc<dyn TableProvider>) -> View {
    let sample = || coalesce(vec![ident("sampleid"), lit("")]);
    let [job, item] = FILE;
    let chosen = context
        .read_table(Arc::clone(all))?
        .aggregate(vec![ident(job), ident(item)], vec![min(sample()).alias("chosen_sample")])?
        .select(vec![ident(job).alias("chosen_job"), ident(item).alias("chosen_item"), ident("chosen_sample")])?;
    let columns = || site_columns().chain(["attributes"]).map(ident);
    let rows = context
        .read_table(Arc::clone(all))?
        .select(columns().chain([ident(item), sample().alias("own_sample")]).collect::<Vec<_>>())?;
    let keys = (&[job, item, "own_sample"], &["chosen_job", "chosen_item", "chosen_sample"]);
    let sites = rows.join(chosen, JoinType::Inner, keys.0, keys.1, None)?;
    Ok(sites.select(columns().collect::<Vec<_>>())?.into_view())
}

/// Whether the rows of a table are of variants.
fn has_variants(table: &TableSchema) -> bool {
    table.is_wide() || (table.column("calls").is_some() && table.column("sampleid").is_some())
}
