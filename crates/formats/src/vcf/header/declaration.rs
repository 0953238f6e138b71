//! One structured header line, `<ID=DP,Number=1,Type=Integer,Description="...">`, to a declaration. In: the text after
//! `##INFO=`. Out: what it declares, repaired as spec 7.2 says, and what is wrong with it.

use crate::fault::Cause;
use varberg_rows::{Number, ValueKind};

/// Which lines are looked at; of FILTER and contig lines only that they parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Info,
    Format,
    Other,
}

/// What an INFO or FORMAT line declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declaration {
    pub(super) id: String,
    pub(super) number: Number,
    pub(super) kind: ValueKind,
}

/// A declaration, none if the line has no ID, and the rules it breaks.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) declaration: Option<Declaration>,
    pub(super) problems: Vec<Cause>,
}

pub(super) fn parse(section: Section, body: &str) -> Parsed {
    let Some(fields) = fields(body) else {
        return Parsed { declaration: None, problems: vec![Cause::HeaderLine] };
    };
    let value = |key: &str| fields.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
    let mut problems = Vec::new();
    let Some(id) = value("ID") else {
        return Parsed { declaration: None, problems: vec![Cause::NullHeaderField] };
    };
    if id.is_empty() || id.contains(['<', '>', '=']) {
        problems.push(Cause::HeaderLine);
    }
    if section == Section::Other {
        return Parsed { declaration: None, problems };
    }
    let mut kind = kind(section, value("Type"), &mut problems);
    let mut number = number(kind, value("Number"), &mut problems);
    if problems.iter().any(|p| matches!(p, Cause::UnknownType | Cause::NullHeaderField)) {
        kind = ValueKind::String;
        number = Number::Unknown;
    }
    if value("Description").is_none() {
        problems.push(Cause::MissingDescription);
    }
    Parsed { declaration: Some(Declaration { id: id.to_owned(), number, kind }), problems }
}

/// ID and description of a line; no text where it has no description.
pub(super) fn description(body: &str) -> Option<(String, String)> {
    let mut fields = fields(body)?;
    let mut take = |key: &str| fields.iter().position(|(k, _)| k == key).map(|i| fields.swap_remove(i).1);
    Some((take("ID")?, take("Description").unwrap_or_default()))
}

fn kind(section: Section, text: Option<&str>, problems: &mut Vec<Cause>) -> ValueKind {
    match text {
        Some("Integer") => ValueKind::Integer,
        Some("Float") => ValueKind::Float,
        Some("Character") => ValueKind::Character,
        Some("String") => ValueKind::String,
        Some("Flag") if section == Section::Info => ValueKind::Flag,
        Some(_) => {
            problems.push(Cause::UnknownType);
            ValueKind::String
        }
        None => {
            problems.push(Cause::NullHeaderField);
            ValueKind::String
        }
    }
}

fn number(kind: ValueKind, text: Option<&str>, problems: &mut Vec<Cause>) -> Number {
    if kind == ValueKind::Flag {
        return Number::Count(0);
    }
    match text {
        Some("A") => Number::A,
        Some("R") => Number::R,
        Some("G") => Number::G,
        Some(".") => Number::Unknown,
        Some("LA" | "LR" | "LG" | "P" | "M") => Number::Other,
        Some(text) => match text.parse::<u32>() {
            Ok(count) if count > 0 => Number::Count(count),
            _ => {
                problems.push(Cause::BadNumber);
                Number::Unknown
            }
        },
        None => {
            problems.push(Cause::NullHeaderField);
            Number::Unknown
        }
    }
}

/// The ID of a structured line, from the text after `##INFO=`.
pub(crate) fn id(body: &str) -> Option<String> {
    fields(body)?.into_iter().find(|(key, _)| key == "ID").map(|(_, id)| id)
}

/// The members of `<key=value,...>`; a value may be quoted, with `\` before a quote or a backslash.
fn fields(body: &str) -> Option<Vec<(String, String)>> {
    let mut rest = body.trim().strip_prefix('<')?.strip_suffix('>')?;
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted_value(quoted)?,
            None => {
                let end = after.find(',').unwrap_or(after.len());
                let (value, after) = after.split_at(end);
                (value.to_owned(), after)
            }
        };
        fields.push((key.trim().to_owned(), value));
        rest = match after.strip_prefix(',') {
            Some(after) => after,
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(fields)
}

/// The value before the closing quote, and what follows that.
fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match characters.next() {
                Some((_, escaped @ ('"' | '\\'))) => value.push(escaped),
                Some((_, other)) => value.extend(['\\', other]),
                None => return None,
            },
            other => value.push(other),
        }
    }
    None
}

/// Number and type after the standard-field repair of spec 7.2, whatever the file declares.
pub(super) fn repair(section: Section, declared: &Declaration) -> (Number, ValueKind) {
    use Number::{A, Count, G, R, Unknown};
    use ValueKind::{Flag, Float, Integer, String};
    match (section, declared.id.as_str()) {
        (Section::Format, "GT") => (Count(1), String),
        (Section::Format, "GQ" | "DP" | "PS") => (Count(1), Integer),
        (Section::Format, "PL") => (G, Integer),
        (Section::Format, "AD") => (R, Integer),
        (Section::Format, "FT") => (Unknown, String),
        (Section::Format, "PQ") => (Count(1), Float),
        (Section::Info, "END" | "DP" | "AN" | "MQ0") => (Count(1), Integer),
        (Section::Info, "DB" | "SOMATIC") => (Count(0), Flag),
        (Section::Info, "SB" | "MQ") => (Count(1), Float),
        (Section::Info, "AF") => (A, Float),
        (Section::Info, "AC") => (A, Integer),
        _ => (declared.number, declared.kind),
    }
}
