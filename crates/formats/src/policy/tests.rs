use super::*;
use expect_test::expect;

fn table() -> String {
    let mut table = format!("{:<24} {:<4} {:<11} {}\n", "cause", "code", "default", "strict");
    for cause in Cause::ALL {
        let (lenient, strict) = (Policy::lenient().verdict(*cause), Policy::strict().verdict(*cause));
        let code = cause.code().as_str();
        table += &format!("{:<24} {code:<4} {:<11} {}\n", cause.name(), lenient.as_str(), strict.as_str());
    }
    table
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn the_table_is_frozen() {
    expect![[r#"
        cause                    code default     strict
        MissingFileformat        E1   reject file reject file
        MissingChromLine         E2   reject file reject file
        TooFewHeaderColumns      E3   reject file reject file
        HeaderColumnName         E4   reject file reject file
        HeaderColumnOrder        E5   reject file reject file
        UnsupportedVersion       E6   reject file reject file
        NewVersion               E6   accept      reject file
        UnknownType              E7   warn        reject file
        BadNumber                E8   warn        reject file
        NullHeaderField          E9   warn        reject file
        NoHeader                 E10  reject file reject file
        OldVersion               E11  reject file reject file
        MissingDescription       E11  warn        warn
        HeaderLine               E11  warn        reject file
        FormatWithoutSamples     E11  reject file reject file
        DuplicateDeclaration     E11  warn        warn
        HeaderOrder              E11  warn        reject file
        UnquotedDescription      E11  warn        warn
        HeaderId                 E11  warn        warn
        StandardDeclaration      E11  warn        warn
        UnusedHeaderLine         E11  warn        warn
        SecondHeader             E11  reject file reject file
        DuplicateAnnotationLine  E13  warn        reject file
        DuplicateSamples         E12  reject file reject file
        HeaderBlankLine          E12  warn        reject file
        AlleleAlphabet           E14  warn        reject file
        AlleleForm               E14  warn        warn
        EmptyAllele              E15  warn        reject file
        MissingReference         E15  warn        reject file
        SymbolicReference        E15  warn        reject file
        DuplicateAllele          E15  warn        reject file
        AltEqualsRef             E15  warn        reject file
        TooFewColumns            E16  reject file reject file
        SampleColumns            E15  reject file reject file
        Position                 E15  reject file reject file
        EmptyContig              E15  reject file reject file
        ContigName               E15  warn        warn
        EmptyId                  E15  warn        reject file
        IdList                   E15  warn        warn
        Blank                    E15  warn        warn
        Quality                  E18  warn        reject file
        NegativeQuality          E15  warn        reject file
        FilterZero               E15  warn        reject file
        EmptyFilter              E15  warn        reject file
        FilterList               E15  warn        warn
        EmptyInfo                E15  warn        reject file
        InfoSpace                E15  warn        reject file
        EmptyInfoKey             E15  warn        reject file
        DuplicateInfoKey         E15  warn        warn
        InfoValue                E15  warn        warn
        InfoCount                E15  warn        warn
        EndNotInteger            E15  warn        reject file
        EndNotPositive           E15  warn        warn
        EndBeforeStart           E15  warn        warn
        LengthValue              E15  warn        warn
        AnnotationEntry          E15  warn        warn
        UndeclaredInfo           E17  warn        reject file
        UndeclaredFormat         E17  warn        warn
        DuplicateFormatKey       E15  reject file reject file
        EmptyFormatKey           E15  reject file reject file
        FormatKey                E15  warn        warn
        GenotypeNotFirst         E15  warn        reject file
        MissingGenotype          E15  accept      reject file
        TooManyValues            E15  reject file reject file
        GenotypeIndex            E18  reject file reject file
        SampleValue              E18  warn        reject file
        SampleCount              E15  warn        warn
        BatchTooLarge            E23  reject file reject file
        ReferenceContig          E27  warn        reject file
        ReferenceMismatch        E27  warn        warn
        MovesTooFar              E27  warn        warn
        FieldCount               E19  reject file reject file
        FieldValue               E19  reject file reject file
        OpenQuote                E19  reject file reject file
        BcfHeader                E28  reject file reject file
        BcfRecord                E28  reject file reject file
        GffVersion               E31  reject file reject file
        MissingGffVersion        E31  warn        warn
        Gtf                      E31  reject file reject file
        SequenceRegion           E31  warn        warn
        FeatureColumns           E16  reject record reject record
        EmptyColumn              E19  warn        warn
        SeqidCharacter           E19  warn        warn
        FeatureCoordinate        E19  reject record reject record
        FeatureEndBeforeStart    E19  warn        warn
        Score                    E19  warn        reject record
        Strand                   E19  warn        warn
        Phase                    E19  warn        reject record
        PhaseRange               E19  warn        warn
        CdsPhase                 E19  warn        warn
        AttributeForm            E19  warn        warn
        AttributeBlank           E19  warn        warn
        AttributeEquals          E19  warn        warn
        AttributeEmpty           E19  warn        warn
        ReservedTag              E19  warn        warn
        DuplicateTag             E19  warn        reject file
        CircularValue            E19  warn        reject record
        TargetForm               E19  warn        warn
        GapForm                  E19  warn        warn
        CrossReferenceForm       E19  warn        warn
        PercentEncoding          E19  warn        warn
        TooManyAttributes        E23  reject record reject record
        ByteOrderMark            E24  warn        warn
        ControlCharacter         E24  reject file reject file
        BlankLine                E15  warn        reject file
        CarriageReturn           E15  warn        warn
        NoFinalNewline           E21  warn        warn
        NotText                  E24  reject file reject file
        Truncated                E21  reject file reject file
        Damaged                  E22  reject file reject file
        TrailingBytes            E22  reject file reject file
        LineTooLong              E23  reject file reject file
        HeaderTooLong            E23  reject file reject file
        TooManyBytes             E23  reject file reject file
        ZstdWindow               E23  reject file reject file
        Io                       E25  reject file reject file
        RejectedShare            E29  reject file reject file
        FastaStart               E26  reject file reject file
        FastaName                E26  reject file reject file
        FastaDuplicateName       E26  reject file reject file
        FastaLineLength          E26  reject file reject file
    "#]]
    .assert_eq(&table());
}

#[test]
fn both_presets_keep_to_what_is_allowed() {
    for cause in Cause::ALL.iter().copied() {
        let (_, lenient, strict) = row(cause);
        assert!([lenient, strict].iter().all(|verdict| Policy::allowed(cause).contains(verdict)), "{cause:?}");
    }
}

/// Strict is never milder than the default.
#[test]
fn strict_refuses_all_that_the_default_refuses() {
    let rank = |verdict| Verdict::ALL.iter().position(|v| *v == verdict);
    for cause in Cause::ALL.iter().copied() {
        assert!(rank(Policy::strict().verdict(cause)) >= rank(Policy::lenient().verdict(cause)), "{cause:?}");
    }
}

#[test]
fn what_was_judged_is_accepted_wherever_it_can_be() {
    for cause in Cause::ALL.iter().copied() {
        let accepted = Policy::judged().verdict(cause) == Verdict::Accept;
        assert_eq!(accepted, Policy::allowed(cause).contains(&Verdict::Accept), "{cause:?}");
        assert!(Policy::allowed(cause).contains(&Policy::judged().verdict(cause)), "{cause:?}");
    }
}

#[test]
fn what_cannot_be_read_stays_a_fault_whatever_the_policy() {
    for policy in [Policy::lenient(), Policy::strict()] {
        let policy = policy.with(Cause::Truncated, Verdict::Accept).with(Cause::Position, Verdict::Warn);
        assert_eq!(policy.verdict(Cause::Truncated), Verdict::RejectFile);
        assert_eq!(policy.verdict(Cause::Position), Verdict::RejectFile);
        let policy = policy.with(Cause::Position, Verdict::RejectRecord).with(Cause::NewVersion, Verdict::Warn);
        assert_eq!(policy.verdict(Cause::Position), Verdict::RejectRecord);
        assert_eq!(policy.verdict(Cause::NewVersion), Verdict::Warn);
    }
}

#[test]
fn the_last_change_of_a_verdict_holds() {
    let policy = Policy::strict().with(Cause::InfoSpace, Verdict::RejectRecord).with(Cause::InfoSpace, Verdict::Accept);
    assert_eq!(policy.verdict(Cause::InfoSpace), Verdict::Accept);
}

#[test]
fn texts_are_one_line_and_names_are_unique() {
    let names: std::collections::BTreeSet<&str> = Cause::ALL.iter().map(|c| c.name()).collect();
    assert_eq!(names.len(), Cause::ALL.len());
    assert!(Cause::ALL.iter().all(|c| !c.text().is_empty() && !c.text().contains('\n')));
    assert!(Cause::ALL.iter().all(|c| Cause::from_name(c.name()) == Some(*c)));
    assert!(Verdict::ALL.iter().all(|v| Verdict::parse(v.as_str()) == Some(*v)));
}

#[test]
fn what_was_done_is_told_by_verdict() {
    let tell = |cause, verdict: Verdict| verdict.tell(cause);
    let quality = "QUAL is not a number";
    assert_eq!(tell(Cause::Quality, Verdict::Warn), format!("{quality}; it is read as missing"));
    assert_eq!(tell(Cause::Quality, Verdict::RejectRecord), format!("{quality}; the record is left out"));
    assert_eq!(tell(Cause::Quality, Verdict::RejectFile), quality);
    assert_eq!(tell(Cause::BlankLine, Verdict::RejectRecord), "a line is blank; it is skipped");
    assert_eq!(tell(Cause::EmptyAllele, Verdict::Warn), "an allele is empty");
}
