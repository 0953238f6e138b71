//! The file of an answer: every value in quotes, null is nothing; a heading first. Of SHOW and the like: values apart by tabs,
//! without quotes and heading.
//!
//! Written batch by batch, and read from any line on.

use super::text;
use arrow_array::{Array as _, RecordBatch};
use arrow_schema::{ArrowError, Schema};

/// How values stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Quoted,
    Tabs,
}

/// The first line.
pub(super) fn heading(style: Style, schema: &Schema) -> String {
    let mut line = String::new();
    if style == Style::Quoted {
        for (at, field) in schema.fields().iter().enumerate() {
            if at > 0 {
                line.push(',');
            }
            quoted(field.name(), &mut line);
        }
        line.push('\n');
    }
    line
}

/// The rows of a batch.
pub(super) fn lines(style: Style, batch: &RecordBatch) -> Result<String, ArrowError> {
    let writers = batch.columns().iter().map(text::writer).collect::<Result<Vec<_>, _>>()?;
    let mut lines = String::with_capacity(batch.num_rows() * batch.num_columns() * 8);
    let mut value = String::new();
    for row in 0..batch.num_rows() {
        for (at, (column, write)) in batch.columns().iter().zip(&writers).enumerate() {
            if at > 0 {
                lines.push(if style == Style::Quoted { ',' } else { '\t' });
            }
            if column.is_null(row) {
                continue;
            }
            value.clear();
            write(row, &mut value);
            match style {
                Style::Quoted => quoted(&value, &mut lines),
                Style::Tabs => {
                    lines.extend(value.chars().map(|c| if matches!(c, '\t' | '\n' | '\r') { ' ' } else { c }));
                }
            }
        }
        lines.push('\n');
    }
    Ok(lines)
}

fn quoted(value: &str, line: &mut String) {
    line.push('"');
    for (at, part) in value.split('"').enumerate() {
        if at > 0 {
            line.push_str("\"\"");
        }
        line.push_str(part);
    }
    line.push('"');
}

/// One row of a file, and how many bytes it takes; none if the bytes end within it.
pub(super) fn row(style: Style, bytes: &[u8]) -> Option<(Vec<Option<String>>, usize)> {
    match style {
        Style::Quoted => quoted_row(bytes),
        Style::Tabs => {
            let end = bytes.iter().position(|b| *b == b'\n')?;
            let line = String::from_utf8_lossy(bytes.get(..end)?);
            Some((line.split('\t').map(|value| Some(value.to_owned())).collect(), end + 1))
        }
    }
}

fn quoted_row(bytes: &[u8]) -> Option<(Vec<Option<String>>, usize)> {
    let mut values = Vec::new();
    let mut at = 0;
    loop {
        let value = if bytes.get(at)? == &b'"' {
            let (value, length) = quoted_value(bytes.get(at..)?)?;
            at += length;
            Some(value)
        } else {
            None
        };
        values.push(value);
        let end = *bytes.get(at)?;
        at += 1;
        if end == b'\n' {
            return Some((values, at));
        }
    }
}

/// The value that bytes begin with, its quotes included in the length.
fn quoted_value(bytes: &[u8]) -> Option<(String, usize)> {
    let mut value = Vec::new();
    let mut at = 1;
    loop {
        let end = at + bytes.get(at..)?.iter().position(|b| *b == b'"')?;
        value.extend_from_slice(bytes.get(at..end)?);
        if bytes.get(end + 1)? != &b'"' {
            return Some((String::from_utf8_lossy(&value).into_owned(), end + 1));
        }
        value.push(b'"');
        at = end + 2;
    }
}
