"""Sites like gnomAD's, without samples: 500,000 records on chr1, 60 INFO keys each (counts of ten populations and both sexes,
measurements, flags); seeded.

Usage: python bench/gnomad_sites.py OUTPUT.vcf.gz
"""

import pathlib
import sys

import numpy as np
from bgzip import writing

RECORDS = 500_000
BATCH = 10_000
SEED = 17
GROUPS = {"": 152_000, "_XX": 77_000, "_XY": 75_000} | {
    f"_{name}": total
    for name, total in zip(
        ["afr", "ami", "amr", "asj", "eas", "fin", "mid", "nfe", "sas", "remaining"],
        [41_000, 900, 15_200, 3_400, 5_100, 10_600, 300, 68_000, 4_800, 2_700],
        strict=True,
    )
}
FIELDS = {"AC": "A,Type=Integer", "AN": "1,Type=Integer", "AF": "A,Type=Float", "nhomalt": "A,Type=Integer"}
MEASUREMENTS = ["FS", "MQ", "MQRankSum", "QD", "ReadPosRankSum", "SOR", "VQSLOD"]
FILTERS = np.array(["PASS", "AC0", "AS_VQSR", "InbreedingCoeff"])
BASES = np.array(list("ACGT"))


def write(path: pathlib.Path):
    random = np.random.default_rng(SEED)
    declared = [f"{field}{group},Number={kind}" for group in GROUPS for field, kind in FIELDS.items()]
    declared += [f"{name},Number=1,Type=Float" for name in MEASUREMENTS] + ["lcr,Number=0,Type=Flag"]
    with writing(path) as out:
        out.write(b"##fileformat=VCFv4.2\n##contig=<ID=chr1,length=248956422>\n")
        out.writelines(f'##INFO=<ID={line},Description="As in gnomAD">\n'.encode() for line in declared)
        out.writelines(f'##FILTER=<ID={name},Description="As in gnomAD">\n'.encode() for name in FILTERS[1:])
        out.write(b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
        position = 10_000
        for _ in range(RECORDS // BATCH):
            positions = position + np.cumsum(random.integers(1, 9, BATCH))
            position = int(positions[-1])
            out.write(batch(random, positions).encode())


def batch(random, positions) -> str:
    """Records at these positions; most alleles are rare."""
    n = len(positions)
    frequency = np.minimum(random.pareto(0.6, n) * 3e-6, 0.5)
    columns = []
    for group, most in GROUPS.items():
        numbers = (most - random.binomial(most, 0.04, n)) // 2 * 2
        counts = random.binomial(numbers, np.minimum(frequency * random.gamma(2, 0.5, n), 1))
        homozygous = random.binomial(counts // 2, np.minimum(frequency * 2, 1))
        rows = zip(counts.tolist(), numbers.tolist(), (counts / np.maximum(numbers, 1)).tolist(), homozygous.tolist(), strict=True)
        columns.append([f"AC{group}={ac};AN{group}={an};AF{group}={af:.6g};nhomalt{group}={hom}" for ac, an, af, hom in rows])
    values = random.normal([2, 59, 0, 15, 0, 0.9, 4], [1, 2, 0.6, 5, 0.7, 0.3, 5], (n, len(MEASUREMENTS)))
    columns.append([";".join(f"{name}={value:.3f}" for name, value in zip(MEASUREMENTS, row, strict=True)) for row in values.tolist()])
    flags = np.where(random.random(n) < 0.1, ";lcr", "").tolist()
    reference, shift = random.integers(0, 4, n), random.integers(1, 4, n)
    references, alternates = BASES[reference].tolist(), BASES[(reference + shift) % 4].tolist()
    longer = np.where(random.random(n) < 0.08, random.integers(1, 8, n), 0).tolist()
    names = random.integers(10**5, 16 * 10**8, n).tolist()
    verdicts = FILTERS[random.choice(4, n, p=[0.86, 0.08, 0.05, 0.01])].tolist()
    qualities = random.exponential(20_000, n).tolist()
    sites = zip(positions.tolist(), names, references, alternates, longer, qualities, verdicts, flags, *columns, strict=True)
    return "".join(
        f"chr1\t{at}\trs{name}\t{ref}\t{alt + more * 'T'}\t{quality:.2f}\t{verdict}\t{';'.join(info)}{flag}\n"
        for at, name, ref, alt, more, quality, verdict, flag, *info in sites
    )


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]))
