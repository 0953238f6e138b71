//! Forms of an answer: which one `Accept` asks for, and how batches become its bytes.

use super::nested;
use crate::error::ApiError;
use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_json::writer::{JsonArray, LineDelimited};
use arrow_schema::SchemaRef;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Rows after which a part of a Parquet answer is sent; also bounds what is held in memory.
const PARQUET_GROUP_ROWS: usize = 128 * 1024;

/// Error of a writer; its text is for the log.
pub(crate) type WriteError = Box<dyn std::error::Error + Send + Sync>;

/// What an answer is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// An Arrow IPC stream.
    Arrow,
    /// RFC 4180 with a heading; nested values are JSON text, null is an empty cell.
    Csv,
    /// As CSV, with tabs.
    Tsv,
    /// An array of objects: maps as objects, lists as arrays, null where there is none.
    Json,
    /// One object on each line.
    Ndjson,
    Parquet,
}

impl Form {
    const MEDIA_TYPES: [(&'static str, Self); 9] = [
        ("application/json", Self::Json),
        ("application/vnd.apache.arrow.stream", Self::Arrow),
        ("text/csv", Self::Csv),
        ("text/tab-separated-values", Self::Tsv),
        ("application/x-ndjson", Self::Ndjson),
        ("application/vnd.apache.parquet", Self::Parquet),
        ("application/x-parquet", Self::Parquet),
        ("application/*", Self::Json),
        ("*/*", Self::Json),
    ];

    /// The most wanted form (RFC 9110, 12.5.1); JSON when nothing is asked for.
    pub(crate) fn of_accept<'a>(headers: impl Iterator<Item = &'a str>) -> Result<Self, ApiError> {
        let mut best: Option<(f32, Self)> = None;
        let mut asked = false;
        for range in headers.flat_map(|header| header.split(',')).map(str::trim).filter(|range| !range.is_empty()) {
            asked = true;
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
            let known = Self::MEDIA_TYPES.iter().find(|(media_type, _)| name.eq_ignore_ascii_case(media_type));
            if let Some((_, form)) = known
                && weight > best.map_or(0.0, |(weight, _)| weight)
            {
                best = Some((weight, *form));
            }
        }
        match best {
            Some((_, form)) => Ok(form),
            None if !asked => Ok(Self::Json),
            None => {
                let known: Vec<&str> = Self::MEDIA_TYPES.iter().map(|(name, _)| *name).collect();
                Err(ApiError::Invalid(format!("Accept names no form of an answer; write one of {}", known.join(", "))))
            }
        }
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Tsv => "text/tab-separated-values; charset=utf-8",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// Where writers write to: bytes that are taken away, piece by piece. A clone is the same place.
///
/// arrow-csv does not give access to what is below it, hence the lock; it is never contended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pieces(Arc<Mutex<Vec<u8>>>);

impl Pieces {
    fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Turns batches into bytes of one form. What is written is taken away with [`Writer::take`].
pub(crate) struct Writer {
    pieces: Pieces,
    kind: Kind,
}

enum Kind {
    Arrow(Box<StreamWriter<Pieces>>),
    Delimited(Box<arrow_csv::Writer<Pieces>>),
    Json(arrow_json::Writer<Pieces, JsonArray>),
    Ndjson(arrow_json::Writer<Pieces, LineDelimited>),
    Parquet(Box<ArrowWriter<Pieces>>),
}

impl Writer {
    /// A writer for answers of `schema`.
    pub(crate) fn new(form: Form, schema: &SchemaRef) -> Result<Self, WriteError> {
        let pieces = Pieces::default();
        let json = || arrow_json::WriterBuilder::new().with_explicit_nulls(true);
        let kind = match form {
            Form::Arrow => Kind::Arrow(Box::new(StreamWriter::try_new(pieces.clone(), schema)?)),
            Form::Csv | Form::Tsv => {
                let delimiter = if form == Form::Csv { b',' } else { b'\t' };
                let mut writer = arrow_csv::WriterBuilder::new().with_delimiter(delimiter).build(pieces.clone());
                // The heading comes with the first batch: an answer without rows has one too.
                writer.write(&nested::to_text(&RecordBatch::new_empty(schema.clone()))?)?;
                Kind::Delimited(Box::new(writer))
            }
            Form::Json => Kind::Json(json().build(pieces.clone())),
            Form::Ndjson => Kind::Ndjson(json().build(pieces.clone())),
            Form::Parquet => return Self::parquet(schema, Compression::ZSTD(ZstdLevel::default())),
        };
        Ok(Self { pieces, kind })
    }

    /// A writer of Parquet.
    pub(crate) fn parquet(schema: &SchemaRef, compression: Compression) -> Result<Self, WriteError> {
        let pieces = Pieces::default();
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .set_max_row_group_row_count(Some(PARQUET_GROUP_ROWS))
            .build();
        let writer = ArrowWriter::try_new(pieces.clone(), schema.clone(), Some(properties))?;
        Ok(Self { pieces, kind: Kind::Parquet(Box::new(writer)) })
    }

    /// What was written since the last call.
    pub(crate) fn take(&mut self) -> Bytes {
        self.pieces.take()
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), WriteError> {
        match &mut self.kind {
            Kind::Arrow(writer) => writer.write(batch)?,
            Kind::Delimited(writer) => writer.write(&nested::to_text(batch)?)?,
            Kind::Json(writer) => writer.write(&nested::with_text_keys(batch)?)?,
            Kind::Ndjson(writer) => writer.write(&nested::with_text_keys(batch)?)?,
            Kind::Parquet(writer) => writer.write(batch)?,
        }
        Ok(())
    }

    /// Writes what comes after the last batch.
    pub(crate) fn finish(&mut self) -> Result<(), WriteError> {
        match &mut self.kind {
            Kind::Arrow(writer) => writer.finish()?,
            Kind::Delimited(_) => {}
            Kind::Json(writer) => writer.finish()?,
            Kind::Ndjson(writer) => writer.finish()?,
            Kind::Parquet(writer) => {
                writer.finish()?;
            }
        }
        Ok(())
    }
}
