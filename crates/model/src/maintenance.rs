//! Work on a table that no import does: files merged, old snapshots dropped, the rows of a job taken back.

use crate::{AccountId, JobId, JobStatus, StoreId};
use chrono::{DateTime, Utc};

/// What a task does to its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Merges small data files into sorted, larger ones. Rows stay as they are.
    Compact,
    /// Drops the snapshots before a time, but for the newest so many.
    Expire { before: DateTime<Utc>, keep: u32 },
    /// Removes the rows of an import job that has ended.
    Undo { job: JobId },
}

impl Work {
    /// `COMPACT`, `EXPIRE` or `UNDO`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Compact => "COMPACT",
            Self::Expire { .. } => "EXPIRE",
            Self::Undo { .. } => "UNDO",
        }
    }
}

/// What a task has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TaskReport {
    /// Data files that went.
    pub files_before: u64,
    /// Data files that came in their place.
    pub files_after: u64,
    /// Of the files that went.
    pub bytes_before: u64,
    /// Of the files that came.
    pub bytes_after: u64,
    /// Rows that were written again.
    pub rows_rewritten: u64,
    /// Rows that are no longer in the table.
    pub rows_removed: u64,
    /// Snapshots that were dropped.
    pub snapshots_dropped: u64,
}

impl TaskReport {
    /// Each number with the name that it is told under.
    pub fn numbers(&self) -> [(&'static str, u64); 7] {
        [
            ("filesBefore", self.files_before),
            ("filesAfter", self.files_after),
            ("bytesBefore", self.bytes_before),
            ("bytesAfter", self.bytes_after),
            ("rowsRewritten", self.rows_rewritten),
            ("rowsRemoved", self.rows_removed),
            ("snapshotsDropped", self.snapshots_dropped),
        ]
    }
}

/// A piece of such work, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// In the names of files and among leases it stands where an import job's id would.
    pub id: JobId,
    pub account: AccountId,
    /// Of the variant store, or of the version of the annotation store.
    pub destination: StoreId,
    /// The name that SQL finds the table by.
    pub table: String,
    pub work: Work,
    /// Begun by the server itself.
    pub automatic: bool,
    /// Never COMPLETED_WITH_FAILURES.
    pub status: JobStatus,
    pub message: String,
    pub report: TaskReport,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
    pub completed: Option<DateTime<Utc>>,
}

/// That a job's rows were taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undone {
    pub task: JobId,
    pub rows: u64,
    pub time: DateTime<Utc>,
}
