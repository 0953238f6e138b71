//! What follows from each fault: one table with two presets side by side, frozen by a test.
//!
//! The default preset accepts what bcftools and its users accept and counts a warning; a file is refused where reading
//! on would lose or invent data, or where HealthOmics refuses it with a clear message. No variant is left out by default:
//! bcftools stops at a record that it cannot read, or reads something else (POS `5x` as 5, a surplus sample as none).
//! The strict preset refuses what HealthOmics refuses (spec 7.2, 7.3) and warns where HealthOmics is silent.
//! Beside the table stands the policy of what was judged before, which accepts all that can be.

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

impl Verdict {
    pub const ALL: [Self; 4] = [Self::Accept, Self::Warn, Self::RejectRecord, Self::RejectFile];

    /// As users write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Warn => "warn",
            Self::RejectRecord => "reject record",
            Self::RejectFile => "reject file",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == text)
    }

    /// What is wrong and what was done about it under this verdict, in one line.
    pub fn tell(self, cause: Cause) -> String {
        // Where there is no record to be left out, the line is read as if that were tolerated.
        let is_line = matches!(cause, Cause::BlankLine | Cause::CarriageReturn);
        let done = match self {
            Self::RejectRecord if !is_line => Some("the record is left out"),
            Self::RejectFile => None,
            Self::Accept | Self::Warn | Self::RejectRecord => cause.tolerated(),
        };
        done.map_or_else(|| cause.text().to_owned(), |done| format!("{}; {done}", cause.text()))
    }
}

/// How far a fault reaches, which decides what can follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Nothing can be read on: the file is refused, whatever the policy.
    File,
    /// The header, or the file as a whole: there is no record that could be left out.
    Header,
    /// A record that cannot be read: it is left out, or the file is refused.
    UnreadableRecord,
    /// A record that can be read all the same.
    Record,
}

#[derive(Debug, Clone, Copy)]
enum Preset {
    Lenient,
    Strict,
    Judged,
}

/// The table from causes to verdicts.
#[derive(Debug, Clone)]
pub struct Policy {
    preset: Preset,
    changes: Vec<(Cause, Verdict)>,
}

impl Policy {
    /// The default preset.
    pub fn lenient() -> Self {
        Self { preset: Preset::Lenient, changes: Vec::new() }
    }

    /// The preset that refuses what HealthOmics refuses.
    pub fn strict() -> Self {
        Self { preset: Preset::Strict, changes: Vec::new() }
    }

    /// For what was imported before, under whichever verdicts: accepts every fault that can be accepted at all.
    pub fn judged() -> Self {
        Self { preset: Preset::Judged, changes: Vec::new() }
    }

    /// The policy with another verdict for `cause`. A verdict that is not among those [`allowed`](Self::allowed) changes
    /// nothing.
    #[must_use]
    pub fn with(mut self, cause: Cause, verdict: Verdict) -> Self {
        self.changes.push((cause, verdict));
        self
    }

    /// What follows from `cause`.
    pub fn verdict(&self, cause: Cause) -> Verdict {
        let allowed = Self::allowed(cause);
        let mut changes = self.changes.iter().rev().filter(|(c, verdict)| *c == cause && allowed.contains(verdict));
        let (_, lenient, strict) = row(cause);
        match (changes.next(), self.preset) {
            (Some((_, verdict)), _) => *verdict,
            (None, Preset::Lenient) => lenient,
            (None, Preset::Strict) => strict,
            (None, Preset::Judged) if allowed.contains(&Verdict::Accept) => Verdict::Accept,
            (None, Preset::Judged) => lenient,
        }
    }

    /// The verdicts that are possible for `cause`.
    pub fn allowed(cause: Cause) -> &'static [Verdict] {
        match row(cause).0 {
            Reach::File => &[Verdict::RejectFile],
            Reach::Header => &[Verdict::Accept, Verdict::Warn, Verdict::RejectFile],
            Reach::UnreadableRecord => &[Verdict::RejectRecord, Verdict::RejectFile],
            Reach::Record => &Verdict::ALL,
        }
    }
}

/// A row of the table: how far the fault reaches, the default verdict, the strict verdict.
#[expect(clippy::too_many_lines, reason = "a table")]
fn row(cause: Cause) -> (Reach, Verdict, Verdict) {
    use Reach::{File, Header, Record, UnreadableRecord};
    use Verdict::{Accept, RejectFile, RejectRecord, Warn};
    match cause {
        Cause::MissingChromLine
        | Cause::TooFewHeaderColumns
        | Cause::HeaderColumnName
        | Cause::HeaderColumnOrder
        | Cause::NoHeader
        | Cause::SecondHeader
        | Cause::DuplicateSamples
        | Cause::BcfHeader
        | Cause::BcfRecord
        | Cause::Truncated
        | Cause::Damaged
        | Cause::TrailingBytes
        | Cause::LineTooLong
        | Cause::HeaderTooLong
        | Cause::TooManyBytes
        | Cause::ZstdWindow
        | Cause::Io
        | Cause::RejectedShare
        | Cause::Gtf
        | Cause::FastaStart
        | Cause::FastaName
        | Cause::FastaDuplicateName
        | Cause::FastaLineLength => (File, RejectFile, RejectFile),
        // HealthOmics refuses these clearly, and a file that breaks them is as a rule no VCF 4.
        // The attributes of GFF 1 and 2 are written in another way.
        Cause::MissingFileformat
        | Cause::UnsupportedVersion
        | Cause::OldVersion
        | Cause::FormatWithoutSamples
        | Cause::GffVersion => (Header, RejectFile, RejectFile),
        // VCF 4.4 and 4.5 are read as what they are.
        Cause::NewVersion => (Header, Accept, RejectFile),
        Cause::UnknownType
        | Cause::BadNumber
        | Cause::NullHeaderField
        | Cause::HeaderLine
        | Cause::HeaderOrder
        | Cause::HeaderBlankLine
        | Cause::DuplicateAnnotationLine => (Header, Warn, RejectFile),
        Cause::MissingDescription
        | Cause::UnquotedDescription
        | Cause::DuplicateDeclaration
        | Cause::HeaderId
        | Cause::StandardDeclaration
        | Cause::UnusedHeaderLine
        | Cause::MissingGffVersion
        | Cause::SequenceRegion
        | Cause::ByteOrderMark
        | Cause::NoFinalNewline => (Header, Warn, Warn),
        Cause::TooFewColumns
        | Cause::SampleColumns
        | Cause::Position
        | Cause::EmptyContig
        | Cause::DuplicateFormatKey
        | Cause::EmptyFormatKey
        | Cause::TooManyValues
        | Cause::FieldCount
        | Cause::FieldValue
        | Cause::OpenQuote
        | Cause::GenotypeIndex
        | Cause::BatchTooLarge
        | Cause::NotText => (UnreadableRecord, RejectFile, RejectFile),
        Cause::AlleleAlphabet
        | Cause::EmptyAllele
        | Cause::MissingReference
        | Cause::SymbolicReference
        | Cause::DuplicateAllele
        | Cause::AltEqualsRef
        | Cause::EmptyId
        | Cause::Quality
        | Cause::NegativeQuality
        | Cause::FilterZero
        | Cause::EmptyFilter
        | Cause::EmptyInfo
        | Cause::InfoSpace
        | Cause::EmptyInfoKey
        | Cause::EndNotInteger
        | Cause::UndeclaredInfo
        | Cause::GenotypeNotFirst
        | Cause::SampleValue
        | Cause::ReferenceContig
        | Cause::DuplicateTag
        | Cause::BlankLine => (Record, Warn, RejectFile),
        Cause::AlleleForm
        | Cause::ContigName
        | Cause::IdList
        | Cause::Blank
        | Cause::FilterList
        | Cause::DuplicateInfoKey
        | Cause::InfoValue
        | Cause::InfoCount
        | Cause::EndNotPositive
        | Cause::EndBeforeStart
        | Cause::LengthValue
        | Cause::AnnotationEntry
        | Cause::ReferenceMismatch
        | Cause::MovesTooFar
        | Cause::UndeclaredFormat
        | Cause::FormatKey
        | Cause::SampleCount
        | Cause::EmptyColumn
        | Cause::SeqidCharacter
        | Cause::FeatureEndBeforeStart
        | Cause::Strand
        | Cause::PhaseRange
        | Cause::CdsPhase
        | Cause::AttributeForm
        | Cause::AttributeBlank
        | Cause::AttributeEquals
        | Cause::AttributeEmpty
        | Cause::TargetForm
        | Cause::GapForm
        | Cause::CrossReferenceForm
        | Cause::ReservedTag
        | Cause::PercentEncoding
        | Cause::CarriageReturn => (Record, Warn, Warn),
        // HealthOmics leaves out features that do not fit the columns, in silence; here they are counted.
        Cause::FeatureColumns | Cause::FeatureCoordinate | Cause::TooManyAttributes => {
            (UnreadableRecord, RejectRecord, RejectRecord)
        }
        Cause::Score | Cause::Phase | Cause::CircularValue => (Record, Warn, RejectRecord),
        Cause::ControlCharacter => (Record, RejectFile, RejectFile),
        // Every version after 4.0 made GT optional.
        Cause::MissingGenotype => (Record, Accept, RejectFile),
    }
}

#[cfg(test)]
mod tests;
