//! Work on tables beside imports.

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use varberg_lake::CompactionOptions;

const MIB: u64 = 1 << 20;

/// Merging of small data files, and removal of what old snapshots leave; see [operations.md](operations.md#tables).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaintenanceConfig {
    /// Whether tables are compacted by the server itself. `varberg table compact` works in any case.
    pub automatic: bool,
    /// Small data files of a table from which on the server compacts it by itself.
    pub small_files: u32,
    /// Data files of fewer bytes are small.
    pub small_bytes: u64,
    /// Seconds between two looks at all tables.
    pub interval_s: u32,
    /// Memory for sorting; what does not fit is spilled to disk.
    pub memory_bytes: u64,
    /// Seconds for which the files of dropped snapshots stay, for statements and readers that are at work on them.
    pub grace_s: u32,
}

impl Default for MaintenanceConfig {
    fn default() -> Self {
        Self {
            automatic: true,
            small_files: 64,
            small_bytes: 96 * MIB,
            interval_s: 60,
            memory_bytes: 256 * MIB,
            grace_s: 3600,
        }
    }
}

impl MaintenanceConfig {
    /// Checks what the types alone do not.
    pub(super) fn check(&self) -> Result<()> {
        if self.small_files < 2 || self.interval_s == 0 {
            bail!("maintenance.small_files must be at least 2, and maintenance.interval_s at least 1");
        }
        if self.memory_bytes < 32 * MIB {
            bail!("maintenance.memory_bytes must be at least {}", 32 * MIB);
        }
        Ok(())
    }

    pub(crate) fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.interval_s))
    }

    /// Which files are merged.
    pub(crate) fn compaction(&self) -> CompactionOptions {
        CompactionOptions { small_bytes: self.small_bytes, ..CompactionOptions::default() }
    }
}
