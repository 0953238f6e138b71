"""Peers that are programs: for each question the command, and what its output says as numbers (see cohort_questions.py).

The clock runs for the whole command, its output going into a file; reading that file does not count. Where the output of the fastest
command is no text (the allele frequencies, written as BCF or SAV), a second command, which nobody times, gives the numbers.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Iterable

import cohort_stores
import peers
from cohort_inputs import Input
from measure import command
from peer_process import Left

ALT = """'GT="alt"'"""


@dataclasses.dataclass(frozen=True)
class Command:
    line: str
    read: Callable[[Iterable[list[str]]], list]
    check: str | None = None


class Program:
    """Answers questions by commands, like `peer_process.Peer`."""

    def __init__(self, peer: str, source: Input, sample: tuple[str, int]):
        self.commands = {peers.BCFTOOLS: bcftools, peers.SAVVY: savvy}[peer](cohort_stores.path(peer, source), source, sample)
        self.output = cohort_stores.FOLDER / "output"
        self.questions = set(self.commands)
        self.start = 0.0

    def ask(self, question: str) -> dict:
        if question not in self.commands:
            raise Left("not offered")
        chosen = self.commands[question]
        result = self.run(chosen.line)
        if chosen.check:
            self.run(chosen.check)
        with open(self.output) as text:
            result["answer"] = chosen.read(line.rstrip("\n").split("\t") for line in text if not line.startswith("#"))
        self.output.unlink()
        return result

    def run(self, line: str) -> dict:
        return command("bash", "-c", f"set -e -o pipefail; {{ {line}; }} > '{self.output}'")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def bcftools(store: pathlib.Path, source: Input, sample: tuple[str, int]) -> dict[str, Command]:
    first, last = source.region
    region = f"--regions-overlap pos -r {source.contig}:{first}-{last}"
    filled = f"bcftools +fill-tags '{store}'"
    per_call = r"-f '[%POS\t%SAMPLE\t%GT\n]'"
    snvs = f"bcftools view -m2 -M2 -v snps {{}} -Ou '{store}'"
    return {
        "frequencies": Command(
            f"{filled} -Ou -- -t AF", frequencies, rf"{filled} -Ou -- -t AC,AN,AF | bcftools query -f '%AC\t%AN\t%AF\n' -"
        ),
        "sample": Command(rf"bcftools query -s {sample[0]} -i {ALT} -f '%POS\t%REF\t%ALT[\t%GT]\n' '{store}'", carried),
        "region": Command(f"bcftools query {region} {per_call} '{store}'", every),
        "region carried": Command(rf"bcftools query {region} -i {ALT} {per_call} '{store}'", carried),
        "region of a sample": Command(rf"bcftools query {region} -s {sample[0]} -f '%POS[\t%GT]\n' '{store}'", every),
        "per sample": Command(f"bcftools +smpl-stats '{store}'", per_sample),
        "ti/tv of calls": Command(f"{snvs.format('')} | bcftools +smpl-stats -", titv_calls),
        "ti/tv of sites": Command(f"{snvs.format('-G')} | bcftools stats -", titv_sites),
    }


def savvy(store: pathlib.Path, source: Input, sample: tuple[str, int]) -> dict[str, Command]:
    """Its program exports; counts for each sample it has none. One sample is cut out of the text: `-i SAMPLE` of 2.1.0 gives
    other genotypes than those stored, unless the store was made with `--sparse-threshold 0`."""
    first, last = source.region
    region = f"sav export -r {source.contig}:{first}-{last} '{store}'"
    counted = f"sav export --generate-info AC,AN,AF -O sav '{store}'"
    again = store.with_suffix(".counted.sav")
    one = f"| grep -v '^#' | cut -f 1-9,{sample[1] + 10}"
    return {
        "frequencies": Command(counted, sav_frequencies, f"{counted} > '{again}'; sav export '{again}' | cut -f 1-8; rm '{again}'"),
        "sample": Command(f"sav export '{store}' {one}", lambda lines: carried(vcf_calls(lines))),
        "region": Command(region, lambda lines: every(vcf_calls(lines))),
        "region carried": Command(region, lambda lines: carried(vcf_calls(lines))),
        "region of a sample": Command(f"{region} {one}", lambda lines: every(vcf_calls(lines))),
    }


# What the outputs say


def frequencies(lines) -> list:
    """Lines of AC, AN and AF, each with a value for each alternate."""
    sites, counts, numbers, sums = 0, 0, 0, 0.0
    for ac, an, af in lines:
        sites, numbers = sites + 1, numbers + int(an)
        counts += sum(map(int, ac.split(",")))
        sums += sum(map(float, af.split(","))) if int(an) else 0.0
    return [sites, counts, numbers, sums]


def sav_frequencies(lines) -> list:
    infos = (dict(entry.partition("=")[::2] for entry in line[7].split(";")) for line in lines)
    return frequencies((info["AC"], info["AN"], info["AF"]) for info in infos)


def vcf_calls(lines):
    """One line for each genotype: POS and GT."""
    for line in lines:
        for value in line[9:]:
            yield line[1], value.split(":", 1)[0]


def alternates(genotype: str) -> int:
    return sum(allele not in ("0", ".") for allele in genotype.replace("|", "/").split("/"))


def every(lines) -> list:
    """Lines that begin with POS and end with GT: how many, the sum of their positions, of their alternate alleles."""
    rows, positions, copies = 0, 0, 0
    known = {}
    for line in lines:
        genotype = line[-1]
        if genotype not in known:
            known[genotype] = alternates(genotype)
        rows, positions, copies = rows + 1, positions + int(line[0]), copies + known[genotype]
    return [rows, positions, copies]


def carried(lines) -> list:
    return every(line for line in lines if alternates(line[-1]))


def per_sample(lines) -> list:
    counts = [int(line[3]) for line in lines if line[0] == "FLT0"]
    return [sum(n > 0 for n in counts), sum(counts), sum((i + 1) * n for i, n in enumerate(counts))]


def titv_calls(lines) -> list:
    found = [line for line in lines if line[0] == "FLT0"]
    return [sum(int(line[12]) for line in found), sum(int(line[13]) for line in found)]


def titv_sites(lines) -> list:
    return next([int(line[2]), int(line[3])] for line in lines if line[0] == "TSTV")
