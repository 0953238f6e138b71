//! Genotypes of a whole record at once, where every sample has one or two alleles, as BCF2 codes of one byte. In: the codes.
//! Out: the bytes the sample-by-sample builder would write for the same genotypes as text, or nothing.

use super::{GenotypeVectorBuilder, ONE_BIT, TWO_BITS, form_byte, pack};
use crate::ints::{self, Width};

/// The code in place of the second allele of a sample that has one.
pub(crate) const ENDED: u8 = 0x81;

/// That genotypes were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Encoded {
    /// The smallest and the largest ploidy, without those of a lone `.`.
    pub(crate) ploidies: Option<(u32, u32)>,
}

impl Encoded {
    pub(crate) const DIPLOID: Self = Self { ploidies: Some((2, 2)) };
}

impl GenotypeVectorBuilder {
    /// Appends the vector of a record from two codes a sample: `(allele + 1) << 1 | phased`, 0 in place of allele + 1 where
    /// missing; the second one is [`ENDED`] where there is one allele. The lowest bit of a sample's first code says
    /// nothing. None, and nothing appended, where another code is negative or a code names an allele beyond ALT.
    pub(crate) fn encode_codes(codes: &[u8], samples: usize, alternates: usize, out: &mut Vec<u8>) -> Option<Encoded> {
        let (pairs, rest) = codes.as_chunks();
        if samples == 0 || pairs.len() != samples || !rest.is_empty() {
            return None;
        }
        let greatest = codes.iter().fold(0, |greatest, code| greatest.max(*code));
        if greatest >= 0x80 {
            return encode_haploid(pairs, alternates, out);
        }
        if usize::from(greatest >> 1) > alternates.saturating_add(1) {
            return None;
        }
        let least = codes.iter().fold(u8::MAX, |least, code| least.min(*code));
        let (phased, unphased) = phases(pairs);
        match (least >> 1, greatest >> 1) {
            (1.., 0..=2) if !(phased && unphased) => {
                out.push(form_byte(ONE_BIT, 2, phased));
                put_bits(codes, out);
            }
            (_, 0..=3) if !(phased && unphased) => {
                out.push(form_byte(TWO_BITS, 2, phased));
                put_pairs(codes, out);
            }
            _ => put_codes(pairs, out),
        }
        Some(Encoded::DIPLOID)
    }
}

/// Whether some and whether not all second alleles are phased.
fn phases(pairs: &[[u8; 2]]) -> (bool, bool) {
    let words = pairs.iter().map(|pair| u16::from_le_bytes(*pair) >> 8);
    let (any, all) = words.fold((0, u16::MAX), |(any, all), second| (any | second, all & second));
    (any & 1 == 1, all & 1 == 0)
}

/// Where some samples have one allele.
fn encode_haploid(pairs: &[[u8; 2]], alternates: usize, out: &mut Vec<u8>) -> Option<Encoded> {
    let second = |code: u8| if code == ENDED { 0 } else { code };
    let greatest = pairs.iter().fold(0, |greatest, [a, b]| greatest.max(*a).max(second(*b)));
    if greatest >= 0x80 || usize::from(greatest >> 1) > alternates.saturating_add(1) {
        return None;
    }
    let diploid = pairs.iter().fold(false, |any, [_, second]| any | (*second != ENDED));
    let haploid = pairs.iter().fold(false, |any, [first, second]| any | ((*second == ENDED) & (*first > 1)));
    if diploid {
        put_codes(pairs, out);
        return Some(Encoded { ploidies: Some((if haploid { 1 } else { 2 }, 2)) });
    }
    let missing = pairs.iter().fold(false, |any, [first, _]| any | (*first < 2));
    let alleles = pairs.iter().map(|[first, _]| (first >> 1).wrapping_sub(1) & 3);
    match greatest >> 1 {
        0..=2 if !missing => {
            out.push(form_byte(ONE_BIT, 1, false));
            pack(alleles, 1, out);
        }
        0..=3 => {
            out.push(form_byte(TWO_BITS, 1, false));
            pack(alleles, 2, out);
        }
        _ => {
            ints::put_descriptor(Width::One.type_code(), 1, out);
            out.extend(pairs.iter().map(|[first, _]| first & 0xfe));
        }
    }
    Some(Encoded { ploidies: haploid.then_some((1, 1)) })
}

fn put_codes(pairs: &[[u8; 2]], out: &mut Vec<u8>) {
    ints::put_descriptor(Width::One.type_code(), 2, out);
    out.extend(pairs.iter().flat_map(|[first, second]| [first & 0xfe, *second]));
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
            if pair[1] == ENDED {
                return allele(pair[0]);
            }
            let separator = if pair[1] & 1 == 1 { '|' } else { '/' };
            format!("{}{separator}{}", allele(pair[0]), allele(pair[1]))
        };
        codes.chunks(2).map(sample).collect::<Vec<_>>().join("\t")
    }

    /// The bytes that the sample-by-sample builder makes of the same genotypes; none where it takes them for none.
    fn expected(codes: &[u8], alternates: usize) -> Option<(Encoded, Vec<u8>)> {
        let mut builder = GenotypeVectorBuilder::new();
        let mut out = Vec::new();
        for sample in text(codes).split('\t') {
            builder.push(Some(sample.as_bytes()), alternates).ok()?;
        }
        let encoded = Encoded { ploidies: builder.ploidies() };
        builder.finish(&mut out);
        Some((encoded, out))
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
                prop::collection::vec(prop_oneof![Just([2, ENDED]), Just([4, ENDED])], 1..30).prop_map(|c| c.concat()),
                prop::collection::vec(prop_oneof![Just([0, ENDED]), Just([4, ENDED])], 1..30).prop_map(|c| c.concat()),
                prop::collection::vec((0..12_u8).prop_map(|code| [code, ENDED]), 1..30).prop_map(|c| c.concat()),
                prop::collection::vec(prop_oneof![Just([0, ENDED]), Just([4, 4]), Just([5, 2])], 1..30).prop_map(|c| c.concat()),
                prop::collection::vec(prop_oneof![Just([2, ENDED]), Just([4, 4]), Just([0, 3])], 1..30).prop_map(|c| c.concat()),
            ],
            alternates in prop_oneof![0..4_usize, Just(100)],
        ) {
            let codes = &codes[..codes.len() / 2 * 2];
            let mut out = vec![0xaa];
            let encoded = GenotypeVectorBuilder::encode_codes(codes, codes.len() / 2, alternates, &mut out);
            let expected = expected(codes, alternates).filter(|_| !codes.is_empty());
            prop_assert_eq!(encoded, expected.as_ref().map(|(encoded, _)| *encoded));
            prop_assert_eq!(&out[1..], expected.map(|(_, bytes)| bytes).unwrap_or_default());
        }
    }

    #[test]
    fn codes_without_a_meaning_and_other_numbers_of_samples_are_no_genotypes() {
        for (codes, samples) in
            [(&[2, 0x80][..], 1), (&[ENDED, ENDED], 1), (&[0x80, 2], 1), (&[2, 2], 2), (&[2, 2, 2], 1), (&[], 0)]
        {
            let mut out = Vec::new();
            assert_eq!(GenotypeVectorBuilder::encode_codes(codes, samples, 9, &mut out), None);
            assert!(out.is_empty());
        }
    }
}
