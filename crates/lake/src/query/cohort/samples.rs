//! Samples that statements name. In: lists of sample ids. Out: subsets of the samples of a record, each made once however
//! many batches it is used for. Ids that a record's samples do not have are passed over: a store may hold many lists.

use super::calls::damaged;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, StringArray};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::ColumnarValue;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use varberg_rows::{HeaderSets, RecordShape, SampleSubset};

/// Subsets that are kept; a statement has few lists, and most tables one headerset.
const KEPT_SUBSETS: usize = 32;

/// Positions of samples, by id.
type Positions = HashMap<String, usize>;

/// The samples of all headersets, and what was made of lists of them.
#[derive(Debug)]
pub(super) struct SampleLists {
    headersets: Arc<HeaderSets>,
    positions: HashMap<i64, OnceLock<Positions>>,
    subsets: Mutex<Vec<Made>>,
}

/// A list that does not change while it is held here, and what it chooses of a headerset.
#[derive(Debug)]
struct Made {
    ids: ArrayRef,
    headerset: i64,
    subset: Arc<SampleSubset>,
}

impl SampleLists {
    pub(super) fn new(headersets: Arc<HeaderSets>) -> Self {
        let positions = headersets.iter().map(|(id, _)| (id, OnceLock::new())).collect();
        Self { headersets, positions, subsets: Mutex::new(Vec::new()) }
    }

    pub(super) fn headersets(&self) -> &HeaderSets {
        &self.headersets
    }

    /// The position of a sample; None where the headerset has no such sample.
    pub(super) fn position(&self, headerset: i64, shape: &RecordShape, id: &str) -> Option<usize> {
        let index = || shape.samples.iter().cloned().zip(0..).collect();
        self.positions.get(&headerset)?.get_or_init(index).get(id).copied()
    }

    /// What a list of ids chooses of a headerset.
    fn subset(&self, headerset: i64, shape: &RecordShape, ids: &ArrayRef) -> Result<Arc<SampleSubset>> {
        let known = self.subsets.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |made: &&Made| made.headerset == headerset && is_same(&made.ids, ids);
        if let Some(made) = known.iter().find(is_same) {
            return Ok(Arc::clone(&made.subset));
        }
        drop(known); // what follows may take a while
        let texts: &StringArray = ids.as_string_opt().ok_or_else(|| damaged("a list of samples is not of text"))?;
        let positions = texts.iter().flatten().filter_map(|id| self.position(headerset, shape, id));
        let subset = Arc::new(SampleSubset::new(shape.samples.len(), positions));
        let mut known = self.subsets.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == KEPT_SUBSETS {
            known.remove(0);
        }
        known.push(Made { ids: Arc::clone(ids), headerset, subset: Arc::clone(&subset) });
        Ok(subset)
    }
}

/// Whether two arrays are the same memory.
fn is_same(one: &ArrayRef, other: &ArrayRef) -> bool {
    Arc::ptr_eq(one, other) || (one.len() == other.len() && one.to_data().ptr_eq(&other.to_data()))
}

/// The samples that records are restricted to, row by row.
pub(super) struct Restriction<'a> {
    lists: &'a SampleLists,
    ids: Ids,
    /// The last list and what it chose.
    last: Option<(i64, ArrayRef, Arc<SampleSubset>)>,
}

enum Ids {
    All,
    /// One list for all rows; None for NULL.
    One(Option<ArrayRef>),
    Each(ArrayRef),
}

/// What a row is restricted to.
pub(super) enum Within {
    All,
    Subset(Arc<SampleSubset>),
    /// It is not known to what.
    Null,
}

impl<'a> Restriction<'a> {
    pub(super) fn new(argument: Option<&ColumnarValue>, lists: &'a SampleLists) -> Result<Self> {
        let ids = match argument {
            None => Ids::All,
            Some(ColumnarValue::Scalar(ScalarValue::List(list))) => {
                Ids::One((list.len() == 1 && list.is_valid(0)).then(|| list.value(0)))
            }
            Some(ColumnarValue::Scalar(other)) if other.is_null() => Ids::One(None),
            Some(ColumnarValue::Scalar(_)) => return Err(damaged("a list of samples has another type than it should")),
            Some(ColumnarValue::Array(lists)) => Ids::Each(Arc::clone(lists)),
        };
        Ok(Self { lists, ids, last: None })
    }

    /// What the row is restricted to, whose samples are those of the headerset.
    pub(super) fn of(&mut self, row: usize, headerset: i64, shape: &RecordShape) -> Result<Within> {
        let ids = match &self.ids {
            Ids::All => return Ok(Within::All),
            Ids::One(None) => return Ok(Within::Null),
            Ids::One(Some(ids)) => Arc::clone(ids),
            Ids::Each(lists) => {
                let lists = lists.as_list_opt::<i32>().ok_or_else(|| damaged("lists of samples are no lists"))?;
                if lists.is_null(row) {
                    return Ok(Within::Null);
                }
                lists.value(row)
            }
        };
        match &self.last {
            Some((last, list, subset)) if *last == headerset && (is_same(list, &ids) || **list == *ids) => {
                return Ok(Within::Subset(Arc::clone(subset)));
            }
            _ => {}
        }
        let subset = self.lists.subset(headerset, shape, &ids)?;
        self.last = Some((headerset, ids, Arc::clone(&subset)));
        Ok(Within::Subset(subset))
    }
}
