"""The real slice of 1000 Genomes (6,109 records of 2,504 samples, with INFO), eight times one after the other: 48,872 records.

Repeat k lies k * 500,000 bases to the right (POS and INFO END). All else of a site stays as it is. Each repeat takes the samples
in another seeded order, so that frequencies and linkage stay real and no store gains by noticing that the file repeats itself.

Usage: python bench/cohort_repeat.py SLICE.vcf.gz OUTPUT.vcf.gz
"""

import pathlib
import re
import sys

import numpy as np
from bgzip import lines, writing

REPEATS = 8
STEP = 500_000
SEED = 22
SITE_COLUMNS = 9
END = re.compile(rb"((?:^|;)END=)(\d+)")


def write(path: pathlib.Path, slice_: pathlib.Path):
    everything = list(lines(slice_))
    header = [line for line in everything if line.startswith(b"#")]
    records = [line.rstrip(b"\n").split(b"\t") for line in everything[len(header) :]]
    random = np.random.default_rng(SEED)
    with writing(path) as out:
        out.writelines(header)
        for repeat in range(REPEATS):
            order = random.permutation(len(records[0]) - SITE_COLUMNS)
            for record in records:
                out.write(moved(record, repeat * STEP, order))


def moved(record: list[bytes], distance: int, order) -> bytes:
    """The record that far to the right, its sample columns in another order."""
    site, calls = record[:SITE_COLUMNS], np.array(record[SITE_COLUMNS:])
    site[1] = str(int(site[1]) + distance).encode()
    site[7] = END.sub(lambda found: found[1] + str(int(found[2]) + distance).encode(), site[7])
    return b"\t".join([*site, *calls[order].tolist()]) + b"\n"


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[1]))
