//! Tags of a resource: at most 50, keys 1..128, values 0..256, no `aws:` keys.

use crate::ValidationError;
use crate::error::check_length;
use std::collections::BTreeMap;

/// Most tags a resource may carry.
const MAX_TAGS: usize = 50;

/// Checked tags, in key order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags(BTreeMap<String, String>);

impl Tags {
    pub fn new(tags: BTreeMap<String, String>) -> Result<Self, ValidationError> {
        if tags.len() > MAX_TAGS {
            return Err(ValidationError::new("tags", format!("Member must have at most {MAX_TAGS} entries")));
        }
        for (key, value) in &tags {
            check_length("tags.key", key, 1, 128)?;
            check_length(&format!("tags.{key}"), value, 0, 256)?;
            if key.to_ascii_lowercase().starts_with("aws:") {
                return Err(ValidationError::new("tags.key", "keys that begin with 'aws:' are reserved"));
            }
        }
        Ok(Self(tags))
    }

    /// Tags read back from the catalog, which holds only checked ones.
    pub fn from_stored(tags: BTreeMap<String, String>) -> Self {
        Self(tags)
    }

    pub fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// These and others, which win where keys are equal; none if that were too many.
    pub fn merged(&self, others: &Self) -> Option<Self> {
        let mut tags = self.0.clone();
        tags.extend(others.0.iter().map(|(key, value)| (key.clone(), value.clone())));
        (tags.len() <= MAX_TAGS).then_some(Self(tags))
    }

    /// These without the ones of these keys.
    pub fn without(&self, keys: &[&str]) -> Self {
        let kept = self.0.iter().filter(|(key, _)| !keys.contains(&key.as_str()));
        Self(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}
