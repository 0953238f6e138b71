//! Equal rows to one with their number, in bounded memory. In: record batches. Out: the first of each kind of row, in the
//! order of their first occurrence, with the number of rows that it stands for.

mod kept;
mod keys;
mod texts;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, UInt32Array};
use arrow_schema::{ArrowError, DataType, Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use kept::{Kept, MOST_WORDS};
use keys::ColumnKeys;
use std::sync::Arc;

/// Most rows that are kept to be compared with.
const MOST_ROWS: usize = 256 * 1024;
/// Most bytes of values that are kept to be compared with.
const MOST_BYTES: usize = 64 << 20;
/// Rows after which it shows whether there are equal ones at all.
const TRIAL_ROWS: usize = 32 * 1024;

/// Rows, and for each of them how many it stands for.
pub type NumberedRows = (RecordBatch, Int64Array);

/// Puts equal rows of a stream together. Null is equal to null; floating-point numbers are equal if their bits are.
///
/// What is kept is given away when there is too much of it: equal rows may then come again. Where hardly any rows are equal,
/// they are given away as they come, each with the number 1.
#[derive(Debug)]
pub struct EqualRows {
    schema: SchemaRef,
    columns: Vec<ColumnKeys>,
    /// Words of a row.
    width: usize,
    kept: Kept,
    /// The rows that are kept.
    first: Vec<RecordBatch>,
    first_bytes: usize,
    /// Rows that came since nothing was kept.
    came: usize,
    /// Hardly any rows are equal.
    passes_on: bool,
    words: Vec<u64>,
}

impl EqualRows {
    /// Whether rows with columns of these types can be compared.
    pub fn compares<'a>(types: impl Iterator<Item = &'a DataType>) -> bool {
        // Texts may come as views, which take more.
        let kinds = types.map(|kind| if *kind == DataType::Utf8 { &DataType::Utf8View } else { kind });
        let words = kinds.map(|kind| ColumnKeys::new(kind, true).map(|column| column.words()));
        words.sum::<Option<usize>>().is_some_and(|words| words <= MOST_WORDS)
    }

    /// Errors: columns that cannot be compared.
    pub fn new(schema: &SchemaRef) -> Result<Self, ArrowError> {
        if !Self::compares(schema.fields().iter().map(|field| field.data_type())) {
            return Err(ArrowError::SchemaError("rows of these columns are not compared".to_owned()));
        }
        let columns = schema.fields().iter().filter_map(|f| ColumnKeys::new(f.data_type(), f.is_nullable()));
        let columns: Vec<ColumnKeys> = columns.collect();
        let width = Kept::width(columns.iter().map(ColumnKeys::words).sum());
        Ok(Self {
            schema: Arc::clone(schema),
            columns,
            width,
            kept: Kept::default(),
            first: Vec::new(),
            first_bytes: 0,
            came: 0,
            passes_on: false,
            words: Vec::new(),
        })
    }

    /// Takes rows; gives those that are not kept any longer.
    pub fn add(&mut self, rows: &RecordBatch) -> Result<Option<NumberedRows>, ArrowError> {
        if rows.num_rows() == 0 {
            return Ok(None);
        }
        if self.width == 0 {
            let number = i64::try_from(rows.num_rows()).unwrap_or(i64::MAX);
            return Ok(Some((rows.slice(0, 1), Int64Array::from_value(number, 1))));
        }
        if self.passes_on {
            return Ok(Some((rows.clone(), Int64Array::from_value(1, rows.num_rows()))));
        }
        let new = match short_texts(rows) {
            Some(views) => self.kept.count_keys(views.iter().map(|view| keys::of_view(*view))),
            None => self.count(rows)?,
        };
        self.came += rows.num_rows();
        if !new.is_empty() {
            let first = taken(rows, new)?;
            self.first_bytes += first.get_array_memory_size();
            self.first.push(first);
        }
        let kept = self.kept.len();
        let bytes = self.first_bytes + self.columns.iter().map(ColumnKeys::size).sum::<usize>();
        let is_full = kept >= MOST_ROWS || bytes >= MOST_BYTES;
        // Of rows that are all different at first, hardly any will be equal later.
        let in_trial = self.came >= TRIAL_ROWS && self.came < 2 * TRIAL_ROWS;
        let is_useless = in_trial && kept * 20 > self.came * 19;
        if !is_full && !is_useless {
            return Ok(None);
        }
        self.passes_on = is_useless || kept * 2 > self.came;
        self.finish()
    }

    /// Counts rows; which of them are the first of their kind.
    fn count(&mut self, rows: &RecordBatch) -> Result<Vec<u32>, ArrowError> {
        self.words.clear();
        self.words.resize(rows.num_rows() * self.width, 0);
        let mut before = 0;
        for (column, array) in self.columns.iter_mut().zip(rows.columns()) {
            column.write(array, self.words.get_mut(before..).unwrap_or_default(), self.width)?;
            before += column.words();
        }
        Ok(self.kept.count(&self.words, self.width))
    }

    /// Gives all rows that are kept.
    pub fn finish(&mut self) -> Result<Option<NumberedRows>, ArrowError> {
        if self.first.is_empty() {
            return Ok(None);
        }
        let rows = concat_batches(&self.schema, &std::mem::take(&mut self.first))?;
        self.columns.iter_mut().for_each(ColumnKeys::forget);
        self.came = 0;
        self.first_bytes = 0;
        Ok(Some((rows, Int64Array::from(std::mem::take(&mut self.kept).into_numbers()))))
    }
}

/// Some rows of a batch, with no more of its bytes than they need.
fn taken(rows: &RecordBatch, places: Vec<u32>) -> Result<RecordBatch, ArrowError> {
    let rows = take_record_batch(rows, &UInt32Array::from(places))?;
    let compact = |column: &ArrayRef| match column.as_string_view_opt() {
        Some(texts) => Arc::new(texts.gc()) as ArrayRef, // views would keep whole pages
        None => Arc::clone(column),
    };
    let columns = rows.columns().iter().map(compact).collect();
    RecordBatch::try_new(rows.schema(), columns)
}

/// The only column, if it is of texts that are words as they are.
fn short_texts(rows: &RecordBatch) -> Option<&[u128]> {
    let [only] = rows.columns() else { return None };
    let texts = only.as_string_view_opt().filter(|texts| texts.null_count() == 0)?;
    let views = texts.views();
    views.iter().all(|view| keys::is_short(*view)).then_some(views)
}

/// The same columns with texts as views, which are faster to compare.
pub fn with_text_views(schema: &Schema) -> Schema {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 => field.as_ref().clone().with_data_type(DataType::Utf8View),
        _ => field.as_ref().clone(),
    });
    Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::builder::{Int32Builder, ListBuilder, StringBuilder};
    use arrow_array::{Float64Array, StringArray, StringViewArray};
    use std::collections::HashMap;

    fn counted(batches: &[RecordBatch]) -> Vec<(String, i64)> {
        let mut equal = EqualRows::new(&batches[0].schema()).unwrap();
        let mut answers: Vec<NumberedRows> = batches.iter().filter_map(|batch| equal.add(batch).unwrap()).collect();
        answers.extend(equal.finish().unwrap());
        let mut rows = Vec::new();
        for (batch, numbers) in answers {
            for row in 0..batch.num_rows() {
                let one = batch.columns().iter().map(|column| format!("{:?}", column.slice(row, 1)));
                rows.push((one.collect::<Vec<_>>().join(" "), numbers.value(row)));
            }
        }
        rows
    }

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
            .unwrap()
    }

    #[test]
    fn rows_are_counted_once_each_in_their_order() {
        let batch = |samples: &[Option<&str>], quals: &[Option<f64>]| {
            let samples: ArrayRef = Arc::new(samples.iter().collect::<StringArray>());
            batch(vec![("sampleid", samples), ("qual", Arc::new(quals.iter().copied().collect::<Float64Array>()))])
        };
        let one = batch(&[Some("A"), None, Some("A"), Some("")], &[Some(1.0), None, Some(1.0), Some(0.0)]);
        let two = batch(&[Some("A"), Some("A"), None], &[Some(1.0), Some(-1.0), None]);
        let numbers: Vec<i64> = counted(&[one, two]).into_iter().map(|(_, number)| number).collect();
        assert_eq!(numbers, [3, 2, 1, 1]);
    }

    #[test]
    fn lists_are_equal_if_their_elements_are() {
        let mut calls = ListBuilder::new(Int32Builder::new());
        let rows: [Option<&[Option<i32>]>; 9] = [
            Some(&[Some(0), Some(1)]),
            Some(&[Some(0), None]),
            Some(&[Some(0)]),
            None,
            Some(&[]),
            Some(&[Some(0), Some(1)]),
            Some(&[Some(-1), Some(70_000), Some(0), Some(1)]),
            Some(&[Some(-1), Some(70_000), Some(0), Some(1)]),
            Some(&[Some(1)]),
        ];
        rows.iter().for_each(|row| match row {
            Some(row) => calls.append_value(row.iter().copied()),
            None => calls.append_null(),
        });
        let numbers: Vec<i64> =
            counted(&[batch(vec![("calls", Arc::new(calls.finish()))])]).into_iter().map(|(_, n)| n).collect();
        assert_eq!(numbers, [2, 1, 1, 1, 1, 2, 1]);
        let mut names = ListBuilder::new(StringBuilder::new());
        for row in [["a", "bc"], ["ab", "c"], ["a", "bc"]] {
            names.append_value(row.map(Some));
        }
        let rows = counted(&[batch(vec![("names", Arc::new(names.finish()))])]);
        assert_eq!(rows.into_iter().map(|(_, n)| n).collect::<Vec<_>>(), [2, 1]);
    }

    /// The sum of numbers is that of a plain count, for rows that repeat and rows that do not, whatever the memory.
    #[test]
    fn the_numbers_add_up_to_the_rows() {
        for different in [3_u64, 1000, 400_000, u64::MAX] {
            let value = |row: u64| (row.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) % different;
            let name =
                |row: u64| format!("{}{}", "a long name of a sample ".repeat((value(row) % 2) as usize), value(row));
            let mut expected: HashMap<String, i64> = HashMap::new();
            let mut batches = Vec::new();
            for begin in (0..600_000).step_by(8192) {
                let names: Vec<String> = (begin..begin + 8192).map(name).collect();
                names.iter().for_each(|name| *expected.entry(name.clone()).or_default() += 1);
                batches.push(batch(vec![("name", Arc::new(StringViewArray::from_iter_values(names)) as ArrayRef)]));
            }
            let mut equal = EqualRows::new(&batches[0].schema()).unwrap();
            let mut found: HashMap<String, i64> = HashMap::new();
            let mut answers: Vec<NumberedRows> = batches.iter().filter_map(|batch| equal.add(batch).unwrap()).collect();
            answers.extend(equal.finish().unwrap());
            for (rows, numbers) in answers {
                let names = rows.column(0).as_any().downcast_ref::<StringViewArray>().unwrap();
                names
                    .iter()
                    .zip(numbers.values())
                    .for_each(|(name, n)| *found.entry(name.unwrap().to_owned()).or_default() += n);
            }
            assert_eq!(found, expected, "{different} different values");
        }
    }
}
