use super::*;
use std::io::Cursor;

fn run(text: &str) -> Result<FastaIndex, Fault> {
    index(Box::new(Cursor::new(text.to_owned())), Compression::Plain, &Limits::default())
}

fn cause(text: &str) -> Cause {
    run(text).unwrap_err().cause
}

#[test]
fn offsets_and_line_lengths_are_those_of_faidx() {
    let index = run(">chr1 a description\nACGTA\nACGTA\nAC\n>chr2\r\nACG\r\nAC\r\n\n>empty\n>last\nACGT").unwrap();
    assert_eq!(index.fai, "chr1\t12\t20\t5\t6\nchr2\t5\t42\t3\t5\nempty\t0\t59\t0\t0\nlast\t4\t65\t4\t4\n");
    assert_eq!((index.contigs, index.bases), (4, 21));
}

#[test]
fn headers_give_other_names_unless_they_are_taken_or_given_twice() {
    let text = ">NC_1.1 Some species chromosome 1, asm\nAC\n>a AC:X1 AN:b,c,d\nAC\n>b AN:c,e AC:e\nAC\n>c\r\nAC\n\
                >\u{e9} AN:d AC:\u{e8}\nAC\n";
    let aliases = run(text).unwrap().aliases;
    let aliases: Vec<_> = aliases.iter().map(|(other, name)| (other.as_str(), name.as_str())).collect();
    assert_eq!(aliases, [("1", "NC_1.1"), ("X1", "a"), ("e", "b"), ("\u{e8}", "\u{e9}")]);
}

#[test]
fn an_assembly_in_pieces_keeps_the_first_names() {
    let text: String = (0..MAX_ALIASES + 5).map(|i| format!(">s{i} AC:A{i} AN:same\nAC\n")).collect();
    let aliases = run(&text).unwrap().aliases;
    assert_eq!(aliases.len(), MAX_ALIASES - 1);
    assert_eq!(aliases["A0"], "s0");
}

#[test]
fn gzip_and_bgzf_give_the_index_of_the_text() {
    let text = format!(">a\n{}>b\nAC\n", "ACGTACGTAC\n".repeat(20_000));
    let plain = run(&text).unwrap();
    for (bytes, compression) in [
        (crate::testing::gzip(text.as_bytes()), Compression::Gzip),
        (crate::testing::bgzf(text.as_bytes(), 999), Compression::Bgzf),
    ] {
        assert_eq!(Compression::detect(&bytes), compression);
        assert_eq!(index(Box::new(Cursor::new(bytes)), compression, &Limits::default()).unwrap().fai, plain.fai);
    }
}

#[test]
fn malformed_files_are_refused_by_name() {
    assert_eq!(cause(""), Cause::FastaStart);
    assert_eq!(cause("ACGT\n"), Cause::FastaStart);
    assert_eq!(cause(">\nACGT\n"), Cause::FastaName);
    assert_eq!(cause("> a\nACGT\n"), Cause::FastaName);
    assert_eq!(cause(">a\nAC\n>a x\nAC\n"), Cause::FastaDuplicateName);
    assert_eq!(cause(">a\nAC\nACG\n"), Cause::FastaLineLength);
    assert_eq!(cause(">a\nACG\nAC\nAC\n"), Cause::FastaLineLength);
    assert_eq!(cause(">a\nACG\n\nACG\n"), Cause::FastaLineLength);
    assert_eq!(cause(">a\nACG\r\nACG\nACG\n"), Cause::FastaLineLength);
    let fault = run(">a\nAC\nACG\n").unwrap_err();
    assert_eq!((fault.line, fault.key.as_deref()), (Some(3), Some("a")));
}

#[test]
fn a_sequence_may_be_one_line_longer_than_the_line_limit() {
    let limits = Limits { max_line_bytes: 10, ..Limits::default() };
    let text = format!(">a\n{}\n", "A".repeat(1000));
    let index = index(Box::new(Cursor::new(text)), Compression::Plain, &limits).unwrap();
    assert_eq!(index.fai, "a\t1000\t3\t1000\t1001\n");
}

#[test]
fn the_digest_is_that_of_the_stored_bytes() {
    assert_eq!(run(">a\nACGT\n").unwrap().md5, "5f76802474aa90b1515c820bf8a6b773");
    let file = crate::testing::gzip(b">a\nACGT\n");
    let stored = hex::encode(Md5::digest(&file));
    assert_eq!(index(Box::new(Cursor::new(file)), Compression::Gzip, &Limits::default()).unwrap().md5, stored);
}
