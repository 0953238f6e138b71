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

/// Why files that their names call invalid are accepted without a word: the beginnings of their names, the reason.
const WHY: &[(&[&str], &str)] = &[
    (
        &[
            "cycle_simple",
            "self_referential",
            "simple_orphan",
            "orphaned_parent",
            "undefined_parent",
            "multi_feature_orphan_fail",
            "multi_feature_undefined_parent",
            "multi_feature_different_sequence_id",
            "inconsistent_sequence_ids",
            "forward_wrong_seqid",
            "gt_loccheck_containment_fail",
        ],
        "links between features are not followed: each is a row of its own",
    ),
    (
        &["sequence_region_negative", "gt_gff3_illegal_region_start", "unknown_meta_directive"],
        "directives other than ##gff-version and ##FASTA are skipped",
    ),
    (
        &["gap_fail", "corrupt_target_attribute", "target_attribute_swapped_range"],
        "Target and Gap are kept as text and not compared with the feature",
    ),
    (&["dbxref_invalid"], "the names of databases are not looked up"),
    (&["md5_seqid"], "seqid is text, whatever it means to a program"),
    (&["unknowntype"], "types are not looked up in the Sequence Ontology"),
    (&["empty.", "gt_gff3_fail_1", "gt_view_prob"], "no feature stands in it, which the import says (E20)"),
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

/// Compares every column of every feature with the rules; gives their number.
fn check_values(path: &Path) -> Option<usize> {
    let mut text = Vec::new();
    let bytes = fs::read(path).unwrap();
    let compression = Compression::detect(&bytes);
    decode(Box::new(Cursor::new(bytes)), compression).read_to_end(&mut text).unwrap();
    let mut found = Vec::new();
    read(path, ReadOptions::default(), |rows| found.extend(rows)).ok()?;
    let expected = feature_rule::rows(&String::from_utf8_lossy(&text));
    assert_eq!(found.len(), expected.len(), "{}", path.display());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected, "{}", path.display());
    }
    Some(found.len())
}

#[test]
fn columns_are_those_of_the_rules() {
    let Some(files) = files() else { return };
    let counts: Vec<usize> = files.iter().filter_map(|path| check_values(path)).collect();
    println!("{} of {} files, {} features", counts.len(), files.len(), counts.iter().sum::<usize>());
}

#[test]
fn a_real_annotation_is_read_whole() {
    let Some(data) = shared("data") else { return };
    let path = data.join("gencode.v38.polyAs.gff3.gz");
    let tally = read(&path, ReadOptions::default(), |_| ()).unwrap();
    assert_eq!((tally.records, tally.rejected, tally.warnings.len()), (96_556, 0, 0));
    assert_eq!(check_values(&path), Some(96_556));
}
