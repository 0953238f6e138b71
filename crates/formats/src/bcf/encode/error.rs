//! Why VCF text cannot be written as BCF. Says where and which key; never a genotype, a sample or a value.

use crate::fault::{Code, Fault, shown};
use std::fmt;

/// Why a header or a record cannot be written as BCF.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The header contradicts itself.
    #[error(transparent)]
    Header(#[from] Fault),
    #[error(transparent)]
    Record(#[from] Unwritable),
}

/// A record that BCF cannot hold as it is (code E30).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwritable {
    what: String,
    /// `contig:position`.
    place: Option<String>,
    /// The INFO or FORMAT key.
    key: Option<String>,
}

impl Unwritable {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), place: None, key: None }
    }

    pub(super) fn too_many(what: &str) -> Self {
        Self::new(format!("it has too many {what}"))
    }

    /// BCF has numbers for names, and the header gives none to this one.
    pub(super) fn undeclared(section: &str, name: &[u8]) -> Self {
        Self::new(format!("{section} {} is not declared in the header", shown(name)))
    }

    pub(super) fn with_key(self, key: &[u8]) -> Self {
        Self { key: Some(shown(key)), ..self }
    }

    pub(super) fn at(self, contig: &[u8], position: &[u8]) -> Self {
        Self { place: Some(format!("{}:{}", shown(contig), shown(position))), ..self }
    }
}

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: a record cannot be written as BCF: {}", Code::E30, self.what)?;
        let key = self.key.as_ref().map(|key| format!("key {key}"));
        let places: Vec<String> = [self.place.clone(), key].into_iter().flatten().collect();
        if places.is_empty() { Ok(()) } else { write!(f, " ({})", places.join(", ")) }
    }
}

impl std::error::Error for Unwritable {}
