//! Rows of data files written again: sorted together, or without those of a job. The rows are batches of the table's own
//! columns, whatever they are; columns that a file does not have yet are null.
//!
//! Nothing is planned from SQL: a Parquet scan and an external sort of the engine, with bounded memory and disk. For plain
//! threads.

use crate::iceberg_schema::{sort_columns, table_schema};
use crate::query::OnlyWarehouse;
use crate::scan::WAREHOUSE_URL;
use crate::{DataFile, Error, FileInfo, GroupedBy, Lake, Result, WriteTarget, WriterOptions};
use arrow_array::cast::AsArray;
use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::{SchemaRef, SortOptions};
use arrow_select::filter::filter_record_batch;
use datafusion::common::DataFusionError;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::prelude::SessionConfig;
use futures::StreamExt;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use varberg_model::{PlaceColumns, TableSchema};

/// The column that names the job a row came from.
const JOB: &str = "importjobid";
/// The column that names the sample of a row, where rows have one.
const SAMPLE: &str = "sampleid";
/// Rows of a batch at most; fewer where rows are large.
const MAX_BATCH_ROWS: usize = 8192;
/// Rows that tell how large rows are.
const PROBE_ROWS: usize = 64;
/// A batch has no more than this part of the memory.
const BATCHES: usize = 64;

/// What is written again.
#[derive(Debug, Clone)]
pub struct RowsToRewrite {
    /// Metadata of the table, for its columns and its order.
    pub metadata_location: String,
    pub files: Vec<FileInfo>,
    /// Whether the rows are brought in the table's order; else they are written in that of their files.
    pub sort: bool,
    /// The rows of this job are left out.
    pub without_job: Option<String>,
}

/// What the work may use.
#[derive(Debug, Clone)]
pub struct RewriteLimits {
    /// For sorting; what does not fit is spilled.
    pub memory_bytes: usize,
    pub spill_dir: PathBuf,
    pub spill_bytes: u64,
}

/// Rows written again, in files that are durable.
#[derive(Debug, Clone, Default)]
pub struct RewrittenRows {
    pub files: Vec<DataFile>,
    pub rows_read: u64,
    pub rows_written: u64,
}

/// A table as its rows are rewritten.
struct Shape {
    table: TableSchema,
    columns: SchemaRef,
    ordering: Option<LexOrdering>,
}

/// Rows of a wide table, with values in columns for INFO keys that are younger than their file.
fn filled(table: &TableSchema, rows: RecordBatch) -> Result<RecordBatch> {
    if !table.is_wide() {
        return Ok(rows);
    }
    varberg_rows::with_typed_info(table, &rows).map_err(|_| Error::Internal("rows do not fit their table"))
}

impl Lake {
    /// Writes rows again, to `target`. None when `wanted` says no on the way; files written until then are left where they
    /// are. Must not be called inside async code.
    pub fn rewrite_rows(
        &self,
        rows: &RowsToRewrite,
        target: WriteTarget,
        options: WriterOptions,
        limits: &RewriteLimits,
        wanted: &dyn Fn() -> bool,
    ) -> Result<Option<RewrittenRows>> {
        let runtime = self.inner.runtime.clone();
        let shape = runtime.block_on(self.shape(&rows.metadata_location))?;
        let engine = self.engine(limits)?;
        let batch_rows = batch_rows(self, &shape, &rows.files, &engine, limits)?;
        let scan = scan(self, &shape.columns, &rows.files)?;
        let plan: Arc<dyn ExecutionPlan> = match shape.ordering.clone().filter(|_| rows.sort) {
            Some(ordering) => Arc::new(SortExec::new(ordering, scan)),
            None => scan,
        };
        let mut stream = self.begin(plan.as_ref(), &engine, batch_rows, limits)?;
        let mut writer = self.writer(target, &shape.table, options);
        let mut rewritten = RewrittenRows::default();
        while let Some(batch) = runtime.block_on(stream.next()) {
            if !wanted() {
                return Ok(None);
            }
            let batch = batch.map_err(engine_error)?;
            rewritten.rows_read += batch.num_rows() as u64;
            let kept = match &rows.without_job {
                Some(job) => without_job(&batch, job)?,
                None => batch,
            };
            rewritten.rows_written += kept.num_rows() as u64;
            if kept.num_rows() > 0 {
                writer.write(filled(&shape.table, kept)?)?;
            }
        }
        rewritten.files = runtime.block_on(writer.close()?.done())?;
        Ok(Some(rewritten))
    }

    /// Whether a file has a row of the job. Must not be called inside async code.
    pub fn holds_job(
        &self,
        metadata_location: &str,
        file: &FileInfo,
        job: &str,
        limits: &RewriteLimits,
    ) -> Result<bool> {
        let runtime = self.inner.runtime.clone();
        let shape = runtime.block_on(self.shape(metadata_location))?;
        let Ok(position) = shape.columns.index_of(JOB) else { return Ok(false) };
        let column = Arc::new(shape.columns.project(&[position])?);
        let plan = scan(self, &column, std::slice::from_ref(file))?;
        let mut stream = self.begin(plan.as_ref(), &self.engine(limits)?, MAX_BATCH_ROWS, limits)?;
        while let Some(batch) = runtime.block_on(stream.next()) {
            let batch = batch.map_err(engine_error)?;
            if without_job(&batch, job)?.num_rows() < batch.num_rows() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The columns that files of the table are grouped by.
    pub async fn grouped_by(&self, metadata_location: &str) -> Result<GroupedBy> {
        let Shape { table, .. } = self.shape(metadata_location).await?;
        let id = |name: &str| table.column(name).map(|column| column.id);
        let place = table.place.as_ref();
        Ok(GroupedBy {
            contig: place.and_then(|place| id(&place.contig)),
            start: place.and_then(|place| id(&place.start)),
            sample: id(SAMPLE),
        })
    }

    /// The files of the current snapshot that hold nothing but rows of the job, and those that may hold some.
    pub async fn files_of_job(&self, metadata_location: &str, job: &str) -> Result<(Vec<FileInfo>, Vec<FileInfo>)> {
        let id = self.shape(metadata_location).await?.table.column(JOB).map(|column| column.id);
        let (mut whole, mut perhaps) = (Vec::new(), Vec::new());
        for file in self.files(metadata_location).await? {
            let folder = file.location.split_once("/data/").and_then(|(_, rest)| rest.split('/').next());
            let bound = |bounds: &BTreeMap<i32, String>| id.and_then(|id| bounds.get(&id).cloned());
            let below = bound(&file.lower_bounds).is_some_and(|lower| job < lower.as_str());
            let above = bound(&file.upper_bounds).is_some_and(|upper| job > upper.as_str());
            if folder == Some(job) {
                whole.push(file);
            } else if !folder.is_some_and(is_job) && !below && !above {
                perhaps.push(file);
            }
        }
        Ok((whole, perhaps))
    }

    async fn shape(&self, metadata_location: &str) -> Result<Shape> {
        let metadata = self.read_metadata(metadata_location).await?;
        let mut table = table_schema(metadata.current_schema())?;
        let order = sort_columns(&metadata);
        if let [contig, start] = order.as_slice() {
            let end = if table.column("end").is_some() { "end" } else { start.as_str() };
            table.place = Some(PlaceColumns { contig: contig.clone(), start: start.clone(), end: end.to_owned() });
        }
        let columns = varberg_rows::arrow_schema(&table);
        let sample = (table.place.is_some() && table.column(SAMPLE).is_some()).then_some(SAMPLE);
        let end = table.place.as_ref().map(|place| place.end.as_str()).filter(|end| !order.iter().any(|c| c == end));
        let names = order.iter().map(String::as_str).chain(end).chain(sample);
        let options = SortOptions { descending: false, nulls_first: true };
        let keys: Vec<_> =
            names.filter_map(|name| Some(PhysicalSortExpr { expr: col(name, &columns).ok()?, options })).collect();
        let ordering = if order.is_empty() { None } else { LexOrdering::new(keys) };
        Ok(Shape { table, columns, ordering })
    }

    fn engine(&self, limits: &RewriteLimits) -> Result<Arc<RuntimeEnv>> {
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![limits.spill_dir.clone()]))
            .with_max_temp_directory_size(limits.spill_bytes);
        RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(GreedyMemoryPool::new(limits.memory_bytes)))
            .with_disk_manager_builder(disk)
            .with_object_store_registry(Arc::new(OnlyWarehouse(Arc::clone(&self.inner.store))))
            .build_arc()
            .map_err(engine_error)
    }

    fn begin(
        &self,
        plan: &dyn ExecutionPlan,
        engine: &Arc<RuntimeEnv>,
        batch_rows: usize,
        limits: &RewriteLimits,
    ) -> Result<SendableRecordBatchStream> {
        let config = SessionConfig::new()
            .with_batch_size(batch_rows)
            .with_target_partitions(1)
            .with_sort_spill_reservation_bytes(limits.memory_bytes / 8);
        let context = TaskContext::default().with_session_config(config).with_runtime(Arc::clone(engine));
        let _runtime = self.inner.runtime.enter(); // operators start tasks
        plan.execute(0, Arc::new(context)).map_err(engine_error)
    }
}

/// The rows of files, one after the other.
fn scan(lake: &Lake, columns: &SchemaRef, files: &[FileInfo]) -> Result<Arc<dyn ExecutionPlan>> {
    let file = |file: &FileInfo| {
        let path = Lake::object_path(lake.path_of(&file.location)?)?;
        Ok(PartitionedFile::new(path.to_string(), file.bytes))
    };
    let group = FileGroup::new(files.iter().map(file).collect::<Result<_>>()?);
    let url = ObjectStoreUrl::parse(WAREHOUSE_URL).map_err(engine_error)?;
    let source = Arc::new(ParquetSource::new(columns.clone()));
    let config = FileScanConfigBuilder::new(url, source).with_file_groups(vec![group]).build();
    Ok(DataSourceExec::from_data_source(config))
}

/// Rows of a batch, so that a batch takes a small part of the memory: a row may hold the calls of 100,000 samples.
fn batch_rows(
    lake: &Lake,
    shape: &Shape,
    files: &[FileInfo],
    engine: &Arc<RuntimeEnv>,
    limits: &RewriteLimits,
) -> Result<usize> {
    let Some(file) = files.iter().max_by_key(|file| file.bytes / file.rows.max(1)) else { return Ok(MAX_BATCH_ROWS) };
    let plan = scan(lake, &shape.columns, std::slice::from_ref(file))?;
    let mut stream = lake.begin(plan.as_ref(), engine, PROBE_ROWS, limits)?;
    let Some(batch) = lake.inner.runtime.block_on(stream.next()) else { return Ok(MAX_BATCH_ROWS) };
    let batch = batch.map_err(engine_error)?;
    let row_bytes = batch.get_array_memory_size() / batch.num_rows().max(1);
    Ok((limits.memory_bytes / BATCHES / row_bytes.max(1)).clamp(1, MAX_BATCH_ROWS))
}

fn without_job(batch: &RecordBatch, job: &str) -> Result<RecordBatch> {
    let other_type = || Error::Shape { reason: format!("it has no column {JOB} of text") };
    let jobs = batch.column_by_name(JOB).and_then(|column| column.as_string_opt::<i32>()).ok_or_else(other_type)?;
    let keep: BooleanArray = jobs.iter().map(|of| Some(of != Some(job))).collect();
    Ok(filter_record_batch(batch, &keep)?)
}

/// Whether a folder of data files is that of an import job.
fn is_job(folder: &str) -> bool {
    uuid::Uuid::try_parse(folder).is_ok()
}

fn engine_error(error: DataFusionError) -> Error {
    Error::Engine { source: Box::new(error) }
}
