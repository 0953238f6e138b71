//! Sample columns of a record to the packed vectors of `varberg_rows`. In: FORMAT and the text after it. Out: one Binary
//! column per FORMAT key. Only judges: parsing and packing are theirs.

use super::site::Site;
use super::{Header, Judge, Stop};
use crate::fault::Cause;
use arrow_array::ArrayRef;
use varberg_rows::{RecordShape, SampleColumnsBuilder, SampleError, SampleProblem};

/// Builds the sample columns of batches.
pub(crate) struct Samples {
    builder: SampleColumnsBuilder,
    has_samples: bool,
    /// Whether the header declares GT; calls are read in any case.
    declares_genotype: bool,
}

impl Samples {
    pub(crate) fn new(header: &Header, shape: &RecordShape) -> Self {
        Self {
            builder: SampleColumnsBuilder::new(shape),
            has_samples: !header.samples().is_empty(),
            declares_genotype: header.declares_format("GT"),
        }
    }

    /// Adds a record, or refuses it and keeps nothing.
    pub(crate) fn push(&mut self, site: &Site<'_>, judge: &mut Judge) -> Result<(), Stop> {
        let (format, samples) = match (self.has_samples, site.samples) {
            (true, Some(samples)) => (site.format, samples.as_bytes()),
            (true, None) => return judge.refuse(Cause::SampleColumns, Some(site)),
            (false, _) => (None, &b""[..]),
        };
        if format.is_some_and(|format| format != "GT" && !format.starts_with("GT:") && has_genotype(format)) {
            judge.judge(Cause::GenotypeNotFirst, Some(site), None)?;
        }
        let alternates = site.alternate_alleles().count();
        let undeclared_genotype = !self.declares_genotype && format.is_some_and(has_genotype);
        match self.builder.push(format, samples, alternates) {
            Ok(problems) => {
                if undeclared_genotype && !problems.iter().any(names_genotype) {
                    judge.judge_kept(Cause::UndeclaredFormat, site, "GT")?;
                }
                problems.iter().try_for_each(|problem| {
                    let (cause, key) = match problem {
                        SampleProblem::BadValue { key } => (Cause::SampleValue, key),
                        SampleProblem::UndeclaredKey { key } => (Cause::UndeclaredFormat, key),
                    };
                    judge.judge_kept(cause, site, key)
                })
            }
            Err(error) => judge.refuse(cause(&error), Some(site)),
        }
    }

    /// The columns of the records so far; the builder starts anew.
    pub(crate) fn finish(&mut self) -> Vec<ArrayRef> {
        self.builder.finish()
    }
}

/// Whether the builder itself says that GT is undeclared: where it kept a GT that is no genotype as text.
fn names_genotype(problem: &SampleProblem) -> bool {
    matches!(problem, SampleProblem::UndeclaredKey { key } if key == "GT")
}

fn has_genotype(format: &str) -> bool {
    format.split(':').any(|key| key == "GT")
}

fn cause(error: &SampleError) -> Cause {
    match error {
        SampleError::TooFewColumns { .. } | SampleError::TooManyColumns { .. } => Cause::SampleColumns,
        SampleError::TooManyValues { .. } => Cause::TooManyValues,
        SampleError::BadFormat => Cause::DuplicateFormatKey,
        SampleError::BadGenotype { .. } | SampleError::AlleleOutOfRange { .. } => Cause::GenotypeIndex,
        SampleError::NotText => Cause::NotText,
        SampleError::TooLarge => Cause::BatchTooLarge,
    }
}
