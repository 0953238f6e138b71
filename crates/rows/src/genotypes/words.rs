//! Packed genotypes, 64 bits at a time. In: packed bytes and, if wanted, a subset of samples. Out: words, and how many
//! bits are set in what is made of them. No branch per sample; a compiler turns the loops into vector instructions.

use super::subset::SampleSubset;

/// The low bit of every pair of bits, and of every four.
pub(super) const EVERY_2ND: u64 = 0x5555_5555_5555_5555;
pub(super) const EVERY_4TH: u64 = 0x1111_1111_1111_1111;

/// Genotypes of `width` bits each, the first one in the lowest bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) samples: usize,
    pub(super) width: usize,
}

impl<'a> Packed<'a> {
    /// Calls `each` with all words; bits that belong to no sample are 0.
    pub(super) fn words(self, mut each: impl FnMut(usize, u64)) {
        let (whole, tail, tail_bits) = self.split();
        for (at, bytes) in whole.iter().enumerate() {
            each(at, u64::from_le_bytes(*bytes));
        }
        if tail_bits > 0 {
            each(whole.len(), word(tail) & ((1 << tail_bits) - 1));
        }
    }

    /// How many bits are set in each of the K words that `planes` makes of a word, over all words; of samples outside
    /// the subset, and where no sample is, `planes` is given zeros.
    pub(super) fn sums<const K: usize>(
        self,
        within: Option<&SampleSubset>,
        planes: impl Fn(u64) -> [u64; K],
    ) -> [u64; K] {
        let (whole, tail, tail_bits) = self.split();
        let mut sums = [0; K];
        let add = |word: u64, sums: &mut [u64; K]| {
            for (sum, plane) in sums.iter_mut().zip(planes(word)) {
                *sum += u64::from(plane.count_ones());
            }
        };
        match within.map(|subset| subset.spread(self.width)) {
            None => {
                for bytes in whole {
                    add(u64::from_le_bytes(*bytes), &mut sums);
                }
                if tail_bits > 0 {
                    add(word(tail) & ((1 << tail_bits) - 1), &mut sums);
                }
            }
            Some(masks) => {
                for (bytes, mask) in whole.iter().zip(masks) {
                    add(u64::from_le_bytes(*bytes) & mask, &mut sums);
                }
                if let Some(mask) = masks.get(whole.len()) {
                    add(word(tail) & mask, &mut sums);
                }
            }
        }
        sums
    }

    /// The low bit of each genotype of a word; for widths of 1, 2 and 4.
    pub(super) fn lowest(self) -> u64 {
        u64::MAX / ((1 << self.width) - 1)
    }

    /// The low bit of each genotype of a word that is `code`; for widths of 1, 2 and 4.
    pub(super) fn equal(self, word: u64, code: usize) -> u64 {
        (0..self.width)
            .fold(self.lowest(), |equal, bit| equal & if code >> bit & 1 == 1 { word >> bit } else { !(word >> bit) })
    }

    /// The sample of the lowest set bit of what was made of word `at`.
    pub(super) fn sample(self, at: usize, bits: u64) -> usize {
        at * (64 / self.width) + bits.trailing_zeros() as usize / self.width
    }

    /// The bits of a sample.
    pub(super) fn code(self, sample: usize) -> usize {
        let bit = sample * self.width;
        let from = self.bytes.get(bit / 8..).unwrap_or_default();
        // At most 14 bits from anywhere in a byte on: three bytes.
        let word = from.iter().take(3).rev().fold(0, |word, b| word << 8 | usize::from(*b));
        word >> (bit % 8) & ((1 << self.width) - 1)
    }

    /// Whole words, the bytes after them, and how many of their bits belong to samples.
    fn split(self) -> (&'a [[u8; 8]], &'a [u8], usize) {
        let bits = self.samples * self.width;
        let (whole, tail) = self.bytes.split_at_checked(bits / 64 * 8).unwrap_or((&[], &[]));
        (whole.as_chunks().0, tail, bits % 64)
    }
}

/// The word that at most eight bytes make, low byte first.
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, b| word << 8 | u64::from(*b))
}
