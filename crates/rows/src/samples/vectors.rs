//! Genotypes and integers that come as vectors of BCF2. In: a vector for each FORMAT key. Out: what the general path would
//! make of the same values as text; or nothing, where it would take a look at more than the values.

use super::whole::{Cells, Kind};
use super::{SampleColumnsBuilder, SampleProblems};
use crate::genotypes::{ENDED, GenotypeVectorBuilder};
use crate::ints::{END, MISSING, SMALLEST, Width};

/// The integers that all samples have for a FORMAT key, as BCF2 stores them: little-endian, with its codes for missing
/// values and for the end of a sample's values.
#[derive(Debug, Clone, Copy)]
pub struct IntegerVector<'a> {
    /// Bytes of a value.
    pub width: usize,
    /// Values of a sample.
    pub length: usize,
    pub bytes: &'a [u8],
}

impl<'a> IntegerVector<'a> {
    /// None of another width than 1, 2 and 4 bytes, of no values, and over other samples.
    fn checked_width(&self, samples: usize) -> Option<Width> {
        let width = [Width::One, Width::Two, Width::Four].into_iter().find(|own| own.bytes() == self.width)?;
        let length = self.length.checked_mul(samples)?.checked_mul(self.width)?;
        (length > 0 && length == self.bytes.len()).then_some(width)
    }

    fn genotypes(&self, samples: usize) -> Option<Genotypes<'a>> {
        match (self.checked_width(samples)?, self.length) {
            (Width::One, 1) => Some(Genotypes::Single(self.bytes)),
            (Width::One, 2) => Some(Genotypes::Pairs(self.bytes)),
            _ => None,
        }
    }
}

impl SampleColumnsBuilder {
    /// Adds a record, as [`push`](Self::push) does of the text that stands for the same values: `vectors` are those of the
    /// keys of `format`, in their order. None, and nothing kept, where only the text tells what to do.
    pub fn push_vectors<'v>(
        &mut self,
        format: &str,
        vectors: impl ExactSizeIterator<Item = IntegerVector<'v>> + Clone,
        alternates: usize,
    ) -> Option<SampleProblems> {
        self.prepare(format).ok()?;
        let samples = self.samples;
        if vectors.len() != self.plan.targets.len() || !self.plan.undeclared.is_empty() {
            return None;
        }
        // What is written is no more than these bytes and a descriptor.
        self.check_room(vectors.clone().map(|vector| vector.bytes.len()).sum()).ok()?;
        self.whole.start(&self.plan.targets, &self.formats, &mut self.vectors)?;
        let mut genotypes = None;
        for (cells, vector) in self.whole.keys.iter_mut().zip(vectors) {
            match cells.kind {
                Kind::Integers => cells.take(&vector, samples)?,
                Kind::Genotype => genotypes = vector.genotypes(samples),
                Kind::Others => return None,
            }
        }
        self.store_whole(alternates, |record, out| match genotypes? {
            Genotypes::Pairs(codes) => GenotypeVectorBuilder::encode_codes(codes, samples, alternates, out),
            Genotypes::Single(codes) => {
                record.codes.clear();
                record.codes.extend(codes.iter().flat_map(|code| [*code, ENDED]));
                GenotypeVectorBuilder::encode_codes(&record.codes, samples, alternates, out)
            }
        })
    }
}

/// Codes of one byte: two for each sample, or one.
enum Genotypes<'a> {
    Pairs(&'a [u8]),
    Single(&'a [u8]),
}

impl Cells {
    /// Takes the values of all samples; None where a code has no meaning or a sample has no values.
    fn take(&mut self, vector: &IntegerVector<'_>, samples: usize) -> Option<()> {
        match vector.checked_width(samples)? {
            Width::One => {
                let widen = |value: &[u8; 1]| widened(i8::from_le_bytes(*value).into(), i8::MIN.into());
                self.take_values(vector.bytes.as_chunks().0.iter().map(widen), vector.length, samples)
            }
            Width::Two => {
                let widen = |value: &[u8; 2]| widened(i16::from_le_bytes(*value).into(), i16::MIN.into());
                self.take_values(vector.bytes.as_chunks().0.iter().map(widen), vector.length, samples)
            }
            Width::Four => {
                let values = vector.bytes.as_chunks().0.iter().map(|value| i32::from_le_bytes(*value));
                self.take_values(values, vector.length, samples)
            }
        }
    }

    fn take_values(&mut self, values: impl Iterator<Item = i32> + Clone, length: usize, samples: usize) -> Option<()> {
        let count = u32::try_from(length).ok()?;
        let is_odd = |value: i32| value < SMALLEST && value != MISSING;
        if !values.clone().fold(false, |odd, value| odd | is_odd(value)) {
            self.values.extend(values);
            self.lengths.extend(std::iter::repeat_n(count, samples));
            return Some(());
        }
        let mut values = values;
        for _ in 0..samples {
            let mut own = 0;
            let mut has_ended = false;
            for value in values.by_ref().take(length) {
                has_ended |= value == END;
                if !has_ended {
                    if is_odd(value) {
                        return None;
                    }
                    self.values.push(value);
                    own += 1;
                }
            }
            if own == 0 {
                return None;
            }
            self.lengths.push(own);
        }
        Some(())
    }
}

/// A value of fewer than four bytes, with the codes that four bytes have; `least` is the least of its width.
fn widened(value: i32, least: i32) -> i32 {
    if value < least + 8 { i32::MIN + (value - least) } else { value }
}

#[cfg(test)]
mod tests;
