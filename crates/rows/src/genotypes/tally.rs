//! How many samples have each of the different calls of a record, and which sample is the first. In: different calls, and a
//! subset of samples. Out: one tally for each different call, whether it occurs or not.

use super::distinct::{DistinctCalls, List};
use super::subset::SampleSubset;
use super::words::Packed;

/// Widths of packed genotypes that are compared word by word.
const WORD_WIDTHS: [usize; 3] = [1, 2, 4];

/// The samples that have one call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub samples: u64,
    /// Position of the first of them; 0 where there is none.
    pub first: u32,
}

impl Tally {
    fn add(&mut self, sample: usize) {
        if self.samples == 0 {
            self.first = sample as u32;
        }
        self.samples += 1;
    }
}

impl DistinctCalls<'_> {
    /// Replaces `out` with the tallies of all samples, or of those `within` a subset of them, in the order of
    /// [`calls`](Self::calls).
    pub fn tally(&self, within: Option<&SampleSubset>, out: &mut Vec<Tally>) {
        out.clear();
        out.resize(self.len(), Tally::default());
        let is_within = |sample: usize| within.is_none_or(|subset| subset.contains(sample));
        match &self.list {
            List::Table { packed, .. } if WORD_WIDTHS.contains(&packed.width) => tally_words(*packed, within, out),
            List::Table { packed, .. } => {
                for sample in (0..packed.samples).filter(|sample| is_within(*sample)) {
                    if let Some(tally) = out.get_mut(packed.code(sample)) {
                        tally.add(sample);
                    }
                }
            }
            List::Seen { indexes, .. } => {
                for (sample, index) in indexes.iter().enumerate().filter(|(sample, _)| is_within(*sample)) {
                    if let Some(tally) = out.get_mut(*index as usize) {
                        tally.add(sample);
                    }
                }
            }
        }
    }
}

/// Code 0 is what is left: words without any other code are passed over.
fn tally_words(packed: Packed<'_>, within: Option<&SampleSubset>, out: &mut [Tally]) {
    let masks = within.map(|subset| subset.spread(packed.width));
    packed.words(|at, word| {
        let word = word & masks.map_or(u64::MAX, |masks| masks.get(at).copied().unwrap_or(0));
        if word == 0 {
            return;
        }
        for (code, tally) in out.iter_mut().enumerate().skip(1) {
            let equal = packed.equal(word, code);
            if tally.samples == 0 && equal != 0 {
                tally.first = packed.sample(at, equal) as u32;
            }
            tally.samples += u64::from(equal.count_ones());
        }
    });
    let samples = within.map_or(packed.samples, SampleSubset::len) as u64;
    let others: u64 = out.iter().map(|tally| tally.samples).sum();
    let is_first = |sample: &usize| within.is_none_or(|s| s.contains(*sample)) && packed.code(*sample) == 0;
    if let Some(zero) = out.first_mut().filter(|_| samples > others) {
        let first = (0..packed.samples).find(is_first).unwrap_or(0) as u32;
        *zero = Tally { samples: samples - others, first };
    }
}

#[cfg(test)]
mod tests;
