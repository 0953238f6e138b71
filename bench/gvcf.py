"""A gVCF of one sample as GATK's HaplotypeCaller writes it: 1,000,000 records, three of four reference blocks; seeded.

Usage: python bench/gvcf.py OUTPUT.g.vcf.gz
"""

import pathlib
import sys

import numpy as np
from bgzip import writing

RECORDS = 1_000_000
BATCH = 10_000
SEED = 19
HEADER = """\
##fileformat=VCFv4.2
##ALT=<ID=NON_REF,Description="Any other allele">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Allelic depths">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Approximate read depth">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=MIN_DP,Number=1,Type=Integer,Description="Least depth of the block">
##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Phred-scaled genotype likelihoods">
##FORMAT=<ID=SB,Number=4,Type=Integer,Description="Reads by strand">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Approximate read depth">
##INFO=<ID=END,Number=1,Type=Integer,Description="End of the block">
##INFO=<ID=MLEAC,Number=A,Type=Integer,Description="Most likely allele count">
##INFO=<ID=MLEAF,Number=A,Type=Float,Description="Most likely allele frequency">
##INFO=<ID=RAW_MQandDP,Number=2,Type=Integer,Description="Sum of squared mapping qualities, and depth">
##contig=<ID=chr1,length=248956422>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tNA00001
"""


def write(path: pathlib.Path):
    random = np.random.default_rng(SEED)
    with writing(path) as out:
        out.write(HEADER.encode())
        position = 10_000
        for _ in range(RECORDS // BATCH):
            lengths = np.where(random.random(BATCH) < 0.75, random.geometric(1 / 60, BATCH), 1)
            starts = position + np.concatenate([[0], np.cumsum(lengths[:-1])])
            position = int(starts[-1] + lengths[-1])
            out.write(batch(random, starts, lengths).encode())


def batch(random, starts, lengths) -> str:
    n = len(starts)
    reference, shift = random.integers(0, 4, n), random.integers(1, 4, n)
    depths = random.poisson(32, n).clip(min=2)
    alternate = np.where(random.random(n) < 0.4, depths, random.binomial(depths, 0.48).clip(min=1))
    strands = random.binomial([depths - alternate, alternate], 0.5)
    least = (depths - random.integers(0, 4, n)).clip(min=0)
    drawn = [starts, lengths, least, random.random(n), reference, shift, depths, alternate, *strands]
    rows = zip(*(column.tolist() for column in drawn), strict=True)
    return "".join(
        block(at, length, least, ref, depth) if length > 1 else call(at, chance, ref, change, depth, *reads)
        for at, length, least, chance, ref, change, depth, *reads in rows
    )


def block(at, length, least, ref, depth) -> str:
    quality = min(3 * least, 99)
    values = f"0/0:{depth}:{quality}:{least}:0,{quality},{quality * 15}"
    return f"chr1\t{at}\t.\t{'ACGT'[ref]}\t<NON_REF>\t.\t.\tEND={at + length - 1}\tGT:DP:GQ:MIN_DP:PL\t{values}\n"


def call(at, chance, ref, shift, depth, seen, forward, forward_seen) -> str:
    missing, first, last = depth - seen, seen * 33 + int(chance * 20), (depth - seen) * 34
    is_homozygous = missing == 0
    likelihoods = f"{first},{3 * depth},0,{first + 60},{3 * depth + 60},{first + 120}"
    if not is_homozygous:
        likelihoods = f"{first},0,{last},{first + 90},{last + 45},{first + last + 60}"
    genotype, copies = ("1/1", 2) if is_homozygous else ("0/1", 1)
    quality = min(3 * depth if is_homozygous else min(first, last), 99)
    info = f"DP={depth};MLEAC={copies},0;MLEAF={copies / 2:.2f},0.00;RAW_MQandDP={depth * 3600 - int(chance * 90)},{depth}"
    values = f"{genotype}:{missing},{seen},0:{depth}:{quality}:{likelihoods}:{forward},{missing - forward},{forward_seen},{seen - forward_seen}"
    alleles = f"{'ACGT'[ref]}\t{'ACGT'[(ref + shift) % 4]},<NON_REF>"
    return f"chr1\t{at}\t.\t{alleles}\t{first + 0.6 + chance:.2f}\t.\t{info}\tGT:AD:DP:GQ:PL:SB\t{values}\n"


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]))
