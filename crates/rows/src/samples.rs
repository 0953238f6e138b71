//! Sample columns of VCF records to packed vectors, one per FORMAT key. In: FORMAT and the text after it. Out: Binary
//! columns of a record batch. Judges nothing: what is wrong is handed back without sample names and genotypes.

use crate::RecordShape;
use arrow_array::ArrayRef;

/// What makes the sample columns of a record unreadable (spec 7.3). Nothing of the record was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    #[error("the record has {found} sample columns, the header {expected}")]
    TooFewColumns { expected: usize, found: usize },
    #[error("the record has {found} sample columns, the header {expected}")]
    TooManyColumns { expected: usize, found: usize },
    #[error("sample column {column} (from 1) has more values than FORMAT has keys")]
    TooManyValues { column: usize },
    #[error("GT is not the first key of FORMAT")]
    GenotypeNotFirst,
    #[error("FORMAT has a key twice or an empty key")]
    BadFormat,
    #[error("GT of sample column {column} (from 1) is not a genotype")]
    BadGenotype { column: usize },
    #[error("GT of sample column {column} (from 1) names an allele beyond ALT")]
    AlleleOutOfRange { column: usize },
    #[error("the sample columns are not UTF-8 text")]
    NotText,
    #[error("the sample columns of one batch exceed 2 GiB")]
    TooLarge,
}

/// What is odd in a record that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SampleProblem {
    /// A value does not parse as its key's declared type: the typed column will be null, the text is kept.
    BadValue { key: String },
    /// FORMAT has a key that the header does not declare; its values are kept as text.
    UndeclaredKey { key: String },
}

/// Problems of one record, each at most once per key. Empty (and without allocation) for a good record.
pub type SampleProblems = Vec<SampleProblem>;

/// Builds the `format_<i>` columns and `format_undeclared` of record batches; reusable after `finish`.
#[derive(Debug)]
pub struct SampleColumnsBuilder {}

impl SampleColumnsBuilder {
    pub fn new(_shape: &RecordShape) -> Self {
        Self {}
    }

    /// Adds a record. `samples` is the line from after the FORMAT column on (tab-separated, no line end);
    /// `alternates` is the number of ALT alleles. `format` None: the line ended before FORMAT.
    pub fn push(
        &mut self,
        _format: Option<&str>,
        _samples: &[u8],
        _alternates: usize,
    ) -> Result<SampleProblems, SampleError> {
        Ok(Vec::new())
    }

    /// The columns of the records so far, in the order of the record shape; the builder starts anew.
    pub fn finish(&mut self) -> Vec<ArrayRef> {
        Vec::new()
    }
}
