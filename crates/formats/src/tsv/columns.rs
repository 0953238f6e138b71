//! The columns of a batch under construction. In: the fields of a row. Out: arrays in the table's order. Coordinates become
//! 0-based and half-open here, by the store's type (spec 12.3).

use super::fields::Field;
use super::value::{boolean, double, float, int, long};
use arrow_array::ArrayRef;
use arrow_array::builder::BooleanBuilder;
use arrow_array::types::{Float32Type, Float64Type, Int32Type, Int64Type};
use arrow_schema::ArrowError;
use std::sync::Arc;
use varberg_model::{AnnotationType, FormatKey, TsvStoreOptions, ValueType};
use varberg_rows::{Numbers, Strings};

/// Longest value in an error text, in characters.
const SHOWN: usize = 40;

enum Values {
    Long(Numbers<Int64Type>),
    Int(Numbers<Int32Type>),
    Text(Strings),
    Float(Numbers<Float32Type>),
    Double(Numbers<Float64Type>),
    Boolean(BooleanBuilder),
}

struct Column {
    name: String,
    kind: ValueType,
    values: Values,
    /// Taken from integers of the file: 1 where it counts from 1.
    shift: i64,
    /// A declared column whose place the computed `end` takes: its values are only checked.
    is_end: bool,
}

/// What `end` is computed from: the position, and the length of the allele there.
struct EndRule {
    position: usize,
    reference: Option<usize>,
    values: Numbers<Int32Type>,
    /// `end` is not declared, so that it comes after the declared columns.
    is_extra: bool,
}

pub(super) struct Columns {
    columns: Vec<Column>,
    end: Option<EndRule>,
}

impl Columns {
    pub(super) fn new(store: &TsvStoreOptions) -> Self {
        let kind = store.annotation_type();
        let one_based = kind.one_based().and_then(|key| store.position(key));
        let declared = store.schema().columns().iter().enumerate();
        let columns: Vec<Column> = declared
            .map(|(i, (name, kind))| Column {
                name: name.clone(),
                kind: *kind,
                values: Values::new(*kind),
                shift: i64::from(one_based == Some(i)),
                is_end: store.annotation_type().adds_end() && name == "end",
            })
            .collect();
        let end = store.position(FormatKey::Pos).filter(|_| kind.adds_end()).map(|position| EndRule {
            position,
            reference: store.position(FormatKey::Ref).filter(|_| kind == AnnotationType::ChrPosRefAlt),
            values: Numbers::default(),
            is_extra: !columns.iter().any(|c| c.is_end),
        });
        Self { columns, end }
    }

    pub(super) fn len(&self) -> usize {
        self.columns.len()
    }

    /// Adds a row. After an error, which tells column, type and value, columns differ in length.
    #[inline]
    pub(super) fn push<'a>(&mut self, field: impl Fn(usize) -> Option<Field<'a>>) -> Result<(), String> {
        for (i, column) in self.columns.iter_mut().enumerate() {
            // An empty field is missing; empty text in quotes only where the column holds text.
            let text = field(i).filter(|f| !f.text.is_empty() || (f.is_quoted && column.kind == ValueType::String));
            let text = text.map(|f| f.text);
            let is_good = if column.is_end { column.check(text) } else { column.push(text) };
            if !is_good {
                return Err(column.complaint(text));
            }
        }
        if let Some(end) = &mut self.end {
            let position = end.position;
            end.push(&field).map_err(|text| self.end_complaint(position, text))?;
        }
        Ok(())
    }

    /// The position that the computed column cannot hold.
    #[cold]
    fn end_complaint(&self, position: usize, text: Option<&[u8]>) -> String {
        let from = self.columns.get(position).map_or_else(String::new, |column| column.complaint(text));
        format!("column end, type INT, computed from {from}")
    }

    /// Whether a row can be added; tells what [`push`](Self::push) tells.
    pub(super) fn check<'a>(&self, field: impl Fn(usize) -> Option<Field<'a>>) -> Result<(), String> {
        for (i, column) in self.columns.iter().enumerate() {
            let text = field(i).filter(|f| !f.text.is_empty()).map(|f| f.text);
            if !column.check(text) {
                return Err(column.complaint(text));
            }
        }
        match &self.end {
            Some(end) => end.compute(&field).map(drop).map_err(|text| self.end_complaint(end.position, text)),
            None => Ok(()),
        }
    }

    /// The declared columns and `end`, in the table's order.
    pub(super) fn finish(&mut self) -> Result<Vec<ArrayRef>, ArrowError> {
        let end: Option<ArrayRef> = self.end.as_mut().map(|end| end.values.take().finish());
        let mut arrays = Vec::with_capacity(self.columns.len() + 1);
        for column in &mut self.columns {
            arrays.push(match &end {
                Some(end) if column.is_end => Arc::clone(end),
                _ => column.values.finish()?,
            });
        }
        arrays.extend(end.filter(|_| self.end.as_ref().is_some_and(|rule| rule.is_extra)));
        Ok(arrays)
    }
}

impl Values {
    fn new(kind: ValueType) -> Self {
        match kind {
            ValueType::Long => Self::Long(Numbers::default()),
            ValueType::Int => Self::Int(Numbers::default()),
            ValueType::String => Self::Text(Strings::default()),
            ValueType::Float => Self::Float(Numbers::default()),
            ValueType::Double => Self::Double(Numbers::default()),
            ValueType::Boolean => Self::Boolean(BooleanBuilder::new()),
        }
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Long(values) => values.take().finish(),
            Self::Int(values) => values.take().finish(),
            Self::Text(values) => Arc::new(values.take().finish()?),
            Self::Float(values) => values.take().finish(),
            Self::Double(values) => values.take().finish(),
            Self::Boolean(values) => Arc::new(values.finish()),
        })
    }
}

impl Column {
    /// Adds a value; false if the text is not of the type.
    #[inline]
    fn push(&mut self, text: Option<&[u8]>) -> bool {
        let Some(text) = text else {
            match &mut self.values {
                Values::Long(values) => values.push(None),
                Values::Int(values) => values.push(None),
                Values::Text(values) => values.push_nulls(1),
                Values::Float(values) => values.push(None),
                Values::Double(values) => values.push(None),
                Values::Boolean(values) => values.append_null(),
            }
            return true;
        };
        match &mut self.values {
            Values::Text(values) => {
                values.push(text);
                true
            }
            Values::Long(values) => {
                let value = long(text).and_then(|value| value.checked_sub(self.shift));
                values.push(value);
                value.is_some()
            }
            Values::Int(values) => {
                let value = shifted(text, self.shift);
                values.push(value);
                value.is_some()
            }
            Values::Float(values) => {
                let value = float(text);
                values.push(value);
                value.is_some()
            }
            Values::Double(values) => {
                let value = double(text);
                values.push(value);
                value.is_some()
            }
            Values::Boolean(values) => {
                let value = boolean(text);
                values.append_option(value);
                value.is_some()
            }
        }
    }

    fn check(&self, text: Option<&[u8]>) -> bool {
        text.is_none_or(|text| match self.kind {
            ValueType::Long => long(text).and_then(|value| value.checked_sub(self.shift)).is_some(),
            ValueType::Int => shifted(text, self.shift).is_some(),
            ValueType::String => true,
            ValueType::Float => float(text).is_some(),
            ValueType::Double => double(text).is_some(),
            ValueType::Boolean => boolean(text).is_some(),
        })
    }

    /// The column, its declared type and the value, shortened.
    #[cold]
    fn complaint(&self, text: Option<&[u8]>) -> String {
        let text = text.unwrap_or_default();
        let beginning = text.get(..4 * (SHOWN + 1)).unwrap_or(text);
        let beginning = String::from_utf8_lossy(beginning);
        let mut shown: String = beginning.chars().take(SHOWN).map(|c| if c.is_control() { '?' } else { c }).collect();
        if beginning.chars().nth(SHOWN).is_some() {
            shown.push('…');
        }
        format!("column {}, type {}, value '{shown}'", self.name, self.kind.as_str())
    }
}

/// A 32-bit coordinate; the file may count one further than the table.
fn shifted(text: &[u8], shift: i64) -> Option<i32> {
    if shift == 0 { int(text) } else { int(text)?.checked_sub(i32::try_from(shift).ok()?) }
}

impl EndRule {
    /// POS, or POS + length(REF) - 1; none where one of them is missing; the text of POS where that does not fit.
    #[inline]
    fn compute<'a>(&self, field: &impl Fn(usize) -> Option<Field<'a>>) -> Result<Option<i32>, Option<&'a [u8]>> {
        let Some(position) = field(self.position).filter(|f| !f.text.is_empty()) else { return Ok(None) };
        let length = match self.reference {
            None => 1,
            Some(reference) => match field(reference) {
                Some(allele) if !allele.text.is_empty() || allele.is_quoted => characters(allele.text),
                _ => return Ok(None),
            },
        };
        let end = long(position.text).zip(i64::try_from(length).ok());
        let end = end.and_then(|(position, length)| position.checked_sub(1)?.checked_add(length));
        let end = end.and_then(|end| i32::try_from(end).ok());
        end.map(Some).ok_or(Some(position.text))
    }

    #[inline]
    fn push<'a>(&mut self, field: &impl Fn(usize) -> Option<Field<'a>>) -> Result<(), Option<&'a [u8]>> {
        let end = self.compute(field)?;
        self.values.push(end);
        Ok(())
    }
}

/// Length as Spark counts it, in characters.
fn characters(text: &[u8]) -> usize {
    if text.is_ascii() { text.len() } else { String::from_utf8_lossy(text).chars().count() }
}
