"""A cohort with GT:AD:DP:GQ:PL as a joint caller writes it: 1,000 samples, 12,000 records; seeded.

Genotypes come from msprime (`cohort.py`), so that frequencies and linkage are real. Each sample has a mean depth near 30, each call
a Poisson depth; reads show the wrong allele once in 500. AD counts them; PL follows from AD: a read of an allele that the
genotype lacks costs about 37, a read of a heterozygote 3.01 or a little less. GT is the genotype with the least PL, GQ the second least
(at most 99). One record in 8 is an indel, one in 50 has two alternates (three AD, six PL); a call without reads is `./.`.

Usage: python bench/cohort_reads.py OUTPUT.vcf.gz
"""

import pathlib
import sys

import numpy as np
from bgzip import writing
from cohort import CONTIG, simulate

DIPLOIDS = 1_000
RECORDS = 12_000
BASES = 2_000_000
SEED = 13
DEPTH = 30
WRONG = 0.002
HEADER = f"""\
##fileformat=VCFv4.2
##FILTER=<ID=LowQual,Description="Low quality">
##FILTER=<ID=VQSRTrancheSNP99.90to100.00,Description="Truth sensitivity tranche">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Allelic depths">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Approximate read depth">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Phred-scaled genotype likelihoods">
##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count">
##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">
##INFO=<ID=AN,Number=1,Type=Integer,Description="Number of alleles">
##INFO=<ID=BaseQRankSum,Number=1,Type=Float,Description="Base qualities, rank sum">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Approximate read depth">
##INFO=<ID=ExcessHet,Number=1,Type=Float,Description="Excess of heterozygotes">
##INFO=<ID=FS,Number=1,Type=Float,Description="Strand bias (Fisher)">
##INFO=<ID=InbreedingCoeff,Number=1,Type=Float,Description="Inbreeding coefficient">
##INFO=<ID=MQ,Number=1,Type=Float,Description="RMS mapping quality">
##INFO=<ID=QD,Number=1,Type=Float,Description="Quality by depth">
##INFO=<ID=SOR,Number=1,Type=Float,Description="Strand odds ratio">
##contig=<ID={CONTIG},length={BASES}>
"""


def write(path: pathlib.Path):
    random = np.random.default_rng(SEED)
    trees = simulate(DIPLOIDS, BASES, RECORDS)
    means = DEPTH * random.gamma(60, 1 / 60, DIPLOIDS)
    with writing(path) as out:
        names = "\t".join(f"NA{i:05}" for i in range(DIPLOIDS))
        out.write(f"{HEADER}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n".encode())
        for variant in trees.variants():
            out.write(record(random, variant, means).encode())


def record(random, variant, means) -> str:
    """One record; its alleles are those of the simulation unless it becomes an indel or gets a second alternate."""
    haplotypes = variant.genotypes.reshape(-1, 2)
    reference, alternates = alleles(random, variant.alleles)
    if len(alternates) == 2:
        haplotypes = np.where((haplotypes == 1) & (random.random(haplotypes.shape) < 0.3), 2, haplotypes)
    depths = random.poisson(means * random.gamma(40, 1 / 40))
    reads = draw_reads(random, haplotypes, depths, len(alternates) + 1)
    likelihoods, genotypes = score(random, reads)
    texts = calls(reads, likelihoods, genotypes)
    site = f"{CONTIG}\t{int(variant.site.position) + 1}\t.\t{reference}\t{','.join(alternates)}"
    return f"{site}\t{measurements(random, reads, likelihoods, genotypes)}\tGT:AD:DP:GQ:PL\t{texts}\n"


def alleles(random, found) -> tuple[str, list[str]]:
    reference, alternate = found
    kind = random.random()
    if kind < 0.125:
        longer = reference + "".join(random.choice(list("ACGT"), random.geometric(0.35)))
        return (longer, [reference]) if kind < 0.0625 else (reference, [longer])
    if kind < 0.145:
        return reference, [alternate, next(base for base in "ACGT" if base not in (reference, alternate))]
    return reference, [alternate]


def draw_reads(random, haplotypes, depths, count: int):
    """Reads that show each allele, samples x alleles."""
    chances = np.zeros((len(haplotypes), count))
    for haplotype in haplotypes.T:
        chances[np.arange(len(haplotypes)), haplotype] += 0.5
    return random.multinomial(depths, chances * (1 - count * WRONG) + WRONG)


def pairs(count: int) -> list[tuple[int, int]]:
    """Genotypes in the order of Number=G: 0/0, 0/1, 1/1, 0/2, 1/2, 2/2."""
    return [(a, b) for b in range(count) for a in range(b + 1)]


def score(random, reads):
    """PL (samples x genotypes) and the place of the least in each row."""
    count = reads.shape[1]
    quality = 37 + random.normal(0, 6, reads.shape) / np.sqrt(reads + 1)
    costs = reads * quality
    # Three calls in ten have reads of low quality, or lie in a reference block with a worse place: up to 15 % less sure.
    certainty = 3.0103 * (1 - 0.15 * random.random(len(reads)) * (random.random(len(reads)) < 0.3))
    columns = []
    for a, b in pairs(count):
        others = costs.sum(axis=1) - costs[:, a] - (costs[:, b] if b != a else 0)
        columns.append(others + (certainty * (reads[:, a] + reads[:, b]) if b != a else 0))
    phred = np.stack(columns, axis=1)
    phred = np.rint(phred - phred.min(axis=1, keepdims=True)).astype(int)
    return phred, phred.argmin(axis=1)


def calls(reads, likelihoods, genotypes) -> str:
    names = [f"{a}/{b}" for a, b in pairs(reads.shape[1])]
    depths = reads.sum(axis=1)
    qualities = np.minimum(np.partition(likelihoods, 1, axis=1)[:, 1], 99)
    rows = zip(genotypes.tolist(), reads.tolist(), depths.tolist(), qualities.tolist(), likelihoods.tolist(), strict=True)
    if reads.shape[1] == 2:
        return "\t".join(
            f"{names[g]}:{ad[0]},{ad[1]}:{dp}:{gq}:{pl[0]},{pl[1]},{pl[2]}" if dp else "./.:0,0:0:.:0,0,0" for g, ad, dp, gq, pl in rows
        )
    text = lambda values: ",".join(map(str, values))  # noqa: E731
    return "\t".join(f"{names[g] if dp else './.'}:{text(ad)}:{dp}:{gq if dp else '.'}:{text(pl)}" for g, ad, dp, gq, pl in rows)


def measurements(random, reads, likelihoods, genotypes) -> str:
    """QUAL, FILTER and INFO."""
    depths = reads.sum(axis=1)
    has_reads = depths > 0
    numbers = 2 * int(has_reads.sum())
    order = pairs(reads.shape[1])
    copies = np.array([[pair.count(allele) for allele in range(1, reads.shape[1])] for pair in order])
    counts = copies[genotypes[has_reads]].sum(axis=0).tolist()
    carriers = genotypes > 0
    quality = float(likelihoods[carriers, 0].sum()) + 30 + random.random()
    info = {
        "AC": ",".join(map(str, counts)),
        "AF": ",".join(f"{count / max(numbers, 1):.4g}" for count in counts),
        "AN": numbers,
        "BaseQRankSum": f"{random.normal(0, 1.2):.3f}",
        "DP": int(depths.sum()),
        "ExcessHet": f"{random.exponential(3):.4f}",
        "FS": f"{random.exponential(2.5):.3f}",
        "InbreedingCoeff": f"{random.normal(0, 0.02):.4f}",
        "MQ": f"{60 - random.exponential(0.5):.2f}",
        "QD": f"{quality / max(int(depths[carriers].sum()), 1):.2f}",
        "SOR": f"{random.lognormal(-0.35, 0.45):.3f}",
    }
    verdict = ["PASS", "VQSRTrancheSNP99.90to100.00", "LowQual"][random.choice(3, p=[0.94, 0.05, 0.01])]
    return f"{quality:.2f}\t{verdict}\t{';'.join(f'{key}={value}' for key, value in info.items())}"


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]))
