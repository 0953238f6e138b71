//! The tests of `bcftools norm` that only trim and left-align: the same places and alleles, record by record, except for
//! the differences listed here with their reasons.

use crate::shared;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, RecordBatch};
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use varberg_formats::genome::{Form, Genome};
use varberg_formats::vcf::{ReadOptions, Reader, read_header};
use varberg_formats::{Compression, Limits, Part, decode, fasta};
use varberg_rows::record_columns;

/// Options of `bcftools norm` that do something else than trim and left-align.
const OTHER_WORK: [&str; 7] = ["-m", "-d", "-a", "-N", "-g", "-S", "-s "];

/// A record that differs: input, arguments, what `bcftools` gives, what we give (`-`: no such record), and why.
type Deviation = (&'static str, &'static str, &'static str, &'static str, &'static str);

const SET_REF: &str = "-c s writes the reference's base into REF; we leave a record that does not fit, and say so";
const DROP: &str = "-c x drops records that do not fit the reference or are no bases; we keep them";
const SYMBOLIC: &str =
    "a symbolic allele has no bases: the record stays where its caller put it (as HealthOmics has it)";

const DEVIATIONS: &[Deviation] = &[
    ("norm.check-ref.vcf", "qq[-c s]", "chr1 11 T C", "chr1 11 C T", SET_REF),
    ("norm.symbolic.3.vcf", "''", "1 11 G <DUP>", "1 26 G <DUP>", SYMBOLIC),
    ("norm.vcf", "'-cx'", "-", "1 60 A T", DROP),
    ("norm.vcf", "'-cx'", "-", "4 37 C I", DROP),
    ("norm.vcf", "'-cx'", "20 59 A .", "20 59 AG .", "no ALT: the record stays as it is (as HealthOmics has it)"),
    ("norm.iupac.vcf", "'-c s --old-rec-tag XX'", "1 8 N NA", "1 8 B BA", "IUPAC codes of the file stay as written"),
    ("norm.3.vcf", "'-c s --old-rec-tag XX'", "1 11 A C", "1 11 N C", SET_REF),
    ("norm.3.vcf", "'-c s --old-rec-tag XX'", "1 9 TCA T", "1 10 NAC N", SET_REF),
    ("norm.3.vcf", "q[-c s -i'alt=\"N\"' --old-rec-tag XX]", "1 9 TCA T", "1 10 NAC N", SET_REF),
    ("norm.symbolic.vcf", "'--old-rec-tag ORI'", "20 15 T <DEL>", "20 24 A <DEL>", SYMBOLIC),
    ("norm.symbolic.vcf", "'--old-rec-tag ORI'", "20 93 C <DEL>", "20 98 A <DEL>", SYMBOLIC),
    ("norm.symbolic.2.vcf", "'--old-rec-tag ORI'", "20 15 TAC T,<DEL>", "20 24 ACA A,<DEL>", SYMBOLIC),
    ("norm.symbolic.2.vcf", "'--old-rec-tag ORI'", "20 93 C <DEL>", "20 98 A <DEL>", SYMBOLIC),
];

#[test]
fn records_end_where_bcftools_puts_them() {
    let Some(root) = shared("corpora/bcftools") else { return };
    let cases = fs::read_to_string(root.join("cases.tsv")).unwrap();
    let mut checked = 0;
    let mut wrong = Vec::new();
    for case in cases.lines().skip(1) {
        let [input, reference, arguments, expected] = case.split('\t').collect::<Vec<_>>().try_into().unwrap();
        if reference.is_empty() || OTHER_WORK.iter().any(|option| arguments.contains(option)) {
            continue;
        }
        let mut theirs = expected_records(&root.join(expected));
        let mut ours = normalized_records(&root.join(input), &root.join(reference));
        for record in std::mem::take(&mut ours) {
            match theirs.iter().position(|other| *other == record) {
                Some(place) => drop(theirs.remove(place)),
                None => ours.push(record),
            }
        }
        let listed = |pick: fn(&Deviation) -> &'static str| {
            let of_case = DEVIATIONS.iter().filter(|d| d.0 == input && d.1 == arguments);
            let mut records: Vec<&str> = of_case.map(pick).filter(|record| *record != "-").collect();
            records.sort_unstable();
            records
        };
        ours.sort_unstable();
        theirs.sort_unstable();
        if ours != listed(|d| d.3) || theirs != listed(|d| d.2) {
            wrong.push(format!("{input} [{arguments}]:\n  only bcftools: {theirs:?}\n  only we: {ours:?}"));
        }
        checked += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(checked, 11);
}

/// `CHROM POS REF ALT` of every record, in upper case.
fn expected_records(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let record = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        format!("{} {} {} {}", columns[0], columns[1], upper(columns[3]), upper(columns[4]))
    };
    text.lines().filter(|line| !line.starts_with('#')).map(record).collect()
}

fn upper(alleles: &str) -> String {
    if alleles.contains(['<', '[', ']']) { alleles.to_owned() } else { alleles.to_ascii_uppercase() }
}

fn normalized_records(input: &Path, reference: &Path) -> Vec<String> {
    let options = ReadOptions { normalize: Some(genome(reference)), ..ReadOptions::default() };
    let mut text = decode(Box::new(File::open(input).unwrap()), Compression::Plain);
    let header = Arc::new(read_header(&mut text, &options.limits, &options.policy).unwrap());
    let file = Box::new(File::open(input).unwrap());
    let mut reader = Reader::new(header, file, Compression::Plain, Part::WHOLE, options).unwrap();
    let mut records = Vec::new();
    while let Some(batch) = reader.next_batch().unwrap() {
        records.extend((0..batch.num_rows()).map(|row| record(&batch, row)));
    }
    records
}

fn genome(path: &Path) -> Arc<Genome> {
    let bytes = fs::read(path).unwrap();
    let file = Box::new(File::open(path).unwrap());
    let index = fasta::index(file, Compression::Plain, &Limits::default()).unwrap();
    Arc::new(Genome::new(&index.fai, Form::Plain, bytes.len() as u64, Arc::new(bytes)).unwrap())
}

fn record(batch: &RecordBatch, row: usize) -> String {
    let text = |column: usize| batch.column(column).as_string::<i32>().value(row);
    let start = batch.column(record_columns::START).as_primitive::<Int64Type>().value(row);
    let lists = batch.column(record_columns::ALTERNATES).as_list::<i32>();
    let alternates = if lists.is_null(row) {
        ".".to_owned()
    } else {
        lists.value(row).as_string::<i32>().iter().map(Option::unwrap).collect::<Vec<_>>().join(",")
    };
    format!("{} {} {} {alternates}", text(record_columns::CONTIG), start + 1, text(record_columns::REFERENCE))
}
