mod verdicts;

use super::*;
use crate::policy::Verdict;
use crate::testing::{bgzf, block_offsets, gzip};
use arrow_array::{Array, BinaryArray, Float64Array, ListArray, MapArray, StringArray};
use expect_test::expect;
use proptest::prelude::*;
use std::fmt::Write;
use std::io::Cursor;

const HEAD: &str = "##fileformat=VCFv4.2
##INFO=<ID=DP,Number=1,Type=Integer,Description=\"x\">
##INFO=<ID=DB,Number=0,Type=Flag,Description=\"x\">
##INFO=<ID=END,Number=1,Type=Integer,Description=\"x\">
##INFO=<ID=XX,Number=1,Type=String,Description=\"x\">
##INFO=<ID=AF,Number=A,Type=Float,Description=\"x\">
##INFO=<ID=SVTYPE,Number=1,Type=String,Description=\"x\">
##FORMAT=<ID=GT,Number=1,Type=String,Description=\"x\">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description=\"x\">
##FORMAT=<ID=FT,Number=1,Type=String,Description=\"x\">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO";

struct Read {
    batches: Vec<RecordBatch>,
    tally: Tally,
}

fn read_part(file: &[u8], compression: Compression, part: Part, options: ReadOptions) -> Result<Read, Fault> {
    let start = usize::try_from(part.start).unwrap();
    let mut text = std::io::BufReader::new(crate::decode(Box::new(Cursor::new(file.to_vec())), compression));
    let header = read_header(&mut text, &options.limits, &options.policy)?;
    let input = Cursor::new(file.get(start..).unwrap_or_default().to_vec());
    let mut reader = Reader::new(Arc::new(header), Box::new(input), compression, part, options)?;
    let mut batches = Vec::new();
    while let Some(batch) = reader.next_batch()? {
        batches.push(batch);
    }
    assert!(reader.next_batch()?.is_none());
    Ok(Read { batches, tally: reader.tally() })
}

fn read(file: &[u8]) -> Result<Read, Fault> {
    read_part(file, Compression::detect(file), Part::WHOLE, ReadOptions::default())
}

/// A file without samples, with one record.
fn sites(record: &str) -> String {
    format!("{HEAD}\n{}\n", record.replace(' ', "\t").replace('_', " "))
}

/// A file with one sample and one record.
fn sample(record: &str) -> String {
    format!("{HEAD}\tFORMAT\tS1\n{}\n", record.replace(' ', "\t"))
}

fn fault(text: &str) -> Fault {
    read(text.as_bytes()).err().unwrap()
}

fn warnings(text: &str) -> Vec<Cause> {
    read(text.as_bytes()).unwrap().tally.warnings.iter().map(|w| w.cause).collect()
}

fn strings(array: &dyn Array) -> Vec<String> {
    let array = array.as_any().downcast_ref::<StringArray>().unwrap();
    array.iter().map(|s| s.unwrap_or("null").to_owned()).collect()
}

fn list_text(array: &ArrayRef, row: usize) -> String {
    let lists = array.as_any().downcast_ref::<ListArray>().unwrap();
    if lists.is_null(row) { "null".to_owned() } else { format!("[{}]", strings(&lists.value(row)).join(",")) }
}

fn map_text(array: &ArrayRef, row: usize) -> String {
    let maps = array.as_any().downcast_ref::<MapArray>().unwrap();
    if maps.is_null(row) {
        return "null".to_owned();
    }
    let entries = maps.value(row);
    let pairs = strings(entries.column(0)).into_iter().zip(strings(entries.column(1)));
    format!("{{{}}}", pairs.map(|(k, v)| format!("{k}:{v:?}")).collect::<Vec<_>>().join(", "))
}

/// The site columns of a row, on one line.
fn row(batch: &RecordBatch, row: usize) -> String {
    let int = |column: usize| batch.column(column).as_any().downcast_ref::<Int64Array>().unwrap().value(row);
    let text = |column: usize| strings(batch.column(column)).swap_remove(row);
    let qual = batch.column(record_columns::QUAL).as_any().downcast_ref::<Float64Array>().unwrap();
    let qual = if qual.is_null(row) { "null".to_owned() } else { format!("{:?}", qual.value(row)) };
    let mut out =
        format!("{} {} {}", text(record_columns::CONTIG), int(record_columns::START), int(record_columns::END));
    for part in [
        list_text(batch.column(record_columns::NAMES), row),
        text(record_columns::REFERENCE),
        list_text(batch.column(record_columns::ALTERNATES), row),
        qual,
        list_text(batch.column(record_columns::FILTERS), row),
        map_text(batch.column(record_columns::ATTRIBUTES), row),
        text(record_columns::FORMAT),
        map_text(batch.column(record_columns::RAW), row),
    ] {
        write!(out, " {part}").unwrap();
    }
    out
}

fn rows(text: &str) -> String {
    let read = read(text.as_bytes()).unwrap();
    let rows: Vec<String> = read.batches.iter().flat_map(|b| (0..b.num_rows()).map(|r| row(b, r))).collect();
    rows.join("\n")
}

#[test]
fn site_columns_of_the_row_vectors() {
    let records = [
        "1 10 rs1;rs2 a c,G 50.5 q10;s50 DP=3;DB GT:DP 1|2:3",
        "1 10 . A . . . . GT 0/0",
        "1 10 . A <NON_REF> . . END=20 GT:DP 0/0:30",
        "1 10 . AT A,* 30 PASS . GT 1/2",
        "1 10 . G G]17:198982] . PASS SVTYPE=BND GT ./.",
        "X 5 . C T . PASS . GT 1",
        "1 5 . C T . PASS . GT:FT .:q1",
        "chr3 63912684 . G T 10 PASS XX=ATXN7 GT 0/0",
    ];
    let text = format!("{HEAD}\tFORMAT\tS1\n{}\n", records.join("\n").replace(' ', "\t"));
    expect![[r#"
        1 9 10 [rs1,rs2] A [C,G] 50.5 [q10,s50] {DP:"3", DB:""} GT:DP {REF:"a", ALT:"c,G"}
        1 9 10 null A null null null {} GT null
        1 9 20 null A [<NON_REF>] null null {END:"20"} GT:DP null
        1 9 11 null AT [A,*] 30.0 [PASS] {} GT null
        1 9 10 null G [G]17:198982]] null [PASS] {SVTYPE:"BND"} GT null
        X 4 5 null C [T] null [PASS] {} GT null
        1 4 5 null C [T] null [PASS] {} GT:FT null
        chr3 63912683 63912684 null G [T] 10.0 [PASS] {XX:"ATXN7"} GT null"#]]
    .assert_eq(&rows(&text));
    let read = read(text.as_bytes()).unwrap();
    let genotypes =
        read.batches[0].column(record_columns::FIRST_FORMAT).as_any().downcast_ref::<BinaryArray>().unwrap();
    assert_eq!(genotypes.null_count(), 0);
    assert_eq!((read.tally.records, read.tally.lines, read.tally.warnings.len()), (8, 19, 0));
}

#[test]
fn info_becomes_attributes_as_written() {
    let infos = [
        "DP=10",
        "AF=0.10,0.2",
        "DB",
        "XX",
        "XX=",
        "DB=0",
        "DB=1",
        "DP=1;XX=b;DP=2",
        "UN=7",
        "UN",
        "XX=a%3Bb",
        "DP=3;;DB;",
        "=5",
        "DB=",
        "XX=a=b;DP=%",
    ];
    let lines: Vec<String> = infos.iter().map(|info| format!("1\t5\t.\tC\tT\t.\t.\t{info}")).collect();
    let text = format!("{HEAD}\n{}\n", lines.join("\n"));
    let column = |text: &str| -> String {
        let read = read(text.as_bytes()).unwrap();
        let batch = &read.batches[0];
        let (map, raw) = (batch.column(record_columns::ATTRIBUTES), batch.column(record_columns::RAW));
        (0..batch.num_rows()).map(|r| format!("{} {}\n", map_text(map, r), map_text(raw, r))).collect()
    };
    expect![[r#"
        {DP:"10"} null
        {AF:"0.10,0.2"} null
        {DB:""} null
        {XX:"."} {INFO:"XX"}
        {XX:"."} {INFO:"XX="}
        {} {INFO:"DB=0"}
        {DB:"1"} null
        {DP:"2", XX:"b"} {INFO:"DP=1;XX=b;DP=2"}
        {UN:"7"} null
        {UN:""} {INFO:"UN"}
        {XX:"a%3Bb"} null
        {DP:"3", DB:""} {INFO:"DP=3;;DB;"}
        {:"5"} null
        {DB:""} {INFO:"DB="}
        {XX:"a=b", DP:"%"} null
    "#]]
    .assert_eq(&column(&text));
    let decoded = column(&text.replace("VCFv4.2", "VCFv4.3"));
    assert!(decoded.contains(r#"{XX:"a;b"} {INFO:"XX=a%3Bb"}"#), "{decoded}");
}

#[test]
fn source_text_that_columns_cannot_give_back_is_kept() {
    expect![[r#"1 4 5 [] C [T] 50.0 [q1] {DP:"1"} null {QUAL:"50.0", FILTER:"q1;q1"}"#]]
        .assert_eq(&rows(&sites("1 5  C T 50.0 q1;q1 DP=1")));
    expect![[r#"1 4 5 null C [T] null null {} null {QUAL:"-1", INFO:""}"#]].assert_eq(&rows(&sites("1 5 . C T -1 . ")));
    expect![[r#"1 -1 0 null N [<del>,A.] 1e300 [0] {} null {QUAL:"1e300"}"#]]
        .assert_eq(&rows(&sites("1 0 . N <del>,A. 1e300 0 .")));
    expect!["1 4 5 null C [T] NaN [] {} null null"].assert_eq(&rows(&sites("1 5 . C T NaN  .")));
    expect![[r#"1 4 5 null C [T] inf null {} null {QUAL:"Infinity"}"#]]
        .assert_eq(&rows(&sites("1 5 . C T Infinity . .")));
}

#[test]
fn tolerated_faults_of_records_are_counted() {
    let cases = [
        ("1 5 . R T . . .", Cause::AlleleAlphabet),
        ("1 5 . C K . . .", Cause::AlleleAlphabet),
        ("1 5 . C . . . .", Cause::CarriageReturn),
        ("1 5 . C A,. . . .", Cause::AlleleAlphabet),
        ("1 5 . <DEL> C . . .", Cause::SymbolicReference),
        ("1 5 .  C . . .", Cause::EmptyAllele),
        ("1 5 . C A, . . .", Cause::EmptyAllele),
        ("1 5 . C T,t . . .", Cause::DuplicateAllele),
        ("1 5 . C c . . .", Cause::AltEqualsRef),
        ("1 5  C T . . .", Cause::EmptyId),
        ("1 5 . C T high . .", Cause::Quality),
        ("1 5 . C T . 0 .", Cause::FilterZero),
        ("1 5 . C T .  .", Cause::EmptyFilter),
        ("1 5 . C T . q1;;q2 .", Cause::EmptyFilter),
        ("1 5 . C T . . ", Cause::EmptyInfo),
        ("1 5 . C T . . XX=a_b", Cause::InfoSpace),
        ("1 5 . C T . . DP=1;DP=2", Cause::DuplicateInfoKey),
        ("1 5 . C T . . XX=1;END=x", Cause::EndNotInteger),
        ("1 5 . C T . . END=-3", Cause::EndNotPositive),
        ("1 5 . C T . . END=0", Cause::EndNotPositive),
        ("1 5 . . T . . .", Cause::MissingReference),
        ("1 5 . C T . . END=4", Cause::EndBeforeStart),
        ("1 5 . C T . . UN=7", Cause::UndeclaredInfo),
    ];
    for (record, cause) in cases {
        let text = sites(record);
        if cause == Cause::CarriageReturn {
            assert_eq!(warnings(&text.replace('\n', "\r\n")), [cause]);
            assert_eq!(rows(&text.replace('\n', "\r\n")), rows(&text));
        } else {
            assert_eq!(warnings(&text), [cause], "{record}");
        }
    }
    assert_eq!(warnings(&format!("{}\n\n", sites("1 5 . C T . . ."))), [Cause::BlankLine]);
    assert_eq!(warnings(&sample("1 5 . C T . . . GT:DP 0/1:x")), [Cause::SampleValue]);
    assert_eq!(warnings(&sample("1 5 . C T . . . GT:UN 0/1:x")), [Cause::UndeclaredFormat]);
    assert_eq!(warnings(&sample("1 5 . C T . . . DP:GT 3:0/1")), [Cause::GenotypeNotFirst]);
    let undeclared = sample("1 5 . C T . . . GT 0/1").replace("ID=GT", "ID=G2");
    assert_eq!(warnings(&undeclared), [Cause::UndeclaredFormat]);
    for bad in ["0/2", "1/C", "0.000", "0/|1"] {
        assert_eq!(warnings(&undeclared.replace("0/1", bad)), [Cause::UndeclaredFormat, Cause::SampleValue], "{bad}");
    }
    assert!(rows(&sites("1 5 . C T . . END=x")).starts_with("1 4 5 "));
    assert!(rows(&sites("1 5 . C T . . END=-3")).starts_with("1 4 5 "));
    assert!(rows(&sites("1 5 . C T . . END=2")).starts_with("1 4 2 "));
}

#[test]
fn refused_records_end_the_file_with_code_line_and_place() {
    let cases = [
        (sites("1 5 . C T . ."), "E16: a record has too few columns (line 12, 1:5)"),
        (sites("junk"), "E16: a record has too few columns (line 12, junk:?)"),
        (sites("1 5x . C T . . ."), "E15: POS is not a whole number from 0 on (line 12, 1:?)"),
        (sites("1 -5 . C T . . ."), "E15: POS is not a whole number from 0 on (line 12, 1:?)"),
        (sites("1  . C T . . ."), "E15: POS is not a whole number from 0 on (line 12, 1:?)"),
        (sites("1 99999999999999999999 . C T . . ."), "E15: POS is not a whole number from 0 on (line 12, 1:?)"),
        (sites(" 5 . C T . . ."), "E15: CHROM is empty (line 12, :5)"),
        (
            sites("1 5 . C T . . . GT 0/1"),
            "E15: a record does not have one column for each sample of the #CHROM line (line 12, 1:5)",
        ),
        (sample("1 5 . C T . . ."), "E16: a record has too few columns (line 12, 1:5)"),
        (
            sample("1 5 . C T . . . GT"),
            "E15: a record does not have one column for each sample of the #CHROM line (line 12, 1:5)",
        ),
        (
            sample("1 5 . C T . . . GT 0/1 0/1"),
            "E15: a record does not have one column for each sample of the #CHROM line (line 12, 1:5)",
        ),
        (
            sample("1 5 . C T . . . GT 0/2"),
            "E18: a GT names an allele that the record does not have, or is not a genotype (line 12, 1:5)",
        ),
        (
            sample("1 5 . C T . . . GT x"),
            "E18: a GT names an allele that the record does not have, or is not a genotype (line 12, 1:5)",
        ),
        (sample("1 5 . C T . . . GT:GT 0/1:0/1"), "E15: a FORMAT key stands twice (line 12, 1:5)"),
        (sample("1 5 . C T . . . GT::DP 0/1:1:2"), "E15: FORMAT has an empty key (line 12, 1:5)"),
        (sample("1 5 . C T . . . GT 0/1:7"), "E15: a sample has more values than FORMAT has keys (line 12, 1:5)"),
    ];
    for (text, message) in cases {
        assert_eq!(fault(&text).to_string(), message);
    }
    let mut text = sites("1 5 . C T . . XX=").into_bytes();
    text.splice(text.len() - 1.., [0xff, b'\n']);
    let not_text = read(&text).err().unwrap();
    assert_eq!((not_text.cause, not_text.line), (Cause::NotText, Some(12)));
    let second = format!("{}{}", sites("1 5 . C T . . ."), "#CHROM\tPOS\n");
    assert_eq!((fault(&second).cause, fault(&second).line), (Cause::SecondHeader, Some(13)));
    let same = format!("{}{HEAD}\n", sites("1 5 . C T . . ."));
    assert_eq!(read(same.as_bytes()).unwrap().tally.records, 1);
}

#[test]
fn a_policy_may_leave_out_records_one_by_one() {
    let policy = Policy::lenient()
        .with(Cause::Position, Verdict::RejectRecord)
        .with(Cause::GenotypeIndex, Verdict::RejectRecord)
        .with(Cause::UndeclaredInfo, Verdict::RejectRecord);
    let lines =
        ["1\t5\t.\tC\tT\t.\t.\t.\tGT\t0/1", "1\tx\t.\tC\tT\t.\t.\t.\tGT\t0/1", "1\t6\t.\tC\tT\t.\t.\tUN=1\tGT\t0/1"];
    let more = ["1\t7\t.\tC\tT\t.\t.\t.\tGT\t0/9", "1\t8\t.\tC\tT\t.\t.\t.\tGT\t1/1"];
    let text = format!("{HEAD}\tFORMAT\tS1\n{}\n{}\n", lines.join("\n"), more.join("\n"));
    let options = ReadOptions { policy, ..ReadOptions::default() };
    let read = read_part(text.as_bytes(), Compression::Plain, Part::WHOLE, options).unwrap();
    assert_eq!((read.tally.records, read.tally.rejected, read.tally.lines), (2, 3, 16));
    let starts: Vec<String> = (0..2).map(|r| row(&read.batches[0], r)).collect();
    assert!(starts[0].starts_with("1 4 5") && starts[1].starts_with("1 7 8"), "{starts:?}");
    assert_eq!(read.batches[0].column(record_columns::FIRST_FORMAT).len(), 2);
}

#[test]
fn messages_never_hold_genotypes_or_sample_names() {
    let text = sample("1 5 . C T . . . GT 0/7777").replace("S1", "PATIENT");
    let message = fault(&text).to_string();
    assert!(!message.contains("7777") && !message.contains("PATIENT"), "{message}");
}

/// Files of all sorts of line lengths and ends.
fn file_text(records: &[usize], newline: bool) -> String {
    let mut text = format!("{HEAD}\tFORMAT\tS1\tS2\n");
    for (i, length) in records.iter().enumerate() {
        let info = if *length == 0 { ".".to_owned() } else { format!("XX={}", "x".repeat(*length)) };
        writeln!(text, "chr{}\t{}\t.\tC\tT\t{i}\tPASS\t{info}\tGT:DP\t0|1:{i}\t1/1:.", i % 3, i + 1).unwrap();
        if i % 5 == 4 {
            text.push_str("#a comment\n\n");
        }
    }
    if !newline {
        text.pop();
    }
    text
}

/// All rows but `_record`, and the counts, of a file read in parts.
fn all_rows(file: &[u8], parts: &[Part]) -> (Vec<String>, Tally) {
    let compression = Compression::detect(file);
    let mut rows = Vec::new();
    let mut tally = Tally::default();
    for part in parts {
        let options = ReadOptions { batch_records: 3, ..ReadOptions::default() };
        let read = read_part(file, compression, *part, options).unwrap();
        let mut ordinal = 0;
        for batch in &read.batches {
            assert!(batch.num_rows() > 0 && batch.num_rows() <= 3);
            let formats: Vec<_> = batch.columns().iter().skip(record_columns::FIRST_FORMAT).collect();
            let ordinals = batch.column(record_columns::RECORD).as_any().downcast_ref::<Int64Array>().unwrap().clone();
            for r in 0..batch.num_rows() {
                assert_eq!(ordinals.value(r), ordinal);
                ordinal += 1;
                let values: Vec<ArrayRef> = formats.iter().map(|c| c.slice(r, 1)).collect();
                rows.push(format!("{} {values:?}", row(batch, r)));
            }
        }
        tally.append(&read.tally);
    }
    (rows, tally)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_parts_give_the_rows_and_counts_of_the_whole(
        records in prop::collection::vec(prop_oneof![Just(0usize), 0usize..30, 200usize..900], 0..14),
        newline in any::<bool>(),
        mut cuts in prop::collection::vec(1u64..4000, 0..7),
        block in 1usize..400,
    ) {
        let text = file_text(&records, newline);
        let whole = all_rows(text.as_bytes(), &[Part::WHOLE]);
        prop_assert_eq!(whole.1.records, u64::try_from(records.len()).unwrap());
        prop_assert_eq!(whole.1.lines, u64::try_from(text.lines().count()).unwrap());
        cuts.sort_unstable();
        prop_assert_eq!(&all_rows(text.as_bytes(), &Part::between(&cuts)), &whole);
        prop_assert_eq!(&all_rows(&gzip(text.as_bytes()), &[Part::WHOLE]), &whole);
        let file = bgzf(text.as_bytes(), block);
        let offsets = block_offsets(&file);
        let blocks = u64::try_from(offsets.len()).unwrap();
        let mut cuts: Vec<u64> = cuts.iter().filter_map(|c| offsets.get(usize::try_from(c % blocks).unwrap()).copied()).collect();
        cuts.sort_unstable();
        cuts.retain(|c| *c > 0);
        prop_assert_eq!(&all_rows(&file, &Part::between(&cuts)), &whole);
    }

    #[test]
    fn damaged_text_is_judged_and_never_panics(
        at in prop::collection::vec((0usize..2000, prop::sample::select(b"\t\n:;=,./|<>[]#.0Ax\r \xff\0".to_vec())), 1..12),
    ) {
        let mut text = file_text(&[0, 3, 10, 0, 1], true).into_bytes();
        let length = text.len();
        for (place, byte) in at {
            if let Some(slot) = text.get_mut(place % length) {
                *slot = byte;
            }
        }
        let _ = read(&text);
    }
}

#[test]
fn a_batch_ends_at_its_bytes() {
    let text = file_text(&[500; 10], true);
    let options = ReadOptions { batch_bytes: 1000, ..ReadOptions::default() };
    let read = read_part(text.as_bytes(), Compression::Plain, Part::WHOLE, options).unwrap();
    assert_eq!(read.batches.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [2; 5]);
}

#[test]
fn long_stretches_without_a_record_come_as_empty_batches() {
    let line = "1\tx\t.\tA\tC\t.\t.\t.\n";
    let lines = (4 * crate::batches::MAX_IDLE_BYTES).div_ceil(line.len());
    for (stretch, rejected) in [(line.repeat(lines), lines), ("\n".repeat(4 * crate::batches::MAX_IDLE_BYTES), 0)] {
        let text = format!("{HEAD}\n{stretch}1\t5\t.\tA\tC\t.\t.\t.\n");
        let policy = Policy::lenient().with(Cause::Position, Verdict::RejectRecord);
        let options = ReadOptions { policy, ..ReadOptions::default() };
        let read = read_part(text.as_bytes(), Compression::Plain, Part::WHOLE, options).unwrap();
        let records: Vec<usize> = read.batches.iter().map(RecordBatch::num_rows).collect();
        assert_eq!(records, [0, 0, 0, 0, 1]);
        assert_eq!((read.tally.records, read.tally.rejected), (1, u64::try_from(rejected).unwrap()));
    }
}

#[test]
fn gzip_in_the_middle_is_refused() {
    let file = gzip(file_text(&[1], true).as_bytes());
    let part = Part { start: 5, end: None };
    assert!(read_part(&file, Compression::Gzip, part, ReadOptions::default()).is_err());
}

/// The reader expects of each record the INFO keys of the one before it.
#[test]
fn keys_stay_with_their_values_whatever_the_record_before_had() {
    let infos = [
        "DP=1;AF=0.5;XX=a",
        "DP=2;AF=0.5;XX=b",
        "XX=c;DP=3",
        "XX=d;DP=4;AF=1",
        "XX=e",
        "DB;XX=f;NEW=g;DP=5",
        "DP=6;AF=0.25;XX=h;END=9",
        "DP=7;AF=0.5;XX=i;SVTYPE=j",
        "DP=8;AF=.;XX=k",
        "DP=9;DP=10;AF=0.5",
        ".",
        "DP=11;AF=0.5;XX=l",
    ];
    let records = infos.map(|info| format!("1\t5\t.\tA\tC\t.\t.\t{info}")).join("\n");
    let file = format!("{HEAD}\n{records}\n");
    let whole = read(file.as_bytes()).unwrap().batches.remove(0);
    for (at, info) in infos.iter().enumerate() {
        let alone = read(sites(&format!("1 5 . A C . . {info}")).as_bytes()).unwrap().batches.remove(0);
        assert_eq!(row(&whole, at), row(&alone, 0), "{info}");
    }
    let expected = r#"{XX:"c", DP:"3"}"#;
    assert_eq!(map_text(whole.column(record_columns::ATTRIBUTES), 2), expected);
}

#[test]
fn alternates_are_counted_as_they_are_listed() {
    for (alternates, genotype) in [("C", "0/1"), (",", "0/2"), ("C,", "1/2"), ("C,G,T", "2/3"), ("<DEL>,*", "1/2")] {
        let read = read(sample(&format!("1 5 . A {alternates} . . . GT {genotype}")).as_bytes());
        assert_eq!(read.map(|read| read.tally.records).map_err(|fault| fault.cause), Ok(1), "{alternates}");
    }
    assert_eq!(fault(&sample("1 5 . A . . . . GT 0/1")).cause, Cause::GenotypeIndex);
}
