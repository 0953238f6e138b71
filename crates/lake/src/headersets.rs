//! What the vectors of wide tables are over: the table of samples that goes with each of them. In: headersets. Out: data
//! files of that table, one for each headerset, and back. A headerset never changes, so its rows are written once.

use crate::{DataFile, Error, Lake, Result, WriteTarget, WriterOptions};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use futures::{StreamExt, TryStreamExt, stream};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use varberg_model::TableSchema;
use varberg_rows::{FormatColumn, HeaderSets, Number, RecordShape, ValueKind};

/// Files of the table of samples read at a time.
const FILES_AT_ONCE: usize = 16;

/// A FORMAT declaration as the table keeps it: ID, Number, Type, and whether the header has it.
#[derive(Debug, Serialize, Deserialize)]
struct Declaration(String, String, String, bool);

impl Declaration {
    fn of(format: &FormatColumn) -> Self {
        let number = match format.number {
            Number::Count(count) => count.to_string(),
            Number::A => "A".to_owned(),
            Number::R => "R".to_owned(),
            Number::G => "G".to_owned(),
            Number::Unknown => ".".to_owned(),
            Number::Other => "?".to_owned(),
        };
        let kind = match format.kind {
            ValueKind::Integer => "Integer",
            ValueKind::Float => "Float",
            ValueKind::Flag => "Flag",
            ValueKind::Character => "Character",
            ValueKind::String => "String",
        };
        Self(format.id.clone(), number, kind.to_owned(), format.declared)
    }

    fn format(self) -> Option<FormatColumn> {
        let Self(id, number, kind, declared) = self;
        let number = match number.as_str() {
            "A" => Number::A,
            "R" => Number::R,
            "G" => Number::G,
            "." => Number::Unknown,
            "?" => Number::Other,
            count => Number::Count(count.parse().ok()?),
        };
        let kind = match kind.as_str() {
            "Integer" => ValueKind::Integer,
            "Float" => ValueKind::Float,
            "Flag" => ValueKind::Flag,
            "Character" => ValueKind::Character,
            "String" => ValueKind::String,
            _ => return None,
        };
        Some(FormatColumn { id, number, kind, declared })
    }
}

impl Lake {
    /// Writes the rows of a headerset. Blocking: not to be called inside async code.
    pub fn write_headerset(&self, target: WriteTarget, id: i64, shape: &RecordShape) -> Result<crate::Written> {
        let mut writer = self.writer(target, &TableSchema::samples(), WriterOptions::default());
        writer.write(rows(id, shape)?)?;
        writer.close()
    }

    /// The headersets that the table of samples at `metadata_location` knows.
    pub async fn headersets(&self, metadata_location: &str) -> Result<HeaderSets> {
        let metadata = self.read_metadata(metadata_location).await?;
        let mut sets = HeaderSets::default();
        let Some(snapshot) = metadata.current_snapshot() else { return Ok(sets) };
        let mut files = Vec::new();
        for manifest in self.manifests(&metadata, snapshot).await? {
            let content = self.manifest(&manifest).await?;
            let live = content.entries().iter().filter(|entry| entry.is_alive());
            files.extend(live.map(|entry| entry.file_path().to_owned()));
        }
        let read = files.into_iter().map(|file| async move { self.get(self.path_of(&file)?).await });
        let mut read = stream::iter(read).buffered(FILES_AT_ONCE);
        while let Some(bytes) = read.try_next().await? {
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)?.build()?;
            let batches = reader.collect::<Result<Vec<_>, _>>()?;
            add(&batches, &mut sets).ok_or_else(|| damaged(metadata_location))?;
        }
        Ok(sets)
    }
}

fn damaged(location: &str) -> Error {
    Error::Foreign { location: location.to_owned(), reason: "it is not a table of samples of ours".to_owned() }
}

/// The headerset that a data file of the table of samples holds.
pub(crate) fn headerset_of(file: &DataFile) -> Option<i64> {
    let id = TableSchema::samples().column("headerset")?.id;
    match file.columns.get(&id)?.lower.as_ref()? {
        crate::Bound::Long(id) => Some(*id),
        _ => None,
    }
}

fn rows(id: i64, shape: &RecordShape) -> Result<RecordBatch> {
    let declarations: Vec<Declaration> = shape.formats.iter().map(Declaration::of).collect();
    let formats =
        serde_json::to_string(&declarations).map_err(|_| Error::Internal("declarations have no JSON form"))?;
    let rows = shape.samples.len().max(1);
    let has_samples = !shape.samples.is_empty();
    let positions = (0..).take(rows).map(|position| has_samples.then_some(position));
    let names = (0..rows).map(|position| shape.samples.get(position).map(String::as_str));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_value(id, rows)),
        Arc::new(positions.collect::<Int32Array>()),
        Arc::new(names.collect::<StringArray>()),
        Arc::new(StringArray::from_iter_values(std::iter::repeat_n(&formats, rows))),
    ];
    Ok(RecordBatch::try_new(varberg_rows::arrow_schema(&TableSchema::samples()), columns)?)
}

/// Adds the headersets of a file.
fn add(batches: &[RecordBatch], sets: &mut HeaderSets) -> Option<()> {
    let mut found: BTreeMap<i64, (Vec<String>, String)> = BTreeMap::new();
    for batch in batches {
        let ids = batch.column_by_name("headerset")?.as_primitive_opt::<Int64Type>()?;
        let positions = batch.column_by_name("position")?.as_primitive_opt::<Int32Type>()?;
        let names = batch.column_by_name("sampleid")?.as_string_opt::<i32>()?;
        let formats = batch.column_by_name("formats")?.as_string_opt::<i32>()?;
        for row in 0..batch.num_rows() {
            let (samples, _) =
                found.entry(ids.value(row)).or_insert_with(|| (Vec::new(), formats.value(row).to_owned()));
            if positions.is_valid(row) {
                // Rows of a headerset stand in their order.
                (usize::try_from(positions.value(row)).ok()? == samples.len()).then_some(())?;
                samples.push(names.value(row).to_owned());
            }
        }
    }
    for (id, (samples, formats)) in found {
        let declarations: Vec<Declaration> = serde_json::from_str(&formats).ok()?;
        let formats = declarations.into_iter().map(Declaration::format).collect::<Option<Vec<_>>>()?;
        sets.add(id, &Arc::new(RecordShape { samples: samples.into(), formats })).ok()?;
    }
    Some(())
}
