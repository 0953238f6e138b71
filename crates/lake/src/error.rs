//! The error of tables, files and commits.

/// What this crate returns, except for queries ([`crate::QueryError`]) and input files ([`crate::SourceError`]).
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The warehouse address, or an option that belongs to it, is not usable.
    #[error("warehouse '{uri}': {reason}")]
    Warehouse { uri: String, reason: String },
    /// A path that lies outside the warehouse, or is not one.
    #[error("'{path}' is not a file below the warehouse")]
    Path { path: String },
    #[error("{operation} of '{path}' failed")]
    Storage { operation: &'static str, path: String, source: Box<object_store::Error> },
    #[error("{operation} of '{path}' failed")]
    Io { operation: &'static str, path: String, source: std::io::Error },
    #[error("{operation} failed")]
    Metadata { operation: &'static str, source: Box<iceberg::Error> },
    #[error("writing a data file failed")]
    Parquet(#[from] parquet::errors::ParquetError),
    #[error("sorting rows of a data file failed")]
    Arrow(#[from] arrow_schema::ArrowError),
    #[error("reading or sorting rows of data files failed")]
    Engine { source: Box<datafusion::common::DataFusionError> },
    /// A batch that does not have the table's columns.
    #[error("a batch does not have the table's columns: {reason}")]
    Shape { reason: String },
    /// The table has something that we do not write, e.g. delete files of another engine.
    #[error("table '{location}' cannot be used: {reason}")]
    Foreign { location: String, reason: String },
    /// The pointer kept moving although the commit was rebased many times.
    #[error("table '{namespace}.{name}' changed {attempts} times during the commit")]
    Contended { namespace: String, name: String, attempts: u32 },
    /// Files that a commit was to replace are no longer part of the table.
    #[error("files of table '{namespace}.{name}' that were to be replaced are no longer part of it")]
    FilesGone { namespace: String, name: String },
    /// The pointer store failed; whether the swap took place is unknown if `in_swap`.
    #[error("reading or moving table pointers failed")]
    Pointers { source: Box<dyn std::error::Error + Send + Sync>, in_swap: bool },
    /// A bug of ours.
    #[error("internal: {0}")]
    Internal(&'static str),
}

impl Error {
    /// Whether the commit that failed with this error may nevertheless have taken place.
    pub fn may_have_committed(&self) -> bool {
        matches!(self, Self::Pointers { in_swap: true, .. })
    }

    /// Whether the file that was asked for is not there.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Storage { source, .. } => matches!(**source, object_store::Error::NotFound { .. }),
            Self::Io { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
            _ => false,
        }
    }

    /// An error of a pointer store, for implementations of [`crate::PointerStore`].
    pub fn pointers(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Pointers { source: source.into(), in_swap: false }
    }

    pub(crate) fn storage(operation: &'static str, path: &str) -> impl FnOnce(object_store::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Storage { operation, path, source: Box::new(source) }
    }

    pub(crate) fn metadata(operation: &'static str) -> impl FnOnce(iceberg::Error) -> Self {
        move |source| Self::Metadata { operation, source: Box::new(source) }
    }
}
