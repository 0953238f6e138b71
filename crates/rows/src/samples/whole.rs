//! Sample columns of a whole record in one pass, straight to the vectors. In: their text, with FORMAT keys that the header
//! declares. Out: the bytes that the general path would write; or nothing, where a genotype has not one or three characters or
//! an integer is not in its usual spelling, so that the general path must look at the record.
//!
//! The general path stays the one that says what a record means: here are only the shapes that nearly all records have.

use super::marks::{Ends, Marks};
use super::{SampleColumnsBuilder, SampleProblem, SampleProblems, Target};
use crate::counts::Counts;
use crate::genotypes::{Encoded, GenotypeVectorBuilder};
use crate::ints::{self, END, MISSING, Width};
use crate::vector::VectorBuilder;
use crate::{FormatColumn, ValueKind, vector};

/// The values of a record on their way to the columns; kept from record to record for its memory.
#[derive(Debug, Default)]
pub(super) struct WholeRecord {
    marks: Marks,
    /// Genotypes of one and of three characters, with tabs between them.
    genotypes: Vec<u8>,
    /// The same as codes.
    pub(super) codes: Vec<u8>,
    /// One for each target of the plan.
    pub(super) keys: Vec<Cells>,
}

/// Where the values of a key go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Genotype,
    /// To the key's cells.
    Integers,
    /// To the builder of the general path: texts and floats.
    Others,
}

/// The values of all samples for one key, if they are integers.
#[derive(Debug)]
pub(super) struct Cells {
    pub(super) kind: Kind,
    /// Position of the key's column.
    pub(super) at: usize,
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
            kind: Kind::Genotype,
            at: 0,
            values: Vec::new(),
            lengths: Vec::new(),
            longest: 1,
            width: Width::One,
            counts: Counts::NONE,
        }
    }
}

impl SampleColumnsBuilder {
    /// Adds a record of which nothing is unusual; None, and nothing kept, for every other one.
    pub(super) fn push_whole(&mut self, samples: &[u8], alternates: usize) -> Option<SampleProblems> {
        // No text is no sample column, not one without a value.
        if samples.is_empty() || !self.plan.undeclared.is_empty() {
            return None;
        }
        self.whole.start(&self.plan.targets, &self.formats, &mut self.vectors)?;
        if self.whole.keys.iter().any(|cells| cells.kind == Kind::Others) {
            std::str::from_utf8(samples).ok()?;
        }
        self.whole.read(samples, self.samples, &mut self.vectors)?;
        let own = self.samples;
        self.store_whole(alternates, |record, out| {
            GenotypeVectorBuilder::encode_text(&record.genotypes, own, alternates, &mut record.codes, out)
        })
    }

    /// Writes the values that were taken to the columns, and the genotypes, which `encode` writes; None, and nothing kept,
    /// where it does not or where the text form might be the smaller one.
    pub(super) fn store_whole(
        &mut self,
        alternates: usize,
        encode: impl FnOnce(&mut WholeRecord, &mut Vec<u8>) -> Option<Encoded>,
    ) -> Option<SampleProblems> {
        let Self { columns, formats, vectors, whole, .. } = self;
        whole.keys.iter_mut().try_for_each(Cells::lay_out)?;
        let mut ploidies = None;
        if let Some(at) = whole.keys.iter().find(|cells| cells.kind == Kind::Genotype).map(|cells| cells.at) {
            let column = columns.get_mut(at)?;
            ploidies = encode(whole, &mut column.bytes)?.ploidies;
            column.close_value();
        }
        let mut problems = Vec::new();
        for cells in whole.keys.iter().filter(|cells| cells.kind != Kind::Genotype) {
            let parts = (columns.get_mut(cells.at), formats.get(cells.at), vectors.get_mut(cells.at));
            let (Some(column), Some(format), Some(vector)) = parts else { continue };
            let (is_bad, counts) = match cells.kind {
                Kind::Others => (vector.bad(), vector.counts),
                Kind::Genotype | Kind::Integers => (false, cells.counts),
            };
            if is_bad {
                problems.push(SampleProblem::BadValue { key: format.id.clone() });
            }
            if !counts.fit(format.number, alternates, ploidies) {
                problems.push(SampleProblem::BadCount { key: format.id.clone() });
            }
            match cells.kind {
                Kind::Others => vector.finish(&mut column.bytes),
                Kind::Genotype | Kind::Integers => cells.put(&mut column.bytes),
            }
            column.close_value();
        }
        self.close_row();
        Some(problems)
    }
}

impl WholeRecord {
    /// Forgets the record before; None where the header does not declare all keys.
    pub(super) fn start(
        &mut self,
        targets: &[Target],
        formats: &[FormatColumn],
        vectors: &mut [VectorBuilder],
    ) -> Option<()> {
        self.genotypes.clear();
        self.keys.resize_with(targets.len(), Cells::default);
        for (cells, target) in self.keys.iter_mut().zip(targets) {
            (cells.kind, cells.at) = match *target {
                Target::Genotype(at) => (Kind::Genotype, at),
                Target::Declared(at) if formats.get(at)?.kind == ValueKind::Integer => (Kind::Integers, at),
                Target::Declared(at) => (Kind::Others, at),
                Target::Undeclared(_) => return None,
            };
            vector::forget(&mut cells.values);
            vector::forget(&mut cells.lengths);
            if cells.kind == Kind::Others {
                vectors.get_mut(cells.at)?.clear();
            }
        }
        Some(())
    }

    /// Takes the sample columns apart; None where something is unusual.
    // Alone, so that the loop has the registers for itself.
    #[inline(never)]
    fn read(&mut self, text: &[u8], samples: usize, vectors: &mut [VectorBuilder]) -> Option<()> {
        let Self { marks, genotypes, keys, .. } = self;
        let mut ends = marks.of(text);
        let mut start = 0;
        for _ in 0..samples {
            // What stands after the latest value; a tab at the end of the text.
            let mut mark = b':';
            for cells in keys.iter_mut() {
                if mark != b':' {
                    cells.push_nothing(vectors)?;
                    continue;
                }
                let end = match cells.kind {
                    Kind::Integers => cells.push(text, start, &mut ends)?,
                    Kind::Genotype => push_genotype(text, start, &mut ends, genotypes)?,
                    Kind::Others => push_other(text, start, &mut ends, vectors.get_mut(cells.at)?)?,
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

#[inline]
fn push_genotype(text: &[u8], start: usize, ends: &mut Ends<'_>, genotypes: &mut Vec<u8>) -> Option<usize> {
    let end = ends.next()?;
    match *text.get(start..end)? {
        [first, separator, second] => genotypes.extend([first, separator, second, b'\t']),
        [only] => genotypes.extend([only, b'\t']),
        _ => return None,
    }
    Some(end)
}

#[inline(never)]
fn push_other(text: &[u8], start: usize, ends: &mut Ends<'_>, vector: &mut VectorBuilder) -> Option<usize> {
    let end = ends.find(|end| text.get(*end) != Some(&b','))?;
    vector.push(Some(text.get(start..end)?));
    Some(end)
}

impl Cells {
    /// Adds a sample whose trailing fields were dropped; None if they were genotypes.
    #[inline(never)]
    fn push_nothing(&mut self, vectors: &mut [VectorBuilder]) -> Option<()> {
        match self.kind {
            Kind::Genotype => return None,
            Kind::Integers => self.lengths.push(0),
            Kind::Others => vectors.get_mut(self.at)?.push(None),
        }
        Some(())
    }

    /// Adds the values of a sample, which begin at `start`; where they end.
    #[inline]
    fn push(&mut self, text: &[u8], start: usize, ends: &mut Ends<'_>) -> Option<usize> {
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
