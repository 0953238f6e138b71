"""The inputs of the cohort benchmarks: made once, by seeded generators, kept in VARBERG_BENCH_DIR/cohorts.

Usage: python bench/cohort_inputs.py [NAME...]     makes them (all without names)
"""

import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable

import cohort
import cohort_reads
import cohort_repeat
import gnomad_sites
import gvcf
from bgzip import writing
from measure import WORK

SHARED = pathlib.Path(os.environ.get("VARBERG_SHARED", pathlib.Path(__file__).resolve().parents[2] / "shared"))
SLICE = SHARED / "data" / "1kg.phase3.chr22-16.0-16.5mb.vcf.gz"
FOLDER = WORK / "cohorts"
SCALES = (1_000, 10_000, 100_000)
SCALE_RECORDS, SCALE_BASES = 2_000, 500_000


@dataclasses.dataclass(frozen=True)
class Input:
    """One file, and what questions about it need to know. `region` is 100 kb in its middle (1-based, inclusive)."""

    name: str
    title: str
    write: Callable[[pathlib.Path], None]
    samples: int
    records: int
    contig: str = cohort.CONTIG
    region: tuple[int, int] = (0, 0)
    fields: tuple[str, ...] = ("GT",)

    @property
    def path(self) -> pathlib.Path:
        return FOLDER / f"{self.name}.vcf.gz"

    @property
    def cells(self) -> int:
        return self.records * self.samples

    def make(self) -> pathlib.Path | None:
        """The file; None if what it is made of is not there."""
        if not self.path.exists():
            if self.name == "thousand-genomes" and not SLICE.exists():
                print(f"- {self.title}: left out, {SLICE.name} is not in VARBERG_SHARED", file=sys.stderr)
                return None
            print(f"making {self.title} (minutes, once)", file=sys.stderr)
            self.write(self.path)
        index = self.path.with_name(self.path.name + ".tbi")
        if not index.exists() and shutil.which("bcftools"):  # bio2zarr wants it, polars-bio takes it up
            subprocess.run(["bcftools", "index", "-f", "-t", self.path], check=True)
        return self.path


def simulated(diploids: int, bases: int, records: int | None = None):
    """Writes a cohort from msprime with GT only."""

    def write(path: pathlib.Path):
        with writing(path) as out:
            cohort.simulate(diploids, bases, records).write_vcf(Text(out), contig_id=cohort.CONTIG)

    return write


class Text:
    """Text into a binary stream."""

    def __init__(self, out):
        self.out = out

    def write(self, text: str):
        self.out.write(text.encode())


INPUTS = {
    one.name: one
    for one in [
        Input(
            "simulated", "msprime cohort, GT", simulated(cohort.DIPLOIDS, cohort.BASES), cohort.DIPLOIDS, 47_505,
            region=(2_500_001, 2_600_000),
        ),
        Input(
            "thousand-genomes", "1000 Genomes slice x 8, INFO and GT", lambda path: cohort_repeat.write(path, SLICE), 2_504, 48_872,
            contig="22", region=(18_100_001, 18_200_000),
        ),
        Input(
            "reads", "1,000 samples, GT:AD:DP:GQ:PL", cohort_reads.write, cohort_reads.DIPLOIDS, cohort_reads.RECORDS,
            region=(700_001, 800_000), fields=("GT", "AD", "DP", "GQ", "PL"),
        ),
        *(
            Input(
                f"scale-{samples}", f"msprime cohort, {samples:,} samples x {SCALE_RECORDS:,} records",
                simulated(samples, SCALE_BASES, SCALE_RECORDS), samples, SCALE_RECORDS, region=(50_001, 150_000),
            )
            for samples in SCALES
        ),
        Input("sites", "sites like gnomAD's, no samples", gnomad_sites.write, 0, gnomad_sites.RECORDS, contig="chr1", region=(1_000_001, 1_100_000)),
        Input(
            "gvcf", "gVCF of one sample", gvcf.write, 1, gvcf.RECORDS, contig="chr1", region=(20_000_001, 20_100_000),
            fields=("GT", "AD", "DP", "GQ", "MIN_DP", "PL", "SB"),
        ),
    ]
}  # fmt: skip


def main():
    for name in sys.argv[1:] or INPUTS:
        path = INPUTS[name].make()
        if path:
            print(f"{INPUTS[name].title}: {path.stat().st_size:,} bytes, {path}")


if __name__ == "__main__":
    main()
