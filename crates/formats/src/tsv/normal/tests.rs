use super::RowNormalizer;
use crate::fault::{Cause, Fault};
use crate::genome::{Form, Genome, ReadAt};
use crate::tsv::Options;
use crate::tsv::tests::{read_parts, store, tabs};
use crate::{Compression, Limits, Part, Policy, Tally, Verdict, fasta, vcf};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use proptest::prelude::*;
use std::io::{self, Cursor};
use std::sync::Arc;
use varberg_model::AnnotationType::{
    self, ChrPos, ChrPosRefAlt, ChrStartEndOneBase, ChrStartEndRefAltOneBase, ChrStartEndRefAltZeroBase,
    ChrStartEndZeroBase, Generic,
};
use varberg_model::TsvStoreOptions;
use varberg_rows::record_columns;

/// The three types with alleles: their columns, and how a row of them is written.
const TYPES: [(AnnotationType, &str); 3] = [
    (ChrPosRefAlt, "chr:STRING pos:LONG ref:STRING alt:STRING"),
    (ChrStartEndRefAltOneBase, "chr:STRING start:LONG end:INT ref:STRING alt:STRING"),
    (ChrStartEndRefAltZeroBase, "chr:STRING start:INT end:LONG ref:STRING alt:STRING"),
];

fn genome(fasta: &str) -> Arc<Genome> {
    let bytes = fasta.as_bytes().to_vec();
    let index = fasta::index(Box::new(Cursor::new(bytes.clone())), Compression::Plain, &Limits::default()).unwrap();
    let size = u64::try_from(bytes.len()).unwrap();
    Arc::new(Genome::new(&index.fai, Form::Plain, size, Arc::new(bytes)).unwrap())
}

fn small() -> Arc<Genome> {
    genome(">c1\nGGGCACACACAGGGTTTTTA\n>chr2\nacgtrNNNNN\n>MT\nACGTACGT\n>chr1\nATGCATGC\n")
}

fn read(
    store: &TsvStoreOptions,
    genome: &Arc<Genome>,
    policy: Policy,
    file: &str,
) -> Result<(Vec<String>, Tally), Fault> {
    let options = Options { policy, normalize: Some(Arc::clone(genome)), ..Options::default() };
    read_parts(store, &tabs(), file.as_bytes(), &[Part::WHOLE], &options)
}

/// A row of a type: contig, 1-based position, REF, ALT.
fn row(kind: AnnotationType, contig: &str, position: i64, reference: &str, alternate: &str) -> String {
    let end = position - 1 + i64::try_from(reference.len()).unwrap();
    match kind {
        ChrPosRefAlt => format!("{contig}\t{position}\t{reference}\t{alternate}\n"),
        ChrStartEndRefAltOneBase => format!("{contig}\t{position}\t{end}\t{reference}\t{alternate}\n"),
        _ => format!("{contig}\t{}\t{end}\t{reference}\t{alternate}\n", position - 1),
    }
}

/// A row as read, in the order contig, start, end, REF, ALT whatever the type.
fn in_order(kind: AnnotationType, row: &str) -> String {
    let mut values: Vec<&str> = row.split('|').collect();
    if kind == ChrPosRefAlt {
        let end = values.pop().unwrap();
        values.insert(2, end);
    }
    values.join(" ")
}

/// Reads a row under each type that has alleles.
#[track_caller]
fn check(record: &str, expected: &str) {
    let [contig, position, reference, alternate] = record.splitn(4, ' ').collect::<Vec<_>>()[..] else {
        panic!("a record of four words: {record}");
    };
    for (kind, columns) in TYPES {
        let file = row(kind, contig, position.parse().unwrap(), reference, alternate);
        let (rows, tally) = read(&store(kind, columns), &small(), Policy::lenient(), &file).unwrap();
        assert_eq!(in_order(kind, &rows[0]), expected, "{kind:?}");
        assert_eq!(tally.warnings, [], "{kind:?}");
    }
}

/// The vectors of spec 10.
#[test]
fn rows_move_as_records_of_vcf_do() {
    check("c1 4 C T", "c1 3 4 C T");
    check("c1 8 CA C", "c1 7 9 CA C");
    check("c1 8 CAC C", "c1 2 5 GCA G");
    check("c1 10 CA CACA", "c1 2 3 G GCA");
    check("c1 4 CACAC CAC", "c1 2 5 GCA G");
    check("c1 3 GCA G,GCACA", "c1 2 5 GCA G,GCACA");
    check("c1 16 TT T", "c1 13 15 GT G");
    check("c1 8 CAC C,*", "c1 7 10 CAC C,*");
    check("c1 1 GGG TGG", "c1 0 1 G T");
    check("c1 1 GG G", "c1 0 2 GG G"); // at the first base the anchor stays on the right
    check("chr1 1 ATGC ATAC", "chr1 2 3 G A");
}

/// HealthOmics keeps the first allele only.
#[test]
fn every_allele_is_kept() {
    check("c1 8 CAC C,CACAC", "c1 2 5 GCA G,GCACA");
    check("c1 8 CAC C,CACAC,CACACAC,C", "c1 2 5 GCA G,GCACA,GCACACA,G");
    check("c1 4 C A,G,T", "c1 3 4 C A,G,T");
    check("c1 4 CAC CAT,CAG", "c1 5 6 C T,G");
}

#[test]
fn alleles_that_are_no_sequences_leave_the_row_as_it_is() {
    for alternate in [".", "-", "*", "<DEL>", "<*>", "C]c1:17]", "C.", "C,-", "c,<DEL>", "C,", ",C", "C, CACAC", "x"] {
        check(&format!("c1 8 CAC {alternate}"), &format!("c1 7 10 CAC {alternate}"));
    }
    for reference in ["-", ".", "<X>", "C,A"] {
        let end = 7 + reference.len();
        check(&format!("c1 8 {reference} C"), &format!("c1 7 {end} {reference} C"));
    }
    check("c1 0 N NA", "c1 -1 0 N NA"); // before the first base
    check("c1 21 N NA", "c1 20 21 N NA"); // behind the last one
}

#[test]
fn sequences_become_upper_case_where_they_fit_the_reference() {
    check("c1 4 c t", "c1 3 4 C T");
    check("c1 8 cac C,cacac", "c1 2 5 GCA G,GCACA");
    check("chr2 1 a G", "chr2 0 1 A G");
    check("chr2 6 nn n", "chr2 3 5 TN T");
    check("c1 8 cac <del>", "c1 7 10 cac <del>");
}

#[test]
fn missing_values_leave_the_row_as_it_is() {
    let one_base = store(TYPES[1].0, TYPES[1].1);
    for (file, expected) in [
        ("\t8\t10\tcac\tC", "-|7|10|cac|C"),
        ("c1\t\t10\tcac\tC", "c1|-|10|cac|C"),
        ("c1\t8\t\tcac\tC", "c1|7|-|cac|C"),
        ("c1\t8\t10\t\tC", "c1|7|10|-|C"),
        ("c1\t8\t10\t\"\"\tC", "c1|7|10||C"),
        ("c1\t8\t10\tcac\t", "c1|7|10|cac|-"),
        ("c1\t8\t10\tcac\t\"\"", "c1|7|10|cac|"),
    ] {
        let (rows, tally) = read(&one_base, &small(), Policy::lenient(), file).unwrap();
        assert_eq!((rows, tally.warnings), (vec![expected.to_owned()], vec![]), "{file}");
    }
}

/// Whatever the order of the columns and their integer types; `end` may be declared, and END need not be that of REF.
#[test]
fn columns_may_stand_anywhere() {
    let all = |kind, columns, file, expected: &str| {
        let (rows, _) = read(&store(kind, columns), &small(), Policy::lenient(), file).unwrap();
        assert_eq!(rows, [expected]);
    };
    all(ChrPosRefAlt, "alt:STRING x:DOUBLE ref:STRING pos:INT chr:STRING", "C\t\tCAC\t8\tc1", "G|-|GCA|2|c1|5");
    all(
        ChrPosRefAlt,
        "alt:STRING end:STRING ref:STRING pos:LONG chr:STRING",
        "\"C,CACAC\"\tx\t\"CAC\"\t\"8\"\tc1",
        "G,GCACA|5|GCA|2|c1",
    );
    all(
        ChrStartEndRefAltZeroBase,
        "end:INT x:STRING alt:STRING start:LONG chr:STRING ref:STRING",
        "12\t\"\"\tC\t7\tc1\tCAC",
        "7||G|2|c1|GCA",
    );
}

#[test]
fn types_without_alleles_have_nothing_to_normalize() {
    for kind in [Generic, ChrPos, ChrStartEndOneBase, ChrStartEndZeroBase] {
        let store = store(kind, "chr:STRING start:INT end:INT pos:INT ref:STRING alt:STRING");
        assert!(RowNormalizer::new(&store, small()).is_none());
        let file = "c9\t8\t10\t8\tcac\tc\n";
        let plain = read_parts(&store, &tabs(), file.as_bytes(), &[Part::WHOLE], &Options::default()).unwrap();
        assert_eq!(read(&store, &small(), Policy::lenient(), file).unwrap(), plain);
    }
}

const UNFIT: &str = "c1\t8\tCAT\tC\nc3\t1\tA\tc\nc1\t4\tC\tT\nc1\t20\tAC\tA\n1\t1\tATGC\tATAC\nc3\t2\ta\t-\n";

#[test]
fn what_does_not_fit_the_reference_is_left_and_counted() {
    let store = store(TYPES[0].0, TYPES[0].1);
    let (rows, tally) = read(&store, &small(), Policy::lenient(), UNFIT).unwrap();
    assert_eq!(
        rows,
        ["c1|7|CAT|C|10", "c3|0|A|c|1", "c1|3|C|T|4", "c1|19|AC|A|21", "1|2|G|A|3", "c3|1|a|-|2"].map(str::to_owned)
    );
    let warnings: Vec<_> = tally.warnings.iter().map(|w| (w.cause, w.count, w.first_line)).collect();
    assert_eq!(warnings, [(Cause::ReferenceMismatch, 2, 1), (Cause::ReferenceContig, 2, 2)]);
    assert_eq!((tally.records, tally.rejected), (6, 0));
    assert_eq!(tally.contig_aliases, [("1".to_owned(), "chr1".to_owned())].into());
}

#[test]
fn the_policy_decides_about_rows_against_the_reference() {
    let store = store(TYPES[0].0, TYPES[0].1);
    let policy = Policy::lenient().with(Cause::ReferenceMismatch, Verdict::RejectRecord);
    let (rows, tally) = read(&store, &small(), policy, UNFIT).unwrap();
    assert_eq!((rows.len(), tally.records, tally.rejected), (4, 4, 2));
    let policy = Policy::lenient().with(Cause::ReferenceMismatch, Verdict::Accept);
    let (rows, tally) = read(&store, &small(), policy, UNFIT).unwrap();
    assert_eq!((rows.len(), tally.warnings.len()), (6, 1));
    let policy = Policy::lenient().with(Cause::ReferenceContig, Verdict::RejectFile);
    let fault = read(&store, &small(), policy, UNFIT).unwrap_err();
    assert_eq!(fault.to_string(), "E27: the contig is not in the store's reference (line 2, c3:1)");
}

/// A contig of one base over and over, longer than 32-bit coordinates reach.
struct Endless;

impl ReadAt for Endless {
    fn read_at(&self, _: u64, out: &mut [u8]) -> io::Result<()> {
        out.fill(b'A');
        Ok(())
    }
}

#[test]
fn coordinates_beyond_their_type_are_faults_of_the_value() {
    let length = 3_000_000_000_u64;
    let fai = format!("c1\t{length}\t0\t{length}\t{length}\n");
    let genome = Arc::new(Genome::new(&fai, Form::Plain, length, Arc::new(Endless)).unwrap());
    let (long, int) =
        ("chr:STRING start:LONG end:LONG ref:STRING alt:STRING", "chr:STRING start:INT end:LONG ref:STRING alt:STRING");
    let file = "c1\t2147483646\t2147483649\tAAA\tAAC\nc1\t5\t5\tA\tC\n";
    let (rows, _) = read(&store(ChrStartEndRefAltZeroBase, long), &genome, Policy::lenient(), file).unwrap();
    assert_eq!(rows, ["c1|2147483648|2147483649|A|C", "c1|5|5|A|C"]);
    let narrow = store(ChrStartEndRefAltZeroBase, int);
    let fault = read(&narrow, &genome, Policy::lenient(), file).unwrap_err();
    assert!(fault.to_string().ends_with("(column start, type INT, value '2147483648') (line 1)"), "{fault}");
    let policy = Policy::lenient().with(Cause::FieldValue, Verdict::RejectRecord);
    let (rows, tally) = read(&narrow, &genome, policy, file).unwrap();
    assert_eq!((rows, tally.rejected), (vec!["c1|5|5|A|C".to_owned()], 1));
    // More than `MAX_MOVE` bases from where it could move to.
    let far = "c1\t2000000\t2000001\tA\tAA\n";
    let (rows, tally) = read(&narrow, &genome, Policy::lenient(), far).unwrap();
    assert_eq!((rows[0].as_str(), tally.warnings[0].cause), ("c1|2000000|2000001|A|AA", Cause::MovesTooFar));
}

#[test]
fn a_reference_that_cannot_be_read_is_told_from_the_file() {
    let genome = Arc::new(Genome::new("c1\t5\t4\t5\t6\n", Form::Plain, 3, Arc::new(b">c1".to_vec())).unwrap());
    let store = store(TYPES[0].0, TYPES[0].1);
    let fault = read(&store, &genome, Policy::lenient(), "c1\t1\tA\tC\n").unwrap_err();
    assert!(fault.to_string().starts_with("E25: the store's reference cannot be read: "), "{fault}");
}

/// What the reader of VCF makes of a record: contig, start, end, REF, ALT; and whether it fits the reference.
fn by_vcf(genome: &Arc<Genome>, record: (&str, i64, &str, &str)) -> (String, bool) {
    let (contig, position, reference, alternate) = record;
    let file = format!(
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n\
         {contig}\t{position}\t.\t{reference}\t{alternate}\t.\t.\t.\n"
    );
    let header = vcf::read_header(&mut Cursor::new(&file), &Limits::default(), &Policy::lenient()).unwrap();
    let options = vcf::ReadOptions { normalize: Some(Arc::clone(genome)), ..vcf::ReadOptions::default() };
    let input = Box::new(Cursor::new(file));
    let mut reader = vcf::Reader::new(Arc::new(header), input, Compression::Plain, Part::WHOLE, options).unwrap();
    let batch = reader.next_batch().unwrap().unwrap();
    let text = |column: usize| batch.column(column).as_string::<i32>().value(0);
    let int = |column: usize| batch.column(column).as_primitive::<Int64Type>().value(0);
    let alternates = batch.column(record_columns::ALTERNATES).as_list::<i32>().value(0);
    let alternates: Vec<&str> = alternates.as_string::<i32>().iter().flatten().collect();
    let (start, end) = (int(record_columns::START), int(record_columns::END));
    let row = format!("{contig} {start} {end} {} {}", text(record_columns::REFERENCE), alternates.join(","));
    let unfit = [Cause::ReferenceContig, Cause::ReferenceMismatch, Cause::MovesTooFar];
    let fits = !reader.tally().warnings.iter().any(|w| unfit.contains(&w.cause));
    (row, fits)
}

/// A contig of repeats of short units.
fn contig() -> impl Strategy<Value = String> {
    let unit = ("[ACGTNacgt]{1,3}", 1_usize..6).prop_map(|(unit, times)| unit.repeat(times));
    proptest::collection::vec(unit, 1..5).prop_map(|units| units.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn rows_are_what_the_same_records_of_vcf_are(
        contig in contig(),
        name in "c|chrc|x",
        place in any::<prop::sample::Index>(),
        length in 1_usize..7,
        other in proptest::option::weighted(0.1, "[ACGTN]{1,4}"),
        alternates in proptest::collection::vec("[ACac]{1,6}|[ACGTN]{1,3}|[ACGTN]{1,3}|\\*|<DEL>", 1..4),
    ) {
        let genome = genome(&format!(">c\n{contig}\n"));
        let start = place.index(contig.len());
        let reference = other.unwrap_or_else(|| contig[start..contig.len().min(start + length)].to_owned());
        let alternate = alternates.join(",");
        let position = i64::try_from(start).unwrap() + 1;
        let (expected, fits) = by_vcf(&genome, (&name, position, &reference, &alternate));
        for (kind, columns) in TYPES {
            let file = row(kind, &name, position, &reference, &alternate);
            let (rows, tally) = read(&store(kind, columns), &genome, Policy::lenient(), &file).unwrap();
            let found = in_order(kind, &rows[0]);
            prop_assert_eq!(tally.warnings.is_empty(), fits);
            if fits && !alternate.contains(['*', '<']) {
                prop_assert_eq!(&found, &expected);
            } else {
                let as_written = format!("{name} {start} {} {reference} {alternate}", start + reference.len());
                prop_assert_eq!(&found, &as_written);
            }
            prop_assert_eq!(found.to_uppercase(), expected.to_uppercase());
            prop_assert_eq!(!tally.contig_aliases.is_empty(), name == "chrc");
        }
    }
}
