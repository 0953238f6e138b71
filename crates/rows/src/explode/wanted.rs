//! Which rows and columns are made. In: positions of columns of the long table, positions of samples. Out: answers for the
//! loops that make rows.

use super::constants::column;
use std::ops::Range;

/// Number of columns of the long table that rows are made of.
const COLUMNS: usize = 27;

/// Columns of the long table.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Ascending.
    pub(super) positions: Vec<usize>,
    is: [bool; COLUMNS],
}

impl Wanted {
    pub(super) fn all() -> Self {
        Self { positions: (0..COLUMNS).collect(), is: [true; COLUMNS] }
    }

    /// Positions that the table does not have are left out.
    pub(super) fn these(columns: &[usize]) -> Self {
        let is = std::array::from_fn(|at| columns.contains(&at));
        Self { positions: (0..COLUMNS).filter(|at| columns.contains(at)).collect(), is }
    }

    pub(super) fn has(&self, column: usize) -> bool {
        self.is.get(column).copied().unwrap_or(false)
    }

    /// Whether values of samples other than their names are made.
    pub(super) fn values(&self) -> bool {
        let is_value = |at: &usize| (column::PHASED..=column::PHASE_SET).contains(at);
        self.positions.iter().any(is_value) || self.has(column::INFORMATION) || self.has(column::RAW)
    }
}

/// The samples that rows are made for. Positions are those in the order of the header, ascending.
#[derive(Debug, Clone, Copy)]
pub enum Selection<'a> {
    All,
    /// The same of each record.
    Same(&'a [u32]),
    /// Those of each record: where a record's positions end is in `ends`.
    Each {
        positions: &'a [u32],
        ends: &'a [usize],
    },
}

impl<'a> Selection<'a> {
    /// Of one record; `samples`: number of samples of the file.
    pub(super) fn of(self, record: usize, samples: usize) -> Samples<'a> {
        match self {
            Self::All => Samples::Range(0..samples),
            Self::Same(positions) => Samples::List(positions),
            Self::Each { positions, ends } => {
                let end = |record: usize| ends.get(record).copied().unwrap_or(0);
                let start = record.checked_sub(1).map_or(0, end);
                Samples::List(positions.get(start..end(record)).unwrap_or_default())
            }
        }
    }
}

/// Some samples of a record.
#[derive(Debug, Clone)]
pub(super) enum Samples<'a> {
    Range(Range<usize>),
    List(&'a [u32]),
}

impl<'a> Samples<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Range(range) => range.len(),
            Self::List(positions) => positions.len(),
        }
    }

    /// `count` of them from the one at `first` on.
    pub(super) fn part(&self, first: usize, count: usize) -> Self {
        match self {
            Self::Range(range) => Self::Range(range.start + first..range.start + first + count),
            Self::List(positions) => Self::List(positions.get(first..first + count).unwrap_or_default()),
        }
    }

    /// Positions in the order of the header.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + use<'a> {
        let (range, list) = match self {
            Self::Range(range) => (range.clone(), &[][..]),
            Self::List(positions) => (0..0, *positions),
        };
        range.chain(list.iter().map(|at| usize::try_from(*at).unwrap_or(usize::MAX)))
    }
}
