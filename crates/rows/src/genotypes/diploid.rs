//! Diploid calls as a test of Hardy-Weinberg equilibrium sees them. In: a genotype vector, and a subset of its samples if
//! wanted. Out: for each ALT allele, calls with one and with two copies of it. Packed vectors are counted by words.

use super::counting::allele_planes;
use super::read::{Form, GenotypeVector};
use super::subset::SampleSubset;
use super::words::{EVERY_2ND, EVERY_4TH, Packed};
use crate::hardy_weinberg;
use crate::vector::VectorError;

/// Counts of the calls of exactly two alleles, none of them missing; all other calls are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiploidCounts {
    pub calls: u64,
    /// One for each ALT allele.
    pub alternates: Vec<AlternateCounts>,
}

/// One ALT allele against all other alleles, REF among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlternateCounts {
    /// Calls with one copy: for the first ALT, `0/1` and `1/2`.
    pub one_copy: u64,
    /// Calls with two copies.
    pub two_copies: u64,
}

impl DiploidCounts {
    /// The p-value of [`hardy_weinberg`](crate::hardy_weinberg()) for each ALT allele against all others; none without
    /// calls.
    pub fn hardy_weinberg(&self) -> Option<impl Iterator<Item = f64>> {
        let test = |counts: &AlternateCounts| {
            let without = self.calls.saturating_sub(counts.one_copy).saturating_sub(counts.two_copies);
            hardy_weinberg(counts.one_copy, counts.two_copies, without)
        };
        (self.calls > 0).then(|| self.alternates.iter().map(test))
    }

    fn add(&mut self, alleles: &[i32]) -> Result<(), VectorError> {
        let &[one, other] = alleles else { return Ok(()) };
        let (Ok(one), Ok(other)) = (usize::try_from(one), usize::try_from(other)) else { return Ok(()) };
        self.calls += 1;
        if one == other {
            self.alternate(one, |counts| counts.two_copies += 1)
        } else {
            self.alternate(one, |counts| counts.one_copy += 1)?;
            self.alternate(other, |counts| counts.one_copy += 1)
        }
    }

    /// Changes the counts of an allele; REF has none.
    fn alternate(&mut self, allele: usize, change: impl FnOnce(&mut AlternateCounts)) -> Result<(), VectorError> {
        let Some(at) = allele.checked_sub(1) else { return Ok(()) };
        self.alternates.get_mut(at).map(change).ok_or(VectorError)
    }
}

impl GenotypeVector<'_> {
    /// Counts the complete diploid calls of all samples, or of those `within` a subset. `alternates`: number of ALT
    /// alleles of the record; `counts` are replaced. Errors: [`VectorError`] where such a call names an allele beyond ALT,
    /// or the subset is one of another number of samples.
    pub fn count_diploid(
        &self,
        alternates: usize,
        within: Option<&SampleSubset>,
        counts: &mut DiploidCounts,
    ) -> Result<(), VectorError> {
        let samples = self.samples_within(within)?;
        counts.calls = 0;
        counts.alternates.clear();
        counts.alternates.resize(alternates, AlternateCounts::default());
        let mut narrow = Vec::new();
        let own = self.narrowed(&mut narrow).unwrap_or(*self);
        match own.form {
            Form::Bits { bits: 1, ploidy: 2, bytes, .. } => {
                let packed = Packed { bytes, samples: self.samples, width: 2 };
                let sums = packed.sums(within, |w| [(w ^ w >> 1) & EVERY_2ND, w & w >> 1 & EVERY_2ND]);
                counts.calls = samples;
                counts.set(0, sums)
            }
            Form::Bits { bits: 2, ploidy: 2, bytes, .. } => {
                let packed = Packed { bytes, samples: self.samples, width: 4 };
                let [incomplete, one, one_twice, two, two_twice] = packed.sums(within, diploid_planes);
                counts.calls = samples.saturating_sub(incomplete);
                counts.set(0, [one, one_twice])?;
                counts.set(1, [two, two_twice])
            }
            Form::Bits { .. } => Ok(()),
            Form::Ints { .. } | Form::Text(_) => self.count_each_diploid(within, counts),
        }
    }

    fn count_each_diploid(&self, within: Option<&SampleSubset>, counts: &mut DiploidCounts) -> Result<(), VectorError> {
        let (mut cursor, mut alleles) = (self.cursor(0), Vec::new());
        for sample in 0..self.samples {
            let cell = cursor.next_cell();
            if within.is_none_or(|subset| subset.contains(sample)) {
                alleles.clear();
                cell.put_alleles(&mut alleles);
                counts.add(&alleles)?;
            }
        }
        Ok(())
    }
}

impl DiploidCounts {
    fn set(&mut self, at: usize, [one_copy, two_copies]: [u64; 2]) -> Result<(), VectorError> {
        match self.alternates.get_mut(at) {
            Some(own) => *own = AlternateCounts { one_copy, two_copies },
            None if one_copy + two_copies == 0 => {}
            None => return Err(VectorError),
        }
        Ok(())
    }
}

/// Diploid calls of two bits an allele that are incomplete; complete with one, and with two alleles 1; the same for 2.
fn diploid_planes(word: u64) -> [u64; 5] {
    let ([one, two, missing], [other_one, other_two, other_missing]) = (allele_planes(word), allele_planes(word >> 2));
    let incomplete = missing | other_missing;
    let (mixed_one, mixed_two) = ((one ^ other_one) & !incomplete, (two ^ other_two) & !incomplete);
    [incomplete, mixed_one, one & other_one, mixed_two, two & other_two].map(|plane| plane & EVERY_4TH)
}

#[cfg(test)]
mod tests;
