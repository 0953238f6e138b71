//! One snapshot on its way: its manifests, its manifest list and the metadata that names it, all under one tag.

use super::stored_file::iceberg_file;
use crate::{DataFile, Error, Lake, Result};
use iceberg::io::FileIO;
use iceberg::spec::{
    MAIN_BRANCH, ManifestEntry, ManifestFile, ManifestListWriter, ManifestWriter, ManifestWriterBuilder, Operation,
    Snapshot, SnapshotReference, SnapshotRetention, Summary, TableMetadata,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// Small manifests are merged into one when a table has more than this many of them.
const MAX_MANIFESTS: usize = 100;
/// A manifest with at least this many files is not small.
const LARGE_MANIFEST: u32 = 2_000;
/// Files of one manifest that a removal leaves.
const MAX_ENTRIES: usize = 10_000;

/// What all files of one attempt at one table have in common.
pub(crate) struct NewSnapshot<'a> {
    lake: &'a Lake,
    io: FileIO,
    metadata: &'a TableMetadata,
    /// Where `metadata` lies.
    old: &'a str,
    snapshot_id: i64,
    sequence: i64,
    /// `<job>-<epoch>`: part of the name of every file that is written here.
    tag: &'a str,
    /// Location that the names of manifests and their list begin with.
    prefix: String,
}

/// Data files that are no longer part of the table.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Removed {
    pub(crate) files: u64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

/// A file that the table had, with what its manifest, or the list of manifests, says of it.
#[derive(Debug, Clone)]
struct Kept {
    file: iceberg::spec::DataFile,
    snapshot: i64,
    sequence: i64,
    file_sequence: i64,
}

impl Kept {
    fn new(entry: &ManifestEntry, manifest: &ManifestFile) -> Self {
        Self {
            file: entry.data_file().clone(),
            snapshot: entry.snapshot_id().unwrap_or(manifest.added_snapshot_id),
            sequence: entry.sequence_number().unwrap_or(manifest.sequence_number),
            file_sequence: entry.file_sequence_number.unwrap_or(manifest.sequence_number),
        }
    }
}

impl<'a> NewSnapshot<'a> {
    pub(crate) fn new(lake: &'a Lake, metadata: &'a TableMetadata, old: &'a str, tag: &'a str) -> Self {
        Self {
            lake,
            io: lake.file_io(),
            metadata,
            old,
            snapshot_id: fresh_snapshot_id(metadata),
            sequence: metadata.last_sequence_number() + 1,
            tag,
            prefix: format!("{}/metadata/{tag}-{}", metadata.location(), Uuid::new_v4()),
        }
    }

    /// The manifests of the current snapshot; small ones are replaced by one once there are many.
    pub(crate) async fn inherited(&self) -> Result<Vec<ManifestFile>> {
        match self.metadata.current_snapshot() {
            Some(snapshot) => self.merge_small(self.lake.manifests(self.metadata, snapshot).await?).await,
            None => Ok(Vec::new()),
        }
    }

    /// The manifests of the current snapshot without the data files at those locations, and what was removed.
    pub(crate) async fn inherited_without(&self, gone: &BTreeSet<String>) -> Result<(Vec<ManifestFile>, Removed)> {
        let Some(snapshot) = self.metadata.current_snapshot() else { return Ok(Default::default()) };
        let mut removed = Removed::default();
        let (mut kept, mut touched) = (Vec::new(), Vec::new());
        for manifest in self.lake.manifests(self.metadata, snapshot).await? {
            let content = self.lake.manifest(&manifest).await?;
            let live: Vec<&ManifestEntry> =
                content.entries().iter().map(AsRef::as_ref).filter(|entry| entry.is_alive()).collect();
            let is_gone = |entry: &&ManifestEntry| gone.contains(entry.file_path());
            if live.iter().any(is_gone) {
                for file in live.iter().copied().filter(is_gone).map(ManifestEntry::data_file) {
                    removed.files += 1;
                    removed.rows += file.record_count();
                    removed.bytes += file.file_size_in_bytes();
                }
                touched.extend(live.iter().map(|entry| Kept::new(entry, &manifest)));
            } else if !live.is_empty() {
                kept.push(manifest);
            }
        }
        let mut kept = self.merge_small(kept).await?;
        for (number, entries) in touched.chunks(MAX_ENTRIES).enumerate() {
            kept.push(self.write_without(entries, gone, number).await?);
        }
        Ok((kept, removed))
    }

    /// A manifest of files that the table had, some of them marked as deleted.
    async fn write_without(&self, entries: &[Kept], gone: &BTreeSet<String>, number: usize) -> Result<ManifestFile> {
        let mut writer = self.manifest_writer(&format!("kept{number}"))?;
        for Kept { file, snapshot, sequence, file_sequence } in entries.iter().cloned() {
            let added = if gone.contains(file.file_path()) {
                writer.add_delete_file(file, sequence, Some(file_sequence))
            } else {
                writer.add_existing_file(file, snapshot, sequence, Some(file_sequence))
            };
            added.map_err(Error::metadata("writing a manifest"))?;
        }
        writer.write_manifest_file().await.map_err(Error::metadata("writing a manifest"))
    }

    /// A manifest of new data files.
    pub(crate) async fn added(&self, files: &[DataFile]) -> Result<ManifestFile> {
        let mut writer = self.manifest_writer("added")?;
        for file in files {
            writer.add_file(iceberg_file(file)?, self.sequence).map_err(Error::metadata("describing a data file"))?;
        }
        writer.write_manifest_file().await.map_err(Error::metadata("writing a manifest"))
    }

    /// Writes the manifest list and the metadata of the snapshot; returns the metadata's location.
    pub(crate) async fn publish(
        &self,
        operation: Operation,
        manifests: Vec<ManifestFile>,
        properties: HashMap<String, String>,
    ) -> Result<String> {
        let list = self.write_list(manifests).await?;
        let now = chrono::Utc::now().timestamp_millis().max(self.metadata.last_updated_ms());
        let snapshot = Snapshot::builder()
            .with_snapshot_id(self.snapshot_id)
            .with_parent_snapshot_id(self.metadata.current_snapshot_id())
            .with_sequence_number(self.sequence)
            .with_timestamp_ms(now)
            .with_manifest_list(list)
            .with_summary(Summary { operation, additional_properties: properties })
            .with_schema_id(self.metadata.current_schema_id())
            .build();
        let reference = SnapshotReference::new(self.snapshot_id, SnapshotRetention::branch(None, None, None));
        let builder = self.metadata.clone().into_builder(Some(self.old.to_owned()));
        let built =
            builder.add_snapshot(snapshot).and_then(|b| b.set_ref(MAIN_BRANCH, reference)).and_then(|b| b.build());
        let next = built.map_err(Error::metadata("adding a snapshot"))?.metadata;
        next_metadata(self.lake, self.old, &next, self.tag).await
    }

    /// Iceberg's counters (spec, "Optional Snapshot Summary Fields") and the change's own properties.
    pub(crate) fn summary(
        &self,
        own: &BTreeMap<String, String>,
        added: &[DataFile],
        removed: Removed,
    ) -> HashMap<String, String> {
        let before = |key: &str| -> u64 {
            let summary = self.metadata.current_snapshot().map(|s| &s.summary().additional_properties);
            summary.and_then(|s| s.get(key)).and_then(|v| v.parse().ok()).unwrap_or(0)
        };
        let files = added.len() as u64;
        let rows: u64 = added.iter().map(|f| f.rows).sum();
        let bytes: u64 = added.iter().map(|f| f.bytes).sum();
        let total = |key: &str, added: u64, removed: u64| before(key).saturating_add(added).saturating_sub(removed);
        let mut summary: HashMap<String, String> = own.clone().into_iter().collect();
        let counters = [
            ("added-data-files", files),
            ("added-records", rows),
            ("added-files-size", bytes),
            ("deleted-data-files", removed.files),
            ("deleted-records", removed.rows),
            ("removed-files-size", removed.bytes),
        ];
        let totals = [
            ("changed-partition-count", 1),
            ("total-data-files", total("total-data-files", files, removed.files)),
            ("total-records", total("total-records", rows, removed.rows)),
            ("total-files-size", total("total-files-size", bytes, removed.bytes)),
            ("total-delete-files", 0),
            ("total-position-deletes", 0),
            ("total-equality-deletes", 0),
        ];
        let counters = counters.into_iter().filter(|(_, count)| *count > 0).chain(totals);
        summary.extend(counters.map(|(key, count)| (key.to_owned(), count.to_string())));
        summary
    }

    fn manifest_writer(&self, suffix: &str) -> Result<ManifestWriter> {
        let output = self.io.new_output(format!("{}-{suffix}.avro", self.prefix));
        let output = output.map_err(Error::metadata("writing a manifest"))?;
        let schema = self.metadata.current_schema().clone();
        let spec = self.metadata.default_partition_spec().as_ref().clone();
        Ok(ManifestWriterBuilder::new(output, Some(self.snapshot_id), schema, spec).build_v2_data())
    }

    /// Replaces small manifests by one once there are many; else hands them back.
    async fn merge_small(&self, manifests: Vec<ManifestFile>) -> Result<Vec<ManifestFile>> {
        let is_small = |m: &ManifestFile| {
            let (added, existing) = (m.added_files_count, m.existing_files_count);
            added.unwrap_or(u32::MAX).saturating_add(existing.unwrap_or(u32::MAX)) < LARGE_MANIFEST
        };
        if manifests.iter().filter(|m| is_small(m)).count() <= MAX_MANIFESTS {
            return Ok(manifests);
        }
        let (small, mut kept): (Vec<_>, Vec<_>) = manifests.into_iter().partition(is_small);
        let mut writer = self.manifest_writer("merged")?;
        for manifest in &small {
            let content = self.lake.manifest(manifest).await?;
            for entry in content.entries().iter().filter(|entry| entry.is_alive()) {
                let Kept { file, snapshot, sequence, file_sequence } = Kept::new(entry, manifest);
                writer
                    .add_existing_file(file, snapshot, sequence, Some(file_sequence))
                    .map_err(Error::metadata("merging manifests"))?;
            }
        }
        kept.push(writer.write_manifest_file().await.map_err(Error::metadata("writing a manifest"))?);
        Ok(kept)
    }

    async fn write_list(&self, manifests: Vec<ManifestFile>) -> Result<String> {
        const OPERATION: &str = "writing a manifest list";
        let location = format!("{}-list.avro", self.prefix);
        let output = self.io.new_output(&location).map_err(Error::metadata(OPERATION))?;
        let file = output.writer().await.map_err(Error::metadata(OPERATION))?;
        let parent = self.metadata.current_snapshot_id();
        let mut writer = ManifestListWriter::v2(file, self.snapshot_id, parent, self.sequence);
        writer.add_manifests(manifests.into_iter()).map_err(Error::metadata(OPERATION))?;
        writer.close().await.map_err(Error::metadata(OPERATION))?;
        Ok(location)
    }
}

/// Writes `metadata` as the one that follows the metadata at `old`; returns its location.
pub(crate) async fn next_metadata(lake: &Lake, old: &str, metadata: &TableMetadata, tag: &str) -> Result<String> {
    let directory = format!("{}/metadata", metadata.location());
    let location = format!("{directory}/{:05}-{tag}-{}.metadata.json", next_version(old), Uuid::new_v4());
    lake.write_metadata(lake.path_of(&location)?, metadata).await?;
    Ok(location)
}

/// Number of the metadata file after `location`, as in `00003-….metadata.json`.
fn next_version(location: &str) -> u32 {
    let name = location.rsplit('/').next().unwrap_or_default();
    let number = name.split('-').next().and_then(|n| n.parse::<u32>().ok());
    number.unwrap_or(0).saturating_add(1)
}

fn fresh_snapshot_id(metadata: &TableMetadata) -> i64 {
    loop {
        let (random, _) = Uuid::new_v4().as_u64_pair();
        let id = i64::try_from(random >> 1).unwrap_or(i64::MAX);
        if id != 0 && metadata.snapshot_by_id(id).is_none() {
            return id;
        }
    }
}
