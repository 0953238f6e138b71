//! Shares: a store that its owner lets another account read (spec 3.6, 13).

use crate::error::{ValidationError, check_length};
use crate::{AccountId, Resource, StoreId};
use chrono::{DateTime, Utc};

/// State of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareStatus {
    /// Offered.
    Pending,
    Activating,
    /// Accepted: the subscriber sees the tables.
    Active,
    Deleting,
    Deleted,
    Failed,
}

impl ShareStatus {
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Activating, Self::Active, Self::Deleting, Self::Deleted, Self::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Active => "ACTIVE",
            Self::Deleting => "DELETING",
            Self::Deleted => "DELETED",
            Self::Failed => "FAILED",
        }
    }

    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        let names = Self::ALL.map(Self::as_str);
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| ValidationError::one_of(field, &names))
    }
}

/// What kind of resource is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareKind {
    VariantStore,
    AnnotationStore,
    /// Never shared here.
    Workflow,
}

impl ShareKind {
    pub const ALL: [Self; 3] = [Self::VariantStore, Self::AnnotationStore, Self::Workflow];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::VariantStore => "VARIANT_STORE",
            Self::AnnotationStore => "ANNOTATION_STORE",
            Self::Workflow => "WORKFLOW",
        }
    }

    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        let names = Self::ALL.map(Self::as_str);
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| ValidationError::one_of(field, &names))
    }

    /// None of what cannot be shared.
    pub fn of(resource: &Resource) -> Option<Self> {
        match resource {
            Resource::VariantStore(_) => Some(Self::VariantStore),
            Resource::AnnotationStore(_) => Some(Self::AnnotationStore),
            Resource::AnnotationVersion { .. } | Resource::ReferenceStore(_) | Resource::Reference { .. } => None,
        }
    }
}

/// Name of a share: 1 to 256 of `[a-zA-Z0-9_-]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareName(String);

impl ShareName {
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        check_length(field, text, 1, 256)?;
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
            return Err(ValidationError::pattern(field, "[a-zA-Z0-9_-]+"));
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

/// One store shared with one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// A UUID.
    pub id: String,
    pub owner: AccountId,
    pub resource_arn: String,
    /// Of the store.
    pub resource_id: StoreId,
    pub kind: ShareKind,
    pub subscriber: AccountId,
    pub name: ShareName,
    pub status: ShareStatus,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
}
