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
    keys: Vec<Cells>,
}

/// The values of all samples for one key; of GT none.
#[derive(Debug, Default)]
struct Cells {
    is_genotype: bool,
    /// [`MISSING`] among them, no end codes.
    values: Vec<i32>,
    /// For each sample the number of its values; 0 where trailing fields were dropped.
    lengths: Vec<u32>,
}

/// How the values of a key are written, and how many the samples have.
struct Layout {
    longest: u32,
    width: Width,
    counts: Counts,
}

/// Whether values for these targets can be read here: integers, and perhaps genotypes.
pub(super) fn are_integers(targets: &[Target], formats: &[FormatColumn]) -> bool {
    let is_integer = |target: &Target| match *target {
        Target::Declared(at) => formats.get(at).is_some_and(|format| format.kind == ValueKind::Integer),
        Target::Genotype(_) | Target::Undeclared(_) => false,
    };
    let is_genotype = |target: &Target| matches!(target, Target::Genotype(_));
    targets.iter().any(is_integer) && targets.iter().all(|target| is_integer(target) || is_genotype(target))
}

impl SampleColumnsBuilder {
    /// Adds a record of genotypes of three characters and integers; None, and nothing kept, for every other one.
    pub(super) fn push_integers(&mut self, samples: &[u8], alternates: usize) -> Option<SampleProblems> {
        let Self { plan, columns, formats, integer_record: record, .. } = self;
        if !plan.integers {
            return None;
        }
        record.read(samples, self.samples, &plan.targets)?;
        let layouts = record.keys.iter().map(Cells::layout).collect::<Option<Vec<_>>>()?;
        let mut ploidies = None;
        for target in &plan.targets {
            if let Target::Genotype(at) = *target {
                let column = columns.get_mut(at)?;
                if !GenotypeVectorBuilder::encode_all(&record.genotypes, self.samples, alternates, &mut column.bytes) {
                    return None;
                }
                column.close_value();
                ploidies = Some((2, 2));
            }
        }
        let mut problems = Vec::new();
        for ((target, cells), layout) in plan.targets.iter().zip(&record.keys).zip(&layouts) {
            if let Target::Declared(at) = *target
                && let (Some(column), Some(format)) = (columns.get_mut(at), formats.get(at))
            {
                cells.put(layout, &mut column.bytes);
                column.close_value();
                if !layout.counts.fit(format.number, alternates, ploidies) {
                    problems.push(SampleProblem::BadCount { key: format.id.clone() });
                }
            }
        }
        self.close_row();
        Some(problems)
    }
}

impl IntegerRecord {
    /// Takes the sample columns apart; None where something is unusual.
    // Alone, so that the loop has the registers for itself.
    #[inline(never)]
    fn read(&mut self, text: &[u8], samples: usize, targets: &[Target]) -> Option<()> {
        let Self { marks, genotypes, keys } = self;
        genotypes.clear();
        keys.resize_with(targets.len(), Cells::default);
        keys.iter_mut().zip(targets).for_each(|(cells, target)| cells.start(*target));
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

    /// How to write the values; None where the text form might be the smaller one.
    fn layout(&self) -> Option<Layout> {
        let width = self.width();
        let first = self.lengths.first().copied().unwrap_or(1);
        if first > 0 && self.lengths.iter().fold(0, |differs, length| differs | (length ^ first)) == 0 {
            // A lone `.` is no number of values.
            let lone = first == 1 && self.values.iter().all(|value| *value == MISSING);
            let counts = if lone { Counts::NONE } else { Counts::exactly(first) };
            return Some(Layout { longest: first, width, counts });
        }
        let longest = self.lengths.iter().copied().fold(1, u32::max);
        // A value has a character and one that ends it, no value has a byte in the text form.
        let nothing = self.lengths.iter().filter(|length| **length == 0).count();
        let text = nothing.saturating_add(self.values.len().saturating_mul(2));
        let fits = vector::padded_fits(self.lengths.len(), longest, width, text);
        fits.then(|| Layout { longest, width, counts: self.counts() })
    }

    fn width(&self) -> Width {
        // All the limits are full of ones: what holds all bits holds all values.
        let bits = self.values.iter().fold(0, |bits, value| bits | value);
        if bits >= 0 {
            return Width::of(0, bits);
        }
        let known = self.values.iter().copied().filter(|value| *value != MISSING);
        Width::of(known.clone().fold(0, i32::min), known.fold(0, i32::max))
    }

    fn counts(&self) -> Counts {
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

    fn put(&self, layout: &Layout, out: &mut Vec<u8>) {
        ints::put_descriptor(layout.width.type_code(), layout.longest, out);
        vector::put_padded(&self.values, &self.lengths, layout.longest, END, layout.width, out);
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
