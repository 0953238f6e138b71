use crate::genome::{Form, Genome};
use crate::vcf::{ReadOptions, Reader, read_header};
use crate::{Cause, Compression, Limits, Part, Policy, Tally, Verdict, fasta};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use expect_test::{Expect, expect};
use std::fmt::Write;
use std::io::Cursor;
use std::sync::Arc;
use varberg_rows::record_columns;

const FASTA: &str = ">c1\nGGGCACACACAGGGTTTTTA\n>chr2\nacgtrNNNNN\n>MT\nACGTACGT\n";

fn genome() -> Arc<Genome> {
    let index = fasta::index(Box::new(Cursor::new(FASTA)), Compression::Plain, &Limits::default()).unwrap();
    let size = u64::try_from(FASTA.len()).unwrap();
    Arc::new(Genome::new(&index.fai, Form::Plain, size, Arc::new(FASTA.as_bytes().to_vec())).unwrap())
}

fn read(records: &str, policy: Policy) -> Result<(Vec<RecordBatch>, Tally), crate::Fault> {
    let head = "##fileformat=VCFv4.2\n##INFO=<ID=END,Number=1,Type=Integer,Description=\"x\">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
    let file = format!("{head}{}", records.replace(' ', "\t"));
    let header = Arc::new(read_header(&mut Cursor::new(&file), &Limits::default(), &policy)?);
    let options = ReadOptions { policy, normalize: Some(genome()), ..ReadOptions::default() };
    let mut reader = Reader::new(header, Box::new(Cursor::new(file)), Compression::Plain, Part::WHOLE, options)?;
    let mut batches = Vec::new();
    while let Some(batch) = reader.next_batch()? {
        batches.push(batch);
    }
    Ok((batches, reader.tally()))
}

fn list(column: &ArrayRef, row: usize) -> String {
    let lists = column.as_list::<i32>();
    if lists.is_null(row) {
        return "null".to_owned();
    }
    lists.value(row).as_string::<i32>().iter().map(Option::unwrap).collect::<Vec<_>>().join(",")
}

/// contig start end REF ALT _raw of every record, then the warnings.
fn show(records: &str) -> String {
    let (batches, tally) = read(records, Policy::lenient()).unwrap();
    let mut out = String::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            let text = |column: usize| batch.column(column).as_string::<i32>().value(row).to_owned();
            let int = |column: usize| batch.column(column).as_primitive::<Int64Type>().value(row);
            let (contig, reference) = (text(record_columns::CONTIG), text(record_columns::REFERENCE));
            let (start, end) = (int(record_columns::START), int(record_columns::END));
            let alternates = list(batch.column(record_columns::ALTERNATES), row);
            write!(out, "{contig} {start} {end} {reference} {alternates}").unwrap();
            let raw = batch.column(record_columns::RAW).as_map();
            if !raw.is_null(row) {
                let entries = raw.value(row);
                let (keys, values) = (entries.column(0).as_string::<i32>(), entries.column(1).as_string::<i32>());
                keys.iter().zip(values).for_each(|(k, v)| write!(out, " {}={}", k.unwrap(), v.unwrap()).unwrap());
            }
            out.push('\n');
        }
    }
    tally.warnings.iter().for_each(|w| writeln!(out, "{:?} {} {}", w.cause, w.count, w.first_line).unwrap());
    tally.contig_aliases.iter().for_each(|(name, other)| writeln!(out, "{name} = {other}").unwrap());
    out
}

#[track_caller]
fn check(records: &str, expected: &Expect) {
    expected.assert_eq(&show(records));
}

#[test]
fn a_record_moves_as_one_and_its_texts_go_with_it() {
    check(
        "c1 8 . CAC C . . .\nc1 8 . cac C,cacac . . .\nc1 8 . CAC C . . END=12\nc1 04 . c T . . .\nc1 08 . CAC C . . .\n",
        &expect![[r#"
            c1 2 5 GCA G
            c1 2 5 GCA G,GCACA
            c1 2 7 GCA G
            c1 3 4 C T POS=04 REF=c
            c1 2 5 GCA G
        "#]],
    );
}

#[test]
fn records_without_bases_in_alt_stay_as_they_are() {
    check(
        "c1 8 . CAC <DEL> . . END=10\nc1 4 . CA C]c1:17] . . .\nc1 8 . CAC C,* . . .\nc1 8 . CAC . . . .\nc1 8 . CAC C,<*> . . .\nc1 0 . N ]c1:5]N . . .\nc1 21 . N N[c1:5[ . . .\nc1 8 . CAC C,.AC . . .\n",
        &expect![[r#"
            c1 7 10 CAC <DEL>
            c1 3 5 CA C]c1:17]
            c1 7 10 CAC C,*
            c1 7 10 CAC null
            c1 7 10 CAC C,<*>
            c1 -1 0 N ]c1:5]N
            c1 20 21 N N[c1:5[
            c1 7 10 CAC C,.AC
        "#]],
    );
}

#[test]
fn what_does_not_fit_the_reference_is_left_and_counted() {
    check(
        "c1 8 . CAT C . . .\nc3 1 . A C . . .\nc1 20 . AC A . . .\nc1 8 . <X> C . . .\nc3 2 . A C . . .\nc1 22 . N C . . .\nc1 9 . G <DEL> . . .\n",
        &expect![[r#"
            c1 7 10 CAT C
            c3 0 1 A C
            c1 19 21 AC A
            c1 7 10 <X> C
            c3 1 2 A C
            c1 21 22 N C
            c1 8 9 G <DEL>
            ReferenceMismatch 4 4
            ReferenceContig 2 5
            SymbolicReference 1 7
        "#]],
    );
}

#[test]
fn contigs_are_matched_by_their_other_names_which_are_told() {
    check(
        "2 5 . R A . . .\n2 6 . NN N . . .\nchrM 7 . GTA G . . .\nMT 6 . CGT C . . .\n",
        &expect![[r#"
            2 4 5 R A
            2 3 5 TN T
            chrM 6 9 GTA G
            MT 5 8 CGT C
            AlleleAlphabet 1 4
            ReferenceMismatch 1 6
            2 = chr2
            chrM = MT
        "#]],
    );
}

#[test]
fn the_policy_decides_about_records_against_the_reference() {
    let policy = Policy::lenient().with(Cause::ReferenceMismatch, Verdict::RejectRecord);
    let (batches, tally) = read("c1 1 . A C . . .\nc1 1 . G C . . .\n", policy).unwrap();
    assert_eq!((batches[0].num_rows(), tally.records, tally.rejected), (1, 1, 1));
    let policy = Policy::lenient().with(Cause::ReferenceContig, Verdict::RejectFile);
    let fault = read("c1 1 . G C . . .\nc9 1 . G C . . .\n", policy).unwrap_err();
    assert_eq!(fault.to_string(), "E27: the contig is not in the store's reference (line 5, c9:1)");
}

#[test]
fn a_reference_that_cannot_be_read_is_told_from_the_file() {
    let genome = Genome::new("c1\t5\t4\t5\t6\n", Form::Plain, 3, Arc::new(b">c1".to_vec())).unwrap();
    let file = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nc1\t1\t.\tA\tC\t.\t.\t.\n";
    let header = read_header(&mut Cursor::new(file), &Limits::default(), &Policy::lenient()).unwrap();
    let options = ReadOptions { normalize: Some(Arc::new(genome)), ..ReadOptions::default() };
    let input = Box::new(Cursor::new(file));
    let mut reader = Reader::new(Arc::new(header), input, Compression::Plain, Part::WHOLE, options).unwrap();
    let fault = reader.next_batch().unwrap_err();
    assert!(fault.to_string().starts_with("E25: the store's reference cannot be read: "), "{fault}");
}
