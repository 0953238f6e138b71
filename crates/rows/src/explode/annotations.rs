//! The annotations of records, repeated for their samples. In: the column of a record batch, and which records the rows
//! are of. Out: the column of the table.

use super::ExplodeError;
use super::constants::{Constants, column};
use arrow_array::{Array, ArrayRef, ListArray, StructArray, UInt32Array};
use arrow_select::take::take;
use std::sync::Arc;

/// The annotations of a record batch.
#[derive(Debug)]
pub(super) struct Annotations<'a> {
    column: &'a StructArray,
    lists: Option<&'a ListArray>,
    content: Content,
    /// About how many bytes an entry takes.
    entry_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// Null in every record: not asked for.
    Nothing,
    /// `{vep: null}` in every record: asked for, and the file has none.
    Absent,
    Entries,
}

impl<'a> Annotations<'a> {
    pub(super) fn new(column: &'a StructArray) -> Self {
        let lists = column.columns().first().and_then(|c| c.as_any().downcast_ref::<ListArray>());
        let entries = lists.map_or(0, |l| l.values().len());
        let content = if column.null_count() == column.len() {
            Content::Nothing
        } else if column.null_count() == 0 && lists.is_some_and(|l| l.null_count() == l.len()) {
            Content::Absent
        } else {
            Content::Entries
        };
        let entry_bytes = column.get_buffer_memory_size().div_ceil(entries.max(1));
        Self { column, lists, content, entry_bytes }
    }

    /// About how many bytes the annotations of a record take.
    pub(super) fn row_bytes(&self, record: usize) -> usize {
        let entries =
            self.lists.filter(|l| record < l.len()).and_then(|l| usize::try_from(l.value_length(record)).ok());
        entries.unwrap_or(0).saturating_mul(self.entry_bytes)
    }

    /// The column of `rows` rows: `runs` says how many of them each record has, records being consecutive.
    pub(super) fn repeat(
        &self,
        runs: &[(usize, usize)],
        rows: usize,
        constants: &Constants,
    ) -> Result<ArrayRef, ExplodeError> {
        match self.content {
            Content::Nothing => return Ok(constants.null(column::ANNOTATIONS, rows)),
            Content::Absent => return Ok(constants.absent_annotations(rows)),
            Content::Entries => {}
        }
        let first = runs.first().map_or(0, |(record, _)| *record);
        if runs.iter().all(|(_, count)| *count == 1) && first + rows <= self.column.len() {
            return Ok(Arc::new(self.column.slice(first, rows)));
        }
        let position = |record: usize| u32::try_from(record).unwrap_or(u32::MAX);
        let positions = runs.iter().flat_map(|(record, count)| std::iter::repeat_n(position(*record), *count));
        let positions = UInt32Array::from_iter_values(positions);
        take(self.column, &positions, None).map_err(|e| ExplodeError::Arrow(e.to_string()))
    }
}
