//! Counts, selects and tests the genotypes of a cohort held in memory: how fast are the loops over vectors alone? Prints
//! milliseconds for all records, the best of five.
//!
//! `cargo run -p varberg-rows --example count_rate -- [RECORDS] [SAMPLES]`
#![expect(clippy::print_stdout, reason = "a command whose purpose is to print")]

use std::error::Error;
use std::time::Instant;
use varberg_rows::{DiploidCounts, GenotypeCounts, GenotypeVector, GenotypeVectorBuilder, SampleSubset};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = std::env::args().skip(1).map(|a| a.parse::<usize>()).collect::<Result<Vec<_>, _>>()?;
    let (records, samples) = (*arguments.first().unwrap_or(&47_505), *arguments.get(1).unwrap_or(&2_504));
    println!("{records} records, {samples} samples");
    for (name, genotypes) in [
        ("one bit an allele", ["0|0", "0|1", "1|0", "1|1"]),
        ("two bits an allele", ["0/0", "0/1", "./.", "1/1"]),
        ("one byte an allele", ["0/0", "0/1", "0|1", "1/1"]),
    ] {
        let cohort = cohort(genotypes, records, samples)?;
        println!("{name}, {} MB", cohort.iter().map(Vec::len).sum::<usize>() >> 20);
        measure(&cohort, samples)?;
    }
    Ok(())
}

/// Vectors of records whose allele frequencies are those of a neutral population: most of them small.
fn cohort(genotypes: [&str; 4], records: usize, samples: usize) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut builder = GenotypeVectorBuilder::new();
    let mut vector = |_| {
        let frequency = (2.0 * samples as f64).powf(random() - 1.0);
        for _ in 0..samples {
            let at = usize::from(random() < frequency) + 2 * usize::from(random() < frequency);
            let text = genotypes.get(at).map(|text| text.as_bytes());
            builder.push(text, 1).map_err(|_| "a genotype of the example is none")?;
        }
        let mut out = Vec::new();
        builder.finish(&mut out);
        Ok(out)
    };
    (0..records).map(&mut vector).collect()
}

fn measure(cohort: &[Vec<u8>], samples: usize) -> Result<(), Box<dyn Error>> {
    let half = SampleSubset::new(samples, (0..samples).step_by(2));
    let (mut counts, mut diploid, mut alleles, mut out) =
        (GenotypeCounts::default(), DiploidCounts::default(), Vec::new(), Vec::new());
    let each = |work: &mut dyn FnMut(GenotypeVector<'_>) -> u64| {
        let one = |bytes: &Vec<u8>| GenotypeVector::parse(bytes, samples).map_or(0, &mut *work);
        let started = Instant::now();
        let sum: u64 = cohort.iter().map(one).sum();
        (started.elapsed(), sum)
    };
    let best = |name: &str, work: &mut dyn FnMut(GenotypeVector<'_>) -> u64| {
        let best = (0..5).map(|_| each(work)).min();
        if let Some((time, sum)) = best {
            println!("  {name:<36} {:>9.2} ms   {sum}", time.as_secs_f64() * 1e3);
        }
    };
    best("alleles", &mut |v| v.count_alleles(1, None, &mut alleles).map_or(0, |_| alleles[1]));
    best("alleles of half the samples", &mut |v| {
        v.count_alleles(1, Some(&half), &mut alleles).map_or(0, |_| alleles[1])
    });
    best("all counts", &mut |v| v.count(1, None, &mut counts).map_or(0, |()| counts.heterozygous));
    best("all counts of half the samples", &mut |v| {
        v.count(1, Some(&half), &mut counts).map_or(0, |()| counts.carriers)
    });
    best("diploid counts", &mut |v| v.count_diploid(1, None, &mut diploid).map_or(0, |()| diploid.calls));
    best("Hardy-Weinberg", &mut |v| {
        let tests = v.count_diploid(1, None, &mut diploid).ok().and(diploid.hardy_weinberg());
        tests.map_or(0, |p| p.filter(|p| *p < 0.05).count() as u64)
    });
    best("positions of carriers", &mut |v| {
        let distinct = v.distinct();
        let carries = |call: varberg_rows::Call| call.alleles.iter().any(|a| *a > 0);
        let wanted: Vec<bool> = distinct.calls().map(|call| call.is_some_and(carries)).collect();
        out.clear();
        distinct.select(&wanted, &mut out);
        out.len() as u64
    });
    best("positions of missing calls", &mut |v| {
        let distinct = v.distinct();
        let wanted: Vec<bool> = distinct.calls().map(|c| c.is_none_or(|c| c.alleles.contains(&-1))).collect();
        out.clear();
        distinct.select(&wanted, &mut out);
        out.len() as u64
    });
    Ok(())
}
