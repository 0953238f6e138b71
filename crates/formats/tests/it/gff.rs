//! GFF3 files that others made: what becomes of each, under both presets, compared with `tests/gff_verdicts.tsv`; what
//! their columns are, compared with the plainest reading of the rules; and a real annotation of genes, whole.
//!
//! `UPDATE_EXPECT=1` writes the table anew; it is to be read before it is kept.

use crate::oracles::feature_rule;
use crate::shared;
use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use varberg_formats::gff::{Dialect, ReadOptions, Reader};
use varberg_formats::{Compression, Fault, Part, Policy, Tally, decode};

/// Why files with a fault that the reader does not see, or that others see where there is none, get the verdict they get:
/// the beginnings of their names, the reason. The files that no cause named were read, and the links, regions and forms of
/// attributes of all of them were checked by a program of its own.
const WHY: &[(&[&str], &str)] = &[
    (
        &[
            "double_free",
            "gt_gff3_prob_1.",
            "gt_gff3_test_26",
            "multi_feature_orphan_fail",
            "multi_feature_undefined_parent",
            "orphaned_parent",
            "simple_orphan",
            "undefined_parent",
        ],
        "a Parent is not in the file: links between features are not followed, each is a row of its own",
    ),
    (&["cycle_simple", "self_referential"], "a feature is its own ancestor: links between features are not followed"),
    (
        &["gt_gff3_prob_12", "terminator_separation"],
        "a link reaches over ###: links between features are not followed, and ### means nothing to a reader of rows",
    ),
    (
        &["forward_wrong_seqid", "inconsistent_sequence_ids", "multi_feature_different_sequence_id"],
        "features of one ID, or child and Parent, lie on different sequences: links between features are not followed",
    ),
    (
        &["multi_feature_with_different_parent_1.", "multi_feature_with_different_parent_2."],
        "features of one ID have different Parents: links between features are not followed",
    ),
    (
        &["gt_loccheck_containment_fail"],
        "a feature lies outside of its Parent: links between features are not followed; GFF3 does not demand it",
    ),
    (
        &["cds_check_fail", "gt_gff3_phases"],
        "phases that do not follow from those of the CDS before are not found; each is one of 0, 1 and 2",
    ),
    (
        &["gt_gff3_range_check", "is_circular_example_with"],
        "features are not compared with ##sequence-region; beyond the end of a circular one they are allowed",
    ),
    (&["gt_gff3_test_15"], "features on a sequence without a ##sequence-region are allowed"),
    (&["gt_gff3_test_27"], "a ##sequence-region may follow its features"),
    (
        &["gt_gff3_fail_1", "multi_feature_multi", "retain_both", "genome_stream_stdin"],
        "a second ##sequence-region of a sequence is not found",
    ),
    (&["unknown_meta_directive", "gt_gff3_test_17"], "unknown directives are skipped"),
    (
        &["gap_fail3", "gap_fail5", "gap_fail6", "gap_fail7"],
        "the lengths in Gap are not compared with the feature and its Target",
    ),
    (&["dbxref_invalid"], "names of databases, and the form of their identifiers, are not looked up"),
    (&["md5_seqid"], "seqid is text, whatever it means to a program"),
    (
        &["unknowntype", "gt_gff3_test_11", "empty_attribute_value", "linesort_test_1", "linesort_test_3"],
        "types are not looked up in the Sequence Ontology",
    ),
    (&["gt_gff3_undefined_range"], "start and end may be ., as any column"),
    (&["empty.", "gt_view_prob"], "no feature stands in it, which the import says (E20)"),
];

/// Reads a file; `rows`: takes its features.
fn read(path: &Path, options: ReadOptions, mut rows: impl FnMut(Vec<feature_rule::Row>)) -> Result<Tally, Fault> {
    let bytes = fs::read(path).unwrap();
    let compression = Compression::detect(&bytes);
    let mut reader = Reader::new(Box::new(Cursor::new(bytes)), compression, Part::WHOLE, options)?;
    while let Some(batch) = reader.next_batch()? {
        rows(feature_rule::shown(&batch));
    }
    Ok(reader.tally())
}

fn files() -> Option<Vec<PathBuf>> {
    let folder = shared("corpora/gff3")?;
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    Some(files)
}

/// How many features, then what was wrong with its count and first line, or the fault with its line.
fn verdict(read: &Result<Tally, Fault>) -> String {
    match read {
        Ok(tally) => {
            let rejected = (tally.rejected > 0).then(|| format!("{} left out", tally.rejected));
            let warnings = tally.warnings.iter().map(|w| format!("{} x{} @{}", w.cause.name(), w.count, w.first_line));
            let all: Vec<String> =
                [format!("{} features", tally.records)].into_iter().chain(rejected).chain(warnings).collect();
            all.join(", ")
        }
        Err(fault) => {
            let line = fault.line.map_or(String::new(), |line| format!(" @{line}"));
            format!("reject: {} {}{line}", fault.code, fault.cause.name())
        }
    }
}

#[test]
fn every_file_gets_the_verdict_of_the_table() {
    let Some(files) = files() else { return };
    let mut table = "file\tby default\tstrict\twhy so\n".to_owned();
    for path in files {
        let strict = ReadOptions { policy: Policy::strict(), dialect: Dialect::HealthOmics, ..ReadOptions::default() };
        let [lenient, strict] = [ReadOptions::default(), strict].map(|options| verdict(&read(&path, options, |_| ())));
        let name = path.file_name().unwrap().to_string_lossy();
        let why = WHY.iter().find(|(names, _)| names.iter().any(|start| name.starts_with(start)));
        table += &format!("{name}\t{lenient}\t{strict}\t{}\n", why.map_or("", |(_, why)| why));
    }
    expect_test::expect_file!["../gff_verdicts.tsv"].assert_eq(&table);
}

/// Compares every column of every feature with the rules; gives what was counted.
fn check_values(path: &Path) -> Option<Tally> {
    let mut text = Vec::new();
    let bytes = fs::read(path).unwrap();
    let compression = Compression::detect(&bytes);
    decode(Box::new(Cursor::new(bytes)), compression).read_to_end(&mut text).unwrap();
    let mut found = Vec::new();
    let tally = read(path, ReadOptions::default(), |rows| found.extend(rows)).ok()?;
    let expected = feature_rule::rows(&String::from_utf8_lossy(&text));
    assert_eq!(found.len(), expected.len(), "{}", path.display());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected, "{}", path.display());
    }
    assert_eq!(tally.records, u64::try_from(found.len()).unwrap(), "{}", path.display());
    Some(tally)
}

#[test]
fn columns_are_those_of_the_rules() {
    let Some(files) = files() else { return };
    let counts: Vec<u64> = files.iter().filter_map(|path| check_values(path)).map(|tally| tally.records).collect();
    println!("{} of {} files, {} features", counts.len(), files.len(), counts.iter().sum::<u64>());
}

#[test]
fn a_real_annotation_is_read_whole() {
    let Some(data) = shared("data") else { return };
    let path = data.join("gencode.v38.polyAs.gff3.gz");
    let tally = check_values(&path).unwrap();
    assert_eq!((tally.records, tally.rejected, tally.warnings.len()), (96_556, 0, 0));
}
