//! Data files to one snapshot per table, published together through a [`PointerStore`].
//!
//! Everything is written before the pointers move; whatever the swap decides, nothing written here is ever changed or
//! deleted by this module (the janitor removes what no metadata names, by the tag in its name). A lost answer is found
//! again by the job id in the snapshot's summary.

use crate::iceberg_schema::SORT_ORDER_ID;
use crate::{Bound, DataFile, Error, Lake, PointerStore, Result, SwapResult, TableSwap};
use iceberg::io::FileIO;
use iceberg::spec::{
    DataContentType, DataFileBuilder, DataFileFormat, Datum, MAIN_BRANCH, ManifestFile, ManifestListWriter,
    ManifestWriter, ManifestWriterBuilder, Operation, Snapshot, SnapshotReference, SnapshotRetention, Struct, Summary,
    TableMetadata,
};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use uuid::Uuid;

/// The property of a snapshot that names its job.
pub const JOB_ID: &str = "varberg.job-id";
/// How often a commit is rebased before it gives up.
const MAX_ATTEMPTS: u32 = 30;
/// Small manifests are merged into one when a table has more than this many of them.
const MAX_MANIFESTS: usize = 100;
/// A manifest with at least this many files is not small.
const LARGE_MANIFEST: u32 = 2_000;

/// Files to add to one table.
#[derive(Debug, Clone)]
pub struct Append {
    pub namespace: String,
    pub name: String,
    pub files: Vec<DataFile>,
    /// Properties of the snapshot: `varberg.job-id`, `varberg.epoch`.
    pub summary: BTreeMap<String, String>,
    /// `<job>-<epoch>`: part of the name of every file that this commit writes.
    pub tag: String,
}

/// Adds the files of each append to its table and moves all pointers, with `outcome`, in one swap.
///
/// - `staged` is called when all metadata is written, before each swap.
/// - A moved pointer is rebased upon and tried again, [`MAX_ATTEMPTS`] times.
/// - An append without files leaves its table alone; a table that already has the job's snapshot too. When every append
///   with files is already there, the swap that put it there also recorded the outcome, and nothing is swapped.
/// - Errors: [`Error::may_have_committed`] tells whether the swap may have taken place.
pub async fn append<P: PointerStore>(
    lake: &Lake,
    pointers: &P,
    appends: &[Append],
    outcome: &P::Outcome,
    staged: impl Fn(),
) -> Result<SwapResult> {
    for attempt in 1..=MAX_ATTEMPTS {
        let mut swaps = Vec::new();
        let mut published = false;
        for append in appends.iter().filter(|a| !a.files.is_empty()) {
            let old = pointers.load(&append.namespace, &append.name).await?;
            match stage(lake, &old, append).await? {
                Some(new) => {
                    swaps.push(TableSwap { namespace: append.namespace.clone(), name: append.name.clone(), old, new });
                }
                None => published = true,
            }
        }
        if published && swaps.is_empty() {
            return Ok(SwapResult::Swapped);
        }
        staged();
        match pointers.swap(&swaps, outcome).await.map_err(in_swap)? {
            SwapResult::PointerMoved => tokio::time::sleep(pause(attempt)).await,
            result => return Ok(result),
        }
    }
    let (namespace, name) = appends.first().map(|a| (a.namespace.clone(), a.name.clone())).unwrap_or_default();
    Err(Error::Contended { namespace, name, attempts: MAX_ATTEMPTS })
}

fn in_swap(error: Error) -> Error {
    match error {
        Error::Pointers { source, .. } => Error::Pointers { source, in_swap: true },
        other => Error::Pointers { source: Box::new(other), in_swap: true },
    }
}

/// Up to 20 ms times the attempt, at random, so that racing commits do not stay in step.
fn pause(attempt: u32) -> Duration {
    let (random, _) = Uuid::new_v4().as_u64_pair();
    Duration::from_micros(1_000 + random % (20_000 * u64::from(attempt)))
}

/// Writes manifest, manifest list and metadata on top of the metadata at `old`. Returns the new metadata's location, or
/// None when the table already has the job's snapshot.
async fn stage(lake: &Lake, old: &str, append: &Append) -> Result<Option<String>> {
    let metadata = lake.read_metadata(old).await?;
    if has_job(&metadata, append) {
        return Ok(None);
    }
    let directory = format!("{}/metadata", metadata.location());
    let commit = Commit {
        io: lake.file_io(),
        snapshot_id: fresh_snapshot_id(&metadata),
        sequence: metadata.last_sequence_number() + 1,
        prefix: format!("{directory}/{}-{}", append.tag, Uuid::new_v4()),
        metadata: &metadata,
    };
    let mut manifests = match metadata.current_snapshot() {
        Some(snapshot) => commit.merge_small(lake, lake.manifests(&metadata, snapshot).await?).await?,
        None => Vec::new(),
    };
    manifests.insert(0, commit.write_added(&append.files).await?);
    let list = commit.write_list(manifests).await?;
    let snapshot = commit.snapshot(list, append);
    let next = metadata_with(&metadata, old, snapshot)?;
    let version = next_version(old);
    let location = format!("{directory}/{version:05}-{}-{}.metadata.json", append.tag, Uuid::new_v4());
    lake.write_metadata(lake.path_of(&location)?, &next).await?;
    Ok(Some(location))
}

fn has_job(metadata: &TableMetadata, append: &Append) -> bool {
    let Some(job) = append.summary.get(JOB_ID) else { return false };
    metadata.snapshots().any(|s| s.summary().additional_properties.get(JOB_ID) == Some(job))
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

fn metadata_with(metadata: &TableMetadata, old: &str, snapshot: Snapshot) -> Result<TableMetadata> {
    let reference = SnapshotReference::new(snapshot.snapshot_id(), SnapshotRetention::branch(None, None, None));
    let builder = metadata.clone().into_builder(Some(old.to_owned()));
    let built = builder.add_snapshot(snapshot).and_then(|b| b.set_ref(MAIN_BRANCH, reference)).and_then(|b| b.build());
    Ok(built.map_err(Error::metadata("adding a snapshot"))?.metadata)
}

/// What all files of one attempt at one table have in common.
struct Commit<'a> {
    io: FileIO,
    snapshot_id: i64,
    sequence: i64,
    /// Location that the names of all files written here begin with.
    prefix: String,
    metadata: &'a TableMetadata,
}

impl Commit<'_> {
    fn manifest_writer(&self, suffix: &str) -> Result<ManifestWriter> {
        let output = self.io.new_output(format!("{}-{suffix}.avro", self.prefix));
        let output = output.map_err(Error::metadata("writing a manifest"))?;
        let schema = self.metadata.current_schema().clone();
        let spec = self.metadata.default_partition_spec().as_ref().clone();
        Ok(ManifestWriterBuilder::new(output, Some(self.snapshot_id), schema, spec).build_v2_data())
    }

    async fn write_added(&self, files: &[DataFile]) -> Result<ManifestFile> {
        let mut writer = self.manifest_writer("added")?;
        for file in files {
            writer.add_file(iceberg_file(file)?, self.sequence).map_err(Error::metadata("describing a data file"))?;
        }
        writer.write_manifest_file().await.map_err(Error::metadata("writing a manifest"))
    }

    /// Replaces small manifests by one once there are many; else hands them back.
    async fn merge_small(&self, lake: &Lake, manifests: Vec<ManifestFile>) -> Result<Vec<ManifestFile>> {
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
            let content = lake.manifest(manifest).await?;
            for entry in content.entries().iter().filter(|entry| entry.is_alive()) {
                let snapshot = entry.snapshot_id().unwrap_or(manifest.added_snapshot_id);
                let sequence = entry.sequence_number().unwrap_or(manifest.sequence_number);
                let file_sequence = entry.file_sequence_number.or(Some(manifest.sequence_number));
                writer
                    .add_existing_file(entry.data_file().clone(), snapshot, sequence, file_sequence)
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

    fn snapshot(&self, manifest_list: String, append: &Append) -> Snapshot {
        let now = chrono::Utc::now().timestamp_millis().max(self.metadata.last_updated_ms());
        Snapshot::builder()
            .with_snapshot_id(self.snapshot_id)
            .with_parent_snapshot_id(self.metadata.current_snapshot_id())
            .with_sequence_number(self.sequence)
            .with_timestamp_ms(now)
            .with_manifest_list(manifest_list)
            .with_summary(Summary { operation: Operation::Append, additional_properties: self.summary(append) })
            .with_schema_id(self.metadata.current_schema_id())
            .build()
    }

    /// Iceberg's counters (spec, "Optional Snapshot Summary Fields") and the append's own properties.
    fn summary(&self, append: &Append) -> HashMap<String, String> {
        let before = |key: &str| -> u64 {
            let summary = self.metadata.current_snapshot().map(|s| &s.summary().additional_properties);
            summary.and_then(|s| s.get(key)).and_then(|v| v.parse().ok()).unwrap_or(0)
        };
        let files = append.files.len() as u64;
        let records: u64 = append.files.iter().map(|f| f.rows).sum();
        let bytes: u64 = append.files.iter().map(|f| f.bytes).sum();
        let mut summary: HashMap<String, String> = append.summary.clone().into_iter().collect();
        let counters = [
            ("added-data-files", files),
            ("added-records", records),
            ("added-files-size", bytes),
            ("changed-partition-count", 1),
            ("total-data-files", before("total-data-files") + files),
            ("total-records", before("total-records") + records),
            ("total-files-size", before("total-files-size") + bytes),
            ("total-delete-files", 0),
            ("total-position-deletes", 0),
            ("total-equality-deletes", 0),
        ];
        summary.extend(counters.map(|(key, count)| (key.to_owned(), count.to_string())));
        summary
    }
}

fn iceberg_file(file: &DataFile) -> Result<iceberg::spec::DataFile> {
    let each = |of: fn(&crate::ColumnMetrics) -> Option<u64>| -> HashMap<i32, u64> {
        file.columns.iter().filter_map(|(id, m)| Some((*id, of(m)?))).collect()
    };
    let bounds = |of: fn(&crate::ColumnMetrics) -> Option<&Bound>| -> HashMap<i32, Datum> {
        file.columns.iter().filter_map(|(id, m)| Some((*id, datum(of(m)?)))).collect()
    };
    let mut builder = DataFileBuilder::default();
    builder
        .content(DataContentType::Data)
        .file_path(file.path.clone())
        .file_format(DataFileFormat::Parquet)
        .partition(Struct::empty())
        .record_count(file.rows)
        .file_size_in_bytes(file.bytes)
        .column_sizes(each(|m| Some(m.size)))
        .value_counts(each(|m| Some(m.values)))
        .null_value_counts(each(|m| Some(m.nulls)))
        .nan_value_counts(each(|m| m.nans))
        .lower_bounds(bounds(|m| m.lower.as_ref()))
        .upper_bounds(bounds(|m| m.upper.as_ref()))
        .split_offsets(Some(file.split_offsets.clone()));
    if file.sorted {
        builder.sort_order_id(SORT_ORDER_ID);
    }
    builder.build().map_err(|_| Error::Internal("a data file lacks a required property"))
}

fn datum(bound: &Bound) -> Datum {
    match bound {
        Bound::Boolean(value) => Datum::bool(*value),
        Bound::Int(value) => Datum::int(*value),
        Bound::Long(value) => Datum::long(*value),
        Bound::Double { bits } => Datum::double(f64::from_bits(*bits)),
        Bound::String(value) => Datum::string(value),
    }
}
