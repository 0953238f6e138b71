//! The rules of delimited text once more, for an oracle: character by character, without a thought for speed. In: a text
//! in UTF-8. Out: its rows as text, or the first fault. Lines end with `\n`, `\r\n` or `\r`.

use varberg_formats::Cause;
use varberg_model::{Dialect, ValueType};

/// A row: the text of each value; none is null.
pub type Row = Vec<Option<String>>;

/// The rows before the first fault, and that with its line.
pub fn read(file: &str, dialect: &Dialect, columns: &[ValueType]) -> (Vec<Row>, Option<(Cause, u64)>) {
    let file = file.strip_prefix('\u{feff}').unwrap_or(file);
    let text = file.replace("\r\n", "\n").replace('\r', "\n");
    let mut rows = Vec::new();
    let mut waits = dialect.header;
    for (number, line) in (1..).zip(text.split('\n')) {
        let trimmed = line.trim_matches(|c: char| c <= ' ');
        let is_comment = |line: &str| dialect.comment.is_some_and(|comment| line.starts_with(comment));
        if waits {
            waits = trimmed.is_empty() || is_comment(trimmed);
        } else if !trimmed.is_empty() && !is_comment(line) {
            match row(line, dialect, columns) {
                Ok(row) => rows.push(row),
                Err(cause) => return (rows, Some((cause, number))),
            }
        }
    }
    (rows, None)
}

fn row(line: &str, dialect: &Dialect, columns: &[ValueType]) -> Result<Row, Cause> {
    let fields = split(line, dialect).ok_or(Cause::OpenQuote)?;
    if fields.len() != columns.len() {
        return Err(Cause::FieldCount);
    }
    fields.iter().zip(columns).map(|((text, quoted), kind)| value(text, *quoted, *kind)).collect()
}

/// The fields, and whether they were quoted; none if a quote stays open.
fn split(line: &str, dialect: &Dialect) -> Option<Vec<(String, bool)>> {
    let mut rest = line;
    let mut fields = Vec::new();
    loop {
        let quote = dialect.quote.filter(|quote| rest.starts_with(*quote));
        let (field, after) = match quote {
            Some(quote) => quoted(rest, quote, dialect)?,
            None => {
                let end = rest.find(&dialect.sep).unwrap_or(rest.len());
                ((rest[..end].to_owned(), false), &rest[end..])
            }
        };
        fields.push(field);
        match after.strip_prefix(&dialect.sep) {
            Some(next) => rest = next,
            None => return Some(fields),
        }
    }
}

fn quoted<'a>(text: &'a str, quote: char, dialect: &Dialect) -> Option<((String, bool), &'a str)> {
    let mut value = String::new();
    let mut rest = &text[quote.len_utf8()..];
    loop {
        let c = rest.chars().next()?;
        let next = &rest[c.len_utf8()..];
        let following = next.chars().next();
        if Some(c) == dialect.escape && following == Some(quote) && dialect.escape == dialect.quote {
            value.push(quote);
            rest = &next[quote.len_utf8()..];
        } else if c != quote && Some(c) == dialect.escape {
            let taken = following.filter(|f| *f == quote || Some(*f) == dialect.escape);
            value.push(taken.unwrap_or(c));
            rest = &next[taken.map_or(0, char::len_utf8)..];
        } else if c != quote {
            value.push(c);
            rest = next;
        } else if following == Some(quote) {
            // Quotes in a row without doubling: all but the last are text.
            value.push(quote);
            rest = next;
        } else {
            let mut after = next;
            while !after.starts_with(&dialect.sep) && after.starts_with(|c: char| c <= ' ') {
                after = &after[1..];
            }
            if after.is_empty() || after.starts_with(&dialect.sep) {
                return Some(((value, true), after));
            }
            let end = next.find(&dialect.sep).unwrap_or(next.len());
            return Some(((format!("{quote}{value}{quote}{}", &next[..end]), true), &next[end..]));
        }
    }
}

/// The value as text: numbers as Rust writes them.
fn value(text: &str, quoted: bool, kind: ValueType) -> Result<Option<String>, Cause> {
    if text.is_empty() {
        return Ok((quoted && kind == ValueType::String).then(String::new));
    }
    let value = match kind {
        ValueType::String => Some(text.to_owned()),
        ValueType::Long => integer(text, i64::MIN.into(), i64::MAX.into()),
        ValueType::Int => integer(text, i32::MIN.into(), i32::MAX.into()),
        ValueType::Double => {
            decimal(text, |t| t.parse::<f64>().ok().filter(|v| v.is_finite()).map(|v| format!("{v:?}")))
        }
        ValueType::Float => {
            decimal(text, |t| t.parse::<f32>().ok().filter(|v| v.is_finite()).map(|v| format!("{v:?}")))
        }
        ValueType::Boolean => Some(text.to_ascii_lowercase()).filter(|t| t == "true" || t == "false"),
    };
    value.map(Some).ok_or(Cause::FieldValue)
}

fn integer(text: &str, min: i128, max: i128) -> Option<String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    let value = text.parse::<i128>().ok().filter(|_| is_number)?;
    (min..=max).contains(&value).then(|| value.to_string())
}

fn decimal(text: &str, parse: impl Fn(&str) -> Option<String>) -> Option<String> {
    let text = text.trim_matches(|c: char| c <= ' ');
    match text {
        "NaN" => Some("NaN".to_owned()),
        "Inf" | "Infinity" | "+Infinity" => Some("inf".to_owned()),
        "-Inf" | "-Infinity" => Some("-inf".to_owned()),
        _ if text.chars().any(|c| c.is_ascii_alphabetic() && c != 'e' && c != 'E') => None,
        _ => parse(text),
    }
}
