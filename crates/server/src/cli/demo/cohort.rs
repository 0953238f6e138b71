//! A made-up cohort that looks like a real one: rare variants many, common ones few, and neighbours inherited together.
//!
//! In: contigs and a seed. Out: records in order of position, each with the allele of every haplotype.
//!
//! - Frequencies: the number of carriers i is drawn with weight 1/i, the spectrum of a population of constant size.
//! - Linkage: every haplotype copies one of a few ancestors, and changes to another now and then; carriers of a variant are
//!   neighbours in the order of ancestors, so that close variants share carriers.
//! - Kinds: 93 % substitutions, 5 % indels, 2 % with two alternate alleles; indels are left-aligned.

use super::genome::{Contig, mutate};
use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom as _;

/// Ancestors that haplotypes copy.
const ANCESTORS: u32 = 12;

/// Mean distance in bases after which a haplotype changes its ancestor.
const COPIED_BASES: f64 = 100_000.0;

/// One variant: alleles, and which of them each haplotype carries (0 is the reference).
pub(super) struct Record {
    /// 1-based, as VCF counts.
    pub(super) position: usize,
    pub(super) reference: Vec<u8>,
    pub(super) alternates: Vec<Vec<u8>>,
    pub(super) alleles: Vec<u8>,
}

/// The haplotypes along one contig.
pub(super) struct Haplotypes {
    /// The ancestor that each haplotype copies here.
    copied: Vec<u32>,
    /// Haplotypes sorted by ancestor; neighbours share it.
    order: Vec<usize>,
    /// 1/1 + 1/2 + ... up to each number of carriers.
    spectrum: Vec<f64>,
}

impl Haplotypes {
    pub(super) fn new(random: &mut SmallRng, count: usize) -> Self {
        let copied: Vec<u32> = (0..count).map(|_| random.random_range(0..ANCESTORS)).collect();
        let mut order: Vec<usize> = (0..count).collect();
        order.shuffle(random);
        let mut sum = 0.0;
        // Carriers are 1 to count - 1; two haplotypes at least are given.
        let weights = (1..u32::try_from(count).unwrap_or(u32::MAX)).map(|carriers| {
            sum += 1.0 / f64::from(carriers);
            sum
        });
        let spectrum = weights.collect();
        let mut haplotypes = Self { copied, order, spectrum };
        haplotypes.sort();
        haplotypes
    }

    /// Walks `distance` bases on: some haplotypes change to another ancestor.
    fn walk(&mut self, random: &mut SmallRng, distance: u32) {
        let probability = 1.0 - (-f64::from(distance) / COPIED_BASES).exp();
        let mut changed = false;
        for ancestor in &mut self.copied {
            if random.random_bool(probability) {
                *ancestor = random.random_range(0..ANCESTORS);
                changed = true;
            }
        }
        if changed {
            self.sort();
        }
    }

    /// Stable, so that haplotypes of one ancestor keep their order from site to site.
    fn sort(&mut self) {
        let copied = &self.copied;
        self.order.sort_by_key(|haplotype| copied.get(*haplotype).copied());
    }

    /// A number of carriers, drawn with weight 1/i.
    fn carriers(&self, random: &mut SmallRng) -> usize {
        let most = self.spectrum.last().copied().unwrap_or(0.0);
        let drawn = random.random::<f64>() * most;
        self.spectrum.partition_point(|sum| *sum < drawn) + 1
    }

    /// The allele of every haplotype when allele i + 1 has `counts[i]` carriers.
    fn place(&self, random: &mut SmallRng, counts: &[usize]) -> Vec<u8> {
        let size = self.order.len();
        let mut alleles = vec![0; size];
        let first = random.random_range(0..size);
        let mut carriers = self.order.iter().cycle().skip(first).take(size);
        for (allele, count) in (1_u8..).zip(counts) {
            for haplotype in carriers.by_ref().take(*count) {
                if let Some(slot) = alleles.get_mut(*haplotype) {
                    *slot = allele;
                }
            }
        }
        alleles
    }
}

/// `count` records along `contig`, in order, none overlapping the next.
pub(super) fn records(random: &mut SmallRng, contig: &Contig, samples: usize, count: usize) -> Vec<Record> {
    let mut haplotypes = Haplotypes::new(random, samples.saturating_mul(2));
    let mut records = Vec::new();
    // Each record has a stretch of its own, longer than the longest deletion.
    let stretch = contig.bases.len() / count.max(1);
    for (index, stretch_bases) in contig.bases.chunks(stretch.max(1)).take(count).enumerate() {
        haplotypes.walk(random, u32::try_from(stretch).unwrap_or(u32::MAX));
        let at = random.random_range(0..(stretch_bases.len() / 2).max(1));
        let Some((reference, alternates)) = alleles(random, stretch_bases.get(at..).unwrap_or_default()) else {
            continue;
        };
        let mut counts = vec![haplotypes.carriers(random)];
        if alternates.len() > 1 {
            counts.push(haplotypes.carriers(random));
        }
        let placed = haplotypes.place(random, &counts);
        records.push(Record { position: index * stretch + at + 1, reference, alternates, alleles: placed });
    }
    records
}

/// The alleles of a variant that begins with the first of `bases`; `None` when there is no base.
fn alleles(random: &mut SmallRng, bases: &[u8]) -> Option<(Vec<u8>, Vec<Vec<u8>>)> {
    let anchor = *bases.first()?;
    let substitution = mutate(random, anchor);
    match random.random_range(0..100) {
        0..2 => {
            let other = loop {
                let other = mutate(random, anchor);
                if other != substitution {
                    break other;
                }
            };
            Some((vec![anchor], vec![vec![substitution], vec![other]]))
        }
        2..5 => Some(insertion(random, anchor)),
        5..7 => Some(deletion(random, bases).unwrap_or((vec![anchor], vec![vec![substitution]]))),
        _ => Some((vec![anchor], vec![vec![substitution]])),
    }
}

/// Left-aligned: an insertion that ended with the base before it could be written further left.
fn insertion(random: &mut SmallRng, anchor: u8) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut alternate = vec![anchor];
    for _ in 1..length(random) {
        alternate.push(*[b'A', b'C', b'G', b'T'].get(random.random_range(0..4_usize)).unwrap_or(&b'A'));
    }
    alternate.push(mutate(random, anchor));
    (vec![anchor], vec![alternate])
}

/// Deletes what follows the first base; `None` where the deletion would not be left-aligned.
fn deletion(random: &mut SmallRng, bases: &[u8]) -> Option<(Vec<u8>, Vec<Vec<u8>>)> {
    let reference = bases.get(..=length(random))?;
    let anchor = *reference.first()?;
    (reference.last() != Some(&anchor)).then(|| (reference.to_vec(), vec![vec![anchor]]))
}

/// Length of an indel: 1 in half of the cases, 2 in a quarter, and so on, at most 12.
fn length(random: &mut SmallRng) -> usize {
    (1..12).take_while(|_| random.random()).count() + 1
}
