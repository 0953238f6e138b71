//! The different calls of a record, and the samples that have some of them. In: a genotype vector, and which of its
//! different calls are wanted. Out: positions of samples. So a condition on calls is tested once for each different call
//! instead of once for each sample, and words of packed calls that hold none of the wanted ones are passed over.

use super::read::{Call, Form, GenotypeCell, GenotypeVector};
use super::words::Packed;
use crate::ints::{Ints, Width};
use std::collections::HashMap;

/// Up to this many bits, all genotypes of a packed form are taken as different calls of each of its vectors.
const MAX_TABLE_WIDTH: usize = 8;
/// Up to this many different calls are compared one by one.
const FEW: usize = 16;
/// The end code of a vector of bytes.
const END_OF_BYTES: u8 = 0x81;

/// The different calls of a vector, each with an index from 0 on.
#[derive(Debug)]
pub struct DistinctCalls<'a> {
    pub(super) list: List<'a>,
}

#[derive(Debug)]
pub(super) enum List<'a> {
    /// The bits of a genotype are its index.
    Table {
        packed: Packed<'a>,
        form: u8,
    },
    Seen {
        cells: Vec<GenotypeCell<'a>>,
        indexes: Vec<u32>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key<'a> {
    Absent,
    Code(usize),
    Bytes(&'a [u8]),
}

impl<'a> GenotypeVector<'a> {
    /// The different calls of this vector. Packed vectors of up to eight bits a sample (all diploid ones) are not looked
    /// at: all calls that their form can hold count, whether they occur or not.
    pub fn distinct(&self) -> DistinctCalls<'a> {
        let list = match self.form {
            Form::Bits { bits, ploidy, phased, bytes } if bits * ploidy <= MAX_TABLE_WIDTH => {
                let packed = Packed { bytes, samples: self.samples, width: bits * ploidy };
                List::Table { packed, form: (ploidy << 2 | (bits - 1) << 1) as u8 | u8::from(phased) }
            }
            _ => self.seen(),
        };
        DistinctCalls { list }
    }

    fn seen(&self) -> List<'a> {
        let mut seen = Seen { cells: Vec::new(), indexes: Vec::with_capacity(self.samples), keys: Keys::default() };
        match self.form {
            Form::Ints { width: Width::One, len: 2, bytes } => seen.add_pairs(bytes),
            Form::Bits { bits, ploidy, bytes, .. } => {
                let packed = Packed { bytes, samples: self.samples, width: bits * ploidy };
                for sample in 0..self.samples {
                    seen.add(Key::Code(packed.code(sample)), GenotypeCell::Packed(*self, sample));
                }
            }
            _ => {
                let mut cursor = self.cursor(0);
                (0..self.samples).for_each(|_| seen.add_cell(cursor.next_cell()));
            }
        }
        List::Seen { cells: seen.cells, indexes: seen.indexes }
    }
}

/// The different calls met so far, and the index of each sample's.
struct Seen<'a> {
    cells: Vec<GenotypeCell<'a>>,
    indexes: Vec<u32>,
    keys: Keys<'a>,
}

impl<'a> Seen<'a> {
    /// Adds the next sample.
    fn add(&mut self, key: Key<'a>, cell: GenotypeCell<'a>) {
        let next = self.cells.len() as u32;
        let index = self.keys.index(key, next);
        if index == next {
            self.cells.push(cell);
        }
        self.indexes.push(index);
    }

    fn add_cell(&mut self, cell: GenotypeCell<'a>) {
        match cell {
            GenotypeCell::Absent => self.add(Key::Absent, cell),
            GenotypeCell::Ints(Ints { bytes, .. }) | GenotypeCell::Text(bytes) => self.add(Key::Bytes(bytes), cell),
            GenotypeCell::Packed(_, code) => self.add(Key::Code(code), cell),
        }
    }

    /// Adds samples of two codes of one byte: those of alleles up to 6 without a search.
    fn add_pairs(&mut self, bytes: &'a [u8]) {
        const UNSEEN: u32 = u32::MAX;
        let mut known = [UNSEEN; 256];
        for pair in bytes.chunks_exact(2) {
            let cell = GenotypeCell::Ints(Ints { bytes: pair, width: Width::One });
            let &[one, other] = pair else { continue };
            if one | other < 16 {
                let index = &mut known[usize::from(one | other << 4)];
                if *index == UNSEEN {
                    *index = self.cells.len() as u32;
                    self.cells.push(cell);
                }
                self.indexes.push(*index);
            } else {
                self.add_cell(if one == END_OF_BYTES { GenotypeCell::Absent } else { cell });
            }
        }
    }
}

/// Numbers different keys.
#[derive(Default)]
struct Keys<'a> {
    few: Vec<(Key<'a>, u32)>,
    others: HashMap<Key<'a>, u32>,
}

impl<'a> Keys<'a> {
    /// The number of a key; `next` where it is new.
    fn index(&mut self, key: Key<'a>, next: u32) -> u32 {
        if let Some((_, index)) = self.few.iter().find(|(known, _)| *known == key) {
            return *index;
        }
        if self.few.len() < FEW {
            self.few.push((key, next));
            return next;
        }
        *self.others.entry(key).or_insert(next)
    }
}

impl DistinctCalls<'_> {
    /// Number of different calls.
    pub fn len(&self) -> usize {
        match &self.list {
            List::Table { packed, .. } => 1 << packed.width,
            List::Seen { cells, .. } => cells.len(),
        }
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What all vectors with the same calls in the same order share, where that can be told without a look at them; what
    /// was found out about the calls of one holds for the others.
    pub fn form(&self) -> Option<u8> {
        match &self.list {
            List::Table { form, .. } => Some(*form),
            List::Seen { .. } => None,
        }
    }

    /// The different calls; None for that of samples without GT.
    pub fn calls(&self) -> impl Iterator<Item = Option<Call>> {
        (0..self.len()).map(|index| self.call(index))
    }

    fn call(&self, index: usize) -> Option<Call> {
        match &self.list {
            List::Table { packed, form } => {
                // A vector of one sample that is this call.
                let (ploidy, bits) = (usize::from(form >> 2), usize::from(form >> 1 & 1) + 1);
                let one = [index as u8];
                let form = Form::Bits { bits, ploidy, phased: form & 1 == 1, bytes: &one };
                debug_assert_eq!(packed.width, bits * ploidy);
                GenotypeVector { form, samples: 1 }.call(0)
            }
            List::Seen { cells, .. } => {
                let mut alleles = Vec::new();
                let seen = cells.get(index)?.put_alleles(&mut alleles)?;
                Some(Call { alleles, phased: seen.phased })
            }
        }
    }

    /// The index of a sample's call; None where there is no such sample.
    pub fn index(&self, sample: usize) -> Option<usize> {
        match &self.list {
            List::Table { packed, .. } => (sample < packed.samples).then(|| packed.code(sample)),
            List::Seen { indexes, .. } => indexes.get(sample).map(|index| *index as usize),
        }
    }

    /// Appends the positions of the samples whose call is wanted, in ascending order; `wanted` has one entry for each
    /// different call, those that are not there are not wanted.
    pub fn select(&self, wanted: &[bool], out: &mut Vec<u32>) {
        let is_wanted = |index: usize| wanted.get(index).copied().unwrap_or_default();
        match &self.list {
            List::Table { packed, .. } if packed.width.is_power_of_two() && packed.width <= 4 => {
                select_words(*packed, wanted, out);
            }
            List::Table { packed, .. } => {
                out.extend((0..packed.samples).filter(|s| is_wanted(packed.code(*s))).map(|s| s as u32));
            }
            List::Seen { indexes, .. } => {
                out.extend((0..).zip(indexes).filter(|(_, index)| is_wanted(**index as usize)).map(|(s, _)| s));
            }
        }
    }
}

/// Genotypes of one, two or four bits: all of a word are compared with each wanted one at once.
fn select_words(packed: Packed<'_>, wanted: &[bool], out: &mut Vec<u32>) {
    let is_wanted = |code: usize| wanted.get(code).copied().unwrap_or_default();
    let (codes, others): (Vec<usize>, Vec<usize>) = (0..1 << packed.width).partition(|code| is_wanted(*code));
    let few = codes.len() <= others.len();
    let looked_for = if few { &codes } else { &others };
    let zeros_wanted = is_wanted(0);
    packed.words(|at, word| {
        if word == 0 && !zeros_wanted {
            return;
        }
        let found = looked_for.iter().fold(0, |found, code| found | packed.equal(word, *code));
        let mut chosen = if few { found } else { packed.lowest() & !found };
        while chosen != 0 {
            let sample = packed.sample(at, chosen);
            if sample < packed.samples {
                out.push(sample as u32);
            }
            chosen &= chosen - 1;
        }
    });
}

#[cfg(test)]
mod tests;
