//! Numbers and flags of INFO in columns of their own. In: INFO texts, maps where those do not follow from the texts, and the columns that a wide table has for keys. Out:
//! those columns, and what they lack. A value fits as a decimal number, with digits on both sides of a point, finite; a list if
//! each of its values is one or `.`; a flag by being there. Of a key that stands twice, the last counts (spec 8.4).

use super::attributes::entries_of;
use crate::ExplodeError;
use arrow_array::builder::{BooleanBuilder, Float64Builder, Int64Builder, ListBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, MapArray, RecordBatch, StringArray};
use arrow_schema::{DataType, Schema};
use std::collections::HashMap;
use std::sync::Arc;
use varberg_model::{INFO_UNFIT, InfoType, TableSchema, info_key};

/// Most digits of an integer: beyond, 64 bits hold none without leading zeros.
const MAX_DIGITS: usize = 19;

/// Makes the columns of any number of batches.
#[derive(Debug)]
pub(super) struct TypedInfo {
    /// By key: place among `columns`.
    places: HashMap<String, usize>,
    /// Names of columns and what they hold.
    columns: Vec<(String, InfoType)>,
}

/// The columns of one batch.
pub(super) struct TypedColumns {
    columns: Vec<(String, ArrayRef)>,
    unfit: ArrayRef,
}

impl TypedColumns {
    /// The column of that name, if it is one of an INFO key or says what they lack.
    pub(super) fn get(&self, name: &str) -> Option<ArrayRef> {
        if name == INFO_UNFIT {
            return Some(Arc::clone(&self.unfit));
        }
        self.columns.iter().find(|(own, _)| own == name).map(|(_, column)| Arc::clone(column))
    }
}

impl TypedInfo {
    /// Those that a table has.
    pub(super) fn of(table: &TableSchema) -> Self {
        let keys = table.columns.iter().filter_map(|column| Some((column.name.clone(), info_key(column)?)));
        let (mut places, mut columns) = (HashMap::new(), Vec::new());
        for (name, (key, kind)) in keys {
            places.insert(key.to_owned(), columns.len());
            columns.push((name, kind));
        }
        Self { places, columns }
    }

    /// The columns of records with these texts, and maps where those do not follow from the texts.
    pub(super) fn columns(
        &self,
        info: &StringArray,
        stored: &MapArray,
        schema: &Schema,
    ) -> Result<TypedColumns, ExplodeError> {
        let element = |name: &str| schema.field_with_name(name).ok().map(|field| field.data_type().clone());
        let builders = self.columns.iter().map(|(name, kind)| Builder::new(*kind, element(name).as_ref()));
        let mut builders: Vec<Builder> = builders.collect();
        let mut unfit = BooleanBuilder::with_capacity(info.len());
        let mut values = vec![None; builders.len()];
        let mut lookup = Lookup::default();
        for row in 0..info.len() {
            values.fill(None);
            let mut put = |at: usize, key, value| {
                if let Some(slot) = lookup.place(at, key, &self.places).and_then(|place| values.get_mut(place)) {
                    *slot = Some(value);
                }
            };
            if stored.is_valid(row) {
                entries_of(stored, row).enumerate().for_each(|(at, (key, value))| put(at, key, Some(value)));
            } else if info.is_valid(row) {
                let entries = info.value(row).split(';').enumerate().filter(|(_, entry)| !entry.is_empty());
                for (at, entry) in entries {
                    match memchr::memchr(b'=', entry.as_bytes()) {
                        Some(equals) => put(at, entry.get(..equals).unwrap_or_default(), entry.get(equals + 1..)),
                        None => put(at, entry, None),
                    }
                }
            }
            let lacks = builders.iter_mut().zip(&values).map(|(builder, value)| builder.push(*value));
            unfit.append_option(lacks.flatten().reduce(|a, b| a | b));
        }
        let columns = self.columns.iter().zip(builders).map(|((name, _), builder)| (name.clone(), builder.finish()));
        Ok(TypedColumns { columns: columns.collect(), unfit: Arc::new(unfit.finish()) })
    }
}

/// Records of a file tend to have the same keys in the same order.
#[derive(Default)]
struct Lookup<'a> {
    /// By place in the record: the key there before, and where it goes.
    order: Vec<(&'a str, Option<usize>)>,
}

impl<'a> Lookup<'a> {
    fn place(&mut self, at: usize, key: &'a str, places: &HashMap<String, usize>) -> Option<usize> {
        if let Some((_, place)) = self.order.get(at).filter(|(own, _)| *own == key) {
            return *place;
        }
        let place = places.get(key).copied();
        match self.order.get_mut(at) {
            Some(slot) => *slot = (key, place),
            None => self.order.push((key, place)),
        }
        place
    }
}

enum Builder {
    Integer(Int64Builder),
    Float(Float64Builder),
    Integers(ListBuilder<Int64Builder>),
    Floats(ListBuilder<Float64Builder>),
    Flag(BooleanBuilder),
}

impl Builder {
    /// `kind`: the type of the column, whose elements have field ids.
    fn new(info: InfoType, kind: Option<&DataType>) -> Self {
        let element = match kind {
            Some(DataType::List(element)) => Some(Arc::clone(element)),
            _ => None,
        };
        match info {
            InfoType::Integer => Self::Integer(Int64Builder::new()),
            InfoType::Float => Self::Float(Float64Builder::new()),
            InfoType::Flag => Self::Flag(BooleanBuilder::new()),
            InfoType::Integers => {
                let list = ListBuilder::new(Int64Builder::new());
                Self::Integers(if let Some(element) = element { list.with_field(element) } else { list })
            }
            InfoType::Floats => {
                let list = ListBuilder::new(Float64Builder::new());
                Self::Floats(if let Some(element) = element { list.with_field(element) } else { list })
            }
        }
    }

    /// Adds a record: None without the key, Some(None) for a key without `=`. Gives what the column lacks: see [`INFO_UNFIT`].
    fn push(&mut self, value: Option<Option<&str>>) -> Option<bool> {
        let is_empty = matches!(value, Some(None | Some("" | ".")));
        let text = value.flatten().filter(|_| !is_empty);
        let fits = match self {
            Self::Integer(column) => {
                let number = text.and_then(integer);
                column.append_option(number);
                number.is_some()
            }
            Self::Float(column) => {
                let number = text.and_then(float);
                column.append_option(number);
                number.is_some()
            }
            Self::Integers(column) => {
                let list = text.and_then(|text| numbers(text, integer));
                match &list {
                    Some(list) => column.append_value(list.iter().copied()),
                    None => column.append_null(),
                }
                list.is_some()
            }
            Self::Floats(column) => {
                let list = text.and_then(|text| numbers(text, float));
                match &list {
                    Some(list) => column.append_value(list.iter().copied()),
                    None => column.append_null(),
                }
                list.is_some()
            }
            Self::Flag(column) => {
                // `DB=0` says that the flag is not there (spec 8.4).
                column.append_option(value.filter(|value| *value != Some("0")).map(|_| true));
                return None;
            }
        };
        value.filter(|_| !fits).map(|_| !is_empty)
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Integer(mut column) => Arc::new(column.finish()),
            Self::Float(mut column) => Arc::new(column.finish()),
            Self::Integers(mut column) => Arc::new(column.finish()),
            Self::Floats(mut column) => Arc::new(column.finish()),
            Self::Flag(mut column) => Arc::new(column.finish()),
        }
    }
}

/// Each value of a list, null for `.`; none if one does not fit.
fn numbers<T>(text: &str, number: impl Fn(&str) -> Option<T>) -> Option<Vec<Option<T>>> {
    text.split(',').map(|own| if own == "." { Some(None) } else { number(own).map(Some) }).collect()
}

fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let fits = !digits.is_empty() && digits.len() <= MAX_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

fn float(text: &str) -> Option<f64> {
    let rest = text.strip_prefix('-').unwrap_or(text);
    let rest = after_digits(rest)?;
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => after_digits(fraction)?,
        None => rest,
    };
    let rest = match rest.strip_prefix(['e', 'E']) {
        Some(exponent) => after_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))?,
        None => rest,
    };
    rest.is_empty().then(|| fast_float2::parse(text).ok()).flatten().filter(|value: &f64| value.is_finite())
}

/// What follows one or more digits.
fn after_digits(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < text.len()).then_some(rest)
}

/// Rows of a wide table, with the columns for INFO keys made anew from the text: those of rows that are older than a column
/// are filled.
pub fn with_typed_info(table: &TableSchema, rows: &RecordBatch) -> Result<RecordBatch, ExplodeError> {
    let typed = TypedInfo::of(table);
    let info = rows.column_by_name("info").and_then(|column| column.as_string_opt::<i32>());
    let stored = rows.column_by_name("_attributes").and_then(|column| column.as_map_opt());
    let (Some(info), Some(stored)) = (info, stored) else { return Ok(rows.clone()) };
    let schema = rows.schema();
    let typed = typed.columns(info, stored, &schema)?;
    let own = schema.fields().iter().zip(rows.columns());
    let columns = own.map(|(field, column)| typed.get(field.name()).unwrap_or_else(|| Arc::clone(column)));
    Ok(RecordBatch::try_new(Arc::clone(&schema), columns.collect())?)
}

#[cfg(test)]
mod tests;
