//! How a delimited text file is written: the nine members of `readOptions` (spec 3.9) as they were given, and what they
//! mean together (spec 12.3).

use crate::error::{ValidationError, check_length};

/// The members as they were given; kept so that they can be shown again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    pub sep: Option<String>,
    pub encoding: Option<String>,
    pub quote: Option<String>,
    /// Accepted, without effect: it says how to write.
    pub quote_all: Option<bool>,
    pub escape: Option<String>,
    /// Accepted, without effect: it says how to write.
    pub escape_quotes: Option<bool>,
    pub comment: Option<String>,
    pub header: Option<bool>,
    pub line_sep: Option<String>,
}

/// An encoding of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// The default. A file that begins with the mark of UTF-16 is read as that.
    Utf8,
    /// By the mark at its beginning; without one, big-endian.
    Utf16,
    Utf16Le,
    Utf16Be,
    Iso88591,
    UsAscii,
    Windows1252,
}

impl Encoding {
    /// Every encoding with its names, the first being the one to show.
    const NAMES: [(Self, &'static [&'static str]); 7] = [
        (Self::Utf8, &["UTF-8", "UTF8"]),
        (Self::Utf16, &["UTF-16", "UTF16"]),
        (Self::Utf16Le, &["UTF-16LE"]),
        (Self::Utf16Be, &["UTF-16BE"]),
        (Self::Iso88591, &["ISO-8859-1", "ISO8859-1", "ISO8859_1", "LATIN1"]),
        (Self::UsAscii, &["US-ASCII", "ASCII"]),
        (Self::Windows1252, &["windows-1252", "CP1252"]),
    ];

    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(text));
        let found = Self::NAMES.iter().find(|(_, names)| is(names)).map(|(encoding, _)| *encoding);
        let shown = Self::NAMES.map(|(_, names)| names.first().copied().unwrap_or_default());
        found.ok_or_else(|| ValidationError::one_of(field, &shown))
    }
}

/// What ends a line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LineSeparator {
    /// `\n`, `\r\n` or `\r`.
    Any,
    /// This text, of one or two characters.
    Is(String),
}

/// What the members mean together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Dialect {
    /// Between fields: 1 to 20 characters.
    pub sep: String,
    pub encoding: Encoding,
    /// None: quotes are text.
    pub quote: Option<char>,
    /// Inside quotes, makes the quote (or itself) text. The same as `quote`: quotes are doubled.
    pub escape: Option<char>,
    /// Lines that begin with it are skipped.
    pub comment: Option<char>,
    /// Whether the first line that is neither blank nor a comment names the columns.
    pub header: bool,
    pub line_sep: LineSeparator,
}

impl Default for Dialect {
    /// Of a job without `readOptions`: tabs, and a header line.
    fn default() -> Self {
        Self { sep: "\t".to_owned(), header: true, ..Self::spark() }
    }
}

impl Dialect {
    /// The defaults of Spark's CSV reader, which hold for every member left out where `readOptions` is there.
    fn spark() -> Self {
        Self {
            sep: ",".to_owned(),
            encoding: Encoding::Utf8,
            quote: Some('"'),
            escape: Some('\\'),
            comment: None,
            header: false,
            line_sep: LineSeparator::Any,
        }
    }

    /// The dialect of a job. Options that are there replace the default ones completely: `{"sep":"\t"}` alone means a
    /// file without a header line.
    ///
    /// `field` is the member that holds the options (`formatOptions.tsvOptions.readOptions`).
    pub fn new(field: &str, options: Option<&ReadOptions>) -> Result<Self, ValidationError> {
        let Some(options) = options else { return Ok(Self::default()) };
        let member = |name: &str| format!("{field}.{name}");
        let mut dialect = Self::spark();
        if let Some(sep) = &options.sep {
            check_length(&member("sep"), sep, 1, 20)?;
            dialect.sep = unescape(&member("sep"), sep)?;
        }
        if let Some(encoding) = &options.encoding {
            check_length(&member("encoding"), encoding, 1, 20)?;
            dialect.encoding = Encoding::parse(&member("encoding"), encoding)?;
        }
        let one = |name: &str, text: &Option<String>, default| one_character(&member(name), text.as_deref(), default);
        dialect.quote = one("quote", &options.quote, dialect.quote)?;
        dialect.escape = one("escape", &options.escape, dialect.escape)?;
        dialect.comment = one("comment", &options.comment, dialect.comment)?;
        dialect.header = options.header.unwrap_or(dialect.header);
        if let Some(text) = &options.line_sep {
            check_length(&member("lineSep"), text, 1, 20)?;
            if text.chars().count() > 2 {
                return Err(ValidationError::new(member("lineSep"), "Member must have 1 or 2 characters"));
            }
            dialect.line_sep = LineSeparator::Is(text.clone());
        }
        dialect.check(&member)?;
        Ok(dialect)
    }

    /// Members that contradict each other.
    fn check(&self, member: &dyn Fn(&str) -> String) -> Result<(), ValidationError> {
        let fault = |name: &str, reason: &str| Err(ValidationError::new(member(name), reason));
        let ends_line = match &self.line_sep {
            LineSeparator::Any => self.sep.contains(['\n', '\r']),
            LineSeparator::Is(end) => self.sep.contains(end.as_str()) || end.contains(self.sep.as_str()),
        };
        if ends_line {
            return fault("sep", "Member must not contain what ends a line");
        }
        if self.quote.is_some_and(|quote| self.sep.starts_with(quote)) {
            return fault("sep", "Member must not begin with the quote character");
        }
        if self.escape.is_some_and(|escape| self.escape != self.quote && self.sep.starts_with(escape)) {
            return fault("sep", "Member must not begin with the escape character");
        }
        Ok(())
    }
}

/// The one character of a member; U+0000 stands for none, as in Spark.
fn one_character(field: &str, text: Option<&str>, default: Option<char>) -> Result<Option<char>, ValidationError> {
    let Some(text) = text else { return Ok(default) };
    check_length(field, text, 1, 1)?;
    Ok(text.chars().next().filter(|c| *c != '\0'))
}

/// A separator with the escapes that Spark knows: `\t` in two characters is a tab, `\\` one backslash.
fn unescape(field: &str, text: &str) -> Result<String, ValidationError> {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let real = match c {
            '\\' => match rest.next() {
                Some('t') => '\t',
                Some('b') => '\u{8}',
                Some('f') => '\u{c}',
                Some('r') => '\r',
                Some(c @ ('\\' | '"' | '\'')) => c,
                _ => {
                    return Err(ValidationError::new(field, r"Member must write a backslash as \\, a tab as \t"));
                }
            },
            c => c,
        };
        out.push(real);
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
