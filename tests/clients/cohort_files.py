"""Cohorts with genotypes of every shape, and what their genotypes add up to by definition: no vector, no bit, one call after
the other. In: a seed, or records as bcftools prints them. Out: VCF text; counts."""

import functools
import math
import random

from vcf_files import COLUMNS, HEADER

KINDS = ["phased", "unphased", "missing", "haploid", "mixed ploidy", "mixed phase", "multiallelic", "many alleles"]
POLYPLOID = ["triploid", "tetraploid", "any ploidy"]


def cohort(samples: int, records: int, seed: int, kinds=KINDS) -> str:
    """VCF of `samples` samples; the kind of genotypes goes around from record to record."""
    random_ = random.Random(seed)
    names = "\t".join(f"S{i:03d}" for i in range(samples))
    lines = [f"{HEADER}{COLUMNS}\tFORMAT\t{names}\n"]
    for at in range(records):
        kind = kinds[at % len(kinds)]
        alternates = {"multiallelic": 2, "many alleles": 4}.get(kind, 1)
        frequency = random_.random() ** 3
        calls = "\t".join(genotype(random_, kind, alternates, frequency) for _ in range(samples))
        alt = ",".join(["C", "G", "T", "AC"][:alternates])
        lines.append(f"chr1\t{100 + 10 * at}\t.\tA\t{alt}\t50\tPASS\tDP=10\tGT\t{calls}\n")
    return "".join(lines)


def genotype(random_, kind: str, alternates: int, frequency: float) -> str:
    ploidies = {"haploid": [1], "mixed ploidy": [1, 2], "triploid": [3], "tetraploid": [4], "any ploidy": [1, 2, 3, 5]}
    separators = {"phased": "|", "mixed phase": "|/", "any ploidy": "|/"}.get(kind, "/")
    dotted = 0.0 if kind in ("phased", "unphased", "triploid") else 0.1

    def allele() -> str:
        if random_.random() < dotted:
            return "."
        return str(random_.randint(1, alternates)) if random_.random() < frequency else "0"

    if random_.random() < dotted:
        return random_.choice([".", "./."]) if kind in ("mixed ploidy", "any ploidy") else "."  # one dot for any ploidy
    text = allele()
    for _ in range(random_.choice(ploidies.get(kind, [2])) - 1):
        text += random_.choice(separators) + allele()
    return text


def alleles(text: str) -> list[int]:
    """The alleles of a genotype, -1 where missing."""
    parts = text.replace("|", "/").split("/")
    return [-1 if part == "." else int(part) for part in parts]


def counted(genotypes: list[str], alternates: int) -> dict:
    """What the functions of docs/sql.md give, by their definitions."""
    calls = [alleles(text) for text in genotypes]
    called = [[a for a in call if a >= 0] for call in calls]
    number = sum(map(len, called))
    counts = [sum(c.count(alt) for c in called) for alt in range(1, alternates + 1)]
    whole = [set(call) for call in calls if len(call) > 1 and -1 not in call]
    diploid = [call for call in calls if len(call) == 2 and -1 not in call]
    return {
        "an": number,
        "ac": counts,
        "af": [count / number for count in counts] if number else None,
        "het": sum(len(set(c)) > 1 for c in called),
        "hom": sum(len(w) == 1 and 0 not in w for w in whole),
        "missing": sum(not c for c in called),
        "hwe": [equilibrium(diploid, alt) for alt in range(1, alternates + 1)] if diploid else None,
        "carriers": [at for at, c in enumerate(called) if any(c)],
    }


def equilibrium(diploid: list[list[int]], alternate: int) -> float:
    copies = [call.count(alternate) for call in diploid]
    own = sum(copies)
    return exact_test(copies.count(1), min(own, 2 * len(copies) - own), len(copies))


@functools.cache
def exact_test(heterozygotes: int, rare: int, individuals: int) -> float:
    """Wigginton, Cutler and Abecasis 2005: the formula, term by term, by logarithms."""

    def log_ways(het: int) -> float:
        homozygotes = (rare - het) // 2
        others = individuals - het - homozygotes
        return het * math.log(2) - sum(math.lgamma(n + 1) for n in (het, homozygotes, others))

    every = [log_ways(het) for het in range(rare % 2, rare + 1, 2)]
    seen = log_ways(heterozygotes)
    all_ways = math.fsum(math.exp(w - max(every)) for w in every)
    return math.fsum(math.exp(w - max(every)) for w in every if w <= seen + 1e-7) / all_ways
