//! Values of a row as words: rows are equal if their words are. Values of SQL's `GROUP BY`: null is equal to null.

use super::texts::Texts;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, Int32Array, ListArray, PrimitiveArray, StringArray};
use arrow_schema::{DataType, TimeUnit};
use datafusion::common::{DataFusionError, Result};

/// The word of a null, which no other value has: numbers of texts are below 2^32, packed lists have another first bit.
const NULL: u64 = u64::MAX;
/// Marks a list that is packed into its word.
const PACKED: u64 = 1 << 62;

/// How the values of one column become words.
#[derive(Debug)]
pub(super) enum Column {
    Boolean,
    Int32,
    Date32,
    /// Numbers of 64 bits: any word may be a value, so whether it is null is a word of its own.
    Int64,
    Timestamp,
    Float64,
    Utf8(Texts),
    Integers { texts: Texts, bytes: Vec<u8> },
    Strings { texts: Texts, bytes: Vec<u8> },
}

impl Column {
    /// None for types whose values are not compared.
    pub(super) fn new(kind: &DataType) -> Option<Self> {
        Some(match kind {
            DataType::Boolean => Self::Boolean,
            DataType::Int32 => Self::Int32,
            DataType::Date32 => Self::Date32,
            DataType::Int64 => Self::Int64,
            DataType::Timestamp(TimeUnit::Microsecond, _) => Self::Timestamp,
            DataType::Float64 => Self::Float64,
            DataType::Utf8 => Self::Utf8(Texts::default()),
            DataType::List(element) => match element.data_type() {
                DataType::Int32 => Self::Integers { texts: Texts::default(), bytes: Vec::new() },
                DataType::Utf8 => Self::Strings { texts: Texts::default(), bytes: Vec::new() },
                _ => return None,
            },
            _ => return None,
        })
    }

    /// Words of one row.
    pub(super) fn words(&self) -> usize {
        match self {
            Self::Int64 | Self::Timestamp | Self::Float64 => 2,
            _ => 1,
        }
    }

    /// Bytes of memory for values that were seen.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Utf8(texts) | Self::Integers { texts, .. } | Self::Strings { texts, .. } => texts.size(),
            _ => 0,
        }
    }

    /// Forgets the values that were seen: their words have no meaning any more.
    pub(super) fn clear(&mut self) {
        if let Self::Utf8(texts) | Self::Integers { texts, .. } | Self::Strings { texts, .. } = self {
            *texts = Texts::default();
        }
    }

    /// Writes the words of all rows of `array` into `words`, row by row, each row `width` words after the one before.
    pub(super) fn write(&mut self, array: &ArrayRef, words: &mut [u64], width: usize) -> Result<()> {
        let rows = words.chunks_mut(width);
        match self {
            Self::Boolean => {
                let values = array.as_boolean_opt().ok_or_else(wrong)?;
                rows.zip(values).for_each(|(row, value)| put(row, value.map_or(NULL, u64::from)));
            }
            Self::Int32 => narrow(of::<Int32Type>(array)?, rows),
            Self::Date32 => narrow(of::<Date32Type>(array)?, rows),
            Self::Int64 => wide(of::<Int64Type>(array)?, rows, |value| value as u64),
            Self::Timestamp => wide(of::<TimestampMicrosecondType>(array)?, rows, |value| value as u64),
            Self::Float64 => wide(of::<Float64Type>(array)?, rows, f64::to_bits),
            Self::Utf8(texts) => {
                let values = array.as_string_opt::<i32>().ok_or_else(wrong)?;
                rows.zip(values).for_each(|(row, value)| put(row, value.map_or(NULL, |v| u64::from(texts.number(v.as_bytes())))));
            }
            Self::Integers { texts, bytes } => {
                let lists = array.as_list_opt::<i32>().ok_or_else(wrong)?;
                let values = of::<Int32Type>(lists.values())?;
                for (at, row) in rows.enumerate().take(lists.len()) {
                    let word = match packed(values, bounds(lists, at)) {
                        Some(word) => word,
                        None => {
                            bytes.clear();
                            write_integers(values, bounds(lists, at), bytes);
                            u64::from(texts.number(bytes))
                        }
                    };
                    put(row, if lists.is_null(at) { NULL } else { word });
                }
            }
            Self::Strings { texts, bytes } => {
                let lists = array.as_list_opt::<i32>().ok_or_else(wrong)?;
                let values = lists.values().as_string_opt::<i32>().ok_or_else(wrong)?;
                for (at, row) in rows.enumerate().take(lists.len()) {
                    bytes.clear();
                    write_strings(values, bounds(lists, at), bytes);
                    put(row, if lists.is_null(at) { NULL } else { u64::from(texts.number(bytes)) });
                }
            }
        }
        Ok(())
    }
}

fn wrong() -> DataFusionError {
    DataFusionError::Internal("a column is not of its type".to_owned())
}

fn of<T: ArrowPrimitiveType>(array: &ArrayRef) -> Result<&PrimitiveArray<T>> {
    array.as_primitive_opt::<T>().ok_or_else(wrong)
}

fn put(row: &mut [u64], word: u64) {
    if let Some(first) = row.first_mut() {
        *first = word;
    }
}

/// One word for each value.
fn narrow<'a, T: ArrowPrimitiveType<Native = i32>>(values: &PrimitiveArray<T>, rows: impl Iterator<Item = &'a mut [u64]>) {
    rows.zip(values).for_each(|(row, value)| put(row, value.map_or(NULL, |value| u64::from(value as u32))));
}

/// Two words for each value: the value, and whether it is there.
fn wide<'a, T: ArrowPrimitiveType>(
    values: &PrimitiveArray<T>,
    rows: impl Iterator<Item = &'a mut [u64]>,
    word: impl Fn(T::Native) -> u64,
) {
    for (row, value) in rows.zip(values) {
        if let [first, second, ..] = row {
            *first = value.map_or(0, &word);
            *second = u64::from(value.is_some());
        }
    }
}

fn bounds(lists: &ListArray, at: usize) -> std::ops::Range<usize> {
    let offsets = lists.value_offsets();
    let offset = |at: usize| offsets.get(at).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or(0);
    offset(at)..offset(at + 1)
}

/// At most three small integers as one word.
fn packed(values: &Int32Array, elements: std::ops::Range<usize>) -> Option<u64> {
    let elements = values.values().get(elements).filter(|e| e.len() <= 3 && values.null_count() == 0)?;
    let small = |element: &i32| u16::try_from(*element).ok().map(u64::from);
    let values = elements.iter().try_fold(0, |word, element| Some((word << 16) | small(element)?))?;
    Some(PACKED | ((elements.len() as u64) << 48) | values)
}

fn write_integers(values: &Int32Array, elements: std::ops::Range<usize>, to: &mut Vec<u8>) {
    for at in elements {
        to.push(u8::from(values.is_null(at)));
        to.extend_from_slice(&values.values().get(at).copied().unwrap_or_default().to_le_bytes());
    }
}

fn write_strings(values: &StringArray, elements: std::ops::Range<usize>, to: &mut Vec<u8>) {
    for at in elements {
        if values.is_null(at) {
            to.push(1);
        } else {
            let value = values.value(at).as_bytes();
            to.push(0);
            to.extend_from_slice(&(value.len() as u64).to_le_bytes());
            to.extend_from_slice(value);
        }
    }
}
