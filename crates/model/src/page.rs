//! Pages of a listing: newest first, at most 100 entries, continued by an opaque token.

use crate::ValidationError;

/// Entries a page may hold: 1..=100; 100 when the client does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u32);

impl PageSize {
    pub fn parse(max_results: Option<i64>) -> Result<Self, ValidationError> {
        match max_results {
            None => Ok(Self(100)),
            Some(n) => match u32::try_from(n) {
                Ok(n @ 1..=100) => Ok(Self(n)),
                _ => Err(ValidationError::new("maxResults", "Member must have value between 1 and 100, inclusive")),
            },
        }
    }

    pub fn get(self) -> u32 {
        self.0
    }
}

/// Where a listing goes on: the creation time and the id of the last entry already given.
///
/// A listing sorts by `(created, id)` descending, so new entries never shift a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageToken {
    pub created_us: i64,
    pub id: String,
}

impl PageToken {
    /// `created_us:id`; the API wraps it so that it stays opaque.
    pub fn to_text(&self) -> String {
        format!("{}:{}", self.created_us, self.id)
    }

    pub fn parse(text: &str) -> Option<Self> {
        let (created, id) = text.split_once(':')?;
        let created_us = created.parse().ok()?;
        (!id.is_empty()).then(|| Self { created_us, id: id.to_owned() })
    }
}

/// One page of a listing.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub entries: Vec<T>,
    pub next: Option<PageToken>,
}
