//! A statement that a client started and asks about later, as Athena knows it.

use crate::{AccountId, JobId};
use chrono::{DateTime, Utc};

/// State of an execution. It moves forward only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionState {
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

impl ExecutionState {
    const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled];

    /// As Athena writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// What a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementKind {
    /// SELECT, WITH, VALUES: its answer is a file of CSV.
    Select,
    /// CREATE TABLE ... AS SELECT: its answer is files of a table.
    CreateTableAsSelect,
    /// UNLOAD (SELECT ...) TO ...: its answer is files.
    Unload,
    /// SHOW and DESCRIBE.
    Show,
    /// EXPLAIN.
    Explain,
}

impl StatementKind {
    const ALL: [Self; 5] = [Self::Select, Self::CreateTableAsSelect, Self::Unload, Self::Show, Self::Explain];

    /// `SubstatementType`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::CreateTableAsSelect => "CREATE_TABLE_AS_SELECT",
            Self::Unload => "UNLOAD",
            Self::Show => "SHOW",
            Self::Explain => "EXPLAIN",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// `StatementType`.
    pub const fn group(self) -> &'static str {
        match self {
            Self::Select | Self::Unload => "DML",
            Self::CreateTableAsSelect => "DDL",
            Self::Show | Self::Explain => "UTILITY",
        }
    }
}

/// How long an execution took, and how much it read and gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExecutionStatistics {
    pub queue_ms: u64,
    pub engine_ms: u64,
    /// Bytes that were read from data files.
    pub scanned_bytes: u64,
    pub rows: u64,
    /// Bytes of the answer's files.
    pub output_bytes: u64,
}

/// What has become of an execution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecutionOutcome {
    /// Why it is not, or no longer, what was wanted; for its caller.
    pub reason: String,
    /// Whether a failure is the statement's and not the server's.
    pub by_user: bool,
    /// JSON: the columns of the answer.
    pub columns: String,
    pub statistics: ExecutionStatistics,
}

/// A statement that was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryExecution {
    pub id: JobId,
    pub account: AccountId,
    pub principal: String,
    pub work_group: String,
    pub database: String,
    /// With its parameters in place.
    pub sql: String,
    pub kind: StatementKind,
    pub state: ExecutionState,
    /// Path of the answer below the place of results; the same with `-manifest.csv` names its files where there are several.
    pub output: String,
    pub outcome: ExecutionOutcome,
    pub submitted: DateTime<Utc>,
    pub completed: Option<DateTime<Utc>>,
}
