//! Regular expressions. Source: trino.io/docs/current/functions/regexp.html. The syntax is that of the crate `regex`: as in
//! Java, but without look-around and back-references, and in time linear in the text.

use super::kernel::{Kernel, arguments, refused};
use super::{list_of, number, text};
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{Array, ArrayRef, Int64Array, StringArray};
use arrow_schema::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;
use regex::Regex;
use std::sync::Arc;

pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![extract(), extract_all(), replace(), split(), position()]
}

/// Patterns repeat from row to row.
#[derive(Default)]
struct Patterns(Option<Regex>);

impl Patterns {
    fn get(&mut self, pattern: &str) -> Result<&Regex> {
        if self.0.as_ref().is_none_or(|known| known.as_str() != pattern) {
            let Ok(regex) = Regex::new(pattern) else {
                return refused("a pattern is no regular expression, or one with look-around or back-references");
            };
            self.0 = Some(regex);
        }
        match &self.0 {
            Some(regex) => Ok(regex),
            None => refused("a pattern is missing"),
        }
    }
}

/// The group that is asked for; the whole match without.
fn group(args: &[ArrayRef], row: usize) -> Result<Option<usize>> {
    if args.len() < 3 {
        return Ok(Some(0));
    }
    let groups = number(args, 2)?;
    if groups.is_null(row) {
        return Ok(None);
    }
    usize::try_from(groups.value(row)).map(Some).or_else(|_| no_group())
}

fn no_group<T>() -> Result<T> {
    refused("a pattern has no group of that number")
}

const WITH_GROUP: [DataType; 3] = [DataType::Utf8, DataType::Utf8, DataType::Int64];

fn extract() -> ScalarUDF {
    let kernel = Kernel {
        name: "regexp_extract",
        coerce: |found| arguments(found, 2, &WITH_GROUP, "regexp_extract(text, pattern[, group])"),
        answer: |_| Ok(DataType::Utf8),
        run: |args| {
            let mut patterns = Patterns::default();
            let mut found = StringBuilder::new();
            for (row, (whole, pattern)) in text(args, 0)?.iter().zip(text(args, 1)?).enumerate() {
                let (Some(whole), Some(pattern), Some(group)) = (whole, pattern, group(args, row)?) else {
                    found.append_null();
                    continue;
                };
                let regex = patterns.get(pattern)?;
                if group >= regex.captures_len() {
                    return no_group();
                }
                let captures = regex.captures(whole);
                found.append_option(captures.and_then(|captures| captures.get(group)).map(|found| found.as_str()));
            }
            Ok(Arc::new(found.finish()))
        },
    };
    kernel.function()
}

fn extract_all() -> ScalarUDF {
    let kernel = Kernel {
        name: "regexp_extract_all",
        coerce: |found| arguments(found, 2, &WITH_GROUP, "regexp_extract_all(text, pattern[, group])"),
        answer: |_| Ok(list_of(DataType::Utf8)),
        run: |args| {
            let mut patterns = Patterns::default();
            let mut found = ListBuilder::new(StringBuilder::new());
            for (row, (whole, pattern)) in text(args, 0)?.iter().zip(text(args, 1)?).enumerate() {
                let (Some(whole), Some(pattern), Some(group)) = (whole, pattern, group(args, row)?) else {
                    found.append_null();
                    continue;
                };
                let regex = patterns.get(pattern)?;
                if group >= regex.captures_len() {
                    return no_group();
                }
                for captures in regex.captures_iter(whole) {
                    found.values().append_option(captures.get(group).map(|found| found.as_str()));
                }
                found.append(true);
            }
            Ok(Arc::new(found.finish()))
        },
    };
    kernel.function()
}

fn replace() -> ScalarUDF {
    let kernel = Kernel {
        name: "regexp_replace",
        coerce: |found| {
            let kinds = [DataType::Utf8, DataType::Utf8, DataType::Utf8];
            arguments(found, 2, &kinds, "regexp_replace(text, pattern[, replacement])")
        },
        answer: |_| Ok(DataType::Utf8),
        run: |args| {
            let mut patterns = Patterns::default();
            let replacements = args.get(2).map(|_| text(args, 2)).transpose()?;
            let mut replaced = StringBuilder::new();
            for (row, (whole, pattern)) in text(args, 0)?.iter().zip(text(args, 1)?).enumerate() {
                let new = replacements.map_or(Some(""), |new| new.is_valid(row).then(|| new.value(row)));
                let (Some(whole), Some(pattern), Some(new)) = (whole, pattern, new) else {
                    replaced.append_null();
                    continue;
                };
                let regex = patterns.get(pattern)?;
                let new = template(new, regex)?;
                replaced.append_value(regex.replace_all(whole, new.as_str()));
            }
            Ok(Arc::new(replaced.finish()))
        },
    };
    kernel.function()
}

/// A replacement of Java as one of the crate: `$1` is group 1 whatever follows, `${name}` a named group, `\$` a dollar.
fn template(text: &str, regex: &Regex) -> Result<String> {
    let mut written = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '\\' => match rest.next() {
                Some('$') => written.push_str("$$"),
                Some(other) => written.push(other),
                None => return refused("a replacement ends with a backslash"),
            },
            '$' if rest.peek() == Some(&'{') => written.push('$'),
            '$' => {
                let mut group: Option<usize> = None;
                while let Some(digit) = rest.peek().and_then(|next| next.to_digit(10)) {
                    let longer = group.unwrap_or(0).saturating_mul(10).saturating_add(digit as usize);
                    if group.is_some() && longer >= regex.captures_len() {
                        break;
                    }
                    group = Some(longer);
                    rest.next();
                }
                match group {
                    Some(group) if group < regex.captures_len() => written.push_str(&format!("${{{group}}}")),
                    _ => return no_group(),
                }
            }
            other => written.push(other),
        }
    }
    Ok(written)
}

fn split() -> ScalarUDF {
    let kernel = Kernel {
        name: "regexp_split",
        coerce: |found| arguments(found, 2, &[DataType::Utf8, DataType::Utf8], "regexp_split(text, pattern)"),
        answer: |_| Ok(list_of(DataType::Utf8)),
        run: |args| {
            let mut patterns = Patterns::default();
            let mut parts = ListBuilder::new(StringBuilder::new());
            for (whole, pattern) in text(args, 0)?.iter().zip(text(args, 1)?) {
                let (Some(whole), Some(pattern)) = (whole, pattern) else {
                    parts.append_null();
                    continue;
                };
                patterns.get(pattern)?.split(whole).for_each(|part| parts.values().append_value(part));
                parts.append(true);
            }
            Ok(Arc::new(parts.finish()))
        },
    };
    kernel.function()
}

/// `regexp_position(text, pattern)`: the first character of the first match, from 1; -1 without.
fn position() -> ScalarUDF {
    let kernel = Kernel {
        name: "regexp_position",
        coerce: |found| arguments(found, 2, &[DataType::Utf8, DataType::Utf8], "regexp_position(text, pattern)"),
        answer: |_| Ok(DataType::Int64),
        run: |args| {
            let mut patterns = Patterns::default();
            let place = |(whole, pattern): (Option<&str>, Option<&str>)| {
                let (Some(whole), Some(pattern)) = (whole, pattern) else { return Ok(None) };
                let found = patterns.get(pattern)?.find(whole);
                let before = found.and_then(|found| whole.get(..found.start()));
                Ok(Some(before.map_or(-1, |before| i64::try_from(before.chars().count() + 1).unwrap_or(i64::MAX))))
            };
            let texts: &StringArray = text(args, 0)?;
            Ok(Arc::new(texts.iter().zip(text(args, 1)?).map(place).collect::<Result<Int64Array>>()?))
        },
    };
    kernel.function()
}
