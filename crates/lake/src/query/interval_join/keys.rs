//! The equal parts of a join's condition, as groups: rows with equal keys have the same number.

use arrow_array::{Array, ArrayRef, UInt64Array};
use arrow_ord::partition::partition;
use arrow_select::take::take;
use datafusion::arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::{NullEquality, Result, ScalarValue};
use datafusion::execution::memory_pool::MemoryReservation;
use std::collections::HashMap;
use std::ops::Range;

/// The group of rows that equal no other row.
pub(super) const NO_GROUP: u32 = u32::MAX;
/// Bytes of a key in memory besides its own.
const BYTES_PER_KEY: usize = 64;

/// The keys of the build side.
#[derive(Debug)]
pub(super) struct Keys {
    converter: RowConverter,
    nulls_are_equal: bool,
    groups: HashMap<Box<[u8]>, u32>,
}

impl Keys {
    pub(super) fn new(columns: &[ArrayRef], nulls: NullEquality) -> Result<Self> {
        let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
        Ok(Self {
            converter: RowConverter::new(fields)?,
            nulls_are_equal: nulls == NullEquality::NullEqualsNull,
            groups: HashMap::new(),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    /// The keys of each group.
    pub(super) fn values(&self) -> Result<Vec<(u32, Vec<ScalarValue>)>> {
        let parser = self.converter.parser();
        let values = self.groups.iter().map(|(key, group)| {
            let columns = self.converter.convert_rows([parser.parse(key)])?;
            let values = columns.iter().map(|column| ScalarValue::try_from_array(column, 0));
            Ok((*group, values.collect::<Result<_>>()?))
        });
        values.collect()
    }

    /// The group of each row of the build side; new keys found new groups.
    pub(super) fn add(&mut self, columns: &[ArrayRef], memory: &MemoryReservation) -> Result<Vec<u32>> {
        let runs = Runs::new(columns, &self.converter)?;
        let mut groups = Vec::with_capacity(runs.rows());
        for (run, range) in runs.ranges.iter().enumerate() {
            let group = match runs.key(run, self.nulls_are_equal) {
                None => NO_GROUP,
                Some(key) => match self.groups.get(key) {
                    Some(group) => *group,
                    None => {
                        memory.try_grow(key.len() + BYTES_PER_KEY)?;
                        let group = u32::try_from(self.groups.len()).unwrap_or(NO_GROUP); // rows are fewer than that
                        self.groups.insert(key.into(), group);
                        group
                    }
                },
            };
            groups.resize(range.end, group);
        }
        Ok(groups)
    }

    /// The group of each row of the probe side.
    pub(super) fn find(&self, columns: &[ArrayRef]) -> Result<Vec<u32>> {
        let runs = Runs::new(columns, &self.converter)?;
        let mut groups = Vec::with_capacity(runs.rows());
        for (run, range) in runs.ranges.iter().enumerate() {
            let key = runs.key(run, self.nulls_are_equal);
            let group = key.and_then(|key| self.groups.get(key)).copied().unwrap_or(NO_GROUP);
            groups.resize(range.end, group);
        }
        Ok(groups)
    }
}

/// Rows of equal keys that follow one another, which sorted tables consist of: one look for each.
struct Runs {
    ranges: Vec<Range<usize>>,
    keys: Rows,
    /// Whether a run's key has a null.
    nulls: Vec<bool>,
}

impl Runs {
    fn new(columns: &[ArrayRef], converter: &RowConverter) -> Result<Self> {
        let ranges = partition(columns)?.ranges();
        let firsts = UInt64Array::from_iter_values(ranges.iter().map(|range| range.start as u64));
        let firsts: Vec<ArrayRef> =
            columns.iter().map(|column| take(column, &firsts, None)).collect::<Result<_, _>>()?;
        let nulls = (0..ranges.len()).map(|run| firsts.iter().any(|column| column.is_null(run))).collect();
        Ok(Self { keys: converter.convert_columns(&firsts)?, ranges, nulls })
    }

    fn rows(&self) -> usize {
        self.ranges.last().map_or(0, |range| range.end)
    }

    fn key(&self, run: usize, nulls_are_equal: bool) -> Option<&[u8]> {
        (nulls_are_equal || !self.nulls[run]).then(|| self.keys.row(run).data())
    }
}
