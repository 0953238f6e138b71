//! Import jobs and their items: the nouns and the states.

use crate::error::{ValidationError, check_length};
use crate::format_options::FormatOptions;
use crate::{AccountId, ObjectUri, RoleArn, StoreId, StoreName};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::fmt;
use uuid::Uuid;

/// Most items a variant import job may have (spec 5.5).
pub const MAX_ITEMS: usize = 1000;

/// Id of an import job: a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub Uuid);

impl JobId {
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// Lower-case, hyphenated: `[a-f0-9]{8}-[a-f0-9]{4}-…` (spec 3, `Uuid`).
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        let refused =
            || ValidationError::new(field, "Member must be a UUID, such as 01234567-89ab-4cde-8f01-23456789abcd");
        let id = Uuid::try_parse(text).map_err(|_| refused())?;
        if id.hyphenated().to_string() != text {
            return Err(refused());
        }
        Ok(Self(id))
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// State of an import job and of each of its items (spec 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobStatus {
    Submitted,
    InProgress,
    Cancelled,
    Completed,
    Failed,
    CompletedWithFailures,
}

impl JobStatus {
    pub const ALL: [Self; 6] = [
        Self::Submitted,
        Self::InProgress,
        Self::Cancelled,
        Self::Completed,
        Self::Failed,
        Self::CompletedWithFailures,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::InProgress => "IN_PROGRESS",
            Self::Cancelled => "CANCELLED",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::CompletedWithFailures => "COMPLETED_WITH_FAILURES",
        }
    }

    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| ValidationError::one_of(field, &Self::ALL.map(Self::as_str)))
    }

    /// Whether the job has ended.
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Submitted | Self::InProgress => false,
            Self::Cancelled | Self::Completed | Self::Failed | Self::CompletedWithFailures => true,
        }
    }

    /// Whether a job may move from `self` to `next`. Terminal states never move.
    pub fn can_become(self, next: Self) -> bool {
        match self {
            Self::Submitted => matches!(next, Self::InProgress | Self::Cancelled),
            Self::InProgress => {
                matches!(next, Self::Completed | Self::CompletedWithFailures | Self::Failed | Self::Cancelled)
            }
            Self::Cancelled | Self::Completed | Self::Failed | Self::CompletedWithFailures => false,
        }
    }
}

/// The job's final state from those of its items (spec 5.2): all good, none good, or some of each.
pub fn roll_up(items: &[JobStatus]) -> JobStatus {
    let completed = items.iter().filter(|s| **s == JobStatus::Completed).count();
    match completed {
        0 => JobStatus::Failed,
        n if n == items.len() => JobStatus::Completed,
        _ => JobStatus::CompletedWithFailures,
    }
}

/// `annotationFields`: which INFO id holds which annotation. Only the key `VEP` has a meaning (spec 9); what SnpEff and
/// bcftools csq write goes under it too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnnotationFields(BTreeMap<String, String>);

impl AnnotationFields {
    /// Keys and values are 1..21 characters.
    pub fn new(fields: BTreeMap<String, String>) -> Result<Self, ValidationError> {
        for (key, value) in &fields {
            check_length("annotationFields.key", key, 1, 21)?;
            check_length(&format!("annotationFields.{key}"), value, 1, 21)?;
        }
        Ok(Self(fields))
    }

    /// What holds for a request without `annotationFields`: the INFO id that VEP itself uses (spec 5.4).
    pub fn implied() -> Self {
        Self(BTreeMap::from([("VEP".to_owned(), "CSQ".to_owned())]))
    }

    /// The INFO id to parse; none if it is not given or blank.
    pub fn vep(&self) -> Option<&str> {
        self.0.get("VEP").map(|id| id.trim()).filter(|id| !id.is_empty())
    }

    pub fn from_stored(fields: BTreeMap<String, String>) -> Self {
        Self(fields)
    }

    pub fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// How far an item is: bytes of the source read, of how many, and records parsed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ItemProgress {
    pub bytes_read: u64,
    pub bytes_total: u64,
    pub records: u64,
}

/// A rule that a file breaks although it was read: how often, where first, and what the policy made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemWarning {
    /// Name of the rule, for machines.
    pub cause: String,
    /// Code of its family, such as `E14`.
    pub code: String,
    /// What is wrong, in one line.
    pub message: String,
    /// `warn` or `reject record`.
    pub verdict: String,
    pub count: u64,
    /// Line of the file, from 1.
    pub first_line: u64,
}

/// What was found in a file while it was read, whole; the item's message may be cut.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemReport {
    /// Records that were left out.
    pub rejected: u64,
    /// In the order of their first occurrence, each rule once.
    pub warnings: Vec<ItemWarning>,
}

/// One file of a job. `position` counts from 0 in the order of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportItem {
    pub position: u32,
    pub source: ObjectUri,
    pub status: JobStatus,
    pub message: String,
    pub progress: ItemProgress,
    pub report: ItemReport,
}

/// What an annotation import job has beyond a variant import job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotationImport {
    pub version_name: StoreName,
    pub format: FormatOptions,
}

/// One request to import files into a variant store or into a version of an annotation store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportJob {
    pub id: JobId,
    pub account: AccountId,
    /// Of the variant store, or of the version of the annotation store.
    pub destination_id: StoreId,
    /// Of the store.
    pub destination_name: StoreName,
    /// There for annotation import jobs.
    pub annotation: Option<AnnotationImport>,
    pub role: RoleArn,
    pub left_normalize: bool,
    pub annotation_fields: AnnotationFields,
    pub status: JobStatus,
    pub message: String,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
    pub completed: Option<DateTime<Utc>>,
    pub items: Vec<ImportItem>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_states_never_move() {
        for from in JobStatus::ALL.into_iter().filter(|s| s.is_terminal()) {
            assert!(JobStatus::ALL.into_iter().all(|next| !from.can_become(next)), "{from:?}");
        }
    }

    #[test]
    fn a_job_ends_as_its_items_did() {
        use JobStatus::{Completed, CompletedWithFailures, Failed};
        assert_eq!(roll_up(&[Completed, Completed]), Completed);
        assert_eq!(roll_up(&[Completed, Failed]), CompletedWithFailures);
        assert_eq!(roll_up(&[Failed]), Failed);
    }

    #[test]
    fn annotations_are_parsed_from_the_trimmed_id_under_vep() {
        let fields = |key: &str, id: &str| AnnotationFields::new(BTreeMap::from([(key.to_owned(), id.to_owned())]));
        assert_eq!(fields("VEP", " vep ").unwrap().vep(), Some("vep"));
        assert_eq!(fields("VEP", " ").unwrap().vep(), None);
        assert_eq!(fields("vep", "CSQ").unwrap().vep(), None);
        assert_eq!(AnnotationFields::default().vep(), None);
        assert_eq!(AnnotationFields::implied().vep(), Some("CSQ"));
        assert!(fields("VEP", "").is_err() && fields("VEP", &"k".repeat(22)).is_err());
    }

    #[test]
    fn job_ids_are_lower_case_hyphenated_uuids() {
        let id = JobId::random();
        assert_eq!(JobId::parse("jobId", &id.to_string()), Ok(id));
        assert!(
            JobId::parse("jobId", &id.to_string().to_uppercase()).is_err()
                || !id.to_string().contains(|c: char| c.is_ascii_alphabetic())
        );
        assert!(JobId::parse("jobId", &id.0.simple().to_string()).is_err());
    }
}
