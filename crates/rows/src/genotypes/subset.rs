//! Some of the samples of a record, as bits that lie over packed genotypes. In: positions of samples. Out: words with
//! as many bits set for each chosen sample as its packed genotype has. Knows no names.

use std::sync::OnceLock;

/// Most bits of a packed genotype: seven alleles of two bits.
const MAX_WIDTH: usize = 14;

/// A choice among the samples of a header; serves any number of records.
#[derive(Debug)]
pub struct SampleSubset {
    samples: usize,
    chosen: usize,
    /// For each width of a packed genotype from 1 on, made when first asked for.
    spread: [OnceLock<Vec<u64>>; MAX_WIDTH],
    bits: Vec<u64>,
}

impl SampleSubset {
    /// `positions` among `samples` samples, from 0, in any order; those beyond, and repeated ones, do not count.
    pub fn new(samples: usize, positions: impl IntoIterator<Item = usize>) -> Self {
        let mut bits = vec![0_u64; samples.div_ceil(64)];
        for position in positions.into_iter().filter(|p| *p < samples) {
            if let Some(word) = bits.get_mut(position / 64) {
                *word |= 1 << (position % 64);
            }
        }
        let chosen = bits.iter().map(|word| word.count_ones() as usize).sum();
        Self { samples, chosen, spread: [const { OnceLock::new() }; MAX_WIDTH], bits }
    }

    /// Number of chosen samples.
    pub fn len(&self) -> usize {
        self.chosen
    }

    pub fn is_empty(&self) -> bool {
        self.chosen == 0
    }

    pub fn contains(&self, sample: usize) -> bool {
        self.bits.get(sample / 64).is_some_and(|word| word >> (sample % 64) & 1 == 1)
    }

    /// Whether the choice is among that many samples.
    pub(crate) fn is_of(&self, samples: usize) -> bool {
        self.samples == samples
    }

    /// `width` bits set for each chosen sample, the first sample in the lowest bits of the first word.
    pub(crate) fn spread(&self, width: usize) -> &[u64] {
        let Some(cell) = width.checked_sub(1).and_then(|at| self.spread.get(at)) else { return &[] };
        cell.get_or_init(|| {
            let mut words = vec![0_u64; (self.samples * width).div_ceil(64)];
            let chosen = (0..self.samples).filter(|sample| self.contains(*sample));
            for bit in chosen.flat_map(|sample| sample * width..(sample + 1) * width) {
                if let Some(word) = words.get_mut(bit / 64) {
                    *word |= 1 << (bit % 64);
                }
            }
            words
        })
    }
}
