use super::*;
use crate::bcf::Reader;
use crate::lines::Limits;
use proptest::prelude::*;

const HEADER: &str = "##fileformat=VCFv4.4\n##contig=<ID=c1>\n##FILTER=<ID=q10>\n\
##INFO=<ID=I,Number=.,Type=Integer,Description=\"x\">\n##INFO=<ID=F,Number=.,Type=Float,Description=\"x\">\n\
##INFO=<ID=S,Number=.,Type=String,Description=\"x\">\n##INFO=<ID=DB,Number=0,Type=Flag,Description=\"x\">\n\
##FORMAT=<ID=GT,Number=1,Type=String,Description=\"x\">\n##FORMAT=<ID=I,Number=.,Type=Integer,Description=\"x\">\n\
##FORMAT=<ID=F,Number=.,Type=Float,Description=\"x\">\n##FORMAT=<ID=S,Number=.,Type=String,Description=\"x\">\n\
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\n";

/// Writes lines and reads them back.
fn round(header: &str, lines: &[&str]) -> Result<Vec<String>, EncodeError> {
    let (mut encoder, mut file) = Encoder::new(header)?;
    lines.iter().try_for_each(|line| encoder.encode_record(line.as_bytes(), &mut file))?;
    let mut reader = Reader::new(file.as_slice(), Limits::default()).unwrap();
    assert_eq!(reader.header_text(), header);
    let mut read = Vec::new();
    while let Some(line) = reader.next_line().unwrap() {
        read.push(String::from_utf8(line.to_vec()).unwrap());
    }
    Ok(read)
}

#[test]
fn lines_are_read_back_as_they_were_written() {
    let lines = [
        "c1\t1\t.\tA\t.\t.\t.\t.\t.\t.\t.",
        "c1\t0\trs1;rs2\tAC\t<DEL>,*\t1e-07\tPASS\tI=1,-120,.;DB\tGT:I:F:S\t|0/1:.:0.1,nan:a,b\t.:1,2,3:.:.",
        "c1\t2147483647\t.\tA\tC\t0.12345679\tq10;PASS\tI=40000;F=-inf,.,-0;S=%3A\tS:GT:I\tx:0|1|200:128\t.:./.:-32761",
        "c1\t7\t.\tA\tC\t5\t.\tI=-2147483640,2147483647\tGT:I\t1:-121\t12/3:32767",
    ];
    assert_eq!(round(HEADER, &lines).unwrap(), lines);
}

#[test]
fn only_notation_changes() {
    let line = "c1\t007\t\tA\tC\t+5.50\t\tI=+1,007,,-0;F=1.00000001,1e-60,Infinity,;;DB=\tGT:I:F\t|0|1:-007:.5\t/0/1:";
    let read = "c1\t7\t.\tA\tC\t5.5\t.\tI=1,7,.,0;F=1,0,inf,.;DB\tGT:I:F\t0|1:-7:0.5\t0/1:.:.";
    assert_eq!(round(HEADER, &[line]).unwrap(), [read]);
}

#[test]
fn a_value_that_its_type_cannot_hold_is_refused_and_not_told() {
    let integer = "that is not an Integer from -2147483640 to 2147483647, as declared";
    let float = "that is not a Float of 32 bits, as declared";
    let qual = "QUAL is not a number that a 32-bit float holds (c1:7)";
    let info = |info: &str| format!("c1\t7\t.\tA\tC\t.\t.\t{info}\t.\t.\t.");
    let format = |key: &str, value: &str| format!("c1\t7\t.\tA\tC\t.\t.\t.\t{key}\t.\t{value}");
    let site = |qual: &str| format!("c1\t7\t.\tA\tC\t{qual}\t.\t.\t.\t.\t.");
    let mut cases = vec![
        (site("high"), qual.to_owned()),
        (site("9x"), qual.to_owned()),
        (site("0x10"), qual.to_owned()),
        (site("1e39"), qual.to_owned()),
    ];
    for value in ["9.7", "1e2", "x", "3x", " 3", "-", "2147483648", "-2147483641", "99999999999999999999", "1,x"] {
        cases.push((info(&format!("I={value}")), format!("INFO has a value {integer} (c1:7, key I)")));
        cases.push((format("I", value), format!("FORMAT has a value {integer} (c1:7, key I)")));
    }
    for value in ["x", "1x", "0x10", "1 ", "1e99", "-1e39", "0.1,x"] {
        cases.push((info(&format!("F={value}")), format!("INFO has a value {float} (c1:7, key F)")));
        cases.push((format("F", value), format!("FORMAT has a value {float} (c1:7, key F)")));
    }
    for (line, text) in cases {
        let told = round(HEADER, &[&line]).unwrap_err().to_string();
        assert_eq!(told, format!("E30: a record cannot be written as BCF: {text}"), "{line}");
    }
}

#[test]
fn lines_that_do_not_fit_are_refused_by_name() {
    let cases = [
        ("c2\t1\t.\tA\tC\t.\t.\t.\t.\t.\t.", "contig c2 is not declared in the header (c2:1)"),
        ("c1\t1\t.\tA\tC\t.\ts\t.\t.\t.\t.", "FILTER s is not declared in the header (c1:1)"),
        ("c1\t1\t.\tA\tC\t.\t;PASS\t.\t.\t.\t.", "FILTER has an empty name (c1:1)"),
        ("c1\t1\t.\tA\tC\t.\t.\tGT\t.\t.\t.", "INFO GT is not declared in the header (c1:1)"),
        ("c1\t1\t.\tA\tC\t.\t.\tDB;=3\t.\t.\t.", "INFO has a value without a key (c1:1)"),
        ("c1\t1\t.\tA\tC\t.\t.\t.\tDB\t.\t.", "FORMAT DB is not declared in the header (c1:1)"),
        ("c1\t1\t.\tA\tC\t.\t.\t.\tGT\t0/1", "it has 1 samples where the header has 2 (c1:1)"),
        ("c1\t1\t.\tA\tC\t.\t.\t.", "it has 0 samples where the header has 2 (c1:1)"),
        ("c1\t1\t.\tA\tC\t.\t.", "it has fewer than 8 columns (c1:1)"),
        ("c1\tx\t.\tA\tC\t.\t.\t.\t.\t.\t.", "POS is not a whole number up to 2147483647 (c1:x)"),
        (
            "c1\t1\t.\tA\tC\t.\t.\tS=a\0b\t.\t.\t.",
            "it has a NUL or BEL character, which BCF has another use for (c1:1)",
        ),
        ("c1\t1\t.\tA\tC\t.\t.\t.\tGT\t0/x\t.", "a GT is no genotype (c1:1, key GT)"),
        (
            "c1\t1\t.\tA\tC\t.\t.\t.\tGT\t/0|1\t.",
            "a GT begins with a mark that readers of BCF do not see (c1:1, key GT)",
        ),
        ("c1\t1\t.\tA\tC\t.\t.\t.\tGT\t/0\t.", "a GT begins with a mark that readers of BCF do not see (c1:1, key GT)"),
        ("c1\t1\t.\tA\tC\t.\t.\t.\tGT\t0:1\t.", "a sample has more values than FORMAT has keys (c1:1)"),
        ("c1\t1\t.\tA\tC\t.\t.\t.\t.\t0/1\t.", "a sample has values where FORMAT has no keys (c1:1)"),
    ];
    for (line, text) in cases {
        let told = round(HEADER, &[line]).unwrap_err().to_string();
        assert_eq!(told, format!("E30: a record cannot be written as BCF: {text}"));
    }
    let early = HEADER.replace("VCFv4.4", "VCFv4.2");
    assert!(round(&early, &["c1\t1\t.\tA\tC\t.\t.\t.\tGT\t|0/1\t."]).is_err());
}

#[test]
fn numbers_of_names_in_a_header_are_replaced() {
    let header = HEADER.replace("ID=I,", "IDX=7,ID=I,").replace("ID=F,", "IDX=7,ID=F,");
    let line = "c1\t1\t.\tA\tC\t.\t.\tI=1;F=2\t.\t.\t.";
    let (mut encoder, mut file) = Encoder::new(&header).unwrap();
    encoder.encode_record(line.as_bytes(), &mut file).unwrap();
    let mut reader = Reader::new(file.as_slice(), Limits::default()).unwrap();
    assert_eq!(reader.header_text(), HEADER);
    assert_eq!(reader.next_line().unwrap(), Some(line.as_bytes()));
}

#[test]
fn a_header_is_completed_with_the_names_that_records_use() {
    let header = "##fileformat=VCFv4.2\n##contig=<ID=c1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\n";
    let lines = ["c1\t1\t.\tA\tC\t.\tPASS\tX;Y=1\tGT\t0", "c9\t1\t.\tA\tC\t.\tq\t.\tGT:Z\t0:text"];
    let mut names = Names::of(header);
    lines.iter().for_each(|line| names.see(line.as_bytes()));
    let completed = names.complete_header(header);
    expect_test::expect![[r##"
        ##fileformat=VCFv4.2
        ##contig=<ID=c1>
        ##contig=<ID=c9>
        ##FILTER=<ID=q,Description="Dummy">
        ##INFO=<ID=X,Number=1,Type=String,Description="Dummy">
        ##INFO=<ID=Y,Number=1,Type=String,Description="Dummy">
        ##FORMAT=<ID=GT,Number=1,Type=String,Description="Dummy">
        ##FORMAT=<ID=Z,Number=1,Type=String,Description="Dummy">
        #CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	a
    "##]]
    .assert_eq(&completed);
    assert_eq!(round(&completed, &lines).unwrap(), lines);
}

fn list(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::collection::vec(prop_oneof![4 => value, 1 => Just(".".to_owned())], 1..20).prop_map(|v| v.join(","))
}

/// A float as [`Reader`] writes it.
fn float() -> impl Strategy<Value = String> {
    any::<f32>().prop_filter("nan has many bits", |f| !f.is_nan()).prop_map(super::super::line::shortest)
}

fn genotype() -> impl Strategy<Value = String> {
    let allele = prop_oneof![4 => (0..300_u32).prop_map(|a| a.to_string()), 1 => Just(".".to_owned())];
    let more = prop::collection::vec((prop_oneof!["/", "\\|"], allele.clone()), 0..4);
    (allele, more).prop_map(|(first, more)| more.into_iter().fold(first, |text, (mark, allele)| text + &mark + &allele))
}

fn sample() -> impl Strategy<Value = String> {
    let integer = (-2_147_483_640_i32..=i32::MAX).prop_map(|i| i.to_string());
    (genotype(), list(integer), list(float()), "[a-z,]{1,20}").prop_map(|(g, i, f, s)| format!("{g}:{i}:{f}:{s}"))
}

proptest! {
    #[test]
    fn any_record_is_read_back(
        position in 0..=i32::MAX, id in "[a-z;]{1,30}", reference in "[ACGT]{1,40}", qual in float(),
        integers in list((-300..40_000_i32).prop_map(|i| i.to_string())), floats in list(float()), a in sample(), b in sample(),
    ) {
        let line = format!("c1\t{position}\t{id}\t{reference}\tC,<X>\t{qual}\tq10\tI={integers};DB;F={floats}\tGT:I:F:S\t{a}\t{b}");
        prop_assert_eq!(round(HEADER, &[&line]).unwrap(), [line]);
    }
}
