//! Files of projects that many people use: every record is read, in one part or in several.

use crate::{read, shared};
use varberg_formats::{BLOCK_WINDOW, Compression, Part, find_block, plain_or_block_parts};

fn records(name: &str, parts: u64) -> Option<u64> {
    let path = shared("data")?.join(name);
    let bytes = std::fs::read(&path).unwrap();
    let compression = Compression::detect(&bytes);
    let size = u64::try_from(bytes.len()).unwrap();
    let mut cuts = plain_or_block_parts(compression, size, size / parts + 1);
    if compression == Compression::Bgzf {
        let block = |cut: &u64| {
            let start = usize::try_from(*cut).ok()?;
            let end = bytes.len().min(start + BLOCK_WINDOW);
            Some(cut + u64::try_from(find_block(bytes.get(start..end)?)?).ok()?)
        };
        cuts = cuts.iter().filter_map(block).collect();
        cuts.dedup();
    }
    let tally = read(&path, &Part::between(&cuts)).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    Some(tally.records)
}

fn check(name: &str, expected: u64) {
    for parts in [1, 3, 20] {
        if let Some(records) = records(name, parts) {
            assert_eq!(records, expected, "{name} in {parts} parts");
        }
    }
}

#[test]
fn thousand_genomes() {
    check("1kg.phase3.chr22-16.0-16.5mb.vcf.gz", 6109);
    check("1kg.2020.chrM.vcf.gz", 23);
}

#[test]
fn giab_trio() {
    check("giab.ashkenazim-trio.vcf.gz", 9940);
}

#[test]
fn gvcf() {
    check("NA12878.chr20-snippet.g.vcf.gz", 301_778);
}

#[test]
fn clinvar() {
    check("clinvar.2026-02.subset.vcf.gz", 69302);
}

#[test]
fn gnomad() {
    check("gnomad-sv.v4.slice.vcf.gz", 262);
    check("gnomad.v4.exomes.chr1-slice.vep.vcf", 101);
}

#[test]
fn every_combination_of_types_and_numbers() {
    check("field-type-combinations.vcf.gz", 208);
}
