//! Sample columns of VCF records to packed vectors, one per FORMAT key. In: FORMAT and the text after it. Out: Binary
//! columns of a record batch. Judges nothing: what is wrong is handed back without sample names and genotypes.

mod marks;
mod single;
mod undeclared;
mod vectors;
mod whole;

pub use vectors::IntegerVector;

use crate::genotypes::{BadGenotype, GenotypeVectorBuilder};
use crate::ints;
use crate::vector::VectorBuilder;
use crate::{FormatColumn, Number, RecordShape};
use arrow_array::{ArrayRef, BinaryArray};
use arrow_buffer::{Buffer, NullBufferBuilder, OffsetBuffer};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use undeclared::UndeclaredKey;
use whole::WholeRecord;

/// Most values (FORMAT keys times samples) of a record: trailing fields may be dropped, so that a short line can stand
/// for very many.
const MAX_VALUES: usize = 1 << 25;

/// Most plans that are kept beside the latest one: records of few FORMAT texts often take turns.
const MAX_PLANS: usize = 8;

/// What makes the sample columns of a record unreadable (spec 7.3). Nothing of the record was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    #[error("the record has {found} sample columns, the header {expected}")]
    TooFewColumns { expected: usize, found: usize },
    #[error("the record has {found} sample columns, the header {expected}")]
    TooManyColumns { expected: usize, found: usize },
    #[error("sample column {column} (from 1) has more values than FORMAT has keys")]
    TooManyValues { column: usize },
    #[error("FORMAT has a key twice")]
    RepeatedKey,
    #[error("FORMAT has an empty key")]
    EmptyKey,
    #[error("GT of sample column {column} (from 1) is not a genotype")]
    BadGenotype { column: usize },
    #[error("GT of sample column {column} (from 1) names an allele beyond ALT")]
    AlleleOutOfRange { column: usize },
    #[error("the sample columns are not UTF-8 text")]
    NotText,
    /// FORMAT keys times samples beyond 2^25, or a column of the batch beyond 2 GiB (then `finish` makes room).
    #[error("the record has too many FORMAT keys for its number of samples, or its batch exceeds 2 GiB")]
    TooLarge,
}

/// What is odd in a record that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SampleProblem {
    /// A value is not of its key's type, or an undeclared GT is no genotype of the record: the typed column will be null,
    /// the text is kept.
    BadValue { key: String },
    /// A sample has another number of values than the key should have.
    BadCount { key: String },
    /// FORMAT has a key that the header does not declare; its values are kept as text.
    UndeclaredKey { key: String },
}

/// Problems of one record, each at most once per key. Empty (and without allocation) for a good record.
pub type SampleProblems = Vec<SampleProblem>;

/// Builds the `format_<i>` columns and `format_undeclared` of record batches; reusable after `finish`.
///
/// `format_undeclared` holds, for a record whose FORMAT has undeclared keys: LEB128 number of keys; for each, in the
/// order of FORMAT, LEB128 length and the key, LEB128 length and a text vector over all samples.
#[derive(Debug)]
pub struct SampleColumnsBuilder {
    samples: usize,
    formats: Vec<FormatColumn>,
    /// Whether GT is read as GT though the header does not declare it; then GT that is none is kept as text.
    implies_genotype: bool,
    /// Positions in `formats`.
    positions: HashMap<String, usize>,
    /// What keys are compared with that the header does not declare.
    expected: Vec<FormatColumn>,
    empty_lists: bool,
    columns: Vec<BinaryColumn>,
    undeclared: BinaryColumn,
    plan: Plan,
    /// Those of other FORMAT texts, which may come again.
    plans: Vec<Plan>,
    genotypes: GenotypeVectorBuilder,
    /// One for each declared format; that of GT stays empty.
    vectors: Vec<VectorBuilder>,
    scratch: Vec<u8>,
    /// The integers of one value, on their way to a column.
    integers: Vec<i32>,
    whole: WholeRecord,
}

/// What to do with the sub-fields of a FORMAT text.
#[derive(Debug, Default)]
struct Plan {
    format: String,
    genotype: Genotype,
    targets: Vec<Target>,
    undeclared: Vec<UndeclaredKey>,
}

/// What to do with GT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Genotype {
    #[default]
    Read,
    /// The record's GT is no genotype, and the header does not say that it should be.
    KeepText,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Genotype(usize),
    Declared(usize),
    Undeclared(usize),
}

impl Plan {
    /// Whether this is what to do with records of this FORMAT, GT read as GT.
    fn is_for(&self, format: &str) -> bool {
        self.format == format && self.genotype == Genotype::Read && !self.targets.is_empty()
    }
}

impl SampleColumnsBuilder {
    pub fn new(shape: &RecordShape) -> Self {
        Self {
            samples: shape.samples.len(),
            formats: shape.formats.clone(),
            implies_genotype: shape.formats.iter().any(|f| f.id == "GT" && !f.declared),
            positions: shape.formats.iter().enumerate().map(|(at, f)| (f.id.clone(), at)).collect(),
            expected: Vec::new(),
            empty_lists: false,
            columns: shape.formats.iter().map(|_| BinaryColumn::new()).collect(),
            undeclared: BinaryColumn::new(),
            plan: Plan::default(),
            plans: Vec::new(),
            genotypes: GenotypeVectorBuilder::new().without_text(),
            vectors: shape.formats.iter().map(|format| vector(format, false)).collect(),
            scratch: Vec::new(),
            integers: Vec::new(),
            whole: WholeRecord::default(),
        }
    }

    /// The builder, with what is known of keys that the header may not declare: values of them are text as ever, but number
    /// and type are compared.
    #[must_use]
    pub fn expecting(self, expected: Vec<FormatColumn>) -> Self {
        Self { expected, ..self }
    }

    /// The builder, for a version of VCF in which a text of no length is a list of no values (4.5 and later).
    #[must_use]
    pub fn with_empty_lists(self) -> Self {
        let vectors = self.formats.iter().map(|format| vector(format, true)).collect();
        Self { vectors, empty_lists: true, ..self }
    }

    /// Adds a record. `samples` is the line from after the FORMAT column on (tab-separated, no line end);
    /// `alternates` is the number of ALT alleles; `format` is None where the line ended before FORMAT. After an error
    /// the builder is as before the call.
    pub fn push(
        &mut self,
        format: Option<&str>,
        samples: &[u8],
        alternates: usize,
    ) -> Result<SampleProblems, SampleError> {
        let Some(format) = format.filter(|_| self.samples > 0 || !samples.is_empty()) else {
            count_columns(self.samples, samples)?;
            self.close_row();
            return Ok(Vec::new());
        };
        self.prepare(format)?;
        self.check_room(samples.len())?;
        if let [Target::Genotype(at)] = self.plan.targets[..] {
            let Self { columns, whole, samples: own, .. } = self;
            let encode = |column: &mut BinaryColumn| {
                GenotypeVectorBuilder::encode_text(samples, *own, alternates, &mut whole.codes, &mut column.bytes)?;
                column.close_value();
                Some(())
            };
            if columns.get_mut(at).and_then(encode).is_some() {
                self.close_row();
                return Ok(Vec::new());
            }
        } else if self.samples == 1 && self.push_single(samples, alternates) {
            return Ok(Vec::new());
        } else if let Some(problems) = self.push_whole(samples, alternates) {
            return Ok(problems);
        }
        self.push_each(format, samples, alternates)
    }

    /// Has the plan for records of this FORMAT.
    fn prepare(&mut self, format: &str) -> Result<(), SampleError> {
        if self.plan.is_for(format) {
            return Ok(());
        }
        let plan = match self.plans.iter().position(|plan| plan.is_for(format)) {
            Some(at) => self.plans.remove(at),
            None => self.plan(format, Genotype::Read)?,
        };
        let latest = std::mem::replace(&mut self.plan, plan);
        // Undeclared keys have the memory of the largest record.
        if latest.undeclared.is_empty() && !latest.targets.is_empty() {
            if self.plans.len() == MAX_PLANS {
                self.plans.remove(0);
            }
            self.plans.push(latest);
        }
        Ok(())
    }

    /// The general path: adds a record of whatever shape, value by value.
    fn push_each(&mut self, format: &str, samples: &[u8], alternates: usize) -> Result<SampleProblems, SampleError> {
        count_columns(self.samples, samples)?;
        std::str::from_utf8(samples).map_err(|_| SampleError::NotText)?;
        let staged = self.stage(samples, alternates);
        if self.implies_genotype
            && matches!(staged, Err(SampleError::BadGenotype { .. } | SampleError::AlleleOutOfRange { .. }))
        {
            self.plan = self.plan(format, Genotype::KeepText)?;
            self.stage(samples, alternates)?;
        } else {
            staged?;
        }
        let mut again = self.genotypes.keep_text_if_needed();
        for vector in &mut self.vectors {
            again |= vector.keep_text_if_needed();
        }
        if again {
            self.stage(samples, alternates)?;
        }
        Ok(self.store(alternates))
    }

    /// Takes the record that was pushed last away again.
    pub fn undo(&mut self) {
        self.columns.iter_mut().chain([&mut self.undeclared]).for_each(BinaryColumn::undo_row);
    }

    /// The columns of the records so far, in the order of the record shape; the builder starts anew.
    pub fn finish(&mut self) -> Vec<ArrayRef> {
        self.columns.iter_mut().chain([&mut self.undeclared]).map(BinaryColumn::finish).collect()
    }

    fn plan(&self, format: &str, genotype: Genotype) -> Result<Plan, SampleError> {
        let mut plan = Plan { format: format.to_owned(), genotype, ..Plan::default() };
        let mut seen = HashSet::new();
        for key in format.split(':') {
            if key.is_empty() {
                return Err(SampleError::EmptyKey);
            }
            if !seen.insert(key) {
                return Err(SampleError::RepeatedKey);
            }
            let declared = self.positions.get(key).copied().filter(|_| key != "GT" || genotype == Genotype::Read);
            plan.targets.push(match declared {
                Some(i) if key == "GT" => Target::Genotype(i),
                Some(i) => Target::Declared(i),
                None => Target::Undeclared(plan.undeclared.len()),
            });
            if declared.is_none() {
                let expected = self.expected.iter().find(|format| format.id == key);
                plan.undeclared.push(UndeclaredKey::new(key, expected, self.empty_lists));
            }
            if plan.targets.len().saturating_mul(self.samples) > MAX_VALUES {
                return Err(SampleError::TooLarge);
            }
        }
        Ok(plan)
    }

    /// Offsets of a column are 32-bit; a vector takes at most four times its text form and its descriptor, a text form
    /// at most five bytes for each sample beside the text.
    fn check_room(&self, text: usize) -> Result<(), SampleError> {
        let values = self.plan.targets.len().saturating_mul(self.samples);
        let largest = self.columns.iter().chain([&self.undeclared]).map(|c| c.bytes.len()).max().unwrap_or(0);
        let most = text.checked_mul(4).and_then(|t| t.checked_add(largest + 5 * values + 65_536));
        match most.map(i32::try_from) {
            Some(Ok(_)) => Ok(()),
            _ => Err(SampleError::TooLarge),
        }
    }

    /// Splits the sample columns into the vector builders.
    fn stage(&mut self, samples: &[u8], alternates: usize) -> Result<(), SampleError> {
        self.genotypes.clear();
        self.vectors.iter_mut().for_each(VectorBuilder::clear);
        self.plan.undeclared.iter_mut().for_each(UndeclaredKey::clear);
        let (mut start, mut column, mut key) = (0, 1, 0);
        let ends = samples.iter().enumerate().filter(|(_, b)| matches!(b, b'\t' | b':')).map(|(at, _)| at);
        for end in ends.chain([samples.len()]) {
            let text = samples.get(start..end).unwrap_or_default();
            let Some(target) = self.plan.targets.get(key) else { return Err(SampleError::TooManyValues { column }) };
            put(target, Some(text), alternates, &mut self.genotypes, &mut self.vectors, &mut self.plan.undeclared)
                .map_err(|bad| bad_genotype(bad, column))?;
            key += 1;
            if samples.get(end) != Some(&b':') {
                for target in self.plan.targets.iter().skip(key) {
                    put(target, None, alternates, &mut self.genotypes, &mut self.vectors, &mut self.plan.undeclared)
                        .map_err(|bad| bad_genotype(bad, column))?;
                }
                (column, key) = (column + 1, 0);
            }
            start = end + 1;
        }
        Ok(())
    }

    /// Moves the staged vectors to the columns.
    fn store(&mut self, alternates: usize) -> SampleProblems {
        let mut problems = Vec::new();
        let ploidies = self.genotypes.ploidies();
        for target in &self.plan.targets {
            match *target {
                Target::Genotype(at) => {
                    if let Some(column) = self.columns.get_mut(at) {
                        self.genotypes.finish(&mut column.bytes);
                        column.close_value();
                    }
                }
                Target::Declared(at) => {
                    let parts = (self.columns.get_mut(at), self.vectors.get_mut(at), self.formats.get(at));
                    if let (Some(column), Some(vector), Some(format)) = parts {
                        if vector.bad() {
                            problems.push(SampleProblem::BadValue { key: format.id.clone() });
                        }
                        if !vector.counts.fit(format.number, alternates, ploidies) {
                            problems.push(SampleProblem::BadCount { key: format.id.clone() });
                        }
                        vector.finish(&mut column.bytes);
                        column.close_value();
                    }
                }
                Target::Undeclared(_) => {}
            }
        }
        if !self.plan.undeclared.is_empty() {
            let out = &mut self.undeclared.bytes;
            ints::put_leb128(self.plan.undeclared.len(), out);
            for key in &mut self.plan.undeclared {
                let is_genotype = self.plan.genotype == Genotype::KeepText && key.id() == "GT";
                key.put_problems(is_genotype, alternates, ploidies, &mut problems);
                key.finish(&mut self.scratch, out);
            }
            self.undeclared.close_value();
        }
        self.close_row();
        problems
    }

    /// Makes every column one row longer, with null where the record gave it no value.
    fn close_row(&mut self) {
        self.columns.iter_mut().chain([&mut self.undeclared]).for_each(BinaryColumn::close_row);
    }
}

/// The builder for the values of a key.
fn vector(format: &FormatColumn, empty_lists: bool) -> VectorBuilder {
    VectorBuilder::new(format.kind)
        .rounding(matches!(format.id.as_str(), "DP" | "GQ"))
        .with_empty_lists(empty_lists && matches!(format.number, Number::Unknown | Number::Other))
        .without_text()
}

fn bad_genotype(bad: BadGenotype, column: usize) -> SampleError {
    match bad {
        BadGenotype::NotAGenotype => SampleError::BadGenotype { column },
        BadGenotype::OutOfRange => SampleError::AlleleOutOfRange { column },
    }
}

#[inline]
fn put(
    target: &Target,
    text: Option<&[u8]>,
    alternates: usize,
    genotypes: &mut GenotypeVectorBuilder,
    vectors: &mut [VectorBuilder],
    undeclared: &mut [UndeclaredKey],
) -> Result<(), BadGenotype> {
    let vector = match *target {
        Target::Genotype(_) => return genotypes.push(text, alternates),
        Target::Declared(at) => vectors.get_mut(at),
        Target::Undeclared(at) => {
            if let Some(key) = undeclared.get_mut(at) {
                key.push(text);
            }
            return Ok(());
        }
    };
    if let Some(vector) = vector {
        vector.push(text);
    }
    Ok(())
}

fn count_columns(expected: usize, samples: &[u8]) -> Result<(), SampleError> {
    let found = if samples.is_empty() { 0 } else { memchr::memchr_iter(b'\t', samples).count() + 1 };
    match found.cmp(&expected) {
        std::cmp::Ordering::Less => Err(SampleError::TooFewColumns { expected, found }),
        std::cmp::Ordering::Greater => Err(SampleError::TooManyColumns { expected, found }),
        std::cmp::Ordering::Equal => Ok(()),
    }
}

/// A Binary column under construction, written in place.
#[derive(Debug)]
struct BinaryColumn {
    bytes: Vec<u8>,
    offsets: Vec<i32>,
    valid: NullBufferBuilder,
    has_value: bool,
}

impl BinaryColumn {
    fn new() -> Self {
        Self { bytes: Vec::new(), offsets: vec![0], valid: NullBufferBuilder::new(1024), has_value: false }
    }

    /// What was written to `bytes` since the last row is this row's value.
    fn close_value(&mut self) {
        self.has_value = true;
    }

    /// Forgets what was written to `bytes` since the last row.
    fn take_back(&mut self) {
        let end = self.offsets.last().and_then(|end| usize::try_from(*end).ok());
        self.bytes.truncate(end.unwrap_or(0));
        self.has_value = false;
    }

    fn close_row(&mut self) {
        // `check_room` has kept the length within 32 bits.
        self.offsets.push(i32::try_from(self.bytes.len()).unwrap_or(i32::MAX));
        self.valid.append(self.has_value);
        self.has_value = false;
    }

    fn undo_row(&mut self) {
        if self.offsets.len() > 1 {
            self.offsets.pop();
            let end = self.offsets.last().and_then(|end| usize::try_from(*end).ok()).unwrap_or(0);
            self.bytes.truncate(end);
            self.valid.truncate(self.offsets.len() - 1);
        }
    }

    fn finish(&mut self) -> ArrayRef {
        let capacity = self.bytes.len();
        let done = std::mem::replace(self, Self::new());
        self.bytes.reserve(capacity);
        let mut valid = done.valid;
        let offsets = OffsetBuffer::new(done.offsets.into());
        Arc::new(BinaryArray::new(offsets, Buffer::from_vec(done.bytes), valid.finish()))
    }
}

#[cfg(test)]
mod tests;
