//! Where a batch keeps what a normalizer needs.

use varberg_model::{FormatKey, TsvStoreOptions};

/// Positions of columns in a batch of [`Reader`](super::Reader).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// Text.
    pub contig: usize,
    /// `Int32` or `Int64` as declared; 0-based.
    pub start: usize,
    /// `Int32` or `Int64`; 0-based, exclusive. Computed in CHR_POS_REF_ALT.
    pub end: usize,
    /// Text.
    pub reference: usize,
    /// Text: every allele of the file, between commas.
    pub alternate: usize,
}

impl Places {
    /// None if the store's type has no alleles.
    pub(super) fn of(store: &TsvStoreOptions) -> Option<Self> {
        let schema = store.schema();
        let computed_end = || schema.position("end").unwrap_or(schema.columns().len());
        Some(Self {
            contig: store.position(FormatKey::Chr)?,
            start: store.position(FormatKey::Pos).or_else(|| store.position(FormatKey::Start))?,
            end: store.position(FormatKey::End).unwrap_or_else(computed_end),
            reference: store.position(FormatKey::Ref)?,
            alternate: store.position(FormatKey::Alt)?,
        })
    }
}
