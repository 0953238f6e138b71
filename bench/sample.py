"""Makes the benchmark's single-sample VCF and the reference that its REF agrees with; seeded.

85 % of the records are SNVs, the rest insertions and deletions of the units of short repeats; one in eight of these
stands right of its leftmost place, and one record in forty has two alternates. Eight INFO keys, GT:AD:DP:GQ:PL.

Usage: python bench/sample.py OUTPUT.vcf.gz REFERENCE.fa [RECORDS]
"""

import pathlib
import subprocess
import sys

import numpy as np

SEED = 11
RECORDS = 5_000_000
CONTIGS = 5
#: Bases from one record to the next: at least GAP, so that repeats do not touch, and SPREAD more on average.
GAP, SPREAD = 48, 32
LINE = 60
BASES = np.frombuffer(b"ACGT", dtype=np.uint8)
FILTERS = np.array(["PASS", "VQSRTrancheSNP99.00to99.90", "VQSRTrancheINDEL99.00to99.90", "LowQual"])
HEADER = """\
##fileformat=VCFv4.2
##FILTER=<ID=LowQual,Description="Low quality">
##FILTER=<ID=VQSRTrancheINDEL99.00to99.90,Description="Truth sensitivity tranche">
##FILTER=<ID=VQSRTrancheSNP99.00to99.90,Description="Truth sensitivity tranche">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Allelic depths">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Approximate read depth">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Phred-scaled genotype likelihoods">
##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count">
##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">
##INFO=<ID=AN,Number=1,Type=Integer,Description="Number of alleles">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Approximate read depth">
##INFO=<ID=FS,Number=1,Type=Float,Description="Strand bias (Fisher)">
##INFO=<ID=MQ,Number=1,Type=Float,Description="RMS mapping quality">
##INFO=<ID=QD,Number=1,Type=Float,Description="Quality by depth">
##INFO=<ID=SOR,Number=1,Type=Float,Description="Strand odds ratio">
"""


def write(vcf: pathlib.Path, fasta: pathlib.Path, records: int = RECORDS):
    """Writes both files; the same versions, number of records and seed give the same text."""
    random = np.random.default_rng(SEED)
    partial = vcf.with_suffix(".partial")
    with open(partial, "wb") as packed, open(fasta, "wb") as genome:
        bgzip = subprocess.Popen(["bgzip", "-c", "-@", "2"], stdin=subprocess.PIPE, stdout=packed)
        counts = [records // CONTIGS] * CONTIGS
        contigs = [Contig(random, f"chr{i + 1}", count) for i, count in enumerate(counts)]
        lines = "".join(f"##contig=<ID={c.name},length={c.length}>\n" for c in contigs)
        columns = "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT NA00001".replace(" ", "\t")
        bgzip.stdin.write(f"{HEADER}{lines}{columns}\n".encode())
        for contig in contigs:
            contig.write(random, genome, bgzip.stdin)
        bgzip.stdin.close()
        if bgzip.wait() != 0:
            raise RuntimeError("bgzip failed")
    partial.rename(vcf)


class Contig:
    """Where the records of a contig lie."""

    def __init__(self, random, name: str, records: int):
        self.name = name
        gaps = GAP + random.geometric(1 / SPREAD, records)
        self.starts = np.cumsum(gaps)
        self.length = int(self.starts[-1]) + 2 * GAP
        self.length += -self.length % LINE

    def write(self, random, genome, out):
        sequence = BASES[random.integers(0, 4, self.length)]
        alleles = self.alleles(random, sequence)
        out.write("".join(lines(random, self.name, *alleles)).encode())
        genome.write(f">{self.name}\n".encode())
        rows = np.full((self.length // LINE, LINE + 1), ord("\n"), dtype=np.uint8)
        rows[:, :LINE] = sequence.reshape(-1, LINE)
        genome.write(rows.tobytes())

    def alleles(self, random, sequence):
        """Positions (1-based), REF and ALT of each record; lays the repeats of indels into `sequence`."""
        n = len(self.starts)
        positions, references, alternates = [], [], []
        is_snv = random.random(n) < 0.85
        is_double = random.random(n) < 0.025
        units = random.choice([1, 1, 1, 1, 2, 2, 3, 4, 5, 6], n)
        copies = 2 + random.geometric(0.4, n).clip(max=4)
        changed = random.geometric(0.6, n).clip(max=2)
        is_deletion = random.random(n) < 0.5
        is_right = random.random(n) < 0.125
        steps = 1 + random.choice([0, 0, 1, 2], n)
        text = "ACGT"
        for i, start in enumerate(self.starts.tolist()):
            if is_snv[i]:
                base = chr(sequence[start])
                place = text.index(base)
                # Transitions (A to G, C to T) twice as often as each transversion.
                other = [2, 1, 3][steps[i] - 1]
                alternate = text[(place + other) % 4]
                if is_double[i]:
                    alternate += "," + text[(place + other % 3 + 1) % 4]
                reference = base
            else:
                unit, times = int(units[i]), int(copies[i])
                repeat = np.tile(sequence[start + 1 : start + 1 + unit], times)
                sequence[start + 1 : start + 1 + len(repeat)] = repeat
                if is_right[i]:
                    start += unit
                more = unit * int(changed[i])
                whole = sequence[start : start + 1 + more].tobytes().decode()
                reference, alternate = (whole, whole[0]) if is_deletion[i] else (whole[0], whole)
                if is_double[i] and not is_deletion[i]:
                    alternate += "," + whole + whole[1 : 1 + unit]
            positions.append(start + 1)
            references.append(reference)
            alternates.append(alternate)
        return positions, references, alternates


def lines(random, contig, positions, references, alternates):
    """The records as text, with measurements drawn as callers measure them."""
    n = len(positions)
    depth = random.poisson(30 * random.gamma(12, 1 / 12, n)).clip(min=4)
    is_homozygous = random.random(n) < 0.4
    alternate_depth = np.where(is_homozygous, depth - (random.random(n) < 0.05), random.binomial(depth, 0.48).clip(min=2))
    other_depth = depth - alternate_depth
    likelihood = alternate_depth * random.normal(33, 3, n)
    first = (likelihood - 3 * other_depth).clip(min=31).astype(int)
    last = np.where(is_homozygous, depth * random.normal(3, 0.08, n), other_depth * random.normal(34, 3, n)).clip(min=3).astype(int)
    quality = first + random.choice([0.64, 0.60, 0.06, 0.77, 0.03], n)
    quality = np.where(random.random(n) < 0.3, first + random.integers(1, 100, n) / 100, quality)
    strand = np.where(random.random(n) < 0.45, 0.0, random.exponential(2.5, n))
    mapping = np.where(random.random(n) < 0.85, 60.0, 60 - random.exponential(4, n).clip(max=35))
    odds = random.lognormal(-0.35, 0.45, n)
    number = np.where(random.random(n) < 0.5, random.integers(10**5, 10**8, n), random.integers(10**8, 16 * 10**8, n))
    is_known = random.random(n) < 0.92
    verdict = FILTERS[random.choice(4, n, p=[0.94, 0.03, 0.02, 0.01])]
    columns = zip(
        positions, references, alternates, depth.tolist(), is_homozygous.tolist(), alternate_depth.tolist(),
        other_depth.tolist(), first.tolist(), last.tolist(), quality.tolist(), strand.tolist(), mapping.tolist(),
        odds.tolist(), number.tolist(), is_known.tolist(), verdict.tolist(), strict=True,
    )
    for at, ref, alt, dp, hom, ad, od, pl, far, qual, fs, mq, sor, rs, known, flt in columns:
        qd, name = min(qual / dp, 42.0), f"rs{rs}" if known else "."
        if "," in alt:
            info, cut = "AC=1,1;AF=0.500,0.500;AN=2", max(ad // 2, 1)
            call = f"1/2:{od},{cut},{dp - od - cut}:{dp}:99:{pl},{pl // 2},{pl // 2 + 60},{pl // 2},0,{pl // 2 + 40}"
        elif hom:
            info, call = "AC=2;AF=1.00;AN=2", f"1/1:{od},{ad}:{dp}:{min(far, 99)}:{pl},{far},0"
        else:
            info, call = "AC=1;AF=0.500;AN=2", f"0/1:{od},{ad}:{dp}:{min(pl, far, 99)}:{pl},0,{far}"
        yield (
            f"{contig}\t{at}\t{name}\t{ref}\t{alt}\t{qual:.2f}\t{flt}\t{info};DP={dp};FS={fs:.3f};MQ={mq:.2f};"
            f"QD={qd:.2f};SOR={sor:.3f}\tGT:AD:DP:GQ:PL\t{call}\n"
        )


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else RECORDS)
