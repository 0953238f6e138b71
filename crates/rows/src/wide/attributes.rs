//! INFO text to the attributes map, where the map follows from the text without a header. In: texts as stored in wide
//! tables. Out: maps. Records whose map does not follow have it stored beside (`formats/vcf/info.rs` decides).

use crate::Maps;
use arrow_array::{Array, ArrayRef, MapArray, StringArray};
use arrow_schema::{ArrowError, DataType};

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
