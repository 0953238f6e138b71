//! What a record's genotypes add up to. In: a genotype vector, and a subset of its samples if wanted. Out: counts of
//! alleles and of calls. Bit-packed vectors of haploid and diploid calls are counted by words, without a look at samples.
//!
//! A missing allele (`.`) is not called; the other alleles of its call are. That is how the VCF specification defines AC
//! and AN (VCF 4.5, 1.6.1.8: "alleles in called genotypes") and how `bcftools +fill-tags` and `bcftools view` count; but
//! `+fill-tags` counts an allele that stands several times in a call of three or more only twice or once, we count each.

use super::read::{Form, GenotypeVector};
use super::subset::SampleSubset;
use super::words::{EVERY_2ND, EVERY_4TH, Packed};
use crate::vector::VectorError;

/// Counts over the samples of a record; the same whether calls are phased or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GenotypeCounts {
    /// Samples looked at: all, or those of the subset.
    pub samples: u64,
    /// Alleles called, of any ploidy and in half-calls too (INFO/AN).
    pub called: u64,
    /// How often each allele was called, REF first, then ALT in the order of the record (INFO/AC from the second on).
    pub per_allele: Vec<u64>,
    /// Calls with two different called alleles: `0/1`, `1/2`, `0/0/1`, `0/1/.`; never a haploid call or `./1`.
    pub heterozygous: u64,
    /// Calls of two or more alleles, none missing, all the same ALT: `1/1`, `2|2|2`; not `1`, `./1` or `1/2`.
    pub homozygous_alternate: u64,
    /// Samples without any called allele: `./.`, `.`, or no GT at all (samples less INFO/NS).
    pub missing: u64,
    /// Samples with at least one ALT allele called, of whatever ploidy: `0/1`, `1`, `./1`.
    pub carriers: u64,
}

impl GenotypeCounts {
    /// Forgets what was counted; keeps the memory.
    fn clear(&mut self, samples: u64, alternates: usize) {
        let mut per_allele = std::mem::take(&mut self.per_allele);
        per_allele.clear();
        per_allele.resize(alternates.saturating_add(1), 0);
        *self = Self { samples, per_allele, ..Self::default() };
    }

    /// Adds one call, -1 for a missing allele; no alleles where the sample has no GT.
    fn add(&mut self, alleles: impl Iterator<Item = i32>) -> Result<(), VectorError> {
        let (mut called, mut first, mut different, mut incomplete, mut carrier) = (0, None, false, false, false);
        for allele in alleles {
            let Ok(allele) = usize::try_from(allele) else {
                incomplete = true;
                continue;
            };
            *self.per_allele.get_mut(allele).ok_or(VectorError)? += 1;
            called += 1;
            carrier |= allele > 0;
            different |= *first.get_or_insert(allele) != allele;
        }
        self.called += called;
        self.missing += u64::from(called == 0);
        self.carriers += u64::from(carrier);
        self.heterozygous += u64::from(different);
        self.homozygous_alternate += u64::from(carrier && !different && !incomplete && called > 1);
        Ok(())
    }
}

impl GenotypeVector<'_> {
    /// Counts the calls of all samples, or of those `within` a subset, in one pass.
    ///
    /// `alternates`: number of ALT alleles of the record. `counts` are replaced. Errors: [`VectorError`] where a call
    /// names an allele beyond ALT, or the subset is one of another number of samples.
    pub fn count(
        &self,
        alternates: usize,
        within: Option<&SampleSubset>,
        counts: &mut GenotypeCounts,
    ) -> Result<(), VectorError> {
        let samples = self.samples_within(within)?;
        counts.clear(samples, alternates);
        let mut narrow = Vec::new();
        let own = self.narrowed(&mut narrow).unwrap_or(*self);
        let Form::Bits { bits, ploidy, bytes, .. } = own.form else { return self.count_each(within, counts) };
        let packed = Packed { bytes, samples: self.samples, width: bits * ploidy };
        match (bits, ploidy) {
            (1, 1) => {
                let [ones] = packed.sums(within, |w| [w]);
                counts.carriers = ones;
                counts.called = set_alleles(samples, 0, [ones, 0], &mut counts.per_allele)?;
            }
            (1, 2) => {
                let [ones, different] = packed.sums(within, |w| [w, (w ^ w >> 1) & EVERY_2ND]);
                counts.heterozygous = different;
                counts.homozygous_alternate = ones.saturating_sub(different) / 2;
                counts.carriers = different + counts.homozygous_alternate;
                counts.called = set_alleles(2 * samples, 0, [ones, 0], &mut counts.per_allele)?;
            }
            (2, 1) => {
                let [ones, twos, missing] = packed.sums(within, allele_planes);
                counts.missing = missing;
                counts.carriers = ones + twos;
                counts.called = set_alleles(samples, missing, [ones, twos], &mut counts.per_allele)?;
            }
            (2, 2) => {
                let [ones, twos, missing] = packed.sums(within, allele_planes);
                let sums = packed.sums(within, call_planes);
                [counts.heterozygous, counts.homozygous_alternate, counts.missing, counts.carriers] = sums;
                counts.called = set_alleles(2 * samples, missing, [ones, twos], &mut counts.per_allele)?;
            }
            _ => self.count_each(within, counts)?,
        }
        Ok(())
    }

    /// The part of [`count`](Self::count) that allele frequencies need, for less work: replaces `per_allele`, and gives the
    /// number of called alleles. Errors: the same.
    pub fn count_alleles(
        &self,
        alternates: usize,
        within: Option<&SampleSubset>,
        per_allele: &mut Vec<u64>,
    ) -> Result<u64, VectorError> {
        let samples = self.samples_within(within)?;
        per_allele.clear();
        let mut narrow = Vec::new();
        let own = self.narrowed(&mut narrow).unwrap_or(*self);
        let Form::Bits { bits, ploidy, bytes, .. } = own.form else {
            let mut counts = GenotypeCounts { per_allele: std::mem::take(per_allele), ..GenotypeCounts::default() };
            let counted = self.count(alternates, within, &mut counts);
            *per_allele = counts.per_allele;
            return counted.map(|()| counts.called);
        };
        per_allele.resize(alternates.saturating_add(1), 0);
        let packed = Packed { bytes, samples: self.samples, width: bits * ploidy };
        let alleles = samples.saturating_mul(ploidy as u64);
        if bits == 1 {
            let [ones] = packed.sums(within, |w| [w]);
            set_alleles(alleles, 0, [ones, 0], per_allele)
        } else {
            let [ones, twos, missing] = packed.sums(within, allele_planes);
            set_alleles(alleles, missing, [ones, twos], per_allele)
        }
    }

    /// Number of samples to look at.
    pub(super) fn samples_within(&self, within: Option<&SampleSubset>) -> Result<u64, VectorError> {
        match within {
            None => Ok(self.samples as u64),
            Some(subset) if subset.is_of(self.samples) => Ok(subset.len() as u64),
            Some(_) => Err(VectorError),
        }
    }

    /// Sample after sample: any form.
    fn count_each(&self, within: Option<&SampleSubset>, counts: &mut GenotypeCounts) -> Result<(), VectorError> {
        let (mut cursor, mut alleles) = (self.cursor(0), Vec::new());
        for sample in 0..self.samples {
            let cell = cursor.next_cell();
            if within.is_none_or(|subset| subset.contains(sample)) {
                alleles.clear();
                cell.put_alleles(&mut alleles);
                counts.add(alleles.iter().copied())?;
            }
        }
        Ok(())
    }
}

/// Replaces the counts of alleles, given all and those that are missing, 1 and 2; gives the number of called ones.
fn set_alleles(alleles: u64, missing: u64, alternates: [u64; 2], per_allele: &mut [u64]) -> Result<u64, VectorError> {
    let called = alleles.saturating_sub(missing);
    let reference = alternates.iter().fold(called, |left, count| left.saturating_sub(*count));
    for (at, count) in [reference].into_iter().chain(alternates).enumerate() {
        match per_allele.get_mut(at) {
            Some(own) => *own = count,
            None if count == 0 => {}
            None => return Err(VectorError),
        }
    }
    Ok(called)
}

/// Alleles of two bits that are 1, 2, and missing.
pub(super) fn allele_planes(word: u64) -> [u64; 3] {
    let (low, high) = (word & EVERY_2ND, word >> 1 & EVERY_2ND);
    [low & !high, high & !low, low & high]
}

/// Diploid calls of two bits an allele that are heterozygous, homozygous for an ALT, without any allele, carriers.
fn call_planes(word: u64) -> [u64; 4] {
    let ([one, two, missing], [other_one, other_two, other_missing]) = (allele_planes(word), allele_planes(word >> 2));
    let (alternate, other_alternate) = (one | two, other_one | other_two);
    let same = one & other_one | two & other_two;
    let complete = !(missing | other_missing);
    let different = (alternate | other_alternate) & !same & complete;
    [different, same, missing & other_missing, alternate | other_alternate].map(|plane| plane & EVERY_4TH)
}

#[cfg(test)]
mod tests;
