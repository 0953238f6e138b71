//! Rows of a wide table to record batches as a reader makes them, for the rows of one headerset. In: some columns of the
//! table. Out: batches that `Explode` takes; columns that are not wanted are null.

use super::attributes::attributes;
use crate::builders::row_range;
use crate::record::record_columns as at;
use crate::{ExplodeError, Maps, Origin, RecordShape, ints};
use arrow_array::builder::BinaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, Int64Array, MapArray, RecordBatch, RecordBatchOptions, StringArray, new_null_array,
};
use arrow_schema::{DataType, SchemaRef};
use std::collections::BTreeSet;
use std::sync::Arc;
use varberg_model::{FormatColumns, TableSchema};

/// Columns of a long table that are those of the wide one, with their places in a record batch.
const SITES: [(&str, usize); 10] = [
    ("contigname", at::CONTIG),
    ("start", at::START),
    ("end", at::END),
    ("names", at::NAMES),
    ("referenceallele", at::REFERENCE),
    ("alternatealleles", at::ALTERNATES),
    ("qual", at::QUAL),
    ("filters", at::FILTERS),
    ("annotations", at::ANNOTATIONS),
    ("_format", at::FORMAT),
];

/// FORMAT keys that have a column of their own in the long table, with that column.
const KEYS: [(&str, &str); 9] = [
    ("GT", "calls"),
    ("GT", "phased"),
    ("GQ", "conditionalquality"),
    ("DP", "depth"),
    ("PS", "ps"),
    ("PL", "phredlikelihoods"),
    ("AD", "alleledepths"),
    ("SPL", "spl"),
    ("GL", "genotypelikelihoods"),
];

/// The names of the columns of a wide table that columns of its long form, by position, are made of.
///
/// `sampleid` and `splitfrommultiallelic` are made of none. The headerset is always among them.
pub fn wide_columns(wide: &TableSchema, long: &[usize]) -> BTreeSet<String> {
    let contract = TableSchema::variants_long();
    let formats = FormatColumns::of(wide);
    let wanted: BTreeSet<&str> =
        long.iter().filter_map(|at| contract.columns.get(*at)).map(|c| c.name.as_str()).collect();
    let mut names = BTreeSet::from(["_headerset".to_owned()]);
    let mut add = |name: Option<&str>| names.extend(name.map(str::to_owned));
    for name in &wanted {
        match *name {
            "attributes" => ["info", "_attributes"].into_iter().for_each(|name| add(Some(name))),
            // Any value may need its text beside it.
            "_raw" => ["_raw", "info", "_attributes", "_undeclared"].into_iter().for_each(|name| add(Some(name))),
            "information" => add(Some("_undeclared")),
            "sampleid" | "splitfrommultiallelic" => {}
            name if KEYS.iter().any(|(_, column)| *column == name) => {
                let keys = KEYS.iter().filter(|(_, column)| *column == name);
                keys.for_each(|(key, _)| add(Some(formats.name(key).unwrap_or("_undeclared"))));
            }
            // One is of no use without the other.
            "importjobid" | "_item" => ["importjobid", "_item"].into_iter().for_each(|name| add(Some(name))),
            name => add(Some(name)),
        }
    }
    for column in &wide.columns {
        let Some(key) = varberg_model::format_key(column) else { continue };
        let is_information = KEYS.iter().all(|(own, _)| *own != key);
        if wanted.contains("_raw") || (is_information && wanted.contains("information")) {
            add(Some(&column.name));
        }
    }
    names
}

/// Makes record batches of the rows of one headerset.
#[derive(Debug)]
pub struct StoredRecords {
    shape: RecordShape,
    schema: SchemaRef,
    /// By position among the FORMAT fields of the shape: the column of the table.
    formats: Vec<Option<String>>,
    wants_attributes: bool,
    wants_raw: bool,
}

impl StoredRecords {
    /// `long`: positions of the columns of the long table that are wanted.
    pub fn new(wide: &TableSchema, shape: &RecordShape, long: &[usize]) -> Self {
        let columns = FormatColumns::of(wide);
        let contract = TableSchema::variants_long();
        let wants = |name: &str| long.iter().any(|at| contract.columns.get(*at).is_some_and(|c| c.name == name));
        Self {
            schema: shape.arrow_schema(),
            formats: shape.formats.iter().map(|format| columns.name(&format.id).map(str::to_owned)).collect(),
            shape: shape.clone(),
            wants_attributes: wants("attributes"),
            wants_raw: wants("_raw"),
        }
    }

    /// The records of `rows`, all of which are of the headerset.
    pub fn records(&self, rows: &RecordBatch) -> Result<RecordBatch, ExplodeError> {
        let count = rows.num_rows();
        let kind = |position: usize| self.schema.field(position).data_type();
        let mut columns: Vec<ArrayRef> =
            self.schema.fields().iter().map(|f| new_null_array(f.data_type(), count)).collect();
        for (name, position) in SITES {
            if let Some(own) = rows.column_by_name(name) {
                columns[position] = Arc::clone(own);
            }
        }
        columns[at::RECORD] = match rows.column_by_name("_record") {
            Some(own) => Arc::clone(own),
            None => Arc::new(Int64Array::from_value(0, count)),
        };
        if let (Some(info), Some(stored)) = (text(rows, "info"), map(rows, "_attributes")) {
            if self.wants_attributes
                && let Some(maps) = attributes(info, stored, kind(at::ATTRIBUTES))?
            {
                columns[at::ATTRIBUTES] = maps;
            }
            if self.wants_raw
                && let Some(raw) = raw(map(rows, "_raw"), info, stored, kind(at::RAW))?
            {
                columns[at::RAW] = raw;
            }
        }
        for (position, name) in self.formats.iter().enumerate() {
            if let Some(own) = name.as_ref().and_then(|name| rows.column_by_name(name)) {
                columns[at::FIRST_FORMAT + position] = Arc::clone(own);
            }
        }
        if let Some(own) = rows.column_by_name("_undeclared").and_then(|c| c.as_binary_opt::<i32>()) {
            self.divide(own, &mut columns)?;
        }
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }

    /// Gives values of declared FORMAT keys that had no column back to them; the others are undeclared.
    fn divide(&self, stored: &BinaryArray, columns: &mut [ArrayRef]) -> Result<(), ExplodeError> {
        let undeclared = self.shape.undeclared_column();
        if self.formats.iter().all(Option::is_some) || stored.null_count() == stored.len() {
            columns[undeclared] = Arc::new(stored.clone());
            return Ok(());
        }
        let mut own: Vec<BinaryBuilder> = self.formats.iter().map(|_| BinaryBuilder::new()).collect();
        let mut others = BinaryBuilder::new();
        for row in 0..stored.len() {
            let parts = if stored.is_valid(row) { parts(stored.value(row)) } else { Some(Vec::new()) };
            let parts = parts.ok_or_else(|| ExplodeError::Vector("FORMAT keys".to_owned()))?;
            let position = |key: &[u8]| {
                let declared = self.shape.formats.iter().zip(&self.formats);
                declared.enumerate().find(|(_, (f, name))| name.is_none() && f.id.as_bytes() == key).map(|(at, _)| at)
            };
            let (left, rest): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(key, _)| position(key).is_some());
            for (at, builder) in own.iter_mut().enumerate() {
                let value = left.iter().find(|(key, _)| position(key) == Some(at)).map(|(_, value)| *value);
                builder.append_option(value);
            }
            others.append_option((!rest.is_empty()).then(|| joined(&rest)));
        }
        for (position, (mut builder, name)) in own.into_iter().zip(&self.formats).enumerate() {
            if name.is_none() {
                columns[at::FIRST_FORMAT + position] = Arc::new(builder.finish());
            }
        }
        columns[undeclared] = Arc::new(others.finish());
        Ok(())
    }

    /// Where the rows came from.
    pub fn origin(rows: &RecordBatch) -> Option<Origin<'_>> {
        let item = rows.column_by_name("_item")?.as_primitive_opt::<Int32Type>()?;
        Some(Origin { job: text(rows, "importjobid")?, item })
    }

    /// First row, number of rows and headerset of each run of rows of one headerset.
    pub fn runs(rows: &RecordBatch) -> Result<Vec<(usize, usize, i64)>, ExplodeError> {
        let ids = rows.column_by_name("_headerset").and_then(|c| c.as_primitive_opt::<Int64Type>());
        let ids = ids.ok_or_else(|| ExplodeError::Arrow("there is no headerset".to_owned()))?;
        let mut runs: Vec<(usize, usize, i64)> = Vec::new();
        for (row, id) in ids.values().iter().enumerate() {
            match runs.last_mut() {
                Some((_, count, last)) if last == id => *count += 1,
                _ => runs.push((row, 1, *id)),
            }
        }
        Ok(runs)
    }
}

fn text<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a StringArray> {
    rows.column_by_name(name)?.as_string_opt::<i32>()
}

fn map<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a MapArray> {
    rows.column_by_name(name)?.as_map_opt()
}

/// `_raw`, with INFO where the map does not give it back: where a map is stored.
fn raw(
    stored: Option<&MapArray>,
    info: &StringArray,
    attributes: &MapArray,
    kind: &DataType,
) -> Result<Option<ArrayRef>, ExplodeError> {
    let mut maps = Maps::default();
    for row in 0..info.len() {
        if let Some(stored) = stored.filter(|stored| stored.is_valid(row)) {
            put_entries(stored, row, &mut maps);
        }
        if attributes.is_valid(row) {
            maps.push("INFO", if info.is_valid(row) { info.value(row) } else { "." });
        }
        maps.close_row();
    }
    Ok(maps.finish(kind)?)
}

/// Adds the entries of a row to the row under way.
fn put_entries(source: &MapArray, row: usize, maps: &mut Maps) {
    let (keys, values) = (source.keys().as_string_opt::<i32>(), source.values().as_string_opt::<i32>());
    if let (Some(keys), Some(values), Some(range)) = (keys, values, row_range(source.value_offsets(), row)) {
        maps.keys.repeat(keys, range.clone(), 1);
        maps.values.repeat(values, range, 1);
    }
}

/// Keys and vectors of a value of `_undeclared`.
fn parts(value: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let (count, mut rest) = ints::leb128(value)?;
    let mut parts = Vec::new();
    for _ in 0..count {
        let (key, after) = ints::sized(rest)?;
        let (vector, after) = ints::sized(after)?;
        parts.push((key, vector));
        rest = after;
    }
    Some(parts)
}

fn joined(parts: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut value = Vec::new();
    ints::put_leb128(parts.len(), &mut value);
    for part in parts.iter().flat_map(|(key, vector)| [key, vector]) {
        ints::put_leb128(part.len(), &mut value);
        value.extend_from_slice(part);
    }
    value
}
