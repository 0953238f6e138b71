//! What follows from each fault: one table, frozen by tests. The lenient preset (design 7) accepts what bcftools accepts
//! and counts a warning; a file is refused where reading on would lose or invent data, or where HealthOmics refuses it
//! with a clear message.

use crate::fault::Cause;

/// What the reader does when a rule is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Read on and say nothing.
    Accept,
    /// Read on and count a warning.
    Warn,
    /// Leave the record out and count it as rejected.
    RejectRecord,
    /// Stop; the file is refused.
    RejectFile,
}

/// The table from causes to verdicts.
#[derive(Debug, Clone)]
pub struct Policy {
    preset: fn(Cause) -> Verdict,
    changes: Vec<(Cause, Verdict)>,
}

impl Policy {
    /// The default preset.
    pub fn lenient() -> Self {
        Self { preset: lenient, changes: Vec::new() }
    }

    /// The policy with another verdict for `cause`. Faults after which nothing can be read on ([`is_final`](Self::is_final))
    /// stay faults.
    #[must_use]
    pub fn with(mut self, cause: Cause, verdict: Verdict) -> Self {
        self.changes.push((cause, verdict));
        self
    }

    /// What follows from `cause`.
    pub fn verdict(&self, cause: Cause) -> Verdict {
        if Self::is_final(cause) {
            return Verdict::RejectFile;
        }
        match self.changes.iter().rev().find(|(c, _)| *c == cause) {
            Some((_, verdict)) => *verdict,
            None => (self.preset)(cause),
        }
    }

    /// Whether no reading on is possible after `cause`, whatever the policy.
    pub fn is_final(cause: Cause) -> bool {
        use Cause::{
            Damaged, DuplicateSamples, FastaDuplicateName, FastaLineLength, FastaName, FastaStart, HeaderColumnName,
            HeaderColumnOrder, HeaderTooLong, Io, LineTooLong, MissingChromLine, NoHeader, SecondHeader,
            TooFewHeaderColumns, TooManyBytes, Truncated,
        };
        matches!(
            cause,
            Damaged
                | DuplicateSamples
                | FastaDuplicateName
                | FastaLineLength
                | FastaName
                | FastaStart
                | HeaderColumnName
                | HeaderColumnOrder
                | HeaderTooLong
                | Io
                | LineTooLong
                | MissingChromLine
                | NoHeader
                | SecondHeader
                | TooFewHeaderColumns
                | TooManyBytes
                | Truncated
        )
    }
}

fn lenient(cause: Cause) -> Verdict {
    match cause {
        // Clear refusals of HealthOmics, and whatever cannot be read at all.
        Cause::MissingFileformat
        | Cause::MissingChromLine
        | Cause::TooFewHeaderColumns
        | Cause::HeaderColumnName
        | Cause::HeaderColumnOrder
        | Cause::UnsupportedVersion
        | Cause::NoHeader
        | Cause::OldVersion
        | Cause::SecondHeader
        | Cause::DuplicateSamples
        | Cause::TooFewColumns
        | Cause::SampleColumns
        | Cause::Position
        | Cause::EmptyContig
        | Cause::TooManyValues
        | Cause::GenotypeIndex
        | Cause::BatchTooLarge
        | Cause::NotText
        | Cause::Truncated
        | Cause::Damaged
        | Cause::LineTooLong
        | Cause::HeaderTooLong
        | Cause::TooManyBytes
        | Cause::Io
        | Cause::FastaStart
        | Cause::FastaName
        | Cause::FastaDuplicateName
        | Cause::FastaLineLength => Verdict::RejectFile,
        // bcftools reads these; nothing is lost, since the text is kept.
        Cause::UnknownType
        | Cause::BadNumber
        | Cause::NullHeaderField
        | Cause::HeaderLine
        | Cause::FormatWithoutSamples
        | Cause::DuplicateDeclaration
        | Cause::HeaderBlankLine
        | Cause::AlleleAlphabet
        | Cause::EmptyAllele
        | Cause::SymbolicReference
        | Cause::DuplicateAllele
        | Cause::AltEqualsRef
        | Cause::EmptyId
        | Cause::Quality
        | Cause::FilterZero
        | Cause::EmptyFilter
        | Cause::EmptyInfo
        | Cause::InfoSpace
        | Cause::EmptyInfoKey
        | Cause::DuplicateInfoKey
        | Cause::EndNotInteger
        | Cause::EndBeforeStart
        | Cause::UndeclaredInfo
        | Cause::UndeclaredFormat
        | Cause::DuplicateFormatKey
        | Cause::GenotypeNotFirst
        | Cause::SampleValue
        | Cause::BlankLine
        | Cause::CarriageReturn => Verdict::Warn,
        // HealthOmics refuses it; every later version of VCF made GT optional.
        Cause::MissingGenotype => Verdict::Accept,
    }
}
