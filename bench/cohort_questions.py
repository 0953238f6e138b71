"""The questions that every system is asked, and when two answers are the same.

An answer is a short list of numbers that all systems give alike, so that nobody is fast by being wrong. Positions are 1-based,
an alternate allele is any but REF and missing, a call is carried when it has one.
"""

import math

QUESTIONS = {
    "frequencies": "allele frequency of every site, from the genotypes (sites, alternate alleles, called alleles, sum of frequencies)",
    "stored counts": "the same, from stored counts",
    "sample": "one sample's carried calls of the whole file (calls, sum of positions, alternate alleles)",
    "region": "100 kb, the genotypes of all samples (as above)",
    "region carried": "100 kb, the carried calls of all samples (as above)",
    "region of a sample": "100 kb, all genotypes of one sample (as above)",
    "per sample": "carried calls of each sample (samples, calls, sum of calls x place of the sample)",
    "rows per sample": "rows of each sample, carried or not (as above)",
    "ti/tv of calls": "carried calls at biallelic SNVs (transitions, transversions)",
    "ti/tv of sites": "biallelic SNVs (transitions, transversions)",
}
#: Stored counts must say what the genotypes say.
SAME_ANSWER = {"stored counts": "frequencies"}


def same(one: list, other: list) -> bool:
    """Whole numbers must be equal, sums of frequencies nearly so: programs round each to six digits or to 32 bits."""
    return len(one) == len(other) and all(map(_equal, one, other))


def _equal(one, other) -> bool:
    if one is None or other is None:  # not told
        return True
    return math.isclose(one, other, rel_tol=1e-3) if isinstance(one, float) or isinstance(other, float) else one == other
