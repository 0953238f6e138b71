"""Simulates the cohort of the benchmark: 2,504 diploids, 5 Mb, seed 7, biallelic sites; 47,505 records, 478 MB.

Usage: python bench/cohort.py OUTPUT.vcf
"""

import pathlib
import sys

import msprime

DIPLOIDS = 2_504
BASES = 5_000_000
SEED = 7


def write(path: pathlib.Path):
    """Writes the VCF; the same versions and seed give the same bytes."""
    trees = msprime.sim_ancestry(
        samples=DIPLOIDS, sequence_length=BASES, recombination_rate=1e-8, population_size=20_000, random_seed=SEED
    )
    trees = msprime.sim_mutations(trees, rate=1.3e-8, random_seed=SEED)
    trees = trees.delete_sites([site.id for site in trees.sites() if len(site.alleles) > 2])
    partial = path.with_suffix(".partial")
    with open(partial, "w") as out:
        trees.write_vcf(out, contig_id="chr20")
    partial.rename(path)


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]))
