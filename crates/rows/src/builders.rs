//! Arrow columns under construction, whose rows often repeat or are null. In: values, or ranges of arrays. Out: arrays.
//! Offsets are 32-bit: what does not fit is reported when the column is finished.

use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, Int32Array, ListArray, MapArray, PrimitiveArray, StringArray, StructArray,
};
use arrow_buffer::{Buffer, NullBufferBuilder, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, FieldRef};
use std::ops::Range;
use std::sync::Arc;

fn too_long() -> ArrowError {
    ArrowError::OffsetOverflowError(i32::MAX as usize)
}

fn not_a(kind: &str) -> ArrowError {
    ArrowError::SchemaError(format!("not a {kind}"))
}

/// Offsets of a variable-length column.
#[derive(Debug)]
struct Offsets {
    ends: Vec<i32>,
    fits: bool,
}

impl Offsets {
    fn with_capacity(rows: usize) -> Self {
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        Self { ends, fits: true }
    }

    fn rows(&self) -> usize {
        self.ends.len() - 1
    }

    fn last(&self) -> i32 {
        self.ends.last().copied().unwrap_or(0)
    }

    fn close(&mut self, len: usize) {
        match i32::try_from(len) {
            Ok(end) => self.ends.push(end),
            Err(_) => {
                self.fits = false;
                self.ends.push(self.last());
            }
        }
    }

    /// Closes `times` rows of `len` values each; false, and rows of nothing, where they do not fit.
    fn close_many(&mut self, len: usize, times: usize) -> bool {
        let base = self.last();
        let step = i32::try_from(len).ok();
        let total = len.checked_mul(times).and_then(|t| i32::try_from(t).ok()).and_then(|t| base.checked_add(t));
        match (step, total) {
            (Some(step), Some(_)) => self.ends.extend((0..times).scan(base, |end, _| {
                *end += step;
                Some(*end)
            })),
            _ => {
                self.fits = false;
                self.ends.extend(std::iter::repeat_n(base, times));
            }
        }
        self.fits
    }

    fn finish(self) -> Result<OffsetBuffer<i32>, ArrowError> {
        if self.fits { Ok(OffsetBuffer::new(self.ends.into())) } else { Err(too_long()) }
    }
}

/// Text.
#[derive(Debug)]
pub struct Strings {
    offsets: Offsets,
    /// Written in place; [`close`](Self::close) ends the value.
    pub bytes: Vec<u8>,
    nulls: NullBufferBuilder,
}

impl Strings {
    fn with_capacity(rows: usize, size: usize) -> Self {
        let (offsets, bytes) = (Offsets::with_capacity(rows), Vec::with_capacity(size));
        Self { offsets, bytes, nulls: NullBufferBuilder::new(rows) }
    }

    /// The column so far; an empty one with as much room takes its place.
    pub fn take(&mut self) -> Self {
        let fresh = Self::with_capacity(self.offsets.rows(), self.bytes.len());
        std::mem::replace(self, fresh)
    }

    pub(crate) fn rows(&self) -> usize {
        self.offsets.rows()
    }

    /// Appends a value, which must be UTF-8.
    #[inline]
    pub fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.close();
    }

    /// Appends a value, or null.
    pub fn push_option(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.push(text.as_bytes()),
            None => self.push_nulls(1),
        }
    }

    /// Appends values that stand one behind the other in `block`; `ends` says where each of them ends there.
    pub fn push_block(&mut self, block: &[u8], ends: &[usize]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(block);
        ends.iter().for_each(|end| self.offsets.close(start.saturating_add(*end)));
        self.nulls.append_n_non_nulls(ends.len());
    }

    /// Ends the value written to `bytes`.
    #[inline]
    pub fn close(&mut self) {
        self.offsets.close(self.bytes.len());
        self.nulls.append_non_null();
    }

    /// Appends nulls.
    pub fn push_nulls(&mut self, count: usize) {
        self.offsets.close_many(0, count);
        self.nulls.append_n_nulls(count);
    }

    /// Ends a value written to `bytes` from `start` on, or takes it back and makes it null.
    pub(crate) fn close_if(&mut self, valid: bool, start: usize) {
        if valid {
            self.close();
        } else {
            self.bytes.truncate(start);
            self.push_nulls(1);
        }
    }

    /// Appends a range of values, as a block, `times` times.
    pub fn repeat(&mut self, source: &StringArray, range: Range<usize>, times: usize) {
        let offsets = source.value_offsets();
        let (Some(&from), Some(own)) = (offsets.get(range.start), offsets.get(range.start + 1..=range.end)) else {
            return;
        };
        let to = own.last().copied().unwrap_or(from);
        let position = |offset: i32| usize::try_from(offset).unwrap_or(0);
        let block = source.value_data().get(position(from)..position(to)).unwrap_or_default();
        let base = self.offsets.last();
        let fits = block.len().checked_mul(times).and_then(|total| self.bytes.len().checked_add(total));
        if fits.is_none_or(|total| i32::try_from(total).is_err()) {
            self.offsets.fits = false;
            return self.push_nulls(times * own.len());
        }
        fill(&mut self.bytes, block, times);
        if own.len() == 1 {
            self.offsets.close_many(block.len(), times);
        } else {
            let mut base = base;
            for _ in 0..times {
                self.offsets.ends.extend(own.iter().map(|end| base + (end - from)));
                base += to - from;
            }
        }
        match source.nulls().filter(|n| n.null_count() > 0) {
            None => self.nulls.append_n_non_nulls(times * own.len()),
            Some(nulls) if own.len() == 1 && nulls.is_null(range.start) => self.nulls.append_n_nulls(times),
            Some(_) if own.len() == 1 => self.nulls.append_n_non_nulls(times),
            Some(nulls) => {
                for _ in 0..times {
                    range.clone().for_each(|i| self.nulls.append(nulls.is_valid(i)));
                }
            }
        }
    }

    pub fn finish(mut self) -> Result<StringArray, ArrowError> {
        let nulls = self.nulls.finish();
        StringArray::try_new(self.offsets.finish()?, Buffer::from_vec(self.bytes), nulls)
    }
}

/// Appends `block` `times` times, doubling what is there.
fn fill(bytes: &mut Vec<u8>, block: &[u8], times: usize) {
    if times == 0 || block.is_empty() {
        return;
    }
    let start = bytes.len();
    let total = block.len() * times;
    bytes.reserve(total);
    bytes.extend_from_slice(block);
    while bytes.len() - start < total {
        let more = (bytes.len() - start).min(total - (bytes.len() - start));
        bytes.extend_from_within(start..start + more);
    }
}

/// Lists of text.
#[derive(Debug)]
pub struct StringLists {
    offsets: Offsets,
    pub elements: Strings,
    nulls: NullBufferBuilder,
}

impl StringLists {
    fn with_capacity(rows: usize, elements: Strings) -> Self {
        Self { offsets: Offsets::with_capacity(rows), elements, nulls: NullBufferBuilder::new(rows) }
    }

    /// The column so far; an empty one with as much room takes its place.
    pub fn take(&mut self) -> Self {
        let elements = self.elements.take();
        let fresh = Self::with_capacity(self.offsets.rows(), std::mem::take(&mut self.elements));
        Self { elements, ..std::mem::replace(self, fresh) }
    }

    /// Ends a row with the elements added since the last one, of which a null row has none.
    pub fn close_row(&mut self, valid: bool) {
        self.offsets.close(self.elements.rows());
        self.nulls.append(valid);
    }

    /// Appends one row of `source` `times` times.
    pub fn repeat(&mut self, source: &ListArray, row: usize, times: usize) -> Option<()> {
        let elements = source.values().as_any().downcast_ref::<StringArray>()?;
        let range = row_range(source.value_offsets(), row)?;
        if source.is_null(row) {
            self.offsets.close_many(0, times);
            self.nulls.append_n_nulls(times);
        } else {
            self.offsets.close_many(range.len(), times);
            self.nulls.append_n_non_nulls(times);
            self.elements.repeat(elements, range, times);
        }
        Some(())
    }

    pub fn finish(mut self, kind: &DataType) -> Result<ArrayRef, ArrowError> {
        let DataType::List(field) = kind else { return Err(not_a("list")) };
        let nulls = self.nulls.finish();
        let elements = Arc::new(self.elements.finish()?);
        let array = ListArray::try_new(Arc::clone(field), self.offsets.finish()?, elements, nulls);
        Ok(Arc::new(array?))
    }
}

impl Default for Strings {
    fn default() -> Self {
        Self::with_capacity(0, 0)
    }
}

impl Default for StringLists {
    fn default() -> Self {
        Self::with_capacity(0, Strings::default())
    }
}

impl Default for Maps {
    fn default() -> Self {
        Self::with_capacity(0, Strings::default(), Strings::default())
    }
}

impl<T: ArrowPrimitiveType> Default for Numbers<T> {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

/// The positions of a row's values among those of all rows.
pub(crate) fn row_range(offsets: &[i32], row: usize) -> Option<Range<usize>> {
    let position = |i: usize| offsets.get(i).and_then(|o| usize::try_from(*o).ok());
    Some(position(row)?..position(row + 1)?)
}

/// Maps of text to text.
#[derive(Debug)]
pub struct Maps {
    offsets: Offsets,
    pub keys: Strings,
    pub values: Strings,
    nulls: NullBufferBuilder,
    has_value: bool,
}

impl Maps {
    fn with_capacity(rows: usize, keys: Strings, values: Strings) -> Self {
        let offsets = Offsets::with_capacity(rows);
        Self { offsets, keys, values, nulls: NullBufferBuilder::new(rows), has_value: false }
    }

    /// The column so far; an empty one with as much room takes its place.
    pub fn take(&mut self) -> Self {
        let (keys, values) = (self.keys.take(), self.values.take());
        let (no_keys, no_values) = (std::mem::take(&mut self.keys), std::mem::take(&mut self.values));
        let fresh = Self::with_capacity(self.offsets.rows(), no_keys, no_values);
        Self { keys, values, ..std::mem::replace(self, fresh) }
    }

    /// Appends an entry to the row under way.
    pub fn push(&mut self, key: &str, value: &str) {
        self.keys.push(key.as_bytes());
        self.values.push(value.as_bytes());
    }

    /// Appends one row of `source` `times` times.
    pub fn repeat(&mut self, source: &MapArray, row: usize, times: usize) -> Option<()> {
        let keys = source.keys().as_any().downcast_ref::<StringArray>()?;
        let values = source.values().as_any().downcast_ref::<StringArray>()?;
        let range = row_range(source.value_offsets(), row)?;
        if source.is_null(row) {
            self.push_nulls(times);
        } else {
            self.close_rows(range.len(), times);
            self.keys.repeat(keys, range.clone(), times);
            self.values.repeat(values, range, times);
        }
        Some(())
    }

    /// Appends `times` rows whose entries, `len` each, the caller adds to keys and values.
    pub fn close_rows(&mut self, len: usize, times: usize) {
        self.offsets.close_many(len, times);
        self.nulls.append_n_non_nulls(times);
        self.has_value |= times > 0;
    }

    /// Ends a row with the entries added since the last one; null if there are none.
    pub fn close_row(&mut self) {
        let any = i32::try_from(self.keys.rows()).is_ok_and(|len| len > self.offsets.last());
        self.offsets.close(self.keys.rows());
        self.nulls.append(any);
        self.has_value |= any;
    }

    pub fn push_nulls(&mut self, count: usize) {
        self.offsets.close_many(0, count);
        self.nulls.append_n_nulls(count);
    }

    /// The column; None where all rows are null.
    pub fn finish(mut self, kind: &DataType) -> Result<Option<ArrayRef>, ArrowError> {
        if !self.has_value {
            return Ok(None);
        }
        let DataType::Map(entries, ordered) = kind else { return Err(not_a("map")) };
        let DataType::Struct(fields) = entries.data_type() else { return Err(not_a("map")) };
        let columns: Vec<ArrayRef> = vec![Arc::new(self.keys.finish()?), Arc::new(self.values.finish()?)];
        let structs = StructArray::try_new(fields.clone(), columns, None)?;
        let nulls = self.nulls.finish();
        let map = MapArray::try_new(Arc::clone(entries), self.offsets.finish()?, structs, nulls, *ordered);
        Ok(Some(Arc::new(map?)))
    }
}

/// Numbers copied from a source column.
#[derive(Debug)]
pub struct Numbers<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    nulls: NullBufferBuilder,
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    fn with_capacity(rows: usize) -> Self {
        Self { values: Vec::with_capacity(rows), nulls: NullBufferBuilder::new(rows) }
    }

    /// The column so far; an empty one with as much room takes its place.
    pub fn take(&mut self) -> Self {
        let fresh = Self::with_capacity(self.values.len());
        std::mem::replace(self, fresh)
    }

    /// Appends a value, or null.
    #[inline]
    pub fn push(&mut self, value: Option<T::Native>) {
        self.values.push(value.unwrap_or_default());
        self.nulls.append(value.is_some());
    }

    /// Appends a value, or null, `times` times.
    pub(crate) fn push_many(&mut self, value: Option<T::Native>, times: usize) {
        self.values.extend(std::iter::repeat_n(value.unwrap_or_default(), times));
        match value {
            Some(_) => self.nulls.append_n_non_nulls(times),
            None => self.nulls.append_n_nulls(times),
        }
    }

    pub fn finish(mut self) -> ArrayRef {
        let nulls = self.nulls.finish();
        Arc::new(PrimitiveArray::<T>::new(self.values.into(), nulls))
    }
}

/// Integers that are often all null: nothing is stored until the first one comes.
#[derive(Debug)]
pub(crate) struct Ints {
    values: Vec<i32>,
    nulls: NullBufferBuilder,
    /// Null rows before the first value.
    leading: usize,
}

impl Ints {
    pub(crate) fn new() -> Self {
        Self { values: Vec::new(), nulls: NullBufferBuilder::new(0), leading: 0 }
    }

    pub(crate) fn push(&mut self, value: Option<i32>) {
        let Some(value) = value else { return self.push_nulls(1) };
        if self.values.is_empty() {
            self.values.resize(self.leading, 0);
            self.nulls.append_n_nulls(self.leading);
        }
        self.values.push(value);
        self.nulls.append_non_null();
    }

    pub(crate) fn push_nulls(&mut self, count: usize) {
        if self.values.is_empty() {
            self.leading += count;
        } else {
            self.values.resize(self.values.len() + count, 0);
            self.nulls.append_n_nulls(count);
        }
    }

    pub(crate) fn finish(mut self) -> Option<ArrayRef> {
        let nulls = self.nulls.finish();
        (!self.values.is_empty()).then(|| Arc::new(Int32Array::new(self.values.into(), nulls)) as ArrayRef)
    }
}

/// Lists of numbers.
#[derive(Debug)]
pub(crate) struct Lists<T: ArrowPrimitiveType> {
    offsets: Offsets,
    /// Written in place; [`close_if`](Self::close_if) or [`close_many`](Self::close_many) end the rows.
    pub(crate) elements: Vec<T::Native>,
    nulls: NullBufferBuilder,
    has_value: bool,
}

impl<T: ArrowPrimitiveType> Lists<T> {
    pub(crate) fn new() -> Self {
        let (offsets, nulls) = (Offsets::with_capacity(0), NullBufferBuilder::new(0));
        Self { offsets, elements: Vec::new(), nulls, has_value: false }
    }

    /// Ends a list written to `elements` from `start` on, or takes it back and makes it null.
    pub(crate) fn close_if(&mut self, valid: bool, start: usize) {
        if valid {
            self.offsets.close(self.elements.len());
            self.nulls.append_non_null();
            self.has_value = true;
        } else {
            self.elements.truncate(start);
            self.push_nulls(1);
        }
    }

    /// Ends `times` lists of `len` elements each.
    pub(crate) fn close_many(&mut self, len: usize, times: usize) {
        self.offsets.close_many(len, times);
        self.nulls.append_n_non_nulls(times);
        self.has_value |= times > 0;
    }

    pub(crate) fn push_nulls(&mut self, count: usize) {
        self.offsets.close_many(0, count);
        self.nulls.append_n_nulls(count);
    }

    /// The column; None where all rows are null.
    pub(crate) fn finish(mut self, kind: &DataType) -> Result<Option<ArrayRef>, ArrowError> {
        if !self.has_value {
            return Ok(None);
        }
        let DataType::List(field) = kind else { return Err(not_a("list")) };
        let nulls = self.nulls.finish();
        let elements = Arc::new(PrimitiveArray::<T>::new(self.elements.into(), None));
        let array = ListArray::try_new(FieldRef::clone(field), self.offsets.finish()?, elements, nulls);
        Ok(Some(Arc::new(array?)))
    }
}
