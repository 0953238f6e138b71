//! The values of a key, once they are all known.

use arrow_array::{BooleanArray, Int64Array};
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Most values that are kept; with more of them nothing is left out.
const MOST_VALUES: usize = 1 << 20;
/// Rows after which it is known whether the filter is worth its cost.
const TRIAL_ROWS: usize = 1 << 20;

/// What the two sides of a join share.
#[derive(Debug, Default)]
pub(super) struct Keys {
    known: RwLock<Option<Arc<Values>>>,
    /// Rows that were looked at, and those of them that passed.
    seen: AtomicUsize,
    passed: AtomicUsize,
}

/// Values that were collected; more than [`MOST_VALUES`] are none.
#[derive(Debug, Default)]
pub(super) struct Values {
    values: HashSet<i64>,
    are_too_many: bool,
}

impl Values {
    pub(super) fn add(&mut self, values: &Int64Array) {
        if self.are_too_many {
            return;
        }
        let mut last = None;
        for value in values.iter().flatten() {
            if last != Some(value) {
                self.values.insert(value);
                last = Some(value);
            }
        }
        if self.values.len() > MOST_VALUES {
            *self = Self { values: HashSet::new(), are_too_many: true };
        }
    }
}

impl Keys {
    /// Tells all values.
    pub(super) fn tell(&self, values: Values) {
        let known = (!values.are_too_many).then(|| Arc::new(values));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// Nothing is known any more.
    pub(super) fn forget(&self) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.seen.store(0, Ordering::Relaxed);
        self.passed.store(0, Ordering::Relaxed);
    }

    /// Which rows may meet another; none if all may, or if most did so far.
    pub(super) fn passing(&self, column: &Int64Array) -> Option<BooleanArray> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        let (seen, passed) = (self.seen.load(Ordering::Relaxed), self.passed.load(Ordering::Relaxed));
        if seen >= TRIAL_ROWS && passed > seen / 2 {
            return None;
        }
        // Rows of sorted tables have the same value many times over.
        let mut last = (None, false);
        let passes = |value: Option<i64>| {
            if last.0 != value {
                last = (value, value.is_some_and(|value| known.values.contains(&value)));
            }
            last.1
        };
        let answer = BooleanArray::from_iter(column.iter().map(passes).map(Some));
        self.seen.fetch_add(column.len(), Ordering::Relaxed);
        self.passed.fetch_add(answer.true_count(), Ordering::Relaxed);
        Some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passing(keys: &Keys, rows: Vec<Option<i64>>) -> Option<Vec<bool>> {
        Some(keys.passing(&Int64Array::from(rows))?.values().iter().collect())
    }

    #[test]
    fn only_rows_with_a_collected_value_pass_once_it_is_told() {
        let keys = Keys::default();
        assert_eq!(passing(&keys, vec![Some(1)]), None);
        let mut values = Values::default();
        values.add(&Int64Array::from(vec![Some(5), None, Some(7)]));
        keys.tell(values);
        assert_eq!(
            passing(&keys, vec![Some(5), Some(5), Some(6), None, Some(7)]),
            Some(vec![true, true, false, false, true])
        );
        keys.forget();
        assert_eq!(passing(&keys, vec![Some(6)]), None);
    }

    #[test]
    fn a_filter_that_most_rows_pass_is_given_up() {
        let keys = Keys::default();
        let mut values = Values::default();
        values.add(&Int64Array::from(vec![1]));
        keys.tell(values);
        assert!(keys.passing(&Int64Array::from_value(1, TRIAL_ROWS)).is_some());
        assert!(keys.passing(&Int64Array::from_value(2, 1)).is_none());
    }
}
