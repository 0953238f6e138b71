//! One data file as the query engine sees it, and the bounds of many files for pruning.

use super::has_bounds;
use crate::iceberg_schema::SORT_ORDER_ID;
use crate::{Error, Lake, Result};
use arrow_array::{ArrayRef, BooleanArray, UInt64Array};
use arrow_schema::SchemaRef;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, ColumnStatistics, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use iceberg::spec::{DataFile, Datum, PrimitiveLiteral};
use object_store::ObjectMeta;
use object_store::path::Path;
use std::collections::HashSet;
use std::sync::Arc;
use varberg_model::TableSchema;

/// A data file of the snapshot.
#[derive(Debug)]
pub(crate) struct ScanFile {
    path: Path,
    pub(crate) bytes: u64,
    /// Whether the rows lie in the table's sort order; so verified by the writer.
    pub(crate) sorted: bool,
    /// Of the columns that statements see, in their order.
    pub(crate) statistics: Arc<Statistics>,
}

impl ScanFile {
    pub(crate) fn new(lake: &Lake, file: &DataFile, shown: &TableSchema) -> Result<Self> {
        let path = Lake::object_path(lake.path_of(file.file_path())?)?;
        let rows = usize::try_from(file.record_count()).map_err(|_| Error::Internal("a file has too many rows"))?;
        let arrow = varberg_rows::arrow_schema(shown);
        let columns = shown.columns.iter().zip(arrow.fields());
        let column_statistics = columns.map(|(column, field)| match has_bounds(field.data_type()) {
            true => column_statistics(file, column.id),
            false => ColumnStatistics::new_unknown(),
        });
        let statistics = Statistics {
            num_rows: Precision::Exact(rows),
            total_byte_size: usize::try_from(file.file_size_in_bytes()).map_or(Precision::Absent, Precision::Inexact),
            column_statistics: column_statistics.collect(),
        };
        Ok(Self {
            path,
            bytes: file.file_size_in_bytes(),
            sorted: file.sort_order_id() == Some(SORT_ORDER_ID),
            statistics: Arc::new(statistics),
        })
    }

    pub(crate) fn partitioned(&self) -> PartitionedFile {
        let meta = ObjectMeta {
            location: self.path.clone(),
            last_modified: chrono::DateTime::UNIX_EPOCH, // data files never change
            size: self.bytes,
            e_tag: None,
            version: None,
        };
        PartitionedFile::new_from_meta(meta).with_statistics(Arc::clone(&self.statistics))
    }
}

fn column_statistics(file: &DataFile, id: i32) -> ColumnStatistics {
    let bound = |bound: Option<&Datum>| bound.and_then(scalar).map_or(Precision::Absent, Precision::Inexact);
    let nulls = file.null_value_counts().get(&id).and_then(|count| usize::try_from(*count).ok());
    ColumnStatistics {
        null_count: nulls.map_or(Precision::Absent, Precision::Exact),
        min_value: bound(file.lower_bounds().get(&id)),
        max_value: bound(file.upper_bounds().get(&id)),
        ..ColumnStatistics::new_unknown()
    }
}

fn scalar(datum: &Datum) -> Option<ScalarValue> {
    Some(match datum.literal() {
        PrimitiveLiteral::Boolean(value) => ScalarValue::Boolean(Some(*value)),
        PrimitiveLiteral::Int(value) => ScalarValue::Int32(Some(*value)),
        PrimitiveLiteral::Long(value) => ScalarValue::Int64(Some(*value)),
        PrimitiveLiteral::Double(value) => ScalarValue::Float64(Some(value.0)),
        PrimitiveLiteral::String(value) => ScalarValue::Utf8(Some(value.clone())),
        _ => return None,
    })
}

/// The bounds of files, one row a file, as the engine's pruning wants them.
pub(crate) struct FileBounds<'a> {
    pub(crate) files: &'a [ScanFile],
    pub(crate) schema: &'a SchemaRef,
}

impl FileBounds<'_> {
    fn bounds(&self, column: &Column, of: fn(&ColumnStatistics) -> &Precision<ScalarValue>) -> Option<ArrayRef> {
        let (index, field) = self.schema.column_with_name(&column.name)?;
        let unknown = ScalarValue::try_from(field.data_type()).ok()?;
        let values = self.files.iter().map(|file| {
            let bound = file.statistics.column_statistics.get(index).and_then(|c| of(c).get_value());
            bound.cloned().unwrap_or_else(|| unknown.clone())
        });
        ScalarValue::iter_to_array(values).ok()
    }
}

impl PruningStatistics for FileBounds<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, |c| &c.min_value)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, |c| &c.max_value)
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let (index, _) = self.schema.column_with_name(&column.name)?;
        let count = |file: &ScanFile| {
            let nulls = file.statistics.column_statistics.get(index)?.null_count.get_value()?;
            u64::try_from(*nulls).ok()
        };
        Some(Arc::new(self.files.iter().map(count).collect::<UInt64Array>()))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        let count = |file: &ScanFile| u64::try_from(*file.statistics.num_rows.get_value()?).ok();
        Some(Arc::new(self.files.iter().map(count).collect::<UInt64Array>()))
    }

    fn contained(&self, _column: &Column, _values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
