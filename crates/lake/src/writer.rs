//! Record batches to data files of a table, with the metrics that Iceberg wants. Synchronous: runs on a plain thread.
//!
//! Rows pass through a sort window, so that input that is nearly sorted leaves sorted; whether a file really is sorted is
//! decided by what was written. Memory is bounded by the window, one row group in progress and a few upload parts.

mod encodings;
mod metrics;
mod parquet_file;
mod place;
mod present;
mod window;

use crate::upload::Finishing;
use crate::{Error, Lake, Result};
use arrow_array::{Array, RecordBatch, StringArray};
use arrow_schema::SchemaRef;
use parquet_file::ParquetFile;
use place::Place;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;
use varberg_model::TableSchema;
use window::Window;

/// Rows that change their contig so often, and after so few rows each time, are not worth ordering: they are written as they
/// come, because every change would end what the window holds.
const SCATTERED_RUNS: usize = 64;
const SCATTERED_ROWS: usize = 4;

/// A file of at least this part of the wanted size is closed when another contig begins.
const LARGE_ENOUGH: u64 = 64;

/// Where the files of a writer go, and whose they are.
#[derive(Debug, Clone)]
pub struct WriteTarget {
    /// Below the warehouse.
    pub table_path: String,
    pub job: String,
    pub epoch: i64,
}

/// Sizes that bound memory and files.
#[derive(Debug, Clone, Copy)]
pub struct WriterOptions {
    /// A row group is written when it holds this many bytes in memory.
    pub row_group_bytes: usize,
    /// A file ends when it has this many bytes.
    pub file_bytes: u64,
    /// Rows that may be out of order by at most about half this many rows are brought in order.
    pub sort_window_rows: usize,
    /// Rows side by side that tell the same about their site: one for each sample of a file.
    pub rows_of_a_record: usize,
    /// Samples whose values stand in one vector; 0 where there are no vectors.
    pub vector_samples: usize,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self {
            row_group_bytes: 64 << 20,
            file_bytes: 384 << 20,
            sort_window_rows: 1 << 16,
            rows_of_a_record: 1,
            vector_samples: 0,
        }
    }
}

/// A finished data file. The caller versions what it stores of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Location (absolute URI).
    pub path: String,
    pub rows: u64,
    pub bytes: u64,
    /// Whether every row was written in the order of its contig and start, names compared as bytes.
    pub sorted: bool,
    /// By field id, for every column that holds values (leaves of nested columns too).
    pub columns: BTreeMap<i32, ColumnMetrics>,
    /// Where row groups begin.
    pub split_offsets: Vec<i64>,
}

/// Iceberg's metrics of one leaf column in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnMetrics {
    /// Compressed bytes.
    pub size: u64,
    /// Values, nulls included; in lists and maps one for each element and each empty or absent list.
    pub values: u64,
    pub nulls: u64,
    /// Known for top-level columns of type double.
    pub nans: Option<u64>,
    /// Only of top-level columns: no value is smaller.
    pub lower: Option<Bound>,
    /// Only of top-level columns: no value is greater.
    pub upper: Option<Bound>,
}

/// A bound of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bound {
    Boolean(bool),
    Int(i32),
    Long(i64),
    /// As bits, because JSON numbers do not keep every double.
    Double {
        bits: u64,
    },
    /// At most 16 characters.
    String(String),
}

impl Lake {
    /// A writer of data files with the columns of `schema`, hidden ones included.
    ///
    /// Files are named `<table_path>/data/<job>/<epoch>/<uuid>.parquet`. Dropping the writer aborts the open file; what it
    /// finished stays until the janitor removes it. To be used and dropped outside async code.
    pub fn writer(&self, target: WriteTarget, schema: &TableSchema, options: WriterOptions) -> DataFileWriter {
        let place = schema.place.as_ref().and_then(|place| Place::of(schema, place));
        DataFileWriter {
            lake: self.clone(),
            schema: varberg_rows::arrow_schema(schema),
            place,
            window: place.map(|place| Window::new(place, options.sort_window_rows)),
            target,
            options,
            open: None,
            written: Written::default(),
        }
    }
}

/// Writes the rows of one table.
pub struct DataFileWriter {
    lake: Lake,
    schema: SchemaRef,
    target: WriteTarget,
    options: WriterOptions,
    place: Option<Place>,
    /// There if rows have a place.
    window: Option<Window>,
    open: Option<ParquetFile>,
    written: Written,
}

/// Data files that are complete, of which the last ones are perhaps not yet visible and durable.
#[derive(Default)]
pub struct Written {
    files: Vec<DataFile>,
    finishing: Vec<Finishing>,
}

impl Written {
    /// Waits until all files are visible and durable. Returns them in the order they were written.
    pub async fn done(self) -> Result<Vec<DataFile>> {
        for file in self.finishing {
            file.done().await?;
        }
        Ok(self.files)
    }
}

impl DataFileWriter {
    /// Adds rows. After an error the writer must be dropped.
    ///
    /// - In: a batch with exactly the table's columns.
    /// - Errors: [`Error::Shape`] for other columns; storage and Parquet errors.
    pub fn write(&mut self, batch: RecordBatch) -> Result<()> {
        let batch = self.check_shape(batch)?;
        let Some(place) = self.place else { return self.emit_unordered(&batch) };
        let places = place.values(&batch)?;
        let runs: Vec<(usize, usize)> = contig_runs(&places.contigs);
        if runs.len() > SCATTERED_RUNS && runs.len() * SCATTERED_ROWS > batch.num_rows() {
            self.empty_window()?;
            return self.emit_unordered(&batch);
        }
        let row_bytes = batch.get_array_memory_size() / batch.num_rows().max(1);
        for (first, rows) in runs {
            let run = batch.slice(first, rows);
            let contig = places.contigs.is_valid(first).then(|| places.contigs.value(first));
            if self.window.as_ref().is_some_and(|window| !window.holds(contig)) {
                self.empty_window()?;
            }
            let Some(window) = &mut self.window else { continue };
            let ready = window.push(contig, run, row_bytes)?;
            self.emit_all(ready)?;
        }
        Ok(())
    }

    /// Writes what is left. The store makes the last file visible and durable while the calling thread goes on.
    pub fn close(mut self) -> Result<Written> {
        self.empty_window()?;
        self.close_file()?;
        Ok(std::mem::take(&mut self.written))
    }

    fn empty_window(&mut self) -> Result<()> {
        let rest = self.window.as_mut().map_or(Ok(Vec::new()), Window::drain)?;
        self.emit_all(rest)
    }

    fn check_shape(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let types = |schema: &SchemaRef| schema.fields().iter().map(|f| f.data_type().clone()).collect::<Vec<_>>();
        if types(&self.schema) != types(&batch.schema()) {
            let reason = format!("expected {} columns, got {}", self.schema.fields().len(), batch.num_columns());
            return Err(Error::Shape { reason });
        }
        Ok(batch.with_schema(self.schema.clone())?)
    }

    fn emit_all(&mut self, batches: Vec<RecordBatch>) -> Result<()> {
        batches.into_iter().filter(|b| b.num_rows() > 0).try_for_each(|batch| self.emit(&batch))
    }

    /// Writes rows of one contig.
    fn emit(&mut self, batch: &RecordBatch) -> Result<()> {
        let Some(place) = self.place else { return self.emit_unordered(batch) };
        let contigs = place.values(batch)?.contigs;
        let contig = contigs.is_valid(0).then(|| contigs.value(0));
        if let Some(open) = &mut self.open
            && open.contig() != contig
        {
            open.end_contig()?;
            if open.bytes() >= self.options.file_bytes / LARGE_ENOUGH {
                self.close_file()?;
            }
        }
        self.open_file()?.write(place, batch)?;
        self.close_full_file()
    }

    /// Writes rows as they come.
    fn emit_unordered(&mut self, batch: &RecordBatch) -> Result<()> {
        self.open_file()?.write_unordered(batch)?;
        self.close_full_file()
    }

    fn open_file(&mut self) -> Result<&mut ParquetFile> {
        let open = match self.open.take() {
            Some(open) => open,
            None => self.begin_file()?,
        };
        Ok(self.open.insert(open))
    }

    fn close_full_file(&mut self) -> Result<()> {
        if self.open.as_ref().is_some_and(|open| open.bytes() >= self.options.file_bytes) {
            self.close_file()?;
        }
        Ok(())
    }

    fn begin_file(&self) -> Result<ParquetFile> {
        let WriteTarget { table_path, job, epoch } = &self.target;
        let path = format!("{table_path}/data/{job}/{epoch}/{}.parquet", Uuid::new_v4());
        ParquetFile::create(&self.lake, &path, &self.schema, self.place, self.options)
    }

    fn close_file(&mut self) -> Result<()> {
        if let Some(file) = self.open.take() {
            // One file at a time is on its way: each still holds its last bytes in memory.
            for earlier in self.written.finishing.drain(..) {
                self.lake.inner.runtime.block_on(earlier.done())?;
            }
            let (file, finishing) = file.close()?;
            self.written.files.push(file);
            self.written.finishing.push(finishing);
        }
        Ok(())
    }
}

impl Drop for DataFileWriter {
    /// What is on its way arrives: a file that came later would escape those who remove what a failed job has left.
    fn drop(&mut self) {
        for file in self.written.finishing.drain(..) {
            if let Err(error) = self.lake.inner.runtime.block_on(file.done()) {
                tracing::debug!(%error, "a data file of an abandoned writer could not be stored");
            }
        }
    }
}

/// First row and number of rows of each run of rows with the same contig name.
fn contig_runs(contigs: &StringArray) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let mut previous: Option<Option<&str>> = None;
    for (row, contig) in contigs.iter().enumerate() {
        match runs.last_mut() {
            Some((_, rows)) if previous == Some(contig) => *rows += 1,
            _ => runs.push((row, 1)),
        }
        previous = Some(contig);
    }
    runs
}
