use super::*;

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[track_caller]
fn refused(options: &ReadOptions) -> String {
    let error = Dialect::new("r", Some(options)).unwrap_err();
    format!("{}: {}", error.field, error.reason)
}

#[test]
fn absent_options_are_tabs_and_a_header() {
    let dialect = Dialect::new("r", None).unwrap();
    assert_eq!((dialect.sep.as_str(), dialect.header), ("\t", true));
    assert_eq!(dialect.quote, Some('"'));
}

/// The trap of spec 12.3.
#[test]
fn options_replace_the_default_set_completely() {
    let dialect = Dialect::new("r", Some(&ReadOptions::default())).unwrap();
    let expected = Dialect {
        sep: ",".to_owned(),
        encoding: Encoding::Utf8,
        quote: Some('"'),
        escape: Some('\\'),
        comment: None,
        header: false,
        line_sep: LineSeparator::Any,
    };
    assert_eq!(dialect, expected);
    let tab = ReadOptions { sep: some("\t"), ..ReadOptions::default() };
    assert_eq!(Dialect::new("r", Some(&tab)).unwrap(), Dialect { sep: "\t".to_owned(), ..expected });
}

#[test]
fn members_of_writing_change_nothing() {
    let options = ReadOptions { quote_all: Some(true), escape_quotes: Some(false), ..ReadOptions::default() };
    assert_eq!(Dialect::new("r", Some(&options)), Dialect::new("r", Some(&ReadOptions::default())));
}

#[test]
fn separators_are_unescaped_as_in_spark() {
    for (given, meant) in [("\t", "\t"), (r"\t", "\t"), (r"\\", r"\"), (r"|\\|", r"|\|"), ("||", "||"), (r#"\""#, "\"")]
    {
        let quote = some("'");
        let escape = some("\0");
        let options = ReadOptions { sep: some(given), quote, escape, ..ReadOptions::default() };
        assert_eq!(Dialect::new("r", Some(&options)).unwrap().sep, meant);
    }
    for wrong in [r"\", r"\x", r"a\"] {
        let text = refused(&ReadOptions { sep: some(wrong), ..ReadOptions::default() });
        assert_eq!(text, r"r.sep: Member must write a backslash as \\, a tab as \t");
    }
}

#[test]
fn zero_switches_a_character_off() {
    let off = some("\0");
    let options = ReadOptions { quote: off.clone(), escape: off.clone(), comment: off, ..ReadOptions::default() };
    let dialect = Dialect::new("r", Some(&options)).unwrap();
    assert_eq!((dialect.quote, dialect.escape, dialect.comment), (None, None, None));
}

#[test]
fn wrong_members_are_named() {
    let default = ReadOptions::default;
    let length = |name: &str, max| format!("r.{name}: Member must have length between 1 and {max}, inclusive");
    assert_eq!(refused(&ReadOptions { sep: some(""), ..default() }), length("sep", 20));
    assert_eq!(refused(&ReadOptions { sep: some(&"x".repeat(21)), ..default() }), length("sep", 20));
    assert_eq!(refused(&ReadOptions { quote: some("''"), ..default() }), length("quote", 1));
    assert_eq!(refused(&ReadOptions { escape: some(""), ..default() }), length("escape", 1));
    assert_eq!(refused(&ReadOptions { comment: some("##"), ..default() }), length("comment", 1));
    assert_eq!(refused(&ReadOptions { line_sep: some(&"x".repeat(21)), ..default() }), length("lineSep", 20));
    let three = ReadOptions { line_sep: some("abc"), ..default() };
    assert_eq!(refused(&three), "r.lineSep: Member must have 1 or 2 characters");
    assert_eq!(
        refused(&ReadOptions { encoding: some("EUC-KR"), ..default() }),
        "r.encoding: Member must satisfy enum value set: [UTF-8, UTF-16, UTF-16LE, UTF-16BE, ISO-8859-1, US-ASCII, windows-1252]"
    );
    let line = "r.sep: Member must not contain what ends a line";
    assert_eq!(refused(&ReadOptions { sep: some("a\n"), ..default() }), line);
    assert_eq!(refused(&ReadOptions { sep: some(";"), line_sep: some("|;"), ..default() }), line);
    let quote = ReadOptions { sep: some("'"), quote: some("'"), ..default() };
    assert_eq!(refused(&quote), "r.sep: Member must not begin with the quote character");
}

#[test]
fn encodings_are_named_in_any_case() {
    for (name, encoding) in
        [("utf-8", Encoding::Utf8), ("Windows-1252", Encoding::Windows1252), ("iso-8859-1", Encoding::Iso88591)]
    {
        assert_eq!(Encoding::parse("e", name), Ok(encoding));
    }
}
