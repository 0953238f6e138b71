//! Vectors of the genotypes (GT) of all samples. In: sample columns as text. Out: bytes that give calls, and the same
//! text, back.
//!
//! The first byte is the form; P = alleles per sample in bits 5 to 7, F = phased in bit 4.
//! - `PPPF1000`: one bit per allele (0, 1), first allele in the lowest bit; every sample has P alleles and all
//!   separators are `|` (F) or `/`. Alternate alleles are counted by counting bits.
//! - `PPPF1001`: two bits per allele (0, 1, 2; 3 = missing).
//! - BCF2 descriptor of an integer vector: per allele `(allele + 1) << 1 | phased`, 0 in place of allele + 1 where
//!   missing; phased tells the separator before the allele, before the first one that the text starts with `|`.
//! - Text (0x07), as in `vector.rs`, where the text has a leading `/` or leading zeros.

use crate::ints::{self, END, Ints, Width};
use crate::vector::{self, VectorError};
use std::borrow::Cow;

const ONE_BIT: u8 = 0x08;
const TWO_BITS: u8 = 0x09;
const PHASED: u8 = 0x10;
const MAX_PLOIDY: u32 = 7;
/// Beyond this allele index the code of an allele leaves 32 bits.
const MAX_ALLELE: i32 = (1 << 29) - 1;

/// Why a text is no genotype of its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadGenotype {
    NotAGenotype,
    /// An allele index beyond the number of ALT alleles.
    OutOfRange,
}

/// Builds one vector after the other; allocates nothing once it has seen a large record.
#[derive(Debug)]
pub struct GenotypeVectorBuilder {
    typed: bool,
    phased: bool,
    unphased: bool,
    /// Some text starts with `|`.
    leading: bool,
    missing: bool,
    greatest: i32,
    codes: Vec<i32>,
    lengths: Vec<u32>,
    text: Vec<u8>,
}

impl Default for GenotypeVectorBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl GenotypeVectorBuilder {
    pub fn new() -> Self {
        Self {
            typed: true,
            phased: false,
            unphased: false,
            leading: false,
            missing: false,
            greatest: 0,
            codes: Vec::new(),
            lengths: Vec::new(),
            text: Vec::new(),
        }
    }

    /// Forgets the samples pushed so far.
    pub(crate) fn clear(&mut self) {
        self.codes.clear();
        self.lengths.clear();
        self.text.clear();
        self.typed = true;
        (self.phased, self.unphased, self.leading, self.missing) = (false, false, false, false);
        self.greatest = 0;
    }

    /// Adds the next sample; None where it has no value. `alternates`: number of ALT alleles of the record.
    pub fn push(&mut self, text: Option<&[u8]>, alternates: usize) -> Result<(), BadGenotype> {
        let Some(text) = text else {
            self.text.push(0);
            self.lengths.push(0);
            return Ok(());
        };
        ints::put_leb128(text.len() + 1, &mut self.text);
        self.text.extend_from_slice(text);
        let limit = i32::try_from(alternates).unwrap_or(MAX_ALLELE).min(MAX_ALLELE);
        let start = self.codes.len();
        let mut greatest = -1;
        let canonical = parse(text, |separator, allele| {
            let phased = separator == Some(b'|');
            if self.codes.len() == start {
                self.leading |= phased;
            } else {
                self.phased |= phased;
                self.unphased |= !phased;
            }
            self.missing |= allele < 0;
            greatest = greatest.max(allele);
            self.codes.push(((allele + 1) << 1) | i32::from(phased));
        })
        .ok_or(BadGenotype::NotAGenotype)?;
        if greatest > limit {
            return Err(BadGenotype::OutOfRange);
        }
        self.greatest = self.greatest.max(greatest);
        self.typed &= canonical;
        self.lengths.push(u32::try_from(self.codes.len() - start).unwrap_or(u32::MAX));
        Ok(())
    }

    /// Appends the vector to `out` and starts the next one.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let longest = self.lengths.iter().copied().max().unwrap_or(0).max(1);
        let width = Width::of(0, ((self.greatest + 1) << 1) | 1);
        let uniform = longest <= MAX_PLOIDY && self.lengths.iter().all(|l| *l == longest);
        if self.typed && uniform && !self.leading && !(self.phased && self.unphased) && self.greatest <= 2 {
            let two = self.missing || self.greatest > 1;
            out.push(form_byte(if two { TWO_BITS } else { ONE_BIT }, longest, self.phased));
            let alleles = self.codes.iter().map(|code| if *code < 2 { 3 } else { (code >> 1) as u8 - 1 });
            pack(alleles, if two { 2 } else { 1 }, out);
        } else if self.typed && vector::padded_fits(self.lengths.len(), longest, width, self.text.len()) {
            ints::put_descriptor(width.type_code(), longest, out);
            vector::put_padded(&self.codes, &self.lengths, longest, END, width, out);
        } else {
            out.push(vector::TEXT);
            out.extend_from_slice(&self.text);
        }
        self.clear();
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

fn form_byte(form: u8, ploidy: u32, phased: bool) -> u8 {
    // Callers keep ploidy within three bits.
    form | (ploidy as u8) << 5 | if phased { PHASED } else { 0 }
}

fn pack(alleles: impl Iterator<Item = u8>, bits: u32, out: &mut Vec<u8>) {
    let (mut byte, mut used) = (0_u8, 0);
    for allele in alleles {
        byte |= allele << used;
        used += bits;
        if used == 8 {
            out.push(byte);
            (byte, used) = (0, 0);
        }
    }
    if used > 0 {
        out.push(byte);
    }
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

/// Calls `each` with the separator before each allele (before the first one: only if the text starts with it) and the
/// allele, -1 where missing. None where the text is no genotype; else whether the codes give the same text back.
fn parse(text: &[u8], mut each: impl FnMut(Option<u8>, i32)) -> Option<bool> {
    let (mut separator, mut rest) = match text {
        [first @ (b'|' | b'/'), rest @ ..] => (Some(*first), rest),
        rest => (None, rest),
    };
    let mut canonical = separator != Some(b'/');
    loop {
        let len = rest.iter().position(|b| matches!(b, b'|' | b'/')).unwrap_or(rest.len());
        let (token, after) = rest.split_at(len);
        let allele = match token {
            b"." => -1,
            [digit @ b'0'..=b'9'] => i32::from(digit - b'0'),
            _ if !token.is_empty() && token.iter().all(u8::is_ascii_digit) => {
                canonical &= token[0] != b'0';
                ints::loose_int(token).filter(|a| *a <= MAX_ALLELE).unwrap_or(MAX_ALLELE)
            }
            _ => return None,
        };
        each(separator, allele);
        match after.split_first() {
            None => return Some(canonical),
            Some((next, tail)) => (separator, rest) = (Some(*next), tail),
        }
    }
}

/// A genotype.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Allele indexes, -1 for a missing allele.
    pub alleles: Vec<i32>,
    /// Whether the text has a `|` (spec 8.3).
    pub phased: bool,
}

/// A genotype vector, read in place.
#[derive(Debug, Clone, Copy)]
pub struct GenotypeVector<'a> {
    form: Form<'a>,
    samples: usize,
}

#[derive(Debug, Clone, Copy)]
enum Form<'a> {
    Bits { bits: usize, ploidy: usize, phased: bool, bytes: &'a [u8] },
    Ints { width: Width, len: usize, bytes: &'a [u8] },
    Text(&'a [u8]),
}

impl<'a> GenotypeVector<'a> {
    /// Checks that `bytes` are a genotype vector over `samples` samples.
    pub fn parse(bytes: &'a [u8], samples: usize) -> Result<Self, VectorError> {
        let (&first, packed) = bytes.split_first().ok_or(VectorError)?;
        let form = match first & 0xf {
            form @ (ONE_BIT | TWO_BITS) => {
                let bits = if form == ONE_BIT { 1 } else { 2 };
                let ploidy = usize::from(first >> 5);
                let wanted = samples.checked_mul(ploidy * bits).ok_or(VectorError)?.div_ceil(8);
                if ploidy == 0 || packed.len() != wanted {
                    return Err(VectorError);
                }
                Form::Bits { bits, ploidy, phased: first & PHASED != 0, bytes: packed }
            }
            vector::TEXT if vector::holds_texts(packed, samples) => Form::Text(packed),
            _ => {
                let (type_code, len, rest) = ints::descriptor(bytes).ok_or(VectorError)?;
                let width = Width::of_type(type_code).ok_or(VectorError)?;
                let wanted = len.checked_mul(samples).and_then(|n| n.checked_mul(width.bytes()));
                if len == 0 || wanted != Some(rest.len()) {
                    return Err(VectorError);
                }
                Form::Ints { width, len, bytes: rest }
            }
        };
        Ok(Self { form, samples })
    }

    /// The call of a sample; None where it has no GT, or there is no such sample.
    pub fn call(&self, sample: usize) -> Option<Call> {
        let mut alleles = Vec::new();
        let cell = if sample < self.samples { self.cursor(sample).next_cell() } else { GenotypeCell::Absent };
        let seen = cell.put_alleles(&mut alleles)?;
        Some(Call { alleles, phased: seen.phased })
    }

    /// The text of a sample, as it was written; None where it has no GT, or there is no such sample.
    pub fn text(&self, sample: usize) -> Option<Cow<'a, str>> {
        match if sample < self.samples { self.cursor(sample).next_cell() } else { GenotypeCell::Absent } {
            GenotypeCell::Absent => None,
            GenotypeCell::Text(text) => Some(String::from_utf8_lossy(text)),
            cell => {
                let mut out = Vec::new();
                cell.put_text(&mut out);
                Some(Cow::Owned(String::from_utf8_lossy(&out).into_owned()))
            }
        }
    }

    /// Alleles per sample and whether phased, where both are the same for all samples and no text is lost.
    pub(crate) fn uniform(&self) -> Option<(usize, bool)> {
        match self.form {
            Form::Bits { ploidy, phased, .. } => Some((ploidy, phased)),
            _ => None,
        }
    }

    /// Appends the alleles of `count` samples from `first` on; only for [`uniform`](Self::uniform) vectors.
    pub(crate) fn put_uniform(&self, first: usize, count: usize, out: &mut Vec<i32>) {
        if let Form::Bits { bits, ploidy, bytes, .. } = self.form {
            let (from, to) = (first * ploidy, (first + count) * ploidy);
            if bits == 1 { unpack(&ONES, from, to, bytes, out) } else { unpack(&PAIRS, from, to, bytes, out) }
        }
    }

    /// Reads sample after sample from `first` on.
    pub(crate) fn cursor(&self, first: usize) -> GenotypeCursor<'a> {
        let (form, next) = match self.form {
            Form::Bits { .. } => (self.form, first),
            Form::Ints { width, len, bytes } => {
                (Form::Ints { width, len, bytes: bytes.get(first * len * width.bytes()..).unwrap_or_default() }, 0)
            }
            Form::Text(bytes) => {
                let rest = (0..first).fold(bytes, |rest, _| vector::next_text(rest).map_or(&[][..], |t| t.1));
                (Form::Text(rest), 0)
            }
        };
        GenotypeCursor { form, next }
    }
}

const fn unpacked<const N: usize>() -> [[i32; N]; 256] {
    let bits = 8 / N;
    let mut table = [[0; N]; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut at = 0;
        while at < N {
            let code = byte >> (at * bits) & ((1 << bits) - 1);
            table[byte][at] = if code == 3 { -1 } else { code as i32 };
            at += 1;
        }
        byte += 1;
    }
    table
}

static ONES: [[i32; 8]; 256] = unpacked();
static PAIRS: [[i32; 4]; 256] = unpacked();

/// Appends the alleles `from..to` of packed bytes, N to a byte.
fn unpack<const N: usize>(table: &[[i32; N]; 256], from: usize, to: usize, bytes: &[u8], out: &mut Vec<i32>) {
    let start = out.len();
    let used = bytes.get(from / N..to.div_ceil(N)).unwrap_or_default();
    let mut used = used.iter().map(|b| &table[usize::from(*b)]);
    if let Some(alleles) = used.next() {
        out.extend_from_slice(&alleles[from % N..]);
    }
    used.for_each(|alleles| out.extend_from_slice(alleles));
    out.truncate(start + (to - from));
}

/// Reads a genotype vector sample after sample.
#[derive(Debug)]
pub(crate) struct GenotypeCursor<'a> {
    form: Form<'a>,
    next: usize,
}

/// The genotype of one sample.
#[derive(Debug, Clone, Copy)]
pub(crate) enum GenotypeCell<'a> {
    Absent,
    Packed(GenotypeVector<'a>, usize),
    Ints(Ints<'a>),
    Text(&'a [u8]),
}

/// What the columns `calls` and `phased` tell of a genotype's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) phased: bool,
    /// Alleles joined by `|` if phased, else by `/`, are the text.
    pub(crate) exact: bool,
}

impl<'a> GenotypeCursor<'a> {
    pub(crate) fn next_cell(&mut self) -> GenotypeCell<'a> {
        match &mut self.form {
            Form::Bits { .. } => {
                self.next += 1;
                GenotypeCell::Packed(GenotypeVector { form: self.form, samples: self.next }, self.next - 1)
            }
            Form::Ints { width, len, bytes } => {
                let Some((own, rest)) = bytes.split_at_checked(*len * width.bytes()) else {
                    return GenotypeCell::Absent;
                };
                *bytes = rest;
                let ints = Ints { bytes: own, width: *width };
                if ints.iter().next().is_none() { GenotypeCell::Absent } else { GenotypeCell::Ints(ints) }
            }
            Form::Text(bytes) => {
                let Some((text, rest)) = vector::next_text(bytes) else { return GenotypeCell::Absent };
                *bytes = rest;
                text.map_or(GenotypeCell::Absent, GenotypeCell::Text)
            }
        }
    }
}

impl GenotypeCell<'_> {
    /// Appends the alleles; None where there is no genotype.
    pub(crate) fn put_alleles(self, out: &mut Vec<i32>) -> Option<Seen> {
        match self {
            Self::Absent => None,
            Self::Packed(vector, sample) => {
                vector.put_uniform(sample, 1, out);
                let (ploidy, phased) = vector.uniform()?;
                Some(Seen { phased: phased && ploidy > 1, exact: true })
            }
            Self::Ints(ints) => {
                let (mut seen, mut unphased) = (Seen { phased: false, exact: true }, false);
                for (at, code) in ints.iter().enumerate() {
                    let phased = code & 1 == 1;
                    seen.phased |= phased;
                    unphased |= at > 0 && !phased;
                    seen.exact &= at > 0 || !phased;
                    out.push((code >> 1) - 1);
                }
                seen.exact &= !(seen.phased && unphased);
                Some(seen)
            }
            Self::Text(text) => {
                let start = out.len();
                let mut seen = Seen { phased: text.contains(&b'|'), exact: true };
                let (mut pipes, mut slashes) = (0, 0);
                let canonical = parse(text, |separator, allele| {
                    let first = out.len() == start;
                    seen.exact &= !first || separator.is_none();
                    pipes += usize::from(!first && separator == Some(b'|'));
                    slashes += usize::from(!first && separator == Some(b'/'));
                    out.push(allele);
                });
                seen.exact &= canonical == Some(true) && (pipes == 0 || slashes == 0);
                if canonical.is_none() {
                    out.truncate(start);
                    return None;
                }
                Some(seen)
            }
        }
    }

    /// Appends the text as it was written; nothing where there is none.
    pub(crate) fn put_text(self, out: &mut Vec<u8>) {
        match self {
            Self::Absent => {}
            Self::Text(text) => out.extend_from_slice(text),
            Self::Ints(ints) => {
                for (at, code) in ints.iter().enumerate() {
                    match (at, code & 1) {
                        (_, 1) => out.push(b'|'),
                        (0, _) => {}
                        _ => out.push(b'/'),
                    }
                    put_allele((code >> 1) - 1, out);
                }
            }
            Self::Packed(vector, sample) => {
                let Some((ploidy, phased)) = vector.uniform() else { return };
                let mut alleles = Vec::with_capacity(ploidy + 8);
                vector.put_uniform(sample, 1, &mut alleles);
                for (at, allele) in alleles.iter().enumerate() {
                    if at > 0 {
                        out.push(if phased { b'|' } else { b'/' });
                    }
                    put_allele(*allele, out);
                }
            }
        }
    }
}

fn put_allele(allele: i32, out: &mut Vec<u8>) {
    if allele < 0 { out.push(b'.') } else { ints::put_decimal(allele, out) }
}

#[cfg(test)]
#[path = "genotypes_tests.rs"]
mod tests;
