//! One Parquet file under way: row groups bounded in memory, the order of rows watched, metrics at the end.

use super::encodings::properties;
use super::metrics::{Doubles, column_metrics};
use super::place::Place;
use super::present::Present;
use super::{DataFile, WriterOptions};
use crate::upload::{Finishing, Upload};
use crate::{Error, Lake, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, SchemaRef};
use parquet::arrow::ArrowWriter;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// A row group ends with its contig when it has at least this many rows, so that row groups can be skipped by contig.
const MIN_ROW_GROUP_ROWS: usize = 1 << 14;

pub(super) struct ParquetFile {
    location: String,
    writer: ArrowWriter<Sink>,
    row_group_bytes: usize,
    rows: u64,
    order: Order,
    /// By column position, for top-level columns of type double.
    doubles: BTreeMap<usize, Doubles>,
    present: Present,
}

/// The last place written, while rows are in order.
#[derive(Default)]
struct Order {
    contig: Option<String>,
    start: i64,
    broken: bool,
}

impl ParquetFile {
    pub(super) fn create(
        lake: &Lake,
        path: &str,
        schema: &SchemaRef,
        place: Option<Place>,
        options: WriterOptions,
    ) -> Result<Self> {
        let coordinates = place.map(|place| place.coordinates(schema)).unwrap_or_default();
        let properties = properties(schema, &coordinates, &options)?;
        let sink = Sink(Some(lake.upload(path)?));
        let doubles = schema.fields().iter().enumerate().filter(|(_, f)| *f.data_type() == DataType::Float64);
        Ok(Self {
            location: lake.location(path),
            writer: ArrowWriter::try_new(sink, schema.clone(), Some(properties))?,
            row_group_bytes: options.row_group_bytes,
            rows: 0,
            order: Order::default(),
            doubles: doubles.map(|(column, _)| (column, Doubles::default())).collect(),
            present: Present::default(),
        })
    }

    /// The contig of the last row.
    pub(super) fn contig(&self) -> Option<&str> {
        self.order.contig.as_deref()
    }

    /// Bytes of the file so far, as far as they are known.
    pub(super) fn bytes(&self) -> u64 {
        (self.writer.bytes_written() + self.writer.in_progress_size()) as u64
    }

    /// Writes rows of one contig.
    pub(super) fn write(&mut self, place: Place, batch: &RecordBatch) -> Result<()> {
        self.order.watch(place, batch)?;
        self.add(batch)
    }

    /// Writes rows in whatever order; the file does not count as sorted.
    pub(super) fn write_unordered(&mut self, batch: &RecordBatch) -> Result<()> {
        self.order.broken = true;
        self.add(batch)
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        for (column, doubles) in &mut self.doubles {
            if let Some(values) = batch.columns().get(*column).and_then(|c| c.as_primitive_opt::<Float64Type>()) {
                values.iter().flatten().for_each(|value| doubles.add(value));
            }
        }
        self.present.add(batch);
        self.writer.write(batch)?;
        self.rows += batch.num_rows() as u64;
        if self.writer.memory_size() >= self.row_group_bytes || self.writer.in_progress_size() >= self.row_group_bytes {
            self.writer.flush()?;
        }
        Ok(())
    }

    /// Another contig follows.
    pub(super) fn end_contig(&mut self) -> Result<()> {
        if self.writer.in_progress_rows() >= MIN_ROW_GROUP_ROWS {
            self.writer.flush()?;
        }
        Ok(())
    }

    /// The file, which is on its way to the store.
    pub(super) fn close(mut self) -> Result<(DataFile, Finishing)> {
        let metadata = self.writer.finish()?;
        let upload = self.writer.inner_mut().0.take().ok_or(Error::Internal("a data file was closed twice"))?;
        let bytes = upload.written();
        let (columns, split_offsets) = column_metrics(&metadata, &self.doubles, &self.present);
        let sorted = !self.order.broken;
        let file = DataFile { path: self.location, rows: self.rows, bytes, sorted, columns, split_offsets };
        Ok((file, upload.finish_beside()))
    }
}

impl Order {
    /// Rows of one contig.
    fn watch(&mut self, place: Place, batch: &RecordBatch) -> Result<()> {
        let places = place.values(batch)?;
        let contig = places.contigs.is_valid(0).then(|| places.contigs.value(0));
        let nulls = places.contigs.null_count() > 0 || places.starts.null_count() > 0;
        self.broken |= nulls;
        if self.contig.as_deref() != contig {
            self.broken |= self.contig.as_deref() > contig;
            self.contig = contig.map(str::to_owned);
            self.start = i64::MIN;
        }
        for start in places.starts.values() {
            self.broken |= *start < self.start;
            self.start = *start;
        }
        Ok(())
    }
}

/// The upload, until it is taken out to be finished.
struct Sink(Option<Upload>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Some(upload) => upload.write(bytes),
            None => Err(io::Error::other("the data file is closed")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
