//! Rules of records that files break, and what the two presets and single changes make of them.

use super::*;

/// Reads a file under a policy.
fn under(policy: Policy, text: &str) -> Result<Read, Fault> {
    read_part(text.as_bytes(), Compression::Plain, Part::WHOLE, ReadOptions { policy, ..ReadOptions::default() })
}

#[test]
fn what_is_odd_is_counted_and_kept_as_written() {
    let cases = [
        ("chr:1 5 . C T . . .", Cause::ContigName),
        ("chr_1 5 . C T . . .", Cause::ContigName),
        ("a,b 5 . C T . . .", Cause::ContigName),
        ("1 5 . C ]1:7] . . .", Cause::AlleleForm),
        ("1 5 . C <I<D> . . .", Cause::AlleleForm),
        ("1 5 a; C T . . .", Cause::IdList),
        ("1 5 a;a C T . . .", Cause::IdList),
        ("1 5 a_b C T . . .", Cause::Blank),
        ("1 5 . C T -5 . .", Cause::NegativeQuality),
        ("1 5 . C T . q1;q1 .", Cause::FilterList),
        ("1 5 . C T . q1;PASS .", Cause::FilterList),
        ("1 5 . C T . .;q1 .", Cause::FilterList),
        ("1 5 . C T . q1;0 .", Cause::FilterList),
        ("1 5 . C T . q_1 .", Cause::Blank),
        ("1 5 . C T . . DP=abc", Cause::InfoValue),
        ("1 5 . C T . . DP=-1", Cause::InfoValue),
        ("1 5 . C T . . DB=yes", Cause::InfoValue),
        ("1 5 . C T . . XX", Cause::InfoValue),
        ("1 5 . C T . . AF=0.1,0.2", Cause::InfoCount),
        ("1 5 . C T . . XX=a,b", Cause::InfoCount),
    ];
    for (record, cause) in cases {
        assert_eq!(warnings(&sites(record)), [cause], "{record}");
        assert_eq!(under(Policy::strict(), &sites(record)).is_err(), cause == Cause::NegativeQuality, "{record}");
        let left_out = Policy::lenient().with(cause, Verdict::RejectRecord);
        let tally = under(left_out, &sites(record)).unwrap().tally;
        assert_eq!((tally.records, tally.rejected, tally.warnings.len()), (0, 1, 1), "{record}");
    }
    assert_eq!(warnings(&sample("1 5 . C T . . . GT:DP 0/1:1,2")), [Cause::SampleCount]);
    assert_eq!(warnings(&sample("1 5 . C T . . . GT:1X 0/1:1")), [Cause::FormatKey, Cause::UndeclaredFormat]);
    assert_eq!(warnings(sites("1 5 . C T . . .").trim_end()), [Cause::NoFinalNewline]);
    assert_eq!(warnings(&sites("chr:1 5 . C T . . .").replace("VCFv4.2", "VCFv4.3")), []);
}

#[test]
fn strict_refuses_what_healthomics_refuses_with_its_code() {
    let cases = [
        ("1 5 . R T . . .", "E14"),
        ("1 5 .  C . . .", "E15"),
        ("1 5 . C A,,T . . .", "E15"),
        ("1 5 . . C . . .", "E15"),
        ("1 5 . <DEL> C . . .", "E15"),
        ("1 5 . C T,t . . .", "E15"),
        ("1 5 . C c . . .", "E15"),
        ("1 5  C T . . .", "E15"),
        ("1 5 . C T high . .", "E18"),
        ("1 5 . C T . 0 .", "E15"),
        ("1 5 . C T .  .", "E15"),
        ("1 5 . C T . . ", "E15"),
        ("1 5 . C T . . XX=a_b", "E15"),
        ("1 5 . C T . . END=x", "E15"),
        ("1 5 . C T . . UN=7", "E17"),
        ("1 5 . C T . .", "E16"),
        ("1 x . C T . . .", "E15"),
    ];
    for (record, code) in cases {
        let fault = under(Policy::strict(), &sites(record)).err().unwrap();
        assert_eq!((fault.code.as_str(), fault.line), (code, Some(12)), "{record}");
    }
    let cases = [
        ("1 5 . C T . . . DP:GT 3:0/1", "E15"),
        ("1 5 . C T . . . GT:DP 0/1:x", "E18"),
        ("1 5 . C T . . . GT 0/2", "E18"),
        ("1 5 . C T . . . GT 0/1:7", "E15"),
        ("1 5 . C T . . . GT", "E15"),
        ("1 5 . C T . . . GT::DP 0/1:1:2", "E15"),
        ("1 5 . C T . . . GT:DP:DP 0/1:1:2", "E15"),
    ];
    for (record, code) in cases {
        assert_eq!(under(Policy::strict(), &sample(record)).err().unwrap().code.as_str(), code, "{record}");
    }
    for genotype in ["1/C", "0/2", "0.000", "0/|1"] {
        for text in [sample(&format!("1 5 . C T . . . GT {genotype}")), undeclared_genotype(genotype)] {
            assert_eq!(under(Policy::strict(), &text).err().unwrap().code.as_str(), "E18", "{text}");
        }
    }
    assert_eq!(under(Policy::strict(), &undeclared_genotype("0/1")).unwrap().tally.records, 1);
    let without = sample("1 5 . C T . . . DP 3").replace("VCFv4.2", "VCFv4.0");
    assert_eq!(under(Policy::strict(), &without).err().unwrap().code.as_str(), "E15");
    assert_eq!(under(Policy::lenient(), &without).unwrap().tally.warnings.len(), 0);
}

#[test]
fn strict_accepts_what_healthomics_accepts() {
    for record in [
        "1 5 . C T -1 . .",
        "1 5 . C T . . END=4",
        "1 5 . C T . . END=-1",
        "1 5 . C T . . DP=1;DP=2",
        "1 5 . C . . PASS .",
    ] {
        assert_eq!(under(Policy::strict(), &sites(record)).unwrap().tally.records, 1, "{record}");
    }
    for record in ["1 5 . C T . . . GT:UN 0/1:x", "1 5 . C T . . . DP 3", "1 5 . C T . . . GT:DP 0/1"] {
        assert_eq!(under(Policy::strict(), &sample(record)).unwrap().tally.records, 1, "{record}");
    }
}

/// A file whose header does not declare the GT of its only record.
fn undeclared_genotype(genotype: &str) -> String {
    sample(&format!("1 5 . C T . . . GT {genotype}")).replace("ID=GT", "ID=G2")
}

#[test]
fn values_of_undeclared_keys_are_those_of_the_versions_table() {
    let causes = |version: &str, record: &str| warnings(&sample(record).replace("VCFv4.2", version));
    let count = [Cause::UndeclaredFormat, Cause::SampleCount];
    let value = [Cause::UndeclaredFormat, Cause::SampleValue];
    let own = [Cause::UndeclaredFormat];
    assert_eq!(causes("VCFv4.1", "1 5 . C T . . . GT:PL 0/1:1,2"), count);
    assert_eq!(causes("VCFv4.1", "1 5 . C T,A . . . GT:PL 0/1:1,2,3"), count);
    assert_eq!(causes("VCFv4.1", "1 5 . C T . . . GT:PL 0:1,2,3"), count);
    assert_eq!(causes("VCFv4.1", "1 5 . C T . . . GT:PL 0/1:1,2,3"), own);
    assert_eq!(causes("VCFv4.1", "1 5 . C T . . . GT:PL 0:1,2"), own);
    assert_eq!(causes("VCFv4.0", "1 5 . C T . . . GT:PL 0:1,2,3"), own, "4.0 has no PL");
    assert_eq!(causes("VCFv4.2", "1 5 . C T . . . GT:AD 0/1:1"), own, "4.2 has no AD");
    assert_eq!(causes("VCFv4.3", "1 5 . C T . . . GT:AD 0/1:1"), count);
    assert_eq!(causes("VCFv4.2", "1 5 . C T . . . GT:HQ 0/1:x,1"), value);
    assert_eq!(causes("VCFv4.2", "1 5 . C T . . . GT:GQ 0/1:1.5"), own, "as where it is declared");
    assert_eq!(causes("VCFv4.2", "1 5 . C T . . . GT:PQ 0/1:1.5"), own, "as where it is declared");
}

#[test]
fn a_list_of_no_values_is_good_from_version_4_5_on() {
    let text = sample("1 5 . C T . . . GT:LAA:LEC 0/1::").replace(
        "##FORMAT=<ID=FT,",
        "##FORMAT=<ID=LAA,Number=.,Type=Integer,Description=\"x\">
##FORMAT=<ID=LEC,Number=LA,Type=Integer,Description=\"x\">
##FORMAT=<ID=FT,",
    );
    assert_eq!(warnings(&text.replace("VCFv4.2", "VCFv4.5")), []);
    assert_eq!(warnings(&text.replace("VCFv4.2", "VCFv4.4")), [Cause::SampleValue]);
    assert_eq!(warnings(&sample("1 5 . C T . . . GT:DP 0/1:").replace("VCFv4.2", "VCFv4.5")), [Cause::SampleValue]);
}

/// The values of a rejected record are taken back, whatever was found wrong, and wherever in the batch it stands.
#[test]
fn records_with_bad_values_can_be_left_out() {
    let policy = Policy::lenient()
        .with(Cause::SampleValue, Verdict::RejectRecord)
        .with(Cause::UndeclaredFormat, Verdict::RejectRecord);
    let line =
        |position: u32, format: &str, values: &str| format!("1\t{position}\t.\tC\tT\t.\t.\t.\t{format}\t{values}");
    let good = [line(5, "GT:DP", "0/1:5"), line(8, "GT:DP", "1/1:8")];
    let bad = [line(6, "GT:DP", "0/1:x"), line(7, "GT:UN:DP", "0/1:y:7")];
    let text = |lines: &[&String]| {
        let lines: Vec<&str> = lines.iter().map(|l| l.as_str()).collect();
        format!("{HEAD}\tFORMAT\tS1\n{}\n", lines.join("\n"))
    };
    let all = under(policy.clone(), &text(&[&good[0], &bad[0], &bad[1], &good[1]])).unwrap();
    let kept = under(policy, &text(&[&good[0], &good[1]])).unwrap();
    assert_eq!(all.batches, kept.batches);
    assert_eq!((all.tally.records, all.tally.rejected, kept.tally.rejected), (2, 2, 0));
    let causes: Vec<_> = all.tally.warnings.iter().map(|w| (w.cause, w.count, w.first_line)).collect();
    assert_eq!(causes, [(Cause::SampleValue, 1, 13), (Cause::UndeclaredFormat, 1, 14)]);
}

/// Lines that are no records are not rejected records.
#[test]
fn a_line_that_is_no_record_is_never_a_rejected_record() {
    let policy = Policy::lenient()
        .with(Cause::BlankLine, Verdict::RejectRecord)
        .with(Cause::CarriageReturn, Verdict::RejectRecord)
        .with(Cause::NoFinalNewline, Verdict::Warn);
    let tally = under(policy, &format!("{}\n1\t9\t.\tC\tT\t.\t.\t.\r", sites("1 5 . C T . . ."))).unwrap().tally;
    assert_eq!((tally.records, tally.rejected, tally.warnings.len()), (2, 0, 3));
}

#[test]
fn lines_of_several_parts_are_those_of_the_file() {
    let mut text = format!("{HEAD}\n");
    for position in 1..400 {
        let info = if position % 100 == 50 { "UN=1" } else { "." };
        writeln!(text, "1\t{position}\t.\tC\tT\t.\t.\t{info}").unwrap();
    }
    let whole = all_rows(text.as_bytes(), &[Part::WHOLE]).1;
    assert_eq!(whole.warnings, [crate::Warning { cause: Cause::UndeclaredInfo, count: 4, first_line: 11 + 50 }]);
    for cuts in [vec![1000], vec![500, 700, 2000, 5000], (1..60).map(|i| i * 100).collect()] {
        assert_eq!(all_rows(text.as_bytes(), &Part::between(&cuts)).1, whole, "{cuts:?}");
    }
}
