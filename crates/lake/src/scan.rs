//! One snapshot of a table for the query engine: its columns, which files a filter leaves, how they are split
//! among partitions, what is known about them without reading them.
//!
//! Counts come from manifests and are exact; bounds serve pruning only. An ordering is claimed only for files verified as
//! sorted when they were written.

mod files;

use crate::iceberg_schema::{sort_columns, table_schema};
use crate::{Error, Lake, Result};
use arrow_schema::{DataType, Schema, SchemaRef, SortOptions};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::config::TableParquetOptions;
use datafusion::common::stats::Precision;
use datafusion::common::{
    ColumnStatistics, DFSchema, DataFusionError, Result as EngineResult, ScalarValue, Statistics, project_schema,
};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use files::{FileBounds, ScanFile};
use futures::stream::{self, StreamExt, TryStreamExt};
use iceberg::spec::ManifestContentType;
use std::sync::Arc;
use varberg_model::TableSchema;

/// The address of the warehouse inside a query; the only store its engine knows.
pub(crate) const WAREHOUSE_URL: &str = "warehouse://lake";
/// Manifests read at a time.
const MANIFESTS_AT_ONCE: usize = 8;
/// Bytes of a file's end that are fetched with its footer.
const FOOTER_HINT: usize = 256 << 10;
/// With more groups of files than this per partition wanted, merging them costs more than sorting.
const MAX_GROUPS_PER_PARTITION: usize = 4;

/// One snapshot of a table.
#[derive(Debug, Clone)]
pub(crate) struct TableScan {
    /// Columns that statements see.
    schema: SchemaRef,
    table: TableSchema,
    /// Names of the columns of the table's order.
    sort_columns: Vec<String>,
    files: Arc<Vec<ScanFile>>,
    /// Of all files.
    statistics: Statistics,
}

impl TableScan {
    /// Reads metadata and manifests at `metadata_location`; no data file is opened. The snapshot is the current one unless
    /// another is named; the columns are the visible ones, with `hidden`, and of wide tables, all.
    ///
    /// Errors: [`Error::Foreign`] for tables with delete files, which we never write.
    pub(crate) async fn load(
        lake: &Lake,
        metadata_location: &str,
        snapshot: Option<i64>,
        hidden: bool,
    ) -> Result<Self> {
        let metadata = lake.read_metadata(metadata_location).await?;
        let snapshot = match snapshot {
            Some(id) => metadata.snapshot_by_id(id),
            None => metadata.current_snapshot(),
        };
        // Each snapshot is read with the columns of its time; the current one with those of the table.
        let is_current = snapshot.map(|s| s.snapshot_id()) == metadata.current_snapshot_id();
        let of_its_time = snapshot.filter(|_| !is_current).and_then(|s| s.schema(&metadata).ok());
        let mut shown = table_schema(of_its_time.as_ref().unwrap_or(metadata.current_schema()))?;
        let is_wide = shown.is_wide();
        shown.columns.retain(|column| hidden || is_wide || !column.hidden);
        let schema = varberg_rows::arrow_schema(&shown);
        let manifests = match snapshot {
            Some(snapshot) => lake.manifests(&metadata, snapshot).await?,
            None => Vec::new(),
        };
        if manifests.iter().any(|m| m.content == ManifestContentType::Deletes) {
            let reason = "it has delete files, which Varberg does not read".to_owned();
            return Err(Error::Foreign { location: metadata_location.to_owned(), reason });
        }
        let contents = stream::iter(manifests).map(|m| async move { lake.manifest(&m).await });
        let contents: Vec<_> = contents.buffered(MANIFESTS_AT_ONCE).try_collect().await?;
        let entries = contents.iter().flat_map(|manifest| manifest.entries());
        let live = entries.filter(|entry| entry.is_alive());
        let files = live.map(|entry| ScanFile::new(lake, entry.data_file(), &shown));
        let files: Vec<ScanFile> = files.collect::<Result<_>>()?;
        let statistics = merged(&files, &schema).map_err(|_| Error::Internal("statistics of files do not merge"))?;
        Ok(Self { schema, table: shown, sort_columns: sort_columns(&metadata), files: Arc::new(files), statistics })
    }

    /// The columns that statements see, as Arrow has them.
    pub(crate) fn columns(&self) -> &SchemaRef {
        &self.schema
    }

    /// The same scan that gives texts as views.
    pub(crate) fn with_text_views(&self) -> Self {
        Self { schema: Arc::new(varberg_rows::with_text_views(&self.schema)), ..self.clone() }
    }

    /// The columns that statements see.
    pub(crate) fn table(&self) -> &TableSchema {
        &self.table
    }

    /// What is known of a column in each file; nothing for a column that there is not.
    fn of_files(&self, column: &str) -> impl Iterator<Item = Option<(&ColumnStatistics, &Precision<usize>)>> {
        let position = self.schema.index_of(column).ok();
        self.files.iter().map(move |file| {
            let own = file.statistics.column_statistics.get(position?)?;
            Some((own, &file.statistics.num_rows))
        })
    }

    /// Whether every file was written with that column, of a type that has bounds.
    pub(crate) fn is_in_all_files(&self, column: &str) -> bool {
        self.of_files(column).all(|own| own.is_some_and(|(own, _)| own.null_count.get_value().is_some()))
    }

    /// Whether a column is null in every row of every file.
    pub(crate) fn is_null(&self, column: &str) -> bool {
        let all = |(own, rows): (&ColumnStatistics, &Precision<usize>)| {
            own.null_count.get_value().is_some() && own.null_count.get_value() == rows.get_value()
        };
        self.of_files(column).all(|own| own.is_some_and(all))
    }

    /// The greatest value of a column in all files, as far as it is known.
    pub(crate) fn greatest(&self, column: &str) -> Option<ScalarValue> {
        let bounds = self.of_files(column).flatten().filter_map(|(own, _)| own.max_value.get_value());
        bounds.cloned().max_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal))
    }

    /// Records of each headerset of a wide table, if each file has one headerset.
    pub(crate) fn rows_by_headerset(&self) -> Option<Vec<(i64, usize)>> {
        let column = self.schema.index_of("_headerset").ok()?;
        let of = |file: &ScanFile| {
            let bounds = file.statistics.column_statistics.get(column)?;
            let bound = |bound: &Precision<ScalarValue>| match bound.get_value()? {
                ScalarValue::Int64(Some(id)) => Some(*id),
                _ => None,
            };
            let (least, greatest) = (bound(&bounds.min_value)?, bound(&bounds.max_value)?);
            (least == greatest).then_some((least, *file.statistics.num_rows.get_value()?))
        };
        self.files.iter().map(of).collect()
    }

    /// The files that may hold rows that pass `filters`.
    fn prune(&self, state: &dyn Session, filters: &[Expr]) -> EngineResult<Vec<&ScanFile>> {
        let Some(filter) = conjunction(filters.iter().cloned()) else { return Ok(self.files.iter().collect()) };
        let schema = DFSchema::try_from(self.schema.clone())?;
        let filter = state.create_physical_expr(filter, &schema)?;
        let Ok(predicate) = PruningPredicateBuilder::new().with_file_schema(self.schema.clone()).try_build(filter)
        else {
            return Ok(self.files.iter().collect()); // a filter that bounds cannot answer
        };
        let keep = predicate.prune(&FileBounds { files: &self.files, schema: &self.schema })?;
        Ok(self.files.iter().zip(keep).filter_map(|(file, keep)| keep.then_some(file)).collect())
    }

    /// What the rows of sorted files are ordered by, if the table has an order.
    fn ordering(&self) -> Option<LexOrdering> {
        let options = SortOptions { descending: false, nulls_first: false }; // files with nulls are never "sorted"
        let sort = |name: &str| Some(PhysicalSortExpr { expr: col(name, &self.schema).ok()?, options });
        let wanted = self.sort_columns.len();
        LexOrdering::new(self.sort_columns.iter().filter_map(|name| sort(name))).filter(|o| o.len() == wanted)
    }

    /// Groups in which files follow one another without overlap, if every file is sorted and few groups are enough.
    fn ordered_groups(&self, files: &[&ScanFile], partitions: usize) -> Option<(Vec<FileGroup>, LexOrdering)> {
        if files.is_empty() || !files.iter().all(|file| file.sorted) {
            return None;
        }
        let ordering = self.ordering()?;
        let group = FileGroup::new(files.iter().map(|file| file.partitioned()).collect());
        let groups = FileScanConfig::split_groups_by_statistics_with_target_partitions(
            &self.schema,
            &[group],
            &ordering,
            partitions,
        )
        .ok()?;
        (groups.len() <= partitions.saturating_mul(MAX_GROUPS_PER_PARTITION)).then_some((groups, ordering))
    }

    /// Groups of about the same number of bytes.
    fn balanced_groups(files: &[&ScanFile], partitions: usize) -> Vec<FileGroup> {
        let mut by_size: Vec<&&ScanFile> = files.iter().collect();
        by_size.sort_by_key(|file| std::cmp::Reverse(file.bytes));
        let mut groups: Vec<(u64, Vec<PartitionedFile>)> = vec![(0, Vec::new()); partitions.min(files.len())];
        for file in by_size {
            if let Some((bytes, group)) = groups.iter_mut().min_by_key(|(bytes, _)| *bytes) {
                *bytes += file.bytes;
                group.push(file.partitioned());
            }
        }
        groups.into_iter().map(|(_, group)| FileGroup::new(group)).collect()
    }
}

#[async_trait]
impl TableProvider for TableScan {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(self.statistics.clone())
    }

    /// Bounds and Parquet's indexes prune on plain columns; nothing is filtered exactly here.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> EngineResult<Vec<TableProviderFilterPushDown>> {
        let prunable = |filter: &&Expr| {
            let plain = |name: &str| self.schema.field_with_name(name).is_ok_and(|f| !f.data_type().is_nested());
            filter.column_refs().iter().all(|column| plain(&column.name)) && !filter.is_volatile()
        };
        let answer = |filter| match prunable(filter) {
            true => TableProviderFilterPushDown::Inexact,
            false => TableProviderFilterPushDown::Unsupported,
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
        self.scan_with(state, projection, filters, limit, (None, None)).await
    }
}

impl TableScan {
    /// The scan of records for another node, with at most `batch_size` records in a batch. Some of the records that do not
    /// pass the filters may come nevertheless.
    pub(crate) async fn scan_records(
        &self,
        state: &dyn Session,
        projection: &Vec<usize>,
        filters: &[Expr],
        limit: Option<usize>,
        batch_size: usize,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        self.scan_filtered(state, projection, (filters, filters), limit, Some(batch_size)).await
    }

    /// As [`Self::scan_records`], in batches of the engine's size; `is_applied` tells which filters are applied to rows.
    pub(crate) async fn scan_rows(
        &self,
        state: &dyn Session,
        projection: &Vec<usize>,
        filters: &[Expr],
        is_applied: impl Fn(&Expr) -> bool,
        limit: Option<usize>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let applied: Vec<Expr> = filters.iter().filter(|filter| is_applied(filter)).cloned().collect();
        self.scan_filtered(state, projection, (filters, &applied), limit, None).await
    }

    /// Filters for files, and filters for rows, applied where they can be; in as many partitions as are wanted.
    async fn scan_filtered(
        &self,
        state: &dyn Session,
        projection: &Vec<usize>,
        (of_files, of_rows): (&[Expr], &[Expr]),
        limit: Option<usize>,
        batch_size: Option<usize>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let predicate = match conjunction(of_rows.iter().cloned()) {
            Some(filter) => {
                let schema = DFSchema::try_from(self.schema.as_ref().clone())?;
                Some(state.create_physical_expr(filter, &schema)?)
            }
            None => None,
        };
        let plan = self.scan_with(state, Some(projection), of_files, limit, (predicate, batch_size)).await?;
        let partitions = state.config().target_partitions().max(1);
        Ok(plan.repartitioned(partitions, state.config_options())?.unwrap_or(plan))
    }

    /// `filters` choose files; the predicate, if there is one, chooses rows.
    async fn scan_with(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
        (predicate, batch_size): (Option<Arc<dyn PhysicalExpr>>, Option<usize>),
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        let files = self.prune(state, filters)?;
        if files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.schema, projection)?)));
        }
        let mut options = TableParquetOptions::default();
        // What filters read is read again where rows pass: kept for all rows, it takes more time and memory than it saves.
        options.global.max_predicate_cache_size = Some(0);
        let source = ParquetSource::new(self.schema.clone())
            .with_table_parquet_options(options)
            .with_pushdown_filters(true)
            .with_enable_page_index(true)
            .with_metadata_size_hint(FOOTER_HINT);
        let source = match predicate {
            Some(predicate) => source.with_predicate(predicate),
            None => source,
        };
        let partitions = state.config().target_partitions().max(1);
        let url = ObjectStoreUrl::parse(WAREHOUSE_URL)?;
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_statistics(merged(files.iter().copied(), &self.schema)?)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .with_batch_size(batch_size);
        let config = match self.ordered_groups(&files, partitions) {
            Some((groups, ordering)) => config.with_file_groups(groups).with_output_ordering(vec![ordering]),
            None => config.with_file_groups(Self::balanced_groups(&files, partitions)),
        };
        Ok(DataSourceExec::from_data_source(config.build()))
    }
}

fn merged<'a>(
    files: impl IntoIterator<Item = &'a ScanFile>,
    schema: &Schema,
) -> EngineResult<Statistics, DataFusionError> {
    let mut files = files.into_iter().peekable();
    if files.peek().is_none() {
        let empty = Statistics::new_unknown(schema);
        return Ok(Statistics { num_rows: Precision::Exact(0), total_byte_size: Precision::Exact(0), ..empty });
    }
    Statistics::try_merge_iter(files.map(|file| file.statistics.as_ref()), schema)
}

/// Whether bounds of a column of this type are known.
pub(crate) fn has_bounds(kind: &DataType) -> bool {
    matches!(kind, DataType::Boolean | DataType::Int32 | DataType::Int64 | DataType::Float64 | DataType::Utf8)
}
