//! Data files of a table replaced by others in one snapshot: rows rewritten, or rows removed.

use crate::commit::{Change, NewSnapshot, commit};
use crate::{DataFile, Error, Lake, PointerStore, Result, SwapResult};
use async_trait::async_trait;
use iceberg::spec::Operation;
use std::collections::{BTreeMap, BTreeSet};

/// Files of one table that go, and those that come in their place.
#[derive(Debug, Clone)]
pub struct Rewrite {
    pub namespace: String,
    pub name: String,
    /// Locations of the data files that go.
    pub removed: BTreeSet<String>,
    pub added: Vec<DataFile>,
    /// Whether the new files hold exactly the rows of the old ones.
    pub keeps_rows: bool,
    /// Properties of the snapshot. It names no job: it is not where the rows of one came from.
    pub summary: BTreeMap<String, String>,
    /// `<task>-<epoch>`: part of the name of every file that this commit writes.
    pub tag: String,
}

/// Replaces the files and moves the pointer, with `outcome`, in one swap. What was added to the table since the files were
/// chosen stays.
///
/// - `staged` is called when all metadata is written, before each swap.
/// - Errors: [`Error::FilesGone`] when one of the old files is no longer part of the table: choose again.
///   [`Error::may_have_committed`] tells whether the swap may have taken place.
pub async fn rewrite<P: PointerStore>(
    lake: &Lake,
    pointers: &P,
    rewrite: &Rewrite,
    outcome: &P::Outcome,
    staged: impl Fn(),
) -> Result<SwapResult> {
    commit(lake, pointers, &[rewrite], outcome, staged).await
}

#[async_trait]
impl Change for Rewrite {
    fn table(&self) -> (&str, &str) {
        (&self.namespace, &self.name)
    }

    async fn stage(&self, lake: &Lake, old: &str) -> Result<Option<String>> {
        let metadata = lake.read_metadata(old).await?;
        let snapshot = NewSnapshot::new(lake, &metadata, old, &self.tag);
        let (mut manifests, removed) = snapshot.inherited_without(&self.removed).await?;
        if removed.files != self.removed.len() as u64 {
            return Err(Error::FilesGone { namespace: self.namespace.clone(), name: self.name.clone() });
        }
        if self.keeps_rows && removed.rows != self.added.iter().map(|file| file.rows).sum::<u64>() {
            return Err(Error::Internal("rewritten files do not hold as many rows as those they replace"));
        }
        if !self.added.is_empty() {
            manifests.insert(0, snapshot.added(&self.added).await?);
        }
        let operation = match (self.keeps_rows, self.added.is_empty()) {
            (true, _) => Operation::Replace,
            (false, true) => Operation::Delete,
            (false, false) => Operation::Overwrite,
        };
        let summary = snapshot.summary(&self.summary, &self.added, removed);
        snapshot.publish(operation, manifests, summary).await.map(Some)
    }
}
