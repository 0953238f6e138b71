//! Rows of the long table, their columns by type. In: a batch of rows, columns in any order. Out: typed references, and
//! entries of maps and lists.

use super::ImplodeError;
use arrow_array::{
    Array, BooleanArray, Float64Array, Int32Array, Int64Array, ListArray, MapArray, RecordBatch, StringArray,
};
use std::ops::Range;

#[derive(Debug)]
pub(super) struct Columns<'a> {
    pub(super) contig: &'a StringArray,
    pub(super) start: &'a Int64Array,
    pub(super) names: Lists<'a, StringArray>,
    pub(super) reference: &'a StringArray,
    pub(super) alternates: Lists<'a, StringArray>,
    pub(super) qual: &'a Float64Array,
    pub(super) filters: Lists<'a, StringArray>,
    pub(super) attributes: Maps<'a>,
    pub(super) phased: &'a BooleanArray,
    pub(super) calls: Lists<'a, Int32Array>,
    pub(super) ints: [&'a Int32Array; 3],
    pub(super) lists: [Lists<'a, Int32Array>; 3],
    pub(super) doubles: Lists<'a, Float64Array>,
    pub(super) sample: &'a StringArray,
    pub(super) information: Maps<'a>,
    pub(super) record: &'a Int64Array,
    pub(super) format: &'a StringArray,
    pub(super) raw: Maps<'a>,
}

/// Positions in [`Columns::ints`] and [`Columns::lists`], by FORMAT key.
pub(super) const INT_KEYS: [&str; 3] = ["GQ", "DP", "PS"];
pub(super) const LIST_KEYS: [&str; 3] = ["PL", "AD", "SPL"];

fn column<'a, T: 'static>(rows: &'a RecordBatch, name: &'static str) -> Result<&'a T, ImplodeError> {
    let column = rows.column_by_name(name).and_then(|c| c.as_any().downcast_ref());
    column.ok_or(ImplodeError::Column(name))
}

impl<'a> Columns<'a> {
    pub(super) fn new(rows: &'a RecordBatch) -> Result<Self, ImplodeError> {
        let int = |name| column(rows, name);
        Ok(Self {
            contig: column(rows, "contigname")?,
            start: column(rows, "start")?,
            names: Lists::new(rows, "names")?,
            reference: column(rows, "referenceallele")?,
            alternates: Lists::new(rows, "alternatealleles")?,
            qual: column(rows, "qual")?,
            filters: Lists::new(rows, "filters")?,
            attributes: Maps::new(rows, "attributes")?,
            phased: column(rows, "phased")?,
            calls: Lists::new(rows, "calls")?,
            ints: [int("conditionalquality")?, int("depth")?, int("ps")?],
            lists: [Lists::new(rows, "phredlikelihoods")?, Lists::new(rows, "alleledepths")?, Lists::new(rows, "spl")?],
            doubles: Lists::new(rows, "genotypelikelihoods")?,
            sample: column(rows, "sampleid")?,
            information: Maps::new(rows, "information")?,
            record: column(rows, "_record")?,
            format: column(rows, "_format")?,
            raw: Maps::new(rows, "_raw")?,
        })
    }
}

/// A column of lists.
#[derive(Debug)]
pub(super) struct Lists<'a, T> {
    array: &'a ListArray,
    pub(super) elements: &'a T,
}

impl<'a, T: 'static> Lists<'a, T> {
    fn new(rows: &'a RecordBatch, name: &'static str) -> Result<Self, ImplodeError> {
        let array: &ListArray = column(rows, name)?;
        let elements = array.values().as_any().downcast_ref().ok_or(ImplodeError::Column(name))?;
        Ok(Self { array, elements })
    }

    /// Where the elements of a row are; None for null.
    pub(super) fn range(&self, row: usize) -> Option<Range<usize>> {
        self.array.is_valid(row).then(|| row_range(self.array.value_offsets(), row))
    }
}

/// A column of maps of text to text.
#[derive(Debug)]
pub(super) struct Maps<'a> {
    array: &'a MapArray,
    keys: &'a StringArray,
    values: &'a StringArray,
}

impl<'a> Maps<'a> {
    fn new(rows: &'a RecordBatch, name: &'static str) -> Result<Self, ImplodeError> {
        let array: &MapArray = column(rows, name)?;
        let text = |array: &'a dyn Array| array.as_any().downcast_ref().ok_or(ImplodeError::Column(name));
        Ok(Self { array, keys: text(array.keys())?, values: text(array.values())? })
    }

    /// Where the entries of a row are; none for null.
    pub(super) fn range(&self, row: usize) -> Range<usize> {
        if self.array.is_valid(row) { row_range(self.array.value_offsets(), row) } else { 0..0 }
    }

    /// Key and value of an entry; a null value is none.
    pub(super) fn entry(&self, at: usize) -> (&'a str, Option<&'a str>) {
        (self.keys.value(at), self.values.is_valid(at).then(|| self.values.value(at)))
    }

    /// The value of a key among the entries of a row.
    pub(super) fn get(&self, range: Range<usize>, key: &str) -> Option<&'a str> {
        range.map(|at| self.entry(at)).find(|(own, _)| *own == key).and_then(|(_, value)| value)
    }
}

fn row_range(offsets: &[i32], row: usize) -> Range<usize> {
    let position = |i: usize| offsets.get(i).and_then(|o| usize::try_from(*o).ok()).unwrap_or(0);
    position(row)..position(row + 1)
}
