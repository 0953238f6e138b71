//! A warehouse in a temporary directory, and rows to put into it.

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, ListArray, MapArray, RecordBatch, StringArray,
    StructArray, new_null_array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::DataType;
use datafusion::arrow::util::pretty::pretty_format_batches;
use futures::TryStreamExt;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use varberg_lake::{
    Append, DataFile, GrantedTable, JOB_ID, Lake, MemoryPointers, PointerStore, QueryError, QueryLimits, QueryRequest,
    S3Options, SwapResult, WarehouseConfig, WriteTarget, WriterOptions, append,
};
use varberg_model::TableSchema;

pub(crate) const NAMESPACE: &str = "variant_000000000000_0123456789";
pub(crate) const TABLE: &str = "cohort";

/// A row; the columns that are not here are null.
#[derive(Clone, Default)]
pub(crate) struct Row {
    pub(crate) contig: &'static str,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) sample: Option<&'static str>,
    pub(crate) names: Option<Vec<&'static str>>,
    pub(crate) qual: Option<f64>,
    pub(crate) attributes: Option<Vec<(&'static str, Option<&'static str>)>>,
    pub(crate) phased: Option<bool>,
    pub(crate) calls: Option<Vec<Option<i32>>>,
    pub(crate) depth: Option<i32>,
    pub(crate) record: i64,
}

pub(crate) fn row(contig: &'static str, start: i64, sample: &'static str) -> Row {
    Row { contig, start, end: start + 1, sample: Some(sample), ..Row::default() }
}

/// A batch with every column of the long layout.
pub(crate) fn batch(rows: &[Row]) -> RecordBatch {
    let schema = varberg_rows::arrow_schema(&TableSchema::variants_long());
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        let kind = field.data_type();
        match field.name().as_str() {
            "importjobid" => Arc::new(StringArray::from_iter_values(rows.iter().map(|_| "job"))),
            "contigname" => Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.contig))),
            "start" => Arc::new(rows.iter().map(|r| Some(r.start)).collect::<Int64Array>()),
            "end" => Arc::new(rows.iter().map(|r| Some(r.end)).collect::<Int64Array>()),
            "names" => list(kind, rows.iter().map(|r| r.names.clone()), |v| Arc::new(StringArray::from(v))),
            "qual" => Arc::new(rows.iter().map(|r| r.qual).collect::<Float64Array>()),
            "attributes" => map(kind, rows),
            "phased" => Arc::new(rows.iter().map(|r| r.phased).collect::<BooleanArray>()),
            "calls" => list(kind, rows.iter().map(|r| r.calls.clone()), |v| Arc::new(Int32Array::from(v))),
            "depth" => Arc::new(rows.iter().map(|r| r.depth).collect::<Int32Array>()),
            "sampleid" => Arc::new(rows.iter().map(|r| r.sample).collect::<StringArray>()),
            "_record" => Arc::new(rows.iter().map(|r| Some(r.record)).collect::<Int64Array>()),
            _ => new_null_array(kind, rows.len()),
        }
    });
    RecordBatch::try_new(schema.clone(), columns.collect()).unwrap()
}

fn list<T>(
    kind: &DataType,
    rows: impl Iterator<Item = Option<Vec<T>>>,
    array: impl FnOnce(Vec<T>) -> ArrayRef,
) -> ArrayRef {
    let DataType::List(element) = kind else { panic!("{kind} is no list") };
    let rows: Vec<Option<Vec<T>>> = rows.collect();
    let offsets = OffsetBuffer::from_lengths(rows.iter().map(|r| r.as_ref().map_or(0, Vec::len)));
    let nulls: NullBuffer = rows.iter().map(Option::is_some).collect::<Vec<_>>().into();
    let values = array(rows.into_iter().flatten().flatten().collect());
    Arc::new(ListArray::new(element.clone(), offsets, values, Some(nulls)))
}

fn map(kind: &DataType, rows: &[Row]) -> ArrayRef {
    let DataType::Map(entries, _) = kind else { panic!("{kind} is no map") };
    let DataType::Struct(fields) = entries.data_type() else { panic!("entries are no struct") };
    let maps: Vec<_> = rows.iter().map(|r| r.attributes.clone()).collect();
    let offsets = OffsetBuffer::from_lengths(maps.iter().map(|m| m.as_ref().map_or(0, Vec::len)));
    let nulls: NullBuffer = maps.iter().map(Option::is_some).collect::<Vec<_>>().into();
    let pairs: Vec<_> = maps.into_iter().flatten().flatten().collect();
    let keys: ArrayRef = Arc::new(StringArray::from_iter_values(pairs.iter().map(|p| p.0)));
    let values: ArrayRef = Arc::new(pairs.iter().map(|p| p.1).collect::<StringArray>());
    let pairs = StructArray::new(fields.clone(), vec![keys, values], None);
    Arc::new(MapArray::new(entries.clone(), offsets, pairs, Some(nulls), false))
}

/// A warehouse with one table.
pub(crate) struct World {
    pub(crate) directory: TempDir,
    pub(crate) lake: Lake,
    pub(crate) pointers: MemoryPointers,
}

impl World {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let lake = Lake::open(warehouse(directory.path())).await.unwrap();
        let world = Self { directory, lake, pointers: MemoryPointers::default() };
        world.create(TABLE).await;
        world
    }

    pub(crate) async fn create(&self, table: &str) {
        let path = format!("{NAMESPACE}/{table}");
        let location = self.lake.create_table(&path, &TableSchema::variants_long()).await.unwrap();
        self.pointers.set(NAMESPACE, table, &location);
    }

    /// Writes one file for each batch, and publishes nothing.
    pub(crate) async fn write(&self, job: &str, batches: Vec<RecordBatch>) -> Vec<DataFile> {
        let (lake, job) = (self.lake.clone(), job.to_owned());
        let write = move || {
            let mut files = Vec::new();
            for batch in batches {
                files.extend(write_with(&lake, &job, vec![batch], WriterOptions::default()));
            }
            files
        };
        tokio::task::spawn_blocking(write).await.unwrap()
    }

    pub(crate) async fn append(&self, table: &str, job: &str, files: Vec<DataFile>) -> SwapResult {
        let append = vec![appended(table, job, files)];
        self::append(&self.lake, &self.pointers, &append, &(), || ()).await.unwrap()
    }

    /// Writes and publishes.
    pub(crate) async fn add(&self, table: &str, job: &str, batches: Vec<RecordBatch>) -> Vec<DataFile> {
        let files = self.write(job, batches).await;
        assert_eq!(self.append(table, job, files.clone()).await, SwapResult::Swapped);
        files
    }

    pub(crate) async fn location(&self, table: &str) -> String {
        self.pointers.load(NAMESPACE, table).await.unwrap()
    }

    pub(crate) async fn request(&self, sql: &str, tables: &[&str]) -> QueryRequest {
        let mut granted = Vec::new();
        for table in tables {
            granted.push(GrantedTable {
                schemas: vec!["default".to_owned(), NAMESPACE.to_owned()],
                name: (*table).to_owned(),
                metadata_location: self.location(table).await,
                samples_location: None,
                hidden_columns: false,
            });
        }
        let spill_dir = self.directory.path().join("spill");
        std::fs::create_dir_all(&spill_dir).unwrap();
        let limits =
            QueryLimits { memory_bytes: 256 << 20, time_s: 60, spill_dir, spill_bytes: 1 << 30, target_partitions: 3 };
        let warehouse = warehouse(self.directory.path());
        QueryRequest {
            sql: sql.to_owned(),
            tables: granted,
            limits,
            warehouse,
            contig_aliases: Vec::new(),
            schema: String::new(),
        }
    }

    pub(crate) async fn try_query(&self, sql: &str) -> Result<Vec<RecordBatch>, QueryError> {
        let request = self.request(sql, &[TABLE]).await;
        let stream = varberg_lake::query::run(request).await?;
        stream.try_collect().await.map_err(|error| QueryError::from_engine(&error))
    }

    /// The answer as a table, one string.
    pub(crate) async fn query(&self, sql: &str) -> String {
        match self.try_query(sql).await {
            Ok(batches) => pretty_format_batches(&batches).unwrap().to_string(),
            Err(error) => format!("{error:?}"),
        }
    }

    /// The rows of the answer, values separated by spaces.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<String> {
        let table = self.query(sql).await;
        let cells = |line: &str| line.split('|').map(str::trim).filter(|c| !c.is_empty()).collect::<Vec<_>>().join(" ");
        let lines: Vec<String> = table.lines().filter(|l| l.starts_with('|')).map(cells).collect();
        if lines.is_empty() && !table.starts_with('+') { vec![table] } else { lines.into_iter().skip(1).collect() }
    }
}

pub(crate) fn warehouse(directory: &Path) -> WarehouseConfig {
    WarehouseConfig { uri: format!("file://{}/warehouse", directory.display()), s3: S3Options::default() }
}

pub(crate) fn write_with(lake: &Lake, job: &str, batches: Vec<RecordBatch>, options: WriterOptions) -> Vec<DataFile> {
    let table_path = format!("{NAMESPACE}/{TABLE}");
    let target = WriteTarget { table_path, job: job.to_owned(), epoch: 1 };
    let mut writer = lake.writer(target, &TableSchema::variants_long(), options);
    batches.into_iter().for_each(|batch| writer.write(batch).unwrap());
    let written = writer.close().unwrap();
    tokio::runtime::Handle::current().block_on(written.done()).unwrap()
}

pub(crate) fn appended(table: &str, job: &str, files: Vec<DataFile>) -> Append {
    Append {
        namespace: NAMESPACE.to_owned(),
        name: table.to_owned(),
        files,
        summary: BTreeMap::from([(JOB_ID.to_owned(), job.to_owned())]),
        content: varberg_lake::AppendContent::Rows,
        tag: format!("{job}-1"),
    }
}
