//! The sample columns of a row to the text of one sample. In: FORMAT, a row. Out: values joined by `:`.
//!
//! What a value's text follows from, where `_raw` does not have it, is what `explode/values.rs` says.

use super::ImplodeError;
use super::columns::{Columns, INT_KEYS, LIST_KEYS};
use crate::{RecordShape, ValueKind, explode, ints};
use arrow_array::Array;
use std::collections::HashMap;
use std::io::Write;

/// The declared FORMAT keys of a file, and which column holds the values of each.
#[derive(Debug)]
pub(super) struct Keys(HashMap<String, Source>);

/// Where the values of a FORMAT key are.
#[derive(Debug, Clone)]
enum Source {
    Calls,
    Int(usize),
    List(usize),
    /// GL.
    Doubles,
    Information {
        /// Place among the entries of the map, and key there.
        place: usize,
        key: String,
        scalar: bool,
        float: bool,
    },
    /// Only in `_raw`: undeclared keys.
    Raw,
}

impl Keys {
    pub(super) fn new(shape: &RecordShape) -> Self {
        let position = |keys: [&str; 3], id: &str| keys.iter().position(|key| *key == id);
        let mut information = Vec::new();
        let mut keys = HashMap::new();
        for format in &shape.formats {
            let source = match (format.id.as_str(), position(INT_KEYS, &format.id), position(LIST_KEYS, &format.id)) {
                ("GT", ..) => Source::Calls,
                (_, Some(int), _) => Source::Int(int),
                (_, _, Some(list)) => Source::List(list),
                ("GL", ..) => Source::Doubles,
                _ => {
                    information.push(format);
                    continue;
                }
            };
            keys.insert(format.id.clone(), source);
        }
        let names = explode::information_keys(information.iter().map(|format| format.id.as_str()));
        for (place, (format, key)) in information.iter().zip(names).enumerate() {
            let (scalar, float) = (format.number.is_scalar(), format.kind == ValueKind::Float);
            keys.insert(format.id.clone(), Source::Information { place, key, scalar, float });
        }
        Self(keys)
    }
}

/// What to do for each key of a FORMAT text; made anew when the text changes.
#[derive(Debug, Default)]
pub(super) struct Plan {
    format: String,
    /// Source, and key in `_raw`.
    values: Vec<(Source, String)>,
}

impl Plan {
    pub(super) fn set(&mut self, format: &str, keys: &Keys) {
        if self.format == format && !self.values.is_empty() {
            return;
        }
        format.clone_into(&mut self.format);
        let value = |id: &str| match keys.0.get(id) {
            Some(Source::Calls) => (Source::Calls, "GT".to_owned()),
            Some(source) => (source.clone(), format!("FORMAT/{id}")),
            None => (Source::Raw, format!("FORMAT/{id}")),
        };
        self.values = format.split(':').map(value).collect();
    }

    /// Appends the text of the row's sample.
    pub(super) fn put_sample(&self, columns: &Columns<'_>, row: usize, out: &mut Vec<u8>) -> Result<(), ImplodeError> {
        let raw = columns.raw.range(row);
        let count = match columns.raw.get(raw.clone(), "SAMPLE") {
            Some(count) => count.parse::<usize>().map_err(|_| ImplodeError::Damaged)?,
            None => self.values.len(),
        };
        for (place, (source, key)) in self.values.iter().take(count).enumerate() {
            if place > 0 {
                out.push(b':');
            }
            let text = if raw.is_empty() { None } else { columns.raw.get(raw.clone(), key) };
            match text {
                Some(text) => out.extend_from_slice(text.as_bytes()),
                None => put_value(source, columns, row, out)?,
            }
        }
        Ok(())
    }
}

/// Appends the text that a column tells.
fn put_value(source: &Source, columns: &Columns<'_>, row: usize, out: &mut Vec<u8>) -> Result<(), ImplodeError> {
    match source {
        Source::Raw => out.push(b'.'),
        Source::Calls => put_genotype(columns, row, out),
        Source::Int(at) => match columns.ints.get(*at).filter(|column| column.is_valid(row)) {
            Some(column) => ints::put_decimal(column.value(row), out),
            None => out.push(b'.'),
        },
        Source::List(at) => {
            let list = columns.lists.get(*at);
            match list.and_then(|list| Some((list, list.range(row)?))) {
                Some((list, range)) => range.enumerate().for_each(|(place, element)| {
                    if place > 0 {
                        out.push(b',');
                    }
                    ints::put_decimal(list.elements.value(element), out);
                }),
                None => out.push(b'.'),
            }
        }
        Source::Doubles => match columns.doubles.range(row) {
            Some(range) => range.enumerate().for_each(|(place, element)| {
                if place > 0 {
                    out.push(b',');
                }
                // Writing to a Vec does not fail.
                let _ = write!(out, "{}", columns.doubles.elements.value(element));
            }),
            None => out.push(b'.'),
        },
        Source::Information { place, key, scalar, float } => {
            let range = columns.information.range(row);
            let value = match range.clone().nth(*place).map(|at| columns.information.entry(at)) {
                Some((own, value)) if own == key => value,
                _ => columns.information.get(range, key),
            };
            return put_information(value, *scalar, *float, out);
        }
    }
    Ok(())
}

fn put_genotype(columns: &Columns<'_>, row: usize, out: &mut Vec<u8>) {
    let Some(range) = columns.calls.range(row) else { return out.push(b'.') };
    let separator = if columns.phased.is_valid(row) && columns.phased.value(row) { b'|' } else { b'/' };
    for (place, at) in range.enumerate() {
        if place > 0 {
            out.push(separator);
        }
        match columns.calls.elements.value(at) {
            missing if missing < 0 => out.push(b'.'),
            allele => ints::put_decimal(allele, out),
        }
    }
}

/// A scalar is its own text, `[a, b]` means `a,b`; floats are in Java's spelling there.
fn put_information(value: Option<&str>, scalar: bool, float: bool, out: &mut Vec<u8>) -> Result<(), ImplodeError> {
    let Some(value) = value else {
        out.push(b'.');
        return Ok(());
    };
    if scalar {
        return put_member(value, float, out);
    }
    let members = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).ok_or(ImplodeError::Damaged)?;
    // No member has a comma: each comma is a separator, and the space after it is ours.
    for (place, member) in members.split(',').enumerate() {
        if place > 0 {
            out.push(b',');
        }
        let member = if place > 0 { member.strip_prefix(' ').ok_or(ImplodeError::Damaged)? } else { member };
        put_member(member, float, out)?;
    }
    Ok(())
}

fn put_member(text: &str, float: bool, out: &mut Vec<u8>) -> Result<(), ImplodeError> {
    if float {
        let value: f64 = text.parse().map_err(|_| ImplodeError::Damaged)?;
        // Writing to a Vec does not fail.
        let _ = write!(out, "{value}");
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    Ok(())
}
