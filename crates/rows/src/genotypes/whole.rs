//! Genotypes of a whole record at once, where every sample column is a genotype of three characters such as `0|1`, or of
//! one. In: the sample columns as they stand in the line. Out: the bytes the sample-by-sample builder would write, or
//! nothing.

use super::codes::{ENDED, Encoded};
use super::{GenotypeVectorBuilder, ONE_BIT, TWO_BITS, form_byte};
use crate::ints::{self, Width};

impl GenotypeVectorBuilder {
    /// Appends the vector of a whole record whose sample columns hold nothing but genotypes of one and of three characters,
    /// such as `1` and `0/1`; None, and nothing appended, for others and where an allele is beyond ALT. `codes` is memory.
    pub(crate) fn encode_text(
        columns: &[u8],
        samples: usize,
        alternates: usize,
        codes: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Option<Encoded> {
        if Self::encode_all(columns, samples, alternates, out) {
            return Some(Encoded::DIPLOID);
        }
        codes.clear();
        put_codes(columns, codes)?;
        Self::encode_codes(codes, samples, alternates, out)
    }

    /// Appends the vector of a whole record whose sample columns hold nothing but genotypes of three characters, such
    /// as `0|1` or `./.`; false, and nothing appended, where any column looks otherwise or names an allele beyond ALT.
    pub fn encode_all(columns: &[u8], samples: usize, alternates: usize, out: &mut Vec<u8>) -> bool {
        if samples == 0 || columns.len().checked_add(1) != samples.checked_mul(4) {
            return false;
        }
        let Some(&separator) = columns.get(1) else { return false };
        let start = out.len();
        let done = match separator {
            b'|' | b'/' => {
                encode_bits(columns, separator, alternates, out)
                    || retry(start, out, |out| encode_pairs(columns, separator, alternates, out))
                    || retry(start, out, |out| encode_codes(columns, alternates, out))
            }
            _ => false,
        };
        if !done {
            out.truncate(start);
        }
        done
    }
}

fn retry(start: usize, out: &mut Vec<u8>, encode: impl FnOnce(&mut Vec<u8>) -> bool) -> bool {
    out.truncate(start);
    encode(out)
}

/// `d|d` with digits 0 and 1 only, one separator throughout: eight bytes, two samples, at a time.
fn encode_bits(columns: &[u8], separator: u8, alternates: usize, out: &mut Vec<u8>) -> bool {
    const CHECKED: u64 = u64::from_le_bytes([0xfe, 0xff, 0xfe, 0xff, 0xfe, 0xff, 0xfe, 0xff]);
    let wanted = u64::from_le_bytes([b'0', separator, b'0', b'\t', b'0', separator, b'0', b'\t']);
    let mut wrong = 0_u64;
    let mut four_bits = |word: u64| {
        wrong |= (word ^ wanted) & CHECKED;
        // Gathers bits 0, 16, 32 and 48 in bits 48 to 51.
        let gathered = (word & 0x0001_0001_0001_0001).wrapping_mul(1 << 48 | 1 << 33 | 1 << 18 | 1 << 3);
        (gathered >> 48) as u8 & 0xf
    };
    out.push(form_byte(ONE_BIT, 2, separator == b'|'));
    let start = out.len();
    out.reserve(columns.len() / 16 + 1);
    let (blocks, tail) = columns.as_chunks::<16>();
    out.extend(blocks.iter().map(|b| {
        let (low, high) = b.split_at(8);
        four_bits(word(low)) | four_bits(word(high)) << 4
    }));
    // The last samples, filled up with a tab and with samples that are 0.
    if !tail.is_empty() {
        let mut last = [0_u8; 16];
        for (at, byte) in last.iter_mut().enumerate() {
            *byte = tail.get(at).copied().unwrap_or([b'0', separator, b'0', b'\t'][at % 4]);
        }
        let (low, high) = last.split_at(8);
        out.push(four_bits(word(low)) | four_bits(word(high)) << 4);
    }
    wrong == 0 && (alternates > 0 || out.iter().skip(start).all(|b| *b == 0))
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, b| word << 8 | u64::from(*b))
}

/// Two-bit code of a character: 0, 1, 2, 3 for `.`, else 4.
const fn pair_codes() -> [u8; 256] {
    let mut codes = [4; 256];
    (codes[b'0' as usize], codes[b'1' as usize], codes[b'2' as usize], codes[b'.' as usize]) = (0, 1, 2, 3);
    codes
}

static PAIR_CODES: [u8; 256] = pair_codes();

/// `d|d` with 0, 1, 2 and `.`, one separator throughout.
fn encode_pairs(columns: &[u8], separator: u8, alternates: usize, out: &mut Vec<u8>) -> bool {
    let mut seen = 0_u8;
    let mut wrong = 0_u8;
    let mut nibble = |sample: [u8; 4]| {
        let [first, between, second, after] = sample;
        let (a, b) = (PAIR_CODES[usize::from(first)], PAIR_CODES[usize::from(second)]);
        wrong |= (between ^ separator) | (after ^ b'\t');
        seen |= 1 << a | 1 << b;
        a | b << 2
    };
    out.push(form_byte(TWO_BITS, 2, separator == b'|'));
    let (blocks, tail) = columns.as_chunks::<8>();
    out.extend(blocks.iter().map(|&[a, b, c, d, e, f, g, h]| nibble([a, b, c, d]) | nibble([e, f, g, h]) << 4));
    match *tail {
        [a, b, c] => out.push(nibble([a, b, c, b'\t'])),
        [a, b, c, d, e, f, g] => out.push(nibble([a, b, c, d]) | nibble([e, f, g, b'\t']) << 4),
        _ => {}
    }
    let beyond = match alternates {
        0 => 0b1_0110,
        1 => 0b1_0100,
        _ => 0b1_0000,
    };
    wrong == 0 && seen & beyond == 0
}

/// Any mix of `d|d` and `d/d` with digits and `.`: BCF2 codes of one byte.
fn encode_codes(columns: &[u8], alternates: usize, out: &mut Vec<u8>) -> bool {
    let limit = u8::try_from(alternates).unwrap_or(9).min(9);
    let mut wrong = false;
    ints::put_descriptor(Width::One.type_code(), 2, out);
    let mut code = |character: u8| {
        let allele = character.wrapping_sub(b'0');
        wrong |= allele > limit && character != b'.';
        if character == b'.' { 0 } else { allele.wrapping_add(1) << 1 }
    };
    let mut odd = false;
    out.extend(columns.chunks(4).flat_map(|sample| {
        let &[first, between, second, ref after @ ..] = sample else {
            odd = true;
            return [0, 0];
        };
        odd |= !matches!(between, b'|' | b'/') || !matches!(after, [] | [b'\t']);
        [code(first), code(second) | u8::from(between == b'|')]
    }));
    !wrong && !odd
}

/// Two codes for each genotype, as [`GenotypeVectorBuilder::encode_codes`] takes them.
fn put_codes(columns: &[u8], codes: &mut Vec<u8>) -> Option<()> {
    let code = |character: u8| match character {
        b'0'..=b'9' => Some((character - b'0' + 1) << 1),
        b'.' => Some(0),
        _ => None,
    };
    let mut rest = columns;
    loop {
        rest = match *rest {
            [first, separator @ (b'|' | b'/'), second, ref rest @ ..] => {
                codes.extend([code(first)?, code(second)? | u8::from(separator == b'|')]);
                rest
            }
            [only, ref rest @ ..] => {
                codes.extend([code(only)?, ENDED]);
                rest
            }
            [] => return None,
        };
        rest = match rest {
            [] => return Some(()),
            [b'\t', rest @ ..] => rest,
            _ => return None,
        };
    }
}
