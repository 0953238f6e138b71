//! Each annotation type under each read option, and all of them in each compression: a file is written as the options say, with
//! the characters in it that they give a meaning to, and read to the same rows.

use super::{Given, dialect, read, store};
use std::io::Write;
use varberg_model::AnnotationType::{
    self, ChrPos, ChrPosRefAlt, ChrStartEndOneBase, ChrStartEndRefAltOneBase, ChrStartEndRefAltZeroBase,
    ChrStartEndZeroBase, Generic,
};

/// A type: its columns, and two rows as the file has them and as they are read; `NOTE` stands for a text that has to be quoted.
const TYPES: [(AnnotationType, &str, [&str; 2], [&str; 2]); 7] = [
    (Generic, "chr:STRING pos:LONG note:STRING", ["c1 10 NOTE", "c2  x"], ["c1|10|NOTE", "c2|NULL|x"]),
    (ChrPos, "chr:STRING pos:LONG note:STRING", ["c1 10 NOTE", "c2 5 x"], ["c1|9|NOTE|10", "c2|4|x|5"]),
    (
        ChrPosRefAlt,
        "chr:STRING pos:LONG ref:STRING alt:STRING note:STRING",
        ["c1 10 ACG A NOTE", "c2 5 A  x"],
        ["c1|9|ACG|A|NOTE|12", "c2|4|A|NULL|x|5"],
    ),
    (
        ChrStartEndOneBase,
        "chr:STRING start:LONG end:INT note:STRING",
        ["c1 10 12 NOTE", "c2 5  x"],
        ["c1|9|12|NOTE", "c2|4|NULL|x"],
    ),
    (
        ChrStartEndRefAltOneBase,
        "chr:STRING start:INT end:LONG ref:STRING alt:STRING note:STRING",
        ["c1 10 12 ACG A NOTE", "c2 5 5 A T x"],
        ["c1|9|12|ACG|A|NOTE", "c2|4|5|A|T|x"],
    ),
    (
        ChrStartEndZeroBase,
        "chr:STRING start:LONG end:LONG note:STRING",
        ["c1 10 12 NOTE", "c2 5 7 x"],
        ["c1|10|12|NOTE", "c2|5|7|x"],
    ),
    (
        ChrStartEndRefAltZeroBase,
        "chr:STRING start:LONG end:LONG ref:STRING alt:STRING note:STRING",
        ["c1 9 12 ACG A NOTE", "c2 4 5 A T x"],
        ["c1|9|12|ACG|A|NOTE", "c2|4|5|A|T|x"],
    ),
];

/// What is tried of each member, one after the other, and together.
const OPTIONS: [Given<'_>; 39] = [
    None,
    Some(&[]),
    Some(&[("sep", ",")]),
    Some(&[("sep", "\t")]),
    Some(&[("sep", r"\t")]),
    Some(&[("sep", "||")]),
    Some(&[("sep", "→")]),
    Some(&[("sep", "=-=-=-=-=-=-=-=-=-=-")]),
    Some(&[("encoding", "UTF-8")]),
    Some(&[("encoding", "UTF-16")]),
    Some(&[("encoding", "UTF-16LE")]),
    Some(&[("encoding", "UTF-16BE")]),
    Some(&[("encoding", "ISO-8859-1")]),
    Some(&[("encoding", "US-ASCII")]),
    Some(&[("encoding", "windows-1252")]),
    Some(&[("quote", "\"")]),
    Some(&[("quote", "'")]),
    Some(&[("quote", "é")]),
    Some(&[("quoteAll", "true")]),
    Some(&[("quoteAll", "false")]),
    Some(&[("escape", "\\")]),
    Some(&[("escape", "\"")]),
    Some(&[("escape", "/")]),
    Some(&[("escapeQuotes", "true")]),
    Some(&[("escapeQuotes", "false")]),
    Some(&[("comment", "#")]),
    Some(&[("comment", "%")]),
    Some(&[("header", "true")]),
    Some(&[("header", "false")]),
    Some(&[("lineSep", "\n")]),
    Some(&[("lineSep", "\r")]),
    Some(&[("lineSep", "\r\n")]),
    Some(&[("lineSep", "~")]),
    Some(&[("lineSep", "~!")]),
    Some(&[("sep", "\t"), ("header", "true")]),
    Some(&[("sep", "\t"), ("header", "false"), ("comment", "#")]),
    Some(&[("sep", "||"), ("quote", "'"), ("escape", "'"), ("comment", "%"), ("header", "true"), ("lineSep", "~!")]),
    Some(&[
        ("sep", "|"),
        ("encoding", "UTF-16LE"),
        ("quote", "é"),
        ("escape", "é"),
        ("header", "true"),
        ("lineSep", "\r\n"),
    ]),
    Some(&[("encoding", "windows-1252"), ("quoteAll", "true"), ("escape", "\""), ("comment", "#"), ("header", "true")]),
];

fn member<'a>(given: Given<'a>, name: &str) -> Option<&'a str> {
    given.unwrap_or_default().iter().find(|(member, _)| *member == name).map(|(_, value)| *value)
}

/// A text with everything that has a meaning under the options, but the end of a line.
fn note(given: Given<'_>) -> String {
    let (sep, quote, escape) = (sep(given), member(given, "quote").unwrap_or("\""), escape(given));
    let is_ascii = member(given, "encoding") == Some("US-ASCII");
    format!("{quote}{sep}{escape}x#%'{quote}{escape}{}", if is_ascii { "e" } else { "é" })
}

fn sep(given: Given<'_>) -> String {
    member(given, "sep").unwrap_or(if given.is_none() { "\t" } else { "," }).replace(r"\t", "\t")
}

fn escape<'a>(given: Given<'a>) -> &'a str {
    member(given, "escape").unwrap_or("\\")
}

/// The file of a type: a header line where the options have one, comments where they have them, a blank line.
fn file(given: Given<'_>, rows: [&str; 2], note: &str) -> String {
    let (sep, quote, escape) = (sep(given), member(given, "quote").unwrap_or("\""), escape(given));
    let quoted = format!("{quote}{}{quote}", escaped(note, quote, escape));
    let line = |row: &str| row.split(' ').map(|f| if f == "NOTE" { &quoted } else { f }).collect::<Vec<_>>().join(&sep);
    let comment = member(given, "comment").map(|comment| format!("{comment} a{sep}comment {quote}"));
    let has_header = given.is_none() || member(given, "header") == Some("true");
    let header = has_header.then(|| "a header of any text".to_owned());
    let lines = comment.iter().cloned().chain(header).chain([line(rows[0]), "  ".to_owned()]);
    let lines = lines.chain(comment.clone()).chain([line(rows[1])]);
    lines.collect::<Vec<_>>().join(member(given, "lineSep").unwrap_or("\n"))
}

fn escaped(text: &str, quote: &str, escape: &str) -> String {
    let text = if escape == quote { text.to_owned() } else { text.replace(escape, &escape.repeat(2)) };
    text.replace(quote, &format!("{escape}{quote}"))
}

fn encoded(given: Given<'_>, text: &str) -> Vec<u8> {
    match member(given, "encoding") {
        Some("UTF-16" | "UTF-16BE") => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Some("UTF-16LE") => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Some("ISO-8859-1" | "windows-1252") => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
        _ => text.as_bytes().to_vec(),
    }
}

/// A file as it is, and in each compression.
pub(super) fn compressed(file: &[u8]) -> Vec<Vec<u8>> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(file).unwrap();
    let mut bgzf = noodles_bgzf::io::Writer::new(Vec::new());
    bgzf.write_all(file).unwrap();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(file).unwrap();
    let zstd = zstd::stream::encode_all(file, 1).unwrap();
    vec![gzip.finish().unwrap(), bgzf.finish().unwrap(), bzip2.finish().unwrap(), zstd]
}

#[test]
fn every_type_under_every_option() {
    assert_eq!(TYPES.map(|(kind, ..)| kind), AnnotationType::ALL);
    for (kind, columns, rows, expected) in TYPES {
        let store = store(kind, columns);
        for given in OPTIONS {
            let (dialect, note) = (dialect(given).unwrap(), note(given));
            let expected = Ok(expected.map(|row| row.replace("NOTE", &note)).to_vec());
            let text = file(given, rows, &note);
            let plain = encoded(given, &text);
            assert_eq!(read(&store, &dialect, &plain), expected, "{kind:?} {given:?} {text:?}");
            let is_unicode =
                matches!(member(given, "encoding"), None | Some("UTF-8" | "UTF-16" | "UTF-16BE" | "UTF-16LE"));
            if is_unicode {
                let marked = encoded(given, &format!("\u{feff}{text}"));
                assert_eq!(read(&store, &dialect, &marked), expected, "{kind:?} {given:?} with a mark");
            }
            for stored in compressed(&plain) {
                assert_eq!(read(&store, &dialect, &stored), expected, "{kind:?} {given:?} compressed");
            }
        }
    }
}
