//! FORMAT values of one sample to values of the table (spec 8.3). In: cells of vectors. Out: integers, lists, texts in
//! Spark's spelling, and whether the text as written can be told from them. A value that does not parse is null.
//!
//! Texts are told from values so: null and absent raw text mean `.`; integers and lists of numbers are decimals joined
//! by commas; a scalar of `information` is its own text, a list is `[a, b]` for `a,b`; a float, in either, is the
//! shortest plain decimal of the double it means.

use crate::ints::{self, MISSING};
use crate::vector::{self, Cell};
use crate::{DistinctNames, FormatColumn, ValueKind};
use std::io::Write;

/// An integer, and whether the text is its decimal (or `.`, or absent).
pub(super) fn integer(cell: Cell<'_>, rounds: bool, scratch: &mut Vec<u8>) -> (Option<i32>, bool) {
    match cell {
        Cell::Absent => (None, true),
        Cell::Ints(values) => {
            let mut values = values.iter();
            match (values.next(), values.next()) {
                (Some(MISSING), None) => (None, true),
                (Some(value), None) => (Some(value), true),
                _ => (None, false),
            }
        }
        cell => {
            let text = text(cell, scratch);
            let value = ints::loose_int(text).or_else(|| rounds.then(|| vector::rounded(text))?);
            (value, text == b"." || (value.is_some() && ints::canonical_int(text) == value))
        }
    }
}

/// Appends the integers of a list; whether there is a list, and whether the text is their decimals joined by commas.
/// Any member that is no integer, such as `.`, makes the whole list null (spec 7.3).
pub(super) fn integers(cell: Cell<'_>, out: &mut Vec<i32>, scratch: &mut Vec<u8>) -> (bool, bool) {
    match cell {
        Cell::Absent => (false, true),
        Cell::Ints(values) => {
            let (mut count, mut missing) = (0, 0);
            for value in values.iter() {
                count += 1;
                missing += usize::from(value == MISSING);
                out.push(value);
            }
            (missing == 0, missing == 0 || count == 1)
        }
        cell => {
            let text = text(cell, scratch);
            let mut exact = true;
            for member in text.split(|b| *b == b',') {
                match ints::loose_int(member) {
                    Some(value) => {
                        exact &= ints::canonical_int(member) == Some(value);
                        out.push(value);
                    }
                    None => return (false, text == b"."),
                }
            }
            (true, exact)
        }
    }
}

/// Appends the numbers of a list; whether there is a list, and whether the text is their shortest plain decimals joined by
/// commas. Any member that is no number, such as `.`, makes the whole list null, as for integers.
pub(super) fn doubles(cell: Cell<'_>, out: &mut Vec<f64>, scratch: &mut Vec<u8>) -> (bool, bool) {
    if let Cell::Absent = cell {
        return (false, true);
    }
    let text = text(cell, scratch);
    let mut exact = true;
    for member in text.split(|b| *b == b',') {
        let Some(value) = vector::float(member) else { return (false, text == b".") };
        exact &= vector::is_canonical_float(member);
        out.push(value);
    }
    (true, exact)
}

/// Appends the value of `information`; whether it is not null, and whether it tells the text.
pub(super) fn information(
    cell: Cell<'_>,
    format: &FormatColumn,
    out: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
) -> (bool, bool) {
    if let Cell::Absent = cell {
        return (false, true);
    }
    let text = text(cell, scratch);
    if text == b"." {
        return (false, true);
    }
    if format.id == "FT" && text == b"PASS" {
        return (false, false);
    }
    if format.number.is_scalar() {
        return match format.kind {
            ValueKind::Integer | ValueKind::Float => match number(text, format.kind, out) {
                Some(exact) => (true, exact),
                None => (false, false),
            },
            _ => {
                out.extend_from_slice(text);
                (true, true)
            }
        };
    }
    let (mut exact, mut first) = (true, true);
    out.push(b'[');
    for member in text.split(|b| *b == b',') {
        if member == b"." {
            exact = false;
            continue;
        }
        if !first {
            out.extend_from_slice(b", ");
        }
        first = false;
        match format.kind {
            ValueKind::Integer | ValueKind::Float => match number(member, format.kind, out) {
                Some(same) => exact &= same,
                None => return (false, false),
            },
            _ => out.extend_from_slice(member),
        }
    }
    out.push(b']');
    (true, exact)
}

fn text<'a>(cell: Cell<'a>, scratch: &'a mut Vec<u8>) -> &'a [u8] {
    if let Cell::Text(text) = cell {
        return text;
    }
    scratch.clear();
    cell.put_text(scratch);
    scratch
}

/// Appends a number in Spark's spelling; whether that tells the text. None, and nothing appended, where it is none.
fn number(text: &[u8], kind: ValueKind, out: &mut Vec<u8>) -> Option<bool> {
    if kind == ValueKind::Integer {
        let value = ints::loose_int(text)?;
        ints::put_decimal(value, out);
        return Some(ints::canonical_int(text).is_some());
    }
    put_java_double(vector::float(text)?, out);
    Some(vector::is_canonical_float(text))
}

/// Appends a double as Java's `Double.toString` spells it, with the shortest digits that mean it (as from JDK 19 on):
/// `0.5`, `100.0`, `1.0E7`, `1.0E-5`.
fn put_java_double(value: f64, out: &mut Vec<u8>) {
    if !value.is_finite() {
        let name = if value.is_nan() {
            "NaN"
        } else if value < 0.0 {
            "-Infinity"
        } else {
            "Infinity"
        };
        return out.extend_from_slice(name.as_bytes());
    }
    let magnitude = value.abs();
    let plain = magnitude == 0.0 || (1e-3..1e7).contains(&magnitude);
    let start = out.len();
    // Writing to a Vec does not fail.
    let _ = if plain { write!(out, "{value:?}") } else { write!(out, "{value:E}") };
    let digits = out.iter().skip(start).position(|b| *b == b'E');
    if let Some(len) = digits
        && !out.iter().skip(start).any(|b| *b == b'.')
    {
        out.splice(start + len..start + len, *b".0");
    }
}

/// Key of a FORMAT field in `information` before clashes are resolved (spec 8.3).
fn key(id: &str) -> String {
    match id {
        "GP" => "posteriorprobabilities".to_owned(),
        "HQ" => "haplotypequalities".to_owned(),
        "EC" => "expectedallelecounts".to_owned(),
        "MQ" => "mappingquality".to_owned(),
        "FT" => "genotype_filters".to_owned(),
        other => other.to_lowercase(),
    }
}

/// Keys of `information`, in the order given; where two would be equal the later gets `_2`, `_3` and so on.
pub(crate) fn keys<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names = DistinctNames::default();
    ids.map(|id| names.take(&key(id))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Number;

    #[test]
    fn doubles_are_spelled_as_java_spells_them() {
        let java = |value| {
            let mut out = Vec::new();
            put_java_double(value, &mut out);
            String::from_utf8(out).unwrap()
        };
        for (value, text) in [
            (0.5, "0.5"),
            (100.0, "100.0"),
            (1e-5, "1.0E-5"),
            (1e7, "1.0E7"),
            (9_999_999.0, "9999999.0"),
            (0.001, "0.001"),
            (0.000_999, "9.99E-4"),
            (-1.5e-10, "-1.5E-10"),
            (1.234e23, "1.234E23"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(java(value), text);
        }
    }

    #[test]
    fn keys_are_renamed_lowered_and_told_apart() {
        let ids = ["GP", "HQ", "EC", "MQ", "FT", "AF", "MIN_DP", "Af", "aF", "af_2"];
        let expected = [
            "posteriorprobabilities",
            "haplotypequalities",
            "expectedallelecounts",
            "mappingquality",
            "genotype_filters",
            "af",
            "min_dp",
            "af_2",
            "af_3",
            "af_2_2",
        ];
        assert_eq!(keys(ids.into_iter()), expected);
    }

    #[test]
    fn information_is_cast_as_spark_casts() {
        use Number::{Count, R, Unknown};
        use ValueKind::{Float, Integer, String as Text};
        let cast = |id: &str, number, kind, text: &str| {
            let format = FormatColumn { id: id.to_owned(), number, kind, declared: true };
            let (mut out, mut scratch) = (Vec::new(), Vec::new());
            let (valid, exact) = information(Cell::Text(text.as_bytes()), &format, &mut out, &mut scratch);
            (valid.then(|| String::from_utf8(out).unwrap()), exact)
        };
        for (id, number, kind, text, expected, exact) in [
            ("X", Count(1), Integer, "12", Some("12"), true),
            ("X", Count(1), Integer, "012", Some("12"), false),
            ("X", Count(1), Integer, "1,2", None, false),
            ("X", Count(1), Float, "0.5", Some("0.5"), true),
            ("X", Count(1), Float, "12", Some("12.0"), true),
            ("X", Count(1), Float, "0.50", Some("0.5"), false),
            ("X", Count(1), Float, "1e-5", Some("1.0E-5"), false),
            ("X", Count(1), Float, "x", None, false),
            ("X", Count(1), Text, "a,b", Some("a,b"), true),
            ("X", Count(1), Text, ".", None, true),
            ("X", Count(2), Integer, "1,2", Some("[1, 2]"), true),
            ("X", R, Integer, "1,.,3", Some("[1, 3]"), false),
            ("X", R, Float, "0.48", Some("[0.48]"), true),
            ("X", Unknown, Text, "a,.,b", Some("[a, b]"), false),
            ("FT", Unknown, Text, "q1", Some("[q1]"), true),
            ("FT", Unknown, Text, "PASS", None, false),
            ("FT", Unknown, Text, ".", None, true),
        ] {
            assert_eq!(cast(id, number, kind, text), (expected.map(str::to_owned), exact), "{id} {text}");
        }
    }
}
