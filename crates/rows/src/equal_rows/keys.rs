//! Values of a row as words: rows are equal if their words are. Null is equal to null.

use super::texts::Texts;
use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, Int32Array, ListArray, PrimitiveArray, StringArray};
use arrow_schema::{ArrowError, DataType, TimeUnit};

/// The word of a null, which no other value has: numbers of texts are below 2^32, what is packed has another first bit.
const NULL: u64 = u64::MAX;
/// Marks a list or a text that is packed into its word.
const PACKED: u64 = 1 << 62;
/// Where the length of what is packed stands.
const LENGTH_SHIFT: u32 = 56;
/// Most bytes of a text that is packed.
const PACKED_BYTES: usize = 7;
/// Bytes of a text that its view holds itself.
const IN_VIEW: u32 = 12;
/// Marks a text that is longer: no length that a view could say.
const LONG: u64 = u32::MAX as u64;

/// How the values of one column become words.
#[derive(Debug)]
pub(super) struct ColumnKeys {
    kind: Kind,
    /// The bytes of a list.
    bytes: Vec<u8>,
    /// Values that do not fit into words.
    texts: Texts,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Boolean,
    Int32,
    Date32,
    /// Numbers of 64 bits: any word may be a value. Whether it is null is a word of its own, where there may be nulls.
    Int64 {
        nullable: bool,
    },
    Timestamp {
        nullable: bool,
    },
    Float64 {
        nullable: bool,
    },
    Utf8,
    Utf8View,
    Integers,
    Strings,
}

impl ColumnKeys {
    /// None for types whose values are not compared.
    pub(super) fn new(kind: &DataType, nullable: bool) -> Option<Self> {
        let kind = match kind {
            DataType::Boolean => Kind::Boolean,
            DataType::Int32 => Kind::Int32,
            DataType::Date32 => Kind::Date32,
            DataType::Int64 => Kind::Int64 { nullable },
            DataType::Timestamp(TimeUnit::Microsecond, _) => Kind::Timestamp { nullable },
            DataType::Float64 => Kind::Float64 { nullable },
            DataType::Utf8 => Kind::Utf8,
            DataType::Utf8View => Kind::Utf8View,
            DataType::List(element) => match element.data_type() {
                DataType::Int32 => Kind::Integers,
                DataType::Utf8 => Kind::Strings,
                _ => return None,
            },
            _ => return None,
        };
        Some(Self { kind, bytes: Vec::new(), texts: Texts::default() })
    }

    /// Words of one row.
    pub(super) fn words(&self) -> usize {
        match self.kind {
            Kind::Int64 { nullable } | Kind::Timestamp { nullable } | Kind::Float64 { nullable } => {
                1 + usize::from(nullable)
            }
            Kind::Utf8View => 2,
            _ => 1,
        }
    }

    /// Bytes of memory for values that were seen, about.
    pub(super) fn size(&self) -> usize {
        self.texts.size()
    }

    /// Forgets the values that were seen: their words have no meaning any more.
    pub(super) fn forget(&mut self) {
        self.texts = Texts::default();
    }

    /// Writes the words of all rows of `array` into `words`, those of each row `width` words after those of the one before.
    pub(super) fn write(&mut self, array: &ArrayRef, words: &mut [u64], width: usize) -> Result<(), ArrowError> {
        let Self { kind, bytes, texts } = self;
        let rows = words.chunks_mut(width);
        match kind {
            Kind::Boolean => {
                let values = array.as_boolean_opt().ok_or_else(wrong)?;
                rows.zip(values).for_each(|(row, value)| put(row, value.map_or(NULL, u64::from)));
            }
            Kind::Int32 => narrow(of::<Int32Type>(array)?, rows),
            Kind::Date32 => narrow(of::<Date32Type>(array)?, rows),
            Kind::Int64 { nullable } => wide(of::<Int64Type>(array)?, rows, *nullable, |value| value as u64),
            Kind::Timestamp { nullable } => {
                wide(of::<TimestampMicrosecondType>(array)?, rows, *nullable, |value| value as u64);
            }
            Kind::Float64 { nullable } => wide(of::<Float64Type>(array)?, rows, *nullable, f64::to_bits),
            Kind::Utf8 => {
                let values = array.as_string_opt::<i32>().ok_or_else(wrong)?;
                for (at, row) in rows.enumerate().take(values.len()) {
                    let word = if values.is_null(at) {
                        NULL
                    } else {
                        short(values, at).unwrap_or_else(|| u64::from(texts.number(values.value(at).as_bytes())))
                    };
                    put(row, word);
                }
            }
            Kind::Utf8View => {
                let values = array.as_string_view_opt().ok_or_else(wrong)?;
                for (at, (row, view)) in rows.zip(values.views().iter()).enumerate() {
                    let [first, second, ..] = row else { continue };
                    [*first, *second] = if values.is_null(at) {
                        [NULL, NULL]
                    } else if is_short(*view) {
                        of_view(*view)
                    } else {
                        [LONG, u64::from(texts.number(values.value(at).as_bytes()))]
                    };
                }
            }
            Kind::Integers => {
                let lists = array.as_list_opt::<i32>().ok_or_else(wrong)?;
                let values = of::<Int32Type>(lists.values())?;
                let has_nulls = values.null_count() > 0;
                for (at, row) in rows.enumerate().take(lists.len()) {
                    let elements = bounds(lists, at);
                    let word = if lists.is_null(at) {
                        NULL
                    } else if let Some(word) = packed(values, elements.clone(), has_nulls) {
                        word
                    } else {
                        bytes.clear();
                        write_integers(values, elements, bytes);
                        u64::from(texts.number(bytes))
                    };
                    put(row, word);
                }
            }
            Kind::Strings => {
                let lists = array.as_list_opt::<i32>().ok_or_else(wrong)?;
                let values = lists.values().as_string_opt::<i32>().ok_or_else(wrong)?;
                let has_nulls = values.null_count() > 0;
                for (at, row) in rows.enumerate().take(lists.len()) {
                    let elements = bounds(lists, at);
                    // Most records have one alternate allele.
                    let single = (elements.len() == 1 && !has_nulls).then(|| short(values, elements.start)).flatten();
                    let word = if lists.is_null(at) {
                        NULL
                    } else if let Some(word) = single {
                        word
                    } else {
                        bytes.clear();
                        write_strings(values, elements, bytes);
                        u64::from(texts.number(bytes))
                    };
                    put(row, word);
                }
            }
        }
        Ok(())
    }
}

/// Whether a view holds its text itself.
pub(super) fn is_short(view: u128) -> bool {
    view as u32 <= IN_VIEW
}

/// The words of a short text.
pub(super) fn of_view(view: u128) -> [u64; 2] {
    [view as u64, (view >> 64) as u64]
}

fn wrong() -> ArrowError {
    ArrowError::SchemaError("a column is not of its type".to_owned())
}

fn of<T: ArrowPrimitiveType>(array: &ArrayRef) -> Result<&PrimitiveArray<T>, ArrowError> {
    array.as_primitive_opt::<T>().ok_or_else(wrong)
}

fn put(row: &mut [u64], word: u64) {
    if let Some(first) = row.first_mut() {
        *first = word;
    }
}

/// One word for each value.
fn narrow<'a, T: ArrowPrimitiveType<Native = i32>>(
    values: &PrimitiveArray<T>,
    rows: impl Iterator<Item = &'a mut [u64]>,
) {
    rows.zip(values).for_each(|(row, value)| put(row, value.map_or(NULL, |value| u64::from(value as u32))));
}

/// The value of each row, and, where there may be nulls, whether it is there.
fn wide<'a, T: ArrowPrimitiveType>(
    values: &PrimitiveArray<T>,
    rows: impl Iterator<Item = &'a mut [u64]>,
    nullable: bool,
    word: impl Fn(T::Native) -> u64,
) {
    if !nullable {
        return rows.zip(values.values()).for_each(|(row, value)| put(row, word(*value)));
    }
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
#[inline]
fn packed(values: &Int32Array, elements: std::ops::Range<usize>, has_nulls: bool) -> Option<u64> {
    let elements = values.values().get(elements).filter(|elements| elements.len() <= 3 && !has_nulls)?;
    let small = |element: &i32| u16::try_from(*element).ok().map(u64::from);
    let values = match elements {
        [first, second] => (small(first)? << 16) | small(second)?,
        other => other.iter().try_fold(0, |word, element| Some((word << 16) | small(element)?))?,
    };
    Some(PACKED | ((elements.len() as u64) << LENGTH_SHIFT) | values)
}

/// A short text as one word: its bytes and their number.
#[inline]
fn short(values: &StringArray, at: usize) -> Option<u64> {
    let offset = |at: usize| values.value_offsets().get(at).and_then(|offset| usize::try_from(*offset).ok());
    let (begin, end) = (offset(at)?, offset(at + 1)?);
    let length = end.checked_sub(begin).filter(|length| *length <= PACKED_BYTES)?;
    let bytes = values.value_data();
    let word = match bytes.get(begin..).and_then(|bytes| bytes.first_chunk()) {
        // One load of more than is wanted, of which the rest is cut off.
        Some(eight) => u64::from_le_bytes(*eight) & ((1_u64 << (8 * length)) - 1),
        None => bytes.get(begin..end)?.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte)),
    };
    Some(PACKED | ((length as u64) << LENGTH_SHIFT) | word)
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
