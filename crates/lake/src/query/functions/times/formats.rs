//! Times as texts: the letters of MySQL, which Trino's `date_format` and `date_parse` take, and ISO 8601.

use crate::query::functions::kernel::refused;
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use datafusion::common::Result;
use std::fmt::Write;

/// The letters of MySQL as those of the library.
fn translated(format: &str) -> Result<String> {
    let mut translated = String::with_capacity(format.len());
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            translated.push(letter);
            continue;
        }
        translated.push_str(match letters.next() {
            Some('a') => "%a",
            Some('b') => "%b",
            Some('c') => "%-m",
            Some('d') => "%d",
            Some('e') => "%-d",
            Some('f') => "%6f",
            Some('H') => "%H",
            Some('h' | 'I') => "%I",
            Some('i') => "%M",
            Some('j') => "%j",
            Some('k') => "%-H",
            Some('l') => "%-I",
            Some('M') => "%B",
            Some('m') => "%m",
            Some('p') => "%p",
            Some('r') => "%I:%M:%S %p",
            Some('S' | 's') => "%S",
            Some('T') => "%H:%M:%S",
            Some('v') => "%V",
            Some('W') => "%A",
            Some('x') => "%G",
            Some('Y') => "%Y",
            Some('y') => "%y",
            Some('%') => "%%",
            _ => {
                return refused(
                    "a format has a letter that is not known; known are %Y %m %d %H %i %s %f %T and their like",
                );
            }
        });
    }
    Ok(translated)
}

pub(super) fn written(time: NaiveDateTime, format: &str) -> Result<String> {
    let mut text = String::new();
    match write!(text, "{}", time.format(&translated(format)?)) {
        Ok(()) => Ok(text),
        Err(_) => refused("a time cannot be written in that format"),
    }
}

pub(super) fn read(text: &str, format: &str) -> Result<NaiveDateTime> {
    let format = translated(format)?;
    let time = NaiveDateTime::parse_from_str(text, &format);
    // Hours alone: the minutes are none.
    let time = time.or_else(|_| NaiveDateTime::parse_from_str(&format!("{text} 0"), &format!("{format} %M")));
    let time = time.or_else(|_| NaiveDate::parse_from_str(text, &format).map(NaiveDateTime::from));
    time.or_else(|_| refused("a text is no time of that format"))
}

/// `2026-01-31`, `2026-01-31T12:00:00`, `2026-01-31T12:00:00.5+01:00`: in UTC.
pub(super) fn iso(text: &str) -> Result<NaiveDateTime> {
    let time = DateTime::parse_from_rfc3339(text).map(|time| time.naive_utc());
    let time = time.or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f"));
    let time = time.or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M"));
    let time = time.or_else(|_| NaiveDate::parse_from_str(text, "%Y-%m-%d").map(NaiveDateTime::from));
    time.or_else(|_| refused("a text is no time of ISO 8601"))
}
