//! The rules of delimited text line by line: spec 12.3. Each test has the name of a line of its first table ("Point", "Rule"),
//! in its order, and reads files under `readOptions` as a job gives them; then the table of annotation types with its test
//! pairs; last every type under every option. What stands behind the rules (odd quotes, limits, parts) is tested beside the
//! code, in `src/tsv/tests.rs`.

mod every_option;

use arrow_cast::display::{ArrayFormatter, FormatOptions};
use std::collections::BTreeMap;
use std::io::Cursor;
use varberg_formats::tsv::{Options, Reader, read_head};
use varberg_formats::{Compression, Limits, Part};
use varberg_model::AnnotationType::{
    self, ChrPos, ChrPosRefAlt, ChrStartEndOneBase, ChrStartEndRefAltOneBase, ChrStartEndRefAltZeroBase,
    ChrStartEndZeroBase, Generic,
};
use varberg_model::{Dialect, ReadOptions, TsvSchema, TsvStoreOptions, ValidationError, ValueType};

/// `readOptions` of a job: none if it has none.
type Given<'a> = Option<&'a [(&'a str, &'a str)]>;

/// What a job without `readOptions` and one with `{}` give.
const ABSENT: Given<'_> = None;
const EMPTY: Given<'_> = Some(&[]);
/// What the documentation passes with tabs.
const TABS: Given<'_> = Some(&[("sep", "\t"), ("header", "false")]);

fn dialect(given: Given<'_>) -> Result<Dialect, ValidationError> {
    let mut options = ReadOptions::default();
    for (member, value) in given.unwrap_or_default() {
        let text = || Some((*value).to_owned());
        match *member {
            "sep" => options.sep = text(),
            "encoding" => options.encoding = text(),
            "quote" => options.quote = text(),
            "quoteAll" => options.quote_all = Some(*value == "true"),
            "escape" => options.escape = text(),
            "escapeQuotes" => options.escape_quotes = Some(*value == "true"),
            "comment" => options.comment = text(),
            "header" => options.header = Some(*value == "true"),
            "lineSep" => options.line_sep = text(),
            other => panic!("readOptions has no member {other}"),
        }
    }
    Dialect::new("readOptions", given.map(|_| &options))
}

/// Columns as `name:TYPE`; a name that is a key in small letters (`chr`, `pos`) is that key's column if the type has it.
fn store(kind: AnnotationType, columns: &str) -> TsvStoreOptions {
    let columns = columns.split(' ').map(|column| column.split_once(':').unwrap());
    let columns = columns.map(|(name, kind)| (name.to_owned(), ValueType::parse("type", kind).unwrap())).collect();
    let keys: BTreeMap<_, _> = kind.keys().iter().map(|key| (*key, key.as_str().to_lowercase())).collect();
    TsvStoreOptions::new("options", kind, keys, TsvSchema::new("schema", columns).unwrap()).unwrap()
}

/// The rows of a file, values between `|`, null as `NULL`; or its fault.
fn read(store: &TsvStoreOptions, dialect: &Dialect, file: &[u8]) -> Result<Vec<String>, String> {
    let compression = Compression::detect(file);
    let open = || Box::new(Cursor::new(file.to_vec()));
    let told = |fault: varberg_formats::Fault| fault.to_string();
    let head = read_head(open(), compression, dialect, &Limits::default()).map_err(told)?;
    let mut reader = Reader::new(store, &head, open(), compression, Part::WHOLE, Options::default()).map_err(told)?;
    let mut rows = Vec::new();
    while let Some(batch) = reader.next_batch().map_err(told)? {
        let shown = FormatOptions::new().with_null("NULL");
        let (schema, is_ours) = (batch.schema(), |name: &str| matches!(name, "information" | "_record"));
        let columns = batch.columns().iter().zip(schema.fields()).filter(|(_, field)| !is_ours(field.name()));
        let columns: Vec<_> = columns.map(|(column, _)| ArrayFormatter::try_new(column, &shown).unwrap()).collect();
        let row = |row| columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join("|");
        rows.extend((0..batch.num_rows()).map(row));
    }
    Ok(rows)
}

#[track_caller]
fn check(columns: &str, given: Given<'_>, file: impl AsRef<[u8]>, expected: &[&str]) {
    let found = read(&store(Generic, columns), &dialect(given).unwrap(), file.as_ref());
    assert_eq!(found, Ok(expected.iter().map(|row| (*row).to_owned()).collect()), "{given:?}");
}

#[track_caller]
fn refused(columns: &str, given: Given<'_>, file: impl AsRef<[u8]>, expected: &str) {
    let found = read(&store(Generic, columns), &dialect(given).unwrap(), file.as_ref());
    assert_eq!(found, Err(expected.to_owned()), "{given:?}");
}

#[track_caller]
fn no_options(given: Given<'_>, expected: &str) {
    let error = dialect(given).unwrap_err();
    assert_eq!(format!("{}: {}", error.field, error.reason), expected, "{given:?}");
}

const TWO: &str = "chr:STRING x:LONG";

#[test]
fn column_binding() {
    for header in ["chrom\tvalue", "x\tchr", "", " ", "one", "1\t2\t3", "\"open"] {
        // A blank line is not the header line.
        let lines = if header.trim().is_empty() { format!("{header}\nchrom\tx") } else { header.to_owned() };
        check(TWO, ABSENT, format!("{lines}\n1\t5\n"), &["1|5"]);
    }
}

#[test]
fn strictness() {
    let count =
        "E19: a row does not have one field for each column of the store; check sep, quote and header of readOptions";
    refused(TWO, ABSENT, "h\n1\t5\n1\n", &format!("{count} (it has 1, the store has 2) (line 3)"));
    refused(TWO, ABSENT, "h\n1\t5\t\n", &format!("{count} (it has 3, the store has 2) (line 2)"));
    let all = "s:STRING l:LONG i:INT f:FLOAT d:DOUBLE b:BOOLEAN";
    let long = "y".repeat(50);
    let shortened = format!("{}…", "y".repeat(40));
    for (row, column, kind, value) in [
        ("a\t1.0\t2\t3\t4\ttrue", "l", "LONG", "1.0"),
        ("a\t9223372036854775808\t2\t3\t4\ttrue", "l", "LONG", "9223372036854775808"),
        ("a\t1\t2147483648\t3\t4\ttrue", "i", "INT", "2147483648"),
        ("a\t1\t 2\t3\t4\ttrue", "i", "INT", " 2"),
        ("a\t1\t2\tx\t4\ttrue", "f", "FLOAT", "x"),
        ("a\t1\t2\t1e39\t4\ttrue", "f", "FLOAT", "1e39"),
        ("a\t1\t2\t3\t1e309\ttrue", "d", "DOUBLE", "1e309"),
        ("a\t1\t2\t3\t4\t1", "b", "BOOLEAN", "1"),
        (&format!("a\t1\t2\t3\t4\t{long}"), "b", "BOOLEAN", &shortened),
    ] {
        let expected = format!(
            "E19: a value is not of the type of its column (column {column}, type {kind}, value '{value}') (line 3)"
        );
        refused(all, TABS, format!("a\t1\t2\t3\t4\ttrue\n\n{row}\n"), &expected);
    }
}

#[test]
fn default_when_read_options_is_absent() {
    check(TWO, ABSENT, "chr\tx\n1\t5\n", &["1|5"]);
    check("a:STRING b:STRING", ABSENT, "a\tb\n#1\t\"x\ty\\\"\"\n", &["#1|x\ty\""]);
}

#[test]
fn read_options_present() {
    check(TWO, EMPTY, "1,5\n", &["1|5"]);
    // Each member alone leaves the separator a comma, and no header line.
    for (member, value) in [
        ("encoding", "UTF-8"),
        ("quote", "'"),
        ("quoteAll", "false"),
        ("escape", "|"),
        ("escapeQuotes", "true"),
        ("comment", "#"),
        ("header", "false"),
        ("lineSep", "\n"),
    ] {
        check(TWO, Some(&[(member, value)]), "1,5\n2,6\n", &["1|5", "2|6"]);
        let header = "E19: a value is not of the type of its column (column x, type LONG, value 'x') (line 1)";
        refused(TWO, Some(&[(member, value)]), "chr,x\n1,5\n", header);
    }
    check(TWO, Some(&[("header", "true")]), "chr,x\n1,5\n", &["1|5"]);
    check(TWO, Some(&[("sep", ";")]), "1;5\n", &["1|5"]);
    // The other defaults: quote, escape, no comment.
    check("a:STRING b:STRING", EMPTY, "#1,\"x,\\\"y\\\\\"\n", &["#1|x,\"y\\"]);
}

#[test]
fn trap() {
    let sep: Given<'_> = Some(&[("sep", "\t")]);
    let header = "E19: a value is not of the type of its column (column x, type LONG, value 'x') (line 1)";
    refused(TWO, sep, "chr\tx\n1\t5\n", header);
    check("chr:STRING x:STRING", sep, "chr\tx\n1\t5\n", &["chr|x", "1|5"]);
    check(TWO, Some(&[("sep", "\t"), ("header", "true")]), "chr\tx\n1\t5\n", &["1|5"]);
}

#[test]
fn quote_all_and_escape_quotes() {
    for value in ["true", "false"] {
        for member in ["quoteAll", "escapeQuotes"] {
            check("a:STRING b:STRING", Some(&[(member, value)]), "a,\"b\"\"\n\"c\",\n", &["a|b\"", "c|NULL"]);
        }
    }
}

#[test]
fn sep() {
    for sep in [",", "\t", r"\t", ";", " ", "||", "\t\t", "→", "<->", "12345678901234567890", "a", r"\\"] {
        let real = sep.replace(r"\t", "\t").replace(r"\\", "\\");
        let file = format!("1{real}5\n\"2\"{real}\"6\"\n");
        check(TWO, Some(&[("sep", sep), ("escape", "\0")]), &file, &["1|5", "2|6"]);
    }
    no_options(Some(&[("sep", "")]), "readOptions.sep: Member must have length between 1 and 20, inclusive");
    let long = "x".repeat(21);
    no_options(Some(&[("sep", &long)]), "readOptions.sep: Member must have length between 1 and 20, inclusive");
    no_options(Some(&[("sep", r"\n")]), r"readOptions.sep: Member must write a backslash as \\, a tab as \t");
    no_options(Some(&[("sep", "\n")]), "readOptions.sep: Member must not contain what ends a line");
}

#[test]
fn line_sep() {
    let columns = "a:STRING b:STRING";
    for file in ["1,a\n2,b\n", "1,a\r\n2,b", "1,a\r2,b\r", "1,a\n\n2,b\r\n\r\n"] {
        check(columns, EMPTY, file, &["1|a", "2|b"]);
    }
    for (end, file, rows) in [
        ("\n", "1,a\r\n2,b", ["1|a\r", "2|b"]),
        ("\r", "1,a\r2,b\n", ["1|a", "2|b\n"]),
        ("\r\n", "1,a\r\n2,b\n", ["1|a", "2|b\n"]),
        (";", "1,a;2,b\n", ["1|a", "2|b\n"]),
        ("@@", "1,a@@2,@b@@", ["1|a", "2|@b"]),
        ("é", "1,aé2,b", ["1|a", "2|b"]),
    ] {
        check(columns, Some(&[("lineSep", end)]), file, &rows);
    }
    no_options(Some(&[("lineSep", "abc")]), "readOptions.lineSep: Member must have 1 or 2 characters");
    no_options(Some(&[("lineSep", "")]), "readOptions.lineSep: Member must have length between 1 and 20, inclusive");
}

#[test]
fn empty_field() {
    let all = "s:STRING l:LONG i:INT f:FLOAT d:DOUBLE b:BOOLEAN";
    check(all, EMPTY, ",,,,,\n\"\",,,,,\n", &["NULL|NULL|NULL|NULL|NULL|NULL", "|NULL|NULL|NULL|NULL|NULL"]);
    check(all, EMPTY, "\"\",\"\",\"\",\"\",\"\",\"\"\n", &["|NULL|NULL|NULL|NULL|NULL"]);
    check("s:STRING t:STRING", EMPTY, " ,\" \"\n", &[" | "]);
    check("s:STRING", EMPTY, "a\n\nb\n", &["a", "b"]); // a blank line is no row, even of one column
}

#[test]
fn literal_dot_or_na() {
    check("s:STRING t:STRING", TABS, ".\tNA\n", &[".|NA"]);
    for kind in ["LONG", "INT", "FLOAT", "DOUBLE", "BOOLEAN"] {
        for text in [".", "NA"] {
            let expected = format!(
                "E19: a value is not of the type of its column (column n, type {kind}, value '{text}') (line 1)"
            );
            refused(&format!("n:{kind}"), TABS, text, &expected);
        }
    }
}

#[test]
fn boolean() {
    check(
        "b:BOOLEAN",
        TABS,
        "true\nTRUE\nTrue\nfalse\nFALSE\nfAlSe\n",
        &["true", "true", "true", "false", "false", "false"],
    );
    for text in ["0", "1", "t", "yes", "T", " true"] {
        let expected =
            format!("E19: a value is not of the type of its column (column b, type BOOLEAN, value '{text}') (line 1)");
        refused("b:BOOLEAN", TABS, text, &expected);
    }
}

#[test]
fn double_and_float() {
    for kind in ["FLOAT", "DOUBLE"] {
        let column = format!("d:{kind}");
        check(
            &column,
            TABS,
            "NaN\nInf\n-Inf\n1\n-0.5\n1e3\n.5\n",
            &["NaN", "inf", "-inf", "1.0", "-0.5", "1000.0", "0.5"],
        );
        for text in ["nan", "inf", "-inf", "INF", "1,5", "0x1"] {
            let expected = format!(
                "E19: a value is not of the type of its column (column d, type {kind}, value '{text}') (line 1)"
            );
            refused(&column, TABS, text, &expected);
        }
    }
    check("f:FLOAT d:DOUBLE", TABS, "0.1\t1e308\n", &["0.1|1e308"]);
    check(
        "i:INT l:LONG",
        TABS,
        "-2147483648\t9223372036854775807\n+1\t007\n",
        &["-2147483648|9223372036854775807", "1|7"],
    );
}

#[test]
fn compression() {
    let file = b"chr\tx\n1\t5\n2\t6\n";
    for stored in every_option::compressed(file) {
        check(TWO, ABSENT, &stored, &["1|5", "2|6"]);
        let cut = stored.len() - 3;
        let fault = read(&store(Generic, TWO), &dialect(ABSENT).unwrap(), &stored[..cut]).unwrap_err();
        assert!(fault.starts_with("E21") || fault.starts_with("E22"), "{fault}");
    }
}

#[test]
fn missing_format_to_header_keys_for_the_type() {
    let columns = ["chr", "ref", "alt"].map(|name| (name.to_owned(), ValueType::String));
    let numbers = ["pos", "start", "end"].map(|name| (name.to_owned(), ValueType::Long));
    let schema = TsvSchema::new("schema", columns.into_iter().chain(numbers).collect()).unwrap();
    for kind in AnnotationType::ALL {
        for missing in kind.keys() {
            let others = kind.keys().iter().filter(|key| *key != missing);
            let keys = others.map(|key| (*key, key.as_str().to_lowercase())).collect();
            let error = TsvStoreOptions::new("tsvStoreOptions", kind, keys, schema.clone()).unwrap_err();
            let expected = format!("Member must not be null for annotationType {}", kind.as_str());
            assert_eq!(error.field, format!("tsvStoreOptions.formatToHeader.{}", missing.as_str()));
            assert_eq!(error.reason, expected);
        }
    }
}

/// Members that the table of spec 12.3 has only as Spark's defaults: `quote`, `escape`, `comment`, `encoding`.
#[test]
fn quote_and_escape() {
    let two = "a:STRING b:STRING";
    for (quote, escape, file, row) in [
        ("\"", "\\", r#""a\"b",c"#, "a\"b|c"),
        ("\"", "\"", r#""a""b",c"#, "a\"b|c"),
        ("'", "\\", r#"'a,b',"c"#, "a,b|\"c"),
        ("'", "'", "'it''s',c", "it's|c"),
        ("é", "|", "éa|é,bé,cé", "aé,b|cé"),
        ("\"", "/", r#""a/"b//",c"#, "a\"b/|c"),
        ("\0", "\\", "\"a,b\"", "\"a|b\""),
    ] {
        check(two, Some(&[("quote", quote), ("escape", escape)]), file, &[row]);
    }
    let open = "E19: a quoted value does not end on its line; if quotes are text in this file, set readOptions.quote to another character (line 1)";
    refused(two, EMPTY, "\"a,b\nc\",d", open);
    for member in ["quote", "escape", "comment"] {
        for value in ["", "ab"] {
            let expected = format!("readOptions.{member}: Member must have length between 1 and 1, inclusive");
            no_options(Some(&[(member, value)]), &expected);
        }
    }
}

#[test]
fn comment() {
    let hash: Given<'_> = Some(&[("comment", "#")]);
    check(TWO, hash, "#1,5\n1,5\n#\n2,6\n#end", &["1|5", "2|6"]);
    check("a:STRING b:STRING", hash, "a,#b\n #c,d\n\"#e\",f\n", &["a|#b", " #c|d", "#e|f"]);
    check(TWO, Some(&[("comment", "#"), ("header", "true")]), "#track\n\n#chr,x\nchr,x\n1,5\n", &["1|5"]);
    check("a:STRING b:STRING", EMPTY, "#1,5\n", &["#1|5"]);
}

#[test]
fn encoding() {
    let columns = "a:STRING b:STRING";
    let utf16 = |text: &str, to_bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>();
    let (text, row) = ("é,漢😀\n", ["é|漢😀"]);
    let marked = format!("\u{feff}{text}");
    let (little, big) = (u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes as fn(u16) -> [u8; 2]);
    for (name, file) in [
        ("UTF-8", text.as_bytes().to_vec()),
        ("UTF-8", marked.as_bytes().to_vec()),
        ("utf8", text.as_bytes().to_vec()),
        ("UTF-16LE", utf16(text, little)),
        ("UTF-16LE", utf16(&marked, little)),
        ("UTF-16BE", utf16(text, big)),
        ("UTF-16BE", utf16(&marked, big)),
        ("UTF-16", utf16(&marked, little)),
        ("UTF-16", utf16(&marked, big)),
        ("UTF-16", utf16(text, big)),
        ("UTF-8", utf16(&marked, little)), // a mark tells more than the default
        ("UTF-8", utf16(&marked, big)),
    ] {
        check(columns, Some(&[("encoding", name)]), &file, &row);
    }
    check(columns, EMPTY, text, &row);
    check(columns, Some(&[("encoding", "ISO-8859-1")]), b"\xe9,\x80", &["é|\u{80}"]);
    check(columns, Some(&[("encoding", "windows-1252")]), b"\xe9,\x80", &["é|€"]);
    check(columns, Some(&[("encoding", "US-ASCII")]), "a,b", &["a|b"]);
    let not_text =
        "E24: a line is not UTF-8 text; convert the file to UTF-8 (or name its encoding in readOptions.encoding)";
    refused(columns, EMPTY, b"a,b\n\xe9,c", &format!("{not_text} (line 2)"));
    refused(columns, Some(&[("encoding", "US-ASCII")]), "é,b", &format!("{not_text} (line 1)"));
    for unknown in ["EUC-KR", "UTF-32", "latin2"] {
        let list = "[UTF-8, UTF-16, UTF-16LE, UTF-16BE, ISO-8859-1, US-ASCII, windows-1252]";
        no_options(
            Some(&[("encoding", unknown)]),
            &format!("readOptions.encoding: Member must satisfy enum value set: {list}"),
        );
    }
}

/// Without rows the importer refuses the file (E20); the reader gives none.
#[test]
fn header_only() {
    for file in ["", "\n", "chr\tx", "chr\tx\n", "\u{feff}chr\tx\n", "chr\tx\r\n\r\n"] {
        check(TWO, ABSENT, file, &[]);
    }
    check(TWO, Some(&[("comment", "#"), ("header", "true")]), "#a\n#b\nchr,x\n#c", &[]);
    check("a:STRING b:STRING", TABS, "chr\tx\n", &["chr|x"]);
}

/// The second table, and its test pairs. POS and START of one-based types become 0-based in place; `end` comes last unless
/// it is declared.
#[test]
fn annotation_types() {
    let check = |kind, columns: &str, row: &str, expected: &str| {
        let found = read(&store(kind, columns), &dialect(TABS).unwrap(), row.as_bytes());
        assert_eq!(found, Ok(vec![expected.to_owned()]), "{kind:?} {columns}");
    };
    for integer in ["INT", "LONG"] {
        let pos = format!("chr:STRING pos:{integer}");
        let range = format!("chr:STRING start:{integer} end:{integer}");
        let (pos_alleles, alleles) = (format!("{pos} ref:STRING alt:STRING"), format!("{range} ref:STRING alt:STRING"));
        check(Generic, &range, "chr2\t10\t12", "chr2|10|12");
        check(ChrPos, &pos, "chr2\t10", "chr2|9|10");
        check(ChrPosRefAlt, &pos_alleles, "chr2\t10\tACG\tA,T", "chr2|9|ACG|A,T|12");
        check(ChrPosRefAlt, &pos_alleles, "chr2\t10\tA\tACG", "chr2|9|A|ACG|10");
        check(ChrStartEndOneBase, &range, "chr2\t10\t12", "chr2|9|12");
        check(ChrStartEndOneBase, &range, "chr2\t20\t20", "chr2|19|20");
        check(ChrStartEndRefAltOneBase, &alleles, "chr2\t10\t12\tACG\tA", "chr2|9|12|ACG|A");
        check(ChrStartEndZeroBase, &range, "chr2\t10\t12", "chr2|10|12");
        check(ChrStartEndRefAltZeroBase, &alleles, "chr2\t9\t12\tACG\tA", "chr2|9|12|ACG|A");
    }
    // No renaming: the column keeps its name and place; a declared `end` is overwritten.
    check(ChrPos, "note:STRING pos:INT chr:STRING", "n\t10\tchr2", "n|9|chr2|10");
    check(ChrPos, "end:LONG pos:INT chr:STRING", "77\t10\tchr2", "10|9|chr2");
    check(
        ChrPosRefAlt,
        "alt:STRING end:STRING ref:STRING pos:INT chr:STRING",
        "A\tx\tACG\t10\tchr2",
        "A|12|ACG|9|chr2",
    );
}
