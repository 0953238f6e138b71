"""Simulates cohorts with msprime: by default that of the benchmark, 2,504 diploids, 5 Mb, seed 7; 47,505 records, 478 MB.

Only biallelic sites are kept. The same versions, sizes and seed give the same bytes.

Usage: python bench/cohort.py OUTPUT.vcf
"""

import pathlib
import sys

import msprime

DIPLOIDS = 2_504
BASES = 5_000_000
SEED = 7
CONTIG = "chr20"


def simulate(diploids: int, bases: int, records: int | None = None):
    """The trees with their mutations, of the first `records` sites if that is given."""
    trees = msprime.sim_ancestry(
        samples=diploids, sequence_length=bases, recombination_rate=1e-8, population_size=20_000, random_seed=SEED
    )
    trees = msprime.sim_mutations(trees, rate=1.3e-8, random_seed=SEED)
    trees = trees.delete_sites([site.id for site in trees.sites() if len(site.alleles) > 2])
    if records is None:
        return trees
    if trees.num_sites < records:
        raise ValueError(f"{bases} bases have only {trees.num_sites} sites")
    return trees.delete_sites(range(records, trees.num_sites))


def write(path: pathlib.Path):
    """Writes the cohort of the benchmark as VCF."""
    partial = path.with_suffix(".partial")
    with open(partial, "w") as out:
        simulate(DIPLOIDS, BASES).write_vcf(out, contig_id=CONTIG)
    partial.rename(path)


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]))
