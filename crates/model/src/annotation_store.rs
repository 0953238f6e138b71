//! Annotation stores and their versions (spec 3.3, 3.4, 12.4).

use crate::destination::{Content, Destination};
use crate::error::ValidationError;
use crate::store::{Description, Layout, SseConfig, StoreId, StoreName, StoreStatus};
use crate::tsv_store_options::TsvStoreOptions;
use crate::{AccountId, Tags};
use chrono::{DateTime, Utc};

/// Longest name of a table, which is made of two names.
const MAX_TABLE_NAME: usize = 255;

/// What the files of an annotation store are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFormat {
    Gff,
    Tsv,
    Vcf,
}

impl StoreFormat {
    pub const ALL: [Self; 3] = [Self::Gff, Self::Tsv, Self::Vcf];

    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gff => "GFF",
            Self::Tsv => "TSV",
            Self::Vcf => "VCF",
        }
    }

    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        let values = Self::ALL.map(Self::as_str);
        Self::ALL.into_iter().find(|v| v.as_str() == text).ok_or_else(|| ValidationError::one_of(field, &values))
    }
}

/// An annotation store: one or more versions, each with a table of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotationStore {
    pub id: StoreId,
    pub account: AccountId,
    pub name: StoreName,
    /// Needed for left-normalization only.
    pub reference_arn: Option<String>,
    pub description: Description,
    pub sse: Option<SseConfig>,
    pub tags: Tags,
    pub format: StoreFormat,
    /// Of the store as it was created; there for TSV and for nothing else. A version may have others.
    pub options: Option<TsvStoreOptions>,
    pub status: StoreStatus,
    pub status_message: String,
    /// How many versions there are that are not being deleted.
    pub versions: u64,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
}

/// A version of an annotation store: one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotationVersion {
    /// The first version of a store has the store's id (spec 5.1).
    pub id: StoreId,
    pub store: StoreId,
    pub store_name: StoreName,
    pub name: StoreName,
    pub description: Description,
    pub tags: Tags,
    /// There for TSV and for nothing else.
    pub options: Option<TsvStoreOptions>,
    pub status: StoreStatus,
    pub status_message: String,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
}

impl AnnotationStore {
    /// The namespace of the tables of all versions: `annotation_{account}_{id}` (spec 5.1).
    pub fn namespace(&self) -> String {
        format!("annotation_{}_{}", self.account, self.id)
    }

    /// The table of one of its versions.
    pub fn destination(&self, version: &AnnotationVersion) -> Destination {
        let content = match (self.format, &version.options) {
            (StoreFormat::Tsv, Some(options)) => Content::Delimited(options.clone()),
            (StoreFormat::Gff, _) => Content::Features,
            (StoreFormat::Vcf | StoreFormat::Tsv, _) => Content::Variants,
        };
        Destination {
            layout: Layout::Long,
            id: version.id.clone(),
            namespace: self.namespace(),
            table: version.table_name(),
            directory: format!("annotation_{}_{}", self.account, version.id),
            reference_arn: self.reference_arn.clone(),
            content,
        }
    }
}

impl AnnotationVersion {
    pub fn is_first(&self) -> bool {
        self.id == self.store
    }

    /// The store's name for the first version, `{store}_{version}` for the others (spec 12.4).
    pub fn table_name(&self) -> String {
        if self.is_first() { self.store_name.to_string() } else { format!("{}_{}", self.store_name, self.name) }
    }

    /// Names that are too long together make no table.
    pub fn check_table_name(&self) -> Result<(), ValidationError> {
        if self.table_name().len() <= MAX_TABLE_NAME {
            return Ok(());
        }
        let reason = format!("Member must leave the table's name, STORE_VERSION, within {MAX_TABLE_NAME} characters");
        Err(ValidationError::new("versionName", reason))
    }
}
