//! INFO text to the attributes map, or to the values of one of its keys, where the map follows from the text without a header. In: texts as stored in wide
//! tables. Out: maps. Records whose map does not follow have it stored beside (`formats/vcf/info.rs` decides).

use crate::Maps;
use crate::builders::row_range;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, MapArray, StringArray};
use arrow_schema::{ArrowError, DataType};
use memchr::memmem;

/// The entries of an INFO text: `key=value` gives key and value, a key alone an empty value.
fn entries(info: &str) -> impl Iterator<Item = (&str, &str)> {
    info.split(';').map(|entry| match memchr::memchr(b'=', entry.as_bytes()) {
        Some(at) => (entry.get(..at).unwrap_or_default(), entry.get(at + 1..).unwrap_or_default()),
        None => (entry, ""),
    })
}

/// The maps of records: that of `stored` where it has one, else the one that `info` tells; an empty one for null.
pub(super) fn attributes(
    info: &StringArray,
    stored: &MapArray,
    kind: &DataType,
) -> Result<Option<ArrayRef>, ArrowError> {
    let mut maps = Maps::default();
    for row in 0..info.len() {
        if stored.is_valid(row) {
            maps.repeat(stored, row, 1);
        } else if info.is_null(row) {
            maps.close_rows(0, 1);
        } else {
            let mut count = 0;
            for (key, value) in entries(info.value(row)) {
                maps.push(key, value);
                count += 1;
            }
            maps.close_rows(count, 1);
        }
    }
    maps.finish(kind)
}

/// The value of one key in each of the maps that [`attributes`] makes, without making them; null where a map lacks the key.
pub fn info_values(info: &StringArray, stored: &MapArray, key: &str) -> StringArray {
    let finder = memmem::Finder::new(key);
    // No key that follows from the text alone holds what ends one.
    let is_key = !key.contains(['=', ';']);
    let value = |row: usize| {
        if stored.is_valid(row) {
            return stored_value(stored, row, key);
        }
        if info.is_null(row) || !is_key { None } else { value_of(info.value(row), key, &finder) }
    };
    (0..info.len()).map(value).collect()
}

/// The value of a key that stands once in a text, if at all.
fn value_of<'a>(info: &'a str, key: &str, finder: &memmem::Finder<'_>) -> Option<&'a str> {
    let bytes = info.as_bytes();
    finder.find_iter(bytes).find_map(|at| {
        let begins = at.checked_sub(1).is_none_or(|before| bytes.get(before) == Some(&b';'));
        let rest = info.get(at + key.len()..).filter(|_| begins)?;
        match rest.as_bytes().first() {
            None | Some(b';') => Some(""),
            Some(b'=') => {
                let value = rest.get(1..)?;
                value.get(..memchr::memchr(b';', value.as_bytes()).unwrap_or(value.len()))
            }
            Some(_) => None,
        }
    })
}

fn stored_value<'a>(stored: &'a MapArray, row: usize, key: &str) -> Option<&'a str> {
    entries_of(stored, row).find(|(own, _)| *own == key).map(|(_, value)| value)
}

/// Keys and values of a stored map.
pub(super) fn entries_of(stored: &MapArray, row: usize) -> impl Iterator<Item = (&str, &str)> {
    let columns = stored.keys().as_string_opt::<i32>().zip(stored.values().as_string_opt::<i32>());
    let entries = columns.zip(row_range(stored.value_offsets(), row)).into_iter();
    entries.flat_map(|((keys, values), range)| {
        range.filter(|at| values.is_valid(*at)).map(move |at| (keys.value(at), values.value(at)))
    })
}

#[cfg(test)]
mod tests;
