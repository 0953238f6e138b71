//! Haploid and diploid BCF2 codes of one byte as alleles of two bits, to be counted by words. In: codes. Out: the packed
//! bytes, or nothing where an allele beyond the second ALT occurs.
//!
//! Only for counting: phase is lost, and an end code, as after a haploid call among diploid ones, becomes a missing allele.
//! With at most two alleles that changes no count: a call with one allele called and one missing, and a call of one allele,
//! are both neither heterozygous nor homozygous nor diploid and complete.

use super::read::{Form, GenotypeVector};
use crate::ints::Width;

const BYTES: u64 = 0x0101_0101_0101_0101;

impl GenotypeVector<'_> {
    /// The same vector for counting, over `scratch`; None where it is packed already, or cannot be.
    pub(super) fn narrowed<'b>(&self, scratch: &'b mut Vec<u8>) -> Option<GenotypeVector<'b>> {
        let Form::Ints { width: Width::One, len: ploidy @ (1 | 2), bytes } = self.form else { return None };
        narrow(bytes, scratch).then_some(())?;
        let wanted = (self.samples * ploidy * 2).div_ceil(8);
        let form = Form::Bits { bits: 2, ploidy, phased: false, bytes: scratch.get(..wanted)? };
        Some(GenotypeVector { form, samples: self.samples })
    }
}

/// Replaces `out` with two bits for each code: 0, 1 and 2 for these alleles, 3 for a missing one. False where there is
/// another.
fn narrow(codes: &[u8], out: &mut Vec<u8>) -> bool {
    let (blocks, tail) = codes.as_chunks::<8>();
    let mut others = 0;
    out.clear();
    out.reserve(codes.len() / 4 + 2);
    out.extend(blocks.iter().flat_map(|block| {
        let (packed, other) = narrow_word(u64::from_le_bytes(*block));
        others |= other;
        packed.to_le_bytes()
    }));
    let last = tail.iter().rev().fold(0, |word, b| word << 8 | u64::from(*b));
    let (packed, other) = narrow_word(last);
    out.extend(packed.to_le_bytes());
    others | other == 0
}

/// Eight codes in two bits each, and whether there are others than 0 to 7, 0x80 (missing) and 0x81 (end).
fn narrow_word(word: u64) -> (u16, u64) {
    let reserved = word >> 7 & BYTES;
    let other = word & ((0x78 * BYTES) | (0x06 * reserved));
    // Code / 2 is the allele + 1, 0 where missing: one less, modulo 4.
    let alleles = ((word >> 1 & (0x03 * BYTES)) + 0x03 * BYTES) & (0x03 * BYTES);
    let pairs = (alleles | alleles >> 6) & 0x000f_000f_000f_000f;
    let fours = (pairs | pairs >> 12) & 0x0000_00ff_0000_00ff;
    ((fours | fours >> 24) as u16, other)
}
