//! Variant stores, and what both kinds of store have in common.

use crate::destination::{Content, Destination};
use crate::error::{ValidationError, check_length, has_line_end};
use crate::{AccountId, Tags};
use chrono::{DateTime, Utc};
use std::fmt;
use uuid::Uuid;

/// A store's name: `([a-z]){1}([a-z0-9_]){2,254}` (spec 3, `StoreName`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreName(String);

impl StoreName {
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        check_length(field, text, 3, 255)?;
        let mut bytes = text.bytes();
        let legal = bytes.next().is_some_and(|b| b.is_ascii_lowercase())
            && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !legal {
            return Err(ValidationError::pattern(field, "([a-z]){1}([a-z0-9_]){2,254}"));
        }
        Ok(Self(text.to_owned()))
    }

    /// A name read back from the catalog, which holds only checked ones.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A store's id: 12 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreId(String);

impl StoreId {
    pub fn random() -> Self {
        Self(Uuid::new_v4().simple().to_string().chars().take(12).collect())
    }

    /// An id read back from the catalog.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A store's description: at most 500 characters, empty when not given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description(String);

impl Description {
    pub fn parse(text: Option<&str>) -> Result<Self, ValidationError> {
        let text = text.unwrap_or_default();
        check_length("description", text, 0, 500)?;
        Ok(Self(text.to_owned()))
    }

    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Encryption at rest as the client asked for it; recorded and echoed, done by the storage layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseConfig {
    pub key_arn: Option<String>,
}

impl SseConfig {
    /// `type` must be `KMS`; a key ARN is 20..2048 characters and contains an ARN (spec 3.9, `SseConfig`).
    pub fn parse(kind: &str, key_arn: Option<&str>) -> Result<Self, ValidationError> {
        if kind != "KMS" {
            return Err(ValidationError::one_of("sseConfig.type", &["KMS"]));
        }
        if let Some(arn) = key_arn {
            check_length("sseConfig.keyArn", arn, 20, 2048)?;
            if !contains_arn(arn) || has_line_end(arn) {
                let pattern = ".*arn:([^: ]*):([^: ]*):([^: ]*):([0-9]{12}):([^: ]*).*";
                return Err(ValidationError::pattern("sseConfig.keyArn", pattern));
            }
        }
        Ok(Self { key_arn: key_arn.map(str::to_owned) })
    }
}

fn contains_arn(text: &str) -> bool {
    text.match_indices("arn:").any(|(at, _)| {
        let parts: Vec<&str> = text.get(at..).unwrap_or_default().splitn(6, ':').collect();
        matches!(parts.as_slice(), [_, a, b, c, account, _]
            if account.len() == 12 && account.bytes().all(|d| d.is_ascii_digit())
            && !a.contains(' ') && !b.contains(' ') && !c.contains(' '))
    })
}

/// The tag of a new variant store that says how its table lies on disk.
pub const LAYOUT_TAG: &str = "varberg:layout";

/// How a store's table lies on disk (design 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Not decided: the first import decides.
    Auto,
    /// One row for each record and sample.
    Long,
    /// One row for each record, with the values of all samples in vectors.
    Wide,
}

impl Layout {
    pub const ALL: [Self; 3] = [Self::Auto, Self::Long, Self::Wide];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Long => "long",
            Self::Wide => "wide",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layout| layout.as_str() == text)
    }

    /// The layout that fits files of which the one with most samples has `samples`: records of one sample are rows already.
    pub fn for_samples(samples: usize) -> Self {
        if samples == 1 { Self::Long } else { Self::Wide }
    }
}

/// State of a store (spec 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreStatus {
    Creating,
    Updating,
    Deleting,
    Active,
    Failed,
}

impl StoreStatus {
    pub const ALL: [Self; 5] = [Self::Creating, Self::Updating, Self::Deleting, Self::Active, Self::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Updating => "UPDATING",
            Self::Deleting => "DELETING",
            Self::Active => "ACTIVE",
            Self::Failed => "FAILED",
        }
    }

    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| ValidationError::one_of(field, &Self::ALL.map(Self::as_str)))
    }

    /// Whether a store may move from `self` to `next`. What is being deleted only vanishes.
    pub fn can_become(self, next: Self) -> bool {
        match self {
            Self::Creating => matches!(next, Self::Active | Self::Failed | Self::Deleting),
            Self::Active => matches!(next, Self::Updating | Self::Deleting),
            Self::Updating => matches!(next, Self::Active | Self::Deleting),
            Self::Failed => matches!(next, Self::Deleting),
            Self::Deleting => false,
        }
    }
}

/// A variant store: one table, bound to one reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariantStore {
    pub id: StoreId,
    pub account: AccountId,
    pub name: StoreName,
    pub reference_arn: String,
    pub description: Description,
    pub sse: Option<SseConfig>,
    pub tags: Tags,
    pub layout: Layout,
    pub status: StoreStatus,
    pub status_message: String,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
}

impl VariantStore {
    /// The namespace of the store's table: `variant_{account}_{id}` (spec 5.1).
    pub fn namespace(&self) -> String {
        format!("variant_{}_{}", self.account, self.id)
    }

    /// The store's table.
    pub fn destination(&self) -> Destination {
        Destination {
            id: self.id.clone(),
            namespace: self.namespace(),
            table: self.name.to_string(),
            directory: self.namespace(),
            reference_arn: Some(self.reference_arn.clone()),
            content: Content::Variants,
            layout: self.layout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_names_as_the_model_does() {
        for good in ["abc", "a_1", &"a".repeat(255)] {
            assert!(StoreName::parse("name", good).is_ok(), "{good}");
        }
        for bad in ["ab", "1bc", "Abc", "a-b", "a.b", "_ab", &"a".repeat(256), "äbc"] {
            assert!(StoreName::parse("name", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_leaves_deleting() {
        assert!(StoreStatus::ALL.into_iter().all(|next| !StoreStatus::Deleting.can_become(next)));
    }
}
