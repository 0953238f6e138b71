//! Genotype vectors read in place. In: bytes of a vector. Out: calls, and the text as written.

use super::{ONE_BIT, PHASED, TWO_BITS, parse};
use crate::ints::{self, Ints, Width};
use crate::vector::{self, VectorError};
use std::borrow::Cow;

/// A genotype.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Call {
    /// Allele indexes, -1 for a missing allele.
    pub alleles: Vec<i32>,
    /// Whether the text has a `|` (spec 8.3).
    pub phased: bool,
}

/// A genotype vector, read in place.
#[derive(Debug, Clone, Copy)]
pub struct GenotypeVector<'a> {
    pub(super) form: Form<'a>,
    pub(super) samples: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Form<'a> {
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
            Form::Text(bytes) => (Form::Text(vector::skip_texts(bytes, first)), 0),
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
    /// Passes over the calls of `samples` samples.
    pub(crate) fn skip(&mut self, samples: usize) {
        match &mut self.form {
            Form::Bits { .. } => self.next = self.next.saturating_add(samples),
            Form::Ints { width, len, bytes } => {
                let passed = samples.saturating_mul(*len * width.bytes());
                *bytes = bytes.get(passed..).unwrap_or_default();
            }
            Form::Text(bytes) => *bytes = vector::skip_texts(bytes, samples),
        }
    }

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
