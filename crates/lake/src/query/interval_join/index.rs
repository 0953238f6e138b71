//! Intervals in memory, found by overlap: sorted by start within each group, with the greatest ends of blocks of blocks.
//!
//! A search walks back from the last interval that starts early enough, and stops where no earlier one ends late enough;
//! blocks whose ends are all too small are skipped whole. So one interval over a whole contig costs a few steps for each
//! search, not a step for each interval beneath it. Numbers are whole `i64`s and only compared, never added: no bound of a
//! table overflows. Intervals may be empty or end before they start; nothing here supposes otherwise.
//!
//! Own code, because the well-kept crates for this (coitrees, superintervals) hold 32-bit positions, groups apart, and hand
//! hits to a callback that cannot stop for a full batch. See `bench/RESULTS.md` for a comparison.

use std::ops::Range;

/// Intervals of a block, and blocks of a block of the next level.
const WIDTH: usize = 16;

/// An interval to be put into an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// Which intervals are searched together: those of one contig.
    pub(super) group: u32,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) row: u32,
}

/// An index of intervals; never changes.
#[derive(Debug)]
pub(super) struct IntervalIndex {
    /// Where the intervals of each group lie in the vectors below.
    groups: Vec<Range<usize>>,
    /// Ascending within a group.
    starts: Vec<i64>,
    ends: Vec<i64>,
    /// The greatest end of the group up to and with this interval.
    reach: Vec<i64>,
    rows: Vec<u32>,
    /// The greatest end of each block, level by level. A block may reach over the border of a group; then it tells too much,
    /// never too little.
    blocks: Vec<Vec<i64>>,
}

impl IntervalIndex {
    /// Bytes that [`IntervalIndex::new`] needs for an interval, its entries included.
    pub(super) const BYTES_PER_ENTRY: usize = size_of::<Entry>() + 3 * size_of::<i64>() + size_of::<u32>() + 1;

    pub(super) fn new(mut entries: Vec<Entry>, groups: usize) -> Self {
        entries.sort_unstable();
        let mut ranges = vec![0..0; groups];
        let mut reach = Vec::with_capacity(entries.len());
        let (mut group, mut greatest) = (u32::MAX, i64::MIN);
        for (position, entry) in entries.iter().enumerate() {
            if entry.group != group {
                (group, greatest) = (entry.group, i64::MIN);
                ranges[entry.group as usize] = position..position;
            }
            greatest = greatest.max(entry.end);
            reach.push(greatest);
            ranges[entry.group as usize].end = position + 1;
        }
        let ends: Vec<i64> = entries.iter().map(|entry| entry.end).collect();
        Self {
            groups: ranges,
            starts: entries.iter().map(|entry| entry.start).collect(),
            reach,
            rows: entries.iter().map(|entry| entry.row).collect(),
            blocks: blocks(&ends),
            ends,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The first start and the last end of a group; `None` when it has no interval.
    pub(super) fn extent(&self, group: u32) -> Option<(i64, i64)> {
        let range = self.groups.get(group as usize)?.clone();
        Some((*self.starts.get(range.clone())?.first()?, *self.reach.get(range)?.last()?))
    }

    /// Where a search begins: behind the last interval of `group` that starts at `greatest_start` or before.
    ///
    /// `near` is where an earlier search began; the closer, the faster.
    pub(super) fn seek(&self, group: u32, greatest_start: i64, near: usize) -> Search {
        let range = self.groups.get(group as usize).cloned().unwrap_or_default();
        let starts = &self.starts[range.clone()];
        let near = near.clamp(range.start, range.end) - range.start;
        let at = if near < starts.len() && starts[near] <= greatest_start {
            ascend(starts, greatest_start, near)
        } else {
            descend(starts, greatest_start, near)
        };
        Search { begin: range.start, at: range.start + at }
    }

    /// Adds the rows of the intervals that `search` meets and that end at `least_end` or later, until there are `limit` rows.
    ///
    /// Out: whether the search is over; if not, it goes on where it stopped.
    pub(super) fn collect(&self, search: &mut Search, least_end: i64, limit: usize, rows: &mut Vec<u32>) -> bool {
        let mut at = search.at;
        while at > search.begin && self.reach[at - 1] >= least_end {
            if at.is_multiple_of(WIDTH)
                && let Some(before) = self.skip(at, least_end)
            {
                at = before;
                continue;
            }
            if self.ends[at - 1] >= least_end {
                if rows.len() >= limit {
                    search.at = at;
                    return false;
                }
                rows.push(self.rows[at - 1]);
            }
            at -= 1;
        }
        true
    }

    /// The begin of the largest block that ends at `at` and has no end of `least_end` or later.
    fn skip(&self, at: usize, least_end: i64) -> Option<usize> {
        let (mut width, mut before) = (WIDTH, None);
        for level in &self.blocks {
            if !at.is_multiple_of(width) || level[at / width - 1] >= least_end {
                break;
            }
            before = Some(at - width);
            width *= WIDTH;
        }
        before
    }
}

/// A search under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Search {
    /// The first interval of the group.
    begin: usize,
    /// Behind the next interval to look at.
    at: usize,
}

impl Search {
    /// Where the search stands, as a hint for the next.
    pub(super) fn position(self) -> usize {
        self.at
    }
}

/// The greatest values of whole blocks of `ends`, of whole blocks of those, and so on.
fn blocks(ends: &[i64]) -> Vec<Vec<i64>> {
    let greatest = |values: &[i64]| -> Vec<i64> {
        values.chunks_exact(WIDTH).map(|block| block.iter().copied().fold(i64::MIN, i64::max)).collect()
    };
    let mut levels: Vec<Vec<i64>> = Vec::new();
    let mut next = greatest(ends);
    while !next.is_empty() {
        let above = greatest(&next);
        levels.push(next);
        next = above;
    }
    levels
}

/// How many of `starts` are at most `limit`, when `starts[near]` is: by steps that double.
fn ascend(starts: &[i64], limit: i64, near: usize) -> usize {
    let (mut low, mut step) = (near, 1);
    while low + step < starts.len() && starts[low + step] <= limit {
        low += step;
        step *= 2;
    }
    let high = starts.len().min(low + step);
    low + starts[low..high].partition_point(|start| *start <= limit)
}

/// The same, when `starts[near]` is greater than `limit`, or none.
fn descend(starts: &[i64], limit: i64, near: usize) -> usize {
    let (mut high, mut step) = (near, 1);
    while high >= step && starts[high - step] > limit {
        high -= step;
        step *= 2;
    }
    let low = high.saturating_sub(step);
    low + starts[low..high].partition_point(|start| *start <= limit)
}
