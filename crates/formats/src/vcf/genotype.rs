//! Sample columns of a record to the packed vectors of `varberg_rows`. In: FORMAT and the text after it, or vectors. Out:
//! one Binary column per FORMAT key. Only judges: parsing and packing are theirs.

use super::Header;
use super::header::standard_formats;
use super::site::Site;
use crate::bcf::SampleVectors;
use crate::fault::Cause;
use crate::judge::{Judge, Stop};
use arrow_array::ArrayRef;
use varberg_rows::{RecordShape, SampleColumnsBuilder, SampleError, SampleProblem, SampleProblems};

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

    /// Adds a record, or refuses it and keeps nothing. `vectors`: the values of the samples where the line ended with
    /// FORMAT.
    pub(crate) fn push(
        &mut self,
        site: &Site<'_>,
        vectors: Option<&SampleVectors<'_>>,
        judge: &mut Judge,
    ) -> Result<(), Stop> {
        let format = if self.has_samples { site.format } else { None };
        if self.has_samples && site.samples.is_none() && vectors.is_none() {
            return Err(judge.refuse(Cause::SampleColumns, Some(site)));
        }
        if let Some(format) = format {
            self.check_format(format, site, judge)?;
        }
        let undeclared_genotype = !self.declares_genotype && format.is_some_and(has_genotype);
        let problems = match vectors {
            Some(vectors) => self.push_vectors(site, vectors, judge)?,
            None => {
                let samples = if self.has_samples { site.samples } else { None };
                self.push_text(site, format, samples.unwrap_or_default().as_bytes(), judge)?
            }
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

    fn push_text(
        &mut self,
        site: &Site<'_>,
        format: Option<&str>,
        samples: &[u8],
        judge: &mut Judge,
    ) -> Result<SampleProblems, Stop> {
        let pushed = self.builder.push(format, samples, site.alternate_count);
        pushed.map_err(|error| judge.refuse(cause(&error), Some(site)))
    }

    /// Adds vectors as they are, or, where there is more to say of them, as text.
    fn push_vectors(
        &mut self,
        site: &Site<'_>,
        vectors: &SampleVectors<'_>,
        judge: &mut Judge,
    ) -> Result<SampleProblems, Stop> {
        let push = |format| self.builder.push_vectors(format, vectors.integers(), site.alternate_count);
        match site.format.and_then(push) {
            Some(problems) => Ok(problems),
            None => {
                let text = vectors.text().map_err(|fault| Stop::File(Box::new(fault.at_line(judge.line))))?;
                self.push_text(site, site.format, &text, judge)
            }
        }
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
