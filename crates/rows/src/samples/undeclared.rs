//! The values of a FORMAT key that the header does not declare. In: text of each sample. Out: a text vector, and what is odd
//! in the values beside what is known of the key.

use super::{SampleProblem, SampleProblems};
use crate::vector::VectorBuilder;
use crate::{FormatColumn, Number, ValueKind, ints};

#[derive(Debug)]
pub(super) struct UndeclaredKey {
    id: String,
    texts: VectorBuilder,
    /// Only compares: what it builds is not used.
    expected: Option<Box<(Number, VectorBuilder)>>,
}

impl UndeclaredKey {
    pub(super) fn new(id: &str, expected: Option<&FormatColumn>, empty_lists: bool) -> Self {
        Self {
            id: id.to_owned(),
            texts: VectorBuilder::new(ValueKind::String),
            expected: expected.map(|format| Box::new((format.number, super::vector(format, empty_lists)))),
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn clear(&mut self) {
        self.texts.clear();
        if let Some((_, vector)) = self.expected.as_deref_mut() {
            vector.clear();
        }
    }

    /// Adds the next sample; None where it has no value because trailing fields were dropped.
    // Out of the way of declared keys, whose values are put by the same loop.
    #[inline(never)]
    pub(super) fn push(&mut self, text: Option<&[u8]>) {
        self.texts.push(text);
        if let Some((_, vector)) = self.expected.as_deref_mut() {
            vector.push(text);
        }
    }

    /// Says that the key is undeclared, and what is wrong with the values: all that `no_genotype` stands for, their type
    /// and their number.
    pub(super) fn put_problems(
        &self,
        no_genotype: bool,
        alternates: usize,
        ploidies: Option<(u32, u32)>,
        problems: &mut SampleProblems,
    ) {
        let key = || self.id.clone();
        problems.push(SampleProblem::UndeclaredKey { key: key() });
        let (bad_value, bad_count) = match self.expected.as_deref() {
            Some((number, vector)) => (vector.bad(), !vector.counts.fit(*number, alternates, ploidies)),
            None => (false, false),
        };
        if no_genotype || bad_value {
            problems.push(SampleProblem::BadValue { key: key() });
        }
        if bad_count {
            problems.push(SampleProblem::BadCount { key: key() });
        }
    }

    /// Appends the length of the key, the key, the length of the vector and the vector.
    pub(super) fn finish(&mut self, scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
        ints::put_leb128(self.id.len(), out);
        out.extend_from_slice(self.id.as_bytes());
        scratch.clear();
        self.texts.finish(scratch);
        ints::put_leb128(scratch.len(), out);
        out.extend_from_slice(scratch);
    }
}
