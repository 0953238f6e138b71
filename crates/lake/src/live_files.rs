//! The data files of a table, as its manifests describe them.

use crate::{Lake, Result};
use futures::stream::{self, StreamExt, TryStreamExt};
use iceberg::spec::{DataFile, Datum, ManifestContentType, Snapshot, TableMetadata};
use std::collections::{BTreeMap, HashMap};

/// Manifests read at a time.
const MANIFESTS_AT_ONCE: usize = 8;

/// A data file of a snapshot. Maps are by field id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// Absolute URI.
    pub location: String,
    pub rows: u64,
    pub bytes: u64,
    pub column_sizes: BTreeMap<i32, u64>,
    pub value_counts: BTreeMap<i32, u64>,
    pub null_value_counts: BTreeMap<i32, u64>,
    pub nan_value_counts: BTreeMap<i32, u64>,
    /// As text. Those of texts are cut: no value is smaller.
    pub lower_bounds: BTreeMap<i32, String>,
    /// As text. Those of texts are cut: no value is greater.
    pub upper_bounds: BTreeMap<i32, String>,
    pub split_offsets: Vec<i64>,
    /// The table's order if the rows lie in it.
    pub sort_order_id: Option<i32>,
}

impl Lake {
    /// The data files of the current snapshot of the metadata at `metadata_location`.
    pub async fn files(&self, metadata_location: &str) -> Result<Vec<FileInfo>> {
        let metadata = self.read_metadata(metadata_location).await?;
        let files = self.files_of(&metadata, metadata.current_snapshot().map(AsRef::as_ref)).await?;
        Ok(files.iter().map(FileInfo::new).collect())
    }

    /// The data files of a snapshot.
    pub(crate) async fn files_of(
        &self,
        metadata: &TableMetadata,
        snapshot: Option<&Snapshot>,
    ) -> Result<Vec<DataFile>> {
        let Some(snapshot) = snapshot else { return Ok(Vec::new()) };
        let mut manifests = self.manifests(metadata, snapshot).await?;
        manifests.retain(|manifest| manifest.content == ManifestContentType::Data);
        let contents = stream::iter(manifests).map(|manifest| async move { self.manifest(&manifest).await });
        let contents: Vec<_> = contents.buffered(MANIFESTS_AT_ONCE).try_collect().await?;
        let entries = contents.iter().flat_map(|manifest| manifest.entries());
        Ok(entries.filter(|entry| entry.is_alive()).map(|entry| entry.data_file().clone()).collect())
    }
}

impl FileInfo {
    fn new(file: &DataFile) -> Self {
        let sorted = |counts: &HashMap<i32, u64>| counts.iter().map(|(id, count)| (*id, *count)).collect();
        let texts = |bounds: &HashMap<i32, Datum>| bounds.iter().map(|(id, bound)| (*id, text(bound))).collect();
        Self {
            location: file.file_path().to_owned(),
            rows: file.record_count(),
            bytes: file.file_size_in_bytes(),
            column_sizes: sorted(file.column_sizes()),
            value_counts: sorted(file.value_counts()),
            null_value_counts: sorted(file.null_value_counts()),
            nan_value_counts: sorted(file.nan_value_counts()),
            lower_bounds: texts(file.lower_bounds()),
            upper_bounds: texts(file.upper_bounds()),
            split_offsets: file.split_offsets().unwrap_or_default().to_vec(),
            sort_order_id: file.sort_order_id(),
        }
    }
}

/// A bound as text, without the quotes that iceberg puts around strings.
fn text(bound: &Datum) -> String {
    match bound.literal() {
        iceberg::spec::PrimitiveLiteral::String(text) => text.clone(),
        _ => bound.to_string(),
    }
}
