//! Values as Athena writes them in files of answers: `[1, 2]`, `{key=value}`, `1.0E10`, `2026-01-31 12:00:00.000`.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{ArrowError, DataType};
use std::fmt::Write as _;

const NULL: &str = "null";

/// Writes the value of a row.
pub(super) type Writer<'a> = Box<dyn Fn(usize, &mut String) + 'a>;

/// What writes the values of a column; they are not to be null.
pub(super) fn writer(array: &ArrayRef) -> Result<Writer<'_>, ArrowError> {
    Ok(match array.data_type() {
        DataType::Utf8 => {
            let texts = array.as_string::<i32>();
            Box::new(move |row, out| out.push_str(texts.value(row)))
        }
        DataType::Float64 => {
            let numbers = array.as_primitive::<Float64Type>();
            Box::new(move |row, out| float(out, numbers.value(row), &numbers.value(row)))
        }
        DataType::Float32 => {
            let numbers = array.as_primitive::<Float32Type>();
            Box::new(move |row, out| float(out, f64::from(numbers.value(row)), &numbers.value(row)))
        }
        DataType::List(_) => {
            let lists = array.as_list::<i32>();
            let items = with_nulls(lists.values())?;
            let offsets = lists.value_offsets();
            Box::new(move |row, out| many(out, ['[', ']'], bounds(offsets, row), |at, out| items(at, out)))
        }
        DataType::Map(..) => {
            let maps = array.as_map();
            let (keys, values) = (with_nulls(maps.keys())?, with_nulls(maps.values())?);
            let offsets = maps.value_offsets();
            Box::new(move |row, out| {
                many(out, ['{', '}'], bounds(offsets, row), |at, out| {
                    keys(at, out);
                    out.push('=');
                    values(at, out);
                });
            })
        }
        DataType::Struct(fields) => {
            let members = array.as_struct();
            let writers = members.columns().iter().map(with_nulls).collect::<Result<Vec<_>, _>>()?;
            let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
            Box::new(move |row, out| {
                many(out, ['{', '}'], 0..names.len(), |at, out| {
                    let (Some(name), Some(write)) = (names.get(at), writers.get(at)) else { return };
                    out.push_str(name);
                    out.push('=');
                    write(row, out);
                });
            })
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            let bytes = arrow_cast::cast(array, &DataType::Binary)?;
            Box::new(move |row, out| {
                let text: Vec<String> =
                    bytes.as_binary::<i32>().value(row).iter().map(|b| format!("{b:02x}")).collect();
                out.push_str(&text.join(" "));
            })
        }
        DataType::Timestamp(..) => {
            let options = FormatOptions::default()
                .with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.3f"))
                .with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.3f %Z"));
            formatted(array, &options)?
        }
        DataType::Utf8View | DataType::LargeUtf8 | DataType::Dictionary(..) => {
            let texts = arrow_cast::cast(array, &DataType::Utf8)?;
            Box::new(move |row, out| out.push_str(texts.as_string::<i32>().value(row)))
        }
        DataType::LargeList(item) | DataType::FixedSizeList(item, _) | DataType::ListView(item) => {
            let lists = arrow_cast::cast(array, &DataType::List(item.clone()))?;
            Box::new(move |row, out| {
                if let Ok(write) = writer(&lists) {
                    write(row, out);
                }
            })
        }
        _ => formatted(array, &FormatOptions::default())?,
    })
}

fn formatted<'a>(array: &'a ArrayRef, options: &FormatOptions<'a>) -> Result<Writer<'a>, ArrowError> {
    let formatter = ArrayFormatter::try_new(array.as_ref(), options)?;
    Ok(Box::new(move |row, out| {
        let _ = write!(out, "{}", formatter.value(row));
    }))
}

/// As [`writer`], for what stands within a value.
fn with_nulls(array: &ArrayRef) -> Result<Writer<'_>, ArrowError> {
    let write = writer(array)?;
    Ok(Box::new(move |row, out| if array.is_null(row) { out.push_str(NULL) } else { write(row, out) }))
}

fn many(out: &mut String, [open, close]: [char; 2], range: std::ops::Range<usize>, write: impl Fn(usize, &mut String)) {
    let first = range.start;
    out.push(open);
    for at in range {
        if at > first {
            out.push_str(", ");
        }
        write(at, out);
    }
    out.push(close);
}

fn bounds(offsets: &[i32], row: usize) -> std::ops::Range<usize> {
    let at = |row: usize| offsets.get(row).and_then(|at| usize::try_from(*at).ok()).unwrap_or(0);
    at(row)..at(row + 1)
}

/// As Java writes it: in plain digits from 0.001 to below ten million, else with an exponent.
fn float<T: std::fmt::Debug + std::fmt::LowerExp>(out: &mut String, value: f64, shown: &T) {
    let size = value.abs();
    if value.is_nan() {
        out.push_str("NaN");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "Infinity" } else { "-Infinity" });
    } else if size == 0.0 || (1e-3..1e7).contains(&size) {
        let _ = write!(out, "{shown:?}");
    } else {
        let text = format!("{shown:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let point = if digits.contains('.') { "" } else { ".0" };
        let _ = write!(out, "{digits}{point}E{exponent}");
    }
}
