//! Numbers for byte strings, the same for the same.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher as _;

/// Values that were seen, numbered in the order of their first occurrence. Rows of sorted tables repeat themselves: the value
/// that followed the last one before is looked at first.
#[derive(Debug, Default)]
pub(super) struct Texts {
    values: Values,
    numbers: HashTable<u32>,
    /// For each value: which one came after it last time.
    following: Vec<u32>,
    last: usize,
}

#[derive(Debug, Default)]
struct Values {
    bytes: Vec<u8>,
    /// Where each value ends.
    ends: Vec<usize>,
    hasher: DefaultHashBuilder,
}

impl Values {
    #[inline]
    fn get(&self, number: u32) -> &[u8] {
        let number = number as usize;
        let begin = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(number).copied().unwrap_or(begin);
        self.bytes.get(begin..end).unwrap_or_default()
    }

    fn hash(&self, value: &[u8]) -> u64 {
        self.hasher.hash_one(value)
    }
}

impl Texts {
    /// Bytes of memory, about.
    pub(super) fn size(&self) -> usize {
        self.values.bytes.len() + self.following.len() * 24
    }

    /// The number of `value`.
    #[inline]
    pub(super) fn number(&mut self, value: &[u8]) -> u32 {
        let guess = self.following.get(self.last).copied().unwrap_or(u32::MAX);
        let number = match (guess as usize) < self.values.ends.len() && self.values.get(guess) == value {
            true => guess,
            false => self.look_up(value),
        };
        if let Some(following) = self.following.get_mut(self.last) {
            *following = number;
        }
        self.last = number as usize;
        number
    }

    fn look_up(&mut self, value: &[u8]) -> u32 {
        let Self { values, numbers, following, .. } = self;
        let hash = values.hash(value);
        if let Some(number) = numbers.find(hash, |number| values.get(*number) == value) {
            return *number;
        }
        let number = following.len() as u32;
        values.bytes.extend_from_slice(value);
        values.ends.push(values.bytes.len());
        following.push(number);
        numbers.insert_unique(hash, number, |number| values.hash(values.get(*number)));
        number
    }
}
