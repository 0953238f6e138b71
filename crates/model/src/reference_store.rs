//! Reference stores, references and their import jobs.

use crate::error::{ValidationError, check_length, check_printable};
use crate::{AccountId, ObjectUri, RoleArn, SseConfig, Tags};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::fmt;
use uuid::Uuid;

/// Numeric id of a reference store, a reference or a reference import job: we give 10 digits, we accept 10..36.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RefId(String);

impl RefId {
    pub fn random() -> Self {
        let number = Uuid::new_v4().as_u128() % 9_000_000_000 + 1_000_000_000;
        Self(number.to_string())
    }

    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        check_length(field, text, 10, 36)?;
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ValidationError::pattern(field, "[0-9]+"));
        }
        Ok(Self(text.to_owned()))
    }

    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RefId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Name of a reference store: 1..127 printable characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceStoreName(String);

impl ReferenceStoreName {
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        check_length(field, text, 1, 127)?;
        check_printable(field, text)?;
        Ok(Self(text.to_owned()))
    }

    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Name of a reference: 3..255 printable characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceName(String);

impl ReferenceName {
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        check_length(field, text, 3, 255)?;
        check_printable(field, text)?;
        Ok(Self(text.to_owned()))
    }

    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A collection of references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceStore {
    pub id: RefId,
    pub account: AccountId,
    pub name: ReferenceStoreName,
    /// 1..255 characters when given.
    pub description: Option<String>,
    pub sse: Option<SseConfig>,
    pub tags: Tags,
    pub created: DateTime<Utc>,
}

/// State of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceStatus {
    Active,
    Deleting,
    Deleted,
}

impl ReferenceStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Deleting => "DELETING",
            Self::Deleted => "DELETED",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Deleting, Self::Deleted].into_iter().find(|s| s.as_str() == text)
    }
}

/// A reference genome: the FASTA as uploaded, and its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub id: RefId,
    pub store: RefId,
    pub name: ReferenceName,
    pub description: Option<String>,
    pub tags: Tags,
    pub status: ReferenceStatus,
    /// md5 of the file as uploaded, lower-case hexadecimal.
    pub md5: String,
    /// Where the source lies, relative to the warehouse.
    pub source_path: String,
    pub source_bytes: u64,
    /// Where the FASTA index (`.fai` text) lies, relative to the warehouse.
    pub index_path: String,
    pub index_bytes: u64,
    /// Other names that the FASTA gives its contigs, each with the name of the contig.
    pub contig_aliases: BTreeMap<String, String>,
    pub job: RefId,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
}

/// State of a reference import job (spec 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceJobStatus {
    Submitted,
    InProgress,
    Cancelling,
    Cancelled,
    Failed,
    Completed,
    CompletedWithFailures,
}

impl ReferenceJobStatus {
    pub const ALL: [Self; 7] = [
        Self::Submitted,
        Self::InProgress,
        Self::Cancelling,
        Self::Cancelled,
        Self::Failed,
        Self::Completed,
        Self::CompletedWithFailures,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::InProgress => "IN_PROGRESS",
            Self::Cancelling => "CANCELLING",
            Self::Cancelled => "CANCELLED",
            Self::Failed => "FAILED",
            Self::Completed => "COMPLETED",
            Self::CompletedWithFailures => "COMPLETED_WITH_FAILURES",
        }
    }

    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| ValidationError::one_of(field, &Self::ALL.map(Self::as_str)))
    }

    pub fn is_terminal(self) -> bool {
        match self {
            Self::Submitted | Self::InProgress | Self::Cancelling => false,
            Self::Cancelled | Self::Failed | Self::Completed | Self::CompletedWithFailures => true,
        }
    }
}

/// State of one source of a reference import job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceSourceStatus {
    NotStarted,
    InProgress,
    Finished,
    Failed,
}

impl ReferenceSourceStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "NOT_STARTED",
            Self::InProgress => "IN_PROGRESS",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::NotStarted, Self::InProgress, Self::Finished, Self::Failed].into_iter().find(|s| s.as_str() == text)
    }
}

/// One FASTA file of a reference import job. `reference` is known once it is finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceImportSource {
    pub position: u32,
    pub source: ObjectUri,
    pub name: ReferenceName,
    pub description: Option<String>,
    pub tags: Tags,
    pub status: ReferenceSourceStatus,
    /// At most 127 characters on the wire.
    pub message: String,
    pub reference: Option<RefId>,
}

/// One request to import FASTA files into a reference store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceImportJob {
    pub id: RefId,
    pub store: RefId,
    pub account: AccountId,
    pub role: RoleArn,
    pub status: ReferenceJobStatus,
    pub message: String,
    pub created: DateTime<Utc>,
    pub completed: Option<DateTime<Utc>>,
    pub sources: Vec<ReferenceImportSource>,
}
