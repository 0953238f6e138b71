//! The columns of a table that say where its rows lie on a genome.

use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Schema};
use varberg_model::{PlaceColumns, TableSchema};

/// Positions of the columns in a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    contig: usize,
    start: usize,
    end: usize,
}

/// What a batch says of the places of its rows.
pub(super) struct Places {
    pub(super) contigs: StringArray,
    pub(super) starts: Int64Array,
    pub(super) ends: Int64Array,
}

impl Place {
    pub(super) fn of(schema: &TableSchema, columns: &PlaceColumns) -> Option<Self> {
        let position = |name: &str| schema.columns.iter().position(|column| column.name == name);
        Some(Self {
            contig: position(&columns.contig)?,
            start: position(&columns.start)?,
            end: position(&columns.end)?,
        })
    }

    /// The names of the columns of start and end.
    pub(super) fn coordinates(self, schema: &Schema) -> Vec<&str> {
        [self.start, self.end].into_iter().filter_map(|at| schema.fields().get(at)).map(|f| f.name().as_str()).collect()
    }

    /// Errors: [`Error::Shape`] for columns of other types than text and integers.
    pub(super) fn values(self, batch: &RecordBatch) -> Result<Places> {
        let column = |position: usize| batch.columns().get(position).ok_or_else(other_type);
        let contigs = column(self.contig)?.as_string_opt::<i32>().ok_or_else(other_type)?.clone();
        Ok(Places { contigs, starts: integers(column(self.start)?)?, ends: integers(column(self.end)?)? })
    }
}

fn other_type() -> Error {
    Error::Shape { reason: "the columns of a row's place have other types".to_owned() }
}

fn integers(array: &ArrayRef) -> Result<Int64Array> {
    match array.data_type() {
        DataType::Int64 => array.as_primitive_opt::<Int64Type>().cloned().ok_or_else(other_type),
        DataType::Int32 => {
            let narrow = array.as_primitive_opt::<Int32Type>().ok_or_else(other_type)?;
            Ok(narrow.unary(i64::from))
        }
        _ => Err(other_type()),
    }
}
