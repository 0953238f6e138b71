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
            BcfHeader, BcfRecord, Damaged, DuplicateSamples, FastaDuplicateName, FastaLineLength, FastaName,
            FastaStart, HeaderColumnName, HeaderColumnOrder, HeaderTooLong, Io, LineTooLong, MissingChromLine,
            NoHeader, SecondHeader, TooFewHeaderColumns, TooManyBytes, TrailingBytes, Truncated, ZstdWindow,
        };
        matches!(
            cause,
            BcfHeader
                | BcfRecord
                | Damaged
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
                | TrailingBytes
                | Truncated
                | ZstdWindow
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
        | Cause::FormatWithoutSamples
        | Cause::SecondHeader
        | Cause::DuplicateSamples
        | Cause::TooFewColumns
        | Cause::SampleColumns
        | Cause::Position
        | Cause::EmptyContig
        | Cause::DuplicateFormatKey
        | Cause::TooManyValues
        | Cause::GenotypeIndex
        | Cause::BatchTooLarge
        | Cause::NotText
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
        | Cause::FastaStart
        | Cause::FastaName
        | Cause::FastaDuplicateName
        | Cause::FastaLineLength => Verdict::RejectFile,
        // bcftools reads these; nothing is lost, since the text is kept.
        Cause::UnknownType
        | Cause::BadNumber
        | Cause::NullHeaderField
        | Cause::MissingDescription
        | Cause::HeaderLine
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
        | Cause::LengthValue
        | Cause::DuplicateAnnotationLine
        | Cause::AnnotationEntry
        | Cause::ReferenceContig
        | Cause::ReferenceMismatch
        | Cause::MovesTooFar
        | Cause::UndeclaredInfo
        | Cause::UndeclaredFormat
        | Cause::GenotypeNotFirst
        | Cause::SampleValue
        | Cause::BlankLine
        | Cause::CarriageReturn => Verdict::Warn,
        // HealthOmics refuses it; every later version of VCF made GT optional.
        Cause::MissingGenotype => Verdict::Accept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn the_lenient_table_is_frozen() {
        let line = |c: &Cause| format!("{} {} {:?}\n", c.name(), c.code(), Policy::lenient().verdict(*c));
        let table: String = Cause::ALL.iter().map(line).collect();
        expect![[r#"
            MissingFileformat E1 RejectFile
            MissingChromLine E2 RejectFile
            TooFewHeaderColumns E3 RejectFile
            HeaderColumnName E4 RejectFile
            HeaderColumnOrder E5 RejectFile
            UnsupportedVersion E6 RejectFile
            UnknownType E7 Warn
            BadNumber E8 Warn
            NullHeaderField E9 Warn
            NoHeader E10 RejectFile
            OldVersion E11 RejectFile
            MissingDescription E11 Warn
            HeaderLine E11 Warn
            FormatWithoutSamples E11 RejectFile
            DuplicateDeclaration E11 Warn
            SecondHeader E11 RejectFile
            DuplicateAnnotationLine E13 Warn
            DuplicateSamples E12 RejectFile
            HeaderBlankLine E12 Warn
            AlleleAlphabet E14 Warn
            EmptyAllele E14 Warn
            SymbolicReference E15 Warn
            DuplicateAllele E15 Warn
            AltEqualsRef E15 Warn
            TooFewColumns E16 RejectFile
            SampleColumns E15 RejectFile
            Position E15 RejectFile
            EmptyContig E15 RejectFile
            EmptyId E15 Warn
            Quality E18 Warn
            FilterZero E15 Warn
            EmptyFilter E15 Warn
            EmptyInfo E15 Warn
            InfoSpace E15 Warn
            EmptyInfoKey E15 Warn
            DuplicateInfoKey E15 Warn
            EndNotInteger E15 Warn
            EndBeforeStart E15 Warn
            LengthValue E15 Warn
            AnnotationEntry E15 Warn
            UndeclaredInfo E17 Warn
            UndeclaredFormat E17 Warn
            DuplicateFormatKey E15 RejectFile
            GenotypeNotFirst E15 Warn
            MissingGenotype E15 Accept
            TooManyValues E15 RejectFile
            GenotypeIndex E18 RejectFile
            SampleValue E18 Warn
            BatchTooLarge E23 RejectFile
            ReferenceContig E27 Warn
            ReferenceMismatch E27 Warn
            MovesTooFar E27 Warn
            BcfHeader E28 RejectFile
            BcfRecord E28 RejectFile
            BlankLine E15 Warn
            CarriageReturn E15 Warn
            NotText E24 RejectFile
            Truncated E21 RejectFile
            Damaged E22 RejectFile
            TrailingBytes E22 RejectFile
            LineTooLong E23 RejectFile
            HeaderTooLong E23 RejectFile
            TooManyBytes E23 RejectFile
            ZstdWindow E23 RejectFile
            Io E25 RejectFile
            FastaStart E26 RejectFile
            FastaName E26 RejectFile
            FastaDuplicateName E26 RejectFile
            FastaLineLength E26 RejectFile
        "#]]
        .assert_eq(&table);
    }

    #[test]
    fn what_cannot_be_read_stays_a_fault_whatever_the_policy() {
        for cause in Cause::ALL.iter().copied().filter(|c| Policy::is_final(*c)) {
            assert_eq!(Policy::lenient().with(cause, Verdict::Accept).verdict(cause), Verdict::RejectFile, "{cause:?}");
        }
        let policy = Policy::lenient().with(Cause::Position, Verdict::RejectRecord);
        assert_eq!(policy.verdict(Cause::Position), Verdict::RejectRecord);
    }

    #[test]
    fn texts_are_one_line_and_names_are_unique() {
        let names: std::collections::BTreeSet<&str> = Cause::ALL.iter().map(|c| c.name()).collect();
        assert_eq!(names.len(), Cause::ALL.len());
        assert!(Cause::ALL.iter().all(|c| !c.text().is_empty() && !c.text().contains('\n')));
    }
}
