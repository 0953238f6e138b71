//! Data files to one snapshot per table, published together through a [`PointerStore`].
//!
//! A lost answer is found again by the job id in the snapshot's summary.

use crate::commit::{Change, NewSnapshot, Removed, commit};
use crate::headersets::headerset_of;
use crate::{DataFile, Lake, PointerStore, Result, SwapResult};
use async_trait::async_trait;
use iceberg::spec::{Operation, TableMetadata};
use std::collections::{BTreeMap, BTreeSet};

/// The property of a snapshot that names its job.
pub const JOB_ID: &str = "varberg.job-id";

/// What the files of an append hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendContent {
    Rows,
    /// One headerset each: those that the table has are left out.
    Headersets,
}

/// Files to add to one table.
#[derive(Debug, Clone)]
pub struct Append {
    pub namespace: String,
    pub name: String,
    pub files: Vec<DataFile>,
    /// Properties of the snapshot: `varberg.job-id`, `varberg.epoch`.
    pub summary: BTreeMap<String, String>,
    pub content: AppendContent,
    /// `<job>-<epoch>`: part of the name of every file that this commit writes.
    pub tag: String,
}

/// Adds the files of each append to its table and moves all pointers, with `outcome`, in one swap.
///
/// - `staged` is called when all metadata is written, before each swap.
/// - A moved pointer is rebased upon and tried again.
/// - An append without files leaves its table alone; a table that already has the job's snapshot too. When every append
///   with files is already there, the swap that put it there also recorded the outcome, and nothing is swapped.
/// - Errors: [`crate::Error::may_have_committed`] tells whether the swap may have taken place.
pub async fn append<P: PointerStore>(
    lake: &Lake,
    pointers: &P,
    appends: &[Append],
    outcome: &P::Outcome,
    staged: impl Fn(),
) -> Result<SwapResult> {
    let changes: Vec<&dyn Change> =
        appends.iter().filter(|a| !a.files.is_empty()).map(|append| append as &dyn Change).collect();
    commit(lake, pointers, &changes, outcome, staged).await
}

#[async_trait]
impl Change for Append {
    fn table(&self) -> (&str, &str) {
        (&self.namespace, &self.name)
    }

    async fn stage(&self, lake: &Lake, old: &str) -> Result<Option<String>> {
        let metadata = lake.read_metadata(old).await?;
        if has_job(&metadata, self) {
            return Ok(None);
        }
        let files = match self.content {
            AppendContent::Rows => self.files.clone(),
            AppendContent::Headersets => unknown_headersets(lake, old, &self.files).await?,
        };
        if files.is_empty() {
            return Ok(None);
        }
        let snapshot = NewSnapshot::new(lake, &metadata, old, &self.tag);
        let mut manifests = snapshot.inherited().await?;
        manifests.insert(0, snapshot.added(&files).await?);
        let summary = snapshot.summary(&self.summary, &files, Removed::default());
        snapshot.publish(Operation::Append, manifests, summary).await.map(Some)
    }
}

fn has_job(metadata: &TableMetadata, append: &Append) -> bool {
    let Some(job) = append.summary.get(JOB_ID) else { return false };
    metadata.snapshots().any(|s| s.summary().additional_properties.get(JOB_ID) == Some(job))
}

/// The files whose headerset the table of samples at `metadata_location` does not have; each headerset once.
async fn unknown_headersets(lake: &Lake, metadata_location: &str, files: &[DataFile]) -> Result<Vec<DataFile>> {
    let known = lake.headersets(metadata_location).await?;
    let mut seen = BTreeSet::new();
    let mut is_new = |file: &&DataFile| headerset_of(file).is_some_and(|id| known.get(id).is_none() && seen.insert(id));
    Ok(files.iter().filter(|file| is_new(file)).cloned().collect())
}
