//! Rows that are kept to be compared with, by their words.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher as _;

/// Words of a row that there is a loop for.
const WIDTHS: [usize; 11] = [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24];
/// Most words of a row.
pub(super) const MOST_WORDS: usize = 24;

/// Rows with their numbers.
#[derive(Debug, Default)]
pub(super) struct Kept {
    words: Vec<u64>,
    numbers: Vec<i64>,
    rows: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// For each row: which one came after it last time. Rows of sorted tables repeat themselves.
    following: Vec<u32>,
    last: usize,
}

impl Kept {
    /// The words that a row of so many words takes.
    pub(super) fn width(words: usize) -> usize {
        WIDTHS.into_iter().find(|width| *width >= words).filter(|_| words > 0).unwrap_or(words)
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    pub(super) fn into_numbers(self) -> Vec<i64> {
        self.numbers
    }

    /// Counts rows of `width` words each; which of them are the first of their kind.
    pub(super) fn count(&mut self, words: &[u64], width: usize) -> Vec<u32> {
        match width {
            1 => self.count_words::<1>(words),
            2 => self.count_words::<2>(words),
            3 => self.count_words::<3>(words),
            4 => self.count_words::<4>(words),
            5 => self.count_words::<5>(words),
            6 => self.count_words::<6>(words),
            7 => self.count_words::<7>(words),
            8 => self.count_words::<8>(words),
            12 => self.count_words::<12>(words),
            16 => self.count_words::<16>(words),
            _ => self.count_words::<24>(words),
        }
    }

    fn count_words<const W: usize>(&mut self, words: &[u64]) -> Vec<u32> {
        self.count_keys(words.as_chunks::<W>().0.iter().copied())
    }

    /// Counts rows by their words; which of them are the first of their kind.
    pub(super) fn count_keys<const W: usize>(&mut self, keys: impl Iterator<Item = [u64; W]>) -> Vec<u32> {
        let mut new = Vec::new();
        for (at, key) in (0_u32..).zip(keys) {
            let guess = self.following.get(self.last).copied().unwrap_or(u32::MAX);
            let row = match row_words::<W>(&self.words, guess).is_some_and(|row| is_equal(row, &key)) {
                true => guess,
                false => self.look_up(&key).unwrap_or_else(|hash| {
                    new.push(at);
                    self.keep(hash, &key)
                }),
            };
            if let Some(number) = self.numbers.get_mut(row as usize) {
                *number += 1;
            }
            if let Some(following) = self.following.get_mut(self.last) {
                *following = row;
            }
            self.last = row as usize;
        }
        new
    }

    /// The row that is equal, else the hash of the key.
    fn look_up<const W: usize>(&self, key: &[u64; W]) -> Result<u32, u64> {
        let hash = self.hasher.hash_one(key);
        self.rows
            .find(hash, |row| row_words::<W>(&self.words, *row).is_some_and(|row| is_equal(row, key)))
            .copied()
            .ok_or(hash)
    }

    fn keep<const W: usize>(&mut self, hash: u64, key: &[u64; W]) -> u32 {
        let row = self.numbers.len() as u32; // far below 2^32: rows are given away before
        self.words.extend_from_slice(key);
        self.numbers.push(0);
        self.following.push(row);
        let Self { words, hasher, rows, .. } = self;
        rows.insert_unique(hash, row, |row| row_words::<W>(words, *row).map_or(0, |key| hasher.hash_one(key)));
        row
    }
}

#[inline]
fn row_words<const W: usize>(words: &[u64], row: u32) -> Option<&[u64; W]> {
    words.get(row as usize * W..)?.first_chunk()
}

/// Without the call that comparing arrays costs.
#[inline]
fn is_equal<const W: usize>(one: &[u64; W], other: &[u64; W]) -> bool {
    one.iter().zip(other).fold(0, |difference, (one, other)| difference | (one ^ other)) == 0
}
