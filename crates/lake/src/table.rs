//! Tables as files: create one, describe it, and name every file that it needs.

use crate::iceberg_schema::{iceberg_schema, sort_order, table_schema};
use crate::{Error, Lake, Result};
use iceberg::spec::{
    FormatVersion, Manifest, ManifestFile, ManifestList, Snapshot, TableMetadata, TableMetadataBuilder,
    UnboundPartitionSpec,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;
use varberg_model::TableSchema;

/// What the metadata of a table says about it.
#[derive(Debug, Clone, PartialEq)]
pub struct TableInfo {
    /// Rows of the current snapshot.
    pub records: u64,
    pub data_files: u64,
    /// Of the data files.
    pub bytes: u64,
    /// None while the table is empty.
    pub snapshot_id: Option<i64>,
    /// Oldest first.
    pub snapshots: Vec<SnapshotInfo>,
    /// Since when (milliseconds since 1970) which of the snapshots was current; oldest first.
    pub history: Vec<(i64, i64)>,
    pub schema: TableSchema,
    /// Location (absolute URI) of the table.
    pub location: String,
    pub table_uuid: Uuid,
    /// Milliseconds since 1970.
    pub last_updated_ms: i64,
}

/// One snapshot of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotInfo {
    pub id: i64,
    pub parent: Option<i64>,
    pub timestamp_ms: i64,
    /// `append`, `delete` and so on.
    pub operation: String,
    /// Iceberg's counters, and ours (`varberg.job-id`).
    pub summary: BTreeMap<String, String>,
    /// Location (absolute URI).
    pub manifest_list: String,
}

impl Lake {
    /// Writes the first metadata of a table at `table_path` below the warehouse, and returns its location.
    ///
    /// The table has format version 2, no partitions, and declares the sort order of its place columns, if it has some.
    pub async fn create_table(&self, table_path: &str, schema: &TableSchema) -> Result<String> {
        self.create_table_of(table_path, schema, "").await
    }

    /// The same for a table that a job makes: `tag` (`<job>-<epoch>-`) begins the name of the file after its number.
    pub async fn create_table_of(&self, table_path: &str, schema: &TableSchema, tag: &str) -> Result<String> {
        const OPERATION: &str = "creating a table";
        let properties = HashMap::from([
            ("write.parquet.compression-codec".to_owned(), "zstd".to_owned()),
            ("write.metadata.previous-versions-max".to_owned(), "20".to_owned()),
        ]);
        let wanted = iceberg_schema(schema)?;
        let spec = UnboundPartitionSpec::builder().with_spec_id(0).build();
        let version = FormatVersion::V2;
        let location = self.location(table_path);
        let order = sort_order(schema);
        let builder = TableMetadataBuilder::new(wanted.clone(), spec, order, location, version, properties)
            .map_err(Error::metadata(OPERATION))?;
        let metadata = builder.build().map_err(Error::metadata(OPERATION))?.metadata;
        if metadata.current_schema().as_struct() != wanted.as_struct() {
            return Err(Error::Internal("iceberg gave the columns other field ids than the data files have"));
        }
        let path = format!("{table_path}/metadata/00000-{tag}{}.metadata.json", Uuid::new_v4());
        self.write_metadata(&path, &metadata).await?;
        Ok(self.location(&path))
    }

    /// Reads the metadata at `metadata_location`.
    pub async fn describe(&self, metadata_location: &str) -> Result<TableInfo> {
        let metadata = self.read_metadata(metadata_location).await?;
        let count = |key: &str| {
            let summary = metadata.current_snapshot().map(|s| &s.summary().additional_properties);
            summary.and_then(|s| s.get(key)).and_then(|v| v.parse().ok()).unwrap_or(0)
        };
        let mut snapshots: Vec<SnapshotInfo> = metadata.snapshots().map(|s| snapshot_info(s)).collect();
        snapshots.sort_by_key(|s| (s.timestamp_ms, s.id));
        Ok(TableInfo {
            records: count("total-records"),
            data_files: count("total-data-files"),
            bytes: count("total-files-size"),
            snapshot_id: metadata.current_snapshot_id(),
            snapshots,
            history: metadata.history().iter().map(|entry| (entry.timestamp_ms(), entry.snapshot_id)).collect(),
            schema: table_schema(metadata.current_schema())?,
            location: metadata.location().to_owned(),
            table_uuid: metadata.uuid(),
            last_updated_ms: metadata.last_updated_ms(),
        })
    }

    /// Every file that the metadata at `metadata_location` needs, as paths of the warehouse: itself, the metadata files of
    /// its log, and of each snapshot the manifest list, the manifests and the data files.
    pub async fn reachable(&self, metadata_location: &str) -> Result<BTreeSet<String>> {
        let metadata = self.read_metadata(metadata_location).await?;
        let mut locations = BTreeSet::from([metadata_location.to_owned()]);
        locations.extend(metadata.metadata_log().iter().map(|entry| entry.metadata_file.clone()));
        let mut manifests = BTreeMap::new();
        for snapshot in metadata.snapshots() {
            locations.insert(snapshot.manifest_list().to_owned());
            for manifest in self.manifests(&metadata, snapshot).await? {
                manifests.insert(manifest.manifest_path.clone(), manifest);
            }
        }
        for (location, manifest) in manifests {
            let content = self.manifest(&manifest).await?;
            let live = content.entries().iter().filter(|entry| entry.is_alive());
            locations.extend(live.map(|entry| entry.file_path().to_owned()));
            locations.insert(location);
        }
        locations.iter().map(|location| Ok(self.path_of(location)?.to_owned())).collect()
    }

    pub(crate) async fn read_metadata(&self, location: &str) -> Result<TableMetadata> {
        self.path_of(location)?;
        TableMetadata::read_from(&self.file_io(), location).await.map_err(Error::metadata("reading a table"))
    }

    pub(crate) async fn write_metadata(&self, path: &str, metadata: &TableMetadata) -> Result<()> {
        let json = serde_json::to_vec(metadata).map_err(|_| Error::Internal("table metadata has no JSON form"))?;
        self.put(path, json).await
    }

    /// The manifests of a snapshot.
    pub(crate) async fn manifests(&self, metadata: &TableMetadata, snapshot: &Snapshot) -> Result<Vec<ManifestFile>> {
        let bytes = self.get(self.path_of(snapshot.manifest_list())?).await?;
        let list = ManifestList::parse_with_version(&bytes, metadata.format_version());
        Ok(list.map_err(Error::metadata("reading a manifest list"))?.entries().to_vec())
    }

    pub(crate) async fn manifest(&self, file: &ManifestFile) -> Result<Manifest> {
        file.load_manifest(&self.file_io()).await.map_err(Error::metadata("reading a manifest"))
    }
}

fn snapshot_info(snapshot: &Snapshot) -> SnapshotInfo {
    SnapshotInfo {
        id: snapshot.snapshot_id(),
        parent: snapshot.parent_snapshot_id(),
        timestamp_ms: snapshot.timestamp_ms(),
        operation: snapshot.summary().operation.as_str().to_owned(),
        summary: snapshot.summary().additional_properties.clone().into_iter().collect(),
        manifest_list: snapshot.manifest_list().to_owned(),
    }
}
