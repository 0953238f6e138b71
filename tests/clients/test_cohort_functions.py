"""Functions over vectors of genotypes: the figures of `bcftools +fill-tags`, and those of the definitions for what it counts
otherwise; for all samples and for some, of files of every shape."""

import math
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from cohort_files import KINDS, POLYPLOID, alleles, cohort, counted
from server import FULL, import_files

SHARED = pathlib.Path(os.environ.get("VARBERG_SHARED", pathlib.Path(__file__).parents[3] / "shared")) / "data"
pytestmark = pytest.mark.skipif(not shutil.which("bcftools"), reason="bcftools is not installed")
FILES = {
    "generated": lambda: cohort(60, 400, seed=6),
    "generated, large": lambda: cohort(700, 40, seed=7),
    "generated, polyploid": lambda: cohort(30, 120, seed=8, kinds=KINDS + POLYPLOID),
    "one sample": lambda: cohort(1, 40, seed=9),
    "1kg.phase3.chr22-16.0-16.5mb.vcf.gz": None,
    "1kg.2020.chrM.vcf.gz": None,
    "giab.ashkenazim-trio.vcf.gz": None,
}
FUNCTIONS = {
    "an": "allele_number",
    "ac": "allele_count",
    "af": "allele_frequency",
    "het": "het_count",
    "hom": "hom_alt_count",
    "missing": "missing_count",
    "hwe": "hwe",
    "carriers": "carriers",
}
SITE = 'SELECT contigname, start + 1 AS position, referenceallele AS ref, array_to_string(alternatealleles, \',\') AS alt'


FIRST = 200
"""Records of a shared file that are compared, but in a full run."""


@pytest.fixture(scope="module", params=FILES, ids=lambda name: re.sub(r"[^a-z0-9]+", "_", name.lower()))
def imported(request, shared_server, reference):
    """The server, the store, and the file that is in it."""
    name = request.param
    stem = re.sub(r"[^a-z0-9]+", "_", name.lower())[:20]
    path = shared_server.files / f"functions_{stem}.vcf"
    if FILES[name]:
        path.write_text(FILES[name]())
    elif (SHARED / name).exists():
        lines = bcftools("view", SHARED / name).splitlines(keepends=True)
        first = next(at for at, line in enumerate(lines) if not line.startswith("#"))
        path.write_text("".join(lines[: None if FULL else first + FIRST]))
    else:
        pytest.skip(f"{name} is not there; set VARBERG_SHARED")
    store = f"functions_{stem}"
    shared_server.client().create_variant_store(name=store, reference={"referenceArn": reference}, tags={"varberg:layout": "wide"})
    job = import_files(shared_server, store, path.name, timeout=120)
    assert job["status"] == "COMPLETED", job
    return shared_server, store, path


def bcftools(*arguments) -> str:
    return subprocess.run(["bcftools", *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def records(path: pathlib.Path) -> list[tuple[tuple, list[str]]]:
    """Site and genotypes of each record."""
    lines = bcftools("query", "-f", "%CHROM\t%POS\t%REF\t%ALT[\t%GT]\n", path).splitlines()
    fields = [line.split("\t") for line in lines]
    return [((f[0], int(f[1]), f[2], "" if f[3] == "." else f[3]), f[4:]) for f in fields]


def samples(path: pathlib.Path) -> list[str]:
    return bcftools("query", "-l", path).split()


def asked(server, store: str, columns: str) -> list[tuple[tuple, dict]]:
    """Site and answers of each row of the view of sites."""
    rows = server.sql(f'{SITE}, {columns} FROM "{store}$sites"')
    site = ("contigname", "position", "ref", "alt")
    return [(tuple(row.pop(name) or "" for name in site), row) for row in rows]


def same(ours, theirs) -> bool:
    """bcftools prints six digits of 32-bit floats."""
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, float) or isinstance(theirs, float):
        return ours is not None and theirs is not None and math.isclose(ours, theirs, rel_tol=1e-5, abs_tol=1e-37)
    return ours == theirs


def compare(ours, theirs):
    """Compares rows whatever their order; several records may stand at one site."""
    key = lambda row: (row[0], sorted((name, str(value)) for name, value in row[1].items() if isinstance(value, int)))  # noqa: E731
    ours, theirs = sorted(ours, key=key), sorted(theirs, key=key)
    assert [site for site, _ in ours] == [site for site, _ in theirs]
    for (site, own), (_, other) in zip(ours, theirs, strict=True):
        for name, value in other.items():
            assert same(own[name], value), f"{site} {name}: {own[name]}, not {value}"


def expected(path: pathlib.Path, chosen) -> list[tuple[tuple, dict]]:
    names = samples(path)
    places = [at for at, name in enumerate(names) if chosen(name)]
    found = []
    for site, genotypes in records(path):
        counts = counted([genotypes[at] for at in places], len(site[3].split(",")) if site[3] else 0)
        counts["carriers"] = [names[places[at]] for at in counts["carriers"]]
        found.append((site, counts))
    return found


def test_all_samples_count_as_defined(imported):
    server, store, path = imported
    columns = ", ".join(f"{function}(calls) AS {name}" for name, function in FUNCTIONS.items())
    compare(asked(server, store, columns), expected(path, lambda _: True))


def test_a_list_of_samples_counts_as_defined(imported):
    server, store, path = imported
    last = sorted(name[-1] for name in samples(path))[len(samples(path)) // 2]
    chosen = f"samples_where(\"{store}$samples\", sampleid LIKE '%{last}')"
    columns = ", ".join(f"{function}(calls, {chosen}) AS {name}" for name, function in FUNCTIONS.items())
    compare(asked(server, store, columns), expected(path, lambda name: name.endswith(last)))


def test_single_samples_are_read_as_they_stand_in_the_file(imported):
    server, store, path = imported
    names = samples(path)
    for name in {names[0], names[len(names) // 2], names[-1]}:
        theirs = []
        for site, genotypes in records(path):
            call = alleles(genotypes[names.index(name)])
            dosage = None if -1 in call else sum(a > 0 for a in call)
            theirs.append((site, {"dosage": dosage, "call": call}))
        compare(asked(server, store, f"dosage(calls, '{name}') AS dosage, call(calls, '{name}') AS call"), theirs)


def test_the_stored_counts_are_those_of_the_functions(imported):
    server, store, _ = imported
    pairs = {
        "alleles_called": "allele_number(calls)",
        "heterozygous_calls": "het_count(calls)",
        "missing_calls": "missing_count(calls)",
        "array_to_string(array_pop_front(allele_counts), ',')": "array_to_string(allele_count(calls), ',')",
    }
    differs = " OR ".join(f"({stored} IS DISTINCT FROM {function})" for stored, function in pairs.items())
    assert server.value(f'SELECT count(*) FROM "{store}$sites" WHERE {differs}') == 0


def test_the_figures_are_those_of_fill_tags(imported, tmp_path):
    server, store, path = imported
    if "polyploid" in path.name:
        # There it counts alleles once that stand several times in a call; another plugin of bcftools does not.
        filled = tmp_path / "filled.vcf"
        filled.write_text(bcftools("+fill-AN-AC", path))
        lines = bcftools("query", "-f", "%CHROM\t%POS\t%REF\t%ALT\t%AN\t%AC\n", filled).splitlines()
        theirs = [(site_of(f), {"an": int(f[4]), "ac": numbers(f[5], int)}) for f in (line.split("\t") for line in lines)]
        compare(asked(server, store, "allele_number(calls) AS an, allele_count(calls) AS ac"), theirs)
        return
    filled = tmp_path / "filled.vcf"
    filled.write_text(bcftools("+fill-tags", path, "--", "-t", "AN,AC,AF,NS,AC_Het,AC_Hom,HWE"))
    format_ = "%CHROM\t%POS\t%REF\t%ALT\t%AN\t%AC\t%AF\t%NS\t%AC_Het\t%AC_Hom\t%HWE\n"
    theirs = []
    for line in bcftools("query", "-f", format_, filled).splitlines():
        f = line.split("\t")
        het, hom, hwe = numbers(f[8], int), numbers(f[9], int), numbers(f[10], float)
        found = {"an": int(f[4]), "ac": numbers(f[5], int), "hom": sum(hom) // 2}
        found["af"] = numbers(f[6], float) if found["an"] else None
        found["missing"] = len(samples(path)) - int(f[7])
        if len(het) == 1:
            # Of several ALT alleles it counts 1/2 for each, and tests each against REF alone.
            found["het"] = het[0]
            found["tests"] = hwe
        theirs.append((site_of(f), found))
    columns = ", ".join(f"{function}(calls) AS {name}" for name, function in FUNCTIONS.items())
    # Without diploid calls it tests nothing and says 1.
    ours = asked(server, store, f"{columns}, coalesce(hwe(calls), ARRAY[1.0]) AS tests")
    compare(ours, theirs)


def site_of(fields: list[str]) -> tuple:
    return (fields[0], int(fields[1]), fields[2], "" if fields[3] == "." else fields[3])


def numbers(text: str, kind) -> list:
    return [] if text == "." else [kind(value) for value in text.split(",")]
