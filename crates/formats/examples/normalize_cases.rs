//! Checks the laws of normalization on many random records of small contigs full of repeats.
//!
//! `cargo run --release -p varberg-formats --example normalize_cases -- CASES SEED`
#![expect(clippy::print_stdout, reason = "a command whose purpose is to print")]

use std::error::Error;
use std::time::Instant;
use varberg_formats::normalize::{Outcome, Variant, laws, normalize};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let cases: u64 = arguments.next().ok_or("usage: normalize_cases CASES SEED")?.parse()?;
    let seed: u64 = arguments.next().ok_or("usage: normalize_cases CASES SEED")?.parse()?;
    let mut random = Random(seed);
    let clock = Instant::now();
    let (mut changed, mut multiallelic) = (0_u64, 0_u64);
    for _ in 0..cases {
        let contig = random.contig();
        let start = random.below(contig.len());
        let reference = contig.iter().skip(start).take(1 + random.below(8)).map(u8::to_ascii_uppercase);
        let reference: Vec<u8> = reference.collect();
        let alternates: Vec<Vec<u8>> = (0..1 + random.below(3)).map(|_| random.allele(&reference)).collect();
        let alternates: Vec<&[u8]> = alternates.iter().map(Vec::as_slice).collect();
        let end = u64::try_from(start + reference.len())?;
        let variant = Variant { start: u64::try_from(start)?, end, reference: &reference, alternates: &alternates };
        laws::check(&contig, variant)?;
        changed += u64::from(normalize(variant, &mut contig.as_slice())? != Outcome::Unchanged);
        multiallelic += u64::from(alternates.len() > 1);
    }
    let seconds = clock.elapsed().as_secs_f64();
    println!("{cases} cases from seed {seed} hold: {changed} changed, {multiallelic} multi-allelic; {seconds:.1} s");
    Ok(())
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    fn base(&mut self) -> u8 {
        b"ACGTACGTACGTACNacg".get(self.below(18)).copied().unwrap_or(b'A')
    }

    /// One to four repeats of units of one to three bases.
    fn contig(&mut self) -> Vec<u8> {
        let mut contig = Vec::new();
        for _ in 0..1 + self.below(4) {
            let unit: Vec<u8> = (0..1 + self.below(3)).map(|_| self.base()).collect();
            contig.extend(unit.repeat(1 + self.below(5)));
        }
        contig
    }

    /// REF with a piece cut out, doubled or put in; or bases at random.
    fn allele(&mut self, reference: &[u8]) -> Vec<u8> {
        let mut allele = reference.to_vec();
        let at = self.below(allele.len());
        match self.below(5) {
            0 => drop(allele.drain(at..)),
            1 => allele.extend_from_within(at..),
            2 => allele.insert(at, self.base().to_ascii_uppercase()),
            3 => drop(allele.drain(..at)),
            _ => allele = (0..1 + self.below(4)).map(|_| self.base().to_ascii_uppercase()).collect(),
        }
        if allele.is_empty() { reference.get(..1).unwrap_or(b"A").to_vec() } else { allele }
    }
}
