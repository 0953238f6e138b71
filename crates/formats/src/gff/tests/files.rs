//! What is read of whole files: versions, directives, ends, parts, batches.

use super::*;
use varberg_rows::feature_columns;

#[test]
fn other_formats_are_refused_by_name() {
    attributes(
        "gene_id \"x\"; transcript_id \"y\";",
        &expect![[
            r#"E31: the file is GTF or GFF 2 (its attributes look like gene_id "x";), not GFF3; convert it, for instance with gffread in.gtf -o out.gff3 (line 2, c:1)"#
        ]],
        &expect![[
            r#"E31: the file is GTF or GFF 2 (its attributes look like gene_id "x";), not GFF3; convert it, for instance with gffread in.gtf -o out.gff3 (line 2, c:1)"#
        ]],
    );
    file(
        "#!genome-build x\n1\th\tgene\t1\t2\t.\t+\t.\tgene_id \"x\"; gene_name \"a=b\";\n",
        &expect![[
            r#"E31: the file is GTF or GFF 2 (its attributes look like gene_id "x";), not GFF3; convert it, for instance with gffread in.gtf -o out.gff3 (line 2, 1:1)"#
        ]],
    );
    file(
        "##gff-version 2\nc\ts\tg\t1\t2\t.\t+\t.\tSequence \"x\" ; Note \"y\"\n",
        &expect![
            "E31: the ##gff-version is not 3; convert the file to GFF3 (for instance with gffread or AGAT) (line 1)"
        ],
    );
    file(
        "chr1\t10\t20\tname\n",
        &expect![[r#"
        MissingGffVersion x1 @1
        FeatureColumns x1 @1
        rejected: 1"#]],
    );
}

#[test]
fn the_version_stands_first_and_is_3() {
    for text in
        ["##gff-version 3\n", "##gff-version\t3.1.26\r\n", "##gff-version   3\n", "##gff-version 3\n##gff-version 3\n"]
    {
        let read = read_with(text.as_bytes(), ReadOptions::default()).unwrap();
        assert!(read.tally.warnings.iter().all(|w| w.cause == Cause::CarriageReturn), "{text}");
    }
    for text in ["##gff-version 2\n", "##gff-version\n", "##gff-version 30\n", "##gff-version 3\n##gff-version 1\n"] {
        let fault = read_with(text.as_bytes(), ReadOptions::default()).err().unwrap();
        assert_eq!((fault.cause, fault.line), (Cause::GffVersion, Some(if text.ends_with("1\n") { 2 } else { 1 })));
    }
    let policy = Policy::lenient().with(Cause::GffVersion, Verdict::Warn);
    assert!(read_with(b"##gff-version 2\n", ReadOptions { policy, ..ReadOptions::default() }).is_ok());
    for text in ["# x\n##gff-version 3\n", "##gff-version3\n", "\n", "##gff-versIon 3\n", ">x\n"] {
        file(text, &expect!["MissingGffVersion x1 @1"]);
    }
    file("", &expect![[""]]);
}

#[test]
fn lines_without_features_are_skipped() {
    file(
        format!("{HEAD}\n# comment\n###\n##sequence-region c x y\n##what\nc\t.\tg\t1\t1\t.\t.\t.\tID=a\n\n"),
        &expect![[r#"
            seqid=c | type=g | start=0 | end=1 | id=a
            SequenceRegion x1 @5"#]],
    );
    file(
        format!("{HEAD}c\t.\tg\t1\t1\t.\t.\t.\tID=a\r\n\r\n#\r\n"),
        &expect![[r#"
        seqid=c | type=g | start=0 | end=1 | id=a
        CarriageReturn x3 @2"#]],
    );
    file(
        format!("{HEAD}c\t.\tg\t1\t1\t.\t.\t.\tID=a"),
        &expect![[r#"
        seqid=c | type=g | start=0 | end=1 | id=a
        NoFinalNewline x1 @2"#]],
    );
    file(
        format!("\u{feff}{HEAD}c\t.\tg\t1\t1\t.\t.\t.\tID=a\n"),
        &expect![[r#"
        seqid=c | type=g | start=0 | end=1 | id=a
        ByteOrderMark x1 @1"#]],
    );
}

#[test]
fn sequences_end_the_features() {
    for tail in ["##FASTA\n>x\nACGT\n", "##FASTA \r\n", ">x\nACGT\n", ">x\tb\tc\t1\t2\t.\t+\t.\tID=z\nAC"] {
        let text = format!("{HEAD}c\t.\tg\t1\t1\t.\t.\t.\tID=a\n{tail}c\t.\tg\t1\t1\t.\t.\t.\tID=b\n");
        let read = read_with(text.as_bytes(), ReadOptions::default()).unwrap();
        assert!(read.has_ended);
        assert_eq!(read.rows, ["seqid=c | type=g | start=0 | end=1 | id=a"]);
        assert_eq!(read.tally.lines, 3, "{tail}");
    }
    assert!(!read_with(b"##gff-version 3\n##FASTAS\n", ReadOptions::default()).unwrap().has_ended);
}

#[test]
fn what_is_no_text_is_refused() {
    file(
        b"##gff-version 3\nc\t.\tg\t1\t1\t.\t.\t.\tID=\xff\n",
        &expect!["E24: a line is not UTF-8 text; convert the file to UTF-8 (line 2)"],
    );
    file(
        b"##gff-version 3\nc\t.\tg\t1\t1\t.\t.\t.\tID=a\x00b\n",
        &expect!["E24: a line has a control character; write it percent-encoded (line 2)"],
    );
    file(
        b"##gff-version 3\nc\t.\tg\t1\t1\t.\t.\t.\tID=a\rb\x7f\n",
        &expect!["E24: a line has a control character; write it percent-encoded (line 2)"],
    );
    file(b"\xff\xfe#\x00#\x00\n", &expect!["E24: a line is not UTF-8 text; convert the file to UTF-8 (line 1)"]);
    file(b"##gff-version 3\n# Latin \xe9\n", &expect![[""]]);
}

#[test]
fn very_many_attributes_are_looked_up_and_bounded() {
    let keys = |count: usize| (0..count).map(|i| format!("k{i}=v")).collect::<Vec<_>>().join(";");
    let of = |attributes: &str| {
        let text = format!("{HEAD}c\t.\tg\t1\t1\t.\t.\t.\t{attributes}\n");
        read_with(text.as_bytes(), ReadOptions::default()).unwrap()
    };
    for count in [23, 24, 25, 26, 1000, 1 << 16] {
        let read = of(&keys(count));
        assert!(read.tally.warnings.is_empty(), "{count}");
        assert_eq!(read.rows.first().unwrap().matches(": v").count(), count);
    }
    let twice = of(&format!("{};K0=w;K29=w", keys(30)));
    assert_eq!(
        twice.tally.warnings.iter().map(|w| (w.cause, w.count)).collect::<Vec<_>>()[1],
        (Cause::DuplicateTag, 2)
    );
    assert!(twice.rows[0].contains("k0: v,w") && twice.rows[0].contains("k29: v,w"));
    let many = of(&keys(65_536 + 1));
    assert_eq!((many.tally.rejected, many.tally.warnings[0].cause), (1, Cause::TooManyAttributes));
    assert_eq!(of(&"k=v;".repeat(65_536)).rows[0].matches('v').count(), 65_536);
}

#[test]
fn a_fault_names_line_place_and_key() {
    let text = format!("{HEAD}\nchr7\t.\tg\t12\t20\t.\t.\t.\tID=a;Note=x;Note=y\n");
    let fault = read_with(text.as_bytes(), strict()).err().unwrap();
    expect!["E19: a feature has a tag twice (line 3, chr7:12, key Note)"].assert_eq(&fault.to_string());
}

fn many() -> String {
    let line = |i: u32| {
        format!("chr{}\tsrc\texon\t{}\t{}\t{i}.5\t+\t.\tID=e{i};Parent=t{},u;gene=g {i}\n", i % 5, i + 1, i + 9, i / 3)
    };
    let lines: String = (0..500).map(line).collect();
    format!("{HEAD}# x\n{lines}##FASTA\n>chr1\n{}", "ACGTACGTAC\n".repeat(200))
}

fn in_parts(file: &[u8], compression: Compression, cuts: &[u64]) -> (Vec<String>, Tally) {
    let (mut rows, mut tally) = (Vec::new(), Tally::default());
    for part in Part::between(cuts) {
        let read = read_part(file, compression, part, ReadOptions::default()).unwrap();
        rows.extend(read.rows);
        tally.append(&read.tally);
        if read.has_ended {
            break;
        }
    }
    (rows, tally)
}

#[test]
fn parts_and_compressions_give_the_same_rows() {
    let text = many();
    let whole = in_parts(text.as_bytes(), Compression::Plain, &[]);
    assert_eq!((whole.0.len(), whole.1.records), (500, 500));
    let size = u64::try_from(text.len()).unwrap();
    for cuts in [vec![1], vec![16], vec![size / 2], (1..40).map(|i| i * size / 40).collect()] {
        assert!(in_parts(text.as_bytes(), Compression::Plain, &cuts) == whole, "{cuts:?}");
    }
    let blocks = bgzf(text.as_bytes(), 900);
    assert!(in_parts(&blocks, Compression::Bgzf, block_offsets(&blocks).get(1..).unwrap()) == whole);
    for stored in [gzip(text.as_bytes()), zstd(text.as_bytes()), bzip2(text.as_bytes())] {
        let compression = Compression::detect(&stored);
        assert!(in_parts(&stored, compression, &[]) == whole, "{compression:?}");
        let half = Part { start: 9, end: None };
        assert!(read_part(&stored, compression, half, ReadOptions::default()).is_err());
    }
}

#[test]
fn batches_are_bounded_and_ordinals_go_on() {
    let text = many();
    let options = ReadOptions { batch_records: 7, ..ReadOptions::default() };
    let mut reader =
        Reader::new(Box::new(Cursor::new(text.into_bytes())), Compression::Plain, Part::WHOLE, options).unwrap();
    let mut next = 0;
    while let Some(batch) = reader.next_batch().unwrap() {
        assert!((1..=7).contains(&batch.num_rows()));
        let ordinals = batch.column(feature_columns::RECORD);
        let expected: arrow_array::Int64Array = (next..).take(batch.num_rows()).collect();
        assert_eq!(ordinals.as_ref(), &expected as &dyn Array);
        next += i64::try_from(batch.num_rows()).unwrap();
    }
    assert_eq!(next, 500);
    assert!(reader.bytes_read() > 0);
}

#[test]
fn the_caller_gets_its_turn_in_long_comments() {
    let text = format!("{HEAD}{}c\t.\tg\t1\t1\t.\t.\t.\tID=a\n", format!("# {}\n", "x".repeat(1000)).repeat(3000));
    let options = ReadOptions::default();
    let mut reader =
        Reader::new(Box::new(Cursor::new(text.into_bytes())), Compression::Plain, Part::WHOLE, options).unwrap();
    let mut sizes = Vec::new();
    while let Some(batch) = reader.next_batch().unwrap() {
        sizes.push(batch.num_rows());
    }
    assert_eq!(sizes, [0, 0, 1]);
}
