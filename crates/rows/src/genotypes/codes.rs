//! Genotypes of a whole record at once, where every sample has two alleles as BCF2 codes of one byte. In: the codes. Out:
//! the bytes the sample-by-sample builder would write for the same genotypes as text, or nothing.

use super::{GenotypeVectorBuilder, ONE_BIT, TWO_BITS, form_byte};
use crate::ints::{self, Width};

/// What the codes of a record are.
struct Seen {
    /// `allele + 1`, 0 for a missing one.
    least: u8,
    greatest: u8,
    /// Of second alleles: some are phased, some are not.
    phased: bool,
    unphased: bool,
}

impl GenotypeVectorBuilder {
    /// Appends the vector of a record whose samples have two alleles each: `(allele + 1) << 1 | phased`, 0 in place of
    /// allele + 1 where missing. The lowest bit of a sample's first code says nothing. False, and nothing appended, where
    /// a code is negative (there are fewer alleles) or names an allele beyond ALT.
    pub(crate) fn encode_codes(codes: &[u8], samples: usize, alternates: usize, out: &mut Vec<u8>) -> bool {
        if samples == 0 || samples.checked_mul(2) != Some(codes.len()) {
            return false;
        }
        let seen = Seen::of(codes);
        if seen.greatest >= 0x40 || usize::from(seen.greatest) > alternates.saturating_add(1) {
            return false;
        }
        let is_one = !(seen.phased && seen.unphased);
        match (seen.least, seen.greatest) {
            (1.., 0..=2) if is_one => {
                out.push(form_byte(ONE_BIT, 2, seen.phased));
                put_bits(codes, out);
            }
            (_, 0..=3) if is_one => {
                out.push(form_byte(TWO_BITS, 2, seen.phased));
                put_pairs(codes, out);
            }
            _ => {
                ints::put_descriptor(Width::One.type_code(), 2, out);
                out.extend(codes.as_chunks().0.iter().flat_map(|[first, second]| [first & 0xfe, *second]));
            }
        }
        true
    }
}

impl Seen {
    fn of(codes: &[u8]) -> Self {
        let least = codes.iter().fold(u8::MAX, |least, code| least.min(*code));
        let greatest = codes.iter().fold(0, |greatest, code| greatest.max(*code));
        let (blocks, tail) = codes.as_chunks::<8>();
        let words = blocks.iter().map(|block| u64::from_le_bytes(*block));
        let (any, all) = words.fold((0, u64::MAX), |(any, all), word| (any | word, all & word));
        let (pairs, _) = tail.as_chunks::<2>();
        let seconds = || {
            let [_, a, _, b, _, c, _, d] = any.to_le_bytes();
            let [_, e, _, f, _, g, _, h] = all.to_le_bytes();
            let blocks = [(a, e), (b, f), (c, g), (d, h)].into_iter().filter(|_| !blocks.is_empty());
            blocks.chain(pairs.iter().map(|[_, second]| (*second, *second)))
        };
        let (phased, unphased) = (seconds().any(|(any, _)| any & 1 == 1), seconds().any(|(_, all)| all & 1 == 0));
        Self { least: least >> 1, greatest: greatest >> 1, phased, unphased }
    }
}

/// Alleles 0 and 1 to a bit each: bit 2 of their codes, which are 2 to 5.
fn put_bits(codes: &[u8], out: &mut Vec<u8>) {
    // Moves bit 8i to bit 56 + i, and no two bits to one place.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let byte = |word: u64| ((word >> 2 & 0x0101_0101_0101_0101).wrapping_mul(GATHER) >> 56) as u8;
    let (blocks, tail) = codes.as_chunks::<8>();
    out.extend(blocks.iter().map(|block| byte(u64::from_le_bytes(*block))));
    if !tail.is_empty() {
        out.push(byte(filled::<8>(tail).map_or(0, u64::from_le_bytes)));
    }
}

/// Alleles 0, 1, 2 and missing to two bits each.
fn put_pairs(codes: &[u8], out: &mut Vec<u8>) {
    let byte = |block: [u8; 4]| {
        let [a, b, c, d] = block.map(|code| (code >> 1).wrapping_sub(1) & 3);
        a | b << 2 | c << 4 | d << 6
    };
    let (blocks, tail) = codes.as_chunks::<4>();
    out.extend(blocks.iter().map(|block| byte(*block)));
    if !tail.is_empty() {
        out.extend(filled::<4>(tail).map(byte));
    }
}

/// Codes, and behind them those of the allele 0.
fn filled<const N: usize>(codes: &[u8]) -> Option<[u8; N]> {
    let mut block = [2; N];
    block.get_mut(..codes.len())?.copy_from_slice(codes);
    Some(block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(codes: &[u8]) -> String {
        let allele = |code: u8| (code >> 1).checked_sub(1).map_or(".".to_owned(), |allele| allele.to_string());
        let sample = |pair: &[u8]| {
            let separator = if pair[1] & 1 == 1 { '|' } else { '/' };
            format!("{}{separator}{}", allele(pair[0]), allele(pair[1]))
        };
        codes.chunks(2).map(sample).collect::<Vec<_>>().join("\t")
    }

    /// The bytes that the sample-by-sample builder makes of the same genotypes; none where it takes them for none.
    fn expected(codes: &[u8], alternates: usize) -> Option<Vec<u8>> {
        let mut builder = GenotypeVectorBuilder::new();
        let mut out = Vec::new();
        for sample in text(codes).split('\t') {
            builder.push(Some(sample.as_bytes()), alternates).ok()?;
        }
        builder.finish(&mut out);
        Some(out)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn codes_give_the_bytes_of_their_texts(
            codes in prop_oneof![
                prop::collection::vec(2..6_u8, 1..60),
                prop::collection::vec(prop_oneof![Just(3_u8), Just(5)], 1..60),
                prop::collection::vec(prop_oneof![Just(2_u8), Just(4)], 1..60),
                prop::collection::vec(prop_oneof![Just(1_u8), Just(3), Just(5), Just(7)], 1..60),
                prop::collection::vec(prop_oneof![Just(0_u8), Just(2), Just(6)], 1..60),
                prop::collection::vec(0..128_u8, 1..60),
            ],
            alternates in prop_oneof![0..4_usize, Just(100)],
        ) {
            let codes = &codes[..codes.len() / 2 * 2];
            let mut out = vec![0xaa];
            let done = GenotypeVectorBuilder::encode_codes(codes, codes.len() / 2, alternates, &mut out);
            let expected = expected(codes, alternates).filter(|_| !codes.is_empty());
            prop_assert_eq!(done, expected.is_some());
            prop_assert_eq!(&out[1..], expected.unwrap_or_default());
        }
    }

    #[test]
    fn fewer_alleles_and_other_numbers_of_samples_are_no_codes_of_a_record() {
        for (codes, samples) in [(&[2, 0x81][..], 1), (&[2, 0x80], 1), (&[2, 2], 2), (&[2, 2, 2], 1), (&[], 0)] {
            let mut out = Vec::new();
            assert!(!GenotypeVectorBuilder::encode_codes(codes, samples, 9, &mut out) && out.is_empty());
        }
    }
}
