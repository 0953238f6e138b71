//! What a table's metadata says, as tables that are named and shaped as Trino's: `"NAME$snapshots"` and `"NAME$files"`. Read
//! only when a statement names one.

use super::dialect::ATHENA;
use super::{GrantedTable, QueryError};
use crate::{FileInfo, Lake, SnapshotInfo};
use arrow_array::builder::{Int64Builder, ListBuilder, MapBuilder, MapFieldNames, StringBuilder};
use arrow_array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use std::collections::BTreeMap;
use std::sync::Arc;

const SNAPSHOTS: &str = "$snapshots";
const FILES: &str = "$files";

/// The tables about tables that a statement names, `names` being its [`names`]: the table they are about, their names and their rows.
pub(super) async fn named<'a>(
    lake: &Lake,
    names: &[String],
    tables: &'a [GrantedTable],
) -> Result<Vec<(&'a GrantedTable, String, Arc<dyn TableProvider>)>, QueryError> {
    let mut found = Vec::new();
    for name in names {
        for table in tables {
            let suffix = name.strip_prefix(table.name.as_str());
            let batch = match suffix {
                Some(SNAPSHOTS) => snapshots(lake, table).await?,
                Some(FILES) => files(lake, table).await?,
                _ => continue,
            };
            let rows = MemTable::try_new(batch.schema(), vec![vec![batch]]);
            let rows = rows.map_err(|error| QueryError::Internal(error.strip_backtrace()))?;
            found.push((table, name.clone(), Arc::new(rows) as Arc<dyn TableProvider>));
        }
    }
    Ok(found)
}

/// The names in a statement that may be those of tables about tables, or of views that go with them, each once.
pub(super) fn names(sql: &str) -> Vec<String> {
    let Ok(tokens) = Tokenizer::new(&ATHENA, sql).tokenize() else { return Vec::new() };
    let name = |token: Token| match token {
        Token::Word(word) if word.value.contains('$') && word.quote_style.is_some() => Some(word.value),
        Token::Word(word) if word.value.contains('$') => Some(word.value.to_lowercase()),
        _ => None,
    };
    let mut names: Vec<String> = tokens.into_iter().filter_map(name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

async fn snapshots(lake: &Lake, table: &GrantedTable) -> Result<RecordBatch, QueryError> {
    let info = lake.describe(&table.metadata_location).await.map_err(|error| super::internal(&error))?;
    let rows: &[SnapshotInfo] = &info.snapshots;
    let texts =
        |of: fn(&SnapshotInfo) -> Option<&str>| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<StringArray>()) };
    let committed = TimestampMillisecondArray::from_iter_values(rows.iter().map(|s| s.timestamp_ms));
    let mut summary = MapBuilder::new(Some(map_names()), StringBuilder::new(), StringBuilder::new());
    for row in rows {
        for (key, value) in &row.summary {
            summary.keys().append_value(key);
            summary.values().append_value(value);
        }
        summary.append(true).map_err(broken)?;
    }
    let columns: [(&str, ArrayRef); 7] = [
        ("committed_at", Arc::new(committed.with_timezone("UTC"))),
        ("snapshot_id", Arc::new(Int64Array::from_iter_values(rows.iter().map(|s| s.id)))),
        ("parent_id", Arc::new(rows.iter().map(|s| s.parent).collect::<Int64Array>())),
        ("operation", texts(|s| Some(s.operation.as_str()))),
        ("manifest_list", texts(|s| Some(s.manifest_list.as_str()))),
        ("summary", Arc::new(summary.finish())),
        ("job_id", texts(|s| s.summary.get(crate::JOB_ID).map(String::as_str))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, values)| (name, values, true))).map_err(broken)
}

async fn files(lake: &Lake, table: &GrantedTable) -> Result<RecordBatch, QueryError> {
    let files = lake.files(&table.metadata_location).await.map_err(|error| super::internal(&error))?;
    let longs = |of: fn(&FileInfo) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(files.iter().map(|f| i64::try_from(of(f)).unwrap_or(i64::MAX))))
    };
    let mut offsets = ListBuilder::new(Int64Builder::new());
    files.iter().for_each(|f| offsets.append_value(f.split_offsets.iter().copied().map(Some)));
    let columns: [(&str, ArrayRef); 13] = [
        ("content", Arc::new(Int32Array::from_iter_values(files.iter().map(|_| 0)))),
        ("file_path", Arc::new(StringArray::from_iter_values(files.iter().map(|f| f.location.as_str())))),
        ("file_format", Arc::new(StringArray::from_iter_values(files.iter().map(|_| "PARQUET")))),
        ("record_count", longs(|f| f.rows)),
        ("file_size_in_bytes", longs(|f| f.bytes)),
        ("column_sizes", counts(&files, |f| &f.column_sizes)?),
        ("value_counts", counts(&files, |f| &f.value_counts)?),
        ("null_value_counts", counts(&files, |f| &f.null_value_counts)?),
        ("nan_value_counts", counts(&files, |f| &f.nan_value_counts)?),
        ("lower_bounds", bounds(&files, |f| &f.lower_bounds)?),
        ("upper_bounds", bounds(&files, |f| &f.upper_bounds)?),
        ("split_offsets", Arc::new(offsets.finish())),
        ("sort_order_id", Arc::new(files.iter().map(|f| f.sort_order_id).collect::<Int32Array>())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, values)| (name, values, true))).map_err(broken)
}

fn counts(files: &[FileInfo], of: fn(&FileInfo) -> &BTreeMap<i32, u64>) -> Result<ArrayRef, QueryError> {
    let mut map = MapBuilder::new(Some(map_names()), Int64Builder::new(), Int64Builder::new());
    for file in files {
        for (id, count) in of(file) {
            map.keys().append_value(i64::from(*id));
            map.values().append_value(i64::try_from(*count).unwrap_or(i64::MAX));
        }
        map.append(true).map_err(broken)?;
    }
    Ok(Arc::new(map.finish()))
}

fn bounds(files: &[FileInfo], of: fn(&FileInfo) -> &BTreeMap<i32, String>) -> Result<ArrayRef, QueryError> {
    let mut map = MapBuilder::new(Some(map_names()), Int64Builder::new(), StringBuilder::new());
    for file in files {
        for (id, bound) in of(file) {
            map.keys().append_value(i64::from(*id));
            map.values().append_value(bound);
        }
        map.append(true).map_err(broken)?;
    }
    Ok(Arc::new(map.finish()))
}

fn map_names() -> MapFieldNames {
    MapFieldNames { entry: "key_value".to_owned(), key: "key".to_owned(), value: "value".to_owned() }
}

#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
fn broken(error: arrow_schema::ArrowError) -> QueryError {
    QueryError::Internal(format!("a table of metadata cannot be built: {error}"))
}
