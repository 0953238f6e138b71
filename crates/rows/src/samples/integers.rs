//! Sample columns of genotypes and integers, straight to the vectors. In: their text, with FORMAT keys that are GT or
//! declared as integers. Out: the bytes that the general path would write; or nothing, where a genotype has not three
//! characters or a value is no integer in its usual spelling, so that the general path must look at the record.
//!
//! The general path stays the one that says what a record means: here are only the shapes that nearly all records have.

use super::marks::Marks;
use super::{SampleColumnsBuilder, SampleProblem, SampleProblems, Target};
use crate::counts::Counts;
use crate::genotypes::GenotypeVectorBuilder;
use crate::ints::{self, END, MISSING, Width};
use crate::{FormatColumn, ValueKind, vector};

/// The values of a record on their way to the columns; kept from record to record for its memory.
#[derive(Debug, Default)]
pub(super) struct IntegerRecord {
    marks: Marks,
    /// Genotypes of three characters, with tabs between them.
    genotypes: Vec<u8>,
    /// One for each target of the plan.
    pub(super) keys: Vec<Cells>,
}

/// The values of all samples for one key; of GT none.
#[derive(Debug)]
pub(super) struct Cells {
    pub(super) is_genotype: bool,
    /// [`MISSING`] among them, no end codes.
    pub(super) values: Vec<i32>,
    /// For each sample the number of its values; 0 where trailing fields were dropped.
    pub(super) lengths: Vec<u32>,
    /// How the values are written, once all are there.
    longest: u32,
    width: Width,
    /// How many of them the samples have.
    counts: Counts,
}

impl Default for Cells {
    fn default() -> Self {
        Self {
            is_genotype: false,
            values: Vec::new(),
            lengths: Vec::new(),
            longest: 1,
            width: Width::One,
            counts: Counts::NONE,
        }
    }
}

/// Whether values for these targets can be taken here: genotypes and integers.
pub(super) fn are_integers(targets: &[Target], formats: &[FormatColumn]) -> bool {
    targets.iter().all(|target| match *target {
        Target::Genotype(_) => true,
        Target::Declared(at) => formats.get(at).is_some_and(|format| format.kind == ValueKind::Integer),
        Target::Undeclared(_) => false,
    })
}

impl SampleColumnsBuilder {
    /// Adds a record of genotypes of three characters and integers; None, and nothing kept, for every other one.
    pub(super) fn push_integers(&mut self, samples: &[u8], alternates: usize) -> Option<SampleProblems> {
        if !self.plan.integers {
            return None;
        }
        self.integer_record.read(samples, self.samples, &self.plan.targets)?;
        let own = self.samples;
        self.store_integers(alternates, |genotypes, out| {
            GenotypeVectorBuilder::encode_all(genotypes, own, alternates, out)
        })
    }

    /// Writes the integers that were taken to the columns, and the genotypes, which `encode` writes: all of two alleles;
    /// None, and nothing kept, where it does not or where the text form might be the smaller one.
    pub(super) fn store_integers(
        &mut self,
        alternates: usize,
        encode: impl FnOnce(&[u8], &mut Vec<u8>) -> bool,
    ) -> Option<SampleProblems> {
        let Self { plan, columns, formats, integer_record: record, .. } = self;
        record.keys.iter_mut().try_for_each(Cells::lay_out)?;
        let genotypes = plan.targets.iter().find_map(|target| match *target {
            Target::Genotype(at) => Some(at),
            Target::Declared(_) | Target::Undeclared(_) => None,
        });
        if let Some(at) = genotypes {
            let column = columns.get_mut(at)?;
            if !encode(&record.genotypes, &mut column.bytes) {
                return None;
            }
            column.close_value();
        }
        let ploidies = genotypes.map(|_| (2, 2));
        let mut problems = Vec::new();
        for (target, cells) in plan.targets.iter().zip(&record.keys) {
            if let Target::Declared(at) = *target
                && let (Some(column), Some(format)) = (columns.get_mut(at), formats.get(at))
            {
                cells.put(&mut column.bytes);
                column.close_value();
                if !cells.counts.fit(format.number, alternates, ploidies) {
                    problems.push(SampleProblem::BadCount { key: format.id.clone() });
                }
            }
        }
        self.close_row();
        Some(problems)
    }
}

impl IntegerRecord {
    /// Forgets the record before.
    pub(super) fn start(&mut self, targets: &[Target]) {
        self.genotypes.clear();
        self.keys.resize_with(targets.len(), Cells::default);
        self.keys.iter_mut().zip(targets).for_each(|(cells, target)| cells.start(*target));
    }

    /// Takes the sample columns apart; None where something is unusual.
    // Alone, so that the loop has the registers for itself.
    #[inline(never)]
    fn read(&mut self, text: &[u8], samples: usize, targets: &[Target]) -> Option<()> {
        self.start(targets);
        let Self { marks, genotypes, keys } = self;
        let mut ends = marks.of(text);
        let mut start = 0;
        for _ in 0..samples {
            // What stands after the latest value; a tab at the end of the text.
            let mut mark = b':';
            for cells in keys.iter_mut() {
                if mark != b':' {
                    cells.push_nothing()?;
                    continue;
                }
                let end = if cells.is_genotype {
                    let end = ends.next()?;
                    let [first, separator, second] = *text.get(start..end)? else { return None };
                    genotypes.extend([first, separator, second, b'\t']);
                    end
                } else {
                    cells.push(text, start, &mut ends)?
                };
                mark = text.get(end).copied().unwrap_or(b'\t');
                start = end.wrapping_add(1);
            }
            if mark != b'\t' {
                return None; // more values than keys
            }
        }
        genotypes.pop();
        // One beyond the end of the text: no sample too few and none too many.
        (start == text.len() + 1).then_some(())
    }
}

impl Cells {
    fn start(&mut self, target: Target) {
        self.is_genotype = matches!(target, Target::Genotype(_));
        self.values.clear();
        self.lengths.clear();
    }

    /// Adds a sample whose trailing fields were dropped; None if they were genotypes.
    fn push_nothing(&mut self) -> Option<()> {
        self.lengths.push(0);
        (!self.is_genotype).then_some(())
    }

    /// Adds the values of a sample, which begin at `start`; where they end.
    #[inline]
    fn push(&mut self, text: &[u8], start: usize, ends: &mut impl Iterator<Item = usize>) -> Option<usize> {
        let (mut from, mut count) = (start, 0_u32);
        loop {
            let end = ends.next()?;
            self.values.push(integer(text, from, end)?);
            count = count.wrapping_add(1);
            if text.get(end) != Some(&b',') {
                self.lengths.push(count);
                return Some(end);
            }
            from = end.wrapping_add(1);
        }
    }

    /// Finds how to write the values; None where the text form might be the smaller one.
    fn lay_out(&mut self) -> Option<()> {
        self.width = self.narrowest();
        self.longest = self.lengths.first().copied().unwrap_or(1);
        let first = self.longest;
        if first > 0 && self.lengths.iter().fold(0, |differs, length| differs | (length ^ first)) == 0 {
            // A lone `.` is no number of values.
            let lone = first == 1 && self.values.iter().all(|value| *value == MISSING);
            self.counts = if lone { Counts::NONE } else { Counts::exactly(first) };
            return Some(());
        }
        self.counts = self.count();
        self.longest = self.lengths.iter().copied().fold(1, u32::max);
        // A value has a character and one that ends it, no value has a byte in the text form.
        let nothing = self.lengths.iter().filter(|length| **length == 0).count();
        let text = nothing.saturating_add(self.values.len().saturating_mul(2));
        vector::padded_fits(self.lengths.len(), self.longest, self.width, text).then_some(())
    }

    fn narrowest(&self) -> Width {
        // All the limits are full of ones: what holds all bits holds all values.
        let bits = self.values.iter().fold(0, |bits, value| bits | value);
        if bits >= 0 {
            return Width::of(0, bits);
        }
        let known = self.values.iter().copied().filter(|value| *value != MISSING);
        Width::of(known.clone().fold(0, i32::min), known.fold(0, i32::max))
    }

    fn count(&self) -> Counts {
        let mut counts = Counts::NONE;
        let mut rest = &self.values[..];
        for length in self.lengths.iter().filter(|length| **length > 0) {
            let (own, after) = rest.split_at_checked(*length as usize).unwrap_or_default();
            rest = after;
            if own != [MISSING] {
                counts.add_number(*length);
            }
        }
        counts
    }

    fn put(&self, out: &mut Vec<u8>) {
        ints::put_descriptor(self.width.type_code(), self.longest, out);
        vector::put_padded(&self.values, &self.lengths, self.longest, END, self.width, out);
    }
}

/// The integer from `start` up to `end`, [`MISSING`] for `.`; None where it is not in its usual spelling. `end` is one of
/// the ends that [`Marks`] gives.
#[inline]
fn integer(text: &[u8], start: usize, end: usize) -> Option<i32> {
    const ZEROS: u32 = u32::from_le_bytes([b'0'; 4]);
    const ABOVE_NINE: u32 = u32::from_le_bytes([0x80 - 10; 4]);
    const HIGHEST: u32 = u32::from_le_bytes([0x80; 4]);
    let length = end.wrapping_sub(start);
    if let Some(four) = text.get(start..).and_then(<[u8]>::first_chunk)
        && length.wrapping_sub(1) < 4
    {
        let word = u32::from_le_bytes(*four) ^ ZEROS;
        // The digits at the high end, zeros before them.
        let digits = word << (32_usize.wrapping_sub(length.wrapping_mul(8)) as u32 & 31);
        // A zero and another digit: what follows the last digit is none.
        let leads_zero = (word as u16).swap_bytes() < 10;
        if (digits.wrapping_add(ABOVE_NINE) | digits) & HIGHEST == 0 && !leads_zero {
            // Two pairs of digits, then both together.
            let pairs = digits.wrapping_mul(1 + (10 << 8)) >> 8 & 0x00ff_00ff;
            return Some((pairs.wrapping_mul(1 + (100 << 16)) >> 16) as i32);
        }
    }
    any_integer(text.get(start..end)?)
}

#[inline(never)]
fn any_integer(text: &[u8]) -> Option<i32> {
    if text == b"." { Some(MISSING) } else { ints::canonical_int(text) }
}

#[cfg(test)]
mod tests;
