"""Every column of every row of every VCF of the public test corpora that is accepted, against an independent reader.

The expected rows come from the file's own text (oracle.py). For all files but those named here `bcftools query` gives the
same rows, so that neither parser is taken at its word. One import job has all files as its items; the rows are read from the
data files, where the hidden column `_item` tells which file they are from.
"""

import pathlib
import shutil

import pyarrow as pa
import pytest
from oracle import COLUMNS, Refused, blocks
from pyiceberg.table import StaticTable
from server import FULL, create_store, import_files, metadata_location
from test_rows import SHARED, needs_bcftools

pytestmark = pytest.mark.full
CORPORA = SHARED / "corpora"
SAMPLED = 12
"""Outside `make test-all` every so manieth file is taken, and every one that bcftools does not read as it is."""
LIMIT = 300.0

STOPS = "bcftools ends with an error at a record"
CHANGES = "bcftools shows another text than the file has"
VERSIONS = ("4.1", "4.2", "4.3")
EXCEPTIONS = {
    f"hts-specs/{version}/failed/failed_body_{name}.vcf": what
    for what, names in {
        # A contig name that cannot stand in a ##contig line; GT without declaration that is no genotype.
        STOPS: ["chrom_000", "chrom_003", "format_002", "format_004", "sample_000", "sample_002", "sample_007", "sample_008"],
        # An empty ALT allele and an empty FILTER name are left out.
        CHANGES: ["alt_002", "filter_001"],
    }.items()
    for version in VERSIONS
    for name in names
}
EXCEPTIONS["hts-specs/4.3/failed/failed_body_format_006.vcf"] = EXCEPTIONS.pop("hts-specs/4.3/failed/failed_body_format_004.vcf")

NO_RECORDS = {f"hts-specs/{v}/passed/passed_fileformat_header_00{n}.vcf" for v in VERSIONS for n in (0, 1)}
"""A header alone: valid VCF, but nothing to import, as in HealthOmics (E20)."""


def corpus() -> list[pathlib.Path]:
    return sorted(p for p in CORPORA.rglob("*.vcf*") if p.name.endswith((".vcf", ".vcf.gz")))


def name_of(path: pathlib.Path) -> str:
    return path.relative_to(CORPORA).as_posix()


def taken() -> list[pathlib.Path]:
    files = corpus()
    return files if FULL else [p for at, p in enumerate(files) if at % SAMPLED == 0 or name_of(p) in EXCEPTIONS]


def comparable(table: pa.Table) -> list[dict]:
    rows = table.to_pylist()
    for row in rows:
        for name in ("attributes", "information"):
            row[name] = sorted(row[name], key=repr) if row[name] is not None else None
        for name in ("qual", "genotypelikelihoods"):
            row[name] = repr(row[name])
    return rows


def expected_rows(path: pathlib.Path, parser: str) -> list[dict]:
    return [row for _, _, table in blocks(path, parser=parser) for row in comparable(table)]


def what_bcftools_does(path: pathlib.Path) -> str | None:
    """Why bcftools is no witness for a file; None where it is one."""
    try:
        return None if expected_rows(path, "bcftools") == expected_rows(path, "text") else CHANGES
    except Refused:
        return STOPS


@pytest.fixture(scope="module")
def imported(shared_server, reference):
    """The files, and for each the item's answer and its rows in the order of the file."""
    files = taken()
    if not files:
        pytest.skip(f"{CORPORA} is absent; set VARBERG_SHARED")
    sources = []
    for at, path in enumerate(files):
        sources.append(f"corpus{at}{''.join(path.suffixes[-2:]) if path.suffix == '.gz' else '.vcf'}")
        shutil.copyfile(path, shared_server.files / sources[-1])
    create_store(shared_server, "corpora", reference, layout="long")
    job = import_files(shared_server, "corpora", *sources, timeout=LIMIT)
    by_source = {item["source"].rsplit("/", 1)[1]: item for item in job["items"]}
    table = StaticTable.from_metadata(metadata_location(shared_server.data_dir, "corpora")).scan().to_arrow()
    rows = {at: [] for at in range(len(files))}
    hidden = zip(table["_item"].to_pylist(), table["_record"].to_pylist(), comparable(table))
    for item, record, row in sorted(hidden, key=lambda r: r[:2]):
        rows[item].append((record, row))
    return [(path, by_source[source], rows[at]) for at, (path, source) in enumerate(zip(files, sources))]


@needs_bcftools
@pytest.mark.timeout(600)
def test_the_rows_of_every_accepted_file_are_right(imported):
    wrong, accepted = [], 0
    for path, item, found in imported:
        if item["jobStatus"] == "FAILED":
            if found or ("/passed/" in name_of(path) and name_of(path) not in NO_RECORDS):
                wrong.append(f"{name_of(path)}: refused, {len(found)} rows: {item.get('statusMessage')}")
            continue
        accepted += 1
        wrong += [f"{name_of(path)}: {text}" for text in differences(expected_rows(path, "text"), found)]
        said = what_bcftools_does(path)
        if said != EXCEPTIONS.get(name_of(path)):
            wrong.append(f"{name_of(path)}: {said or 'bcftools reads it as it is'}")
    assert not wrong, f"{len(wrong)} differences:\n" + "\n".join(wrong)
    assert accepted > len(imported) / 3


def differences(expected: list[dict], found: list[tuple]) -> list[str]:
    """What differs; the rows of a record come in any order."""
    if len(expected) != len(found):
        return [f"{len(found)} rows instead of {len(expected)}"]
    samples = list(dict.fromkeys(row["sampleid"] for row in expected))
    found = [row for _, row in sorted(found, key=lambda r: (r[0], samples.index(r[1]["sampleid"])))]
    names = [n for n in COLUMNS if n not in ("importjobid", "annotations")]
    pairs = enumerate(zip(expected, found))
    return [f"row {at}, {n}: expected {a[n]!r}, found {b[n]!r}" for at, (a, b) in pairs for n in names if a[n] != b[n]]
