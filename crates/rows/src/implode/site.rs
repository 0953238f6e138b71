//! The site columns of a row to the text of CHROM to INFO. In: a row. Out: eight columns of text.

use super::columns::{Columns, Lists};
use super::{ImplodeError, RecordText};
use arrow_array::{Array, StringArray};
use std::io::Write;

/// CHROM to INFO of a row whose site columns are there.
pub(super) fn texts(columns: &Columns<'_>, row: usize, record: i64) -> Result<RecordText, ImplodeError> {
    let raw = columns.raw.range(row);
    let mut text = RecordText { record, text: Vec::new(), ends: Vec::with_capacity(9) };
    let mut put = |key: &str, write: &dyn Fn(&mut Vec<u8>)| {
        match columns.raw.get(raw.clone(), key) {
            Some(own) => text.text.extend_from_slice(own.as_bytes()),
            None => write(&mut text.text),
        }
        text.ends.push(text.text.len());
    };
    if columns.start.is_null(row) || columns.reference.is_null(row) {
        return Err(ImplodeError::MissingSite);
    }
    put("CHROM", &|out| out.extend_from_slice(columns.contig.value(row).as_bytes()));
    put("POS", &|out| {
        // Writing to a Vec does not fail.
        let _ = write!(out, "{}", i128::from(columns.start.value(row)) + 1);
    });
    put("ID", &|out| put_list(&columns.names, row, b';', out));
    put("REF", &|out| out.extend_from_slice(columns.reference.value(row).as_bytes()));
    put("ALT", &|out| put_list(&columns.alternates, row, b',', out));
    put("QUAL", &|out| {
        let _ = match columns.qual.is_valid(row) {
            true => write!(out, "{}", columns.qual.value(row)),
            false => out.write_all(b"."),
        };
    });
    put("FILTER", &|out| put_list(&columns.filters, row, b';', out));
    put("INFO", &|out| put_info(columns, row, out));
    Ok(text)
}

fn put_list(lists: &Lists<'_, StringArray>, row: usize, separator: u8, out: &mut Vec<u8>) {
    let Some(range) = lists.range(row) else { return out.push(b'.') };
    for (place, at) in range.enumerate() {
        if place > 0 {
            out.push(separator);
        }
        out.extend_from_slice(lists.elements.value(at).as_bytes());
    }
}

fn put_info(columns: &Columns<'_>, row: usize, out: &mut Vec<u8>) {
    let range = columns.attributes.range(row);
    if range.is_empty() {
        out.push(b'.');
    }
    for (place, (key, value)) in range.map(|at| columns.attributes.entry(at)).enumerate() {
        if place > 0 {
            out.push(b';');
        }
        out.extend_from_slice(key.as_bytes());
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            out.push(b'=');
            out.extend_from_slice(value.as_bytes());
        }
    }
}
