//! Old snapshots dropped from a table's metadata. What only they name is left to whoever removes files.

use crate::commit::{Change, commit, next_metadata};
use crate::{Error, Lake, PointerStore, Result, SwapResult};
use async_trait::async_trait;
use iceberg::spec::TableMetadata;
use std::collections::BTreeSet;

/// Snapshots of one table that go.
#[derive(Debug, Clone)]
pub struct Expiry {
    pub namespace: String,
    pub name: String,
    pub snapshots: Vec<i64>,
    /// `<task>-<epoch>`: part of the name of the metadata that this commit writes.
    pub tag: String,
}

/// Drops the snapshots and moves the pointer, with `outcome`, in one swap. Those that are no longer there, or have become
/// the current one, are passed over; where nothing is left to drop, nothing is swapped.
///
/// Errors: [`Error::may_have_committed`] tells whether the swap may have taken place.
pub async fn expire<P: PointerStore>(
    lake: &Lake,
    pointers: &P,
    expiry: &Expiry,
    outcome: &P::Outcome,
    staged: impl Fn(),
) -> Result<SwapResult> {
    commit(lake, pointers, &[expiry], outcome, staged).await
}

#[async_trait]
impl Change for Expiry {
    fn table(&self) -> (&str, &str) {
        (&self.namespace, &self.name)
    }

    async fn stage(&self, lake: &Lake, old: &str) -> Result<Option<String>> {
        const OPERATION: &str = "dropping snapshots";
        let metadata = lake.read_metadata(old).await?;
        let named = named_snapshots(&metadata)?;
        let is_there = |id: &&i64| metadata.snapshot_by_id(**id).is_some() && !named.contains(id);
        let gone: Vec<i64> = self.snapshots.iter().filter(is_there).copied().collect();
        if gone.is_empty() {
            return Ok(None);
        }
        let builder = metadata.into_builder(Some(old.to_owned())).remove_snapshots(&gone);
        let next = builder.build().map_err(Error::metadata(OPERATION))?.metadata;
        next_metadata(lake, old, &next, &self.tag).await.map(Some)
    }
}

impl Lake {
    /// The snapshots of the metadata at `metadata_location` that were committed before a time (milliseconds since 1970), but
    /// for the newest `keep`, the current one and those that a branch or a tag names.
    pub async fn expirable(&self, metadata_location: &str, before_ms: i64, keep: usize) -> Result<Vec<i64>> {
        let metadata = self.read_metadata(metadata_location).await?;
        let named = named_snapshots(&metadata)?;
        let mut snapshots: Vec<(i64, i64)> =
            metadata.snapshots().map(|snapshot| (snapshot.timestamp_ms(), snapshot.snapshot_id())).collect();
        snapshots.sort_unstable();
        let old = snapshots.iter().rev().skip(keep).rev();
        Ok(old.filter(|(time, id)| *time < before_ms && !named.contains(id)).map(|(_, id)| *id).collect())
    }
}

/// The current snapshot and those that a branch or a tag names.
fn named_snapshots(metadata: &TableMetadata) -> Result<BTreeSet<i64>> {
    // iceberg gives no list of references.
    let json = serde_json::to_value(metadata).map_err(|_| Error::Internal("table metadata has no JSON form"))?;
    let references = json.get("refs").and_then(|refs| refs.as_object()).into_iter().flatten();
    let named = references.filter_map(|(_, reference)| reference.get("snapshot-id")?.as_i64());
    Ok(named.chain(metadata.current_snapshot_id()).collect())
}
