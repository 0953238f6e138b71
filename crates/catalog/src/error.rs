//! What can go wrong in the catalog, one variant for each thing a caller can act on.

use crate::dialect;
use std::fmt;
use std::path::PathBuf;
use varberg_model::{JobStatus, StoreStatus};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The thing an error is about, by the name or id its user knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entity {
    VariantStore(String),
    AnnotationStore(String),
    AnnotationVersion {
        store: String,
        version: String,
    },
    /// By the name that SQL finds it by.
    Table(String),
    ImportJob(String),
    /// An item, by its position in the job, from 0.
    ImportItem(u32),
    ReferenceStore(String),
    ReferenceImportJob(String),
    /// A source of a reference import job, by its position, from 0.
    ReferenceSource(u32),
    Reference(String),
    /// By the part of its ARN behind the account.
    Resource(String),
    Share(String),
    /// By the account that the store is shared with.
    ShareWith(String),
    User(String),
    /// By its id.
    AccessKey(String),
    /// A name that was given to a table.
    TableLink(String),
    WorkGroup(String),
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VariantStore(name) => write!(f, "variant store {name}"),
            Self::AnnotationStore(name) => write!(f, "annotation store {name}"),
            Self::AnnotationVersion { store, version } => write!(f, "version {version} of annotation store {store}"),
            Self::Table(name) => write!(f, "a table named {name}"),
            Self::ImportJob(id) => write!(f, "import job {id}"),
            Self::ImportItem(position) => write!(f, "item {position} of the import job"),
            Self::ReferenceStore(id) => write!(f, "reference store {id}"),
            Self::ReferenceImportJob(id) => write!(f, "reference import job {id}"),
            Self::ReferenceSource(position) => write!(f, "source {position} of the reference import job"),
            Self::Reference(id) => write!(f, "reference {id}"),
            Self::Resource(arn) => write!(f, "resource {arn}"),
            Self::Share(id) => write!(f, "share {id}"),
            Self::ShareWith(account) => write!(f, "a share of this store with account {account}"),
            Self::User(name) => write!(f, "user {name}"),
            Self::AccessKey(id) => write!(f, "access key {id}"),
            Self::TableLink(name) => write!(f, "table {name}"),
            Self::WorkGroup(name) => write!(f, "work group {name}"),
        }
    }
}

/// Why a call of the catalog did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0} does not exist")]
    NotFound(Entity),
    #[error("{0} already exists")]
    AlreadyExists(Entity),
    /// The state of things forbids it; the text says what stands in the way and what to do.
    #[error("{0}")]
    Conflict(String),
    #[error("{0} is {status} and must be ACTIVE", status = .1.as_str())]
    NotActive(Entity, StoreStatus),
    #[error("a resource can have at most 50 tags")]
    TooManyTags,
    /// A quota that is configured.
    #[error("the quota of {most} {what} is reached")]
    TooMany { what: &'static str, most: u32 },
    #[error("only the account that a store is shared with can accept the share")]
    NotTheSubscriber,
    #[error("the import job has already ended as {}", .0.as_str())]
    AlreadyEnded(JobStatus),
    #[error("the creation took too long and was given up; try it again")]
    Buried,
    /// Another epoch of the job runs or the job has ended: the caller must stop and delete nothing.
    #[error("the lease on the job is lost")]
    LeaseLost,
    /// The state machine of the model has no such move: a bug of ours.
    #[error("a job or item cannot move from {} to {}", .from.as_str(), .to.as_str())]
    IllegalMove { from: JobStatus, to: JobStatus },
    /// The caller's outcome contradicts itself: a bug of ours.
    #[error("the outcome {} does not follow from those of the items", .0.as_str())]
    InconsistentOutcome(JobStatus),
    /// The database stayed locked or all connections stayed in use; trying again later helps.
    #[error("the catalog is busy")]
    Busy,
    #[error(
        "the catalog has schema version {found}, and this program knows versions up to {known}; \
         start the newer version of varberg that wrote it"
    )]
    NewerSchema { found: i64, known: i64 },
    #[error("cannot open the catalog {}; check the path, its permissions and that it is a varberg catalog", .path.display())]
    Open { path: PathBuf, source: sqlx::Error },
    /// A stored value that this program cannot read: a damaged database or a bug of ours.
    #[error("column {column} of the catalog holds an unreadable value")]
    Stored { column: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("the catalog's database failed")]
    Internal(#[source] sqlx::Error),
}

impl Error {
    /// Whether the change may have been made although the call failed; then look before trying again.
    pub fn may_have_committed(&self) -> bool {
        matches!(self, Self::Internal(_))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            error if dialect::is_busy(&error) => Self::Busy,
            error => Self::Internal(error),
        }
    }
}
