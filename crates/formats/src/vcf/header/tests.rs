use super::*;
use varberg_rows::ValueKind::{Float, Integer, String as Text};

const COLUMNS_LINE: &str = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO";

fn read(text: &str) -> Result<Header, Fault> {
    read_header(&mut text.as_bytes(), &Limits::default(), &Policy::lenient())
}

fn code(text: &str) -> &'static str {
    read(text).unwrap_err().code.as_str()
}

fn with(line: &str) -> Header {
    read(&format!("##fileformat=VCFv4.2\n{line}\n{COLUMNS_LINE}\tFORMAT\tS1\n")).unwrap()
}

fn warnings(header: &Header) -> Vec<(Cause, u64)> {
    header.tally().warnings.iter().map(|w| (w.cause, w.first_line)).collect()
}

#[test]
fn clear_faults_end_the_reading_with_their_codes() {
    assert_eq!(code(&format!("##reference=x\n{COLUMNS_LINE}\n")), "E1");
    assert_eq!(code(&format!("##fileformat=\n{COLUMNS_LINE}\n")), "E1");
    assert_eq!(code(&format!("##fileformat= \n{COLUMNS_LINE}\n")), "E6");
    assert_eq!(code(&format!("##fileformat=VCF v4.1\n{COLUMNS_LINE}\n")), "E6");
    assert_eq!(code("##fileformat=VCFv4.2\n1\t10\t.\tA\tC\t.\t.\t.\n"), "E2");
    assert_eq!(code("##fileformat=VCFv4.2\n"), "E2");
    assert_eq!(code("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\n"), "E3");
    assert_eq!(code("##fileformat=VCFv4.2\n#CHROM POS ID REF ALT QUAL FILTER INFO\n"), "E4");
    assert_eq!(code(&format!("##fileformat=VCFv4.2\n{}\n", COLUMNS_LINE.replace("QUAL", "QUALITY"))), "E4");
    assert_eq!(code(&format!("##fileformat=VCFv4.2\n{COLUMNS_LINE}\tGENOTYPES\tS1\n")), "E4");
    assert_eq!(code("##fileformat=VCFv4.2\n#CHROM\tPOS\tREF\tID\tALT\tQUAL\tFILTER\tINFO\n"), "E5");
    assert_eq!(code(&format!("##fileformat=VCFv4.6\n{COLUMNS_LINE}\n")), "E6");
    assert_eq!(code(&format!("##fileformat=VCF4\n{COLUMNS_LINE}\n")), "E6");
    assert_eq!(code(""), "E10");
    assert_eq!(code("chr1\t10\n"), "E10");
    assert_eq!(code("\n"), "E10");
    assert_eq!(code(&format!("##fileformat=VCFv3.3\n{COLUMNS_LINE}\n")), "E11");
    assert_eq!(code(&format!("##fileformat=VCFv4.2\n{COLUMNS_LINE}\tFORMAT\n")), "E11");
}

#[test]
fn a_line_between_header_and_columns_is_told_without_its_text() {
    for line in ["1\t10\t.\tA\tC\t.\t.\t.", "linebreak\">", "30NFO=<ID=X>"] {
        let fault = read(&format!("##fileformat=VCFv4.2\n{line}\n{COLUMNS_LINE}\n")).unwrap_err();
        let told = "E2: the #CHROM line is missing, or a line before it is not of the header (this line begins with neither \
                    ## nor #CHROM) (line 2)";
        assert_eq!(fault.to_string(), told);
    }
    let ends = read("##fileformat=VCFv4.2\n").unwrap_err().to_string();
    assert_eq!(ends, "E2: the #CHROM line is missing, or a line before it is not of the header (line 1)");
}

#[test]
fn a_file_of_another_format_is_told_what_it_looks_like() {
    for (text, what) in [
        ("##gff-version 3\nchr1\tx\tgene\t1\t2\t.\t+\t.\tID=1\n", "GFF3"),
        (">chr1\nACGT\n", "FASTA"),
        ("chr1\t100\t200\tname\n", "BED"),
        ("track name=x\n", "BED"),
        ("@HD\tVN:1.6\n", "SAM"),
    ] {
        let fault = read(text).unwrap_err();
        assert_eq!(fault.cause, Cause::NoHeader);
        assert!(fault.to_string().contains(&format!("looks like {what}")), "{fault}");
    }
    let record = read("chr1\t100\trs1\tA\tC\t.\t.\t.\n").unwrap_err();
    assert!(!record.to_string().contains("looks like"), "{record}");
}

#[test]
fn a_sample_named_twice_is_a_fault_that_does_not_name_it() {
    let fault = read(&format!("##fileformat=VCFv4.2\n{COLUMNS_LINE}\tFORMAT\tSECRET\tSECRET\n")).unwrap_err();
    assert_eq!((fault.cause, fault.line), (Cause::DuplicateSamples, Some(2)));
    assert!(!fault.to_string().contains("SECRET"), "{fault}");
}

#[test]
fn a_binary_file_is_told_what_it_is() {
    let fault = read_header(&mut &b"BCF\x02\x02\xff\xfe\n"[..], &Limits::default(), &Policy::lenient()).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "E28: the BCF header cannot be read (the file ends inside it; it was cut off: copy or make it again)"
    );
    let fault = read_header(&mut &b"BCF\x04\x02\x00\x00\x00"[..], &Limits::default(), &Policy::lenient()).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "E28: the BCF header cannot be read (BCF 1 is not supported, BCF 2.1 and 2.2 are; convert it with bcftools view -Ob)"
    );
    let fault = read_header(&mut &b"##fileformat=VCFv4.2\n##x=\xff\n"[..], &Limits::default(), &Policy::lenient());
    assert_eq!(fault.unwrap_err().cause, Cause::NotText);
}

#[test]
fn versions_4_0_to_4_5_are_read() {
    for minor in 0..=5 {
        let header = read(&format!("##fileformat=VCFv4.{minor}\n{COLUMNS_LINE}\n")).unwrap();
        assert_eq!((header.version(), header.samples().len()), ((4, minor), 0));
    }
}

#[test]
fn odd_declarations_are_read_as_text_and_counted() {
    let cases = [
        ("##FORMAT=<ID=X,Number=1,Type=Strange,Description=\"x\">", Cause::UnknownType),
        ("##FORMAT=<ID=X,Number=1,Type=Flag,Description=\"x\">", Cause::UnknownType),
        ("##FORMAT=<ID=X,Number=0,Type=String,Description=\"x\">", Cause::BadNumber),
        ("##FORMAT=<ID=X,Number=-1,Type=String,Description=\"x\">", Cause::BadNumber),
        ("##FORMAT=<ID=X,Type=Integer,Description=\"x\">", Cause::NullHeaderField),
        ("##FORMAT=<ID=X,Number=1,Description=\"x\">", Cause::NullHeaderField),
    ];
    for (line, cause) in cases {
        let header = with(line);
        assert_eq!(warnings(&header), [(cause, 2)], "{line}");
        let shape = header.shape();
        assert_eq!((shape.formats[0].number, shape.formats[0].kind), (Number::Unknown, Text), "{line}");
    }
    assert_eq!(warnings(&with("##INFO=<ID=X,Number=1,Type=String,Description=\"x")), [(Cause::HeaderLine, 2)]);
    assert_eq!(warnings(&with("##INFO=<ID=X,Number=1,Type=Integer>")), [(Cause::MissingDescription, 2)]);
    assert_eq!(warnings(&with("##FILTER=no structure")), [(Cause::HeaderLine, 2)]);
    assert_eq!(warnings(&with("##contig=<length=5>")), [(Cause::NullHeaderField, 2)]);
    assert_eq!(warnings(&with("")), [(Cause::HeaderBlankLine, 2)]);
    let one = [
        ("##INFO=<ID=X,Type=Integer,Number=1,Description=\"x\">", Cause::HeaderOrder),
        ("##FILTER=<Description=\"x\",ID=X>", Cause::HeaderOrder),
        ("##INFO=<ID=X,Number=1,Type=Integer,Description=x>", Cause::UnquotedDescription),
        ("##INFO=<ID=X Y,Number=1,Type=Integer,Description=\"x\">", Cause::HeaderId),
        ("##INFO=<ID=1X,Number=1,Type=Integer,Description=\"x\">", Cause::HeaderId),
        ("##ALT=<ID=DEL ME,Description=\"x\">", Cause::HeaderId),
        ("##FILTER=<ID=0,Description=\"x\">", Cause::HeaderId),
        ("##contig=<ID=chr 1>", Cause::HeaderId),
        ("##contig=<ID=*>", Cause::HeaderId),
        ("##contig=<ID=HLA:1>", Cause::HeaderId),
        ("##contig=<ID=a<b>", Cause::HeaderLine),
        ("##contig=<ID=1,A>", Cause::HeaderLine),
        ("##ALT=<ID=DEL,Description=\"x>", Cause::HeaderLine),
        ("##INFO=<ID=X=Y,Number=1,Type=Integer,Description=\"x\">", Cause::HeaderLine),
        ("##INFO=<ID=X,Number=1,Type=Flag,Description=\"x\">", Cause::StandardDeclaration),
        ("##INFO=<ID=AC,Number=1,Type=Integer,Description=\"x\">", Cause::StandardDeclaration),
        ("##FORMAT=<ID=DP,Number=1,Type=String,Description=\"x\">", Cause::StandardDeclaration),
        ("##no key and value", Cause::UnusedHeaderLine),
        ("##reference=", Cause::UnusedHeaderLine),
        ("##=value", Cause::UnusedHeaderLine),
        ("##SAMPLE=<ID=x", Cause::UnusedHeaderLine),
        ("##META=<ID=X,Values=[a, b>", Cause::UnusedHeaderLine),
    ];
    for (line, cause) in one {
        assert_eq!(warnings(&with(line)), [(cause, 2)], "{line}");
    }
    let twice = "##INFO=<ID=X,Number=1,Type=Integer,Description=\"x\">";
    assert_eq!(warnings(&with(&format!("{twice}\n{twice}"))), [(Cause::DuplicateDeclaration, 3)]);
}

#[test]
fn good_lines_warn_of_nothing() {
    let header = with(
        "##INFO=<ID=X,Number=LA,Type=Float,Description=\"a \\\"quoted\\\", <text>=1\",Source=\"s\",Version=3>\n\
         ##INFO=<ID=DB,Number=0,Type=Flag,Description=\"\">\n\
         ##FILTER=<ID=q10,Description=\"Quality below 10\">\n##contig=<ID=1,length=10>\n##ALT=<ID=DEL>\n##any=thing\n\
         ##META=<ID=Assay,Type=String,Number=.,Values=[WholeGenome, Exome]>\n##PEDIGREE=<Name_0=A,Name_1=B>\n\
         ##contig=<ID=HLA-A*01.01,md5=x>\n##INFO=<ID=1000G,Number=0,Type=Flag,Description=\"\">",
    );
    assert_eq!(warnings(&header), []);
    assert_eq!(header.info("X"), Some(&InfoColumn { number: Number::Other, kind: Float }));
    assert_eq!(header.info("DB"), Some(&InfoColumn { number: Number::Count(0), kind: ValueKind::Flag }));
    assert_eq!(header.tally().lines, 12);
}

#[test]
fn genotypes_are_read_even_where_their_declaration_is_missing() {
    let genotypes = |lines: &str| -> Vec<bool> {
        let shape = with(lines).shape();
        shape.formats.iter().filter(|f| f.id == "GT").map(|f| f.declared).collect()
    };
    assert_eq!(genotypes("##FORMAT=<ID=GT,Number=1,Type=String,Description=\"x\">"), [true]);
    assert_eq!(genotypes("##FORMAT=<ID=DP,Number=1,Type=Integer,Description=\"x\">"), [false]);
}

#[test]
fn standard_fields_are_repaired_whatever_the_file_says() {
    let header = with(
        "##FORMAT=<ID=GQ,Number=1,Type=Float,Description=\"x\">\n##FORMAT=<ID=AD,Number=.,Type=String,Description=\"x\">\n\
         ##INFO=<ID=AF,Number=1,Type=String,Description=\"x\">\n##INFO=<ID=SOMATIC,Number=1,Type=String,Description=\"x\">",
    );
    let shape = header.shape();
    let declared = shape.formats.iter().filter(|f| f.declared);
    let formats: Vec<_> = declared.map(|f| (f.id.as_str(), f.number, f.kind)).collect();
    assert_eq!(formats, [("GQ", Number::Count(1), Integer), ("AD", Number::R, Integer)]);
    assert_eq!(header.info("AF"), Some(&InfoColumn { number: Number::A, kind: Float }));
    assert_eq!(header.info("SOMATIC").map(|c| c.kind), Some(ValueKind::Flag));
    assert_eq!(header.info("DP"), None);
}

#[test]
fn the_header_is_limited_and_ends_before_the_records() {
    let limits = Limits { max_header_bytes: 100, ..Limits::default() };
    let text = format!("##fileformat=VCFv4.2\n##x={}\n{COLUMNS_LINE}\n", "y".repeat(200));
    let fault = read_header(&mut text.as_bytes(), &limits, &Policy::lenient()).unwrap_err();
    assert_eq!((fault.cause, fault.line), (Cause::HeaderTooLong, Some(2)));
    let head = format!("##fileformat=VCFv4.2\r\n{COLUMNS_LINE}\r\n");
    let text = format!("{head}1\t10\n");
    let mut input = text.as_bytes();
    let header = read_header(&mut input, &Limits::default(), &Policy::lenient()).unwrap();
    assert_eq!(header.text(), head);
    assert_eq!(input, b"1\t10\n");
}

#[test]
fn no_header_makes_the_parser_panic() {
    let text = "##fileformat=VCFv4.2\n##INFO=<ID=X,Number=1,Type=Integer,Description=\"x\\\"\">\n##FORMAT=<=,\"\\\n#CHROM\tPOS\n";
    for cut in 0..text.len() {
        let _ = read(&text[..cut]);
        let _ = read(&text[cut..]);
    }
}

#[test]
fn strict_refuses_what_healthomics_refuses() {
    let strict = |version: &str, line: &str| {
        let text = format!("##fileformat=VCFv{version}\n{line}\n{COLUMNS_LINE}\n");
        read_header(&mut text.as_bytes(), &Limits::default(), &Policy::strict()).map_err(|f| (f.code.as_str(), f.line))
    };
    assert_eq!(strict("4.4", "##a=b").unwrap_err(), ("E6", Some(1)));
    assert_eq!(strict("4.5", "##a=b").unwrap_err(), ("E6", Some(1)));
    let cases = [
        ("##INFO=<ID=X,Number=1,Type=Strange,Description=\"x\">", "E7"),
        ("##FORMAT=<ID=X,Number=1,Type=Flag,Description=\"x\">", "E7"),
        ("##FORMAT=<ID=X,Number=0,Type=String,Description=\"x\">", "E8"),
        ("##INFO=<ID=X,Type=Integer,Description=\"x\">", "E9"),
        ("##INFO=<Number=1,Type=Integer,Description=\"x\">", "E9"),
        ("##contig=<length=5>", "E9"),
        ("##FILTER=no structure", "E11"),
        ("##INFO=<ID=X,Type=Integer,Number=1,Description=\"x\">", "E11"),
        ("##FORMAT=<ID=a<b,Number=1,Type=Integer,Description=\"x\">", "E11"),
        ("", "E12"),
    ];
    for (line, code) in cases {
        assert_eq!(strict("4.2", line).unwrap_err(), (code, Some(2)), "{line}");
    }
    for line in ["##INFO=<ID=X,Number=1,Type=Integer>", "##INFO=<ID=AC,Number=1,Type=Integer,Description=\"x\">", "##x"]
    {
        assert_eq!(strict("4.3", line).unwrap().tally().warnings.len(), 1, "{line}");
    }
}
