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

#[cfg(test)]
mod cases;
mod codes;
mod counting;
mod diploid;
mod distinct;
mod narrow;
mod per_sample;
mod read;
mod subset;
mod tally;
mod whole;
mod words;

use crate::ints::{self, END, Width};
use crate::vector::{self, Keeps};

pub(crate) use codes::{ENDED, Encoded};
pub use counting::GenotypeCounts;
pub use diploid::{AlternateCounts, DiploidCounts};
pub use distinct::DistinctCalls;
pub use per_sample::CallsPerSample;
pub use read::{Call, GenotypeVector};
pub(crate) use read::{GenotypeCell, GenotypeCursor};
pub use subset::SampleSubset;
pub use tally::Tally;

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
    keeps: Keeps,
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
            keeps: Keeps::Text,
        }
    }

    /// Goes without a copy of the texts; see [`keep_text_if_needed`](Self::keep_text_if_needed).
    pub(crate) fn without_text(self) -> Self {
        Self { keeps: Keeps::Length(0), ..self }
    }

    /// Whether the vector needs texts that were not copied; from then on they are.
    pub(crate) fn keep_text_if_needed(&mut self) -> bool {
        let needed = self.keeps != Keeps::Text && self.form() == NumericForm::None;
        if needed {
            self.keeps = Keeps::Text;
        }
        needed
    }

    /// Forgets the samples pushed so far.
    pub(crate) fn clear(&mut self) {
        self.keeps.clear();
        self.codes.clear();
        self.lengths.clear();
        self.text.clear();
        self.typed = true;
        (self.phased, self.unphased, self.leading, self.missing) = (false, false, false, false);
        self.greatest = 0;
    }

    /// Adds the next sample; None where it has no value. `alternates`: number of ALT alleles of the record.
    pub fn push(&mut self, text: Option<&[u8]>, alternates: usize) -> Result<(), BadGenotype> {
        self.keeps.add(text, &mut self.text);
        let Some(text) = text else {
            self.lengths.push(0);
            return Ok(());
        };
        let limit = i32::try_from(alternates).unwrap_or(MAX_ALLELE).min(MAX_ALLELE);
        if let [first, separator @ (b'|' | b'/'), second] = *text
            && let (Some(first), Some(second)) = (single(first), single(second))
        {
            return self.push_pair(first, separator == b'|', second, limit);
        }
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

    fn push_pair(&mut self, first: i32, phased: bool, second: i32, limit: i32) -> Result<(), BadGenotype> {
        let greatest = first.max(second);
        if greatest > limit {
            return Err(BadGenotype::OutOfRange);
        }
        self.phased |= phased;
        self.unphased |= !phased;
        self.missing |= first.min(second) < 0;
        self.greatest = self.greatest.max(greatest);
        self.codes.extend([(first + 1) << 1, ((second + 1) << 1) | i32::from(phased)]);
        self.lengths.push(2);
        Ok(())
    }

    /// The smallest and the largest ploidy of the samples pushed so far, without those of a lone `.`.
    pub(crate) fn ploidies(&self) -> Option<(u32, u32)> {
        let mut codes = self.codes.iter();
        let mut range: Option<(u32, u32)> = None;
        for length in self.lengths.iter().copied().filter(|length| *length > 0) {
            let first = codes.next().copied().unwrap_or(0);
            if length > 1 {
                codes.nth(usize::try_from(length).unwrap_or(0) - 2);
            } else if first < 2 {
                continue;
            }
            range = Some(range.map_or((length, length), |(least, greatest)| (least.min(length), greatest.max(length))));
        }
        range
    }

    fn form(&self) -> NumericForm {
        let longest = self.lengths.iter().copied().max().unwrap_or(0).max(1);
        let width = Width::of(0, ((self.greatest + 1) << 1) | 1);
        let uniform = longest <= MAX_PLOIDY && self.lengths.iter().all(|l| *l == longest);
        if self.typed && uniform && !self.leading && !(self.phased && self.unphased) && self.greatest <= 2 {
            NumericForm::Bits { ploidy: longest, two: self.missing || self.greatest > 1 }
        } else if self.typed && vector::padded_fits(self.lengths.len(), longest, width, self.keeps.len(&self.text)) {
            NumericForm::Codes { longest, width }
        } else {
            NumericForm::None
        }
    }

    /// Appends the vector to `out` and starts the next one.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        match self.form() {
            NumericForm::Bits { ploidy, two } => {
                out.push(form_byte(if two { TWO_BITS } else { ONE_BIT }, ploidy, self.phased));
                let alleles = self.codes.iter().map(|code| if *code < 2 { 3 } else { (code >> 1) as u8 - 1 });
                pack(alleles, if two { 2 } else { 1 }, out);
            }
            NumericForm::Codes { longest, width } => {
                ints::put_descriptor(width.type_code(), longest, out);
                vector::put_padded(&self.codes, &self.lengths, longest, END, width, out);
            }
            NumericForm::None => {
                out.push(vector::TEXT);
                out.extend_from_slice(&self.text);
            }
        }
        self.clear();
    }
}

/// The smallest form but text that gives the texts back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NumericForm {
    Bits { ploidy: u32, two: bool },
    Codes { longest: u32, width: Width },
    None,
}

/// The allele that a character alone stands for, -1 for `.`.
fn single(character: u8) -> Option<i32> {
    match character {
        b'0'..=b'9' => Some(i32::from(character - b'0')),
        b'.' => Some(-1),
        _ => None,
    }
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

#[cfg(test)]
mod tests;
