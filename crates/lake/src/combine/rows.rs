//! Equal rows to one with their number, in bounded memory.

use super::keys::Column;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, UInt32Array};
use arrow_schema::{Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use datafusion::common::{DataFusionError, Result};
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher as _;
use std::sync::Arc;

/// Most rows that are kept to be compared with.
const MOST_ROWS: usize = 256 * 1024;
/// Most bytes of values that are kept to be compared with.
const MOST_BYTES: usize = 64 << 20;
/// Rows after which it shows whether there are equal ones at all.
const TRIAL_ROWS: usize = 32 * 1024;

/// Puts equal rows of a stream together.
pub(super) struct Combiner {
    /// Of the rows with their number.
    output: SchemaRef,
    place: usize,
    batch_size: usize,
    columns: Vec<Column>,
    /// Words of a row.
    width: usize,
    kept: Kept,
    /// The rows that are kept, in the order of their first occurrence.
    first: Vec<RecordBatch>,
    /// Rows that came since nothing was kept.
    came: usize,
    /// Hardly any rows are equal: they are passed on.
    passes_on: bool,
    words: Vec<u64>,
}

/// Rows that are kept, by their words.
#[derive(Default)]
struct Kept {
    words: Vec<u64>,
    numbers: Vec<i64>,
    rows: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// For each row: which one came after it last time.
    following: Vec<u32>,
    last: usize,
}

impl Kept {
    #[inline]
    fn words_of(words: &[u64], row: u32, width: usize) -> &[u64] {
        let begin = row as usize * width;
        words.get(begin..begin + width).unwrap_or_default()
    }

    /// Counts a row; true if it is the first of its kind.
    #[inline]
    fn count(&mut self, key: &[u64]) -> bool {
        let width = key.len();
        let guess = self.following.get(self.last).copied().unwrap_or(u32::MAX);
        let is_new;
        let row = if (guess as usize) < self.numbers.len() && Self::words_of(&self.words, guess, width) == key {
            is_new = false;
            guess
        } else {
            let hash = self.hasher.hash_one(key);
            let found = self.rows.find(hash, |row| Self::words_of(&self.words, *row, width) == key).copied();
            is_new = found.is_none();
            found.unwrap_or_else(|| self.keep(hash, key))
        };
        if let Some(number) = self.numbers.get_mut(row as usize) {
            *number += 1;
        }
        if let Some(following) = self.following.get_mut(self.last) {
            *following = row;
        }
        self.last = row as usize;
        is_new
    }

    fn keep(&mut self, hash: u64, key: &[u64]) -> u32 {
        let row = self.numbers.len() as u32; // below MOST_ROWS and a batch
        self.words.extend_from_slice(key);
        self.numbers.push(0);
        self.following.push(row);
        let Self { words, hasher, rows, .. } = self;
        rows.insert_unique(hash, row, |row| hasher.hash_one(Self::words_of(words, *row, key.len())));
        row
    }

    fn clear(&mut self) {
        self.words.clear();
        self.numbers.clear();
        self.rows.clear();
        self.following.clear();
        self.last = 0;
    }
}

impl Combiner {
    /// `place`: of the number among the columns of `output`, which are those of `rows` otherwise.
    pub(super) fn new(rows: &Schema, output: &SchemaRef, place: usize, batch_size: usize) -> Result<Self> {
        let columns = rows.fields().iter().map(|field| Column::new(field.data_type()));
        let columns: Vec<Column> = columns
            .collect::<Option<_>>()
            .ok_or_else(|| DataFusionError::Internal("rows of a type that is not compared".to_owned()))?;
        let width = columns.iter().map(Column::words).sum();
        Ok(Self {
            output: Arc::clone(output),
            place,
            batch_size,
            columns,
            width,
            kept: Kept::default(),
            first: Vec::new(),
            came: 0,
            passes_on: false,
            words: Vec::new(),
        })
    }

    /// Takes rows; gives those that are not kept any longer.
    pub(super) fn add(&mut self, rows: &RecordBatch) -> Result<Vec<RecordBatch>> {
        if self.width == 0 {
            return Ok(vec![self.with_numbers(&rows.slice(0, 0), Int64Array::from_value(rows.num_rows() as i64, 1))?]);
        }
        if self.passes_on {
            return Ok(vec![self.with_numbers(rows, Int64Array::from_value(1, rows.num_rows()))?]);
        }
        self.words.clear();
        self.words.resize(rows.num_rows() * self.width, 0);
        let mut before = 0;
        for (column, array) in self.columns.iter_mut().zip(rows.columns()) {
            column.write(array, self.words.get_mut(before..).unwrap_or_default(), self.width)?;
            before += column.words();
        }
        let mut new = Vec::new();
        for (at, key) in (0_u32..).zip(self.words.chunks_exact(self.width)) {
            if self.kept.count(key) {
                new.push(at);
            }
        }
        self.came += rows.num_rows();
        if !new.is_empty() {
            self.first.push(take_record_batch(rows, &UInt32Array::from(new))?);
        }
        let kept = self.kept.numbers.len();
        let is_full = kept >= MOST_ROWS || self.columns.iter().map(Column::size).sum::<usize>() >= MOST_BYTES;
        // Of rows that are all different at first, hardly any will be equal later.
        let is_useless = self.came >= TRIAL_ROWS && self.came < 2 * TRIAL_ROWS && kept * 20 > self.came * 19;
        if !is_full && !is_useless {
            return Ok(Vec::new());
        }
        self.passes_on = is_useless || kept * 2 > self.came;
        self.finish()
    }

    /// Gives all rows that are kept.
    pub(super) fn finish(&mut self) -> Result<Vec<RecordBatch>> {
        if self.first.is_empty() {
            return Ok(Vec::new());
        }
        let first = std::mem::take(&mut self.first);
        let rows = concat_batches(&first.first().map(RecordBatch::schema).unwrap_or_else(|| self.output.clone()), &first)?;
        let numbers = Int64Array::from(std::mem::take(&mut self.kept.numbers));
        self.kept.clear();
        self.columns.iter_mut().for_each(Column::clear);
        self.came = 0;
        let whole = self.with_numbers(&rows, numbers)?;
        let begins = (0..whole.num_rows()).step_by(self.batch_size);
        Ok(begins.map(|at| whole.slice(at, self.batch_size.min(whole.num_rows() - at))).collect())
    }

    fn with_numbers(&self, rows: &RecordBatch, numbers: Int64Array) -> Result<RecordBatch> {
        let mut columns: Vec<ArrayRef> = rows.columns().to_vec();
        columns.insert(self.place, Arc::new(numbers));
        Ok(RecordBatch::try_new(Arc::clone(&self.output), columns)?)
    }
}
