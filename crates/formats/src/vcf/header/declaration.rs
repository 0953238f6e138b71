//! One structured header line, `<ID=DP,Number=1,Type=Integer,Description="...">`, to a declaration. In: the text after
//! `##INFO=`. Out: what it declares, repaired as spec 7.2 says, and what is wrong with it.

use super::standard;
use crate::fault::Cause;
use varberg_rows::{Number, ValueKind};

/// Which lines are looked at. INFO and FORMAT lines declare columns; of the others only the form is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Info,
    Format,
    Filter,
    Contig,
    Alt,
    Sample,
    Pedigree,
    Meta,
}

impl Section {
    /// The members that a line must have, in this order.
    fn members(self) -> &'static [&'static str] {
        match self {
            Self::Info | Self::Format => &["ID", "Number", "Type", "Description"],
            // What 4.1 shows as examples of ALT lines has Number and Type as well.
            Self::Alt => &["ID", "Number", "Type", "Description"],
            Self::Meta => &["ID", "Type", "Number", "Values"],
            Self::Filter => &["ID", "Description"],
            Self::Contig | Self::Sample | Self::Pedigree => &["ID"],
        }
    }
}

/// What an INFO or FORMAT line declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declaration {
    pub(super) id: String,
    pub(super) number: Number,
    pub(crate) kind: ValueKind,
}

/// A declaration, none if the line has no ID, and the rules it breaks.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) declaration: Option<Declaration>,
    pub(super) problems: Vec<Cause>,
}

impl Parsed {
    fn unreadable(cause: Cause) -> Self {
        Self { declaration: None, problems: vec![cause] }
    }
}

/// A member of a structured line.
struct Member {
    key: String,
    value: String,
    quoted: bool,
}

pub(crate) fn parse(section: Section, body: &str, version: (u32, u32)) -> Parsed {
    if matches!(section, Section::Sample | Section::Pedigree | Section::Meta) {
        return match members(body) {
            Some(members) if is_unused_line(section, &members, version) => Parsed::default(),
            _ => Parsed::unreadable(Cause::UnusedHeaderLine),
        };
    }
    let Some(members) = members(body) else { return Parsed::unreadable(Cause::HeaderLine) };
    let value = |key: &str| members.iter().find(|m| m.key == key).map(|m| m.value.as_str());
    let mut problems = Vec::new();
    let Some(id) = value("ID") else { return Parsed::unreadable(Cause::NullHeaderField) };
    let is_name = matches!(section, Section::Contig | Section::Alt);
    let reserved: &[char] = if is_name { &['<', '>'] } else { &['<', '>', '='] };
    if id.contains(reserved) {
        problems.push(Cause::HeaderLine);
    } else if !is_id(section, id, version) {
        problems.push(Cause::HeaderId);
    }
    let order: Vec<usize> =
        section.members().iter().filter_map(|key| members.iter().position(|m| m.key == *key)).collect();
    if !order.is_sorted() {
        problems.push(Cause::HeaderOrder);
    }
    if members.iter().any(|m| m.key == "Description" && !m.quoted) {
        problems.push(Cause::UnquotedDescription);
    }
    if section == Section::Alt {
        let mut odd = Vec::new();
        value("Type").map(|text| kind(section, Some(text), &mut odd));
        value("Number").map(|text| number(ValueKind::String, Some(text), &mut odd));
        problems.extend(odd.first().map(|_| Cause::UnusedHeaderLine));
    }
    if !matches!(section, Section::Info | Section::Format) {
        return Parsed { declaration: None, problems };
    }
    let before = problems.len();
    let mut kind = kind(section, value("Type"), &mut problems);
    let mut number = number(kind, value("Number"), &mut problems);
    let declared_flag = kind == ValueKind::Flag && value("Number").is_some_and(|n| n != "0");
    if problems.len() == before && (declared_flag || !standard::agrees(section, id, number, kind, version)) {
        problems.push(Cause::StandardDeclaration);
    }
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
    let mut members = members(body)?;
    let mut take = |key: &str| members.iter().position(|m| m.key == key).map(|i| members.swap_remove(i).value);
    Some((take("ID")?, take("Description").unwrap_or_default()))
}

/// Whether an id has only characters that VCF allows there (VCF 4.3, sections 1.4 and 1.6).
fn is_id(section: Section, id: &str, version: (u32, u32)) -> bool {
    match section {
        Section::Contig => is_contig_name(id, version),
        Section::Info | Section::Format => {
            let starts = id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || id == "1000G";
            starts && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
        }
        Section::Filter => !id.is_empty() && id != "0" && !id.contains([';', ' ', '\t']),
        Section::Alt | Section::Sample | Section::Pedigree | Section::Meta => {
            !id.is_empty() && !id.contains([' ', '\t'])
        }
    }
}

/// Whether a SAMPLE, PEDIGREE or META line is well formed (VCF 4.3, 1.4.8 and 1.4.9), as far as it has values that other
/// lines refer to.
fn is_unused_line(section: Section, members: &[Member], version: (u32, u32)) -> bool {
    let value = |key: &str| members.iter().find(|m| m.key == key);
    let is_name = |m: &Member| !m.quoted && !m.value.contains([' ', '*', '"']);
    match section {
        Section::Meta => {
            let is = |key: &str, expected: &str| value(key).is_some_and(|m| m.value == expected);
            is("Type", "String") && is("Number", ".") && value("Values").is_some_and(|m| m.value.starts_with('['))
        }
        Section::Pedigree => {
            let names = members.iter().filter(|m| m.key != "Description");
            !members.is_empty()
                && (version < (4, 3) || value("ID").is_some())
                && names.into_iter().all(|m| is_name(m) && !m.value.contains(':'))
        }
        _ => value("ID").is_some_and(is_name) && value("Mixture").is_none_or(|m| !m.quoted),
    }
}

/// Whether a contig may have this name; a colon is allowed from 4.3 on.
pub(crate) fn is_contig_name(name: &str, version: (u32, u32)) -> bool {
    let may_follow = |byte: u8| {
        byte.is_ascii_graphic()
            && !matches!(
                byte,
                b'"' | b'\'' | b'(' | b')' | b',' | b'<' | b'>' | b'[' | b'\\' | b']' | b'`' | b'{' | b'}'
            )
            && (byte != b':' || version >= (4, 3))
    };
    !name.is_empty() && !name.starts_with(['*', '=']) && name.bytes().all(may_follow)
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
    members(body)?.into_iter().find(|member| member.key == "ID").map(|member| member.value)
}

/// The members of `<key=value,...>`; a value may be quoted, with `\` before a quote or a backslash, or be a list in
/// brackets.
fn members(body: &str) -> Option<Vec<Member>> {
    let mut rest = body.trim().strip_prefix('<')?.strip_suffix('>')?;
    let mut members = Vec::new();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=').filter(|(key, _)| !key.contains(','))?;
        let quoted = after.starts_with('"');
        let (value, after) = match after.strip_prefix('"') {
            Some(text) => quoted_value(text)?,
            None => {
                let list = if after.starts_with('[') { after.find(']').map(|end| end + 1) } else { None };
                let (value, after) = after.split_at(list.or_else(|| after.find(',')).unwrap_or(after.len()));
                (value.to_owned(), after)
            }
        };
        members.push(Member { key: key.trim().to_owned(), value, quoted });
        rest = match after.strip_prefix(',') {
            Some(after) => after,
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(members)
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
