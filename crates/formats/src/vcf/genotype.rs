//! Sample columns of a record to the packed vectors of `varberg_rows`. In: FORMAT and the text after it. Out: one Binary
//! column per FORMAT key. Only judges: parsing and packing are theirs.

use super::Header;
use super::header::standard_formats;
use super::site::Site;
use crate::fault::Cause;
use crate::judge::{Judge, Stop};
use arrow_array::ArrayRef;
use varberg_rows::{RecordShape, SampleColumnsBuilder, SampleError, SampleProblem};

/// Builds the sample columns of batches.
pub(crate) struct Samples {
    builder: SampleColumnsBuilder,
    has_samples: bool,
    /// Whether the header declares GT; calls are read in any case.
    declares_genotype: bool,
    /// The FORMAT text that was found good last.
    good_format: String,
}

impl Samples {
    pub(crate) fn new(header: &Header, shape: &RecordShape) -> Self {
        let builder = SampleColumnsBuilder::new(shape).expecting(standard_formats(header.version()));
        Self {
            builder: if header.version() >= (4, 5) { builder.with_empty_lists() } else { builder },
            has_samples: !header.samples().is_empty(),
            declares_genotype: header.declares_format("GT"),
            good_format: String::new(),
        }
    }

    /// Adds a record, or refuses it and keeps nothing.
    pub(crate) fn push(&mut self, site: &Site<'_>, judge: &mut Judge) -> Result<(), Stop> {
        let (format, samples) = match (self.has_samples, site.samples) {
            (true, Some(samples)) => (site.format, samples.as_bytes()),
            (true, None) => return Err(judge.refuse(Cause::SampleColumns, Some(site))),
            (false, _) => (None, &b""[..]),
        };
        if let Some(format) = format {
            self.check_format(format, site, judge)?;
        }
        let alternates = site.alternate_count;
        let undeclared_genotype = !self.declares_genotype && format.is_some_and(has_genotype);
        let problems = match self.builder.push(format, samples, alternates) {
            Ok(problems) => problems,
            Err(error) => return Err(judge.refuse(cause(&error), Some(site))),
        };
        let implied = (undeclared_genotype && !problems.iter().any(names_genotype))
            .then(|| SampleProblem::UndeclaredKey { key: "GT".to_owned() });
        let judged = implied.iter().chain(&problems).try_for_each(|problem| {
            let (cause, key) = match problem {
                SampleProblem::BadValue { key } => (Cause::SampleValue, key),
                SampleProblem::BadCount { key } => (Cause::SampleCount, key),
                SampleProblem::UndeclaredKey { key } => (Cause::UndeclaredFormat, key),
            };
            judge.judge(cause, Some(site), Some(key))
        });
        if judged.is_err() {
            self.builder.undo();
        }
        judged
    }

    /// Judges the FORMAT text of a record; the same text is judged once in a row.
    fn check_format(&mut self, format: &str, site: &Site<'_>, judge: &mut Judge) -> Result<(), Stop> {
        if self.good_format == format {
            return Ok(());
        }
        let not_first = format != "GT" && !format.starts_with("GT:") && has_genotype(format);
        let blank = format.contains(' ');
        let odd = format.split(':').find(|key| !blank && !key.is_empty() && !is_key(key));
        if not_first {
            judge.judge(Cause::GenotypeNotFirst, Some(site), None)?;
        }
        if blank {
            judge.judge(Cause::Blank, Some(site), Some("FORMAT"))?;
        }
        if let Some(key) = odd {
            judge.judge(Cause::FormatKey, Some(site), Some(key))?;
        }
        if not_first || blank || odd.is_some() {
            return Ok(());
        }
        format.clone_into(&mut self.good_format);
        Ok(())
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

/// Whether a FORMAT key has only characters that VCF allows there (VCF 4.3, 1.6.2).
fn is_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
}

fn cause(error: &SampleError) -> Cause {
    match error {
        SampleError::TooFewColumns { .. } | SampleError::TooManyColumns { .. } => Cause::SampleColumns,
        SampleError::TooManyValues { .. } => Cause::TooManyValues,
        SampleError::RepeatedKey => Cause::DuplicateFormatKey,
        SampleError::EmptyKey => Cause::EmptyFormatKey,
        SampleError::BadGenotype { .. } | SampleError::AlleleOutOfRange { .. } => Cause::GenotypeIndex,
        SampleError::NotText => Cause::NotText,
        SampleError::TooLarge => Cause::BatchTooLarge,
    }
}
